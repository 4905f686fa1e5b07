//! Linked servers and transactions that span instances: what sessions say, in a network drawn for them.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod support;
mod town;

mod doubt;
mod refusals;
mod rows;
mod transactions;
