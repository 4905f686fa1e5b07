//! CREATE and ALTER CERTIFICATE.

use milink_core::certificate::PrivateKey;
use milink_core::command::{CreateCertificate, DrawSerial, RemovePrivateKey};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

use super::context::StatementContext;
use crate::ast::{
    AlterCertificateAction, AlterCertificateStatement, CertificateSource,
    CreateCertificateStatement, Text,
};
use crate::error::SqlError;
use crate::session::event::Event;
use crate::session::host::CertificateRequest;
use crate::types::{DateSettings, ExprType, convert};

/// How long a certificate is valid where EXPIRY_DATE does not say.
const DEFAULT_VALIDITY: Span = Span::minutes(365 * 24 * 60);
/// Where the day count of `datetime` begins, in seconds since 1970.
const DATETIME_EPOCH_SECONDS: i64 = -2_208_988_800;

pub(super) fn create(
    statement: &CreateCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let mut warning = None;
    let (facts, private_key) = match &statement.source {
        CertificateSource::SelfSigned {
            encryption_password,
            subject,
            start_date,
            expiry_date,
        } => {
            let private_key = match encryption_password {
                Some(_) => PrivateKey::Password,
                None => PrivateKey::MasterKey,
            };
            check_name_and_key(statement, private_key, context)?;
            let request = request(subject, start_date.as_ref(), expiry_date.as_ref(), context)?;
            warning = warning_of(&request, context.world().now());
            (context.host.make_certificate(&request), private_key)
        }
        CertificateSource::Binary {
            hex,
            private_key: None,
        } => {
            let der = bytes(hex).ok_or_else(invalid_data)?;
            (
                context
                    .host
                    .read_certificate(&der)
                    .map_err(|_| invalid_data())?,
                PrivateKey::None,
            )
        }
        CertificateSource::Binary { .. } => {
            return Err(SqlError::unsupported(
                "CREATE CERTIFICATE … WITH PRIVATE KEY",
            ));
        }
        CertificateSource::File { path, .. } => {
            let der = context.instance()?.files.get(path.value.as_str()).cloned();
            let not_there = || {
                SqlError::new(
                    15208,
                    16,
                    "The certificate, asymmetric key, or private key file is not valid or does not exist; or you do not have permissions for it.",
                )
            };
            let der = der.ok_or_else(not_there)?;
            (
                context
                    .host
                    .read_certificate(&der)
                    .map_err(|_| not_there())?,
                PrivateKey::None,
            )
        }
    };
    context.apply(CreateCertificate {
        instance: context.instance,
        database: context.database,
        name: Name::new(&statement.name.value),
        owner: statement
            .owner
            .as_ref()
            .map(|owner| Name::new(&owner.value)),
        facts,
        private_key,
        active_for_begin_dialog: statement.active_for_begin_dialog.unwrap_or(true),
    })?;
    if let Some(warning) = warning {
        context.events.push(Event::Info(warning));
    }
    Ok(())
}

pub(super) fn alter(
    statement: &AlterCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let name = Name::new(&statement.name.value);
    let (instance, database) = (context.instance, context.database);
    match statement.action {
        AlterCertificateAction::RemovePrivateKey => context.apply(RemovePrivateKey {
            instance,
            database,
            name,
        }),
        AlterCertificateAction::PrivateKey(_) => Err(SqlError::unsupported(
            "ALTER CERTIFICATE … WITH PRIVATE KEY",
        )),
        AlterCertificateAction::ActiveForBeginDialog(_) => Err(SqlError::unsupported(
            "ALTER CERTIFICATE … ACTIVE FOR BEGIN_DIALOG",
        )),
    }
}

/// BACKUP CERTIFICATE … TO FILE: the file is one of the instance's, not of this machine.
pub(super) fn backup(
    statement: &crate::ast::BackupCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    if statement.private_key.is_some() {
        return Err(SqlError::unsupported(
            "BACKUP CERTIFICATE … WITH PRIVATE KEY",
        ));
    }
    let instance = context.instance()?;
    let database = instance.databases.get(&context.database);
    let found = database.and_then(|database| database.content.certificate(&statement.name.value));
    let Some(certificate) = found else {
        return Err(super::refusal::missing(
            "find",
            "certificate",
            &statement.name.value,
        ));
    };
    let path = statement.file.value.clone();
    if path.trim().is_empty() || instance.files.contains_key(path.as_str()) {
        return Err(SqlError::new(
            15240,
            16,
            format!(
                "Cannot write into file '{path}'. Verify that you have write permissions, that the file path is valid, and that the file does not already exist."
            ),
        ));
    }
    let content = std::sync::Arc::clone(&certificate.facts.der);
    context.apply(milink_core::command::WriteFile {
        instance: context.instance,
        path,
        content,
    })
}

/// Making a key pair costs time: what would refuse it anyway is found out first.
fn check_name_and_key(
    statement: &CreateCertificateStatement,
    private_key: PrivateKey,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    use milink_core::refusal::SecurityRefusal;
    let instance = context.instance()?;
    let Some(database) = instance.databases.get(&context.database) else {
        return Ok(());
    };
    let refusal = if private_key == PrivateKey::MasterKey && database.content.master_key.is_none() {
        SecurityRefusal::NoMasterKey
    } else if database
        .content
        .certificate(&statement.name.value)
        .is_some()
    {
        SecurityRefusal::CertificateExists {
            name: statement.name.value.clone(),
        }
    } else {
        return Ok(());
    };
    Err(super::refusal::sql_error(&refusal.into()))
}

fn request(
    subject: &Text,
    start: Option<&Text>,
    expiry: Option<&Text>,
    context: &mut StatementContext<'_>,
) -> Result<CertificateRequest, SqlError> {
    if subject.value.trim().is_empty() || subject.value.chars().count() > 4000 {
        return Err(SqlError::new(
            15212,
            16,
            "Invalid certificate subject. The certificate subject must have between 1 and 4000 characters.",
        ));
    }
    let now = context.world().now();
    let not_before = start.map_or(Ok(now), moment)?;
    let not_after = expiry.map_or(Ok(not_before + DEFAULT_VALIDITY), moment)?;
    // SQL Server 2022 made 3072 bits the default.
    let key_bits = if context.instance()?.build().major >= 16 {
        3072
    } else {
        2048
    };
    let serial = context.apply(DrawSerial)?;
    Ok(CertificateRequest {
        subject: subject.value.clone(),
        not_before,
        not_after,
        key_bits,
        serial,
    })
}

/// The warnings 15213 to 15215: the certificate is created all the same.
fn warning_of(request: &CertificateRequest, now: Timestamp) -> Option<SqlError> {
    let warning = |number, text: &str| Some(SqlError::new(number, 10, text));
    if request.not_after < request.not_before {
        warning(
            15213,
            "Warning: The certificate you created has an invalid validity period; its expiration date precedes its start date.",
        )
    } else if request.not_after < now {
        warning(15214, "Warning: The certificate you created is expired.")
    } else if request.not_before > now {
        warning(
            15215,
            "Warning: The certificate you created is not yet valid; its start date is in the future.",
        )
    } else {
        None
    }
}

/// A date as START_DATE and EXPIRY_DATE are written: what `datetime` reads, in UTC.
fn moment(text: &Text) -> Result<Timestamp, SqlError> {
    let from = ExprType::new(SqlType::varchar(8000));
    let to = ExprType::new(SqlType::DateTime);
    let value = convert(
        &Value::str(text.value.as_str()),
        &from,
        &to,
        None,
        &DateSettings::default(),
    )?;
    let Value::DateTime(moment) = value else {
        return Err(invalid_data());
    };
    let days =
        Timestamp::from_unix_seconds(DATETIME_EPOCH_SECONDS + i64::from(moment.days) * 86_400);
    Ok(days + Span::milliseconds(i64::from(moment.ticks) * 10 / 3))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect()
}

fn invalid_data() -> SqlError {
    SqlError::new(
        15297,
        16,
        "The certificate, asymmetric key, or private key data is invalid.",
    )
}
