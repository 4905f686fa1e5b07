//! The reading half of a connection: whole messages, or the end.

use std::io;

use milink_tds::packet::{Message, MessageReader};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::connection::ConnectionError;

/// Room for what one read brings; most requests fit.
const READ_BYTES: usize = 4096;

/// Reads messages from a stream.
pub(super) struct Incoming<S> {
    stream: S,
    reader: MessageReader,
}

impl<S: AsyncRead + Unpin> Incoming<S> {
    pub(super) fn new(stream: S, max_message_bytes: usize) -> Self {
        Self {
            stream,
            reader: MessageReader::new(max_message_bytes),
        }
    }

    /// The next message; `None` if the client closed between messages. Nothing is lost if the
    /// future is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, ConnectionError> {
        loop {
            if let Some(message) = self.reader.poll()? {
                return Ok(Some(message));
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
}
