//! DBCC: trace flags, log space, identity values, and the checks that always find a healthy database.

use milink_core::collation::Collation;
use milink_core::command::SetTraceFlags;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::context::StatementContext;
use crate::ast::DbccStatement;
use crate::error::SqlError;
use crate::session::event::{Done, DoneCommand, Event, ResultColumn};
use crate::types::ExprType;

pub(super) fn run(
    statement: &DbccStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let quiet = statement
        .options
        .iter()
        .any(|option| option.name == "NO_INFOMSGS");
    match statement.command.as_str() {
        "TRACEON" => set_trace_flags(statement, context, true)?,
        "TRACEOFF" => set_trace_flags(statement, context, false)?,
        "TRACESTATUS" => trace_status(context)?,
        "SQLPERF" => log_space(statement, context)?,
        "CHECKIDENT" => super::checkident::run(statement, context, quiet)?,
        "CHECKDB" | "CHECKTABLE" | "CHECKALLOC" | "CHECKCATALOG" => {
            let instance = context.instance()?;
            let database = instance.databases.get(&context.database);
            let name = database.map_or_else(String::new, |database| database.name.to_string());
            context.events.push(Event::Info(SqlError::new(
                8989,
                10,
                format!(
                    "{} found 0 allocation errors and 0 consistency errors in database '{name}'.",
                    statement.command
                ),
            )));
        }
        other => return Err(SqlError::unsupported(format!("DBCC {other}"))),
    }
    if !quiet {
        let text = "DBCC execution completed. If DBCC printed error messages, contact your system administrator.";
        context
            .events
            .push(Event::Info(SqlError::new(2528, 10, text)));
    }
    Ok(())
}

fn set_trace_flags(
    statement: &DbccStatement,
    context: &mut StatementContext<'_>,
    on: bool,
) -> Result<(), SqlError> {
    let mut flags = Vec::new();
    for argument in &statement.args {
        let (value, _) = (context.evaluate)(&mut *context.host, argument)?;
        let flag = value.as_int().and_then(|flag| i32::try_from(flag).ok());
        flags.push(flag.ok_or_else(|| SqlError::new(2571, 16, "Invalid trace flag."))?);
    }
    // -1 makes the flags global; here they always are.
    flags.retain(|flag| *flag > 0);
    context.apply(SetTraceFlags {
        instance: context.instance,
        flags,
        on,
    })
}

fn trace_status(context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    let instance = context.instance()?;
    let columns = [
        ("TraceFlag", SqlType::SmallInt),
        ("Status", SqlType::SmallInt),
        ("Global", SqlType::SmallInt),
        ("Session", SqlType::SmallInt),
    ];
    let rows = instance.trace_flags.iter().map(|flag| -> Row {
        [
            Value::Int(i64::from(*flag)),
            Value::Int(1),
            Value::Int(1),
            Value::Int(0),
        ]
        .into()
    });
    send(context, &columns, rows.collect());
    Ok(())
}

fn log_space(
    statement: &DbccStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let what = statement
        .args
        .first()
        .map(|argument| (context.evaluate)(&mut *context.host, argument))
        .transpose()?;
    let what = what
        .and_then(|(value, _)| value.as_str().map(str::to_uppercase))
        .unwrap_or_default();
    if what != "LOGSPACE" {
        return Err(SqlError::unsupported(format!("DBCC SQLPERF({what})")));
    }
    let instance = context.instance()?;
    let columns = [
        ("Database Name", SqlType::SYSNAME),
        ("Log Size (MB)", SqlType::Real),
        ("Log Space Used (%)", SqlType::Real),
        ("Status", SqlType::Int),
    ];
    let rows = instance.databases.values().map(|database| -> Row {
        let size = database.log_file_bytes() as f64;
        let used = database.log.used_bytes() as f64 * 100.0 / size;
        let real = |number: f64| Value::Float(f64::from(number as f32));
        [
            Value::str(database.name.shared()),
            real(size / 1_048_576.0),
            real(used),
            Value::Int(0),
        ]
        .into()
    });
    send(context, &columns, rows.collect());
    Ok(())
}

fn send(context: &mut StatementContext<'_>, columns: &[(&str, SqlType)], rows: Vec<Row>) {
    let columns = columns.iter().map(|(name, sql_type)| ResultColumn {
        name: (*name).into(),
        ty: ExprType::column(*sql_type, true, Collation::DEFAULT),
        identity: false,
        updatable: false,
        computed: false,
    });
    context.events.push(Event::Columns(columns.collect()));
    let count = rows.len() as u64;
    context.events.extend(rows.into_iter().map(Event::Row));
    let in_transaction = context.transaction.is_some();
    context.events.push(Event::Done(Done {
        command: DoneCommand::Select,
        rows: Some(count),
        failed: false,
        in_transaction,
    }));
}
