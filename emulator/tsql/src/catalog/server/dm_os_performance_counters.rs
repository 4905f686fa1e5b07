//! `sys.dm_os_performance_counters`: the counters of databases, database replicas and availability replicas.
//!
//! Rates are totals since the start, as in the product; milink counts no traffic, so most stay at zero.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use crate::catalog::column::{BIGINT, INT, ViewColumn, col, req};
use crate::catalog::databases::log_pages;
use crate::catalog::{Scope, View, replication, row};

pub(super) const VIEW: View = View::sys("dm_os_performance_counters", COLUMNS, rows);

const WIDE: SqlType = SqlType::NChar(128);

const COLUMNS: &[ViewColumn] = &[
    req("object_name", WIDE),
    req("counter_name", WIDE),
    col("instance_name", WIDE),
    req("cntr_value", BIGINT),
    req("cntr_type", INT),
];

/// A value as it is.
const RAW: i32 = 65_792;
/// A count to divide by the time between two readings.
const PER_SECOND: i32 = 272_696_576;

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let prefix = match scope.instance.name.as_str().split_once('\\') {
        Some((_, name)) => format!("MSSQL${name}"),
        None if scope.instance.is_managed_instance() => format!("MSSQL${}", scope.instance.name),
        None => "SQLServer".to_owned(),
    };
    let mut rows = Vec::new();
    let mut add = |object: &str, counter: &str, instance: &str, value: u64, kind: i32| {
        rows.push(row![
            padded(&format!("{prefix}:{object}")),
            padded(counter),
            padded(instance),
            value,
            kind
        ]);
    };
    let mut log_total = (0, 0);
    for database in scope.instance.databases.values() {
        let size = log_pages(scope.instance, database) * 8;
        let used = database.log.used_bytes().div_ceil(1024);
        log_total = (log_total.0 + size, log_total.1 + used);
        let name = database.name.as_str();
        add("Databases", "Log File(s) Size (KB)", name, size, RAW);
        add("Databases", "Log File(s) Used Size (KB)", name, used, RAW);
        add(
            "Databases",
            "Percent Log Used",
            name,
            used * 100 / size.max(1),
            RAW,
        );
    }
    let (size, used) = log_total;
    add("Databases", "Log File(s) Size (KB)", "_Total", size, RAW);
    add(
        "Databases",
        "Log File(s) Used Size (KB)",
        "_Total",
        used,
        RAW,
    );
    add(
        "Databases",
        "Percent Log Used",
        "_Total",
        used * 100 / size.max(1),
        RAW,
    );
    for state in replication::databases(scope) {
        if state.is_local == state.is_primary && state.group.as_distributed().is_some() {
            let queue = state
                .positions
                .map_or(0, |at| at.send_queue_bytes.div_ceil(1024));
            let name = state.database.name.as_str();
            let counters = [
                (
                    "Log Send Queue",
                    if state.is_primary { queue } else { 0 },
                    RAW,
                ),
                ("Recovery Queue", 0, RAW),
                ("Redone Bytes/sec", 0, PER_SECOND),
                ("Log Bytes Received/sec", 0, PER_SECOND),
                ("Mirrored Write Transactions/sec", 0, PER_SECOND),
                ("Transaction Delay", 0, PER_SECOND),
                ("File Bytes Received/sec", 0, PER_SECOND),
                ("Log remaining for undo", 0, RAW),
                ("Total Log requiring undo", 0, RAW),
                ("Redo blocked/sec", 0, PER_SECOND),
                ("Database Flow Control Delay", 0, PER_SECOND),
            ];
            for (counter, value, kind) in counters {
                add("Database Replica", counter, name, value, kind);
            }
        }
    }
    for replica in replication::replicas(scope)
        .iter()
        .filter(|state| !state.is_local)
    {
        let name = format!("{}:{}", replica.group.name, replica.name);
        for counter in [
            "Bytes Sent to Replica/sec",
            "Bytes Received from Replica/sec",
            "Flow Control/sec",
            "Flow Control Time (ms/sec)",
            "Resent Messages/sec",
            "Sends to Replica/sec",
            "Receives from Replica/sec",
            "Sends to Transport/sec",
            "Bytes Sent to Transport/sec",
        ] {
            add("Availability Replica", counter, &name, 0, PER_SECOND);
        }
    }
    rows
}

/// `nchar(128)` is filled up with blanks.
fn padded(text: &str) -> Value {
    Value::str(format!("{text:<128}"))
}
