//! DBCC CHECKIDENT: what a table's identity values have come to, and where they go on (documentation: "DBCC CHECKIDENT").

use milink_core::command::Write;
use milink_core::ids::DatabaseId;
use milink_core::names::Name;
use milink_core::store::{Identity, Op, Table};
use milink_core::value::Value;

use super::context::StatementContext;
use crate::ast::DbccStatement;
use crate::catalog::functions::split_name;
use crate::error::SqlError;
use crate::session::event::Event;

/// What is asked for.
enum Wish {
    /// NORESEED.
    Look,
    /// RESEED, or nothing: the last value is mended if the column is ahead of it.
    Mend,
    /// RESEED with a value.
    Set(i64),
}

pub(super) fn run(
    statement: &DbccStatement,
    context: &mut StatementContext<'_>,
    quiet: bool,
) -> Result<(), SqlError> {
    let mut arguments = Vec::new();
    for argument in &statement.args {
        arguments.push((context.evaluate)(&mut *context.host, argument)?.0);
    }
    let name = arguments.first().and_then(Value::as_str);
    let name = name.ok_or_else(wrong_parameter)?.to_owned();
    let wish = wish(&arguments[1..])?;
    let (database, table) = find(context, &name)?;
    let mut columns = table.definition.columns.iter().enumerate();
    let found = columns.find_map(|(at, column)| Some((at, column.identity?)));
    let (at, identity) = found.ok_or_else(|| {
        let text = format!("'{name}' does not contain an identity column.");
        SqlError::new(7997, 16, text)
    })?;
    let furthest = furthest(&table, at, identity);
    if !quiet {
        context.events.push(Event::Info(SqlError::new(
            7998,
            10,
            told(&table, furthest, &wish),
        )));
    }
    let table_id = table.definition.object;
    let op = match wish {
        Wish::Look => None,
        Wish::Set(value) => Some(Op::Reseed {
            table: table_id,
            value,
        }),
        Wish::Mend => {
            let behind = furthest.filter(|furthest| match table.last_identity {
                Some(last) if identity.increment > 0 => last < *furthest,
                Some(last) => last > *furthest,
                None => true,
            });
            behind.map(|last| Op::SetIdentity {
                table: table_id,
                last: Some(last),
            })
        }
    };
    let Some(op) = op else {
        return Ok(());
    };
    context.apply(Write {
        instance: context.instance,
        database,
        session: context.session,
        transaction: context.transaction,
        ops: vec![op],
    })?;
    Ok(())
}

/// RESEED and NORESEED come as words, the value as a number.
fn wish(arguments: &[Value]) -> Result<Wish, SqlError> {
    let word = |value: &Value| value.as_str().map(str::to_ascii_uppercase);
    match arguments {
        [] => Ok(Wish::Mend),
        [only] => match word(only).as_deref() {
            Some("RESEED") => Ok(Wish::Mend),
            Some("NORESEED") => Ok(Wish::Look),
            _ => Err(wrong_parameter()),
        },
        [first, value] if word(first).as_deref() == Some("RESEED") => {
            value.as_int().map(Wish::Set).ok_or_else(wrong_parameter)
        }
        _ => Err(wrong_parameter()),
    }
}

/// The table as the session's transaction sees it, and its database.
fn find(
    context: &mut StatementContext<'_>,
    name: &str,
) -> Result<(DatabaseId, std::sync::Arc<Table>), SqlError> {
    let missing = || {
        let text = format!(
            "Cannot find a table or object with the name \"{name}\". Check the system catalog."
        );
        SqlError::new(2501, 16, text).with_state(45)
    };
    let mut parts = split_name(name).ok_or_else(missing)?;
    let table = parts.pop().ok_or_else(missing)?;
    if table.starts_with('#') {
        return Err(SqlError::unsupported(
            "DBCC CHECKIDENT of a temporary table",
        ));
    }
    let schema = parts.pop().filter(|schema| !schema.is_empty());
    let schema = schema.unwrap_or_else(|| "dbo".to_owned());
    let elsewhere = parts.pop().filter(|database| !database.is_empty());
    let instance = context.instance()?;
    let database = match elsewhere {
        Some(other) => instance.database(&other),
        None => instance.databases.get(&context.database),
    };
    let database = database.ok_or_else(missing)?;
    let content = database.view(context.transaction);
    let table = content.table(&Name::new(&schema), &Name::new(&table));
    Ok((database.id, table.cloned().ok_or_else(missing)?))
}

/// The value of the column that is furthest in the direction of the increment.
fn furthest(table: &Table, at: usize, identity: Identity) -> Option<i64> {
    let number = |value: &Value| match value {
        Value::Decimal(decimal) => i64::try_from(decimal.units).ok(),
        other => other.as_int(),
    };
    let values = table.scan().filter_map(|(_, row)| number(row.get(at)?));
    match identity.increment > 0 {
        true => values.max(),
        false => values.min(),
    }
}

fn told(table: &Table, furthest: Option<i64>, wish: &Wish) -> String {
    let word = |number: Option<i64>| number.map_or_else(|| "NULL".to_owned(), |n| n.to_string());
    let current = word(table.last_identity);
    match wish {
        Wish::Set(_) => {
            format!("Checking identity information: current identity value '{current}'.")
        }
        Wish::Look | Wish::Mend => format!(
            "Checking identity information: current identity value '{current}', current column value '{}'.",
            word(furthest)
        ),
    }
}

fn wrong_parameter() -> SqlError {
    SqlError::new(2560, 16, "Parameter is incorrect for this DBCC statement.").with_state(9)
}
