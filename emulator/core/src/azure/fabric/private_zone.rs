//! Private DNS zones: records, and the virtual networks in which they are heard.

mod record;
mod registration;

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use uuid::Uuid;

use super::header::{self, Header, Place};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

pub use record::{MailExchange, RecordKind, RecordSet, Records, ServiceLocation, StartOfAuthority};
use record::{is_record_name, is_target};
pub use registration::{REGISTERED_TTL_SECONDS, registered};

/// A private DNS zone; its name is the domain.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateZone {
    /// What every resource has.
    pub header: Header,
    /// Its record sets.
    pub records: OrdMap<(RecordKind, Name), RecordSet>,
    /// What it says of itself.
    pub authority: StartOfAuthority,
    /// The networks that hear it.
    pub links: BTreeMap<Name, ZoneLink>,
}

/// A virtual network that hears a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneLink {
    /// Its name.
    pub name: Name,
    /// The network.
    pub network: ResourceKey,
    /// `registrationEnabled`.
    pub registers: bool,
    /// `resolutionPolicy` is `NxDomainRedirect`.
    pub redirects: bool,
    /// Its tags.
    pub tags: crate::azure::Tags,
    /// Changes with each write.
    pub etag: Uuid,
}

/// PUT of a zone. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteZone {
    /// Where and what it is; its location is `global`.
    pub place: Place,
}

/// DELETE of a zone.
#[derive(Clone, Debug)]
pub struct DeleteZone {
    /// The zone.
    pub key: ResourceKey,
}

/// PUT of a record set. Answers whether it is new.
#[derive(Clone, Debug)]
pub struct WriteRecordSet {
    /// The zone.
    pub zone: ResourceKey,
    /// The set's name, relative to the zone.
    pub name: Name,
    /// How long an answer holds, in seconds.
    pub ttl_seconds: u32,
    /// `metadata`.
    pub metadata: crate::azure::Tags,
    /// What the records say.
    pub records: Records,
}

/// DELETE of a record set. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteRecordSet {
    /// The zone.
    pub zone: ResourceKey,
    /// Its kind.
    pub kind: RecordKind,
    /// Its name.
    pub name: Name,
}

/// PUT of the zone's own record.
#[derive(Clone, Debug)]
pub struct WriteAuthority {
    /// The zone.
    pub zone: ResourceKey,
    /// What it is to say.
    pub authority: StartOfAuthority,
}

/// PUT of a link. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteZoneLink {
    /// The zone.
    pub zone: ResourceKey,
    /// The link's name.
    pub name: Name,
    /// The network.
    pub network: ResourceKey,
    /// `registrationEnabled`.
    pub registers: bool,
    /// `resolutionPolicy` is `NxDomainRedirect`.
    pub redirects: bool,
    /// Its tags.
    pub tags: crate::azure::Tags,
}

/// DELETE of a link.
#[derive(Clone, Debug)]
pub struct DeleteZoneLink {
    /// The zone.
    pub zone: ResourceKey,
    /// The link.
    pub name: Name,
}

pub(super) const KIND: &str = "Microsoft.Network/privateDnsZones";
const LINK_KIND: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
/// How many records a set may have (documented).
const MOST_RECORDS: usize = 20;

impl PrivateZone {
    /// The network's link, if it hears the zone.
    pub fn link_of(&self, network: &ResourceKey) -> Option<&ZoneLink> {
        self.links.values().find(|link| link.network == *network)
    }

    /// The records of a name relative to the zone: its own, or those of `*`.
    pub fn find(&self, kind: RecordKind, name: &str) -> Option<&RecordSet> {
        let heard = |name: &str| {
            let set = self.records.get(&(kind, Name::new(name)));
            set.filter(|set| set.records.count() > 0)
        };
        let own = heard(name);
        // A name that has records of another kind is not any name.
        let has_own = own.is_some() || self.has(name);
        own.or_else(|| (!has_own).then(|| heard("*")).flatten())
    }

    /// Whether a name relative to the zone has records of any kind.
    pub fn has(&self, name: &str) -> bool {
        let mut sets = self.records.values();
        sets.any(|set| set.name.is(name) && set.records.count() > 0)
    }
}

impl Request for WriteZone {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.private_zones.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        let header = header::write(
            world,
            KIND,
            self.place,
            found.as_ref().map(|found| &found.header),
        );
        let operation = header.operation;
        let zone = PrivateZone {
            header,
            records: found
                .as_ref()
                .map_or_else(OrdMap::new, |found| found.records.clone()),
            authority: found
                .as_ref()
                .map_or_else(StartOfAuthority::default, |found| found.authority.clone()),
            links: found
                .as_ref()
                .map_or_else(BTreeMap::new, |found| found.links.clone()),
        };
        world.azure.fabric.private_zones.insert(key, Arc::new(zone));
        Ok((operation, found.is_none()))
    }
}

impl Request for DeleteZone {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.private_zones.get(&self.key).cloned() else {
            return Ok(None);
        };
        if let Some(link) = found.links.values().next() {
            return Err(AzureRefusal::InUse {
                resource: format!("{KIND}/{}", found.header.name),
                by: format!("{LINK_KIND}/{}", link.name),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.private_zones.remove(&self.key);
        Ok(Some(operation))
    }
}

impl Request for WriteRecordSet {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let etag = world.ids.next_guid();
        let zone = zone_mut(world, &self.zone)?;
        let invalid = |why: &'static str| FabricRefusal::InvalidRecordSet {
            name: self.name.to_string(),
            why,
        };
        let kind = self.records.kind();
        if !is_record_name(self.name.as_str()) {
            return Err(invalid("the name is not one of DNS").into());
        }
        if self.records.count() > MOST_RECORDS {
            return Err(invalid("it can have at most 20 records").into());
        }
        if self.records.repeat() {
            return Err(invalid("it has one record twice").into());
        }
        if !self.records.targets().into_iter().all(is_target) {
            return Err(invalid("what it leads to is no name").into());
        }
        let others = zone.records.keys().filter(|(_, known)| *known == self.name);
        let mut others = others.filter(|(known, _)| *known != kind).peekable();
        let alone = kind == RecordKind::Cname
            || others
                .peek()
                .is_some_and(|(known, _)| *known == RecordKind::Cname);
        if alone && others.peek().is_some() {
            return Err(invalid("a CNAME record cannot stand beside others").into());
        }
        if kind == RecordKind::Cname && self.name.is("@") {
            return Err(invalid("the zone itself cannot have a CNAME record").into());
        }
        let set = RecordSet {
            name: self.name.clone(),
            ttl_seconds: self.ttl_seconds,
            etag,
            metadata: self.metadata,
            records: self.records,
        };
        Ok(zone.records.insert((kind, self.name), set).is_none())
    }
}

impl Request for DeleteRecordSet {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let zone = zone_mut(world, &self.zone)?;
        Ok(zone.records.remove(&(self.kind, self.name)).is_some())
    }
}

impl Request for WriteAuthority {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let zone = zone_mut(world, &self.zone)?;
        if !is_target(&self.authority.email) {
            return Err(FabricRefusal::InvalidRecordSet {
                name: "@".to_owned(),
                why: "the e-mail address is written like a name",
            }
            .into());
        }
        zone.authority = self.authority;
        Ok(())
    }
}

impl Request for WriteZoneLink {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        crate::azure::check_name(LINK_KIND, self.name.as_str())?;
        if !world.azure.virtual_networks.contains_key(&self.network) {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!("Microsoft.Network/virtualNetworks/{}", self.network.name),
                by: format!("{LINK_KIND}/{}", self.name),
            }
            .into());
        }
        let etag = world.ids.next_guid();
        let zone = world.azure.fabric.private_zones.get(&self.zone).cloned();
        let zone = zone.ok_or_else(|| header::not_found(KIND, &self.zone))?;
        // A network hears only one zone of a name, wherever that zone is kept.
        let twin = world.azure.fabric.private_zones.values().find_map(|other| {
            let link = other.link_of(&self.network)?;
            let is_other = other.header.key() != self.zone || link.name != self.name;
            (other.header.name == zone.header.name && is_other).then(|| link.name.to_string())
        });
        if let Some(link) = twin {
            return Err(FabricRefusal::NetworkLinkedAlready {
                network: self.network.name.to_string(),
                zone: zone.header.name.to_string(),
                link,
            }
            .into());
        }
        if self.registers
            && let Some(other) = registers_at(world, &self.network, &self.zone)
        {
            return Err(FabricRefusal::NetworkRegistersAlready {
                network: self.network.name.to_string(),
                zone: other,
            }
            .into());
        }
        let is_new = !zone.links.contains_key(&self.name);
        let operation = header::start(
            world,
            KIND,
            &zone.header.group,
            &zone.header.name,
            &zone.header.location,
        );
        let link = ZoneLink {
            name: self.name.clone(),
            network: self.network,
            registers: self.registers,
            redirects: self.redirects,
            tags: self.tags,
            etag,
        };
        zone_mut(world, &self.zone)?.links.insert(self.name, link);
        Ok((operation, is_new))
    }
}

impl Request for DeleteZoneLink {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let zone = zone_mut(world, &self.zone)?;
        if zone.links.remove(&self.name).is_none() {
            return Ok(None);
        }
        let header = zone.header.clone();
        let operation = header::start(world, KIND, &header.group, &header.name, &header.location);
        Ok(Some(operation))
    }
}

/// The zone other than this one in which a network's machines are registered: there can be only one (documented).
fn registers_at(world: &World, network: &ResourceKey, zone: &ResourceKey) -> Option<String> {
    let mut others = world.azure.fabric.private_zones.iter();
    others.find_map(|(key, other)| {
        let registers = other.link_of(network).is_some_and(|link| link.registers);
        (key != zone && registers).then(|| other.header.name.to_string())
    })
}

fn zone_mut<'a>(world: &'a mut World, key: &ResourceKey) -> Result<&'a mut PrivateZone, Refusal> {
    let found = world.azure.fabric.private_zones.get_mut(key);
    found
        .map(Arc::make_mut)
        .ok_or_else(|| header::not_found(KIND, key))
}
