//! What needs no consent of the other side of a link: a forced failover takes what is there, and a primary gives its role up.

use super::checks::{check_follows_nobody, check_formats, check_two_way};
use super::{close, found, words_of};
use crate::availability_group::Role;
use crate::durations::Transition;
use crate::ids::{DatabaseId, InstanceId, OperationId};
use crate::link::create::start;
use crate::link::role::{self, Flow, flow};
use crate::link::role_change::{split, stand_alone};
use crate::link::several;
use crate::link::steps::{arm_step, enter};
use crate::link::{Link, LinkId, Phase, replication};
use crate::refusal::{FailoverRefusal, Refusal};
use crate::world::{Timer, World};

/// A forced change is done at once; its operation says so.
pub(super) fn forced_operation(
    world: &mut World,
    id: &LinkId,
    change: impl FnOnce(&mut World, &LinkId) -> Result<(), Refusal>,
) -> Result<OperationId, Refusal> {
    change(world, id)?;
    let operation = start(world, id, "DistributedAvailabilityGroupsLinkFailover");
    world.succeed_operation(operation, true);
    Ok(operation)
}

/// What makes an instance of a link primary by force.
enum Forced {
    /// It takes the role back that it had given up; nothing is lost.
    TakeBack(DatabaseId),
    /// After a split, it says again that it is the one.
    Insist,
    /// Only the instance's own half says so: the link does not replicate.
    OwnHalf,
    /// It goes on with what it has.
    Split(Flow),
}

/// Makes an instance of the link primary with what it has; all databases of it, or none.
pub(super) fn force(world: &mut World, id: &LinkId, instance: InstanceId) -> Result<(), Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut changes = Vec::new();
    for link in &links {
        changes.push(check_force(world, link, instance)?);
    }
    // All databases, or none: one that is only about to be replicated cannot go along (guess).
    let splits = |change: &Forced| matches!(change, Forced::Split(_));
    if changes.iter().any(splits) && !changes.iter().all(splits) {
        let group = words_of(id);
        return Err(FailoverRefusal::NotReadable { group }.into());
    }
    for (link, change) in links.iter().zip(changes) {
        let id = &link.id;
        match change {
            Forced::TakeBack(target) => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                enter(world, id, Phase::CatchUp { target });
                arm_step(world, id, Transition::CatchUp);
            }
            Forced::Insist => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                agree(world, id);
            }
            Forced::OwnHalf => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                stand_alone(world, instance, &id.name);
            }
            Forced::Split(at) => split(world, id, at),
        }
    }
    Ok(())
}

fn check_force(world: &World, link: &Link, instance: InstanceId) -> Result<Forced, Refusal> {
    let group = words_of(&link.id);
    match link.role_on(world, instance) {
        Some(Role::Primary) => return Err(FailoverRefusal::AlreadyInRole { group }.into()),
        Some(Role::Resolving) => return Err(FailoverRefusal::InProgress { group }.into()),
        Some(Role::Secondary) | None => {}
    }
    match link.phase {
        // Undoes giving up the role, for which nothing is lost.
        Phase::Yielded { target } if link.is_source(instance) => Ok(Forced::TakeBack(target)),
        Phase::Diverged => Ok(Forced::Insist),
        // A link that does not replicate decides nothing about SQL Server's own database.
        Phase::Initiating | Phase::Failed { .. } if instance != link.id.instance => {
            Ok(Forced::OwnHalf)
        }
        Phase::CatchUp { .. } | Phase::Synchronizing { .. } | Phase::Yielded { .. } => {
            check_formats(world, link).map_err(|_| FailoverRefusal::OneWay {
                group: group.clone(),
            })?;
            check_two_way(link)?;
            let at = flow(world, link).filter(|at| at.target.0 == instance);
            let at = at.ok_or(FailoverRefusal::NotReadable { group })?;
            Ok(Forced::Split(at))
        }
        Phase::FailingOver { .. } => Err(FailoverRefusal::InProgress { group }.into()),
        Phase::Initiating
        | Phase::Connected
        | Phase::Seeding
        | Phase::Recovering { .. }
        | Phase::Reverting { .. }
        | Phase::Failed { .. } => Err(FailoverRefusal::NotReadable { group }.into()),
    }
}

/// How an instance of a link gives up the primary role.
enum Yielding {
    /// What it has committed still goes to the other side.
    Drains(DatabaseId),
    /// After a split, the other side is the one.
    Agrees,
    /// Only the instance's own half says so: the link does not replicate.
    OwnHalf,
}

/// Takes the primary role from an instance of the link, for all databases of it.
pub(super) fn yield_primary(
    world: &mut World,
    id: &LinkId,
    instance: InstanceId,
) -> Result<(), Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut changes = Vec::new();
    for link in &links {
        changes.push(check_yield(world, link, instance)?);
    }
    for (link, change) in links.iter().zip(changes) {
        let id = &link.id;
        close(world, instance, Some(link));
        role::set(world, instance, id.name.as_str(), Role::Secondary);
        match change {
            Yielding::Drains(target) => {
                world.timers.cancel(&Timer::Link(id.clone()));
                enter(world, id, Phase::Yielded { target });
                replication::pump(world, id);
            }
            Yielding::Agrees => agree(world, id),
            Yielding::OwnHalf => {}
        }
    }
    Ok(())
}

fn check_yield(world: &World, link: &Link, instance: InstanceId) -> Result<Yielding, Refusal> {
    let group = words_of(&link.id);
    match link.phase {
        Phase::CatchUp { target } | Phase::Synchronizing { target } if link.is_source(instance) => {
            check_follows_nobody(world, link, instance)?;
            Ok(Yielding::Drains(target))
        }
        Phase::Diverged => {
            check_follows_nobody(world, link, instance)?;
            Ok(Yielding::Agrees)
        }
        Phase::Initiating | Phase::Failed { .. } => Ok(Yielding::OwnHalf),
        Phase::FailingOver { .. } | Phase::Reverting { .. } => {
            Err(FailoverRefusal::InProgress { group }.into())
        }
        Phase::Connected
        | Phase::Seeding
        | Phase::Recovering { .. }
        | Phase::CatchUp { .. }
        | Phase::Synchronizing { .. }
        | Phase::Yielded { .. } => Err(FailoverRefusal::NotSynchronizing { group }.into()),
    }
}

/// After a split, the data will flow from the only primary there is, once there is only one.
fn agree(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let primary = |instance: InstanceId| link.role_on(world, instance) == Some(Role::Primary);
    let sides = [Some(id.instance), link.partner];
    let primaries: Vec<InstanceId> = sides
        .into_iter()
        .flatten()
        .filter(|side| primary(*side))
        .collect();
    if let [only] = primaries.as_slice() {
        role::turn(world, id, *only);
    }
}
