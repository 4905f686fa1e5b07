//! Aggregate functions: result types and accumulators.

use std::collections::BTreeSet;
use std::fmt;

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Decimal, Value};

use super::arguments::{text_type, with_length};
use crate::error::SqlError;
use crate::types::decimal;
use crate::types::text::{MAX_VALUE_BYTES, Units};
use crate::types::{
    DateSettings, ExprType, Family, compare, convert, convert_implicit, declared_length, family,
    is_large, is_national, key_bytes,
};

/// An aggregate function.
pub struct Aggregate {
    /// The name in lower case.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Count,
    CountBig,
    Sum,
    Average,
    Least,
    Greatest,
    Spread { sample: bool, root: bool },
    Joined,
    Checksum,
    Distinct,
}

const AGGREGATES: &[Aggregate] = &[
    Aggregate::new("count", 1, Kind::Count),
    Aggregate::new("count_big", 1, Kind::CountBig),
    Aggregate::new("sum", 1, Kind::Sum),
    Aggregate::new("avg", 1, Kind::Average),
    Aggregate::new("min", 1, Kind::Least),
    Aggregate::new("max", 1, Kind::Greatest),
    Aggregate::new(
        "stdev",
        1,
        Kind::Spread {
            sample: true,
            root: true,
        },
    ),
    Aggregate::new(
        "stdevp",
        1,
        Kind::Spread {
            sample: false,
            root: true,
        },
    ),
    Aggregate::new(
        "var",
        1,
        Kind::Spread {
            sample: true,
            root: false,
        },
    ),
    Aggregate::new(
        "varp",
        1,
        Kind::Spread {
            sample: false,
            root: false,
        },
    ),
    Aggregate::new("string_agg", 2, Kind::Joined),
    Aggregate::new("checksum_agg", 1, Kind::Checksum),
    Aggregate::new("approx_count_distinct", 1, Kind::Distinct),
];

/// Finds an aggregate by its name in any case.
pub fn find_aggregate(name: &str) -> Option<&'static Aggregate> {
    AGGREGATES
        .iter()
        .find(|aggregate| aggregate.name.eq_ignore_ascii_case(name))
}

/// Every aggregate.
pub fn all_aggregates() -> impl Iterator<Item = &'static Aggregate> {
    AGGREGATES.iter()
}

/// The state of one group.
pub trait Accumulator: fmt::Debug {
    /// Takes the arguments of a row. `COUNT(*)` is fed a constant that is not NULL; DISTINCT is the caller's part.
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError>;

    /// The result for the rows so far; more may follow, as in a running window.
    fn finish(&self) -> Result<Value, SqlError>;

    /// Whether a NULL was left out, for message 8153.
    fn null_eliminated(&self) -> bool;
}

impl Aggregate {
    const fn new(name: &'static str, arguments: usize, kind: Kind) -> Self {
        Self {
            name,
            arguments,
            kind,
        }
    }

    /// The type of the result, or what is wrong with the arguments (174, 8117).
    pub fn result(&self, types: &[ExprType]) -> Result<ExprType, SqlError> {
        if types.len() != self.arguments {
            return Err(SqlError::function_requires(
                &self.name.to_ascii_uppercase(),
                self.arguments,
            ));
        }
        let ty = &types[0];
        let refused = || {
            let name = if ty.is_null_literal() {
                "NULL"
            } else {
                ty.sql.name()
            };
            Err(SqlError::invalid_operand(name, self.name))
        };
        let nullable = |sql: SqlType| Ok(ExprType::new(sql));
        let number = matches!(
            family(ty.sql),
            Family::Integer | Family::Decimal | Family::Money | Family::Float
        ) && ty.sql != SqlType::Bit
            && !ty.is_null_literal();
        match self.kind {
            Kind::Count => match family(ty.sql) {
                Family::LargeText | Family::Image | Family::Xml => refused(),
                // Even a count is nullable on the wire (observed).
                _ => nullable(SqlType::Int),
            },
            Kind::CountBig | Kind::Distinct => nullable(SqlType::BigInt),
            Kind::Sum | Kind::Average if !number => refused(),
            Kind::Sum | Kind::Average => nullable(match ty.sql {
                SqlType::Decimal { scale, numeric, .. } => SqlType::Decimal {
                    precision: 38,
                    scale: if self.kind == Kind::Sum {
                        scale
                    } else {
                        scale.max(6)
                    },
                    numeric,
                },
                SqlType::SmallMoney | SqlType::Money => SqlType::Money,
                SqlType::Real | SqlType::Float => SqlType::Float,
                SqlType::BigInt => SqlType::BigInt,
                _ => SqlType::Int,
            }),
            Kind::Least | Kind::Greatest => match ty.sql {
                SqlType::Bit | SqlType::Text | SqlType::NText | SqlType::Image | SqlType::Xml => {
                    refused()
                }
                _ if ty.is_null_literal() => refused(),
                _ => {
                    let mut result = ty.with_nullable(true);
                    result.literal = crate::types::Literal::No;
                    Ok(result)
                }
            },
            Kind::Spread { .. } if number => nullable(SqlType::Float),
            Kind::Checksum if number && family(ty.sql) == Family::Integer => nullable(SqlType::Int),
            Kind::Spread { .. } | Kind::Checksum => refused(),
            Kind::Joined => joined_type(types, self.name),
        }
    }

    /// An accumulator for a group, for arguments of these types and the result type of [`Self::result`].
    pub fn start(
        &self,
        types: &[ExprType],
        result: &ExprType,
        dates: &DateSettings,
    ) -> Box<dyn Accumulator> {
        let ty = types.first().copied().unwrap_or(ExprType::NULL);
        let result = *result;
        match self.kind {
            Kind::Count | Kind::CountBig => Box::new(Count {
                result,
                rows: 0,
                skipped: false,
            }),
            Kind::Sum | Kind::Average => Box::new(Sum {
                result,
                average: self.kind == Kind::Average,
                exact: Decimal {
                    units: 0,
                    scale: exact_scale(ty.sql),
                },
                float: 0.0,
                rows: 0,
                skipped: false,
            }),
            Kind::Least | Kind::Greatest => Box::new(Extreme {
                result,
                greatest: self.kind == Kind::Greatest,
                best: Value::Null,
                skipped: false,
            }),
            Kind::Spread { sample, root } => Box::new(Spread {
                ty,
                dates: *dates,
                sample,
                root,
                rows: 0,
                sum: 0.0,
                squares: 0.0,
                skipped: false,
            }),
            Kind::Joined => Box::new(Joined {
                ty,
                result,
                dates: *dates,
                text: None,
            }),
            Kind::Checksum => Box::new(Checksum {
                sum: 0,
                any: false,
                skipped: false,
            }),
            Kind::Distinct => Box::new(Distinct {
                ty,
                keys: BTreeSet::new(),
                skipped: false,
            }),
        }
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// STRING_AGG gives the text type of its argument at full width; numbers and dates become `nvarchar`.
fn joined_type(types: &[ExprType], name: &str) -> Result<ExprType, SqlError> {
    let invalid = |at: usize| SqlError::invalid_argument_type(types[at].sql.name(), at + 1, name);
    for (at, ty) in types.iter().enumerate() {
        if matches!(
            family(ty.sql),
            Family::LargeText | Family::Image | Family::Variant
        ) {
            return Err(invalid(at));
        }
    }
    if !matches!(family(types[1].sql), Family::Text) && !types[1].is_null_literal() {
        return Err(invalid(1));
    }
    let text = text_type(&types[0]);
    let own_text = matches!(family(types[0].sql), Family::Text);
    let base = if own_text {
        text
    } else {
        text.retyped(SqlType::nvarchar(1))
    };
    let length = match (is_large(types[0].sql), is_national(base.sql)) {
        (true, _) => None,
        (false, true) => Some(4000),
        (false, false) => Some(8000),
    };
    Ok(with_length(base, length).with_nullable(true))
}

fn exact_scale(sql: SqlType) -> u8 {
    match sql {
        SqlType::Decimal { scale, .. } => scale,
        SqlType::Money | SqlType::SmallMoney => 4,
        _ => 0,
    }
}

#[derive(Debug)]
struct Count {
    result: ExprType,
    rows: i64,
    skipped: bool,
}

impl Accumulator for Count {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        if arguments.first().is_some_and(Value::is_null) {
            self.skipped = true;
        } else {
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(&self) -> Result<Value, SqlError> {
        if self.result.sql == SqlType::Int && i32::try_from(self.rows).is_err() {
            return Err(SqlError::arithmetic_overflow("expression", "int"));
        }
        Ok(Value::Int(self.rows))
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

/// SUM and AVG: exact numbers as one decimal, floats as a float.
#[derive(Debug)]
struct Sum {
    result: ExprType,
    average: bool,
    exact: Decimal,
    float: f64,
    rows: i64,
    skipped: bool,
}

impl Sum {
    fn overflow(&self) -> SqlError {
        let name = match self.result.sql {
            SqlType::Decimal { .. } => "numeric",
            other => other.name(),
        };
        SqlError::arithmetic_overflow("expression", name)
    }

    /// The exact number in the result type.
    fn exact_result(&self, number: Decimal) -> Option<Value> {
        Some(match self.result.sql {
            SqlType::Decimal { .. } => Value::Decimal(number),
            SqlType::Money => Value::Money(i64::try_from(number.units).ok()?),
            SqlType::Int => Value::Int(i32::try_from(number.units).ok()?.into()),
            _ => Value::Int(i64::try_from(number.units).ok()?),
        })
    }
}

impl Accumulator for Sum {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        let units = match arguments.first() {
            None | Some(Value::Null) => {
                self.skipped = true;
                return Ok(());
            }
            Some(Value::Float(number)) => {
                self.float += number;
                self.rows += 1;
                return if self.float.is_finite() {
                    Ok(())
                } else {
                    Err(self.overflow())
                };
            }
            Some(Value::Decimal(number)) => {
                self.exact = decimal::add(self.exact, *number, 38, self.exact.scale)
                    .ok_or_else(|| self.overflow())?;
                self.rows += 1;
                return Ok(());
            }
            Some(Value::Int(number) | Value::Money(number)) => i128::from(*number),
            Some(_) => return Err(self.overflow()),
        };
        self.exact.units += units;
        self.rows += 1;
        // The server notices the overflow at the row that causes it, for averages too.
        self.exact_result(self.exact)
            .map(|_| ())
            .ok_or_else(|| self.overflow())
    }

    fn finish(&self) -> Result<Value, SqlError> {
        if self.rows == 0 {
            return Ok(Value::Null);
        }
        if family(self.result.sql) == Family::Float {
            let rows = if self.average { self.rows as f64 } else { 1.0 };
            return Ok(Value::Float(self.float / rows));
        }
        let number = if self.average {
            let rows = Decimal {
                units: self.rows.into(),
                scale: 0,
            };
            let scale = exact_scale(self.result.sql);
            decimal::divide(self.exact, rows, 38, scale).ok_or_else(|| self.overflow())?
        } else {
            self.exact
        };
        self.exact_result(number).ok_or_else(|| self.overflow())
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

#[derive(Debug)]
struct Extreme {
    result: ExprType,
    greatest: bool,
    best: Value,
    skipped: bool,
}

impl Accumulator for Extreme {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        let Some(value) = arguments.first().filter(|value| !value.is_null()) else {
            self.skipped = true;
            return Ok(());
        };
        let order = compare(value, &self.best, &self.result);
        let better = if self.greatest {
            order.is_gt()
        } else {
            order.is_lt()
        };
        if self.best.is_null() || better {
            self.best = value.clone();
        }
        Ok(())
    }

    fn finish(&self) -> Result<Value, SqlError> {
        Ok(self.best.clone())
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

/// Variance and standard deviation, by the sums that the server keeps: with its cancellation, too.
#[derive(Debug)]
struct Spread {
    ty: ExprType,
    dates: DateSettings,
    sample: bool,
    root: bool,
    rows: i64,
    sum: f64,
    squares: f64,
    skipped: bool,
}

impl Accumulator for Spread {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        let float = ExprType::new(SqlType::Float);
        let value = arguments.first().unwrap_or(&Value::Null);
        match convert_implicit(value, &self.ty, &float, &self.dates)? {
            Value::Float(number) => {
                self.rows += 1;
                self.sum += number;
                self.squares += number * number;
            }
            _ => self.skipped = true,
        }
        if self.sum.is_finite() && self.squares.is_finite() {
            Ok(())
        } else {
            Err(SqlError::arithmetic_overflow("expression", "float"))
        }
    }

    fn finish(&self) -> Result<Value, SqlError> {
        let divisor = if self.sample {
            self.rows - 1
        } else {
            self.rows
        };
        if divisor < 1 {
            return Ok(Value::Null);
        }
        let spread = self.squares - self.sum * self.sum / self.rows as f64;
        let variance = spread.max(0.0) / divisor as f64;
        Ok(Value::Float(if self.root {
            variance.sqrt()
        } else {
            variance
        }))
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

/// STRING_AGG, in the order in which rows come.
#[derive(Debug)]
struct Joined {
    ty: ExprType,
    result: ExprType,
    dates: DateSettings,
    text: Option<String>,
}

impl Accumulator for Joined {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        let (Some(value), separator) = (arguments.first(), arguments.get(1)) else {
            return Ok(());
        };
        if value.is_null() {
            return Ok(());
        }
        let as_text = ExprType::new(SqlType::NVarChar(Length::Max));
        let value = match value {
            Value::Str(text) => text.clone(),
            other => match convert(other, &self.ty, &as_text, None, &self.dates)? {
                Value::Str(text) => text,
                _ => return Ok(()),
            },
        };
        let text = match &mut self.text {
            Some(text) => {
                if let Some(Value::Str(separator)) = separator {
                    text.push_str(separator);
                }
                text
            }
            none => none.insert(String::new()),
        };
        text.push_str(&value);
        if text.len() > MAX_VALUE_BYTES {
            return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
        }
        match declared_length(self.result.sql) {
            Some(limit) if text.len() > limit && Units::of(&self.result).length(text) > limit => {
                Err(SqlError::aggregate_length_exceeded())
            }
            _ => Ok(()),
        }
    }

    fn finish(&self) -> Result<Value, SqlError> {
        Ok(Value::str_or_null(self.text.as_deref()))
    }

    /// STRING_AGG leaves NULLs out without a word.
    fn null_eliminated(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Checksum {
    sum: u32,
    any: bool,
    skipped: bool,
}

impl Accumulator for Checksum {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        match arguments.first() {
            Some(Value::Int(number)) => {
                self.sum ^= *number as u32;
                self.any = true;
            }
            _ => self.skipped = true,
        }
        Ok(())
    }

    fn finish(&self) -> Result<Value, SqlError> {
        Ok(if self.any {
            Value::Int(i64::from(self.sum as i32))
        } else {
            Value::Null
        })
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

/// APPROX_COUNT_DISTINCT, which is exact here.
#[derive(Debug)]
struct Distinct {
    ty: ExprType,
    keys: BTreeSet<Vec<u8>>,
    skipped: bool,
}

impl Accumulator for Distinct {
    fn add(&mut self, arguments: &[Value]) -> Result<(), SqlError> {
        match arguments.first() {
            Some(value) if !value.is_null() => {
                let mut key = Vec::new();
                key_bytes(value, &self.ty, &mut key);
                self.keys.insert(key);
            }
            _ => self.skipped = true,
        }
        Ok(())
    }

    fn finish(&self) -> Result<Value, SqlError> {
        Ok(Value::Int(self.keys.len() as i64))
    }

    fn null_eliminated(&self) -> bool {
        self.skipped
    }
}

#[cfg(test)]
mod tests;
