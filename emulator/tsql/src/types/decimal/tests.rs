//! Decimal arithmetic against digits by hand.

use proptest::prelude::*;

use super::*;

/// Reads `12.50` with the scale that is written.
fn number(text: &str) -> Decimal {
    let scale = text.split_once('.').map_or(0, |(_, f)| f.len());
    let units = text.replace('.', "").parse().unwrap();
    Decimal {
        units,
        scale: scale as u8,
    }
}

type Operation = fn(Decimal, Decimal, u8, u8) -> Option<Decimal>;

#[test]
fn results_have_the_shape_that_was_asked_for() {
    let cases: [(&str, Operation, &str, u8, u8, &str); 12] = [
        ("1", divide, "2.0", 7, 6, "0.500000"),
        ("2.0", divide, "3", 8, 6, "0.666666"),
        ("-2.0", divide, "3", 8, 6, "-0.666666"),
        ("1.05", add, "2.1", 5, 2, "3.15"),
        ("1.05", subtract, "2.1", 5, 2, "-1.05"),
        ("1.05", multiply, "2.1", 6, 3, "2.205"),
        ("1.05", multiply, "2.1", 6, 2, "2.21"),
        ("-1.05", multiply, "2.1", 6, 2, "-2.21"),
        ("10.5", modulo, "3", 5, 1, "1.5"),
        ("-10.5", modulo, "3", 5, 1, "-1.5"),
        (
            "99999999999999999999999999999999999999",
            multiply,
            "0.00000000000000000000000000000000000001",
            38,
            38,
            "0.99999999999999999999999999999999999999",
        ),
        (
            "1",
            modulo,
            "99999999999999999999999999999999999999",
            38,
            0,
            "1",
        ),
    ];
    for (left, operation, right, precision, scale, expected) in cases {
        let result = operation(number(left), number(right), precision, scale).unwrap();
        assert_eq!(to_text(result), expected, "{left} and {right}");
    }
    assert_eq!(add(number("9"), number("1"), 1, 0), None);
    let largest = number("99999999999999999999999999999999999999");
    assert_eq!(multiply(largest, largest, 38, 0), None);
    assert_eq!(
        divide(
            largest,
            number("0.00000000000000000000000000000000000001"),
            38,
            6
        ),
        None
    );
}

#[test]
fn floats_have_an_exact_value() {
    let cases = [
        (0.333_333, 38, 30, Some("0.333332999999999990414778494596")),
        (1e30, 38, 0, Some("1000000000000000019884624838656")),
        (1e38, 38, 0, Some("99999999999999997748809823456034029568")),
        (-2.5, 3, 0, Some("-3")),
        (1e39, 38, 0, None),
        (123.4, 3, 1, None),
        (f64::INFINITY, 38, 0, None),
        (
            f64::MIN_POSITIVE,
            38,
            38,
            Some("0.00000000000000000000000000000000000000"),
        ),
        (0.0, 1, 0, Some("0")),
    ];
    for (float, precision, scale, expected) in cases {
        let text = from_f64(float, precision, scale).map(to_text);
        assert_eq!(text.as_deref(), expected, "{float}");
    }
    let real = f64::from(1.1_f32);
    assert_eq!(
        from_f64(real, 20, 10).map(to_text).as_deref(),
        Some("1.1000000238")
    );
}

#[test]
fn floats_become_decimals_by_their_shortest_digits() {
    let cases = [
        (0.1, 3, 2, Some("0.10")),
        (2.675, 5, 2, Some("2.68")),
        (-1e-50, 5, 2, Some("0.00")),
        (1e37, 38, 0, Some("10000000000000000000000000000000000000")),
        (1e38, 38, 0, None),
        (123.4, 3, 1, None),
        (f64::NAN, 38, 0, None),
        (0.0, 1, 0, Some("0")),
    ];
    for (float, precision, scale, expected) in cases {
        let text = from_f64_shortest(float, precision, scale).map(to_text);
        assert_eq!(text.as_deref(), expected, "{float}");
    }
}

/// Decimal strings by hand: the oracle computes with digits in a vector.
mod oracle {
    pub(super) fn multiply(a: u128, b: u128) -> Vec<u8> {
        let (a, b) = (digits(a), digits(b));
        let mut out = vec![0_u32; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                out[i + j] += u32::from(*x) * u32::from(*y);
            }
        }
        let mut carry = 0;
        let mut result = Vec::new();
        for cell in out {
            let value = cell + carry;
            result.push((value % 10) as u8);
            carry = value / 10;
        }
        while result.len() > 1 && result.last() == Some(&0) {
            result.pop();
        }
        result
    }

    /// Drops the lowest digits and rounds half up; `None` beyond 38 digits.
    pub(super) fn rounded(mut digits: Vec<u8>, drop: usize) -> Option<u128> {
        let up = drop > 0 && digits.get(drop - 1).is_some_and(|d| *d >= 5);
        digits.drain(..drop.min(digits.len()));
        let mut value = 0_u128;
        for digit in digits.iter().rev() {
            value = value.checked_mul(10)?.checked_add((*digit).into())?;
        }
        value += u128::from(up);
        (value < super::POW10[38]).then_some(value)
    }

    fn digits(mut n: u128) -> Vec<u8> {
        let mut out = vec![(n % 10) as u8];
        n /= 10;
        while n > 0 {
            out.push((n % 10) as u8);
            n /= 10;
        }
        out
    }
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (0..=38_u32, any::<u128>(), any::<bool>(), 0..=38_u8).prop_map(
        |(digits, magnitude, negative, scale)| {
            let units = (magnitude % POW10[digits as usize]) as i128;
            Decimal {
                units: if negative { -units } else { units },
                scale,
            }
        },
    )
}

proptest! {
    #[test]
    fn multiplication_agrees_with_digits_by_hand(a in any_decimal(), b in any_decimal(), scale in 0..=38_u8) {
        let scale = scale.min(a.scale + b.scale);
        let expected = oracle::rounded(
            oracle::multiply(a.units.unsigned_abs(), b.units.unsigned_abs()),
            usize::from(a.scale + b.scale - scale),
        );
        let actual = multiply(a, b, 38, scale);
        prop_assert_eq!(actual.map(|d| d.units.unsigned_abs()), expected);
    }

    #[test]
    fn a_quotient_times_its_divisor_is_just_below_the_dividend(a in any_decimal(), b in any_decimal(), scale in 0..=38_u8) {
        prop_assume!(b.units != 0);
        if let Some(quotient) = divide(a, b, 38, scale) {
            // |q| * |b| <= |a| < (|q| + 1 unit) * |b|, all at the scale of the product.
            let unit = Decimal { units: quotient.units.abs() + 1, scale };
            let low = Decimal { units: quotient.units.abs(), scale };
            let divisor = Decimal { units: b.units.abs(), ..b };
            let dividend = Decimal { units: a.units.abs(), ..a };
            let product = |q: Decimal| (
                Wide::product(q.units.unsigned_abs(), divisor.units.unsigned_abs()),
                q.scale + divisor.scale,
            );
            let smaller = |(magnitude, has): (Wide, u8), number: Decimal| {
                let (mut l, mut r) = (magnitude, Wide::from_u128(number.units.unsigned_abs()));
                for _ in has..number.scale { l = l.checked_times(10)?; }
                for _ in number.scale..has { r = r.checked_times(10)?; }
                Some(l.cmp(&r))
            };
            if let Some(order) = smaller(product(low), dividend) {
                prop_assert!(order.is_le());
            }
            if let Some(order) = smaller(product(unit), dividend) {
                prop_assert!(order.is_gt());
            }
        }
    }

    #[test]
    fn sums_come_apart_again(a in any_decimal(), b in any_decimal()) {
        let scale = a.scale.max(b.scale);
        if let Some(sum) = add(a, b, 38, scale)
            && let Some(back) = subtract(sum, b, 38, scale)
        {
            prop_assert!(compare(back, a).is_eq());
        }
    }

    #[test]
    fn text_shows_every_digit(a in any_decimal()) {
        prop_assert_eq!(number(&to_text(a)), a);
    }
}
