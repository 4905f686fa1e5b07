//! How a client of a gateway came to it: in memory beside its stream, so that the login can be judged by it.

use std::sync::{Arc, Weak};

use milink_core::World;
use milink_core::instance::Instance;
use milink_core::path::{End, Reason, admit, login_name, redirect_of};

use super::trace::Login;
use super::{NameCheck, Network, Target, names_of_the_machine};

/// The way of one connection.
pub(crate) struct Route {
    network: Weak<Network>,
    from: String,
    target: Target,
    end: End,
    /// Its number in the trace.
    entry: u64,
}

impl Route {
    pub(super) fn new(
        network: &Arc<Network>,
        from: &str,
        target: Target,
        end: End,
        entry: u64,
    ) -> Self {
        Self {
            network: Arc::downgrade(network),
            from: from.to_owned(),
            target,
            end,
            entry,
        }
    }

    pub(crate) fn end(&self) -> &End {
        &self.end
    }

    /// What was dialled.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The server that a login asks for, as received; the host of TLS if it names none. At a listener that stands for a host,
    /// the loopback is that host.
    pub(crate) fn asked<'a>(&'a self, server_name: &'a str, sni: Option<&'a str>) -> &'a str {
        let asked = match server_name.trim() {
            "" => sni.unwrap_or_default(),
            _ => server_name,
        };
        match self.target.name_check {
            NameCheck::Listener if asked.is_empty() || self.is_the_machine(asked) => {
                &self.target.host
            }
            NameCheck::Strict | NameCheck::Listener => asked,
        }
    }

    fn is_the_machine(&self, name: &str) -> bool {
        let Some(network) = self.network.upgrade() else {
            return false;
        };
        let name = login_name(name);
        let listen = network.setting.listen;
        let is_loopback = |ip: std::net::IpAddr| ip.is_loopback() || ip == listen;
        name.parse().is_ok_and(is_loopback)
            || names_of_the_machine(&network.setting.own_names).contains(&name)
    }

    /// The instance whose address, private endpoint or public endpoint it is.
    pub(crate) fn instance<'w>(&self, world: &'w World) -> Option<&'w Arc<Instance>> {
        world.managed_instance(self.end.instance()?)
    }

    /// The instance that a name leads to here.
    pub(crate) fn admit<'w>(
        &self,
        world: &'w World,
        name: &str,
    ) -> Result<&'w Arc<Instance>, Reason> {
        admit(world, &self.end, name)
    }

    /// Where the gateway sends a client that can follow.
    pub(crate) fn redirect(&self, instance: &Instance) -> Option<(String, u16)> {
        let redirect = redirect_of(instance, &self.end)?;
        self.lead_on(redirect.host, redirect.port)
    }

    /// How a client that came by this way gets to another place: by the model's name, or at a listener that stands for a host
    /// by another one that stands for that place.
    pub(crate) fn lead_on(&self, host: String, port: u16) -> Option<(String, u16)> {
        if self.target.name_check == NameCheck::Strict {
            return Some((host, port));
        }
        let network = self.network.upgrade()?;
        let target = Target {
            host,
            port,
            name_check: NameCheck::Listener,
            keepalive_seconds: self.target.keepalive_seconds,
        };
        match network.dial(&self.from, target, None) {
            Ok(port) => Some(network.told(&port)),
            Err(error) => {
                tracing::warn!(%error, "no port for a client that is sent on; it stays");
                None
            }
        }
    }

    /// Notes what became of the login: the server that took it, or the number of the error.
    pub(crate) fn note(&self, name: &str, outcome: Result<&str, i32>, redirect: Option<String>) {
        let Some(network) = self.network.upgrade() else {
            return;
        };
        let login = Login {
            name: name.to_owned(),
            instance: outcome.ok().map(str::to_owned),
            error: outcome.err(),
            redirect,
        };
        network.trace.note_login(self.entry, login);
    }
}
