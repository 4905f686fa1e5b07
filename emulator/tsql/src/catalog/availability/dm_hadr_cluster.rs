//! `sys.dm_hadr_cluster` and its members: the Windows cluster that a SQL Server is a node of. Every cluster of the model
//! has that one node and votes by nodes (a guess at what a user would see).

use crate::catalog::column::{DESC, INT, NAME, TINYINT, col, req};
use crate::catalog::{View, row};

pub(super) const CLUSTER: View = View::sys(
    "dm_hadr_cluster",
    &[
        req("cluster_name", NAME),
        req("quorum_type", TINYINT),
        req("quorum_type_desc", DESC),
        req("quorum_state", TINYINT),
        req("quorum_state_desc", DESC),
    ],
    |scope| {
        let cluster = scope.instance.cluster.iter();
        cluster
            .map(|name| row![name, 0, "NODE_MAJORITY", 1, "NORMAL_QUORUM"])
            .collect()
    },
);

pub(super) const MEMBERS: View = View::sys(
    "dm_hadr_cluster_members",
    &[
        req("member_name", NAME),
        req("member_type", TINYINT),
        req("member_type_desc", DESC),
        req("member_state", TINYINT),
        req("member_state_desc", DESC),
        col("number_of_quorum_votes", INT),
    ],
    |scope| {
        let cluster = scope.instance.cluster.iter();
        cluster
            .map(|_| row![&scope.instance.name, 0, "CLUSTER_NODE", 1, "UP", 1])
            .collect()
    },
);
