//! `sys.availability_groups_cluster`: the groups as the cluster's metadata has them.

use milink_core::availability_group::GroupKind;
use milink_core::value::{Row, Value};

use super::codes;
use crate::catalog::column::{
    BIT, DESC, GUID, INT, NAME, SMALLINT, TINYINT, ViewColumn, col, nvarchar, req,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("availability_groups_cluster", COLUMNS, rows);

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
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let row = |group: &milink_core::availability_group::AvailabilityGroup| {
        let local = group.as_local();
        let preference = local.map(|local| codes::backup_preference(local.backup_preference));
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
        ]
    };
    scope
        .instance
        .groups
        .values()
        .map(|group| row(group))
        .collect()
}
