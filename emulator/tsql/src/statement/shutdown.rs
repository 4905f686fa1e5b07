//! SHUTDOWN.

use milink_core::command::{LogError, StopServer};

use super::context::StatementContext;
use crate::error::SqlError;
use crate::session::event::Event;

/// Stops the server. With and without NOWAIT, what others run ends at once.
pub(super) fn run(no_wait: bool, context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    let instance = context.instance;
    let login = context.login.to_string();
    context.apply(StopServer { instance })?;
    let text = if no_wait {
        format!("Server shut down by NOWAIT request from login {login}.")
    } else {
        format!("Server shut down by request from login {login}.")
    };
    context.apply(LogError {
        instance,
        text: text.clone(),
    })?;
    context
        .events
        .push(Event::Info(SqlError::new(6006, 10, text)));
    Ok(())
}
