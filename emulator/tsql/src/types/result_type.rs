//! The result types of operators, and the common type of branches and set operators.
//!
//! Documentation: "Precision, scale, and length", "Data type precedence", "Collation precedence".

use milink_core::sql_type::{Length, SqlType};

use super::expr_type::{ExprType, Literal, declared_length};
use super::operator::BinaryOp;
use super::precedence::{Family, check_implicit, family, rank};
use crate::error::{SqlError, shown_type};

const MAX: u8 = 38;

/// Precision and scale by which a number takes part in decimal arithmetic.
pub(super) fn decimal_shape(ty: &ExprType) -> Option<(u8, u8)> {
    if let Literal::Integer { digits } = ty.literal {
        return Some((digits, 0));
    }
    Some(match ty.sql {
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Int => (10, 0),
        SqlType::BigInt => (19, 0),
        SqlType::Money => (19, 4),
        SqlType::SmallMoney => (10, 4),
        SqlType::Decimal {
            precision, scale, ..
        } => (precision, scale),
        _ => return None,
    })
}

/// `numeric` if an operand is called so or none is a decimal, else `decimal` (observed); the two differ by name only.
fn decimal_named(operands: [&ExprType; 2], precision: u8, scale: u8) -> SqlType {
    let named = |wanted: bool| {
        operands
            .iter()
            .any(|ty| matches!(ty.sql, SqlType::Decimal { numeric, .. } if numeric == wanted))
    };
    let numeric = named(true) || !named(false);
    SqlType::Decimal {
        precision,
        scale,
        numeric,
    }
}

/// The shape of a decimal result, shrunk to 38 digits.
fn decimal_result(op: BinaryOp, left: (u8, u8), right: (u8, u8)) -> (u8, u8) {
    let ((p1, s1), (p2, s2)) = (left, right);
    let (i1, i2) = (p1 - s1, p2 - s2);
    let (precision, scale) = match op {
        BinaryOp::Add | BinaryOp::Subtract => {
            let (scale, whole) = (s1.max(s2), i1.max(i2));
            let precision = scale + whole + 1;
            if precision > MAX {
                return (MAX, scale.min(MAX - whole));
            }
            (precision, scale)
        }
        BinaryOp::Multiply => (p1 + p2 + 1, s1 + s2),
        BinaryOp::Divide => {
            let scale = 6.max(s1 + p2 + 1);
            (i1 + s2 + scale, scale)
        }
        _ => {
            let scale = s1.max(s2);
            (i1.min(i2) + scale, scale)
        }
    };
    if precision <= MAX {
        return (precision, scale);
    }
    let whole = precision - scale;
    (MAX, MAX.saturating_sub(whole).max(scale.min(6)))
}

/// The type of an arithmetic or bitwise operation, and the type each operand is converted to.
pub(super) struct OperationTypes {
    pub(super) result: ExprType,
    pub(super) left: ExprType,
    pub(super) right: ExprType,
}

/// Finds the types of an operation, or says why it does not exist (402, 8117, 206, 257).
pub(super) fn operation(
    op: BinaryOp,
    left: &ExprType,
    right: &ExprType,
) -> Result<OperationTypes, SqlError> {
    let (left, right) = typed_nulls(left, right);
    let nullable = left.nullable || right.nullable;
    let (lf, rf) = (family(left.sql), family(right.sql));
    let same = |sql: SqlType| {
        let ty = ExprType::new(sql).with_nullable(nullable);
        Ok(OperationTypes {
            result: ty,
            left: ty,
            right: ty,
        })
    };
    let clash = || clash(op, &left, &right);

    if lf == Family::Text && rf == Family::Text {
        return if op == BinaryOp::Add {
            concatenation(&left, &right)
        } else {
            Err(SqlError::invalid_operand(shown_type(left.sql), op.words()))
        };
    }
    if lf == Family::Binary && rf == Family::Binary && op == BinaryOp::Add {
        return same(summed_length(left.sql, right.sql));
    }
    let winner = if rank(left.sql) >= rank(right.sql) {
        left
    } else {
        right
    };
    let loser_family = if rank(left.sql) >= rank(right.sql) {
        rf
    } else {
        lf
    };
    if op.is_bitwise() {
        return match (lf, rf) {
            (Family::Integer, Family::Integer | Family::Binary)
            | (Family::Binary, Family::Integer) => same(winner.sql),
            (Family::Integer, Family::Text) | (Family::Text, Family::Integer) => same(winner.sql),
            _ => {
                let possible = |f| matches!(f, Family::Integer | Family::Text | Family::Binary);
                if possible(lf) || possible(rf) {
                    Err(clash())
                } else {
                    Err(SqlError::invalid_operand(shown_type(left.sql), op.words()))
                }
            }
        };
    }
    let convertible = matches!(
        loser_family,
        Family::Integer
            | Family::Decimal
            | Family::Money
            | Family::Float
            | Family::Text
            | Family::Binary
    );
    match family(winner.sql) {
        Family::OldDateTime if op == BinaryOp::Add || op == BinaryOp::Subtract => {
            if convertible || loser_family == Family::OldDateTime {
                // Numbers stay numbers: -1 is a number of days, but no smalldatetime.
                let result = ExprType::new(winner.sql).with_nullable(nullable);
                let side = |ty: ExprType, f: Family| match f {
                    Family::Text | Family::Binary | Family::OldDateTime => result,
                    _ => ty,
                };
                Ok(OperationTypes {
                    result,
                    left: side(left, lf),
                    right: side(right, rf),
                })
            } else {
                Err(clash())
            }
        }
        Family::Float if convertible => {
            if op == BinaryOp::Modulo {
                return Err(clash());
            }
            check_pair(&left, &right, winner.sql)?;
            same(winner.sql)
        }
        Family::Decimal if convertible => decimal_operation(op, &left, &right, nullable),
        Family::Money if convertible => same(winner.sql),
        Family::Integer if convertible => {
            if left.sql == SqlType::Bit && right.sql == SqlType::Bit {
                return Err(SqlError::invalid_operand("bit", op.words()));
            }
            same(if winner.sql == SqlType::Bit {
                SqlType::Int
            } else {
                winner.sql
            })
        }
        _ => Err(clash()),
    }
}

fn decimal_operation(
    op: BinaryOp,
    left: &ExprType,
    right: &ExprType,
    nullable: bool,
) -> Result<OperationTypes, SqlError> {
    // Text and binary take the shape of the other side.
    let shape = |ty: &ExprType, other: &ExprType| {
        decimal_shape(ty)
            .or_else(|| decimal_shape(other))
            .unwrap_or((MAX, 0))
    };
    let (l, r) = (shape(left, right), shape(right, left));
    let (precision, scale) = decimal_result(op, l, r);
    let named = |(precision, scale): (u8, u8)| {
        ExprType::new(decimal_named([left, right], precision, scale)).with_nullable(nullable)
    };
    check_pair(left, right, named(l).sql)?;
    Ok(OperationTypes {
        result: named((precision, scale)),
        left: named(l),
        right: named(r),
    })
}

fn check_pair(left: &ExprType, right: &ExprType, to: SqlType) -> Result<(), SqlError> {
    check_implicit(left.sql, to)?;
    check_implicit(right.sql, to)
}

/// The constant NULL takes the type of the other operand.
fn typed_nulls(left: &ExprType, right: &ExprType) -> (ExprType, ExprType) {
    match (left.is_null_literal(), right.is_null_literal()) {
        (true, false) => (null_like(right), *right),
        (false, true) => (*left, null_like(left)),
        _ => (*left, *right),
    }
}

fn null_like(other: &ExprType) -> ExprType {
    let mut ty = *other;
    ty.nullable = true;
    ty.literal = Literal::No;
    ty.coercibility = super::expr_type::Coercibility::Default;
    match &mut ty.sql {
        SqlType::Char(n) | SqlType::NChar(n) | SqlType::Binary(n) => *n = 1,
        SqlType::VarChar(Length::Limited(n))
        | SqlType::NVarChar(Length::Limited(n))
        | SqlType::VarBinary(Length::Limited(n)) => *n = 1,
        _ => {}
    }
    ty
}

/// Why an operation between two types does not exist.
fn clash(op: BinaryOp, left: &ExprType, right: &ExprType) -> SqlError {
    let (lf, rf) = (family(left.sql), family(right.sql));
    let numeric = |f: Family| {
        matches!(
            f,
            Family::Integer | Family::Decimal | Family::Money | Family::Float
        )
    };
    let incompatible =
        || SqlError::incompatible_types(shown_type(left.sql), shown_type(right.sql), op.words());
    if op.is_bitwise() {
        return incompatible();
    }
    if lf == Family::Variant || rf == Family::Variant {
        // Nothing converts out of a variant by itself.
        let other = if lf == Family::Variant { right } else { left };
        return if numeric(family(other.sql)) && op != BinaryOp::Modulo {
            SqlError::implicit_conversion("sql_variant", shown_type(other.sql))
        } else {
            incompatible()
        };
    }
    if lf == rf && left.sql.name() == right.sql.name() && lf != Family::Float {
        return SqlError::invalid_operand(shown_type(left.sql), op.words());
    }
    if numeric(lf) != numeric(rf) {
        // The server names the date or guid first, whichever side it stands on.
        let (other, number) = if numeric(rf) {
            (left.sql, right.sql)
        } else {
            (right.sql, left.sql)
        };
        if matches!(family(other), Family::NewDateTime | Family::Guid) {
            return SqlError::types_clash(other, number);
        }
        if family(other) == Family::OldDateTime {
            return SqlError::invalid_operand(other.name(), op.words());
        }
    }
    incompatible()
}

/// `+` between texts.
fn concatenation(left: &ExprType, right: &ExprType) -> Result<OperationTypes, SqlError> {
    let mut result = collated(left, right, "add")?;
    result.sql = summed_length(left.sql, right.sql);
    result.nullable = left.nullable || right.nullable;
    let side = |ty: &ExprType| {
        // Each side keeps its length and only changes between char and nchar.
        let mut side = result;
        side.sql = resized(result.sql, declared_length(ty.sql));
        side
    };
    Ok(OperationTypes {
        left: side(left),
        right: side(right),
        result,
    })
}

/// The higher of two string or binary types with the sum of their lengths, capped.
fn summed_length(left: SqlType, right: SqlType) -> SqlType {
    let winner = if rank(left) >= rank(right) {
        left
    } else {
        right
    };
    let sum = match (declared_length(left), declared_length(right)) {
        (Some(l), Some(r)) => Some(l + r),
        _ => None,
    };
    resized(winner, sum)
}

/// A string or binary type of the same kind with another length; `None` is `(max)`.
pub(super) fn resized(sql: SqlType, length: Option<usize>) -> SqlType {
    let limited = |cap: usize| length.map(|n| n.clamp(1, cap) as u16);
    let variable = |cap| limited(cap).map_or(Length::Max, Length::Limited);
    match sql {
        SqlType::Char(_) => limited(8000).map_or(SqlType::VarChar(Length::Max), SqlType::Char),
        SqlType::NChar(_) => limited(4000).map_or(SqlType::NVarChar(Length::Max), SqlType::NChar),
        SqlType::Binary(_) => {
            limited(8000).map_or(SqlType::VarBinary(Length::Max), SqlType::Binary)
        }
        SqlType::VarChar(_) | SqlType::Text => SqlType::VarChar(variable(8000)),
        SqlType::NVarChar(_) | SqlType::NText => SqlType::NVarChar(variable(4000)),
        SqlType::VarBinary(_) | SqlType::Image | SqlType::RowVersion => {
            SqlType::VarBinary(variable(8000))
        }
        other => other,
    }
}

/// The type that two operands of a comparison are converted to.
pub(super) fn comparison(
    words: &str,
    left: &ExprType,
    right: &ExprType,
) -> Result<ExprType, SqlError> {
    let (left, right) = typed_nulls(left, right);
    for (sql, other) in [(left.sql, right.sql), (right.sql, left.sql)] {
        match sql {
            SqlType::Text | SqlType::NText | SqlType::Image => {
                return Err(SqlError::incompatible_types(
                    shown_type(left.sql),
                    shown_type(right.sql),
                    words,
                ));
            }
            SqlType::Xml if other == SqlType::Xml => return Err(SqlError::xml_compared()),
            SqlType::Xml => {
                return Err(SqlError::incompatible_types(
                    shown_type(left.sql),
                    shown_type(right.sql),
                    words,
                ));
            }
            _ => {}
        }
    }
    merged(&left, &right, words)
}

/// The type of CASE, IIF, COALESCE branches, of a UNION column or a VALUES column: the highest of all, wide enough
/// for each. Constants that are NULL yield; if there is nothing else, the result is the NULL constant.
pub fn common_type(types: &[ExprType]) -> Result<ExprType, SqlError> {
    let mut result: Option<ExprType> = None;
    let mut nullable = false;
    for ty in types {
        nullable |= ty.nullable;
        if ty.is_null_literal() {
            continue;
        }
        result = Some(match result {
            None => *ty,
            Some(so_far) => {
                let mut ty = merged(&so_far, ty, "union")?;
                ty.literal = Literal::No;
                ty
            }
        });
    }
    let mut result = result.unwrap_or(ExprType::NULL);
    if types.len() > 1 && !result.is_null_literal() {
        result.literal = Literal::No;
    }
    Ok(result.with_nullable(nullable))
}

/// The type of CASE: like [`common_type`], nullable without an ELSE, refused if all results are NULL constants (8133).
pub fn case_type(results: &[ExprType], has_else: bool) -> Result<ExprType, SqlError> {
    let ty = common_type(results)?;
    if ty.is_null_literal() {
        return Err(SqlError::case_of_nulls());
    }
    Ok(ty.with_nullable(ty.nullable || !has_else))
}

/// The type of COALESCE: like [`common_type`], not nullable if any argument is not; refused if all are NULL (4127).
pub fn coalesce_type(arguments: &[ExprType]) -> Result<ExprType, SqlError> {
    let ty = common_type(arguments)?;
    if ty.is_null_literal() {
        return Err(SqlError::coalesce_of_nulls());
    }
    Ok(ty.with_nullable(arguments.iter().all(|a| a.nullable)))
}

/// The type of ISNULL: the first argument's, unless that is the NULL constant.
pub fn isnull_type(check: &ExprType, replacement: &ExprType) -> Result<ExprType, SqlError> {
    let nullable = check.nullable && replacement.nullable;
    let mut ty = if check.is_null_literal() {
        *replacement
    } else {
        if !replacement.is_null_literal() {
            check_implicit(replacement.sql, check.sql)?;
        }
        *check
    };
    if !ty.is_null_literal() {
        ty.literal = Literal::No;
    }
    Ok(ty.with_nullable(nullable))
}

/// The type that holds values of both.
fn merged(left: &ExprType, right: &ExprType, words: &str) -> Result<ExprType, SqlError> {
    let nullable = left.nullable || right.nullable;
    let winner = if rank(left.sql) >= rank(right.sql) {
        left
    } else {
        right
    };
    let loser = if rank(left.sql) >= rank(right.sql) {
        right
    } else {
        left
    };
    let (wf, lf) = (family(winner.sql), family(loser.sql));
    check_implicit(loser.sql, winner.sql).map_err(|error| match (wf, lf) {
        // A comparison or union names the winner first.
        (
            Family::NewDateTime | Family::Guid,
            Family::Integer | Family::Decimal | Family::Money | Family::Float,
        ) => SqlError::types_clash(winner.sql, loser.sql),
        _ => error,
    })?;
    let mut result = if wf == Family::Text && lf == Family::Text {
        collated(left, right, words)?
    } else {
        *winner
    };
    result.literal = Literal::No;
    result.nullable = nullable;
    result.sql = match (wf, lf) {
        (Family::Text, Family::Text) | (Family::Binary, Family::Binary | Family::RowVersion) => {
            let longest = match (declared_length(left.sql), declared_length(right.sql)) {
                (Some(l), Some(r)) => Some(l.max(r)),
                _ => None,
            };
            resized(winner.sql, longest)
        }
        (Family::LargeText | Family::Image, _) => winner.sql,
        (Family::Decimal, _) => match (decimal_shape(winner), decimal_shape(loser)) {
            (Some((p1, s1)), Some((p2, s2))) => {
                let whole = (p1 - s1).max(p2 - s2);
                let scale = s1.max(s2).min(MAX - whole.min(MAX));
                // The first branch that is one gives the name.
                let first = [left, right].into_iter().find_map(|ty| match ty.sql {
                    SqlType::Decimal { numeric, .. } => Some(numeric),
                    _ => None,
                });
                SqlType::Decimal {
                    precision: (whole + scale).clamp(1, MAX),
                    scale,
                    numeric: first.unwrap_or(true),
                }
            }
            _ => winner.sql,
        },
        (Family::NewDateTime, _) => {
            with_fraction(winner.sql, fraction(winner.sql).max(fraction(loser.sql)))
        }
        _ => winner.sql,
    };
    Ok(result)
}

/// Digits of a second that a date or time type keeps.
pub(super) fn fraction(sql: SqlType) -> u8 {
    match sql {
        SqlType::Time(n) | SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n,
        SqlType::DateTime => 3,
        _ => 0,
    }
}

fn with_fraction(sql: SqlType, digits: u8) -> SqlType {
    match sql {
        SqlType::Time(_) => SqlType::Time(digits),
        SqlType::DateTime2(_) => SqlType::DateTime2(digits),
        SqlType::DateTimeOffset(_) => SqlType::DateTimeOffset(digits),
        other => other,
    }
}

/// Either type with the collation that wins, or 468.
fn collated(left: &ExprType, right: &ExprType, words: &str) -> Result<ExprType, SqlError> {
    let (Some(l), Some(r)) = (left.collation, right.collation) else {
        return Ok(if left.collation.is_some() {
            *left
        } else {
            *right
        });
    };
    match left.coercibility.cmp(&right.coercibility) {
        std::cmp::Ordering::Greater => Ok(*left),
        std::cmp::Ordering::Less => Ok(*right),
        std::cmp::Ordering::Equal
            if l == r || left.coercibility == super::expr_type::Coercibility::Default =>
        {
            Ok(*left)
        }
        std::cmp::Ordering::Equal => Err(SqlError::collation_conflict(r.name(), l.name(), words)),
    }
}

#[cfg(test)]
mod tests;
