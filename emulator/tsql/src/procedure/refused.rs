//! Procedures that milink refuses by name, so that a script stops where it would otherwise go wrong.

use milink_core::sql_type::SqlType;

use super::{Body, Parameter, Procedure, optional};
use crate::error::SqlError;

/// The refused procedures; they take any arguments up to five.
pub(super) const PROCEDURES: &[Procedure] = &[
    refused("sp_addrolemember", |_| {
        Err(SqlError::unsupported("membership of database roles"))
    }),
    refused("sp_droprolemember", |_| {
        Err(SqlError::unsupported("membership of database roles"))
    }),
    refused("sp_rename", |_| Err(SqlError::unsupported("sp_rename"))),
    refused("sp_getapplock", |_| {
        Err(SqlError::unsupported("application locks (sp_getapplock)"))
    }),
    refused("sp_releaseapplock", |_| {
        Err(SqlError::unsupported(
            "application locks (sp_releaseapplock)",
        ))
    }),
    refused("sp_helptext", |_| Err(SqlError::unsupported("sp_helptext"))),
    refused("sp_cycle_errorlog", |_| {
        Err(SqlError::unsupported("sp_cycle_errorlog"))
    }),
    refused("sp_addextendedproperty", |_| {
        Err(SqlError::unsupported("extended properties"))
    }),
    refused("sp_addlinkedserver", |_| {
        Err(SqlError::unsupported("linked servers"))
    }),
    refused("sp_detach_db", |_| {
        Err(SqlError::unsupported("sp_detach_db"))
    }),
    refused("sp_attach_db", |_| {
        Err(SqlError::unsupported("sp_attach_db"))
    }),
    refused("xp_cmdshell", |_| Err(SqlError::unsupported("xp_cmdshell"))),
    refused("sp_multidb_milink", |_| {
        Err(SqlError::unsupported(
            "links with several databases (sp_multidb_milink)",
        ))
    }),
];

const ANYTHING: &[Parameter] = &[
    optional("@p1", SqlType::SqlVariant),
    optional("@p2", SqlType::SqlVariant),
    optional("@p3", SqlType::SqlVariant),
    optional("@p4", SqlType::SqlVariant),
    optional("@p5", SqlType::SqlVariant),
];

const fn refused(
    name: &'static str,
    run: fn(&mut super::Call<'_, '_>) -> Result<i32, SqlError>,
) -> Procedure {
    Procedure {
        name,
        parameters: ANYTHING,
        body: Body::Native(run),
    }
}
