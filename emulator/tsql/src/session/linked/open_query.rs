//! OPENQUERY as the target of INSERT, UPDATE and DELETE: the table that its text reads, and of that the rows.

use crate::ast::{
    self, DmlFilter, DmlTarget, ExprKind, Ident, ObjectName, OpenQuery, Query, QueryBody,
    SelectItem, StatementKind, TableSource,
};
use crate::engine::walk;
use crate::error::SqlError;
use crate::parser::{ParseOptions, parse_batch};
use crate::session::Failure;

/// What can be changed through a query.
struct Changeable {
    table: ObjectName,
    /// The columns that it names; none is all.
    columns: Vec<Ident>,
    filter: Option<ast::Expr>,
}

/// INSERT into the table; its columns are those of the query.
pub(super) fn insert(
    query: &OpenQuery,
    insert: &ast::InsertStatement,
) -> Result<ast::InsertStatement, Failure> {
    let found = changeable(query)?;
    let columns = match insert.columns.is_empty() {
        true => found.columns,
        false => insert.columns.clone(),
    };
    Ok(ast::InsertStatement {
        target: target(found.table),
        columns,
        ..insert.clone()
    })
}

/// UPDATE of the query's rows.
pub(super) fn update(
    query: &OpenQuery,
    update: &ast::UpdateStatement,
) -> Result<ast::UpdateStatement, Failure> {
    let found = changeable(query)?;
    Ok(ast::UpdateStatement {
        target: target(found.table),
        filter: both(found.filter, update.filter.clone()),
        ..update.clone()
    })
}

/// DELETE of the query's rows.
pub(super) fn delete(
    query: &OpenQuery,
    delete: &ast::DeleteStatement,
) -> Result<ast::DeleteStatement, Failure> {
    let found = changeable(query)?;
    Ok(ast::DeleteStatement {
        target: target(found.table),
        filter: both(found.filter, delete.filter.clone()),
        ..delete.clone()
    })
}

/// Of a query over one table, with nothing but columns and a condition on them, a row is a row of the table.
fn changeable(query: &OpenQuery) -> Result<Changeable, Failure> {
    let options = ParseOptions {
        quoted_identifier: true,
    };
    let batch = parse_batch(&query.text.value, options)
        .map_err(|error| SqlError::new(error.number, error.severity, error.message))?;
    let mut statements = batch.statements.into_iter();
    let (first, second) = (statements.next(), statements.next());
    let (Some(StatementKind::Select(select)), None) = (first.map(|first| first.kind), second)
    else {
        return Err(too_much());
    };
    let Query {
        body: QueryBody::Select(spec),
        offset: None,
        for_clause: None,
        ..
    } = select.query
    else {
        return Err(too_much());
    };
    let says_more = select.with.is_some()
        || spec.distinct
        || spec.top.is_some()
        || spec.into.is_some()
        || spec.group_by.is_some()
        || spec.having.is_some();
    let mut from = spec.from.into_iter();
    let (Some(TableSource::Table(table)), None, false) = (from.next(), from.next(), says_more)
    else {
        return Err(too_much());
    };
    let reads_more = spec.filter.as_ref().is_some_and(|filter| {
        walk::any(filter, &|part| {
            matches!(
                part.kind,
                ExprKind::Subquery(_)
                    | ExprKind::Exists(_)
                    | ExprKind::InQuery { .. }
                    | ExprKind::Quantified { .. }
            )
        })
    });
    if table.alias.is_some() || table.name.server.is_some() || reads_more {
        return Err(too_much());
    }
    let mut columns = Vec::new();
    for item in &spec.items {
        match item {
            SelectItem::Wildcard { .. } if spec.items.len() == 1 => {}
            SelectItem::Expr { expr, alias: None } => match &expr.kind {
                ExprKind::Column(column) => columns.push(column.name.clone()),
                _ => return Err(too_much()),
            },
            _ => return Err(too_much()),
        }
    }
    let table = ObjectName {
        server: Some(query.server.clone()),
        ..table.name
    };
    Ok(Changeable {
        table,
        columns,
        filter: spec.filter,
    })
}

fn target(name: ObjectName) -> DmlTarget {
    DmlTarget::Object {
        name,
        hints: Vec::new(),
    }
}

fn both(one: Option<ast::Expr>, other: Option<DmlFilter>) -> Option<DmlFilter> {
    match (one, other) {
        (Some(one), Some(DmlFilter::Condition(other))) => {
            let span = other.span;
            let kind = ExprKind::And(Box::new(one), Box::new(other));
            Some(DmlFilter::Condition(ast::Expr { kind, span }))
        }
        (Some(one), None) => Some(DmlFilter::Condition(one)),
        (_, other) => other,
    }
}

fn too_much() -> Failure {
    SqlError::unsupported(
        "OPENQUERY as a target whose query is more than columns of one table and a condition on them",
    )
    .into()
}
