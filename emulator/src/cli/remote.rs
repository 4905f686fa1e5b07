//! Verbs that ask a running emulator, over its control API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use milink_client::Control;
use milink_model::ReadyFile;
use serde_json::{Value, json};

use super::print;

/// How often a journal that is followed is asked for more.
const FOLLOW: std::time::Duration = std::time::Duration::from_millis(250);

/// Which emulator.
#[derive(Args, Clone, Debug)]
pub(super) struct Target {
    /// Where the emulator is [default: http://127.0.0.1:4588, or MILINK_PORT there]
    #[arg(long, env = "MILINK_URL", value_name = "URL")]
    url: Option<String>,
}

/// Which world of which emulator.
#[derive(Args, Clone, Debug)]
pub(super) struct WorldTarget {
    #[command(flatten)]
    target: Target,
    /// Which world
    #[arg(long, env = "MILINK_WORLD", default_value = crate::hub::DEFAULT_WORLD)]
    world: String,
}

/// `milink world …`.
#[derive(Debug, Subcommand)]
pub(super) enum WorldVerb {
    /// List the worlds
    List(Target),
    /// Show where a world's servers are
    Show(WorldTarget),
    /// Make a world that begins as a copy of another, at the same moment
    Fork {
        /// Its name
        name: String,
        /// Reach its SQL at the first world's ports, with logins USER@INSTANCE.WORLD
        #[arg(long)]
        shared_ports: bool,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Make a world with the topology that the emulator was started with
    New {
        /// Its name
        name: String,
        /// Begin with nothing
        #[arg(long)]
        empty: bool,
        /// Its clock
        #[arg(long)]
        clock: Option<String>,
        /// How long things take in it
        #[arg(long)]
        durations: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Drop a world
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Keep the state of a world under a name
    #[command(visible_alias = "snapshot")]
    Keep {
        /// The name
        snapshot: String,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Go back to a kept state
    Restore {
        /// Its name
        snapshot: String,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Go back to how a world began
    Reset(WorldTarget),
}

/// `milink clock …`.
#[derive(Debug, Subcommand)]
pub(super) enum ClockVerb {
    /// Show the clock
    Show(WorldTarget),
    /// Set how the time passes: auto, manual, real or scaled=K
    Set {
        /// The mode
        mode: String,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Let time pass: a span such as 5min, or quiet
    Advance {
        /// How long; `quiet` goes on until nothing more happens by itself
        by: String,
        #[command(flatten)]
        world: WorldTarget,
    },
}

/// `milink journal`.
#[derive(Args, Debug)]
pub(super) struct JournalArguments {
    /// Only events after the one of this number
    #[arg(long, default_value_t = 0)]
    after: u64,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Go on with what happens from now on
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    world: WorldTarget,
}

impl Target {
    /// The base URL, without the control API's path.
    pub(super) fn base(&self) -> String {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                let port = std::env::var("MILINK_PORT").ok();
                format!("http://127.0.0.1:{}", port.as_deref().unwrap_or("4588"))
            }
        };
        let url = url.trim_end_matches('/');
        url.strip_suffix("/_milink").unwrap_or(url).to_owned()
    }

    /// Host and port, with a number for `localhost`: the port serves HTTP and HTTPS alike.
    pub(super) fn address(&self) -> String {
        let base = self.base();
        let rest = base
            .split_once("://")
            .map_or(base.as_str(), |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let authority = match authority.strip_prefix("localhost") {
            Some(port) => format!("127.0.0.1{port}"),
            None => authority.to_owned(),
        };
        match authority.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => authority,
            _ => format!("{authority}:4588"),
        }
    }

    /// A client of the control API, in plain HTTP.
    pub(super) fn control(&self) -> anyhow::Result<Control> {
        Ok(Control::new(
            &format!("http://{}/_milink", self.address()),
            None,
        )?)
    }

    /// Where everything is.
    pub(super) async fn ready(&self, world: &str) -> anyhow::Result<ReadyFile> {
        let answer = self.get(&format!("ready?world={world}")).await?;
        Ok(serde_json::from_value(answer)?)
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.control()?.get(path).await;
        answer.map_err(|error| self.explained(error))
    }

    /// An error of the API as it is; a missing emulator with where it was looked for.
    fn explained(&self, error: milink_client::Error) -> anyhow::Error {
        match error {
            milink_client::Error::Http(_) => {
                let error = anyhow::Error::from(error);
                // What lies between repeats itself, and the URL.
                anyhow::anyhow!(
                    "no emulator answers at {} ({}): start one with `milink up`, or say with --url or MILINK_URL where it is",
                    self.address(),
                    error.root_cause()
                )
            }
            other => other.into(),
        }
    }
}

impl WorldTarget {
    /// Which emulator.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Which world.
    pub(super) fn world(&self) -> &str {
        &self.world
    }

    fn path(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{path}{separator}world={}", self.world)
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.target.get(&self.path(path)).await
    }

    /// An answer that is no JSON.
    pub(super) async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.target.control()?.get_text(&self.path(path)).await;
        answer.map_err(|error| self.target.explained(error))
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.target.send(method, &self.path(path), body).await
    }
}

impl Target {
    async fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let control = self.control()?;
        let answer = match method {
            "PUT" => control.put(path, body).await,
            "DELETE" => control.delete(path).await,
            _ => control.post(path, body).await,
        };
        answer.map_err(|error| self.explained(error))
    }
}

/// Does a verb about worlds.
pub(super) async fn world(verb: WorldVerb) -> anyhow::Result<ExitCode> {
    let answer = match verb {
        WorldVerb::List(target) => target.get("worlds").await?,
        WorldVerb::Show(world) => world.get("ready").await?,
        WorldVerb::Fork {
            name,
            shared_ports,
            world,
        } => {
            let ports = if shared_ports { "shared" } else { "own" };
            let body = json!({"name": name, "from": world.world, "ports": ports});
            world.target.send("POST", "worlds", &body).await?
        }
        WorldVerb::New {
            name,
            empty,
            clock,
            durations,
            target,
        } => {
            let body = json!({
                "name": name,
                "empty": empty,
                "clock": clock,
                "durations": durations,
            });
            target.send("POST", "worlds", &body).await?
        }
        WorldVerb::Delete { name, target } => {
            let path = format!("worlds/{name}");
            target.send("DELETE", &path, &Value::Null).await?
        }
        WorldVerb::Keep { snapshot, world } => {
            let path = format!("snapshot/{snapshot}");
            world.send("POST", &path, &Value::Null).await?
        }
        WorldVerb::Restore { snapshot, world } => {
            let path = format!("snapshot/{snapshot}/restore");
            world.send("POST", &path, &Value::Null).await?
        }
        WorldVerb::Reset(world) => world.send("POST", "reset", &Value::Null).await?,
    };
    show(&answer)
}

/// Does a verb about a clock.
pub(super) async fn clock(verb: ClockVerb) -> anyhow::Result<ExitCode> {
    let answer = match verb {
        ClockVerb::Show(world) => world.get("clock").await?,
        ClockVerb::Set { mode, world } => {
            world.send("PUT", "clock", &json!({"mode": mode})).await?
        }
        ClockVerb::Advance { by, world } => {
            let body = match by.as_str() {
                "quiet" => json!({"untilQuiet": true}),
                by => json!({"by": by}),
            };
            world.send("POST", "clock/advance", &body).await?
        }
    };
    show(&answer)
}

/// Prints the journal.
pub(super) async fn journal(arguments: JournalArguments) -> anyhow::Result<ExitCode> {
    let mut after = arguments.after;
    loop {
        let page = arguments
            .world
            .get(&format!("journal?after={after}"))
            .await?;
        for event in page["events"].as_array().into_iter().flatten() {
            match arguments.json {
                true => print(&format!("{event}\n"))?,
                false => print(&told(event))?,
            }
        }
        after = page["last"].as_u64().unwrap_or(after);
        if page["more"] != true {
            if !arguments.follow {
                return Ok(ExitCode::SUCCESS);
            }
            tokio::time::sleep(FOLLOW).await;
        }
    }
}

/// `12  2026-01-01T00:00:00Z  linkConnected  instance=sqlmi1 link=DAG`.
fn told(event: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rest: Vec<String> = event
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "sequence" | "time" | "event"))
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    format!(
        "{:>5}  {}  {}  {}\n",
        text(&event["sequence"]),
        text(&event["time"]),
        text(&event["event"]),
        rest.join(" ")
    )
}

/// Prints an answer.
pub(super) fn show(answer: &Value) -> anyhow::Result<ExitCode> {
    if !answer.is_null() {
        print(&format!("{answer:#}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_an_address() {
        let cases = [
            ("https://localhost:4588/_milink", "127.0.0.1:4588"),
            ("http://10.1.2.3:99/", "10.1.2.3:99"),
            ("http://box", "box:4588"),
            ("localhost", "127.0.0.1:4588"),
            ("http://[::1]:5", "[::1]:5"),
        ];
        for (url, address) in cases {
            let target = Target {
                url: Some(url.to_owned()),
            };
            assert_eq!(target.address(), address, "{url}");
        }
    }
}
