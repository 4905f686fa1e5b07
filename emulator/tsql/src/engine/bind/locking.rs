//! Table hints and isolation levels: what a scan does about rows that others have changed.

use super::Binder;
use super::table::TableRef;
use crate::ast;
use crate::engine::bound::{Locking, Place};
use crate::error::SqlError;

impl Binder<'_> {
    /// What hints, the isolation level and the database's options say about rows that others have changed.
    pub(crate) fn locking(
        &self,
        table: &TableRef,
        hints: &[ast::TableHint],
    ) -> Result<Locking, SqlError> {
        let Place::Database(id) = table.place else {
            return Ok(Locking::Versioned);
        };
        let database = self.instance.databases.get(&id);
        let versioned = database.is_some_and(|database| {
            database.is_secondary()
                || database.options.read_committed_snapshot
                || database.state == milink_core::database::DatabaseState::Emergency
        });
        let mut locking = match self.state.settings.isolation {
            1 => Locking::Dirty,
            2 if versioned => Locking::Versioned,
            5 => Locking::Versioned,
            _ if database.is_some_and(|database| database.is_secondary()) => Locking::Versioned,
            _ => Locking::Wait,
        };
        for hint in hints {
            match hint.name.as_str() {
                "NOLOCK" | "READUNCOMMITTED" => locking = Locking::Dirty,
                "READPAST" => locking = Locking::Skip,
                "NOWAIT" => locking = Locking::Refuse,
                "READCOMMITTEDLOCK" | "HOLDLOCK" | "SERIALIZABLE" | "REPEATABLEREAD"
                | "UPDLOCK" | "XLOCK" | "TABLOCK" | "TABLOCKX" | "PAGLOCK" | "ROWLOCK" => {
                    if locking == Locking::Versioned
                        && !database.is_some_and(|database| database.is_secondary())
                    {
                        locking = Locking::Wait;
                    }
                }
                "READCOMMITTED" | "SNAPSHOT" | "INDEX" | "FORCESEEK" | "FORCESCAN" | "NOEXPAND"
                | "KEEPIDENTITY" | "KEEPDEFAULTS" | "IGNORE_CONSTRAINTS" | "IGNORE_TRIGGERS"
                | "FASTFIRSTROW" => {}
                other => {
                    return Err(SqlError::new(
                        321,
                        15,
                        format!(
                            "\"{other}\" is not a recognized table hints option. If it is intended as a parameter to a table-valued function or to the CHANGETABLE function, ensure that your database compatibility mode is set to 90."
                        ),
                    ));
                }
            }
        }
        Ok(locking)
    }
}

/// A query as a table with an alias.
/// Hints of a remote table: only that locks of others are not waited for can be handed on (7377).
pub(super) fn dirty_hint(hints: &[ast::TableHint]) -> Result<bool, SqlError> {
    for hint in hints {
        let known = ["NOLOCK", "READUNCOMMITTED"];
        if !known
            .iter()
            .any(|known| hint.name.eq_ignore_ascii_case(known))
        {
            return Err(SqlError::new(
                7377,
                16,
                "Cannot specify an index or locking hint for a remote data source.",
            ));
        }
    }
    Ok(!hints.is_empty())
}
