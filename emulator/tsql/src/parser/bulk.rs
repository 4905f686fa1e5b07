//! INSERT BULK, by which drivers announce rows that follow as a message of their own.

use super::{Parsed, Parser};
use crate::ast::{BulkColumn, DmlTarget, InsertBulkStatement, StatementKind};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// After `INSERT`, at `BULK`.
    pub(super) fn insert_bulk(&mut self) -> Parsed<StatementKind> {
        self.expect("BULK")?;
        let target = DmlTarget::Object {
            name: self.object_name()?,
            hints: Vec::new(),
        };
        let columns = match self.at_kind(TokenKind::LeftParen) {
            true => self.parenthesized(|p| p.comma_separated(Self::bulk_column))?,
            false => Vec::new(),
        };
        let mut statement = InsertBulkStatement {
            target,
            columns,
            keep_nulls: false,
            check_constraints: false,
        };
        if self.eat("WITH") {
            self.parenthesized(|p| p.comma_separated(|p| p.bulk_option(&mut statement)))?;
        }
        Ok(StatementKind::InsertBulk(Box::new(statement)))
    }

    fn bulk_column(&mut self) -> Parsed<BulkColumn> {
        let name = self.identifier()?;
        let data_type = self.data_type()?;
        if self.eat("COLLATE") {
            self.identifier()?;
        }
        if !self.eat("NULL") && self.eat("NOT") {
            self.expect("NULL")?;
        }
        Ok(BulkColumn { name, data_type })
    }

    fn bulk_option(&mut self, statement: &mut InsertBulkStatement) -> Parsed<()> {
        match self.upper().as_str() {
            "KEEP_NULLS" => statement.keep_nulls = true,
            "CHECK_CONSTRAINTS" => statement.check_constraints = true,
            // There are no triggers, and a lock is always the table's.
            "FIRE_TRIGGERS" | "TABLOCK" => {}
            // Hints of how much comes, and in which order.
            "ROWS_PER_BATCH" | "KILOBYTES_PER_BATCH" => {
                self.advance();
                self.expect_kind(TokenKind::Equal)?;
                return self.integer().map(drop);
            }
            "ORDER" => {
                self.advance();
                let ordered = |p: &mut Self| {
                    p.identifier()?;
                    if !p.eat("ASC") {
                        p.eat("DESC");
                    }
                    Ok(())
                };
                return self.parenthesized(|p| p.comma_separated(ordered)).map(drop);
            }
            _ => return self.not_recognized("INSERT BULK"),
        }
        self.advance();
        Ok(())
    }
}
