//! Table-valued functions that need only their arguments.

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Row, Value};

use crate::error::{Abort, SqlError};
use crate::types::{self, ExprType};

/// Such a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    StringSplit,
    GenerateSeries,
}

/// The names and types of a function's columns, from its arguments' types.
type ColumnsOf = fn(&[ExprType], Collation) -> Result<Vec<(&'static str, ExprType)>, SqlError>;

/// By its name in lower case.
pub(crate) fn find(name: &str) -> Option<(BuiltIn, ColumnsOf)> {
    match name {
        "string_split" => Some((BuiltIn::StringSplit, split_columns)),
        "generate_series" => Some((BuiltIn::GenerateSeries, series_columns)),
        // Known, so that it is refused by its name and not as a table that is not there.
        "openjson" => Some((BuiltIn::StringSplit, |_, _| {
            Err(SqlError::unsupported("OPENJSON"))
        })),
        _ => None,
    }
}

fn split_columns(
    args: &[ExprType],
    collation: Collation,
) -> Result<Vec<(&'static str, ExprType)>, SqlError> {
    if !(2..=3).contains(&args.len()) {
        return Err(wrong_count("string_split"));
    }
    let sql = match args[0].sql {
        SqlType::NVarChar(_) | SqlType::NChar(_) => args[0].sql,
        SqlType::VarChar(_) | SqlType::Char(_) => args[0].sql,
        _ => SqlType::NVarChar(Length::Limited(4000)),
    };
    let mut columns = vec![(
        "value",
        ExprType::column(sql, true, args[0].collation.unwrap_or(collation)),
    )];
    if args.len() == 3 {
        columns.push(("ordinal", ExprType::new(SqlType::BigInt)));
    }
    Ok(columns)
}

fn series_columns(
    args: &[ExprType],
    _collation: Collation,
) -> Result<Vec<(&'static str, ExprType)>, SqlError> {
    if !(2..=3).contains(&args.len()) {
        return Err(wrong_count("generate_series"));
    }
    match types::family(args[0].sql) {
        types::Family::Integer => {
            let ty = types::common_type(args)?;
            Ok(vec![("value", ExprType::new(ty.sql))])
        }
        _ => Err(SqlError::unsupported(
            "GENERATE_SERIES over other types than integers",
        )),
    }
}

fn wrong_count(name: &str) -> SqlError {
    SqlError::new(
        313,
        16,
        format!("An insufficient number of arguments were supplied for the procedure or function {name}."),
    )
    .aborting(Abort::Batch)
}

impl BuiltIn {
    /// The rows for these arguments.
    pub(crate) fn rows(self, args: &[Value], most: usize) -> Result<Vec<Row>, SqlError> {
        match self {
            Self::StringSplit => {
                let (Some(text), Some(separator)) = (
                    args[0].as_str(),
                    args[1].as_str().filter(|s| s.chars().count() == 1),
                ) else {
                    if args[0].is_null() {
                        return Ok(Vec::new());
                    }
                    return Err(SqlError::new(
                        214,
                        11,
                        "Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.",
                    ));
                };
                let with_ordinal = args.len() == 3;
                Ok(text
                    .split(separator)
                    .take(most)
                    .enumerate()
                    .map(|(at, part)| {
                        let value = Value::str(part);
                        if with_ordinal {
                            Row::from([value, Value::Int(at as i64 + 1)])
                        } else {
                            Row::from([value])
                        }
                    })
                    .collect())
            }
            Self::GenerateSeries => {
                let (Some(start), Some(stop)) = (args[0].as_int(), args[1].as_int()) else {
                    return Ok(Vec::new());
                };
                let step = match args.get(2) {
                    None => {
                        if start <= stop {
                            1
                        } else {
                            -1
                        }
                    }
                    Some(step) => match step.as_int() {
                        None => return Ok(Vec::new()),
                        Some(0) => {
                            return Err(SqlError::new(
                                4199,
                                16,
                                "Argument value 0 is invalid for argument 3 of generate_series function.",
                            ));
                        }
                        Some(step) => step,
                    },
                };
                let mut rows = Vec::new();
                let mut next = start;
                while (step > 0 && next <= stop) || (step < 0 && next >= stop) {
                    rows.push(Row::from([Value::Int(next)]));
                    if rows.len() > most {
                        break;
                    }
                    match next.checked_add(step) {
                        Some(following) => next = following,
                        None => break,
                    }
                }
                Ok(rows)
            }
        }
    }
}
