//! `sys.configurations`: the options of `sp_configure`.

use milink_core::instance::Instance;
use milink_core::sql_type::SqlType;
use milink_core::value::Row;

use crate::catalog::cell::variant;
use crate::catalog::column::{BIT, INT, VARIANT, ViewColumn, col, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("configurations", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("configuration_id", INT),
    req("name", nvarchar(35)),
    col("value", VARIANT),
    col("minimum", VARIANT),
    col("maximum", VARIANT),
    col("value_in_use", VARIANT),
    req("description", nvarchar(255)),
    req("is_dynamic", BIT),
    req("is_advanced", BIT),
];

/// An option of `sp_configure`.
pub(crate) struct ServerOption {
    pub(crate) id: i32,
    pub(crate) name: &'static str,
    default: i64,
    pub(crate) minimum: i64,
    pub(crate) maximum: i64,
    description: &'static str,
    /// Whether it takes effect without a restart.
    pub(crate) dynamic: bool,
    pub(crate) advanced: bool,
}

const MAX: i64 = i32::MAX as i64;

/// The options that scripts read and set. The product has more.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[ServerOption] = &[
    option(101, "recovery interval (min)", 0, 0, 32767, "Maximum recovery interval in minutes", true, true),
    option(102, "allow updates", 0, 0, 1, "Allow updates to system tables", true, false),
    option(103, "user connections", 0, 0, 32767, "Number of user connections allowed", false, true),
    option(106, "locks", 0, 5000, MAX, "Number of locks for all users", false, true),
    option(107, "open objects", 0, 0, MAX, "Number of open database objects", false, true),
    option(109, "fill factor (%)", 0, 0, 100, "Default fill factor percentage", false, true),
    option(115, "nested triggers", 1, 0, 1, "Allow triggers to be invoked within triggers", true, false),
    option(117, "remote access", 1, 0, 1, "Allow remote access", false, false),
    option(124, "default language", 0, 0, 9999, "default language", true, false),
    option(400, "cross db ownership chaining", 0, 0, 1, "Allow cross db ownership chaining", true, false),
    option(503, "max worker threads", 0, 128, 65535, "Maximum worker threads", true, true),
    option(505, "network packet size (B)", 4096, 512, 32767, "Network packet size", true, true),
    option(518, "show advanced options", 0, 0, 1, "show advanced options", true, false),
    option(542, "remote proc trans", 0, 0, 1, "Create DTC transaction for remote procedures", true, false),
    option(544, "c2 audit mode", 0, 0, 1, "c2 audit mode", false, true),
    option(1126, "default full-text language", 1033, 0, MAX, "default full-text language", true, true),
    option(1127, "two digit year cutoff", 2049, 1753, 9999, "two digit year cutoff", true, true),
    option(1505, "index create memory (KB)", 0, 704, MAX, "Memory for index create sorts (kBytes)", true, true),
    option(1517, "priority boost", 0, 0, 1, "Priority boost", false, true),
    option(1519, "remote login timeout (s)", 10, 0, MAX, "remote login timeout", true, false),
    option(1520, "remote query timeout (s)", 600, 0, MAX, "remote query timeout", true, false),
    option(1531, "cursor threshold", -1, -1, MAX, "cursor threshold", true, true),
    option(1532, "set working set size", 0, 0, 1, "set working set size", false, true),
    option(1534, "user options", 0, 0, 32767, "user options", true, false),
    option(1535, "affinity mask", 0, i32::MIN as i64, MAX, "affinity mask", true, true),
    option(1536, "max text repl size (B)", 65536, -1, MAX, "Maximum size of a text field in replication.", true, false),
    option(1537, "media retention", 0, 0, 365, "Tape retention period in days", true, true),
    option(1538, "cost threshold for parallelism", 5, 0, 32767, "cost threshold for parallelism", true, true),
    option(1539, "max degree of parallelism", 0, 0, 32767, "maximum degree of parallelism", true, true),
    option(1540, "min memory per query (KB)", 1024, 512, MAX, "minimum memory per query (kBytes)", true, true),
    option(1541, "query wait (s)", -1, -1, MAX, "maximum time to wait for query memory (s)", true, true),
    option(1543, "min server memory (MB)", 0, 0, MAX, "Minimum size of server memory (MB)", true, true),
    option(1544, "max server memory (MB)", MAX, 128, MAX, "Maximum size of server memory (MB)", true, true),
    option(1545, "query governor cost limit", 0, 0, MAX, "Maximum estimated cost allowed by query governor", true, true),
    option(1546, "lightweight pooling", 0, 0, 1, "User mode scheduler uses lightweight pooling", false, true),
    option(1547, "scan for startup procs", 0, 0, 1, "scan for startup stored procedures", false, true),
    option(1562, "clr enabled", 0, 0, 1, "CLR user code execution enabled in the server", true, false),
    option(1568, "default trace enabled", 1, 0, 1, "Enable or disable the default trace", true, true),
    option(1570, "in-doubt xact resolution", 0, 0, 2, "Recovery policy for DTC transactions with unknown outcome", true, true),
    option(1576, "remote admin connections", 0, 0, 1, "Dedicated Admin Connections are allowed from remote clients", true, false),
    option(1577, "common criteria compliance enabled", 0, 0, 1, "Common Criteria compliance mode enabled", false, true),
    option(1579, "backup compression default", 0, 0, 1, "Enable compression of backups by default", true, false),
    option(1580, "filestream access level", 0, 0, 2, "Sets the FILESTREAM access level", true, false),
    option(1581, "optimize for ad hoc workloads", 0, 0, 1, "When this option is set, plan cache size is further reduced for single-use adhoc OLTP workload.", true, true),
    option(1582, "access check cache bucket count", 0, 0, 65536, "Default hash bucket count for the access check result security cache", true, true),
    option(1583, "access check cache quota", 0, 0, MAX, "Default quota for the access check result security cache", true, true),
    option(1584, "backup checksum default", 0, 0, 1, "Enable checksum of backups by default", true, false),
    option(1587, "clr strict security", 1, 0, 1, "CLR strict security enabled in the server", true, true),
    option(16384, "Agent XPs", 0, 0, 1, "Enable or disable Agent XPs", true, true),
    option(16386, "Database Mail XPs", 0, 0, 1, "Enable or disable Database Mail XPs", true, true),
    option(16387, "SMO and DMO XPs", 1, 0, 1, "Enable or disable SMO and DMO XPs", true, true),
    option(16388, "Ole Automation Procedures", 0, 0, 1, "Enable or disable Ole Automation Procedures", true, true),
    option(16390, "xp_cmdshell", 0, 0, 1, "Enable or disable command shell", true, true),
    option(16391, "Ad Hoc Distributed Queries", 0, 0, 1, "Enable or disable Ad Hoc Distributed Queries", true, true),
    option(16392, "Replication XPs", 0, 0, 1, "Enable or disable Replication XPs", true, true),
    option(16393, "contained database authentication", 0, 0, 1, "Enables contained databases and contained authentication", true, false),
    option(16396, "allow polybase export", 0, 0, 1, "Allow INSERT into a Hadoop external table", true, false),
];

#[expect(clippy::too_many_arguments, reason = "a row of the table above")]
const fn option(
    id: i32,
    name: &'static str,
    default: i64,
    minimum: i64,
    maximum: i64,
    description: &'static str,
    dynamic: bool,
    advanced: bool,
) -> ServerOption {
    ServerOption {
        id,
        name,
        default,
        minimum,
        maximum,
        description,
        dynamic,
        advanced,
    }
}

/// The configured value of an option, and the one in use.
pub(crate) fn values(instance: &Instance, option: &ServerOption) -> (i64, i64) {
    let set = instance.configuration.get(&option.id);
    set.map_or((option.default, option.default), |set| {
        (set.value, set.in_use)
    })
}

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let int = |number: i64| variant(SqlType::Int, number);
    let row = |option: &ServerOption| {
        let (value, in_use) = values(scope.instance, option);
        row![
            option.id,
            option.name,
            int(value),
            int(option.minimum),
            int(option.maximum),
            int(in_use),
            option.description,
            option.dynamic,
            option.advanced,
        ]
    };
    OPTIONS.iter().map(row).collect()
}
