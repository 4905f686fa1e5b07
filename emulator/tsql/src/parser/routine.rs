//! Views, procedures, functions, triggers.

use super::{Parsed, Parser, SyntaxError};
use crate::ast::{
    CreateFunctionStatement, CreateMode, CreateProcedureStatement, CreateTriggerStatement,
    CreateViewStatement, EnableTriggerStatement, Expr, FunctionBody, ModuleExecuteAs,
    ModuleOptions, Parameter, Statement, StatementKind, TriggerScope,
};
use crate::lexer::TokenKind;

const PROCEDURE_OPTIONS: &[&[&str]] = &[&["ENCRYPTION"], &["RECOMPILE"]];
const FUNCTION_OPTIONS: &[&[&str]] = &[
    &["ENCRYPTION"],
    &["SCHEMABINDING"],
    &["RETURNS", "NULL", "ON", "NULL", "INPUT"],
    &["CALLED", "ON", "NULL", "INPUT"],
];
const TRIGGER_OPTIONS: &[&[&str]] = &[&["ENCRYPTION"]];
const VIEW_OPTIONS: &[&[&str]] = &[&["ENCRYPTION"], &["SCHEMABINDING"], &["VIEW_METADATA"]];

impl Parser<'_> {
    pub(super) fn view(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        self.expect("VIEW")?;
        let name = self.object_name()?;
        let columns = self.optional_column_list()?;
        let options = if self.eat("WITH") {
            self.module_options(VIEW_OPTIONS)?.flags
        } else {
            Vec::new()
        };
        self.expect("AS")?;
        let select = self.select_with_ctes()?;
        let check_option = self.eat_words(&["WITH", "CHECK", "OPTION"]);
        self.expect_batch_end()?;
        Ok(StatementKind::CreateView(Box::new(CreateViewStatement {
            mode,
            name,
            columns,
            options,
            select,
            check_option,
        })))
    }

    /// Only semicolons may follow: the module is the whole batch.
    fn expect_batch_end(&mut self) -> Parsed<()> {
        if self.in_schema {
            return Ok(());
        }
        while self.eat_kind(TokenKind::Semicolon) {}
        self.expect_end()
    }

    pub(super) fn procedure(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        self.advance();
        let name = self.object_name()?;
        let number = if self.at_kind(TokenKind::Semicolon) && self.kind_at(1) == TokenKind::Integer
        {
            self.advance();
            u32::try_from(self.integer()?).ok()
        } else {
            None
        };
        let parameters = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| p.comma_separated(Self::parameter))?
        } else {
            self.parameters()?
        };
        let options = if self.eat("WITH") {
            self.module_options(PROCEDURE_OPTIONS)?
        } else {
            ModuleOptions::default()
        };
        let for_replication = self.eat_words(&["FOR", "REPLICATION"]);
        self.expect("AS")?;
        let body = self.module_body()?;
        Ok(StatementKind::CreateProcedure(Box::new(
            CreateProcedureStatement {
                mode,
                name,
                number,
                parameters,
                options,
                for_replication,
                body,
            },
        )))
    }

    /// The rest of the batch.
    fn module_body(&mut self) -> Parsed<Vec<Statement>> {
        if self.at("EXTERNAL") {
            return self.unsupported("CLR modules");
        }
        if self.at_words(&["BEGIN", "ATOMIC"]) {
            return self.unsupported("natively compiled modules");
        }
        self.first_statement = false;
        let body = self.statements_until(&[])?;
        self.expect_end()?;
        Ok(body)
    }

    /// `@a int, @b int OUTPUT`, or nothing.
    pub(super) fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
        if self.at_kind(TokenKind::Variable) {
            self.comma_separated(Self::parameter)
        } else {
            Ok(Vec::new())
        }
    }

    fn parameter(&mut self) -> Parsed<Parameter> {
        let name = self.variable()?;
        self.eat("AS");
        let data_type = self.data_type()?;
        let varying = self.eat("VARYING");
        let nullable = self.nullability()?;
        let default: Option<Expr> = if self.eat_kind(TokenKind::Equal) {
            Some(self.argument_value()?)
        } else {
            None
        };
        let output = self.eat("OUTPUT") || self.eat("OUT");
        let readonly = self.eat("READONLY");
        Ok(Parameter {
            name,
            data_type,
            varying,
            nullable,
            default,
            output,
            readonly,
        })
    }

    fn module_options(&mut self, known: &[&[&str]]) -> Parsed<ModuleOptions> {
        let mut options = ModuleOptions::default();
        self.comma_separated(|p| {
            if (p.at("EXECUTE") || p.at("EXEC")) && p.word_at(1, "AS") {
                p.pos += 2;
                options.execute_as = Some(p.module_execute_as()?);
                return Ok(());
            }
            if p.at("INLINE") {
                p.advance();
                p.expect_kind(TokenKind::Equal)?;
                let on = p.on_or_off()?;
                options
                    .flags
                    .push(format!("INLINE = {}", if on { "ON" } else { "OFF" }));
                return Ok(());
            }
            if p.at("NATIVE_COMPILATION") {
                return p.unsupported("natively compiled modules");
            }
            let Some(words) = known.iter().find(|words| p.at_words(words)) else {
                return p.unexpected();
            };
            p.pos += words.len();
            options.flags.push(words.join(" "));
            Ok(())
        })?;
        Ok(options)
    }

    fn module_execute_as(&mut self) -> Parsed<ModuleExecuteAs> {
        if self.at_string() {
            return self.string().map(ModuleExecuteAs::User);
        }
        match self.upper().as_str() {
            "CALLER" => {
                self.advance();
                Ok(ModuleExecuteAs::Caller)
            }
            "SELF" => {
                self.advance();
                Ok(ModuleExecuteAs::SelfUser)
            }
            "OWNER" => {
                self.advance();
                Ok(ModuleExecuteAs::Owner)
            }
            _ => self.unexpected(),
        }
    }

    pub(super) fn function(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        self.expect("FUNCTION")?;
        let name = self.object_name()?;
        let parameters = self.parenthesized(Self::parameters)?;
        self.expect("RETURNS")?;
        let (options, body) = if self.eat("TABLE") {
            let options = self.function_options()?;
            (options, self.inline_body()?)
        } else if self.at_kind(TokenKind::Variable) {
            let variable = self.take_ident();
            self.expect("TABLE")?;
            let elements = self.table_elements()?;
            let options = self.function_options()?;
            let body = self.function_block()?;
            let body = FunctionBody::Table {
                variable,
                elements,
                body,
            };
            (options, body)
        } else {
            let returns = self.data_type()?;
            let options = self.function_options()?;
            let body = self.function_block()?;
            (options, FunctionBody::Scalar { returns, body })
        };
        self.expect_batch_end()?;
        Ok(StatementKind::CreateFunction(Box::new(
            CreateFunctionStatement {
                mode,
                name,
                parameters,
                options,
                body,
            },
        )))
    }

    fn function_options(&mut self) -> Parsed<ModuleOptions> {
        if self.eat("WITH") {
            self.module_options(FUNCTION_OPTIONS)
        } else {
            Ok(ModuleOptions::default())
        }
    }

    /// `[AS] RETURN [(] select [)]`.
    fn inline_body(&mut self) -> Parsed<FunctionBody> {
        self.eat("AS");
        self.expect("RETURN")?;
        let in_parentheses = self.at_kind(TokenKind::LeftParen) && self.word_at(1, "WITH");
        let select = if in_parentheses {
            self.parenthesized(Self::select_with_ctes)?
        } else {
            self.select_with_ctes()?
        };
        Ok(FunctionBody::Inline {
            select: Box::new(select),
        })
    }

    /// `[AS] BEGIN … END`.
    fn function_block(&mut self) -> Parsed<Vec<Statement>> {
        self.eat("AS");
        if self.at("EXTERNAL") {
            return self.unsupported("CLR modules");
        }
        self.expect("BEGIN")?;
        self.first_statement = false;
        let body = self.statements_until(&["END"])?;
        self.expect("END")?;
        if body.is_empty() {
            return Err(SyntaxError::near("END", self.previous().span.line));
        }
        Ok(body)
    }

    pub(super) fn trigger(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        self.expect("TRIGGER")?;
        let name = self.object_name()?;
        self.expect("ON")?;
        let scope = self.trigger_scope()?;
        let options = if self.eat("WITH") {
            self.module_options(TRIGGER_OPTIONS)?
        } else {
            ModuleOptions::default()
        };
        let instead_of = self.eat_words(&["INSTEAD", "OF"]);
        if !instead_of && !self.eat("AFTER") {
            self.expect("FOR")?;
        }
        let of_object = matches!(scope, TriggerScope::Object(_));
        let events = self.comma_separated(|p| {
            let event = p.upper();
            let known = if of_object {
                matches!(event.as_str(), "INSERT" | "UPDATE" | "DELETE")
            } else {
                p.kind() == TokenKind::Word
            };
            if !known {
                return p.unexpected();
            }
            p.advance();
            Ok(event)
        })?;
        let not_for_replication = self.eat_words(&["NOT", "FOR", "REPLICATION"]);
        self.expect("AS")?;
        let body = self.module_body()?;
        Ok(StatementKind::CreateTrigger(Box::new(
            CreateTriggerStatement {
                mode,
                name,
                scope,
                options,
                instead_of,
                events,
                not_for_replication,
                body,
            },
        )))
    }

    fn trigger_scope(&mut self) -> Parsed<TriggerScope> {
        if self.at("DATABASE") || self.at_words(&["ALL", "SERVER"]) {
            return self.ddl_trigger_scope();
        }
        self.object_name().map(TriggerScope::Object)
    }

    /// `ENABLE | DISABLE TRIGGER names | ALL ON scope`.
    pub(super) fn enable_trigger(&mut self) -> Parsed<StatementKind> {
        let enable = self.at("ENABLE");
        self.pos += 2;
        let names = if self.eat("ALL") {
            Vec::new()
        } else {
            self.comma_separated(Self::object_name)?
        };
        self.expect("ON")?;
        let scope = self.trigger_scope()?;
        Ok(StatementKind::EnableTrigger(Box::new(
            EnableTriggerStatement {
                enable,
                names,
                scope,
            },
        )))
    }
}
