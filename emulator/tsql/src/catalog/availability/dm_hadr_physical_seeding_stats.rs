//! `sys.dm_hadr_physical_seeding_stats`: how far each run of automatic seeding is.

use milink_core::link::{Link, Seeding, SeedingOutcome};
use milink_core::value::{Row, Value};
use uuid::Uuid;

use crate::catalog::column::{
    BIGINT, BIT, DATETIME, DESC, GUID, INT, NAME, ViewColumn, col, nvarchar, req,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_physical_seeding_stats", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("local_physical_seeding_id", GUID),
    col("remote_physical_seeding_id", GUID),
    req("local_database_id", INT),
    col("local_database_name", NAME),
    col("remote_machine_name", nvarchar(256)),
    col("role_desc", DESC),
    col("internal_state_desc", DESC),
    col("transfer_rate_bytes_per_second", BIGINT),
    col("transferred_size_bytes", BIGINT),
    col("database_size_bytes", BIGINT),
    col("start_time_utc", DATETIME),
    col("end_time_utc", DATETIME),
    col("estimate_time_complete_utc", DATETIME),
    col("total_disk_io_wait_time_ms", BIGINT),
    col("total_network_wait_time_ms", BIGINT),
    col("failure_code", INT),
    col("failure_message", nvarchar(512)),
    col("failure_time_utc", DATETIME),
    col("is_compression_enabled", BIT),
];

/// The seeding runs that the instance takes part in, and whether it is their source.
pub(super) fn runs<'a>(scope: &Scope<'a>) -> Vec<(&'a Link, &'a Seeding, bool)> {
    let here = scope.instance.id;
    let links = scope.world.links.values();
    links
        .flat_map(|link| link.seedings.iter().map(move |run| (&**link, run)))
        .filter(|(_, run)| run.source.0 == here || run.target.0 == here)
        .map(|(link, run)| (link, run, run.source.0 == here))
        .collect()
}

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    runs(scope)
        .into_iter()
        .map(|(link, run, is_source)| make_row(scope, link, run, is_source))
        .collect()
}

fn make_row(scope: &Scope<'_>, link: &Link, run: &Seeding, is_source: bool) -> Row {
    let local = if is_source { run.source } else { run.target };
    let done = run.bytes_done(scope.now);
    let (state, ended, failure) = match &run.outcome {
        SeedingOutcome::Running if is_source => ("ReadingAndSendingData", None, None),
        SeedingOutcome::Running => ("ReceivingAndWritingData", None, None),
        SeedingOutcome::Completed(at) => ("Success", Some(*at), None),
        SeedingOutcome::Failed(at, why) => ("Failed", Some(*at), Some((*at, why))),
    };
    let elapsed = ended
        .unwrap_or(scope.now)
        .since(run.started)
        .as_milliseconds();
    let rate = (elapsed > 0).then(|| done.saturating_mul(1000) / elapsed.unsigned_abs());
    row![
        run.id,
        // The other side numbers its half itself.
        Uuid::from_u128(!run.id.as_u128()),
        local.1,
        &link.spec.database,
        remote_url(scope, link),
        if is_source { "Source" } else { "Destination" },
        state,
        rate,
        done,
        run.bytes,
        run.started,
        ended,
        ended.is_none().then_some(run.ends()),
        0,
        0,
        failure.as_ref().map(|_| 0),
        failure.as_ref().map(|failure| failure.1),
        failure.as_ref().map(|failure| failure.0),
        Value::Bit(true),
    ]
}

/// The other member's listener URL.
fn remote_url(scope: &Scope<'_>, link: &Link) -> Option<String> {
    let group = scope.instance.group(link.id.name.as_str())?;
    Some(group.as_distributed()?.remote().listener_url.to_string())
}
