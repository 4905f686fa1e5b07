//! What result rules and evaluations see of a call, and how they read its arguments.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::FunctionContext;
use crate::error::{SqlError, shown_type};
use crate::types::calendar::Moment;
use crate::types::{
    Convertibility, ExprType, Family, convert, convertibility, declared_length, family, is_large,
    is_national,
};

/// The arguments of a call before anything is evaluated.
pub(super) struct Arguments<'a> {
    pub(super) name: &'static str,
    pub(super) types: &'a [ExprType],
    pub(super) constants: &'a [Option<Value>],
}

impl Arguments<'_> {
    pub(super) fn ty(&self, at: usize) -> &ExprType {
        self.types.get(at).unwrap_or(&ExprType::NULL)
    }

    pub(super) fn constant(&self, at: usize) -> Option<&Value> {
        self.constants.get(at)?.as_ref()
    }

    /// Whether an argument can be NULL.
    pub(super) fn any_nullable(&self) -> bool {
        self.types.iter().any(|ty| ty.nullable)
    }

    /// 8116 for an argument.
    pub(super) fn invalid(&self, at: usize) -> SqlError {
        let name = shown_type(self.ty(at).sql);
        let name = if self.ty(at).is_null_literal() {
            "NULL"
        } else {
            name
        };
        SqlError::invalid_argument_type(name, at + 1, self.name)
    }

    /// Requires that an argument converts to a type; 8116 if not.
    pub(super) fn require(&self, at: usize, to: SqlType) -> Result<(), SqlError> {
        let ty = self.ty(at);
        let fits = ty.is_null_literal()
            || convertibility(ty.sql, to) == Convertibility::Implicit
            || (family(ty.sql) == Family::Money && family(to) == Family::Text);
        if fits { Ok(()) } else { Err(self.invalid(at)) }
    }

    /// Requires every argument from `from` on to convert to a type.
    pub(super) fn require_all(&self, from: usize, to: SqlType) -> Result<(), SqlError> {
        (from..self.types.len()).try_for_each(|at| self.require(at, to))
    }

    /// The string type that an argument is read as: its own, or the one that holds its text. The old large objects
    /// are refused.
    pub(super) fn text(&self, at: usize) -> Result<ExprType, SqlError> {
        match family(self.ty(at).sql) {
            Family::LargeText | Family::Image | Family::Xml => Err(self.invalid(at)),
            _ => self.readable(at),
        }
    }

    /// The same for the few arguments that can be `text` and `ntext` too.
    pub(super) fn readable(&self, at: usize) -> Result<ExprType, SqlError> {
        self.require(at, SqlType::varchar(8000))?;
        Ok(text_type(self.ty(at)))
    }

    /// A type, nullable as the results of nearly all functions are, whatever their arguments (observed).
    pub(super) fn result(&self, sql: SqlType) -> Result<ExprType, SqlError> {
        Ok(ExprType::new(sql))
    }

    /// A type, nullable if an argument is.
    pub(super) fn strict_result(&self, sql: SqlType) -> Result<ExprType, SqlError> {
        Ok(ExprType::new(sql).with_nullable(self.any_nullable()))
    }

    /// An int, or a bigint if the first argument is a large object.
    pub(super) fn length_result(&self, about: usize) -> Result<ExprType, SqlError> {
        self.result(if is_large(self.ty(about).sql) {
            SqlType::BigInt
        } else {
            SqlType::Int
        })
    }
}

/// The string type of a value's text: its own type, or a varchar long enough for every value of the type (the
/// lengths are observed).
pub(super) fn text_type(ty: &ExprType) -> ExprType {
    if ty.is_null_literal() {
        return ExprType::new(SqlType::varchar(1));
    }
    let length = match ty.sql {
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
            return *ty;
        }
        SqlType::Text => return ty.retyped(SqlType::VarChar(Length::Max)),
        SqlType::NText | SqlType::Xml => return ty.retyped(SqlType::NVarChar(Length::Max)),
        SqlType::Image | SqlType::VarBinary(Length::Max) => {
            return ty.retyped(SqlType::VarChar(Length::Max));
        }
        SqlType::Binary(n) | SqlType::VarBinary(Length::Limited(n)) => n,
        SqlType::Bit => 1,
        SqlType::TinyInt => 4,
        SqlType::SmallInt => 6,
        SqlType::Int => 12,
        SqlType::BigInt => 24,
        SqlType::Decimal { .. } => 41,
        SqlType::Real | SqlType::Float => 23,
        SqlType::RowVersion => 8,
        SqlType::SqlVariant => 8000,
        // Money, dates and times, uniqueidentifier.
        _ => 40,
    };
    ty.retyped(SqlType::varchar(length))
}

/// A variable-length type of the same kind: `varchar` for `char`, `nvarchar` for `nchar`.
pub(super) fn variable_length(ty: ExprType) -> ExprType {
    with_length(ty, declared_length(ty.sql))
}

/// The same kind of variable-length string or binary type with another length; `None` is `(max)`.
pub(super) fn with_length(mut ty: ExprType, length: Option<usize>) -> ExprType {
    let limited =
        |cap: usize| length.map_or(Length::Max, |n| Length::Limited(n.clamp(1, cap) as u16));
    ty.sql = if is_national(ty.sql) {
        SqlType::NVarChar(limited(4000))
    } else if matches!(
        family(ty.sql),
        Family::Binary | Family::Image | Family::RowVersion
    ) {
        SqlType::VarBinary(limited(8000))
    } else {
        SqlType::VarChar(limited(8000))
    };
    ty.literal = crate::types::Literal::No;
    ty
}

/// A call with its values.
pub(super) struct Call<'a> {
    pub(super) name: &'static str,
    pub(super) context: &'a mut FunctionContext,
    pub(super) values: &'a [Value],
    pub(super) types: &'a [ExprType],
    pub(super) result: &'a ExprType,
}

impl Call<'_> {
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    pub(super) fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    pub(super) fn ty(&self, at: usize) -> &ExprType {
        self.types.get(at).unwrap_or(&ExprType::NULL)
    }

    pub(super) fn is_null(&self, at: usize) -> bool {
        self.value(at).is_null()
    }

    /// An argument as another type; the value as it is if it is of that kind already.
    pub(super) fn converted(&self, at: usize, to: &ExprType) -> Result<Value, SqlError> {
        if self.ty(at).sql == to.sql {
            return Ok(self.value(at).clone());
        }
        convert(self.value(at), self.ty(at), to, None, &self.context.dates)
    }

    /// An argument as text.
    pub(super) fn text(&self, at: usize) -> Result<Arc<str>, SqlError> {
        if let Value::Str(text) = self.value(at) {
            return Ok(Arc::clone(text));
        }
        match self.converted(at, &text_type(self.ty(at)))? {
            Value::Str(text) => Ok(text),
            _ => Ok("".into()),
        }
    }

    /// An argument as a bigint.
    pub(super) fn bigint(&self, at: usize) -> Result<i64, SqlError> {
        if let Value::Int(number) = self.value(at) {
            return Ok(*number);
        }
        match self.converted(at, &ExprType::new(SqlType::BigInt))? {
            Value::Int(number) => Ok(number),
            _ => Ok(0),
        }
    }

    /// An argument as an int.
    pub(super) fn int(&self, at: usize) -> Result<i64, SqlError> {
        if let Value::Int(number) = self.value(at)
            && i32::try_from(*number).is_ok()
        {
            return Ok(*number);
        }
        match self.converted(at, &ExprType::new(SqlType::Int))? {
            Value::Int(number) => Ok(number),
            _ => Ok(0),
        }
    }

    /// An argument as a float.
    pub(super) fn float(&self, at: usize) -> Result<f64, SqlError> {
        match self.converted(at, &ExprType::new(SqlType::Float))? {
            Value::Float(number) => Ok(number),
            _ => Ok(0.0),
        }
    }

    /// An argument as a local date and time; text is read as `to`. The old types count whole milliseconds.
    pub(super) fn moment(&self, at: usize, to: SqlType) -> Result<Moment, SqlError> {
        let value = match self.value(at) {
            value if Moment::of(value).is_some() => value.clone(),
            _ => self.converted(at, &ExprType::new(to))?,
        };
        let moment = Moment::of(&value).unwrap_or(Moment::EPOCH);
        Ok(match value {
            Value::DateTime(_) => Moment {
                ticks: (moment.ticks + 5_000) / 10_000 * 10_000,
                ..moment
            },
            _ => moment,
        })
    }

    /// Text as the value of the result type, cut to its length.
    pub(super) fn answer(&self, text: impl Into<Arc<str>>) -> Result<Value, SqlError> {
        crate::types::text::fit(&text.into(), self.result, crate::types::text::Overflow::Cut)
            .map(Value::Str)
    }

    pub(super) fn collation(&self, at: usize) -> Collation {
        self.ty(at).collation_or_default()
    }
}
