//! The procedures by which clients use cursors: `sp_cursoropen` and its kin, as documented under "Cursor stored
//! procedures". Their arguments go by position.

use std::sync::Arc;

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::request::{Fact, FetchRequest, OpenRequest, Operation};
use super::scroll::Move;
use super::{Concurrency, Model, Wish};
use crate::ast::{ForClause, QueryBody, SelectItem, SelectStatement, StatementKind};
use crate::error::SqlError;
use crate::session::event::Event;
use crate::session::execute::{Call, CallArgument, nested, parse_parameters};
use crate::session::frame::{Frame, Output, OutputTarget, ReturnTo};
use crate::session::host::Host;
use crate::session::program::{Instruction, Program};
use crate::session::state::Variables;
use crate::session::{Failure, Session};
use crate::types::{ExprType, to_display};

const KEYSET: i64 = 0x1;
const DYNAMIC: i64 = 0x2;
const FORWARD_ONLY: i64 = 0x4;
const STATIC: i64 = 0x8;
const FAST_FORWARD: i64 = 0x10;
const PARAMETERIZED: i64 = 0x1000;
const AUTO_FETCH: i64 = 0x2000;
const AUTO_CLOSE: i64 = 0x4000;
/// Of both options: the flags of what is acceptable count.
const CHECK_ACCEPTED: i64 = 0x8000;
const ALLOW_DIRECT: i64 = 0x2000;
/// How many rows a fetch gets if it does not say.
const DEFAULT_ROWS: i64 = 20;

/// The procedures.
pub(in crate::session) fn is_cursor_procedure(name: &str) -> bool {
    matches!(
        name,
        "sp_cursor"
            | "sp_cursoropen"
            | "sp_cursorprepare"
            | "sp_cursorexecute"
            | "sp_cursorprepexec"
            | "sp_cursorunprepare"
            | "sp_cursorfetch"
            | "sp_cursoroption"
            | "sp_cursorclose"
    )
}

/// What a client wants to open.
struct Asked {
    text: String,
    declared: String,
    /// The handle of the prepared statement, where one is made.
    prepared: Option<(i32, Option<OutputTarget>)>,
    cursor: Option<CallArgument>,
    scroll: Option<CallArgument>,
    concurrency: Option<CallArgument>,
    rows: Option<CallArgument>,
    values: Vec<CallArgument>,
}

impl Session {
    pub(in crate::session) fn cursor_procedure(
        &mut self,
        name: &str,
        call: Call,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let mut arguments = Arguments {
            procedure: name.to_owned(),
            rest: call.arguments.into_iter(),
        };
        let to = call.return_to;
        match name {
            "sp_cursoropen" => {
                let cursor = arguments.next();
                let text = arguments.text("stmt")?;
                let mut asked = Asked::new(text, cursor, &mut arguments);
                if option(asked.scroll.as_ref(), KEYSET) & PARAMETERIZED != 0 {
                    if asked.values.is_empty() {
                        return Err(arguments.invalid("paramdef"));
                    }
                    asked.declared = display(&asked.values.remove(0));
                }
                self.open_asked(asked, to, host, out)
            }
            "sp_cursorprepexec" => {
                let handle = arguments.next();
                let cursor = arguments.next();
                let declared = arguments.next().map_or_else(String::new, |it| display(&it));
                let text = arguments.text("stmt")?;
                if let Some(old) = handle.as_ref().and_then(number).filter(|it| *it != 0) {
                    self.forget_prepared(old)?;
                }
                let number = self.keep_prepared(declared.clone(), text.clone())?;
                let asked = Asked {
                    declared,
                    prepared: Some((number, handle.and_then(|it| it.output))),
                    ..Asked::new(text, cursor, &mut arguments)
                };
                self.open_asked(asked, to, host, out)
            }
            "sp_cursorexecute" => {
                let handle = arguments.integer("prepared_handle")?;
                let prepared = self.prepared_statement(Some(handle))?;
                let cursor = arguments.next();
                let asked = Asked {
                    declared: prepared.declared.clone(),
                    ..Asked::new(prepared.text.clone(), cursor, &mut arguments)
                };
                self.open_asked(asked, to, host, out)
            }
            "sp_cursorprepare" => self.prepare_cursor(arguments, to, host, out),
            "sp_cursorunprepare" => {
                let handle = arguments.integer("prepared_handle")?;
                self.forget_prepared(handle)?;
                self.finish_call(to, 0, out);
                Ok(())
            }
            "sp_cursorfetch" => self.fetch_call(arguments, to, host),
            "sp_cursoroption" => self.option_call(arguments, to, host),
            "sp_cursorclose" => {
                let handle = arguments.handle()?;
                self.push_operation(name, Operation::Close { handle }, Vec::new(), to, host)
            }
            _ => self.change_call(arguments, to, host),
        }
    }

    /// Opens a cursor, or runs what is no query at all.
    fn open_asked(
        &mut self,
        asked: Asked,
        to: ReturnTo,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let scroll = option(asked.scroll.as_ref(), KEYSET);
        let concurrency = option(asked.concurrency.as_ref(), Concurrency::Optimistic as i64);
        let parameters = parse_parameters(&asked.declared).map_err(nested)?;
        let names: Vec<String> = parameters
            .iter()
            .map(|parameter| parameter.name.value.clone())
            .collect();
        let program = self.compile_called(&asked.text, &names)?;
        let Some(select) = cursor_query(&program) else {
            if concurrency_flags(asked.concurrency.as_ref()) & ALLOW_DIRECT == 0 {
                return Err(SqlError::new(
                    16938,
                    16,
                    "sp_cursoropen/sp_cursorprepare: The statement parameter can only be a batch or a stored procedure with a single select, without FOR BROWSE, COMPUTE BY, or variable assignments.",
                )
                .into());
            }
            let text = "Executing SQL directly; no cursor.";
            out.push(Event::Info(SqlError::new(16954, 10, text).at_line(1)));
            let extra = asked
                .prepared
                .and_then(|(number, to)| Some((Value::Int(number.into()), to?)));
            return self.run_text(&asked.text, &asked.declared, asked.values, to, extra, host);
        };
        let mut frame = Frame::batch(Arc::clone(&program));
        let query = format!("({}){}", asked.declared, asked.text);
        self.bind_parameters(&mut frame, &parameters, asked.values, &query, host)?;
        let auto = model(scroll) == Model::FastForward;
        let rows = asked.rows.as_ref().and_then(number).filter(|it| *it > 0);
        let flags = |argument: Option<&CallArgument>| {
            let flags = argument.and_then(number).unwrap_or(0);
            (flags & CHECK_ACCEPTED != 0).then_some(flags)
        };
        let request = OpenRequest {
            select: Arc::new(select),
            variables: frame.local.variables,
            wish: Wish {
                model: model(scroll),
                scroll: scroll & (FORWARD_ONLY | FAST_FORWARD) == 0,
                concurrency: concurrency_of(concurrency),
                for_update: None,
                type_warning: false,
                by_client: true,
                auto_close: auto && scroll & AUTO_CLOSE != 0,
            },
            models: flags(asked.scroll.as_ref()),
            concurrencies: flags(asked.concurrency.as_ref()),
            auto_fetch: (auto && scroll & AUTO_FETCH != 0)
                .then(|| usize::try_from(rows.unwrap_or(DEFAULT_ROWS)).unwrap_or(0)),
        };
        let echo = |argument: Option<CallArgument>, value: i64| {
            (argument.and_then(|it| it.output), Value::Int(value))
        };
        let mut outputs = vec![
            echo(asked.cursor, 0),
            echo(asked.scroll, scroll & 0x1f),
            echo(asked.concurrency, concurrency & 0xf),
            echo(asked.rows, 0),
        ];
        if let Some((number, to)) = asked.prepared {
            outputs.push((to, Value::Int(number.into())));
        }
        let operation = Operation::Open(Box::new(request));
        self.push_operation("sp_cursoropen", operation, outputs, to, host)
    }

    fn prepare_cursor(
        &mut self,
        mut arguments: Arguments,
        to: ReturnTo,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let handle = arguments.next();
        let declared = arguments.next().map_or_else(String::new, |it| display(&it));
        let text = arguments.text("stmt")?;
        let options = arguments.next().as_ref().and_then(number).unwrap_or(0);
        if options & 1 != 0
            && let Ok(Some(columns)) = self.describe_text(&text, &declared, host)
        {
            out.push(Event::Columns(columns));
            self.done(crate::session::event::DoneCommand::Select, Some(0), out);
        }
        let number = self.keep_prepared(declared, text)?;
        self.finish_call(to, 0, out);
        if let Some(to) = handle.and_then(|handle| handle.output) {
            self.give(&to, Value::Int(number.into()), out);
        }
        Ok(())
    }

    fn fetch_call(
        &mut self,
        mut arguments: Arguments,
        to: ReturnTo,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        /// Rows are not written down as fetched; nothing here does so.
        const SKIP_CONCURRENCY: i64 = 0x400;
        const INFO: i64 = 0x100;
        let handle = arguments.handle()?;
        let kind = arguments.next().as_ref().and_then(number).unwrap_or(2) & !SKIP_CONCURRENCY;
        let (row_number, rows) = (arguments.next(), arguments.next());
        if kind == INFO {
            let outputs = [row_number, rows].map(|it| (it.and_then(|it| it.output), Value::Int(0)));
            let operation = Operation::Info { handle };
            return self.push_operation("sp_cursorfetch", operation, outputs.into(), to, host);
        }
        let by = row_number.as_ref().and_then(number).unwrap_or(0);
        let movement = match kind {
            0x1 => Move::First,
            0x2 => Move::Next,
            0x4 => Move::Prior,
            0x8 => Move::Last,
            0x10 => Move::Absolute(by),
            0x20 => Move::Relative(by),
            0x80 => Move::Refresh,
            0x200 => Move::PriorNoAdjust,
            _ => return Err(arguments.invalid("fetchtype")),
        };
        let rows = rows.as_ref().and_then(number).unwrap_or(DEFAULT_ROWS);
        let rows = match movement {
            Move::Refresh => 1,
            Move::First | Move::Last if rows == 0 => 0,
            _ if rows <= 0 => return Err(arguments.invalid("nrows")),
            _ => usize::try_from(rows).unwrap_or(usize::MAX),
        };
        let operation = Operation::Fetch(FetchRequest {
            handle,
            movement,
            rows,
        });
        self.push_operation("sp_cursorfetch", operation, Vec::new(), to, host)
    }

    fn option_call(
        &mut self,
        mut arguments: Arguments,
        to: ReturnTo,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let handle = arguments.handle()?;
        let code = arguments.integer("code")?;
        let value = arguments.next();
        let operation = match code {
            2 => Operation::Name {
                handle,
                name: value.as_ref().map_or_else(String::new, display),
            },
            4..=6 => Operation::Tell {
                handle,
                fact: match code {
                    4 => Fact::ScrollOption,
                    5 => Fact::ConcurrencyOption,
                    _ => Fact::RowCount,
                },
            },
            1 | 3 => return Err(SqlError::unsupported("text pointers of cursors").into()),
            _ => return Err(arguments.invalid("code")),
        };
        let outputs = vec![(value.and_then(|it| it.output), Value::Null)];
        self.push_operation("sp_cursoroption", operation, outputs, to, host)
    }

    /// Leaves a frame behind that does something with a cursor; its variables are what goes back to the client.
    pub(super) fn push_operation(
        &mut self,
        procedure: &str,
        operation: Operation,
        outputs: Vec<(Option<OutputTarget>, Value)>,
        return_to: ReturnTo,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let mut frame = Frame::batch(Arc::new(Program {
            text: "".into(),
            instructions: vec![Instruction::Cursor(operation)],
            variables: Vec::new(),
        }));
        frame.procedure = Some(procedure.to_owned());
        frame.return_to = Some(return_to);
        for (to, value) in outputs {
            let slot = declare(&mut frame.local.variables, value);
            frame.outputs.extend(to.map(|to| Output { slot, to }));
        }
        frame.outputs.sort_by_key(|output| match &output.to {
            OutputTarget::Parameter { ordinal, .. } => *ordinal,
            OutputTarget::Variable(_) => 0,
        });
        self.push_called(frame, host)
    }
}

impl Asked {
    fn new(text: String, cursor: Option<CallArgument>, arguments: &mut Arguments) -> Self {
        Self {
            text,
            declared: String::new(),
            prepared: None,
            cursor,
            scroll: arguments.next(),
            concurrency: arguments.next(),
            rows: arguments.next(),
            values: arguments.rest.by_ref().collect(),
        }
    }
}

/// The arguments of a call, in order.
pub(super) struct Arguments {
    procedure: String,
    pub(super) rest: std::vec::IntoIter<CallArgument>,
}

impl Arguments {
    pub(super) fn next(&mut self) -> Option<CallArgument> {
        self.rest.next()
    }

    /// The cursor's number.
    pub(super) fn handle(&mut self) -> Result<i32, Failure> {
        let handle = self.integer("cursor")?;
        i32::try_from(handle).map_err(|_| self.invalid("cursor"))
    }

    pub(super) fn integer(&mut self, name: &str) -> Result<i64, Failure> {
        let found = self.next();
        match found {
            None => Err(self.too_few()),
            Some(argument) => number(&argument).ok_or_else(|| self.invalid(name)),
        }
    }

    fn text(&mut self, name: &str) -> Result<String, Failure> {
        match self.next() {
            None => Err(self.too_few()),
            Some(argument) => match argument.value {
                Value::Str(_) => Ok(display(&argument)),
                _ => Err(self.invalid(name)),
            },
        }
    }

    /// 16902.
    pub(super) fn invalid(&self, name: &str) -> Failure {
        let text = format!(
            "{}: The value of the parameter {name} is invalid.",
            self.procedure
        );
        SqlError::new(16902, 16, text).into()
    }

    /// 16903.
    fn too_few(&self) -> Failure {
        let text = format!(
            "The \"{}\" procedure was called with an incorrect number of parameters.",
            self.procedure
        );
        SqlError::new(16903, 16, text).into()
    }
}

/// The only statement of a batch, if a cursor can be opened on it.
fn cursor_query(program: &Program) -> Option<SelectStatement> {
    let [Instruction::Run(statement)] = program.instructions.as_slice() else {
        return None;
    };
    let StatementKind::Select(select) = &statement.kind else {
        return None;
    };
    let plain = match &select.query.body {
        QueryBody::Select(spec) => {
            let assigns = |item: &SelectItem| matches!(item, SelectItem::Assign { .. });
            spec.into.is_none() && !spec.items.iter().any(assigns)
        }
        QueryBody::SetOperation { .. } => true,
    };
    let formats: Option<&ForClause> = select.query.for_clause.as_ref();
    (plain && formats.is_none()).then(|| (**select).clone())
}

const fn model(scroll: i64) -> Model {
    if scroll & FAST_FORWARD != 0 {
        Model::FastForward
    } else if scroll & STATIC != 0 {
        Model::Static
    } else if scroll & (DYNAMIC | FORWARD_ONLY) != 0 {
        Model::Dynamic
    } else {
        Model::Keyset
    }
}

const fn concurrency_of(option: i64) -> Concurrency {
    match option & 0xf {
        1 => Concurrency::ReadOnly,
        2 => Concurrency::ScrollLocks,
        8 => Concurrency::OptimisticValues,
        _ => Concurrency::Optimistic,
    }
}

/// An option, or its default.
fn option(argument: Option<&CallArgument>, default: i64) -> i64 {
    argument.and_then(number).unwrap_or(default)
}

fn concurrency_flags(argument: Option<&CallArgument>) -> i64 {
    argument.and_then(number).unwrap_or(0)
}

/// An integer argument; one that is left out is none.
pub(super) fn number(argument: &CallArgument) -> Option<i64> {
    argument.value.as_int().filter(|_| !argument.default)
}

pub(super) fn display(argument: &CallArgument) -> String {
    match &argument.value {
        Value::Null => String::new(),
        value => to_display(value, &argument.ty),
    }
}

/// Adds a variable of a frame for a value that goes back.
fn declare(variables: &mut Variables, value: Value) -> usize {
    let slot = variables.declare("", ExprType::new(SqlType::Int));
    variables.set(slot, value);
    slot
}
