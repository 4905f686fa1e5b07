//! `Microsoft.Network/loadBalancers`: bodies read into requests.

mod children;
mod show;

use axum::http::StatusCode;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    DeleteLoadBalancer, NatRule, Probe, Question, Rule, RuleProtocol, Sku, Tagged, WantedFrontend,
    WantedPlace, WriteLoadBalancer,
};
use milink_core::names::Name;
use serde_json::Value;

use super::network;
use super::references::{Id, invalid, missing, reference, subnet_of};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) use children::{FRONTENDS, INTERFACES, NAT_RULES, POOLS, PROBES, RULES};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "loadBalancers", Versions::Network)
};

const NAME: &str = "Microsoft.Network/loadBalancers";
/// `intervalInSeconds` of a probe that says nothing (the schema).
const INTERVAL: i64 = 15;
/// `idleTimeoutInMinutes` of a rule that says nothing (the schema).
const IDLE_MINUTES: i64 = 4;

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.load_balancers, show::whole)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["provisioningState", "resourceGuid", "scope"]);
        for (collection, what) in [
            ("inboundNatPools", "An inbound NAT pool of a load balancer"),
            ("outboundRules", "An outbound rule of a load balancer"),
        ] {
            if properties
                .objects(collection)?
                .is_some_and(|rules| !rules.is_empty())
            {
                return Err(ArmError::not_emulated(what));
            }
        }
        Ok(WriteLoadBalancer {
            place: network::place(call, NAME, body)?,
            sku: sku(body)?,
            frontends: parts(&properties, "frontendIPConfigurations", |part, inner| {
                frontend(call, part, inner)
            })?,
            pools: parts(&properties, "backendAddressPools", |_, inner| pool(inner))?
                .into_iter()
                .map(|(name, ())| name)
                .collect(),
            probes: parts(&properties, "probes", |_, inner| probe(inner))?,
            rules: parts(&properties, "loadBalancingRules", |_, inner| {
                rule(call, inner)
            })?,
            nat_rules: parts(&properties, "inboundNatRules", |_, inner| {
                nat_rule(call, inner)
            })?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::patch_tags(call, Tagged::LoadBalancer)?;
    get(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteLoadBalancer { key })?)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.load_balancers,
        |world, balancer| show::whole(call, world, balancer),
    )
}

/// The parts of one collection, with their names.
fn parts<'a, T>(
    properties: &Object<'a>,
    collection: &str,
    read: impl Fn(&Object<'a>, &Object<'a>) -> Result<T, ArmError>,
) -> Result<Vec<(Name, T)>, ArmError> {
    let parts = properties.objects(collection)?.unwrap_or_default();
    let named = parts.iter().map(|part| {
        part.ignore(&["id", "etag", "type"]);
        let name = part.string("name")?.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| missing(&format!("{collection}.name")))?;
        let inner = part.object_or_empty("properties")?;
        inner.ignore(&["provisioningState", "loadBalancingRules"]);
        Ok((Name::new(&name), read(part, &inner)?))
    });
    named.collect()
}

/// `sku`.
pub(super) fn sku(body: &Object<'_>) -> Result<Option<Sku>, ArmError> {
    let sku = body.object_or_empty("sku")?;
    let tier = sku.string("tier")?.unwrap_or_default();
    if !tier.is_empty() && !tier.eq_ignore_ascii_case("Regional") {
        return Err(ArmError::not_emulated(&format!(
            "The tier '{tier}' of a SKU"
        )));
    }
    let name = sku.string("name")?;
    name.map(|name| match name.to_ascii_lowercase().as_str() {
        "basic" => Ok(Sku::Basic),
        "standard" => Ok(Sku::Standard),
        "gateway" | "standardv2" => Err(ArmError::not_emulated(&format!("The SKU '{name}'"))),
        _ => Err(invalid("sku.name", &name)),
    })
    .transpose()
}

fn frontend(
    call: &Call<'_>,
    part: &Object<'_>,
    inner: &Object<'_>,
) -> Result<WantedFrontend, ArmError> {
    inner.ignore(&["inboundNatRules", "inboundNatPools", "outboundRules"]);
    for (member, what) in [
        ("publicIPPrefix", "A public IP prefix of a load balancer"),
        ("gatewayLoadBalancer", "A gateway load balancer"),
    ] {
        if reference(inner, member)?.is_some() {
            return Err(ArmError::not_emulated(what));
        }
    }
    network::refuse_version_6(inner)?;
    let subnet = reference(inner, "subnet")?;
    let public = reference(inner, "publicIPAddress")?;
    let address = network::wanted_address(inner)?;
    let place = match (subnet, public) {
        (Some(subnet), None) => WantedPlace::Inside(subnet_of(call, &subnet)?, address),
        (None, Some(public)) => {
            call.linked("Microsoft.Network/publicIPAddresses/join/action", &public)?;
            let public = Id::parse(call, &public)?;
            WantedPlace::Public(public.key_of("Microsoft.Network/publicIPAddresses")?)
        }
        (subnet, _) => {
            let name = part.string("name")?.unwrap_or_default();
            let (code, text) = match subnet {
                Some(_) => (
                    "FrontendIPConfigHasBothSubnetAndPublicIP",
                    "must not reference both a Subnet and a Public IP Address",
                ),
                None => (
                    "FrontendIPConfigHasNeitherSubnetNorPublicIP",
                    "must reference either a Subnet or a Public IP Address",
                ),
            };
            let text = format!("Frontend IP Configuration {name} {text}.");
            return Err(ArmError::service(StatusCode::BAD_REQUEST, code, text));
        }
    };
    Ok(WantedFrontend {
        place,
        zones: part.strings("zones")?.unwrap_or_default(),
    })
}

/// A pool says nothing of its own: interfaces say which pools they are in.
fn pool(inner: &Object<'_>) -> Result<(), ArmError> {
    inner.ignore(&[
        "backendIPConfigurations",
        "location",
        "outboundRule",
        "outboundRules",
        "inboundNatRules",
        "drainPeriodInSeconds",
        "virtualNetwork",
        "syncMode",
    ]);
    let addresses = inner
        .objects("loadBalancerBackendAddresses")?
        .unwrap_or_default();
    let tunnels = inner.objects("tunnelInterfaces")?.unwrap_or_default();
    if !addresses.is_empty() {
        return Err(ArmError::not_emulated("A backend pool of IP addresses"));
    }
    match tunnels.is_empty() {
        true => Ok(()),
        false => Err(ArmError::not_emulated(
            "A tunnel interface of a backend pool",
        )),
    }
}

fn probe(inner: &Object<'_>) -> Result<Probe, ArmError> {
    inner.ignore(&["noHealthyBackendsBehavior"]);
    let protocol = required(inner, "protocol")?;
    let path = inner.string("requestPath")?.filter(|path| !path.is_empty());
    let tls = protocol.eq_ignore_ascii_case("Https");
    let question = match (protocol.to_ascii_lowercase().as_str(), path) {
        ("tcp", None) => Question::Tcp,
        ("tcp", Some(_)) => return Err(invalid("requestPath", "of a TCP probe")),
        ("http" | "https", Some(path)) if path.starts_with('/') => Question::Web { tls, path },
        ("http" | "https", Some(path)) => return Err(invalid("requestPath", &path)),
        ("http" | "https", None) => return Err(missing("requestPath")),
        _ => return Err(invalid("protocol", &protocol)),
    };
    Ok(Probe {
        question,
        port: number(inner, "port", None)?,
        interval_seconds: number(inner, "intervalInSeconds", Some(INTERVAL))?,
        number: optional(inner, "numberOfProbes")?,
        threshold: optional(inner, "probeThreshold")?,
    })
}

fn rule(call: &Call<'_>, inner: &Object<'_>) -> Result<Rule, ArmError> {
    inner.ignore(&["enableConnectionTracking"]);
    if inner.boolean("enableFloatingIP")? == Some(true) {
        return Err(ArmError::not_emulated(
            "A floating IP of a load balancing rule",
        ));
    }
    let protocol = protocol(inner)?;
    let distribution = inner.string("loadDistribution")?;
    let distribution = distribution.unwrap_or_else(|| "Default".to_owned());
    if !["Default", "SourceIP", "SourceIPProtocol"].contains(&distribution.as_str()) {
        return Err(invalid("loadDistribution", &distribution));
    }
    let frontend = rule_frontend(call, inner)?;
    let probe = reference(inner, "probe")?;
    Ok(Rule {
        protocol,
        frontend,
        frontend_port: number(inner, "frontendPort", None)?,
        pool: rule_pool(call, inner)?,
        backend_port: number(inner, "backendPort", None)?,
        probe: probe.map(|id| own(call, &id, "probes")).transpose()?,
        idle_timeout_minutes: number(inner, "idleTimeoutInMinutes", Some(IDLE_MINUTES))?,
        tcp_reset: inner.boolean("enableTcpReset")?.unwrap_or(false),
        distribution,
        no_outbound: inner.boolean("disableOutboundSnat")?.unwrap_or(false),
    })
}

/// An inbound NAT rule for one machine; which one its interface says.
fn nat_rule(call: &Call<'_>, inner: &Object<'_>) -> Result<NatRule, ArmError> {
    inner.ignore(&["provisioningState", "backendIPConfiguration"]);
    if inner.boolean("enableFloatingIP")? == Some(true) {
        return Err(ArmError::not_emulated(
            "A floating IP of an inbound NAT rule",
        ));
    }
    let ranges = ["frontendPortRangeStart", "frontendPortRangeEnd"];
    let ranges = ranges.map(|member| inner.integer(member));
    let for_pool = reference(inner, "backendAddressPool")?.is_some();
    for range in ranges {
        if for_pool || range?.is_some_and(|port| port != 0) {
            return Err(ArmError::not_emulated(
                "An inbound NAT rule for a pool, with a range of ports",
            ));
        }
    }
    Ok(NatRule {
        protocol: match inner.string("protocol")? {
            Some(_) => protocol(inner)?,
            None => RuleProtocol::Tcp,
        },
        frontend: rule_frontend(call, inner)?,
        frontend_port: number(inner, "frontendPort", None)?,
        backend_port: number(inner, "backendPort", None)?,
        idle_timeout_minutes: number(inner, "idleTimeoutInMinutes", Some(IDLE_MINUTES))?,
        tcp_reset: inner.boolean("enableTcpReset")?.unwrap_or(false),
    })
}

fn protocol(inner: &Object<'_>) -> Result<RuleProtocol, ArmError> {
    let protocol = required(inner, "protocol")?;
    match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Ok(RuleProtocol::Tcp),
        "udp" => Ok(RuleProtocol::Udp),
        "all" => Ok(RuleProtocol::All),
        _ => Err(invalid("protocol", &protocol)),
    }
}

fn rule_frontend(call: &Call<'_>, inner: &Object<'_>) -> Result<Name, ArmError> {
    let frontend = reference(inner, "frontendIPConfiguration")?;
    let frontend = frontend.ok_or_else(|| missing("frontendIPConfiguration"))?;
    own(call, &frontend, "frontendIPConfigurations")
}

/// The pool of a rule, which newer API versions also write as a list.
fn rule_pool(call: &Call<'_>, inner: &Object<'_>) -> Result<Option<Name>, ArmError> {
    let mut ids: Vec<String> = reference(inner, "backendAddressPool")?
        .into_iter()
        .collect();
    for pool in inner.objects("backendAddressPools")?.unwrap_or_default() {
        ids.extend(pool.string("id")?);
    }
    let names = ids.iter().map(|id| own(call, id, "backendAddressPools"));
    let mut names: Vec<Name> = names.collect::<Result<_, _>>()?;
    names.dedup();
    match names.len() {
        0 | 1 => Ok(names.pop()),
        _ => Err(ArmError::not_emulated(
            "A load balancing rule with several pools",
        )),
    }
}

/// A part of this very load balancer that an id names.
fn own(call: &Call<'_>, id: &str, collection: &str) -> Result<Name, ArmError> {
    let parsed = Id::parse(call, id)?;
    let kind = format!("{NAME}/{collection}").to_ascii_lowercase();
    if parsed.kind != kind || parsed.key() != network::key(call) {
        return Err(invalid(collection, id));
    }
    Ok(parsed.last().clone())
}

/// The frontend of some load balancer that an id names.
pub(super) fn frontend_of(call: &Call<'_>, id: &str) -> Result<(ResourceKey, Name), ArmError> {
    let parsed = Id::parse(call, id)?;
    match parsed.kind.as_str() {
        "microsoft.network/loadbalancers/frontendipconfigurations" => {
            Ok((parsed.key(), parsed.last().clone()))
        }
        _ => Err(invalid("loadBalancerFrontendIpConfigurations", id)),
    }
}

fn required(object: &Object<'_>, member: &str) -> Result<String, ArmError> {
    object.string(member)?.ok_or_else(|| missing(member))
}

fn number<T: TryFrom<i64>>(
    object: &Object<'_>,
    member: &str,
    otherwise: Option<i64>,
) -> Result<T, ArmError> {
    let value = object.integer(member)?.or(otherwise);
    let value = value.ok_or_else(|| missing(member))?;
    T::try_from(value).map_err(|_| invalid(member, &value.to_string()))
}

fn optional<T: TryFrom<i64>>(object: &Object<'_>, member: &str) -> Result<Option<T>, ArmError> {
    let value = object.integer(member)?;
    value
        .map(|value| T::try_from(value).map_err(|_| invalid(member, &value.to_string())))
        .transpose()
}
