//! A SQL Server and a managed instance to test with, and the steps that lead to a link.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::net::Ipv4Addr;
use std::sync::Arc;

use milink_core::World;
use milink_core::availability_group::*;
use milink_core::azure::ManagedInstanceProperties;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::certificate::{CertificateFacts, PUBLIC_ROOTS, PrivateKey};
use milink_core::collation::Collation;
use milink_core::command::*;
use milink_core::database::Database;
use milink_core::durations::{Durations, Profile};
use milink_core::endpoint::*;
use milink_core::ids::*;
use milink_core::instance::{InstanceKind, SqlServer};
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::Refusal;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Key, Op, TableDefinition};
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;
use milink_core::version::{Build, Edition, UpdatePolicy};

mod many;
pub(crate) mod replicas;
mod several;

pub(crate) const MASTER: DatabaseId = DatabaseId(1);
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// A step of the preparation that a test can leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    UploadCertificate,
    ImportCertificate,
    TrustRoots,
    StartEndpoint,
    CreateDag,
}

/// Uploads a partner certificate, without ARM's checks.
#[derive(Clone)]
pub(crate) struct UploadTrustCertificate {
    pub(crate) instance: InstanceId,
    pub(crate) name: Name,
    pub(crate) facts: CertificateFacts,
}

impl Request for UploadTrustCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = Arc::make_mut(world.instances.get_mut(&self.instance).unwrap());
        let mi = instance.as_managed_instance_mut().unwrap();
        mi.trust_certificates
            .insert(self.name, Arc::new(self.facts));
        Ok(())
    }
}

pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) sql: InstanceId,
    pub(crate) mi: InstanceId,
    pub(crate) fqdn: String,
}

pub(crate) fn facts(mark: u8) -> CertificateFacts {
    CertificateFacts {
        der: vec![mark; 8].into(),
        thumbprint: [mark; 20],
        subject: format!("certificate {mark}"),
        issuer: format!("certificate {mark}"),
        serial: format!("{mark:02x}"),
        not_before: START - Span::minutes(60),
        not_after: START + Span::minutes(60 * 24 * 365),
        key_bits: 2048,
    }
}

impl Lab {
    pub(crate) fn new(profile: Profile) -> Self {
        let mut world = World::new(7, uuid::Uuid::nil(), START);
        world.durations = Durations::of(profile);
        let server = SqlServer {
            build: Build::SQL_2022_CU13,
            edition: Edition::Developer,
            hadr_enabled: true,
            multi_database_links: false,
            address: Ipv4Addr::new(10, 0, 0, 4),
            host_names: vec!["sqlserver1.contoso.local".into()],
            loopback: Some((Ipv4Addr::LOCALHOST, 15022)),
        };
        let create = CreateSqlServer {
            name: "sqlserver1".into(),
            server,
            collation: Collation::DEFAULT,
            sa_password: "x".into(),
        };
        let sql = world.apply(START, create).unwrap();
        let create = CreateManagedInstance {
            name: "sqlmi1".into(),
            dns_zone: "0123456789ab".into(),
            update_policy: UpdatePolicy::SqlServer2022,
            endpoint_certificate: facts(2),
            collation: Collation::DEFAULT,
            administrator: "miadmin".into(),
            password: "x".into(),
            properties: properties(),
        };
        let mi = world.apply(START, create).unwrap();
        let fqdn = world.instance(mi).unwrap().server_name();
        Self {
            world,
            sql,
            mi,
            fqdn,
        }
    }

    pub(crate) fn apply<R: Request>(&mut self, request: R) -> R::Reply {
        let now = self.world.now();
        self.world
            .apply(now, request)
            .unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    /// The world as the next request finds it: what is due already happens before whatever is asked, refused or not.
    pub(crate) fn before(&self) -> World {
        let mut world = self.world.clone();
        world.advance_to(world.now());
        world
    }

    /// Everything the article does before the link is created, but for one step.
    pub(crate) fn prepare(&mut self, without: Option<Step>) {
        let does = |step| without != Some(step);
        let (instance, database) = (self.sql, MASTER);
        self.apply(CreateDatabase {
            instance,
            name: "db1".into(),
            collation: None,
        });
        self.apply(Backup {
            instance,
            database: "db1".into(),
            kind: BackupKind::Full,
            copy_only: false,
            devices: vec![BackupDevice::Disk("/var/opt/mssql/db1.bak".into())],
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        });
        self.apply(CreateMasterKey {
            instance,
            database,
            password: "p".into(),
        });
        let certificate = |name: &str, facts, private_key| CreateCertificate {
            instance,
            database,
            name: name.into(),
            owner: None,
            facts,
            private_key,
            active_for_begin_dialog: true,
        };
        self.apply(certificate(
            "Cert_sqlserver1_endpoint",
            facts(1),
            PrivateKey::MasterKey,
        ));
        let fqdn = self.fqdn.clone();
        if does(Step::ImportCertificate) {
            self.apply(certificate(&fqdn, facts(2), PrivateKey::None));
        }
        let root = CertificateFacts {
            thumbprint: PUBLIC_ROOTS[0],
            ..facts(3)
        };
        let root = self.apply(certificate("MicrosoftPKI", root, PrivateKey::None));
        if does(Step::TrustRoots) {
            let dns = "*.database.windows.net".into();
            self.apply(AddCertificateIssuer {
                instance,
                certificate: root,
                dns,
            });
        }
        if does(Step::UploadCertificate) {
            let name = "Cert_sqlserver1_endpoint".into();
            self.apply(UploadTrustCertificate {
                instance: self.mi,
                name,
                facts: facts(1),
            });
        }
        let state = if does(Step::StartEndpoint) {
            EndpointState::Started
        } else {
            EndpointState::Stopped
        };
        self.apply(CreateEndpoint {
            instance,
            name: "database_mirroring_endpoint".into(),
            owner: PrincipalId(1),
            state,
            port: 5022,
            listener_ip: None,
            role: EndpointRole::All,
            authentication: AuthenticationSpec {
                windows: None,
                certificate: Some("Cert_sqlserver1_endpoint".into()),
                windows_first: false,
            },
            encryption: EndpointEncryption::Required(EncryptionAlgorithm::Aes),
        });
        self.create_group(vec!["db1".into()]);
        if does(Step::CreateDag) {
            self.create_dag(&format!("tcp://{fqdn}:5022;Server=[sqlmi1]"));
        }
    }

    pub(crate) fn create_group(&mut self, databases: Vec<Name>) {
        let instance = self.sql;
        self.apply(CreateAvailabilityGroup {
            instance,
            name: "AG_db1".into(),
            // SQL Server 2016 has no such clause.
            cluster: (self.world.instance(self.sql).unwrap().build().major > 13)
                .then_some(ClusterType::None),
            databases,
            replicas: vec![ReplicaSpec {
                server_name: "sqlserver1".into(),
                endpoint_url: "TCP://10.0.0.4:5022".into(),
                availability_mode: AvailabilityMode::SynchronousCommit,
                failover_mode: FailoverMode::Manual,
                seeding_mode: SeedingMode::Automatic,
                session_timeout: DEFAULT_SESSION_TIMEOUT,
                backup_priority: 50,
                primary_read_write_only: false,
                secondary_connections: SecondaryConnections::No,
                read_only_routing_url: None,
            }],
            options: GroupOptions::default(),
            basic: false,
            contained: false,
        });
    }

    pub(crate) fn create_empty_group(&mut self) {
        self.create_group(Vec::new());
    }

    pub(crate) fn create_dag(&mut self, url: &str) {
        self.create_dag_at("TCP://10.0.0.4:5022", url);
    }

    /// The distributed group with its own member at an address.
    pub(crate) fn create_dag_at(&mut self, own: &str, url: &str) {
        let member = |group: &str, url: &str| MemberSpec {
            group: group.into(),
            listener_url: url.into(),
            availability_mode: AvailabilityMode::AsynchronousCommit,
            failover_mode: FailoverMode::Manual,
            seeding_mode: SeedingMode::Automatic,
            session_timeout: Span::seconds(20),
        };
        self.apply(CreateDistributedAvailabilityGroup {
            instance: self.sql,
            name: "DAG_db1".into(),
            members: [member("AG_db1", own), member("AG_db1_MI", url)],
        });
    }

    pub(crate) fn spec() -> LinkSpec {
        LinkSpec {
            instance_group: "AG_db1_MI".into(),
            partner_group: "AG_db1".into(),
            partner_endpoint: "TCP://10.0.0.4:5022".into(),
            database: "db1".into(),
            instance_role: LinkRole::Secondary,
            failover_mode: LinkFailoverMode::Manual,
        }
    }

    pub(crate) fn create_link(&mut self) -> OperationId {
        self.apply(CreateLink {
            instance: self.mi,
            name: "DAG_db1".into(),
            spec: Self::spec(),
        })
    }

    pub(crate) fn link(&self) -> &Link {
        self.world.links.values().next().expect("there is a link")
    }

    pub(crate) fn status(&self) -> LinkStatus {
        LinkStatus::of(&self.world, self.link())
    }

    /// Goes from one due moment to the next until the link is in step, or nothing is due.
    pub(crate) fn settle(&mut self) -> Vec<&'static str> {
        let mut states = Vec::new();
        while let Some(due) = self.world.next_due() {
            self.world.advance_to(due);
            invariants::check(&self.world).unwrap();
            if let Some(link) = self.world.links.values().next() {
                let state = LinkStatus::of(&self.world, link).replica_state;
                if states.last() != Some(&state) {
                    states.push(state);
                }
            }
        }
        states
    }

    pub(crate) fn outcome(&self, operation: OperationId) -> &OperationState {
        &self.world.operation(operation).unwrap().state
    }

    pub(crate) fn insert(
        &mut self,
        instance: InstanceId,
        value: i64,
    ) -> Result<Committed, Refusal> {
        self.insert_in(instance, value, None)
    }

    pub(crate) fn insert_in(
        &mut self,
        instance: InstanceId,
        value: i64,
        transaction: Option<TransactionId>,
    ) -> Result<Committed, Refusal> {
        let now = self.world.now();
        let db = self
            .world
            .instance(instance)
            .unwrap()
            .database("db1")
            .unwrap();
        let view = db.view(transaction);
        let table = view.table(&Name::new("dbo"), &Name::new("t")).unwrap();
        let op = Op::Insert {
            table: table.definition.object,
            id: table.next_row(),
            row: Arc::new([Value::Int(value)]),
        };
        let write = Write {
            instance,
            database: db.id,
            session: SessionId(51),
            transaction,
            ops: vec![op],
        };
        self.world.apply(now, write)
    }

    pub(crate) fn create_table(&mut self) {
        self.create_table_on(self.sql);
    }

    pub(crate) fn create_table_on(&mut self, instance: InstanceId) {
        self.create_table_in(instance, "db1");
    }

    pub(crate) fn create_table_in(&mut self, instance: InstanceId, database: &str) {
        let now = self.world.now();
        let db = self
            .world
            .instance(instance)
            .unwrap()
            .database(database)
            .unwrap();
        let definition = TableDefinition {
            object: db.content.next_object(0),
            schema: "dbo".into(),
            name: "t".into(),
            columns: vec![Column {
                id: 1,
                name: "a".into(),
                sql_type: SqlType::Int,
                nullable: false,
                collation: None,
                identity: None,
                default: None,
                computed: None,
            }],
            max_column_id: 1,
            keys: vec![Key {
                object: None,
                name: "PK_t".into(),
                primary: true,
                constraint: true,
                clustered: true,
                columns: vec![(0, false)],
            }],
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            created: now,
            modified: now,
        };
        let ops = vec![Op::CreateTable(Arc::new(definition))];
        let database = db.id;
        self.apply(Write {
            instance,
            database,
            session: SessionId(51),
            transaction: None,
            ops,
        });
    }

    /// ALTER AVAILABILITY GROUP on the distributed group.
    pub(crate) fn alter_dag(&mut self, action: GroupAction) -> Result<Option<Timestamp>, Refusal> {
        let now = self.world.now();
        let alter = AlterAvailabilityGroup {
            instance: self.sql,
            name: "DAG_db1".into(),
            action,
        };
        self.world.apply(now, alter)
    }

    /// Sets the build of every SQL Server and the policy of the instance.
    pub(crate) fn set_versions(&mut self, build: Build, policy: UpdatePolicy) {
        #[derive(Clone)]
        struct SetVersions(Build, InstanceId, UpdatePolicy);

        impl Request for SetVersions {
            type Reply = ();

            fn apply(self, world: &mut World) -> Result<(), Refusal> {
                let ids: Vec<InstanceId> = world.instances.keys().copied().collect();
                for id in ids {
                    let server = Arc::make_mut(world.instances.get_mut(&id).unwrap());
                    if let InstanceKind::SqlServer(sql) = &mut server.kind {
                        sql.build = self.0;
                    }
                }
                let instance = Arc::make_mut(world.instances.get_mut(&self.1).unwrap());
                instance.as_managed_instance_mut().unwrap().update_policy = self.2;
                Ok(())
            }
        }
        self.apply(SetVersions(build, self.mi, policy));
    }

    /// POST of the link's failover.
    pub(crate) fn fail_over(&mut self, kind: FailoverKind) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let request = FailOverLink {
            instance: self.mi,
            name: "DAG_db1".into(),
            kind,
        };
        self.world.apply(now, request)
    }

    /// POST of the link's setRole.
    pub(crate) fn set_role(
        &mut self,
        role: LinkRole,
        forced: bool,
    ) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let request = SetLinkRole {
            instance: self.mi,
            name: "DAG_db1".into(),
            role,
            forced,
        };
        self.world.apply(now, request)
    }

    /// Starts or stops SQL Server's mirroring endpoint, which takes the partner off the network.
    pub(crate) fn turn_endpoint(&mut self, state: EndpointState) {
        let instance = self.sql;
        self.apply(AlterEndpoint {
            instance,
            name: "database_mirroring_endpoint".into(),
            state: Some(state),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    }

    /// Makes the replication synchronous on both sides.
    pub(crate) fn make_synchronous(&mut self) {
        self.apply(UpdateLink {
            instance: self.mi,
            name: "DAG_db1".into(),
            replication_mode: Some(ReplicationMode::Sync),
            databases: None,
        });
        for member in ["AG_db1", "AG_db1_MI"] {
            self.alter_dag(GroupAction::ModifyMembers(vec![(
                member.into(),
                MemberChange {
                    availability_mode: Some(AvailabilityMode::SynchronousCommit),
                    ..MemberChange::default()
                },
            )]))
            .unwrap();
        }
        self.settle();
    }

    /// ALTER DATABASE … SET HADR RESUME on SQL Server.
    pub(crate) fn resume(&mut self) {
        let instance = self.sql;
        self.apply(AlterDatabase {
            instance,
            name: "db1".into(),
            changes: vec![DatabaseChange::HadrResume],
        });
    }

    /// The roles that SQL Server and the managed instance believe they have.
    pub(crate) fn roles(&self) -> (Role, Role) {
        let link = self.link();
        let on = |instance| link.role_on(&self.world, instance).unwrap();
        (on(self.sql), on(self.mi))
    }

    /// The database on an instance.
    pub(crate) fn db(&self, instance: InstanceId) -> &Database {
        self.world
            .instance(instance)
            .unwrap()
            .database("db1")
            .unwrap()
    }

    /// A link in step, with a table in its database.
    pub(crate) fn linked(profile: Profile) -> Self {
        let mut lab = Self::new(profile);
        lab.prepare(None);
        lab.create_table();
        lab.create_link();
        lab.settle();
        lab
    }

    /// A link that starts from the managed instance, in step, with a table in its database.
    pub(crate) fn linked_from_instance(profile: Profile) -> Self {
        let mut lab = Self::new(profile);
        lab.prepare_from_instance();
        let spec = LinkSpec {
            instance_role: LinkRole::Primary,
            ..Self::spec()
        };
        lab.apply(CreateLink {
            instance: lab.mi,
            name: "DAG_db1".into(),
            spec,
        });
        assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
        lab
    }

    /// Everything before a link that starts from the managed instance.
    pub(crate) fn prepare_from_instance(&mut self) {
        self.prepare(Some(Step::CreateDag));
        self.apply(DropAvailabilityGroup {
            instance: self.sql,
            name: "AG_db1".into(),
        });
        self.apply(DropDatabase {
            instance: self.sql,
            name: "db1".into(),
            session: None,
        });
        self.apply(CreateDatabase {
            instance: self.mi,
            name: "db1".into(),
            collation: None,
        });
        self.create_table_on(self.mi);
        self.create_empty_group();
        self.apply(AlterAvailabilityGroup {
            instance: self.sql,
            name: "AG_db1".into(),
            action: GroupAction::CreateAnyDatabase(true),
        });
        let url = format!("tcp://{}:5022;Server=[sqlmi1];Database=[db1]", self.fqdn);
        self.create_dag(&url);
    }

    /// The same, in a world where nothing of it has been done.
    pub(crate) fn prepare_from_instance_if_new(&mut self) {
        let mi = self.world.instance(self.mi).unwrap();
        if self.is_new() && mi.database("db1").is_none() {
            self.prepare_from_instance();
        }
    }

    fn is_new(&self) -> bool {
        let sql = self.world.instance(self.sql).unwrap();
        sql.database("db1").is_none()
            && sql.endpoint.is_none()
            && sql.groups.is_empty()
            && sql.master().content.master_key.is_none()
    }

    /// Does the article's preparation, in a world where nothing of it has been done.
    pub(crate) fn prepare_if_new(&mut self, without: Option<Step>) {
        if self.is_new() {
            self.prepare(without);
            self.create_table();
        }
    }

    pub(crate) fn has_table(&self, instance: InstanceId) -> bool {
        self.has_table_in(instance, "db1")
    }

    pub(crate) fn has_table_in(&self, instance: InstanceId, database: &str) -> bool {
        let db = self.world.instance(instance).unwrap().database(database);
        db.is_some_and(|db| {
            db.content
                .table(&Name::new("dbo"), &Name::new("t"))
                .is_some()
        })
    }

    pub(crate) fn rows(&self, instance: InstanceId) -> usize {
        let db = self
            .world
            .instance(instance)
            .unwrap()
            .database("db1")
            .unwrap();
        db.content
            .table(&Name::new("dbo"), &Name::new("t"))
            .map_or(0, |table| table.len())
    }
}

/// Sets both members of SQL Server's half to synchronous commit.
pub(crate) fn synchronous_on_sql_server(lab: &mut Lab) {
    let change = MemberChange {
        availability_mode: Some(AvailabilityMode::SynchronousCommit),
        ..MemberChange::default()
    };
    let changes = ["AG_db1", "AG_db1_MI"].map(|member| (Name::new(member), change.clone()));
    lab.alter_dag(GroupAction::ModifyMembers(changes.to_vec()))
        .unwrap();
}

/// Makes the link to SQL Server at another address of its.
pub(crate) fn create_link_at(lab: &mut Lab, endpoint: &str) -> OperationId {
    lab.apply(CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec: LinkSpec {
            partner_endpoint: endpoint.into(),
            ..Lab::spec()
        },
    })
}

fn properties() -> ManagedInstanceProperties {
    ManagedInstanceProperties::new("milink-rg".into(), "westeurope")
}
