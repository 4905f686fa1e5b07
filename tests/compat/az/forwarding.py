"""The recipe of the article about Data Factory: a load balancer, a link service before it, and machines that forward."""

import json

from azure import Az, control, equal, names

TESTS = {}
LB = "Microsoft.Network/loadBalancers/lb"


def test(function):
    """Registers a walk under its own name."""
    TESTS[function.__name__] = function
    return function


class Stage:
    """A network with the article's subnets, beside that of the instance and peered with it, and one of a consumer."""

    def __init__(self, ready, work):
        self.ready = ready
        self.az = Az(ready, work)
        self.az.login()
        self.group = ("-g", ready["resourceGroup"])
        self.prefix = f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}/providers"
        for name, prefix in (("fe-subnet", "10.130.1.0/24"), ("be-subnet", "10.130.2.0/24"), ("pls-subnet", "10.130.3.0/24")):
            if name == "fe-subnet":
                self.az("network", "vnet", "create", *self.group, "-n", "net", "--address-prefixes", "10.130.0.0/16",
                        "--subnet-name", name, "--subnet-prefixes", prefix)
            else:
                self.az("network", "vnet", "subnet", "create", *self.group, "--vnet-name", "net", "-n", name, "--address-prefixes", prefix)

    def put(self, path, body, version="2024-05-01"):
        """What no command of the CLI's creates without a template."""
        return self.az("rest", "--method", "put", "--url", f"{self.prefix}/{path}?api-version={version}", "--body",
                       json.dumps({"location": self.ready["location"], **body}))

    def subnet(self, name):
        return {"id": f"{self.prefix}/Microsoft.Network/virtualNetworks/net/subnets/{name}"}

    def balancer(self):
        made = self.put(LB, {"sku": {"name": "Standard"}, "properties": {"frontendIPConfigurations": [
            {"name": "LoadBalancerFrontEnd", "properties": {"subnet": self.subnet("fe-subnet"), "privateIPAllocationMethod": "Dynamic"}}]}})
        equal(made["properties"]["frontendIPConfigurations"][0]["properties"]["privateIPAddress"], "10.130.1.4")

    def parts(self):
        """The pool, the probe and the rule, by the commands for them."""
        at = (*self.group, "--lb-name", "lb")
        self.az("network", "lb", "address-pool", "create", *at, "-n", "myBackendPool")
        self.az("network", "lb", "probe", "create", *at, "-n", "myHealthProbe", "--protocol", "Tcp", "--port", "22",
                "--interval", "15", "--probe-threshold", "2")
        self.rule("myRule", 1433)

    def rule(self, name, port):
        self.az("network", "lb", "rule", "create", *self.group, "--lb-name", "lb", "-n", name, "--protocol", "Tcp",
                "--frontend-port", port, "--backend-port", port, "--frontend-ip", "LoadBalancerFrontEnd",
                "--backend-pool-name", "myBackendPool", "--probe-name", "myHealthProbe", "--idle-timeout", "15")

    def open_pls_subnet(self):
        self.az("network", "vnet", "subnet", "update", *self.group, "--vnet-name", "net", "-n", "pls-subnet",
                "--private-link-service-network-policies", "Disabled")

    def service(self):
        return self.az("network", "private-link-service", "create", *self.group, "-n", "pls", "--vnet-name", "net", "--subnet", "pls-subnet",
                       "--lb-name", "lb", "--lb-frontend-ip-configs", "LoadBalancerFrontEnd", "-l", self.ready["location"])

    def machine(self, name):
        self.az("network", "nic", "create", *self.group, "-n", f"{name}-nic", "--vnet-name", "net", "--subnet", "be-subnet",
                "--lb-name", "lb", "--lb-address-pools", "myBackendPool")
        self.az("vm", "create", *self.group, "-n", name, "--nics", f"{name}-nic", "--image", "Ubuntu2204", "--size", "Standard_B1s",
                "--admin-username", "me", "--admin-password", "Long-Pass-Word-1!")

    def evaluate(self, start, host, port=1433, **more):
        return control(self.ready, "/net/evaluate", {"from": start, "host": host, "port": port, **more})


@test
def load_balancer(ready, work):
    stage = Stage(ready, work)
    az, group = stage.az, stage.group
    stage.balancer()
    stage.parts()
    at = (*group, "--lb-name", "lb")
    shown = az("network", "lb", "show", *group, "-n", "lb")
    equal((shown["sku"]["name"], names(shown["backendAddressPools"]), names(shown["probes"]), names(shown["loadBalancingRules"])),
          ("Standard", ["myBackendPool"], ["myHealthProbe"], ["myRule"]))
    equal(names(az("network", "lb", "list", *group)), ["lb"])
    equal(az("network", "lb", "probe", "show", *at, "-n", "myHealthProbe")["intervalInSeconds"], 15)
    equal(az("network", "lb", "probe", "update", *at, "-n", "myHealthProbe", "--interval", "30")["intervalInSeconds"], 30)
    rule = az("network", "lb", "rule", "show", *at, "-n", "myRule")
    assert rule["probe"]["id"].endswith("/probes/myHealthProbe") and rule["idleTimeoutInMinutes"] == 15, rule
    az.refused(1, "RulesUseSameFrontendPortProtocolAndIPConfig", "network", "lb", "rule", "create", *at, "-n", "twin", "--protocol", "Tcp",
               "--frontend-port", "1433", "--backend-port", "1", "--frontend-ip", "LoadBalancerFrontEnd", "--backend-pool-name", "myBackendPool")
    az.refused(1, "InvalidResourceReference", "network", "lb", "rule", "create", *at, "-n", "lost", "--protocol", "Tcp", "--frontend-port", "1434",
               "--backend-port", "1", "--frontend-ip", "LoadBalancerFrontEnd", "--backend-pool-name", "myBackendPool", "--probe-name", "nothing")
    equal(names(az("network", "lb", "rule", "list", *at)), ["myRule"])
    az("network", "lb", "frontend-ip", "create", *at, "-n", "second", "--vnet-name", "net", "--subnet", "fe-subnet", "--private-ip-address", "10.130.1.99")
    equal(az("network", "lb", "frontend-ip", "show", *at, "-n", "second")["privateIPAllocationMethod"], "Static")
    az("network", "lb", "frontend-ip", "delete", *at, "-n", "second")
    equal(names(az("network", "lb", "frontend-ip", "list", *at)), ["LoadBalancerFrontEnd"])
    az("network", "lb", "address-pool", "create", *at, "-n", "spare")
    equal(names(az("network", "lb", "address-pool", "list", *at)), ["myBackendPool", "spare"])
    az("network", "lb", "address-pool", "delete", *at, "-n", "spare")
    az("network", "nic", "create", *group, "-n", "nic1", "--vnet-name", "net", "--subnet", "be-subnet", "--lb-name", "lb",
       "--lb-address-pools", "myBackendPool")
    equal(names(az("network", "lb", "list-nic", *group, "--name", "lb")), ["nic1"])
    az.refused(1, "ResourceInUse", "network", "lb", "delete", *group, "-n", "lb")
    equal(az("network", "nic", "update", *group, "-n", "nic1", "--ip-forwarding", "true")["enableIPForwarding"], True)
    az.refused(1, "InUseSubnetCannotBeDeleted", "network", "vnet", "subnet", "delete", *group, "--vnet-name", "net", "-n", "be-subnet")
    az("network", "nic", "ip-config", "address-pool", "remove", *group, "--nic-name", "nic1", "--ip-config-name", "ipconfig1",
       "--lb-name", "lb", "--address-pool", "myBackendPool")
    equal(az("network", "lb", "list-nic", *group, "--name", "lb"), [])
    az("network", "lb", "rule", "delete", *at, "-n", "myRule")
    az("network", "lb", "probe", "delete", *at, "-n", "myHealthProbe")
    az("network", "lb", "delete", *group, "-n", "lb")
    equal(az("network", "lb", "list", *group), [])
    az.refused(3, "ResourceNotFound", "network", "lb", "show", *group, "-n", "lb")


@test
def link_service(ready, work):
    stage = Stage(ready, work)
    az, group = stage.az, stage.group
    stage.balancer()
    stage.parts()
    az.refused(1, "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled", "network", "private-link-service", "create", *group,
               "-n", "pls", "--vnet-name", "net", "--subnet", "pls-subnet", "--lb-name", "lb", "--lb-frontend-ip-configs",
               "LoadBalancerFrontEnd", "-l", ready["location"])
    stage.open_pls_subnet()
    made = stage.service()
    assert made["alias"].startswith("pls.") and made["alias"].endswith(".azure.privatelinkservice"), made
    az.refused(1, "ResourceInUse", "network", "lb", "delete", *group, "-n", "lb")
    az("network", "vnet", "create", *group, "-n", "app", "--address-prefixes", "10.150.0.0/16", "--subnet-name", "pe", "--subnet-prefixes", "10.150.1.0/24")
    endpoint = ("network", "private-endpoint", "create", *group, "-l", ready["location"], "--vnet-name", "app", "--subnet", "pe",
                "--connection-name", "c", "--manual-request", "true", "--request-message", "please")
    asked = az(*endpoint, "-n", "pe1", "--private-connection-resource-id", made["id"])
    equal(asked["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Pending")
    by_alias = az(*endpoint, "-n", "pe2", "--private-connection-resource-id", made["alias"])
    equal(by_alias["manualPrivateLinkServiceConnections"][0]["privateLinkServiceId"], made["alias"])
    listed = az("network", "private-endpoint-connection", "list", "--id", made["id"])
    equal([one["name"].split(".")[0] for one in sorted(listed, key=lambda one: one["name"])], ["pe1", "pe2"])
    first, second = sorted(listed, key=lambda one: one["name"])
    said = az("network", "private-endpoint-connection", "approve", "--id", first["id"], "--description", "welcome")
    equal(said["properties"]["privateLinkServiceConnectionState"]["status"], "Approved")
    said = az("network", "private-endpoint-connection", "reject", "--id", second["id"], "--description", "no")
    equal(said["properties"]["privateLinkServiceConnectionState"]["status"], "Rejected")
    az("network", "private-link-service", "connection", "update", *group, "--service-name", "pls", "-n", second["name"],
       "--connection-status", "Approved", "--description", "after all")
    state = lambda name: az("network", "private-endpoint", "show", *group, "-n", name)["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]  # noqa: E731
    equal((state("pe1")["status"], state("pe2")["description"]), ("Approved", "after all"))
    az.refused(1, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", "network", "private-link-service", "delete", *group, "-n", "pls")
    az("network", "private-endpoint-connection", "delete", "--id", second["id"], "-y")
    equal(state("pe2")["status"], "Disconnected")
    updated = az("network", "private-link-service", "update", *group, "-n", "pls", "--visibility", ready["subscriptionId"],
                 "--auto-approval", ready["subscriptionId"])
    equal(updated["autoApproval"]["subscriptions"], [ready["subscriptionId"]])
    third = az(*endpoint, "-n", "pe3", "--private-connection-resource-id", made["id"])
    equal(third["manualPrivateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Approved")
    equal(names(az("network", "private-link-service", "list", *group)), ["pls"])
    for name in ("pe1", "pe2", "pe3"):
        az("network", "private-endpoint", "delete", *group, "-n", name)
    az("network", "private-link-service", "delete", *group, "-n", "pls")
    equal(az("network", "private-link-service", "list", *group), [])


@test
def forwarding_machines(ready, work):
    """The article from its subnets to a connection that works, and what the next restart does to it."""
    stage = Stage(ready, work)
    az, group = stage.az, stage.group
    instance = ready["managedInstances"][0]
    name = az("sql", "mi", "show", *group, "-n", instance["name"])["fullyQualifiedDomainName"]
    home = az("sql", "mi", "show", *group, "-n", instance["name"])["subnetId"].split("/subnets/")[0]
    stage.balancer()
    stage.parts()
    stage.open_pls_subnet()
    service = stage.service()
    mine = f"{stage.prefix}/Microsoft.Network/virtualNetworks/net"
    for near, far in ((mine, home), (home, mine)):
        az("network", "vnet", "peering", "create", *group, "-n", "p", "--vnet-name", near.split("/")[-1], "--remote-vnet", far, "--allow-vnet-access")
    script = f"sudo ./ip_fwd.sh -i eth0 -f 1433 -a {name} -b 1433"
    run = lambda vm, *lines: az("vm", "run-command", "invoke", *group, "-n", vm, "--command-id", "RunShellScript", "--scripts", *lines)  # noqa: E731
    for vm in ("myVM1", "myVM2"):
        stage.machine(vm)
        message = run(vm, script)["value"][0]["message"]
        assert "Forwarding port 1433 to" in message, message
    equal(names(az("vm", "list", *group)), ["myVM1", "myVM2"])
    equal(az("vm", "show", *group, "-n", "myVM1")["hardwareProfile"]["vmSize"], "Standard_B1s")
    listed = run("myVM1", "sudo iptables -t nat -v -L PREROUTING -n --line-number")["value"][0]["message"]
    assert "tcp dpt:1433" in listed, listed
    az.refused(1, "apt-get", "vm", "run-command", "invoke", *group, "-n", "myVM1", "--command-id", "RunShellScript", "--scripts", "apt-get install -y socat")
    az("network", "vnet", "create", *group, "-n", "app", "--address-prefixes", "10.150.0.0/16", "--subnet-name", "pe", "--subnet-prefixes", "10.150.1.0/24")
    az("network", "private-endpoint", "create", *group, "-n", "pe", "-l", ready["location"], "--vnet-name", "app", "--subnet", "pe",
       "--connection-name", "c", "--manual-request", "true", "--private-connection-resource-id", service["id"])
    ask = lambda port=1433: stage.evaluate("subnet:app/pe", "10.150.1.4", port, loginName=name, validates=False)  # noqa: E731
    equal(ask()["reason"], "pe.pending")
    connection = az("network", "private-endpoint-connection", "list", "--id", service["id"])[0]
    az("network", "private-endpoint-connection", "approve", "--id", connection["id"], "--description", "welcome")
    verdict = ask()
    assert verdict["reachable"], verdict
    equal([hop["hop"] for hop in verdict["path"]][:5], ["pe", "pls", "lb", "vm", "dnat"])
    equal(ask(1434)["reason"], "lb.no_rule")
    stage.rule("second", 1434)
    equal(ask(1434)["reason"], "fwd.no_rule")
    # The probe asks sshd: after a restart it is green, and every other connection is refused.
    az("vm", "restart", *group, "-n", "myVM1")
    after = ask()
    equal((after["reachable"], after["reason"], after["symptom"]), (False, "fwd.no_rule", "tcp_refused"))
    run("myVM1", script)
    assert ask()["reachable"]
    az("vm", "deallocate", *group, "-n", "myVM2")
    equal(az("vm", "get-instance-view", *group, "-n", "myVM2")["instanceView"]["statuses"][1]["code"], "PowerState/deallocated")
    az("vm", "delete", *group, "-n", "myVM2", "-y")
    equal(names(az("vm", "list", *group)), ["myVM1"])


@test
def gateways_and_addresses(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    made = az("network", "public-ip", "create", *group, "-n", "pip", "-l", ready["location"], "--sku", "Standard")
    equal((made["publicIp"]["publicIPAllocationMethod"], made["publicIp"]["provisioningState"]), ("Static", "Succeeded"))
    assert az("network", "public-ip", "show", *group, "-n", "pip")["ipAddress"], "it has an address"
    equal(names(az("network", "public-ip", "list", *group)), ["pip"])
    az("network", "vnet", "create", *group, "-n", "hub", "--address-prefixes", "10.160.0.0/16", "--subnet-name", "GatewaySubnet", "--subnet-prefixes", "10.160.0.0/27")
    gateway = az("network", "vnet-gateway", "create", *group, "-n", "gw", "-l", ready["location"], "--vnet", "hub", "--public-ip-addresses", "pip",
                 "--gateway-type", "Vpn", "--vpn-type", "RouteBased", "--sku", "VpnGw1")
    equal(gateway["vnetGateway"]["gatewayType"], "Vpn")
    office = az("network", "local-gateway", "create", *group, "-n", "office", "-l", ready["location"], "--gateway-ip-address", "198.51.100.1",
                "--local-address-prefixes", "192.168.0.0/16")
    equal(office["localNetworkAddressSpace"]["addressPrefixes"], ["192.168.0.0/16"])
    az.refused(1, "PublicIPAddressInUse", "network", "public-ip", "delete", *group, "-n", "pip")
    az("network", "nsg", "create", *group, "-n", "nsg", "-l", ready["location"])
    rule = az("network", "nsg", "rule", "create", *group, "--nsg-name", "nsg", "-n", "ssh", "--priority", "100", "--protocol", "Tcp",
              "--destination-port-ranges", "22", "--access", "Allow")
    equal((rule["priority"], rule["access"]), (100, "Allow"))
    equal(names(az("network", "nsg", "rule", "list", *group, "--nsg-name", "nsg")), ["ssh"])
    az("network", "route-table", "create", *group, "-n", "routes", "-l", ready["location"])
    route = az("network", "route-table", "route", "create", *group, "--route-table-name", "routes", "-n", "out", "--address-prefix", "0.0.0.0/0",
               "--next-hop-type", "VirtualAppliance", "--next-hop-ip-address", "10.160.1.4")
    equal(route["nextHopType"], "VirtualAppliance")
    az("network", "vnet", "subnet", "create", *group, "--vnet-name", "hub", "-n", "work", "--address-prefixes", "10.160.1.0/24",
       "--network-security-group", "nsg", "--route-table", "routes")
    az.refused(1, "InUseNetworkSecurityGroupCannotBeDeleted", "network", "nsg", "delete", *group, "-n", "nsg")
    instance = ready["managedInstances"][0]["resourceId"]
    az("network", "private-endpoint", "create", *group, "-n", "pe", "-l", ready["location"], "--vnet-name", "hub", "--subnet", "work", "--group-id",
       "managedInstance", "--private-connection-resource-id", instance, "--connection-name", "c", "--manual-request", "true")
    az("network", "private-dns", "zone", "create", *group, "-n", "privatelink.walk.test")
    zones = az("network", "private-endpoint", "dns-zone-group", "create", *group, "--endpoint-name", "pe", "-n", "default",
               "--private-dns-zone", "privatelink.walk.test", "--zone-name", "walk")
    equal(names(zones["privateDnsZoneConfigs"]), ["walk"])
    equal(names(az("network", "private-endpoint", "dns-zone-group", "list", *group, "--endpoint-name", "pe")), ["default"])
    az("network", "private-endpoint", "dns-zone-group", "delete", *group, "--endpoint-name", "pe", "-n", "default")
    az("network", "vnet-gateway", "delete", *group, "-n", "gw")
    az("network", "local-gateway", "delete", *group, "-n", "office")
    az("network", "public-ip", "delete", *group, "-n", "pip")


@test
def inbound_nat_rules_and_probes(ready, work):
    stage = Stage(ready, work)
    az, group = stage.az, stage.group
    stage.balancer()
    stage.parts()
    at = (*group, "--lb-name", "lb")
    made = az("network", "lb", "inbound-nat-rule", "create", *at, "-n", "ssh1", "--protocol", "Tcp", "--frontend-port", "5001", "--backend-port", "22",
              "--frontend-ip", "LoadBalancerFrontEnd")
    equal((made["frontendPort"], made["backendPort"], made["provisioningState"]), (5001, 22, "Succeeded"))
    az("network", "nic", "create", *group, "-n", "myVM1-nic", "--vnet-name", "net", "--subnet", "be-subnet", "--lb-name", "lb", "--lb-inbound-nat-rules", "ssh1")
    az("vm", "create", *group, "-n", "myVM1", "--nics", "myVM1-nic", "--image", "Ubuntu2204", "--size", "Standard_B1s", "--admin-username", "me",
       "--admin-password", "Long-Pass-Word-1!")
    verdict = stage.evaluate("subnet:net/fe-subnet", "10.130.1.4", 5001)
    assert verdict["reachable"], verdict
    equal([hop["hop"] for hop in verdict["path"]], ["lb", "nat", "vm"])
    shown = az("network", "lb", "inbound-nat-rule", "show", *at, "-n", "ssh1")
    assert shown["backendIPConfiguration"]["id"].endswith("/myVM1-nic/ipConfigurations/ipconfig1"), shown
    az.refused(1, "myVM1-nic", "network", "lb", "inbound-nat-rule", "delete", *at, "-n", "ssh1")
    az("network", "nic", "ip-config", "inbound-nat-rule", "remove", *group, "--nic-name", "myVM1-nic", "--ip-config-name", "ipconfig1",
       "--inbound-nat-rule", "ssh1", "--lb-name", "lb")
    equal(stage.evaluate("subnet:net/fe-subnet", "10.130.1.4", 5001)["reason"], "lb.nat_unused")
    az("network", "nic", "ip-config", "inbound-nat-rule", "add", *group, "--nic-name", "myVM1-nic", "--ip-config-name", "ipconfig1",
       "--inbound-nat-rule", "ssh1", "--lb-name", "lb")
    assert stage.evaluate("subnet:net/fe-subnet", "10.130.1.4", 5001)["reachable"]
    az("network", "lb", "inbound-nat-rule", "update", *at, "-n", "ssh1", "--frontend-port", "5002")
    equal(stage.evaluate("subnet:net/fe-subnet", "10.130.1.4", 5001)["reason"], "lb.no_rule")
    equal(names(az("network", "lb", "inbound-nat-rule", "list", *at)), ["ssh1"])
    az.refused(1, "RulesUseSameFrontendPortProtocolAndIPConfig", "network", "lb", "inbound-nat-rule", "create", *at, "-n", "ssh2", "--protocol", "Tcp",
               "--frontend-port", "1433", "--backend-port", "22", "--frontend-ip", "LoadBalancerFrontEnd")
    az.refused(1, "An outbound rule of a load balancer", "network", "lb", "outbound-rule", "create", *at, "-n", "out", "--protocol", "All",
               "--frontend-ip-configs", "LoadBalancerFrontEnd", "--address-pool", "myBackendPool")
    # A probe over HTTP, and whose reference is left without it.
    page = az("network", "lb", "probe", "create", *at, "-n", "page", "--protocol", "Http", "--port", "8080", "--path", "/well")
    equal((page["protocol"], page["requestPath"]), ("Http", "/well"))
    az("network", "lb", "rule", "update", *at, "-n", "myRule", "--probe-name", "page")
    az.refused(1, "loadBalancingRules/myRule", "network", "lb", "probe", "delete", *at, "-n", "page")
    control(ready, "/net/vm/myVM1/web", {"port": 8080, "path": "/well"})
    az("network", "nic", "ip-config", "address-pool", "add", *group, "--nic-name", "myVM1-nic", "--ip-config-name", "ipconfig1",
       "--address-pool", "myBackendPool", "--lb-name", "lb")
    # It is well, and passes nothing on.
    equal(stage.evaluate("subnet:net/fe-subnet", "10.130.1.4", 1433)["reason"], "fwd.no_rule")


@test
def exported_group(ready, work):
    """A group of one's own goes out as a template, and comes back under another name."""
    stage = Stage(ready, work)
    az = stage.az
    az("group", "create", "-n", "first-rg", "-l", ready["location"])
    first = ("-g", "first-rg")
    az("network", "vnet", "create", *first, "-n", "net1", "--address-prefixes", "10.70.0.0/16", "--subnet-name", "a", "--subnet-prefixes", "10.70.0.0/24")
    az("network", "lb", "create", *first, "-n", "lb", "--sku", "Standard", "--vnet-name", "net1", "--subnet", "a", "--frontend-ip-name", "fe",
       "--backend-pool-name", "pool")
    az("network", "private-dns", "zone", "create", *first, "-n", "z.test")
    az("network", "private-dns", "link", "vnet", "create", *first, "-n", "net1", "-z", "z.test", "-v", "net1", "--registration-enabled", "false")
    az("network", "private-dns", "record-set", "a", "add-record", *first, "-z", "z.test", "-n", "db", "-a", "10.70.0.9")
    template = az("group", "export", "-n", "first-rg", "--include-parameter-default-value")
    equal(sorted(template["parameters"]), ["loadBalancers_lb_name", "privateDnsZones_z_test_name", "virtualNetworks_net1_name"])
    file = work / "exported.json"
    file.write_text(json.dumps(template))
    az("group", "create", "-n", "second-rg", "-l", ready["location"])
    made = az("deployment", "group", "create", "-g", "second-rg", "-n", "again", "-f", file, "-p", "virtualNetworks_net1_name=net2")
    equal(made["properties"]["provisioningState"], "Succeeded")
    equal(names(az("network", "vnet", "list", "-g", "second-rg")), ["net2"])
    equal(az("network", "private-dns", "record-set", "a", "show", "-g", "second-rg", "-z", "z.test", "-n", "db")["aRecords"], [{"ipv4Address": "10.70.0.9"}])
