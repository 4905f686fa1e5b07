//! Laws of transactions that span instances.

use super::IN_DOUBT;
use super::record::PartState;
use crate::world::{Timer, World};

/// A part of a distributed transaction belongs to a session that is there, or is in doubt.
pub(crate) fn parts_have_sessions(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut parts = instance.distributed.iter();
        parts
            .find(|(_, part)| match part.in_doubt {
                Some(_) => part.session != IN_DOUBT,
                None => !instance.sessions.contains_key(&part.session),
            })
            .map(|(transaction, _)| format!("transaction {transaction} of {}", instance.name))
    })
}

/// A session that serves another one is there, and so is that one.
pub(crate) fn served_sessions_are_there(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut serves = instance.serves.iter();
        serves
            .find(|(session, by)| {
                let owner = world.instance(by.0);
                !instance.sessions.contains_key(*session)
                    || owner.is_none_or(|owner| !owner.sessions.contains_key(&by.1))
            })
            .map(|(session, _)| format!("session {session} of {}", instance.name))
    })
}

/// A part in doubt will ask how the transaction has ended, as long as there is somebody to ask.
pub(crate) fn doubts_end(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut doubtful = instance.distributed.iter().filter(|(_, part)| {
            part.in_doubt
                .is_some_and(|coordinator| world.instance(coordinator).is_some())
        });
        doubtful
            .find(|(id, _)| {
                world
                    .timers
                    .due(&Timer::InDoubt(instance.id, **id))
                    .is_none()
            })
            .map(|(transaction, _)| format!("transaction {transaction} of {}", instance.name))
    })
}

/// What is decided of a distributed transaction becomes of all its parts; those in doubt are still there to hear of it.
pub(crate) fn units_end_alike(world: &World) -> Option<String> {
    world.units.iter().find_map(|(unit, parts)| {
        let any = |wanted| parts.values().any(|state| *state == wanted);
        if any(PartState::Committed) && any(PartState::RolledBack) {
            return Some(format!("{unit} is committed and rolled back"));
        }
        let mut doubtful = parts
            .iter()
            .filter(|(_, state)| **state == PartState::InDoubt);
        let ((at, transaction), _) = doubtful.find(|((at, transaction), _)| {
            world.instance(*at).is_some_and(|instance| {
                let part = instance.distributed.get(transaction);
                part.is_none_or(|part| part.in_doubt.is_none() || part.unit != *unit)
            })
        })?;
        Some(format!(
            "transaction {transaction} of {at} of {unit} is gone"
        ))
    })
}
