//! Who trusts whose certificate.

use super::endpoint::own;
use super::{Check, NO_INSTANCE, NO_SERVER, Subject, Title, Verdict, listed, thumbprint};
use crate::certificate::{MANAGED_INSTANCE_DNS_PATTERN, PUBLIC_ROOTS};
use crate::instance::Instance;
use crate::refusal::LinkError;
use crate::time::Span;

/// What is left when an expiry is near enough to be told.
const SOON: Span = Span::minutes(30 * 24 * 60);
/// The roots' file names in the documentation, in the order of [`PUBLIC_ROOTS`].
const ROOT_NAMES: [&str; 2] = [
    "Microsoft RSA Root Certificate Authority 2017",
    "DigiCert Global Root G2",
];

pub(super) fn uploaded(subject: &Subject<'_>) -> Check {
    let title = Title(
        "certificate-on-instance",
        "The managed instance has the certificate of SQL Server's endpoint",
    );
    let Some((_, mi)) = subject.managed_instance() else {
        return title.unknown(NO_INSTANCE);
    };
    let Some(own) = subject.server.and_then(own) else {
        return title.unknown("SQL Server's endpoint has no certificate");
    };
    let wanted = format!(
        "SQL Server's endpoint shows '{}', thumbprint {}",
        own.name,
        thumbprint(&own.facts.thumbprint)
    );
    let uploaded = mi
        .trust_certificates
        .iter()
        .find(|(_, facts)| facts.thumbprint == own.facts.thumbprint);
    match uploaded {
        Some((name, _)) => title.ok(wanted).and(format!("it was uploaded as '{name}'")),
        None => {
            let others = mi.trust_certificates.iter().map(|(name, facts)| {
                format!("{name}, thumbprint {}", thumbprint(&facts.thumbprint))
            });
            title
                .fail(wanted)
                .and(format!("uploaded to the instance: {}", listed(others)))
                .remedy(format!(
                    "on SQL Server: USE master; SELECT CERTENCODED(CERT_ID(N'{}'));",
                    own.name
                ))
                .remedy(format!(
                    "az sql mi partner-cert create {} -n {} --public-blob 0x…",
                    subject.az_instance(),
                    own.name
                ))
        }
    }
}

pub(super) fn imported(subject: &Subject<'_>) -> Check {
    let title = Title(
        "instance-certificate",
        "SQL Server has the managed instance's certificate, named like its FQDN",
    );
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    let Some((instance, mi)) = subject.managed_instance() else {
        return title.unknown(NO_INSTANCE);
    };
    let fqdn = instance.server_name();
    let shown = &mi.endpoint_certificate;
    if !shown.is_valid_at(subject.world.now()) {
        return title
            .fail(format!("the instance's certificate is valid from {} to {}", shown.not_before, shown.not_after))
            .remedy("the service rotates it by itself; milink does when it is told: POST /_milink/servers/<name>/rotate-certificate");
    }
    let wanted = shown.thumbprint;
    let wanted_text = format!(
        "the instance's certificate has the thumbprint {}",
        thumbprint(&wanted)
    );
    let content = &server.master().content;
    let named = content.certificate(&fqdn);
    let same = content
        .certificates
        .values()
        .find(|certificate| certificate.facts.thumbprint == wanted);
    let import = || {
        format!(
            "on SQL Server: USE master; CREATE CERTIFICATE [{fqdn}] FROM BINARY = 0x<EndpointCertificatePublicKey>;"
        )
    };
    let read = "on the managed instance: EXEC sp_get_endpoint_certificate 4;";
    match (named, same) {
        (Some(named), Some(same)) if named.id == same.id => {
            let found = format!("'{}', thumbprint {}", named.name, thumbprint(&wanted));
            match crate::link::check_permission(server, named) {
                Ok(()) => title.ok(found),
                Err(refused) => {
                    permission(title.fail(found).and(refused.to_string()), server, &refused)
                }
            }
        }
        (Some(named), _)
            if mi.former_certificates.contains(&named.facts.thumbprint)
                && roots(subject).verdict == Verdict::Ok =>
        {
            title.ok(format!(
                "'{}' is the one of before a rotation, and the roots vouch for the new one",
                named.name
            ))
        }
        (None, Some(other)) => title
            .fail(wanted_text)
            .and(format!(
                "it was imported as '{}'; the name has to be '{fqdn}'",
                other.name
            ))
            .remedy(format!("DROP CERTIFICATE [{}];", other.name))
            .remedy(read)
            .remedy(import()),
        (Some(named), _) => title
            .fail(wanted_text)
            .and(format!(
                "'{}' has the thumbprint {}",
                named.name,
                thumbprint(&named.facts.thumbprint)
            ))
            .remedy(format!("DROP CERTIFICATE [{}];", named.name))
            .remedy(read)
            .remedy(import()),
        (None, None) => title
            .fail(wanted_text)
            .and(format!("sys.certificates of master has no '{fqdn}'"))
            .remedy(read)
            .remedy(import()),
    }
}

fn permission(check: Check, server: &Instance, refused: &LinkError) -> Check {
    let (LinkError::NoConnectPermission { login }, Some(endpoint)) = (refused, &server.endpoint)
    else {
        return check;
    };
    check.remedy(format!(
        "GRANT CONNECT ON ENDPOINT::[{}] TO [{login}];",
        endpoint.name
    ))
}

pub(super) fn roots(subject: &Subject<'_>) -> Check {
    let title = Title(
        "issuer",
        "SQL Server trusts the issuer of the managed instance's certificate",
    );
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    let content = &server.master().content;
    let now = subject.world.now();
    let mut evidence = Vec::new();
    let mut imported = None;
    for (root, name) in PUBLIC_ROOTS.iter().zip(ROOT_NAMES) {
        let found = content
            .certificates
            .values()
            .find(|certificate| certificate.facts.thumbprint == *root);
        let Some(found) = found else {
            evidence.push(format!("{name} is not imported"));
            continue;
        };
        imported = imported.or(Some(found));
        let registered = found
            .issuer_for
            .iter()
            .any(|dns| dns.eq_ignore_ascii_case(MANAGED_INSTANCE_DNS_PATTERN));
        match (registered, found.facts.is_valid_at(now)) {
            (true, true) => {
                return title.ok(format!(
                    "'{}' is {name}, issuer for {MANAGED_INSTANCE_DNS_PATTERN}",
                    found.name
                ));
            }
            (true, false) => {
                evidence.push(format!("'{}' is {name}, and not valid now", found.name))
            }
            (false, _) => evidence.push(format!(
                "'{}' is {name}, registered as issuer for {}",
                found.name,
                listed(&found.issuer_for)
            )),
        }
    }
    let name = imported.map_or_else(|| "MicrosoftPKI".to_owned(), |found| found.name.to_string());
    let mut check = title.fail(evidence.remove(0));
    check.evidence.extend(evidence);
    if imported.is_none() {
        check = check.remedy(format!(
            "CREATE CERTIFICATE [{name}] FROM FILE = N'<{} as a .cer file>';",
            ROOT_NAMES[0]
        ));
    }
    check.remedy(format!(
        "DECLARE @CERTID int = CERT_ID('{name}'); EXEC sp_certificate_add_issuer @CERTID, N'{MANAGED_INSTANCE_DNS_PATTERN}';"
    ))
}

pub(super) fn expiry(subject: &Subject<'_>) -> Check {
    let title = Title(
        "certificate-expiry",
        "No certificate of the link expires soon",
    );
    let now = subject.world.now();
    let of_server = subject.server.and_then(own).map(|own| {
        let name = format!("SQL Server's '{}'", own.name);
        (name, own.facts.not_after)
    });
    let of_instance = subject.managed_instance().map(|(_, mi)| {
        (
            "the instance's".to_owned(),
            mi.endpoint_certificate.not_after,
        )
    });
    let certificates: Vec<_> = of_server.into_iter().chain(of_instance).collect();
    let shown: Vec<String> = certificates
        .iter()
        .map(|(name, until)| format!("{name} until {until}"))
        .collect();
    if certificates.is_empty() {
        return title.unknown("there is no certificate");
    }
    let near = certificates.iter().any(|(_, until)| *until < now + SOON);
    match near {
        false => title.ok(shown.join(", ")),
        true => title
            .warn(shown.join(", "))
            .remedy("create a new certificate, upload it to the instance, and only then ALTER ENDPOINT … AUTHENTICATION = CERTIFICATE"),
    }
}
