//! The LISTENER clauses and routing options of CREATE and ALTER AVAILABILITY GROUP.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use milink_core::command::{GroupAction, ListenerChange, ListenerSource, ListenerSpec, Routing};
use milink_core::listener::ListenerAddress;
use milink_core::names::Name;
use milink_core::refusal::GroupRefusal;

use crate::ast::{self, ListenerAddresses, Text};
use crate::error::SqlError;

/// `LISTENER 'name' (…)` and ADD LISTENER.
pub(super) fn new(spec: &ast::ListenerSpec) -> Result<ListenerSpec, SqlError> {
    let addresses = match &spec.addresses {
        ListenerAddresses::Dhcp(subnet) => ListenerSource::Dhcp(match subnet {
            Some((base, mask)) => Some((v4(base)?, v4(mask)?)),
            None => None,
        }),
        ListenerAddresses::Static(addresses) => {
            ListenerSource::Static(addresses.iter().map(address).collect::<Result<_, _>>()?)
        }
        ListenerAddresses::Unchanged => ListenerSource::Static(Vec::new()),
    };
    Ok(ListenerSpec {
        dns_name: Name::new(&spec.dns_name.value),
        addresses,
        port: spec.port.map(port).transpose()?,
    })
}

/// MODIFY LISTENER.
pub(super) fn changed(spec: &ast::ListenerSpec) -> Result<GroupAction, SqlError> {
    let change = match (&spec.addresses, spec.port) {
        (ListenerAddresses::Static(addresses), _) if !addresses.is_empty() => {
            ListenerChange::AddAddress(address(&addresses[0])?)
        }
        (_, Some(number)) => ListenerChange::Port(port(number)?),
        _ => return Err(SqlError::unsupported("this MODIFY LISTENER")),
    };
    let dns_name = Name::new(&spec.dns_name.value);
    Ok(GroupAction::ModifyListener(dns_name, change))
}

/// The routing options of a replica's PRIMARY_ROLE, if any are said.
pub(super) fn routing(spec: &ast::ReplicaSpec) -> Option<(Name, Routing)> {
    let role = spec.primary_role.as_ref()?;
    let names = |group: &Vec<Text>| group.iter().map(|to| Name::new(&to.value)).collect();
    let list = role.read_only_routing_list.as_ref();
    let routing = Routing {
        read_only_list: list.map(|groups| groups.iter().map(names).collect()),
        read_write_url: role
            .read_write_routing_url
            .as_ref()
            .map(|url| Arc::from(url.value.as_str())),
    };
    (routing != Routing::default()).then(|| (Name::new(&spec.server.value), routing))
}

fn address((ip, mask): &(Text, Option<Text>)) -> Result<ListenerAddress, SqlError> {
    Ok(ListenerAddress {
        ip: ip.value.parse::<IpAddr>().map_err(|_| bad(ip))?,
        mask: mask.as_ref().map(v4).transpose()?,
    })
}

fn v4(text: &Text) -> Result<Ipv4Addr, SqlError> {
    text.value.parse().map_err(|_| bad(text))
}

fn bad(text: &Text) -> SqlError {
    let address = text.value.clone();
    super::refusal::sql_error(&GroupRefusal::BadListenerAddress { address }.into())
}

/// The number of a port out of range; the text is the one of endpoints.
fn port(number: i64) -> Result<u16, SqlError> {
    let fits = u16::try_from(number).ok().filter(|port| *port > 0);
    fits.ok_or_else(|| {
        SqlError::new(
            7857,
            15,
            format!("'{number}' is an invalid value for parameter 'PORT'. The port must be between 1 and 65535."),
        )
    })
}
