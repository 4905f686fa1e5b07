//! The content of a database: everything that replicates.

use std::sync::Arc;

use imbl::OrdMap;

use super::file::DatabaseFile;
use super::module::Module;
use super::op::Op;
use super::table::Table;
use crate::certificate::{Certificate, MasterKey};
use crate::encryption::EncryptionKey;
use crate::ids::{CertificateId, ObjectId, PrincipalId};
use crate::names::Name;
use crate::principal::User;

/// Schemas, tables, users, certificates, keys and the files of one database.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Schemas by name.
    pub schemas: OrdMap<Name, Schema>,
    /// Tables by object id.
    pub tables: OrdMap<ObjectId, Arc<Table>>,
    /// Procedures and views by object id.
    pub modules: OrdMap<ObjectId, Arc<Module>>,
    names: OrdMap<(Name, Name), ObjectId>,
    /// Users and roles by id.
    pub users: OrdMap<PrincipalId, Arc<User>>,
    /// Certificates by id.
    pub certificates: OrdMap<CertificateId, Arc<Certificate>>,
    /// The database master key.
    pub master_key: Option<Arc<MasterKey>>,
    /// The database encryption key.
    pub encryption_key: Option<Arc<EncryptionKey>>,
    /// Its files; none of a copy that is still being made.
    pub files: Arc<[DatabaseFile]>,
    next_object: i32,
}

/// A schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// `schema_id`: 1 dbo, 2 guest, 3 INFORMATION_SCHEMA, 4 sys, 5 and up the user's.
    pub id: i32,
    /// Who owns it.
    pub owner: PrincipalId,
}

impl Default for Content {
    fn default() -> Self {
        let schemas = [
            ("dbo", 1),
            ("guest", 2),
            ("INFORMATION_SCHEMA", 3),
            ("sys", 4),
        ];
        Self {
            schemas: schemas
                .into_iter()
                .map(|(name, id)| {
                    (
                        Name::new(name),
                        Schema {
                            id,
                            owner: PrincipalId(id),
                        },
                    )
                })
                .collect(),
            tables: OrdMap::new(),
            modules: OrdMap::new(),
            names: OrdMap::new(),
            users: User::built_in()
                .map(|user| (user.id, Arc::new(user)))
                .collect(),
            certificates: OrdMap::new(),
            master_key: None,
            encryption_key: None,
            files: Arc::default(),
            next_object: FIRST_OBJECT,
        }
    }
}

/// Where the object ids of a new database begin.
const FIRST_OBJECT: i32 = 245_575_913;
/// The step between object ids, as seen in real databases.
const OBJECT_STEP: i32 = 16;

impl Content {
    /// The table of this schema and name.
    pub fn table(&self, schema: &Name, name: &Name) -> Option<&Arc<Table>> {
        let id = self.names.get(&(schema.clone(), name.clone()))?;
        self.tables.get(id)
    }

    /// The procedure or view of this schema and name.
    pub fn module(&self, schema: &Name, name: &Name) -> Option<&Arc<Module>> {
        let id = self.names.get(&(schema.clone(), name.clone()))?;
        self.modules.get(id)
    }

    /// The id that the object number `ahead` from now will get; whoever creates several in one step counts up.
    pub fn next_object(&self, ahead: i32) -> ObjectId {
        ObjectId(
            self.next_object
                .wrapping_add(ahead.wrapping_mul(OBJECT_STEP))
                & i32::MAX,
        )
    }

    /// The certificate of this name.
    pub fn certificate(&self, name: &str) -> Option<&Arc<Certificate>> {
        self.certificates
            .values()
            .find(|certificate| certificate.name.is(name))
    }

    /// The user or role of this name.
    pub fn user(&self, name: &str) -> Option<&Arc<User>> {
        self.users.values().find(|user| user.name.is(name))
    }

    /// Log files besides the first one.
    pub fn added_log_files(&self) -> impl Iterator<Item = &DatabaseFile> {
        self.files.iter().filter(|file| file.is_added())
    }

    /// Whether the log has more than the one file that a managed instance's database has.
    pub fn has_several_log_files(&self) -> bool {
        self.added_log_files().next().is_some()
    }

    /// Does one operation. The caller has checked that it can be done; one that cannot changes nothing.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Insert { table, id, row } => self.with(*table, |t| t.insert(*id, Arc::clone(row))),
            Op::Update {
                table, id, after, ..
            } => self.with(*table, |t| {
                t.remove(*id);
                t.insert(*id, Arc::clone(after));
            }),
            Op::Delete { table, id, .. } => self.with(*table, |t| {
                t.remove(*id);
            }),
            Op::Truncate { table } => self.with(*table, Table::truncate),
            Op::SetIdentity { table, last } => self.with(*table, |t| t.last_identity = *last),
            Op::Reseed { table, value } => self.with(*table, |t| t.reseed(*value)),
            Op::CreateTable(definition) => {
                let key = (definition.schema.clone(), definition.name.clone());
                self.names.insert(key, definition.object);
                self.reserve(
                    definition.object,
                    definition.keys.len() + definition.checks.len() + definition.foreign_keys.len(),
                );
                self.tables.insert(
                    definition.object,
                    Arc::new(Table::new(Arc::clone(definition))),
                );
            }
            Op::AlterTable { definition, rows } => {
                if let Some(old) = self.tables.get(&definition.object) {
                    let old = (old.definition.schema.clone(), old.definition.name.clone());
                    self.names.remove(&old);
                    let new = (definition.schema.clone(), definition.name.clone());
                    self.names.insert(new, definition.object);
                    self.reserve(definition.object, 1);
                    self.with(definition.object, |t| {
                        t.redefine(Arc::clone(definition), rows.as_deref());
                    });
                }
            }
            Op::DropTable { table } => {
                if let Some(old) = self.tables.remove(table) {
                    self.names
                        .remove(&(old.definition.schema.clone(), old.definition.name.clone()));
                }
            }
            Op::PutModule(module) => {
                let key = (module.schema.clone(), module.name.clone());
                self.names.insert(key, module.object);
                self.reserve(module.object, 0);
                self.modules.insert(module.object, Arc::clone(module));
            }
            Op::DropModule { module } => {
                if let Some(old) = self.modules.remove(module) {
                    self.names.remove(&(old.schema.clone(), old.name.clone()));
                }
            }
            Op::CreateSchema { name, owner } => {
                let id = self
                    .schemas
                    .values()
                    .map(|schema| schema.id)
                    .max()
                    .unwrap_or(4)
                    + 1;
                self.schemas
                    .insert(name.clone(), Schema { id, owner: *owner });
            }
            Op::DropSchema { name } => {
                self.schemas.remove(name);
            }
            Op::CreateUser(user) => {
                self.users.insert(user.id, Arc::clone(user));
            }
            Op::DropUser { id } => {
                self.users.remove(id);
            }
            Op::PutCertificate(certificate) => {
                self.certificates
                    .insert(certificate.id, Arc::clone(certificate));
            }
            Op::DropCertificate { id } => {
                self.certificates.remove(id);
            }
            Op::SetMasterKey(key) => self.master_key.clone_from(key),
            Op::SetEncryptionKey(key) => self.encryption_key.clone_from(key),
            Op::SetFiles(files) => self.files = Arc::clone(files),
        }
    }

    /// Bytes of data in the tables, for file sizes and seeding.
    pub fn data_bytes(&self) -> u64 {
        self.tables
            .values()
            .map(|table| table.len() as u64 * 100)
            .sum()
    }

    fn with(&mut self, table: ObjectId, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.get_mut(&table) {
            change(Arc::make_mut(table));
        }
    }

    /// Moves the object counter past `object` and the constraints numbered after it.
    fn reserve(&mut self, object: ObjectId, constraints: usize) {
        let past = object
            .0
            .wrapping_add((constraints as i32 + 1).wrapping_mul(OBJECT_STEP))
            & i32::MAX;
        self.next_object = self.next_object.max(past);
    }
}
