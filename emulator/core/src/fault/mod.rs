//! Faults on request: where one bites, what it is about, when, and what it does.
//!
//! A fault is data. The rules of a world are asked in the order they were installed, at named points; the first whose
//! verdict is not to pass wins. They are part of the world's value, and draw their chances from the world's seed: the same
//! calls bite at the same places. A world without faults pays for one look at an empty map.

mod matching;
mod point;
mod rules;
mod text;
mod verdict;
mod when;
mod words;

pub mod arm;
pub mod certificate;
pub mod crash;
pub mod distributed;
pub mod dns;
pub mod endpoint;
pub mod entra;
pub mod failover;
pub mod instance;
pub mod log;
pub mod login;
pub mod network;
pub mod operation;
pub mod replication;
pub mod seeding;
pub mod tds;

pub use matching::{About, Field, Match};
pub use point::{FaultPoint, Kind, Point, points};
pub use rules::{FaultId, Faults, Installed};
pub use verdict::{Failure, Verdict, VerdictKind};
pub use when::When;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::{Span, Timestamp};

/// A fault to install.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[must_use]
pub struct Fault {
    /// Where it bites.
    pub point: FaultPoint,
    /// What it is about; without it, everything that comes past.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_empty")]
    pub matching: Match,
    /// Which times; without it, every time, until it is removed.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// What it does; without it, what the point does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Why a fault cannot be installed or removed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FaultError {
    /// No point has this name.
    #[error("there is no fault point '{name}'; there are {}", point::names())]
    UnknownPoint {
        /// What was asked for.
        name: String,
    },
    /// The point does not look at this.
    #[error("{point} does not look at '{field}'; it matches by {}", listed(.honoured))]
    FieldNotHonoured {
        /// The point.
        point: FaultPoint,
        /// What was to be matched.
        field: Field,
        /// What it does look at.
        honoured: Vec<String>,
    },
    /// The point cannot do this.
    #[error("{point} cannot '{verdict}'; it can {}", listed(.allowed))]
    VerdictNotAllowed {
        /// The point.
        point: FaultPoint,
        /// What was asked for.
        verdict: VerdictKind,
        /// What it can do.
        allowed: Vec<String>,
    },
    /// The point holds for as long as it is there, so that times cannot be counted.
    #[error("{point} holds all the time it is there: say 'for' or 'until', not '{field}'")]
    NotCounted {
        /// The point.
        point: FaultPoint,
        /// What cannot be said of it.
        field: &'static str,
    },
    /// A value makes no sense.
    #[error("{0}")]
    BadValue(String),
    /// There are too many.
    #[error("a world has at most {0} faults")]
    TooMany(usize),
    /// There is no such fault.
    #[error("there is no fault {id}; there are {}", listed(.there))]
    NotFound {
        /// What was asked for.
        id: FaultId,
        /// What is there.
        there: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

impl Fault {
    /// A fault that does what its point does by itself, every time.
    pub fn at(point: impl Into<FaultPoint>) -> Self {
        Self {
            point: point.into(),
            matching: Match::default(),
            when: When::default(),
            verdict: None,
        }
    }

    /// The same for the point of this name.
    ///
    /// # Errors
    ///
    /// There is none; says which there are.
    pub fn named(point: &str) -> Result<Self, FaultError> {
        FaultPoint::named(point).map(Self::at)
    }

    /// Only where a field has this value; `*` stands for anything.
    pub fn matching(mut self, field: Field, pattern: &str) -> Self {
        self.matching.set(field, pattern);
        self
    }

    /// Only on this instance.
    pub fn on(self, instance: &str) -> Self {
        self.matching(Field::Instance, instance)
    }

    /// Only from the nth match on.
    pub fn from_nth(mut self, nth: u64) -> Self {
        self.when.nth = Some(nth);
        self
    }

    /// At most so many times.
    pub fn times(mut self, times: u64) -> Self {
        self.when.times = Some(times);
        self
    }

    /// For this long from its installation, in the world's time.
    pub fn lasting(mut self, span: Span) -> Self {
        self.when.lasting = Some(span);
        self
    }

    /// Until this moment of the world's time.
    pub fn until(mut self, end: Timestamp) -> Self {
        self.when.until = Some(end);
        self
    }

    /// With this probability each time, drawn from the world's seed.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.when.probability = Some(probability);
        self
    }

    /// With this verdict.
    pub fn verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = Some(verdict);
        self
    }

    /// What it does when it bites.
    pub fn effect(&self) -> &Verdict {
        self.verdict.as_ref().unwrap_or(&self.point.get().verdict)
    }

    /// Whether it can be installed.
    ///
    /// # Errors
    ///
    /// What of it the point does not know, and what it does.
    pub fn check(&self) -> Result<(), FaultError> {
        let point = self.point.get();
        if let Some(field) = self.matching.fields().find(|f| !point.fields.contains(f)) {
            return Err(FaultError::FieldNotHonoured {
                point: self.point,
                field,
                honoured: point.fields.iter().map(ToString::to_string).collect(),
            });
        }
        self.matching.check().map_err(FaultError::BadValue)?;
        let verdict = self.effect().kind();
        if verdict != VerdictKind::Pass && !point.verdicts.contains(&verdict) {
            return Err(FaultError::VerdictNotAllowed {
                point: self.point,
                verdict,
                allowed: point.verdicts.iter().map(ToString::to_string).collect(),
            });
        }
        self.effect().check().map_err(FaultError::BadValue)?;
        if point.kind == Kind::Condition
            && let Some(field) = self.when.counted()
        {
            return Err(FaultError::NotCounted {
                point: self.point,
                field,
            });
        }
        self.when.check().map_err(FaultError::BadValue)
    }
}

#[cfg(test)]
mod tests;
