//! `sys.availability_replicas`: the replicas of groups, and the member groups of distributed groups.

use milink_core::availability_group::{AvailabilityGroup, GroupKind, Member, Replica};
use milink_core::link::{internal_group, internal_replica};
use milink_core::time::Span;
use milink_core::value::{Row, Value};

use super::availability_groups::MULTI_DATABASE_LINKS;
use super::codes;
use crate::catalog::column::{DATETIME, DESC, GUID, INT, SID, TINYINT, ViewColumn, col, nvarchar};
use crate::catalog::{Scope, Since, View, replication, row};

pub(super) const VIEW: View = View::sys("availability_replicas", COLUMNS, rows);

/// The replicas of the groups in `sys.dm_hadr_internal_availability_groups`: the members of their distributed group (the
/// shape is a guess).
pub(super) const INTERNAL: View = View::sys(
    "dm_hadr_internal_availability_replicas",
    COLUMNS,
    internal_rows,
)
.since(MULTI_DATABASE_LINKS);

const COLUMNS: &[ViewColumn] = &[
    col("replica_id", GUID),
    col("group_id", GUID),
    col("replica_metadata_id", INT),
    col("replica_server_name", nvarchar(256)),
    col("owner_sid", SID),
    col("endpoint_url", nvarchar(256)),
    col("availability_mode", TINYINT),
    col("availability_mode_desc", DESC),
    col("failover_mode", TINYINT),
    col("failover_mode_desc", DESC),
    col("session_timeout", INT),
    col("primary_role_allow_connections", TINYINT),
    col("primary_role_allow_connections_desc", DESC),
    col("secondary_role_allow_connections", TINYINT),
    col("secondary_role_allow_connections_desc", DESC),
    col("create_date", DATETIME),
    col("modify_date", DATETIME),
    col("backup_priority", INT),
    col("read_only_routing_url", nvarchar(256)),
    col("seeding_mode", TINYINT),
    col("seeding_mode_desc", DESC),
    col("read_write_routing_url", nvarchar(256)).since(Since::SQL_2019),
];

/// Where metadata ids of local replicas begin, as seen in permissions on groups.
const FIRST_METADATA_ID: i64 = 65_537;

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, group) in scope.instance.groups.values().enumerate() {
        let metadata_id = FIRST_METADATA_ID + at as i64;
        match &group.kind {
            GroupKind::Local(local) => {
                let own = replication::local_replica(scope, local);
                for (at, replica) in local.replicas.iter().enumerate() {
                    let local_id = (own == Some(at)).then_some(metadata_id);
                    rows.push(replica_row(group, replica, local_id));
                }
            }
            GroupKind::Distributed(pair) => {
                for (at, member) in pair.members.iter().enumerate() {
                    let local_id = (at == pair.local).then_some(metadata_id);
                    rows.push(member_row(group, member, local_id));
                }
            }
        }
    }
    rows
}

fn internal_rows(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (group, joined) in replication::internal_groups(scope) {
        let Some(pair) = group.as_distributed() else {
            continue;
        };
        for (at, member) in pair.members.iter().enumerate() {
            let internal = AvailabilityGroup {
                id: internal_group(group.id, joined.id),
                ..group.clone()
            };
            let replica = Member {
                id: internal_replica(member.id, joined.id),
                ..member.clone()
            };
            let local_id = (at == pair.local).then_some(FIRST_METADATA_ID);
            rows.push(member_row(&internal, &replica, local_id));
        }
    }
    rows
}

fn replica_row(group: &AvailabilityGroup, replica: &Replica, local_id: Option<i64>) -> Row {
    let mode = codes::availability_mode(replica.availability_mode);
    let failover = codes::failover_mode(replica.failover_mode);
    let primary = codes::primary_connections(replica.primary_read_write_only);
    let secondary = codes::secondary_connections(replica.secondary_connections);
    let seeding = codes::seeding_mode(replica.seeding_mode);
    row![
        replica.id,
        group.id,
        local_id,
        &replica.server_name,
        owner(local_id),
        &replica.endpoint_url,
        mode.0,
        mode.1,
        failover.0,
        failover.1,
        seconds(replica.session_timeout),
        primary.0,
        primary.1,
        secondary.0,
        secondary.1,
        local_id.map(|_| replica.created),
        local_id.map(|_| replica.modified),
        replica.backup_priority,
        replica.read_only_routing_url.as_ref(),
        seeding.0,
        seeding.1,
        replica.read_write_routing_url.as_ref(),
    ]
}

/// A member group fails over by hand only; what it has no setting for shows a replica's default (a guess).
fn member_row(group: &AvailabilityGroup, member: &Member, local_id: Option<i64>) -> Row {
    let mode = codes::availability_mode(member.availability_mode);
    let primary = codes::primary_connections(false);
    let seeding = codes::seeding_mode(member.seeding_mode);
    row![
        member.id,
        group.id,
        local_id,
        &member.group,
        owner(local_id),
        &member.listener_url,
        mode.0,
        mode.1,
        1,
        "MANUAL",
        seconds(member.session_timeout),
        primary.0,
        primary.1,
        2,
        "ALL",
        local_id.map(|_| member.created),
        local_id.map(|_| member.modified),
        Value::Null,
        Value::Null,
        seeding.0,
        seeding.1,
        Value::Null,
    ]
}

/// The owner is known of local replicas only; it is `sa`.
fn owner(local_id: Option<i64>) -> Option<&'static [u8]> {
    local_id.map(|_| [1].as_slice())
}

fn seconds(span: Span) -> i64 {
    span.as_seconds()
}
