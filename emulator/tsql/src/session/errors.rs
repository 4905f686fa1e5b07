//! What happens after an error: who catches it, what it ends, what the client hears.

use super::event::{Done, DoneCommand, Event};
use super::frame::ReturnTo;
use super::host::Host;
use super::{Failure, Session};
use crate::ast::StatementKind;
use crate::error::{Abort, SqlError};
use crate::session::program::Instruction;

/// How many errors a session remembers.
const ERRORS: usize = 16;

impl Session {
    /// Handles the failure of the current statement.
    pub(super) fn fail(&mut self, failure: Failure, host: &mut dyn Host, out: &mut Vec<Event>) {
        let Failure {
            mut error,
            compile,
            preceding,
        } = failure;
        if let Some(procedure) = self.frames.last().and_then(|frame| frame.procedure.clone()) {
            error = error.in_procedure(&procedure);
        }
        error.line = error.line.max(1);
        self.state.error = error.number;
        self.remember(&error);
        self.state.row_count = 0;
        let from_raiserror = self.runs_raiserror();
        let abort = match error.abort {
            // RAISERROR is the one error that XACT_ABORT leaves alone.
            Abort::Statement | Abort::Batch
                if self.state.settings.xact_abort && !from_raiserror && !compile =>
            {
                Abort::BatchAndTransaction
            }
            other => other,
        };
        if abort < Abort::Connection && self.catch(&error, abort, compile) {
            // A result set that had begun ends without the error.
            if let Some(Event::Columns(_)) = out.last() {
                self.done(DoneCommand::Select, Some(0), out);
            }
            return;
        }
        let is_dml = self.runs_dml();
        for before in preceding {
            let before = before.at_line(error.line);
            out.push(match before.is_info() {
                true => Event::Info(before),
                false => Event::Error(before),
            });
        }
        out.push(Event::Error(error.clone()));
        if abort == Abort::Statement && is_dml && !compile {
            let mut info = SqlError::statement_terminated().at_line(error.line);
            info.procedure.clone_from(&error.procedure);
            out.push(Event::Info(info));
        }
        match abort {
            Abort::Statement => {
                self.push_failed(out);
                if let Some(frame) = self.frames.last_mut() {
                    frame.at += 1;
                }
            }
            Abort::Batch if compile || error.severity == 15 => {
                // Ends the scope: a batch in a batch, and its caller goes on.
                self.push_failed(out);
                self.end_scope(host, out);
            }
            Abort::Batch => {
                self.push_failed(out);
                self.end_request(out);
            }
            Abort::BatchAndTransaction => {
                if self.state.transaction.is_some() {
                    self.roll_back_all(host, out);
                }
                self.push_failed(out);
                self.end_request(out);
            }
            Abort::Connection => {
                self.roll_back_all(host, out);
                self.push_failed(out);
                self.end_request(out);
                self.open = false;
            }
        }
    }

    /// 3998: a batch may not leave behind a transaction that can only be rolled back.
    pub(super) fn end_doomed_transaction(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        if !self
            .state
            .transaction
            .as_ref()
            .is_some_and(|open| open.doomed)
        {
            return;
        }
        self.roll_back_all(host, out);
        self.state.error = 3998;
        out.push(Event::Error(
            SqlError::new(
                3998,
                16,
                "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
            )
            .at_line(1),
        ));
        self.push_failed(out);
    }

    /// Gives the error to the innermost CATCH block that may have it.
    fn catch(&mut self, error: &SqlError, abort: Abort, compile: bool) -> bool {
        let innermost = self.frames.len().saturating_sub(1);
        let found = (0..self.frames.len()).rev().find(|at| {
            let own_scope = compile && *at == innermost;
            !own_scope && !self.frames[*at].tries.is_empty()
        });
        let Some(at) = found else {
            return false;
        };
        self.unwind_to(at + 1, &mut Vec::new());
        if abort == Abort::BatchAndTransaction
            && let Some(open) = &mut self.state.transaction
        {
            open.doomed = true;
        }
        let frame = self.frame();
        let handler = frame.tries.pop().expect("it has one");
        frame.catches.truncate(handler.catches);
        let before = frame.local.caught.replace(error.clone());
        frame.catches.push(before);
        frame.at = handler.catch;
        true
    }

    fn remember(&mut self, error: &SqlError) {
        if self.state.errors.len() >= ERRORS {
            self.state.errors.remove(0);
        }
        self.state.errors.push(error.clone());
    }

    fn push_failed(&mut self, out: &mut Vec<Event>) {
        out.push(Event::Done(Done {
            command: DoneCommand::None,
            rows: None,
            failed: true,
            in_transaction: self.state.transaction.is_some(),
        }));
    }

    /// Ends the innermost frame; the statement that called it is over for the caller.
    fn end_scope(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        let mut collects = false;
        if let Some(frame) = self.frames.last_mut() {
            frame.outputs.clear();
            frame.status = -1;
            collects = std::mem::take(&mut frame.collects);
        }
        self.pop_frame(host, out);
        if collects {
            self.state.collecting.pop();
            // The INSERT that waited for the rows is over without them.
            if let Some(caller) = self.frames.last_mut() {
                caller.at += 1;
            }
        }
    }

    /// Ends all frames. A client's call still gets its status.
    fn end_request(&mut self, out: &mut Vec<Event>) {
        let to_client = self
            .frames
            .first()
            .is_some_and(|frame| matches!(frame.return_to, Some(ReturnTo::Client)));
        self.unwind_to(0, out);
        if to_client {
            out.push(Event::ReturnStatus(-6));
        }
    }

    fn statement(&self) -> Option<&StatementKind> {
        let frame = self.frames.last()?;
        match frame.program.instructions.get(frame.at)? {
            Instruction::Run(statement) => Some(&statement.kind),
            _ => None,
        }
    }

    fn runs_dml(&self) -> bool {
        matches!(
            self.statement(),
            Some(
                StatementKind::Insert(_)
                    | StatementKind::InsertBulk(_)
                    | StatementKind::Update(_)
                    | StatementKind::Delete(_)
                    | StatementKind::Merge(_)
            )
        ) || matches!(self.statement(), Some(StatementKind::Select(select))
            if matches!(&select.query.body, crate::ast::QueryBody::Select(spec) if spec.into.is_some()))
    }

    fn runs_raiserror(&self) -> bool {
        matches!(self.statement(), Some(StatementKind::Raiserror(_)))
    }
}
