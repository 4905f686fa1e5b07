"""The published way to a link, whole: `main.py CLIENT list` names the walks, `main.py CLIENT TEST` runs one.

The SQL goes through CLIENT, everything else through the Azure CLI.
"""

import json
import os
import shlex
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "az")]

import steps  # noqa: E402
from behind_ports import port_forwarding  # noqa: E402
from encryption import encrypted_instance, encrypted_server  # noqa: E402
from endpoints import private_endpoints  # noqa: E402
from lifecycle import LIFECYCLE, LIFECYCLE_FLAGS  # noqa: E402
from network_checks import network_checks  # noqa: E402
from runners import Refused, runner  # noqa: E402
from trust import distributed_transactions, server_trust_group  # noqa: E402
from walk import READ_ONLY, TABLE, Walk, control, equal, hears_nothing, resumed, until  # noqa: E402


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
# What Azure says with each code: the published definitions' words (`arm-contract.md` sections 15.1 and 15.3).
SAID = {
    "InvalidDistributedAvailabilityGroupFailoverInstanceRole":
        "Planned failover can be executed on a link in the primary role only. Current state of the specified link is secondary.",
    "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole":
        "User attempted to perform setRole operation while managed instance link is already in requested role.",
    "DistributedAvailabilityGroupSetRolePrimaryPlannedNotSupported":
        "User attempted to perform setRole operation to primary in planned fashion and that is not supported.",
}
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
            words = () if refusal is None else (refusal, SAID[refusal])
            if (refusal is None) != (code == 0) or not all(word in said for word in words):
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


def altered_endpoint(client, ready, work):
    """An endpoint that keeps Windows authentication beside the certificate."""
    walk = Walk(client, ready, work)
    walk.trust()
    walk.step("alter-endpoint")
    assert "NEGOTIATE, CERTIFICATE" in walk.cells("endpoint-view"), walk.cells("endpoint-view")


TESTS = {f.__name__: f for f in (whole_article, as_published, instance_first, failover_and_back, forced_failover, altered_endpoint, several_databases,
                                 server_trust_group, distributed_transactions, private_endpoints, port_forwarding, remedies, legality, network_checks,
                                 encrypted_server, encrypted_instance)} | LIFECYCLE
# The others differ in T-SQL that the drivers' own tests prove, so one client is enough for them.
EVERY_CLIENT = ("whole_article",)
# What a walk needs of the emulator.
FLAGS = {"several_databases": ("--topology", str(HERE / "topologies/several-databases.toml")),
         "port_forwarding": ("--topology", str(HERE / "topologies/two-instances.toml")), **LIFECYCLE_FLAGS}


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
