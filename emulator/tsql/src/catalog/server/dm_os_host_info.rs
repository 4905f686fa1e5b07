//! The operating system under the instance: Windows, as tools expect, though there is none.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use crate::catalog::column::{INT, ViewColumn, col, nvarchar, req};
use crate::catalog::{Scope, Since, View, row};

pub(super) const HOST_INFO: View = View::sys(
    "dm_os_host_info",
    &[
        req("host_platform", nvarchar(256)),
        req("host_distribution", nvarchar(256)),
        req("host_release", nvarchar(256)),
        req("host_service_pack_level", nvarchar(256)),
        col("host_sku", INT),
        req("os_language_version", INT),
        req("host_architecture", nvarchar(256)),
    ],
    |_| {
        vec![row![
            "Windows",
            "Windows Server 2022 Datacenter",
            "10.0",
            "",
            8,
            1033,
            "X64"
        ]]
    },
)
.since(Since::SQL_2017);

pub(super) const WINDOWS_INFO: View = View::sys(
    "dm_os_windows_info",
    &[
        req("windows_release", nvarchar(256)),
        req("windows_service_pack_level", nvarchar(256)),
        col("windows_sku", INT),
        req("os_language_version", INT),
    ],
    |_| vec![row!["10.0", "", 8, 1033]],
);

const SERVICE_COLUMNS: &[ViewColumn] = &[
    req("servicename", nvarchar(256)),
    req("startup_type", INT),
    req("startup_type_desc", nvarchar(256)),
    req("status", INT),
    req("status_desc", nvarchar(256)),
    col("process_id", INT),
    col("last_startup_time", SqlType::DateTimeOffset(7)),
    req("service_account", nvarchar(256)),
    req("filename", nvarchar(256)),
    req("is_clustered", SqlType::nvarchar(1)),
    col("cluster_nodename", nvarchar(256)),
];

pub(super) const SERVER_SERVICES: View =
    View::sys("dm_server_services", SERVICE_COLUMNS, server_services);

fn server_services(scope: &Scope<'_>) -> Vec<Row> {
    if scope.instance.is_managed_instance() {
        return Vec::new();
    }
    vec![row![
        "SQL Server (MSSQLSERVER)",
        2,
        "Automatic",
        4,
        "Running",
        4000 + i64::from(scope.instance.id.0),
        Value::Null,
        "NT Service\\MSSQLSERVER",
        "\"C:\\Program Files\\Microsoft SQL Server\\MSSQL\\Binn\\sqlservr.exe\" -sMSSQLSERVER",
        "N",
        Value::Null,
    ]]
}
