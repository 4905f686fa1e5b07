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

#[path = "../../../core/tests/lab/mod.rs"]
pub(crate) mod lab;

use expect_test::{Expect, expect};
use lab::Lab;
use milink_core::durations::Profile;

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

fn check(actual: String, expected: Expect) {
    expected.assert_eq(&actual);
}

/// The query of the article that says whether the partners are connected.
const CONNECTION: &[&str] = &[
    "is_local",
    "role_desc",
    "operational_state_desc",
    "connected_state_desc",
    "synchronization_health_desc",
    "last_connect_error_number",
];
const DATABASES: &[&str] = &[
    "is_local",
    "is_primary_replica",
    "synchronization_state_desc",
    "synchronization_health_desc",
    "database_state_desc",
    "last_hardened_lsn",
    "log_send_queue_size",
];

#[test]
fn a_prepared_server_shows_what_the_article_looks_at() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let show = |database, view, columns| show(&lab.world, lab.sql, database, view, columns);
    check(
        show(
            "master",
            "symmetric_keys",
            &["name", "symmetric_key_id", "algorithm_desc"],
        ),
        expect![[r#"
            ##MS_DatabaseMasterKey## | 101 | AES_256
            ##MS_ServiceMasterKey## | 102 | AES_256
        "#]],
    );
    let columns = [
        "name",
        "certificate_id",
        "pvt_key_encryption_type",
        "subject",
        "key_length",
    ];
    check(
        show("master", "certificates", &columns),
        expect![[r#"
        Cert_sqlserver1_endpoint | 256 | MK | certificate 1 | 2048
        sqlmi1.0123456789ab.database.windows.net | 257 | NA | certificate 2 | 2048
        MicrosoftPKI | 258 | NA | certificate 3 | 2048
    "#]],
    );
    let columns = [
        "name",
        "type_desc",
        "state_desc",
        "role_desc",
        "connection_auth_desc",
        "is_encryption_enabled",
        "encryption_algorithm_desc",
    ];
    check(
        show("master", "database_mirroring_endpoints", &columns),
        expect![[r#"
            database_mirroring_endpoint | DATABASE_MIRRORING | STARTED | ALL | CERTIFICATE | 1 | AES
        "#]],
    );
    let columns = [
        "name",
        "is_distributed",
        "cluster_type_desc",
        "failure_condition_level",
    ];
    check(
        show("master", "availability_groups", &columns),
        expect![[r#"
        AG_db1 | 0 | NONE | 3
        DAG_db1 | 1 | NULL | NULL
    "#]],
    );
    let columns = [
        "replica_server_name",
        "endpoint_url",
        "availability_mode_desc",
        "session_timeout",
    ];
    check(
        show("master", "availability_replicas", &columns),
        expect![[r#"
        sqlserver1 | TCP://10.0.0.4:5022 | SYNCHRONOUS_COMMIT | 10
        AG_db1 | TCP://10.0.0.4:5022 | ASYNCHRONOUS_COMMIT | 20
        AG_db1_MI | tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1] | ASYNCHRONOUS_COMMIT | 20
    "#]],
    );
    let columns = [
        "name",
        "state_desc",
        "recovery_model_desc",
        "log_reuse_wait_desc",
    ];
    check(
        show("master", "databases", &columns),
        expect![[r#"
        master | ONLINE | SIMPLE | NOTHING
        tempdb | ONLINE | SIMPLE | NOTHING
        model | ONLINE | FULL | NOTHING
        msdb | ONLINE | SIMPLE | NOTHING
        db1 | ONLINE | FULL | LOG_BACKUP
    "#]],
    );
    check(
        show(
            "msdb",
            "backupset",
            &["database_name", "type", "is_copy_only", "server_name"],
        ),
        expect![[r#"
            db1 | D | 0 | sqlserver1
        "#]],
    );
    check(
        show("master", "dm_hadr_availability_replica_states", CONNECTION),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | NULL | NULL | DISCONNECTED | NOT_HEALTHY | NULL
        "#]],
    );
    check(
        show("master", "dm_hadr_database_replica_states", DATABASES),
        expect![[r#"
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001700001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
            0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | NULL | NULL
        "#]],
    );
}

#[test]
fn a_link_shows_on_both_sides_from_seeding_to_synchronizing() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    while !matches!(lab.link().phase, milink_core::link::Phase::Seeding) {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    let replicas = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_availability_replica_states",
            CONNECTION,
        )
    };
    let databases = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_database_replica_states",
            DATABASES,
        )
    };
    let seeding = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_automatic_seeding",
            &[
                "is_source",
                "current_state",
                "number_of_attempts",
                "completion_time",
            ],
        ) + &show(
            &lab.world,
            id,
            "master",
            "dm_hadr_physical_seeding_stats",
            &[
                "role_desc",
                "internal_state_desc",
                "local_database_name",
                "remote_machine_name",
            ],
        ) + &show(
            &lab.world,
            id,
            "master",
            "dm_exec_requests",
            &["command", "database_id"],
        )
    };
    read_everything(&lab.world, lab.sql);
    read_everything(&lab.world, lab.mi);
    check(
        seeding(&lab, lab.sql),
        expect![[r#"
        1 | SEEDING | 1 | NULL
        Source | ReadingAndSendingData | db1 | tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]
        VDI_CLIENT_WORKER | 5
    "#]],
    );
    check(
        seeding(&lab, lab.mi),
        expect![[r#"
        0 | SEEDING | 1 | NULL
        Destination | ReceivingAndWritingData | db1 | TCP://10.0.0.4:5022
        VDI_CLIENT_WORKER | 5
    "#]],
    );
    check(
        replicas(&lab, lab.sql),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        0 | SECONDARY | NULL | CONNECTED | NOT_HEALTHY | NULL
    "#]],
    );
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001800001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | NULL | NULL
    "#]],
    );

    lab.settle();
    lab.insert(lab.sql, 1).unwrap();
    read_everything(&lab.world, lab.sql);
    read_everything(&lab.world, lab.mi);
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | SYNCHRONIZING | HEALTHY | NULL | 37000000001800001 | 1
    "#]],
    );
    lab.settle();
    check(
        seeding(&lab, lab.mi),
        expect![[r#"
        0 | COMPLETED | 1 | (time)
        Destination | Success | db1 | TCP://10.0.0.4:5022
    "#]],
    );
    check(
        replicas(&lab, lab.sql),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        0 | SECONDARY | NULL | CONNECTED | HEALTHY | NULL
    "#]],
    );
    check(
        replicas(&lab, lab.mi),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | SECONDARY | ONLINE | CONNECTED | HEALTHY | NULL
    "#]],
    );
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | SYNCHRONIZING | HEALTHY | NULL | 37000000001900001 | 0
    "#]],
    );
    check(
        databases(&lab, lab.mi),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 0 | SYNCHRONIZING | HEALTHY | ONLINE | 37000000001900001 | NULL
    "#]],
    );
}

#[test]
fn a_broken_connection_and_synchronous_commit_show_on_both_sides() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let both = |lab: &Lab| {
        let show = |id, view: &str, columns: &[&str]| show(&lab.world, id, "master", view, columns);
        let mut text = String::new();
        for id in [lab.sql, lab.mi] {
            text += &show(id, "dm_hadr_availability_replica_states", CONNECTION);
            text += &show(id, "dm_hadr_database_replica_states", DATABASES);
            let columns = ["is_failover_ready", "is_database_joined"];
            text += &show(id, "dm_hadr_database_replica_cluster_states", &columns);
            let columns = ["primary_replica", "synchronization_health_desc"];
            text += &show(id, "dm_hadr_availability_group_states", &columns);
            text.push('\n');
        }
        text
    };
    let turn = |lab: &mut Lab, state| {
        lab.apply(milink_core::command::AlterEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            state: Some(state),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    };
    turn(&mut lab, milink_core::endpoint::EndpointState::Stopped);
    lab.insert(lab.sql, 1).unwrap();
    check(
        both(&lab),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | NULL | NULL | DISCONNECTED | NOT_HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
            0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | 37000000001800001 | 1
            1 | 1
            1 | 1
            0 | 1
            sqlserver1 | HEALTHY
            AG_db1 | NOT_HEALTHY

            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | SECONDARY | ONLINE | DISCONNECTED | NOT_HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001800001 | NULL
            1 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | ONLINE | 37000000001800001 | NULL
            1 | 1
            0 | 1
            sqlmi1.0123456789ab.database.windows.net | HEALTHY
            AG_db1 | NOT_HEALTHY

        "#]],
    );

    turn(&mut lab, milink_core::endpoint::EndpointState::Started);
    lab.settle();
    let now = lab.world.now();
    let update = milink_core::link::UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: Some(milink_core::link::ReplicationMode::Sync),
    };
    lab.world.apply(now, update).unwrap();
    let change = milink_core::command::MemberChange {
        availability_mode: Some(
            milink_core::availability_group::AvailabilityMode::SynchronousCommit,
        ),
        ..milink_core::command::MemberChange::default()
    };
    let changes = ["AG_db1", "AG_db1_MI"].map(|member| (Name::new(member), change.clone()));
    lab.apply(milink_core::command::AlterAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
        action: milink_core::command::GroupAction::ModifyMembers(changes.to_vec()),
    });
    lab.settle();
    check(
        both(&lab),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | SECONDARY | NULL | CONNECTED | HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            0 | 0 | SYNCHRONIZED | HEALTHY | NULL | 37000000001900001 | 0
            1 | 1
            1 | 1
            1 | 1
            sqlserver1 | HEALTHY
            AG_db1 | HEALTHY

            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | SECONDARY | ONLINE | CONNECTED | HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 0 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1
            1 | 1
            sqlmi1.0123456789ab.database.windows.net | HEALTHY
            AG_db1 | HEALTHY

        "#]],
    );
}

#[test]
fn a_link_that_cannot_connect_says_why() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(Some(lab::Step::UploadCertificate));
    lab.create_link();
    lab.settle();
    let columns = [
        "is_local",
        "connected_state_desc",
        "last_connect_error_number",
        "last_connect_error_description",
    ];
    let view = "dm_hadr_availability_replica_states";
    check(
        show(&lab.world, lab.sql, "master", view, &columns),
        expect![[r#"
        1 | CONNECTED | NULL | NULL
        1 | CONNECTED | NULL | NULL
        0 | DISCONNECTED | 35201 | A connection timeout has occurred while attempting to establish a connection to availability replica 'AG_db1_MI' with id [06699985-F309-43E5-86ED-F4F59F79586C]. Either a networking or firewall issue exists, or the endpoint address provided for the replica is not the database mirroring endpoint of the host server instance. (the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance)
    "#]],
    );
    check(
        show(&lab.world, lab.mi, "master", view, &columns),
        expect![[r#"
            1 | CONNECTED | NULL | NULL
            1 | DISCONNECTED | 35201 | A connection timeout has occurred while attempting to establish a connection to availability replica 'AG_db1' with id [B5589B4B-7D95-446B-9F2C-0F2F7ABD7913]. Either a networking or firewall issue exists, or the endpoint address provided for the replica is not the database mirroring endpoint of the host server instance. (the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance)
        "#]],
    );
}
