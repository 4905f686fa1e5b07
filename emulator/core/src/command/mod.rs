//! What the world can be asked to do: one request struct per operation, each with its own reply.

mod backup;
mod database;
mod database_file;
mod endpoint;
mod group;
mod provision;
mod restore;
mod security;
mod server;
mod service;
mod session;
mod transaction;

pub use backup::*;
pub use database::*;
pub use database_file::{CreateDatabaseWithFiles, NewFile};
pub use endpoint::*;
pub use group::*;
pub use provision::*;
pub use restore::*;
pub(crate) use security::change;
pub use security::*;
pub use server::*;
pub use service::{RestartServer, SetHadr, SetOutage, StartServer, StopServer};
pub(crate) use service::{groups_online, move_to_another_node, start, stop};
pub(crate) use session::close_served;
pub use session::*;
pub use transaction::*;
pub(crate) use transaction::{keep_doubtful, kill_undecided};

use crate::refusal::Refusal;
use crate::world::World;

/// Something the world can be asked to do.
pub trait Request: Clone {
    /// What it answers.
    type Reply;

    /// Whether it can change what a link depends on; reading and writing rows cannot.
    const CONCERNS_LINKS: bool = true;

    /// Checks everything, then changes the world. It is handed a draft that is dropped if it refuses.
    fn apply(self, world: &mut World) -> Result<Self::Reply, Refusal>;
}
