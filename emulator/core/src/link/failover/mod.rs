//! Asking for another primary: planned and forced failover, and giving up the primary role, through either door.

mod checks;
mod forced;
mod planned;

use std::sync::Arc;

use super::role_change::stand_alone;
use super::several::{self, together};
use super::{Link, LinkId, LinkRole, Phase, role};
use crate::availability_group::Role;
use crate::command::{Request, end_use};
use crate::ids::{InstanceId, OperationId};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{FailoverRefusal, GroupRefusal, LinkRefusal, Refusal};
use crate::time::Timestamp;
use crate::version::Build;
use crate::world::{Timer, World};
use forced::{force, forced_operation, yield_primary};
use planned::{plan, planned_operation};

pub(super) use planned::{complete, go_on, interrupt};

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

fn words_of(id: &LinkId) -> String {
    id.name.to_string()
}
