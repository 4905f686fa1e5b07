//! ALTER AVAILABILITY GROUP.

use std::sync::Arc;

use super::create::ReplicaSpec;
use super::listener::{self, ListenerChange, ListenerSpec, Routing, Taken};
use super::member::{
    MemberChange, check_distributed_options, check_modification, modify_member, moved_to,
};
use super::membership::{add_databases, remove_databases};
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, BackupPreference, ClusterType, FailoverMode, LocalGroup,
    Role, SecondaryConnections, SeedingMode,
};
use crate::command::Request;
use crate::ids::{IdSource, InstanceId};
use crate::instance::Instance;
use crate::link;
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
        let others = replica::joined(world, self.instance, group.id);
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
        if let Some(local) = group.as_local() {
            for other in &others {
                replica::check_manual(local, [instance, other])?;
            }
        }
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
pub(super) fn primary_of(group: &mut AvailabilityGroup) -> Result<&mut LocalGroup, Refusal> {
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
