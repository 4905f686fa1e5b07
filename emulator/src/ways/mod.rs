//! The ways into a world's network besides mapped ports: names as a vantage hears them.

pub(crate) mod names;
#[cfg(test)]
pub(crate) mod sample;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use milink_core::path::Vantage;
use tokio::sync::Mutex;

use crate::hub::WorldCell;
use names::{Model, NameServer};

/// The sockets of a world's ways in. They close when this is dropped.
pub(crate) struct Ways {
    cell: Arc<WorldCell>,
    listen: IpAddr,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// Name servers that tell the model's own addresses.
    models: BTreeMap<String, NameServer>,
}

impl Ways {
    /// None opened yet; they will be bound to `listen`.
    pub(crate) fn new(cell: Arc<WorldCell>, listen: IpAddr) -> Self {
        Self {
            cell,
            listen,
            open: Mutex::default(),
        }
    }

    /// The name server of a vantage that tells the model's own addresses; opened the first time it is asked for.
    pub(crate) async fn model_names(&self, from: &Vantage) -> io::Result<SocketAddr> {
        let from = from.to_string();
        let mut open = self.open.lock().await;
        if let Some(server) = open.models.get(&from) {
            return Ok(server.address());
        }
        let cell = Arc::clone(&self.cell);
        let server = NameServer::open(cell, &from, Arc::new(Model), self.listen, 0).await?;
        let address = server.address();
        open.models.insert(from, server);
        Ok(address)
    }
}
