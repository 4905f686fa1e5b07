//! The emulator: sockets, TLS, HTTP and TDS around the world model.

pub mod clock;
pub mod hub;
pub mod keys;
pub mod tds;
