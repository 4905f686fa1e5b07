//! CREATE, ALTER and DROP of procedures and views.

use std::sync::Arc;

use milink_core::names::Name;
use milink_core::store::{Module, ModuleKind, Op};

use crate::ast::{CreateMode, CreateProcedureStatement, CreateViewStatement, ObjectName};
use crate::engine::bind::check_order_by;
use crate::engine::bound::Place;
use crate::engine::dml::{Outcome, Work};
use crate::engine::same_name;
use crate::engine::stop::Stop;
use crate::error::{Abort, SqlError};

/// CREATE or ALTER PROCEDURE. The body has been compiled; its names are resolved when it runs.
pub(crate) fn create_procedure(
    work: &mut Work<'_>,
    create: &CreateProcedureStatement,
) -> Result<Outcome, Stop> {
    if create.for_replication || create.number.is_some_and(|number| number > 1) {
        return Err(SqlError::unsupported("numbered and replication procedures").into());
    }
    if create.options.execute_as.is_some() {
        return Err(SqlError::unsupported("WITH EXECUTE AS").into());
    }
    put(work, &create.name, create.mode, ModuleKind::Procedure)
}

/// CREATE or ALTER VIEW.
pub(crate) fn create_view(
    work: &mut Work<'_>,
    create: &CreateViewStatement,
) -> Result<Outcome, Stop> {
    if create.check_option {
        return Err(SqlError::unsupported("WITH CHECK OPTION").into());
    }
    check_order_by(&create.select.query)?;
    let query = work.binder().select_statement(&create.select)?;
    let names: Vec<&str> = if create.columns.is_empty() {
        query.columns.iter().map(|column| &*column.name).collect()
    } else {
        create
            .columns
            .iter()
            .map(|name| name.value.as_str())
            .collect()
    };
    if names.len() != query.columns.len() {
        return Err(SqlError::new(
            8158,
            16,
            format!(
                "'{}' has more columns than were specified in the column list.",
                create.name.object.value
            ),
        )
        .aborting(Abort::Batch)
        .into());
    }
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(SqlError::new(
                4511,
                16,
                format!("Create View or Function failed because no column name was specified for column {}.", at + 1),
            )
            .into());
        }
        if names[..at].iter().any(|other| same_name(other, name)) {
            return Err(SqlError::new(
                4506,
                16,
                format!("Column names in each view or function must be unique. Column name '{name}' in view or function '{}' is specified more than once.", create.name.object.value),
            )
            .into());
        }
    }
    put(work, &create.name, create.mode, ModuleKind::View)
}

fn put(
    work: &Work<'_>,
    name: &ObjectName,
    mode: CreateMode,
    kind: ModuleKind,
) -> Result<Outcome, Stop> {
    if name.database.is_some() || name.server.is_some() {
        let what = word(kind).to_uppercase();
        return Err(SqlError::new(
            166,
            15,
            format!("'CREATE/ALTER {what}' does not allow specifying the database name as a prefix to the object name."),
        )
        .into());
    }
    let object = Name::new(&name.object.value);
    if object.as_str().starts_with('#') {
        return Err(SqlError::unsupported("temporary procedures").into());
    }
    let place = Place::Database(work.state.database);
    let content = work.content(place);
    let schema = Name::new(name.schema.as_ref().map_or("dbo", |schema| &schema.value));
    let known = content
        .schemas
        .get_key_value(&schema)
        .map(|(name, _)| name.clone());
    let Some(schema) = known.filter(|_| !matches!(schema.folded(), "sys" | "information_schema"))
    else {
        return Err(SqlError::new(
            2760,
            16,
            format!("The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."),
        )
        .into());
    };
    let old = content.module(&schema, &object);
    let taken = content.table(&schema, &object).is_some()
        || old.is_some_and(|old| mode == CreateMode::Create || old.kind != kind);
    if taken {
        return Err(SqlError::new(
            2714,
            16,
            format!("There is already an object named '{object}' in the database."),
        )
        .with_state(3)
        .into());
    }
    if old.is_none() && mode == CreateMode::Alter {
        return Err(
            SqlError::new(208, 16, format!("Invalid object name '{name}'."))
                .with_state(6)
                .into(),
        );
    }
    let module = Module {
        object: old.map_or_else(|| content.next_object(0), |old| old.object),
        schema,
        name: object,
        kind,
        text: work.text.into(),
        quoted_identifier: work.state.settings.quoted_identifier,
        created: old.map_or(work.now, |old| old.created),
        modified: work.now,
    };
    let mut outcome = Outcome::default();
    outcome
        .changes
        .add(place, [Op::PutModule(Arc::new(module))]);
    Ok(outcome)
}

/// DROP of one procedure or view; says whether there was one.
pub(super) fn drop_module(
    work: &Work<'_>,
    name: &ObjectName,
    kind: ModuleKind,
    outcome: &mut Outcome,
) -> bool {
    let binder = work.binder();
    let Some(database) = binder.database_named(name.database.as_ref()) else {
        return false;
    };
    let place = Place::Database(database.id);
    let schema = Name::new(name.schema.as_ref().map_or("dbo", |schema| &schema.value));
    let content = work.content(place);
    let found = content
        .module(&schema, &Name::new(&name.object.value))
        .filter(|module| module.kind == kind);
    match found {
        Some(module) => {
            let module = module.object;
            outcome.changes.add(place, [Op::DropModule { module }]);
            true
        }
        None => false,
    }
}

/// The kind as messages call it.
pub(super) fn word(kind: ModuleKind) -> &'static str {
    match kind {
        ModuleKind::Procedure => "procedure",
        ModuleKind::View => "view",
    }
}
