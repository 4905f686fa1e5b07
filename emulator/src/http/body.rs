//! Bodies of requests: how large one may be, how large all together, and how long one may take. hyper bounds none of it.

use std::error::Error;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::http::Request;
use bytes::BytesMut;
use futures_core::Stream;
use tokio::time::Sleep;

use crate::room::{Room, Share};

/// Nobody takes a larger body: it is Resource Manager's bound, and the control API has the same.
pub(crate) const MOST_BODY_BYTES: usize = 4 << 20;

/// What all bodies may have together that are read at a time, of whatever connection or stream of one.
pub(crate) const MOST_BYTES_OF_ALL: usize = 128 << 20;

/// Why a body is not there to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is larger than [`MOST_BODY_BYTES`].
    TooLarge,
    /// It took too long.
    TooSlow,
    /// All bodies together are larger than [`MOST_BYTES_OF_ALL`].
    NoRoom,
    /// It breaks off, or is not of the form that its head says.
    Broken,
}

/// The whole body.
///
/// # Errors
///
/// It cannot be had.
pub(crate) async fn read(body: Body) -> Result<Bytes, Unread> {
    let mut stream = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(piece) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        let piece = piece.map_err(|error| Unread::of(&error))?;
        if all.len() + piece.len() > MOST_BODY_BYTES {
            return Err(Unread::TooLarge);
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// The same request; its body has this long to come, and finds room with all the others or ends.
pub(crate) fn bounded<B>(request: Request<B>, patience: Duration, room: &Room) -> Request<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (mut parts, body) = request.into_parts();
    if body.is_end_stream() {
        return Request::from_parts(parts, Body::empty());
    }
    let share = Arc::new(Share::none_of(room));
    // What was read is held until the request is answered, and so is its share.
    parts.extensions.insert(Arc::clone(&share));
    let body = Body::from_stream(Bounded {
        body: Body::new(body).into_data_stream(),
        deadline: Box::pin(tokio::time::sleep(patience)),
        share,
    });
    Request::from_parts(parts, body)
}

#[derive(Debug, thiserror::Error)]
#[error("the body took too long")]
struct TooSlow;

#[derive(Debug, thiserror::Error)]
#[error("there is no room for the body")]
struct NoRoom;

impl Unread {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut chain = Some(error);
        while let Some(error) = chain {
            if error.is::<TooSlow>() {
                return Self::TooSlow;
            }
            if error.is::<NoRoom>() {
                return Self::NoRoom;
            }
            chain = error.source();
        }
        Self::Broken
    }
}

struct Bounded {
    body: BodyDataStream,
    deadline: Pin<Box<Sleep>>,
    share: Arc<Share>,
}

impl Stream for Bounded {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.body).poll_next(context) {
            Poll::Ready(Some(Ok(data))) if !self.share.take(data.len()) => {
                Poll::Ready(Some(Err(axum::Error::new(NoRoom))))
            }
            Poll::Ready(data) => Poll::Ready(data),
            Poll::Pending => {
                let deadline = self.deadline.as_mut().poll(context);
                deadline.map(|()| Some(Err(axum::Error::new(TooSlow))))
            }
        }
    }
}
