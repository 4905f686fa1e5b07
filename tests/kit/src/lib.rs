//! Property testing with milink.
//!
//! For tests of tools that build, watch or fail over managed instance links, and of milink itself:
//!
//! - strategies for [`proptest`]: [`topology::plan`], [`action::action`] and its parts, [`arm::request`];
//! - a [`reference`](mod@reference) model that says what must be true afterwards, written from the documentation alone;
//! - a ready-made [`machine::LinkMachine`] for `proptest-state-machine`;
//! - an emulator of its own for every case, in this process on free ports under a clock that only moves when it is told:
//!   `case::Case`, with the feature `emulator`, which is on by default;
//! - `scenario::write`, which makes a scenario file of a failing case for `milink scenario run`.
//!
//! `tests/users_tool.rs` of this package drives a small tool of its own from end to end; start from there.

pub mod action;
pub mod arm;
#[cfg(feature = "emulator")]
pub mod case;
pub mod figures;
pub mod hunt;
pub mod lab;
pub mod machine;
pub mod observation;
pub mod reference;
pub mod run;
pub mod scenario;
pub mod topology;
