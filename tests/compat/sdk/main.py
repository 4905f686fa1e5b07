"""Azure Data Factory by its Python SDK: `main.py list` names the tests, `main.py TEST` runs one."""

import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

TESTS = {}


def test(function):
    """Registers a test under its own name."""
    TESTS[function.__name__] = function
    return function


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def cli(ready, work):
    """The Azure CLI of the walks. Its module has the name of the SDK's package, so it is loaded under another."""
    spec = importlib.util.spec_from_file_location("walks", HERE.parent / "az/azure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Az(ready, work)


def typed(kind: str, model):
    """The model with its type, which this version of the SDK leaves out of what it sends."""
    model["type"] = kind
    return model


@test
def factories_and_what_is_in_them(ready, work):
    from azure.core import MatchConditions
    from azure.mgmt.datafactory import models
    from factory import Azure, refused
    azure = Azure(ready)
    client, group = azure.factories, azure.group
    at = (group, "adf-sdk")
    made = client.factories.create_or_update(*at, models.Factory(location="West Europe", tags={"a": "b"}, identity=models.FactoryIdentity(type="SystemAssigned")))
    equal((made.name, made.location, made.tags), ("adf-sdk", "westeurope", {"a": "b"}))
    assert made.identity.principal_id and made.e_tag, made
    equal([one.name for one in client.factories.list_by_resource_group(group)], ["adf-sdk"])
    equal([one.name for one in client.factories.list()], ["adf-sdk"])
    equal(client.factories.get(*at, etag=made.e_tag, match_condition=MatchConditions.IfModified), None)
    changed = client.factories.update(*at, models.FactoryUpdateParameters(tags={"c": "d"}))
    equal(changed.tags, {"c": "d"})
    refused(412, "PreconditionFailed", lambda: client.factories.create_or_update(
        *at, models.Factory(location="westeurope"), etag=made.e_tag, match_condition=MatchConditions.IfNotModified))
    refused(404, "ResourceNotFound", lambda: client.factories.get(group, "adf-none"))
    refused(404, "ParentResourceNotFound", lambda: client.linked_services.get(group, "adf-none", "x"))
    network = client.managed_virtual_networks.create_or_update(
        *at, "default", models.ManagedVirtualNetworkResource(properties=models.ManagedVirtualNetwork()))
    assert network.properties.v_net_id, network
    equal([one.name for one in client.managed_virtual_networks.list_by_factory(*at)], ["default"])
    runtime = typed("Managed", models.ManagedIntegrationRuntime(
        type_properties=models.ManagedIntegrationRuntimeTypeProperties(
            compute_properties=models.IntegrationRuntimeComputeProperties(location="AutoResolve")),
        managed_virtual_network=models.ManagedVirtualNetworkReference(type="ManagedVirtualNetworkReference", reference_name="default")))
    client.integration_runtimes.create_or_update(*at, "vnetIR", models.IntegrationRuntimeResource(properties=runtime))
    shown = client.integration_runtimes.get(*at, "vnetIR").properties
    equal(shown.type_properties.interactive_query.status, "Disabled")
    on = client.integration_runtime.begin_enable_interactive_query(
        *at, "vnetIR", models.EnableInteractiveQueryRequest(auto_termination_minutes=10)).result()
    equal((on.properties.type_properties.interactive_query.status, on.properties.type_properties.interactive_query.auto_termination_minutes), ("Enabled", 10))
    client.integration_runtime.begin_disable_interactive_query(*at, "vnetIR").result()
    shown = client.integration_runtimes.get(*at, "vnetIR").properties
    equal(shown.type_properties.interactive_query.status, "Disabled")
    equal(client.integration_runtimes.get_status(*at, "vnetIR").properties.state, "Online")
    own = client.integration_runtimes.create_or_update(
        *at, "ownIR", models.IntegrationRuntimeResource(properties=typed("SelfHosted", models.SelfHostedIntegrationRuntime(description="ours"))))
    equal(own.properties.description, "ours")
    keys = client.integration_runtimes.list_auth_keys(*at, "ownIR")
    fresh = client.integration_runtimes.regenerate_auth_key(*at, "ownIR", models.IntegrationRuntimeRegenerateKeyParameters(key_name="authKey1"))
    assert keys.auth_key1 != fresh.auth_key1 and keys.auth_key2 == fresh.auth_key2
    equal(sorted(one.name for one in client.integration_runtimes.list_by_factory(*at)), ["ownIR", "vnetIR"])
    service = models.LinkedServiceResource(properties=typed("AzureSqlMI", models.AzureSqlMILinkedService(
        connect_via=models.IntegrationRuntimeReference(type="IntegrationRuntimeReference", reference_name="vnetIR"),
        type_properties=models.AzureSqlMILinkedServiceTypeProperties(
            server="mi.zone.database.windows.net", database="db1", encrypt="mandatory", authentication_type="SQL", user_name="u",
            password=models.SecureString(value="Secret-1")))))
    client.linked_services.create_or_update(*at, "MI1", service)
    shown = client.linked_services.get(*at, "MI1").properties
    equal((shown.type_properties.server, shown.type_properties.user_name), ("mi.zone.database.windows.net", "u"))
    assert shown.type_properties.encrypted_credential and "Secret-1" not in json.dumps(shown.as_dict()), shown
    refused(400, "BadRequest", lambda: client.integration_runtimes.delete(*at, "vnetIR"))
    client.linked_services.delete(*at, "MI1")
    equal(list(client.linked_services.list_by_factory(*at)), [])
    client.integration_runtimes.delete(*at, "vnetIR")
    refused(404, "EntityNotFound", lambda: client.integration_runtimes.get(*at, "vnetIR"))
    client.factories.delete(*at)
    client.factories.delete(*at)
    equal(list(client.factories.list()), [])


def prepare(azure, factory: str) -> None:
    """A factory with a runtime in its managed network, interactive authoring on."""
    from azure.mgmt.datafactory import models
    client, at = azure.factories, (azure.group, factory)
    client.factories.create_or_update(*at, models.Factory(location=azure.ready["location"]))
    client.managed_virtual_networks.create_or_update(
        *at, "default", models.ManagedVirtualNetworkResource(properties=models.ManagedVirtualNetwork()))
    runtime = typed("Managed", models.ManagedIntegrationRuntime(
        type_properties=models.ManagedIntegrationRuntimeTypeProperties(
            compute_properties=models.IntegrationRuntimeComputeProperties(location="AutoResolve")),
        managed_virtual_network=models.ManagedVirtualNetworkReference(type="ManagedVirtualNetworkReference", reference_name="default")))
    client.integration_runtimes.create_or_update(*at, "vnetIR", models.IntegrationRuntimeResource(properties=runtime))
    client.integration_runtime.begin_enable_interactive_query(
        *at, "vnetIR", models.EnableInteractiveQueryRequest(auto_termination_minutes=60)).result()


def endpoint(azure, factory: str, name: str, target: str, group_id: str | None, fqdns: list[str] | None):
    from azure.mgmt.datafactory import models
    properties = models.ManagedPrivateEndpoint(private_link_resource_id=target, group_id=group_id, fqdns=fqdns)
    return azure.factories.managed_private_endpoints.create_or_update(
        azure.group, factory, "default", name, models.ManagedPrivateEndpointResource(properties=properties))


def linked_service(server: str, user: str, password: str) -> dict:
    return {"linkedService": {"name": "MI1", "properties": {
        "type": "AzureSqlMI",
        "typeProperties": {
            "connectionString": f"Data Source={server};Integrated Security=False;User ID={user};",
            "password": {"type": "SecureString", "value": password}},
        "connectVia": {"referenceName": "vnetIR", "type": "IntegrationRuntimeReference"}}}}


def reason(tested: dict) -> str:
    """What became of a test: `ok`, or the reason on the way."""
    return "ok" if tested["succeeded"] else tested["milink"]["verdict"]["reason"] or tested["errors"][0]["message"]


APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "fine"}}}


@test
def native_endpoint(ready, work):
    from factory import Azure, refused
    azure = Azure(ready)
    prepare(azure, "adf-native")
    instance = ready["managedInstances"][0]
    user, password = instance["user"], instance["password"]
    made = endpoint(azure, "adf-native", "mpe", instance["resourceId"], "managedInstance", None)
    equal(made.properties.connection_state.status, "Pending")
    tested = azure.test("adf-native", linked_service(instance["fqdn"], user, password))
    equal(reason(tested), "pe.pending")
    connections = azure.rest("GET", f"{instance['resourceId']}/privateEndpointConnections", "2021-11-01")["value"]
    azure.rest("PUT", connections[0]["id"], "2021-11-01", APPROVED)
    # Nothing but the state tells when it is provisioned: clients ask until it is.
    for _ in range(1000):
        shown = azure.factories.managed_private_endpoints.get(azure.group, "adf-native", "default", "mpe").properties
        if shown.provisioning_state != "Provisioning":
            break
    equal((shown.connection_state.status, shown.provisioning_state), ("Approved", "Succeeded"))
    equal(reason(azure.test("adf-native", linked_service(instance["fqdn"], user, password))), "ok")
    wrong = azure.test("adf-native", linked_service(instance["fqdn"], user, "wrong"))
    assert "SqlErrorNumber=18456" in wrong["errors"][0]["message"], wrong
    azure.factories.integration_runtime.begin_disable_interactive_query(azure.group, "adf-native", "vnetIR").result()
    refused(400, "InteractiveAuthoringNotEnabled", lambda: azure.test("adf-native", linked_service(instance["fqdn"], user, password)))
    azure.factories.managed_private_endpoints.delete(azure.group, "adf-native", "default", "mpe")
    equal(azure.rest("GET", f"{instance['resourceId']}/privateEndpointConnections", "2021-11-01")["value"], [])


@test
def tutorial_behind_a_link_service(ready, work):
    """The published tutorial, step by step: the network by the CLI, the factory by the SDK."""
    from factory import Azure
    az, azure = cli(ready, work), Azure(ready)
    az.login()
    group = ("-g", ready["resourceGroup"])
    instance = ready["managedInstances"][0]
    own = next(net for net in az("network", "vnet", "list", *group))
    vnet = ("--vnet-name", "myVNet")
    az("network", "vnet", "create", *group, "-n", "myVNet", "--address-prefixes", "10.30.0.0/16")
    for name, prefix in (("be-subnet", "10.30.2.0/24"), ("fe-subnet", "10.30.1.0/24"), ("pls-subnet", "10.30.3.0/24")):
        az("network", "vnet", "subnet", "create", *group, *vnet, "-n", name, "--address-prefixes", prefix)
    az("network", "vnet", "subnet", "update", *group, *vnet, "-n", "pls-subnet", "--private-link-service-network-policies", "Disabled")
    mine = az("network", "vnet", "show", *group, "-n", "myVNet")["id"]
    for name, one, other in (("there", "myVNet", own["id"]), ("back", own["name"], mine)):
        az("network", "vnet", "peering", "create", *group, "-n", name, "--vnet-name", one, "--remote-vnet", other, "--allow-vnet-access")
    balancer = ("--lb-name", "myLoadBalancer")
    body = {"location": ready["location"], "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "LoadBalancerFrontEnd", "properties": {"privateIPAllocationMethod": "Dynamic", "subnet": {"id": f"{mine}/subnets/fe-subnet"}}}],
        "backendAddressPools": [{"name": "myBackendPool"}]}}
    at = azure.id("Microsoft.Network/loadBalancers/myLoadBalancer")
    azure.rest("PUT", at, "2024-05-01", body)
    az("network", "lb", "probe", "create", *group, *balancer, "-n", "myHealthProbe", "--protocol", "tcp", "--port", "22", "--interval", "15", "--probe-threshold", "2")
    for port in ("1433", "1434"):
        az("network", "lb", "rule", "create", *group, *balancer, "-n", f"rule{port}", "--protocol", "Tcp", "--frontend-port", port, "--backend-port", port,
           "--frontend-ip-name", "LoadBalancerFrontEnd", "--backend-pool-name", "myBackendPool", "--probe-name", "myHealthProbe", "--idle-timeout", "15")
    service = az("network", "private-link-service", "create", *group, "-n", "myPrivateLinkService", *vnet, "--subnet", "pls-subnet",
                 "--lb-name", "myLoadBalancer", "--lb-frontend-ip-configs", "LoadBalancerFrontEnd", "-l", ready["location"])
    az("network", "nic", "create", *group, "-n", "nic1", *vnet, "--subnet", "be-subnet", *balancer, "--lb-address-pools", "myBackendPool")
    machine = azure.id("Microsoft.Compute/virtualMachines/myVM1")
    azure.rest("PUT", machine, "2024-07-01", {"location": ready["location"], "properties": {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {"imageReference": {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}},
        "osProfile": {"computerName": "myVM1", "adminUsername": "azureuser", "linuxConfiguration": {"disablePasswordAuthentication": True}},
        "networkProfile": {"networkInterfaces": [{"id": azure.id("Microsoft.Network/networkInterfaces/nic1")}]}}})
    script = f"sudo ./ip_fwd.sh -i eth0 -f 1433 -a {instance['fqdn']} -b 1433"
    az("vm", "run-command", "invoke", *group, "-n", "myVM1", "--command-id", "RunShellScript", "--scripts", script)
    prepare(azure, "adf-tutorial")
    made = endpoint(azure, "adf-tutorial", "mpe", service["id"], None, [instance["fqdn"]])
    equal(made.properties.connection_state.status, "Pending")
    test = lambda: reason(azure.test("adf-tutorial", linked_service(instance["fqdn"], instance["user"], instance["password"])))  # noqa: E731
    equal(test(), "pe.pending")
    connection = az("network", "private-link-service", "show", *group, "-n", "myPrivateLinkService")["privateEndpointConnections"][0]
    az("network", "private-link-service", "connection", "update", *group, "--service-name", "myPrivateLinkService", "-n", connection["name"],
       "--connection-status", "Approved", "--description", "fine")
    equal(test(), "ok")
    az("sql", "mi", "update", *group, "-n", instance["name"], "--proxy-override", "Redirect")
    equal(test(), "tds.redirect_unreachable")
    az("sql", "mi", "update", *group, "-n", instance["name"], "--proxy-override", "Proxy")
    equal(test(), "ok")
    az("vm", "restart", *group, "-n", "myVM1")
    equal(test(), "fwd.no_rule")
    az("vm", "run-command", "invoke", *group, "-n", "myVM1", "--command-id", "RunShellScript", "--scripts", script)
    equal(test(), "ok")


def main() -> int:
    word = sys.argv[1]
    if word == "list":
        print("\n".join(TESTS))
        return 0
    ready = json.loads(Path(os.environ["MILINK_READY"]).read_text())
    TESTS[word](ready, Path(os.environ["MILINK_WORK"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
