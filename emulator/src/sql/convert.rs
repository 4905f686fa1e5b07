//! The engine's events and requests in the wire's words.

use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;
use milink_tds::bulk_load::BulkLoad;
use milink_tds::rpc_request::RpcCall;
use milink_tds::token::{Column, ColumnSource, EnvChange, ServerMessage, command};
use milink_tds::transaction_request::{Begin, Isolation, TransactionAction};
use milink_tsql::ast::IsolationLevel;
use milink_tsql::error::SqlError;
use milink_tsql::session::event::{Done, DoneCommand, Environment, ResultColumn, SourceColumn};
use milink_tsql::session::{Argument, Begin as EngineBegin, Request};
use milink_tsql::types::ExprType;

use crate::tds::{End, wire};

/// A column of a result.
pub(super) fn column(column: &ResultColumn) -> Column {
    let ty = &column.ty;
    let mut wired = Column::new(
        &*column.name,
        wire::type_info(ty.sql, ty.collation, ty.nullable),
    );
    wired.flags.nullable = ty.nullable;
    wired.flags.identity = column.identity;
    wired.flags.updatable = column.updatable;
    wired.flags.computed = column.computed;
    wired.flags.case_sensitive = ty.collation.is_some_and(Collation::is_case_sensitive);
    if ty.sql == SqlType::RowVersion {
        wired.user_type = wire::USER_TYPE_ROW_VERSION;
    }
    wired
}

/// Where a column of a cursor comes from.
pub(super) fn source(column: &SourceColumn) -> ColumnSource<'_> {
    ColumnSource {
        table: column.table,
        expression: column.expression,
        key: column.key,
        hidden: column.hidden,
        base_name: column.base_name.as_deref(),
    }
}

/// An error or a message of a server.
pub(super) fn message(error: &SqlError, server: &str) -> ServerMessage {
    ServerMessage {
        number: error.number,
        state: error.state,
        class: class(error.severity),
        text: error.message.clone(),
        server: server.to_owned(),
        procedure: error.procedure.clone().unwrap_or_default(),
        line: error.line,
    }
}

/// Severity 10 reaches clients as 0, for compatibility (documentation: "Database Engine error severities").
const fn class(severity: u8) -> u8 {
    if severity == 10 { 0 } else { severity }
}

/// The end of a statement.
pub(super) fn end(done: &Done) -> End {
    let command = match done.command {
        DoneCommand::None | DoneCommand::Other => 0,
        DoneCommand::Select => command::SELECT,
        DoneCommand::Insert => command::INSERT,
        DoneCommand::BulkInsert => command::BULK_INSERT,
        DoneCommand::Update => command::UPDATE,
        DoneCommand::Delete => command::DELETE,
        DoneCommand::Merge => command::MERGE,
        DoneCommand::BeginTransaction => command::BEGIN_TRANSACTION,
        DoneCommand::CommitTransaction => command::COMMIT,
        DoneCommand::RollbackTransaction => command::ROLLBACK,
    };
    End {
        command,
        row_count: done.rows,
        failed: done.failed,
        in_transaction: done.in_transaction,
    }
}

/// A change of the environment; none for what the connection has announced itself.
pub(super) fn env_change(change: &Environment) -> Option<EnvChange> {
    Some(match change {
        Environment::Database { new, old } => EnvChange::Database {
            new: new.to_string(),
            old: old.to_string(),
        },
        Environment::Language { new, old } => EnvChange::Language {
            new: new.to_string(),
            old: old.to_string(),
        },
        Environment::Collation(collation) => EnvChange::Collation {
            new: wire::wire_collation(*collation),
        },
        Environment::TransactionBegun(descriptor) => EnvChange::BeginTransaction {
            descriptor: *descriptor,
        },
        Environment::TransactionCommitted(descriptor) => EnvChange::CommitTransaction {
            descriptor: *descriptor,
        },
        Environment::TransactionRolledBack(descriptor) => EnvChange::RollbackTransaction {
            descriptor: *descriptor,
        },
        Environment::Reset => return None,
    })
}

/// A procedure call. Text without a collation of its own has the database's.
pub(super) fn call(call: RpcCall, collation: Collation) -> Request {
    let arguments = call.parameters.into_iter().map(|parameter| {
        let collation = wire::sql_collation(parameter.type_info).unwrap_or(collation);
        Argument {
            name: parameter.name,
            ty: ExprType::variable(wire::sql_type(parameter.type_info), collation),
            value: wire::sql_value(parameter.value),
            output: parameter.is_output,
            default: parameter.is_default,
        }
    });
    Request::Procedure {
        arguments: arguments.collect(),
        name: call.procedure.name().to_owned(),
    }
}

/// Rows after INSERT BULK. Text without a collation of its own has the database's.
pub(super) fn bulk_load(load: BulkLoad, collation: Collation) -> Request {
    let types = load.columns.iter().map(|column| {
        let collation = wire::sql_collation(column.type_info).unwrap_or(collation);
        ExprType::variable(wire::sql_type(column.type_info), collation)
    });
    let rows = load.rows.into_iter();
    Request::Rows {
        types: types.collect(),
        rows: rows
            .map(|row| row.into_iter().map(wire::sql_value).collect())
            .collect(),
    }
}

/// A request to the transaction manager.
pub(super) fn transaction(action: TransactionAction) -> Request {
    match action {
        TransactionAction::Begin(wanted) => Request::Begin(begin(wanted)),
        TransactionAction::Commit { name, then } => Request::Commit {
            name,
            begin_next: then.map(begin),
        },
        TransactionAction::Rollback { name, then } => Request::Rollback {
            name,
            begin_next: then.map(begin),
        },
        TransactionAction::Save { name } => Request::Save { name },
    }
}

fn begin(begin: Begin) -> EngineBegin {
    EngineBegin {
        isolation: begin.isolation.map(isolation),
        name: begin.name,
    }
}

fn isolation(level: Isolation) -> IsolationLevel {
    match level {
        Isolation::ReadUncommitted => IsolationLevel::ReadUncommitted,
        Isolation::ReadCommitted => IsolationLevel::ReadCommitted,
        Isolation::RepeatableRead => IsolationLevel::RepeatableRead,
        Isolation::Serializable => IsolationLevel::Serializable,
        Isolation::Snapshot => IsolationLevel::Snapshot,
    }
}
