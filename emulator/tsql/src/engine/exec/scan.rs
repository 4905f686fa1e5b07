//! Rows of tables, views, functions and nested queries.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::database::Database;
use milink_core::ids::{ObjectId, RowId, TransactionId};
use milink_core::store::{Content, LockKey, Table, key_bytes};
use milink_core::value::{Row, Value};

use super::{Env, MAX_ROWS, Runtime};
use crate::engine::bound::{Locking, Place, Predicate, Recursive, Source, TableScan};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::memory::{computed, references, rows_of};

impl Runtime<'_> {
    /// All rows of a source.
    pub(crate) fn source(
        &mut self,
        source: &Source,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let goal = self.row_goal.take();
        match source {
            Source::One => Ok(vec![Row::from([])]),
            Source::Table(scan) => self.table(scan, outer),
            Source::View {
                view,
                database,
                filter,
            } => {
                if self.world.is_held() && view.0.name.starts_with("dm_hadr_") {
                    self.state.looked = true;
                }
                let rows = view.0.rows(&self.scope(*database));
                self.hold(rows_of(rows.len(), rows.first().map_or(0, |row| row.len())))?;
                self.filtered(rows, filter.as_ref(), outer)
            }
            Source::Derived(query) => {
                if query.correlated {
                    return self.query(query, outer);
                }
                // The same rows again for every row of an APPLY or a correlated subquery around it.
                match outer {
                    Some(outer) => Ok(self.subquery_rows(query, outer)?.to_vec()),
                    None => self.query(query, None),
                }
            }
            Source::Values(rows) => {
                let env = Env::of(&[], outer);
                rows.iter()
                    .map(|row| Ok(self.eval_all(row, &env)?.into()))
                    .collect()
            }
            Source::Function {
                function,
                database,
                args,
            } => {
                let args = self.eval_all(args, &Env::of(&[], outer))?;
                Ok((function.0.rows)(&self.scope(*database), &args)?)
            }
            Source::BuiltIn { function, args } => {
                let args = self.eval_all(args, &Env::of(&[], outer))?;
                let rows = function.rows(&args, MAX_ROWS)?;
                self.check_size(rows.len())?;
                self.hold(rows.iter().map(|row| computed(row)).sum())?;
                Ok(rows)
            }
            Source::Remote(rowset) => Ok(rowset.rows.clone()),
            Source::Recursive(recursive) => self.recursive(recursive, outer),
            Source::WorkTable(id) => Ok(self
                .work_tables
                .get(id)
                .map_or_else(Vec::new, |rows| rows.to_vec())),
            Source::Join(join) => {
                self.row_goal = goal;
                self.join(join, outer)
            }
            Source::Apply {
                left,
                right,
                outer: keep,
                right_width,
            } => self.apply(left, right, *keep, *right_width, outer),
            Source::Filter(inner, filter) => {
                let rows = self.source(inner, outer)?;
                self.filtered(rows, Some(filter), outer)
            }
        }
    }

    /// The rows that a condition holds for.
    pub(crate) fn filtered(
        &mut self,
        rows: Vec<Row>,
        filter: Option<&Predicate>,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let Some(filter) = filter else {
            return Ok(rows);
        };
        let mut kept = Vec::new();
        for row in rows {
            self.tick()?;
            if self.holds(filter, &Env::of(&row, outer))? {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    fn table(&mut self, scan: &TableScan, outer: Option<&Env<'_>>) -> Result<Vec<Row>, Stop> {
        let content = self.seen_content(scan.place, scan.locking);
        let database = match scan.place {
            Place::Database(id) => Some(self.database(id)),
            _ => None,
        };
        let Some(table) = content.tables.get(&scan.table) else {
            return Err(SqlError::invalid_object("").into());
        };
        let finish = |id: RowId, row: &Row| -> Row {
            if scan.with_row_id {
                row.iter()
                    .cloned()
                    .chain([Value::Int(id.0 as i64)])
                    .collect()
            } else {
                Arc::clone(row)
            }
        };
        let checks = matches!(
            scan.locking,
            Locking::Wait | Locking::Refuse | Locking::Skip
        );
        if let Some((key, values)) = &scan.seek {
            let values = self.eval_all(values, &Env::of(&[], outer))?;
            if values.iter().any(Value::is_null) {
                return Ok(Vec::new());
            }
            if checks
                && let Some(database) = database
                && let Some(holder) = self.key_holder(database, table, *key, &values)
            {
                match scan.locking {
                    Locking::Skip => return Ok(Vec::new()),
                    Locking::Refuse => return Err(lock_timeout().into()),
                    _ => return Err(Stop::Blocked(holder)),
                }
            }
            let Some((id, row)) = table.seek(*key, &values) else {
                return Ok(Vec::new());
            };
            let row = finish(id, row);
            return self.filtered(vec![row], scan.filter.as_ref(), outer);
        }
        if let Some(only) = &scan.only {
            let mut rows = Vec::with_capacity(only.len());
            for id in only.iter() {
                self.wait_for_row(scan.place, scan.table, *id, scan.locking)?;
                rows.extend(table.row(*id).map(|row| finish(*id, row)));
            }
            return self.filtered(rows, scan.filter.as_ref(), outer);
        }
        let locked = match database {
            Some(database) if checks => self.locked_rows(database, scan.table),
            _ => Vec::new(),
        };
        if let Some((_, holder)) = locked.first() {
            match scan.locking {
                Locking::Skip => {}
                Locking::Refuse => return Err(lock_timeout().into()),
                _ => return Err(Stop::Blocked(*holder)),
            }
        }
        let mut rows = Vec::new();
        for (id, row) in table.scan() {
            self.tick()?;
            if locked.iter().any(|(locked, _)| *locked == id) {
                continue;
            }
            let row = finish(id, row);
            let keep = match &scan.filter {
                Some(filter) => self.holds(filter, &Env::of(&row, outer))?,
                None => true,
            };
            if keep {
                rows.push(row);
            }
        }
        self.hold(match scan.with_row_id {
            true => rows_of(rows.len(), rows.first().map_or(0, |row| row.len())),
            false => references(rows.len()),
        })?;
        Ok(rows)
    }

    /// A place's content; of a dirty reader also what others have not committed.
    pub(crate) fn seen_content(&mut self, place: Place, locking: Locking) -> Content {
        let mut content = self.content(place);
        if let (Locking::Dirty, Place::Database(id)) = (locking, place) {
            let own = self.state.transaction_id();
            for open in self.database(id).transactions.values() {
                if Some(open.id) != own {
                    open.ops.iter().for_each(|op| content.apply(op));
                }
            }
        }
        content
    }

    /// Waits until nobody else holds a row, unless its reader does not care.
    pub(crate) fn wait_for_row(
        &self,
        place: Place,
        table: ObjectId,
        row: RowId,
        locking: Locking,
    ) -> Result<(), Stop> {
        let Place::Database(id) = place else {
            return Ok(());
        };
        let locks = &self.database(id).locks;
        if locks.is_empty() || matches!(locking, Locking::Dirty | Locking::Versioned) {
            return Ok(());
        }
        let held = locks
            .get(&LockKey::Row(table, row))
            .or_else(|| locks.get(&LockKey::Object(table)));
        match held {
            Some(holder) if Some(*holder) != self.state.transaction_id() => match locking {
                Locking::Refuse => Err(lock_timeout().into()),
                _ => Err(Stop::Blocked(*holder)),
            },
            _ => Ok(()),
        }
    }

    /// The rows of a table that other transactions hold.
    fn locked_rows(&self, database: &Database, table: ObjectId) -> Vec<(RowId, TransactionId)> {
        if database.locks.is_empty() {
            return Vec::new();
        }
        let own = self.state.transaction_id();
        let object = database.locks.get(&LockKey::Object(table));
        let first = LockKey::Row(table, RowId(0));
        let last = LockKey::Row(table, RowId(u64::MAX));
        let rows = database
            .locks
            .range(first..=last)
            .filter_map(|(key, holder)| match key {
                LockKey::Row(_, id) => Some((*id, *holder)),
                _ => None,
            });
        object
            .map(|holder| (RowId(u64::MAX), *holder))
            .into_iter()
            .chain(rows)
            .filter(|(_, holder)| Some(*holder) != own)
            .collect()
    }

    /// Who else holds a key value.
    fn key_holder(
        &self,
        database: &Database,
        table: &Table,
        key: usize,
        values: &[Value],
    ) -> Option<TransactionId> {
        if database.locks.is_empty() {
            return None;
        }
        let definition = &table.definition;
        let mut bytes = Vec::with_capacity(16);
        for (&(at, descending), value) in definition.keys[key].columns.iter().zip(values) {
            let collation = definition.columns[at]
                .collation
                .unwrap_or(Collation::DEFAULT);
            let part = key_bytes([(value, collation)]);
            if descending {
                bytes.extend(part.iter().map(|byte| !byte));
            } else {
                bytes.extend_from_slice(&part);
            }
        }
        let held = database
            .locks
            .get(&LockKey::Key(definition.object, key, bytes.into()))
            .or_else(|| database.locks.get(&LockKey::Object(definition.object)))?;
        (Some(*held) != self.state.transaction_id()).then_some(*held)
    }

    fn recursive(
        &mut self,
        recursive: &Recursive,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let mut last = self.query(&recursive.anchor, outer)?;
        let mut all = last.clone();
        let mut rounds = 0;
        let saved = self.work_tables.remove(&recursive.id);
        while !last.is_empty() {
            if recursive.max_rounds > 0 && rounds == recursive.max_rounds {
                return Err(SqlError::new(
                    530,
                    16,
                    format!(
                        "The statement terminated. The maximum recursion {} has been exhausted before statement completion.",
                        recursive.max_rounds
                    ),
                )
                .into());
            }
            rounds += 1;
            self.work_tables.insert(recursive.id, Arc::new(last));
            // What was computed from the last round's rows does not hold for this one.
            self.results.clear();
            self.sets.clear();
            last = self.query(&recursive.step, outer)?;
            self.hold(references(last.len()))?;
            all.extend(last.iter().cloned());
            self.check_size(all.len())?;
        }
        match saved {
            Some(saved) => self.work_tables.insert(recursive.id, saved),
            None => self.work_tables.remove(&recursive.id),
        };
        Ok(all)
    }
}

/// 1222.
pub(crate) fn lock_timeout() -> SqlError {
    SqlError::new(1222, 16, "Lock request time out period exceeded.").with_state(56)
}
