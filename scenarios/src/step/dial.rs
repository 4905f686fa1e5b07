//! The verbs of the model's network. `dial` makes a real connection from a vantage and logs in; `net` does something by hand.
//!
//! What a client meets must be what the evaluator says; if it is not, the step fails whatever it expects.

use std::time::Duration;

use milink_client::{Error, Login, Met, SqlAddress, dial};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Came, Refused};
use crate::runner::{Place, Runner};

/// A connection from somewhere in the model to somewhere else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DialAct {
    /// The vantage: `subnet:NETWORK/SUBNET`, `vm:NAME`, `internet` and so on.
    pub from: String,
    /// The host, as in a connection string.
    pub host: String,
    /// The port there.
    #[serde(default = "sql_port")]
    pub port: u16,
    /// The server's name in the login, and the one that is looked for in the certificate; the host if nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the client checks the certificate.
    #[serde(default = "yes")]
    pub check_certificate: bool,
    /// Keeps the session under this name, for `sql` on the instance.
    #[serde(default)]
    pub session: Option<String>,
}

/// Something that is done to the network by hand: a POST to the control API's `/net/…`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetAct {
    /// What: `vm/NAME/reboot`, `vm/NAME/iptables`, `vm/NAME/relay`, `mi/NAME/change-ip`, `evaluate`, `resolve`.
    #[serde(rename = "do")]
    pub what: String,
    /// With what.
    #[serde(default)]
    pub with: Value,
}

/// How long a connection is waited for that nothing answers.
const PATIENCE: Duration = Duration::from_millis(300);

const fn sql_port() -> u16 {
    1433
}

const fn yes() -> bool {
    true
}

impl DialAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        let host = runner.variables().fill(&self.host);
        let name = self.name.as_ref().map_or_else(String::new, |name| {
            format!(" as {}", runner.variables().fill(name))
        });
        let trusting = match self.check_certificate {
            true => "",
            false => ", whatever the certificate",
        };
        format!("connect to {host}:{}{name}{trusting}", self.port)
    }

    pub(super) fn place(&self, runner: &Runner) -> String {
        runner.variables().fill(&self.from)
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let fill = |text: &String| runner.variables().fill(text);
        let (from, host) = (fill(&self.from), fill(&self.host));
        let name = self.name.as_ref().map(fill);
        let ask = json!({"from": from, "host": host, "port": self.port,
            "validates": self.check_certificate, "loginName": name});
        let verdict = runner
            .control()
            .post(&runner.about("net/evaluate"), &ask)
            .await;
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => return super::arm::refused(error),
        };
        let strict = if name.is_some() {
            "&nameCheck=strict"
        } else {
            ""
        };
        let path = format!(
            "net/dial?from={from}&host={host}&port={}{strict}",
            self.port
        );
        let port = match runner.control().get(&runner.about(&path)).await {
            Ok(port) => port,
            Err(error) => return super::arm::refused(error),
        };
        let missing = || Error::Unexpected(format!("no port in {port}"));
        let here = port["host"].as_str().ok_or_else(missing)?.to_owned();
        let number = port["port"].as_u64().and_then(|port| port.try_into().ok());
        let first = host.split('.').next().unwrap_or(&host).to_owned();
        let (login, ca_file) = runner.instance_login(&first)?;
        let address = SqlAddress {
            server_name: name.unwrap_or_else(|| here.clone()),
            host: here,
            port: number.ok_or_else(missing)?,
            ca_file: self.check_certificate.then_some(ca_file),
        };
        let dialled = dial(&address, &login, PATIENCE).await;
        agree(&verdict, &dialled.met)?;
        let redirect = dialled
            .redirect
            .map(|(host, port)| format!("{host}:{port}"));
        Ok(match dialled.met {
            Met::Session(sql) => {
                if let Some(session) = &self.session {
                    let place = Place {
                        server: first,
                        database: None,
                        session: Some(session.clone()),
                    };
                    runner.put_back(place, *sql);
                }
                let body = json!({"verdict": verdict, "redirect": redirect});
                Came::Body { status: 200, body }
            }
            met => Came::Refused(refused(met, &verdict)),
        })
    }
}

impl NetAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        let (what, with) = self.filled(runner);
        match with {
            Value::Null => what,
            with => format!("{what} {with}"),
        }
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let (what, with) = self.filled(runner);
        super::server::control(runner, &format!("net/{what}"), &with).await
    }

    fn filled(&self, runner: &Runner) -> (String, Value) {
        let variables = runner.variables();
        (variables.fill(&self.what), variables.fill_json(&self.with))
    }
}

/// The login that a step uses.
pub(crate) fn login(user: &str, password: &str) -> Login {
    // At ports that many worlds share, the user's name says which instance of which world is meant. Here the port does.
    let user = user.split_once('@').map_or(user, |(user, _)| user);
    Login::Password {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

/// The client has met what the evaluator says.
fn agree(verdict: &Value, met: &Met) -> Result<(), Error> {
    if verdict["branches"].is_array() {
        return Ok(());
    }
    let expected = verdict["symptom"].as_str().unwrap_or("connected");
    let found = met.symptom();
    // A name without an address is a port here that refuses.
    let same = expected == found || expected == "dns" && found == "tcp_refused";
    match same {
        true => Ok(()),
        false => Err(Error::Unexpected(format!(
            "the evaluator says {expected} ({}), and the client has met {found}: {met:?}",
            verdict["reason"]
        ))),
    }
}

/// The symptom, or the number of the login's error, is the code; the reason begins the text.
fn refused(met: Met, verdict: &Value) -> Refused {
    let said = |key: &str| verdict[key].as_str().unwrap_or_default();
    match met {
        Met::Login(error) => Refused {
            code: error.number.to_string(),
            message: format!("{}: {}", said("reason"), error.message),
            severity: Some(error.class),
            state: Some(error.state),
            status: None,
        },
        met => {
            let symptom = match said("symptom") {
                "" => met.symptom(),
                symptom => symptom,
            };
            Refused {
                code: symptom.to_owned(),
                message: format!("{}: {}", said("reason"), said("hint")),
                ..Refused::default()
            }
        }
    }
}
