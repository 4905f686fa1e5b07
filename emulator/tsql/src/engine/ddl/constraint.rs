//! Keys, checks and foreign keys of a table that is being defined.

use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{CheckConstraint, ForeignKey, Key, TableDefinition};

use super::definition::{Builder, bare};
use crate::ast::{
    self, ConstraintKind, Ident, IndexColumn, KeyConstraint, ReferentialAction, TableConstraint,
};
use crate::engine::bind::Scope;
use crate::engine::same_name;
use crate::error::SqlError;

impl Builder<'_, '_> {
    pub(super) fn constraint(
        &mut self,
        constraint: &TableConstraint,
        column: Option<&Ident>,
    ) -> Result<(), SqlError> {
        let name = constraint.name.as_ref();
        match &constraint.kind {
            ConstraintKind::PrimaryKey(key) => self.key(name, key, column, true),
            ConstraintKind::Unique(key) => self.key(name, key, column, false),
            ConstraintKind::Check { condition, .. } => {
                let source = [self.row_source()];
                let bound = self
                    .binder
                    .predicate(condition, &Scope::rows(&source, None))?;
                drop(bound);
                let name = match name {
                    Some(name) => Name::new(&name.value),
                    None => self.make_name("CK", column.map(|c| c.value.as_str()).or(Some(""))),
                };
                let object = self.next_object();
                let text = format!("({})", bare(condition.span.text(self.text))).into();
                self.definition
                    .checks
                    .push(CheckConstraint { object, name, text });
                Ok(())
            }
            ConstraintKind::ForeignKey {
                columns,
                table,
                referenced,
                on_delete,
                on_update,
                ..
            } => {
                let own: Vec<Ident> = if columns.is_empty() {
                    column.into_iter().cloned().collect()
                } else {
                    columns.clone()
                };
                self.foreign_key(name, &own, table, referenced, *on_delete, *on_update)
            }
            ConstraintKind::Default {
                value,
                column,
                with_values: _,
            } => {
                let at = self.position(column)?;
                if self.definition.columns[at].default.is_some() {
                    return Err(SqlError::new(
                        1781,
                        16,
                        "Column already has a DEFAULT bound to it.",
                    ));
                }
                let sql = self.definition.columns[at].sql_type;
                let default = self.default(column, name, value, sql)?;
                self.definition.columns[at].default = Some(default);
                Ok(())
            }
        }
    }

    fn key(
        &mut self,
        name: Option<&Ident>,
        key: &KeyConstraint,
        column: Option<&Ident>,
        primary: bool,
    ) -> Result<(), SqlError> {
        if primary && self.definition.keys.iter().any(|key| key.primary) {
            return Err(SqlError::new(
                8110,
                16,
                format!(
                    "Cannot add multiple PRIMARY KEY constraints to table '{}'.",
                    self.definition.name
                ),
            ));
        }
        let columns = self.key_columns(&key.columns, column)?;
        if primary {
            for (at, _) in &columns {
                let column = &mut self.definition.columns[*at];
                if self.declared_null.contains(&column.name) {
                    return Err(SqlError::new(
                        8111,
                        16,
                        format!(
                            "Cannot define PRIMARY KEY constraint on nullable column in table '{}'.",
                            self.definition.name
                        ),
                    ));
                }
                column.nullable = false;
            }
        }
        let has_clustered = self.definition.keys.iter().any(|key| key.clustered)
            || self.definition.indexes.iter().any(|index| index.clustered);
        let clustered = key.clustered.unwrap_or(primary && !has_clustered);
        if clustered && has_clustered {
            return Err(SqlError::new(
                8112,
                16,
                format!(
                    "Cannot add more than one clustered index for constraints on table '{}'.",
                    self.definition.name
                ),
            ));
        }
        let name = match name {
            Some(name) => Name::new(&name.value),
            None => self.make_name(if primary { "PK" } else { "UQ" }, None),
        };
        let object = self.next_object();
        self.definition.keys.push(Key {
            object: Some(object),
            name,
            primary,
            constraint: true,
            clustered,
            columns,
        });
        Ok(())
    }

    pub(super) fn key_columns(
        &self,
        written: &[IndexColumn],
        column: Option<&Ident>,
    ) -> Result<Vec<(usize, bool)>, SqlError> {
        if let (true, Some(column)) = (written.is_empty(), column) {
            return Ok(vec![(self.position(column)?, false)]);
        }
        let mut columns: Vec<(usize, bool)> = Vec::with_capacity(written.len());
        for part in written {
            let at = self.position(&part.name)?;
            if columns.iter().any(|(other, _)| *other == at) {
                return Err(SqlError::new(
                    1909,
                    16,
                    format!(
                        "Cannot use duplicate column names in index. Column name '{}' listed more than once.",
                        part.name.value
                    ),
                ));
            }
            let large = crate::types::is_large(self.definition.columns[at].sql_type);
            if large || self.definition.columns[at].sql_type == SqlType::Xml {
                return Err(SqlError::new(
                    1919,
                    16,
                    format!(
                        "Column '{}' in table '{}' is of a type that is invalid for use as a key column in an index.",
                        part.name.value, self.definition.name
                    ),
                ));
            }
            columns.push((at, part.descending));
        }
        Ok(columns)
    }

    pub(super) fn foreign_key(
        &mut self,
        name: Option<&Ident>,
        columns: &[Ident],
        table: &ast::ObjectName,
        referenced: &[Ident],
        on_delete: ReferentialAction,
        on_update: ReferentialAction,
    ) -> Result<(), SqlError> {
        if on_update != ReferentialAction::NoAction
            || matches!(
                on_delete,
                ReferentialAction::SetNull | ReferentialAction::SetDefault
            )
        {
            return Err(SqlError::unsupported(
                "foreign keys with ON UPDATE, SET NULL or SET DEFAULT",
            ));
        }
        let key_name = match name {
            Some(name) => Name::new(&name.value),
            None => self.make_name("FK", columns.first().map(|column| column.value.as_str())),
        };
        let schema = Name::new(table.schema.as_ref().map_or("dbo", |schema| &schema.value));
        let object = Name::new(&table.object.value);
        let is_self = schema == self.definition.schema && object == self.definition.name;
        let parent = if is_self {
            self.definition.clone()
        } else {
            let found = self.content.table(&schema, &object);
            let found = found.ok_or_else(|| {
                SqlError::new(
                    1767,
                    16,
                    format!("Foreign key '{key_name}' references invalid table '{table}'."),
                )
            })?;
            (*found.definition).clone()
        };
        let position = |names: &TableDefinition, column: &Ident| {
            names
                .columns
                .iter()
                .position(|known| same_name(known.name.as_str(), &column.value))
                .ok_or_else(|| {
                    SqlError::new(
                        1770,
                        16,
                        format!("Foreign key '{key_name}' references invalid column '{}' in referenced table '{}'.", column.value, names.name),
                    )
                })
        };
        let own = columns
            .iter()
            .map(|column| self.position(column))
            .collect::<Result<Vec<_>, _>>()?;
        let referenced = if referenced.is_empty() {
            parent
                .keys
                .iter()
                .find(|key| key.primary)
                .map(|key| key.columns.iter().map(|part| part.0).collect::<Vec<_>>())
                .ok_or_else(|| {
                    SqlError::new(
                        1773,
                        16,
                        format!("Foreign key '{key_name}' has implicit reference to object '{table}' which does not have a primary key defined on it."),
                    )
                })?
        } else {
            referenced
                .iter()
                .map(|column| position(&parent, column))
                .collect::<Result<Vec<_>, _>>()?
        };
        let is_key = parent.keys.iter().any(|key| {
            key.columns.len() == referenced.len()
                && key.columns.iter().all(|part| referenced.contains(&part.0))
        });
        if !is_key || own.len() != referenced.len() {
            return Err(SqlError::new(
                1776,
                16,
                format!(
                    "There are no primary or candidate keys in the referenced table '{table}' that match the referencing column list in the foreign key '{key_name}'."
                ),
            ));
        }
        for (own, theirs) in own.iter().zip(&referenced) {
            let own = &self.definition.columns[*own];
            let theirs = &parent.columns[*theirs];
            if own.sql_type.name() != theirs.sql_type.name() {
                return Err(SqlError::new(
                    1778,
                    16,
                    format!(
                        "Column '{}.{}' is not the same data type as referencing column '{}.{}' in foreign key '{key_name}'.",
                        parent.name, theirs.name, self.definition.name, own.name
                    ),
                ));
            }
        }
        let object = self.next_object();
        self.definition.foreign_keys.push(ForeignKey {
            object,
            name: key_name,
            columns: own,
            references: parent.object,
            referenced,
            cascade_delete: on_delete == ReferentialAction::Cascade,
        });
        Ok(())
    }
}
