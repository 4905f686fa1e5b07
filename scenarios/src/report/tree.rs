//! The outcome as a tree for people: suite, scenario, and its steps where something failed or everything is asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::load::Trial;
use crate::performance::{TrialReport, Verdict};
use crate::report::{StepReport, shorten, span};
use crate::step::Came;

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// In colour.
    pub colour: bool,
    /// 0 shows the steps of what failed; 1 all steps; 2 also what was sent.
    pub detail: u8,
}

/// Writes a tree piece by piece, in the order of the trials whatever order they end in.
#[derive(Debug)]
pub struct Tree {
    style: Style,
    order: BTreeMap<String, usize>,
    waiting: BTreeMap<usize, String>,
    suites: Vec<String>,
    next: usize,
    passed: usize,
    failed: usize,
    simulated: Duration,
}

/// How many lines of what was sent a failure shows.
const MOST_LINES: usize = 24;

impl Tree {
    /// A tree of these trials.
    pub fn new(style: Style, trials: &[Trial]) -> Self {
        Self {
            style,
            order: trials
                .iter()
                .enumerate()
                .map(|(number, trial)| (key(trial), number))
                .collect(),
            waiting: BTreeMap::new(),
            suites: trials.iter().map(|trial| trial.suite.clone()).collect(),
            next: 0,
            passed: 0,
            failed: 0,
            simulated: Duration::ZERO,
        }
    }

    /// Takes in a report, and gives what can be written now.
    pub fn add(&mut self, report: &TrialReport) -> String {
        match report.verdict {
            Verdict::Passed => self.passed += 1,
            _ => self.failed += 1,
        }
        self.simulated += report.summary.simulated;
        let number = self.order.get(&key(&report.trial)).copied();
        self.waiting
            .insert(number.unwrap_or(self.next), self.written(report));
        let mut text = String::new();
        while let Some(part) = self.waiting.remove(&self.next) {
            let suite = &self.suites[self.next];
            if self.next == 0 || self.suites[self.next - 1] != *suite {
                let _ = writeln!(text, "{}", self.styled("1", suite));
            }
            text.push_str(&part);
            self.next += 1;
        }
        text
    }

    /// The last line.
    pub fn closing(&self, took: Duration) -> String {
        let counts = format!("{} passed, {} failed", self.passed, self.failed);
        let counts = match self.failed {
            0 => self.styled("32", &counts),
            _ => self.styled("31", &counts),
        };
        format!(
            "\n{counts} in {} (simulated {})\n",
            span(took),
            span(self.simulated)
        )
    }

    fn written(&self, report: &TrialReport) -> String {
        let mut text = String::new();
        let failed = report.verdict != Verdict::Passed;
        let mark = match failed {
            false => self.styled("32", "✓"),
            true => self.styled("31", "✗"),
        };
        let title = report.trial.title();
        let times = format!(
            "{}, simulated {}",
            span(report.took),
            span(report.summary.simulated)
        );
        let _ = writeln!(text, "  {mark} {title}  {}", self.styled("2", &times));
        if let Verdict::Broken(what) = &report.verdict {
            self.indented(&mut text, "31", what, 6);
        }
        if failed || self.style.detail > 0 {
            for (number, step) in report.summary.steps.iter().enumerate() {
                self.write_step(&mut text, number + 1, step);
            }
        }
        if let Some(world) = &report.kept {
            self.indented(&mut text, "33", &format!("its world is kept: {world}"), 6);
        }
        text
    }

    fn write_step(&self, text: &mut String, number: usize, step: &StepReport) {
        let mark = match &step.failure {
            None => self.styled("32", "✓"),
            Some(_) => self.styled("31", "✗"),
        };
        let took = self.styled("2", &span(step.took));
        let _ = writeln!(text, "      {mark} {number:>2} {}  {took}", step.title);
        if step.failure.is_some() || self.style.detail > 1 {
            let place = format!("{}  {}", step.place, step.at);
            self.indented(text, "2", &place, 11);
            self.indented(text, "2", &step.text, 13);
        }
        if let Some(failure) = &step.failure {
            self.indented(text, "31", failure, 11);
        } else if self.style.detail > 1
            && let Some(Came::Refused(refused)) = &step.came
        {
            let as_it_must = format!(
                "refused, as it must be: {} {}",
                refused.code, refused.message
            );
            self.indented(text, "32", &as_it_must, 11);
        }
    }

    fn indented(&self, text: &mut String, code: &str, what: &str, by: usize) {
        let count = what.lines().count();
        for line in what.lines().take(MOST_LINES) {
            let _ = writeln!(text, "{:by$}{}", "", self.styled(code, &shorten(line)));
        }
        if count > MOST_LINES {
            let more = format!("… {} lines more", count - MOST_LINES);
            let _ = writeln!(text, "{:by$}{}", "", self.styled(code, &more));
        }
    }

    fn styled(&self, code: &str, text: &str) -> String {
        match self.style.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// What tells a trial from others, even if two files have the same name.
fn key(trial: &Trial) -> String {
    let case = trial.case.as_ref().map_or("", |case| case.name.as_str());
    format!("{}\n{case}", trial.scenario.path.display())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::tests::some_reports;

    fn tree(style: Style) -> String {
        let reports = some_reports();
        let trials: Vec<Trial> = reports.iter().map(|report| report.trial.clone()).collect();
        let mut tree = Tree::new(style, &trials);
        // The last one ends first.
        let mut text = String::new();
        for report in reports.iter().rev() {
            text.push_str(&tree.add(report));
        }
        text + &tree.closing(Duration::from_millis(400))
    }

    #[test]
    fn trials_stand_in_order_with_the_steps_of_those_that_failed() {
        expect![[r#"
            create
              ✓ One <link>  0.1 s, simulated 2 h 0 min
              ✗ Two  0.2 s, simulated 0 ms
                  ✓  1 Make  40 ms
                  ✗  2 Ask  60 ms
                       sqlserver1  two.toml:9
                         SELECT 1 & 2
                       count is 3, expected 2
            limits
              ✗ Three: old  50 ms, simulated 0 ms
                  no world

            1 passed, 2 failed in 0.4 s (simulated 2 h 0 min)
        "#]]
        .assert_eq(&tree(Style::default()));
    }

    #[test]
    fn colour_is_only_there_when_it_is_asked_for() {
        let style = |colour| Style { colour, detail: 2 };
        assert!(!tree(style(false)).contains('\u{1b}'));
        assert!(tree(style(true)).contains("\u{1b}[31m✗\u{1b}[0m"));
    }
}
