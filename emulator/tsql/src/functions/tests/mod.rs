//! Functions as tables: a call, and the type and text or the error that come out.

mod date;
mod json;
mod number;
mod text;
mod value;

use data_encoding::HEXUPPER;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;

use super::*;
use crate::types::convert;
use crate::types::testing::{shown, source};

fn context() -> FunctionContext {
    FunctionContext {
        // 2025-03-30 10:20:30.1234567
        now: Timestamp(17_433_300_301_234_567),
        utc_offset_minutes: 120,
        ..FunctionContext::default()
    }
}

/// `name(a; b; c)` with arguments as [`source`] reads them.
fn call(context: &mut FunctionContext, text: &str) -> (String, String) {
    let (name, arguments) = text.split_once('(').unwrap();
    let arguments = arguments.strip_suffix(')').unwrap();
    let parts: Vec<_> = if arguments.is_empty() {
        Vec::new()
    } else {
        arguments.split("; ").map(source).collect()
    };
    let (values, types): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let constants: Vec<_> = values.iter().cloned().map(Some).collect();
    let error = |error: SqlError| (String::new(), format!("{} {}", error.number, error.message));
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    let result = match function.bind(&types, &constants) {
        Ok(result) => result,
        Err(refused) => return error(refused),
    };
    match function.eval(context, &values, &types, &result) {
        Ok(value) => {
            assert!(
                result.nullable || !value.is_null(),
                "{text} is not nullable"
            );
            (result.sql.to_string(), shown(&Ok(value), &result))
        }
        Err(failed) => error(failed),
    }
}

fn check(cases: &[(&str, &str, &str)]) {
    for (text, ty, expected) in cases {
        let (actual_type, actual) = call(&mut context(), text);
        assert_eq!(actual, *expected, "{text}");
        assert_eq!(actual_type, *ty, "{text}");
    }
}

#[test]
fn names_are_found_in_any_case_and_only_once() {
    assert_eq!(find("Len").map(|f| f.name), Some("len"));
    assert!(find("nosuch").is_none());
    let mut names: Vec<_> = all().map(|function| function.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
}

#[test]
fn arity_is_checked_with_the_words_of_the_server() {
    check(&[
        ("len()", "", "174 The len function requires 1 argument(s)."),
        (
            "charindex('a')",
            "",
            "189 The charindex function requires 2 to 3 arguments.",
        ),
        (
            "concat('a')",
            "",
            "189 The concat function requires 2 to 254 arguments.",
        ),
    ]);
}

/// Every function takes NULL and odd values of every kind without a panic.
#[test]
fn no_function_panics_on_odd_arguments() {
    let odd = [
        "null",
        "0",
        "-1",
        "2147483647",
        "9223372036854775807::bigint",
        "1.5",
        "-1e300",
        "$-1",
        "''",
        "'%[x'",
        "N'😀é'",
        "'2025-03-30'::date",
        "'9999-12-31 23:59:59.9999999'::datetime2(7)",
        "'23:59'::time(7)",
        "'1753-01-01'::datetime",
        "0x",
        "0xFF",
        "1::variant",
        "'day'",
        "'x'::varcharmax",
    ];
    for function in all() {
        for least in function.least..=function.most.min(function.least + 1).min(10) {
            for shift in 0..odd.len() {
                let arguments: Vec<_> = (0..least)
                    .map(|at| source(odd[(shift + at * 7) % odd.len()]))
                    .collect();
                let (mut values, mut types): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
                if function.first_is_datepart {
                    let parts = ["day", "ns", "year", "week"];
                    values[0] = Value::str(parts[shift % parts.len()]);
                    types[0] = ExprType::new(SqlType::varchar(10));
                }
                let constants: Vec<_> = values.iter().cloned().map(Some).collect();
                if let Ok(result) = function.bind(&types, &constants) {
                    let value = function.eval(&mut context(), &values, &types, &result);
                    if let Ok(value) = value {
                        // The value is one of the type: it converts to its own type.
                        let back =
                            convert(&value, &result, &result, None, &DateSettings::default());
                        assert!(back.is_ok(), "{} {values:?} gives {value:?}", function.name);
                        if let Value::Bytes(bytes) = &value {
                            assert!(HEXUPPER.encode(bytes).len() <= 16_000);
                        }
                    }
                }
            }
        }
    }
}
