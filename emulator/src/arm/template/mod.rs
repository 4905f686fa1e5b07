//! ARM templates: what the language says, worked out without any world.
//!
//! A template is planned once, before anything is written: parameters are checked, loops unrolled, names and
//! dependencies worked out. Bodies are evaluated when their turn comes, because `reference()` wants what is there by then.

mod copies;
mod error;
mod evaluate;
mod expression;
mod functions;
mod graph;
mod own_functions;
mod parameters;
mod plan;
mod resources;
mod scope;
mod types;

#[cfg(test)]
mod tests;

pub(super) use error::TemplateError;
pub(crate) use functions::names as functions;
pub(super) use plan::{Plan, Planned, parameters};
pub(super) use resources::interleave;
pub(super) use scope::{Facts, Runtime};

/// How many resources a template may make (limits of Azure's template documentation, as the further ones).
const MOST_RESOURCES: usize = 800;
const MOST_COPIES: usize = 800;
const MOST_PARAMETERS: usize = 256;
const MOST_VARIABLES: usize = 256;
const MOST_OUTPUTS: usize = 64;
/// A resource's definition once its expressions are worked out (documentation: "Best practices for templates"), and a
/// template, which that of a nested deployment has within it. The words of the refusal are ours.
const MOST_RESOURCE_BYTES: usize = 1 << 20;
const MOST_TEMPLATE_BYTES: usize = 4 << 20;
const LONGEST_EXPRESSION: usize = 24_576;
const LONGEST_RANGE: usize = 10_000;
/// How deep an expression or a value may nest: ours, so that nothing overflows.
const DEEPEST: usize = 48;
/// How deep a value may nest that is worked out: ours, so that nothing that walks over it overflows.
const DEEPEST_VALUE: usize = 128;
/// How many bytes all values together that a template works out may have: ours, so that no template eats the machine.
/// Tests come to the same end with less of the machine's time.
pub(super) const MOST_BYTES: usize = if cfg!(test) { 4 << 20 } else { 32 << 20 };
