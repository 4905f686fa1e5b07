//! CREATE and ALTER LOGIN, and membership of server roles.

use std::sync::Arc;

use milink_core::command::{AlterLogin, CreateLogin};
use milink_core::names::Name;
use milink_core::principal::LoginKind;

use super::context::StatementContext;
use crate::ast::{
    AlterLoginAction, AlterLoginStatement, AlterRoleAction, AlterRoleStatement,
    CreateLoginStatement, LoginPassword, LoginSource, OptionEntry, OptionValue,
};
use crate::error::SqlError;

pub(super) fn create(
    statement: &CreateLoginStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let kind = match &statement.source {
        LoginSource::Password(password) => LoginKind::Sql {
            password: plain(password)?,
        },
        LoginSource::ExternalProvider if context.instance()?.is_managed_instance() => {
            LoginKind::External
        }
        LoginSource::ExternalProvider => {
            return Err(SqlError::unsupported(
                "CREATE LOGIN … FROM EXTERNAL PROVIDER on SQL Server",
            ));
        }
        LoginSource::Windows => return Err(SqlError::unsupported("Windows logins")),
        LoginSource::Certificate(_) | LoginSource::AsymmetricKey(_) => {
            return Err(SqlError::unsupported(
                "logins from certificates and asymmetric keys",
            ));
        }
    };
    let options = Options::read(&statement.options)?;
    context.apply(CreateLogin {
        instance: context.instance,
        name: Name::new(&statement.name.value),
        kind,
        default_database: options.default_database,
        sid: options.sid,
    })?;
    Ok(())
}

pub(super) fn alter(
    statement: &AlterLoginStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let mut request = unchanged(context, &statement.name.value);
    match &statement.action {
        AlterLoginAction::Enable(enabled) => request.disabled = Some(!enabled),
        AlterLoginAction::With {
            password,
            new_name,
            options,
        } => {
            if let Some(password) = password {
                request.password = Some(plain(password)?);
            }
            request.rename = new_name.as_ref().map(|name| Name::new(&name.value));
            request.default_database = Options::read(options)?.default_database;
        }
    }
    alter_or_missing(context, request)
}

pub(super) fn alter_role(
    statement: &AlterRoleStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    if !statement.server || !statement.name.is("sysadmin") {
        return Err(SqlError::unsupported("roles other than sysadmin"));
    }
    let (member, sysadmin) = match &statement.action {
        AlterRoleAction::AddMember(member) => (member, true),
        AlterRoleAction::DropMember(member) => (member, false),
        AlterRoleAction::Rename(_) => {
            return Err(SqlError::new(
                15150,
                16,
                "Cannot alter the server role 'sysadmin'.",
            ));
        }
    };
    let request = AlterLogin {
        sysadmin: Some(sysadmin),
        ..unchanged(context, &member.value)
    };
    alter_or_missing(context, request)
}

fn alter_or_missing(
    context: &mut StatementContext<'_>,
    request: AlterLogin,
) -> Result<(), SqlError> {
    let name = request.name.to_string();
    context.apply(request).map_err(|error| match error.number {
        15151 => super::refusal::missing("alter", "login", &name),
        _ => error,
    })
}

fn unchanged(context: &StatementContext<'_>, name: &str) -> AlterLogin {
    AlterLogin {
        instance: context.instance,
        name: Name::new(name),
        password: None,
        disabled: None,
        default_database: None,
        sysadmin: None,
        rename: None,
    }
}

fn plain(password: &LoginPassword) -> Result<Arc<str>, SqlError> {
    match password {
        LoginPassword::Plain { value, .. } => Ok(value.value.as_str().into()),
        LoginPassword::Hashed(_) => Err(SqlError::unsupported("hashed passwords")),
    }
}

/// The options of WITH. Policies have no effect: the emulator checks no password rules.
#[derive(Default)]
struct Options {
    default_database: Option<Name>,
    sid: Option<Arc<[u8]>>,
}

impl Options {
    fn read(entries: &[OptionEntry]) -> Result<Self, SqlError> {
        let mut options = Self::default();
        for entry in entries {
            match (entry.name.as_str(), &entry.value) {
                ("DEFAULT_DATABASE", OptionValue::Words(words)) if words.len() == 1 => {
                    options.default_database = Some(Name::new(&words[0].value));
                }
                ("SID", OptionValue::Binary(hex)) => {
                    let pairs = (0..hex.len() / 2)
                        .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16));
                    options.sid = pairs.collect::<Result<Vec<u8>, _>>().ok().map(Into::into);
                }
                ("CHECK_POLICY" | "CHECK_EXPIRATION" | "DEFAULT_LANGUAGE", _) => {}
                (other, _) => return Err(SqlError::unsupported(format!("login option {other}"))),
            }
        }
        Ok(options)
    }
}
