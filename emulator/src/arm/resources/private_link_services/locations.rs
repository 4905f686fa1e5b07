//! What a region knows of private link services: whether an alias is visible, and which services approve by themselves.

use milink_core::azure::fabric::PrivateLinkService;
use serde_json::{Value, json};

use super::id_of;
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::references::missing;
use crate::arm::version::Versions;

pub(in crate::arm) const LOCATIONS: ResourceType = ResourceType {
    actions: &[("checkPrivateLinkServiceVisibility", check_visibility)],
    ..ResourceType::new("Microsoft.Network", "locations", Versions::Network)
};

pub(in crate::arm) const AUTO_APPROVED: ResourceType = ResourceType {
    list_all: Some(list_auto_approved),
    list: Some(list_auto_approved),
    ..ResourceType::new(
        "Microsoft.Network",
        "locations/autoApprovedPrivateLinkServices",
        Versions::Network,
    )
};

fn check_visibility(call: &Call<'_>) -> Result<Answer, ArmError> {
    let alias = call.body(|body| body.string("privateLinkServiceAlias"))?;
    let alias = alias.ok_or_else(|| missing("privateLinkServiceAlias"))?;
    let visible = call.read(|world| {
        let key = world.link_service_of_alias(&alias);
        let service = key.and_then(|key| world.azure.fabric.private_link_services.get(key));
        service.is_some_and(|service| service.is_visible_to(world.subscription))
    });
    Ok(Answer::ok(&json!({ "visible": visible })))
}

fn list_auto_approved(call: &Call<'_>) -> Result<Answer, ArmError> {
    let region = call.path.name(0).to_ascii_lowercase();
    let rows: Vec<(String, Value)> = call.read(|world| {
        let services = world.azure.fabric.private_link_services.iter();
        let approves = |service: &PrivateLinkService| {
            service.header.location == region && service.approves(world.subscription)
        };
        services
            .filter(|(_, service)| approves(service))
            .map(|(key, _)| {
                let id = id_of(call, key);
                (id.to_lowercase(), json!({ "privateLinkService": id }))
            })
            .collect()
    });
    paging::page(call, rows)
}
