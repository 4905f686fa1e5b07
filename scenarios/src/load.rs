//! Finds scenario files, reads them, and makes a list of what is to be run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file::{Case, Scenario};

/// One thing to run: a scenario, or one of its cases.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The folder the file is in.
    pub suite: String,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The case, if it has any.
    pub case: Option<Case>,
}

/// Why files cannot be run: everything that is wrong with any of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct LoadError(pub Vec<String>);

impl Trial {
    /// What it is called: the scenario's name, and the case's.
    pub fn title(&self) -> String {
        match &self.case {
            None => self.scenario.name.clone(),
            Some(case) => format!("{}: {}", self.scenario.name, case.name),
        }
    }

    /// A short name that says where it comes from: suite, file without its ending, case.
    pub fn id(&self) -> String {
        let file = self
            .scenario
            .path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        match &self.case {
            None => format!("{}/{file}", self.suite),
            Some(case) => format!("{}/{file}[{}]", self.suite, case.name),
        }
    }

    /// Whether one of these words is part of its title or id, in any case of letters; no words is all.
    pub fn is_meant(&self, words: &[String]) -> bool {
        let (title, id) = (self.title().to_lowercase(), self.id().to_lowercase());
        words.is_empty()
            || words
                .iter()
                .map(|word| word.to_lowercase())
                .any(|word| title.contains(&word) || id.contains(&word))
    }
}

/// Reads these files, and all files below these folders, in order of their names.
///
/// # Errors
///
/// A file cannot be read or is no scenario, or there is none at all.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Trial>, LoadError> {
    let mut wrong = Vec::new();
    let mut trials = Vec::new();
    for path in paths {
        match find(path) {
            Ok(files) if files.is_empty() => {
                wrong.push(format!("{} has no scenario files", path.display()));
            }
            Ok(files) => {
                for file in files {
                    match read(&file) {
                        Ok(scenario) => trials.extend(trials_of(scenario)),
                        Err(what) => wrong.push(what),
                    }
                }
            }
            Err(error) => wrong.push(format!("cannot read {}: {error}", path.display())),
        }
    }
    match wrong.is_empty() {
        true => Ok(trials),
        false => Err(LoadError(wrong)),
    }
}

fn trials_of(scenario: Scenario) -> Vec<Trial> {
    let scenario = Arc::new(scenario);
    let suite = scenario
        .path
        .parent()
        .and_then(Path::file_name)
        .map_or_else(
            || "scenarios".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
    let trial = |case| Trial {
        suite: suite.clone(),
        scenario: Arc::clone(&scenario),
        case,
    };
    match scenario.cases.as_slice() {
        [] => vec![trial(None)],
        cases => cases.iter().map(|case| trial(Some(case.clone()))).collect(),
    }
}

fn read(file: &Path) -> Result<Scenario, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Scenario::read(&text, file).map_err(|error| error.to_string())
}

fn find(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        // Links that point back would never end.
        if path.is_dir() && !path.is_symlink() {
            files.extend(find(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_become_a_list_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let suite = folder.path().join("suite");
        fs::create_dir(&suite).unwrap();
        fs::write(
            suite.join("b.toml"),
            "name = 'B'\nstep = []\n[[case]]\nname = 'one'\nx = 1\n[[case]]\nname = 'two'",
        )
        .unwrap();
        fs::write(suite.join("a.toml"), "name = 'A'\nstep = []").unwrap();
        fs::write(suite.join("readme.md"), "").unwrap();
        let trials = load(&[folder.path().to_owned()]).unwrap();
        let ids: Vec<_> = trials.iter().map(Trial::id).collect();
        assert_eq!(ids, ["suite/a", "suite/b[one]", "suite/b[two]"]);
        assert_eq!(trials[1].title(), "B: one");
        assert_eq!(trials[1].case.as_ref().unwrap().variables["x"].0, "1");
        assert!(trials[1].is_meant(&["B[ONE".to_owned()]));
        assert!(!trials[2].is_meant(&["one".to_owned()]));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.toml"), "nme = 'A'").unwrap();
        fs::write(folder.path().join("b.toml"), "name = 'B'\n\n[[step]]\n").unwrap();
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let error = load(&[
            folder.path().to_owned(),
            empty,
            folder.path().join("gone.toml"),
        ])
        .unwrap_err();
        assert_eq!(error.0.len(), 4, "{error}");
        assert!(error.0[0].contains("a.toml:1: "), "{error}");
        assert!(error.0[1].contains("b.toml:3: "), "{error}");
        assert!(error.0[2].contains("no scenario files"), "{error}");
        assert!(error.0[3].contains("gone.toml"), "{error}");
    }
}
