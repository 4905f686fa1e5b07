//! A transaction on several instances: its parts are marked as such, and end together.
//!
//! The coordinator asks all parts whether they can commit, writes down that it does, and tells them. Of one that it has
//! not written down nothing is kept: presumed abort, as MS DTC has it.

use uuid::Uuid;

use super::Part;
use super::in_doubt::leave;
use super::record::PartState;
use crate::azure::TrustScope;
use crate::command::{Commit, Committed, Request, Rollback};
use crate::fault::{crash, distributed as faults};
use crate::ids::{InstanceId, SessionId, TransactionId};
use crate::network::Reach;
use crate::refusal::{DistributedRefusal, Refusal};
use crate::world::World;

/// The part of a distributed transaction that one instance has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The instance.
    pub instance: InstanceId,
    /// The session that has it.
    pub session: SessionId,
    /// The transaction there.
    pub transaction: TransactionId,
}

/// Makes a transaction part of a distributed one. Answers the unit of work, which all parts have in common.
#[derive(Clone, Copy, Debug)]
pub struct Enlist {
    /// The part.
    pub branch: Branch,
    /// The unit of work; none begins one.
    pub unit: Option<Uuid>,
}

/// Ends a distributed transaction well: on all instances, or on none.
#[derive(Clone, Debug)]
pub struct CommitDistributed {
    /// The part where it began.
    pub coordinator: Branch,
    /// The others.
    pub branches: Vec<Branch>,
}

/// How a commit of all parts has come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is decided: committed.
    Committed(Committed),
    /// It is decided: rolled back, though not every part has heard of it.
    Cancelled(DistributedRefusal),
    /// The coordinator has gone down on the way, and with it whoever asked: that one does not learn what is decided.
    CoordinatorDown,
}

impl Request for Enlist {
    type Reply = Uuid;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Uuid, Refusal> {
        let unit = self.unit.unwrap_or_else(|| world.ids.next_guid());
        let instance = world.instance_mut(self.branch.instance);
        let part = Part {
            session: self.branch.session,
            unit,
            in_doubt: None,
            recovered: false,
        };
        instance.distributed.insert(self.branch.transaction, part);
        Ok(unit)
    }
}

impl Request for CommitDistributed {
    type Reply = Ending;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Ending, Refusal> {
        let at = self.coordinator.instance;
        for branch in &self.branches {
            is_prepared(world, branch)?;
            if !can_be_told(world, at, branch.instance) {
                return Err(lost(world, branch).into());
            }
        }
        is_prepared(world, &self.coordinator)?;
        // Now all have promised to commit if they are told to.
        let votes = self.branches.iter();
        let lost_vote = votes
            .copied()
            .find(|branch| faults::bites(world, &faults::VOTE_LOST, branch.instance));
        if let Some(silent) = lost_vote {
            let refusal = lost(world, &silent);
            self.cancel(world, &silent);
            return Ok(Ending::Cancelled(refusal));
        }
        if faults::bites(world, &faults::COORDINATOR_UNDECIDED, at) {
            for branch in &self.branches {
                leave(world, branch, at);
            }
            self.ended(world, &self.coordinator, PartState::RolledBack);
            crash::restart(world, at);
            return Ok(Ending::CoordinatorDown);
        }
        self.commit(world)
    }
}

impl CommitDistributed {
    /// It is decided: every part commits, at once or when it hears of it.
    fn commit(&self, world: &mut World) -> Result<Ending, Refusal> {
        let at = self.coordinator.instance;
        let is_down = faults::bites(world, &faults::COORDINATOR_DECIDED, at);
        let mut down: Vec<InstanceId> = is_down.then_some(at).into_iter().collect();
        let mut reply = Committed::default();
        for branch in self.branches.iter().chain([&self.coordinator]) {
            let is_other = *branch != self.coordinator;
            let crashes =
                is_other && faults::bites(world, &faults::PARTICIPANT_DOWN, branch.instance);
            let hears_nothing =
                is_other && faults::bites(world, &faults::DECISION_LOST, branch.instance);
            if is_other && (is_down || crashes || hears_nothing) {
                leave(world, branch, at);
                if crashes && !down.contains(&branch.instance) {
                    down.push(branch.instance);
                }
                continue;
            }
            let commit = Commit {
                instance: branch.instance,
                transaction: branch.transaction,
            };
            // Before it forgets what unit it is of.
            self.ended(world, branch, PartState::Committed);
            reply.hardened = reply.hardened.max(commit.apply(world)?.hardened);
        }
        for instance in down {
            crash::restart(world, instance);
        }
        Ok(match is_down {
            true => Ending::CoordinatorDown,
            false => Ending::Committed(reply),
        })
    }

    /// It is decided: no part commits. One does not hear of it, having said that it could.
    fn cancel(&self, world: &mut World, silent: &Branch) {
        leave(world, silent, self.coordinator.instance);
        for branch in self.branches.iter().chain([&self.coordinator]) {
            if branch != silent {
                self.ended(world, branch, PartState::RolledBack);
                let undo = Rollback {
                    instance: branch.instance,
                    transaction: branch.transaction,
                    savepoint: None,
                };
                undo.apply(world).expect("undoing is never refused");
            }
        }
    }

    fn ended(&self, world: &mut World, branch: &Branch, state: PartState) {
        let instance = world.instance(branch.instance);
        let part = instance.and_then(|found| found.distributed.get(&branch.transaction));
        if let Some(unit) = part.map(|part| part.unit) {
            world
                .units
                .note(unit, branch.instance, branch.transaction, state);
        }
    }
}

/// Whether a part is still there: an instance that went down since has forgotten it.
fn is_prepared(world: &World, branch: &Branch) -> Result<(), Refusal> {
    let instance = world.instance(branch.instance);
    let there = instance.is_some_and(|instance| {
        instance.sessions.contains_key(&branch.session)
            && instance.distributed.contains_key(&branch.transaction)
    });
    match there {
        true => Ok(()),
        false => Err(lost(world, branch).into()),
    }
}

/// Whether the coordinator and a part hear each other: by the network, and by the trust between managed instances, which
/// may have ended since the part came in (that it is asked again then is a guess).
fn can_be_told(world: &World, at: InstanceId, to: InstanceId) -> bool {
    let managed = [at, to].map(|id| world.instance(id).is_some_and(|i| i.is_managed_instance()));
    let trusts = managed != [true, true]
        || world
            .azure
            .trust
            .is_effective(at, to, TrustScope::GlobalTransactions);
    trusts && hear_each_other(world, at, to)
}

/// Whether two instances reach each other, both ways.
pub(super) fn hear_each_other(world: &World, one: InstanceId, other: InstanceId) -> bool {
    let ways = [(one, other), (other, one)];
    ways.iter()
        .all(|(from, to)| world.parted(*from, *to) == Reach::Open)
}

fn lost(world: &World, branch: &Branch) -> DistributedRefusal {
    let instance = world.instance(branch.instance);
    DistributedRefusal::PartLost {
        instance: instance.map_or_else(String::new, |instance| instance.name.to_string()),
    }
}
