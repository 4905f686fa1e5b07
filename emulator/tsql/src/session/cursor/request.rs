//! What clients ask of cursors by RPC, once the arguments are read: it runs as the only instruction of a frame, so that
//! it can wait as a statement does.

use std::sync::Arc;

use milink_core::value::Value;

use super::scroll::{At, Move};
use super::{Concurrency, Cursor, Model, Opened, Wish, fetch, not_open};
use crate::ast::SelectStatement;
use crate::engine::remote::Wanted;
use crate::error::{Abort, SqlError};
use crate::session::event::Event;
use crate::session::host::Host;
use crate::session::state::Variables;
use crate::session::{Failure, Flow, Session};

/// What is asked.
#[derive(Clone, Debug)]
pub(in crate::session) enum Operation {
    Open(Box<OpenRequest>),
    Fetch(FetchRequest),
    /// FETCH with INFO: the place and the number of rows.
    Info {
        handle: i32,
    },
    Close {
        handle: i32,
    },
    /// Gives the cursor a name that statements can use.
    Name {
        handle: i32,
        name: String,
    },
    /// Tells a fact of the cursor.
    Tell {
        handle: i32,
        fact: Fact,
    },
    SetPosition {
        handle: i32,
        row: usize,
    },
}

/// Opens a cursor.
#[derive(Clone, Debug)]
pub(in crate::session) struct OpenRequest {
    pub(super) select: Arc<SelectStatement>,
    pub(super) variables: Variables,
    pub(super) wish: Wish,
    /// The cursors that will do, if the client says.
    pub(super) models: Option<i64>,
    /// The kinds of concurrency that will do.
    pub(super) concurrencies: Option<i64>,
    /// How many rows to send at once.
    pub(super) auto_fetch: Option<usize>,
}

/// Fetches rows.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct FetchRequest {
    pub(super) handle: i32,
    pub(super) movement: Move,
    pub(super) rows: usize,
}

/// Facts that `sp_cursoroption` tells.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) enum Fact {
    ScrollOption,
    ConcurrencyOption,
    RowCount,
}

/// Where the frame keeps what goes back to the client.
pub(super) const CURSOR: usize = 0;
pub(super) const SCROLL_OPTION: usize = 1;
pub(super) const CONCURRENCY_OPTION: usize = 2;
pub(super) const ROW_COUNT: usize = 3;
pub(super) const ROW_NUMBER: usize = 0;
pub(super) const ROWS: usize = 1;
pub(super) const VALUE: usize = 0;

/// The status of a fetch that would have gone before the first row.
const ADJUSTED: i32 = 2;
/// The status when a cursor has closed itself.
const CLOSED: i32 = 16;
/// Where the flags of acceptable options begin.
const ACCEPTABLE_SHIFT: u32 = 16;

impl Session {
    pub(in crate::session) fn run_operation(
        &mut self,
        operation: &Operation,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let result = match operation {
            Operation::Open(request) => self.open_for_client(request, host, out),
            Operation::Fetch(request) => self.fetch_for_client(*request, host, out),
            Operation::Info { handle } => self.tell_place(*handle),
            Operation::Close { handle } => {
                self.handle_of("sp_cursorclose", *handle).map(|handle| {
                    self.state.cursors.remove(handle);
                    Flow::Next
                })
            }
            Operation::Name { handle, name } => self.name_cursor(*handle, name),
            Operation::Tell { handle, fact } => self.tell(*handle, *fact),
            Operation::SetPosition { handle, row } => self.set_position(*handle, *row),
        };
        if let Err(failure) = &result
            && Wanted::of(&failure.error).is_none()
        {
            self.frame().status = 1;
        }
        result
    }

    fn open_for_client(
        &mut self,
        request: &OpenRequest,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let handle = self.state.cursors.add(Cursor {
            name: String::new(),
            global: true,
            wish: request.wish.clone(),
            created: host.snapshot().now(),
            fetch_status: -9,
            open: None,
            select: Arc::clone(&request.select),
            variables: request.variables.clone(),
        })?;
        let opened = self.open_by_handle(handle, host);
        if !matches!(opened, Ok(None)) {
            self.state.cursors.remove(handle);
        }
        match opened {
            Ok(None) => {}
            Ok(Some(wait)) => return Ok(Flow::Again(wait)),
            Err(failure) if Wanted::of(&failure.error).is_some() => return Err(failure),
            Err(failure) => return Err(not_declared(failure)),
        }
        let facts = self.facts(handle)?;
        let refused = [
            (request.models, facts.scroll_option()),
            (request.concurrencies, facts.concurrency_option()),
        ]
        .into_iter()
        .any(|(accepted, got)| accepted.is_some_and(|it| it >> ACCEPTABLE_SHIFT & got == 0));
        if refused {
            self.state.cursors.remove(handle);
            return Err(SqlError::new(16955, 16, "Could not create an acceptable cursor.").into());
        }
        let mut count = i64::from(facts.row_count);
        let mut rows = Vec::new();
        let mut ended = false;
        if let Some(wanted) = request.auto_fetch {
            match self.fetch_block(handle, Move::Next, wanted, host) {
                Ok(Ok(fetched)) => {
                    rows = fetched.rows;
                    ended = rows.len() < wanted;
                    count = rows.len() as i64;
                }
                Ok(Err(wait)) => {
                    self.state.cursors.remove(handle);
                    return Ok(Flow::Again(wait));
                }
                Err(failure) => {
                    self.state.cursors.remove(handle);
                    return Err(failure);
                }
            }
        }
        self.send_fetched(handle, rows, out);
        for (slot, value) in [
            (CURSOR, i64::from(handle)),
            (SCROLL_OPTION, facts.scroll_option()),
            (CONCURRENCY_OPTION, facts.concurrency_option()),
            (ROW_COUNT, count),
        ] {
            self.frame().local.variables.set(slot, Value::Int(value));
        }
        if ended && request.wish.auto_close {
            self.state.cursors.remove(handle);
            self.frame().status = CLOSED;
        }
        Ok(Flow::Next)
    }

    fn fetch_for_client(
        &mut self,
        request: FetchRequest,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let handle = self.handle_of("sp_cursorfetch", request.handle)?;
        let Some(cursor) = self.state.cursors.get(handle) else {
            return Err(not_open(2).into());
        };
        // What is documented to fail on a forward-only cursor is everything but FIRST.
        if !matches!(request.movement, Move::First) {
            fetch::check(cursor, request.movement)?;
        }
        let fetched = match self.fetch_block(handle, request.movement, request.rows, host)? {
            Ok(fetched) => fetched,
            Err(wait) => return Ok(Flow::Again(wait)),
        };
        let ended = fetched.rows.len() < request.rows;
        let adjusted = fetched.adjusted;
        self.send_fetched(handle, fetched.rows, out);
        let closes_itself = |cursor: &Cursor| cursor.wish.auto_close;
        let closes_itself = self.state.cursors.get(handle).is_some_and(closes_itself);
        self.frame().status = match () {
            () if ended && closes_itself => {
                self.state.cursors.remove(handle);
                CLOSED
            }
            () if adjusted => ADJUSTED,
            () => 0,
        };
        Ok(Flow::Next)
    }

    fn tell_place(&mut self, handle: i32) -> Result<Flow, Failure> {
        let handle = self.handle_of("sp_cursorfetch", handle)?;
        let facts = self.facts(handle)?;
        let place = match facts.at {
            At::Before => 0,
            At::After => -1,
            At::Rows { .. } if facts.row_count < 0 => 1,
            At::Rows { first, .. } => i64::try_from(first).unwrap_or(i64::MAX),
        };
        let variables = &mut self.frame().local.variables;
        variables.set(ROW_NUMBER, Value::Int(place));
        variables.set(ROWS, Value::Int(facts.row_count.into()));
        Ok(Flow::Next)
    }

    fn name_cursor(&mut self, handle: i32, name: &str) -> Result<Flow, Failure> {
        let handle = self.handle_of("sp_cursoroption", handle)?;
        let cursors = &mut self.state.cursors;
        if cursors.named(super::Sort::Global, name, 0).is_some() {
            return Err(SqlError::new(
                16915,
                16,
                format!("A cursor with the name '{name}' already exists."),
            )
            .into());
        }
        cursors.name(name, None, Some(handle));
        if let Some(cursor) = cursors.get_mut(handle) {
            name.clone_into(&mut cursor.name);
        }
        Ok(Flow::Next)
    }

    fn tell(&mut self, handle: i32, fact: Fact) -> Result<Flow, Failure> {
        let handle = self.handle_of("sp_cursoroption", handle)?;
        let facts = self.facts(handle)?;
        let value = match fact {
            Fact::ScrollOption => facts.scroll_option(),
            Fact::ConcurrencyOption => facts.concurrency_option(),
            Fact::RowCount => facts.row_count.into(),
        };
        self.frame().local.variables.set(VALUE, Value::Int(value));
        Ok(Flow::Next)
    }

    fn set_position(&mut self, handle: i32, row: usize) -> Result<Flow, Failure> {
        let handle = self.handle_of("sp_cursor", handle)?;
        let open = self.state.cursors.get_mut(handle);
        if let Some(open) = open.and_then(|cursor| cursor.open.as_mut()) {
            // A row that is not there means the first one (documentation of sp_cursor).
            let found = row.checked_sub(1).filter(|at| *at < open.buffer.len());
            open.current = found.unwrap_or(0);
        }
        Ok(Flow::Next)
    }

    /// A cursor that a client has opened (16909).
    pub(super) fn handle_of(&self, procedure: &str, handle: i32) -> Result<i32, Failure> {
        match self.state.cursors.get(handle) {
            Some(cursor) if cursor.wish.by_client => Ok(handle),
            _ => Err(SqlError::new(
                16909,
                16,
                format!(
                    "{procedure}: The cursor identifier value provided ({handle:x}) is not valid."
                ),
            )
            .into()),
        }
    }

    fn facts(&self, handle: i32) -> Result<Facts, Failure> {
        let cursor = self.state.cursors.get(handle);
        let (cursor, open) = cursor
            .and_then(|cursor| Some((cursor, cursor.open.as_ref()?)))
            .ok_or_else(|| not_open(2))?;
        Ok(Facts::of(cursor, open))
    }
}

/// What is told of an open cursor.
struct Facts {
    model: Model,
    scroll: bool,
    concurrency: Concurrency,
    row_count: i32,
    at: At,
}

impl Facts {
    fn of(cursor: &Cursor, open: &Opened) -> Self {
        Self {
            model: open.model,
            scroll: cursor.wish.scroll,
            concurrency: open.concurrency,
            row_count: open.row_count(),
            at: open.at,
        }
    }

    const fn scroll_option(&self) -> i64 {
        match self.model {
            Model::Keyset => 1,
            Model::Dynamic if self.scroll => 2,
            Model::Dynamic => 4,
            Model::Static => 8,
            Model::FastForward => 16,
        }
    }

    const fn concurrency_option(&self) -> i64 {
        match self.concurrency {
            Concurrency::ReadOnly => 1,
            Concurrency::ScrollLocks => 2,
            Concurrency::Optimistic => 4,
            Concurrency::OptimisticValues => 8,
        }
    }
}

/// 16945 behind what is wrong with the statement (observed with SQL Server 2025).
fn not_declared(failure: Failure) -> Failure {
    let mut preceding = failure.preceding;
    if failure.error.abort > Abort::Batch {
        return Failure {
            preceding,
            ..failure
        };
    }
    preceding.push(failure.error);
    Failure {
        error: SqlError::new(16945, 16, "The cursor was not declared.").with_state(2),
        compile: false,
        preceding,
    }
}
