//! Logins, users, roles.

use super::{Parsed, Parser};
use crate::ast::{
    AlterLoginAction, AlterLoginStatement, AlterRoleAction, AlterRoleStatement, AlterUserStatement,
    CreateLoginStatement, CreateRoleStatement, CreateUserStatement, LoginPassword, LoginSource,
    StatementKind, UserSource,
};
use crate::lexer::{TokenKind, decode_binary};

/// From the pages "CREATE LOGIN" and "ALTER LOGIN (Transact-SQL)".
const LOGIN_OPTIONS: &[&str] = &[
    "CHECK_EXPIRATION",
    "CHECK_POLICY",
    "CREDENTIAL",
    "DEFAULT_DATABASE",
    "DEFAULT_LANGUAGE",
    "NO CREDENTIAL",
    "SID",
    "TYPE",
];
/// From the page "CREATE USER (Transact-SQL)".
const CREATE_USER_OPTIONS: &[&str] = &[
    "ALLOW_ENCRYPTED_VALUE_MODIFICATIONS",
    "DEFAULT_LANGUAGE",
    "DEFAULT_SCHEMA",
    "SID",
    "TYPE",
];
/// From the page "ALTER USER (Transact-SQL)".
const ALTER_USER_OPTIONS: &[&str] = &[
    "ALLOW_ENCRYPTED_VALUE_MODIFICATIONS",
    "DEFAULT_LANGUAGE",
    "DEFAULT_SCHEMA",
    "LOGIN",
    "NAME",
    "OLD_PASSWORD",
    "PASSWORD",
];

impl Parser<'_> {
    pub(super) fn create_login(&mut self) -> Parsed<StatementKind> {
        self.expect("LOGIN")?;
        let name = self.identifier()?;
        let mut options = Vec::new();
        let source = if self.eat("WITH") {
            self.expect("PASSWORD")?;
            let password = self.login_password(false)?;
            if self.eat_kind(TokenKind::Comma) {
                options = self.option_entries(LOGIN_OPTIONS, "CREATE LOGIN")?;
            }
            LoginSource::Password(password)
        } else {
            self.expect("FROM")?;
            let source = self.login_origin()?;
            if self.eat("WITH") {
                options = self.option_entries(LOGIN_OPTIONS, "CREATE LOGIN")?;
            }
            source
        };
        Ok(StatementKind::CreateLogin(Box::new(CreateLoginStatement {
            name,
            source,
            options,
        })))
    }

    fn login_origin(&mut self) -> Parsed<LoginSource> {
        match self.upper().as_str() {
            "WINDOWS" => {
                self.advance();
                Ok(LoginSource::Windows)
            }
            "CERTIFICATE" => {
                self.advance();
                self.identifier().map(LoginSource::Certificate)
            }
            "ASYMMETRIC" => {
                self.expect_words(&["ASYMMETRIC", "KEY"])?;
                self.identifier().map(LoginSource::AsymmetricKey)
            }
            _ => {
                self.expect_words(&["EXTERNAL", "PROVIDER"])?;
                Ok(LoginSource::ExternalProvider)
            }
        }
    }

    /// `= 'text' [MUST_CHANGE]` or `= 0x… HASHED`, after the word PASSWORD.
    fn login_password(&mut self, alter: bool) -> Parsed<LoginPassword> {
        self.expect_kind(TokenKind::Equal)?;
        if self.at_kind(TokenKind::Binary) {
            let token = self.advance();
            let hex = decode_binary(self.text_of(token));
            self.expect("HASHED")?;
            return Ok(LoginPassword::Hashed(hex));
        }
        let value = self.string()?;
        let (mut must_change, mut old, mut unlock) = (false, None, false);
        loop {
            if !must_change && self.eat("MUST_CHANGE") {
                must_change = true;
            } else if alter && !unlock && self.eat("UNLOCK") {
                unlock = true;
            } else if alter && old.is_none() && self.eat("OLD_PASSWORD") {
                old = Some(self.equals_text()?);
            } else {
                return Ok(LoginPassword::Plain {
                    value,
                    must_change,
                    old,
                    unlock,
                });
            }
        }
    }

    pub(super) fn alter_login(&mut self) -> Parsed<StatementKind> {
        self.expect("LOGIN")?;
        let name = self.identifier()?;
        let action = match self.upper().as_str() {
            "ENABLE" | "DISABLE" => {
                AlterLoginAction::Enable(self.choice(&[("ENABLE", true), ("DISABLE", false)])?)
            }
            "ADD" | "DROP" => return self.unsupported("ALTER LOGIN … CREDENTIAL"),
            _ => self.alter_login_with()?,
        };
        Ok(StatementKind::AlterLogin(Box::new(AlterLoginStatement {
            name,
            action,
        })))
    }

    fn alter_login_with(&mut self) -> Parsed<AlterLoginAction> {
        self.expect("WITH")?;
        let (mut password, mut new_name, mut options) = (None, None, Vec::new());
        self.comma_separated(|p| {
            if password.is_none() && p.eat("PASSWORD") {
                password = Some(p.login_password(true)?);
            } else if new_name.is_none() && p.eat("NAME") {
                new_name = Some(p.equals_identifier()?);
            } else {
                options.push(p.option_entry(LOGIN_OPTIONS, "ALTER LOGIN")?);
            }
            Ok(())
        })?;
        Ok(AlterLoginAction::With {
            password,
            new_name,
            options,
        })
    }

    pub(super) fn create_user(&mut self) -> Parsed<StatementKind> {
        self.expect("USER")?;
        let name = self.identifier()?;
        let mut source = self.user_source()?;
        let mut options = Vec::new();
        if self.eat("WITH") {
            self.comma_separated(|p| {
                if source == UserSource::SameName && p.eat("PASSWORD") {
                    source = UserSource::Password(p.equals_text()?);
                } else {
                    options.push(p.option_entry(CREATE_USER_OPTIONS, "CREATE USER")?);
                }
                Ok(())
            })?;
        }
        Ok(StatementKind::CreateUser(Box::new(CreateUserStatement {
            name,
            source,
            options,
        })))
    }

    fn user_source(&mut self) -> Parsed<UserSource> {
        if self.eat_words(&["WITHOUT", "LOGIN"]) {
            return Ok(UserSource::WithoutLogin);
        }
        if !self.eat("FOR") && !self.eat("FROM") {
            return Ok(UserSource::SameName);
        }
        match self.upper().as_str() {
            "LOGIN" => {
                self.advance();
                self.identifier().map(UserSource::Login)
            }
            "CERTIFICATE" => {
                self.advance();
                self.identifier().map(UserSource::Certificate)
            }
            "ASYMMETRIC" => {
                self.expect_words(&["ASYMMETRIC", "KEY"])?;
                self.identifier().map(UserSource::AsymmetricKey)
            }
            _ => {
                self.expect_words(&["EXTERNAL", "PROVIDER"])?;
                Ok(UserSource::ExternalProvider)
            }
        }
    }

    pub(super) fn alter_user(&mut self) -> Parsed<StatementKind> {
        self.expect("USER")?;
        let name = self.identifier()?;
        self.expect("WITH")?;
        let options = self.option_entries(ALTER_USER_OPTIONS, "ALTER USER")?;
        Ok(StatementKind::AlterUser(Box::new(AlterUserStatement {
            name,
            options,
        })))
    }

    /// After CREATE [SERVER].
    pub(super) fn create_role(&mut self, server: bool) -> Parsed<StatementKind> {
        self.expect("ROLE")?;
        let name = self.identifier()?;
        let owner = if self.eat("AUTHORIZATION") {
            Some(self.principal()?)
        } else {
            None
        };
        Ok(StatementKind::CreateRole(Box::new(CreateRoleStatement {
            server,
            name,
            owner,
        })))
    }

    /// After ALTER [SERVER].
    pub(super) fn alter_role(&mut self, server: bool) -> Parsed<StatementKind> {
        self.expect("ROLE")?;
        let name = self.principal()?;
        let action = if self.eat("WITH") {
            self.expect("NAME")?;
            AlterRoleAction::Rename(self.equals_identifier()?)
        } else {
            let add = self.choice(&[("ADD", true), ("DROP", false)])?;
            self.expect("MEMBER")?;
            let member = self.principal()?;
            if add {
                AlterRoleAction::AddMember(member)
            } else {
                AlterRoleAction::DropMember(member)
            }
        };
        Ok(StatementKind::AlterRole(Box::new(AlterRoleStatement {
            server,
            name,
            action,
        })))
    }
}
