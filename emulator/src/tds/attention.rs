//! The wish of a client that a running request end.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Set once, by the connection, when an attention arrives; read by the session that runs.
#[derive(Debug, Default)]
pub struct Cancel {
    is_set: AtomicBool,
    notify: Notify,
}

impl Cancel {
    /// True once the client wants no more.
    pub fn is_cancelled(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Completes when the client wants no more; for a session that waits for something else.
    pub async fn cancelled(&self) {
        let notified = self.notify.notified();
        tokio::pin!(notified);
        // Registered before the flag is read, so that no wish falls between the two.
        notified.as_mut().enable();
        if !self.is_cancelled() {
            notified.await;
        }
    }

    pub(crate) fn cancel(&self) {
        self.is_set.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }
}
