//! What ARM needs of the rest of the program: worlds to ask and change, and somebody who knows certificates.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::refusal::Refusal;
use milink_core::time::Timestamp;
use uuid::Uuid;

use crate::calls::Calls;

/// A subscription: the name of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Its display name.
    pub name: String,
}

/// A request that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusing<'a> {
    /// Method and path.
    pub asked: &'a str,
    /// ARM's code.
    pub code: &'a str,
    /// ARM's message.
    pub message: &'a str,
    /// The core's reason, if it was the core that refused.
    pub reason: Option<&'a Refusal>,
}

/// The worlds, by subscription id.
pub trait Worlds: Send + Sync {
    /// All of them, in a stable order.
    fn subscriptions(&self) -> Vec<Subscription>;

    /// The first of them.
    fn first(&self) -> Option<Uuid> {
        self.subscriptions().first().map(|first| first.id)
    }

    /// Whether a world has faults on request.
    fn has_faults(&self, id: Uuid) -> bool {
        let mut any = false;
        self.read(id, &mut |world| any = !world.faults().is_empty());
        any
    }

    /// Brings a world up to its clock's now, then reads it. False if there is no such world.
    fn read(&self, id: Uuid, read: &mut dyn FnMut(&World)) -> bool;

    /// Changes a world at its clock's now. `what` names the kind of request, and nothing of what is in it: requests
    /// carry passwords.
    fn change(&self, id: Uuid, what: &str, change: &mut dyn FnMut(&mut World, Timestamp)) -> bool;

    /// The input log of all worlds.
    #[doc(hidden)]
    fn tape(&self) -> Arc<crate::tape::Tape> {
        crate::tape::Tape::off()
    }

    /// Where the calls to a world are entered.
    fn calls(&self, _id: Uuid) -> Option<Arc<Calls>> {
        None
    }

    /// A client polls a running operation: a clock that jumps goes to the next due moment.
    fn poll_jump(&self, id: Uuid);

    /// A client reads a link, which counts as a poll of what waits for polls.
    fn look(&self, id: Uuid);

    /// Whether the next poll makes the time jump to something, so that nobody has to wait before it.
    fn would_jump(&self, id: Uuid) -> bool;

    /// A request was refused: remembers why, and says under which id. `None` keeps nothing.
    fn refused(&self, _id: Option<Uuid>, _what: &Refusing<'_>) -> Option<String> {
        None
    }

    /// Somebody asks for something that may change a world.
    fn asked(&self, _id: Uuid, _what: &str) {}

    /// Something for the journal, such as members of a request that were ignored.
    fn note(&self, id: Uuid, text: String);
}

/// Certificates: made ahead of time, or read.
pub trait Keys: Send + Sync {
    /// The endpoint certificate of the managed instance with this domain name; always the same one.
    fn instance_certificate(&self, fqdn: &str) -> CertificateFacts;

    /// The facts of a DER certificate, or what is wrong with it.
    fn certificate_facts(&self, der: &[u8]) -> Result<CertificateFacts, String>;
}
