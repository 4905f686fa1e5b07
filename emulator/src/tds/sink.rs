//! The writing half of a connection: tokens in, packets out, at the pace of the client.

use std::borrow::Borrow;
use std::sync::Arc;

use bytes::BytesMut;
use milink_tds::packet::{DEFAULT_PACKET_BYTES, KEPT_BYTES, MessageWriter, PacketType};
use milink_tds::token::{
    Column, ColumnSource, Done, DoneKind, DoneStatus, EnvChange, ReturnValue, ServerMessage,
    TokenContext, encode_columns, encode_order, encode_return_status, encode_row, encode_sources,
};
use milink_tds::types::WireValue;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::attention::Cancel;
use super::socket::Reset;

/// How much is collected before it is handed to the socket.
const WRITE_BYTES: usize = 32 * 1024;

/// The client closed the connection; there is nobody to answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client is gone")]
pub struct ClientGone;

/// Where a statement that ends stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneScope {
    /// In the text of a batch, or in the text that `sp_executesql` and its kin run.
    Batch,
    /// In the body of a procedure.
    Procedure,
}

/// How a statement, a procedure or a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// Number of the statement, see [`milink_tds::token::command`]; 0 for most.
    pub command: u16,
    /// Rows, for statements that count them, and only while NOCOUNT is off.
    pub row_count: Option<u64>,
    /// It failed.
    pub failed: bool,
    /// A transaction is open.
    pub in_transaction: bool,
}

/// Writes responses. It keeps the DONE bookkeeping: every DONE but the last of a response says that
/// more follows, and statements inside a call are DONEINPROC.
pub struct ResponseSink {
    context: TokenContext,
    writer: MessageWriter,
    outgoing: BytesMut,
    stream: Box<dyn AsyncWrite + Send + Unpin>,
    reset: Reset,
    columns: Vec<Column>,
    is_call: bool,
    /// The latest DONE, held back until it is known whether more follows.
    held_done: Option<Done>,
    cancel: Arc<Cancel>,
    /// How many bytes of the response are still sent before the connection breaks, if a fault says so.
    cut: Option<u64>,
}

impl ResponseSink {
    pub(super) fn new(
        context: TokenContext,
        stream: Box<dyn AsyncWrite + Send + Unpin>,
        reset: Reset,
    ) -> Self {
        Self {
            context,
            writer: MessageWriter::new(PacketType::TabularResult, DEFAULT_PACKET_BYTES),
            outgoing: BytesMut::new(),
            stream,
            reset,
            columns: Vec::new(),
            is_call: false,
            held_done: None,
            cancel: Arc::default(),
            cut: None,
        }
    }

    /// A sink for a client that is not there.
    pub(crate) fn to_nobody() -> Self {
        let context = TokenContext::new(milink_tds::TdsVersion::V7_4);
        Self::new(context, Box::new(tokio::io::sink()), Reset::default())
    }

    /// The version and default collation of the connection.
    pub fn context(&self) -> TokenContext {
        self.context
    }

    /// Begins a result set.
    pub fn columns(&mut self, columns: Vec<Column>) {
        if let Some((context, out)) = self.token() {
            encode_columns(context, &columns, out);
        }
        self.columns = columns;
    }

    /// Begins a result set whose columns the client knows already.
    pub fn known_columns(&mut self, columns: Vec<Column>) {
        if let Some((context, out)) = self.token() {
            encode_columns(context, &[], out);
        }
        self.columns = columns;
    }

    /// Where the columns come from, right behind [`columns`](Self::columns).
    pub fn sources(&mut self, tables: &[Vec<String>], columns: &[ColumnSource<'_>]) {
        if let Some((_, out)) = self.token() {
            encode_sources(tables, columns, out);
        }
    }

    /// The columns a result set is sorted by, right behind [`columns`](Self::columns).
    pub fn order(&mut self, ordinals: &[u16]) {
        if let Some((_, out)) = self.token() {
            encode_order(ordinals, out);
        }
    }

    /// Writes one row of the current result set. On an error nothing was written.
    pub fn row<'v, I>(&mut self, values: I) -> milink_tds::Result<()>
    where
        I: IntoIterator<Item: Borrow<WireValue<'v>>, IntoIter: Clone>,
    {
        self.release_done();
        if self.cancel.is_cancelled() {
            return Ok(());
        }
        encode_row(self.context, &self.columns, values, self.writer.tokens())
    }

    /// Writes an error or an informational message.
    pub fn message(&mut self, message: &ServerMessage) {
        if let Some((context, out)) = self.token() {
            message.encode(context, out);
        }
    }

    /// Tells that something of the session changed. Written even after an attention, since the
    /// change has happened.
    pub fn env_change(&mut self, change: &EnvChange) {
        self.release_done();
        change.encode(self.context, self.writer.tokens());
    }

    /// What a procedure returned.
    pub fn return_status(&mut self, status: i32) {
        if let Some((_, out)) = self.token() {
            encode_return_status(status, out);
        }
    }

    /// Writes an output parameter. On an error nothing was written.
    pub fn return_value(&mut self, value: &ReturnValue<'_>) -> milink_tds::Result<()> {
        match self.token() {
            Some((context, out)) => value.encode(context, out),
            None => Ok(()),
        }
    }

    /// Ends a statement.
    pub fn end_statement(&mut self, scope: DoneScope, end: End) {
        let kind = match (scope, self.is_call) {
            (DoneScope::Batch, false) => DoneKind::Statement,
            (DoneScope::Batch, true) | (DoneScope::Procedure, _) => DoneKind::InProcedure,
        };
        self.hold_done(kind, end);
    }

    /// Ends a procedure that a batch executed, or one call of an RPC request.
    pub fn end_call(&mut self, end: End) {
        self.hold_done(DoneKind::Procedure, end);
    }

    /// Whether so much has been collected that the socket had better have it before there is more.
    pub fn is_full(&mut self) -> bool {
        self.writer.tokens().len() >= WRITE_BYTES
    }

    /// Lets the socket have what has been collected, if that is enough to be worth it, and waits
    /// while the client does not read.
    pub async fn ready(&mut self) -> Result<(), ClientGone> {
        self.writer.drain_full(&mut self.outgoing);
        if self.outgoing.len() >= WRITE_BYTES {
            self.write().await?;
        }
        // A client that reads quickly never makes a write wait, and its attention must be heard.
        tokio::task::consume_budget().await;
        Ok(())
    }

    /// Sends everything now, as after `RAISERROR … WITH NOWAIT`.
    pub async fn flush(&mut self) -> Result<(), ClientGone> {
        self.release_done();
        self.writer.flush(&mut self.outgoing);
        self.write().await
    }

    /// Breaks the connection after so many bytes of this response; the request is done all the same.
    pub fn cut_after(&mut self, bytes: u64) {
        self.cut = Some(bytes);
    }

    /// Breaks the connection with a reset before anything of this response is sent; the request is done all the same.
    pub fn reset(&mut self) {
        self.reset.ask();
        self.cut_after(0);
    }

    /// Starts a response.
    pub(crate) fn begin(&mut self, is_call: bool, cancel: Arc<Cancel>) {
        self.is_call = is_call;
        self.cancel = cancel;
        self.held_done = None;
        self.columns.clear();
    }

    /// Ends the response: exactly one last DONE, and the end of the message.
    pub(crate) async fn finish(&mut self) -> Result<(), ClientGone> {
        let last_kind = match self.is_call {
            true => DoneKind::Procedure,
            false => DoneKind::Statement,
        };
        let last = match self.held_done.take() {
            _ if self.cancel.is_cancelled() => Done::last(last_kind),
            None => Done::last(last_kind),
            // DONEINPROC never ends a response.
            Some(done) if done.kind == DoneKind::InProcedure => {
                self.write_done(done, true);
                Done {
                    row_count: None,
                    command: 0,
                    kind: last_kind,
                    ..done
                }
            }
            Some(done) => done,
        };
        self.write_done(last, false);
        self.writer.finish(&mut self.outgoing);
        self.write().await?;
        match self.cut {
            None => Ok(()),
            Some(_) => Err(ClientGone),
        }
    }

    /// Acknowledges an attention, in a message of its own: tedious waits for a second message, all
    /// others accept one.
    pub(super) async fn acknowledge_attention(&mut self) -> Result<(), ClientGone> {
        self.append(|context, out| Done::attention().encode(context, out));
        self.send().await
    }

    /// Appends tokens that need no bookkeeping: those of the login.
    pub(super) fn append(&mut self, tokens: impl FnOnce(TokenContext, &mut BytesMut)) {
        tokens(self.context, self.writer.tokens());
    }

    /// Ends and sends the message of what was appended.
    pub(super) async fn send(&mut self) -> Result<(), ClientGone> {
        self.writer.finish(&mut self.outgoing);
        self.write().await
    }

    /// The packet size and session id to use from the next message on.
    pub(super) fn configure(&mut self, packet_bytes: usize, spid: u16) {
        self.writer.set_packet_bytes(packet_bytes);
        self.writer.set_spid(spid);
    }

    /// Tells the client that no more will come.
    pub(super) async fn shut_down(&mut self) {
        // A client that is already gone is as good as told.
        let _ = self.stream.shutdown().await;
    }

    /// Where to append a token, unless the client has given the response up.
    fn token(&mut self) -> Option<(TokenContext, &mut BytesMut)> {
        self.release_done();
        match self.cancel.is_cancelled() {
            true => None,
            false => Some((self.context, self.writer.tokens())),
        }
    }

    fn hold_done(&mut self, kind: DoneKind, end: End) {
        self.release_done();
        self.held_done = Some(Done {
            kind,
            status: DoneStatus {
                error: end.failed,
                in_transaction: end.in_transaction,
                ..DoneStatus::default()
            },
            command: end.command,
            row_count: end.row_count,
        });
    }

    /// Something follows the DONE held back.
    fn release_done(&mut self) {
        if let Some(done) = self.held_done.take()
            && !self.cancel.is_cancelled()
        {
            self.write_done(done, true);
        }
    }

    fn write_done(&mut self, mut done: Done, more: bool) {
        done.status.more = more;
        done.encode(self.context, self.writer.tokens());
    }

    async fn write(&mut self) -> Result<(), ClientGone> {
        if let Some(left) = &mut self.cut {
            let most = usize::try_from(*left).unwrap_or(usize::MAX);
            self.outgoing.truncate(most);
            *left -= self.outgoing.len() as u64;
        }
        let is_grown = self.outgoing.len() > KEPT_BYTES;
        let sent = async {
            self.stream.write_all_buf(&mut self.outgoing).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|_| ClientGone)?;
        if is_grown {
            self.outgoing = BytesMut::new();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that does not read makes its request wait; nothing is collected for it meanwhile.
    #[tokio::test]
    async fn what_is_collected_for_a_client_that_does_not_read_is_bounded() {
        let (client, server) = tokio::io::duplex(1_000);
        let context = TokenContext::new(milink_tds::TdsVersion::V7_4);
        let mut sink = ResponseSink::new(context, Box::new(server), Reset::default());
        sink.columns(vec![Column::new(
            "wide",
            milink_tds::types::TypeInfo::VarBinary {
                length: milink_tds::types::Length::Max,
            },
        )]);
        let wide = [WireValue::Bytes(vec![7; 3 * KEPT_BYTES].into())];
        let mut rows = 0;
        loop {
            sink.row(&wide).expect("it fits");
            rows += 1;
            assert!(rows < 10 && sink.is_full(), "row {rows}");
            let waits = tokio::select! {
                biased;
                written = sink.ready() => written.is_err(),
                () = std::future::ready(()) => true,
            };
            if waits {
                break;
            }
        }
        assert_eq!(rows, 1);
        // Nor is what it took kept, once it has been read.
        let mut client = tokio::io::BufReader::new(client);
        let reading = tokio::spawn(async move {
            let mut all = tokio::io::sink();
            tokio::io::copy_buf(&mut client, &mut all).await
        });
        sink.finish().await.expect("it is read");
        let held = sink.outgoing.capacity() + sink.writer.tokens().capacity();
        assert!(held <= KEPT_BYTES, "{held}");
        drop(sink);
        let read = reading.await.expect("it ends").expect("it is read");
        assert!(read > 3 * KEPT_BYTES as u64);
    }
}
