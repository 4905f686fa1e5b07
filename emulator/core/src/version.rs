//! Versions and editions of SQL Server, update policies of managed instances, and what each may do.

use std::fmt;

/// A build of SQL Server, such as 16.0.4125.3. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Build {
    /// 13 is SQL Server 2016, 14 is 2017, 15 is 2019, 16 is 2022, 17 is 2025.
    pub major: u8,
    /// Always 0 so far, but for 2008 R2.
    pub minor: u8,
    /// The build.
    pub build: u16,
    /// The revision.
    pub revision: u16,
}

impl Build {
    /// SQL Server 2016 SP3 with the Azure Connect pack.
    pub const SQL_2016: Self = Self::new(13, 7000, 253);
    /// SQL Server 2017 CU31 with the Azure Connect pack.
    pub const SQL_2017: Self = Self::new(14, 3490, 10);
    /// SQL Server 2019 CU20.
    pub const SQL_2019: Self = Self::new(15, 4312, 2);
    /// SQL Server 2022 RTM.
    pub const SQL_2022_RTM: Self = Self::new(16, 1000, 6);
    /// SQL Server 2022 CU10: links can be created from the instance.
    pub const SQL_2022_CU10: Self = Self::new(16, 4095, 4);
    /// SQL Server 2022 CU13: planned failover by T-SQL.
    pub const SQL_2022_CU13: Self = Self::new(16, 4125, 3);
    /// SQL Server 2022 CU27: links with several databases. The number is a guess; the name is documented.
    pub const SQL_2022_CU27: Self = Self::new(16, 4290, 1);
    /// SQL Server 2025 RTM.
    pub const SQL_2025: Self = Self::new(17, 1000, 7);
    /// SQL Server 2025 CU9: links with several databases. The number is a guess; the name is documented.
    pub const SQL_2025_CU9: Self = Self::new(17, 4090, 1);
    /// What a managed instance says in `SERVERPROPERTY('ProductVersion')`.
    pub const MANAGED_INSTANCE: Self = Self::new(12, 2000, 8);

    /// A build `major.0.build.revision`.
    pub const fn new(major: u8, build: u16, revision: u16) -> Self {
        Self {
            major,
            minor: 0,
            build,
            revision,
        }
    }

    /// The marketing year of the major version.
    pub const fn year(self) -> Option<u16> {
        match self.major {
            13 => Some(2016),
            14 => Some(2017),
            15 => Some(2019),
            16 => Some(2022),
            17 => Some(2025),
            _ => None,
        }
    }

    /// The version called `name`: `2016`, `2017`, `2019`, `2022`, `2022-rtm`, `2022-cu10`, `2022-cu13`, `2022-cu27`, `2025`,
    /// `2025-cu9`, or four numbers.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "2016" => Self::SQL_2016,
            "2017" => Self::SQL_2017,
            "2019" => Self::SQL_2019,
            "2022-rtm" => Self::SQL_2022_RTM,
            "2022-cu10" => Self::SQL_2022_CU10,
            "2022" | "2022-cu13" => Self::SQL_2022_CU13,
            "2022-cu27" => Self::SQL_2022_CU27,
            "2025" => Self::SQL_2025,
            "2025-cu9" => Self::SQL_2025_CU9,
            other => {
                let parts: Vec<&str> = other.split('.').collect();
                let &[major, minor, build, revision] = parts.as_slice() else {
                    return None;
                };
                Self {
                    major: major
                        .parse()
                        .ok()
                        .filter(|major| (13..=17).contains(major))?,
                    minor: minor.parse().ok()?,
                    build: build.parse().ok()?,
                    revision: revision.parse().ok()?,
                }
            }
        })
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}.{}",
            self.major, self.minor, self.build, self.revision
        )
    }
}

/// Editions of SQL Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the product's words")]
pub enum Edition {
    Enterprise,
    EnterpriseCore,
    Developer,
    Standard,
    Express,
}

impl Edition {
    /// `SERVERPROPERTY('Edition')`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Enterprise => "Enterprise Edition (64-bit)",
            Self::EnterpriseCore => "Enterprise Edition: Core-based Licensing (64-bit)",
            Self::Developer => "Developer Edition (64-bit)",
            Self::Standard => "Standard Edition (64-bit)",
            Self::Express => "Express Edition (64-bit)",
        }
    }

    /// `SERVERPROPERTY('EditionID')`.
    pub const fn id(self) -> i64 {
        match self {
            Self::Enterprise => 1_804_890_536,
            Self::EnterpriseCore => 1_872_460_670,
            Self::Developer => -2_117_995_310,
            Self::Standard => -1_534_726_760,
            Self::Express => -1_592_396_055,
        }
    }

    /// `SERVERPROPERTY('EngineEdition')`.
    pub const fn engine(self) -> i64 {
        match self {
            Self::Enterprise | Self::EnterpriseCore | Self::Developer => 3,
            Self::Standard => 2,
            Self::Express => 4,
        }
    }

    /// Whether a link can start from this edition.
    pub const fn supports_link(self) -> bool {
        !matches!(self, Self::Express)
    }
}

/// The update policy of a managed instance (ARM `databaseFormat`). Ordered: it can only be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the service's words")]
pub enum UpdatePolicy {
    SqlServer2022,
    SqlServer2025,
    AlwaysUpToDate,
}

impl UpdatePolicy {
    /// The word ARM uses.
    pub const fn text(self) -> &'static str {
        match self {
            Self::SqlServer2022 => "SQLServer2022",
            Self::SqlServer2025 => "SQLServer2025",
            Self::AlwaysUpToDate => "AlwaysUpToDate",
        }
    }

    /// The policy that `text` names, in any case.
    pub fn named(text: &str) -> Option<Self> {
        [
            Self::SqlServer2022,
            Self::SqlServer2025,
            Self::AlwaysUpToDate,
        ]
        .into_iter()
        .find(|policy| policy.text().eq_ignore_ascii_case(text))
    }

    /// The major version of the databases it holds; none is as new as any.
    pub const fn major(self) -> Option<u8> {
        match self {
            Self::SqlServer2022 => Some(16),
            Self::SqlServer2025 => Some(17),
            Self::AlwaysUpToDate => None,
        }
    }

    /// Whether databases of this SQL Server can be replicated to the instance (`link-lifecycle.md` section 1.2).
    pub fn accepts(self, build: Build) -> bool {
        self.major().is_none_or(|major| build.major <= major)
    }

    /// Whether databases can come back to this SQL Server.
    pub fn returns_to(self, build: Build) -> bool {
        build.major >= 16 && self.major() == Some(build.major)
    }
}

/// Whether a link can start from this build of SQL Server at all (`link-lifecycle.md` section 1.1).
pub fn link_supported(build: Build) -> bool {
    let minimum = match build.major {
        13 => Build::SQL_2016,
        14 => Build::SQL_2017,
        15 => Build::SQL_2019,
        16 => Build::SQL_2022_RTM,
        17 => Build::SQL_2025,
        _ => return false,
    };
    build >= minimum
}

/// Whether a link can start from a managed instance to this build: SQL Server 2022 CU10 and later
/// (`link-lifecycle.md` section 1.1).
pub fn link_from_instance_supported(build: Build) -> bool {
    link_supported(build) && build >= Build::SQL_2022_CU10
}

/// Whether this SQL Server can have links with several databases: SQL Server 2022 CU27 and 2025 CU9, Enterprise and
/// Developer (documentation: "Extend an Always On availability group to Azure SQL Managed Instance").
pub fn multi_database_supported(build: Build, edition: Edition) -> bool {
    let minimum = match build.major {
        16 => Build::SQL_2022_CU27,
        17 => Build::SQL_2025_CU9,
        _ => return false,
    };
    let edition = matches!(
        edition,
        Edition::Enterprise | Edition::EnterpriseCore | Edition::Developer
    );
    edition && build >= minimum
}
