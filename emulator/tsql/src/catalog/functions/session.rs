//! Where a session comes from, and a few facts of its own.

use milink_core::sql_type::SqlType;

use super::{MetadataFunction, function};
use crate::catalog::Cell;
use crate::catalog::column::{BIGINT, INT, NAME, SMALLINT, varbinary};

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("host_name", (0, 0), NAME, |scope, _| {
        let session = scope.instance.sessions.get(&scope.session);
        Ok(session.map(|session| session.host_name.as_str()).cell())
    }),
    // A workstation's id is not sent by any driver of today.
    function("host_id", (0, 0), SqlType::Char(10), |_, _| {
        Ok("         0".cell())
    }),
    function("app_name", (0, 0), NAME, |scope, _| {
        let session = scope.instance.sessions.get(&scope.session);
        Ok(session.map(|session| session.program_name.as_str()).cell())
    }),
    function("program_name", (0, 0), NAME, |scope, _| {
        let session = scope.instance.sessions.get(&scope.session);
        Ok(session.map(|session| session.program_name.as_str()).cell())
    }),
    function("context_info", (0, 0), varbinary(128), |scope, _| {
        Ok(scope.settings.context_info.as_ref().cell())
    }),
    function("current_request_id", (0, 0), SMALLINT, |_, _| Ok(0.cell())),
    function("current_transaction_id", (0, 0), BIGINT, |scope, _| {
        let own = scope.transaction.map(|transaction| transaction.0);
        // A statement outside of a transaction runs in one of its own.
        Ok(own.unwrap_or(scope.database.version + 1).cell())
    }),
    function(
        "min_active_rowversion",
        (0, 0),
        SqlType::Binary(8),
        |scope, _| {
            let next = scope.database.version + 2001;
            Ok(next.to_be_bytes().as_slice().cell())
        },
    ),
    function("getansinull", (0, 1), SMALLINT, |_, _| Ok(1.cell())),
    function("trigger_nestlevel", (0, 3), INT, |_, _| Ok(0.cell())),
];
