//! The operations by which a database changes, and which its log carries to the replicas.

use std::sync::Arc;

use super::file::DatabaseFile;
use super::module::Module;
use super::table::TableDefinition;
use crate::certificate::{Certificate, MasterKey};
use crate::encryption::EncryptionKey;
use crate::ids::{CertificateId, ObjectId, PrincipalId, RowId};
use crate::names::Name;
use crate::principal::User;
use crate::value::Row;

/// One change to the content of a database.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub enum Op {
    Insert {
        table: ObjectId,
        id: RowId,
        row: Row,
    },
    Update {
        table: ObjectId,
        id: RowId,
        before: Row,
        after: Row,
    },
    Delete {
        table: ObjectId,
        id: RowId,
        before: Row,
    },
    Truncate {
        table: ObjectId,
    },
    /// The identity value last handed out. Not part of the transaction that it was handed out for, unless that one has
    /// the table to itself.
    SetIdentity {
        table: ObjectId,
        last: Option<i64>,
    },
    /// Where identity values go on from: after `value`, or with it if none has been handed out.
    Reseed {
        table: ObjectId,
        value: i64,
    },
    CreateTable(Arc<TableDefinition>),
    /// A changed definition, with the rows in their new shape where the shape changed.
    AlterTable {
        definition: Arc<TableDefinition>,
        rows: Option<Arc<[(RowId, Row)]>>,
    },
    DropTable {
        table: ObjectId,
    },
    /// A new or altered procedure or view.
    PutModule(Arc<Module>),
    DropModule {
        module: ObjectId,
    },
    CreateSchema {
        name: Name,
        owner: PrincipalId,
    },
    DropSchema {
        name: Name,
    },
    CreateUser(Arc<User>),
    DropUser {
        id: PrincipalId,
    },
    PutCertificate(Arc<Certificate>),
    DropCertificate {
        id: CertificateId,
    },
    SetMasterKey(Option<Arc<MasterKey>>),
    SetEncryptionKey(Option<Arc<EncryptionKey>>),
    /// The files. A managed instance cannot redo it if there are log files besides the first one.
    SetFiles(Arc<[DatabaseFile]>),
}

impl Op {
    /// The bytes it takes in the log: an estimate of the row's size and a header, as the space accounting needs.
    pub fn log_bytes(&self) -> u32 {
        const HEADER: u32 = 96;
        HEADER
            + match self {
                Self::Insert { row, .. } => row_bytes(row),
                Self::Delete { before, .. } => row_bytes(before),
                Self::Update { before, after, .. } => row_bytes(before) + row_bytes(after),
                Self::AlterTable {
                    rows: Some(rows), ..
                } => rows.iter().map(|(_, row)| row_bytes(row)).sum(),
                _ => 200,
            }
    }
}

fn row_bytes(row: &Row) -> u32 {
    use crate::value::Value;
    row.iter()
        .map(|value| match value {
            Value::Str(text) => text.len() as u32 * 2 + 2,
            Value::Bytes(bytes) => bytes.len() as u32 + 2,
            Value::Decimal(_) | Value::Guid(_) => 16,
            _ => 8,
        })
        .sum()
}
