//! Metadata and security functions: computed from the scope, unlike the scalar functions of values.

mod argument;
mod certificate;
mod column;
mod cursor;
mod database;
mod hadr;
mod object;
mod property;
mod security;
mod server_property;
mod session;
mod table;
mod type_name;

use std::fmt;

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Scope, ViewColumn};
use crate::error::SqlError;

/// A function of metadata.
pub struct MetadataFunction {
    /// Its name in lower case.
    pub name: &'static str,
    /// The least number of arguments.
    pub least: usize,
    /// The most.
    pub most: usize,
    /// The type of its result.
    pub result: SqlType,
    /// Whether the result can be NULL.
    pub nullable: bool,
    /// Computes it. The arguments can be of any type.
    pub eval: fn(&Scope<'_>, &[Value]) -> Result<Value, SqlError>,
}

/// A function that yields rows.
pub struct TableFunction {
    /// Its schema.
    pub schema: &'static str,
    /// Its name in lower case.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [ViewColumn],
    /// The least number of arguments.
    pub least: usize,
    /// The most.
    pub most: usize,
    /// Makes the rows.
    pub rows: fn(&Scope<'_>, &[Value]) -> Result<Vec<Row>, SqlError>,
}

/// The metadata function of this name, in any case.
pub fn find(name: &str) -> Option<&'static MetadataFunction> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Every metadata function.
pub fn all() -> impl Iterator<Item = &'static MetadataFunction> {
    let families: [&'static [MetadataFunction]; 11] = [
        database::FUNCTIONS,
        object::FUNCTIONS,
        column::FUNCTIONS,
        cursor::FUNCTIONS,
        type_name::FUNCTIONS,
        property::FUNCTIONS,
        server_property::FUNCTIONS,
        security::FUNCTIONS,
        session::FUNCTIONS,
        certificate::FUNCTIONS,
        hadr::FUNCTIONS,
    ];
    families.into_iter().flatten()
}

/// The table function of this schema and name, in any case. An empty schema is none.
pub fn find_table(schema: &str, name: &str) -> Option<&'static TableFunction> {
    table::FUNCTIONS.iter().find(|function| {
        // The functions of `sys` that begin with `fn_` need no schema.
        let in_schema = function.schema.eq_ignore_ascii_case(schema)
            || function.name.starts_with("fn_") && schema.is_empty();
        in_schema && function.name.eq_ignore_ascii_case(name)
    })
}

impl fmt::Debug for MetadataFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for TableFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

type Eval = fn(&Scope<'_>, &[Value]) -> Result<Value, SqlError>;

/// A function whose result can be NULL.
const fn function(
    name: &'static str,
    arguments: (usize, usize),
    result: SqlType,
    eval: Eval,
) -> MetadataFunction {
    MetadataFunction {
        name,
        least: arguments.0,
        most: arguments.1,
        result,
        nullable: true,
        eval,
    }
}

/// Every table function.
pub fn table_functions() -> impl Iterator<Item = &'static TableFunction> {
    table::FUNCTIONS.iter()
}

pub(crate) use object::{find_object, split_name};
pub(in crate::catalog) use server_property::release_of;

#[cfg(test)]
mod tests;
