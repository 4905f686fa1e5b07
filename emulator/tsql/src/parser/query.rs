//! SELECT: query expressions and everything of them but the FROM clause.

use super::{Parsed, Parser, SUBQUERY_COST};
use crate::ast::{
    AssignOp, BinaryOp, Cte, Expr, ForClause, GroupBy, GroupByItem, GroupBySuffix, Ident,
    ObjectName, OffsetFetch, OptionEntry, OptionValue, OrderByItem, Query, QueryBody, QueryHint,
    QuerySpec, SelectItem, SelectStatement, SetOperator, Text, Top, With, XmlMode,
};
use crate::lexer::TokenKind;

/// Hints of OPTION (…) that are words only, from the page "Query Hints (Transact-SQL)".
const WORD_HINTS: &[&[&str]] = &[
    &["HASH", "GROUP"],
    &["ORDER", "GROUP"],
    &["CONCAT", "UNION"],
    &["HASH", "UNION"],
    &["MERGE", "UNION"],
    &["LOOP", "JOIN"],
    &["MERGE", "JOIN"],
    &["HASH", "JOIN"],
    &["DISABLE_OPTIMIZED_PLAN_FORCING"],
    &["EXPAND", "VIEWS"],
    &["FORCE", "ORDER"],
    &["FORCE", "EXTERNALPUSHDOWN"],
    &["DISABLE", "EXTERNALPUSHDOWN"],
    &["IGNORE_NONCLUSTERED_COLUMNSTORE_INDEX"],
    &["KEEP", "PLAN"],
    &["KEEPFIXED", "PLAN"],
    &["NO_PERFORMANCE_SPOOL"],
    &["OPTIMIZE", "FOR", "UNKNOWN"],
    &["PARAMETERIZATION", "SIMPLE"],
    &["PARAMETERIZATION", "FORCED"],
    &["RECOMPILE"],
    &["ROBUST", "PLAN"],
];
/// Hints followed by a number, with or without `=`.
const NUMBER_HINTS: &[&str] = &[
    "FAST",
    "MAXDOP",
    "MAXRECURSION",
    "MAX_GRANT_PERCENT",
    "MIN_GRANT_PERCENT",
    "QUERYTRACEON",
];

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

    fn for_clause(&mut self) -> Parsed<ForClause> {
        self.expect("FOR")?;
        if self.eat("BROWSE") {
            return Ok(ForClause::Browse);
        }
        if self.eat("JSON") {
            return self.for_json();
        }
        self.expect("XML")?;
        self.for_xml()
    }

    fn for_json(&mut self) -> Parsed<ForClause> {
        let auto = self.eat("AUTO");
        if !auto {
            self.expect("PATH")?;
        }
        let (mut root, mut include_null_values, mut without_array_wrapper) = (None, false, false);
        while self.eat_kind(TokenKind::Comma) {
            if self.eat("ROOT") {
                root = Some(self.optional_text_in_parentheses()?);
            } else if self.eat("INCLUDE_NULL_VALUES") {
                include_null_values = true;
            } else if self.eat("WITHOUT_ARRAY_WRAPPER") {
                without_array_wrapper = true;
            } else {
                return self.unexpected();
            }
        }
        Ok(ForClause::Json {
            auto,
            root,
            include_null_values,
            without_array_wrapper,
        })
    }

    fn for_xml(&mut self) -> Parsed<ForClause> {
        let mode = if self.eat("RAW") {
            XmlMode::Raw(self.optional_text_in_parentheses()?)
        } else if self.eat("AUTO") {
            XmlMode::Auto
        } else if self.eat("EXPLICIT") {
            XmlMode::Explicit
        } else {
            self.expect("PATH")?;
            XmlMode::Path(self.optional_text_in_parentheses()?)
        };
        let mut options = Vec::new();
        while self.eat_kind(TokenKind::Comma) {
            let start = self.span();
            let name = self.upper();
            match name.as_str() {
                "TYPE" | "XMLDATA" | "XMLSCHEMA" | "ROOT" => {}
                "ELEMENTS" => {}
                "BINARY" if self.word_at(1, "BASE64") => {}
                _ => return self.unexpected(),
            }
            self.advance();
            let value = if self.at_any(&["XSINIL", "ABSENT", "BASE64"]) {
                OptionValue::Words(vec![self.take_ident()])
            } else {
                self.optional_text_in_parentheses()?
                    .map_or(OptionValue::None, OptionValue::Text)
            };
            options.push(OptionEntry {
                name,
                value,
                span: self.span_from(start),
            });
        }
        Ok(ForClause::Xml { mode, options })
    }

    fn optional_text_in_parentheses(&mut self) -> Parsed<Option<Text>> {
        if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(Self::string).map(Some)
        } else {
            Ok(None)
        }
    }

    /// `OPTION (…)`, or nothing.
    pub(super) fn query_hints(&mut self) -> Parsed<Vec<QueryHint>> {
        if self.eat("OPTION") {
            self.parenthesized(|p| p.comma_separated(Self::query_hint))
        } else {
            Ok(Vec::new())
        }
    }

    fn query_hint(&mut self) -> Parsed<QueryHint> {
        let start = self.span();
        let hint = |p: &Self, name: String, value, list| QueryHint {
            name,
            value,
            list,
            span: p.span_from(start),
        };
        if let Some(words) = WORD_HINTS.iter().find(|words| self.at_words(words)) {
            self.pos += words.len();
            return Ok(hint(self, words.join(" "), None, Vec::new()));
        }
        if self.eat_words(&["USE", "HINT"]) {
            let list = self.parenthesized(|p| p.comma_separated(Self::string))?;
            return Ok(hint(self, "USE HINT".to_owned(), None, list));
        }
        if self.eat("LABEL") {
            self.expect_kind(TokenKind::Equal)?;
            let value = self.expression()?;
            return Ok(hint(self, "LABEL".to_owned(), Some(value), Vec::new()));
        }
        if self.at_words(&["OPTIMIZE", "FOR"])
            || self.at_words(&["TABLE", "HINT"])
            || self.at_words(&["USE", "PLAN"])
        {
            return self.unsupported("this query hint");
        }
        let name = self.upper();
        if !NUMBER_HINTS.contains(&name.as_str()) {
            return self.unexpected();
        }
        self.advance();
        self.eat_kind(TokenKind::Equal);
        let start_of_number = self.span();
        let literal = self.literal()?;
        let value = self.finish(crate::ast::ExprKind::Literal(literal), start_of_number);
        Ok(hint(self, name, Some(value), Vec::new()))
    }
}
