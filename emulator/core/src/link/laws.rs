//! Laws about links of one database, and of one instance, together.

use std::collections::BTreeMap;

use super::limits::most_databases;
use super::{Phase, flow, role};
use crate::ids::InstanceId;
use crate::world::World;

/// Every link of a database copies from the side that is its source, and no copy follows two links.
pub(crate) fn copies_follow_one_primary(world: &World) -> Option<String> {
    let mut followed = BTreeMap::new();
    world.links.values().find_map(|link| {
        let flow = flow(world, link)?;
        let (source, _) = role::direction(link)?;
        if flow.source.0 != source {
            return Some(format!("{} copies from another side", link.id.name));
        }
        let other = followed.insert(flow.target, link.id.name.clone())?;
        Some(format!("{} and {other} have one copy", link.id.name))
    })
}

/// No managed instance has more links than it can have.
pub(crate) fn links_keep_to_limits(world: &World) -> Option<String> {
    let mut links: BTreeMap<InstanceId, usize> = BTreeMap::new();
    for link in world.links.values() {
        *links.entry(link.id.instance).or_default() += 1;
    }
    links.into_iter().find_map(|(id, count)| {
        let instance = world.instance(id)?;
        let most = most_databases(instance);
        (count > most).then(|| format!("{} has {count} of {most}", instance.name))
    })
}

/// Seeding runs from one instance know how many they are.
pub(crate) fn bandwidth_is_shared(world: &World) -> Option<String> {
    let running = || {
        let links = world.links.values();
        let seeding = links.filter(|link| link.phase == Phase::Seeding);
        let runs = seeding.filter_map(|link| Some((&link.id.name, link.seedings.last()?)));
        runs.filter(|(_, run)| run.stalled_since.is_none())
    };
    let mut sharers: BTreeMap<InstanceId, i64> = BTreeMap::new();
    for (_, run) in running() {
        *sharers.entry(run.source.0).or_default() += 1;
    }
    running().find_map(|(name, run)| {
        let all = sharers[&run.source.0];
        (run.pace.sharers != all).then(|| format!("{name}: {} of {all}", run.pace.sharers))
    })
}
