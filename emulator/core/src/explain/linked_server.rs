//! Why a statement on a linked server failed: by the name in the message, and the world as it is.

use super::Explanation;
use crate::distributed::{Missed, can_distribute, dial};
use crate::ids::InstanceId;
use crate::names::Name;
use crate::world::World;

/// Numbers that name a linked server in quotes: not configured for calls or data access, no distributed transaction, no
/// connection.
pub(super) const NUMBERS: &[i32] = &[
    7391, 7395, 7411, 7202, 7303, 7399, 7416, 10060, 10061, 11001,
];

/// Explains such an error.
pub(super) fn explain(
    world: &World,
    instance: InstanceId,
    number: i32,
    explained: Explanation,
) -> Explanation {
    match number {
        7395 => return explained.remedy("SET XACT_ABORT ON"),
        7202 => return explained.remedy("EXEC sp_addlinkedserver @server = …, @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'<host>'"),
        7416 => return explained.remedy("EXEC sp_addlinkedsrvlogin @rmtsrvname = …, @useself = N'False', @rmtuser = …, @rmtpassword = …"),
        _ => {}
    }
    let Some(found) = world.instance(instance) else {
        return explained;
    };
    // The name is the last thing in quotes of some messages and the first of others; the network's name none at all.
    let named = explained
        .reason
        .split(['"', '\''])
        .find_map(|word| found.linked_servers.get(&Name::new(word)));
    let every = || found.linked_servers.values();
    let servers: Vec<_> = match named {
        Some(server) => vec![server],
        None => every().collect(),
    };
    servers.into_iter().fold(explained, |explained, server| {
        let (host, port) = server.address();
        if number == 7411 {
            let name = &server.name;
            return explained.remedy(format!(
                "EXEC sp_serveroption @server = N'{name}', @optname = 'rpc out', @optvalue = 'true'"
            ));
        }
        match dial(world, instance, host, port) {
            Err(Missed::Path(symptom)) => explained.fact(format!(
                "{}: {host},{port} cannot be reached from here ({})",
                server.name,
                symptom.native()
            )),
            Err(Missed::NotAvailable(_)) => explained.fact(format!(
                "{}: the managed instance at {host},{port} is stopped",
                server.name
            )),
            Err(Missed::NotSql) => explained.fact(format!(
                "{}: what answers at {host},{port} is no SQL Server",
                server.name
            )),
            Ok(other) if number == 7391 => match can_distribute(world, instance, other, host) {
                Ok(()) => {
                    explained.fact("nothing of this is wrong any more: it has been put right since")
                }
                Err(obstacle) => explained
                    .fact(obstacle.to_string())
                    .remedy(obstacle.remedy()),
            },
            Ok(_) => explained,
        }
    })
}
