//! Whether the two instances of a failover group hear each other: on port 5022 and the ports of the nodes behind it, both ways.
//!
//! There is no trust to look at: the service's own certificates are at both ends.

use crate::availability_group::Role;
use crate::ids::{GroupId, InstanceId};
use crate::instance::Instance;
use crate::link::way_between;
use crate::network::Reach;
use crate::replica::{Hold, ReplicaError, half};
use crate::world::World;

/// Looks at a connection that stands.
pub(crate) fn look(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Hold {
    match ways(world, primary, secondary) {
        Reach::GatewayOnly | Reach::Silent => Hold::Silent,
        Reach::Refused => Hold::Lost(ReplicaError::Interrupted),
        Reach::Open => match check_halves(world, group, primary, secondary) {
            Ok(()) => Hold::Live,
            Err(error) => Hold::Lost(error),
        },
    }
}

/// Whether they could connect now.
pub(crate) fn check(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Result<(), ReplicaError> {
    check_halves(world, group, primary, secondary)?;
    let Some(other) = world.instance(secondary) else {
        return Err(ReplicaError::Interrupted);
    };
    match ways(world, primary, secondary) {
        Reach::Open => Ok(()),
        Reach::GatewayOnly | Reach::Silent | Reach::Refused => {
            let endpoint = other.server_name();
            Err(ReplicaError::Unreachable { endpoint })
        }
    }
}

/// What keeps two instances from reaching each other, if anything does.
pub(crate) fn obstacle(world: &World, one: &Instance, other: &Instance) -> Option<String> {
    for (from, to) in [(one, other), (other, one)] {
        let (reach, reason) = way_between(world, from, to);
        let reach = reach.max(world.reachability(from.id, to.id));
        if reach != Reach::Open {
            let why = reason.map_or_else(String::new, |reason| format!(" ({})", reason.code()));
            return Some(format!(
                "'{}' does not reach '{}' on ports 5022 and 11000-11999{why}",
                from.name, to.name
            ));
        }
    }
    None
}

/// What becomes of what the two send to each other: the worst of both ways.
fn ways(world: &World, one: InstanceId, other: InstanceId) -> Reach {
    let reach = world.reachability(one, other);
    let reach = reach.max(world.reachability(other, one));
    let (Some(here), Some(there)) = (world.instance(one), world.instance(other)) else {
        return Reach::Refused;
    };
    match reach {
        Reach::Refused => reach,
        reach => reach
            .max(way_between(world, here, there).0)
            .max(way_between(world, there, here).0),
    }
}

fn check_halves(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Result<(), ReplicaError> {
    for (instance, role) in [(primary, Role::Primary), (secondary, Role::Secondary)] {
        let server = world.instance(instance).ok_or(ReplicaError::Interrupted)?;
        if half(world, instance, group).map(|local| local.role) != Some(role) {
            let server = server.server_name();
            return Err(ReplicaError::NotInRole { server });
        }
    }
    Ok(())
}
