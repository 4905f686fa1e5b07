//! `sys.endpoints` and the views that add to it: the system's endpoints and the mirroring endpoint.

use std::net::Ipv4Addr;

use milink_core::endpoint::{
    EncryptionAlgorithm, Endpoint, EndpointAuthentication, EndpointEncryption, EndpointRole,
    EndpointState, WindowsProtocol,
};
use milink_core::instance::MANAGED_INSTANCE_MIRRORING_PORT;
use milink_core::value::{Row, Value};

use crate::catalog::column::{BIT, DESC, INT, NAME, TINYINT, ViewColumn, col, join, nvarchar, req};
use crate::catalog::{Cell, Scope, View};

pub(super) const ENDPOINTS: View = View::sys("endpoints", COLUMNS, |scope| {
    let rows = facts(scope).into_iter();
    rows.map(|facts| facts.common().into()).collect()
});

pub(super) const TCP_ENDPOINTS: View = View::sys("tcp_endpoints", TCP_COLUMNS, |scope| {
    let tcp = facts(scope)
        .into_iter()
        .filter(|facts| facts.protocol.0 == 2);
    tcp.map(|facts| facts.tcp()).collect()
});

pub(super) const DATABASE_MIRRORING_ENDPOINTS: View =
    View::sys("database_mirroring_endpoints", MIRRORING_COLUMNS, |scope| {
        let mirroring = facts(scope).into_iter();
        mirroring.filter_map(|facts| facts.mirroring()).collect()
    });

const COMMON: [ViewColumn; 10] = [
    req("name", NAME),
    req("endpoint_id", INT),
    col("principal_id", INT),
    req("protocol", TINYINT),
    col("protocol_desc", DESC),
    req("type", TINYINT),
    col("type_desc", DESC),
    col("state", TINYINT),
    col("state_desc", DESC),
    req("is_admin_endpoint", BIT),
];
const COLUMNS: &[ViewColumn] = &COMMON;
const TCP_COLUMNS: &[ViewColumn] = &join::<10, 3, 13>(
    COMMON,
    [
        req("port", INT),
        req("is_dynamic_port", BIT),
        col("ip_address", nvarchar(45)),
    ],
);
const MIRRORING_COLUMNS: &[ViewColumn] = &join::<10, 8, 18>(
    COMMON,
    [
        col("role", TINYINT),
        col("role_desc", DESC),
        req("is_encryption_enabled", BIT),
        req("connection_auth", TINYINT),
        col("connection_auth_desc", DESC),
        req("certificate_id", INT),
        req("encryption_algorithm", TINYINT),
        col("encryption_algorithm_desc", DESC),
    ],
);

type Code = (u8, &'static str);

/// An endpoint of the instance, whether the system's or the user's.
struct Facts {
    name: String,
    id: i32,
    protocol: Code,
    kind: Code,
    state: Code,
    admin: bool,
    port: u16,
    address: Option<Ipv4Addr>,
    mirroring: Option<Mirroring>,
}

struct Mirroring {
    role: Code,
    encrypted: bool,
    authentication: Code,
    certificate: i32,
    algorithm: Code,
}

impl Facts {
    fn common(&self) -> Vec<Value> {
        vec![
            self.name.as_str().cell(),
            self.id.cell(),
            1.cell(),
            self.protocol.0.cell(),
            self.protocol.1.cell(),
            self.kind.0.cell(),
            self.kind.1.cell(),
            self.state.0.cell(),
            self.state.1.cell(),
            self.admin.cell(),
        ]
    }

    fn tcp(&self) -> Row {
        let mut row = self.common();
        let address = self.address.map(|address| address.to_string());
        row.extend([self.port.cell(), false.cell(), address.cell()]);
        row.into()
    }

    fn mirroring(&self) -> Option<Row> {
        let facts = self.mirroring.as_ref()?;
        let mut row = self.common();
        row.extend([
            facts.role.0.cell(),
            facts.role.1.cell(),
            facts.encrypted.cell(),
            facts.authentication.0.cell(),
            facts.authentication.1.cell(),
            facts.certificate.cell(),
            facts.algorithm.0.cell(),
            facts.algorithm.1.cell(),
        ]);
        Some(row.into())
    }
}

fn facts(scope: &Scope<'_>) -> Vec<Facts> {
    const STARTED: Code = (0, "STARTED");
    const TSQL: Code = (2, "TSQL");
    let system = |name: &str, id, protocol, admin| Facts {
        name: name.to_owned(),
        id,
        protocol,
        kind: TSQL,
        state: STARTED,
        admin,
        port: 0,
        address: None,
        mirroring: None,
    };
    let mut all = vec![
        system("Dedicated Admin Connection", 1, (2, "TCP"), true),
        system("TSQL Local Machine", 2, (4, "SHARED_MEMORY"), false),
        system("TSQL Named Pipes", 3, (3, "NAMED_PIPES"), false),
        system("TSQL Default TCP", 4, (2, "TCP"), false),
        system("TSQL Default VIA", 5, (5, "VIA"), false),
    ];
    if let Some(endpoint) = &scope.instance.endpoint {
        all.push(of_user(endpoint));
    } else if scope.instance.is_managed_instance() {
        all.push(of_service());
    }
    all
}

fn of_user(endpoint: &Endpoint) -> Facts {
    Facts {
        name: endpoint.name.to_string(),
        id: endpoint.id.0,
        protocol: (2, "TCP"),
        kind: (4, "DATABASE_MIRRORING"),
        state: match endpoint.state {
            EndpointState::Started => (0, "STARTED"),
            EndpointState::Stopped => (1, "STOPPED"),
            EndpointState::Disabled => (2, "DISABLED"),
        },
        admin: false,
        port: endpoint.port,
        address: endpoint.listener_ip,
        mirroring: Some(Mirroring {
            role: match endpoint.role {
                EndpointRole::None => (0, "NONE"),
                EndpointRole::Partner => (1, "PARTNER"),
                EndpointRole::Witness => (2, "WITNESS"),
                EndpointRole::All => (3, "ALL"),
            },
            encrypted: endpoint.encryption != EndpointEncryption::Disabled,
            authentication: authentication(endpoint.authentication),
            certificate: endpoint.authentication.certificate().map_or(0, |id| id.0),
            algorithm: algorithm(endpoint.encryption),
        }),
    }
}

/// The endpoint that the service makes on a managed instance (its name is a guess).
fn of_service() -> Facts {
    Facts {
        name: "MI_Mirroring_Endpoint".to_owned(),
        id: 65_536,
        protocol: (2, "TCP"),
        kind: (4, "DATABASE_MIRRORING"),
        state: (0, "STARTED"),
        admin: false,
        port: MANAGED_INSTANCE_MIRRORING_PORT,
        address: None,
        mirroring: Some(Mirroring {
            role: (3, "ALL"),
            encrypted: true,
            authentication: (4, "CERTIFICATE"),
            certificate: 256,
            algorithm: (2, "AES"),
        }),
    }
}

fn authentication(authentication: EndpointAuthentication) -> Code {
    use EndpointAuthentication as A;
    use WindowsProtocol as P;
    match authentication {
        A::Windows(P::Ntlm) => (1, "NTLM"),
        A::Windows(P::Kerberos) => (2, "KERBEROS"),
        A::Windows(P::Negotiate) => (3, "NEGOTIATE"),
        A::Certificate(_) => (4, "CERTIFICATE"),
        A::WindowsThenCertificate(P::Ntlm, _) => (5, "NTLM, CERTIFICATE"),
        A::WindowsThenCertificate(P::Kerberos, _) => (6, "KERBEROS, CERTIFICATE"),
        A::WindowsThenCertificate(P::Negotiate, _) => (7, "NEGOTIATE, CERTIFICATE"),
        A::CertificateThenWindows(_, P::Ntlm) => (8, "CERTIFICATE, NTLM"),
        A::CertificateThenWindows(_, P::Kerberos) => (9, "CERTIFICATE, KERBEROS"),
        A::CertificateThenWindows(_, P::Negotiate) => (10, "CERTIFICATE, NEGOTIATE"),
    }
}

fn algorithm(encryption: EndpointEncryption) -> Code {
    use EncryptionAlgorithm as A;
    use EndpointEncryption as E;
    match encryption {
        E::Disabled => (0, "NONE"),
        E::Required(A::Rc4) => (1, "RC4"),
        E::Required(A::Aes) => (2, "AES"),
        E::Required(A::Rc4Aes) => (5, "RC4, AES"),
        E::Required(A::AesRc4) => (6, "AES, RC4"),
        E::Supported(A::Rc4) => (3, "NONE, RC4"),
        E::Supported(A::Aes) => (4, "NONE, AES"),
        E::Supported(A::Rc4Aes) => (7, "NONE, RC4, AES"),
        E::Supported(A::AesRc4) => (8, "NONE, AES, RC4"),
    }
}
