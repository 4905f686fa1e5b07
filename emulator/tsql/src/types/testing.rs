//! Values from text, and text from values, for tables of cases.

use data_encoding::HEXUPPER;
use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::{
    DateSettings, ExprType, binary_literal, convert, number_literal, string_literal, to_display,
};
use crate::error::SqlError;

/// `'x'`, `N'x'`, `0x41`, `12`, `2.5`, `1e3`, `$1`, or one of these `::type`.
pub(crate) fn source(text: &str) -> (Value, ExprType) {
    if text == "null" {
        return (Value::Null, ExprType::NULL);
    }
    if let Some((inner, ty)) = text.rsplit_once("::") {
        let (value, from) = source(inner);
        let to = ExprType::new(named(ty));
        let value = convert(&value, &from, &to, None, &DateSettings::default())
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        return (value, to);
    }
    if let Some(quoted) = text.strip_prefix("N'") {
        return string_literal(quoted.trim_end_matches('\''), true, Collation::DEFAULT);
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        return string_literal(quoted.trim_end_matches('\''), false, Collation::DEFAULT);
    }
    if text.starts_with("0x") {
        return binary_literal(text).unwrap();
    }
    if let Some(positive) = text.strip_prefix('-') {
        let (value, ty) = source(positive);
        let value = match value {
            Value::Int(n) => Value::Int(-n),
            Value::Float(n) => Value::Float(-n),
            Value::Money(n) => Value::Money(-n),
            Value::Decimal(mut n) => {
                n.units = -n.units;
                Value::Decimal(n)
            }
            other => other,
        };
        return (value, ty);
    }
    number_literal(text).unwrap()
}

/// A type by its name; `varcharmax` and the like are `(max)`.
pub(crate) fn named(text: &str) -> SqlType {
    let (name, argument) = text.split_once('(').unwrap_or((text, ""));
    let mut numbers = argument
        .trim_end_matches(')')
        .split(',')
        .filter_map(|n| n.parse::<u16>().ok());
    let mut next = |default| numbers.next().unwrap_or(default);
    match name {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "money" => SqlType::Money,
        "smallmoney" => SqlType::SmallMoney,
        "real" => SqlType::Real,
        "float" => SqlType::Float,
        "decimal" => SqlType::decimal(next(18) as u8, next(0) as u8),
        "datetime" => SqlType::DateTime,
        "smalldatetime" => SqlType::SmallDateTime,
        "date" => SqlType::Date,
        "time" => SqlType::Time(next(7) as u8),
        "datetime2" => SqlType::DateTime2(next(7) as u8),
        "datetimeoffset" => SqlType::DateTimeOffset(next(7) as u8),
        "char" => SqlType::Char(next(30)),
        "nchar" => SqlType::NChar(next(30)),
        "varchar" => SqlType::varchar(next(30)),
        "nvarchar" => SqlType::nvarchar(next(30)),
        "nvarcharmax" => SqlType::NVarChar(Length::Max),
        "ntext" => SqlType::NText,
        "varcharmax" => SqlType::VarChar(Length::Max),
        "binary" => SqlType::Binary(next(30)),
        "varbinary" => SqlType::varbinary(next(30)),
        "guid" => SqlType::UniqueIdentifier,
        "variant" => SqlType::SqlVariant,
        "xml" => SqlType::Xml,
        "rowversion" => SqlType::RowVersion,
        "text" => SqlType::Text,
        other => panic!("no type {other}"),
    }
}

/// A result as tables of cases write it: text, `NULL`, `0x..`, or an error with its number.
pub(crate) fn shown(result: &Result<Value, SqlError>, ty: &ExprType) -> String {
    match result {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Bytes(bytes)) => format!("0x{}", HEXUPPER.encode(bytes)),
        Ok(Value::Variant(inner)) => format!(
            "{} {}",
            inner.0,
            shown(&Ok(inner.1.clone()), &ExprType::new(inner.0))
        ),
        Ok(Value::Money(_)) => {
            let to = ExprType::new(SqlType::varchar(40));
            let value = result.clone().unwrap_or(Value::Null);
            match convert(&value, ty, &to, Some(2), &DateSettings::default()) {
                Ok(Value::Str(text)) => text.to_string(),
                other => panic!("money prints as {other:?}"),
            }
        }
        Ok(value) => to_display(value, ty),
        Err(error) => format!("{} {}", error.number, error.message),
    }
}
