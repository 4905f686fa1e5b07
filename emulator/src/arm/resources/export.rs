//! `POST …/resourceGroups/{group}/exportTemplate`: what a group holds, as a template that makes it again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{generic, listing};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::TYPES;
use crate::arm::route;

/// The types whose answers can be written back as they are, but for [`READ_ONLY`].
const EXPORTED: &[&str] = &[
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/A",
    "Microsoft.Network/privateDnsZones/AAAA",
    "Microsoft.Network/privateDnsZones/CNAME",
    "Microsoft.Network/privateDnsZones/MX",
    "Microsoft.Network/privateDnsZones/PTR",
    "Microsoft.Network/privateDnsZones/SRV",
    "Microsoft.Network/privateDnsZones/TXT",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/privateLinkServices",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    INSTANCES,
];
const INSTANCES: &str = "Microsoft.Sql/managedInstances";
/// What is written of a managed instance. Its password is nowhere to be read, and is a parameter.
const OF_INSTANCES: &[&str] = &[
    "administratorLogin",
    "subnetId",
    "licenseType",
    "vCores",
    "storageSizeInGB",
    "collation",
    "publicDataEndpointEnabled",
    "proxyOverride",
    "timezoneId",
    "minimalTlsVersion",
    "databaseFormat",
];
/// What is only read, wherever it is.
const READ_ONLY: &[&str] = &[
    "alias",
    "backendIPConfiguration",
    "backendIPConfigurations",
    "customDnsConfigs",
    "defaultSecurityRules",
    "etag",
    "fqdn",
    "instanceView",
    "ipAddress",
    "ipConfiguration",
    "isAutoRegistered",
    "macAddress",
    "maxNumberOfRecordSets",
    "maxNumberOfVirtualNetworkLinks",
    "maxNumberOfVirtualNetworkLinksWithRegistration",
    "numberOfRecordSets",
    "numberOfVirtualNetworkLinks",
    "numberOfVirtualNetworkLinksWithRegistration",
    "peeringState",
    "peeringSyncLevel",
    "privateEndpointConnections",
    "privateEndpoints",
    "privateLinkServiceConnectionState",
    "provisioningState",
    "recordSets",
    "resourceGuid",
    "timeCreated",
    "virtualMachine",
    "virtualNetworkLinkState",
    "virtualNetworkPeerings",
    "vmId",
];
/// What is only read further in, where it says who uses the part.
const READ_ONLY_INSIDE: &[&str] = &[
    "inboundNatRules",
    "ipConfigurations",
    "loadBalancingRules",
    "outboundRules",
];
/// What of a resource is written besides its properties.
const AROUND: &[&str] = &["location", "tags", "sku", "kind", "zones"];

/// A resource of the group.
struct Found {
    kind: String,
    name: String,
    version: &'static str,
    body: Value,
}

/// What is wanted of the template.
struct Options {
    names_are_parameters: bool,
    defaults: bool,
}

/// A template while it grows.
struct Export<'a> {
    group: String,
    options: Options,
    found: BTreeMap<String, &'a Found>,
    /// Parameters for names, by the ids of the resources.
    names: BTreeMap<String, String>,
    parameters: Map<String, Value>,
}

/// The action on a group. It changes nothing, so that no lock forbids it (guess).
pub(in crate::arm) fn export(call: &Call<'_>) -> Result<Answer, ArmError> {
    let scope = call
        .raw_path
        .rsplit_once('/')
        .map_or("", |(scope, _)| scope);
    call.authorize(
        "Microsoft.Resources/subscriptions/resourceGroups/exportTemplate/action",
        scope,
    )?;
    let (wanted, options) = call.body(|body| {
        let wanted = body.strings("resources")?.unwrap_or_default();
        let said = body.string("options")?.unwrap_or_default();
        let says = |word: &str| said.split(',').any(|one| one.trim() == word);
        let options = Options {
            names_are_parameters: !says("SkipAllParameterization")
                && !says("SkipResourceNameParameterization"),
            defaults: says("IncludeParameterDefaultValue"),
        };
        Ok((wanted, options))
    })?;
    let all = wanted.is_empty() || wanted.iter().any(|id| id == "*");
    for id in wanted.iter().filter(|_| !all) {
        route::check_there(call, id)?;
    }
    let is_wanted = |id: &str| {
        let id = id.to_ascii_lowercase();
        let mut wanted = wanted.iter().map(|one| one.to_ascii_lowercase());
        all || wanted.any(|one| id == one || id.starts_with(&format!("{one}/")))
    };
    let mut found = Vec::new();
    for kind in EXPORTED {
        found.extend(of_type(call, kind));
    }
    let found: BTreeMap<String, &Found> = found
        .iter()
        .map(|one| (one.body["id"].as_str().unwrap_or_default(), one))
        .filter(|(id, _)| is_wanted(id))
        .map(|(id, one)| (id.to_ascii_lowercase(), one))
        .collect();
    let mut export = Export {
        group: call
            .id_in_group(call.path.group_name(), "")
            .to_ascii_lowercase(),
        options,
        found,
        names: BTreeMap::new(),
        parameters: Map::new(),
    };
    let template = export.template();
    let mut answer = json!({ "template": template });
    let left_out = left_out(call, &is_wanted);
    if !left_out.is_empty() {
        answer["error"] = json!({
            "code": "ExportTemplateCompletedWithErrors",
            "message": "Export template operation completed with errors. Some resources were not exported. Please see details for more information.",
            "details": left_out,
        });
    }
    Ok(Answer::ok(&answer))
}

/// The resources of a type that the caller may read; children with their parents' names in front.
fn of_type(call: &Call<'_>, full: &str) -> Vec<Found> {
    let kind = TYPES.iter().find(|kind| kind.full_name() == full);
    let Some(kind) = kind else {
        return Vec::new();
    };
    let parents: Vec<String> = match full.rsplit_once('/') {
        Some((parent, _)) if parent.contains('/') => {
            let parents = of_type(call, parent).into_iter();
            parents.map(|found| found.name).collect()
        }
        _ => vec![String::new()],
    };
    let versions = kind.versions.list();
    let stable = versions.iter().find(|version| !version.contains("preview"));
    let Some(version) = stable.or(versions.first()).copied() else {
        return Vec::new();
    };
    let all = parents.iter().flat_map(|parent| {
        let rows = listing::all(call, kind, parent, version).into_iter();
        rows.filter_map(move |body| {
            let name = body["name"].as_str()?;
            let name = match parent.as_str() {
                "" => name.to_owned(),
                parent => format!("{parent}/{name}"),
            };
            Some(Found {
                kind: full.to_owned(),
                name,
                version,
                body,
            })
        })
    });
    all.filter(|found| {
        let id = found.body["id"].as_str().unwrap_or_default();
        let properties = &found.body["properties"];
        let is_somebodys = ["privateEndpoint", "privateLinkService"]
            .iter()
            .any(|member| properties.get(member).is_some());
        // Interfaces of endpoints and link services, and the records of machines, come by themselves.
        !is_somebodys
            && properties["isAutoRegistered"] != true
            && call.may(&format!("{full}/read"), id)
    })
    .collect()
}

/// The types in the group of which nothing is exported, in Azure's words.
fn left_out(call: &Call<'_>, is_wanted: &dyn Fn(&str) -> bool) -> Vec<Value> {
    let ids = generic::ids(call);
    let kinds = ids.iter().filter(|(_, id)| is_wanted(id));
    let kinds: BTreeSet<&str> = kinds.map(|(kind, _)| kind.as_str()).collect();
    let left = kinds.into_iter().filter(|kind| {
        !EXPORTED
            .iter()
            .any(|exported| exported.eq_ignore_ascii_case(kind))
    });
    let left = left.map(|kind| {
        json!({
            "code": "ExportTemplateProviderError",
            "target": kind,
            "message": format!("Could not get resources of the type '{kind}'. Resources of this type will not be exported."),
        })
    });
    left.collect()
}

impl Export<'_> {
    fn template(&mut self) -> Value {
        let found: Vec<(String, &Found)> = self
            .found
            .iter()
            .map(|(id, found)| (id.clone(), *found))
            .collect();
        if self.options.names_are_parameters {
            for (id, found) in found.iter().filter(|(_, found)| !found.name.contains('/')) {
                let kind = found.kind.rsplit('/').next().unwrap_or_default();
                let parameter = self.free_parameter(&format!("{kind}_{}_name", found.name));
                let mut declared = json!({ "type": "String" });
                if self.options.defaults {
                    declared["defaultValue"] = json!(found.name);
                }
                self.parameters.insert(parameter.clone(), declared);
                self.names.insert(id.clone(), parameter);
            }
        }
        let resources: Vec<Value> = found
            .iter()
            .map(|(id, found)| self.resource(id, found))
            .collect();
        json!({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": self.parameters,
            "variables": {},
            "resources": resources,
        })
    }

    /// A name for a parameter that no other has.
    fn free_parameter(&self, wanted: &str) -> String {
        let plain: String = wanted
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let taken = |name: &str| {
            let mut known = self.parameters.keys();
            known.any(|known| known.eq_ignore_ascii_case(name))
        };
        if !taken(&plain) {
            return plain;
        }
        let mut numbered = (1_u32..).map(|number| format!("{plain}_{number}"));
        numbered.find(|name| !taken(name)).unwrap_or(plain)
    }

    fn resource(&mut self, id: &str, found: &Found) -> Value {
        let mut after = BTreeSet::new();
        let mut resource = json!({
            "type": found.kind,
            "apiVersion": found.version,
            "name": self.name(id, &found.name),
        });
        for member in AROUND {
            if let Some(value) = found.body.get(member).filter(|value| !value.is_null()) {
                resource[*member] = self.written(value, id, &mut after);
            }
        }
        let properties = found.body.get("properties").cloned().unwrap_or(json!({}));
        let properties = cleaned(&properties, &found.kind);
        resource["properties"] = self.written(&properties, id, &mut after);
        if found.kind == INSTANCES {
            let parameter = format!("managedInstances_{}_administratorLoginPassword", found.name);
            let parameter = self.free_parameter(&parameter);
            let expression = format!("[parameters('{parameter}')]");
            resource["properties"]["administratorLoginPassword"] = json!(expression);
            self.parameters
                .insert(parameter, json!({ "type": "SecureString" }));
        }
        if let Some(parent) = self.holder(id.rsplit_once('/').map_or("", |(above, _)| above)) {
            after.insert(self.expression(parent, parent));
        }
        if !after.is_empty() {
            let after = after.iter().map(|expression| format!("[{expression}]"));
            resource["dependsOn"] = after.collect();
        }
        resource
    }

    fn name(&self, id: &str, name: &str) -> Value {
        let first = name.split('/').next().unwrap_or_default();
        let rest = &name[first.len()..];
        match self.parameter_of(id) {
            Some(parameter) if rest.is_empty() => json!(format!("[parameters('{parameter}')]")),
            Some(parameter) => json!(format!(
                "[concat(parameters('{parameter}'), {})]",
                quoted(rest)
            )),
            None => json!(literal(name)),
        }
    }

    /// The parameter for the name of a resource or the one that it is a child of.
    fn parameter_of(&self, id: &str) -> Option<&String> {
        let mut names = self.names.iter();
        let found = names.find(|(known, _)| is_within(id, known));
        found.map(|(_, parameter)| parameter)
    }

    /// What is exported of which an id is a part; the innermost.
    fn holder(&self, id: &str) -> Option<&str> {
        let holders = self.found.keys().filter(|known| is_within(id, known));
        holders.max_by_key(|known| known.len()).map(String::as_str)
    }

    /// `resourceId(…)` of an id, whose letters are taken from `written`.
    fn expression(&self, id: &str, written: &str) -> String {
        let inside = written.get(self.group.len()..).unwrap_or_default();
        let inside = inside.trim_start_matches('/');
        let inside = inside
            .get(..10)
            .filter(|word| word.eq_ignore_ascii_case("providers/"))
            .map_or(inside, |_| &inside[10..]);
        let mut words = inside.split('/');
        let mut kind = words.next().unwrap_or_default().to_owned();
        let mut arguments = Vec::new();
        while let (Some(word), Some(name)) = (words.next(), words.next()) {
            kind = format!("{kind}/{word}");
            arguments.push(
                match self.parameter_of(id).filter(|_| arguments.is_empty()) {
                    Some(parameter) => format!("parameters('{parameter}')"),
                    None => quoted(name),
                },
            );
        }
        format!("resourceId({}, {})", quoted(&kind), arguments.join(", "))
    }

    /// A value with references to what is exported as expressions, and what they need first.
    fn written(&self, value: &Value, own: &str, after: &mut BTreeSet<String>) -> Value {
        match value {
            Value::String(text) => {
                let id = text.to_ascii_lowercase();
                match self.holder(&id) {
                    Some(holder) => {
                        if !is_within(own, holder) {
                            after.insert(self.expression(holder, self.real_id(holder)));
                        }
                        json!(format!("[{}]", self.expression(&id, text)))
                    }
                    None => json!(literal(text)),
                }
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| self.written(item, own, after));
                items.collect()
            }
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (key.clone(), self.written(value, own, after)));
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    /// The id of something exported as it is shown.
    fn real_id(&self, id: &str) -> &str {
        self.found[id].body["id"].as_str().unwrap_or_default()
    }
}

/// Whether an id is another's or that of a part of it; both in lower case.
fn is_within(id: &str, other: &str) -> bool {
    let rest = id.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Text that is no expression, though it may look like one.
fn literal(text: &str) -> String {
    match text.starts_with('[') && text.ends_with(']') {
        true => format!("[{text}"),
        false => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The properties that can be written.
fn cleaned(properties: &Value, kind: &str) -> Value {
    let mut left = without_read_only(properties, 0);
    if let Some(members) = left.as_object_mut() {
        if kind == INSTANCES {
            members.retain(|key, _| OF_INSTANCES.contains(&key.as_str()));
        }
        // Who uses it: only virtual machines name interfaces of their own accord, further in.
        members.remove("networkInterfaces");
        let has_users = ["networkSecurityGroups", "routeTables"];
        if has_users.iter().any(|users| kind.ends_with(users)) {
            members.remove("subnets");
        }
    }
    left
}

fn without_read_only(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(members) => {
            // A part of the resource, unlike a reference to another one.
            let is_part = depth > 0
                && ["name", "properties"]
                    .iter()
                    .all(|key| members.contains_key(*key));
            let kept = members.iter().filter(|(key, value)| {
                let key = key.as_str();
                let is_left_out = value.is_null()
                    || READ_ONLY.contains(&key)
                    || (depth > 0 && READ_ONLY_INSIDE.contains(&key))
                    || (is_part && matches!(key, "id" | "type"));
                !is_left_out
            });
            let kept = kept.map(|(key, value)| (key.clone(), without_read_only(value, depth + 1)));
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| without_read_only(item, depth + 1));
            items.collect()
        }
        other => other.clone(),
    }
}
