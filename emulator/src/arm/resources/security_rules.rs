//! What the rules of a network security group and the routes of a route table mean, read from their properties.

use milink_core::azure::fabric::{
    Access, Direction, Item, NextHop, Ports, Protocol, Route, SecurityRule, Source,
};
use milink_core::azure::{AddressPrefix, NetworkKind};

use crate::arm::body::Object;
use crate::arm::error::ArmError;

/// The meaning of a rule's or route's properties.
pub(super) fn meaning(kind: NetworkKind, properties: &Object<'_>) -> Result<Item, ArmError> {
    match kind {
        NetworkKind::NetworkSecurityGroup => rule(properties).map(Item::Rule),
        NetworkKind::RouteTable => route(properties).map(Item::Route),
    }
}

fn rule(properties: &Object<'_>) -> Result<SecurityRule, ArmError> {
    let priority = properties.integer("priority")?;
    let priority = priority
        .and_then(|priority| u16::try_from(priority).ok())
        .filter(|priority| (100..=4096).contains(priority))
        .ok_or_else(|| {
            invalid(
                "SecurityRuleInvalidPriority",
                "Security rule has invalid Priority. The value provided must be between 100 and 4096.",
            )
        })?;
    let direction = match word(properties, "direction")?.as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        other => return Err(unknown("direction", other)),
    };
    let access = match word(properties, "access")?.as_str() {
        "allow" => Access::Allow,
        "deny" => Access::Deny,
        other => return Err(unknown("access", other)),
    };
    let protocol = match word(properties, "protocol")?.as_str() {
        "*" => Protocol::Any,
        "tcp" => Protocol::Tcp,
        "udp" | "icmp" | "esp" | "ah" => Protocol::Other,
        other => return Err(unknown("protocol", other)),
    };
    Ok(SecurityRule {
        priority,
        direction,
        access,
        protocol,
        sources: addresses(properties, "sourceAddressPrefix")?,
        destinations: addresses(properties, "destinationAddressPrefix")?,
        ports: ports(properties)?,
    })
}

fn route(properties: &Object<'_>) -> Result<Route, ArmError> {
    let prefix = properties.string("addressPrefix")?.unwrap_or_default();
    let prefix = AddressPrefix::parse(&prefix).ok_or_else(|| {
        invalid(
            "InvalidAddressPrefixFormat",
            &format!("Address prefix '{prefix}' of a route is not formatted correctly; service tags are not supported by the emulator."),
        )
    })?;
    let next_hop = match word(properties, "nextHopType")?.as_str() {
        "vnetlocal" => NextHop::VnetLocal,
        "virtualnetworkgateway" => NextHop::VirtualNetworkGateway,
        "internet" => NextHop::Internet,
        "none" => NextHop::None,
        "virtualappliance" => {
            let address = properties.string("nextHopIpAddress")?.unwrap_or_default();
            let address = address.parse().map_err(|_| {
                invalid(
                    "RouteNextHopIpAddressRequired",
                    "A route whose next hop type is VirtualAppliance needs a nextHopIpAddress.",
                )
            })?;
            NextHop::VirtualAppliance(address)
        }
        other => return Err(unknown("nextHopType", other)),
    };
    Ok(Route { prefix, next_hop })
}

/// One address as `name`, or several as `names`.
fn addresses(properties: &Object<'_>, name: &str) -> Result<Vec<Source>, ArmError> {
    let texts = one_or_many(properties, name, &format!("{name}es"))?;
    texts
        .iter()
        .map(|text| {
            Source::parse(text).ok_or_else(|| {
                invalid(
                    "SecurityRuleInvalidAddressPrefix",
                    &format!("Security rule has invalid Address prefix. Value provided: {text}."),
                )
            })
        })
        .collect()
}

fn ports(properties: &Object<'_>) -> Result<Vec<Ports>, ArmError> {
    let texts = one_or_many(properties, "destinationPortRange", "destinationPortRanges")?;
    texts
        .iter()
        .map(|text| {
            Ports::parse(text).ok_or_else(|| {
                invalid(
                    "SecurityRuleInvalidPortRange",
                    &format!("Security rule has invalid Port range. Value provided: {text}."),
                )
            })
        })
        .collect()
}

fn one_or_many(properties: &Object<'_>, one: &str, many: &str) -> Result<Vec<String>, ArmError> {
    let mut texts = properties.strings(many)?.unwrap_or_default();
    texts.extend(properties.string(one)?.filter(|text| !text.is_empty()));
    // Nothing said is everything, as for the groups that scripts make with `az network nsg rule create`.
    if texts.is_empty() {
        texts.push("*".to_owned());
    }
    Ok(texts)
}

fn word(properties: &Object<'_>, name: &str) -> Result<String, ArmError> {
    let word = properties.string(name)?;
    word.map(|word| word.to_ascii_lowercase()).ok_or_else(|| {
        invalid(
            "InvalidRequestFormat",
            &format!("The property '{name}' is required."),
        )
    })
}

fn unknown(property: &str, value: &str) -> ArmError {
    invalid(
        "InvalidRequestFormat",
        &format!("The value '{value}' of the property '{property}' is not one of its values."),
    )
}

fn invalid(code: &'static str, text: &str) -> ArmError {
    ArmError::service(axum::http::StatusCode::BAD_REQUEST, code, text.to_owned())
}
