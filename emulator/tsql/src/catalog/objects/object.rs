//! The objects of a database: tables and their constraints, and the system's own views, functions and procedures.

use std::sync::Arc;

use milink_core::ids::ObjectId;
use milink_core::names::Name;
use milink_core::store::{Content, ModuleKind, Table};
use milink_core::time::Timestamp;

use crate::catalog::{Scope, View, all, functions};

/// A row of `sys.all_objects`.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) id: i32,
    pub(crate) name: Arc<str>,
    pub(crate) schema: Arc<str>,
    pub(crate) schema_id: i32,
    /// The table of a constraint; 0 for everything else.
    pub(crate) parent: i32,
    pub(crate) kind: Kind,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) is_system: bool,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    PrimaryKey,
    Unique,
    Check,
    Default,
    ForeignKey,
    View,
    Procedure,
    TableFunction,
}

impl Kind {
    /// `type`, two characters wide, and `type_desc`.
    pub(crate) const fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Table => ("U ", "USER_TABLE"),
            Self::PrimaryKey => ("PK", "PRIMARY_KEY_CONSTRAINT"),
            Self::Unique => ("UQ", "UNIQUE_CONSTRAINT"),
            Self::Check => ("C ", "CHECK_CONSTRAINT"),
            Self::Default => ("D ", "DEFAULT_CONSTRAINT"),
            Self::ForeignKey => ("F ", "FOREIGN_KEY_CONSTRAINT"),
            Self::View => ("V ", "VIEW"),
            Self::Procedure => ("P ", "SQL_STORED_PROCEDURE"),
            Self::TableFunction => ("IF", "SQL_INLINE_TABLE_VALUED_FUNCTION"),
        }
    }
}

/// The objects that the database's users have made, in the order of their ids.
pub(crate) fn user_objects(content: &Content) -> Vec<Object> {
    let mut objects = Vec::new();
    for table in content.tables.values() {
        of_table(content, table, &mut objects);
    }
    objects.extend(content.modules.values().map(|module| Object {
        id: module.object.0,
        name: module.name.shared(),
        schema: module.schema.shared(),
        schema_id: schema_id(content, &module.schema),
        parent: 0,
        kind: match module.kind {
            ModuleKind::Procedure => Kind::Procedure,
            ModuleKind::View => Kind::View,
        },
        created: module.created,
        modified: module.modified,
        is_system: false,
    }));
    objects.sort_by_key(|object| object.id);
    objects
}

/// A table as an object.
pub(crate) fn table_object(content: &Content, table: &Table) -> Object {
    let definition = &table.definition;
    Object {
        id: definition.object.0,
        name: definition.name.shared(),
        schema: definition.schema.shared(),
        schema_id: schema_id(content, &definition.schema),
        parent: 0,
        kind: Kind::Table,
        created: definition.created,
        modified: definition.modified,
        is_system: false,
    }
}

/// The object of an id, made by a user or not.
pub(crate) fn object_by_id(scope: &Scope<'_>, id: i32) -> Option<Object> {
    let content = scope.content();
    if let Some(table) = content.tables.get(&ObjectId(id)) {
        return Some(table_object(&content, table));
    }
    let mut objects = if id < 0 {
        system_objects(scope)
    } else {
        user_objects(&content)
    };
    let at = objects.iter().position(|object| object.id == id)?;
    Some(objects.swap_remove(at))
}

/// The objects that come with the product.
pub(crate) fn system_objects(scope: &Scope<'_>) -> Vec<Object> {
    let object = |id, name: &str, schema: &str, kind| Object {
        id,
        name: name.into(),
        schema: schema.into(),
        schema_id: system_schema_id(schema),
        parent: 0,
        kind,
        created: scope.instance.started,
        modified: scope.instance.started,
        is_system: true,
    };
    let views = all().zip(1..).filter(|(view, _)| {
        let here = view
            .database
            .is_none_or(|only| scope.database.name.is(only));
        here && view.since.includes(scope.instance)
    });
    let views = views.map(|(view, number)| {
        let kind = if view.schema == "dbo" {
            Kind::Table
        } else {
            Kind::View
        };
        object(-100 - number, view.name, view.schema, kind)
    });
    let procedures = crate::procedure::all().zip(1..);
    let procedures =
        procedures.map(|(name, number)| object(-1000 - number, name, "sys", Kind::Procedure));
    let functions = functions::table_functions().zip(1..);
    let functions = functions.map(|(function, number)| {
        let (name, schema) = (function.name, function.schema);
        object(-3000 - number, name, schema, Kind::TableFunction)
    });
    views.chain(procedures).chain(functions).collect()
}

/// `object_id` of a system view.
pub(crate) fn view_id(view: &View) -> i32 {
    let same = |other: &View| (other.schema, other.name) == (view.schema, view.name);
    let found = all().zip(1..).find(|(other, _)| same(other));
    found.map_or(0, |(_, number)| -100 - number)
}

/// The id of a column's DEFAULT constraint, which the model keeps with the column.
pub(crate) fn default_id(table: ObjectId, column: i32) -> i32 {
    let mixed = (column as u32).wrapping_mul(0x9E37_79B1) ^ table.0 as u32;
    (mixed & i32::MAX as u32) as i32
}

/// `schema_id` of a schema of the content.
pub(crate) fn schema_id(content: &Content, schema: &Name) -> i32 {
    content.schemas.get(schema).map_or(1, |schema| schema.id)
}

fn system_schema_id(schema: &str) -> i32 {
    match schema {
        "dbo" => 1,
        "INFORMATION_SCHEMA" => 3,
        _ => 4,
    }
}

fn of_table(content: &Content, table: &Table, objects: &mut Vec<Object>) {
    let definition = &table.definition;
    let whole = table_object(content, table);
    let part = |id: i32, name: &Name, kind| Object {
        id,
        name: name.shared(),
        parent: whole.id,
        kind,
        ..whole.clone()
    };
    objects.push(whole.clone());
    for key in definition.keys.iter().filter(|key| key.constraint) {
        if let Some(id) = key.object {
            let kind = if key.primary {
                Kind::PrimaryKey
            } else {
                Kind::Unique
            };
            objects.push(part(id.0, &key.name, kind));
        }
    }
    for check in &definition.checks {
        objects.push(part(check.object.0, &check.name, Kind::Check));
    }
    for foreign in &definition.foreign_keys {
        objects.push(part(foreign.object.0, &foreign.name, Kind::ForeignKey));
    }
    for column in &definition.columns {
        if let Some((name, _)) = &column.default {
            let id = default_id(definition.object, column.id);
            objects.push(part(id, name, Kind::Default));
        }
    }
}
