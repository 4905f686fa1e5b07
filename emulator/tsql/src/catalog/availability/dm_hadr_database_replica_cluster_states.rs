//! `sys.dm_hadr_database_replica_cluster_states`: which databases could fail over without loss.

use milink_core::database::SuspendReason;
use milink_core::link::SynchronizationState;
use milink_core::value::Row;

use crate::catalog::column::{BIT, GUID, LSN, NAME, ViewColumn, col, req};
use crate::catalog::replication;
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_database_replica_cluster_states", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("replica_id", GUID),
    req("group_database_id", GUID),
    col("database_name", NAME),
    req("is_failover_ready", BIT),
    req("is_pending_secondary_suspend", BIT),
    req("is_database_joined", BIT),
    col("recovery_lsn", LSN),
    col("truncation_lsn", LSN),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let states = replication::databases(scope);
    let row = |state: &replication::DatabaseReplicaState<'_>| {
        let log = &state.database.log;
        let first = log.first().map_or(log.end(), |entry| entry.first);
        let synchronized = state.synchronization == SynchronizationState::Synchronized;
        row![
            state.replica,
            state.joined.id,
            &state.joined.name,
            synchronized,
            state.database.suspended == Some(SuspendReason::Partner),
            state.is_local || state.positions.is_some(),
            None::<milink_core::lsn::Lsn>,
            state.is_local.then(|| first.block_start()),
        ]
    };
    states.iter().map(row).collect()
}
