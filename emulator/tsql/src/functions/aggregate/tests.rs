//! Aggregates as tables.

use super::*;
use crate::types::{number_literal, to_display};

fn int() -> ExprType {
    ExprType::new(SqlType::Int)
}

/// Runs an aggregate over literals; `null` is NULL.
fn run(name: &str, ty: ExprType, rows: &[&str]) -> String {
    let aggregate = find_aggregate(name).unwrap();
    let dates = DateSettings::default();
    let types = [ty, ExprType::new(SqlType::varchar(5))];
    let types = &types[..aggregate.arguments];
    let outcome = aggregate.result(types).and_then(|result| {
        let mut state = aggregate.start(types, &result, &dates);
        for row in rows {
            let value = match *row {
                "null" => Value::Null,
                text if ty.sql.is_character() => Value::str(text),
                text => {
                    let (negative, digits) = match text.strip_prefix('-') {
                        Some(digits) => (true, digits),
                        None => (false, text),
                    };
                    let (value, from) = number_literal(digits).unwrap();
                    let value = convert(&value, &from, &ty, None, &dates)?;
                    match value {
                        Value::Int(n) if negative => Value::Int(-n),
                        other => other,
                    }
                }
            };
            state.add(&[value, Value::str(", ")])?;
        }
        let value = state.finish()?;
        let shown = if value.is_null() {
            "NULL".to_owned()
        } else {
            to_display(&value, &result)
        };
        let warned = if state.null_eliminated() { " 8153" } else { "" };
        Ok(format!("{} {shown}{warned}", result.sql))
    });
    outcome.unwrap_or_else(|error| format!("{} {}", error.number, error.message))
}

#[test]
fn aggregates_have_the_types_and_values_of_the_documentation() {
    let decimal = ExprType::new(SqlType::decimal(10, 2));
    let text = ExprType::new(SqlType::varchar(5));
    let bigint = ExprType::new(SqlType::BigInt);
    let float = ExprType::new(SqlType::Float);
    let cases: [(&str, ExprType, &[&str], &str); 25] = [
        ("count", int(), &["1", "null", "3"], "int 2 8153"),
        ("count", int(), &[], "int 0"),
        ("COUNT_BIG", int(), &["1"], "bigint 1"),
        ("sum", int(), &["1", "null", "3"], "int 4 8153"),
        ("sum", int(), &[], "int NULL"),
        (
            "sum",
            int(),
            &["2147483647", "1"],
            "8115 Arithmetic overflow error converting expression to data type int.",
        ),
        (
            "sum",
            ExprType::new(SqlType::TinyInt),
            &["200", "100"],
            "int 300",
        ),
        ("sum", bigint, &["2147483647", "1"], "bigint 2147483648"),
        ("sum", decimal, &["1.25", "2.50"], "decimal(38,2) 3.75"),
        (
            "sum",
            ExprType::new(SqlType::SmallMoney),
            &["1.25", "2"],
            "money 3.25",
        ),
        (
            "sum",
            text,
            &["a"],
            "8117 Operand data type varchar is invalid for sum operator.",
        ),
        (
            "sum",
            ExprType::new(SqlType::Bit),
            &["1"],
            "8117 Operand data type bit is invalid for sum operator.",
        ),
        ("avg", int(), &["1", "2"], "int 1"),
        ("avg", int(), &["-1", "-2"], "int -1"),
        ("avg", decimal, &["1", "1", "2"], "decimal(38,6) 1.333333"),
        ("avg", float, &["1", "2"], "float 1.5"),
        ("min", text, &["b", "null", "A"], "varchar(5) A 8153"),
        ("max", text, &["b", "A"], "varchar(5) b"),
        (
            "max",
            ExprType::new(SqlType::Bit),
            &["1"],
            "8117 Operand data type bit is invalid for max operator.",
        ),
        ("var", int(), &["1", "2", "3", "4"], "float 1.66667"),
        ("stdevp", int(), &["1", "3"], "float 1"),
        ("stdev", int(), &["1"], "float NULL"),
        (
            "string_agg",
            text,
            &["a", "null", "b"],
            "varchar(8000) a, b",
        ),
        ("string_agg", int(), &["1", "2"], "nvarchar(4000) 1, 2"),
        ("approx_count_distinct", text, &["a", "A ", "b"], "bigint 2"),
    ];
    for (name, ty, rows, expected) in cases {
        assert_eq!(run(name, ty, rows), expected, "{name} {rows:?}");
    }
}

#[test]
fn joined_text_past_its_type_is_refused() {
    let aggregate = find_aggregate("string_agg").unwrap();
    let types = [
        ExprType::new(SqlType::varchar(8000)),
        ExprType::new(SqlType::varchar(1)),
    ];
    let result = aggregate.result(&types).unwrap();
    let mut state = aggregate.start(&types, &result, &DateSettings::default());
    let long = Value::str("x".repeat(8000));
    state.add(&[long.clone(), Value::str(",")]).unwrap();
    assert_eq!(
        state.add(&[long, Value::str(",")]).unwrap_err().number,
        9829
    );
    assert_eq!(aggregate.result(&types[..1]).unwrap_err().number, 174);
}
