//! FROM: tables, joins, derived tables, and what is pushed down to them.

use std::sync::Arc;

use milink_core::ids::DatabaseId;
use milink_core::store::Module;

use super::join::{check_names, cross};
use super::locking::dirty_hint;
use super::scope::{Scope, ScopeColumn, ScopeSource, same_name};
use super::table::{Found, ROW_ID, TableRef};
use super::{Binder, CteRows};
use crate::ast::{self, TableSource};
use crate::engine::bound::{ByName, Locking, Predicate, Query, Select, Source, TableScan};
use crate::engine::pushdown;
use crate::engine::remote::{HERE, Wanted, What};
use crate::error::{Abort, SqlError};
use crate::parser::{ParseOptions, parse_batch};
use crate::types::ExprType;

/// Views in views: how deep (217).
const MAX_VIEW_DEPTH: u32 = 32;

/// A bound FROM clause, or a part of it.
pub(crate) struct Bound {
    pub(crate) source: Source,
    pub(crate) names: Vec<ScopeSource>,
    pub(crate) correlated: bool,
}

impl Bound {
    pub(super) fn width(&self) -> usize {
        self.names.iter().map(|source| source.columns.len()).sum()
    }
}

impl Binder<'_> {
    /// Binds a FROM clause; several entries are cross joined.
    pub(crate) fn from(
        &mut self,
        from: &[TableSource],
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let mut entries = from.iter();
        let Some(first) = entries.next() else {
            return Ok(Bound {
                source: Source::One,
                names: Vec::new(),
                correlated: false,
            });
        };
        let mut left = self.source(first, parent)?;
        for entry in entries {
            let right = self.source(entry, parent)?;
            left = cross(left, right);
        }
        check_names(&left.names)?;
        Ok(left)
    }

    pub(super) fn source(
        &mut self,
        source: &TableSource,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        match source {
            TableSource::Table(table) => self.named_table(table),
            TableSource::Variable(table) if self.sent_to.is_some() => {
                let name = ast::ObjectName::bare(table.name.clone());
                let wanted = Wanted::table(HERE, &name, false);
                self.remote(&wanted, table.alias.as_ref(), &table.name.value)
            }
            TableSource::Variable(table) => {
                let found = self.table_variable(&table.name)?;
                let alias = table.alias.as_ref();
                self.table_scan(found, alias, Locking::Versioned, &table.name.value)
            }
            TableSource::Derived(derived) => {
                let query = self.nested_query(&derived.query, parent)?;
                derived_source(query, &derived.alias)
            }
            TableSource::Values(values) => self.values(values, parent),
            TableSource::Join(join) => self.join(join, parent),
            TableSource::Apply(apply) => self.apply(apply, parent),
            TableSource::Function(function) => self.table_function(function, parent),
            TableSource::OpenQuery(query) => {
                let wanted = Wanted {
                    server: query.server.value.clone(),
                    what: What::Query(query.text.value.clone()),
                };
                self.remote(&wanted, query.alias.as_ref(), "OPENQUERY")
            }
            TableSource::Method(_) => Err(SqlError::unsupported("the xml method nodes()")),
            TableSource::Pivot(_) => Err(SqlError::unsupported("PIVOT")),
            TableSource::Unpivot(_) => Err(SqlError::unsupported("UNPIVOT")),
        }
    }

    fn named_table(&mut self, table: &ast::NamedTable) -> Result<Bound, SqlError> {
        match &table.modifier {
            None => {}
            Some(ast::TableModifier::Sample { .. }) => {
                return Err(SqlError::unsupported("TABLESAMPLE"));
            }
            Some(_) => return Err(SqlError::unsupported("FOR SYSTEM_TIME")),
        }
        if table.name.is_one_part()
            && let Some(cte) = self
                .ctes
                .iter()
                .rev()
                .find(|cte| same_name(&cte.name, &table.name.object.value))
                .cloned()
        {
            let source = match cte.rows {
                CteRows::Query(query) => Source::Derived(query),
                CteRows::Recursive(recursive) => Source::Recursive(recursive),
                CteRows::WorkTable(id) => Source::WorkTable(id),
            };
            let name = table
                .alias
                .as_ref()
                .map_or(&table.name.object.value, |alias| &alias.name.value);
            let names = vec![ScopeSource::aliased(
                name,
                renamed(cte.columns, table.alias.as_ref())?,
            )];
            return Ok(Bound {
                source,
                names,
                correlated: false,
            });
        }
        if let Some(server) = self.other_server(&table.name) {
            let dirty = dirty_hint(&table.hints)?;
            let wanted = Wanted::table(server, &table.name, dirty);
            return self.remote(&wanted, table.alias.as_ref(), &table.name.to_string());
        }
        match self.find_object(&table.name)? {
            Found::Table(found) => {
                let locking = self.locking(&found, &table.hints)?;
                self.table_scan(
                    found,
                    table.alias.as_ref(),
                    locking,
                    &table.name.to_string(),
                )
            }
            Found::Module(view, database) => self.user_view(&view, database, table),
            Found::View(view, database) => {
                let collation = self
                    .instance
                    .databases
                    .get(&database)
                    .map_or(self.collation(), |database| database.collation);
                let columns = view
                    .columns(self.instance)
                    .into_iter()
                    .map(|column| ScopeColumn {
                        name: column.name.into(),
                        ty: ExprType::column(column.sql_type, column.nullable, collation),
                        identity: false,
                        updatable: false,
                    })
                    .collect();
                let source = Source::View {
                    view: ByName(view),
                    database,
                    filter: None,
                };
                let names = match &table.alias {
                    Some(alias) => {
                        ScopeSource::aliased(&alias.name.value, renamed(columns, Some(alias))?)
                    }
                    None => ScopeSource {
                        qualifier: (
                            Some(self.database_name(database)),
                            Some(view.schema.to_owned()),
                        ),
                        name: view.name.to_owned(),
                        shown: table.name.to_string(),
                        columns,
                    },
                };
                Ok(Bound {
                    source,
                    names: vec![names],
                    correlated: false,
                })
            }
        }
    }

    /// A user's view: its query, bound in its own database.
    fn user_view(
        &mut self,
        view: &Module,
        database: DatabaseId,
        table: &ast::NamedTable,
    ) -> Result<Bound, SqlError> {
        if self.view_depth >= MAX_VIEW_DEPTH {
            return Err(SqlError::new(
                217,
                16,
                "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
            ));
        }
        let options = ParseOptions {
            quoted_identifier: view.quoted_identifier,
        };
        let batch = parse_batch(&view.text, options)
            .map_err(|error| SqlError::new(error.number, error.severity, error.message))?;
        let mut statements = batch.statements.into_iter();
        let create = statements.find_map(|statement| match statement.kind {
            ast::StatementKind::CreateView(create) => Some(create),
            _ => None,
        });
        let Some(create) = create else {
            return Err(SqlError::invalid_object(&table.name.to_string()));
        };
        let mut inner = Binder::new(self.instance, self.state, self.local);
        if let Some(own) = self.instance.databases.get(&database) {
            inner.database = own;
        }
        inner.next_query = self.next_query;
        inner.view_depth = self.view_depth + 1;
        inner.sent_to = None;
        let query = inner.select_statement(&create.select);
        self.next_query = inner.next_query;
        let query = query.map_err(|error| {
            // The line is the view's, not the statement's.
            SqlError { line: 0, ..error }.in_procedure(view.name.as_str())
        })?;
        let mut columns = query_columns(&query);
        for (column, name) in columns.iter_mut().zip(&create.columns) {
            column.name = name.value.as_str().into();
        }
        let columns = renamed(columns, table.alias.as_ref())?;
        let names = match &table.alias {
            Some(alias) => ScopeSource::aliased(&alias.name.value, columns),
            None => ScopeSource {
                qualifier: (
                    Some(self.database_name(database)),
                    Some(view.schema.to_string()),
                ),
                name: view.name.to_string(),
                shown: table.name.to_string(),
                columns,
            },
        };
        Ok(Bound {
            source: Source::Derived(Arc::new(query)),
            names: vec![names],
            correlated: false,
        })
    }

    fn database_name(&self, id: DatabaseId) -> String {
        self.instance
            .databases
            .get(&id)
            .map_or_else(String::new, |database| database.name.to_string())
    }

    /// Rows of a linked server; the error that asks for them if they have not come yet.
    fn remote(
        &mut self,
        wanted: &Wanted,
        alias: Option<&ast::TableAlias>,
        written: &str,
    ) -> Result<Bound, SqlError> {
        let Some(rowset) = self.local.remote.get(wanted) else {
            return Err(wanted.error());
        };
        let columns = rowset.columns.iter();
        let columns = columns
            .map(|column| computed(&column.name, column.ty))
            .collect();
        let name = alias.map_or(written, |alias| &alias.name.value);
        let mut names = ScopeSource::aliased(name, renamed(columns, alias)?);
        if let (None, What::Table { object, .. }) = (alias, &wanted.what) {
            names.name.clone_from(object);
        }
        Ok(Bound {
            source: Source::Remote(Arc::clone(rowset)),
            names: vec![names],
            correlated: false,
        })
    }

    pub(crate) fn table_scan(
        &mut self,
        found: TableRef,
        alias: Option<&ast::TableAlias>,
        locking: Locking,
        written: &str,
    ) -> Result<Bound, SqlError> {
        let is_target = self.target.as_ref().is_some_and(|target| {
            let same = target.table.place == found.place
                && target.table.definition().object == found.definition().object;
            let own = alias.map_or(found.definition().name.as_str(), |alias| &alias.name.value);
            same && (target.alias.is_empty() || same_name(own, &target.alias))
        });
        let with_row_id = self.note_cursor_table(&found, locking) || is_target;
        let mut name = found.scope_source(alias.map(|alias| alias.name.value.as_str()));
        if alias.is_none() {
            name.shown = written.to_owned();
        }
        if let Some(alias) = alias {
            name.columns = renamed(name.columns, Some(alias))?;
        }
        if with_row_id {
            name.columns.push(ScopeColumn {
                name: ROW_ID.into(),
                ty: ExprType::new(milink_core::sql_type::SqlType::BigInt),
                identity: false,
                updatable: false,
            });
        }
        let source = Source::Table(Box::new(TableScan {
            place: found.place,
            table: found.definition().object,
            filter: None,
            seek: None,
            locking,
            with_row_id,
            only: None,
        }));
        Ok(Bound {
            source,
            names: vec![name],
            correlated: false,
        })
    }
}

pub(super) fn derived_source(query: Query, alias: &ast::TableAlias) -> Result<Bound, SqlError> {
    let columns = query_columns(&query);
    let columns = renamed(columns, Some(alias))?;
    for (at, column) in columns.iter().enumerate() {
        if column.name.is_empty() {
            return Err(SqlError::new(
                8155,
                16,
                format!(
                    "No column name was specified for column {} of '{}'.",
                    at + 1,
                    alias.name.value
                ),
            )
            .aborting(Abort::Batch));
        }
        if columns[..at]
            .iter()
            .any(|other| same_name(&other.name, &column.name))
        {
            return Err(SqlError::new(
                8156,
                16,
                format!(
                    "The column '{}' was specified multiple times for '{}'.",
                    column.name, alias.name.value
                ),
            )
            .aborting(Abort::Batch));
        }
    }
    let correlated = query.correlated;
    Ok(Bound {
        source: Source::Derived(Arc::new(query)),
        names: vec![ScopeSource::aliased(&alias.name.value, columns)],
        correlated,
    })
}

/// The columns of a query as another query sees them.
pub(super) fn query_columns(query: &Query) -> Vec<ScopeColumn> {
    query
        .columns
        .iter()
        .map(|column| {
            let mut ty = column.ty;
            if ty.collation.is_some() {
                ty.coercibility = ty.coercibility.max(crate::types::Coercibility::Implicit);
            }
            ScopeColumn {
                name: Arc::clone(&column.name),
                ty,
                identity: column.identity,
                updatable: false,
            }
        })
        .collect()
}

pub(super) fn computed(name: &str, ty: ExprType) -> ScopeColumn {
    ScopeColumn {
        name: name.into(),
        ty,
        identity: false,
        updatable: false,
    }
}

/// The columns under the names that an alias gives them.
pub(super) fn renamed(
    mut columns: Vec<ScopeColumn>,
    alias: Option<&ast::TableAlias>,
) -> Result<Vec<ScopeColumn>, SqlError> {
    let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) else {
        return Ok(columns);
    };
    if alias.columns.len() != columns.len() {
        return Err(column_count(alias, columns.len()));
    }
    for (column, name) in columns.iter_mut().zip(&alias.columns) {
        column.name = name.value.as_str().into();
    }
    Ok(columns)
}

/// 8158, 8159.
pub(super) fn column_count(alias: &ast::TableAlias, has: usize) -> SqlError {
    let name = &alias.name.value;
    let error = if has > alias.columns.len() {
        SqlError::new(
            8158,
            16,
            format!("'{name}' has more columns than were specified in the column list."),
        )
    } else {
        SqlError::new(
            8159,
            16,
            format!("'{name}' has fewer columns than were specified in the column list."),
        )
    };
    error.aborting(Abort::Batch)
}

/// Gives WHERE to the sources, as far down as it goes.
pub(crate) fn apply_filter(select: &mut Select, filter: Option<Predicate>) {
    let Some(filter) = filter else {
        return;
    };
    let mut rest = Vec::new();
    for conjunct in filter.conjuncts() {
        rest.extend(pushdown::push(&mut select.source, conjunct));
    }
    select.filter = Predicate::all(rest);
}
