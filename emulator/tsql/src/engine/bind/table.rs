//! Names of tables and views.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::database::Database;
use milink_core::ids::DatabaseId;
use milink_core::instance::Instance;
use milink_core::names::Name;
use milink_core::store::{Content, Module, ModuleKind, Table, TableDefinition};

use super::Binder;
use super::scope::{ScopeColumn, ScopeSource};
use crate::ast;
use crate::catalog::{self, View, is_sysadmin};
use crate::engine::bound::{Expr, Place};
use crate::engine::remote::HERE;
use crate::engine::same_name;
use crate::error::SqlError;
use crate::statement::refusal::sql_error;
use crate::types::ExprType;

/// The name of the hidden column that carries a row's number; no identifier is empty.
pub(crate) const ROW_ID: &str = "";

/// A table that a name means.
#[derive(Clone)]
pub(crate) struct TableRef {
    pub(crate) place: Place,
    pub(crate) table: Arc<Table>,
    /// The name of the database it is in, as messages show it.
    pub(crate) database: String,
}

/// What a name in FROM means.
pub(crate) enum Found {
    Table(TableRef),
    View(&'static View, DatabaseId),
    /// A view that a user has made.
    Module(Arc<Module>, DatabaseId),
}

impl TableRef {
    pub(crate) fn definition(&self) -> &Arc<TableDefinition> {
        &self.table.definition
    }

    /// `database.schema.table`, as messages about rows show it.
    pub(crate) fn full_name(&self) -> String {
        let definition = self.definition();
        match self.place {
            Place::Variable => definition.name.to_string(),
            _ => format!(
                "{}.{}.{}",
                self.database, definition.schema, definition.name
            ),
        }
    }

    /// The columns as names see them.
    pub(crate) fn scope_columns(&self) -> Vec<ScopeColumn> {
        let definition = self.definition();
        definition
            .columns
            .iter()
            .map(|column| ScopeColumn {
                name: column.name.shared(),
                ty: column_type(column),
                identity: column.identity.is_some(),
                updatable: column.computed.is_none() && column.identity.is_none(),
            })
            .collect()
    }

    /// The scope of one row of the table, under its own name.
    pub(crate) fn scope_source(&self, alias: Option<&str>) -> ScopeSource {
        let definition = self.definition();
        let name = definition.name.to_string();
        match alias {
            Some(alias) => ScopeSource::aliased(alias, self.scope_columns()),
            None => ScopeSource {
                qualifier: (
                    Some(self.database.clone()),
                    Some(definition.schema.to_string()),
                ),
                shown: name.clone(),
                name,
                columns: self.scope_columns(),
            },
        }
    }
}

/// The type of a table's column.
pub(crate) fn column_type(column: &milink_core::store::Column) -> ExprType {
    ExprType::column(
        column.sql_type,
        column.nullable,
        column.collation.unwrap_or(Collation::DEFAULT),
    )
}

impl Binder<'_> {
    /// The table or view that a name means (208).
    pub(crate) fn find_object(&self, name: &ast::ObjectName) -> Result<Found, SqlError> {
        let missing = || SqlError::invalid_object(&name.to_string()).at_line(name.span.line);
        if let Some(server) = self.other_server(name) {
            // What can be read there has been asked for before; nothing else can be done with it.
            return Err(SqlError::unsupported(format!(
                "this use of a table of linked server '{server}'"
            )));
        }
        let object = Name::new(&name.object.value);
        if object.as_str().starts_with("##") {
            return Err(SqlError::unsupported("global temporary tables"));
        }
        if object.as_str().starts_with('#') {
            let table = self.state.temporary.table(&"dbo".into(), &object);
            return table
                .map(|table| {
                    Found::Table(TableRef {
                        place: Place::Temporary,
                        table: Arc::clone(table),
                        database: "tempdb".to_owned(),
                    })
                })
                .ok_or_else(missing);
        }
        let database = self
            .database_named(name.database.as_ref())
            .ok_or_else(missing)?;
        let schema = name.schema.as_ref().map(|schema| schema.value.as_str());
        let is_system_schema = schema.is_some_and(|schema| {
            schema.eq_ignore_ascii_case("sys") || schema.eq_ignore_ascii_case("information_schema")
        });
        if !is_system_schema {
            check_access(self.instance, database, self.state.read_only_intent)?;
            let content = database.view(self.state.transaction_id());
            let schema = Name::new(schema.unwrap_or("dbo"));
            if let Some(table) = content.table(&schema, &object) {
                if self.state.settings.isolation == 5
                    && !database.options.allow_snapshot_isolation
                    && !database.is_secondary()
                    && !database.is_system()
                {
                    return Err(snapshot_not_allowed(database.name.as_str()));
                }
                return Ok(Found::Table(TableRef {
                    place: Place::Database(database.id),
                    table: Arc::clone(table),
                    database: database.name.to_string(),
                }));
            }
        }
        if !is_system_schema {
            let content = database.view(self.state.transaction_id());
            let schema = Name::new(schema.unwrap_or("dbo"));
            let module = content.module(&schema, &object);
            if let Some(view) = module.filter(|module| module.kind == ModuleKind::View) {
                return Ok(Found::Module(Arc::clone(view), database.id));
            }
        }
        let view = catalog::find(
            database.name.as_str(),
            schema,
            &name.object.value,
            self.instance,
        )
        .ok_or_else(missing)?;
        if catalog::is_of_agent(view) && !is_sysadmin(self.instance, self.state.login.as_str()) {
            return Err(SqlError::denied_in_msdb("SELECT", view.name));
        }
        Ok(Found::View(view, database.id))
    }

    /// The server part of a name, unless it is this instance.
    pub(crate) fn other_server<'n>(&self, name: &'n ast::ObjectName) -> Option<&'n str> {
        let server = name.server.as_ref().map(|server| server.value.as_str());
        if let Some(own) = &self.sent_to {
            let server = server.unwrap_or(HERE);
            return (!same_name(server, own)).then_some(server);
        }
        let server = server?;
        let is_own = server.eq_ignore_ascii_case(&self.instance.server_name());
        (!is_own).then_some(server)
    }

    /// The table that a statement changes.
    pub(crate) fn target_table(&self, target: &ast::DmlTarget) -> Result<TableRef, SqlError> {
        match target {
            ast::DmlTarget::Variable(name) => self.table_variable(name),
            ast::DmlTarget::Object { name, .. } => self.user_table(name),
            ast::DmlTarget::OpenQuery(_) => Err(SqlError::unsupported(
                "OPENQUERY as the target of this statement",
            )),
        }
    }

    /// The user table of a name; a system view is refused (259).
    pub(crate) fn user_table(&self, name: &ast::ObjectName) -> Result<TableRef, SqlError> {
        match self.find_object(name)? {
            Found::Table(table) => Ok(table),
            Found::Module(..) => Err(SqlError::unsupported("changing rows through a view")),
            Found::View(..) => Err(SqlError::new(
                259,
                16,
                "Ad hoc updates to system catalogs are not allowed.",
            )),
        }
    }

    /// The table variable of a name (1087).
    pub(crate) fn table_variable(&self, name: &ast::Ident) -> Result<TableRef, SqlError> {
        self.local
            .tables
            .table(&"dbo".into(), &Name::new(&name.value))
            .map(|table| TableRef {
                place: Place::Variable,
                table: Arc::clone(table),
                database: "tempdb".to_owned(),
            })
            .ok_or_else(|| SqlError::undeclared_table_variable(&name.value))
    }

    /// The database of a name part, or the current one.
    pub(crate) fn database_named(&self, name: Option<&ast::Ident>) -> Option<&Database> {
        match name {
            None => Some(self.database),
            Some(name) => self.instance.database(&name.value).map(AsRef::as_ref),
        }
    }

    /// The content that a place's tables are in.
    pub(crate) fn content(&self, place: Place) -> Content {
        match place {
            Place::Temporary => self.state.temporary.clone(),
            Place::Variable => self.local.tables.clone(),
            Place::Database(id) => self
                .instance
                .databases
                .get(&id)
                .map_or_else(crate::session::state::empty_content, |database| {
                    database.view(self.state.transaction_id())
                }),
        }
    }

    /// The result column of a bare expression over a scope, for wildcards and plain columns.
    pub(super) fn plain(column: &ScopeColumn, index: usize) -> Expr {
        Expr::column(index, column.ty)
    }
}

/// 3952.
fn snapshot_not_allowed(database: &str) -> SqlError {
    SqlError::new(
        3952,
        16,
        format!("Snapshot isolation transaction failed accessing database '{database}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation."),
    )
    .aborting(crate::error::Abort::Batch)
}

/// Whether the rows of a database can be read now, by a client with this intent.
pub(crate) fn check_access(
    instance: &Instance,
    database: &Database,
    read_only_intent: bool,
) -> Result<(), SqlError> {
    let access = instance
        .check_readable(database)
        .and_then(|()| instance.check_connection(database, read_only_intent));
    access.map_err(|refusal| sql_error(&refusal.into()))
}
