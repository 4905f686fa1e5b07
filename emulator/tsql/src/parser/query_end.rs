//! The ends of a query: FOR XML, FOR JSON, OPTION.

use super::{Parsed, Parser};
use crate::ast::{ExprKind, ForClause, OptionEntry, OptionValue, QueryHint, Text, XmlMode};
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
    pub(super) fn for_clause(&mut self) -> Parsed<ForClause> {
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
        let value = self.finish(ExprKind::Literal(literal), start_of_number);
        Ok(hint(self, name, Some(value), Vec::new()))
    }
}
