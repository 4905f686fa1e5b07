//! What names mean: the sources of a query block, and of the blocks around it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::ast::{ColumnRef, ObjectName};
use crate::engine::bound::{AggregateCall, Expr, Node, WindowCall};
use crate::error::SqlError;
use crate::types::ExprType;

/// A column that a source shows.
#[derive(Clone, Debug)]
pub(crate) struct ScopeColumn {
    pub(crate) name: Arc<str>,
    pub(crate) ty: ExprType,
    pub(crate) identity: bool,
    pub(crate) updatable: bool,
}

/// A table, view or derived table under the name it is known by.
#[derive(Clone, Debug)]
pub(crate) struct ScopeSource {
    /// Database and schema, where the table stands under its own name.
    pub(crate) qualifier: (Option<String>, Option<String>),
    /// Alias or name; empty matches no qualifier.
    pub(crate) name: String,
    /// As messages write it before a column.
    pub(crate) shown: String,
    pub(crate) columns: Vec<ScopeColumn>,
}

/// A clause, as the errors about grouping tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    SelectList,
    Having,
    OrderBy,
    /// Everything before grouping: ON, WHERE, GROUP BY.
    Rows,
}

/// The grouping that a block's later clauses see.
pub(crate) struct Group {
    pub(crate) keys: Vec<Expr>,
    pub(crate) aggregates: RefCell<Vec<AggregateCall>>,
}

/// The names of one query block.
pub(crate) struct Scope<'s> {
    pub(crate) sources: &'s [ScopeSource],
    pub(crate) parent: Option<&'s Self>,
    pub(crate) group: Option<&'s Group>,
    pub(crate) windows: Option<&'s RefCell<Vec<WindowCall>>>,
    pub(crate) clause: Clause,
    /// Set when something in the block refers to a block further out.
    pub(crate) correlated: Cell<bool>,
}

/// What a scope says about a name.
enum Lookup<'a> {
    Found(usize, &'a ScopeSource, &'a ScopeColumn),
    Ambiguous,
    /// The qualifier names a source, which has no such column.
    NoColumn,
    Missing,
}

impl<'s> Scope<'s> {
    /// A scope of rows.
    pub(crate) fn rows(sources: &'s [ScopeSource], parent: Option<&'s Self>) -> Self {
        Self {
            sources,
            parent,
            group: None,
            windows: None,
            clause: Clause::Rows,
            correlated: Cell::new(false),
        }
    }

    /// The same block before grouping.
    pub(crate) fn ungrouped(&self) -> Self {
        Self {
            sources: self.sources,
            parent: self.parent,
            group: None,
            windows: None,
            clause: self.clause,
            correlated: Cell::new(false),
        }
    }

    /// Finds a column here or further out.
    pub(crate) fn resolve(&self, column: &ColumnRef) -> Result<Expr, SqlError> {
        let mut scope = self;
        let mut depth = 0;
        let mut qualifier_known = false;
        loop {
            match scope.lookup(column) {
                Lookup::Found(index, source, found) => {
                    self.mark_correlated(depth);
                    return scope.column_at(depth, index, source, found);
                }
                Lookup::Ambiguous => return Err(SqlError::ambiguous_column(&column.name.value)),
                Lookup::NoColumn => qualifier_known = true,
                Lookup::Missing => {}
            }
            let Some(parent) = scope.parent else {
                break;
            };
            scope = parent;
            depth += 1;
        }
        match &column.table {
            Some(table) if !qualifier_known => Err(SqlError::unbound_identifier(&format!(
                "{table}.{}",
                column.name.value
            ))),
            _ => Err(SqlError::invalid_column(&column.name.value)),
        }
    }

    /// The block and those around it, up to `depth` blocks out, depend on a block further out.
    pub(crate) fn mark_correlated(&self, depth: u16) {
        let mut scope = Some(self);
        for _ in 0..depth {
            let Some(current) = scope else {
                return;
            };
            current.correlated.set(true);
            scope = current.parent;
        }
    }

    fn column_at(
        &self,
        depth: u16,
        index: usize,
        source: &ScopeSource,
        found: &ScopeColumn,
    ) -> Result<Expr, SqlError> {
        let node = |index| Node::Column { depth, index };
        let Some(group) = self.group else {
            return Ok(Expr {
                node: node(index),
                ty: found.ty,
            });
        };
        let key = group
            .keys
            .iter()
            .position(|key| key.node == Node::Column { depth: 0, index });
        match key {
            Some(key) => Ok(Expr {
                node: node(key),
                ty: group.keys[key].ty,
            }),
            None => Err(not_grouped(
                self.clause,
                &format!("{}.{}", source.shown, found.name),
            )),
        }
    }

    fn lookup(&self, column: &ColumnRef) -> Lookup<'_> {
        let mut found = None;
        let mut qualified = false;
        let mut offset = 0;
        for source in self.sources {
            let fits = column
                .table
                .as_ref()
                .is_none_or(|table| source.is_named(table));
            if fits {
                qualified |= column.table.is_some();
                for (at, candidate) in source.columns.iter().enumerate() {
                    if !same_name(&candidate.name, &column.name.value) {
                        continue;
                    }
                    if found.is_some() {
                        return Lookup::Ambiguous;
                    }
                    found = Some((offset + at, source, candidate));
                }
            }
            offset += source.columns.len();
        }
        match found {
            Some((index, source, column)) => Lookup::Found(index, source, column),
            None if qualified => Lookup::NoColumn,
            None => Lookup::Missing,
        }
    }
}

impl ScopeSource {
    /// A source known by an alias only.
    pub(crate) fn aliased(name: &str, columns: Vec<ScopeColumn>) -> Self {
        Self {
            qualifier: (None, None),
            name: name.to_owned(),
            shown: name.to_owned(),
            columns,
        }
    }

    /// Whether a qualifier means this source.
    pub(crate) fn is_named(&self, table: &ObjectName) -> bool {
        let part = |written: &Option<crate::ast::Ident>, own: &Option<String>| match (written, own)
        {
            (None, _) => true,
            (Some(written), Some(own)) => same_name(own, &written.value),
            (Some(_), None) => false,
        };
        !self.name.is_empty()
            && same_name(&self.name, &table.object.value)
            && part(&table.schema, &self.qualifier.1)
            && part(&table.database, &self.qualifier.0)
            && table.server.is_none()
    }
}

/// Whether two names are the same in the catalog's collation.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

/// 8120 and its like for the other clauses.
pub(crate) fn not_grouped(clause: Clause, column: &str) -> SqlError {
    match clause {
        Clause::Having => SqlError::new(
            8121,
            16,
            format!(
                "Column '{column}' is invalid in the HAVING clause because it is not contained in either an aggregate function or the GROUP BY clause."
            ),
        )
        .aborting(crate::error::Abort::Batch),
        Clause::OrderBy => SqlError::new(
            8127,
            16,
            format!(
                "Column \"{column}\" is invalid in the ORDER BY clause because it is not contained in either an aggregate function or the GROUP BY clause."
            ),
        )
        .aborting(crate::error::Abort::Batch),
        Clause::SelectList | Clause::Rows => SqlError::not_grouped(column),
    }
}
