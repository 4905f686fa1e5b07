//! Calls of functions by name.

use milink_core::value::Value;

use super::Binder;
use super::aggregate::is_aggregate;
use super::expr::{coerce, compare};
use super::scope::Scope;
use crate::ast::{self, ExprKind, FunctionArgs};
use crate::engine::bound::{ByName, Expr, Node};
use crate::engine::session_function::{self, SessionFunction};
use crate::error::{Abort, SqlError};
use crate::types::{self, CompareOp, ExprType};
use crate::{catalog, functions};

impl Binder<'_> {
    pub(super) fn function(
        &mut self,
        call: &ast::FunctionCall,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let name = call.name.object.value.to_ascii_lowercase();
        if !call.name.is_one_part() {
            let is_system = call.name.schema.as_ref().is_some_and(|s| s.is("sys"));
            if !is_system || catalog::functions::find(&name).is_none() {
                return Err(unknown_qualified(&call.name));
            }
        }
        if let Some(over) = &call.over {
            return self.window(call, &name, over, scope);
        }
        if super::window::needs_window(&name) {
            return Err(SqlError::new(
                10753,
                15,
                format!("The function '{name}' must have an OVER clause."),
            ));
        }
        if is_aggregate(&name) {
            return self.aggregate(call, &name, scope);
        }
        if !call.within_group.is_empty() || call.nulls.is_some() || call.distinct {
            return Err(SqlError::incorrect_syntax(&call.name.object.value));
        }
        match &call.args {
            FunctionArgs::Star => Err(SqlError::incorrect_syntax("*")),
            FunctionArgs::List(args) => self.named_function(&name, args, scope),
        }
    }

    /// A scalar function by its name in lower case.
    pub(super) fn named_function(
        &mut self,
        name: &str,
        args: &[ast::Expr],
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        match name {
            "isnull" => return self.is_null(args, scope),
            "coalesce" => return self.coalesce(args, scope),
            "nullif" => return self.null_if(args, scope),
            "object_id" => {
                if let Some(temporary) = self.temporary_object_id(args, scope)? {
                    return Ok(temporary);
                }
            }
            _ => {}
        }
        if let Some((function, count, ty)) = session_function::find(name) {
            if args.len() != count {
                return Err(SqlError::function_requires(name, count));
            }
            let args = self.exprs(args, scope)?;
            return Ok(Expr {
                node: Node::Session(function, args),
                ty,
            });
        }
        if let Some(function) = functions::find(name) {
            return self.scalar(function, args, scope);
        }
        if let Some(function) = catalog::functions::find(name) {
            if args.len() < function.least || args.len() > function.most {
                return Err(if function.least == function.most {
                    SqlError::function_requires(name, function.least)
                } else {
                    SqlError::function_requires_range(name, function.least, function.most)
                });
            }
            let args = self.exprs(args, scope)?;
            let ty = ExprType::variable(function.result, self.collation())
                .with_nullable(function.nullable);
            return Ok(Expr {
                node: Node::Metadata(ByName(function), args),
                ty,
            });
        }
        Err(SqlError::unknown_function(name))
    }

    fn scalar(
        &mut self,
        function: &'static functions::ScalarFunction,
        args: &[ast::Expr],
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let mut bound = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let part = match &arg.kind {
                ExprKind::Column(column)
                    if at == 0 && function.first_is_datepart && column.table.is_none() =>
                {
                    let (value, ty) =
                        types::string_literal(&column.name.value, false, self.collation());
                    Expr::constant(value, ty)
                }
                _ => self.expr(arg, scope)?,
            };
            bound.push(part);
        }
        let types: Vec<ExprType> = bound.iter().map(|arg| arg.ty).collect();
        let constants: Vec<Option<Value>> = bound
            .iter()
            .map(|arg| match &arg.node {
                Node::Constant(value) => Some(value.clone()),
                _ => None,
            })
            .collect();
        let ty = function.bind(&types, &constants)?;
        Ok(Expr {
            node: Node::Function(ByName(function), bound),
            ty,
        })
    }

    pub(super) fn exprs(
        &mut self,
        args: &[ast::Expr],
        scope: &Scope<'_>,
    ) -> Result<Vec<Expr>, SqlError> {
        args.iter().map(|arg| self.expr(arg, scope)).collect()
    }

    fn is_null(&mut self, args: &[ast::Expr], scope: &Scope<'_>) -> Result<Expr, SqlError> {
        let [check, replacement] = args else {
            return Err(SqlError::function_requires("isnull", 2));
        };
        let check = self.expr(check, scope)?;
        let replacement = self.expr(replacement, scope)?;
        let ty = types::isnull_type(&check.ty, &replacement.ty)?;
        Ok(Expr {
            node: Node::Coalesce(vec![coerce(check, &ty)?, coerce(replacement, &ty)?]),
            ty,
        })
    }

    fn coalesce(&mut self, args: &[ast::Expr], scope: &Scope<'_>) -> Result<Expr, SqlError> {
        if args.len() < 2 {
            return Err(SqlError::incorrect_syntax(")"));
        }
        let args = self.exprs(args, scope)?;
        let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
        let ty = types::coalesce_type(&types)?;
        let args = args
            .into_iter()
            .map(|arg| coerce(arg, &ty))
            .collect::<Result<_, _>>()?;
        Ok(Expr {
            node: Node::Coalesce(args),
            ty,
        })
    }

    fn null_if(&mut self, args: &[ast::Expr], scope: &Scope<'_>) -> Result<Expr, SqlError> {
        let [left, right] = args else {
            return Err(SqlError::function_requires("nullif", 2));
        };
        let left = self.expr(left, scope)?;
        let right = self.expr(right, scope)?;
        if left.ty.is_null_literal() {
            return Err(SqlError::nullif_of_null());
        }
        let ty = ExprType {
            literal: types::Literal::No,
            ..left.ty.with_nullable(true)
        };
        let same = compare(CompareOp::Eq, left.clone(), right)?;
        Ok(Expr {
            node: Node::Case {
                branches: vec![(same, Expr::constant(Value::Null, ty))],
                otherwise: Some(Box::new(left)),
            },
            ty,
        })
    }

    /// `OBJECT_ID('tempdb..#t')`: temporary tables are the session's own.
    fn temporary_object_id(
        &mut self,
        args: &[ast::Expr],
        scope: &Scope<'_>,
    ) -> Result<Option<Expr>, SqlError> {
        let Some(ExprKind::Literal(ast::Literal::String { value, .. })) =
            args.first().map(|arg| &arg.kind)
        else {
            return Ok(None);
        };
        let last = value.rsplit('.').next().unwrap_or("");
        if !last.trim_start_matches('[').starts_with('#') {
            return Ok(None);
        }
        let name = self.expr(&args[0], scope)?;
        Ok(Some(Expr {
            node: Node::Session(SessionFunction::TemporaryObjectId, vec![name]),
            ty: ExprType::new(milink_core::sql_type::SqlType::Int),
        }))
    }
}

/// 4121.
fn unknown_qualified(name: &ast::ObjectName) -> SqlError {
    let first = name
        .parts()
        .into_iter()
        .flatten()
        .next()
        .map_or("", |part| &part.value);
    SqlError::new(
        4121,
        16,
        format!(
            "Cannot find either column \"{first}\" or the user-defined function or aggregate \"{name}\", or the name is ambiguous."
        ),
    )
    .aborting(Abort::Batch)
}
