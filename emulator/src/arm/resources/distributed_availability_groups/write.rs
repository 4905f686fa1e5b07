//! What a request says of a link, in the order the service checks it (`arm-contract.md` section 5.3).

use std::sync::Arc;

use milink_core::link::{LinkFailoverMode, LinkGroupSpec, LinkRole, LinkSpec, ReplicationMode};
use milink_core::names::Name;
use milink_core::refusal::{LinkRefusal, Refusal};

use super::Generation;
use crate::arm::body::Object;
use crate::arm::error::ArmError;

/// Members that only the service writes: a client that changes what it has read sends them back.
const READ_ONLY: [&str; 9] = [
    "distributedAvailabilityGroupName",
    "distributedAvailabilityGroupId",
    "partnerLinkRole",
    "sourceReplicaId",
    "targetReplicaId",
    "linkState",
    "lastHardenedLsn",
    "instanceRole",
    // Ignored on PUT: a link begins asynchronous.
    "replicationMode",
];

/// What a PUT asks for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A link with one database.
    One(LinkSpec),
    /// A link with several, and which.
    Several(LinkGroupSpec, Vec<Name>),
}

/// Reads the body of a PUT. Generations A and B cannot say everything; what they cannot say stays as it is.
pub(super) fn spec(
    generation: Generation,
    name: &str,
    body: &Object<'_>,
    existing: Option<&LinkSpec>,
) -> Result<Wanted, ArmError> {
    let refuse = |refusal: LinkRefusal| ArmError::from(Refusal::from(refusal));
    let Some(properties) = body
        .object("properties")?
        .filter(|properties| !properties.is_empty())
    else {
        return Err(refuse(LinkRefusal::EmptyRequest));
    };
    properties.ignore(&READ_ONLY);
    if generation <= Generation::B {
        let database = text(&properties, "targetDatabase")?;
        let groups = (
            text(&properties, "secondaryAvailabilityGroupName")?,
            text(&properties, "primaryAvailabilityGroupName")?,
        );
        let endpoint = text(&properties, "sourceEndpoint")?;
        let mut spec = common(database, groups, endpoint).map_err(refuse)?;
        check_name(name, false).map_err(refuse)?;
        if let Some(existing) = existing {
            spec.instance_role = existing.instance_role;
            spec.failover_mode = existing.failover_mode;
        }
        return Ok(Wanted::One(spec));
    }
    let mode = if generation >= Generation::D {
        text(&properties, "linkMode")?
    } else {
        None
    };
    let several = match mode.as_deref() {
        None => false,
        Some(mode) if mode.eq_ignore_ascii_case("SingleDatabase") => false,
        Some(mode) if mode.eq_ignore_ascii_case("MultiDatabase") => true,
        Some(mode) => return Err(refuse(bad_enum("LinkMode", mode))),
    };
    let databases = databases(&properties)?;
    if databases.is_empty() || (databases.len() > 1 && !several) {
        return Err(refuse(LinkRefusal::BadDatabases));
    }
    let databases: Option<Vec<String>> = databases.into_iter().collect();
    let names: Vec<Name> = databases
        .iter()
        .flatten()
        .map(|name| Name::new(name))
        .collect();
    let database = databases.and_then(|names| names.into_iter().next());
    let groups = (
        text(&properties, "instanceAvailabilityGroupName")?,
        text(&properties, "partnerAvailabilityGroupName")?,
    );
    let endpoint = text(&properties, "partnerEndpoint")?;
    let mut spec = common(database, groups, endpoint).map_err(refuse)?;
    match text(&properties, "seedingMode")?.as_deref() {
        Some(mode) if mode.eq_ignore_ascii_case("Automatic") => {}
        _ => return Err(refuse(LinkRefusal::BadSeedingMode)),
    }
    spec.instance_role = match text(&properties, "instanceLinkRole")?.as_deref() {
        None => LinkRole::Secondary,
        Some(role) if role.eq_ignore_ascii_case("Secondary") => LinkRole::Secondary,
        Some(role) if role.eq_ignore_ascii_case("Primary") => LinkRole::Primary,
        Some(role) => return Err(refuse(bad_enum("InstanceLinkRole", role))),
    };
    // What an omitted failover mode means is not published: one-way is the older meaning.
    spec.failover_mode = match text(&properties, "failoverMode")?.as_deref() {
        None => LinkFailoverMode::None,
        Some(mode) if mode.eq_ignore_ascii_case("None") => LinkFailoverMode::None,
        Some(mode) if mode.eq_ignore_ascii_case("Manual") => LinkFailoverMode::Manual,
        Some(mode) => return Err(refuse(bad_enum("FailoverMode", mode))),
    };
    check_name(name, several).map_err(refuse)?;
    if !several {
        return Ok(Wanted::One(spec));
    }
    let group = LinkGroupSpec {
        instance_group: spec.instance_group,
        partner_group: spec.partner_group,
        partner_endpoint: spec.partner_endpoint,
        instance_role: spec.instance_role,
        failover_mode: spec.failover_mode,
    };
    Ok(Wanted::Several(group, names))
}

/// Reads the body of a PATCH: a link with several databases is told the complete set of them; one with a single database
/// is not asked for it.
pub(super) fn membership(body: &Object<'_>) -> Result<Option<Vec<Name>>, ArmError> {
    let properties = body.object_or_empty("properties")?;
    if properties.objects("databases")?.is_none() {
        return Ok(None);
    }
    let databases: Option<Vec<String>> = databases(&properties)?.into_iter().collect();
    // A nameless entry says nothing that could be wanted.
    let databases = databases.unwrap_or_default();
    Ok(Some(databases.iter().map(|name| Name::new(name)).collect()))
}

/// Reads the body of a PATCH: the replication mode.
pub(super) fn replication_mode(body: &Object<'_>) -> Result<Option<ReplicationMode>, ArmError> {
    let properties = body.object_or_empty("properties")?;
    properties.ignore(&READ_ONLY);
    match text(&properties, "replicationMode")?.as_deref() {
        None => Ok(None),
        Some(mode) if mode.eq_ignore_ascii_case("Async") => Ok(Some(ReplicationMode::Async)),
        Some(mode) if mode.eq_ignore_ascii_case("Sync") => Ok(Some(ReplicationMode::Sync)),
        Some(mode) => Err(Refusal::from(bad_enum("ReplicationMode", mode)).into()),
    }
}

/// What all generations have, checked in the service's order.
fn common(
    database: Option<String>,
    (instance_group, partner_group): (Option<String>, Option<String>),
    endpoint: Option<String>,
) -> Result<LinkSpec, LinkRefusal> {
    let database = database.ok_or(LinkRefusal::BadDatabases)?;
    let instance_group = instance_group.ok_or(LinkRefusal::NoInstanceGroup)?;
    let partner_group = partner_group.ok_or(LinkRefusal::NoPartnerGroup)?;
    let (instance_group, partner_group) = (Name::new(&instance_group), Name::new(&partner_group));
    if instance_group == partner_group {
        return Err(LinkRefusal::SameGroupNames);
    }
    let partner_endpoint: Arc<str> = endpoint.ok_or(LinkRefusal::NoPartnerEndpoint)?.into();
    Ok(LinkSpec {
        instance_group,
        partner_group,
        partner_endpoint,
        database: Name::new(&database),
        instance_role: LinkRole::Secondary,
        failover_mode: LinkFailoverMode::None,
    })
}

/// The databases' names; an entry without one is there, but says nothing.
fn databases(properties: &Object<'_>) -> Result<Vec<Option<String>>, ArmError> {
    let entries = properties.objects("databases")?.unwrap_or_default();
    let names = entries.iter().map(|entry| {
        entry.ignore_all();
        text(entry, "databaseName")
    });
    names.collect()
}

/// A string that says something.
fn text(object: &Object<'_>, name: &str) -> Result<Option<String>, ArmError> {
    let text = object.string(name)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// A link is named like the distributed group on SQL Server: any name there goes, if ARM can write it in a path.
fn check_name(name: &str, several: bool) -> Result<(), LinkRefusal> {
    if several {
        let inner = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !inner || name.starts_with('-') || name.ends_with('-') {
            return Err(LinkRefusal::BadMultiDatabaseName {
                name: name.to_owned(),
            });
        }
    }
    let length = name.encode_utf16().count();
    if length > 128
        || name
            .chars()
            .any(|c| c.is_control() || "<>*%&:\\/?".contains(c))
    {
        return Err(LinkRefusal::BadName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

fn bad_enum(parameter: &'static str, value: &str) -> LinkRefusal {
    LinkRefusal::BadEnum {
        parameter,
        value: value.to_owned(),
    }
}
