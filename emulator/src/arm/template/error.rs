//! What can be wrong with a template, in ARM's words.

use std::fmt;

/// Why a template is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::arm) struct TemplateError {
    /// `InvalidTemplate`, or milink's own where Azure would go on.
    pub(in crate::arm) code: &'static str,
    pub(in crate::arm) message: String,
}

/// Why a value could not be worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::arm) enum Stop {
    /// It needs `reference()`, and nothing has been deployed yet.
    Later,
    /// It cannot be worked out: the sentence says why.
    Wrong(String),
    /// Azure could, milink cannot.
    Unsupported(String),
}

impl TemplateError {
    /// A template that ARM's validation does not let pass.
    pub(super) fn validation(reason: impl fmt::Display) -> Self {
        Self {
            code: "InvalidTemplate",
            message: format!("Deployment template validation failed: '{reason}'."),
        }
    }

    /// A template with something in it that milink does not know.
    pub(super) fn unsupported(what: impl fmt::Display) -> Self {
        Self {
            code: crate::arm::NOT_EMULATED,
            message: format!("{what} is not supported by milink. See COMPAT.md for what is."),
        }
    }

    /// An expression about something that could not be worked out.
    pub(super) fn of_stop(stop: Stop, about: &str) -> Self {
        match stop {
            Stop::Unsupported(what) => Self::unsupported(what),
            Stop::Wrong(reason) => Self {
                code: "InvalidTemplate",
                message: format!(
                    "Unable to process template language expressions for {about} at line '1' and column '1'. '{reason}'"
                ),
            },
            Stop::Later => Self {
                code: "InvalidTemplate",
                message: format!(
                    "Unable to process template language expressions for {about} at line '1' and column '1'. 'The template function 'reference' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.'"
                ),
            },
        }
    }
}

/// A sentence that says why a value could not be worked out.
pub(super) fn wrong<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Wrong(reason.into()))
}
