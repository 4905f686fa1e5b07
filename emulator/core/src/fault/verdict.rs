//! What a fault does when it bites.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text;
use crate::time::Span;

/// What a fault does. What a missing part means, the point says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing: the match is counted, and the next rule is asked.
    Pass,
    /// It happens later.
    #[serde(with = "text::span")]
    Delay(Span),
    /// It does not happen, and fails with these words.
    FailAs(Failure),
    /// It does not happen, and nobody is told.
    Drop,
    /// It happens, and fails with these words all the same.
    CommitThenFail(Failure),
    /// It goes this far and no further while the fault is there.
    Hold {
        /// How far, in percent.
        percent: u8,
    },
    /// It breaks off.
    Cut {
        /// After so many bytes.
        bytes: u64,
    },
    /// It goes somewhere else.
    Redirect {
        /// Where to: a server of the world, or an address where nobody is.
        to: String,
    },
}

/// How something fails; what is not said is the point's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Failure {
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// ARM's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// SQL Server's error number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The seconds of `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// The kinds of verdict, for what a point can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the verdicts say it")]
pub enum VerdictKind {
    Pass,
    Delay,
    FailAs,
    Drop,
    CommitThenFail,
    Hold,
    Cut,
    Redirect,
}

impl Failure {
    /// Nothing said: the point's own words.
    pub const PLAIN: Self = Self {
        status: None,
        code: None,
        number: None,
        message: None,
        retry_after: None,
    };
}

impl Verdict {
    /// To fail in the point's own words.
    pub const FAIL: Self = Self::FailAs(Failure::PLAIN);

    /// Its kind.
    pub const fn kind(&self) -> VerdictKind {
        match self {
            Self::Pass => VerdictKind::Pass,
            Self::Delay(_) => VerdictKind::Delay,
            Self::FailAs(_) => VerdictKind::FailAs,
            Self::Drop => VerdictKind::Drop,
            Self::CommitThenFail(_) => VerdictKind::CommitThenFail,
            Self::Hold { .. } => VerdictKind::Hold,
            Self::Cut { .. } => VerdictKind::Cut,
            Self::Redirect { .. } => VerdictKind::Redirect,
        }
    }

    /// The words of a failure, if it is one.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::FailAs(failure) | Self::CommitThenFail(failure) => Some(failure),
            _ => None,
        }
    }

    /// The delay, if it is one.
    pub fn delay(&self) -> Span {
        match self {
            Self::Delay(span) => *span,
            _ => Span::ZERO,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Hold { percent } if *percent > 99 => {
                Err(format!("held at {percent} % is not held: say at most 99"))
            }
            Self::FailAs(failure) | Self::CommitThenFail(failure) => match failure.status {
                Some(status) if !(400..=599).contains(&status) => {
                    Err(format!("{status} is no status of an error: say 400 to 599"))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Delay => "delay",
            Self::FailAs => "failAs",
            Self::Drop => "drop",
            Self::CommitThenFail => "commitThenFail",
            Self::Hold => "hold",
            Self::Cut => "cut",
            Self::Redirect => "redirect",
        })
    }
}
