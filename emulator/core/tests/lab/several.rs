//! A link with several databases in the lab.

use std::sync::Arc;

use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::ids::*;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::store::Op;
use milink_core::value::Value;
use milink_core::version::{Build, UpdatePolicy};

use super::{Lab, Step};

impl Lab {
    /// SQL Server in multiple-database mode with these databases in one group, and a link with all of them in step.
    pub(crate) fn with_several(profile: Profile, databases: &[&str]) -> Self {
        let mut lab = Self::ready_for_several(profile, databases);
        lab.create_several(databases).unwrap();
        lab.settle();
        for database in databases {
            assert_eq!(
                lab.member_status(database).replica_state,
                "LinkSynchronizing"
            );
        }
        lab
    }

    /// Everything but the link itself.
    pub(crate) fn ready_for_several(profile: Profile, databases: &[&str]) -> Self {
        let mut lab = Self::new(profile);
        lab.set_versions(Build::SQL_2022_CU27, UpdatePolicy::SqlServer2022);
        lab.set_mode(true).unwrap();
        lab.prepare(Some(Step::CreateDag));
        lab.create_table();
        for database in databases.iter().filter(|name| **name != "db1") {
            lab.add_database(database);
            lab.create_table_in(lab.sql, database);
            let add = GroupAction::AddDatabases(vec![Name::new(database)]);
            lab.alter_group("AG_db1", add).unwrap();
        }
        let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
        lab.create_dag(&url);
        lab
    }

    /// A link with all of these databases, of which the managed instance is the first primary, in step.
    pub(crate) fn several_from_instance(profile: Profile, databases: &[&str]) -> Self {
        let mut lab = Self::new(profile);
        lab.set_versions(Build::SQL_2022_CU27, UpdatePolicy::SqlServer2022);
        lab.set_mode(true).unwrap();
        lab.prepare_from_instance();
        for database in databases.iter().filter(|name| **name != "db1") {
            lab.apply(CreateDatabase {
                instance: lab.mi,
                name: (*database).into(),
                collation: None,
            });
            lab.create_table_in(lab.mi, database);
        }
        let create = CreateLinkGroup {
            instance: lab.mi,
            name: "DAG_db1".into(),
            spec: LinkGroupSpec {
                instance_role: LinkRole::Primary,
                ..Self::several_spec()
            },
            databases: databases.iter().map(|name| Name::new(name)).collect(),
        };
        lab.apply(create);
        lab.settle();
        for database in databases {
            assert_eq!(
                lab.member_status(database).replica_state,
                "LinkSynchronizing"
            );
        }
        lab
    }

    /// `sp_multidb_milink`.
    pub(crate) fn set_mode(&mut self, several: bool) -> Result<(), Refusal> {
        let now = self.world.now();
        let instance = self.sql;
        self.world
            .apply(now, SetMultiDatabaseLinks { instance, several })
    }

    pub(crate) fn several_spec() -> LinkGroupSpec {
        let spec = Self::spec();
        LinkGroupSpec {
            instance_group: spec.instance_group,
            partner_group: spec.partner_group,
            partner_endpoint: spec.partner_endpoint,
            instance_role: spec.instance_role,
            failover_mode: spec.failover_mode,
        }
    }

    /// PUT of a link with several databases.
    pub(crate) fn create_several(&mut self, databases: &[&str]) -> Result<OperationId, Refusal> {
        self.create_several_at(&Self::spec().partner_endpoint, databases)
    }

    /// The same with a partner endpoint.
    pub(crate) fn create_several_at(
        &mut self,
        endpoint: &str,
        databases: &[&str],
    ) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let create = CreateLinkGroup {
            instance: self.mi,
            name: "DAG_db1".into(),
            spec: LinkGroupSpec {
                partner_endpoint: endpoint.into(),
                ..Self::several_spec()
            },
            databases: databases.iter().map(|name| Name::new(name)).collect(),
        };
        self.world.apply(now, create)
    }

    /// PATCH with the complete set of databases.
    pub(crate) fn set_databases(&mut self, databases: &[&str]) -> Result<OperationId, Refusal> {
        let now = self.world.now();
        let update = UpdateLink {
            instance: self.mi,
            name: "DAG_db1".into(),
            replication_mode: None,
            databases: Some(databases.iter().map(|name| Name::new(name)).collect()),
        };
        self.world.apply(now, update)
    }

    pub(crate) fn group(&self) -> &LinkGroup {
        let group = self.world.link_groups.values().next();
        group.expect("there is a link with several databases")
    }

    pub(crate) fn member(&self, database: &str) -> &Link {
        let id = self.group().id.of_member(&Name::new(database));
        self.world.links.get(&id).expect("it is a member")
    }

    pub(crate) fn member_status(&self, database: &str) -> LinkStatus {
        LinkStatus::of(&self.world, self.member(database))
    }

    /// The databases of the link and how each stands.
    pub(crate) fn states(&self) -> Vec<(String, &'static str)> {
        let members = self.group().members(&self.world);
        let state = |link: &Arc<Link>| {
            let status = LinkStatus::of(&self.world, link);
            (link.spec.database.to_string(), status.replica_state)
        };
        members.map(state).collect()
    }

    /// INSERT into the table that every database has.
    pub(crate) fn insert_into(
        &mut self,
        instance: InstanceId,
        database: &str,
        value: i64,
    ) -> Result<Committed, Refusal> {
        let now = self.world.now();
        let found = self.world.instance(instance).unwrap();
        let db = found.database(database).unwrap();
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
}
