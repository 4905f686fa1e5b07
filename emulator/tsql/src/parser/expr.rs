//! Expressions and search conditions.
//!
//! Operators by binding, from the page "Operator Precedence (Transact-SQL)": `~`; `* / %`; unary and binary `+ -` with
//! `& ^ |`; comparisons and predicates; NOT; AND; OR. An operand of unary minus reaches over `* / %`: `1.0 / -2.0 * 5`
//! is `1.0 / -(2.0 * 5)`, as the server has it.

use super::{Parsed, Parser, SUBQUERY_COST, SyntaxError};
use crate::ast::{
    BinaryOp, ColumnRef, CompareOp, Expr, ExprKind, Ident, Literal, Niladic, Quantifier, Query,
    Span, UnaryOp, WhenBranch,
};
use crate::lexer::{TokenKind, decode_binary, decode_string};

/// Whether parentheses may hold a condition here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Value,
    Any,
}

impl Parser<'_> {
    /// A value.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.additive(Wanted::Value)
    }

    /// A search condition; 4145 if it is a value.
    pub(super) fn condition(&mut self) -> Parsed<Expr> {
        let expr = self.disjunction()?;
        self.require_condition(&expr)?;
        Ok(expr)
    }

    pub(super) fn expression_list(&mut self) -> Parsed<Vec<Expr>> {
        self.comma_separated(Self::expression)
    }

    fn require_condition(&self, expr: &Expr) -> Parsed<()> {
        if expr.is_condition() {
            return Ok(());
        }
        let near = match self.kind() {
            TokenKind::Eof => self.previous(),
            _ => self.token(),
        };
        Err(SyntaxError::new(
            4145,
            format!(
                "An expression of non-boolean type specified in a context where a condition is expected, near '{}'.",
                self.text_of(near)
            ),
            near.span.line,
        ))
    }

    fn disjunction(&mut self) -> Parsed<Expr> {
        self.connective("OR", Self::conjunction, |a, b| {
            ExprKind::Or(Box::new(a), Box::new(b))
        })
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        self.connective("AND", Self::negation, |a, b| {
            ExprKind::And(Box::new(a), Box::new(b))
        })
    }

    fn connective(
        &mut self,
        word: &str,
        term: fn(&mut Self) -> Parsed<Expr>,
        make: fn(Expr, Expr) -> ExprKind,
    ) -> Parsed<Expr> {
        let first = self.scoped(term)?;
        if !self.at(word) {
            return Ok(first);
        }
        self.require_condition(&first)?;
        let mut terms = vec![first];
        while self.eat(word) {
            let next = self.scoped(term)?;
            self.require_condition(&next)?;
            terms.push(next);
        }
        let mut join = |left: Expr, right: Expr| {
            let span = left.span.to(right.span);
            Expr {
                kind: make(left, right),
                span,
            }
        };
        match self.balanced(terms, &mut join)? {
            Some(expr) => Ok(expr),
            None => self.unexpected(),
        }
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if !self.eat("NOT") {
            return self.predicate();
        }
        let operand = self.nested(1, Self::negation)?;
        self.require_condition(&operand)?;
        self.grow()?;
        Ok(Expr {
            kind: ExprKind::Not(Box::new(operand)),
            span: self.span_from(start),
        })
    }

    fn predicate(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if self.eat("EXISTS") {
            let query = self.subquery()?;
            return Ok(self.finish(ExprKind::Exists(Box::new(query)), start));
        }
        if self.at("UPDATE") && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            let column = self.parenthesized(Self::identifier)?;
            return Ok(self.finish(ExprKind::UpdatedColumn(column), start));
        }
        if self.at_any(&["CONTAINS", "FREETEXT"]) {
            return self.unsupported("full-text predicates");
        }
        let left = self.additive(Wanted::Any)?;
        if left.is_condition() {
            return Ok(left);
        }
        self.predicate_after(left, start)
    }

    /// What may follow a value in a condition. Gives the value back if nothing does.
    fn predicate_after(&mut self, left: Expr, start: Span) -> Parsed<Expr> {
        if let Some(op) = self.comparison_operator() {
            return self.comparison(left, op, start);
        }
        let at_is = self.eat("IS");
        let negated = self.eat("NOT");
        let operand = Box::new(left);
        let kind = if at_is {
            if self.eat("NULL") {
                ExprKind::IsNull { operand, negated }
            } else {
                self.expect_words(&["DISTINCT", "FROM"])?;
                let right = Box::new(self.expression()?);
                ExprKind::IsDistinctFrom {
                    left: operand,
                    right,
                    negated,
                }
            }
        } else if self.eat("BETWEEN") {
            let low = Box::new(self.expression()?);
            self.expect("AND")?;
            let high = Box::new(self.expression()?);
            ExprKind::Between {
                operand,
                low,
                high,
                negated,
            }
        } else if self.eat("LIKE") {
            let pattern = Box::new(self.expression()?);
            let escape = self.escape()?;
            ExprKind::Like {
                operand,
                pattern,
                escape,
                negated,
            }
        } else if self.eat("IN") {
            self.in_predicate(operand, negated)?
        } else if negated {
            return self.unexpected();
        } else {
            return Ok(*operand);
        };
        self.grow()?;
        Ok(self.finish(kind, start))
    }

    /// `ESCAPE 'c'`, also as the ODBC `{escape 'c'}`.
    fn escape(&mut self) -> Parsed<Option<Box<Expr>>> {
        if self.eat("ESCAPE") {
            return self.expression().map(|e| Some(Box::new(e)));
        }
        if self.at_kind(TokenKind::LeftBrace) && self.word_at(1, "ESCAPE") {
            self.pos += 2;
            let escape = self.expression()?;
            self.expect_kind(TokenKind::RightBrace)?;
            return Ok(Some(Box::new(escape)));
        }
        Ok(None)
    }

    fn in_predicate(&mut self, operand: Box<Expr>, negated: bool) -> Parsed<ExprKind> {
        if self.kind_at(1) == TokenKind::Reserved && self.word_at(1, "SELECT") {
            let query = Box::new(self.subquery()?);
            return Ok(ExprKind::InQuery {
                operand,
                query,
                negated,
            });
        }
        let mut list = self.parenthesized(Self::expression_list)?;
        // `IN ((SELECT …))` is still a query.
        if let [
            Expr {
                kind: ExprKind::Subquery(_),
                ..
            },
        ] = list.as_slice()
            && let Some(Expr {
                kind: ExprKind::Subquery(query),
                ..
            }) = list.pop()
        {
            return Ok(ExprKind::InQuery {
                operand,
                query,
                negated,
            });
        }
        Ok(ExprKind::InList {
            operand,
            list,
            negated,
        })
    }

    /// Takes a comparison operator; its two characters may stand apart (`< =`).
    fn comparison_operator(&mut self) -> Option<CompareOp> {
        let op = match self.kind() {
            TokenKind::Equal => CompareOp::Equal,
            TokenKind::NotEqual => CompareOp::NotEqual,
            TokenKind::LessOrEqual => CompareOp::LessOrEqual,
            TokenKind::GreaterOrEqual => CompareOp::GreaterOrEqual,
            TokenKind::Less if self.kind_at(1) == TokenKind::Equal => {
                self.advance();
                CompareOp::LessOrEqual
            }
            TokenKind::Less if self.kind_at(1) == TokenKind::Greater => {
                self.advance();
                CompareOp::NotEqual
            }
            TokenKind::Greater if self.kind_at(1) == TokenKind::Equal => {
                self.advance();
                CompareOp::GreaterOrEqual
            }
            TokenKind::Less => CompareOp::Less,
            TokenKind::Greater => CompareOp::Greater,
            _ => return None,
        };
        self.advance();
        Some(op)
    }

    fn comparison(&mut self, left: Expr, op: CompareOp, start: Span) -> Parsed<Expr> {
        let quantifier = match self.upper().as_str() {
            "ALL" => Some(Quantifier::All),
            "ANY" | "SOME" => Some(Quantifier::Any),
            _ => None,
        };
        let left = Box::new(left);
        let kind = if let Some(quantifier) = quantifier {
            self.advance();
            let query = Box::new(self.subquery()?);
            ExprKind::Quantified {
                op,
                quantifier,
                left,
                query,
            }
        } else {
            let right = Box::new(self.expression()?);
            ExprKind::Compare { op, left, right }
        };
        self.grow()?;
        Ok(self.finish(kind, start))
    }

    fn additive(&mut self, wanted: Wanted) -> Parsed<Expr> {
        self.scoped(|p| {
            let mut left = p.multiplicative(wanted)?;
            loop {
                let op = match p.kind() {
                    TokenKind::Plus => BinaryOp::Add,
                    TokenKind::Minus => BinaryOp::Subtract,
                    TokenKind::Ampersand => BinaryOp::BitAnd,
                    TokenKind::Pipe => BinaryOp::BitOr,
                    TokenKind::Caret => BinaryOp::BitXor,
                    _ => return Ok(left),
                };
                left = p.binary(left, op, Self::multiplicative)?;
            }
        })
    }

    fn multiplicative(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let mut left = self.unary(wanted)?;
        loop {
            let op = match self.kind() {
                TokenKind::Star => BinaryOp::Multiply,
                TokenKind::Slash => BinaryOp::Divide,
                TokenKind::Percent => BinaryOp::Modulo,
                _ => return Ok(left),
            };
            left = self.binary(left, op, Self::unary)?;
        }
    }

    fn binary(
        &mut self,
        left: Expr,
        op: BinaryOp,
        operand: fn(&mut Self, Wanted) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        if left.is_condition() {
            return self.unexpected();
        }
        self.advance();
        let right = operand(self, Wanted::Value)?;
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

    fn unary(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let (op, operand): (_, fn(&mut Self, Wanted) -> Parsed<Expr>) = match self.kind() {
            TokenKind::Plus => (UnaryOp::Plus, Self::multiplicative),
            TokenKind::Minus => (UnaryOp::Minus, Self::multiplicative),
            TokenKind::Tilde => (UnaryOp::BitNot, Self::unary),
            _ => return self.postfix(wanted),
        };
        let start = self.span();
        self.advance();
        let operand = Box::new(self.nested(1, |p| operand(p, Wanted::Value))?);
        self.grow()?;
        Ok(self.finish(ExprKind::Unary { op, operand }, start))
    }

    /// COLLATE, AT TIME ZONE and methods bind tighter than any operator.
    fn postfix(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let start = self.span();
        let mut expr = self.primary(wanted)?;
        loop {
            let kind = if self.at("COLLATE") {
                self.advance();
                let collation = self.identifier()?;
                ExprKind::Collate {
                    operand: Box::new(expr),
                    collation,
                }
            } else if self.at_words(&["AT", "TIME", "ZONE"]) {
                self.pos += 3;
                let zone = Box::new(self.nested(1, |p| p.primary(Wanted::Value))?);
                ExprKind::AtTimeZone {
                    operand: Box::new(expr),
                    zone,
                }
            } else if self.at_kind(TokenKind::Dot)
                && self.identifier_at(1)
                && can_have_methods(&expr)
            {
                self.advance();
                let method = self.take_ident();
                let args = self.call_arguments()?;
                ExprKind::Method {
                    target: Box::new(expr),
                    method,
                    args,
                }
            } else {
                return Ok(expr);
            };
            self.grow()?;
            expr = self.finish(kind, start);
        }
    }

    fn primary(&mut self, wanted: Wanted) -> Parsed<Expr> {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::LeftParen => return self.parentheses(wanted),
            TokenKind::Variable => ExprKind::Variable(self.take_ident()),
            TokenKind::GlobalVariable => ExprKind::GlobalVariable(self.take_ident()),
            TokenKind::LeftBrace => return self.odbc_escape(),
            TokenKind::DoubleColon => return self.system_function(),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => {
                return self.name_expression();
            }
            TokenKind::Reserved => return self.reserved_expression(),
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
        if self.word_at(1, "SELECT") {
            let start = self.span();
            let query = self.subquery()?;
            return Ok(self.finish(ExprKind::Subquery(Box::new(query)), start));
        }
        self.expect_kind(TokenKind::LeftParen)?;
        let inner = self.nested(1, |p| match wanted {
            Wanted::Value => p.additive(Wanted::Value),
            Wanted::Any => p.disjunction(),
        })?;
        // `((SELECT …) UNION SELECT …)`: what looked like a value was the first part of a query.
        let inner = match inner.kind {
            ExprKind::Subquery(query) if self.at_any(&["UNION", "EXCEPT", "INTERSECT"]) => {
                let span = inner.span;
                let query = self.nested(SUBQUERY_COST, |p| p.query_continued(*query))?;
                Expr {
                    kind: ExprKind::Subquery(Box::new(query)),
                    span,
                }
            }
            _ => inner,
        };
        self.expect_kind(TokenKind::RightParen)?;
        Ok(inner)
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
        let start = self.span();
        if self.kind_at(1) == TokenKind::LeftParen
            && self.kind() == TokenKind::Word
            && let Some(expr) = self.special_function()?
        {
            return Ok(expr);
        }
        if self.at_words(&["NEXT", "VALUE", "FOR"]) {
            return self.next_value_for();
        }
        let parts = self.name_parts()?;
        if self.at_kind(TokenKind::LeftParen) {
            let name = self.name_of_parts(parts)?;
            return self.function_call(name).map(|call| {
                let span = self.span_from(start);
                Expr {
                    kind: ExprKind::Function(Box::new(call)),
                    span,
                }
            });
        }
        if self.at_kind(TokenKind::DoubleColon) {
            let name = self.name_of_parts(parts)?;
            return self.static_method(name, start);
        }
        let column = self.column_of_parts(parts)?;
        Ok(self.finish(ExprKind::Column(Box::new(column)), start))
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
            "CASE" => return self.nested(1, Self::case),
            "CONVERT" | "TRY_CONVERT" => return self.nested(1, Self::convert),
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
