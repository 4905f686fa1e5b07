//! PUT of a managed instance: making a new one, or changing one that is there.

use std::sync::Arc;

use super::settings::invalid;
use super::{
    InstanceSettings, InstanceState, ManagedInstanceProperties, ManagedInstanceView,
    UpdateManagedInstance, start,
};
use crate::azure::resource_group::writable_group;
use crate::azure::subnet::MANAGED_INSTANCE_SERVICE;
use crate::azure::{Pending, ResourceKey, SubnetId, check_name};
use crate::certificate::CertificateFacts;
use crate::collation::Collation;
use crate::command::{CreateManagedInstance, Request};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, InstanceRefusal, Refusal};
use crate::version::UpdatePolicy;
use crate::world::World;

/// PUT of a managed instance.
#[derive(Clone, Debug)]
pub struct WriteManagedInstance {
    /// Its resource group.
    pub group: Name,
    /// Its name.
    pub name: Name,
    /// What is said of it.
    pub settings: InstanceSettings,
    /// The certificate of its mirroring endpoint, made for its domain name; a new instance in a subnet takes it.
    pub endpoint_certificate: Option<CertificateFacts>,
}

/// A managed instance that is being created.
#[derive(Clone, Debug)]
pub(crate) struct NewInstance {
    request: CreateManagedInstance,
    operation: OperationId,
}

/// There is at most one of each operation.
impl PartialEq for NewInstance {
    fn eq(&self, other: &Self) -> bool {
        self.operation == other.operation
    }
}

/// The least subnet that managed instances fit in: 32 addresses.
const LONGEST_PREFIX: u8 = 27;
/// Login names that the service keeps to itself.
const RESERVED_LOGINS: [&str; 9] = [
    "sa",
    "admin",
    "administrator",
    "root",
    "guest",
    "dbmanager",
    "dbo",
    "public",
    "loginmanager",
];

impl Request for WriteManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        writable_group(world, &self.group)?;
        if let Some(found) = world.managed_instance_view(self.name.as_str()) {
            return match found.engine {
                _ if found.properties.resource_group != self.group => {
                    let name = self.name.to_string();
                    Err(AzureRefusal::ServerNameTaken { name }.into())
                }
                None => {
                    let name = self.name.to_string();
                    Err(AzureRefusal::InstanceBusy { name }.into())
                }
                Some(engine) => {
                    let instance = engine.id;
                    let settings = self.settings;
                    UpdateManagedInstance { instance, settings }.apply(world)
                }
            };
        }
        // They are names in one DNS zone.
        if world.failover_group(&self.name).is_some() {
            let name = self.name.to_string();
            return Err(AzureRefusal::ServerNameTaken { name }.into());
        }
        let request = self.check(world)?;
        let words = ("UpsertManagedServer", "managedInstance");
        let name = request.name.clone();
        let operation = start(world, words, &name, &request.properties, "");
        world
            .azure
            .creating
            .insert(name.clone(), Arc::new(NewInstance { request, operation }));
        world.record(EventKind::ResourceWritten {
            resource: format!("Microsoft.Sql/managedInstances/{name}"),
        });
        let pending = Pending::CreateInstance(name);
        world.when_over(operation, Transition::InstanceCreate, pending);
        Ok(operation)
    }
}

impl WriteManagedInstance {
    fn check(self, world: &mut World) -> Result<CreateManagedInstance, Refusal> {
        let settings = self.settings;
        if check_name("Microsoft.Sql/managedInstances", self.name.as_str()).is_err() {
            return Err(InstanceRefusal::InvalidServerName.into());
        }
        let location = settings.location.clone();
        let location = location.ok_or_else(|| missing("location"))?;
        let mut properties = ManagedInstanceProperties::new(self.group, &location);
        properties.created = world.now();
        let mut ids = world.ids.clone();
        settings.put_into(&mut properties, || ids.next_guid())?;
        world.ids = ids;
        let subnet = settings.subnet(world.subscription)?;
        let subnet =
            subnet.ok_or_else(|| InstanceRefusal::InvalidSubnetId { id: String::new() })?;
        check_subnet(world, &subnet, &location)?;
        let dns_zone = world.dns_zone_of_new(&subnet, settings.dns_zone_partner.as_ref())?;
        let certificate = self.endpoint_certificate;
        let endpoint_certificate =
            certificate.expect("whoever names a subnet brings a certificate");
        properties.subnet = Some(subnet);
        let entra_only = properties
            .administrator
            .as_ref()
            .is_some_and(|admin| admin.entra_only);
        let login = match settings.administrator_login.clone() {
            Some(login) => login,
            None if entra_only => "CloudSA".to_owned(),
            None => return Err(missing("administratorLogin").into()),
        };
        check_login(&login)?;
        if settings.password.is_none() && !entra_only {
            return Err(missing("administratorLoginPassword").into());
        }
        settings.check_password(&login)?;
        let same = properties
            .administrator
            .as_ref()
            .filter(|a| a.login.eq_ignore_ascii_case(&login));
        if same.is_some() {
            return Err(InstanceRefusal::EntraAdministratorIsSqlAdministrator.into());
        }
        properties.administrator_login.clone_from(&login);
        let collation = match &settings.collation {
            None => Collation::DEFAULT,
            Some(name) => Collation::named(name)
                .ok_or_else(|| InstanceRefusal::InvalidCollation { name: name.clone() })?,
        };
        if let Some(timezone) = &settings.timezone
            && !timezone.eq_ignore_ascii_case("UTC")
        {
            let what = format!("timezoneId '{timezone}': only UTC");
            return Err(AzureRefusal::NotEmulated { what }.into());
        }
        // The service's default is the always-up-to-date policy in newer regions; SQLServer2022 in the rest (documented).
        let update_policy = settings.policy()?.unwrap_or(UpdatePolicy::SqlServer2022);
        Ok(CreateManagedInstance {
            name: self.name,
            dns_zone,
            update_policy,
            endpoint_certificate,
            collation,
            administrator: Name::new(&login),
            // Entra-only: no password opens the administrator's login.
            password: settings
                .password
                .unwrap_or_else(|| world.ids.next_guid().to_string().into()),
            properties,
        })
    }
}

impl World {
    /// The DNS zone of a new instance: that of the instances in its subnet, which are in one cluster with it; else that of the partner
    /// that it names; else one of its subnet's own (documented).
    ///
    /// # Errors
    ///
    /// The partner is not there, or the instances in the subnet have another zone.
    pub fn dns_zone_of_new(
        &self,
        subnet: &SubnetId,
        partner: Option<&ResourceKey>,
    ) -> Result<String, InstanceRefusal> {
        let views = self.managed_instance_views();
        let mut neighbours = views.iter();
        let there = neighbours.find(|view| view.properties.subnet.as_ref() == Some(subnet));
        let there = there.map(|view| view.dns_zone.to_owned());
        let Some(key) = partner else {
            return Ok(there.unwrap_or_else(|| self.azure.dns_zone(subnet)));
        };
        let name = || key.name.to_string();
        let found = views
            .iter()
            .find(|view| *view.name == key.name && view.properties.resource_group == key.group);
        let found = found.ok_or_else(|| InstanceRefusal::UnknownZonePartner { partner: name() })?;
        match there {
            Some(zone) if zone != found.dns_zone => {
                Err(InstanceRefusal::ZoneFixed { partner: name() })
            }
            _ => Ok(found.dns_zone.to_owned()),
        }
    }
}

impl NewInstance {
    pub(crate) fn group(&self) -> &Name {
        &self.request.properties.resource_group
    }

    pub(crate) fn properties(&self) -> &ManagedInstanceProperties {
        &self.request.properties
    }

    pub(crate) fn view(&self) -> ManagedInstanceView<'_> {
        ManagedInstanceView {
            engine: None,
            name: &self.request.name,
            dns_zone: &self.request.dns_zone,
            update_policy: self.request.update_policy,
            collation: self.request.collation,
            properties: &self.request.properties,
            state: InstanceState::Creating,
        }
    }
}

/// The instance gets its engine.
pub(crate) fn finish_creation(world: &mut World, name: &Name) -> Result<(), Refusal> {
    if let Some(new) = world.azure.creating.remove(name) {
        new.request.clone().apply(world)?;
    }
    Ok(())
}

fn check_subnet(world: &World, id: &SubnetId, location: &str) -> Result<(), AzureRefusal> {
    let unknown = || InstanceRefusal::UnknownSubnet {
        subnet: id.to_arm_id(world.subscription),
    };
    let network = world
        .azure
        .virtual_networks
        .get(&id.network_key())
        .ok_or_else(unknown)?;
    let subnet = network.subnets.get(&id.subnet).ok_or_else(unknown)?;
    if network.location != location {
        return Err(invalid("subnetId", id.to_arm_id(world.subscription)));
    }
    let delegated = subnet
        .settings
        .delegations
        .iter()
        .any(|(_, service)| service.eq_ignore_ascii_case(MANAGED_INSTANCE_SERVICE));
    if !delegated {
        return Err(AzureRefusal::SubnetNotDelegated {
            subnet: id.subnet.to_string(),
        });
    }
    if subnet.settings.prefix.length() > LONGEST_PREFIX {
        return Err(InstanceRefusal::SubnetTooSmall.into());
    }
    Ok(())
}

fn check_login(login: &str) -> Result<(), AzureRefusal> {
    let fits = (1..=128).contains(&login.chars().count())
        && login
            .chars()
            .all(|c| c.is_alphanumeric() || "_-@.#$".contains(c))
        && login.chars().next().is_some_and(char::is_alphabetic)
        && !RESERVED_LOGINS
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(login));
    if fits {
        Ok(())
    } else {
        Err(InstanceRefusal::InvalidLoginName.into())
    }
}

fn missing(parameter: &str) -> AzureRefusal {
    AzureRefusal::MissingParameter {
        parameter: parameter.to_owned(),
    }
}
