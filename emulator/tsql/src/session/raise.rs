//! RAISERROR and THROW.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::event::Event;
use super::host::Host;
use super::{Failure, Flow, Session};
use crate::ast;
use crate::error::{Abort, SqlError};
use crate::functions::format_message;
use crate::types::{ExprType, Family, convert_implicit, family, to_display};

/// The longest message (documentation of RAISERROR).
const LONGEST_MESSAGE: usize = 2_047;

impl Session {
    pub(super) fn raiserror(
        &mut self,
        raise: &ast::RaiserrorStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let (message, message_type) = self.evaluate(&raise.message, host)?;
        let severity = self
            .small_number(&raise.severity, host)?
            .unwrap_or(0)
            .max(0);
        let state = self.small_number(&raise.state, host)?.unwrap_or(1);
        let state = if state < 0 { 1 } else { state.min(255) };
        if severity > 18 && !raise.log {
            return Err(SqlError::new(
                2754,
                16,
                "Error severity levels greater than 18 can only be specified by members of the sysadmin role, using the WITH LOG option.",
            )
            .into());
        }
        let mut arguments = Vec::with_capacity(raise.args.len());
        for arg in &raise.args {
            let (value, ty) = self.evaluate(arg, host)?;
            arguments.push(match family(ty.sql) {
                Family::Integer | Family::Text => value,
                _ if value.is_null() => value,
                _ => Value::str(to_display(&value, &ty)),
            });
        }
        let (number, text) = match &message {
            Value::Int(number) => {
                let number = i32::try_from(*number).unwrap_or(0);
                if number < 13_000 {
                    return Err(SqlError::new(
                        2732,
                        16,
                        format!("Error number {number} is invalid. The number must be from 13000 through 2147483647 and it cannot be 50000."),
                    )
                    .into());
                }
                return Err(SqlError::new(
                    18054,
                    16,
                    format!("Error {number}, severity {severity}, state {state} was raised, but no message with that error number was found in sys.messages. If error is larger than 50000, make sure the user-defined message is added using sp_addmessage."),
                )
                .into());
            }
            Value::Null => (50000, String::new()),
            other => (50000, to_display(other, &message_type)),
        };
        let mut text = format_message(&text, &arguments)?;
        if text.chars().count() > LONGEST_MESSAGE {
            text = text.chars().take(LONGEST_MESSAGE - 3).collect();
            text.push_str("...");
        }
        let severity = severity.min(25) as u8;
        let error = SqlError::new(number, severity, text)
            .with_state(state as u8)
            .aborting(if severity >= 20 {
                Abort::Connection
            } else {
                Abort::Statement
            });
        if error.is_info() {
            let line = raise.message.span.line;
            let procedure = self.frame().procedure.clone();
            let mut info = error.at_line(line);
            if let Some(procedure) = procedure {
                info = info.in_procedure(&procedure);
            }
            self.state.error = if raise.seterror { number } else { 0 };
            out.push(Event::Info(info));
            return Ok(Flow::Next);
        }
        Err(error.into())
    }

    pub(super) fn throw(
        &mut self,
        throw: &ast::ThrowStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let Some(args) = &throw.args else {
            let caught = self.frame().local.caught.clone();
            let Some(mut error) = caught else {
                return Err(SqlError::new(
                    10704,
                    15,
                    "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.",
                )
                .into());
            };
            error.abort = error.abort.max(Abort::Batch);
            return Err(error.into());
        };
        let number = self.small_number(&args.number, host)?.unwrap_or(0);
        if number < 50_000 {
            return Err(SqlError::new(
                35100,
                16,
                format!("Error number {number} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647."),
            )
            .into());
        }
        let (message, ty) = self.evaluate(&args.message, host)?;
        let state = self
            .small_number(&args.state, host)?
            .unwrap_or(0)
            .clamp(0, 255);
        let error = SqlError::new(number, 16, to_display(&message, &ty))
            .with_state(state as u8)
            .aborting(Abort::Batch);
        Err(error.into())
    }

    fn small_number(
        &mut self,
        expr: &ast::Expr,
        host: &mut dyn Host,
    ) -> Result<Option<i32>, Failure> {
        let (value, ty) = self.evaluate(expr, host)?;
        let to = ExprType::new(SqlType::Int);
        let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
        Ok(value.as_int().and_then(|number| i32::try_from(number).ok()))
    }
}
