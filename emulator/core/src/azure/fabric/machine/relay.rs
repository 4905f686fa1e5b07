//! Programs on a machine that take connections at a port and make others in their place, as HAProxy does.
//!
//! Unlike a rule of the kernel, such a program can read the header of the PROXY protocol that a private link service sends.

use super::{MOST_RULES, machine_mut, running};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::refusal::{FabricRefusal, Refusal};
use crate::world::World;

/// A program that passes connections on, with the machine as their sender. It asks for the name of its target anew for each
/// (guess: the program has been told a resolver).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The name or address that it connects to.
    pub host: String,
    /// The port there.
    pub to_port: u16,
    /// Whether it takes the header of the PROXY protocol off, and refuses who sends none: `accept-proxy` of HAProxy.
    pub accepts_proxy_protocol: bool,
}

/// Has a program listen at a port of a machine, in place of one that may be there.
#[derive(Clone, Debug)]
pub struct WriteRelay {
    /// The machine.
    pub key: ResourceKey,
    /// Its port.
    pub port: u16,
    /// What it does.
    pub relay: Relay,
}

impl Request for WriteRelay {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let found = running(world, &self.key)?;
        let name = found.header.name.to_string();
        if found.relays.len() >= MOST_RULES && !found.relays.contains_key(&self.port) {
            return Err(FabricRefusal::TooManyRules { machine: name }.into());
        }
        let changed = machine_mut(world, &self.key)?;
        changed.relays.insert(self.port, self.relay);
        changed.changed = now;
        Ok(())
    }
}
