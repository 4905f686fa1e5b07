//! Statements that change rows: each reads, decides, and hands back the operations that make the change.

mod bulk;
mod check;
mod delete;
mod insert;
mod merge;
mod output;
mod position;
mod select_into;
mod target;
mod truncate;
mod update;

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_core::World;
use milink_core::ids::{DatabaseId, RowId};
use milink_core::instance::Instance;
use milink_core::store::{Content, Op};
use milink_core::time::Timestamp;
use milink_core::value::{Row, Value};

use super::bind::Binder;
use super::bound::Place;
use super::exec::Runtime;
use crate::error::SqlError;
use crate::session::event::ResultColumn;
use crate::session::state::{Local, State};

pub(crate) use bulk::{announce_bulk, insert_bulk};
pub(crate) use delete::delete;
pub(crate) use insert::{Given, insert};
pub(crate) use merge::merge;
pub(crate) use position::{CONFLICT, Position, PositionedTable, nothing_changed};
pub(crate) use select_into::select_into;
pub(crate) use target::system_name;
pub(crate) use truncate::truncate;
pub(crate) use update::update;

/// What a changing statement works with: the world as it is at this very moment.
pub(crate) struct Work<'a> {
    pub(crate) world: &'a World,
    pub(crate) instance: &'a Instance,
    pub(crate) now: Timestamp,
    pub(crate) state: &'a mut State,
    pub(crate) local: &'a mut Local,
    /// The batch, which spans point into.
    pub(crate) text: &'a str,
}

/// What a changing statement has decided.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) changes: Changes,
    /// The row count; none for statements without one.
    pub(crate) rows: Option<u64>,
    /// The last identity value that was handed out.
    pub(crate) identity: Option<i64>,
    /// Variables that the statement assigns.
    pub(crate) variables: Vec<(usize, Value)>,
    /// OUTPUT for the client.
    pub(crate) output: Option<(Arc<[ResultColumn]>, Vec<Row>)>,
    pub(crate) messages: Vec<SqlError>,
    /// The rows of a cursor that a positioned statement has changed, as they are now; none is a deleted one.
    pub(crate) positioned: Vec<(RowId, Option<Row>)>,
}

/// Operations by the place that they change.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) database: BTreeMap<DatabaseId, Vec<Op>>,
    pub(crate) temporary: Vec<Op>,
    pub(crate) variable: Vec<Op>,
}

impl Changes {
    pub(crate) fn add(&mut self, place: Place, ops: impl IntoIterator<Item = Op>) {
        match place {
            Place::Database(id) => self.database.entry(id).or_default().extend(ops),
            Place::Temporary => self.temporary.extend(ops),
            Place::Variable => self.variable.extend(ops),
        }
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        world: &'a World,
        instance: &'a Instance,
        now: Timestamp,
        state: &'a mut State,
        local: &'a mut Local,
        text: &'a str,
    ) -> Self {
        Self {
            world,
            instance,
            now,
            state,
            local,
            text,
        }
    }

    pub(crate) fn binder(&self) -> Binder<'_> {
        Binder::new(self.instance, self.state, self.local)
    }

    pub(crate) fn runtime(&mut self) -> Runtime<'_> {
        Runtime::new(
            self.world,
            self.instance,
            self.now,
            self.state,
            self.local,
            None,
        )
    }

    /// The content of a place as the session sees it.
    pub(crate) fn content(&self, place: Place) -> Content {
        self.binder().content(place)
    }
}
