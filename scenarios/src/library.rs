//! What files refer to by name: prepared states and lists of steps that come with the runner.

use std::path::Path;

/// A named file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// As people find it.
    pub(crate) place: String,
    /// Its text.
    pub(crate) text: String,
}

macro_rules! given {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../given/", $name, ".toml")))),*]
    };
}

/// The prepared states that come with the runner, each built on the one its own `given` names.
const GIVEN: [(&str, &str); 28] = given![
    "trusted",
    "endpoint",
    "backed-up",
    "prepared",
    "group",
    "groups",
    "replicated",
    "linked",
    "in-sync",
    "failed-over",
    "split",
    "linked-from-instance",
    "several-ready",
    "several",
    "load-balancer",
    "link-service",
    "network",
    "private-endpoint",
    "approved",
    "private-zone",
    "peering",
    "template-way",
    "two-instances",
    "trusting-instances",
    "two-regions",
    "failover-group",
    "data-factory",
    "data-factory-article",
];

/// The names of the prepared states that come with the runner.
pub(crate) fn names() -> Vec<&'static str> {
    GIVEN.iter().map(|(name, _)| *name).collect()
}

/// The file of this name: a path beside the file that refers to it, or one that comes with the runner.
pub(crate) fn find(name: &str, beside: Option<&Path>) -> Result<Named, String> {
    if name.ends_with(".toml") {
        let folder = beside
            .and_then(Path::parent)
            .ok_or_else(|| format!("'{name}' is beside no file"))?;
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        return Ok(Named {
            place: path.display().to_string(),
            text,
        });
    }
    GIVEN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(name, text)| Named {
            place: format!("given/{name}.toml"),
            text: (*text).to_owned(),
        })
        .ok_or_else(|| {
            format!(
                "there is no prepared state '{name}'; there are {}, and files beside this one by their name with .toml",
                names().join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Scenario;

    #[test]
    fn every_prepared_state_is_read_and_built_on_one_that_is_there() {
        for (name, text) in GIVEN {
            let scenario = Scenario::read(text, Path::new(name)).expect(name);
            assert!(!scenario.steps.is_empty(), "{name} does nothing");
            assert!(!scenario.description.is_empty(), "{name} says nothing");
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_those_that_are_there() {
        let error = find("linkd", None).unwrap_err();
        assert!(
            error.contains("'linkd'") && error.contains("linked,"),
            "{error}"
        );
        let error = find("gone.toml", Some(Path::new("/nowhere/x.toml"))).unwrap_err();
        assert!(error.contains("/nowhere/gone.toml"), "{error}");
    }
}
