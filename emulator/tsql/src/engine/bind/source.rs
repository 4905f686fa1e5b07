//! FROM: tables, joins, derived tables, and what is pushed down to them.

use std::sync::Arc;

use milink_core::ids::DatabaseId;
use milink_core::store::Module;

use super::expr::coerce;
use super::scope::{Scope, ScopeColumn, ScopeSource, same_name};
use super::table::{Found, ROW_ID, TableRef};
use super::{Binder, CteRows};
use crate::ast::{self, FunctionArgs, JoinKind, TableSource};
use crate::engine::bound::{
    ByName, Join, Locking, Place, Predicate, Query, Select, Source, TableScan,
};
use crate::engine::remote::{Wanted, What};
use crate::engine::{pushdown, table_function};
use crate::error::{Abort, SqlError};
use crate::parser::{ParseOptions, parse_batch};
use crate::types::{ExprType, common_type};

/// Views in views: how deep (217).
const MAX_VIEW_DEPTH: u32 = 32;

/// A bound FROM clause, or a part of it.
pub(crate) struct Bound {
    pub(crate) source: Source,
    pub(crate) names: Vec<ScopeSource>,
    pub(crate) correlated: bool,
}

impl Bound {
    fn width(&self) -> usize {
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

    fn source(
        &mut self,
        source: &TableSource,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        match source {
            TableSource::Table(table) => self.named_table(table),
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

    /// What hints, the isolation level and the database's options say about rows that others have changed.
    pub(crate) fn locking(
        &self,
        table: &TableRef,
        hints: &[ast::TableHint],
    ) -> Result<Locking, SqlError> {
        let Place::Database(id) = table.place else {
            return Ok(Locking::Versioned);
        };
        let database = self.instance.databases.get(&id);
        let versioned = database.is_some_and(|database| {
            database.is_secondary()
                || database.options.read_committed_snapshot
                || database.state == milink_core::database::DatabaseState::Emergency
        });
        let mut locking = match self.state.settings.isolation {
            1 => Locking::Dirty,
            2 if versioned => Locking::Versioned,
            5 => Locking::Versioned,
            _ if database.is_some_and(|database| database.is_secondary()) => Locking::Versioned,
            _ => Locking::Wait,
        };
        for hint in hints {
            match hint.name.as_str() {
                "NOLOCK" | "READUNCOMMITTED" => locking = Locking::Dirty,
                "READPAST" => locking = Locking::Skip,
                "NOWAIT" => locking = Locking::Refuse,
                "READCOMMITTEDLOCK" | "HOLDLOCK" | "SERIALIZABLE" | "REPEATABLEREAD"
                | "UPDLOCK" | "XLOCK" | "TABLOCK" | "TABLOCKX" | "PAGLOCK" | "ROWLOCK" => {
                    if locking == Locking::Versioned
                        && !database.is_some_and(|database| database.is_secondary())
                    {
                        locking = Locking::Wait;
                    }
                }
                "READCOMMITTED" | "SNAPSHOT" | "INDEX" | "FORCESEEK" | "FORCESCAN" | "NOEXPAND"
                | "KEEPIDENTITY" | "KEEPDEFAULTS" | "IGNORE_CONSTRAINTS" | "IGNORE_TRIGGERS"
                | "FASTFIRSTROW" => {}
                other => {
                    return Err(SqlError::new(
                        321,
                        15,
                        format!(
                            "\"{other}\" is not a recognized table hints option. If it is intended as a parameter to a table-valued function or to the CHANGETABLE function, ensure that your database compatibility mode is set to 90."
                        ),
                    ));
                }
            }
        }
        Ok(locking)
    }

    fn values(
        &mut self,
        values: &ast::ValuesTable,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let scope = Scope::rows(&[], parent);
        let (rows, types) = self.value_rows(&values.rows, &scope)?;
        if values.alias.columns.len() != types.len() {
            return Err(column_count(&values.alias, types.len()));
        }
        let columns = values
            .alias
            .columns
            .iter()
            .zip(&types)
            .map(|(name, ty)| computed(&name.value, *ty))
            .collect();
        Ok(Bound {
            // The rows are evaluated one block further in, as a derived table would be.
            source: Source::Values(rows),
            names: vec![ScopeSource::aliased(&values.alias.name.value, columns)],
            correlated: scope.correlated.get(),
        })
    }

    /// Rows of VALUES, each column of one type.
    pub(crate) fn value_rows(
        &mut self,
        rows: &[Vec<ast::Expr>],
        scope: &Scope<'_>,
    ) -> Result<(Vec<Vec<crate::engine::bound::Expr>>, Vec<ExprType>), SqlError> {
        let width = rows.first().map_or(0, Vec::len);
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != width {
                return Err(SqlError::new(
                    10709,
                    16,
                    "The number of columns for each row in a table value constructor must be the same.",
                )
                .aborting(Abort::Batch));
            }
            bound.push(self.exprs(row, scope)?);
        }
        let mut types = Vec::with_capacity(width);
        for at in 0..width {
            let column: Vec<ExprType> = bound.iter().map(|row| row[at].ty).collect();
            types.push(common_type(&column)?);
        }
        for row in &mut bound {
            for (expr, ty) in row.iter_mut().zip(&types) {
                *expr = coerce(expr.clone(), ty)?;
            }
        }
        Ok((bound, types))
    }

    fn join(&mut self, join: &ast::Join, parent: Option<&Scope<'_>>) -> Result<Bound, SqlError> {
        let left = self.source(&join.left, parent)?;
        let right = self.source(&join.right, parent)?;
        let (keep_left, keep_right) = match join.kind {
            JoinKind::Inner | JoinKind::Cross => (false, false),
            JoinKind::Left => (true, false),
            JoinKind::Right => (false, true),
            JoinKind::Full => (true, true),
        };
        let mut joined = cross(left, right);
        check_names(&joined.names)?;
        if let Source::Join(bound) = &mut joined.source {
            bound.keep_left = keep_left;
            bound.keep_right = keep_right;
        }
        if let Some(on) = &join.on {
            let scope = Scope::rows(&joined.names, parent);
            let on = self.predicate(on, &scope)?;
            let correlated = scope.correlated.get();
            joined.correlated |= correlated;
            if let Source::Join(bound) = &mut joined.source {
                pushdown::add_condition(bound, on);
            }
        }
        // After the condition is bound, so that it still sees the columns as they are.
        if let Source::Join(bound) = &joined.source {
            let mut at = 0;
            let (left_width, keep_left, keep_right) =
                (bound.left_width, bound.keep_left, bound.keep_right);
            for source in &mut joined.names {
                for column in &mut source.columns {
                    let nulls = if at < left_width {
                        keep_right
                    } else {
                        keep_left
                    };
                    column.ty.nullable |= nulls;
                    at += 1;
                }
            }
        }
        Ok(joined)
    }

    fn apply(&mut self, apply: &ast::Apply, parent: Option<&Scope<'_>>) -> Result<Bound, SqlError> {
        let left = self.source(&apply.left, parent)?;
        let scope = Scope::rows(&left.names, parent);
        let mut right = self.source(&apply.right, Some(&scope))?;
        let correlated = left.correlated || scope.correlated.get();
        let right_width = right.width();
        if apply.outer {
            for column in right
                .names
                .iter_mut()
                .flat_map(|source| &mut source.columns)
            {
                column.ty.nullable = true;
            }
        }
        let mut names = left.names;
        names.extend(right.names);
        Ok(Bound {
            source: Source::Apply {
                left: Box::new(left.source),
                right: Box::new(right.source),
                outer: apply.outer,
                right_width,
            },
            names,
            correlated,
        })
    }

    fn table_function(
        &mut self,
        function: &ast::TableFunction,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let name = &function.call.name;
        let object = name.object.value.to_ascii_lowercase();
        let schema = name
            .schema
            .as_ref()
            .map_or("", |schema| schema.value.as_str());
        let FunctionArgs::List(args) = &function.call.args else {
            return Err(SqlError::incorrect_syntax("*"));
        };
        let scope = Scope::rows(&[], parent);
        let alias = function.alias.as_ref();
        let shown = alias.map_or(name.object.value.as_str(), |alias| &alias.name.value);
        if schema.is_empty()
            && let Some((built_in, columns)) = table_function::find(&object)
        {
            if !function.schema.is_empty() {
                return Err(SqlError::unsupported("OPENJSON … WITH"));
            }
            let args = self.exprs(args, &scope)?;
            let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
            let columns = columns(&types, self.collation())?
                .into_iter()
                .map(|(name, ty)| computed(name, ty))
                .collect();
            return Ok(Bound {
                source: Source::BuiltIn {
                    function: built_in,
                    args,
                },
                names: vec![ScopeSource::aliased(shown, renamed(columns, alias)?)],
                correlated: scope.correlated.get(),
            });
        }
        let Some(found) = crate::catalog::functions::find_table(schema, &object) else {
            return Err(SqlError::invalid_object(&name.to_string()).at_line(function.span.line));
        };
        if args.len() < found.least {
            return Err(SqlError::new(
                313,
                16,
                format!("An insufficient number of arguments were supplied for the procedure or function {name}."),
            )
            .aborting(Abort::Batch));
        }
        if args.len() > found.most {
            return Err(SqlError::new(
                8144,
                16,
                format!("Procedure or function {name} has too many arguments specified."),
            )
            .aborting(Abort::Batch));
        }
        let args = args
            .iter()
            .map(|arg| match arg.kind {
                ast::ExprKind::Default => self.literal(&ast::Literal::Null),
                _ => self.expr(arg, &scope),
            })
            .collect::<Result<_, _>>()?;
        let database = self
            .database_named(name.database.as_ref())
            .ok_or_else(|| SqlError::invalid_object(&name.to_string()))?;
        let (id, collation) = (database.id, database.collation);
        let columns = found
            .columns
            .iter()
            .map(|column| {
                computed(
                    column.name,
                    ExprType::column(column.sql_type, column.nullable, collation),
                )
            })
            .collect();
        Ok(Bound {
            source: Source::Function {
                function: ByName(found),
                database: id,
                args,
            },
            names: vec![ScopeSource::aliased(shown, renamed(columns, alias)?)],
            correlated: scope.correlated.get(),
        })
    }
}

/// A query as a table with an alias.
/// Hints of a remote table: only that locks of others are not waited for can be handed on (7377).
fn dirty_hint(hints: &[ast::TableHint]) -> Result<bool, SqlError> {
    for hint in hints {
        let known = ["NOLOCK", "READUNCOMMITTED"];
        if !known
            .iter()
            .any(|known| hint.name.eq_ignore_ascii_case(known))
        {
            return Err(SqlError::new(
                7377,
                16,
                "Cannot specify an index or locking hint for a remote data source.",
            ));
        }
    }
    Ok(!hints.is_empty())
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
fn renamed(
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
fn column_count(alias: &ast::TableAlias, has: usize) -> SqlError {
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

/// Two sources side by side.
pub(crate) fn cross(left: Bound, right: Bound) -> Bound {
    let (left_width, right_width) = (left.width(), right.width());
    let mut names = left.names;
    names.extend(right.names);
    Bound {
        source: Source::Join(Box::new(Join {
            left: left.source,
            right: right.source,
            left_width,
            right_width,
            keep_left: false,
            keep_right: false,
            keys: Vec::new(),
            residual: None,
        })),
        names,
        correlated: left.correlated || right.correlated,
    }
}

/// 1011, 1013: two sources under one name.
fn check_names(names: &[ScopeSource]) -> Result<(), SqlError> {
    for (at, source) in names.iter().enumerate() {
        let twice = names[..at].iter().any(|other| {
            same_name(&other.name, &source.name) && other.qualifier == source.qualifier
        });
        if !twice || source.name.is_empty() {
            continue;
        }
        let name = &source.name;
        return Err(if source.qualifier == (None, None) {
            SqlError::new(
                1011,
                16,
                format!("The correlation name '{name}' is specified multiple times in a FROM clause."),
            )
        } else {
            SqlError::new(
                1013,
                16,
                format!("The objects \"{0}\" and \"{0}\" in the FROM clause have the same exposed names. Use correlation names to distinguish them.", source.shown),
            )
        }
        .aborting(Abort::Batch));
    }
    Ok(())
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
