//! Which version of SQL Server can do what with which managed instance: the tables of the overview article.

use crate::topology::{Policy, Version};

/// Whether databases of this SQL Server can be replicated to such an instance: its databases may not be newer than the
/// instance's (`Managed Instance link overview`, version support).
pub const fn may_replicate(version: Version, policy: Policy) -> bool {
    match (version, policy) {
        (Version::Sql2025 | Version::Sql2025Cu9, Policy::Sql2022) => false,
        (
            Version::Sql2016
            | Version::Sql2017
            | Version::Sql2019
            | Version::Sql2022Rtm
            | Version::Sql2022Cu10
            | Version::Sql2022Cu13
            | Version::Sql2022Cu27
            | Version::Sql2025
            | Version::Sql2025Cu9,
            Policy::Sql2022 | Policy::Sql2025 | Policy::AlwaysUpToDate,
        ) => true,
    }
}

/// Whether databases can come back from such an instance: formats match exactly, and the version has failback.
pub const fn can_return(version: Version, policy: Policy) -> bool {
    matches!(
        (version, policy),
        (
            Version::Sql2022Rtm
                | Version::Sql2022Cu10
                | Version::Sql2022Cu13
                | Version::Sql2022Cu27,
            Policy::Sql2022
        ) | (Version::Sql2025 | Version::Sql2025Cu9, Policy::Sql2025)
    )
}

/// Whether `ALTER AVAILABILITY GROUP … FAILOVER` of a link is in this version: SQL Server 2022 CU13, and 2025.
pub(super) const fn fails_over_by_statement(version: Version) -> bool {
    matches!(
        version,
        Version::Sql2022Cu13 | Version::Sql2022Cu27 | Version::Sql2025 | Version::Sql2025Cu9
    )
}
