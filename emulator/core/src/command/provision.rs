//! Making instances: SQL Servers by topology, managed instances for ARM.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use super::Request;
use crate::azure::{ManagedInstanceProperties, fabric};
use crate::calendar::{self, Place};
use crate::certificate::CertificateFacts;
use crate::collation::Collation;
use crate::database::{Database, RecoveryModel};
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId, PrincipalId};
use crate::instance::{Instance, InstanceKind, ManagedInstance, ServiceState, SqlServer};
use crate::names::Name;
use crate::principal::{Login, LoginKind};
use crate::refusal::{AzureRefusal, Refusal};
use crate::version::UpdatePolicy;
use crate::world::World;

/// Makes a SQL Server.
#[derive(Clone, Debug)]
pub struct CreateSqlServer {
    /// `@@SERVERNAME`.
    pub name: Name,
    /// Build, edition, address.
    pub server: SqlServer,
    /// The server collation.
    pub collation: Collation,
    /// The password of `sa`.
    pub sa_password: Arc<str>,
}

/// Makes the engine of a managed instance; ARM's checks have been made.
#[derive(Clone, Debug)]
pub struct CreateManagedInstance {
    /// The short name.
    pub name: Name,
    /// `dnsZone`.
    pub dns_zone: String,
    /// `databaseFormat`.
    pub update_policy: UpdatePolicy,
    /// The certificate of its mirroring endpoint.
    pub endpoint_certificate: CertificateFacts,
    /// The server collation.
    pub collation: Collation,
    /// `administratorLogin`.
    pub administrator: Name,
    /// `administratorLoginPassword`.
    pub password: Arc<str>,
    /// What ARM keeps.
    pub properties: ManagedInstanceProperties,
}

/// Says where a SQL Server's mirroring endpoint can really be reached on this machine.
#[derive(Clone, Copy, Debug)]
pub struct SetLoopback {
    /// The SQL Server.
    pub instance: InstanceId,
    /// The loopback address and port, or none.
    pub address: Option<(Ipv4Addr, u16)>,
}

impl Request for CreateSqlServer {
    type Reply = InstanceId;

    fn apply(self, world: &mut World) -> Result<InstanceId, Refusal> {
        if world.sql_server(self.name.as_str()).is_some() {
            return Err(AzureRefusal::ServerNameTaken {
                name: self.name.to_string(),
            }
            .into());
        }
        let kind = InstanceKind::SqlServer(self.server);
        Ok(add(
            world,
            self.name,
            kind,
            self.collation,
            Name::new("sa"),
            self.sa_password,
        ))
    }
}

impl Request for CreateManagedInstance {
    type Reply = InstanceId;

    fn apply(self, world: &mut World) -> Result<InstanceId, Refusal> {
        if world.managed_instance(self.name.as_str()).is_some() {
            return Err(AzureRefusal::ServerNameTaken {
                name: self.name.to_string(),
            }
            .into());
        }
        let mut properties = self.properties;
        if let (Some(subnet), None) = (&properties.subnet, properties.address) {
            properties.address = Some(fabric::allocate_for_instance(world, subnet)?);
        }
        let node = world.ids.next_u64();
        let certificate = self.endpoint_certificate.clone();
        let kind = InstanceKind::ManagedInstance(ManagedInstance {
            dns_zone: self.dns_zone,
            update_policy: self.update_policy,
            endpoint_certificate: self.endpoint_certificate,
            former_certificates: Vec::new(),
            trust_certificates: OrdMap::new(),
            encryption: Arc::default(),
            node_name: Instance::node_name(node),
            lost: false,
            properties: Arc::new(properties),
        });
        let id = add(
            world,
            self.name,
            kind,
            self.collation,
            self.administrator,
            self.password,
        );
        calendar::note_expiry(world, Place::Endpoint(id), &certificate);
        Ok(id)
    }
}

impl Request for SetLoopback {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        if let InstanceKind::SqlServer(server) = &mut world.instance_mut(self.instance).kind {
            server.loopback = self.address;
        }
        Ok(())
    }
}

fn add(
    world: &mut World,
    name: Name,
    kind: InstanceKind,
    collation: Collation,
    administrator: Name,
    password: Arc<str>,
) -> InstanceId {
    let now = world.now();
    let id = world.next_instance_id();
    let mut instance = Instance {
        id,
        name: name.clone(),
        kind,
        collation,
        started: now,
        service: ServiceState::Running,
        moved: None,
        life: 0,
        hadr_from_next_start: None,
        databases: OrdMap::new(),
        logins: OrdMap::new(),
        permissions: OrdSet::new(),
        endpoint: None,
        cluster: None,
        groups: OrdMap::new(),
        sessions: OrdMap::new(),
        open_keys: OrdSet::new(),
        waits: OrdMap::new(),
        backups: Vector::new(),
        configuration: OrdMap::new(),
        trace_flags: BTreeSet::new(),
        files: OrdMap::new(),
        error_log: Vector::new(),
        killed: OrdMap::new(),
        agent: Arc::default(),
        linked_servers: OrdMap::new(),
        serves: OrdMap::new(),
        distributed: OrdMap::new(),
        next_transaction: 1_000,
        next_backup: 1,
    };
    for (database, name) in [(1, "master"), (2, "tempdb"), (3, "model"), (4, "msdb")] {
        let mut database = Database::create(
            &mut world.ids,
            DatabaseId(database),
            Name::new(name),
            collation,
            instance.default_compatibility_level(),
            now,
        );
        if name != "model" {
            database.recovery_model = RecoveryModel::Simple;
        }
        instance.databases.insert(database.id, Arc::new(database));
    }
    let login = |id: i32, name: Name, sid: Vec<u8>, kind, sysadmin| Login {
        id: PrincipalId(id),
        name,
        sid: sid.into(),
        kind,
        disabled: false,
        default_database: Name::new("master"),
        created: now,
        modified: now,
        sysadmin,
    };
    // On a managed instance `sa` is there and disabled; the administrator is a login of its own.
    let sql = |password| LoginKind::Sql { password };
    let logins = if administrator.is("sa") {
        vec![login(1, administrator, vec![1], sql(password), true)]
    } else {
        let sid = world.ids.next_guid().as_bytes().to_vec();
        let mut sa = login(1, Name::new("sa"), vec![1], sql("".into()), true);
        sa.disabled = true;
        vec![sa, login(257, administrator, sid, sql(password), true)]
    };
    let roles = [
        (2, "public"),
        (3, "sysadmin"),
        (4, "securityadmin"),
        (5, "serveradmin"),
        (6, "setupadmin"),
        (7, "processadmin"),
        (8, "diskadmin"),
        (9, "dbcreator"),
        (10, "bulkadmin"),
    ];
    let roles =
        roles.map(|(id, name)| login(id, Name::new(name), vec![id as u8], LoginKind::Role, false));
    instance.logins = logins
        .into_iter()
        .chain(roles)
        .map(|l| (l.id, Arc::new(l)))
        .collect();
    instance.log(now, "SQL Server is now ready for client connections. This is an informational message; no user action is required.");
    world.instances.insert(id, Arc::new(instance));
    world.record(EventKind::InstanceCreated {
        instance: name.to_string(),
    });
    id
}
