//! Runs the steps of a scenario in one world of an emulator that a ready file describes.

mod clock;
mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use milink_client::{Arm, Control, Credentials, Error, Operation, Sql};
use milink_model::ReadyFile;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::file::{Scenario, Step};
use crate::report::{Happening, Reporter, StepReport};
use crate::step::{Act, Came, Until};
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
        let variables = servers::variables(&ready);
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

    /// Whether there is a connection that the server may have ended meanwhile, and that is to be replaced then.
    pub(crate) fn may_be_stale(&self, place: &Place) -> bool {
        !self.breaks_connections && place.session.is_none() && self.connections.contains_key(place)
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

    fn is_meant(&self, step: &Step) -> bool {
        step.cases.is_empty()
            || self
                .case
                .as_ref()
                .is_some_and(|case| step.cases.contains(case))
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
