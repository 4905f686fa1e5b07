//! One client's session: requests in, events out, one statement at a time. Does no I/O and waits for nothing itself:
//! it says what it waits for.

mod bulk;
pub(crate) mod cursor;
mod declare;
mod describe;
mod dispatch;
mod errors;
pub mod event;
mod execute;
mod frame;
pub mod host;
pub(crate) mod linked;
mod procedure;
mod program;
mod raise;
mod request;
mod rows;
mod set_option;
pub(crate) mod state;
mod transaction;
mod undeclared;
mod waitfor;

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::ids::{DatabaseId, InstanceId, TransactionId};
use milink_core::time::Timestamp;

use crate::catalog::Settings;
use crate::error::SqlError;
use crate::functions::Random;
use crate::memory::Share;
use crate::types::DateSettings;

pub use request::{Argument, Begin, Options, Request, Step, Wait};

use event::{Environment, Event};
use frame::Frame;
use host::Host;
use procedure::Prepared;
use state::{Dry, State, empty_content};

/// Procedures, batches in batches: how deep (217).
const MAX_NESTING: usize = 32;
/// Instructions in one step that say nothing to the client.
const SILENT_STEPS: usize = 256;
/// What an instruction costs, in row pairs looked at.
const INSTRUCTION: u64 = 64;

/// A session.
pub struct Session {
    state: State,
    options: Options,
    frames: Vec<Frame>,
    /// A transaction request that has not been looked at.
    pending: Option<Request>,
    /// What has to be waited for before the request goes on.
    waiting: Option<Wait>,
    /// What the client hears when the wait is over.
    held: Vec<Event>,
    /// Since when the current statement waits for a lock.
    blocked_since: Option<Timestamp>,
    /// When the current statement began what it waits for the end of.
    begun: Option<Timestamp>,
    /// The transaction that the world knows to be waiting.
    noted_wait: Option<TransactionId>,
    running: bool,
    open: bool,
    prepared: BTreeMap<i32, Arc<Prepared>>,
    last_handle: i32,
    /// INSERT BULK whose rows have not come.
    bulk: Option<bulk::Announced>,
    linked: linked::Linked,
    /// A statement that another instance has sent, which has not run yet.
    sent: Option<linked::Sent>,
}

impl Session {
    /// A session that has just logged in.
    pub fn new(options: Options) -> Self {
        Self {
            state: fresh_state(&options),
            options,
            frames: Vec::new(),
            pending: None,
            waiting: None,
            held: Vec::new(),
            blocked_since: None,
            begun: None,
            noted_wait: None,
            running: false,
            open: true,
            prepared: BTreeMap::new(),
            last_handle: 0,
            bulk: None,
            linked: linked::Linked::default(),
            sent: None,
        }
    }

    /// Takes a request. The one before has to be finished.
    pub fn start(&mut self, request: Request) {
        self.frames.clear();
        self.waiting = None;
        self.held.clear();
        self.blocked_since = None;
        self.begun = None;
        self.pending = Some(request);
        self.sent = None;
        self.running = true;
    }

    /// Does the next piece of the request.
    pub fn step(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) -> Step {
        if !self.running {
            return Step::Finished;
        }
        if let Some(wait) = self.still_waiting(host) {
            return Step::Wait(wait);
        }
        if self.held.is_empty() {
            self.heard();
        }
        if !self.state.share.is_known() {
            self.state.share = Share::of(host.memory());
        }
        out.append(&mut self.held);
        let before = out.len();
        if let Some(request) = self.pending.take() {
            self.begin_request(request, host, out);
            return self.settle(before, out);
        }
        if let Some(sent) = self.sent.take() {
            self.run_sent(sent, host, out);
            return self.settle(before, out);
        }
        for _ in 0..SILENT_STEPS {
            self.state.work += INSTRUCTION;
            self.advance(host, out);
            if self.frames.is_empty() {
                self.end_doomed_transaction(host, out);
                self.disconnect_idle(host);
            }
            if self.frames.is_empty() || self.waiting.is_some() || out.len() > before {
                break;
            }
        }
        if std::mem::take(&mut self.state.looked) {
            host.update(&mut |world, now| world.poll(now));
        }
        self.settle(before, out)
    }

    /// What the last step has said is not kept any more: its rows' memory is for others.
    pub fn heard(&mut self) {
        self.state.share.release();
    }

    /// Ends the running request, as an attention does. The transaction stays, unless XACT_ABORT is on.
    pub fn cancel(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        if !self.running {
            return;
        }
        self.unblocked(host);
        out.append(&mut self.held);
        self.unwind_to(0, out);
        self.cancel_remote(host);
        self.sent = None;
        self.pending = None;
        self.bulk = None;
        self.waiting = None;
        self.running = false;
        if self.state.settings.xact_abort && self.state.transaction.is_some() {
            self.roll_back_all(host, out);
        }
    }

    /// The same for a client that says it only reads (ApplicationIntent=ReadOnly).
    #[must_use]
    pub fn with_read_only_intent(mut self, read_only_intent: bool) -> Self {
        self.state.read_only_intent = read_only_intent;
        self
    }

    /// Makes the session as new, for a connection pool.
    pub fn reset(&mut self, host: &mut dyn Host, out: &mut Vec<Event>, keep_transaction: bool) {
        self.frames.clear();
        self.running = false;
        out.push(Event::Environment(Environment::Reset));
        let kept = if keep_transaction {
            self.state.transaction.take()
        } else {
            self.roll_back_all(host, &mut Vec::new());
            None
        };
        let old = self.state.database;
        let random = std::mem::take(&mut self.state.random);
        let read_only_intent = self.state.read_only_intent;
        let (work, share) = (self.state.work, std::mem::take(&mut self.state.share));
        self.state = fresh_state(&self.options);
        (self.state.work, self.state.share) = (work, share);
        self.state.read_only_intent = read_only_intent;
        // Or NEWID would give the same values again.
        self.state.random = random;
        self.state.transaction = kept;
        self.prepared.clear();
        self.bulk = None;
        self.disconnect_idle(host);
        if old != self.state.database {
            let new = self.state.database;
            self.announce_database(old, new, host, out);
        }
    }

    /// Logs out: an open transaction is rolled back.
    pub fn close(&mut self, host: &mut dyn Host) {
        self.frames.clear();
        self.running = false;
        self.roll_back_all(host, &mut Vec::new());
        self.disconnect_all(host);
        self.open = false;
    }

    /// Whether the connection goes on; it does not after an error of severity 20 and above.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What it began with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The instance.
    pub fn instance(&self) -> InstanceId {
        self.state.instance
    }

    /// The current database.
    pub fn database(&self) -> DatabaseId {
        self.state.database
    }

    /// How much it has done so far, in row pairs looked at: the same in every run.
    pub fn work(&self) -> u64 {
        self.state.work
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.state.transaction.is_some()
    }

    /// The number of the open transaction, as the wire names it; 0 if there is none.
    pub fn transaction_descriptor(&self) -> u64 {
        self.state.transaction_id().map_or(0, |id| id.0)
    }

    fn settle(&mut self, before: usize, out: &mut Vec<Event>) -> Step {
        if let Some(wait) = self.waiting {
            // A commit that has to be hardened elsewhere is no commit to the client until then.
            self.held = out.split_off(before);
            if self.held.is_empty() {
                self.heard();
            }
            return Step::Wait(wait);
        }
        if self.frames.is_empty() && self.pending.is_none() && self.sent.is_none() {
            self.running = false;
            self.state.cursors.end_frames(0);
            return Step::Finished;
        }
        Step::Continue
    }

    /// What is still to be waited for; a wait for any change is over as soon as somebody steps.
    fn still_waiting(&mut self, host: &mut dyn Host) -> Option<Wait> {
        match self.waiting? {
            Wait::Until(moment) => {
                if host.snapshot().now() < moment {
                    return self.waiting;
                }
            }
            Wait::Thread if !host.has_own_thread() => return self.waiting,
            Wait::Thread | Wait::Change { .. } => {}
        }
        self.waiting = None;
        None
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("a request runs in a frame")
    }
}

/// The state of a session that has just begun.
pub(crate) fn fresh_state(options: &Options) -> State {
    State {
        instance: options.instance,
        session: options.session,
        login: options.login.clone(),
        database: options.database,
        settings: Settings::default(),
        dates: DateSettings::default(),
        transaction: None,
        row_count: 0,
        error: 0,
        identity: None,
        temporary: empty_content(),
        context: BTreeMap::new(),
        identity_insert: None,
        used_up: BTreeMap::new(),
        dry: Dry::default(),
        read_only_intent: false,
        collecting: Vec::new(),
        random: Random::new(options.seed),
        errors: Vec::new(),
        looked: false,
        share: Share::default(),
        work: 0,
        cursors: cursor::Cursors::default(),
    }
}

/// What a session hears when its instance is deleted under it.
pub(crate) fn instance_gone() -> SqlError {
    SqlError::new(6005, 20, "SHUTDOWN is in progress.")
}

/// Why a statement failed.
#[derive(Clone, Debug)]
struct Failure {
    error: SqlError,
    /// Found while the statement was compiled: TRY around it in the same batch does not catch it.
    compile: bool,
    /// Errors that the client hears first; a CATCH block sees only the last.
    preceding: Vec<SqlError>,
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self {
            error,
            compile: false,
            preceding: Vec::new(),
        }
    }
}

impl Failure {
    fn compile(error: SqlError) -> Self {
        Self {
            compile: true,
            ..error.into()
        }
    }
}

/// How a statement ended, if it did not fail.
enum Flow {
    /// The next instruction follows.
    Next,
    /// A frame was pushed, or the position was changed.
    Jumped,
    /// The statement is not over; it runs again after the wait.
    Again(Wait),
    /// It is done, but the client hears of it after the wait.
    After(Wait),
}
