//! Exact decimal arithmetic up to 38 digits, with the result shapes of T-SQL.

use std::cmp::Ordering;

use milink_core::value::Decimal;

use super::wide::Wide;

/// The most digits a decimal has.
pub const MAX_PRECISION: u8 = 38;

/// 10^n for n up to 38.
pub(crate) const POW10: [u128; 39] = {
    let mut powers = [1; 39];
    let mut n = 1;
    while n < 39 {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// What happens to digits that no longer fit behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Half away from zero, as everything but division does.
    Nearest,
    /// Dropped, as division and the integer targets do.
    Truncate,
}

/// A sign and a magnitude.
#[derive(Clone, Copy)]
struct Signed {
    negative: bool,
    magnitude: Wide,
}

impl Signed {
    fn new(units: i128) -> Self {
        Self {
            negative: units < 0,
            magnitude: Wide::from_u128(units.unsigned_abs()),
        }
    }

    fn shifted(self, digits: u8) -> Option<Self> {
        let magnitude = self.magnitude.checked_times(POW10[usize::from(digits)])?;
        Some(Self { magnitude, ..self })
    }

    fn plus(self, other: Self) -> Self {
        if self.negative == other.negative {
            return Self {
                magnitude: self.magnitude.plus(other.magnitude),
                ..self
            };
        }
        if self.magnitude >= other.magnitude {
            Self {
                magnitude: self.magnitude.minus(other.magnitude),
                ..self
            }
        } else {
            Self {
                magnitude: other.magnitude.minus(self.magnitude),
                ..other
            }
        }
    }

    /// Drops `digits` digits, and gives the number if it has at most `precision` left.
    fn fitted(self, digits: u8, precision: u8, rounding: Rounding) -> Option<i128> {
        let mut magnitude = self.magnitude;
        let mut left = digits;
        let mut half_or_more = false;
        while left > 0 {
            // The last step decides the rounding, so it takes one digit when several steps are needed.
            let step = if left > MAX_PRECISION {
                left - MAX_PRECISION
            } else {
                left
            };
            let power = POW10[usize::from(step)];
            let (quotient, remainder) = magnitude.divide(power);
            magnitude = quotient;
            half_or_more = remainder >= power.div_ceil(2);
            left -= step;
        }
        if half_or_more && rounding == Rounding::Nearest {
            magnitude = magnitude.plus(Wide::from_u128(1));
        }
        let magnitude = magnitude.to_u128()?;
        if magnitude >= POW10[usize::from(precision)] {
            return None;
        }
        let units = magnitude as i128;
        Some(if self.negative { -units } else { units })
    }
}

/// Changes the scale; `None` if the number then has more than `precision` digits.
pub fn rescale(number: Decimal, precision: u8, scale: u8, rounding: Rounding) -> Option<Decimal> {
    if number.scale == scale {
        return (number.units.unsigned_abs() < POW10[usize::from(precision)]).then_some(number);
    }
    let signed = Signed::new(number.units);
    let units = if scale >= number.scale {
        signed
            .shifted(scale - number.scale)?
            .fitted(0, precision, rounding)?
    } else {
        signed.fitted(number.scale - scale, precision, rounding)?
    };
    Some(Decimal { units, scale })
}

/// The sum, at the given shape.
pub fn add(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let common = left.scale.max(right.scale);
    let sum = Signed::new(left.units)
        .shifted(common - left.scale)?
        .plus(Signed::new(right.units).shifted(common - right.scale)?);
    at_shape(sum, common, precision, scale, Rounding::Nearest)
}

/// The difference, at the given shape.
pub fn subtract(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let negated = Decimal {
        units: -right.units,
        ..right
    };
    add(left, negated, precision, scale)
}

/// The product, at the given shape.
pub fn multiply(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let product = Signed {
        negative: (left.units < 0) != (right.units < 0),
        magnitude: Wide::product(left.units.unsigned_abs(), right.units.unsigned_abs()),
    };
    at_shape(
        product,
        left.scale + right.scale,
        precision,
        scale,
        Rounding::Nearest,
    )
}

/// The quotient, at the given shape; further digits are dropped (`2.0 / 3` is `0.666666`). The divisor is not zero.
pub fn divide(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let mut numerator = Wide::from_u128(left.units.unsigned_abs());
    let mut divisor = right.units.unsigned_abs();
    // left / right * 10^scale = l * 10^(scale - ls + rs) / r
    let shift = i16::from(scale) - i16::from(left.scale) + i16::from(right.scale);
    let mut up = shift.max(0);
    while up > 0 {
        // More than 256 bits over at most 38 digits leave more than 38 digits: an overflow in any case.
        let step = up.min(38);
        numerator = numerator.checked_times(POW10[step as usize])?;
        up -= step;
    }
    let mut quotient = numerator;
    let mut down = (-shift).max(0);
    while down > 0 {
        let step = down.min(38);
        quotient = quotient.divide(POW10[step as usize]).0;
        down -= step;
    }
    if divisor == 0 {
        divisor = 1;
    }
    let quotient = Signed {
        negative: (left.units < 0) != (right.units < 0),
        magnitude: quotient.divide(divisor).0,
    };
    let units = quotient.fitted(0, precision, Rounding::Truncate)?;
    Some(Decimal { units, scale })
}

/// The remainder with the sign of the dividend, at the given shape. The divisor is not zero.
pub fn modulo(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let common = left.scale.max(right.scale);
    let dividend = Signed::new(left.units).shifted(common - left.scale)?;
    let divisor = Signed::new(right.units).shifted(common - right.scale)?;
    let remainder = match divisor.magnitude.to_u128() {
        Some(divisor) if divisor < 1 << 127 => {
            Wide::from_u128(dividend.magnitude.divide(divisor.max(1)).1)
        }
        // Beyond 2^127 the divisor has at least 39 digits, so the dividend was the one that was not shifted:
        // at most 38 digits, hence the smaller.
        _ => dividend.magnitude,
    };
    let remainder = Signed {
        negative: dividend.negative,
        magnitude: remainder,
    };
    at_shape(remainder, common, precision, scale, Rounding::Nearest)
}

fn at_shape(
    number: Signed,
    has: u8,
    precision: u8,
    scale: u8,
    rounding: Rounding,
) -> Option<Decimal> {
    let units = if scale >= has {
        number
            .shifted(scale - has)?
            .fitted(0, precision, rounding)?
    } else {
        number.fitted(has - scale, precision, rounding)?
    };
    Some(Decimal { units, scale })
}

/// Compares two decimals of any scales.
pub fn compare(left: Decimal, right: Decimal) -> Ordering {
    if left.scale == right.scale {
        return left.units.cmp(&right.units);
    }
    let sign = left.units.signum().cmp(&right.units.signum());
    if sign.is_ne() || left.units == 0 {
        return sign;
    }
    let common = left.scale.max(right.scale);
    let at = |number: Decimal| {
        Wide::product(
            number.units.unsigned_abs(),
            POW10[usize::from(common - number.scale)],
        )
    };
    let magnitude = at(left).cmp(&at(right));
    if left.units < 0 {
        magnitude.reverse()
    } else {
        magnitude
    }
}

/// The number as text, with all digits of its scale.
pub fn to_text(number: Decimal) -> String {
    let magnitude = number.units.unsigned_abs();
    let sign = if number.units < 0 { "-" } else { "" };
    if number.scale == 0 {
        return format!("{sign}{magnitude}");
    }
    let power = POW10[usize::from(number.scale)];
    let width = usize::from(number.scale);
    format!("{sign}{}.{:0width$}", magnitude / power, magnitude % power)
}

/// The nearest float.
pub fn to_f64(number: Decimal) -> f64 {
    if number.scale == 0 {
        return number.units as f64;
    }
    // Through the text: division by a power of ten would round twice.
    to_text(number).parse().unwrap_or(0.0)
}

/// The exact value of a float at the given shape, rounded; `None` if it does not fit.
pub fn from_f64(number: f64, precision: u8, scale: u8) -> Option<Decimal> {
    if !number.is_finite() {
        return None;
    }
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32;
    let fraction = u128::from(bits & ((1 << 52) - 1));
    let (mantissa, exponent) = if exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | 1 << 52, exponent - 1075)
    };
    let mut magnitude = Wide::product(mantissa, POW10[usize::from(scale)]);
    if exponent < 0 {
        magnitude = magnitude.shifted_right(exponent.unsigned_abs());
    }
    let mut left = exponent.max(0);
    while left > 0 && mantissa != 0 {
        let step = left.min(64);
        magnitude = magnitude.checked_times(1 << step)?;
        left -= step;
    }
    let signed = Signed {
        negative: number < 0.0,
        magnitude,
    };
    let units = signed.fitted(0, precision, Rounding::Nearest)?;
    Some(Decimal { units, scale })
}

/// The float by the fewest digits that read back as it, at the given shape: as people see it, not as it is.
pub fn from_f64_shortest(number: f64, precision: u8, scale: u8) -> Option<Decimal> {
    if !number.is_finite() || number.abs() >= 1e38 {
        return None;
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let negative = mantissa.starts_with('-');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let units: i128 = digits.parse().ok()?;
    let units = if negative { -units } else { units };
    let has = digits.len() as i32 - 1 - exponent;
    if has > i32::from(scale) {
        let drop = has - i32::from(scale);
        if drop > 38 {
            return Some(Decimal { units: 0, scale });
        }
        let units = Signed::new(units).fitted(drop as u8, precision, Rounding::Nearest)?;
        return Some(Decimal { units, scale });
    }
    let add = u8::try_from(i32::from(scale) - has)
        .ok()
        .filter(|n| *n <= 38 * 2)?;
    let mut signed = Signed::new(units);
    let first = add.min(38);
    signed = signed.shifted(first)?;
    signed = signed.shifted(add - first)?;
    let units = signed.fitted(0, precision, Rounding::Nearest)?;
    Some(Decimal { units, scale })
}

/// The integer part.
pub fn to_integer(number: Decimal) -> i128 {
    number.units / POW10[usize::from(number.scale)] as i128
}

#[cfg(test)]
mod tests;
