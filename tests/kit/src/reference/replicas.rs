//! Groups with replicas: what must be true of them, and of links over them, whatever was asked for (`Perform a planned manual
//! failover of an Always On availability group`, `Read-scale Always On availability group`, `Configure a distributed
//! availability group`).
//!
//! As of links with several databases, what is in step and when is learned. What must hold: nobody becomes primary unasked,
//! only one is unless somebody forced it, and who takes over without loss has everything that was committed.

use std::collections::{BTreeMap, BTreeSet};

use super::Reference;
use super::expect::Expected::{self, Accepted, Either, Refused};
use crate::action::{Above, Action, Local, Place};
use crate::observation::{Observation, Role, SeenReplica};

/// What is known of groups with replicas.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    /// Whose primary has given its role up while the other one, the server here, had everything, by database.
    handed: BTreeMap<u8, u8>,
    /// Servers that have just been asked to become primary, by database.
    asked: BTreeSet<(u8, u8)>,
}

impl Sets {
    /// A database has left its group: who had everything of it has so no more.
    pub(super) fn forget(&mut self, n: u8) {
        self.handed.remove(&n);
    }
}

impl Reference {
    /// What must come of an action about a group with replicas.
    pub(super) fn expect_of_replica(&self, server: u8, n: u8, what: Local) -> Expected {
        let Some(replicas) = self.plan.replicas else {
            return Refused("there are no replicas");
        };
        let seen = self.last.replicas.get(&(server, n)).copied();
        if matches!(what, Local::Trust | Local::Suspend(_) | Local::HadrOff) {
            return Either;
        }
        let role = match (what, seen) {
            (Local::Join, Some(found)) if found.role != Role::Resolving => {
                return Refused("it has joined already");
            }
            (Local::Join, None) => return Either,
            (_, None) => return Refused("there is no such group"),
            (_, Some(found)) => found.role,
        };
        if self.last.starting.contains(&Place::Server(server)) {
            return Either;
        }
        match (what, role) {
            (Local::Failover, _) if !replicas.cluster => {
                Refused("a group without a cluster fails over by force only")
            }
            (Local::Failover | Local::Force, Role::Primary) => {
                Refused("it is primary already (41122)")
            }
            (Local::Failover, Role::Secondary) if !self.is_synchronized(server, n) => {
                Refused("it is not synchronized (41142)")
            }
            (Local::StepDown | Local::Offline, _) if replicas.cluster => {
                Refused("a cluster decides about it")
            }
            (Local::StepDown, _) => Accepted,
            (Local::Offline, Role::Primary) => Accepted,
            (Local::Offline, _) => Refused("it is not primary"),
            (Local::Add | Local::Remove | Local::Mode(_) | Local::Listen, Role::Secondary) => {
                Refused("it is for the primary to say")
            }
            _ => Either,
        }
    }

    /// Notes an action about a group with replicas.
    pub(super) fn accepted_of_replica(&mut self, server: u8, n: u8, what: Local) {
        let databases: Vec<u8> = self.together_with(n).collect();
        match what {
            Local::HadrOff | Local::Leave => {
                for database in databases {
                    self.sets.forget(database);
                }
            }
            Local::StepDown | Local::Offline => {
                let was = self.last.replicas.get(&(server, n));
                let other = 1 - server;
                let has_all = self.is_synchronized(other, n);
                for database in databases {
                    // Who is no primary gives nothing up.
                    if was.is_some_and(|was| was.role == Role::Primary) {
                        self.sets.handed.remove(&database);
                        if has_all {
                            self.sets.handed.insert(database, other);
                        }
                    }
                }
            }
            Local::Failover => {
                for database in databases {
                    self.sets.asked.insert((server, database));
                    self.sets.handed.remove(&database);
                }
            }
            Local::Force => {
                let mut loses = false;
                for database in databases {
                    self.sets.asked.insert((server, database));
                    let to = self.sets.handed.remove(&database);
                    loses |= to != Some(server);
                }
                self.several.force_if(loses && !self.takes_back(server, n));
            }
            _ => {}
        }
    }

    /// Notes an action about a distributed group above a group with replicas.
    pub(super) fn accepted_above(&mut self, what: Above) {
        match what {
            Above::Force => self.several.force_if(true),
            // A link that was with the other server goes on with this one, and back to where that has been.
            Above::Tell => self.several.force_if(self.are_both_primary()),
            Above::Failover | Above::GiveUp | Above::Drop => {}
        }
    }

    pub(super) fn look_at_replicas(&mut self, seen: &Observation) -> Result<(), String> {
        for ((server, n), found) in &seen.replicas {
            self.look_at_replica(*server, *n, *found, seen)?;
        }
        let gone = |n: &u8| !seen.replicas.keys().any(|(_, of)| of == n);
        self.sets.handed.retain(|n, _| !gone(n));
        self.sets.asked.clear();
        Ok(())
    }

    fn look_at_replica(
        &self,
        server: u8,
        n: u8,
        found: SeenReplica,
        seen: &Observation,
    ) -> Result<(), String> {
        let name = || {
            format!(
                "{} of db{} on {}",
                self.plan.group(n),
                n + 1,
                Place::Server(server)
            )
        };
        let was = self.last.replicas.get(&(server, n));
        let became = found.role == Role::Primary && was.is_some_and(|was| was.role != found.role);
        if became && !self.sets.asked.contains(&(server, n)) {
            return Err(format!("{} has become primary and nobody asked", name()));
        }
        let at = |server: u8| seen.databases.get(&(Place::Server(server), n));
        let writable = |server| at(server).is_some_and(|found| found.writable);
        if writable(server) && found.role != Role::Primary && self.is_joined_to(server, n, seen) {
            return Err(format!("{} is {:?}, and written", name(), found.role));
        }
        if self.several.is_forced() {
            return Ok(());
        }
        let same = |other: &&SeenReplica| other.first == found.first;
        let other = seen.replicas.get(&(1 - server, n)).filter(same);
        if found.role == Role::Primary && other.is_some_and(|other| other.role == Role::Primary) {
            return Err(format!("{} is not the only primary", name()));
        }
        // Nothing was forced: the new primary has all that the old one had committed.
        let committed = self
            .last
            .databases
            .get(&(Place::Server(1 - server), n))
            .filter(|_| became && other.is_some())
            .and_then(|found| found.rows.as_ref());
        let rows = at(server).and_then(|found| found.rows.as_ref());
        let Some(rows) = rows else {
            return Ok(());
        };
        match committed
            .into_iter()
            .flatten()
            .find(|row| !rows.contains(row))
        {
            None => Ok(()),
            Some(row) => Err(format!("{} has taken over without {row}", name())),
        }
    }

    /// Whether a server's database is a copy, or in a group that has a copy elsewhere.
    fn is_joined_to(&self, server: u8, n: u8, seen: &Observation) -> bool {
        let found = seen.databases.get(&(Place::Server(server), n));
        found.is_some_and(|found| found.secondary)
    }

    fn is_synchronized(&self, server: u8, n: u8) -> bool {
        let found = self.last.replicas.get(&(server, n));
        found.is_some_and(|found| found.synchronized)
    }

    /// Whether a server takes a role back that nobody has taken since.
    fn takes_back(&self, server: u8, n: u8) -> bool {
        let role = |server| self.last.replicas.get(&(server, n)).map(|found| found.role);
        role(server) == Some(Role::Resolving) && role(1 - server) == Some(Role::Secondary)
    }

    /// Whether somebody was forced, so that there may be two.
    fn are_both_primary(&self) -> bool {
        let mut replicas = self.last.replicas.iter();
        replicas.any(|((server, n), found)| {
            let other = self.last.replicas.get(&(1 - server, *n));
            found.role == Role::Primary && other.is_some_and(|other| other.role == Role::Primary)
        })
    }

    /// The databases of the group of a database.
    fn together_with(&self, n: u8) -> impl Iterator<Item = u8> + use<> {
        let several = self.plan.several;
        self.plan.databases().filter(move |of| several || *of == n)
    }
}

/// Whether an action is about replicas.
pub(super) const fn is_of_replica(action: &Action) -> bool {
    matches!(action, Action::Replica(..) | Action::Distributed(..))
}
