//! The laws of the world: what is true after every command and every advance, whatever was asked.
//!
//! One named function each; tests run them all after every step. Laws of a world are here, laws of a step in `steps`.

mod since;
mod steps;
#[cfg(test)]
mod tests;

pub use since::check_since;
pub use steps::{STEP_LAWS, advance_twice, check_refusal, check_step, same};

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::availability_group::Role;
use crate::certificate::PrivateKey;
use crate::distributed::IN_DOUBT;
use crate::instance::{Instance, ServiceState};
use crate::link::{Link, LinkRole, Phase, flow, source_of};
use crate::operation::OperationState;
use crate::store::Table;
use crate::store::{LockKey, LogKind};
use crate::world::{Timer, World};

/// A law of the world: says what breaks it, if anything does.
type Law = fn(&World) -> Option<String>;

/// The law that looks at every row.
const ROWS: &str = "every key finds its row";

/// Every law, by name.
pub const LAWS: &[(&str, Law)] = &[
    ("nothing is overdue", nothing_is_overdue),
    (
        "instance names are unique among their kind",
        instance_names_are_unique,
    ),
    (
        "every instance has its system databases",
        system_databases_exist,
    ),
    (
        "database names are unique on an instance",
        database_names_are_unique,
    ),
    (
        "a database and its availability group name each other",
        group_membership_is_mutual,
    ),
    (
        "a distributed group stands on a local group",
        distributed_groups_stand_on_local_ones,
    ),
    (
        "an endpoint's certificate exists and has its private key",
        endpoint_certificates_exist,
    ),
    (
        "what a master key protects has its master key",
        master_keys_protect,
    ),
    (
        "a master key has a password, and a session that opened it is there",
        master_keys_open,
    ),
    (
        "an encryption key is where it can be used",
        crate::encryption::laws::keys_are_where_they_can_be,
    ),
    (
        "what a link takes from a managed instance is not encrypted by the service's own key",
        crate::encryption::laws::offered_databases_can_leave,
    ),
    ("locks are held by open transactions", locks_have_holders),
    (
        "open transactions belong to sessions",
        transactions_have_sessions,
    ),
    (ROWS, keys_find_rows),
    (
        "a managed instance's database has one log file",
        instances_have_one_log_file,
    ),
    (
        "a secondary is never ahead of its primary",
        secondaries_follow,
    ),
    ("what is redone is hardened", redo_follows_hardening),
    (
        "a secondary has no open transactions",
        secondaries_do_not_write,
    ),
    (
        "a replicating link has its secondary database",
        replicating_links_have_copies,
    ),
    (
        "a connected link has a partner",
        connected_links_have_partners,
    ),
    (
        "a service that is stopped has no sessions and nothing open",
        stopped_services_have_no_sessions,
    ),
    (
        "a service that is starting will have started",
        starting_services_start,
    ),
    (
        "a link between instances of which one does not run is not connected",
        connected_links_run,
    ),
    (
        "a link that has failed is not connected and will not be",
        failed_links_are_over,
    ),
    (
        "partners that hear nothing of each other will give each other up",
        silent_links_end,
    ),
    (
        "a link has not connected with a certificate that had expired",
        links_connect_while_valid,
    ),
    (
        "a link's creation is running while the link is being made",
        creations_are_running,
    ),
    (
        "a link that is being made has a timer or waits for a person",
        links_make_progress,
    ),
    (
        "a step of a job waits for its time, or is in somebody's hands",
        crate::agent::laws::running_jobs_go_on,
    ),
    (
        "the history of a job agrees with its activity",
        crate::agent::laws::history_agrees,
    ),
    (
        "an operation on an ARM resource has a timer while it runs",
        crate::azure::laws::pending_operations_end,
    ),
    (
        "an instance that is being created has an operation",
        crate::azure::laws::new_instances_are_made,
    ),
    (
        "the subnet of an instance exists",
        crate::azure::laws::instances_have_subnets,
    ),
    (
        "the resource group of a network exists",
        crate::azure::laws::networks_have_groups,
    ),
    (
        "what is assigned is a role that exists",
        crate::azure::authorization::laws::assigned_roles_exist,
    ),
    (
        "nobody has a role at a scope twice",
        crate::azure::authorization::laws::assignments_are_single,
    ),
    (
        "no two principals are one application",
        crate::azure::authorization::laws::applications_are_single,
    ),
    (
        "deployments that run are listed as running",
        crate::azure::laws::running_deployments_are_listed,
    ),
    (
        "a deployment that is over rests and keeps no secrets",
        crate::azure::laws::ended_deployments_rest,
    ),
    (
        "a step of a deployment follows those it waits for",
        crate::azure::laws::steps_follow_each_other,
    ),
    (
        "the resource group of a deployment exists",
        crate::azure::laws::deployments_have_groups,
    ),
    (
        "what is in the network has its group and its subnet",
        crate::azure::fabric::laws::resources_have_their_places,
    ),
    (
        "an address has one holder",
        crate::azure::fabric::laws::addresses_have_one_holder,
    ),
    (
        "a listed connection leads somewhere",
        crate::azure::fabric::laws::connections_lead_somewhere,
    ),
    (
        "a target can tell its connections apart",
        crate::azure::fabric::laws::connections_have_names,
    ),
    (
        "a data factory has its group",
        crate::azure::data_factory::laws::factories_have_groups,
    ),
    (
        "what is in a data factory has what it names",
        crate::azure::data_factory::laws::factories_have_what_they_name,
    ),
    (
        "an address of a managed network has one holder",
        crate::azure::data_factory::laws::managed_addresses_have_one_holder,
    ),
    (
        "machines, link services and pools have what they name",
        crate::azure::fabric::laws::references_are_kept,
    ),
    (
        "a load balancer's rules have their parts, and its members are near",
        crate::azure::fabric::laws::balancers_are_whole,
    ),
    (
        "a public IP address has one user",
        crate::azure::fabric::laws::public_addresses_have_one_user,
    ),
    (
        "gateways and their connections have both ends",
        crate::azure::fabric::laws::gateways_have_both_ends,
    ),
    (
        "a network hears one zone of a name",
        crate::azure::fabric::laws::networks_hear_one_zone_of_a_name,
    ),
    (
        "the members of a trust group are there",
        crate::azure::members_are_there,
    ),
    (
        "a part of a distributed transaction has a session",
        crate::distributed::parts_have_sessions,
    ),
    (
        "a session that serves one of another instance ends with it",
        crate::distributed::served_sessions_are_there,
    ),
    (
        "a part in doubt will ask how its transaction has ended",
        crate::distributed::doubts_end,
    ),
    (
        "a distributed transaction ends alike on all instances",
        crate::distributed::units_end_alike,
    ),
    (
        "trust that lingers has no group",
        crate::azure::what_lingers_is_over,
    ),
    (
        "only one side of a link is writable unless a forced failover is on record",
        one_side_writes,
    ),
    (
        "a planned failover loses nothing",
        planned_failovers_lose_nothing,
    ),
    (
        "a forced failover loses what was not hardened and nothing else",
        forced_failovers_lose_a_suffix,
    ),
    (
        "the instance's half of a link has the role that the data's way gives it",
        halves_follow_the_data,
    ),
    (
        "a split link remembers where its sides part",
        split_links_remember_the_fork,
    ),
    (
        "the links of a database copy it from one primary each",
        crate::link::copies_follow_one_primary,
    ),
    (
        "no instance has more links than it can have",
        crate::link::links_keep_to_limits,
    ),
    (
        "seeding runs from one instance share its bandwidth",
        crate::link::bandwidth_is_shared,
    ),
    (
        "links with one database and with several never mix on a SQL Server",
        crate::link::modes_never_mix,
    ),
    (
        "the members of a link with several databases agree",
        crate::link::members_agree,
    ),
    (
        "a planned failover is one of all databases of a link",
        crate::link::failovers_are_whole,
    ),
    (
        "a forced failover loses exactly what was not hardened",
        forced_failovers_lose_the_whole_suffix,
    ),
    (
        "group names are unique on an instance",
        group_names_are_unique,
    ),
    (
        "the instance has its groups of a link",
        links_have_their_groups,
    ),
    (
        "every replica of a group has its half, and follows the primary",
        crate::replica::sets_have_their_groups,
    ),
    (
        "one replica of a group is primary",
        crate::replica::one_replica_is_primary,
    ),
    (
        "a replica's database that follows the primary's is not written",
        crate::replica::followers_are_not_written,
    ),
    (
        "a planned failover between replicas loses nothing",
        crate::replica::planned_failovers_lose_nothing,
    ),
    (
        "a forced failover between replicas loses what was not hardened and nothing else",
        crate::replica::forced_failovers_lose_a_suffix,
    ),
    (
        "a forced failover between replicas loses exactly what was not hardened",
        crate::replica::forced_failovers_lose_the_whole_suffix,
    ),
    (
        "a replica that was parted by force remembers where",
        crate::replica::split_replicas_remember,
    ),
    (
        "the log of a secondary replica is a prefix of its primary's",
        crate::replica::logs_are_prefixes,
    ),
    (
        "a secondary replica that has caught up has its primary's rows",
        crate::replica::caught_up_secondaries_have_the_rows,
    ),
    (
        "replicas that are connected run",
        crate::replica::connected_replicas_run,
    ),
    (
        "a replica that hears nothing of its primary will give it up",
        crate::replica::silent_replicas_end,
    ),
    (
        "a database on its way to a replica has a next step",
        crate::replica::steps_will_come,
    ),
    (
        "a failover group replicates between its two instances",
        crate::azure::failover_groups_have_sets,
    ),
    (
        "a member of a failover group is in one, and has no links",
        crate::azure::members_have_one_group_and_no_link,
    ),
    ("an operation that runs will end", operations_end),
    (
        "a transaction that was ended is not open",
        killed_transactions_are_over,
    ),
    (
        "a session that was cut has nothing open",
        cut_sessions_are_over,
    ),
];

/// Checks every law, and names the first that is broken.
///
/// # Errors
///
/// The law's name and what breaks it.
pub fn check(world: &World) -> Result<(), String> {
    LAWS.iter().try_for_each(|(name, law)| match law(world) {
        None => Ok(()),
        Some(what) => Err(format!("{name}: {what}")),
    })
}

fn nothing_is_overdue(world: &World) -> Option<String> {
    let next = [world.timers.next_due(), world.calendar.next_due()];
    let due = next.into_iter().flatten().find(|due| *due < world.now())?;
    Some(format!(
        "something was due at {due}, and it is {}",
        world.now()
    ))
}

fn instance_names_are_unique(world: &World) -> Option<String> {
    let mut seen = BTreeSet::new();
    world.instances.values().find_map(|instance| {
        let new = seen.insert((instance.is_managed_instance(), &instance.name));
        (!new).then(|| instance.name.to_string())
    })
}

fn system_databases_exist(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let missing = ["master", "tempdb", "model", "msdb"]
            .into_iter()
            .find(|name| instance.database(name).is_none());
        missing.map(|name| format!("{} has no {name}", instance.name))
    })
}

fn database_names_are_unique(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut seen = BTreeSet::new();
        let twice = instance
            .databases
            .values()
            .find(|database| !seen.insert(&database.name));
        twice.map(|database| format!("{} on {}", database.name, instance.name))
    })
}

fn group_membership_is_mutual(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        stray_member(instance).or_else(|| {
            instance.databases.values().find_map(|database| {
                let (group, member) = database.group?;
                let local = instance
                    .groups
                    .get(&group)
                    .and_then(|group| group.as_local());
                let listed =
                    local.is_some_and(|local| local.databases.iter().any(|m| m.id == member));
                (!listed).then(|| {
                    format!(
                        "{} on {} is in a group that does not list it",
                        database.name, instance.name
                    )
                })
            })
        })
    })
}

fn stray_member(instance: &Instance) -> Option<String> {
    instance.groups.values().find_map(|group| {
        let stray = group.as_local()?.databases.iter().find(|member| {
            let database = instance.databases.get(&member.database);
            database.is_none_or(|database| database.group != Some((group.id, member.id)))
        })?;
        Some(format!(
            "{} of {} on {}",
            stray.name, group.name, instance.name
        ))
    })
}

fn distributed_groups_stand_on_local_ones(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        instance.groups.values().find_map(|group| {
            let local = &group.as_distributed()?.local().group;
            let stands = instance
                .group(local.as_str())
                .is_some_and(|found| found.as_local().is_some());
            (!stands).then(|| format!("{} on {} stands on {local}", group.name, instance.name))
        })
    })
}

fn endpoint_certificates_exist(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let id = instance.endpoint.as_ref()?.authentication.certificate()?;
        let found = instance.master().content.certificates.get(&id);
        let usable = found.is_some_and(|found| found.private_key == PrivateKey::MasterKey);
        (!usable).then(|| format!("certificate {id} of {}", instance.name))
    })
}

fn master_keys_protect(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        let content = &database.content;
        let mut certificates = content.certificates.values();
        let orphan = certificates.find(|c| c.private_key == PrivateKey::MasterKey)?;
        let without = content.master_key.is_none();
        without.then(|| orphan.name.to_string())
    })
}

fn master_keys_open(world: &World) -> Option<String> {
    let stray = |instance: &&std::sync::Arc<Instance>| {
        instance.open_keys.iter().any(|(session, database)| {
            !instance.sessions.contains_key(session) || !instance.databases.contains_key(database)
        })
    };
    if let Some(instance) = world.instances.values().find(stray) {
        return Some(format!("a session of {}", instance.name));
    }
    each_database(world, |_, database| {
        let key = database.content.master_key.as_ref()?;
        key.passwords.is_empty().then(|| "none".to_owned())
    })
}

fn locks_have_holders(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        let stray = database
            .locks
            .iter()
            .find(|(_, holder)| !database.transactions.contains_key(*holder));
        stray.map(|(lock, holder): (&LockKey, _)| format!("{holder} holds {lock:?}"))
    })
}

fn transactions_have_sessions(world: &World) -> Option<String> {
    each_database(world, |instance, database| {
        let stray = database.transactions.values().find(|open| {
            !instance.sessions.is_empty()
                && !instance.sessions.contains_key(&open.session)
                && open.session != IN_DOUBT
        });
        stray.map(|open| format!("transaction {} of session {}", open.id, open.session))
    })
}

fn keys_find_rows(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        database
            .content
            .tables
            .values()
            .find_map(|table| lost_rows(table))
    })
}

fn changed_keys_find_rows(before: &World, world: &World) -> Option<String> {
    each_database(world, |instance, database| {
        let old = before.instances.get(&instance.id);
        let old = old.and_then(|old| old.databases.get(&database.id));
        let tables = database.content.tables.iter();
        let mut changed = tables.filter(|(id, table)| {
            let old = old.and_then(|old| old.content.tables.get(*id));
            !old.is_some_and(|old| Arc::ptr_eq(old, table))
        });
        changed.find_map(|(_, table)| lost_rows(table))
    })
}

fn lost_rows(table: &Table) -> Option<String> {
    let scanned = table.scan().count();
    (scanned != table.len()).then(|| {
        format!(
            "{} scans {scanned} of {} rows",
            table.definition.name,
            table.len()
        )
    })
}

fn instances_have_one_log_file(world: &World) -> Option<String> {
    each_database(world, |instance, database| {
        let several = instance.is_managed_instance() && database.content.has_several_log_files();
        several.then(|| format!("'{}' on '{}'", database.name, instance.name))
    })
}

fn secondaries_follow(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        let copy = database.copy.as_ref()?;
        let source = source_of(world, database)?;
        (copy.hardened > source.log.end())
            .then(|| format!("{} > {}", copy.hardened, source.log.end()))
    })
}

fn redo_follows_hardening(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        let copy = database.copy.as_ref()?;
        (copy.redone > copy.hardened).then(|| format!("{} > {}", copy.redone, copy.hardened))
    })
}

fn secondaries_do_not_write(world: &World) -> Option<String> {
    each_database(world, |_, database| {
        (database.is_secondary() && !database.transactions.is_empty()).then(|| "it has".to_owned())
    })
}

fn replicating_links_have_copies(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        link.phase.target()?;
        flow(world, link)
            .is_none()
            .then(|| link.id.name.to_string())
    })
}

fn connected_links_have_partners(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        link.connection.connected_since?;
        let there = link
            .partner
            .is_some_and(|partner| world.instance(partner).is_some());
        (!there).then(|| link.id.name.to_string())
    })
}

fn stopped_services_have_no_sessions(world: &World) -> Option<String> {
    let stopped = |instance: &&std::sync::Arc<Instance>| instance.service == ServiceState::Stopped;
    world
        .instances
        .values()
        .filter(stopped)
        .find_map(|instance| {
            let mut databases = instance.databases.values();
            let idle = instance.sessions.is_empty()
                && instance.waits.is_empty()
                && databases.all(|database| {
                    let mut open = database.transactions.values();
                    open.all(|open| open.session == IN_DOUBT)
                });
            (!idle).then(|| instance.name.to_string())
        })
}

fn starting_services_start(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let timer = crate::world::Timer::GroupsOnline(instance.id);
        let armed = world.timers.due(&timer).is_some();
        (armed != (instance.service == ServiceState::Starting)).then(|| instance.name.to_string())
    })
}

fn connected_links_run(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        link.connection.connected_since?;
        let runs = |id| {
            world
                .instance(id)
                .is_some_and(|instance| instance.service == ServiceState::Running)
        };
        let both = runs(link.id.instance) && link.partner.is_some_and(runs);
        (!both).then(|| link.id.name.to_string())
    })
}

fn failed_links_are_over(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let failed = matches!(link.phase, Phase::Failed { .. });
        let tries = world
            .timers
            .due(&Timer::Reconnect(link.id.clone()))
            .is_some();
        let goes_on = tries || link.connection.connected_since.is_some();
        (failed && goes_on).then(|| link.id.name.to_string())
    })
}

fn silent_links_end(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let silent = link.connection.silent_since.is_some();
        let due = world
            .timers
            .due(&crate::world::Timer::SessionTimeout(link.id.clone()));
        let connected = link.connection.connected_since.is_some();
        let sound = silent == due.is_some() && (connected || !silent);
        (!sound).then(|| format!("{} is silent: {silent}, until {due:?}", link.id.name))
    })
}

fn links_connect_while_valid(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let since = link.connection.connected_since?;
        let valid = link
            .partner_certificate
            .as_ref()
            .is_some_and(|certificate| certificate.facts.is_valid_at(since));
        (!valid).then(|| link.id.name.to_string())
    })
}

fn creations_are_running(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let operation = world.operation(link.operation?)?;
        (operation.state != OperationState::InProgress).then(|| link.id.name.to_string())
    })
}

fn links_make_progress(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let connected = link.connection.is_live();
        let waits_for_time = match link.phase {
            Phase::Initiating | Phase::FailingOver { .. } | Phase::Reverting { .. } => true,
            Phase::Seeding => connected && !is_held(link),
            Phase::Recovering { .. } => connected,
            Phase::CatchUp { .. } => connected && !is_suspended(world, link),
            _ => false,
        };
        let armed = world.timers.due(&Timer::Link(link.id.clone())).is_some();
        (waits_for_time && !armed).then(|| format!("{} in {:?}", link.id.name, link.phase))
    })
}

/// Whether a fault holds the copy.
fn is_held(link: &Link) -> bool {
    link.seedings
        .last()
        .is_some_and(|run| run.stalled_since.is_some())
}

fn is_suspended(world: &World, link: &Link) -> bool {
    let at = flow(world, link).map(|flow| [flow.source, flow.target]);
    at.is_some_and(|sides| {
        sides.iter().any(|(instance, database)| {
            let database = world
                .instance(*instance)
                .and_then(|instance| instance.databases.get(database));
            database.is_some_and(|database| database.suspended.is_some())
        })
    })
}

fn one_side_writes(world: &World) -> Option<String> {
    // A link that is deleted leaves two databases, and a new one between them has not joined them yet.
    let joined = |link: &&std::sync::Arc<Link>| {
        link.phase.target().is_some() || link.phase == Phase::Diverged
    };
    world.links.values().filter(joined).find_map(|link| {
        let (instance, partner) = (
            world.instance(link.id.instance)?,
            world.instance(link.partner?)?,
        );
        let name = link.spec.database.as_str();
        let (ours, theirs) = (instance.database(name)?, partner.database(name)?);
        let both = ours.guid == theirs.guid
            && instance.check_writable(ours).is_ok()
            && partner.check_writable(theirs).is_ok();
        let forced = link.role_changes.iter().any(|change| change.forced);
        (both && !forced).then(|| link.id.name.to_string())
    })
}

fn planned_failovers_lose_nothing(world: &World) -> Option<String> {
    each_role_change(world, |change| {
        let loses = change.common != change.end || !change.lost.is_empty();
        (!change.forced && loses).then(|| format!("{} of {}", change.common, change.end))
    })
}

fn forced_failovers_lose_a_suffix(world: &World) -> Option<String> {
    each_role_change(world, |change| {
        let outside = |lost: &crate::link::LostTransaction| {
            lost.lsn < change.common || lost.lsn >= change.end
        };
        change
            .lost
            .iter()
            .any(outside)
            .then(|| format!("{change:?}"))
    })
}

fn each_role_change(
    world: &World,
    law: impl Fn(&crate::link::RoleChange) -> Option<String>,
) -> Option<String> {
    let mut changes = world.links.values().flat_map(|link| &link.role_changes);
    changes.find_map(law)
}

fn halves_follow_the_data(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let expected = match (&link.phase, link.role) {
            (Phase::Diverged | Phase::Failed { .. } | Phase::Initiating, _) => return None,
            (Phase::FailingOver { .. }, LinkRole::Primary) => Role::Resolving,
            (Phase::Yielded { .. }, LinkRole::Primary) => Role::Secondary,
            (_, LinkRole::Primary) => Role::Primary,
            (_, LinkRole::Secondary) => Role::Secondary,
        };
        let role = link.role_on(world, link.id.instance);
        (role != Some(expected))
            .then(|| format!("{} is {role:?} and not {expected:?}", link.id.name))
    })
}

fn split_links_remember_the_fork(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let forgotten = link.phase == Phase::Diverged && link.fork.is_none();
        forgotten.then(|| link.id.name.to_string())
    })
}

/// While the old primary has not gone back yet, what it had committed at the split and what is on record can be compared.
fn forced_failovers_lose_the_whole_suffix(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let change = link.role_changes.last().filter(|change| change.forced)?;
        let sides = [Some(link.id.instance), link.partner];
        let loser = sides
            .into_iter()
            .flatten()
            .find(|side| *side != change.primary)?;
        let name = link.spec.database.as_str();
        let old = world.instance(loser)?.database(name)?;
        let new = world.instance(change.primary)?.database(name)?;
        // SQL Server may have another primary since, with a history of its own.
        let comparable = link.phase == Phase::Diverged
            && change.history == Some(old.recovery_fork)
            && old.guid == new.guid
            && old.copy.is_none()
            && change.end > change.common
            && old.log.reaches_back_to(change.common);
        if !comparable {
            return None;
        }
        let written = old
            .log
            .from(change.common)
            .filter(|entry| entry.lsn < change.end);
        let committed = written.filter(|entry| matches!(entry.kind, LogKind::Commit(_)));
        let exactly = committed
            .map(|entry| entry.lsn)
            .eq(change.lost.iter().map(|lost| lost.lsn));
        (!exactly).then(|| format!("{}: {:?}", link.id.name, change.lost))
    })
}

fn group_names_are_unique(world: &World) -> Option<String> {
    world.instances.values().find_map(|instance| {
        let mut seen = BTreeSet::new();
        let mut groups = instance.groups.values();
        let twice = groups.find(|group| !seen.insert(&group.name))?;
        Some(format!("{} on {}", twice.name, instance.name))
    })
}

fn links_have_their_groups(world: &World) -> Option<String> {
    world.links.values().find_map(|link| {
        let instance = world.instance(link.id.instance)?;
        let distributed = instance.group(link.id.name.as_str());
        let local = instance.group(link.spec.instance_group.as_str());
        let there = distributed.is_some_and(|group| group.as_distributed().is_some())
            && local.is_some_and(|group| group.as_local().is_some());
        (!there).then(|| link.id.name.to_string())
    })
}

fn operations_end(world: &World) -> Option<String> {
    let running = |operation: &&std::sync::Arc<crate::operation::Operation>| {
        operation.state == OperationState::InProgress
    };
    // Looked at once, and only where there is one that has no timer of its own.
    let others = LazyCell::new(|| {
        let links = world.links.values().filter_map(|link| link.operation);
        let groups = world.link_groups.values();
        let groups = groups.filter_map(|group| group.operation);
        let timed = world.timers.iter().filter_map(|(_, timer)| match timer {
            Timer::LinkDeletion(_, of) | Timer::LinkUpdate(_, of, _) => Some(*of),
            _ => None,
        });
        links.chain(groups).chain(timed).collect::<BTreeSet<_>>()
    });
    let ends = |id: crate::ids::OperationId| {
        world.timers.due(&Timer::Operation(id)).is_some() || others.contains(&id)
    };
    let stray = world
        .operations
        .values()
        .filter(running)
        .find(|operation| !ends(operation.id))?;
    Some(format!("{} {}", stray.word, stray.id))
}

fn killed_transactions_are_over(world: &World) -> Option<String> {
    each_database(world, |instance, database| {
        let mut open = database.transactions.keys();
        let killed = open.find(|id| instance.killed.contains_key(*id))?;
        Some(format!("transaction {killed}"))
    })
}

fn cut_sessions_are_over(world: &World) -> Option<String> {
    each_database(world, |instance, database| {
        let cut = |id| instance.sessions.get(id).is_some_and(|session| session.cut);
        let mut open = database.transactions.values();
        let stray = open.find(|open| cut(&open.session))?;
        Some(format!(
            "transaction {} of session {}",
            stray.id, stray.session
        ))
    })
}

fn each_database(
    world: &World,
    law: impl Fn(&Instance, &crate::database::Database) -> Option<String>,
) -> Option<String> {
    world.instances.values().find_map(|instance| {
        instance.databases.values().find_map(|database| {
            law(instance, database)
                .map(|what| format!("{} on {}: {what}", database.name, instance.name))
        })
    })
}
