//! The rows of a cursor that UPDATE and DELETE … WHERE CURRENT OF change.

use std::sync::Arc;

use milink_core::ids::{ObjectId, RowId};
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use crate::engine::bind::TableRef;
use crate::engine::bound::Place;
use crate::engine::same_name;
use crate::engine::stop::Stop;
use crate::error::SqlError;

/// The number of the message that says why nothing was updated.
pub(crate) const CONFLICT: i32 = 16934;

/// Where a cursor is.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) tables: Vec<PositionedTable>,
    /// FOR UPDATE OF: the only columns that may be changed.
    pub(crate) columns: Option<Vec<String>>,
    /// Whether rows that others have changed since they were fetched are left alone.
    pub(crate) optimistic: bool,
}

/// The rows of one of its tables.
#[derive(Clone, Debug)]
pub(crate) struct PositionedTable {
    pub(crate) place: Place,
    pub(crate) object: ObjectId,
    /// As they were fetched; none is a row that is missing.
    pub(crate) rows: Vec<Option<(RowId, Row)>>,
}

/// The rows of the table that a statement changes.
pub(super) struct Positioned {
    rows: Vec<(RowId, Row)>,
    columns: Option<Vec<String>>,
    optimistic: bool,
    /// The column that every change of a row changes.
    version: Option<usize>,
}

impl Position {
    /// The rows of a table (16933, 16947).
    pub(super) fn of_table(&self, table: &TableRef) -> Result<Positioned, SqlError> {
        let definition = table.definition();
        let found = self
            .tables
            .iter()
            .find(|known| known.place == table.place && known.object == definition.object);
        let listed = |names: &Vec<String>| {
            let mut columns = definition.columns.iter();
            columns.any(|column| names.iter().any(|it| same_name(it, column.name.as_str())))
        };
        let Some(found) = found.filter(|_| self.columns.as_ref().is_none_or(listed)) else {
            return Err(SqlError::new(
                16933,
                16,
                "The cursor does not include the table being modified or the table is not updatable through the cursor.",
            ));
        };
        let rows: Option<Vec<_>> = found.rows.iter().cloned().collect();
        Ok(Positioned {
            rows: rows.ok_or_else(nothing_changed)?,
            columns: self.columns.clone(),
            optimistic: self.optimistic,
            version: definition
                .columns
                .iter()
                .position(|column| column.sql_type == SqlType::RowVersion),
        })
    }
}

impl Positioned {
    pub(super) fn ids(&self) -> Arc<[RowId]> {
        self.rows.iter().map(|(id, _)| *id).collect()
    }

    /// 16932 for a column outside of the cursor's list.
    pub(super) fn check_columns<'c>(
        &self,
        mut assigned: impl Iterator<Item = &'c str>,
    ) -> Result<(), SqlError> {
        let Some(list) = &self.columns else {
            return Ok(());
        };
        if assigned.all(|name| list.iter().any(|it| same_name(it, name))) {
            return Ok(());
        }
        Err(SqlError::new(
            16932,
            16,
            "The cursor has a FOR UPDATE list and the requested column to be updated is not in this list.",
        ))
    }

    /// Whether the rows are all there, and, of an optimistic cursor, as it has fetched them.
    pub(super) fn check_rows<'r>(
        &self,
        found: impl Iterator<Item = (RowId, &'r [Value])>,
    ) -> Result<(), Stop> {
        let mut count = 0;
        for (id, row) in found {
            count += 1;
            let fetched = self.rows.iter().find(|(known, _)| *known == id);
            let same = fetched.is_some_and(|(_, fetched)| match self.version {
                Some(at) => fetched.get(at) == row.get(at),
                None => **fetched == *row,
            });
            if self.optimistic && !same {
                return Err(conflict().into());
            }
        }
        match count == self.rows.len() {
            true => Ok(()),
            false if self.optimistic => Err(conflict().into()),
            false => Err(nothing_changed().into()),
        }
    }
}

/// 16934, which precedes [`nothing_changed`].
fn conflict() -> SqlError {
    SqlError::new(
        CONFLICT,
        10,
        "Optimistic concurrency check failed. The row was modified outside of this cursor.",
    )
}

/// 16947.
pub(crate) fn nothing_changed() -> SqlError {
    SqlError::new(16947, 16, "No rows were updated or deleted.")
}
