//! More of everything: further managed instances, databases and links in the lab.

use milink_core::availability_group::*;
use milink_core::azure::ManagedInstanceProperties;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::certificate::PrivateKey;
use milink_core::collation::Collation;
use milink_core::command::*;
use milink_core::ids::*;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::time::{Span, Timestamp};
use milink_core::version::UpdatePolicy;

use super::{Lab, MASTER, UploadTrustCertificate, facts};

impl Lab {
    /// Another managed instance, trusted and trusting.
    pub(crate) fn add_instance(&mut self, name: &str, mark: u8) -> InstanceId {
        let instance = self.apply(CreateManagedInstance {
            name: name.into(),
            dns_zone: "0123456789ab".into(),
            update_policy: UpdatePolicy::SqlServer2022,
            endpoint_certificate: facts(mark),
            collation: Collation::DEFAULT,
            administrator: "miadmin".into(),
            password: "x".into(),
            properties: ManagedInstanceProperties::new("milink-rg".into(), "westeurope"),
        });
        let fqdn = self.world.instance(instance).unwrap().server_name();
        self.apply(CreateCertificate {
            instance: self.sql,
            database: MASTER,
            name: fqdn.as_str().into(),
            owner: None,
            facts: facts(mark),
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        });
        self.apply(UploadTrustCertificate {
            instance,
            name: "Cert_sqlserver1_endpoint".into(),
            facts: facts(1),
        });
        instance
    }

    /// Another database on SQL Server, with a full backup.
    pub(crate) fn add_database(&mut self, name: &str) {
        let instance = self.sql;
        self.apply(CreateDatabase {
            instance,
            name: name.into(),
            collation: None,
        });
        self.apply(Backup {
            instance,
            database: name.into(),
            kind: BackupKind::Full,
            copy_only: false,
            devices: vec![BackupDevice::Disk("d".into())],
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        });
    }

    /// An availability group `AG_<name>` on SQL Server.
    pub(crate) fn add_group(&mut self, name: &str, databases: &[&str]) -> Result<GroupId, Refusal> {
        let now = self.world.now();
        let instance = self.sql;
        let create = CreateAvailabilityGroup {
            instance,
            name: name.into(),
            cluster: Some(ClusterType::None),
            databases: databases.iter().map(|name| Name::new(name)).collect(),
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
        };
        self.world.apply(now, create)
    }

    /// A distributed group on SQL Server between a group there and one of a managed instance.
    pub(crate) fn add_dag(
        &mut self,
        name: &str,
        group: &str,
        (instance, instance_group): (InstanceId, &str),
    ) -> Result<GroupId, Refusal> {
        let now = self.world.now();
        let found = self.world.instance(instance).unwrap();
        let url = format!("tcp://{}:5022;Server=[{}]", found.server_name(), found.name);
        let member = |group: &str, url: &str| MemberSpec {
            group: group.into(),
            listener_url: url.into(),
            availability_mode: AvailabilityMode::AsynchronousCommit,
            failover_mode: FailoverMode::Manual,
            seeding_mode: SeedingMode::Automatic,
            session_timeout: Span::seconds(20),
        };
        let create = CreateDistributedAvailabilityGroup {
            instance: self.sql,
            name: name.into(),
            members: [
                member(group, "TCP://10.0.0.4:5022"),
                member(instance_group, &url),
            ],
        };
        self.world.apply(now, create)
    }

    /// PUT of a link whose instance is secondary.
    pub(crate) fn add_link(
        &mut self,
        instance: InstanceId,
        name: &str,
        (group, instance_group): (&str, &str),
        database: &str,
    ) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let spec = LinkSpec {
            instance_group: instance_group.into(),
            partner_group: group.into(),
            database: database.into(),
            ..Self::spec()
        };
        let create = CreateLink {
            instance,
            name: name.into(),
            spec,
        };
        self.world.apply(now, create)
    }

    /// A link of that name.
    pub(crate) fn link_named(&self, name: &str) -> &Link {
        let mut links = self.world.links.values();
        links
            .find(|link| link.id.name.is(name))
            .expect("it is there")
    }

    pub(crate) fn status_of(&self, name: &str) -> LinkStatus {
        LinkStatus::of(&self.world, self.link_named(name))
    }

    /// ALTER AVAILABILITY GROUP on SQL Server.
    pub(crate) fn alter_group(
        &mut self,
        name: &str,
        action: GroupAction,
    ) -> Result<Option<Timestamp>, Refusal> {
        let now = self.world.now();
        let alter = AlterAvailabilityGroup {
            instance: self.sql,
            name: name.into(),
            action,
        };
        self.world.apply(now, alter)
    }

    /// POST of a link's failover.
    pub(crate) fn fail_over_link(
        &mut self,
        instance: InstanceId,
        name: &str,
        kind: FailoverKind,
    ) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let request = FailOverLink {
            instance,
            name: name.into(),
            kind,
        };
        self.world.apply(now, request)
    }

    /// Rows of the table that `create_table` makes, in any database.
    pub(crate) fn rows_in(&self, instance: InstanceId, database: &str) -> usize {
        let found = self.world.instance(instance).unwrap().database(database);
        let content = &found.expect("it is there").content;
        let table = content.table(&Name::new("dbo"), &Name::new("t"));
        table.map_or(0, |table| table.len())
    }
}
