//! `sys.dm_hadr_availability_replica_states`: role, connection and health of each replica.

use milink_core::availability_group::Role;
use milink_core::value::{Row, Value};

use super::codes;
use crate::catalog::column::{
    BIGINT, BIT, DATETIME, DESC, GUID, INT, TINYINT, ViewColumn, col, nvarchar, req,
};
use crate::catalog::replication::{self, ReplicaState};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_availability_replica_states", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("replica_id", GUID),
    req("group_id", GUID),
    req("is_local", BIT),
    col("role", TINYINT),
    col("role_desc", DESC),
    col("operational_state", TINYINT),
    col("operational_state_desc", DESC),
    col("connected_state", TINYINT),
    col("connected_state_desc", DESC),
    col("recovery_health", TINYINT),
    col("recovery_health_desc", DESC),
    col("synchronization_health", TINYINT),
    col("synchronization_health_desc", DESC),
    col("last_connect_error_number", INT),
    col("last_connect_error_description", nvarchar(1024)),
    col("last_connect_error_timestamp", DATETIME),
    col("write_lease_remaining_ticks", BIGINT).since(Since::SQL_2017),
    col("current_configuration_commit_start_time_utc", DATETIME).since(Since::SQL_2019),
    col("is_internal", BIT).since(Since::SQL_2022),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = replication::replicas(scope).iter().map(make_row).collect();
    // Documented: the internal groups of a link with several databases are here too.
    let internal = replication::internal_replicas(scope);
    rows.extend(internal.iter().map(make_row));
    rows
}

fn make_row(state: &ReplicaState<'_>) -> Row {
    let role = state.role.map(codes::role);
    let operational = state.is_local.then_some(match state.role {
        Some(Role::Resolving) => (0, "PENDING_FAILOVER"),
        _ => (2, "ONLINE"),
    });
    let connected = if state.connected {
        (1, "CONNECTED")
    } else {
        (0, "DISCONNECTED")
    };
    let recovery = state.is_local.then_some((1, "ONLINE"));
    let error = state.last_error.as_ref();
    row![
        state.shown_id(),
        state.shown_group(),
        state.is_local,
        role.map(|code| code.0),
        role.map(|code| code.1),
        operational.map(|code| code.0),
        operational.map(|code| code.1),
        connected.0,
        connected.1,
        recovery.map(|code| code.0),
        recovery.map(|code| code.1),
        state.health.code(),
        state.health.desc(),
        error.map(|_| error_number(state)),
        error.map(|(error, _)| describe(state, error)),
        error.map(|(_, at)| *at),
        Value::Null,
        state.group.created,
        state.internal.is_some(),
    ]
}

/// 35201 is a connection that could not be made, 35206 one that broke (documentation: "availability group errors").
fn error_number(state: &ReplicaState<'_>) -> i32 {
    if state.was_connected { 35206 } else { 35201 }
}

fn describe(state: &ReplicaState<'_>, error: &str) -> String {
    let id = state.peer.1.to_string().to_uppercase();
    let what = match error_number(state) {
        35206 => format!(
            "A connection timeout has occurred on a previously established connection to availability replica '{}' with id [{id}].  Either a networking or a firewall issue exists or the availability replica has transitioned to the resolving role.",
            state.peer.0
        ),
        _ => format!(
            "A connection timeout has occurred while attempting to establish a connection to availability replica '{}' with id [{id}]. Either a networking or firewall issue exists, or the endpoint address provided for the replica is not the database mirroring endpoint of the host server instance.",
            state.peer.0
        ),
    };
    // The product stops here; milink also says what it knows, with the number of the message about it.
    format!("{what} ({error})")
}
