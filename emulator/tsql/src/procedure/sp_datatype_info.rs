//! `sp_datatype_info` and its newer forms: the types that a client may use, as ODBC describes types.
//!
//! ODBC drivers size their parameters by it, so that a missing or wrong row makes every bind fail.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Parameter, Procedure, defaulting, result_set};
use crate::catalog::column::{INT, NAME, SMALLINT, ViewColumn, col, req, varchar};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = procedure("sp_datatype_info", |call| run(call, 80));
pub(super) const PROCEDURE_90: Procedure = procedure("sp_datatype_info_90", |call| run(call, 90));
pub(super) const PROCEDURE_100: Procedure =
    procedure("sp_datatype_info_100", |call| run(call, 100));

const fn procedure(
    name: &'static str,
    run: fn(&mut Call<'_, '_>) -> Result<i32, SqlError>,
) -> Procedure {
    Procedure {
        name,
        parameters: PARAMETERS,
        body: Body::Native(run),
    }
}

const PARAMETERS: &[Parameter] = &[
    defaulting("@data_type", SqlType::Int, Value::Int(0)),
    defaulting("@ODBCVer", SqlType::TinyInt, Value::Int(2)),
];

const COLUMNS: &[ViewColumn] = &[
    req("TYPE_NAME", NAME),
    req("DATA_TYPE", SMALLINT),
    col("PRECISION", INT),
    col("LITERAL_PREFIX", varchar(32)),
    col("LITERAL_SUFFIX", varchar(32)),
    col("CREATE_PARAMS", varchar(32)),
    req("NULLABLE", SMALLINT),
    req("CASE_SENSITIVE", SMALLINT),
    req("SEARCHABLE", SMALLINT),
    col("UNSIGNED_ATTRIBUTE", SMALLINT),
    req("MONEY", SMALLINT),
    col("AUTO_INCREMENT", SMALLINT),
    col("LOCAL_TYPE_NAME", NAME),
    col("MINIMUM_SCALE", SMALLINT),
    col("MAXIMUM_SCALE", SMALLINT),
    req("SQL_DATA_TYPE", SMALLINT),
    col("SQL_DATETIME_SUB", SMALLINT),
    col("NUM_PREC_RADIX", INT),
    col("INTERVAL_PRECISION", SMALLINT),
    req("USERTYPE", SMALLINT),
];

/// A type as ODBC 3 describes it.
struct Type {
    name: &'static str,
    code: i16,
    precision: i32,
    prefix: Option<&'static str>,
    suffix: Option<&'static str>,
    parameters: Option<&'static str>,
    nullable: bool,
    searchable: i16,
    unsigned: Option<bool>,
    money: bool,
    auto_increment: Option<bool>,
    scales: Option<(i16, i16)>,
    /// The verbose type and subtype, where they differ from `code`.
    verbose: Option<(i16, i16)>,
    radix: Option<i32>,
    user_type: i16,
    /// The version of the procedure that first has it.
    since: u8,
}

/// A type without quotes, parameters, scale or sign.
const PLAIN: Type = Type {
    name: "",
    code: 0,
    precision: 0,
    prefix: None,
    suffix: None,
    parameters: None,
    nullable: true,
    searchable: 2,
    unsigned: None,
    money: false,
    auto_increment: None,
    scales: None,
    verbose: None,
    radix: None,
    user_type: 0,
    since: 80,
};

const fn binary(name: &'static str, code: i16, precision: i32, user_type: i16) -> Type {
    Type {
        name,
        code,
        precision,
        prefix: Some("0x"),
        user_type,
        ..PLAIN
    }
}

const fn text(
    name: &'static str,
    code: i16,
    precision: i32,
    prefix: &'static str,
    user_type: i16,
) -> Type {
    Type {
        name,
        code,
        precision,
        prefix: Some(prefix),
        suffix: Some("'"),
        searchable: 3,
        user_type,
        ..PLAIN
    }
}

const fn moment(
    name: &'static str,
    code: i16,
    precision: i32,
    scales: Option<(i16, i16)>,
    user_type: i16,
) -> Type {
    Type {
        scales,
        ..text(name, code, precision, "'", user_type)
    }
}

const fn number(name: &'static str, code: i16, precision: i32, scale: i16, user_type: i16) -> Type {
    Type {
        name,
        code,
        precision,
        unsigned: Some(false),
        auto_increment: Some(false),
        scales: Some((scale, scale)),
        radix: Some(10),
        user_type,
        ..PLAIN
    }
}

const fn identity(name: &'static str, of: Type) -> Type {
    Type {
        name,
        nullable: false,
        auto_increment: Some(true),
        ..of
    }
}

const TINYINT_TYPE: Type = Type {
    unsigned: Some(true),
    ..number("tinyint", -6, 3, 0, 5)
};
const BIGINT_TYPE: Type = number("bigint", -5, 19, 0, 0);
const INT_TYPE: Type = number("int", 4, 10, 0, 7);
const SMALLINT_TYPE: Type = number("smallint", 5, 5, 0, 6);
const NUMERIC_TYPE: Type = Type {
    parameters: Some("precision,scale"),
    scales: Some((0, 38)),
    ..number("numeric", 2, 38, 0, 10)
};
const DECIMAL_TYPE: Type = Type {
    name: "decimal",
    code: 3,
    user_type: 24,
    ..NUMERIC_TYPE
};

/// In the order of the result: type, identity, money, user type.
const TYPES: [Type; 37] = [
    Type {
        parameters: Some("scale"),
        since: 100,
        ..moment("datetimeoffset", -155, 34, Some((0, 7)), 0)
    },
    Type {
        parameters: Some("scale"),
        since: 100,
        ..moment("time", -154, 16, Some((0, 7)), 0)
    },
    Type {
        searchable: 0,
        since: 90,
        ..text("xml", -152, 0, "N'", 0)
    },
    Type {
        name: "sql_variant",
        code: -150,
        precision: 8000,
        scales: Some((0, 0)),
        radix: Some(10),
        ..PLAIN
    },
    Type {
        searchable: 2,
        ..text("uniqueidentifier", -11, 36, "'", 0)
    },
    Type {
        searchable: 1,
        ..text("ntext", -10, 1_073_741_823, "N'", 0)
    },
    Type {
        parameters: Some("max length"),
        ..text("nvarchar", -9, 4000, "N'", 0)
    },
    Type {
        nullable: false,
        ..text("sysname", -9, 128, "N'", 18)
    },
    Type {
        parameters: Some("length"),
        ..text("nchar", -8, 4000, "N'", 0)
    },
    Type {
        name: "bit",
        code: -7,
        precision: 1,
        scales: Some((0, 0)),
        user_type: 16,
        ..PLAIN
    },
    TINYINT_TYPE,
    identity("tinyint identity", TINYINT_TYPE),
    BIGINT_TYPE,
    identity("bigint identity", BIGINT_TYPE),
    Type {
        searchable: 0,
        ..binary("image", -4, i32::MAX, 20)
    },
    Type {
        parameters: Some("max length"),
        ..binary("varbinary", -3, 8000, 4)
    },
    Type {
        parameters: Some("length"),
        ..binary("binary", -2, 8000, 3)
    },
    Type {
        nullable: false,
        ..binary("timestamp", -2, 8, 80)
    },
    Type {
        searchable: 1,
        ..text("text", -1, i32::MAX, "'", 19)
    },
    Type {
        parameters: Some("length"),
        ..text("char", 1, 8000, "'", 1)
    },
    NUMERIC_TYPE,
    Type {
        parameters: Some("precision"),
        scales: Some((0, 0)),
        ..identity("numeric() identity", NUMERIC_TYPE)
    },
    DECIMAL_TYPE,
    Type {
        prefix: Some("$"),
        money: true,
        ..number("money", 3, 19, 4, 11)
    },
    Type {
        prefix: Some("$"),
        money: true,
        ..number("smallmoney", 3, 10, 4, 21)
    },
    Type {
        parameters: Some("precision"),
        scales: Some((0, 0)),
        ..identity("decimal() identity", DECIMAL_TYPE)
    },
    INT_TYPE,
    identity("int identity", INT_TYPE),
    SMALLINT_TYPE,
    identity("smallint identity", SMALLINT_TYPE),
    Type {
        scales: None,
        radix: Some(2),
        ..number("float", 6, 53, 0, 8)
    },
    Type {
        scales: None,
        radix: Some(2),
        ..number("real", 7, 24, 0, 23)
    },
    Type {
        parameters: Some("max length"),
        ..text("varchar", 12, 8000, "'", 2)
    },
    Type {
        verbose: Some((9, 1)),
        since: 100,
        ..moment("date", 91, 10, None, 0)
    },
    Type {
        parameters: Some("scale"),
        verbose: Some((9, 3)),
        since: 100,
        ..moment("datetime2", 93, 27, Some((0, 7)), 0)
    },
    Type {
        verbose: Some((9, 3)),
        ..moment("datetime", 93, 23, Some((3, 3)), 12)
    },
    Type {
        verbose: Some((9, 3)),
        ..moment("smalldatetime", 93, 16, Some((0, 0)), 22)
    },
];

fn run(call: &mut Call<'_, '_>, version: u8) -> Result<i32, SqlError> {
    let wanted = call.number(0).unwrap_or(0);
    // ODBC 3 and everything after it: Microsoft's driver says 4.
    let odbc3 = call.number(1).is_some_and(|version| version >= 3);
    let rows = TYPES
        .iter()
        .filter(|ty| ty.since <= version)
        .filter(|ty| wanted == 0 || wanted == i64::from(code(ty, odbc3)))
        .map(|ty| make_row(ty, odbc3))
        .collect();
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

/// ODBC 2 has other numbers for dates.
fn code(ty: &Type, odbc3: bool) -> i16 {
    match ty.code {
        91 if !odbc3 => 9,
        93 if !odbc3 => 11,
        code => code,
    }
}

fn make_row(ty: &Type, odbc3: bool) -> Row {
    let verbose = ty.verbose.filter(|_| odbc3);
    let (precision, radix) = match ty.radix {
        // ODBC 2 counts the digits of floats in decimal.
        Some(2) if !odbc3 => (if ty.code == 7 { 7 } else { 15 }, Some(10)),
        radix => (ty.precision, radix),
    };
    row![
        ty.name,
        code(ty, odbc3),
        precision,
        ty.prefix,
        ty.suffix,
        ty.parameters,
        i16::from(ty.nullable),
        0,
        ty.searchable,
        ty.unsigned.map(i16::from),
        i16::from(ty.money),
        ty.auto_increment.map(i16::from),
        ty.name,
        ty.scales.map(|scales| scales.0),
        ty.scales.map(|scales| scales.1),
        verbose.map_or(code(ty, odbc3), |verbose| verbose.0),
        verbose.map(|verbose| verbose.1),
        radix,
        Value::Null,
        ty.user_type,
    ]
}
