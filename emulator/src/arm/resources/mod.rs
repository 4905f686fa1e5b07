//! One file per resource type, by its ARM name.

pub(super) mod administrators;
pub(super) mod capabilities;
pub(super) mod connections;
pub(super) mod data_factory;
pub(super) mod databases;
pub(super) mod deployments;
pub(super) mod distributed_availability_groups;
pub(super) mod encryption_protector;
pub(super) mod endpoint_certificates;
pub(super) mod export;
pub(super) mod generic;
mod instance;
pub(super) mod instance_failover_groups;
pub(super) mod instance_operations;
mod listing;
pub(super) mod load_balancers;
pub(super) mod local_network_gateways;
pub(super) mod machine_images;
pub(super) mod managed_instances;
pub(super) mod management_locks;
mod network;
pub(super) mod network_interfaces;
pub(super) mod network_security_groups;
pub(super) mod private_dns_zone_groups;
pub(super) mod private_dns_zones;
pub(super) mod private_endpoint_connections;
pub(super) mod private_endpoints;
pub(super) mod private_link_services;
pub(super) mod providers;
pub(super) mod public_ip_addresses;
mod references;
pub(super) mod resource_groups;
pub(super) mod role_assignments;
pub(super) mod role_definitions;
pub(super) mod route_tables;
mod security_rules;
pub(super) mod server_keys;
pub(super) mod server_trust_certificates;
pub(super) mod server_trust_groups;
pub(super) mod subnets;
pub(super) mod subscriptions;
mod tde_certificates;
pub(super) mod transparent_data_encryption;
pub(super) mod virtual_machines;
pub(super) mod virtual_network_gateways;
pub(super) mod virtual_network_peerings;
pub(super) mod virtual_networks;

use crate::arm::call::Call;
use crate::arm::error::ArmError;

/// A POST that Azure answers and milink does not.
fn refused_action(call: &Call<'_>) -> Result<crate::arm::answer::Answer, ArmError> {
    let action = call.path.tail.as_deref().unwrap_or_default();
    Err(ArmError::not_emulated(&format!("The action '{action}'")))
}
