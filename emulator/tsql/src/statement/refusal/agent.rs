//! Jobs of SQL Server Agent.

use milink_core::refusal::AgentRefusal;

use super::refused;
use crate::error::SqlError;

pub(super) fn error(refusal: &AgentRefusal) -> SqlError {
    match refusal {
        AgentRefusal::Exists { what, name } => refused(
            14261,
            format!("The specified {what} ('{name}') already exists."),
        ),
        AgentRefusal::NotFound { what, name } => refused(
            14262,
            format!("The specified {what} ('{name}') does not exist."),
        ),
        AgentRefusal::Invalid { what, procedure } => refused(
            14234,
            format!(
                "The specified '{what}' is invalid (valid values are returned by {procedure})."
            ),
        ),
        AgentRefusal::StepNumber { most } => refused(
            14235,
            format!(
                "The specified '@step_id' is invalid (valid values are greater than 0 but excluding {most})."
            ),
        ),
        AgentRefusal::NoStep { step } => refused(
            14262,
            format!("The specified @step_id ('{step}') does not exist."),
        ),
        AgentRefusal::TooMany { most, what } => {
            SqlError::unsupported(format_args!("more than {most} {what}"))
        }
        AgentRefusal::Targeted { name, server } => refused(
            14269,
            format!("Job '{name}' is already targeted at server '{server}'."),
        ),
        AgentRefusal::NotTargeted { name, server } => refused(
            14270,
            format!("Job '{name}' is not currently targeted at server '{server}'."),
        ),
        AgentRefusal::NoServer { name, id } => refused(
            14256,
            format!(
                "Cannot start the job \"{name}\" (ID {id}) because it does not have any job server or servers defined. Associate the job with a job server by calling sp_add_jobserver."
            ),
        ),
        AgentRefusal::NoServerToStop { name, id } => refused(
            14257,
            format!(
                "Cannot stop the job \"{name}\" (ID {id}) because it does not have any job server or servers defined. Associate the job with a job server by calling sp_add_jobserver."
            ),
        ),
        AgentRefusal::Running { name, by, running } => refused(
            22022,
            format!(
                "SQLServerAgent Error: Request to run job {name} (from User {by}) refused because the job is already running from a request by User {running}."
            ),
        ),
        // The last part of these two is a guess: the agent words it, and no list of messages has it.
        AgentRefusal::NoSteps { name, by } => refused(
            22022,
            format!(
                "SQLServerAgent Error: Request to run job {name} (from User {by}) refused because the job has no job steps."
            ),
        ),
        AgentRefusal::NotRunning { name, by } => refused(
            22022,
            format!(
                "SQLServerAgent Error: Request to stop job {name} (from User {by}) refused because the job is not currently running."
            ),
        ),
    }
}
