//! IPv4 address prefixes of virtual networks and subnets.

use std::fmt;
use std::net::Ipv4Addr;

/// A prefix such as `10.0.0.0/16`, whose address has no bits beyond the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressPrefix {
    first: u32,
    length: u8,
}

impl AddressPrefix {
    /// The prefix that `text` writes; none if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let first = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let length = length.parse::<u8>().ok().filter(|length| *length <= 32)?;
        let prefix = Self { first, length };
        (first & !prefix.mask() == 0).then_some(prefix)
    }

    /// The prefix of this one address.
    pub fn of(address: Ipv4Addr) -> Self {
        Self {
            first: address.into(),
            length: 32,
        }
    }

    /// Every address there is.
    pub const ALL: Self = Self {
        first: 0,
        length: 0,
    };

    /// Its first and its last address.
    pub fn ends(self) -> (Ipv4Addr, Ipv4Addr) {
        let last = self.first | !self.mask();
        (self.first.into(), last.into())
    }

    /// Whether an address is in this prefix.
    pub fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask() == self.first
    }

    /// How many bits are fixed.
    pub fn length(self) -> u8 {
        self.length
    }

    /// Whether all of `other` is in this prefix.
    pub fn contains(self, other: Self) -> bool {
        self.length <= other.length && other.first & self.mask() == self.first
    }

    /// Whether the two have addresses in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    fn mask(self) -> u32 {
        u32::MAX
            .checked_shl(32 - u32::from(self.length))
            .unwrap_or(0)
    }
}

impl fmt::Display for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read_strictly() {
        for (text, fits) in [
            ("10.0.0.0/16", true),
            ("0.0.0.0/0", true),
            ("10.0.0.4/32", true),
            ("10.0.0.4/24", false),
            ("10.0.0.0", false),
            ("10.0.0.0/33", false),
            ("fd00::/8", false),
        ] {
            assert_eq!(AddressPrefix::parse(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn prefixes_contain_and_overlap() {
        let prefix = |text| AddressPrefix::parse(text).expect("a prefix");
        assert!(prefix("10.0.0.0/16").contains(prefix("10.0.3.0/24")));
        assert!(!prefix("10.0.0.0/16").contains(prefix("10.1.0.0/24")));
        assert!(prefix("10.0.3.0/24").overlaps(prefix("10.0.0.0/16")));
        assert!(!prefix("10.0.3.0/24").overlaps(prefix("10.0.4.0/24")));
        assert_eq!(prefix("10.0.3.0/24").to_string(), "10.0.3.0/24");
    }
}
