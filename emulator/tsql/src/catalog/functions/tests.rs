//! Calls and what they yield, on a linked pair of instances.

use expect_test::{Expect, expect};
use milink_core::durations::Profile;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::value::Value;

use crate::catalog::tests::lab::Lab;
use crate::catalog::tests::{check_value, show_cell};
use crate::catalog::{Scope, Settings, functions, globals};

fn with_scope<T>(
    lab: &Lab,
    id: InstanceId,
    database: &str,
    run: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let instance = lab.world.instance(id).unwrap();
    run(&Scope {
        world: &lab.world,
        instance,
        database: instance.database(database).unwrap(),
        session: SessionId(51),
        transaction: None,
        now: lab.world.now(),
        settings: &Settings::default(),
        errors: &[],
        cursors: &crate::session::cursor::Cursors::default(),
    })
}

/// Evaluates `NAME(arg; arg)` lines, where an argument is a number, NULL or text.
fn evaluate(lab: &Lab, id: InstanceId, database: &str, calls: &str) -> String {
    let mut text = String::new();
    for call in calls.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, args) = call.trim_end_matches(')').split_once('(').unwrap();
        let args: Vec<Value> = args
            .split(';')
            .map(str::trim)
            .filter(|arg| !arg.is_empty())
            .map(|arg| match arg {
                "NULL" => Value::Null,
                arg => arg.parse().map_or_else(|_| Value::str(arg), Value::Int),
            })
            .collect();
        let function = functions::find(name).expect(name);
        assert!(
            (function.least..=function.most).contains(&args.len()),
            "{call}"
        );
        let value = with_scope(lab, id, database, |scope| (function.eval)(scope, &args));
        let shown = match &value {
            Ok(value) => {
                check_value(call, function.result, function.nullable, value);
                show_cell(value)
            }
            Err(error) => format!("{}: {}", error.number, error.message),
        };
        text.push_str(&format!("{call} = {shown}\n"));
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

#[test]
fn names_and_ids_of_a_sql_server() {
    let lab = linked();
    let calls = "
        db_id()
        db_id(DB1)
        db_id(none)
        db_name()
        db_name(0)
        db_name(5)
        db_name(99)
        db_name(x)
        object_id(t)
        object_id([dbo].[t]; U)
        object_id(db1..t)
        object_id(db1.dbo.t; V)
        object_id(PK_t)
        object_id(master.dbo.cluster_endpoint_info)
        object_name(245575913)
        object_schema_name(245575913)
        schema_id(dbo)
        schema_name(4)
        col_name(245575913; 1)
        col_length(t; a)
        columnproperty(245575913; a; AllowsNull)
        columnproperty(245575913; a; Precision)
        objectproperty(245575913; TableHasPrimaryKey)
        objectpropertyex(245575913; BaseType)
        indexproperty(245575913; PK_t; IsUnique)
        type_id(sysname)
        type_name(231)
        typeproperty(nvarchar; Precision)
        file_name(1)
        file_id(db1_log)
        ident_current(t)
        databasepropertyex(db1; Status)
        databasepropertyex(db1; Recovery)
        databasepropertyex(none; Status)
        collationproperty(Latin1_General_100_BIN2_UTF8; CodePage)
        sessionproperty(ANSI_NULLS)
        fn_hadr_is_primary_replica(db1)
        fn_hadr_backup_is_preferred_replica(db1)
        has_dbaccess(db1)
    ";
    check(
        evaluate(&lab, lab.sql, "db1", calls),
        expect![[r#"
        db_id() = 5
        db_id(DB1) = 5
        db_id(none) = NULL
        db_name() = db1
        db_name(0) = db1
        db_name(5) = db1
        db_name(99) = NULL
        db_name(x) = 245: Conversion failed when converting the nvarchar value 'x' to data type int.
        object_id(t) = 245575913
        object_id([dbo].[t]; U) = 245575913
        object_id(db1..t) = 245575913
        object_id(db1.dbo.t; V) = NULL
        object_id(PK_t) = NULL
        object_id(master.dbo.cluster_endpoint_info) = NULL
        object_name(245575913) = t
        object_schema_name(245575913) = dbo
        schema_id(dbo) = 1
        schema_name(4) = sys
        col_name(245575913; 1) = a
        col_length(t; a) = 4
        columnproperty(245575913; a; AllowsNull) = 0
        columnproperty(245575913; a; Precision) = 10
        objectproperty(245575913; TableHasPrimaryKey) = 1
        objectpropertyex(245575913; BaseType) = U 
        indexproperty(245575913; PK_t; IsUnique) = 1
        type_id(sysname) = 256
        type_name(231) = nvarchar
        typeproperty(nvarchar; Precision) = 4000
        file_name(1) = db1
        file_id(db1_log) = 2
        ident_current(t) = NULL
        databasepropertyex(db1; Status) = ONLINE
        databasepropertyex(db1; Recovery) = FULL
        databasepropertyex(none; Status) = NULL
        collationproperty(Latin1_General_100_BIN2_UTF8; CodePage) = 65001
        sessionproperty(ANSI_NULLS) = 1
        fn_hadr_is_primary_replica(db1) = 1
        fn_hadr_backup_is_preferred_replica(db1) = 1
        has_dbaccess(db1) = 1
    "#]],
    );
}

#[test]
fn principals_and_certificates() {
    let lab = linked();
    let calls = "
        suser_name()
        suser_sname()
        suser_id(sa)
        suser_sid(nobody)
        user_name()
        user_name(2)
        user_id(db_owner)
        current_user()
        system_user()
        is_srvrolemember(sysadmin)
        is_srvrolemember(nothing)
        is_member(db_owner)
        has_perms_by_name(NULL; NULL; VIEW SERVER STATE)
        has_perms_by_name(none; DATABASE; CONNECT)
        cert_id(Cert_sqlserver1_endpoint)
        cert_id([MicrosoftPKI])
        cert_id(sqlmi1.0123456789ab.database.windows.net)
        cert_id([sqlmi1.0123456789ab.database.windows.net])
        cert_id(dbo.MicrosoftPKI)
        cert_id(none)
        certencoded(256)
        certencoded(999)
        certproperty(256; Subject)
        key_id(##MS_DatabaseMasterKey##)
    ";
    check(
        evaluate(&lab, lab.sql, "master", calls),
        expect![[r#"
        suser_name() = sa
        suser_sname() = sa
        suser_id(sa) = 1
        suser_sid(nobody) = NULL
        user_name() = dbo
        user_name(2) = guest
        user_id(db_owner) = 16384
        current_user() = dbo
        system_user() = sa
        is_srvrolemember(sysadmin) = 1
        is_srvrolemember(nothing) = NULL
        is_member(db_owner) = 1
        has_perms_by_name(NULL; NULL; VIEW SERVER STATE) = 1
        has_perms_by_name(none; DATABASE; CONNECT) = NULL
        cert_id(Cert_sqlserver1_endpoint) = 256
        cert_id([MicrosoftPKI]) = 258
        cert_id(sqlmi1.0123456789ab.database.windows.net) = 257
        cert_id([sqlmi1.0123456789ab.database.windows.net]) = 257
        cert_id(dbo.MicrosoftPKI) = NULL
        cert_id(none) = NULL
        certencoded(256) = Bytes([1, 1, 1, 1, 1, 1, 1, 1])
        certencoded(999) = NULL
        certproperty(256; Subject) = certificate 1
        key_id(##MS_DatabaseMasterKey##) = 101
    "#]],
    );
}

#[test]
fn properties_of_both_kinds_of_instance() {
    let lab = linked();
    let calls = "
        serverproperty(ProductVersion)
        serverproperty(ProductMajorVersion)
        serverproperty(ProductLevel)
        serverproperty(ProductUpdateLevel)
        serverproperty(ProductUpdateType)
        serverproperty(Edition)
        serverproperty(EditionID)
        serverproperty(EngineEdition)
        serverproperty(IsHadrEnabled)
        serverproperty(ServerName)
        serverproperty(InstanceName)
        serverproperty(Collation)
        serverproperty(InstanceDefaultBackupPath)
        serverproperty(Nothing)
        fn_hadr_is_primary_replica(db1)
        databasepropertyex(db1; Updateability)
    ";
    check(
        evaluate(&lab, lab.sql, "master", calls),
        expect![[r#"
        serverproperty(ProductVersion) = 16.0.4125.3
        serverproperty(ProductMajorVersion) = 16
        serverproperty(ProductLevel) = RTM
        serverproperty(ProductUpdateLevel) = CU13
        serverproperty(ProductUpdateType) = NULL
        serverproperty(Edition) = Developer Edition (64-bit)
        serverproperty(EditionID) = -2117995310
        serverproperty(EngineEdition) = 3
        serverproperty(IsHadrEnabled) = 1
        serverproperty(ServerName) = sqlserver1
        serverproperty(InstanceName) = NULL
        serverproperty(Collation) = SQL_Latin1_General_CP1_CI_AS
        serverproperty(InstanceDefaultBackupPath) = C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL\Backup\
        serverproperty(Nothing) = NULL
        fn_hadr_is_primary_replica(db1) = 1
        databasepropertyex(db1; Updateability) = READ_WRITE
    "#]],
    );
    check(
        evaluate(&lab, lab.mi, "master", calls),
        expect![[r#"
        serverproperty(ProductVersion) = 12.0.2000.8
        serverproperty(ProductMajorVersion) = 12
        serverproperty(ProductLevel) = RTM
        serverproperty(ProductUpdateLevel) = NULL
        serverproperty(ProductUpdateType) = CU
        serverproperty(Edition) = SQL Azure
        serverproperty(EditionID) = 1674378470
        serverproperty(EngineEdition) = 8
        serverproperty(IsHadrEnabled) = 1
        serverproperty(ServerName) = sqlmi1.0123456789ab.database.windows.net
        serverproperty(InstanceName) = NULL
        serverproperty(Collation) = SQL_Latin1_General_CP1_CI_AS
        serverproperty(InstanceDefaultBackupPath) = https://db5d49ce30.blob.core.windows.net/managedserver-sqlmi1/data/
        serverproperty(Nothing) = NULL
        fn_hadr_is_primary_replica(db1) = 0
        databasepropertyex(db1; Updateability) = READ_ONLY
    "#]],
    );
}

#[test]
fn global_variables_have_their_types() {
    let lab = linked();
    let mut text = String::new();
    for id in [lab.sql, lab.mi] {
        with_scope(&lab, id, "db1", |scope| {
            for global in globals::all() {
                assert_eq!(global.name, global.name.to_lowercase());
                let value = (global.eval)(scope);
                check_value(global.name, global.sql_type, global.nullable, &value);
            }
            for name in [
                "@@ServerName",
                "@@VERSION",
                "@@microsoftversion",
                "@@options",
            ] {
                let value = (globals::find(name).unwrap().eval)(scope);
                text.push_str(&format!("{name} = {:?}\n", show_cell(&value)));
            }
        });
    }
    check(
        text,
        expect![[r#"
        @@ServerName = "sqlserver1"
        @@VERSION = "Microsoft SQL Server 2022 (RTM-CU13) (KB5036432) - 16.0.4125.3 (X64) \n\tCopyright (C) 2022 Microsoft Corporation\n\tDeveloper Edition (64-bit) on Windows Server 2022 Datacenter 10.0 <X64> (Build 20348: ) (Hypervisor)\n"
        @@microsoftversion = "268439581"
        @@options = "5432"
        @@ServerName = "sqlmi1.0123456789ab.database.windows.net"
        @@VERSION = "Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tNov 14 2023 00:00:00 \n\tCopyright (C) 2023 Microsoft Corporation\n"
        @@microsoftversion = "201328592"
        @@options = "5432"
    "#]],
    );
    assert!(globals::find("@@nothing").is_none());
}

/// Whatever the arguments are, a function yields its type or an error.
#[test]
fn no_function_panics() {
    let lab = linked();
    let values = [
        Value::Null,
        Value::Int(-1),
        Value::Int(i64::MAX),
        Value::Int(256),
        Value::str(""),
        Value::str("[db1].[dbo].[t"),
        Value::str("a.b.c.d.e"),
        Value::bytes([1_u8].as_slice()),
        Value::Float(1e300),
    ];
    for function in functions::all() {
        for count in function.least..=function.most {
            for value in &values {
                let args = vec![value.clone(); count];
                for id in [lab.sql, lab.mi] {
                    let result = with_scope(&lab, id, "db1", |s| (function.eval)(s, &args));
                    if let Ok(value) = result {
                        check_value(function.name, function.result, function.nullable, &value);
                    }
                }
            }
        }
    }
    for function in functions::table_functions() {
        for count in function.least..=function.most {
            for value in &values {
                let args = vec![value.clone(); count];
                let rows = with_scope(&lab, lab.sql, "db1", |s| (function.rows)(s, &args));
                for row in rows.into_iter().flatten() {
                    assert_eq!(row.len(), function.columns.len());
                    for (value, column) in row.iter().zip(function.columns) {
                        check_value(function.name, column.sql_type, column.nullable, value);
                    }
                }
            }
        }
    }
}
