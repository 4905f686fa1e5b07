//! The five bytes that travel with every character type. `[MS-TDS]` 2.2.5.1.2.

const FLAG_UTF8: u32 = 1 << 26;

/// A collation as the wire spells it: locale, comparison flags, version and sort id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collation {
    /// Locale in bits 0-19, flags in 20-27, version in 28-31.
    pub info: u32,
    /// Sort id of a SQL collation, 0 for a Windows one.
    pub sort_id: u8,
}

impl Collation {
    /// `SQL_Latin1_General_CP1_CI_AS`, the default of most servers and of every managed instance.
    pub const SQL_LATIN1_GENERAL_CP1_CI_AS: Self = Self {
        info: 0x00D0_0409,
        sort_id: 0x34,
    };
    /// `Latin1_General_100_CI_AS_SC_UTF8`.
    pub const LATIN1_GENERAL_100_CI_AS_SC_UTF8: Self = Self {
        info: 0x24D0_0409,
        sort_id: 0,
    };
    /// `Latin1_General_100_BIN2_UTF8`.
    pub const LATIN1_GENERAL_100_BIN2_UTF8: Self = Self {
        info: 0x2600_0409,
        sort_id: 0,
    };

    /// From the five bytes of the wire.
    pub fn from_bytes(bytes: [u8; 5]) -> Self {
        let [a, b, c, d, sort_id] = bytes;
        Self {
            info: u32::from_le_bytes([a, b, c, d]),
            sort_id,
        }
    }

    /// The five bytes of the wire.
    pub fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.info.to_le_bytes();
        [a, b, c, d, self.sort_id]
    }

    /// True if char and varchar of this collation are UTF-8; otherwise they are code page 1252.
    pub fn is_utf8(self) -> bool {
        self.info & FLAG_UTF8 != 0
    }

    /// True for the zero collation, with which go and tiberius mean "the database's".
    pub fn is_unspecified(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collations_have_the_bytes_that_drivers_know() {
        for (collation, bytes, is_utf8) in [
            (
                Collation::SQL_LATIN1_GENERAL_CP1_CI_AS,
                [0x09, 0x04, 0xD0, 0x00, 0x34],
                false,
            ),
            (
                Collation::LATIN1_GENERAL_100_CI_AS_SC_UTF8,
                [0x09, 0x04, 0xD0, 0x24, 0x00],
                true,
            ),
            (
                Collation::LATIN1_GENERAL_100_BIN2_UTF8,
                [0x09, 0x04, 0x00, 0x26, 0x00],
                true,
            ),
        ] {
            assert_eq!(collation.to_bytes(), bytes);
            assert_eq!(Collation::from_bytes(bytes), collation);
            assert_eq!(collation.is_utf8(), is_utf8);
            assert!(!collation.is_unspecified());
        }
        assert!(Collation::from_bytes([0; 5]).is_unspecified());
    }
}
