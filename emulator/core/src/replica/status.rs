//! How secondary replicas stand: what the DMVs and commits are told, and where readers can be sent.

use std::sync::Arc;

use super::{FollowPhase, ReplicaSet, Secondary, SecondaryId, find, flow, half, replica_of};
use crate::availability_group::{AvailabilityMode, SecondaryConnections};
use crate::database::Database;
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId};
use crate::instance::Instance;
use crate::link::{LogPositions, SynchronizationState, positions_of};
use crate::listener_url::ListenerUrl;
use crate::world::World;

/// How a database of a secondary stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatabaseStatus {
    /// `synchronization_state`.
    pub synchronization: SynchronizationState,
    /// Whether both replicas commit synchronously.
    pub synchronous: bool,
    /// Whether the primary's commits wait for it.
    pub commits_wait: bool,
    /// Where both stand in the log; none until it is there.
    pub positions: Option<LogPositions>,
}

/// The set of a group, if a server is in it.
pub fn set_of(world: &World, instance: InstanceId, group: GroupId) -> Option<&Arc<ReplicaSet>> {
    let set = world.replica_sets.get(&group)?;
    (set.primary == instance || set.secondaries.contains_key(&instance)).then_some(set)
}

impl ReplicaSet {
    /// The secondary on a server.
    pub fn secondary(&self, instance: InstanceId) -> Option<&Secondary> {
        self.secondaries.get(&instance)
    }

    /// The secondary of a replica's server name, and its server.
    pub fn named<'a>(
        &'a self,
        world: &'a World,
        server: &str,
    ) -> Option<(&'a Arc<Instance>, &'a Secondary)> {
        self.secondaries.iter().find_map(|(instance, secondary)| {
            let found = world.instance(*instance)?;
            found
                .server_name()
                .eq_ignore_ascii_case(server)
                .then_some((found, secondary))
        })
    }

    /// How a database of the group stands on a secondary.
    pub fn status(
        &self,
        world: &World,
        instance: InstanceId,
        member: GroupDatabaseId,
    ) -> Option<DatabaseStatus> {
        let id = SecondaryId {
            group: self.group,
            instance,
        };
        let secondary = self.secondaries.get(&instance)?;
        let phase = secondary.databases.get(&member)?.phase;
        let synchronous = is_synchronous(world, id, self.primary);
        let connected = secondary.connection.connected_since.is_some();
        let suspended = is_suspended(world, id, phase);
        let both = both(world, id, phase);
        let positions = both
            .filter(|_| phase.is_replicating())
            .and_then(|(source, copy)| positions_of(source, copy));
        let behind = positions.is_some_and(|at| at.hardened < at.end_of_log);
        let synchronization = match phase {
            _ if !connected || suspended => SynchronizationState::NotSynchronizing,
            FollowPhase::InStep { .. } if synchronous && !behind => {
                SynchronizationState::Synchronized
            }
            FollowPhase::InStep { .. } | FollowPhase::CatchUp { .. } => {
                SynchronizationState::Synchronizing
            }
            FollowPhase::Recovering { .. } => SynchronizationState::Initializing,
            FollowPhase::Absent | FollowPhase::Seeding | FollowPhase::Split { .. } => {
                SynchronizationState::NotSynchronizing
            }
        };
        let in_step = matches!(phase, FollowPhase::InStep { .. });
        Some(DatabaseStatus {
            synchronization,
            synchronous,
            commits_wait: synchronous && connected && in_step && !suspended,
            positions,
        })
    }
}

/// Whether both replicas of a pair are in SYNCHRONOUS_COMMIT.
fn is_synchronous(world: &World, id: SecondaryId, primary: InstanceId) -> bool {
    let Some(local) = half(world, primary, id.group) else {
        return false;
    };
    [primary, id.instance].into_iter().all(|side| {
        let server = world.instance(side);
        let replica = server.and_then(|server| replica_of(local, server));
        replica.is_some_and(|it| it.availability_mode == AvailabilityMode::SynchronousCommit)
    })
}

/// Whether the commits of a database wait for a secondary.
pub(super) fn commits_wait(
    world: &World,
    id: SecondaryId,
    source: (InstanceId, DatabaseId),
) -> bool {
    let Some((set, secondary)) = find(world, id) else {
        return false;
    };
    secondary.databases.iter().any(|(member, following)| {
        let at = flow(world, id, following.phase);
        at.is_some_and(|at| at.source == source)
            && set
                .status(world, id.instance, *member)
                .is_some_and(|status| status.commits_wait)
    })
}

/// The primary's database and the secondary's.
pub(super) fn both(
    world: &World,
    id: SecondaryId,
    phase: FollowPhase,
) -> Option<(&Arc<Database>, &Arc<Database>)> {
    let at = flow(world, id, phase)?;
    let of = |(instance, database)| world.instance(instance)?.databases.get(&database);
    Some((of(at.source)?, of(at.target)?))
}

/// Whether data movement is suspended on either side.
pub(super) fn is_suspended(world: &World, id: SecondaryId, phase: FollowPhase) -> bool {
    if let FollowPhase::Split { target } = phase {
        let found = world.instance(id.instance);
        let found = found.and_then(|server| server.databases.get(&target));
        return found.is_some_and(|found| found.suspended.is_some());
    }
    both(world, id, phase)
        .is_some_and(|(source, copy)| source.suspended.is_some() || copy.suspended.is_some())
}

impl World {
    /// Where a secondary replica takes readers of a group's database: its READ_ONLY_ROUTING_URL, if it is connected, lets
    /// readers in, and has the database.
    pub(crate) fn reader_at(
        &self,
        set: &ReplicaSet,
        member: GroupDatabaseId,
        server: &str,
    ) -> Option<ListenerUrl> {
        let (found, secondary) = set.named(self, server)?;
        let replica = replica_of(half(self, set.primary, set.group)?, found)?;
        let phase = secondary.databases.get(&member)?.phase;
        let readable = secondary.connection.connected_since.is_some()
            && phase.is_replicating()
            && replica.secondary_connections != SecondaryConnections::No;
        let url = replica
            .read_only_routing_url
            .as_ref()
            .filter(|_| readable)?;
        ListenerUrl::parse(url)
    }

    /// How many secondaries are synchronized with the primary of a group, for a database.
    pub(crate) fn synchronized_secondaries(
        &self,
        instance: InstanceId,
        group: GroupId,
        member: GroupDatabaseId,
    ) -> usize {
        let set = set_of(self, instance, group);
        let waited_for = |set: &Arc<ReplicaSet>| {
            let secondaries = set.secondaries.keys();
            let statuses = secondaries.filter_map(|at| set.status(self, *at, member));
            statuses.filter(|status| status.commits_wait).count()
        };
        set.map_or(0, waited_for)
    }
}
