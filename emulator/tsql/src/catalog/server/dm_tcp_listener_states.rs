//! `sys.dm_tcp_listener_states`: the ports that the instance listens on.

use milink_core::endpoint::EndpointState;
use milink_core::instance::MANAGED_INSTANCE_MIRRORING_PORT;
use milink_core::value::Row;

use crate::catalog::column::{BIT, DATETIME, INT, SMALLINT, ViewColumn, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_tcp_listener_states", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("listener_id", INT),
    req("ip_address", nvarchar(48)),
    req("is_ipv4", BIT),
    req("port", INT),
    req("type", SMALLINT),
    req("type_desc", nvarchar(20)),
    req("state", SMALLINT),
    req("state_desc", nvarchar(16)),
    req("start_time", DATETIME),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let session = scope.instance.sessions.get(&scope.session);
    let sql_port = session.map_or(1433, |session| session.local_port);
    let started = scope.instance.started;
    let sql = (0, "TSQL");
    let mirroring = (2, "DATABASE_MIRRORING");
    let mut listeners = vec![
        ("::".to_owned(), false, sql_port, sql, started),
        ("0.0.0.0".to_owned(), true, sql_port, sql, started),
    ];
    let closed = milink_core::fault::endpoint::is_closed(scope.world, scope.instance.id);
    match &scope.instance.endpoint {
        Some(endpoint) if endpoint.state == EndpointState::Started && !closed => {
            match endpoint.listener_ip {
                Some(address) => {
                    let address = address.to_string();
                    listeners.push((address, true, endpoint.port, mirroring, endpoint.created));
                }
                None => {
                    let (port, since) = (endpoint.port, endpoint.created);
                    listeners.push(("::".to_owned(), false, port, mirroring, since));
                    listeners.push(("0.0.0.0".to_owned(), true, port, mirroring, since));
                }
            }
        }
        None if scope.instance.is_managed_instance() => {
            let port = MANAGED_INSTANCE_MIRRORING_PORT;
            listeners.push(("0.0.0.0".to_owned(), true, port, mirroring, started));
        }
        _ => {}
    }
    let numbered = listeners.into_iter().zip(1..);
    numbered
        .map(|((address, is_ipv4, port, kind, since), id)| {
            row![
                id, address, is_ipv4, port, kind.0, kind.1, 1, "ONLINE", since
            ]
        })
        .collect()
}
