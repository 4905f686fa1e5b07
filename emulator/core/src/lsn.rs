//! Log sequence numbers: virtual log file, block, slot.

use std::fmt;

/// A position in a database's log. Ordered; later is larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn {
    /// Sequence number of the virtual log file.
    pub vlf: u32,
    /// Offset of the log block in the file, in 512-byte sectors.
    pub block: u32,
    /// Slot in the block; 1 is the first record.
    pub slot: u16,
}

impl Lsn {
    /// Before every record.
    pub const ZERO: Self = Self {
        vlf: 0,
        block: 0,
        slot: 0,
    };

    /// As `numeric(25,0)`, the way DMVs, `backupset` and ARM show it: `vlf * 10^15 + block * 10^5 + slot`.
    pub const fn to_numeric(self) -> i128 {
        self.vlf as i128 * 1_000_000_000_000_000 + self.block as i128 * 100_000 + self.slot as i128
    }

    /// The start of the log block, which is what most DMV columns hold: the slot is 1.
    pub const fn block_start(self) -> Self {
        Self { slot: 1, ..self }
    }
}

/// As `fn_dblog` and error messages write it: three hexadecimal parts.
impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}:{:08x}:{:04x}", self.vlf, self.block, self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decimal_form_has_ten_digits_of_block_and_five_of_slot() {
        // The value that the published ARM example shows.
        let lsn = Lsn {
            vlf: 71,
            block: 94081,
            slot: 1,
        };
        assert_eq!(lsn.to_numeric().to_string(), "71000009408100001");
        assert_eq!(lsn.to_string(), "00000047:00016f81:0001");
    }
}
