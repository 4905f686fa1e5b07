//! Which versions have a view or a column.

use std::fmt;

use milink_core::instance::{Instance, InstanceKind};
use milink_core::version::Build;

/// The instances that have something: SQL Servers from a build on, managed instances, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    server: Option<Build>,
    /// A build of an older version of SQL Server that has it too.
    older: Option<Build>,
    managed_major: Option<u8>,
}

impl Since {
    /// Every instance.
    pub const ALWAYS: Self = Self::major(0);
    /// Managed instances only.
    pub const MANAGED: Self = Self {
        server: None,
        older: None,
        managed_major: Some(0),
    };
    /// SQL Server 2017, and every managed instance.
    pub const SQL_2017: Self = Self::major(14);
    /// SQL Server 2019, and every managed instance.
    pub const SQL_2019: Self = Self::major(15);
    /// SQL Server 2022, and every managed instance.
    pub const SQL_2022: Self = Self::major(16);
    /// SQL Server 2025, and managed instances whose update policy is as new.
    pub const SQL_2025: Self = Self::major(17);

    /// A major version of SQL Server, and managed instances whose update policy is as new.
    pub const fn major(major: u8) -> Self {
        Self {
            server: Some(Build::new(major, 0, 0)),
            older: None,
            managed_major: Some(major),
        }
    }

    /// SQL Servers only, from a build on.
    pub const fn server(build: Build) -> Self {
        Self {
            server: Some(build),
            older: None,
            managed_major: None,
        }
    }

    /// SQL Servers only, from a build on, and from a build of an older version on.
    pub const fn server_and(build: Build, older: Build) -> Self {
        Self {
            older: Some(older),
            ..Self::server(build)
        }
    }

    /// Whether `instance` has it.
    pub fn includes(self, instance: &Instance) -> bool {
        match &instance.kind {
            InstanceKind::SqlServer(server) => {
                let older = self
                    .older
                    .is_some_and(|from| server.build.major == from.major && server.build >= from);
                older || self.server.is_some_and(|from| server.build >= from)
            }
            InstanceKind::ManagedInstance(managed) => {
                let major = managed.update_policy.major().unwrap_or(u8::MAX);
                self.managed_major.is_some_and(|from| major >= from)
            }
        }
    }
}

/// As COMPAT.md says it; nothing for every instance.
impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.server, self.managed_major) {
            (None, _) => f.write_str("managed instances only"),
            (Some(from), None) => {
                write!(f, "SQL Servers only, from {}.{} on", from.major, from.build)?;
                match self.older {
                    Some(from) => write!(f, ", and from {}.{} on", from.major, from.build),
                    None => Ok(()),
                }
            }
            (Some(from), _) if from == Build::new(0, 0, 0) => Ok(()),
            (Some(from), _) => write!(f, "from version {} on", from.major),
        }
    }
}
