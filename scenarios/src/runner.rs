//! Runs a scenario against an emulator that a ready file describes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use milink_client::{Arm, Credentials, Error, Login, Sql, SqlAddress};
use milink_model::ReadyFile;

use crate::file::{Scenario, Step};
use crate::report::{Happening, Reporter, StepReport};
use crate::step::{Came, Until};
use crate::variables::Variables;

/// Runs scenarios.
#[derive(Debug)]
pub struct Runner {
    ready: ReadyFile,
    arm: Arm,
    connections: BTreeMap<(String, Option<String>), Sql>,
    variables: Variables,
}

/// How a run went.
#[derive(Debug)]
pub struct Summary {
    /// The steps that were done, in order; the last one may have failed.
    pub steps: Vec<StepReport>,
    /// Real time.
    pub took: Duration,
    /// Time that passed on the server.
    pub simulated: Duration,
}

/// A step that did not come to what it must.
#[derive(Debug, thiserror::Error)]
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
        let pem = std::fs::read(&ready.ca_file)
            .map_err(|error| Error::Certificate(format!("{}: {error}", ready.ca_file)))?;
        let credentials = Credentials {
            authority: ready.entra_url.clone(),
            tenant: ready.tenant_id.clone(),
            client_id: ready.client_id.clone(),
            client_secret: ready.client_secret.clone(),
        };
        let arm = Arm::new(&ready.arm_url, Some(&pem), credentials)?;
        let variables = variables(&ready);
        Ok(Self {
            ready,
            arm,
            connections: BTreeMap::new(),
            variables,
        })
    }

    /// Runs a scenario up to its end or the first step that fails.
    pub async fn run(&mut self, scenario: &Scenario, reporter: &mut dyn Reporter) -> Summary {
        for (name, value) in &scenario.variables {
            let value = self.variables.fill(value);
            self.variables.set(name, value);
        }
        let begun = Instant::now();
        let server_begun = self.server_time().await;
        let mut steps = Vec::new();
        let mut simulated = 0.0;
        for (at, step) in scenario.steps.iter().enumerate() {
            let (place, text) = (step.act.place(self), step.act.text(self));
            let of = scenario.steps.len();
            reporter.happened(Happening::StepBegins {
                number: at + 1,
                of,
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
            reporter.happened(Happening::StepEnds(&report));
            let failed = report.failure.is_some();
            steps.push(report);
            if failed {
                break;
            }
        }
        let simulated = Duration::from_secs_f64(simulated.max(0.0));
        Summary {
            steps,
            took: begun.elapsed(),
            simulated,
        }
    }

    /// The variables.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    pub(crate) fn arm(&self) -> &Arm {
        &self.arm
    }

    /// A connection to a server, kept for later steps.
    pub(crate) async fn connection(
        &mut self,
        on: &str,
        database: Option<&str>,
    ) -> Result<&mut Sql, Error> {
        let key = (on.to_owned(), database.map(str::to_owned));
        if !self.connections.contains_key(&key) {
            let (address, login) = self.server(on)?;
            let sql = Sql::connect(&address, login, database).await?;
            self.connections.insert(key.clone(), sql);
        }
        Ok(self
            .connections
            .get_mut(&key)
            .expect("put there a moment ago"))
    }

    pub(crate) fn disconnect(&mut self, on: &str, database: Option<&str>) {
        self.connections
            .remove(&(on.to_owned(), database.map(str::to_owned)));
    }

    /// The name of a server as people know it.
    pub(crate) fn server_name(&self, on: &str) -> String {
        match on {
            "sql-server" => self
                .ready
                .sql_servers
                .first()
                .map_or_else(|| on.to_owned(), |server| server.name.clone()),
            "managed-instance" => self
                .ready
                .managed_instances
                .first()
                .map_or_else(|| on.to_owned(), |mi| mi.name.clone()),
            other => other.to_owned(),
        }
    }

    fn server(&self, on: &str) -> Result<(SqlAddress, Login), Error> {
        let name = self.server_name(on);
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
                Ok(came) => step.expect.check(came, &self.variables).err(),
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
            came,
            show: step.show.clone(),
            failure,
            took: begun.elapsed(),
            simulated_seconds: 0.0,
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
        let seconds = until.every_seconds.min(59);
        let connection = self.connection("sql-server", None).await?;
        connection
            .batch(&format!("WAITFOR DELAY '00:00:{seconds:02}'"))
            .await?;
        Ok(())
    }

    /// Seconds of the server's time since midnight of some day; none if it cannot be asked.
    async fn server_time(&mut self) -> Option<f64> {
        let connection = self.connection("sql-server", None).await.ok()?;
        let asked = connection.batch("SELECT CAST(DATEDIFF_BIG(millisecond, '2000-01-01', SYSUTCDATETIME()) AS varchar(20)) AS ms");
        let results = asked.await.ok()?;
        let milliseconds: f64 = results.first()?.first("ms")?.to_string().parse().ok()?;
        Some(milliseconds / 1000.0)
    }
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
    variables
}
