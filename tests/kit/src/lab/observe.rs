//! What can be seen of a world from outside, as ARM and the views show it.

use milink_core::World;
use milink_core::availability_group as group;
use milink_core::azure::InstanceState;
use milink_core::instance::{Instance, ServiceState};
use milink_core::link::{Health, LinkId, LinkRole, LinkStatus};
use milink_core::names::Name;
use milink_core::value::Value;

use crate::action::{Pair, Place, RESOURCE_GROUP, Side, database_name};
use crate::observation::{
    Observation, Power, ResourceGroup, Role, SeenDatabase, SeenLink, SeenReplica,
};
use crate::topology::Plan;

/// Looks at a world that was made as the plan says.
pub fn observe(world: &World, plan: &Plan) -> Observation {
    let mut seen = Observation::default();
    let servers = (0u8..).take(plan.servers.len());
    let instances = (0u8..).take(plan.instances.len());
    let places = servers
        .clone()
        .map(Place::Server)
        .chain(instances.clone().map(Place::Instance));
    for place in places {
        let Some(instance) = find(world, place) else {
            continue;
        };
        if instance.shown_role(group::Role::Primary) == group::Role::Resolving {
            seen.starting.insert(place);
        }
        for n in plan.databases() {
            // Only a server's own databases and their copies are looked at, and those of its replicas.
            if matches!(place, Place::Server(at) if !plan.is_at(at, n)) {
                continue;
            }
            if let Some(database) = database(instance, n) {
                seen.databases.insert((place, n), database);
            }
            if let (Some(_), Place::Server(server)) = (plan.replicas, place)
                && let Some(replica) = replica(world, instance, &plan.group(n))
            {
                seen.replicas.insert((server, n), replica);
            }
        }
    }
    for instance in instances.clone() {
        look_at_instance(world, instance, &mut seen);
    }
    let group = world.azure.resource_groups.get(&Name::new(RESOURCE_GROUP));
    seen.group = match group.map(|group| group.deletion) {
        None => ResourceGroup::Gone,
        Some(None) => ResourceGroup::There,
        Some(Some(_)) => ResourceGroup::Deleting,
    };
    for database in plan.databases() {
        for instance in instances.clone() {
            look_at_pair(world, plan, Pair { database, instance }, &mut seen);
        }
    }
    seen
}

/// Its state, and the partner certificates that it has under names of [`uploaded_name`].
fn look_at_instance(world: &World, n: u8, seen: &mut Observation) {
    let Some(view) = world.managed_instance_view(&Place::Instance(n).name()) else {
        return;
    };
    let power = match view.state {
        InstanceState::Creating | InstanceState::Ready | InstanceState::Updating => Power::Ready,
        InstanceState::Stopping => Power::Stopping,
        InstanceState::Stopped => Power::Stopped,
        InstanceState::Starting => Power::Starting,
        InstanceState::Deleting => Power::Deleting,
    };
    seen.instances.insert(n, power);
    let managed = view.engine.and_then(|engine| engine.as_managed_instance());
    let names = managed
        .into_iter()
        .flat_map(|mi| mi.trust_certificates.keys());
    let uploads = names.filter_map(|name| upload(name.as_str()));
    seen.uploads
        .extend(uploads.map(|(server, number)| ((server, n), number)));
}

/// The name of a partner certificate: of a server, and which of those that it has made.
pub(super) fn uploaded_name(server: u8, number: u32) -> String {
    format!("{}_certificate{number}", Place::Server(server))
}

fn upload(name: &str) -> Option<(u8, u32)> {
    let (server, number) = name.strip_prefix("sqlserver")?.split_once("_certificate")?;
    let server: u8 = server.parse().ok()?;
    Some((server.checked_sub(1)?, number.parse().ok()?))
}

fn look_at_pair(world: &World, plan: &Plan, pair: Pair, seen: &mut Observation) {
    let (name, database) = (plan.link(pair), database_name(pair.database));
    let half = find(world, pair.place(Side::Server))
        .and_then(|server| server.group(&name))
        .and_then(|group| group.as_distributed());
    if let Some(half) = half {
        seen.halves.insert(pair, role(half.role));
    }
    let Some(instance) = find(world, Place::Instance(pair.instance)) else {
        return;
    };
    let is_it = |id: &LinkId| id.instance == instance.id && id.name.is(&name);
    if world.link_groups.keys().any(is_it) {
        seen.wholes.insert((pair.server(), pair.instance));
    }
    let mut links = world.links.values();
    let link = links.find(|link| is_it(&link.id) && link.spec.database.is(&database));
    let Some(link) = link else {
        return;
    };
    let status = LinkStatus::of(world, link);
    let of_instance = match (link.role_on(world, instance.id), status.instance_role) {
        (Some(found), _) => role(found),
        (None, LinkRole::Primary) => Role::Primary,
        (None, LinkRole::Secondary) => Role::Secondary,
    };
    let found = SeenLink {
        role: of_instance,
        connected: status.connected,
        in_step: status.connected
            && status.health == Health::Healthy
            && status.replica_state == "LinkSynchronizing",
        failed: status.replica_state.ends_with("Error"),
    };
    seen.links.insert(pair, found);
}

/// A server's half of a group.
fn replica(world: &World, instance: &Instance, name: &str) -> Option<SeenReplica> {
    let group = instance.group(name)?;
    let local = group.as_local()?;
    let set = world.replica_sets.get(&group.id);
    let synchronized = set.is_some_and(|set| {
        let primary = world.instance(set.primary);
        let theirs = primary.and_then(|primary| primary.group(name)?.as_local());
        let secondary = set.secondaries.contains_key(&instance.id);
        secondary
            && theirs.is_some_and(|theirs| {
                theirs.databases.iter().all(|joined| {
                    let status = set.status(world, instance.id, joined.id);
                    status.is_some_and(|status| status.commits_wait)
                })
            })
    });
    let mut halves = instance
        .groups
        .values()
        .filter_map(|it| it.as_distributed());
    let linked = halves.any(|half| half.local().group.is(name));
    // Ids differ from run to run; who has the same one does not.
    let has_it = |server: &u8| {
        let found = find(world, Place::Server(*server));
        found.is_some_and(|found| found.groups.contains_key(&group.id))
    };
    Some(SeenReplica {
        first: (0..=u8::MAX).find(has_it)?,
        role: role(local.role),
        synchronized,
        linked,
    })
}

fn find(world: &World, place: Place) -> Option<&Instance> {
    let found = match place {
        Place::Server(_) => world.sql_server(&place.name()),
        Place::Instance(_) => world.managed_instance(&place.name()),
    };
    found.map(AsRef::as_ref)
}

fn database(instance: &Instance, n: u8) -> Option<SeenDatabase> {
    let database = instance.database(&database_name(n))?;
    // Nobody can log in to ask.
    let runs = instance.service != ServiceState::Stopped;
    let readable = runs && instance.check_readable(database).is_ok();
    let rows = readable.then(|| {
        let table = database.content.table(&"dbo".into(), &"t".into());
        let rows = table.into_iter().flat_map(|table| table.scan());
        let mut values: Vec<i64> = rows.filter_map(|(_, row)| value(row)).collect();
        values.sort_unstable();
        values
    });
    Some(SeenDatabase {
        rows,
        writable: runs && instance.check_writable(database).is_ok(),
        secondary: database.is_secondary(),
    })
}

fn value(row: &[Value]) -> Option<i64> {
    match row.first()? {
        Value::Int(value) => Some(*value),
        _ => None,
    }
}

const fn role(role: group::Role) -> Role {
    match role {
        group::Role::Primary => Role::Primary,
        group::Role::Secondary => Role::Secondary,
        group::Role::Resolving => Role::Resolving,
    }
}
