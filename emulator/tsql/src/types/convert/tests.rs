//! Conversions as tables: source, target, style, and the text or error number that comes out.

use super::*;
use crate::types::testing::{named, shown, source};

fn check(cases: &[(&str, &str, Option<i32>, &str)]) {
    for (from, to, style, expected) in cases {
        let (value, from_type) = source(from);
        let to_type = ExprType::new(named(to));
        let result = convert(
            &value,
            &from_type,
            &to_type,
            *style,
            &DateSettings::default(),
        );
        assert_eq!(
            shown(&result, &to_type),
            *expected,
            "{from} to {to} style {style:?}"
        );
    }
}

#[test]
fn to_integers() {
    check(&[
        ("'12'", "int", None, "12"),
        ("' -12 '", "int", None, "-12"),
        ("''", "int", None, "0"),
        (
            "'abc'",
            "int",
            None,
            "245 Conversion failed when converting the varchar value 'abc' to data type int.",
        ),
        (
            "N'1.0'",
            "int",
            None,
            "245 Conversion failed when converting the nvarchar value '1.0' to data type int.",
        ),
        (
            "'99999999999'",
            "int",
            None,
            "248 The conversion of the varchar value '99999999999' overflowed an int column.",
        ),
        (
            "'70000'",
            "smallint",
            None,
            "244 The conversion of the varchar value '70000' overflowed an INT2 column. Use a larger integer column.",
        ),
        (
            "'300'",
            "tinyint",
            None,
            "244 The conversion of the varchar value '300' overflowed an INT1 column. Use a larger integer column.",
        ),
        (
            "'x'",
            "bigint",
            None,
            "8114 Error converting data type varchar to bigint.",
        ),
        (
            "'99999999999999999999'",
            "bigint",
            None,
            "8115 Arithmetic overflow error converting expression to data type bigint.",
        ),
        (
            "300",
            "tinyint",
            None,
            "220 Arithmetic overflow error for data type tinyint, value = 300.",
        ),
        (
            "-1",
            "tinyint",
            None,
            "220 Arithmetic overflow error for data type tinyint, value = -1.",
        ),
        (
            "70000",
            "smallint",
            None,
            "220 Arithmetic overflow error for data type smallint, value = 70000.",
        ),
        (
            "3000000000::bigint",
            "int",
            None,
            "8115 Arithmetic overflow error converting expression to data type int.",
        ),
        (
            "3000000000",
            "int",
            None,
            "8115 Arithmetic overflow error converting expression to data type int.",
        ),
        ("2.9", "int", None, "2"),
        ("-2.9", "int", None, "-2"),
        ("2.9e0", "int", None, "2"),
        (
            "3e9",
            "int",
            None,
            "232 Arithmetic overflow error for type int, value = 3000000000.000000.",
        ),
        (
            "1e19",
            "bigint",
            None,
            "8115 Arithmetic overflow error converting expression to data type bigint.",
        ),
        ("$2.5", "int", None, "3"),
        ("-$2.5", "int", None, "-3"),
        ("'2025-03-30 12:00'::datetime", "int", None, "45745"),
        ("0x0102", "int", None, "258"),
        ("0xFFFFFFFF", "int", None, "-1"),
        ("0xFF", "tinyint", None, "255"),
        ("0x0000000000000102::rowversion", "bigint", None, "258"),
        ("'true'", "bit", None, "1"),
        ("'False '", "bit", None, "0"),
        ("'2'", "bit", None, "1"),
        (
            "'yes'",
            "bit",
            None,
            "245 Conversion failed when converting the varchar value 'yes' to data type bit.",
        ),
        ("'99999999999999999999'", "bit", None, "1"),
        ("'+'", "int", None, "0"),
        (
            "'x'::char(3)",
            "int",
            None,
            "245 Conversion failed when converting the varchar value 'x  ' to data type int.",
        ),
        (
            "$3000000000",
            "int",
            None,
            "237 There is insufficient result space to convert a money value to int.",
        ),
        (
            "$70000",
            "smallint",
            None,
            "220 Arithmetic overflow error for data type smallint, value = 700000000.",
        ),
        (
            "1e30",
            "int",
            None,
            "232 Arithmetic overflow error for type int, value = 1000000000000000000000000000000.000000.",
        ),
        ("0.0", "bit", None, "0"),
        ("0.1", "bit", None, "1"),
        (
            "'2025-03-30'::date",
            "int",
            None,
            "529 Explicit conversion from data type date to int is not allowed.",
        ),
    ]);
}

#[test]
fn to_exact_and_float_numbers() {
    check(&[
        (
            "'x'",
            "smallmoney",
            None,
            "293 Cannot convert char value to smallmoney. The char value has incorrect syntax.",
        ),
        (
            "300000e0",
            "smallmoney",
            None,
            "232 Arithmetic overflow error for type smallmoney, value = 300000.000000.",
        ),
        (
            "$300000",
            "smallmoney",
            None,
            "237 There is insufficient result space to convert a money value to smallmoney.",
        ),
        (
            "'1e309'",
            "float",
            None,
            "8115 Arithmetic overflow error converting expression to data type float.",
        ),
        ("'1.005'", "decimal(10,2)", None, "1.01"),
        (
            "'1e3'",
            "decimal(10,2)",
            None,
            "8114 Error converting data type varchar to numeric.",
        ),
        (
            "'12345'",
            "decimal(5,2)",
            None,
            "8115 Arithmetic overflow error converting varchar to data type numeric.",
        ),
        (
            "12345",
            "decimal(5,2)",
            None,
            "8115 Arithmetic overflow error converting int to data type numeric.",
        ),
        ("123.456", "decimal(5,2)", None, "123.46"),
        (
            "1234.5",
            "decimal(5,2)",
            None,
            "8115 Arithmetic overflow error converting numeric to data type numeric.",
        ),
        (
            "1e10",
            "decimal(5,2)",
            None,
            "8115 Arithmetic overflow error converting float to data type numeric.",
        ),
        ("0.1e0", "decimal(5,2)", None, "0.10"),
        ("$1.2345", "decimal(5,2)", None, "1.23"),
        ("0x020100010F000000", "decimal(5,2)", None, "1.50"),
        ("'$1,234.5678'", "money", None, "1234.5678"),
        (
            "'abc'",
            "money",
            None,
            "235 Cannot convert a char value to money. The char value has incorrect syntax.",
        ),
        ("1.23455", "money", None, "1.2346"),
        (
            "1000000000000000000::bigint",
            "money",
            None,
            "8115 Arithmetic overflow error converting expression to data type money.",
        ),
        (
            "300000",
            "smallmoney",
            None,
            "220 Arithmetic overflow error for data type smallmoney, value = 300000.",
        ),
        ("'1.5e3'", "float", None, "1500"),
        ("''", "float", None, "0"),
        (
            "'x'",
            "float",
            None,
            "8114 Error converting data type varchar to float.",
        ),
        (
            "'x'",
            "real",
            None,
            "8114 Error converting data type varchar to real.",
        ),
        (
            "1e39",
            "real",
            None,
            "232 Arithmetic overflow error for type real, value = 999999999999999940000000000000000000000.000000.",
        ),
        ("2.5", "float", None, "2.5"),
        ("'1900-01-02 12:00'::datetime", "float", None, "1.5"),
        ("'1900-01-02 12:00'::datetime", "decimal(5,2)", None, "1.50"),
        (
            "0x41",
            "float",
            None,
            "529 Explicit conversion from data type varbinary to float is not allowed.",
        ),
    ]);
}

#[test]
fn to_text() {
    check(&[
        ("0x0A0B", "varchar(3)", Some(1), "0x"),
        ("0x0A0B", "varchar(3)", Some(2), "0A"),
        (
            "'10:20'::time(0)",
            "varchar",
            Some(101),
            "8114 Error converting data type time to varchar.",
        ),
        (
            "'2025-03-30'::date",
            "varchar",
            Some(108),
            "8114 Error converting data type date to varchar.",
        ),
        ("12", "varchar(5)", None, "12"),
        ("12345", "varchar(3)", None, "*"),
        ("12345", "char(3)", None, "*  "),
        (
            "12345",
            "nvarchar(3)",
            None,
            "8115 Arithmetic overflow error converting expression to data type nvarchar.",
        ),
        (
            "12345::bigint",
            "varchar(3)",
            None,
            "8115 Arithmetic overflow error converting expression to data type varchar.",
        ),
        (
            "123.45",
            "varchar(3)",
            None,
            "8115 Arithmetic overflow error converting numeric to data type varchar.",
        ),
        (
            "123.456e0",
            "varchar(3)",
            None,
            "232 Arithmetic overflow error for type varchar, value = 123.456000.",
        ),
        (
            "$123.45",
            "varchar(3)",
            None,
            "234 There is insufficient result space to convert a money value to varchar.",
        ),
        (
            "123.456e0",
            "nvarchar(3)",
            None,
            "8115 Arithmetic overflow error converting expression to data type nvarchar.",
        ),
        (
            "123.45",
            "nvarchar(3)",
            None,
            "8115 Arithmetic overflow error converting expression to data type nvarchar.",
        ),
        ("$1234.5678", "varchar", None, "1234.57"),
        ("$1234.5678", "varchar", Some(1), "1,234.57"),
        ("$1234.5678", "varchar", Some(2), "1234.5678"),
        ("0.1e0", "varchar", None, "0.1"),
        ("0.1e0", "varchar", Some(3), "1.0000000000000001e-001"),
        ("0.1e0", "varchar", Some(1), "1.0000000e-001"),
        ("0.1e0::real", "varchar", None, "0.1"),
        ("1e0", "varchar", Some(7), "1"),
        ("'abcdef'", "varchar(3)", None, "abc"),
        ("'ab'", "char(4)", None, "ab  "),
        ("N'日本'", "varchar(5)", None, "??"),
        ("'2025-03-30'::date", "varchar", None, "2025-03-30"),
        (
            "'2025-03-30'::datetime",
            "varchar",
            None,
            "Mar 30 2025 12:00AM",
        ),
        ("'2025-03-30'::datetime", "varchar(6)", None, "Mar 30"),
        (
            "'2025-03-30 10:20:30.1234567'::datetime2(7)",
            "varchar",
            None,
            "2025-03-30 10:20:30.1234567",
        ),
        (
            "'2025-03-30 10:20:30.1234567'::datetime2(3)",
            "varchar",
            Some(126),
            "2025-03-30T10:20:30.123",
        ),
        (
            "'2025-03-30'::datetime",
            "varchar",
            Some(99),
            "281 99 is not a valid style number when converting from datetime to a character string.",
        ),
        (
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'::guid",
            "varchar(36)",
            None,
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'::guid",
            "varchar(35)",
            None,
            "8170 Insufficient result space to convert uniqueidentifier value to char.",
        ),
        ("0x4142", "varchar(5)", None, "AB"),
        ("0x41004200", "nvarchar(5)", None, "AB"),
        ("0x4142", "varchar(10)", Some(1), "0x4142"),
        ("0x4142", "varchar(10)", Some(2), "4142"),
        (
            "0x4142",
            "varchar(10)",
            Some(3),
            "9809 The style 3 is not supported for conversions from varbinary to varchar.",
        ),
        ("1::bit", "varchar(5)", None, "1"),
        ("12::variant", "varchar(5)", None, "12"),
        ("'<a/>'::xml", "varchar(5)", None, "<a/>"),
    ]);
}

#[test]
fn to_dates() {
    check(&[
        (
            "'03/30/2025'",
            "date",
            Some(112),
            "9807 The input character string does not follow style 112, either change the input character string or use a different style.",
        ),
        (
            "'03/30/2025'",
            "datetime",
            Some(112),
            "241 Conversion failed when converting date and/or time from character string.",
        ),
        ("'20250330'", "date", Some(112), "2025-03-30"),
        (
            "'03/30/25'",
            "date",
            Some(101),
            "241 Conversion failed when converting date and/or time from character string.",
        ),
        ("'03/30/25'", "date", Some(1), "2025-03-30"),
        (
            "'2025-03-30'",
            "date",
            Some(99),
            "9809 The style 99 is not supported for conversions from varchar to date.",
        ),
        (
            "'2025-03-30'",
            "date",
            Some(131),
            "50990 milink does not support CONVERT from text with the Hijri style 131.",
        ),
        ("'2025-03-30'", "date", None, "2025-03-30"),
        ("'03/30/2025'", "date", None, "2025-03-30"),
        ("'30/03/2025'", "date", Some(103), "2025-03-30"),
        (
            "'30/03/2025'",
            "date",
            None,
            "241 Conversion failed when converting date and/or time from character string.",
        ),
        (
            "'30/03/2025'",
            "datetime",
            None,
            "242 The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.",
        ),
        (
            "'abc'",
            "datetime",
            None,
            "241 Conversion failed when converting date and/or time from character string.",
        ),
        (
            "'abc'",
            "smalldatetime",
            None,
            "295 Conversion failed when converting character string to smalldatetime data type.",
        ),
        (
            "'1700-01-01'",
            "datetime",
            None,
            "242 The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.",
        ),
        (
            "'1700-01-01'::date",
            "datetime",
            None,
            "242 The conversion of a date data type to a datetime data type resulted in an out-of-range value.",
        ),
        ("0", "datetime", None, "Jan  1 1900 12:00AM"),
        ("-1", "datetime", None, "Dec 31 1899 12:00AM"),
        ("1.5", "datetime", None, "Jan  2 1900 12:00PM"),
        (
            "9999999",
            "datetime",
            None,
            "8115 Arithmetic overflow error converting expression to data type datetime.",
        ),
        (
            "0",
            "date",
            None,
            "529 Explicit conversion from data type int to date is not allowed.",
        ),
        (
            "'2025-03-30 10:20:30.999'::datetime",
            "date",
            None,
            "2025-03-30",
        ),
        (
            "'2025-03-30 10:20:30.999'::datetime",
            "time(3)",
            None,
            "10:20:31.000",
        ),
        (
            "'2025-03-30 10:20:30.126'::datetime",
            "datetime2(7)",
            None,
            "2025-03-30 10:20:30.1266667",
        ),
        (
            "'2025-03-30 23:30:00 -05:00'::datetimeoffset",
            "datetime2(0)",
            None,
            "2025-03-30 23:30:00",
        ),
        (
            "'2025-03-30 23:30'::datetime2(0)",
            "datetimeoffset(0)",
            None,
            "2025-03-30 23:30:00 +00:00",
        ),
        (
            "'2025-03-30'::date",
            "time",
            None,
            "529 Explicit conversion from data type date to time is not allowed.",
        ),
        ("'23:59:59.9999999'", "time(0)", None, "23:59:59"),
        (
            "'23:59:59.9999999'",
            "datetime2(0)",
            None,
            "1900-01-02 00:00:00",
        ),
        (
            "'0001-01-01 00:00 +10:00'",
            "datetimeoffset",
            None,
            "8114 Error converting data type varchar to datetimeoffset.",
        ),
        (
            "0xFFFFFFFF",
            "smalldatetime",
            None,
            "210 Conversion failed when converting datetime from binary/varbinary string.",
        ),
        (
            "0x01",
            "date",
            None,
            "241 Conversion failed when converting date and/or time from character string.",
        ),
        ("'10:20'::time", "datetime", None, "Jan  1 1900 10:20AM"),
        (
            "0x0000B2B000000000",
            "datetime",
            None,
            "Mar 30 2025 12:00AM",
        ),
    ]);
}

#[test]
fn to_binary_guid_and_variant() {
    check(&[
        ("1", "varbinary", None, "0x00000001"),
        ("1", "binary(2)", None, "0x0001"),
        ("1", "binary(6)", None, "0x000000000001"),
        ("1::bigint", "varbinary(8)", None, "0x0000000000000001"),
        ("1::tinyint", "varbinary", None, "0x01"),
        ("'AB'", "varbinary", None, "0x4142"),
        ("N'AB'", "varbinary", None, "0x41004200"),
        ("'AB'", "binary(4)", None, "0x41420000"),
        ("'0x4142'", "varbinary", Some(1), "0x4142"),
        ("'4142'", "varbinary", Some(2), "0x4142"),
        (
            "'4142'",
            "varbinary",
            Some(1),
            "8114 Error converting data type varchar to varbinary.",
        ),
        (
            "'414'",
            "varbinary",
            Some(2),
            "8114 Error converting data type varchar to varbinary.",
        ),
        ("1.5", "varbinary", None, "0x020100010F000000"),
        ("1e0", "varbinary(8)", None, "0x3FF0000000000000"),
        (
            "'2025-03-30'::datetime",
            "varbinary(8)",
            None,
            "0x0000B2B000000000",
        ),
        ("'2025-03-30'::date", "varbinary(8)", None, "0x0B480B"),
        ("'10:00:00'::time(0)", "varbinary(8)", None, "0x00A08C00"),
        (
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
            "guid",
            None,
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (
            "'{6F9619FF-8B86-D011-B42D-00C04FC964FF}'",
            "guid",
            None,
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (
            "'6F9619FF-8B86-D011-B42D'",
            "guid",
            None,
            "8169 Conversion failed when converting from a character string to uniqueidentifier.",
        ),
        (
            "0xFF19966F868B11D0B42D00C04FC964FF",
            "guid",
            None,
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'::guid",
            "varbinary(16)",
            None,
            "0xFF19966F868B11D0B42D00C04FC964FF",
        ),
        ("12", "variant", None, "int 12"),
        ("N'ab'", "variant", None, "nvarchar(2) ab"),
        (
            "12",
            "guid",
            None,
            "529 Explicit conversion from data type int to uniqueidentifier is not allowed.",
        ),
    ]);
}

#[test]
fn columns_refuse_what_is_too_long() {
    let target = Target {
        table: "db1.dbo.t",
        column: "c",
    };
    let cases = [
        (
            "'abcdef'",
            "varchar(3)",
            "2628 String or binary data would be truncated in table 'db1.dbo.t', column 'c'. Truncated value: 'abc'.",
        ),
        ("'abc   '", "varchar(3)", "abc"),
        (
            "0x010203",
            "varbinary(2)",
            "2628 String or binary data would be truncated in table 'db1.dbo.t', column 'c'. Truncated value: ''.",
        ),
        (
            "300",
            "tinyint",
            "220 Arithmetic overflow error for data type tinyint, value = 300.",
        ),
        ("'ab'", "nchar(3)", "ab "),
    ];
    for (from, to, expected) in cases {
        let (value, from_type) = source(from);
        let to_type = ExprType::new(named(to));
        let result = assign_column(
            &value,
            &from_type,
            &to_type,
            target,
            &DateSettings::default(),
        );
        assert_eq!(shown(&result, &to_type), expected, "{from} into {to}");
    }
}

#[test]
fn trying_gives_null_but_not_for_what_does_not_exist() {
    let cases = [
        ("'abc'", "int", "NULL"),
        ("'12'", "int", "12"),
        ("300", "tinyint", "NULL"),
        ("'x'", "date", "NULL"),
        (
            "12",
            "date",
            "529 Explicit conversion from data type int to date is not allowed.",
        ),
    ];
    for (from, to, expected) in cases {
        let (value, from_type) = source(from);
        let to_type = ExprType::new(named(to));
        let result = try_convert(&value, &from_type, &to_type, None, &DateSettings::default());
        assert_eq!(shown(&result, &to_type), expected, "{from} into {to}");
    }
}
