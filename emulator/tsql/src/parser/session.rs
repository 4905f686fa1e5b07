//! USE, KILL, SHUTDOWN, DBCC, CHECKPOINT.

use super::{Parsed, Parser};
use crate::ast::{DbccStatement, Expr, KillOption, KillStatement, StatementKind, UseStatement};
use crate::lexer::TokenKind;

/// From the pages of the DBCC commands.
const DBCC_OPTIONS: &[&str] = &[
    "ALL_ERRORMSGS",
    "COUNT_ROWS",
    "DATA_PURITY",
    "DENSITY_VECTOR",
    "ESTIMATEONLY",
    "EXTENDED_LOGICAL_CHECKS",
    "HISTOGRAM",
    "MAXDOP",
    "NO_INFOMSGS",
    "PHYSICAL_ONLY",
    "STAT_HEADER",
    "TABLERESULTS",
    "TABLOCK",
];

impl Parser<'_> {
    pub(super) fn use_statement(&mut self) -> Parsed<StatementKind> {
        self.expect("USE")?;
        let database = self.identifier()?;
        Ok(StatementKind::Use(Box::new(UseStatement { database })))
    }

    pub(super) fn kill(&mut self) -> Parsed<StatementKind> {
        self.expect("KILL")?;
        if self.at_words(&["QUERY", "NOTIFICATION"]) || self.at_words(&["STATS", "JOB"]) {
            return self.unsupported("KILL of anything but a session");
        }
        let target = match self.kind() {
            TokenKind::Integer
            | TokenKind::Minus
            | TokenKind::String
            | TokenKind::NationalString => self.argument_value()?,
            _ => return self.unexpected(),
        };
        let option = match self.eat("WITH") {
            false => None,
            true if self.eat("STATUSONLY") => Some(KillOption::StatusOnly),
            true if self.eat("COMMIT") => Some(KillOption::Commit),
            true if self.eat("ROLLBACK") => Some(KillOption::Rollback),
            true => return self.unexpected(),
        };
        Ok(StatementKind::Kill(Box::new(KillStatement {
            target,
            option,
        })))
    }

    pub(super) fn shutdown(&mut self) -> Parsed<StatementKind> {
        self.expect("SHUTDOWN")?;
        Ok(StatementKind::Shutdown {
            no_wait: self.eat_words(&["WITH", "NOWAIT"]),
        })
    }

    pub(super) fn dbcc(&mut self) -> Parsed<StatementKind> {
        self.expect("DBCC")?;
        if !self.at_identifier() {
            return self.unexpected();
        }
        let command = self.take_ident().value.to_ascii_uppercase();
        let args: Vec<Expr> = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| {
                if p.at_kind(TokenKind::RightParen) {
                    Ok(Vec::new())
                } else {
                    p.comma_separated(Self::argument_value)
                }
            })?
        } else {
            Vec::new()
        };
        let options = if self.eat("WITH") {
            self.option_entries(DBCC_OPTIONS, "DBCC")?
        } else {
            Vec::new()
        };
        Ok(StatementKind::Dbcc(Box::new(DbccStatement {
            command,
            args,
            options,
        })))
    }

    pub(super) fn checkpoint(&mut self) -> Parsed<StatementKind> {
        self.expect("CHECKPOINT")?;
        let duration = match self.kind() {
            TokenKind::Integer | TokenKind::Variable => Some(Box::new(self.argument_value()?)),
            _ => None,
        };
        Ok(StatementKind::Checkpoint(duration))
    }
}
