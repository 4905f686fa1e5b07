//! What would stop a link, or ails one: the documented prerequisites in the order one meets them, each with what was
//! found and what would put it right.
//!
//! A reading of the world and nothing else. Where a link exists its names are what the rest is held to; else the names
//! are guessed from what SQL Server has.

mod azure;
mod database;
mod encryption;
mod endpoint;
mod groups;
mod health;
mod names;
mod network;
mod server;
mod subject;
mod trust;

use data_encoding::HEXUPPER;
use serde::Serialize;

pub(crate) use subject::subjects;
pub use subject::{Subject, Wish};

use crate::world::World;

/// What was looked at, what was found, and what would put it right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, for programs.
    pub id: &'static str,
    /// Its name, for people.
    pub title: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// The values that were read.
    pub evidence: Vec<String>,
    /// Statements and commands that put it right, in order.
    pub remedy: Vec<String>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it has to be.
    Ok,
    /// It works, and could be better.
    Warn,
    /// It stops the link.
    Fail,
    /// It cannot be told yet.
    Unknown,
    /// It is of no concern here.
    NotApplicable,
}

/// The checks of one link, or of one that could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The link's name, if there is one.
    pub link: Option<String>,
    /// The SQL Server.
    pub server: Option<String>,
    /// The managed instance.
    pub instance: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// The checks, in the order of the preparation.
    pub checks: Vec<Check>,
}

type Examine = fn(&Subject<'_>) -> Check;

/// Every check, in order.
const CHECKS: &[Examine] = &[
    server::version,
    server::hadr,
    server::master_key,
    server::trace_flags,
    names::server_name,
    names::collation,
    database::exists,
    database::eligible,
    database::log_files,
    database::recovery_model,
    database::full_backup,
    database::groups,
    encryption::protector,
    endpoint::exists,
    endpoint::started,
    endpoint::address,
    endpoint::encryption,
    endpoint::authentication,
    endpoint::certificate,
    trust::uploaded,
    trust::imported,
    trust::roots,
    trust::expiry,
    azure::instance_state,
    azure::update_policy,
    azure::links,
    azure::failover_group,
    azure::target,
    network::security_group,
    network::ways,
    groups::local,
    groups::permission,
    groups::distributed,
    groups::listener_url,
    groups::other_half,
    health::faults,
    health::state,
    health::connection,
    health::movement,
    health::lag,
    health::log,
];

/// Examines everything that the wish names, or all links of the world; where there is none, all that could be linked.
///
/// # Errors
///
/// The wish names something that is not there.
pub fn examine(world: &World, wish: &Wish) -> Result<Vec<Report>, String> {
    let subjects = subjects(world, wish)?;
    Ok(subjects.iter().map(report).collect())
}

/// The checks of one subject.
pub(crate) fn checks(subject: &Subject<'_>) -> Vec<Check> {
    CHECKS.iter().map(|examine| examine(subject)).collect()
}

fn report(subject: &Subject<'_>) -> Report {
    Report {
        link: subject.link.map(|link| link.id.name.to_string()),
        server: subject.server.map(|server| server.name.to_string()),
        instance: subject.instance.map(|instance| instance.name.to_string()),
        database: subject.database.as_ref().map(ToString::to_string),
        checks: checks(subject),
    }
}

impl Report {
    /// Whether something stops the link.
    pub fn fails(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.verdict == Verdict::Fail)
    }
}

impl Verdict {
    /// Its word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// A check that has not come out yet.
#[derive(Clone, Copy)]
struct Title(&'static str, &'static str);

impl Title {
    fn is(self, verdict: Verdict, evidence: impl Into<String>) -> Check {
        Check {
            id: self.0,
            title: self.1,
            verdict,
            evidence: vec![evidence.into()],
            remedy: Vec::new(),
        }
    }

    fn ok(self, evidence: impl Into<String>) -> Check {
        self.is(Verdict::Ok, evidence)
    }

    fn warn(self, evidence: impl Into<String>) -> Check {
        self.is(Verdict::Warn, evidence)
    }

    fn fail(self, evidence: impl Into<String>) -> Check {
        self.is(Verdict::Fail, evidence)
    }

    fn unknown(self, evidence: impl Into<String>) -> Check {
        self.is(Verdict::Unknown, evidence)
    }

    fn not_applicable(self, evidence: impl Into<String>) -> Check {
        self.is(Verdict::NotApplicable, evidence)
    }
}

impl Check {
    fn and(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    fn remedy(mut self, step: impl Into<String>) -> Self {
        self.remedy.push(step.into());
        self
    }
}

/// A thumbprint as `sys.certificates` shows it.
fn thumbprint(bytes: &[u8; 20]) -> String {
    format!("0x{}", HEXUPPER.encode(bytes))
}

/// Names in a row, or that there are none.
fn listed<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("'{}'", name.to_string()))
        .collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// What stands for something that the subject does not have.
const NO_SERVER: &str = "no SQL Server is at the partner endpoint";
const NO_INSTANCE: &str = "there is no managed instance";
const NO_DATABASE: &str = "no database is named";
