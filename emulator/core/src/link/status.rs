//! How a link stands, computed from the world: what ARM, the DMVs and people are all told.

use std::sync::Arc;

use super::{Link, LinkRole, Phase, handshake, role};
use crate::availability_group::AvailabilityGroup;
use crate::database::Database;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::ManagedInstance;
use crate::listener_url::ListenerUrl;
use crate::lsn::Lsn;
use crate::time::{Span, Timestamp};
use crate::world::World;

/// How a link stands at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatus {
    /// Whether the partners are connected.
    pub connected: bool,
    /// `replicaState`.
    pub replica_state: &'static str,
    /// `linkState` of the oldest api-versions.
    pub link_state: &'static str,
    /// How much has been seeded, in percent, once seeding has begun.
    pub seeding_percent: Option<u8>,
    /// `synchronizationHealth`.
    pub health: Health,
    /// `synchronization_state` of the secondary's database replica.
    pub synchronization: SynchronizationState,
    /// Whether commits wait for the secondary.
    pub synchronous: bool,
    /// Where both sides stand in the log, once there is a copy.
    pub positions: Option<LogPositions>,
    /// `instanceSendReplicationLagSeconds`.
    pub send_lag: Span,
    /// `instanceRedoReplicationLagSeconds`.
    pub redo_lag: Span,
    /// The role of the managed instance.
    pub instance_role: LinkRole,
}

/// Where the two sides stand in the primary's log. All but `redone` are starts of log blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPositions {
    /// The end of the primary's log.
    pub end_of_log: Lsn,
    /// Sent by the primary, and received by the secondary.
    pub sent: Lsn,
    /// When.
    pub sent_time: Timestamp,
    /// Hardened on the secondary: the start of the next block.
    pub hardened: Lsn,
    /// When.
    pub hardened_time: Timestamp,
    /// Redone on the secondary: a record.
    pub redone: Lsn,
    /// When.
    pub redone_time: Timestamp,
    /// The last commit redone.
    pub committed: Option<(Lsn, Timestamp)>,
    /// Bytes of log not sent yet.
    pub send_queue_bytes: u64,
    /// Bytes of log hardened on the secondary and not redone yet.
    pub redo_queue_bytes: u64,
    /// The last commit on the primary.
    pub primary_committed: Option<(Lsn, Timestamp)>,
}

/// `synchronization_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum SynchronizationState {
    NotSynchronizing,
    Synchronizing,
    Synchronized,
    Reverting,
    Initializing,
}

/// `synchronization_health`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum Health {
    NotHealthy,
    PartiallyHealthy,
    Healthy,
}

impl SynchronizationState {
    /// The number in the catalog.
    pub const fn code(self) -> i64 {
        match self {
            Self::NotSynchronizing => 0,
            Self::Synchronizing => 1,
            Self::Synchronized => 2,
            Self::Reverting => 3,
            Self::Initializing => 4,
        }
    }

    /// The word in the catalog; the first one really has a blank.
    pub const fn desc(self) -> &'static str {
        match self {
            Self::NotSynchronizing => "NOT SYNCHRONIZING",
            Self::Synchronizing => "SYNCHRONIZING",
            Self::Synchronized => "SYNCHRONIZED",
            Self::Reverting => "REVERTING",
            Self::Initializing => "INITIALIZING",
        }
    }

    /// Healthy is SYNCHRONIZED in synchronous mode and SYNCHRONIZING in asynchronous mode.
    pub const fn health(self, synchronous: bool) -> Health {
        match self {
            Self::Synchronized => Health::Healthy,
            Self::Synchronizing if synchronous => Health::PartiallyHealthy,
            Self::Synchronizing => Health::Healthy,
            Self::NotSynchronizing | Self::Reverting | Self::Initializing => Health::NotHealthy,
        }
    }
}

impl Health {
    /// The number in the catalog.
    pub const fn code(self) -> i64 {
        match self {
            Self::NotHealthy => 0,
            Self::PartiallyHealthy => 1,
            Self::Healthy => 2,
        }
    }

    /// The word of the catalog and of ARM.
    pub const fn desc(self) -> &'static str {
        match self {
            Self::NotHealthy => "NOT_HEALTHY",
            Self::PartiallyHealthy => "PARTIALLY_HEALTHY",
            Self::Healthy => "HEALTHY",
        }
    }
}

impl LinkStatus {
    /// How `link` stands now.
    pub fn of(world: &World, link: &Link) -> Self {
        let connected = link.connection.connected_since.is_some();
        let synchronous = world.is_synchronous(&link.id);
        let copying = linked_database(world, link, false);
        let suspended = copying.is_some_and(|database| database.suspended.is_some())
            || linked_database(world, link, true)
                .is_some_and(|database| database.suspended.is_some());
        let positions = positions(world, link);
        let behind = positions.is_some_and(|positions| positions.hardened < positions.end_of_log);
        let synchronization = match link.phase {
            Phase::Reverting { .. } => SynchronizationState::Reverting,
            _ if !connected || suspended => SynchronizationState::NotSynchronizing,
            Phase::CatchUp { .. } => SynchronizationState::Synchronizing,
            Phase::FailingOver { .. } | Phase::Yielded { .. } if !behind => {
                SynchronizationState::Synchronized
            }
            Phase::FailingOver { .. } | Phase::Yielded { .. } => {
                SynchronizationState::Synchronizing
            }
            Phase::Synchronizing { .. } if synchronous && !behind => {
                SynchronizationState::Synchronized
            }
            Phase::Synchronizing { .. } => SynchronizationState::Synchronizing,
            _ => SynchronizationState::NotSynchronizing,
        };
        let (replica_state, link_state) = match &link.phase {
            // Observed of a link with several databases.
            Phase::Initiating | Phase::Connected if link.id.member.is_some() => {
                ("InitiatingLink", "CreatingLink")
            }
            Phase::Initiating | Phase::Connected => ("CreatingLink", "CreatingLink"),
            Phase::Seeding => ("Seeding", "Seeding"),
            Phase::Recovering { .. } | Phase::CatchUp { .. } | Phase::Reverting { .. } => {
                ("Catchup", "Catchup")
            }
            Phase::FailingOver { .. } => ("LinkFailoverInProgress", "LinkFailoverInProgress"),
            // A guess for `Yielded` and `Diverged`: health and connection tell them apart.
            Phase::Synchronizing { .. } | Phase::Yielded { .. } | Phase::Diverged => {
                ("LinkSynchronizing", "Catchup")
            }
            Phase::Failed {
                connected_before: false,
                ..
            } => ("LinkInitError", "LinkInitError"),
            Phase::Failed {
                connected_before: true,
                ..
            } => ("LinkCreationError", "LinkCreationError"),
        };
        let seeding_percent = match link.phase {
            Phase::Initiating => None,
            Phase::Connected => Some(0),
            _ => link.seedings.last().map(|run| run.percent(world.now())),
        };
        Self {
            connected,
            replica_state,
            link_state,
            seeding_percent,
            health: synchronization.health(synchronous),
            synchronization,
            synchronous,
            positions,
            send_lag: send_lag(world, link),
            redo_lag: redo_lag(world, copying),
            instance_role: link.instance_role(world),
        }
    }
}

/// The link that a distributed group on an instance, of either side, is a half of.
pub fn link_of<'a>(
    world: &'a World,
    instance: InstanceId,
    group: &AvailabilityGroup,
) -> Option<&'a Arc<Link>> {
    let pair = group.as_distributed()?;
    // Several instances may have a link of this name: the other member's address says which of them it is with.
    let server = ListenerUrl::parse(&pair.remote().listener_url).and_then(|url| url.server);
    let is_with = |link: &Link| {
        let other = world.instance(link.id.instance);
        server
            .as_deref()
            .is_none_or(|server| other.is_some_and(|other| other.name.is(server)))
    };
    world.links.values().find(|link| {
        // Until it has answered, the partner is whoever the link was told to call.
        let partner = || link.partner.or_else(|| handshake::addressed(world, link));
        link.id.name == group.name
            && (link.id.instance == instance || partner() == Some(instance) && is_with(link))
    })
}

/// The managed instance to which a link replicates a database of a SQL Server, if one does.
pub fn replicated_to(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
) -> Option<&ManagedInstance> {
    let from_here = |link: &&Arc<Link>| {
        role::direction(link) == Some((instance, link.id.instance))
            && linked_database(world, link, true).is_some_and(|found| found.id == database)
    };
    let link = world.links.values().find(from_here)?;
    world.instance(link.id.instance)?.as_managed_instance()
}

/// The database of a link on its current primary, or on its secondary.
pub fn linked_database<'a>(
    world: &'a World,
    link: &Link,
    on_primary: bool,
) -> Option<&'a Arc<Database>> {
    if link.phase == Phase::Diverged {
        // Two primaries: neither follows the other.
        let here = world.instance(link.id.instance)?;
        return here
            .database(link.spec.database.as_str())
            .filter(|_| on_primary);
    }
    let (source, target) = role::direction(link)?;
    let on = |instance| {
        world
            .instance(instance)?
            .database(link.spec.database.as_str())
    };
    let copy = on(target).filter(|found| found.is_secondary());
    if !on_primary {
        return copy;
    }
    // A database of the same name that was made since is another one.
    on(source).filter(|found| copy.is_none_or(|copy| copy.guid == found.guid))
}

/// The database that a secondary follows, if it is still there.
pub fn source_of<'a>(world: &'a World, copy: &Database) -> Option<&'a Arc<Database>> {
    let (instance, database) = copy.copy.as_ref()?.source;
    let found = world.instance(instance)?.databases.get(&database)?;
    (found.guid == copy.guid).then_some(found)
}

fn positions(world: &World, link: &Link) -> Option<LogPositions> {
    let source = linked_database(world, link, true)?;
    let copy = linked_database(world, link, false)?;
    if !link.phase.is_replicating() {
        return None;
    }
    positions_of(source, copy)
}

/// Where a database and a copy that follows it stand.
pub(crate) fn positions_of(source: &Database, copy: &Database) -> Option<LogPositions> {
    let at = copy.copy.as_ref()?;
    let unsent = source.log.from(at.hardened);
    Some(LogPositions {
        end_of_log: source.log.end(),
        sent: at.hardened,
        sent_time: at.hardened_time,
        hardened: at.hardened,
        hardened_time: at.hardened_time,
        redone: at.redone,
        redone_time: at.redone_time,
        committed: at.committed,
        send_queue_bytes: unsent.map(|entry| u64::from(entry.bytes)).sum(),
        redo_queue_bytes: copy.unredone().map(|entry| u64::from(entry.bytes)).sum(),
        primary_committed: source
            .log
            .last()
            .map(|entry| (entry.lsn, entry.time))
            .or(at.committed),
    })
}

/// How long the oldest commit that the secondary has hardened and not redone has been waiting.
fn redo_lag(world: &World, copy: Option<&Arc<Database>>) -> Span {
    let oldest = copy.and_then(|copy| copy.unredone().next());
    oldest.map_or(Span::ZERO, |entry| world.now().since(entry.time))
}

/// How long the oldest commit that the secondary has not hardened has been waiting.
fn send_lag(world: &World, link: &Link) -> Span {
    let oldest = || {
        let source = linked_database(world, link, true)?;
        let at = linked_database(world, link, false)?.copy.as_ref()?;
        Some(source.log.from(at.hardened).next()?.time)
    };
    oldest().map_or(Span::ZERO, |since| world.now().since(since))
}
