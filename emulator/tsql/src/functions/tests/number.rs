//! Mathematical functions and FORMAT as tables.

use super::*;

#[test]
fn numbers_are_computed_in_their_types() {
    check(&[
        ("abs(-5)", "int", "5"),
        ("abs(-2.50)", "numeric(3,2)", "2.50"),
        (
            "abs('x')",
            "",
            "8114 Error converting data type varchar to float.",
        ),
        ("abs('-2')", "float", "2"),
        (
            "abs('2025-01-01'::datetime)",
            "",
            "8116 Argument data type datetime is invalid for argument 1 of abs function.",
        ),
        ("sign(-2.5)", "numeric(2,1)", "-1.0"),
        ("ceiling(1.5)", "numeric(2,0)", "2"),
        ("ceiling(-1.5)", "numeric(2,0)", "-1"),
        ("floor(-1.5)", "numeric(2,0)", "-2"),
        ("floor(1.5e0)", "float", "1"),
        ("floor($1.50)", "money", "1.0000"),
        ("ceiling(3)", "int", "3"),
        ("round(123.456; 2)", "numeric(6,3)", "123.460"),
        ("round(123.456; -1)", "numeric(6,3)", "120.000"),
        ("round(123.456; 1; 1)", "numeric(6,3)", "123.400"),
        (
            "round(748.58; -3)",
            "",
            "8115 Arithmetic overflow error converting expression to data type numeric.",
        ),
        ("round(155; -1)", "int", "160"),
        ("round(2.675e0; 2)", "float", "2.68"),
        ("round(1234.5e0; -2)", "float", "1200"),
        ("power(2; 10)", "int", "1024"),
        (
            "power(2; 31)",
            "",
            "232 Arithmetic overflow error for type int, value = 2147483648.000000.",
        ),
        (
            "power(2; 10000)",
            "",
            "8115 Arithmetic overflow error converting expression to data type float.",
        ),
        ("power(2; -1)", "int", "0"),
        ("power(2.0; 0.5)", "numeric(38,1)", "1.4"),
        ("power(2e0; 0.5)", "float", "1.41421"),
        ("sqrt(16)", "float", "4"),
        (
            "sqrt(-1)",
            "",
            "3623 An invalid floating point operation occurred.",
        ),
        (
            "log(0)",
            "",
            "3623 An invalid floating point operation occurred.",
        ),
        ("log(8; 2)", "float", "3"),
        ("log10(1000)", "float", "3"),
        ("exp(0)", "float", "1"),
        (
            "exp(1000)",
            "",
            "8115 Arithmetic overflow error converting expression to data type float.",
        ),
        ("square(3)", "float", "9"),
        ("pi()", "float", "3.14159"),
        ("degrees(3.141592653589793e0)", "float", "180"),
        ("radians(180)", "int", "3"),
        ("radians(180.0)", "numeric(38,18)", "3.141592653589793116"),
        ("atn2(1; 1)", "float", "0.785398"),
        ("rand(1)", "float", "0.713592"),
        ("rand(0)", "float", "0.943597"),
    ]);
    let mut context = context();
    let function = find("rand").unwrap();
    let result = ExprType::new(SqlType::Float);
    let seeded = |context: &mut FunctionContext, seed: i64| {
        let int = ExprType::new(SqlType::Int);
        match function.eval(context, &[Value::Int(seed)], &[int], &result) {
            Ok(Value::Float(number)) => number,
            other => panic!("{other:?}"),
        }
    };
    // The values that the documentation of RAND shows.
    for (seed, expected) in [
        (1, 0.713_591_993_212_924),
        (2, 0.713_610_626_184_182),
        (3, 0.713_629_259_155_44),
    ] {
        assert!((seeded(&mut context, seed) - expected).abs() < 1e-14);
    }
}

#[test]
fn format_follows_the_format_strings_of_dotnet() {
    let cases = [
        ("1234.567", "N", "1,234.57"),
        ("1234.567", "N0", "1,235"),
        ("-1234.5", "C", "($1,234.50)"),
        ("1234.5", "C2", "$1,234.50"),
        ("42", "D5", "00042"),
        ("255", "X", "FF"),
        ("255", "x4", "00ff"),
        ("0.256", "P", "25.60 %"),
        ("0.256", "P0", "26 %"),
        ("1234.567", "F1", "1234.6"),
        ("1234.567e0", "E2", "1.23E+003"),
        ("1234.5670", "G", "1234.5670"),
        ("1234.567", "G3", "1234.567"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("0", "#,##0.00", "0.00"),
        ("5", "000", "005"),
        ("5", "#", "5"),
        ("0", "#", ""),
        ("0.5", "0.###", "0.5"),
        ("0.5", "#.##", ".5"),
        ("12", "0.##", "12"),
        ("-5", "0;(0);zero", "(5)"),
        ("0", "0;(0);zero", "zero"),
        ("0.123", "0.0%", "12.3%"),
        ("1234567", "0,", "1235"),
        ("123456789", "###-##-####", "123-45-6789"),
        ("5", "'n='0", "n=5"),
        ("42", "Q", "NULL"),
        ("1.5", "D", "NULL"),
        ("'2025-03-05'::date", "d", "3/5/2025"),
        ("'2025-03-05'::date", "D", "Wednesday, March 5, 2025"),
        (
            "'2025-03-05 15:04:09'::datetime",
            "yyyy-MM-dd HH:mm:ss",
            "2025-03-05 15:04:09",
        ),
        (
            "'2025-03-05 15:04:09'::datetime",
            "dd MMM yy h:mm tt",
            "05 Mar 25 3:04 PM",
        ),
        (
            "'2025-03-05 15:04:09.1234567'::datetime2(7)",
            "HH:mm:ss.fff",
            "15:04:09.123",
        ),
        (
            "'2025-03-05 15:04:09'::datetime2(7)",
            "HH:mm:ss.FFF",
            "15:04:09",
        ),
        (
            "'2025-03-05 15:04:09'::datetime",
            "s",
            "2025-03-05T15:04:09",
        ),
        (
            "'2025-03-05 15:04:09 +02:00'::datetimeoffset(0)",
            "o",
            "2025-03-05T15:04:09.0000000+02:00",
        ),
        (
            "'2025-03-05 15:04:09 +02:00'::datetimeoffset(0)",
            "R",
            "Wed, 05 Mar 2025 13:04:09 GMT",
        ),
        ("'2025-03-05'::date", "'day' d", "day 5"),
        ("'2025-03-05'::date", "%d", "5"),
        ("'15:04:09'::time(0)", "hh\\:mm", "15:04"),
        ("'15:04:09'::time(0)", "hh:mm", "NULL"),
        ("'15:04:09'::time(0)", "c", "15:04:09"),
    ];
    for (value, format, expected) in cases {
        let (values, types): (Vec<_>, Vec<_>) = [source(value), source("''")].into_iter().unzip();
        let values = [values[0].clone(), Value::str(format)];
        let function = find("format").unwrap();
        let result = function.bind(&types, &[]).unwrap();
        let actual = function.eval(&mut context(), &values, &types, &result);
        assert_eq!(shown(&actual, &result), expected, "{value} as {format}");
    }
    check(&[
        (
            "format('x'; 'd')",
            "",
            "8116 Argument data type varchar is invalid for argument 1 of format function.",
        ),
        (
            "format(1; 'N'; 'de-de')",
            "",
            "50990 milink does not support FORMAT with the culture 'de-de'.",
        ),
    ]);
}
