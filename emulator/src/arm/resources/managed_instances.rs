//! `Microsoft.Sql/managedInstances`.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{
    DeleteManagedInstance, FailOverManagedInstance, InstanceSettings, InstanceState,
    ManagedInstanceView, ResourceKey, StartManagedInstance, StopManagedInstance, SubnetId,
    UpdateManagedInstance, WriteManagedInstance,
};
use milink_core::names::Name;
use milink_core::refusal::{InstanceRefusal, Refusal};
use milink_model::{
    ManagedInstanceIdentity, ManagedInstanceProperties, Sku, TrackedResource, UserAssignedIdentity,
};

use super::instance::TYPE as NAME;
use super::references::Id;
use super::{administrators, private_endpoint_connections, tde_certificates};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    actions: &[
        ("failover", fail_over),
        ("start", start),
        ("stop", stop),
        ("tdeCertificates", tde_certificates::upload),
    ],
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances",
        Versions::Sql("2015-05-01-preview"),
    )
};

/// Members of a PUT that are read-only: a client that changes what it has read sends them back.
const READ_ONLY: [&str; 15] = [
    "provisioningState",
    "fullyQualifiedDomainName",
    "state",
    "dnsZone",
    "currentBackupStorageRedundancy",
    "privateEndpointConnections",
    "virtualClusterId",
    "createTime",
    "hybridSecondaryUsageDetected",
    "externalGovernanceStatus",
    "storageIOps",
    "storageThroughputMBps",
    "memorySizeInGB",
    "totalMemoryMB",
    "authenticationMetadata",
];

/// Members that ask for something the emulator does not do, unless they say nothing.
const NOT_EMULATED: [&str; 7] = [
    "instancePoolId",
    "sourceManagedInstanceId",
    "restorePointInTime",
    "keyId",
    "primaryUserAssignedIdentityId",
    "requestedLogicalAvailabilityZone",
    "servicePrincipal",
];

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows: Vec<_> = call.read(|world| {
        let views = world.managed_instance_views();
        let group = call.path.group.as_deref();
        let wanted = views
            .into_iter()
            .filter(|view| group.is_none_or(|group| view.properties.resource_group.is(group)));
        wanted
            .map(|view| (view.name.folded().to_owned(), shown(call, world, &view)))
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let name = call.path.name(0);
    let found = call.read(|world| {
        let view = world.managed_instance_view(name)?;
        let here = view.properties.resource_group.is(call.path.group_name());
        here.then(|| shown(call, world, &view))
    });
    let found =
        found.ok_or_else(|| ArmError::resource_not_found(NAME, name, call.path.group_name()))?;
    Ok(Answer::ok(&found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let settings = call.body(|body| settings(call, body))?;
    let name = Name::new(call.path.name(0));
    let subnet = settings.subnet_id.as_deref().and_then(SubnetId::parse);
    // The certificate of a new instance is made for its name, which the subnet decides, before the world is asked.
    let zone = call.read(
        |world| match (world.managed_instance_view(name.as_str()), &subnet) {
            // A partner that is refused is refused right after.
            (None, Some((_, subnet))) => Some(
                world
                    .dns_zone_of_new(subnet, settings.dns_zone_partner.as_ref())
                    .unwrap_or_default(),
            ),
            _ => None,
        },
    );
    let endpoint_certificate = zone.map(|zone| {
        let fqdn = format!("{name}.{zone}.database.windows.net");
        call.arm.keys.instance_certificate(&fqdn)
    });
    let operation = call.submit(WriteManagedInstance {
        group: Name::new(call.path.group_name()),
        name,
        settings,
        endpoint_certificate,
    })?;
    operations::accepted(call, operation)
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let settings = call.body(|body| settings(call, body))?;
    let instance = existing(call)?;
    let operation = call.submit_to(instance, UpdateManagedInstance { instance, settings })?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let Some(instance) = engine(call)? else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let operation = call.submit_to(instance, DeleteManagedInstance { instance })?;
    operations::accepted(call, operation)
}

/// `?replicaType=Primary|ReadableSecondary`, no body.
fn fail_over(call: &Call<'_>) -> Result<Answer, ArmError> {
    action_since(call, "2019-06-01")?;
    let readable_secondary = match call.query("replicaType") {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("Primary") => false,
        Some(text) if text.eq_ignore_ascii_case("ReadableSecondary") => true,
        Some(text) => {
            return Err(ArmError::service(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValue",
                format!(
                    "Invalid value given for parameter replicaType: '{text}'. Specify Primary or ReadableSecondary."
                ),
            ));
        }
    };
    let instance = existing(call)?;
    let request = FailOverManagedInstance {
        instance,
        readable_secondary,
    };
    operations::accepted(call, call.submit_to(instance, request)?)
}

fn start(call: &Call<'_>) -> Result<Answer, ArmError> {
    action_since(call, "2021-08-01")?;
    let instance = existing(call)?;
    let operation = call.submit_to(instance, StartManagedInstance { instance })?;
    operations::accepted(call, operation)
}

fn stop(call: &Call<'_>) -> Result<Answer, ArmError> {
    action_since(call, "2021-08-01")?;
    let instance = existing(call)?;
    let operation = call.submit_to(instance, StopManagedInstance { instance })?;
    operations::accepted(call, operation)
}

/// Actions came with later api-versions than the type.
fn action_since(call: &Call<'_>, since: &str) -> Result<(), ArmError> {
    if call.version.is_since(since) {
        return Ok(());
    }
    Err(ArmError::gateway(
        StatusCode::NOT_FOUND,
        "InvalidResourceType",
        format!(
            "The resource type could not be found in the namespace 'Microsoft.Sql' for api version '{}'.",
            call.version.as_str()
        ),
    ))
}

fn existing(call: &Call<'_>) -> Result<milink_core::ids::InstanceId, ArmError> {
    engine(call)?.ok_or_else(|| {
        ArmError::resource_not_found(NAME, call.path.name(0), call.path.group_name())
    })
}

/// The instance's id, if it is there; being created, it is busy.
fn engine(call: &Call<'_>) -> Result<Option<milink_core::ids::InstanceId>, ArmError> {
    match super::instance::parent(call) {
        Ok(parent) => Ok(Some(parent.id)),
        Err(error) if error.status() == StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// The subnet, which whoever puts an instance into it must be allowed to join.
fn joined(call: &Call<'_>, subnet: Option<String>) -> Result<Option<String>, ArmError> {
    if let Some(id) = &subnet {
        call.linked("Microsoft.Network/virtualNetworks/subnets/join/action", id)?;
    }
    Ok(subnet)
}

fn settings(call: &Call<'_>, body: &Object<'_>) -> Result<InstanceSettings, ArmError> {
    body.ignore(&["kind", "zones"]);
    let properties = body.object_or_empty("properties")?;
    properties.ignore(&READ_ONLY);
    refuse_what_is_missing(&properties)?;
    let sku = body.object_or_empty("sku")?;
    sku.ignore(&["tier", "family", "size"]);
    let capacity = sku.integer("capacity")?;
    let cores = properties.integer("vCores")?;
    let administrators = properties.object_or_empty("administrators")?;
    let administrator = administrators::administrator(&administrators, call)?;
    let storage_type = properties.string("storageAccountType")?;
    let redundancy = storage_type.map(|old| match old.to_ascii_uppercase().as_str() {
        "GRS" => "Geo".to_owned(),
        "LRS" => "Local".to_owned(),
        "ZRS" => "Zone".to_owned(),
        _ => old,
    });
    Ok(InstanceSettings {
        location: call.region(NAME, body)?,
        tags: body.tags()?,
        sku_name: sku.string("name")?,
        // The SKU's capacity and the property are one thing; a client that changed one of the two meant that one.
        v_cores: cores.or(capacity),
        storage_gb: properties.integer("storageSizeInGB")?,
        subnet_id: joined(call, properties.string("subnetId")?)?,
        administrator_login: properties.string("administratorLogin")?,
        password: properties
            .string("administratorLoginPassword")?
            .map(Into::into),
        license_type: properties.string("licenseType")?,
        collation: properties.string("collation")?,
        timezone: properties.string("timezoneId")?,
        public_data_endpoint: properties.boolean("publicDataEndpointEnabled")?,
        proxy_override: properties.string("proxyOverride")?,
        minimal_tls_version: properties.string("minimalTlsVersion")?,
        zone_redundant: properties.boolean("zoneRedundant")?,
        next_gen: properties.boolean("isGeneralPurposeV2")?,
        backup_redundancy: properties
            .string("requestedBackupStorageRedundancy")?
            .or(redundancy),
        maintenance_configuration: properties.string("maintenanceConfigurationId")?,
        database_format: properties.string("databaseFormat")?,
        hybrid_secondary_usage: properties.string("hybridSecondaryUsage")?,
        pricing_model: properties.string("pricingModel")?,
        identity: identity(body)?,
        administrator,
        dns_zone_partner: dns_zone_partner(call, properties.string("dnsZonePartner")?)?,
    })
}

/// `dnsZonePartner`: the id of an instance.
fn dns_zone_partner(call: &Call<'_>, id: Option<String>) -> Result<Option<ResourceKey>, ArmError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let found = Id::parse(call, &id)?;
    match found.kind.eq_ignore_ascii_case(NAME) {
        true => Ok(Some(found.key())),
        false => Err(Refusal::from(InstanceRefusal::UnknownZonePartner { partner: id }).into()),
    }
}

fn identity(body: &Object<'_>) -> Result<Option<(String, Vec<String>)>, ArmError> {
    let Some(identity) = body.object("identity")? else {
        return Ok(None);
    };
    identity.ignore(&["principalId", "tenantId"]);
    let ids = identity.keys("userAssignedIdentities")?.unwrap_or_default();
    Ok(identity.string("type")?.map(|kind| (kind, ids)))
}

fn refuse_what_is_missing(properties: &Object<'_>) -> Result<(), ArmError> {
    let says_nothing = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(value) => !value,
        serde_json::Value::String(text) => {
            ["", "none", "nopreference"].contains(&text.to_ascii_lowercase().as_str())
        }
        serde_json::Value::Object(members) => members.get("type").is_none_or(|kind| {
            kind.as_str()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("None"))
        }),
        _ => false,
    };
    for name in NOT_EMULATED {
        if properties
            .value(name)
            .is_some_and(|value| !says_nothing(value))
        {
            return Err(ArmError::not_emulated(&format!(
                "'properties.{name}' of a managed instance"
            )));
        }
    }
    match properties.string("managedInstanceCreateMode")? {
        Some(mode) if !mode.eq_ignore_ascii_case("Default") => Err(ArmError::not_emulated(
            &format!("managedInstanceCreateMode '{mode}'"),
        )),
        _ => Ok(()),
    }
}

/// An instance in the shape of the call's api-version.
fn shown(
    call: &Call<'_>,
    world: &World,
    view: &ManagedInstanceView<'_>,
) -> TrackedResource<ManagedInstanceProperties> {
    let stored = view.properties;
    let since = |date: &str| call.version.is_since(date);
    let text = |text: &str| Some(text.to_owned());
    let modern = since("2021-05-01");
    let redundancy = &stored.backup_redundancy;
    let expanded = call
        .query("$expand")
        .is_some_and(|expand| expand.to_ascii_lowercase().contains("administrators"));
    let properties = ManagedInstanceProperties {
        provisioning_state: since("2020-02-02")
            .then(|| provisioning_state(call, view.state).to_owned()),
        fully_qualified_domain_name: Some(view.fqdn()),
        administrator_login: text(&stored.administrator_login),
        administrator_login_password: None,
        subnet_id: stored
            .subnet
            .as_ref()
            .map(|subnet| subnet.to_arm_id(call.subscription)),
        state: text(view.state.text()),
        license_type: text(&stored.license_type),
        hybrid_secondary_usage: since("2023-02-01").then(|| stored.hybrid_secondary_usage.clone()),
        hybrid_secondary_usage_detected: None,
        v_cores: Some(stored.v_cores),
        storage_size_in_gb: Some(stored.storage_gb),
        collation: text(view.collation.name()),
        dns_zone: text(view.dns_zone),
        public_data_endpoint_enabled: Some(stored.public_data_endpoint),
        proxy_override: text(&stored.proxy_override),
        timezone_id: text(&stored.timezone),
        maintenance_configuration_id: stored.maintenance_configuration.clone(),
        private_endpoint_connections: since("2020-02-02")
            .then(|| private_endpoint_connections::embedded(call, world, view)),
        minimal_tls_version: text(&stored.minimal_tls_version),
        storage_account_type: (!modern && since("2019-06-01"))
            .then(|| storage_account_type(redundancy).to_owned()),
        current_backup_storage_redundancy: modern.then(|| redundancy.clone()),
        requested_backup_storage_redundancy: modern.then(|| redundancy.clone()),
        zone_redundant: since("2020-08-01").then_some(stored.zone_redundant),
        // Left out where it says nothing (guess).
        is_general_purpose_v2: (stored.next_gen && since("2023-02-01")).then_some(true),
        administrators: (expanded && since("2020-11-01"))
            .then_some(stored.administrator.as_ref())
            .flatten()
            .map(|administrator| administrators::nested(call, administrator)),
        virtual_cluster_id: None,
        pricing_model: since("2023-02-01").then(|| stored.pricing_model.clone()),
        create_time: since("2023-02-01").then(|| stored.created.to_arm_text()),
        database_format: since("2023-05-01").then(|| view.update_policy.text().to_owned()),
        authentication_metadata: since("2023-05-01").then(|| "AzureAD".to_owned()),
    };
    let name = view.name.to_string();
    TrackedResource {
        location: stored.location.clone(),
        tags: stored.tags.clone(),
        sku: Some(Sku {
            name: stored.sku.name.to_owned(),
            tier: text(stored.sku.tier),
            family: text(stored.sku.family),
            capacity: Some(stored.v_cores),
        }),
        identity: stored
            .identity
            .as_ref()
            .map(|identity| ManagedInstanceIdentity {
                user_assigned_identities: identity
                    .user_assigned
                    .iter()
                    .map(|(id, (principal, client))| {
                        let ids = UserAssignedIdentity {
                            principal_id: Some(principal.to_string()),
                            client_id: Some(client.to_string()),
                        };
                        (id.clone(), ids)
                    })
                    .collect(),
                principal_id: Some(identity.principal_id.to_string()),
                kind: identity.kind.text().to_owned(),
                tenant_id: Some(call.arm.config.tenant.to_string()),
            }),
        properties,
        id: call.id_in_group(stored.resource_group.as_str(), &format!("{NAME}/{name}")),
        name,
        kind: NAME.to_owned(),
    }
}

/// The words changed with 2022-11-01-preview.
fn provisioning_state(call: &Call<'_>, state: InstanceState) -> &'static str {
    match (state, call.version.is_since("2022-11-01")) {
        (InstanceState::Ready | InstanceState::Stopped, _) => "Succeeded",
        (_, true) => "InProgress",
        (InstanceState::Creating, false) => "Creating",
        (InstanceState::Updating, false) => "Updating",
        (InstanceState::Deleting, false) => "Deleting",
        (InstanceState::Stopping | InstanceState::Starting, false) => "Updating",
    }
}

fn storage_account_type(redundancy: &str) -> &'static str {
    match redundancy {
        "Local" => "LRS",
        "Zone" => "ZRS",
        _ => "GRS",
    }
}
