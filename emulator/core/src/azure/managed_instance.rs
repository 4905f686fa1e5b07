//! The properties that ARM keeps of a managed instance.

use crate::names::Name;

/// What ARM knows of a managed instance beyond what the engine needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedInstanceProperties {
    /// The resource group it is in.
    pub resource_group: Name,
    /// Its region, such as `westeurope`.
    pub location: String,
}

impl ManagedInstanceProperties {
    /// The properties of an instance in this resource group and region, everything else as by default.
    pub fn new(resource_group: &str, location: &str) -> Self {
        Self { resource_group: Name::new(resource_group), location: location.to_owned() }
    }
}
