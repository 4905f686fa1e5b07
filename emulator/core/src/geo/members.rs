//! Who is in a hidden group: the two instances, and every user database of the primary.

use std::sync::Arc;

use imbl::OrdMap;

use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, ClusterType, GroupDatabase, GroupKind, LocalGroup,
    Replica, Role,
};
use crate::command::end_use;
use crate::database::{Database, DatabaseState};
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId, ReplicaId};
use crate::link::{service_group, service_replica};
use crate::names::Name;
use crate::replica::{self, ReplicaSet};
use crate::world::World;

/// Makes the hidden group on both instances. The databases come with the next look at it.
pub(crate) fn pair_up(
    world: &mut World,
    id: GroupId,
    name: &Name,
    primary: InstanceId,
    secondary: InstanceId,
) {
    let replicas = [primary, secondary].map(|instance| replica_on(world, instance));
    let replicas: Vec<Replica> = replicas.into_iter().flatten().collect();
    for (instance, role) in [(primary, Role::Primary), (secondary, Role::Secondary)] {
        // The service decides as a cluster does: whoever is told has the role at once.
        let local = service_group(ClusterType::Wsfc, replicas.clone(), role);
        let group = AvailabilityGroup {
            id,
            name: name.clone(),
            kind: GroupKind::Local(local),
            sequence: 1,
            created: world.now(),
            required_synchronized_secondaries: 0,
        };
        let groups = &mut world.instance_mut(instance).groups;
        groups.insert(id, Arc::new(group));
    }
    let set = ReplicaSet {
        group: id,
        name: name.clone(),
        primary,
        secondaries: OrdMap::unit(secondary, replica::Secondary::default()),
        failovers: Vec::new(),
    };
    world.replica_sets.insert(id, Arc::new(set));
}

fn replica_on(world: &mut World, instance: InstanceId) -> Option<Replica> {
    let id = ReplicaId(world.ids.next_guid());
    let server = world.instance(instance)?;
    let mode = AvailabilityMode::AsynchronousCommit;
    Some(service_replica(server, id, mode, world.now()))
}

/// Every user database of the primary is in the group, from when it is online.
pub(crate) fn enlist(world: &mut World, id: GroupId) {
    let Some(primary) = world.replica_sets.get(&id).map(|set| set.primary) else {
        return;
    };
    let free = |database: &&Arc<Database>| {
        !database.is_system()
            && database.group.is_none()
            && database.copy.is_none()
            && database.state == DatabaseState::Online
    };
    let server = world.instance(primary);
    let databases = server.map(|server| server.databases.values().filter(free));
    let found = databases.into_iter().flatten();
    for database in found.map(|database| database.id).collect::<Vec<_>>() {
        let member = GroupDatabaseId(world.ids.next_guid());
        let server = world.instance_mut(primary);
        let Some(found) = server.database_mut(database) else {
            continue;
        };
        found.group = Some((id, member));
        let joined = GroupDatabase {
            id: member,
            database,
            name: found.name.clone(),
        };
        if let Some(local) = local_mut(world, primary, id) {
            local.databases.push(joined);
        }
    }
}

/// A database of the primary is about to be dropped, and leaves the group by that.
pub(crate) fn retire(world: &mut World, primary: InstanceId, group: GroupId, database: DatabaseId) {
    if let Some(local) = local_mut(world, primary, group) {
        local.databases.retain(|joined| joined.database != database);
    }
    if let Some(found) = world.instance_mut(primary).database_mut(database) {
        found.group = None;
    }
}

/// Takes the group away: what each instance has is its own from now on, and can be written.
pub(crate) fn part(world: &mut World, id: GroupId) {
    super::forget_grace(world, id);
    let Some(set) = world.replica_sets.get(&id).cloned() else {
        return;
    };
    replica::stand_alone(world, &set);
    let sides = set.secondaries.keys().copied().chain([set.primary]);
    for side in sides {
        if world.instance(side).is_none() {
            continue;
        }
        let server = world.instance_mut(side);
        server.groups.remove(&id);
        let databases = server.databases.values();
        let members = databases.filter(|it| it.group.is_some_and(|(group, _)| group == id));
        for database in members.map(|it| it.id).collect::<Vec<_>>() {
            if let Some(found) = world.instance_mut(side).database_mut(database) {
                found.group = None;
                found.suspended = None;
            }
        }
    }
    world.replica_sets.remove(&id);
}

/// The copy of a database that the primary has dropped goes as well.
pub(crate) fn drop_copy(world: &mut World, instance: InstanceId, database: DatabaseId) {
    end_use(world, instance, database, None);
    let Some(gone) = world.instance_mut(instance).databases.remove(&database) else {
        return;
    };
    world.instance_mut(instance).forget_open_keys(database);
    crate::azure::authorization::forget_database(world, instance, &gone.name);
    let server = world.instance_mut(instance).name.to_string();
    world.record(crate::event::EventKind::DatabaseDropped {
        instance: server,
        database: gone.name.to_string(),
    });
}

fn local_mut(world: &mut World, instance: InstanceId, group: GroupId) -> Option<&mut LocalGroup> {
    let group = world.instance_mut(instance).groups.get_mut(&group)?;
    Arc::make_mut(group).as_local_mut()
}
