//! How a server joins a group, and how a database that was restored there does.

use std::sync::Arc;

use imbl::OrdMap;

use super::{
    Contact, FollowPhase, ReplicaSet, Secondary, SecondaryId, contact, find, following_mut, half,
    replica_of, seeding, steps,
};
use crate::availability_group::{
    AvailabilityGroup, ClusterType, FailoverMode, GroupDatabase, GroupKind, LocalGroup, Role,
};
use crate::database::{Database, DatabaseState, SecondaryCopy};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::world::World;

/// `ALTER AVAILABILITY GROUP … JOIN`: the server takes over the group's configuration from its primary.
pub(crate) fn join(
    world: &mut World,
    instance: InstanceId,
    name: &Name,
    cluster: Option<ClusterType>,
) -> Result<(), Refusal> {
    let group = name.to_string();
    let server = world
        .instance(instance)
        .expect("instance ids come from the world")
        .clone();
    if server.group(name.as_str()).is_some() {
        return Err(GroupRefusal::Exists { name: group }.into());
    }
    if server.endpoint.is_none() {
        return Err(GroupRefusal::NoEndpoint.into());
    }
    if cluster.is_some() && server.build().major < 14 {
        let what = "CLUSTER_TYPE";
        return Err(GroupRefusal::NotInThisVersion { what }.into());
    }
    let no_contact = || GroupRefusal::NoContactWithPrimary {
        group: group.clone(),
    };
    let (primary, found, local) = primary_for(world, &server, name).ok_or_else(no_contact)?;
    if cluster.unwrap_or(ClusterType::Wsfc) != local.cluster {
        return Err(GroupRefusal::ClusterTypeDiffers { group }.into());
    }
    if local.contained {
        let what = "another replica of a contained availability group";
        return Err(GroupRefusal::NotEmulated { what }.into());
    }
    check_manual(local, [primary, &server])?;
    if local.cluster == ClusterType::Wsfc && primary.cluster != server.cluster {
        return Err(no_contact().into());
    }
    if contact::check_peers(world, local, primary.id, instance).is_err() {
        return Err(no_contact().into());
    }
    let id = SecondaryId {
        group: found.id,
        instance,
    };
    let primary = primary.id;
    let half = LocalGroup {
        role: Role::Secondary,
        databases: Vec::new(),
        may_create_databases: false,
        ..local.clone()
    };
    let half = AvailabilityGroup {
        kind: GroupKind::Local(half),
        ..found.clone()
    };
    world
        .instance_mut(instance)
        .groups
        .insert(id.group, Arc::new(half));
    let set = world.replica_sets.entry(id.group).or_insert_with(|| {
        Arc::new(ReplicaSet {
            group: id.group,
            name: name.clone(),
            primary,
            secondaries: OrdMap::new(),
            failovers: Vec::new(),
        })
    });
    let secondary = Secondary {
        connection: Contact::default(),
        databases: OrdMap::new(),
    };
    Arc::make_mut(set).secondaries.insert(instance, secondary);
    world.record(EventKind::ReplicaJoined {
        instance: server.name.to_string(),
        group,
    });
    steps::connect(world, id);
    Ok(())
}

/// With FAILOVER_MODE = AUTOMATIC on both replicas the cluster would fail over by itself.
pub(crate) fn check_manual(local: &LocalGroup, servers: [&Instance; 2]) -> Result<(), Refusal> {
    let automatic = servers.into_iter().all(|server| {
        let replica = replica_of(local, server);
        replica.is_some_and(|replica| replica.failover_mode == FailoverMode::Automatic)
    });
    match automatic {
        false => Ok(()),
        true => {
            let what = "automatic failover between the replicas of an availability group";
            Err(GroupRefusal::NotEmulated { what }.into())
        }
    }
}

/// The servers that have joined a group of which a server is the primary.
pub(crate) fn joined(world: &World, primary: InstanceId, group: GroupId) -> Vec<Arc<Instance>> {
    let set = world.replica_sets.get(&group);
    let set = set.filter(|set| set.primary == primary);
    let secondaries = set.map(|set| set.secondaries.keys());
    let servers = secondaries.into_iter().flatten();
    servers
        .filter_map(|id| world.instance(*id).cloned())
        .collect()
}

/// The primary that expects a server as a replica of a group, and its half.
fn primary_for<'a>(
    world: &'a World,
    server: &Instance,
    name: &Name,
) -> Option<(&'a Instance, &'a AvailabilityGroup, &'a LocalGroup)> {
    world.instances.values().find_map(|candidate| {
        let group = candidate.group(name.as_str())?;
        let local = group.as_local()?;
        let expects = candidate.id != server.id
            && !candidate.is_managed_instance()
            && local.role == Role::Primary
            && replica_of(local, server).is_some();
        expects.then_some((&**candidate, &**group, local))
    })
}

/// `ALTER DATABASE … SET HADR AVAILABILITY GROUP`: a database that was restored from the primary's backups, and is still
/// restoring, goes on with the primary's log.
pub(crate) fn join_database(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    group: &Name,
) -> Result<(), Refusal> {
    let server = world
        .instance(instance)
        .expect("instance ids come from the world");
    let found = server.databases.get(&database).expect("the caller has it");
    let name = found.name.to_string();
    if found.group.is_some() || found.copy.is_some() {
        let database = name;
        return Err(match found.copy {
            Some(_) => GroupRefusal::AlreadyJoined { database }.into(),
            None => GroupRefusal::OnPrimary { database }.into(),
        });
    }
    let id = server.group(group.as_str()).map(|group| group.id);
    let not_found = || GroupRefusal::NotFound {
        name: group.to_string(),
    };
    let group_id = id.ok_or_else(not_found)?;
    let local = half(world, instance, group_id);
    let local = local.ok_or_else(|| GroupRefusal::IsDistributed {
        group: group.to_string(),
    })?;
    if local.role == Role::Primary {
        return Err(GroupRefusal::OnPrimary { database: name }.into());
    }
    let id = SecondaryId {
        group: group_id,
        instance,
    };
    let no_contact = || GroupRefusal::PrimaryNotActive {
        group: group.to_string(),
    };
    let (set, secondary) = find(world, id).ok_or_else(no_contact)?;
    if !secondary.connection.is_live() {
        return Err(no_contact().into());
    }
    let primary = set.primary;
    let listed = member_of(world, primary, id, &found.name);
    let listed = listed.filter(|(member, _)| secondary.databases.contains_key(member));
    let (member, source) = listed.ok_or_else(|| GroupRefusal::DatabaseNotInGroup {
        database: name.clone(),
        group: group.to_string(),
    })?;
    if found.state != DatabaseState::Restoring || found.guid != source.guid {
        return Err(GroupRefusal::NotRelated { database: name }.into());
    }
    let at = found.log.end();
    if at > source.log.end() || !source.log.reaches_back_to(at) {
        return Err(GroupRefusal::NotRolledForward { database: name }.into());
    }
    let now = world.now();
    let source = (primary, source.id);
    let joined = GroupDatabase {
        id: member,
        database,
        name: found.name.clone(),
    };
    seeding::add_member(world, id, joined);
    if let Some(found) = world.instance_mut(instance).database_mut(database) {
        found.group = Some((group_id, member));
        found.state = DatabaseState::Recovering;
        found.copy = Some(SecondaryCopy {
            source,
            hardened: at,
            hardened_time: now,
            redone: at,
            redone_time: now,
            committed: None,
        });
    }
    if let Some(following) = following_mut(world, id, member) {
        following.phase = FollowPhase::Recovering { target: database };
    }
    steps::arm(world, id, member, Transition::Recovery);
    Ok(())
}

/// The group's database of this name on the primary.
fn member_of<'a>(
    world: &'a World,
    primary: InstanceId,
    id: SecondaryId,
    name: &Name,
) -> Option<(GroupDatabaseId, &'a Database)> {
    let local = half(world, primary, id.group)?;
    let member = local.databases.iter().find(|member| member.name == *name)?;
    let source = world.instance(primary)?.databases.get(&member.database)?;
    Some((member.id, source))
}
