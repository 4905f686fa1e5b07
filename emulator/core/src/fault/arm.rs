//! Resource Manager as it is on a bad day. The shell asks these points, with what it knows of the request.

use super::{Failure, Field, Kind, Point, Verdict, VerdictKind};
use crate::time::Span;

const FIELDS: &[Field] = &[Field::Method, Field::Path];
const RETRY: &str = "Remove the fault, or give it 'times': clients that retry get through.";
const ERROR: &[VerdictKind] = &[VerdictKind::FailAs];

/// 429.
pub static THROTTLED: Point = Point {
    name: "arm.throttled",
    kind: Kind::Occasion,
    summary: "429 TooManyRequests with Retry-After.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FailAs(Failure {
        retry_after: Some(1),
        ..Failure::PLAIN
    }),
    symptoms: &[(
        "client",
        "SDKs and az wait as long as Retry-After says and try again; nothing has changed",
    )],
    recovery: RETRY,
};

/// 500.
pub static INTERNAL_ERROR: Point = Point {
    name: "arm.internal-error",
    kind: Kind::Occasion,
    summary: "500 InternalServerError; nothing has changed.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FAIL,
    symptoms: &[("client", "SDKs retry, then raise HttpResponseError")],
    recovery: RETRY,
};

/// 503.
pub static UNAVAILABLE: Point = Point {
    name: "arm.unavailable",
    kind: Kind::Occasion,
    summary: "503 ServerUnavailable; nothing has changed.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FAIL,
    symptoms: &[("client", "SDKs retry, then raise HttpResponseError")],
    recovery: RETRY,
};

/// 504.
pub static GATEWAY_TIMEOUT: Point = Point {
    name: "arm.gateway-timeout",
    kind: Kind::Occasion,
    summary: "504 GatewayTimeout; nothing has changed.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FAIL,
    symptoms: &[("client", "SDKs retry, then raise HttpResponseError")],
    recovery: RETRY,
};

/// Any error.
pub static REFUSED: Point = Point {
    name: "arm.refused",
    kind: Kind::Occasion,
    summary: "An error of your choice, by status, code and message; 409 ManagedInstanceIsBusy unless said otherwise.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FAIL,
    symptoms: &[("client", "raises the error; nothing has changed")],
    recovery: RETRY,
};

/// No answer.
pub static CLOSED: Point = Point {
    name: "arm.closed",
    kind: Kind::Occasion,
    summary: "The connection is closed without an answer; nothing has changed. As commitThenFail, the request is done first.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop, VerdictKind::CommitThenFail],
    verdict: Verdict::Drop,
    symptoms: &[("client", "connection aborted; SDKs retry")],
    recovery: RETRY,
};

/// A late answer.
pub static SLOW: Point = Point {
    name: "arm.slow",
    kind: Kind::Occasion,
    summary: "The answer comes this much later, in the host's time; the request is done at once.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(5)),
    symptoms: &[(
        "client",
        "waits, and runs into its own time-out if that is shorter",
    )],
    recovery: "Remove the fault.",
};

/// An answer of yesterday.
pub static STALE_READ: Point = Point {
    name: "arm.stale-read",
    kind: Kind::Occasion,
    summary: "A GET answers as it would have this long ago, but not before the fault was installed.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(30)),
    symptoms: &[
        (
            "client",
            "does not see what it has just written; what was deleted is still there",
        ),
        ("SQL", "sees the present"),
    ],
    recovery: "Remove the fault, or let time pass: reads see the present again.",
};

/// Done, and called an error.
pub static COMMIT_THEN_FAIL: Point = Point {
    name: "arm.commit-then-fail",
    kind: Kind::Occasion,
    summary: "The request is done, and answered 500 InternalServerError.",
    fields: FIELDS,
    verdicts: &[VerdictKind::CommitThenFail],
    verdict: Verdict::CommitThenFail(Failure::PLAIN),
    symptoms: &[(
        "client",
        "SDKs send the request again, and find it done or in conflict with itself",
    )],
    recovery: "Remove the fault, or give it 'times'; read the resource before deciding.",
};

/// The token is called expired.
pub static TOKEN_EXPIRED: Point = Point {
    name: "arm.token-expired",
    kind: Kind::Occasion,
    summary: "401 ExpiredAuthenticationToken, whatever the token says.",
    fields: FIELDS,
    verdicts: ERROR,
    verdict: Verdict::FAIL,
    symptoms: &[("client", "az and SDKs raise it, or fetch another token")],
    recovery: RETRY,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &THROTTLED,
    &INTERNAL_ERROR,
    &UNAVAILABLE,
    &GATEWAY_TIMEOUT,
    &REFUSED,
    &CLOSED,
    &SLOW,
    &STALE_READ,
    &COMMIT_THEN_FAIL,
    &TOKEN_EXPIRED,
];
