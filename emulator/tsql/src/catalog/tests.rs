//! The columns of the registry against the list of documented ones, and rows of small worlds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use milink_core::World;
use milink_core::collation::Collation;
use milink_core::command::CreateSqlServer;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::instance::SqlServer;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::Value;
use milink_core::version::{Build, Edition};
use uuid::Uuid;

use super::*;

mod availability;
#[path = "../../../core/tests/lab/mod.rs"]
pub(crate) mod lab;

/// A documented column.
#[derive(Debug, PartialEq)]
struct Documented {
    name: String,
    sql_type: String,
    nullable: bool,
    since: String,
}

fn documented() -> BTreeMap<String, Vec<Documented>> {
    let mut objects: BTreeMap<String, Vec<Documented>> = BTreeMap::new();
    for line in include_str!("testdata/columns.csv").lines().skip(1) {
        let fields = fields(line);
        let [object, name, sql_type, nullable, since] = fields.as_slice() else {
            panic!("five fields: {line}");
        };
        objects.entry(object.clone()).or_default().push(Documented {
            name: name.clone(),
            sql_type: sql_type.clone(),
            nullable: nullable == "null",
            since: since.clone(),
        });
    }
    objects
}

/// The fields of a line, where double quotes may surround one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

/// Objects of which the list has the documented columns that matter, not all of them.
const SUBSETS: [&str; 6] = [
    "sys.dm_exec_sessions",
    "sys.dm_exec_connections",
    "sys.dm_exec_requests",
    "msdb.dbo.backupset",
    "msdb.dbo.backupmediafamily",
    "sys.dm_hadr_fabric_replicas",
];

fn view_of(object: &str) -> &'static View {
    let (database, rest) = match object.strip_prefix("msdb.dbo.") {
        Some(rest) => (Some("msdb"), rest),
        None => (None, object.strip_prefix("sys.").unwrap()),
    };
    all()
        .find(|view| view.database == database && view.name == rest)
        .unwrap_or_else(|| panic!("{object} is not in the registry"))
}

#[test]
fn every_documented_column_is_there_with_its_type_and_version() {
    let since = |since: Since, view: Since| {
        let known = [
            (Since::MANAGED, "MI"),
            (Since::SQL_2017, "2017"),
            (Since::SQL_2019, "2019"),
            (Since::SQL_2022, "2022"),
            (Since::SQL_2025, "2025"),
        ];
        let since = if since == Since::ALWAYS { view } else { since };
        let found = known.iter().find(|known| known.0 == since);
        found.map_or("", |known| known.1).to_owned()
    };
    let objects = documented();
    assert_eq!(objects.len(), 43);
    for (object, columns) in objects {
        let view = view_of(&object);
        let mut ours = view.columns.iter();
        for column in &columns {
            let found = if SUBSETS.contains(&object.as_str()) {
                ours.find(|ours| ours.name == column.name)
            } else {
                ours.next()
            };
            let found = found.unwrap_or_else(|| panic!("{object}.{} is missing", column.name));
            let found = Documented {
                name: found.name.to_owned(),
                sql_type: found.sql_type.to_string(),
                nullable: found.nullable,
                since: since(found.since, view.since),
            };
            assert_eq!(found, *column, "{object}");
        }
        if !SUBSETS.contains(&object.as_str()) {
            assert_eq!(ours.next().map(|column| column.name), None, "{object}");
        }
    }
}

/// The list above is a copy; where the project's own list is at hand, it must say the same.
#[test]
fn the_copy_of_the_column_list_is_true() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/catalog-views.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here", path.display());
        return;
    };
    let copy = documented();
    let mut original: BTreeMap<String, Vec<(String, String, bool)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields = fields(line);
        let is_view = fields[0].starts_with("sys.") || fields[0].starts_with("msdb.");
        if is_view && fields[3] != "unknown" {
            let column = (fields[2].clone(), fields[3].clone(), fields[4] == "Y");
            original.entry(fields[0].clone()).or_default().push(column);
        }
    }
    let copy: BTreeMap<_, Vec<_>> = copy
        .into_iter()
        .map(|(object, columns)| {
            let columns = columns.into_iter();
            (
                object,
                columns.map(|c| (c.name, c.sql_type, c.nullable)).collect(),
            )
        })
        .collect();
    assert_eq!(copy, original);
}

const BUILDS: [Build; 7] = [
    Build::SQL_2016,
    Build::SQL_2017,
    Build::SQL_2019,
    Build::SQL_2022_RTM,
    Build::SQL_2022_CU13,
    Build::SQL_2025,
    Build::new(17, 4_500, 0),
];

fn server(world: &mut World, name: &str, build: Build) -> InstanceId {
    let now = world.now();
    let request = CreateSqlServer {
        name: Name::new(name),
        server: SqlServer {
            build,
            edition: Edition::Developer,
            hadr_enabled: true,
            multi_database_links: false,
            address: [10, 0, 0, 5].into(),
            host_names: Vec::new(),
            loopback: None,
        },
        collation: Collation::DEFAULT,
        sa_password: "x".into(),
    };
    world.apply(now, request).unwrap()
}

fn world() -> World {
    World::new(7, Uuid::nil(), Timestamp::from_unix_seconds(1_700_000_000))
}

/// Reads every view of an instance in every database, and checks the form of the rows.
fn read_everything(world: &World, id: InstanceId) {
    let instance = world.instance(id).unwrap();
    let settings = Settings::default();
    for database in instance.databases.values() {
        let scope = Scope {
            world,
            instance,
            database,
            session: SessionId(51),
            transaction: None,
            now: world.now(),
            settings: &settings,
            errors: &[],
            cursors: &crate::session::cursor::Cursors::default(),
        };
        for view in views(instance) {
            let columns = view.columns(instance);
            for row in view.rows(&scope) {
                assert_eq!(row.len(), columns.len(), "{}", view.name);
                for (value, column) in row.iter().zip(&columns) {
                    check_cell(view, column, value);
                }
            }
        }
    }
}

fn check_cell(view: &View, column: &ViewColumn, value: &Value) {
    let place = format_args!("{}.{}", view.name, column.name);
    check_value(place, column.sql_type, column.nullable, value);
}

/// Checks that a value is one of its column's type.
pub(crate) fn check_value(
    place: impl std::fmt::Display,
    sql_type: SqlType,
    nullable: bool,
    value: &Value,
) {
    if value.is_null() {
        assert!(nullable, "{place} is NULL");
        return;
    }
    use milink_core::sql_type::Length::{Limited, Max};
    let fits = match (sql_type, value) {
        (SqlType::Bit, Value::Bit(_)) | (SqlType::UniqueIdentifier, Value::Guid(_)) => true,
        (SqlType::TinyInt, Value::Int(n)) => (0..=255).contains(n),
        (SqlType::SmallInt, Value::Int(n)) => i16::try_from(*n).is_ok(),
        (SqlType::Int, Value::Int(n)) => i32::try_from(*n).is_ok(),
        (SqlType::BigInt, Value::Int(_)) => true,
        (SqlType::Real | SqlType::Float, Value::Float(_)) => true,
        (SqlType::DateTime, Value::DateTime(_)) => true,
        (SqlType::DateTimeOffset(_), Value::DateTimeOffset(..)) => true,
        (SqlType::Decimal { scale, .. }, Value::Decimal(d)) => d.scale == scale,
        (SqlType::SqlVariant, Value::Variant(_)) => true,
        (SqlType::NVarChar(Max) | SqlType::VarChar(Max) | SqlType::Xml, Value::Str(_)) => true,
        (SqlType::NVarChar(Limited(most)) | SqlType::VarChar(Limited(most)), Value::Str(text)) => {
            text.encode_utf16().count() <= usize::from(most)
        }
        // Fixed lengths are filled up.
        (SqlType::Char(most) | SqlType::NChar(most), Value::Str(text)) => {
            text.chars().count() == usize::from(most)
        }
        (SqlType::Binary(most), Value::Bytes(bytes)) => bytes.len() == usize::from(most),
        (SqlType::VarBinary(Max), Value::Bytes(_)) => true,
        (SqlType::VarBinary(Limited(most)), Value::Bytes(bytes)) => bytes.len() <= most.into(),
        _ => false,
    };
    assert!(fits, "{place}: {value:?} is no {sql_type}");
}

#[test]
fn every_view_of_every_version_can_be_read_on_a_new_server() {
    let mut world = world();
    for (number, build) in BUILDS.into_iter().enumerate() {
        let id = server(&mut world, &format!("sql{number}"), build);
        read_everything(&world, id);
    }
}

#[test]
fn versions_differ_in_their_views_and_columns() {
    let mut world = world();
    let old = server(&mut world, "old", Build::SQL_2016);
    let new = server(&mut world, "new", Build::SQL_2025);
    let count = |id: InstanceId, name: &str| {
        let instance = Arc::clone(world.instance(id).unwrap());
        find("master", Some("sys"), name, &instance).map(|view| view.columns(&instance).len())
    };
    assert_eq!(count(old, "availability_groups"), Some(13));
    assert_eq!(count(new, "availability_groups"), Some(19));
    assert_eq!(count(old, "dm_hadr_ag_threads"), None);
    assert_eq!(count(new, "DM_HADR_AG_THREADS"), Some(7));
    assert_eq!(count(new, "dm_hadr_fabric_nodes"), None);
}

/// Some columns of a view as text, a line for each row.
fn show(world: &World, id: InstanceId, database: &str, view: &str, columns: &[&str]) -> String {
    let instance = world.instance(id).unwrap();
    let settings = Settings::default();
    let scope = Scope {
        world,
        instance,
        database: instance.database(database).unwrap(),
        session: SessionId(51),
        transaction: None,
        now: world.now(),
        settings: &settings,
        errors: &[],
        cursors: &crate::session::cursor::Cursors::default(),
    };
    let schema = if database == "msdb" { "dbo" } else { "sys" };
    let view = find(database, Some(schema), view, instance).unwrap();
    let known = view.columns(instance);
    let places: Vec<usize> = columns
        .iter()
        .map(|name| {
            known
                .iter()
                .position(|column| column.name == *name)
                .expect(name)
        })
        .collect();
    let mut text = String::new();
    for row in view.rows(&scope) {
        let cells: Vec<String> = places.iter().map(|&at| show_cell(&row[at])).collect();
        text.push_str(cells.join(" | ").trim_end());
        text.push('\n');
    }
    text
}

pub(crate) fn show_cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Decimal(decimal) => decimal.units.to_string(),
        Value::Variant(inner) => show_cell(&inner.1),
        Value::DateTime(_) => "(time)".to_owned(),
        other => format!("{other:?}"),
    }
}
