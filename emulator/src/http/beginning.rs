//! A connection whose client must say in time which HTTP it speaks. Nobody else watches that moment: the timers of HTTP/1
//! and of HTTP/2 begin once it is known which of them it is.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What every HTTP/2 client sends first (RFC 9113, section 3.4). Whatever differs from it is HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that fails unless it begins in time.
pub(super) struct Beginning<S> {
    stream: S,
    /// As long as it has not begun.
    waiting: Option<Waiting>,
}

struct Waiting {
    /// How much of the preface has come.
    come: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Beginning<S> {
    /// The client has this long.
    pub(super) fn within(stream: S, patience: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(patience));
        let waiting = Some(Waiting { come: 0, deadline });
        Self { stream, waiting }
    }

    fn saw(&mut self, bytes: &[u8]) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let rest = &PREFACE[waiting.come..];
        if bytes.len() < rest.len() && rest.starts_with(bytes) {
            waiting.come += bytes.len();
        } else {
            self.waiting = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Beginning<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.saw(&buffer.filled()[before..]);
                Poll::Ready(read)
            }
            Poll::Pending => match &mut self.waiting {
                Some(waiting) => waiting
                    .deadline
                    .as_mut()
                    .poll(context)
                    .map(|()| Err(io::ErrorKind::TimedOut.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Beginning<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
