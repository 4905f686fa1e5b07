//! PUT of a server trust group: everything that is checked of it, in the order of the published error list.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{TrustGroup, TrustGroupKey, TrustScope};
use crate::azure::managed_instance::not_busy;
use crate::azure::resource_group::writable_group;
use crate::azure::{Pending, ResourceKey, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, Refusal, TrustRefusal};
use crate::world::World;

/// PUT of a trust group. Changing its members is the same with the whole list.
#[derive(Clone, Debug)]
pub struct WriteTrustGroup {
    /// Where it is.
    pub key: TrustGroupKey,
    /// Its region, as written.
    pub location: String,
    /// The instances that are to be in it.
    pub members: Vec<ResourceKey>,
    /// What they may do together.
    pub scopes: BTreeSet<TrustScope>,
}

/// What a trust group is to become.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrustGroupChange {
    key: TrustGroupKey,
    group: Arc<TrustGroup>,
    /// The members' names, for when one is gone.
    names: Vec<Name>,
}

impl TrustGroupChange {
    pub(in crate::azure) fn key(&self) -> &TrustGroupKey {
        &self.key
    }
}

const KIND: &str = "Microsoft.Sql/locations/serverTrustGroups";
/// Trust needs two (documented); how many a group takes is not published, so this is a guess that bounds it.
const FEWEST: usize = 2;
const MOST: usize = 1_000;

impl Request for WriteTrustGroup {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        writable_group(world, &self.key.resource.group)?;
        let found = world.azure.trust.groups.get(&self.key).cloned();
        if found.is_none() {
            check_name(KIND, self.key.resource.name.as_str())?;
        }
        if self.members.len() < FEWEST {
            return Err(TrustRefusal::TooFewMembers.into());
        }
        if self.members.len() > MOST {
            return Err(TrustRefusal::TooManyMembers.into());
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self
            .members
            .iter()
            .find(|name| !seen.insert((*name).clone()))
        {
            return Err(TrustRefusal::DuplicateServer {
                server: twice.name.to_string(),
            }
            .into());
        }
        if self.scopes.is_empty() {
            return Err(TrustRefusal::NoScopes.into());
        }
        if found
            .as_ref()
            .is_some_and(|found| found.scopes != self.scopes)
        {
            return Err(TrustRefusal::ScopesFixed.into());
        }
        not_changing(world, &self.key)?;
        let members = self.members.iter().map(|key| member(world, key));
        let members = members.collect::<Result<Vec<InstanceId>, Refusal>>()?;
        // Who leaves has to be told, too.
        for leaving in found.iter().flat_map(|found| &found.members) {
            ready(world, *leaving)?;
        }
        let group = TrustGroup {
            group: found
                .as_ref()
                .map_or(&self.key.resource.group, |found| &found.group)
                .clone(),
            name: found
                .as_ref()
                .map_or(&self.key.resource.name, |found| &found.name)
                .clone(),
            location: found.map_or(self.location, |found| found.location.clone()),
            members,
            scopes: self.scopes,
        };
        let operation = start(world, "UpsertServerTrustGroup", &self.key, &group);
        let change = TrustGroupChange {
            key: self.key,
            group: Arc::new(group),
            names: self.members.into_iter().map(|key| key.name).collect(),
        };
        let pending = Pending::WriteTrustGroup(Arc::new(change));
        world.when_over(operation, Transition::TrustGroupWrite, pending);
        Ok(operation)
    }
}

/// The members trust each other from now on.
pub(in crate::azure) fn finish_write(
    world: &mut World,
    change: &TrustGroupChange,
) -> Result<(), Refusal> {
    let mut members = change.group.members.iter().zip(&change.names);
    if let Some((_, gone)) = members.find(|(id, _)| world.instance(**id).is_none()) {
        return Err(TrustRefusal::MemberNotFound {
            member: gone.to_string(),
        }
        .into());
    }
    world.azure.trust.change(|groups| {
        groups.insert(change.key.clone(), Arc::clone(&change.group));
    });
    world.record(EventKind::ResourceWritten {
        resource: path(&change.group),
    });
    Ok(())
}

/// An operation about a group. Its words are guesses: none is published.
pub(super) fn start(
    world: &mut World,
    word: &'static str,
    key: &TrustGroupKey,
    group: &TrustGroup,
) -> OperationId {
    let resource = ResourceRef {
        resource_group: group.group.to_string(),
        location: key.location.clone(),
        path: path(group),
    };
    world.start_operation(word, "serverTrustGroup", resource)
}

/// No other operation changes the group.
pub(super) fn not_changing(world: &World, key: &TrustGroupKey) -> Result<(), Refusal> {
    let mut pending = world.azure.pending.values();
    match pending.any(|pending| pending.trust_group() == Some(key)) {
        false => Ok(()),
        true => Err(TrustRefusal::GroupBusy {
            group: key.resource.name.to_string(),
        }
        .into()),
    }
}

/// An instance in the group can hear of a change: it runs, and nothing else changes it.
pub(super) fn ready(world: &World, instance: InstanceId) -> Result<(), Refusal> {
    match not_busy(world, instance) {
        Err(AzureRefusal::InstanceBusy { name }) => {
            Err(TrustRefusal::MemberBusy { member: name }.into())
        }
        other => Ok(other?),
    }
}

fn member(world: &World, key: &ResourceKey) -> Result<InstanceId, Refusal> {
    let member = key.name.to_string();
    let view = world.managed_instance_view(key.name.as_str());
    let Some(view) = view.filter(|view| view.properties.resource_group == key.group) else {
        return Err(TrustRefusal::MemberNotFound { member }.into());
    };
    let Some(engine) = view.engine else {
        return Err(TrustRefusal::MemberBusy { member }.into());
    };
    ready(world, engine.id)?;
    Ok(engine.id)
}

pub(super) fn path(group: &TrustGroup) -> String {
    format!(
        "Microsoft.Sql/locations/{}/serverTrustGroups/{}",
        group.location, group.name
    )
}
