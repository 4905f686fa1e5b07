//! What stands on a local group: distributed groups, links among them.

use crate::availability_group::{DistributedGroup, Role};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;

pub(super) fn is_link(pair: &DistributedGroup) -> bool {
    ListenerUrl::parse(&pair.remote().listener_url).is_some_and(|url| url.server.is_some())
}

/// The distributed group that has `group` as its local member.
pub(super) fn distributed_over(instance: &Instance, group: &Name) -> Option<String> {
    find_distributed(instance, group, |_| true)
}

/// The link that has `group` as its local member.
pub(super) fn link_over(instance: &Instance, group: &Name) -> Option<String> {
    find_distributed(instance, group, is_link)
}

/// Whether the links of a SQL Server have several databases each: then databases come and go while they are linked.
pub(super) fn links_have_several(instance: &Instance) -> bool {
    instance
        .as_sql_server()
        .is_some_and(|server| server.multi_database_links)
}

/// Whether `group` is the secondary side of a link.
pub(super) fn is_forwarder(instance: &Instance, group: &Name) -> bool {
    find_distributed(instance, group, |pair| {
        is_link(pair) && pair.role == Role::Secondary
    })
    .is_some()
}

fn find_distributed(
    instance: &Instance,
    group: &Name,
    wanted: impl Fn(&DistributedGroup) -> bool,
) -> Option<String> {
    instance.groups.values().find_map(|candidate| {
        let dag = candidate.as_distributed()?;
        (dag.local().group == *group && wanted(dag)).then(|| candidate.name.to_string())
    })
}
