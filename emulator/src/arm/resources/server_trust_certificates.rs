//! `Microsoft.Sql/managedInstances/serverTrustCertificates`: certificates of partners.

use axum::http::StatusCode;
use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use milink_core::azure::{DeleteTrustCertificate, WriteTrustCertificate};
use milink_core::certificate::CertificateFacts;
use milink_core::names::Name;
use milink_core::refusal::{AzureRefusal, Refusal};
use milink_model::{ProxyResource, ServerTrustCertificateProperties};

use super::instance::{self, Parent};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/serverTrustCertificates",
        Versions::Sql("2021-05-01-preview"),
    )
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let rows: Vec<_> = instance::read(call, &parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        let all = managed.trust_certificates.iter();
        Some(
            all.map(|(name, facts)| (name.folded().to_owned(), shown(&parent, name, facts)))
                .collect(),
        )
    })?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let found = instance::read(call, &parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        let (name, facts) = managed
            .trust_certificates
            .get_key_value(&Name::new(call.path.name(1)))?;
        Some(shown(&parent, name, facts))
    })?;
    Ok(Answer::ok(&found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let blob = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["thumbprint", "certificateName"]);
        properties.string("publicBlob")
    })?;
    let facts = facts(call, blob.as_deref().unwrap_or_default())?;
    let operation = call.submit_to(
        parent.id,
        WriteTrustCertificate {
            instance: parent.id,
            name: Name::new(call.path.name(1)),
            facts,
        },
    )?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let name = Name::new(call.path.name(1));
    match call.submit_to(
        parent.id,
        DeleteTrustCertificate {
            instance: parent.id,
            name,
        },
    )? {
        Some(operation) => operations::accepted(call, operation),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

/// Reads a certificate from hexadecimal, with or without `0x`.
fn facts(call: &Call<'_>, blob: &str) -> Result<CertificateFacts, ArmError> {
    let refuse = |refusal: AzureRefusal| ArmError::from(Refusal::from(refusal));
    let invalid = |reason: String| refuse(AzureRefusal::InvalidPublicBlob { reason });
    let blob = blob.trim();
    let digits = blob
        .strip_prefix("0x")
        .or_else(|| blob.strip_prefix("0X"))
        .unwrap_or(blob);
    if digits.is_empty() {
        return Err(refuse(AzureRefusal::MissingPublicBlob));
    }
    let der = HEXLOWER_PERMISSIVE
        .decode(digits.as_bytes())
        .map_err(|_| invalid("it is not hexadecimal".to_owned()))?;
    call.arm.keys.certificate_facts(&der).map_err(invalid)
}

fn shown(
    parent: &Parent,
    name: &Name,
    facts: &CertificateFacts,
) -> ProxyResource<ServerTrustCertificateProperties> {
    ProxyResource {
        properties: ServerTrustCertificateProperties {
            public_blob: Some(HEXUPPER.encode(&facts.der)),
            thumbprint: Some(HEXUPPER.encode(&facts.thumbprint)),
            certificate_name: Some(name.to_string()),
        },
        id: format!("{}/serverTrustCertificates/{name}", parent.arm_id),
        name: name.to_string(),
        kind: TYPE.full_name(),
    }
}
