//! Versions of marketplace images, which `az vm create` looks up before it deploys a machine.

use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::location;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

const NAME: &str = "locations/publishers/artifacttypes/offers/skus/versions";
/// The one version of every image: there is no marketplace, so that any image can be named (guess).
const VERSION: &str = "1.0.0";

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    ..ResourceType::new("Microsoft.Compute", NAME, Versions::Compute)
};

/// A bare array, unlike other lists.
fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let image = image(call)?;
    Ok(Answer::ok(&json!([image])))
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    match call.path.name(5) {
        VERSION | "latest" => image(call).map(|image| Answer::ok(&image)),
        other => Err(ArmError::resource_not_found(
            &format!("Microsoft.Compute/{NAME}"),
            other,
            "",
        )),
    }
}

fn image(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = |at| call.path.name(at);
    let (publisher, offer, sku) = (name(1), name(3), name(4));
    let place = location::region_for(NAME, name(0))?;
    let system = match publisher.to_ascii_lowercase().contains("windows") {
        true => "Windows",
        false => "Linux",
    };
    let subscription = &call.path.subscription;
    Ok(json!({
        "name": VERSION,
        "location": place,
        "id": format!(
            "/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{place}/Publishers/{publisher}/ArtifactTypes/VMImage/Offers/{offer}/Skus/{sku}/Versions/{VERSION}"
        ),
        "properties": {
            "architecture": "x64",
            "hyperVGeneration": "V2",
            "osDiskImage": {"operatingSystem": system},
            "dataDiskImages": [],
        },
    }))
}
