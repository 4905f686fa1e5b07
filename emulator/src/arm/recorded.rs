//! Requests as calls: entered in the world's log, and struck where somebody asked for that.

use axum::http::{Method, StatusCode};

use super::answer::{Answer, Withheld};
use super::call::Call;
use super::error::ArmError;
use super::{operations, route};
use crate::calls::{Blow, CallKind, Described, When};

/// Answers a request to something in a subscription.
pub(super) fn answer(call: &Call<'_>) -> Result<Answer, ArmError> {
    let calls = call.arm.worlds.calls(call.subscription);
    let Some(arrived) = calls.and_then(|calls| calls.arrive(|| described(call))) else {
        return route::resource(call);
    };
    if let Some(blow) = arrived.blow(When::Before) {
        return struck(blow, &call.method);
    }
    let answer = route::resource(call);
    let status = match &answer {
        Ok(answer) => answer.status.to_string(),
        Err(error) => format!("{} {}", error.status().as_u16(), error.detail().code),
    };
    arrived.end(status);
    match arrived.blow(When::After) {
        Some(blow) => struck(blow, &call.method),
        None => answer,
    }
}

fn described(call: &Call<'_>) -> Described {
    let kind = match call.method {
        _ if call.path.tail.is_none() && operations::is_poll(&call.path.type_name()) => {
            CallKind::Poll
        }
        Method::GET | Method::HEAD => CallKind::Read,
        _ => CallKind::Write,
    };
    // The subscription is the world, and the same resource is the same by every version.
    let path = call.raw_path.splitn(4, '/').nth(3).unwrap_or_default();
    let mut text = format!("{} /{path}", call.method);
    let asked = call
        .queries
        .iter()
        .filter(|(name, _)| kind != CallKind::Poll && !name.eq_ignore_ascii_case("api-version"));
    for (number, (name, value)) in asked.enumerate() {
        text.push(if number == 0 { '?' } else { '&' });
        text += &format!("{name}={value}");
    }
    Described {
        server: "ARM".to_owned(),
        kind,
        text,
    }
}

fn struck(blow: Blow, method: &Method) -> Result<Answer, ArmError> {
    let status = match blow {
        Blow::Drop => return Ok(Answer::withheld(Withheld::Dropped)),
        Blow::Hold => return Ok(Answer::withheld(Withheld::Held)),
        Blow::Status(status) => StatusCode::from_u16(status).ok(),
        Blow::Error(_) => None,
    };
    // A SQL error has no place here: it is as good as an internal one.
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (code, text) = match status {
        StatusCode::TOO_MANY_REQUESTS => (
            "TooManyRequests",
            format!("The request is being throttled: too many {method} requests."),
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "ServiceUnavailable",
            "The service is unavailable now. Please try again later.".to_owned(),
        ),
        _ => (
            "InternalServerError",
            "An unexpected error occurred while processing the request.".to_owned(),
        ),
    };
    let error = ArmError::gateway(status, code, text);
    Err(match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            error.with_header("retry-after", "0".to_owned())
        }
        _ => error,
    })
}
