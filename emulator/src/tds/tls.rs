//! TLS inside TDS: handshake records travel in packets of type 0x12, later ones go bare.
//!
//! TDS 8.0 has none of this; there TLS comes first. `[MS-TDS]` 2.2.6.5 and 3.2.5.2.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use milink_tds::packet::{DEFAULT_PACKET_BYTES, HEADER_BYTES, MessageWriter, PacketType};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that wraps what is written into PRELOGIN packets until [`go_bare`](Self::go_bare).
///
/// One TDS message per flight, never per write: rustls writes ChangeCipherSpec and Finished
/// separately, and the Microsoft ODBC driver fails at random if they come as two messages. So
/// writes are collected, and flushing seals them.
#[derive(Debug)]
pub(super) struct WrappedStream<S> {
    inner: S,
    is_wrapped: bool,
    /// The header being read, and how much of it is there.
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    /// Bytes of the current packet's body still to be read.
    body_bytes: usize,
    flight: MessageWriter,
    outgoing: BytesMut,
}

impl<S> WrappedStream<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            is_wrapped: true,
            header: [0; HEADER_BYTES],
            header_bytes: 0,
            body_bytes: 0,
            flight: MessageWriter::new(PacketType::Prelogin, DEFAULT_PACKET_BYTES),
            outgoing: BytesMut::new(),
        }
    }

    /// A stream that never wraps: TDS 8.0.
    pub(super) fn bare(inner: S) -> Self {
        Self {
            is_wrapped: false,
            ..Self::new(inner)
        }
    }

    /// From now on bytes pass as they are. The handshake must have been flushed.
    pub(super) fn go_bare(&mut self) {
        debug_assert!(self.outgoing.is_empty() && self.flight.tokens().is_empty());
        self.is_wrapped = false;
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> WrappedStream<S> {
    /// Reads the next packet header if the last packet is used up. Never reads past it, as what
    /// follows the handshake is not ours to buffer. Ready(false) is the end of the stream.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.body_bytes == 0 {
            while self.header_bytes < HEADER_BYTES {
                let mut rest = ReadBuf::new(&mut self.header[self.header_bytes..]);
                ready!(Pin::new(&mut self.inner).poll_read(cx, &mut rest))?;
                match rest.filled().len() {
                    0 => return Poll::Ready(Ok(false)),
                    read => self.header_bytes += read,
                }
            }
            let [kind, _, high, low, ..] = self.header;
            let length = usize::from(u16::from_be_bytes([high, low]));
            if kind != PacketType::Prelogin.number() || length < HEADER_BYTES {
                let message = "a TLS handshake record outside of a PRELOGIN packet";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
            }
            self.header_bytes = 0;
            self.body_bytes = length - HEADER_BYTES;
        }
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WrappedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.is_wrapped {
            return Pin::new(&mut this.inner).poll_read(cx, buffer);
        }
        if !ready!(this.poll_header(cx))? {
            return Poll::Ready(Ok(()));
        }
        let wanted = this.body_bytes.min(buffer.remaining());
        let mut body = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
        ready!(Pin::new(&mut this.inner).poll_read(cx, &mut body))?;
        let read = body.filled().len();
        buffer.advance(read);
        this.body_bytes -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WrappedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.is_wrapped {
            return Pin::new(&mut self.inner).poll_write(cx, bytes);
        }
        self.flight.tokens().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_wrapped && !this.flight.tokens().is_empty() {
            this.flight.finish(&mut this.outgoing);
        }
        while !this.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(cx, &this.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.outgoing.advance(written);
        }
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
