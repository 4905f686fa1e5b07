//! What becomes of links when another replica of SQL Server's own group becomes primary: they go on with that one, if their
//! address leads there.
//!
//! A distributed group belongs to its member group, and goes where the primary role goes (page "Configure a distributed
//! availability group": the listener's address finds the new primary, a machine's has to be changed by hand). That secondary
//! replicas do not show it is a guess.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::role_change::{revert_copy, revert_followers};
use super::steps::{arm_step, disconnect, enter, words};
use super::{Fork, Link, LinkId, LinkRole, Phase, handshake};
use crate::availability_group::AvailabilityGroup;
use crate::database::DatabaseState;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, GroupId, InstanceId};
use crate::names::Name;
use crate::refusal::LinkError;
use crate::world::World;

/// Ends the connections of the links over a group that are about to go from one replica to another, and says which those are.
/// A server that goes on as primary keeps those whose address does not lead to the other.
pub(crate) fn let_go(
    world: &mut World,
    group: &Name,
    (from, to): (InstanceId, InstanceId),
    keeps: bool,
) -> Vec<LinkId> {
    let halves: Vec<Name> = halves_over(world, group, from)
        .iter()
        .map(|half| half.name.clone())
        .collect();
    let local = world
        .instance(from)
        .and_then(|server| server.group(group.as_str()));
    let local = local.map(|local| local.id);
    // Its half may have been dropped, and its database be in the group all the same.
    let replicates = |link: &Link| {
        let on_primary = link.role == LinkRole::Secondary;
        let database = super::linked_database(world, link, on_primary);
        database
            .and_then(|found| found.group)
            .is_some_and(|(id, _)| Some(id) == local)
    };
    let links = world.links.values().filter(|link| {
        link.partner == Some(from)
            && (halves.contains(&link.id.name) || replicates(link))
            && (!keeps || handshake::addressed(world, link) == Some(to))
    });
    let links: Vec<Arc<Link>> = links.cloned().collect();
    for link in &links {
        let endpoint = link.partner_endpoint().to_owned();
        disconnect(world, &link.id, LinkError::PartnerUnreachable { endpoint });
    }
    links.iter().map(|link| link.id.clone()).collect()
}

/// Gives the distributed groups over a group to another replica of it.
pub(crate) fn hand_distributed(
    world: &mut World,
    group: &Name,
    (from, to): (InstanceId, InstanceId),
    keeps: bool,
) {
    for half in halves_over(world, group, from) {
        let server = world.instance_mut(to);
        // What it has of this name is from when it was primary before.
        let before = server.group(half.name.as_str()).map(|group| group.id);
        if let Some(before) = before {
            server.groups.remove(&before);
        }
        server.groups.insert(half.id, Arc::clone(&half));
        if !keeps {
            world.instance_mut(from).groups.remove(&half.id);
        }
    }
}

/// Links go on with another replica of SQL Server's group, once they can connect with it; who is further than its history goes back
/// to where that parts.
pub(crate) fn go_over(
    world: &mut World,
    links: &[LinkId],
    to: InstanceId,
    forks: &BTreeMap<Name, Fork>,
) {
    for id in links {
        let Some(link) = world.links.get(id).cloned() else {
            continue;
        };
        let fork = forks.get(&link.spec.database);
        let there = world
            .instance(to)
            .and_then(|server| server.database(link.spec.database.as_str()))
            .map(|found| found.id);
        if let Some(changed) = world.link_mut(id) {
            changed.partner = Some(to);
            // The new primary may not reach as far as where the sides parted.
            if let (Some(parted), Some(fork)) = (&mut changed.fork, fork)
                && fork.common < parted.common
            {
                *parted = fork.clone();
            }
        }
        let (Some(target), Some(there)) = (link.phase.target(), there) else {
            continue;
        };
        match link.role {
            LinkRole::Primary => enter(world, id, link.phase.clone().with_target(there)),
            LinkRole::Secondary => follow(world, &link, target, (to, there), fork),
        }
    }
}

/// The managed instance's copy follows the new primary's database.
fn follow(
    world: &mut World,
    link: &Link,
    target: DatabaseId,
    source: (InstanceId, DatabaseId),
    fork: Option<&Fork>,
) {
    let target = (link.id.instance, target);
    let copy = world.instance_mut(target.0).database_mut(target.1);
    if let Some(position) = copy.and_then(|copy| copy.copy.as_mut()) {
        position.source = source;
    }
    let Some(fork) = fork else {
        return;
    };
    let Some(reverted) = revert_copy(world, target, source, fork) else {
        return;
    };
    // Who has given the primary role up has still to get what it has kept.
    let waits = matches!(link.phase, Phase::Yielded { .. });
    if !waits {
        reverted.state = DatabaseState::Recovering;
        enter(world, &link.id, Phase::Reverting { target: target.1 });
        arm_step(world, &link.id, Transition::Revert);
    }
    revert_followers(world, target, fork);
    crate::replica::revert_from(world, target, fork);
    let (instance, link, database) = words(world, &link.id);
    world.record(EventKind::Reverting {
        instance,
        link,
        database,
        discarded: 0,
    });
}

/// `MODIFY AVAILABILITY GROUP ON … LISTENER_URL` of SQL Server's own member: from now on its links look for it there. That SQL Server
/// tells the managed instance so, and that ARM shows the partner endpoint that was asked for all the same, is a guess.
pub(crate) fn readdress(
    world: &mut World,
    instance: InstanceId,
    group: GroupId,
    url: &Arc<str>,
    forks: impl Fn(InstanceId) -> Option<BTreeMap<Name, Fork>>,
) {
    let links = world.links.values().filter(|link| link.group == group);
    let links: Vec<Arc<Link>> = links.cloned().collect();
    for link in links {
        let known = link.partner.filter(|partner| *partner != instance);
        let forks = known.map(&forks);
        // Another replica of the group was there; anybody else's link is no concern of this one.
        let forks = match forks {
            Some(None) => continue,
            Some(Some(forks)) => Some(forks),
            None => None,
        };
        if let Some(changed) = world.link_mut(&link.id) {
            changed.readdressed = Some(Arc::clone(url));
        }
        let mi = world.instance_mut(link.id.instance);
        if let Some(half) = mi.groups.get_mut(&group)
            && let Some(pair) = Arc::make_mut(half).as_distributed_mut()
        {
            let mut members = pair.members.iter_mut();
            let theirs = members.find(|member| member.group == link.spec.partner_group);
            if let Some(theirs) = theirs {
                theirs.listener_url = Arc::clone(url);
            }
        }
        if let Some(forks) = forks {
            let endpoint = url.to_string();
            disconnect(world, &link.id, LinkError::PartnerUnreachable { endpoint });
            go_over(world, std::slice::from_ref(&link.id), instance, &forks);
        }
    }
}

/// The distributed groups that a server has over one of its groups.
fn halves_over(world: &World, group: &Name, server: InstanceId) -> Vec<Arc<AvailabilityGroup>> {
    let groups = world.instance(server).map(|server| server.groups.values());
    let over = |half: &&Arc<AvailabilityGroup>| {
        half.as_distributed()
            .is_some_and(|pair| pair.local().group == *group)
    };
    groups.into_iter().flatten().filter(over).cloned().collect()
}

impl Link {
    /// Where SQL Server is called: as it was asked for, or as SQL Server has said since.
    pub fn partner_endpoint(&self) -> &str {
        self.readdressed
            .as_deref()
            .unwrap_or(&self.spec.partner_endpoint)
    }
}
