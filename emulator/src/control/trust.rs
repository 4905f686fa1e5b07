//! Who trusts whom, who can have a transaction with whom, and whether trust outlives its group.

use axum::Json;
use axum::extract::State;
use milink_core::World;
use milink_core::azure::{SetTrustLingering, TrustScope};
use milink_core::distributed::can_distribute;
use milink_core::instance::Instance;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as WhichWorld};

/// `PUT /_milink/trust`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// `stg_lingering`: trust outlives membership until a failover.
    lingering: bool,
}

/// `GET /_milink/trust`.
pub(super) async fn show(
    State(shared): Handle,
    Asked(which): WhichWorld,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?.snapshot();
    Ok(Json(shown(&world)))
}

/// `PUT /_milink/trust`.
pub(super) async fn set(
    State(shared): Handle,
    Asked(which): WhichWorld,
    Body(asked): Body<Settings>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let lingers = asked.lingering;
    world
        .submit(SetTrustLingering { lingers })
        .expect("setting it is never refused");
    Ok(Json(shown(&world.snapshot())))
}

/// Every pair of managed instances that trust each other, or are in a group together.
fn shown(world: &World) -> Value {
    let trust = &world.azure.trust;
    let instances: Vec<&Instance> = world
        .instances
        .values()
        .map(|instance| &**instance)
        .filter(|instance| instance.is_managed_instance())
        .collect();
    let mut pairs = Vec::new();
    for (at, one) in instances.iter().enumerate() {
        for other in &instances[at + 1..] {
            let effective = |scope: &TrustScope| trust.is_effective(one.id, other.id, *scope);
            let scopes: Vec<TrustScope> = TrustScope::ALL.into_iter().filter(effective).collect();
            if scopes.is_empty() {
                continue;
            }
            let lingers = |scope: &&TrustScope| !trust.are_members(one.id, other.id, **scope);
            let obstacle = can_distribute(world, one.id, other.id, &other.server_name()).err();
            pairs.push(json!({
                "instances": [one.name.as_str(), other.name.as_str()],
                "scopes": scopes.iter().map(|scope| scope.text()).collect::<Vec<_>>(),
                "lingering": scopes.iter().filter(lingers).map(|scope| scope.text()).collect::<Vec<_>>(),
                "canDistribute": obstacle.is_none(),
                "reason": obstacle.map(|obstacle| obstacle.to_string()),
            }));
        }
    }
    json!({ "lingering": trust.lingers(), "pairs": pairs })
}
