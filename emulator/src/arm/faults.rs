//! Faults on request, as Resource Manager and Entra play them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use milink_core::fault::{About, Failure, Field, Point, Verdict, arm, entra, operation};
use milink_core::operation::{Operation, OperationState};
use uuid::Uuid;

use super::answer::{Answer, Withheld};
use super::call::Call;
use super::error::ArmError;
use super::{Arm, operations, recorded};

/// Answers a request to something in a subscription, as the faults of its world want it.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Answer, ArmError> {
    if !call.arm.worlds.has_faults(call.subscription) {
        return recorded::answer(call);
    }
    for (point, usual) in ERRORS {
        if let Some(Verdict::FailAs(said)) = ask(call, point) {
            return Err(usual.error(&said));
        }
    }
    let closed = ask(call, &arm::CLOSED);
    if closed == Some(Verdict::Drop) {
        return Ok(Answer::withheld(Withheld::Dropped));
    }
    let is_poll = call.path.tail.is_none() && operations::is_poll(&call.path.type_name());
    if call.method == Method::GET && !is_poll {
        call.stale = ask(call, &arm::STALE_READ).map(|verdict| verdict.delay());
    }
    let answer = recorded::answer(call);
    call.stale = None;
    if closed.is_some() {
        return Ok(Answer::withheld(Withheld::Dropped));
    }
    if let Some(Verdict::CommitThenFail(said)) = ask(call, &arm::COMMIT_THEN_FAIL) {
        return Err(INTERNAL_ERROR.error(&said));
    }
    match ask(call, &arm::SLOW) {
        None => answer,
        Some(verdict) => {
            let mut answer = answer.or_else(|error| Ok::<_, ArmError>(Answer::of(&error)))?;
            answer.late = verdict.delay().to_std().min(LATEST);
            Ok(answer)
        }
    }
}

/// What a fault makes of an operation that a client polls.
pub(super) fn polled(call: &Call<'_>, operation: Operation) -> Option<Operation> {
    if !call.arm.worlds.has_faults(call.subscription) {
        return Some(operation);
    }
    let about = || operation::about(&operation);
    if bite(call.arm, call.subscription, &operation::LOST, &about).is_some() {
        return None;
    }
    let mut held = false;
    call.arm
        .worlds
        .change(call.subscription, "fault", &mut |world, _| {
            held = world
                .fault_shows(&operation::NEVER_ENDS, &about())
                .is_some();
        });
    Some(match held {
        true => Operation {
            state: OperationState::InProgress,
            ..operation
        },
        false => operation,
    })
}

/// Whether Entra is down for this path, and in which words.
pub(super) fn entra_is_down(arm: &Arm, path: &str) -> Option<ArmError> {
    let about = || About::nothing().with(Field::Path, path.to_owned());
    match entra_fault(arm, &entra::DOWN, &about)? {
        Verdict::FailAs(said) => Some(ENTRA_DOWN.error(&said)),
        _ => None,
    }
}

/// What a fault makes of a token that is granted: when it expires, and whom it is for.
pub(super) fn of_token(arm: &Arm, user: &str, expires: &mut i64, audience: &mut String) {
    let about = || About::nothing().with(Field::User, user.to_owned());
    if entra_fault(arm, &entra::EXPIRED_TOKEN, &about).is_some() {
        *expires = super::token::unix_now() - EXPIRED_SINCE;
    }
    if entra_fault(arm, &entra::WRONG_TOKEN, &about).is_some() {
        "https://storage.azure.com/".clone_into(audience);
    }
}

/// No answer is later than that, whatever was asked for.
const LATEST: Duration = Duration::from_secs(600);
/// How long ago a token has expired that has expired already: more than any client allows for, in seconds.
const EXPIRED_SINCE: i64 = 3_600;

/// How a point fails that is not told otherwise.
struct Usual {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

const INTERNAL_ERROR: Usual = Usual {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: "InternalServerError",
    message: "An unexpected error occurred while processing the request.",
};
const ENTRA_DOWN: Usual = Usual {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "temporarily_unavailable",
    message: "AADSTS90033: A transient error has occurred. Please try again.",
};
/// Codes and texts as in `arm-contract.md` section 3.
const ERRORS: [(&Point, Usual); 6] = [
    (
        &arm::TOKEN_EXPIRED,
        Usual {
            status: StatusCode::UNAUTHORIZED,
            code: "ExpiredAuthenticationToken",
            message: "The access token expiry UTC time is earlier than current UTC time.",
        },
    ),
    (
        &arm::THROTTLED,
        Usual {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "TooManyRequests",
            message: "The request is being throttled: too many requests for the subscription.",
        },
    ),
    (&arm::INTERNAL_ERROR, INTERNAL_ERROR),
    (
        &arm::UNAVAILABLE,
        Usual {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "ServerUnavailable",
            message: "The service is unavailable now. Please try again later.",
        },
    ),
    (
        &arm::GATEWAY_TIMEOUT,
        Usual {
            status: StatusCode::GATEWAY_TIMEOUT,
            code: "GatewayTimeout",
            message: "The gateway did not receive a response from 'Microsoft.Sql' within the specified time period.",
        },
    ),
    (
        &arm::REFUSED,
        Usual {
            status: StatusCode::CONFLICT,
            code: "ManagedInstanceIsBusy",
            message: "The managed instance is busy with another operation. Please wait for it to complete.",
        },
    ),
];

impl Usual {
    fn error(&self, said: &Failure) -> ArmError {
        let status = said
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        let error = ArmError::gateway(
            status.unwrap_or(self.status),
            said.code.as_deref().unwrap_or(self.code),
            said.message.as_deref().unwrap_or(self.message),
        );
        match said.retry_after {
            Some(seconds) => error.with_header("retry-after", seconds.to_string()),
            None => error,
        }
    }
}

fn ask(call: &Call<'_>, point: &'static Point) -> Option<Verdict> {
    let about = || {
        About::nothing()
            .with(Field::Method, call.method.to_string())
            .with(Field::Path, call.raw_path.clone())
    };
    bite(call.arm, call.subscription, point, &about)
}

/// The tenant belongs to the first world.
fn entra_fault(
    arm: &Arm,
    point: &'static Point,
    about: &dyn Fn() -> About<'static>,
) -> Option<Verdict> {
    let first = arm.worlds.first()?;
    match arm.worlds.has_faults(first) {
        true => bite(arm, first, point, about),
        false => None,
    }
}

fn bite(
    arm: &Arm,
    world: Uuid,
    point: &'static Point,
    about: &dyn Fn() -> About<'static>,
) -> Option<Verdict> {
    let mut verdict = None;
    arm.worlds.change(world, "fault", &mut |world, _| {
        verdict = world.fault_at(point, |_| about());
    });
    verdict
}
