//! INSERT, UPDATE and DELETE of a table on a linked server.
//!
//! The rows of an INSERT are made here and sent. An UPDATE or DELETE is sent as it is; what it reads of this instance or of
//! other linked servers is asked for while the other side binds it, fetched, and sent along the next time.

use std::collections::BTreeSet;
use std::sync::Arc;

use milink_core::linked_server::LinkedServer;
use milink_core::value::{Row, Value};

use super::{Remote, open_query, reach};
use crate::ast::{self, DmlFilter, DmlTarget, InsertSource, SetClause, TableSource};
use crate::engine::bind::{Binder, Scope};
use crate::engine::exec::Env;
use crate::engine::remote::Wanted;
use crate::engine::{dml, same_name};
use crate::error::SqlError;
use crate::session::event::{DoneCommand, Event};
use crate::session::frame::Frame;
use crate::session::host::Host;
use crate::session::program::compile;
use crate::session::state::Local;
use crate::session::{Failure, Flow, Session};

/// A statement that one instance sends another in parts, so that no text has to be made of values.
#[derive(Clone)]
pub(in crate::session) enum Sent {
    Insert(Arc<ast::InsertStatement>, Arc<dml::Given>),
    Update(Arc<ast::UpdateStatement>),
    Delete(Arc<ast::DeleteStatement>),
}

/// The server on which a statement changes rows, as it is written; none if it is this one.
pub(in crate::session) fn target_server(
    target: &DmlTarget,
    from: &[TableSource],
) -> Option<String> {
    let name = match target {
        DmlTarget::Object { name, .. } => name,
        DmlTarget::OpenQuery(query) => return Some(query.server.value.clone()),
        DmlTarget::Variable(_) => return None,
    };
    if let Some(server) = &name.server {
        return Some(server.value.clone());
    }
    let alias = name.is_one_part().then_some(&name.object.value)?;
    let mut found = None;
    for source in from {
        each_table(source, &mut |table| {
            let own = table.alias.as_ref().map(|alias| &alias.name.value);
            let own = own.unwrap_or(&table.name.object.value);
            if same_name(own, alias)
                && let Some(server) = &table.name.server
            {
                found = Some(server.value.clone());
            }
        });
    }
    found
}

impl Session {
    /// INSERT into a table of a linked server. `given` are the rows of EXECUTE.
    pub(in crate::session) fn insert_remote(
        &mut self,
        server: &LinkedServer,
        insert: &ast::InsertStatement,
        given: Option<dml::Given>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let DmlTarget::OpenQuery(query) = &insert.target {
            let insert = open_query::insert(query, insert)?;
            return self.insert_remote(server, &insert, given, host, out);
        }
        if insert.output.is_some() {
            return Err(Failure::compile(no_output()));
        }
        // The rows are made once: what goes on is already on its way.
        let sent = match self.linked.running.is_some() {
            true => None,
            false => {
                let rows = match given {
                    Some(rows) => Ok(rows),
                    None => self.rows_of(insert, host)?,
                };
                let rows = match rows {
                    Ok(rows) => self.first_of(rows, insert.top.as_ref(), host)?,
                    Err(wait) => Err(wait),
                };
                let rows = match rows {
                    Ok(rows) => rows,
                    Err(wait) => return Ok(Flow::Again(wait)),
                };
                let source = match insert.source {
                    InsertSource::DefaultValues if !rows.rows.is_empty() => {
                        InsertSource::DefaultValues
                    }
                    _ => given_rows(&insert.source),
                };
                let statement = ast::InsertStatement {
                    with: None,
                    top: None,
                    target: without_server(&insert.target),
                    source,
                    ..insert.clone()
                };
                Some(Sent::Insert(Arc::new(statement), Arc::new(rows)))
            }
        };
        self.send(server, sent, DoneCommand::Insert, host, out)
    }

    /// UPDATE of a table of a linked server.
    pub(in crate::session) fn update_remote(
        &mut self,
        server: &LinkedServer,
        update: &ast::UpdateStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let DmlTarget::OpenQuery(query) = &update.target {
            let update = open_query::update(query, update)?;
            return self.update_remote(server, &update, host, out);
        }
        if update.output.is_some() {
            return Err(Failure::compile(no_output()));
        }
        let is_plain = |clause: &SetClause| {
            matches!(
                clause,
                SetClause::Column { .. }
                    | SetClause::Variable { .. }
                    | SetClause::VariableAndColumn { .. }
            )
        };
        if !update.set.iter().all(is_plain) {
            let what = "methods in SET of an UPDATE on a linked server";
            return Err(SqlError::unsupported(what).into());
        }
        no_cursor(update.filter.as_ref())?;
        let sent = Sent::Update(Arc::new(update.clone()));
        self.send(server, Some(sent), DoneCommand::Update, host, out)
    }

    /// DELETE from a table of a linked server.
    pub(in crate::session) fn delete_remote(
        &mut self,
        server: &LinkedServer,
        delete: &ast::DeleteStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let DmlTarget::OpenQuery(query) = &delete.target {
            let delete = open_query::delete(query, delete)?;
            return self.delete_remote(server, &delete, host, out);
        }
        if delete.output.is_some() {
            return Err(Failure::compile(no_output()));
        }
        no_cursor(delete.filter.as_ref())?;
        let sent = Sent::Delete(Arc::new(delete.clone()));
        self.send(server, Some(sent), DoneCommand::Delete, host, out)
    }

    /// What TOP leaves of the rows, or what it waits for.
    fn first_of(
        &mut self,
        mut given: dml::Given,
        top: Option<&ast::Top>,
        host: &mut dyn Host,
    ) -> Result<Result<dml::Given, crate::session::Wait>, Failure> {
        if top.is_none() {
            return Ok(Ok(given));
        }
        let all = given.rows.len();
        let result = self.with_runtime(
            host,
            |instance, state, local| Binder::new(instance, state, local).limit(top, None, None),
            |runtime, limit| match &limit.top {
                Some(top) => runtime.top_count(top, limit.percent, all, &Env::EMPTY),
                None => Ok(all),
            },
        );
        match result {
            Ok((count, _)) => {
                given.rows.truncate(count);
                given.defaults.retain(|(row, _)| *row < count);
                Ok(Ok(given))
            }
            Err(Ok(error)) => Err(Failure::compile(error)),
            Err(Err(stop)) => self.stopped(stop, host).map(Err),
        }
    }

    /// The rows that an INSERT is to send, or what they wait for.
    fn rows_of(
        &mut self,
        insert: &ast::InsertStatement,
        host: &mut dyn Host,
    ) -> Result<Result<dml::Given, crate::session::Wait>, Failure> {
        let mut defaults = BTreeSet::new();
        let result = match &insert.source {
            InsertSource::Query(query) => self
                .with_runtime(
                    host,
                    |instance, state, local| {
                        let mut binder = Binder::new(instance, state, local);
                        binder.with(insert.with.as_ref())?;
                        binder.query(query, None)
                    },
                    |runtime, query| runtime.query(query, None),
                )
                .map(|(rows, _)| rows),
            InsertSource::Values(rows) => self
                .with_runtime(
                    host,
                    |instance, state, local| {
                        let mut binder = Binder::new(instance, state, local);
                        let scope = Scope::rows(&[], None);
                        let mut bound = Vec::with_capacity(rows.len());
                        for (number, row) in rows.iter().enumerate() {
                            let mut values = Vec::with_capacity(row.len());
                            for (at, value) in row.iter().enumerate() {
                                values.push(match value.kind {
                                    ast::ExprKind::Default => {
                                        defaults.insert((number, at));
                                        None
                                    }
                                    _ => Some(binder.expr(value, &scope)?),
                                });
                            }
                            bound.push(values);
                        }
                        Ok(bound)
                    },
                    |runtime, rows: &Vec<Vec<_>>| {
                        let mut made: Vec<Row> = Vec::with_capacity(rows.len());
                        for row in rows {
                            let mut values = Vec::with_capacity(row.len());
                            for value in row {
                                values.push(match value {
                                    Some(value) => runtime.eval(value, &Env::EMPTY)?,
                                    // Its place; the other side knows the value.
                                    None => Value::Null,
                                });
                            }
                            made.push(values.into());
                        }
                        Ok(made)
                    },
                )
                .map(|(rows, _)| rows),
            InsertSource::Execute(_) => Ok(Vec::new()),
            InsertSource::DefaultValues => Ok(vec![Row::from(Vec::new())]),
        };
        match result {
            Ok(rows) => Ok(Ok(dml::Given { rows, defaults })),
            Err(Ok(error)) => Err(Failure::compile(error)),
            Err(Err(stop)) => self.stopped(stop, host).map(Err),
        }
    }

    /// Has the other side run it.
    fn send(
        &mut self,
        server: &LinkedServer,
        sent: Option<Sent>,
        command: DoneCommand,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if !server.options.data_access {
            return Err(super::rowset::not_configured(server, "DATA ACCESS").into());
        }
        // The provider has no nested transactions, which a statement in one would need to be undone by itself.
        if self.state.transaction.is_some() && !self.state.settings.xact_abort {
            let (provider, name) = (reach::provider(server), &server.name);
            return Err(SqlError::new(7395, 16, format!("Unable to start a nested transaction for OLE DB provider \"{provider}\" for linked server \"{name}\". A nested transaction was required because the XACT_ABORT option was set to OFF."))
                .with_state(2)
                .into());
        }
        if let Some(wait) = self.connect(server, host)? {
            return Ok(Flow::Again(wait));
        }
        self.promote(server, host)?;
        // The rows of an INSERT are all that it reads of this side.
        let reads_here = !matches!(sent, Some(Sent::Insert(..)));
        let own = &self.frame().local;
        let local = Local {
            variables: own.variables.clone(),
            remote: own.remote.clone(),
            sent_to: reads_here.then(|| server.name.as_str().into()),
            ..Local::new()
        };
        let begin = |session: &mut Self| {
            if let Some(sent) = sent {
                session.start_sent(sent, local);
            }
        };
        let events = match self.ask(&server.name, begin, host) {
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
        let mut rows = None;
        for event in events {
            match event {
                // The statement runs again when that is there.
                Event::Error(error) if Wanted::of(&error).is_some() => return Err(error.into()),
                Event::Error(error) => {
                    let failure = SqlError { line: 0, ..error }.into();
                    return Err(self.of_remote(&server.name, failure));
                }
                Event::Done(done) => rows = done.rows.or(rows),
                _ => {}
            }
        }
        let connection = self.linked.connections.get_mut(&server.name);
        if let Some(variables) = connection.and_then(|one| one.session.linked.assigned.take()) {
            self.frame().local.variables = variables;
        }
        self.state.row_count = rows.unwrap_or(0) as i64;
        self.done(command, Some(rows.unwrap_or(0)), out);
        Ok(Flow::Next)
    }

    /// Takes a statement that another instance sends.
    fn start_sent(&mut self, sent: Sent, local: Local) {
        self.start(crate::session::Request::Batch {
            text: String::new(),
        });
        self.pending = None;
        let empty = compile("", true, &[]).unwrap_or_else(|_| unreachable!("nothing is a batch"));
        let mut frame = Frame::batch(Arc::new(empty));
        frame.local = local;
        self.frames.push(frame);
        self.sent = Some(sent);
    }

    /// Runs what another instance has sent.
    pub(in crate::session) fn run_sent(
        &mut self,
        sent: Sent,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        let flow = match &sent {
            Sent::Insert(insert, rows) => {
                let source = ast::InsertStatement::clone(insert);
                self.write(DoneCommand::Insert, host, out, &|work| {
                    dml::insert(work, &source, Some(rows))
                })
            }
            Sent::Update(update) => self.write(DoneCommand::Update, host, out, &|work| {
                dml::update(work, update, None)
            }),
            Sent::Delete(delete) => self.write(DoneCommand::Delete, host, out, &|work| {
                dml::delete(work, delete, None)
            }),
        };
        match flow {
            Ok(Flow::Again(wait)) => {
                self.sent = Some(sent);
                self.waiting = Some(wait);
            }
            Ok(Flow::After(wait)) => {
                self.unblocked(host);
                self.waiting = Some(wait);
                self.frames.clear();
            }
            Ok(Flow::Next | Flow::Jumped) => {
                self.unblocked(host);
                if let Sent::Update(_) = sent {
                    self.linked.assigned = Some(self.frame().local.variables.clone());
                }
                self.frames.clear();
            }
            Err(failure) if Wanted::of(&failure.error).is_some() => {
                self.frames.clear();
                out.push(Event::Error(failure.error));
            }
            Err(failure) => {
                self.unblocked(host);
                self.fail(failure, host, out);
            }
        }
    }
}

/// 405.
fn no_output() -> SqlError {
    SqlError::new(
        405,
        16,
        "A remote table cannot be used as a DML target in a statement which includes an OUTPUT clause or a nested DML statement.",
    )
}

fn without_server(target: &DmlTarget) -> DmlTarget {
    let mut target = target.clone();
    if let DmlTarget::Object { name, .. } = &mut target {
        name.server = None;
    }
    target
}

/// The source of an INSERT whose rows are given.
fn given_rows(source: &InsertSource) -> InsertSource {
    match source {
        InsertSource::Execute(_) => source.clone(),
        _ => InsertSource::Execute(Box::new(ast::ExecuteStatement {
            return_variable: None,
            target: ast::ExecuteTarget::Text {
                text: ast::Expr {
                    kind: ast::ExprKind::Literal(ast::Literal::Null),
                    span: ast::Span::default(),
                },
                args: Vec::new(),
                execute_as: None,
                at: None,
            },
            recompile: false,
            result_sets: None,
        })),
    }
}

fn no_cursor(filter: Option<&DmlFilter>) -> Result<(), SqlError> {
    match filter {
        Some(DmlFilter::CurrentOf(_)) => {
            Err(SqlError::unsupported("WHERE CURRENT OF on a linked server"))
        }
        _ => Ok(()),
    }
}

fn each_table(source: &TableSource, visit: &mut dyn FnMut(&ast::NamedTable)) {
    match source {
        TableSource::Table(table) => visit(table),
        TableSource::Join(join) => {
            each_table(&join.left, visit);
            each_table(&join.right, visit);
        }
        TableSource::Apply(apply) => {
            each_table(&apply.left, visit);
            each_table(&apply.right, visit);
        }
        _ => {}
    }
}
