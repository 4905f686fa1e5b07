"""The article on private endpoints: an application in another network, by az and a driver at a port that stands for the instance."""

import json
import socket
import ssl
import urllib.parse
import urllib.request

from azure import Az
from runners import Refused, runner

VERSION = "2021-11-01"
FROM = "subnet:app-net/app"


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def private_endpoints(client, ready, work):
    """Nobody gets there, then by the name and by nothing else, and after a rejection nobody again."""
    az = Az(ready, work)
    az.login()
    group, instance = ("-g", ready["resourceGroup"]), ready["managedInstances"][0]
    zone = "privatelink." + instance["fqdn"].split(".", 1)[1]

    def ask(verb, host, **more):
        trust = ssl.create_default_context(cafile=ready["caFile"])
        words = urllib.parse.urlencode({"from": FROM, "host": host, "port": 1433, **more})
        with urllib.request.urlopen(f"{ready['controlUrl'].rstrip('/')}/net/{verb}?{words}", context=trust, timeout=60) as answer:
            return json.load(answer)

    def driver(host):
        at = ask("dial", host)["address"].rsplit(":", 1)
        there = {**instance, "host": at[0], "port": int(at[1])}
        return runner(client, {**ready, "managedInstances": [there]}, work)

    def times_out():
        at = ask("dial", instance["fqdn"])["address"].rsplit(":", 1)
        try:
            socket.create_connection((at[0], int(at[1])), timeout=1).close()
        except TimeoutError:
            return
        raise AssertionError(f"{at} is answered")

    def review(status):
        held = az("rest", "--method", "get", "--url", f"{instance['resourceId']}/privateEndpointConnections?api-version={VERSION}")["value"]
        body = {"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "so it is"}}}
        az("rest", "--method", "put", "--url", f"{held[0]['id']}?api-version={VERSION}", "--body", json.dumps(body))
        shown = az("network", "private-endpoint", "show", *group, "-n", "pe")
        state = shown["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]
        equal((state["status"], state["description"]), (status, "so it is"))

    az("network", "vnet", "create", *group, "-n", "app-net", "--address-prefixes", "10.9.0.0/16", "--subnet-name", "app", "--subnet-prefixes", "10.9.0.0/24")
    az("network", "vnet", "subnet", "create", *group, "--vnet-name", "app-net", "-n", "pe", "--address-prefixes", "10.9.1.0/24")
    times_out()
    made = az("network", "private-endpoint", "create", *group, "-n", "pe", "-l", ready["location"], "--vnet-name", "app-net", "--subnet", "pe",
              "--group-id", "managedInstance", "--private-connection-resource-id", instance["resourceId"], "--connection-name", "c",
              "--manual-request", "true", "--request-message", "please")
    address = az("network", "nic", "show", "--ids", made["networkInterfaces"][0]["id"])["ipConfigurations"][0]["privateIPAddress"]
    az("network", "private-dns", "zone", "create", *group, "-n", zone)
    az("network", "private-dns", "link", "vnet", "create", *group, "-n", "l", "--zone-name", zone, "-v", "app-net", "-e", "false")
    az("network", "private-dns", "record-set", "a", "add-record", *group, "-z", zone, "-n", instance["name"], "-a", address)
    times_out()
    review("Approved")
    # The server is asked by a name: its gateway would not know for whom an address is.
    try:
        driver(address).script("SELECT 1", "mi")
        raise AssertionError("an address is taken for a name")
    except Refused as refused:
        assert "40532" in str(refused), refused
    except Exception as refused:  # noqa: BLE001 - any driver's own class
        assert "40532" in str(refused), refused
    equal(driver(instance["fqdn"]).script("SELECT @@SERVERNAME", "mi"), [[instance["fqdn"]]])
    # What was approved can be taken back only by removing it.
    held = az("rest", "--method", "get", "--url", f"{instance['resourceId']}/privateEndpointConnections?api-version={VERSION}")["value"]
    az("rest", "--method", "delete", "--url", f"{held[0]['id']}?api-version={VERSION}")
    shown = az("network", "private-endpoint", "show", *group, "-n", "pe")
    equal(shown["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Disconnected")
    times_out()
