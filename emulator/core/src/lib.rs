//! The world: instances, databases, certificates, endpoints, availability groups and links, as one value.
//!
//! Knows no clock, socket, thread or random source: the time is an argument, everything else is state.

#[cfg(test)]
extern crate self as milink_core;

pub mod access;
pub mod agent;
pub mod availability_group;
pub mod azure;
pub mod backup;
pub mod calendar;
pub mod certificate;
pub mod collation;
pub mod command;
pub mod database;
pub mod distributed;
pub mod doctor;
pub mod durations;
pub mod encryption;
pub mod endpoint;
pub mod event;
pub mod explain;
pub mod fault;
mod geo;
pub mod ids;
pub mod instance;
pub mod invariants;
pub mod key_file;
pub mod link;
pub mod linked_server;
pub mod listener;
pub mod listener_url;
pub mod lsn;
pub mod media;
pub mod names;
pub mod network;
pub mod operation;
pub mod path;
pub mod principal;
pub mod refusal;
pub mod replica;
pub mod session;
pub mod sql_type;
pub mod store;
pub mod time;
pub mod transitions;
pub mod value;
pub mod version;
pub mod visible;
pub mod world;

pub use refusal::Refusal;
pub use world::World;
