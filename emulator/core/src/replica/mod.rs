//! Replicas of a local availability group on several SQL Servers: who follows whom, and how far they have come.
//!
//! Every server keeps its own half of the group; what is here is what happens between the halves. A secondary database is a
//! cursor into its primary's log, as the secondary of a link is, and is moved by the same functions. A group that nobody has
//! joined has no set: a world without a second replica pays nothing.

mod contact;
mod failover;
mod join;
mod laws;
mod seeding;
mod status;
mod steps;
mod take_over;

pub(crate) use contact::Hold;
pub(crate) use failover::{
    can_hand_over, can_take_over, fail_over, force_fail_over, give_up_primary, go_offline,
    hand_over,
};
pub(crate) use join::{check_manual, join, join_database, joined};
pub(crate) use laws::{
    caught_up_secondaries_have_the_rows, connected_replicas_run, followers_are_not_written,
    forced_failovers_lose_a_suffix, forced_failovers_lose_the_whole_suffix, logs_are_prefixes,
    one_replica_is_primary, planned_failovers_lose_nothing, sets_have_their_groups,
    silent_replicas_end, split_replicas_remember, steps_will_come,
};
pub use status::{DatabaseStatus, set_of};
pub(crate) use steps::{committed, reconcile, wake};
pub(crate) use take_over::stand_alone;

use imbl::OrdMap;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

use crate::availability_group::{LocalGroup, Replica};
use crate::event::EventKind;
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId};
use crate::instance::Instance;
use crate::link::{Flow, Fork, RoleChange, Seeding, SeedingOutcome, follow, revert_copy};
use crate::lsn::Lsn;
use crate::names::Name;
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// The replicas of a local group that have joined it, or the two instances of a failover group (`geo`).
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaSet {
    /// `group_id`, the same on every replica.
    pub group: GroupId,
    /// Its name.
    pub name: Name,
    /// Whose log the others follow.
    pub primary: InstanceId,
    /// The others.
    pub secondaries: OrdMap<InstanceId, Secondary>,
    /// Failovers between them, newest last; the oldest are forgotten.
    pub failovers: Vec<LocalFailover>,
}

/// A failover between the replicas of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalFailover {
    /// When.
    pub at: Timestamp,
    /// Whether data loss was allowed.
    pub forced: bool,
    /// The new primary.
    pub primary: InstanceId,
    /// What became of each database.
    pub changes: Vec<(Name, RoleChange)>,
}

/// A replica that has joined, and is not the primary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secondary {
    /// Its connection with the primary.
    pub connection: Contact,
    /// The databases of the group, as far as they are here.
    pub databases: OrdMap<GroupDatabaseId, Following>,
}

/// Whether a secondary is connected with its primary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contact {
    /// Since when, if it is.
    pub connected_since: Option<Timestamp>,
    /// Since when nothing comes through on a connection that has not been given up.
    pub silent_since: Option<Timestamp>,
    /// The last thing that kept them apart, and when it was noticed.
    pub last_error: Option<(ReplicaError, Timestamp)>,
}

/// A database of the group on a secondary.
#[derive(Clone, Debug, PartialEq)]
pub struct Following {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub phase: FollowPhase,
    /// Runs of automatic seeding, the last one newest.
    pub runs: Vec<Seeding>,
    /// Where its history and the primary's part, until it goes back to there.
    pub fork: Option<Fork>,
}

/// How far a secondary database has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowPhase {
    /// It is not here: seeding begins once it may, or somebody restores it and joins it.
    Absent,
    /// It is being copied; the last of the runs.
    Seeding,
    /// It is there, and recovers.
    Recovering {
        /// The secondary database.
        target: DatabaseId,
    },
    /// It gets what it has missed.
    CatchUp {
        /// The secondary database.
        target: DatabaseId,
    },
    /// The log comes as it is written.
    InStep {
        /// The secondary database.
        target: DatabaseId,
    },
    /// It was the primary's until a forced failover, and has a history of its own since.
    Split {
        /// The database.
        target: DatabaseId,
    },
}

/// A secondary replica of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecondaryId {
    /// The group.
    pub group: GroupId,
    /// The server.
    pub instance: InstanceId,
}

/// What a timer of a secondary is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplicaTimer {
    /// It tries to connect again.
    Reconnect,
    /// It has waited long enough for a primary that is silent.
    Silence,
    /// The next step of a database.
    Step(GroupDatabaseId),
    /// It redoes what it has received.
    Redo,
}

/// What keeps two replicas of a group apart.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ReplicaError {
    #[error("nothing answers at '{endpoint}'")]
    Unreachable { endpoint: String },
    #[error("no started database mirroring endpoint is at '{endpoint}'")]
    EndpointNotStarted { endpoint: String },
    #[error("the endpoints of '{server}' and '{peer}' have no encryption in common")]
    NoCommonEncryption { server: String, peer: String },
    #[error("the endpoints of '{server}' and '{peer}' have no authentication in common")]
    NoCommonAuthentication { server: String, peer: String },
    #[error("the private key of certificate '{certificate}' of '{server}' cannot be opened")]
    KeyClosed { certificate: String, server: String },
    #[error("'{peer}' does not have the certificate '{certificate}' of '{server}'")]
    CertificateUnknown {
        certificate: String,
        server: String,
        peer: String,
    },
    #[error("the certificate '{certificate}' of '{server}' is expired or not yet valid")]
    CertificateInvalid { certificate: String, server: String },
    #[error("login '{login}' may not connect to the endpoint of '{server}'")]
    NoConnectPermission { login: String, server: String },
    #[error("databases of SQL Server {of} cannot be used by SQL Server {here}")]
    OlderVersion { of: String, here: String },
    #[error("'{server}' does not have the group in the role that it should have")]
    NotInRole { server: String },
    #[error("the network between the replicas is interrupted")]
    Interrupted,
}

impl fmt::Display for SecondaryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.instance)
    }
}

impl LocalFailover {
    /// How many committed transactions the new primary does not have.
    pub fn lost(&self) -> usize {
        self.changes.iter().map(|(_, it)| it.lost.len()).sum()
    }

    /// What a forced failover did to a database.
    fn change_of(&mut self, database: &Name) -> Option<&mut RoleChange> {
        let mut changes = self.changes.iter_mut().filter(|_| self.forced);
        changes.find_map(|(name, change)| (name == database).then_some(change))
    }
}

impl Contact {
    /// Whether both hear each other.
    pub fn is_live(&self) -> bool {
        self.connected_since.is_some() && self.silent_since.is_none()
    }
}

impl FollowPhase {
    /// The secondary database, once its content is there.
    pub fn target(self) -> Option<DatabaseId> {
        match self {
            Self::Recovering { target } | Self::CatchUp { target } | Self::InStep { target } => {
                Some(target)
            }
            Self::Absent | Self::Seeding | Self::Split { .. } => None,
        }
    }

    /// Whether the log is being sent.
    pub fn is_replicating(self) -> bool {
        matches!(self, Self::CatchUp { .. } | Self::InStep { .. })
    }
}

/// A server's half of a group.
pub(crate) fn half(world: &World, instance: InstanceId, group: GroupId) -> Option<&LocalGroup> {
    world.instance(instance)?.groups.get(&group)?.as_local()
}

/// The replica that a server is in a list of them.
pub(crate) fn replica_of<'a>(local: &'a LocalGroup, server: &Instance) -> Option<&'a Replica> {
    let name = server.server_name();
    let mut replicas = local.replicas.iter();
    replicas.find(|replica| replica.server_name.is(&name))
}

/// A secondary, and the set it is in.
fn find(world: &World, id: SecondaryId) -> Option<(&Arc<ReplicaSet>, &Secondary)> {
    let set = world.replica_sets.get(&id.group)?;
    Some((set, set.secondaries.get(&id.instance)?))
}

fn secondary_mut(world: &mut World, id: SecondaryId) -> Option<&mut Secondary> {
    let set = Arc::make_mut(world.replica_sets.get_mut(&id.group)?);
    set.secondaries.get_mut(&id.instance)
}

fn following_mut(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
) -> Option<&mut Following> {
    secondary_mut(world, id)?.databases.get_mut(&member)
}

/// What flows where for a database, once it is on the secondary.
fn flow(world: &World, id: SecondaryId, phase: FollowPhase) -> Option<Flow> {
    let target = phase.target()?;
    let copy = world.instance(id.instance)?.databases.get(&target)?;
    Some(Flow {
        source: copy.copy.as_ref()?.source,
        target: (id.instance, target),
    })
}

/// Hardens and redoes everything that can have arrived at a secondary by now, and arms the timer for what comes after.
fn pump(world: &mut World, id: SecondaryId) {
    let Some((_, secondary)) = find(world, id) else {
        return;
    };
    let live = secondary.connection.is_live();
    let phases = secondary
        .databases
        .values()
        .map(|following| following.phase);
    let replicating = phases.filter(|phase| phase.is_replicating());
    let flows = replicating.filter_map(|phase| flow(world, id, phase));
    let flows: Vec<Flow> = flows.collect();
    let mut next: Option<Timestamp> = None;
    for at in flows {
        let (_, due) = follow(world, at, live);
        next = [next, due].into_iter().flatten().min();
    }
    if let Some(due) = next {
        world.timers.arm(timer(id, ReplicaTimer::Redo), due);
    }
}

/// Lets the local secondaries of a database that is a secondary itself have what it has just got.
pub(crate) fn pump_from(world: &mut World, source: (InstanceId, DatabaseId)) {
    if world.replica_sets.is_empty() {
        return;
    }
    for id in secondaries_of(world, source) {
        pump(world, id);
    }
}

/// The local secondaries of a database that goes back to where a link's sides parted go back with it, if they are further.
pub(crate) fn revert_from(world: &mut World, source: (InstanceId, DatabaseId), fork: &Fork) {
    part_earlier(world, source, fork);
    for id in secondaries_of(world, source) {
        let phases = find(world, id).map(|(_, secondary)| {
            let phases = secondary.databases.values().map(|it| it.phase);
            phases.collect::<Vec<_>>()
        });
        let flows = phases.into_iter().flatten();
        let flows: Vec<Flow> = flows.filter_map(|phase| flow(world, id, phase)).collect();
        for at in flows.into_iter().filter(|at| at.source == source) {
            let Some(database) = revert_copy(world, at.target, source, fork) else {
                continue;
            };
            let database = database.name.to_string();
            let (instance, link) = steps::words(world, id);
            world.record(EventKind::Reverting {
                instance,
                link,
                database,
                discarded: 0,
            });
        }
    }
}

/// `LISTENER_URL` of a group's own member in a distributed group has changed on the server that is its primary: the links that were with
/// another replica of it go on with this one.
pub(crate) fn readdress(
    world: &mut World,
    instance: InstanceId,
    group: &Name,
    dag: GroupId,
    url: &Arc<str>,
) {
    let local = world
        .instance(instance)
        .and_then(|server| server.group(group.as_str()));
    let set = local.and_then(|local| world.replica_sets.get(&local.id));
    let set = set.filter(|set| set.primary == instance).cloned();
    crate::link::readdress(world, instance, dag, url, |known| {
        let set = set
            .as_ref()
            .filter(|set| set.secondaries.contains_key(&known))?;
        Some(take_over::forks_of(set, known))
    });
}

/// Who has parted from a database that goes back further than to there has parted from it where that ends.
fn part_earlier(world: &mut World, source: (InstanceId, DatabaseId), fork: &Fork) {
    for id in all(world) {
        let Some((_, secondary)) = find(world, id) else {
            continue;
        };
        let parted = secondary.databases.iter().filter(|(_, following)| {
            let later = following
                .fork
                .as_ref()
                .is_some_and(|it| it.common > fork.common);
            later && split_source(world, id, following) == Some(source)
        });
        for member in parted.map(|(member, _)| *member).collect::<Vec<_>>() {
            if let Some(following) = following_mut(world, id, member) {
                following.fork = Some(fork.clone());
            }
        }
    }
}

/// The secondaries that a database is sent to.
fn secondaries_of(world: &World, source: (InstanceId, DatabaseId)) -> Vec<SecondaryId> {
    let follows = |id: &SecondaryId| {
        let followings = find(world, *id).map(|(_, secondary)| secondary.databases.values());
        let mut followings = followings.into_iter().flatten();
        followings.any(|following| {
            let at = flow(world, *id, following.phase);
            following.phase.is_replicating() && at.is_some_and(|at| at.source == source)
        })
    };
    all(world).into_iter().filter(follows).collect()
}

/// Every secondary of the world.
fn all(world: &World) -> Vec<SecondaryId> {
    let of_set = |set: &Arc<ReplicaSet>| {
        let group = set.group;
        let instances: Vec<InstanceId> = set.secondaries.keys().copied().collect();
        instances
            .into_iter()
            .map(move |instance| SecondaryId { group, instance })
    };
    world.replica_sets.values().flat_map(of_set).collect()
}

/// From where on the replicas of local groups need the log of a database.
pub(crate) fn log_needed_from(
    world: &World,
    place: (InstanceId, DatabaseId),
) -> impl Iterator<Item = Lsn> + '_ {
    let sets = world.replica_sets.values();
    let all = sets.flat_map(|set| {
        let group = set.group;
        let secondaries = set.secondaries.iter();
        secondaries.flat_map(move |(instance, secondary)| {
            let instance = *instance;
            let id = SecondaryId { group, instance };
            secondary.databases.values().map(move |found| (id, found))
        })
    });
    all.filter_map(move |(id, following)| {
        if let Some(at) = flow(world, id, following.phase) {
            let copy = world.instance(at.target.0)?.databases.get(&at.target.1)?;
            return (at.source == place).then_some(copy.copy.as_ref()?.hardened);
        }
        if let FollowPhase::Split { target } = following.phase {
            // One has to go back to there, and the other to go on from there.
            let of_primary = split_source(world, id, following) == Some(place);
            let is_side = of_primary || place == (id.instance, target);
            return is_side.then_some(following.fork.as_ref()?.common);
        }
        let run = following.runs.last()?;
        let runs = run.outcome == SeedingOutcome::Running && run.source == place;
        runs.then_some(run.base)
    })
}

/// The primary's database of one that has parted with it.
fn split_source(
    world: &World,
    id: SecondaryId,
    following: &Following,
) -> Option<(InstanceId, DatabaseId)> {
    let primary = world.replica_sets.get(&id.group)?.primary;
    let databases = &half(world, primary, id.group)?.databases;
    let joined = databases
        .iter()
        .find(|joined| joined.name == following.name)?;
    Some((primary, joined.database))
}

fn timer(id: SecondaryId, what: ReplicaTimer) -> Timer {
    Timer::Replica(id, what)
}
