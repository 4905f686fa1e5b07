//! Laws of a step: what is true between a world and what became of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::availability_group::{AvailabilityGroup, GroupKind, Role};
use crate::database::Database;
use crate::event::EventKind;
use crate::ids::DatabaseId;
use crate::lsn::Lsn;
use crate::operation::OperationState;
use crate::time::Span;
use crate::world::World;

/// A law of a step, from a world to what became of it: says what breaks it, if anything does.
type StepLaw = fn(&World, &World) -> Option<String>;

/// Every law of a step, by name.
pub const STEP_LAWS: &[(&str, StepLaw)] = &[
    ("time does not run backwards", time_runs_forwards),
    ("events are numbered on", events_are_numbered_on),
    (
        "roles change only with a change on record",
        roles_change_on_record,
    ),
    (
        "an operation that is over stays as it is",
        ended_operations_stay,
    ),
    ("a role change stays on record", role_changes_stay_on_record),
    (
        "a log only grows, but for the side that goes back after a split",
        logs_grow,
    ),
    (
        "a copy keeps what it has hardened until it has redone it",
        hardened_is_kept,
    ),
];

/// Checks every law of a step, and names the first that is broken.
///
/// # Errors
///
/// The law's name and what breaks it.
pub fn check_step(before: &World, after: &World) -> Result<(), String> {
    STEP_LAWS
        .iter()
        .try_for_each(|(name, law)| match law(before, after) {
            None => Ok(()),
            Some(what) => Err(format!("{name}: {what}")),
        })
}

/// A refused command changes nothing.
///
/// # Errors
///
/// It did.
pub fn check_refusal(before: &World, after: &World) -> Result<(), String> {
    match same(before, after) {
        true => Ok(()),
        false => Err("a refused command changes nothing: it changed the world".to_owned()),
    }
}

/// Whether two worlds are equal. What they share is not looked into, so that what became of a world is compared quickly.
pub fn same(one: &World, other: &World) -> bool {
    let (mut one, mut other) = (one.clone(), other.clone());
    for id in one.instances.keys().copied().collect::<Vec<_>>() {
        let pair = (one.instances.get_mut(&id), other.instances.get_mut(&id));
        let (Some(here), Some(there)) = pair else {
            return false;
        };
        if !Arc::ptr_eq(here, there) {
            let (here, there) = (Arc::make_mut(here), Arc::make_mut(there));
            let shared = |id: &DatabaseId, found: &Arc<Database>| {
                there
                    .databases
                    .get(id)
                    .is_some_and(|other| Arc::ptr_eq(found, other))
            };
            let databases = here.databases.iter();
            let shared = databases
                .filter(|(id, found)| shared(id, found))
                .map(|(id, _)| *id);
            for id in shared.collect::<Vec<_>>() {
                here.databases.remove(&id);
                there.databases.remove(&id);
            }
            continue;
        }
        one.instances.remove(&id);
        other.instances.remove(&id);
    }
    one == other
}

/// Lets the time pass in two stretches, which must come to the same as one.
pub fn advance_twice(world: &mut World, first: Span, second: Span) {
    let halfway = world.now() + first;
    world.advance_to(halfway);
    world.advance_to(halfway + second);
}

fn time_runs_forwards(before: &World, after: &World) -> Option<String> {
    (after.now() < before.now()).then(|| format!("{} after {}", after.now(), before.now()))
}

fn events_are_numbered_on(before: &World, after: &World) -> Option<String> {
    let expected = before.event_count() + 1;
    let first = after.events_after(before.event_count()).next();
    let told = after.event_count().saturating_sub(before.event_count());
    // Only so many are remembered.
    let gap = first.is_some_and(|event| event.sequence != expected) && told < REMEMBERED_EVENTS;
    (after.event_count() < before.event_count() || gap).then(|| {
        format!(
            "{} events after {}",
            after.event_count(),
            before.event_count()
        )
    })
}

/// A world remembers at least so many events.
const REMEMBERED_EVENTS: u64 = 10_000;

fn roles_change_on_record(before: &World, after: &World) -> Option<String> {
    after.instances.iter().find_map(|(id, now)| {
        let was = before.instances.get(id)?;
        now.groups.values().find_map(|group| {
            let role = role_in(group);
            let before_it = was.group(group.name.as_str())?;
            let same_kind = before_it.as_local().is_some() == group.as_local().is_some();
            let old = role_in(before_it);
            if old == role || !same_kind {
                return None;
            }
            let told = after.events_after(before.event_count()).any(|event| {
                let (instance, name) = match &event.kind {
                    EventKind::RoleChanged {
                        instance, group, ..
                    }
                    | EventKind::GroupCreated {
                        instance, group, ..
                    } => (instance, group),
                    EventKind::LinkRequested { instance, link } => (instance, link),
                    EventKind::ReplicaJoined { instance, group } => (instance, group),
                    _ => return false,
                };
                now.name.is(instance) && group.name.is(name)
            });
            (!told).then(|| format!("{} on {}: {old:?} to {role:?}", group.name, now.name))
        })
    })
}

fn role_in(group: &AvailabilityGroup) -> Role {
    match &group.kind {
        GroupKind::Local(local) => local.role,
        GroupKind::Distributed(pair) => pair.role,
    }
}

fn ended_operations_stay(before: &World, after: &World) -> Option<String> {
    before.operations.values().find_map(|was| {
        let now = after.operation(was.id)?;
        (was.state != OperationState::InProgress && now.state != was.state)
            .then(|| format!("{} was {:?} and is {:?}", was.id, was.state, now.state))
    })
}

fn role_changes_stay_on_record(before: &World, after: &World) -> Option<String> {
    before.links.values().find_map(|was| {
        let now = after.links.get(&was.id)?;
        // A link that was deleted and made anew has a record of its own.
        if now.created != was.created && now.role_changes.is_empty() {
            return None;
        }
        let last = was.role_changes.last()?;
        let kept = now
            .role_changes
            .iter()
            .any(|change| (change.at, change.primary) == (last.at, last.primary));
        (!kept).then(|| format!("{} forgets {last:?}", was.id.name))
    })
}

fn logs_grow(before: &World, after: &World) -> Option<String> {
    before.instances.iter().find_map(|(id, was)| {
        let now = after.instances.get(id)?;
        was.databases.iter().find_map(|(id, old)| {
            let new = now.databases.get(id).filter(|new| new.guid == old.guid)?;
            let went_back = || {
                after.events_after(before.event_count()).any(|event| {
                    matches!(&event.kind, EventKind::Reverting { database, .. } if old.name.is(database))
                })
            };
            let shorter = new.log.end() < old.log.end();
            (shorter && !went_back()).then(|| {
                format!(
                    "{} on {} ended at {} and ends at {}",
                    old.name,
                    now.name,
                    old.log.end(),
                    new.log.end()
                )
            })
        })
    })
}

fn hardened_is_kept(before: &World, after: &World) -> Option<String> {
    before.instances.iter().find_map(|(id, was)| {
        let now = after.instances.get(id)?;
        was.databases.iter().find_map(|(id, old)| {
            let new = now.databases.get(id).filter(|new| !Arc::ptr_eq(new, old))?;
            let redone = new.copy.as_ref()?.redone;
            let known: BTreeSet<Lsn> = new.unredone().map(|entry| entry.lsn).collect();
            // A side that goes back after a split has a shorter log.
            let mut due = old
                .unredone()
                .filter(|entry| entry.lsn > redone && entry.end <= new.log.end());
            let lost = due.find(|entry| !known.contains(&entry.lsn))?;
            Some(format!(
                "{} on {} lost {} and has redone {redone}",
                old.name, now.name, lost.lsn
            ))
        })
    })
}
