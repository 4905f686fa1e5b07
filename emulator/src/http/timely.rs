//! Bodies of requests that must come in time: hyper waits for them for ever.

use std::error::Error;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::http::Request;
use futures_core::Stream;
use tokio::time::Sleep;

/// Why a body cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[error("the body took too long")]
struct TooSlow;

/// The same request; its body has this long to come.
pub(super) fn timely<B>(request: Request<B>, patience: Duration) -> Request<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    request.map(|body| {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::from_stream(Timely {
            body: Body::new(body).into_data_stream(),
            deadline: Box::pin(tokio::time::sleep(patience)),
        })
    })
}

/// Whether a body could not be read because it took too long.
pub(crate) fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut chain = Some(error);
    while let Some(error) = chain {
        if error.is::<TooSlow>() {
            return true;
        }
        chain = error.source();
    }
    false
}

struct Timely {
    body: BodyDataStream,
    deadline: Pin<Box<Sleep>>,
}

impl Stream for Timely {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.body).poll_next(context) {
            Poll::Ready(data) => Poll::Ready(data),
            Poll::Pending => {
                let deadline = self.deadline.as_mut().poll(context);
                deadline.map(|()| Some(Err(axum::Error::new(TooSlow))))
            }
        }
    }
}
