//! Links the released program at a fixed address.
//!
//! A program that can be loaded anywhere has a table of 31,000 places to be put right at every start, and pages that are the
//! process's own from then on: 0.7 MB of the file and 0.5 MB of memory. A test double on the loopback does without.

use std::env;

#[allow(clippy::print_stdout, reason = "this is how Cargo is told")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
