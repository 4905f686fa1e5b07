//! Logins, users and permissions.

use std::sync::Arc;

use crate::ids::PrincipalId;
use crate::names::Name;
use crate::time::Timestamp;

/// A server principal.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// Its id; 1 is `sa`.
    pub id: PrincipalId,
    /// Its name.
    pub name: Name,
    /// Its security identifier.
    pub sid: Arc<[u8]>,
    /// How it proves itself.
    pub kind: LoginKind,
    /// Whether it may log in.
    pub disabled: bool,
    /// The database a session starts in.
    pub default_database: Name,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// Whether it is a member of sysadmin.
    pub sysadmin: bool,
}

/// How a login proves itself.
#[derive(Clone, Debug, PartialEq)]
pub enum LoginKind {
    /// A SQL login with its password.
    Sql {
        /// The password. A test double: it is kept to be compared.
        password: Arc<str>,
    },
    /// An Entra user or application, known by object id.
    External,
    /// A login from a certificate; nobody can log in with it.
    Certificate,
    /// A fixed server role.
    Role,
}

/// A database principal.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Its id; 1 is `dbo`.
    pub id: PrincipalId,
    /// Its name.
    pub name: Name,
    /// The login it stands for.
    pub login: Option<Name>,
    /// Whether this is a role.
    pub is_role: bool,
    /// Whether it is there in every database.
    pub is_fixed: bool,
    /// When it was created.
    pub created: Timestamp,
}

impl User {
    /// The principals that every database starts with.
    pub fn built_in() -> impl Iterator<Item = Self> {
        const FIXED: [(i32, &str, bool); 14] = [
            (0, "public", true),
            (1, "dbo", false),
            (2, "guest", false),
            (3, "INFORMATION_SCHEMA", false),
            (4, "sys", false),
            (16384, "db_owner", true),
            (16385, "db_accessadmin", true),
            (16386, "db_securityadmin", true),
            (16387, "db_ddladmin", true),
            (16389, "db_backupoperator", true),
            (16390, "db_datareader", true),
            (16391, "db_datawriter", true),
            (16392, "db_denydatareader", true),
            (16393, "db_denydatawriter", true),
        ];
        FIXED.into_iter().map(|(id, name, is_role)| Self {
            id: PrincipalId(id),
            name: Name::new(name),
            login: None,
            is_role,
            is_fixed: true,
            created: Timestamp::default(),
        })
    }
}

/// A row of `sys.server_permissions`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerPermission {
    /// What it is on.
    pub securable: Securable,
    /// Who has it.
    pub grantee: PrincipalId,
    /// Who gave it.
    pub grantor: PrincipalId,
    /// Its name, such as `CONNECT`.
    pub permission: String,
    /// Granted or denied.
    pub state: PermissionState,
}

/// What a server permission is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Securable {
    /// The server itself: class 100.
    Server,
    /// An endpoint: class 105.
    Endpoint(crate::ids::EndpointId),
    /// A login: class 101.
    Login(PrincipalId),
    /// An availability group: class 108.
    AvailabilityGroup,
}

/// Granted or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionState {
    /// GRANT.
    Grant,
    /// GRANT … WITH GRANT OPTION.
    GrantWithGrant,
    /// DENY.
    Deny,
}
