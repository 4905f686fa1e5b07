//! A transaction on several instances: its parts are marked as such, and end together.

use uuid::Uuid;

use super::Part;
use crate::command::{Commit, Committed, Request};
use crate::fault;
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
        };
        instance.distributed.insert(self.branch.transaction, part);
        Ok(unit)
    }
}

impl Request for CommitDistributed {
    type Reply = Committed;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Committed, Refusal> {
        let (at, others) = (self.coordinator.instance, &self.branches);
        for branch in others {
            is_prepared(world, branch)?;
            let ways = [(at, branch.instance), (branch.instance, at)];
            if ways
                .iter()
                .any(|(from, to)| world.parted(*from, *to) != Reach::Open)
            {
                return Err(lost(world, branch).into());
            }
        }
        is_prepared(world, &self.coordinator)?;
        let mut reply = Committed::default();
        for branch in others.iter().chain([&self.coordinator]) {
            if *branch != self.coordinator && fault::distributed::is_lost(world, branch.instance) {
                super::in_doubt::leave(world, branch, at);
                continue;
            }
            let commit = Commit {
                instance: branch.instance,
                transaction: branch.transaction,
            };
            reply.hardened = reply.hardened.max(commit.apply(world)?.hardened);
        }
        Ok(reply)
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

fn lost(world: &World, branch: &Branch) -> DistributedRefusal {
    let instance = world.instance(branch.instance);
    DistributedRefusal::PartLost {
        instance: instance.map_or_else(String::new, |instance| instance.name.to_string()),
    }
}
