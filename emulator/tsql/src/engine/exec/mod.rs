//! The executor: walks bound queries over the rows of one world.

mod eval;
mod group;
mod join;
mod predicate;
mod query;
mod scan;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use milink_core::World;
use milink_core::database::Database;
use milink_core::ids::DatabaseId;
use milink_core::instance::Instance;
use milink_core::store::Content;
use milink_core::time::Timestamp;
use milink_core::value::{Row, Value};

pub(crate) use scan::lock_timeout;

use super::bound::Place;
use super::stop::Stop;
use crate::catalog::Scope;
use crate::error::SqlError;
use crate::functions::FunctionContext;
use crate::session::state::{Local, State, empty_content};

/// Rows one result or intermediate result may have.
pub(crate) const MAX_ROWS: usize = 2_000_000;
/// Row pairs a statement may look at while it holds the world.
pub(crate) const LOCKED_FUEL: u64 = 50_000_000;
/// Row pairs a statement may look at on a thread that others wait for; some milliseconds.
pub(crate) const SHARED_FUEL: u64 = 1 << 19;
/// Row pairs a statement may look at that can be cancelled, and holds up nobody.
pub(crate) const UNLIMITED: u64 = u64::MAX;
/// What comes with a statement or expression before it looks at a row, in row pairs.
const STATEMENT: u64 = 1_024;
/// How often the client's wish to cancel is looked at, in row pairs.
const CANCEL_EVERY: u64 = 4_096;

/// What expressions and queries are evaluated with.
pub(crate) struct Runtime<'a> {
    pub(crate) world: &'a World,
    pub(crate) instance: &'a Instance,
    pub(crate) now: Timestamp,
    pub(crate) state: &'a mut State,
    pub(crate) local: &'a mut Local,
    pub(crate) functions: FunctionContext,
    is_cancelled: Option<&'a dyn Fn() -> bool>,
    fuel: u64,
    /// What it began with.
    tank: u64,
    /// What was held before it.
    held: usize,
    /// Its rows stay after it.
    keeps: bool,
    contents: BTreeMap<DatabaseId, Content>,
    /// Results of queries that depend on no outer row.
    results: BTreeMap<usize, Arc<Vec<Row>>>,
    /// The same as keys, for IN.
    sets: BTreeMap<usize, Arc<KeySet>>,
    /// Rows of recursive CTEs' last rounds.
    work_tables: BTreeMap<usize, Arc<Vec<Row>>>,
    /// An aggregate has left out a NULL (8153).
    pub(crate) null_eliminated: bool,
    /// How many rows of the next source are enough; taken by that source.
    row_goal: Option<usize>,
}

/// Values as keys, and whether NULL is among them.
struct KeySet {
    keys: BTreeSet<Vec<u8>>,
    has_null: bool,
}

/// The rows that an expression can see: the current one, and those of the queries around.
#[derive(Clone, Copy)]
pub(crate) struct Env<'e> {
    pub(crate) row: &'e [Value],
    /// Results of the current block's window functions.
    pub(crate) windows: &'e [Value],
    pub(crate) outer: Option<&'e Self>,
}

impl<'e> Env<'e> {
    /// No row at all.
    pub(crate) const EMPTY: Env<'static> = Env {
        row: &[],
        windows: &[],
        outer: None,
    };

    /// A row in a block inside of `outer`.
    pub(crate) fn of(row: &'e [Value], outer: Option<&'e Self>) -> Self {
        Self {
            row,
            windows: &[],
            outer,
        }
    }
}

impl<'a> Runtime<'a> {
    /// A runtime over a world that stays as it is; `is_cancelled` is asked now and then.
    pub(crate) fn new(
        world: &'a World,
        instance: &'a Instance,
        now: Timestamp,
        state: &'a mut State,
        local: &'a mut Local,
        is_cancelled: Option<&'a dyn Fn() -> bool>,
    ) -> Self {
        let functions = FunctionContext {
            now,
            dates: state.dates,
            random: std::mem::take(&mut state.random),
            error: local.caught.clone(),
            ..FunctionContext::default()
        };
        let fuel = match is_cancelled {
            Some(_) => UNLIMITED,
            None => LOCKED_FUEL,
        };
        let held = state.share.held();
        Self {
            world,
            instance,
            now,
            held,
            keeps: false,
            state,
            local,
            functions,
            fuel,
            tank: fuel,
            is_cancelled,
            contents: BTreeMap::new(),
            results: BTreeMap::new(),
            sets: BTreeMap::new(),
            work_tables: BTreeMap::new(),
            null_eliminated: false,
            row_goal: None,
        }
    }

    /// Stops as too heavy after looking at so many row pairs.
    pub(crate) fn with_fuel(mut self, fuel: u64) -> Self {
        self.fuel = fuel;
        self.tank = fuel;
        self
    }

    /// Counts a row or a pair of rows looked at.
    pub(crate) fn tick(&mut self) -> Result<(), Stop> {
        self.fuel -= 1;
        if self.fuel.is_multiple_of(CANCEL_EVERY) {
            if self.fuel == 0 {
                return Err(match self.is_cancelled {
                    Some(_) => Stop::Heavy,
                    None => out_of_memory().into(),
                });
            }
            if self.is_cancelled.is_some_and(|is_cancelled| is_cancelled()) {
                return Err(Stop::Cancelled);
            }
        }
        Ok(())
    }

    /// Refuses a result that is too large (701).
    pub(crate) fn check_size(&self, rows: usize) -> Result<(), Stop> {
        if rows > MAX_ROWS {
            return Err(out_of_memory().into());
        }
        Ok(())
    }

    /// Holds memory for rows that are made (701 if there is none left for all sessions).
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Stop> {
        match self.state.share.hold(bytes) {
            true => Ok(()),
            false => Err(no_memory_left().into()),
        }
    }

    /// What is held now.
    pub(crate) fn held(&self) -> usize {
        self.state.share.held()
    }

    /// What has been made since it was so much is dropped, but for so many bytes.
    pub(crate) fn keep(&mut self, held: usize, bytes: usize) {
        self.state.share.fall_to(held.saturating_add(bytes));
    }

    /// The rows stay when the statement is over, until its client has them.
    pub(crate) fn keep_all(&mut self) {
        self.keeps = true;
        self.state.share.trim();
    }

    /// A database of the instance; it can only be missing if it was dropped a moment ago.
    pub(crate) fn database(&self, id: DatabaseId) -> &'a Database {
        self.instance
            .databases
            .get(&id)
            .map_or_else(|| self.instance.master(), AsRef::as_ref)
    }

    /// What catalog views and metadata functions see of a database.
    pub(crate) fn scope(&self, database: DatabaseId) -> Scope<'_> {
        Scope {
            world: self.world,
            instance: self.instance,
            database: self.database(database),
            session: self.state.session,
            transaction: self.state.transaction_id(),
            now: self.now,
            settings: &self.state.settings,
            errors: &self.state.errors,
            cursors: &self.state.cursors,
        }
    }

    /// The content of a place as the session sees it.
    pub(crate) fn content(&mut self, place: Place) -> Content {
        match place {
            Place::Temporary => self.state.temporary.clone(),
            Place::Variable => self.local.tables.clone(),
            Place::Database(id) => {
                if let Some(content) = self.contents.get(&id) {
                    return content.clone();
                }
                let content = self
                    .instance
                    .databases
                    .get(&id)
                    .map_or_else(empty_content, |database| {
                        database.view(self.state.transaction_id())
                    });
                self.contents.insert(id, content.clone());
                content
            }
        }
    }
}

impl Drop for Runtime<'_> {
    fn drop(&mut self) {
        self.state.random = std::mem::take(&mut self.functions.random);
        if !self.keeps {
            self.state.share.end(self.held);
        }
        self.state.work += STATEMENT + self.tank.saturating_sub(self.fuel);
    }
}

/// 701 as well: what all statements need together more than milink gives them.
fn no_memory_left() -> SqlError {
    let mut error = out_of_memory();
    error.message += " The rows of all sessions' statements together have a bound: run fewer such statements at a time, or ask for fewer rows.";
    error
}

/// 701: what a statement needs more than milink gives one.
pub(crate) fn out_of_memory() -> SqlError {
    SqlError::new(
        701,
        17,
        "There is insufficient system memory in resource pool 'default' to run this query.",
    )
    .aborting(crate::error::Abort::Batch)
}
