//! Columns and constraints as the store keeps them.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::ids::ObjectId;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Content, Identity, TableDefinition};

use crate::ast::{self, ColumnDefinition, Expr, Ident, TableElement};
use crate::engine::bind::{Binder, Scope, ScopeColumn, ScopeSource, Unsized, sql_type};
use crate::engine::dml::system_name;
use crate::engine::same_name;
use crate::error::{Abort, SqlError};
use crate::types::ExprType;

/// A text without the parentheses around all of it.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return text;
    };
    let mut depth = 0;
    let mut quoted = false;
    for c in inner.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            // The first parenthesis belongs to a part only.
            return text;
        }
    }
    bare(inner)
}

/// A table's definition while its elements are added.
pub(super) struct Builder<'b, 'a> {
    pub(super) binder: &'b mut Binder<'a>,
    /// The batch's text.
    pub(super) text: &'b str,
    pub(super) definition: TableDefinition,
    /// The database's content, where referenced tables are.
    pub(super) content: Content,
    /// How many objects have got an id so far.
    pub(super) objects: i32,
    /// Columns that were declared NULL.
    pub(super) declared_null: Vec<Name>,
}

impl Builder<'_, '_> {
    /// Adds columns first, then what refers to them.
    pub(super) fn add(&mut self, elements: &[TableElement]) -> Result<(), SqlError> {
        for element in elements {
            match element {
                TableElement::Column(column) if column.computed.is_none() => self.column(column)?,
                TableElement::Column(column) => self.computed(column)?,
                TableElement::Period(..) => {
                    return Err(SqlError::unsupported("temporal tables"));
                }
                TableElement::Constraint(_) | TableElement::Index(_) => {}
            }
        }
        for element in elements {
            match element {
                TableElement::Column(column) => {
                    for constraint in &column.constraints {
                        self.constraint(constraint, Some(&column.name))?;
                    }
                    for index in &column.indexes {
                        self.inline_index(index, Some(&column.name))?;
                    }
                }
                TableElement::Constraint(constraint) => self.constraint(constraint, None)?,
                TableElement::Index(index) => self.inline_index(index, None)?,
                TableElement::Period(..) => {}
            }
        }
        Ok(())
    }

    fn column(&mut self, written: &ColumnDefinition) -> Result<(), SqlError> {
        if written.sparse || written.hidden || written.generated_row_start.is_some() {
            return Err(SqlError::unsupported(
                "sparse, hidden and generated columns",
            ));
        }
        let sql = match &written.data_type {
            None => SqlType::RowVersion,
            Some(data_type) => {
                let position = self.definition.columns.len() + 1;
                sql_type(data_type, Unsized::One).map_err(|error| match error.number {
                    2715 => SqlError::cannot_find_type(position, &data_type.name.to_string())
                        .aborting(Abort::Batch),
                    _ => error,
                })?
            }
        };
        self.check_new(&written.name)?;
        let collation = self.collation(sql, written.collation.as_ref())?;
        let identity = match &written.identity {
            None => None,
            Some(identity) => Some(self.identity(written, sql, identity)?),
        };
        let is_sysname = written
            .data_type
            .as_ref()
            .is_some_and(|data_type| data_type.name.object.is("sysname"));
        let nullable = match written.nullable {
            Some(nullable) => nullable,
            None if identity.is_some() || sql == SqlType::RowVersion || is_sysname => false,
            None => !self.binder.state.settings.ansi_null_dflt_off,
        };
        if written.nullable == Some(true) {
            if identity.is_some() {
                return Err(SqlError::new(
                    8147,
                    16,
                    format!(
                        "Could not create IDENTITY attribute on nullable column '{}', table '{}'.",
                        written.name.value, self.definition.name
                    ),
                ));
            }
            self.declared_null.push(Name::new(&written.name.value));
        }
        let default = match &written.default {
            None => None,
            Some(default) => {
                Some(self.default(&written.name, default.name.as_ref(), &default.value, sql)?)
            }
        };
        self.definition.max_column_id += 1;
        self.definition.columns.push(Column {
            id: self.definition.max_column_id,
            name: Name::new(&written.name.value),
            sql_type: sql,
            nullable,
            collation,
            identity,
            default,
            computed: None,
        });
        Ok(())
    }

    fn computed(&mut self, written: &ColumnDefinition) -> Result<(), SqlError> {
        let Some(computed) = &written.computed else {
            return Ok(());
        };
        self.check_new(&written.name)?;
        let source = [self.row_source()];
        let bound = self
            .binder
            .expr(&computed.expr, &Scope::rows(&source, None))?;
        self.definition.max_column_id += 1;
        self.definition.columns.push(Column {
            id: self.definition.max_column_id,
            name: Name::new(&written.name.value),
            sql_type: bound.ty.sql,
            nullable: written.nullable.unwrap_or(bound.ty.nullable),
            collation: bound.ty.collation,
            identity: None,
            default: None,
            computed: Some(self.stored(&computed.expr)),
        });
        Ok(())
    }

    /// A DEFAULT's name and text, checked against the column's type.
    pub(super) fn default(
        &mut self,
        column: &Ident,
        name: Option<&Ident>,
        value: &Expr,
        sql: SqlType,
    ) -> Result<(Name, Arc<str>), SqlError> {
        let bound = self.binder.lone_expr(value)?;
        if !bound.ty.is_null_literal() {
            crate::types::check_implicit(bound.ty.sql, sql)?;
        }
        let name = match name {
            Some(name) => Name::new(&name.value),
            None => self.make_name("DF", Some(&column.value)),
        };
        Ok((name, self.stored(value)))
    }

    /// An expression as the catalog shows it: in parentheses, numbers in two pairs.
    pub(super) fn stored(&self, expr: &Expr) -> Arc<str> {
        let text = bare(expr.span.text(self.text));
        match expr.kind {
            ast::ExprKind::Literal(
                ast::Literal::Integer(_) | ast::Literal::Decimal(_) | ast::Literal::Float(_),
            ) => format!("(({text}))").into(),
            _ => format!("({text})").into(),
        }
    }

    pub(super) fn check_new(&self, name: &Ident) -> Result<(), SqlError> {
        let mut columns = self.definition.columns.iter();
        if columns.any(|column| same_name(column.name.as_str(), &name.value)) {
            return Err(SqlError::new(
                2705,
                16,
                format!("Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.", name.value, self.definition.name),
            )
            .aborting(Abort::Batch));
        }
        Ok(())
    }

    pub(super) fn collation(
        &self,
        sql: SqlType,
        written: Option<&Ident>,
    ) -> Result<Option<Collation>, SqlError> {
        if !sql.is_character() {
            return Ok(None);
        }
        let own = self.binder.collation();
        match written {
            None => Ok(Some(own)),
            Some(name) if name.is("database_default") => Ok(Some(own)),
            Some(name) => Collation::named(&name.value)
                .map(Some)
                .ok_or_else(|| SqlError::unknown_collation(&name.value)),
        }
    }

    fn identity(
        &self,
        written: &ColumnDefinition,
        sql: SqlType,
        identity: &ast::Identity,
    ) -> Result<Identity, SqlError> {
        let name = &written.name.value;
        let whole = matches!(
            sql,
            SqlType::TinyInt
                | SqlType::SmallInt
                | SqlType::Int
                | SqlType::BigInt
                | SqlType::Decimal { scale: 0, .. }
        );
        if !whole {
            return Err(SqlError::new(
                2749,
                16,
                format!(
                    "Identity column '{name}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable."
                ),
            ));
        }
        if self
            .definition
            .columns
            .iter()
            .any(|column| column.identity.is_some())
        {
            return Err(SqlError::new(
                2744,
                16,
                format!(
                    "Multiple identity columns specified for table '{}'. Only one identity column per table is allowed.",
                    self.definition.name
                ),
            ));
        }
        let number = |text: &str, what: &str| {
            text.replace(' ', "").parse::<i64>().map_err(|_| {
                SqlError::new(
                    2752,
                    16,
                    format!("Identity column '{name}' contains invalid {what}."),
                )
            })
        };
        let increment = number(&identity.increment, "INCREMENT")?;
        if increment == 0 {
            return Err(SqlError::new(
                2753,
                16,
                format!("Identity column '{name}' contains invalid INCREMENT."),
            ));
        }
        Ok(Identity {
            seed: number(&identity.seed, "SEED")?,
            increment,
        })
    }

    /// The position of a column (1911).
    pub(super) fn position(&self, name: &Ident) -> Result<usize, SqlError> {
        self.definition
            .columns
            .iter()
            .position(|column| same_name(column.name.as_str(), &name.value))
            .ok_or_else(|| {
                SqlError::new(
                    1911,
                    16,
                    format!(
                        "Column name '{}' does not exist in the target table or view.",
                        name.value
                    ),
                )
            })
    }

    pub(super) fn row_source(&self) -> ScopeSource {
        let columns = self
            .definition
            .columns
            .iter()
            .map(|column| ScopeColumn {
                name: column.name.shared(),
                ty: ExprType::column(
                    column.sql_type,
                    column.nullable,
                    column.collation.unwrap_or(Collation::DEFAULT),
                ),
                identity: false,
                updatable: false,
            })
            .collect();
        ScopeSource::aliased(self.definition.name.as_str(), columns)
    }

    pub(super) fn next_object(&mut self) -> ObjectId {
        self.objects += 1;
        self.content.next_object(self.objects)
    }

    pub(super) fn make_name(&self, prefix: &str, column: Option<&str>) -> Name {
        let number = self.content.next_object(self.objects + 1).0.unsigned_abs();
        let made = self.definition.columns.len() as u64;
        Name::new(&system_name(
            prefix,
            self.definition.name.as_str(),
            column,
            u64::from(number) + made,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn only_parentheses_around_everything_go() {
        let cases = [
            ("(1)", "1"),
            ("((a) + (b))", "(a) + (b)"),
            ("(a) + (b)", "(a) + (b)"),
            ("(')')", "')'"),
            ("getdate()", "getdate()"),
        ];
        for (text, expected) in cases {
            assert_eq!(bare(text), expected, "{text}");
        }
    }
}
