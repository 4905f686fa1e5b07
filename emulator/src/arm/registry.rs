//! Which resource types there are, at which api-versions, and who answers for them.

use super::answer::Answer;
use super::call::Call;
use super::error::ArmError;
use super::not_emulated;
use super::resources;
use super::version::Versions;

/// Answers a request.
pub(super) type Handler = fn(&Call<'_>) -> Result<Answer, ArmError>;

/// A resource type.
#[derive(Clone, Copy)]
pub(super) struct ResourceType {
    /// Such as `Microsoft.Sql`.
    pub(super) namespace: &'static str,
    /// Such as `managedInstances/databases`.
    pub(super) name: &'static str,
    pub(super) versions: Versions,
    /// All in the subscription.
    pub(super) list_all: Option<Handler>,
    /// All in the group, or of the parent.
    pub(super) list: Option<Handler>,
    pub(super) get: Option<Handler>,
    pub(super) put: Option<Handler>,
    pub(super) patch: Option<Handler>,
    pub(super) delete: Option<Handler>,
    pub(super) actions: &'static [(&'static str, Handler)],
}

impl ResourceType {
    /// A type that nothing can be done with yet.
    pub(super) const fn new(
        namespace: &'static str,
        name: &'static str,
        versions: Versions,
    ) -> Self {
        Self {
            namespace,
            name,
            versions,
            list_all: None,
            list: None,
            get: None,
            put: None,
            patch: None,
            delete: None,
            actions: &[],
        }
    }

    /// `Microsoft.Sql/managedInstances/databases`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Every type that is served.
pub(super) static TYPES: &[ResourceType] = &[
    resources::managed_instances::TYPE,
    resources::databases::TYPE,
    resources::distributed_availability_groups::TYPE,
    resources::server_trust_certificates::TYPE,
    resources::endpoint_certificates::TYPE,
    resources::server_trust_groups::TYPE,
    resources::server_trust_groups::OF_INSTANCE,
    resources::instance_failover_groups::TYPE,
    resources::instance_operations::TYPE,
    resources::server_keys::TYPE,
    resources::encryption_protector::TYPE,
    resources::transparent_data_encryption::TYPE,
    resources::administrators::TYPE,
    resources::administrators::ENTRA_ONLY,
    resources::capabilities::TYPE,
    resources::virtual_networks::TYPE,
    resources::subnets::TYPE,
    resources::network_security_groups::TYPE,
    resources::network_security_groups::RULES,
    resources::route_tables::TYPE,
    resources::route_tables::ROUTES,
    resources::virtual_network_peerings::TYPE,
    resources::network_interfaces::TYPE,
    resources::private_endpoints::TYPE,
    resources::private_endpoint_connections::TYPE,
    resources::private_endpoint_connections::RESOURCES,
    resources::load_balancers::TYPE,
    resources::load_balancers::FRONTENDS,
    resources::load_balancers::NAT_RULES,
    resources::load_balancers::POOLS,
    resources::load_balancers::PROBES,
    resources::load_balancers::RULES,
    resources::load_balancers::INTERFACES,
    resources::private_link_services::TYPE,
    resources::private_link_services::CONNECTIONS,
    resources::private_link_services::AUTO_APPROVED,
    resources::private_link_services::LOCATIONS,
    resources::public_ip_addresses::TYPE,
    resources::virtual_network_gateways::TYPE,
    resources::local_network_gateways::TYPE,
    resources::connections::TYPE,
    resources::private_dns_zone_groups::TYPE,
    resources::virtual_machines::TYPE,
    resources::virtual_machines::INSTANCE_VIEW,
    resources::machine_images::TYPE,
    resources::private_dns_zones::TYPE,
    resources::private_dns_zones::LINKS,
    resources::private_dns_zones::A,
    resources::private_dns_zones::AAAA,
    resources::private_dns_zones::CNAME,
    resources::private_dns_zones::MX,
    resources::private_dns_zones::PTR,
    resources::private_dns_zones::SRV,
    resources::private_dns_zones::TXT,
    resources::private_dns_zones::SOA,
    resources::private_dns_zones::ALL,
    resources::role_assignments::TYPE,
    resources::role_definitions::TYPE,
    resources::management_locks::TYPE,
    resources::deployments::TYPE,
    resources::deployments::OPERATIONS,
    resources::deployments::STATUSES,
    resources::data_factory::factories::TYPE,
    resources::data_factory::managed_virtual_networks::TYPE,
    resources::data_factory::managed_private_endpoints::TYPE,
    resources::data_factory::integration_runtimes::TYPE,
    resources::data_factory::integration_runtimes::OPERATIONS,
    resources::data_factory::linked_services::TYPE,
];

/// What is served, for COMPAT.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The type, such as `Microsoft.Sql/managedInstances`.
    pub resource_type: String,
    /// The verbs and actions; none if all are refused.
    pub operations: Vec<String>,
    /// The api-versions, newest first.
    pub api_versions: Vec<&'static str>,
}

/// Every type that is known, served or not.
pub fn served() -> Vec<Served> {
    let types = TYPES.iter().map(|kind| {
        let verbs = [
            ("GET (list)", kind.list.or(kind.list_all).is_some()),
            ("GET", kind.get.is_some()),
            ("PUT", kind.put.is_some()),
            ("PATCH", kind.patch.is_some()),
            ("DELETE", kind.delete.is_some()),
        ];
        let verbs = verbs
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(verb, _)| verb.to_owned());
        Served {
            resource_type: kind.full_name(),
            operations: verbs.collect(),
            api_versions: kind.versions.list(),
        }
    });
    let refused = not_emulated::TYPES.iter().flat_map(|(namespace, names)| {
        names.iter().map(move |name| Served {
            resource_type: format!("{namespace}/{name}"),
            operations: Vec::new(),
            api_versions: Vec::new(),
        })
    });
    let others = not_emulated::NAMESPACES.iter().map(|namespace| Served {
        resource_type: format!("{namespace}/*"),
        operations: Vec::new(),
        api_versions: Vec::new(),
    });
    types.chain(refused).chain(others).collect()
}
