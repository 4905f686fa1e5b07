//! The emulator: sockets, TLS, HTTP and TDS around the world model.

pub mod arm;
pub mod calls;
pub mod cli;
pub mod clock;
pub mod config;
pub mod durations;
pub mod explanations;
pub mod hub;
pub mod inputs;
pub mod keys;
pub mod limits;
pub mod tape;
pub mod tds;
pub mod topology;

mod compat;
mod control;
mod drawing;
mod emulator;
mod http;
mod mirroring;
mod network;
mod room;
mod sockets;
mod sql;
mod ways;
mod wiring;

pub use emulator::{Builder, Emulator};
