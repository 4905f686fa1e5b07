//! Sockets for SQL clients: from the accepted connection to the bytes of an answer.
//!
//! `listener` accepts, `handshake` gets a client through PRELOGIN, TLS and LOGIN7,
//! `connection` runs its requests and hears its attentions. What a login or a request means is
//! behind the traits of [`service`]; nothing here knows SQL or the world.

mod listener;
pub mod service;
pub mod wire;

mod attention;
mod connection;
mod handshake;
mod incoming;
mod login;
mod sink;
mod socket;
mod tls;

pub use crate::room::Room;
pub use attention::Cancel;
pub(crate) use connection::read_again;
pub(crate) use listener::MOST_BYTES_OF_ALL;
pub use listener::{ListenerConfig, TlsConfigs, run, serve};
pub use sink::{ClientGone, DoneScope, End, ResponseSink};
pub(crate) use socket::ends_with_reset;

#[cfg(test)]
mod tests;
