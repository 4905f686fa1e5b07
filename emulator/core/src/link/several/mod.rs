//! Links with several databases: one distributed group, one name, and a member link for each database.
//!
//! Every member replicates its database as a link with one database does, with its own seeding, state and place in the
//! log. What is here is what they do together: they are asked for, change, fail over and go as one (documentation:
//! "Extend an Always On availability group to Azure SQL Managed Instance").

mod create;
pub(crate) mod laws;
mod membership;

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

pub use create::{CreateLinkGroup, SetMultiDatabaseLinks};
pub(crate) use membership::come;
pub(super) use membership::{Change, change, check_complete, reconcile, remove_whole};

use super::{Health, LinkStatus, ReplicationMode};
use super::{Link, LinkError, LinkFailoverMode, LinkId, LinkRole, LinkSpec, Phase};
use crate::availability_group::AvailabilityGroup;
use crate::durations::Transition;
use crate::ids::{GroupDatabaseId, GroupId, InstanceId, OperationId, ReplicaId};
use crate::names::Name;
use crate::refusal::{LinkRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// What the members of a link with several databases have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkGroup {
    /// Its id.
    pub id: LinkId,
    /// What was asked for.
    pub spec: LinkGroupSpec,
    /// When.
    pub created: Timestamp,
    /// The running operation of its creation, of a change or of a failover.
    pub operation: Option<OperationId>,
    /// What its databases are about to be.
    pub coming: Option<Coming>,
    /// Databases that were taken out of the link and are in SQL Server's availability group still: they are not taken in
    /// again by themselves, and the group is not healthy until they have left it too.
    pub left_out: BTreeSet<Name>,
}

/// What is asked of a link with several databases, but for the databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkGroupSpec {
    /// The availability group on the managed instance.
    pub instance_group: Name,
    /// The availability group on SQL Server.
    pub partner_group: Name,
    /// `TCP://host:port`, as it was written.
    pub partner_endpoint: Arc<str>,
    /// Which side starts as primary.
    pub instance_role: LinkRole,
    /// Whether it can fail over and back.
    pub failover_mode: LinkFailoverMode,
}

/// What the databases of a link with several are about to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Coming {
    /// The link has been accepted; the service makes the instance's half.
    Accepted(Vec<Name>),
    /// The half is there and the operation is over; the databases are about to show (observed: a read right after the
    /// operation's end has none).
    Established(Vec<Name>),
    /// A change has been accepted.
    Changed {
        /// The complete set of databases, if that changes.
        databases: Option<Vec<Name>>,
        /// The replication mode, if that changes.
        mode: Option<ReplicationMode>,
    },
}

impl LinkGroupSpec {
    /// What the member for a database is asked for.
    pub fn of(&self, database: &Name) -> LinkSpec {
        LinkSpec {
            instance_group: self.instance_group.clone(),
            partner_group: self.partner_group.clone(),
            partner_endpoint: Arc::clone(&self.partner_endpoint),
            database: database.clone(),
            instance_role: self.instance_role,
            failover_mode: self.failover_mode,
        }
    }
}

impl LinkGroup {
    /// Its members, in the order of the databases' names.
    pub fn members<'a>(&self, world: &'a World) -> impl Iterator<Item = &'a Arc<Link>> + use<'a> {
        members(world, &self.id)
    }

    /// The worst of the members' health. A database that is still in SQL Server's availability group and not in the link
    /// any more makes it unhealthy (documented).
    pub fn health(&self, world: &World) -> Health {
        let members = self.members(world);
        let worst = members
            .map(|link| LinkStatus::of(world, link).health)
            .min_by_key(|health| health.code());
        match worst {
            Some(worst) if self.left_out.is_empty() => worst,
            _ => Health::NotHealthy,
        }
    }

    /// The role of the managed instance now.
    pub fn instance_role(&self, world: &World) -> LinkRole {
        let member = together(world, &self.id).into_iter().next();
        member.map_or(self.spec.instance_role, |member| {
            member.instance_role(world)
        })
    }

    /// The distributed group's id and its replica ids, the instance's and the partner's.
    pub fn ids(&self, world: &World) -> Option<(GroupId, (ReplicaId, ReplicaId))> {
        let instance = world.instance(self.id.instance)?;
        let group = instance.group(self.id.name.as_str())?;
        let pair = group.as_distributed()?;
        Some((group.id, (pair.local().id, pair.remote().id)))
    }
}

impl Coming {
    /// The transition that it ends with.
    pub(crate) fn transition(&self) -> Transition {
        match self {
            Self::Accepted(_) | Self::Established(_) => Transition::LinkConnect,
            Self::Changed { .. } => Transition::LinkUpdate,
        }
    }

    /// The databases that come, if they do.
    fn databases(&self) -> &[Name] {
        match self {
            Self::Accepted(databases) | Self::Established(databases) => databases,
            Self::Changed { databases, .. } => databases.as_deref().unwrap_or_default(),
        }
    }
}

/// Whether neither a link nor a whole one is at this id.
pub(super) fn is_over(world: &World, id: &LinkId) -> bool {
    !world.links.contains_key(id) && !world.link_groups.contains_key(id)
}

/// The link that replicates a database, where `link` is any of the links of its distributed group.
pub fn member_of<'a>(
    world: &'a World,
    link: &'a Arc<Link>,
    database: &Name,
) -> Option<&'a Arc<Link>> {
    match link.id.member {
        None => Some(link),
        Some(_) => world.links.get(&link.id.of_member(database)),
    }
}

/// The links that a distributed group on an instance, of either side, is a half of: one, or a member for each database.
pub fn links_of<'a>(
    world: &'a World,
    instance: InstanceId,
    group: &AvailabilityGroup,
) -> Vec<&'a Arc<Link>> {
    match super::link_of(world, instance, group) {
        None => Vec::new(),
        Some(link) if link.id.member.is_none() => vec![link],
        Some(link) => members(world, &link.id.whole()).collect(),
    }
}

/// The id of the internal availability group that replicates one database of a distributed group (documented to be
/// there; that it is made of the two ids is milink's way, so that both sides and every read agree on it).
pub fn internal_group(group: GroupId, database: GroupDatabaseId) -> GroupId {
    GroupId(mixed(group.0, database.0))
}

/// The same of a replica of the internal group.
pub fn internal_replica(replica: ReplicaId, database: GroupDatabaseId) -> ReplicaId {
    ReplicaId(mixed(replica.0, database.0))
}

fn mixed(one: Uuid, other: Uuid) -> Uuid {
    let mixed = one.as_u128().rotate_left(1) ^ other.as_u128();
    uuid::Builder::from_random_bytes(mixed.to_be_bytes()).into_uuid()
}

/// The members of a whole link.
fn members<'a>(world: &'a World, id: &LinkId) -> impl Iterator<Item = &'a Arc<Link>> + use<'a> {
    let whole = id.whole();
    let of_whole = {
        let whole = whole.clone();
        move |id: &LinkId| id.instance == whole.instance && id.name == whole.name
    };
    world
        .links
        .range(whole..)
        .take_while(move |(id, _)| of_whole(id))
        .filter(|(id, _)| id.member.is_some())
        .map(|(_, link)| link)
}

/// The links that change roles with a link: itself, or all members of its whole that have not failed.
pub(super) fn together(world: &World, id: &LinkId) -> Vec<Arc<Link>> {
    if let Some(link) = world.links.get(id).filter(|link| link.id.member.is_none()) {
        return vec![Arc::clone(link)];
    }
    let failed = |link: &&Arc<Link>| matches!(link.phase, Phase::Failed { .. });
    let sound: Vec<Arc<Link>> = members(world, id)
        .filter(|link| !failed(link))
        .cloned()
        .collect();
    match sound.is_empty() {
        true => members(world, id).cloned().collect(),
        false => sound,
    }
}

/// The members of a member's whole that have not connected yet.
pub(super) fn beginning(world: &World, id: &LinkId) -> Vec<LinkId> {
    if id.member.is_none() {
        return Vec::new();
    }
    let beginning = members(world, id).filter(|link| link.phase == Phase::Initiating);
    beginning.map(|link| link.id.clone()).collect()
}

/// Whether a whole link is neither being made nor changed.
pub(super) fn check_settled(world: &World, id: &LinkId) -> Result<(), Refusal> {
    let group = world.link_groups.get(&id.whole());
    match group.is_some_and(|group| group.coming.is_some()) {
        false => Ok(()),
        true => {
            let name = id.name.to_string();
            Err(LinkRefusal::Busy { name }.into())
        }
    }
}

/// Says which operation waits for a link's, or its whole's, change of roles.
pub(super) fn set_operation(world: &mut World, id: &LinkId, operation: OperationId) {
    if let Some(group) = world.link_groups.get_mut(&id.whole()) {
        Arc::make_mut(group).operation = Some(operation);
    } else if let Some(link) = world.link_mut(id) {
        link.operation = Some(operation);
    }
}

/// The operation that a link, or its whole, has running, if it does: the caller ends it.
pub(super) fn take_operation(world: &mut World, id: &LinkId) -> Option<OperationId> {
    if let Some(group) = world.link_groups.get_mut(&id.whole()) {
        // While databases come or change, the operation is about them.
        if group.coming.is_some() {
            return None;
        }
        return Arc::make_mut(group).operation.take();
    }
    world.link_mut(id)?.operation.take()
}

/// How many databases links with several will have that no member stands for yet.
pub(super) fn expected(world: &World, instance: InstanceId) -> usize {
    let groups = world.link_groups.values();
    let groups = groups.filter(|group| group.id.instance == instance);
    let coming = groups.flat_map(|group| {
        let names = group.coming.as_ref().map_or(&[][..], Coming::databases);
        names
            .iter()
            .filter(|name| !world.links.contains_key(&group.id.of_member(name)))
    });
    coming.count()
}

/// Whether a database is about to come by a link with several.
pub(super) fn is_expected(world: &World, instance: InstanceId, database: &Name) -> bool {
    let mut groups = world.link_groups.values();
    groups.any(|group| {
        let coming = group.coming.as_ref();
        group.id.instance == instance
            && coming.is_some_and(|coming| coming.databases().contains(database))
    })
}

/// A link whose mode is not the one that SQL Server is in (message 41972).
pub(super) fn check_mode(
    partner: &crate::instance::Instance,
    link: &Link,
) -> Result<(), LinkError> {
    let several = partner
        .as_sql_server()
        .is_some_and(|server| server.multi_database_links);
    if several == link.id.member.is_some() {
        return Ok(());
    }
    let server = match several {
        true => "multiple-database",
        false => "single-database",
    };
    Err(LinkError::ModeMismatch { server })
}
