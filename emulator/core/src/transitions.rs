//! What is on its way in a world: which transitions wait, what a look by a client ends, and stepping by hand.

use crate::agent::Awaits;
use crate::command::Request;
use crate::durations::{Durations, Length, Transition};
use crate::ids::{IdSource, InstanceId, JobId};
use crate::link::{LinkId, Phase};
use crate::refusal::Refusal;
use crate::replica::{FollowPhase, ReplicaTimer, SecondaryId};
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// A transition that is on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Underway {
    /// Which.
    pub transition: Transition,
    /// Of what: a link's name, or an operation's id.
    pub of: String,
    /// When time ends it; none if time does not.
    pub due: Option<Timestamp>,
    /// How often clients have looked since it waits; counted only where time does not end it.
    pub polls: u32,
}

/// Ends everything now that a transition is on its way for, whatever its length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTransition {
    /// Which.
    pub transition: Transition,
}

/// Says how long things take from now on. What waits for polls or a step, and would not any more, takes its new length
/// from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetDurations {
    /// How long.
    pub durations: Durations,
}

impl World {
    /// How long `transition` takes this time. A draw depends on the world's seed and on what has happened, and on
    /// nothing else.
    pub fn span(&self, transition: Transition) -> Span {
        match self.durations.overrides.get(&transition) {
            None => self.durations.span(transition),
            Some(Length::Fixed(span)) => *span,
            Some(length) => {
                let turn = self.timers.count().rotate_left(32) ^ transition as u64;
                length.draw(&mut IdSource::new(self.azure.seed() ^ turn))
            }
        }
    }

    /// A client looks how things stand: what ends after so many polls comes nearer to it.
    pub fn poll(&mut self, now: Timestamp) {
        self.advance_to(now);
        if !self.timers.has_held() {
            return;
        }
        self.timers.look();
        let enough = |timer: &Timer, looks| {
            let length = self.durations.length(self.transition_of(timer)?);
            matches!(length, Length::Polls(polls) if looks >= polls).then(|| timer.clone())
        };
        let held = self
            .timers
            .armed()
            .filter(|(_, due, _)| *due == Timestamp::NEVER);
        let over: Vec<Timer> = held
            .filter_map(|(timer, _, looks)| enough(timer, looks))
            .collect();
        self.end_now(over);
    }

    /// Whether something waits for polls or a step.
    pub fn is_held(&self) -> bool {
        self.timers.has_held()
    }

    /// What is on its way, in the order of the transitions' owners.
    pub fn underway(&self) -> Vec<Underway> {
        let armed = self.timers.armed();
        armed
            .filter_map(|(timer, due, polls)| {
                Some(Underway {
                    transition: self.transition_of(timer)?,
                    of: owner(timer),
                    due: (due != Timestamp::NEVER).then_some(due),
                    polls,
                })
            })
            .collect()
    }

    /// What a timer is the end of; some end nothing that has a length of its own.
    fn transition_of(&self, timer: &Timer) -> Option<Transition> {
        match timer {
            Timer::Link(id) => self.link_transition(id),
            Timer::LinkInitTimeout(_) => Some(Transition::LinkInitTimeout),
            Timer::Reconnect(_) => Some(Transition::Reconnect),
            Timer::GroupsOnline(_) => Some(Transition::ServerStart),
            Timer::Job(instance, job) => self.job_transition(*instance, *job),
            Timer::LinkDeletion(..) => Some(Transition::LinkDelete),
            Timer::LinkUpdate(..) => Some(Transition::LinkUpdate),
            Timer::LinkMembers(id) => Some(self.link_groups.get(id)?.coming.as_ref()?.transition()),
            Timer::Replica(id, what) => self.replica_transition(*id, *what),
            Timer::Operation(id) => self
                .azure
                .pending
                .get(id)
                .map(|pending| pending.transition()),
            // A grace period is a setting of its group.
            Timer::FailoverGroup(_) => None,
            // How long partners wait for each other, and how long log travels, is no waiting for a step.
            Timer::SessionTimeout(_) | Timer::Redo(_) | Timer::FaultEnd(_) | Timer::InDoubt(..) => {
                None
            }
        }
    }

    /// A step that waits for its time, and not for what its T-SQL waits for.
    fn job_transition(&self, instance: InstanceId, job: JobId) -> Option<Transition> {
        let job = self.instance(instance)?.agent.jobs.get(&job)?;
        let waits = job.turn()?.awaits == Awaits::Time;
        waits.then_some(Transition::JobStep)
    }

    fn link_transition(&self, id: &LinkId) -> Option<Transition> {
        Some(match self.links.get(id)?.phase {
            Phase::Initiating => Transition::LinkConnect,
            Phase::Connected => Transition::SeedingStart,
            Phase::Seeding => Transition::SeedingMinimum,
            Phase::Recovering { .. } => Transition::Recovery,
            Phase::CatchUp { .. } => Transition::CatchUp,
            Phase::FailingOver { .. } => Transition::Failover,
            Phase::Reverting { .. } => Transition::Revert,
            Phase::Synchronizing { .. }
            | Phase::Yielded { .. }
            | Phase::Diverged
            | Phase::Failed { .. } => return None,
        })
    }

    fn replica_transition(&self, id: SecondaryId, what: ReplicaTimer) -> Option<Transition> {
        let member = match what {
            ReplicaTimer::Reconnect => return Some(Transition::Reconnect),
            ReplicaTimer::Silence | ReplicaTimer::Redo => return None,
            ReplicaTimer::Step(member) => member,
        };
        let secondary = self.replica_sets.get(&id.group)?.secondary(id.instance)?;
        Some(match secondary.databases.get(&member)?.phase {
            FollowPhase::Absent => Transition::SeedingStart,
            FollowPhase::Seeding => Transition::SeedingMinimum,
            FollowPhase::Recovering { .. } => Transition::Recovery,
            FollowPhase::CatchUp { .. } => Transition::CatchUp,
            FollowPhase::Split { .. } => Transition::Revert,
            FollowPhase::InStep { .. } => return None,
        })
    }

    /// Makes these timers due now, and lets what they are for happen.
    fn end_now(&mut self, timers: Vec<Timer>) {
        if timers.is_empty() {
            return;
        }
        let now = self.now;
        for timer in timers {
            self.timers.arm(timer, now);
        }
        self.advance_to(now);
    }
}

fn owner(timer: &Timer) -> String {
    match timer {
        Timer::Link(id)
        | Timer::LinkInitTimeout(id)
        | Timer::SessionTimeout(id)
        | Timer::Reconnect(id)
        | Timer::LinkDeletion(id, _)
        | Timer::LinkUpdate(id, ..)
        | Timer::LinkMembers(id)
        | Timer::Redo(id) => id.to_string(),
        Timer::Replica(id, _) => id.to_string(),
        Timer::FailoverGroup(id) => id.to_string(),
        Timer::Operation(id) => id.to_string(),
        Timer::FaultEnd(id) => id.to_string(),
        Timer::InDoubt(_, transaction) => transaction.to_string(),
        Timer::GroupsOnline(id) => id.to_string(),
        Timer::Job(_, job) => job.to_string(),
    }
}

impl Request for StepTransition {
    /// How many were on their way.
    type Reply = usize;

    fn apply(self, world: &mut World) -> Result<usize, Refusal> {
        let armed = world.timers.armed().map(|(timer, ..)| timer);
        let meant = armed.filter(|timer| world.transition_of(timer) == Some(self.transition));
        let meant: Vec<Timer> = meant.cloned().collect();
        let count = meant.len();
        world.end_now(meant);
        Ok(count)
    }
}

impl Request for SetDurations {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        world.durations = self.durations;
        let armed = world.timers.armed();
        let released: Vec<(Timer, Transition)> = armed
            .filter(|(_, due, _)| *due == Timestamp::NEVER)
            .filter_map(|(timer, ..)| Some((timer.clone(), world.transition_of(timer)?)))
            .filter(|(_, transition)| !world.durations.length(*transition).is_held())
            .collect();
        for (timer, transition) in released {
            let due = world.now + world.span(transition);
            world.timers.arm(timer, due);
        }
        Ok(())
    }
}
