//! A connection's session: requests go to the engine step by step, and its events to the client.

use std::borrow::Cow;
use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::command::{CloseSession, TouchSession};
use milink_core::explain::{self, Explanation};
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_tds::rpc_request::{RpcCall, WellKnownProcedure};
use milink_tds::token::{ReturnValue, command};
use milink_tsql::error::SqlError;
use milink_tsql::session::event::Event;
use milink_tsql::session::{Request, Session, Step, Wait};
use tokio::sync::oneshot;

use super::faults::Goes;
use super::host::{Life, SessionHost};
use super::logged::{self, Heard};
use super::{convert, recorded};
use crate::calls::When;
use crate::explanations::Refused;
use crate::hub::WorldCell;
use crate::keys::Keys;
use crate::tape::{Entry, SqlMessage};
use crate::tds::service::{BoxFuture, Raw, SessionRequest, SessionState, SqlSession};
use crate::tds::{Cancel, ClientGone, DoneScope, End, ResponseSink, wire};

/// A logged-in session.
pub(super) struct EngineSession {
    pub(super) cell: Arc<WorldCell>,
    pub(super) keys: Arc<Keys>,
    pub(super) life: Life,
    pub(super) server: String,
    pub(super) engine: Session,
    /// Its number in the input log.
    pub(super) number: u64,
    /// What the client is answered, for the input log.
    pub(super) heard: Heard,
    /// The request as it came, for the input log.
    pub(super) message: Option<SqlMessage>,
    /// The world has gone on without it.
    pub(super) is_over: bool,
}

/// How many rows are handed to the socket before others get a turn.
const ROWS_A_TURN: usize = 64;

/// What a request has come to so far.
#[derive(Default)]
struct Progress {
    /// The types of the columns of the result set that is being sent.
    types: Vec<SqlType>,
    rows: usize,
    failed: bool,
    /// The client has said that it knows the columns of what it fetches from a cursor.
    knows_columns: bool,
}

/// How a request ended.
struct Ran {
    failed: bool,
    /// Its client wanted no more before it was over.
    given_up: bool,
}

impl SqlSession for EngineSession {
    fn run<'a>(
        &'a mut self,
        request: SessionRequest,
        sink: &'a mut ResponseSink,
        cancel: &'a Arc<Cancel>,
    ) -> BoxFuture<'a, Result<SessionState, ClientGone>> {
        Box::pin(async move {
            let tape = Arc::clone(self.cell.tape());
            let arrived = {
                // What is struck is in the input log as well: calls are counted in the same order when it is replayed.
                let _turn = tape.is_on().then(|| {
                    let message = self.message.take();
                    let asked = logged::request(self.number, &request, message);
                    tape.turn(|| Some(Entry::Request(asked)))
                });
                let calls = self.cell.calls();
                calls.arrive(|| recorded::described(&self.server, &request))
            };
            if let Some(blow) = arrived.as_ref().and_then(|it| it.blow(When::Before)) {
                let is_call = matches!(request, SessionRequest::Rpc { .. });
                return recorded::struck(blow, &self.server, is_call, sink).await;
            }
            self.cell.note_input(&self.server, &input(&request));
            if self.cell.has_faults()
                && let Goes::Answered = self.meet_faults(&request, sink, cancel).await?
            {
                return Ok(SessionState::Open);
            }
            if let Some(_turn) = tape.step(self.number, || false).await {
                self.touch(true);
            }
            let result = match request {
                SessionRequest::Batch { text } => {
                    let batch = Request::Batch { text };
                    let ran = self.request(batch, Progress::default(), sink, cancel);
                    ran.await.map(|ran| ran.failed)
                }
                SessionRequest::Rpc { calls } => self.calls(calls, sink, cancel).await,
                SessionRequest::BulkLoad { load } => {
                    let rows = convert::bulk_load(load, self.collation());
                    let ran = self.request(rows, Progress::default(), sink, cancel);
                    ran.await.map(|ran| ran.failed)
                }
                SessionRequest::Transaction { action } => {
                    let request = convert::transaction(action);
                    let ran = self.request(request, Progress::default(), sink, cancel);
                    ran.await.map(|ran| ran.failed)
                }
            };
            if let Some(_turn) = tape.step(self.number, || false).await {
                self.touch(false);
                let heard = std::mem::take(&mut self.heard);
                tape.answer(|| heard.answer(self.number));
                if let Some(arrived) = &arrived {
                    arrived.end(match &result {
                        Ok(false) => "done",
                        Ok(true) => "failed",
                        Err(ClientGone) => "the client left",
                    });
                }
            }
            if let Some(blow) = arrived.and_then(|it| it.blow(When::After)) {
                return recorded::withheld(blow, sink).await;
            }
            result?;
            Ok(if self.engine.is_open() && !self.is_over {
                SessionState::Open
            } else {
                SessionState::Closed
            })
        })
    }

    fn ended(&self) -> BoxFuture<'static, ()> {
        Box::pin(Self::ended(self))
    }

    fn arrives(&mut self, message: &Raw<'_>) {
        if self.cell.tape().is_on() {
            self.message = logged::message(message);
        }
    }

    fn give_up(&mut self) {
        self.engine.forget_bulk();
    }

    fn reset(&mut self, keep_transaction: bool, sink: &mut ResponseSink) {
        let (cancel, mut events) = (Cancel::default(), Vec::new());
        let tape = Arc::clone(self.cell.tape());
        let (session, keep) = (self.number, keep_transaction);
        let _turn = tape.turn(|| Some(Entry::Reset { session, keep }));
        let mut host = SessionHost::new(&self.cell, &self.keys, &cancel, self.life);
        if host.is_lost() {
            // The request that follows says so.
            return;
        }
        self.engine.reset(&mut host, &mut events, keep_transaction);
        for event in events {
            if let Event::Environment(change) = event
                && let Some(change) = convert::env_change(&change)
            {
                sink.env_change(&change);
            }
        }
    }
}

impl EngineSession {
    /// Completes when the service of its instance has stopped, or its connection is cut.
    fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let (cell, life, mut stops) = (Arc::clone(&self.cell), self.life, self.cell.stops());
        async move {
            while stops.changed().await.is_ok() {
                if cell.read(|world| life.is_over(&cell, world)) {
                    return;
                }
            }
        }
    }

    /// Runs calls to their ends; says whether the last one failed.
    async fn calls(
        &mut self,
        calls: Vec<RpcCall>,
        sink: &mut ResponseSink,
        cancel: &Arc<Cancel>,
    ) -> Result<bool, ClientGone> {
        let mut failed = false;
        for call in calls.into_iter().filter(|call| !call.no_exec) {
            let collation = self.collation();
            let fetches = call.procedure.well_known() == Some(WellKnownProcedure::CursorFetch);
            let progress = Progress {
                knows_columns: call.no_metadata && fetches,
                ..Progress::default()
            };
            let request = convert::call(call, collation);
            let ran = self.request(request, progress, sink, cancel).await?;
            failed = ran.failed;
            let in_transaction = self.engine.in_transaction();
            sink.end_call(End {
                command: command::EXECUTE,
                row_count: None,
                failed,
                in_transaction,
            });
            if ran.given_up || self.is_over || !self.engine.is_open() {
                break;
            }
        }
        Ok(failed)
    }

    /// Runs one request to its end.
    async fn request(
        &mut self,
        request: Request,
        mut progress: Progress,
        sink: &mut ResponseSink,
        cancel: &Arc<Cancel>,
    ) -> Result<Ran, ClientGone> {
        self.engine.start(request);
        let mut events = Vec::new();
        let mut apart = false;
        let mut begun = false;
        let tape = Arc::clone(self.cell.tape());
        let given_up = loop {
            let seen = self.cell.version();
            let step = match apart && !tape.is_on() {
                true => self.step_apart(cancel, &mut events).await,
                false => {
                    let wish = || cancel.is_cancelled();
                    match tape.step(self.number, wish).await {
                        // Its connection is being closed, and nobody answers who comes before that is done.
                        Some(_turn) if !begun && self.has_ended() => {
                            self.is_over = true;
                            return Err(ClientGone);
                        }
                        Some(_turn) => {
                            begun = true;
                            self.step(cancel, apart, &mut events)
                        }
                        None => break true,
                    }
                }
            };
            apart = step == Some(Step::Wait(Wait::Thread));
            self.send(&mut events, &mut progress, sink).await?;
            let Some(step) = step else {
                return self.end_of_life(sink);
            };
            // With an input log, a wish never comes within a step; what comes after the last one stops nothing, and a replay
            // would not know when.
            let too_late = tape.is_on() && step == Step::Finished;
            match step {
                _ if cancel.is_cancelled() && !too_late => break true,
                Step::Continue | Step::Wait(Wait::Thread) => {}
                Step::Finished => break false,
                Step::Wait(wait) => {
                    sink.flush().await?;
                    self.wait(wait, seen, cancel).await;
                    if cancel.is_cancelled() {
                        break true;
                    }
                }
            }
        };
        if given_up {
            {
                let session = self.number;
                let _turn = tape.turn(|| Some(Entry::Cancel { session }));
                let mut host = SessionHost::new(&self.cell, &self.keys, cancel, self.life);
                if host.is_lost() {
                    return self.end_of_life(sink);
                }
                self.engine.cancel(&mut host, &mut events);
            }
            self.send(&mut events, &mut progress, sink).await?;
        }
        self.engine.heard();
        Ok(Ran {
            failed: progress.failed,
            given_up,
        })
    }

    /// One step of the engine; none if the world has gone on without the session.
    fn step(&mut self, cancel: &Cancel, apart: bool, events: &mut Vec<Event>) -> Option<Step> {
        let mut host = SessionHost::new(&self.cell, &self.keys, cancel, self.life);
        if apart {
            // With an input log, nobody else goes on meanwhile.
            host = host.on_own_thread();
        }
        if !host.is_lost() {
            let step = self.engine.step(&mut host, events);
            if !host.is_lost() {
                return Some(step);
            }
        }
        None
    }

    /// A step that takes its time, on a thread of its own: here it would hold up other clients, and its own client's wish to
    /// cancel would not be heard. If that client goes away, the step is cancelled.
    async fn step_apart(&mut self, cancel: &Arc<Cancel>, events: &mut Vec<Event>) -> Option<Step> {
        let stand_in = Session::new(self.engine.options().clone());
        let mut engine = std::mem::replace(&mut self.engine, stand_in);
        let (cell, keys) = (Arc::clone(&self.cell), Arc::clone(&self.keys));
        let life = self.life;
        let mut abandoned = CancelOnDrop(Some(Arc::clone(cancel)));
        let wish = Arc::clone(cancel);
        let (back, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let host = SessionHost::new(&cell, &keys, &wish, life);
            let mut host = host.on_own_thread();
            let mut events = Vec::new();
            let step = (!host.is_lost()).then(|| engine.step(&mut host, &mut events));
            let step = step.filter(|_| !host.is_lost());
            if let Err((mut engine, ..)) = back.send((engine, events, step)) {
                engine.close(&mut host);
            }
        });
        let (engine, mut said, step) = result.await.ok()?;
        abandoned.0 = None;
        self.engine = engine;
        events.append(&mut said);
        step
    }

    async fn wait(&self, wait: Wait, seen: u64, cancel: &Cancel) {
        if self.cell.tape().is_replaying() {
            // When it goes on is in the log.
            return;
        }
        match wait {
            Wait::Thread => {}
            Wait::Until(at) => tokio::select! {
                () = self.cell.wait_until(at) => {}
                () = cancel.cancelled() => {}
                () = self.ended() => {}
            },
            Wait::Change { until } => tokio::select! {
                () = self.cell.wait_change(seen, until) => {}
                () = cancel.cancelled() => {}
            },
        }
    }

    async fn send(
        &mut self,
        events: &mut Vec<Event>,
        progress: &mut Progress,
        sink: &mut ResponseSink,
    ) -> Result<(), ClientGone> {
        let listens = self.cell.tape().is_on();
        for event in events.drain(..) {
            if listens {
                self.heard.add(&event);
            }
            match event {
                Event::Columns(columns) => {
                    progress.types = columns.iter().map(|column| column.ty.sql).collect();
                    let columns = columns.iter().map(convert::column).collect();
                    match progress.knows_columns {
                        true => sink.known_columns(columns),
                        false => sink.columns(columns),
                    }
                }
                Event::Sources(_) if progress.knows_columns => {}
                Event::Sources(sources) => {
                    let columns: Vec<_> = sources.columns.iter().map(convert::source).collect();
                    sink.sources(&sources.tables, &columns);
                }
                Event::Row(row) => {
                    let values = progress.types.iter().zip(row.iter());
                    let sent = sink.row(values.map(|(sql, value)| wire::wire_value(*sql, value)));
                    if let Err(error) = sent {
                        // A value that its announced type cannot carry is a defect of the engine.
                        tracing::error!(%error, "a row cannot be sent");
                        let text = format!("A value cannot be sent to the client: {error}.");
                        sink.message(&convert::message(
                            &SqlError::new(50_992, 16, text),
                            &self.server,
                        ));
                        progress.failed = true;
                    }
                    progress.rows += 1;
                    // However wide they are.
                    if progress.rows.is_multiple_of(ROWS_A_TURN) || sink.is_full() {
                        sink.ready().await?;
                    }
                }
                Event::Done(done) => sink.end_statement(DoneScope::Batch, convert::end(&done)),
                Event::Info(info) => sink.message(&convert::message(&info, &self.server)),
                Event::Error(error) => {
                    progress.failed = true;
                    self.explain(&error);
                    sink.message(&convert::message(&error, &self.server));
                }
                Event::Environment(change) => {
                    if let Some(change) = convert::env_change(&change) {
                        sink.env_change(&change);
                    }
                }
                Event::ReturnStatus(status) => sink.return_status(status),
                Event::Output(output) => {
                    let value = ReturnValue {
                        ordinal: output.ordinal,
                        name: &output.name,
                        type_info: wire::type_info(output.ty.sql, output.ty.collation, true),
                        value: wire::wire_value(output.ty.sql, &output.value),
                    };
                    if let Err(error) = sink.return_value(&value) {
                        tracing::error!(%error, "an output parameter cannot be sent");
                    }
                }
            }
        }
        sink.ready().await
    }

    fn has_ended(&self) -> bool {
        self.cell.read(|world| self.life.is_over(&self.cell, world))
    }

    /// The session ends. Where the world was reset or restored under it, or the instance stopped or deleted, its client is
    /// told; a connection that is cut just breaks.
    fn end_of_life(&mut self, sink: &mut ResponseSink) -> Result<Ran, ClientGone> {
        self.is_over = true;
        if !self.cell.read(|world| self.life.is_gone(&self.cell, world)) {
            return Err(ClientGone);
        }
        let error = SqlError::new(6005, 20, "SHUTDOWN is in progress.");
        sink.message(&convert::message(&error, &self.server));
        Ok(Ran {
            failed: true,
            given_up: false,
        })
    }

    /// Remembers why an error was answered.
    fn explain(&self, error: &SqlError) {
        let refused = Refused {
            id: String::new(),
            world: None,
            time: None,
            at: Timestamp::default(),
            server: self.server.clone(),
            asked: format!("session {}, line {}", self.life.session, error.line),
            code: error.number.to_string(),
            message: error.message.clone(),
            explanation: Explanation::default(),
        };
        self.cell.explain(refused, |world| {
            explain::sql_error(world, self.life.instance, error.number, &error.message)
        });
    }

    /// The collation of the current database.
    fn collation(&self) -> Collation {
        let database = self.engine.database();
        self.cell.read(|world| {
            let found = world
                .instance(self.life.instance)
                .and_then(|instance| instance.databases.get(&database));
            found.map_or(Collation::DEFAULT, |database| database.collation)
        })
    }

    fn touch(&self, running: bool) {
        let touch = TouchSession {
            instance: self.life.instance,
            session: self.life.session,
            database: self.engine.database(),
            running,
        };
        self.cell.change_in(self.life.epoch, |world, now| {
            if !self.life.is_over(&self.cell, world) {
                let _ = world.apply(now, touch);
            }
        });
    }
}

/// A request as the log of inputs shows it: statements, and of calls the procedure with its statement, without values.
fn input(request: &SessionRequest) -> Cow<'_, str> {
    match request {
        SessionRequest::Batch { text } => text.into(),
        SessionRequest::Rpc { calls } => {
            let calls = calls.iter().map(|call| {
                let name = call.procedure.name();
                let takes_text = ["sp_executesql", "sp_prepexec", "sp_prepare"]
                    .iter()
                    .any(|it| name.eq_ignore_ascii_case(it));
                let mut texts = call.parameters.iter().filter_map(|it| it.value.as_text());
                match texts.next().filter(|_| takes_text) {
                    Some(text) => format!("EXEC {name} {text}"),
                    None => format!("EXEC {name}"),
                }
            });
            calls.collect::<Vec<_>>().join("; ").into()
        }
        SessionRequest::BulkLoad { load } => recorded::rows(load).into(),
        SessionRequest::Transaction { .. } => "a transaction request".into(),
    }
}

/// Cancels a step whose client goes away while it runs.
struct CancelOnDrop(Option<Arc<Cancel>>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

impl Drop for EngineSession {
    fn drop(&mut self) {
        let cancel = Cancel::default();
        let session = self.number;
        let _turn = self.cell.tape().turn(|| Some(Entry::Gone { session }));
        let mut host = SessionHost::new(&self.cell, &self.keys, &cancel, self.life);
        if !host.is_lost() {
            self.engine.close(&mut host);
        }
        let close = CloseSession {
            instance: self.life.instance,
            session: self.life.session,
        };
        // One that was cut is there until it is closed.
        self.cell.change_in(self.life.epoch, |world, now| {
            if !self.life.is_gone(&self.cell, world) {
                let _ = world.apply(now, close);
            }
        });
    }
}
