//! Statements about groups with replicas.

use crate::action::{Above, Local, Pair, Place, database_name};
use crate::topology::{Plan, server_address};

/// The statement of something about the group of a database, on a server.
pub(super) fn statement(plan: &Plan, server: u8, n: u8, what: Local) -> String {
    let (group, other) = (plan.group(n), 1 - server);
    let database = |what: &str| format!("ALTER DATABASE [{}] SET {what}", database_name(n));
    let what = match what {
        Local::Suspend(true) => return database("HADR SUSPEND"),
        Local::Suspend(false) => return database("HADR RESUME"),
        Local::HadrOff => return database("HADR OFF"),
        Local::Leave => return format!("DROP AVAILABILITY GROUP [{group}]"),
        Local::Join => {
            let cluster = match plan.replicas.is_some_and(|it| it.cluster) {
                true => "",
                false => " WITH (CLUSTER_TYPE = NONE)",
            };
            let grant = format!("ALTER AVAILABILITY GROUP [{group}] GRANT CREATE ANY DATABASE");
            format!("JOIN{cluster}\nGO\n{grant}")
        }
        Local::Add => format!("ADD REPLICA ON {}", replica(other)),
        Local::Remove => format!("REMOVE REPLICA ON N'{}'", Place::Server(other)),
        Local::Mode(synchronous) => {
            let mode = match synchronous {
                true => "SYNCHRONOUS_COMMIT",
                false => "ASYNCHRONOUS_COMMIT",
            };
            let other = Place::Server(other);
            format!("MODIFY REPLICA ON N'{other}' WITH (AVAILABILITY_MODE = {mode})")
        }
        Local::Listen => {
            let (listener, address) = (plan.listener(n), 100 + n);
            format!(
                "ADD LISTENER N'{listener}' (WITH IP ((N'10.0.0.{address}', N'255.255.255.0')))"
            )
        }
        Local::Failover => "FAILOVER".to_owned(),
        Local::Force => "FORCE_FAILOVER_ALLOW_DATA_LOSS".to_owned(),
        Local::StepDown => "SET (ROLE = SECONDARY)".to_owned(),
        Local::Offline => "OFFLINE".to_owned(),
        Local::Trust => unreachable!("it takes two servers"),
    };
    format!("ALTER AVAILABILITY GROUP [{group}] {what}")
}

/// The statement of something about the distributed group of a pair, on a server.
pub(super) fn above(plan: &Plan, server: u8, pair: Pair, what: Above) -> String {
    let link = plan.link(pair);
    let what = match what {
        Above::Drop => return format!("DROP AVAILABILITY GROUP [{link}]"),
        Above::Failover => "FAILOVER".to_owned(),
        Above::Force => "FORCE_FAILOVER_ALLOW_DATA_LOSS".to_owned(),
        Above::GiveUp => "SET (ROLE = SECONDARY)".to_owned(),
        Above::Tell => format!(
            "MODIFY AVAILABILITY GROUP ON N'{}' WITH (LISTENER_URL = 'TCP://{}:5022')",
            plan.group(pair.database),
            server_address(server)
        ),
    };
    format!("ALTER AVAILABILITY GROUP [{link}] {what}")
}

/// A server as a replica of a group.
pub(super) fn replica(server: u8) -> String {
    format!(
        "N'{}' WITH (\n    \
         ENDPOINT_URL = 'TCP://{}:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT,\n    \
         FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC,\n    \
         SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL))",
        Place::Server(server),
        server_address(server),
    )
}
