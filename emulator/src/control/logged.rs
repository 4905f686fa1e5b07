//! Requests of the control API in the input log.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;

use super::error::ControlError;
use super::{Handle, router};
use crate::emulator::Shared;
use crate::http::body;
use crate::tape::{Answer, ControlRequest, Entry, InTurn};

/// Paths whose answers have ports, secrets or ids of the host in them: a replay says something else.
const OF_THE_HOST: [&str; 4] = ["/worlds", "/net", "/principals", "/explain"];
/// A question in bytes, which changes nothing.
const DNS_QUERY: &str = "/net/dns-query";

/// Whoever asks for something takes a turn; what changes worlds is written down.
pub(super) async fn log(State(shared): Handle, request: Request, next: Next) -> Response {
    let tape = Arc::clone(shared.hub.tape());
    if !tape.is_on() {
        return next.run(request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || request.uri().path() == DNS_QUERY {
        return InTurn::new(tape, None, next.run(request)).await;
    }
    let (parts, body) = request.into_parts();
    let bytes = match body::read(body).await {
        Ok(bytes) => bytes,
        Err(unread) => return ControlError::from(unread).into_response(),
    };
    let path = parts.uri.path().to_owned();
    let entry = Entry::Control(ControlRequest {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    });
    let answered = {
        let tape = Arc::clone(&tape);
        async move {
            let response = next
                .run(Request::from_parts(parts, Body::from(bytes)))
                .await;
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            let is_hosts = OF_THE_HOST.iter().any(|hosts| path.starts_with(hosts));
            tape.answer(|| Answer {
                session: None,
                status: Some(parts.status.as_u16()),
                says: match is_hosts {
                    true => Vec::new(),
                    false => vec![String::from_utf8_lossy(&bytes).into_owned()],
                },
            });
            Response::from_parts(parts, Body::from(bytes))
        }
    };
    InTurn::new(tape, Some(entry), answered).await
}

/// Asks again what the log has; the answer is compared where it is answered.
pub(crate) fn again(
    shared: &Arc<Shared>,
    request: &ControlRequest,
) -> Result<impl Future<Output = ()> + use<>, String> {
    let asked = Request::builder()
        .method(request.method.as_str())
        .uri(format!("/_milink{}", request.target))
        .body(Body::from(request.body.clone()))
        .map_err(|error| error.to_string())?;
    let answer = router(Arc::clone(shared)).oneshot(asked);
    Ok(async move {
        // A router does not fail.
        let _ = answer.await;
    })
}
