//! A batch as a flat list of instructions: control of flow becomes jumps.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{self, DeclareItem, ExecuteTarget, InsertSource, Span, Statement, StatementKind};
use crate::engine::same_name;
use crate::error::SqlError;
use crate::lexer::{TokenKind, tokenize};
use crate::parser::{ParseOptions, SyntaxError, parse_batch};

/// A compiled batch.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) text: Arc<str>,
    pub(crate) instructions: Vec<Instruction>,
    /// Variables with their types, in order; they exist from the start of the batch.
    pub(crate) variables: Vec<(String, ast::DataType)>,
}

/// One step of a batch.
#[derive(Debug)]
pub(crate) enum Instruction {
    /// A statement without control of flow.
    Run(Statement),
    /// Goes to `target` unless the condition holds.
    Unless { condition: ast::Expr, target: usize },
    /// Goes somewhere else, leaving TRY and CATCH blocks.
    Jump(Target),
    /// A TRY block begins; its CATCH block is at `catch`.
    EnterTry { catch: usize },
    /// It ends.
    LeaveTry,
    /// A CATCH block ends.
    LeaveCatch,
    /// What a client asks of a cursor.
    Cursor(super::cursor::Operation),
}

/// Where a jump goes, and how many TRY and CATCH blocks are around it there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target {
    pub(crate) at: usize,
    pub(crate) tries: usize,
    pub(crate) catches: usize,
}

/// Why a batch is not run at all: the errors, in the order they are sent.
pub(crate) type Refused = Vec<SqlError>;

/// Compiles the body of a procedure, which is kept as the text that created it.
pub(crate) fn compile_procedure(
    text: &str,
    quoted_identifier: bool,
) -> Result<(Program, Vec<ast::Parameter>), Refused> {
    let options = ParseOptions { quoted_identifier };
    let batch = parse_batch(text, options).map_err(|error| syntax_errors(&error))?;
    let mut statements = batch.statements.into_iter();
    let procedure = statements.find_map(|statement| match statement.kind {
        StatementKind::CreateProcedure(procedure) => Some(procedure),
        _ => None,
    });
    let Some(procedure) = procedure else {
        return Err(vec![SqlError::incorrect_syntax(text)]);
    };
    let known: Vec<String> = procedure
        .parameters
        .iter()
        .map(|parameter| parameter.name.value.clone())
        .collect();
    let program = build(text, quoted_identifier, procedure.body, &known)?;
    Ok((program, procedure.parameters))
}

/// Parses and compiles a batch. `known` are the variables that exist already: a procedure's parameters.
pub(crate) fn compile(
    text: &str,
    quoted_identifier: bool,
    known: &[String],
) -> Result<Program, Refused> {
    let options = ParseOptions { quoted_identifier };
    let batch = parse_batch(text, options).map_err(|error| syntax_errors(&error))?;
    build(text, quoted_identifier, batch.statements, known)
}

fn build(
    text: &str,
    quoted_identifier: bool,
    statements: Vec<Statement>,
    known: &[String],
) -> Result<Program, Refused> {
    let mut compiler = Compiler {
        instructions: Vec::with_capacity(statements.len()),
        variables: Vec::new(),
        declared: Vec::new(),
        argument_names: Vec::new(),
        loops: Vec::new(),
        tries: 0,
        catches: 0,
        labels: BTreeMap::new(),
        gotos: Vec::new(),
        errors: Vec::new(),
    };
    for name in known {
        compiler.declared.push((name.clone(), 0));
    }
    for statement in statements {
        compiler.statement(statement);
    }
    compiler.resolve_gotos();
    compiler.check_variables(text, quoted_identifier);
    if !compiler.errors.is_empty() {
        return Err(compiler.errors);
    }
    Ok(Program {
        text: text.into(),
        instructions: compiler.instructions,
        variables: compiler.variables,
    })
}

fn syntax_errors(error: &SyntaxError) -> Refused {
    let mut errors = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        errors.push(
            SqlError::new(error.number, error.severity, error.message.clone())
                .with_state(error.state)
                .at_line(error.line),
        );
        next = error.next.as_deref();
    }
    errors
}

struct Compiler {
    instructions: Vec<Instruction>,
    variables: Vec<(String, ast::DataType)>,
    /// Names with the offset from which they are known.
    declared: Vec<(String, u32)>,
    /// Where names of a procedure's parameters stand, which look like variables.
    argument_names: Vec<Span>,
    loops: Vec<Loop>,
    tries: usize,
    catches: usize,
    labels: BTreeMap<String, Target>,
    gotos: Vec<(usize, String, u32)>,
    errors: Refused,
}

struct Loop {
    start: Target,
    breaks: Vec<usize>,
}

impl Compiler {
    fn here(&self) -> Target {
        Target {
            at: self.instructions.len(),
            tries: self.tries,
            catches: self.catches,
        }
    }

    fn emit(&mut self, instruction: Instruction) -> usize {
        self.instructions.push(instruction);
        self.instructions.len() - 1
    }

    fn statement(&mut self, statement: Statement) {
        let span = statement.span;
        match statement.kind {
            StatementKind::Block(statements) => {
                statements
                    .into_iter()
                    .for_each(|inner| self.statement(inner));
            }
            StatementKind::If(branch) => {
                let test = self.emit(Instruction::Unless {
                    condition: branch.condition,
                    target: 0,
                });
                self.statement(branch.then);
                let Some(otherwise) = branch.otherwise else {
                    self.land(test);
                    return;
                };
                let skip = self.emit(Instruction::Jump(Target::default()));
                self.land(test);
                self.statement(otherwise);
                self.land(skip);
            }
            StatementKind::While(repeat) => {
                let start = self.here();
                let test = self.emit(Instruction::Unless {
                    condition: repeat.condition,
                    target: 0,
                });
                self.loops.push(Loop {
                    start,
                    breaks: Vec::new(),
                });
                self.statement(repeat.body);
                self.emit(Instruction::Jump(start));
                self.land(test);
                let ended = self.loops.pop().expect("pushed a moment ago");
                ended.breaks.into_iter().for_each(|at| self.land(at));
            }
            StatementKind::Break => {
                let at = self.emit(Instruction::Jump(Target::default()));
                match self.loops.last_mut() {
                    Some(inside) => inside.breaks.push(at),
                    None => self.outside_of_loop(135, "BREAK", span),
                }
            }
            StatementKind::Continue => match self.loops.last().map(|inside| inside.start) {
                Some(start) => {
                    self.emit(Instruction::Jump(start));
                }
                None => self.outside_of_loop(136, "CONTINUE", span),
            },
            StatementKind::TryCatch(blocks) => {
                let enter = self.emit(Instruction::EnterTry { catch: 0 });
                self.tries += 1;
                blocks
                    .try_block
                    .into_iter()
                    .for_each(|inner| self.statement(inner));
                self.tries -= 1;
                self.emit(Instruction::LeaveTry);
                let skip = self.emit(Instruction::Jump(Target::default()));
                self.land(enter);
                self.catches += 1;
                blocks
                    .catch_block
                    .into_iter()
                    .for_each(|inner| self.statement(inner));
                self.catches -= 1;
                self.emit(Instruction::LeaveCatch);
                self.land(skip);
            }
            StatementKind::Goto(label) => {
                let at = self.emit(Instruction::Jump(Target::default()));
                self.gotos.push((at, label.value, span.line));
            }
            StatementKind::Label(label) => {
                let here = self.here();
                if self
                    .labels
                    .insert(label.value.to_lowercase(), here)
                    .is_some()
                {
                    self.errors.push(
                        SqlError::new(
                            132,
                            15,
                            format!("The label '{}' has already been declared. Label names must be unique within a query batch or stored procedure.", label.value),
                        )
                        .at_line(span.line),
                    );
                }
            }
            kind => {
                self.note_names(&kind, span);
                self.emit(Instruction::Run(Statement { kind, span }));
            }
        }
    }

    /// Makes the instruction at `at` lead to here.
    fn land(&mut self, at: usize) {
        let here = self.here();
        match &mut self.instructions[at] {
            Instruction::Unless { target, .. } | Instruction::EnterTry { catch: target } => {
                *target = here.at;
            }
            Instruction::Jump(target) => *target = here,
            _ => {}
        }
    }

    fn outside_of_loop(&mut self, number: i32, word: &str, span: Span) {
        self.errors.push(
            SqlError::new(
                number,
                15,
                format!("Cannot use a {word} statement outside the scope of a WHILE statement."),
            )
            .at_line(span.line),
        );
    }

    /// Takes down what a statement declares, and the parameter names in its calls.
    fn note_names(&mut self, kind: &StatementKind, span: Span) {
        match kind {
            StatementKind::Declare(declare) => {
                for item in &declare.items {
                    let name = match item {
                        DeclareItem::Variable {
                            name, data_type, ..
                        } => {
                            if !data_type.is_cursor() {
                                self.variables.push((name.value.clone(), data_type.clone()));
                            }
                            name
                        }
                        DeclareItem::Table { name, .. } => name,
                    };
                    if self
                        .declared
                        .iter()
                        .any(|(known, _)| same_name(known, &name.value))
                    {
                        self.errors.push(
                            SqlError::variable_declared_twice(&name.value).at_line(span.line),
                        );
                    }
                    self.declared.push((name.value.clone(), name.span.start));
                }
            }
            StatementKind::Execute(execute) => self.note_arguments(execute),
            StatementKind::Insert(insert) => {
                if let InsertSource::Execute(execute) = &insert.source {
                    self.note_arguments(execute);
                }
            }
            // A module's variables are its own.
            StatementKind::CreateProcedure(_)
            | StatementKind::CreateFunction(_)
            | StatementKind::CreateTrigger(_)
            | StatementKind::CreateView(_) => self.argument_names.push(span),
            _ => {}
        }
    }

    fn note_arguments(&mut self, execute: &ast::ExecuteStatement) {
        let args = match &execute.target {
            ExecuteTarget::Procedure { args, .. }
            | ExecuteTarget::Variable { args, .. }
            | ExecuteTarget::Text { args, .. } => args,
        };
        let names = args.iter().filter_map(|arg| arg.name.as_ref());
        self.argument_names.extend(names.map(|name| name.span));
    }

    fn resolve_gotos(&mut self) {
        for (at, label, line) in std::mem::take(&mut self.gotos) {
            match self.labels.get(&label.to_lowercase()) {
                Some(target) => self.instructions[at] = Instruction::Jump(*target),
                None => self.errors.push(
                    SqlError::new(
                        133,
                        15,
                        format!("A GOTO statement references the label '{label}' but the label has not been declared."),
                    )
                    .at_line(line),
                ),
            }
        }
    }

    /// 137 for every variable that is used and not declared before: the batch is then not run at all.
    fn check_variables(&mut self, text: &str, quoted_identifier: bool) {
        if !text.contains('@') {
            return;
        }
        let Ok(tokens) = tokenize(text, quoted_identifier) else {
            return;
        };
        let mut before = "";
        for token in &tokens {
            let name = token.span.text(text);
            let previous = std::mem::replace(&mut before, name);
            if token.kind != TokenKind::Variable {
                continue;
            }
            let is_argument = self
                .argument_names
                .iter()
                .any(|span| span.start <= token.span.start && token.span.start < span.end);
            let is_declared = self
                .declared
                .iter()
                .any(|(known, from)| same_name(known, name) && *from <= token.span.start);
            if !is_argument && !is_declared {
                let is_table = ["FROM", "JOIN", "INTO", "UPDATE", "DELETE", "USING"]
                    .iter()
                    .any(|word| previous.eq_ignore_ascii_case(word));
                let error = if is_table {
                    SqlError::undeclared_table_variable(name)
                } else {
                    SqlError::undeclared_variable(name).with_state(2)
                };
                self.errors.push(error.at_line(token.span.line));
            }
        }
    }
}
