//! Runs the steps of a scenario in one world of an emulator that a ready file describes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use milink_client::{Arm, Control, Credentials, Error, Login, Operation, Outcome, Sql, SqlAddress};
use milink_model::ReadyFile;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::file::{Scenario, Step};
use crate::report::{Happening, Reporter, StepReport};
use crate::step::{Act, Came, MANAGED_INSTANCE, SQL_SERVER, Until};
use crate::variables::Variables;

/// Runs scenarios.
#[derive(Debug)]
pub struct Runner {
    ready: ReadyFile,
    authority: Vec<u8>,
    arm: Arm,
    /// Service principals that steps have added, by their names.
    principals: BTreeMap<String, Arm>,
    control: Arc<Control>,
    connections: BTreeMap<Place, Sql>,
    variables: Variables,
    /// The last operation that was started and not followed.
    pub(crate) operation: Option<Operation>,
    /// What was sent in a session with a name, and not waited for.
    pub(crate) unanswered: BTreeMap<String, (Place, Unanswered)>,
    /// The last event that counts as seen.
    seen: u64,
    case: Option<String>,
    /// Whether connections break on request: then what breaks stays broken.
    breaks_connections: bool,
}

/// Where T-SQL goes: a server, a database, and a session if it has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) database: Option<String>,
    pub(crate) session: Option<String>,
}

/// T-SQL that is on its way, and its connection.
pub(crate) type Unanswered = JoinHandle<(Sql, Result<Came, Error>)>;

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The steps that were done, in order; the last one may have failed.
    pub steps: Vec<StepReport>,
    /// Real time.
    pub took: Duration,
    /// Time that passed on the server.
    pub simulated: Duration,
}

/// A step that did not come to what it must.
#[derive(Clone, Debug, thiserror::Error)]
#[error("step {number} '{title}': {what}")]
pub struct Failure {
    /// Its number, from 1.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// What differs.
    pub what: String,
}

/// How the world's time passes, as far as waiting is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    /// It moves when it is told.
    Manual,
    /// It runs, and jumps when somebody waits.
    Auto,
    /// It runs so many times as fast as the host's.
    Scaled(f64),
}

/// The clock as the control API tells it.
#[derive(Clone, Copy, Debug)]
struct Clock {
    pace: Pace,
    now: jiff::Timestamp,
    next_due: Option<jiff::Timestamp>,
}

/// How often an operation is asked before it is given up.
const MOST_POLLS: usize = 10_000;
/// How often while nothing is due.
const MOST_IN_VAIN: usize = 1_000;
/// The pause between two looks at a clock that cannot be moved.
const LOOK: Duration = Duration::from_millis(20);

impl Summary {
    /// The step that failed, if one did.
    pub fn failure(&self) -> Option<Failure> {
        let (at, step) = self
            .steps
            .iter()
            .enumerate()
            .find(|(_, step)| step.failure.is_some())?;
        let what = step.failure.clone().unwrap_or_default();
        Some(Failure {
            number: at + 1,
            title: step.title.clone(),
            what,
        })
    }
}

impl Runner {
    /// A runner for the emulator that `ready` describes.
    ///
    /// # Errors
    ///
    /// Its CA file cannot be read or used.
    pub fn new(ready: ReadyFile) -> Result<Self, Error> {
        let pem = read_ca(&ready)?;
        let control = Arc::new(Control::new(&ready.control_url, Some(&pem))?);
        Self::with(ready, &pem, control)
    }

    pub(crate) fn with(ready: ReadyFile, pem: &[u8], control: Arc<Control>) -> Result<Self, Error> {
        let credentials = Credentials {
            authority: ready.entra_url.clone(),
            tenant: ready.tenant_id.clone(),
            client_id: ready.client_id.clone(),
            client_secret: ready.client_secret.clone(),
        };
        let arm = Arm::new(&ready.arm_url, Some(pem), credentials)?;
        let variables = variables(&ready);
        Ok(Self {
            ready,
            authority: pem.to_vec(),
            arm,
            principals: BTreeMap::new(),
            control,
            connections: BTreeMap::new(),
            variables,
            operation: None,
            unanswered: BTreeMap::new(),
            seen: 0,
            case: None,
            breaks_connections: false,
        })
    }

    /// Runs a scenario's steps up to their end or the first that fails. What the scenario needs is the caller's affair.
    pub async fn run(&mut self, scenario: &Scenario, reporter: &mut dyn Reporter) -> Summary {
        for (name, value) in &scenario.variables {
            self.variables.set_if_absent(name, value);
        }
        let steps: Vec<&Step> = scenario
            .steps
            .iter()
            .filter(|step| self.is_meant(step))
            .flat_map(|step| std::iter::repeat_n(step, step.repeat as usize))
            .collect();
        self.breaks_connections = scenario.breaks_connections();
        let begun = Instant::now();
        let server_begun = self.server_time().await;
        if steps.iter().any(|step| step.act.waits_for_event()) {
            self.seen = self.last_event().await.unwrap_or(0);
        }
        let mut reports: Vec<StepReport> = Vec::new();
        let mut simulated = 0.0;
        let mut turn = 0;
        for (at, step) in steps.iter().enumerate() {
            let is_again = at > 0 && std::ptr::eq(*step, steps[at - 1]);
            turn = if is_again { turn + 1 } else { 1 };
            self.variables.set("turn", turn.to_string());
            let (place, text) = (step.act.place(self), step.act.text(self));
            reporter.happened(Happening::StepBegins {
                number: at + 1,
                of: steps.len(),
                step,
                place: &place,
                text: &text,
            });
            let mut report = self.step(step, reporter).await;
            let now = self.server_time().await;
            let total = now
                .zip(server_begun)
                .map_or(0.0, |(now, begun)| now - begun);
            report.simulated_seconds = (total - simulated).max(0.0);
            simulated = total;
            if report.failure.is_none() {
                report.failure = step
                    .expect
                    .check_seconds(report.simulated_seconds, &self.variables)
                    .err();
            }
            (report.place, report.text) = (place, text);
            reporter.happened(Happening::StepEnds(&report));
            let failed = report.failure.is_some();
            reports.push(report);
            if failed {
                break;
            }
        }
        Summary {
            steps: reports,
            took: begun.elapsed(),
            simulated: Duration::from_secs_f64(simulated.max(0.0)),
        }
    }

    /// The variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    pub(crate) fn variables_mut(&mut self) -> &mut Variables {
        &mut self.variables
    }

    /// Which case is run: steps for others are left out.
    pub(crate) fn set_case(&mut self, name: &str) {
        self.case = Some(name.to_owned());
    }

    /// Resource Manager as somebody whom a step has added sees it, or as the owner of everything.
    pub(crate) fn arm_of(&self, who: Option<&str>) -> Result<&Arm, Error> {
        let Some(who) = who else {
            return Ok(&self.arm);
        };
        let found = self.principals.get(who);
        found.ok_or_else(|| {
            Error::Unexpected(format!(
                "no step has added the principal '{who}' (principal = {{ add = \"{who}\" }})"
            ))
        })
    }

    /// Makes requests as somebody from now on.
    pub(crate) fn log_in(&mut self, name: &str, client: &str, secret: &str) -> Result<(), Error> {
        let credentials = Credentials {
            authority: self.ready.entra_url.clone(),
            tenant: self.ready.tenant_id.clone(),
            client_id: client.to_owned(),
            client_secret: secret.to_owned(),
        };
        let arm = Arm::new(&self.ready.arm_url, Some(&self.authority), credentials)?;
        self.principals.insert(name.to_owned(), arm);
        Ok(())
    }

    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    /// A path of the control API, about this world.
    pub(crate) fn about(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}world={}", self.ready.world)
    }

    /// The name of a server as people know it.
    pub(crate) fn server_name(&self, on: &str) -> String {
        match on {
            SQL_SERVER => self
                .ready
                .sql_servers
                .first()
                .map_or_else(|| on.to_owned(), |server| server.name.clone()),
            MANAGED_INSTANCE => self
                .ready
                .managed_instances
                .first()
                .map_or_else(|| on.to_owned(), |mi| mi.name.clone()),
            other => self.variables.fill(other),
        }
    }

    /// How the administrator of an instance logs in to it through the model's network, and the authority to trust. A host
    /// that is no instance's gets the first one's login: it is what a client would try.
    pub(crate) fn instance_login(&self, name: &str) -> Result<(Login, String), Error> {
        let all = &self.ready.managed_instances;
        let named = all.iter().find(|mi| mi.name.eq_ignore_ascii_case(name));
        let instance = named.or(all.first());
        let instance =
            instance.ok_or_else(|| Error::Unexpected("there is no instance".to_owned()))?;
        let login = crate::step::login(&instance.user, &instance.password);
        Ok((login, self.ready.ca_file.clone()))
    }

    /// A connection to a place: one that was kept, or a new one.
    pub(crate) async fn take(&mut self, place: &Place) -> Result<Sql, Error> {
        if let Some(sql) = self.connections.remove(place) {
            return Ok(sql);
        }
        let (address, login) = self.server(&place.server)?;
        Sql::connect(&address, login, place.database.as_deref()).await
    }

    /// Keeps a connection for later steps.
    pub(crate) fn put_back(&mut self, place: Place, sql: Sql) {
        self.connections.insert(place, sql);
    }

    /// Waits for something that the server does, moving a clock that stands.
    pub(crate) async fn while_time_passes<T>(
        &mut self,
        mut task: JoinHandle<T>,
    ) -> Result<T, Error> {
        loop {
            match tokio::time::timeout(LOOK, &mut task).await {
                Ok(done) => return done.map_err(|error| Error::Unexpected(error.to_string())),
                Err(_) => {
                    let clock = self.clock().await?;
                    match (clock.pace, clock.next_due) {
                        (Pace::Manual, Some(due)) => self.advance_to(due).await?,
                        (Pace::Manual, None) => {
                            return Err(Error::Unexpected(
                                "there is no answer: the clock stands, and nothing is due"
                                    .to_owned(),
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Whether there is a connection that the server may have ended meanwhile, and that is to be replaced then.
    pub(crate) fn may_be_stale(&self, place: &Place) -> bool {
        !self.breaks_connections && place.session.is_none() && self.connections.contains_key(place)
    }

    /// Polls an operation to its end. A clock that can be moved is moved to what is due next between two polls.
    pub(crate) async fn follow(&mut self, operation: &Operation) -> Result<Outcome, Error> {
        let mut in_vain = 0;
        for _ in 0..MOST_POLLS {
            let (outcome, pause) = operation.poll(&self.arm).await?;
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            let clock = self.clock().await?;
            match (clock.pace, clock.next_due) {
                (Pace::Manual | Pace::Auto, Some(due)) => self.advance_to(due).await?,
                // It may be that it ends after so many polls.
                (Pace::Manual, None) if in_vain < MOST_IN_VAIN => in_vain += 1,
                (Pace::Manual, None) => {
                    return Err(Error::Unexpected(
                        "the operation does not end: the clock stands, and nothing is due"
                            .to_owned(),
                    ));
                }
                (Pace::Auto | Pace::Scaled(_), _) => {
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Err(Error::Timeout(MOST_POLLS))
    }

    pub(crate) async fn advance_by(&mut self, by: &str) -> Result<(), Error> {
        self.advance(json!({"by": by})).await
    }

    pub(crate) async fn advance_until_quiet(&mut self) -> Result<(), Error> {
        self.advance(json!({"untilQuiet": true})).await
    }

    /// The moment so far from now; a span is written as `--durations` takes it.
    pub(crate) async fn moment_after(&mut self, span: &str) -> Result<jiff::Timestamp, Error> {
        let span: jiff::Span = self.variables.fill(span).parse().map_err(|_| {
            Error::Unexpected(format!(
                "'{span}' is no span of time: say 90s, 5min or 1h 30min"
            ))
        })?;
        let now = self.clock().await?.now;
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .and_then(|span| now.checked_add(span))
            .map_err(|error| Error::Unexpected(error.to_string()))
    }

    /// Lets time pass to what is due next, or a little; false if `until` has come or nothing will.
    pub(crate) async fn go_on(&mut self, until: jiff::Timestamp) -> Result<bool, Error> {
        let clock = self.clock().await?;
        if clock.now >= until {
            return Ok(false);
        }
        match (clock.pace, clock.next_due) {
            (Pace::Scaled(_), _) => tokio::time::sleep(LOOK).await,
            (_, Some(due)) => self.advance_to(due.min(until)).await?,
            (_, None) => return Ok(false),
        }
        Ok(true)
    }

    /// Events that are not seen yet, oldest first.
    pub(crate) async fn events(&mut self) -> Result<Vec<Value>, Error> {
        let path = self.about(&format!("journal?after={}&limit=100000", self.seen));
        let answer = self.control.get(&path).await?;
        Ok(answer["events"].as_array().cloned().unwrap_or_default())
    }

    /// Events up to this one are seen.
    pub(crate) fn seen_event(&mut self, sequence: u64) {
        self.seen = sequence;
    }

    async fn last_event(&self) -> Option<u64> {
        let answer = self
            .control
            .get(&self.about("journal?limit=1000000"))
            .await
            .ok()?;
        answer["last"].as_u64()
    }

    async fn advance_to(&mut self, to: jiff::Timestamp) -> Result<(), Error> {
        self.advance(json!({"to": to.to_string()})).await
    }

    async fn advance(&mut self, body: Value) -> Result<(), Error> {
        self.control
            .post(&self.about("clock/advance"), &body)
            .await?;
        Ok(())
    }

    async fn clock(&self) -> Result<Clock, Error> {
        let answer = self.control.get(&self.about("clock")).await?;
        let unexpected = || Error::Unexpected(format!("not a clock: {answer}"));
        let moment = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let pace = match answer["mode"].as_str().ok_or_else(unexpected)? {
            "manual" => Pace::Manual,
            "auto" => Pace::Auto,
            other => {
                let factor = other.strip_prefix("scaled=");
                Pace::Scaled(factor.and_then(|text| text.parse().ok()).unwrap_or(1.0))
            }
        };
        Ok(Clock {
            pace,
            now: moment(&answer["now"]).ok_or_else(unexpected)?,
            next_due: moment(&answer["nextDue"]),
        })
    }

    fn is_meant(&self, step: &Step) -> bool {
        step.cases.is_empty()
            || self
                .case
                .as_ref()
                .is_some_and(|case| step.cases.contains(case))
    }

    fn server(&self, name: &str) -> Result<(SqlAddress, Login), Error> {
        let ca_file = Some(self.ready.ca_file.clone());
        let login = |user: &str, password: &str| Login::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        if let Some(server) = self
            .ready
            .sql_servers
            .iter()
            .find(|server| server.name == name)
        {
            let address = SqlAddress {
                host: server.host.clone(),
                port: server.port,
                server_name: "localhost".to_owned(),
                ca_file,
            };
            return Ok((address, login(&server.user, &server.password)));
        }
        if let Some(mi) = self
            .ready
            .managed_instances
            .iter()
            .find(|mi| mi.name == name)
        {
            let address = SqlAddress {
                host: mi.host.clone(),
                port: mi.port,
                server_name: mi.fqdn.clone(),
                ca_file,
            };
            return Ok((address, login(&mi.user, &mi.password)));
        }
        Err(Error::Unexpected(format!(
            "the ready file has no server '{name}'"
        )))
    }

    async fn step(&mut self, step: &Step, reporter: &mut dyn Reporter) -> StepReport {
        let begun = Instant::now();
        let mut tries_left = step.until.as_ref().map_or(1, |until| until.tries);
        let (came, failure) = loop {
            let came = step.act.run(self).await;
            tries_left -= 1;
            let failure = match &came {
                Ok(came) => self.judge(step, came).err(),
                Err(error) => Some(error.to_string()),
            };
            let again = failure.is_some() && tries_left > 0 && came.is_ok();
            let came = came.ok();
            match (&step.until, again) {
                (Some(until), true) => {
                    report_progress(until, came.as_ref(), reporter);
                    if let Err(error) = self.pause(until).await {
                        break (came, Some(error.to_string()));
                    }
                }
                _ => break (came, failure),
            }
        };
        let failure = failure.or_else(|| {
            came.as_ref()
                .and_then(|came| self.capture(step, came).err())
        });
        StepReport {
            title: step.title.clone(),
            chapter: step.chapter.clone(),
            at: step.at.clone(),
            place: String::new(),
            text: String::new(),
            came,
            show: step.show.clone(),
            failure,
            took: begun.elapsed(),
            simulated_seconds: 0.0,
        }
    }

    fn judge(&self, step: &Step, came: &Came) -> Result<(), String> {
        if let Act::Check(check) = &step.act {
            check.judge(came, &self.variables)?;
        }
        // What is expected of a check as a whole is that its places agree, if anything.
        match (&step.act, step.expect.same) {
            (Act::Check(_), false) => Ok(()),
            _ => step.expect.check(came, &self.variables),
        }
    }

    fn capture(&mut self, step: &Step, came: &Came) -> Result<(), String> {
        for (variable, name) in &step.capture {
            let value = came
                .value(name)
                .ok_or_else(|| format!("there is no {name} to remember as {variable}"))?;
            self.variables.set(variable, value);
        }
        Ok(())
    }

    /// Waits in the server's time.
    async fn pause(&mut self, until: &Until) -> Result<(), Error> {
        let pause = Duration::from_secs(until.every_seconds.into());
        match self.clock().await?.pace {
            Pace::Manual | Pace::Auto => {
                self.advance(json!({"seconds": until.every_seconds})).await
            }
            Pace::Scaled(factor) => {
                tokio::time::sleep(pause.div_f64(factor)).await;
                Ok(())
            }
        }
    }

    /// Seconds of the server's time since some moment; none if it cannot be asked.
    async fn server_time(&self) -> Option<f64> {
        let now = self.clock().await.ok()?.now;
        Some(now.as_duration().as_secs_f64())
    }
}

pub(crate) fn read_ca(ready: &ReadyFile) -> Result<Vec<u8>, Error> {
    std::fs::read(&ready.ca_file)
        .map_err(|error| Error::Certificate(format!("{}: {error}", ready.ca_file)))
}

fn report_progress(until: &Until, came: Option<&Came>, reporter: &mut dyn Reporter) {
    let percent = until
        .progress
        .as_ref()
        .zip(came)
        .and_then(|(pointer, came)| came.value(pointer));
    if let Some(percent) = percent.and_then(|text| text.trim_end_matches('%').parse().ok()) {
        reporter.happened(Happening::Progress(percent));
    }
}

/// What files can say of the servers: the first of each kind by the article's words, and each by its name.
fn variables(ready: &ReadyFile) -> Variables {
    let mut variables = Variables::default();
    variables.set("subscription", &ready.subscription_id);
    variables.set("resourceGroup", &ready.resource_group);
    variables.set("location", &ready.location);
    if let Some(server) = ready.sql_servers.first() {
        variables.set("SQLServerName", &server.name);
        variables.set("SQLServerIP", &server.address);
    }
    if let Some(mi) = ready.managed_instances.first() {
        variables.set("ManagedInstanceName", &mi.name);
        variables.set("ManagedInstanceFQDN", &mi.fqdn);
        variables.set("managedInstance", &mi.resource_id);
    }
    for server in &ready.sql_servers {
        variables.set(&format!("{}.address", server.name), &server.address);
    }
    for mi in &ready.managed_instances {
        variables.set(&format!("{}.fqdn", mi.name), &mi.fqdn);
        variables.set(&format!("{}.id", mi.name), &mi.resource_id);
    }
    variables
}
