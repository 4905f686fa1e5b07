//! Batches, blocks and the dispatch from a statement's first words to its parser.

use super::{Parsed, Parser, SyntaxError};
use crate::ast::{CreateMode, Expr, Ident, Statement, StatementKind};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// Every statement of the batch.
    pub(super) fn batch(&mut self) -> Parsed<Vec<Statement>> {
        let statements = self.statements_until(&[])?;
        self.expect_end()?;
        Ok(statements)
    }

    /// Statements up to one of the words `ends`, or to the end of the text.
    pub(super) fn statements_until(&mut self, ends: &[&str]) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            while self.eat_kind(TokenKind::Semicolon) {}
            if self.at_kind(TokenKind::Eof) || self.at_any(ends) {
                return Ok(statements);
            }
            // WITH continues so many statements that it must not follow one without a semicolon between them.
            if self.at("WITH")
                && !statements.is_empty()
                && self.previous().kind != TokenKind::Semicolon
            {
                return self.unexpected();
            }
            statements.push(self.statement()?);
            self.first_statement = false;
        }
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let start = self.span();
        let kind = self.scoped(|p| p.nested(1, Self::statement_kind))?;
        Ok(Statement {
            kind,
            span: self.span_from(start),
        })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        match self.kind() {
            TokenKind::Reserved => self.reserved_statement(),
            TokenKind::LeftParen => self.select_kind(),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => self.word_statement(),
            _ => self.unexpected(),
        }
    }

    fn select_kind(&mut self) -> Parsed<StatementKind> {
        self.select_statement(None)
            .map(|select| StatementKind::Select(Box::new(select)))
    }

    fn reserved_statement(&mut self) -> Parsed<StatementKind> {
        match self.upper().as_str() {
            "SELECT" => self.select_kind(),
            "WITH" => self.statement_with_ctes(),
            "INSERT" => self.insert(None),
            "UPDATE" if self.word_at(1, "STATISTICS") => self.update_statistics(),
            "UPDATE" => self.update(None),
            "DELETE" => self.delete(None),
            "MERGE" => self.merge(None),
            "TRUNCATE" => self.truncate(),
            "DECLARE" => self.declare(),
            "SET" => self.set(),
            "IF" => self.if_statement(),
            "WHILE" => self.while_statement(),
            "BEGIN" => self.begin(),
            "BREAK" => self.lone(StatementKind::Break),
            "CONTINUE" => self.lone(StatementKind::Continue),
            "PRINT" => {
                self.advance();
                let text = self.expression()?;
                Ok(StatementKind::Print(Box::new(text)))
            }
            "RAISERROR" => self.raiserror(),
            "GOTO" => {
                self.advance();
                Ok(StatementKind::Goto(self.identifier()?))
            }
            "RETURN" => self.return_statement(),
            "WAITFOR" => self.waitfor(),
            "EXEC" | "EXECUTE" => self.execute(),
            "COMMIT" => self.commit(),
            "ROLLBACK" => self.rollback(),
            "SAVE" => self.save_transaction(),
            "OPEN" => self.open(),
            "FETCH" => self.fetch(),
            "CLOSE" => self.close(),
            "DEALLOCATE" => self.deallocate(),
            "USE" => self.use_statement(),
            "KILL" => self.kill(),
            "DBCC" => self.dbcc(),
            "CHECKPOINT" => self.checkpoint(),
            "RECONFIGURE" => {
                self.advance();
                Ok(StatementKind::Reconfigure(
                    self.eat_words(&["WITH", "OVERRIDE"]),
                ))
            }
            "REVERT" => self.lone(StatementKind::Revert),
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop(),
            "GRANT" | "DENY" | "REVOKE" => self.permission(),
            "BACKUP" => self.backup(),
            "RESTORE" => self.restore(),
            "BULK" => self.unsupported("BULK INSERT"),
            "SHUTDOWN" => self.shutdown(),
            "READTEXT" | "WRITETEXT" | "UPDATETEXT" => self.unsupported("text pointers"),
            "SETUSER" => self.unsupported("SETUSER"),
            "DUMP" | "LOAD" => self.unsupported("DUMP and LOAD"),
            "LINENO" => self.unsupported("LINENO"),
            _ => self.unexpected(),
        }
    }

    fn lone(&mut self, kind: StatementKind) -> Parsed<StatementKind> {
        self.advance();
        Ok(kind)
    }

    /// Statements that start with a word that is not reserved: labels, THROW, ENABLE TRIGGER, and at the start of a
    /// batch a procedure's name.
    fn word_statement(&mut self) -> Parsed<StatementKind> {
        if self.kind() == TokenKind::Word && self.kind_at(1) == TokenKind::Colon {
            let label: Ident = self.take_ident();
            self.advance();
            return Ok(StatementKind::Label(label));
        }
        if self.at("THROW") {
            return self.throw();
        }
        if self.at_any(&["ENABLE", "DISABLE"]) && self.word_at(1, "TRIGGER") {
            return self.enable_trigger();
        }
        if self.at_any(&["RECEIVE", "SEND", "GET"])
            && self.kind_at(1) != TokenKind::Eof
            && !self.first_statement
        {
            return self.unsupported("Service Broker");
        }
        if self.first_statement {
            return self.procedure_call_without_exec();
        }
        self.unexpected()
    }

    fn create(&mut self) -> Parsed<StatementKind> {
        if self.eat_words(&["CREATE", "OR", "ALTER"]) {
            return self.module(CreateMode::CreateOrAlter);
        }
        self.expect("CREATE")?;
        match self.upper().as_str() {
            "TABLE" => self.create_table(),
            "UNIQUE" | "CLUSTERED" | "NONCLUSTERED" | "INDEX" | "COLUMNSTORE" => {
                self.create_index()
            }
            "PROC" | "PROCEDURE" | "VIEW" | "FUNCTION" | "TRIGGER" => {
                self.module(CreateMode::Create)
            }
            "SCHEMA" => self.create_schema(),
            "TYPE" => self.create_type(),
            "SEQUENCE" => self.sequence(false),
            "SYNONYM" => self.create_synonym(),
            "STATISTICS" => self.create_statistics(),
            "DATABASE" => self.create_database(),
            "MASTER" => self.create_master_key(),
            "CERTIFICATE" => self.create_certificate(),
            "CREDENTIAL" => self.credential(false, false),
            "LOGIN" => self.create_login(),
            "USER" => self.create_user(),
            "ROLE" => self.create_role(false),
            "SERVER" if self.word_at(1, "ROLE") => {
                self.advance();
                self.create_role(true)
            }
            "ENDPOINT" => self.endpoint(false),
            "AVAILABILITY" => self.create_availability_group(),
            _ => self.unsupported_object("CREATE"),
        }
    }

    fn alter(&mut self) -> Parsed<StatementKind> {
        self.expect("ALTER")?;
        match self.upper().as_str() {
            "TABLE" => self.alter_table(),
            "INDEX" => self.alter_index(),
            "PROC" | "PROCEDURE" | "VIEW" | "FUNCTION" | "TRIGGER" => {
                self.module(CreateMode::Alter)
            }
            "SCHEMA" => self.alter_schema(),
            "SEQUENCE" => self.sequence(true),
            "DATABASE" => self.alter_database(),
            "MASTER" => self.alter_master_key(),
            "CERTIFICATE" => self.alter_certificate(),
            "CREDENTIAL" => self.credential(true, false),
            "LOGIN" => self.alter_login(),
            "USER" => self.alter_user(),
            "ROLE" => self.alter_role(false),
            "SERVER" if self.word_at(1, "ROLE") => {
                self.advance();
                self.alter_role(true)
            }
            "AUTHORIZATION" => self.alter_authorization(),
            "ENDPOINT" => self.endpoint(true),
            "AVAILABILITY" => self.alter_availability_group(),
            _ => self.unsupported_object("ALTER"),
        }
    }

    fn module(&mut self, mode: CreateMode) -> Parsed<StatementKind> {
        let word = self.upper();
        let name = match word.as_str() {
            "PROC" => "PROCEDURE",
            other => other,
        };
        self.require_first(&format!("CREATE/ALTER {name}"))?;
        match name {
            "PROCEDURE" => self.procedure(mode),
            "VIEW" => self.view(mode),
            "FUNCTION" => self.function(mode),
            "TRIGGER" => self.trigger(mode),
            _ => self.unexpected(),
        }
    }

    /// 111 unless this is the batch's first statement.
    pub(super) fn require_first(&self, statement: &str) -> Parsed<()> {
        if self.in_schema || (self.first_statement && self.depth <= 1) {
            return Ok(());
        }
        Err(SyntaxError::new(
            111,
            format!("'{statement}' must be the first statement in a query batch."),
            self.line(),
        ))
    }

    /// Objects the server knows and we do not are refused by name; the rest is a syntax error.
    pub(super) fn unsupported_object<T>(&self, verb: &str) -> Parsed<T> {
        const ONE_WORD: &[&str] = &[
            "AGGREGATE",
            "ASSEMBLY",
            "CONTRACT",
            "DEFAULT",
            "QUEUE",
            "ROUTE",
            "RULE",
            "SERVICE",
            "SIGNATURE",
        ];
        const TWO_WORDS: &[&str] = &[
            "APPLICATION",
            "ASYMMETRIC",
            "BROKER",
            "COLUMN",
            "CRYPTOGRAPHIC",
            "EVENT",
            "EXTERNAL",
            "FULLTEXT",
            "MESSAGE",
            "PARTITION",
            "PRIMARY",
            "REMOTE",
            "RESOURCE",
            "SEARCH",
            "SECURITY",
            "SELECTIVE",
            "SERVER",
            "SPATIAL",
            "SYMMETRIC",
            "WORKLOAD",
            "XML",
        ];
        let word = self.upper();
        if ONE_WORD.contains(&word.as_str()) {
            return self.unsupported(&format!("{verb} {word}"));
        }
        if TWO_WORDS.contains(&word.as_str()) {
            let second = self.text_of(self.token_at(1)).to_ascii_uppercase();
            return self.unsupported(&format!("{verb} {word} {second}"));
        }
        self.unexpected()
    }

    /// True if the current token can start an expression; for statements whose value is optional.
    pub(super) fn at_expression(&self) -> bool {
        match self.kind() {
            TokenKind::Reserved => self.at_any(&[
                "NULL",
                "CASE",
                "CONVERT",
                "TRY_CONVERT",
                "COALESCE",
                "NULLIF",
                "LEFT",
                "RIGHT",
                "CURRENT_TIMESTAMP",
                "CURRENT_USER",
                "SESSION_USER",
                "SYSTEM_USER",
                "USER",
            ]),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted => {
                self.kind_at(1) != TokenKind::Colon && !self.at("THROW")
            }
            TokenKind::Semicolon
            | TokenKind::Eof
            | TokenKind::RightParen
            | TokenKind::RightBrace
            | TokenKind::Comma
            | TokenKind::Unknown => false,
            _ => true,
        }
    }

    pub(super) fn optional_expression(&mut self) -> Parsed<Option<Box<Expr>>> {
        if self.at_expression() {
            self.expression().map(|e| Some(Box::new(e)))
        } else {
            Ok(None)
        }
    }
}
