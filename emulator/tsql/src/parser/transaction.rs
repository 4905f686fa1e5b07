//! BEGIN, COMMIT, ROLLBACK, SAVE TRANSACTION.

use super::{Parsed, Parser};
use crate::ast::{
    BeginTransactionStatement, CommitStatement, NameOrVariable, RollbackStatement,
    SaveTransactionStatement, StatementKind,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn begin_transaction(&mut self) -> Parsed<StatementKind> {
        self.expect("BEGIN")?;
        let distributed = self.eat("DISTRIBUTED");
        if !self.eat("TRANSACTION") {
            self.expect("TRAN")?;
        }
        let name = self.optional_transaction_name();
        let mark = if self.at("WITH") && self.word_at(1, "MARK") {
            self.pos += 2;
            Some(if self.at_string() {
                Some(self.string()?)
            } else {
                None
            })
        } else {
            None
        };
        Ok(StatementKind::BeginTransaction(Box::new(
            BeginTransactionStatement {
                distributed,
                name,
                mark,
            },
        )))
    }

    pub(super) fn commit(&mut self) -> Parsed<StatementKind> {
        self.expect("COMMIT")?;
        let name = self.transaction_words();
        let delayed_durability = if self.at("WITH") && self.kind_at(1) == TokenKind::LeftParen {
            self.pos += 2;
            self.expect("DELAYED_DURABILITY")?;
            self.expect_kind(TokenKind::Equal)?;
            let on = self.on_or_off()?;
            self.expect_kind(TokenKind::RightParen)?;
            Some(on)
        } else {
            None
        };
        Ok(StatementKind::Commit(Box::new(CommitStatement {
            name,
            delayed_durability,
        })))
    }

    pub(super) fn rollback(&mut self) -> Parsed<StatementKind> {
        self.expect("ROLLBACK")?;
        let name = self.transaction_words();
        Ok(StatementKind::Rollback(Box::new(RollbackStatement {
            name,
        })))
    }

    pub(super) fn save_transaction(&mut self) -> Parsed<StatementKind> {
        self.expect("SAVE")?;
        if !self.eat("TRANSACTION") {
            self.expect("TRAN")?;
        }
        let Some(name) = self.optional_transaction_name() else {
            return self.unexpected();
        };
        Ok(StatementKind::SaveTransaction(Box::new(
            SaveTransactionStatement { name },
        )))
    }

    /// `[TRAN | TRANSACTION [name] | WORK]`.
    fn transaction_words(&mut self) -> Option<NameOrVariable> {
        if self.eat("TRAN") || self.eat("TRANSACTION") {
            return self.optional_transaction_name();
        }
        self.eat("WORK");
        None
    }

    fn optional_transaction_name(&mut self) -> Option<NameOrVariable> {
        if self.at_kind(TokenKind::Variable) {
            return Some(NameOrVariable::Variable(self.take_ident()));
        }
        // THROW after `ROLLBACK TRAN` is a name to the server as well; only labels are told apart.
        (self.at_identifier() && self.kind_at(1) != TokenKind::Colon)
            .then(|| NameOrVariable::Name(self.take_ident()))
    }
}
