//! Changing a managed instance: PATCH, and PUT of one that is there.

use std::sync::Arc;

use super::settings::invalid;
use super::{InstanceSettings, ManagedInstanceProperties, not_busy, start_on};
use crate::azure::Pending;
use crate::collation::Collation;
use crate::command::{Request, move_to_another_node};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::link::Phase;
use crate::principal::LoginKind;
use crate::refusal::{AzureRefusal, InstanceRefusal, Refusal};
use crate::version::UpdatePolicy;
use crate::world::World;

/// PATCH of a managed instance.
#[derive(Clone, Debug)]
pub struct UpdateManagedInstance {
    /// The instance.
    pub instance: InstanceId,
    /// What is said of it.
    pub settings: InstanceSettings,
}

/// What an instance is to become.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstanceChange {
    properties: Arc<ManagedInstanceProperties>,
    update_policy: UpdatePolicy,
    password: Option<Arc<str>>,
    /// It goes to other hardware, which ends with a failover.
    scales: bool,
}

impl Request for UpdateManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let mut ids = world.ids.clone();
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let managed = instance
            .as_managed_instance()
            .expect("asked for a managed instance");
        let settings = self.settings;
        let old = &managed.properties;
        if let Some(wanted) = settings
            .location
            .as_ref()
            .filter(|wanted| **wanted != old.location)
        {
            return Err(AzureRefusal::LocationChanged {
                name: instance.name.to_string(),
                location: old.location.clone(),
                resource_group: old.resource_group.to_string(),
                wanted: wanted.clone(),
            }
            .into());
        }
        let mut properties = ManagedInstanceProperties::clone(old);
        settings.put_into(&mut properties, || ids.next_guid())?;
        if let Some(subnet) = settings.subnet(world.subscription)?
            && Some(&subnet) != old.subnet.as_ref()
        {
            return Err(InstanceRefusal::SubnetFixed.into());
        }
        if let Some(name) = &settings.collation
            && Collation::named(name) != Some(instance.collation)
        {
            return Err(InstanceRefusal::CollationFixed.into());
        }
        for (parameter, wanted, have) in [
            (
                "administratorLogin",
                &settings.administrator_login,
                &old.administrator_login,
            ),
            ("timezoneId", &settings.timezone, &old.timezone),
        ] {
            if let Some(wanted) = wanted
                .as_ref()
                .filter(|wanted| !wanted.eq_ignore_ascii_case(have))
            {
                return Err(invalid(parameter, wanted).into());
            }
        }
        settings.check_password(&old.administrator_login)?;
        let update_policy = settings.policy()?.unwrap_or(managed.update_policy);
        if update_policy < managed.update_policy {
            return Err(AzureRefusal::UpdatePolicyLowered.into());
        }
        not_busy(world, self.instance)?;
        if let (Some(partner), Some(subnet)) = (&settings.dns_zone_partner, &old.subnet) {
            world.dns_zone_of_new(subnet, Some(partner))?;
        }
        let scales = scales(old, &properties);
        if scales && let Some(link) = link_in_creation(world, self.instance) {
            return Err(InstanceRefusal::HasLink { link }.into());
        }
        let resource = format!("Microsoft.Sql/managedInstances/{}", instance.name);
        world.ids = ids;
        let words = ("UpsertManagedServer", "managedInstance");
        let operation = start_on(world, words, self.instance, "");
        world.record(EventKind::ResourceWritten { resource });
        let change = InstanceChange {
            properties: Arc::new(properties),
            update_policy,
            password: settings.password,
            scales,
        };
        let pending = Pending::UpdateInstance(self.instance, Arc::new(change));
        world.when_over(operation, Transition::InstanceUpdate, pending);
        Ok(operation)
    }
}

/// Whether an instance of other properties needs another node: more cores, another tier or generation. More storage does
/// not (documented in "Management operations").
fn scales(old: &ManagedInstanceProperties, new: &ManagedInstanceProperties) -> bool {
    old.v_cores != new.v_cores || old.sku != new.sku || old.zone_redundant != new.zone_redundant
}

/// A link whose database is not there yet: scaling would disturb the seeding (`OperationCanNotStartDueToMiLink`).
fn link_in_creation(world: &World, instance: InstanceId) -> Option<String> {
    let mut links = world.links.values();
    let found = links.find(|link| {
        let creating = matches!(
            link.phase,
            Phase::Initiating | Phase::Connected | Phase::Seeding | Phase::Recovering { .. }
        );
        link.id.instance == instance && creating
    });
    let mut groups = world.link_groups.values();
    let group = groups.find(|group| group.id.instance == instance && group.coming.is_some());
    found
        .map(|link| link.id.name.to_string())
        .or_else(|| group.map(|group| group.id.name.to_string()))
}

/// The instance becomes what it was asked to be.
pub(crate) fn finish_update(world: &mut World, id: InstanceId, change: &InstanceChange) {
    if world.instance(id).is_none() {
        return;
    }
    let instance = world.instance_mut(id);
    if let Some(managed) = instance.as_managed_instance_mut() {
        let (address, subnet) = (
            managed.properties.address,
            managed.properties.subnet.clone(),
        );
        managed.properties = Arc::clone(&change.properties);
        // The platform may have moved the endpoint while the change was on its way.
        if managed.properties.subnet == subnet && managed.properties.address != address {
            Arc::make_mut(&mut managed.properties).address = address;
        }
        managed.update_policy = change.update_policy;
    }
    if change.scales {
        move_to_another_node(world, id);
    }
    let instance = world.instance_mut(id);
    if let Some(new) = &change.password {
        let login = instance
            .login(&change.properties.administrator_login)
            .map(|login| login.id);
        if let Some(login) = login.and_then(|id| instance.logins.get_mut(&id)) {
            Arc::make_mut(login).kind = LoginKind::Sql {
                password: Arc::clone(new),
            };
        }
    }
}
