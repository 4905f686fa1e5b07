//! The laws of a world that was lawful a moment ago: only what has changed is looked at, with what it stands on.
//!
//! Most laws are about every instance, database or link, and what it refers to. They hold if they hold in an *excerpt*: the
//! world with only those instances, databases and links that have changed, or that refer to what has. The rest are about
//! many things at once, and are asked where their kind has changed. Worlds share what they have in common, so that finding
//! out what has changed takes time by how much has, not by how much there is.

mod changed;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use super::{LAWS, Law, ROWS, changed_keys_find_rows, check};
use crate::world::World;
use changed::Changed;

/// When a law about many things at once has to be asked.
type Concerns = fn(&Changed<'_>) -> bool;

/// The laws that an excerpt can tell.
pub(super) const LOCAL: &[&str] = &[
    "every instance has its system databases",
    "an endpoint's certificate exists and has its private key",
    "what a master key protects has its master key",
    "a master key has a password, and a session that opened it is there",
    "an encryption key is where it can be used",
    "what a link takes from a managed instance is not encrypted by the service's own key",
    "locks are held by open transactions",
    "open transactions belong to sessions",
    "a managed instance's database has one log file",
    "a secondary is never ahead of its primary",
    "what is redone is hardened",
    "a secondary has no open transactions",
    "a replicating link has its secondary database",
    "a connected link has a partner",
    "a service that is stopped has no sessions and nothing open",
    "a service that is starting will have started",
    "a link between instances of which one does not run is not connected",
    "a link that has failed is not connected and will not be",
    "partners that hear nothing of each other will give each other up",
    "a link has not connected with a certificate that had expired",
    "a link that is being made has a timer or waits for a person",
    "only one side of a link is writable unless a forced failover is on record",
    "a planned failover loses nothing",
    "a forced failover loses what was not hardened and nothing else",
    "the instance's half of a link has the role that the data's way gives it",
    "a split link remembers where its sides part",
    "a forced failover loses exactly what was not hardened",
    "the instance has its groups of a link",
    "a transaction that was ended is not open",
    "a session that was cut has nothing open",
    "database names are unique on an instance",
    "group names are unique on an instance",
    "a distributed group stands on a local group",
];

/// The laws about an instance and everything on it: asked of the instances on which groups or databases come, go or change
/// their names.
pub(super) const OF_AN_INSTANCE: &[&str] =
    &["a database and its availability group name each other"];

/// The laws that an excerpt cannot tell, and when they have to be asked of the whole world. What is in no list is asked of
/// it always.
pub(super) const WHOLE: &[(&str, Concerns)] = &[
    (
        "the links of a database copy it from one primary each",
        |changed| changed.links_differ || changed.sources,
    ),
    ("no instance has more links than it can have", |changed| {
        changed.links_differ || changed.kinds
    }),
    (
        "seeding runs from one instance share its bandwidth",
        |changed| changed.links_differ,
    ),
    (
        "a link's creation is running while the link is being made",
        |changed| changed.operations || changed.links_differ,
    ),
    ("an operation that runs will end", |changed| {
        changed.operations
            || changed.links_differ
            || changed.link_groups
            || changed.operation_timers
    }),
    (
        "links with one database and with several never mix on a SQL Server",
        |changed| changed.links_differ || changed.kinds,
    ),
    (
        "the members of a link with several databases agree",
        |changed| {
            changed.links_differ
                || changed.link_groups
                || changed.member_timers
                || changed.operations
        },
    ),
    (
        "a planned failover is one of all databases of a link",
        |changed| changed.links_differ || changed.link_groups,
    ),
    ("instance names are unique among their kind", |changed| {
        changed.renamed
    }),
    // Tables are compared one by one.
    (ROWS, |_| false),
    (
        "a part of a distributed transaction has a session",
        |changed| changed.parts,
    ),
    (
        "a session that serves one of another instance ends with it",
        |changed| changed.parts,
    ),
    (
        "a part in doubt will ask how its transaction has ended",
        |changed| changed.parts || changed.doubt_timers,
    ),
    (
        "a distributed transaction ends alike on all instances",
        |changed| changed.units,
    ),
    (
        "a step of a job waits for its time, or is in somebody's hands",
        |changed| changed.jobs,
    ),
    ("the history of a job agrees with its activity", |changed| {
        changed.jobs
    }),
    (
        "an operation on an ARM resource has a timer while it runs",
        |changed| changed.operations || changed.operation_timers || changed.azure.pending,
    ),
    (
        "an instance that is being created has an operation",
        |changed| changed.azure.pending,
    ),
    ("the subnet of an instance exists", |changed| {
        changed.kinds || changed.azure.places || changed.azure.pending
    }),
    ("the resource group of a network exists", |changed| {
        changed.azure.places
    }),
    ("what is assigned is a role that exists", |changed| {
        changed.azure.authorization
    }),
    ("nobody has a role at a scope twice", |changed| {
        changed.azure.authorization
    }),
    ("no two principals are one application", |changed| {
        changed.azure.authorization
    }),
    ("deployments that run are listed as running", |changed| {
        changed.azure.deployments
    }),
    (
        "a deployment that is over rests and keeps no secrets",
        |changed| changed.azure.deployments,
    ),
    (
        "a step of a deployment follows those it waits for",
        |changed| changed.azure.deployments,
    ),
    ("the resource group of a deployment exists", |changed| {
        changed.azure.deployments || changed.azure.places
    }),
    (
        "what is in the network has its group and its subnet",
        in_the_network,
    ),
    ("an address has one holder", |changed| {
        in_the_network(changed) || changed.azure.pending
    }),
    ("a listed connection leads somewhere", |changed| {
        in_the_network(changed) || changed.azure.factories
    }),
    ("a target can tell its connections apart", |changed| {
        in_the_network(changed) || changed.azure.factories
    }),
    (
        "machines, link services and pools have what they name",
        in_the_network,
    ),
    (
        "a load balancer's rules have their parts, and its members are near",
        in_the_network,
    ),
    ("a public IP address has one user", in_the_network),
    (
        "gateways and their connections have both ends",
        in_the_network,
    ),
    ("a network hears one zone of a name", in_the_network),
    ("a data factory has its group", |changed| {
        changed.azure.factories || changed.azure.places
    }),
    ("what is in a data factory has what it names", |changed| {
        changed.azure.factories
    }),
    (
        "an address of a managed network has one holder",
        |changed| changed.azure.factories,
    ),
    ("the members of a trust group are there", |changed| {
        changed.azure.trust || changed.azure.places
    }),
    (
        "every replica of a group has its half, and follows the primary",
        |changed| changed.replicas,
    ),
    ("one replica of a group is primary", |changed| {
        changed.replicas
    }),
    (
        "a replica's database that follows the primary's is not written",
        |changed| changed.replicas,
    ),
    (
        "a planned failover between replicas loses nothing",
        |changed| changed.replicas,
    ),
    (
        "a forced failover between replicas loses what was not hardened and nothing else",
        |changed| changed.replicas,
    ),
    (
        "a forced failover between replicas loses exactly what was not hardened",
        |changed| changed.replicas,
    ),
    (
        "a replica that was parted by force remembers where",
        |changed| changed.replicas,
    ),
    (
        "the log of a secondary replica is a prefix of its primary's",
        |changed| changed.replicas,
    ),
    (
        "a secondary replica that has caught up has its primary's rows",
        |changed| changed.replicas,
    ),
    ("replicas that are connected run", |changed| {
        changed.replicas
    }),
    (
        "a replica that hears nothing of its primary will give it up",
        |changed| changed.replicas,
    ),
    (
        "a database on its way to a replica has a next step",
        |changed| changed.replicas,
    ),
    (
        "a failover group replicates between its two instances",
        |changed| changed.replicas || changed.azure.failover_groups,
    ),
    (
        "a member of a failover group is in one, and has no links",
        |changed| changed.links_differ || changed.azure.failover_groups,
    ),
    ("trust that lingers has no group", |changed| {
        changed.azure.trust
    }),
];

fn in_the_network(changed: &Changed<'_>) -> bool {
    changed.azure.fabric || changed.azure.places || changed.kinds
}

/// Checks a world that was lawful `before`.
///
/// # Errors
///
/// The law's name and what breaks it.
pub fn check_since(before: &World, world: &World) -> Result<(), String> {
    let Some(changed) = Changed::between(before, world) else {
        return check(world);
    };
    let excerpt = changed.excerpt();
    let entire = changed.entire();
    let broken = |name: &str, what: Option<String>| match what {
        None => Ok(()),
        Some(what) => Err(format!("{name}: {what}")),
    };
    broken(ROWS, changed_keys_find_rows(before, &excerpt))?;
    PLAN.iter().try_for_each(|(name, law, of)| match of {
        Of::Excerpt => broken(name, law(&excerpt)),
        Of::Instances => match &entire {
            Some(entire) => broken(name, law(entire)),
            None => Ok(()),
        },
        Of::World(concerns) if concerns(&changed) => broken(name, law(world)),
        Of::World(_) => Ok(()),
    })
}

/// What a law is asked of.
enum Of {
    Excerpt,
    Instances,
    World(Concerns),
}

/// The laws, and what each is asked of: found out once.
static PLAN: LazyLock<Vec<(&str, Law, Of)>> = LazyLock::new(|| {
    let plan = LAWS.iter().map(|(name, law)| {
        let whole = WHOLE.iter().find(|(whole, _)| whole == name);
        let of = match whole {
            Some((_, concerns)) => Of::World(*concerns),
            None if LOCAL.contains(name) => Of::Excerpt,
            None if OF_AN_INSTANCE.contains(name) => Of::Instances,
            None => Of::World(|_| true),
        };
        (*name, *law, of)
    });
    plan.collect()
});

/// The laws that are asked of the whole world.
#[cfg(test)]
fn asked_of_everything(changed: &Changed<'_>) -> Vec<&'static str> {
    let asked = PLAN.iter().filter(|(_, _, of)| match of {
        Of::World(concerns) => concerns(changed),
        Of::Excerpt | Of::Instances => false,
    });
    asked.map(|(name, ..)| *name).collect()
}
