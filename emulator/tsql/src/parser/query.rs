//! SELECT: query expressions and everything of them but the FROM clause.

use super::{Parsed, Parser, SUBQUERY_COST};
use crate::ast::{
    AssignOp, BinaryOp, Cte, Expr, GroupBy, GroupByItem, GroupBySuffix, Ident, ObjectName,
    OffsetFetch, OrderByItem, Query, QueryBody, QuerySpec, SelectItem, SelectStatement,
    SetOperator, Text, Top, With,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// SELECT with its hints, after the CTEs.
    pub(super) fn select_statement(&mut self, with: Option<With>) -> Parsed<SelectStatement> {
        let query = self.query()?;
        let hints = self.query_hints()?;
        Ok(SelectStatement { with, query, hints })
    }

    /// SELECT with CTEs before it if there are any.
    pub(super) fn select_with_ctes(&mut self) -> Parsed<SelectStatement> {
        let with = if self.at("WITH") {
            Some(self.with_clause()?)
        } else {
            None
        };
        self.select_statement(with)
    }

    /// `WITH [XMLNAMESPACES (…)] name [(columns)] AS (query), …`.
    pub(super) fn with_clause(&mut self) -> Parsed<With> {
        self.expect("WITH")?;
        let mut with = With {
            namespaces: Vec::new(),
            ctes: Vec::new(),
        };
        if self.at("XMLNAMESPACES") && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            with.namespaces = self.parenthesized(|p| p.comma_separated(Self::xml_namespace))?;
            if !self.eat_kind(TokenKind::Comma) {
                return Ok(with);
            }
        }
        with.ctes = self.comma_separated(Self::cte)?;
        Ok(with)
    }

    fn xml_namespace(&mut self) -> Parsed<(Text, Option<Ident>)> {
        if self.eat("DEFAULT") {
            return Ok((self.string()?, None));
        }
        let uri = self.string()?;
        self.expect("AS")?;
        Ok((uri, Some(self.identifier()?)))
    }

    fn cte(&mut self) -> Parsed<Cte> {
        let name = self.identifier()?;
        let columns = self.optional_column_list()?;
        self.expect("AS")?;
        let query = self.subquery()?;
        Ok(Cte {
            name,
            columns,
            query,
        })
    }

    /// A query expression with its ORDER BY, OFFSET and FOR.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        self.scoped(|p| {
            let start = p.span();
            let body = p.query_body(None)?;
            p.query_tail(body, start)
        })
    }

    /// A query whose first part was already read as a subquery in parentheses.
    pub(super) fn query_continued(&mut self, first: Query) -> Parsed<Query> {
        if !first.order_by.is_empty() || first.for_clause.is_some() {
            return self.unexpected();
        }
        let start = first.span;
        let body = self.query_body(Some(first.body))?;
        self.query_tail(body, start)
    }

    fn query_tail(&mut self, body: QueryBody, start: crate::ast::Span) -> Parsed<Query> {
        let order_by = if self.at("ORDER") {
            self.order_by()?
        } else {
            Vec::new()
        };
        let offset = if !order_by.is_empty() && self.at("OFFSET") {
            Some(self.offset_fetch()?)
        } else {
            None
        };
        let for_clause = if self.at("FOR")
            && ["XML", "JSON", "BROWSE"]
                .iter()
                .any(|word| self.word_at(1, word))
        {
            Some(self.for_clause()?)
        } else {
            None
        };
        Ok(Query {
            body,
            order_by,
            offset,
            for_clause,
            span: self.span_from(start),
        })
    }

    /// UNION and EXCEPT, from left to right; runs of one UNION are balanced.
    fn query_body(&mut self, first: Option<QueryBody>) -> Parsed<QueryBody> {
        let mut left = self.intersections(first)?;
        loop {
            let op = if self.at("UNION") {
                SetOperator::Union
            } else if self.at("EXCEPT") {
                SetOperator::Except
            } else {
                return Ok(left);
            };
            let mut parts = vec![left];
            let mut all = false;
            while self.at_set_operator(op) && (parts.len() == 1 || self.word_at(1, "ALL") == all) {
                self.advance();
                all = op == SetOperator::Union && self.eat("ALL");
                parts.push(self.intersections(None)?);
                if op == SetOperator::Except {
                    break;
                }
            }
            left = self.set_operation(parts, op, all)?;
        }
    }

    fn at_set_operator(&self, op: SetOperator) -> bool {
        self.at(match op {
            SetOperator::Union => "UNION",
            SetOperator::Except => "EXCEPT",
            SetOperator::Intersect => "INTERSECT",
        })
    }

    fn intersections(&mut self, first: Option<QueryBody>) -> Parsed<QueryBody> {
        let first = match first {
            Some(body) => body,
            None => self.query_term()?,
        };
        let mut parts = vec![first];
        while self.eat("INTERSECT") {
            parts.push(self.query_term()?);
        }
        self.set_operation(parts, SetOperator::Intersect, false)
    }

    fn set_operation(
        &mut self,
        parts: Vec<QueryBody>,
        op: SetOperator,
        all: bool,
    ) -> Parsed<QueryBody> {
        let mut join = |left, right| QueryBody::SetOperation {
            op,
            all,
            left: Box::new(left),
            right: Box::new(right),
        };
        match self.balanced(parts, &mut join)? {
            Some(body) => Ok(body),
            None => self.unexpected(),
        }
    }

    fn query_term(&mut self) -> Parsed<QueryBody> {
        if self.at_kind(TokenKind::LeftParen) {
            return self.parenthesized(|p| p.nested(SUBQUERY_COST, |p| p.query_body(None)));
        }
        self.query_spec()
            .map(|spec| QueryBody::Select(Box::new(spec)))
    }

    fn query_spec(&mut self) -> Parsed<QuerySpec> {
        let start = self.span();
        self.expect("SELECT")?;
        let distinct = self.eat("DISTINCT");
        if !distinct {
            self.eat("ALL");
        }
        let top = self.top()?;
        let items = self.comma_separated(Self::select_item)?;
        let into = if self.eat("INTO") {
            Some(self.object_name()?)
        } else {
            None
        };
        let from = self.tables_of_from()?;
        let filter = if self.eat("WHERE") {
            Some(self.condition()?)
        } else {
            None
        };
        let group_by = if self.at("GROUP") {
            Some(self.group_by()?)
        } else {
            None
        };
        let having = if self.eat("HAVING") {
            Some(self.condition()?)
        } else {
            None
        };
        let windows = if self.at_window_clause() {
            self.window_clause()?
        } else {
            Vec::new()
        };
        Ok(QuerySpec {
            distinct,
            top,
            items,
            into,
            from,
            filter,
            group_by,
            having,
            windows,
            span: self.span_from(start),
        })
    }

    /// `TOP n`, `TOP (n) [PERCENT] [WITH TIES]`.
    pub(super) fn top(&mut self) -> Parsed<Option<Top>> {
        if !self.eat("TOP") {
            return Ok(None);
        }
        let count = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| p.nested(1, Self::expression))?
        } else {
            let start = self.span();
            let literal = self.literal()?;
            self.finish(crate::ast::ExprKind::Literal(literal), start)
        };
        let percent = self.eat("PERCENT");
        let with_ties = self.eat_words(&["WITH", "TIES"]);
        Ok(Some(Top {
            count,
            percent,
            with_ties,
        }))
    }

    pub(super) fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.span();
        if self.eat_kind(TokenKind::Star) {
            return Ok(SelectItem::Wildcard {
                table: None,
                span: start,
            });
        }
        if self.at_kind(TokenKind::Variable)
            && let Some(op) = self.assign_op_at(1)
        {
            let variable = self.take_ident();
            self.advance();
            let value = self.expression()?;
            return Ok(SelectItem::Assign {
                variable,
                op,
                value,
            });
        }
        if self.kind_at(1) == TokenKind::Equal && (self.at_identifier() || self.at_string()) {
            let alias = self.take_ident();
            self.advance();
            return Ok(SelectItem::Expr {
                expr: self.expression()?,
                alias: Some(alias),
            });
        }
        if let Some(table) = self.qualified_star()? {
            return Ok(SelectItem::Wildcard {
                table: Some(table),
                span: self.span_from(start),
            });
        }
        let expr = self.expression()?;
        let alias = self.select_alias()?;
        Ok(SelectItem::Expr { expr, alias })
    }

    /// `name.*`.
    fn qualified_star(&mut self) -> Parsed<Option<ObjectName>> {
        if !self.at_identifier() {
            return Ok(None);
        }
        let mut ahead = 1;
        while self.kind_at(ahead) == TokenKind::Dot {
            if self.kind_at(ahead + 1) == TokenKind::Star {
                let name = self.object_name()?;
                self.expect_kind(TokenKind::Dot)?;
                self.advance();
                return Ok(Some(name));
            }
            ahead += if self.identifier_at(ahead + 1) { 2 } else { 1 };
        }
        Ok(None)
    }

    fn select_alias(&mut self) -> Parsed<Option<Ident>> {
        if self.eat("AS") {
            if self.at_identifier() || self.at_string() {
                return Ok(Some(self.take_ident()));
            }
            return self.unexpected();
        }
        if self.at_string() || self.at_implicit_alias() {
            return Ok(Some(self.take_ident()));
        }
        Ok(None)
    }

    /// An alias without AS: a name, but not a label and not the start of a clause that has no reserved word.
    pub(super) fn at_implicit_alias(&self) -> bool {
        self.at_identifier()
            && self.kind_at(1) != TokenKind::Colon
            && !self.at_window_clause()
            && !(self.at("USING") && self.kind() == TokenKind::Word)
    }

    /// `=`, `+=` … at the token `ahead`.
    pub(super) fn assign_op_at(&self, ahead: usize) -> Option<AssignOp> {
        Some(match self.kind_at(ahead) {
            TokenKind::Equal => AssignOp::Set,
            TokenKind::PlusEqual => AssignOp::Compound(BinaryOp::Add),
            TokenKind::MinusEqual => AssignOp::Compound(BinaryOp::Subtract),
            TokenKind::StarEqual => AssignOp::Compound(BinaryOp::Multiply),
            TokenKind::SlashEqual => AssignOp::Compound(BinaryOp::Divide),
            TokenKind::PercentEqual => AssignOp::Compound(BinaryOp::Modulo),
            TokenKind::AmpersandEqual => AssignOp::Compound(BinaryOp::BitAnd),
            TokenKind::PipeEqual => AssignOp::Compound(BinaryOp::BitOr),
            TokenKind::CaretEqual => AssignOp::Compound(BinaryOp::BitXor),
            _ => return None,
        })
    }

    fn group_by(&mut self) -> Parsed<GroupBy> {
        self.expect_words(&["GROUP", "BY"])?;
        let all = self.eat("ALL");
        let items = self.comma_separated(Self::group_by_item)?;
        let suffix = if self.eat_words(&["WITH", "ROLLUP"]) {
            Some(GroupBySuffix::Rollup)
        } else if self.eat_words(&["WITH", "CUBE"]) {
            Some(GroupBySuffix::Cube)
        } else {
            None
        };
        Ok(GroupBy { all, items, suffix })
    }

    fn group_by_item(&mut self) -> Parsed<GroupByItem> {
        let list = |p: &mut Self| {
            p.parenthesized(|p| p.nested(1, |p| p.comma_separated(Self::grouping_element)))
        };
        if self.kind_at(1) == TokenKind::LeftParen {
            if self.eat("ROLLUP") {
                return list(self).map(GroupByItem::Rollup);
            }
            if self.eat("CUBE") {
                return list(self).map(GroupByItem::Cube);
            }
        }
        if self.eat_words(&["GROUPING", "SETS"]) {
            return list(self).map(GroupByItem::GroupingSets);
        }
        if self.at_kind(TokenKind::LeftParen) && self.kind_at(1) == TokenKind::RightParen {
            self.pos += 2;
            return Ok(GroupByItem::Composite(Vec::new()));
        }
        self.expression().map(GroupByItem::Expr)
    }

    /// Inside ROLLUP, CUBE and GROUPING SETS a parenthesis makes a composite.
    fn grouping_element(&mut self) -> Parsed<GroupByItem> {
        if !self.at_kind(TokenKind::LeftParen) || self.word_at(1, "SELECT") {
            return self.group_by_item();
        }
        if self.kind_at(1) == TokenKind::RightParen {
            return self.group_by_item();
        }
        let position = self.pos;
        let columns = self.parenthesized(|p| p.nested(1, Self::expression_list))?;
        if self.at_kind(TokenKind::Comma) || self.at_kind(TokenKind::RightParen) {
            return Ok(GroupByItem::Composite(columns));
        }
        // `(a) + b`: the parenthesis belonged to an expression.
        self.pos = position;
        self.group_by_item()
    }

    fn at_window_clause(&self) -> bool {
        self.at("WINDOW")
            && self.identifier_at(1)
            && self.word_at(2, "AS")
            && self.kind_at(3) == TokenKind::LeftParen
    }

    fn window_clause(&mut self) -> Parsed<Vec<(Ident, crate::ast::Over)>> {
        self.expect("WINDOW")?;
        self.comma_separated(|p| {
            let name = p.identifier()?;
            p.expect("AS")?;
            Ok((name, p.window_specification()?))
        })
    }

    pub(super) fn order_by(&mut self) -> Parsed<Vec<OrderByItem>> {
        self.expect_words(&["ORDER", "BY"])?;
        self.comma_separated(|p| {
            let expr = p.expression()?;
            let descending = p.eat("DESC");
            if !descending {
                p.eat("ASC");
            }
            Ok(OrderByItem { expr, descending })
        })
    }

    fn offset_fetch(&mut self) -> Parsed<OffsetFetch> {
        self.expect("OFFSET")?;
        let offset = self.expression()?;
        self.row_or_rows()?;
        let fetch = if self.at("FETCH") && (self.word_at(1, "NEXT") || self.word_at(1, "FIRST")) {
            self.pos += 2;
            let count: Expr = self.expression()?;
            self.row_or_rows()?;
            self.expect("ONLY")?;
            Some(count)
        } else {
            None
        };
        Ok(OffsetFetch { offset, fetch })
    }

    fn row_or_rows(&mut self) -> Parsed<()> {
        if self.eat("ROW") {
            Ok(())
        } else {
            self.expect("ROWS")
        }
    }
}
