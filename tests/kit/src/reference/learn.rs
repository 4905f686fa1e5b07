//! Looking at what can be seen: what happened by itself is judged, and then remembered.

use std::collections::BTreeSet;

use super::expect::Expected;
use super::{Course, Database, Reference};
use crate::action::{Pair, Place, Side};
use crate::observation::{Observation, Role, SeenDatabase, SeenLink};

/// What must not be, and is.
type Judgement = Result<(), String>;

impl Reference {
    /// Looks at a case after an action, and says what cannot be.
    ///
    /// # Errors
    ///
    /// What is seen and contradicts the documentation, or what was accepted before.
    pub fn look(&mut self, seen: Observation) -> Judgement {
        self.last.starting.clone_from(&seen.starting);
        if self.plan.is_loose() {
            return self.look_at_several(seen);
        }
        self.look_at_links(&seen)?;
        self.look_at_instances(&seen)?;
        self.look_at_roles(&seen)?;
        self.look_at_new_databases(&seen)?;
        self.look_at_promoted(&seen);
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        for pair in &pairs {
            self.look_at_rejoined(*pair, &seen)?;
        }
        self.look_at_rows(&seen)?;
        self.note_readable(&seen);
        self.look_at_writers(&seen)?;
        for pair in pairs {
            if self.is_prepared(pair)
                && let Some(link) = self.links.get_mut(&pair)
            {
                link.may_connect = true;
            }
        }
        self.look_at_silence();
        self.look_at_handshakes(&seen)?;
        self.look_at_uploads(&seen)?;
        self.note_who_may_meet();
        self.last = seen;
        Ok(())
    }

    /// Remembers what had been committed when the data ceased to move.
    fn look_at_silence(&mut self) {
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        self.still.retain(|pair, _| pairs.contains(pair));
        for pair in pairs {
            if !self.is_still(pair) {
                self.still.remove(&pair);
            } else if !self.still.contains_key(&pair) {
                let length = |side: Side| {
                    let here = pair.at(side);
                    let copy = self.databases.get(&pair.at(side.other()));
                    // What a copy has got may be of a database that was dropped since, and have another one in its place.
                    let sent = copy.and_then(|copy| self.origin(here, copy.lineage));
                    let own = || self.databases.get(&here).map(|found| &found.history);
                    sent.or_else(own).map_or(0, Vec::len)
                };
                let lengths = [length(Side::Server), length(Side::Instance)];
                self.still.insert(pair, lengths);
            }
        }
    }

    /// Whether nothing moves between the sides of a link: nobody listens, or data movement is suspended.
    pub(super) fn is_still(&self, pair: Pair) -> bool {
        self.is_cut_off(pair) || self.is_suspended(pair)
    }

    /// What was seen last.
    pub fn last(&self) -> &Observation {
        &self.last
    }

    /// Links come when they are asked for, go when they are deleted, and connect when everything is there.
    fn look_at_links(&mut self, seen: &Observation) -> Judgement {
        if let Some(pair) = seen
            .links
            .keys()
            .find(|pair| !self.links.contains_key(pair))
        {
            return Err(format!("{} is there and nobody asked for it", pair.link()));
        }
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        for pair in pairs {
            match seen.links.get(&pair) {
                Some(found) => self.look_at_link(pair, *found)?,
                None => self.look_at_gone(pair, seen)?,
            }
        }
        Ok(())
    }

    fn look_at_link(&mut self, pair: Pair, found: SeenLink) -> Judgement {
        let prepared = self.is_prepared(pair);
        let link = self.links.get_mut(&pair).expect("the caller has it");
        if (found.connected || found.in_step) && !link.may_connect && !prepared {
            return Err(format!(
                "{} is connected, and something it needs was never there",
                pair.link()
            ));
        }
        if found.failed && link.course != Course::Over {
            link.course = Course::Over;
        }
        Ok(())
    }

    fn look_at_gone(&mut self, pair: Pair, seen: &Observation) -> Judgement {
        // A planned failover may have ended in the moment before.
        let closed = self.closed(pair);
        let half = seen.halves.get(&pair).copied();
        match (closed, half) {
            // A half that called itself primary before says nothing.
            (Some(Side::Instance), Some(Role::Primary))
                if self.role(pair, Side::Server) == Some(Role::Secondary) =>
            {
                self.set_role(pair, Side::Server, Role::Primary);
                self.swap(pair, Side::Instance, seen)?;
            }
            (Some(Side::Server), Some(Role::Secondary)) => {
                self.set_role(pair, Side::Server, Role::Secondary);
                self.swap(pair, Side::Server, seen)?;
            }
            // It is called off.
            (Some(Side::Server), Some(Role::Primary)) => {
                self.set_role(pair, Side::Server, Role::Primary);
            }
            _ => self.look_at_rejoined(pair, seen)?,
        }
        let link = self.links.remove(&pair).expect("the caller has it");
        if !link.deleting {
            return Err(format!("{} is gone and nobody deleted it", pair.link()));
        }
        // The instance's copy becomes a database of its own; one that was not finished goes.
        let key = pair.at(Side::Instance);
        let follows = |found: &Database| found.follows == Some(pair);
        let rows = seen
            .databases
            .get(&key)
            .and_then(|found| found.rows.as_ref());
        if let Some(rows) = rows
            && self.databases.get(&key).is_some_and(follows)
        {
            self.look_at_copy(key, pair, rows)?;
        }
        if let Some(database) = self.databases.get_mut(&key)
            && follows(database)
        {
            database.follows = None;
            if !database.made && !seen.databases.contains_key(&key) {
                self.databases.remove(&key);
            }
        }
        Ok(())
    }

    /// Roles never change silently: only as a command that was accepted says, or as a planned failover ends.
    fn look_at_roles(&mut self, seen: &Observation) -> Judgement {
        for (pair, role) in &seen.halves {
            if !self.halves.contains_key(pair) {
                return Err(format!("{} is {role:?} in no group", pair.link()));
            }
        }
        let pairs: Vec<Pair> = self
            .halves
            .keys()
            .chain(self.links.keys())
            .copied()
            .collect();
        for pair in pairs {
            let now = |side| match side {
                Side::Server => seen.halves.get(&pair).copied(),
                Side::Instance => seen.links.get(&pair).map(|link| link.role),
            };
            self.look_at_failover(pair, now, seen)?;
            for side in [Side::Server, Side::Instance] {
                let (was, is) = (self.role(pair, side), now(side));
                if was != is {
                    return Err(format!(
                        "{}: the role of the {side:?} is {is:?} and should be {was:?}",
                        pair.link()
                    ));
                }
            }
        }
        Ok(())
    }

    /// A planned failover ends: called off, or with the roles swapped and everything on the new primary.
    fn look_at_failover(
        &mut self,
        pair: Pair,
        now: impl Fn(Side) -> Option<Role>,
        seen: &Observation,
    ) -> Judgement {
        let Some(source) = self.closed(pair) else {
            return Ok(());
        };
        let target = source.other();
        match (now(source), now(target)) {
            (Some(Role::Primary), _) => self.set_role(pair, source, Role::Primary),
            (Some(Role::Secondary), Some(Role::Primary)) => {
                self.set_role(pair, source, Role::Secondary);
                self.set_role(pair, target, Role::Primary);
                self.swap(pair, source, seen)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The side that a planned failover has closed.
    fn closed(&self, pair: Pair) -> Option<Side> {
        let sides = [Side::Server, Side::Instance];
        sides
            .into_iter()
            .find(|side| self.role(pair, *side) == Some(Role::Resolving))
    }

    /// The roles are swapped: the new primary has every row that the old one had committed.
    fn swap(&mut self, pair: Pair, source: Side, seen: &Observation) -> Judgement {
        let (old, new) = (pair.at(source), pair.at(source.other()));
        let committed = self
            .databases
            .get(&old)
            .map(|database| database.history.clone());
        let Some(committed) = committed else {
            return Err(format!("{} failed over from nothing", pair.link()));
        };
        let rows = seen
            .databases
            .get(&new)
            .and_then(|database| database.rows.clone());
        if rows.as_ref() != Some(&committed) {
            return Err(format!(
                "planned failover of {}: {committed:?} was committed, and the new primary has {rows:?}",
                pair.link()
            ));
        }
        if let Some(database) = self.databases.get_mut(&new) {
            database.history = committed;
            database.follows = None;
            database.suspended = false;
            database.chain = true;
        }
        if let Some(database) = self.databases.get_mut(&old) {
            database.follows = Some(pair);
        }
        if let Some(link) = self.links.get_mut(&pair) {
            link.course = Course::Following {
                source: source.other(),
            };
        }
        Ok(())
    }

    /// A database that nobody created is the copy of a link that may have connected.
    fn look_at_new_databases(&mut self, seen: &Observation) -> Judgement {
        for key in seen.databases.keys() {
            if self.databases.contains_key(key) {
                continue;
            }
            let (place, n) = *key;
            let wanted = self.links_of(n).find(|(pair, link)| {
                let target = if link.asked_primary {
                    Side::Server
                } else {
                    Side::Instance
                };
                link.course == Course::Asked && pair.place(target) == place
            });
            let Some((pair, link)) = wanted else {
                return Err(format!("db{} on {place} comes from nowhere", n + 1));
            };
            let (pair, asked_primary) = (*pair, link.asked_primary);
            let source = if asked_primary {
                Side::Instance
            } else {
                Side::Server
            };
            let Some(original) = self.databases.get(&(pair.place(source), n)) else {
                return Err(format!("db{} on {place} is a copy of nothing", n + 1));
            };
            let copy = Database {
                lineage: original.lineage,
                history: Vec::new(),
                simple: false,
                chain: true,
                follows: Some(pair),
                made: false,
                stranded: false,
                suspended: false,
                promoted: false,
                readable: false,
            };
            self.databases.insert(*key, copy);
            if let Some(link) = self.links.get_mut(&pair) {
                link.course = Course::Following { source };
            }
            if matches!(place, Place::Server(_)) {
                self.set_member(n, true);
            }
        }
        Ok(())
    }

    /// What was made primary by force may have hardened more than it had redone: the rest of it is a beginning of what the
    /// other side had committed, and is the new primary's from now on.
    fn look_at_promoted(&mut self, seen: &Observation) {
        let pairs: BTreeSet<Pair> = self
            .links
            .keys()
            .chain(self.halves.keys())
            .copied()
            .collect();
        for (pair, side) in pairs
            .into_iter()
            .flat_map(|pair| [(pair, Side::Server), (pair, Side::Instance)])
        {
            let key = pair.at(side);
            let lineage = self.databases.get(&key).map(|found| found.lineage);
            let old = pair.at(side.other());
            let committed = lineage.and_then(|lineage| self.origin(old, lineage));
            let committed = committed.cloned().unwrap_or_default();
            let rows = seen
                .databases
                .get(&key)
                .and_then(|found| found.rows.as_ref());
            let (Some(rows), Some(database)) = (rows, self.databases.get_mut(&key)) else {
                continue;
            };
            let more = rows.starts_with(&database.history) && committed.starts_with(rows);
            if std::mem::take(&mut database.promoted) && more {
                database.history.clone_from(rows);
                if let Some(Course::Split { fork }) =
                    self.links.get_mut(&pair).map(|link| &mut link.course)
                {
                    *fork = rows.len();
                }
            }
        }
    }

    /// After a split, the side that gave up goes back to the common point and follows the other.
    fn look_at_rejoined(&mut self, pair: Pair, seen: &Observation) -> Judgement {
        let Some(Course::Split { fork }) = self.links.get(&pair).map(|link| link.course) else {
            return Ok(());
        };
        let connected = seen.links.get(&pair).is_some_and(|link| link.connected);
        let primary = |side| self.role(pair, side) == Some(Role::Primary);
        let (winner, loser) = match (primary(Side::Server), primary(Side::Instance)) {
            (true, false) => (Side::Server, Side::Instance),
            (false, true) => (Side::Instance, Side::Server),
            _ if connected => {
                return Err(format!("{} is connected without one primary", pair.link()));
            }
            _ => return Ok(()),
        };
        let key = pair.at(loser);
        let (Some(found), Some(database)) =
            (seen.databases.get(&key), self.databases.get_mut(&key))
        else {
            return Ok(());
        };
        let moved = found
            .rows
            .as_ref()
            .is_some_and(|rows| *rows != database.history);
        if !connected && !found.secondary && !moved {
            return Ok(());
        }
        database.history.truncate(fork);
        database.follows = Some(pair);
        // SQL Server waits for a person to resume.
        database.suspended = matches!(key.0, Place::Server(_));
        if let Some(link) = self.links.get_mut(&pair) {
            link.course = Course::Following { source: winner };
        }
        Ok(())
    }

    /// A primary has exactly what was committed; what follows it has a beginning of that, and never less than it had.
    fn look_at_rows(&mut self, seen: &Observation) -> Judgement {
        let keys: Vec<(Place, u8)> = self.databases.keys().copied().collect();
        for key in keys {
            let (place, n) = key;
            let Some(found) = seen.databases.get(&key) else {
                self.look_at_vanished(key)?;
                continue;
            };
            let (Some(rows), Some(database)) = (&found.rows, self.databases.get(&key)) else {
                continue;
            };
            let Some(pair) = database.follows else {
                if *rows != database.history {
                    return Err(format!(
                        "db{} on {place} has {rows:?}; committed was {:?}",
                        n + 1,
                        database.history
                    ));
                }
                continue;
            };
            self.look_at_copy(key, pair, rows)?;
        }
        Ok(())
    }

    /// Remembers what can be read, where somebody answers who could say.
    fn note_readable(&mut self, seen: &Observation) {
        for (key, database) in &mut self.databases {
            if let Some(found) = seen.databases.get(key)
                && !seen.starting.contains(&key.0)
            {
                database.readable = found.rows.is_some();
            }
        }
    }

    fn look_at_vanished(&mut self, key: (Place, u8)) -> Judgement {
        let (place, n) = key;
        let database = &self.databases[&key];
        match database.follows {
            Some(pair) if !database.made => {
                self.databases.remove(&key);
                if let Some(link) = self.links.get_mut(&pair)
                    && link.course != Course::Over
                {
                    link.course = Course::Asked;
                }
                if matches!(place, Place::Server(_)) {
                    self.set_member(n, false);
                }
                Ok(())
            }
            _ => Err(format!("db{} on {place} has vanished", n + 1)),
        }
    }

    fn look_at_copy(&mut self, key: (Place, u8), pair: Pair, rows: &[i64]) -> Judgement {
        let (place, n) = key;
        let database = &self.databases[&key];
        let source = if place == pair.place(Side::Server) {
            Side::Instance
        } else {
            Side::Server
        };
        let origin = self.origin((pair.place(source), n), database.lineage);
        if rows.len() < database.history.len() || !rows.starts_with(&database.history) {
            return Err(format!(
                "db{} on {place} has {rows:?} and had {:?} already",
                n + 1,
                database.history
            ));
        }
        let grows = rows.len() > database.history.len();
        if grows && !origin.is_some_and(|origin| origin.starts_with(rows)) {
            return Err(format!(
                "db{} on {place} has {rows:?}, which is no beginning of what was committed: {origin:?}",
                n + 1
            ));
        }
        // What had arrived may still be redone; what was committed since cannot have arrived.
        // A copy that is being made gets what is there when it begins: suspending holds back only what comes later.
        let held = self.is_cut_off(pair) || database.made && self.is_suspended(pair);
        let still = self.still.get(&pair).filter(|_| held);
        let before = still.map(|lengths| lengths[usize::from(source == Side::Instance)]);
        if grows && before.is_some_and(|before| rows.len() > before) {
            return Err(format!(
                "db{} on {place} moves though nobody listens, or it is suspended",
                n + 1
            ));
        }
        let database = self.databases.get_mut(&key).expect("looked up above");
        database.history = rows.to_vec();
        database.made = true;
        Ok(())
    }

    /// A write is taken where the roles say so, and nowhere else; never on both sides unless a failover was forced.
    fn look_at_writers(&self, seen: &Observation) -> Judgement {
        for ((place, n), found) in &seen.databases {
            let wrong = match self.expect_insert(*place, *n) {
                Expected::Accepted => !found.writable,
                Expected::Refused(_) => found.writable,
                Expected::Either => false,
            };
            if wrong {
                return Err(format!(
                    "db{} on {place}: writable is {}, and writes must be {:?}",
                    n + 1,
                    found.writable,
                    self.expect_insert(*place, *n)
                ));
            }
        }
        for (pair, link) in &self.links {
            // A link that was deleted leaves two databases; a new one between them has joined neither yet.
            if !matches!(link.course, Course::Following { .. }) {
                continue;
            }
            let writable = |side| {
                let key = pair.at(side);
                let found: Option<&SeenDatabase> = seen.databases.get(&key);
                let lineage = self.databases.get(&key).map(|database| database.lineage);
                found.filter(|found| found.writable).and(lineage)
            };
            let (here, there) = (writable(Side::Server), writable(Side::Instance));
            if here.is_some() && here == there && !link.forced {
                return Err(format!("both sides of {} are writable", pair.link()));
            }
        }
        Ok(())
    }
}
