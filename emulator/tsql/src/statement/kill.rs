//! KILL.

use milink_core::command::CutSession;
use milink_core::ids::SessionId;
use milink_core::value::Value;

use super::context::StatementContext;
use crate::ast::KillStatement;
use crate::error::SqlError;

pub(super) fn run(
    statement: &KillStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (value, _) = (context.evaluate)(&mut *context.host, &statement.target)?;
    let Value::Int(id) = value else {
        return Err(SqlError::unsupported("KILL of a unit of work"));
    };
    if i64::from(context.session.0) == id {
        return Err(SqlError::new(
            6104,
            16,
            "Cannot use KILL to kill your own process.",
        ));
    }
    let session = i16::try_from(id).ok().map(SessionId);
    let instance = context.instance()?;
    let mut sessions = instance.live_sessions().map(|session| session.id);
    let Some(session) = session.filter(|wanted| sessions.any(|id| id == *wanted)) else {
        return Err(SqlError::new(
            6106,
            16,
            format!("Process ID {id} is not an active process ID."),
        )
        .with_state(2));
    };
    context.apply(CutSession {
        instance: context.instance,
        session,
    })
}
