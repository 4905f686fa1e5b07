//! The way of a link through the network as it is drawn: routes, security groups, names, private endpoints.
//!
//! A SQL Server is in the drawing once its address belongs to a place outside Azure (a local network gateway has it).
//! Whoever is not in it is where names say, and the network is no obstacle.

use super::{Link, handshake};
use crate::instance::{Instance, MANAGED_INSTANCE_MIRRORING_PORT};
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::network::Reach;
use crate::path::{Ask, Reason, Symptom, Vantage, evaluate};
use crate::world::World;

/// What becomes of what SQL Server sends to the instance, and of what the instance sends to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ways {
    /// To the gateway's 5022, and from there to the node.
    pub(crate) to_instance: Reach,
    /// To the partner endpoint.
    pub(crate) to_server: Reach,
    /// The first obstacle.
    pub(crate) reason: Option<Reason>,
}

const OPEN: Ways = Ways {
    to_instance: Reach::Open,
    to_server: Reach::Open,
    reason: None,
};

/// The ways of a link in the drawn network.
pub(crate) fn of(world: &World, link: &Link) -> Ways {
    if world.azure.fabric.sites.is_empty() {
        return OPEN;
    }
    let server = handshake::partner_of(world, link).and_then(|id| world.instance(id));
    let instance = world.instance(link.id.instance);
    let (Some(server), Some(instance)) = (server, instance) else {
        return OPEN;
    };
    drawn(world, server, instance, link).unwrap_or(OPEN)
}

/// The way from one managed instance to another, as it is drawn: to the gateway's 5022, and from there to the node. Instances that were
/// made without a network are in none.
pub(crate) fn between(world: &World, from: &Instance, to: &Instance) -> (Reach, Option<Reason>) {
    let is_drawn = |side: &Instance| {
        let managed = side.as_managed_instance();
        managed.is_some_and(|it| it.properties.subnet.is_some() && it.properties.address.is_some())
    };
    let node = to.as_managed_instance().and_then(|managed| {
        let address = managed.properties.address?;
        Some((address.to_string(), managed.node_port()))
    });
    let Some((address, port)) = node.filter(|_| is_drawn(from) && is_drawn(to)) else {
        return (Reach::Open, None);
    };
    let vantage = Vantage::Instance(Name::new(from.name.as_str()));
    let name = to.server_name();
    let gateway = ask(world, &vantage, &name, MANAGED_INSTANCE_MIRRORING_PORT);
    let node = ask(world, &vantage, &address, port);
    let reach = match (reach(gateway), reach(node)) {
        (Reach::Open, Reach::Open) => Reach::Open,
        (Reach::Open, _) => Reach::GatewayOnly,
        (closed, _) => closed,
    };
    (reach, gateway.or(node))
}

fn drawn(world: &World, server: &Instance, instance: &Instance, link: &Link) -> Option<Ways> {
    let address = server.as_sql_server()?.address;
    let mut sites = world.azure.fabric.sites.values();
    let site = sites.find(|site| site.has(address))?;
    let managed = instance.as_managed_instance()?;
    let inside = managed.properties.address?;
    managed.properties.subnet.as_ref()?;
    let from_server = Vantage::Site(site.name.clone());
    let from_instance = Vantage::Instance(Name::new(instance.name.as_str()));
    let gateway = ask(
        world,
        &from_server,
        &instance.server_name(),
        MANAGED_INSTANCE_MIRRORING_PORT,
    );
    // The gateway sends the connection on to the node, which the certificate proves and no name.
    let node = ask(
        world,
        &from_server,
        &inside.to_string(),
        managed.node_port(),
    );
    let to_instance = match (reach(gateway), reach(node)) {
        (Reach::Open, Reach::Open) => Reach::Open,
        (Reach::Open, _) => Reach::GatewayOnly,
        (closed, _) => closed,
    };
    // By the address that the name of the partner endpoint means: the service resolves names by itself.
    let port = ListenerUrl::parse(link.partner_endpoint())?.port;
    let back = ask(world, &from_instance, &address.to_string(), port);
    // Whether somebody listens there is the handshake's matter.
    let back = back.filter(|reason| *reason != Reason::PortClosed);
    Some(Ways {
        to_instance,
        to_server: reach(back),
        reason: gateway.or(node).or(back),
    })
}

fn ask(world: &World, from: &Vantage, host: &str, port: u16) -> Option<Reason> {
    evaluate(world, &Ask::new(from, host, port).trusting()).reason
}

fn reach(reason: Option<Reason>) -> Reach {
    match reason.map(Reason::symptom) {
        None => Reach::Open,
        Some(Symptom::TcpRefused | Symptom::TcpReset) => Reach::Refused,
        // What concerns logins and certificates of SQL does not concern mirroring.
        Some(Symptom::Tls | Symptom::Login40532) => Reach::Open,
        Some(Symptom::TcpTimeout | Symptom::Dns | Symptom::NotTried) => Reach::Silent,
    }
}
