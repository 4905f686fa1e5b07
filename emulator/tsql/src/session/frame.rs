//! Frames: a batch, and the dynamic batches and procedures it calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use milink_core::ids::{DatabaseId, ObjectId};
use milink_core::store::Op;

use super::cursor::Target as CursorTarget;
use super::event::Event;
use super::program::{Instruction, Program, Target};
use super::state::{Dry, Local};
use super::{Failure, Flow, MAX_NESTING, Session, host::Host};
use crate::catalog::Settings;
use crate::engine::bind::Binder;
use crate::engine::remote::Wanted;
use crate::error::SqlError;
use crate::types::{DateSettings, convert_implicit};

/// A running batch or procedure.
pub(super) struct Frame {
    pub(super) program: Arc<Program>,
    pub(super) at: usize,
    pub(super) local: Local,
    /// The CATCH blocks of the TRY blocks around, innermost last.
    pub(super) tries: Vec<Handler>,
    /// What the CATCH blocks around handled before, innermost last.
    pub(super) catches: Vec<Option<SqlError>>,
    /// The procedure's name, for messages; none for batches.
    pub(super) procedure: Option<String>,
    /// What is put back when it ends; a batch's own SET and USE stay.
    pub(super) restore: Option<Restore>,
    pub(super) outputs: Vec<Output>,
    /// The caller's variable for the return status.
    pub(super) return_to: Option<ReturnTo>,
    pub(super) status: i32,
    /// Its result sets are collected for INSERT … EXEC.
    pub(super) collects: bool,
    /// What its INSERT … EXEC has collected.
    pub(super) collected: Option<Vec<milink_core::value::Row>>,
    /// Statements are bound ahead once, before the first runs.
    pub(super) checked: bool,
    /// The rows of a cursor that it is about, if a client says so.
    pub(super) target: Option<CursorTarget>,
}

/// A TRY block's handler, and how many CATCH blocks were around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handler {
    pub(super) catch: usize,
    pub(super) catches: usize,
}

/// What a called frame changes and gives back.
pub(super) struct Restore {
    pub(super) settings: Settings,
    pub(super) dates: DateSettings,
    pub(super) dry: Dry,
    pub(super) database: DatabaseId,
    /// The temporary tables that were there before; those made since go with the frame.
    pub(super) temporary: BTreeSet<ObjectId>,
}

/// An output parameter: the frame's variable, and where its value goes.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) slot: usize,
    pub(super) to: OutputTarget,
}

#[derive(Clone, Debug)]
pub(super) enum OutputTarget {
    /// A variable of the calling frame.
    Variable(usize),
    /// A parameter of the client's call.
    Parameter { ordinal: u16, name: Arc<str> },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ReturnTo {
    Variable(usize),
    Client,
    Nobody,
}

impl Frame {
    /// A batch at the outermost level.
    pub(super) fn batch(program: Arc<Program>) -> Self {
        Self {
            program,
            at: 0,
            local: Local::new(),
            tries: Vec::new(),
            catches: Vec::new(),
            procedure: None,
            restore: None,
            outputs: Vec::new(),
            return_to: None,
            status: 0,
            collects: false,
            collected: None,
            checked: false,
            target: None,
        }
    }
}

impl Session {
    /// Adds a frame whose program declares variables; `called` frames give back what they SET.
    pub(super) fn push_frame(
        &mut self,
        mut frame: Frame,
        called: bool,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if self.frames.len() >= MAX_NESTING {
            return Err(SqlError::new(
                217,
                16,
                "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
            )
            .into());
        }
        if called {
            frame.restore = Some(Restore {
                settings: self.state.settings.clone(),
                dates: self.state.dates,
                dry: self.state.dry,
                database: self.state.database,
                temporary: self.state.temporary.tables.keys().copied().collect(),
            });
            if let Some(caller) = self.frames.last() {
                frame.local.caught.clone_from(&caller.local.caught);
            }
        }
        if !frame.program.variables.is_empty() {
            let world = host.snapshot();
            let instance = world
                .instance(self.state.instance)
                .cloned()
                .ok_or_else(crate::session::instance_gone)?;
            for (name, data_type) in &frame.program.variables {
                let ty = Binder::new(&instance, &self.state, &frame.local)
                    .variable_type(data_type)
                    .map_err(|error| Failure::compile(error.at_line(data_type.span.line)))?;
                frame.local.variables.declare(name, ty);
            }
        }
        self.frames.push(frame);
        self.state.settings.nest_level = self.frames.len() as i32 - 1;
        Ok(())
    }

    /// Ends the innermost frame: outputs and status go to the caller, settings come back.
    pub(super) fn pop_frame(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.state.cursors.end_frames(self.frames.len());
        if let Some(restore) = &frame.restore {
            self.drop_temporary_since(&restore.temporary);
            let old = self.state.database;
            let nest_level = self.state.settings.nest_level;
            // What the last FETCH and OPEN came to is the connection's.
            let (fetch_status, cursor_rows) = {
                let settings = &self.state.settings;
                (settings.fetch_status, settings.cursor_rows)
            };
            self.state.settings = restore.settings.clone();
            self.state.settings.fetch_status = fetch_status;
            self.state.settings.cursor_rows = cursor_rows;
            self.state.dates = restore.dates;
            self.state.dry = restore.dry;
            self.state.database = restore.database;
            self.state.settings.nest_level = nest_level - 1;
            if old != restore.database {
                self.announce_database(old, restore.database, host, out);
            }
        }
        match frame.return_to {
            None | Some(ReturnTo::Nobody) => {}
            Some(ReturnTo::Client) => out.push(Event::ReturnStatus(frame.status)),
            Some(ReturnTo::Variable(slot)) => {
                if let Some(caller) = self.frames.last_mut() {
                    caller
                        .local
                        .variables
                        .set(slot, milink_core::value::Value::Int(frame.status.into()));
                }
            }
        }
        for output in &frame.outputs {
            let variable = frame.local.variables.get(output.slot);
            match &output.to {
                OutputTarget::Variable(slot) => {
                    let Some(caller) = self.frames.last_mut() else {
                        continue;
                    };
                    let to = caller.local.variables.get(*slot).ty;
                    let dates = &self.state.dates;
                    if let Ok(value) = convert_implicit(&variable.value, &variable.ty, &to, dates) {
                        caller.local.variables.set(*slot, value);
                    }
                }
                OutputTarget::Parameter { ordinal, name } => {
                    out.push(Event::Output(super::event::OutputParameter {
                        ordinal: *ordinal,
                        name: Arc::clone(name),
                        ty: variable.ty,
                        value: variable.value.clone(),
                    }));
                }
            }
        }
        if frame.collects {
            let rows = self.state.collecting.pop();
            if let Some(caller) = self.frames.last_mut() {
                caller.collected = rows;
            }
        }
    }

    fn drop_temporary_since(&mut self, before: &BTreeSet<ObjectId>) {
        let temporary = &mut self.state.temporary;
        let made: Vec<ObjectId> = temporary
            .tables
            .keys()
            .filter(|table| !before.contains(table))
            .copied()
            .collect();
        for table in made {
            temporary.apply(&Op::DropTable { table });
        }
    }

    /// Drops frames without handing anything back, as an error does.
    pub(super) fn unwind_to(&mut self, count: usize, _out: &mut Vec<Event>) {
        while self.frames.len() > count {
            let Some(frame) = self.frames.pop() else {
                return;
            };
            if frame.collects {
                self.state.collecting.pop();
            }
            if let Some(restore) = frame.restore {
                self.drop_temporary_since(&restore.temporary);
                self.state.settings = restore.settings;
                self.state.dates = restore.dates;
                self.state.dry = restore.dry;
                self.state.database = restore.database;
            }
        }
        self.state.settings.nest_level = (self.frames.len() as i32 - 1).max(0);
    }

    /// Runs one instruction of the innermost frame; inside of INSERT … EXEC its rows are collected.
    pub(super) fn advance(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        if self.state.collecting.is_empty() {
            return self.advance_here(host, out);
        }
        let depth = self.state.collecting.len();
        let mut events = Vec::new();
        self.advance_here(host, &mut events);
        for event in events {
            match event {
                Event::Row(row) => {
                    if let Some(rows) = self.state.collecting.get_mut(depth - 1) {
                        rows.push(row);
                    } else if let Some(rows) = self
                        .frames
                        .last_mut()
                        .and_then(|frame| frame.collected.as_mut())
                    {
                        rows.push(row);
                    }
                }
                Event::Columns(_) => {}
                Event::Done(done) if !done.failed => {}
                other => out.push(other),
            }
        }
    }

    fn advance_here(&mut self, host: &mut dyn Host, out: &mut Vec<Event>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if !frame.checked {
            frame.checked = true;
            if let Err(failure) = self.check_ahead(host) {
                self.fail(failure, host, out);
                return;
            }
        }
        let frame = self.frame();
        let program = Arc::clone(&frame.program);
        let at = frame.at;
        let Some(instruction) = program.instructions.get(at) else {
            self.pop_frame(host, out);
            return;
        };
        match instruction {
            Instruction::Jump(target) => self.jump(*target),
            Instruction::EnterTry { catch } => {
                let catches = frame.catches.len();
                frame.tries.push(Handler {
                    catch: *catch,
                    catches,
                });
                frame.at += 1;
            }
            Instruction::LeaveTry => {
                frame.tries.pop();
                frame.at += 1;
            }
            Instruction::LeaveCatch => {
                frame.local.caught = frame.catches.pop().flatten();
                frame.at += 1;
            }
            Instruction::Unless { condition, target } => {
                if self.state.dry.no_exec {
                    self.frame().at += 1;
                    return;
                }
                let tested = self.test_condition(condition, host);
                if let Err(Err(failure)) = &tested
                    && self.feeds(failure, host, out)
                {
                    return;
                }
                self.frame().local.remote.clear();
                match tested {
                    Ok(true) => self.frame().at += 1,
                    Ok(false) => self.frame().at = *target,
                    Err(Ok(wait)) => self.waiting = Some(wait),
                    Err(Err(mut failure)) => {
                        failure.error = failure.error.at_line(condition.span.line);
                        self.fail(failure, host, out);
                    }
                }
            }
            Instruction::Run(_) | Instruction::Cursor(_) => {
                let before = out.len();
                let depth = self.frames.len();
                let (flow, line) = match instruction {
                    Instruction::Run(statement) => {
                        (self.run(statement, host, out), statement.span.line)
                    }
                    Instruction::Cursor(operation) => (self.run_operation(operation, host, out), 1),
                    _ => (Ok(Flow::Next), 1),
                };
                if let Err(failure) = &flow
                    && Wanted::of(&failure.error).is_some()
                {
                    out.truncate(before);
                    if self.feeds(failure, host, out) {
                        return;
                    }
                }
                if !matches!(flow, Ok(Flow::Again(_)))
                    && let Some(frame) = self.frames.get_mut(depth - 1)
                    && !frame.local.remote.is_empty()
                {
                    frame.local.remote.clear();
                }
                match flow {
                    Ok(Flow::Next) => {
                        self.unblocked(host);
                        if let Some(frame) = self.frames.last_mut() {
                            frame.at += 1;
                        }
                    }
                    Ok(Flow::Jumped) => self.unblocked(host),
                    Ok(Flow::Again(wait)) => self.waiting = Some(wait),
                    Ok(Flow::After(wait)) => {
                        self.unblocked(host);
                        self.waiting = Some(wait);
                        if let Some(frame) = self.frames.last_mut() {
                            frame.at += 1;
                        }
                    }
                    Err(mut failure) => {
                        self.unblocked(host);
                        failure.error = failure.error.at_line(line);
                        self.fail(failure, host, out);
                    }
                }
            }
        }
    }

    /// Whether a statement failed only because rows of a linked server have not come yet. They are fetched, and the
    /// statement runs again; if they cannot be had, that is its failure.
    fn feeds(&mut self, failure: &Failure, host: &mut dyn Host, out: &mut Vec<Event>) -> bool {
        let Some(wanted) = Wanted::of(&failure.error) else {
            return false;
        };
        match self.fetch_rows(&wanted, host) {
            Ok(wait) => self.waiting = wait,
            Err(mut refused) => {
                self.unblocked(host);
                self.frame().local.remote.clear();
                refused.error = refused.error.at_line(failure.error.line);
                self.fail(refused, host, out);
            }
        }
        true
    }

    fn jump(&mut self, target: Target) {
        let frame = self.frame();
        frame.tries.truncate(target.tries);
        while frame.catches.len() > target.catches {
            frame.local.caught = frame.catches.pop().flatten();
        }
        frame.at = target.at;
    }
}
