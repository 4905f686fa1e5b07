//! Databases: made, written to, backed up, altered.

use std::sync::Arc;

use milink_core::backup::{BackupDevice, BackupKind as Kind};
use milink_core::command::{AlterDatabase, Backup, CreateDatabase, DatabaseChange, Write};
use milink_core::ids::{DatabaseId, InstanceId, SessionId};
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Key, Op, TableDefinition};
use milink_core::value::Value;

use super::super::{Lab, Refused};
use super::name;
use crate::action::{BackupKind, Place, database_name, server_of};

impl Lab {
    pub(super) fn create_database(&mut self, place: Place, n: u8) -> Result<(), Refused> {
        let instance = self.serving(place)?;
        let database = self.apply(CreateDatabase {
            instance,
            name: name(n),
            collation: None,
        })?;
        let found = self.world.instance(instance).expect("it is in the plan");
        let content = &found.databases[&database].content;
        let table = table(content.next_object(0), self.world.now());
        self.write(instance, database, Op::CreateTable(Arc::new(table)))
    }

    pub(super) fn insert(&mut self, place: Place, n: u8) -> Result<i64, Refused> {
        let instance = self.serving(place)?;
        let found = self.world.instance(instance).expect("it serves");
        let database = found.database(&database_name(n));
        let database = database.ok_or(Refused::Nothing("there is no such database"))?;
        let table = database.content.table(&"dbo".into(), &"t".into());
        // What is being restored has no table yet, and is refused for that.
        let (object, row) = table.map_or((milink_core::ids::ObjectId(0), None), |table| {
            (table.definition.object, Some(table.next_row()))
        });
        let Some(id) = row else {
            found
                .check_writable(database)
                .map_err(milink_core::Refusal::from)?;
            return Err(Refused::Nothing("there is no such table"));
        };
        let (value, database) = (self.next_value, database.id);
        let op = Op::Insert {
            table: object,
            id,
            row: Arc::new([Value::Int(value)]),
        };
        self.write(instance, database, op)?;
        self.next_value += 1;
        Ok(value)
    }

    fn write(&mut self, instance: InstanceId, database: DatabaseId, op: Op) -> Result<(), Refused> {
        self.apply(Write {
            instance,
            database,
            session: SessionId(51),
            transaction: None,
            ops: vec![op],
        })?;
        Ok(())
    }

    pub(super) fn back_up(&mut self, n: u8, kind: BackupKind) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(Backup {
            instance,
            database: name(n),
            kind: match kind {
                BackupKind::Full | BackupKind::CopyOnly => Kind::Full,
                BackupKind::Log => Kind::Log,
            },
            copy_only: kind == BackupKind::CopyOnly,
            devices: vec![BackupDevice::Disk("/var/opt/mssql/db.bak".into())],
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        })?;
        Ok(())
    }

    pub(super) fn alter_database(&mut self, n: u8, change: DatabaseChange) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(AlterDatabase {
            instance,
            name: name(n),
            changes: vec![change],
        })
    }
}

fn table(object: milink_core::ids::ObjectId, now: milink_core::time::Timestamp) -> TableDefinition {
    TableDefinition {
        object,
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
    }
}
