//! Principals, permissions, certificates, keys and endpoints.

mod certificates;
mod database_permissions;
mod database_principals;
mod dm_database_encryption_keys;
mod endpoints;
mod server_permissions;
mod server_principals;
mod symmetric_keys;

use super::View;

pub(crate) use server_principals::is_sysadmin;

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    certificates::VIEW,
    symmetric_keys::VIEW,
    dm_database_encryption_keys::VIEW,
    endpoints::ENDPOINTS,
    endpoints::TCP_ENDPOINTS,
    endpoints::DATABASE_MIRRORING_ENDPOINTS,
    server_principals::VIEW,
    server_principals::SQL_LOGINS,
    server_principals::ROLE_MEMBERS,
    server_permissions::VIEW,
    database_principals::VIEW,
    database_principals::ROLE_MEMBERS,
    database_permissions::VIEW,
];
