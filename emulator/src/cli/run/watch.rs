//! The sockets of the namespace, which follow the model: whoever is let in is, and what answers nobody drops packets.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use super::inside::{Inside, PAUSE};
use super::routes;
use crate::network::{Door, Mode};
use crate::ways::Doors;

/// The sockets that there are.
///
/// An address that has been answered at once stays one of the namespace, even when nothing answers there any more: its connections
/// have to hear that they are over. Its ports fall silent, as far as the model knows them.
#[derive(Default)]
pub(super) struct Sockets {
    addresses: BTreeSet<Ipv4Addr>,
    doors: BTreeMap<(Ipv4Addr, u16), Listening>,
    accepting: JoinSet<()>,
}

struct Listening {
    door: Arc<Door>,
    mode: Mode,
    accepting: Option<AbortHandle>,
}

impl Sockets {
    /// Makes them what the model says.
    pub(super) fn become_those_of(
        &mut self,
        inside: &Arc<Inside>,
        told: &[Doors],
    ) -> io::Result<()> {
        while self.accepting.try_join_next().is_some() {}
        let mut wanted: BTreeMap<(Ipv4Addr, u16), Mode> = BTreeMap::new();
        for one in told {
            if self.addresses.insert(one.address) {
                routes::take_address(one.address)?;
            }
            let at = |ports: &BTreeSet<u16>, mode: Mode| {
                let ports = ports.iter();
                ports
                    .map(|port| ((one.address, *port), mode))
                    .collect::<Vec<_>>()
            };
            wanted.extend(at(&one.open, Mode::Open));
            wanted.extend(at(&one.holes, Mode::Hole));
        }
        let named: BTreeSet<Ipv4Addr> = told.iter().map(|one| one.address).collect();
        for (at, listening) in &self.doors {
            // Refused where something else of the address still answers, silent where nothing does.
            let mode = match named.contains(&at.0) {
                true => Mode::Closed,
                false => Mode::Hole,
            };
            if !wanted.contains_key(at) && listening.mode != mode {
                wanted.insert(*at, mode);
            }
        }
        for (at, mode) in wanted {
            self.become_mode(inside, at, mode)?;
        }
        Ok(())
    }

    fn become_mode(
        &mut self,
        inside: &Arc<Inside>,
        at: (Ipv4Addr, u16),
        mode: Mode,
    ) -> io::Result<()> {
        let listening = match self.doors.get_mut(&at) {
            Some(listening) => listening,
            None => {
                let door = Arc::new(Door::bind(SocketAddr::new(at.0.into(), at.1))?);
                self.doors.entry(at).or_insert(Listening {
                    door,
                    mode: Mode::Closed,
                    accepting: None,
                })
            }
        };
        if listening.mode == mode {
            return Ok(());
        }
        if let Some(accepting) = listening.accepting.take() {
            accepting.abort();
        }
        let late = listening.door.become_mode(mode)?;
        listening.mode = mode;
        if mode == Mode::Open {
            let (inside, door) = (Arc::clone(inside), Arc::clone(&listening.door));
            let accepting = accept(inside, door, late);
            listening.accepting = Some(self.accepting.spawn(accepting));
        }
        Ok(())
    }
}

async fn accept(inside: Arc<Inside>, door: Arc<Door>, late: Vec<tokio::net::TcpStream>) {
    for client in late {
        inside.take(client);
    }
    while let Some(accepted) = poll_fn(|cx| door.poll_accept(cx)).await {
        match accepted {
            Ok(client) => inside.take(client),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
