//! Logins that a server refuses on a bad day, whoever it is. The shell asks these points once it knows the instance.

use super::{Failure, Field, Kind, Point, Verdict, VerdictKind};

const FIELDS: &[Field] = &[
    Field::Instance,
    Field::User,
    Field::Program,
    Field::Database,
];
const RECOVERY: &str =
    "Remove the fault, or give it 'times': drivers that retry transient errors get in.";

/// A point that refuses a login with a documented error (documentation: "Troubleshoot transient connection errors").
const fn refusing(
    name: &'static str,
    summary: &'static str,
    symptoms: &'static [(&'static str, &'static str)],
) -> Point {
    Point {
        name,
        kind: Kind::Occasion,
        summary,
        fields: FIELDS,
        verdicts: &[VerdictKind::FailAs],
        verdict: Verdict::FailAs(Failure::PLAIN),
        symptoms,
        recovery: RECOVERY,
    }
}

/// 40501.
pub static THROTTLED: Point = refusing(
    "login.throttled",
    "40501: The service is currently busy.",
    &[("client", "40501, and the connection is closed; transient")],
);

/// 49918.
pub static NO_RESOURCES: Point = refusing(
    "login.no-resources",
    "49918: Cannot process request. Not enough resources to process request.",
    &[("client", "49918; transient")],
);

/// 49919.
pub static TOO_MANY_CHANGES: Point = refusing(
    "login.too-many-changes",
    "49919: Cannot process create or update request. Too many create or update operations in progress.",
    &[("client", "49919; transient")],
);

/// 49920.
pub static TOO_MANY_OPERATIONS: Point = refusing(
    "login.too-many-operations",
    "49920: Cannot process request. Too many operations in progress.",
    &[("client", "49920; transient")],
);

/// 40613.
pub static UNAVAILABLE: Point = refusing(
    "login.unavailable",
    "40613: Database is not currently available.",
    &[("client", "40613; transient, as during a failover")],
);

/// 40197.
pub static SERVICE_ERROR: Point = refusing(
    "login.service-error",
    "40197: The service has encountered an error processing your request.",
    &[("client", "40197; transient, as during an upgrade")],
);

/// 10928.
pub static LIMIT_REACHED: Point = refusing(
    "login.limit-reached",
    "10928: The limit for the database has been reached.",
    &[("client", "10928")],
);

/// 10929.
pub static TOO_BUSY: Point = refusing(
    "login.too-busy",
    "10929: The server is currently too busy to support requests greater than the minimum guarantee.",
    &[("client", "10929")],
);

/// 17142.
pub static PAUSED: Point = refusing(
    "login.paused",
    "17142: SQL Server service has been paused.",
    &[
        ("client", "17142"),
        ("server", "sessions that are there go on"),
    ],
);

/// 18456.
pub static FAILED: Point = refusing(
    "login.failed",
    "18456: Login failed, whatever the password.",
    &[("client", "18456; drivers do not retry")],
);

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &THROTTLED,
    &NO_RESOURCES,
    &TOO_MANY_CHANGES,
    &TOO_MANY_OPERATIONS,
    &UNAVAILABLE,
    &SERVICE_ERROR,
    &LIMIT_REACHED,
    &TOO_BUSY,
    &PAUSED,
    &FAILED,
];

/// Number and text of a point's own error.
pub fn words(point: &Point, database: &str) -> (i32, String) {
    let number = point
        .summary
        .split(':')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(40_197);
    let text = match number {
        40_501 => "The service is currently busy. Retry the request after 10 seconds. Incident ID: 00000000-0000-0000-0000-000000000000. Code: 0.".to_owned(),
        40_613 => format!("Database '{database}' on server is not currently available.  Please retry the connection later.  If the problem persists, contact customer support, and provide them the session tracing ID of '00000000-0000-0000-0000-000000000000'."),
        40_197 => "The service has encountered an error processing your request. Please try again. Error code 40540.".to_owned(),
        10_928 => "Resource ID: 1. The session limit for the database is 30000 and has been reached. See 'https://go.microsoft.com/fwlink/?LinkId=267637' for assistance.".to_owned(),
        10_929 => "Resource ID: 1. The session minimum guarantee is 0, maximum limit is 30000, and the current usage for the database is 30000. However, the server is currently too busy to support requests greater than 0 for this database. See 'https://go.microsoft.com/fwlink/?LinkId=267637' for assistance. Otherwise, please try again later.".to_owned(),
        17_142 => "SQL Server service has been paused. No new connections will be allowed. To resume the service, use SQL Computer Manager or the Services application in Control Panel.".to_owned(),
        _ => point.summary.split_once(": ").map_or(point.summary, |(_, text)| text).to_owned(),
    };
    (number, text)
}

/// Every point that refuses logins, in the order that they are asked.
pub fn all() -> &'static [&'static Point] {
    POINTS
}
