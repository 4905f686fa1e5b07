//! Indexes of a table that is being defined.

use milink_core::names::Name;
use milink_core::store::{Index, Key};

use super::definition::Builder;
use crate::ast::{self, Ident};
use crate::error::SqlError;

impl Builder<'_, '_> {
    pub(super) fn inline_index(
        &mut self,
        index: &ast::InlineIndex,
        column: Option<&Ident>,
    ) -> Result<(), SqlError> {
        if index.columnstore {
            return Err(SqlError::unsupported("columnstore indexes"));
        }
        if index.filter.is_some() {
            return Err(SqlError::unsupported("filtered indexes"));
        }
        let columns = self.key_columns(&index.columns, column)?;
        let included = index
            .include
            .iter()
            .map(|column| self.position(column))
            .collect::<Result<Vec<_>, _>>()?;
        self.add_index(
            &index.name,
            index.unique,
            index.clustered.unwrap_or(false),
            columns,
            included,
        )
    }

    pub(super) fn add_index(
        &mut self,
        name: &Ident,
        unique: bool,
        clustered: bool,
        columns: Vec<(usize, bool)>,
        included: Vec<usize>,
    ) -> Result<(), SqlError> {
        let definition = &mut self.definition;
        let taken = definition.keys.iter().any(|key| key.name.is(&name.value))
            || definition
                .indexes
                .iter()
                .any(|index| index.name.is(&name.value));
        if taken {
            return Err(SqlError::new(
                1913,
                16,
                format!(
                    "The operation failed because an index or statistics with name '{}' already exists on table '{}.{}'.",
                    name.value, definition.schema, definition.name
                ),
            ));
        }
        if clustered
            && let Some(other) = definition
                .keys
                .iter()
                .filter(|key| key.clustered)
                .map(|key| &key.name)
                .chain(
                    definition
                        .indexes
                        .iter()
                        .filter(|i| i.clustered)
                        .map(|i| &i.name),
                )
                .next()
        {
            return Err(SqlError::new(
                1902,
                16,
                format!(
                    "Cannot create more than one clustered index on table '{}.{}'. Drop the existing clustered index '{other}' before creating another.",
                    definition.schema, definition.name
                ),
            ));
        }
        let name = Name::new(&name.value);
        if unique {
            definition.keys.push(Key {
                object: None,
                name,
                primary: false,
                constraint: false,
                clustered,
                columns,
            });
        } else {
            definition.indexes.push(Index {
                name,
                clustered,
                columns,
                included,
            });
        }
        Ok(())
    }
}
