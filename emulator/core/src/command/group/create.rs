//! CREATE AVAILABILITY GROUP for databases and replicas.

use std::sync::Arc;

use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, BackupPreference, ClusterType, FailoverMode,
    GroupDatabase, GroupKind, LocalGroup, Replica, Role, SecondaryConnections, SeedingMode,
};
use crate::command::Request;
use crate::database::{Database, DatabaseState, RecoveryModel, UserAccess};
use crate::event::EventKind;
use crate::ids::{GroupDatabaseId, GroupId, IdSource, InstanceId, ReplicaId};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::time::{Span, Timestamp};
use crate::world::World;

/// CREATE AVAILABILITY GROUP.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct CreateAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
    /// CLUSTER_TYPE; none was not written.
    pub cluster: Option<ClusterType>,
    pub databases: Vec<Name>,
    pub replicas: Vec<ReplicaSpec>,
    pub options: super::GroupOptions,
    pub basic: bool,
    pub contained: bool,
}

/// A replica as CREATE or ADD REPLICA describes it; what was not written has its default.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct ReplicaSpec {
    pub server_name: Name,
    pub endpoint_url: Arc<str>,
    pub availability_mode: AvailabilityMode,
    pub failover_mode: FailoverMode,
    pub seeding_mode: SeedingMode,
    pub session_timeout: Span,
    pub backup_priority: i32,
    pub primary_read_write_only: bool,
    pub secondary_connections: SecondaryConnections,
    pub read_only_routing_url: Option<Arc<str>>,
}

/// The session timeout where none is given.
pub const DEFAULT_SESSION_TIMEOUT: Span = Span::seconds(10);

impl Request for CreateAvailabilityGroup {
    type Reply = GroupId;

    fn apply(self, world: &mut World) -> Result<GroupId, Refusal> {
        let now = world.now();
        let mut ids = world.ids.clone();
        let instance = world.instance_mut(self.instance);
        check_can_create(instance, &self.name)?;
        if instance.endpoint.is_none() {
            return Err(GroupRefusal::NoEndpoint.into());
        }
        let cluster = self.cluster(instance)?;
        self.check_replicas(instance, cluster)?;
        if self.basic && self.databases.len() > 1 {
            return Err(GroupRefusal::BasicSecondDatabase {
                group: self.name.to_string(),
            }
            .into());
        }
        let mut databases = Vec::new();
        for name in &self.databases {
            databases.push(eligible_database(instance, name, &self.name, &mut ids)?);
        }
        let id = GroupId(ids.next_guid());
        let replicas = self
            .replicas
            .into_iter()
            .map(|spec| spec.into_replica(&mut ids, now))
            .collect();
        let mut group = LocalGroup {
            cluster,
            replicas,
            databases: databases.clone(),
            role: Role::Primary,
            backup_preference: BackupPreference::Secondary,
            failure_condition_level: 3,
            health_check_timeout_ms: 30_000,
            db_failover: false,
            dtc_support: false,
            basic: self.basic,
            contained: self.contained,
            listener: None,
            may_create_databases: false,
        };
        let mut required = 0;
        self.options.apply(&mut group, &mut required);
        let group = AvailabilityGroup {
            id,
            name: self.name.clone(),
            kind: GroupKind::Local(group),
            sequence: 1,
            created: now,
            required_synchronized_secondaries: required,
        };
        for joined in databases {
            let database = instance
                .database_mut(joined.database)
                .expect("found a moment ago");
            database.group = Some((id, joined.id));
        }
        instance.groups.insert(id, Arc::new(group));
        // Message 1480, as the error log has it.
        let line = format!(
            "The state of the local availability replica in availability group '{}' has changed from 'RESOLVING_NORMAL' to 'PRIMARY_NORMAL'.",
            self.name
        );
        instance.log(now, line);
        let server = instance.name.to_string();
        world.ids = ids;
        world.record(EventKind::GroupCreated {
            instance: server,
            group: self.name.to_string(),
            distributed: false,
        });
        Ok(id)
    }
}

impl CreateAvailabilityGroup {
    fn cluster(&self, instance: &Instance) -> Result<ClusterType, Refusal> {
        match self.cluster {
            Some(_) if instance.build().major < 14 && !instance.is_managed_instance() => {
                Err(GroupRefusal::NotInThisVersion {
                    what: "CLUSTER_TYPE",
                }
                .into())
            }
            Some(cluster) if cluster != ClusterType::Wsfc => Ok(cluster),
            _ if instance.cluster.is_some() => Ok(ClusterType::Wsfc),
            // SQL Server 2016 always sits on a cluster; later versions are run without one here.
            None if instance.build().major < 14 => Ok(ClusterType::Wsfc),
            _ => Err(GroupRefusal::NoCluster {
                group: self.name.to_string(),
            }
            .into()),
        }
    }

    fn check_replicas(&self, instance: &Instance, cluster: ClusterType) -> Result<(), Refusal> {
        for (at, replica) in self.replicas.iter().enumerate() {
            if self.replicas[..at]
                .iter()
                .any(|other| other.server_name == replica.server_name)
            {
                return Err(GroupRefusal::DuplicateReplica {
                    replica: replica.server_name.to_string(),
                }
                .into());
            }
            replica.check(cluster)?;
        }
        let server = instance.server_name();
        if !self
            .replicas
            .iter()
            .any(|replica| replica.server_name.is(&server))
        {
            return Err(GroupRefusal::NoLocalReplica {
                group: self.name.to_string(),
                server,
            }
            .into());
        }
        Ok(())
    }
}

impl ReplicaSpec {
    /// Checks what can be wrong with a replica by itself.
    pub(super) fn check(&self, cluster: ClusterType) -> Result<(), Refusal> {
        let replica = || self.server_name.to_string();
        match (cluster, self.failover_mode) {
            (ClusterType::None, FailoverMode::Manual)
            | (ClusterType::External, FailoverMode::External)
            | (ClusterType::Wsfc, FailoverMode::Manual | FailoverMode::Automatic) => {}
            (ClusterType::None, _) => return Err(GroupRefusal::NoneNeedsManualFailover.into()),
            (ClusterType::External, _) => {
                return Err(GroupRefusal::ExternalNeedsExternalFailover.into());
            }
            (ClusterType::Wsfc, _) => return Err(GroupRefusal::WsfcNeedsAutomaticOrManual.into()),
        }
        if self.availability_mode == AvailabilityMode::AsynchronousCommit
            && self.failover_mode == FailoverMode::Automatic
        {
            return Err(GroupRefusal::AsyncAutomatic { replica: replica() }.into());
        }
        if self.session_timeout < Span::seconds(5) {
            return Err(GroupRefusal::SessionTimeoutTooShort { replica: replica() }.into());
        }
        // The error of a routing URL is a guess: the one of endpoint URLs.
        let urls = [
            Some(&self.endpoint_url),
            self.read_only_routing_url.as_ref(),
        ];
        let is_bad = |url: &&Arc<str>| {
            let parsed = ListenerUrl::parse(url);
            parsed.is_none_or(|parsed| parsed.server.is_some() || parsed.database.is_some())
        };
        match urls.into_iter().flatten().find(is_bad) {
            None => Ok(()),
            Some(url) => Err(GroupRefusal::BadUrl {
                replica: replica(),
                url: url.to_string(),
            }
            .into()),
        }
    }

    pub(super) fn into_replica(self, ids: &mut IdSource, now: Timestamp) -> Replica {
        Replica {
            id: ReplicaId(ids.next_guid()),
            server_name: self.server_name,
            endpoint_url: self.endpoint_url,
            availability_mode: self.availability_mode,
            failover_mode: self.failover_mode,
            seeding_mode: self.seeding_mode,
            session_timeout: self.session_timeout,
            backup_priority: self.backup_priority,
            primary_read_write_only: self.primary_read_write_only,
            secondary_connections: self.secondary_connections,
            read_only_routing_url: self.read_only_routing_url,
            read_only_routing_list: Vec::new(),
            read_write_routing_url: None,
            created: now,
            modified: now,
        }
    }
}

/// Whether this instance can have a new group of this name.
pub(super) fn check_can_create(instance: &Instance, name: &Name) -> Result<(), Refusal> {
    if instance.is_managed_instance() {
        return Err(GroupRefusal::Managed.into());
    }
    if !instance.is_hadr_enabled() {
        return Err(GroupRefusal::HadrDisabled.into());
    }
    match instance.group(name.as_str()) {
        Some(_) => Err(GroupRefusal::Exists {
            name: name.to_string(),
        }
        .into()),
        None => Ok(()),
    }
}

/// The database of this name, if it can join an availability group.
pub(super) fn eligible_database(
    instance: &Instance,
    name: &Name,
    group: &Name,
    ids: &mut IdSource,
) -> Result<GroupDatabase, Refusal> {
    let text = || name.to_string();
    let database: &Database = instance
        .database(name.as_str())
        .ok_or_else(|| GroupRefusal::DatabaseNotFound { database: text() })?;
    if database.is_system() {
        return Err(GroupRefusal::SystemDatabase { database: text() }.into());
    }
    if let Some((of, _)) = database.group {
        let found = instance.groups.get(&of);
        let other = found.map_or_else(String::new, |found| found.name.to_string());
        let (database, group) = (text(), group.to_string());
        return Err(match found.is_some_and(|found| found.name.is(&group)) {
            true => GroupRefusal::DatabaseInGroup { database, group },
            false => GroupRefusal::DatabaseElsewhere {
                database,
                group,
                other,
            },
        }
        .into());
    }
    if database.state != DatabaseState::Online {
        return Err(GroupRefusal::DatabaseNotOnline { database: text() }.into());
    }
    if database.read_only {
        return Err(GroupRefusal::DatabaseReadOnly { database: text() }.into());
    }
    if database.user_access != UserAccess::MultiUser {
        return Err(GroupRefusal::NotMultiUser { database: text() }.into());
    }
    if database.options.auto_close {
        return Err(GroupRefusal::AutoClose { database: text() }.into());
    }
    if database.recovery_model != RecoveryModel::Full {
        return Err(GroupRefusal::NotFullRecovery { database: text() }.into());
    }
    if !database.chain.is_started() {
        return Err(GroupRefusal::NoLogChain { database: text() }.into());
    }
    Ok(GroupDatabase {
        id: GroupDatabaseId(ids.next_guid()),
        database: database.id,
        name: database.name.clone(),
    })
}
