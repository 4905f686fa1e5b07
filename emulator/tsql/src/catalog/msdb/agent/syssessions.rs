//! `syssessions`: the sessions of the agent, which starts and stops with the service.

use crate::catalog::column::{DATETIME, INT, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "syssessions",
    &[req("session_id", INT), req("agent_start_date", DATETIME)],
    |scope| {
        let session = i64::from(scope.instance.life) + 1;
        vec![row![session, scope.instance.started]]
    },
)
.in_schema(Some("msdb"), "dbo");
