//! The length of one transition: a span, a draw from a distribution, so many polls, or until it is stepped by hand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::IdSource;
use crate::time::Span;

/// How long a transition takes. As text: `90s`, `instant`, `uniform(1s..5s)`, `normal(30s~5s)`, `exponential(10s)`,
/// `polls(3)`, `stepped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Length {
    /// Always the same.
    Fixed(Span),
    /// Anything from one span to another, all as likely.
    Uniform {
        /// The shortest.
        least: Span,
        /// The longest.
        most: Span,
    },
    /// About a mean. Never below zero, and never further from the mean than six deviations.
    Normal {
        /// The mean.
        mean: Span,
        /// The standard deviation.
        deviation: Span,
    },
    /// Memoryless, about a mean. Never longer than fourteen means.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// Until clients have looked so often: polls of an operation, reads of a link, queries of the `dm_hadr` views.
    Polls(u32),
    /// Until somebody steps it by hand.
    Stepped,
}

/// How many means an exponential draw is at most; one in a million would be longer.
const LONGEST_EXPONENTIAL: u32 = 14;

impl Length {
    /// Whether time alone does not end it.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Polls(_) | Self::Stepped)
    }

    /// The mean.
    pub(super) fn usual(self) -> Span {
        match self {
            Self::Fixed(span)
            | Self::Normal { mean: span, .. }
            | Self::Exponential { mean: span } => span,
            Self::Uniform { least, most } => Span(least.0 + (most.0 - least.0) / 2),
            Self::Polls(_) | Self::Stepped => Span::FOREVER,
        }
    }

    /// Draws a span. Only sums, products and comparisons, so that every machine draws the same.
    pub(crate) fn draw(self, dice: &mut IdSource) -> Span {
        match self {
            Self::Fixed(span) => span,
            Self::Uniform { least, most } => {
                let width = (most.0 - least.0) as f64;
                Span(least.0 + (fraction(dice) * width) as i64)
            }
            Self::Normal { mean, deviation } => {
                // Irwin and Hall: twelve uniform draws have the variance one.
                let sum: f64 = (0..12).map(|_| fraction(dice)).sum();
                let off = (sum - 6.0) * deviation.0 as f64;
                Span(mean.0.saturating_add(off as i64).max(0))
            }
            Self::Exponential { mean } => Span((exponential(dice) * mean.0 as f64) as i64),
            Self::Polls(_) | Self::Stepped => Span::FOREVER,
        }
    }
}

/// From zero up to one.
fn fraction(dice: &mut IdSource) -> f64 {
    (dice.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// An exponential draw of mean one by comparisons alone (von Neumann, 1951).
fn exponential(dice: &mut IdSource) -> f64 {
    for whole in 0..LONGEST_EXPONENTIAL {
        let first = fraction(dice);
        let (mut last, mut falls) = (first, 1);
        loop {
            let next = fraction(dice);
            if next >= last {
                break;
            }
            last = next;
            falls += 1;
        }
        if falls % 2 == 1 {
            return f64::from(whole) + first;
        }
    }
    f64::from(LONGEST_EXPONENTIAL)
}

impl From<Span> for Length {
    fn from(span: Span) -> Self {
        Self::Fixed(span)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(span) => f.write_str(&span.exact_text()),
            Self::Uniform { least, most } => {
                write!(f, "uniform({}..{})", least.exact_text(), most.exact_text())
            }
            Self::Normal { mean, deviation } => {
                write!(
                    f,
                    "normal({}~{})",
                    mean.exact_text(),
                    deviation.exact_text()
                )
            }
            Self::Exponential { mean } => write!(f, "exponential({})", mean.exact_text()),
            Self::Polls(polls) => write!(f, "polls({polls})"),
            Self::Stepped => f.write_str("stepped"),
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || {
            format!(
                "'{text}' is no length: say 90s, instant, uniform(1s..5s), normal(30s~5s), exponential(10s), polls(3) or stepped"
            )
        };
        let Some((rule, rest)) = text.split_once('(') else {
            return match text {
                "instant" => Ok(Self::Fixed(Span::ZERO)),
                "stepped" => Ok(Self::Stepped),
                _ => Span::parse(text).map(Self::Fixed).map_err(|_| wrong()),
            };
        };
        let inner = rest.strip_suffix(')').ok_or_else(wrong)?;
        let pair = |between: &str| {
            let (one, two) = inner.split_once(between).ok_or_else(wrong)?;
            Ok::<_, String>((Span::parse(one)?, Span::parse(two)?))
        };
        match rule.trim() {
            "uniform" => {
                let (least, most) = pair("..")?;
                (least <= most)
                    .then_some(Self::Uniform { least, most })
                    .ok_or_else(wrong)
            }
            "normal" => {
                let (mean, deviation) = pair("~")?;
                Ok(Self::Normal { mean, deviation })
            }
            "exponential" => Ok(Self::Exponential {
                mean: Span::parse(inner)?,
            }),
            "polls" => {
                let polls = inner.trim().parse().ok().filter(|polls| *polls > 0);
                polls.map(Self::Polls).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_they_are_written() {
        for text in [
            "0s",
            "90s",
            "250ms",
            "5min",
            "100ns",
            "uniform(1s..5s)",
            "normal(30s~5s)",
            "exponential(1500ms)",
            "polls(3)",
            "stepped",
        ] {
            assert_eq!(text.parse::<Length>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "soon",
            "-1s",
            "uniform(5s..1s)",
            "uniform(1s)",
            "normal(1s,2s)",
            "polls(0)",
            "polls(-1)",
            "polls(3",
            "stepped(1)",
        ] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }

    #[test]
    fn draws_stay_in_their_bounds_about_their_mean() {
        let cases = [
            ("uniform(1s..5s)", 1.0, 5.0, 3.0),
            ("normal(30s~5s)", 0.0, 60.0, 30.0),
            ("exponential(10s)", 0.0, 140.0, 10.0),
            ("90s", 90.0, 90.0, 90.0),
        ];
        for (text, least, most, mean) in cases {
            let length: Length = text.parse().unwrap();
            let mut dice = IdSource::new(7);
            let mut sum = 0.0;
            for _ in 0..20_000 {
                let drawn = length.draw(&mut dice).0 as f64 / 1e7;
                assert!((least..=most).contains(&drawn), "{text}: {drawn}");
                sum += drawn;
            }
            let average = sum / 20_000.0;
            assert!((average - mean).abs() < mean / 30.0, "{text}: {average}");
            let again = length.draw(&mut IdSource::new(7));
            assert_eq!(again, length.draw(&mut IdSource::new(7)));
        }
    }
}
