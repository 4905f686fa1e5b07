//! What happens when another replica of a local group becomes primary: databases change places, the other replicas and the links of
//! the group follow, and who was primary before goes back to where the histories part.
//!
//! Whether it may happen is decided in `failover`; what is here only does it, and keeps count of what is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use super::{
    Contact, FollowPhase, Following, LocalFailover, ReplicaSet, ReplicaTimer, Secondary,
    SecondaryId, find, following_mut, half, seeding, steps, timer,
};
use crate::availability_group::{ClusterType, Role};
use crate::command::end_use;
use crate::database::{Database, DatabaseState, SecondaryCopy, SuspendReason};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::geo;
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId};
use crate::link::{self, Flow, Fork, RoleChange, committed_from, demote, drain, revert_copy};
use crate::lsn::Lsn;
use crate::names::Name;
use crate::world::World;

/// How many failovers a group remembers.
const REMEMBERED: usize = 20;

/// A database of the group on the old primary and on the new one, and where their histories parted if they have.
pub(super) struct Pair {
    pub(super) member: GroupDatabaseId,
    pub(super) name: Name,
    pub(super) at: Flow,
    pub(super) fork: Option<Fork>,
}

/// A database that has changed places.
struct Changed<'a> {
    pair: &'a Pair,
    /// Where the new primary's log goes on.
    fork: Fork,
    /// What became of it, for the record.
    change: RoleChange,
}

/// A synchronized secondary takes the role over: it has everything, and the old primary follows it at once.
pub(super) fn planned(world: &mut World, set: &ReplicaSet, id: SecondaryId, pairs: &[Pair]) {
    for pair in pairs {
        end_use(world, pair.at.source.0, pair.at.source.1, None);
        drain(world, pair.at);
    }
    take_over(world, set, id, pairs, false);
}

/// A secondary goes on with what it has; the old primary, if it is there, has a history of its own from now on.
pub(super) fn forced(world: &mut World, set: &ReplicaSet, id: SecondaryId, pairs: &[Pair]) {
    take_over(world, set, id, pairs, true);
}

/// A replica whose primary has left it goes on with the copies that it has.
pub(super) fn alone(world: &mut World, instance: InstanceId, group: GroupId) {
    for database in own_databases(world, instance, group) {
        let found = world.instance(instance);
        let Some(found) = found.and_then(|found| found.databases.get(&database)) else {
            continue;
        };
        if let Some(position) = &found.copy {
            let at = Flow {
                source: position.source,
                target: (instance, database),
            };
            write_alone(world, at, None, true);
        }
    }
    set_role(world, instance, group, Role::Primary);
}

/// Every secondary goes on with the copies that it has, and has no group any more; what is being made is given up.
pub(crate) fn stand_alone(world: &mut World, set: &ReplicaSet) {
    for (instance, secondary) in &set.secondaries {
        let id = SecondaryId {
            group: set.group,
            instance: *instance,
        };
        steps::cancel_timers(world, id);
        if world.instance(*instance).is_none() {
            continue;
        }
        for (member, following) in &secondary.databases {
            if following.phase == FollowPhase::Seeding {
                seeding::interrupt(world, id, *member, "the group was deleted");
            }
            let recovering = match following.phase {
                FollowPhase::Recovering { target } => Some(target),
                _ => None,
            };
            let server = world.instance_mut(*instance);
            if let Some(found) = recovering.and_then(|target| server.database_mut(target)) {
                found.state = DatabaseState::Online;
            }
        }
        alone(world, *instance, set.group);
    }
}

/// An old primary that has gone on by itself accepts that another one is primary: its databases wait for a person to go back, and its
/// links go over.
pub(super) fn accept(world: &mut World, set: &ReplicaSet, instance: InstanceId) {
    suspend(world, instance, set.group);
    let way = (instance, set.primary);
    let links = link::let_go(world, &set.name, way, false);
    for half in world
        .instance(instance)
        .map(|server| distributed_over(server, &set.name))
        .unwrap_or_default()
    {
        world.instance_mut(instance).groups.remove(&half);
    }
    link::go_over(world, &links, set.primary, &forks_of(set, instance));
}

/// Where the histories of the primary and of one that was primary before it part, by database.
pub(super) fn forks_of(set: &ReplicaSet, instance: InstanceId) -> BTreeMap<Name, Fork> {
    let databases = set
        .secondary(instance)
        .map(|found| found.databases.values());
    let parted = databases.into_iter().flatten();
    let parted = parted.filter_map(|it| Some((it.name.clone(), it.fork.clone()?)));
    parted.collect()
}

/// A secondary becomes primary, and everybody else follows it: the old primary at once, or when it is told to.
fn take_over(world: &mut World, set: &ReplicaSet, id: SecondaryId, pairs: &[Pair], forced: bool) {
    let (old, new) = (set.primary, id.instance);
    let managed = geo::is_geo(world, set.group);
    let was = half(world, old, set.group).map(|local| (local.role, local.cluster));
    // A cluster tells it; without one it goes on.
    let goes_on =
        forced && matches!(was, Some((Role::Primary, cluster)) if cluster != ClusterType::Wsfc);
    if !goes_on {
        close(world, old, set.group);
        set_role(world, old, set.group, Role::Secondary);
    }
    hand_listener(world, set.group, (old, new));
    set_role(world, new, set.group, Role::Primary);
    let links = link::let_go(world, &set.name, (old, new), goes_on);
    link::hand_distributed(world, &set.name, (old, new), goes_on);
    let changed = pairs
        .iter()
        .filter_map(|pair| exchange(world, pair, forced))
        .collect::<Vec<Changed<'_>>>();
    let forks = changed.iter();
    let forks = forks.filter(|_| forced);
    let forks = forks.map(|it| (it.pair.name.clone(), it.fork.clone()));
    link::go_over(world, &links, new, &forks.collect());
    let mut databases = OrdMap::new();
    for it in &changed {
        databases.insert(it.pair.member, leave_primary(world, it, forced));
    }
    // In a failover group the service goes on by itself.
    if forced && !goes_on && !managed {
        suspend(world, old, set.group);
    }
    follow_other(world, set, id, &changed);
    steps::cancel_timers(world, id);
    let changes = changed.into_iter();
    let changes = changes.map(|it| (it.pair.name.clone(), it.change));
    enter(world, set, id, databases, forced, changes.collect());
}

/// The set has another primary, and the failover is on record.
fn enter(
    world: &mut World,
    set: &ReplicaSet,
    id: SecondaryId,
    databases: OrdMap<GroupDatabaseId, Following>,
    forced: bool,
    changes: Vec<(Name, RoleChange)>,
) {
    let at = world.now();
    let failover = LocalFailover {
        at,
        forced,
        primary: id.instance,
        changes,
    };
    let lost = failover.lost();
    if let Some(changed) = world.replica_sets.get_mut(&set.group) {
        let changed = Arc::make_mut(changed);
        changed.primary = id.instance;
        changed.secondaries.remove(&id.instance);
        let connected = !forced;
        let connection = Contact {
            connected_since: connected.then_some(at),
            ..Contact::default()
        };
        let secondary = Secondary {
            connection,
            databases,
        };
        changed.secondaries.insert(set.primary, secondary);
        if changed.failovers.len() >= REMEMBERED {
            changed.failovers.remove(0);
        }
        changed.failovers.push(failover);
    }
    let server = |instance: InstanceId| {
        let found = world.instance(instance);
        found.map_or_else(String::new, |found| found.name.to_string())
    };
    let (instance, primary) = (server(set.primary), server(id.instance));
    world.record(EventKind::FailedOver {
        instance,
        link: set.name.to_string(),
        primary,
        forced,
        lost,
    });
}

/// The new primary's database takes the old one's place: it writes its own log, or follows what the old one has followed.
fn exchange<'a>(world: &mut World, pair: &'a Pair, forced: bool) -> Option<Changed<'a>> {
    let Pair { at, fork, .. } = pair;
    let old = database(world, at.source).cloned();
    let forwards = old.as_ref().and_then(|old| old.copy.clone());
    let (fork, end) = match &forwards {
        Some(followed) => hand_on(world, *at, followed, fork.as_ref())?,
        None => write_alone(world, *at, fork.as_ref(), forced)?,
    };
    // Nothing of what a database follows is lost with it.
    let history = old.as_ref().map(|old| old.recovery_fork);
    let lost = old.filter(|_| forwards.is_none());
    let lost = lost.map_or_else(Vec::new, |old| committed_from(&old, fork.common));
    let change = RoleChange {
        at: world.now(),
        forced,
        primary: at.target.0,
        common: fork.common,
        end,
        history,
        lost,
        discarded: Vec::new(),
    };
    Some(Changed { pair, fork, change })
}

/// A copy becomes a database that writes its own log from where it has hardened. Says what was there, and where the old one's log ends.
fn write_alone(
    world: &mut World,
    at: Flow,
    parted: Option<&Fork>,
    forced: bool,
) -> Option<(Fork, Lsn)> {
    let recovery_fork = world.ids.next_guid();
    let (fork, end) = settle(world, at, parted)?;
    let found = world.instance_mut(at.target.0).database_mut(at.target.1)?;
    found.copy = None;
    if forced {
        found.recovery_fork = recovery_fork;
    }
    Some((fork, end))
}

/// A copy of a copy follows what that one has followed; what has gone on by itself goes back first.
fn hand_on(
    world: &mut World,
    at: Flow,
    followed: &SecondaryCopy,
    parted: Option<&Fork>,
) -> Option<(Fork, Lsn)> {
    let (fork, end) = settle(world, at, parted)?;
    let now = world.now();
    let found = world.instance_mut(at.target.0).database_mut(at.target.1)?;
    let discarded = parted.map(|_| committed_from(found, fork.common).len());
    if discarded.is_some() {
        found.content = fork.content.clone();
        found.version += 1;
        found.log.rewind_to(fork.common);
    }
    found.copy = Some(fork.position(followed.source, now));
    let name = found.name.to_string();
    if let Some(discarded) = discarded {
        tell_reverting(world, at.target.0, name, discarded);
    }
    Some((fork, end))
}

/// A database that is about to take another's place is up to date with itself, nobody uses it, and it keeps of the old one's log what
/// others may need.
fn settle(world: &mut World, at: Flow, parted: Option<&Fork>) -> Option<(Fork, Lsn)> {
    link::redo_all(world, at.target);
    end_use(world, at.target.0, at.target.1, None);
    let copy = database(world, at.target)?.clone();
    let old = database(world, at.source).filter(|old| old.guid == copy.guid);
    let old = old.cloned();
    let fork = match (parted, &copy.copy) {
        (Some(parted), _) => parted.clone(),
        (None, Some(position)) => Fork {
            common: position.hardened,
            content: copy.content.clone(),
            committed: position.committed,
        },
        (None, None) => return None,
    };
    let end = old.as_ref().map_or(fork.common, |old| old.log.end());
    let found = world.instance_mut(at.target.0).database_mut(at.target.1)?;
    found.suspended = None;
    if let (Some(old), None) = (&old, parted) {
        // Others may be behind it; the primary's log up to here is what it has received.
        found.log = old.log.clone();
        found.log.rewind_to(fork.common);
        found.chain = old.chain.clone();
    }
    Some((fork, end))
}

/// The old primary's database follows at once, or keeps its history until it is told to.
fn leave_primary(world: &mut World, changed: &Changed<'_>, forced: bool) -> Following {
    let Changed { pair, fork, .. } = changed;
    let now = world.now();
    let target = pair.at.source.1;
    if !forced {
        link::redo_all(world, pair.at.source);
        let position = fork.position(pair.at.target, now);
        demote(world, pair.at.source, pair.at.target, &position, now);
    }
    Following {
        name: pair.name.clone(),
        phase: match forced {
            true => FollowPhase::Split { target },
            false => FollowPhase::InStep { target },
        },
        runs: Vec::new(),
        fork: forced.then(|| fork.clone()),
    }
}

/// The other secondaries follow the new primary, and go back with it if they are further.
fn follow_other(world: &mut World, set: &ReplicaSet, new: SecondaryId, changed: &[Changed<'_>]) {
    for (instance, secondary) in &set.secondaries {
        let id = SecondaryId {
            group: set.group,
            instance: *instance,
        };
        if id == new {
            continue;
        }
        for what in [ReplicaTimer::Reconnect, ReplicaTimer::Silence] {
            world.timers.cancel(&timer(id, what));
        }
        for (member, following) in &secondary.databases {
            let step = timer(id, ReplicaTimer::Step(*member));
            match following.phase {
                FollowPhase::Seeding => {
                    world.timers.cancel(&step);
                    seeding::interrupt(world, id, *member, "another replica became primary");
                }
                FollowPhase::CatchUp { target } | FollowPhase::InStep { target } => {
                    world.timers.cancel(&step);
                    if let Some(found) = following_mut(world, id, *member) {
                        found.phase = FollowPhase::CatchUp { target };
                    }
                }
                FollowPhase::Absent | FollowPhase::Split { .. } => world.timers.cancel(&step),
                FollowPhase::Recovering { .. } => {}
            }
            let Some(it) = changed.iter().find(|it| it.pair.member == *member) else {
                continue;
            };
            match following.phase {
                // It parted from one of the two before, and goes back to where it has parted from both.
                FollowPhase::Split { .. } => {
                    let found = following_mut(world, id, *member);
                    if let Some(fork) = found.and_then(|found| found.fork.as_mut())
                        && it.fork.common < fork.common
                    {
                        *fork = it.fork.clone();
                    }
                }
                phase => {
                    if let Some(target) = phase.target() {
                        point_at(world, (*instance, target), it.pair.at.target, &it.fork);
                    }
                }
            }
        }
        if let Some(secondary) = super::secondary_mut(world, id) {
            secondary.connection = Contact::default();
        }
    }
}

/// A copy follows another database from now on, and forgets what that one does not have.
fn point_at(
    world: &mut World,
    copy: (InstanceId, DatabaseId),
    source: (InstanceId, DatabaseId),
    fork: &Fork,
) {
    let found = world.instance_mut(copy.0).database_mut(copy.1);
    if let Some(position) = found.and_then(|found| found.copy.as_mut()) {
        position.source = source;
    }
    let reverted = revert_copy(world, copy, source, fork).map(|found| found.name.to_string());
    if let Some(name) = reverted {
        tell_reverting(world, copy.0, name, 0);
    }
}

/// An old primary that has been told so goes back to the last point that both have, and follows.
pub(super) fn rejoin(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
    target: DatabaseId,
) {
    let now = world.now();
    let Some((set, secondary)) = find(world, id) else {
        return;
    };
    let primary = set.primary;
    let following = secondary.databases.get(&member);
    let fork = following.and_then(|it| it.fork.clone());
    let source = half(world, primary, id.group)
        .and_then(|local| local.databases.iter().find(|joined| joined.id == member))
        .map(|joined| (primary, joined.database));
    let new = source.and_then(|source| database(world, source)).cloned();
    let (Some(fork), Some(source), Some(new)) = (fork, source, new) else {
        return;
    };
    end_use(world, id.instance, target, None);
    let Some(found) = world.instance_mut(id.instance).database_mut(target) else {
        return;
    };
    let discarded = committed_from(found, fork.common);
    let name = found.name.clone();
    found.recovery_fork = new.recovery_fork;
    found.content = fork.content.clone();
    let position = fork.position(source, now);
    demote(world, (id.instance, target), source, &position, now);
    if let Some(following) = following_mut(world, id, member) {
        following.phase = FollowPhase::CatchUp { target };
        following.fork = None;
    }
    tell_reverting(world, id.instance, name.to_string(), discarded.len());
    if let Some(set) = world.replica_sets.get_mut(&id.group) {
        let mut forced = Arc::make_mut(set).failovers.iter_mut().rev();
        let change = forced.find_map(|failover| failover.change_of(&name));
        if let Some(change) = change {
            change.discarded = discarded;
        }
    }
    steps::arm(world, id, member, Transition::CatchUp);
}

fn tell_reverting(world: &mut World, instance: InstanceId, database: String, discarded: usize) {
    let server = world.instance(instance);
    let instance = server.map_or_else(String::new, |server| server.name.to_string());
    world.record(EventKind::Reverting {
        link: instance.clone(),
        instance,
        database,
        discarded,
    });
}

fn database(world: &World, (instance, id): (InstanceId, DatabaseId)) -> Option<&Arc<Database>> {
    world.instance(instance)?.databases.get(&id)
}

/// Ends every use of the group's databases on a server.
pub(super) fn close(world: &mut World, instance: InstanceId, group: GroupId) {
    for id in own_databases(world, instance, group) {
        end_use(world, instance, id, None);
    }
}

/// A person decides when the data may move again.
fn suspend(world: &mut World, instance: InstanceId, group: GroupId) {
    let now = world.now();
    for id in own_databases(world, instance, group) {
        let server = world.instance_mut(instance);
        let Some(found) = server.database_mut(id) else {
            continue;
        };
        found.suspended = Some(SuspendReason::Partner);
        // Message 35264 of the error log.
        let line = format!(
            "Always On Availability Groups data movement for database '{}' has been suspended for the following reason: \"failover from partner\" (Source ID 1; Source string: 'SUSPEND_FROM_PARTNER'). To resume data movement on the database, you will need to resume the database manually. For information about how to resume an availability database, see SQL Server Books Online.",
            found.name
        );
        server.log(now, line);
    }
}

fn own_databases(world: &World, instance: InstanceId, group: GroupId) -> Vec<DatabaseId> {
    let local = half(world, instance, group);
    let databases = local.map(|local| local.databases.iter().map(|it| it.database));
    databases.into_iter().flatten().collect()
}

/// The distributed groups that a server has over one of its groups.
fn distributed_over(server: &crate::instance::Instance, group: &Name) -> Vec<GroupId> {
    let over = server.groups.values().filter(|half| {
        let pair = half.as_distributed();
        pair.is_some_and(|pair| pair.local().group == *group)
    });
    over.map(|half| half.id).collect()
}

/// The listener is the new primary's, whatever the old one thinks: its addresses are one machine's.
fn hand_listener(world: &mut World, group: GroupId, (old, new): (InstanceId, InstanceId)) {
    let mut taken = None;
    for (instance, takes) in [(old, false), (new, true)] {
        if world.instance(instance).is_none() {
            continue;
        }
        let server = world.instance_mut(instance);
        let found = server.groups.get_mut(&group);
        let Some(local) = found.and_then(|found| Arc::make_mut(found).as_local_mut()) else {
            continue;
        };
        match takes {
            false => taken = local.listener.take(),
            true => local.listener = taken.take().or_else(|| local.listener.take()),
        }
    }
}

/// Changes the role in a server's half, and says so in the journal and the error log.
pub(super) fn set_role(world: &mut World, instance: InstanceId, group: GroupId, role: Role) {
    let now = world.now();
    if world.instance(instance).is_none() {
        return;
    }
    let server = world.instance_mut(instance);
    let Some(found) = server.groups.get_mut(&group) else {
        return;
    };
    let found = Arc::make_mut(found);
    let name = found.name.to_string();
    let Some(local) = found.as_local_mut() else {
        return;
    };
    if local.role == role {
        return;
    }
    let (from, to) = (word(local.role), word(role));
    local.role = role;
    let databases: Vec<Name> = local.databases.iter().map(|it| it.name.clone()).collect();
    found.sequence += 1;
    // Message 19406 of the error log, and 1480 for each database.
    server.log(
        now,
        format!("The state of the local availability replica in availability group '{name}' has changed from '{from}_NORMAL' to '{to}_NORMAL'."),
    );
    for database in databases {
        server.log(
            now,
            format!("The availability group database \"{database}\" is changing roles from \"{from}\" to \"{to}\" because the mirroring session or availability group failed over due to role synchronization. This is an informational message only. No user action is required."),
        );
    }
    let instance = server.name.to_string();
    world.record(EventKind::RoleChanged {
        instance,
        group: name,
        role: to,
    });
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::Resolving => "RESOLVING",
        Role::Primary => "PRIMARY",
        Role::Secondary => "SECONDARY",
    }
}
