//! What was found, for people and for programs.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::case::Case;
use super::difference::Difference;
use super::program::Ended;
use crate::calls::{Call, When};

/// Everything that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    calls: Vec<Call>,
    /// How many reruns there could be.
    possible: usize,
    /// How many were wanted.
    wanted: usize,
    counts: Counts,
    /// The reruns that were done, in the order of their calls; first the undisturbed one.
    reruns: Vec<Outcome>,
    /// The reruns that would be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listed: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    unharmed: usize,
    repaired: usize,
    unrepairable: usize,
    not_reached: usize,
    misled: usize,
}

/// How one rerun came out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    #[serde(flatten)]
    pub(super) case: Tried,
    pub(super) verdict: Verdict,
    /// The disturbed run said that all went well, and it did not.
    pub(super) misled: bool,
    first: Ended,
    /// What was wrong after it.
    left: Difference,
    second: Ended,
    /// What was still wrong after the second run.
    difference: Difference,
}

/// What was tried; none is the undisturbed program, run twice.
#[derive(Debug)]
pub(super) struct Tried(Option<Case>);

/// What became of a rerun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Verdict {
    /// The disturbed run itself did what it should.
    Unharmed,
    /// The second run did.
    Repaired,
    /// The second run failed, or left something else.
    Unrepairable,
    /// The call did not come this time.
    NotReached,
}

/// How many lines of a difference people are shown.
const MOST_LINES: usize = 8;
/// How wide such a line may be.
const LINE_WIDTH: usize = 160;
/// How much of a call's text people are shown.
const CALL_WIDTH: usize = 100;

impl Outcome {
    /// Judges a rerun.
    pub(super) fn judge(
        case: Option<Case>,
        reached: bool,
        first: Ended,
        left: Difference,
        second: Ended,
        difference: Difference,
    ) -> Self {
        let verdict = match () {
            () if !second.is_good() || !difference.is_empty() => Verdict::Unrepairable,
            () if !reached => Verdict::NotReached,
            () if first.is_good() && left.is_empty() => Verdict::Unharmed,
            () => Verdict::Repaired,
        };
        Self {
            case: Tried(case),
            verdict,
            misled: first.is_good() && !left.is_empty(),
            first,
            left,
            second,
            difference,
        }
    }

    /// In one line.
    pub(super) fn title(&self) -> String {
        match &self.case.0 {
            None => "run twice, undisturbed".to_owned(),
            Some(case) => {
                let text = cut(&case.call.text, CALL_WIDTH);
                let (number, server) = (case.call.number, &case.call.server);
                format!("call {number} ({server}: {text}): {}", case.fault())
            }
        }
    }

    /// Whether there is the same to say of another one.
    fn is_like(&self, other: &Self) -> bool {
        self.first.how() == other.first.how()
            && self.second.how() == other.second.how()
            && self.difference == other.difference
    }

    fn details(&self, text: &mut String) {
        let _ = writeln!(text, "  first run   {}", self.first.how());
        let _ = writeln!(text, "  second run  {}", self.second.how());
        if !self.second.is_good() {
            let lines: Vec<&str> = self.second.tail.lines().collect();
            for line in &lines[lines.len().saturating_sub(MOST_LINES)..] {
                let _ = writeln!(text, "    | {}", cut(line, LINE_WIDTH));
            }
        }
        if self.difference.is_empty() {
            return;
        }
        let _ = writeln!(text, "  state, compared to the undisturbed one:");
        let missing = self.difference.missing.iter().map(|line| ('-', line));
        let extra = self.difference.extra.iter().map(|line| ('+', line));
        let total = self.difference.missing.len() + self.difference.extra.len();
        for (sign, line) in missing.chain(extra).take(MOST_LINES) {
            let _ = writeln!(text, "    {sign} {}", cut(line, LINE_WIDTH));
        }
        if total > MOST_LINES {
            let _ = writeln!(text, "    … {} more", total - MOST_LINES);
        }
    }
}

impl Report {
    /// Nothing found yet.
    pub(super) fn new(calls: &[Call], possible: usize, wanted: usize) -> Self {
        Self {
            calls: calls.to_vec(),
            possible,
            wanted,
            counts: Counts::default(),
            reruns: Vec::new(),
            listed: Vec::new(),
        }
    }

    /// Enters a rerun.
    pub(super) fn add(&mut self, outcome: Outcome) {
        let count = match outcome.verdict {
            Verdict::Unharmed => &mut self.counts.unharmed,
            Verdict::Repaired => &mut self.counts.repaired,
            Verdict::Unrepairable => &mut self.counts.unrepairable,
            Verdict::NotReached => &mut self.counts.not_reached,
        };
        *count += 1;
        self.counts.misled += usize::from(outcome.misled);
        self.reruns.push(outcome);
    }

    /// Names the reruns that would be done.
    pub(super) fn list(&mut self, cases: Vec<Case>) {
        self.listed = cases.iter().map(Case::to_string).collect();
    }

    /// Whether a second run repairs everything.
    pub(super) fn is_repairable(&self) -> bool {
        self.counts.unrepairable == 0
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if !self.listed.is_empty() || self.reruns.is_empty() {
            for case in &self.listed {
                let _ = writeln!(text, "{case}");
            }
            let _ = writeln!(
                text,
                "{} calls, {} reruns of {} possible ones",
                self.calls.len(),
                self.wanted,
                self.possible
            );
            return text;
        }
        let bad = |outcome: &&Outcome| outcome.verdict == Verdict::Unrepairable;
        let bad: Vec<&Outcome> = self.reruns.iter().filter(bad).collect();
        for alike in bad.chunk_by(|one, other| one.is_like(other)) {
            for outcome in alike {
                let _ = writeln!(text, "✗ {}", outcome.title());
            }
            alike[0].details(&mut text);
        }
        for outcome in self.reruns.iter().filter(|outcome| outcome.misled) {
            let _ = writeln!(
                text,
                "! {}\n  the disturbed run succeeds, and leaves another state",
                outcome.title()
            );
        }
        let Counts {
            unharmed,
            repaired,
            unrepairable,
            not_reached,
            misled,
        } = self.counts;
        let _ = writeln!(
            text,
            "{} calls, {} reruns of {} possible ones: {unharmed} unharmed, {repaired} repaired by a second run, {unrepairable} not repaired",
            self.calls.len(),
            self.reruns.len(),
            // The undisturbed rerun is one more than there are faults.
            self.possible + 1
        );
        if not_reached > 0 {
            let _ = writeln!(
                text,
                "{not_reached} did not come to their call: the program makes other calls each time"
            );
        }
        if misled > 0 {
            let _ = writeln!(text, "{misled} said that all went well when it had not");
        }
        text
    }
}

impl Serialize for Tried {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            call: Option<&'a Call>,
            when: Option<When>,
            fault: String,
        }
        let case = self.0.as_ref();
        Shown {
            call: case.map(|case| &case.call),
            when: case.map(|case| case.when),
            fault: case.map_or_else(|| "none".to_owned(), Case::fault),
        }
        .serialize(serializer)
    }
}

/// The text, with its middle left out where it is too long.
fn cut(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let half = width / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head} … {tail}")
}
