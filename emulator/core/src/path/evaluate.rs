//! The evaluator: name, way, certificate, login and redirect, in this order; the first that fails is the reason.

use std::net::Ipv4Addr;

use super::admit::{admit, certificate_fits, redirect_of, speaks_sql};
use super::hint::hint;
use super::resolve::{Answer, is_hijacked, resolve_from};
use super::vantage::Vantage;
use super::verdict::{Branch, End, Reason, Redirect, Verdict, Warning, Way};
use super::walk::{Walk, walk};
use crate::azure::VirtualNetwork;
use crate::azure::data_factory::Seat;
use crate::azure::fabric::{PeeringState, RecordKind, Target};
use crate::time::Span;
use crate::world::World;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// From where.
    pub from: &'a Vantage,
    /// The host, as in the connection string.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whether the client checks the certificate's name.
    pub validates: bool,
    /// Whether the client can follow a redirect: TDS 7.4 and later.
    pub follows: bool,
    /// The name in the login, if it is another than the host.
    pub login_name: Option<&'a str>,
    /// How long nothing is sent at most: the client's longest query, or the interval of its keepalives if it has any.
    pub silent: Span,
}

impl<'a> Ask<'a> {
    /// A current client, which encrypts and checks the certificate.
    pub fn new(from: &'a Vantage, host: &'a str, port: u16) -> Self {
        Self {
            from,
            host,
            port,
            validates: true,
            follows: true,
            login_name: None,
            silent: Span::ZERO,
        }
    }

    /// The same without checking the certificate.
    pub fn trusting(self) -> Self {
        Self {
            validates: false,
            ..self
        }
    }
}

/// Whether a client gets there, and how.
pub fn evaluate(world: &World, ask: &Ask<'_>) -> Verdict {
    evaluate_ways(world, ask, None)
}

/// Whether the `flow`th of a client's connections gets there: where there are several ways, each connection takes one, in turn.
pub fn evaluate_flow(world: &World, ask: &Ask<'_>, flow: usize) -> Verdict {
    evaluate_ways(world, ask, Some(flow))
}

fn evaluate_ways(world: &World, ask: &Ask<'_>, flow: Option<usize>) -> Verdict {
    let resolved = resolve_from(world, ask.from, ask.host);
    let mut verdict = Verdict {
        reachable: false,
        reason: None,
        symptom: None,
        path: Vec::new(),
        latent: Vec::new(),
        warnings: Vec::new(),
        hint: None,
        end: None,
        redirect: None,
        branches: Vec::new(),
        idle: None,
        proxy_header: None,
        ways: Vec::new(),
        through: Vec::new(),
        resolved,
    };
    let reason = match &verdict.resolved.answer {
        Answer::NoName { zone: Some(_) } => Some(Reason::DnsNoNameInZone),
        Answer::NoName { zone: None } | Answer::NoAddress => Some(Reason::DnsNoName),
        Answer::Endless => Some(Reason::DnsEndless),
        Answer::NoServer(_) => Some(Reason::DnsUnreachableServer),
        Answer::Addresses(_) => None,
    };
    match reason {
        Some(reason) => verdict.reason = Some(reason),
        None => connect(world, ask, flow, &mut verdict),
    }
    verdict.reachable = verdict.reason.is_none();
    verdict.symptom = verdict.reason.map(Reason::symptom);
    verdict.hint = verdict
        .reason
        .and_then(|reason| hint(world, ask, &verdict, reason));
    verdict
}

/// The same for somebody who designs: a runtime in a managed network tries nothing for them unless interactive authoring
/// is on. Pipelines do not need it (documented).
pub fn evaluate_interactively(world: &World, ask: &Ask<'_>) -> Verdict {
    let mut verdict = evaluate(world, ask);
    let Vantage::Runtime(key, runtime) = ask.from else {
        return verdict;
    };
    let factory = world.azure.data_factories.get(key);
    if factory.is_none_or(|factory| factory.tries(world, runtime)) {
        return verdict;
    }
    let reason = Reason::InteractiveOff;
    verdict.object(reason);
    verdict.hint = hint(world, ask, &verdict, reason);
    verdict
}

fn connect(world: &World, ask: &Ask<'_>, flow: Option<usize>, verdict: &mut Verdict) {
    let Some(origin) = ask.from.origin(world) else {
        verdict.reason = Some(Reason::NoRoute);
        return;
    };
    let addresses = verdict.resolved.addresses().to_vec();
    let several = addresses.len() > 1;
    let mut ways: Vec<(Ipv4Addr, Walk)> = Vec::new();
    for address in &addresses {
        for way in walk(world, &origin, *address, ask.port) {
            ways.push((*address, way));
        }
    }
    if several {
        verdict.warnings.push(Warning::SeveralAddresses);
    }
    if let Some(flow) = flow
        && ways.len() > 1
    {
        let taken = ways.swap_remove(flow % ways.len());
        ways = vec![taken];
    }
    // What fails on some way is what a client will meet sooner or later.
    let judged: Vec<(String, &Walk, Vec<Reason>)> = ways
        .iter()
        .map(|(address, way)| {
            let mut selectors = way.selectors.clone();
            if several {
                selectors.insert(0, address.to_string());
            }
            (selectors.join(" "), way, judge(world, ask, way))
        })
        .collect();
    let shown = judged
        .iter()
        .find(|(.., reasons)| !reasons.is_empty())
        .or(judged.first());
    if let Some((_, way, reasons)) = shown {
        verdict.path.clone_from(&way.path);
        verdict.reason = reasons.first().copied();
        verdict.latent = reasons.iter().skip(1).copied().collect();
        verdict.end = way.outcome.as_ref().ok().cloned();
        verdict.through.clone_from(&way.endpoints);
        verdict.idle.clone_from(&way.idle);
        verdict.proxy_header = way.header;
    } else {
        verdict.reason = Some(Reason::NoRoute);
    }
    if judged.len() > 1 {
        verdict.ways = judged
            .iter()
            .map(|(_, way, reasons)| Way {
                path: way.path.clone(),
                end: way.outcome.as_ref().ok().cloned(),
                reason: reasons.first().copied(),
            })
            .collect();
    }
    let outcomes: std::collections::BTreeSet<Option<Reason>> = judged
        .iter()
        .map(|(.., reasons)| reasons.first().copied())
        .collect();
    if outcomes.len() > 1 {
        verdict.branches = judged
            .iter()
            .map(|(selector, _, reasons)| Branch {
                selector: selector.clone(),
                reachable: reasons.is_empty(),
                reason: reasons.first().copied(),
            })
            .collect();
    }
    if let Some(end) = &verdict.end
        && verdict.reason.is_none()
    {
        verdict.redirect = redirect(world, ask, end);
    }
    if verdict.reason == Some(Reason::NoRoute) && goes_outward(world, ask.from, verdict) {
        verdict.latent.push(Reason::WrongDirection);
    }
    warn(world, verdict);
}

/// Whether an instance asks for a place in a network that only has a private endpoint to it.
fn goes_outward(world: &World, from: &Vantage, verdict: &Verdict) -> bool {
    let Vantage::Instance(instance) = from else {
        return false;
    };
    let Some(address) = verdict.resolved.address() else {
        return false;
    };
    let mut endpoints = world.azure.fabric.private_endpoints.values();
    endpoints.any(|endpoint| {
        let network = world
            .azure
            .virtual_networks
            .get(&endpoint.subnet.network_key());
        let is_there = |network: &VirtualNetwork| {
            let mut prefixes = network.prefixes.iter();
            prefixes.any(|prefix| prefix.has(address))
        };
        endpoint.connection.target == Target::Instance(instance.clone())
            && network.is_some_and(|network| is_there(network))
    })
}

/// Everything that stands against a way, in the order in which a client meets it.
fn judge(world: &World, ask: &Ask<'_>, way: &Walk) -> Vec<Reason> {
    let end = match &way.outcome {
        Err(reason) => return vec![in_factory(world, ask, *reason)],
        Ok(end) => end,
    };
    let mut reasons = judge_talk(world, ask, way, end);
    let forgets = way.idle.as_ref().filter(|idle| !idle.keeps(ask.silent));
    reasons.extend(forgets.map(|idle| idle.reason));
    reasons
}

/// What stands against a client's talk with what it has got to.
fn judge_talk(world: &World, ask: &Ask<'_>, way: &Walk, end: &End) -> Vec<Reason> {
    // Nothing of SQL Server's reads the header: it takes it for a broken packet (documented: the service behind must parse it).
    // A program on a machine may know what it is.
    let unread = way.header.is_some() && !matches!(end, End::Machine { .. });
    // And who waits for a header takes nothing else (documented of HAProxy: the connection is closed).
    if unread || way.lacks_header {
        return vec![Reason::ProxyProtocolMismatch];
    }
    let Some(instance) = end.instance().and_then(|name| world.managed_instance(name)) else {
        return Vec::new();
    };
    if !speaks_sql(end) {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    if ask.validates && !certificate_fits(instance, ask.host) {
        reasons.push(Reason::CertificateName);
    }
    let name = ask.login_name.unwrap_or(ask.host);
    reasons.extend(admit(world, end, name).err());
    // Whoever is not let in has perhaps come to an instance that another rule was to lead past.
    if way.shadowed && reasons.contains(&Reason::HostMismatch) {
        reasons.push(Reason::ShadowedRule);
    }
    if reasons.is_empty()
        && let Some(redirect) = redirect(world, ask, end)
    {
        let target = resolve_from(world, ask.from, &redirect.host);
        let reached =
            ask.from
                .origin(world)
                .zip(target.address())
                .is_some_and(|(origin, address)| {
                    walk(world, &origin, address, redirect.port)
                        .iter()
                        .all(|way| way.outcome.is_ok())
                });
        if !reached {
            reasons.push(Reason::RedirectUnreachable);
        }
    }
    reasons
}

/// What stands against a way from an integration runtime that never had the factory's endpoints.
fn in_factory(world: &World, ask: &Ask<'_>, reason: Reason) -> Reason {
    let Vantage::Runtime(key, runtime) = ask.from else {
        return reason;
    };
    let factory = world.azure.data_factories.get(key);
    let is_public = factory.and_then(|found| found.seat_of(runtime)) == Some(Seat::Public);
    let mut endpoints = factory
        .into_iter()
        .flat_map(|found| found.endpoints.values());
    let expected = endpoints.any(|endpoint| endpoint.answers_to(ask.host));
    match reason {
        Reason::NoRoute if is_public && expected => Reason::RuntimeNotInManagedNetwork,
        other => other,
    }
}

/// Where the instance that the login names sends the client.
fn redirect(world: &World, ask: &Ask<'_>, end: &End) -> Option<Redirect> {
    let name = ask.login_name.unwrap_or(ask.host);
    let instance = admit(world, end, name).ok()?;
    redirect_of(instance, end).filter(|_| ask.follows)
}

fn warn(world: &World, verdict: &mut Verdict) {
    let Some(instance) = verdict
        .end
        .as_ref()
        .and_then(End::instance)
        .and_then(|name| world.managed_instance(name))
    else {
        return;
    };
    if is_hijacked(world, instance) {
        verdict.warnings.push(Warning::DnsHijacked);
    }
    let Some(managed) = instance.as_managed_instance() else {
        return;
    };
    let Some(own) = managed
        .properties
        .subnet
        .as_ref()
        .map(|subnet| subnet.network_key())
    else {
        return;
    };
    let zone = format!("privatelink.{}.database.windows.net", managed.dns_zone);
    let zones = world.azure.fabric.private_zones.values();
    let on_peer = zones
        .filter(|found| found.header.name.is(&zone))
        .any(|found| {
            found.find(RecordKind::A, instance.name.as_str()).is_some()
                && found.links.values().any(|link| {
                    let network = world.azure.virtual_networks.get(&own);
                    network.is_some_and(|network| {
                        network.peerings.values().any(|peering| {
                            peering.remote == link.network
                                && peering.state(world, &own) == PeeringState::Connected
                        })
                    })
                })
        });
    if on_peer {
        verdict.warnings.push(Warning::PrivateZoneOnPeer);
    }
}

impl End {
    /// The managed instance that answers.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::VnetLocal { instance, .. }
            | Self::PrivateEndpoint { instance, .. }
            | Self::Public { instance } => Some(instance),
            Self::SqlServer { .. } | Self::Machine { .. } => None,
        }
    }
}
