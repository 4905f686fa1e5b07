//! Links: a distributed availability group between a SQL Server and a managed instance, from the first handshake on.
//!
//! The groups on both sides are kept by their instances; what is here is what happens between them.

mod change;
mod connection;
mod create;
mod error_log;
mod failover;
mod handshake;
mod laws;
mod limits;
mod local_failover;
mod replication;
mod role;
mod role_change;
mod seeding;
mod several;
mod status;
mod steps;
mod trust;
mod way;

use std::fmt;
use std::sync::Arc;

pub use change::{DeleteLink, UpdateLink};
pub use create::CreateLink;
pub use failover::{FailOverLink, FailoverKind, FailoverOutcome, SetLinkRole};
pub use role_change::{Fork, LostTransaction, RoleChange};
pub use several::{
    Coming, CreateLinkGroup, LinkGroup, LinkGroupSpec, SetMultiDatabaseLinks, internal_group,
    internal_replica, links_of, member_of,
};
pub use status::{
    Health, LinkStatus, LogPositions, SynchronizationState, link_of, linked_database,
    replicated_to, source_of,
};

pub(crate) use connection::session_timeout_over;
pub(crate) use create::is_offered;
pub(crate) use create::{service_group, service_replica};
pub(crate) use handshake::{addressed, try_handshake};
pub use trust::PartnerCertificate;
pub(crate) use trust::check_permission;

pub(crate) use failover::{fail_over, force_fail_over, give_up_primary};
pub(crate) use handshake::{has_address, has_own_address, listens_at, partner_of};
pub(crate) use laws::{bandwidth_is_shared, copies_follow_one_primary, links_keep_to_limits};
pub(crate) use limits::most_databases;
pub(crate) use local_failover::{go_over, hand_distributed, let_go, readdress};
pub(crate) use replication::{
    back_up_log, drain, follow, log_needed_from, plan_log_backup, redo, redo_all,
};
pub(crate) use role::{Flow, direction as direction_of, flow};
pub(crate) use role_change::{committed_from, demote, revert_copy};
pub(crate) use seeding::{
    attempt_after, blank_copy, cancel as cancel_creation, copying_time, next_run, remember,
};
pub(crate) use several::come as members_come;
pub(crate) use several::laws::{failovers_are_whole, members_agree, modes_never_mix};
pub(crate) use status::positions_of;
pub(crate) use steps::{
    disconnect, finish_deletion, finish_update, init_timeout, reconcile, reconnect, step,
};
pub(crate) use way::{Ways, between as way_between, of as ways_of};

use crate::ids::{DatabaseId, GroupId, InstanceId, OperationId, ReplicaId};
use crate::lsn::Lsn;
use crate::names::Name;
use crate::refusal::{FailoverRefusal, LinkError};
use crate::store::Content;
use crate::time::{Span, Timestamp};

/// A link is named by its managed instance and its name there.
///
/// A link with several databases is a [`LinkGroup`] of that name and a member for each database: members are links too,
/// and come right after their group in the order of ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name, which is the distributed group's name on both sides.
    pub name: Name,
    /// Which database of a link with several this is the replication of; none for a link with one, and for the whole.
    pub member: Option<Name>,
}

impl LinkId {
    /// A link with one database, or a whole link with several.
    pub fn new(instance: InstanceId, name: Name) -> Self {
        Self {
            instance,
            name,
            member: None,
        }
    }

    /// The member for a database.
    pub fn of_member(&self, database: &Name) -> Self {
        Self {
            member: Some(database.clone()),
            ..self.clone()
        }
    }

    /// The whole that a member belongs to; a link with one database is its own.
    pub fn whole(&self) -> Self {
        Self::new(self.instance, self.name.clone())
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            None => self.name.fmt(f),
            Some(database) => write!(f, "{}/{database}", self.name),
        }
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// What was asked for.
    pub spec: LinkSpec,
    /// `distributedAvailabilityGroupId`: the group's id on both sides.
    pub group: GroupId,
    /// The SQL Server at the partner endpoint, once it has answered.
    pub partner: Option<InstanceId>,
    /// Where SQL Server has said that it is since (`MODIFY AVAILABILITY GROUP … LISTENER_URL`), if it has.
    pub readdressed: Option<Arc<str>>,
    /// The group's replica ids: the instance's and the partner's.
    pub replicas: (ReplicaId, ReplicaId),
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// Whether the partners are connected, and what kept them apart.
    pub connection: Connection,
    /// The instance's role in the replication: which way the data flows, or will once the partners are together again.
    pub role: LinkRole,
    /// Role changes that are over, newest last; the oldest are forgotten.
    pub role_changes: Vec<RoleChange>,
    /// Where a forced failover has split the history, until the sides are together again.
    pub fork: Option<Fork>,
    /// The last planned failover that was called off: when it had begun, and why.
    pub called_off: Option<(Timestamp, FailoverRefusal)>,
    /// The running operation of its creation or of a failover.
    pub operation: Option<OperationId>,
    /// When it was asked for.
    pub created: Timestamp,
    /// Async or sync, as ARM says.
    pub replication_mode: ReplicationMode,
    /// Seeding runs, the last one newest.
    pub seedings: Vec<Seeding>,
    /// The last error, for `mostRecentLinkError`.
    pub last_error: Option<LinkError>,
    /// The uploaded certificate that authenticated the partner.
    pub partner_certificate: Option<PartnerCertificate>,
}

/// What a link request asks for: one shape for every api-version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// The availability group on the managed instance.
    pub instance_group: Name,
    /// The availability group on SQL Server.
    pub partner_group: Name,
    /// `TCP://host:port`, as it was written.
    pub partner_endpoint: Arc<str>,
    /// The replicated database.
    pub database: Name,
    /// Which side started as primary; `Link::role` is the one of now.
    pub instance_role: LinkRole,
    /// Whether it can fail over and back.
    pub failover_mode: LinkFailoverMode,
}

/// The role of the managed instance in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum LinkRole {
    Primary,
    Secondary,
}

/// `failoverMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum LinkFailoverMode {
    None,
    Manual,
}

/// `replicationMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum ReplicationMode {
    Async,
    Sync,
}

/// The phases of a link's life (`link-lifecycle.md` section 4.2).
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Accepted; the partners have not shaken hands yet.
    Initiating,
    /// Connected; seeding is about to start.
    Connected,
    /// The database is being copied; the last of `seedings` is the run.
    Seeding,
    /// Copied; the secondary is recovering.
    Recovering {
        /// The secondary database.
        target: DatabaseId,
    },
    /// Readable; the log is being caught up.
    CatchUp {
        /// The secondary database.
        target: DatabaseId,
    },
    /// In step: the log is sent as it is written.
    Synchronizing {
        /// The secondary database.
        target: DatabaseId,
    },
    /// A planned failover runs: the primary is closed, and what it has committed is on its way.
    FailingOver {
        /// The secondary database, about to become primary.
        target: DatabaseId,
    },
    /// The primary was made secondary by hand: neither side writes, what was committed still goes to the other side.
    Yielded {
        /// The secondary database.
        target: DatabaseId,
    },
    /// A forced failover has split the sides; nothing flows until one of them gives up the primary role.
    Diverged,
    /// The side that gave up goes back to where the histories part.
    Reverting {
        /// The secondary database.
        target: DatabaseId,
    },
    /// It could not be made; it waits to be deleted or asked for again.
    Failed {
        /// Why.
        error: LinkError,
        /// Whether the partners had ever connected (`LinkCreationError`) or not (`LinkInitError`).
        connected_before: bool,
    },
}

/// Whether the partners are connected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connection {
    /// Since when they are connected, if they are.
    pub connected_since: Option<Timestamp>,
    /// Since when nothing comes through on a connection that has not been given up.
    pub silent_since: Option<Timestamp>,
    /// The last thing that kept them apart, and when it was noticed.
    pub last_error: Option<(LinkError, Timestamp)>,
}

/// A run of automatic seeding.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeding {
    /// `operation_id`.
    pub id: uuid::Uuid,
    /// Where the copy comes from: instance and database.
    pub source: (InstanceId, DatabaseId),
    /// The database that is being made.
    pub target: (InstanceId, DatabaseId),
    /// When it began.
    pub started: Timestamp,
    /// How much there is to copy.
    pub bytes: u64,
    /// The least that it takes, whatever the size.
    pub minimum: Span,
    /// How long the copying takes with all the bandwidth that its source has for seeding.
    pub copying: Span,
    /// How it goes on.
    pub pace: Pace,
    /// For how long nothing came through meanwhile.
    pub stalled: Span,
    /// Since when nothing comes through, if that is so.
    pub stalled_since: Option<Timestamp>,
    /// Where in the source's log the copy was taken.
    pub base: Lsn,
    /// The content at that place.
    pub content: Content,
    /// Counts from 1.
    pub attempt: i32,
    /// How it ended.
    pub outcome: SeedingOutcome,
}

/// How a seeding run goes on: runs from one source share its bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Since when it goes at this pace.
    pub since: Timestamp,
    /// How much of the copying was done then.
    pub done: Span,
    /// How many runs share the bandwidth.
    pub sharers: i64,
}

/// How a seeding run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum SeedingOutcome {
    /// It goes on.
    Running,
    /// It is done, since then.
    Completed(Timestamp),
    /// It failed, then and for that reason.
    Failed(Timestamp, String),
}

impl Connection {
    /// Whether the partners are connected and hear each other.
    pub fn is_live(&self) -> bool {
        self.connected_since.is_some() && self.silent_since.is_none()
    }
}

impl Seeding {
    /// How many bytes have been copied at `now`: computed from time, never ticked.
    pub fn bytes_done(&self, now: Timestamp) -> u64 {
        match &self.outcome {
            SeedingOutcome::Completed(_) => self.bytes,
            SeedingOutcome::Failed(at, _) => self.progress(*at),
            SeedingOutcome::Running => self.progress(now),
        }
    }

    /// How much has been copied at `now`, in percent.
    pub fn percent(&self, now: Timestamp) -> u8 {
        match self.bytes {
            0 => 100,
            bytes => (self.bytes_done(now) * 100 / bytes) as u8,
        }
    }

    /// When the copy will be there, as it goes on now.
    pub fn ends(&self) -> Timestamp {
        let rest = Span((self.copying.0 - self.pace.done.0).saturating_mul(self.pace.sharers));
        (self.started + self.minimum + self.stalled).max(self.pace.since + rest)
    }

    /// When the copy is or was at a percentage, as it goes on now.
    fn is_at(&self, percent: u8) -> Timestamp {
        let part = |whole: Span| whole.0 / 100 * i64::from(percent);
        let rest = part(self.copying).saturating_sub(self.pace.done.0);
        let rest = Span(rest.saturating_mul(self.pace.sharers));
        let least = Span(part(self.minimum));
        (self.started + least + self.stalled).max(self.pace.since + rest)
    }

    /// Goes on where a fault has held it.
    fn resume(&mut self, now: Timestamp) {
        self.pace.done = self.copied(now);
        self.go_on(now);
    }

    /// How much of the copying is done at a moment.
    fn copied(&self, at: Timestamp) -> Span {
        let at = self.stalled_since.map_or(at, |stalled| stalled.min(at));
        let more = at.since(self.pace.since).0 / self.pace.sharers.max(1);
        self.copying
            .min(Span(self.pace.done.0.saturating_add(more)))
    }

    fn progress(&self, at: Timestamp) -> u64 {
        let part = |done: Span, whole: Span| {
            let (done, whole) = (done.0.max(0) as u128, whole.0.max(0) as u128);
            match whole {
                0 => self.bytes,
                whole => (u128::from(self.bytes) * done.min(whole) / whole) as u64,
            }
        };
        let at = self.stalled_since.map_or(at, |stalled| stalled.min(at));
        let elapsed = Span((at.since(self.started).0 - self.stalled.0).max(0));
        part(self.copied(at), self.copying).min(part(elapsed, self.minimum))
    }
}
