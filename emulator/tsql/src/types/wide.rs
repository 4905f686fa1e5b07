//! 256-bit magnitudes: the intermediate results of decimal arithmetic.

use std::cmp::Ordering;

/// An unsigned number of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    pub(super) const fn from_u128(low: u128) -> Self {
        Self { high: 0, low }
    }

    /// The full product of two 128-bit numbers.
    pub(super) const fn product(a: u128, b: u128) -> Self {
        const MASK: u128 = u64::MAX as u128;
        let (a1, a0) = (a >> 64, a & MASK);
        let (b1, b0) = (b >> 64, b & MASK);
        let low = a0 * b0;
        let (middle, carried) = (a1 * b0).overflowing_add(a0 * b1);
        let (low, carry) = low.overflowing_add(middle << 64);
        let high = a1 * b1 + (middle >> 64) + ((carried as u128) << 64) + carry as u128;
        Self { high, low }
    }

    /// The number, if it fits in 128 bits.
    pub(super) const fn to_u128(self) -> Option<u128> {
        if self.high == 0 { Some(self.low) } else { None }
    }

    /// The bytes, highest first.
    pub(super) fn to_be_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.high.to_be_bytes());
        bytes[16..].copy_from_slice(&self.low.to_be_bytes());
        bytes
    }

    /// The sum; the callers' operands stay far below 2^255.
    pub(super) const fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self {
            high: self
                .high
                .wrapping_add(other.high)
                .wrapping_add(carry as u128),
            low,
        }
    }

    /// The difference; `other` must not be the larger.
    pub(super) const fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            high: self
                .high
                .wrapping_sub(other.high)
                .wrapping_sub(borrow as u128),
            low,
        }
    }

    /// The product with a small number, unless it needs more than 256 bits.
    pub(super) fn checked_times(self, factor: u128) -> Option<Self> {
        let low = Self::product(self.low, factor);
        let high = Self::product(self.high, factor);
        if high.high != 0 {
            return None;
        }
        let (sum, overflowed) = low.high.overflowing_add(high.low);
        (!overflowed).then_some(Self {
            high: sum,
            low: low.low,
        })
    }

    /// Shifted right by so many bits, rounded half up.
    pub(super) const fn shifted_right(self, bits: u32) -> Self {
        if bits == 0 {
            return self;
        }
        if bits > 256 {
            return Self::from_u128(0);
        }
        let half = self.bit(bits - 1);
        let shifted = if bits >= 256 {
            Self::from_u128(0)
        } else if bits >= 128 {
            Self::from_u128(self.high >> (bits - 128))
        } else {
            Self {
                high: self.high >> bits,
                low: self.low >> bits | self.high << (128 - bits),
            }
        };
        if half {
            shifted.plus(Self::from_u128(1))
        } else {
            shifted
        }
    }

    const fn bit(self, bit: u32) -> bool {
        if bit >= 128 {
            self.high >> (bit - 128) & 1 == 1
        } else {
            self.low >> bit & 1 == 1
        }
    }

    /// Quotient and remainder by a non-zero divisor below 2^127.
    pub(super) fn divide(self, divisor: u128) -> (Self, u128) {
        if self.high == 0 {
            return (Self::from_u128(self.low / divisor), self.low % divisor);
        }
        let mut remainder = self.high % divisor;
        let high = self.high / divisor;
        let mut low = 0_u128;
        for bit in (0..128).rev() {
            remainder = (remainder << 1) | ((self.low >> bit) & 1);
            if remainder >= divisor {
                remainder -= divisor;
                low |= 1 << bit;
            }
        }
        (Self { high, low }, remainder)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.high, self.low).cmp(&(other.high, other.low))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn division_undoes_multiplication(a: u128, b in 1..u128::MAX >> 1, r: u128) {
            let r = r % b;
            let number = Wide::product(a, b).plus(Wide::from_u128(r));
            prop_assert_eq!(number.divide(b), (Wide::from_u128(a), r));
            prop_assert_eq!(number.minus(Wide::from_u128(r)), Wide::product(b, a));
        }

        #[test]
        fn products_agree_with_native_ones_where_those_fit(a: u64, b: u64) {
            let native = u128::from(a) * u128::from(b);
            prop_assert_eq!(Wide::product(a.into(), b.into()).to_u128(), Some(native));
            prop_assert_eq!(Wide::from_u128(a.into()).checked_times(b.into()), Some(Wide::from_u128(native)));
        }
    }

    #[test]
    fn shifts_round_half_up() {
        let number = Wide::product(u128::MAX, 1 << 100);
        let cases = [
            (Wide::from_u128(5), 1, Wide::from_u128(3)),
            (Wide::from_u128(4), 3, Wide::from_u128(1)),
            (Wide::from_u128(3), 3, Wide::from_u128(0)),
            (number, 100, Wide::from_u128(u128::MAX)),
            (number, 228, Wide::from_u128(1)),
            (number, 229, Wide::from_u128(0).plus(Wide::from_u128(0))),
            (number, 300, Wide::from_u128(0)),
        ];
        for (wide, bits, expected) in cases {
            assert_eq!(wide.shifted_right(bits), expected, "{wide:?} by {bits}");
        }
    }

    #[test]
    fn overflow_past_256_bits_is_noticed() {
        let big = Wide::product(u128::MAX, u128::MAX);
        assert_eq!(big.checked_times(2), None);
        assert!(
            Wide::product(u128::MAX, 1 << 126)
                .checked_times(3)
                .is_some()
        );
    }
}
