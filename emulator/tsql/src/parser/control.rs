//! DECLARE, IF, WHILE, blocks, TRY … CATCH, THROW, RAISERROR, RETURN, WAITFOR.

use super::{Parsed, Parser};
use crate::ast::{
    DeclareItem, DeclareStatement, IfStatement, RaiserrorStatement, Statement, StatementKind,
    ThrowArguments, ThrowStatement, TryCatchStatement, WaitforKind, WaitforStatement,
    WhileStatement,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn declare(&mut self) -> Parsed<StatementKind> {
        self.expect("DECLARE")?;
        if self.at_identifier() {
            return self.declare_cursor();
        }
        let items = self.comma_separated(Self::declare_item)?;
        Ok(StatementKind::Declare(Box::new(DeclareStatement { items })))
    }

    fn declare_item(&mut self) -> Parsed<DeclareItem> {
        let name = self.variable()?;
        self.eat("AS");
        if self.eat("TABLE") {
            let elements = self.table_elements()?;
            return Ok(DeclareItem::Table { name, elements });
        }
        let data_type = self.data_type()?;
        let value = if self.eat_kind(TokenKind::Equal) {
            Some(self.expression()?)
        } else {
            None
        };
        Ok(DeclareItem::Variable {
            name,
            data_type,
            value,
        })
    }

    pub(super) fn if_statement(&mut self) -> Parsed<StatementKind> {
        self.expect("IF")?;
        let condition = self.condition()?;
        let then = self.statement_of_construct()?;
        // A semicolon may stand before ELSE.
        if self.at_kind(TokenKind::Semicolon) && self.word_at(1, "ELSE") {
            self.advance();
        }
        let otherwise = if self.eat("ELSE") {
            Some(self.statement_of_construct()?)
        } else {
            None
        };
        Ok(StatementKind::If(Box::new(IfStatement {
            condition,
            then,
            otherwise,
        })))
    }

    pub(super) fn while_statement(&mut self) -> Parsed<StatementKind> {
        self.expect("WHILE")?;
        let condition = self.condition()?;
        let body = self.statement_of_construct()?;
        Ok(StatementKind::While(Box::new(WhileStatement {
            condition,
            body,
        })))
    }

    /// The one statement IF, ELSE and WHILE take. It is not the first of a batch.
    fn statement_of_construct(&mut self) -> Parsed<Statement> {
        self.first_statement = false;
        self.statement()
    }

    /// BEGIN of a block, TRY or a transaction.
    pub(super) fn begin(&mut self) -> Parsed<StatementKind> {
        if self.word_at(1, "TRAN")
            || self.word_at(1, "TRANSACTION")
            || self.word_at(1, "DISTRIBUTED")
        {
            return self.begin_transaction();
        }
        if self.word_at(1, "DIALOG") || self.word_at(1, "CONVERSATION") {
            return self.unsupported("Service Broker");
        }
        self.first_statement = false;
        if self.eat_words(&["BEGIN", "TRY"]) {
            return self.try_catch();
        }
        self.expect("BEGIN")?;
        let statements = self.statements_until(&["END"])?;
        if statements.is_empty() {
            return self.unexpected();
        }
        self.expect("END")?;
        Ok(StatementKind::Block(statements))
    }

    fn try_catch(&mut self) -> Parsed<StatementKind> {
        let try_block = self.statements_until(&["END"])?;
        if try_block.is_empty() {
            return self.unexpected();
        }
        self.expect_words(&["END", "TRY"])?;
        self.eat_kind(TokenKind::Semicolon);
        self.expect_words(&["BEGIN", "CATCH"])?;
        let catch_block = self.statements_until(&["END"])?;
        self.expect_words(&["END", "CATCH"])?;
        Ok(StatementKind::TryCatch(Box::new(TryCatchStatement {
            try_block,
            catch_block,
        })))
    }

    pub(super) fn throw(&mut self) -> Parsed<StatementKind> {
        self.expect("THROW")?;
        let has_args = matches!(
            self.kind(),
            TokenKind::Integer | TokenKind::Variable | TokenKind::Minus
        );
        let args = if has_args {
            let number = self.argument_value()?;
            self.expect_kind(TokenKind::Comma)?;
            let message = self.argument_value()?;
            self.expect_kind(TokenKind::Comma)?;
            let state = self.argument_value()?;
            Some(ThrowArguments {
                number,
                message,
                state,
            })
        } else {
            None
        };
        Ok(StatementKind::Throw(Box::new(ThrowStatement { args })))
    }

    pub(super) fn raiserror(&mut self) -> Parsed<StatementKind> {
        self.expect("RAISERROR")?;
        self.expect_kind(TokenKind::LeftParen)?;
        let message = self.argument_value()?;
        self.expect_kind(TokenKind::Comma)?;
        let severity = self.argument_value()?;
        self.expect_kind(TokenKind::Comma)?;
        let state = self.argument_value()?;
        let mut args = Vec::new();
        while self.eat_kind(TokenKind::Comma) {
            args.push(self.argument_value()?);
        }
        self.expect_kind(TokenKind::RightParen)?;
        let mut statement = RaiserrorStatement {
            message,
            severity,
            state,
            args,
            log: false,
            nowait: false,
            seterror: false,
        };
        if self.eat("WITH") {
            self.comma_separated(|p| {
                let flag = match p.upper().as_str() {
                    "LOG" => &mut statement.log,
                    "NOWAIT" => &mut statement.nowait,
                    "SETERROR" => &mut statement.seterror,
                    _ => return p.not_recognized("RAISERROR"),
                };
                *flag = true;
                p.advance();
                Ok(())
            })?;
        }
        Ok(StatementKind::Raiserror(Box::new(statement)))
    }

    pub(super) fn return_statement(&mut self) -> Parsed<StatementKind> {
        self.expect("RETURN")?;
        self.optional_expression().map(StatementKind::Return)
    }

    pub(super) fn waitfor(&mut self) -> Parsed<StatementKind> {
        self.expect("WAITFOR")?;
        if self.at_kind(TokenKind::LeftParen) {
            return self.unsupported("Service Broker");
        }
        let kind = if self.eat("DELAY") {
            WaitforKind::Delay
        } else {
            self.expect("TIME")?;
            WaitforKind::Time
        };
        let value = self.argument_value()?;
        Ok(StatementKind::Waitfor(Box::new(WaitforStatement {
            kind,
            value,
        })))
    }
}
