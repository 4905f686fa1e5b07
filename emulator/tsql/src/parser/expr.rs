//! Values: operators, literals, columns, CASE.
//!
//! Operators by binding, from the page "Operator Precedence (Transact-SQL)": `~`; `* / %`; unary and binary `+ -` with
//! `& ^ |`; comparisons and predicates; NOT; AND; OR. An operand of unary minus reaches over `* / %`: `1.0 / -2.0 * 5`
//! is `1.0 / -(2.0 * 5)`, as the server has it.

use super::{CALL_COST, Parsed, Parser, SUBQUERY_COST};
use crate::ast::{
    BinaryOp, ColumnRef, Expr, ExprKind, Ident, Literal, Niladic, Query, Span, UnaryOp, WhenBranch,
};
use crate::lexer::{TokenKind, decode_binary, decode_string};

/// How tight `+ - & | ^` bind.
const ADDITIVE: u8 = 1;
/// How tight `* / %` bind.
const MULTIPLICATIVE: u8 = 2;

/// Whether parentheses may hold a condition here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Value,
    Any,
}

impl Parser<'_> {
    /// A value.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.operators(Wanted::Value)
    }

    pub(super) fn expression_list(&mut self) -> Parsed<Vec<Expr>> {
        self.comma_separated(Self::expression)
    }

    /// A value, or in [`Wanted::Any`] also a condition in parentheses. The functions between here and
    /// [`Self::parentheses`] are kept few and small: a nested expression costs one frame of each.
    pub(super) fn operators(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let outer = std::mem::replace(&mut self.height, 0);
        let result = self.climb(ADDITIVE, wanted);
        self.height = self.height.max(outer);
        result
    }

    /// Operators that bind at least as tight as `least`.
    fn climb(&mut self, least: u8, wanted: Wanted) -> Parsed<Expr> {
        let mut left = self.operand(wanted)?;
        while let Some((op, binding)) = self.binary_operator()
            && binding >= least
        {
            if left.is_condition() {
                return self.unexpected();
            }
            self.advance();
            let right = self.climb(binding + 1, Wanted::Value)?;
            left = self.binary(left, op, right)?;
        }
        Ok(left)
    }

    fn binary_operator(&self) -> Option<(BinaryOp, u8)> {
        Some(match self.kind() {
            TokenKind::Plus => (BinaryOp::Add, ADDITIVE),
            TokenKind::Minus => (BinaryOp::Subtract, ADDITIVE),
            TokenKind::Ampersand => (BinaryOp::BitAnd, ADDITIVE),
            TokenKind::Pipe => (BinaryOp::BitOr, ADDITIVE),
            TokenKind::Caret => (BinaryOp::BitXor, ADDITIVE),
            TokenKind::Star => (BinaryOp::Multiply, MULTIPLICATIVE),
            TokenKind::Slash => (BinaryOp::Divide, MULTIPLICATIVE),
            TokenKind::Percent => (BinaryOp::Modulo, MULTIPLICATIVE),
            _ => return None,
        })
    }

    fn binary(&mut self, left: Expr, op: BinaryOp, right: Expr) -> Parsed<Expr> {
        self.grow()?;
        let span = left.span.to(right.span);
        Ok(Expr {
            kind: ExprKind::Binary {
                op,
                left: Box::new(left),
                right: Box::new(right),
            },
            span,
        })
    }

    fn operand(&mut self, wanted: Wanted) -> Parsed<Expr> {
        if matches!(
            self.kind(),
            TokenKind::Plus | TokenKind::Minus | TokenKind::Tilde
        ) {
            return self.unary();
        }
        let expr = self.primary(wanted)?;
        if self.at_postfix(&expr) {
            self.postfix(expr)
        } else {
            Ok(expr)
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let (op, operand) = match self.advance().kind {
            TokenKind::Plus => (
                UnaryOp::Plus,
                self.nested(1, |p| p.climb(MULTIPLICATIVE, Wanted::Value))?,
            ),
            TokenKind::Minus => (
                UnaryOp::Minus,
                self.nested(1, |p| p.climb(MULTIPLICATIVE, Wanted::Value))?,
            ),
            _ => (
                UnaryOp::BitNot,
                self.nested(1, |p| p.operand(Wanted::Value))?,
            ),
        };
        self.grow()?;
        let operand = Box::new(operand);
        Ok(self.finish(ExprKind::Unary { op, operand }, start))
    }

    fn at_postfix(&self, expr: &Expr) -> bool {
        self.at("COLLATE")
            || self.at_words(&["AT", "TIME", "ZONE"])
            || (self.at_kind(TokenKind::Dot) && self.identifier_at(1) && can_have_methods(expr))
    }

    /// COLLATE, AT TIME ZONE and methods bind tighter than any operator.
    fn postfix(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let start = expr.span;
        while self.at_postfix(&expr) {
            let kind = if self.eat("COLLATE") {
                let collation = self.identifier()?;
                ExprKind::Collate {
                    operand: Box::new(expr),
                    collation,
                }
            } else if self.eat_words(&["AT", "TIME", "ZONE"]) {
                let zone = Box::new(self.nested(1, |p| p.primary(Wanted::Value))?);
                ExprKind::AtTimeZone {
                    operand: Box::new(expr),
                    zone,
                }
            } else {
                self.advance();
                let method = self.take_ident();
                let args = self.call_arguments()?;
                ExprKind::Method {
                    target: Box::new(expr),
                    method,
                    args,
                }
            };
            self.grow()?;
            expr = self.finish(kind, start);
        }
        Ok(expr)
    }

    fn primary(&mut self, wanted: Wanted) -> Parsed<Expr> {
        match self.kind() {
            TokenKind::LeftParen if self.word_at(1, "SELECT") => self.scalar_subquery(),
            TokenKind::LeftParen => self.parentheses(wanted),
            TokenKind::LeftBrace => self.odbc_escape(),
            TokenKind::DoubleColon => self.system_function(),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => self.name_expression(),
            TokenKind::Reserved => self.reserved_expression(),
            _ => self.variable_or_literal(),
        }
    }

    fn variable_or_literal(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::Variable => ExprKind::Variable(self.take_ident()),
            TokenKind::GlobalVariable => ExprKind::GlobalVariable(self.take_ident()),
            _ => ExprKind::Literal(self.literal()?),
        };
        Ok(self.finish(kind, start))
    }

    /// A literal that is not a word. `N'…'` and so on.
    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        let token = self.token();
        let text = self.text_of(token);
        let literal = match token.kind {
            TokenKind::Integer => Literal::Integer(text.to_owned()),
            TokenKind::Decimal => Literal::Decimal(text.to_owned()),
            TokenKind::Float => Literal::Float(text.to_owned()),
            TokenKind::Money => Literal::Money(text.chars().skip(1).collect()),
            TokenKind::Binary => Literal::Binary(decode_binary(text)),
            TokenKind::String => Literal::String {
                value: decode_string(text),
                national: false,
            },
            TokenKind::NationalString => Literal::String {
                value: decode_string(text),
                national: true,
            },
            _ => return self.unexpected(),
        };
        self.advance();
        Ok(literal)
    }

    fn parentheses(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let start = self.advance().span;
        self.deeper(1)?;
        let mut inner = match wanted {
            Wanted::Value => self.operators(Wanted::Value)?,
            Wanted::Any => self.disjunction()?,
        };
        if self.at_any(&["UNION", "EXCEPT", "INTERSECT"]) {
            inner = self.continued_subquery(inner)?;
        }
        self.depth -= 1;
        self.expect_kind(TokenKind::RightParen)?;
        // With its parentheses, so that the text of an operation around it is whole.
        inner.span = self.span_from(start);
        Ok(inner)
    }

    /// `((SELECT …) UNION SELECT …)`: what looked like a value was the first part of a query.
    fn continued_subquery(&mut self, first: Expr) -> Parsed<Expr> {
        let ExprKind::Subquery(query) = first.kind else {
            return self.unexpected();
        };
        let query = self.nested(SUBQUERY_COST, |p| p.query_continued(*query))?;
        Ok(self.finish(ExprKind::Subquery(Box::new(query)), first.span))
    }

    fn scalar_subquery(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let query = self.subquery()?;
        Ok(self.finish(ExprKind::Subquery(Box::new(query)), start))
    }

    /// `(SELECT …)`.
    pub(super) fn subquery(&mut self) -> Parsed<Query> {
        self.expect_kind(TokenKind::LeftParen)?;
        let query = self.nested(SUBQUERY_COST, Self::query)?;
        self.expect_kind(TokenKind::RightParen)?;
        self.grow()?;
        Ok(query)
    }

    /// A column or a call, by a name of one or more parts.
    fn name_expression(&mut self) -> Parsed<Expr> {
        if self.kind_at(1) == TokenKind::LeftParen && self.kind() == TokenKind::Word {
            if let Some(parse) = self.special_function() {
                self.deeper(CALL_COST)?;
                let expr = parse(self)?;
                self.depth -= CALL_COST;
                return Ok(expr);
            }
        } else if self.at_words(&["NEXT", "VALUE", "FOR"]) {
            return self.next_value_for();
        }
        let start = self.span();
        let parts = self.name_parts()?;
        match self.kind() {
            TokenKind::LeftParen => self.call_expression(parts, start),
            TokenKind::DoubleColon => {
                let name = self.name_of_parts(parts)?;
                self.static_method(name, start)
            }
            _ => {
                let column = self.column_of_parts(parts)?;
                Ok(self.finish(ExprKind::Column(Box::new(column)), start))
            }
        }
    }

    pub(super) fn column_ref(&mut self) -> Parsed<ColumnRef> {
        let parts = self.name_parts()?;
        self.column_of_parts(parts)
    }

    fn column_of_parts(&self, mut parts: Vec<Option<Ident>>) -> Parsed<ColumnRef> {
        let Some(Some(name)) = parts.pop() else {
            return self.unexpected();
        };
        let table = if parts.is_empty() {
            None
        } else {
            Some(self.name_of_parts(parts)?)
        };
        Ok(ColumnRef { table, name })
    }

    /// Expressions that start with a reserved word.
    fn reserved_expression(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let kind = match self.upper().as_str() {
            "NULL" => ExprKind::Literal(Literal::Null),
            "CURRENT_TIMESTAMP" => ExprKind::Niladic(Niladic::CurrentTimestamp),
            "CURRENT_DATE" => ExprKind::Niladic(Niladic::CurrentDate),
            "CURRENT_USER" => ExprKind::Niladic(Niladic::CurrentUser),
            "SESSION_USER" => ExprKind::Niladic(Niladic::SessionUser),
            "SYSTEM_USER" => ExprKind::Niladic(Niladic::SystemUser),
            "USER" if self.kind_at(1) != TokenKind::LeftParen => ExprKind::Niladic(Niladic::User),
            "CASE" => return self.nested(CALL_COST, Self::case),
            "CONVERT" | "TRY_CONVERT" => return self.nested(CALL_COST, Self::convert),
            "COALESCE" | "NULLIF" | "LEFT" | "RIGHT" | "IDENTITY" | "USER"
                if self.kind_at(1) == TokenKind::LeftParen =>
            {
                return self.reserved_call();
            }
            "IDENTITYCOL" | "ROWGUIDCOL" => {
                let name = self.take_ident();
                let column = Box::new(ColumnRef { table: None, name });
                return Ok(self.finish(ExprKind::Column(column), start));
            }
            _ => return self.unexpected(),
        };
        self.advance();
        Ok(self.finish(kind, start))
    }

    fn case(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.expect("CASE")?;
        let operand = if self.at("WHEN") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        let mut branches = Vec::new();
        while self.eat("WHEN") {
            let when = if operand.is_some() {
                self.expression()?
            } else {
                self.condition()?
            };
            self.expect("THEN")?;
            let then = self.expression()?;
            branches.push(WhenBranch { when, then });
        }
        if branches.is_empty() {
            return self.unexpected();
        }
        let otherwise = if self.eat("ELSE") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.expect("END")?;
        self.grow()?;
        Ok(self.finish(
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            },
            start,
        ))
    }

    /// A node from `start` to the last token taken.
    pub(super) fn finish(&self, kind: ExprKind, start: Span) -> Expr {
        Expr {
            kind,
            span: self.span_from(start),
        }
    }
}

fn can_have_methods(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Variable(_)
            | ExprKind::Subquery(_)
            | ExprKind::Method { .. }
            | ExprKind::Function(_)
            | ExprKind::StaticMethod { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Convert { .. }
    )
}
