//! Result types as tables.

use milink_core::collation::Collation;

use super::*;
use crate::types::literal::number_literal;

/// `int`, `numeric(3,2)`, a literal, `null`.
fn ty(text: &str) -> ExprType {
    if text == "null" {
        return ExprType::NULL;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return number_literal(text).unwrap().1;
    }
    let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
    let mut numbers = arguments
        .trim_end_matches(')')
        .split(',')
        .filter_map(|n| n.parse::<u16>().ok());
    let mut next = || numbers.next().unwrap_or(0);
    let length = |n: u16| {
        if n == 0 {
            Length::Max
        } else {
            Length::Limited(n)
        }
    };
    ExprType::new(match name {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "money" => SqlType::Money,
        "smallmoney" => SqlType::SmallMoney,
        "real" => SqlType::Real,
        "float" => SqlType::Float,
        "numeric" => SqlType::numeric(next() as u8, next() as u8),
        "decimal" => SqlType::decimal(next() as u8, next() as u8),
        "datetime" => SqlType::DateTime,
        "smalldatetime" => SqlType::SmallDateTime,
        "date" => SqlType::Date,
        "time" => SqlType::Time(next() as u8),
        "datetime2" => SqlType::DateTime2(next() as u8),
        "datetimeoffset" => SqlType::DateTimeOffset(next() as u8),
        "char" => SqlType::Char(next()),
        "nchar" => SqlType::NChar(next()),
        "varchar" => SqlType::VarChar(length(next())),
        "nvarchar" => SqlType::NVarChar(length(next())),
        "binary" => SqlType::Binary(next()),
        "varbinary" => SqlType::VarBinary(length(next())),
        "text" => SqlType::Text,
        "uniqueidentifier" => SqlType::UniqueIdentifier,
        "xml" => SqlType::Xml,
        "sql_variant" => SqlType::SqlVariant,
        other => panic!("no type {other}"),
    })
}

fn shown(result: Result<ExprType, SqlError>) -> String {
    match result {
        Ok(ty) => ty.sql.to_string(),
        Err(error) => format!("{} {}", error.number, error.message),
    }
}

#[test]
fn operators_yield_the_types_of_the_documentation() {
    use BinaryOp::{Add, BitAnd, Divide, Modulo, Multiply, Subtract};
    let cases = [
        (Divide, "1", "2", "int"),
        (Divide, "1", "2.0", "numeric(8,6)"),
        (Divide, "decimal(10,2)", "3", "decimal(14,6)"),
        (Divide, "decimal(10,2)", "int", "decimal(21,13)"),
        (Multiply, "2.50", "4", "numeric(5,2)"),
        (Add, "decimal(10,2)", "decimal(8,4)", "decimal(13,4)"),
        (Add, "decimal(38,10)", "decimal(38,5)", "decimal(38,5)"),
        (
            Multiply,
            "decimal(38,10)",
            "decimal(38,10)",
            "decimal(38,6)",
        ),
        (
            Multiply,
            "decimal(20,10)",
            "decimal(20,10)",
            "decimal(38,17)",
        ),
        (Divide, "decimal(38,20)", "decimal(38,20)", "decimal(38,6)"),
        (Modulo, "decimal(10,2)", "3", "decimal(3,2)"),
        (Add, "decimal(5,2)", "numeric(5,2)", "numeric(6,2)"),
        (
            BitAnd,
            "decimal(5,2)",
            "float",
            "8117 Operand data type decimal is invalid for '&' operator.",
        ),
        (BitAnd, "int", "varchar(5)", "int"),
        (
            Add,
            "sql_variant",
            "varchar(5)",
            "402 The data types sql_variant and varchar are incompatible in the add operator.",
        ),
        (
            Add,
            "varchar",
            "date",
            "402 The data types varchar(max) and date are incompatible in the add operator.",
        ),
        (Add, "tinyint", "tinyint", "tinyint"),
        (Add, "tinyint", "1", "int"),
        (Add, "bigint", "decimal(5,2)", "decimal(22,2)"),
        (Add, "money", "int", "money"),
        (Add, "money", "decimal(5,2)", "decimal(20,4)"),
        (Add, "smallmoney", "money", "money"),
        (Add, "int", "float", "float"),
        (Multiply, "real", "decimal(5,2)", "real"),
        (Add, "varchar(10)", "int", "int"),
        (Add, "varchar(10)", "2.5", "numeric(3,1)"),
        (Add, "varchar(10)", "varchar(20)", "varchar(30)"),
        (Add, "varchar(8000)", "varchar(20)", "varchar(8000)"),
        (Add, "varchar(8000)", "varchar", "varchar(max)"),
        (Add, "varchar(5000)", "nvarchar(20)", "nvarchar(4000)"),
        (Add, "char(3)", "char(4)", "char(7)"),
        (Add, "char(3)", "nvarchar(4)", "nvarchar(7)"),
        (Add, "varbinary(3)", "varbinary(4)", "varbinary(7)"),
        (Add, "varbinary(3)", "int", "int"),
        (Add, "datetime", "1", "datetime"),
        (Subtract, "datetime", "datetime", "datetime"),
        (Add, "smalldatetime", "1", "smalldatetime"),
        (Add, "null", "int", "int"),
        (Add, "null", "null", "int"),
        (Add, "varchar(5)", "null", "varchar(6)"),
        (BitAnd, "tinyint", "int", "int"),
        (BitAnd, "bit", "bit", "bit"),
        (
            Add,
            "bit",
            "bit",
            "8117 Operand data type bit is invalid for add operator.",
        ),
        (Add, "bit", "1", "int"),
        (
            Add,
            "date",
            "1",
            "206 Operand type clash: date is incompatible with int",
        ),
        (
            Add,
            "1",
            "datetime2(7)",
            "206 Operand type clash: datetime2 is incompatible with int",
        ),
        (
            Subtract,
            "date",
            "date",
            "8117 Operand data type date is invalid for subtract operator.",
        ),
        (
            Add,
            "date",
            "varchar(5)",
            "402 The data types date and varchar are incompatible in the add operator.",
        ),
        (
            Multiply,
            "datetime",
            "2",
            "8117 Operand data type datetime is invalid for multiply operator.",
        ),
        (
            Subtract,
            "varchar(5)",
            "varchar(5)",
            "8117 Operand data type varchar is invalid for subtract operator.",
        ),
        (
            Modulo,
            "float",
            "float",
            "402 The data types float and float are incompatible in the modulo operator.",
        ),
        (
            Add,
            "uniqueidentifier",
            "1",
            "206 Operand type clash: uniqueidentifier is incompatible with int",
        ),
        (
            Add,
            "sql_variant",
            "1",
            "257 Implicit conversion from data type sql_variant to int is not allowed. Use the CONVERT function to run this query.",
        ),
        (
            Add,
            "text",
            "varchar(3)",
            "402 The data types text and varchar are incompatible in the add operator.",
        ),
        (
            BitAnd,
            "float",
            "int",
            "402 The data types float and int are incompatible in the '&' operator.",
        ),
    ];
    for (op, left, right, expected) in cases {
        let result = operation(op, &ty(left), &ty(right)).map(|types| types.result);
        assert_eq!(shown(result), expected, "{left} {op:?} {right}");
    }
}

#[test]
fn branches_meet_in_the_highest_type() {
    let cases: [(&[&str], &str); 14] = [
        (&["1", "2.50"], "numeric(3,2)"),
        (&["int", "2.50"], "numeric(12,2)"),
        (&["varchar(5)", "varchar(9)"], "varchar(9)"),
        (&["varchar(5)", "nvarchar(3)"], "nvarchar(5)"),
        (&["char(5)", "varchar(3)"], "varchar(5)"),
        (&["varchar", "nvarchar(3)"], "nvarchar(max)"),
        (&["varchar(5)", "int"], "int"),
        (&["null", "varchar(5)", "null"], "varchar(5)"),
        (&["null", "null"], "int"),
        (&["date", "datetime2(3)"], "datetime2(3)"),
        (&["datetime", "datetime2(0)"], "datetime2(3)"),
        (&["decimal(38,0)", "decimal(38,10)"], "decimal(38,0)"),
        (
            &["int", "date"],
            "206 Operand type clash: date is incompatible with int",
        ),
        (&["money", "varchar(5)"], "money"),
    ];
    for (types, expected) in cases {
        let types: Vec<_> = types.iter().map(|text| ty(text)).collect();
        assert_eq!(shown(common_type(&types)), expected, "{types:?}");
    }
    assert_eq!(
        case_type(&[ty("null"), ty("null")], true)
            .unwrap_err()
            .number,
        8133
    );
    assert_eq!(coalesce_type(&[ty("null")]).unwrap_err().number, 4127);
    assert!(!coalesce_type(&[ty("int"), ty("1")]).unwrap().nullable);
    assert!(case_type(&[ty("1")], false).unwrap().nullable);
    assert_eq!(
        shown(isnull_type(&ty("varchar(3)"), &ty("varchar(9)"))),
        "varchar(3)"
    );
    assert_eq!(
        shown(isnull_type(&ty("null"), &ty("varchar(9)"))),
        "varchar(9)"
    );
    assert!(!isnull_type(&ty("int"), &ty("1")).unwrap().nullable);
}

#[test]
fn comparisons_convert_to_the_higher_type() {
    let cases = [
        ("int", "varchar(5)", "int"),
        ("datetime", "varchar(5)", "datetime"),
        ("nvarchar(5)", "varchar(9)", "nvarchar(9)"),
        (
            "xml",
            "varchar(5)",
            "402 The data types xml and varchar are incompatible in the equal to operator.",
        ),
        (
            "text",
            "varchar(5)",
            "402 The data types text and varchar are incompatible in the equal to operator.",
        ),
        (
            "date",
            "1",
            "206 Operand type clash: date is incompatible with int",
        ),
        ("null", "date", "date"),
        ("varbinary(3)", "varchar(3)", "varchar(3)"),
    ];
    for (left, right, expected) in cases {
        assert_eq!(
            shown(comparison("equal to", &ty(left), &ty(right))),
            expected
        );
    }
}

#[test]
fn collations_yield_by_precedence() {
    let ci = Collation::DEFAULT;
    let bin = Collation::BINARY;
    let column = |c| ExprType::column(SqlType::varchar(5), true, c);
    let variable = ExprType::variable(SqlType::varchar(5), ci);
    let cases = [
        (column(bin), variable, Ok(bin)),
        (variable, column(bin), Ok(bin)),
        (column(ci), column(bin).collate(ci), Ok(ci)),
        (column(ci), column(bin), Err(468)),
        (column(ci).collate(ci), column(ci).collate(bin), Err(468)),
    ];
    for (left, right, expected) in cases {
        let actual = comparison("equal to", &left, &right)
            .map(|ty| ty.collation_or_default())
            .map_err(|error| error.number);
        assert_eq!(actual, expected);
    }
}
