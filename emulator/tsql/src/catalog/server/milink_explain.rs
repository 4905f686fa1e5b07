//! `sys.milink_explain`: milink's own; why the session's last statements failed, and what would put it right.

use milink_core::explain;
use milink_core::value::Row;

use crate::catalog::column::{INT, NVARCHAR_MAX, TINYINT, ViewColumn, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("milink_explain", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("error_sequence", INT),
    req("error_number", INT),
    req("error_severity", TINYINT),
    req("error_line", INT),
    req("reason", NVARCHAR_MAX),
    req("facts", NVARCHAR_MAX),
    req("remedy", NVARCHAR_MAX),
];

/// The newest first; facts and remedies are lines.
fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let newest = scope.errors.iter().enumerate().rev();
    newest
        .map(|(number, error)| {
            let explained =
                explain::sql_error(scope.world, scope.instance.id, error.number, &error.message);
            row![
                number + 1,
                error.number,
                error.severity,
                error.line,
                explained.reason,
                explained.facts.join("\n"),
                explained.remedy.join("\n"),
            ]
        })
        .collect()
}
