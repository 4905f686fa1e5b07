//! `Microsoft.Network/routeTables` and their routes: kept and shown like security groups and their rules.

use super::network_security_groups as shared;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(shared::list),
    list: Some(shared::list),
    get: Some(shared::get),
    put: Some(shared::put),
    delete: Some(shared::delete),
    ..ResourceType::new("Microsoft.Network", "routeTables", Versions::Network)
};

pub(in crate::arm) const ROUTES: ResourceType = ResourceType {
    list: Some(shared::list_items),
    get: Some(shared::get_item),
    put: Some(shared::put_item),
    delete: Some(shared::delete_item),
    ..ResourceType::new("Microsoft.Network", "routeTables/routes", Versions::Network)
};
