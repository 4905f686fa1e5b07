//! `sys.availability_groups`, and the internal groups of links with several databases.

use milink_core::availability_group::{AvailabilityGroup, GroupDatabase, GroupKind};
use milink_core::link::internal_group;
use milink_core::value::{Row, Value};
use milink_core::version::Build;

use super::codes;
use crate::catalog::column::{
    BIGINT, BIT, DESC, GUID, INT, NAME, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req,
};
use crate::catalog::{Scope, Since, View, replication, row};

pub(super) const VIEW: View = View::sys("availability_groups", COLUMNS, rows);

/// The groups that replicate one database each. Documented to be there, and not in `sys.availability_groups`; what their
/// rows say is a guess, but for the first column.
pub(super) const INTERNAL: View = View::sys(
    "dm_hadr_internal_availability_groups",
    INTERNAL_COLUMNS,
    internal_rows,
)
.since(MULTI_DATABASE_LINKS);

/// SQL Server 2022 CU27 and 2025 CU9.
pub(super) const MULTI_DATABASE_LINKS: Since =
    Since::server_and(Build::SQL_2025_CU9, Build::SQL_2022_CU27);

const INTERNAL_COLUMNS: &[ViewColumn] = &[
    col("distributed_availability_group_id", GUID),
    req("group_id", GUID),
    col("name", NAME),
    col("resource_id", nvarchar(40)),
    col("resource_group_id", nvarchar(40)),
    col("failure_condition_level", INT),
    col("health_check_timeout", INT),
    col("automated_backup_preference", TINYINT),
    col("automated_backup_preference_desc", DESC),
    col("version", SMALLINT),
    col("basic_features", BIT),
    col("dtc_support", BIT),
    col("db_failover", BIT),
    col("is_distributed", BIT),
    col("cluster_type", TINYINT),
    col("cluster_type_desc", DESC),
    col("required_synchronized_secondaries_to_commit", INT),
    col("sequence_number", BIGINT),
    col("is_contained", BIT),
];

const COLUMNS: &[ViewColumn] = &[
    req("group_id", GUID),
    col("name", NAME),
    col("resource_id", nvarchar(40)),
    col("resource_group_id", nvarchar(40)),
    col("failure_condition_level", INT),
    col("health_check_timeout", INT),
    col("automated_backup_preference", TINYINT),
    col("automated_backup_preference_desc", DESC),
    col("version", SMALLINT),
    col("basic_features", BIT),
    col("dtc_support", BIT),
    col("db_failover", BIT),
    col("is_distributed", BIT),
    col("cluster_type", TINYINT).since(Since::SQL_2017),
    col("cluster_type_desc", DESC).since(Since::SQL_2017),
    col("required_synchronized_secondaries_to_commit", INT).since(Since::SQL_2017),
    col("sequence_number", BIGINT).since(Since::SQL_2017),
    col("is_contained", BIT).since(Since::SQL_2019),
    col("cluster_connection_options", nvarchar(4000)).since(Since::SQL_2025),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    scope
        .instance
        .groups
        .values()
        .map(|group| make_row(group))
        .collect()
}

fn internal_rows(scope: &Scope<'_>) -> Vec<Row> {
    let internal = replication::internal_groups(scope).into_iter();
    let row = |(group, joined): (&AvailabilityGroup, &GroupDatabase)| {
        row![
            group.id,
            internal_group(group.id, joined.id),
            format!("{}_{}", group.name, joined.name),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            1,
            false,
            false,
            false,
            true,
            Value::Null,
            Value::Null,
            group.required_synchronized_secondaries,
            group.sequence,
            false,
        ]
    };
    internal.map(row).collect()
}

/// A distributed group has no cluster, health check or backup preference of its own (partly a guess).
fn make_row(group: &AvailabilityGroup) -> Row {
    let local = group.as_local();
    let preference = local.map(|local| codes::backup_preference(local.backup_preference));
    let cluster = local.map(|local| codes::cluster_type(local.cluster));
    row![
        group.id,
        &group.name,
        Value::Null,
        Value::Null,
        local.map(|local| local.failure_condition_level),
        local.map(|local| local.health_check_timeout_ms),
        preference.map(|code| code.0),
        preference.map(|code| code.1),
        1,
        local.is_some_and(|local| local.basic),
        local.is_some_and(|local| local.dtc_support),
        local.is_some_and(|local| local.db_failover),
        matches!(group.kind, GroupKind::Distributed(_)),
        cluster.map(|code| code.0),
        cluster.map(|code| code.1),
        group.required_synchronized_secondaries,
        group.sequence,
        local.is_some_and(|local| local.contained),
        Value::Null,
    ]
}
