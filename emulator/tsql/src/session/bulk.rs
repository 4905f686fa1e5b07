//! INSERT BULK: the statement announces rows, and the client's next message brings them.

use std::sync::Arc;

use milink_core::value::Row;

use super::event::{Done, DoneCommand, Event};
use super::frame::Frame;
use super::host::Host;
use super::program::{Instruction, Program};
use super::{Failure, Flow, Session};
use crate::ast::{InsertBulkStatement, Span, Statement, StatementKind};
use crate::engine::dml;
use crate::error::SqlError;
use crate::types::ExprType;

/// What INSERT BULK has announced.
pub(super) struct Announced {
    statement: InsertBulkStatement,
    /// The types of the values, once they have come.
    types: Vec<ExprType>,
}

impl Session {
    /// The client sends no rows after all.
    pub fn forget_bulk(&mut self) {
        self.bulk = None;
    }

    /// INSERT BULK, as it announces rows, and again when they are there.
    pub(super) fn insert_bulk(
        &mut self,
        bulk: &InsertBulkStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let Some(rows) = self.frame().collected.take() else {
            let flow = self.write(DoneCommand::Other, host, out, &|work| {
                dml::announce_bulk(work, bulk)
            })?;
            if !matches!(flow, Flow::Again(_)) {
                self.bulk = Some(Announced {
                    statement: bulk.clone(),
                    types: Vec::new(),
                });
            }
            return Ok(flow);
        };
        let announced = self.bulk.take();
        let types = announced.as_ref().map_or(&[][..], |it| &it.types);
        let flow = self.write(DoneCommand::BulkInsert, host, out, &|work| {
            dml::insert_bulk(work, bulk, types, &rows)
        });
        if matches!(flow, Ok(Flow::Again(_))) {
            self.frame().collected = Some(rows);
            self.bulk = announced;
        }
        flow
    }

    /// The rows have come.
    pub(super) fn take_bulk_rows(
        &mut self,
        types: Vec<ExprType>,
        rows: Vec<Row>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) {
        let Some(announced) = &mut self.bulk else {
            let text = "The incoming tabular data stream (TDS) protocol stream is incorrect: rows came that no INSERT BULK has announced.";
            return self.refuse_bulk(SqlError::new(4002, 16, text), out);
        };
        announced.types = types;
        let statement = Statement {
            kind: StatementKind::InsertBulk(Box::new(announced.statement.clone())),
            span: Span::default(),
        };
        let program = Program {
            text: "".into(),
            instructions: vec![Instruction::Run(statement)],
            variables: Vec::new(),
        };
        let mut frame = Frame::batch(Arc::new(program));
        frame.collected = Some(rows);
        if let Err(failure) = self.push_frame(frame, false, host) {
            self.fail(failure, host, out);
        }
    }

    /// Something else came in the place of rows; true says that it is refused.
    ///
    /// That the other request is not run either is a guess.
    pub(super) fn misses_bulk_rows(&mut self, out: &mut Vec<Event>) -> bool {
        let missed = self.bulk.take().is_some();
        if missed {
            let text = "Bulk load data was expected but not sent. The batch will be terminated.";
            self.refuse_bulk(SqlError::new(4022, 16, text), out);
        }
        missed
    }

    fn refuse_bulk(&mut self, error: SqlError, out: &mut Vec<Event>) {
        self.state.error = error.number;
        out.push(Event::Error(error));
        out.push(Event::Done(Done {
            command: DoneCommand::BulkInsert,
            rows: None,
            failed: true,
            in_transaction: self.state.transaction.is_some(),
        }));
    }
}
