//! `sp_describe_undeclared_parameters`: types for the parameters of a text, from the columns that they are compared
//! with or assigned to. Where there is no such column the answer is `nvarchar(4000)`.

use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::describe::Shape;
use super::event::{DoneCommand, Event, ResultColumn};
use super::execute::{Call, parse_parameters};
use super::host::Host;
use super::state::Local;
use super::{Failure, Session};
use crate::ast::{self, ColumnRef, DmlFilter, DmlTarget, Expr, ExprKind, InsertSource, SetClause};
use crate::engine::bind::{Binder, Found};
use crate::engine::{same_name, walk};
use crate::lexer::{TokenKind, tokenize};
use crate::parser::{ParseOptions, parse_batch};
use crate::types::{ExprType, to_display};

/// A column that a statement can name: alias or table, name, type.
type Column = (String, String, SqlType);

impl Session {
    pub(super) fn describe_undeclared_parameters(
        &mut self,
        call: &Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let text = |at: usize| {
            let argument = call
                .arguments
                .get(at)
                .filter(|argument| !argument.value.is_null());
            argument.map_or_else(String::new, |argument| {
                to_display(&argument.value, &argument.ty)
            })
        };
        let (text, declared) = (text(0), text(1));
        let declared = parse_parameters(&declared).map_err(super::execute::nested)?;
        let quoted_identifier = self.state.settings.quoted_identifier;
        let batch = parse_batch(&text, ParseOptions { quoted_identifier }).map_err(|error| {
            crate::error::SqlError::new(error.number, error.severity, error.message)
                .at_line(error.line)
        })?;
        let mut names: Vec<String> = Vec::new();
        for token in tokenize(&text, quoted_identifier).unwrap_or_default() {
            let name = token.span.text(&text);
            let known = declared
                .iter()
                .any(|parameter| same_name(&parameter.name.value, name))
                || names.iter().any(|other| same_name(other, name));
            if token.kind == TokenKind::Variable && !known {
                names.push(name.to_owned());
            }
        }
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let local = Local::new();
        let binder = Binder::new(&instance, &self.state, &local);
        let mut found: Vec<(String, SqlType)> = Vec::new();
        for statement in &batch.statements {
            of_statement(&binder, &statement.kind, &mut found);
        }
        out.push(Event::Columns(columns()));
        for (at, name) in names.iter().enumerate() {
            let sql = found
                .iter()
                .find(|(known, _)| same_name(known, name))
                .map_or(SqlType::nvarchar(4000), |(_, sql)| *sql);
            out.push(Event::Row(row(at, name, sql)));
        }
        self.done(DoneCommand::Select, Some(names.len() as u64), out);
        self.finish_call(call.return_to, 0, out);
        Ok(())
    }
}

fn of_statement(
    binder: &Binder<'_>,
    statement: &ast::StatementKind,
    found: &mut Vec<(String, SqlType)>,
) {
    let mut known: Vec<Column> = Vec::new();
    match statement {
        ast::StatementKind::Select(select) => {
            if let ast::QueryBody::Select(spec) = &select.query.body {
                spec.from
                    .iter()
                    .for_each(|source| of_source(binder, source, &mut known));
                let conditions = spec.filter.iter().chain(&spec.having);
                conditions.for_each(|condition| of_condition(condition, &known, found));
            }
        }
        ast::StatementKind::Insert(insert) => {
            of_target(binder, &insert.target, &mut known);
            let names: Vec<String> = if insert.columns.is_empty() {
                known.iter().map(|column| column.1.clone()).collect()
            } else {
                insert
                    .columns
                    .iter()
                    .map(|name| name.value.clone())
                    .collect()
            };
            if let InsertSource::Values(rows) = &insert.source {
                for (name, value) in rows.iter().flat_map(|row| names.iter().zip(row)) {
                    assign(None, name, value, &known, found);
                }
            }
        }
        ast::StatementKind::Update(update) => {
            of_target(binder, &update.target, &mut known);
            update
                .from
                .iter()
                .for_each(|source| of_source(binder, source, &mut known));
            for clause in &update.set {
                if let SetClause::Column { column, value, .. } = clause {
                    assign(None, &column.name.value, value, &known, found);
                }
            }
            if let Some(DmlFilter::Condition(condition)) = &update.filter {
                of_condition(condition, &known, found);
            }
        }
        ast::StatementKind::Delete(delete) => {
            of_target(binder, &delete.target, &mut known);
            delete
                .from
                .iter()
                .for_each(|source| of_source(binder, source, &mut known));
            if let Some(DmlFilter::Condition(condition)) = &delete.filter {
                of_condition(condition, &known, found);
            }
        }
        _ => {}
    }
}

fn of_target(binder: &Binder<'_>, target: &DmlTarget, known: &mut Vec<Column>) {
    if let DmlTarget::Object { name, .. } = target {
        of_table(binder, name, &name.object.value, known);
    }
}

fn of_source(binder: &Binder<'_>, source: &ast::TableSource, known: &mut Vec<Column>) {
    match source {
        ast::TableSource::Table(table) => {
            let own = &table.name.object.value;
            let alias = table.alias.as_ref().map_or(own, |alias| &alias.name.value);
            of_table(binder, &table.name, alias, known);
        }
        ast::TableSource::Join(join) => {
            of_source(binder, &join.left, known);
            of_source(binder, &join.right, known);
        }
        ast::TableSource::Apply(apply) => of_source(binder, &apply.left, known),
        _ => {}
    }
}

fn of_table(binder: &Binder<'_>, name: &ast::ObjectName, alias: &str, known: &mut Vec<Column>) {
    match binder.find_object(name) {
        Ok(Found::Table(table)) => {
            let columns = table.definition().columns.iter();
            known.extend(
                columns.map(|column| (alias.to_owned(), column.name.to_string(), column.sql_type)),
            );
        }
        Ok(Found::View(view, _)) => {
            let columns = view.columns(binder.instance).into_iter();
            known.extend(
                columns.map(|column| (alias.to_owned(), column.name.to_owned(), column.sql_type)),
            );
        }
        Ok(Found::Module(..)) | Err(_) => {}
    }
}

/// Parameters beside columns in comparisons.
fn of_condition(condition: &Expr, known: &[Column], found: &mut Vec<(String, SqlType)>) {
    let found = std::cell::RefCell::new(found);
    walk::any(condition, &|part| {
        let beside = |column: &Expr, value: &Expr| {
            if let ExprKind::Column(column) = &column.kind {
                let ColumnRef { table, name } = &**column;
                let table = table.as_ref().map(|table| table.object.value.as_str());
                assign(table, &name.value, value, known, &mut found.borrow_mut());
            }
        };
        match &part.kind {
            ExprKind::Compare { left, right, .. } => {
                beside(left, right);
                beside(right, left);
            }
            ExprKind::Between {
                operand, low, high, ..
            } => {
                beside(operand, low);
                beside(operand, high);
            }
            ExprKind::InList { operand, list, .. } => {
                list.iter().for_each(|value| beside(operand, value));
            }
            ExprKind::Like {
                operand, pattern, ..
            } => beside(operand, pattern),
            _ => {}
        }
        false
    });
}

/// Notes the type of a column for a value that is a parameter.
fn assign(
    table: Option<&str>,
    column: &str,
    value: &Expr,
    known: &[Column],
    found: &mut Vec<(String, SqlType)>,
) {
    let ExprKind::Variable(name) = &value.kind else {
        return;
    };
    let fits = |candidate: &&Column| {
        same_name(&candidate.1, column) && table.is_none_or(|table| same_name(&candidate.0, table))
    };
    if let Some((_, _, sql)) = known.iter().find(fits) {
        found.push((name.value.clone(), *sql));
    }
}

/// The columns of the answer (documentation of sp_describe_undeclared_parameters).
const COLUMNS: [(&str, SqlType, bool); 24] = [
    ("parameter_ordinal", SqlType::Int, false),
    ("name", SqlType::SYSNAME, false),
    ("suggested_system_type_id", SqlType::Int, false),
    ("suggested_system_type_name", SqlType::nvarchar(256), true),
    ("suggested_max_length", SqlType::SmallInt, false),
    ("suggested_precision", SqlType::TinyInt, false),
    ("suggested_scale", SqlType::TinyInt, false),
    ("suggested_user_type_id", SqlType::Int, true),
    ("suggested_user_type_database", SqlType::SYSNAME, true),
    ("suggested_user_type_schema", SqlType::SYSNAME, true),
    ("suggested_user_type_name", SqlType::SYSNAME, true),
    (
        "suggested_assembly_qualified_type_name",
        SqlType::nvarchar(4000),
        true,
    ),
    ("suggested_xml_collection_id", SqlType::Int, true),
    ("suggested_xml_collection_database", SqlType::SYSNAME, true),
    ("suggested_xml_collection_schema", SqlType::SYSNAME, true),
    ("suggested_xml_collection_name", SqlType::SYSNAME, true),
    ("suggested_is_xml_document", SqlType::Bit, false),
    ("suggested_is_case_sensitive", SqlType::Bit, false),
    ("suggested_is_fixed_length_clr_type", SqlType::Bit, false),
    ("suggested_is_input", SqlType::Bit, false),
    ("suggested_is_output", SqlType::Bit, false),
    ("formal_parameter_name", SqlType::SYSNAME, true),
    ("suggested_tds_type_id", SqlType::Int, false),
    ("suggested_tds_length", SqlType::Int, false),
];

fn columns() -> Arc<[ResultColumn]> {
    COLUMNS
        .iter()
        .map(|(name, sql, nullable)| ResultColumn {
            name: (*name).into(),
            ty: ExprType::new(*sql).with_nullable(*nullable),
            identity: false,
            updatable: false,
            computed: true,
        })
        .collect()
}

fn row(at: usize, name: &str, sql: SqlType) -> Row {
    let shape = Shape::of(sql);
    COLUMNS
        .iter()
        .map(|(column, _, nullable)| match *column {
            "parameter_ordinal" => Value::Int(at as i64 + 1),
            "name" => Value::str(name),
            "suggested_system_type_id" => Value::Int(shape.system_type),
            "suggested_system_type_name" => Value::str(sql.to_string()),
            "suggested_max_length" => Value::Int(shape.max_length),
            "suggested_precision" => Value::Int(shape.precision),
            "suggested_scale" => Value::Int(shape.scale),
            "suggested_is_input" => Value::Bit(true),
            "suggested_tds_type_id" => Value::Int(shape.wire_type),
            "suggested_tds_length" => Value::Int(shape.wire_length),
            _ if *nullable => Value::Null,
            _ => Value::Bit(false),
        })
        .collect()
}
