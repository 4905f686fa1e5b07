//! The laws of a world that was lawful a moment ago: only what has changed is looked at, with what it stands on.
//!
//! Most laws are about every database, or every link, and what it refers to. They hold if they hold in an *excerpt*: the
//! world with only those databases and links that have changed, or that refer to what has. The rest are about many things
//! at once, and are asked where their kind has changed. Worlds share what they have in common, so that finding out what
//! has changed takes time by how much has, not by how much there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::{LAWS, Law, ROWS, changed_keys_find_rows, check};
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::Instance;
use crate::link::{Link, LinkId};
use crate::world::{Timer, World};

/// When a law about many things at once has to be asked.
type Concerns = fn(&Changed<'_>) -> bool;

/// The laws that an excerpt can tell.
pub(super) const LOCAL: &[&str] = &[
    "every instance has its system databases",
    "an endpoint's certificate exists and has its private key",
    "what a master key protects has its master key",
    "a master key has a password, and a session that opened it is there",
    "locks are held by open transactions",
    "open transactions belong to sessions",
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
];

/// The laws that an excerpt cannot tell, and when they have to be asked of the whole world. What is in neither list is
/// asked of it always.
pub(super) const WHOLE: &[(&str, Concerns)] = &[
    (
        "a database and its availability group name each other",
        |changed| changed.groups || changed.membership,
    ),
    ("a distributed group stands on a local group", |changed| {
        changed.groups
    }),
    ("group names are unique on an instance", |changed| {
        changed.groups
    }),
    (
        "the links of a database copy it from one primary each",
        |changed| changed.links_differ || changed.sources,
    ),
    ("no instance has more links than it can have", |changed| {
        changed.links_differ
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
        changed.operations || changed.links_differ || changed.timers
    }),
    // Names and instances only come and go with what has everything looked at.
    ("database names are unique on an instance", |_| false),
    ("instance names are unique among their kind", |_| false),
    // Tables are compared one by one.
    (ROWS, |_| false),
];

/// What has changed in a world.
pub(super) struct Changed<'a> {
    world: &'a World,
    /// By instance, the databases that have.
    databases: BTreeMap<InstanceId, BTreeSet<DatabaseId>>,
    /// The links that have.
    links: BTreeSet<LinkId>,
    links_differ: bool,
    timers: bool,
    groups: bool,
    membership: bool,
    sources: bool,
    operations: bool,
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
    let broken = |name: &str, what: Option<String>| match what {
        None => Ok(()),
        Some(what) => Err(format!("{name}: {what}")),
    };
    broken(ROWS, changed_keys_find_rows(before, &excerpt))?;
    PLAN.iter().try_for_each(|(name, law, of)| match of {
        Of::Excerpt => broken(name, law(&excerpt)),
        Of::World(concerns) if concerns(&changed) => broken(name, law(world)),
        Of::World(_) => Ok(()),
    })
}

/// What a law is asked of.
enum Of {
    Excerpt,
    World(Concerns),
}

/// The laws, and what each is asked of: found out once.
static PLAN: LazyLock<Vec<(&str, Law, Of)>> = LazyLock::new(|| {
    let plan = LAWS.iter().map(|(name, law)| {
        let whole = WHOLE.iter().find(|(whole, _)| whole == name);
        let of = match whole {
            Some((_, concerns)) => Of::World(*concerns),
            None if LOCAL.contains(name) => Of::Excerpt,
            None => Of::World(|_| true),
        };
        (*name, *law, of)
    });
    plan.collect()
});

impl<'a> Changed<'a> {
    /// None where so much has changed that everything is looked at: instances, their services, links with several databases,
    /// or which databases and groups there are.
    fn between(before: &'a World, world: &'a World) -> Option<Self> {
        if !world.link_groups.ptr_eq(&before.link_groups) {
            return None;
        }
        let mut changed = Self {
            world,
            databases: BTreeMap::new(),
            links: BTreeSet::new(),
            links_differ: !world.links.ptr_eq(&before.links),
            timers: false,
            groups: false,
            membership: false,
            sources: false,
            operations: !world.operations.ptr_eq(&before.operations),
        };
        for difference in before.instances.diff(&world.instances) {
            let DiffItem::Update {
                old: (id, old),
                new: (_, new),
            } = difference
            else {
                return None;
            };
            if !Arc::ptr_eq(old, new) {
                changed.instance(*id, old, new)?;
            }
        }
        for difference in before.links.diff(&world.links) {
            let id = match difference {
                DiffItem::Add(id, _) | DiffItem::Remove(id, _) => id,
                DiffItem::Update {
                    old: (_, old),
                    new: (id, new),
                } if !Arc::ptr_eq(old, new) => id,
                DiffItem::Update { .. } => continue,
            };
            changed.links.insert(id.clone());
        }
        for timer in world.timers.changed_since(&before.timers) {
            changed.timers = true;
            if let Timer::Link(id)
            | Timer::LinkInitTimeout(id)
            | Timer::SessionTimeout(id)
            | Timer::Reconnect(id)
            | Timer::Redo(id)
            | Timer::LinkDeletion(id, _)
            | Timer::LinkUpdate(id, _, _) = timer
            {
                changed.links.insert(id.clone());
            }
        }
        changed.refer();
        Some(changed)
    }

    /// What has changed on an instance; none if everything has to be looked at.
    fn instance(&mut self, id: InstanceId, old: &Instance, new: &Instance) -> Option<()> {
        let own = |instance: &Instance| (instance.service, instance.name.clone());
        if own(old) != own(new) {
            return None;
        }
        let mut databases = BTreeSet::new();
        for difference in old.databases.diff(&new.databases) {
            let DiffItem::Update {
                old: (_, old),
                new: (database, new),
            } = difference
            else {
                return None;
            };
            if Arc::ptr_eq(old, new) {
                continue;
            }
            if old.name != new.name || old.guid != new.guid {
                return None;
            }
            let source =
                |found: &crate::database::Database| found.copy.as_ref().map(|it| it.source);
            self.sources |= source(old) != source(new);
            self.membership |= old.group != new.group;
            databases.insert(*database);
        }
        if !old.groups.ptr_eq(&new.groups) {
            self.groups = true;
            for difference in old.groups.diff(&new.groups) {
                let DiffItem::Update {
                    old: (_, old),
                    new: (_, new),
                } = difference
                else {
                    return None;
                };
                if Arc::ptr_eq(old, new) {
                    continue;
                }
                if old.name != new.name {
                    return None;
                }
                let named = |link: &&Arc<Link>| {
                    [
                        &link.id.name,
                        &link.spec.instance_group,
                        &link.spec.partner_group,
                    ]
                    .contains(&&new.name)
                };
                let links = self.world.links.values().filter(named);
                self.links.extend(links.map(|link| link.id.clone()));
            }
        }
        if !old.sessions.ptr_eq(&new.sessions)
            || !old.killed.ptr_eq(&new.killed)
            || !old.open_keys.ptr_eq(&new.open_keys)
        {
            let open = new.databases.values();
            let open = open.filter(|database| !database.transactions.is_empty());
            databases.extend(open.map(|database| database.id));
        }
        self.databases.insert(id, databases);
        Some(())
    }

    /// Adds the links of what has changed, and the databases of links that have.
    fn refer(&mut self) {
        let world = self.world;
        for (instance, databases) in &self.databases {
            let Some(found) = world.instance(*instance) else {
                continue;
            };
            let names: Vec<_> = databases
                .iter()
                .filter_map(|id| found.databases.get(id))
                .filter(|database| !database.is_system())
                .map(|database| &database.name)
                .collect();
            if names.is_empty() {
                continue;
            }
            let concerned = |link: &&Arc<Link>| {
                let side = link.id.instance == *instance || link.partner == Some(*instance);
                side && names.contains(&&link.spec.database)
            };
            let links = world.links.values().filter(concerned);
            self.links.extend(links.map(|link| link.id.clone()));
        }
        for id in &self.links {
            let Some(link) = world.links.get(id) else {
                continue;
            };
            for side in [Some(link.id.instance), link.partner].into_iter().flatten() {
                let Some(instance) = world.instance(side) else {
                    continue;
                };
                let named = instance.database(link.spec.database.as_str());
                let target = link.phase.target();
                let target = target.filter(|target| instance.databases.contains_key(target));
                let databases = self.databases.entry(side).or_default();
                databases.extend(named.map(|database| database.id));
                databases.extend(target);
            }
        }
    }

    /// The world with only what has changed.
    fn excerpt(&self) -> World {
        let mut excerpt = self.world.clone();
        let links = self.links.iter();
        let links = links.filter_map(|id| self.world.links.get_key_value(id));
        excerpt.links = links
            .map(|(id, link)| (id.clone(), Arc::clone(link)))
            .collect();
        let ids: Vec<InstanceId> = self.world.instances.keys().copied().collect();
        for id in ids {
            let Some(whole) = self.world.instances.get(&id) else {
                continue;
            };
            let changed = self.databases.get(&id);
            let opened = whole.open_keys.iter().map(|(_, database)| *database);
            let kept = (1..=4).map(DatabaseId).chain(opened);
            let kept = kept.chain(changed.into_iter().flatten().copied());
            let databases: OrdMap<_, _> = kept
                .filter_map(|id| {
                    whole
                        .databases
                        .get(&id)
                        .map(|found| (id, Arc::clone(found)))
                })
                .collect();
            if databases.len() == whole.databases.len() {
                continue;
            }
            let mut part = Instance::clone(whole);
            part.databases = databases;
            excerpt.instances.insert(id, Arc::new(part));
        }
        excerpt
    }
}
