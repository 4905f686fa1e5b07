//! Queries of cursors: which rows of which tables make a row of the result, so that it can be read again and changed.

use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::store::{Key, TableDefinition};

use super::Binder;
use super::scope::ScopeSource;
use super::table::TableRef;
use crate::ast::{self, TableSource};
use crate::engine::bound::{Body, Expr, Limit, Locking, Node, Place, Query, Select};
use crate::error::SqlError;
use crate::types::ExprType;

/// The tables of a cursor's query while it is bound.
#[derive(Default)]
pub(super) struct Tables {
    stage: Stage,
    found: Vec<(TableRef, Locking)>,
    /// Rows come from nothing but these.
    only_these: bool,
}

/// Which block is being bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// One that has nothing to do with a cursor, or a subquery.
    #[default]
    Other,
    /// The cursor's own SELECT comes next.
    Query,
    /// Its FROM clause is being bound.
    From,
}

/// A cursor's query, bound.
#[derive(Clone, Debug)]
pub(crate) struct CursorQuery {
    pub(crate) query: Query,
    /// The tables whose rows a row is made of; empty if it is not made of rows of tables, one by one.
    pub(crate) tables: Vec<CursorTable>,
    /// Where each column comes from.
    pub(crate) origins: Vec<Option<Origin>>,
}

/// A table that a cursor reads.
#[derive(Clone, Debug)]
pub(crate) struct CursorTable {
    pub(crate) place: Place,
    pub(crate) definition: Arc<TableDefinition>,
    /// The name of its database.
    pub(crate) database: String,
    pub(crate) locking: Locking,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Which of the cursor's tables.
    pub(crate) table: usize,
    /// Which of its columns.
    pub(crate) column: usize,
}

impl CursorQuery {
    /// The expressions of the columns over the rows of the tables, each row with its number behind it.
    pub(crate) fn items(&self) -> &[Expr] {
        self.select()
            .map_or(&[], |select| &select.items[..self.query.columns.len()])
    }

    /// TOP or OFFSET choose the rows once, when the cursor is opened (observed with SQL Server 2025).
    pub(crate) fn has_limit(&self) -> bool {
        self.select()
            .is_none_or(|select| select.limit != Limit::default())
    }

    /// Whether every table has rows that a key tells apart.
    pub(crate) fn has_keys(&self) -> bool {
        self.tables
            .iter()
            .all(|table| !table.definition.keys.is_empty())
    }

    /// Whether some index gives the order that the query asks for.
    pub(crate) fn order_is_indexed(&self) -> bool {
        let Some(select) = self.select() else {
            return false;
        };
        let mut wanted: Vec<(Origin, bool)> = Vec::with_capacity(select.order.len());
        for sort in &select.order {
            match self.origin(&select.items[sort.index]) {
                Some(origin) => wanted.push((origin, sort.descending)),
                None => return false,
            }
        }
        let Some((first, _)) = wanted.first() else {
            return true;
        };
        let definition = &self.tables[first.table].definition;
        let keys = definition.keys.iter().map(|key: &Key| &key.columns);
        let indexes = definition.indexes.iter().map(|index| &index.columns);
        keys.chain(indexes).any(|columns| {
            let same = |backwards: bool| {
                wanted.len() <= columns.len()
                    && wanted
                        .iter()
                        .zip(columns)
                        .all(|((origin, descending), own)| {
                            origin.table == first.table
                                && origin.column == own.0
                                && *descending == (own.1 ^ backwards)
                        })
            };
            same(false) || same(true)
        })
    }

    fn select(&self) -> Option<&Select> {
        match &self.query.body {
            Body::Select(select) => Some(select),
            Body::Set { .. } => None,
        }
    }

    fn origin(&self, item: &Expr) -> Option<Origin> {
        let Node::Column { depth: 0, index } = item.node else {
            return None;
        };
        let mut begin = 0;
        for (at, table) in self.tables.iter().enumerate() {
            let width = table.definition.columns.len();
            if index < begin + width {
                return Some(Origin {
                    table: at,
                    column: index.checked_sub(begin)?,
                });
            }
            // The row's number is behind the columns.
            begin += width + 1;
        }
        None
    }
}

impl Binder<'_> {
    /// Binds the SELECT of a cursor. If its rows are made of rows of tables, their numbers are behind its columns.
    pub(crate) fn cursor_statement(
        &mut self,
        statement: &ast::SelectStatement,
    ) -> Result<CursorQuery, SqlError> {
        self.hints(&statement.hints)?;
        self.with(statement.with.as_ref())?;
        self.cursor = Tables {
            stage: Stage::Query,
            ..Tables::default()
        };
        let query = self.query(&statement.query, None)?;
        let tables = std::mem::take(&mut self.cursor);
        let mut bound = CursorQuery {
            query,
            tables: Vec::new(),
            origins: Vec::new(),
        };
        let plain = bound.select().is_some_and(|select| {
            select.windows.is_empty()
                && select.items.len() >= bound.query.columns.len() + tables.found.len()
                && select.visible == bound.query.columns.len() + tables.found.len()
        }) && bound.query.format.is_none();
        if plain && tables.only_these {
            bound.tables = tables
                .found
                .into_iter()
                .map(|(table, locking)| CursorTable {
                    place: table.place,
                    definition: Arc::clone(table.definition()),
                    database: table.database,
                    locking,
                })
                .collect();
        }
        bound.origins = bound
            .items()
            .iter()
            .map(|item| bound.origin(item))
            .collect();
        Ok(bound)
    }

    /// Begins the FROM clause of a block; says what has to be told to [`Self::end_cursor_tables`].
    pub(super) fn begin_cursor_tables(&mut self, spec: &ast::QuerySpec) -> Stage {
        let plain = || {
            !spec.distinct
                && spec.group_by.is_none()
                && spec.having.is_none()
                && !spec.from.is_empty()
                && spec.from.iter().all(is_table)
        };
        let next = match self.cursor.stage {
            Stage::Query if plain() => Stage::From,
            _ => Stage::Other,
        };
        std::mem::replace(&mut self.cursor.stage, next)
    }

    /// Ends it; gives the numbers of the tables' rows, if this is a cursor's own SELECT over tables.
    pub(super) fn end_cursor_tables(&mut self, asked: Stage, names: &[ScopeSource]) -> Vec<Expr> {
        let own = std::mem::replace(&mut self.cursor.stage, Stage::Other) == Stage::From;
        if asked == Stage::From {
            self.cursor.stage = asked;
        }
        if !own || names.len() != self.cursor.found.len() {
            return Vec::new();
        }
        self.cursor.only_these = true;
        let mut end = 0;
        names
            .iter()
            .map(|source| {
                end += source.columns.len();
                Expr::column(end - 1, ExprType::new(SqlType::BigInt))
            })
            .collect()
    }

    /// Takes down a table of a cursor's FROM clause; says whether it is one.
    pub(super) fn note_cursor_table(&mut self, table: &TableRef, locking: Locking) -> bool {
        // What lives no longer than its batch cannot be read again.
        if self.cursor.stage != Stage::From || table.place == Place::Variable {
            return false;
        }
        self.cursor.found.push((table.clone(), locking));
        true
    }
}

/// Whether a source is a name, or a join of names.
fn is_table(source: &TableSource) -> bool {
    match source {
        TableSource::Table(_) => true,
        TableSource::Join(join) => is_table(&join.left) && is_table(&join.right),
        _ => false,
    }
}
