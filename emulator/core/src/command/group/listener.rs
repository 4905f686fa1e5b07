//! The listener and the read-only routing of a local group.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use uuid::Uuid;

use super::{AlterAvailabilityGroup, CreateAvailabilityGroup, GroupAction};
use crate::availability_group::{ClusterType, LocalGroup};
use crate::command::Request;
use crate::ids::{GroupId, InstanceId};
use crate::instance::Instance;
use crate::listener::{Listener, ListenerAddress};
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::world::World;

/// CREATE AVAILABILITY GROUP with what needs the group's replicas to be there: its listener and its routing.
#[derive(Clone, Debug)]
pub struct CreateGroupWithListener {
    /// The group.
    pub group: CreateAvailabilityGroup,
    /// LISTENER.
    pub listener: Option<ListenerSpec>,
    /// The routing of replicas.
    pub routing: Vec<(Name, Routing)>,
}

/// Puts a SQL Server into a Windows cluster, or takes it out.
#[derive(Clone, Debug)]
pub struct SetCluster {
    /// The SQL Server.
    pub instance: InstanceId,
    /// The cluster's name.
    pub cluster: Option<Name>,
}

/// A listener as the statement describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct ListenerSpec {
    pub dns_name: Name,
    pub addresses: ListenerSource,
    pub port: Option<u16>,
}

/// Where a listener's addresses come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenerSource {
    /// WITH DHCP, in a subnet if one is said.
    Dhcp(Option<(Ipv4Addr, Ipv4Addr)>),
    /// WITH IP.
    Static(Vec<ListenerAddress>),
}

/// MODIFY LISTENER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerChange {
    /// ADD IP.
    AddAddress(ListenerAddress),
    /// PORT =.
    Port(u16),
}

/// The routing options of PRIMARY_ROLE; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// READ_ONLY_ROUTING_LIST: groups of equal servers; an empty list is NONE.
    pub read_only_list: Option<Vec<Vec<Name>>>,
    /// READ_WRITE_ROUTING_URL.
    pub read_write_url: Option<Arc<str>>,
}

/// The port of a listener where none is said.
const DEFAULT_PORT: u16 = 1433;
/// The longest DNS name of a listener (page "CREATE AVAILABILITY GROUP").
const LONGEST_NAME: usize = 63;
/// How many addresses a listener has at most (guess: the product names no limit).
const MOST_ADDRESSES: usize = 64;
/// The model's DHCP server hands out the address that is so much above the SQL Server's own (guess).
const DHCP_OFFSET: u8 = 100;

impl Request for CreateGroupWithListener {
    type Reply = GroupId;

    fn apply(self, world: &mut World) -> Result<GroupId, Refusal> {
        let (instance, name) = (self.group.instance, self.group.name.clone());
        let id = self.group.apply(world)?;
        let listener = self.listener.map(GroupAction::AddListener);
        let routing = self
            .routing
            .into_iter()
            .map(|(replica, routing)| GroupAction::SetRouting(replica, routing));
        for action in listener.into_iter().chain(routing) {
            let alter = AlterAvailabilityGroup {
                instance,
                name: name.clone(),
                action,
            };
            alter.apply(world)?;
        }
        Ok(id)
    }
}

impl Request for SetCluster {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        world.instance_mut(self.instance).cluster = self.cluster;
        Ok(())
    }
}

/// Who has taken which names and addresses in the world's network.
pub(super) struct Taken {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Taken {
    pub(super) fn of(world: &World) -> Self {
        let mut taken = Self {
            names: Vec::new(),
            addresses: Vec::new(),
        };
        for instance in world.instances.values() {
            taken.names.push(instance.name.folded().to_owned());
            if let Some(server) = instance.as_sql_server() {
                taken.addresses.push(server.address.into());
            }
            let groups = instance.groups.values();
            let listeners = groups.filter_map(|group| group.as_local()?.listener.as_ref());
            for listener in listeners {
                taken.names.push(listener.dns_name.folded().to_owned());
                let addresses = listener.addresses.iter().map(|address| address.ip);
                taken.addresses.extend(addresses);
            }
        }
        taken
    }
}

pub(super) fn add(
    instance: &Instance,
    taken: &Taken,
    group: &mut LocalGroup,
    name: &str,
    spec: ListenerSpec,
    id: Uuid,
) -> Result<(), Refusal> {
    let dns_name = spec.dns_name.to_string();
    if group.listener.is_some() {
        let group = name.to_owned();
        return Err(GroupRefusal::ListenerExists { group }.into());
    }
    let fits = (1..=LONGEST_NAME).contains(&dns_name.len())
        && dns_name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !fits {
        return Err(GroupRefusal::BadListenerName { dns_name }.into());
    }
    if taken
        .names
        .iter()
        .any(|other| *other == spec.dns_name.folded())
    {
        return Err(GroupRefusal::ListenerNameTaken { dns_name }.into());
    }
    let (addresses, dhcp) = match spec.addresses {
        ListenerSource::Static(addresses) => (addresses, false),
        ListenerSource::Dhcp(_) if group.cluster != ClusterType::Wsfc => {
            return Err(GroupRefusal::DhcpNeedsCluster { dns_name }.into());
        }
        ListenerSource::Dhcp(subnet) => (vec![lease(instance, subnet)], true),
    };
    for (at, address) in addresses.iter().enumerate() {
        check_address(taken, &addresses[..at], *address)?;
    }
    group.listener = Some(Listener {
        id,
        dns_name: spec.dns_name,
        port: spec.port.unwrap_or(DEFAULT_PORT),
        addresses,
        dhcp,
    });
    Ok(())
}

pub(super) fn modify(
    taken: &Taken,
    group: &mut LocalGroup,
    name: &str,
    dns_name: &Name,
    change: ListenerChange,
) -> Result<(), Refusal> {
    let listener = find(group, name, dns_name)?;
    match change {
        ListenerChange::AddAddress(_) if listener.dhcp => {
            let dns_name = dns_name.to_string();
            Err(GroupRefusal::ListenerUsesDhcp { dns_name }.into())
        }
        ListenerChange::AddAddress(address) => {
            check_address(taken, &listener.addresses, address)?;
            listener.addresses.push(address);
            Ok(())
        }
        ListenerChange::Port(port) if listener.port == port => Err(GroupRefusal::ListenerHasPort {
            dns_name: dns_name.to_string(),
            group: name.to_owned(),
            port,
        }
        .into()),
        ListenerChange::Port(port) => {
            listener.port = port;
            Ok(())
        }
    }
}

/// The listener of a group, which must have this name.
pub(super) fn find<'a>(
    group: &'a mut LocalGroup,
    name: &str,
    dns_name: &Name,
) -> Result<&'a mut Listener, Refusal> {
    let found = group.listener.as_mut();
    found
        .filter(|listener| listener.dns_name == *dns_name)
        .ok_or_else(|| {
            GroupRefusal::ListenerNotFound {
                dns_name: dns_name.to_string(),
                group: name.to_owned(),
            }
            .into()
        })
}

pub(super) fn set_routing(
    group: &mut LocalGroup,
    name: &str,
    server: &Name,
    routing: Routing,
) -> Result<(), Refusal> {
    let replica = || server.to_string();
    let mut seen: Vec<&Name> = Vec::new();
    for target in routing.read_only_list.iter().flatten().flatten() {
        if seen.contains(&target) {
            return Err(GroupRefusal::RoutedTwice {
                target: target.to_string(),
                replica: replica(),
            }
            .into());
        }
        seen.push(target);
        let mut replicas = group.replicas.iter();
        let Some(found) = replicas.find(|other| other.server_name == *target) else {
            return Err(GroupRefusal::RouteNotFound {
                target: target.to_string(),
                replica: replica(),
                group: name.to_owned(),
            }
            .into());
        };
        if found.read_only_routing_url.is_none() {
            return Err(GroupRefusal::RouteWithoutUrl {
                target: target.to_string(),
                replica: replica(),
            }
            .into());
        }
    }
    let mut replicas = group.replicas.iter_mut();
    let Some(changed) = replicas.find(|other| other.server_name == *server) else {
        return Err(GroupRefusal::ReplicaNotFound {
            replica: replica(),
            group: name.to_owned(),
        }
        .into());
    };
    if let Some(list) = routing.read_only_list {
        changed.read_only_routing_list = list;
    }
    if let Some(url) = routing.read_write_url {
        changed.read_write_routing_url = Some(url);
    }
    Ok(())
}

fn check_address(
    taken: &Taken,
    others: &[ListenerAddress],
    address: ListenerAddress,
) -> Result<(), Refusal> {
    let text = address.ip.to_string();
    let fits = !address.ip.is_unspecified()
        && address.ip.is_ipv4() == address.mask.is_some()
        && address
            .mask
            .is_none_or(|mask| u32::from(mask).leading_ones() == u32::from(mask).count_ones());
    if !fits || others.len() >= MOST_ADDRESSES {
        return Err(GroupRefusal::BadListenerAddress { address: text }.into());
    }
    let used =
        taken.addresses.contains(&address.ip) || others.iter().any(|other| other.ip == address.ip);
    if used {
        return Err(GroupRefusal::ListenerAddressTaken { address: text }.into());
    }
    Ok(())
}

/// The address that DHCP hands out in a subnet, or in the server's own.
fn lease(instance: &Instance, subnet: Option<(Ipv4Addr, Ipv4Addr)>) -> ListenerAddress {
    let own = instance
        .as_sql_server()
        .map_or(Ipv4Addr::UNSPECIFIED, |server| server.address);
    let (base, mask) = subnet.unwrap_or((own, Ipv4Addr::new(255, 255, 255, 0)));
    let host = u32::from(own.octets()[3].wrapping_add(DHCP_OFFSET).max(1));
    let ip = Ipv4Addr::from(u32::from(base) & u32::from(mask) | host & !u32::from(mask));
    ListenerAddress {
        ip: ip.into(),
        mask: Some(mask),
    }
}
