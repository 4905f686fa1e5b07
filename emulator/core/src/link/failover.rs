//! Asking for another primary: planned and forced failover, and giving up the primary role, through either door.
//!
//! Planned failover runs on the primary, loses nothing and takes its time; forced failover runs on the secondary and
//! takes what is there.

use std::sync::Arc;

use super::create::start;
use super::role::{self, Flow, flow};
use super::role_change::{hand_over, is_drained, split, stand_alone};
use super::several::{self, together};
use super::steps::{arm_step, enter, words};
use super::{Link, LinkFailoverMode, LinkId, LinkRole, Phase, replication};
use crate::availability_group::Role;
use crate::command::{Request, end_use};
use crate::database::DatabaseState;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::fault::{self, About};
use crate::ids::{DatabaseId, InstanceId, OperationId};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::operation::OperationError;
use crate::refusal::{FailoverRefusal, GroupRefusal, LinkError, LinkRefusal, Refusal};
use crate::time::{Span, Timestamp};
use crate::version::Build;
use crate::world::{Timer, World};

/// POST of a link's `failover`.
#[derive(Clone, Debug)]
pub struct FailOverLink {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
    /// Planned away from the instance, or forced to it.
    pub kind: FailoverKind,
}

/// `failoverType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum FailoverKind {
    Planned,
    ForcedAllowDataLoss,
}

/// POST of a link's `setRole`.
#[derive(Clone, Debug)]
pub struct SetLinkRole {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
    /// The role that the instance is to have.
    pub role: LinkRole,
    /// `roleChangeType` Forced; otherwise Planned.
    pub forced: bool,
}

/// The most log that may wait to be sent when a planned failover begins. A guess: the message names no limit.
const SEND_QUEUE_BYTES: u64 = 64 << 20;
/// The most log that may wait to be redone then; a guess as well.
const REDO_QUEUE_BYTES: u64 = 64 << 20;

impl Request for FailOverLink {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name);
        let role = found(world, &id)?[0].role_on(world, id.instance);
        match self.kind {
            FailoverKind::Planned => {
                if role == Some(Role::Secondary) {
                    return Err(FailoverRefusal::NotPrimary {
                        group: words_of(&id),
                    }
                    .into());
                }
                planned_operation(world, &id)
            }
            FailoverKind::ForcedAllowDataLoss => {
                forced_operation(world, &id, |world, id| force(world, id, id.instance))
            }
        }
    }
}

impl Request for SetLinkRole {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name);
        let has = found(world, &id)?[0].role_on(world, id.instance);
        let wants = match self.role {
            LinkRole::Primary => Role::Primary,
            LinkRole::Secondary => Role::Secondary,
        };
        if has == Some(wants) {
            return Err(FailoverRefusal::AlreadyInRole {
                group: words_of(&id),
            }
            .into());
        }
        match (self.role, self.forced) {
            (LinkRole::Primary, false) => Err(FailoverRefusal::PlannedToPrimary {
                group: words_of(&id),
            }
            .into()),
            (LinkRole::Primary, true) => {
                forced_operation(world, &id, |world, id| force(world, id, id.instance))
            }
            (LinkRole::Secondary, false) => planned_operation(world, &id),
            (LinkRole::Secondary, true) => forced_operation(world, &id, |world, id| {
                yield_primary(world, id, id.instance)
            }),
        }
    }
}

/// `ALTER AVAILABILITY GROUP … FAILOVER` on an instance. Says when it will be over.
pub(crate) fn fail_over(
    world: &mut World,
    instance: InstanceId,
    name: &Name,
) -> Result<Option<Timestamp>, Refusal> {
    let group = name.to_string();
    let (server, role) = half(world, instance, name)?;
    if server.build() < Build::SQL_2022_CU13 {
        return Err(FailoverRefusal::PlannedNotInVersion { group }.into());
    }
    match role {
        Role::Primary => {}
        Role::Secondary => return Err(FailoverRefusal::NotPrimary { group }.into()),
        Role::Resolving => return Err(FailoverRefusal::InProgress { group }.into()),
    }
    let id = link_at(world, instance, name);
    // A half that was made anew may call itself primary of a link whose data comes from the other side.
    let id = id.filter(|id| {
        let mut links = world.links.values().filter(|link| link.id.whole() == *id);
        links.all(|link| link.is_source(instance))
    });
    let id = id.ok_or(FailoverRefusal::NotSynchronizing { group })?;
    plan(world, &id).map(Some)
}

/// `ALTER AVAILABILITY GROUP … FORCE_FAILOVER_ALLOW_DATA_LOSS` on an instance.
pub(crate) fn force_fail_over(
    world: &mut World,
    instance: InstanceId,
    name: &Name,
) -> Result<(), Refusal> {
    let group = name.to_string();
    let (_, role) = half(world, instance, name)?;
    match (role, link_at(world, instance, name)) {
        (Role::Primary, _) => Err(GroupRefusal::AlreadyPrimary { group }.into()),
        (_, Some(id)) => force(world, &id, instance),
        // An orphan takes the role back that it gave up, or that its partner had.
        (_, None) => {
            role::set(world, instance, name.as_str(), Role::Primary);
            stand_alone(world, instance, name);
            Ok(())
        }
    }
}

/// `ALTER AVAILABILITY GROUP … SET (ROLE = SECONDARY)` on an instance.
pub(crate) fn give_up_primary(
    world: &mut World,
    instance: InstanceId,
    name: &Name,
) -> Result<(), Refusal> {
    let group = name.to_string();
    let (_, role) = half(world, instance, name)?;
    match (role, link_at(world, instance, name)) {
        (Role::Secondary, _) => Err(FailoverRefusal::AlreadyInRole { group }.into()),
        (Role::Resolving, _) => Err(FailoverRefusal::InProgress { group }.into()),
        (Role::Primary, Some(id)) => yield_primary(world, &id, instance),
        (Role::Primary, None) => {
            close(world, instance, None);
            role::set(world, instance, name.as_str(), Role::Secondary);
            Ok(())
        }
    }
}

/// How a planned failover that began at a moment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailoverOutcome {
    /// It runs, until then if nothing delays it.
    Running(Option<Timestamp>),
    /// The other side is primary.
    Done,
    /// It was called off, for this reason: the roles are what they were.
    CalledOff(FailoverRefusal),
}

impl FailoverOutcome {
    /// Looks after the failover of a group that was started on an instance at `since`.
    pub fn of(world: &World, instance: InstanceId, group: &Name, since: Timestamp) -> Self {
        let not_synchronizing = Self::CalledOff(FailoverRefusal::NotSynchronizing {
            group: group.to_string(),
        });
        let links = link_at(world, instance, group);
        let links = links.map_or_else(Vec::new, |id| together(world, &id));
        let Some(link) = links.first() else {
            return not_synchronizing;
        };
        if matches!(link.phase, Phase::FailingOver { .. }) {
            // The last database decides.
            let due = |link: &Arc<Link>| world.timers.due(&Timer::Link(link.id.clone()));
            return Self::Running(links.iter().filter_map(due).max());
        }
        let mut changes = link.role_changes.iter();
        let done = changes.any(|change| change.at >= since && change.primary != instance);
        match &link.called_off {
            _ if done => Self::Done,
            Some((began, reason)) if *began >= since => Self::CalledOff(reason.clone()),
            _ => not_synchronizing,
        }
    }
}

/// Ends a planned failover: hands over if the secondary has everything, waits for it while there is time, and goes back
/// otherwise.
pub(super) fn complete(world: &mut World, id: &LinkId) {
    if !world.faults.is_empty() && is_kept_from_ending(world, id) {
        return;
    }
    for link in together(world, id) {
        replication::pump(world, &link.id);
    }
    let links = together(world, id);
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let group = words_of(id);
    let mut flows = Vec::new();
    for link in &links {
        let at = flow(world, link).filter(|_| link.connection.connected_since.is_some());
        let Some(at) = at else {
            return abort(world, id, FailoverRefusal::NotSynchronizing { group });
        };
        flows.push(at);
    }
    if is_ready(world, &links) {
        for (link, at) in links.iter().zip(flows) {
            world.timers.cancel(&Timer::Link(link.id.clone()));
            hand_over(world, &link.id, at);
        }
        if let Some(operation) = several::take_operation(world, id) {
            world.succeed_operation(operation, true);
        }
        return;
    }
    let limit = link.since + world.durations.span(Transition::FailoverTimeout);
    if world.now() >= limit {
        return abort(world, id, FailoverRefusal::CannotCatchUp { group });
    }
    let arrives = world.timers.due(&Timer::Redo(id.clone()));
    let due = arrives.map_or(limit, |arrives| arrives.max(world.now()).min(limit));
    world.timers.arm(Timer::Link(id.clone()), due);
}

/// Takes up a planned failover that has waited for something that has happened.
pub(super) fn go_on(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id) else {
        return;
    };
    let earliest = link.since + world.durations.span(Transition::Failover);
    let limit = link.since + world.durations.span(Transition::FailoverTimeout);
    let waits = world.timers.due(&Timer::Link(id.clone())) == Some(limit);
    if matches!(link.phase, Phase::FailingOver { .. })
        && waits
        && is_ready(world, &together(world, id))
    {
        let due = earliest.max(world.now());
        world.timers.arm(Timer::Link(id.clone()), due);
    }
}

/// Whether the secondaries have everything, and hear their primary.
fn is_ready(world: &World, links: &[Arc<Link>]) -> bool {
    links
        .iter()
        .all(|link| link.connection.is_live() && is_drained(world, &link.id))
}

/// What a fault makes of a planned failover that is due; says whether it does.
fn is_kept_from_ending(world: &mut World, id: &LinkId) -> bool {
    let Some(link) = world.links.get(id).cloned() else {
        return false;
    };
    if !matches!(link.phase, Phase::FailingOver { .. }) {
        return false;
    }
    let stuck = world.fault_at(&fault::failover::STUCK, |world| About::link(world, &link));
    if let Some(verdict) = stuck {
        let due = world.now() + verdict.delay().max(Span::milliseconds(1));
        world.timers.arm(Timer::Link(id.clone()), due);
        return true;
    }
    let mut bites = |point| {
        world
            .fault_at(point, |world| About::link(world, &link))
            .is_some()
    };
    let group = words_of(id);
    if bites(&fault::failover::CANNOT_CATCH_UP) {
        abort(world, id, FailoverRefusal::CannotCatchUp { group });
        return true;
    }
    if bites(&fault::failover::CUT_IN_HALF) {
        if let Some((source, _)) = role::direction(&link) {
            role::set(world, source, id.name.as_str(), Role::Secondary);
        }
        for link in failing_over(world, id) {
            replication::pump(world, &link.0.id);
            world.timers.cancel(&Timer::Link(link.0.id.clone()));
            enter(world, &link.0.id, Phase::Yielded { target: link.1 });
        }
        let reason = FailoverRefusal::NotSynchronizing { group };
        fail_role_change(world, id, link.since, reason);
        return true;
    }
    false
}

/// Calls a planned failover off: the primary stays what it was.
pub(super) fn abort(world: &mut World, id: &LinkId, reason: FailoverRefusal) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if !matches!(link.phase, Phase::FailingOver { .. }) {
        return;
    }
    // A half that was made anew meanwhile has the role that it was made with.
    if let Some((source, _)) = role::direction(&link)
        && link.role_on(world, source) == Some(Role::Resolving)
    {
        role::set(world, source, id.name.as_str(), Role::Primary);
    }
    for (link, target) in failing_over(world, id) {
        world.timers.cancel(&Timer::Link(link.id.clone()));
        enter(world, &link.id, Phase::Synchronizing { target });
    }
    fail_role_change(world, id, link.since, reason);
}

/// The links that fail over with a link, and their secondary databases.
fn failing_over(world: &World, id: &LinkId) -> Vec<(Arc<Link>, DatabaseId)> {
    let links = together(world, id).into_iter();
    let changing = links.filter_map(|link| match link.phase {
        Phase::FailingOver { target } => Some((link, target)),
        _ => None,
    });
    changing.collect()
}

/// Tells that the planned failover that began then has failed.
fn fail_role_change(world: &mut World, id: &LinkId, began: Timestamp, reason: FailoverRefusal) {
    let error = LinkError::FailoverFailed;
    for link in together(world, id) {
        if let Some(changed) = world.link_mut(&link.id) {
            changed.last_error = Some(error.clone());
            changed.called_off = Some((began, reason.clone()));
        }
    }
    let operation = several::take_operation(world, id);
    let (instance, link, _) = words(world, id);
    world.record(EventKind::FailoverFailed {
        instance,
        link,
        reason: reason.to_string(),
    });
    if let Some(operation) = operation {
        world.fail_operation(operation, OperationError::Link(error));
    }
}

/// Calls it off because the link or its connection goes.
pub(super) fn interrupt(world: &mut World, id: &LinkId) {
    let group = words_of(id);
    abort(world, id, FailoverRefusal::NotSynchronizing { group });
}

fn planned_operation(world: &mut World, id: &LinkId) -> Result<OperationId, Refusal> {
    plan(world, id)?;
    let operation = start(world, id, "DistributedAvailabilityGroupsLinkFailover");
    several::set_operation(world, id, operation);
    Ok(operation)
}

/// A forced change is done at once; its operation says so.
fn forced_operation(
    world: &mut World,
    id: &LinkId,
    change: impl FnOnce(&mut World, &LinkId) -> Result<(), Refusal>,
) -> Result<OperationId, Refusal> {
    change(world, id)?;
    let operation = start(world, id, "DistributedAvailabilityGroupsLinkFailover");
    world.succeed_operation(operation, true);
    Ok(operation)
}

/// Starts a planned failover: closes the primary and lets the secondary have the rest.
fn plan(world: &mut World, id: &LinkId) -> Result<Timestamp, Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut flows = Vec::new();
    for link in &links {
        flows.push(check_plan(world, link)?);
    }
    let mut due = world.now();
    for (link, at) in links.iter().zip(flows) {
        due = due.max(begin(world, link, at));
    }
    let (instance, name, _) = words(world, id);
    world.record(EventKind::FailoverStarted {
        instance,
        link: name,
    });
    Ok(due)
}

/// Whether a planned failover of a link may begin.
fn check_plan(world: &mut World, link: &Link) -> Result<Flow, Refusal> {
    let group = words_of(&link.id);
    let status = super::LinkStatus::of(world, link);
    match link.phase {
        Phase::FailingOver { .. } => return Err(FailoverRefusal::InProgress { group }.into()),
        Phase::Synchronizing { .. } if status.connected => {}
        _ => return Err(FailoverRefusal::NotSynchronizing { group }.into()),
    }
    check_formats(world, link).map_err(|build| FailoverRefusal::FormatsDiffer { build })?;
    check_two_way(link)?;
    let moving = status.synchronization != super::SynchronizationState::NotSynchronizing;
    let at = flow(world, link).filter(|_| moving);
    let at = at.ok_or_else(|| FailoverRefusal::NotSynchronizing {
        group: group.clone(),
    })?;
    let mut bites = |point| {
        world
            .fault_at(point, |world| About::link(world, link))
            .is_some()
    };
    let send_queue = status
        .positions
        .map_or(0, |positions| positions.send_queue_bytes);
    if bites(&fault::failover::SEND_QUEUE) || send_queue > SEND_QUEUE_BYTES {
        return Err(FailoverRefusal::SendQueueTooLarge { group }.into());
    }
    let redo_queue = status
        .positions
        .map_or(0, |positions| positions.redo_queue_bytes);
    if bites(&fault::failover::REDO_QUEUE) || redo_queue > REDO_QUEUE_BYTES {
        return Err(FailoverRefusal::RedoQueueTooLarge { group }.into());
    }
    if at.sides().into_iter().any(|place| !is_open(world, place)) {
        return Err(FailoverRefusal::DatabaseInaccessible { group }.into());
    }
    check_is_open(world, link, at)?;
    Ok(at)
}

/// Begins it, and says when it is due.
fn begin(world: &mut World, link: &Link, at: Flow) -> Timestamp {
    let (now, id) = (world.now(), &link.id);
    role::set(world, at.source.0, id.name.as_str(), Role::Resolving);
    close(world, at.source.0, Some(link));
    enter(
        world,
        id,
        Phase::FailingOver {
            target: at.target.1,
        },
    );
    if let Some(link) = world.link_mut(id) {
        link.called_off = None;
    }
    let written = world
        .instance(at.source.0)
        .and_then(|instance| instance.databases.get(&at.source.1))
        .and_then(|database| database.log.last())
        .map_or(now, |entry| {
            let late = fault::replication::late(world, link);
            let usual = replication::delay(world, at.source);
            let held = world.faults.held(id).unwrap_or(now);
            (entry.time + usual + late.sent + late.redone).max(held + usual)
        });
    let earliest = now + world.span(Transition::Failover);
    let limit = now + world.durations.span(Transition::FailoverTimeout);
    let due = written.min(limit).max(earliest);
    world.timers.arm(Timer::Link(id.clone()), due);
    due
}

/// What makes an instance of a link primary by force.
enum Forced {
    /// It takes the role back that it had given up; nothing is lost.
    TakeBack(DatabaseId),
    /// After a split, it says again that it is the one.
    Insist,
    /// Only the instance's own half says so: the link does not replicate.
    OwnHalf,
    /// It goes on with what it has.
    Split(Flow),
}

/// Makes an instance of the link primary with what it has; all databases of it, or none.
fn force(world: &mut World, id: &LinkId, instance: InstanceId) -> Result<(), Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut changes = Vec::new();
    for link in &links {
        changes.push(check_force(world, link, instance)?);
    }
    // All databases, or none: one that is only about to be replicated cannot go along (guess).
    let splits = |change: &Forced| matches!(change, Forced::Split(_));
    if changes.iter().any(splits) && !changes.iter().all(splits) {
        let group = words_of(id);
        return Err(FailoverRefusal::NotReadable { group }.into());
    }
    for (link, change) in links.iter().zip(changes) {
        let id = &link.id;
        match change {
            Forced::TakeBack(target) => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                enter(world, id, Phase::CatchUp { target });
                arm_step(world, id, Transition::CatchUp);
            }
            Forced::Insist => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                agree(world, id);
            }
            Forced::OwnHalf => {
                role::set(world, instance, id.name.as_str(), Role::Primary);
                stand_alone(world, instance, &id.name);
            }
            Forced::Split(at) => split(world, id, at),
        }
    }
    Ok(())
}

fn check_force(world: &World, link: &Link, instance: InstanceId) -> Result<Forced, Refusal> {
    let group = words_of(&link.id);
    match link.role_on(world, instance) {
        Some(Role::Primary) => return Err(FailoverRefusal::AlreadyInRole { group }.into()),
        Some(Role::Resolving) => return Err(FailoverRefusal::InProgress { group }.into()),
        Some(Role::Secondary) | None => {}
    }
    match link.phase {
        // Undoes giving up the role, for which nothing is lost.
        Phase::Yielded { target } if link.is_source(instance) => Ok(Forced::TakeBack(target)),
        Phase::Diverged => Ok(Forced::Insist),
        // A link that does not replicate decides nothing about SQL Server's own database.
        Phase::Initiating | Phase::Failed { .. } if instance != link.id.instance => {
            Ok(Forced::OwnHalf)
        }
        Phase::CatchUp { .. } | Phase::Synchronizing { .. } | Phase::Yielded { .. } => {
            check_formats(world, link).map_err(|_| FailoverRefusal::OneWay {
                group: group.clone(),
            })?;
            check_two_way(link)?;
            let at = flow(world, link).filter(|at| at.target.0 == instance);
            let at = at.ok_or(FailoverRefusal::NotReadable { group })?;
            Ok(Forced::Split(at))
        }
        Phase::FailingOver { .. } => Err(FailoverRefusal::InProgress { group }.into()),
        Phase::Initiating
        | Phase::Connected
        | Phase::Seeding
        | Phase::Recovering { .. }
        | Phase::Reverting { .. }
        | Phase::Failed { .. } => Err(FailoverRefusal::NotReadable { group }.into()),
    }
}

/// How an instance of a link gives up the primary role.
enum Yielding {
    /// What it has committed still goes to the other side.
    Drains(DatabaseId),
    /// After a split, the other side is the one.
    Agrees,
    /// Only the instance's own half says so: the link does not replicate.
    OwnHalf,
}

/// Takes the primary role from an instance of the link, for all databases of it.
fn yield_primary(world: &mut World, id: &LinkId, instance: InstanceId) -> Result<(), Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut changes = Vec::new();
    for link in &links {
        changes.push(check_yield(world, link, instance)?);
    }
    for (link, change) in links.iter().zip(changes) {
        let id = &link.id;
        close(world, instance, Some(link));
        role::set(world, instance, id.name.as_str(), Role::Secondary);
        match change {
            Yielding::Drains(target) => {
                world.timers.cancel(&Timer::Link(id.clone()));
                enter(world, id, Phase::Yielded { target });
                replication::pump(world, id);
            }
            Yielding::Agrees => agree(world, id),
            Yielding::OwnHalf => {}
        }
    }
    Ok(())
}

fn check_yield(world: &World, link: &Link, instance: InstanceId) -> Result<Yielding, Refusal> {
    let group = words_of(&link.id);
    match link.phase {
        Phase::CatchUp { target } | Phase::Synchronizing { target } if link.is_source(instance) => {
            check_follows_nobody(world, link, instance)?;
            Ok(Yielding::Drains(target))
        }
        Phase::Diverged => {
            check_follows_nobody(world, link, instance)?;
            Ok(Yielding::Agrees)
        }
        Phase::Initiating | Phase::Failed { .. } => Ok(Yielding::OwnHalf),
        Phase::FailingOver { .. } | Phase::Reverting { .. } => {
            Err(FailoverRefusal::InProgress { group }.into())
        }
        Phase::Connected
        | Phase::Seeding
        | Phase::Recovering { .. }
        | Phase::CatchUp { .. }
        | Phase::Synchronizing { .. }
        | Phase::Yielded { .. } => Err(FailoverRefusal::NotSynchronizing { group }.into()),
    }
}

/// After a split, the data will flow from the only primary there is, once there is only one.
fn agree(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let primary = |instance: InstanceId| link.role_on(world, instance) == Some(Role::Primary);
    let sides = [Some(id.instance), link.partner];
    let primaries: Vec<InstanceId> = sides
        .into_iter()
        .flatten()
        .filter(|side| primary(*side))
        .collect();
    if let [only] = primaries.as_slice() {
        role::turn(world, id, *only);
    }
}

/// Ends every use of the linked database of an instance; without a link, of none.
fn close(world: &mut World, instance: InstanceId, link: Option<&Link>) {
    let Some(found) = world.instance(instance) else {
        return;
    };
    let database = link.and_then(|link| found.database(link.spec.database.as_str()));
    if let Some(database) = database.map(|database| database.id) {
        end_use(world, instance, database, None);
    }
}

/// The links that change their roles together, at least one.
fn found(world: &World, id: &LinkId) -> Result<Vec<Arc<Link>>, Refusal> {
    let links = together(world, id);
    if links.is_empty() {
        // The databases of a link with several may be about to come.
        several::check_settled(world, id)?;
        let name = id.name.to_string();
        return Err(LinkRefusal::NotFound { name }.into());
    }
    Ok(links)
}

/// An instance and its role in a distributed group that is its half of a link.
fn half<'a>(
    world: &'a World,
    instance: InstanceId,
    name: &Name,
) -> Result<(&'a Instance, Role), Refusal> {
    let group = name.to_string();
    let server = world
        .instance(instance)
        .expect("instance ids come from the world");
    let found = server.group(name.as_str());
    let found = found.ok_or_else(|| GroupRefusal::NotFound {
        name: group.clone(),
    })?;
    let pair = found
        .as_distributed()
        .ok_or_else(|| GroupRefusal::NotDistributed {
            group: group.clone(),
        })?;
    // A replica that is not the primary of its own group has no say in the distributed one.
    let own = server.group(pair.local().group.as_str());
    let own = own.and_then(|own| own.as_local()).map(|own| own.role);
    if own.is_some_and(|role| role != Role::Primary) {
        return Err(GroupRefusal::NotPrimary { group }.into());
    }
    let url = ListenerUrl::parse(&pair.remote().listener_url);
    match url.and_then(|url| url.server) {
        Some(_) => Ok((server, pair.role)),
        None => Err(FailoverRefusal::NotALink { group }.into()),
    }
}

fn link_at(world: &World, instance: InstanceId, name: &Name) -> Option<LinkId> {
    let group = world.instance(instance)?.group(name.as_str())?;
    super::link_of(world, instance, group).map(|link| link.id.clone())
}

/// Whether databases can live on either side and go back.
fn check_formats(world: &World, link: &Link) -> Result<(), String> {
    let build = link.partner.and_then(|partner| world.instance(partner));
    let build = build.map(|partner| partner.build());
    let instance = world.instance(link.id.instance);
    let policy = instance
        .and_then(|instance| instance.as_managed_instance())
        .map(|mi| mi.update_policy);
    match (build, policy) {
        (Some(build), Some(policy)) if !policy.returns_to(build) => Err(build.to_string()),
        _ => Ok(()),
    }
}

/// `failoverMode` None is a link for one way: it is cut over by deleting it.
fn check_two_way(link: &Link) -> Result<(), FailoverRefusal> {
    match link.spec.failover_mode {
        LinkFailoverMode::Manual => Ok(()),
        LinkFailoverMode::None => Err(FailoverRefusal::OneWay {
            group: words_of(&link.id),
        }),
    }
}

fn is_open(world: &World, (instance, database): (InstanceId, DatabaseId)) -> bool {
    let found = world
        .instance(instance)
        .and_then(|instance| instance.databases.get(&database));
    found.is_some_and(|database| database.state == DatabaseState::Online)
}

/// A database with several links fails over through one of them from where it is primary and open: not from a side that
/// follows another one itself, and not twice at once. The other links stay: they go on from this side, which hands on
/// what it gets (documented of distributed availability groups, where a forwarder may feed another group; a guess for
/// links).
fn check_is_open(world: &World, link: &Link, at: role::Flow) -> Result<(), Refusal> {
    let group = words_of(&link.id);
    let role = world.instance(at.source.0).and_then(|instance| {
        let database = instance.databases.get(&at.source.1)?;
        instance.role_of(database)
    });
    match role {
        Some(Role::Resolving) => Err(FailoverRefusal::InProgress { group }.into()),
        Some(Role::Secondary) => Err(FailoverRefusal::NotPrimary { group }.into()),
        Some(Role::Primary) | None => Ok(()),
    }
}

/// A side whose database follows another one already cannot become secondary of a second.
fn check_follows_nobody(world: &World, link: &Link, instance: InstanceId) -> Result<(), Refusal> {
    let followed = || {
        let found = world.instance(instance)?;
        let copy = found.database(link.spec.database.as_str())?.copy.as_ref()?;
        Some(world.instance(copy.source.0)?.name.to_string())
    };
    let sides = [Some(link.id.instance), link.partner];
    match followed() {
        Some(primary) if sides.contains(&Some(instance)) => Err(FailoverRefusal::FollowsAnother {
            group: words_of(&link.id),
            primary,
        }
        .into()),
        _ => Ok(()),
    }
}

fn words_of(id: &LinkId) -> String {
    id.name.to_string()
}
