//! Packets and the messages they carry: `[MS-TDS]` 2.2.3.
//!
//! [`MessageReader`] turns bytes into whole messages, [`MessageWriter`] turns tokens into packets.
//! Neither knows what a message says.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{Error, Result};

/// Length of a packet header.
pub const HEADER_BYTES: usize = 8;
/// Packet size in force until the login has been answered.
pub const DEFAULT_PACKET_BYTES: usize = 4096;
/// Smallest packet size a client may ask for.
pub const MIN_PACKET_BYTES: usize = 512;
/// Largest packet size a client may ask for, and the longest packet accepted.
pub const MAX_PACKET_BYTES: usize = 32767;
/// A buffer that was larger than this is given back after the message it was for.
pub const KEPT_BYTES: usize = 1 << 18;

const STATUS_END_OF_MESSAGE: u8 = 0x01;
const STATUS_IGNORE: u8 = 0x02;
const STATUS_RESET: u8 = 0x08;
const STATUS_RESET_SKIP_TRANSACTION: u8 = 0x10;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketType {
    /// Text of a batch.
    SqlBatch,
    /// Procedure calls.
    Rpc,
    /// Every answer of the server.
    TabularResult,
    /// Cancel what is running.
    Attention,
    /// Rows of a bulk load.
    BulkLoad,
    /// A federated authentication token sent after FEDAUTHINFO.
    FedAuthToken,
    /// Begin, commit, roll back, save.
    TransactionManager,
    /// Login.
    Login7,
    /// Integrated authentication data.
    Sspi,
    /// PRELOGIN, and TLS records while the handshake lasts.
    Prelogin,
}

impl PacketType {
    /// The type with this number, if a client or a server may send it.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::SqlBatch,
            3 => Self::Rpc,
            4 => Self::TabularResult,
            6 => Self::Attention,
            7 => Self::BulkLoad,
            8 => Self::FedAuthToken,
            14 => Self::TransactionManager,
            16 => Self::Login7,
            17 => Self::Sspi,
            18 => Self::Prelogin,
            _ => return None,
        })
    }

    /// The number in the header.
    pub fn number(self) -> u8 {
        match self {
            Self::SqlBatch => 1,
            Self::Rpc => 3,
            Self::TabularResult => 4,
            Self::Attention => 6,
            Self::BulkLoad => 7,
            Self::FedAuthToken => 8,
            Self::TransactionManager => 14,
            Self::Login7 => 16,
            Self::Sspi => 17,
            Self::Prelogin => 18,
        }
    }
}

/// Whether the client wants its session made new before the request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetRequest {
    /// No reset.
    #[default]
    None,
    /// RESETCONNECTION: everything, an open transaction included.
    Connection,
    /// RESETCONNECTIONSKIPTRAN: everything but the transaction.
    ConnectionKeepTransaction,
}

/// A whole message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: PacketType,
    /// The client gave the message up while sending it; it must be dropped, not run.
    pub ignore: bool,
    /// The reset bit of its first packet.
    pub reset: ResetRequest,
    /// There was no room for it: the payload is gone, see [`MessageReader::drop_payload`].
    pub is_dropped: bool,
    /// The bytes of all its packets, headers removed.
    pub payload: Bytes,
}

/// Reassembles messages from the bytes of a connection.
#[derive(Debug)]
pub struct MessageReader {
    input: BytesMut,
    partial: Option<Partial>,
    max_message_bytes: usize,
}

#[derive(Debug)]
struct Partial {
    kind: PacketType,
    reset: ResetRequest,
    /// How many bytes its packets had, kept or not.
    length: usize,
    /// `None` once it was dropped.
    payload: Option<BytesMut>,
}

impl MessageReader {
    /// A reader that refuses messages longer than `max_message_bytes`.
    pub fn new(max_message_bytes: usize) -> Self {
        Self {
            input: BytesMut::new(),
            partial: None,
            max_message_bytes,
        }
    }

    /// Changes the limit, for instance once the login is done.
    pub fn set_max_message_bytes(&mut self, max_message_bytes: usize) {
        self.max_message_bytes = max_message_bytes;
    }

    /// Adds bytes as they came from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The buffer itself, for a socket to read into.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// True between messages: nothing has arrived past the last message taken.
    pub fn is_idle(&self) -> bool {
        self.input.is_empty() && self.partial.is_none()
    }

    /// How many bytes the message that is under way takes so far, with what has been read past its last packet.
    pub fn held_bytes(&self) -> usize {
        let payload = self.partial.as_ref().and_then(|it| it.payload.as_ref());
        self.input.len() + payload.map_or(0, BytesMut::capacity)
    }

    /// Keeps nothing of the message that is under way: its packets are read to the end, and it is told as dropped.
    pub fn drop_payload(&mut self) {
        if let Some(partial) = &mut self.partial {
            partial.payload = None;
        }
    }

    /// The next whole message, or `None` until more bytes arrive. After an error the stream has no
    /// meaning any more and the connection must close.
    pub fn poll(&mut self) -> Result<Option<Message>> {
        while let Some(header) = Header::peek(&self.input)? {
            if self.input.len() < header.length {
                return Ok(None);
            }
            let mut packet = self.input.split_to(header.length);
            packet.advance(HEADER_BYTES);
            if let Some(message) = self.accept(header, packet)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn accept(&mut self, header: Header, body: BytesMut) -> Result<Option<Message>> {
        let partial = match self.partial.take() {
            None => Partial {
                kind: header.kind,
                reset: header.reset(),
                length: body.len(),
                payload: Some(body),
            },
            Some(partial) if partial.kind != header.kind => {
                return Err(Error::MixedPacketTypes {
                    expected: partial.kind,
                    found: header.kind,
                });
            }
            Some(mut partial) => {
                partial.length += body.len();
                if let Some(payload) = &mut partial.payload {
                    payload.extend_from_slice(&body);
                }
                partial
            }
        };
        if partial.length > self.max_message_bytes {
            return Err(Error::MessageTooLarge {
                limit: self.max_message_bytes,
            });
        }
        if header.status & STATUS_END_OF_MESSAGE == 0 {
            self.partial = Some(partial);
            return Ok(None);
        }
        Ok(Some(Message {
            kind: partial.kind,
            ignore: header.status & STATUS_IGNORE != 0,
            reset: partial.reset,
            is_dropped: partial.payload.is_none(),
            payload: partial.payload.unwrap_or_default().freeze(),
        }))
    }
}

#[derive(Debug, Clone, Copy)]
struct Header {
    kind: PacketType,
    status: u8,
    length: usize,
}

impl Header {
    /// The header at the front of `input`, checked as soon as its bytes are there, so that a lying
    /// length is refused before the server waits for what it promises.
    fn peek(input: &[u8]) -> Result<Option<Self>> {
        let Some(header) = input.first_chunk::<HEADER_BYTES>() else {
            // The first byte alone can already tell that this is not TDS.
            if let Some(&first) = input.first()
                && PacketType::from_number(first).is_none()
            {
                return Err(Error::UnknownPacketType(first));
            }
            return Ok(None);
        };
        let kind = PacketType::from_number(header[0]).ok_or(Error::UnknownPacketType(header[0]))?;
        let length = u16::from_be_bytes([header[2], header[3]]);
        if usize::from(length) < HEADER_BYTES || usize::from(length) > MAX_PACKET_BYTES {
            return Err(Error::PacketLength {
                length,
                max: MAX_PACKET_BYTES as u16,
            });
        }
        Ok(Some(Self {
            kind,
            status: header[1],
            length: length.into(),
        }))
    }

    fn reset(self) -> ResetRequest {
        if self.status & STATUS_RESET_SKIP_TRANSACTION != 0 {
            ResetRequest::ConnectionKeepTransaction
        } else if self.status & STATUS_RESET != 0 {
            ResetRequest::Connection
        } else {
            ResetRequest::None
        }
    }
}

/// Cuts a message into packets of the negotiated size.
///
/// Tokens are appended to [`tokens`](Self::tokens); packets that are surely not the last one leave
/// through [`drain_full`](Self::drain_full); [`finish`](Self::finish) marks the last.
#[derive(Debug)]
pub struct MessageWriter {
    kind: PacketType,
    packet_bytes: usize,
    spid: u16,
    next_packet_id: u8,
    pending: BytesMut,
    is_grown: bool,
}

impl MessageWriter {
    /// A writer of messages of one type. `packet_bytes` is clamped to what the protocol allows.
    pub fn new(kind: PacketType, packet_bytes: usize) -> Self {
        Self {
            kind,
            packet_bytes: packet_bytes.clamp(MIN_PACKET_BYTES, MAX_PACKET_BYTES),
            spid: 0,
            next_packet_id: 1,
            pending: BytesMut::new(),
            is_grown: false,
        }
    }

    /// The packet size for what is written from now on.
    pub fn set_packet_bytes(&mut self, packet_bytes: usize) {
        self.packet_bytes = packet_bytes.clamp(MIN_PACKET_BYTES, MAX_PACKET_BYTES);
    }

    /// The session id that the headers carry.
    pub fn set_spid(&mut self, spid: u16) {
        self.spid = spid;
    }

    /// Where tokens of the current message are appended.
    pub fn tokens(&mut self) -> &mut BytesMut {
        &mut self.pending
    }

    /// Moves every packet that is full, and followed by at least one more byte, to `out`.
    pub fn drain_full(&mut self, out: &mut BytesMut) {
        let body_bytes = self.packet_bytes - HEADER_BYTES;
        self.is_grown |= self.pending.len() > KEPT_BYTES;
        while self.pending.len() > body_bytes {
            self.write_packet(body_bytes, 0, out);
        }
    }

    /// Moves everything to `out` without ending the message, so that the client sees it now.
    pub fn flush(&mut self, out: &mut BytesMut) {
        self.drain_full(out);
        if !self.pending.is_empty() {
            self.write_packet(self.pending.len(), 0, out);
        }
    }

    /// Ends the message: the rest goes to `out`, its last packet marked as such.
    pub fn finish(&mut self, out: &mut BytesMut) {
        self.drain_full(out);
        self.write_packet(self.pending.len(), STATUS_END_OF_MESSAGE, out);
        self.next_packet_id = 1;
        // What one large value took is not held for as long as the connection.
        if self.is_grown {
            self.pending = BytesMut::new();
            self.is_grown = false;
        }
    }

    fn write_packet(&mut self, body_bytes: usize, status: u8, out: &mut BytesMut) {
        out.reserve(HEADER_BYTES + body_bytes);
        out.put_u8(self.kind.number());
        out.put_u8(status);
        out.put_u16((HEADER_BYTES + body_bytes) as u16);
        out.put_u16(self.spid);
        out.put_u8(self.next_packet_id);
        out.put_u8(0);
        out.extend_from_slice(&self.pending[..body_bytes]);
        self.pending.advance(body_bytes);
        self.next_packet_id = self.next_packet_id.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(kind: u8, status: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![kind, status];
        packet.extend_from_slice(&((body.len() + 8) as u16).to_be_bytes());
        packet.extend_from_slice(&[0, 0, 1, 0]);
        packet.extend_from_slice(body);
        packet
    }

    fn poll_all(limit: usize, bytes: &[u8]) -> Result<Vec<Message>> {
        let mut reader = MessageReader::new(limit);
        reader.feed(bytes);
        let mut messages = Vec::new();
        while let Some(message) = reader.poll()? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn two_packets_make_one_message_and_the_first_carries_the_reset_bit() {
        let mut bytes = packet(1, 0x08, b"ab");
        bytes.extend(packet(1, 0x01, b"cd"));
        bytes.extend(packet(6, 0x01, b""));
        assert_eq!(
            poll_all(100, &bytes).unwrap(),
            [
                Message {
                    kind: PacketType::SqlBatch,
                    ignore: false,
                    reset: ResetRequest::Connection,
                    is_dropped: false,
                    payload: Bytes::from_static(b"abcd"),
                },
                Message {
                    kind: PacketType::Attention,
                    ignore: false,
                    reset: ResetRequest::None,
                    is_dropped: false,
                    payload: Bytes::new(),
                },
            ]
        );
    }

    #[test]
    fn ignore_and_skip_transaction_bits_are_reported() {
        let message = &poll_all(100, &packet(3, 0x13, b"x")).unwrap()[0];
        assert!(message.ignore);
        assert_eq!(message.reset, ResetRequest::ConnectionKeepTransaction);
    }

    #[test]
    fn a_dropped_message_is_read_to_its_end_and_the_next_one_is_whole() {
        let mut reader = MessageReader::new(100);
        reader.drop_payload();
        reader.feed(&packet(1, 0, &[7; 40]));
        assert_eq!(reader.poll(), Ok(None));
        assert!(reader.held_bytes() >= 40);
        reader.drop_payload();
        assert_eq!((reader.held_bytes(), reader.is_idle()), (0, false));
        reader.feed(&packet(1, 1, &[7; 40]));
        reader.feed(&packet(1, 1, b"next"));
        let told = |reader: &mut MessageReader| {
            let message = reader.poll().unwrap().unwrap();
            (message.is_dropped, message.payload)
        };
        assert_eq!(told(&mut reader), (true, Bytes::new()));
        let next = Bytes::from_static(b"next");
        assert_eq!(told(&mut reader), (false, next));
        // What is dropped counts all the same: nobody goes on for ever.
        reader.feed(&packet(1, 0, &[7; 60]));
        assert_eq!(reader.poll(), Ok(None));
        reader.drop_payload();
        reader.feed(&packet(1, 0, &[7; 60]));
        let limit = Error::MessageTooLarge { limit: 100 };
        assert_eq!(reader.poll(), Err(limit));
    }

    #[test]
    fn malformed_packets_are_refused() {
        let mut mixed = packet(1, 0, b"ab");
        mixed.extend(packet(3, 1, b"cd"));
        for (bytes, expected) in [
            (vec![0x00], Error::UnknownPacketType(0)),
            (packet(2, 1, b""), Error::UnknownPacketType(2)),
            (
                vec![1, 1, 0, 7, 0, 0, 1, 0],
                Error::PacketLength {
                    length: 7,
                    max: 32767,
                },
            ),
            (
                vec![1, 1, 0xFF, 0xFF, 0, 0, 1, 0],
                Error::PacketLength {
                    length: 65535,
                    max: 32767,
                },
            ),
            (
                mixed,
                Error::MixedPacketTypes {
                    expected: PacketType::SqlBatch,
                    found: PacketType::Rpc,
                },
            ),
            (
                packet(1, 0, &[0; 101]),
                Error::MessageTooLarge { limit: 100 },
            ),
        ] {
            assert_eq!(poll_all(100, &bytes), Err(expected));
        }
    }

    #[test]
    fn the_writer_splits_at_the_packet_size_and_marks_only_the_last() {
        let mut writer = MessageWriter::new(PacketType::TabularResult, 512);
        writer.set_spid(0x0102);
        let mut out = BytesMut::new();
        writer.tokens().extend_from_slice(&[7; 504]);
        writer.drain_full(&mut out);
        assert!(out.is_empty(), "a full packet may still be the last one");
        writer.tokens().extend_from_slice(&[8; 505]);
        writer.finish(&mut out);
        let headers: Vec<_> = [0, 512, 1024].map(|at| out[at..at + 8].to_vec()).into();
        assert_eq!(
            headers,
            [
                [4, 0, 2, 0, 1, 2, 1, 0],
                [4, 0, 2, 0, 1, 2, 2, 0],
                [4, 1, 0, 9, 1, 2, 3, 0],
            ]
        );
        assert_eq!(out.len(), 1033);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_however_it_is_chopped(
            payload in proptest::collection::vec(any::<u8>(), 0..5000),
            packet_bytes in 512_usize..2000,
            chunk in 1_usize..600,
        ) {
            let mut writer = MessageWriter::new(PacketType::TabularResult, packet_bytes);
            writer.tokens().extend_from_slice(&payload);
            let mut out = BytesMut::new();
            writer.finish(&mut out);
            let mut reader = MessageReader::new(5000);
            let mut read = Vec::new();
            for piece in out.chunks(chunk) {
                reader.feed(piece);
                while let Some(message) = reader.poll().unwrap() {
                    read.push(message.payload);
                }
            }
            prop_assert!(reader.is_idle());
            prop_assert_eq!(read, [Bytes::from(payload)]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = poll_all(64, &bytes);
        }
    }
}
