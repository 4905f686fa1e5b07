//! The control API under `/_milink/`: milink's own, not Azure's. Readable by anybody who reaches the port.

mod body;
mod calls;
mod certificates;
mod clock;
mod error;
mod explain;
mod faults;
mod health;
#[cfg(test)]
mod hostile;
mod journal;
mod logged;
mod machines;
mod net;
mod openapi;
mod principals;
mod servers;
mod transitions;
mod trust;
mod ways;
mod worlds;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use serde::Deserialize;

use crate::emulator::Shared;
use crate::hub::{DEFAULT_WORLD, WorldCell};
use body::Asked;
use error::ControlError;
pub(crate) use faults::described;
pub(crate) use logged::again;

type Handle = State<Arc<Shared>>;

/// Which world a request is about: `?world=NAME`, else the first one.
#[derive(Debug, Deserialize)]
struct Which {
    world: Option<String>,
}

impl Which {
    fn find(&self, shared: &Shared) -> Result<Arc<WorldCell>, ControlError> {
        let name = self.world.as_deref().unwrap_or(DEFAULT_WORLD);
        Ok(shared.hub.named(name)?)
    }
}

type World = Asked<Which>;

/// The routes of the control API and the aliases that other emulators' users expect.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let control = Router::new()
        .route("/", get(openapi::index))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/info", get(health::info))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/ca.pem", get(health::authority))
        .route("/worlds", get(worlds::list).post(worlds::create))
        .route("/worlds/{name}", get(worlds::show).delete(worlds::delete))
        .route("/worlds/{name}/calls", get(calls::read).put(calls::record))
        .route("/worlds/{name}/state", get(calls::state))
        .route("/clock", get(clock::show).put(clock::set))
        .route("/clock/advance", post(clock::advance))
        .route("/transitions", get(transitions::show).put(transitions::set))
        .route("/transitions/{name}/step", post(transitions::step))
        .route(
            "/servers/{name}/rotate-certificate",
            post(certificates::rotate),
        )
        .route("/journal", get(journal::read))
        .route("/explain", get(explain::latest))
        .route("/explain/{id}", get(explain::one))
        .route("/worlds/{name}/doctor", get(explain::doctor))
        .route("/worlds/{name}/log", get(explain::log))
        .route("/servers", get(servers::list))
        .route("/servers/{name}", put(servers::set))
        .route("/servers/{name}/{action}", post(servers::act))
        .route("/snapshot", get(worlds::snapshots))
        .route("/snapshot/{snapshot}", post(worlds::keep))
        .route("/snapshot/{snapshot}/restore", post(worlds::restore))
        .route("/reset", post(worlds::reset))
        .route(
            "/faults",
            get(faults::list)
                .post(faults::install)
                .delete(faults::clear),
        )
        .route("/principals", get(principals::list))
        .route(
            "/principals/{name}",
            put(principals::add).delete(principals::remove),
        )
        .route("/faults/points", get(faults::registry))
        .route("/faults/points/{point}", get(faults::point))
        .route("/faults/{id}", get(faults::show).delete(faults::remove))
        .route("/trust", get(trust::show).put(trust::set))
        .route("/net/vantages", get(net::vantages))
        .route("/net/evaluate", post(net::evaluate))
        .route("/net/resolve", post(net::resolve))
        .route("/net/drawing", get(ways::drawing))
        .route("/net/hosts", get(ways::hosts))
        .route("/net/dns", get(ways::dns))
        .route("/net/dns-query", post(ways::dns_query))
        .route("/net/doors", get(ways::doors))
        .route("/net/dial", get(net::dial))
        .route("/net/trace", get(net::trace))
        .route("/net/probe-clock/advance", post(machines::advance_probes))
        .route("/net/vm/{name}", get(machines::show))
        .route("/net/vm/{name}/reboot", post(machines::reboot))
        .route("/net/vm/{name}/iptables", post(machines::forward))
        .route("/net/vm/{name}/relay", post(machines::relay))
        .route("/net/vm/{name}/web", post(machines::web))
        .route(
            "/net/site/{name}/forward-names",
            post(machines::forward_names),
        )
        .route("/net/mi/{name}/change-ip", post(machines::change_address))
        .fallback(error::unknown)
        .method_not_allowed_fallback(error::wrong_method);
    let log = from_fn_with_state(Arc::clone(&shared), logged::log);
    Router::new()
        .nest("/_milink", control.layer(log))
        .route("/health", get(health::health))
        .route("/_localstack/health", get(health::health))
        .with_state(shared)
}
