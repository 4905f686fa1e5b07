//! Sending a result set from a procedure.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::value::Row;

use crate::catalog::ViewColumn;
use crate::session::event::{Done, DoneCommand, Event, ResultColumn};
use crate::statement::context::StatementContext;
use crate::types::ExprType;

/// Sends a whole result set.
pub(crate) fn send(context: &mut StatementContext<'_>, columns: &[ViewColumn], rows: Vec<Row>) {
    let columns: Arc<[ResultColumn]> = columns.iter().map(result_column).collect();
    let count = rows.len() as u64;
    context.events.push(Event::Columns(columns));
    context.events.extend(rows.into_iter().map(Event::Row));
    context.events.push(Event::Done(Done {
        command: DoneCommand::Select,
        rows: Some(count),
        failed: false,
        in_transaction: context.transaction.is_some(),
    }));
}

fn result_column(column: &ViewColumn) -> ResultColumn {
    ResultColumn {
        name: column.name.into(),
        ty: ExprType::column(column.sql_type, column.nullable, Collation::DEFAULT),
        identity: false,
        updatable: false,
        computed: false,
    }
}
