//! Would it connect? From a vantage to a host and port: by which hops, and if not, the one reason, and what would fix it.
//!
//! Nothing is kept here: every answer is computed from the world, and the sockets ask the same evaluator.

mod admit;
mod evaluate;
mod filter;
mod hint;
mod passage;
mod resolve;
mod route;
mod scenery;
mod vantage;
mod verdict;
mod walk;

pub use admit::{
    REDIRECTED, admit, certificate_fits, certificate_names, login_name, redirect_of, speaks_sql,
};
pub use evaluate::{Ask, evaluate, evaluate_flow, evaluate_interactively};
pub use passage::{Idle, ProxyHeader, SERVICE_REMEMBERS};
pub use resolve::{Answer, Resolved, records_from, resolve_from};
pub use scenery::Scenery;
pub use vantage::{Vantage, VantageError};
pub use verdict::{Branch, End, Hop, Reason, Redirect, Symptom, Verdict, Warning, Way};
