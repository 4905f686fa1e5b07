//! Scenario files that nobody would write: each is a scenario, or wrong at a line that it has.

use std::fs;
use std::path::{Path, PathBuf};

use milink_scenarios::Scenario;
use proptest::prelude::*;

/// Every file of the suites.
fn suites() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("suites")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it is read").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    let read = |file| fs::read_to_string(file).expect("it is text");
    files.into_iter().map(read).collect()
}

const WORDS: &[&str] = &[
    "[[step]]",
    "[[case]]",
    "[topology]",
    "title",
    "sql",
    "arm",
    "expect",
    "until",
    "include",
    "with",
    "given",
    "repeat",
    "capture",
    "${x}",
    "${",
    "'''",
    "\"\"\"",
    "{ a = 1 }",
    "[]",
    "-1",
    "4294967295",
    "1e400",
    "nan",
    "2020-01-01",
    "true",
    "error = 1",
    "rows",
    "columns",
];

#[test]
fn hostile_files_are_read_or_refused() {
    let files = prop::sample::select(suites());
    milink_hostile::text(
        "scenario",
        250,
        files,
        WORDS,
        |text| match Scenario::parse(text) {
            Ok(scenario) => assert!(scenario.steps.len() <= 1_000 + text.len()),
            Err(error) => {
                let lines = 1 + text.matches('\n').count();
                // What is included has lines of its own.
                assert!(
                    error.place != "scenario" || (1..=lines).contains(&error.line),
                    "{error}"
                );
                assert!(!error.what.is_empty());
            }
        },
    );
}
