//! How long things take in a topology's world: `[transitions]`.

use std::collections::BTreeMap;

use milink_core::durations::{Durations, Profile};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use crate::durations;

/// The key of the profile, besides the names of transitions.
const PROFILE: &str = "profile";
/// The key of how fast databases are seeded.
const SEEDING_RATE: &str = "seeding_bytes_per_second";

/// Reads the table: `profile`, `seeding_bytes_per_second`, and transitions by their names with lengths as `--durations`
/// takes them.
pub(super) fn read<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Durations>, D::Error> {
    let table = BTreeMap::<String, Value>::deserialize(source)?;
    from(&table).map(Some).map_err(Error::custom)
}

fn from(table: &BTreeMap<String, Value>) -> Result<Durations, String> {
    let mut durations = Durations::default();
    for (key, value) in table {
        match key.as_str() {
            PROFILE => durations.profile = profile(value)?,
            SEEDING_RATE => durations.seeding_bytes_per_second = Some(rate(value)?),
            name => {
                let transition = durations::transition(name)?;
                let text = value.as_str().ok_or_else(|| {
                    format!("'{name}' wants text such as \"5min\" or \"stepped\", not {value}")
                })?;
                let length = durations::length(transition, text)
                    .map_err(|error| format!("'{name}': {error}"))?;
                durations.overrides.insert(transition, length);
            }
        }
    }
    Ok(durations)
}

fn profile(value: &Value) -> Result<Profile, String> {
    Profile::deserialize(value.clone())
        .map_err(|_| format!("{value} is no profile: say \"fast\", \"azure\" or \"instant\""))
}

fn rate(value: &Value) -> Result<u64, String> {
    let rate = value.as_integer().and_then(|rate| u64::try_from(rate).ok());
    rate.filter(|rate| *rate > 0)
        .ok_or_else(|| format!("'{SEEDING_RATE}' wants a number of bytes, not {value}"))
}

#[cfg(test)]
mod tests {
    use milink_core::durations::{Length, Transition};
    use milink_core::time::Span;

    use super::super::Topology;

    #[test]
    fn a_file_says_how_long_things_take() {
        let text = r#"
            [transitions]
            profile = "azure"
            seeding_bytes_per_second = 1000000
            link-connect = "1h 30min"
            failover = "stepped"
            recovery = "polls(3)"
            redo = "250ms"
        "#;
        let durations = Topology::parse(text).expect("it is read").transitions;
        let durations = durations.expect("they are said");
        assert_eq!(durations.span(Transition::LinkConnect), Span::minutes(90));
        assert_eq!(durations.span(Transition::Redo), Span::milliseconds(250));
        assert_eq!(durations.length(Transition::Failover), Length::Stepped);
        assert_eq!(durations.length(Transition::Recovery), Length::Polls(3));
        assert_eq!(durations.seeding_rate(), Some(1_000_000));
        let silent = Topology::parse("").expect("everything has a default");
        assert_eq!(silent.transitions, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("link-dance = '5s'", "'link-dance' is no transition"),
            ("link-connect = 5", "'link-connect' wants text"),
            ("link-connect = 'soon'", "'link-connect': 'soon'"),
            ("redo = 'stepped'", "'redo' takes a span"),
            ("profile = 'slow'", "\"slow\" is no profile"),
            ("seeding_bytes_per_second = 0", "'seeding_bytes_per_second'"),
        ];
        for (line, named) in cases {
            let text = format!("[transitions]\n{line}\n");
            let error = Topology::parse(&text).expect_err(line);
            let error = format!("{error:#}");
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
