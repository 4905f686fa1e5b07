//! Search conditions: AND, OR, NOT and the predicates.

use super::expr::Wanted;
use super::{CALL_COST, Parsed, Parser, SyntaxError};
use crate::ast::{CompareOp, Expr, ExprKind, Quantifier, Span};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// A search condition; 4145 if it is a value.
    pub(super) fn condition(&mut self) -> Parsed<Expr> {
        let expr = self.disjunction()?;
        self.require_condition(&expr)?;
        Ok(expr)
    }

    fn require_condition(&self, expr: &Expr) -> Parsed<()> {
        if expr.is_condition() {
            return Ok(());
        }
        let near = match self.kind() {
            TokenKind::Eof => self.previous(),
            TokenKind::Word
            | TokenKind::Reserved
            | TokenKind::RightParen
            | TokenKind::Comma
            | TokenKind::Semicolon => self.token(),
            _ => return self.unexpected(),
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

    pub(super) fn disjunction(&mut self) -> Parsed<Expr> {
        let first = self.conjunction()?;
        if !self.at("OR") {
            return Ok(first);
        }
        self.connected(first, "OR", Self::conjunction, |a, b| {
            ExprKind::Or(Box::new(a), Box::new(b))
        })
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let first = self.negation()?;
        if !self.at("AND") {
            return Ok(first);
        }
        self.connected(first, "AND", Self::negation, |a, b| {
            ExprKind::And(Box::new(a), Box::new(b))
        })
    }

    /// The terms after `first`, joined into a balanced tree.
    fn connected(
        &mut self,
        first: Expr,
        word: &str,
        term: fn(&mut Self) -> Parsed<Expr>,
        make: fn(Expr, Expr) -> ExprKind,
    ) -> Parsed<Expr> {
        self.require_condition(&first)?;
        let mut terms = vec![first];
        while self.eat(word) {
            terms.push(self.connected_term(term)?);
        }
        self.joined(terms, make)
    }

    /// One more term, whose height does not add to that of the terms before it.
    fn connected_term(&mut self, term: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        let outer = std::mem::replace(&mut self.height, 0);
        self.deeper(1)?;
        let expr = term(self)?;
        self.depth -= 1;
        self.height = self.height.max(outer);
        self.require_condition(&expr)?;
        Ok(expr)
    }

    fn joined(&mut self, terms: Vec<Expr>, make: fn(Expr, Expr) -> ExprKind) -> Parsed<Expr> {
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
        if self.at("NOT") {
            self.not()
        } else {
            self.predicate()
        }
    }

    fn not(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.advance();
        let operand = self.nested(CALL_COST, Self::negation)?;
        self.require_condition(&operand)?;
        self.grow()?;
        Ok(self.finish(ExprKind::Not(Box::new(operand)), start))
    }

    fn predicate(&mut self) -> Parsed<Expr> {
        if self.at_any(&["EXISTS", "UPDATE", "CONTAINS", "FREETEXT"]) {
            return self.word_predicate();
        }
        let left = self.operators(Wanted::Any)?;
        if left.is_condition() {
            Ok(left)
        } else {
            self.predicate_after(left)
        }
    }

    /// `EXISTS (…)`, `UPDATE(column)`.
    fn word_predicate(&mut self) -> Parsed<Expr> {
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
        self.unexpected()
    }

    /// What may follow a value in a condition. Gives the value back if nothing does.
    fn predicate_after(&mut self, left: Expr) -> Parsed<Expr> {
        let start = left.span;
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
}
