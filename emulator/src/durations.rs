//! Durations as people write them: `--durations azure,link-connect=5min`, `"1h 30min"`.

use milink_core::durations::{Durations, Profile, Transition};
use milink_core::time::Span;

/// Every transition, in the order they are shown.
pub const TRANSITIONS: [Transition; 18] = [
    Transition::InstanceCreate,
    Transition::InstanceUpdate,
    Transition::InstanceDelete,
    Transition::DatabaseCreate,
    Transition::NetworkWrite,
    Transition::GroupDelete,
    Transition::CertificateWrite,
    Transition::LinkConnect,
    Transition::LinkInitTimeout,
    Transition::SeedingStart,
    Transition::SeedingMinimum,
    Transition::Recovery,
    Transition::CatchUp,
    Transition::LinkDelete,
    Transition::LinkUpdate,
    Transition::NetworkLatency,
    Transition::Redo,
    Transition::Reconnect,
];

/// A transition's name, such as `link-connect`.
pub fn name(transition: Transition) -> String {
    match serde_json::to_value(transition) {
        Ok(serde_json::Value::String(name)) => name,
        _ => unreachable!("a transition is written as its name"),
    }
}

/// The transition of this name.
///
/// # Errors
///
/// There is none; says which there are.
pub fn transition(text: &str) -> Result<Transition, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| {
        let names: Vec<String> = TRANSITIONS.iter().map(|t| name(*t)).collect();
        format!("'{text}' is no transition; there are {}", names.join(", "))
    })
}

/// A span such as `250ms`, `90s`, `5min`, `1h 30min`.
///
/// # Errors
///
/// It is not one, or it is negative.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let wrong = || format!("'{text}' is no span of time: say 250ms, 90s, 5min or 1h 30min");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let nanoseconds = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| wrong())?
        .as_nanos();
    i64::try_from(nanoseconds / 100)
        .ok()
        .filter(|ticks| *ticks >= 0)
        .map(Span)
        .ok_or_else(wrong)
}

/// A profile and single transitions: `azure`, `fast,link-connect=2s`, `seeding-minimum=10min`.
///
/// # Errors
///
/// Names the part that is wrong.
pub fn parse(text: &str) -> Result<Durations, String> {
    let mut durations = Durations::default();
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            Some((word, span)) => {
                let transition = transition(word.trim())?;
                durations
                    .overrides
                    .insert(transition, parse_span(span.trim())?);
            }
            None => {
                durations.profile = match part.to_ascii_lowercase().as_str() {
                    "instant" => Profile::Instant,
                    "fast" => Profile::Fast,
                    "azure" => Profile::Azure,
                    _ => {
                        return Err(format!(
                            "'{part}' is no durations profile: say fast, azure or instant, and transition=span"
                        ));
                    }
                };
            }
        }
    }
    Ok(durations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_transitions_are_read() {
        let durations = parse("azure, link-connect=1h 30min,redo=250ms").unwrap();
        assert_eq!(durations.profile, Profile::Azure);
        assert_eq!(durations.span(Transition::LinkConnect), Span::minutes(90));
        assert_eq!(durations.span(Transition::Redo), Span::milliseconds(250));
        for bad in [
            "",
            "slow",
            "link-connect",
            "link-conect=1s",
            "redo=-1s",
            "redo=soon",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_transition_has_a_name_that_is_read_back() {
        for known in TRANSITIONS {
            assert_eq!(transition(&name(known)), Ok(known));
        }
    }
}
