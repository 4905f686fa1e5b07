//! `sys.messages`: the numbers that milink raises, with the texts of English.

use milink_core::value::Row;

use crate::catalog::column::{BIT, INT, SMALLINT, TINYINT, ViewColumn, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("messages", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("message_id", INT),
    req("language_id", SMALLINT),
    req("severity", TINYINT),
    req("is_event_logged", BIT),
    req("text", nvarchar(2048)),
];

/// Number, severity and text of the messages that tools look up; `RAISERROR` and `FORMATMESSAGE` have them too.
const MESSAGES: &[(i32, u8, &str)] = &[
    (102, 15, "Incorrect syntax near '%.*ls'."),
    (137, 15, "Must declare the scalar variable \"%.*ls\"."),
    (156, 15, "Incorrect syntax near the keyword '%.*ls'."),
    (207, 16, "Invalid column name '%.*ls'."),
    (208, 16, "Invalid object name '%.*ls'."),
    (
        911,
        16,
        "Database '%.*ls' does not exist. Make sure that the name is entered correctly.",
    ),
    (
        927,
        14,
        "Database '%.*ls' cannot be opened. It is in the middle of a restore.",
    ),
    (
        1475,
        16,
        "Database \"%.*ls\" might contain bulk logged changes that have not been backed up. Take a log backup on the principal database or primary database. Then restore this backup either on the mirror database to enable database mirroring or on every secondary database to enable you to join it to the availability group.",
    ),
    (
        1801,
        16,
        "Database '%.*ls' already exists. Choose a different database name.",
    ),
    (
        2627,
        14,
        "Violation of %ls constraint '%.*ls'. Cannot insert duplicate key in object '%.*ls'. The duplicate key value is %ls.",
    ),
    (
        2714,
        16,
        "There is already an object named '%.*ls' in the database.",
    ),
    (2812, 16, "Could not find stored procedure '%.*ls'."),
    (3013, 16, "%hs is terminating abnormally."),
    (
        3701,
        11,
        "Cannot %S_MSG the %S_MSG '%.*ls', because it does not exist or you do not have permission.",
    ),
    (
        3752,
        16,
        "The database '%.*ls' is currently joined to an availability group.  Before you can drop the database, you need to remove it from the availability group.",
    ),
    (
        3906,
        16,
        "Failed to update database \"%.*ls\" because the database is read-only.",
    ),
    (
        4060,
        11,
        "Cannot open database \"%.*ls\" requested by the login. The login failed.",
    ),
    (
        9002,
        17,
        "The transaction log for database '%ls' is full due to '%ls'.",
    ),
    (
        15151,
        16,
        "Cannot %S_MSG the %S_MSG '%.*ls', because it does not exist or you do not have permission.",
    ),
    (
        15232,
        16,
        "A certificate with name '%s' already exists or this certificate already has been added to the database.",
    ),
    (
        15581,
        16,
        "Please create a master key in the database or open the master key in the session before performing this operation.",
    ),
    (18456, 14, "Login failed for user '%.*ls'.%.*ls%.*ls"),
    (
        35250,
        16,
        "The connection to the primary replica is not active.  The command cannot be processed.",
    ),
    (
        41042,
        16,
        "The availability group '%.*ls' already exists.  This error could be caused by a previous failed CREATE AVAILABILITY GROUP or DROP AVAILABILITY GROUP operation.  If the availability group name you specified is correct, try dropping the availability group and then retry CREATE AVAILABILITY GROUP operation.",
    ),
    (
        47505,
        16,
        "The endpoint of type database mirroring does not exist.",
    ),
    (
        47506,
        16,
        "The endpoint of type database mirroring has no certificate.",
    ),
];

/// `us_english`.
const ENGLISH: i32 = 1033;

fn rows(_: &Scope<'_>) -> Vec<Row> {
    MESSAGES
        .iter()
        .map(|&(number, severity, text)| row![number, ENGLISH, severity, severity >= 17, text])
        .collect()
}
