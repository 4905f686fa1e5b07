//! `sys.dm_exec_connections`: the connections of clients, and those of a connected link.

use milink_core::link::link_of;
use milink_core::session::Session;
use milink_core::value::{Row, Value};
use uuid::Uuid;

use crate::catalog::column::{DATETIME, GUID, INT, ViewColumn, col, nvarchar, req, varchar};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_exec_connections", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    col("session_id", INT),
    col("most_recent_session_id", INT),
    req("connect_time", DATETIME),
    req("net_transport", nvarchar(40)),
    col("protocol_type", nvarchar(40)),
    col("protocol_version", INT),
    col("endpoint_id", INT),
    req("encrypt_option", nvarchar(40)),
    req("auth_scheme", nvarchar(40)),
    col("net_packet_size", INT),
    col("client_net_address", varchar(48)),
    col("client_tcp_port", INT),
    col("local_net_address", varchar(48)),
    col("local_tcp_port", INT),
    req("connection_id", GUID),
];

/// Version 7.4 of TDS.
const TDS_74: i64 = 0x7400_0004;

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let sessions = scope.instance.live_sessions();
    let clients = sessions.map(|session| of_client(scope, session));
    let groups = scope.instance.groups.values();
    let links = groups.filter_map(|group| {
        let link = link_of(scope.world, scope.instance.id, group)?;
        let since = link.connection.connected_since?;
        Some(row![
            Value::Null,
            Value::Null,
            since,
            "TCP",
            "Database Mirroring",
            Value::Null,
            65_536,
            "TRUE",
            "CERTIFICATE",
            8192,
            Value::Null,
            Value::Null,
            Value::Null,
            5022,
            Uuid::from_u128(link.group.0.as_u128() ^ u128::from(scope.instance.id.0)),
        ])
    });
    clients.chain(links).collect()
}

fn of_client(scope: &Scope<'_>, session: &Session) -> Row {
    let address = session.client_address;
    let number = u128::from(session.id.0.unsigned_abs()) << 64
        | u128::from(session.login_time.0.unsigned_abs());
    row![
        session.id,
        session.id,
        session.login_time,
        "TCP",
        "TSQL",
        TDS_74,
        4,
        if session.encrypted { "TRUE" } else { "FALSE" },
        "SQL",
        4096,
        address.map(|address| address.0.to_string()),
        address.map(|address| address.1),
        address.map(|_| "127.0.0.1"),
        session.local_port,
        // A connection's id follows from what it is, so that it does not change while it lasts.
        Uuid::from_u128(number ^ scope.world.subscription.as_u128()),
    ]
}
