//! What would make a connection work.

use super::evaluate::Ask;
use super::verdict::{Hop, Reason, Verdict};
use crate::world::World;

/// What to do about a reason; none where only the asker can know.
pub(super) fn hint(
    world: &World,
    ask: &Ask<'_>,
    verdict: &Verdict,
    reason: Reason,
) -> Option<String> {
    let hop = |kind: &str| {
        let mut hops = verdict.path.iter().rev();
        hops.find(|hop| hop.hop == kind)
            .map(|hop: &Hop| hop.id.clone())
            .unwrap_or_default()
    };
    let (host, port, from) = (ask.host, ask.port, ask.from.text(world));
    // What the login says is what came of it; what is to be done is about the rule.
    let said = [Reason::ShadowedRule, Reason::WrongDirection];
    let said = said.into_iter().find(|said| verdict.latent.contains(said));
    let reason = said.unwrap_or(reason);
    Some(match reason {
        Reason::DnsNoName if host.to_ascii_lowercase().contains(".secondary.") => format!(
            "create the failover group whose listener '{host}' would be, or connect to an instance by its own name"
        ),
        Reason::DnsNoName => format!("check the name '{host}': no instance or record of this world has it"),
        Reason::DnsNoNameInZone => format!(
            "add a record for '{host}' to the private zone that {from} hears, or let its link fall back (NxDomainRedirect)"
        ),
        Reason::DnsEndless => format!(
            "let '{}' end at an address: it leads from one alias to the next without one",
            host
        ),
        Reason::DnsUnreachableServer => {
            "name a DNS server that is there, or none to use the platform's".to_owned()
        }
        Reason::NoRoute => format!(
            "nothing leads from {from} to {}: peer the networks, or create a private endpoint and a DNS record for it",
            verdict.resolved.address()?
        ),
        Reason::PeeringNotConnected => "create the other half of the peering".to_owned(),
        Reason::PeeringAccessOff => "allow virtual network access on both halves of the peering".to_owned(),
        Reason::NonTransitive => "peer the two networks directly: peerings do not lead further".to_owned(),
        Reason::DeniedOut | Reason::DeniedIn => {
            format!("the rule {} denies port {port}: add an allow rule of a lower priority number", hop("nsg"))
        }
        Reason::RouteToNowhere => "remove the route whose next hop is None".to_owned(),
        Reason::RouteToAppliance => format!(
            "the route leads to the appliance {}, which does not pass packets on: enable IP forwarding on its interface",
            hop("appliance")
        ),
        Reason::NothingThere => format!("nothing answers at {}", verdict.resolved.address()?),
        Reason::EndpointPending => {
            let endpoint = hop("pe");
            let connection = world
                .consumers()
                .find(|consumer| consumer.name().eq_ignore_ascii_case(&endpoint))
                .map(|consumer| consumer.connection().name.to_string());
            format!("approve the connection {} of private endpoint {endpoint}", connection.unwrap_or_default())
        }
        Reason::EndpointRejected => format!(
            "the connection of private endpoint {} was rejected: delete the endpoint and ask again",
            hop("pe")
        ),
        Reason::EndpointDisconnected => format!(
            "the other side of private endpoint {} is gone: delete the endpoint and create another",
            hop("pe")
        ),
        Reason::PortNotCarried => {
            "a private endpoint of a managed instance carries port 1433 only: use the instance's own network".to_owned()
        }
        Reason::WrongDirection => format!(
            "peer the networks, or give {from} a private endpoint to {host} in its own: the one there leads to {from} only"
        ),
        Reason::ProxyProtocolMismatch if verdict.proxy_header.is_none() => format!(
            "what passes connections on at {} waits for the header of the PROXY protocol, which nothing before it sends",
            hop("vm")
        ),
        Reason::ProxyProtocolMismatch => format!(
            "turn the proxy protocol of private link service {} off: SQL Server takes its header for a broken packet",
            hop("pls")
        ),
        Reason::ServiceForgets => format!(
            "have the client send TCP keepalives more often than every {} seconds: private link service {} forgets silent connections, whatever its load balancer is told",
            seconds(verdict),
            hop("pls")
        ),
        Reason::BalancerForgets | Reason::BalancerResets => format!(
            "have the client send TCP keepalives more often than every {} seconds, or raise idleTimeoutInMinutes of the rule of load balancer {}",
            seconds(verdict),
            hop("lb")
        ),
        Reason::NoBalancerRule => format!("add a rule for the frontend port to load balancer {}", hop("lb")),
        Reason::NoHealthyBackend => format!("no member of the pool of {} answers its probe", hop("lb")),
        Reason::EmptyPool => format!("put machines into the pool of load balancer {}", hop("lb")),
        Reason::NatRuleUnused => format!(
            "give a network interface the inbound NAT rule {} of load balancer {}",
            hop("nat"),
            hop("lb")
        ),
        Reason::NoForwardingRule => format!(
            "nothing listens on machine {}: run the forwarding script again (its rules do not survive a reboot)",
            hop("vm")
        ),
        Reason::ForwardingOff => format!(
            "machine {} has a rule and does not forward: set net.ipv4.ip_forward to 1",
            hop("vm")
        ),
        Reason::StaleTarget => format!(
            "the instance has another address than {}: run the forwarding script on {} again",
            hop("dnat"),
            hop("vm")
        ),
        Reason::ShadowedRule => "an earlier rule for the same port is taken: use another port".to_owned(),
        Reason::ForwardTargetUnreachable => format!("{} does not reach {}", hop("vm"), hop("dnat")),
        Reason::PortClosed => format!("nothing listens on port {port}"),
        Reason::PublicDisabled => {
            "enable the public endpoint, allow port 3342 in the security group, and connect to port 3342".to_owned()
        }
        Reason::InstanceStopped => "start the instance".to_owned(),
        Reason::CertificateName => format!(
            "'{host}' is not in the certificate: use the instance's own name, or do not check the certificate"
        ),
        Reason::HostRequired => "connect by the instance's name: the gateway does not know addresses".to_owned(),
        Reason::HostMismatch => format!(
            "the first label of '{}' must be the instance's name",
            ask.login_name.unwrap_or(host)
        ),
        Reason::InteractiveOff => format!("enable interactive authoring on {from}"),
        Reason::RuntimeNotInManagedNetwork => format!(
            "{from} is outside the managed virtual network: use a runtime that refers to it, only that has the managed private endpoints"
        ),
        Reason::ManagedEndpointMissing => format!(
            "create a managed private endpoint in the factory and give it the name '{host}'"
        ),
        Reason::RedirectUnreachable => {
            "set the connection type of the instance to Proxy, or let the ports 11000-11999 through".to_owned()
        }
    })
}

fn seconds(verdict: &Verdict) -> u32 {
    verdict.idle.as_ref().map_or(0, |idle| idle.seconds)
}
