//! `sys.databases`.

use milink_core::database::{Database, DatabaseState, RecoveryModel, UserAccess};
use milink_core::ids::ReplicaId;
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    BIT, DATETIME, DESC, GUID, INT, NAME, SID, SMALLINT, TINYINT, ViewColumn, col, req,
};
use crate::catalog::{Scope, Since, View, replication, row};

pub(super) const VIEW: View = View::sys("databases", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("database_id", INT),
    col("source_database_id", INT),
    col("owner_sid", SID),
    req("create_date", DATETIME),
    req("compatibility_level", TINYINT),
    col("collation_name", NAME),
    col("user_access", TINYINT),
    col("user_access_desc", DESC),
    col("is_read_only", BIT),
    req("is_auto_close_on", BIT),
    col("is_auto_shrink_on", BIT),
    col("state", TINYINT),
    col("state_desc", DESC),
    col("is_in_standby", BIT),
    col("is_cleanly_shutdown", BIT),
    col("is_supplemental_logging_enabled", BIT),
    col("snapshot_isolation_state", TINYINT),
    col("snapshot_isolation_state_desc", DESC),
    col("is_read_committed_snapshot_on", BIT),
    col("recovery_model", TINYINT),
    col("recovery_model_desc", DESC),
    col("page_verify_option", TINYINT),
    col("page_verify_option_desc", DESC),
    col("is_auto_create_stats_on", BIT),
    col("is_auto_create_stats_incremental_on", BIT),
    col("is_auto_update_stats_on", BIT),
    col("is_auto_update_stats_async_on", BIT),
    col("is_ansi_null_default_on", BIT),
    col("is_ansi_nulls_on", BIT),
    col("is_ansi_padding_on", BIT),
    col("is_ansi_warnings_on", BIT),
    col("is_arithabort_on", BIT),
    col("is_concat_null_yields_null_on", BIT),
    col("is_numeric_roundabort_on", BIT),
    col("is_quoted_identifier_on", BIT),
    col("is_recursive_triggers_on", BIT),
    col("is_cursor_close_on_commit_on", BIT),
    col("is_local_cursor_default", BIT),
    col("is_fulltext_enabled", BIT),
    col("is_trustworthy_on", BIT),
    col("is_db_chaining_on", BIT),
    col("is_parameterization_forced", BIT),
    req("is_master_key_encrypted_by_server", BIT),
    col("is_query_store_on", BIT),
    req("is_published", BIT),
    req("is_subscribed", BIT),
    req("is_merge_published", BIT),
    req("is_distributor", BIT),
    req("is_sync_with_backup", BIT),
    req("service_broker_guid", GUID),
    req("is_broker_enabled", BIT),
    col("log_reuse_wait", TINYINT),
    col("log_reuse_wait_desc", DESC),
    req("is_date_correlation_on", BIT),
    req("is_cdc_enabled", BIT),
    col("is_encrypted", BIT),
    col("is_honor_broker_priority_on", BIT),
    col("replica_id", GUID),
    col("group_database_id", GUID),
    col("resource_pool_id", INT),
    col("default_language_lcid", SMALLINT),
    col("default_language_name", NAME),
    col("default_fulltext_language_lcid", INT),
    col("default_fulltext_language_name", NAME),
    col("is_nested_triggers_on", BIT),
    col("is_transform_noise_words_on", BIT),
    col("two_digit_year_cutoff", SMALLINT),
    col("containment", TINYINT),
    col("containment_desc", DESC),
    col("target_recovery_time_in_seconds", INT),
    col("delayed_durability", INT),
    col("delayed_durability_desc", DESC),
    col("is_memory_optimized_elevate_to_snapshot_on", BIT),
    col("is_federation_member", BIT),
    col("is_remote_data_archive_enabled", BIT),
    col("is_mixed_page_allocation_on", BIT),
    col("is_temporal_history_retention_enabled", BIT).since(Since::SQL_2017),
    col("catalog_collation_type", INT).since(Since::SQL_2019),
    col("catalog_collation_type_desc", DESC).since(Since::SQL_2019),
    col("physical_database_name", NAME).since(Since::SQL_2019),
    col("is_result_set_caching_on", BIT).since(Since::SQL_2019),
    col("is_accelerated_database_recovery_on", BIT).since(Since::SQL_2019),
    col("is_tempdb_spill_to_remote_store", BIT).since(Since::SQL_2019),
    col("is_stale_page_detection_on", BIT).since(Since::SQL_2019),
    col("is_memory_optimized_enabled", BIT).since(Since::SQL_2019),
    col("is_data_retention_enabled", BIT).since(Since::SQL_2022),
    col("is_ledger_on", BIT).since(Since::SQL_2022),
    col("is_change_feed_enabled", BIT).since(Since::SQL_2022),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let databases = scope.instance.databases.values();
    databases
        .map(|database| make_row(scope, database))
        .collect()
}

fn make_row(scope: &Scope<'_>, database: &Database) -> Row {
    let options = &database.options;
    let system = database.is_system();
    let managed = scope.instance.is_managed_instance();
    let state = state_code(database.state);
    let access = match database.user_access {
        UserAccess::MultiUser => (0, "MULTI_USER"),
        UserAccess::SingleUser => (1, "SINGLE_USER"),
        UserAccess::RestrictedUser => (2, "RESTRICTED_USER"),
    };
    let recovery = match database.recovery_model {
        RecoveryModel::Full => (1, "FULL"),
        RecoveryModel::BulkLogged => (2, "BULK_LOGGED"),
        RecoveryModel::Simple => (3, "SIMPLE"),
    };
    // master and msdb allow snapshots from the start.
    let snapshot = options.allow_snapshot_isolation || matches!(database.id.0, 1 | 4);
    let wait = database.log_reuse_wait_desc();
    let is_master = database.id.0 == 1;
    let encrypted_master_key = database
        .content
        .master_key
        .as_ref()
        .is_some_and(|key| key.encrypted_by_server)
        || is_master && managed;
    row![
        &database.name,
        database.id,
        Value::Null,
        [1_u8].as_slice(),
        database.created,
        database.compatibility_level,
        (database.state == DatabaseState::Online).then_some(database.collation),
        access.0,
        access.1,
        // A secondary that can be read is not a read-only database.
        database.read_only,
        options.auto_close,
        options.auto_shrink,
        state.0,
        state.1,
        false,
        false,
        false,
        u8::from(snapshot),
        if snapshot { "ON" } else { "OFF" },
        options.read_committed_snapshot,
        recovery.0,
        recovery.1,
        2,
        "CHECKSUM",
        !options.auto_create_stats_off,
        false,
        !options.auto_update_stats_off,
        options.auto_update_stats_async,
        options.ansi_null_default,
        options.ansi_nulls,
        options.ansi_padding,
        options.ansi_warnings,
        options.arithabort,
        options.concat_null_yields_null,
        options.numeric_roundabort,
        options.quoted_identifier,
        options.recursive_triggers,
        options.cursor_close_on_commit,
        options.local_cursor_default,
        !system,
        options.trustworthy,
        options.db_chaining,
        options.parameterization_forced,
        encrypted_master_key,
        options.query_store,
        false,
        false,
        false,
        false,
        false,
        database.broker_guid,
        options.broker_enabled,
        wait_code(wait),
        wait,
        false,
        false,
        database
            .content
            .encryption_key
            .as_ref()
            .is_some_and(|key| key.on),
        false,
        replica_id(scope, database),
        database.group.map(|group| group.1),
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        0,
        "NONE",
        if system { 0 } else { 60 },
        0,
        "DISABLED",
        false,
        false,
        false,
        system && database.id.0 != 2,
        true,
        0,
        "DATABASE_DEFAULT",
        physical_name(database, managed),
        false,
        false,
        false,
        false,
        true,
        false,
        false,
        false,
    ]
}

/// A state as `sys.databases` and the DMVs number it.
pub(crate) const fn state_code(state: DatabaseState) -> (u8, &'static str) {
    match state {
        DatabaseState::Online => (0, "ONLINE"),
        DatabaseState::Restoring => (1, "RESTORING"),
        DatabaseState::Recovering => (2, "RECOVERING"),
        DatabaseState::RecoveryPending => (3, "RECOVERY_PENDING"),
        DatabaseState::Suspect => (4, "SUSPECT"),
        DatabaseState::Emergency => (5, "EMERGENCY"),
        DatabaseState::Offline => (6, "OFFLINE"),
    }
}

/// `log_reuse_wait` of a description (documentation: "sys.databases").
fn wait_code(desc: &str) -> u8 {
    const WAITS: [(&str, u8); 12] = [
        ("NOTHING", 0),
        ("CHECKPOINT", 1),
        ("LOG_BACKUP", 2),
        ("ACTIVE_BACKUP_OR_RESTORE", 3),
        ("ACTIVE_TRANSACTION", 4),
        ("DATABASE_MIRRORING", 5),
        ("REPLICATION", 6),
        ("DATABASE_SNAPSHOT_CREATION", 7),
        ("LOG_SCAN", 8),
        ("AVAILABILITY_REPLICA", 9),
        ("OLDEST_PAGE", 13),
        ("XTP_CHECKPOINT", 16),
    ];
    let found = WAITS.iter().find(|wait| wait.0 == desc);
    found.map_or(14, |wait| wait.1)
}

/// The local replica of the database's group; never that of a distributed group.
fn replica_id(scope: &Scope<'_>, database: &Database) -> Option<ReplicaId> {
    let group = scope.instance.groups.get(&database.group?.0)?.as_local()?;
    let at = replication::local_replica(scope, group)?;
    Some(group.replicas[at].id)
}

/// The name on disk: the name itself, on a managed instance the database's GUID.
fn physical_name(database: &Database, managed: bool) -> String {
    if managed && !database.is_system() {
        database.guid.to_string()
    } else {
        database.name.to_string()
    }
}
