//! Laws about links with several databases.

use crate::link::{Link, Phase};
use crate::operation::OperationState;
use crate::world::{Timer, World};

/// A SQL Server's links all have several databases, or all have one, as it says.
pub(crate) fn modes_never_mix(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        link.connection.connected_since?;
        let partner = world.instance(link.partner?)?;
        let several = partner.as_sql_server()?.multi_database_links;
        (several != link.id.member.is_some()).then(|| format!("{} with {}", link.id, partner.name))
    })
}

/// A whole link's members are of one kind, and what waits for time has a timer.
pub(crate) fn members_agree(world: &World) -> Option<String> {
    if world.link_groups.is_empty() {
        // Nothing to belong to.
        return stray(world);
    }
    let odd = world.link_groups.values().find_map(|group| {
        let armed = world.timers.due(&Timer::LinkMembers(group.id.clone()));
        let sound = armed.is_some() == group.coming.is_some()
            && !world.links.contains_key(&group.id)
            && group
                .operation
                .and_then(|id| world.operation(id))
                .is_none_or(|operation| operation.state == OperationState::InProgress);
        if !sound {
            return Some(format!("{}: {:?}", group.id, group.coming));
        }
        let mut roles = group.members(world).filter(|link| takes_part(link));
        let first = roles.next()?;
        let met = |link: &Link| link.connection.connected_since.is_some();
        let other = roles.find(|link| {
            link.role != first.role || met(link) && met(first) && link.group != first.group
        })?;
        Some(format!("{} and {} are at odds", first.id, other.id))
    });
    odd.or_else(|| stray(world))
}

/// A planned failover is one of all databases.
pub(crate) fn failovers_are_whole(world: &World) -> Option<String> {
    world.link_groups.values().find_map(|group| {
        let mut members = group.members(world).filter(|link| takes_part(link));
        let first = members.next()?;
        let fails = |link: &Link| matches!(link.phase, Phase::FailingOver { .. });
        let other = members.find(|link| fails(link) != fails(first))?;
        Some(format!("{} and {}", first.id, other.id))
    })
}

/// A member without its whole, or one that is asked for something else.
fn stray(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let database = link.id.member.as_ref()?;
        let group = world.link_groups.get(&link.id.whole());
        let asked = group.map(|group| group.spec.of(database));
        (asked.as_ref() != Some(&link.spec)).then(|| format!("{} is astray", link.id))
    })
}

/// One that has failed waits to be taken out, whatever the others do.
fn takes_part(link: &Link) -> bool {
    !matches!(link.phase, Phase::Failed { .. })
}
