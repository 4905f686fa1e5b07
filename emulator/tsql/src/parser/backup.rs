//! BACKUP and RESTORE.

use super::{Parsed, Parser};
use crate::ast::{
    BackupDevice, BackupKind, BackupStatement, NameOrVariable, OptionEntry, RestoreKind,
    RestoreStatement, StatementKind,
};
use crate::lexer::TokenKind;

/// From the page "BACKUP (Transact-SQL)".
const BACKUP_OPTIONS: &[&str] = &[
    "BLOCKSIZE",
    "BUFFERCOUNT",
    "CHECKSUM",
    "COMPRESSION",
    "CONTINUE_AFTER_ERROR",
    "COPY_ONLY",
    "CREDENTIAL",
    "DESCRIPTION",
    "DIFFERENTIAL",
    "ENCRYPTION",
    "EXPIREDATE",
    "FILE_SNAPSHOT",
    "FORMAT",
    "INIT",
    "MAXTRANSFERSIZE",
    "MEDIADESCRIPTION",
    "MEDIANAME",
    "MEDIAPASSWORD",
    "METADATA_ONLY",
    "NAME",
    "NOFORMAT",
    "NOINIT",
    "NORECOVERY",
    "NOREWIND",
    "NOSKIP",
    "NOUNLOAD",
    "NO_CHECKSUM",
    "NO_COMPRESSION",
    "NO_TRUNCATE",
    "PASSWORD",
    "RESTART",
    "RETAINDAYS",
    "REWIND",
    "SKIP",
    "STANDBY",
    "STATS",
    "STOP_ON_ERROR",
    "UNLOAD",
];
/// From the page "RESTORE Arguments (Transact-SQL)"; MOVE is read apart.
const RESTORE_OPTIONS: &[&str] = &[
    "BLOCKSIZE",
    "BUFFERCOUNT",
    "CHECKSUM",
    "CONTINUE_AFTER_ERROR",
    "CREDENTIAL",
    "ENABLE_BROKER",
    "ERROR_BROKER_CONVERSATIONS",
    "FILE",
    "KEEP_CDC",
    "KEEP_REPLICATION",
    "KEEP_TEMPORAL_RETENTION",
    "LOADHISTORY",
    "MAXTRANSFERSIZE",
    "MEDIANAME",
    "MEDIAPASSWORD",
    "METADATA_ONLY",
    "NEW_BROKER",
    "NORECOVERY",
    "NOREWIND",
    "NOUNLOAD",
    "NO_CHECKSUM",
    "PARTIAL",
    "PASSWORD",
    "RECOVERY",
    "REPLACE",
    "RESTART",
    "RESTRICTED_USER",
    "REWIND",
    "STANDBY",
    "STATS",
    "STOPAT",
    "STOPATMARK",
    "STOPBEFOREMARK",
    "STOP_ON_ERROR",
    "UNLOAD",
];
const FILE_LIST: &[&str] = &["FILE", "FILEGROUP", "PAGE", "READ_WRITE_FILEGROUPS"];

impl Parser<'_> {
    pub(super) fn backup(&mut self) -> Parsed<StatementKind> {
        self.expect("BACKUP")?;
        let kind = match self.upper().as_str() {
            "DATABASE" => BackupKind::Database,
            "LOG" | "TRANSACTION" | "TRAN" => BackupKind::Log,
            "CERTIFICATE" => return self.backup_certificate(),
            "MASTER" => return self.backup_master_key(),
            "SERVICE" => return self.unsupported("BACKUP SERVICE MASTER KEY"),
            "SYMMETRIC" => return self.unsupported("symmetric keys"),
            _ => return self.unexpected(),
        };
        self.advance();
        let database = self.name_or_variable()?;
        let files = self.backup_files()?;
        self.expect("TO")?;
        let devices = self.comma_separated(Self::backup_device)?;
        if self.at("MIRROR") {
            return self.unsupported("mirrored backup media");
        }
        let options = if self.eat("WITH") {
            self.option_entries(BACKUP_OPTIONS, "BACKUP")?
        } else {
            Vec::new()
        };
        Ok(StatementKind::Backup(Box::new(BackupStatement {
            kind,
            database,
            files,
            devices,
            options,
        })))
    }

    pub(super) fn name_or_variable(&mut self) -> Parsed<NameOrVariable> {
        if self.at_kind(TokenKind::Variable) {
            return Ok(NameOrVariable::Variable(self.take_ident()));
        }
        self.identifier().map(NameOrVariable::Name)
    }

    fn backup_files(&mut self) -> Parsed<Vec<OptionEntry>> {
        if self.at_any(FILE_LIST) {
            self.option_entries(FILE_LIST, "BACKUP")
        } else {
            Ok(Vec::new())
        }
    }

    fn backup_device(&mut self) -> Parsed<BackupDevice> {
        let make = match self.upper().as_str() {
            "DISK" => BackupDevice::Disk,
            "URL" if self.kind_at(1) == TokenKind::Equal => BackupDevice::Url,
            "TAPE" if self.kind_at(1) == TokenKind::Equal => BackupDevice::Tape,
            "VIRTUAL_DEVICE" if self.kind_at(1) == TokenKind::Equal => {
                return self.unsupported("virtual backup devices");
            }
            _ => return self.name_or_variable().map(BackupDevice::Logical),
        };
        self.advance();
        self.expect_kind(TokenKind::Equal)?;
        self.text_or_variable().map(make)
    }

    pub(super) fn restore(&mut self) -> Parsed<StatementKind> {
        self.expect("RESTORE")?;
        let kind = match self.upper().as_str() {
            "DATABASE" => RestoreKind::Database,
            "LOG" | "TRANSACTION" | "TRAN" => RestoreKind::Log,
            "HEADERONLY" => RestoreKind::HeaderOnly,
            "FILELISTONLY" => RestoreKind::FileListOnly,
            "LABELONLY" => RestoreKind::LabelOnly,
            "VERIFYONLY" => RestoreKind::VerifyOnly,
            "MASTER" => return self.restore_master_key(),
            "SERVICE" => return self.unsupported("RESTORE SERVICE MASTER KEY"),
            "SYMMETRIC" => return self.unsupported("symmetric keys"),
            _ => return self.unexpected(),
        };
        self.advance();
        let of_database = matches!(kind, RestoreKind::Database | RestoreKind::Log);
        let database = if of_database {
            Some(self.name_or_variable()?)
        } else {
            None
        };
        let files = if of_database {
            self.backup_files()?
        } else {
            Vec::new()
        };
        if self.at("FROM") && self.word_at(1, "DATABASE_SNAPSHOT") {
            return self.unsupported("RESTORE FROM DATABASE_SNAPSHOT");
        }
        let devices = if self.eat("FROM") {
            self.comma_separated(Self::backup_device)?
        } else if of_database {
            Vec::new()
        } else {
            return self.unexpected();
        };
        let mut statement = RestoreStatement {
            kind,
            database,
            files,
            devices,
            moves: Vec::new(),
            options: Vec::new(),
        };
        if self.eat("WITH") {
            self.comma_separated(|p| p.restore_option(&mut statement))?;
        }
        Ok(StatementKind::Restore(Box::new(statement)))
    }

    fn restore_option(&mut self, statement: &mut RestoreStatement) -> Parsed<()> {
        if self.eat("MOVE") {
            let from = self.text_or_variable()?;
            self.expect("TO")?;
            let to = self.text_or_variable()?;
            statement.moves.push((from, to));
            return Ok(());
        }
        let entry = self.option_entry(RESTORE_OPTIONS, "RESTORE")?;
        if self.at("AFTER") {
            return self.unsupported("STOPATMARK … AFTER");
        }
        statement.options.push(entry);
        Ok(())
    }
}
