//! Clocks of worlds: what time it is in a world, given the host's time.
//!
//! Knows no world and no runtime; the hub asks it and drives.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use milink_core::time::{Span, Timestamp};

/// How a world's time relates to the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ClockMode {
    /// Stands still until it is advanced.
    Manual,
    /// Runs with the host's clock, and jumps to the next due moment when a client waits for one.
    #[default]
    Auto,
    /// Runs so many times as fast as the host's clock.
    Scaled(f64),
    /// Runs with the host's clock and never jumps.
    Real,
}

impl ClockMode {
    /// Whether a client that waits makes the time jump.
    pub const fn jumps(self) -> bool {
        matches!(self, Self::Auto)
    }

    fn rate(self) -> f64 {
        match self {
            Self::Manual => 0.0,
            Self::Auto | Self::Real => 1.0,
            Self::Scaled(factor) => factor,
        }
    }
}

impl FromStr for ClockMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "manual" => Ok(Self::Manual),
            "auto" => Ok(Self::Auto),
            "real" => Ok(Self::Real),
            other => other
                .strip_prefix("scaled=")
                .and_then(|factor| factor.parse().ok())
                .filter(|factor: &f64| factor.is_finite() && (0.001..=1e6).contains(factor))
                .map(Self::Scaled)
                .ok_or_else(|| {
                    format!(
                        "'{text}' is no clock: say manual, auto, real or scaled=K with K from 0.001 to 1000000"
                    )
                }),
        }
    }
}

impl fmt::Display for ClockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Auto => f.write_str("auto"),
            Self::Scaled(factor) => write!(f, "scaled={factor}"),
            Self::Real => f.write_str("real"),
        }
    }
}

/// A world's clock: a line through one known moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    mode: ClockMode,
    base: Timestamp,
    host_base: Instant,
}

impl Clock {
    /// A clock that shows `now` at this moment.
    pub(crate) fn new(mode: ClockMode, now: Timestamp) -> Self {
        Self {
            mode,
            base: now,
            host_base: Instant::now(),
        }
    }

    pub(crate) fn mode(&self) -> ClockMode {
        self.mode
    }

    /// What it shows now.
    pub(crate) fn now(&self) -> Timestamp {
        if self.mode == ClockMode::Manual {
            return self.base;
        }
        let passed = Span::from_std(self.host_base.elapsed());
        self.base + Span((passed.0 as f64 * self.mode.rate()) as i64)
    }

    /// Puts it forward to `now`; it never goes back.
    pub(crate) fn jump_to(&mut self, now: Timestamp) {
        if now > self.now() {
            *self = Self::new(self.mode, now);
        }
    }

    /// Goes on in another mode from what it shows.
    pub(crate) fn set_mode(&mut self, mode: ClockMode) {
        *self = Self::new(mode, self.now());
    }

    /// How long the host has to wait until it shows `due`; a clock that stands never does.
    pub(crate) fn host_wait(&self, due: Timestamp) -> Option<Duration> {
        let rate = self.mode.rate();
        if rate == 0.0 {
            return None;
        }
        let span = due.since(self.now()).to_std();
        // Rounded up by a little, so that the moment has come when the wait is over.
        Some(
            Duration::from_secs_f64((span.as_secs_f64() / rate).min(1e8))
                + Duration::from_micros(50),
        )
    }
}

/// The host's time.
pub fn host_now() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_read_as_they_are_written() {
        for text in ["manual", "auto", "real", "scaled=60", "scaled=0.5"] {
            assert_eq!(text.parse::<ClockMode>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "fast",
            "scaled",
            "scaled=",
            "scaled=0",
            "scaled=nan",
            "scaled=-1",
        ] {
            assert!(bad.parse::<ClockMode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_manual_clock_moves_only_when_it_is_told() {
        let mut clock = Clock::new(ClockMode::Manual, Timestamp(10));
        assert_eq!(clock.now(), Timestamp(10));
        clock.jump_to(Timestamp(30));
        clock.jump_to(Timestamp(20));
        assert_eq!(clock.now(), Timestamp(30));
        assert_eq!(clock.host_wait(Timestamp(40)), None);
    }

    #[test]
    fn other_clocks_run_and_keep_their_time_when_the_mode_changes() {
        let mut clock = Clock::new(ClockMode::Scaled(1e6), Timestamp(0));
        while clock.now() < Timestamp(100) {
            std::hint::spin_loop();
        }
        clock.set_mode(ClockMode::Manual);
        let stopped = clock.now();
        assert!(stopped >= Timestamp(100));
        assert_eq!(clock.now(), stopped);
    }
}
