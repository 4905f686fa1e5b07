"""Private DNS: record sets of every kind, machines that are registered, and zone files out and in."""

from azure import Az, control, equal, names

TESTS = {}
ZONE = "corp.example"


def test(function):
    """Registers a walk under its own name."""
    TESTS[function.__name__] = function
    return function


@test
def private_records(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    sets = ("network", "private-dns", "record-set")
    az("network", "private-dns", "zone", "create", *group, "-n", ZONE)
    at = (*group, "-z", ZONE)
    az(*sets, "a", "add-record", *at, "-n", "db", "-a", "10.9.0.5")
    az(*sets, "aaaa", "add-record", *at, "-n", "db", "-a", "fd00::5")
    az(*sets, "aaaa", "add-record", *at, "-n", "db", "-a", "fd00::6")
    # With a dot at the end, as a name in a zone file is none of the zone's own.
    az(*sets, "mx", "add-record", *at, "-n", "@", "-e", "mail.corp.example.", "-p", "10")
    az(*sets, "ptr", "add-record", *at, "-n", "4", "-d", "db.corp.example")
    az(*sets, "srv", "add-record", *at, "-n", "_sql._tcp", "-p", "1", "-w", "5", "-r", "1433", "-t", "db.corp.example.")
    az(*sets, "txt", "add-record", *at, "-n", "note", "-v", "one two")
    az(*sets, "cname", "set-record", *at, "-n", "alias", "-c", "db.corp.example")
    equal([one["ipv6Address"] for one in az(*sets, "aaaa", "show", *at, "-n", "db")["aaaaRecords"]], ["fd00::5", "fd00::6"])
    equal(az(*sets, "mx", "list", *at)[0]["mxRecords"], [{"exchange": "mail.corp.example.", "preference": 10}])
    equal(az(*sets, "srv", "show", *at, "-n", "_sql._tcp")["srvRecords"],
          [{"port": 1433, "priority": 1, "target": "db.corp.example.", "weight": 5}])
    kinds = sorted(f"{one['name']} {one['type'].rsplit('/', 1)[1]}" for one in az(*sets, "list", *at))
    equal(kinds, ["4 PTR", "@ MX", "@ SOA", "_sql._tcp SRV", "alias CNAME", "db A", "db AAAA", "note TXT"])
    equal(names(az(*sets, "ptr", "list", *at)), ["4"])
    az(*sets, "aaaa", "remove-record", *at, "-n", "db", "-a", "fd00::6")
    equal(len(az(*sets, "aaaa", "show", *at, "-n", "db")["aaaaRecords"]), 1)
    az.refused(1, "", *sets, "cname", "set-record", *at, "-n", "db", "-c", "x.example")
    az(*sets, "mx", "create", *at, "-n", "later", "--ttl", "77")
    equal(az(*sets, "mx", "show", *at, "-n", "later")["ttl"], 77)
    az(*sets, "mx", "delete", *at, "-n", "later", "-y")
    az(*sets, "soa", "update", *at, "--retry-time", "301")
    equal(az(*sets, "soa", "show", *at)["soaRecord"]["retryTime"], 301)
    # Out to a file, and in to a zone of the same name elsewhere.
    file = work / "zone.txt"
    # It prints what it writes, which is no JSON.
    code, _, _ = az.run("network", "private-dns", "zone", "export", *at[:2], "-n", ZONE, "-f", file)
    equal((code, file.exists()), (0, True))
    az("group", "create", "-n", "twin-rg", "-l", ready["location"])
    code, _, said = az.run("network", "private-dns", "zone", "import", "-g", "twin-rg", "-n", ZONE, "-f", str(file))
    assert code == 0 and "8/8 RECORDS IMPORTED" in said, (file.read_text(), said)
    twin = ("-g", "twin-rg", "-z", ZONE)
    for kind, name in (("a", "db"), ("aaaa", "db"), ("mx", "@"), ("ptr", "4"), ("srv", "_sql._tcp"), ("txt", "note"), ("cname", "alias")):
        first, second = (az(*sets, kind, "show", *where, "-n", name) for where in (at, twin))
        member = next(key for key in first if key.lower().startswith(kind) and key.lower().rstrip("s").endswith("record"))
        dotless = lambda value: str(value).replace("example.'", "example'")  # noqa: E731
        equal(dotless(second[member]), dotless(first[member]))
    equal(az(*sets, "soa", "show", *twin)["soaRecord"]["retryTime"], 301)


@test
def registered_machines(ready, work):
    az = Az(ready, work)
    az.login()
    group = ("-g", ready["resourceGroup"])
    az("network", "vnet", "create", *group, "-n", "corp", "--address-prefixes", "10.66.0.0/16", "--subnet-name", "a", "--subnet-prefixes", "10.66.0.0/24")
    az("network", "private-dns", "zone", "create", *group, "-n", ZONE)
    link = ("network", "private-dns", "link", "vnet", "create", *group, "-n", "corp", "-v", "corp")
    az(*link, "-z", ZONE, "--registration-enabled", "true")
    az("network", "nic", "create", *group, "-n", "web-nic", "--vnet-name", "corp", "--subnet", "a")
    az("vm", "create", *group, "-n", "web", "--nics", "web-nic", "--image", "Ubuntu2204", "--admin-username", "u", "--generate-ssh-keys")
    found = az("network", "private-dns", "record-set", "list", *group, "-z", ZONE)
    found = [(one["name"], one["isAutoRegistered"], one.get("aRecords")) for one in found if one["name"] != "@"]
    equal(found, [("web", True, [{"ipv4Address": "10.66.0.4"}])])
    resolved = control(ready, "/net/resolve", {"from": "vm:web", "host": "web." + ZONE})
    equal(resolved["addresses"], ["10.66.0.4"])
    az("network", "private-dns", "zone", "create", *group, "-n", "other.example")
    az.refused(1, "auto-registration", *link, "-z", "other.example", "--registration-enabled", "true")
    az("vm", "delete", *group, "-n", "web", "-y")
    equal(names(az("network", "private-dns", "record-set", "list", *group, "-z", ZONE)), ["@"])
