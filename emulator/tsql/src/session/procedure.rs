//! Procedures: those that the session runs itself, and those of the registry.

use std::sync::Arc;

use milink_core::ids::DatabaseId;
use milink_core::names::Name;
use milink_core::store::ModuleKind;
use milink_core::value::Value;

use super::cursor::is_cursor_procedure;
use super::event::{Event, OutputParameter};
use super::execute::{Call, CallArgument, not_a_parameter, too_many_arguments};
use super::frame::{Frame, Output, OutputTarget, ReturnTo};
use super::host::Host;
use super::program::compile_procedure;
use super::{Failure, Session};
use crate::ast::Parameter;
use crate::catalog::is_sysadmin;
use crate::engine::bind::Binder;
use crate::engine::exec::{Env, UNLIMITED};
use crate::engine::same_name;
use crate::error::SqlError;
use crate::procedure::{self, Body, Procedure};
use crate::types::{ExprType, convert_implicit, to_display};

/// How many prepared statements a session may hold.
const MAX_PREPARED: usize = 10_000;

/// A prepared statement.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) declared: String,
    pub(super) text: String,
}

impl Session {
    /// Runs a procedure; those in T-SQL leave a frame behind that then runs.
    pub(super) fn call(
        &mut self,
        call: Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let bare = bare_name(&call.name);
        match bare.as_str() {
            "sp_executesql" => self.execute_sql(call, host),
            "sp_prepare" => self.prepare(call, host, out),
            "sp_execute" => self.execute_prepared(call, host),
            "sp_prepexec" => self.prepare_and_execute(call, host),
            "sp_unprepare" => self.unprepare(&call, out),
            "sp_reset_connection" => {
                self.finish_call(call.return_to, 0, out);
                Ok(())
            }
            "sp_set_session_context" => self.set_session_context(&call, out),
            "sp_describe_first_result_set" => self.describe_first_result_set(&call, host, out),
            "sp_describe_undeclared_parameters" => {
                self.describe_undeclared_parameters(&call, host, out)
            }
            name if is_cursor_procedure(name) => self.cursor_procedure(&bare, call, host, out),
            _ => {
                if let Some(found) = procedure::find(&bare)
                    && (!procedure::is_in_msdb(found) || self.means_msdb(&call.name, host)?)
                {
                    self.check_agent(found, host)?;
                    return self.registered(found, call, host, out);
                }
                self.user_procedure(call, host)
            }
        }
    }

    fn execute_sql(&mut self, call: Call, host: &mut dyn Host) -> Result<(), Failure> {
        let database = self.database_of(&call.name, host)?;
        let mut arguments = call.arguments.into_iter();
        let text = text_of(arguments.next(), "@statement")?;
        let declared = match arguments.next() {
            None => String::new(),
            Some(declared) => optional_text(&declared),
        };
        self.run_text(
            &text,
            &declared,
            arguments.collect(),
            call.return_to,
            None,
            host,
        )?;
        if let Some(database) = database {
            self.state.database = database;
        }
        Ok(())
    }

    /// Whether a name without a database, or with it, is one of msdb.
    fn means_msdb(&self, name: &str, host: &mut dyn Host) -> Result<bool, SqlError> {
        const MSDB: DatabaseId = DatabaseId(4);
        let database = self.database_of(name, host)?;
        Ok(database.unwrap_or(self.state.database) == MSDB)
    }

    /// A procedure of SQL Server Agent is for members of sysadmin, and of roles of msdb that have no members here (documentation:
    /// SQL Server Agent Fixed Database Roles).
    fn check_agent(&self, found: &'static Procedure, host: &mut dyn Host) -> Result<(), SqlError> {
        if !procedure::is_in_msdb(found) {
            return Ok(());
        }
        let world = host.snapshot();
        let instance = world.instance(self.state.instance);
        match instance.is_some_and(|it| is_sysadmin(it, self.state.login.as_str())) {
            true => Ok(()),
            false => Err(SqlError::denied_in_msdb("EXECUTE", found.name)
                .at_line(1)
                .in_procedure(found.name)),
        }
    }

    /// The database in which a system procedure of this name runs, if it says one (911).
    fn database_of(&self, name: &str, host: &mut dyn Host) -> Result<Option<DatabaseId>, SqlError> {
        if !name.contains('.') {
            return Ok(None);
        }
        let mut parts = crate::catalog::functions::split_name(name).unwrap_or_default();
        let Some(wanted) = parts.len().checked_sub(3).map(|at| parts.swap_remove(at)) else {
            return Ok(None);
        };
        if wanted.is_empty() {
            return Ok(None);
        }
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .ok_or_else(crate::session::instance_gone)?;
        let database = instance
            .database(&wanted)
            .ok_or_else(|| SqlError::database_not_found(&wanted))?;
        crate::engine::bind::check_access(instance, database, self.state.read_only_intent)?;
        Ok(Some(database.id))
    }

    fn prepare(
        &mut self,
        call: Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let mut arguments = call.arguments.into_iter();
        let handle = arguments.next();
        let declared = arguments
            .next()
            .map_or_else(String::new, |arg| optional_text(&arg));
        let text = text_of(arguments.next(), "@stmt")?;
        let wants_columns = arguments
            .next()
            .is_some_and(|options| options.value.as_int() == Some(1));
        if wants_columns && let Ok(Some(columns)) = self.describe_text(&text, &declared, host) {
            out.push(Event::Columns(columns));
            self.done(super::event::DoneCommand::Select, Some(0), out);
        }
        let number = self.keep_prepared(declared, text)?;
        self.finish_call(call.return_to, 0, out);
        if let Some(to) = handle.and_then(|handle| handle.output) {
            self.give(&to, Value::Int(number.into()), out);
        }
        Ok(())
    }

    fn prepare_and_execute(&mut self, call: Call, host: &mut dyn Host) -> Result<(), Failure> {
        let mut arguments = call.arguments.into_iter();
        let handle = arguments.next();
        let declared = arguments
            .next()
            .map_or_else(String::new, |arg| optional_text(&arg));
        let text = text_of(arguments.next(), "@stmt")?;
        let number = self.keep_prepared(declared.clone(), text.clone())?;
        let extra = handle
            .and_then(|handle| handle.output)
            .map(|to| (Value::Int(number.into()), to));
        self.run_text(
            &text,
            &declared,
            arguments.collect(),
            call.return_to,
            extra,
            host,
        )
    }

    fn execute_prepared(&mut self, call: Call, host: &mut dyn Host) -> Result<(), Failure> {
        let mut arguments = call.arguments.into_iter();
        let handle = arguments.next().and_then(|handle| handle.value.as_int());
        let prepared = self.prepared_statement(handle)?;
        self.run_text(
            &prepared.text,
            &prepared.declared,
            arguments.collect(),
            call.return_to,
            None,
            host,
        )
    }

    fn unprepare(&mut self, call: &Call, out: &mut Vec<Event>) -> Result<(), Failure> {
        let handle = call
            .arguments
            .first()
            .and_then(|handle| handle.value.as_int());
        self.forget_prepared(handle.unwrap_or(0))?;
        self.finish_call(call.return_to, 0, out);
        Ok(())
    }

    pub(super) fn forget_prepared(&mut self, handle: i64) -> Result<(), SqlError> {
        self.prepared_statement(Some(handle))?;
        if let Ok(handle) = i32::try_from(handle) {
            self.prepared.remove(&handle);
        }
        Ok(())
    }

    pub(super) fn keep_prepared(
        &mut self,
        declared: String,
        text: String,
    ) -> Result<i32, SqlError> {
        if self.prepared.len() >= MAX_PREPARED {
            return Err(SqlError::unsupported(format!(
                "more than {MAX_PREPARED} prepared statements in a session"
            )));
        }
        self.last_handle += 1;
        self.prepared
            .insert(self.last_handle, Arc::new(Prepared { declared, text }));
        Ok(self.last_handle)
    }

    pub(super) fn prepared_statement(
        &self,
        handle: Option<i64>,
    ) -> Result<Arc<Prepared>, SqlError> {
        handle
            .and_then(|handle| i32::try_from(handle).ok())
            .and_then(|handle| self.prepared.get(&handle))
            .cloned()
            .ok_or_else(|| {
                SqlError::new(
                    8179,
                    16,
                    format!(
                        "Could not find prepared statement with handle {}.",
                        handle.unwrap_or(0)
                    ),
                )
            })
    }

    fn set_session_context(&mut self, call: &Call, out: &mut Vec<Event>) -> Result<(), Failure> {
        let argument = |at: usize, name: &str| {
            call.arguments
                .iter()
                .find(|argument| same_name(&argument.name, name))
                .or_else(|| {
                    call.arguments
                        .get(at)
                        .filter(|argument| argument.name.is_empty())
                })
        };
        let key = argument(0, "@key").map(|key| to_display(&key.value, &key.ty));
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Err(SqlError::new(
                15665,
                16,
                "The value was not set for key '' because the key cannot be NULL or empty.",
            )
            .into());
        };
        let key = key.to_lowercase();
        if self.state.context.get(&key).is_some_and(|entry| entry.1) {
            return Err(SqlError::new(
                15664,
                16,
                format!("Cannot set key '{key}' in the session context. The key has been set as read_only for this session."),
            )
            .into());
        }
        let read_only =
            argument(2, "@read_only").is_some_and(|flag| flag.value.as_int() == Some(1));
        let value = argument(1, "@value").map_or(Value::Null, |argument| match &argument.value {
            Value::Null => Value::Null,
            Value::Variant(inner) => Value::Variant(inner.clone()),
            other => Value::Variant(Box::new((argument.ty.sql, other.clone()))),
        });
        self.state.context.insert(key, (value, read_only));
        self.finish_call(call.return_to, 0, out);
        Ok(())
    }

    /// A procedure that a user has created.
    fn user_procedure(&mut self, call: Call, host: &mut dyn Host) -> Result<(), Failure> {
        let missing = || SqlError::procedure_not_found(&call.name).with_state(62);
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .ok_or_else(crate::session::instance_gone)?;
        let mut parts = crate::catalog::functions::split_name(&call.name).ok_or_else(missing)?;
        let name = parts.pop().unwrap_or_default();
        let schema = parts.pop().filter(|schema| !schema.is_empty());
        let database = match parts.pop().filter(|database| !database.is_empty()) {
            Some(database) => instance.database(&database),
            None => instance.databases.get(&self.state.database),
        };
        let database = database.ok_or_else(missing)?;
        crate::engine::bind::check_access(instance, database, self.state.read_only_intent)?;
        let content = database.view(self.state.transaction_id());
        let schema = Name::new(schema.as_deref().unwrap_or("dbo"));
        let module = content
            .module(&schema, &Name::new(&name))
            .filter(|module| module.kind == ModuleKind::Procedure)
            .cloned()
            .ok_or_else(missing)?;
        let database = database.id;
        let (program, parameters) = compile_procedure(&module.text, module.quoted_identifier)
            .map_err(super::execute::nested)?;
        let mut frame = Frame::batch(Arc::new(program));
        frame.procedure = Some(module.name.to_string());
        frame.return_to = Some(call.return_to);
        self.bind_procedure_parameters(
            &mut frame,
            &module.name,
            &parameters,
            call.arguments,
            host,
        )?;
        self.push_called(frame, host)?;
        self.state.database = database;
        self.state.settings.procedure_id = module.object.0;
        self.state.settings.quoted_identifier = module.quoted_identifier;
        Ok(())
    }

    fn bind_procedure_parameters(
        &mut self,
        frame: &mut Frame,
        name: &Name,
        parameters: &[Parameter],
        arguments: Vec<CallArgument>,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let mut given = vec![false; parameters.len()];
        for parameter in parameters {
            let ty = Binder::new(&instance, &self.state, &frame.local)
                .variable_type(&parameter.data_type)?;
            frame.local.variables.declare(&parameter.name.value, ty);
        }
        for (position, argument) in arguments.into_iter().enumerate() {
            let at = if argument.name.is_empty() {
                position
            } else {
                let named =
                    |parameter: &Parameter| same_name(&parameter.name.value, &argument.name);
                parameters
                    .iter()
                    .position(named)
                    .ok_or_else(|| not_a_parameter(&argument.name, name.as_str()))?
            };
            let Some(parameter) = parameters.get(at) else {
                return Err(too_many_arguments(name.as_str()).into());
            };
            if !argument.default {
                given[at] = true;
                let to = frame.local.variables.get(at).ty;
                let dates = &self.state.dates;
                let value = convert_implicit(&argument.value, &argument.ty, &to, dates)?;
                frame.local.variables.set(at, value);
            }
            if let Some(to) = argument.output {
                if !parameter.output {
                    return Err(not_an_output(&parameter.name.value).into());
                }
                frame.outputs.push(Output { slot: at, to });
            }
        }
        for (at, parameter) in parameters.iter().enumerate() {
            if given[at] {
                continue;
            }
            let Some(default) = &parameter.default else {
                return Err(not_supplied(name.as_str(), &parameter.name.value).into());
            };
            let (value, ty) = self.default_value(default, frame, host)?;
            let to = frame.local.variables.get(at).ty;
            let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
            frame.local.variables.set(at, value);
        }
        Ok(())
    }

    /// A parameter's default.
    fn default_value(
        &mut self,
        default: &crate::ast::Expr,
        frame: &mut Frame,
        host: &mut dyn Host,
    ) -> Result<(Value, ExprType), Failure> {
        let evaluated = super::dispatch::over_snapshot(
            host,
            &mut self.state,
            &mut frame.local,
            UNLIMITED,
            |instance, state, local| Binder::new(instance, state, local).lone_expr(default),
            |runtime, expr| runtime.eval(expr, &Env::EMPTY),
        );
        match evaluated {
            Ok((value, expr)) => Ok((value, expr.ty)),
            Err(Ok(error)) => Err(error.into()),
            Err(Err(stop)) => Err(super::dispatch::stop_error(stop).into()),
        }
    }

    /// A procedure of the registry.
    fn registered(
        &mut self,
        found: &'static Procedure,
        call: Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let (values, given, outputs) = self.match_arguments(found, call.arguments)?;
        match &found.body {
            Body::Sql(text) => {
                let names: Vec<String> = found
                    .parameters
                    .iter()
                    .map(|parameter| parameter.name.to_owned())
                    .collect();
                let program = self.compile_called(text, &names)?;
                let mut frame = Frame::batch(program);
                frame.procedure = Some(found.name.to_owned());
                frame.return_to = Some(call.return_to);
                for (parameter, value) in found.parameters.iter().zip(values) {
                    let ty = ExprType::new(parameter.sql_type);
                    let slot = frame.local.variables.declare(parameter.name, ty);
                    frame.local.variables.set(slot, value);
                }
                frame.outputs = outputs
                    .into_iter()
                    .map(|(slot, to)| Output { slot, to })
                    .collect();
                self.push_called(frame, host)
            }
            Body::Native(run) => {
                let mut status = 0;
                let mut results = Vec::new();
                let wait = self.with_context(host, out, |context| {
                    let mut native = procedure::Call {
                        context,
                        values,
                        given,
                    };
                    status = run(&mut native)?;
                    results = native.values;
                    Ok(())
                });
                let wait = wait.map_err(|mut failure| {
                    failure.error = failure.error.in_procedure(found.name);
                    failure
                })?;
                self.waiting = wait;
                self.finish_call(call.return_to, status, out);
                for (at, to) in outputs {
                    if let Some(value) = results.get(at) {
                        let ty = ExprType::new(found.parameters[at].sql_type);
                        self.give_typed(&to, value.clone(), ty, out);
                    }
                }
                Ok(())
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "three parallel lists, used once")]
    fn match_arguments(
        &self,
        found: &Procedure,
        arguments: Vec<CallArgument>,
    ) -> Result<(Vec<Value>, Vec<bool>, Vec<(usize, OutputTarget)>), SqlError> {
        let parameters = found.parameters;
        let mut values: Vec<Value> = Vec::with_capacity(parameters.len());
        values.extend(
            parameters
                .iter()
                .map(|parameter| parameter.default.clone().unwrap_or(Value::Null)),
        );
        let mut given = vec![false; parameters.len()];
        let mut outputs = Vec::new();
        for (position, argument) in arguments.into_iter().enumerate() {
            let at = if argument.name.is_empty() {
                position
            } else {
                parameters
                    .iter()
                    .position(|parameter| same_name(parameter.name, &argument.name))
                    .ok_or_else(|| not_a_parameter(&argument.name, found.name))?
            };
            let Some(parameter) = parameters.get(at) else {
                return Err(too_many_arguments(found.name));
            };
            if !argument.default {
                given[at] = true;
                let to = ExprType::new(parameter.sql_type);
                values[at] =
                    convert_implicit(&argument.value, &argument.ty, &to, &self.state.dates)?;
            }
            if let Some(to) = argument.output {
                if !parameter.output {
                    return Err(not_an_output(parameter.name));
                }
                outputs.push((at, to));
            }
        }
        for (parameter, given) in parameters.iter().zip(&given) {
            if parameter.default.is_none() && !given {
                return Err(not_supplied(found.name, parameter.name));
            }
        }
        Ok((values, given, outputs))
    }

    /// Hands the return status to whoever wants it.
    pub(super) fn finish_call(&mut self, to: ReturnTo, status: i32, out: &mut Vec<Event>) {
        match to {
            ReturnTo::Nobody => {}
            ReturnTo::Client => out.push(Event::ReturnStatus(status)),
            ReturnTo::Variable(slot) => {
                let value = Value::Int(status.into());
                self.frame().local.variables.set(slot, value);
            }
        }
    }

    pub(super) fn give(&mut self, to: &OutputTarget, value: Value, out: &mut Vec<Event>) {
        let ty = ExprType::new(milink_core::sql_type::SqlType::Int);
        self.give_typed(to, value, ty, out);
    }

    fn give_typed(&mut self, to: &OutputTarget, value: Value, ty: ExprType, out: &mut Vec<Event>) {
        match to {
            OutputTarget::Variable(slot) => {
                let target = self.frame().local.variables.get(*slot).ty;
                let value = convert_implicit(&value, &ty, &target, &self.state.dates);
                self.frame()
                    .local
                    .variables
                    .set(*slot, value.unwrap_or(Value::Null));
            }
            OutputTarget::Parameter { ordinal, name } => {
                out.push(Event::Output(OutputParameter {
                    ordinal: *ordinal,
                    name: Arc::clone(name),
                    ty,
                    value,
                }));
            }
        }
    }
}

/// 8162.
fn not_an_output(parameter: &str) -> SqlError {
    SqlError::new(
        8162,
        16,
        format!(
            "The formal parameter \"{parameter}\" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output."
        ),
    )
}

/// 201.
fn not_supplied(procedure: &str, parameter: &str) -> SqlError {
    SqlError::new(
        201,
        16,
        format!("Procedure or function '{procedure}' expects parameter '{parameter}', which was not supplied."),
    )
    .with_state(4)
}

/// A procedure's name without qualifiers and brackets, in lower case.
fn bare_name(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim()
        .trim_matches(|c| matches!(c, '[' | ']' | '"'))
        .to_ascii_lowercase()
}

fn optional_text(argument: &CallArgument) -> String {
    match &argument.value {
        Value::Null => String::new(),
        value => to_display(value, &argument.ty),
    }
}

/// 214.
fn text_of(argument: Option<CallArgument>, name: &str) -> Result<String, SqlError> {
    let argument = argument.filter(|argument| matches!(argument.value, Value::Str(_)));
    argument
        .map(|argument| optional_text(&argument))
        .ok_or_else(|| {
            SqlError::new(
                214,
                16,
                format!("Procedure expects parameter '{name}' of type 'ntext/nchar/nvarchar'."),
            )
        })
}
