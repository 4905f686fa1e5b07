//! Client of a managed instance link: ARM over HTTPS, SQL over TDS, and milink's control API.
//!
//! Knows the public contracts only, never the emulator's inside; ARM and SQL work against real Azure as well.

mod arm;
mod control;
mod dial;
mod error;
mod operation;
mod sql;
mod token;
mod way;

pub use arm::{Answer, Arm};
pub use control::Control;
pub use dial::{Dialled, Met, dial, dial_by};
pub use error::Error;
pub use milink_model as model;
pub use operation::{Operation, Outcome};
pub use sql::{Cell, Login, ResultSet, ServerError, Sql, SqlAddress};
pub use token::{Credentials, TokenSource};
pub use way::Way;
