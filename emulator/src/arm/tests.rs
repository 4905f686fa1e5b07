//! Requests to a world with a manual clock, through the router.

mod authentication;
mod common;
mod data_factory;
mod deployments;
mod export;
mod forwarding;
mod graph;
mod hostile;
mod inbound_nat_rules;
mod instance_failover_groups;
mod instances;
mod links;
mod load_balancers;
mod management_locks;
mod nested_deployments;
mod power;
mod private_endpoints;
mod roles;
mod rubbish;
mod server_trust_groups;
mod specs;
mod support;
mod what_if;

use super::Arm;

/// A token that Entra would grant to the service principal.
fn token_for(arm: &Arm, audience: &str) -> String {
    super::entra::service_principal_token(arm, audience)
}
