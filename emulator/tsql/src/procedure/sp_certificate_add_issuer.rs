//! `sp_certificate_add_issuer`: certificates issued by this one are trusted for a DNS pattern.

use milink_core::command::AddCertificateIssuer;
use milink_core::ids::CertificateId;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Procedure, required};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_certificate_add_issuer",
    parameters: &[
        required("@certid", SqlType::Int),
        required("@dns_name", SqlType::nvarchar(256)),
    ],
    body: Body::Native(run),
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let certificate = call.number(0).and_then(|id| i32::try_from(id).ok());
    let Some(certificate) = certificate else {
        // What a CERT_ID that found nothing leads to (the number is a guess).
        return Err(SqlError::new(
            15151,
            16,
            "Cannot find the certificate '', because it does not exist or you do not have permission.",
        ));
    };
    let dns = call.text(1).unwrap_or_default().into();
    let instance = call.context.instance;
    call.context.apply(AddCertificateIssuer {
        instance,
        certificate: CertificateId(certificate),
        dns,
    })?;
    Ok(0)
}
