//! Expressions: literals, names, operators, CASE, conversions, subqueries.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::Binder;
use super::data_type::{Unsized, sql_type};
use super::scope::Scope;
use crate::ast::{self, ExprKind};
use crate::engine::bound::{ByName, Expr, Node, Predicate};
use crate::engine::session_function;
use crate::error::SqlError;
use crate::types::{
    self, BoundBinary, BoundComparison, BoundUnary, ExprType, check_explicit, check_implicit,
};

impl Binder<'_> {
    /// Binds a value.
    pub(crate) fn expr(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Result<Expr, SqlError> {
        if let Some(key) = self.group_key(expr, scope)? {
            return Ok(key);
        }
        self.expr_here(expr, scope)
            .map_err(|error| error.at_line(expr.span.line))
    }

    fn expr_here(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Result<Expr, SqlError> {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Default => Err(SqlError::incorrect_syntax_keyword("DEFAULT")),
            ExprKind::Column(column) => self.column(column, scope),
            ExprKind::Variable(name) => self.variable(&name.value),
            ExprKind::GlobalVariable(name) => self.global(&name.value),
            ExprKind::Unary { op, operand } => {
                let operand = self.expr(operand, scope)?;
                let op = match op {
                    ast::UnaryOp::Plus => types::UnaryOp::Plus,
                    ast::UnaryOp::Minus => types::UnaryOp::Minus,
                    ast::UnaryOp::BitNot => types::UnaryOp::BitNot,
                };
                let bound = BoundUnary::bind(op, &operand.ty)?;
                if let Node::Constant(value) = &operand.node
                    && let Ok(value) = bound.eval(value)
                {
                    return Ok(Expr::constant(value, bound.ty));
                }
                Ok(Expr {
                    node: Node::Unary(bound, Box::new(operand)),
                    ty: bound.ty,
                })
            }
            ExprKind::Binary { op, left, right } => {
                let left = self.expr(left, scope)?;
                let right = self.expr(right, scope)?;
                binary(*op, left, right)
            }
            ExprKind::Function(call) => self.function(call, scope),
            ExprKind::Niladic(niladic) => self.niladic(*niladic),
            ExprKind::Cast {
                operand,
                data_type,
                is_try,
            } => self.conversion(operand, data_type, None, *is_try, scope),
            ExprKind::Convert {
                data_type,
                operand,
                style,
                is_try,
            } => self.conversion(operand, data_type, style.as_deref(), *is_try, scope),
            ExprKind::Parse { .. } => Err(SqlError::unsupported("PARSE and TRY_PARSE")),
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            } => self.case(operand.as_deref(), branches, otherwise.as_deref(), scope),
            ExprKind::Iif {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.predicate(condition, scope)?;
                let then = self.expr(then, scope)?;
                let otherwise = self.expr(otherwise, scope)?;
                let ty = types::case_type(&[then.ty, otherwise.ty], true)?;
                Ok(Expr {
                    node: Node::Case {
                        branches: vec![(condition, coerce(then, &ty)?)],
                        otherwise: Some(Box::new(coerce(otherwise, &ty)?)),
                    },
                    ty,
                })
            }
            ExprKind::Collate { operand, collation } => {
                let mut operand = self.expr(operand, scope)?;
                let name = match collation.value.to_ascii_lowercase().as_str() {
                    "database_default" | "catalog_default" => Some(self.collation()),
                    _ => Collation::named(&collation.value),
                };
                let collation =
                    name.ok_or_else(|| SqlError::unknown_collation(&collation.value))?;
                if operand.ty.collation.is_none() {
                    return Err(SqlError::new(
                        447,
                        16,
                        format!(
                            "Expression type {} is invalid for COLLATE clause.",
                            operand.ty.sql.name()
                        ),
                    )
                    .aborting(crate::error::Abort::Batch));
                }
                operand.ty = operand.ty.collate(collation);
                Ok(operand)
            }
            ExprKind::AtTimeZone { operand, zone } => {
                let args = [(**operand).clone(), (**zone).clone()];
                self.named_function("at_time_zone", &args, scope)
                    .map_err(|error| match error.number {
                        195 => SqlError::unsupported("AT TIME ZONE"),
                        _ => error,
                    })
            }
            ExprKind::Trim {
                side,
                characters,
                operand,
            } => {
                let name = match side {
                    ast::TrimSide::Both => "trim",
                    ast::TrimSide::Leading => "ltrim",
                    ast::TrimSide::Trailing => "rtrim",
                };
                self.named_function(name, &[(**operand).clone(), (**characters).clone()], scope)
            }
            ExprKind::NextValueFor { .. } => Err(SqlError::unsupported("sequences")),
            ExprKind::JsonObject { .. } => Err(SqlError::unsupported("JSON_OBJECT")),
            ExprKind::JsonArray { .. } => Err(SqlError::unsupported("JSON_ARRAY")),
            ExprKind::Method { method, .. } => Err(SqlError::unsupported(format!(
                "the xml method {}()",
                method.value
            ))),
            ExprKind::StaticMethod { type_name, .. } => Err(SqlError::unsupported(format!(
                "static members of the type {type_name}"
            ))),
            ExprKind::OdbcLiteral { kind, value } => self.odbc_literal(kind, value),
            ExprKind::Subquery(query) => {
                let query = self.query(query, Some(scope))?;
                let [column] = query.columns.as_slice() else {
                    return Err(one_column_expected());
                };
                let ty = column.ty.with_nullable(true);
                Ok(Expr {
                    node: Node::Subquery(Arc::new(query)),
                    ty: ExprType {
                        literal: types::Literal::No,
                        ..ty
                    },
                })
            }
            _ => Err(SqlError::new(
                4145,
                15,
                "An expression of non-boolean type specified in a context where a condition is expected.",
            )),
        }
    }

    pub(crate) fn literal(&self, literal: &ast::Literal) -> Result<Expr, SqlError> {
        let (value, ty) = match literal {
            ast::Literal::Null => (Value::Null, ExprType::NULL),
            ast::Literal::Integer(text)
            | ast::Literal::Decimal(text)
            | ast::Literal::Float(text) => types::number_literal(text)?,
            ast::Literal::Money(text) => {
                let text = if text.starts_with(|c: char| c.is_ascii_digit()) {
                    format!("${text}")
                } else {
                    text.clone()
                };
                types::number_literal(&text)?
            }
            ast::Literal::Binary(digits) => types::binary_literal(&format!("0x{digits}"))?,
            ast::Literal::String { value, national } => {
                types::string_literal(value, *national, self.collation())
            }
        };
        Ok(Expr::constant(value, ty))
    }

    fn column(&mut self, column: &ast::ColumnRef, scope: &Scope<'_>) -> Result<Expr, SqlError> {
        if column.table.is_none() && column.name.value.starts_with('$') {
            if column.name.is("$action") {
                return scope.resolve(column);
            }
            return Err(SqlError::unsupported(&column.name.value));
        }
        scope.resolve(column)
    }

    /// A variable of the frame.
    pub(crate) fn variable(&self, name: &str) -> Result<Expr, SqlError> {
        let slot = self
            .local
            .variables
            .find(name)
            .ok_or_else(|| SqlError::undeclared_variable(name))?;
        Ok(Expr {
            node: Node::Variable(slot),
            ty: self.local.variables.get(slot).ty,
        })
    }

    fn global(&self, name: &str) -> Result<Expr, SqlError> {
        if let Some((function, _, ty)) = session_function::find(name) {
            return Ok(Expr {
                node: Node::Session(function, Vec::new()),
                ty,
            });
        }
        let global = crate::catalog::globals::find(name)
            .ok_or_else(|| SqlError::undeclared_variable(name))?;
        let ty =
            ExprType::variable(global.sql_type, self.collation()).with_nullable(global.nullable);
        Ok(Expr {
            node: Node::Global(ByName(global)),
            ty,
        })
    }

    fn niladic(&mut self, niladic: ast::Niladic) -> Result<Expr, SqlError> {
        let name = match niladic {
            ast::Niladic::CurrentTimestamp => "current_timestamp",
            ast::Niladic::CurrentDate => "current_date",
            ast::Niladic::CurrentUser => "current_user",
            ast::Niladic::SessionUser => "session_user",
            ast::Niladic::SystemUser => "system_user",
            ast::Niladic::User => "user_name",
        };
        let scope = Scope::rows(&[], None);
        match self.named_function(name, &[], &scope) {
            Err(error) if error.number == 195 && name == "current_timestamp" => {
                self.named_function("getdate", &[], &scope)
            }
            other => other,
        }
    }

    fn conversion(
        &mut self,
        operand: &ast::Expr,
        data_type: &ast::DataType,
        style: Option<&ast::Expr>,
        is_try: bool,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let operand = self.expr(operand, scope)?;
        let sql = sql_type(data_type, Unsized::Thirty).map_err(|error| match error.number {
            2715 => SqlError::unknown_type(&data_type.name.to_string())
                .aborting(crate::error::Abort::Batch),
            _ => error,
        })?;
        let style = match style {
            Some(style) => {
                let style = self.expr(style, scope)?;
                Some(Box::new(coerce(style, &ExprType::new(SqlType::Int))?))
            }
            None => None,
        };
        if !operand.ty.is_null_literal() {
            check_explicit(operand.ty.sql, sql)?;
        }
        let mut ty = operand.ty.retyped(sql);
        ty.nullable = operand.ty.nullable || is_try;
        if ty.collation.is_some() && operand.ty.collation.is_none() {
            ty = ExprType::variable(sql, self.collation()).with_nullable(ty.nullable);
        }
        Ok(Expr {
            node: Node::Convert {
                operand: Box::new(operand),
                style,
                is_try,
            },
            ty,
        })
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        branches: &[ast::WhenBranch],
        otherwise: Option<&ast::Expr>,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let operand = operand
            .map(|operand| self.expr(operand, scope))
            .transpose()?;
        let mut bound = Vec::with_capacity(branches.len());
        let mut results = Vec::with_capacity(branches.len() + 1);
        for branch in branches {
            let when = match &operand {
                Some(operand) => {
                    let value = self.expr(&branch.when, scope)?;
                    compare(types::CompareOp::Eq, operand.clone(), value)?
                }
                None => self.predicate(&branch.when, scope)?,
            };
            let then = self.expr(&branch.then, scope)?;
            results.push(then.ty);
            bound.push((when, then));
        }
        let otherwise = otherwise.map(|other| self.expr(other, scope)).transpose()?;
        results.extend(otherwise.as_ref().map(|other| other.ty));
        let ty = types::case_type(&results, otherwise.is_some())?;
        let branches = bound
            .into_iter()
            .map(|(when, then)| Ok((when, coerce(then, &ty)?)))
            .collect::<Result<_, SqlError>>()?;
        let otherwise = otherwise
            .map(|other| coerce(other, &ty).map(Box::new))
            .transpose()?;
        Ok(Expr {
            node: Node::Case {
                branches,
                otherwise,
            },
            ty,
        })
    }

    fn odbc_literal(&self, kind: &str, value: &str) -> Result<Expr, SqlError> {
        let sql = match kind {
            "d" | "ts" | "t" => SqlType::DateTime,
            "guid" => SqlType::UniqueIdentifier,
            other => return Err(SqlError::unsupported(format!("{{{other} '…'}} literals"))),
        };
        let (value, from) = types::string_literal(value, false, self.collation());
        let ty = ExprType::new(sql).not_null();
        let value = types::convert(&value, &from, &ty, None, &self.state.dates)?;
        Ok(Expr::constant(value, ty))
    }
}

/// An arithmetic operation; constants are computed at once if they can be.
pub(crate) fn binary(op: ast::BinaryOp, left: Expr, right: Expr) -> Result<Expr, SqlError> {
    let bound = BoundBinary::bind(operator(op), &left.ty, &right.ty)?;
    Ok(Expr {
        node: Node::Binary(bound, Box::new((left, right))),
        ty: bound.ty,
    })
}

fn operator(op: ast::BinaryOp) -> types::BinaryOp {
    match op {
        ast::BinaryOp::Add => types::BinaryOp::Add,
        ast::BinaryOp::Subtract => types::BinaryOp::Subtract,
        ast::BinaryOp::Multiply => types::BinaryOp::Multiply,
        ast::BinaryOp::Divide => types::BinaryOp::Divide,
        ast::BinaryOp::Modulo => types::BinaryOp::Modulo,
        ast::BinaryOp::BitAnd => types::BinaryOp::BitAnd,
        ast::BinaryOp::BitOr => types::BinaryOp::BitOr,
        ast::BinaryOp::BitXor => types::BinaryOp::BitXor,
    }
}

/// A comparison.
pub(crate) fn compare(
    op: types::CompareOp,
    left: Expr,
    right: Expr,
) -> Result<Predicate, SqlError> {
    let bound = BoundComparison::bind(op, &left.ty, &right.ty)?;
    Ok(Predicate::Compare(bound, Box::new((left, right))))
}

/// The expression as another type, converted where that is needed; refused if it cannot be (206, 257).
pub(crate) fn coerce(expr: Expr, to: &ExprType) -> Result<Expr, SqlError> {
    if expr.ty.is_null_literal() {
        return Ok(Expr {
            node: expr.node,
            ty: to.with_nullable(true),
        });
    }
    let nullable = expr.ty.nullable;
    if expr.ty.sql == to.sql {
        return Ok(Expr {
            node: expr.node,
            ty: to.with_nullable(nullable),
        });
    }
    check_implicit(expr.ty.sql, to.sql)?;
    Ok(Expr {
        node: Node::Convert {
            operand: Box::new(expr),
            style: None,
            is_try: false,
        },
        ty: to.with_nullable(nullable),
    })
}

/// 116.
pub(crate) fn one_column_expected() -> SqlError {
    SqlError::new(
        116,
        16,
        "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
    )
    .aborting(crate::error::Abort::Batch)
}
