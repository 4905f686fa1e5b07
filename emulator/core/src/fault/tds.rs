//! SQL connections that break, stall, or never become any. The shell asks these points.

use super::{Field, Kind, Point, Verdict, VerdictKind};
use crate::time::Span;

const REQUEST: &[Field] = &[
    Field::Instance,
    Field::User,
    Field::Program,
    Field::Statement,
];
const RECONNECT: &str = "Remove the fault, or give it 'times': the client connects again.";

/// The connection breaks inside an answer.
pub static CUT: Point = Point {
    name: "tds.cut",
    kind: Kind::Occasion,
    summary: "The request is done, and the connection breaks after so many bytes of its answer.",
    fields: REQUEST,
    verdicts: &[VerdictKind::Cut],
    verdict: Verdict::Cut { bytes: 0 },
    symptoms: &[
        (
            "client",
            "communication link failure, in the middle of an answer",
        ),
        ("server", "what was not committed is rolled back"),
    ],
    recovery: RECONNECT,
};

/// The connection breaks before the request is done.
pub static RESET_BEFORE: Point = Point {
    name: "tds.reset-before-commit",
    kind: Kind::Occasion,
    summary: "The connection is reset when the request has come, before anything of it is done.",
    fields: REQUEST,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        ("client", "connection reset: communication link failure"),
        (
            "server",
            "the open transaction is rolled back; the request has not happened",
        ),
    ],
    recovery: RECONNECT,
};

/// The connection breaks when the request is done.
pub static RESET_AFTER: Point = Point {
    name: "tds.reset-after-commit",
    kind: Kind::Occasion,
    summary: "The request is done, and the connection is reset before any of its answer is sent.",
    fields: REQUEST,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "client",
            "connection reset: it cannot know whether it was committed",
        ),
        ("server", "what the request has committed, stays"),
    ],
    recovery: RECONNECT,
};

/// The answer does not come.
pub static STALLED: Point = Point {
    name: "tds.stalled",
    kind: Kind::Occasion,
    summary: "The answer comes this much later, in the host's time; an attention of the client ends the wait.",
    fields: REQUEST,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(30)),
    symptoms: &[(
        "client",
        "waits, and cancels when its command time-out is over",
    )],
    recovery: "Remove the fault.",
};

/// A statement fails.
pub static REFUSED: Point = Point {
    name: "tds.refused",
    kind: Kind::Occasion,
    summary: "The request is not done; an error of your choice, by number and message (40197 unless said otherwise).",
    fields: REQUEST,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[("client", "the error, class 16; the connection stays")],
    recovery: "Remove the fault, or give it 'times'.",
};

/// TLS cannot be agreed on.
pub static TLS_FAILS: Point = Point {
    name: "tds.tls-fails",
    kind: Kind::Occasion,
    summary: "The connection is closed when the TLS handshake should begin.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[(
        "client",
        "SSL provider error: the connection was closed during the handshake",
    )],
    recovery: RECONNECT,
};

/// Nobody answers.
pub static CLOSED: Point = Point {
    name: "tds.closed",
    kind: Kind::Occasion,
    summary: "A new connection is closed before the first answer.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[(
        "client",
        "a connection was established, but an error occurred during the pre-login handshake",
    )],
    recovery: RECONNECT,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &CUT,
    &RESET_BEFORE,
    &RESET_AFTER,
    &STALLED,
    &REFUSED,
    &TLS_FAILS,
    &CLOSED,
];
