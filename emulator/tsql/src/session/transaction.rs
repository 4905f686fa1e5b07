//! Transactions: BEGIN, COMMIT, ROLLBACK and SAVE, in text and as requests of their own.

use milink_core::command::{BeginTransaction, Commit, Committed, Rollback, Savepoint};
use milink_core::distributed::Ending;
use milink_core::names::Name;
use milink_core::refusal::Refusal;

use super::event::{DoneCommand, Environment, Event};
use super::host::Host;
use super::state::Transaction;
use super::{Begin, Failure, Flow, Request, Session, Wait};
use crate::ast::{self, IsolationLevel, NameOrVariable};
use crate::error::{Abort, SqlError};
use crate::statement::refusal::sql_error;
use crate::types::to_display;

impl Session {
    /// A transaction request of a driver.
    pub(super) fn transaction_request(
        &mut self,
        request: Request,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        let before = out.len();
        let (command, result, next) = match request {
            Request::Begin(begin) => {
                self.begin_request_transaction(&begin, host, out);
                (DoneCommand::BeginTransaction, Ok(None), None)
            }
            Request::Commit { begin_next, .. } => {
                let result = self.commit(host, out);
                (DoneCommand::CommitTransaction, result, begin_next)
            }
            Request::Rollback { name, begin_next } => {
                let result = self.roll_back(
                    Some(name.as_str()).filter(|name| !name.is_empty()),
                    host,
                    out,
                );
                (
                    DoneCommand::RollbackTransaction,
                    result.map(|()| None),
                    begin_next,
                )
            }
            Request::Save { name } => {
                let result = self.save(&name, host);
                (DoneCommand::Other, result.map(|()| None), None)
            }
            Request::Batch { .. } | Request::Procedure { .. } | Request::Rows { .. } => return,
        };
        match result {
            Ok(wait) => {
                if let Some(begin) = next {
                    self.begin_request_transaction(&begin, host, out);
                }
                self.waiting = wait;
                self.done(command, None, out);
            }
            Err(error) => {
                out.truncate(before);
                self.refuse_batch(vec![error.at_line(1)], out);
            }
        }
    }

    fn begin_request_transaction(
        &mut self,
        begin: &Begin,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        if let Some(level) = begin.isolation {
            self.state.settings.isolation = isolation_number(level);
        }
        let name = Some(begin.name.clone()).filter(|name| !name.is_empty());
        self.begin_transaction(name, host, out);
    }

    /// Begins a transaction, or nests into the open one.
    pub(super) fn begin_transaction(
        &mut self,
        name: Option<String>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        if let Some(open) = &mut self.state.transaction {
            open.count += 1;
            return;
        }
        let mut id = None;
        let instance = self.state.instance;
        host.update(&mut |world, now| {
            if world.instance(instance).is_some() {
                id = world.apply(now, BeginTransaction { instance }).ok();
            }
        });
        let Some(id) = id else {
            return;
        };
        self.state.transaction = Some(Transaction {
            id,
            count: 1,
            doomed: false,
            name,
            temporary: self.state.temporary.clone(),
            savepoints: Vec::new(),
            unit: None,
        });
        out.push(Event::Environment(Environment::TransactionBegun(id.0)));
    }

    pub(super) fn begin_statement(
        &mut self,
        begin: &ast::BeginTransactionStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let name = begin
            .name
            .as_ref()
            .map(|name| self.name_of(name))
            .transpose()?;
        self.begin_transaction(name, host, out);
        if begin.distributed {
            self.enlist(None, host);
        }
        self.done(DoneCommand::BeginTransaction, None, out);
        Ok(Flow::Next)
    }

    pub(super) fn commit_statement(
        &mut self,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let wait = self.commit(host, out)?;
        self.done(DoneCommand::CommitTransaction, None, out);
        Ok(wait.map_or(Flow::Next, Flow::After))
    }

    fn commit(
        &mut self,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Option<Wait>, SqlError> {
        let Some(open) = &mut self.state.transaction else {
            return Err(SqlError::commit_without_begin());
        };
        if open.doomed {
            return Err(SqlError::transaction_doomed());
        }
        if open.count > 1 {
            open.count -= 1;
            return Ok(None);
        }
        let commit = Commit {
            instance: self.state.instance,
            transaction: open.id,
        };
        let mut result: Option<Result<Committed, Refusal>> = None;
        match open.unit {
            Some(_) => {
                result = match self.commit_distributed(host) {
                    Some(Ok(Ending::Committed(committed))) => Some(Ok(committed)),
                    Some(Ok(Ending::Cancelled(refusal))) => Some(Err(refusal.into())),
                    // This session has gone down with its instance.
                    Some(Ok(Ending::CoordinatorDown)) => {
                        self.state.transaction = None;
                        None
                    }
                    Some(Err(refusal)) => Some(Err(refusal)),
                    None => None,
                }
            }
            None => host.update(&mut |world, now| {
                if world.instance(commit.instance).is_some() {
                    result = Some(world.apply(now, commit));
                }
            }),
        }
        let committed = match result {
            None => return Err(crate::session::instance_gone()),
            Some(Ok(committed)) => committed,
            Some(Err(refusal)) => {
                let error = sql_error(&refusal);
                self.roll_back_all(host, out);
                return Err(error.aborting(Abort::Batch));
            }
        };
        if let Some(open) = self.state.transaction.take() {
            let ended = Environment::TransactionCommitted(open.id.0);
            out.push(Event::Environment(ended));
            let close = self.state.settings.cursor_close_on_commit;
            self.state.cursors.end_transaction(close, false);
        }
        Ok(committed.hardened.map(Wait::Until))
    }

    pub(super) fn rollback_statement(
        &mut self,
        rollback: &ast::RollbackStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let name = rollback
            .name
            .as_ref()
            .map(|name| self.name_of(name))
            .transpose()?;
        self.roll_back(name.as_deref(), host, out)?;
        self.done(DoneCommand::RollbackTransaction, None, out);
        Ok(Flow::Next)
    }

    /// Rolls back to a savepoint, or everything.
    fn roll_back(
        &mut self,
        name: Option<&str>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), SqlError> {
        let Some(open) = &mut self.state.transaction else {
            return Err(SqlError::rollback_without_begin());
        };
        if let Some(name) = name
            && !open
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        {
            let savepoint = open
                .savepoints
                .iter()
                .rposition(|(known, _)| known.is(name));
            let Some(at) = savepoint else {
                return Err(SqlError::new(
                    6401,
                    16,
                    format!(
                        "Cannot roll back {name}. No transaction or savepoint of that name was found."
                    ),
                ));
            };
            if open.doomed {
                return Err(SqlError::new(
                    3931,
                    16,
                    "The current transaction cannot be committed and cannot be rolled back to a savepoint. Roll back the entire transaction.",
                ));
            }
            open.savepoints.truncate(at + 1);
            let (savepoint, temporary) = open.savepoints[at].clone();
            let request = Rollback {
                instance: self.state.instance,
                transaction: open.id,
                savepoint: Some(savepoint),
            };
            self.state.temporary = temporary;
            apply_rollback(request, host);
            return Ok(());
        }
        self.roll_back_all(host, out);
        Ok(())
    }

    /// Rolls the open transaction back, if there is one.
    pub(super) fn roll_back_all(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        let Some(open) = self.state.transaction.take() else {
            return;
        };
        if open.unit.is_some() {
            self.roll_back_parts(host);
        }
        self.state.temporary = open.temporary;
        let close = self.state.settings.cursor_close_on_commit;
        self.state.cursors.end_transaction(close, true);
        let request = Rollback {
            instance: self.state.instance,
            transaction: open.id,
            savepoint: None,
        };
        apply_rollback(request, host);
        out.push(Event::Environment(Environment::TransactionRolledBack(
            open.id.0,
        )));
    }

    pub(super) fn save_statement(
        &mut self,
        save: &ast::SaveTransactionStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let name = self.name_of(&save.name)?;
        self.save(&name, host)?;
        Ok(Flow::Next)
    }

    fn save(&mut self, name: &str, host: &mut dyn Host) -> Result<(), SqlError> {
        let instance = self.state.instance;
        let temporary = self.state.temporary.clone();
        let Some(open) = &mut self.state.transaction else {
            return Err(SqlError::new(
                628,
                16,
                "Cannot issue SAVE TRANSACTION when there is no active transaction.",
            ));
        };
        if open.doomed {
            return Err(SqlError::transaction_doomed());
        }
        if open.unit.is_some() {
            return Err(SqlError::new(
                627,
                16,
                "Cannot use SAVE TRANSACTION within a distributed transaction.",
            ));
        }
        let name = Name::new(name);
        open.savepoints.push((name.clone(), temporary));
        let request = Savepoint {
            instance,
            transaction: open.id,
            name,
        };
        host.update(&mut |world, now| {
            if world.instance(instance).is_some() {
                // It has nothing to refuse.
                let _ = world.apply(now, request.clone());
            }
        });
        Ok(())
    }

    fn name_of(&self, name: &NameOrVariable) -> Result<String, SqlError> {
        match name {
            NameOrVariable::Name(name) => Ok(name.value.clone()),
            NameOrVariable::Variable(variable) => {
                let local = &self.frames.last().expect("a request runs in a frame").local;
                let slot = local
                    .variables
                    .find(&variable.value)
                    .ok_or_else(|| SqlError::undeclared_variable(&variable.value))?;
                let variable = local.variables.get(slot);
                Ok(to_display(&variable.value, &variable.ty))
            }
        }
    }
}

fn apply_rollback(request: Rollback, host: &mut dyn Host) {
    host.update(&mut |world, now| {
        if world.instance(request.instance).is_some() {
            // Undoing is never refused.
            let _ = world.apply(now, request.clone());
        }
    });
}

/// The number by which settings keep an isolation level.
pub(super) fn isolation_number(level: IsolationLevel) -> u8 {
    match level {
        IsolationLevel::ReadUncommitted => 1,
        IsolationLevel::ReadCommitted => 2,
        IsolationLevel::RepeatableRead => 3,
        IsolationLevel::Serializable => 4,
        IsolationLevel::Snapshot => 5,
    }
}
