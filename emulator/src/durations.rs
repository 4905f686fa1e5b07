//! Durations as people write them: `--durations azure,link-connect=5min`, `"1h 30min"`.

use milink_core::durations::{Durations, Length, Profile, Transition};
use milink_core::time::Span;

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
        let names: Vec<String> = Transition::ALL.iter().map(|t| name(*t)).collect();
        format!("'{text}' is no transition; there are {}", names.join(", "))
    })
}

/// A span such as `250ms`, `90s`, `5min`, `1h 30min`.
///
/// # Errors
///
/// It is not one, or it is negative.
pub fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text)
}

/// The length of a transition: what [`Length`] reads, if the transition can take it.
///
/// # Errors
///
/// It is not one, or the transition takes spans only.
pub fn length(of: Transition, text: &str) -> Result<Length, String> {
    let length: Length = text.parse()?;
    match of.takes(length) {
        true => Ok(length),
        false => Err(format!(
            "'{}' takes a span such as 5ms, not '{length}'",
            name(of)
        )),
    }
}

/// A profile and single transitions: `azure`, `fast,link-connect=2s`, `seeding-minimum=uniform(1min..10min)`,
/// `failover=stepped`, `recovery=polls(3)`.
///
/// # Errors
///
/// Names the part that is wrong.
pub fn parse(text: &str) -> Result<Durations, String> {
    let mut durations = Durations::default();
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            Some((word, text)) => {
                let transition = transition(word.trim())?;
                durations
                    .overrides
                    .insert(transition, length(transition, text)?);
            }
            None => {
                durations.profile = match part.to_ascii_lowercase().as_str() {
                    "instant" => Profile::Instant,
                    "fast" => Profile::Fast,
                    "azure" => Profile::Azure,
                    _ => {
                        return Err(format!(
                            "'{part}' is no durations profile: say fast, azure or instant, and transition=length"
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
        let held = parse("link-connect=stepped,recovery=polls(2)").unwrap();
        assert_eq!(held.length(Transition::LinkConnect), Length::Stepped);
        assert_eq!(held.length(Transition::Recovery), Length::Polls(2));
        for bad in [
            "",
            "slow",
            "link-connect",
            "link-conect=1s",
            "redo=-1s",
            "redo=soon",
            "redo=stepped",
            "network-latency=uniform(1ms..2ms)",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_transition_has_a_name_that_is_read_back() {
        for known in Transition::ALL {
            assert_eq!(transition(&name(known)), Ok(known));
        }
    }
}
