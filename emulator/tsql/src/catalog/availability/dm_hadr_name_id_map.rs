//! `sys.dm_hadr_name_id_map`: the ids of groups in the cluster, which there is none of.

use milink_core::value::Row;

use crate::catalog::column::{GUID, ViewColumn, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_name_id_map", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("ag_name", nvarchar(256)),
    req("ag_id", GUID),
    req("ag_resource_id", nvarchar(256)),
    req("ag_group_id", nvarchar(256)),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let groups = scope.instance.groups.values();
    groups
        .map(|group| row![&group.name, group.id, "", ""])
        .collect()
}
