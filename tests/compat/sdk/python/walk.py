"""The management SDKs of Python: a private endpoint from both sides, a link that is made and forced over, and a deployment; with their pollers."""

import json
import os
import time
from pathlib import Path

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.sql import SqlManagementClient

ready = json.loads(Path(os.environ["MILINK_READY"]).read_text())
words = json.loads(os.environ["MILINK_WORDS"])
base = ready["armUrl"].rstrip("/")
credential = ClientSecretCredential(ready["tenantId"], ready["clientId"], ready["clientSecret"], authority=ready["entraUrl"], disable_instance_discovery=True)
options = {"base_url": base, "credential_scopes": [f"{base}/.default"], "polling_interval": 0}
network = NetworkManagementClient(credential, ready["subscriptionId"], **options)
sql = SqlManagementClient(credential, ready["subscriptionId"], **options)
deployments = DeploymentsMgmtClient(credential, ready["subscriptionId"], **options).deployments
group, location, instance = ready["resourceGroup"], ready["location"], ready["managedInstances"][0]


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def refused(code, call):
    try:
        call()
    except HttpResponseError as error:
        equal(error.error.code, code)
        return
    raise AssertionError(f"expected {code}")


def state(shown):
    return shown.manual_private_link_service_connections[0].private_link_service_connection_state.status


subnet = network.virtual_networks.begin_create_or_update(group, "sdk-net", {
    "location": location,
    "properties": {"addressSpace": {"addressPrefixes": ["10.88.0.0/16"]}, "subnets": [{"name": "pe", "properties": {"addressPrefix": "10.88.1.0/24"}}]},
}).result().subnets[0].id
endpoint = network.private_endpoints.begin_create_or_update(group, "sdk-pe", {
    "location": location,
    "properties": {"subnet": {"id": subnet}, "manualPrivateLinkServiceConnections": [{"name": "c", "properties": {
        "privateLinkServiceId": instance["resourceId"], "groupIds": ["managedInstance"], "requestMessage": "from Python"}}]},
}).result()
equal(state(endpoint), "Pending")
connections = sql.managed_instance_private_endpoint_connections
asked = list(connections.list_by_managed_instance(group, instance["name"]))
equal([one.properties.private_link_service_connection_state.description for one in asked], ["from Python"])
approved = connections.begin_create_or_update(group, instance["name"], asked[0].name, {
    "properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "welcome"}}}).result()
equal(approved.properties.private_link_service_connection_state.status, "Approved")
equal(state(network.private_endpoints.get(group, "sdk-pe")), "Approved")

links, at = sql.distributed_availability_groups, (group, instance["name"])
refused("ResourceNotFound", lambda: links.get(*at, "nothing"))
link = links.begin_create_or_update(*at, words["DAGName"], {"properties": {
    "databases": [{"databaseName": words["DatabaseName"]}], "failoverMode": "Manual", "seedingMode": "Automatic", "instanceLinkRole": "Secondary",
    "instanceAvailabilityGroupName": words["AGNameOnSQLMI"], "partnerAvailabilityGroupName": words["AGNameOnSQLServer"],
    "partnerEndpoint": f"TCP://{words['SQLServerIP']}:5022"}}).result()
equal(link.properties.instance_link_role, "Secondary")
end = time.monotonic() + 60
while links.get(*at, words["DAGName"]).properties.databases[0].synchronization_health != "HEALTHY":
    assert time.monotonic() < end, "the link does not become healthy"
    time.sleep(0.1)
equal(links.begin_update(*at, words["DAGName"], {"properties": {"replicationMode": "Sync"}}).result().properties.replication_mode, "Sync")
over = links.begin_failover(*at, words["DAGName"], {"failoverType": "ForcedAllowDataLoss"}).result()
equal(over.properties.instance_link_role, "Primary")
links.begin_delete(*at, words["DAGName"]).result()
refused("ResourceNotFound", lambda: links.get(*at, words["DAGName"]))

template = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "languageVersion": "2.0",
    "resources": {"net": {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "made-net", "location": location,
                          "properties": {"addressSpace": {"addressPrefixes": ["10.89.0.0/16"]}}}},
    "outputs": {"id": {"type": "string", "value": "[resourceInfo('net').id]"}},
}
body = {"properties": {"mode": "Incremental", "template": template}}


def foreseen():
    """The kinds of change to what the template names."""
    changes = deployments.begin_what_if(group, "made", body).result().properties.changes
    return [one.change_type for one in changes if one.change_type != "Ignore"]


equal(foreseen(), ["Create"])
made = deployments.begin_create_or_update(group, "made", body).result()
assert made.properties.outputs["id"]["value"].endswith("/made-net"), made.properties.outputs
equal(foreseen(), ["NoChange"])

network.private_endpoints.begin_delete(group, "sdk-pe").result()
refused("ResourceNotFound", lambda: network.private_endpoints.get(group, "sdk-pe"))
