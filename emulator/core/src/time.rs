//! Moments and spans of the world's time, and the timers that wait for them.
//!
//! Nothing here reads a clock: the time is always an argument.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Sub};

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};

/// A moment: 100 ns ticks since 1970-01-01T00:00:00Z, the resolution of `datetime2(7)`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time in 100 ns ticks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub i64);

const TICKS_PER_SECOND: i64 = 10_000_000;

impl Timestamp {
    /// The moment that does not come: a timer armed for it waits until somebody steps in.
    pub const NEVER: Self = Self(i64::MAX);

    /// A moment from seconds since 1970.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }

    /// Seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND)
    }

    /// As `jiff` has it, for text and civil dates.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0) * 100).unwrap_or(jiff::Timestamp::MAX)
    }

    /// From `jiff`; the part below 100 ns is dropped.
    pub fn from_jiff(moment: jiff::Timestamp) -> Self {
        Self(moment.as_nanosecond().div_euclid(100) as i64)
    }

    /// The span from an earlier moment to this one; zero if that was later.
    pub const fn since(self, earlier: Self) -> Span {
        let ticks = self.0 - earlier.0;
        Span(if ticks < 0 { 0 } else { ticks })
    }

    /// This moment as ARM writes it: RFC 3339 in UTC, at most three fractional digits, trailing zeros trimmed
    /// (observed from Microsoft.Sql).
    pub fn to_arm_text(self) -> String {
        let milliseconds = self.0.rem_euclid(TICKS_PER_SECOND) / 10_000;
        let whole = Self::from_unix_seconds(self.unix_seconds())
            .to_jiff()
            .to_string();
        let whole = whole.trim_end_matches('Z');
        if milliseconds == 0 {
            return format!("{whole}Z");
        }
        let fraction = format!("{milliseconds:03}");
        format!("{whole}.{}Z", fraction.trim_end_matches('0'))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So long that it is not over by itself.
    pub const FOREVER: Self = Self(i64::MAX);

    /// A span such as `250ms`, `90s`, `5min`, `1h 30min`.
    ///
    /// # Errors
    ///
    /// It is not one, or it is negative.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no span of time: say 250ms, 90s, 5min or 1h 30min");
        let span: jiff::Span = text.trim().parse().map_err(|_| wrong())?;
        let nanoseconds = span
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .map_err(|_| wrong())?
            .as_nanos();
        i64::try_from(nanoseconds / 100)
            .ok()
            .filter(|ticks| *ticks >= 0)
            .map(Self)
            .ok_or_else(wrong)
    }

    /// The span as [`parse`](Self::parse) reads it back, exactly.
    pub fn exact_text(self) -> String {
        const UNITS: [(i64, &str); 5] = [
            (60 * 60 * TICKS_PER_SECOND, "h"),
            (60 * TICKS_PER_SECOND, "min"),
            (TICKS_PER_SECOND, "s"),
            (10_000, "ms"),
            (10, "us"),
        ];
        match UNITS.iter().find(|(ticks, _)| self.0 % ticks == 0) {
            _ if self.0 == 0 => "0s".to_owned(),
            Some((ticks, unit)) => format!("{}{unit}", self.0 / ticks),
            None => format!("{}ns", i128::from(self.0) * 100),
        }
    }

    /// A span of whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }

    /// A span of milliseconds.
    pub const fn milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds * 10_000)
    }

    /// A span of minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// Whole seconds in the span, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0 / TICKS_PER_SECOND
    }

    /// Whole milliseconds in the span, rounded down.
    pub const fn as_milliseconds(self) -> i64 {
        self.0 / 10_000
    }

    /// As the standard library's span; a negative one is zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0).saturating_mul(100))
    }

    /// From the standard library's span.
    pub fn from_std(duration: std::time::Duration) -> Self {
        Self(i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Timestamp {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Div<i64> for Span {
    type Output = Self;

    fn div(self, by: i64) -> Self {
        Self(self.0 / by)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.as_milliseconds();
        match milliseconds {
            ..1_000 => write!(f, "{milliseconds} ms"),
            1_000..60_000 => {
                write!(
                    f,
                    "{}.{} s",
                    milliseconds / 1_000,
                    milliseconds % 1_000 / 100
                )
            }
            60_000..3_600_000 => {
                write!(
                    f,
                    "{} min {} s",
                    milliseconds / 60_000,
                    milliseconds / 1_000 % 60
                )
            }
            _ => write!(
                f,
                "{} h {} min",
                milliseconds / 3_600_000,
                milliseconds / 60_000 % 60
            ),
        }
    }
}

/// Timers in the order they are due; those due at one moment keep the order they were armed in. One armed for
/// [`Timestamp::NEVER`] is held: it waits for somebody who arms it anew, and counts how often it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Timers<K: Ord + Clone> {
    due: OrdMap<(Timestamp, u64), K>,
    armed: OrdMap<K, (Timestamp, u64)>,
    held: OrdMap<K, u32>,
    sequence: u64,
}

impl<K: Ord + Clone> Default for Timers<K> {
    fn default() -> Self {
        Self {
            due: OrdMap::new(),
            armed: OrdMap::new(),
            held: OrdMap::new(),
            sequence: 0,
        }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Arms the timer `key`, moving it if it is armed already.
    pub fn arm(&mut self, key: K, due: Timestamp) {
        self.cancel(&key);
        self.sequence += 1;
        if due == Timestamp::NEVER {
            self.held.insert(key.clone(), 0);
        } else {
            self.due.insert((due, self.sequence), key.clone());
        }
        self.armed.insert(key, (due, self.sequence));
    }

    /// Disarms the timer `key`, if it is armed.
    pub fn cancel(&mut self, key: &K) {
        if let Some(at) = self.armed.remove(key) {
            self.due.remove(&at);
            if at.0 == Timestamp::NEVER {
                self.held.remove(key);
            }
        }
    }

    /// Whether any timer is held.
    pub fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// The timers that are armed: when each is due, and how often a held one was looked at.
    pub fn armed(&self) -> impl Iterator<Item = (&K, Timestamp, u32)> + '_ {
        self.armed.iter().map(|(key, at)| {
            let looks = self.held.get(key).copied();
            (key, at.0, looks.unwrap_or(0))
        })
    }

    /// Counts a look at every held timer.
    pub fn look(&mut self) {
        let held = std::mem::take(&mut self.held).into_iter();
        self.held = held
            .map(|(key, looks)| (key, looks.saturating_add(1)))
            .collect();
    }

    /// How many timers have ever been armed: no two of them see the same number.
    pub fn count(&self) -> u64 {
        self.sequence
    }

    /// When the timer `key` is due, if it is armed; a held one never is.
    pub fn due(&self, key: &K) -> Option<Timestamp> {
        self.armed.get(key).map(|at| at.0)
    }

    /// The timers that are armed otherwise than `before`, or no longer.
    pub(crate) fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a K> {
        let differences = before.armed.diff(&self.armed);
        differences.map(|difference| match difference {
            DiffItem::Add(key, _) | DiffItem::Remove(key, _) => key,
            DiffItem::Update { new: (key, _), .. } => key,
        })
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.get_min().map(|((due, _), _)| *due)
    }

    /// Every armed timer, in the order they are due.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &K)> + '_ {
        self.due.iter().map(|((due, _), key)| (*due, key))
    }

    /// Takes the next timer that is due at `now` or before.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, K)> {
        let ((due, sequence), key) = self.due.get_min().cloned()?;
        if due > now {
            return None;
        }
        self.due.remove(&(due, sequence));
        self.armed.remove(&key);
        Some((due, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_in_order_of_time_then_of_arming() {
        let mut timers = Timers::default();
        timers.arm("b", Timestamp(5));
        timers.arm("a", Timestamp(5));
        timers.arm("c", Timestamp(1));
        timers.arm("c", Timestamp(9));
        let mut fired = Vec::new();
        while let Some((_, key)) = timers.take_due(Timestamp(8)) {
            fired.push(key);
        }
        assert_eq!(fired, ["b", "a"]);
        assert_eq!(timers.next_due(), Some(Timestamp(9)));
    }

    #[test]
    fn arm_text_trims_zeros() {
        let cases = [
            (1_000_000, "1970-01-01T00:00:00.1Z"),
            (20_000_000, "1970-01-01T00:00:02Z"),
            (16_730_000, "1970-01-01T00:00:01.673Z"),
        ];
        for (ticks, text) in cases {
            assert_eq!(Timestamp(ticks).to_arm_text(), text);
        }
    }
}
