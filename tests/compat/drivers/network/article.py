"""The article about private endpoints in separate networks, told with python-tds at ports that stand for places of the model."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

import pytds

APP = "subnet:app-vnet/app"
NETWORK, DNS, SQL = "2024-05-01", "2024-06-01", "2023-08-01"
APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "Welcome"}}}


class Arm:
    """Resource Manager, without a library."""

    def __init__(self, ready: dict):
        self.ready = ready
        self.context = ssl.create_default_context(cafile=ready["caFile"])
        form = {"grant_type": "client_credentials", "client_id": ready["clientId"], "client_secret": ready["clientSecret"],
                "scope": "https://management.azure.com/.default"}
        url = f"{ready['entraUrl']}/{ready['tenantId']}/oauth2/v2.0/token"
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=self.context) as answer:
            self.token = json.load(answer)["access_token"]
        self.group = f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}/providers"

    def __call__(self, method: str, path: str, version: str, body: dict | None = None) -> dict:
        """Asks, and waits until nothing is on its way any more."""
        answer, url = self.send(method, f"{self.ready['armUrl']}{self.group}/{path}?api-version={version}", body)
        for _ in range(200):
            if url is None:
                return answer
            status, _ = self.send("GET", url)
            if status.get("status", "Succeeded") != "InProgress":
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{method} {path} does not end")

    def send(self, method: str, url: str, body: dict | None = None) -> tuple[dict, str | None]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else {}, answer.headers.get("azure-asyncoperation")


def at_instance(arm: Arm, ready: dict) -> str:
    """The connection as the instance's owner sees it."""
    mi = f"Microsoft.Sql/managedInstances/{ready['managedInstances'][0]['name']}"
    listed = arm("GET", f"{mi}/privateEndpointConnections", SQL)["value"]
    return f"{mi}/privateEndpointConnections/{listed[0]['name']}"


def network(arm: Arm, ready: dict) -> None:
    """A network of its own for the application, with a subnet for private endpoints."""
    subnets = [{"name": n, "properties": {"addressPrefix": p}} for n, p in (("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24"))]
    arm("PUT", "Microsoft.Network/virtualNetworks/app-vnet", NETWORK, {"location": ready["location"], "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": subnets}})


def endpoint(arm: Arm, ready: dict) -> None:
    """A private endpoint at 10.9.1.4 that waits for its approval."""
    mi = f"Microsoft.Sql/managedInstances/{ready['managedInstances'][0]['name']}"
    connection = {"name": "c1", "properties": {"privateLinkServiceId": f"{arm.group}/{mi}", "groupIds": ["managedInstance"]}}
    arm("PUT", "Microsoft.Network/privateEndpoints/pe-mi1", NETWORK, {"location": ready["location"], "properties": {
        "subnet": {"id": f"{arm.group}/Microsoft.Network/virtualNetworks/app-vnet/subnets/pe"},
        "manualPrivateLinkServiceConnections": [connection]}})


def approve(arm: Arm, ready: dict) -> None:
    arm("PUT", at_instance(arm, ready), SQL, APPROVED)


def remove(arm: Arm, ready: dict) -> None:
    arm("DELETE", at_instance(arm, ready), SQL)


def separate_networks(ready: dict, control) -> None:
    """Nobody gets in before approval and a zone; then everybody whose login names the instance; after removal nobody."""
    arm, instance = Arm(ready), ready["managedInstances"][0]
    fqdn, name = instance["fqdn"], instance["name"]

    def address(host: str, port: int = 1433) -> tuple[str, int]:
        here = control("net/dial", **{"from": APP, "host": host, "port": str(port)})
        return here["host"], here["port"]

    def silent(host: str, port: int = 1433) -> None:
        try:
            socket.create_connection(address(host, port), 0.5).close()
        except TimeoutError:
            return
        raise AssertionError(f"{host}:{port} answers")

    def session(host: str, server: str | None = None, validate: bool = True):
        at = address(host)
        more = {"cafile": ready["caFile"], "validate_host": validate}
        return pytds.connect(server or "localhost", "master", instance["user"], instance["password"], login_timeout=30, timeout=30,
                             sock=socket.create_connection(at, 30), **more)

    network(arm, ready)
    silent(fqdn)
    endpoint(arm, ready)
    silent("10.9.1.4")
    approve(arm, ready)
    try:
        session("10.9.1.4", "10.9.1.4", validate=False)
    except (pytds.Error, OSError):
        # The driver tries again, on a socket that is closed by then: what it was told is in the trace.
        login = control("net/trace")["connections"][-1]["login"]
        assert (login["name"], login["error"]) == ("10.9.1.4", 40532), login
    else:
        raise AssertionError("an address was let in")
    zone = f"Microsoft.Network/privateDnsZones/privatelink.{fqdn.split('.', 1)[1]}"
    arm("PUT", zone, DNS, {"location": "global"})
    arm("PUT", f"{zone}/A/{name}", DNS, {"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.1.4"}]}})
    silent(fqdn)
    arm("PUT", f"{zone}/virtualNetworkLinks/app", DNS, {"location": "global", "properties": {
        "virtualNetwork": {"id": f"{arm.group}/Microsoft.Network/virtualNetworks/app-vnet"}, "registrationEnabled": False}})
    for server in (None, fqdn):
        with session(fqdn, server) as connected, connected.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone()[0] == 1
    silent(fqdn, 5022)
    kept = session(fqdn)
    remove(arm, ready)
    try:
        with kept.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (pytds.Error, OSError):
        pass
    else:
        raise AssertionError("the session outlives its connection")
    silent(fqdn)
