//! A table: its definition, its rows, and the keys that keep them apart.

use std::sync::Arc;

use imbl::OrdMap;

use super::key::{KeyBytes, key_bytes};
use crate::collation::Collation;
use crate::ids::{ObjectId, RowId};
use crate::names::Name;
use crate::sql_type::SqlType;
use crate::time::Timestamp;
use crate::value::{Row, Value};

/// A table with its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Columns, keys and constraints.
    pub definition: Arc<TableDefinition>,
    rows: OrdMap<RowId, Row>,
    /// One map per key of the definition, in the same order.
    keys: Vec<OrdMap<KeyBytes, RowId>>,
    next_row: u64,
    /// The last identity value handed out.
    pub last_identity: Option<i64>,
    /// The first identity value, where it is not the seed any more.
    first_identity: Option<i64>,
}

/// What `CREATE TABLE` said.
#[derive(Clone, Debug, PartialEq)]
pub struct TableDefinition {
    /// The id in `sys.objects`.
    pub object: ObjectId,
    /// The schema it is in.
    pub schema: Name,
    /// Its name.
    pub name: Name,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The largest `column_id` ever used, since dropped ids are not used again.
    pub max_column_id: i32,
    /// Primary key and unique constraints and unique indexes; the clustered one, if any, orders scans.
    pub keys: Vec<Key>,
    /// Indexes that are not unique: known to the catalog only.
    pub indexes: Vec<Index>,
    /// CHECK constraints, as text for the engine to evaluate.
    pub checks: Vec<CheckConstraint>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// When it was created.
    pub created: Timestamp,
    /// When its definition last changed.
    pub modified: Timestamp,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// `column_id`, from 1.
    pub id: i32,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The collation of text.
    pub collation: Option<Collation>,
    /// IDENTITY, if it has it.
    pub identity: Option<Identity>,
    /// The name and text of its DEFAULT, for the engine to evaluate.
    pub default: Option<(Name, Arc<str>)>,
    /// The text of a computed column's expression.
    pub computed: Option<Arc<str>>,
}

/// `IDENTITY(seed, increment)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The first value.
    pub seed: i64,
    /// What is added for each next one.
    pub increment: i64,
}

/// A primary key, unique constraint or unique index.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The id in `sys.objects`, for constraints.
    pub object: Option<ObjectId>,
    /// The constraint's or index's name.
    pub name: Name,
    /// Whether this is the primary key.
    pub primary: bool,
    /// Whether it is a constraint (2627 names it) or a plain unique index (2601).
    pub constraint: bool,
    /// Whether scans follow its order.
    pub clustered: bool,
    /// Positions of its columns in the row, and whether each is descending.
    pub columns: Vec<(usize, bool)>,
}

/// An index that is not unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: Name,
    /// Whether it is clustered.
    pub clustered: bool,
    /// Positions of its columns, and whether each is descending.
    pub columns: Vec<(usize, bool)>,
    /// Positions of INCLUDE columns.
    pub included: Vec<usize>,
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckConstraint {
    /// The id in `sys.objects`.
    pub object: ObjectId,
    /// Its name.
    pub name: Name,
    /// The predicate as it was written.
    pub text: Arc<str>,
}

/// A FOREIGN KEY constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    /// The id in `sys.objects`.
    pub object: ObjectId,
    /// Its name.
    pub name: Name,
    /// Positions of the referencing columns.
    pub columns: Vec<usize>,
    /// The table referred to.
    pub references: ObjectId,
    /// Positions of the columns referred to.
    pub referenced: Vec<usize>,
    /// ON DELETE CASCADE.
    pub cascade_delete: bool,
}

/// A key that a new row would repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct ViolatedKey {
    /// Which key of the definition.
    pub key: usize,
    /// The repeated values.
    pub values: Vec<Value>,
}

impl Table {
    /// An empty table.
    pub fn new(definition: Arc<TableDefinition>) -> Self {
        let keys = vec![OrdMap::new(); definition.keys.len()];
        Self {
            definition,
            rows: OrdMap::new(),
            keys,
            next_row: 1,
            last_identity: None,
            first_identity: None,
        }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number that the next inserted row gets; the ones after follow.
    pub fn next_row(&self) -> RowId {
        RowId(self.next_row)
    }

    /// The first value of its identity column.
    pub fn first_identity(&self, identity: Identity) -> i64 {
        self.first_identity.unwrap_or(identity.seed)
    }

    /// One row.
    pub fn row(&self, id: RowId) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// All rows: in the order of the clustered key if there is one, else as inserted.
    pub fn scan(&self) -> Box<dyn Iterator<Item = (RowId, &Row)> + '_> {
        match self.definition.keys.iter().position(|key| key.clustered) {
            Some(at) => {
                // Rows mostly came in the order of their keys: then the next one is the one that is wanted.
                let mut in_order = self.rows.iter().peekable();
                Box::new(self.keys[at].iter().filter_map(move |(_, id)| {
                    let next = in_order.next_if(|(next, _)| *next == id);
                    let row = next.map_or_else(|| self.rows.get(id), |(_, row)| Some(row));
                    Some((*id, row?))
                }))
            }
            None => Box::new(self.rows.iter().map(|(id, row)| (*id, row))),
        }
    }

    /// The row whose key number `key` has these values, if any.
    pub fn seek(&self, key: usize, values: &[Value]) -> Option<(RowId, &Row)> {
        let columns = &self.definition.keys.get(key)?.columns;
        if columns.len() != values.len() {
            return None;
        }
        let parts = columns
            .iter()
            .zip(values)
            .map(|(&(at, desc), value)| (at, desc, value));
        let id = *self.keys.get(key)?.get(&self.encode(parts))?;
        Some((id, self.rows.get(&id)?))
    }

    /// The sortable form of key number `key` of a row.
    pub fn key_of(&self, key: usize, row: &[Value]) -> KeyBytes {
        let columns = &self.definition.keys[key].columns;
        self.encode(columns.iter().map(|&(at, desc)| (at, desc, &row[at])))
    }

    /// The key, if any, that `row` would repeat; `replacing` is the row it takes the place of.
    pub fn violated_key(&self, row: &[Value], replacing: Option<RowId>) -> Option<ViolatedKey> {
        (0..self.keys.len()).find_map(|key| {
            let holder = *self.keys[key].get(&self.key_of(key, row))?;
            (Some(holder) != replacing).then(|| ViolatedKey {
                key,
                values: self.definition.keys[key]
                    .columns
                    .iter()
                    .map(|c| row[c.0].clone())
                    .collect(),
            })
        })
    }

    pub(super) fn insert(&mut self, id: RowId, row: Row) {
        for key in 0..self.keys.len() {
            let bytes = self.key_of(key, &row);
            self.keys[key].insert(bytes, id);
        }
        self.next_row = self.next_row.max(id.0 + 1);
        self.rows.insert(id, row);
    }

    pub(super) fn remove(&mut self, id: RowId) -> Option<Row> {
        let row = self.rows.remove(&id)?;
        for key in 0..self.keys.len() {
            let bytes = self.key_of(key, &row);
            // An update of several rows may have given this key to another row already.
            if self.keys[key].get(&bytes) == Some(&id) {
                self.keys[key].remove(&bytes);
            }
        }
        Some(row)
    }

    pub(super) fn truncate(&mut self) {
        self.rows.clear();
        for key in &mut self.keys {
            key.clear();
        }
        self.last_identity = None;
        self.first_identity = None;
    }

    /// Identity values go on after `value`, or begin with it.
    pub(super) fn reseed(&mut self, value: i64) {
        match self.last_identity {
            Some(_) => self.last_identity = Some(value),
            None => self.first_identity = Some(value),
        }
    }

    /// Takes a new definition; `rows` are the old rows in the new shape, or none to keep them as they are.
    pub(super) fn redefine(
        &mut self,
        definition: Arc<TableDefinition>,
        rows: Option<&[(RowId, Row)]>,
    ) {
        let old = match rows {
            Some(rows) => rows.iter().cloned().collect(),
            None => std::mem::take(&mut self.rows),
        };
        self.keys = vec![OrdMap::new(); definition.keys.len()];
        self.definition = definition;
        self.rows = OrdMap::new();
        for (id, row) in old {
            self.insert(id, row);
        }
    }

    fn encode<'a>(&self, parts: impl Iterator<Item = (usize, bool, &'a Value)>) -> KeyBytes {
        let mut bytes = Vec::with_capacity(16);
        for (at, descending, value) in parts {
            let collation = self.definition.columns[at]
                .collation
                .unwrap_or(Collation::DEFAULT);
            let part = key_bytes([(value, collation)]);
            if descending {
                bytes.extend(part.iter().map(|byte| !byte));
            } else {
                bytes.extend_from_slice(&part);
            }
        }
        bytes.into()
    }
}
