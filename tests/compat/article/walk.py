"""A person's way through the article: what is carried from step to step, and what walks share."""

import datetime
import json
import ssl
import time
import urllib.request
from pathlib import Path

import steps
from azure import Az
from runners import Refused, runner


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
        return self.sql.script(self.fill(self.source(name)))

    def fill(self, text: str) -> str:
        """A text with the walk's own words."""
        return steps.fill(text, self.words)

    def cells(self, name: str) -> list[str]:
        """All values a step shows."""
        return [value for row in self.step(name) for value in row]

    def link(self, *words: str):
        """`az sql mi link …` on this instance."""
        return self.az("sql", "mi", "link", words[0], *self.at, *words[1:])

    def trust(self, upload: bool = True) -> None:
        """Certificates made, exchanged and used by an endpoint; without `upload`, SQL Server's is left for somebody else to bring over."""
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
        self.words["SQLServerPublicKey"] = public
        if upload:
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
    trust = ssl.create_default_context(cafile=ready["caFile"])
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ready['controlUrl'].rstrip('/')}/{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, context=trust, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def resumed(walk, database: str) -> bool:
    """Lets the data move again on SQL Server, where it waits for that as soon as the sides have met."""
    try:
        walk.sql.script(f"ALTER DATABASE [{database}] SET HADR RESUME")
    except Refused:
        return False
    return True
