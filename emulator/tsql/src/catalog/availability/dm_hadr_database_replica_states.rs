//! `sys.dm_hadr_database_replica_states`: where each database of each replica stands in the log.
//!
//! A linked database has a row of its group and one of the distributed group; the primary also shows the other side.

use milink_core::database::{Database, DatabaseState};
use milink_core::lsn::Lsn;
use milink_core::time::Timestamp;
use milink_core::value::{Row, Value};

use super::codes;
use crate::catalog::column::{
    BIGINT, BIT, DATETIME, DESC, GUID, INT, LSN, TINYINT, ViewColumn, col, req,
};
use crate::catalog::replication::{self, DatabaseReplicaState};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_database_replica_states", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", INT),
    req("group_id", GUID),
    req("replica_id", GUID),
    req("group_database_id", GUID),
    col("is_local", BIT),
    col("is_primary_replica", BIT),
    col("synchronization_state", TINYINT),
    col("synchronization_state_desc", DESC),
    col("is_commit_participant", BIT),
    col("synchronization_health", TINYINT),
    col("synchronization_health_desc", DESC),
    col("database_state", TINYINT),
    col("database_state_desc", DESC),
    col("is_suspended", BIT),
    col("suspend_reason", TINYINT),
    col("suspend_reason_desc", DESC),
    col("recovery_lsn", LSN),
    col("truncation_lsn", LSN),
    col("last_sent_lsn", LSN),
    col("last_sent_time", DATETIME),
    col("last_received_lsn", LSN),
    col("last_received_time", DATETIME),
    col("last_hardened_lsn", LSN),
    col("last_hardened_time", DATETIME),
    col("last_redone_lsn", LSN),
    col("last_redone_time", DATETIME),
    col("log_send_queue_size", BIGINT),
    col("log_send_rate", BIGINT),
    col("redo_queue_size", BIGINT),
    col("redo_rate", BIGINT),
    col("filestream_send_rate", BIGINT),
    col("end_of_log_lsn", LSN),
    col("last_commit_lsn", LSN),
    col("last_commit_time", DATETIME),
    col("low_water_mark_for_ghosts", BIGINT),
    col("secondary_lag_seconds", BIGINT),
    col("quorum_commit_lsn", LSN).since(Since::SQL_2019),
    col("quorum_commit_time", DATETIME).since(Since::SQL_2019),
    col("is_internal", BIT).since(Since::MANAGED),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    replication::databases(scope).iter().map(make_row).collect()
}

/// The columns that say where a replica stands in the log.
#[derive(Default)]
struct Place {
    truncation: Option<Lsn>,
    sent: Option<(Lsn, Timestamp)>,
    received: Option<(Lsn, Timestamp)>,
    hardened: Option<(Lsn, Option<Timestamp>)>,
    redone: Option<(Lsn, Timestamp)>,
    send_queue: Option<u64>,
    redo_queue: Option<u64>,
    end_of_log: Option<Lsn>,
    committed: Option<(Lsn, Timestamp)>,
    lag_seconds: Option<i64>,
}

fn make_row(state: &DatabaseReplicaState<'_>) -> Row {
    let database = state.database;
    let place = if state.is_primary {
        primary_place(state)
    } else {
        secondary_place(state)
    };
    let of_database = state.is_local.then(|| state_code(database.state));
    let suspended = database
        .suspended
        .filter(|_| state.is_local)
        .map(codes::suspend_reason);
    row![
        database.id,
        state.group.id,
        state.replica,
        state.joined.id,
        state.is_local,
        state.is_primary,
        state.synchronization.code(),
        state.synchronization.desc(),
        state.commit_participant,
        state.health.code(),
        state.health.desc(),
        of_database.map(|code| code.0),
        of_database.map(|code| code.1),
        suspended.is_some(),
        suspended.map(|code| code.0),
        suspended.map(|code| code.1),
        // Block ids without a known value are padded with ones on a primary.
        state.is_primary.then_some(NO_RECOVERY_LSN),
        place.truncation.map(Lsn::block_start),
        place.sent.map(|at| at.0.block_start()),
        place.sent.map(|at| at.1),
        place.received.map(|at| at.0.block_start()),
        place.received.map(|at| at.1),
        place.hardened.map(|at| at.0.block_start()),
        place.hardened.and_then(|at| at.1),
        place.redone.map(|at| at.0),
        place.redone.map(|at| at.1),
        place.send_queue.map(kilobytes),
        place.send_queue.map(|_| 0),
        place.redo_queue.map(kilobytes),
        place.redo_queue.map(|_| 0),
        place.send_queue.map(|_| 0),
        place.end_of_log.map(Lsn::block_start),
        place.committed.map(|at| at.0),
        place.committed.map(|at| at.1),
        0,
        place.lag_seconds,
        Value::Null,
        Value::Null,
        false,
    ]
}

/// The largest block id: what the product shows where nothing has been recovered to.
const NO_RECOVERY_LSN: Lsn = Lsn {
    vlf: u32::MAX,
    block: u32::MAX,
    slot: 1,
};

/// A primary sends and receives nothing; an asynchronous one also tells no hardened LSN.
fn primary_place(state: &DatabaseReplicaState<'_>) -> Place {
    let database = state.database;
    // The group of a forwarder calls itself primary while its databases follow another instance.
    let end = database.log.end();
    let hardened = match state.positions {
        Some(positions) if state.commit_participant => Some(positions.hardened),
        Some(_) => None,
        None => state.commit_participant.then_some(end),
    };
    Place {
        truncation: Some(first_needed(database)),
        hardened: hardened.map(|lsn| (lsn, None)),
        end_of_log: Some(end),
        committed: last_commit(database),
        ..Place::default()
    }
}

/// The secondary's own row, or what the primary was last told by it.
fn secondary_place(state: &DatabaseReplicaState<'_>) -> Place {
    let database = state.database;
    if let Some(at) = state.positions {
        let behind = match (at.primary_committed, at.committed) {
            (Some((_, primary)), Some((_, secondary))) => primary.since(secondary).as_seconds(),
            _ => 0,
        };
        return Place {
            truncation: state.is_local.then(|| first_needed(database)),
            sent: Some((at.sent, at.sent_time)).filter(|_| !state.is_local),
            received: Some((at.hardened, at.hardened_time)),
            hardened: Some((at.hardened, Some(at.hardened_time))),
            redone: Some((at.redone, at.redone_time)),
            send_queue: (!state.is_local).then_some(at.send_queue_bytes),
            redo_queue: Some(at.redo_queue_bytes),
            end_of_log: Some(at.hardened),
            committed: at.committed,
            lag_seconds: Some(if state.is_local { 0 } else { behind }),
        };
    }
    let Some(copy) = database.copy.as_ref().filter(|_| state.is_local) else {
        return Place::default();
    };
    Place {
        truncation: Some(first_needed(database)),
        received: Some((copy.hardened, copy.hardened_time)),
        hardened: Some((copy.hardened, Some(copy.hardened_time))),
        redone: Some((copy.redone, copy.redone_time)),
        redo_queue: Some(0),
        end_of_log: Some(copy.hardened),
        committed: copy.committed,
        ..Place::default()
    }
}

fn first_needed(database: &Database) -> Lsn {
    let first = database.log.first();
    first.map_or(database.log.end(), |entry| entry.first)
}

fn last_commit(database: &Database) -> Option<(Lsn, Timestamp)> {
    if let Some(copy) = &database.copy {
        return copy.committed;
    }
    database.log.last().map(|entry| (entry.lsn, entry.time))
}

fn kilobytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}

/// `database_state`, which numbers the states as `sys.databases` does.
fn state_code(state: DatabaseState) -> (u8, &'static str) {
    crate::catalog::databases::state_code(state)
}
