//! `Microsoft.Sql/managedInstances/endpointCertificates`: the instance's own certificate, for partners to import.

use data_encoding::HEXUPPER;
use milink_model::{EndpointCertificateProperties, ProxyResource, TrustedRootCertificate};

use super::instance::{self, Parent};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::keys::roots::{ROOTS, Root};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/endpointCertificates",
        Versions::Sql("2021-11-01"),
    )
};

const NAMES: [&str; 2] = ["DATABASE_MIRRORING", "SERVICE_BROKER"];

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let blob = blob(call, &parent)?;
    paging::page(
        call,
        NAMES.map(|name| {
            (
                name.to_ascii_lowercase(),
                shown(call, &parent, name, blob.clone()),
            )
        }),
    )
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let wanted = call.path.name(1);
    let name = NAMES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(wanted));
    let name = name.ok_or_else(|| ArmError::child_not_found(&TYPE.full_name(), wanted))?;
    Ok(Answer::ok(&shown(
        call,
        &parent,
        name,
        blob(call, &parent)?,
    )))
}

fn blob(call: &Call<'_>, parent: &Parent) -> Result<String, ArmError> {
    instance::read(call, parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        Some(HEXUPPER.encode(&managed.endpoint_certificate.der))
    })
}

/// Since which api-version the roots are told that SQL Server must import.
const WITH_ROOTS: &str = "2025-08-01";

/// Both endpoints have one certificate.
fn shown(
    call: &Call<'_>,
    parent: &Parent,
    name: &str,
    blob: String,
) -> ProxyResource<EndpointCertificateProperties> {
    let trusted = |root: &Root| TrustedRootCertificate {
        subject: root.subject.to_owned(),
        public_blob: HEXUPPER.encode(root.der),
    };
    let trusted_root_certificates = if call.version.is_since(WITH_ROOTS) {
        ROOTS.iter().map(trusted).collect()
    } else {
        Vec::new()
    };
    ProxyResource {
        properties: EndpointCertificateProperties {
            public_blob: Some(blob),
            trusted_root_certificates,
        },
        id: format!("{}/endpointCertificates/{name}", parent.arm_id),
        name: name.to_owned(),
        kind: TYPE.full_name(),
    }
}
