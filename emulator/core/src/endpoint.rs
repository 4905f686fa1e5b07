//! Database mirroring endpoints: where availability groups reach an instance.

use std::net::Ipv4Addr;

use crate::ids::{CertificateId, EndpointId, PrincipalId};
use crate::names::Name;
use crate::time::Timestamp;

/// A database mirroring endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its id; user endpoints start at 65536.
    pub id: EndpointId,
    /// Its name.
    pub name: Name,
    /// Who owns it.
    pub owner: PrincipalId,
    /// Whether it listens.
    pub state: EndpointState,
    /// The TCP port.
    pub port: u16,
    /// The address it listens on; none means all.
    pub listener_ip: Option<Ipv4Addr>,
    /// PARTNER, WITNESS or ALL.
    pub role: EndpointRole,
    /// How peers prove who they are.
    pub authentication: EndpointAuthentication,
    /// Whether and how the traffic is encrypted.
    pub encryption: EndpointEncryption,
    /// When it was created.
    pub created: Timestamp,
}

/// `state` of `sys.endpoints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum EndpointState {
    Started,
    Stopped,
    Disabled,
}

/// `role` of `sys.database_mirroring_endpoints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum EndpointRole {
    None,
    Partner,
    Witness,
    All,
}

/// `AUTHENTICATION =` of an endpoint, in the order it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointAuthentication {
    /// Windows only.
    Windows(WindowsProtocol),
    /// A certificate only.
    Certificate(CertificateId),
    /// Windows first, then a certificate.
    WindowsThenCertificate(WindowsProtocol, CertificateId),
    /// A certificate first, then Windows.
    CertificateThenWindows(CertificateId, WindowsProtocol),
}

impl EndpointAuthentication {
    /// The endpoint's own certificate, if it has one.
    pub fn certificate(self) -> Option<CertificateId> {
        match self {
            Self::Windows(_) => None,
            Self::Certificate(id)
            | Self::WindowsThenCertificate(_, id)
            | Self::CertificateThenWindows(id, _) => Some(id),
        }
    }
}

/// The Windows protocol of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum WindowsProtocol {
    Ntlm,
    Kerberos,
    Negotiate,
}

/// `ENCRYPTION =` of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointEncryption {
    /// DISABLED.
    Disabled,
    /// SUPPORTED.
    Supported(EncryptionAlgorithm),
    /// REQUIRED.
    Required(EncryptionAlgorithm),
}

impl EndpointEncryption {
    /// The algorithm, if traffic can be encrypted at all.
    pub fn algorithm(self) -> Option<EncryptionAlgorithm> {
        match self {
            Self::Disabled => None,
            Self::Supported(algorithm) | Self::Required(algorithm) => Some(algorithm),
        }
    }
}

/// `ALGORITHM` of an endpoint, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the statement's words")]
pub enum EncryptionAlgorithm {
    Rc4,
    Aes,
    AesRc4,
    Rc4Aes,
}

impl EncryptionAlgorithm {
    /// Whether AES can be agreed on.
    pub fn allows_aes(self) -> bool {
        self != Self::Rc4
    }
}
