//! The ways between the two sides.

use super::{Check, NO_INSTANCE, Subject, Title};
use crate::azure::{NetworkKind, ResourceKey};
use crate::link::{Ways, ways_of};
use crate::names::Name;
use crate::network::Reach;

pub(super) fn security_group(subject: &Subject<'_>) -> Check {
    let title = Title(
        "network-security-group",
        "The subnet lets the mirroring ports 5022 and 11000-11999 through",
    );
    let Some((_, mi)) = subject.managed_instance() else {
        return title.unknown(NO_INSTANCE);
    };
    let Some(id) = &mi.properties.subnet else {
        return title.not_applicable("the instance is in no subnet");
    };
    let key = ResourceKey {
        group: id.group.clone(),
        name: id.network.clone(),
    };
    let network = subject.world.azure.virtual_networks.get(&key);
    let subnet = network.and_then(|network| network.subnets.get(&id.subnet));
    let group = subnet.and_then(|subnet| subnet.settings.network_security_group.as_deref());
    let Some(group) = group else {
        return title.ok(format!(
            "subnet '{}' has no network security group",
            id.subnet
        ));
    };
    let name = group.rsplit('/').next().unwrap_or(group);
    let key = (
        NetworkKind::NetworkSecurityGroup,
        ResourceKey {
            group: id.group.clone(),
            name: Name::new(name),
        },
    );
    let found = subject.world.azure.network_resources.get(&key);
    let Some(found) = found else {
        return title.unknown(format!(
            "network security group '{name}' is in another resource group"
        ));
    };
    let opens = |port: &str| {
        found.items.values().any(|rule| {
            let text = rule.properties.to_ascii_lowercase();
            text.contains("\"allow\"") && (text.contains(port) || text.contains("\"*\""))
        })
    };
    let evidence = format!("'{name}' has {} rules of its own", found.items.len());
    match opens("5022") && opens("11000-11999") {
        true => title.ok(evidence),
        // Its rules block nothing in the model, so that it can only be a hint for the real network.
        false => title
            .warn(evidence)
            .and("no rule was found that allows 5022 and 11000-11999; the emulator's network lets them through all the same")
            .remedy(format!(
                "az network nsg rule create -g {} --nsg-name {name} -n allow_mirroring --direction Inbound --priority 1100 --access Allow --protocol Tcp --destination-port-ranges 5022 11000-11999",
                id.group
            )),
    }
}

pub(super) fn ways(subject: &Subject<'_>) -> Check {
    let title = Title("network", "Each side reaches the other's mirroring ports");
    let (Some(server), Some(instance)) = (subject.server, subject.instance) else {
        return title.unknown("one of the two sides is not there");
    };
    let drawn = subject.link.map(|link| ways_of(subject.world, link));
    let of_drawn = |way: fn(&Ways) -> Reach| drawn.as_ref().map_or(Reach::Open, way);
    let ways = [
        (server, instance, of_drawn(|ways| ways.to_instance)),
        (instance, server, of_drawn(|ways| ways.to_server)),
    ];
    let mut evidence = Vec::new();
    let mut worst = Reach::Open;
    for (from, to, drawn) in ways {
        let reach = subject.world.reachability(from.id, to.id).max(drawn);
        worst = worst.max(reach);
        evidence.push(format!("{} to {}: {}", from.name, to.name, words(reach)));
    }
    if let Some(reason) = drawn.and_then(|ways| ways.reason) {
        evidence.push(format!("in the way: {}", reason.code()));
    }
    let evidence = evidence.join(", ");
    match worst {
        Reach::Open => title.ok(evidence),
        Reach::GatewayOnly => title
            .fail(evidence)
            .remedy("open the ports 11000-11999 of the managed instance's subnet for SQL Server: the gateway redirects there"),
        Reach::Silent | Reach::Refused => title
            .fail(evidence)
            .remedy("let both sides reach each other's port 5022: check firewalls, routes and name resolution")
            .remedy(format!("from SQL Server: Test-NetConnection {} -Port 5022", subject.fqdn())),
    }
}

const fn words(reach: Reach) -> &'static str {
    match reach {
        Reach::Open => "open",
        Reach::GatewayOnly => "only port 5022 is open",
        Reach::Silent => "nothing answers",
        Reach::Refused => "refused",
    }
}
