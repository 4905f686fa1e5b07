//! `sys.availability_databases_cluster`: the databases of each group.

use milink_core::value::Row;

use crate::catalog::column::{GUID, NAME, ViewColumn, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("availability_databases_cluster", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("group_id", GUID),
    req("group_database_id", GUID),
    col("database_name", NAME),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let groups = scope.instance.groups.values();
    let databases = groups.filter_map(|group| Some((group, group.as_local()?)));
    databases
        .flat_map(|(group, local)| {
            let joined = local.databases.iter();
            joined.map(|joined| row![group.id, joined.id, &joined.name])
        })
        .collect()
}
