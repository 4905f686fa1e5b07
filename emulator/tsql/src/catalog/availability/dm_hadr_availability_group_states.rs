//! `sys.dm_hadr_availability_group_states`: the health of each group.

use milink_core::availability_group::{AvailabilityGroup, GroupKind, Role};
use milink_core::value::Row;

use crate::catalog::column::{DESC, GUID, NAME, TINYINT, ViewColumn, col, req};
use crate::catalog::{Scope, View, replication, row};

pub(super) const VIEW: View = View::sys("dm_hadr_availability_group_states", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("group_id", GUID),
    col("primary_replica", NAME),
    col("primary_recovery_health", TINYINT),
    col("primary_recovery_health_desc", DESC),
    col("secondary_recovery_health", TINYINT),
    col("secondary_recovery_health_desc", DESC),
    col("synchronization_health", TINYINT),
    col("synchronization_health_desc", DESC),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let groups = scope.instance.groups.values();
    groups.map(|group| make_row(scope, group)).collect()
}

fn make_row(scope: &Scope<'_>, group: &AvailabilityGroup) -> Row {
    let role = scope.instance.shown_role(match &group.kind {
        GroupKind::Local(local) => local.role,
        GroupKind::Distributed(pair) => pair.role,
    });
    let online = |of: Role| (role == of).then_some((1, "ONLINE"));
    let (primary, secondary) = (online(Role::Primary), online(Role::Secondary));
    let health = replication::group_health(scope, group);
    row![
        group.id,
        replication::primary_name(scope, group),
        primary.map(|code| code.0),
        primary.map(|code| code.1),
        secondary.map(|code| code.0),
        secondary.map(|code| code.1),
        health.code(),
        health.desc(),
    ]
}
