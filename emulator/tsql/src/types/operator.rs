//! Operators: bound once to the types of their operands, then evaluated row by row.

use std::cmp::Ordering;
use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::value::{DateTime, Decimal, SmallDateTime, Value};

use super::calendar::{DAYS_TO_1900, DateSettings, LAST_DAY};
use super::compare::compare;
use super::convert::{convert_implicit, integer_range};
use super::decimal;
use super::expr_type::{ExprType, Literal};
use super::precedence::{Family, family};
use super::result_type;
use super::text::MAX_VALUE_BYTES;
use crate::error::SqlError;

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the operators")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    BitAnd,
    BitOr,
    BitXor,
}

impl BinaryOp {
    /// How messages call the operator.
    pub fn words(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Subtract => "subtract",
            Self::Multiply => "multiply",
            Self::Divide => "divide",
            Self::Modulo => "modulo",
            Self::BitAnd => "'&'",
            Self::BitOr => "'|'",
            Self::BitXor => "'^'",
        }
    }

    /// Whether it works on bits.
    pub fn is_bitwise(self) -> bool {
        matches!(self, Self::BitAnd | Self::BitOr | Self::BitXor)
    }
}

/// A sign or complement before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `+`, which changes nothing.
    Plus,
    /// `-`.
    Minus,
    /// `~`.
    BitNot,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the operators")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareOp {
    /// How messages call the operator.
    pub fn words(self) -> &'static str {
        match self {
            Self::Eq => "equal to",
            Self::Ne => "not equal to",
            Self::Lt => "less than",
            Self::Le => "less than or equal to",
            Self::Gt => "greater than",
            Self::Ge => "greater than or equal to",
        }
    }

    /// Whether it holds for operands in this order.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }

    /// The operator with its operands swapped.
    #[must_use]
    pub fn flipped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }
}

/// A binary operator with the types of its operands and of its result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundBinary {
    /// The operator.
    pub op: BinaryOp,
    /// The type of the result.
    pub ty: ExprType,
    from: [ExprType; 2],
    to: [ExprType; 2],
}

impl BoundBinary {
    /// Finds the types, or says why the operation does not exist (402, 8117, 206, 257, 468).
    pub fn bind(op: BinaryOp, left: &ExprType, right: &ExprType) -> Result<Self, SqlError> {
        let types = result_type::operation(op, left, right)?;
        Ok(Self {
            op,
            ty: types.result,
            from: [*left, *right],
            to: [types.left, types.right],
        })
    }

    /// The result; NULL if an operand is.
    pub fn eval(
        &self,
        left: &Value,
        right: &Value,
        dates: &DateSettings,
    ) -> Result<Value, SqlError> {
        if left.is_null() || right.is_null() {
            return Ok(Value::Null);
        }
        let left = convert_implicit(left, &self.from[0], &self.to[0], dates)?;
        let right = convert_implicit(right, &self.from[1], &self.to[1], dates)?;
        match (left, right) {
            (Value::Int(l), Value::Int(r)) if !self.is_date() => self.integers(l, r),
            (Value::Bit(l), Value::Bit(r)) => Ok(Value::Bit(match self.op {
                BinaryOp::BitAnd => l & r,
                BinaryOp::BitOr => l | r,
                _ => l ^ r,
            })),
            (Value::Decimal(l), Value::Decimal(r)) if !self.is_date() => self.decimals(l, r),
            (Value::Float(l), Value::Float(r)) if !self.is_date() => self.floats(l, r),
            (Value::Money(l), Value::Money(r)) if !self.is_date() => self.moneys(l, r),
            (Value::Str(l), Value::Str(r)) => self.texts(&l, &r),
            (Value::Bytes(l), Value::Bytes(r)) => {
                let mut bytes = Vec::with_capacity(l.len() + r.len());
                bytes.extend_from_slice(&l);
                bytes.extend_from_slice(&r);
                super::text::fit_bytes(&bytes.into(), self.ty.sql, super::text::Overflow::Cut)
                    .map(Value::Bytes)
            }
            (l, r) => self.dates(&l, &r),
        }
    }

    fn is_date(&self) -> bool {
        family(self.ty.sql) == Family::OldDateTime
    }

    fn overflow(&self) -> SqlError {
        let name = match self.ty.sql {
            SqlType::Decimal { .. } => "numeric",
            other => other.name(),
        };
        SqlError::arithmetic_overflow("expression", name)
    }

    fn integers(&self, l: i64, r: i64) -> Result<Value, SqlError> {
        let result = match self.op {
            BinaryOp::Add => l.checked_add(r),
            BinaryOp::Subtract => l.checked_sub(r),
            BinaryOp::Multiply => l.checked_mul(r),
            BinaryOp::Divide | BinaryOp::Modulo if r == 0 => return Err(SqlError::divide_by_zero()),
            BinaryOp::Divide => l.checked_div(r),
            // The least number by -1 overflows here as it does in division.
            BinaryOp::Modulo if r == -1 && l == integer_range(self.ty.sql).0 => None,
            BinaryOp::Modulo => Some(l.wrapping_rem(r)),
            BinaryOp::BitAnd => Some(l & r),
            BinaryOp::BitOr => Some(l | r),
            BinaryOp::BitXor => Some(l ^ r),
        };
        let (least, most) = integer_range(self.ty.sql);
        result
            .filter(|n| (least..=most).contains(n))
            .map(Value::Int)
            .ok_or_else(|| self.overflow())
    }

    fn decimals(&self, l: Decimal, r: Decimal) -> Result<Value, SqlError> {
        let SqlType::Decimal {
            precision, scale, ..
        } = self.ty.sql
        else {
            return Err(self.overflow());
        };
        let result = match self.op {
            BinaryOp::Add => decimal::add(l, r, precision, scale),
            BinaryOp::Subtract => decimal::subtract(l, r, precision, scale),
            BinaryOp::Multiply => decimal::multiply(l, r, precision, scale),
            _ if r.units == 0 => return Err(SqlError::divide_by_zero()),
            BinaryOp::Divide => decimal::divide(l, r, precision, scale),
            _ => decimal::modulo(l, r, precision, scale),
        };
        result.map(Value::Decimal).ok_or_else(|| self.overflow())
    }

    fn floats(&self, l: f64, r: f64) -> Result<Value, SqlError> {
        let result = match self.op {
            BinaryOp::Add => l + r,
            BinaryOp::Subtract => l - r,
            BinaryOp::Multiply => l * r,
            _ if r == 0.0 => return Err(SqlError::divide_by_zero()),
            _ => l / r,
        };
        let result = if self.ty.sql == SqlType::Real {
            f64::from(result as f32)
        } else {
            result
        };
        if result.is_finite() {
            Ok(Value::Float(result))
        } else {
            Err(self.overflow())
        }
    }

    fn moneys(&self, l: i64, r: i64) -> Result<Value, SqlError> {
        let (l, r) = (i128::from(l), i128::from(r));
        let result = match self.op {
            BinaryOp::Add => l + r,
            BinaryOp::Subtract => l - r,
            BinaryOp::Multiply => {
                let product = l * r;
                let half = if product < 0 { -5_000 } else { 5_000 };
                (product + half) / 10_000
            }
            _ if r == 0 => return Err(SqlError::divide_by_zero()),
            BinaryOp::Divide => l * 10_000 / r,
            _ => l % r,
        };
        let fits =
            |units: &i64| self.ty.sql != SqlType::SmallMoney || i32::try_from(*units).is_ok();
        i64::try_from(result)
            .ok()
            .filter(fits)
            .map(Value::Money)
            .ok_or_else(|| self.overflow())
    }

    fn texts(&self, l: &Arc<str>, r: &Arc<str>) -> Result<Value, SqlError> {
        if l.len() + r.len() > MAX_VALUE_BYTES {
            return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
        }
        let mut text = String::with_capacity(l.len() + r.len());
        text.push_str(l);
        text.push_str(r);
        super::convert::cut_to(text, &self.ty)
    }

    /// `datetime` and `smalldatetime` count in days since 1900, so they add and subtract like numbers.
    fn dates(&self, l: &Value, r: &Value) -> Result<Value, SqlError> {
        const TICKS_PER_DAY: i128 = 300 * 86_400;
        let (l, r) = (
            ticks_since_1900(l).ok_or_else(|| self.overflow())?,
            ticks_since_1900(r).ok_or_else(|| self.overflow())?,
        );
        let ticks = if self.op == BinaryOp::Add {
            l + r
        } else {
            l - r
        };
        let overflow = || self.overflow();
        if self.ty.sql == SqlType::SmallDateTime {
            let minutes = (ticks + 9_000).div_euclid(18_000);
            return Ok(Value::SmallDateTime(SmallDateTime {
                days: u16::try_from(minutes.div_euclid(1440)).map_err(|_| overflow())?,
                minutes: minutes.rem_euclid(1440) as u16,
            }));
        }
        let days = i32::try_from(ticks.div_euclid(TICKS_PER_DAY)).map_err(|_| overflow())?;
        if !(-53_690..=LAST_DAY - DAYS_TO_1900).contains(&days) {
            return Err(overflow());
        }
        Ok(Value::DateTime(DateTime {
            days,
            ticks: ticks.rem_euclid(TICKS_PER_DAY) as u32,
        }))
    }
}

/// A date or a number of days in 1/300 seconds since 1900.
fn ticks_since_1900(value: &Value) -> Option<i128> {
    const TICKS_PER_DAY: i128 = 300 * 86_400;
    let days = |days: f64| {
        (days.abs() < 4_000_000.0).then(|| (days * TICKS_PER_DAY as f64).round() as i128)
    };
    match value {
        Value::DateTime(at) => Some(i128::from(at.days) * TICKS_PER_DAY + i128::from(at.ticks)),
        Value::SmallDateTime(at) => {
            Some(i128::from(at.days) * TICKS_PER_DAY + i128::from(at.minutes) * 18_000)
        }
        Value::Bit(bit) => Some(i128::from(*bit) * TICKS_PER_DAY),
        Value::Int(number) => Some(i128::from(*number) * TICKS_PER_DAY),
        Value::Money(units) => days(*units as f64 / 10_000.0),
        Value::Decimal(number) => days(decimal::to_f64(*number)),
        Value::Float(number) => days(*number),
        _ => None,
    }
}

/// A unary operator with the type of its operand and of its result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundUnary {
    /// The operator.
    pub op: UnaryOp,
    /// The type of the result.
    pub ty: ExprType,
}

impl BoundUnary {
    /// Finds the type, or says why the operation does not exist (8117).
    pub fn bind(op: UnaryOp, operand: &ExprType) -> Result<Self, SqlError> {
        let mut ty = *operand;
        let supported = match (op, family(operand.sql)) {
            (UnaryOp::Plus, _) => true,
            (UnaryOp::Minus, Family::Integer) => operand.sql != SqlType::Bit,
            (UnaryOp::Minus, Family::Decimal | Family::Money | Family::Float) => true,
            (UnaryOp::BitNot, Family::Integer) => true,
            _ => false,
        };
        if !supported {
            let words = if op == UnaryOp::Minus { "minus" } else { "'~'" };
            return Err(SqlError::invalid_operand(operand.sql.name(), words));
        }
        if op == UnaryOp::Minus && ty.sql == SqlType::TinyInt {
            ty.sql = SqlType::SmallInt;
        }
        if op == UnaryOp::Minus
            && let (SqlType::Decimal { .. }, Literal::Integer { .. }) = (ty.sql, ty.literal)
        {
            // 2147483648 is numeric, but -2147483648 is the least int.
            ty.sql = SqlType::Int;
        }
        if op == UnaryOp::BitNot {
            ty.literal = Literal::No;
        }
        Ok(Self { op, ty })
    }

    /// The result; NULL if the operand is.
    pub fn eval(&self, operand: &Value) -> Result<Value, SqlError> {
        let overflow = || SqlError::arithmetic_overflow("expression", self.ty.sql.name());
        Ok(match (self.op, operand) {
            (UnaryOp::Plus, value) => value.clone(),
            (UnaryOp::Minus, Value::Int(n)) => {
                let (least, most) = integer_range(self.ty.sql);
                let negated = n
                    .checked_neg()
                    .filter(|n| (least..=most).contains(n))
                    .ok_or_else(overflow)?;
                Value::Int(negated)
            }
            (UnaryOp::Minus, Value::Decimal(n)) if self.ty.sql == SqlType::Int => {
                Value::Int(i64::try_from(-n.units).map_err(|_| overflow())?)
            }
            (UnaryOp::Minus, Value::Decimal(n)) => Value::Decimal(Decimal {
                units: -n.units,
                ..*n
            }),
            (UnaryOp::Minus, Value::Money(n)) => {
                Value::Money(n.checked_neg().ok_or_else(overflow)?)
            }
            (UnaryOp::Minus, Value::Float(n)) => Value::Float(-n),
            (UnaryOp::BitNot, Value::Bit(bit)) => Value::Bit(!bit),
            (UnaryOp::BitNot, Value::Int(n)) if self.ty.sql == SqlType::TinyInt => {
                Value::Int(!n & 0xFF)
            }
            (UnaryOp::BitNot, Value::Int(n)) => Value::Int(!n),
            _ => Value::Null,
        })
    }
}

/// A comparison with the type that both sides are converted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundComparison {
    /// The operator.
    pub op: CompareOp,
    /// The type that both sides are converted to before they are compared.
    pub common: ExprType,
    left: ExprType,
    right: ExprType,
}

impl BoundComparison {
    /// Finds the common type, or says why the two do not compare (402, 206, 257, 305, 468).
    pub fn bind(op: CompareOp, left: &ExprType, right: &ExprType) -> Result<Self, SqlError> {
        Ok(Self {
            op,
            common: result_type::comparison(op.words(), left, right)?,
            left: *left,
            right: *right,
        })
    }

    /// Whether the comparison holds; `None` is unknown, if a side is NULL.
    pub fn eval(
        &self,
        left: &Value,
        right: &Value,
        dates: &DateSettings,
    ) -> Result<Option<bool>, SqlError> {
        if left.is_null() || right.is_null() {
            return Ok(None);
        }
        let order = match (left, right) {
            // The usual cases need no conversion, and no copy.
            (Value::Int(l), Value::Int(r)) => l.cmp(r),
            (Value::Str(l), Value::Str(r)) if self.is_text() => {
                self.common.collation_or_default().compare(l, r)
            }
            _ => {
                let left = convert_implicit(left, &self.left, &self.common, dates)?;
                let right = convert_implicit(right, &self.right, &self.common, dates)?;
                compare(&left, &right, &self.common)
            }
        };
        Ok(Some(self.op.holds(order)))
    }

    /// Text on both sides compares as it is: nothing is lost between its types, save what a code page lacks.
    fn is_text(&self) -> bool {
        family(self.common.sql) == Family::Text
            && family(self.left.sql) == Family::Text
            && family(self.right.sql) == Family::Text
    }
}

#[cfg(test)]
mod tests;
