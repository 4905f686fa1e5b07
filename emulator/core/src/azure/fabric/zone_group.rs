//! DNS zone groups of private endpoints: zones in which the endpoint's names are recorded for as long as it is there.

use std::sync::Arc;

use super::header::{self, Header};
use super::{PrivateEndpoint, PrivateZone, RecordKind, RecordSet, Records, Target};
use crate::azure::resource_group::writable_group;
use crate::azure::{ResourceKey, check_name};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// The one zone group of a private endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneGroup {
    /// Its name.
    pub name: Name,
    /// Its configurations: a name, and the zone.
    pub zones: Vec<(Name, ResourceKey)>,
}

/// PUT. Answers the operation and whether the group is new.
#[derive(Clone, Debug)]
pub struct WriteZoneGroup {
    /// The private endpoint.
    pub endpoint: ResourceKey,
    /// What it is to have.
    pub group: ZoneGroup,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteZoneGroup {
    /// The private endpoint.
    pub endpoint: ResourceKey,
    /// The group.
    pub name: Name,
}

const KIND: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
/// How many zones a group names (documented).
const MOST_ZONES: usize = 5;
/// `ttl` of the records (documented).
const TTL_SECONDS: u32 = 10;
/// Whether a managed instance's endpoint is recorded: automatic registration is documented as unsupported, the resource is not
/// documented as refused (guess: it is taken, and nothing is recorded).
const INSTANCES_REGISTER: bool = false;

impl PrivateEndpoint {
    /// What a zone group records in a zone: names relative to it.
    pub fn names_in(&self, world: &World, zone: &Name) -> Vec<Name> {
        let names = match &self.connection.target {
            Target::Service(key) => {
                let services = &world.azure.fabric.private_link_services;
                services.get(key).map(|service| service.fqdns.clone())
            }
            Target::Instance(name) if INSTANCES_REGISTER => world
                .managed_instance_view(name.as_str())
                .map(|view| vec![view.fqdn()]),
            Target::Instance(_) => None,
        };
        let names = names.unwrap_or_default();
        let relative = names.iter().filter_map(|name| relative(name, zone));
        relative.collect()
    }
}

/// A name relative to a zone, or to what a `privatelink` zone stands for.
fn relative(name: &str, zone: &Name) -> Option<Name> {
    let (name, zone) = (Name::new(name.trim_end_matches('.')), zone.folded());
    let plain = zone.strip_prefix("privatelink.").unwrap_or(zone);
    [zone, plain].into_iter().find_map(|zone| {
        let label = name.folded().strip_suffix(zone)?.strip_suffix('.')?;
        (!label.is_empty()).then(|| Name::new(label))
    })
}

impl Request for WriteZoneGroup {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        writable_group(world, &self.endpoint.group)?;
        let endpoint = endpoint(world, &self.endpoint)?;
        let by = format!("{KIND}/{}", self.group.name);
        check_name(KIND, self.group.name.as_str())?;
        let old = endpoint.zone_group.clone();
        if let Some(old) = old.as_ref().filter(|old| old.name != self.group.name) {
            return Err(FabricRefusal::SecondZoneGroup {
                endpoint: self.endpoint.name.to_string(),
                group: old.name.to_string(),
            }
            .into());
        }
        if !(1..=MOST_ZONES).contains(&self.group.zones.len()) {
            return Err(AzureRefusal::InvalidParameter {
                parameter: "privateDnsZoneConfigs".to_owned(),
                value: self.group.zones.len().to_string(),
            }
            .into());
        }
        for (at, (name, zone)) in self.group.zones.iter().enumerate() {
            let mut others = self.group.zones[..at].iter();
            if others.any(|(other, same)| other == name || same == zone) {
                return Err(FabricRefusal::ChildTwice {
                    parent: by,
                    child: format!("privateDnsZoneConfigs/{name}"),
                }
                .into());
            }
            if !world.azure.fabric.private_zones.contains_key(zone) {
                return Err(AzureRefusal::ReferenceNotFound {
                    resource: format!("{}/{}", super::private_zone::KIND, zone.name),
                    by,
                }
                .into());
            }
        }
        if let Some(old) = &old {
            unregister(world, &endpoint, old);
        }
        register(world, &endpoint, &self.group);
        set(world, &self.endpoint, Some(self.group));
        Ok((start(world, &endpoint.header), old.is_none()))
    }
}

impl Request for DeleteZoneGroup {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let endpoint = endpoint(world, &self.endpoint)?;
        let Some(old) = endpoint.zone_group.as_ref() else {
            return Ok(None);
        };
        if old.name != self.name {
            return Ok(None);
        }
        unregister(world, &endpoint, old);
        set(world, &self.endpoint, None);
        Ok(Some(start(world, &endpoint.header)))
    }
}

/// The endpoint goes, and with it what its group has recorded.
pub(super) fn forget(world: &mut World, endpoint: &PrivateEndpoint) {
    if let Some(group) = &endpoint.zone_group {
        unregister(world, endpoint, group);
    }
}

fn start(world: &mut World, header: &Header) -> OperationId {
    let kind = super::private_endpoint::KIND;
    header::start(world, kind, &header.group, &header.name, &header.location)
}

fn endpoint(world: &World, key: &ResourceKey) -> Result<Arc<PrivateEndpoint>, Refusal> {
    let found = world.azure.fabric.private_endpoints.get(key).cloned();
    found.ok_or_else(|| header::not_found(super::private_endpoint::KIND, key))
}

fn set(world: &mut World, key: &ResourceKey, group: Option<ZoneGroup>) {
    let endpoint = world.azure.fabric.private_endpoints.get_mut(key);
    Arc::make_mut(endpoint.expect("found a moment ago")).zone_group = group;
}

fn register(world: &mut World, endpoint: &PrivateEndpoint, group: &ZoneGroup) {
    for (_, zone) in &group.zones {
        for name in endpoint.names_in(world, &zone.name) {
            let etag = world.ids.next_guid();
            let Some(zone) = zone_mut(world, zone) else {
                continue;
            };
            let key = (RecordKind::A, name.clone());
            let mut addresses = addresses(zone, &key);
            addresses.retain(|address| *address != endpoint.address);
            addresses.push(endpoint.address);
            let kept = zone.records.get(&key);
            let set = RecordSet {
                name,
                ttl_seconds: TTL_SECONDS,
                etag,
                metadata: kept.map(|set| set.metadata.clone()).unwrap_or_default(),
                records: Records::A(addresses),
            };
            zone.records.insert(key, set);
        }
    }
}

fn unregister(world: &mut World, endpoint: &PrivateEndpoint, group: &ZoneGroup) {
    for (_, zone) in &group.zones {
        for name in endpoint.names_in(world, &zone.name) {
            let Some(zone) = zone_mut(world, zone) else {
                continue;
            };
            let key = (RecordKind::A, name);
            let mut addresses = addresses(zone, &key);
            addresses.retain(|address| *address != endpoint.address);
            match zone.records.get_mut(&key) {
                Some(set) if !addresses.is_empty() => set.records = Records::A(addresses),
                _ => drop(zone.records.remove(&key)),
            }
        }
    }
}

fn addresses(zone: &PrivateZone, key: &(RecordKind, Name)) -> Vec<std::net::Ipv4Addr> {
    match zone.records.get(key).map(|set| &set.records) {
        Some(Records::A(addresses)) => addresses.clone(),
        _ => Vec::new(),
    }
}

fn zone_mut<'a>(world: &'a mut World, key: &ResourceKey) -> Option<&'a mut PrivateZone> {
    let zone = world.azure.fabric.private_zones.get_mut(key);
    zone.map(Arc::make_mut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_their_zone() {
        for (name, zone, found) in [
            (
                "mi1.z.database.windows.net",
                "privatelink.z.database.windows.net",
                Some("mi1"),
            ),
            ("sql.contoso.com.", "contoso.com", Some("sql")),
            ("a.sql.contoso.com", "Contoso.com", Some("a.sql")),
            ("contoso.com", "contoso.com", None),
            ("xcontoso.com", "contoso.com", None),
            ("sql.contoso.com", "other.com", None),
        ] {
            let read = relative(name, &Name::new(zone));
            assert_eq!(read, found.map(Name::new), "{name} in {zone}");
        }
    }
}
