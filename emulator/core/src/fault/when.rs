//! Which of the times that a fault could bite it does.

use serde::{Deserialize, Serialize};

use super::text;
use crate::time::{Span, Timestamp};

/// Which times. All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct When {
    /// From the nth match on; the ones before pass. Counts from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// At most so many bites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Until this moment of the world's time; then it is removed.
    #[serde(
        with = "text::optional_moment",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Timestamp>,
    /// For this long from its installation, in the world's time; then it is removed.
    #[serde(
        rename = "for",
        with = "text::optional_span",
        skip_serializing_if = "Option::is_none"
    )]
    pub lasting: Option<Span>,
    /// The chance of each match, from 0 to 1, drawn from the world's seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl When {
    /// Whether nothing is said.
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// When a fault installed at `now` is to be removed.
    pub(super) fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let lasting = self.lasting.map(|span| now + span);
        match (self.until, lasting) {
            (Some(until), Some(lasting)) => Some(until.min(lasting)),
            (until, lasting) => until.or(lasting),
        }
    }

    /// What is said that only makes sense where times can be counted.
    pub(super) fn counted(&self) -> Option<&'static str> {
        match self {
            Self { nth: Some(_), .. } => Some("nth"),
            Self { times: Some(_), .. } => Some("times"),
            Self {
                probability: Some(_),
                ..
            } => Some("probability"),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.nth == Some(0) || self.times == Some(0) {
            return Err("'nth' and 'times' count from 1".to_owned());
        }
        match self.probability {
            Some(chance) if !(0.0..=1.0).contains(&chance) => {
                Err(format!("{chance} is no probability: say 0 to 1"))
            }
            _ => Ok(()),
        }
    }
}
