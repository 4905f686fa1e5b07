//! Transactions and locks.

use milink_core::distributed::Part;
use milink_core::ids::TransactionId;
use milink_core::store::LockKey;
use milink_core::value::{Row, Value};

use crate::catalog::column::{BIGINT, BIT, DATETIME, GUID, INT, NAME, col, nvarchar, req};
use crate::catalog::{Cell, Scope, View, row};

pub(super) const LOCKS: View = View::sys(
    "dm_tran_locks",
    &[
        req("resource_type", nvarchar(60)),
        req("resource_subtype", nvarchar(60)),
        req("resource_database_id", INT),
        col("resource_description", nvarchar(256)),
        col("resource_associated_entity_id", BIGINT),
        req("resource_lock_partition", INT),
        req("request_mode", nvarchar(60)),
        req("request_type", nvarchar(60)),
        req("request_status", nvarchar(60)),
        req("request_reference_count", INT),
        req("request_session_id", INT),
        req("request_owner_type", nvarchar(60)),
        col("request_owner_id", BIGINT),
        // Of a distributed transaction only: what KILL ends one by that is in doubt.
        col("request_owner_guid", GUID),
    ],
    locks,
);

pub(super) const SESSION_TRANSACTIONS: View = View::sys(
    "dm_tran_session_transactions",
    &[
        req("session_id", INT),
        req("transaction_id", BIGINT),
        req("enlist_count", INT),
        req("is_user_transaction", BIT),
        req("is_local", BIT),
        req("is_enlisted", BIT),
        req("is_bound", BIT),
        req("open_transaction_count", INT),
    ],
    session_transactions,
);

pub(super) const ACTIVE_TRANSACTIONS: View = View::sys(
    "dm_tran_active_transactions",
    &[
        req("transaction_id", BIGINT),
        req("name", nvarchar(32)),
        req("transaction_begin_time", DATETIME),
        req("transaction_type", INT),
        col("transaction_uow", GUID),
        req("transaction_state", INT),
        req("transaction_status", INT),
        req("dtc_state", INT),
    ],
    active_transactions,
);

pub(super) const DATABASE_TRANSACTIONS: View = View::sys(
    "dm_tran_database_transactions",
    &[
        req("transaction_id", BIGINT),
        req("database_id", INT),
        col("database_transaction_begin_time", DATETIME),
        req("database_transaction_type", INT),
        req("database_transaction_state", INT),
        req("database_transaction_log_record_count", BIGINT),
        col("database_name", NAME),
    ],
    database_transactions,
);

/// A lock on the database for every session in it, and what transactions hold.
fn locks(scope: &Scope<'_>) -> Vec<Row> {
    let lock = |kind: &str,
                database: i64,
                what: Value,
                entity: i64,
                mode: &str,
                session: i64,
                owner: &str,
                id: Value,
                unit: Value| {
        row![
            kind, "", database, what, entity, 0, mode, "LOCK", "GRANT", 1, session, owner, id,
            unit,
        ]
    };
    let mut rows = Vec::new();
    for session in scope.instance.live_sessions() {
        let database = session.database.0.into();
        let session = session.id.0.into();
        rows.push(lock(
            "DATABASE",
            database,
            Value::str(""),
            0,
            "S",
            session,
            "SHARED_TRANSACTION_WORKSPACE",
            Value::Int(0),
            Value::Null,
        ));
    }
    for database in scope.instance.databases.values() {
        for (key, holder) in &database.locks {
            let session = database
                .transactions
                .get(holder)
                .map_or(0, |open| open.session.0);
            let (kind, table, what) = match key {
                LockKey::Object(table) => ("OBJECT", table.0, Value::str("")),
                LockKey::Row(table, row) => ("RID", table.0, Value::str(format!("1:{row}:0"))),
                LockKey::Key(table, index, key) => {
                    let hash = key.iter().fold(*index as u64, |hash, byte| {
                        hash.wrapping_mul(0x0100_0000_01B3) ^ u64::from(*byte)
                    });
                    let text = format!("({:012x})", hash & 0xFFFF_FFFF_FFFF);
                    ("KEY", table.0, Value::str(text))
                }
            };
            rows.push(lock(
                kind,
                database.id.0.into(),
                what,
                table.into(),
                "X",
                session.into(),
                "TRANSACTION",
                crate::catalog::Cell::cell(*holder),
                part_of(scope, *holder).map_or(Value::Null, |part| part.unit.cell()),
            ));
        }
    }
    rows
}

fn session_transactions(scope: &Scope<'_>) -> Vec<Row> {
    open(scope)
        .map(|(_, open)| {
            let spans = part_of(scope, open.id).is_some();
            row![open.session, open.id, 0, true, !spans, spans, false, 1]
        })
        .collect()
}

fn active_transactions(scope: &Scope<'_>) -> Vec<Row> {
    open(scope)
        .map(|(_, open)| {
            // 4 is a distributed transaction, whose unit of work all instances know. State 2 is active, 5 prepared; of
            // the coordinator's states 1 is active, 2 prepared, 5 recovered.
            let part = part_of(scope, open.id);
            let (kind, name, state, dtc) = match part {
                None => (1, "user_transaction", 2, 0),
                Some(part) if part.in_doubt.is_none() => (4, "DTCXact", 2, 1),
                Some(part) if part.recovered => (4, "DTCXact", 5, 5),
                Some(_) => (4, "DTCXact", 5, 2),
            };
            let unit = part.map_or(Value::Null, |part| part.unit.cell());
            row![open.id, name, open.began, kind, unit, state, 0, dtc]
        })
        .collect()
}

fn database_transactions(scope: &Scope<'_>) -> Vec<Row> {
    open(scope)
        .map(|(database, open)| {
            row![
                open.id,
                database.id,
                open.began,
                1,
                4,
                open.ops.len(),
                &database.name
            ]
        })
        .collect()
}

fn part_of<'a>(scope: &Scope<'a>, transaction: TransactionId) -> Option<&'a Part> {
    scope.instance.distributed.get(&transaction)
}

fn open<'a>(
    scope: &Scope<'a>,
) -> impl Iterator<
    Item = (
        &'a milink_core::database::Database,
        &'a milink_core::store::OpenTransaction,
    ),
> {
    let databases = scope.instance.databases.values();
    databases.flat_map(|database| {
        let open = database.transactions.values();
        open.map(move |open| (&**database, &**open))
    })
}
