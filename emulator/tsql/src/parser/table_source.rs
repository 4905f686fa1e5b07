//! The FROM clause.

use super::{Parsed, Parser, SUBQUERY_COST};
use crate::ast::{
    Apply, DerivedTable, Expr, ExprKind, FunctionCall, Ident, Join, JoinHint, JoinKind, NamedTable,
    ObjectName, OpenJsonColumn, OpenQuery, Pivot, Span, SystemTimeRangeForm, TableAlias,
    TableFunction, TableHint, TableMethod, TableModifier, TableSource, Text, Unpivot, ValuesTable,
    VariableTable,
};
use crate::lexer::TokenKind;

/// From the page "Table Hints (Transact-SQL)".
const TABLE_HINTS: &[&str] = &[
    "FORCESCAN",
    "FORCESEEK",
    "HOLDLOCK",
    "IGNORE_CONSTRAINTS",
    "IGNORE_TRIGGERS",
    "INDEX",
    "KEEPDEFAULTS",
    "KEEPIDENTITY",
    "NOEXPAND",
    "NOLOCK",
    "NOWAIT",
    "PAGLOCK",
    "READCOMMITTED",
    "READCOMMITTEDLOCK",
    "READPAST",
    "READUNCOMMITTED",
    "REPEATABLEREAD",
    "ROWLOCK",
    "SERIALIZABLE",
    "SNAPSHOT",
    "TABLOCK",
    "TABLOCKX",
    "UPDLOCK",
    "XLOCK",
];

impl Parser<'_> {
    /// `FROM a, b JOIN c …`, or nothing.
    pub(super) fn tables_of_from(&mut self) -> Parsed<Vec<TableSource>> {
        if self.eat("FROM") {
            self.comma_separated(Self::table_source)
        } else {
            Ok(Vec::new())
        }
    }

    /// One entry of FROM, with its joins.
    pub(super) fn table_source(&mut self) -> Parsed<TableSource> {
        self.scoped(|p| {
            let start = p.span();
            let mut left = p.table_primary()?;
            while p.at_join() {
                left = p.join(left, start)?;
            }
            Ok(left)
        })
    }

    fn at_join(&self) -> bool {
        self.at_any(&["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"])
            || (self.at("OUTER") && self.word_at(1, "APPLY"))
    }

    fn join(&mut self, left: TableSource, start: Span) -> Parsed<TableSource> {
        self.grow()?;
        let outer = self.at("OUTER");
        if (outer || self.at("CROSS")) && self.word_at(1, "APPLY") {
            self.pos += 2;
            let right = self.table_primary()?;
            return Ok(TableSource::Apply(Box::new(Apply {
                left,
                right,
                outer,
                span: self.span_from(start),
            })));
        }
        let (kind, hint) = self.join_words()?;
        let right_start = self.span();
        let mut right = self.table_primary()?;
        // `a JOIN b JOIN c ON … ON …`: joins before our ON belong to the right side.
        while kind != JoinKind::Cross && self.at_join() {
            right = self.nested(1, |p| p.join(right, right_start))?;
        }
        let on = if kind == JoinKind::Cross {
            None
        } else {
            self.expect("ON")?;
            Some(self.condition()?)
        };
        Ok(TableSource::Join(Box::new(Join {
            left,
            right,
            kind,
            on,
            hint,
            span: self.span_from(start),
        })))
    }

    fn join_words(&mut self) -> Parsed<(JoinKind, Option<JoinHint>)> {
        if self.eat("CROSS") {
            self.expect("JOIN")?;
            return Ok((JoinKind::Cross, None));
        }
        let kind = if self.eat("LEFT") {
            JoinKind::Left
        } else if self.eat("RIGHT") {
            JoinKind::Right
        } else if self.eat("FULL") {
            JoinKind::Full
        } else {
            self.eat("INNER");
            JoinKind::Inner
        };
        if kind != JoinKind::Inner {
            self.eat("OUTER");
        }
        let hint = match self.upper().as_str() {
            "LOOP" => Some(JoinHint::Loop),
            "HASH" => Some(JoinHint::Hash),
            "MERGE" => Some(JoinHint::Merge),
            "REMOTE" => Some(JoinHint::Remote),
            _ => None,
        };
        if hint.is_some() {
            self.advance();
        }
        self.expect("JOIN")?;
        Ok((kind, hint))
    }

    /// One table, with PIVOT and UNPIVOT after it.
    fn table_primary(&mut self) -> Parsed<TableSource> {
        let start = self.span();
        let mut source = self.plain_table()?;
        loop {
            if self.at("PIVOT") {
                source = self.pivot(source, start)?;
            } else if self.at("UNPIVOT") {
                source = self.unpivot(source, start)?;
            } else {
                return Ok(source);
            }
            self.grow()?;
        }
    }

    fn plain_table(&mut self) -> Parsed<TableSource> {
        match self.kind() {
            TokenKind::LeftParen => self.table_in_parentheses(),
            TokenKind::Variable => self.variable_table(),
            TokenKind::DoubleColon => {
                self.advance();
                let start = self.span();
                let name = ObjectName::bare(self.identifier()?);
                self.table_function(name, start)
            }
            TokenKind::Reserved => self.rowset_function(),
            _ => self.named_table(),
        }
    }

    fn rowset_function(&mut self) -> Parsed<TableSource> {
        let feature = match self.upper().as_str() {
            "OPENXML" => {
                let start = self.span();
                let name = ObjectName::bare(self.take_ident());
                return self.table_function(name, start);
            }
            "OPENQUERY" => return self.open_query(),
            "OPENROWSET" => "OPENROWSET",
            "OPENDATASOURCE" => "OPENDATASOURCE",
            "CONTAINSTABLE" | "FREETEXTTABLE" => "full-text table functions",
            _ => return self.unexpected(),
        };
        self.unsupported(feature)
    }

    /// `OPENQUERY(server, 'query')`.
    fn open_query(&mut self) -> Parsed<TableSource> {
        let (server, text) = self.open_query_call()?;
        let alias = self.optional_alias(true)?;
        Ok(TableSource::OpenQuery(Box::new(OpenQuery {
            server,
            text,
            alias,
        })))
    }

    pub(super) fn open_query_call(&mut self) -> Parsed<(Ident, Text)> {
        self.advance();
        self.parenthesized(|p| {
            let server = p.identifier()?;
            p.expect_kind(TokenKind::Comma)?;
            Ok((server, p.string()?))
        })
    }

    fn variable_table(&mut self) -> Parsed<TableSource> {
        let start = self.span();
        if self.kind_at(1) == TokenKind::Dot {
            let target = Box::new(Expr {
                kind: ExprKind::Variable(self.take_ident()),
                span: start,
            });
            self.advance();
            let method = self.identifier()?;
            let args = self.call_arguments()?;
            let kind = ExprKind::Method {
                target,
                method,
                args,
            };
            let call = self.finish(kind, start);
            let alias = self.optional_alias(true)?;
            return Ok(TableSource::Method(Box::new(TableMethod { call, alias })));
        }
        let name = self.take_ident();
        let alias = self.optional_alias(false)?;
        Ok(TableSource::Variable(Box::new(VariableTable {
            name,
            alias,
        })))
    }

    fn named_table(&mut self) -> Parsed<TableSource> {
        let start = self.span();
        let name = self.object_name()?;
        if self.at_kind(TokenKind::LeftParen) && !self.at_old_hints() {
            return self.table_function(name, start);
        }
        let modifier = self.table_modifier()?;
        let alias = self.optional_alias(false)?;
        let modifier = match modifier {
            Some(modifier) => Some(modifier),
            None => self.table_modifier()?,
        };
        let hints = if self.at_old_hints() {
            self.hint_list()?
        } else {
            self.with_hints()?
        };
        Ok(TableSource::Table(Box::new(NamedTable {
            name,
            alias,
            hints,
            modifier,
        })))
    }

    /// `t (NOLOCK)`, hints without WITH.
    fn at_old_hints(&self) -> bool {
        self.at_kind(TokenKind::LeftParen)
            && matches!(self.kind_at(2), TokenKind::RightParen | TokenKind::Comma)
            && TABLE_HINTS.iter().any(|hint| self.word_at(1, hint))
    }

    fn table_function(&mut self, name: ObjectName, start: Span) -> Parsed<TableSource> {
        let call: FunctionCall = self.nested(1, |p| p.function_call(name))?;
        let has_schema = ["OPENJSON", "OPENXML"]
            .iter()
            .any(|known| call.name.object.is(known));
        let schema = if has_schema && self.at("WITH") && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            self.parenthesized(|p| p.comma_separated(Self::schema_column))?
        } else {
            Vec::new()
        };
        let alias = self.optional_alias(true)?;
        Ok(TableSource::Function(Box::new(TableFunction {
            call,
            schema,
            alias,
            span: self.span_from(start),
        })))
    }

    fn schema_column(&mut self) -> Parsed<OpenJsonColumn> {
        let name = self.identifier()?;
        let data_type = self.data_type()?;
        let path = if self.at_string() {
            Some(self.string()?)
        } else {
            None
        };
        let as_json = self.eat_words(&["AS", "JSON"]);
        Ok(OpenJsonColumn {
            name,
            data_type,
            path,
            as_json,
        })
    }

    fn table_modifier(&mut self) -> Parsed<Option<TableModifier>> {
        if self.eat("TABLESAMPLE") {
            self.eat("SYSTEM");
            return self.parenthesized(|p| {
                let amount = Box::new(p.expression()?);
                let rows = p.eat("ROWS");
                if !rows {
                    p.eat("PERCENT");
                }
                Ok(Some(TableModifier::Sample { amount, rows }))
            });
        }
        if !self.eat_words(&["FOR", "SYSTEM_TIME"]) {
            return Ok(None);
        }
        if self.eat("ALL") {
            return Ok(Some(TableModifier::SystemTimeAll));
        }
        if self.eat_words(&["AS", "OF"]) {
            return Ok(Some(TableModifier::SystemTimeAsOf(Box::new(
                self.expression()?,
            ))));
        }
        let form = if self.eat("FROM") {
            SystemTimeRangeForm::FromTo
        } else if self.eat("BETWEEN") {
            SystemTimeRangeForm::Between
        } else {
            self.expect_words(&["CONTAINED", "IN"])?;
            self.expect_kind(TokenKind::LeftParen)?;
            SystemTimeRangeForm::ContainedIn
        };
        let start = Box::new(self.expression()?);
        match form {
            SystemTimeRangeForm::FromTo => self.expect("TO")?,
            SystemTimeRangeForm::Between => self.expect("AND")?,
            SystemTimeRangeForm::ContainedIn => self.expect_kind(TokenKind::Comma).map(|_| ())?,
        }
        let end = Box::new(self.expression()?);
        if form == SystemTimeRangeForm::ContainedIn {
            self.expect_kind(TokenKind::RightParen)?;
        }
        Ok(Some(TableModifier::SystemTimeRange { form, start, end }))
    }

    /// `WITH (hints)`, or nothing.
    pub(super) fn with_hints(&mut self) -> Parsed<Vec<TableHint>> {
        if self.at("WITH") && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            self.hint_list()
        } else {
            Ok(Vec::new())
        }
    }

    fn hint_list(&mut self) -> Parsed<Vec<TableHint>> {
        self.parenthesized(|p| {
            let mut hints = vec![p.table_hint()?];
            // Blanks may stand between hints instead of commas.
            while !p.at_kind(TokenKind::RightParen) {
                p.eat_kind(TokenKind::Comma);
                hints.push(p.table_hint()?);
            }
            Ok(hints)
        })
    }

    fn table_hint(&mut self) -> Parsed<TableHint> {
        let start = self.span();
        let name = self.upper();
        if name.is_empty() {
            return self.unexpected();
        }
        if !TABLE_HINTS.contains(&name.as_str()) {
            return Err(super::SyntaxError::new(
                321,
                format!(
                    "\"{}\" is not a recognized table hints option. If it is intended as a parameter to a \
                     table-valued function or to the CHANGETABLE function, ensure that your database compatibility \
                     mode is set to 90.",
                    self.text_of(self.token())
                ),
                self.line(),
            ));
        }
        self.advance();
        let args = match name.as_str() {
            "INDEX" if self.eat_kind(TokenKind::Equal) => vec![self.index_reference()?],
            "INDEX" | "FORCESEEK" if self.at_kind(TokenKind::LeftParen) => {
                self.parenthesized(|p| p.comma_separated(Self::index_reference))?
            }
            "INDEX" => return self.unexpected(),
            _ => Vec::new(),
        };
        Ok(TableHint {
            name,
            args,
            span: self.span_from(start),
        })
    }

    fn index_reference(&mut self) -> Parsed<String> {
        if self.at_kind(TokenKind::Integer) {
            return self.integer().map(|number| number.to_string());
        }
        self.identifier().map(|name| name.value)
    }

    /// `(SELECT …) AS a`, `(VALUES …) AS a (…)`, or joins in parentheses.
    fn table_in_parentheses(&mut self) -> Parsed<TableSource> {
        let start = self.span();
        if self.word_at(1, "VALUES") {
            self.advance();
            let rows = self.values_rows()?;
            self.expect_kind(TokenKind::RightParen)?;
            let alias = self.required_alias()?;
            return Ok(TableSource::Values(Box::new(ValuesTable {
                rows,
                alias,
                span: self.span_from(start),
            })));
        }
        if ["MERGE", "INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|word| self.word_at(1, word))
        {
            return self.unsupported("DML statements nested in FROM");
        }
        if self.word_at(1, "SELECT") || self.parenthesis_holds_query() {
            let query = self.subquery()?;
            let alias = self.required_alias()?;
            return Ok(TableSource::Derived(Box::new(DerivedTable {
                query,
                alias,
            })));
        }
        self.advance();
        let inner = self.nested(SUBQUERY_COST, Self::table_source)?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(inner)
    }

    /// `((SELECT …) UNION …)` against `((SELECT …) AS a JOIN …)`: told apart by what follows the inner parenthesis.
    fn parenthesis_holds_query(&self) -> bool {
        let mut ahead = 1;
        while self.kind_at(ahead) == TokenKind::LeftParen {
            ahead += 1;
        }
        if ahead == 1 || !self.word_at(ahead, "SELECT") {
            return false;
        }
        let mut depth = 0_usize;
        for after in 1.. {
            match self.kind_at(after) {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 1 => {
                    return self.kind_at(after + 1) == TokenKind::RightParen
                        || ["UNION", "EXCEPT", "INTERSECT"]
                            .iter()
                            .any(|word| self.word_at(after + 1, word));
                }
                TokenKind::RightParen => depth -= 1,
                TokenKind::Eof => return false,
                _ => {}
            }
        }
        false
    }

    /// `VALUES (…), (…)`.
    pub(super) fn values_rows(&mut self) -> Parsed<Vec<Vec<Expr>>> {
        self.expect("VALUES")?;
        self.comma_separated(|p| {
            p.parenthesized(|p| p.comma_separated(Self::expression_or_default))
        })
    }

    fn required_alias(&mut self) -> Parsed<TableAlias> {
        match self.optional_alias(true)? {
            Some(alias) => Ok(alias),
            None => self.unexpected(),
        }
    }

    /// `[AS] name [(columns)]`.
    fn optional_alias(&mut self, columns_allowed: bool) -> Parsed<Option<TableAlias>> {
        let name: Ident = if self.eat("AS") {
            self.identifier()?
        } else if self.at_implicit_alias() {
            self.take_ident()
        } else {
            return Ok(None);
        };
        let columns = if columns_allowed {
            self.optional_column_list()?
        } else {
            Vec::new()
        };
        Ok(Some(TableAlias { name, columns }))
    }

    fn pivot(&mut self, source: TableSource, start: Span) -> Parsed<TableSource> {
        self.expect("PIVOT")?;
        self.expect_kind(TokenKind::LeftParen)?;
        let name = self.object_name()?;
        let aggregate = self.function_call(name)?;
        self.expect("FOR")?;
        let column = self.column_ref()?;
        self.expect("IN")?;
        let values = self.parenthesized(Self::identifier_list)?;
        self.expect_kind(TokenKind::RightParen)?;
        let alias = self.required_alias()?;
        Ok(TableSource::Pivot(Box::new(Pivot {
            source,
            aggregate,
            column,
            values,
            alias,
            span: self.span_from(start),
        })))
    }

    fn unpivot(&mut self, source: TableSource, start: Span) -> Parsed<TableSource> {
        self.expect("UNPIVOT")?;
        self.expect_kind(TokenKind::LeftParen)?;
        let value_column = self.identifier()?;
        self.expect("FOR")?;
        let name_column = self.identifier()?;
        self.expect("IN")?;
        let columns = self
            .parenthesized(|p| p.comma_separated(|p| p.column_ref().map(|column| column.name)))?;
        self.expect_kind(TokenKind::RightParen)?;
        let alias = self.required_alias()?;
        Ok(TableSource::Unpivot(Box::new(Unpivot {
            source,
            value_column,
            name_column,
            columns,
            alias,
            span: self.span_from(start),
        })))
    }
}
