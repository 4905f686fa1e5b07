//! `sys.dm_hadr_ag_threads`: one worker of each kind for every database of a group (a guess).

use milink_core::value::Row;

use crate::catalog::column::{GUID, INT, NAME, ViewColumn, req};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_ag_threads", COLUMNS, rows).since(Since::SQL_2019);

const COLUMNS: &[ViewColumn] = &[
    req("group_id", GUID),
    req("name", NAME),
    req("num_databases", INT),
    req("num_capture_threads", INT),
    req("num_redo_threads", INT),
    req("num_parallel_redo_threads", INT),
    req("num_hadr_threads", INT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let groups = scope.instance.groups.values();
    let local = groups.filter_map(|group| Some((group, group.as_local()?)));
    local
        .map(|(group, local)| {
            let count = local.databases.len();
            row![group.id, &group.name, count, count, 0, 0, 1]
        })
        .collect()
}
