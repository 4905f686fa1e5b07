//! `WITH PRIVATE KEY (…)` of CREATE, ALTER and BACKUP CERTIFICATE.

use std::sync::Arc;

use data_encoding::HEXLOWER_PERMISSIVE;
use milink_core::certificate::{Certificate, PrivateKey};
use milink_core::command::{AlterCertificate, CertificateChange, check_private_key_password};
use milink_core::key_file::{self, KeyFileProblem, KeyKind};
use milink_core::names::Name;
use milink_core::refusal::SecurityRefusal;

use super::context::StatementContext;
use super::{file, master_key, password};
use crate::ast::PrivateKeySpec;
use crate::error::SqlError;

/// What protects a private key: a password, or the master key, which must then be open.
pub(super) fn protection(
    encryption: Option<&str>,
    context: &mut StatementContext<'_>,
) -> Result<PrivateKey, SqlError> {
    match encryption {
        Some(text) => {
            password::check(text)?;
            Ok(PrivateKey::Password(text.into()))
        }
        None => {
            master_key::check_open(context)?;
            Ok(PrivateKey::MasterKey)
        }
    }
}

/// The private key that a statement brings along: whose it is, and what protects it from now on.
pub(super) fn import(
    spec: &PrivateKeySpec,
    context: &mut StatementContext<'_>,
) -> Result<([u8; 20], PrivateKey), SqlError> {
    let bytes = match (&spec.file, &spec.binary) {
        (Some(path), None) => file::read(context, &path.value)?.ok_or_else(not_there)?,
        (None, Some(hex)) => bytes(hex).ok_or_else(invalid_data)?.into(),
        _ => return Err(not_there()),
    };
    let unsaid = String::new();
    let decryption = spec
        .decryption_password
        .as_ref()
        .map_or(&unsaid, |text| &text.value);
    let identity =
        key_file::open(KeyKind::PrivateKey, &bytes, decryption).map_err(
            |problem| match problem {
                KeyFileProblem::Invalid if spec.file.is_some() => not_there(),
                KeyFileProblem::Invalid => invalid_data(),
                KeyFileProblem::WrongPassword => refused(SecurityRefusal::WrongPrivateKeyPassword),
            },
        )?;
    let thumbprint = <[u8; 20]>::try_from(identity).map_err(|_| invalid_data())?;
    let encryption = spec.encryption_password.as_ref();
    let protection = protection(encryption.map(|text| text.value.as_str()), context)?;
    Ok((thumbprint, protection))
}

/// ALTER CERTIFICATE … WITH PRIVATE KEY: another key, or another protection of the one that is there.
pub(super) fn alter(
    name: Name,
    spec: &PrivateKeySpec,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let change = if spec.file.is_some() || spec.binary.is_some() {
        let (thumbprint, protection) = import(spec, context)?;
        CertificateChange::ImportPrivateKey(thumbprint, protection)
    } else {
        let text = |text: &crate::ast::Text| Arc::<str>::from(text.value.as_str());
        let decryption = spec.decryption_password.as_ref().map(text);
        if decryption.is_none() {
            master_key::check_open(context)?;
        }
        let encryption = spec.encryption_password.as_ref();
        let encryption = encryption.map(|text| text.value.as_str());
        CertificateChange::Protect(decryption, protection(encryption, context)?)
    };
    context.apply(AlterCertificate {
        instance: context.instance,
        database: context.database,
        name,
        change,
    })
}

/// BACKUP CERTIFICATE … WITH PRIVATE KEY: the file of the key, and the note that it was written.
pub(super) fn backup(
    certificate: &Certificate,
    spec: &PrivateKeySpec,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (Some(path), Some(encryption)) = (&spec.file, &spec.encryption_password) else {
        return Err(SqlError::unsupported(
            "BACKUP CERTIFICATE … WITH PRIVATE KEY without FILE and ENCRYPTION BY PASSWORD",
        ));
    };
    let decryption = spec.decryption_password.as_ref();
    check_private_key_password(certificate, decryption.map(|text| text.value.as_str()))
        .map_err(refused)?;
    if certificate.private_key == PrivateKey::MasterKey {
        master_key::check_open(context)?;
    }
    password::check(&encryption.value)?;
    let thumbprint = &certificate.facts.thumbprint;
    let content = key_file::seal(KeyKind::PrivateKey, thumbprint, &encryption.value);
    file::write_new(context, &path.value, content)?;
    context.apply(AlterCertificate {
        instance: context.instance,
        database: context.database,
        name: certificate.name.clone(),
        change: CertificateChange::BackedUp,
    })
}

/// The bytes of hexadecimal digits, of which there is an even number.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()
}

/// 15208: a file is not there, or is something else.
pub(super) fn not_there() -> SqlError {
    SqlError::new(
        15208,
        16,
        "The certificate, asymmetric key, or private key file is not valid or does not exist; or you do not have permissions for it.",
    )
}

/// 15297: the bytes are something else.
pub(super) fn invalid_data() -> SqlError {
    SqlError::new(
        15297,
        16,
        "The certificate, asymmetric key, or private key data is invalid.",
    )
}

fn refused(refusal: SecurityRefusal) -> SqlError {
    super::refusal::sql_error(&refusal.into())
}
