//! Columns of system views and functions.

use milink_core::sql_type::{Length, SqlType};

use super::Since;

/// A column of a system view.
#[derive(Clone, Copy, Debug)]
pub struct ViewColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// The instances that show it.
    pub since: Since,
}

/// A column that can be NULL.
pub(crate) const fn col(name: &'static str, sql_type: SqlType) -> ViewColumn {
    ViewColumn {
        name,
        sql_type,
        nullable: true,
        since: Since::ALWAYS,
    }
}

/// A column that is never NULL.
pub(crate) const fn req(name: &'static str, sql_type: SqlType) -> ViewColumn {
    ViewColumn {
        nullable: false,
        ..col(name, sql_type)
    }
}

impl ViewColumn {
    /// The same, on fewer instances.
    pub(crate) const fn since(mut self, since: Since) -> Self {
        self.since = since;
        self
    }
}

pub(crate) const BIT: SqlType = SqlType::Bit;
pub(crate) const TINYINT: SqlType = SqlType::TinyInt;
pub(crate) const SMALLINT: SqlType = SqlType::SmallInt;
pub(crate) const INT: SqlType = SqlType::Int;
pub(crate) const BIGINT: SqlType = SqlType::BigInt;
pub(crate) const REAL: SqlType = SqlType::Real;
pub(crate) const GUID: SqlType = SqlType::UniqueIdentifier;
pub(crate) const DATETIME: SqlType = SqlType::DateTime;
pub(crate) const VARIANT: SqlType = SqlType::SqlVariant;
/// `sysname`.
pub(crate) const NAME: SqlType = SqlType::SYSNAME;
/// What every description is.
pub(crate) const DESC: SqlType = nvarchar(60);
/// A log sequence number.
pub(crate) const LSN: SqlType = SqlType::numeric(25, 0);
/// A security identifier.
pub(crate) const SID: SqlType = SqlType::varbinary(85);
pub(crate) const NVARCHAR_MAX: SqlType = SqlType::NVarChar(Length::Max);
pub(crate) const VARBINARY_MAX: SqlType = SqlType::VarBinary(Length::Max);

pub(crate) const fn nvarchar(length: u16) -> SqlType {
    SqlType::nvarchar(length)
}

pub(crate) const fn varchar(length: u16) -> SqlType {
    SqlType::varchar(length)
}

pub(crate) const fn varbinary(length: u16) -> SqlType {
    SqlType::varbinary(length)
}

pub(crate) const fn character(length: u16) -> SqlType {
    SqlType::Char(length)
}

/// `nchar(3)`, in which date orders are written.
pub(crate) const NCHAR_3: SqlType = SqlType::NChar(3);

/// Two lists of columns as one.
pub(crate) const fn join<const A: usize, const B: usize, const N: usize>(
    first: [ViewColumn; A],
    second: [ViewColumn; B],
) -> [ViewColumn; N] {
    assert!(N == A + B);
    let mut all = [col("", INT); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < A { first[at] } else { second[at - A] };
        at += 1;
    }
    all
}
