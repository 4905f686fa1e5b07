//! `Microsoft.Sql/locations/capabilities`: what instances there can be, which `az sql mi create` picks a SKU from.

use milink_core::azure::Sku;
use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::location;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    ..ResourceType::new(
        "Microsoft.Sql",
        "locations/capabilities",
        Versions::Sql("2015-05-01-preview"),
    )
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let place = location::region_for("locations/capabilities", call.path.name(0))?;
    let editions: Vec<Value> = [
        ("GeneralPurpose", "Default"),
        ("BusinessCritical", "Available"),
    ]
    .into_iter()
    .map(|(tier, status)| {
        let families: Vec<Value> = Sku::ALL
            .iter()
            .filter(|sku| sku.tier == tier)
            .map(|sku| family(sku, tier))
            .collect();
        json!({
            "name": tier,
            "supportedFamilies": families,
            "supportedStorageCapabilities": [],
            "zoneRedundant": tier == "BusinessCritical",
            "status": status,
        })
    })
    .collect();
    Ok(Answer::ok(&json!({
        "name": place,
        "status": "Available",
        "supportedManagedInstanceVersions": [{
            "name": "12.0",
            "supportedEditions": editions,
            "supportedInstancePoolEditions": [],
            "status": "Default",
        }],
    })))
}

fn family(sku: &Sku, tier: &str) -> Value {
    let cores: Vec<Value> = Sku::V_CORES
        .iter()
        .map(|cores| {
            let status = if *cores == 4 { "Default" } else { "Available" };
            json!({
                "name": cores.to_string(),
                "value": cores,
                "includedMaxSize": { "limit": 32768, "unit": "Megabytes" },
                "supportedStorageSizes": [{
                    "minValue": { "limit": 32768, "unit": "Megabytes" },
                    "maxValue": { "limit": 16777216, "unit": "Megabytes" },
                    "scaleSize": { "limit": 32768, "unit": "Megabytes" },
                    "status": "Available",
                }],
                "instancePoolSupported": false,
                "standaloneSupported": true,
                "supportedMaintenanceConfigurations": [],
                "status": status,
            })
        })
        .collect();
    json!({
        "name": sku.family,
        "sku": sku.name,
        "zoneRedundant": tier == "BusinessCritical",
        "supportedLicenseTypes": [
            { "name": "LicenseIncluded", "status": "Default" },
            { "name": "BasePrice", "status": "Available" },
        ],
        "supportedVcoresValues": cores,
        "status": if sku.family == "Gen5" { "Default" } else { "Available" },
    })
}
