//! INSERT, UPDATE, DELETE, MERGE, TRUNCATE TABLE.

use super::{Parsed, Parser, SyntaxError};
use crate::ast::{
    ColumnRef, DeleteStatement, DmlFilter, DmlTarget, Ident, InsertSource, InsertStatement,
    MergeAction, MergeClause, MergeStatement, MergeWhen, OpenQuery, OutputClause, OutputInto,
    SetClause, StatementKind, TruncateStatement, UpdateStatement, With,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// SELECT or DML after `WITH …`.
    pub(super) fn statement_with_ctes(&mut self) -> Parsed<StatementKind> {
        let with = Some(self.with_clause()?);
        match self.upper().as_str() {
            "INSERT" => self.insert(with),
            "UPDATE" => self.update(with),
            "DELETE" => self.delete(with),
            "MERGE" => self.merge(with),
            _ => self
                .select_statement(with)
                .map(|select| StatementKind::Select(Box::new(select))),
        }
    }

    pub(super) fn insert(&mut self, with: Option<With>) -> Parsed<StatementKind> {
        self.expect("INSERT")?;
        if self.at("BULK") {
            return self.insert_bulk();
        }
        let top = self.top()?;
        self.eat("INTO");
        let target = self.dml_target()?;
        let starts_query = self.at_kind(TokenKind::LeftParen)
            && (self.word_at(1, "SELECT") || self.kind_at(1) == TokenKind::LeftParen);
        let columns = if starts_query {
            Vec::new()
        } else {
            self.optional_column_list()?
        };
        let output = self.output_clause()?;
        let source = match self.upper().as_str() {
            "VALUES" => InsertSource::Values(self.values_rows()?),
            "DEFAULT" => {
                self.expect_words(&["DEFAULT", "VALUES"])?;
                InsertSource::DefaultValues
            }
            "EXEC" | "EXECUTE" => InsertSource::Execute(Box::new(self.execute_procedure()?)),
            _ => InsertSource::Query(Box::new(self.query()?)),
        };
        let hints = self.query_hints()?;
        Ok(StatementKind::Insert(Box::new(InsertStatement {
            with,
            top,
            target,
            columns,
            output,
            source,
            hints,
        })))
    }

    pub(super) fn update(&mut self, with: Option<With>) -> Parsed<StatementKind> {
        self.expect("UPDATE")?;
        let top = self.top()?;
        let target = self.dml_target()?;
        self.expect("SET")?;
        let set = self.comma_separated(Self::set_clause)?;
        let output = self.output_clause()?;
        let from = self.tables_of_from()?;
        let filter = self.dml_filter()?;
        let hints = self.query_hints()?;
        Ok(StatementKind::Update(Box::new(UpdateStatement {
            with,
            top,
            target,
            set,
            output,
            from,
            filter,
            hints,
        })))
    }

    pub(super) fn delete(&mut self, with: Option<With>) -> Parsed<StatementKind> {
        self.expect("DELETE")?;
        let top = self.top()?;
        self.eat("FROM");
        let target = self.dml_target()?;
        let output = self.output_clause()?;
        let from = self.tables_of_from()?;
        let filter = self.dml_filter()?;
        let hints = self.query_hints()?;
        Ok(StatementKind::Delete(Box::new(DeleteStatement {
            with,
            top,
            target,
            output,
            from,
            filter,
            hints,
        })))
    }

    pub(super) fn truncate(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["TRUNCATE", "TABLE"])?;
        let table = self.object_name()?;
        if self.at("WITH") && self.kind_at(1) == TokenKind::LeftParen {
            return self.unsupported("TRUNCATE TABLE of partitions");
        }
        Ok(StatementKind::Truncate(Box::new(TruncateStatement {
            table,
        })))
    }

    fn dml_target(&mut self) -> Parsed<DmlTarget> {
        if self.at_kind(TokenKind::Variable) {
            return Ok(DmlTarget::Variable(self.take_ident()));
        }
        if self.at("OPENQUERY") {
            let (server, text) = self.open_query_call()?;
            let alias = None;
            return Ok(DmlTarget::OpenQuery(Box::new(OpenQuery {
                server,
                text,
                alias,
            })));
        }
        if self.at_any(&["OPENROWSET", "OPENDATASOURCE"]) {
            return self.unsupported("DML on a remote rowset");
        }
        let name = self.object_name()?;
        let hints = self.with_hints()?;
        Ok(DmlTarget::Object { name, hints })
    }

    fn dml_filter(&mut self) -> Parsed<Option<DmlFilter>> {
        if !self.eat("WHERE") {
            return Ok(None);
        }
        if self.eat_words(&["CURRENT", "OF"]) {
            return self
                .cursor_ref()
                .map(|cursor| Some(DmlFilter::CurrentOf(cursor)));
        }
        self.condition()
            .map(|condition| Some(DmlFilter::Condition(condition)))
    }

    fn set_clause(&mut self) -> Parsed<SetClause> {
        if self.at_kind(TokenKind::Variable) {
            return self.set_variable_clause();
        }
        let column = self.column_ref()?;
        if self.at_kind(TokenKind::LeftParen) {
            let (column, method) = self.split_method(column)?;
            let args = self.call_arguments()?;
            return Ok(SetClause::Method {
                column,
                method,
                args,
            });
        }
        let Some(op) = self.assign_op_at(0) else {
            return self.unexpected();
        };
        self.advance();
        let value = self.expression_or_default()?;
        Ok(SetClause::Column { column, op, value })
    }

    /// `c.WRITE` was read as column WRITE of table c.
    fn split_method(&self, column: ColumnRef) -> Parsed<(ColumnRef, Ident)> {
        let method = column.name;
        let Some(table) = column.table else {
            return self.unexpected();
        };
        let name = table.object.clone();
        let outer = table.schema.clone().map(|object| crate::ast::ObjectName {
            server: None,
            database: table.server.clone(),
            schema: table.database.clone(),
            span: table.span,
            object,
        });
        Ok((ColumnRef { table: outer, name }, method))
    }

    fn set_variable_clause(&mut self) -> Parsed<SetClause> {
        let variable = self.take_ident();
        let Some(op) = self.assign_op_at(0) else {
            return self.unexpected();
        };
        self.advance();
        if !self.at_column_assignment() {
            let value = self.expression()?;
            return Ok(SetClause::Variable {
                variable,
                op,
                value,
            });
        }
        let column = self.column_ref()?;
        let Some(op) = self.assign_op_at(0) else {
            return self.unexpected();
        };
        self.advance();
        let value = self.expression_or_default()?;
        Ok(SetClause::VariableAndColumn {
            variable,
            column,
            op,
            value,
        })
    }

    /// `a.b =` or `a.b +=` ahead.
    fn at_column_assignment(&self) -> bool {
        let mut ahead = 0;
        while self.identifier_at(ahead) {
            ahead += 1;
            if self.kind_at(ahead) != TokenKind::Dot {
                return self.assign_op_at(ahead).is_some();
            }
            ahead += 1;
        }
        false
    }

    /// `OUTPUT … [INTO …] [OUTPUT …]`, or nothing.
    fn output_clause(&mut self) -> Parsed<Option<OutputClause>> {
        if !self.eat("OUTPUT") {
            return Ok(None);
        }
        let items = self.comma_separated(Self::select_item)?;
        let into = if self.eat("INTO") {
            let target = if self.at_kind(TokenKind::Variable) {
                DmlTarget::Variable(self.take_ident())
            } else {
                DmlTarget::Object {
                    name: self.object_name()?,
                    hints: Vec::new(),
                }
            };
            let columns = self.optional_column_list()?;
            Some(OutputInto { target, columns })
        } else {
            None
        };
        let returned = if into.is_some() && self.eat("OUTPUT") {
            self.comma_separated(Self::select_item)?
        } else {
            Vec::new()
        };
        Ok(Some(OutputClause {
            items,
            into,
            returned,
        }))
    }

    pub(super) fn merge(&mut self, with: Option<With>) -> Parsed<StatementKind> {
        self.expect("MERGE")?;
        let top = self.top()?;
        self.eat("INTO");
        let target = self.dml_target()?;
        let alias = if self.eat("AS") {
            Some(self.identifier()?)
        } else if self.at_implicit_alias() {
            Some(self.take_ident())
        } else {
            None
        };
        self.expect("USING")?;
        let source = self.table_source()?;
        self.expect("ON")?;
        let on = self.condition()?;
        let mut clauses = Vec::new();
        while self.at("WHEN") {
            clauses.push(self.merge_clause()?);
        }
        if clauses.is_empty() {
            return self.unexpected();
        }
        let output = self.output_clause()?;
        let hints = self.query_hints()?;
        if !self.at_kind(TokenKind::Semicolon) {
            return Err(SyntaxError::new(
                10713,
                "A MERGE statement must be terminated by a semi-colon (;).",
                self.previous().span.line,
            ));
        }
        Ok(StatementKind::Merge(Box::new(MergeStatement {
            with,
            top,
            target,
            alias,
            source,
            on,
            clauses,
            output,
            hints,
        })))
    }

    fn merge_clause(&mut self) -> Parsed<MergeClause> {
        self.expect("WHEN")?;
        let when = if self.eat("MATCHED") {
            MergeWhen::Matched
        } else {
            self.expect_words(&["NOT", "MATCHED"])?;
            if self.eat_words(&["BY", "SOURCE"]) {
                MergeWhen::NotMatchedBySource
            } else {
                self.eat_words(&["BY", "TARGET"]);
                MergeWhen::NotMatchedByTarget
            }
        };
        let condition = if self.eat("AND") {
            Some(self.condition()?)
        } else {
            None
        };
        self.expect("THEN")?;
        let action = if when == MergeWhen::NotMatchedByTarget {
            self.merge_insert()?
        } else {
            self.merge_change()?
        };
        Ok(MergeClause {
            when,
            condition,
            action,
        })
    }

    fn merge_insert(&mut self) -> Parsed<MergeAction> {
        self.expect("INSERT")?;
        let columns = self.optional_column_list()?;
        if self.eat_words(&["DEFAULT", "VALUES"]) {
            return Ok(MergeAction::InsertDefaultValues);
        }
        self.expect("VALUES")?;
        let values = self.parenthesized(|p| p.comma_separated(Self::expression_or_default))?;
        Ok(MergeAction::Insert { columns, values })
    }

    fn merge_change(&mut self) -> Parsed<MergeAction> {
        if self.eat("DELETE") {
            return Ok(MergeAction::Delete);
        }
        self.expect_words(&["UPDATE", "SET"])?;
        self.comma_separated(Self::set_clause)
            .map(MergeAction::Update)
    }
}
