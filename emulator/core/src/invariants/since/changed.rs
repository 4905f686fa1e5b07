//! What has changed from one state of a world to the next, found out by what the two no longer share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::azure::Parts;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::{Instance, InstanceKind};
use crate::link::{Link, LinkId};
use crate::names::Name;
use crate::world::{Timer, World};

/// What has changed in a world.
pub(in crate::invariants) struct Changed<'a> {
    world: &'a World,
    /// By instance that has, the databases that have.
    databases: BTreeMap<InstanceId, BTreeSet<DatabaseId>>,
    /// The instances that are looked at with everything on them.
    entire: BTreeSet<InstanceId>,
    /// The links that have.
    links: BTreeSet<LinkId>,
    pub(super) links_differ: bool,
    /// Anything at all, in a world whose groups have more than one replica.
    pub(super) replicas: bool,
    pub(super) link_groups: bool,
    /// Timers of operations on ARM resources and links.
    pub(super) operation_timers: bool,
    /// Timers of links with several databases.
    pub(super) member_timers: bool,
    /// Jobs, their timers, and whose T-SQL is to be run.
    pub(super) jobs: bool,
    /// Timers of parts in doubt.
    pub(super) doubt_timers: bool,
    pub(super) sources: bool,
    pub(super) operations: bool,
    /// What instances are: build, address, subnet.
    pub(super) kinds: bool,
    pub(super) renamed: bool,
    /// Sessions that are gone, and what instances do for each other.
    pub(super) parts: bool,
    /// What becomes of distributed transactions, if there are any.
    pub(super) units: bool,
    pub(super) azure: Parts,
}

impl<'a> Changed<'a> {
    /// None where instances come or go: everything is looked at.
    pub(super) fn between(before: &'a World, world: &'a World) -> Option<Self> {
        let mut changed = Self {
            world,
            databases: BTreeMap::new(),
            entire: BTreeSet::new(),
            links: BTreeSet::new(),
            links_differ: false,
            replicas: !world.replica_sets.is_empty(),
            link_groups: !world.link_groups.ptr_eq(&before.link_groups),
            operation_timers: false,
            member_timers: false,
            jobs: !world.jobs_in_hand.ptr_eq(&before.jobs_in_hand),
            doubt_timers: false,
            sources: false,
            operations: !world.operations.ptr_eq(&before.operations),
            kinds: false,
            renamed: false,
            parts: false,
            units: !world.units.is_same(&before.units),
            azure: world.azure.differing(&before.azure),
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
                changed.instance(*id, old, new);
            }
        }
        for difference in before.links.diff(&world.links) {
            let id = match difference {
                DiffItem::Add(id, _) | DiffItem::Remove(id, _) => id,
                DiffItem::Update {
                    old: (_, old),
                    new: (id, new),
                } if !Arc::ptr_eq(old, new) && old != new => id,
                DiffItem::Update { .. } => continue,
            };
            changed.links_differ = true;
            changed.links.insert(id.clone());
        }
        if changed.link_groups {
            changed.add_links(|link| link.id.member.is_some());
        }
        for timer in world.timers.changed_since(&before.timers) {
            match timer {
                Timer::Link(id)
                | Timer::LinkInitTimeout(id)
                | Timer::SessionTimeout(id)
                | Timer::Reconnect(id)
                | Timer::Redo(id) => {
                    changed.links.insert(id.clone());
                }
                Timer::LinkDeletion(id, _) | Timer::LinkUpdate(id, _, _) => {
                    changed.links.insert(id.clone());
                    changed.operation_timers = true;
                }
                Timer::GroupsOnline(instance) => {
                    changed.databases.entry(*instance).or_default();
                }
                Timer::Replica(..) | Timer::FailoverGroup(_) => {}
                Timer::LinkMembers(_) => changed.member_timers = true,
                Timer::Operation(_) => changed.operation_timers = true,
                Timer::InDoubt(..) => changed.doubt_timers = true,
                Timer::Job(..) => changed.jobs = true,
                Timer::FaultEnd(_) => {}
            }
        }
        changed.units |= changed.parts && world.units.iter().next().is_some();
        changed.refer();
        Some(changed)
    }

    /// What has changed on an instance.
    fn instance(&mut self, id: InstanceId, old: &Instance, new: &Instance) {
        self.kinds |= !same_kind(&old.kind, &new.kind);
        self.renamed |= old.name != new.name;
        self.jobs |= !Arc::ptr_eq(&old.agent, &new.agent);
        self.parts |= !old.distributed.ptr_eq(&new.distributed) || !old.serves.ptr_eq(&new.serves);
        if old.service != new.service || old.name != new.name {
            self.entire.insert(id);
            self.add_links(|link| link.id.instance == id || link.partner == Some(id));
        }
        let mut databases = BTreeSet::new();
        let mut names: BTreeSet<&Name> = BTreeSet::new();
        for difference in old.databases.diff(&new.databases) {
            let (database, old, new) = match difference {
                DiffItem::Update {
                    old: (_, old),
                    new: (database, new),
                } if !Arc::ptr_eq(old, new) => (database, Some(old), Some(new)),
                DiffItem::Update { .. } => continue,
                DiffItem::Add(database, new) => (database, None, Some(new)),
                DiffItem::Remove(database, old) => (database, Some(old), None),
            };
            databases.insert(*database);
            let sides = [old, new].into_iter().flatten();
            names.extend(sides.filter(|found| !found.is_system()).map(|it| &it.name));
            let (Some(old), Some(new)) = (old, new) else {
                self.entire.insert(id);
                self.sources = true;
                continue;
            };
            let source =
                |found: &crate::database::Database| found.copy.as_ref().map(|it| it.source);
            self.sources |= source(old) != source(new) || old.guid != new.guid;
            if old.name != new.name || old.group != new.group {
                self.entire.insert(id);
            }
        }
        if !names.is_empty() {
            self.add_links(|link| {
                let side = link.id.instance == id || link.partner == Some(id);
                side && names.contains(&link.spec.database)
            });
        }
        if !old.groups.ptr_eq(&new.groups) {
            self.entire.insert(id);
            self.groups(old, new);
        }
        let sessions = sessions_end_or_begin(old, new);
        self.parts |= sessions;
        if sessions || !old.killed.ptr_eq(&new.killed) || !old.open_keys.ptr_eq(&new.open_keys) {
            let open = new.databases.values();
            let open = open.filter(|database| !database.transactions.is_empty());
            databases.extend(open.map(|database| database.id));
        }
        self.databases.entry(id).or_default().append(&mut databases);
    }

    /// The links of groups that have changed.
    fn groups(&mut self, old: &Instance, new: &Instance) {
        let mut names: BTreeSet<&Name> = BTreeSet::new();
        for difference in old.groups.diff(&new.groups) {
            match difference {
                DiffItem::Update {
                    old: (_, old),
                    new: (_, new),
                } if !Arc::ptr_eq(old, new) => names.extend([&old.name, &new.name]),
                DiffItem::Update { .. } => {}
                DiffItem::Add(_, found) | DiffItem::Remove(_, found) => {
                    names.insert(&found.name);
                }
            }
        }
        self.add_links(|link| {
            let spec = &link.spec;
            [&link.id.name, &spec.instance_group, &spec.partner_group]
                .into_iter()
                .any(|name| names.contains(name))
        });
    }

    fn add_links(&mut self, concerned: impl Fn(&Link) -> bool) {
        let links = self.world.links.values();
        let links = links.filter(|link| concerned(link));
        self.links.extend(links.map(|link| link.id.clone()));
    }

    /// Adds what the changed links and databases refer to.
    fn refer(&mut self) {
        let world = self.world;
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
        let copies = self.databases.iter().flat_map(|(id, databases)| {
            let instance = world.instances.get(id);
            let found = databases
                .iter()
                .filter_map(move |database| instance?.databases.get(database));
            found.filter_map(|found| found.copy.as_ref().map(|copy| copy.source))
        });
        let sources: Vec<_> = copies.collect();
        for (instance, database) in sources {
            self.databases.entry(instance).or_default().insert(database);
        }
    }

    /// The world with only what has changed.
    pub(super) fn excerpt(&self) -> World {
        let mut excerpt = self.world.clone();
        let links = self.links.iter();
        let links = links.filter_map(|id| self.world.links.get_key_value(id));
        excerpt.links = links
            .map(|(id, link)| (id.clone(), Arc::clone(link)))
            .collect();
        let parts = self.databases.iter().filter_map(|(id, changed)| {
            let whole = self.world.instances.get(id)?;
            Some((*id, self.part(whole, changed)))
        });
        excerpt.instances = parts.collect();
        excerpt
    }

    /// An instance with its system databases and those that have changed.
    fn part(&self, whole: &Arc<Instance>, changed: &BTreeSet<DatabaseId>) -> Arc<Instance> {
        if self.entire.contains(&whole.id) {
            return Arc::clone(whole);
        }
        let opened = whole.open_keys.iter().map(|(_, database)| *database);
        let kept = (1..=4).map(DatabaseId).chain(opened);
        let kept = kept.chain(changed.iter().copied());
        let databases: OrdMap<_, _> = kept
            .filter_map(|id| Some((id, Arc::clone(whole.databases.get(&id)?))))
            .collect();
        if databases.len() == whole.databases.len() {
            return Arc::clone(whole);
        }
        let mut part = Instance::clone(whole);
        part.databases = databases;
        Arc::new(part)
    }

    /// The world with only the instances that are looked at with everything on them, if there are any.
    pub(super) fn entire(&self) -> Option<World> {
        if self.entire.is_empty() {
            return None;
        }
        let mut world = self.world.clone();
        let entire = self.entire.iter();
        let entire = entire.filter_map(|id| self.world.instances.get_key_value(id));
        world.instances = entire.map(|(id, it)| (*id, Arc::clone(it))).collect();
        Some(world)
    }
}

/// Whether two states of an instance are one kind with one place in the network.
fn same_kind(old: &InstanceKind, new: &InstanceKind) -> bool {
    match (old, new) {
        (InstanceKind::SqlServer(old), InstanceKind::SqlServer(new)) => old == new,
        (InstanceKind::ManagedInstance(old), InstanceKind::ManagedInstance(new)) => {
            old.update_policy == new.update_policy && Arc::ptr_eq(&old.properties, &new.properties)
        }
        _ => false,
    }
}

/// Whether sessions come, go or are cut: not only look after their clients.
fn sessions_end_or_begin(old: &Instance, new: &Instance) -> bool {
    !old.sessions.ptr_eq(&new.sessions)
        && old
            .sessions
            .diff(&new.sessions)
            .any(|difference| match difference {
                DiffItem::Update {
                    old: (_, old),
                    new: (_, new),
                } => old.cut != new.cut,
                DiffItem::Add(..) | DiffItem::Remove(..) => true,
            })
}
