//! The ways into a world's network besides mapped ports: names as a vantage hears them, a proxy, addresses of the loopback.
//!
//! Each of them only finds out from where and where to; what becomes of a connection is the network's to say.

mod doors;
mod loopback;
pub(crate) mod names;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod socks;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use milink_core::path::Vantage;
use tokio::sync::Mutex;

use crate::hub::WorldCell;
use crate::network::Network;
pub(crate) use doors::{Doors, doors, mark};
use loopback::ports;
pub(crate) use loopback::{Block, is_offered};
use names::{Model, NameServer};

/// The sockets of a world's ways in. They close when this is dropped.
pub(crate) struct Ways {
    cell: Arc<WorldCell>,
    network: Arc<Network>,
    setting: Setting,
    open: Mutex<Open>,
}

/// What the ways of all worlds share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// The address that name servers for the model's own addresses are bound to.
    pub(crate) listen: IpAddr,
    /// The port of the name servers of the loopback.
    pub(crate) dns_port: u16,
    /// Whether there are addresses of the loopback to be had.
    pub(crate) loopback: bool,
}

#[derive(Default)]
struct Open {
    /// Name servers that tell the model's own addresses.
    models: BTreeMap<String, NameServer>,
    /// By the vantage, and how often its clients send keepalives.
    blocks: BTreeMap<(String, Option<u32>), Arc<Block>>,
    /// The next block of the loopback to try.
    next: u16,
}

impl Ways {
    /// None opened yet.
    pub(crate) fn new(cell: Arc<WorldCell>, network: Arc<Network>, setting: Setting) -> Self {
        Self {
            cell,
            network,
            setting,
            open: Mutex::default(),
        }
    }

    /// Whether there are addresses of the loopback to be had.
    pub(crate) fn has_loopback(&self) -> bool {
        self.setting.loopback
    }

    /// The name server of a vantage that tells the model's own addresses; opened the first time it is asked for.
    pub(crate) async fn model_names(&self, from: &Vantage) -> io::Result<SocketAddr> {
        // Whatever else comes to have the name, it stays what is meant.
        let from = from.exact(&self.cell.snapshot());
        let mut open = self.open.lock().await;
        if let Some(server) = open.models.get(&from) {
            return Ok(server.address());
        }
        let cell = Arc::clone(&self.cell);
        let server = NameServer::open(cell, &from, Arc::new(Model), self.setting.listen, 0).await?;
        let address = server.address();
        open.models.insert(from, server);
        Ok(address)
    }

    /// The addresses of the loopback that stand for what a vantage sees, and their name server; taken the first time. Who sends
    /// keepalives has addresses of its own.
    pub(crate) async fn block(
        &self,
        from: &Vantage,
        keepalive_seconds: Option<u32>,
    ) -> io::Result<Arc<Block>> {
        // Whatever else comes to have the name, it stays what is meant.
        let key = (from.exact(&self.cell.snapshot()), keepalive_seconds);
        let mut open = self.open.lock().await;
        if let Some(block) = open.blocks.get(&key) {
            return Ok(Arc::clone(block));
        }
        let (cell, network) = (&self.cell, &self.network);
        let from = (key.0.as_str(), keepalive_seconds);
        let (block, number) =
            Block::open(cell, network, from, open.next, self.setting.dns_port).await?;
        open.next = number.saturating_add(1);
        let block = Arc::new(block);
        open.blocks.insert(key, Arc::clone(&block));
        Ok(block)
    }
}
