//! What people do to the machines of the model's network by hand, and what the platform does to addresses.

use axum::Json;
use axum::extract::{Path, State};
use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    AddForwarding, ForwardNames, Machine, MoveInstance, Power, PowerMachine, Relay, WriteRelay,
    WriteWebServer,
};
use milink_core::names::Name;
use milink_core::path::{Vantage, VantageError};
use milink_core::time::Span;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};

/// `POST /_milink/net/probe-clock/advance`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    seconds: u32,
}

/// `POST /_milink/net/vm/{name}/iptables`: as `ip_fwd.sh -f PORT -a HOST -b TOPORT`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Forward {
    port: u16,
    host: String,
    to_port: u16,
}

/// `POST /_milink/net/vm/{name}/relay`: as a program such as HAProxy would be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RelayAsked {
    port: u16,
    host: String,
    to_port: u16,
    #[serde(default)]
    accepts_proxy_protocol: bool,
}

/// `POST /_milink/net/vm/{name}/web`: what a web server of the machine's answers, for probes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WebAsked {
    port: u16,
    #[serde(default)]
    tls: bool,
    #[serde(default = "root")]
    path: String,
    #[serde(default = "well")]
    status: u16,
}

fn root() -> String {
    "/".to_owned()
}

fn well() -> u16 {
    200
}

/// `POST /_milink/net/site/{name}/forward-names`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Names {
    domain: String,
    network: String,
}

/// Has the DNS server of a place outside Azure ask a network's resolver for a domain.
pub(super) async fn forward_names(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(names): Body<Names>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let network = world.read(|world| {
        let mut networks = world.azure.virtual_networks.keys();
        networks.find(|key| key.name.is(&names.network)).cloned()
    });
    let network = network.ok_or_else(|| {
        ControlError::not_found(format!("there is no virtual network '{}'", names.network))
    })?;
    let site = Name::new(&name);
    if !world.read(|world| world.azure.fabric.sites.contains_key(&site)) {
        let text = format!("there is no local network gateway '{name}'");
        return Err(ControlError::not_found(text));
    }
    let domain = Name::new(&names.domain);
    world.submit(ForwardNames {
        site,
        domain,
        network,
    })?;
    Ok(Json(json!({})))
}

/// Lets time pass: probes have no clock of their own.
pub(super) async fn advance_probes(
    State(shared): Handle,
    Asked(which): Asked<super::Which>,
    Body(advance): Body<Advance>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    world.advance(Span::seconds(i64::from(advance.seconds)));
    Ok(Json(json!({"now": world.clock().now.to_string()})))
}

/// `GET /_milink/net/vm/{name}`; `GROUP%2FNAME` where the name is in several resource groups.
pub(super) async fn show(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?.snapshot();
    let (_, machine) = named(&world, &name)?;
    Ok(Json(shown(&world, machine)))
}

/// `POST /_milink/net/vm/{name}/reboot`.
pub(super) async fn reboot(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let (key, _) = named(&world.snapshot(), &name).map(|(key, _)| (key.clone(), ()))?;
    let power = Power::Running;
    world.submit(PowerMachine { key, power })?;
    let world = world.snapshot();
    let (_, machine) = named(&world, &name)?;
    Ok(Json(shown(&world, machine)))
}

/// `POST /_milink/net/vm/{name}/iptables`.
pub(super) async fn forward(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(forward): Body<Forward>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let key = named(&world.snapshot(), &name).map(|(key, _)| key.clone())?;
    world.submit(AddForwarding {
        key,
        port: forward.port,
        host: forward.host,
        to_port: forward.to_port,
    })?;
    let world = world.snapshot();
    let (_, machine) = named(&world, &name)?;
    Ok(Json(shown(&world, machine)))
}

/// `POST /_milink/net/vm/{name}/relay`.
pub(super) async fn relay(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(asked): Body<RelayAsked>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let key = named(&world.snapshot(), &name).map(|(key, _)| key.clone())?;
    world.submit(WriteRelay {
        key,
        port: asked.port,
        relay: Relay {
            host: asked.host,
            to_port: asked.to_port,
            accepts_proxy_protocol: asked.accepts_proxy_protocol,
        },
    })?;
    let world = world.snapshot();
    let (_, machine) = named(&world, &name)?;
    Ok(Json(shown(&world, machine)))
}

/// `POST /_milink/net/vm/{name}/web`.
pub(super) async fn web(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(asked): Body<WebAsked>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let key = named(&world.snapshot(), &name).map(|(key, _)| key.clone())?;
    if !asked.path.starts_with('/') || !(100..=599).contains(&asked.status) {
        return Err(ControlError::bad_request(
            "a path begins with '/', and a status is from 100 to 599",
        ));
    }
    world.submit(WriteWebServer {
        key,
        port: asked.port,
        tls: asked.tls,
        path: asked.path,
        status: asked.status,
    })?;
    let world = world.snapshot();
    let (_, machine) = named(&world, &name)?;
    Ok(Json(shown(&world, machine)))
}

/// `POST /_milink/net/mi/{name}/change-ip`.
pub(super) async fn change_address(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let found = world.read(|world| world.managed_instance(&name).map(|found| found.id));
    let instance = found
        .ok_or_else(|| ControlError::not_found(format!("there is no managed instance '{name}'")))?;
    let address = world.submit(MoveInstance { instance })?;
    Ok(Json(json!({"address": address.to_string()})))
}

fn named<'w>(world: &'w World, name: &str) -> Result<(&'w ResourceKey, &'w Machine), ControlError> {
    let vantage = Vantage::parse(world, &format!("vm:{name}"));
    let vantage = vantage.map_err(|error| match error {
        VantageError::Ambiguous { .. } => ControlError::conflict(error.to_string()),
        _ => ControlError::not_found(error.to_string()),
    })?;
    let mut machines = world.azure.fabric.machines.iter();
    let found = machines.find(|(_, machine)| {
        matches!(&vantage, Vantage::Interface(interface) if machine.interface == *interface)
    });
    found
        .map(|(key, machine)| (key, &**machine))
        .ok_or_else(|| ControlError::not_found(format!("there is no virtual machine '{name}'")))
}

fn shown(world: &World, machine: &Machine) -> Value {
    let interface = world.azure.fabric.interfaces.get(&machine.interface);
    let rules = machine.rules.iter().map(|rule| {
        json!({
            "port": rule.port,
            "host": rule.host,
            "address": rule.address.to_string(),
            "toPort": rule.to_port,
        })
    });
    let relays = machine.relays.iter().map(|(port, relay)| {
        json!({
            "port": port,
            "host": relay.host,
            "toPort": relay.to_port,
            "acceptsProxyProtocol": relay.accepts_proxy_protocol,
        })
    });
    let webs = machine.web_servers.iter().map(
        |(port, server)| json!({ "port": port, "tls": server.tls, "statuses": server.statuses }),
    );
    json!({
        "name": machine.header.name.to_string(),
        "address": interface.map(|interface| interface.address.to_string()),
        "power": machine.power.text(),
        "listening": machine.listening,
        "forwards": machine.forwards,
        "rules": rules.collect::<Vec<_>>(),
        "relays": relays.collect::<Vec<_>>(),
        "webServers": webs.collect::<Vec<_>>(),
    })
}
