//! The bounds that keep a client from making the server hold too much.

use crate::{Error, Result};

/// How much a client may send. Every field is a maximum, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of a PRELOGIN message.
    pub prelogin_bytes: usize,
    /// Length of a LOGIN7 message; `[MS-TDS]` 2.2.6.4 sets 128 KiB - 1.
    pub login_bytes: usize,
    /// Length of any other message.
    pub message_bytes: usize,
    /// Length of one parameter value.
    pub value_bytes: usize,
    /// Parameters of one procedure call; the server's own limit is 2100.
    pub rpc_parameters: usize,
    /// Procedure calls in one RPC message.
    pub rpc_calls: usize,
    /// Values in one bulk load message: a row of a byte or two takes far more once it is read.
    pub bulk_values: usize,
    /// Memory for all values of one message, as they are once they are read: a parameter of four bytes takes far more then.
    pub decoded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            prelogin_bytes: 4096,
            login_bytes: 128 * 1024 - 1,
            message_bytes: 64 * 1024 * 1024,
            value_bytes: 32 * 1024 * 1024,
            rpc_parameters: 2100,
            rpc_calls: 1000,
            bulk_values: 4_000_000,
            decoded_bytes: usize::MAX,
        }
    }
}

/// Counts what values take once they are read.
pub(crate) struct Meter {
    left: usize,
    taken: usize,
}

impl Meter {
    /// Nothing yet, and as much as may be.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            left: limits.decoded_bytes,
            taken: 0,
        }
    }

    /// So many bytes more.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or(Error::NoRoom)?;
        self.taken += bytes;
        Ok(())
    }

    /// How many there were.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}
