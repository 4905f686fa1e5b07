//! Global variables: what `@@NAME` says.

use std::fmt;

use milink_core::instance::{Instance, InstanceKind};
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::Value;

use super::column::{INT, NAME, SMALLINT, TINYINT, nvarchar};
use super::functions::release_of;
use super::{Cell, Scope};

/// A global variable.
pub struct Global {
    /// Its name in lower case, with `@@`.
    pub name: &'static str,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// Computes it.
    pub eval: fn(&Scope<'_>) -> Value,
}

impl fmt::Debug for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The global variable of this name, in any case.
pub fn find(name: &str) -> Option<&'static Global> {
    GLOBALS
        .iter()
        .find(|global| global.name.eq_ignore_ascii_case(name))
}

/// Every global variable that is answered here.
pub fn all() -> impl Iterator<Item = &'static Global> {
    GLOBALS.iter()
}

/// Milliseconds of work; the model has none.
const NO_WORK: fn(&Scope<'_>) -> Value = |_| 0.cell();

const GLOBALS: &[Global] = &[
    global("@@servername", NAME, |scope| {
        scope.instance.server_name().cell()
    }),
    global("@@servicename", NAME, |scope| {
        service_name(scope.instance).cell()
    }),
    global("@@version", nvarchar(300), |scope| {
        version(scope.instance).cell()
    }),
    global("@@microsoftversion", INT, |scope| {
        let build = scope.instance.build();
        (i64::from(build.major) << 24 | i64::from(build.minor) << 16 | i64::from(build.build))
            .cell()
    }),
    global("@@spid", SMALLINT, |scope| scope.session.cell()),
    global("@@max_precision", TINYINT, |_| 38.cell()),
    global("@@max_connections", INT, |_| 32_767.cell()),
    global("@@language", NAME, |scope| {
        (&scope.settings.language).cell()
    }),
    global("@@langid", SMALLINT, |_| 0.cell()),
    global("@@datefirst", TINYINT, |scope| {
        scope.settings.date_first.cell()
    }),
    global("@@dbts", SqlType::varbinary(8), |scope| {
        let next = scope.database.version + 2000;
        next.to_be_bytes().as_slice().cell()
    }),
    global("@@nestlevel", INT, |scope| scope.settings.nest_level.cell()),
    global("@@options", INT, |scope| scope.settings.options().cell()),
    global("@@lock_timeout", INT, |scope| {
        scope.settings.lock_timeout.cell()
    }),
    global("@@textsize", INT, |scope| scope.settings.text_size.cell()),
    global("@@cursor_rows", INT, |scope| {
        scope.settings.cursor_rows.cell()
    }),
    global("@@fetch_status", INT, |scope| {
        scope.settings.fetch_status.cell()
    }),
    global("@@procid", INT, |scope| scope.settings.procedure_id.cell()),
    Global {
        nullable: true,
        ..global("@@remserver", NAME, |_| Value::Null)
    },
    global("@@cpu_busy", INT, NO_WORK),
    global("@@io_busy", INT, NO_WORK),
    global("@@idle", INT, |scope| uptime_milliseconds(scope).cell()),
    global("@@timeticks", INT, |_| 31_250.cell()),
    global("@@connections", INT, |scope| {
        scope.instance.sessions.len().cell()
    }),
    global("@@total_read", INT, NO_WORK),
    global("@@total_write", INT, NO_WORK),
    global("@@total_errors", INT, NO_WORK),
    global("@@pack_received", INT, NO_WORK),
    global("@@pack_sent", INT, NO_WORK),
    global("@@packet_errors", INT, NO_WORK),
];

const fn global(name: &'static str, sql_type: SqlType, eval: fn(&Scope<'_>) -> Value) -> Global {
    Global {
        name,
        sql_type,
        nullable: false,
        eval,
    }
}

/// `@@VERSION` of an instance (the form is documented; the build dates of the texts are not kept).
pub(crate) fn version(instance: &Instance) -> String {
    let build = instance.build();
    match &instance.kind {
        InstanceKind::ManagedInstance(_) => {
            let built = date(instance.started);
            let year = &built[built.len() - 4..];
            format!(
                "Microsoft SQL Azure (RTM) - {build} \n\t{built} 00:00:00 \n\tCopyright (C) {year} Microsoft Corporation\n"
            )
        }
        InstanceKind::SqlServer(server) => {
            let (level, update, article) = release_of(build);
            let year = build.year().unwrap_or(2022);
            let update = update.map_or_else(String::new, |update| format!("-{update}"));
            let article = article.map_or_else(String::new, |article| format!(" ({article})"));
            format!(
                "Microsoft SQL Server {year} ({level}{update}){article} - {build} (X64) \n\tCopyright (C) {year} Microsoft Corporation\n\t{} on Windows Server 2022 Datacenter 10.0 <X64> (Build 20348: ) (Hypervisor)\n",
                server.edition.text()
            )
        }
    }
}

fn service_name(instance: &Instance) -> String {
    let name = instance.name.as_str();
    let named = name.split_once('\\').map(|name| name.1);
    named.unwrap_or("MSSQLSERVER").to_owned()
}

/// `Nov 21 2026`.
fn date(moment: Timestamp) -> String {
    moment.to_jiff().strftime("%b %e %Y").to_string()
}

fn uptime_milliseconds(scope: &Scope<'_>) -> i64 {
    let up = scope.now.since(scope.instance.started);
    up.as_milliseconds().min(i32::MAX.into())
}
