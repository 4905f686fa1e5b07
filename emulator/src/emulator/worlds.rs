//! Worlds come and go: what they begin as, and their sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use uuid::Uuid;

use super::Shared;
use crate::clock::{ClockMode, host_now};
use crate::config::Ports;
use crate::hub::{DEFAULT_WORLD, HubError, WorldCell, WorldSpec};
use crate::network;
use crate::sockets::WorldSockets;
use crate::topology::Topology;

/// A world to make while running.
#[derive(Clone, Debug)]
pub(crate) struct NewWorld {
    pub(crate) name: String,
    pub(crate) subscription: Option<Uuid>,
    pub(crate) origin: Origin,
    pub(crate) ports: WorldPorts,
}

/// At which ports a world's SQL is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorldPorts {
    /// Free ones of its own.
    #[default]
    Own,
    /// Those of the first world: the login says which instance of which world is meant.
    Shared,
}

/// What a new world begins as.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A copy of another, or of what it has kept under a name.
    Fork {
        from: String,
        snapshot: Option<String>,
    },
    /// A topology of its own.
    Fresh {
        topology: Box<Topology>,
        clock: ClockMode,
        durations: milink_core::durations::Durations,
        seed: u64,
    },
}

impl Shared {
    /// Makes a further world, with sockets of its own on free ports.
    pub(crate) async fn make_world(&self, new: NewWorld) -> anyhow::Result<()> {
        let subscription = new.subscription.unwrap_or_else(|| {
            let bytes: [u8; 16] = self.keys.random_for_world();
            uuid::Builder::from_random_bytes(bytes).into_uuid()
        });
        let cell = match new.origin {
            Origin::Fork { from, snapshot } => match snapshot {
                None => self.hub.fork(&from, &new.name, subscription)?,
                Some(snapshot) => self
                    .hub
                    .fork_kept(&from, &snapshot, &new.name, subscription)?,
            },
            Origin::Fresh {
                topology,
                clock,
                durations,
                seed,
            } => {
                let cell = self.hub.create(WorldSpec {
                    name: new.name.clone(),
                    subscription,
                    seed,
                    clock,
                    durations,
                    start: self.hub.tape().host_time(host_now),
                })?;
                if let Err(error) = self.provision(&cell, &topology) {
                    self.hub.delete(&new.name)?;
                    return Err(error);
                }
                cell
            }
        };
        let opened = match new.ports {
            WorldPorts::Own => self.open_sockets(&cell, Ports::AUTO, false).await,
            WorldPorts::Shared => Ok(()),
        };
        match opened {
            Ok(()) => cell.mark_initial(),
            Err(_) => self.hub.delete(&new.name)?,
        }
        opened
    }

    /// Drops a world and closes its sockets.
    pub(crate) fn drop_world(&self, name: &str) -> Result<(), HubError> {
        self.hub.delete(name)?;
        self.lock_sockets().remove(name);
        self.lock_ways().remove(name);
        self.lock_networks().remove(name);
        Ok(())
    }

    /// Makes the world that is there from the start.
    pub(super) async fn make_first_world(&self) -> anyhow::Result<()> {
        let cell = self.hub.create(WorldSpec {
            name: DEFAULT_WORLD.to_owned(),
            subscription: self.identity.subscription,
            seed: self.config.seed,
            clock: self.config.clock,
            durations: self.config.durations(),
            start: self.hub.tape().host_time(host_now),
        })?;
        self.provision(&cell, &self.config.topology)?;
        self.open_sockets(&cell, self.config.ports, true).await?;
        self.open_pinned(&cell)?;
        cell.mark_initial();
        Ok(())
    }

    fn provision(&self, cell: &Arc<WorldCell>, topology: &Topology) -> anyhow::Result<()> {
        cell.change(|world, _| {
            topology.provision(
                world,
                &self.keys,
                &self.sa_password,
                &self.administrator_password,
            )
        })
        .context("the topology")
    }

    async fn open_sockets(
        &self,
        cell: &Arc<WorldCell>,
        ports: Ports,
        all_worlds: bool,
    ) -> anyhow::Result<()> {
        let sockets = WorldSockets::open(self, cell, ports, all_worlds).await?;
        self.lock_sockets().insert(cell.name().to_owned(), sockets);
        Ok(())
    }

    /// Opens the ports of the model's network that the topology names.
    fn open_pinned(&self, cell: &Arc<WorldCell>) -> anyhow::Result<()> {
        let ip = self.config.listen;
        for dial in &self.config.topology.dial {
            let target = network::Target {
                host: dial.host.clone(),
                port: dial.port,
                name_check: dial.name_check.into(),
                keepalive_seconds: dial.keep_alive_seconds,
            };
            let at = SocketAddr::new(ip, dial.listen);
            self.network(cell)
                .dial(&dial.from, target, Some(at))
                .with_context(|| {
                    format!(
                        "cannot bind {at} ({}:{} from {})",
                        dial.host, dial.port, dial.from
                    )
                })?;
        }
        Ok(())
    }
}
