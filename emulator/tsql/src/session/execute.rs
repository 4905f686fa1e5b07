//! EXECUTE: of text, of procedures by name, with arguments and output.

use std::sync::Arc;

use milink_core::value::Value;

use super::event::Event;
use super::frame::{Frame, Output, OutputTarget, ReturnTo};
use super::host::Host;
use super::linked::RemoteCall;
use super::program::{Program, Refused, compile};
use super::{Argument, Failure, Flow, Session};
use crate::ast::{self, ExecuteTarget, ExprKind, Parameter, ResultSets, StatementKind};
use crate::error::{Abort, SqlError};
use crate::parser::{ParseOptions, parse_batch};
use crate::types::{ExprType, to_display};

/// A call of a procedure, from a statement or from the client.
pub(super) struct Call {
    /// As it was written, for messages.
    pub(super) name: String,
    pub(super) arguments: Vec<CallArgument>,
    pub(super) return_to: ReturnTo,
}

/// One argument of a call.
#[derive(Clone, Debug)]
pub(super) struct CallArgument {
    /// The parameter, with its `@`; empty goes by position.
    pub(super) name: String,
    pub(super) ty: ExprType,
    pub(super) value: Value,
    pub(super) output: Option<OutputTarget>,
    pub(super) default: bool,
}

impl Session {
    pub(super) fn execute(
        &mut self,
        execute: &ast::ExecuteStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        match &execute.result_sets {
            None | Some(ResultSets::Undefined) => {}
            Some(ResultSets::None | ResultSets::Defined(_)) => {
                return Err(SqlError::unsupported("EXECUTE … WITH RESULT SETS").into());
            }
        }
        let return_to = match &execute.return_variable {
            None => ReturnTo::Nobody,
            Some(name) => ReturnTo::Variable(self.slot(&name.value)?),
        };
        let mut remote = None;
        let (name, args) = match &execute.target {
            ExecuteTarget::Text {
                text,
                args,
                execute_as,
                at,
            } => {
                if execute_as.is_some() {
                    return Err(SqlError::unsupported("EXECUTE … AS LOGIN or USER").into());
                }
                let (text, ty) = self.evaluate(text, host)?;
                let text = to_display(&text, &ty);
                if let Some(at) = at
                    && let Some(server) = self.linked_server(&at.value, host)?
                {
                    let mut arguments = Vec::with_capacity(args.len());
                    for arg in args {
                        let output = self.output_target(arg)?;
                        let (value, ty) = self.evaluate(&arg.value, host)?;
                        arguments.push((value, ty, output));
                    }
                    let call = RemoteCall::text(text, arguments);
                    return self.call_remote(&server, call, host, out);
                }
                if !args.is_empty() {
                    return Err(SqlError::unsupported("EXECUTE … AT this instance").into());
                }
                let program = self.compile_called(&text, &[])?;
                self.frame().at += 1;
                self.push_called(Frame::batch(program), host)?;
                return Ok(Flow::Jumped);
            }
            ExecuteTarget::Procedure { name, number, args } => {
                if number.is_some_and(|number| number > 1) {
                    return Err(SqlError::unsupported("numbered procedures").into());
                }
                if let Some(server) = &name.server {
                    remote = self.linked_server(&server.value, host)?;
                }
                let name = ast::ObjectName {
                    server: None,
                    ..name.clone()
                };
                (name.to_string(), args)
            }
            ExecuteTarget::Variable { name, args } => {
                let slot = self.slot(&name.value)?;
                let variable = self.frame().local.variables.get(slot).clone();
                (to_display(&variable.value, &variable.ty), args)
            }
        };
        let mut arguments = Vec::with_capacity(args.len());
        for arg in args {
            let default = matches!(arg.value.kind, ExprKind::Default);
            let (value, ty) = if default {
                (Value::Null, ExprType::NULL)
            } else {
                self.evaluate(&arg.value, host)?
            };
            let output = self.output_target(arg)?;
            arguments.push(CallArgument {
                name: arg
                    .name
                    .as_ref()
                    .map_or_else(String::new, |name| name.value.clone()),
                ty,
                value,
                output,
                default,
            });
        }
        if let Some(server) = remote {
            let call = RemoteCall::procedure(name, arguments, return_to);
            return self.call_remote(&server, call, host, out);
        }
        let call = Call {
            name,
            arguments,
            return_to,
        };
        let depth = self.frames.len();
        // A procedure in T-SQL runs in a frame of its own, from which the caller goes on behind this statement.
        self.frame().at += 1;
        let result = self.call(call, host, out);
        if let Err(failure) = result {
            self.frames[depth - 1].at -= 1;
            return Err(failure);
        }
        Ok(Flow::Jumped)
    }

    /// Where the value of an OUTPUT argument goes (179).
    fn output_target(
        &mut self,
        arg: &ast::ExecuteArgument,
    ) -> Result<Option<OutputTarget>, Failure> {
        match (&arg.value.kind, arg.output) {
            (_, false) => Ok(None),
            (ExprKind::Variable(variable), true) => {
                Ok(Some(OutputTarget::Variable(self.slot(&variable.value)?)))
            }
            _ => Err(SqlError::new(
                179,
                15,
                "Cannot use the OUTPUT option when passing a constant to a stored procedure.",
            )
            .into()),
        }
    }

    /// EXECUTE whose result sets INSERT takes.
    pub(super) fn execute_collecting(
        &mut self,
        execute: &ast::ExecuteStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let depth = self.frames.len();
        let mut events = Vec::new();
        self.linked.collects = true;
        let flow = self.execute(execute, host, &mut events);
        self.linked.collects = false;
        if let Flow::Again(wait) = flow? {
            return Ok(Flow::Again(wait));
        }
        // The INSERT comes again when the rows are there.
        self.frames[depth - 1].at -= 1;
        let mut rows = Vec::new();
        for event in events {
            match event {
                Event::Row(row) => rows.push(row),
                Event::Columns(_) | Event::Done(_) => {}
                other => out.push(other),
            }
        }
        if self.frames.len() > depth {
            self.frames[depth].collects = true;
            self.state.collecting.push(rows);
        } else {
            self.frame().collected = Some(rows);
        }
        Ok(Flow::Jumped)
    }

    /// A call that a client asks for.
    pub(super) fn call_from_client(
        &mut self,
        name: &str,
        arguments: Vec<Argument>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let arguments = arguments
            .into_iter()
            .enumerate()
            .map(|(at, argument)| CallArgument {
                output: argument.output.then(|| OutputTarget::Parameter {
                    ordinal: u16::try_from(at).unwrap_or(u16::MAX),
                    name: argument.name.as_str().into(),
                }),
                name: argument.name,
                ty: argument.ty,
                value: argument.value,
                default: argument.default,
            })
            .collect();
        let call = Call {
            name: name.to_owned(),
            arguments,
            return_to: ReturnTo::Client,
        };
        self.call(call, host, out)
    }

    /// Runs `text` with parameters: `sp_executesql` and its kind. `values` are the arguments behind the text.
    pub(super) fn run_text(
        &mut self,
        text: &str,
        declared: &str,
        values: Vec<CallArgument>,
        return_to: ReturnTo,
        extra: Option<(Value, OutputTarget)>,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let parameters = parse_parameters(declared).map_err(nested)?;
        let names: Vec<String> = parameters
            .iter()
            .map(|parameter| parameter.name.value.clone())
            .collect();
        let program = self.compile_called(text, &names)?;
        let mut frame = Frame::batch(program);
        frame.return_to = Some(return_to);
        let query = format!("({declared}){text}");
        self.bind_parameters(&mut frame, &parameters, values, &query, host)?;
        if let Some((value, to)) = extra {
            let ty = ExprType::new(milink_core::sql_type::SqlType::Int);
            let slot = frame.local.variables.declare("", ty);
            frame.local.variables.set(slot, value);
            frame.outputs.push(Output { slot, to });
        }
        self.push_called(frame, host)
    }

    /// Compiles a batch that a statement runs; its errors are the statement's.
    pub(super) fn compile_called(
        &mut self,
        text: &str,
        known: &[String],
    ) -> Result<Arc<Program>, Failure> {
        compile(text, self.state.settings.quoted_identifier, known)
            .map(Arc::new)
            .map_err(nested)
    }

    /// Pushes a called frame; an error there is the calling statement's own.
    pub(super) fn push_called(&mut self, frame: Frame, host: &mut dyn Host) -> Result<(), Failure> {
        self.push_frame(frame, true, host).map_err(|failure| {
            if failure.compile {
                nested(vec![failure.error])
            } else {
                failure
            }
        })
    }

    pub(super) fn bind_parameters(
        &mut self,
        frame: &mut Frame,
        parameters: &[Parameter],
        values: Vec<CallArgument>,
        query: &str,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let mut slots = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let ty = crate::engine::bind::Binder::new(&instance, &self.state, &frame.local)
                .variable_type(&parameter.data_type)
                .map_err(|error| nested(vec![error]))?;
            slots.push(frame.local.variables.declare(&parameter.name.value, ty));
        }
        let mut given = vec![false; parameters.len()];
        for (at, argument) in values.into_iter().enumerate() {
            let at = if argument.name.is_empty() {
                at
            } else {
                let named = |parameter: &Parameter| {
                    crate::engine::same_name(&parameter.name.value, &argument.name)
                };
                parameters
                    .iter()
                    .position(named)
                    .ok_or_else(|| not_a_parameter(&argument.name, ""))?
            };
            let (Some(parameter), Some(slot)) = (parameters.get(at), slots.get(at)) else {
                return Err(too_many_arguments("").into());
            };
            given[at] = true;
            let to = frame.local.variables.get(*slot).ty;
            let value = crate::types::convert_implicit(
                &argument.value,
                &argument.ty,
                &to,
                &self.state.dates,
            )?;
            frame.local.variables.set(*slot, value);
            if let Some(to) = argument.output
                && parameter.output
            {
                frame.outputs.push(Output { slot: *slot, to });
            }
        }
        if let Some(at) = given.iter().position(|given| !given) {
            return Err(SqlError::new(
                8178,
                16,
                format!(
                    "The parameterized query '{query}' expects the parameter '{}', which was not supplied.",
                    parameters[at].name.value
                ),
            )
            .into());
        }
        Ok(())
    }

    pub(super) fn slot(&mut self, name: &str) -> Result<usize, SqlError> {
        self.frame()
            .local
            .variables
            .find(name)
            .ok_or_else(|| SqlError::undeclared_variable(name))
    }
}

/// Errors of a batch in a batch: they end the calling statement, not its batch.
pub(super) fn nested(mut errors: Refused) -> Failure {
    let mut last = errors
        .pop()
        .unwrap_or_else(|| SqlError::incorrect_syntax(""));
    if last.abort == Abort::Batch {
        last.abort = Abort::Statement;
    }
    Failure {
        error: last,
        compile: false,
        preceding: errors,
    }
}

/// The parameters of a declaration such as `@a int, @b nvarchar(10) OUTPUT`.
pub(super) fn parse_parameters(declared: &str) -> Result<Vec<Parameter>, Refused> {
    if declared.trim().is_empty() {
        return Ok(Vec::new());
    }
    let module = format!("CREATE PROCEDURE p {declared}\nAS RETURN");
    let batch = parse_batch(&module, ParseOptions::default()).map_err(|error| {
        vec![SqlError::new(error.number, error.severity, error.message).at_line(1)]
    })?;
    match batch
        .statements
        .into_iter()
        .next()
        .map(|statement| statement.kind)
    {
        Some(StatementKind::CreateProcedure(procedure)) => Ok(procedure.parameters),
        _ => Err(vec![SqlError::incorrect_syntax(declared)]),
    }
}

/// 8145.
pub(super) fn not_a_parameter(name: &str, procedure: &str) -> SqlError {
    SqlError::new(
        8145,
        16,
        format!("{name} is not a parameter for procedure {procedure}."),
    )
}

/// 8144.
pub(super) fn too_many_arguments(procedure: &str) -> SqlError {
    SqlError::new(
        8144,
        16,
        format!("Procedure or function {procedure} has too many arguments specified."),
    )
}
