//! A copy of a world that is asked as a world is, and then dropped.

use std::sync::{Mutex, MutexGuard, PoisonError};

use milink_core::World;
use milink_core::azure::deployment::{DeploymentKey, StartDeployment};
use milink_core::time::Timestamp;
use uuid::Uuid;

use super::go_on;
use crate::arm::error::ArmError;
use crate::arm::{Arm, Subscription, Worlds};

/// How many due moments are waited for at most.
const MOST_MOMENTS: usize = 10_000;

/// A copy of a world.
pub(super) struct Copy {
    subscription: Subscription,
    world: Mutex<World>,
}

impl Copy {
    /// A copy of a subscription's world as it is, or was.
    pub(super) fn of(arm: &Arm, subscription: Uuid, world: World) -> Self {
        let mut all = arm.worlds.subscriptions().into_iter();
        let named = all.find(|one| one.id == subscription);
        Self {
            subscription: Subscription {
                id: subscription,
                name: named.map(|one| one.name).unwrap_or_default(),
            },
            world: Mutex::new(world),
        }
    }

    pub(super) fn start(&self, request: StartDeployment) -> Result<(), ArmError> {
        let mut world = self.lock();
        let now = world.now();
        world.apply(now, request).map(drop).map_err(ArmError::from)
    }

    /// Lets the deployment come to its end, however long that takes there.
    pub(super) fn run(&self, arm: &Arm, key: &DeploymentKey) {
        for _ in 0..MOST_MOMENTS {
            go_on(arm, self.subscription.id);
            let mut world = self.lock();
            let running = world.azure.deployments.get(key);
            if running.is_none_or(|deployment| deployment.is_over()) {
                return;
            }
            let now = world.now();
            world.poll(now);
            match world.next_due() {
                Some(due) => world.advance_to(due),
                None if world.is_held() => {}
                None => return,
            }
        }
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worlds for Copy {
    fn subscriptions(&self) -> Vec<Subscription> {
        vec![self.subscription.clone()]
    }

    fn read(&self, id: Uuid, read: &mut dyn FnMut(&World)) -> bool {
        let there = id == self.subscription.id;
        if there {
            read(&self.lock());
        }
        there
    }

    fn change(&self, id: Uuid, _: &str, change: &mut dyn FnMut(&mut World, Timestamp)) -> bool {
        let there = id == self.subscription.id;
        if there {
            let mut world = self.lock();
            let now = world.now();
            change(&mut world, now);
        }
        there
    }

    fn poll_jump(&self, _: Uuid) {}

    fn look(&self, _: Uuid) {}

    fn would_jump(&self, _: Uuid) -> bool {
        false
    }

    fn note(&self, _: Uuid, _: String) {}
}
