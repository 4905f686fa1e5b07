//! `syscategories`: those of jobs.

use crate::catalog::column::{INT, NAME, TINYINT, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "syscategories",
    &[
        req("category_id", INT),
        req("category_class", INT),
        req("category_type", TINYINT),
        req("name", NAME),
    ],
    |scope| {
        let all = scope.instance.agent.categories();
        all.map(|(id, name)| {
            let kind = if id == 2 { 2 } else { 1 };
            row![id, 1, kind, name]
        })
        .collect()
    },
)
.in_schema(Some("msdb"), "dbo");
