//! CREATE, ALTER and BACKUP CERTIFICATE.

use milink_core::certificate::{CertificateFacts, PrivateKey};
use milink_core::command::{AlterCertificate, CertificateChange, CreateCertificate, DrawSerial};
use milink_core::names::Name;
use milink_core::refusal::SecurityRefusal;
use milink_core::sql_type::SqlType;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

use super::context::StatementContext;
use super::file;
use super::private_key::{self, invalid_data, not_there};
use crate::ast::{
    AlterCertificateAction, AlterCertificateStatement, CertificateSource,
    CreateCertificateStatement, PrivateKeySpec, Text,
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
            let password = encryption_password.as_ref();
            let protection =
                private_key::protection(password.map(|text| text.value.as_str()), context)?;
            check_name(statement, context)?;
            let request = request(subject, start_date.as_ref(), expiry_date.as_ref(), context)?;
            warning = warning_of(&request, context.world().now());
            (context.host.make_certificate(&request), protection)
        }
        CertificateSource::Binary { hex, private_key } => {
            let der = private_key::bytes(hex).ok_or_else(invalid_data)?;
            let facts = context.host.read_certificate(&der);
            let facts = facts.map_err(|_| invalid_data())?;
            let protection = imported_key(private_key.as_ref(), &facts, statement, context)?;
            (facts, protection)
        }
        CertificateSource::File {
            executable: true, ..
        } => {
            return Err(SqlError::unsupported(
                "CREATE CERTIFICATE … FROM EXECUTABLE FILE",
            ));
        }
        CertificateSource::File {
            path, private_key, ..
        } => {
            let der = file::read(context, &path.value)?.ok_or_else(not_there)?;
            let facts = context.host.read_certificate(&der);
            let facts = facts.map_err(|_| not_there())?;
            let protection = imported_key(private_key.as_ref(), &facts, statement, context)?;
            (facts, protection)
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
    let change = match &statement.action {
        AlterCertificateAction::RemovePrivateKey => CertificateChange::RemovePrivateKey,
        AlterCertificateAction::PrivateKey(spec) => {
            let altered = private_key::alter(name, spec, context);
            return altered.map_err(|error| worded(error, &statement.name.value));
        }
        AlterCertificateAction::ActiveForBeginDialog(active) => {
            CertificateChange::ActiveForBeginDialog(*active)
        }
    };
    let altered = context.apply(AlterCertificate {
        instance: context.instance,
        database: context.database,
        name,
        change,
    });
    altered.map_err(|error| worded(error, &statement.name.value))
}

/// 15151 with ALTER's verb.
fn worded(error: SqlError, name: &str) -> SqlError {
    match error.number {
        15151 => super::refusal::missing("alter", "certificate", name),
        _ => error,
    }
}

/// BACKUP CERTIFICATE … TO FILE: the files are the instance's, not this machine's.
pub(super) fn backup(
    statement: &crate::ast::BackupCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
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
    let path = &statement.file.value;
    file::check_new(context, path)?;
    if let Some(spec) = &statement.private_key {
        private_key::backup(certificate, spec, context)?;
    }
    file::write_new(context, path, certificate.facts.der.to_vec())
}

/// The protection of a certificate that comes from elsewhere, with its private key or without.
fn imported_key(
    spec: Option<&PrivateKeySpec>,
    facts: &CertificateFacts,
    statement: &CreateCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<PrivateKey, SqlError> {
    let Some(spec) = spec else {
        return Ok(PrivateKey::None);
    };
    let (thumbprint, protection) = private_key::import(spec, context)?;
    if thumbprint == facts.thumbprint {
        return Ok(protection);
    }
    let name = statement.name.value.clone();
    Err(super::refusal::sql_error(
        &SecurityRefusal::OtherPrivateKey { name }.into(),
    ))
}

/// Making a key pair costs time: a name that is taken is found out first.
fn check_name(
    statement: &CreateCertificateStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let instance = context.instance()?;
    let database = instance.databases.get(&context.database);
    let name = &statement.name.value;
    match database.and_then(|database| database.content.certificate(name)) {
        None => Ok(()),
        Some(_) => Err(super::refusal::sql_error(
            &SecurityRefusal::CertificateExists { name: name.clone() }.into(),
        )),
    }
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
