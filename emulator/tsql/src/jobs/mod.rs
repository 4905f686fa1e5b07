//! Runs the T-SQL of SQL Server Agent's jobs. Whoever drives a world asks for it whenever something has happened there; a
//! batch goes on as far as it can, and what it waits for is a timer of the world.

mod report;

use std::collections::{BTreeMap, VecDeque};

use milink_core::World;
use milink_core::agent::{
    Awaits, BeginStep, EndStep, HoldStep, JobKey, StepSettings, is_cloud_owner,
};
use milink_core::command::{CloseSession, OpenSession};
use milink_core::ids::{DatabaseId, PrincipalId, SessionId};
use milink_core::instance::Instance;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};

use crate::session::event::Event;
use crate::session::host::Host;
use crate::session::{Options, Request, Session, Step, Wait};
use crate::statement::refusal::sql_error;
use report::Report;

/// The batches of a world that run.
#[derive(Default)]
pub struct Jobs {
    batches: BTreeMap<JobKey, Batch>,
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

/// How far a batch goes before others have their turn.
const STEPS: usize = 256;
/// How long it lets others have it.
const PAUSE: Span = Span::milliseconds(100);

impl Jobs {
    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Lets all of them go on as far as they can by now, begins those that are to begin, and forgets those that were
    /// stopped.
    pub fn go_on(&mut self, host: &mut dyn Host) {
        let world = host.snapshot();
        let wanted = |key: &JobKey, batch: &Batch| {
            let begun = begun(&world, *key);
            begun == Some((Awaits::Batch, batch.begun))
        };
        let gone: Vec<JobKey> = self
            .batches
            .iter()
            .filter(|(key, batch)| !wanted(key, batch))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            if let Some(batch) = self.batches.remove(&key) {
                batch.close(key, host);
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
        let running: Vec<JobKey> = self.batches.keys().copied().collect();
        for key in running {
            if let Some(batch) = self.batches.remove(&key)
                && let Some(batch) = batch.go_on(key, host)
            {
                self.batches.insert(key, batch);
            }
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
                self.batches.insert(key, batch);
            }
            Err(report) => end(key, report, host),
        }
    }
}

/// What a job's step in hand awaits, and since when it is its turn.
fn begun(world: &World, (instance, job): JobKey) -> Option<(Awaits, Timestamp)> {
    let instance = world.instance(instance)?;
    let turn = instance.agent.jobs.get(&job)?.turn()?;
    Some((turn.awaits, turn.begun))
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

    /// None when it is over.
    fn go_on(mut self, key: JobKey, host: &mut dyn Host) -> Option<Self> {
        let now = host.snapshot().now();
        if self.rests.take_if(|until| *until <= now).is_none() && self.rests.is_some() {
            return Some(self);
        }
        for _ in 0..STEPS {
            if !self.is_there(key, host) {
                let report = self.report.cut();
                end(key, report, host);
                return None;
            }
            let step = self.session.step(host, &mut self.events);
            for event in self.events.drain(..) {
                self.report.hear(event);
            }
            let wait = match step {
                Step::Continue | Step::Wait(Wait::Thread) => continue,
                Step::Wait(wait) => wait,
                Step::Finished => {
                    let goes_on = self.session.is_open() && !self.report.has_failed();
                    match self.rest.pop_front().filter(|_| goes_on) {
                        Some(text) => self.session.start(Request::Batch { text }),
                        None => {
                            self.session.close(host);
                            leave(key, self.session.options().session, host);
                            end(key, self.report, host);
                            return None;
                        }
                    }
                    continue;
                }
            };
            let until = match wait {
                Wait::Until(moment) => Some(moment),
                Wait::Change { until } => until,
                Wait::Thread => None,
            };
            if let Some(until) = until {
                hold(key, until, host);
            }
            return Some(self);
        }
        let until = host.snapshot().now() + PAUSE;
        self.rests = Some(until);
        hold(key, until, host);
        Some(self)
    }

    /// Whether its session is there, and nobody has cut it.
    fn is_there(&self, key: JobKey, host: &mut dyn Host) -> bool {
        let world = host.snapshot();
        let instance = world.instance(key.0);
        let instance = instance.filter(|instance| instance.life == self.life);
        let session = self.session.options().session;
        let row = instance.and_then(|instance| instance.sessions.get(&session));
        row.is_some_and(|row| !row.cut)
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
