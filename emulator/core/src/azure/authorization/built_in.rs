//! Roles that Azure brings along, as far as they matter here (Azure's documentation: "Azure built-in roles").
//!
//! Of long lists of other services' actions only those are kept that name types milink knows.

use uuid::Uuid;

use super::BuiltInRole;

/// The role of this id.
pub(super) fn find(id: Uuid) -> Option<&'static BuiltInRole> {
    BUILT_IN
        .iter()
        .find(|role| Uuid::try_parse(role.id).is_ok_and(|known| known == id))
}

/// Every role that comes along.
pub const BUILT_IN: &[BuiltInRole] = &[
    BuiltInRole {
        id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[],
    },
    BuiltInRole {
        id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        ],
    },
    BuiltInRole {
        id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        name: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: &["*/read"],
        not_actions: &[],
    },
    BuiltInRole {
        id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        name: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        actions: &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        not_actions: &[],
    },
    BuiltInRole {
        id: "4d97b98b-1d4f-4787-a291-c67834d212e7",
        name: "Network Contributor",
        description: "Lets you manage networks, but not access to them.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
    },
    BuiltInRole {
        id: "4939a1f6-9ae0-4e48-a1e0-f2cbe897382d",
        name: "SQL Managed Instance Contributor",
        description: "Lets you manage SQL Managed Instances and required network configuration, but can't give access to others.",
        actions: &[
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Network/networkSecurityGroups/*",
            "Microsoft.Network/routeTables/*",
            "Microsoft.Sql/locations/*/read",
            "Microsoft.Sql/locations/instanceFailoverGroups/*",
            "Microsoft.Sql/managedInstances/*",
            "Microsoft.Support/*",
            "Microsoft.Network/virtualNetworks/subnets/*",
            "Microsoft.Network/virtualNetworks/*",
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Insights/metrics/read",
            "Microsoft.Insights/metricDefinitions/read",
        ],
        not_actions: &[
            "Microsoft.Sql/managedInstances/azureADOnlyAuthentications/delete",
            "Microsoft.Sql/managedInstances/azureADOnlyAuthentications/write",
        ],
    },
    BuiltInRole {
        id: "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
        name: "SQL Security Manager",
        description: "Lets you manage the security-related policies of SQL servers and databases, but not access to them.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Sql/locations/administratorAzureAsyncOperation/read",
            "Microsoft.Sql/managedInstances/advancedThreatProtectionSettings/read",
            "Microsoft.Sql/managedInstances/advancedThreatProtectionSettings/write",
            "Microsoft.Sql/managedInstances/databases/currentSensitivityLabels/*",
            "Microsoft.Sql/managedInstances/databases/recommendedSensitivityLabels/*",
            "Microsoft.Sql/managedInstances/databases/securityAlertPolicies/*",
            "Microsoft.Sql/managedInstances/databases/sensitivityLabels/*",
            "Microsoft.Sql/managedInstances/databases/vulnerabilityAssessments/*",
            "Microsoft.Sql/managedInstances/databases/transparentDataEncryption/*",
            "Microsoft.Sql/managedInstances/securityAlertPolicies/*",
            "Microsoft.Sql/managedInstances/vulnerabilityAssessments/*",
            "Microsoft.Sql/managedInstances/serverConfigurationOptions/read",
            "Microsoft.Sql/managedInstances/serverConfigurationOptions/write",
            "Microsoft.Sql/locations/serverConfigurationOptionAzureAsyncOperation/read",
            "Microsoft.Sql/managedInstances/read",
            "Microsoft.Sql/managedInstances/azureADOnlyAuthentications/*",
            "Microsoft.Sql/managedInstances/administrators/read",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
    },
    BuiltInRole {
        id: "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        name: "Private DNS Zone Contributor",
        description: "Lets you manage private DNS zone resources, but not the virtual networks they are linked to.",
        actions: &[
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
            "Microsoft.Network/privateDnsZones/*",
            "Microsoft.Network/privateDnsOperationResults/*",
            "Microsoft.Network/privateDnsOperationStatuses/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
            "Microsoft.Authorization/*/read",
        ],
        not_actions: &[],
    },
    BuiltInRole {
        id: "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        name: "Virtual Machine Contributor",
        description: "Create and manage virtual machines, manage disks, install and run software, reset password of the root user of the virtual machine using VM extensions, and manage local user accounts using VM extensions. This role does not grant you management access to the virtual network or storage account the virtual machines are connected to. This role does not allow you to assign roles in Azure RBAC.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Compute/availabilitySets/*",
            "Microsoft.Compute/locations/*",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/virtualMachineScaleSets/*",
            "Microsoft.Compute/cloudServices/*",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/delete",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
            "Microsoft.Network/loadBalancers/inboundNatPools/join/action",
            "Microsoft.Network/loadBalancers/inboundNatRules/join/action",
            "Microsoft.Network/loadBalancers/probes/join/action",
            "Microsoft.Network/loadBalancers/read",
            "Microsoft.Network/locations/*",
            "Microsoft.Network/networkInterfaces/*",
            "Microsoft.Network/networkSecurityGroups/join/action",
            "Microsoft.Network/networkSecurityGroups/read",
            "Microsoft.Network/publicIPAddresses/join/action",
            "Microsoft.Network/publicIPAddresses/read",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.SqlVirtualMachine/*",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
    },
    BuiltInRole {
        id: "673868aa-7521-48a0-acc6-0f60742d39f5",
        name: "Data Factory Contributor",
        description: "Create and manage data factories, as well as child resources within them.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.DataFactory/dataFactories/*",
            "Microsoft.DataFactory/factories/*",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
            "Microsoft.EventGrid/eventSubscriptions/write",
        ],
        not_actions: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_one_and_there_once() {
        let ids: std::collections::BTreeSet<Uuid> = BUILT_IN
            .iter()
            .map(|role| Uuid::try_parse(role.id).expect(role.name))
            .collect();
        assert_eq!(ids.len(), BUILT_IN.len());
    }
}
