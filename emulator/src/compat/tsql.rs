//! T-SQL: statements, options, functions, procedures and views.

use milink_core::World;
use milink_core::instance::Instance;
use milink_tsql::compat::{DROPS, Entry, FEATURES, SET_SWITCHES, SET_VALUES, STATEMENTS};
use milink_tsql::{catalog, functions, procedure};

use super::{Page, word};

pub(super) fn write(page: &mut Page, world: &World) {
    page.heading("T-SQL");
    page.text("### Statements\n\n");
    entries(page, "statement", STATEMENTS);
    page.subheading("DROP");
    entries(page, "statement", DROPS);
    page.subheading("SET options");
    let options: Vec<Entry> = SET_SWITCHES.iter().chain(SET_VALUES).copied().collect();
    entries(page, "option", &options);
    page.subheading("Clauses and expressions");
    entries(page, "feature", FEATURES);

    page.subheading("Functions");
    page.text("Names that are not here give error 195. Scalar functions:\n\n");
    page.names(functions::all().map(|function| function.name));
    page.text("\nAggregates:\n\n");
    page.names(functions::all_aggregates().map(|aggregate| aggregate.name));
    page.text("\nFunctions of metadata and security:\n\n");
    page.names(catalog::functions::all().map(|function| function.name));
    page.text("\nTable-valued functions of the system:\n\n");
    page.names(catalog::functions::table_functions().map(|function| function.name));
    page.text("\nGlobal variables, besides those of the session (`@@ERROR`, `@@IDENTITY`, `@@ROWCOUNT`, `@@TRANCOUNT`):\n\n");
    page.names(catalog::globals::all().map(|global| global.name));

    page.subheading("System procedures");
    page.text("Names that are not here give error 2812.\n\n");
    page.names(procedure::all());
    page.text("\nRefused by name (error 50990):\n\n");
    page.names(procedure::refused());

    page.subheading("System views");
    page.text("Columns as SQL Server 2022 and a managed instance with the update policy SQLServer2022 show them. Names that are not here give error 208.\n\n");
    views(page, world);
}

fn entries(page: &mut Page, what: &str, entries: &[Entry]) {
    page.columns(&[what, "", "note"]);
    for entry in entries {
        page.row(&[entry.name, word(entry.support), entry.note]);
    }
}

fn views(page: &mut Page, world: &World) {
    let server = world
        .instances
        .values()
        .find(|instance| instance.as_sql_server().is_some());
    let managed = world
        .instances
        .values()
        .find(|instance| instance.as_managed_instance().is_some());
    let count = |view: &catalog::View, instance: Option<&Instance>| {
        let instance = instance.filter(|instance| view.since.includes(instance));
        instance.map_or_else(
            || "no".to_owned(),
            |instance| view.columns(instance).len().to_string(),
        )
    };
    page.columns(&[
        "view",
        "columns, SQL Server",
        "columns, managed instance",
        "note",
    ]);
    let mut rows: Vec<[String; 4]> = catalog::all()
        .map(|view| {
            let database = view
                .database
                .map_or_else(String::new, |database| format!("{database}."));
            [
                format!("`{database}{}.{}`", view.schema, view.name),
                count(view, server.map(AsRef::as_ref)),
                count(view, managed.map(AsRef::as_ref)),
                view.since.to_string(),
            ]
        })
        .collect();
    rows.sort();
    for row in rows {
        page.row(&row);
    }
}
