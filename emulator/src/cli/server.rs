//! `milink server`: the SQL Servers of a running emulator.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};

use super::remote::{WorldTarget, show};

/// `milink server …`.
#[derive(Debug, Subcommand)]
pub(super) enum ServerVerb {
    /// List the servers and whether they run
    List(WorldTarget),
    /// Stop a SQL Server: sessions end, connections are refused
    Stop(Named),
    /// Start a SQL Server that was stopped
    Start(Named),
    /// Stop a SQL Server and start it again
    Restart(Named),
    /// Let a managed instance be lost with its region: nothing answers, and its failover group may fail over
    Lose(Named),
    /// End the outage of a managed instance
    Recover(Named),
    /// Give a managed instance's mirroring endpoint another certificate, as the service does
    RotateCertificate(Named),
    /// Set what the next start brings: hadr=on or hadr=off
    Set {
        /// The server
        name: String,
        /// hadr=on or hadr=off
        setting: String,
        #[command(flatten)]
        world: WorldTarget,
    },
}

/// A server of a world.
#[derive(clap::Args, Debug)]
pub(super) struct Named {
    /// The server
    name: String,
    #[command(flatten)]
    world: WorldTarget,
}

/// Does a verb about servers.
pub(super) async fn server(verb: ServerVerb) -> anyhow::Result<ExitCode> {
    let answer = match verb {
        ServerVerb::List(world) => world.get("servers").await?,
        ServerVerb::Stop(server) => server.tell("stop").await?,
        ServerVerb::Start(server) => server.tell("start").await?,
        ServerVerb::Restart(server) => server.tell("restart").await?,
        ServerVerb::Lose(server) => server.tell("lose").await?,
        ServerVerb::Recover(server) => server.tell("recover").await?,
        ServerVerb::RotateCertificate(server) => server.tell("rotate-certificate").await?,
        ServerVerb::Set {
            name,
            setting,
            world,
        } => {
            let hadr = match setting.to_ascii_lowercase().as_str() {
                "hadr=on" => true,
                "hadr=off" => false,
                _ => bail!("'{setting}' is not a setting of a server; say hadr=on or hadr=off"),
            };
            let body = json!({ "hadr": hadr });
            world.send("PUT", &format!("servers/{name}"), &body).await?
        }
    };
    show(&answer)
}

impl Named {
    async fn tell(&self, action: &str) -> anyhow::Result<Value> {
        let path = format!("servers/{}/{action}", self.name);
        self.world.send("POST", &path, &Value::Null).await
    }
}
