//! `sys.dm_hadr_availability_replica_cluster_states` and `_nodes`: replicas as the cluster knows them.

use milink_core::availability_group::GroupKind;
use milink_core::value::Row;

use crate::catalog::column::{DESC, GUID, TINYINT, col, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const STATES: View = View::sys(
    "dm_hadr_availability_replica_cluster_states",
    &[
        req("replica_id", GUID),
        col("replica_server_name", nvarchar(256)),
        req("group_id", GUID),
        req("join_state", TINYINT),
        col("join_state_desc", DESC),
    ],
    states,
);

/// Without a Windows cluster there are no nodes.
pub(super) const NODES: View = View::sys(
    "dm_hadr_availability_replica_cluster_nodes",
    &[
        req("group_name", nvarchar(256)),
        req("replica_server_name", nvarchar(256)),
        req("node_name", nvarchar(256)),
    ],
    |_| Vec::new(),
);

fn states(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in scope.instance.groups.values() {
        match &group.kind {
            GroupKind::Local(local) => {
                let own = crate::catalog::replication::local_replica(scope, local);
                for (at, replica) in local.replicas.iter().enumerate() {
                    let set =
                        milink_core::replica::set_of(scope.world, scope.instance.id, group.id);
                    let server = replica.server_name.as_str();
                    let elsewhere = set.and_then(|set| set.named(scope.world, server));
                    let joined = own == Some(at) || elsewhere.is_some();
                    rows.push(row![
                        replica.id,
                        &replica.server_name,
                        group.id,
                        i32::from(joined),
                        if joined {
                            "JOINED_STANDALONE"
                        } else {
                            "NOT_JOINED"
                        },
                    ]);
                }
            }
            GroupKind::Distributed(pair) => {
                let linked =
                    milink_core::link::link_of(scope.world, scope.instance.id, group).is_some();
                for (at, member) in pair.members.iter().enumerate() {
                    let joined = at == pair.local || linked;
                    rows.push(row![
                        member.id,
                        &member.group,
                        group.id,
                        i32::from(joined),
                        if joined {
                            "JOINED_STANDALONE"
                        } else {
                            "NOT_JOINED"
                        },
                    ]);
                }
            }
        }
    }
    rows
}
