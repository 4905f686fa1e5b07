//! Rows of linked servers that a statement reads: four-part names and OPENQUERY.

use std::sync::Arc;

use milink_core::linked_server::LinkedServer;

use super::{Remote, reach};
use crate::ast::StatementKind;
use crate::engine::bind::Binder;
use crate::engine::remote::{HERE, Rowset, Wanted, What};
use crate::error::SqlError;
use crate::parser::{ParseOptions, parse_batch};
use crate::session::event::Event;
use crate::session::host::Host;
use crate::session::{Failure, Request, Session, Wait};

impl Session {
    /// Fetches what a statement has asked for; a wait if that takes its time. The statement runs again then.
    pub(in crate::session) fn fetch_rows(
        &mut self,
        wanted: &Wanted,
        host: &mut dyn Host,
    ) -> Result<Option<Wait>, Failure> {
        if wanted.server == HERE {
            return self.own_rows(wanted, host);
        }
        let own = self.own_instance(host)?;
        let server = reach::server(&own, &wanted.server)?;
        if !server.options.data_access {
            return Err(not_configured(&server, "DATA ACCESS").into());
        }
        if let Some(wait) = self.connect(&server, host)? {
            return Ok(Some(wait));
        }
        self.promote(&server, host)?;
        let text = wanted.text();
        let events = match self.request_of(&server.name, Request::Batch { text }, host) {
            Ok(Remote::Done(events)) => events,
            Ok(Remote::Waits(wait)) => return Ok(Some(wait)),
            Err(error) => {
                return Err(Failure {
                    error,
                    compile: false,
                    preceding: vec![reach::says(&server, "Query timeout expired")],
                });
            }
        };
        let rowset = rowset(&server, wanted, events)
            .map_err(|failure| self.of_remote(&server.name, failure))?;
        let frame = self.frame();
        frame.local.remote.insert(wanted.clone(), Arc::new(rowset));
        Ok(None)
    }

    /// The same of this instance, for a statement that another one runs.
    fn own_rows(&mut self, wanted: &Wanted, host: &mut dyn Host) -> Result<Option<Wait>, Failure> {
        let quoted_identifier = self.state.settings.quoted_identifier;
        let batch = parse_batch(&wanted.text(), ParseOptions { quoted_identifier });
        let select = batch
            .ok()
            .and_then(|batch| batch.statements.into_iter().next());
        let Some(StatementKind::Select(select)) = select.map(|statement| statement.kind) else {
            return Err(
                SqlError::unsupported("this name in a statement on a linked server").into(),
            );
        };
        let result = self.with_runtime(
            host,
            |instance, state, local| Binder::new(instance, state, local).select_statement(&select),
            |runtime, query| {
                let columns = query.columns.clone();
                let rows = runtime.query(query, None)?;
                Ok(Rowset { columns, rows })
            },
        );
        let rowset = match result {
            Ok((rowset, _)) => rowset,
            Err(Ok(error)) => return Err(Failure::compile(error)),
            Err(Err(stop)) => return self.stopped(stop, host).map(Some),
        };
        let frame = self.frame();
        frame.local.remote.insert(wanted.clone(), Arc::new(rowset));
        Ok(None)
    }
}

/// The first result set of what the other side has said.
fn rowset(server: &LinkedServer, wanted: &Wanted, events: Vec<Event>) -> Result<Rowset, Failure> {
    let mut rowset: Option<Rowset> = None;
    let mut over = false;
    for event in events {
        match event {
            Event::Columns(columns) if rowset.is_none() => {
                rowset = Some(Rowset {
                    columns: columns.to_vec(),
                    rows: Vec::new(),
                });
            }
            Event::Columns(_) => over = true,
            Event::Row(row) if !over => {
                if let Some(rowset) = &mut rowset {
                    rowset.rows.push(row);
                }
            }
            Event::Error(error) => return Err(remote_error(server, wanted, error)),
            _ => {}
        }
    }
    rowset.ok_or_else(|| {
        let What::Query(text) = &wanted.what else {
            return missing_table(server, wanted).into();
        };
        let (provider, name) = (reach::provider(server), &server.name);
        SqlError::new(7357, 16, format!("Cannot process the object \"{text}\". The OLE DB provider \"{provider}\" for linked server \"{name}\" indicates that either the object has no columns or the current user does not have permissions on that object."))
            .with_state(2)
            .into()
    })
}

fn remote_error(server: &LinkedServer, wanted: &Wanted, error: SqlError) -> Failure {
    let is_missing = matches!(error.number, 208 | 911 | 2812 | 4060 | 916);
    if matches!(wanted.what, What::Table { .. }) {
        return match is_missing {
            true => missing_table(server, wanted).into(),
            false => SqlError { line: 0, ..error }.into(),
        };
    }
    // What could not even be compiled is told with this before (observed in published transcripts).
    let compiles = !(is_missing || matches!(error.number, 102 | 156 | 207 | 4104));
    let preceding = match compiles {
        true => Vec::new(),
        false => vec![
            reach::says(server, "Deferred prepare could not be completed."),
            SqlError::new(8180, 16, "Statement(s) could not be prepared."),
        ],
    };
    Failure {
        error: SqlError { line: 0, ..error },
        compile: false,
        preceding,
    }
}

/// 7314.
fn missing_table(server: &LinkedServer, wanted: &Wanted) -> SqlError {
    let (provider, name) = (reach::provider(server), &server.name);
    let table = wanted.name('"', '"');
    SqlError::new(
        7314,
        16,
        format!(
            "The OLE DB provider \"{provider}\" for linked server \"{name}\" does not contain the table \"{table}\". The table either does not exist or the current user does not have permissions on that table."
        ),
    )
}

/// 7411.
pub(super) fn not_configured(server: &LinkedServer, what: &str) -> SqlError {
    let name = &server.name;
    SqlError::new(
        7411,
        16,
        format!("Server '{name}' is not configured for {what}."),
    )
}
