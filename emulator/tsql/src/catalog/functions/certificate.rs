//! CERT_ID, CERTENCODED and CERTPROPERTY.

use std::sync::Arc;

use milink_core::certificate::Certificate;
use milink_core::command::check_private_key_password;
use milink_core::ids::CertificateId;
use milink_core::key_file::{self, KeyKind};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::{number, text};
use super::{MetadataFunction, function};
use crate::catalog::cell::variant;
use crate::catalog::column::{INT, VARBINARY_MAX, VARIANT};
use crate::catalog::functions::object::split_name;
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("cert_id", (1, 1), INT, cert_id),
    function("certencoded", (1, 1), VARBINARY_MAX, certencoded),
    function("certprivatekey", (2, 3), VARBINARY_MAX, certprivatekey),
    function("certproperty", (2, 2), VARIANT, certproperty),
    function("key_id", (1, 1), INT, key_id),
    function("asymkey_id", (1, 1), INT, |_, _| Ok(Value::Null)),
];

/// A certificate's name is one word, whatever is in it: a dot separates nothing (`CERT_ID (Transact-SQL)`). That a name in
/// brackets is found too, if nothing is called so, is a guess.
fn cert_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let Some(name) = text(args, 0) else {
        return Ok(Value::Null);
    };
    let content = scope.content();
    let quoted = || match split_name(&name)?.as_slice() {
        [only] => content.certificate(only),
        _ => None,
    };
    let found = content.certificate(&name).or_else(quoted);
    Ok(found.map(|certificate| certificate.id).cell())
}

fn by_id(scope: &Scope<'_>, args: &[Value]) -> Result<Option<Arc<Certificate>>, SqlError> {
    let id = number(args, 0)?.and_then(|id| i32::try_from(id).ok());
    Ok(id.and_then(|id| {
        scope
            .content()
            .certificates
            .get(&CertificateId(id))
            .cloned()
    }))
}

fn certencoded(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    Ok(by_id(scope, args)?
        .map(|certificate| Arc::clone(&certificate.facts.der))
        .as_ref()
        .cell())
}

/// The private key sealed by a password; NULL where it is not there or opens otherwise.
fn certprivatekey(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (Some(certificate), Some(encryption)) = (by_id(scope, args)?, text(args, 1)) else {
        return Ok(Value::Null);
    };
    let decryption = text(args, 2);
    if check_private_key_password(&certificate, decryption.as_deref()).is_err() {
        return Ok(Value::Null);
    }
    let thumbprint = &certificate.facts.thumbprint;
    let sealed: Arc<[u8]> = key_file::seal(KeyKind::PrivateKey, thumbprint, &encryption).into();
    Ok(Some(&sealed).cell())
}

fn certproperty(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (Some(certificate), Some(property)) = (by_id(scope, args)?, text(args, 1)) else {
        return Ok(Value::Null);
    };
    let facts = &certificate.facts;
    let text = |text: &str| variant(SqlType::nvarchar(4000), text);
    Ok(match property.to_lowercase().as_str() {
        "expiry_date" => variant(SqlType::DateTime, facts.not_after),
        "start_date" => variant(SqlType::DateTime, facts.not_before),
        "issuer_name" => text(&facts.issuer),
        "cert_serial_number" => text(&facts.serial),
        "subject" => text(&facts.subject),
        _ => Value::Null,
    })
}

fn key_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let name = text(args, 0).unwrap_or_default();
    let id = match name.to_lowercase().as_str() {
        "##ms_databasemasterkey##" => scope.content().master_key.is_some().then_some(101),
        "##ms_servicemasterkey##" => (scope.database.id.0 == 1).then_some(102),
        _ => None,
    };
    Ok(id.cell())
}
