//! EXECUTE on a linked server: text AT it, and procedures by a four-part name.

use milink_core::linked_server::LinkedServer;
use milink_core::value::Value;

use super::{Remote, reach, rowset};
use crate::error::SqlError;
use crate::session::event::{DoneCommand, Event};
use crate::session::execute::CallArgument;
use crate::session::frame::{OutputTarget, ReturnTo};
use crate::session::host::Host;
use crate::session::{Argument, Failure, Flow, Request, Session};
use crate::types::{ExprType, convert_implicit};

/// What is to run there.
pub(in crate::session) struct RemoteCall {
    pub(in crate::session) request: Request,
    /// The variables that output parameters go to, by their positions.
    pub(in crate::session) outputs: Vec<(u16, usize)>,
    pub(in crate::session) return_to: ReturnTo,
}

impl RemoteCall {
    /// `EXEC ('text', arguments) AT server`.
    pub(in crate::session) fn text(
        text: String,
        arguments: Vec<(Value, ExprType, Option<OutputTarget>)>,
    ) -> Self {
        // Before them come the text and the declaration.
        let outputs = (2..)
            .zip(&arguments)
            .filter_map(|(at, (_, _, output))| match output {
                Some(OutputTarget::Variable(slot)) => Some((at, *slot)),
                _ => None,
            });
        let outputs = outputs.collect();
        let request = match arguments.is_empty() {
            true => Request::Batch { text },
            false => {
                let (text, count) = numbered(&text);
                let declared: Vec<String> = (1..=count)
                    .zip(&arguments)
                    .map(|(at, (_, ty, output))| {
                        let output = if output.is_some() { " OUTPUT" } else { "" };
                        format!("@P{at} {}{output}", declared(ty))
                    })
                    .collect();
                let unnamed = |value, ty, output| Argument {
                    name: String::new(),
                    ty,
                    value,
                    output,
                    default: false,
                };
                let text_type = ExprType::new(milink_core::sql_type::SqlType::NVarChar(
                    milink_core::sql_type::Length::Max,
                ));
                let texts = [text, declared.join(", ")];
                let texts = texts.map(|text| unnamed(Value::str(text), text_type, false));
                let values = arguments.into_iter();
                let values = values.map(|(value, ty, output)| unnamed(value, ty, output.is_some()));
                Request::Procedure {
                    name: "sp_executesql".to_owned(),
                    arguments: texts.into_iter().chain(values).collect(),
                }
            }
        };
        Self {
            request,
            outputs,
            return_to: ReturnTo::Nobody,
        }
    }

    /// A procedure, by its name without the server's.
    pub(in crate::session) fn procedure(
        name: String,
        arguments: Vec<CallArgument>,
        return_to: ReturnTo,
    ) -> Self {
        let mut outputs = Vec::new();
        let arguments = arguments.into_iter().enumerate().map(|(at, argument)| {
            if let (Some(OutputTarget::Variable(slot)), Ok(at)) =
                (&argument.output, u16::try_from(at))
            {
                outputs.push((at, *slot));
            }
            Argument {
                output: argument.output.is_some(),
                name: argument.name,
                ty: argument.ty,
                value: argument.value,
                default: argument.default,
            }
        });
        let request = Request::Procedure {
            name,
            arguments: arguments.collect(),
        };
        Self {
            request,
            outputs,
            return_to,
        }
    }
}

impl Session {
    /// Runs something on a linked server and hands on what it says.
    pub(in crate::session) fn call_remote(
        &mut self,
        server: &LinkedServer,
        call: RemoteCall,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if !server.options.rpc_out {
            return Err(rowset::not_configured(server, "RPC").into());
        }
        if let Some(wait) = self.connect(server, host)? {
            return Ok(Flow::Again(wait));
        }
        if server.options.promotes_calls {
            self.promote(server, host)?;
            if self.linked.collects && self.state.transaction.is_none() {
                self.can_promote(server, host)?;
            }
        }
        let events = match self.request_of(&server.name, call.request, host) {
            Ok(Remote::Done(events)) => events,
            Ok(Remote::Waits(wait)) => return Ok(Flow::Again(wait)),
            Err(error) => {
                return Err(Failure {
                    error,
                    compile: false,
                    preceding: vec![reach::says(server, "Query timeout expired")],
                });
            }
        };
        let mut errors: Vec<SqlError> = Vec::new();
        let mut done = false;
        for event in events {
            match event {
                Event::Error(error) => errors.push(SqlError { line: 0, ..error }),
                Event::Environment(_) => {}
                Event::Info(info) if matches!(info.number, 5701 | 5703) => {}
                Event::Done(ended) if ended.failed => {}
                Event::Done(ended) => {
                    done = true;
                    self.state.row_count = ended.rows.map_or(0, |rows| rows as i64);
                    self.done(ended.command, ended.rows, out);
                }
                Event::ReturnStatus(status) => {
                    if let ReturnTo::Variable(slot) = call.return_to {
                        let variables = &mut self.frame().local.variables;
                        variables.set(slot, Value::Int(status.into()));
                    }
                }
                Event::Output(output) => {
                    let slot = call.outputs.iter().find(|(at, _)| *at == output.ordinal);
                    if let Some((_, slot)) = slot {
                        let dates = self.state.dates;
                        let variables = &mut self.frame().local.variables;
                        let to = variables.get(*slot).ty;
                        let value = convert_implicit(&output.value, &output.ty, &to, &dates)?;
                        variables.set(*slot, value);
                    }
                }
                other => out.push(other),
            }
        }
        if let Some(error) = errors.pop() {
            let failure = Failure {
                error,
                compile: false,
                preceding: errors,
            };
            return Err(self.of_remote(&server.name, failure));
        }
        if !done {
            self.done(DoneCommand::Other, None, out);
        }
        self.frame().at += 1;
        Ok(Flow::Jumped)
    }
}

/// The text with `@P1`, `@P2` … in the places of its question marks, and how many there are.
fn numbered(text: &str) -> (String, usize) {
    let mut count = 0;
    let mut result = String::with_capacity(text.len() + 8);
    let mut quote: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '?') => {
                count += 1;
                result.push_str(&format!("@P{count}"));
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (None, '-') if rest.peek() == Some(&'-') => quote = Some('\n'),
            (Some(end), c) if c == end => quote = None,
            _ => {}
        }
        result.push(c);
    }
    (result, count)
}

fn declared(ty: &ExprType) -> String {
    use milink_core::sql_type::{Length, SqlType};
    match ty.sql {
        SqlType::NVarChar(Length::Limited(_)) | SqlType::NChar(_) => "nvarchar(4000)".to_owned(),
        SqlType::VarChar(Length::Limited(_)) | SqlType::Char(_) => "varchar(8000)".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn question_marks_outside_of_quotes_are_parameters() {
        for (text, expected, count) in [
            ("SELECT ?, ?", "SELECT @P1, @P2", 2),
            (
                "SELECT '?''?', [a?], \"?\" -- ?\n, ?",
                "SELECT '?''?', [a?], \"?\" -- ?\n, @P1",
                1,
            ),
            ("", "", 0),
        ] {
            assert_eq!(numbered(text), (expected.to_owned(), count));
        }
    }
}
