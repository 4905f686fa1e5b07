"""Walks of the Azure CLI: `main.py list` names them, `main.py TEST` runs one."""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forwarding  # noqa: E402
import records  # noqa: E402
import urls  # noqa: E402
from azure import Az, equal, names  # noqa: E402

TESTS = {**forwarding.TESTS, **records.TESTS}


def test(function):
    """Registers a walk under its own name."""
    TESTS[function.__name__] = function
    return function


@test
def login_and_account(ready, work):
    az = Az(ready, work)
    az.register()
    cloud = az("cloud", "show")
    equal(cloud["endpoints"]["resourceManager"].rstrip("/"), ready["armUrl"].rstrip("/"))
    az.refused(1, "AADSTS7000215", "login", "--service-principal", "-u", ready["clientId"], "-p", "not the secret",
               "--tenant", ready["tenantId"])
    az.refused(1, "AADSTS700016", "login", "--service-principal", "-u", "11111111-1111-1111-1111-111111111111",
               "-p", "whatever", "--tenant", ready["tenantId"])
    logged_in = az("login", "--service-principal", "-u", ready["clientId"], "-p", ready["clientSecret"], "--tenant", ready["tenantId"])
    assert ready["subscriptionId"] in [one["id"] for one in logged_in], logged_in
    assert ready["subscriptionId"] in [one["id"] for one in az("account", "list")]
    shown = az("account", "show")
    equal((shown["state"], shown["tenantId"], shown["environmentName"]), ("Enabled", ready["tenantId"], "milink"))
    for resource in ("https://database.windows.net/", ready["armUrl"]):
        token = az("account", "get-access-token", "--resource", resource)
        equal(token["tokenType"], "Bearer")
        equal(token["accessToken"].count("."), 2)
    assert ready["location"] in [one["name"] for one in az("account", "list-locations")]
    provider = az("provider", "show", "--namespace", "Microsoft.Sql")
    equal(provider["registrationState"], "Registered")
    types = [one["resourceType"] for one in provider["resourceTypes"]]
    for wanted in ("managedInstances", "managedInstances/databases", "managedInstances/distributedAvailabilityGroups"):
        assert wanted in types, types
    az("logout")
    az.refused(1, "az login", "account", "show")


@test
def managed_identity(ready, work):
    az = Az(ready, work)
    az.register()
    env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": ready["armUrl"].rstrip("/")}
    logged_in = az("login", "--identity", env=env)
    assert ready["subscriptionId"] in [one["id"] for one in logged_in], logged_in
    assert ready["resourceGroup"] in names(az("group", "list", env=env))


@test
def spoilt_token(ready, work):
    az = Az(ready, work)
    az.login()
    url = f"{ready['armUrl'].rstrip('/')}/subscriptions/{ready['subscriptionId']}/resourcegroups?api-version=2024-11-01"
    for header, code in (("Bearer nonsense", "InvalidAuthenticationToken"), (f"Bearer {spoilt(az)}", "InvalidAuthenticationToken")):
        az.refused(1, code, "rest", "--skip-authorization-header", "--url", url, "--headers", f"Authorization={header}")
    az.refused(1, "AuthenticationFailed", "rest", "--skip-authorization-header", "--url", url)


def spoilt(az) -> str:
    """A real token with another signature."""
    token = az("account", "get-access-token")["accessToken"]
    head, _, tail = token.rpartition(".")
    return f"{head}.{tail[:-6]}{'AAAAAA' if not tail.endswith('AAAAAA') else 'BBBBBB'}"


@test
def groups_and_resources(ready, work):
    az = Az(ready, work)
    az.login()
    made = az("group", "create", "-n", "walk-rg", "-l", ready["location"], "--tags", "a=1", "b=two words")
    equal((made["name"], made["properties"]["provisioningState"], made["tags"]), ("walk-rg", "Succeeded", {"a": "1", "b": "two words"}))
    equal(az("group", "exists", "-n", "walk-rg"), True)
    equal(az("group", "exists", "-n", "other-rg"), False)
    equal(az("group", "show", "-n", "WALK-RG")["name"], "walk-rg")
    assert "walk-rg" in names(az("group", "list"))
    az.refused(3, "ResourceGroupNotFound", "group", "show", "-n", "other-rg")
    az.refused(1, "LocationNotAvailableForResource", "group", "create", "-n", "moon-rg", "-l", "moonbase1")
    instance = ready["managedInstances"][0]["resourceId"]
    listed = az("resource", "list", "-g", ready["resourceGroup"], "--resource-type", "Microsoft.Sql/managedInstances")
    equal([one["id"].lower() for one in listed], [instance.lower()])
    shown = az("resource", "show", "--ids", instance)
    equal(shown["properties"]["provisioningState"], "Succeeded")
    az.refused(3, "ResourceNotFound", "resource", "show", "--ids", instance + "x")
    raw = az("rest", "--method", "get", "--url", instance + "?api-version=2024-11-01-preview")
    equal(raw["id"].lower(), instance.lower())
    az.refused(1, "Not Found", "rest", "--url", instance + "x?api-version=2024-11-01-preview")
    az("group", "delete", "-n", "walk-rg", "-y")
    equal(az("group", "exists", "-n", "walk-rg"), False)


@test
def network_and_instance(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", "net-rg")
    az("group", "create", "-n", "net-rg", "-l", ready["location"])
    net = az("network", "vnet", "create", *group, "-n", "vnet1", "--address-prefixes", "10.7.0.0/16")
    equal(net["newVNet"]["provisioningState"], "Succeeded")
    az.refused(1, "", "network", "vnet", "subnet", "create", *group, "--vnet-name", "vnet1", "-n", "outside", "--address-prefixes", "192.168.0.0/24")
    plain = az("network", "vnet", "subnet", "create", *group, "--vnet-name", "vnet1", "-n", "plain", "--address-prefixes", "10.7.1.0/24")
    subnet = az("network", "vnet", "subnet", "create", *group, "--vnet-name", "vnet1", "-n", "mi",
                "--address-prefixes", "10.7.0.0/24", "--delegations", "Microsoft.Sql/managedInstances")
    equal(subnet["delegations"][0]["serviceName"], "Microsoft.Sql/managedInstances")
    equal(names(az("network", "vnet", "show", *group, "-n", "vnet1")["subnets"]), ["mi", "plain"])
    create = ("sql", "mi", "create", *group, "-n", "walkmi", "-l", ready["location"], "-u", "cloudadmin", "-p", "Long-Pass-Word-1!")
    az.refused(1, "", *create, "--subnet", plain["id"])
    made = az(*create, "--subnet", subnet["id"], "--capacity", "4", "--storage", "64")
    equal((made["name"], made["provisioningState"], made["state"], made["vCores"], made["storageSizeInGb" if "storageSizeInGb" in made else "storageSizeInGB"]),
          ("walkmi", "Succeeded", "Ready", 4, 64))
    assert made["fullyQualifiedDomainName"].startswith("walkmi.") and made["fullyQualifiedDomainName"].endswith(".database.windows.net"), made
    assert "administratorLoginPassword" not in made or made["administratorLoginPassword"] is None, made
    equal(az("sql", "mi", "show", *group, "-n", "walkmi")["id"], made["id"])
    equal(names(az("sql", "mi", "list", *group)), ["walkmi"])
    assert {"walkmi", ready["managedInstances"][0]["name"]} <= set(names(az("sql", "mi", "list")))
    updated = az("sql", "mi", "update", *group, "-n", "walkmi", "--capacity", "8", "--tags", "kind=walk")
    equal((updated["vCores"], updated["tags"]), (8, {"kind": "walk"}))
    operations = az("sql", "mi", "op", "list", *group, "--mi", "walkmi")
    assert operations and all(one["state"] in ("Succeeded", "InProgress") for one in operations), operations
    one = az("sql", "mi", "op", "show", *group, "--mi", "walkmi", "-n", operations[0]["name"])
    equal(one["name"], operations[0]["name"])
    az.refused(3, "ResourceNotFound", "sql", "mi", "show", *group, "-n", "nothing")
    az("sql", "mi", "delete", *group, "-n", "walkmi", "-y")
    az.refused(3, "ResourceNotFound", "sql", "mi", "show", *group, "-n", "walkmi")
    az("group", "delete", "-n", "net-rg", "-y")


@test
def databases(ready, work):
    az = Az(ready, work)
    az.login()
    at = ("-g", ready["resourceGroup"], "--mi", ready["managedInstances"][0]["name"])
    made = az("sql", "midb", "create", *at, "-n", "walkdb", "--collation", "Latin1_General_100_CI_AS")
    equal((made["name"], made["status"], made["collation"]), ("walkdb", "Online", "Latin1_General_100_CI_AS"))
    assert "walkdb" in names(az("sql", "midb", "list", *at))
    equal(az("sql", "midb", "show", *at, "-n", "walkdb")["id"], made["id"])
    az.refused(3, "ResourceNotFound", "sql", "midb", "show", *at, "-n", "nothing")
    az.refused(1, "", "sql", "midb", "create", *at, "-n", "master")
    az("sql", "midb", "delete", *at, "-n", "walkdb", "-y")
    assert "walkdb" not in names(az("sql", "midb", "list", *at))


@test
def certificates(ready, work):
    az = Az(ready, work)
    az.login()
    at = ("-g", ready["resourceGroup"], "--mi", ready["managedInstances"][0]["name"])
    own = az("sql", "mi", "endpoint-cert", "list", *at)
    assert "DATABASE_MIRRORING" in names(own), own
    blob = az("sql", "mi", "endpoint-cert", "show", *at, "-n", "DATABASE_MIRRORING")["publicBlob"]
    assert blob.startswith("3082"), blob[:40]
    az.refused(3, "", "sql", "mi", "endpoint-cert", "show", *at, "-n", "NO_SUCH_TYPE")
    equal(az("sql", "mi", "partner-cert", "list", *at), [])
    root = (Path(__file__).resolve().parents[1] / "article/sql/trust-digicert-root.sql").read_text()
    public = next(word for word in root.split() if word.startswith("0x3082"))
    made = az("sql", "mi", "partner-cert", "create", *at, "-n", "Cert_walk_endpoint", "--public-blob", public)
    equal((made["name"], made["certificateName"]), ("Cert_walk_endpoint", "Cert_walk_endpoint"))
    equal(made["thumbprint"].lower().removeprefix("0x"), "df3c24f9bfd666761b268073fe06d1cc8d4f82a4")
    equal(names(az("sql", "mi", "partner-cert", "list", *at)), ["Cert_walk_endpoint"])
    equal(az("sql", "mi", "partner-cert", "show", *at, "-n", "Cert_walk_endpoint")["id"], made["id"])
    az.refused(1, "", "sql", "mi", "partner-cert", "create", *at, "-n", "Cert_rubbish", "--public-blob", "0x0102")
    az.refused(3, "ResourceNotFound", "sql", "mi", "partner-cert", "show", *at, "-n", "nothing")
    az("sql", "mi", "partner-cert", "delete", *at, "-n", "Cert_walk_endpoint", "-y")
    equal(az("sql", "mi", "partner-cert", "list", *at), [])
    az("sql", "mi", "partner-cert", "delete", *at, "-n", "Cert_walk_endpoint", "-y")


@test
def links_refused(ready, work):
    az = Az(ready, work)
    az.login()
    at = ("-g", ready["resourceGroup"], "--mi", ready["managedInstances"][0]["name"])
    equal(az("sql", "mi", "link", "list", *at), [])
    az.refused(3, "ResourceNotFound", "sql", "mi", "link", "show", *at, "-n", "nothing")
    az.refused(3, "ResourceNotFound", "sql", "mi", "link", "failover", *at, "-n", "nothing", "--failover-type", "Planned", "-y")
    az.refused(2, "", "sql", "mi", "link", "failover", *at, "-n", "nothing", "--failover-type", "Sideways", "-y")
    # Observed of Azure: the deletion is taken, and its operation fails.
    az.refused(1, "OperationIdNotFound", "sql", "mi", "link", "delete", *at, "-n", "nothing", "-y")
    create = ("sql", "mi", "link", "create", *at, "-n", "DAG_walk", "--databases", "[{database-name:db1}]", "--failover-mode", "Manual",
              "--instance-ag-name", "AG_walk_MI", "--instance-link-role", "Secondary", "--partner-ag-name", "AG_walk", "--seeding-mode", "Automatic")
    az.refused(1, "", *create, "--partner-endpoint", "not an endpoint")
    # Nobody there has such a group, and no certificates were exchanged: the operation ends in an error.
    az.refused(1, "", *create, "--partner-endpoint", "TCP://10.0.0.4:5022")
    az.refused(3, "", "sql", "mi", "link", "create", "-g", ready["resourceGroup"], "--mi", "nothing", "-n", "DAG_walk",
               "--databases", "[{database-name:db1}]", "--instance-ag-name", "a", "--partner-ag-name", "b", "--partner-endpoint", "TCP://10.0.0.4:5022")


@test
def failover_groups(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    first = ready["managedInstances"][0]
    home = az("network", "vnet", "list", *group)[0]
    delegated = ("--delegations", "Microsoft.Sql/managedInstances")
    az("network", "vnet", "create", *group, "-n", "dr-vnet", "-l", "northeurope", "--address-prefix", "10.2.0.0/16")
    subnet = az("network", "vnet", "subnet", "create", *group, "--vnet-name", "dr-vnet", "-n", "mi", "--address-prefixes", "10.2.0.0/24", *delegated)
    made = az("sql", "mi", "create", *group, "-n", "walkdr", "-l", "northeurope", "-u", "cloudadmin", "-p", "Long-Pass-Word-1!",
              "--subnet", subnet["id"], "--dns-zone-partner", first["resourceId"])
    equal(made["dnsZone"], az("sql", "mi", "show", *group, "-n", first["name"])["dnsZone"])
    create = ("sql", "instance-failover-group", "create", *group, "-n", "walkfog", "--mi", first["name"], "--partner-mi", "walkdr",
              "--partner-resource-group", ready["resourceGroup"])
    az.refused(1, "InstanceFailoverGroupIncorrectNetworkingConfiguration", *create, "--failover-policy", "Manual")
    for near, far in [(home["name"], "dr-vnet"), ("dr-vnet", home["name"])]:
        az("network", "vnet", "peering", "create", *group, "-n", "to-" + far, "--vnet-name", near, "--remote-vnet", far, "--allow-vnet-access")
    # Without more it is automatic, after an hour.
    made = az(*create)
    equal(made["readWriteEndpoint"], {"failoverPolicy": "Automatic", "failoverWithDataLossGracePeriodMinutes": 60})
    equal((made["replicationRole"], made["secondaryType"], made["type"]), ("Primary", "Geo", "Microsoft.Sql/locations/instanceFailoverGroups"))
    west, north = ("-l", ready["location"], "-n", "walkfog"), ("-l", "northeurope", "-n", "walkfog")
    show, change = ("sql", "instance-failover-group", "show", *group), ("sql", "instance-failover-group", "update", *group)
    equal(az(*show, *north)["replicationRole"], "Secondary")
    changed = az(*change, *west, "--failover-policy", "Automatic", "--grace-period", "2", "--secondary-type", "Standby")
    equal((changed["readWriteEndpoint"]["failoverWithDataLossGracePeriodMinutes"], changed["secondaryType"]), (120, "Standby"))
    az.refused(1, "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary", *change, *north, "--grace-period", "3")
    # A link and a failover group exclude each other.
    az.refused(1, "DistributedAvailabilityGroupMiPrimaryWithGeodr", "sql", "mi", "link", "create", *group, "--mi", "walkdr", "-n", "DAG_fog",
               "--databases", "[{database-name:db9}]", "--instance-ag-name", "a", "--partner-ag-name", "b", "--instance-link-role", "Secondary",
               "--seeding-mode", "Automatic", "--partner-endpoint", "TCP://10.0.0.4:5022")
    switch = ("sql", "instance-failover-group", "set-primary", *group)
    for there, here, more in [(north, west, ()), (west, north, ("--allow-data-loss",))]:
        az(*switch, *there, *more)
        equal([az(*show, *place)["replicationRole"] for place in (there, here)], ["Primary", "Secondary"])
        # Asked where the primary is, nothing happens.
        az(*switch, *there)
    az("sql", "instance-failover-group", "delete", *group, *west)
    az.refused(3, "ResourceNotFound", *show, *west)


@test
def trust_groups(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    first = ready["managedInstances"][0]
    subnet = az("sql", "mi", "show", *group, "-n", first["name"])["subnetId"]
    second = az("sql", "mi", "create", *group, "-n", "walkmi2", "-l", ready["location"], "-u", "cloudadmin", "-p", "Long-Pass-Word-1!", "--subnet", subnet)
    where = (*group, "-l", ready["location"])
    made = az("sql", "stg", "create", *where, "-n", "trust1", "-m", first["resourceId"], second["id"], "--trust-scope", "GlobalTransactions")
    equal(sorted(one["serverId"].lower() for one in made["groupMembers"]), sorted([first["resourceId"].lower(), second["id"].lower()]))
    equal(names(az("sql", "stg", "list", *where)), ["trust1"])
    equal(names(az("sql", "stg", "list", *group, "--instance-name", "walkmi2")), ["trust1"])
    shown = az("sql", "stg", "show", *where, "-n", "trust1")
    equal((shown["name"], shown["trustScopes"], shown["type"]), ("trust1", ["GlobalTransactions"], "Microsoft.Sql/locations/serverTrustGroups"))
    both = (first["resourceId"], second["id"])

    def refused(code, text, members, scope="GlobalTransactions", name="trust1"):
        az.refused(code, text, "sql", "stg", "create", *where, "-n", name, "-m", *members, "--trust-scope", scope)

    refused(1, "ServerTrustGroupCreateRequestInvalidGroupMembersCount", both[:1])
    refused(1, "ServerTrustGroupCreateRequestDuplicateServer", (both[0], both[0]))
    refused(1, "ServerTrustGroupCreateRequestInvalidServer", (both[0], subnet))
    refused(1, "ServerTrustGroupCreateRequestInvalidTrustScopesValue", both, scope="Everything")
    refused(1, "ServerTrustGroupCreateRequestInvalidTrustScopesValue", both, scope="ServiceBroker")
    refused(1, "ServerTrustGroupMemberNotFound", (both[0], both[1] + "x"), name="trust2")
    # Members are changed by creating the group again.
    third = az("sql", "mi", "create", *group, "-n", "walkmi3", "-l", ready["location"], "-u", "cloudadmin", "-p", "Long-Pass-Word-1!", "--subnet", subnet)
    az("sql", "stg", "create", *where, "-n", "trust1", "-m", *both, third["id"], "--trust-scope", "GlobalTransactions")
    equal(names(az("sql", "stg", "list", *group, "--instance-name", "walkmi3")), ["trust1"])
    az("sql", "mi", "delete", *group, "-n", "walkmi3", "-y")
    equal(len(az("sql", "stg", "show", *where, "-n", "trust1")["groupMembers"]), 2)
    az("sql", "stg", "delete", *where, "-n", "trust1", "-y")
    equal(az("sql", "stg", "list", *where), [])
    az.refused(3, "ServerTrustGroupNotFound", "sql", "stg", "show", *where, "-n", "trust1")
    az("sql", "stg", "delete", *where, "-n", "trust1", "-y")


@test
def private_endpoint(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    instance = ready["managedInstances"][0]["resourceId"]
    az("network", "vnet", "create", *group, "-n", "client-net", "--address-prefixes", "10.9.0.0/16", "--subnet-name", "clients", "--subnet-prefixes", "10.9.0.0/24")
    made = az("network", "private-endpoint", "create", *group, "-n", "pe1", "-l", ready["location"], "--vnet-name", "client-net", "--subnet", "clients",
              "--group-id", "managedInstance", "--private-connection-resource-id", instance, "--connection-name", "pe1-connection", "--manual-request", "true",
              "--request-message", "please")
    equal(made["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Pending")
    held = az("rest", "--method", "get", "--url", f"{instance}/privateEndpointConnections?api-version=2021-11-01")["value"]
    equal(len(held), 1)
    az("rest", "--method", "put", "--url", f"{held[0]['id']}?api-version=2021-11-01",
       "--body", json.dumps({"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "fine"}}}))
    shown = az("network", "private-endpoint", "show", *group, "-n", "pe1")
    equal(shown["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Approved")
    nic = az("network", "nic", "show", "--ids", shown["networkInterfaces"][0]["id"])
    assert nic["ipConfigurations"][0]["privateIPAddress"].startswith("10.9.0."), nic
    az("network", "private-endpoint", "delete", *group, "-n", "pe1")
    equal(az("network", "private-endpoint", "list", *group), [])


TOPOLOGY = """
{
  // A comment: az sends the file as it is.
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "instance": {"type": "string"},
    "count": {"type": "int", "defaultValue": 2, "minValue": 1, "maxValue": 5},
    "secret": {"type": "securestring", "defaultValue": "hidden"}
  },
  "variables": {"hub": "[concat('hub', '-net')]", "zone": "privatelink.walk.test"},
  "resources": [
    {
      "type": "Microsoft.Network/privateDnsZones/A", "apiVersion": "2024-06-01", "name": "[concat(variables('zone'), '/mi')]",
      "dependsOn": ["[resourceId('Microsoft.Network/privateDnsZones', variables('zone'))]"],
      "properties": {"ttl": 10, "aRecords": [{"ipv4Address": "[reference('pe').customDnsConfigs[0].ipAddresses[0]]"}]}
    },
    {
      "type": "Microsoft.Network/privateDnsZones", "apiVersion": "2024-06-01", "name": "[variables('zone')]", "location": "global",
      "resources": [{
        "type": "virtualNetworkLinks", "apiVersion": "2024-06-01", "name": "hub", "location": "global",
        "dependsOn": ["[variables('zone')]", "[variables('hub')]"],
        "properties": {"registrationEnabled": false, "virtualNetwork": {"id": "[resourceId('Microsoft.Network/virtualNetworks', variables('hub'))]"}}
      }]
    },
    {
      "type": "Microsoft.Network/privateEndpoints", "apiVersion": "2024-05-01", "name": "pe", "location": "[resourceGroup().location]",
      "dependsOn": ["[variables('hub')]"],
      "properties": {
        "subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', variables('hub'), 'clients')]"},
        "privateLinkServiceConnections": [{"name": "c", "properties": {"privateLinkServiceId": "[parameters('instance')]", "groupIds": ["managedInstance"]}}]
      }
    },
    {
      "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "apiVersion": "2024-05-01",
      "name": "[format('{0}/to-spoke{1}', variables('hub'), copyIndex())]",
      "copy": {"name": "peerings", "count": "[parameters('count')]"},
      "dependsOn": ["[variables('hub')]", "spokes"],
      "properties": {"remoteVirtualNetwork": {"id": "[resourceId('Microsoft.Network/virtualNetworks', concat('spoke', copyIndex()))]"}}
    },
    {
      "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[concat('spoke', copyIndex())]",
      "location": "[resourceGroup().location]", "copy": {"name": "spokes", "count": "[parameters('count')]"},
      "properties": {"addressSpace": {"addressPrefixes": ["[format('10.{0}.0.0/16', copyIndex(60))]"]}}
    },
    {
      "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[variables('hub')]", "location": "[resourceGroup().location]",
      "properties": {
        "addressSpace": {"addressPrefixes": ["10.59.0.0/16"]},
        "subnets": [{"name": "clients", "properties": {"addressPrefix": "10.59.1.0/24"}}]
      }
    }
  ],
  "outputs": {
    "address": {"type": "string", "value": "[reference('pe').customDnsConfigs[0].ipAddresses[0]]"},
    "spokes": {"type": "array", "copy": {"count": "[parameters('count')]", "input": "[resourceId('Microsoft.Network/virtualNetworks', concat('spoke', copyIndex()))]"}}
  }
}
"""


@test
def deployments(ready, work):
    az = Az(ready, work)
    az.login()
    az("group", "create", "-n", "walk-rg", "-l", ready["location"])
    group = ("-g", "walk-rg")
    file = work / "topology.json"
    file.write_text(TOPOLOGY)
    create = ("deployment", "group", "create", *group, "-f", file, "-p", f"instance={ready['managedInstances'][0]['resourceId']}")
    made = az(*create, "-n", "first")
    equal((made["name"], made["properties"]["provisioningState"]), ("first", "Succeeded"))
    equal(made["properties"]["outputs"]["address"], {"type": "String", "value": "10.59.1.4"})
    equal(len(made["properties"]["outputs"]["spokes"]["value"]), 2)
    equal(len(made["properties"]["outputResources"]), 9)
    assert "hidden" not in json.dumps(made), made
    equal(names(az("network", "vnet", "list", *group)), ["hub-net", "spoke0", "spoke1"])
    record = az("network", "private-dns", "record-set", "a", "show", *group, "-z", "privatelink.walk.test", "-n", "mi")
    equal(record["aRecords"][0]["ipv4Address"], "10.59.1.4")
    endpoint = az("network", "private-endpoint", "show", *group, "-n", "pe")
    equal(endpoint["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Approved")
    again = az(*create, "-n", "second", "-p", "count=1")
    equal(again["properties"]["outputs"]["address"]["value"], "10.59.1.4")
    equal(az("deployment", "group", "validate", *group, "-f", file, "-p", "instance=x")["properties"]["provisioningState"], "Succeeded")
    equal(names(az("deployment", "group", "list", *group)), ["first", "second"])
    equal(az("deployment", "group", "show", *group, "-n", "first")["properties"]["provisioningState"], "Succeeded")
    operations = az("deployment", "operation", "group", "list", *group, "-n", "first")
    equal(len(operations), 9)
    equal({one["properties"]["provisioningState"] for one in operations}, {"Succeeded"})
    exported = az("deployment", "group", "export", *group, "-n", "first")
    equal(exported["contentVersion"], "1.0.0.0")
    # Wrong ones, each in its words.
    az.refused(1, "InvalidTemplate", "deployment", "group", "create", *group, "-f", file, "-p", "instance=x", "count=9")
    az.refused(1, "is not provided", "deployment", "group", "create", *group, "-f", file, "--no-prompt", "true")
    for text, said in (
        ('"name": "[nothing()]"', "The template function 'nothing' is not valid"),
        ('"name": "loop", "dependsOn": ["loop"]', "Circular dependency"),
        ('"name": "v-net", "properties": {"addressSpace": {"addressPrefixes": ["nonsense"]}}', "At least one resource deployment operation failed"),
    ):
        wrong = work / "wrong.json"
        wrong.write_text(TOPOLOGY.split('"parameters"')[0] + '"resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "location": "westeurope", '
                         + text + "}]}")
        az.refused(1, said, "deployment", "group", "create", *group, "-n", "wrong", "-f", wrong)
    # What it would change, and nothing of it done.
    what_if = ("deployment", "group", "what-if", *group, "-f", file, "-p", f"instance={ready['managedInstances'][0]['resourceId']}")
    changes = az(*what_if, "count=3", "--no-pretty-print")["changes"]
    kinds = {kind: sorted(one["resourceId"].rsplit("/", 1)[1] for one in changes if one["changeType"] == kind) for kind in ("Create", "Modify", "Delete")}
    # The hub shows one peering more.
    equal(kinds, {"Create": ["spoke2", "to-spoke2"], "Modify": ["hub-net"], "Delete": []})
    code, told, said = az.run(*what_if, "count=3")
    assert code == 0 and "Resource changes: 2 to create" in told, (told, said)
    equal(names(az("network", "vnet", "list", *group)), ["hub-net", "spoke0", "spoke1"])
    # What is wrong is refused; az 2.91 itself stumbles over the answer, and shows a traceback.
    az.refused(1, "", *what_if, "count=9")
    az("deployment", "group", "delete", *group, "-n", "second")
    equal(names(az("deployment", "group", "list", *group)), ["first", "wrong"])
    balancer = az("network", "lb", "create", *group, "-n", "lb1", "--sku", "Standard", "--vnet-name", "hub-net", "--subnet", "clients",
                  "--frontend-ip-name", "front", "--backend-pool-name", "pool")
    equal(balancer["loadBalancer"]["provisioningState"], "Succeeded")
    equal(balancer["loadBalancer"]["frontendIPConfigurations"][0]["name"], "front")
    # What is not in a complete template goes.
    complete = work / "complete.json"
    complete.write_text(TOPOLOGY.split('"parameters"')[0] + '"resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", '
                        '"location": "westeurope", "name": "only", "properties": {"addressSpace": {"addressPrefixes": ["10.77.0.0/16"]}}}]}')
    az("deployment", "group", "create", *group, "-n", "third", "-f", complete, "--mode", "Complete")
    equal(names(az("network", "vnet", "list", *group)), ["only"])
    equal(az("network", "private-dns", "zone", "list", *group), [])
    # At the subscription, with a group and a deployment into it.
    whole = work / "whole.json"
    inner = json.loads(complete.read_text().replace("// A comment: az sends the file as it is.", ""))
    whole.write_text(json.dumps({
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "resources": [
            {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2024-11-01", "name": "made-rg", "location": "[deployment().location]"},
            {"type": "Microsoft.Resources/deployments", "apiVersion": "2024-11-01", "name": "inner", "resourceGroup": "made-rg", "dependsOn": ["made-rg"],
             "properties": {"mode": "Incremental", "template": inner}},
        ]}))
    az("deployment", "sub", "create", "-n", "whole", "-l", ready["location"], "-f", whole)
    equal(names(az("network", "vnet", "list", "-g", "made-rg")), ["only"])


@test
def roles(ready, work):
    owner = Az(ready, work)
    owner.login()
    group = ("-g", ready["resourceGroup"])
    scope = f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}"
    equal(names(owner("role", "definition", "list", "--name", "Reader")), ["acdd72a7-3385-48ef-bd42-f606fba81ae7"])
    made = principal(ready, "walker")
    who = Az(ready, work, "walker")
    who.register()
    login = ("login", "--service-principal", "-u", made["clientId"], "-p", made["secret"], "--tenant", ready["tenantId"])
    who.refused(1, "No subscriptions found", *login)
    assign = ("role", "assignment", "create", "--assignee-object-id", made["objectId"], "--assignee-principal-type", "ServicePrincipal")
    reader = owner(*assign, "--role", "Reader", "--scope", scope)
    equal((reader["principalId"], reader["scope"]), (made["objectId"], scope))
    who(*login)
    instance = ready["managedInstances"][0]
    equal(who("sql", "mi", "show", *group, "-n", instance["name"])["name"], instance["name"])
    who.refused(1, "AuthorizationFailed", "sql", "mi", "update", *group, "-n", instance["name"], "--tags", "a=b")
    who.refused(1, "Microsoft.Network/virtualNetworks/write", "network", "vnet", "create", *group, "-n", "not-mine", "--address-prefixes", "10.66.0.0/16")
    owner(*assign, "--role", "Network Contributor", "--scope", scope)
    who("network", "vnet", "create", *group, "-n", "mine", "--address-prefixes", "10.66.0.0/16", "--subnet-name", "pe", "--subnet-prefixes", "10.66.0.0/24")
    endpoint = ("network", "private-endpoint", "create", *group, "--vnet-name", "mine", "--subnet", "pe", "--group-id", "managedInstance",
                "--private-connection-resource-id", instance["resourceId"], "--connection-name", "c")
    who.refused(1, "LinkedAuthorizationFailed", *endpoint, "-n", "pe-auto")
    asked = who(*endpoint, "-n", "pe-asked", "--manual-request", "true")
    equal(asked["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Pending")
    owner(*assign, "--role", "SQL Managed Instance Contributor", "--scope", instance["resourceId"])
    approved = who(*endpoint, "-n", "pe-auto")
    equal(approved["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Approved")
    # A role of one's own, with what one step needs.
    role = {"Name": "Tagger", "Description": "Reads and tags instances.", "Actions": ["Microsoft.Sql/managedInstances/read", "Microsoft.Sql/managedInstances/write"],
            "AssignableScopes": [f"/subscriptions/{ready['subscriptionId']}"]}
    defined = owner("role", "definition", "create", "--role-definition", json.dumps(role))
    equal((defined["roleName"], defined["roleType"]), ("Tagger", "CustomRole"))
    other = principal(ready, "tagger")
    owner("role", "assignment", "create", "--assignee-object-id", other["objectId"], "--assignee-principal-type", "ServicePrincipal",
          "--role", "Tagger", "--scope", scope)
    tagger = Az(ready, work, "tagger")
    tagger.register()
    tagger("login", "--service-principal", "-u", other["clientId"], "-p", other["secret"], "--tenant", ready["tenantId"])
    url = f"{instance['resourceId']}?api-version=2024-11-01-preview"
    tagger("rest", "--method", "patch", "--url", url, "--body", json.dumps({"tags": {"a": "b"}}))
    equal(tagger("sql", "mi", "show", *group, "-n", instance["name"])["tags"], {"a": "b"})
    # az reads more than it writes.
    tagger.refused(1, "Microsoft.Sql/locations/capabilities/read", "sql", "mi", "update", *group, "-n", instance["name"], "--tags", "a=c")
    tagger.refused(1, "AuthorizationFailed", "sql", "mi", "delete", *group, "-n", instance["name"], "-y")
    tagger.refused(1, "AuthorizationFailed", "network", "vnet", "list", *group)
    listed = owner("role", "assignment", "list", "--scope", scope, "--fill-principal-name", "false")
    equal(len([one for one in listed if one["principalId"] == made["objectId"]]), 2)
    owner("role", "assignment", "delete", "--ids", reader["id"])
    owner.refused(1, "RoleDefinitionHasAssignments", "role", "definition", "delete", "--name", "Tagger")


@test
def locks(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", "lock-rg")
    az("group", "create", "-n", "lock-rg", "-l", ready["location"])
    az("network", "vnet", "create", *group, "-n", "vnet1", "--address-prefixes", "10.9.0.0/16", "--subnet-name", "a", "--subnet-prefixes", "10.9.0.0/24")
    vnet = ("--resource", "vnet1", "--resource-type", "Microsoft.Network/virtualNetworks")
    az.refused(3, "ResourceNotFound", "lock", "create", *group, "-n", "keep", "-t", "CanNotDelete", "--resource", "none",
               "--resource-type", "Microsoft.Network/virtualNetworks")
    made = az("lock", "create", *group, "-n", "keep", "-t", "CanNotDelete", *vnet, "--notes", "ours")
    equal((made["name"], made["level"], made["notes"], made["type"]), ("keep", "CanNotDelete", "ours", "Microsoft.Authorization/locks"))
    assert made["id"].endswith("/virtualNetworks/vnet1/providers/Microsoft.Authorization/locks/keep"), made
    words = "following scope(s) are locked"
    az.refused(1, words, "network", "vnet", "delete", *group, "-n", "vnet1")
    az.refused(1, words, "network", "vnet", "subnet", "delete", *group, "--vnet-name", "vnet1", "-n", "a")
    az.refused(1, words, "group", "delete", "-n", "lock-rg", "-y")
    az("network", "vnet", "subnet", "create", *group, "--vnet-name", "vnet1", "-n", "b", "--address-prefixes", "10.9.1.0/24")
    equal(az("lock", "show", *group, "-n", "keep", *vnet)["id"], made["id"])
    az("group", "lock", "create", *group, "-n", "still", "--lock-type", "ReadOnly")
    equal(names(az("lock", "list", *group)), ["keep", "still"])
    equal(names(az("group", "lock", "list", *group)), ["keep", "still"])
    equal(names(az("resource", "lock", "list", *group, *vnet)), ["keep"])
    az.refused(1, words, "network", "vnet", "subnet", "create", *group, "--vnet-name", "vnet1", "-n", "c", "--address-prefixes", "10.9.2.0/24")
    az.refused(1, words, "group", "update", "-n", "lock-rg", "--set", "tags.a=1")
    az("account", "lock", "create", "-n", "all", "--lock-type", "CanNotDelete")
    assert {"all", "keep", "still"} <= set(names(az("lock", "list"))), "those below, too"
    equal(az("account", "lock", "show", "-n", "all")["level"], "CanNotDelete")
    az("lock", "delete", "--ids", made["id"])
    az("group", "lock", "delete", *group, "-n", "still")
    az.refused(1, words, "group", "delete", "-n", "lock-rg", "-y")
    az("account", "lock", "delete", "-n", "all")
    az("group", "delete", "-n", "lock-rg", "-y")
    equal(az("group", "exists", "-n", "lock-rg"), False)


@test
def every_url_of_its_libraries(ready, work):
    """What Azure has and milink has not is refused by name, never as a misspelling."""
    urls.ask_all(ready)


@test
def role_assignees(ready, work):
    """Whom a role is for, in every way that az lets one say it: it asks Microsoft Graph."""
    az = Az(ready, work)
    az.login()
    scope = f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}"
    who = principal(ready, "walker")
    create = ("role", "assignment", "create", "--role", "Reader", "--scope")
    for words, name, kind in (
        (("--assignee", who["clientId"]), "walker", "ServicePrincipal"),
        (("--assignee", who["objectId"]), "walker", "ServicePrincipal"),
        (("--assignee", "user@milink.local"), "user@milink.local", "User"),
        (("--assignee-object-id", who["objectId"]), "walker", "ServicePrincipal"),
        (("--assignee-object-id", who["objectId"], "--assignee-principal-type", "ServicePrincipal"), "walker", "ServicePrincipal"),
    ):
        made = az(*create, scope, *words)
        equal(made["principalType"], kind)
        # Once more is the same one.
        equal(az(*create, scope, *words)["id"], made["id"])
        found = [one for one in az("role", "assignment", "list", "--scope", scope) if one["id"] == made["id"]]
        expected = who["clientId"] if kind == "ServicePrincipal" else name
        equal([(one["principalName"], one["roleDefinitionName"]) for one in found], [(expected, "Reader")])
        az("role", "assignment", "delete", "--ids", made["id"])
    az(*create, scope, "--assignee", who["clientId"])
    equal(len(az("role", "assignment", "list", "--assignee", who["clientId"], "--scope", scope)), 1)
    equal(len(az("role", "assignment", "list", "--assignee", "user@milink.local", "--scope", scope)), 0)
    az("role", "assignment", "delete", "--assignee", who["clientId"], "--role", "Reader", "--scope", scope)
    equal(len(az("role", "assignment", "list", "--assignee", who["clientId"], "--scope", scope)), 0)
    az.refused(1, "Cannot find user or service principal", *create, scope, "--assignee", "nobody@nowhere.test")
    az.refused(1, "'condition' of a role assignment", *create, scope, "--assignee", who["clientId"], "--condition", "true")
    equal(az("ad", "sp", "show", "--id", who["clientId"])["displayName"], "walker")
    equal(az("ad", "user", "show", "--id", "user@milink.local")["displayName"], "milink user")
    az.refused(1, "not supported by milink", "ad", "app", "list", "--all")


def principal(ready, name) -> dict:
    """Adds a service principal to the emulator's directory."""
    request = urllib.request.Request(f"{ready['controlUrl'].rstrip('/')}/principals/{name}", data=b"{}", method="PUT",
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=ready["caFile"])) as answer:
        return json.load(answer)


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
