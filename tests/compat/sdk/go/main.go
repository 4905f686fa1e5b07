// The management SDKs of Go: a private endpoint from the consumer's and the instance's side, and a link that is made and forced over,
// all with their pollers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/sql/armsql/v2"
)

var ctx = context.Background()

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func equal[T comparable](actual, expected T) {
	if actual != expected {
		panic(fmt.Sprintf("got %v, expected %v", actual, expected))
	}
}

// refused is an error of Resource Manager with this code.
func refused(code string, err error) {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		panic(fmt.Sprintf("expected %s, and it was %v", code, err))
	}
	equal(response.ErrorCode, code)
}

// done waits for the end of what a poller follows.
func done[T any](poller *runtime.Poller[T], err error) T {
	check(err)
	result, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
	check(err)
	return result
}

func main() {
	var ready struct {
		ArmURL, EntraURL, TenantID, ClientID, ClientSecret, SubscriptionID, ResourceGroup, Location string
		ManagedInstances                                                                            []struct{ Name, ResourceID string }
	}
	text, err := os.ReadFile(os.Getenv("MILINK_READY"))
	check(err)
	check(json.Unmarshal(text, &ready))
	var words map[string]string
	check(json.Unmarshal([]byte(os.Getenv("MILINK_WORDS")), &words))
	group, instance := ready.ResourceGroup, ready.ManagedInstances[0]
	options := azcore.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: ready.EntraURL,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: ready.ArmURL, Audience: "https://management.azure.com"}},
	}}
	credential, err := azidentity.NewClientSecretCredential(ready.TenantID, ready.ClientID, ready.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	check(err)
	of := &arm.ClientOptions{ClientOptions: options}
	resources, err := armresources.NewClient(ready.SubscriptionID, credential, of)
	check(err)
	sql, err := armsql.NewClientFactory(ready.SubscriptionID, credential, of)
	check(err)

	// Of networks, as any resource: the SDK that knows them all takes minutes to compile.
	id := func(tail string) string {
		return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/%s", ready.SubscriptionID, group, tail)
	}
	const version = "2024-05-01"
	put := func(tail string, properties map[string]any) map[string]any {
		body := armresources.GenericResource{Location: &ready.Location, Properties: properties}
		return done(resources.BeginCreateOrUpdateByID(ctx, id(tail), version, body, nil)).Properties.(map[string]any)
	}
	put("virtualNetworks/sdk-net", map[string]any{
		"addressSpace": map[string]any{"addressPrefixes": []string{"10.88.0.0/16"}},
		"subnets":      []any{map[string]any{"name": "pe", "properties": map[string]any{"addressPrefix": "10.88.1.0/24"}}},
	})
	state := func(properties map[string]any) any {
		connection := properties["manualPrivateLinkServiceConnections"].([]any)[0].(map[string]any)["properties"].(map[string]any)
		return connection["privateLinkServiceConnectionState"].(map[string]any)["status"]
	}
	endpoint := put("privateEndpoints/sdk-pe", map[string]any{
		"subnet": map[string]any{"id": id("virtualNetworks/sdk-net/subnets/pe")},
		"manualPrivateLinkServiceConnections": []any{map[string]any{"name": "c", "properties": map[string]any{
			"privateLinkServiceId": instance.ResourceID, "groupIds": []string{"managedInstance"}, "requestMessage": "from Go",
		}}},
	})
	equal(state(endpoint), any("Pending"))
	connections := sql.NewManagedInstancePrivateEndpointConnectionsClient()
	page, err := connections.NewListByManagedInstancePager(group, instance.Name, nil).NextPage(ctx)
	check(err)
	equal(len(page.Value), 1)
	asked := page.Value[0]
	equal(*asked.Properties.PrivateLinkServiceConnectionState.Description, "from Go")
	approved := done(connections.BeginCreateOrUpdate(ctx, group, instance.Name, *asked.Name, armsql.ManagedInstancePrivateEndpointConnection{
		Properties: &armsql.ManagedInstancePrivateEndpointConnectionProperties{
			PrivateLinkServiceConnectionState: &armsql.ManagedInstancePrivateLinkServiceConnectionStateProperty{
				Status: to.Ptr("Approved"), Description: to.Ptr("welcome"),
			},
		},
	}, nil))
	equal(*approved.Properties.PrivateLinkServiceConnectionState.Status, "Approved")
	seen, err := resources.GetByID(ctx, id("privateEndpoints/sdk-pe"), version, nil)
	check(err)
	equal(state(seen.Properties.(map[string]any)), any("Approved"))

	links := sql.NewDistributedAvailabilityGroupsClient()
	_, err = links.Get(ctx, group, instance.Name, "nothing", nil)
	refused("ResourceNotFound", err)
	link := done(links.BeginCreateOrUpdate(ctx, group, instance.Name, words["DAGName"], armsql.DistributedAvailabilityGroup{
		Properties: &armsql.DistributedAvailabilityGroupProperties{
			Databases:                     []*armsql.DistributedAvailabilityGroupDatabase{{DatabaseName: to.Ptr(words["DatabaseName"])}},
			FailoverMode:                  to.Ptr(armsql.FailoverModeTypeManual),
			SeedingMode:                   to.Ptr(armsql.SeedingModeTypeAutomatic),
			InstanceLinkRole:              to.Ptr(armsql.LinkRoleSecondary),
			InstanceAvailabilityGroupName: to.Ptr(words["AGNameOnSQLMI"]),
			PartnerAvailabilityGroupName:  to.Ptr(words["AGNameOnSQLServer"]),
			PartnerEndpoint:               to.Ptr("TCP://" + words["SQLServerIP"] + ":5022"),
		},
	}, nil))
	equal(*link.Properties.InstanceLinkRole, armsql.LinkRoleSecondary)
	listed, err := links.NewListByInstancePager(group, instance.Name, nil).NextPage(ctx)
	check(err)
	equal(len(listed.Value), 1)
	healthy := func() bool {
		shown, err := links.Get(ctx, group, instance.Name, words["DAGName"], nil)
		check(err)
		health := shown.Properties.Databases[0].SynchronizationHealth
		return health != nil && string(*health) == "HEALTHY"
	}
	for end := time.Now().Add(time.Minute); !healthy(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			panic("the link does not become healthy")
		}
	}
	synchronous := done(links.BeginUpdate(ctx, group, instance.Name, words["DAGName"], armsql.DistributedAvailabilityGroup{
		Properties: &armsql.DistributedAvailabilityGroupProperties{ReplicationMode: to.Ptr(armsql.ReplicationModeTypeSync)},
	}, nil))
	equal(*synchronous.Properties.ReplicationMode, armsql.ReplicationModeTypeSync)
	over := done(links.BeginFailover(ctx, group, instance.Name, words["DAGName"], armsql.DistributedAvailabilityGroupsFailoverRequest{
		FailoverType: to.Ptr(armsql.FailoverTypeForcedAllowDataLoss),
	}, nil))
	equal(*over.Properties.InstanceLinkRole, armsql.LinkRolePrimary)
	done(links.BeginDelete(ctx, group, instance.Name, words["DAGName"], nil))
	_, err = links.Get(ctx, group, instance.Name, words["DAGName"], nil)
	refused("ResourceNotFound", err)

	done(resources.BeginDeleteByID(ctx, id("privateEndpoints/sdk-pe"), version, nil))
	_, err = resources.GetByID(ctx, id("privateEndpoints/sdk-pe"), version, nil)
	refused("ResourceNotFound", err)
}
