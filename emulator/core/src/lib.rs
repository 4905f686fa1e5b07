//! The world: instances, databases, certificates, endpoints, availability groups and links, as one value.
//!
//! Knows no clock, socket, thread or random source: the time is an argument, everything else is state.

pub mod collation;
pub mod ids;
pub mod lsn;
pub mod names;
pub mod sql_type;
pub mod time;
pub mod value;
