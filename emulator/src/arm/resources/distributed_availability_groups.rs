//! `Microsoft.Sql/managedInstances/distributedAvailabilityGroups`: links, in the shapes of all api-versions.

mod action;
mod read;
mod write;

use milink_core::link::{CreateLink, CreateLinkGroup, DeleteLink, LinkId, UpdateLink};
use milink_core::names::Name;

use self::write::Wanted;
use super::instance::{self, Parent};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::{ApiVersion, Versions};
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    actions: &[
        ("failover", action::failover),
        ("setRole", action::set_role),
    ],
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/distributedAvailabilityGroups",
        Versions::Sql("2021-05-01-preview"),
    )
};

/// The generations of the resource's shape (`arm-contract.md` section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Generation {
    /// Up to 2022-11-01-preview, written and read.
    A,
    /// 2023-02-01-preview: written like A, read like C.
    B,
    /// 2023-05-01-preview to 2025-02-01-preview.
    C,
    /// From 2025-08-01-preview on.
    D,
}

impl Generation {
    fn of(version: &ApiVersion) -> Self {
        if version.is_since("2025-08-01") {
            Self::D
        } else if version.is_since("2023-05-01") {
            Self::C
        } else if version.is_since("2023-02-01") {
            Self::B
        } else {
            Self::A
        }
    }
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let rows: Vec<_> = call.read(|world| {
        let links = world.links.values();
        let links = links.filter(|link| link.id.member.is_none()).map(|link| {
            let shown = read::shown(call, world, link, &parent.arm_id);
            (&link.id, shown)
        });
        let groups = world.link_groups.values().map(|group| {
            let shown = read::shown_group(call, world, group, &parent.arm_id);
            (&group.id, shown)
        });
        let here = links
            .chain(groups)
            .filter(|(id, _)| id.instance == parent.id);
        let mut rows: Vec<_> = here
            .map(|(id, shown)| (id.name.folded().to_owned(), shown))
            .collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    call.arm.worlds.look(call.subscription);
    let parent = instance::parent(call)?;
    let found = instance::read(call, &parent, |world| {
        let id = link_id(call, &parent);
        if let Some(group) = world.link_groups.get(&id) {
            return Some(read::shown_group(call, world, group, &parent.arm_id));
        }
        let link = world.links.get(&id)?;
        Some(read::shown(call, world, link, &parent.arm_id))
    })?;
    Ok(Answer::ok(&found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let id = link_id(call, &parent);
    let existing = call.read(|world| world.links.get(&id).map(|link| link.spec.clone()));
    let wanted = call.body(|body| {
        write::spec(
            Generation::of(&call.version),
            id.name.as_str(),
            body,
            existing.as_ref(),
        )
    })?;
    let (instance, name) = (id.instance, id.name);
    let operation = match wanted {
        Wanted::One(spec) => {
            let create = CreateLink {
                instance,
                name,
                spec,
            };
            call.submit_to(instance, create)?
        }
        Wanted::Several(spec, databases) => {
            let create = CreateLinkGroup {
                instance,
                name,
                spec,
                databases,
            };
            call.submit_to(instance, create)?
        }
    };
    operations::accepted(call, operation)
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let id = link_id(call, &parent);
    let several = call.read(|world| world.link_groups.contains_key(&id));
    let (replication_mode, databases) = call.body(|body| {
        let databases = match several {
            true => write::membership(body)?,
            false => None,
        };
        Ok((write::replication_mode(body)?, databases))
    })?;
    let operation = call.submit_to(
        id.instance,
        UpdateLink {
            instance: id.instance,
            name: id.name,
            replication_mode,
            databases,
        },
    )?;
    operations::accepted(call, operation)
}

/// A link that is not there is accepted for deletion too; its operation fails (observed).
fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let LinkId { instance, name, .. } = link_id(call, &parent);
    let operation = call.submit_to(instance, DeleteLink { instance, name })?;
    operations::accepted(call, operation)
}

fn link_id(call: &Call<'_>, parent: &Parent) -> LinkId {
    LinkId::new(parent.id, Name::new(call.path.name(1)))
}
