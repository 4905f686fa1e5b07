//! A port that stands for a host and port of the model, seen from a vantage.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};

use super::door::{Door, Mode};
use super::{Network, Target};

/// One port.
pub(crate) struct Port {
    from: String,
    target: Target,
    door: Door,
    now: Mutex<Now>,
    /// Connections so far: where there are several ways, they take turns.
    flows: AtomicUsize,
}

struct Now {
    mode: Mode,
    accepting: Option<AbortHandle>,
}

impl Port {
    pub(super) fn bind(from: &str, target: Target, at: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            from: from.to_owned(),
            target,
            door: Door::bind(at)?,
            now: Mutex::new(Now {
                mode: Mode::Closed,
                accepting: None,
            }),
            flows: AtomicUsize::new(0),
        })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// What its clients meet now.
    pub(crate) fn mode(&self) -> Mode {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).mode
    }

    pub(super) fn from(&self) -> &str {
        &self.from
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The number of the next connection.
    pub(super) fn next_flow(&self) -> usize {
        self.flows.fetch_add(1, Ordering::Relaxed)
    }

    /// Changes what clients meet. Hands back those who had come in before.
    pub(super) fn become_mode(
        self: &Arc<Self>,
        mode: Mode,
        tasks: &mut JoinSet<()>,
        network: &Weak<Network>,
    ) -> io::Result<Vec<TcpStream>> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.mode == mode {
            return Ok(Vec::new());
        }
        if let Some(accepting) = now.accepting.take() {
            accepting.abort();
        }
        let late = self.door.become_mode(mode)?;
        now.mode = mode;
        let is_open = match mode {
            Mode::Open => true,
            // Where there are no holes, clients are let in and left alone.
            Mode::Hole => !super::door::HAS_HOLES,
            Mode::Closed => false,
        };
        if is_open {
            let accepting = accept(Weak::clone(network), Arc::clone(self));
            now.accepting = Some(tasks.spawn(accepting));
        }
        Ok(late)
    }

    /// Takes nobody any more.
    pub(super) fn close(&self) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(accepting) = now.accepting.take() {
            accepting.abort();
        }
        if self.door.become_mode(Mode::Closed).is_ok() {
            now.mode = Mode::Closed;
        }
    }
}

async fn accept(network: Weak<Network>, port: Arc<Port>) {
    while let Some(accepted) = poll_fn(|cx| port.door.poll_accept(cx)).await {
        let Some(network) = network.upgrade() else {
            return;
        };
        match accepted {
            Ok(stream) => {
                let mut state = network.lock();
                network.take(&mut state, &port, stream);
            }
            Err(error) => {
                // Out of descriptors, or a client that left in the queue; the first would spin.
                tracing::warn!(address = %port.address(), %error, "cannot accept a client");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
