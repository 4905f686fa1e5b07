//! Which of two types wins, and which conversions exist.
//!
//! Documentation: "Data type precedence" and the conversion chart of "CAST and CONVERT".

use milink_core::sql_type::SqlType;

use super::expr_type::is_large;
use crate::error::{SqlError, shown_type};

/// Whether a conversion happens by itself, has to be written out, or does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convertibility {
    /// Happens by itself.
    Implicit,
    /// Only with CAST or CONVERT.
    Explicit,
    /// Not at all.
    Forbidden,
}

/// Types that follow the same conversion rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `bit` and the integers.
    Integer,
    /// `decimal` and `numeric`.
    Decimal,
    /// `money` and `smallmoney`.
    Money,
    /// `real` and `float`.
    Float,
    /// `datetime` and `smalldatetime`, which count as numbers.
    OldDateTime,
    /// `date`, `time`, `datetime2`, `datetimeoffset`, which do not.
    NewDateTime,
    /// `char`, `varchar`, `nchar`, `nvarchar`.
    Text,
    /// `text` and `ntext`.
    LargeText,
    /// `binary` and `varbinary`.
    Binary,
    /// `image`.
    Image,
    /// `uniqueidentifier`.
    Guid,
    /// `xml`.
    Xml,
    /// `sql_variant`.
    Variant,
    /// `rowversion`.
    RowVersion,
}

/// The family of a type.
pub fn family(sql: SqlType) -> Family {
    match sql {
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            Family::Integer
        }
        SqlType::Decimal { .. } => Family::Decimal,
        SqlType::Money | SqlType::SmallMoney => Family::Money,
        SqlType::Real | SqlType::Float => Family::Float,
        SqlType::DateTime | SqlType::SmallDateTime => Family::OldDateTime,
        SqlType::Date | SqlType::Time(_) | SqlType::DateTime2(_) | SqlType::DateTimeOffset(_) => {
            Family::NewDateTime
        }
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
            Family::Text
        }
        SqlType::Text | SqlType::NText => Family::LargeText,
        SqlType::Binary(_) | SqlType::VarBinary(_) => Family::Binary,
        SqlType::Image => Family::Image,
        SqlType::UniqueIdentifier => Family::Guid,
        SqlType::Xml => Family::Xml,
        SqlType::SqlVariant => Family::Variant,
        SqlType::RowVersion => Family::RowVersion,
    }
}

/// The rank of a type; of two operands the lower-ranked one is converted.
pub fn rank(sql: SqlType) -> u8 {
    match sql {
        SqlType::SqlVariant => 30,
        SqlType::Xml => 29,
        SqlType::DateTimeOffset(_) => 28,
        SqlType::DateTime2(_) => 27,
        SqlType::DateTime => 26,
        SqlType::SmallDateTime => 25,
        SqlType::Date => 24,
        SqlType::Time(_) => 23,
        SqlType::Float => 22,
        SqlType::Real => 21,
        SqlType::Decimal { .. } => 20,
        SqlType::Money => 19,
        SqlType::SmallMoney => 18,
        SqlType::BigInt => 17,
        SqlType::Int => 16,
        SqlType::SmallInt => 15,
        SqlType::TinyInt => 14,
        SqlType::Bit => 13,
        SqlType::NText => 12,
        SqlType::Text => 11,
        SqlType::Image => 10,
        SqlType::RowVersion => 9,
        SqlType::UniqueIdentifier => 8,
        SqlType::NVarChar(_) => 7,
        SqlType::NChar(_) => 6,
        SqlType::VarChar(_) => 5,
        SqlType::Char(_) => 4,
        SqlType::VarBinary(_) => 3,
        SqlType::Binary(_) => 2,
    }
}

/// Whether and how values of one type become values of another.
pub fn convertibility(from: SqlType, to: SqlType) -> Convertibility {
    use Convertibility::{Explicit, Forbidden, Implicit};
    use Family as F;
    let (source, target) = (family(from), family(to));
    if source == target && source != F::NewDateTime {
        return Implicit;
    }
    let number = |f: F| matches!(f, F::Integer | F::Decimal | F::Money | F::Float);
    match (source, target) {
        // date and time share nothing; all other date pairs do.
        (F::NewDateTime, F::NewDateTime) => match (from, to) {
            (SqlType::Date, SqlType::Time(_)) | (SqlType::Time(_), SqlType::Date) => Forbidden,
            _ => Implicit,
        },
        (F::OldDateTime, F::NewDateTime) | (F::NewDateTime, F::OldDateTime) => Implicit,

        (F::Variant, F::LargeText | F::Image | F::Xml | F::RowVersion) => Forbidden,
        // Also to the (max) types, though none of their values fits in a variant (SQLAlchemy's reflection does it).
        (F::Variant, _) => Explicit,
        (F::LargeText | F::Image | F::Xml | F::RowVersion, F::Variant) => Forbidden,
        (_, F::Variant) => {
            if is_large(from) {
                Forbidden
            } else {
                Implicit
            }
        }

        (s, t) if number(s) && number(t) => Implicit,
        (s, F::OldDateTime) if number(s) => Implicit,
        (F::OldDateTime, t) if number(t) => Explicit,
        (F::Money, F::Text) => Explicit,
        (s, F::Text) if number(s) => Implicit,
        (s, F::Binary) if number(s) => Implicit,
        (F::Integer | F::Decimal | F::Money, F::RowVersion) => Implicit,

        (F::OldDateTime | F::NewDateTime, F::Text) => Implicit,
        (F::OldDateTime | F::NewDateTime, F::Binary) => Explicit,

        (F::Text, t) if number(t) => Implicit,
        (F::Text, F::OldDateTime | F::NewDateTime | F::Guid | F::Xml | F::LargeText) => Implicit,
        (F::Text, F::Binary) => Explicit,
        (F::Text, F::RowVersion | F::Image) => match from {
            SqlType::Char(_) | SqlType::VarChar(_) => Explicit,
            _ => Forbidden,
        },

        (F::LargeText, F::Text) => Implicit,
        (F::LargeText, F::Xml) => Explicit,

        (F::Binary, F::Integer | F::Decimal | F::Money) => Implicit,
        (F::Binary, F::OldDateTime | F::Text | F::Guid | F::RowVersion | F::Image | F::Xml) => {
            Implicit
        }
        (F::Binary, F::NewDateTime) => Explicit,

        (F::Image, F::Binary) => Implicit,
        (F::Image, F::Xml) => Explicit,

        (F::Guid, F::Text | F::Binary) => Implicit,

        (F::Xml, F::Text | F::Binary) => Explicit,

        (F::RowVersion, F::Integer | F::Decimal | F::Money | F::Binary | F::OldDateTime) => {
            Implicit
        }
        (F::RowVersion, F::Text) => match to {
            SqlType::Char(_) | SqlType::VarChar(_) => Implicit,
            _ => Forbidden,
        },
        _ => Forbidden,
    }
}

/// Refuses a conversion that does not happen by itself: 206 or 257.
pub fn check_implicit(from: SqlType, to: SqlType) -> Result<(), SqlError> {
    match convertibility(from, to) {
        Convertibility::Implicit => Ok(()),
        Convertibility::Explicit => Err(SqlError::implicit_conversion(
            shown_type(from),
            shown_type(to),
        )),
        Convertibility::Forbidden => Err(SqlError::types_clash(from, to)),
    }
}

/// Refuses a written conversion that does not exist: 529.
pub fn check_explicit(from: SqlType, to: SqlType) -> Result<(), SqlError> {
    match convertibility(from, to) {
        Convertibility::Implicit | Convertibility::Explicit => Ok(()),
        Convertibility::Forbidden => Err(SqlError::explicit_conversion(
            shown_type(from),
            shown_type(to),
        )),
    }
}

#[cfg(test)]
mod tests {
    use milink_core::sql_type::Length;

    use super::*;

    #[test]
    fn conversions_follow_the_chart() {
        use Convertibility::{Explicit, Forbidden, Implicit};
        let cases = [
            (SqlType::varchar(10), SqlType::Int, Implicit),
            (SqlType::Int, SqlType::varchar(10), Implicit),
            (SqlType::Money, SqlType::nvarchar(10), Explicit),
            (SqlType::nvarchar(10), SqlType::Money, Implicit),
            (SqlType::varchar(10), SqlType::varbinary(10), Explicit),
            (SqlType::varbinary(10), SqlType::varchar(10), Implicit),
            (SqlType::DateTime, SqlType::Int, Explicit),
            (SqlType::Int, SqlType::DateTime, Implicit),
            (SqlType::Date, SqlType::Int, Forbidden),
            (SqlType::Int, SqlType::DateTime2(7), Forbidden),
            (SqlType::Date, SqlType::Time(7), Forbidden),
            (SqlType::Date, SqlType::DateTime2(7), Implicit),
            (SqlType::DateTime, SqlType::Date, Implicit),
            (SqlType::Int, SqlType::UniqueIdentifier, Forbidden),
            (SqlType::UniqueIdentifier, SqlType::varchar(36), Implicit),
            (SqlType::SqlVariant, SqlType::Int, Explicit),
            (SqlType::Int, SqlType::SqlVariant, Implicit),
            (
                SqlType::VarChar(Length::Max),
                SqlType::SqlVariant,
                Forbidden,
            ),
            (SqlType::Xml, SqlType::nvarchar(10), Explicit),
            (SqlType::varbinary(8), SqlType::Float, Forbidden),
            (SqlType::NText, SqlType::Int, Forbidden),
            (SqlType::RowVersion, SqlType::BigInt, Implicit),
            (SqlType::RowVersion, SqlType::nvarchar(8), Forbidden),
        ];
        for (from, to, expected) in cases {
            assert_eq!(convertibility(from, to), expected, "{from} to {to}");
        }
        let error = check_implicit(SqlType::Date, SqlType::Int).unwrap_err();
        assert_eq!(
            error.message,
            "Operand type clash: date is incompatible with int"
        );
        let error = check_explicit(SqlType::Date, SqlType::Time(7)).unwrap_err();
        assert_eq!(
            error.message,
            "Explicit conversion from data type date to time is not allowed."
        );
    }
}
