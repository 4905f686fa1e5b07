//! Peerings of virtual networks: two halves, and traffic only when both are there.

use std::sync::Arc;

use super::header;
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// One half of a peering, kept by the network that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// Its name.
    pub name: Name,
    /// The other network.
    pub remote: ResourceKey,
    /// `allowVirtualNetworkAccess`.
    pub allow_access: bool,
    /// `allowForwardedTraffic`.
    pub allow_forwarded: bool,
    /// `allowGatewayTransit`.
    pub allow_gateway_transit: bool,
    /// `useRemoteGateways`.
    pub use_remote_gateways: bool,
    /// Whether the other half has been there once.
    pub was_connected: bool,
}

/// `peeringState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum PeeringState {
    Initiated,
    Connected,
    Disconnected,
}

/// PUT. Answers the operation and whether the peering is new.
#[derive(Clone, Debug)]
pub struct WritePeering {
    /// The network.
    pub network: ResourceKey,
    /// What it is to be.
    pub peering: Peering,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeletePeering {
    /// The network.
    pub network: ResourceKey,
    /// The peering.
    pub name: Name,
}

const KIND: &str = "Microsoft.Network/virtualNetworks";

impl PeeringState {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Initiated => "Initiated",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
        }
    }
}

impl Peering {
    /// Its state as seen from `network`, which has it.
    pub fn state(&self, world: &World, network: &ResourceKey) -> PeeringState {
        match other_half(world, network, &self.remote) {
            Some(_) => PeeringState::Connected,
            None if self.was_connected => PeeringState::Disconnected,
            None => PeeringState::Initiated,
        }
    }
}

/// The half that `remote` has of its peering with `network`.
pub(crate) fn other_half<'a>(
    world: &'a World,
    network: &ResourceKey,
    remote: &ResourceKey,
) -> Option<&'a Peering> {
    let remote = world.azure.virtual_networks.get(remote)?;
    remote
        .peerings
        .values()
        .find(|peering| peering.remote == *network)
}

impl Request for WritePeering {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let Self {
            network,
            mut peering,
        } = self;
        let found = world.azure.virtual_networks.get(&network).cloned();
        let found = found.ok_or_else(|| header::not_found(KIND, &network))?;
        let Some(remote) = world.azure.virtual_networks.get(&peering.remote).cloned() else {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!("{KIND}/{}", peering.remote.name),
                by: format!(
                    "{KIND}/{}/virtualNetworkPeerings/{}",
                    network.name, peering.name
                ),
            }
            .into());
        };
        crate::azure::check_name(
            "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
            peering.name.as_str(),
        )?;
        let overlap = found
            .prefixes
            .iter()
            .find(|own| remote.prefixes.iter().any(|theirs| own.overlaps(*theirs)));
        if network == peering.remote || overlap.is_some() {
            return Err(FabricRefusal::PeeringOverlaps {
                network: network.name.to_string(),
                remote: peering.remote.name.to_string(),
            }
            .into());
        }
        let old = found.peerings.get(&peering.name);
        let repeated = found
            .peerings
            .values()
            .any(|other| other.name != peering.name && other.remote == peering.remote);
        if repeated || old.is_some_and(|old| old.remote != peering.remote) {
            return Err(FabricRefusal::AlreadyPeered {
                network: network.name.to_string(),
                remote: peering.remote.name.to_string(),
            }
            .into());
        }
        let is_new = old.is_none();
        let met = other_half(world, &network, &peering.remote).map(|half| half.name.clone());
        peering.was_connected = met.is_some() || old.is_some_and(|old| old.was_connected);
        let operation = header::start(world, KIND, &found.group, &found.name, &found.location);
        if let Some(half) = met
            && let Some(remote) = world.azure.virtual_networks.get_mut(&peering.remote)
            && let Some(half) = Arc::make_mut(remote).peerings.get_mut(&half)
        {
            half.was_connected = true;
        }
        let changed = world.azure.virtual_networks.get_mut(&network);
        let changed = Arc::make_mut(changed.expect("found a moment ago"));
        changed.peerings.insert(peering.name.clone(), peering);
        Ok((operation, is_new))
    }
}

impl Request for DeletePeering {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let found = world.azure.virtual_networks.get(&self.network).cloned();
        let found = found.ok_or_else(|| header::not_found(KIND, &self.network))?;
        if !found.peerings.contains_key(&self.name) {
            return Ok(None);
        }
        let operation = header::start(world, KIND, &found.group, &found.name, &found.location);
        let changed = world.azure.virtual_networks.get_mut(&self.network);
        Arc::make_mut(changed.expect("found a moment ago"))
            .peerings
            .remove(&self.name);
        Ok(Some(operation))
    }
}
