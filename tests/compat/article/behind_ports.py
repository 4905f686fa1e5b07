"""The article on a link service before forwarding machines: two instances at two ports, by az, a driver, and Data Factory's test."""

import json
import socket
import ssl
import time
import urllib.parse
import urllib.request

from azure import control
from forwarding import Stage
from runners import runner

FACTORY = "2018-06-01"
RUNTIME = "adf:adf-ports/vnetIR"


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


class Chain(Stage):
    """The recipe's network with two forwarding machines, and a factory that comes through the link service."""

    def __init__(self, ready, work, client):
        super().__init__(ready, work)
        self.work, self.client = work, client
        self.instances = ready["managedInstances"]
        self.balancer()
        self.parts()
        self.rule("second", 1434)
        self.open_pls_subnet()
        self.link_service = self.service()
        home = self.az("sql", "mi", "show", *self.group, "-n", self.instances[0]["name"])["subnetId"].split("/subnets/")[0]
        mine = f"{self.prefix}/Microsoft.Network/virtualNetworks/net"
        for near, far in ((mine, home), (home, mine)):
            self.az("network", "vnet", "peering", "create", *self.group, "-n", "p", "--vnet-name", near.split("/")[-1], "--remote-vnet", far,
                    "--allow-vnet-access")
        for name in ("myVM1", "myVM2"):
            self.machine(name)

    def run(self, machine, *lines):
        return self.az("vm", "run-command", "invoke", *self.group, "-n", machine, "--command-id", "RunShellScript", "--scripts", *lines)

    def forward(self, machine):
        """The article's script, once for each instance."""
        for port, instance in zip((1433, 1434), self.instances):
            self.run(machine, f"sudo ./ip_fwd.sh -i eth0 -f {port} -a {instance['fqdn']} -b 1433")

    def factory(self):
        """A factory with a runtime in its managed network, and a managed endpoint with a name for each instance."""
        at = "Microsoft.DataFactory/factories/adf-ports"
        self.put(at, {}, FACTORY)
        self.put(f"{at}/managedVirtualNetworks/default", {"properties": {}}, FACTORY)
        self.put(f"{at}/integrationRuntimes/vnetIR", {"properties": {
            "type": "Managed", "managedVirtualNetwork": {"type": "ManagedVirtualNetworkReference", "referenceName": "default"},
            "typeProperties": {"computeProperties": {"location": "AutoResolve"}}}}, FACTORY)
        self.post(f"{at}/integrationRuntimes/vnetIR/enableInteractiveQuery", {"autoTerminationMinutes": 60})
        self.put(f"{at}/managedVirtualNetworks/default/managedPrivateEndpoints/mpe", {"properties": {
            "privateLinkResourceId": self.link_service["id"], "fqdns": [instance["fqdn"] for instance in self.instances]}}, FACTORY)

    def post(self, path, body):
        return self.az("rest", "--method", "post", "--url", f"{self.prefix}/{path}?api-version={FACTORY}", "--body", json.dumps(body))

    def tested(self, server):
        """What Data Factory's button says of a linked service."""
        instance = self.instances[0]
        tested = self.post("Microsoft.DataFactory/factories/adf-ports/testConnectivity", {"linkedService": {"name": "MI", "properties": {
            "type": "AzureSqlMI",
            "typeProperties": {"connectionString": f"Data Source={server};Integrated Security=False;User ID={instance['user']};",
                               "password": {"type": "SecureString", "value": instance["password"]}},
            "connectVia": {"referenceName": "vnetIR", "type": "IntegrationRuntimeReference"}}}})
        return "ok" if tested["succeeded"] else tested["milink"]["verdict"]["reason"]

    def get(self, verb, **asked):
        """GET of the emulator's own API."""
        trust = ssl.create_default_context(cafile=self.ready["caFile"])
        url = f"{self.ready['controlUrl'].rstrip('/')}/net/{verb}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, context=trust, timeout=60) as answer:
            return json.load(answer)

    def port(self, host, port):
        """The port of this machine that leads where the runtime's connection would."""
        there = self.get("dial", **{"from": RUNTIME}, host=host, port=port)
        return there["host"], there["port"]

    def name(self, host, port):
        """The server that a driver's login comes to."""
        at = self.port(host, port)
        there = {**self.instances[0], "host": at[0], "port": at[1]}
        return runner(self.client, {**self.ready, "managedInstances": [there]}, self.work).script("SELECT @@SERVERNAME", "mi")[0][0]

    def knock(self, host, port):
        """What becomes of a connection, as any program sees it."""
        try:
            socket.create_connection(self.port(host, port), timeout=1).close()
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "timeout"
        return "open"

    def refused_half_of_the_time(self, host, port):
        """With several ways, each connection takes the next: some are let in and forgotten at once, others work."""
        seen = set()
        for _ in range(4):
            try:
                seen.add(self.name(host, port))
            except Exception:  # noqa: BLE001 - any driver's own class
                seen.add("refused")
        return seen


def port_forwarding(client, ready, work):
    """Two instances behind two machines: a redirect that fails, a probe that lies after a restart, rules that are gone."""
    chain = Chain(ready, work, client)
    az, group = chain.az, chain.group
    first, second = (instance["fqdn"] for instance in chain.instances)
    chain.factory()
    equal((chain.tested(first), chain.knock(first, 1433)), ("pe.pending", "timeout"))
    connection = az("network", "private-endpoint-connection", "list", "--id", chain.link_service["id"])[0]
    az("network", "private-endpoint-connection", "approve", "--id", connection["id"], "--description", "welcome")
    # Port 22 answers the probe, and nothing the client.
    equal((chain.tested(first), chain.knock(first, 1433)), ("fwd.no_rule", "refused"))
    for machine in ("myVM1", "myVM2"):
        chain.forward(machine)
    for server, host, port in ((first, first, 1433), (f"{second},1434", second, 1434)):
        equal((chain.tested(server), chain.name(host, port)), ("ok", host))
    # The port of the linked service decides which instance it is; a name without it comes to the other, which serves its own only.
    equal(chain.tested(f"{first},1435"), "lb.no_rule")
    equal(chain.knock(first, 1435), "timeout")
    # A redirect leads to a port that no rule carries.
    az("sql", "mi", "update", *group, "-n", chain.instances[0]["name"], "--proxy-override", "Redirect")
    equal(chain.tested(first), "tds.redirect_unreachable")
    started = time.monotonic()
    try:
        chain.name(first, 1433)
        raise AssertionError("a redirected client gets there")
    except AssertionError:
        raise
    except Exception:  # noqa: BLE001 - any driver's own class
        assert time.monotonic() - started < 60
    az("sql", "mi", "update", *group, "-n", chain.instances[0]["name"], "--proxy-override", "Proxy")
    equal((chain.tested(first), chain.name(first, 1433)), ("ok", first))
    # A machine forgets its rules when it restarts. The probe asks another port: half of the connections are refused from then on.
    az("vm", "restart", *group, "-n", "myVM1")
    control(ready, "/net/probe-clock/advance", {"seconds": 120})
    equal(chain.tested(first), "fwd.no_rule")
    equal(chain.refused_half_of_the_time(first, 1433), {first, "refused"})
    az("vm", "restart", *group, "-n", "myVM2")
    equal((chain.tested(first), chain.knock(first, 1433)), ("fwd.no_rule", "refused"))
    for machine in ("myVM1", "myVM2"):
        chain.forward(machine)
    equal((chain.tested(first), chain.name(first, 1433), chain.name(second, 1434)), ("ok", first, second))
    # Whoever is silent for five minutes is forgotten, and not told.
    verdict = chain.evaluate(RUNTIME, first, silentSeconds=300)
    equal((verdict["reason"], verdict["symptom"], verdict["idle"]["seconds"]), ("pls.idle_timeout", "tcp_timeout", 270))
