//! Ids of other resources in bodies of Microsoft.Network: read into keys, and written back.

use milink_core::azure::fabric::{NatRuleId, PoolId, Target};
use milink_core::azure::{ResourceKey, SubnetId};
use milink_core::names::Name;
use milink_core::refusal::{AzureRefusal, Refusal};

use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;

/// A resource that an id names: its namespace and types, and the names along the way.
#[derive(Clone, Debug)]
pub(super) struct Id {
    pub(super) group: Name,
    /// `Microsoft.Network/loadBalancers/backendAddressPools`, in lower case.
    pub(super) kind: String,
    /// The names, outermost first.
    pub(super) names: Vec<Name>,
}

impl Id {
    /// Reads an id of this subscription.
    pub(super) fn parse(call: &Call<'_>, id: &str) -> Result<Self, ArmError> {
        let bad = || {
            ArmError::service(
                axum::http::StatusCode::BAD_REQUEST,
                "InvalidRequestFormat",
                format!(
                    "Cannot parse the request: '{id}' is not the id of a resource of this subscription."
                ),
            )
        };
        let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
        let [
            word,
            subscription,
            groups,
            group,
            providers,
            namespace,
            rest @ ..,
        ] = parts.as_slice()
        else {
            return Err(bad());
        };
        let fits = word.eq_ignore_ascii_case("subscriptions")
            && subscription.eq_ignore_ascii_case(&call.subscription.to_string())
            && groups.eq_ignore_ascii_case("resourceGroups")
            && providers.eq_ignore_ascii_case("providers");
        if !fits || rest.is_empty() || !rest.len().is_multiple_of(2) || parts.contains(&"") {
            return Err(bad());
        }
        let types: Vec<&str> = rest.iter().copied().step_by(2).collect();
        Ok(Self {
            group: Name::new(group),
            kind: format!("{namespace}/{}", types.join("/")).to_ascii_lowercase(),
            names: rest
                .iter()
                .skip(1)
                .step_by(2)
                .map(|name| Name::new(name))
                .collect(),
        })
    }

    /// The key of the outermost resource.
    pub(super) fn key(&self) -> ResourceKey {
        ResourceKey {
            group: self.group.clone(),
            name: self.names[0].clone(),
        }
    }

    /// The same if it is of this type.
    pub(super) fn key_of(&self, kind: &'static str) -> Result<ResourceKey, ArmError> {
        if self.kind == kind.to_ascii_lowercase() {
            return Ok(self.key());
        }
        Err(invalid(kind, &self.kind))
    }

    /// The innermost name.
    pub(super) fn last(&self) -> &Name {
        &self.names[self.names.len() - 1]
    }
}

/// `{ "id": … }` under a name.
pub(super) fn reference(object: &Object<'_>, name: &str) -> Result<Option<String>, ArmError> {
    let Some(found) = object.object(name)? else {
        return Ok(None);
    };
    let id = found.string("id")?;
    found.ignore_all();
    Ok(id)
}

/// The subnet that a body names as `subnet.id`.
pub(super) fn subnet(call: &Call<'_>, object: &Object<'_>) -> Result<SubnetId, ArmError> {
    let id = reference(object, "subnet")?.ok_or_else(|| missing("subnet"))?;
    subnet_of(call, &id)
}

/// The subnet of an id, which whoever names it must be allowed to join.
pub(super) fn subnet_of(call: &Call<'_>, id: &str) -> Result<SubnetId, ArmError> {
    match SubnetId::parse(id) {
        Some((subscription, subnet))
            if subscription.eq_ignore_ascii_case(&call.subscription.to_string()) =>
        {
            call.linked("Microsoft.Network/virtualNetworks/subnets/join/action", id)?;
            Ok(subnet)
        }
        _ => Err(invalid("Microsoft.Network/virtualNetworks/subnets", id)),
    }
}

/// What a private endpoint is to lead to, and whether it is named by an alias.
pub(super) fn named_target(call: &Call<'_>, id: &str) -> Result<(Target, bool), ArmError> {
    if id.contains('/') {
        return target(call, id).map(|target| (target, false));
    }
    let found = call.read(|world| world.link_service_of_alias(id).cloned());
    match found {
        Some(key) => Ok((Target::Service(key), true)),
        None => Err(Refusal::from(AzureRefusal::ReferenceNotFound {
            resource: id.to_owned(),
            by: format!("Microsoft.Network/privateEndpoints/{}", call.path.name(0)),
        })
        .into()),
    }
}

/// What a private endpoint is to lead to.
pub(super) fn target(call: &Call<'_>, id: &str) -> Result<Target, ArmError> {
    let parsed = Id::parse(call, id)?;
    match parsed.kind.as_str() {
        "microsoft.sql/managedinstances" => Ok(Target::Instance(parsed.names[0].clone())),
        "microsoft.network/privatelinkservices" => Ok(Target::Service(parsed.key())),
        other => Err(ArmError::not_emulated(&format!(
            "A private endpoint to '{other}'"
        ))),
    }
}

/// The id of what a private endpoint leads to.
pub(super) fn target_id(call: &Call<'_>, world: &milink_core::World, target: &Target) -> String {
    match target {
        Target::Instance(name) => {
            let view = world.managed_instance_view(name.as_str());
            let group = view.map_or_else(String::new, |view| {
                view.properties.resource_group.to_string()
            });
            call.id_in_group(&group, &format!("Microsoft.Sql/managedInstances/{name}"))
        }
        Target::Service(key) => call.id_in_group(
            key.group.as_str(),
            &format!("Microsoft.Network/privateLinkServices/{}", key.name),
        ),
    }
}

/// A pool of a load balancer.
pub(super) fn pool(call: &Call<'_>, id: &str) -> Result<PoolId, ArmError> {
    let parsed = Id::parse(call, id)?;
    if parsed.kind != "microsoft.network/loadbalancers/backendaddresspools" {
        return Err(invalid(
            "Microsoft.Network/loadBalancers/backendAddressPools",
            id,
        ));
    }
    call.linked(
        "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
        id,
    )?;
    Ok(PoolId {
        balancer: parsed.key(),
        name: parsed.last().clone(),
    })
}

/// An inbound NAT rule of a load balancer.
pub(super) fn nat_rule(call: &Call<'_>, id: &str) -> Result<NatRuleId, ArmError> {
    let parsed = Id::parse(call, id)?;
    if parsed.kind != "microsoft.network/loadbalancers/inboundnatrules" {
        return Err(invalid(
            "Microsoft.Network/loadBalancers/inboundNatRules",
            id,
        ));
    }
    call.linked(
        "Microsoft.Network/loadBalancers/inboundNatRules/join/action",
        id,
    )?;
    Ok(NatRuleId {
        balancer: parsed.key(),
        name: parsed.last().clone(),
    })
}

/// A member that must be there.
pub(super) fn missing(parameter: &str) -> ArmError {
    Refusal::from(AzureRefusal::MissingParameter {
        parameter: parameter.to_owned(),
    })
    .into()
}

/// An id that names something else.
pub(super) fn invalid(parameter: &str, value: &str) -> ArmError {
    Refusal::from(AzureRefusal::InvalidParameter {
        parameter: parameter.to_owned(),
        value: value.to_owned(),
    })
    .into()
}
