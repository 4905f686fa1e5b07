//! Laws of transactions that span instances.

use super::IN_DOUBT;
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

/// A part in doubt will ask how the transaction has ended.
pub(crate) fn doubts_end(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut doubtful = instance
            .distributed
            .iter()
            .filter(|(_, part)| part.in_doubt.is_some());
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
