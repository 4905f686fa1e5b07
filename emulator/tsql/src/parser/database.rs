//! CREATE DATABASE, ALTER DATABASE, the database encryption key, credentials.

use super::{Parsed, Parser};
use crate::ast::{
    AlterDatabaseAction, AlterDatabaseStatement, CreateDatabaseSource, CreateDatabaseStatement,
    CredentialStatement, DatabaseEncryptionKeyStatement, DatabaseOption, DatabaseState,
    FilegroupContents, HadrOption, Ident, OptionEntry, OptionValue, RecoveryModel, StatementKind,
    Termination, UserAccess,
};
use crate::lexer::TokenKind;

/// From the page "CREATE DATABASE (Transact-SQL)".
const FILE_OPTIONS: &[&str] = &[
    "NAME",
    "NEWNAME",
    "FILENAME",
    "SIZE",
    "MAXSIZE",
    "FILEGROWTH",
    "OFFLINE",
];
const CREATE_OPTIONS: &[&str] = &[
    "CATALOG_COLLATION",
    "DB_CHAINING",
    "DEFAULT_FULLTEXT_LANGUAGE",
    "DEFAULT_LANGUAGE",
    "FILESTREAM",
    "LEDGER",
    "NESTED_TRIGGERS",
    "PERSISTENT_LOG_BUFFER",
    "TRANSFORM_NOISE_WORDS",
    "TRUSTWORTHY",
    "TWO_DIGIT_YEAR_CUTOFF",
];
/// Options that are ON or OFF, from the page "ALTER DATABASE SET options (Transact-SQL)".
const SWITCHES: &[&str] = &[
    "ALLOW_SNAPSHOT_ISOLATION",
    "ANSI_NULLS",
    "ANSI_NULL_DEFAULT",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "AUTO_CLOSE",
    "AUTO_SHRINK",
    "AUTO_UPDATE_STATISTICS",
    "AUTO_UPDATE_STATISTICS_ASYNC",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "DATE_CORRELATION_OPTIMIZATION",
    "DB_CHAINING",
    "ENCRYPTION",
    "HONOR_BROKER_PRIORITY",
    "MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT",
    "MIXED_PAGE_ALLOCATION",
    "NESTED_TRIGGERS",
    "NUMERIC_ROUNDABORT",
    "OPTIMIZED_LOCKING",
    "QUOTED_IDENTIFIER",
    "READ_COMMITTED_SNAPSHOT",
    "RECURSIVE_TRIGGERS",
    "SUPPLEMENTAL_LOGGING",
    "TEMPORAL_HISTORY_RETENTION",
    "TRANSFORM_NOISE_WORDS",
    "TRUSTWORTHY",
];
/// The others, read with whatever value they have.
const OTHERS: &[&str] = &[
    "ACCELERATED_DATABASE_RECOVERY",
    "AUTOMATIC_TUNING",
    "AUTO_CREATE_STATISTICS",
    "CHANGE_TRACKING",
    "CONTAINMENT",
    "CURSOR_DEFAULT",
    "DEFAULT_FULLTEXT_LANGUAGE",
    "DEFAULT_LANGUAGE",
    "DELAYED_DURABILITY",
    "DISABLE_BROKER",
    "ENABLE_BROKER",
    "ERROR_BROKER_CONVERSATIONS",
    "FILESTREAM",
    "NEW_BROKER",
    "PAGE_VERIFY",
    "PARAMETERIZATION",
    "PARTNER",
    "QUERY_STORE",
    "TARGET_RECOVERY_TIME",
    "TORN_PAGE_DETECTION",
    "TWO_DIGIT_YEAR_CUTOFF",
    "WITNESS",
];

fn encryption_key(statement: DatabaseEncryptionKeyStatement) -> StatementKind {
    StatementKind::DatabaseEncryptionKey(Box::new(statement))
}

impl Parser<'_> {
    pub(super) fn create_database(&mut self) -> Parsed<StatementKind> {
        self.expect("DATABASE")?;
        if self.at_words(&["ENCRYPTION", "KEY"]) {
            return self.create_database_encryption_key();
        }
        if self.at_words(&["SCOPED", "CREDENTIAL"]) {
            self.advance();
            return self.credential(false, true);
        }
        if self.at_words(&["AUDIT", "SPECIFICATION"]) {
            return self.unsupported("CREATE DATABASE AUDIT SPECIFICATION");
        }
        let mut statement = CreateDatabaseStatement {
            name: self.identifier()?,
            containment: None,
            files: Vec::new(),
            log_files: Vec::new(),
            collation: None,
            options: Vec::new(),
            source: None,
        };
        if self.eat("CONTAINMENT") {
            statement.containment = Some(self.equals_identifier()?);
        }
        if self.eat("ON") {
            self.eat("PRIMARY");
            if self.at("FILEGROUP") {
                return self.unsupported("filegroups in CREATE DATABASE");
            }
            statement.files = self.file_specifications()?;
            if self.at_kind(TokenKind::Comma) && self.word_at(1, "FILEGROUP") {
                return self.unsupported("filegroups in CREATE DATABASE");
            }
        }
        if self.eat_words(&["LOG", "ON"]) {
            statement.log_files = self.file_specifications()?;
        }
        if self.eat("COLLATE") {
            statement.collation = Some(self.identifier()?);
        }
        if self.eat_words(&["AS", "SNAPSHOT", "OF"]) {
            statement.source = Some(CreateDatabaseSource::SnapshotOf(self.identifier()?));
        } else if self.eat("FOR") {
            let rebuild_log = self.choice(&[("ATTACH_REBUILD_LOG", true), ("ATTACH", false)])?;
            statement.source = Some(if rebuild_log {
                CreateDatabaseSource::AttachRebuildLog
            } else {
                CreateDatabaseSource::Attach
            });
        }
        if self.eat("WITH") {
            statement.options =
                self.comma_separated(|p| p.loose_option(CREATE_OPTIONS, "CREATE DATABASE"))?;
        }
        Ok(StatementKind::CreateDatabase(Box::new(statement)))
    }

    /// `( NAME = …, … ), …`.
    fn file_specifications(&mut self) -> Parsed<Vec<Vec<OptionEntry>>> {
        let mut files = vec![self.file_specification()?];
        while self.at_kind(TokenKind::Comma) && self.kind_at(1) == TokenKind::LeftParen {
            self.advance();
            files.push(self.file_specification()?);
        }
        Ok(files)
    }

    fn file_specification(&mut self) -> Parsed<Vec<OptionEntry>> {
        self.option_entries_in_parentheses(FILE_OPTIONS, "CREATE DATABASE")
    }

    pub(super) fn alter_database(&mut self) -> Parsed<StatementKind> {
        self.expect("DATABASE")?;
        if self.at_words(&["SCOPED", "CREDENTIAL"]) {
            self.advance();
            return self.credential(true, true);
        }
        if self.at_words(&["SCOPED", "CONFIGURATION"]) {
            return self.unsupported("ALTER DATABASE SCOPED CONFIGURATION");
        }
        if self.at_words(&["ENCRYPTION", "KEY"]) {
            return self.alter_database_encryption_key();
        }
        if self.at_words(&["AUDIT", "SPECIFICATION"]) {
            return self.unsupported("ALTER DATABASE AUDIT SPECIFICATION");
        }
        let database = if self.eat("CURRENT") {
            None
        } else {
            Some(self.identifier()?)
        };
        let action = self.alter_database_action()?;
        Ok(StatementKind::AlterDatabase(Box::new(
            AlterDatabaseStatement { database, action },
        )))
    }

    fn alter_database_action(&mut self) -> Parsed<AlterDatabaseAction> {
        match self.upper().as_str() {
            "SET" => {
                self.advance();
                self.alter_database_set()
            }
            "COLLATE" => {
                self.advance();
                self.identifier().map(AlterDatabaseAction::Collate)
            }
            "MODIFY" => {
                self.advance();
                self.alter_database_modify()
            }
            "ADD" => {
                self.advance();
                if self.eat("FILEGROUP") {
                    return self.add_filegroup();
                }
                let log = self.eat("LOG");
                self.expect("FILE")?;
                let files = self.file_specifications()?;
                let filegroup = if self.eat_words(&["TO", "FILEGROUP"]) {
                    Some(self.identifier()?)
                } else {
                    None
                };
                Ok(AlterDatabaseAction::AddFiles {
                    log,
                    files,
                    filegroup,
                })
            }
            "REMOVE" => {
                self.advance();
                if self.eat("FILEGROUP") {
                    return self.identifier().map(AlterDatabaseAction::RemoveFilegroup);
                }
                self.expect("FILE")?;
                self.identifier().map(AlterDatabaseAction::RemoveFile)
            }
            _ => self.unexpected(),
        }
    }

    fn add_filegroup(&mut self) -> Parsed<AlterDatabaseAction> {
        let name = self.identifier()?;
        let contents = if !self.eat("CONTAINS") {
            FilegroupContents::Rows
        } else if self.eat("FILESTREAM") {
            FilegroupContents::FileStream
        } else {
            self.expect("MEMORY_OPTIMIZED_DATA")?;
            FilegroupContents::MemoryOptimizedData
        };
        Ok(AlterDatabaseAction::AddFilegroup { name, contents })
    }

    fn alter_database_modify(&mut self) -> Parsed<AlterDatabaseAction> {
        if self.eat("NAME") {
            return self
                .equals_identifier()
                .map(AlterDatabaseAction::ModifyName);
        }
        if self.eat("FILE") {
            return self
                .file_specification()
                .map(AlterDatabaseAction::ModifyFile);
        }
        if self.eat("FILEGROUP") {
            let name = self.identifier()?;
            if !self.at_any(&[
                "DEFAULT",
                "READ_ONLY",
                "READ_WRITE",
                "AUTOGROW_ALL_FILES",
                "AUTOGROW_SINGLE_FILE",
            ]) {
                return self.unexpected();
            }
            let option = self.upper();
            self.advance();
            return Ok(AlterDatabaseAction::ModifyFilegroup { name, option });
        }
        if self.at_kind(TokenKind::LeftParen) {
            return self.unsupported("service tiers in ALTER DATABASE");
        }
        self.unexpected()
    }

    fn alter_database_set(&mut self) -> Parsed<AlterDatabaseAction> {
        let options = self.comma_separated(Self::database_option)?;
        let termination = if self.eat("WITH") {
            Some(self.termination()?)
        } else {
            None
        };
        Ok(AlterDatabaseAction::Set {
            options,
            termination,
        })
    }

    fn database_option(&mut self) -> Parsed<DatabaseOption> {
        let word = self.upper();
        let option = match word.as_str() {
            "RECOVERY" => {
                self.advance();
                // The equals sign is tolerated, as the server does.
                self.eat_kind(TokenKind::Equal);
                return self
                    .choice(&[
                        ("FULL", RecoveryModel::Full),
                        ("BULK_LOGGED", RecoveryModel::BulkLogged),
                        ("SIMPLE", RecoveryModel::Simple),
                    ])
                    .map(DatabaseOption::Recovery);
            }
            "HADR" => {
                self.advance();
                return self.hadr_option().map(DatabaseOption::Hadr);
            }
            "COMPATIBILITY_LEVEL" => {
                self.advance();
                let level = self.equals_integer()?;
                return Ok(DatabaseOption::CompatibilityLevel(
                    u32::try_from(level).unwrap_or(0),
                ));
            }
            "ONLINE" => DatabaseOption::State(DatabaseState::Online),
            "OFFLINE" => DatabaseOption::State(DatabaseState::Offline),
            "EMERGENCY" => DatabaseOption::State(DatabaseState::Emergency),
            "SINGLE_USER" => DatabaseOption::UserAccess(UserAccess::SingleUser),
            "RESTRICTED_USER" => DatabaseOption::UserAccess(UserAccess::RestrictedUser),
            "MULTI_USER" => DatabaseOption::UserAccess(UserAccess::MultiUser),
            "READ_ONLY" => DatabaseOption::ReadOnly(true),
            "READ_WRITE" => DatabaseOption::ReadOnly(false),
            name if SWITCHES.contains(&name) => {
                self.advance();
                if name == "ENCRYPTION" && self.at_any(&["SUSPEND", "RESUME"]) {
                    return self.unsupported("ALTER DATABASE SET ENCRYPTION SUSPEND and RESUME");
                }
                self.eat_kind(TokenKind::Equal);
                let on = self.on_or_off()?;
                return Ok(DatabaseOption::Switch { name: word, on });
            }
            _ => return self.other_database_option(),
        };
        self.advance();
        Ok(option)
    }

    /// Options with a value of their own.
    fn other_database_option(&mut self) -> Parsed<DatabaseOption> {
        self.loose_option(OTHERS, "ALTER DATABASE")
            .map(DatabaseOption::Other)
    }

    /// An option whose equals sign may be missing (`TRUSTWORTHY ON`).
    fn loose_option(&mut self, known: &[&str], what: &str) -> Parsed<OptionEntry> {
        let start = self.span();
        let mut entry = self.option_entry(known, what)?;
        let bare_value = entry.value == OptionValue::None
            && (self.at_identifier() || self.at_any(&["ON", "OFF"]));
        if bare_value {
            entry.value = self.option_value()?;
            entry.span = self.span_from(start);
        }
        Ok(entry)
    }

    fn hadr_option(&mut self) -> Parsed<HadrOption> {
        match self.upper().as_str() {
            "AVAILABILITY" => {
                self.expect_words(&["AVAILABILITY", "GROUP"])?;
                self.equals_identifier().map(HadrOption::AvailabilityGroup)
            }
            "OFF" => {
                self.advance();
                Ok(HadrOption::Off)
            }
            "SUSPEND" => {
                self.advance();
                Ok(HadrOption::Suspend)
            }
            "RESUME" => {
                self.advance();
                Ok(HadrOption::Resume)
            }
            _ => self.unexpected(),
        }
    }

    fn termination(&mut self) -> Parsed<Termination> {
        if self.eat("NO_WAIT") {
            return Ok(Termination::NoWait);
        }
        self.expect("ROLLBACK")?;
        if self.eat("IMMEDIATE") {
            return Ok(Termination::RollbackImmediate);
        }
        self.expect("AFTER")?;
        let seconds = Box::new(self.argument_value()?);
        self.eat("SECONDS");
        Ok(Termination::RollbackAfter(seconds))
    }

    fn create_database_encryption_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["ENCRYPTION", "KEY", "WITH", "ALGORITHM"])?;
        let algorithm = self.key_algorithm()?;
        let certificate = self.encryption_by_server()?;
        Ok(encryption_key(DatabaseEncryptionKeyStatement::Create {
            algorithm,
            certificate,
        }))
    }

    fn alter_database_encryption_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["ENCRYPTION", "KEY"])?;
        if !self.eat("REGENERATE") {
            let certificate = self.encryption_by_server()?;
            return Ok(encryption_key(DatabaseEncryptionKeyStatement::Protect {
                certificate,
            }));
        }
        self.expect_words(&["WITH", "ALGORITHM"])?;
        let algorithm = self.key_algorithm()?;
        Ok(encryption_key(DatabaseEncryptionKeyStatement::Regenerate {
            algorithm,
        }))
    }

    fn key_algorithm(&mut self) -> Parsed<String> {
        let algorithm = self.equals_choice(&[
            ("AES_128", "AES_128"),
            ("AES_192", "AES_192"),
            ("AES_256", "AES_256"),
            ("TRIPLE_DES_3KEY", "TRIPLE_DES_3KEY"),
        ])?;
        Ok(algorithm.to_owned())
    }

    /// `ENCRYPTION BY SERVER CERTIFICATE name`.
    fn encryption_by_server(&mut self) -> Parsed<Ident> {
        self.expect_words(&["ENCRYPTION", "BY", "SERVER"])?;
        if self.at("ASYMMETRIC") {
            return self.unsupported("asymmetric keys");
        }
        self.expect("CERTIFICATE")?;
        self.identifier()
    }

    /// `CREDENTIAL name WITH IDENTITY = '…' [, SECRET = '…']`.
    pub(super) fn credential(
        &mut self,
        alter: bool,
        database_scoped: bool,
    ) -> Parsed<StatementKind> {
        self.expect("CREDENTIAL")?;
        let name = self.identifier()?;
        self.expect_words(&["WITH", "IDENTITY"])?;
        let identity = self.equals_text()?;
        let secret = if self.eat_kind(TokenKind::Comma) {
            self.expect("SECRET")?;
            Some(self.equals_text()?)
        } else {
            None
        };
        if self.at_words(&["FOR", "CRYPTOGRAPHIC"]) {
            return self.unsupported("cryptographic providers");
        }
        Ok(StatementKind::Credential(Box::new(CredentialStatement {
            alter,
            database_scoped,
            name,
            identity,
            secret,
        })))
    }
}
