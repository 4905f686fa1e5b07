//! Runs a case against the core, and checks everything after every step.
//!
//! What is checked: every law of `milink_core::invariants`, those of a world and those of a step; that a refusal changed
//! nothing; that the time passes alike in one stretch or in two; and the reference model.

use std::fmt;
use std::sync::Arc;

use milink_core::World;
use milink_core::invariants;
use milink_core::time::Span;

use crate::action::Action;
use crate::lab::observe;

pub use crate::lab::Lab;
use crate::machine::Story;
use crate::reference::{Expected, Reference};

/// A law of the user's own: says what breaks it, if anything does.
pub type Law<'a> = &'a dyn Fn(&World) -> Option<String>;

/// What must not be, and is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// How many actions had been done, those of the beginning included; the last of them brought it about.
    pub after: usize,
    /// What is wrong.
    pub what: String,
}

/// What a case has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Actions.
    pub steps: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Planned failovers that went through.
    pub planned: u64,
    /// Forced failovers.
    pub forced: u64,
    /// Links that came in step.
    pub synchronized: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} actions: {}", self.after, self.what)
    }
}

/// Runs a case to its end.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn run(story: &Story, actions: &[Action], laws: &[Law<'_>]) -> Result<(Lab, Tally), Violation> {
    let mut runner = Runner::new(story);
    for action in story.beginning.iter().chain(actions) {
        runner.step(action, laws)?;
    }
    Ok((runner.lab, runner.tally))
}

/// A case that runs.
#[derive(Clone, Debug)]
pub struct Runner {
    story: Arc<Story>,
    lab: Lab,
    reference: Reference,
    tally: Tally,
    outcomes: Vec<bool>,
    last_value: Option<i64>,
}

impl Runner {
    /// A case in which nothing has been done, not even its beginning.
    pub fn new(story: &Story) -> Self {
        Self {
            story: Arc::new(story.clone()),
            lab: Lab::new(&story.plan, 7),
            reference: Reference::new(&story.plan),
            tally: Tally::default(),
            outcomes: Vec::new(),
            last_value: None,
        }
    }

    /// Does one action, and checks everything.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn step(&mut self, action: &Action, laws: &[Law<'_>]) -> Result<(), Violation> {
        match self.after(action, laws, |_| false) {
            Some((next, checked)) => {
                *self = next;
                checked
            }
            None => {
                self.went(false, None);
                Ok(())
            }
        }
    }

    /// What becomes of the case by one action, with everything checked; none if the action is refused, which changes nothing.
    /// The laws of a world are not asked again of one that is known to keep them.
    pub fn after(
        &self,
        action: &Action,
        laws: &[Law<'_>],
        known: impl FnOnce(&World) -> bool,
    ) -> Option<(Self, Result<(), Violation>)> {
        let expected = self.reference.expect(action);
        let mut lab = self.lab.clone();
        let outcome = lab.perform(action);
        let before = &self.lab.world;
        // Where nothing has changed, everything has been checked.
        let refused = outcome.is_err() && expected.allows(false);
        let kept = refused.then(|| invariants::check_refusal(before, &lab.world));
        if kept == Some(Ok(())) {
            return None;
        }
        let mut next = self.with(lab);
        next.went(outcome.is_ok(), outcome.as_ref().ok().copied().flatten());
        let checked = match (outcome, kept) {
            (_, Some(changed)) => changed,
            (Ok(value), None) if expected.allows(true) => {
                next.tally.accepted += 1;
                next.reference.accepted(action, value);
                let pauses = match action {
                    Action::Advance(seconds @ 2..) => {
                        check_pauses(before, &next.lab.world, *seconds)
                    }
                    _ => Ok(()),
                };
                pauses.and_then(|()| next.check(before, laws, known))
            }
            (Err(refused), None) => Err(format!("refused, and must be accepted: {refused:?}")),
            (Ok(_), None) => Err(match expected {
                Expected::Refused(why) => format!("accepted, and must be refused: {why}"),
                Expected::Accepted | Expected::Either => "accepted".to_owned(),
            }),
        };
        let after = next.outcomes.len();
        let checked = checked.map_err(|what| Violation {
            after,
            what: format!("{action:?}: {what}"),
        });
        Some((next, checked))
    }

    /// What becomes of the case when the time passes up to the next thing that happens by itself, with everything checked;
    /// none if nothing will.
    pub fn waited(
        &self,
        laws: &[Law<'_>],
        known: impl FnOnce(&World) -> bool,
    ) -> Option<(Self, Result<(), Violation>)> {
        let due = self.lab.world.next_due()?;
        let mut lab = self.lab.clone();
        lab.world.advance_to(due);
        let mut next = self.with(lab);
        next.went(true, None);
        let waited = due.since(self.lab.world.now()).as_seconds();
        next.reference
            .time_passes(u64::try_from(waited).unwrap_or_default());
        let checked = next.check(&self.lab.world, laws, known);
        let after = next.outcomes.len();
        let checked = checked.map_err(|what| Violation {
            after,
            what: format!("waiting: {what}"),
        });
        Some((next, checked))
    }

    /// The same case with another world.
    fn with(&self, lab: Lab) -> Self {
        Self {
            story: Arc::clone(&self.story),
            lab,
            reference: self.reference.clone(),
            tally: self.tally.clone(),
            outcomes: self.outcomes.clone(),
            last_value: None,
        }
    }

    /// Notes what came of an action.
    fn went(&mut self, accepted: bool, value: Option<i64>) {
        self.tally.steps += 1;
        self.outcomes.push(accepted);
        self.last_value = value;
    }

    /// How many values were written so far.
    pub fn values_written(&self) -> i64 {
        self.lab.values_written()
    }

    /// Which actions were accepted so far.
    pub fn outcomes(&self) -> &[bool] {
        &self.outcomes
    }

    /// The value that the last action has written, if it has.
    pub fn last_value(&self) -> Option<i64> {
        self.last_value
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.lab.world
    }

    /// What has been counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The reference model as it stands.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    fn check(
        &mut self,
        before: &World,
        laws: &[Law<'_>],
        known: impl FnOnce(&World) -> bool,
    ) -> Result<(), String> {
        let after = &self.lab.world;
        invariants::check_step(before, after)?;
        if !known(after) {
            invariants::check(after)?;
            // What a running server asks after every change must come to the same.
            invariants::check_since(before, after)
                .map_err(|what| format!("of the whole world it is not true that {what}"))?;
        }
        if let Some(broken) = laws.iter().find_map(|law| law(after)) {
            return Err(broken);
        }
        self.count(before.event_count());
        self.reference
            .look(observe(&self.lab.world, &self.story.plan))
    }

    fn count(&mut self, since: u64) {
        use milink_core::event::EventKind;
        for event in self.lab.world.events_after(since) {
            match event.kind {
                EventKind::FailedOver { forced: true, .. } => self.tally.forced += 1,
                EventKind::FailedOver { forced: false, .. } => self.tally.planned += 1,
                EventKind::LinkSynchronized { .. } => self.tally.synchronized += 1,
                _ => {}
            }
        }
    }
}

/// The same time in two stretches.
fn check_pauses(before: &World, after: &World, seconds: u32) -> Result<(), String> {
    let half = Span::seconds(i64::from(seconds / 2));
    let rest = Span::seconds(i64::from(seconds - seconds / 2));
    let mut halved = before.clone();
    invariants::advance_twice(&mut halved, half, rest);
    match invariants::same(&halved, after) {
        true => Ok(()),
        false => Err("the time passes otherwise in two stretches than in one".to_owned()),
    }
}

impl Tally {
    /// Adds what another case has come to.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.accepted += other.accepted;
        self.planned += other.planned;
        self.forced += other.forced;
        self.synchronized += other.synchronized;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} accepted; {} links in step, {} planned and {} forced failovers",
            self.steps, self.accepted, self.synchronized, self.planned, self.forced
        )
    }
}
