//! The hub and the keys, as ARM wants to see them.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;
use uuid::Uuid;

use crate::arm;
use crate::calls::Calls;
use crate::hub::{DEFAULT_WORLD, Hub};
use crate::keys::Keys;

impl arm::Worlds for Hub {
    fn subscriptions(&self) -> Vec<arm::Subscription> {
        let name = |world: &str| match world {
            DEFAULT_WORLD => "milink".to_owned(),
            other => format!("milink {other}"),
        };
        self.worlds()
            .iter()
            .map(|cell| arm::Subscription {
                id: cell.subscription(),
                name: name(cell.name()),
            })
            .collect()
    }

    fn first(&self) -> Option<Uuid> {
        Some(self.named(DEFAULT_WORLD).ok()?.subscription())
    }

    fn has_faults(&self, id: Uuid) -> bool {
        self.of_subscription(id)
            .is_some_and(|cell| cell.has_faults())
    }

    fn read(&self, id: Uuid, read: &mut dyn FnMut(&World)) -> bool {
        let Some(cell) = self.of_subscription(id) else {
            return false;
        };
        cell.read(read);
        true
    }

    fn change(&self, id: Uuid, what: &str, change: &mut dyn FnMut(&mut World, Timestamp)) -> bool {
        let Some(cell) = self.of_subscription(id) else {
            return false;
        };
        tracing::debug!(world = cell.name(), request = what, "ARM changes the world");
        cell.change(change);
        true
    }

    fn calls(&self, id: Uuid) -> Option<Arc<Calls>> {
        Some(Arc::clone(self.of_subscription(id)?.calls()))
    }

    fn poll_jump(&self, id: Uuid) {
        if let Some(cell) = self.of_subscription(id) {
            cell.poll_jump();
        }
    }

    fn look(&self, id: Uuid) {
        if let Some(cell) = self.of_subscription(id) {
            cell.look();
        }
    }

    fn would_jump(&self, id: Uuid) -> bool {
        self.of_subscription(id)
            .is_some_and(|cell| cell.would_jump())
    }

    fn note(&self, id: Uuid, text: String) {
        if let Some(cell) = self.of_subscription(id) {
            cell.change(|world, _| world.note(text));
        }
    }
}

impl arm::Keys for Keys {
    fn instance_certificate(&self, fqdn: &str) -> CertificateFacts {
        Self::instance_certificate(self, fqdn)
    }

    fn certificate_facts(&self, der: &[u8]) -> Result<CertificateFacts, String> {
        self.read_certificate(der)
    }
}

/// The hub as the trait object that ARM holds.
pub(crate) fn worlds(hub: &Arc<Hub>) -> Arc<dyn arm::Worlds> {
    Arc::clone(hub) as Arc<dyn arm::Worlds>
}
