//! Why a link could not be made, or stopped working.

use super::Explanation;
use crate::doctor::Subject;
use crate::link::Link;
use crate::refusal::LinkError;
use crate::world::World;

/// Explains an error of a link. Without the link, which may be gone, only the reason is known.
pub fn link_error(world: &World, link: Option<&Link>, error: &LinkError) -> Explanation {
    let explained = Explanation::of(error).fact(meaning(error));
    let explained = match link {
        None => explained.fact("the link is not there any more"),
        Some(link) => explained.checked(&Subject::of_link(world, link), suspects(error)),
    };
    match then(error) {
        Some(step) => explained.remedy(step),
        None => explained,
    }
}

/// The checks that tell of it.
fn suspects(error: &LinkError) -> &'static [&'static str] {
    match error {
        LinkError::PartnerUnreachable { .. } => &["endpoint-address", "network"],
        LinkError::EndpointNotStarted { .. } => {
            &["endpoint", "endpoint-started", "endpoint-address"]
        }
        LinkError::EndpointWithoutCertificate { .. } => &["endpoint-authentication"],
        LinkError::EndpointNotEncrypted { .. } => &["endpoint-encryption"],
        LinkError::CertificateNotOnInstance { .. } => &["certificate-on-instance"],
        LinkError::PartnerCertificateInvalid { .. } | LinkError::PartnerKeyClosed { .. } => {
            &["endpoint-certificate"]
        }
        LinkError::InstanceCertificateInvalid { .. }
        | LinkError::InstanceCertificateMismatch { .. }
        | LinkError::NoConnectPermission { .. }
        | LinkError::CertificateNotOnSqlServer { .. } => &["instance-certificate"],
        LinkError::IssuerNotTrusted { .. } => &["issuer"],
        LinkError::GroupNotResponding { .. } => {
            &["availability-group", "distributed-group", "listener-url"]
        }
        LinkError::DatabaseNotResponding { .. } => {
            &["database", "availability-group", "database-group"]
        }
        LinkError::TargetDatabaseExists { .. } => &["target-database"],
        LinkError::VersionNotSupported { .. } => &["server-version"],
        LinkError::PolicyTooOld { .. }
        | LinkError::SourceFormatNotCompatible { .. }
        | LinkError::FailbackNeedsMatchingFormat { .. } => &["update-policy"],
        LinkError::ModeMismatch { .. } => &["server-version"],
        LinkError::DatabaseOmitted { .. } => &["database", "availability-group", "database-group"],
        LinkError::NoCapacity { .. } => &["link-limit"],
        LinkError::TdeProtectorNotOnInstance { .. }
        | LinkError::TdeProtectorNotOnSqlServer { .. } => &["database-encryption"],
        LinkError::RoleMismatch | LinkError::PartnerDropped => {
            &["availability-group", "distributed-group"]
        }
        LinkError::InitTimeout { cause, .. } => suspects(cause),
        LinkError::CreateDatabaseNotGranted { .. } => &["create-database"],
        LinkError::FailoverFailed => &["link-connection", "data-movement", "lag"],
        LinkError::LogGone { .. } => &["log-held", "link-state"],
        LinkError::SeveralLogFiles { .. } => &["log-files", "link-state"],
        LinkError::SeedingFailed { .. }
        | LinkError::SeedingCancelled { .. }
        | LinkError::DiskFull { .. } => &["link-state"],
        LinkError::CreationCanceled { .. } => &["network", "link-state"],
        LinkError::NetworkInterrupted => &["network", "link-connection"],
    }
}

/// What it means in the life of a link (`link-lifecycle.md` sections 4.4 and 4.5), with the message that SQL Server has
/// for it.
fn meaning(error: &LinkError) -> &'static str {
    match error {
        LinkError::PartnerUnreachable { .. } => {
            "message 41986: the connection failed, or nothing answered for long; no SQL Server of this address answers"
        }
        LinkError::EndpointNotStarted { .. } => {
            "message 35250: the machine is there, and no started mirroring endpoint listens at this port"
        }
        LinkError::EndpointWithoutCertificate { .. } => {
            "message 28047: the two sides have no authentication in common; a managed instance only knows certificates"
        }
        LinkError::EndpointNotEncrypted { .. } => {
            "message 41998: a link has to be encrypted, with AES"
        }
        LinkError::CertificateNotOnInstance { .. } => {
            "message 41973: the managed instance does not know the certificate that SQL Server's endpoint shows"
        }
        LinkError::PartnerCertificateInvalid { .. } => {
            "message 28035: the certificate is only looked at in a handshake, so that a connection that stood went on"
        }
        LinkError::PartnerKeyClosed { .. } => {
            "message 28036: SQL Server cannot prove who it is without its private key"
        }
        LinkError::InstanceCertificateInvalid { .. } => {
            "message 28035: SQL Server does not accept a certificate outside of its time"
        }
        LinkError::InstanceCertificateMismatch { .. } => {
            "message 28045: same issuer and serial number, other certificate"
        }
        LinkError::NoConnectPermission { .. } => {
            "message 28034: whoever owns the imported certificate needs CONNECT on the endpoint"
        }
        LinkError::CertificateNotOnSqlServer { .. } => {
            "message 41974: SQL Server does not know the certificate that the managed instance shows"
        }
        LinkError::IssuerNotTrusted { .. } => {
            "message 41974: the imported certificate is the right one, and SQL Server does not trust who issued it"
        }
        LinkError::GroupNotResponding { .. } => {
            "message 41976: the endpoint answers, and has no such availability group, or one with other names"
        }
        LinkError::DatabaseNotResponding { .. } => {
            "message 41977: the partners are connected, and the database is not where it should be"
        }
        LinkError::TargetDatabaseExists { .. } => {
            "the copy would overwrite a database: the target must not have one of this name"
        }
        LinkError::VersionNotSupported { .. } => {
            "not every version, build and edition of SQL Server can have a link"
        }
        LinkError::PolicyTooOld { .. } => {
            "a managed instance takes no databases of a version newer than its update policy"
        }
        LinkError::SourceFormatNotCompatible { .. } => {
            "message 41984: an instance's databases only go to the version that its update policy names"
        }
        LinkError::FailbackNeedsMatchingFormat { .. } => {
            "message 41988: databases only come back to the version that the update policy names"
        }
        LinkError::ModeMismatch { .. } => {
            "message 41972: links of one SQL Server have one database each, or several each (sp_multidb_milink)"
        }
        LinkError::DatabaseOmitted { .. } => {
            "a link with several databases replicates all of an availability group: a subset cannot be chosen"
        }
        LinkError::NoCapacity { .. } => {
            "the database was added on SQL Server, and the managed instance has as many as it can have"
        }
        LinkError::TdeProtectorNotOnInstance { .. } => {
            "message 41923: an encrypted database can only be opened where the certificate or key is that protects it"
        }
        LinkError::TdeProtectorNotOnSqlServer { .. } => {
            "message 33111: the copy could not be opened on SQL Server without what protects its encryption key"
        }
        LinkError::RoleMismatch => {
            "one side of a distributed group is PRIMARY and the other SECONDARY; here both say the same"
        }
        LinkError::InitTimeout { .. } => {
            "message 41962: replication did not start in time, for the reason that was found last"
        }
        LinkError::CreateDatabaseNotGranted { .. } => {
            "seeding fails until the availability group may create databases on the receiving SQL Server"
        }
        LinkError::SeedingFailed { .. } => {
            "the copy broke off and starts anew; sys.dm_hadr_automatic_seeding counts the attempts"
        }
        LinkError::SeedingCancelled { .. } => {
            "the copy was cancelled, and the half-made database is gone"
        }
        LinkError::DiskFull { .. } => {
            "message 5149: the disk of the receiving side has no room; the copy starts anew when it has"
        }
        LinkError::FailoverFailed => {
            "message 47514: the roles are what they were; the secondary did not get everything in time"
        }
        LinkError::LogGone { .. } => {
            "message 1412: without the common part of the log only a new copy brings the sides together"
        }
        LinkError::SeveralLogFiles { .. } => {
            "message 41948: a database of a managed instance has one log file, so that a second one cannot be replicated; SQL Server 2016 lets a linked database have it, and the link breaks"
        }
        LinkError::PartnerDropped => {
            "one half of the link is gone; the other one is an orphan that holds its log until it is dropped"
        }
        LinkError::CreationCanceled { .. } => {
            "a creation is canceled after six days; the seeding was interrupted, or is too slow for the database"
        }
        LinkError::NetworkInterrupted => {
            "message 35206: the partners gave each other up after SESSION_TIMEOUT; they connect by themselves when they can"
        }
    }
}

/// What follows when the cause is gone.
fn then(error: &LinkError) -> Option<&'static str> {
    match error {
        LinkError::NetworkInterrupted
        | LinkError::FailoverFailed
        | LinkError::CreateDatabaseNotGranted { .. } => None,
        LinkError::ModeMismatch { .. } => Some(
            "remove all links, EXEC sys.sp_multidb_milink 0 or 1, and create them again in that mode",
        ),
        LinkError::DatabaseOmitted { .. } => Some(
            "delete the link and create it with all databases, or take the database out of the availability group first",
        ),
        LinkError::NoCapacity { .. } => Some(
            "ALTER AVAILABILITY GROUP … REMOVE DATABASE on SQL Server, then PATCH the link without the database",
        ),
        LinkError::SeveralLogFiles { .. } => Some(
            "a link that was never in step is asked for again then; one that has broken is deleted, with its copy and SQL Server's half, and created again",
        ),
        LinkError::LogGone { .. } | LinkError::PartnerDropped => {
            Some("delete the link, drop the other half, and create it again")
        }
        _ => Some(
            "a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself",
        ),
    }
}
