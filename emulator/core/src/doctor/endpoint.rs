//! SQL Server's database mirroring endpoint.

use super::{Check, NO_SERVER, Subject, Title, thumbprint};
use crate::certificate::{Certificate, PrivateKey};
use crate::endpoint::{Endpoint, EndpointEncryption, EndpointState};
use crate::instance::Instance;

const NONE: &str = "SQL Server has no database mirroring endpoint";

/// The documented statement.
fn create(certificate: &str) -> String {
    format!(
        "CREATE ENDPOINT database_mirroring_endpoint STATE=STARTED AS TCP (LISTENER_PORT=5022, LISTENER_IP=ALL) FOR DATABASE_MIRRORING (ROLE=ALL, AUTHENTICATION=CERTIFICATE [{certificate}], ENCRYPTION=REQUIRED ALGORITHM AES);"
    )
}

pub(super) fn exists(subject: &Subject<'_>) -> Check {
    let title = Title("endpoint", "SQL Server has a database mirroring endpoint");
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    match &server.endpoint {
        Some(endpoint) => title.ok(format!("'{}' on port {}", endpoint.name, endpoint.port)),
        None => title
            .fail("sys.database_mirroring_endpoints is empty")
            .remedy(create(&own_name(server))),
    }
}

pub(super) fn started(subject: &Subject<'_>) -> Check {
    let title = Title("endpoint-started", "The endpoint is started");
    let Some(endpoint) = subject.server.and_then(|server| server.endpoint.as_ref()) else {
        return title.unknown(NONE);
    };
    let evidence = format!("state_desc of '{}' is {:?}", endpoint.name, endpoint.state);
    match endpoint.state {
        EndpointState::Started => title.ok(evidence),
        EndpointState::Stopped | EndpointState::Disabled => title.fail(evidence).remedy(format!(
            "ALTER ENDPOINT [{}] STATE = STARTED;",
            endpoint.name
        )),
    }
}

/// The address under which the link, or the group's replica, looks for the endpoint.
pub(super) fn address(subject: &Subject<'_>) -> Check {
    let title = Title(
        "endpoint-address",
        "The endpoint listens where the partner looks for it",
    );
    if let (Some(link), None) = (subject.link, subject.server) {
        let servers = subject.world.instances.values().filter_map(|found| {
            let server = found.as_sql_server()?;
            Some(format!("{} at {}", found.name, server.address))
        });
        let servers: Vec<String> = servers.collect();
        return title
            .fail(format!("the partner endpoint is '{}'", link.partner_endpoint()))
            .and(format!("the SQL Servers are {}", servers.join(", ")))
            .remedy(format!("delete link '{}' and create it with the address and the mirroring port of SQL Server", link.id.name));
    }
    let (Some((server, of_server)), Some(endpoint)) = (
        subject.sql_server(),
        subject.server.and_then(|server| server.endpoint.as_ref()),
    ) else {
        return title.unknown(NONE);
    };
    let listens = match endpoint.listener_ip {
        Some(ip) => format!("it listens on {ip}:{}", endpoint.port),
        None => format!("it listens on all addresses, port {}", endpoint.port),
    };
    if endpoint
        .listener_ip
        .is_some_and(|ip| ip != of_server.address)
    {
        return title
            .fail(listens)
            .and(format!(
                "{} has the address {}",
                server.name, of_server.address
            ))
            .remedy(format!(
                "ALTER ENDPOINT [{}] AS TCP (LISTENER_IP = ALL);",
                endpoint.name
            ));
    }
    let Some(link) = subject.link else {
        return title.ok(listens);
    };
    let looked_for = format!("the partner endpoint is '{}'", link.partner_endpoint());
    let url = crate::listener_url::ListenerUrl::parse(link.partner_endpoint());
    // An address of a machine does not go with the primary role from replica to replica.
    let mut sets = subject.world.replica_sets.values();
    let moved = sets.any(|set| set.primary == server.id && set.name == link.spec.partner_group);
    let leads_here = url
        .as_ref()
        .is_none_or(|url| crate::link::has_address(server, url));
    if moved && !leads_here {
        let address = format!("TCP://{}:{}", of_server.address, endpoint.port);
        return title
            .fail(looked_for)
            .and(format!("the primary replica of '{}' is {} now", link.spec.partner_group, server.name))
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{}] MODIFY AVAILABILITY GROUP ON N'{}' WITH (LISTENER_URL = '{address}');",
                link.id.name, link.spec.partner_group
            ));
    }
    let really = of_server.loopback.map(|(_, port)| port);
    let right = url
        .as_ref()
        .is_some_and(|url| url.port == endpoint.port || Some(url.port) == really);
    match right {
        true => title.ok(listens).and(looked_for),
        false => title.fail(listens).and(looked_for).remedy(format!(
            "ALTER ENDPOINT [{}] AS TCP (LISTENER_PORT = {});",
            endpoint.name,
            url.map_or(5022, |url| url.port)
        )),
    }
}

pub(super) fn encryption(subject: &Subject<'_>) -> Check {
    let title = Title("endpoint-encryption", "The endpoint encrypts with AES");
    let Some(endpoint) = subject.server.and_then(|server| server.endpoint.as_ref()) else {
        return title.unknown(NONE);
    };
    let evidence = match endpoint.encryption {
        EndpointEncryption::Disabled => "ENCRYPTION = DISABLED".to_owned(),
        EndpointEncryption::Supported(algorithm) => format!("SUPPORTED, {algorithm:?}"),
        EndpointEncryption::Required(algorithm) => format!("REQUIRED, {algorithm:?}"),
    };
    let aes = endpoint.encryption.algorithm();
    match aes.is_some_and(|algorithm| algorithm.allows_aes()) {
        true => title.ok(evidence),
        false => title
            .fail(evidence)
            .remedy(alter(endpoint, "ENCRYPTION = REQUIRED ALGORITHM AES")),
    }
}

pub(super) fn authentication(subject: &Subject<'_>) -> Check {
    let title = Title(
        "endpoint-authentication",
        "The endpoint authenticates by certificate",
    );
    let (Some(server), Some(endpoint)) = (
        subject.server,
        subject.server.and_then(|server| server.endpoint.as_ref()),
    ) else {
        return title.unknown(NONE);
    };
    match own(server) {
        Some(own) => title.ok(format!("certificate '{}'", own.name)),
        None => title
            .fail("connection_auth_desc has no CERTIFICATE")
            .remedy(alter(
                endpoint,
                &format!("AUTHENTICATION = CERTIFICATE [{}]", own_name(server)),
            )),
    }
}

pub(super) fn certificate(subject: &Subject<'_>) -> Check {
    let title = Title(
        "endpoint-certificate",
        "The endpoint's certificate is valid now",
    );
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    let Some(own) = own(server) else {
        return title.unknown("the endpoint has no certificate");
    };
    let evidence = format!(
        "'{}', thumbprint {}, valid from {} to {}",
        own.name,
        thumbprint(&own.facts.thumbprint),
        own.facts.not_before,
        own.facts.not_after
    );
    let key = server.master().content.master_key.as_ref();
    let opens =
        own.private_key == PrivateKey::MasterKey && key.is_some_and(|key| key.encrypted_by_server);
    if !opens {
        return title
            .fail(evidence)
            .and("its private key cannot be opened: the service master key does not encrypt the master key, or it has none")
            .remedy("OPEN MASTER KEY DECRYPTION BY PASSWORD = '<password>';")
            .remedy("ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;");
    }
    match own.facts.is_valid_at(subject.world.now()) {
        true => title.ok(evidence),
        false => title
            .fail(evidence)
            .and(format!("it is {} now", subject.world.now()))
            .remedy("CREATE CERTIFICATE [<new>] WITH SUBJECT = N'<new>', EXPIRY_DATE = N'<later>';")
            .remedy(format!("upload its public key: az sql mi partner-cert create {} -n <new> --public-blob 0x…", subject.az_instance()))
            .remedy(server.endpoint.as_ref().map_or_else(String::new, |endpoint| {
                alter(endpoint, "AUTHENTICATION = CERTIFICATE [<new>]")
            })),
    }
}

/// The certificate that the endpoint shows.
pub(super) fn own(server: &Instance) -> Option<&Certificate> {
    let id = server.endpoint.as_ref()?.authentication.certificate()?;
    server
        .master()
        .content
        .certificates
        .get(&id)
        .map(AsRef::as_ref)
}

/// The name of a certificate that the endpoint could show.
fn own_name(server: &Instance) -> String {
    let certificates = server.master().content.certificates.values();
    let mut with_key = certificates
        .filter(|certificate| certificate.private_key != PrivateKey::None)
        .map(|certificate| certificate.name.to_string());
    let fallback = || format!("Cert_{}_endpoint", server.name);
    with_key.next_back().unwrap_or_else(fallback)
}

fn alter(endpoint: &Endpoint, what: &str) -> String {
    format!(
        "ALTER ENDPOINT [{}] FOR DATABASE_MIRRORING ({what});",
        endpoint.name
    )
}
