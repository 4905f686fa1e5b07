//! The rules of a world: asked in the order they were installed, counted, removed when their time is over.

use std::fmt;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::Serialize;

use super::{About, Fault, FaultError, Kind, Point, Verdict, arm, network, replication};
use crate::event::EventKind;
use crate::ids::IdSource;
use crate::link::LinkId;
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// A fault of a world; they count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A fault that is installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// Its id.
    pub id: FaultId,
    /// What was installed.
    pub fault: Fault,
    /// When.
    pub since: Timestamp,
    /// When it goes by itself.
    pub until: Option<Timestamp>,
    /// How often something came past that it is about.
    pub matched: u64,
    /// How often it has bitten.
    pub bitten: u64,
    /// What a condition has been seen to bite.
    seen: OrdSet<String>,
}

/// The faults of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    rules: OrdMap<FaultId, Arc<Installed>>,
    last: u64,
    /// How often anything was counted: whether a draft has asked them.
    counted: u64,
    random: IdSource,
    /// Links whose packets were lost, until they are sent again.
    held: OrdMap<LinkId, Timestamp>,
    /// Earlier states of the world, oldest first, while something reads stale.
    past: Vector<Arc<World>>,
}

/// How many faults a world has at most.
const MOST: usize = 1_000;
/// How many things a condition remembers to have bitten.
const SEEN: usize = 100;
/// How many earlier states are kept for stale reads.
const PAST: usize = 64;
/// Sets the chances of faults apart from the ids of the same seed.
const CHANCES: u64 = 0xFA_17;

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Installed {
    /// Whether it has bitten as often as it may.
    pub fn is_spent(&self) -> bool {
        self.fault
            .when
            .times
            .is_some_and(|times| self.bitten >= times)
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rules: OrdMap::new(),
            last: 0,
            counted: 0,
            random: IdSource::new(seed ^ CHANCES),
            held: OrdMap::new(),
            past: Vector::new(),
        }
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// All of them, in the order they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Installed>> + '_ {
        self.rules.values()
    }

    /// The fault of this id.
    pub fn get(&self, id: FaultId) -> Option<&Arc<Installed>> {
        self.rules.get(&id)
    }

    /// Whether any rule is at this point.
    pub(crate) fn are_at(&self, point: &'static Point) -> bool {
        self.iter().any(|rule| rule.fault.point == point.into())
    }

    /// The latest earlier state that is at least `by` old; the oldest there is, if none is.
    pub(crate) fn earlier(&self, now: Timestamp, by: Span) -> Option<&Arc<World>> {
        let old_enough = |past: &&Arc<World>| past.now() + by <= now;
        let found = self.past.iter().rev().find(old_enough);
        found.or_else(|| self.past.front())
    }

    /// Until when nothing of a link's log arrives.
    pub(crate) fn held(&self, link: &LinkId) -> Option<Timestamp> {
        self.held.get(link).copied()
    }

    /// Lets nothing of a link's log arrive until then.
    pub(super) fn hold(&mut self, link: LinkId, until: Timestamp) {
        self.held.insert(link, until);
    }

    fn draw(&mut self, probability: Option<f64>) -> bool {
        match probability {
            None => true,
            // 53 bits, as many as a double holds.
            Some(chance) => ((self.random.next_u64() >> 11) as f64) < chance * (1_u64 << 53) as f64,
        }
    }

    fn count(&mut self, id: FaultId, bites: bool) {
        self.counted += 1;
        if let Some(rule) = self.rules.get_mut(&id) {
            let rule = Arc::make_mut(rule);
            rule.matched += 1;
            rule.bitten += u64::from(bites);
        }
    }
}

impl World {
    /// The faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Installs a fault at `now`.
    ///
    /// # Errors
    ///
    /// It says something that its point does not know, or there are too many.
    pub fn install_fault(&mut self, now: Timestamp, fault: Fault) -> Result<FaultId, FaultError> {
        fault.check()?;
        self.advance_to(now);
        if self.faults.rules.len() >= MOST {
            return Err(FaultError::TooMany(MOST));
        }
        self.faults.last += 1;
        let id = FaultId(self.faults.last);
        let until = fault.when.end(self.now());
        if let Some(until) = until {
            self.timers.arm(Timer::FaultEnd(id), until.max(self.now()));
        }
        let point = fault.point.get().name;
        let installed = Installed {
            id,
            fault,
            since: self.now(),
            until,
            matched: 0,
            bitten: 0,
            seen: OrdSet::new(),
        };
        self.faults.rules.insert(id, Arc::new(installed));
        self.record(EventKind::FaultInstalled { fault: id.0, point });
        self.remember();
        self.reconcile();
        Ok(id)
    }

    /// Removes a fault at `now`.
    ///
    /// # Errors
    ///
    /// It is not there; says which are.
    pub fn remove_fault(&mut self, now: Timestamp, id: FaultId) -> Result<(), FaultError> {
        self.advance_to(now);
        if self.faults.get(id).is_none() {
            let there = self.faults.rules.keys().map(ToString::to_string).collect();
            return Err(FaultError::NotFound { id, there });
        }
        self.end_fault(id);
        self.reconcile();
        Ok(())
    }

    /// Removes every fault at `now`.
    pub fn clear_faults(&mut self, now: Timestamp) {
        self.advance_to(now);
        let all: Vec<FaultId> = self.faults.rules.keys().copied().collect();
        for id in all {
            self.end_fault(id);
        }
        self.reconcile();
    }

    /// The world that stale reads see; itself, unless a fault says otherwise.
    pub fn earlier(&self, by: Span) -> &Self {
        let earlier = self.faults.earlier(self.now, by);
        earlier.map_or(self, |earlier| earlier)
    }

    /// Something is about to happen at `point`: what a fault makes of it. The caller obeys, so this is a bite.
    #[inline]
    pub fn fault_at<'a>(
        &mut self,
        point: &'static Point,
        about: impl FnOnce(&Self) -> About<'a>,
    ) -> Option<Verdict> {
        if self.faults.is_empty() {
            return None;
        }
        let about = about(self);
        self.ask(point, &about)
    }

    /// Whether `point` holds for this, and how.
    #[inline]
    pub fn fault_holds<'a>(
        &self,
        point: &'static Point,
        about: impl FnOnce() -> About<'a>,
    ) -> Option<&Verdict> {
        if self.faults.is_empty() || !self.faults.are_at(point) {
            return None;
        }
        let about = about();
        let rule = self.holding(point, &about)?;
        Some(rule.fault.effect())
    }

    /// The same where it shows: the first time for each thing is a bite.
    pub fn fault_shows(&mut self, point: &'static Point, about: &About<'_>) -> Option<Verdict> {
        if self.faults.is_empty() {
            return None;
        }
        let (id, verdict, new) = {
            let rule = self.holding(point, about)?;
            let new = rule.seen.len() < SEEN && !rule.seen.contains(&about.to_string());
            (rule.id, rule.fault.effect().clone(), new)
        };
        if new {
            if let Some(rule) = self.faults.rules.get_mut(&id) {
                Arc::make_mut(rule).seen.insert(about.to_string());
            }
            self.faults.count(id, true);
            self.tell(id, point, about);
        }
        Some(verdict)
    }

    /// The time of a fault is over.
    pub(crate) fn end_fault(&mut self, id: FaultId) {
        let Some(rule) = self.faults.rules.remove(&id) else {
            return;
        };
        self.timers.cancel(&Timer::FaultEnd(id));
        if !self.faults.are_at(&network::LOSS) {
            self.faults.held = OrdMap::new();
        }
        let point = rule.fault.point.get().name;
        self.record(EventKind::FaultRemoved { fault: id.0, point });
        if !self.faults.are_at(&arm::STALE_READ) {
            self.faults.past = Vector::new();
        }
        replication::release(self, &rule.fault);
    }

    /// Keeps the world as it is now, if somebody may read it later.
    #[inline]
    pub(crate) fn remember(&mut self) {
        if self.faults.is_empty() || !self.faults.are_at(&arm::STALE_READ) {
            return;
        }
        let mut past = self.clone();
        past.faults = Faults::new(0);
        if self.faults.past.len() >= PAST {
            self.faults.past.pop_front();
        }
        self.faults.past.push_back(Arc::new(past));
    }

    /// A refused request leaves nothing behind but the bites of the faults that refused it.
    pub(crate) fn keep_bites(&mut self, draft: Self) {
        if draft.faults.counted == self.faults.counted {
            return;
        }
        let bites: Vec<EventKind> = draft
            .events_after(self.event_count())
            .filter(|event| matches!(event.kind, EventKind::FaultBit { .. }))
            .map(|event| event.kind.clone())
            .collect();
        self.faults = draft.faults;
        for bite in bites {
            self.record(bite);
        }
    }

    fn ask(&mut self, point: &'static Point, about: &About<'_>) -> Option<Verdict> {
        let rules: Vec<Arc<Installed>> = self
            .faults
            .iter()
            .filter(|rule| rule.fault.point == point.into() && rule.fault.matching.is_met(about))
            .cloned()
            .collect();
        for rule in rules {
            let when = &rule.fault.when;
            let in_turn = when.nth.is_none_or(|nth| rule.matched + 1 >= nth) && !rule.is_spent();
            let bites = in_turn && self.faults.draw(when.probability);
            let passes = *rule.fault.effect() == Verdict::Pass;
            self.faults.count(rule.id, bites);
            if bites {
                self.tell(rule.id, point, about);
                if !passes {
                    return Some(rule.fault.effect().clone());
                }
            }
        }
        None
    }

    fn holding(&self, point: &'static Point, about: &About<'_>) -> Option<&Arc<Installed>> {
        debug_assert_eq!(point.kind, Kind::Condition, "{}", point.name);
        self.faults.iter().find(|rule| {
            rule.fault.point == point.into()
                && *rule.fault.effect() != Verdict::Pass
                && rule.fault.matching.is_met(about)
        })
    }

    fn tell(&mut self, id: FaultId, point: &'static Point, about: &About<'_>) {
        self.record(EventKind::FaultBit {
            fault: id.0,
            point: point.name,
            about: about.to_string(),
        });
    }
}
