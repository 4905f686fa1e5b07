//! Parts of a distributed transaction that are prepared and do not hear how it ended.
//!
//! Such a part keeps its locks, outlives its session and its instance's service, and belongs to session -2 (documented in
//! "KILL (Transact-SQL)"). It ends as the whole has, as soon as the coordinator can be asked.

use std::sync::Arc;

use uuid::Uuid;

use super::Branch;
use crate::command::{Commit, Request, Rollback};
use crate::durations::Transition;
use crate::ids::{InstanceId, SessionId, TransactionId};
use crate::network::Reach;
use crate::world::{Timer, World};

/// What an instance knows of its part of a distributed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The session that has it; [`IN_DOUBT`] once it is left to itself.
    pub session: SessionId,
    /// What all parts have in common.
    pub unit: Uuid,
    /// The instance that has decided to commit, if this one has not heard of it.
    pub in_doubt: Option<InstanceId>,
}

/// The session of parts in doubt.
pub const IN_DOUBT: SessionId = SessionId(-2);

/// Leaves a part to itself: the decision to commit has not come.
pub(super) fn leave(world: &mut World, branch: &Branch, coordinator: InstanceId) {
    let instance = world.instance_mut(branch.instance);
    if let Some(part) = instance.distributed.get_mut(&branch.transaction) {
        part.session = IN_DOUBT;
        part.in_doubt = Some(coordinator);
    }
    let written: Vec<_> = instance
        .databases
        .values()
        .filter(|database| database.transactions.contains_key(&branch.transaction))
        .map(|database| database.id)
        .collect();
    for id in written {
        let database = instance.database_mut(id).expect("listed a moment ago");
        if let Some(open) = database.transactions.get_mut(&branch.transaction) {
            Arc::make_mut(open).session = IN_DOUBT;
        }
    }
    ask_again(world, branch.instance, branch.transaction);
}

/// Asks the coordinator, and ends the part as it says.
pub(crate) fn resolve(world: &mut World, instance: InstanceId, transaction: TransactionId) {
    let part = world
        .instance(instance)
        .and_then(|found| found.distributed.get(&transaction).copied());
    let Some(coordinator) = part.and_then(|part| part.in_doubt) else {
        return;
    };
    let ways = [(instance, coordinator), (coordinator, instance)];
    let gone = world.instance(coordinator).is_none();
    let silent = ways
        .iter()
        .any(|(from, to)| world.parted(*from, *to) != Reach::Open);
    if silent && !gone {
        return ask_again(world, instance, transaction);
    }
    let commit = Commit {
        instance,
        transaction,
    };
    let mut draft = world.clone();
    match commit.apply(&mut draft) {
        Ok(_) => *world = draft,
        // The database has changed its role meanwhile, and with it lost what was open.
        Err(_) => {
            let undo = Rollback {
                instance,
                transaction,
                savepoint: None,
            };
            undo.apply(world).expect("undoing is never refused");
        }
    }
}

fn ask_again(world: &mut World, instance: InstanceId, transaction: TransactionId) {
    let due = world.now()
        + world
            .span(Transition::Reconnect)
            .max(crate::time::Span::milliseconds(1));
    world.timers.arm(Timer::InDoubt(instance, transaction), due);
}
