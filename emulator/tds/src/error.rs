//! Why bytes of a client could not be understood, or a value could not be written.

use crate::packet::PacketType;

/// The result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in words fit for a log line or an error token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The packet header names a type that no client sends.
    #[error("packet type 0x{0:02X} is not known")]
    UnknownPacketType(u8),
    /// The packet header's length is shorter than the header or longer than any packet may be.
    #[error("packet length {length} is outside 8..={max}")]
    PacketLength {
        /// Length the header claims, itself included.
        length: u16,
        /// Longest packet accepted.
        max: u16,
    },
    /// A packet in the middle of a message has another type than the message's first one.
    #[error("packet of type {found:?} inside a message of type {expected:?}")]
    MixedPacketTypes {
        /// Type of the first packet.
        expected: PacketType,
        /// Type of this one.
        found: PacketType,
    },
    /// The message grew past the configured limit.
    #[error("message is longer than the limit of {limit} bytes")]
    MessageTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The message ended inside a field.
    #[error("{field}: {needed} bytes needed, {left} left")]
    Truncated {
        /// The field that was being read.
        field: &'static str,
        /// How many bytes it takes.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A field holds something the protocol does not allow.
    #[error("{field}: {why}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A count or length is valid protocol but above a configured limit.
    #[error("{field}: {found} is above the limit of {limit}")]
    LimitExceeded {
        /// What is counted.
        field: &'static str,
        /// How many the client sent or announced.
        found: u64,
        /// How many are accepted.
        limit: u64,
    },
    /// What the message holds takes more memory than there is. The connection can go on.
    #[error("there is no memory for what the message holds")]
    NoRoom,
    /// Valid protocol that this server does not implement. The connection can go on.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// A type token that no version of the protocol defines.
    #[error("data type 0x{0:02X} is not known")]
    UnknownType(u8),
    /// The client speaks a version older than 7.1, which has no collations.
    #[error("TDS version 0x{0:08X} is not supported; 7.1 is the oldest that is")]
    UnsupportedVersion(u32),
    /// A value was to be written into a column of a type that cannot hold it.
    #[error("a value of kind {value} does not fit a column of type {column}")]
    TypeMismatch {
        /// Kind of the value.
        value: &'static str,
        /// Type of the column.
        column: &'static str,
    },
    /// A value is outside the range, length or precision of its column.
    #[error("the value is too large for a column of type {column}")]
    ValueTooLarge {
        /// Type of the column.
        column: &'static str,
    },
    /// A NULL was to be written into a fixed-length type, which has no bytes for it.
    #[error("NULL in a column of type {column}, which is not nullable")]
    NullInFixedColumn {
        /// Type of the column.
        column: &'static str,
    },
    /// A row has more or fewer values than there are columns.
    #[error("the row has {found} values for {expected} columns")]
    RowWidth {
        /// Number of columns described.
        expected: usize,
        /// Number of values given.
        found: usize,
    },
}

impl Error {
    /// True if the request was understood well enough that the connection can answer an error and go on.
    pub fn is_recoverable(&self) -> bool {
        matches!(
            self,
            Self::Unsupported(_) | Self::LimitExceeded { .. } | Self::NoRoom
        )
    }
}
