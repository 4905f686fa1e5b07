//! Laws of deployments.

use super::{Deployment, DeploymentState, StepState};
use crate::world::World;

/// The index of those that run has those that run, and nobody else.
pub(crate) fn running_ones_are_listed(world: &World) -> Option<String> {
    let deployments = &world.azure.deployments;
    let listed = |one: &Deployment| deployments.running.contains(&one.key);
    let wrong = deployments
        .all
        .values()
        .find(|one| one.is_over() == listed(one))
        .map(|one| one.key.name.to_string());
    let lost = deployments
        .running
        .iter()
        .find(|key| !deployments.all.contains_key(*key));
    wrong.or_else(|| lost.map(|key| key.name.to_string()))
}

/// What is over has nothing left to do, and keeps no secrets.
pub(crate) fn ended_ones_rest(world: &World) -> Option<String> {
    let all = world.azure.deployments.all.values();
    let mut over = all.filter(|one| one.is_over());
    over.find(|one| one.secrets.is_some() || one.steps.iter().any(|step| !step.state.is_over()))
        .map(|one| one.key.name.to_string())
}

/// No step begins before those it waits for, and one that succeeded failed nowhere.
pub(crate) fn steps_follow_each_other(world: &World) -> Option<String> {
    let early = |one: &Deployment| {
        let begun =
            |state: &StepState| matches!(state, StepState::Running(_) | StepState::Succeeded);
        let early = one.steps.iter().any(|step| {
            begun(&step.state)
                && step.after.iter().any(|at| {
                    one.steps
                        .get(*at)
                        .is_none_or(|other| !other.state.lets_go_on())
                })
        });
        let failed = one
            .steps
            .iter()
            .any(|step| matches!(step.state, StepState::Failed { .. }));
        early || failed && matches!(one.state, DeploymentState::Succeeded { .. })
    };
    let mut all = world.azure.deployments.all.values();
    all.find(|one| early(one))
        .map(|one| one.key.name.to_string())
}

/// A deployment to a group is gone with the group.
pub(crate) fn deployments_have_groups(world: &World) -> Option<String> {
    let azure = &world.azure;
    let mut keys = azure.deployments.all.keys();
    keys.find(|key| {
        let group = key.group.as_ref();
        group.is_some_and(|group| !azure.resource_groups.contains_key(group))
    })
    .map(|key| key.name.to_string())
}
