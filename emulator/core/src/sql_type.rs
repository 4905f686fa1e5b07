//! SQL types with their lengths, precisions and scales.
//!
//! Knows the names and sizes; converting and computing belong to the T-SQL engine.

use std::fmt;

/// A SQL type as a column, a variable or an expression has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the names of the SQL types")]
pub enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    /// `decimal(p,s)`; `numeric` is the same type under another name on the wire.
    Decimal {
        precision: u8,
        scale: u8,
        numeric: bool,
    },
    Money,
    SmallMoney,
    Real,
    Float,
    DateTime,
    SmallDateTime,
    Date,
    /// Fractional digits, 0 to 7.
    Time(u8),
    DateTime2(u8),
    DateTimeOffset(u8),
    /// Length in bytes, 1 to 8000.
    Char(u16),
    VarChar(Length),
    /// Length in UTF-16 units, 1 to 4000.
    NChar(u16),
    NVarChar(Length),
    Binary(u16),
    VarBinary(Length),
    Text,
    NText,
    Image,
    UniqueIdentifier,
    Xml,
    SqlVariant,
    /// `rowversion`, also called `timestamp`.
    RowVersion,
}

/// The length of a variable type: bytes for `varchar` and `varbinary`, UTF-16 units for `nvarchar`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Length {
    /// A bound, at least 1.
    Limited(u16),
    /// `(max)`.
    Max,
}

impl SqlType {
    /// `sysname`: what object names are.
    pub const SYSNAME: Self = Self::NVarChar(Length::Limited(128));

    /// `nvarchar(n)`.
    pub const fn nvarchar(length: u16) -> Self {
        Self::NVarChar(Length::Limited(length))
    }

    /// `varchar(n)`.
    pub const fn varchar(length: u16) -> Self {
        Self::VarChar(Length::Limited(length))
    }

    /// `varbinary(n)`.
    pub const fn varbinary(length: u16) -> Self {
        Self::VarBinary(Length::Limited(length))
    }

    /// `decimal(p,s)`.
    pub const fn decimal(precision: u8, scale: u8) -> Self {
        Self::Decimal {
            precision,
            scale,
            numeric: false,
        }
    }

    /// `numeric(p,s)`.
    pub const fn numeric(precision: u8, scale: u8) -> Self {
        Self::Decimal {
            precision,
            scale,
            numeric: true,
        }
    }

    /// The bare name, as `sys.types` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Decimal { numeric: false, .. } => "decimal",
            Self::Decimal { numeric: true, .. } => "numeric",
            Self::Money => "money",
            Self::SmallMoney => "smallmoney",
            Self::Real => "real",
            Self::Float => "float",
            Self::DateTime => "datetime",
            Self::SmallDateTime => "smalldatetime",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::DateTime2(_) => "datetime2",
            Self::DateTimeOffset(_) => "datetimeoffset",
            Self::Char(_) => "char",
            Self::VarChar(_) => "varchar",
            Self::NChar(_) => "nchar",
            Self::NVarChar(_) => "nvarchar",
            Self::Binary(_) => "binary",
            Self::VarBinary(_) => "varbinary",
            Self::Text => "text",
            Self::NText => "ntext",
            Self::Image => "image",
            Self::UniqueIdentifier => "uniqueidentifier",
            Self::Xml => "xml",
            Self::SqlVariant => "sql_variant",
            Self::RowVersion => "timestamp",
        }
    }

    /// Whether values of the type are text with a collation.
    pub const fn is_character(self) -> bool {
        matches!(
            self,
            Self::Char(_)
                | Self::VarChar(_)
                | Self::NChar(_)
                | Self::NVarChar(_)
                | Self::Text
                | Self::NText
        )
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Decimal {
                precision, scale, ..
            } => write!(f, "{name}({precision},{scale})"),
            Self::Time(scale) | Self::DateTime2(scale) | Self::DateTimeOffset(scale) => {
                write!(f, "{name}({scale})")
            }
            Self::Char(length) | Self::NChar(length) | Self::Binary(length) => {
                write!(f, "{name}({length})")
            }
            Self::VarChar(length) | Self::NVarChar(length) | Self::VarBinary(length) => {
                match length {
                    Length::Limited(length) => write!(f, "{name}({length})"),
                    Length::Max => write!(f, "{name}(max)"),
                }
            }
            _ => f.write_str(name),
        }
    }
}
