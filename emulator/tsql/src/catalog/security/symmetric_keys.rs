//! `sys.symmetric_keys`: the database master key, and in master the service master key.

use milink_core::time::Timestamp;
use milink_core::value::{Row, Value};
use uuid::Uuid;

use crate::catalog::column::{
    DATETIME, DESC, GUID, INT, NAME, VARIANT, ViewColumn, character, col, nvarchar, req,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("symmetric_keys", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    col("principal_id", INT),
    req("symmetric_key_id", INT),
    req("key_length", INT),
    req("key_algorithm", character(2)),
    col("algorithm_desc", DESC),
    req("create_date", DATETIME),
    req("modify_date", DATETIME),
    col("key_guid", GUID),
    col("key_thumbprint", VARIANT),
    col("provider_type", nvarchar(120)),
    col("cryptographic_provider_guid", GUID),
    col("cryptographic_provider_algid", VARIANT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(key) = &scope.content().master_key {
        let name = "##MS_DatabaseMasterKey##";
        rows.push(make_row(name, 101, key.created, key.modified, key.guid));
    }
    if scope.database.id.0 == 1 {
        let started = scope.database.created;
        // The service master key comes with the installation; its GUID is the database's.
        let guid = scope.database.guid;
        rows.push(make_row(
            "##MS_ServiceMasterKey##",
            102,
            started,
            started,
            guid,
        ));
    }
    rows
}

fn make_row(name: &str, id: i32, created: Timestamp, modified: Timestamp, guid: Uuid) -> Row {
    row![
        name,
        1,
        id,
        256,
        "A3",
        "AES_256",
        created,
        modified,
        guid,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}
