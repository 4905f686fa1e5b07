//! `sp_configure`: shows and sets the options of the server.

use milink_core::command::Configure;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::column::{INT, ViewColumn, nvarchar, req};
use crate::catalog::server::{OPTIONS, ServerOption, values};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::session::event::Event;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_configure",
    parameters: &[
        optional("@configname", SqlType::varchar(35)),
        optional("@configvalue", SqlType::Int),
    ],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &[
    req("name", nvarchar(35)),
    req("minimum", INT),
    req("maximum", INT),
    req("config_value", INT),
    req("run_value", INT),
];

const SHOW_ADVANCED: i32 = 518;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let Some(name) = call.text(0).map(str::to_owned) else {
        let rows = call.read(|scope, _| {
            let mut shown: Vec<_> = visible(scope).collect();
            shown.sort_by_key(|option| option.name.to_lowercase());
            Ok(shown
                .into_iter()
                .map(|option| show(scope, option))
                .collect())
        })?;
        result_set::send(call.context, COLUMNS, rows);
        return Ok(0);
    };
    let option = call.read(|scope, _| named(scope, &name))?;
    match call.number(1) {
        None => {
            let row = call.read(|scope, _| Ok(show(scope, option)))?;
            result_set::send(call.context, COLUMNS, vec![row]);
        }
        Some(value) => set(call, option, value)?,
    }
    Ok(0)
}

fn set(call: &mut Call<'_, '_>, option: &ServerOption, value: i64) -> Result<(), SqlError> {
    if !(option.minimum..=option.maximum).contains(&value) {
        return Err(SqlError::new(
            15129,
            16,
            format!(
                "'{value}' is not a valid value for configuration option '{}'.",
                option.name
            ),
        ));
    }
    let old = call.read(|scope, _| Ok(values(scope.instance, option).0))?;
    let instance = call.context.instance;
    call.context.apply(Configure {
        instance,
        option: option.id,
        value,
    })?;
    // Message 15457 has severity 0.
    let text = format!(
        "Configuration option '{}' changed from {old} to {value}. Run the RECONFIGURE statement to install.",
        option.name
    );
    call.context.events.push(Event::Info(
        SqlError::new(15457, 0, text)
            .at_line(1)
            .in_procedure(PROCEDURE.name),
    ));
    Ok(())
}

/// The options that are not advanced, or all if advanced options are shown.
fn visible<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = &'static ServerOption> + 'a {
    let advanced = OPTIONS.iter().find(|option| option.id == SHOW_ADVANCED);
    let all = advanced.is_some_and(|option| values(scope.instance, option).1 == 1);
    OPTIONS.iter().filter(move |option| all || !option.advanced)
}

/// An option by its name or the unique beginning of it.
fn named(scope: &Scope<'_>, name: &str) -> Result<&'static ServerOption, SqlError> {
    let wanted = name.trim_end().to_lowercase();
    let mut candidates =
        visible(scope).filter(|option| option.name.to_lowercase().starts_with(&wanted));
    if let Some(exact) = visible(scope).find(|option| option.name.to_lowercase() == wanted) {
        return Ok(exact);
    }
    match (candidates.next(), candidates.next()) {
        (Some(option), None) => Ok(option),
        (Some(_), Some(_)) => Err(SqlError::new(
            15124,
            16,
            format!("The configuration option '{name}' is not unique."),
        )),
        (None, _) => Err(SqlError::new(
            15123,
            16,
            format!(
                "The configuration option '{name}' does not exist, or it may be an advanced option."
            ),
        )),
    }
}

fn show(scope: &Scope<'_>, option: &ServerOption) -> milink_core::value::Row {
    let (value, in_use) = values(scope.instance, option);
    row![option.name, option.minimum, option.maximum, value, in_use]
}
