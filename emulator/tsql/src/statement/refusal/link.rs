//! The numbers of the errors of links: no statement ends with them, but views and logs show them.

use milink_core::refusal::LinkError;

/// The message number of a link's error (`link-lifecycle.md` sections 1.3 and 4.4); where the list has no message for what
/// milink can tell apart, the nearest one (guess).
pub fn number(error: &LinkError) -> i32 {
    match error {
        LinkError::PartnerUnreachable { .. }
        | LinkError::EndpointNotStarted { .. }
        | LinkError::EndpointWithoutCertificate { .. }
        | LinkError::RoleMismatch => 41986,
        LinkError::EndpointNotEncrypted { .. } => 41998,
        LinkError::NoConnectPermission { .. } => 28034,
        LinkError::CertificateNotOnInstance { .. }
        | LinkError::PartnerCertificateInvalid { .. }
        | LinkError::PartnerKeyClosed { .. } => 41973,
        LinkError::CertificateNotOnSqlServer { .. }
        | LinkError::IssuerNotTrusted { .. }
        | LinkError::InstanceCertificateInvalid { .. }
        | LinkError::InstanceCertificateMismatch { .. } => 41974,
        LinkError::GroupNotResponding { .. } => 41976,
        // The copy cannot be made there: the number of what a key is missing for is only known of the instance.
        LinkError::DatabaseNotResponding { .. } | LinkError::TdeProtectorNotOnSqlServer { .. } => {
            41977
        }
        LinkError::TdeProtectorNotOnInstance { .. } => 41923,
        LinkError::TargetDatabaseExists { .. } => 1801,
        LinkError::VersionNotSupported { .. } => 35104,
        // RESTORE's message about a backup of a newer version.
        LinkError::PolicyTooOld { .. } => 3169,
        LinkError::SeveralLogFiles { .. } => 41948,
        LinkError::ModeMismatch { .. } => 41972,
        LinkError::DatabaseOmitted { .. } => 41976,
        LinkError::SourceFormatNotCompatible { .. } => 41984,
        LinkError::FailbackNeedsMatchingFormat { .. } => 41988,
        LinkError::InitTimeout { .. } => 41962,
        LinkError::CreateDatabaseNotGranted { .. }
        | LinkError::CreationCanceled { .. }
        | LinkError::NoCapacity { .. }
        | LinkError::SeedingFailed { .. }
        | LinkError::SeedingCancelled { .. } => 47521,
        // The operating system is out of space for a file of the database.
        LinkError::DiskFull { .. } => 1105,
        LinkError::FailoverFailed => 47514,
        LinkError::LogGone { .. } => 1412,
        LinkError::PartnerDropped | LinkError::NetworkInterrupted => 41971,
    }
}
