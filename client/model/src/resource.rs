//! The envelopes of resources and lists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ManagedInstanceIdentity, Sku};

/// A resource without region and tags, in the order Microsoft.Sql writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProxyResource<P> {
    /// Everything that is not common to all resources.
    pub properties: P,
    /// The ARM id.
    #[serde(default)]
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The ARM type.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// A resource with region and tags, in the order Microsoft.Sql writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrackedResource<P> {
    /// The region.
    #[serde(default)]
    pub location: String,
    /// The tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Hardware and tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The managed identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<ManagedInstanceIdentity>,
    /// Everything that is not common to all resources.
    pub properties: P,
    /// The ARM id.
    #[serde(default)]
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The ARM type.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// The resources.
    pub value: Vec<T>,
    /// Where the next page is; absent on the last one.
    #[serde(rename = "nextLink", default, skip_serializing_if = "Option::is_none")]
    pub next_link: Option<String>,
}
