//! The catalogue: each reason to refuse, as ARM says it. No wildcard arms: a new reason does not compile without words.
//!
//! Codes and texts are from `arm-contract.md` sections 3 and 15 and the published definitions' lists; where those have
//! only a code, the text is a guess.

use axum::http::StatusCode;
use milink_core::operation::OperationError;
use milink_core::refusal::{
    AzureRefusal, DatabaseRefusal, EncryptionRefusal, FabricRefusal, FactoryRefusal,
    FailoverRefusal, InstanceRefusal, LinkError, LinkRefusal, Refusal, TrustRefusal,
};

use super::ArmError;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const MISSING: StatusCode = StatusCode::NOT_FOUND;
const LINK: &str = "Microsoft.Sql/managedInstances/distributedAvailabilityGroups";

/// Why an operation failed.
pub(crate) fn of_operation(error: &OperationError) -> ArmError {
    match error {
        OperationError::Link(error) => of_link_error(error),
        OperationError::LinkNotFound { name } => operation_not_found(name),
        OperationError::Refused(refusal) => ArmError::from(&**refusal),
        OperationError::Interrupted { code, message } => ArmError::service(CONFLICT, code, message),
    }
}

impl From<Refusal> for ArmError {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

impl From<&Refusal> for ArmError {
    fn from(refusal: &Refusal) -> Self {
        of_refusal(refusal).because(refusal)
    }
}

fn of_refusal(refusal: &Refusal) -> ArmError {
    match refusal {
        Refusal::Azure(refusal) => of_azure(refusal),
        Refusal::Link(refusal) => of_link(refusal),
        Refusal::Failover(refusal) => of_failover(refusal),
        Refusal::Database(refusal) => of_database(refusal),
        Refusal::Encryption(refusal) => of_encryption(refusal),
        // Requests of ARM do not write rows, make endpoints and so on; if one did, it met a conflict.
        Refusal::Write(_)
        | Refusal::Security(_)
        | Refusal::Endpoint(_)
        | Refusal::Group(_)
        | Refusal::Server(_)
        | Refusal::LinkedServer(_)
        | Refusal::Agent(_)
        | Refusal::Distributed(_)
        | Refusal::Backup(_) => ArmError::service(
            CONFLICT,
            "ConflictingServerOperation",
            format!("{refusal}."),
        ),
    }
}

fn of_azure(refusal: &AzureRefusal) -> ArmError {
    match refusal {
        AzureRefusal::ResourceGroupNotFound { name } => ArmError::group_not_found(name),
        AzureRefusal::ResourceGroupBeingDeleted { name } => ArmError::gateway(
            CONFLICT,
            "ResourceGroupBeingDeleted",
            format!(
                "The resource group '{name}' is in deprovisioning state and cannot perform this operation."
            ),
        ),
        AzureRefusal::GroupNotEmptied { name, resource } => ArmError::gateway(
            CONFLICT,
            "ResourceGroupDeletionBlocked",
            format!(
                "Deletion of resource group '{name}' failed as resources with identifiers '{resource}' could not be deleted."
            ),
        ),
        AzureRefusal::NotFound {
            kind,
            name,
            resource_group,
        } => ArmError::resource_not_found(kind, name, resource_group),
        AzureRefusal::ChildNotFound { kind, name } => ArmError::child_not_found(kind, name),
        AzureRefusal::InvalidName { kind, name } => ArmError::gateway(
            BAD,
            if *kind == "Microsoft.Resources/resourceGroups" {
                "InvalidResourceGroupName"
            } else {
                "InvalidResourceName"
            },
            format!("Resource name '{name}' is invalid for resource type '{kind}'."),
        ),
        AzureRefusal::LocationChanged {
            name,
            location,
            resource_group,
            wanted,
        } => of_location(name, location, resource_group, wanted),
        AzureRefusal::InvalidParameter { parameter, .. } => invalid_parameter(parameter),
        AzureRefusal::MissingParameter { parameter } if parameter == "location" => {
            ArmError::gateway(
                BAD,
                "LocationRequired",
                "The location property is required for this definition.",
            )
        }
        AzureRefusal::MissingParameter { parameter } => ArmError::service(
            BAD,
            "MissingRequiredParameter",
            format!("The required parameter '{parameter}' is missing."),
        ),
        AzureRefusal::ServerNameTaken { name } => ArmError::service(
            BAD,
            "NameAlreadyExists",
            format!("The name '{name}' already exists. Choose a different name."),
        ),
        AzureRefusal::InUse { resource, by } if resource.contains("/subnets/") => {
            ArmError::service(
                BAD,
                "InUseSubnetCannotBeDeleted",
                format!(
                    "Subnet {resource} is in use by {by} and cannot be deleted or changed. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."
                ),
            )
        }
        AzureRefusal::InUse { resource, by } => ArmError::service(
            BAD,
            in_use(resource),
            format!("Resource {resource} cannot be deleted because it is in use by {by}."),
        ),
        AzureRefusal::SubnetNotDelegated { subnet } => ArmError::service(
            CONFLICT,
            "MiCreateFailedNonDelegatedSubnet",
            format!(
                "Failed to create the managed instance: subnet '{subnet}' is not delegated to Microsoft.Sql/managedInstances."
            ),
        ),
        AzureRefusal::InvalidPrefix { prefix } => ArmError::service(
            BAD,
            "InvalidAddressPrefixFormat",
            format!(
                "Address prefix {prefix} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24, and have no bits beyond its length."
            ),
        ),
        AzureRefusal::OverlappingPrefix { prefix, other } => ArmError::service(
            BAD,
            "NetcfgInvalidAddressSpace",
            format!("Address prefixes {prefix} and {other} of the address space overlap."),
        ),
        AzureRefusal::SubnetOutside {
            subnet, network, ..
        } => ArmError::service(
            BAD,
            "NetcfgInvalidSubnet",
            format!(
                "Subnet '{subnet}' is not valid because its IP address range is outside the IP address range of virtual network '{network}'."
            ),
        ),
        AzureRefusal::SubnetsOverlap { subnet, other } => ArmError::service(
            BAD,
            "NetcfgSubnetRangesOverlap",
            format!(
                "Subnet '{subnet}' is not valid because its IP address range overlaps with that of an existing subnet '{other}'."
            ),
        ),
        AzureRefusal::ReferenceNotFound { resource, by } => ArmError::service(
            BAD,
            "InvalidResourceReference",
            format!(
                "Resource {resource} referenced by resource {by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
            ),
        ),
        AzureRefusal::Instance(refusal) => of_instance(refusal),
        AzureRefusal::InstanceBusy { name } => ArmError::service(
            CONFLICT,
            "ConflictingManagedInstanceOperation",
            format!(
                "There is an operation on managed instance '{name}' in progress. Wait until it is over and try again."
            ),
        ),
        AzureRefusal::InstanceStopped { name } => ArmError::service(
            BAD,
            "ManagedInstanceStoppingOrStopped",
            format!("Managed instance '{name}' is stopping or stopped. Start it and try again."),
        ),
        AzureRefusal::InstanceStarting { name } => ArmError::service(
            BAD,
            "ManagedInstanceStarting",
            format!(
                "Managed instance '{name}' is starting. Wait until that is over and try again."
            ),
        ),
        AzureRefusal::DatabaseInLink { name } | AzureRefusal::DatabaseExists { name } => {
            ArmError::service(
                BAD,
                "ManagedDatabaseNameInUse",
                format!("The managed database name '{name}' is already in use."),
            )
        }
        // The code is that of operations on the instance; for a database it is a guess.
        AzureRefusal::DatabaseReplicated { name } => ArmError::service(
            BAD,
            "OperationCanNotStartDueToMiLink",
            format!(
                "The operation cannot start because the managed database '{name}' is replicated by a link. Delete the link and try again."
            ),
        ),
        AzureRefusal::BadDatabaseName { name } => ArmError::service(
            BAD,
            "CannotUseReservedDatabaseName",
            format!("Cannot use reserved database name '{name}' in this operation."),
        ),
        AzureRefusal::MissingPublicBlob => ArmError::service(
            BAD,
            "MissingPublicBlob",
            "Missing public blob of the certificate.",
        ),
        AzureRefusal::InvalidPublicBlob { reason } => ArmError::service(
            BAD,
            "InvalidPublicBlob",
            format!("The specified public blob is invalid: {reason}."),
        ),
        AzureRefusal::CertificateExists { name } => ArmError::service(
            BAD,
            "CertificateAlreadyExists",
            format!(
                "The certificate, or one with this name, has already been uploaded as '{name}'."
            ),
        ),
        AzureRefusal::UpdatePolicyLowered => ArmError::service(
            BAD,
            "InvalidDatabaseFormat",
            "The update policy of a managed instance (databaseFormat) cannot be changed to an older one.",
        ),
        AzureRefusal::OperationNotFound { id } => operation_not_found(id),
        AzureRefusal::OperationNotCancellable { id } => ArmError::service(
            CONFLICT,
            "CannotCancelOperation",
            format!("The operation '{id}' is in a state in which it cannot be canceled."),
        ),
        AzureRefusal::NotEmulated { what } => ArmError::not_emulated(what),
        AzureRefusal::Fabric(refusal) => of_fabric(refusal),
        AzureRefusal::Trust(refusal) => of_trust(refusal),
        AzureRefusal::FailoverGroup(refusal) => super::failover_group::of(refusal),
        AzureRefusal::Deployment(refusal) => super::deployment::of(refusal),
        AzureRefusal::Authorization(refusal) => super::authorization::of(refusal),
        AzureRefusal::Factory(refusal) => of_factory(refusal),
    }
}

/// `BadRequest` and its two texts about references are as observed, `DataFactoryNameInUse` and `PreconditionFailed` are the
/// service's codes, and that a test without interactive authoring is a 400 was observed; the rest are guesses.
fn of_factory(refusal: &FactoryRefusal) -> ArmError {
    let bad = |text: String| ArmError::service(BAD, "BadRequest", text);
    match refusal {
        FactoryRefusal::NameInUse { name } => ArmError::service(
            CONFLICT,
            "DataFactoryNameInUse",
            format!(
                "The specified data factory name '{name}' is already in use. Data factory names must be globally unique."
            ),
        ),
        FactoryRefusal::Changed { resource } => ArmError::service(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            format!("The etag of '{resource}' does not match the one in If-Match."),
        ),
        FactoryRefusal::EntityNotFound { kind, name } => ArmError::service(
            MISSING,
            "EntityNotFound",
            format!("The entity '{name}' of type '{kind}' could not be found."),
        ),
        FactoryRefusal::InvalidReference { name } => bad(format!(
            "The document creation or update failed because of invalid reference '{name}'."
        )),
        FactoryRefusal::Referenced { resource, by } => bad(format!(
            "The document cannot be deleted since it is referenced by {by}."
        ))
        .about(format!("/Microsoft.DataFactory/{resource}")),
        FactoryRefusal::OnlyDefaultNetwork { name } => bad(format!(
            "The managed virtual network name '{name}' is not supported: it must be 'default'."
        )),
        FactoryRefusal::NoManagedNetwork { factory, network } => ArmError::service(
            MISSING,
            "ManagedVirtualNetworkNotFound",
            format!("Data factory '{factory}' has no managed virtual network '{network}'."),
        ),
        FactoryRefusal::EndpointFixed { endpoint } => bad(format!(
            "The target resource and the group id of managed private endpoint '{endpoint}' cannot be changed. Delete it and create another."
        )),
        FactoryRefusal::TooManyEndpoints { factory, most } => bad(format!(
            "Data factory '{factory}' has {most} managed private endpoints, which is the most that it can have."
        )),
        FactoryRefusal::RuntimeFixed { runtime } => bad(format!(
            "The type and the virtual network configuration of integration runtime '{runtime}' cannot be changed."
        )),
        FactoryRefusal::NoInteractiveAuthoring { runtime } => bad(format!(
            "Interactive authoring is a capability of integration runtimes in a managed virtual network, and integration runtime '{runtime}' is in none."
        )),
        FactoryRefusal::InteractiveOff { runtime } => ArmError::service(
            BAD,
            "InteractiveAuthoringNotEnabled",
            format!(
                "Interactive authoring is not enabled on integration runtime '{runtime}'. Enable it and try again."
            ),
        ),
        FactoryRefusal::NotSelfHosted { runtime } => bad(format!(
            "Integration runtime '{runtime}' is not self-hosted: it has no authentication keys."
        )),
    }
}

/// Some types have codes of their own for it (observed).
fn in_use(resource: &str) -> &'static str {
    match resource
        .split_once('/')
        .map(|(_, rest)| rest)
        .unwrap_or_default()
    {
        rest if rest.starts_with("networkSecurityGroups/") => {
            "InUseNetworkSecurityGroupCannotBeDeleted"
        }
        rest if rest.starts_with("routeTables/") => "InUseRouteTableCannotBeDeleted",
        _ => "ResourceInUse",
    }
}

/// Codes of `network.md` sections 4.2 and 11.5; those the documents do not give are as observed, or guesses.
/// Server trust groups: 406 is what the definition says.
fn of_trust(refusal: &TrustRefusal) -> ArmError {
    let bad = |what: &str, text: &str| {
        ArmError::service(BAD, &format!("ServerTrustGroupCreateRequest{what}"), text)
    };
    let not_now =
        |code: &str, text: String| ArmError::service(StatusCode::NOT_ACCEPTABLE, code, text);
    match refusal {
        TrustRefusal::TooFewMembers => bad(
            "InvalidGroupMembersCount",
            "The group members property has an invalid number of servers. At least two are needed.",
        ),
        TrustRefusal::TooManyMembers => bad(
            "InvalidGroupMembersCount2",
            "The group members property has an invalid number of servers. There are too many.",
        ),
        TrustRefusal::DuplicateServer { server } => bad(
            "DuplicateServer",
            &format!("One or more of the provided servers are duplicates: '{server}'."),
        ),
        TrustRefusal::NoScopes => bad(
            "InvalidTrustScopes",
            "The trust scope property in the request body is empty or invalid.",
        ),
        TrustRefusal::ScopesFixed => bad(
            "InvalidTrustScopesValue",
            "The trust scope property in the request body has an invalid value: it cannot be changed once the group has been created.",
        ),
        TrustRefusal::GroupBusy { group } => not_now(
            "ServerTrustGroupInInvalidState",
            format!("SQL trust group '{group}' is busy and cannot perform requested operation."),
        ),
        TrustRefusal::MemberBusy { member } => not_now(
            "ServerTrustGroupMemberIsBusy",
            format!(
                "Group member '{member}' is not in a valid state and cannot perform Server trust group operation."
            ),
        ),
        TrustRefusal::MemberNotFound { member } => not_now(
            "ServerTrustGroupMemberNotFound",
            format!(
                "Group member '{member}' is not found, therefore we cannot perform Server trust group operation."
            ),
        ),
    }
}

fn of_fabric(refusal: &FabricRefusal) -> ArmError {
    let bad = |code, text: String| ArmError::service(BAD, code, text);
    match refusal {
        FabricRefusal::SubnetFull { subnet } => bad(
            "SubnetIsFull",
            format!("Subnet {subnet} does not have enough capacity for 1 IP addresses."),
        ),
        FabricRefusal::AddressOutsideSubnet { address, subnet } => bad(
            "PrivateIPAddressNotInSubnet",
            format!(
                "Private static IP address {address} does not belong to the range of subnet prefix of {subnet}, or is reserved there."
            ),
        ),
        FabricRefusal::AddressTaken { address } => bad(
            "PrivateIPAddressInUse",
            format!("Private IP address {address} is already allocated to another resource."),
        ),
        FabricRefusal::SubnetDelegated { subnet, service } => bad(
            "PrivateEndpointCannotBeCreatedInSubnetThatHasDelegation",
            format!(
                "Private endpoint cannot be created in the subnet {subnet} since it is delegated to {service}."
            ),
        ),
        FabricRefusal::SubnetOfService {
            resource,
            subnet,
            service,
        } => bad(
            "SubnetIsDelegated",
            format!(
                "Subnet {subnet} is delegated to {service}; a resource of type {resource} cannot be created in it."
            ),
        ),
        FabricRefusal::ChildTwice { parent, child } => bad(
            "DuplicateResourceName",
            format!("Resource {parent} has two child resources with the same name ({child})."),
        ),
        FabricRefusal::SkuFixed {
            resource,
            sku,
            wanted,
        } => bad(
            "CannotChangeSku",
            format!(
                "Sku property is set at creation time and cannot be changed from {sku} to {wanted} on resource update for resource {resource}."
            ),
        ),
        FabricRefusal::FrontendsMixed { balancer } => bad(
            "LoadBalancerFrontendIPConfigsMustUseTheSameVirtualNetwork",
            format!(
                "The frontend IP configurations of load balancer {balancer} must all be public, or all be in one virtual network."
            ),
        ),
        FabricRefusal::MemberOfOtherNetwork {
            interface,
            balancer,
        } => bad(
            "NetworkInterfaceAndInternalLoadBalancerMustUseTheSameVirtualNetwork",
            format!(
                "Network interface {interface} and internal load balancer {balancer} must use the same virtual network."
            ),
        ),
        FabricRefusal::NotTheGatewaySubnet { gateway, subnet } => bad(
            "InvalidGatewaySubnet",
            format!(
                "Virtual network gateway {gateway} cannot be created in subnet {subnet}: the name of its subnet must be GatewaySubnet."
            ),
        ),
        FabricRefusal::SecondGateway { network, gateway } => bad(
            "OnlyOneVirtualNetworkGatewayOfATypeAllowed",
            format!(
                "Virtual network {network} has virtual network gateway {gateway} of the same type already."
            ),
        ),
        FabricRefusal::PublicAddressInUse { address, by } => bad(
            "PublicIPAddressInUse",
            format!(
                "Public IP address {address} can not be deleted or used, since it is still allocated to resource {by}. In order to delete the public IP, disassociate or detach it from that resource."
            ),
        ),
        FabricRefusal::StandardAddressIsStatic { address } => bad(
            "StandardSkuPublicIPAddressesMustBeStatic",
            format!("Standard sku publicIp {address} must have AllocationMethod set to Static."),
        ),
        FabricRefusal::TooManyPublicAddresses { most } => bad(
            "PublicIPCountLimitReached",
            format!("Cannot create more than {most} public IP addresses for this subscription."),
        ),
        FabricRefusal::LinkServiceNeedsStandard { service, balancer } => bad(
            "PrivateLinkServiceRequiresStandardLoadBalancer",
            format!(
                "Private link service {service} cannot use load balancer {balancer}: only load balancers of the Standard sku are supported."
            ),
        ),
        FabricRefusal::LinkServiceOfOtherNetwork { service, balancer } => bad(
            "PrivateLinkServiceAndLoadBalancerMustUseTheSameVirtualNetwork",
            format!(
                "The IP configurations of private link service {service} and the frontend of load balancer {balancer} must use the same virtual network."
            ),
        ),
        FabricRefusal::LinkServiceFixed { service } => bad(
            "PrivateLinkServiceLoadBalancerFrontendIpConfigurationCannotBeChanged",
            format!(
                "The load balancer frontend IP configuration of private link service {service} cannot be changed."
            ),
        ),
        FabricRefusal::ApprovedButNotVisible {
            service,
            subscription,
        } => bad(
            "PrivateLinkServiceAutoApprovalNotInVisibility",
            format!(
                "Subscription {subscription} in the auto approval list of private link service {service} is not in its visibility list."
            ),
        ),
        FabricRefusal::LinkServiceNotVisible { service, endpoint } => ArmError::service(
            StatusCode::FORBIDDEN,
            "PrivateLinkServiceNotVisible",
            format!(
                "Private endpoint {endpoint} cannot be connected: private link service {service} is not visible to this subscription."
            ),
        ),
        FabricRefusal::SecondZoneGroup { endpoint, group } => bad(
            "PrivateEndpointCannotHaveMultiplePrivateDnsZoneGroups",
            format!(
                "Private endpoint {endpoint} already has private DNS zone group {group}; it can have one."
            ),
        ),
        FabricRefusal::AliasNeedsApproval { endpoint } => bad(
            "PrivateEndpointWithAliasMustUseManualConnection",
            format!(
                "Private endpoint {endpoint} references a private link service by its alias, which is only allowed in manualPrivateLinkServiceConnections."
            ),
        ),
        FabricRefusal::PeeringOverlaps { network, remote } => bad(
            "VnetAddressSpacesOverlap",
            format!(
                "Cannot create or update peering. Virtual networks {network} and {remote} cannot be peered because their address spaces overlap."
            ),
        ),
        FabricRefusal::AlreadyPeered { network, remote } => bad(
            "AnotherPeeringAlreadyReferencesRemoteVnet",
            format!(
                "Another peering of virtual network {network} already references remote virtual network {remote}, or the remote network of a peering was to be changed."
            ),
        ),
        FabricRefusal::InterfaceInUse { interface, machine } => bad(
            "NicInUse",
            format!("Network Interface {interface} is used by existing VM {machine}."),
        ),
        FabricRefusal::MachineNotRunning { machine } => ArmError::service(
            CONFLICT,
            "OperationNotAllowed",
            format!("The operation requires the VM to be running (or set to run): {machine}."),
        ),
        FabricRefusal::TooManyRules { machine } => ArmError::service(
            CONFLICT,
            "OperationNotAllowed",
            format!(
                "Virtual machine {machine} has as many forwarding rules as the emulator keeps."
            ),
        ),
        FabricRefusal::NameNotResolved { host } => bad(
            "NameResolutionFailed",
            format!("The name '{host}' has no address where it was asked for."),
        ),
        FabricRefusal::RulesCollide { rule, other } => bad(
            "RulesUseSameFrontendPortProtocolAndIPConfig",
            format!(
                "Load balancing rules {rule} and {other} use the same frontend IP configuration, port and protocol."
            ),
        ),
        FabricRefusal::LinkServicePoliciesEnabled { service, subnet } => bad(
            "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
            format!(
                "Private link service {service} cannot be created in the subnet {subnet} since it has private link service network policies enabled."
            ),
        ),
        FabricRefusal::LinkServiceHasConnections { service, endpoint } => bad(
            "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
            format!(
                "Private link service {service} cannot be deleted since it has private endpoint connections, such as that of {endpoint}."
            ),
        ),
        FabricRefusal::EndpointFixed { endpoint } => bad(
            "PrivateEndpointCannotBeUpdated",
            format!(
                "The subnet, the private link service connection and the IP configurations of private endpoint {endpoint} cannot be changed. Delete it and create another."
            ),
        ),
        FabricRefusal::MayNotApprove { endpoint, target } => ArmError::service(
            StatusCode::FORBIDDEN,
            "LinkedAuthorizationFailed",
            format!(
                "The client has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope '{endpoint}', however the current tenant is not authorized to perform action 'privateEndpointConnectionsApproval/action' on the linked scope '{target}'."
            ),
        ),
        FabricRefusal::GroupIdsDoNotFit {
            endpoint,
            target,
            groups,
        } => bad(
            "PrivateEndpointInvalidGroupIds",
            format!("Private endpoint {endpoint} has invalid group ids '{groups}' for {target}."),
        ),
        FabricRefusal::ConnectionNotPending { name } => bad(
            "PrivateEndpointConnectionStatusNotPending",
            format!("The status of the private endpoint connection '{name}' is not Pending."),
        ),
        // The words are a guess.
        FabricRefusal::ProbeNeedsStandard { probe, balancer } => bad(
            "LoadBalancerProbeHttpsNotSupportedByBasicSku",
            format!(
                "Probe {probe} of load balancer {balancer} cannot be Https: that needs a load balancer of the Standard SKU."
            ),
        ),
        FabricRefusal::NoSuchConnection { name } => bad(
            "PrivateEndpointConnectionDoesNotExist",
            format!("The private endpoint connection '{name}' does not exist."),
        ),
        FabricRefusal::InvalidRecordSet { name, why } => bad(
            "BadRequest",
            format!("The record set '{name}' is not valid: {why}."),
        ),
        FabricRefusal::NetworkLinkedAlready {
            network,
            zone,
            link,
        } => bad(
            "BadRequest",
            format!(
                "A virtual network cannot be linked to multiple zones with overlapping namespaces. Virtual network '{network}' is linked to a zone '{zone}' by '{link}'."
            ),
        ),
        FabricRefusal::NetworkRegistersAlready { network, zone } => bad(
            "BadRequest",
            format!(
                "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting Private DNS zone is '{zone}', of virtual network '{network}'."
            ),
        ),
    }
}

fn of_location(name: &str, location: &str, group: &str, wanted: &str) -> ArmError {
    // A resource group is not in itself, so it has a text of its own.
    if name == group {
        return ArmError::gateway(
            CONFLICT,
            "InvalidResourceGroupLocation",
            format!(
                "Invalid resource group location '{wanted}'. The Resource group already exists in location '{location}'."
            ),
        );
    }
    ArmError::gateway(
        CONFLICT,
        "InvalidResourceLocation",
        format!(
            "The resource '{name}' already exists in location '{location}' in resource group '{group}'. A resource with the same name cannot be created in location '{wanted}'. Please select a new resource name."
        ),
    )
}

fn of_instance(refusal: &InstanceRefusal) -> ArmError {
    let (status, code, message) = match refusal {
        InstanceRefusal::InvalidServerName => (BAD, "InvalidServerName", "Invalid server name specified.".to_owned()),
        InstanceRefusal::InvalidSubnetId { .. } => (BAD, "InvalidSubnetResourceId", "Invalid subnet resource ID provided. Please provide a correct resource Id for the target subnet.".to_owned()),
        InstanceRefusal::SubnetOfOtherSubscription => (BAD, "ManagedInstanceAndSubnetAreNotOnTheSameSubscription", "Subnet provided for managed instance deployment is located on subscription different than the one submitted for managed instance. Managed instance and subnet used for deploying the instance must be on the same subscription. Please provide another subnet or switch to the subnet subscription and then try the operation again.".to_owned()),
        InstanceRefusal::UnknownSubnet { subnet } => (BAD, "VnetSubnetIsUnknown", format!("Subnet '{subnet}' does not exist.")),
        InstanceRefusal::SubnetTooSmall => (BAD, "CreateManagedInstanceInvalidSubnetSize", "The subnet is smaller than the allowed minimal subnet size: a managed instance needs at least 32 IP addresses (/27).".to_owned()),
        InstanceRefusal::SubnetFixed => (BAD, "SubnetIdCantBeUpdated", "Changing managed instance subnet is not supported operation. Please remove this parameter from the request.".to_owned()),
        InstanceRefusal::InvalidSku { .. } => return invalid_parameter("sku.name"),
        InstanceRefusal::InvalidLicenseType { license } => (BAD, "ManagedInstanceInvalidLicenseType", format!("The specified license type {license} is not valid.")),
        InstanceRefusal::InvalidCollation { name } => (BAD, "InvalidCollation", format!("Collation '{name}' is invalid or not supported by milink.")),
        InstanceRefusal::CollationFixed => (BAD, "InstanceCollationUpdateNotSupported", "User cannot change instance collation on Managed Instance.".to_owned()),
        InstanceRefusal::InvalidStorageSize { gigabytes } => (StatusCode::METHOD_NOT_ALLOWED, "InvalidStorageSizeValue", format!("Invalid storage size: {gigabytes} GB. Storage size must be specified between 32 and 16384 gigabytes, in increments of 32 GB.")),
        InstanceRefusal::InvalidLoginName => (BAD, "InvalidLoginName", "The provided login name is invalid.".to_owned()),
        InstanceRefusal::PasswordTooShort => (BAD, "PasswordTooShort", "The provided password is too short. It has to have at least 16 characters.".to_owned()),
        InstanceRefusal::PasswordTooLong => (BAD, "PasswordTooLong", "The provided password is too long. It can have at most 128 characters.".to_owned()),
        InstanceRefusal::PasswordNotComplex => (BAD, "PasswordNotComplex", "Password validation failed. The password does not meet policy requirements because it is not complex enough.".to_owned()),
        InstanceRefusal::InvalidEntraAdministrator => (BAD, "InvalidExternalAdministratorLogin", "Invalid or missing external administrator login name.".to_owned()),
        InstanceRefusal::EntraAdministratorIsSqlAdministrator => (BAD, "ExternalAdministratorLoginSameAsSqlAdmin", "The names of the Azure Active Directory administrator and of the server admin account must be different. Please provide different values.".to_owned()),
        InstanceRefusal::NoEntraAdministrator => (BAD, "InvalidManagedServerAADOnlyAuthNoAADAdminPropertyName", "Azure Active Directory Administrator must be configured before enabling Azure Active Directory Only Authentication.".to_owned()),
        // The definitions list no code for what cannot be stopped or started: these are guesses.
        InstanceRefusal::CannotStop { reason } => (BAD, "ManagedInstanceStopNotSupported", format!("The managed instance cannot be stopped: {reason}.")),
        InstanceRefusal::NotStopped => (BAD, "ManagedInstanceNotStopped", "Only a managed instance in the Stopped state can be started.".to_owned()),
        InstanceRefusal::NotInStateToFailOver => (CONFLICT, "ManagedInstanceNotInStateToFailover", "The failover cannot be initiated on this managed instance because it is not in a state to fail over. Wait until the running operation is over and try again.".to_owned()),
        InstanceRefusal::NoReadableSecondary => (BAD, "ManagedInstanceFailoverNotSupportedOnSKU", "The failover of a readable secondary replica is only supported in the Business Critical service tier.".to_owned()),
        InstanceRefusal::FailoverThrottled => (BAD, "ManagedInstanceFailoverThrottled", "There was a recent failover on the managed instance. A failover can be initiated once in 15 minutes.".to_owned()),
        InstanceRefusal::FullBackupMissing { database } => (CONFLICT, "ManagedInstanceFailoverFullBackupMissing", format!("There are databases without a full backup on the managed instance, '{database}' among them. Wait until their first full backup is completed and try again.")),
        InstanceRefusal::HasLink { link } => (BAD, "OperationCanNotStartDueToMiLink", format!("The operation cannot start because the managed instance has link '{link}'. Delete the link and try again.")),
        // The definitions list no codes for dnsZonePartner: these two are guesses.
        InstanceRefusal::UnknownZonePartner { partner } => (BAD, "InvalidDnsZonePartner", format!("The managed instance '{partner}' that dnsZonePartner names does not exist.")),
        InstanceRefusal::ZoneFixed { partner } => (BAD, "InvalidDnsZonePartner", format!("The DNS zone of '{partner}' is not that of the managed instances in the subnet, and cannot be changed.")),
        InstanceRefusal::TooManyDatabases { most } => (BAD, "DatabaseNumberLimitReached", format!("The managed instance has reached the limit of {most} databases.")),
    };
    ArmError::service(status, code, message)
}

fn of_link(refusal: &LinkRefusal) -> ArmError {
    const REQUEST: &str = "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequest";
    let of_body = |tail: &str, what: &str| {
        let text = format!(
            "Distributed Availability Group Create or Update request body has empty or Invalid {what}."
        );
        ArmError::service(BAD, &format!("{REQUEST}{tail}"), text)
    };
    let bad = |code, message: String| ArmError::service(BAD, code, message);
    match refusal {
        LinkRefusal::EmptyRequest => bad(REQUEST, "Distributed Availability Group Create or Update request body is empty or invalid.".to_owned()),
        LinkRefusal::BadDatabases => of_body("Databases", "Databases"),
        LinkRefusal::NoInstanceGroup => of_body("InstanceAvailabilityGroupName", "Instance Availability Group Name"),
        LinkRefusal::NoPartnerGroup => of_body("PartnerAvailabilityGroupName", "Partner Availability Group Name"),
        LinkRefusal::SameGroupNames => bad("InstanceAvailabilityGroupNamePartnerAvailabilityGroupNameMatch", "Distributed Availability Group Create or Update request body has equal Instance and Partner Availability Group Names.".to_owned()),
        LinkRefusal::NoPartnerEndpoint => of_body("PartnerEndpoint", "Partner Endpoint"),
        // The oldest name of the parameter shows in every api-version (observed).
        LinkRefusal::BadPartnerEndpoint => invalid_parameter("SourceEndpoint"),
        LinkRefusal::BadSeedingMode => of_body("SeedingMode", "Seeding Mode. Currently, only the 'Automatic' mode is supported"),
        LinkRefusal::BadEnum { parameter, .. } => invalid_parameter(parameter),
        LinkRefusal::BadName { name } => bad("InvalidIdentifier", format!("Name '{name}' is not valid.")),
        LinkRefusal::BadMultiDatabaseName { .. } => bad("InvalidMultiDbDistributedAvailabilityGroupName", "The name of a distributed availability group with several databases can only have lower case letters, digits and hyphens, and cannot begin or end with a hyphen.".to_owned()),
        LinkRefusal::BadMembers => bad("InvalidMultiDbDistributedAvailabilityGroupDatabasesRequest", "The request to add or remove databases of the distributed availability group has empty or invalid Databases.".to_owned()),
        LinkRefusal::OtherLinkExists { .. } => bad("ManagedInstanceLinkForProvidedAvailabilityGroupsAlreadyExists", "It is not possible to add an additional database to an existing Managed Instance link as a single link can contain only one database. Please use a different distributed availability group name and try again.".to_owned()),
        LinkRefusal::InstanceGroupInUse { group } => bad("ManagedInstanceLinkForProvidedAvailabilityGroupsAlreadyExists", format!("A link with the instance availability group '{group}' already exists.")),
        LinkRefusal::DatabaseExists { database } => bad("ManagedDatabaseNameInUse", format!("The managed database name '{database}' is already in use.")),
        LinkRefusal::DatabaseNotFound { database } => ArmError::service(MISSING, "DatabaseDoesNotExist", format!("User attempted to access a database which does not exist. Database: '{database}'.")),
        LinkRefusal::DatabaseLinked { database } => ArmError::service(CONFLICT, "ConflictingDatabaseOperation", format!("Database '{database}' is in another link of the managed instance, and a second link cannot start from it.")),
        // The published words are those of the instance as primary; documented for links of either role.
        LinkRefusal::InFailoverGroup { instance } => ArmError::service(CONFLICT, "DistributedAvailabilityGroupMiPrimaryWithGeodr", format!("Managed instance '{instance}' is a member of a failover group, and databases cannot be replicated between it and SQL Server. Disconnect this Managed Instance from the failover group, and try again.")),
        LinkRefusal::EncryptedByService { database } => ArmError::service(CONFLICT, "DistributedAvailabilityGroupDbEncryptedWithSmk", format!("Database '{database}' is encrypted with the service-managed key and cannot be replicated to SQL Server. Decrypt the database, or use a customer-managed key.")),
        LinkRefusal::NameTooLong { name } => bad("TokenTooLong", format!("The name '{name}' is too long: an availability group's name has at most 128 characters.")),
        LinkRefusal::NameTaken { name } => bad("NameAlreadyExists", format!("The name '{name}' of the link, or that of its availability group, already exists on the managed instance.")),
        LinkRefusal::TooManyLinks => ArmError::service(CONFLICT, "DatabaseNumberLimitReached", "The managed instance has as many links as it can have."),
        LinkRefusal::NotFound { name } => ArmError::child_not_found(LINK, name),
        LinkRefusal::Busy { name } => ArmError::service(CONFLICT, "ManagedInstanceIsBusy", format!("Link '{name}' is being created or changed. Wait until that is over and try again.")),
        LinkRefusal::InstanceBusy { name } => ArmError::service(CONFLICT, "ManagedInstanceIsBusy", format!("Managed instance '{name}' is busy with another operation. Wait until that is over and try again.")),
        LinkRefusal::NotEmulated { what } => ArmError::not_emulated(what),
    }
}

/// `arm-contract.md` sections 5.6, 5.7 and 15.3. The words are those of the published definitions (2023-08-01-preview), where
/// they have any.
fn of_failover(refusal: &FailoverRefusal) -> ArmError {
    let (code, text) = match refusal {
        FailoverRefusal::NotPrimary { .. } => {
            let code = "InvalidDistributedAvailabilityGroupFailoverInstanceRole";
            let text = "Planned failover can be executed on a link in the primary role only. Current state of the specified link is secondary.";
            return ArmError::service(BAD, code, text);
        }
        FailoverRefusal::InProgress { .. } => (
            "SetRoleChangeRoleAlreadyInProgress",
            "Changing the server role cannot be executed at this time as there exist a previous role change in progress on Azure SQL Managed Instance. Only when the previous role change completes, a new request could be submitted. Please wait for the previous role change to complete and retry again.",
        ),
        FailoverRefusal::NotSynchronizing { .. } | FailoverRefusal::CannotCatchUp { .. } => (
            "FailoverSecondariesNotSynchronizing",
            "Planned failover cannot be executed if secondaries are not synchronizing.",
        ),
        FailoverRefusal::SendQueueTooLarge { .. } => (
            "FailoverLogSendQueueSizeTooBig",
            "Planned failover cannot be executed if send queue is too large.",
        ),
        FailoverRefusal::RedoQueueTooLarge { .. } => (
            "FailoverRedoQueueSizeTooBig",
            "Planned failover cannot be executed if redo queue is too large on secondary.",
        ),
        FailoverRefusal::PlannedToPrimary { .. } => (
            "SetRolePrimaryPlannedNotSupported",
            "User attempted to perform setRole operation to primary in planned fashion and that is not supported.",
        ),
        FailoverRefusal::AlreadyInRole { .. } => (
            "SetRoleInstanceAlreadyInRequestedRole",
            "User attempted to perform setRole operation while managed instance link is already in requested role.",
        ),
        FailoverRefusal::OneWay { .. } => ("ForcedFailoverWrongDbVersion", ""),
        FailoverRefusal::NotALink { .. }
        | FailoverRefusal::PlannedNotInVersion { .. }
        | FailoverRefusal::FormatsDiffer { .. }
        | FailoverRefusal::DatabaseInaccessible { .. }
        | FailoverRefusal::NotReadable { .. }
        | FailoverRefusal::FollowsAnother { .. } => ("SetRoleFailed", ""),
    };
    let code = format!("DistributedAvailabilityGroup{code}");
    let text = match text {
        "" => sentence(refusal),
        text => text.to_owned(),
    };
    ArmError::service(CONFLICT, &code, text)
}

/// A reason as a sentence.
fn sentence(reason: &impl ToString) -> String {
    let mut text = reason.to_string();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    format!("{text}.")
}

fn of_database(refusal: &DatabaseRefusal) -> ArmError {
    match refusal {
        DatabaseRefusal::NotFound { name } => {
            ArmError::child_not_found("Microsoft.Sql/managedInstances/databases", name)
        }
        DatabaseRefusal::Exists { name } | DatabaseRefusal::InLink { name } => {
            of_azure(&AzureRefusal::DatabaseExists { name: name.clone() })
        }
        DatabaseRefusal::BadName { name } | DatabaseRefusal::System { name } => {
            of_azure(&AzureRefusal::BadDatabaseName { name: name.clone() })
        }
        DatabaseRefusal::Restoring { .. }
        | DatabaseRefusal::Recovering { .. }
        | DatabaseRefusal::Offline { .. }
        | DatabaseRefusal::ReadOnly { .. }
        | DatabaseRefusal::InUse { .. }
        | DatabaseRefusal::OthersConnected { .. }
        | DatabaseRefusal::SingleUser { .. }
        | DatabaseRefusal::OneUser { .. }
        | DatabaseRefusal::InGroup { .. }
        | DatabaseRefusal::SecondaryNotReadable { .. }
        | DatabaseRefusal::ReadIntentNeeded { .. }
        | DatabaseRefusal::ReadIntentRefused { .. }
        | DatabaseRefusal::NoReadableReplica { .. }
        | DatabaseRefusal::RoleChanging { .. }
        | DatabaseRefusal::QuorumLost { .. }
        | DatabaseRefusal::GeoSecondary { .. }
        | DatabaseRefusal::OptionNotAllowed { .. }
        | DatabaseRefusal::FileNameTaken { .. }
        | DatabaseRefusal::FilePathTaken { .. }
        | DatabaseRefusal::FilesOfInstance
        | DatabaseRefusal::NoSuchFile { .. }
        | DatabaseRefusal::FirstFile { .. } => ArmError::service(
            CONFLICT,
            "ConflictingDatabaseOperation",
            format!("{refusal}."),
        ),
    }
}

fn of_encryption(refusal: &EncryptionRefusal) -> ArmError {
    use EncryptionRefusal as R;
    match refusal {
        R::OfferedByLink { .. } => ArmError::service(
            CONFLICT,
            "DistributedAvailabilityGroupDbCannotBeEncryptedWhenPrimaryInMiLink",
            sentence(refusal),
        ),
        R::ProtectorOfLink { .. } => ArmError::service(
            CONFLICT,
            "DistributedAvailabilityGroupProtectorCannotBeUpdtedToSmk",
            sentence(refusal),
        ),
        R::ServerKeyNotFound { .. } => ArmError::service(
            MISSING,
            "ServerKeyNotFound",
            "The requested server key was not found on the current subscription.",
        ),
        R::ServerKeyInUse { .. } => {
            ArmError::service(CONFLICT, "AzureKeyVaultKeyInUse", sentence(refusal))
        }
        R::SystemDatabase | R::Edition => ArmError::service(BAD, "BadRequest", sentence(refusal)),
        R::NotWritable
        | R::KeyExists
        | R::NoKey
        | R::KeyInUse
        | R::NoKeySet
        | R::AlreadyOn
        | R::AlreadyOff
        | R::ScanRunning
        | R::ScanInTheWay
        | R::CertificateUnusable { .. }
        | R::CertificateUsed { .. }
        | R::ProtectorMissing { .. } => {
            ArmError::service(CONFLICT, "ConflictingDatabaseOperation", sentence(refusal))
        }
    }
}

fn of_link_error(error: &LinkError) -> ArmError {
    let status = match error {
        LinkError::TargetDatabaseExists { .. } => CONFLICT,
        _ => BAD,
    };
    ArmError::service(status, link_error_code(error), link_error_text(error))
}

/// `mostRecentLinkError`, and the message of a failed operation.
pub(crate) fn link_error_text(error: &LinkError) -> String {
    let text = sentence(error);
    match error {
        LinkError::InitTimeout { cause, .. } => {
            format!("{}: {cause}.", text.trim_end_matches('.'))
        }
        _ => text,
    }
}

fn link_error_code(error: &LinkError) -> &'static str {
    match error {
        LinkError::PartnerUnreachable { .. }
        | LinkError::EndpointNotStarted { .. }
        | LinkError::EndpointWithoutCertificate { .. }
        | LinkError::EndpointNotEncrypted { .. }
        | LinkError::GroupNotResponding { .. }
        | LinkError::RoleMismatch
        | LinkError::PartnerKeyClosed { .. }
        | LinkError::NoConnectPermission { .. }
        | LinkError::NetworkInterrupted => "ManagedInstanceLinkConnectivityIsNotEstablished",
        LinkError::CertificateNotOnInstance { .. }
        | LinkError::PartnerCertificateInvalid { .. } => {
            "ManagedInstanceLinkCertificateNotFoundOnManagedInstance"
        }
        LinkError::CertificateNotOnSqlServer { .. }
        | LinkError::InstanceCertificateMismatch { .. }
        | LinkError::InstanceCertificateInvalid { .. }
        | LinkError::IssuerNotTrusted { .. } => "ManagedInstanceLinkCertificateNotFoundOnSqlServer",
        LinkError::DatabaseNotResponding { .. }
        | LinkError::TdeProtectorNotOnSqlServer { .. }
        | LinkError::CreateDatabaseNotGranted { .. }
        | LinkError::CreationCanceled { .. }
        | LinkError::SeedingFailed { .. }
        | LinkError::SeedingCancelled { .. }
        | LinkError::LogGone { .. } => "ManagedInstanceLinkIsNotInTheCatchupState",
        LinkError::SeveralLogFiles { .. } => "ManagedInstanceLinkSourceDbHasMultipleLogFiles",
        LinkError::DiskFull { .. } => "NoMoreSpaceInManagedInstance",
        // No list has a code for these two: the nearest one (guess).
        LinkError::ModeMismatch { .. } | LinkError::DatabaseOmitted { .. } => {
            "ManagedInstanceLinkConnectivityIsNotEstablished"
        }
        LinkError::NoCapacity { .. } => "DatabaseNumberLimitReached",
        LinkError::TdeProtectorNotOnInstance { .. } => "ManagedInstanceLinkTdeCertificateMissing",
        LinkError::FailoverFailed => "DistributedAvailabilityGroupSetRoleFailed",
        LinkError::TargetDatabaseExists { .. } => "RemoteDatabaseExists",
        LinkError::VersionNotSupported { .. }
        | LinkError::PolicyTooOld { .. }
        | LinkError::SourceFormatNotCompatible { .. }
        | LinkError::FailbackNeedsMatchingFormat { .. } => {
            "ManagedInstanceRestoreToInstanceWithOlderVersionEdition"
        }
        LinkError::InitTimeout { cause, .. } => link_error_code(cause),
        LinkError::PartnerDropped => "ManagedInstanceLinkIsNotFound",
    }
}

fn invalid_parameter(parameter: &str) -> ArmError {
    let message =
        format!("Invalid value given for parameter {parameter}. Specify a valid parameter value.");
    ArmError::service(BAD, "InvalidParameterValue", message)
}

fn operation_not_found(id: &str) -> ArmError {
    let message = format!("The operation with Id: '{id}' does not exist.");
    ArmError::service(MISSING, "OperationIdNotFound", message)
}
