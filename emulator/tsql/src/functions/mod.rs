//! The built-in functions: each with its arity, the rule of its result type, and its evaluation.
//!
//! Functions about databases, objects and the instance live with the catalog; those here need only values and a
//! [`FunctionContext`].

mod aggregate;
mod arguments;
mod binary;
mod date;
mod date_parts;
mod datepart;
mod format;
mod format_message;
pub mod json;
mod logic;
mod math;
mod parse;
mod random;
mod session;
mod text;
mod text_build;
mod text_search;
mod time_zone;
mod variant;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use milink_core::time::Timestamp;
use milink_core::value::Value;

pub use aggregate::{Accumulator, Aggregate, all_aggregates, find_aggregate};
use arguments::{Arguments, Call};
pub use datepart::Datepart;
pub use format_message::format_message;
pub use parse::{check_parse, parse_text};
pub use random::Random;
pub use time_zone::time_zones;

use crate::error::SqlError;
use crate::types::{DateSettings, ExprType};

/// What functions need from outside of their arguments.
#[derive(Clone, Debug, Default)]
pub struct FunctionContext {
    /// The time, the same for a whole statement.
    pub now: Timestamp,
    /// The instance's time zone: minutes east of UTC.
    pub utc_offset_minutes: i16,
    /// How dates are read and weeks counted.
    pub dates: DateSettings,
    /// Where RAND, NEWID and NEWSEQUENTIALID come from; the session keeps it from statement to statement.
    pub random: Random,
    /// The error that the innermost CATCH block handles.
    pub error: Option<SqlError>,
}

/// A scalar function.
#[derive(Debug)]
pub struct ScalarFunction {
    /// The name in lower case.
    pub name: &'static str,
    /// The fewest arguments it takes.
    pub least: usize,
    /// The most arguments it takes.
    pub most: usize,
    /// Whether equal arguments always give an equal result, so that a constant call can be folded.
    pub deterministic: bool,
    /// Whether the first argument is a bare datepart word; the binder passes it as a `varchar` constant.
    pub first_is_datepart: bool,
    /// Whether the result is NULL as soon as one argument is.
    null_propagates: bool,
    result: fn(&Arguments<'_>) -> Result<ExprType, SqlError>,
    eval: fn(&mut Call<'_>) -> Result<Value, SqlError>,
}

impl ScalarFunction {
    /// A deterministic function that is NULL for NULL.
    const fn new(
        name: &'static str,
        least: usize,
        most: usize,
        result: fn(&Arguments<'_>) -> Result<ExprType, SqlError>,
        eval: fn(&mut Call<'_>) -> Result<Value, SqlError>,
    ) -> Self {
        Self {
            name,
            least,
            most,
            deterministic: true,
            first_is_datepart: false,
            null_propagates: true,
            result,
            eval,
        }
    }

    /// The same, but it handles NULL itself.
    const fn takes_null(mut self) -> Self {
        self.null_propagates = false;
        self
    }

    /// The same, but not to be folded.
    const fn volatile(mut self) -> Self {
        self.deterministic = false;
        self
    }

    /// The same, with a datepart in front.
    const fn with_datepart(mut self) -> Self {
        self.first_is_datepart = true;
        self
    }

    /// The type of a call, or what is wrong with it: the number of arguments (174, 189), a type (8116), a datepart (155).
    /// `constants` holds the values of those arguments that are constant; it may be shorter than `types`.
    pub fn bind(
        &self,
        types: &[ExprType],
        constants: &[Option<Value>],
    ) -> Result<ExprType, SqlError> {
        if types.len() < self.least || types.len() > self.most {
            return Err(if self.least == self.most {
                SqlError::function_requires(self.name, self.least)
            } else if self.most == usize::MAX {
                // The documented texts for CONCAT and its kind.
                SqlError::function_requires_range(self.name, self.least, 254)
            } else {
                SqlError::function_requires_range(self.name, self.least, self.most)
            });
        }
        (self.result)(&Arguments {
            name: self.name,
            types,
            constants,
        })
    }

    /// The value of a call that has been bound.
    pub fn eval(
        &self,
        context: &mut FunctionContext,
        values: &[Value],
        types: &[ExprType],
        result: &ExprType,
    ) -> Result<Value, SqlError> {
        if self.null_propagates && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        (self.eval)(&mut Call {
            name: self.name,
            context,
            values,
            types,
            result,
        })
    }
}

/// The functions by name.
static FUNCTIONS: LazyLock<BTreeMap<&'static str, &'static ScalarFunction>> =
    LazyLock::new(|| all().map(|function| (function.name, function)).collect());

/// Every function, for COMPAT and for messages.
pub fn all() -> impl Iterator<Item = &'static ScalarFunction> {
    [
        text::FUNCTIONS,
        text_build::FUNCTIONS,
        text_search::FUNCTIONS,
        math::FUNCTIONS,
        date::FUNCTIONS,
        date_parts::FUNCTIONS,
        logic::FUNCTIONS,
        binary::FUNCTIONS,
        variant::FUNCTIONS,
        session::FUNCTIONS,
        format::FUNCTIONS,
        format_message::FUNCTIONS,
        json::FUNCTIONS,
        time_zone::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// Finds a function by its name in any case.
pub fn find(name: &str) -> Option<&'static ScalarFunction> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        FUNCTIONS.get(name.to_ascii_lowercase().as_str()).copied()
    } else {
        FUNCTIONS.get(name).copied()
    }
}

#[cfg(test)]
mod tests;
