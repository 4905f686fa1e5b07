//! The reading half of a connection: whole messages, or the end.

use std::io;

use milink_tds::packet::{Message, MessageReader};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::connection::ConnectionError;
use crate::room::{Room, Share};

/// Room for what one read brings; most requests fit.
const READ_BYTES: usize = 4096;

/// What a connection may have of a message without asking whether there is room: what it costs anyway is about as much,
/// and most requests are shorter.
pub(super) const FREE_BYTES: usize = 16 << 10;

/// Reads messages from a stream.
pub(super) struct Incoming<S> {
    stream: S,
    reader: MessageReader,
    /// Of the room for all requests, what the message that is under way has.
    share: Share,
}

/// A message, and its share of the room for all of them until it is answered.
pub(super) struct Arrived {
    pub(super) message: Message,
    pub(super) share: Share,
}

impl<S: AsyncRead + Unpin> Incoming<S> {
    pub(super) fn new(stream: S, max_message_bytes: usize, room: &Room) -> Self {
        Self {
            stream,
            reader: MessageReader::new(max_message_bytes),
            share: Share::none_of(room),
        }
    }

    /// The next message; `None` if the client closed between messages. Nothing is lost if the
    /// future is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Arrived>, ConnectionError> {
        loop {
            if let Some(message) = self.reader.poll()? {
                let rest = self.needed();
                let share = self.share.split_off(0);
                // Of what follows the message there is less than a packet, for which nobody is refused.
                self.share.take(rest);
                return Ok(Some(Arrived { message, share }));
            }
            if !self.finds_room() {
                self.reader.drop_payload();
                drop(self.share.split_off(self.needed()));
            }
            let input = self.reader.input();
            input.reserve(READ_BYTES);
            match self.stream.read_buf(input).await {
                Ok(0) if self.reader.is_idle() => return Ok(None),
                Ok(0) => return Err(ConnectionError::Io(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                // Clients drop the connection without a TLS close; it is how they all say goodbye.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn set_max_message_bytes(&mut self, max_message_bytes: usize) {
        self.reader.set_max_message_bytes(max_message_bytes);
    }

    pub(super) fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream again, if nothing has been read past the last message.
    pub(super) fn into_idle_stream(self) -> Result<S, ConnectionError> {
        match self.reader.is_idle() {
            true => Ok(self.stream),
            false => Err(ConnectionError::Unexpected(
                "bytes behind a message that the client must wait for",
            )),
        }
    }

    /// How much of the room the message that is under way is to have.
    fn needed(&self) -> usize {
        self.reader.held_bytes().saturating_sub(FREE_BYTES)
    }

    /// Whether it has that.
    fn finds_room(&self) -> bool {
        let more = self.needed().saturating_sub(self.share.taken());
        more == 0 || self.share.take(more)
    }
}
