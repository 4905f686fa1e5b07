//! The service fabric DMVs of managed instances, by which tools find the mirroring port and the node.

use milink_core::instance::ManagedInstance;
use milink_core::value::Row;
use uuid::Uuid;

use crate::catalog::column::{BIGINT, DESC, GUID, INT, NVARCHAR_MAX, col, nvarchar, req};
use crate::catalog::{Scope, Since, View, row};

pub(super) const CONFIG_PARAMETERS: View = View::sys(
    "dm_hadr_fabric_config_parameters",
    &[
        col("section_name", nvarchar(256)),
        col("parameter_name", nvarchar(256)),
        col("value", NVARCHAR_MAX),
    ],
    |scope| of_managed(scope, config_parameters),
)
.since(Since::MANAGED);

pub(super) const REPLICAS: View = View::sys(
    "dm_hadr_fabric_replicas",
    &[
        req("partition_id", GUID),
        col("replica_id", BIGINT),
        col("replica_address", nvarchar(512)),
        col("node_name", nvarchar(256)),
        col("replica_role", INT),
        col("replica_role_desc", DESC),
    ],
    |scope| {
        of_managed(scope, |scope, managed| {
            vec![row![
                partition(scope),
                132_000_000_000_000_000_i64 + i64::from(scope.instance.id.0),
                format!("{}\\{}", managed.node_name, scope.instance.name),
                managed.node_name.as_str(),
                2,
                "PRIMARY",
            ]]
        })
    },
)
.since(Since::MANAGED);

pub(super) const PARTITIONS: View = View::sys(
    "dm_hadr_fabric_partitions",
    &[
        req("partition_id", GUID),
        col("service_name", nvarchar(512)),
    ],
    |scope| {
        of_managed(scope, |scope, managed| {
            // The last part is the parameter InstanceName, by which the article's script joins.
            let service = format!(
                "fabric:/Worker.CL/{}/SQL.ManagedServer/{}",
                managed.dns_zone, scope.instance.name
            );
            vec![row![partition(scope), service]]
        })
    },
)
.since(Since::MANAGED);

pub(super) const NODES: View = View::sys(
    "dm_hadr_fabric_nodes",
    &[
        req("node_name", nvarchar(256)),
        col("ip_address_or_FQDN", nvarchar(256)),
    ],
    |scope| {
        of_managed(scope, |_, managed| {
            vec![row![managed.node_name.as_str(), "10.0.0.4"]]
        })
    },
)
.since(Since::MANAGED);

fn of_managed(scope: &Scope<'_>, rows: fn(&Scope<'_>, &ManagedInstance) -> Vec<Row>) -> Vec<Row> {
    let managed = scope.instance.as_managed_instance();
    managed.map_or_else(Vec::new, |managed| rows(scope, managed))
}

fn config_parameters(scope: &Scope<'_>, managed: &ManagedInstance) -> Vec<Row> {
    let name = scope.instance.name.as_str();
    let parameters = [
        // SQL Server tries this name (the article on preparing an environment): it is the whole one.
        ("DnsRecordName", scope.instance.server_name()),
        (
            "ClusterName",
            format!("{}.database.windows.net", managed.dns_zone),
        ),
        ("InstanceName", name.to_owned()),
        ("HadrPort", managed.node_port().to_string()),
    ];
    let row = |(parameter, value): (&str, String)| row!["SQL", parameter, value];
    parameters.into_iter().map(row).collect()
}

/// The instance has one partition; its id follows from the world and the instance.
fn partition(scope: &Scope<'_>) -> Uuid {
    Uuid::from_u128(scope.world.subscription.as_u128() ^ u128::from(scope.instance.id.0))
}
