//! SQL clients and the engine: who may log in where, and requests run by the engine's sessions.
//!
//! Knows both the wire's events and the engine's; neither of those knows the other.

mod convert;
mod faults;
mod host;
mod jobs;
mod logged;
mod login;
mod recorded;
mod route;
mod session;

use std::sync::Arc;

use milink_core::ids::InstanceId;

use crate::arm::Arm;
use crate::hub::{Hub, WorldCell};
use crate::keys::Keys;
use crate::network::Route;
use crate::tds::service::SqlService;

pub(crate) use faults::strike_again;
pub(crate) use jobs::run_jobs;
pub(crate) use logged::{log_in_again, request_again};

/// One address that SQL clients connect to.
pub(crate) struct SqlEndpoint {
    cell: Arc<WorldCell>,
    /// Where instances of other worlds are looked for, too.
    hub: Option<Arc<Hub>>,
    keys: Arc<Keys>,
    target: Target,
}

/// What stands behind an address.
enum Target {
    /// One SQL Server; for one connection, with the way by which it has come through the model's network.
    SqlServer(InstanceId, Option<Box<Route>>),
    /// The gateway of the managed instances, which routes by the server's name.
    Gateway {
        /// Judges Entra tokens.
        tokens: Arc<Arm>,
    },
    /// The gateway at the end of a way through the model's network, for one connection.
    Route {
        /// Judges Entra tokens.
        tokens: Arc<Arm>,
        /// The way.
        route: Box<Route>,
    },
}

impl Target {
    /// The way of the one connection that this is for.
    fn way(&self) -> Option<&Route> {
        match self {
            Self::SqlServer(_, route) => route.as_deref(),
            Self::Route { route, .. } => Some(route),
            Self::Gateway { .. } => None,
        }
    }
}

impl SqlEndpoint {
    /// The address of a SQL Server, and of those in `hub` that have none, if it is given.
    pub(crate) fn sql_server(
        cell: Arc<WorldCell>,
        instance: InstanceId,
        hub: Option<Arc<Hub>>,
        keys: Arc<Keys>,
    ) -> Arc<dyn SqlService> {
        Arc::new(Self {
            cell,
            hub,
            keys,
            target: Target::SqlServer(instance, None),
        })
    }

    /// The SQL Server that one connection has come to through the model's network.
    pub(crate) fn server_by_route(
        cell: Arc<WorldCell>,
        instance: InstanceId,
        keys: Arc<Keys>,
        route: Route,
    ) -> Arc<dyn SqlService> {
        Arc::new(Self {
            cell,
            hub: None,
            keys,
            target: Target::SqlServer(instance, Some(Box::new(route))),
        })
    }

    /// The address of all managed instances of a world, and of the others in `hub` if it is given.
    pub(crate) fn gateway(
        cell: Arc<WorldCell>,
        hub: Option<Arc<Hub>>,
        keys: Arc<Keys>,
        tokens: Arc<Arm>,
    ) -> Arc<dyn SqlService> {
        Arc::new(Self {
            cell,
            hub,
            keys,
            target: Target::Gateway { tokens },
        })
    }

    /// The gateway that one connection has come to through the model's network.
    pub(crate) fn route(
        cell: Arc<WorldCell>,
        keys: Arc<Keys>,
        tokens: Arc<Arm>,
        route: Route,
    ) -> Arc<dyn SqlService> {
        let route = Box::new(route);
        Arc::new(Self {
            cell,
            hub: None,
            keys,
            target: Target::Route { tokens, route },
        })
    }
}
