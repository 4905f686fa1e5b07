//! What a complete deployment takes away, tried on a copy of the world before anything goes.
//!
//! Azure writes what is in the template, and then deletes what is not, as far as it gets. Here nothing is deleted by halves:
//! if something of it would stay, because something else refers to it or a lock is on it, all of it stays.

use std::sync::Arc;

use milink_core::World;
use milink_core::azure::deployment::{DeploymentKey, StepState};
use uuid::Uuid;

use super::copy::Copy;
use crate::arm::{Arm, Worlds};

/// How the deletions of a deployment stand that cannot all be done: which are refused, and that the others are not begun. None
/// if all of them can be.
pub(super) fn held(
    arm: &Arm,
    subscription: Uuid,
    key: &DeploymentKey,
) -> Option<Vec<(usize, StepState)>> {
    if !arm.looks_ahead {
        return None;
    }
    let mut world = None;
    arm.worlds.read(subscription, &mut |found| {
        world = Some(World::clone(found));
    });
    let copy = Arc::new(Copy::of(arm, subscription, world?));
    let ahead = arm.over(Arc::clone(&copy) as Arc<dyn Worlds>, false);
    copy.run(&ahead, key);
    let deletions = copy.read(|world| {
        let deployment = world.azure.deployments.get(key)?;
        let steps = deployment.steps.iter().enumerate();
        let deletions = steps.filter(|(_, step)| step.deletes);
        Some(
            deletions
                .map(|(at, step)| (at, step.state.clone()))
                .collect::<Vec<_>>(),
        )
    })?;
    let is_refused = |state: &StepState| matches!(state, StepState::Failed { .. });
    if !deletions.iter().any(|(_, state)| is_refused(state)) {
        return None;
    }
    let held = deletions.into_iter().map(|(at, state)| match state {
        refused @ StepState::Failed { .. } => (at, refused),
        _ => (at, StepState::Skipped),
    });
    Some(held.collect())
}
