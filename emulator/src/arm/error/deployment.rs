//! What ARM says about deployments that it refuses. The first and the third as Azure says them; the others are guesses.

use axum::http::StatusCode;
use milink_core::refusal::DeploymentRefusal;

use super::ArmError;

/// A refusal's words.
pub(super) fn of(refusal: &DeploymentRefusal) -> ArmError {
    let conflict = |code, text: String| ArmError::gateway(StatusCode::CONFLICT, code, text);
    match refusal {
        DeploymentRefusal::Active { name, started } => conflict(
            "DeploymentActive",
            format!(
                "Unable to edit or replace deployment '{name}': previous deployment from '{}' is still active. Please see https://aka.ms/arm-deploy for usage details.",
                started.to_arm_text()
            ),
        ),
        DeploymentRefusal::Over { name } => conflict(
            "DeploymentCannotBeCancelled",
            format!("Unable to cancel the deployment '{name}': it is over."),
        ),
        DeploymentRefusal::Quota { name, most } => conflict(
            "DeploymentQuotaExceeded",
            format!(
                "Creating the deployment '{name}' would exceed the quota of '{most}'. The current deployment count is '{most}'. Please delete some deployments before creating a new one, or see https://aka.ms/800LimitFix for information on managing deployment limits."
            ),
        ),
        DeploymentRefusal::Steps { name, most } => conflict(
            "DeploymentQuotaExceeded",
            format!(
                "Creating the deployment '{name}' would exceed the quota of '{most}' resources in the deployments that are running. Please wait until some are over, or make fewer in templates within templates."
            ),
        ),
        DeploymentRefusal::StepOutOfTurn { name, step } => conflict(
            "DeploymentOperationConflict",
            format!("Operation {step} of the deployment '{name}' is out of turn."),
        ),
    }
}
