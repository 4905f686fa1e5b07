//! What Azure Resource Manager keeps: resource groups, virtual networks, and the ARM side of managed instances.
//!
//! Knows no HTTP, JSON or api-version: requests come with words that are checked here, and refusals in domain words.

mod address_prefix;
mod administrator;
pub mod authorization;
pub mod data_factory;
pub mod deployment;
pub mod fabric;
mod failover_group;
pub(crate) mod laws;
mod managed_database;
mod managed_instance;
mod names;
mod network_resource;
mod operations;
mod pending;
mod resource_group;
mod server_trust_certificate;
mod server_trust_group;
mod subnet;
mod virtual_network;

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use imbl::OrdMap;
use sha1::{Digest, Sha1};

pub use address_prefix::AddressPrefix;
pub use administrator::{
    DeleteAdministrator, EntraAdministrator, SetEntraOnly, WriteAdministrator,
};
pub use failover_group::{
    DeleteFailoverGroup, FailOverGroup, FailoverGroup, FailoverGroupPlace, FailoverGroupSettings,
    FailoverGroupView, FailoverPolicy, GroupFailover, SecondaryType, WriteFailoverGroup,
};
pub(crate) use failover_group::{failover_groups_have_sets, members_have_one_group_and_no_link};
pub use managed_database::{
    DeleteManagedDatabase, ManagedDatabaseView, UpdateManagedDatabase, WriteManagedDatabase,
};
pub(crate) use managed_instance::not_busy;
pub use managed_instance::{
    DeleteManagedInstance, FailOverManagedInstance, Identity, IdentityType, InstanceSettings,
    InstanceState, ManagedInstanceProperties, ManagedInstanceView, RotateEndpointCertificate, Sku,
    StartManagedInstance, StopManagedInstance, UpdateManagedInstance, WriteManagedInstance,
};
pub use names::check_name;
pub use network_resource::{
    DeleteNetworkResource, NetworkItem, NetworkKind, NetworkResource, WriteNetworkItem,
    WriteNetworkResource,
};
pub use operations::CancelOperation;
pub use resource_group::{
    DeleteResourceGroup, ResourceGroup, UpdateResourceGroup, WriteResourceGroup,
};
pub use server_trust_certificate::{DeleteTrustCertificate, WriteTrustCertificate};
pub use server_trust_group::{
    DeleteTrustGroup, SetTrustLingering, Trust, TrustGroup, TrustGroupKey, TrustScope,
    WriteTrustGroup,
};
pub use subnet::{DeleteSubnet, Subnet, SubnetId, SubnetSettings, WriteSubnet};
pub use virtual_network::{DeleteVirtualNetwork, TagNetwork, VirtualNetwork, WriteVirtualNetwork};

pub(crate) use network_resource::{find as find_network_resource, security_group_exists};
pub(crate) use pending::{Pending, complete};
pub(crate) use server_trust_group::{members_are_there, what_lingers_is_over};
use virtual_network::network_exists;

use crate::ids::{DatabaseId, InstanceId, OperationId};
use crate::names::Name;

/// Tags of a resource, in the order of their names.
pub type Tags = BTreeMap<String, String>;

/// Where a resource that is not an instance is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// The resource group.
    pub group: Name,
    /// The resource's name.
    pub name: Name,
}

/// Which parts of two states of Azure may differ: those that no longer share what they keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// Resource groups, virtual networks, security groups and route tables.
    pub(crate) places: bool,
    /// The network around managed instances.
    pub(crate) fabric: bool,
    /// Who trusts whom.
    pub(crate) trust: bool,
    /// Failover groups.
    pub(crate) failover_groups: bool,
    /// Who may do what.
    pub(crate) authorization: bool,
    /// Template deployments.
    pub(crate) deployments: bool,
    /// Data factories.
    pub(crate) factories: bool,
    /// What is being created, and what running operations will do.
    pub(crate) pending: bool,
}

/// The ARM resources of the world's subscription that are not instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Azure {
    zone_seed: u64,
    /// Resource groups.
    pub resource_groups: OrdMap<Name, Arc<ResourceGroup>>,
    /// Virtual networks, with their subnets.
    pub virtual_networks: OrdMap<ResourceKey, Arc<VirtualNetwork>>,
    /// Network security groups and route tables.
    pub network_resources: OrdMap<(NetworkKind, ResourceKey), Arc<NetworkResource>>,
    /// The network around managed instances.
    pub fabric: fabric::Fabric,
    /// Who trusts whom.
    pub trust: Trust,
    /// Failover groups of instances, by their names.
    pub failover_groups: OrdMap<Name, Arc<FailoverGroup>>,
    /// Who may do what.
    pub authorization: authorization::Authorization,
    /// Template deployments.
    pub deployments: deployment::Deployments,
    /// `Microsoft.DataFactory/factories`, with what is in them.
    pub data_factories: OrdMap<ResourceKey, Arc<data_factory::Factory>>,
    /// Managed instances that are being created: they have no engine yet.
    pub(crate) creating: OrdMap<Name, Arc<managed_instance::NewInstance>>,
    /// Tags of managed databases.
    pub(crate) database_tags: OrdMap<(InstanceId, DatabaseId), Tags>,
    /// What running operations will do when they end.
    pub(crate) pending: OrdMap<OperationId, Pending>,
}

impl Azure {
    /// Nothing yet; DNS zones come from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            zone_seed: seed,
            ..Self::default()
        }
    }

    /// The seed it was made with.
    pub(crate) fn seed(&self) -> u64 {
        self.zone_seed
    }

    /// What may differ from `before`, found out without looking at what is kept.
    pub(crate) fn differing(&self, before: &Self) -> Parts {
        Parts {
            places: !self.resource_groups.ptr_eq(&before.resource_groups)
                || !self.virtual_networks.ptr_eq(&before.virtual_networks)
                || !self.network_resources.ptr_eq(&before.network_resources),
            fabric: !self.fabric.shares_all(&before.fabric),
            trust: !self.trust.shares_all(&before.trust),
            failover_groups: !self.failover_groups.ptr_eq(&before.failover_groups),
            authorization: !self.authorization.shares_all(&before.authorization),
            deployments: !self.deployments.shares_all(&before.deployments),
            factories: !self.data_factories.ptr_eq(&before.data_factories),
            pending: !self.pending.ptr_eq(&before.pending)
                || !self.creating.ptr_eq(&before.creating),
        }
    }

    /// The subnet of this id.
    pub(crate) fn subnet(&self, id: &SubnetId) -> Option<&Subnet> {
        let network = self.virtual_networks.get(&id.network_key())?;
        network.subnets.get(&id.subnet)
    }

    /// The DNS zone of the managed instances in a subnet: 12 hexadecimal digits, the same for all of them.
    pub fn dns_zone(&self, subnet: &SubnetId) -> String {
        let mut hash = Sha1::new();
        hash.update(self.zone_seed.to_le_bytes());
        for part in [&subnet.group, &subnet.network, &subnet.subnet] {
            hash.update(part.folded().as_bytes());
            hash.update([0]);
        }
        let digest = hash.finalize();
        HEXLOWER.encode(&digest[..6])
    }
}

/// Keeps the entries for which `keep` says so.
fn retain<K: Ord + Clone, V: Clone>(map: &mut OrdMap<K, V>, keep: impl Fn(&K, &V) -> bool) {
    let gone: Vec<K> = map
        .iter()
        .filter(|(key, value)| !keep(key, value))
        .map(|(key, _)| key.clone())
        .collect();
    for key in gone {
        map.remove(&key);
    }
}
