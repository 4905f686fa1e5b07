//! The catalog procedures that ODBC, OLE DB and JDBC drivers call for their metadata functions.

mod odbc_type;
mod sp_columns;
mod sp_fkeys;
mod sp_pkeys;
mod sp_special_columns;
mod sp_sproc_columns;
mod sp_statistics;
mod sp_stored_procedures;
mod sp_table_privileges;
mod sp_tables;

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;
use milink_core::store::{Content, Table};

use super::{Parameter, Procedure, optional};
use crate::catalog::Scope;
use crate::catalog::column::{NAME, ViewColumn, col, req};
use crate::error::SqlError;
use crate::types::LikePattern;

/// The procedures of this family.
pub(super) const PROCEDURES: &[Procedure] = &[
    sp_columns::PROCEDURE,
    sp_columns::PROCEDURE_100,
    sp_fkeys::PROCEDURE,
    sp_pkeys::PROCEDURE,
    sp_special_columns::PROCEDURE,
    sp_special_columns::PROCEDURE_100,
    sp_sproc_columns::PROCEDURE,
    sp_sproc_columns::PROCEDURE_100,
    sp_statistics::PROCEDURE,
    sp_statistics::PROCEDURE_100,
    sp_stored_procedures::PROCEDURE,
    sp_table_privileges::PROCEDURE,
    sp_table_privileges::OF_COLUMNS,
    sp_tables::PROCEDURE,
];

/// The three columns that name a table.
const TABLE: [ViewColumn; 3] = [
    col("TABLE_QUALIFIER", NAME),
    col("TABLE_OWNER", NAME),
    req("TABLE_NAME", NAME),
];

/// A name argument: `nvarchar(384)`, as the drivers escape patterns in it.
const fn name(of: &'static str) -> Parameter {
    optional(of, SqlType::nvarchar(384))
}

/// Which names an argument asks for.
enum Wanted {
    All,
    Name(String),
    Pattern(LikePattern),
}

impl Wanted {
    /// No argument asks for everything. A pattern has `%`, `_` and `\` as its escape.
    fn of(argument: Option<&str>, patterns: bool) -> Result<Self, SqlError> {
        Ok(match argument {
            None => Self::All,
            Some(text) if patterns && text.contains(['%', '_', '[']) => Self::Pattern(
                LikePattern::new(text, Some("\\"), Collation::DEFAULT, true)?,
            ),
            Some(text) => Self::Name(text.replace('\\', "")),
        })
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            Self::Pattern(pattern) => pattern.matches(name),
        }
    }
}

/// Refuses the name of another database (15250).
fn check_qualifier(scope: &Scope<'_>, qualifier: Option<&str>) -> Result<(), SqlError> {
    match qualifier {
        Some(name) if !name.is_empty() && !scope.database.name.is(name) => Err(SqlError::new(
            15250,
            16,
            "The database name component of the object qualifier must be the name of the current database.",
        )),
        _ => Ok(()),
    }
}

/// The table of a name and an owner, which is `dbo` if none is given.
fn table(content: &Content, name: Option<&str>, owner: Option<&str>) -> Option<Arc<Table>> {
    let owner = owner.filter(|owner| !owner.is_empty()).unwrap_or("dbo");
    content.table(&owner.into(), &name?.into()).cloned()
}
