//! The life of a link in the model: every precondition, seeding, replication, and the ways it ends.

use std::net::Ipv4Addr;
use std::sync::Arc;

use milink_core::World;
use milink_core::availability_group::*;
use milink_core::azure::ManagedInstanceProperties;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::certificate::{CertificateFacts, PUBLIC_ROOTS, PrivateKey};
use milink_core::collation::Collation;
use milink_core::command::*;
use milink_core::database::DatabaseState;
use milink_core::durations::{Durations, Profile};
use milink_core::endpoint::*;
use milink_core::ids::*;
use milink_core::instance::SqlServer;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::{LinkError, Refusal, WriteRefusal};
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Key, Op, TableDefinition};
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;
use milink_core::version::{Build, Edition, UpdatePolicy};

const MASTER: DatabaseId = DatabaseId(1);
const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// A step of the preparation that a test can leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    UploadCertificate,
    ImportCertificate,
    TrustRoots,
    StartEndpoint,
    CreateDag,
}

/// Uploads a partner certificate, without ARM's checks.
#[derive(Clone)]
struct UploadTrustCertificate {
    instance: InstanceId,
    name: Name,
    facts: CertificateFacts,
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

struct Lab {
    world: World,
    sql: InstanceId,
    mi: InstanceId,
    fqdn: String,
}

fn facts(mark: u8) -> CertificateFacts {
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
    fn new(profile: Profile) -> Self {
        let mut world = World::new(7, uuid::Uuid::nil(), START);
        world.durations = Durations::of(profile);
        let server = SqlServer {
            build: Build::SQL_2022_CU13,
            edition: Edition::Developer,
            hadr_enabled: true,
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

    fn apply<R: Request>(&mut self, request: R) -> R::Reply {
        let now = self.world.now();
        self.world
            .apply(now, request)
            .unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    /// Everything the article does before the link is created, but for one step.
    fn prepare(&mut self, without: Option<Step>) {
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

    fn create_group(&mut self, databases: Vec<Name>) {
        let instance = self.sql;
        self.apply(CreateAvailabilityGroup {
            instance,
            name: "AG_db1".into(),
            cluster: Some(ClusterType::None),
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

    fn create_empty_group(&mut self) {
        self.create_group(Vec::new());
    }

    fn create_dag(&mut self, url: &str) {
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
            members: [
                member("AG_db1", "TCP://10.0.0.4:5022"),
                member("AG_db1_MI", url),
            ],
        });
    }

    fn spec() -> LinkSpec {
        LinkSpec {
            instance_group: "AG_db1_MI".into(),
            partner_group: "AG_db1".into(),
            partner_endpoint: "TCP://10.0.0.4:5022".into(),
            database: "db1".into(),
            instance_role: LinkRole::Secondary,
            failover_mode: LinkFailoverMode::Manual,
        }
    }

    fn create_link(&mut self) -> OperationId {
        self.apply(CreateLink {
            instance: self.mi,
            name: "DAG_db1".into(),
            spec: Self::spec(),
        })
    }

    fn link(&self) -> &Link {
        self.world.links.values().next().expect("there is a link")
    }

    fn status(&self) -> LinkStatus {
        LinkStatus::of(&self.world, self.link())
    }

    /// Goes from one due moment to the next until the link is in step, or nothing is due.
    fn settle(&mut self) -> Vec<&'static str> {
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

    fn outcome(&self, operation: OperationId) -> &OperationState {
        &self.world.operation(operation).unwrap().state
    }

    fn insert(&mut self, instance: InstanceId, value: i64) -> Result<Committed, Refusal> {
        let now = self.world.now();
        let db = self
            .world
            .instance(instance)
            .unwrap()
            .database("db1")
            .unwrap();
        let table = db
            .content
            .table(&Name::new("dbo"), &Name::new("t"))
            .unwrap();
        let op = Op::Insert {
            table: table.definition.object,
            id: table.next_row(),
            row: Arc::new([Value::Int(value)]),
        };
        let write = Write {
            instance,
            database: db.id,
            session: SessionId(51),
            transaction: None,
            ops: vec![op],
        };
        self.world.apply(now, write)
    }

    fn create_table(&mut self) {
        let now = self.world.now();
        let db = self
            .world
            .instance(self.sql)
            .unwrap()
            .database("db1")
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
        let (instance, database) = (self.sql, db.id);
        self.apply(Write {
            instance,
            database,
            session: SessionId(51),
            transaction: None,
            ops,
        });
    }

    fn rows(&self, instance: InstanceId) -> usize {
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

fn properties() -> ManagedInstanceProperties {
    ManagedInstanceProperties::new("milink-rg".into(), "westeurope")
}

#[test]
fn a_link_seeds_and_then_every_commit_reaches_the_instance() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.insert(lab.sql, 1).unwrap();
    let operation = lab.create_link();
    assert_eq!(lab.status().replica_state, "CreatingLink");
    let states = lab.settle();
    assert_eq!(
        states,
        ["CreatingLink", "Seeding", "Catchup", "LinkSynchronizing"]
    );
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded {
            has_result: true,
            ..
        }
    ));
    assert_eq!(lab.status().health, Health::Healthy);
    assert_eq!(lab.rows(lab.mi), 1);

    lab.insert(lab.sql, 2).unwrap();
    assert_eq!(lab.rows(lab.mi), 1, "it is still on its way");
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 2);
    assert!(lab.insert(lab.mi, 3).is_err(), "the copy is read-only");
    assert_eq!(lab.status().send_lag, Span::ZERO);
}

#[test]
fn rows_committed_while_seeding_are_caught_up() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    while lab.link().phase != Phase::Seeding {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    let copy = lab.world.instance(lab.mi).unwrap().database("db1").unwrap();
    assert_eq!(copy.state, DatabaseState::Restoring);
    lab.world.advance_to(lab.world.now() + Span::seconds(30));
    let percent = lab.status().seeding_percent.unwrap();
    assert!((1..100).contains(&percent), "{percent}");
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn every_missing_precondition_fails_the_operation_with_its_own_error() {
    type Expected = fn(&LinkError) -> bool;
    let cases: [(Step, Expected); 5] = [
        (Step::UploadCertificate, |e| {
            matches!(e, LinkError::CertificateNotOnInstance { .. })
        }),
        (Step::ImportCertificate, |e| {
            matches!(e, LinkError::CertificateNotOnSqlServer { .. })
        }),
        (Step::TrustRoots, |e| {
            matches!(e, LinkError::IssuerNotTrusted { .. })
        }),
        (
            Step::StartEndpoint,
            |e| matches!(e, LinkError::InitTimeout { minutes: 5, cause } if matches!(**cause, LinkError::EndpointNotStarted { .. })),
        ),
        (Step::CreateDag, |e| {
            matches!(e, LinkError::GroupNotResponding { .. })
        }),
    ];
    for (missing, expected) in cases {
        let mut lab = Lab::new(Profile::Azure);
        lab.prepare(Some(missing));
        let operation = lab.create_link();
        assert_eq!(lab.settle().last(), Some(&"LinkInitError"), "{missing:?}");
        let OperationState::Failed { error, .. } = lab.outcome(operation) else {
            panic!("{missing:?}: {:?}", lab.outcome(operation));
        };
        let milink_core::operation::OperationError::Link(error) = error else {
            panic!("{error:?}")
        };
        assert!(expected(error), "{missing:?}: {error:?}");
        assert!(
            lab.world
                .instance(lab.mi)
                .unwrap()
                .database("db1")
                .is_none()
        );
    }
}

#[test]
fn what_is_put_right_while_the_partners_try_lets_them_connect() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(Step::StartEndpoint));
    lab.create_link();
    lab.world.advance_to(START + Span::minutes(2));
    lab.apply(AlterEndpoint {
        instance: lab.sql,
        name: "database_mirroring_endpoint".into(),
        state: Some(EndpointState::Started),
        port: None,
        listener_ip: None,
        role: None,
        authentication: None,
        encryption: None,
    });
    assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
}

#[test]
fn a_stopped_endpoint_parts_the_sides_and_starting_it_brings_them_together() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let turn = |lab: &mut Lab, state| {
        lab.apply(AlterEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            state: Some(state),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    };
    turn(&mut lab, EndpointState::Stopped);
    assert!(!lab.status().connected);
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::NotSynchronizing
    );
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 0, "nothing crosses a broken connection");
    lab.world.advance_to(lab.world.now() + Span::seconds(9));
    assert_eq!(lab.status().send_lag, Span::seconds(9));
    turn(&mut lab, EndpointState::Started);
    lab.settle();
    assert!(lab.status().connected);
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn synchronous_commit_needs_both_sides_and_then_waits() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let mode = Some(ReplicationMode::Sync);
    lab.apply(UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: mode,
    });
    lab.settle();
    assert_eq!(
        lab.insert(lab.sql, 1).unwrap().hardened,
        None,
        "SQL Server's half is asynchronous still"
    );
    let change = MemberChange {
        availability_mode: Some(AvailabilityMode::SynchronousCommit),
        ..MemberChange::default()
    };
    let changes = ["AG_db1", "AG_db1_MI"].map(|member| (Name::new(member), change.clone()));
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
        action: GroupAction::ModifyMembers(changes.to_vec()),
    });
    lab.settle();
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::Synchronized
    );
    let now = lab.world.now();
    let hardened = lab
        .insert(lab.sql, 2)
        .unwrap()
        .hardened
        .expect("the commit waits");
    assert!(hardened > now);
}

#[test]
fn deleting_the_link_leaves_an_independent_database_and_an_orphaned_group() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let operation = lab.apply(DeleteLink {
        instance: lab.mi,
        name: "dag_DB1".into(),
    });
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded {
            has_result: false,
            ..
        }
    ));
    assert!(lab.world.links.is_empty());
    lab.insert(lab.mi, 7)
        .expect("the instance's database is writable now");
    assert!(lab.world.instance(lab.mi).unwrap().groups.is_empty());
    let sql = lab.world.instance(lab.sql).unwrap();
    assert!(sql.group("DAG_db1").is_some());
    let refused = lab.world.apply(
        lab.world.now(),
        DropAvailabilityGroup {
            instance: lab.sql,
            name: "AG_db1".into(),
        },
    );
    assert!(refused.is_err(), "the distributed group still uses it");
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
    });
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
    });
    let missing = lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    assert!(matches!(
        lab.outcome(missing),
        OperationState::Failed { .. }
    ));
}

#[test]
fn dropping_the_group_on_sql_server_disconnects_the_instance() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_link();
    lab.settle();
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
    });
    assert!(!lab.status().connected);
    assert!(
        lab.world
            .instance(lab.mi)
            .unwrap()
            .database("db1")
            .unwrap()
            .is_secondary()
    );
}

#[test]
fn an_instance_that_is_the_initial_primary_seeds_sql_server_once_that_is_granted() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(Step::CreateDag));
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
    });
    lab.apply(DropDatabase {
        instance: lab.sql,
        name: "db1".into(),
        session: None,
    });
    lab.apply(CreateDatabase {
        instance: lab.mi,
        name: "db1".into(),
        collation: None,
    });
    lab.create_empty_group();
    let url = format!("tcp://{}:5022;Server=[sqlmi1];Database=[db1]", lab.fqdn);
    lab.create_dag(&url);
    let spec = LinkSpec {
        instance_role: LinkRole::Primary,
        ..Lab::spec()
    };
    lab.apply(CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec,
    });
    lab.settle();
    assert_eq!(
        lab.link().phase,
        Phase::Connected,
        "seeding is not permitted yet"
    );
    let action = GroupAction::CreateAnyDatabase(true);
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
        action,
    });
    assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
    let copy = lab
        .world
        .instance(lab.sql)
        .unwrap()
        .database("db1")
        .unwrap();
    assert!(copy.is_secondary() && copy.group.is_some());
}

#[test]
fn a_refused_command_leaves_the_world_equal() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.insert(lab.sql, 1).unwrap();
    let before = lab.world.clone();
    let refused = lab.insert(lab.sql, 1);
    assert!(
        matches!(
            refused,
            Err(Refusal::Write(WriteRefusal::DuplicateKey { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(lab.world, before);
    let again = CreateDatabase {
        instance: lab.sql,
        name: "DB1".into(),
        collation: None,
    };
    assert!(lab.world.apply(lab.world.now(), again).is_err());
    assert_eq!(lab.world, before);
}

#[test]
fn advancing_in_two_steps_equals_advancing_in_one() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    let end = lab.world.now() + Span::minutes(30);
    let mut whole = lab.world.clone();
    whole.advance_to(end);
    for minutes in 1..=30 {
        lab.world.advance_to(START + Span::minutes(minutes));
    }
    lab.world.advance_to(end);
    assert_eq!(lab.world, whole);
}
