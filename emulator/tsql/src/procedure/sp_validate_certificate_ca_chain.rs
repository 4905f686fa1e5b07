//! `sp_validate_certificate_ca_chain`: silent if every issuer of a certificate is here and valid.

use milink_core::ids::CertificateId;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;

use super::{Body, Procedure, required};
use crate::catalog::Scope;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_validate_certificate_ca_chain",
    parameters: &[required("@certid", SqlType::Int)],
    body: Body::Native(|call| {
        call.read(|scope, call| validate(scope, call.number(0)))?;
        Ok(0)
    }),
};

/// No chain of the public authorities is longer.
const LONGEST_CHAIN: usize = 16;

fn validate(scope: &Scope<'_>, id: Option<i64>) -> Result<(), SqlError> {
    let certificates = &scope.instance.master().content.certificates;
    let known = id.and_then(|id| i32::try_from(id).ok());
    let found = known.and_then(|id| certificates.get(&CertificateId(id)));
    let mut certificate = found.ok_or_else(|| {
        let id = id.map_or_else(String::new, |id| id.to_string());
        SqlError::new(
            15151,
            16,
            format!("Cannot find the certificate '{id}', because it does not exist or you do not have permission."),
        )
    })?;
    for _ in 0..LONGEST_CHAIN {
        let facts = &certificate.facts;
        if !is_valid(facts.not_before, facts.not_after, scope.now) {
            return Err(invalid(
                certificate.name.as_str(),
                "it is expired or not yet valid",
            ));
        }
        if facts.issuer == facts.subject {
            return Ok(());
        }
        let mut issuers = certificates.values();
        let issuer = issuers.find(|other| other.facts.subject == facts.issuer);
        certificate = issuer
            .ok_or_else(|| invalid(certificate.name.as_str(), "its issuer is not in master"))?;
    }
    Err(invalid(certificate.name.as_str(), "the chain has no end"))
}

fn is_valid(from: Timestamp, to: Timestamp, now: Timestamp) -> bool {
    from <= now && now <= to
}

/// The product's number is not documented; this one is milink's own.
fn invalid(certificate: &str, why: &str) -> SqlError {
    SqlError::new(
        50991,
        16,
        format!(
            "The certificate chain of certificate '{certificate}' could not be validated: {why}."
        ),
    )
}
