//! Certificates between the partners of a link: what each side thinks of the other's, and what it writes in its log.
//!
//! They only matter while partners shake hands. A connection that stands goes on when a certificate expires, is
//! replaced or is taken away (`link-lifecycle.md` sections 4.5 and 6).

use std::sync::Arc;

use super::{Link, LinkSpec};
use crate::certificate::{
    Certificate, CertificateFacts, MANAGED_INSTANCE_DNS_PATTERN, PUBLIC_ROOTS, PrivateKey,
};
use crate::ids::PrincipalId;
use crate::instance::{Instance, ManagedInstance};
use crate::names::Name;
use crate::principal::{PermissionState, Securable};
use crate::refusal::LinkError;
use crate::store::Content;
use crate::time::Timestamp;

/// The uploaded certificate that has authenticated a partner.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerCertificate {
    /// Its name on the managed instance.
    pub name: Name,
    /// What it is.
    pub facts: Arc<CertificateFacts>,
}

/// The managed instance looks at SQL Server's endpoint and certificate.
pub(super) fn check_partner(
    now: Timestamp,
    partner: &Instance,
    mi: &ManagedInstance,
    spec: &LinkSpec,
) -> Result<PartnerCertificate, LinkError> {
    let address = spec.partner_endpoint.to_string();
    let endpoint = partner.endpoint.as_ref().expect("reached a moment ago");
    if !endpoint
        .encryption
        .algorithm()
        .is_some_and(|algorithm| algorithm.allows_aes())
    {
        return Err(LinkError::EndpointNotEncrypted { endpoint: address });
    }
    let content = &partner.master().content;
    let own = endpoint.authentication.certificate();
    let own: Option<&Certificate> = own
        .and_then(|id| content.certificates.get(&id))
        .map(AsRef::as_ref);
    let Some(own) = own else {
        return Err(LinkError::EndpointWithoutCertificate { endpoint: address });
    };
    let certificate = || own.name.to_string();
    let key = content.master_key.as_ref();
    let opens =
        own.private_key == PrivateKey::MasterKey && key.is_some_and(|key| key.encrypted_by_server);
    if !opens {
        let certificate = certificate();
        return Err(LinkError::PartnerKeyClosed { certificate });
    }
    let uploaded = mi
        .trust_certificates
        .iter()
        .find(|(_, facts)| facts.thumbprint == own.facts.thumbprint);
    let Some((name, facts)) = uploaded else {
        let certificate = certificate();
        return Err(LinkError::CertificateNotOnInstance { certificate });
    };
    if !facts.is_valid_at(now) {
        let certificate = certificate();
        return Err(LinkError::PartnerCertificateInvalid { certificate });
    }
    Ok(PartnerCertificate {
        name: name.clone(),
        facts: Arc::clone(facts),
    })
}

/// SQL Server looks at the managed instance's certificate: one of the instance must be imported under its FQDN, and one
/// of the roots that count as its issuers must be trusted for the DNS pattern. Either root will do (guess: a user cannot
/// tell which of the two really issued it).
///
/// After the service has rotated the certificate, the roots vouch for the new one. Without them, the very certificate
/// must be imported again; a link that has been connected before is content with that, while the article has new links
/// import the roots as well.
pub(super) fn check_instance(
    now: Timestamp,
    partner: &Instance,
    instance: &Instance,
    mi: &ManagedInstance,
    link: &Link,
) -> Result<(), LinkError> {
    let fqdn = instance.server_name();
    let shown = &mi.endpoint_certificate;
    if !shown.is_valid_at(now) {
        return Err(LinkError::InstanceCertificateInvalid { fqdn });
    }
    let content = &partner.master().content;
    let Some(imported) = content.certificate(&fqdn) else {
        return Err(LinkError::CertificateNotOnSqlServer { fqdn });
    };
    check_permission(partner, imported)?;
    let same = imported.facts.thumbprint == shown.thumbprint;
    let trusted = trusts_roots(now, content);
    if same {
        let known = link.partner_certificate.is_some();
        return if trusted || known {
            Ok(())
        } else {
            Err(LinkError::IssuerNotTrusted { fqdn })
        };
    }
    if imported.facts.issuer == shown.issuer && imported.facts.serial == shown.serial {
        return Err(LinkError::InstanceCertificateMismatch { fqdn });
    }
    let former = mi.former_certificates.contains(&imported.facts.thumbprint);
    if former && trusted {
        Ok(())
    } else {
        Err(LinkError::CertificateNotOnSqlServer { fqdn })
    }
}

fn trusts_roots(now: Timestamp, content: &Content) -> bool {
    content.certificates.values().any(|root| {
        PUBLIC_ROOTS.contains(&root.facts.thumbprint)
            && root.facts.is_valid_at(now)
            && root
                .issuer_for
                .iter()
                .any(|dns| dns.eq_ignore_ascii_case(MANAGED_INSTANCE_DNS_PATTERN))
    })
}

/// Whoever owns the imported certificate is who connects: nobody asks for more than dbo in the article, which is `sa`;
/// another owner needs CONNECT on the endpoint.
pub(crate) fn check_permission(
    partner: &Instance,
    imported: &Certificate,
) -> Result<(), LinkError> {
    if imported.owner == PrincipalId(1) {
        return Ok(());
    }
    let Some(endpoint) = &partner.endpoint else {
        return Ok(());
    };
    let user = partner.master().content.users.get(&imported.owner);
    let login = user
        .and_then(|user| user.login.as_ref())
        .and_then(|login| partner.login(login.as_str()));
    let granted = login.is_some_and(|login| {
        let connects = |state: fn(PermissionState) -> bool| {
            partner.permissions.iter().any(|held| {
                held.securable == Securable::Endpoint(endpoint.id)
                    && held.grantee == login.id
                    && held.permission.eq_ignore_ascii_case("CONNECT")
                    && state(held.state)
            })
        };
        !connects(|state| state == PermissionState::Deny)
            && (login.sysadmin
                || endpoint.owner == login.id
                || connects(|state| state != PermissionState::Deny))
    });
    if granted {
        return Ok(());
    }
    let login = match (login, user) {
        (Some(login), _) => login.name.to_string(),
        (None, Some(user)) => user.name.to_string(),
        (None, None) => String::new(),
    };
    Err(LinkError::NoConnectPermission { login })
}

/// What the error log says of a handshake that failed for this reason: message 28047 with the reason's own message in
/// it. The states are guesses but for the ones of a certificate that is not found (89) and of a missing permission (84).
pub(super) fn log_line(error: &LinkError) -> Option<String> {
    let peer = "The certificate used by the peer is invalid due to the following reason:";
    let reason = match error {
        // 28027
        LinkError::EndpointNotEncrypted { .. } => {
            "There is no compatible encryption algorithm. State 22.".to_owned()
        }
        LinkError::EndpointWithoutCertificate { .. } => {
            "There is no compatible authentication protocol. State 21.".to_owned()
        }
        // 28035
        LinkError::CertificateNotOnInstance { .. }
        | LinkError::CertificateNotOnSqlServer { .. } => {
            format!("{peer} Certificate not found. State 89.")
        }
        LinkError::PartnerCertificateInvalid { .. }
        | LinkError::InstanceCertificateInvalid { .. } => {
            format!("{peer} Certificate expired. State 85.")
        }
        LinkError::IssuerNotTrusted { .. } => {
            format!("{peer} The issuer of the certificate is not trusted. State 90.")
        }
        // 28036: the private key is there, and nobody can open it.
        LinkError::PartnerKeyClosed { .. } => {
            "The certificate used by this endpoint was not found: the private key cannot be opened. Use DBCC CHECKDB in master database to verify the metadata integrity of the endpoints. State 84.".to_owned()
        }
        // 28045
        LinkError::InstanceCertificateMismatch { .. } => {
            "The certificate used by the peer does not match the one in MASTER database with same issuer name and serial number. State 88.".to_owned()
        }
        // 28034, under 28048
        LinkError::NoConnectPermission { login } => {
            return Some(format!(
                "Database Mirroring login attempt by user '{login}.' failed with error: 'Connection handshake failed. The login '{login}' does not have CONNECT permission on the endpoint. State 84.'."
            ));
        }
        _ => return None,
    };
    Some(format!(
        "Database Mirroring login attempt failed with error: 'Connection handshake failed. {reason}'."
    ))
}
