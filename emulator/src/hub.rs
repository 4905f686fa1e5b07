//! The worlds of this process: who finds them, who may change them, and when.
//!
//! Knows no HTTP, TDS or SQL; those come with requests for the model and get its answers. Into the seat of those who run
//! jobs (`jobs`) it does not look.

mod cell;
mod driver;
mod fault;
mod jobs;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use milink_core::World;
use milink_core::durations::Durations;
use milink_core::time::Timestamp;
use uuid::Uuid;

pub use cell::{ClockState, WorldCell};
pub use fault::FaultGuard;
pub(crate) use jobs::JobSeat;
pub use watch::{Watch, WhoIsAtIt};

use crate::clock::ClockMode;
use crate::tape::Tape;

/// The name of the world that is there from the start.
pub const DEFAULT_WORLD: &str = "default";

/// How many worlds a process holds at most.
const WORLDS: usize = 100_000;

/// All worlds, by name and by subscription.
pub struct Hub {
    registry: Mutex<Registry>,
    watch: Arc<Watch>,
    tape: Arc<Tape>,
}

#[derive(Default)]
struct Registry {
    by_name: BTreeMap<String, Arc<WorldCell>>,
    by_subscription: BTreeMap<Uuid, Arc<WorldCell>>,
}

/// What a new world starts with.
#[derive(Clone, Debug)]
pub struct WorldSpec {
    /// Its name in the control API.
    pub name: String,
    /// The subscription that selects it.
    pub subscription: Uuid,
    /// The seed of its ids.
    pub seed: u64,
    /// Its clock.
    pub clock: ClockMode,
    /// How long things take.
    pub durations: Durations,
    /// The moment it begins.
    pub start: Timestamp,
}

/// Why the hub says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// There is no such world.
    #[error("there is no world named '{0}'")]
    NoWorld(String),
    /// The name is taken.
    #[error("a world named '{0}' is there already")]
    NameTaken(String),
    /// The subscription is another world's.
    #[error("subscription {0} belongs to another world")]
    SubscriptionTaken(Uuid),
    /// The name cannot be used.
    #[error("'{0}' is no name for a world: use 1 to 63 letters, digits, '-' and '_'")]
    BadName(String),
    /// There are too many.
    #[error("there are {WORLDS} worlds already")]
    TooMany,
    /// There is no such snapshot.
    #[error("world '{world}' has no snapshot named '{snapshot}'")]
    NoSnapshot {
        /// The world.
        world: String,
        /// What was asked for.
        snapshot: String,
    },
    /// The world that is there from the start stays.
    #[error("the world '{DEFAULT_WORLD}' cannot be deleted; reset it instead")]
    Default,
}

impl Hub {
    /// No worlds yet.
    pub fn new() -> Arc<Self> {
        Self::with_tape(Tape::off())
    }

    /// No worlds yet, and an input log for those that come.
    pub(crate) fn with_tape(tape: Arc<Tape>) -> Arc<Self> {
        Arc::new(Self {
            registry: Mutex::default(),
            watch: Arc::default(),
            tape,
        })
    }

    /// The input log of all worlds.
    pub(crate) fn tape(&self) -> &Arc<Tape> {
        &self.tape
    }

    /// What is watched in all worlds: refusals, and the laws.
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Makes an empty world.
    ///
    /// # Errors
    ///
    /// The name or the subscription is taken or bad.
    pub fn create(&self, spec: WorldSpec) -> Result<Arc<WorldCell>, HubError> {
        let mut world = World::new(spec.seed, spec.subscription, spec.start);
        world.durations = spec.durations;
        self.insert(&spec.name, world, spec.clock)
    }

    /// Makes a world that begins as a copy of another, at the same moment, without its sessions.
    ///
    /// # Errors
    ///
    /// There is no such world, or the name or subscription is taken or bad.
    pub fn fork(
        &self,
        from: &str,
        name: &str,
        subscription: Uuid,
    ) -> Result<Arc<WorldCell>, HubError> {
        let (world, mode) = self.named(from)?.copy();
        self.insert_copy(name, world, mode, subscription)
    }

    /// The same, of what the other world has kept under a name.
    ///
    /// # Errors
    ///
    /// There is no such world or snapshot, or the name or subscription is taken or bad.
    pub fn fork_kept(
        &self,
        from: &str,
        snapshot: &str,
        name: &str,
        subscription: Uuid,
    ) -> Result<Arc<WorldCell>, HubError> {
        let (world, mode) = self.named(from)?.kept_copy(snapshot)?;
        self.insert_copy(name, world, mode, subscription)
    }

    fn insert_copy(
        &self,
        name: &str,
        mut world: World,
        mode: ClockMode,
        subscription: Uuid,
    ) -> Result<Arc<WorldCell>, HubError> {
        world.subscription = subscription;
        self.insert(name, world, mode)
    }

    /// Drops a world.
    ///
    /// # Errors
    ///
    /// There is no such world, or it is the default one.
    pub fn delete(&self, name: &str) -> Result<(), HubError> {
        if name == DEFAULT_WORLD {
            return Err(HubError::Default);
        }
        let mut registry = self.lock();
        let cell = registry
            .by_name
            .remove(name)
            .ok_or_else(|| HubError::NoWorld(name.to_owned()))?;
        registry.by_subscription.remove(&cell.subscription());
        drop(registry);
        cell.end();
        Ok(())
    }

    /// The world of this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn named(&self, name: &str) -> Result<Arc<WorldCell>, HubError> {
        let found = self.lock().by_name.get(name).cloned();
        found.ok_or_else(|| HubError::NoWorld(name.to_owned()))
    }

    /// The world of this subscription.
    pub fn of_subscription(&self, subscription: Uuid) -> Option<Arc<WorldCell>> {
        self.lock().by_subscription.get(&subscription).cloned()
    }

    /// All worlds: the default one first, the others by name.
    pub fn worlds(&self) -> Vec<Arc<WorldCell>> {
        let registry = self.lock();
        let default = registry.by_name.get(DEFAULT_WORLD);
        let others = registry
            .by_name
            .iter()
            .filter(|(name, _)| *name != DEFAULT_WORLD)
            .map(|(_, cell)| cell);
        default.into_iter().chain(others).cloned().collect()
    }

    fn insert(
        &self,
        name: &str,
        world: World,
        clock: ClockMode,
    ) -> Result<Arc<WorldCell>, HubError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 63 || !name.chars().all(allowed) {
            return Err(HubError::BadName(name.to_owned()));
        }
        let subscription = world.subscription;
        let mut registry = self.lock();
        if registry.by_name.contains_key(name) {
            return Err(HubError::NameTaken(name.to_owned()));
        }
        if registry.by_subscription.contains_key(&subscription) {
            return Err(HubError::SubscriptionTaken(subscription));
        }
        if registry.by_name.len() >= WORLDS {
            return Err(HubError::TooMany);
        }
        let (watch, tape) = (Arc::clone(&self.watch), Arc::clone(&self.tape));
        let cell = WorldCell::new(name, world, clock, watch, tape);
        registry.by_name.insert(name.to_owned(), Arc::clone(&cell));
        registry
            .by_subscription
            .insert(subscription, Arc::clone(&cell));
        drop(registry);
        cell.begin();
        Ok(cell)
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Both maps are changed together after all checks; a panic elsewhere leaves them whole.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
