//! DECLARE CURSOR, SET of a cursor variable, OPEN, CLOSE and DEALLOCATE.

use std::sync::Arc;

use super::{Concurrency, Cursor, Model, Wish, not_a_variable, not_open};
use crate::ast::{
    self, CursorConcurrency, CursorDefinition, CursorForUpdate, CursorModel, CursorRef,
    CursorScope, DeclareCursorStatement, ExprKind,
};
use crate::engine::same_name;
use crate::error::SqlError;
use crate::session::event::Event;
use crate::session::host::Host;
use crate::session::{Failure, Flow, Session};

impl Session {
    pub(in crate::session) fn declare_cursor(
        &mut self,
        declare: &DeclareCursorStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let name = &declare.name.value;
        let wish = wish(&declare.definition)?;
        let is_local = match declare.definition.scope {
            Some(scope) => scope == CursorScope::Local,
            None => self.local_cursor_default(host),
        };
        let frame = is_local.then_some(self.frames.len());
        let mut names = self.state.cursors.names.iter();
        if names.any(|known| known.frame == frame && same_name(&known.name, name)) {
            return Err(SqlError::new(
                16915,
                16,
                format!("A cursor with the name '{name}' already exists."),
            )
            .into());
        }
        let cursor = self.new_cursor(name, wish, &declare.definition, host);
        let handle = self.state.cursors.add(Cursor {
            global: !is_local,
            ..cursor
        })?;
        self.state.cursors.name(name, frame, Some(handle));
        Ok(Flow::Next)
    }

    /// `DECLARE @c CURSOR`.
    pub(in crate::session) fn declare_cursor_variable(&mut self, name: &str) {
        let frame = self.frames.len();
        let cursors = &mut self.state.cursors;
        if cursors.named(super::Sort::Variable, name, frame).is_none() {
            cursors.name(name, Some(frame), None);
        }
    }

    /// `SET @c = CURSOR …`.
    pub(in crate::session) fn set_cursor(
        &mut self,
        variable: &str,
        definition: &CursorDefinition,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let frame = self.frames.len();
        let sort = super::Sort::Variable;
        if self.state.cursors.named(sort, variable, frame).is_none() {
            return Err(not_a_variable(variable).into());
        }
        let cursor = self.new_cursor(variable, wish(definition)?, definition, host);
        let handle = self.state.cursors.add(cursor)?;
        self.state.cursors.assign(variable, frame, Some(handle));
        Ok(Flow::Next)
    }

    /// `SET @c = c` and `SET @c = @d`; none if `@c` is an ordinary variable.
    pub(in crate::session) fn set_cursor_to(
        &mut self,
        variable: &str,
        value: &ast::Expr,
    ) -> Option<Result<Flow, Failure>> {
        let frame = self.frames.len();
        let cursors = &mut self.state.cursors;
        cursors.named(super::Sort::Variable, variable, frame)?;
        let name = match &value.kind {
            ExprKind::Variable(name) => name.clone(),
            ExprKind::Column(column) if column.table.is_none() => column.name.clone(),
            _ => {
                let error = SqlError::new(
                    16949,
                    16,
                    format!(
                        "The variable '{variable}' is a cursor variable, but it is used in a place where a cursor variable is not valid."
                    ),
                );
                return Some(Err(error.into()));
            }
        };
        let other = CursorRef {
            global: false,
            name,
        };
        Some(match cursors.find(&other, frame) {
            Ok(handle) => {
                cursors.assign(variable, frame, Some(handle));
                Ok(Flow::Next)
            }
            Err(error) => Err(error.into()),
        })
    }

    pub(in crate::session) fn open_cursor(
        &mut self,
        cursor: &CursorRef,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        let handle = self.state.cursors.find(cursor, self.frames.len())?;
        let is_open = |cursor: &Cursor| cursor.open.is_some();
        if self.state.cursors.get(handle).is_some_and(is_open) {
            return Err(SqlError::new(16905, 16, "The cursor is already open.").into());
        }
        if let Some(wait) = self.open_by_handle(handle, host)? {
            return Ok(Flow::Again(wait));
        }
        let Some(cursor) = self.state.cursors.get(handle) else {
            return Ok(Flow::Next);
        };
        let Some(open) = &cursor.open else {
            return Ok(Flow::Next);
        };
        self.state.settings.cursor_rows = open.row_count();
        if cursor.wish.type_warning && open.model != cursor.wish.model {
            out.push(Event::Info(
                SqlError::new(
                    16956,
                    10,
                    "The created cursor is not of the requested type.",
                )
                .at_line(1),
            ));
        }
        Ok(Flow::Next)
    }

    pub(in crate::session) fn close_cursor(&mut self, cursor: &CursorRef) -> Result<Flow, Failure> {
        let handle = self.state.cursors.find(cursor, self.frames.len())?;
        let closed = self
            .state
            .cursors
            .get_mut(handle)
            .and_then(|cursor| cursor.open.take());
        if closed.is_none() {
            return Err(not_open(1).into());
        }
        self.state.settings.cursor_rows = 0;
        Ok(Flow::Next)
    }

    pub(in crate::session) fn deallocate_cursor(
        &mut self,
        cursor: &CursorRef,
    ) -> Result<Flow, Failure> {
        let frame = self.frames.len();
        self.state.cursors.release(cursor, frame)?;
        Ok(Flow::Next)
    }

    fn new_cursor(
        &mut self,
        name: &str,
        wish: Wish,
        definition: &CursorDefinition,
        host: &mut dyn Host,
    ) -> Cursor {
        Cursor {
            name: name.to_owned(),
            global: false,
            wish,
            created: host.snapshot().now(),
            fetch_status: -9,
            open: None,
            select: Arc::new(definition.select.clone()),
            variables: self.frame().local.variables.clone(),
        }
    }

    /// CURSOR_DEFAULT of the current database.
    fn local_cursor_default(&self, host: &mut dyn Host) -> bool {
        let world = host.snapshot();
        let instance = world.instance(self.state.instance);
        let database = instance.and_then(|found| found.databases.get(&self.state.database));
        database.is_some_and(|database| database.options.local_cursor_default)
    }
}

/// What a definition asks for (documentation: "DECLARE CURSOR"; the conflicts observed with SQL Server 2025).
fn wish(definition: &CursorDefinition) -> Result<Wish, SqlError> {
    let model = definition.model;
    let is_fast = model == Some(CursorModel::FastForward);
    let is_static = matches!(model, Some(CursorModel::Static | CursorModel::Insensitive));
    let for_update = match &definition.for_update {
        Some(CursorForUpdate::Update(columns)) => Some(columns),
        _ => None,
    };
    let conflicts = [
        (
            is_fast && definition.scroll == Some(true),
            "FAST_FORWARD",
            "SCROLL",
        ),
        (
            is_fast && for_update.is_some(),
            "FAST_FORWARD",
            "FOR UPDATE",
        ),
        (is_static && for_update.is_some(), "STATIC", "FOR UPDATE"),
        (
            definition.concurrency == Some(CursorConcurrency::ReadOnly) && for_update.is_some(),
            "READ_ONLY",
            "FOR UPDATE",
        ),
        (
            is_fast && definition.concurrency == Some(CursorConcurrency::ScrollLocks),
            "FAST_FORWARD",
            "SCROLL_LOCKS",
        ),
        (
            is_fast && definition.concurrency == Some(CursorConcurrency::Optimistic),
            "FAST_FORWARD",
            "OPTIMISTIC",
        ),
        (
            is_static && definition.concurrency == Some(CursorConcurrency::ScrollLocks),
            "STATIC",
            "SCROLL_LOCKS",
        ),
    ];
    if let Some((_, one, other)) = conflicts.iter().find(|(holds, ..)| *holds) {
        return Err(SqlError::new(
            1048,
            15,
            format!("Conflicting cursor options {one} and {other}."),
        ));
    }
    let scroll = definition
        .scroll
        .unwrap_or(model.is_some() && !is_fast && model != Some(CursorModel::Insensitive));
    let read_only = is_static
        || is_fast
        || definition.concurrency == Some(CursorConcurrency::ReadOnly)
        || definition.for_update == Some(CursorForUpdate::ReadOnly);
    Ok(Wish {
        model: match model {
            Some(CursorModel::Static | CursorModel::Insensitive) => Model::Static,
            Some(CursorModel::Keyset) => Model::Keyset,
            Some(CursorModel::Dynamic) => Model::Dynamic,
            Some(CursorModel::FastForward) => Model::FastForward,
            None if scroll => Model::Keyset,
            None => Model::Dynamic,
        },
        scroll,
        concurrency: match definition.concurrency {
            _ if read_only => Concurrency::ReadOnly,
            Some(CursorConcurrency::ScrollLocks) => Concurrency::ScrollLocks,
            _ => Concurrency::Optimistic,
        },
        for_update: for_update.map(|columns| {
            let names = columns.iter();
            names.map(|column| column.value.clone()).collect()
        }),
        type_warning: definition.type_warning,
        by_client: false,
        auto_close: false,
    })
}
