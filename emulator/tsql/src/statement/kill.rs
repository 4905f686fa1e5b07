//! KILL: of a session, and of a unit of work that is in doubt.

use milink_core::command::CutSession;
use milink_core::distributed::KillUnit;
use milink_core::ids::SessionId;
use milink_core::value::Value;
use uuid::Uuid;

use super::context::StatementContext;
use crate::ast::{KillOption, KillStatement};
use crate::error::SqlError;

pub(super) fn run(
    statement: &KillStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    if context.transaction.is_some() {
        return Err(error(
            6115,
            "KILL command cannot be used inside user transactions.",
        ));
    }
    let (value, _) = (context.evaluate)(&mut *context.host, &statement.target)?;
    match value {
        Value::Int(id) => session(id, statement.option, context),
        other => unit(
            other.as_str().unwrap_or_default(),
            statement.option,
            context,
        ),
    }
}

fn session(
    id: i64,
    option: Option<KillOption>,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    match option {
        // A rollback takes no time here, so that none is ever on its way.
        Some(KillOption::StatusOnly) => {
            return Err(error(
                6120,
                format!(
                    "Status report cannot be obtained. Rollback operation for Process ID {id} is not in progress."
                ),
            ));
        }
        Some(KillOption::Commit | KillOption::Rollback) => {
            return Err(error(6101, format!("Session ID {id} is not valid.")));
        }
        None => {}
    }
    if i64::from(context.session.0) == id {
        return Err(error(6104, "Cannot use KILL to kill your own process."));
    }
    // What is in doubt belongs to session -2, which is none (documented: its unit of work is killed instead).
    if id <= 0 {
        return Err(error(6101, format!("Session ID {id} is not valid.")));
    }
    let session = i16::try_from(id).ok().map(SessionId);
    let instance = context.instance()?;
    let mut sessions = instance.live_sessions().map(|session| session.id);
    let Some(session) = session.filter(|wanted| sessions.any(|id| id == *wanted)) else {
        let text = format!("Process ID {id} is not an active process ID.");
        return Err(error(6106, text).with_state(2));
    };
    context.apply(CutSession {
        instance: context.instance,
        session,
    })
}

fn unit(
    text: &str,
    option: Option<KillOption>,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let Ok(unit) = Uuid::parse_str(text.trim()) else {
        return Err(error(
            6110,
            format!("The distributed transaction with UOW {text} does not exist."),
        ));
    };
    let commit = match option {
        None => None,
        Some(KillOption::Commit) => Some(true),
        Some(KillOption::Rollback) => Some(false),
        Some(KillOption::StatusOnly) => {
            let unit = unit.to_string().to_uppercase();
            return Err(error(
                6121,
                format!(
                    "Status report cannot be obtained. Rollback operation for UOW {unit} is not in progress."
                ),
            ));
        }
    };
    context.apply(KillUnit {
        instance: context.instance,
        unit,
        commit,
    })
}

fn error(number: i32, text: impl Into<String>) -> SqlError {
    SqlError::new(number, 16, text)
}
