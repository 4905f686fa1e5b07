//! The table that a statement changes: defaults, computed columns and checks, and how a row of it is made.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::database::Database;
use milink_core::ids::{RowId, TransactionId};
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Op, TableDefinition};
use milink_core::value::{Row, Value};

use super::Work;
use crate::engine::bind::{Scope, ScopeSource, TableRef};
use crate::engine::bound::{Expr, Place, Predicate};
use crate::engine::exec::{Env, Runtime};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::parser::{ParseOptions, parse_condition, parse_expression};
use crate::types::{ExprType, Target, assign_column};

/// A table with everything about it bound.
pub(super) struct TargetPlan {
    pub(super) table: TableRef,
    pub(super) types: Vec<ExprType>,
    pub(super) defaults: Vec<Option<Expr>>,
    pub(super) computed: Vec<Option<Expr>>,
    /// CHECK constraints: name, the only column it names, condition.
    pub(super) checks: Vec<(String, Option<String>, Predicate)>,
    full_name: String,
    next_row: u64,
    last_identity: Option<i64>,
    identity_changed: bool,
    row_versions: u64,
    /// Parents of foreign keys are looked for.
    pub(super) checks_parents: bool,
}

/// The first number of a row that no open transaction but `own` has given to a row of its own.
fn next_row_beyond_others(
    database: &Database,
    definition: &TableDefinition,
    own: Option<TransactionId>,
) -> u64 {
    let open = database.transactions.values();
    let others = open.filter(|open| Some(open.id) != own);
    let tables = others.filter_map(|open| open.view.tables.get(&definition.object));
    tables.map(|table| table.next_row().0).max().unwrap_or(0)
}

/// A value on its way into a column.
#[derive(Clone, Debug)]
pub(super) enum Assigned {
    Value(Value, ExprType),
    Default,
}

impl TargetPlan {
    pub(super) fn new(work: &Work<'_>, table: TableRef) -> Result<Self, SqlError> {
        let definition = Arc::clone(table.definition());
        let source = [ScopeSource::aliased(
            definition.name.as_str(),
            table.scope_columns(),
        )];
        let row = Scope::rows(&source, None);
        let mut binder = work.binder();
        let mut defaults = Vec::with_capacity(definition.columns.len());
        let mut computed = Vec::with_capacity(definition.columns.len());
        for column in &definition.columns {
            defaults.push(match &column.default {
                Some((_, text)) => Some(binder.lone_expr(&expression(text)?)?),
                None => None,
            });
            computed.push(match &column.computed {
                Some(text) => Some(binder.expr(&expression(text)?, &row)?),
                None => None,
            });
        }
        let mut checks = Vec::with_capacity(definition.checks.len());
        for check in &definition.checks {
            let condition = parse_condition(&check.text, ParseOptions::default())
                .map_err(|error| SqlError::new(error.number, error.severity, error.message))?;
            let predicate = binder.predicate(&condition, &row)?;
            let mut columns: Vec<usize> = Vec::new();
            predicate.columns(&mut |column| columns.push(column));
            columns.sort_unstable();
            columns.dedup();
            let only = match columns.as_slice() {
                [one] => definition
                    .columns
                    .get(*one)
                    .map(|column| column.name.to_string()),
                _ => None,
            };
            checks.push((check.name.to_string(), only, predicate));
        }
        let row_versions = match table.place {
            Place::Database(id) => work.instance.databases.get(&id).map_or(0, |database| {
                let written: usize = database
                    .transactions
                    .values()
                    .map(|open| open.ops.len())
                    .sum();
                (database.version << 24) + written as u64
            }),
            _ => table.table.next_row().0,
        };
        let next_row = match table.place {
            Place::Database(id) => work.instance.databases.get(&id).map_or(0, |database| {
                next_row_beyond_others(database, &definition, work.state.transaction_id())
            }),
            _ => 0,
        };
        Ok(Self {
            types: definition.columns.iter().map(column_type).collect(),
            full_name: table.full_name(),
            next_row: next_row.max(table.table.next_row().0),
            last_identity: table.table.last_identity,
            identity_changed: false,
            defaults,
            computed,
            checks,
            table,
            row_versions,
            checks_parents: true,
        })
    }

    /// From now on CHECK and FOREIGN KEY constraints refuse nothing.
    pub(super) fn check_no_constraints(&mut self) {
        self.checks.clear();
        self.checks_parents = false;
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.table.definition().columns
    }

    /// `schema.table`.
    pub(super) fn schema_name(&self) -> String {
        let definition = self.table.definition();
        match self.table.place {
            Place::Variable => definition.name.to_string(),
            _ => format!("{}.{}", definition.schema, definition.name),
        }
    }

    /// A new row from assigned values, one per column; columns without one take their default.
    pub(super) fn new_row(
        &mut self,
        runtime: &mut Runtime<'_>,
        mut assigned: Vec<Option<Assigned>>,
    ) -> Result<Vec<Value>, Stop> {
        let mut row = Vec::with_capacity(self.types.len());
        for (at, given) in assigned.iter_mut().enumerate() {
            let identity = self.columns()[at].identity;
            let value = match given.take() {
                Some(Assigned::Value(value, from)) => {
                    let value = self.assign(runtime, at, &value, &from)?;
                    if let (Some(identity), Some(number)) = (identity, value.as_int()) {
                        self.note_identity(runtime, number, identity.increment);
                    }
                    value
                }
                Some(Assigned::Default) | None => match identity {
                    Some(identity) => self.next_identity(runtime, at, identity)?,
                    None => self.default(runtime, at)?,
                },
            };
            row.push(value);
        }
        self.finish_row(runtime, &mut row, "INSERT")?;
        Ok(row)
    }

    /// A column's default, or NULL.
    pub(super) fn default(&mut self, runtime: &mut Runtime<'_>, at: usize) -> Result<Value, Stop> {
        match self.defaults[at].clone() {
            Some(expr) => {
                let value = runtime.eval(&expr, &Env::EMPTY)?;
                self.assign(runtime, at, &value, &expr.ty)
            }
            None => Ok(Value::Null),
        }
    }

    /// A value as a column's, or 2628.
    pub(super) fn assign(
        &self,
        runtime: &Runtime<'_>,
        at: usize,
        value: &Value,
        from: &ExprType,
    ) -> Result<Value, Stop> {
        if from.is_null_literal() {
            return Ok(Value::Null);
        }
        let target = Target {
            table: &self.full_name,
            column: self.columns()[at].name.as_str(),
        };
        let to = &self.types[at];
        Ok(assign_column(
            value,
            from,
            to,
            target,
            &runtime.functions.dates,
        )?)
    }

    /// Fills in what is computed, and checks what the row itself has to satisfy.
    pub(super) fn finish_row(
        &mut self,
        runtime: &mut Runtime<'_>,
        row: &mut [Value],
        statement: &str,
    ) -> Result<(), Stop> {
        let definition = Arc::clone(self.table.definition());
        for (value, column) in row.iter_mut().zip(&definition.columns) {
            if column.sql_type == SqlType::RowVersion {
                self.row_versions += 1;
                *value = Value::bytes(self.row_versions.to_be_bytes().as_slice());
            }
        }
        for at in 0..row.len() {
            if let Some(expr) = self.computed[at].clone() {
                let value = runtime.eval(&expr, &Env::of(row, None))?;
                row[at] = self.assign(runtime, at, &value, &expr.ty)?;
            }
        }
        for (value, column) in row.iter().zip(self.columns()) {
            if value.is_null() && !column.nullable {
                return Err(SqlError::null_into_column(
                    column.name.as_str(),
                    &self.full_name,
                    statement,
                )
                .with_state(2)
                .into());
            }
        }
        for (name, column, predicate) in &self.checks {
            if runtime.test(predicate, &Env::of(row, None))? == Some(false) {
                return Err(self
                    .conflict(statement, "CHECK", name, None, column.as_deref())
                    .into());
            }
        }
        Ok(())
    }

    /// 547.
    pub(super) fn conflict(
        &self,
        statement: &str,
        kind: &str,
        constraint: &str,
        table: Option<&str>,
        column: Option<&str>,
    ) -> SqlError {
        let column = column.map_or_else(String::new, |column| format!(", column '{column}'"));
        let own = self.schema_name();
        SqlError::new(
            547,
            16,
            format!(
                "The {statement} statement conflicted with the {kind} constraint \"{constraint}\". The conflict occurred in database \"{}\", table \"{}\"{column}.",
                self.table.database,
                table.unwrap_or(&own),
            ),
        )
        .with_state(0)
    }

    pub(super) fn insert_op(&mut self, row: Row) -> Op {
        let id = RowId(self.next_row);
        self.next_row += 1;
        Op::Insert {
            table: self.table.definition().object,
            id,
            row,
        }
    }

    /// The operation that keeps the identity value, if one was handed out.
    pub(super) fn identity_op(&self) -> Option<Op> {
        self.identity_changed.then(|| Op::SetIdentity {
            table: self.table.definition().object,
            last: self.last_identity,
        })
    }

    pub(super) fn last_identity(&self) -> Option<i64> {
        self.last_identity.filter(|_| self.identity_changed)
    }

    fn next_identity(
        &mut self,
        runtime: &mut Runtime<'_>,
        at: usize,
        identity: milink_core::store::Identity,
    ) -> Result<Value, Stop> {
        let sql = self.columns()[at].sql_type;
        let overflow = || {
            SqlError::new(
                8115,
                16,
                format!(
                    "Arithmetic overflow error converting IDENTITY to data type {}.",
                    sql.name()
                ),
            )
        };
        let next = match self.last_identity {
            None => Some(self.table.table.first_identity(identity)),
            Some(last) => last.checked_add(identity.increment),
        };
        let fits = |number: &i64| match sql {
            SqlType::TinyInt => u8::try_from(*number).is_ok(),
            SqlType::SmallInt => i16::try_from(*number).is_ok(),
            SqlType::Int => i32::try_from(*number).is_ok(),
            _ => true,
        };
        let next = next.filter(fits).ok_or_else(overflow)?;
        self.last_identity = Some(next);
        self.identity_handed_out(runtime);
        Ok(match sql {
            SqlType::Decimal { .. } => Value::Decimal(milink_core::value::Decimal {
                units: next.into(),
                scale: 0,
            }),
            _ => Value::Int(next),
        })
    }

    /// An explicit identity value moves the last one forward.
    fn note_identity(&mut self, runtime: &mut Runtime<'_>, number: i64, increment: i64) {
        let moves = match self.last_identity {
            None => true,
            Some(last) if increment > 0 => number > last,
            Some(last) => number < last,
        };
        if moves {
            self.last_identity = Some(number);
        }
        self.identity_handed_out(runtime);
    }

    /// The value is used up, even if the statement fails.
    fn identity_handed_out(&mut self, runtime: &mut Runtime<'_>) {
        self.identity_changed = true;
        if let (Place::Database(database), Some(last)) = (self.table.place, self.last_identity) {
            let table = self.table.definition().object;
            runtime.state.used_up.insert((database, table), last);
        }
    }
}

pub(super) fn column_type(column: &Column) -> ExprType {
    ExprType::column(
        column.sql_type,
        column.nullable,
        column.collation.unwrap_or(Collation::DEFAULT),
    )
}

/// The stored text of a default or computed column.
fn expression(text: &str) -> Result<crate::ast::Expr, SqlError> {
    parse_expression(text, ParseOptions::default())
        .map_err(|error| SqlError::new(error.number, error.severity, error.message))
}

/// The name that the server makes for a constraint: `PK__table_______0123456789ABCDEF`.
pub(crate) fn system_name(prefix: &str, table: &str, column: Option<&str>, number: u64) -> String {
    let part = |text: &str, length: usize| -> String { text.chars().take(length).collect() };
    let hash = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (number << 17);
    match column {
        Some(column) => format!(
            "{prefix}__{}__{}__{:08X}",
            part(table, 9),
            part(column, 5),
            (hash >> 32) as u32
        ),
        None => format!("{prefix}__{}__{hash:016X}", part(table, 8)),
    }
}

/// The type of a value whose column is not known any more; `target` is what it is meant for.
pub(super) fn value_type(value: Option<&Value>, target: SqlType) -> ExprType {
    use milink_core::sql_type::Length;
    let sql = match value {
        None | Some(Value::Null) => target,
        Some(Value::Bit(_)) => SqlType::Bit,
        Some(Value::Int(_)) => SqlType::BigInt,
        Some(Value::Decimal(number)) => SqlType::decimal(38, number.scale),
        Some(Value::Money(_)) => SqlType::Money,
        Some(Value::Float(_)) => SqlType::Float,
        Some(Value::DateTime(_)) => SqlType::DateTime,
        Some(Value::SmallDateTime(_)) => SqlType::SmallDateTime,
        Some(Value::Date(_)) => SqlType::Date,
        Some(Value::Time(_)) => SqlType::Time(7),
        Some(Value::DateTime2(..)) => SqlType::DateTime2(7),
        Some(Value::DateTimeOffset(..)) => SqlType::DateTimeOffset(7),
        Some(Value::Str(_)) => SqlType::NVarChar(Length::Max),
        Some(Value::Bytes(_)) => SqlType::VarBinary(Length::Max),
        Some(Value::Guid(_)) => SqlType::UniqueIdentifier,
        Some(Value::Variant(_)) => SqlType::SqlVariant,
    };
    ExprType::new(sql)
}
