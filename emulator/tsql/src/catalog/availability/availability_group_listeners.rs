//! Listeners of availability groups, their addresses, and read-only routing lists.

use std::net::IpAddr;

use milink_core::availability_group::LocalGroup;
use milink_core::ids::GroupId;
use milink_core::listener::{Listener, ListenerAddress};
use milink_core::names::Name;
use milink_core::value::Row;

use crate::catalog::column::{
    BIT, DESC, GUID, INT, NVARCHAR_MAX, TINYINT, ViewColumn, col, nvarchar, req,
};
use crate::catalog::{Scope, View, row};

pub(super) const LISTENERS: View = View::sys(
    "availability_group_listeners",
    &[
        req("group_id", GUID),
        col("listener_id", nvarchar(36)),
        col("dns_name", nvarchar(63)),
        col("port", INT),
        req("is_conformant", BIT),
        col("ip_configuration_string_from_cluster", NVARCHAR_MAX),
        col("is_distributed_network_name", BIT),
    ],
    |scope| {
        listeners(scope)
            .map(|(group, listener)| {
                row![
                    group,
                    listener_id(listener),
                    &listener.dns_name,
                    i64::from(listener.port),
                    true,
                    configuration(listener),
                    false,
                ]
            })
            .collect()
    },
);

pub(super) const IP_ADDRESSES: View = View::sys(
    "availability_group_listener_ip_addresses",
    IP_COLUMNS,
    |scope| {
        listeners(scope)
            .flat_map(|(_, listener)| {
                let addresses = listener.addresses.iter();
                addresses.map(move |address| address_row(scope, listener, address))
            })
            .collect()
    },
);

const IP_COLUMNS: &[ViewColumn] = &[
    col("listener_id", nvarchar(36)),
    col("ip_address", nvarchar(48)),
    col("ip_subnet_mask", nvarchar(15)),
    req("is_dhcp", BIT),
    col("network_subnet_ip", nvarchar(48)),
    col("network_subnet_prefix_length", INT),
    col("network_subnet_ipv4_mask", nvarchar(45)),
    col("state", TINYINT),
    col("state_desc", DESC),
];

pub(super) const READ_ONLY_ROUTING_LISTS: View = View::sys(
    "availability_read_only_routing_lists",
    &[
        req("replica_id", GUID),
        req("routing_priority", INT),
        req("read_only_replica_id", GUID),
    ],
    |scope| {
        local_groups(scope)
            .flat_map(|(_, group)| routes(group))
            .collect()
    },
);

fn local_groups<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (GroupId, &'a LocalGroup)> + 'a {
    let groups = scope.instance.groups.values();
    groups.filter_map(|group| Some((group.id, group.as_local()?)))
}

fn listeners<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (GroupId, &'a Listener)> + 'a {
    local_groups(scope).filter_map(|(id, group)| Some((id, group.listener.as_ref()?)))
}

fn listener_id(listener: &Listener) -> String {
    listener.id.to_string()
}

/// As the cluster writes it: `('IP Address: 10.0.0.9')`.
fn configuration(listener: &Listener) -> String {
    let addresses: Vec<String> = listener
        .addresses
        .iter()
        .map(|address| format!("'IP Address: {}'", address.ip))
        .collect();
    format!("({})", addresses.join(" or "))
}

fn address_row(scope: &Scope<'_>, listener: &Listener, address: &ListenerAddress) -> Row {
    let server = scope.instance.as_sql_server();
    let is_online = server.is_none_or(|server| listener.is_online(address, server.address));
    let mask = address.mask.map(|mask| mask.to_string());
    let subnet = address.subnet();
    row![
        listener_id(listener),
        address.ip.to_string(),
        mask.clone(),
        listener.dhcp,
        subnet.map(|(_, base)| IpAddr::V4(base).to_string()),
        subnet.map(|(length, _)| i64::from(length)),
        mask,
        i64::from(is_online),
        if is_online { "ONLINE" } else { "OFFLINE" },
    ]
}

fn routes(group: &LocalGroup) -> Vec<Row> {
    let id_of = |name: &Name| {
        let mut replicas = group.replicas.iter();
        replicas.find(|replica| replica.server_name == *name)
    };
    let mut rows = Vec::new();
    for replica in &group.replicas {
        for (priority, servers) in (1_i64..).zip(&replica.read_only_routing_list) {
            let targets = servers.iter().filter_map(id_of);
            rows.extend(targets.map(|target| {
                let row: Row = row![replica.id, priority, target.id];
                row
            }));
        }
    }
    rows
}
