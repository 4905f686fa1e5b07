//! `sys.dm_hadr_physical_seeding_stats`: how far each run of automatic seeding is.

use milink_core::availability_group::Replica;
use milink_core::ids::{GroupId, InstanceId, ReplicaId};
use milink_core::link::{Link, Phase, Seeding, SeedingOutcome};
use milink_core::names::Name;
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

/// A seeding run that the instance takes part in.
pub(super) struct Run<'a> {
    pub(super) seeding: &'a Seeding,
    /// Whether the instance is its source.
    pub(super) is_source: bool,
    /// Of which group.
    pub(super) group: GroupId,
    /// The database.
    pub(super) database: &'a Name,
    /// The replica at the other end.
    pub(super) remote: Option<ReplicaId>,
    remote_url: Option<String>,
    /// Whether the run has only been asked for.
    pub(super) waits: bool,
}

/// The seeding runs that the instance takes part in: those of links, and those of replicas of its groups.
pub(super) fn runs<'a>(scope: &Scope<'a>) -> Vec<Run<'a>> {
    let here = scope.instance.id;
    let links = scope.world.links.values();
    let of_links = links
        .flat_map(|link| link.seedings.iter().map(move |run| (&**link, run)))
        .map(|(link, run)| Run {
            seeding: run,
            is_source: run.source.0 == here,
            group: link.group,
            database: &link.spec.database,
            remote: Some(match link.id.instance == here {
                true => link.replicas.1,
                false => link.replicas.0,
            }),
            remote_url: remote_url(scope, link),
            waits: link.phase == Phase::Connected,
        });
    let sets = scope.world.replica_sets.values();
    let followings = sets.flat_map(|set| {
        let secondaries = set.secondaries.values();
        let databases = secondaries.flat_map(|secondary| secondary.databases.values());
        databases.map(move |following| (&**set, following))
    });
    let of_replicas = followings.flat_map(|(set, following)| {
        following.runs.iter().map(move |run| {
            let is_source = run.source.0 == here;
            let other = if is_source {
                run.target.0
            } else {
                run.source.0
            };
            let remote = replica_on(scope, set.group, other);
            Run {
                seeding: run,
                is_source,
                group: set.group,
                database: &following.name,
                remote: remote.map(|replica| replica.id),
                remote_url: remote.map(|replica| replica.endpoint_url.to_string()),
                waits: false,
            }
        })
    });
    let all = of_links.chain(of_replicas);
    all.filter(|run| run.is_source || run.seeding.target.0 == here)
        .collect()
}

/// The replica of a group that is on a server.
fn replica_on<'a>(scope: &Scope<'a>, group: GroupId, server: InstanceId) -> Option<&'a Replica> {
    let local = scope.instance.groups.get(&group)?.as_local()?;
    let name = scope.world.instance(server)?.server_name();
    local
        .replicas
        .iter()
        .find(|replica| replica.server_name.is(&name))
}

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    runs(scope).iter().map(|run| make_row(scope, run)).collect()
}

fn make_row(scope: &Scope<'_>, of: &Run<'_>) -> Row {
    let (run, is_source) = (of.seeding, of.is_source);
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
        of.database,
        of.remote_url.as_ref(),
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
