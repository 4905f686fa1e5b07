//! The databases of a link with several: they come, are added and removed, on either side.
//!
//! Adding is propagated, removing is not (documented): what leaves SQL Server's availability group stays on the managed
//! instance until it is taken out of the link too, and the other way about.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::create::has_failed;
use super::{Coming, LinkGroup, check_settled, expected, members, together};
use crate::availability_group::{LocalGroup, Role};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::instance::Instance;
use crate::link::create::{add_link, check_database, remove_groups, start};
use crate::link::steps::{end_others, fail, set_mode, take_out};
use crate::link::{Link, LinkId, LinkRole, Phase, ReplicationMode, limits};
use crate::names::Name;
use crate::operation::OperationError;
use crate::refusal::{LinkError, LinkRefusal, Refusal};
use crate::world::{Timer, World};

/// A change of a link with several databases: what is none stays as it is.
#[derive(Clone, Debug)]
pub(in crate::link) struct Change {
    pub(in crate::link) databases: Option<Vec<Name>>,
    pub(in crate::link) mode: Option<ReplicationMode>,
}

/// The word of the accepting response to a PATCH (guess: like the one of the creation, which is observed).
const UPDATE: &str = "UpdateManagedFailoverGroup";

/// PATCH of a link with several databases: the complete set of its databases, or the replication mode, or both.
pub(in crate::link) fn change(
    world: &mut World,
    id: &LinkId,
    change: Change,
) -> Result<OperationId, Refusal> {
    let Change { databases, mode } = change;
    if databases.is_none() && mode.is_none() {
        return Err(LinkRefusal::BadMembers.into());
    }
    if let Some(wanted) = &databases {
        let distinct: BTreeSet<&Name> = wanted.iter().collect();
        if wanted.is_empty() || distinct.len() != wanted.len() {
            return Err(LinkRefusal::BadMembers.into());
        }
    }
    check_settled(world, id)?;
    check_not_failing_over(world, id)?;
    let changing = |link: &Arc<Link>| matches!(link.phase, Phase::Initiating | Phase::Connected);
    if together(world, id).iter().any(changing) {
        let name = id.name.to_string();
        return Err(LinkRefusal::Busy { name }.into());
    }
    let role = together(world, id)
        .first()
        .map_or(LinkRole::Secondary, |link| link.role);
    let mut more = 0;
    for database in databases.iter().flatten() {
        if !world.links.contains_key(&id.of_member(database)) {
            check_database(world, id.instance, database, role)?;
            more += 1;
        }
    }
    if more > 0 {
        more += expected(world, id.instance);
        limits::check_count(world, id.instance, more)?;
        limits::check_room(world, id.instance, role, more)?;
    }
    let operation = start(world, id, UPDATE);
    let due = world.now() + world.span(Transition::LinkUpdate);
    let Some(group) = group_mut(world, id) else {
        return Ok(operation);
    };
    group.operation = Some(operation);
    group.coming = Some(Coming::Changed { databases, mode });
    world.timers.arm(Timer::LinkMembers(id.clone()), due);
    Ok(operation)
}

/// While the roles change, no database joins.
pub(super) fn check_not_failing_over(world: &World, id: &LinkId) -> Result<(), Refusal> {
    let fails_over = |link: &Arc<Link>| matches!(link.phase, Phase::FailingOver { .. });
    match members(world, id).any(fails_over) {
        false => Ok(()),
        true => {
            let name = id.name.to_string();
            Err(LinkRefusal::Busy { name }.into())
        }
    }
}

/// What is about to come comes.
pub(crate) fn come(world: &mut World, id: &LinkId) {
    let Some(group) = group_mut(world, id) else {
        return;
    };
    let Some(coming) = group.coming.take() else {
        return;
    };
    match coming {
        Coming::Accepted(databases) => {
            let operation = group.operation.take();
            group.coming = Some(Coming::Established(databases));
            if let Some(operation) = operation {
                world.succeed_operation(operation, true);
            }
            let due = world.now() + world.span(Transition::LinkConnect);
            world.timers.arm(Timer::LinkMembers(id.clone()), due);
        }
        Coming::Established(databases) => {
            for database in databases {
                enter(world, id, &database);
            }
        }
        Coming::Changed { databases, mode } => {
            let operation = group.operation.take();
            if let Some(databases) = databases {
                become_set(world, id, &databases);
            }
            if let Some(mode) = mode {
                set_mode(world, id, mode);
            }
            if let Some(operation) = operation {
                world.succeed_operation(operation, true);
            }
        }
    }
}

/// The members that failed are tried again.
pub(super) fn try_again(world: &mut World, id: &LinkId) {
    let failed: Vec<Name> = members(world, id)
        .filter(|link| has_failed(&link.phase))
        .map(|link| link.spec.database.clone())
        .collect();
    for database in failed {
        take_out(world, &id.of_member(&database));
        enter(world, id, &database);
    }
}

/// The link goes with all its members.
pub(in crate::link) fn remove_whole(world: &mut World, id: &LinkId) {
    let Some(group) = world.link_groups.get(id).cloned() else {
        return;
    };
    world.timers.cancel(&Timer::LinkMembers(id.clone()));
    end_others(world, id);
    if let Some(operation) = group.operation {
        world.fail_operation(operation, OperationError::Link(LinkError::PartnerDropped));
    }
    if let Some(group) = group_mut(world, id) {
        group.operation = None;
        group.coming = None;
    }
    for member in names_of(world, id) {
        take_out(world, &id.of_member(&member));
    }
    world.link_groups.remove(id);
    let mut server = String::new();
    if world.instance(id.instance).is_some() {
        let instance = world.instance_mut(id.instance);
        remove_groups(instance, &id.name, &group.spec.instance_group);
        server = instance.name.to_string();
    }
    world.record(EventKind::LinkDropped {
        instance: server,
        link: id.name.to_string(),
    });
}

/// Brings the databases of every link in line with SQL Server's availability group.
pub(in crate::link) fn reconcile(world: &mut World) {
    if world.link_groups.is_empty() {
        return;
    }
    let ids: Vec<LinkId> = world.link_groups.keys().cloned().collect();
    for id in ids {
        follow(world, &id);
    }
}

fn follow(world: &mut World, id: &LinkId) {
    let Some(group) = world.link_groups.get(id).cloned() else {
        return;
    };
    let Some(there) = partner_databases(world, id) else {
        return;
    };
    if group.left_out.iter().any(|name| !there.contains(name)) {
        let left = group.left_out.iter().filter(|name| there.contains(*name));
        let left = left.cloned().collect();
        if let Some(group) = group_mut(world, id) {
            group.left_out = left;
        }
    }
    // Only the primary's side says which databases there are.
    let Some(primary) = primary(world, id).filter(|_| group.coming.is_none()) else {
        return;
    };
    if primary == id.instance {
        return;
    }
    for link in together(world, id) {
        let gone = !there.contains(&link.spec.database);
        if gone && !matches!(link.phase, Phase::Initiating | Phase::Failed { .. }) {
            // Its copy stays on the managed instance until it is taken out of the link, too.
            let database = link.spec.database.to_string();
            crate::link::failover::interrupt(world, &link.id);
            fail(
                world,
                &link.id,
                LinkError::DatabaseNotResponding { database },
            );
        }
    }
    for database in there {
        let known = world.links.contains_key(&id.of_member(&database));
        if known || group.left_out.contains(&database) {
            continue;
        }
        let room = limits::check_room(world, id.instance, LinkRole::Secondary, 1).is_ok()
            && limits::check_count(world, id.instance, 1).is_ok();
        enter(world, id, &database);
        if !room {
            let member = id.of_member(&database);
            let database = database.to_string();
            fail(world, &member, LinkError::NoCapacity { database });
        }
    }
}

/// The primary's instance, while the partners are connected and agree on it.
fn primary(world: &World, id: &LinkId) -> Option<InstanceId> {
    let links = together(world, id);
    let link = links.iter().find(|link| {
        link.connection.is_live() && !matches!(link.phase, Phase::FailingOver { .. })
    })?;
    let (source, _) = crate::link::direction_of(link)?;
    (link.role_on(world, source) == Some(Role::Primary)).then_some(source)
}

/// The databases of SQL Server's availability group, once the partner is known.
fn partner_databases(world: &World, id: &LinkId) -> Option<BTreeSet<Name>> {
    let partner = members(world, id).find_map(|link| link.partner)?;
    let group = world.link_groups.get(id)?;
    let local = local_group(world.instance(partner)?, group)?;
    let names = local.databases.iter().map(|member| member.name.clone());
    Some(names.collect())
}

fn local_group<'a>(partner: &'a Instance, group: &LinkGroup) -> Option<&'a LocalGroup> {
    partner.group(group.spec.partner_group.as_str())?.as_local()
}

/// When a link begins, it must have all databases of SQL Server's availability group: a subset cannot be chosen
/// (documented; that the first handshake says so is a guess).
pub(in crate::link) fn check_complete(
    world: &World,
    local: &LocalGroup,
    link: &Link,
) -> Result<(), LinkError> {
    if link.id.member.is_none() || link.phase != Phase::Initiating {
        return Ok(());
    }
    let begun = |link: &Arc<Link>| !matches!(link.phase, Phase::Initiating | Phase::Failed { .. });
    if members(world, &link.id).any(begun) {
        return Ok(());
    }
    let omitted = local
        .databases
        .iter()
        .find(|member| !world.links.contains_key(&link.id.of_member(&member.name)));
    match omitted {
        None => Ok(()),
        Some(member) => Err(LinkError::DatabaseOmitted {
            database: member.name.to_string(),
        }),
    }
}

/// The databases become exactly these.
fn become_set(world: &mut World, id: &LinkId, wanted: &[Name]) {
    let there: Vec<Name> = names_of(world, id);
    let in_group = partner_databases(world, id).unwrap_or_default();
    for database in there {
        if wanted.contains(&database) {
            continue;
        }
        take_out(world, &id.of_member(&database));
        if in_group.contains(&database)
            && let Some(group) = group_mut(world, id)
        {
            group.left_out.insert(database);
        }
    }
    for database in wanted {
        if let Some(group) = group_mut(world, id) {
            group.left_out.remove(database);
        }
        if !world.links.contains_key(&id.of_member(database)) {
            enter(world, id, database);
        }
    }
}

fn names_of(world: &World, id: &LinkId) -> Vec<Name> {
    let names = members(world, id).map(|link| link.spec.database.clone());
    names.collect()
}

/// A member begins, in the role and mode that the others have.
fn enter(world: &mut World, id: &LinkId, database: &Name) {
    let Some(group) = world.link_groups.get(id).cloned() else {
        return;
    };
    let Some((group_id, replicas)) = group.ids(world) else {
        return;
    };
    let others = together(world, id);
    let (role, mode) = others.first().map_or(
        (group.spec.instance_role, ReplicationMode::Async),
        |other| (other.role, other.replication_mode),
    );
    let member = id.of_member(database);
    add_link(
        world,
        member.clone(),
        group.spec.of(database),
        (group_id, replicas),
    );
    if let Some(link) = world.link_mut(&member) {
        link.role = role;
        link.replication_mode = mode;
    }
}

fn group_mut<'a>(world: &'a mut World, id: &LinkId) -> Option<&'a mut LinkGroup> {
    world.link_groups.get_mut(id).map(Arc::make_mut)
}
