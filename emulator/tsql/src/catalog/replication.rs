//! How the replicas and databases of an instance's groups stand: what several DMVs show in parts.
//!
//! A distributed group's rows come from the link it is a half of; without one its other side is unknown.

use std::sync::Arc;

use milink_core::availability_group::{
    AvailabilityGroup, AvailabilityMode, DistributedGroup, GroupDatabase, GroupKind, LocalGroup,
    Role,
};
use milink_core::database::Database;
use milink_core::ids::{GroupDatabaseId, GroupId, InstanceId, ReplicaId};
use milink_core::link::{
    Health, Link, LinkStatus, LogPositions, Phase, SynchronizationState, internal_group,
    internal_replica, linked_database, links_of,
};
use milink_core::listener_url::ListenerUrl;
use milink_core::names::Name;
use milink_core::replica::{ReplicaError, set_of};
use milink_core::time::Timestamp;

use super::Scope;

/// A replica of a group, as `sys.dm_hadr_availability_replica_states` shows it.
pub(super) struct ReplicaState<'a> {
    pub(super) group: &'a AvailabilityGroup,
    pub(super) id: ReplicaId,
    /// The server's name, or the member group's in a distributed group.
    pub(super) name: &'a Name,
    pub(super) is_local: bool,
    /// None while it is remote and not connected.
    pub(super) role: Option<Role>,
    pub(super) connected: bool,
    pub(super) health: Health,
    /// What the product would not say is told with it.
    pub(super) last_error: Option<(String, Timestamp)>,
    /// The replica at the other end of the connection, by name and id.
    pub(super) peer: (&'a Name, ReplicaId),
    /// Whether the partners had been connected before that.
    pub(super) was_connected: bool,
    /// The database whose internal group this is a replica of, in a link with several.
    pub(super) internal: Option<GroupDatabaseId>,
}

impl ReplicaState<'_> {
    /// `replica_id`.
    pub(super) fn shown_id(&self) -> ReplicaId {
        self.internal
            .map_or(self.id, |database| internal_replica(self.id, database))
    }

    /// `group_id`.
    pub(super) fn shown_group(&self) -> GroupId {
        let id = self.group.id;
        self.internal
            .map_or(id, |database| internal_group(id, database))
    }
}

/// A database of a replica, as `sys.dm_hadr_database_replica_states` shows it.
pub(super) struct DatabaseReplicaState<'a> {
    pub(super) group: &'a AvailabilityGroup,
    pub(super) replica: ReplicaId,
    pub(super) joined: &'a GroupDatabase,
    /// The database on this instance.
    pub(super) database: &'a Arc<Database>,
    pub(super) is_local: bool,
    pub(super) is_primary: bool,
    pub(super) synchronization: SynchronizationState,
    pub(super) health: Health,
    pub(super) commit_participant: bool,
    /// Both sides' places in the log; none if there is only one side.
    pub(super) positions: Option<LogPositions>,
}

/// The replicas of every group of the instance. A secondary knows only itself.
pub(super) fn replicas<'a>(scope: &Scope<'a>) -> Vec<ReplicaState<'a>> {
    let mut states = Vec::new();
    for group in scope.instance.groups.values() {
        match &group.kind {
            GroupKind::Local(local) => {
                local_replicas(scope, group, local, &mut states);
            }
            GroupKind::Distributed(pair) => {
                let links = links_of(scope.world, scope.instance.id, group);
                let stands = Stands {
                    connected: links
                        .iter()
                        .any(|link| link.connection.connected_since.is_some()),
                    health: links_health(scope, &links),
                    link: links.first().copied(),
                    internal: None,
                };
                pair_states(scope, group, pair, &stands, &mut states);
            }
        }
    }
    states
}

/// A primary knows all replicas of a local group, whoever has joined; a secondary itself.
fn local_replicas<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
    local: &'a LocalGroup,
    states: &mut Vec<ReplicaState<'a>>,
) {
    let server = scope.instance.server_name();
    let role = scope.instance.shown_role(local.role);
    let set = set_of(scope.world, scope.instance.id, group.id);
    let own = set.and_then(|set| set.secondary(scope.instance.id));
    for replica in &local.replicas {
        let is_local = names_instance(scope, &replica.server_name, &server);
        if !is_local && role != Role::Primary {
            continue;
        }
        let remote = set
            .filter(|_| !is_local)
            .and_then(|set| set.named(scope.world, replica.server_name.as_str()));
        let joined = remote.map(|(_, joined)| joined).or(own);
        let contact = joined.map(|joined| &joined.connection);
        let connected = contact.is_some_and(|contact| contact.connected_since.is_some());
        let error = contact.and_then(|contact| contact.last_error.as_ref());
        states.push(ReplicaState {
            group,
            id: replica.id,
            name: &replica.server_name,
            is_local,
            role: match (is_local, connected) {
                (true, _) => Some(role),
                (false, true) => Some(Role::Secondary),
                (false, false) => None,
            },
            connected: connected || is_local && role == Role::Primary,
            health: match (is_local, role, remote) {
                (true, Role::Secondary, _) => local_health(scope, group, local),
                (true, ..) => own_health(scope, local),
                (false, _, Some((server, _))) => {
                    remote_health(scope, group, local, server.id).unwrap_or(Health::Healthy)
                }
                (false, _, None) => Health::NotHealthy,
            },
            last_error: error.map(|(error, at)| (error.to_string(), *at)),
            peer: (&replica.server_name, replica.id),
            was_connected: error.is_some_and(|(error, _)| *error == ReplicaError::Interrupted),
            internal: None,
        });
    }
}

/// The replicas of the internal groups of links with several databases: a pair for each database of the group.
pub(super) fn internal_replicas<'a>(scope: &Scope<'a>) -> Vec<ReplicaState<'a>> {
    let mut states = Vec::new();
    for (group, joined) in internal_groups(scope) {
        let Some(pair) = group.as_distributed() else {
            continue;
        };
        let links = links_of(scope.world, scope.instance.id, group);
        let link = links
            .into_iter()
            .find(|link| link.spec.database == joined.name);
        let status = link.map(|link| LinkStatus::of(scope.world, link));
        let stands = Stands {
            connected: status.as_ref().is_some_and(|status| status.connected),
            health: status.map_or(Health::NotHealthy, |status| status.health),
            link,
            internal: Some(joined.id),
        };
        pair_states(scope, group, pair, &stands, &mut states);
    }
    states
}

/// The databases that have an internal group on this SQL Server, with the distributed groups that those are of.
pub(super) fn internal_groups<'a>(
    scope: &Scope<'a>,
) -> Vec<(&'a AvailabilityGroup, &'a GroupDatabase)> {
    let several = scope
        .instance
        .as_sql_server()
        .is_some_and(|server| server.multi_database_links);
    let mut internal = Vec::new();
    if !several {
        return internal;
    }
    for group in scope.instance.groups.values() {
        let Some(pair) = group.as_distributed() else {
            continue;
        };
        let url = ListenerUrl::parse(&pair.remote().listener_url);
        let is_link = url.is_some_and(|url| url.server.is_some());
        let member = scope.instance.group(pair.local().group.as_str());
        let member = member.and_then(|group| group.as_local());
        let databases = member.filter(|_| is_link).into_iter();
        let databases = databases.flat_map(|local| &local.databases);
        internal.extend(databases.map(|joined| (&**group, joined)));
    }
    internal
}

/// How the two sides of a distributed group stand to each other.
struct Stands<'a> {
    connected: bool,
    health: Health,
    link: Option<&'a Arc<Link>>,
    internal: Option<GroupDatabaseId>,
}

fn pair_states<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
    pair: &'a DistributedGroup,
    stands: &Stands<'a>,
    states: &mut Vec<ReplicaState<'a>>,
) {
    let Stands {
        connected,
        health,
        link,
        internal,
    } = *stands;
    let role = scope.instance.shown_role(pair.role);
    for (at, member) in pair.members.iter().enumerate() {
        let is_local = at == pair.local;
        if !is_local && role == Role::Secondary {
            continue;
        }
        let other = match role {
            Role::Primary => Role::Secondary,
            Role::Secondary => Role::Primary,
            Role::Resolving => Role::Resolving,
        };
        let error = link.and_then(|link| link.connection.last_error.as_ref());
        let error = error.map(|(error, at)| {
            let number = crate::statement::refusal::link_error_number(error);
            (format!("{number}: {error}"), *at)
        });
        states.push(ReplicaState {
            group,
            id: member.id,
            name: &member.group,
            is_local,
            role: match (is_local, connected) {
                (true, _) => Some(role),
                (false, true) => Some(other),
                (false, false) => None,
            },
            // A primary is connected to itself, a secondary to its primary.
            connected: connected || is_local && role == Role::Primary,
            // The primary's own row is healthy by itself; the pair's health is the group's.
            health: if is_local && role == Role::Primary {
                Health::Healthy
            } else {
                health
            },
            // A primary has trouble with the other side, a secondary with its own connection.
            last_error: error.filter(|_| !is_local || role == Role::Secondary),
            peer: (&pair.remote().group, pair.remote().id),
            was_connected: link.is_some_and(|link| was_connected(&link.phase)),
            internal,
        });
    }
}

/// The health of a distributed group's links: of the one, or of all databases.
fn links_health(scope: &Scope<'_>, links: &[&Arc<Link>]) -> Health {
    let Some(first) = links.first() else {
        return Health::NotHealthy;
    };
    match scope.world.link_groups.get(&first.id.whole()) {
        Some(group) => group.health(scope.world),
        None => LinkStatus::of(scope.world, first).health,
    }
}

/// The databases of every group of the instance, once for each replica that the instance knows of.
pub(super) fn databases<'a>(scope: &Scope<'a>) -> Vec<DatabaseReplicaState<'a>> {
    let mut states = Vec::new();
    for group in scope.instance.groups.values() {
        match &group.kind {
            GroupKind::Local(local) => local_databases(scope, group, local, &mut states),
            GroupKind::Distributed(_) => distributed_databases(scope, group, &mut states),
        }
    }
    states
}

/// The health of a whole group, as its primary sees it.
pub(super) fn group_health(scope: &Scope<'_>, group: &AvailabilityGroup) -> Health {
    match &group.kind {
        GroupKind::Local(local) => local_health(scope, group, local),
        GroupKind::Distributed(_) => {
            links_health(scope, &links_of(scope.world, scope.instance.id, group))
        }
    }
}

/// The name of a group's primary: the server, or the member group of a distributed group; none if it is not known.
pub(super) fn primary_name<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
) -> Option<&'a Name> {
    match &group.kind {
        GroupKind::Local(local) if scope.instance.shown_role(local.role) == Role::Primary => {
            local_replica(scope, local).map(|at| &local.replicas[at].server_name)
        }
        GroupKind::Local(local) => {
            let set = set_of(scope.world, scope.instance.id, group.id)?;
            let primary = scope.world.instance(set.primary)?.server_name();
            let connected = set.secondary(scope.instance.id)?.connection.connected_since;
            let mut replicas = local.replicas.iter();
            let found = replicas.find(|replica| replica.server_name.is(&primary))?;
            connected.map(|_| &found.server_name)
        }
        GroupKind::Distributed(pair) => match scope.instance.shown_role(pair.role) {
            Role::Primary => Some(&pair.local().group),
            Role::Secondary => Some(&pair.remote().group),
            Role::Resolving => None,
        },
    }
}

/// Which of a local group's replicas is this instance.
pub(super) fn local_replica(scope: &Scope<'_>, group: &LocalGroup) -> Option<usize> {
    let server = scope.instance.server_name();
    group
        .replicas
        .iter()
        .position(|replica| names_instance(scope, &replica.server_name, &server))
}

fn was_connected(phase: &Phase) -> bool {
    match phase {
        Phase::Initiating => false,
        Phase::Failed {
            connected_before, ..
        } => *connected_before,
        _ => true,
    }
}

fn names_instance(scope: &Scope<'_>, name: &Name, server: &str) -> bool {
    name.is(server) || *name == scope.instance.name
}

/// The health of a whole local group: the worst of its replicas'.
fn local_health(scope: &Scope<'_>, group: &AvailabilityGroup, local: &LocalGroup) -> Health {
    let here = scope.instance.id;
    if local.role != Role::Primary {
        let own = remote_health(scope, group, local, here);
        return own.unwrap_or(Health::NotHealthy);
    }
    let server = scope.instance.server_name();
    let set = set_of(scope.world, here, group.id);
    let others = local.replicas.iter();
    let others = others.filter(|replica| !names_instance(scope, &replica.server_name, &server));
    let others = others.map(|replica| {
        let joined = set.and_then(|set| set.named(scope.world, replica.server_name.as_str()));
        let health = joined.and_then(|(server, _)| remote_health(scope, group, local, server.id));
        health.unwrap_or(Health::PartiallyHealthy)
    });
    others
        .chain([own_health(scope, local)])
        .min_by_key(|health| health.code())
        .unwrap_or(Health::Healthy)
}

fn own_health(scope: &Scope<'_>, group: &LocalGroup) -> Health {
    let suspended = group.databases.iter().any(|joined| {
        let database = scope.instance.databases.get(&joined.database);
        database.is_some_and(|database| database.suspended.is_some())
    });
    match suspended {
        true => Health::NotHealthy,
        false => Health::Healthy,
    }
}

/// The health of a secondary replica: the worst of its databases'; none if it has not joined, or the group has no database.
fn remote_health(
    scope: &Scope<'_>,
    group: &AvailabilityGroup,
    local: &LocalGroup,
    instance: InstanceId,
) -> Option<Health> {
    let set = set_of(scope.world, scope.instance.id, group.id)?;
    let server = scope.world.instance(instance)?.server_name();
    let mut replicas = local.replicas.iter();
    let replica = replicas.find(|replica| replica.server_name.is(&server));
    let configured = replica.map(|replica| replica.availability_mode);
    let members: Vec<GroupDatabaseId> = match local.role {
        _ if configured == Some(AvailabilityMode::ConfigurationOnly) => {
            return Some(Health::Healthy);
        }
        Role::Primary => local.databases.iter().map(|joined| joined.id).collect(),
        _ => set.secondary(instance)?.databases.keys().copied().collect(),
    };
    let healths = members.into_iter().map(|member| {
        let status = set.status(scope.world, instance, member);
        status.map_or(Health::NotHealthy, |status| {
            status.synchronization.health(status.synchronous)
        })
    });
    healths.min_by_key(|health| health.code())
}

fn local_databases<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
    local: &'a LocalGroup,
    states: &mut Vec<DatabaseReplicaState<'a>>,
) {
    let Some(at) = local_replica(scope, local) else {
        return;
    };
    for joined in &local.databases {
        let Some(database) = scope.instance.databases.get(&joined.database) else {
            continue;
        };
        let replica = &local.replicas[at];
        let synchronous = replica.availability_mode == AvailabilityMode::SynchronousCommit;
        let set = set_of(scope.world, scope.instance.id, group.id);
        let is_primary = scope.instance.shown_role(local.role) == Role::Primary;
        let status = match is_primary {
            true => None,
            false => set.and_then(|set| set.status(scope.world, scope.instance.id, joined.id)),
        };
        let synchronization = match (&status, is_primary) {
            (Some(status), _) => status.synchronization,
            (None, true) => own_state(database),
            (None, false) => SynchronizationState::NotSynchronizing,
        };
        states.push(DatabaseReplicaState {
            group,
            replica: replica.id,
            joined,
            database,
            is_local: true,
            // On the forwarder the group says PRIMARY too, although its databases follow another instance.
            is_primary,
            synchronization,
            health: synchronization.health(synchronous),
            commit_participant: match &status {
                Some(status) => status.commits_wait,
                None => is_primary && synchronous && database.suspended.is_none(),
            },
            positions: status.and_then(|status| status.positions),
        });
        if is_primary {
            other_replicas(scope, group, local, joined, database, states);
        }
    }
}

/// What a primary knows of a database on the replicas that have joined.
fn other_replicas<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
    local: &'a LocalGroup,
    joined: &'a GroupDatabase,
    database: &'a Arc<Database>,
    states: &mut Vec<DatabaseReplicaState<'a>>,
) {
    let Some(set) = set_of(scope.world, scope.instance.id, group.id) else {
        return;
    };
    for replica in &local.replicas {
        let Some((server, _)) = set.named(scope.world, replica.server_name.as_str()) else {
            continue;
        };
        let Some(status) = set.status(scope.world, server.id, joined.id) else {
            continue;
        };
        states.push(DatabaseReplicaState {
            group,
            replica: replica.id,
            joined,
            database,
            is_local: false,
            is_primary: false,
            synchronization: status.synchronization,
            health: status.synchronization.health(status.synchronous),
            commit_participant: status.commits_wait,
            positions: status.positions,
        });
    }
}

fn distributed_databases<'a>(
    scope: &Scope<'a>,
    group: &'a AvailabilityGroup,
    states: &mut Vec<DatabaseReplicaState<'a>>,
) {
    let Some(pair) = group.as_distributed() else {
        return;
    };
    let member = scope.instance.group(pair.local().group.as_str());
    let Some(member) = member.and_then(|group| group.as_local()) else {
        return;
    };
    let links = links_of(scope.world, scope.instance.id, group);
    let is_primary = scope.instance.shown_role(pair.role) == Role::Primary;
    for joined in &member.databases {
        let Some(database) = scope.instance.databases.get(&joined.database) else {
            continue;
        };
        let link = links.iter().find(|link| {
            link.spec.database == database.name
                && linked_database(scope.world, link, is_primary).is_some()
        });
        let status = link.map(|link| LinkStatus::of(scope.world, link));
        let status = status.as_ref();
        let synchronization = status.map_or(SynchronizationState::NotSynchronizing, |status| {
            status.synchronization
        });
        let health = status.map_or(Health::NotHealthy, |status| status.health);
        let synchronous = status.is_some_and(|status| status.synchronous);
        let state = |replica, is_local| {
            // The primary's own row speaks of itself, whoever follows it.
            let own = is_local && is_primary && database.suspended.is_none();
            DatabaseReplicaState {
                group,
                replica,
                joined,
                database,
                is_local,
                is_primary: is_primary == is_local,
                synchronization: if own {
                    own_state(database)
                } else {
                    synchronization
                },
                health: if own { Health::Healthy } else { health },
                commit_participant: synchronous
                    && (own || synchronization == SynchronizationState::Synchronized),
                positions: status.and_then(|status| status.positions),
            }
        };
        states.push(state(pair.local().id, true));
        if is_primary {
            states.push(state(pair.remote().id, false));
        }
    }
}

/// A primary database shows SYNCHRONIZED in place of SYNCHRONIZING, in either commit mode (documentation of the DMV).
fn own_state(database: &Database) -> SynchronizationState {
    if database.suspended.is_some() {
        SynchronizationState::NotSynchronizing
    } else {
        SynchronizationState::Synchronized
    }
}
