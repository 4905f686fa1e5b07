//! Running one statement: to whoever knows it.

use std::sync::Arc;

use milink_core::command::TouchSession;
use milink_core::instance::Instance;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::event::{Done, DoneCommand, Environment, Event};
use super::host::Host;
use super::linked::target_server;
use super::program::{Instruction, compile, compile_procedure};
use super::state::{Local, State};
use super::{Failure, Flow, Request, Session, Wait};
use crate::ast::{self, Statement, StatementKind};
use crate::engine::bind::Binder;
use crate::engine::exec::{Env, Runtime, SHARED_FUEL, UNLIMITED, out_of_memory};
use crate::engine::{Stop, ddl, dml};
use crate::error::SqlError;
use crate::session::frame::Frame;
use crate::statement::context::StatementContext;
use crate::types::{ExprType, to_display};

impl Session {
    pub(super) fn begin_request(
        &mut self,
        request: Request,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        match request {
            Request::Rows { types, rows } => self.take_bulk_rows(types, rows, host, out),
            _ if self.misses_bulk_rows(out) => {}
            Request::Batch { text } => {
                match compile(&text, self.state.settings.quoted_identifier, &[]) {
                    Ok(program) if self.state.dry.parse_only => drop(program),
                    Ok(program) => {
                        let frame = Frame::batch(Arc::new(program));
                        if let Err(failure) = self.push_frame(frame, false, host) {
                            self.fail(failure, host, out);
                        }
                    }
                    Err(errors) => self.refuse_batch(errors, out),
                }
            }
            Request::Procedure { name, arguments } => {
                if let Err(failure) = self.call_from_client(&name, arguments, host, out) {
                    self.fail(failure, host, out);
                }
            }
            request => self.transaction_request(request, host, out),
        }
    }

    /// The errors of a batch that is not run at all.
    pub(super) fn refuse_batch(&mut self, errors: Vec<SqlError>, out: &mut Vec<Event>) {
        for error in errors {
            self.state.error = error.number;
            out.push(Event::Error(error));
        }
        out.push(Event::Done(Done {
            command: DoneCommand::None,
            rows: None,
            failed: true,
            in_transaction: self.state.transaction.is_some(),
        }));
    }

    /// Runs one statement.
    pub(super) fn run(
        &mut self,
        statement: &Statement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if self.state.dry.no_exec && !matches!(statement.kind, StatementKind::SetOption(_)) {
            return Ok(Flow::Next);
        }
        if self.state.settings.implicit_transactions
            && self.state.transaction.is_none()
            && starts_transaction(&statement.kind)
        {
            self.begin_transaction(None, host, out);
        }
        let flow = self.run_kind(statement, host, out)?;
        if !matches!(flow, Flow::Again(_)) && !keeps_error(&statement.kind) {
            self.state.error = 0;
        }
        Ok(flow)
    }

    fn run_kind(
        &mut self,
        statement: &Statement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        use StatementKind as K;
        match &statement.kind {
            K::Select(select) => self.select(select, host, out),
            K::Insert(insert) => self.insert(insert, host, out),
            K::InsertBulk(bulk) => self.insert_bulk(bulk, host, out),
            K::Update(update) => self.update(update, host, out),
            K::Delete(delete) => self.delete(delete, host, out),
            K::Merge(merge) if target_server(&merge.target, &[]).is_some() => {
                Err(Failure::compile(SqlError::new(
                    5315,
                    16,
                    "The target of a MERGE statement cannot be a remote table, a remote view, or a view over remote tables.",
                )))
            }
            K::Merge(merge) => self.write(DoneCommand::Merge, host, out, &|work| {
                dml::merge(work, merge)
            }),
            K::Truncate(truncate) => self.write(DoneCommand::Other, host, out, &|work| {
                dml::truncate(work, truncate)
            }),
            K::Declare(declare) => self.declare(declare, host),
            K::SetVariable(set) => self.set_variable(set, host),
            K::SetOption(set) => self.set_option(set, host, out),
            K::Throw(throw) => self.throw(throw, host),
            K::Raiserror(raise) => self.raiserror(raise, host, out),
            K::Print(expr) => {
                let (value, ty) = self.evaluate(expr, host)?;
                let text = to_display(&value, &ty);
                // An empty text prints as one blank (observed with sqlcmd).
                let text = if text.is_empty() {
                    " ".to_owned()
                } else {
                    text
                };
                out.push(Event::Info(
                    SqlError::new(0, 0, text).at_line(statement.span.line),
                ));
                Ok(Flow::Next)
            }
            K::Return(value) => self.return_from(value.as_deref(), host, out),
            K::Waitfor(wait) => self.waitfor(wait, host),
            K::Execute(execute) => self.execute(execute, host, out),
            K::Use(target) => self.use_database(&target.database, host, out),
            K::BeginTransaction(begin) => self.begin_statement(begin, host, out),
            K::Commit(_) => self.commit_statement(host, out),
            K::Rollback(rollback) => self.rollback_statement(rollback, host, out),
            K::SaveTransaction(save) => self.save_statement(save, host),
            K::CreateTable(create) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::create_table(work, create)
            }),
            K::AlterTable(alter) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::alter_table(work, alter)
            }),
            K::CreateIndex(create) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::create_index(work, create)
            }),
            K::AlterIndex(alter) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::alter_index(work, alter)
            }),
            K::DropIndex(drop) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::drop_index(work, drop)
            }),
            K::CreateSchema(create) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::create_schema(work, create)
            }),
            K::Drop(drop)
                if matches!(
                    drop.kind,
                    ast::DropKind::Table
                        | ast::DropKind::Schema
                        | ast::DropKind::View
                        | ast::DropKind::Procedure
                        | ast::DropKind::Function
                        | ast::DropKind::Trigger
                        | ast::DropKind::Type
                        | ast::DropKind::Sequence
                        | ast::DropKind::Synonym
                ) =>
            {
                self.write(DoneCommand::Other, host, out, &|work| {
                    ddl::drop_objects(work, drop)
                })
            }
            K::DeclareCursor(declare) => self.declare_cursor(declare, host),
            K::OpenCursor(cursor) => self.open_cursor(cursor, host, out),
            K::Fetch(fetch) => self.fetch(fetch, host, out),
            K::CloseCursor(cursor) => self.close_cursor(cursor),
            K::DeallocateCursor(cursor) => self.deallocate_cursor(cursor),
            K::CreateView(create) => self.write(DoneCommand::Other, host, out, &|work| {
                ddl::create_view(work, create)
            }),
            K::CreateProcedure(create) => {
                let program = Arc::clone(&self.frame().program);
                compile_procedure(&program.text, self.state.settings.quoted_identifier)
                    .map_err(super::execute::nested)?;
                self.write(DoneCommand::Other, host, out, &|work| {
                    ddl::create_procedure(work, create)
                })
            }
            K::CreateFunction(_) => Err(SqlError::unsupported("CREATE FUNCTION").into()),
            K::CreateTrigger(_) | K::EnableTrigger(_) => {
                Err(SqlError::unsupported("triggers").into())
            }
            K::CreateType(_) => Err(SqlError::unsupported("CREATE TYPE").into()),
            K::Sequence(_) => Err(SqlError::unsupported("sequences").into()),
            K::CreateSynonym(_) => Err(SqlError::unsupported("synonyms").into()),
            _ => self.hand_on(statement, host, out),
        }
    }

    /// Statements outside the relational engine.
    fn hand_on(
        &mut self,
        statement: &Statement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let before = out.len();
        let mut begun = self.begun.take();
        let wait = self.with_context(host, out, |context| {
            context.begun = begun.take();
            crate::statement::execute(statement, context)?;
            begun = context.begun;
            Ok(())
        })?;
        if let (Some(begun), Some(wait)) = (begun, wait) {
            self.begun = Some(begun);
            return Ok(Flow::Again(wait));
        }
        for event in &mut out[before..] {
            if let Event::Info(info) = event {
                info.line = info.line.max(statement.span.line);
            }
        }
        let has_done = out[before..]
            .iter()
            .any(|event| matches!(event, Event::Done(_)));
        if !has_done {
            self.done(DoneCommand::Other, None, out);
        }
        Ok(wait.map_or(Flow::Next, Flow::After))
    }

    /// Lets a statement or procedure that is written elsewhere act in this session.
    pub(super) fn with_context(
        &mut self,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
        act: impl FnOnce(&mut StatementContext<'_>) -> Result<(), SqlError>,
    ) -> Result<Option<Wait>, Failure> {
        let (instance, session, database) =
            (self.state.instance, self.state.session, self.state.database);
        let login = self.state.login.clone();
        let transaction = self.state.transaction_id();
        let mut empty = Local::new();
        let state = &mut self.state;
        let local = self
            .frames
            .last_mut()
            .map_or(&mut empty, |frame| &mut frame.local);
        let mut evaluate = |host: &mut dyn Host, expr: &ast::Expr| {
            evaluate(expr, host, state, local).map_err(|stop| match stop {
                Ok(error) => error,
                Err(stop) => stop_error(stop),
            })
        };
        let mut context = StatementContext {
            host,
            instance,
            session,
            database,
            login,
            transaction,
            evaluate: &mut evaluate,
            events: out,
            preceding: Vec::new(),
            wait: None,
            begun: None,
        };
        match act(&mut context) {
            Ok(()) => Ok(context.wait),
            Err(error) => Err(Failure {
                error,
                compile: false,
                preceding: context.preceding,
            }),
        }
    }

    /// The value of an expression outside of a query.
    pub(super) fn evaluate(
        &mut self,
        expr: &ast::Expr,
        host: &mut dyn Host,
    ) -> Result<(Value, ExprType), Failure> {
        let state = &mut self.state;
        let local = &mut self
            .frames
            .last_mut()
            .expect("a request runs in a frame")
            .local;
        evaluate(expr, host, state, local).map_err(|stop| match stop {
            Ok(error) => Failure::compile(error),
            Err(stop) => stop_error(stop).into(),
        })
    }

    /// Whether a condition holds; the inner `Ok` of an error is a wait.
    pub(super) fn test_condition(
        &mut self,
        condition: &ast::Expr,
        host: &mut dyn Host,
    ) -> Result<bool, Result<Wait, Failure>> {
        let tested = self.with_runtime(
            host,
            |instance, state, local| Binder::new(instance, state, local).lone_predicate(condition),
            |runtime, predicate| runtime.holds(predicate, &Env::EMPTY),
        );
        match tested {
            Ok((holds, _)) => Ok(holds),
            Err(Ok(error)) => Err(Err(Failure::compile(error))),
            Err(Err(stop)) => match self.stopped(stop, host) {
                Ok(wait) => Err(Ok(wait)),
                Err(failure) => Err(Err(failure)),
            },
        }
    }

    /// Binds and runs something over a snapshot; the outer `Ok` of an error was found while binding.
    pub(super) fn with_runtime<B, R>(
        &mut self,
        host: &mut dyn Host,
        bind: impl FnOnce(&Instance, &State, &Local) -> Result<B, SqlError>,
        run: impl FnOnce(&mut Runtime<'_>, &B) -> Result<R, Stop>,
    ) -> Result<(R, B), Result<SqlError, Stop>> {
        let state = &mut self.state;
        let local = &mut self
            .frames
            .last_mut()
            .expect("a request runs in a frame")
            .local;
        let fuel = match host.has_own_thread() {
            true => UNLIMITED,
            false => SHARED_FUEL,
        };
        over_snapshot(host, state, local, fuel, bind, run)
    }

    /// A stop as a wait, or as the failure it is.
    pub(super) fn stopped(&mut self, stop: Stop, host: &mut dyn Host) -> Result<Wait, Failure> {
        match stop {
            Stop::Blocked(holder) => self.blocked(holder, host),
            Stop::Heavy => Ok(Wait::Thread),
            other => Err(stop_error(other).into()),
        }
    }

    pub(super) fn done(&self, command: DoneCommand, rows: Option<u64>, out: &mut Vec<Event>) {
        out.push(Event::Done(Done {
            command,
            rows: rows.filter(|_| !self.state.settings.nocount),
            failed: false,
            in_transaction: self.state.transaction.is_some(),
        }));
    }

    fn use_database(
        &mut self,
        name: &ast::Ident,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .ok_or_else(crate::session::instance_gone)?;
        let database = instance
            .database(&name.value)
            .ok_or_else(|| SqlError::database_not_found(&name.value))?;
        crate::engine::bind::check_access(instance, database, self.state.read_only_intent)?;
        instance
            .check_single_user(database, Some(self.state.session))
            .map_err(|refusal| crate::statement::refusal::sql_error(&refusal.into()))?;
        let old = self.state.database;
        self.state.database = database.id;
        self.announce_database(old, database.id, host, out);
        Ok(Flow::Next)
    }

    /// 5701 and the environment change that goes with it.
    pub(super) fn announce_database(
        &mut self,
        old: milink_core::ids::DatabaseId,
        new: milink_core::ids::DatabaseId,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        let world = host.snapshot();
        let Some(instance) = world.instance(self.state.instance) else {
            return;
        };
        let name = |id| {
            instance
                .databases
                .get(&id)
                .map_or_else(|| "".into(), |database| database.name.shared())
        };
        let (old_name, new_name) = (name(old), name(new));
        if let Some(database) = instance.databases.get(&new) {
            out.push(Event::Environment(Environment::Database {
                new: new_name.clone(),
                old: old_name,
            }));
            out.push(Event::Environment(Environment::Collation(
                database.collation,
            )));
        }
        out.push(Event::Info(
            SqlError::new(
                5701,
                10,
                format!("Changed database context to '{new_name}'."),
            )
            .with_state(2)
            .at_line(1),
        ));
        let touch = TouchSession {
            instance: self.state.instance,
            session: self.state.session,
            database: new,
            running: true,
        };
        host.update(&mut |world, now| {
            // It cannot refuse; a session that was killed is told by its next statement.
            let _ = world.apply(now, touch);
        });
    }

    /// Binds every query of a batch before the first statement runs: what is wrong with names and types of existing
    /// objects refuses the whole batch, while a missing object (208) is an error of the statement that names it.
    pub(super) fn check_ahead(&mut self, host: &mut dyn Host) -> Result<(), Failure> {
        let frame = self.frame();
        let program = Arc::clone(&frame.program);
        if program.instructions.len() < 2 {
            return Ok(());
        }
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let local = &self.frames.last().expect("checked above").local;
        for instruction in &program.instructions {
            let Instruction::Run(statement) = instruction else {
                continue;
            };
            let mut binder = Binder::new(&instance, &self.state, local);
            let bound = match &statement.kind {
                StatementKind::Select(select) => binder.select_statement(select).map(drop),
                StatementKind::Print(expr) => binder.lone_expr(expr).map(drop),
                // What follows is compiled for another database, or for other tables.
                StatementKind::Use(_)
                | StatementKind::CreateTable(_)
                | StatementKind::AlterTable(_)
                | StatementKind::Drop(_)
                | StatementKind::SetOption(_) => return Ok(()),
                _ => Ok(()),
            };
            if let Err(error) = bound
                && matches!(
                    error.number,
                    207 | 209
                        | 4104
                        | 8120
                        | 8121
                        | 8127
                        | 205
                        | 206
                        | 402
                        | 8116
                        | 8117
                        | 529
                        | 257
                        | 174
                        | 189
                        | 195
                        | 147
                        | 145
                        | 108
                        | 107
                        | 1033
                        | 4108
                )
            {
                return Err(Failure::compile(error.at_line(statement.span.line)));
            }
        }
        Ok(())
    }
}

/// Binds and runs something over a snapshot of the world.
pub(super) fn over_snapshot<B, R>(
    host: &mut dyn Host,
    state: &mut State,
    local: &mut Local,
    fuel: u64,
    bind: impl FnOnce(&Instance, &State, &Local) -> Result<B, SqlError>,
    run: impl FnOnce(&mut Runtime<'_>, &B) -> Result<R, Stop>,
) -> Result<(R, B), Result<SqlError, Stop>> {
    let world = host.snapshot();
    let instance = world
        .instance(state.instance)
        .cloned()
        .ok_or_else(|| Err(crate::session::instance_gone().into()))?;
    let bound = bind(&instance, state, local).map_err(Ok)?;
    let host: &dyn Host = host;
    let is_cancelled = || host.is_cancelled();
    let now = world.now();
    let mut runtime =
        Runtime::new(&world, &instance, now, state, local, Some(&is_cancelled)).with_fuel(fuel);
    let result = run(&mut runtime, &bound).map_err(Err)?;
    Ok((result, bound))
}

fn evaluate(
    expr: &ast::Expr,
    host: &mut dyn Host,
    state: &mut State,
    local: &mut Local,
) -> Result<(Value, ExprType), Result<SqlError, Stop>> {
    // Most arguments of statements are literals.
    if let ast::ExprKind::Literal(ast::Literal::String { value, .. }) = &expr.kind {
        let length = u16::try_from(value.len()).unwrap_or(4000).clamp(1, 4000);
        return Ok((
            Value::str(value.as_str()),
            ExprType::new(SqlType::nvarchar(length)),
        ));
    }
    over_snapshot(
        host,
        state,
        local,
        UNLIMITED,
        |instance, state, local| Binder::new(instance, state, local).lone_expr(expr),
        |runtime, expr| runtime.eval(expr, &Env::EMPTY),
    )
    .map(|(value, expr)| (value, expr.ty))
}

/// A stop as an error; whoever can wait has taken `Blocked` before.
pub(super) fn stop_error(stop: Stop) -> SqlError {
    match stop {
        Stop::Error(error) => *error,
        Stop::Blocked(_) => crate::engine::exec::lock_timeout(),
        // Comes only where it can be waited for.
        Stop::Heavy => out_of_memory(),
        Stop::Cancelled => SqlError::new(3617, 16, "The query was canceled by the client.")
            .aborting(crate::error::Abort::Batch),
    }
}

/// Statements that begin a transaction under IMPLICIT_TRANSACTIONS.
fn starts_transaction(kind: &StatementKind) -> bool {
    match kind {
        StatementKind::Select(select) => match &select.query.body {
            ast::QueryBody::Select(spec) => !spec.from.is_empty(),
            ast::QueryBody::SetOperation { .. } => true,
        },
        StatementKind::Insert(_)
        | StatementKind::Update(_)
        | StatementKind::Delete(_)
        | StatementKind::Merge(_)
        | StatementKind::Truncate(_)
        | StatementKind::CreateTable(_)
        | StatementKind::AlterTable(_)
        | StatementKind::Drop(_)
        | StatementKind::Permission(_) => true,
        _ => false,
    }
}

/// Statements after which `@@ERROR` is still what it was.
fn keeps_error(kind: &StatementKind) -> bool {
    matches!(
        kind,
        StatementKind::Declare(_) | StatementKind::Raiserror(_) | StatementKind::Return(_)
    )
}
