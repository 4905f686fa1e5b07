//! What a gateway does with a login: which instance its server name leads to, which names the certificate has, and where the
//! client is sent on to.
//!
//! Sockets ask the same functions as the evaluator.

use std::net::IpAddr;
use std::sync::Arc;

use super::verdict::{End, Reason, Redirect};
use super::walk::SQL_PORT;
use crate::instance::Instance;
use crate::names::Name;
use crate::world::World;

/// Ports of redirected connections begin here; the node's number is added (documented: 11000-11999).
pub const REDIRECTED: u16 = 11_000;

/// The middle labels of names that the certificate of a zone has (guess: one certificate for each zone, as documented for
/// failover groups).
const CERTIFIED: [&str; 2] = ["public", "secondary"];

/// The server name of a login as the gateway compares it: drivers send what the user typed.
pub fn login_name(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let name = ["tcp:", "np:", "lpc:", "admin:"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(&name);
    let name = name.split([',', '\\']).next().unwrap_or(name).trim();
    name.strip_suffix('.').unwrap_or(name).to_owned()
}

/// The instance that a login of this server name leads to at the end of a way.
///
/// The first label decides, whatever the rest is. A gateway serves all instances of its subnet, but a private endpoint leads to
/// its one target, and so do a node and a public endpoint.
///
/// # Errors
///
/// The name is an address, or nobody's here: 40532.
pub fn admit<'w>(world: &'w World, end: &End, name: &str) -> Result<&'w Arc<Instance>, Reason> {
    let name = login_name(name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Err(Reason::HostRequired);
    }
    let own = end.instance().and_then(|own| world.managed_instance(own));
    let own = own.ok_or(Reason::HostMismatch)?;
    let first = name.split('.').next().unwrap_or(&name);
    if own.name.is(first) {
        return Ok(own);
    }
    // The listeners of a failover group lead to its instances, whichever way that is; a private endpoint to its target only.
    if !world.azure.failover_groups.is_empty()
        && let Some(group) = world.failover_group(&Name::new(first))
    {
        let reads = name.split('.').nth(1) == Some("secondary");
        let leads_to = group.listener(reads);
        if leads_to.id == own.id {
            return Ok(leads_to);
        }
    }
    let subnet = |instance: &Instance| {
        let managed = instance.as_managed_instance()?;
        managed.properties.subnet.clone()
    };
    let serves_neighbours = matches!(end, End::VnetLocal { port: SQL_PORT, .. });
    world
        .managed_instance(first)
        .filter(|_| serves_neighbours)
        .filter(|other| subnet(other).is_some() && subnet(other) == subnet(own))
        .ok_or(Reason::HostMismatch)
}

/// Whether what answers at the end is SQL of a managed instance: its gateway, or the node that the gateway redirects to.
pub fn speaks_sql(end: &End) -> bool {
    match end {
        End::VnetLocal { port, .. } => [SQL_PORT, REDIRECTED].contains(port),
        End::PrivateEndpoint { .. } | End::Public { .. } => true,
        End::SqlServer { .. } | End::Machine { .. } => false,
    }
}

/// Where a gateway sends the clients of an instance that can follow: only by its own network, never by a private or public
/// endpoint.
pub fn redirect_of(instance: &Instance, end: &End) -> Option<Redirect> {
    let End::VnetLocal { port: SQL_PORT, .. } = end else {
        return None;
    };
    let managed = instance.as_managed_instance()?;
    let redirects = managed
        .properties
        .proxy_override
        .eq_ignore_ascii_case("Redirect");
    redirects.then(|| Redirect {
        // The service's own choice is undocumented (guess: the instance's name, which every certificate fits).
        host: instance.server_name(),
        port: REDIRECTED,
    })
}

/// The names in the certificate of an instance: its zone's, and no other's.
pub fn certificate_names(instance: &Instance) -> Vec<String> {
    let Some(managed) = instance.as_managed_instance() else {
        return Vec::new();
    };
    let zone = format!("{}.database.windows.net", managed.dns_zone);
    let middle = CERTIFIED.iter().map(|middle| format!("*.{middle}.{zone}"));
    [format!("*.{zone}")].into_iter().chain(middle).collect()
}

/// Whether a client that checks names takes the instance's certificate for this host.
pub fn certificate_fits(instance: &Instance, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let Some((first, rest)) = host.split_once('.') else {
        return false;
    };
    let names = certificate_names(instance);
    !first.is_empty()
        && names
            .iter()
            .any(|name| name.strip_prefix("*.") == Some(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_what_clients_put_around_them() {
        for (sent, compared) in [
            ("mi1.z.database.windows.net", "mi1.z.database.windows.net"),
            (
                "tcp:MI1.z.database.windows.net,1433",
                "mi1.z.database.windows.net",
            ),
            (" admin:mi1\\INSTANCE ", "mi1"),
            ("mi1.z.database.windows.net.", "mi1.z.database.windows.net"),
            ("np:\\\\mi1\\pipe", ""),
            ("10.9.1.4,1433", "10.9.1.4"),
            ("", ""),
        ] {
            assert_eq!(login_name(sent), compared, "{sent}");
        }
    }
}
