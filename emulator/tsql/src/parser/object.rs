//! Schemas, types, sequences, synonyms, and DROP.

use super::{Parsed, Parser};
use crate::ast::{
    AlterSchemaStatement, CreateSchemaStatement, CreateSynonymStatement, CreateTypeKind,
    CreateTypeStatement, DatabaseEncryptionKeyStatement, DropKind, DropStatement, Ident,
    MasterKeyStatement, ObjectName, SequenceStatement, StatementKind, TriggerScope,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn create_schema(&mut self) -> Parsed<StatementKind> {
        self.require_first("CREATE SCHEMA")?;
        self.expect("SCHEMA")?;
        let name = if self.at("AUTHORIZATION") {
            None
        } else {
            Some(self.identifier()?)
        };
        let owner = if self.eat("AUTHORIZATION") {
            Some(self.identifier()?)
        } else {
            None
        };
        let mut elements = Vec::new();
        let starts_element = |p: &Self| {
            p.at_any(&["GRANT", "DENY", "REVOKE"])
                || (p.at("CREATE") && (p.word_at(1, "TABLE") || p.word_at(1, "VIEW")))
        };
        self.in_schema = true;
        while starts_element(self) {
            elements.push(self.statement()?);
        }
        self.in_schema = false;
        Ok(StatementKind::CreateSchema(Box::new(
            CreateSchemaStatement {
                name,
                owner,
                elements,
            },
        )))
    }

    pub(super) fn alter_schema(&mut self) -> Parsed<StatementKind> {
        self.expect("SCHEMA")?;
        let schema = self.identifier()?;
        self.expect("TRANSFER")?;
        let securable = self.securable()?;
        Ok(StatementKind::AlterSchema(Box::new(AlterSchemaStatement {
            schema,
            class: securable.class,
            name: securable.name,
        })))
    }

    pub(super) fn create_type(&mut self) -> Parsed<StatementKind> {
        self.expect("TYPE")?;
        let name = self.object_name()?;
        let kind = if self.eat("FROM") {
            let base = self.data_type()?;
            let nullable = self.nullability()?;
            CreateTypeKind::Alias { base, nullable }
        } else if self.eat("AS") {
            self.expect("TABLE")?;
            let elements = self.table_elements()?;
            let options = if self.eat("WITH") {
                self.option_entries_in_parentheses(&["MEMORY_OPTIMIZED"], "CREATE TYPE")?
            } else {
                Vec::new()
            };
            CreateTypeKind::Table { elements, options }
        } else if self.at("EXTERNAL") {
            return self.unsupported("CLR types");
        } else {
            return self.unexpected();
        };
        Ok(StatementKind::CreateType(Box::new(CreateTypeStatement {
            name,
            kind,
        })))
    }

    pub(super) fn sequence(&mut self, alter: bool) -> Parsed<StatementKind> {
        self.expect("SEQUENCE")?;
        let mut sequence = SequenceStatement {
            alter,
            name: self.object_name()?,
            data_type: None,
            start: None,
            increment: None,
            min: None,
            max: None,
            cycle: None,
            cache: None,
        };
        if !alter && self.eat("AS") {
            sequence.data_type = Some(self.data_type()?);
        }
        while self.sequence_option(&mut sequence)? {}
        Ok(StatementKind::Sequence(Box::new(sequence)))
    }

    fn sequence_option(&mut self, sequence: &mut SequenceStatement) -> Parsed<bool> {
        match self.upper().as_str() {
            "START" if !sequence.alter => {
                self.expect_words(&["START", "WITH"])?;
                sequence.start = Some(Some(self.signed_number()?));
            }
            "RESTART" if sequence.alter => {
                self.advance();
                let number = if self.eat("WITH") {
                    Some(self.signed_number()?)
                } else {
                    None
                };
                sequence.start = Some(number);
            }
            "INCREMENT" => {
                self.expect_words(&["INCREMENT", "BY"])?;
                sequence.increment = Some(self.signed_number()?);
            }
            "MINVALUE" => {
                self.advance();
                sequence.min = Some(Some(self.signed_number()?));
            }
            "MAXVALUE" => {
                self.advance();
                sequence.max = Some(Some(self.signed_number()?));
            }
            "CYCLE" => {
                self.advance();
                sequence.cycle = Some(true);
            }
            "CACHE" => {
                self.advance();
                let size = if self.at_kind(TokenKind::Integer) {
                    Some(self.signed_number()?)
                } else {
                    None
                };
                sequence.cache = Some(size);
            }
            "NO" => {
                self.advance();
                match self.upper().as_str() {
                    "MINVALUE" => sequence.min = Some(None),
                    "MAXVALUE" => sequence.max = Some(None),
                    "CYCLE" => sequence.cycle = Some(false),
                    "CACHE" => sequence.cache = Some(Some("0".to_owned())),
                    _ => return self.unexpected(),
                }
                self.advance();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn create_synonym(&mut self) -> Parsed<StatementKind> {
        self.expect("SYNONYM")?;
        let name = self.object_name()?;
        self.expect("FOR")?;
        let target = self.object_name()?;
        Ok(StatementKind::CreateSynonym(Box::new(
            CreateSynonymStatement { name, target },
        )))
    }

    pub(super) fn drop(&mut self) -> Parsed<StatementKind> {
        self.expect("DROP")?;
        if self.at("INDEX") {
            return self.drop_index();
        }
        if self.eat_words(&["MASTER", "KEY"]) {
            return Ok(StatementKind::MasterKey(Box::new(MasterKeyStatement::Drop)));
        }
        if self.eat_words(&["DATABASE", "ENCRYPTION", "KEY"]) {
            let statement = DatabaseEncryptionKeyStatement::Drop;
            return Ok(StatementKind::DatabaseEncryptionKey(Box::new(statement)));
        }
        let Some(kind) = self.drop_kind() else {
            return self.unsupported_object("DROP");
        };
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let names = if takes_several(kind) {
            self.comma_separated(Self::object_name)?
        } else {
            vec![ObjectName::bare(self.identifier()?)]
        };
        let trigger_scope = if kind == DropKind::Trigger && self.eat("ON") {
            Some(self.ddl_trigger_scope()?)
        } else {
            None
        };
        Ok(StatementKind::Drop(Box::new(DropStatement {
            kind,
            if_exists,
            names,
            trigger_scope,
        })))
    }

    fn drop_kind(&mut self) -> Option<DropKind> {
        const TWO_OR_MORE_WORDS: &[(&[&str], DropKind)] = &[
            (&["AVAILABILITY", "GROUP"], DropKind::AvailabilityGroup),
            (
                &["DATABASE", "SCOPED", "CREDENTIAL"],
                DropKind::DatabaseScopedCredential,
            ),
            (&["SERVER", "ROLE"], DropKind::ServerRole),
        ];
        if let Some((words, kind)) = TWO_OR_MORE_WORDS
            .iter()
            .find(|(words, _)| self.at_words(words))
        {
            self.pos += words.len();
            return Some(*kind);
        }
        let kind = match self.upper().as_str() {
            "TABLE" => DropKind::Table,
            "VIEW" => DropKind::View,
            "PROC" | "PROCEDURE" => DropKind::Procedure,
            "FUNCTION" => DropKind::Function,
            "TRIGGER" => DropKind::Trigger,
            "SCHEMA" => DropKind::Schema,
            "TYPE" => DropKind::Type,
            "SEQUENCE" => DropKind::Sequence,
            "SYNONYM" => DropKind::Synonym,
            "DATABASE" if !self.word_at(1, "AUDIT") => DropKind::Database,
            "STATISTICS" => DropKind::Statistics,
            "LOGIN" => DropKind::Login,
            "USER" => DropKind::User,
            "ROLE" => DropKind::Role,
            "CERTIFICATE" => DropKind::Certificate,
            "ENDPOINT" => DropKind::Endpoint,
            "CREDENTIAL" => DropKind::Credential,
            _ => return None,
        };
        self.advance();
        Some(kind)
    }

    /// `DATABASE` or `ALL SERVER`.
    pub(super) fn ddl_trigger_scope(&mut self) -> Parsed<TriggerScope> {
        if self.eat("DATABASE") {
            return Ok(TriggerScope::Database);
        }
        self.expect_words(&["ALL", "SERVER"])?;
        Ok(TriggerScope::AllServer)
    }

    /// A login, user or role; PUBLIC is reserved but names a role.
    pub(super) fn principal(&mut self) -> Parsed<Ident> {
        if self.at("PUBLIC") {
            Ok(self.take_ident())
        } else {
            self.identifier()
        }
    }
}

fn takes_several(kind: DropKind) -> bool {
    matches!(
        kind,
        DropKind::Table
            | DropKind::View
            | DropKind::Procedure
            | DropKind::Function
            | DropKind::Trigger
            | DropKind::Sequence
            | DropKind::Database
            | DropKind::Statistics
            | DropKind::Type
            | DropKind::Synonym
    )
}
