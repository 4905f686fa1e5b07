//! Procedures that milink refuses by name, so that a script stops where it would otherwise go wrong.
//!
//! They have their documented parameters, so that a call gets as far as the refusal.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Body, Parameter, Procedure};
use crate::error::SqlError;

/// The refused procedures.
pub(super) const PROCEDURES: &[Procedure] = &[
    Procedure {
        name: "sp_add_jobschedule",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@name"),
            anything("@enabled"),
            anything("@freq_type"),
            anything("@freq_interval"),
            anything("@freq_subday_type"),
            anything("@freq_subday_interval"),
            anything("@freq_relative_interval"),
            anything("@freq_recurrence_factor"),
            anything("@active_start_date"),
            anything("@active_end_date"),
            anything("@active_start_time"),
            anything("@active_end_time"),
            anything("@schedule_id"),
            anything("@automatic_post"),
            anything("@schedule_uid"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("schedules of SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_add_schedule",
        parameters: &[
            anything("@schedule_name"),
            anything("@enabled"),
            anything("@freq_type"),
            anything("@freq_interval"),
            anything("@freq_subday_type"),
            anything("@freq_subday_interval"),
            anything("@freq_relative_interval"),
            anything("@freq_recurrence_factor"),
            anything("@active_start_date"),
            anything("@active_end_date"),
            anything("@active_start_time"),
            anything("@active_end_time"),
            anything("@owner_login_name"),
            anything("@schedule_uid"),
            anything("@schedule_id"),
            anything("@originating_server"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("schedules of SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_attach_schedule",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@schedule_id"),
            anything("@schedule_name"),
            anything("@automatic_post"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("schedules of SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_addextendedproperty",
        parameters: &[
            anything("@name"),
            anything("@value"),
            anything("@level0type"),
            anything("@level0name"),
            anything("@level1type"),
            anything("@level1name"),
            anything("@level2type"),
            anything("@level2name"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("extended properties"))),
    },
    Procedure {
        name: "sp_addrolemember",
        parameters: &[anything("@rolename"), anything("@membername")],
        body: Body::Native(|_| Err(SqlError::unsupported("membership of database roles"))),
    },
    Procedure {
        name: "sp_attach_db",
        parameters: &[
            anything("@dbname"),
            anything("@filename1"),
            anything("@filename2"),
            anything("@filename3"),
            anything("@filename4"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("sp_attach_db"))),
    },
    Procedure {
        name: "sp_cycle_errorlog",
        parameters: &[],
        body: Body::Native(|_| Err(SqlError::unsupported("sp_cycle_errorlog"))),
    },
    Procedure {
        name: "sp_detach_db",
        parameters: &[
            anything("@dbname"),
            anything("@skipchecks"),
            anything("@keepfulltextindexfile"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("sp_detach_db"))),
    },
    Procedure {
        name: "sp_dropextendedproperty",
        parameters: &[
            anything("@name"),
            anything("@level0type"),
            anything("@level0name"),
            anything("@level1type"),
            anything("@level1name"),
            anything("@level2type"),
            anything("@level2name"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("extended properties"))),
    },
    Procedure {
        name: "sp_droprolemember",
        parameters: &[anything("@rolename"), anything("@membername")],
        body: Body::Native(|_| Err(SqlError::unsupported("membership of database roles"))),
    },
    Procedure {
        name: "sp_getapplock",
        parameters: &[
            anything("@Resource"),
            anything("@LockMode"),
            anything("@LockOwner"),
            anything("@LockTimeout"),
            anything("@DbPrincipal"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("application locks (sp_getapplock)"))),
    },
    Procedure {
        name: "sp_releaseapplock",
        parameters: &[
            anything("@Resource"),
            anything("@LockOwner"),
            anything("@DbPrincipal"),
        ],
        body: Body::Native(|_| {
            Err(SqlError::unsupported(
                "application locks (sp_releaseapplock)",
            ))
        }),
    },
    Procedure {
        name: "sp_rename",
        parameters: &[
            anything("@objname"),
            anything("@newname"),
            anything("@objtype"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("sp_rename"))),
    },
    Procedure {
        name: "sp_updateextendedproperty",
        parameters: &[
            anything("@name"),
            anything("@value"),
            anything("@level0type"),
            anything("@level0name"),
            anything("@level1type"),
            anything("@level1name"),
            anything("@level2type"),
            anything("@level2name"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("extended properties"))),
    },
    Procedure {
        name: "xp_cmdshell",
        parameters: &[anything("@command_string"), anything("@no_output")],
        body: Body::Native(|_| Err(SqlError::unsupported("xp_cmdshell"))),
    },
];

/// A parameter of any type, which may be an output too.
const fn anything(name: &'static str) -> Parameter {
    Parameter {
        name,
        sql_type: SqlType::SqlVariant,
        default: Some(Value::Null),
        output: true,
    }
}
