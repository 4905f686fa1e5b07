//! ALTER and DROP AVAILABILITY GROUP.

use std::sync::Arc;

use super::create::{ReplicaSpec, eligible_database};
use super::listener::{self, ListenerChange, ListenerSpec, Routing, Taken};
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, BackupPreference, ClusterType, DistributedGroup,
    FailoverMode, LocalGroup, Role, SecondaryConnections, SeedingMode,
};
use crate::command::Request;
use crate::database::{Database, DatabaseState};
use crate::event::EventKind;
use crate::ids::{DatabaseId, IdSource, InstanceId};
use crate::instance::Instance;
use crate::link;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::replica;
use crate::time::{Span, Timestamp};
use crate::world::World;

/// ALTER AVAILABILITY GROUP.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct AlterAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
    pub action: GroupAction,
}

/// What ALTER AVAILABILITY GROUP does.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the statement's words")]
pub enum GroupAction {
    AddDatabases(Vec<Name>),
    RemoveDatabases(Vec<Name>),
    AddReplica(ReplicaSpec),
    ModifyReplica(Name, ReplicaChange),
    RemoveReplica(Name),
    /// GRANT (true) or DENY (false) CREATE ANY DATABASE.
    CreateAnyDatabase(bool),
    Set(GroupOptions),
    /// MODIFY AVAILABILITY GROUP ON, for a distributed group.
    ModifyMembers(Vec<(Name, MemberChange)>),
    Join {
        cluster: Option<ClusterType>,
    },
    Failover,
    ForceFailover,
    SetRoleSecondary,
    Offline,
    AddListener(ListenerSpec),
    ModifyListener(Name, ListenerChange),
    RestartListener(Name),
    RemoveListener(Name),
    /// The routing options of a replica's PRIMARY_ROLE.
    SetRouting(Name, Routing),
}

/// The options of WITH and SET; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct GroupOptions {
    pub backup_preference: Option<BackupPreference>,
    pub failure_condition_level: Option<i32>,
    pub health_check_timeout_ms: Option<i32>,
    pub db_failover: Option<bool>,
    pub dtc_support: Option<bool>,
    pub required_synchronized_secondaries: Option<i32>,
}

/// A change of a replica; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct ReplicaChange {
    pub endpoint_url: Option<Arc<str>>,
    pub availability_mode: Option<AvailabilityMode>,
    pub failover_mode: Option<FailoverMode>,
    pub seeding_mode: Option<SeedingMode>,
    pub session_timeout: Option<Span>,
    pub backup_priority: Option<i32>,
    pub primary_read_write_only: Option<bool>,
    pub secondary_connections: Option<SecondaryConnections>,
    pub read_only_routing_url: Option<Option<Arc<str>>>,
}

/// A change of a member of a distributed group; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct MemberChange {
    pub listener_url: Option<Arc<str>>,
    pub availability_mode: Option<AvailabilityMode>,
    pub seeding_mode: Option<SeedingMode>,
    pub session_timeout: Option<Span>,
}

/// DROP AVAILABILITY GROUP.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct DropAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
}

impl Request for AlterAvailabilityGroup {
    /// When the statement is over, if it takes time: a planned failover does.
    type Reply = Option<Timestamp>;

    fn apply(self, world: &mut World) -> Result<Option<Timestamp>, Refusal> {
        let now = world.now();
        let mut ids = world.ids.clone();
        let taken = Taken::of(world);
        let instance = world.instance_mut(self.instance);
        if !instance.is_hadr_enabled() {
            return Err(GroupRefusal::HadrDisabled.into());
        }
        if instance.is_managed_instance() {
            return Err(GroupRefusal::Managed.into());
        }
        if let GroupAction::Join { cluster } = self.action {
            replica::join(world, self.instance, &self.name, cluster)?;
            return Ok(None);
        }
        let found = instance.group(self.name.as_str());
        let mut group = found
            .ok_or_else(|| GroupRefusal::NotFound {
                name: self.name.to_string(),
            })?
            .as_ref()
            .clone();
        if group.as_distributed().is_some() {
            match &self.action {
                GroupAction::Failover => return link::fail_over(world, self.instance, &self.name),
                GroupAction::ForceFailover => {
                    link::force_fail_over(world, self.instance, &self.name)?;
                    return Ok(None);
                }
                GroupAction::SetRoleSecondary => {
                    link::give_up_primary(world, self.instance, &self.name)?;
                    return Ok(None);
                }
                _ => {}
            }
        }
        if group.as_local().is_some() {
            let (instance, id) = (self.instance, group.id);
            let changed = match &self.action {
                GroupAction::Failover => Some(replica::fail_over(world, instance, id, &self.name)),
                GroupAction::ForceFailover => {
                    Some(replica::force_fail_over(world, instance, id, &self.name))
                }
                GroupAction::SetRoleSecondary => {
                    Some(replica::give_up_primary(world, instance, id))
                }
                GroupAction::Offline => Some(replica::go_offline(world, instance, id, &self.name)),
                _ => None,
            };
            if let Some(changed) = changed {
                return changed.map(|()| None);
            }
        }
        let instance = world.instance_mut(self.instance);
        let moved = moved_to(&group, &self.action);
        let changed = match self.action {
            GroupAction::AddDatabases(names) => {
                add_databases(instance, &mut group, &names, &mut ids)
            }
            GroupAction::RemoveDatabases(names) => remove_databases(instance, &mut group, &names),
            action => change(instance, &taken, &mut group, action, &mut ids, now),
        };
        changed?;
        group.sequence += 1;
        let id = group.id;
        instance.groups.insert(id, Arc::new(group));
        world.ids = ids;
        if let Some((member, url)) = moved {
            replica::readdress(world, self.instance, &member, id, &url);
        }
        Ok(None)
    }
}

/// Where the instance's own member of a distributed group is from now on, if that is what changes.
fn moved_to(group: &AvailabilityGroup, action: &GroupAction) -> Option<(Name, Arc<str>)> {
    let (GroupAction::ModifyMembers(changes), Some(pair)) = (action, group.as_distributed()) else {
        return None;
    };
    let own = &pair.local().group;
    let mut changes = changes.iter().rev();
    let url =
        changes.find_map(|(name, change)| change.listener_url.as_ref().filter(|_| name == own));
    url.map(|url| (own.clone(), Arc::clone(url)))
}

impl Request for DropAvailabilityGroup {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        if instance.is_managed_instance() {
            return Err(GroupRefusal::Managed.into());
        }
        let found = instance.group(self.name.as_str()).cloned();
        let group = found.ok_or_else(|| GroupRefusal::NotFound {
            name: self.name.to_string(),
        })?;
        if let Some(dag) = distributed_over(instance, &group.name) {
            let group = self.name.to_string();
            return Err(GroupRefusal::UsedByDistributed { group, dag }.into());
        }
        if let Some(local) = group.as_local() {
            for member in &local.databases {
                if let Some(database) = instance.database_mut(member.database) {
                    leave(database);
                }
            }
        }
        instance.groups.remove(&group.id);
        instance.log(
            now,
            format!("The availability group '{}' was dropped.", group.name),
        );
        let server = instance.name.to_string();
        world.record(EventKind::GroupDropped {
            instance: server,
            group: group.name.to_string(),
        });
        Ok(())
    }
}

impl GroupOptions {
    /// Puts the options that were given into a group.
    pub(super) fn apply(&self, group: &mut LocalGroup, required: &mut i32) {
        group.backup_preference = self.backup_preference.unwrap_or(group.backup_preference);
        group.failure_condition_level = self
            .failure_condition_level
            .unwrap_or(group.failure_condition_level);
        group.health_check_timeout_ms = self
            .health_check_timeout_ms
            .unwrap_or(group.health_check_timeout_ms);
        group.db_failover = self.db_failover.unwrap_or(group.db_failover);
        group.dtc_support = self.dtc_support.unwrap_or(group.dtc_support);
        *required = self.required_synchronized_secondaries.unwrap_or(*required);
    }
}

fn add_databases(
    instance: &mut Instance,
    group: &mut AvailabilityGroup,
    names: &[Name],
    ids: &mut IdSource,
) -> Result<(), Refusal> {
    let (id, group_name) = (group.id, group.name.clone());
    let several = links_have_several(instance);
    let local = primary_of(group)?;
    // Databases are added on the primary's side of a link (documented).
    if several && is_forwarder(instance, &group_name) {
        let group = group_name.to_string();
        return Err(GroupRefusal::NotPrimary { group }.into());
    }
    for name in names {
        if local.basic && !local.databases.is_empty() {
            return Err(GroupRefusal::BasicSecondDatabase {
                group: group_name.to_string(),
            }
            .into());
        }
        let link = link_over(instance, &group_name);
        if let Some(dag) = link.filter(|_| !several && !local.databases.is_empty()) {
            return Err(GroupRefusal::LinkOneDatabase {
                group: group_name.to_string(),
                dag,
            }
            .into());
        }
        let member = eligible_database(instance, name, &group_name, ids)?;
        instance
            .database_mut(member.database)
            .expect("found a moment ago")
            .group = Some((id, member.id));
        local.databases.push(member);
    }
    Ok(())
}

fn remove_databases(
    instance: &mut Instance,
    group: &mut AvailabilityGroup,
    names: &[Name],
) -> Result<(), Refusal> {
    let group_name = group.name.clone();
    let local = primary_of(group)?;
    for name in names {
        let at = local
            .databases
            .iter()
            .position(|member| member.name == *name);
        let (database, group) = (name.to_string(), group_name.to_string());
        let Some(at) = at else {
            return Err(GroupRefusal::DatabaseNotInGroup { database, group }.into());
        };
        let link = link_over(instance, &group_name);
        if let Some(dag) = link.filter(|_| !links_have_several(instance)) {
            return Err(GroupRefusal::LinkedDatabase {
                database,
                group,
                dag,
            }
            .into());
        }
        let member = local.databases.remove(at);
        if let Some(database) = instance.database_mut(member.database) {
            leave(database);
        }
    }
    Ok(())
}

/// A database of an instance is in no group any more, which does not list it by now.
pub(crate) fn leave_group(instance: &mut Instance, database: DatabaseId) {
    if let Some(database) = instance.database_mut(database) {
        leave(database);
    }
}

/// A database is in no group any more.
fn leave(database: &mut Database) {
    database.group = None;
    database.suspended = None;
    // A secondary database without its group waits for a restore, as the product leaves it.
    if database.copy.take().is_some() {
        database.state = DatabaseState::Restoring;
    }
}

fn change(
    instance: &Instance,
    taken: &Taken,
    group: &mut AvailabilityGroup,
    action: GroupAction,
    ids: &mut IdSource,
    now: Timestamp,
) -> Result<(), Refusal> {
    let name = group.name.to_string();
    match action {
        GroupAction::AddDatabases(_)
        | GroupAction::RemoveDatabases(_)
        | GroupAction::Join { .. } => {}
        GroupAction::AddReplica(spec) => {
            let local = primary_of(group)?;
            if local
                .replicas
                .iter()
                .any(|replica| replica.server_name == spec.server_name)
            {
                let replica = spec.server_name.to_string();
                return Err(GroupRefusal::ReplicaExists {
                    replica,
                    group: name,
                }
                .into());
            }
            spec.check(local.cluster)?;
            local.replicas.push(spec.into_replica(ids, now));
        }
        GroupAction::ModifyReplica(server, change) => {
            let local = primary_of(group)?;
            let cluster = local.cluster;
            let found = local
                .replicas
                .iter_mut()
                .find(|replica| replica.server_name == server);
            let not_found = GroupRefusal::ReplicaNotFound {
                replica: server.to_string(),
                group: name,
            };
            let replica = found.ok_or(not_found)?;
            let spec = change.over(replica);
            spec.check(cluster)?;
            let (id, created) = (replica.id, replica.created);
            let read_only_routing_list = std::mem::take(&mut replica.read_only_routing_list);
            let read_write_routing_url = replica.read_write_routing_url.take();
            *replica = crate::availability_group::Replica {
                id,
                created,
                read_only_routing_list,
                read_write_routing_url,
                ..spec.into_replica(ids, now)
            };
        }
        GroupAction::RemoveReplica(server) => {
            let here = server.is(&instance.server_name());
            let local = primary_of(group)?;
            let replica = server.to_string();
            if here {
                return Err(GroupRefusal::LocalReplica {
                    replica,
                    group: name,
                }
                .into());
            }
            let at = local
                .replicas
                .iter()
                .position(|replica| replica.server_name == server);
            let Some(at) = at else {
                return Err(GroupRefusal::ReplicaNotFound {
                    replica,
                    group: name,
                }
                .into());
            };
            local.replicas.remove(at);
        }
        GroupAction::AddListener(spec) => {
            listener::add(
                instance,
                taken,
                primary_of(group)?,
                &name,
                spec,
                ids.next_guid(),
            )?;
        }
        GroupAction::ModifyListener(dns_name, change) => {
            listener::modify(taken, primary_of(group)?, &name, &dns_name, change)?;
        }
        GroupAction::RestartListener(dns_name) => {
            listener::find(primary_of(group)?, &name, &dns_name)?;
        }
        GroupAction::RemoveListener(dns_name) => {
            let local = primary_of(group)?;
            listener::find(local, &name, &dns_name)?;
            local.listener = None;
        }
        GroupAction::SetRouting(server, routing) => {
            listener::set_routing(primary_of(group)?, &name, &server, routing)?;
        }
        GroupAction::CreateAnyDatabase(granted) => local_of(group)?.may_create_databases = granted,
        GroupAction::Set(options) => {
            let wanted = options.required_synchronized_secondaries;
            if let Some(count) = wanted
                && let Some(local) = group.as_local()
                && (count < 0 || count as usize >= local.replicas.len().max(1))
                && count != 0
            {
                return Err(GroupRefusal::TooManyRequiredSecondaries { group: name, count }.into());
            }
            if let Some(pair) = group.as_distributed() {
                check_distributed_options(instance, &name, pair, &options)?;
            }
            let mut required = group.required_synchronized_secondaries;
            match group.as_local_mut() {
                Some(local) => options.apply(local, &mut required),
                None if wanted.is_some() && instance.build().major < 16 => {
                    let what = "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT on a distributed group";
                    return Err(GroupRefusal::NotInThisVersion { what }.into());
                }
                None => required = wanted.unwrap_or(required),
            }
            group.required_synchronized_secondaries = required;
        }
        GroupAction::ModifyMembers(changes) => {
            let Some(dag) = group.as_distributed_mut() else {
                return Err(GroupRefusal::NotDistributed { group: name }.into());
            };
            check_modification(instance, &name, dag, &changes)?;
            for (member, change) in changes {
                modify_member(dag, &name, &member, change, now)?;
            }
        }
        // What changes roles is done by now, but that a distributed group has no OFFLINE.
        GroupAction::Failover
        | GroupAction::ForceFailover
        | GroupAction::SetRoleSecondary
        | GroupAction::Offline => {
            return Err(GroupRefusal::IsDistributed { group: name }.into());
        }
    }
    Ok(())
}

/// `MODIFY AVAILABILITY GROUP ON` of a link: not while it fails over, and never manual seeding of the instance's group.
fn check_modification(
    instance: &Instance,
    group: &str,
    pair: &DistributedGroup,
    changes: &[(Name, MemberChange)],
) -> Result<(), Refusal> {
    if !is_link(pair) {
        return Ok(());
    }
    let group = || group.to_owned();
    if pair.role == Role::Resolving {
        return Err(GroupRefusal::FailingOver { group: group() }.into());
    }
    for (member, change) in changes {
        if pair.remote().group == *member && change.seeding_mode == Some(SeedingMode::Manual) {
            let member = member.to_string();
            return Err(GroupRefusal::LinkManualSeeding { member }.into());
        }
        // The message is new with SQL Server 2025; that it is about the address of the instance is a guess.
        let moved = |url: &Arc<str>| *url != pair.remote().listener_url;
        let moved = change.listener_url.as_ref().is_some_and(moved);
        if pair.remote().group == *member && moved && instance.build().major >= 17 {
            let option = "LISTENER_URL";
            return Err(GroupRefusal::LinkOption {
                group: group(),
                option,
            }
            .into());
        }
    }
    Ok(())
}

/// `SET` of a distributed group: it has one option only.
fn check_distributed_options(
    instance: &Instance,
    group: &str,
    pair: &DistributedGroup,
    options: &GroupOptions,
) -> Result<(), Refusal> {
    let group = || group.to_owned();
    if is_link(pair) && pair.role == Role::Resolving {
        return Err(GroupRefusal::FailingOver { group: group() }.into());
    }
    let others = GroupOptions {
        required_synchronized_secondaries: None,
        ..options.clone()
    };
    if others != GroupOptions::default() {
        return Err(if is_link(pair) && instance.build().major >= 17 {
            let option = "An option of local availability groups";
            GroupRefusal::LinkOption {
                group: group(),
                option,
            }
            .into()
        } else {
            GroupRefusal::IsDistributed { group: group() }.into()
        });
    }
    // The other member is the only one that can be synchronized.
    match options.required_synchronized_secondaries {
        Some(count) if !(0..=1).contains(&count) => {
            let group = group();
            Err(GroupRefusal::TooManyRequiredSecondaries { group, count }.into())
        }
        _ => Ok(()),
    }
}

fn is_link(pair: &DistributedGroup) -> bool {
    ListenerUrl::parse(&pair.remote().listener_url).is_some_and(|url| url.server.is_some())
}

fn modify_member(
    dag: &mut DistributedGroup,
    group: &str,
    name: &Name,
    change: MemberChange,
    now: Timestamp,
) -> Result<(), Refusal> {
    let found = dag.members.iter_mut().find(|member| member.group == *name);
    let not_found = GroupRefusal::MemberNotFound {
        member: name.to_string(),
        group: group.to_owned(),
    };
    let member = found.ok_or(not_found)?;
    if let Some(url) = change.listener_url {
        if ListenerUrl::parse(&url).is_none() {
            return Err(GroupRefusal::BadUrl {
                replica: name.to_string(),
                url: url.to_string(),
            }
            .into());
        }
        member.listener_url = url;
    }
    if let Some(timeout) = change.session_timeout {
        if timeout < Span::seconds(5) {
            return Err(GroupRefusal::SessionTimeoutTooShort {
                replica: name.to_string(),
            }
            .into());
        }
        member.session_timeout = timeout;
    }
    member.availability_mode = change.availability_mode.unwrap_or(member.availability_mode);
    member.seeding_mode = change.seeding_mode.unwrap_or(member.seeding_mode);
    member.modified = now;
    Ok(())
}

impl ReplicaChange {
    /// The replica with this change, as a specification to be checked.
    fn over(self, old: &crate::availability_group::Replica) -> ReplicaSpec {
        ReplicaSpec {
            server_name: old.server_name.clone(),
            endpoint_url: self
                .endpoint_url
                .unwrap_or_else(|| Arc::clone(&old.endpoint_url)),
            availability_mode: self.availability_mode.unwrap_or(old.availability_mode),
            failover_mode: self.failover_mode.unwrap_or(old.failover_mode),
            seeding_mode: self.seeding_mode.unwrap_or(old.seeding_mode),
            session_timeout: self.session_timeout.unwrap_or(old.session_timeout),
            backup_priority: self.backup_priority.unwrap_or(old.backup_priority),
            primary_read_write_only: self
                .primary_read_write_only
                .unwrap_or(old.primary_read_write_only),
            secondary_connections: self
                .secondary_connections
                .unwrap_or(old.secondary_connections),
            read_only_routing_url: self
                .read_only_routing_url
                .unwrap_or_else(|| old.read_only_routing_url.clone()),
        }
    }
}

/// The local group, which must be one and primary here.
fn primary_of(group: &mut AvailabilityGroup) -> Result<&mut LocalGroup, Refusal> {
    let name = group.name.to_string();
    let local = local_of(group)?;
    if local.role != Role::Primary {
        return Err(GroupRefusal::NotPrimary { group: name }.into());
    }
    Ok(local)
}

fn local_of(group: &mut AvailabilityGroup) -> Result<&mut LocalGroup, Refusal> {
    let name = group.name.to_string();
    group
        .as_local_mut()
        .ok_or_else(|| GroupRefusal::IsDistributed { group: name }.into())
}

/// The distributed group that has `group` as its local member.
fn distributed_over(instance: &Instance, group: &Name) -> Option<String> {
    find_distributed(instance, group, |_| true)
}

/// The link that has `group` as its local member.
fn link_over(instance: &Instance, group: &Name) -> Option<String> {
    find_distributed(instance, group, is_link)
}

/// Whether the links of a SQL Server have several databases each: then databases come and go while they are linked.
fn links_have_several(instance: &Instance) -> bool {
    instance
        .as_sql_server()
        .is_some_and(|server| server.multi_database_links)
}

/// Whether `group` is the secondary side of a link.
fn is_forwarder(instance: &Instance, group: &Name) -> bool {
    find_distributed(instance, group, |pair| {
        is_link(pair) && pair.role == Role::Secondary
    })
    .is_some()
}

fn find_distributed(
    instance: &Instance,
    group: &Name,
    wanted: impl Fn(&DistributedGroup) -> bool,
) -> Option<String> {
    instance.groups.values().find_map(|candidate| {
        let dag = candidate.as_distributed()?;
        (dag.local().group == *group && wanted(dag)).then(|| candidate.name.to_string())
    })
}
