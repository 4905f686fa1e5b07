//! `sys.dm_hadr_cluster` and its members: empty, since no instance is in a Windows cluster.

use crate::catalog::View;
use crate::catalog::column::{DESC, INT, NAME, TINYINT, col, req};

pub(super) const CLUSTER: View = View::sys(
    "dm_hadr_cluster",
    &[
        req("cluster_name", NAME),
        req("quorum_type", TINYINT),
        req("quorum_type_desc", DESC),
        req("quorum_state", TINYINT),
        req("quorum_state_desc", DESC),
    ],
    |_| Vec::new(),
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
    |_| Vec::new(),
);
