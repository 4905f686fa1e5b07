//! EXECUTE in all its forms.

use super::{Parsed, Parser};
use crate::ast::{
    ExecuteArgument, ExecuteAsStatement, ExecuteStatement, ExecuteTarget, Expr, ExprKind, Literal,
    PrincipalKind, ResultSetColumn, ResultSets, StatementKind, TextOrVariable, UnaryOp,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// EXECUTE as a statement, including EXECUTE AS.
    pub(super) fn execute(&mut self) -> Parsed<StatementKind> {
        if self.word_at(1, "AS") {
            return self.execute_as();
        }
        self.execute_procedure()
            .map(|execute| StatementKind::Execute(Box::new(execute)))
    }

    /// EXEC of a procedure or of text.
    pub(super) fn execute_procedure(&mut self) -> Parsed<ExecuteStatement> {
        if !self.eat("EXECUTE") {
            self.expect("EXEC")?;
        }
        let return_variable =
            if self.at_kind(TokenKind::Variable) && self.kind_at(1) == TokenKind::Equal {
                let variable = self.take_ident();
                self.advance();
                Some(variable)
            } else {
                None
            };
        let target = match self.kind() {
            TokenKind::LeftParen if return_variable.is_none() => self.execute_text()?,
            TokenKind::Variable => {
                let name = self.take_ident();
                let args = self.execute_arguments()?;
                ExecuteTarget::Variable { name, args }
            }
            _ => self.execute_named()?,
        };
        self.execute_statement(return_variable, target)
    }

    /// `proc args` as the first statement of a batch.
    pub(super) fn procedure_call_without_exec(&mut self) -> Parsed<StatementKind> {
        let target = self.execute_named()?;
        self.execute_statement(None, target)
            .map(|execute| StatementKind::Execute(Box::new(execute)))
    }

    fn execute_statement(
        &mut self,
        return_variable: Option<crate::ast::Ident>,
        target: ExecuteTarget,
    ) -> Parsed<ExecuteStatement> {
        let mut statement = ExecuteStatement {
            return_variable,
            target,
            recompile: false,
            result_sets: None,
        };
        if self.at("WITH") && (self.word_at(1, "RECOMPILE") || self.word_at(1, "RESULT")) {
            self.advance();
            self.comma_separated(|p| {
                if p.eat("RECOMPILE") {
                    statement.recompile = true;
                } else {
                    p.expect_words(&["RESULT", "SETS"])?;
                    statement.result_sets = Some(p.result_sets()?);
                }
                Ok(())
            })?;
        }
        Ok(statement)
    }

    fn execute_named(&mut self) -> Parsed<ExecuteTarget> {
        let name = self.object_name()?;
        let number = if self.at_kind(TokenKind::Semicolon) && self.kind_at(1) == TokenKind::Integer
        {
            self.advance();
            u32::try_from(self.integer()?).ok()
        } else {
            None
        };
        let args = self.execute_arguments()?;
        Ok(ExecuteTarget::Procedure { name, number, args })
    }

    fn execute_arguments(&mut self) -> Parsed<Vec<ExecuteArgument>> {
        if self.at_execute_argument() {
            self.comma_separated(Self::execute_argument)
        } else {
            Ok(Vec::new())
        }
    }

    fn at_execute_argument(&self) -> bool {
        match self.kind() {
            TokenKind::Reserved => self.at_any(&["NULL", "DEFAULT"]),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => {
                self.kind_at(1) != TokenKind::Colon
            }
            TokenKind::Variable
            | TokenKind::GlobalVariable
            | TokenKind::Integer
            | TokenKind::Decimal
            | TokenKind::Float
            | TokenKind::Money
            | TokenKind::Binary
            | TokenKind::String
            | TokenKind::NationalString
            | TokenKind::Minus
            | TokenKind::Plus => true,
            _ => false,
        }
    }

    fn execute_argument(&mut self) -> Parsed<ExecuteArgument> {
        let name = if self.at_kind(TokenKind::Variable) && self.kind_at(1) == TokenKind::Equal {
            let name = self.take_ident();
            self.advance();
            Some(name)
        } else {
            None
        };
        let start = self.span();
        let value = if self.eat("DEFAULT") {
            self.finish(ExprKind::Default, start)
        } else {
            self.argument_value()?
        };
        let output = self.eat("OUTPUT") || self.eat("OUT");
        Ok(ExecuteArgument {
            name,
            value,
            output,
        })
    }

    /// A constant or a variable; a bare word is a string, as T-SQL reads it.
    pub(super) fn argument_value(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let op = match self.kind() {
            TokenKind::Minus => Some(UnaryOp::Minus),
            TokenKind::Plus => Some(UnaryOp::Plus),
            _ => None,
        };
        if let Some(op) = op {
            self.advance();
            let number_start = self.span();
            let number = match self.kind() {
                TokenKind::Integer | TokenKind::Decimal | TokenKind::Float | TokenKind::Money => {
                    self.literal()?
                }
                _ => return self.unexpected(),
            };
            let operand = Box::new(self.finish(ExprKind::Literal(number), number_start));
            return Ok(self.finish(ExprKind::Unary { op, operand }, start));
        }
        let kind = match self.kind() {
            TokenKind::Variable => ExprKind::Variable(self.take_ident()),
            TokenKind::GlobalVariable => ExprKind::GlobalVariable(self.take_ident()),
            TokenKind::Reserved if self.eat("NULL") => ExprKind::Literal(Literal::Null),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => {
                ExprKind::Literal(Literal::String {
                    value: self.take_ident().value,
                    national: true,
                })
            }
            _ => ExprKind::Literal(self.literal()?),
        };
        Ok(self.finish(kind, start))
    }

    /// `('text' + @x, args) [AS LOGIN = 'n'] [AT server]`.
    fn execute_text(&mut self) -> Parsed<ExecuteTarget> {
        self.expect_kind(TokenKind::LeftParen)?;
        let text = self.expression()?;
        let mut args = Vec::new();
        while self.eat_kind(TokenKind::Comma) {
            // They are markers' values: the documented syntax has neither names nor DEFAULT for them.
            if self.at_kind(TokenKind::Variable) && self.kind_at(1) == TokenKind::Equal {
                self.advance();
                return self.unexpected();
            }
            if self.at("DEFAULT") {
                return self.unexpected();
            }
            args.push(self.execute_argument()?);
        }
        self.expect_kind(TokenKind::RightParen)?;
        let execute_as = if self.eat("AS") {
            let kind = self.principal_kind()?;
            self.expect_kind(TokenKind::Equal)?;
            Some((kind, self.string()?))
        } else {
            None
        };
        let at = if self.at("AT") && self.identifier_at(1) {
            self.advance();
            if self.at_words(&["DATA_SOURCE"]) && self.identifier_at(1) {
                return self.unsupported("EXECUTE AT DATA_SOURCE");
            }
            Some(self.identifier()?)
        } else {
            None
        };
        if !args.is_empty() && at.is_none() {
            return self.unexpected();
        }
        Ok(ExecuteTarget::Text {
            text,
            args,
            execute_as,
            at,
        })
    }

    fn principal_kind(&mut self) -> Parsed<PrincipalKind> {
        if self.eat("LOGIN") {
            return Ok(PrincipalKind::Login);
        }
        self.expect("USER")?;
        Ok(PrincipalKind::User)
    }

    fn result_sets(&mut self) -> Parsed<ResultSets> {
        if self.eat("UNDEFINED") {
            return Ok(ResultSets::Undefined);
        }
        if self.eat("NONE") {
            return Ok(ResultSets::None);
        }
        self.parenthesized(|p| {
            p.comma_separated(|p| {
                if p.eat("AS") {
                    return p.unsupported("RESULT SETS AS");
                }
                p.parenthesized(|p| p.comma_separated(Self::result_set_column))
            })
        })
        .map(ResultSets::Defined)
    }

    fn result_set_column(&mut self) -> Parsed<ResultSetColumn> {
        let name = self.identifier()?;
        let data_type = self.data_type()?;
        if self.eat("COLLATE") {
            self.identifier()?;
        }
        let nullable = self.nullability()?;
        Ok(ResultSetColumn {
            name,
            data_type,
            nullable,
        })
    }

    fn execute_as(&mut self) -> Parsed<StatementKind> {
        self.pos += 2;
        let principal = if self.eat("CALLER") {
            None
        } else {
            let kind = self.principal_kind()?;
            self.expect_kind(TokenKind::Equal)?;
            Some((kind, self.text_or_variable()?))
        };
        let no_revert = if self.at("WITH") {
            self.advance();
            if self.at("COOKIE") {
                return self.unsupported("EXECUTE AS WITH COOKIE");
            }
            self.expect_words(&["NO", "REVERT"])?;
            true
        } else {
            false
        };
        Ok(StatementKind::ExecuteAs(Box::new(ExecuteAsStatement {
            principal,
            no_revert,
        })))
    }

    /// `'text'` or `@variable`.
    pub(super) fn text_or_variable(&mut self) -> Parsed<TextOrVariable> {
        if self.at_kind(TokenKind::Variable) {
            return Ok(TextOrVariable::Variable(self.take_ident()));
        }
        self.string().map(TextOrVariable::Text)
    }
}
