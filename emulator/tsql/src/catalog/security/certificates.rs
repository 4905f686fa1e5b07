//! `sys.certificates`.

use milink_core::certificate::{Certificate, PrivateKey};
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    BIT, DATETIME, DESC, INT, NAME, SID, ViewColumn, character, col, nvarchar, req, varbinary,
};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("certificates", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("certificate_id", INT),
    col("principal_id", INT),
    req("pvt_key_encryption_type", character(2)),
    col("pvt_key_encryption_type_desc", DESC),
    col("is_active_for_begin_dialog", BIT),
    col("issuer_name", nvarchar(442)),
    col("cert_serial_number", nvarchar(64)),
    col("sid", SID),
    col("string_sid", NAME),
    col("subject", nvarchar(4000)),
    col("expiry_date", DATETIME),
    col("start_date", DATETIME),
    req("thumbprint", varbinary(32)),
    col("attested_by", nvarchar(260)),
    col("pvt_key_last_backup_date", DATETIME),
    col("key_length", INT).since(Since::SQL_2017),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    content.certificates.values().map(|c| make_row(c)).collect()
}

fn make_row(certificate: &Certificate) -> Row {
    let key = match &certificate.private_key {
        PrivateKey::None => ("NA", "NO_PRIVATE_KEY"),
        PrivateKey::MasterKey => ("MK", "ENCRYPTED_BY_MASTER_KEY"),
        PrivateKey::Password(_) => ("PW", "ENCRYPTED_BY_PASSWORD"),
    };
    let facts = &certificate.facts;
    row![
        &certificate.name,
        certificate.id,
        certificate.owner,
        key.0,
        key.1,
        certificate.active_for_begin_dialog,
        facts.issuer.as_str(),
        facts.serial.as_str(),
        sid(certificate),
        string_sid(certificate),
        facts.subject.as_str(),
        facts.not_after,
        facts.not_before,
        facts.thumbprint.as_slice(),
        Value::Null,
        certificate.private_key_backup,
        facts.key_bits,
    ]
}

/// `S-1-9-1` and the thumbprint in five numbers, as principals made from a certificate have it.
fn sid(certificate: &Certificate) -> Vec<u8> {
    let mut sid = vec![1, 6, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0];
    sid.extend_from_slice(&certificate.facts.thumbprint);
    sid
}

fn string_sid(certificate: &Certificate) -> String {
    let parts = certificate.facts.thumbprint.chunks_exact(4);
    let parts = parts.map(|part| u32::from_le_bytes([part[0], part[1], part[2], part[3]]));
    parts.fold("S-1-9-1".to_owned(), |text, part| format!("{text}-{part}"))
}
