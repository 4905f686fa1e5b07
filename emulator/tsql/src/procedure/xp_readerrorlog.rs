//! `xp_readerrorlog` and `sp_readerrorlog`: the error log, filtered by up to two texts and a time.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Parameter, Procedure, defaulting, optional, result_set};
use crate::catalog::column::{DATETIME, ViewColumn, col, nvarchar};
use crate::catalog::{Cell, row};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "xp_readerrorlog",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

pub(super) const SP: Procedure = Procedure {
    name: "sp_readerrorlog",
    ..PROCEDURE
};

const PARAMETERS: &[Parameter] = &[
    defaulting("@p1", SqlType::Int, Value::Int(0)),
    defaulting("@p2", SqlType::Int, Value::Int(1)),
    optional("@p3", SqlType::nvarchar(255)),
    optional("@p4", SqlType::nvarchar(255)),
    optional("@p5", SqlType::DateTime),
    optional("@p6", SqlType::DateTime),
    optional("@p7", SqlType::nvarchar(4)),
];

const COLUMNS: &[ViewColumn] = &[
    col("LogDate", DATETIME),
    col("ProcessInfo", nvarchar(50)),
    col("Text", nvarchar(4000)),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    if call.number(1) == Some(2) {
        return Err(SqlError::unsupported("the log of SQL Server Agent"));
    }
    let rows = call.read(|scope, call| {
        let texts = [call.text(2), call.text(3)].map(|text| text.map(str::to_lowercase));
        let bounds = [call.values.get(4), call.values.get(5)].map(|value| moment(value?));
        // The log is never cycled, so that the archives are empty.
        let archived = call.number(0).is_some_and(|number| number != 0);
        let lines = scope.instance.error_log.iter().filter(|line| {
            let text = line.text.to_lowercase();
            let time = moment(&line.time.cell());
            !archived
                && texts
                    .iter()
                    .flatten()
                    .all(|part| text.contains(part.as_str()))
                && bounds[0].is_none_or(|from| time >= Some(from))
                && bounds[1].is_none_or(|to| time <= Some(to))
        });
        let row = |line: &milink_core::instance::ErrorLogLine| {
            let text: String = line.text.chars().take(4000).collect();
            row![line.time, "Server", text]
        };
        let mut rows: Vec<Row> = lines.map(|line| row(line)).collect();
        if call
            .text(6)
            .is_some_and(|order| order.eq_ignore_ascii_case("desc"))
        {
            rows.reverse();
        }
        Ok(rows)
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

/// Something to compare moments by.
fn moment(value: &Value) -> Option<(i32, u32)> {
    match value {
        Value::DateTime(moment) => Some((moment.days, moment.ticks)),
        _ => None,
    }
}
