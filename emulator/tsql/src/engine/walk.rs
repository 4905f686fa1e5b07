//! Walking over the expressions of a syntax tree.

use crate::ast::{Expr, ExprKind, FunctionArgs};

/// Whether `test` holds for the expression or a part of it. Subqueries are not looked into, as they have a scope of
/// their own; neither are the arguments of what `test` accepts.
pub(crate) fn any(expr: &Expr, test: &dyn Fn(&Expr) -> bool) -> bool {
    if test(expr) {
        return true;
    }
    let mut found = false;
    children(expr, &mut |child| found |= any(child, test));
    found
}

/// Calls `visit` with each direct part of an expression.
pub(crate) fn children<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Default
        | ExprKind::Column(_)
        | ExprKind::Variable(_)
        | ExprKind::GlobalVariable(_)
        | ExprKind::Niladic(_)
        | ExprKind::OdbcLiteral { .. }
        | ExprKind::Subquery(_)
        | ExprKind::Exists(_)
        | ExprKind::UpdatedColumn(_)
        | ExprKind::NextValueFor { .. } => {}
        ExprKind::Unary { operand, .. }
        | ExprKind::Cast { operand, .. }
        | ExprKind::Collate { operand, .. }
        | ExprKind::IsNull { operand, .. }
        | ExprKind::InQuery { operand, .. } => visit(operand),
        ExprKind::Quantified { left, .. } => visit(left),
        ExprKind::Not(inner) => visit(inner),
        ExprKind::Binary { left, right, .. }
        | ExprKind::Compare { left, right, .. }
        | ExprKind::IsDistinctFrom { left, right, .. }
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right) => {
            visit(left);
            visit(right);
        }
        ExprKind::Function(call) => {
            if let FunctionArgs::List(args) = &call.args {
                args.iter().for_each(&mut *visit);
            }
            call.within_group.iter().for_each(|item| visit(&item.expr));
            if let Some(over) = &call.over {
                over.partition_by.iter().for_each(&mut *visit);
                over.order_by.iter().for_each(|item| visit(&item.expr));
            }
        }
        ExprKind::Convert { operand, style, .. } => {
            visit(operand);
            style.iter().for_each(|style| visit(style));
        }
        ExprKind::Parse {
            operand, culture, ..
        } => {
            visit(operand);
            culture.iter().for_each(|culture| visit(culture));
        }
        ExprKind::Case {
            operand,
            branches,
            otherwise,
        } => {
            operand.iter().for_each(|operand| visit(operand));
            for branch in branches {
                visit(&branch.when);
                visit(&branch.then);
            }
            otherwise.iter().for_each(|other| visit(other));
        }
        ExprKind::Iif {
            condition,
            then,
            otherwise,
        } => {
            visit(condition);
            visit(then);
            visit(otherwise);
        }
        ExprKind::AtTimeZone { operand, zone } => {
            visit(operand);
            visit(zone);
        }
        ExprKind::Trim {
            characters,
            operand,
            ..
        } => {
            visit(characters);
            visit(operand);
        }
        ExprKind::JsonObject { entries, .. } => {
            for (key, value) in entries {
                visit(key);
                visit(value);
            }
        }
        ExprKind::JsonArray { elements, .. } => elements.iter().for_each(visit),
        ExprKind::Method { target, args, .. } => {
            visit(target);
            args.iter().for_each(visit);
        }
        ExprKind::StaticMethod { args, .. } => {
            if let Some(args) = args {
                args.iter().for_each(visit);
            }
        }
        ExprKind::Between {
            operand, low, high, ..
        } => {
            visit(operand);
            visit(low);
            visit(high);
        }
        ExprKind::InList { operand, list, .. } => {
            visit(operand);
            list.iter().for_each(visit);
        }
        ExprKind::Like {
            operand,
            pattern,
            escape,
            ..
        } => {
            visit(operand);
            visit(pattern);
            escape.iter().for_each(|escape| visit(escape));
        }
    }
}
