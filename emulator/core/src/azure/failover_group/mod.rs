//! Instance failover groups (`Microsoft.Sql/locations/instanceFailoverGroups`): two managed instances of two regions, of which one has
//! the data of the other.
//!
//! What ARM keeps of a group is here; what happens between the instances is in `geo`. Who is primary is said there and nowhere else.
//! Documented in "Failover groups overview & best practices" and "Configure a failover group" for managed instances.

mod delete;
mod failover;
mod laws;
mod write;

use std::sync::Arc;

use super::Pending;
use crate::ids::{GroupId, InstanceId, OperationId};
use crate::instance::Instance;
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{FailoverGroupRefusal, Refusal};
use crate::replica::FollowPhase;
use crate::world::World;

pub use delete::DeleteFailoverGroup;
pub use failover::{FailOverGroup, GroupFailover};
pub(crate) use laws::{failover_groups_have_sets, members_have_one_group_and_no_link};
pub use write::{FailoverGroupSettings, WriteFailoverGroup};

/// A failover group.
#[derive(Clone, Debug, PartialEq)]
pub struct FailoverGroup {
    /// The hidden availability group of both instances, which replicates.
    pub id: GroupId,
    /// Its name, which is a name in the DNS zone of its instances.
    pub name: Name,
    /// Its two instances, in the order in which it was made.
    pub members: [InstanceId; 2],
    /// When it fails over by itself.
    pub policy: FailoverPolicy,
    /// `readOnlyEndpoint.failoverPolicy`: whether readers go to the primary when the secondary is lost.
    pub readers_follow: bool,
    /// What the secondary is for.
    pub secondary_type: SecondaryType,
}

/// `readWriteEndpoint.failoverPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverPolicy {
    /// A person decides.
    Manual,
    /// The service does, by force, once the primary has been down for so many minutes.
    Automatic {
        /// `failoverWithDataLossGracePeriodMinutes`.
        grace: u32,
    },
}

/// `secondaryType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondaryType {
    /// It takes readers.
    Geo,
    /// It waits for a disaster, and needs no licence. What it lets clients do is the same.
    Standby,
}

/// Where a failover group is asked about: each region of it has the resource, in the resource group of its instance there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailoverGroupPlace {
    /// The region, normalised.
    pub location: String,
    /// The resource group.
    pub resource_group: Name,
    /// Its name.
    pub name: Name,
}

/// A failover group as it stands.
#[derive(Clone, Copy, Debug)]
pub struct FailoverGroupView<'w> {
    /// What was asked for.
    pub group: &'w Arc<FailoverGroup>,
    /// The primary.
    pub primary: &'w Arc<Instance>,
    /// The secondary.
    pub secondary: &'w Arc<Instance>,
    /// `replicationState`.
    pub state: &'static str,
}

/// What an operation does to a failover group when it ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// It begins to replicate.
    Create(FailoverGroup),
    /// It has other settings.
    Update(FailoverGroupSettings),
    /// Both instances stand alone.
    Delete,
    /// The other instance becomes primary.
    FailOver(InstanceId, GroupFailover),
}

/// `replicationState` while the instances do not hear each other (guess; the other two are in published examples).
const LOST: &str = "SUSPENDED";
const STEM: &str = "instanceFailoverGroup";

impl SecondaryType {
    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Geo => "Geo",
            Self::Standby => "Standby",
        }
    }
}

impl FailoverGroup {
    /// Whether an instance is in it.
    pub fn has(&self, instance: InstanceId) -> bool {
        self.members.contains(&instance)
    }

    /// The other instance.
    pub fn other(&self, instance: InstanceId) -> InstanceId {
        match self.members {
            [one, other] if one == instance => other,
            [one, _] => one,
        }
    }
}

impl<'w> FailoverGroupView<'w> {
    /// Where its listener leads to: readers to the secondary, and to the primary while that is lost if they follow (guess: as soon as the
    /// connection is given up).
    pub fn listener(&self, reads: bool) -> &'w Arc<Instance> {
        let lost = self.state == LOST;
        match reads && !(lost && self.group.readers_follow) {
            true => self.secondary,
            false => self.primary,
        }
    }
}

impl World {
    /// The failover groups, as they stand.
    pub fn failover_groups(&self) -> impl Iterator<Item = FailoverGroupView<'_>> + '_ {
        let groups = self.azure.failover_groups.values();
        groups.filter_map(|group| self.failover_group_view(group))
    }

    /// The failover group of this name.
    pub fn failover_group(&self, name: &Name) -> Option<FailoverGroupView<'_>> {
        self.failover_group_view(self.azure.failover_groups.get(name)?)
    }

    /// The failover group that an instance is in.
    pub fn failover_group_of(&self, instance: InstanceId) -> Option<FailoverGroupView<'_>> {
        self.failover_groups().find(|view| view.group.has(instance))
    }

    /// The failover group of a place, if one of its instances is there.
    pub fn failover_group_at(&self, place: &FailoverGroupPlace) -> Option<FailoverGroupView<'_>> {
        let found = self.failover_group(&place.name)?;
        let mut members = [found.primary, found.secondary].into_iter();
        members.any(|it| is_at(it, place)).then_some(found)
    }

    fn failover_group_view<'w>(
        &'w self,
        group: &'w Arc<FailoverGroup>,
    ) -> Option<FailoverGroupView<'w>> {
        let set = self.replica_sets.get(&group.id)?;
        Some(FailoverGroupView {
            group,
            primary: self.instance(set.primary)?,
            secondary: self.instance(group.other(set.primary))?,
            state: self.replication_state(group),
        })
    }

    /// `replicationState`.
    fn replication_state(&self, group: &FailoverGroup) -> &'static str {
        let set = self.replica_sets.get(&group.id);
        let Some(secondary) = set.and_then(|set| set.secondary(group.other(set.primary))) else {
            return LOST;
        };
        if !secondary.connection.is_live() {
            return LOST;
        }
        let mut phases = secondary.databases.values().map(|it| it.phase);
        match phases.all(FollowPhase::is_replicating) {
            true => "CATCH_UP",
            false => "SEEDING",
        }
    }

    /// Whether an instance is in a failover group, or is about to be.
    pub(crate) fn is_geo_replicated(&self, instance: InstanceId) -> bool {
        let mut groups = self.azure.failover_groups.values();
        groups.any(|group| group.has(instance))
            || self.azure.pending.values().any(|pending| {
                matches!(pending, Pending::FailoverGroup(_, change)
                    if matches!(&**change, Change::Create(group) if group.has(instance)))
            })
    }
}

/// Whether a managed instance is in the region and resource group of a place.
fn is_at(instance: &Instance, place: &FailoverGroupPlace) -> bool {
    instance.as_managed_instance().is_some_and(|managed| {
        managed.properties.location == place.location
            && managed.properties.resource_group == place.resource_group
    })
}

/// What an operation does when its time has come.
pub(super) fn finish(world: &mut World, name: &Name, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::Create(group) => write::finish_creation(world, group),
        Change::Update(settings) => {
            write::finish_update(world, name, settings);
            Ok(())
        }
        Change::Delete => {
            delete::finish(world, name);
            Ok(())
        }
        Change::FailOver(to, kind) => failover::finish(world, name, *to, *kind),
    }
}

/// An instance is gone, and its group with it: the other one goes on alone.
pub(super) fn forget(world: &mut World, instance: InstanceId) {
    let mut groups = world.azure.failover_groups.values();
    let found = groups.find(|group| group.has(instance));
    if let Some(name) = found.map(|group| group.name.clone()) {
        delete::finish(world, &name);
    }
}

/// An operation about a group. Its words follow those that links have, which the service makes as failover groups (guess).
fn start(
    world: &mut World,
    word: &'static str,
    name: &Name,
    at: InstanceId,
    change: Change,
) -> OperationId {
    let (_, properties) = super::managed_instance::facts(world, at);
    let location = properties.location.clone();
    let resource = ResourceRef {
        resource_group: properties.resource_group.to_string(),
        path: path(&location, name),
        location,
    };
    let operation = world.start_operation(word, STEM, resource);
    let pending = Pending::FailoverGroup(name.clone(), Arc::new(change));
    let transition = pending.transition();
    world.when_over(operation, transition, pending);
    operation
}

/// No other operation changes the group.
fn not_changing(world: &World, name: &Name) -> Result<(), Refusal> {
    let mut pending = world.azure.pending.values();
    match pending.any(|it| matches!(it, Pending::FailoverGroup(other, _) if other == name)) {
        false => Ok(()),
        true => {
            let group = name.to_string();
            Err(FailoverGroupRefusal::Busy { group }.into())
        }
    }
}

fn path(location: &str, name: &Name) -> String {
    format!("Microsoft.Sql/locations/{location}/instanceFailoverGroups/{name}")
}
