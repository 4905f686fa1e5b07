//! Data types as they are written.

use milink_core::sql_type::{Length, SqlType};

use crate::ast::{DataType, TypeParam};
use crate::error::{Abort, SqlError};

/// The length of a string or binary type that is written without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsized {
    /// In CAST and CONVERT.
    Thirty,
    /// In DECLARE, columns and parameters.
    One,
}

/// The type that a name and its parameters mean.
pub(crate) fn sql_type(written: &DataType, unsized_length: Unsized) -> Result<SqlType, SqlError> {
    let name = written.name.object.value.to_ascii_lowercase();
    let system = written
        .name
        .schema
        .as_ref()
        .is_none_or(|schema| schema.is("sys") || schema.is("dbo"));
    if !system || written.name.database.is_some() {
        return Err(unknown(written));
    }
    let params = &written.params;
    let plain = |sql: SqlType| {
        if params.is_empty() {
            Ok(sql)
        } else {
            Err(SqlError::new(
                2716,
                16,
                format!("Column, parameter, or variable #1: Cannot specify a column width on data type {name}."),
            )
            .aborting(Abort::Batch))
        }
    };
    let default_length = if unsized_length == Unsized::Thirty {
        30
    } else {
        1
    };
    let limited = |cap: u16| -> Result<u16, SqlError> {
        match params.as_slice() {
            [] => Ok(default_length),
            [TypeParam::Number(n)] if *n >= 1 && *n <= u64::from(cap) => Ok(*n as u16),
            [TypeParam::Number(0)] => Err(bad_size(
                "Length or precision specification 0 is invalid.",
                1001,
            )),
            [TypeParam::Number(n)] => Err(bad_size(
                &format!(
                    "The size ({n}) given to the type '{name}' exceeds the maximum allowed ({cap})."
                ),
                131,
            )),
            _ => Err(SqlError::incorrect_syntax(&name)),
        }
    };
    let variable = |cap: u16| -> Result<Length, SqlError> {
        match params.as_slice() {
            [TypeParam::Max] => Ok(Length::Max),
            _ => limited(cap).map(Length::Limited),
        }
    };
    let scale = || -> Result<u8, SqlError> {
        match params.as_slice() {
            [] => Ok(7),
            [TypeParam::Number(n)] if *n <= 7 => Ok(*n as u8),
            [TypeParam::Number(n)] => {
                Err(bad_size(&format!("Specified scale {n} is invalid."), 1002))
            }
            _ => Err(SqlError::incorrect_syntax(&name)),
        }
    };
    Ok(match name.as_str() {
        "bit" => plain(SqlType::Bit)?,
        "tinyint" => plain(SqlType::TinyInt)?,
        "smallint" => plain(SqlType::SmallInt)?,
        "int" | "integer" => plain(SqlType::Int)?,
        "bigint" => plain(SqlType::BigInt)?,
        "decimal" | "dec" | "numeric" => {
            let (precision, scale) = match params.as_slice() {
                [] => (18, 0),
                [TypeParam::Number(p)] => (*p, 0),
                [TypeParam::Number(p), TypeParam::Number(s)] => (*p, *s),
                _ => return Err(SqlError::incorrect_syntax(&name)),
            };
            if precision == 0 {
                return Err(bad_size(
                    "Length or precision specification 0 is invalid.",
                    1001,
                ));
            }
            if precision > 38 {
                return Err(bad_size(
                    &format!(
                        "Column or parameter #1: Specified column precision {precision} is greater than the maximum precision of 38."
                    ),
                    2750,
                ));
            }
            if scale > precision {
                return Err(bad_size(
                    &format!(
                        "The scale ({scale}) for column '' must be within the range 0 to {precision}."
                    ),
                    192,
                ));
            }
            SqlType::Decimal {
                precision: precision as u8,
                scale: scale as u8,
                numeric: name == "numeric",
            }
        }
        "money" => plain(SqlType::Money)?,
        "smallmoney" => plain(SqlType::SmallMoney)?,
        "real" => plain(SqlType::Real)?,
        "float" => match params.as_slice() {
            [] => SqlType::Float,
            [TypeParam::Number(1..=24)] => SqlType::Real,
            [TypeParam::Number(25..=53)] => SqlType::Float,
            _ => {
                return Err(bad_size(
                    "Column or parameter #1: Specified column precision is greater than the maximum precision of 53.",
                    2750,
                ));
            }
        },
        "datetime" => plain(SqlType::DateTime)?,
        "smalldatetime" => plain(SqlType::SmallDateTime)?,
        "date" => plain(SqlType::Date)?,
        "time" => SqlType::Time(scale()?),
        "datetime2" => SqlType::DateTime2(scale()?),
        "datetimeoffset" => SqlType::DateTimeOffset(scale()?),
        "char" | "character" => SqlType::Char(limited(8000)?),
        "varchar" => SqlType::VarChar(variable(8000)?),
        "nchar" => SqlType::NChar(limited(4000)?),
        "nvarchar" => SqlType::NVarChar(variable(4000)?),
        "binary" => SqlType::Binary(limited(8000)?),
        "varbinary" => SqlType::VarBinary(variable(8000)?),
        "text" => plain(SqlType::Text)?,
        "ntext" => plain(SqlType::NText)?,
        "image" => plain(SqlType::Image)?,
        "uniqueidentifier" => plain(SqlType::UniqueIdentifier)?,
        "xml" => match params.as_slice() {
            [] => SqlType::Xml,
            _ => return Err(SqlError::unsupported("XML schema collections")),
        },
        "sql_variant" => plain(SqlType::SqlVariant)?,
        "rowversion" | "timestamp" => plain(SqlType::RowVersion)?,
        "sysname" => plain(SqlType::SYSNAME)?,
        "hierarchyid" | "geography" | "geometry" | "json" | "vector" | "cursor" => {
            return Err(SqlError::unsupported(format!("the data type {name}")));
        }
        _ => return Err(unknown(written)),
    })
}

fn unknown(written: &DataType) -> SqlError {
    SqlError::cannot_find_type(1, &written.name.to_string()).aborting(Abort::Batch)
}

fn bad_size(message: &str, number: i32) -> SqlError {
    SqlError::new(number, 15, message)
}
