//! A second SQL Server, and its replica of the group.

use std::net::Ipv4Addr;

use milink_core::availability_group::*;
use milink_core::certificate::PrivateKey;
use milink_core::collation::Collation;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::*;
use milink_core::ids::*;
use milink_core::instance::SqlServer;
use milink_core::link::{SetMultiDatabaseLinks, SynchronizationState};
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::replica::{DatabaseStatus, ReplicaSet};
use milink_core::time::Timestamp;
use milink_core::version::{Build, Edition, UpdatePolicy};

use super::{Lab, MASTER, Step, facts};

/// Where the second SQL Server is in a lab.
pub(crate) const SECOND: InstanceId = InstanceId(3);

/// And a third one, if it has been added.
pub(crate) const THIRD: InstanceId = InstanceId(4);

/// A step on the way to a second replica that a test can leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Apart {
    Hadr,
    Endpoint,
    CertificateOnSecond,
    CertificateOnFirst,
    Replica,
    Started,
    SameEncryption,
}

impl Lab {
    /// The group of the article with a table in its database, a second SQL Server, and a replica on it that has not joined.
    pub(crate) fn with_second(profile: Profile, without: Option<Apart>) -> Self {
        let does = |step| without != Some(step);
        let mut lab = Self::new(profile);
        lab.prepare(Some(Step::CreateDag));
        lab.create_table();
        lab.add_server(SECOND, "sqlserver2", 5, does(Apart::Hadr));
        let endpoint = |lab: &mut Self| {
            let state = match does(Apart::Started) {
                true => EndpointState::Started,
                false => EndpointState::Stopped,
            };
            let encryption = match does(Apart::SameEncryption) {
                true => EndpointEncryption::Required(EncryptionAlgorithm::Aes),
                false => EndpointEncryption::Disabled,
            };
            lab.add_endpoint(SECOND, "Cert_sqlserver2", 5, state, encryption);
        };
        if does(Apart::Endpoint) {
            endpoint(&mut lab);
        }
        if does(Apart::CertificateOnSecond) {
            lab.import(SECOND, "Cert_sqlserver1_endpoint", 1);
        }
        if does(Apart::CertificateOnFirst) {
            lab.import(lab.sql, "Cert_sqlserver2", 5);
        }
        if does(Apart::Replica) {
            lab.alter_on(lab.sql, GroupAction::AddReplica(second_replica()))
                .unwrap();
        }
        lab
    }

    /// The same, joined, seeded and in step.
    pub(crate) fn replicated(profile: Profile) -> Self {
        let mut lab = Self::with_second(profile, None);
        lab.join(SECOND).unwrap();
        lab.alter_on(SECOND, GroupAction::CreateAnyDatabase(true))
            .unwrap();
        lab.settle();
        lab
    }

    /// A third server with a replica in step.
    pub(crate) fn add_third(&mut self) {
        self.add_server(THIRD, "sqlserver3", 6, true);
        let encryption = EndpointEncryption::Required(EncryptionAlgorithm::Aes);
        let started = EndpointState::Started;
        self.add_endpoint(THIRD, "Cert_sqlserver3", 6, started, encryption);
        for (other, mark) in [(self.sql, 1), (SECOND, 5)] {
            self.import(other, "Cert_sqlserver3", 6);
            self.import(THIRD, &format!("Cert_of_{mark}"), mark);
        }
        let add = GroupAction::AddReplica(replica("sqlserver3", 6));
        self.alter_on(self.sql, add).unwrap();
        self.join(THIRD).unwrap();
        self.alter_on(THIRD, GroupAction::CreateAnyDatabase(true))
            .unwrap();
        self.settle();
    }

    /// A group in a Windows cluster, with its second replica in step.
    pub(crate) fn clustered(profile: Profile) -> Self {
        let mut lab = Self::with_second(profile, None);
        let first = lab.sql;
        for instance in [first, SECOND] {
            lab.apply(SetCluster {
                instance,
                cluster: Some("cluster1".into()),
            });
        }
        lab.apply(DropAvailabilityGroup {
            instance: first,
            name: "AG_db1".into(),
        });
        lab.apply(CreateAvailabilityGroup {
            instance: first,
            name: "AG_db1".into(),
            cluster: None,
            databases: vec!["db1".into()],
            replicas: vec![replica("sqlserver1", 4), second_replica()],
            options: GroupOptions::default(),
            basic: false,
            contained: false,
        });
        lab.alter_on(SECOND, GroupAction::Join { cluster: None })
            .unwrap();
        lab.alter_on(SECOND, GroupAction::CreateAnyDatabase(true))
            .unwrap();
        lab.settle();
        lab
    }

    /// A listener, and the second server trusted by the managed instance as the first one is: a link can go to either of them.
    pub(crate) fn prepare_second_for_links(&mut self) {
        self.alter_on(self.sql, GroupAction::AddListener(listener()))
            .unwrap();
        let (instance, database) = (SECOND, MASTER);
        let fqdn = self.fqdn.clone();
        self.import(SECOND, &fqdn, 2);
        let facts_of_root = milink_core::certificate::CertificateFacts {
            thumbprint: milink_core::certificate::PUBLIC_ROOTS[0],
            ..facts(3)
        };
        let certificate = self.apply(CreateCertificate {
            instance,
            database,
            name: "MicrosoftPKI".into(),
            owner: None,
            facts: facts_of_root,
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        });
        self.apply(AddCertificateIssuer {
            instance,
            certificate,
            dns: "*.database.windows.net".into(),
        });
        self.apply(super::UploadTrustCertificate {
            instance: self.mi,
            name: "Cert_sqlserver2".into(),
            facts: facts(5),
        });
    }

    /// Two replicas in step, and a link whose partner endpoint this is.
    pub(crate) fn linked_replicas(cluster: bool, profile: Profile, endpoint: &str) -> Self {
        let mut lab = match cluster {
            true => Self::clustered(profile),
            false => Self::replicated(profile),
        };
        lab.prepare_second_for_links();
        let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
        lab.create_dag_at(endpoint, &url);
        super::create_link_at(&mut lab, endpoint);
        lab.settle();
        lab
    }

    /// Two replicas in step with these databases, and one link for them all.
    pub(crate) fn several_replicas(
        cluster: bool,
        profile: Profile,
        endpoint: &str,
        databases: &[&str],
    ) -> Self {
        let mut lab = match cluster {
            true => Self::clustered(profile),
            false => Self::replicated(profile),
        };
        lab.prepare_second_for_links();
        lab.set_versions(Build::SQL_2022_CU27, UpdatePolicy::SqlServer2022);
        for instance in [lab.sql, SECOND] {
            let several = true;
            lab.apply(SetMultiDatabaseLinks { instance, several });
        }
        for database in databases.iter().filter(|name| **name != "db1") {
            lab.add_database(database);
            lab.create_table_in(lab.sql, database);
            let add = GroupAction::AddDatabases(vec![Name::new(database)]);
            lab.alter_on(lab.sql, add).unwrap();
        }
        lab.settle();
        let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
        lab.create_dag_at(endpoint, &url);
        lab.create_several_at(endpoint, databases).unwrap();
        lab.settle();
        for database in databases {
            let status = lab.member_status(database);
            assert_eq!(status.replica_state, "LinkSynchronizing");
        }
        lab
    }

    pub(crate) fn add_server(&mut self, expected: InstanceId, name: &str, host: u8, hadr: bool) {
        let server = SqlServer {
            build: Build::SQL_2022_CU13,
            edition: Edition::Developer,
            hadr_enabled: hadr,
            multi_database_links: false,
            address: Ipv4Addr::new(10, 0, 0, host),
            host_names: vec![format!("{name}.contoso.local")],
            loopback: Some((Ipv4Addr::LOCALHOST, 15_022 + u16::from(host))),
        };
        let instance = self.apply(CreateSqlServer {
            name: name.into(),
            server,
            collation: Collation::DEFAULT,
            sa_password: "x".into(),
        });
        assert_eq!(instance, expected);
    }

    pub(crate) fn add_endpoint(
        &mut self,
        instance: InstanceId,
        certificate: &str,
        mark: u8,
        state: EndpointState,
        encryption: EndpointEncryption,
    ) {
        let database = MASTER;
        self.apply(CreateMasterKey {
            instance,
            database,
            password: "p".into(),
        });
        self.apply(CreateCertificate {
            instance,
            database,
            name: certificate.into(),
            owner: None,
            facts: facts(mark),
            private_key: PrivateKey::MasterKey,
            active_for_begin_dialog: true,
        });
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
                certificate: Some(certificate.into()),
                windows_first: false,
            },
            encryption,
        });
    }

    pub(crate) fn import(&mut self, instance: InstanceId, name: &str, mark: u8) {
        self.apply(CreateCertificate {
            instance,
            database: MASTER,
            name: name.into(),
            owner: None,
            facts: facts(mark),
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        });
    }

    /// ALTER AVAILABILITY GROUP on the local group.
    pub(crate) fn alter_on(
        &mut self,
        instance: InstanceId,
        action: GroupAction,
    ) -> Result<Option<Timestamp>, Refusal> {
        let now = self.world.now();
        let alter = AlterAvailabilityGroup {
            instance,
            name: "AG_db1".into(),
            action,
        };
        self.world.apply(now, alter)
    }

    pub(crate) fn join(&mut self, instance: InstanceId) -> Result<Option<Timestamp>, Refusal> {
        let cluster = Some(ClusterType::None);
        self.alter_on(instance, GroupAction::Join { cluster })
    }

    pub(crate) fn set(&self) -> Option<&ReplicaSet> {
        self.world.replica_sets.values().next().map(AsRef::as_ref)
    }

    /// How the group's database stands on a server.
    pub(crate) fn replica_status(&self, instance: InstanceId) -> Option<DatabaseStatus> {
        let set = self.set()?;
        let (member, _) = set.secondary(instance)?.databases.iter().next()?;
        set.status(&self.world, instance, *member)
    }

    pub(crate) fn synchronization(&self, instance: InstanceId) -> Option<SynchronizationState> {
        self.replica_status(instance)
            .map(|status| status.synchronization)
    }

    pub(crate) fn role_in_group(&self, instance: InstanceId) -> Option<Role> {
        let group = self.world.instance(instance)?.group("AG_db1")?;
        Some(group.as_local()?.role)
    }

    /// Restarts, stops or starts the mirroring endpoint of a server.
    pub(crate) fn turn_endpoint_of(&mut self, instance: InstanceId, state: EndpointState) {
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
}

/// Where links are told to call, if they shall find the primary wherever it is.
pub(crate) const LISTENER: &str = "TCP://aglistener:5022";

fn listener() -> ListenerSpec {
    ListenerSpec {
        dns_name: "aglistener".into(),
        addresses: ListenerSource::Static(vec![milink_core::listener::ListenerAddress {
            ip: Ipv4Addr::new(10, 0, 0, 9).into(),
            mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
        }]),
        port: None,
    }
}

/// The replica on the second server.
pub(crate) fn second_replica() -> ReplicaSpec {
    replica("sqlserver2", 5)
}

pub(crate) fn replica(name: &str, host: u8) -> ReplicaSpec {
    ReplicaSpec {
        server_name: name.into(),
        endpoint_url: format!("TCP://10.0.0.{host}:5022").into(),
        availability_mode: AvailabilityMode::SynchronousCommit,
        failover_mode: FailoverMode::Manual,
        seeding_mode: SeedingMode::Automatic,
        session_timeout: DEFAULT_SESSION_TIMEOUT,
        backup_priority: 50,
        primary_read_write_only: false,
        secondary_connections: SecondaryConnections::All,
        read_only_routing_url: Some(format!("TCP://{name}:1433").into()),
    }
}
