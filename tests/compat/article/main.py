"""The published way to a link, whole: `main.py CLIENT list` names the walks, `main.py CLIENT TEST` runs one.

The SQL goes through CLIENT, everything else through the Azure CLI.
"""

import datetime
import json
import os
import shlex
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "az")]

import steps  # noqa: E402
from azure import Az  # noqa: E402
from endpoints import private_endpoints  # noqa: E402
from runners import Refused, runner  # noqa: E402
from trust import server_trust_group  # noqa: E402


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def until(what: str, check, limit: float = 60):
    """Asks again until the answer is true; the emulator's own clock moves on meanwhile."""
    end = time.monotonic() + limit
    while True:
        last = check()
        if last:
            return last
        assert time.monotonic() < end, f"{what} did not come: {last!r}"
        time.sleep(0.2)


class Walk:
    """The state a person carries from step to step."""

    def __init__(self, client: str, ready: dict, work: Path, source=steps.ours, database: str = "db1"):
        self.sql = runner(client, ready, work)
        self.az = Az(ready, work)
        self.az.login()
        self.source = source
        server, instance = ready["sqlServers"][0], ready["managedInstances"][0]
        self.at = ("-g", ready["resourceGroup"], "--mi", instance["name"])
        self.instance_id = instance["resourceId"]
        year = datetime.date.today().year + 2
        self.words = {
            "DatabaseName": database,
            "DiskPath": f"/var/opt/mssql/backup/{database}.bak",
            "strong_password": "Str0ng-Master-Key!",
            "ExpiryDate": f"03/30/{year}",
            "ManagedInstanceName": instance["name"],
            "ManagedInstanceFQDN": instance["fqdn"],
            "SQLServerIP": server["address"],
            "AGNameOnSQLServer": f"AG_{database}",
            "AGNameOnSQLMI": f"AG_{database}_MI",
            "DAGName": f"DAG_{database}",
            "AGName": f"AG_{database}",
            "YourExistingEndpointName": "database_mirroring_endpoint",
        }

    def step(self, name: str) -> list[list[str]]:
        """Runs one step of the article on SQL Server."""
        return self.sql.script(steps.fill(self.source(name), self.words))

    def cells(self, name: str) -> list[str]:
        """All values a step shows."""
        return [value for row in self.step(name) for value in row]

    def link(self, *words: str):
        """`az sql mi link …` on this instance."""
        return self.az("sql", "mi", "link", words[0], *self.at, *words[1:])

    def trust(self) -> None:
        """Certificates made, exchanged and used by an endpoint."""
        self.step("master-key")
        self.step("master-key")
        self.step("certificate")
        name = f"Cert_{self.cells('server-name')[0]}_endpoint"
        assert name in self.cells("certificate-check"), "the certificate is not listed"
        shown = self.cells("public-key")
        equal(shown[0], name)
        public = next(value for value in shown if value.removeprefix("0x").upper().startswith("3082"))
        if not public.startswith("0x"):
            public = "0x" + public
        uploaded = self.az("sql", "mi", "partner-cert", "create", *self.at, "-n", name, "--public-blob", public)
        equal(uploaded["name"], name)
        theirs = self.az("sql", "mi", "endpoint-cert", "show", *self.at, "-n", "DATABASE_MIRRORING")["publicBlob"]
        direct = self.sql.script("EXEC sp_get_endpoint_certificate 4", "mi")
        equal(direct[0][0].removeprefix("0x").upper(), theirs.upper())
        self.words.update({"PublicKey": f"0x{theirs}", "SQLServerCertName": name, "SQL_SERVER_CERTIFICATE": name})
        for each in ("import-instance-certificate", "trust-microsoft-root", "trust-digicert-root", "trust-digicert-root"):
            self.step(each)
        listed = self.cells("certificates")
        for each in (name, self.words["ManagedInstanceFQDN"], "MicrosoftPKI", "DigiCertPKI"):
            assert each in listed, f"{each} is not listed"
        equal(self.step("endpoint-check"), [])
        equal(self.cells("certificate-name"), [name])
        self.step("endpoint")
        equal(self.cells("endpoint-view"), ["database_mirroring_endpoint", "DATABASE_MIRRORING", "STARTED", "ALL", "CERTIFICATE", "1", "AES"])

    def groups_from_server(self) -> None:
        """Both groups, with SQL Server first."""
        self.words["SQLServerName"] = self.cells("server-name")[0]
        self.step("availability-group")
        self.step("distributed-group")
        listed = self.cells("groups")
        for each in (self.words["AGNameOnSQLServer"], self.words["DAGName"]):
            assert each in listed, f"{each} is not listed"
        assert any(self.words["AGNameOnSQLMI"] in row and "DISCONNECTED" in row for row in self.step("replica-states")), "the far side is connected too early"

    def create_link(self, role: str) -> None:
        """The link, and the wait until both sides are at work."""
        words = self.words
        self.link("create", "-n", words["DAGName"], "--databases", f"[{{database-name:{words['DatabaseName']}}}]", "--failover-mode", "Manual",
                  "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", role, "--partner-ag-name", words["AGNameOnSQLServer"],
                  "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--seeding-mode", "Automatic")
        # A secondary sees itself only, so the row to watch is the far side's or our own.
        watched = words["AGNameOnSQLMI" if role == "Secondary" else "AGNameOnSQLServer"]
        until("the connection", lambda: any(watched in row and "CONNECTED" in row for row in self.step("replica-states")))
        shown = until("a healthy link", self.healthy)
        equal((shown["instanceLinkRole"], shown["partnerLinkRole"]), (role, "Primary" if role == "Secondary" else "Secondary"))
        equal((shown["distributedAvailabilityGroupName"], shown["replicationMode"]), (words["DAGName"], "Async"))
        equal([one["distributedAvailabilityGroupName"] for one in self.link("list")], [words["DAGName"]])

    def healthy(self):
        """The link, once its database is healthy."""
        shown = self.link("show", "-n", self.words["DAGName"])
        database = shown["databases"][0]
        return shown if (database["connectedState"], database["synchronizationHealth"]) == ("CONNECTED", "HEALTHY") else None

    def refused(self, number: str, text: str, where: str, database: str | None = None) -> None:
        """A statement the server must refuse; drivers that show no numbers are asked for the words."""
        try:
            self.sql.script(text, where, database)
        except Refused as refusal:
            assert number in str(refusal), refusal
            return
        raise AssertionError("nothing was refused")

    def count(self, where: str) -> str | None:
        """How many rows are there, or None while there is no table to ask."""
        try:
            return self.sql.script("SELECT COUNT(*) FROM dbo.orders", where, self.words["DatabaseName"])[0][0]
        except Refused:
            return None

    def insert(self, where: str, first: int, last: int) -> None:
        rows = ", ".join(f"({i}, N'order {i} – žluť')" for i in range(first, last + 1))
        self.sql.script(f"INSERT INTO dbo.orders VALUES {rows}", where, self.words["DatabaseName"])


READ_ONLY = "because the database is read-only"
TABLE = "CREATE TABLE dbo.orders (id int NOT NULL PRIMARY KEY, what nvarchar(60) NOT NULL)"


def whole_article(client, ready, work, source=steps.ours):
    """SQL Server first, as the article's first tab tells it, to the end."""
    walk = Walk(client, ready, work, source)
    database = walk.words["DatabaseName"]
    walk.sql.script(TABLE, "sql", database)
    walk.insert("sql", 1, 50)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    walk.create_link("Secondary")
    until("the seeded rows", lambda: walk.count("mi") == "50")
    walk.insert("sql", 51, 100)
    until("the replicated rows", lambda: walk.count("mi") == "100")
    text = walk.sql.script("SELECT what FROM dbo.orders WHERE id = 77", "mi", database)
    equal(text, [["order 77 – žluť"]])
    walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", "mi", database)
    walk.refused(READ_ONLY, "CREATE TABLE dbo.no (id int)", "mi", database)
    walk.link("update", "-n", walk.words["DAGName"], "--replication-mode", "Sync")
    equal(walk.link("show", "-n", walk.words["DAGName"])["replicationMode"], "Sync")
    walk.link("delete", "-n", walk.words["DAGName"], "-y")
    walk.az.refused(3, "ResourceNotFound", "sql", "mi", "link", "show", *walk.at, "-n", walk.words["DAGName"])
    walk.step("drop-distributed-group")
    walk.step("drop-group")
    equal(walk.step("groups"), [])
    walk.sql.forget()
    # Both copies are writable and on their own now.
    until("the copy's recovery", lambda: walk.count("mi") == "100")
    walk.insert("mi", 101, 101)
    walk.insert("sql", 201, 202)
    equal((walk.count("mi"), walk.count("sql")), ("101", "102"))


def as_published(client, ready, work):
    """The same with the article's own text."""
    if not steps.PUBLISHED.is_file():
        print(f"{steps.PUBLISHED} is absent")
        return 77
    return whole_article(client, ready, work, steps.published)


def instance_first(client, ready, work, source=steps.ours):
    """The managed instance first, as the article's second tab tells it."""
    walk = Walk(client, ready, work, source, database="db2")
    walk.az("sql", "midb", "create", *walk.at, "-n", "db2")
    walk.sql.script(TABLE, "mi", "db2")
    walk.insert("mi", 1, 20)
    walk.trust()
    walk.words["SQLServerName"] = walk.cells("server-name")[0]
    walk.step("empty-availability-group")
    walk.step("grant-create-database")
    walk.step("distributed-group-from-instance")
    walk.create_link("Primary")
    until("the seeded rows", lambda: walk.count("sql") == "20")
    walk.insert("mi", 21, 40)
    until("the replicated rows", lambda: walk.count("sql") == "40")
    walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", "sql", "db2")


def failover_and_back(client, ready, work):
    """Planned failovers there and back, and no row lost."""
    walk = Walk(client, ready, work)
    database, dag = walk.words["DatabaseName"], walk.words["DAGName"]
    walk.sql.script(TABLE, "sql", database)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    walk.create_link("Secondary")
    walk.insert("sql", 1, 30)
    # A reader on the copy, and a writer with something open: both lose their connections, and hear nothing.
    until("the rows", lambda: walk.count("mi") == "30")
    writer = runner(client, ready, work)
    writer.script("BEGIN TRANSACTION; INSERT INTO dbo.orders VALUES (999, N'never committed')", "sql", database)
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] FAILOVER")
    for who, where in ((writer, "sql"), (walk.sql, "mi")):
        hears_nothing(who, where, database)
    walk.sql.forget()
    until("the new roles", lambda: walk.link("show", "-n", dag)["instanceLinkRole"] == "Primary")
    until("all rows", lambda: walk.count("mi") == "30")
    walk.insert("mi", 31, 40)
    walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", "sql", database)
    until("rows coming back", lambda: walk.count("sql") == "40")
    walk.link("failover", "-n", dag, "--failover-type", "Planned", "-y")
    until("the old roles", lambda: walk.link("show", "-n", dag)["instanceLinkRole"] == "Secondary")
    walk.sql.forget()
    walk.insert("sql", 41, 50)
    until("rows going over", lambda: walk.count("mi") == "50")
    walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", "mi", database)


def forced_failover(client, ready, work):
    """A forced failover to the instance leaves both sides writable."""
    walk = Walk(client, ready, work)
    database, dag = walk.words["DatabaseName"], walk.words["DAGName"]
    walk.sql.script(TABLE, "sql", database)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    walk.create_link("Secondary")
    walk.insert("sql", 1, 10)
    until("all rows", lambda: walk.count("mi") == "10")
    walk.az.refused(1, "", "sql", "mi", "link", "failover", *walk.at, "-n", dag, "--failover-type", "Planned", "-y")
    walk.link("failover", "-n", dag, "--failover-type", "ForcedAllowDataLoss", "-y")
    walk.sql.forget()
    equal(walk.link("show", "-n", dag)["instanceLinkRole"], "Primary")
    walk.insert("mi", 11, 12)
    equal(walk.count("mi"), "12")


def several_databases(client, ready, work):
    """One link for all databases of an availability group, with a mode of its own."""
    walk = Walk(client, ready, work)
    words = walk.words
    names = ["db1", "db2", "db3"]
    words["DAGName"] = "dagshop"
    dag = words["DAGName"]
    listed = "[" + ",".join(f"{{database-name:{name}}}" for name in names) + "]"
    walk.sql.script("EXEC sys.sp_multidb_milink 1")
    equal(walk.sql.script("EXEC sys.sp_multidb_milink"), [["1"]])
    for name in names:
        if name != "db1":
            walk.sql.script(f"CREATE DATABASE [{name}]")
        walk.sql.script(TABLE, "sql", name)
        words.update({"DatabaseName": name, "DiskPath": f"/var/opt/mssql/backup/{name}.bak"})
        walk.step("backup")
    walk.trust()
    words["SQLServerName"] = walk.cells("server-name")[0]
    words["DatabaseName"] = "], [".join(names)
    walk.step("availability-group")
    walk.step("distributed-group")
    create = ("create", "-n", dag, "--failover-mode", "Manual", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Secondary",
              "--partner-ag-name", words["AGNameOnSQLServer"], "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022",
              "--seeding-mode", "Automatic", "--databases", listed)
    walk.az.refused(1, "Databases", "sql", "mi", "link", create[0], *walk.at, *create[1:])
    walk.link(*create, "--link-mode", "MultiDatabase")

    def states():
        shown = walk.link("show", "-n", dag)
        return {one["databaseName"]: one["synchronizationHealth"] for one in shown["databases"] or []}

    until("healthy databases", lambda: states() == dict.fromkeys(names, "HEALTHY"))
    shown = walk.link("show", "-n", dag)
    equal((shown["linkMode"], shown["instanceLinkRole"], shown.get("failoverMode")), ("MultiDatabase", "Secondary", None))
    equal([one["distributedAvailabilityGroupName"] for one in walk.link("list")], [dag])

    def counts(where):
        try:
            return [walk.sql.script("SELECT COUNT(*) FROM dbo.orders", where, name)[0][0] for name in names]
        except Refused:
            return None

    for at, name in enumerate(names, 1):
        walk.sql.script("INSERT INTO dbo.orders VALUES " + ", ".join(f"({i}, N'order {i}')" for i in range(at)), "sql", name)
    until("the replicated rows", lambda: counts("mi") == ["1", "2", "3"])
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] FAILOVER")
    until("the new roles", lambda: walk.link("show", "-n", dag)["instanceLinkRole"] == "Primary")
    walk.sql.forget()
    walk.sql.script("INSERT INTO dbo.orders VALUES (100, N'there')", "mi", "db2")
    until("rows coming back", lambda: counts("sql") == ["1", "3", "3"])
    walk.link("failover", "-n", dag, "--failover-type", "Planned", "-y")
    until("the old roles", lambda: walk.link("show", "-n", dag)["instanceLinkRole"] == "Secondary")
    walk.sql.forget()
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{words['AGNameOnSQLServer']}] REMOVE DATABASE [db3]")
    walk.link("update", "-n", dag, "--databases", "[{database-name:db1},{database-name:db2}]")
    equal(sorted(states()), ["db1", "db2"])
    walk.sql.script("INSERT INTO dbo.orders VALUES (100, N'on its own')", "mi", "db3")
    walk.link("delete", "-n", dag, "-y")
    walk.az.refused(3, "ResourceNotFound", "sql", "mi", "link", "show", *walk.at, "-n", dag)
    until("the copies' recovery", lambda: counts("mi") == ["1", "3", "4"])


def hears_nothing(who, where: str, database: str) -> None:
    """A connection that a change of roles has cut is broken, and the server has not said why."""
    try:
        who.script("SELECT 1", where, database)
    except Refused as refusal:
        said = str(refusal)
        assert not any(word in said for word in ("596", "6005", "kill state", "SHUTDOWN")), said
        return
    raise AssertionError(f"the connection to {where} is still there")


def control(ready, path: str, method: str = "GET", body=None):
    """A request to the emulator's own API."""
    import ssl
    import urllib.request
    trust = ssl.create_default_context(cafile=ready["caFile"])
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ready['controlUrl'].rstrip('/')}/{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, context=trust, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def checks(ready) -> dict:
    """What the doctor says of the only link there is or could be, by the checks' ids."""
    report, = control(ready, "worlds/default/doctor")["reports"]
    return {check["id"]: check for check in report["checks"]}


def follow(walk, ready, check: str, blob: str | None = None) -> None:
    """Runs the commands of a failing check's remedy as they are written."""
    found = checks(ready)[check]
    assert found["verdict"] in ("fail", "warn"), found
    commands = [step for step in found["remedy"] if step.startswith("az ")]
    assert commands, found
    for command in commands:
        words = shlex.split(command)[1:]
        if blob:
            words = [blob if word == "0x…" else word for word in words]
        assert not any("…" in word or word.startswith("<") for word in words), command
        walk.az(*words)


def remedies(client, ready, work):
    """What the doctor tells one to do with the Azure CLI is taken by it, and puts the check right."""
    walk = Walk(client, ready, work)
    database = walk.words["DatabaseName"]
    walk.sql.script(TABLE, "sql", database)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    name = walk.words["SQLServerCertName"]
    walk.az("sql", "mi", "partner-cert", "delete", *walk.at, "-n", name, "-y")
    select = next(step for step in checks(ready)["certificate-on-instance"]["remedy"] if "CERTENCODED" in step)
    public = walk.sql.script(select.split(":", 1)[1])[0][0]
    follow(walk, ready, "certificate-on-instance", public if public.startswith("0x") else "0x" + public)
    equal(checks(ready)["certificate-on-instance"]["verdict"], "ok")
    # A database of the same name, where the copy has to come.
    walk.az("sql", "midb", "create", *walk.at, "-n", database)
    follow(walk, ready, "target-database")
    equal(checks(ready)["target-database"]["verdict"], "ok")
    # An instance that sleeps.
    walk.az("sql", "mi", "stop", *walk.at)
    follow(walk, ready, "instance-state")
    equal(checks(ready)["instance-state"]["verdict"], "ok")
    # The other half of the link.
    follow(walk, ready, "link-resource")
    until("a healthy link", walk.healthy)
    until("the checks", lambda: checks(ready)["link-state"]["verdict"] == "ok")
    # A link that has failed is deleted and made again, as its remedy says.
    walk.link("delete", "-n", walk.words["DAGName"], "-y")
    walk.az("sql", "midb", "delete", *walk.at, "-n", database, "-y")
    walk.sql.script("ALTER ENDPOINT database_mirroring_endpoint STATE = STOPPED")
    walk.az.refused(1, "", "sql", "mi", "link", "create", *walk.at, "-n", walk.words["DAGName"], "--databases", f"[{{database-name:{database}}}]",
                    "--instance-ag-name", walk.words["AGNameOnSQLMI"], "--partner-ag-name", walk.words["AGNameOnSQLServer"],
                    "--partner-endpoint", f"TCP://{walk.words['SQLServerIP']}:5022", "--instance-link-role", "Secondary")
    walk.sql.script("ALTER ENDPOINT database_mirroring_endpoint STATE = STARTED")
    follow(walk, ready, "link-state")
    until("a healthy link", walk.healthy)


# What is legal when, and what Azure says otherwise (`link-lifecycle.md` section 4.8). By state of the link: each request, and
# the code of its refusal; none where it is taken. What is taken is tried last, since it leads to another state.
PLANNED, FORCED = ("failover", "Planned"), ("failover", "ForcedAllowDataLoss")
GIVE, TAKE = ("setRole", "Secondary"), ("setRole", "Primary")
LEGAL = {
    "being seeded": [
        (PLANNED, "InvalidDistributedAvailabilityGroupFailoverInstanceRole"),
        (GIVE, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
        (("update", "Sync"), None),
    ],
    "in step, SQL Server primary": [
        (PLANNED, "InvalidDistributedAvailabilityGroupFailoverInstanceRole"),
        (GIVE, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
        (TAKE, "DistributedAvailabilityGroupSetRolePrimaryPlannedNotSupported"),
        (("update", "Sync"), None),
        (("update", "Async"), None),
        (FORCED, None),
    ],
    "forced to the instance": [
        (FORCED, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
        (TAKE, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
    ],
    "rejoined, the instance primary": [
        (FORCED, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
        (TAKE, "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole"),
        (("update", "Sync"), None),
        (PLANNED, None),
    ],
}


def legality(client, ready, work):
    """Every request about roles and modes in every state of a link, against the table."""
    walk = Walk(client, ready, work)
    database, dag = walk.words["DatabaseName"], walk.words["DAGName"]
    link = f"{walk.instance_id}/distributedAvailabilityGroups/{dag}"
    version = "?api-version=2025-08-01-preview"
    wrong = []

    def ask(request) -> tuple[int, str]:
        what, word = request
        if what == "failover":
            command = ("sql", "mi", "link", "failover", *walk.at, "-n", dag, "--failover-type", word, "-y")
        elif what == "update":
            command = ("sql", "mi", "link", "update", *walk.at, "-n", dag, "--replication-mode", word)
        else:
            body = json.dumps({"instanceRole": word, "roleChangeType": "Planned"})
            command = ("rest", "--method", "post", "--url", f"{link}/setRole{version}", "--body", body)
        code, out, err = walk.az.run(*command)
        return code, out + err

    def state(name: str) -> None:
        for request, refusal in LEGAL[name]:
            code, said = ask(request)
            if (refusal is None) != (code == 0) or refusal and refusal not in said:
                wrong.append(f"{name}: {request} ended with {code}, expected {refusal or 'success'}: {said[-300:]}")

    walk.sql.script(TABLE, "sql", database)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    control(ready, "faults", "POST", {"point": "seeding.stalled"})
    walk.link("create", "-n", dag, "--databases", f"[{{database-name:{database}}}]", "--failover-mode", "Manual",
              "--instance-ag-name", walk.words["AGNameOnSQLMI"], "--instance-link-role", "Secondary", "--partner-ag-name", walk.words["AGNameOnSQLServer"],
              "--partner-endpoint", f"TCP://{walk.words['SQLServerIP']}:5022", "--seeding-mode", "Automatic", "--no-wait")
    until("the copy", lambda: walk.link("show", "-n", dag)["databases"][0]["replicaState"] in ("CreatingLink", "Seeding"))
    state("being seeded")
    control(ready, "faults", "DELETE")
    until("a healthy link", walk.healthy)
    state("in step, SQL Server primary")
    state("forced to the instance")
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] SET (ROLE = SECONDARY)")
    walk.sql.forget()
    until("the way back", lambda: resumed(walk, database) and walk.healthy())
    state("rejoined, the instance primary")
    equal(walk.link("show", "-n", dag)["instanceLinkRole"], "Secondary")
    walk.link("delete", "-n", dag, "-y")
    walk.az.refused(3, "ResourceNotFound", "sql", "mi", "link", "show", *walk.at, "-n", dag)
    assert not wrong, "\n".join(wrong)


def resumed(walk, database: str) -> bool:
    """Lets the data move again on SQL Server, where it waits for that as soon as the sides have met."""
    try:
        walk.sql.script(f"ALTER DATABASE [{database}] SET HADR RESUME")
    except Refused:
        return False
    return True


def altered_endpoint(client, ready, work):
    """An endpoint that keeps Windows authentication beside the certificate."""
    walk = Walk(client, ready, work)
    walk.trust()
    walk.step("alter-endpoint")
    assert "NEGOTIATE, CERTIFICATE" in walk.cells("endpoint-view"), walk.cells("endpoint-view")


TESTS = {f.__name__: f for f in (whole_article, as_published, instance_first, failover_and_back, forced_failover, altered_endpoint, several_databases,
                                 server_trust_group, private_endpoints, remedies, legality)}
# The others differ in T-SQL that the drivers' own tests prove, so one client is enough for them.
EVERY_CLIENT = ("whole_article",)
# What a walk needs of the emulator.
FLAGS = {"several_databases": ("--topology", str(HERE / "several-databases.toml"))}


def main() -> int:
    client, word = sys.argv[1:3]
    if word == "list":
        for name in TESTS:
            if client == "pymssql" or name in EVERY_CLIENT:
                print(name, *FLAGS.get(name, ()), sep="\t")
        return 0
    ready = json.loads(Path(os.environ["MILINK_READY"]).read_text())
    return TESTS[word](client, ready, Path(os.environ["MILINK_WORK"])) or 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = main()
    sys.stdout.flush()
    os._exit(code)
