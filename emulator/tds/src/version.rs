//! Which revision of the protocol a connection speaks, and what each one can carry.

use crate::{Error, Result};

/// A protocol version, ordered from old to new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TdsVersion {
    /// SQL Server 2000. No request headers, no `(max)` types, narrow counters. jTDS stays here.
    V7_1,
    /// SQL Server 2005.
    V7_2,
    /// SQL Server 2008: date, time, datetime2, datetimeoffset.
    V7_3A,
    /// SQL Server 2008 R2: rows with a null bitmap.
    V7_3B,
    /// SQL Server 2012 and later: feature extensions.
    V7_4,
    /// SQL Server 2022: TLS comes first. Tokens are those of 7.4.
    V8_0,
}

impl TdsVersion {
    /// The version to speak with a client that asked for `requested` in LOGIN7.
    ///
    /// A client newer than us gets 7.4, as a server answers the lower of the two.
    pub fn negotiate(requested: u32) -> Result<Self> {
        match (requested >> 24, (requested >> 16) & 0xFF) {
            (0x71, _) => Ok(Self::V7_1),
            (0x72, _) => Ok(Self::V7_2),
            (0x73, 0x00..=0x0A) => Ok(Self::V7_3A),
            (0x73, _) => Ok(Self::V7_3B),
            (0x74.., _) => Ok(Self::V7_4),
            (0x08, _) => Ok(Self::V8_0),
            _ => Err(Error::UnsupportedVersion(requested)),
        }
    }

    /// The number LOGINACK carries, most significant byte first on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::V7_1 => 0x7100_0001,
            Self::V7_2 => 0x7209_0002,
            Self::V7_3A => 0x730A_0003,
            Self::V7_3B => 0x730B_0003,
            Self::V7_4 => 0x7400_0004,
            Self::V8_0 => 0x0800_0000,
        }
    }

    /// Requests begin with ALL_HEADERS, counters are wide, `(max)` types, xml and transaction
    /// descriptors exist.
    pub fn is_at_least_7_2(self) -> bool {
        self >= Self::V7_2
    }

    /// date, time, datetime2 and datetimeoffset exist.
    pub fn has_date_types(self) -> bool {
        self >= Self::V7_3A
    }

    /// NBCROW may be sent.
    pub fn has_null_bitmap_rows(self) -> bool {
        self >= Self::V7_3B
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_seen_from_drivers_are_negotiated() {
        for (requested, expected) in [
            (0x7100_0001, Ok(TdsVersion::V7_1)),
            (0x7209_0002, Ok(TdsVersion::V7_2)),
            (0x730A_0003, Ok(TdsVersion::V7_3A)),
            (0x730B_0003, Ok(TdsVersion::V7_3B)),
            (0x7400_0004, Ok(TdsVersion::V7_4)),
            (0x7500_0000, Ok(TdsVersion::V7_4)),
            (0x0800_0000, Ok(TdsVersion::V8_0)),
            (0x7000_0000, Err(Error::UnsupportedVersion(0x7000_0000))),
            (0, Err(Error::UnsupportedVersion(0))),
        ] {
            assert_eq!(TdsVersion::negotiate(requested), expected);
            if let Ok(version) = expected {
                assert_eq!(TdsVersion::negotiate(version.number()), Ok(version));
            }
        }
    }
}
