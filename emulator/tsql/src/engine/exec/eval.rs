//! Values of expressions.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Env, Runtime};
use crate::engine::bound::{Expr, Node};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::{ExprType, convert, convert_implicit, try_convert};

impl Runtime<'_> {
    /// The value of an expression for a row.
    pub(crate) fn eval(&mut self, expr: &Expr, env: &Env<'_>) -> Result<Value, Stop> {
        match &expr.node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Column { depth, index } => Ok(column(env, *depth, *index)),
            Node::Window(at) => Ok(env.windows.get(*at).cloned().unwrap_or(Value::Null)),
            Node::Variable(slot) => Ok(self.local.variables.get(*slot).value.clone()),
            Node::Session(function, args) => {
                let args = self.eval_all(args, env)?;
                function.eval(self, &args)
            }
            Node::Global(global) => Ok((global.0.eval)(&self.scope(self.state.database))),
            Node::Metadata(function, args) => {
                let args = self.eval_all(args, env)?;
                Ok((function.0.eval)(&self.scope(self.state.database), &args)?)
            }
            Node::Function(function, args) => {
                let values = self.eval_all(args, env)?;
                let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
                Ok(function
                    .0
                    .eval(&mut self.functions, &values, &types, &expr.ty)?)
            }
            Node::Binary(operation, sides) => {
                let left = self.eval(&sides.0, env)?;
                let right = self.eval(&sides.1, env)?;
                Ok(operation.eval(&left, &right, &self.functions.dates)?)
            }
            Node::Unary(operation, operand) => {
                let operand = self.eval(operand, env)?;
                Ok(operation.eval(&operand)?)
            }
            Node::Convert {
                operand,
                style,
                is_try,
            } => {
                let value = self.eval(operand, env)?;
                let style = match style {
                    None => None,
                    Some(style) => match self.eval(style, env)?.as_int() {
                        None => return Ok(Value::Null),
                        Some(style) => Some(i32::try_from(style).unwrap_or(i32::MAX)),
                    },
                };
                let dates = &self.functions.dates;
                let converted = if *is_try {
                    try_convert(&value, &operand.ty, &expr.ty, style, dates)
                } else if style.is_some() {
                    convert(&value, &operand.ty, &expr.ty, style, dates)
                } else {
                    convert_implicit(&value, &operand.ty, &expr.ty, dates)
                };
                Ok(converted?)
            }
            Node::Case {
                branches,
                otherwise,
            } => {
                for (when, then) in branches {
                    if self.test(when, env)? == Some(true) {
                        return self.eval(then, env);
                    }
                }
                match otherwise {
                    Some(otherwise) => self.eval(otherwise, env),
                    None => Ok(Value::Null),
                }
            }
            Node::Coalesce(args) => {
                for arg in args {
                    let value = self.eval(arg, env)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            Node::Subquery(query) => {
                let rows = self.subquery_rows(query, env)?;
                match rows.as_slice() {
                    [] => Ok(Value::Null),
                    [row] => Ok(row[0].clone()),
                    _ => Err(SqlError::subquery_many_rows().into()),
                }
            }
        }
    }

    /// The values of several expressions.
    pub(crate) fn eval_all(&mut self, exprs: &[Expr], env: &Env<'_>) -> Result<Vec<Value>, Stop> {
        exprs.iter().map(|expr| self.eval(expr, env)).collect()
    }

    /// A whole number that a clause such as TOP asks for.
    pub(crate) fn eval_count(&mut self, expr: &Expr, env: &Env<'_>) -> Result<Option<i64>, Stop> {
        let value = self.eval(expr, env)?;
        let value = convert_implicit(
            &value,
            &expr.ty,
            &ExprType::new(SqlType::BigInt),
            &self.functions.dates,
        )?;
        Ok(value.as_int())
    }
}

fn column(env: &Env<'_>, depth: u16, index: usize) -> Value {
    let mut env = env;
    for _ in 0..depth {
        match env.outer {
            Some(outer) => env = outer,
            None => return Value::Null,
        }
    }
    env.row.get(index).cloned().unwrap_or(Value::Null)
}
