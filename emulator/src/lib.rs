//! The emulator: sockets, TLS, HTTP and TDS around the world model.

pub mod tds;
