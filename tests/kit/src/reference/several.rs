//! Links with several databases, and those over groups with replicas: what must be true of them whatever was asked for (`Extend an
//! Always On availability group to Azure SQL Managed Instance`).
//!
//! Less than of links with one database: which databases are in a link, and when, is learned and not predicted. What must
//! hold is what nobody would forgive: no row from nowhere, none lost unless somebody forced it, one writer, one role.

use std::collections::{BTreeMap, BTreeSet};

use super::Reference;
use super::expect::Expected::{self, Either};
use super::replicas::is_of_replica;
use crate::action::{Action, Pair, Place, Side};
use crate::observation::{Observation, Role};

/// What is known of all links with several databases.
#[derive(Clone, Debug, Default)]
pub(super) struct Several {
    /// What was committed anywhere, by the database's number.
    written: BTreeMap<u8, BTreeSet<i64>>,
    /// Somebody has forced a failover, from which on rows may be lost and both sides may write.
    forced: bool,
    /// The roles of instances when they were last neither changing nor unknown.
    roles: BTreeMap<Pair, Role>,
}

impl Several {
    /// From now on rows may be lost, if this is so.
    pub(super) const fn force_if(&mut self, loses: bool) {
        self.forced |= loses;
    }

    pub(super) const fn is_forced(&self) -> bool {
        self.forced
    }
}

impl Reference {
    /// What must come of an action: servers and instances themselves do as they do without links.
    pub(super) fn expect_of_several(&self, action: &Action) -> Expected {
        match *action {
            Action::Replica(server, n, what) => self.expect_of_replica(server, n, what),
            _ if is_of_ground(action) => self.expect_at_work(action),
            _ => Either,
        }
    }

    /// Notes an action about databases, groups and links; others are noted elsewhere.
    pub(super) fn accepted_of_several(&mut self, action: &Action, value: Option<i64>) -> bool {
        match *action {
            Action::Insert(_, n) => self.several.written.entry(n).or_default().extend(value),
            Action::ForceFailover(_)
            | Action::LinkFailover(_, true)
            | Action::SetRole(_, true, _)
            | Action::SetRole(_, _, true) => self.several.forced = true,
            Action::Replica(server, n, what) => self.accepted_of_replica(server, n, what),
            Action::Distributed(_, _, what) => self.accepted_above(what),
            // What is there afterwards may be another database of that name.
            Action::HadrOff(n) | Action::RemoveDatabase(n) | Action::DropDatabase(_, n) => {
                self.sets.forget(n);
            }
            _ => {}
        }
        is_of_replica(action) || !is_of_ground(action)
    }

    pub(super) fn look_at_several(&mut self, seen: Observation) -> Result<(), String> {
        self.look_at_instances(&seen)?;
        self.look_at_uploads(&seen)?;
        self.look_at_rows_of_several(&seen)?;
        self.look_at_replicas(&seen)?;
        for pair in seen.links.keys() {
            self.look_at_member(*pair, &seen)?;
        }
        let settled = seen.links.iter().map(|(pair, link)| (*pair, link.role));
        let settled = settled.filter(|(_, role)| *role != Role::Resolving);
        self.several.roles.extend(settled);
        let there = |pair: &Pair| seen.links.contains_key(pair);
        self.several.roles.retain(|pair, _| there(pair));
        self.last = seen;
        Ok(())
    }

    fn look_at_rows_of_several(&self, seen: &Observation) -> Result<(), String> {
        for (key, found) in &seen.databases {
            let Some(rows) = &found.rows else {
                continue;
            };
            let (place, n) = *key;
            let written = self.several.written.get(&n);
            let known = |row: &i64| written.is_some_and(|written| written.contains(row));
            if let Some(row) = rows.iter().find(|row| !known(row)) {
                return Err(format!(
                    "db{} on {place} has {row}, which nobody has committed",
                    n + 1
                ));
            }
            let before = self.last.databases.get(key);
            let before = before.and_then(|found| found.rows.as_ref());
            let lost = before.into_iter().flatten().find(|row| !rows.contains(row));
            if let Some(row) = lost.filter(|_| !self.several.forced) {
                return Err(format!("db{} on {place} has lost {row}", n + 1));
            }
        }
        Ok(())
    }

    fn look_at_member(&self, pair: Pair, seen: &Observation) -> Result<(), String> {
        let name = || format!("{} in {}", pair.link(), self.plan.link(pair));
        if self.plan.several && !seen.wholes.contains(&(pair.server(), pair.instance)) {
            return Err(format!("{} is in no link", name()));
        }
        let link = seen.links[&pair];
        let others = seen.links.iter().filter(|(other, _)| {
            let together = (other.server(), other.instance) == (pair.server(), pair.instance);
            self.plan.several && together
        });
        let mut roles = others.map(|(_, other)| other.role);
        let settled = |role: Role| role != Role::Resolving;
        if settled(link.role) && roles.any(|role| settled(role) && role != link.role) {
            return Err(format!("{} has another role than others", name()));
        }
        if self.several.forced {
            return Ok(());
        }
        let place = |side, seen: &Observation| match side {
            Side::Server => self.primary_of(pair, seen).map(Place::Server),
            Side::Instance => Some(pair.place(side)),
        };
        let at = |side, seen| Some((place(side, seen)?, pair.database));
        let writable = |side| {
            let found = at(side, seen).and_then(|key| seen.databases.get(&key));
            found.is_some_and(|found| found.writable)
        };
        if link.in_step && writable(Side::Server) && writable(Side::Instance) {
            return Err(format!("both sides of {} are writable", name()));
        }
        // A database that was taken out of the group on one side does not go along.
        if link.failed {
            return Ok(());
        }
        // Nothing was forced: the new primary has all that the old one had committed.
        let was = self.several.roles.get(&pair).copied();
        let (old, new) = match (was, link.role) {
            (Some(Role::Secondary), Role::Primary) => (Side::Server, Side::Instance),
            (Some(Role::Primary), Role::Secondary) => (Side::Instance, Side::Server),
            _ => return Ok(()),
        };
        let last = &self.last;
        let committed = at(old, last).and_then(|key| last.databases.get(&key));
        let committed = committed.and_then(|found| found.rows.as_ref());
        let Some(key) = at(new, seen) else {
            return Ok(());
        };
        let rows = seen.databases.get(&key);
        let rows = rows.and_then(|found| found.rows.as_ref());
        let has = |row: &i64| rows.is_some_and(|rows| rows.contains(row));
        match committed.into_iter().flatten().find(|row| !has(row)) {
            None => Ok(()),
            Some(row) => Err(format!("planned failover of {} has lost {row}", name())),
        }
    }

    /// The SQL Server of a link: of several replicas the only one that is primary, if it is so.
    fn primary_of(&self, pair: Pair, seen: &Observation) -> Option<u8> {
        if self.plan.replicas.is_none() {
            return Some(pair.server());
        }
        let replicas = seen.replicas.iter();
        let primaries = replicas.filter(|((_, n), found)| {
            *n == pair.database && found.role == Role::Primary && found.linked
        });
        let mut primaries = primaries.map(|((server, _), _)| *server);
        primaries.next().filter(|_| primaries.next().is_none())
    }
}

/// Whether an action is about a server or an instance, and what it knows of others.
const fn is_of_ground(action: &Action) -> bool {
    matches!(
        action,
        Action::Advance(_)
            | Action::Fault(..)
            | Action::Heal
            | Action::Restart(_)
            | Action::CreateCertificate(..)
            | Action::DropCertificate(..)
            | Action::CreateEndpoint(_)
            | Action::TurnEndpoint(..)
            | Action::AuthenticateBy(..)
            | Action::DropEndpoint(_)
            | Action::ImportCertificate(_)
            | Action::DropImported(_)
            | Action::TrustRoot(_)
            | Action::UploadCertificate(..)
            | Action::RevokeCertificate(..)
            | Action::StopInstance(_)
            | Action::StartInstance(_)
            | Action::DeleteInstance(_)
            | Action::DeleteResourceGroup
    )
}
