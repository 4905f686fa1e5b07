//! What a statement outside the relational engine works with.

use std::sync::Arc;

use milink_core::World;
use milink_core::command::Request;
use milink_core::ids::{DatabaseId, InstanceId, SessionId, TransactionId};
use milink_core::instance::Instance;
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_core::value::Value;

use crate::ast::Expr;
use crate::error::SqlError;
use crate::session::Wait;
use crate::session::event::Event;
use crate::session::host::Host;
use crate::types::ExprType;

/// The session's facts and the means to act, handed to one statement or procedure.
pub struct StatementContext<'a> {
    /// The program around the engine.
    pub host: &'a mut dyn Host,
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: SessionId,
    /// The current database; a statement may change it only through the session (USE).
    pub database: DatabaseId,
    /// The name that logged in.
    pub login: Name,
    /// The open transaction, if there is one.
    pub transaction: Option<TransactionId>,
    /// Evaluates an expression that the statement contains: a literal, a variable, a concatenation.
    #[expect(
        clippy::type_complexity,
        reason = "a closure's type, named nowhere else"
    )]
    pub evaluate: &'a mut dyn FnMut(&mut dyn Host, &Expr) -> Result<(Value, ExprType), SqlError>,
    /// Where messages and result sets go.
    pub events: &'a mut Vec<Event>,
    /// Errors that come before the one the statement returns, such as the cause of 3013 or 41152. The session sends
    /// them first, unless a CATCH takes over.
    pub preceding: Vec<SqlError>,
    /// What the session waits for after the statement has done its work: a synchronous commit.
    pub wait: Option<Wait>,
    /// When the statement began something that takes its time. Left there together with a wait, it is run again after
    /// the wait, to say how that came out.
    pub begun: Option<Timestamp>,
}

impl StatementContext<'_> {
    /// Asks the world for something, and words a refusal as this dialect does.
    ///
    /// # Errors
    ///
    /// The refusal, as a SQL error.
    pub fn apply<R: Request>(&mut self, request: R) -> Result<R::Reply, SqlError> {
        let mut reply = None;
        self.host
            .update(&mut |world, now| reply = Some(world.apply(now, request.clone())));
        reply
            .expect("the host runs the change")
            .map_err(|refusal| super::refusal::sql_error(&refusal))
    }

    /// A consistent copy of the world.
    pub fn world(&mut self) -> World {
        self.host.snapshot()
    }

    /// The instance, as it is now.
    ///
    /// # Errors
    ///
    /// The instance was deleted while the session was connected.
    pub fn instance(&mut self) -> Result<Arc<Instance>, SqlError> {
        let world = self.host.snapshot();
        world.instance(self.instance).cloned().ok_or_else(|| {
            // What a session hears when its server shuts down under it.
            SqlError::new(6005, 20, "SHUTDOWN is in progress.")
        })
    }

    /// The error of a statement that failed because of another one, which is told first.
    pub fn because_of(&mut self, cause: SqlError, error: SqlError) -> SqlError {
        self.preceding.push(cause);
        error
    }

    /// Sends a message of severity 0.
    pub fn print(&mut self, text: impl Into<String>) {
        self.events.push(Event::Info(SqlError::new(0, 0, text)));
    }
}
