//! Asking for a link: the managed instance joins a distributed group that SQL Server has, or offers one.

use std::sync::Arc;

use super::{
    Connection, Link, LinkFailoverMode, LinkId, LinkRole, LinkSpec, Phase, ReplicationMode, limits,
    several,
};
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, BackupPreference, ClusterType, DistributedGroup,
    FailoverMode, GroupKind, LocalGroup, Member, Replica, Role, SecondaryConnections, SeedingMode,
};
use crate::azure::not_busy;
use crate::command::{DEFAULT_SESSION_TIMEOUT, Request};
use crate::durations::Transition;
use crate::encryption;
use crate::event::EventKind;
use crate::fault;
use crate::ids::{GroupId, IdSource, InstanceId, OperationId, ReplicaId};
use crate::instance::{Instance, MANAGED_INSTANCE_MIRRORING_PORT};
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, LinkRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// PUT of a link.
#[derive(Clone, Debug)]
pub struct CreateLink {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
    /// What is wanted.
    pub spec: LinkSpec,
}

impl Request for CreateLink {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name.clone());
        if self.spec.instance_group == self.spec.partner_group {
            return Err(LinkRefusal::SameGroupNames.into());
        }
        match ListenerUrl::parse(&self.spec.partner_endpoint) {
            Some(url) if url.server.is_none() => {}
            _ => return Err(LinkRefusal::BadPartnerEndpoint.into()),
        }
        match world.links.get(&id) {
            // The mode of a link cannot be changed in place (documented).
            None if world.link_groups.contains_key(&id) => {
                return Err(LinkRefusal::OtherLinkExists {
                    name: self.name.to_string(),
                }
                .into());
            }
            Some(link) if link.spec != self.spec => {
                return Err(LinkRefusal::OtherLinkExists {
                    name: self.name.to_string(),
                }
                .into());
            }
            // Asking again for a link that is there is accepted and changes nothing.
            Some(link) if !matches!(link.phase, Phase::Failed { .. }) => {
                let operation = start(world, &id, self.word());
                world.succeed_operation(operation, true);
                return Ok(operation);
            }
            Some(_) => {
                let spec = &self.spec;
                check_encryption(world, self.instance, &spec.database, spec.instance_role)?;
            }
            None => self.check_new(world)?,
        }
        check_not_in_failover_group(world, self.instance)?;
        accepts_links(world, self.instance)?;
        let operation = start(world, &id, self.word());
        self.enter(world, id, operation);
        Ok(operation)
    }
}

/// A link cannot be begun while the instance is being changed, nor while it does not run.
pub(super) fn accepts_links(world: &World, instance: InstanceId) -> Result<(), Refusal> {
    match not_busy(world, instance) {
        Err(AzureRefusal::InstanceBusy { name }) => Err(LinkRefusal::InstanceBusy { name }.into()),
        other => Ok(other?),
    }
}

/// An instance has links or is in a failover group, and not both (documented).
pub(super) fn check_not_in_failover_group(
    world: &mut World,
    instance: InstanceId,
) -> Result<(), Refusal> {
    if !world.is_geo_replicated(instance) && !fault::instance::forbids_link(world, instance) {
        return Ok(());
    }
    let name = world.instance(instance).map(|found| found.name.to_string());
    let instance = name.unwrap_or_default();
    Err(LinkRefusal::InFailoverGroup { instance }.into())
}

impl CreateLink {
    fn word(&self) -> &'static str {
        match self.spec.instance_role {
            LinkRole::Secondary => "DistributedAvailabilityGroupsLinkCreate",
            LinkRole::Primary => "DistributedAvailabilityGroupsLinkCreateFromMI",
        }
    }

    fn check_new(&self, world: &World) -> Result<(), Refusal> {
        let id = LinkId::new(self.instance, self.name.clone());
        limits::check(world, &id, &self.spec, 1)?;
        let role = self.spec.instance_role;
        check_database(world, self.instance, &self.spec.database, role)?;
        Ok(limits::check_room(world, self.instance, role, 1)?)
    }

    fn enter(self, world: &mut World, id: LinkId, operation: OperationId) {
        let now = world.now();
        let mut ids = world.ids.clone();
        let group = GroupId(ids.next_guid());
        let replicas = (ReplicaId(ids.next_guid()), ReplicaId(ids.next_guid()));
        let instance = world.instance_mut(self.instance);
        remove_groups(instance, &id.name, &self.spec.instance_group);
        add_groups(
            instance, &id.name, &self.spec, group, replicas, &mut ids, now,
        );
        let server = instance.name.to_string();
        world.ids = ids;
        world.record(EventKind::LinkRequested {
            instance: server,
            link: id.name.to_string(),
        });
        add_link(world, id.clone(), self.spec, (group, replicas));
        if let Some(link) = world.link_mut(&id) {
            link.operation = Some(operation);
        }
    }
}

/// Whether a link takes this database from a managed instance, or will.
pub(crate) fn is_offered(world: &World, instance: InstanceId, database: &Name) -> bool {
    let mut links = world.links.values();
    let linked = links.any(|link| {
        link.id.instance == instance
            && link.role == LinkRole::Primary
            && !matches!(link.phase, Phase::Failed { .. })
            && link.spec.database == *database
    });
    linked || several::is_expected(world, instance, database)
}

/// Whether a database that a managed instance offers can be opened elsewhere.
pub(super) fn check_encryption(
    world: &World,
    instance: InstanceId,
    database: &Name,
    role: LinkRole,
) -> Result<(), LinkRefusal> {
    let found = world
        .instance(instance)
        .filter(|_| role == LinkRole::Primary)
        .and_then(|instance| instance.database(database.as_str()));
    found.map_or(Ok(()), |found| encryption::check_offered(world, found))
}

/// Whether a database can be replicated by a new link that begins with the instance in this role.
pub(super) fn check_database(
    world: &World,
    instance: InstanceId,
    database: &Name,
    role: LinkRole,
) -> Result<(), Refusal> {
    let found = world
        .instance(instance)
        .expect("instance ids come from the world");
    let exists = found.database(database.as_str());
    let mut links = world.links.values();
    let linked = links.any(|link| link.id.instance == instance && link.spec.database == *database)
        || several::is_expected(world, instance, database);
    check_encryption(world, instance, database, role)?;
    let database = database.to_string();
    match role {
        // A database that another link is about to make is there already, as far as its name goes.
        LinkRole::Secondary if exists.is_some() || linked => {
            Err(LinkRefusal::DatabaseExists { database }.into())
        }
        // Documented: no second link starts from a managed instance's database that is in one.
        LinkRole::Primary if linked => Err(LinkRefusal::DatabaseLinked { database }.into()),
        LinkRole::Primary if exists.is_none_or(|found| found.is_system()) => {
            Err(LinkRefusal::DatabaseNotFound { database }.into())
        }
        _ => Ok(()),
    }
}

/// Enters a link that tries to connect from now on; the instance has its half.
pub(super) fn add_link(
    world: &mut World,
    id: LinkId,
    spec: LinkSpec,
    (group, replicas): (GroupId, (ReplicaId, ReplicaId)),
) {
    let now = world.now();
    // A link that failed and is asked for again keeps its record.
    let before = world.links.get(&id);
    let role_changes = before.map_or_else(Vec::new, |link| link.role_changes.clone());
    // All databases of a link find SQL Server in one place.
    let whole = id.whole();
    let mut siblings = world.links.values().filter(|link| link.id.whole() == whole);
    let readdressed = siblings.find_map(|link| link.readdressed.clone());
    let link = Link {
        id: id.clone(),
        role: spec.instance_role,
        spec,
        group,
        partner: None,
        readdressed,
        replicas,
        role_changes,
        fork: None,
        called_off: None,
        phase: Phase::Initiating,
        since: now,
        connection: Connection::default(),
        operation: None,
        created: now,
        replication_mode: ReplicationMode::Async,
        seedings: Vec::new(),
        last_error: None,
        partner_certificate: None,
    };
    world.links.insert(id.clone(), Arc::new(link));
    let (connect, timeout) = (
        world.span(Transition::LinkConnect),
        world.span(Transition::LinkInitTimeout),
    );
    world.timers.arm(Timer::Link(id.clone()), now + connect);
    world
        .timers
        .arm(Timer::LinkInitTimeout(id), now + connect + timeout);
}

/// Starts an operation about a link.
pub(super) fn start(world: &mut World, id: &LinkId, word: &'static str) -> OperationId {
    let instance = world
        .instance(id.instance)
        .expect("instance ids come from the world");
    let mi = instance
        .as_managed_instance()
        .expect("links belong to managed instances");
    let resource = ResourceRef {
        resource_group: mi.properties.resource_group.to_string(),
        location: mi.properties.location.clone(),
        path: format!(
            "Microsoft.Sql/managedInstances/{}/distributedAvailabilityGroups/{}",
            instance.name, id.name
        ),
    };
    world.start_operation(word, "distributedAvailabilityGroups", resource)
}

/// The mirroring URL of a managed instance.
pub(super) fn instance_url(instance: &Instance) -> String {
    format!(
        "tcp://{}:{MANAGED_INSTANCE_MIRRORING_PORT};Server=[{}]",
        instance.server_name(),
        instance.name
    )
}

/// Takes the instance's half of a link away.
pub(super) fn remove_groups(instance: &mut Instance, link: &Name, group: &Name) {
    for name in [link, group] {
        let Some(id) = instance.group(name.as_str()).map(|group| group.id) else {
            continue;
        };
        let group = instance.groups.remove(&id);
        let local = group.as_deref().and_then(|group| group.as_local());
        for member in local.map_or(&[][..], |local| &local.databases) {
            if let Some(database) = instance.database_mut(member.database) {
                database.group = None;
            }
        }
    }
}

/// A managed instance as the replica of a group that the service makes.
pub(crate) fn service_replica(
    instance: &Instance,
    id: ReplicaId,
    availability_mode: AvailabilityMode,
    now: Timestamp,
) -> Replica {
    let server = instance.server_name();
    Replica {
        id,
        endpoint_url: format!("tcp://{server}:{MANAGED_INSTANCE_MIRRORING_PORT}").into(),
        server_name: Name::new(&server),
        availability_mode,
        failover_mode: FailoverMode::Manual,
        seeding_mode: SeedingMode::Automatic,
        session_timeout: DEFAULT_SESSION_TIMEOUT,
        backup_priority: 50,
        primary_read_write_only: false,
        secondary_connections: SecondaryConnections::All,
        read_only_routing_url: None,
        read_only_routing_list: Vec::new(),
        read_write_routing_url: None,
        created: now,
        modified: now,
    }
}

/// A group that the service makes on a managed instance, without databases yet.
pub(crate) fn service_group(
    cluster: ClusterType,
    replicas: Vec<Replica>,
    role: Role,
) -> LocalGroup {
    LocalGroup {
        cluster,
        replicas,
        databases: Vec::new(),
        role,
        backup_preference: BackupPreference::Primary,
        failure_condition_level: 3,
        health_check_timeout_ms: 30_000,
        db_failover: false,
        dtc_support: false,
        basic: false,
        contained: false,
        listener: None,
        may_create_databases: true,
    }
}

/// The service makes the instance's availability group and distributed group.
pub(super) fn add_groups(
    instance: &mut Instance,
    name: &Name,
    spec: &LinkSpec,
    id: GroupId,
    replicas: (ReplicaId, ReplicaId),
    ids: &mut IdSource,
    now: Timestamp,
) {
    let url: Arc<str> = instance_url(instance).into();
    let id_of_replica = ReplicaId(ids.next_guid());
    let mode = AvailabilityMode::SynchronousCommit;
    let replica = service_replica(instance, id_of_replica, mode, now);
    let local = LocalGroup {
        backup_preference: BackupPreference::Secondary,
        ..service_group(ClusterType::None, vec![replica], Role::Primary)
    };
    let member = |id, group: &Name, listener_url| Member {
        id,
        group: group.clone(),
        listener_url,
        availability_mode: AvailabilityMode::AsynchronousCommit,
        seeding_mode: SeedingMode::Automatic,
        session_timeout: DEFAULT_SESSION_TIMEOUT,
        created: now,
        modified: now,
    };
    let role = match spec.instance_role {
        LinkRole::Primary => Role::Primary,
        LinkRole::Secondary => Role::Secondary,
    };
    let distributed = DistributedGroup {
        members: [
            member(
                replicas.1,
                &spec.partner_group,
                Arc::clone(&spec.partner_endpoint),
            ),
            member(replicas.0, &spec.instance_group, url),
        ],
        local: 1,
        role,
    };
    let group = |id, name: &Name, kind| AvailabilityGroup {
        id,
        name: name.clone(),
        kind,
        sequence: 1,
        created: now,
        required_synchronized_secondaries: 0,
    };
    let local_id = GroupId(ids.next_guid());
    let local = group(local_id, &spec.instance_group, GroupKind::Local(local));
    let distributed = group(id, name, GroupKind::Distributed(distributed));
    instance.groups.insert(local_id, Arc::new(local));
    instance.groups.insert(id, Arc::new(distributed));
}

impl LinkFailoverMode {
    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Manual => "Manual",
        }
    }
}

impl LinkRole {
    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Primary => "Primary",
            Self::Secondary => "Secondary",
        }
    }

    /// The role of the other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }
}

impl ReplicationMode {
    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Async => "Async",
            Self::Sync => "Sync",
        }
    }
}
