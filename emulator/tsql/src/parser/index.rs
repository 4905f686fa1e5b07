//! Indexes and statistics.

use super::{Parsed, Parser};
use crate::ast::{
    AlterIndexAction, AlterIndexStatement, CreateIndexStatement, CreateStatisticsStatement,
    DropIndexStatement, Ident, IndexColumn, InlineIndex, ObjectName, OptionEntry, OptionValue,
    StatementKind, UpdateStatisticsStatement,
};
use crate::lexer::TokenKind;

/// From the pages "CREATE INDEX" and "ALTER INDEX (Transact-SQL)".
const INDEX_OPTIONS: &[&str] = &[
    "ALLOW_PAGE_LOCKS",
    "ALLOW_ROW_LOCKS",
    "COMPRESSION_DELAY",
    "COMPRESS_ALL_ROW_GROUPS",
    "DATA_COMPRESSION",
    "DROP_EXISTING",
    "FILLFACTOR",
    "IGNORE_DUP_KEY",
    "LOB_COMPACTION",
    "MAXDOP",
    "MAX_DURATION",
    "ONLINE",
    "OPTIMIZE_FOR_SEQUENTIAL_KEY",
    "PAD_INDEX",
    "RESUMABLE",
    "SORT_IN_TEMPDB",
    "STATISTICS_INCREMENTAL",
    "STATISTICS_NORECOMPUTE",
    "XML_COMPRESSION",
];
/// From the pages "CREATE STATISTICS" and "UPDATE STATISTICS (Transact-SQL)".
const STATISTICS_OPTIONS: &[&str] = &[
    "ALL",
    "AUTO_DROP",
    "COLUMNS",
    "FULLSCAN",
    "INCREMENTAL",
    "INDEX",
    "MAXDOP",
    "NORECOMPUTE",
    "PERSIST_SAMPLE_PERCENT",
    "RESAMPLE",
];

impl Parser<'_> {
    pub(super) fn create_index(&mut self) -> Parsed<StatementKind> {
        let unique = self.eat("UNIQUE");
        let clustered = self.clustering();
        let columnstore = self.eat("COLUMNSTORE");
        self.expect("INDEX")?;
        let name = self.identifier()?;
        self.expect("ON")?;
        let table = self.object_name()?;
        let columns = if columnstore && !self.at_kind(TokenKind::LeftParen) {
            Vec::new()
        } else {
            self.parenthesized(|p| p.comma_separated(Self::index_column))?
        };
        let include = self.include_clause()?;
        let filter = if self.eat("WHERE") {
            Some(self.condition()?)
        } else {
            None
        };
        let options = self.index_options()?;
        let filegroup = self.on_filegroup("ON")?;
        Ok(StatementKind::CreateIndex(Box::new(CreateIndexStatement {
            unique,
            clustered,
            columnstore,
            name,
            table,
            columns,
            include,
            filter,
            options,
            filegroup,
        })))
    }

    /// `INDEX name …` inside CREATE TABLE.
    pub(super) fn inline_index(&mut self) -> Parsed<InlineIndex> {
        self.expect("INDEX")?;
        let name = self.identifier()?;
        let unique = self.eat("UNIQUE");
        let clustered = self.clustering();
        let columnstore = self.eat("COLUMNSTORE");
        if self.at("HASH") {
            return self.unsupported("hash indexes");
        }
        let columns = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| p.comma_separated(Self::index_column))?
        } else {
            Vec::new()
        };
        let include = self.include_clause()?;
        let filter = if self.eat("WHERE") {
            Some(self.condition()?)
        } else {
            None
        };
        let options = self.index_options()?;
        self.on_filegroup("ON")?;
        Ok(InlineIndex {
            name,
            unique,
            clustered,
            columnstore,
            columns,
            include,
            filter,
            options,
        })
    }

    fn include_clause(&mut self) -> Parsed<Vec<Ident>> {
        if self.eat("INCLUDE") {
            self.parenthesized(Self::identifier_list)
        } else {
            Ok(Vec::new())
        }
    }

    /// `c [ASC | DESC]`.
    pub(super) fn index_column(&mut self) -> Parsed<IndexColumn> {
        let name = self.identifier()?;
        let descending = self.eat("DESC");
        if !descending {
            self.eat("ASC");
        }
        Ok(IndexColumn { name, descending })
    }

    /// `WITH (options)`, the old `WITH FILLFACTOR = n`, or nothing.
    pub(super) fn index_options(&mut self) -> Parsed<Vec<OptionEntry>> {
        if !self.at("WITH") {
            return Ok(Vec::new());
        }
        if self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            return self.option_entries_in_parentheses(INDEX_OPTIONS, "CREATE INDEX");
        }
        if INDEX_OPTIONS.iter().any(|option| self.word_at(1, option)) {
            self.advance();
            return self.option_entries(INDEX_OPTIONS, "CREATE INDEX");
        }
        Ok(Vec::new())
    }

    pub(super) fn alter_index(&mut self) -> Parsed<StatementKind> {
        self.expect("INDEX")?;
        let index = if self.eat("ALL") {
            None
        } else {
            Some(self.identifier()?)
        };
        self.expect("ON")?;
        let table = self.object_name()?;
        let action = self.choice(&[
            ("REBUILD", AlterIndexAction::Rebuild),
            ("REORGANIZE", AlterIndexAction::Reorganize),
            ("DISABLE", AlterIndexAction::Disable),
            ("SET", AlterIndexAction::Set),
        ])?;
        if self.at("PARTITION") {
            self.advance();
            self.expect_kind(TokenKind::Equal)?;
            if !self.eat("ALL") {
                return self.unsupported("partitioned indexes");
            }
        }
        let options = if action == AlterIndexAction::Set {
            self.option_entries_in_parentheses(INDEX_OPTIONS, "ALTER INDEX")?
        } else {
            self.index_options()?
        };
        Ok(StatementKind::AlterIndex(Box::new(AlterIndexStatement {
            index,
            table,
            action,
            options,
        })))
    }

    /// `i ON t, …` or the old `t.i, …`.
    pub(super) fn drop_index(&mut self) -> Parsed<StatementKind> {
        self.expect("INDEX")?;
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let items = self.comma_separated(|p| {
            let name = p.object_name()?;
            if p.eat("ON") {
                let table = p.object_name()?;
                p.index_options()?;
                return Ok((name.object, table));
            }
            let Some(table) = name.schema else {
                return p.unexpected();
            };
            let table = ObjectName {
                server: None,
                database: name.server,
                schema: name.database,
                span: name.span,
                object: table,
            };
            Ok((name.object, table))
        })?;
        Ok(StatementKind::DropIndex(Box::new(DropIndexStatement {
            if_exists,
            items,
        })))
    }

    pub(super) fn create_statistics(&mut self) -> Parsed<StatementKind> {
        self.expect("STATISTICS")?;
        let name = self.identifier()?;
        self.expect("ON")?;
        let table = self.object_name()?;
        let columns = self.parenthesized(Self::identifier_list)?;
        let filter = if self.eat("WHERE") {
            Some(self.condition()?)
        } else {
            None
        };
        let options = self.statistics_options()?;
        Ok(StatementKind::CreateStatistics(Box::new(
            CreateStatisticsStatement {
                name,
                table,
                columns,
                filter,
                options,
            },
        )))
    }

    pub(super) fn update_statistics(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["UPDATE", "STATISTICS"])?;
        let table = self.object_name()?;
        let names = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(Self::identifier_list)?
        } else if self.at_identifier() && self.kind_at(1) != TokenKind::Colon {
            vec![self.take_ident()]
        } else {
            Vec::new()
        };
        let options = self.statistics_options()?;
        Ok(StatementKind::UpdateStatistics(Box::new(
            UpdateStatisticsStatement {
                table,
                names,
                options,
            },
        )))
    }

    fn statistics_options(&mut self) -> Parsed<Vec<OptionEntry>> {
        if !self.eat("WITH") {
            return Ok(Vec::new());
        }
        self.comma_separated(|p| {
            let start = p.span();
            if p.eat("SAMPLE") {
                let mut amount = p.signed_number()?;
                let unit = p.choice(&[("PERCENT", " PERCENT"), ("ROWS", " ROWS")])?;
                amount.push_str(unit);
                return Ok(OptionEntry {
                    name: "SAMPLE".to_owned(),
                    value: OptionValue::Number(amount),
                    span: p.span_from(start),
                });
            }
            p.option_entry(STATISTICS_OPTIONS, "UPDATE STATISTICS")
        })
    }
}
