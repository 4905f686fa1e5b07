//! What a run tells whoever watches it, and how its outcome is written: as a tree, as JUnit's XML, as JSON.

mod json;
mod junit;
mod tree;

use std::time::Duration;

pub use json::json;
pub use junit::junit;
pub use tree::{Style, Tree};

use crate::file::Step;
use crate::step::Came;

/// Watches a run.
pub trait Reporter: Send {
    /// Something happened.
    fn happened(&mut self, happening: Happening<'_>);
}

/// What happens in a run.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A step begins.
    StepBegins {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// The step.
        step: &'a Step,
        /// Where it goes.
        place: &'a str,
        /// What is sent, variables filled in.
        text: &'a str,
    },
    /// A step that is repeated is this far, in percent.
    Progress(u8),
    /// A step is over.
    StepEnds(&'a StepReport),
}

/// How a step went.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// Its title.
    pub title: String,
    /// The chapter it opened.
    pub chapter: Option<String>,
    /// Where it stands: file and line.
    pub at: String,
    /// Where it went.
    pub place: String,
    /// What was sent.
    pub text: String,
    /// What came of it, if it could be done at all.
    pub came: Option<Came>,
    /// Columns or pointers worth showing.
    pub show: Vec<String>,
    /// What differs from what was expected.
    pub failure: Option<String>,
    /// How long it took, in real time.
    pub took: Duration,
    /// How much time passed on the server, in seconds.
    pub simulated_seconds: f64,
}

/// A reporter that says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn happened(&mut self, _happening: Happening<'_>) {}
}

/// A time for people.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..0.1 => format!("{:.0} ms", seconds * 1000.0),
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!(
            "{:.0} min {:.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        ),
        _ => format!(
            "{:.0} h {:.0} min",
            (seconds / 3600.0).floor(),
            seconds % 3600.0 / 60.0
        ),
    }
}

/// How wide an unbroken text may be before its middle is left out: certificates are long.
const LONGEST_WORD: usize = 64;

/// Leaves out the middle of words that are too long to read.
pub fn shorten(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let length = word.chars().count();
        if length <= LONGEST_WORD {
            return word.to_owned();
        }
        let head: String = word.chars().take(24).collect();
        let tail: String = word.chars().skip(length - 8).collect();
        format!("{head}…{tail}")
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::file::{Case, Scenario};
    use crate::load::Trial;
    use crate::performance::{TrialReport, Verdict};
    use crate::runner::Summary;

    /// One that passed, one whose second step failed, and one that could not begin.
    pub(crate) fn some_reports() -> Vec<TrialReport> {
        let trial = |suite: &str, file: &str, name: &str, case: Option<&str>| Trial {
            suite: suite.to_owned(),
            scenario: Arc::new(Scenario {
                path: PathBuf::from(file),
                name: name.to_owned(),
                ..Scenario::parse("name = 'x'\nstep = []").unwrap()
            }),
            case: case.map(|name| Case {
                name: name.to_owned(),
                variables: Default::default(),
            }),
        };
        let step = |title: &str, took, failure: Option<&str>| StepReport {
            title: title.to_owned(),
            chapter: None,
            at: "two.toml:9".to_owned(),
            place: "sqlserver1".to_owned(),
            text: "SELECT 1 & 2".to_owned(),
            came: None,
            show: Vec::new(),
            failure: failure.map(str::to_owned),
            took: Duration::from_millis(took),
            simulated_seconds: 0.0,
        };
        let report = |trial, verdict, took, steps, simulated| TrialReport {
            trial,
            verdict,
            summary: Summary {
                steps,
                took: Duration::from_millis(took),
                simulated: Duration::from_secs(simulated),
            },
            took: Duration::from_millis(took),
            kept: None,
        };
        vec![
            report(
                trial("create", "create/one.toml", "One <link>", None),
                Verdict::Passed,
                100,
                vec![step("Make", 90, None)],
                7200,
            ),
            report(
                trial("create", "create/two.toml", "Two", None),
                Verdict::Failed,
                200,
                vec![
                    step("Make", 40, None),
                    step("Ask", 60, Some("count is 3, expected 2")),
                ],
                0,
            ),
            report(
                trial("limits", "limits/three.toml", "Three", Some("old")),
                Verdict::Broken("no world".to_owned()),
                50,
                Vec::new(),
                0,
            ),
        ]
    }
}
