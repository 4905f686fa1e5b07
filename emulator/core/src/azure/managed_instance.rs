//! Managed instances as ARM knows them: properties, and the way from being created to being gone.
//!
//! An instance has an engine exactly from the end of its creation to the end of its deletion.

mod change;
mod create;
mod delete;
mod power;
mod rotate;
mod settings;

use std::sync::Arc;

pub use change::UpdateManagedInstance;
pub(super) use change::{InstanceChange, finish_update};
pub use create::WriteManagedInstance;
pub(super) use create::{NewInstance, finish_creation};
pub use delete::DeleteManagedInstance;
pub(super) use delete::{finish_deletion, remove};
use delete::{has_no_link, in_no_failover_group};
pub use power::{FailOverManagedInstance, StartManagedInstance, StopManagedInstance};
pub(super) use power::{finish_failover, finish_start, finish_stop};
pub use rotate::RotateEndpointCertificate;
pub use settings::{Identity, IdentityType, InstanceSettings, Sku};

use super::{EntraAdministrator, Pending, SubnetId, Tags};
use crate::collation::Collation;
use crate::ids::{InstanceId, OperationId};
use crate::instance::{Instance, ServiceState};
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::AzureRefusal;
use crate::time::Timestamp;
use crate::version::UpdatePolicy;
use crate::world::World;

/// What ARM knows of a managed instance beyond what the engine needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedInstanceProperties {
    /// The resource group it is in.
    pub resource_group: Name,
    /// Its region, such as `westeurope`.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// Hardware and tier.
    pub sku: Sku,
    /// `vCores`.
    pub v_cores: i64,
    /// `storageSizeInGB`.
    pub storage_gb: i64,
    /// The subnet it is in; none only for instances that were made without a network.
    pub subnet: Option<SubnetId>,
    /// The address of its VNet-local endpoint there.
    pub address: Option<std::net::Ipv4Addr>,
    /// `administratorLogin`.
    pub administrator_login: String,
    /// `licenseType`.
    pub license_type: String,
    /// `timezoneId`.
    pub timezone: String,
    /// `publicDataEndpointEnabled`.
    pub public_data_endpoint: bool,
    /// `proxyOverride`.
    pub proxy_override: String,
    /// `minimalTlsVersion`.
    pub minimal_tls_version: String,
    /// `zoneRedundant`.
    pub zone_redundant: bool,
    /// `isGeneralPurposeV2`: Next-gen General Purpose.
    pub next_gen: bool,
    /// `requestedBackupStorageRedundancy`.
    pub backup_redundancy: String,
    /// `maintenanceConfigurationId`.
    pub maintenance_configuration: Option<String>,
    /// `hybridSecondaryUsage`.
    pub hybrid_secondary_usage: String,
    /// `pricingModel`.
    pub pricing_model: String,
    /// Its managed identity.
    pub identity: Option<Identity>,
    /// Its Entra administrator.
    pub administrator: Option<EntraAdministrator>,
    /// When it was asked for.
    pub created: Timestamp,
}

/// Where a managed instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum InstanceState {
    Creating,
    Ready,
    Updating,
    Deleting,
    Stopping,
    Stopped,
    Starting,
}

/// A managed instance as ARM shows it, with or without an engine.
#[derive(Clone, Debug)]
pub struct ManagedInstanceView<'a> {
    /// Its engine, unless it is being created.
    pub engine: Option<&'a Arc<Instance>>,
    /// Its name.
    pub name: &'a Name,
    /// `dnsZone`.
    pub dns_zone: &'a str,
    /// `databaseFormat`.
    pub update_policy: UpdatePolicy,
    /// The server collation.
    pub collation: Collation,
    /// Everything else.
    pub properties: &'a ManagedInstanceProperties,
    /// Where it is in its life.
    pub state: InstanceState,
}

impl ManagedInstanceProperties {
    /// The properties of an instance of which nothing else is said.
    pub fn new(resource_group: Name, location: &str) -> Self {
        Self {
            resource_group,
            location: location.to_owned(),
            tags: Tags::new(),
            sku: Sku::GP_GEN5,
            v_cores: 4,
            storage_gb: 32,
            subnet: None,
            address: None,
            administrator_login: String::new(),
            license_type: "LicenseIncluded".to_owned(),
            timezone: "UTC".to_owned(),
            public_data_endpoint: false,
            proxy_override: "Default".to_owned(),
            minimal_tls_version: "1.2".to_owned(),
            zone_redundant: false,
            next_gen: false,
            backup_redundancy: "Geo".to_owned(),
            maintenance_configuration: None,
            hybrid_secondary_usage: "Active".to_owned(),
            pricing_model: "Regular".to_owned(),
            identity: None,
            administrator: None,
            created: Timestamp::default(),
        }
    }
}

impl InstanceState {
    /// `state`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Ready => "Ready",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
        }
    }
}

impl World {
    /// The managed instance of this name, in any group, also while it is being created.
    pub fn managed_instance_view(&self, name: &str) -> Option<ManagedInstanceView<'_>> {
        if let Some(engine) = self.managed_instance(name) {
            return self.view_of(engine);
        }
        self.azure
            .creating
            .get(&Name::new(name))
            .map(|new| new.view())
    }

    /// All managed instances, in the order of their names.
    pub fn managed_instance_views(&self) -> Vec<ManagedInstanceView<'_>> {
        let engines = self
            .instances
            .values()
            .filter_map(|engine| self.view_of(engine));
        let creating = self.azure.creating.values().map(|new| new.view());
        let mut all: Vec<_> = engines.chain(creating).collect();
        all.sort_by_key(|view| view.name);
        all
    }

    fn view_of<'a>(&'a self, engine: &'a Arc<Instance>) -> Option<ManagedInstanceView<'a>> {
        let managed = engine.as_managed_instance()?;
        Some(ManagedInstanceView {
            engine: Some(engine),
            name: &engine.name,
            dns_zone: &managed.dns_zone,
            update_policy: managed.update_policy,
            collation: engine.collation,
            properties: &managed.properties,
            state: self.state_of(engine.id),
        })
    }

    /// Whether an instance is down with its region.
    pub(crate) fn is_lost(&self, instance: InstanceId) -> bool {
        let found = self.instance(instance);
        found.is_some_and(|found| found.as_managed_instance().is_some_and(|it| it.lost))
    }

    pub(super) fn state_of(&self, instance: InstanceId) -> InstanceState {
        let mut states = self
            .azure
            .pending
            .values()
            .filter_map(|pending| match pending {
                Pending::UpdateInstance(id, _) if *id == instance => Some(InstanceState::Updating),
                Pending::DeleteInstance(id) if *id == instance => Some(InstanceState::Deleting),
                Pending::StopInstance(id) if *id == instance => Some(InstanceState::Stopping),
                Pending::StartInstance(id) if *id == instance => Some(InstanceState::Starting),
                // A guess: no state of its own is published for it.
                Pending::FailOverInstance(id) if *id == instance => Some(InstanceState::Updating),
                _ => None,
            });
        states.next().unwrap_or_else(|| {
            let engine = self.instance(instance);
            match engine.map(|engine| engine.service) {
                Some(ServiceState::Stopped) if !self.is_lost(instance) => InstanceState::Stopped,
                _ => InstanceState::Ready,
            }
        })
    }
}

impl ManagedInstanceView<'_> {
    /// `fullyQualifiedDomainName`.
    pub fn fqdn(&self) -> String {
        format!("{}.{}.database.windows.net", self.name, self.dns_zone)
    }
}

/// Starts an operation about a managed instance or one of its children (`tail`, such as `/databases/db`).
pub(super) fn start(
    world: &mut World,
    (word, stem): (&'static str, &'static str),
    name: &Name,
    properties: &ManagedInstanceProperties,
    tail: &str,
) -> OperationId {
    let resource = ResourceRef {
        resource_group: properties.resource_group.to_string(),
        location: properties.location.clone(),
        path: format!("Microsoft.Sql/managedInstances/{name}{tail}"),
    };
    world.start_operation(word, stem, resource)
}

/// The same for an instance with an engine.
pub(super) fn start_on(
    world: &mut World,
    words: (&'static str, &'static str),
    instance: InstanceId,
    tail: &str,
) -> OperationId {
    let (name, properties) = facts(world, instance);
    start(world, words, &name, &properties, tail)
}

/// An operation on a managed instance can begin only when no other one changes it.
pub(crate) fn not_busy(world: &World, instance: InstanceId) -> Result<(), AzureRefusal> {
    let name = || facts(world, instance).0.to_string();
    match world.state_of(instance) {
        // Nobody can do anything with what is lost (guess: what the service says of it).
        InstanceState::Ready if world.is_lost(instance) => {
            Err(AzureRefusal::InstanceBusy { name: name() })
        }
        InstanceState::Ready => Ok(()),
        InstanceState::Creating | InstanceState::Updating | InstanceState::Deleting => {
            Err(AzureRefusal::InstanceBusy { name: name() })
        }
        InstanceState::Stopping | InstanceState::Stopped => {
            Err(AzureRefusal::InstanceStopped { name: name() })
        }
        InstanceState::Starting => Err(AzureRefusal::InstanceStarting { name: name() }),
    }
}

pub(super) fn facts(world: &World, instance: InstanceId) -> (Name, Arc<ManagedInstanceProperties>) {
    let instance = world
        .instance(instance)
        .expect("instance ids come from the world");
    let managed = instance
        .as_managed_instance()
        .expect("only ids of managed instances are asked for");
    (instance.name.clone(), Arc::clone(&managed.properties))
}
