//! System views, metadata functions and global variables: computed from the world whenever they are read.
//!
//! One file per view; each has its typed columns and a function that makes its rows. Descriptions (`*_desc`)
//! are derived, never stored. What a version does not have is left out when its columns are asked for.

mod availability;
mod cell;
pub(crate) mod column;
mod compatibility;
pub(crate) mod databases;
pub mod functions;
pub mod globals;
mod information_schema;
pub(crate) mod msdb;
pub(crate) mod objects;
mod replication;
mod security;
pub(crate) mod server;
mod settings;
mod since;

use std::sync::Arc;

use milink_core::World;
use milink_core::database::Database;
use milink_core::ids::{SessionId, TransactionId};
use milink_core::instance::Instance;
use milink_core::store::Content;
use milink_core::time::Timestamp;
use milink_core::value::Row;

pub(crate) use cell::{Cell, row};
pub use column::ViewColumn;
pub(crate) use msdb::agent::is_of_agent;
pub(crate) use security::is_sysadmin;
pub use settings::Settings;
pub use since::Since;

use crate::error::SqlError;
use crate::session::cursor::Cursors;

/// A system view.
#[derive(Debug)]
pub struct View {
    /// The database it is in; none is every database (`sys` and `INFORMATION_SCHEMA`).
    pub database: Option<&'static str>,
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The instances that have it.
    pub since: Since,
    columns: &'static [ViewColumn],
    rows: fn(&Scope<'_>) -> Vec<Row>,
}

/// What a system view, a metadata function or a global variable is computed from.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The world.
    pub world: &'a World,
    /// The instance that is asked.
    pub instance: &'a Instance,
    /// The database whose view it is: the current one, or the one a three-part name gives.
    pub database: &'a Database,
    /// The session that asks.
    pub session: SessionId,
    /// Its open transaction.
    pub transaction: Option<TransactionId>,
    /// The world's time.
    pub now: Timestamp,
    /// What the session has SET.
    pub settings: &'a Settings,
    /// The errors that the session met last, the newest at the end.
    pub errors: &'a [SqlError],
    /// The session's cursors.
    pub(crate) cursors: &'a Cursors,
}

impl Scope<'_> {
    /// The database's content as the session's transaction sees it.
    pub fn content(&self) -> Content {
        self.database.view(self.transaction)
    }

    /// The name that the session logged in with.
    pub fn login_name(&self) -> Arc<str> {
        let session = self.instance.sessions.get(&self.session);
        session.map_or_else(|| "sa".into(), |session| session.login_name.shared())
    }
}

impl View {
    const fn sys(
        name: &'static str,
        columns: &'static [ViewColumn],
        rows: fn(&Scope<'_>) -> Vec<Row>,
    ) -> Self {
        Self {
            database: None,
            schema: "sys",
            name,
            since: Since::ALWAYS,
            columns,
            rows,
        }
    }

    const fn since(mut self, since: Since) -> Self {
        self.since = since;
        self
    }

    const fn in_schema(mut self, database: Option<&'static str>, schema: &'static str) -> Self {
        self.database = database;
        self.schema = schema;
        self
    }

    /// The columns that `instance` shows, in order.
    pub fn columns(&self, instance: &Instance) -> Vec<&'static ViewColumn> {
        self.columns
            .iter()
            .filter(|column| column.since.includes(instance))
            .collect()
    }

    /// The rows, with exactly those columns.
    pub fn rows(&self, scope: &Scope<'_>) -> Vec<Row> {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| self.columns[at].since.includes(scope.instance))
            .collect();
        let rows = (self.rows)(scope);
        if shown.len() == self.columns.len() {
            return rows;
        }
        let project = |row: Row| shown.iter().map(|&at| row[at].clone()).collect();
        rows.into_iter().map(project).collect()
    }
}

/// Every system view of every version.
pub fn all() -> impl Iterator<Item = &'static View> {
    let families: [&'static [View]; 9] = [
        availability::VIEWS,
        security::VIEWS,
        databases::VIEWS,
        objects::VIEWS,
        server::VIEWS,
        msdb::VIEWS,
        msdb::agent::VIEWS,
        information_schema::VIEWS,
        compatibility::VIEWS,
    ];
    families.into_iter().flatten()
}

/// The system views that `instance` has.
pub fn views(instance: &Instance) -> impl Iterator<Item = &'static View> {
    all().filter(|view| view.since.includes(instance))
}

/// The system view that a name means in `database`. Without a schema, and as `dbo`, only the tables of msdb and the
/// compatibility views are found: nothing else can be named so.
pub fn find(
    database: &str,
    schema: Option<&str>,
    name: &str,
    instance: &Instance,
) -> Option<&'static View> {
    let schema = schema.unwrap_or("dbo");
    views(instance).find(|view| {
        let in_database = view
            .database
            .is_none_or(|only| only.eq_ignore_ascii_case(database));
        let in_schema = view.schema.eq_ignore_ascii_case(schema)
            || schema.eq_ignore_ascii_case("dbo") && compatibility::contains(view);
        in_database && in_schema && view.name.eq_ignore_ascii_case(name)
    })
}

#[cfg(test)]
pub(crate) mod tests;
