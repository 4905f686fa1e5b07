//! The SQL sockets of a world: one for each SQL Server, a gateway for the managed instances, and the mirroring ports.

use std::collections::BTreeMap;
use std::future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use milink_core::command::SetLoopback;
use milink_core::ids::InstanceId;
use milink_core::instance::ServiceState;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::config::Ports;
use crate::emulator::{Shared, bind};
use crate::hub::{Hub, WorldCell};
use crate::limits;
use crate::mirroring::{self, Reserved};
use crate::sql::SqlEndpoint;
use crate::tds::service::SqlService;
use crate::tds::{self, ListenerConfig};

/// How many clients a port takes that stands for many worlds: as many as a SQL Server (documentation: "Configure the user
/// connections Server Configuration Option").
const SHARED_CONNECTIONS: usize = 32_767;

/// How long to wait before a port that somebody has taken is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// The sockets of a world. They close when this is dropped.
pub(crate) struct WorldSockets {
    sql: BTreeMap<InstanceId, u16>,
    gateway: u16,
    _tasks: JoinSet<()>,
}

impl WorldSockets {
    /// Binds and serves. `all_worlds` says whether instances of other worlds are found here, too.
    pub(crate) async fn open(
        shared: &Shared,
        world: &Arc<WorldCell>,
        ports: Ports,
        all_worlds: bool,
    ) -> anyhow::Result<Self> {
        let ip = shared.config.listen;
        let servers: Vec<(InstanceId, String)> = world.read(|world| {
            world
                .instances
                .values()
                .filter(|instance| !instance.is_managed_instance())
                .map(|instance| (instance.id, instance.name.to_string()))
                .collect()
        });
        let gateway = bind(ip, ports.gateway, "the managed instances' gateway").await?;
        let gateway_port = gateway.local_addr()?.port();
        let mut sockets = Vec::new();
        for (number, (instance, name)) in servers.iter().enumerate() {
            let port = nth_port(ports.sql, number, gateway_port);
            let socket = bind(ip, port, &format!("SQL Server {name}")).await?;
            let reserved = reserve(ip, nth_port(ports.mirroring, number, 0), name)?;
            sockets.push((*instance, socket, reserved));
        }

        // Everything is bound; from here on nothing fails.
        let mut tasks = JoinSet::new();
        let mut sql = BTreeMap::new();
        let hub = all_worlds.then(|| Arc::clone(&shared.hub));
        let most = match all_worlds {
            true => SHARED_CONNECTIONS,
            false => ListenerConfig::default().max_connections,
        };
        for (instance, socket, reserved) in sockets {
            sql.insert(instance, socket.local_addr()?.port());
            let address = match reserved.address().ip() {
                IpAddr::V4(ip) if !ip.is_unspecified() => ip,
                _ => Ipv4Addr::LOCALHOST,
            };
            // A replay has the address of the recording, where nobody listens now.
            let address = shared.hub.tape().given("address", || {
                let port = reserved.address().port().to_be_bytes();
                [&address.octets()[..], &port].concat()
            });
            let address = match address[..] {
                [a, b, c, d, high, low] => {
                    Some((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])))
                }
                _ => None,
            };
            world
                .submit(SetLoopback { instance, address })
                .expect("a loopback address is never refused");
            let keys = Arc::clone(&shared.keys);
            let endpoint = SqlEndpoint::sql_server(Arc::clone(world), instance, hub.clone(), keys);
            let served = Served {
                world: Arc::clone(world),
                hub: hub.clone(),
                instance,
            };
            tasks.spawn(served.follow(socket, endpoint, config(shared, most)));
            tasks.spawn(mirroring::follow(Arc::clone(world), instance, reserved));
        }
        let endpoint = SqlEndpoint::gateway(
            Arc::clone(world),
            hub,
            Arc::clone(&shared.keys),
            Arc::clone(&shared.arm),
        );
        tasks.spawn(tds::run(
            gateway,
            endpoint,
            config(shared, most),
            future::pending(),
        ));
        Ok(Self {
            sql,
            gateway: gateway_port,
            _tasks: tasks,
        })
    }

    /// The port of a SQL Server.
    pub(crate) fn sql_port(&self, instance: InstanceId) -> Option<u16> {
        self.sql.get(&instance).copied()
    }

    /// The port of the first SQL Server, at which those of worlds without sockets are reached.
    pub(crate) fn first_sql_port(&self) -> Option<u16> {
        self.sql.values().next().copied()
    }

    /// The port of the managed instances.
    pub(crate) fn gateway_port(&self) -> u16 {
        self.gateway
    }
}

fn config(shared: &Shared, max_connections: usize) -> ListenerConfig {
    ListenerConfig {
        tls: Some(shared.sql_tls.clone()),
        room: shared.sql_room.clone(),
        max_connections,
        ..ListenerConfig::default()
    }
}

/// A SQL Server that has a port of its own.
struct Served {
    world: Arc<WorldCell>,
    /// Other worlds whose servers of this name are behind the port, too.
    hub: Option<Arc<Hub>>,
    instance: InstanceId,
}

impl Served {
    /// Serves the clients while the service runs. While it does not, the port is kept, and connections to it are refused.
    async fn follow(
        self,
        socket: TcpListener,
        endpoint: Arc<dyn SqlService>,
        config: ListenerConfig,
    ) {
        let Ok(address) = socket.local_addr() else {
            return;
        };
        let mut socket = Some(socket);
        loop {
            if let Some(socket) = socket.take() {
                tds::run(socket, Arc::clone(&endpoint), config.clone(), self.closed()).await;
            }
            let reserved = Reserved::bind(address.ip(), address.port());
            loop {
                let seen = self.world.version();
                if !self.is_closed() {
                    break;
                }
                self.world.wait_change(seen, None).await;
            }
            match reserved.and_then(Reserved::listen) {
                Ok(listener) => socket = Some(listener),
                Err(error) => {
                    tracing::warn!(%address, %error, "cannot open the port of a SQL Server again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Completes when the port is to be closed.
    async fn closed(&self) {
        let mut stops = self.world.stops();
        while !self.is_closed() {
            // The sender lives in the world.
            let _ = stops.changed().await;
        }
    }

    /// Whether the service has stopped. A port that other worlds need stays open; a login to this server is refused there.
    fn is_closed(&self) -> bool {
        let stopped = self.world.read(|world| {
            world
                .instance(self.instance)
                .is_some_and(|found| found.service == ServiceState::Stopped)
        });
        stopped && self.hub.as_ref().is_none_or(|hub| hub.worlds().len() < 2)
    }
}

/// The port of the `number`th of a kind, leaving out one that is another's; 0 stays 0.
fn nth_port(first: u16, number: usize, taken: u16) -> u16 {
    if first == 0 {
        return 0;
    }
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    let port = first.saturating_add(number);
    match taken {
        taken if first <= taken && port >= taken => port.saturating_add(1),
        _ => port,
    }
}

fn reserve(ip: IpAddr, port: u16, server: &str) -> anyhow::Result<Reserved> {
    Reserved::bind(ip, port).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} (mirroring endpoint of {server}) is in use on {ip}; choose another, or --ports auto"
        ),
        _ if limits::is_out_of_descriptors(&error) => {
            limits::out_of_descriptors(&format!("the mirroring endpoint of {server}"))
        }
        _ => anyhow::anyhow!("cannot bind {ip}:{port} (mirroring endpoint of {server}): {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_each_other_and_step_over_the_gateway() {
        assert_eq!(nth_port(0, 3, 14340), 0);
        assert_eq!(nth_port(14330, 9, 14340), 14339);
        assert_eq!(nth_port(14330, 10, 14340), 14341);
        assert_eq!(nth_port(14350, 0, 14340), 14350);
        assert_eq!(nth_port(15022, 2, 0), 15024);
    }
}
