//! Parts of distributed transactions that are prepared and do not hear how it ended.
//!
//! Such a part keeps its locks, outlives its session and its instance's service, and belongs to session -2 (documented in
//! "KILL (Transact-SQL)"). It ends as the whole has, as soon as the coordinator can be asked; or as a person says, or the
//! option `in-doubt xact resolution` when the service starts ("in-doubt xact resolution (server configuration option)").

use std::sync::Arc;

use uuid::Uuid;

use super::Branch;
use super::commit::hear_each_other;
use super::record::PartState;
use crate::command::{Commit, Request, Rollback};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, SessionId, TransactionId};
use crate::refusal::{DistributedRefusal, Refusal};
use crate::world::{Timer, World};

/// What an instance knows of its part of a distributed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The session that has it; [`IN_DOUBT`] once it is left to itself.
    pub session: SessionId,
    /// What all parts have in common.
    pub unit: Uuid,
    /// The instance that decides, if this one has not heard of it.
    pub in_doubt: Option<InstanceId>,
    /// The service has started since, and found it in the log.
    pub recovered: bool,
}

/// `KILL 'unit of work'`: ends the part of a unit that is in doubt, whatever the others do.
#[derive(Clone, Copy, Debug)]
pub struct KillUnit {
    /// The instance.
    pub instance: InstanceId,
    /// The unit of work.
    pub unit: Uuid,
    /// WITH COMMIT, WITH ROLLBACK, or neither.
    pub commit: Option<bool>,
}

/// The session of parts in doubt.
pub const IN_DOUBT: SessionId = SessionId(-2);

/// `in-doubt xact resolution`, by its `configuration_id`; 0 leaves parts in doubt, 1 commits them, 2 rolls them back.
const RESOLUTION: i32 = 1570;

impl Request for KillUnit {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let parts = world.instance(self.instance).into_iter();
        let found = parts
            .flat_map(|instance| instance.distributed.iter())
            .find(|(_, part)| part.unit == self.unit)
            .map(|(id, part)| (*id, *part));
        let unit = self.unit.to_string().to_uppercase();
        let Some((transaction, part)) = found else {
            return Err(DistributedRefusal::NoUnit { unit }.into());
        };
        match (part.in_doubt, self.commit) {
            (None, None) => Err(DistributedRefusal::InUse { unit }.into()),
            (None, Some(_)) => Err(DistributedRefusal::NotPrepared { unit }.into()),
            (Some(_), None) => Err(DistributedRefusal::Prepared { unit }.into()),
            (Some(_), Some(commit)) => {
                end(world, self.instance, transaction, commit, PartState::ByHand);
                Ok(())
            }
        }
    }
}

/// Leaves a part to itself: the decision has not come.
pub(super) fn leave(world: &mut World, branch: &Branch, coordinator: InstanceId) {
    let instance = world.instance_mut(branch.instance);
    let name = instance.name.to_string();
    let Some(part) = instance.distributed.get_mut(&branch.transaction) else {
        return;
    };
    part.session = IN_DOUBT;
    part.in_doubt = Some(coordinator);
    let unit = part.unit;
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
    let (at, transaction) = (branch.instance, branch.transaction);
    world.units.note(unit, at, transaction, PartState::InDoubt);
    world.record(EventKind::TransactionInDoubt {
        instance: name,
        unit: unit.to_string(),
    });
    ask_again(world, at, transaction);
}

/// Asks the coordinator, and ends the part as it says. One that is gone will never answer.
pub(crate) fn resolve(world: &mut World, instance: InstanceId, transaction: TransactionId) {
    let part = world
        .instance(instance)
        .and_then(|found| found.distributed.get(&transaction).copied());
    let Some((part, coordinator)) = part.and_then(|part| Some((part, part.in_doubt?))) else {
        return;
    };
    if world.instance(coordinator).is_none() {
        return;
    }
    if !hear_each_other(world, instance, coordinator) {
        return ask_again(world, instance, transaction);
    }
    let (commit, state) = match world.units.is_committed_at(part.unit, coordinator) {
        true => (true, PartState::Committed),
        false => (false, PartState::RolledBack),
    };
    end(world, instance, transaction, commit, state);
}

/// The service of an instance starts: what it finds in doubt is ended as the option says, unless the coordinator can be
/// asked.
pub(crate) fn recover(world: &mut World, id: InstanceId) {
    let Some(instance) = world.instance(id) else {
        return;
    };
    if instance.distributed.is_empty() {
        return;
    }
    let option = instance.configuration.get(&RESOLUTION);
    let commit = match option.map_or(0, |option| option.in_use) {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    };
    let parts = instance.distributed.iter();
    let doubtful: Vec<_> = parts
        .filter_map(|(transaction, part)| Some((*transaction, part.in_doubt?)))
        .collect();
    for (transaction, coordinator) in doubtful {
        if let Some(part) = world.instance_mut(id).distributed.get_mut(&transaction) {
            part.recovered = true;
        }
        if let Some(commit) = commit
            && !hear_each_other(world, id, coordinator)
        {
            end(world, id, transaction, commit, PartState::ByHand);
        }
    }
}

/// Ends a part that was in doubt.
fn end(
    world: &mut World,
    instance: InstanceId,
    transaction: TransactionId,
    commit: bool,
    state: PartState,
) {
    let Some(found) = world.instance(instance) else {
        return;
    };
    let name = found.name.to_string();
    let Some(unit) = found.distributed.get(&transaction).map(|part| part.unit) else {
        return;
    };
    let timer = Timer::InDoubt(instance, transaction);
    world.timers.cancel(&timer);
    let undo = Rollback {
        instance,
        transaction,
        savepoint: None,
    };
    let mut state = state;
    if commit {
        let commit = Commit {
            instance,
            transaction,
        };
        let mut draft = world.clone();
        match commit.apply(&mut draft) {
            Ok(_) => *world = draft,
            // The database has changed its role meanwhile, and with it lost what was open.
            Err(_) => {
                state = PartState::Lost;
                undo.apply(world).expect("undoing is never refused");
            }
        }
    } else {
        undo.apply(world).expect("undoing is never refused");
    }
    world.units.note(unit, instance, transaction, state);
    world.record(EventKind::DoubtEnded {
        instance: name,
        unit: unit.to_string(),
        outcome: match (state, commit) {
            (PartState::Lost, _) => "lost",
            (_, true) => "committed",
            (_, false) => "rolledBack",
        },
    });
}

fn ask_again(world: &mut World, instance: InstanceId, transaction: TransactionId) {
    let due = world.now()
        + world
            .span(Transition::Reconnect)
            .max(crate::time::Span::milliseconds(1));
    world.timers.arm(Timer::InDoubt(instance, transaction), due);
}
