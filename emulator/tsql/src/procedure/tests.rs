//! Every procedure on both kinds of instance, and the ones that drivers and the article depend on in full.

use expect_test::{Expect, expect};
use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::durations::Profile;
use milink_core::ids::{DatabaseId, InstanceId, SessionId};
use milink_core::time::Timestamp;
use milink_core::value::Value;

use super::{Body, Call, find, procedures};
use crate::catalog::tests::lab::{Lab, Step};
use crate::catalog::tests::{check_value, show_cell};
use crate::error::SqlError;
use crate::session::event::{Event, ResultColumn};
use crate::session::host::{CertificateRequest, Host};
use crate::statement::context::StatementContext;

struct TestHost<'a>(&'a mut World);

impl Host for TestHost<'_> {
    fn snapshot(&mut self) -> World {
        self.0.clone()
    }

    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool) {
        let now = self.0.now();
        change(self.0, now);
    }

    fn make_certificate(&mut self, _: &CertificateRequest) -> CertificateFacts {
        unreachable!("no procedure makes a certificate")
    }

    fn read_certificate(&mut self, _: &[u8]) -> Result<CertificateFacts, String> {
        Err("not a certificate".to_owned())
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn has_own_thread(&self) -> bool {
        true
    }
}

/// Calls a procedure with its first arguments given and the others left out.
fn call(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    name: &str,
    given: &[Value],
) -> (Result<i32, SqlError>, Vec<Event>) {
    let procedure = find(name).expect(name);
    let Body::Native(run) = procedure.body else {
        panic!("{name} is not native");
    };
    let mut events = Vec::new();
    let mut host = TestHost(world);
    let mut context = StatementContext {
        host: &mut host,
        instance,
        session: SessionId(51),
        database,
        login: "sa".into(),
        transaction: None,
        evaluate: &mut |_, _| Err(SqlError::unsupported("expressions here")),
        events: &mut events,
        preceding: Vec::new(),
        wait: None,
        begun: None,
    };
    let values = procedure
        .parameters
        .iter()
        .enumerate()
        .map(|(at, parameter)| {
            let given = given.get(at).cloned();
            given
                .or_else(|| parameter.default.clone())
                .unwrap_or(Value::Null)
        });
    let mut call = Call {
        values: values.collect(),
        given: (0..procedure.parameters.len())
            .map(|at| at < given.len())
            .collect(),
        context: &mut context,
    };
    let result = run(&mut call);
    (result, events)
}

/// What a call says, as text.
fn show(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    name: &str,
    given: &[Value],
    columns: &[&str],
) -> String {
    let (result, events) = call(world, instance, database, name, given);
    let mut text = String::new();
    let mut places: Vec<usize> = Vec::new();
    for event in events {
        match event {
            Event::Columns(names) => {
                let place = |wanted: &&str| names.iter().position(|c| *c.name == **wanted);
                places = columns.iter().filter_map(place).collect();
            }
            Event::Row(row) => {
                let cells: Vec<String> = places.iter().map(|&at| show_cell(&row[at])).collect();
                text.push_str(cells.join(" | ").trim_end());
                text.push('\n');
            }
            Event::Info(info) => text.push_str(&format!("{}: {}\n", info.number, info.message)),
            _ => {}
        }
    }
    match result {
        Ok(0) => {}
        Ok(status) => text.push_str(&format!("status {status}\n")),
        Err(error) => text.push_str(&format!("{}: {}\n", error.number, error.message)),
    }
    text
}

fn check(actual: String, expected: Expect) {
    expected.assert_eq(&actual);
}

fn linked() -> Lab {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    lab
}

const MASTER: DatabaseId = DatabaseId(1);
const DB1: DatabaseId = DatabaseId(5);

#[test]
fn no_procedure_panics_and_all_rows_have_their_types() {
    let mut lab = linked();
    let texts = ["", "%", "t", "db1", "a'b"];
    for procedure in procedures() {
        for instance in [lab.sql, lab.mi] {
            for text in texts {
                let given = [Value::Null, Value::Int(1), Value::str(text)];
                for first in given {
                    let arguments = vec![first; procedure.parameters.len().min(1)];
                    let (_, events) =
                        call(&mut lab.world, instance, DB1, procedure.name, &arguments);
                    check_events(procedure.name, &events);
                }
            }
        }
    }
}

fn check_events(procedure: &str, events: &[Event]) {
    let mut columns: Vec<ResultColumn> = Vec::new();
    for event in events {
        match event {
            Event::Columns(names) => columns = names.to_vec(),
            Event::Row(row) => {
                assert_eq!(row.len(), columns.len(), "{procedure}");
                for (value, column) in row.iter().zip(&columns) {
                    let place = format_args!("{procedure}.{}", column.name);
                    check_value(place, column.ty.sql, column.ty.nullable, value);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn names_are_unique_and_parameters_begin_with_an_at_sign() {
    let mut names: Vec<&str> = procedures().map(|procedure| procedure.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for procedure in procedures() {
        assert_eq!(procedure.name, procedure.name.to_lowercase());
        assert!(procedure.parameters.iter().all(|p| p.name.starts_with('@')));
    }
    assert!(find("SYS.Sp_Help").is_some() && find("[sys].[sp_who]").is_some());
    assert!(find("sp_unknown").is_none());
}

#[test]
fn drivers_learn_the_types() {
    let mut lab = Lab::new(Profile::Instant);
    let mut text = String::new();
    for code in [12, -9, -3, 93, 91, 4, 6] {
        text += &show(
            &mut lab.world,
            lab.sql,
            MASTER,
            "sp_datatype_info_100",
            &[Value::Int(code), Value::Int(3)],
            &[
                "TYPE_NAME",
                "DATA_TYPE",
                "PRECISION",
                "CREATE_PARAMS",
                "SQL_DATA_TYPE",
                "USERTYPE",
            ],
        );
    }
    check(
        text,
        expect![[r#"
        varchar | 12 | 8000 | max length | 12 | 2
        nvarchar | -9 | 4000 | max length | -9 | 0
        sysname | -9 | 128 | NULL | -9 | 18
        varbinary | -3 | 8000 | max length | -3 | 4
        datetime2 | 93 | 27 | scale | 9 | 0
        datetime | 93 | 23 | NULL | 9 | 12
        smalldatetime | 93 | 16 | NULL | 9 | 22
        date | 91 | 10 | NULL | 9 | 0
        int | 4 | 10 | NULL | 4 | 7
        int identity | 4 | 10 | NULL | 4 | 7
        float | 6 | 53 | NULL | 6 | 8
    "#]],
    );
    let (_, events) = call(&mut lab.world, lab.sql, MASTER, "sp_datatype_info_100", &[]);
    let Event::Columns(columns) = &events[0] else {
        panic!("columns come first");
    };
    assert_eq!(columns.len(), 20);
}

#[test]
fn the_article_finds_and_trusts_certificates() {
    let mut lab = Lab::new(Profile::Instant);
    let key = &["EndpointCertificatePublicKey"];
    let four = [Value::Int(4)];
    let get = "sp_get_endpoint_certificate";
    let mut text = show(&mut lab.world, lab.sql, MASTER, get, &four, key);
    text += &show(&mut lab.world, lab.mi, MASTER, get, &four, key);
    text += &show(&mut lab.world, lab.mi, MASTER, get, &[Value::Int(3)], key);
    lab.prepare(Some(Step::CreateDag));
    text += &show(&mut lab.world, lab.sql, MASTER, get, &four, key);
    let validate = "sp_validate_certificate_ca_chain";
    text += &show(
        &mut lab.world,
        lab.sql,
        MASTER,
        validate,
        &[Value::Int(256)],
        &[],
    );
    text += &show(
        &mut lab.world,
        lab.sql,
        MASTER,
        validate,
        &[Value::Int(999)],
        &[],
    );
    let add = "sp_certificate_add_issuer";
    let dns = Value::str("*.example.org");
    for id in [Value::Int(256), Value::Null] {
        text += &show(
            &mut lab.world,
            lab.sql,
            MASTER,
            add,
            &[id, dns.clone()],
            &[],
        );
    }
    check(
        text,
        expect![[r#"
        47505: The endpoint of type database mirroring does not exist.
        Bytes([2, 2, 2, 2, 2, 2, 2, 2])
        NULL
        Bytes([1, 1, 1, 1, 1, 1, 1, 1])
        15151: Cannot find the certificate '999', because it does not exist or you do not have permission.
        15151: Cannot find the certificate '', because it does not exist or you do not have permission.
    "#]],
    );
    let sql = lab.world.instance(lab.sql).unwrap();
    let certificate = sql.master().content.certificate("Cert_sqlserver1_endpoint");
    assert_eq!(*certificate.unwrap().issuer_for[0], *"*.example.org");
}

#[test]
fn odbc_asks_about_a_table() {
    let mut lab = linked();
    let mut show = |name: &str, given: &[Value], columns: &[&str]| {
        show(&mut lab.world, lab.sql, DB1, name, given, columns)
    };
    let table = [Value::str("t")];
    let mut text = show(
        "sp_tables",
        &table,
        &["TABLE_QUALIFIER", "TABLE_OWNER", "TABLE_NAME", "TABLE_TYPE"],
    );
    text += &show(
        "sp_columns_100",
        &table,
        &[
            "TABLE_NAME",
            "COLUMN_NAME",
            "DATA_TYPE",
            "TYPE_NAME",
            "PRECISION",
            "IS_NULLABLE",
            "SS_DATA_TYPE",
        ],
    );
    text += &show("sp_pkeys", &table, &["COLUMN_NAME", "KEY_SEQ", "PK_NAME"]);
    text += &show(
        "sp_statistics",
        &table,
        &["TYPE", "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE"],
    );
    text += &show(
        "sp_special_columns",
        &table,
        &["COLUMN_NAME", "PSEUDO_COLUMN"],
    );
    text += &show("sp_fkeys", &table, &["FK_NAME"]);
    text += &show(
        "sp_help",
        &table,
        &["Name", "Column_name", "Identity", "index_keys"],
    );
    text += &show("sp_help", &[Value::str("nothing")], &["Name"]);
    text += &show(
        "sp_tables",
        &[Value::Null, Value::Null, Value::str("other")],
        &["TABLE_NAME"],
    );
    check(
        text,
        expect![[r#"
            db1 | dbo | t | TABLE
            t | a | 4 | int | 10 | NO | 56
            a | 1 | PK_t
            0 | NULL | NULL | NULL
            1 | PK_t | a | 0
            a | 1
            t
            a
            No identity column defined.
            a
            15009: The object 'nothing' does not exist in database 'db1' or is invalid for this operation.
            15250: The database name component of the object qualifier must be the name of the current database.
        "#]],
    );
}

#[test]
fn administrators_ask_and_set() {
    let mut lab = linked();
    let mut show = |name: &str, given: &[&str], columns: &[&str]| {
        let given: Vec<Value> = given
            .iter()
            .map(|text| text.parse().map_or_else(|_| Value::str(*text), Value::Int))
            .collect();
        show(&mut lab.world, lab.sql, DB1, name, &given, columns)
    };
    let configure = ["name", "config_value", "run_value"];
    let mut text = show("sp_configure", &["show advanced options", "1"], &configure);
    text += &show("sp_configure", &["show adv"], &configure);
    text += &show(
        "sp_configure",
        &["max degree of parallelism", "4"],
        &configure,
    );
    text += &show(
        "sp_configure",
        &["max degree of parallelism", "99999"],
        &configure,
    );
    text += &show("sp_configure", &["max "], &configure);
    text += &show("sp_configure", &["nothing"], &configure);
    text += &show(
        "sp_helpdb",
        &["db1"],
        &["db_size", "owner", "usage", "size"],
    );
    text += &show("sp_helpdb", &["nothing"], &["name"]);
    text += &show("sp_databases", &[], &["DATABASE_NAME", "DATABASE_SIZE"]);
    text += &show("sp_server_info", &["2"], &["attribute_value"]);
    text += &show(
        "xp_msver",
        &["ProductVersion"],
        &["Internal_Value", "Character_Value"],
    );
    text += &show("xp_readerrorlog", &["0", "1", "established"], &["Text"]);
    text += &show("sp_addsrvrolemember", &["sa", "dbcreator"], &[]);
    text += &show("sp_rename", &["a", "b"], &[]);
    text += &show("sp_who", &["nobody"], &["spid"]);
    check(
        text,
        expect![[r#"
        15457: Configuration option 'show advanced options' changed from 0 to 1. Run the RECONFIGURE statement to install.
        show advanced options | 1 | 1
        15457: Configuration option 'max degree of parallelism' changed from 0 to 4. Run the RECONFIGURE statement to install.
        15129: '99999' is not a valid value for configuration option 'max degree of parallelism'.
        15124: The configuration option 'max ' is not unique.
        15123: The configuration option 'nothing' does not exist, or it may be an advanced option.
             16.00 MB | sa
        data only | 8192 KB
        log only | 8192 KB
        15010: The database 'nothing' does not exist. Supply a valid database name. To see available databases, use sys.databases.
        db1 | 16384
        master | 16384
        model | 16384
        msdb | 16384
        tempdb | 16384
        Microsoft SQL Server 2022 - 16.0.4125.3
        1048576 | 16.0.4125.3
        A connection for availability group 'DAG_db1' from availability replica 'AG_db1' with id  [F43EF5F6-0752-4FB6-9D39-AF06BF6896CE] to 'AG_db1_MI' with id [06699985-F309-43E5-86ED-F4F59F79586C] has been successfully established.  This is an informational message. No user action is required.
        50990: milink does not support server roles other than sysadmin.
        50990: milink does not support sp_rename.
        15007: 'nobody' is not a valid login or you do not have permission.
    "#]],
    );
}
