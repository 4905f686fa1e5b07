//! SET: variables and session options.

use super::{Parsed, Parser, SyntaxError};
use crate::ast::{
    Expr, IsolationLevel, SetOptionStatement, SetSwitch, SetVariableStatement, SetVariableValue,
    StatementKind,
};
use crate::lexer::TokenKind;

/// From the page "SET Statements (Transact-SQL)".
const SWITCHES: &[(&str, SetSwitch)] = &[
    ("ANSI_DEFAULTS", SetSwitch::AnsiDefaults),
    ("ANSI_NULL_DFLT_OFF", SetSwitch::AnsiNullDfltOff),
    ("ANSI_NULL_DFLT_ON", SetSwitch::AnsiNullDfltOn),
    ("ANSI_NULLS", SetSwitch::AnsiNulls),
    ("ANSI_PADDING", SetSwitch::AnsiPadding),
    ("ANSI_WARNINGS", SetSwitch::AnsiWarnings),
    ("ARITHABORT", SetSwitch::Arithabort),
    ("ARITHIGNORE", SetSwitch::Arithignore),
    ("CONCAT_NULL_YIELDS_NULL", SetSwitch::ConcatNullYieldsNull),
    ("CURSOR_CLOSE_ON_COMMIT", SetSwitch::CursorCloseOnCommit),
    ("FMTONLY", SetSwitch::Fmtonly),
    ("FORCEPLAN", SetSwitch::Forceplan),
    ("IMPLICIT_TRANSACTIONS", SetSwitch::ImplicitTransactions),
    ("NOCOUNT", SetSwitch::Nocount),
    ("NOEXEC", SetSwitch::Noexec),
    ("NO_BROWSETABLE", SetSwitch::NoBrowsetable),
    ("NUMERIC_ROUNDABORT", SetSwitch::NumericRoundabort),
    ("PARSEONLY", SetSwitch::Parseonly),
    ("QUOTED_IDENTIFIER", SetSwitch::QuotedIdentifier),
    (
        "REMOTE_PROC_TRANSACTIONS",
        SetSwitch::RemoteProcTransactions,
    ),
    ("SHOWPLAN_ALL", SetSwitch::ShowplanAll),
    ("SHOWPLAN_TEXT", SetSwitch::ShowplanText),
    ("SHOWPLAN_XML", SetSwitch::ShowplanXml),
    ("XACT_ABORT", SetSwitch::XactAbort),
];

impl Parser<'_> {
    pub(super) fn set(&mut self) -> Parsed<StatementKind> {
        self.expect("SET")?;
        if self.at_kind(TokenKind::Variable) {
            return self.set_variable();
        }
        let option = match self.upper().as_str() {
            "STATISTICS" => self.set_statistics()?,
            "IDENTITY_INSERT" => {
                self.advance();
                let table = self.object_name()?;
                let on = self.on_or_off()?;
                SetOptionStatement::IdentityInsert { table, on }
            }
            "TRANSACTION" => self.set_isolation_level()?,
            "LOCK_TIMEOUT" => SetOptionStatement::LockTimeout(self.set_value()?),
            "TEXTSIZE" => SetOptionStatement::Textsize(self.set_value()?),
            "ROWCOUNT" => SetOptionStatement::Rowcount(self.set_value()?),
            "DATEFIRST" => SetOptionStatement::Datefirst(self.set_value()?),
            "DATEFORMAT" => SetOptionStatement::Dateformat(self.set_value()?),
            "LANGUAGE" => SetOptionStatement::Language(self.set_value()?),
            "DEADLOCK_PRIORITY" => SetOptionStatement::DeadlockPriority(self.set_value()?),
            "QUERY_GOVERNOR_COST_LIMIT" => {
                SetOptionStatement::QueryGovernorCostLimit(self.set_value()?)
            }
            "CONTEXT_INFO" => SetOptionStatement::ContextInfo(self.set_value()?),
            "OFFSETS" => return self.unsupported("SET OFFSETS"),
            "FIPS_FLAGGER" => return self.unsupported("SET FIPS_FLAGGER"),
            _ => self.set_switches()?,
        };
        Ok(StatementKind::SetOption(Box::new(option)))
    }

    fn set_variable(&mut self) -> Parsed<StatementKind> {
        let variable = self.take_ident();
        let value = if self.eat_kind(TokenKind::Dot) {
            let method = self.identifier()?;
            let args = self.call_arguments()?;
            SetVariableValue::Method { method, args }
        } else {
            let Some(op) = self.assign_op_at(0) else {
                return self.unexpected();
            };
            self.advance();
            if self.eat("CURSOR") {
                SetVariableValue::Cursor(Box::new(self.cursor_definition()?))
            } else {
                let value = self.expression()?;
                SetVariableValue::Expr { op, value }
            }
        };
        Ok(StatementKind::SetVariable(Box::new(SetVariableStatement {
            variable,
            value,
        })))
    }

    /// The option's word, then a constant, variable or bare word.
    fn set_value(&mut self) -> Parsed<Expr> {
        self.advance();
        self.argument_value()
    }

    fn set_switches(&mut self) -> Parsed<SetOptionStatement> {
        let mut options = Vec::new();
        loop {
            let word = self.upper();
            let Some((_, switch)) = SWITCHES.iter().find(|(name, _)| *name == word) else {
                return self.unknown_set_option();
            };
            self.advance();
            options.push(*switch);
            if !self.eat_kind(TokenKind::Comma) {
                break;
            }
        }
        let on = self.on_or_off()?;
        Ok(SetOptionStatement::Switch { options, on })
    }

    /// 195 for a word, 102 or 156 for anything else.
    fn unknown_set_option<T>(&self) -> Parsed<T> {
        if self.kind() != TokenKind::Word {
            return self.unexpected();
        }
        let text = self.text_of(self.token());
        Err(SyntaxError::new(
            195,
            format!("'{text}' is not a recognized SET option."),
            self.line(),
        ))
    }

    fn set_statistics(&mut self) -> Parsed<SetOptionStatement> {
        self.expect("STATISTICS")?;
        let kinds = self.comma_separated(|p| {
            let kind = p.upper();
            if !["IO", "PROFILE", "TIME", "XML"].contains(&kind.as_str()) {
                return p.unexpected();
            }
            p.advance();
            Ok(kind)
        })?;
        let on = self.on_or_off()?;
        Ok(SetOptionStatement::Statistics { kinds, on })
    }

    fn set_isolation_level(&mut self) -> Parsed<SetOptionStatement> {
        self.expect_words(&["TRANSACTION", "ISOLATION", "LEVEL"])?;
        let level = if self.eat("READ") {
            if self.eat("UNCOMMITTED") {
                IsolationLevel::ReadUncommitted
            } else {
                self.expect("COMMITTED")?;
                IsolationLevel::ReadCommitted
            }
        } else if self.eat_words(&["REPEATABLE", "READ"]) {
            IsolationLevel::RepeatableRead
        } else if self.eat("SNAPSHOT") {
            IsolationLevel::Snapshot
        } else {
            self.expect("SERIALIZABLE")?;
            IsolationLevel::Serializable
        };
        Ok(SetOptionStatement::IsolationLevel(level))
    }

    /// ON (true) or OFF.
    pub(super) fn on_or_off(&mut self) -> Parsed<bool> {
        if self.eat("ON") {
            return Ok(true);
        }
        self.expect("OFF")?;
        Ok(false)
    }
}
