//! Runs the T-SQL of SQL Server Agent's jobs. Whoever drives a world asks for it whenever something has happened there; a
//! batch goes on for a turn, and what it waits for is a timer of the world. One that takes longer than others can wait for
//! gets a thread of its own ([`Apart`]), or goes on in more turns.

mod report;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use milink_core::World;
use milink_core::agent::{
    Awaits, BeginStep, EndStep, HoldStep, JobKey, StepSettings, is_cloud_owner,
};
use milink_core::command::{CloseSession, OpenSession};
use milink_core::ids::{DatabaseId, PrincipalId, SessionId};
use milink_core::instance::Instance;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};

use crate::engine::exec::SHARED_FUEL;
use crate::session::event::Event;
use crate::session::host::Host;
use crate::session::{Options, Request, Session, Step, Wait};
use crate::statement::refusal::sql_error;
use report::Report;

/// The batches of a world that run.
#[derive(Default)]
pub struct Jobs {
    batches: BTreeMap<JobKey, Running>,
}

/// Where a batch is.
enum Running {
    /// It goes on in turns.
    Here(Box<Batch>),
    /// It has more to do than others can wait for, and waits for a thread.
    Long(Box<Batch>),
    /// It has a thread of its own.
    Away(Away),
}

/// What is known of a batch on a thread of its own.
struct Away {
    life: u32,
    begun: Timestamp,
    session: SessionId,
    wish: Arc<AtomicBool>,
}

impl Drop for Away {
    fn drop(&mut self) {
        self.wish.store(true, Ordering::Release);
    }
}

/// How batches go on that take longer than a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// In more turns, with the world's time passing between them. The host lets a statement take as long as it likes: nobody
    /// else goes on meanwhile.
    InTurns,
    /// The same, but a statement that takes long has a thread of its own.
    WithRests,
    /// On a thread of their own.
    Free,
}

/// A batch that is to have a thread of its own.
pub struct Apart {
    key: JobKey,
    batch: Box<Batch>,
    wish: Arc<AtomicBool>,
}

/// A batch that comes from a thread of its own.
pub struct Back {
    key: JobKey,
    begun: Timestamp,
    /// None if it is over, or lost with its thread.
    batch: Option<Box<Batch>>,
}

/// A step's T-SQL that runs.
struct Batch {
    session: Session,
    /// The life of the instance's service.
    life: u32,
    /// When the step began: a job that was stopped and started again has another one.
    begun: Timestamp,
    /// What comes after the one that runs: GO separates them.
    rest: VecDeque<String>,
    events: Vec<Event>,
    report: Report,
    /// Others have their turn until then.
    rests: Option<Timestamp>,
}

/// How far a batch has come in a turn.
enum Came {
    /// To its end.
    Over,
    /// To something that it waits for.
    Waits(Batch),
    /// To what one turn may take.
    Far(Batch),
    /// To a statement that takes longer than a turn.
    Heavy(Batch),
}

/// How much a batch does before others have their turn: some milliseconds' worth.
const WORK: u64 = SHARED_FUEL;
/// How long it lets others have it at least.
const PAUSE: Span = Span::milliseconds(100);
/// How many pauses are of that length; then they grow with the time that the step has taken, so that a loop without an end
/// does not make a long time pass slowly.
const PAUSES: i64 = 256;

impl Jobs {
    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Lets all of them go on as far as they can by now and in one turn, begins those that are to begin, and forgets those
    /// that were stopped.
    pub fn go_on(&mut self, pace: Pace, host: &mut dyn Host) {
        let world = host.snapshot();
        let gone: Vec<JobKey> = self
            .batches
            .iter()
            .filter(|(key, running)| !running.is_wanted(**key, &world))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            match self.batches.remove(&key) {
                Some(Running::Here(batch) | Running::Long(batch)) => batch.close(key, host),
                // Its thread is told so, and brings it back.
                Some(Running::Away(_)) | None => {}
            }
        }
        let keys: Vec<JobKey> = world.jobs_in_hand().collect();
        for key in keys {
            if self.batches.contains_key(&key) {
                continue;
            }
            match begun(&world, key) {
                Some((Awaits::Taker, moment)) => self.begin(key, moment, host),
                // Its session was another's, in another life of the world or before it was copied.
                Some((Awaits::Batch, _)) => end(key, Report::interrupted(), host),
                Some((Awaits::Time, _)) | None => {}
            }
        }
        for (key, running) in std::mem::take(&mut self.batches) {
            let running = match running {
                Running::Here(batch) => batch.take_turn(key, pace, host),
                Running::Long(_) | Running::Away(_) => Some(running),
            };
            if let Some(running) = running {
                self.batches.insert(key, running);
            }
        }
        for (key, running) in &self.batches {
            if let Running::Away(away) = running
                && !is_there(*key, away.session, away.life, &world)
            {
                away.wish.store(true, Ordering::Release);
            }
        }
    }

    /// Those that have more to do than others can wait for, for as long as there are threads.
    pub fn leave(&mut self, mut has_thread: impl FnMut() -> bool) -> Vec<Apart> {
        let mut leaving = Vec::new();
        for (key, running) in std::mem::take(&mut self.batches) {
            let running = match running {
                Running::Long(batch) if has_thread() => {
                    let away = Away {
                        life: batch.life,
                        begun: batch.begun,
                        session: batch.session.options().session,
                        wish: Arc::default(),
                    };
                    let wish = Arc::clone(&away.wish);
                    leaving.push(Apart { key, batch, wish });
                    Running::Away(away)
                }
                running => running,
            };
            self.batches.insert(key, running);
        }
        leaving
    }

    /// Takes back what had a thread of its own.
    pub fn take_back(&mut self, back: Back, host: &mut dyn Host) {
        let Back { key, begun, batch } = back;
        let was_known = match self.batches.get(&key) {
            Some(Running::Away(away)) => away.begun == begun,
            _ => false,
        };
        if was_known {
            self.batches.remove(&key);
        }
        match batch {
            Some(batch) if was_known => {
                self.batches.insert(key, Running::Here(batch));
            }
            // It was stopped meanwhile.
            Some(batch) => batch.close(key, host),
            // If it is lost, it is found in hand without anybody who has it.
            None => {}
        }
    }

    fn begin(&mut self, key: JobKey, begun: Timestamp, host: &mut dyn Host) {
        let (instance, job) = key;
        let mut taken = None;
        host.update(&mut |world, now| {
            taken = world.apply(now, BeginStep { instance, job }).ok().flatten();
        });
        let Some((owner, settings)) = taken else {
            return;
        };
        match Batch::open(key, begun, &owner, &settings, host) {
            Ok(batch) => {
                self.batches.insert(key, Running::Here(Box::new(batch)));
            }
            Err(report) => end(key, report, host),
        }
    }
}

impl Running {
    /// Whether its job is still at the step that it belongs to.
    fn is_wanted(&self, key: JobKey, world: &World) -> bool {
        let since = match self {
            Self::Here(batch) | Self::Long(batch) => batch.begun,
            Self::Away(away) => away.begun,
        };
        begun(world, key) == Some((Awaits::Batch, since))
    }
}

impl Apart {
    /// Set when nobody wants it any more; its host says then that it is cancelled.
    pub fn wish(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wish)
    }

    /// What is brought back if it is lost.
    pub fn lost(&self) -> Back {
        Back {
            key: self.key,
            begun: self.batch.begun,
            batch: None,
        }
    }

    /// Lets it go on: with pauses only as far as the statement that takes long.
    pub fn run(self, pace: Pace, host: &mut dyn Host) -> Back {
        let (key, begun, mut batch) = (self.key, self.batch.begun, *self.batch);
        let most = match pace {
            Pace::InTurns | Pace::WithRests => 0,
            Pace::Free => u64::MAX,
        };
        let batch = loop {
            match batch.go_on(key, most, &self.wish, host) {
                Came::Over => break None,
                Came::Waits(batch) | Came::Far(batch) => break Some(Box::new(batch)),
                Came::Heavy(again) => batch = again,
            }
        };
        Back { key, begun, batch }
    }
}

/// What a job's step in hand awaits, and since when it is its turn.
fn begun(world: &World, (instance, job): JobKey) -> Option<(Awaits, Timestamp)> {
    let instance = world.instance(instance)?;
    let turn = instance.agent.jobs.get(&job)?.turn()?;
    Some((turn.awaits, turn.begun))
}

/// Whether a session is there, and nobody has cut it.
fn is_there(key: JobKey, session: SessionId, life: u32, world: &World) -> bool {
    let instance = world.instance(key.0);
    let instance = instance.filter(|instance| instance.life == life);
    let row = instance.and_then(|instance| instance.sessions.get(&session));
    row.is_some_and(|row| !row.cut)
}

impl Batch {
    fn open(
        key: JobKey,
        begun: Timestamp,
        owner: &Name,
        settings: &StepSettings,
        host: &mut dyn Host,
    ) -> Result<Self, Report> {
        let world = host.snapshot();
        let Some(instance) = world.instance(key.0) else {
            return Err(Report::interrupted());
        };
        let job = instance.agent.jobs.get(&key.1);
        let name = job.map_or_else(String::new, |job| job.settings.name.to_string());
        let number = job.and_then(|job| job.turn()).map_or(1, |turn| turn.step);
        let mut report = Report::new(&name, number, settings, world.now());
        let Some((principal, login)) = login_of(instance, owner) else {
            return Err(report.with_owner(owner, settings));
        };
        let wanted = settings.database.as_ref().map_or("master", Name::as_str);
        let database = match instance.database(wanted) {
            Some(database) => match instance.check_connection(database, false) {
                Ok(()) => database.id,
                Err(refusal) => {
                    report.error(&sql_error(&refusal.into()));
                    return Err(report.without_database(wanted));
                }
            },
            None => return Err(report.without_database(wanted)),
        };
        let life = instance.life;
        let Some(session) = enter(key, principal, &login, database, host) else {
            return Err(Report::interrupted());
        };
        let mut rest: VecDeque<String> = batches(&settings.command).into();
        let mut engine = Session::new(Options {
            instance: key.0,
            session,
            login,
            database,
            // Two runs of one job differ, and two worlds that did the same do not.
            seed: (key.1.0.as_u128() as u64) ^ begun.0.unsigned_abs(),
        });
        let text = rest.pop_front().unwrap_or_default();
        engine.start(Request::Batch { text });
        Ok(Self {
            session: engine,
            life,
            begun,
            rest,
            events: Vec::new(),
            report,
            rests: None,
        })
    }

    /// Goes on for a turn; none when it is over.
    fn take_turn(mut self, key: JobKey, pace: Pace, host: &mut dyn Host) -> Option<Running> {
        let now = host.snapshot().now();
        if self.rests.take_if(|until| *until <= now).is_none() && self.rests.is_some() {
            return Some(Running::Here(Box::new(self)));
        }
        let nobody = AtomicBool::new(false);
        match self.go_on(key, WORK, &nobody, host) {
            Came::Over => None,
            Came::Waits(batch) => Some(Running::Here(Box::new(batch))),
            Came::Far(batch) if pace != Pace::Free => {
                let batch = batch.rest(key, host);
                Some(Running::Here(Box::new(batch)))
            }
            Came::Far(batch) | Came::Heavy(batch) => {
                // Looked at again then, if there is no thread now.
                let batch = batch.rest(key, host);
                Some(Running::Long(Box::new(batch)))
            }
        }
    }

    /// Others have their turn.
    fn rest(mut self, key: JobKey, host: &mut dyn Host) -> Self {
        let now = host.snapshot().now();
        let until = now + pause(now.since(self.begun));
        self.rests = Some(until);
        hold(key, until, host);
        self
    }

    /// Goes on until it has done so much, waits, or is not wanted any more.
    fn go_on(mut self, key: JobKey, most: u64, wish: &AtomicBool, host: &mut dyn Host) -> Came {
        self.rests = None;
        let before = self.session.work();
        loop {
            if !self.is_there(key, host) {
                let report = std::mem::replace(&mut self.report, Report::interrupted());
                // One that was cut is there until it is closed.
                self.close(key, host);
                end(key, report.cut(), host);
                return Came::Over;
            }
            let step = self.session.step(host, &mut self.events);
            if wish.load(Ordering::Acquire) {
                // What the step says of it is nobody's.
                self.events.clear();
                return Came::Far(self);
            }
            for event in self.events.drain(..) {
                self.report.hear(event);
            }
            match step {
                Step::Continue => {}
                Step::Wait(Wait::Thread) if host.has_own_thread() => continue,
                Step::Wait(Wait::Thread) => return Came::Heavy(self),
                Step::Wait(wait) => {
                    let until = match wait {
                        Wait::Until(moment) => Some(moment),
                        Wait::Change { until } => until,
                        Wait::Thread => None,
                    };
                    if let Some(until) = until {
                        hold(key, until, host);
                    }
                    return Came::Waits(self);
                }
                Step::Finished => {
                    let goes_on = self.session.is_open() && !self.report.has_failed();
                    match self.rest.pop_front().filter(|_| goes_on) {
                        Some(text) => self.session.start(Request::Batch { text }),
                        None => {
                            self.session.close(host);
                            leave(key, self.session.options().session, host);
                            end(key, self.report, host);
                            return Came::Over;
                        }
                    }
                }
            }
            if self.session.work().saturating_sub(before) > most {
                return Came::Far(self);
            }
        }
    }

    fn is_there(&self, key: JobKey, host: &mut dyn Host) -> bool {
        let session = self.session.options().session;
        is_there(key, session, self.life, &host.snapshot())
    }

    /// Ends what nobody wants any more.
    fn close(mut self, key: JobKey, host: &mut dyn Host) {
        let there = self.is_there(key, host);
        if there {
            self.session.cancel(host, &mut Vec::new());
            self.session.close(host);
        }
        let world = host.snapshot();
        if world
            .instance(key.0)
            .is_some_and(|found| found.life == self.life)
        {
            leave(key, self.session.options().session, host);
        }
    }
}

/// How long one rests that has run for so long.
fn pause(ran: Span) -> Span {
    PAUSE.max(ran / PAUSES)
}

/// The batches of a command.
fn batches(command: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in command.lines() {
        match line.trim().eq_ignore_ascii_case("GO") {
            true => all.push(String::new()),
            false => {
                if let Some(last) = all.last_mut() {
                    last.push_str(line);
                    last.push('\n');
                }
            }
        }
    }
    all.retain(|batch| !batch.trim().is_empty());
    all
}

/// As whom a job's owner logs in.
fn login_of(instance: &Instance, owner: &Name) -> Option<(PrincipalId, Name)> {
    let login = instance.login(owner.as_str()).or_else(|| {
        let hidden = instance.is_managed_instance() && is_cloud_owner(owner.as_str());
        instance.login("sa").filter(|_| hidden)
    })?;
    Some((login.id, login.name.clone()))
}

fn enter(
    key: JobKey,
    principal: PrincipalId,
    login: &Name,
    database: DatabaseId,
    host: &mut dyn Host,
) -> Option<SessionId> {
    let mut entered = None;
    host.update(&mut |world, now| {
        let Some(instance) = world.instance(key.0) else {
            return;
        };
        let session = milink_core::session::Session {
            id: SessionId(0),
            login: principal,
            login_name: login.clone(),
            database,
            host_name: instance.name.to_string(),
            program_name: "SQLAgent - TSQL JobStep".to_owned(),
            client_interface: "ODBC".to_owned(),
            client_address: None,
            local_port: 0,
            encrypted: true,
            login_time: now,
            last_request: now,
            running: true,
            cut: false,
        };
        let instance = key.0;
        entered = world.apply(now, OpenSession { instance, session }).ok();
    });
    entered
}

fn leave(key: JobKey, session: SessionId, host: &mut dyn Host) {
    let instance = key.0;
    host.update(&mut |world, now| {
        // Its instance was there a moment ago, and closing is never refused.
        if world.instance(instance).is_some() {
            let _ = world.apply(now, CloseSession { instance, session });
        }
    });
}

/// Has the batch looked at again; whoever looks at it before then does no harm.
fn hold((instance, job): JobKey, until: Timestamp, host: &mut dyn Host) {
    host.attempt(&mut |world, now| {
        if world.job_is_held((instance, job), until) {
            return false;
        }
        let request = HoldStep {
            instance,
            job,
            until: until.max(now),
        };
        world.apply(now, request).is_ok()
    });
}

fn end((instance, job): JobKey, report: Report, host: &mut dyn Host) {
    let request = report.ended(instance, job);
    host.update(&mut |world: &mut World, now| {
        if world.instance(instance).is_some() {
            // Nothing is refused: a job that was stopped meanwhile has ended already.
            let _ = world.apply::<EndStep>(now, request.clone());
        }
    });
}
