//! The texts, columns and parameters of users' procedures and views.

use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Module, ModuleKind};
use milink_core::value::{Row, Value};

use super::type_facts::type_facts;
use crate::ast::StatementKind;
use crate::catalog::column::{
    BIT, INT, NAME, NVARCHAR_MAX, SMALLINT, TINYINT, VARIANT, ViewColumn, col, req,
};
use crate::catalog::{Scope, View, row};
use crate::engine::bind::{Binder, Unsized, sql_type};
use crate::parser::{ParseOptions, parse_batch};
use crate::session::state::Local;
use crate::session::{Options, fresh_state};

pub(super) const SQL_MODULES: View = View::sys("sql_modules", MODULE_COLUMNS, modules);

/// The texts of the system's own procedures and views are not kept.
pub(super) const ALL_SQL_MODULES: View = View::sys("all_sql_modules", MODULE_COLUMNS, modules);

pub(super) const PARAMETERS: View = View::sys("parameters", PARAMETER_COLUMNS, parameters);

pub(super) const ALL_PARAMETERS: View = View::sys("all_parameters", PARAMETER_COLUMNS, parameters);

const MODULE_COLUMNS: &[ViewColumn] = &[
    req("object_id", INT),
    col("definition", NVARCHAR_MAX),
    col("uses_ansi_nulls", BIT),
    col("uses_quoted_identifier", BIT),
    col("is_schema_bound", BIT),
    col("uses_database_collation", BIT),
    col("is_recompiled", BIT),
    col("null_on_null_input", BIT),
    col("execute_as_principal_id", INT),
    col("uses_native_compilation", BIT),
];

const PARAMETER_COLUMNS: &[ViewColumn] = &[
    req("object_id", INT),
    col("name", NAME),
    req("parameter_id", INT),
    req("system_type_id", TINYINT),
    req("user_type_id", INT),
    req("max_length", SMALLINT),
    req("precision", TINYINT),
    req("scale", TINYINT),
    req("is_output", BIT),
    req("is_cursor_ref", BIT),
    req("has_default_value", BIT),
    req("is_xml_document", BIT),
    col("default_value", VARIANT),
    req("xml_collection_id", INT),
    req("is_readonly", BIT),
    col("is_nullable", BIT),
];

/// The columns of a view, as its query has them now. A view whose tables are gone has none.
pub(crate) fn columns_of(scope: &Scope<'_>, module: &Module) -> Vec<Column> {
    if module.kind != ModuleKind::View {
        return Vec::new();
    }
    let options = ParseOptions {
        quoted_identifier: module.quoted_identifier,
    };
    let Ok(batch) = parse_batch(&module.text, options) else {
        return Vec::new();
    };
    let statement = batch.statements.first().map(|statement| &statement.kind);
    let Some(StatementKind::CreateView(create)) = statement else {
        return Vec::new();
    };
    let state = fresh_state(&Options {
        instance: scope.instance.id,
        session: scope.session,
        login: Name::new(&scope.login_name()),
        database: scope.database.id,
        seed: 0,
    });
    let local = Local::new();
    let query = Binder::new(scope.instance, &state, &local).select_statement(&create.select);
    let Ok(query) = query else {
        return Vec::new();
    };
    let columns = query.columns.into_iter().zip(1..);
    columns
        .map(|(column, id)| Column {
            id,
            name: create
                .columns
                .get(id as usize - 1)
                .map_or_else(|| Name::new(&column.name), |name| Name::new(&name.value)),
            sql_type: column.ty.sql,
            nullable: column.ty.nullable,
            collation: column.ty.collation,
            identity: None,
            default: None,
            computed: None,
        })
        .collect()
}

/// A parameter of a procedure.
pub(crate) struct ModuleParameter {
    /// With its `@`.
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    pub(crate) output: bool,
}

/// The parameters that a procedure's text declares. A text that does not parse any more has none.
pub(crate) fn parameters_of(module: &Module) -> Vec<ModuleParameter> {
    if module.kind != ModuleKind::Procedure {
        return Vec::new();
    }
    let options = ParseOptions {
        quoted_identifier: module.quoted_identifier,
    };
    let Ok(batch) = parse_batch(&module.text, options) else {
        return Vec::new();
    };
    let statement = batch.statements.first().map(|statement| &statement.kind);
    let Some(StatementKind::CreateProcedure(create)) = statement else {
        return Vec::new();
    };
    create
        .parameters
        .iter()
        .filter_map(|parameter| {
            Some(ModuleParameter {
                name: parameter.name.value.clone(),
                sql_type: sql_type(&parameter.data_type, Unsized::One).ok()?,
                output: parameter.output,
            })
        })
        .collect()
}

fn modules(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let row = |module: &Module| {
        row![
            module.object,
            &module.text,
            true,
            module.quoted_identifier,
            false,
            false,
            false,
            false,
            Value::Null,
            false,
        ]
    };
    content.modules.values().map(|module| row(module)).collect()
}

fn parameters(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for module in content.modules.values() {
        for (parameter, number) in parameters_of(module).into_iter().zip(1..) {
            let facts = type_facts(parameter.sql_type);
            rows.push(row![
                module.object,
                parameter.name,
                number,
                facts.id,
                i32::from(facts.id),
                facts.max_length,
                facts.precision,
                facts.scale,
                parameter.output,
                false,
                // Defaults of T-SQL procedures are not shown (documentation of the view).
                false,
                false,
                Value::Null,
                0,
                false,
                true,
            ]);
        }
    }
    rows
}
