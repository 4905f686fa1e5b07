//! PUT of a failover group: everything that is checked of it. The codes are those of the published definition.

use std::sync::Arc;

use super::{
    Change, FailoverGroup, FailoverGroupPlace, FailoverPolicy, SecondaryType, is_at, not_changing,
    path, start,
};
use crate::azure::ResourceKey;
use crate::azure::managed_instance::not_busy;
use crate::azure::resource_group::writable_group;
use crate::command::Request;
use crate::event::EventKind;
use crate::geo;
use crate::ids::{GroupId, InstanceId, OperationId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FailoverGroupRefusal as R, Refusal};
use crate::world::World;

/// PUT of a failover group.
#[derive(Clone, Debug)]
pub struct WriteFailoverGroup {
    /// Where it is: in the region of its primary.
    pub place: FailoverGroupPlace,
    /// `primaryManagedInstanceId`.
    pub primary: ResourceKey,
    /// `partnerManagedInstanceId`.
    pub partner: ResourceKey,
    /// The partner's region, normalised.
    pub partner_region: String,
    /// What can be changed later.
    pub settings: FailoverGroupSettings,
}

/// What can be changed of a failover group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailoverGroupSettings {
    /// When it fails over by itself.
    pub policy: FailoverPolicy,
    /// Whether readers go to the primary when the secondary is lost.
    pub readers_follow: bool,
    /// What the secondary is for.
    pub secondary_type: SecondaryType,
}

/// The least grace period (documented: one hour).
pub(crate) const LEAST_GRACE: u32 = 60;
/// The most (guess: none is published, and a number of minutes has to end somewhere): a year.
const MOST_GRACE: u32 = 525_600;

impl Request for WriteFailoverGroup {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        writable_group(world, &self.place.resource_group)?;
        if let FailoverPolicy::Automatic { grace } = self.settings.policy {
            if grace < LEAST_GRACE {
                let least = LEAST_GRACE;
                return Err(R::GraceTooShort { least }.into());
            }
            if grace > MOST_GRACE {
                return Err(R::GraceTooLong { most: MOST_GRACE }.into());
            }
        }
        not_changing(world, &self.place.name)?;
        if self.primary == self.partner {
            return Err(R::SameInstance.into());
        }
        let primary = member(world, &self.primary)?;
        let partner = member(world, &self.partner)?;
        if let Some(found) = world.failover_group(&self.place.name)
            && (found.group.has(primary.id) || is_at(found.primary, &self.place))
        {
            let known = [found.primary.id, found.secondary.id];
            let (name, at) = (found.group.name.clone(), found.primary.id);
            if !is_at(found.primary, &self.place) {
                return Err(R::OnSecondary.into());
            }
            if known != [primary.id, partner.id] {
                return Err(R::PairFixed.into());
            }
            let change = Change::Update(self.settings);
            return Ok(start(
                world,
                "UpdateManagedFailoverGroup",
                &name,
                at,
                change,
            ));
        }
        let (one, other) = (primary.id, partner.id);
        self.check_new(world, primary, partner)?;
        ready(world, one)?;
        ready(world, other)?;
        check_content(world, one, other)?;
        let id = GroupId(world.ids.next_guid());
        let FailoverGroupSettings {
            policy,
            readers_follow,
            secondary_type,
        } = self.settings;
        let group = FailoverGroup {
            id,
            name: self.place.name.clone(),
            members: [one, other],
            policy,
            readers_follow,
            secondary_type,
        };
        let change = Change::Create(group);
        let name = self.place.name;
        Ok(start(
            world,
            "CreateManagedFailoverGroup",
            &name,
            one,
            change,
        ))
    }
}

impl WriteFailoverGroup {
    fn check_new(&self, world: &World, primary: &Instance, partner: &Instance) -> Result<(), R> {
        let name = &self.place.name;
        if !is_dns_label(name.as_str()) {
            let group = name.to_string();
            return Err(R::BadName { group });
        }
        if !is_at(primary, &self.place) {
            return Err(R::PrimaryElsewhere);
        }
        let (Some(ours), Some(theirs)) =
            (primary.as_managed_instance(), partner.as_managed_instance())
        else {
            return Err(R::PrimaryElsewhere);
        };
        let (here, there) = (&ours.properties, &theirs.properties);
        if there.location != self.partner_region {
            return Err(R::WrongPartnerRegion);
        }
        if here.location == there.location {
            return Err(R::SameRegion);
        }
        for instance in [primary, partner] {
            if world.is_geo_replicated(instance.id) {
                let instance = instance.name.to_string();
                return Err(R::Member { instance });
            }
        }
        let taken = world.failover_group(name).is_some()
            || world.managed_instance_view(name.as_str()).is_some();
        if taken {
            let group = name.to_string();
            return Err(R::NameInUse { group });
        }
        let differs = |what| Err(R::Differs { what });
        if ours.dns_zone != theirs.dns_zone {
            return differs("DNS zone");
        }
        if here.sku.tier != there.sku.tier {
            return differs("service tier");
        }
        if here.storage_gb != there.storage_gb {
            return Err(R::SizesDiffer);
        }
        if ours.update_policy != theirs.update_policy {
            return differs("update policy");
        }
        if primary.collation != partner.collation {
            return differs("collation");
        }
        match geo::obstacle(world, primary, partner) {
            None => Ok(()),
            Some(reason) => Err(R::NoWay { reason }),
        }
    }
}

/// No link is on either instance, and nothing on the one that is to become secondary.
fn check_content(world: &World, primary: InstanceId, partner: InstanceId) -> Result<(), R> {
    for side in [primary, partner] {
        let mut links = world.links.keys().chain(world.link_groups.keys());
        if links.any(|link| link.instance == side) {
            let instance = world.instance(side);
            let instance = instance.map_or_else(String::new, |it| it.name.to_string());
            return Err(R::HasLink { instance });
        }
    }
    let databases = world.instance(partner).map(|it| it.databases.values());
    let mut databases = databases.into_iter().flatten();
    match databases.find(|database| !database.is_system()) {
        None => Ok(()),
        Some(database) => {
            let database = database.name.to_string();
            Err(R::SecondaryNotEmpty { database })
        }
    }
}

/// The instances replicate from now on.
pub(super) fn finish_creation(world: &mut World, group: &FailoverGroup) -> Result<(), Refusal> {
    let [primary, partner] = group.members;
    for member in group.members {
        if world.instance(member).is_none() {
            let server = group.name.to_string();
            return Err(R::ServerNotFound { server }.into());
        }
    }
    check_content(world, primary, partner)?;
    geo::pair_up(world, group.id, &group.name, primary, partner);
    let name = group.name.clone();
    let (_, properties) = crate::azure::managed_instance::facts(world, primary);
    let resource = path(&properties.location, &name);
    world
        .azure
        .failover_groups
        .insert(name, Arc::new(group.clone()));
    world.record(EventKind::ResourceWritten { resource });
    Ok(())
}

/// The group has other settings.
pub(super) fn finish_update(world: &mut World, name: &Name, settings: &FailoverGroupSettings) {
    let Some(found) = world.azure.failover_groups.get_mut(name) else {
        return;
    };
    let group = Arc::make_mut(found);
    group.policy = settings.policy;
    group.readers_follow = settings.readers_follow;
    group.secondary_type = settings.secondary_type;
    let id = group.id;
    // A grace period that was running begins anew.
    geo::forget_grace(world, id);
}

fn member<'w>(world: &'w World, key: &ResourceKey) -> Result<&'w Arc<Instance>, Refusal> {
    let server = key.name.to_string();
    let view = world.managed_instance_view(key.name.as_str());
    let Some(view) = view.filter(|view| view.properties.resource_group == key.group) else {
        return Err(R::ServerNotFound { server }.into());
    };
    let busy = R::InstanceBusy { name: server };
    Ok(view.engine.ok_or(busy)?)
}

/// An instance can be taken into a group: it runs, and nothing else changes it.
fn ready(world: &World, instance: InstanceId) -> Result<(), Refusal> {
    match not_busy(world, instance) {
        Err(AzureRefusal::InstanceBusy { name }) => Err(R::InstanceBusy { name }.into()),
        other => Ok(other?),
    }
}

/// The name of a group is a name in the DNS, with the rules of an instance's (documented for az: lower-case letters, digits and `-`).
fn is_dns_label(name: &str) -> bool {
    super::super::check_name("Microsoft.Sql/managedInstances", name).is_ok()
}
