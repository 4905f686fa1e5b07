//! The hub and the keys, as ARM wants to see them.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::explain::{self, Explanation};
use milink_core::time::Timestamp;
use uuid::Uuid;

use crate::arm;
use crate::calls::Calls;
use crate::explanations::Refused;
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

    fn tape(&self) -> Arc<crate::tape::Tape> {
        Arc::clone(Self::tape(self))
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

    fn refused(&self, id: Option<Uuid>, what: &arm::Refusing<'_>) -> Option<String> {
        let refused = Refused {
            id: String::new(),
            world: None,
            time: None,
            at: Timestamp::default(),
            server: "ARM".to_owned(),
            asked: what.asked.to_owned(),
            code: what.code.to_owned(),
            message: what.message.to_owned(),
            explanation: of_gateway(what),
        };
        let cell = id.and_then(|id| self.of_subscription(id));
        Some(match (cell, what.reason) {
            (Some(cell), Some(reason)) => {
                cell.explain(refused, |world| explain::refusal(world, reason))
            }
            (Some(cell), None) => cell.explain(refused, |_| of_gateway(what)),
            (None, _) => self.watch().explanations().add(refused),
        })
    }

    fn asked(&self, id: Uuid, what: &str) {
        if let Some(cell) = self.of_subscription(id) {
            cell.note_input("ARM", what);
        }
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

/// What helps with an error that no world has a part in.
fn of_gateway(what: &arm::Refusing<'_>) -> Explanation {
    let remedy = match what.code {
        "AuthenticationFailed" | "InvalidAuthenticationToken" | "ExpiredAuthenticationToken" => {
            "get a token from this emulator, over HTTPS: `milink az login …`, or what `milink env` prints"
        }
        "SubscriptionNotFound" | "InvalidSubscriptionId" => {
            "use the subscription of a world: `milink world list`"
        }
        "MissingApiVersionParameter"
        | "InvalidApiVersionParameter"
        | "NoRegisteredProviderFound"
        | "InvalidResourceType" => {
            "use one of the api-versions that the message names, or start with `milink up --loose`"
        }
        arm::NOT_EMULATED => "COMPAT.md lists what milink does",
        _ => "",
    };
    Explanation {
        reason: what.message.to_owned(),
        facts: vec![format!("{} was answered with {}", what.asked, what.code)],
        remedy: match remedy.is_empty() {
            true => Vec::new(),
            false => vec![remedy.to_owned()],
        },
    }
}
