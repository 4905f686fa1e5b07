//! Sockets of the SQL Servers' mirroring endpoints: open while the endpoint is started.
//!
//! What partners would say to each other is modelled, not sent; the port answers a probe, no more.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use milink_core::World;
use milink_core::endpoint::EndpointState;
use milink_core::fault::endpoint;
use milink_core::ids::InstanceId;
use milink_core::instance::ServiceState;
use tokio::net::{TcpListener, TcpSocket};

use crate::hub::WorldCell;

/// How long changes are gathered before the endpoints are looked at again.
const GATHER: Duration = Duration::from_millis(5);
/// Connections that wait to be accepted.
const BACKLOG: u32 = 16;

/// A port that is kept for an endpoint: bound, so that nobody else takes it, and not listening.
pub(crate) struct Reserved {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Reserved {
    /// Takes the port, or a free one for 0.
    pub(crate) fn bind(ip: IpAddr, port: u16) -> io::Result<Self> {
        let socket = match ip {
            IpAddr::V4(_) => TcpSocket::new_v4()?,
            IpAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(ip, port))?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections from here on.
    pub(crate) fn listen(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)
    }
}

/// Follows an instance's endpoint for as long as the world is there.
pub(crate) async fn follow(world: Arc<WorldCell>, instance: InstanceId, reserved: Reserved) {
    let address = reserved.address;
    let mut reserved = Some(reserved);
    loop {
        let seen = world.version();
        if world.read(|world| is_started(world, instance)) {
            let socket = match reserved.take() {
                Some(reserved) => Ok(reserved),
                None => Reserved::bind(address.ip(), address.port()),
            };
            match socket.and_then(Reserved::listen) {
                Ok(listener) => answer_while_started(&world, instance, &listener).await,
                Err(error) => {
                    tracing::warn!(%address, %error, "cannot open the mirroring endpoint's port");
                    world.wait_change(seen, None).await;
                }
            }
        } else {
            if reserved.is_none() {
                reserved = Reserved::bind(address.ip(), address.port()).ok();
            }
            world.wait_change(seen, None).await;
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn answer_while_started(
    world: &Arc<WorldCell>,
    instance: InstanceId,
    listener: &TcpListener,
) {
    loop {
        let seen = world.version();
        if !world.read(|world| is_started(world, instance)) {
            return;
        }
        tokio::select! {
            // Accepting is all the answer there is.
            accepted = listener.accept() => drop(accepted),
            () = world.wait_change(seen, None) => tokio::time::sleep(GATHER).await,
        }
    }
}

fn is_started(world: &World, instance: InstanceId) -> bool {
    if endpoint::is_closed(world, instance) {
        return false;
    }
    world
        .instance(instance)
        .filter(|instance| instance.service != ServiceState::Stopped)
        .and_then(|instance| instance.endpoint.as_ref())
        .is_some_and(|endpoint| endpoint.state == EndpointState::Started)
}
