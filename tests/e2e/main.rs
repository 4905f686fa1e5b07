//! The emulator from outside: real HTTPS, real TDS, its command line.

mod clock;
mod compat;
mod control;
mod deployments;
mod explain;
mod faults;
mod hostile_http;
mod hostile_http2;
mod hostile_tds;
mod job_lives;
mod jobs;
mod long_statements;
mod many_worlds;
mod network;
mod preconditions;
mod replay;
mod servers;
mod sessions;
mod transitions;
mod trust;
mod worlds;
