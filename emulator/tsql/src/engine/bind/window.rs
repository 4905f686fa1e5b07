//! Functions with an OVER clause.

use milink_core::sql_type::SqlType;

use super::Binder;
use super::scope::Scope;
use crate::ast::{self, FrameBound, FrameUnit, FunctionArgs};
use crate::engine::bound::{Bound, ByName, Expr, Frame, Node, WindowCall, WindowFunction};
use crate::error::{Abort, SqlError};
use crate::functions::find_aggregate;
use crate::types::{self, ExprType};

/// Whether a function, by its name in lower case, makes sense over a window only.
pub(super) fn needs_window(name: &str) -> bool {
    ranking(name).is_some()
}

fn ranking(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "rank" => WindowFunction::Rank,
        "dense_rank" => WindowFunction::DenseRank,
        "ntile" => WindowFunction::Ntile,
        "lag" => WindowFunction::Lag,
        "lead" => WindowFunction::Lead,
        "first_value" => WindowFunction::FirstValue,
        "last_value" => WindowFunction::LastValue,
        "percent_rank" => WindowFunction::PercentRank,
        "cume_dist" => WindowFunction::CumeDist,
        _ => return None,
    })
}

impl Binder<'_> {
    pub(super) fn window(
        &mut self,
        call: &ast::FunctionCall,
        name: &str,
        over: &ast::Over,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let Some(windows) = scope.windows else {
            return Err(SqlError::new(
                4108,
                15,
                "Windowed functions can only appear in the SELECT or ORDER BY clauses.",
            ));
        };
        if over.window.is_some() {
            return Err(SqlError::unsupported("the WINDOW clause"));
        }
        // What is inside of the window may not have windows itself.
        let inner = Scope {
            sources: scope.sources,
            parent: scope.parent,
            group: scope.group,
            windows: None,
            clause: scope.clause,
            correlated: std::cell::Cell::new(false),
        };
        let mut args = match &call.args {
            FunctionArgs::Star => Vec::new(),
            FunctionArgs::List(args) => self.exprs(args, &inner)?,
        };
        if matches!(call.args, FunctionArgs::Star) {
            args.push(Expr::constant(
                milink_core::value::Value::Int(1),
                ExprType::new(SqlType::Int).not_null(),
            ));
        }
        let partition = self.exprs(&over.partition_by, &inner)?;
        let mut order = Vec::with_capacity(over.order_by.len());
        for item in &over.order_by {
            order.push((self.expr(&item.expr, &inner)?, item.descending));
        }
        scope
            .correlated
            .set(scope.correlated.get() | inner.correlated.get());
        let ranking = ranking(name);
        if ranking.is_some() && order.is_empty() {
            return Err(SqlError::new(
                4112,
                15,
                format!("The function '{name}' must have an OVER clause with ORDER BY."),
            ));
        }
        if call.distinct {
            return Err(SqlError::new(
                10759,
                15,
                "Use of DISTINCT is not allowed with the OVER clause.",
            ));
        }
        let function = match ranking {
            Some(function) => function,
            None => {
                let aggregate =
                    find_aggregate(name).ok_or_else(|| SqlError::unknown_function(name))?;
                WindowFunction::Aggregate(ByName(aggregate))
            }
        };
        let ty = window_type(&function, name, &mut args)?;
        let call = WindowCall {
            frame: self.frame(over, &order, &inner)?,
            function,
            args,
            partition,
            order,
            ignore_nulls: call.nulls == Some(ast::NullTreatment::Ignore),
            ty,
        };
        let mut windows = windows.borrow_mut();
        windows.push(call);
        Ok(Expr {
            node: Node::Window(windows.len() - 1),
            ty,
        })
    }

    fn frame(
        &mut self,
        over: &ast::Over,
        order: &[(Expr, bool)],
        scope: &Scope<'_>,
    ) -> Result<Frame, SqlError> {
        let Some(frame) = &over.frame else {
            return Ok(Frame {
                range: true,
                start: Bound::UnboundedPreceding,
                end: if order.is_empty() {
                    Bound::UnboundedFollowing
                } else {
                    Bound::CurrentRow
                },
            });
        };
        let range = frame.unit == FrameUnit::Range;
        let mut bound = |bound: &FrameBound| -> Result<Bound, SqlError> {
            Ok(match bound {
                FrameBound::UnboundedPreceding => Bound::UnboundedPreceding,
                FrameBound::UnboundedFollowing => Bound::UnboundedFollowing,
                FrameBound::CurrentRow => Bound::CurrentRow,
                FrameBound::Preceding(_) | FrameBound::Following(_) if range => {
                    return Err(SqlError::new(
                        4194,
                        16,
                        "RANGE is only supported with UNBOUNDED and CURRENT ROW window frame delimiters.",
                    )
                    .aborting(Abort::Batch));
                }
                FrameBound::Preceding(count) => Bound::Preceding(self.expr(count, scope)?),
                FrameBound::Following(count) => Bound::Following(self.expr(count, scope)?),
            })
        };
        Ok(Frame {
            range,
            start: bound(&frame.start)?,
            end: bound(&frame.end)?,
        })
    }
}

fn window_type(
    function: &WindowFunction,
    name: &str,
    args: &mut [Expr],
) -> Result<ExprType, SqlError> {
    let count = |least: usize, most: usize| {
        if (least..=most).contains(&args.len()) {
            Ok(())
        } else if least == most {
            Err(SqlError::function_requires(name, least))
        } else {
            Err(SqlError::function_requires_range(name, least, most))
        }
    };
    Ok(match function {
        WindowFunction::RowNumber | WindowFunction::Rank | WindowFunction::DenseRank => {
            count(0, 0)?;
            ExprType::new(SqlType::BigInt)
        }
        WindowFunction::Ntile => {
            count(1, 1)?;
            ExprType::new(SqlType::BigInt)
        }
        WindowFunction::PercentRank | WindowFunction::CumeDist => {
            count(0, 0)?;
            ExprType::new(SqlType::Float)
        }
        WindowFunction::FirstValue | WindowFunction::LastValue => {
            count(1, 1)?;
            args[0].ty.with_nullable(true)
        }
        WindowFunction::Lag | WindowFunction::Lead => {
            count(1, 3)?;
            let ty = ExprType {
                literal: types::Literal::No,
                ..args[0].ty.with_nullable(true)
            };
            if let Some(default) = args.get_mut(2) {
                *default = super::expr::coerce(default.clone(), &ty)?;
            }
            ty
        }
        WindowFunction::Aggregate(aggregate) => {
            let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
            aggregate.0.result(&types)?
        }
    })
}
