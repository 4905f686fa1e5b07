//! Certificates of the two sides of a link.

use serde::{Deserialize, Serialize};

/// A partner's certificate, uploaded to a managed instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerTrustCertificateProperties {
    /// The DER certificate in hexadecimal; answered without `0x`, in upper case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_blob: Option<String>,
    /// SHA-1 of the certificate, in upper case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// The resource's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<String>,
}

/// The managed instance's own certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointCertificateProperties {
    /// The DER certificate in hexadecimal, without `0x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_blob: Option<String>,
    /// The roots it is issued under; from 2025-08-01-preview on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_root_certificates: Vec<TrustedRootCertificate>,
}

/// A root that SQL Server must trust.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedRootCertificate {
    /// Its subject.
    pub subject: String,
    /// The DER certificate in hexadecimal, without `0x`.
    pub public_blob: String,
}
