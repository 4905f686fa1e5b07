//! What a role change of a link stands on: formats, the way it may go, and databases that are open and follow nobody else.

use super::words_of;
use crate::availability_group::Role;
use crate::database::DatabaseState;
use crate::ids::{DatabaseId, InstanceId};
use crate::link::role;
use crate::link::{Link, LinkFailoverMode};
use crate::refusal::{FailoverRefusal, Refusal};
use crate::world::World;

/// Whether databases can live on either side and go back.
pub(super) fn check_formats(world: &World, link: &Link) -> Result<(), String> {
    let build = link.partner.and_then(|partner| world.instance(partner));
    let build = build.map(|partner| partner.build());
    let instance = world.instance(link.id.instance);
    let policy = instance
        .and_then(|instance| instance.as_managed_instance())
        .map(|mi| mi.update_policy);
    match (build, policy) {
        (Some(build), Some(policy)) if !policy.returns_to(build) => Err(build.to_string()),
        _ => Ok(()),
    }
}

/// `failoverMode` None is a link for one way: it is cut over by deleting it.
pub(super) fn check_two_way(link: &Link) -> Result<(), FailoverRefusal> {
    match link.spec.failover_mode {
        LinkFailoverMode::Manual => Ok(()),
        LinkFailoverMode::None => Err(FailoverRefusal::OneWay {
            group: words_of(&link.id),
        }),
    }
}

pub(super) fn is_open(world: &World, (instance, database): (InstanceId, DatabaseId)) -> bool {
    let found = world
        .instance(instance)
        .and_then(|instance| instance.databases.get(&database));
    found.is_some_and(|database| database.state == DatabaseState::Online)
}

/// A database with several links fails over through one of them from where it is primary and open: not from a side that
/// follows another one itself, and not twice at once. The other links stay: they go on from this side, which hands on
/// what it gets (documented of distributed availability groups, where a forwarder may feed another group; a guess for
/// links).
pub(super) fn check_is_open(world: &World, link: &Link, at: role::Flow) -> Result<(), Refusal> {
    let group = words_of(&link.id);
    let role = world.instance(at.source.0).and_then(|instance| {
        let database = instance.databases.get(&at.source.1)?;
        instance.role_of(database)
    });
    match role {
        Some(Role::Resolving) => Err(FailoverRefusal::InProgress { group }.into()),
        Some(Role::Secondary) => Err(FailoverRefusal::NotPrimary { group }.into()),
        Some(Role::Primary) | None => Ok(()),
    }
}

/// A side whose database follows another one already cannot become secondary of a second.
pub(super) fn check_follows_nobody(
    world: &World,
    link: &Link,
    instance: InstanceId,
) -> Result<(), Refusal> {
    let followed = || {
        let found = world.instance(instance)?;
        let copy = found.database(link.spec.database.as_str())?.copy.as_ref()?;
        Some(world.instance(copy.source.0)?.name.to_string())
    };
    let sides = [Some(link.id.instance), link.partner];
    match followed() {
        Some(primary) if sides.contains(&Some(instance)) => Err(FailoverRefusal::FollowsAnother {
            group: words_of(&link.id),
            primary,
        }
        .into()),
        _ => Ok(()),
    }
}
