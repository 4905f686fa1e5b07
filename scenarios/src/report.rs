//! What a run tells whoever watches it.

use std::time::Duration;

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
#[derive(Debug)]
pub struct StepReport {
    /// Its title.
    pub title: String,
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
