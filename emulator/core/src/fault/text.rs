//! Spans as people write them, in the JSON and TOML of faults: `250ms`, `90s`, `1h 30min`.

use serde::{Deserialize, Deserializer, Serializer};

use crate::time::Span;

/// Reads a span; negative ones are none.
pub(super) fn parse(text: &str) -> Result<Span, String> {
    let wrong = || format!("'{text}' is no span of time: say 250ms, 90s, 5min or 1h 30min");
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    i64::try_from(duration.as_nanos() / 100)
        .ok()
        .filter(|ticks| *ticks >= 0)
        .map(Span)
        .ok_or_else(wrong)
}

fn write(span: Span) -> String {
    let nanoseconds = span.0.saturating_mul(100);
    format!("{:#}", jiff::SignedDuration::from_nanos(nanoseconds))
}

/// For `#[serde(with)]` on a span.
pub(super) mod span {
    use super::*;

    pub(in crate::fault) fn serialize<S: Serializer>(
        span: &Span,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&write(*span))
    }

    pub(in crate::fault) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Span, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The same on a span that may be missing.
pub(super) mod optional_span {
    use super::*;

    pub(in crate::fault) fn serialize<S: Serializer>(
        span: &Option<Span>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => serializer.serialize_str(&write(*span)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::fault) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Span>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parsed = text.map(|text| parse(&text)).transpose();
        parsed.map_err(serde::de::Error::custom)
    }
}

/// A moment that may be missing, as RFC 3339.
pub(super) mod optional_moment {
    use super::*;
    use crate::time::Timestamp;

    pub(in crate::fault) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => serializer.collect_str(moment),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::fault) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let moment: Result<jiff::Timestamp, _> = text.parse();
        match moment {
            Ok(moment) => Ok(Some(Timestamp::from_jiff(moment))),
            Err(_) => Err(serde::de::Error::custom(format!(
                "'{text}' is no moment: say 2026-01-31T12:00:00Z"
            ))),
        }
    }
}
