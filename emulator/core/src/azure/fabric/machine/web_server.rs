//! Web servers on a machine, as far as a load balancer's probe can tell: which status they answer for a path.

use std::collections::BTreeMap;

use super::{MOST_RULES, machine_mut, running};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::refusal::{FabricRefusal, Refusal};
use crate::world::World;

/// A web server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebServer {
    /// Whether it speaks TLS, and nothing else.
    pub tls: bool,
    /// The statuses it answers, by path; 404 for every other.
    pub statuses: BTreeMap<String, u16>,
}

/// Has a web server of a machine answer a path with a status; it begins to listen if there was none at the port.
#[derive(Clone, Debug)]
pub struct WriteWebServer {
    /// The machine.
    pub key: ResourceKey,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS; one that does not is another one.
    pub tls: bool,
    /// The path.
    pub path: String,
    /// The status.
    pub status: u16,
}

impl WebServer {
    /// Whether it answers 200.
    pub(crate) fn says_well(&self, tls: bool, path: &str) -> bool {
        self.tls == tls && self.statuses.get(path) == Some(&200)
    }
}

impl Request for WriteWebServer {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let found = running(world, &self.key)?;
        let name = found.header.name.to_string();
        let kept = found.web_servers.values();
        if kept.map(|server| server.statuses.len()).sum::<usize>() >= MOST_RULES {
            return Err(FabricRefusal::TooManyRules { machine: name }.into());
        }
        let changed = machine_mut(world, &self.key)?;
        let server = changed.web_servers.entry(self.port).or_default();
        if server.tls != self.tls {
            *server = WebServer {
                tls: self.tls,
                statuses: BTreeMap::new(),
            };
        }
        server.statuses.insert(self.path, self.status);
        changed.changed = now;
        Ok(())
    }
}
