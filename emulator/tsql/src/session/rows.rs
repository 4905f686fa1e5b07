//! SELECT, INSERT and other statements over rows: reading from a snapshot, writing as one atom with what was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::World;
use milink_core::command::{BeginTransaction, Commit, Committed, EndLockWait, WaitForLock, Write};
use milink_core::ids::TransactionId;
use milink_core::refusal::{Refusal, WriteRefusal};
use milink_core::store::Op;
use milink_core::time::Span;
use milink_core::value::Row;

use super::event::{DoneCommand, Event, ResultColumn};
use super::host::Host;
use super::linked::target_server;
use super::{Failure, Flow, Session, Wait};
use crate::ast;
use crate::engine::bind::Binder;
use crate::engine::bound::Body;
use crate::engine::dml::{self, Outcome, Work};
use crate::engine::{Stop, exec};
use crate::error::SqlError;
use crate::session::frame::Frame;
use crate::statement::refusal::sql_error;

/// What a write came to.
type Written = Result<(Outcome, Committed), Stop>;

impl Session {
    pub(super) fn select(
        &mut self,
        select: &ast::SelectStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let ast::QueryBody::Select(spec) = &select.query.body
            && spec.into.is_some()
        {
            return self.write(DoneCommand::Select, host, out, &|work| {
                dml::select_into(work, select)
            });
        }
        let format_only = self.state.dry.format_only;
        let row_limit = usize::try_from(self.state.settings.row_count)
            .ok()
            .filter(|limit| *limit > 0);
        let before = out.len();
        let result = self.with_runtime(
            host,
            |instance, state, local| Binder::new(instance, state, local).select_statement(select),
            |runtime, query| {
                let assigns =
                    matches!(&query.body, Body::Select(select) if !select.assignments.is_empty());
                if assigns {
                    let count = runtime.assign(query)?;
                    return Ok((None, count, runtime.null_eliminated));
                }
                out.push(Event::Columns(query.columns.as_slice().into()));
                if format_only {
                    return Ok((Some(Vec::new()), 0, false));
                }
                let mut rows = runtime.query(query, None)?;
                runtime.keep_all();
                if let Some(limit) = row_limit {
                    rows.truncate(limit);
                }
                let count = rows.len();
                Ok((Some(rows), count, runtime.null_eliminated))
            },
        );
        let (rows, count, null_eliminated) = match result {
            Ok((done, _)) => done,
            Err(Ok(error)) => return Err(Failure::compile(error)),
            Err(Err(stop)) if stop.is_tried_again() => {
                out.truncate(before);
                return self.stopped(stop, host).map(Flow::Again);
            }
            Err(Err(stop)) => return self.stopped(stop, host).map(Flow::Again),
        };
        self.state.row_count = count as i64;
        if let Some(rows) = rows {
            out.extend(rows.into_iter().map(Event::Row));
            if null_eliminated && self.state.settings.ansi_warnings {
                out.push(Event::Info(SqlError::nulls_eliminated().at_line(1)));
            }
            self.done(DoneCommand::Select, Some(count as u64), out);
        } else if null_eliminated && self.state.settings.ansi_warnings {
            out.push(Event::Info(SqlError::nulls_eliminated().at_line(1)));
        }
        Ok(Flow::Next)
    }

    pub(super) fn insert(
        &mut self,
        insert: &ast::InsertStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let remote = target_server(&insert.target, &[]);
        let remote = remote.map(|server| self.linked_server(&server, host));
        let remote = remote.transpose()?.flatten();
        let ast::InsertSource::Execute(execute) = &insert.source else {
            if let Some(server) = remote {
                return self.insert_remote(&server, insert, None, host, out);
            }
            return self.write(DoneCommand::Insert, host, out, &|work| {
                dml::insert(work, insert, None)
            });
        };
        if let Some(rows) = self.frame().collected.take() {
            let given = dml::Given::from(rows);
            let flow = match &remote {
                Some(server) => self.insert_remote(server, insert, Some(given.clone()), host, out),
                None => self.write(DoneCommand::Insert, host, out, &|work| {
                    dml::insert(work, insert, Some(&given))
                }),
            };
            if matches!(flow, Ok(Flow::Again(_))) {
                self.frame().collected = Some(given.rows);
            }
            return flow;
        }
        if !self.state.collecting.is_empty() {
            return Err(
                SqlError::new(8164, 16, "An INSERT EXEC statement cannot be nested.").into(),
            );
        }
        self.execute_collecting(execute, host, out)
    }

    pub(super) fn update(
        &mut self,
        update: &ast::UpdateStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let Some(server) = target_server(&update.target, &update.from)
            && let Some(server) = self.linked_server(&server, host)?
        {
            return self.update_remote(&server, update, host, out);
        }
        let placed = self.placed(update.filter.as_ref())?;
        let position = placed.as_ref().map(|placed| &placed.position);
        let result = self.write(DoneCommand::Update, host, out, &|work| {
            dml::update(work, update, position)
        });
        self.after_placed(placed, result)
    }

    pub(super) fn delete(
        &mut self,
        delete: &ast::DeleteStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let Some(server) = target_server(&delete.target, &delete.from)
            && let Some(server) = self.linked_server(&server, host)?
        {
            return self.delete_remote(&server, delete, host, out);
        }
        let placed = self.placed(delete.filter.as_ref())?;
        let position = placed.as_ref().map(|placed| &placed.position);
        let result = self.write(DoneCommand::Delete, host, out, &|work| {
            dml::delete(work, delete, position)
        });
        self.after_placed(placed, result)
    }

    /// Runs a statement that writes: `work` reads and decides, and what it decides happens at once.
    pub(super) fn write(
        &mut self,
        command: DoneCommand,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
        act: &dyn Fn(&mut Work<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Flow, Failure> {
        let format_only = self.state.dry.format_only;
        if format_only {
            return Ok(Flow::Next);
        }
        let state = &mut self.state;
        let frame: &mut Frame = self.frames.last_mut().expect("a request runs in a frame");
        let program = Arc::clone(&frame.program);
        let mut result: Option<Written> = None;
        host.attempt(&mut |world, now| {
            state.used_up.clear();
            let outcome = {
                let reader: &World = world;
                match reader.instance(state.instance).cloned() {
                    None => Err(crate::session::instance_gone().into()),
                    Some(instance) => {
                        let local = &mut frame.local;
                        let mut work =
                            Work::new(reader, &instance, now, state, local, &program.text);
                        act(&mut work)
                    }
                }
            };
            result = Some(outcome.and_then(|outcome| {
                let committed = if state.transaction.as_ref().is_some_and(|open| open.doomed)
                    && !outcome.changes.database.is_empty()
                {
                    Err(SqlError::transaction_doomed().into())
                } else {
                    apply_changes(world, now, state, &outcome)
                }?;
                Ok((outcome, committed))
            }));
            if let Some(Err(Stop::Error(_))) = &result
                && let Some(last) = use_up(world, now, state)
            {
                state.identity = Some(last);
                frame.local.scope_identity = Some(last);
            }
            !matches!(&result, Some(Err(stop)) if stop.is_tried_again())
        });
        let (mut outcome, committed) = match result.expect("the host runs the change") {
            Ok(written) => written,
            Err(Stop::Error(error)) if error.abort == crate::error::Abort::Batch => {
                return Err(Failure::compile(*error));
            }
            Err(stop) => return self.stopped(stop, host).map(Flow::Again),
        };
        self.note_outcome(&mut outcome);
        let frame = self.frame();
        for op in &outcome.changes.variable {
            frame.local.tables.apply(op);
        }
        if let Some(last) = outcome.identity {
            frame.local.scope_identity = Some(last);
            self.state.identity = Some(last);
        }
        for op in &outcome.changes.temporary {
            self.state.temporary.apply(op);
        }
        for (slot, value) in outcome.variables {
            self.frame().local.variables.set(slot, value);
        }
        if let Some((columns, rows)) = outcome.output {
            self.send_rows(&columns, rows, out);
        }
        for message in outcome.messages {
            out.push(Event::Info(message));
        }
        if let Some(rows) = outcome.rows {
            self.state.row_count = rows as i64;
        }
        self.done(command, outcome.rows, out);
        Ok(committed
            .hardened
            .map_or(Flow::Next, |moment| Flow::After(Wait::Until(moment))))
    }

    fn send_rows(&mut self, columns: &Arc<[ResultColumn]>, rows: Vec<Row>, out: &mut Vec<Event>) {
        out.push(Event::Columns(Arc::clone(columns)));
        out.extend(rows.into_iter().map(Event::Row));
    }

    /// Waits for another transaction, or gives up after LOCK_TIMEOUT (1222).
    pub(super) fn blocked(
        &mut self,
        holder: TransactionId,
        host: &mut dyn Host,
    ) -> Result<Wait, Failure> {
        let world = host.snapshot();
        let now = world.now();
        self.note_wait(&world, holder, host)?;
        let since = *self.blocked_since.get_or_insert(now);
        let until = match self.state.settings.lock_timeout {
            -1 => None,
            timeout => Some(since + Span::milliseconds(timeout.into())),
        };
        if until.is_some_and(|until| until <= now) {
            self.unblocked(host);
            return Err(exec::lock_timeout().into());
        }
        Ok(Wait::Change { until })
    }

    /// Tells the world who waits for whom, once; the one who would close a circle is the deadlock's victim (1205).
    fn note_wait(
        &mut self,
        world: &World,
        holder: TransactionId,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some(waiter) = self.state.transaction_id() else {
            return Ok(());
        };
        let instance = self.state.instance;
        let known = world
            .instance(instance)
            .and_then(|found| found.waits.get(&waiter).copied());
        if known == Some(holder) {
            return Ok(());
        }
        let wait = WaitForLock {
            instance,
            waiter,
            holder,
        };
        let mut refused = None;
        host.update(&mut |world, now| refused = world.apply(now, wait).err());
        self.noted_wait = refused.is_none().then_some(waiter).or(self.noted_wait);
        if refused.is_none() {
            return Ok(());
        }
        let process = self.state.session;
        let text = format!(
            "Transaction (Process ID {process}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction."
        );
        Err(SqlError::new(1205, 13, text).with_state(51).into())
    }

    /// The current statement waits no more.
    pub(super) fn unblocked(&mut self, host: &mut dyn Host) {
        self.blocked_since = None;
        if let Some(waiter) = self.noted_wait.take() {
            let instance = self.state.instance;
            host.update(&mut |world, now| {
                let _ = world.apply(now, EndLockWait { instance, waiter });
            });
        }
    }
}

/// A statement has failed: the identity values that it got are used up all the same. The last one.
fn use_up(
    world: &mut World,
    now: milink_core::time::Timestamp,
    state: &mut super::state::State,
) -> Option<i64> {
    let mut given = None;
    for ((database, table), last) in std::mem::take(&mut state.used_up) {
        let used_up = Write {
            instance: state.instance,
            database,
            session: state.session,
            transaction: state.transaction_id(),
            ops: vec![Op::SetIdentity {
                table,
                last: Some(last),
            }],
        };
        // Where nothing can be written, nothing is used up.
        if world.apply(now, used_up).is_ok() {
            given = Some(last);
        }
    }
    given
}

/// Makes the changes to databases happen, in the open transaction or as one of their own.
fn apply_changes(
    world: &mut World,
    now: milink_core::time::Timestamp,
    state: &super::state::State,
    outcome: &Outcome,
) -> Result<Committed, Stop> {
    let changes: &BTreeMap<_, _> = &outcome.changes.database;
    let refused = |refusal: Refusal| match refusal {
        Refusal::Write(WriteRefusal::Locked { holder }) => Stop::Blocked(holder),
        other => sql_error(&other).into(),
    };
    let write = |database, ops: &Vec<_>, transaction| Write {
        instance: state.instance,
        database,
        session: state.session,
        transaction,
        ops: ops.clone(),
    };
    let open = state.transaction_id();
    if let (Some((database, ops)), true) = (changes.first_key_value(), changes.len() == 1) {
        return world
            .apply(now, write(*database, ops, open))
            .map_err(refused);
    }
    if changes.is_empty() {
        return Ok(Committed::default());
    }
    // Several databases: all or nothing needs a transaction. The whole world is put back if one refuses.
    let before = world.clone();
    let own = match open {
        Some(id) => id,
        None => world
            .apply(
                now,
                BeginTransaction {
                    instance: state.instance,
                },
            )
            .map_err(refused)?,
    };
    for (database, ops) in changes {
        if let Err(refusal) = world.apply(now, write(*database, ops, Some(own))) {
            *world = before;
            return Err(refused(refusal));
        }
    }
    if open.is_some() {
        return Ok(Committed::default());
    }
    let commit = Commit {
        instance: state.instance,
        transaction: own,
    };
    world.apply(now, commit).map_err(refused)
}
