//! What the service does to a managed instance's certificate, and nobody can ask Azure for: rotating it.

use axum::Json;
use axum::extract::{Path, State};
use data_encoding::HEXUPPER;
use milink_core::azure::RotateEndpointCertificate;
use serde_json::{Value, json};

use super::body::Asked;
use super::error::ControlError;
use super::{Handle, World as Which};

/// `POST /_milink/servers/{name}/rotate-certificate`.
pub(super) async fn rotate(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let found = world.read(|world| {
        let instance = world.managed_instance(&name)?;
        let managed = instance.as_managed_instance()?;
        let before = managed.endpoint_certificate.thumbprint;
        Some((instance.id, instance.server_name(), before, world.now()))
    });
    let Some((instance, fqdn, before, now)) = found else {
        return Err(ControlError::not_found(format!(
            "there is no managed instance '{name}'"
        )));
    };
    let facts = shared.keys.next_instance_certificate(&fqdn, &before, now);
    let answer = json!({
        "name": name,
        "thumbprint": HEXUPPER.encode(&facts.thumbprint),
        "expires": facts.not_after.to_arm_text(),
    });
    world
        .submit(RotateEndpointCertificate { instance, facts })
        .map_err(|refusal| ControlError::bad_request(refusal.to_string()))?;
    Ok(Json(answer))
}
