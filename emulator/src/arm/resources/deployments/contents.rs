//! What a group holds that a complete deployment would take away.

use crate::arm::call::Call;
use crate::arm::registry::{ResourceType, TYPES};
use crate::arm::resources::listing;
use crate::arm::template::{Planned, interleave};

/// Children that stand for themselves: they have places and tags, and keep their parents.
const TRACKED_CHILDREN: [&str; 1] = ["privateDnsZones/virtualNetworkLinks"];

/// Everything in the call's group that can be deleted by itself.
pub(super) fn resources_of_group(call: &Call<'_>) -> Vec<Planned> {
    let mut all = Vec::new();
    for kind in TYPES.iter().filter(|kind| {
        let of_azure = ["Microsoft.Resources", "Microsoft.Authorization"];
        !kind.name.contains('/') && kind.delete.is_some() && !of_azure.contains(&kind.namespace)
    }) {
        let found = listed(call, kind, "");
        let children = TYPES.iter().filter(|child| {
            let of_kind = child.name.split('/').next() == Some(kind.name);
            of_kind && child.namespace == kind.namespace && TRACKED_CHILDREN.contains(&child.name)
        });
        for child in children {
            for parent in &found {
                all.extend(listed(call, child, &parent.name));
            }
        }
        all.extend(found);
    }
    all
}

/// What there is of a type in the call's group, or of a parent.
fn listed(call: &Call<'_>, kind: &ResourceType, parent: &str) -> Vec<Planned> {
    let Some(version) = kind.versions.list().first().copied() else {
        return Vec::new();
    };
    let rows = listing::all(call, kind, parent, version);
    let rows = rows.iter().filter_map(|row| {
        let name = row["name"].as_str()?;
        let name = match parent {
            "" => name.to_owned(),
            parent => format!("{parent}/{name}"),
        };
        let id = interleave(&kind.full_name(), &name);
        Some(Planned {
            id: call.id_in_group(call.path.group_name(), &id),
            kind: kind.full_name(),
            name,
            api_version: version.to_owned(),
            location: None,
            enabled: true,
            after: Vec::new(),
        })
    });
    rows.collect()
}
