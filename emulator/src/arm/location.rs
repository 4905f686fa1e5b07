//! Regions.

use super::error::ArmError;
use axum::http::StatusCode;

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// Such as `westeurope`.
    pub(super) name: &'static str,
    /// Such as `West Europe`.
    pub(super) display: &'static str,
    /// The region it is paired with.
    pub(super) paired: &'static str,
    /// Where it is, roughly.
    pub(super) geography: &'static str,
}

const fn region(
    name: &'static str,
    display: &'static str,
    paired: &'static str,
    geography: &'static str,
) -> Region {
    Region {
        name,
        display,
        paired,
        geography,
    }
}

/// The regions there are.
pub(super) const REGIONS: [Region; 24] = [
    region(
        "australiaeast",
        "Australia East",
        "australiasoutheast",
        "Asia Pacific",
    ),
    region(
        "australiasoutheast",
        "Australia Southeast",
        "australiaeast",
        "Asia Pacific",
    ),
    region(
        "brazilsouth",
        "Brazil South",
        "southcentralus",
        "South America",
    ),
    region("canadacentral", "Canada Central", "canadaeast", "Canada"),
    region("canadaeast", "Canada East", "canadacentral", "Canada"),
    region(
        "centralindia",
        "Central India",
        "southindia",
        "Asia Pacific",
    ),
    region("centralus", "Central US", "eastus2", "US"),
    region("eastasia", "East Asia", "southeastasia", "Asia Pacific"),
    region("eastus", "East US", "westus", "US"),
    region("eastus2", "East US 2", "centralus", "US"),
    region("francecentral", "France Central", "francesouth", "Europe"),
    region(
        "germanywestcentral",
        "Germany West Central",
        "germanynorth",
        "Europe",
    ),
    region("japaneast", "Japan East", "japanwest", "Asia Pacific"),
    region("japanwest", "Japan West", "japaneast", "Asia Pacific"),
    region("northeurope", "North Europe", "westeurope", "Europe"),
    region("southcentralus", "South Central US", "northcentralus", "US"),
    region(
        "southeastasia",
        "Southeast Asia",
        "eastasia",
        "Asia Pacific",
    ),
    region("swedencentral", "Sweden Central", "swedensouth", "Europe"),
    region(
        "switzerlandnorth",
        "Switzerland North",
        "switzerlandwest",
        "Europe",
    ),
    region("uksouth", "UK South", "ukwest", "UK"),
    region("ukwest", "UK West", "uksouth", "UK"),
    region("westeurope", "West Europe", "northeurope", "Europe"),
    region("westus", "West US", "eastus", "US"),
    region("westus2", "West US 2", "westcentralus", "US"),
];

/// A region's name as ARM keeps it: lower case without blanks.
pub(super) fn normalised(location: &str) -> String {
    location
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The region that a request names, if `kind` is offered there.
pub(super) fn region_for(kind: &str, location: &str) -> Result<String, ArmError> {
    let name = normalised(location);
    if REGIONS.iter().any(|region| region.name == name) {
        return Ok(name);
    }
    let names: Vec<&str> = REGIONS.iter().map(|region| region.name).collect();
    if kind == "Microsoft.Resources/resourceGroups" {
        return Err(ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "LocationNotAvailableForResourceGroup",
            format!(
                "The provided location '{location}' is not available for resource group. List of available regions is '{}'.",
                names.join(",")
            ),
        ));
    }
    Err(ArmError::gateway(
        StatusCode::BAD_REQUEST,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the resource type is '{}'.",
            names.join(",")
        ),
    ))
}

/// The region that the one of this name is paired with.
pub(super) fn paired(name: &str) -> Option<&'static str> {
    REGIONS
        .iter()
        .find(|region| region.name == name)
        .map(|region| region.paired)
}
