//! The master key and certificates.

use super::{Parsed, Parser};
use crate::ast::{
    AlterCertificateAction, AlterCertificateStatement, BackupCertificateStatement,
    CertificateSource, CreateCertificateStatement, MasterKeyStatement, PrivateKeySpec,
    StatementKind, Text,
};
use crate::lexer::{TokenKind, decode_binary};

fn master_key(statement: MasterKeyStatement) -> StatementKind {
    StatementKind::MasterKey(Box::new(statement))
}

impl Parser<'_> {
    pub(super) fn create_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY"])?;
        let password = if self.at("ENCRYPTION") {
            Some(self.password("ENCRYPTION")?)
        } else {
            None
        };
        Ok(master_key(MasterKeyStatement::Create { password }))
    }

    /// `<word> BY PASSWORD = '…'`.
    fn password(&mut self, word: &str) -> Parsed<Text> {
        self.expect_words(&[word, "BY", "PASSWORD"])?;
        self.equals_text()
    }

    pub(super) fn alter_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY"])?;
        let force = self.eat("FORCE");
        if force || self.at("REGENERATE") {
            self.expect_words(&["REGENERATE", "WITH"])?;
            let password = self.password("ENCRYPTION")?;
            return Ok(master_key(MasterKeyStatement::Regenerate {
                force,
                password,
            }));
        }
        let add = self.choice(&[("ADD", true), ("DROP", false)])?;
        self.expect_words(&["ENCRYPTION", "BY"])?;
        let password = if self.eat_words(&["SERVICE", "MASTER", "KEY"]) {
            None
        } else {
            self.expect("PASSWORD")?;
            Some(self.equals_text()?)
        };
        Ok(master_key(MasterKeyStatement::AlterEncryption {
            add,
            password,
        }))
    }

    pub(super) fn open_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY"])?;
        let password = self.password("DECRYPTION")?;
        Ok(master_key(MasterKeyStatement::Open { password }))
    }

    pub(super) fn close_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY"])?;
        Ok(master_key(MasterKeyStatement::Close))
    }

    pub(super) fn backup_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY", "TO", "FILE"])?;
        let file = self.equals_text()?;
        let password = self.password("ENCRYPTION")?;
        Ok(master_key(MasterKeyStatement::Backup { file, password }))
    }

    pub(super) fn restore_master_key(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["MASTER", "KEY", "FROM", "FILE"])?;
        let file = self.equals_text()?;
        let decryption = self.password("DECRYPTION")?;
        let encryption = self.password("ENCRYPTION")?;
        let force = self.eat("FORCE");
        Ok(master_key(MasterKeyStatement::Restore {
            file,
            decryption,
            encryption,
            force,
        }))
    }

    pub(super) fn create_certificate(&mut self) -> Parsed<StatementKind> {
        self.expect("CERTIFICATE")?;
        let name = self.identifier()?;
        let owner = if self.eat("AUTHORIZATION") {
            Some(self.principal()?)
        } else {
            None
        };
        let source = if self.eat("FROM") {
            self.imported_certificate()?
        } else {
            self.self_signed_certificate()?
        };
        let active_for_begin_dialog = if self.at("ACTIVE") {
            Some(self.active_for_begin_dialog()?)
        } else {
            None
        };
        Ok(StatementKind::CreateCertificate(Box::new(
            CreateCertificateStatement {
                name,
                owner,
                source,
                active_for_begin_dialog,
            },
        )))
    }

    fn active_for_begin_dialog(&mut self) -> Parsed<bool> {
        self.expect_words(&["ACTIVE", "FOR", "BEGIN_DIALOG"])?;
        self.expect_kind(TokenKind::Equal)?;
        self.on_or_off()
    }

    fn imported_certificate(&mut self) -> Parsed<CertificateSource> {
        if self.at("ASSEMBLY") {
            return self.unsupported("certificates from assemblies");
        }
        if self.eat("BINARY") {
            let hex = self.equals_binary()?;
            let private_key = self.optional_private_key()?;
            return Ok(CertificateSource::Binary { hex, private_key });
        }
        let executable = self.eat("EXECUTABLE");
        self.expect("FILE")?;
        let path = self.equals_text()?;
        let private_key = self.optional_private_key()?;
        Ok(CertificateSource::File {
            path,
            executable,
            private_key,
        })
    }

    /// `= 0x…`, the hex digits.
    fn equals_binary(&mut self) -> Parsed<String> {
        self.expect_kind(TokenKind::Equal)?;
        let token = self.expect_kind(TokenKind::Binary)?;
        Ok(decode_binary(self.text_of(token)))
    }

    fn self_signed_certificate(&mut self) -> Parsed<CertificateSource> {
        let encryption_password = if self.at("ENCRYPTION") {
            Some(self.password("ENCRYPTION")?)
        } else {
            None
        };
        self.expect_words(&["WITH", "SUBJECT"])?;
        let subject = self.equals_text()?;
        let (mut start_date, mut expiry_date) = (None, None);
        if self.eat_kind(TokenKind::Comma) {
            self.typed_options("CREATE CERTIFICATE", |p, name| {
                match name {
                    "START_DATE" => start_date = Some(p.equals_text()?),
                    "EXPIRY_DATE" => expiry_date = Some(p.equals_text()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(CertificateSource::SelfSigned {
            encryption_password,
            subject,
            start_date,
            expiry_date,
        })
    }

    /// `WITH PRIVATE KEY (…)`, or nothing.
    fn optional_private_key(&mut self) -> Parsed<Option<PrivateKeySpec>> {
        if self.at_words(&["WITH", "PRIVATE", "KEY"]) {
            self.advance();
            return self.private_key().map(Some);
        }
        if self.at_words(&["WITH", "FORMAT"]) {
            return self.unsupported("certificates in PFX format");
        }
        Ok(None)
    }

    fn private_key(&mut self) -> Parsed<PrivateKeySpec> {
        self.expect_words(&["PRIVATE", "KEY"])?;
        let mut spec = PrivateKeySpec::default();
        self.parenthesized(|p| {
            p.typed_options("PRIVATE KEY", |p, name| {
                match name {
                    "FILE" => spec.file = Some(p.equals_text()?),
                    "BINARY" => spec.binary = Some(p.equals_binary()?),
                    "ALGORITHM" => spec.algorithm = Some(p.equals_text()?),
                    "DECRYPTION" => {
                        p.expect_words(&["BY", "PASSWORD"])?;
                        spec.decryption_password = Some(p.equals_text()?);
                    }
                    "ENCRYPTION" => {
                        p.expect_words(&["BY", "PASSWORD"])?;
                        spec.encryption_password = Some(p.equals_text()?);
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })
        })?;
        Ok(spec)
    }

    pub(super) fn alter_certificate(&mut self) -> Parsed<StatementKind> {
        self.expect("CERTIFICATE")?;
        let name = self.identifier()?;
        let action = if self.eat_words(&["REMOVE", "PRIVATE", "KEY"]) {
            AlterCertificateAction::RemovePrivateKey
        } else {
            self.expect("WITH")?;
            if self.at("PRIVATE") {
                AlterCertificateAction::PrivateKey(self.private_key()?)
            } else {
                AlterCertificateAction::ActiveForBeginDialog(self.active_for_begin_dialog()?)
            }
        };
        Ok(StatementKind::AlterCertificate(Box::new(
            AlterCertificateStatement { name, action },
        )))
    }

    pub(super) fn backup_certificate(&mut self) -> Parsed<StatementKind> {
        self.expect("CERTIFICATE")?;
        let name = self.identifier()?;
        self.expect_words(&["TO", "FILE"])?;
        let file = self.equals_text()?;
        let private_key = self.optional_private_key()?;
        Ok(StatementKind::BackupCertificate(Box::new(
            BackupCertificateStatement {
                name,
                file,
                private_key,
            },
        )))
    }
}
