// The management SDKs of Java: a private endpoint from the consumer's and the instance's side, and a link with its pollers.
// This version speaks the first shape of links, and has no call to fail one over.

import com.azure.core.http.rest.PagedIterable;
import com.azure.core.management.AzureEnvironment;
import com.azure.core.management.exception.ManagementException;
import com.azure.core.management.profile.AzureProfile;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.azure.resourcemanager.network.NetworkManager;
import com.azure.resourcemanager.network.fluent.models.PrivateEndpointInner;
import com.azure.resourcemanager.network.fluent.models.SubnetInner;
import com.azure.resourcemanager.network.fluent.models.VirtualNetworkInner;
import com.azure.resourcemanager.network.models.AddressSpace;
import com.azure.resourcemanager.network.models.PrivateLinkServiceConnection;
import com.azure.resourcemanager.sql.SqlServerManager;
import com.azure.resourcemanager.sql.fluent.models.DistributedAvailabilityGroupInner;
import com.azure.resourcemanager.sql.fluent.models.ManagedInstancePrivateEndpointConnectionInner;
import com.azure.resourcemanager.sql.models.ManagedInstancePrivateLinkServiceConnectionStateProperty;
import com.azure.resourcemanager.sql.models.ReplicationMode;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

public final class Walk {
    private static void equal(Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError("got " + actual + ", expected " + expected);
        }
    }

    private static void refused(String code, Runnable call) {
        try {
            call.run();
        } catch (ManagementException error) {
            equal(error.getValue().getCode(), code);
            return;
        }
        throw new AssertionError("expected " + code);
    }

    private static String state(PrivateEndpointInner shown) {
        return shown.manualPrivateLinkServiceConnections().get(0).privateLinkServiceConnectionState().status();
    }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        JsonNode ready = mapper.readTree(new File(System.getenv("MILINK_READY")));
        JsonNode words = mapper.readTree(System.getenv("MILINK_WORDS"));
        String base = ready.get("armUrl").asText().replaceAll("/$", "");
        String group = ready.get("resourceGroup").asText();
        String location = ready.get("location").asText();
        String instance = ready.get("managedInstances").get(0).get("name").asText();
        String entra = ready.get("entraUrl").asText();
        Map<String, String> places = new HashMap<>();
        for (Map.Entry<String, String> place : AzureEnvironment.AZURE.getEndpoints().entrySet()) {
            places.put(place.getKey(), place.getValue());
        }
        places.put("resourceManagerEndpointUrl", base + "/");
        places.put("managementEndpointUrl", base + "/");
        places.put("activeDirectoryEndpointUrl", entra.endsWith("/") ? entra : entra + "/");
        places.put("microsoftGraphResourceId", base + "/");
        AzureProfile profile = new AzureProfile(
                ready.get("tenantId").asText(), ready.get("subscriptionId").asText(), new AzureEnvironment(places));
        var credential = new ClientSecretCredentialBuilder()
                .tenantId(ready.get("tenantId").asText())
                .clientId(ready.get("clientId").asText())
                .clientSecret(ready.get("clientSecret").asText())
                .authorityHost(entra)
                .disableInstanceDiscovery()
                .build();
        var network = NetworkManager.configure()
                .authenticate(credential, profile)
                .serviceClient();
        var sql = SqlServerManager.configure()
                .authenticate(credential, profile)
                .serviceClient();

        VirtualNetworkInner made = network.getVirtualNetworks().createOrUpdate(group, "sdk-net", (VirtualNetworkInner) new VirtualNetworkInner()
                .withAddressSpace(new AddressSpace().withAddressPrefixes(List.of("10.88.0.0/16")))
                .withSubnets(List.of(new SubnetInner().withName("pe").withAddressPrefix("10.88.1.0/24")))
                .withLocation(location));
        PrivateEndpointInner endpoint = network.getPrivateEndpoints().createOrUpdate(group, "sdk-pe", (PrivateEndpointInner) new PrivateEndpointInner()
                .withSubnet(new SubnetInner().withId(made.subnets().get(0).id()))
                .withManualPrivateLinkServiceConnections(List.of(new PrivateLinkServiceConnection()
                        .withName("c")
                        .withPrivateLinkServiceId(ready.get("managedInstances").get(0).get("resourceId").asText())
                        .withGroupIds(List.of("managedInstance"))
                        .withRequestMessage("from Java")))
                .withLocation(location));
        equal(state(endpoint), "Pending");
        var connections = sql.getManagedInstancePrivateEndpointConnections();
        var asked = connections.listByManagedInstance(group, instance).stream().toList();
        equal(asked.size(), 1);
        equal(asked.get(0).privateLinkServiceConnectionState().description(), "from Java");
        var approved = connections.beginCreateOrUpdate(group, instance, asked.get(0).name(), new ManagedInstancePrivateEndpointConnectionInner()
                .withPrivateLinkServiceConnectionState(new ManagedInstancePrivateLinkServiceConnectionStateProperty()
                        .withStatus("Approved").withDescription("welcome"))).getFinalResult();
        equal(approved.privateLinkServiceConnectionState().status(), "Approved");
        equal(state(network.getPrivateEndpoints().getByResourceGroup(group, "sdk-pe")), "Approved");

        var links = sql.getDistributedAvailabilityGroups();
        String name = words.get("DAGName").asText();
        refused("ResourceNotFound", () -> links.get(group, instance, "nothing"));
        var link = links.beginCreateOrUpdate(group, instance, name, new DistributedAvailabilityGroupInner()
                .withTargetDatabase(words.get("DatabaseName").asText())
                .withSourceEndpoint("TCP://" + words.get("SQLServerIP").asText() + ":5022")
                .withPrimaryAvailabilityGroupName(words.get("AGNameOnSQLServer").asText())
                .withSecondaryAvailabilityGroupName(words.get("AGNameOnSQLMI").asText())).getFinalResult();
        equal(link.targetDatabase(), words.get("DatabaseName").asText());
        PagedIterable<DistributedAvailabilityGroupInner> listed = links.listByInstance(group, instance);
        equal(listed.stream().map(one -> one.name()).toList(), List.of(name));
        var synchronous = links.beginUpdate(group, instance, name,
                new DistributedAvailabilityGroupInner().withReplicationMode(ReplicationMode.SYNC)).getFinalResult();
        equal(synchronous.replicationMode(), ReplicationMode.SYNC);
        links.beginDelete(group, instance, name).getFinalResult();
        refused("ResourceNotFound", () -> links.get(group, instance, name));

        network.getPrivateEndpoints().delete(group, "sdk-pe");
        refused("ResourceNotFound", () -> network.getPrivateEndpoints().getByResourceGroup(group, "sdk-pe"));
    }
}
