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
        name: "sp_add_job",
        parameters: &[
            anything("@job_name"),
            anything("@enabled"),
            anything("@description"),
            anything("@start_step_id"),
            anything("@category_name"),
            anything("@category_id"),
            anything("@owner_login_name"),
            anything("@notify_level_eventlog"),
            anything("@notify_level_email"),
            anything("@notify_level_netsend"),
            anything("@notify_level_page"),
            anything("@notify_email_operator_name"),
            anything("@notify_netsend_operator_name"),
            anything("@notify_page_operator_name"),
            anything("@delete_level"),
            anything("@job_id"),
            anything("@originating_server"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_add_jobserver",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@server_name"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_add_jobstep",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@step_id"),
            anything("@step_name"),
            anything("@subsystem"),
            anything("@command"),
            anything("@additional_parameters"),
            anything("@cmdexec_success_code"),
            anything("@on_success_action"),
            anything("@on_success_step_id"),
            anything("@on_fail_action"),
            anything("@on_fail_step_id"),
            anything("@server"),
            anything("@database_name"),
            anything("@database_user_name"),
            anything("@retry_attempts"),
            anything("@retry_interval"),
            anything("@os_run_priority"),
            anything("@output_file_name"),
            anything("@flags"),
            anything("@proxy_id"),
            anything("@proxy_name"),
            anything("@step_uid"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
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
        name: "sp_delete_job",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@originating_server"),
            anything("@delete_history"),
            anything("@delete_unused_schedule"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
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
        name: "sp_help_job",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@job_aspect"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
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
        name: "sp_start_job",
        parameters: &[
            anything("@job_name"),
            anything("@job_id"),
            anything("@error_flag"),
            anything("@server_name"),
            anything("@step_name"),
            anything("@output_flag"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
    },
    Procedure {
        name: "sp_update_job",
        parameters: &[
            anything("@job_id"),
            anything("@job_name"),
            anything("@new_name"),
            anything("@enabled"),
            anything("@description"),
            anything("@start_step_id"),
        ],
        body: Body::Native(|_| Err(SqlError::unsupported("SQL Server Agent jobs"))),
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
