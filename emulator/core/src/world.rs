//! The world: all state, one value. `apply` and `advance_to` are all that changes it.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use uuid::Uuid;

use crate::agent::JobKey;
use crate::azure::Azure;
use crate::calendar;
use crate::command::Request;
use crate::distributed::Units;
use crate::durations::Durations;
use crate::event::{Event, EventKind};
use crate::fault::{FaultId, Faults};
use crate::ids::{GroupId, IdSource, InstanceId, JobId, OperationId, TransactionId};
use crate::instance::Instance;
use crate::link::{Link, LinkGroup, LinkId, ReplicationMode};
use crate::media::Media;
use crate::network::Network;
use crate::operation::{Operation, OperationError, OperationState, ResourceRef};
use crate::refusal::Refusal;
use crate::replica::{ReplicaSet, ReplicaTimer, SecondaryId};
use crate::time::{Timers, Timestamp};

/// A world: a subscription, its instances, the SQL Servers around it, and everything between them.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub(crate) now: Timestamp,
    pub(crate) ids: IdSource,
    /// The Azure subscription that selects this world.
    pub subscription: Uuid,
    /// SQL Servers and managed instances.
    pub instances: OrdMap<InstanceId, Arc<Instance>>,
    /// Links, by their managed instance and name.
    pub links: OrdMap<LinkId, Arc<Link>>,
    /// What the members of links with several databases have in common.
    pub link_groups: OrdMap<LinkId, Arc<LinkGroup>>,
    /// The replicas of local groups that other servers have joined.
    pub replica_sets: OrdMap<GroupId, Arc<ReplicaSet>>,
    /// The network between the instances.
    pub network: Network,
    /// ARM resources that are not instances.
    pub azure: Azure,
    /// Long-running operations.
    pub operations: OrdMap<OperationId, Arc<Operation>>,
    /// Distributed transactions, and what has become of them.
    pub(crate) units: Units,
    /// Jobs whose step is T-SQL that is to be run, or runs.
    pub(crate) jobs_in_hand: OrdSet<JobKey>,
    /// What backups have written.
    pub media: Media,
    /// How long things take.
    pub durations: Durations,
    /// How often a service has stopped: whoever serves clients looks after them when it has changed.
    pub(crate) stops: u64,
    pub(crate) timers: Timers<Timer>,
    /// What comes by itself in the far future, and is not counted as due.
    pub(crate) calendar: Timers<calendar::Entry>,
    pub(crate) faults: Faults,
    /// Operations in the order they began.
    operation_order: Vector<OperationId>,
    events: Vector<Arc<Event>>,
    event_count: u64,
    next_instance: u32,
}

/// What a timer is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A link's next step.
    Link(LinkId),
    /// A link has tried long enough to connect.
    LinkInitTimeout(LinkId),
    /// Partners that hear nothing of each other give each other up.
    SessionTimeout(LinkId),
    /// Partners that have lost each other try again.
    Reconnect(LinkId),
    /// A link's deletion is done.
    LinkDeletion(LinkId, OperationId),
    /// A link's change of replication mode is done.
    LinkUpdate(LinkId, OperationId, ReplicationMode),
    /// The databases of a link with several come or change.
    LinkMembers(LinkId),
    /// The groups of an instance that was started come online.
    GroupsOnline(InstanceId),
    /// A secondary redoes what it has received.
    Redo(LinkId),
    /// Something becomes of a secondary replica of a local group.
    Replica(SecondaryId, ReplicaTimer),
    /// The primary of a failover group has been down for its grace period.
    FailoverGroup(GroupId),
    /// An operation on an ARM resource ends.
    Operation(OperationId),
    /// A part of a distributed transaction asks how that has ended.
    InDoubt(InstanceId, TransactionId),
    /// A step of a job begins, or is looked at again.
    Job(InstanceId, JobId),
    /// The time of a fault is over.
    FaultEnd(FaultId),
}

/// How many events and ended operations a world remembers.
const EVENTS: usize = 10_000;
const OPERATIONS: usize = 10_000;

impl World {
    /// An empty world that begins at `now`.
    pub fn new(seed: u64, subscription: Uuid, now: Timestamp) -> Self {
        Self {
            now,
            ids: IdSource::new(seed),
            subscription,
            instances: OrdMap::new(),
            links: OrdMap::new(),
            link_groups: OrdMap::new(),
            replica_sets: OrdMap::new(),
            network: Network::default(),
            azure: Azure::new(seed),
            operations: OrdMap::new(),
            units: Units::default(),
            jobs_in_hand: OrdSet::new(),
            media: Media::default(),
            durations: Durations::default(),
            stops: 0,
            timers: Timers::default(),
            calendar: Timers::default(),
            faults: Faults::new(seed),
            operation_order: Vector::new(),
            events: Vector::new(),
            event_count: 0,
            next_instance: 1,
        }
    }

    /// The time of the last command or advance.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Asks the world for something at `now`. If it refuses, only the time has passed.
    pub fn apply<R: Request>(&mut self, now: Timestamp, request: R) -> Result<R::Reply, Refusal> {
        self.advance_to(now);
        self.remember();
        let mut draft = self.clone();
        match request.apply(&mut draft) {
            Ok(reply) => {
                if R::CONCERNS_LINKS {
                    draft.reconcile();
                }
                *self = draft;
                Ok(reply)
            }
            Err(refusal) => {
                self.keep_bites(draft);
                Err(refusal)
            }
        }
    }

    /// Lets the time pass up to `now`: everything due until then happens, in order. Time does not run backwards.
    pub fn advance_to(&mut self, now: Timestamp) {
        while let Some(due) = self.next_of_all().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            self.remember();
            // At one moment, the timers come first.
            match self.timers.take_due(due) {
                Some((_, timer)) => self.fire(timer),
                None => {
                    if let Some((_, entry)) = self.calendar.take_due(due) {
                        calendar::happen(self, &entry);
                    }
                }
            }
            self.reconcile();
        }
        self.now = self.now.max(now);
    }

    /// Whether advancing to `now` would let anything happen.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_of_all().is_some_and(|due| due <= now)
    }

    /// When something next happens, be it on the calendar only.
    fn next_of_all(&self) -> Option<Timestamp> {
        let (timer, entry) = (self.timers.next_due(), self.calendar.next_due());
        match (timer, entry) {
            (Some(timer), Some(entry)) => Some(timer.min(entry)),
            (timer, entry) => timer.or(entry),
        }
    }

    /// When something next happens by itself, if anything will. What is only on the calendar, such as a certificate's
    /// expiry, does not count: it comes when the time passes, and nobody waits for it.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Everything that is going to happen by itself as things stand, in order.
    pub fn timers(&self) -> impl Iterator<Item = (Timestamp, &Timer)> + '_ {
        self.timers.iter()
    }

    /// The jobs whose step is T-SQL that is to be run, or runs.
    pub fn jobs_in_hand(&self) -> impl Iterator<Item = JobKey> + '_ {
        self.jobs_in_hand.iter().copied()
    }

    /// Whether the T-SQL of a job in hand is looked at again at a moment.
    pub fn job_is_held(&self, (instance, job): JobKey, until: Timestamp) -> bool {
        self.timers.due(&Timer::Job(instance, job)) == Some(until)
    }

    /// Whether a job is running.
    pub fn has_running_jobs(&self) -> bool {
        let mut armed = self.timers.armed();
        self.has_jobs_in_hand() || armed.any(|(timer, ..)| matches!(timer, Timer::Job(..)))
    }

    /// Whether there is such a job.
    pub fn has_jobs_in_hand(&self) -> bool {
        !self.jobs_in_hand.is_empty()
    }

    /// How often sessions were ended: the service of an instance has stopped, or connections were cut.
    pub fn stops(&self) -> u64 {
        self.stops
    }

    /// The instance of this id. Ids are never made up, so it is there unless it was deleted meanwhile.
    pub fn instance(&self, id: InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id)
    }

    /// The SQL Server of this name.
    pub fn sql_server(&self, name: &str) -> Option<&Arc<Instance>> {
        self.instances
            .values()
            .find(|i| !i.is_managed_instance() && i.name.is(name))
    }

    /// The managed instance of this short name.
    pub fn managed_instance(&self, name: &str) -> Option<&Arc<Instance>> {
        self.instances
            .values()
            .find(|i| i.is_managed_instance() && i.name.is(name))
    }

    /// The operation of this id.
    pub fn operation(&self, id: OperationId) -> Option<&Arc<Operation>> {
        self.operations.get(&id)
    }

    /// Events after the one numbered `after`, oldest first; the oldest of all are forgotten.
    pub fn events_after(&self, after: u64) -> impl Iterator<Item = &Arc<Event>> + '_ {
        let first = self.event_count - self.events.len() as u64;
        let skip = usize::try_from(after.saturating_sub(first)).unwrap_or(usize::MAX);
        self.events.iter().skip(skip)
    }

    /// How many events there have been.
    pub fn event_count(&self) -> u64 {
        self.event_count
    }

    /// Writes something worth knowing into the journal.
    pub fn note(&mut self, text: String) {
        self.record(EventKind::Note { text });
    }

    pub(crate) fn record(&mut self, kind: EventKind) {
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        self.event_count += 1;
        self.events.push_back(Arc::new(Event {
            sequence: self.event_count,
            time: self.now,
            kind,
        }));
    }

    /// The instance of this id, to change it. The caller has it from the world itself.
    pub(crate) fn instance_mut(&mut self, id: InstanceId) -> &mut Instance {
        Arc::make_mut(
            self.instances
                .get_mut(&id)
                .expect("instance ids come from the world"),
        )
    }

    pub(crate) fn next_instance_id(&mut self) -> InstanceId {
        self.next_instance += 1;
        InstanceId(self.next_instance - 1)
    }

    /// Starts an operation; whoever starts it also sees to its end.
    pub(crate) fn start_operation(
        &mut self,
        word: &'static str,
        stem: &'static str,
        resource: ResourceRef,
    ) -> OperationId {
        if self.operations.len() >= OPERATIONS {
            self.forget_oldest_operation();
        }
        let id = OperationId(self.ids.next_guid());
        self.operation_order.push_back(id);
        let state = OperationState::InProgress;
        let started = self.now;
        self.operations.insert(
            id,
            Arc::new(Operation {
                id,
                word,
                stem,
                resource,
                started,
                state,
            }),
        );
        self.record(EventKind::OperationStarted {
            operation: id.to_string(),
            word,
        });
        id
    }

    /// Ends an operation well.
    pub(crate) fn succeed_operation(&mut self, id: OperationId, has_result: bool) {
        if let Some(error) = crate::fault::operation::late_failure(self, id) {
            return self.fail_operation(id, error);
        }
        let ended = self.now;
        self.end_operation(
            id,
            OperationState::Succeeded { ended, has_result },
            "Succeeded",
        );
    }

    /// Ends an operation badly.
    pub(crate) fn fail_operation(&mut self, id: OperationId, error: OperationError) {
        let ended = self.now;
        self.end_operation(id, OperationState::Failed { ended, error }, "Failed");
    }

    /// Ends an operation that somebody canceled.
    pub(crate) fn cancel_operation(&mut self, id: OperationId) {
        let ended = self.now;
        self.end_operation(id, OperationState::Canceled { ended }, "Canceled");
    }

    /// Forgets the operation that began first, and is over if any is.
    fn forget_oldest_operation(&mut self) {
        for _ in 0..self.operation_order.len() {
            let Some(oldest) = self.operation_order.pop_front() else {
                return;
            };
            let running = self
                .operations
                .get(&oldest)
                .is_some_and(|operation| operation.state == OperationState::InProgress);
            if !running {
                self.operations.remove(&oldest);
                return;
            }
            self.operation_order.push_back(oldest);
        }
        if let Some(oldest) = self.operation_order.pop_front() {
            self.operations.remove(&oldest);
        }
    }

    fn end_operation(&mut self, id: OperationId, state: OperationState, outcome: &'static str) {
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        if operation.state != OperationState::InProgress {
            return;
        }
        Arc::make_mut(operation).state = state;
        let word = operation.word;
        self.record(EventKind::OperationEnded {
            operation: id.to_string(),
            word,
            outcome,
        });
    }

    pub(crate) fn link_mut(&mut self, id: &LinkId) -> Option<&mut Link> {
        self.links.get_mut(id).map(Arc::make_mut)
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Link(id) => crate::link::step(self, &id),
            Timer::LinkInitTimeout(id) => crate::link::init_timeout(self, &id),
            Timer::SessionTimeout(id) => crate::link::session_timeout_over(self, &id),
            Timer::Reconnect(id) => crate::link::reconnect(self, &id),
            Timer::LinkDeletion(id, operation) => {
                crate::link::finish_deletion(self, &id, operation)
            }
            Timer::LinkUpdate(id, operation, mode) => {
                crate::link::finish_update(self, &id, operation, mode)
            }
            Timer::LinkMembers(id) => crate::link::members_come(self, &id),
            Timer::GroupsOnline(id) => crate::command::groups_online(self, id),
            Timer::Redo(id) => crate::link::redo(self, &id),
            Timer::Replica(id, what) => crate::replica::wake(self, id, what),
            Timer::FailoverGroup(id) => crate::geo::grace_over(self, id),
            Timer::Operation(id) => crate::azure::complete(self, id),
            Timer::InDoubt(instance, transaction) => {
                crate::distributed::resolve(self, instance, transaction);
            }
            Timer::Job(instance, job) => crate::agent::wake(self, instance, job),
            Timer::FaultEnd(id) => self.end_fault(id),
        }
    }

    /// Brings links and replicas in line with what has just changed on either side.
    pub(crate) fn reconcile(&mut self) {
        crate::geo::reconcile(self);
        crate::replica::reconcile(self);
        crate::link::reconcile(self);
    }
}
