//! System procedures: one file per procedure, in T-SQL or in Rust.

mod agent;
mod odbc;
mod refused;
pub(crate) mod result_set;
mod sp_addlinkedserver;
mod sp_addlinkedsrvlogin;
mod sp_addsrvrolemember;
mod sp_certificate_add_issuer;
mod sp_configure;
mod sp_datatype_info;
mod sp_get_endpoint_certificate;
mod sp_help;
mod sp_helpdb;
mod sp_helptext;
mod sp_linkedservers;
mod sp_multidb_milink;
mod sp_server_info;
mod sp_serveroption;
mod sp_validate_certificate_ca_chain;
mod sp_who;
mod xp_readerrorlog;

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use crate::catalog::{Scope, Settings};
use crate::error::SqlError;
use crate::session::cursor::Cursors;
use crate::statement::context::StatementContext;

/// A system procedure.
pub struct Procedure {
    /// Its name in lower case, without a schema.
    pub name: &'static str,
    /// Its parameters, in order.
    pub parameters: &'static [Parameter],
    /// What it does.
    pub body: Body,
}

/// A parameter of a system procedure.
pub struct Parameter {
    /// Its name, with the `@`.
    pub name: &'static str,
    /// Its type.
    pub sql_type: SqlType,
    /// What it is when the caller leaves it out; none makes it required (201).
    pub default: Option<Value>,
    /// Whether the caller may take its value back.
    pub output: bool,
}

/// What a procedure does.
pub enum Body {
    /// T-SQL, run with the parameters as variables; RETURN gives the status.
    Sql(&'static str),
    /// Rust; gives the status.
    Native(fn(&mut Call<'_, '_>) -> Result<i32, SqlError>),
}

/// A call of a procedure that is written in Rust.
pub struct Call<'a, 'c> {
    /// The session's facts and the means to act.
    pub context: &'a mut StatementContext<'c>,
    /// The arguments, one per parameter, of the parameter's type; output parameters are assigned here.
    pub values: Vec<Value>,
    /// Whether the caller gave the argument.
    pub given: Vec<bool>,
}

/// The procedure of this name, in any case, with or without a schema and a database.
pub fn find(name: &str) -> Option<&'static Procedure> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    procedures().find(|procedure| procedure.name.eq_ignore_ascii_case(name))
}

/// Whether a procedure is found in msdb only; the others are found everywhere.
pub(crate) fn is_in_msdb(procedure: &Procedure) -> bool {
    let mut own = agent::PROCEDURES.iter();
    own.any(|own| own.name == procedure.name)
}

/// Every procedure that is run here.
fn procedures() -> impl Iterator<Item = &'static Procedure> {
    [
        PROCEDURES,
        agent::PROCEDURES,
        odbc::PROCEDURES,
        refused::PROCEDURES,
    ]
    .into_iter()
    .flatten()
}

/// The names of the procedures that milink refuses by name.
pub fn refused() -> impl Iterator<Item = &'static str> {
    refused::PROCEDURES.iter().map(|procedure| procedure.name)
}

/// The names of all procedures that can be called, with those that the session runs itself.
pub fn all() -> impl Iterator<Item = &'static str> {
    const OF_SESSION: [&str; 9] = [
        "sp_executesql",
        "sp_prepare",
        "sp_execute",
        "sp_prepexec",
        "sp_unprepare",
        "sp_reset_connection",
        "sp_set_session_context",
        "sp_describe_first_result_set",
        "sp_describe_undeclared_parameters",
    ];
    [PROCEDURES, agent::PROCEDURES, odbc::PROCEDURES]
        .into_iter()
        .flatten()
        .map(|procedure| procedure.name)
        .chain(OF_SESSION)
}

const PROCEDURES: &[Procedure] = &[
    sp_addlinkedserver::ADD,
    sp_addlinkedserver::DROP,
    sp_addlinkedsrvlogin::ADD,
    sp_addlinkedsrvlogin::DROP,
    sp_addlinkedsrvlogin::HELP,
    sp_addsrvrolemember::ADD,
    sp_addsrvrolemember::DROP,
    sp_certificate_add_issuer::PROCEDURE,
    sp_configure::PROCEDURE,
    sp_datatype_info::PROCEDURE,
    sp_datatype_info::PROCEDURE_90,
    sp_datatype_info::PROCEDURE_100,
    sp_get_endpoint_certificate::PROCEDURE,
    sp_help::PROCEDURE,
    sp_help::HELP_INDEX,
    sp_help::SPACE_USED,
    sp_helpdb::PROCEDURE,
    sp_helpdb::DATABASES,
    sp_helpdb::HELP_FILE,
    sp_helptext::PROCEDURE,
    sp_linkedservers::PROCEDURE,
    sp_linkedservers::HELP,
    sp_multidb_milink::PROCEDURE,
    sp_server_info::PROCEDURE,
    sp_server_info::MSVER,
    sp_serveroption::PROCEDURE,
    sp_serveroption::TEST,
    sp_validate_certificate_ca_chain::PROCEDURE,
    sp_who::PROCEDURE,
    sp_who::WHO2,
    sp_who::LOCK,
    xp_readerrorlog::PROCEDURE,
    xp_readerrorlog::SP,
];

/// A parameter that has to be given.
const fn required(name: &'static str, sql_type: SqlType) -> Parameter {
    Parameter {
        name,
        sql_type,
        default: None,
        output: false,
    }
}

/// A parameter that is NULL unless it is given.
const fn optional(name: &'static str, sql_type: SqlType) -> Parameter {
    defaulting(name, sql_type, Value::Null)
}

/// A parameter with a default.
const fn defaulting(name: &'static str, sql_type: SqlType, default: Value) -> Parameter {
    Parameter {
        name,
        sql_type,
        default: Some(default),
        output: false,
    }
}

impl Call<'_, '_> {
    /// Reads something from the world as it is now.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&Scope<'_>, &Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let world = self.context.world();
        let instance = self.context.instance()?;
        let database = instance.databases.get(&self.context.database);
        let scope = Scope {
            world: &world,
            instance: &instance,
            // A database that was dropped meanwhile leaves its sessions in master.
            database: database
                .map(|database| &**database)
                .unwrap_or_else(|| instance.master()),
            session: self.context.session,
            transaction: self.context.transaction,
            now: world.now(),
            settings: &Settings::default(),
            errors: &[],
            cursors: &Cursors::default(),
        };
        read(&scope, self)
    }

    /// The argument number `at` as a whole number.
    fn number(&self, at: usize) -> Option<i64> {
        self.values.get(at).and_then(Value::as_int)
    }

    /// The argument number `at` as text.
    fn text(&self, at: usize) -> Option<&str> {
        self.values.get(at).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests;
