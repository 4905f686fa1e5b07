//! DECLARE and SET of variables, RETURN.

use std::sync::Arc;

use milink_core::store::{Op, Table};
use milink_core::value::Value;

use super::event::Event;
use super::host::Host;
use super::{Failure, Flow, Session};
use crate::ast::{self, DeclareItem, SetVariableValue};
use crate::engine::bind::{Binder, Scope};
use crate::engine::bound::Node;
use crate::engine::ddl;
use crate::engine::exec::Env;
use crate::error::SqlError;
use crate::types::{ExprType, convert_implicit};

impl Session {
    pub(super) fn declare(
        &mut self,
        declare: &ast::DeclareStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        for item in &declare.items {
            match item {
                DeclareItem::Variable {
                    name,
                    value: Some(value),
                    ..
                } => {
                    if let Some(wait) = self.assign(&name.value, ast::AssignOp::Set, value, host)? {
                        return Ok(wait);
                    }
                }
                // Inside of a loop a declaration without a value leaves the variable as it is.
                DeclareItem::Variable {
                    name,
                    data_type,
                    value: None,
                } => {
                    if data_type.is_cursor() {
                        self.declare_cursor_variable(&name.value);
                    }
                }
                DeclareItem::Table { name, elements } => {
                    let world = host.snapshot();
                    let instance = world
                        .instance(self.state.instance)
                        .cloned()
                        .ok_or_else(crate::session::instance_gone)?;
                    let frame = self.frames.last().expect("a request runs in a frame");
                    let binder = Binder::new(&instance, &self.state, &frame.local);
                    let text = &frame.program.text;
                    let definition =
                        ddl::table_variable(binder, text, &name.value, elements, world.now())
                            .map_err(Failure::compile)?;
                    let tables = &mut self.frame().local.tables;
                    let known = tables
                        .table(&definition.schema, &definition.name)
                        .map(|table: &Arc<Table>| table.definition.object);
                    if known.is_none() {
                        tables.apply(&Op::CreateTable(Arc::new(definition)));
                    }
                }
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn set_variable(
        &mut self,
        set: &ast::SetVariableStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        match &set.value {
            SetVariableValue::Expr { op, value } => {
                if let Some(flow) = self.set_cursor_to(&set.variable.value, value) {
                    return flow;
                }
                let wait = self.assign(&set.variable.value, *op, value, host)?;
                self.state.row_count = 1;
                Ok(wait.unwrap_or(Flow::Next))
            }
            SetVariableValue::Cursor(definition) => {
                self.set_cursor(&set.variable.value, definition, host)
            }
            SetVariableValue::Method { method, .. } => {
                Err(SqlError::unsupported(format!("the xml method {}()", method.value)).into())
            }
        }
    }

    /// Gives a variable a value; a flow if the value has to be waited for.
    fn assign(
        &mut self,
        name: &str,
        op: ast::AssignOp,
        value: &ast::Expr,
        host: &mut dyn Host,
    ) -> Result<Option<Flow>, Failure> {
        let result = self.with_runtime(
            host,
            |instance, state, local| {
                let mut binder = Binder::new(instance, state, local);
                let target = binder.variable(name)?;
                let Node::Variable(slot) = target.node else {
                    return Err(SqlError::undeclared_variable(name));
                };
                let value = binder.assigned(target, op, value, &Scope::rows(&[], None))?;
                Ok((slot, value))
            },
            |runtime, (slot, value)| {
                let value = runtime.eval(value, &Env::EMPTY)?;
                runtime.local.variables.set(*slot, value);
                Ok(())
            },
        );
        match result {
            Ok(_) => Ok(None),
            Err(Ok(error)) => Err(Failure::compile(error)),
            Err(Err(stop)) => self.stopped(stop, host).map(|wait| Some(Flow::Again(wait))),
        }
    }

    pub(super) fn return_from(
        &mut self,
        value: Option<&ast::Expr>,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        if let Some(value) = value {
            if self.frame().return_to.is_none() {
                return Err(SqlError::new(
                    178,
                    15,
                    "A RETURN statement with a return value cannot be used in this context.",
                )
                .into());
            }
            let (value, ty) = self.evaluate(value, host)?;
            let to = ExprType::new(milink_core::sql_type::SqlType::Int);
            let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
            self.frame().status = match value {
                Value::Int(status) => i32::try_from(status).unwrap_or(0),
                _ => 0,
            };
        }
        self.pop_frame(host, out);
        Ok(Flow::Jumped)
    }
}
