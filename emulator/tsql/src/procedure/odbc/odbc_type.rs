//! SQL types as ODBC describes columns of them.

use milink_core::sql_type::{Length, SqlType};

/// A column's type in the words of ODBC.
pub(super) struct OdbcType {
    pub(super) code: i16,
    /// The size: digits or characters.
    pub(super) precision: i32,
    /// Bytes of the value as ODBC transfers it.
    pub(super) length: i32,
    pub(super) scale: Option<i16>,
    pub(super) radix: Option<i16>,
    /// The verbose type and subtype of dates.
    pub(super) verbose: Option<(i16, i16)>,
    pub(super) octets: Option<i32>,
    /// The wire's number of the nullable type.
    nullable_wire: u8,
}

impl OdbcType {
    /// `SS_DATA_TYPE`: the wire's number of the type, where fixed types have one of their own that is never NULL.
    pub(super) fn wire(&self, nullable: bool) -> u8 {
        match (nullable, self.code, self.nullable_wire) {
            (true, ..) => self.nullable_wire,
            (false, -6, _) => 48,
            (false, 5, _) => 52,
            (false, 4, _) => 56,
            (false, 7, _) => 59,
            (false, 6, _) => 62,
            (false, _, 110) if self.precision == 10 => 122,
            (false, _, 110) => 60,
            (false, _, 111) if self.precision == 16 => 58,
            (false, _, 111) => 61,
            (false, ..) => self.nullable_wire,
        }
    }
}

/// Describes a type; ODBC 2 has other numbers for dates.
pub(super) fn odbc_type(sql: SqlType, odbc3: bool) -> OdbcType {
    let plain = |code, precision, length, wire| OdbcType {
        code,
        precision,
        length,
        scale: None,
        radix: None,
        verbose: None,
        octets: None,
        nullable_wire: wire,
    };
    let number = |code, precision, length, scale, wire| OdbcType {
        scale: Some(scale),
        radix: Some(10),
        ..plain(code, precision, length, wire)
    };
    let text = |code, characters: i32, bytes: i32, wire| OdbcType {
        octets: Some(bytes),
        ..plain(code, characters, bytes, wire)
    };
    let moment = |code, old, precision, length, scale: Option<i16>, sub, wire| OdbcType {
        scale,
        verbose: odbc3.then_some((9, sub)),
        ..plain(if odbc3 { code } else { old }, precision, length, wire)
    };
    let size = |length: Length| match length {
        Length::Limited(length) => i32::from(length),
        // Without a limit the size is 0.
        Length::Max => 0,
    };
    let fraction = |scale: u8| i32::from(if scale == 0 { 0 } else { scale + 1 });
    match sql {
        SqlType::Bit => plain(-7, 1, 1, 50),
        SqlType::TinyInt => number(-6, 3, 1, 0, 38),
        SqlType::SmallInt => number(5, 5, 2, 0, 38),
        SqlType::Int => number(4, 10, 4, 0, 38),
        SqlType::BigInt => number(-5, 19, 8, 0, 108),
        SqlType::Decimal {
            precision,
            scale,
            numeric,
        } => {
            let (code, wire) = if numeric { (2, 108) } else { (3, 106) };
            let precision = i32::from(precision);
            number(code, precision, precision + 2, scale.into(), wire)
        }
        SqlType::Money => number(3, 19, 21, 4, 110),
        SqlType::SmallMoney => number(3, 10, 12, 4, 110),
        SqlType::Real => OdbcType {
            radix: Some(2),
            ..plain(7, 24, 4, 109)
        },
        SqlType::Float => OdbcType {
            radix: Some(2),
            ..plain(6, 53, 8, 109)
        },
        SqlType::DateTime => moment(93, 11, 23, 16, Some(3), 3, 111),
        SqlType::SmallDateTime => moment(93, 11, 16, 16, Some(0), 3, 111),
        SqlType::Date => moment(91, -9, 10, if odbc3 { 6 } else { 20 }, None, 1, 0),
        SqlType::Time(scale) => plain(-154, 8 + fraction(scale), 12, 0),
        SqlType::DateTime2(scale) => {
            moment(93, -9, 19 + fraction(scale), 16, Some(scale.into()), 3, 0)
        }
        SqlType::DateTimeOffset(scale) => plain(-155, 26 + fraction(scale), 20, 0),
        SqlType::Char(length) => text(1, length.into(), length.into(), 39),
        SqlType::VarChar(length) => text(12, size(length), size(length), 39),
        SqlType::NChar(length) => text(-8, length.into(), i32::from(length) * 2, 39),
        SqlType::NVarChar(length) => text(-9, size(length), size(length) * 2, 39),
        SqlType::Binary(length) => text(-2, length.into(), length.into(), 37),
        SqlType::VarBinary(length) => text(-3, size(length), size(length), 37),
        SqlType::Text => text(-1, i32::MAX, i32::MAX, 35),
        SqlType::NText => text(-10, i32::MAX / 2, i32::MAX - 1, 35),
        SqlType::Image => text(-4, i32::MAX, i32::MAX, 34),
        SqlType::UniqueIdentifier => plain(-11, 36, 16, 37),
        SqlType::Xml => text(-152, 0, 0, 0),
        SqlType::SqlVariant => plain(-150, 8000, 8000, 39),
        SqlType::RowVersion => text(-2, 8, 8, 45),
    }
}

/// The type's name, with what ODBC adds for identity columns.
pub(super) fn type_name(sql: SqlType, identity: bool) -> String {
    match (sql, identity) {
        (SqlType::Decimal { .. }, true) => format!("{}() identity", sql.name()),
        (_, true) => format!("{} identity", sql.name()),
        (_, false) => sql.name().to_owned(),
    }
}
