//! A world up to what does not matter: what differs in event numbers, ids, or absolute time and places in the log only, has
//! one fingerprint.
//!
//! Times count as what they are from now, places in a log as how many entries stand before them, ids as which of the few
//! there are. Two worlds with one fingerprint go on alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use milink_core::World;
use milink_core::availability_group::{AvailabilityGroup, GroupKind};
use milink_core::database::Database;
use milink_core::instance::Instance;
use milink_core::link::{Link, Phase, SeedingOutcome};
use milink_core::lsn::Lsn;
use milink_core::store::LogKind;
use milink_core::time::Timestamp;
use milink_core::world::Timer;

/// The fingerprint of a world: its canonical text, in 128 bits.
pub(crate) fn of(world: &World) -> u128 {
    let text = text(world);
    let half = |salt: u8| {
        // With its fixed keys: the same in every run.
        let mut hasher = DefaultHasher::new();
        (salt, &text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(1) << 64) | half(2)
}

/// The canonical text of a world.
fn text(world: &World) -> String {
    let mut writer = Writer {
        world,
        text: String::with_capacity(2_000),
        guids: BTreeMap::new(),
    };
    for instance in world.instances.values() {
        writer.instance(instance);
    }
    for link in world.links.values() {
        writer.link(link);
    }
    for way in world.network.blocked() {
        let _ = write!(writer.text, "{way:?};");
    }
    for rule in world.faults().iter() {
        let _ = write!(writer.text, "!{}", effect(rule.fault.point.get().name));
    }
    for (due, timer) in world.timers() {
        writer.timer(due, timer);
    }
    writer.text
}

/// What a fault does: which of several that do the same only changes what is said of it.
fn effect(point: &'static str) -> &'static str {
    match point {
        "network.one-way-to-instance" | "network.one-way-to-sql-server" => "network.partition",
        "certificate.expired" => "certificate.unknown",
        point => point,
    }
}

struct Writer<'a> {
    world: &'a World,
    text: String,
    guids: BTreeMap<uuid::Uuid, usize>,
}

impl Writer<'_> {
    fn guid(&mut self, guid: uuid::Uuid) -> usize {
        let next = self.guids.len();
        *self.guids.entry(guid).or_insert(next)
    }

    fn until(&self, at: Timestamp) -> i64 {
        at.0 - self.world.now().0
    }

    fn instance(&mut self, instance: &Instance) {
        let endpoint = instance.endpoint.as_ref().map(|endpoint| endpoint.state);
        let _ = write!(
            self.text,
            "{}:{:?}{endpoint:?}",
            instance.name, instance.service
        );
        for certificate in instance.master().content.certificates.values() {
            let trusts = |other: &Arc<Instance>| {
                let mi = other.as_managed_instance();
                let uploaded = mi.into_iter().flat_map(|mi| mi.trust_certificates.values());
                let mut uploaded = uploaded.map(|uploaded| uploaded.thumbprint);
                uploaded.any(|thumbprint| thumbprint == certificate.facts.thumbprint)
            };
            let trusted = self.world.instances.values().any(trusts);
            let _ = write!(self.text, ",{}{trusted}", certificate.name);
        }
        let groups: BTreeMap<&str, &AvailabilityGroup> = instance
            .groups
            .values()
            .map(|group| (group.name.as_str(), group.as_ref()))
            .collect();
        for group in groups.values() {
            self.group(group);
        }
        for database in instance
            .databases
            .values()
            .filter(|found| !found.is_system())
        {
            self.database(instance, database);
        }
    }

    fn group(&mut self, group: &AvailabilityGroup) {
        let _ = write!(self.text, "|{}", group.name);
        match &group.kind {
            GroupKind::Local(local) => {
                let _ = write!(self.text, "{:?}{}", local.role, local.may_create_databases);
                for member in &local.databases {
                    let _ = write!(self.text, ",{}", member.name);
                }
            }
            GroupKind::Distributed(pair) => {
                // The partners talk about the group that they have shaken hands about.
                let met = self.world.links.values().any(|link| link.group == group.id);
                let _ = write!(self.text, "{:?}{met}", pair.role);
                for member in &pair.members {
                    let _ = write!(
                        self.text,
                        "{:?}{}",
                        member.availability_mode, member.listener_url
                    );
                }
            }
        }
    }

    fn database(&mut self, instance: &Instance, database: &Database) {
        let (lineage, fork) = (self.guid(database.guid), self.guid(database.recovery_fork));
        let _ = write!(
            self.text,
            "|{}:{lineage}.{fork}{:?}{:?}{}{:?}{}{}",
            database.name,
            database.state,
            database.recovery_model,
            database.read_only,
            database.suspended,
            database.chain.is_started(),
            database.group.is_some(),
        );
        let table = database.content.table(&"dbo".into(), &"t".into());
        for (_, row) in table.into_iter().flat_map(|table| table.scan()) {
            let _ = write!(self.text, "{row:?}");
        }
        if let Some(copy) = &database.copy {
            let source = self.world.instance(copy.source.0);
            let source = source.and_then(|source| source.databases.get(&copy.source.1));
            let _ = write!(self.text, "<{:?}", source.map(|source| source.id));
            if let Some(source) = source {
                self.tail(source, copy.hardened);
                self.tail(source, copy.redone);
            }
        }
        // A log backup frees what is behind both, so how much is there matters where somebody goes back to it.
        for link in self.world.links.values() {
            let Some(fork) = link
                .fork
                .as_ref()
                .filter(|_| database.name == link.spec.database)
            else {
                continue;
            };
            let back = database.log.reaches_back_to(fork.common);
            let _ = write!(self.text, "^{back}{}", instance.id == link.id.instance);
            self.tail(database, fork.common);
        }
    }

    /// What stands in a log from somewhere on.
    fn tail(&mut self, database: &Database, from: Lsn) {
        let _ = write!(self.text, "[{}", from == database.log.end());
        for entry in database.log.from(from) {
            // What is older than anything on its way takes is just old.
            let age = self.until(entry.time).max(-1_000_000_000);
            let commits = matches!(entry.kind, LogKind::Commit(_));
            let _ = write!(self.text, "{commits}{age},");
        }
        self.text.push(']');
    }

    fn link(&mut self, link: &Link) {
        let connection = &link.connection;
        let live = (
            connection.connected_since.is_some(),
            connection.silent_since.map(|since| self.until(since)),
        );
        // What has kept the partners apart is only told, but for whether anything has.
        let phase = match &link.phase {
            Phase::Initiating => format!("Initiating{}", connection.last_error.is_some()),
            Phase::Failed { .. } => "Failed".to_owned(),
            phase => format!("{phase:?}"),
        };
        let _ = write!(
            self.text,
            "#{}{phase}{:?}{:?}{:?}{live:?}{}{}",
            link.id.name,
            link.role,
            link.spec.instance_role,
            link.replication_mode,
            link.partner.is_some(),
            link.operation.is_some(),
        );
        let last = link.role_changes.last();
        let forced = link.role_changes.iter().any(|change| change.forced);
        let _ = write!(
            self.text,
            "{forced}{:?}",
            last.map(|last| (last.forced, last.primary))
        );
        if let Some(run) = link.seedings.last() {
            let running = run.outcome == SeedingOutcome::Running;
            let ends = running.then(|| self.until(run.ends()));
            let _ = write!(self.text, "{running}{ends:?}{:?}", run.target);
        }
        if let Some(fork) = &link.fork {
            let table = fork.content.table(&"dbo".into(), &"t".into());
            let rows = table.map_or(0, |table| table.len());
            let _ = write!(self.text, "Y{rows}");
        }
    }

    fn timer(&mut self, due: Timestamp, timer: &Timer) {
        // Whose it is does not matter, since there is one link, but for the mode that it will have.
        let words = format!("{timer:?}");
        let kind = words.split('(').next().unwrap_or_default();
        let mode = match timer {
            Timer::LinkUpdate(_, _, mode) => mode.text(),
            _ => "",
        };
        let _ = write!(self.text, "@{kind}{mode}{}", self.until(due));
    }
}
