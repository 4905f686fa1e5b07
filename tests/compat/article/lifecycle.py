"""The life of a link in every direction, by the Azure CLI and a driver: made from either side, failed over, forced, cut over,
its certificates rotated, and what stands around it restarted, moved and deleted."""

import json
from pathlib import Path

from runners import Refused, runner
from walk import READ_ONLY, TABLE, Walk, control, equal, hears_nothing, resumed, until

TOPOLOGIES = Path(__file__).resolve().parent / "topologies"
MODES = """ALTER AVAILABILITY GROUP [{dag}] MODIFY AVAILABILITY GROUP ON
'{ours}' WITH (AVAILABILITY_MODE = {mode}_COMMIT), '{theirs}' WITH (AVAILABILITY_MODE = {mode}_COMMIT)"""
HARDENED = """SELECT CAST(rs.last_hardened_lsn AS varchar(30)) FROM sys.dm_hadr_database_replica_states rs
JOIN sys.availability_groups g ON g.group_id = rs.group_id WHERE g.is_distributed = 1 AND rs.is_local = 1"""
STATE = """SELECT rs.synchronization_state_desc FROM sys.dm_hadr_database_replica_states rs
JOIN sys.availability_groups g ON g.group_id = rs.group_id WHERE g.is_distributed = 1 AND rs.is_local = 1"""
FAR_SIDE = """SELECT rs.connected_state_desc FROM sys.dm_hadr_availability_replica_states rs
JOIN sys.availability_groups g ON g.group_id = rs.group_id WHERE g.is_distributed = 1 AND rs.is_local = 0"""
RECONNECT = ("ALTER ENDPOINT database_mirroring_endpoint STATE = STOPPED", "ALTER ENDPOINT database_mirroring_endpoint STATE = STARTED")


def linked(client, ready, work, rows: int = 10) -> Walk:
    """A healthy link with SQL Server first, and rows on both sides."""
    walk = Walk(client, ready, work)
    walk.sql.script(TABLE, "sql", walk.words["DatabaseName"])
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    walk.create_link("Secondary")
    walk.insert("sql", 1, rows)
    until("the rows", lambda: walk.count("mi") == str(rows))
    return walk


def role(walk: Walk) -> str:
    """The instance's, as Resource Manager has it."""
    return walk.link("show", "-n", walk.words["DAGName"])["instanceLinkRole"]


def set_modes(walk: Walk, mode: str) -> None:
    """The commit mode of both sides, as the documentation has it: T-SQL for SQL Server, Resource Manager for the instance."""
    words = walk.words
    walk.sql.script(MODES.format(dag=words["DAGName"], ours=words["AGNameOnSQLServer"], theirs=words["AGNameOnSQLMI"], mode=mode))
    walk.link("update", "-n", words["DAGName"], "--replication-mode", "Sync" if mode == "SYNCHRONOUS" else "Async")


def planned(walk: Walk, by: str) -> None:
    """A planned failover by T-SQL on SQL Server, or by Resource Manager; it starts from the primary."""
    dag, before = walk.words["DAGName"], role(walk)
    if by == "sql":
        walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] FAILOVER")
    else:
        walk.link("failover", "-n", dag, "--failover-type", "Planned", "-y")
    until("the new roles", lambda: role(walk) != before)
    until("a healthy link", walk.healthy)
    walk.sql.forget()


def rejoin(walk: Walk) -> None:
    """SQL Server gives up a role that it has lost, goes back, and follows."""
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{walk.words['DAGName']}] SET (ROLE = SECONDARY)")
    walk.sql.forget()
    until("the way back", lambda: resumed(walk, walk.words["DatabaseName"]) and walk.healthy())


def instance_first_by_rest(client, ready, work):
    """The instance first, with the request that the article's script sends; over to SQL Server, back, and over again."""
    walk = Walk(client, ready, work, database="db2")
    words = walk.words
    walk.az("sql", "midb", "create", *walk.at, "-n", "db2")
    walk.sql.script(TABLE, "mi", "db2")
    walk.insert("mi", 1, 20)
    walk.trust()
    words["SQLServerName"] = walk.cells("server-name")[0]
    walk.step("empty-availability-group")
    walk.step("grant-create-database")
    walk.step("distributed-group-from-instance")
    body = {"properties": {"Databases": [{"databaseName": "db2"}], "PartnerEndpoint": f"TCP://{words['SQLServerIP']}:5022",
                           "InstanceAvailabilityGroupName": words["AGNameOnSQLMI"], "PartnerAvailabilityGroupName": words["AGNameOnSQLServer"],
                           "FailoverMode": "Manual", "SeedingMode": "Automatic", "InstanceLinkRole": "Primary"}}
    url = f"{walk.instance_id}/distributedAvailabilityGroups/{words['DAGName']}?api-version=2023-05-01-preview"
    # The script writes its strings with single quotes.
    walk.az("rest", "--method", "put", "--url", url, "--body", json.dumps(body).replace('"', "'"), "--headers", "Content-Type=application/json")
    until("a healthy link", walk.healthy)
    until("the seeded rows", lambda: walk.count("sql") == "20")
    equal(role(walk), "Primary")
    for by, primary, secondary, rows in (("az", "sql", "mi", 30), ("sql", "mi", "sql", 40), ("az", "sql", "mi", 50)):
        planned(walk, by)
        walk.insert(primary, rows - 9, rows)
        until(f"{rows} rows", lambda: walk.count(secondary) == str(rows))  # noqa: B023 - asked within the turn
        walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", secondary, "db2")


def failover_by_hand(client, ready, work):
    """The manual recipe: both sides synchronous, equal hardened LSNs, the primary gives up, the other is forced: nothing is lost."""
    walk = linked(client, ready, work)
    dag = walk.words["DAGName"]
    set_modes(walk, "SYNCHRONOUS")
    until("both in step", lambda: walk.sql.script(STATE) == walk.sql.script(STATE, "mi") == [["SYNCHRONIZED"]])
    walk.insert("sql", 11, 20)
    seen = until("equal LSNs", lambda: walk.sql.script(HARDENED) == walk.sql.script(HARDENED, "mi") and walk.sql.script(HARDENED))
    equal(seen, walk.sql.script(HARDENED, "mi"))
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] SET (ROLE = SECONDARY)")
    walk.sql.forget()
    for where in ("sql", "mi"):
        walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", where, "db1")
    walk.link("failover", "-n", dag, "--failover-type", "ForcedAllowDataLoss", "-y")
    walk.sql.forget()
    equal((role(walk), walk.count("mi")), ("Primary", "20"))
    walk.insert("mi", 21, 25)


def synchronous_commit(client, ready, work):
    """What a commit waits for: nothing, or the other side; and each way to change that."""
    walk = linked(client, ready, work)
    took = "DECLARE @from datetime2 = SYSDATETIME(); INSERT INTO dbo.orders VALUES ({}, N'timed'); SELECT DATEDIFF(second, @from, SYSDATETIME())"
    seconds = lambda row: int(walk.sql.script(took.format(row), "sql", "db1")[0][0])  # noqa: E731
    control(ready, "faults", "POST", {"point": "network.latency", "verdict": {"delay": "3s"}})
    assert seconds(101) < 1
    set_modes(walk, "SYNCHRONOUS")
    until("both in step", lambda: walk.sql.script(STATE) == [["SYNCHRONIZED"]])
    assert seconds(102) >= 3
    equal(walk.count("mi"), "12")
    equal(walk.link("show", "-n", walk.words["DAGName"])["replicationMode"], "Sync")
    set_modes(walk, "ASYNCHRONOUS")
    assert seconds(103) < 1
    equal(walk.link("show", "-n", walk.words["DAGName"])["replicationMode"], "Async")


def split_brain(client, ready, work):
    """A forced failover loses exactly what had not arrived; two primaries; one gives up, goes back, and follows."""
    walk = linked(client, ready, work)
    dag = walk.words["DAGName"]
    control(ready, "faults", "POST", {"point": "network.partition"})
    walk.insert("sql", 11, 17)
    equal((walk.count("sql"), walk.count("mi")), ("17", "10"))
    walk.link("failover", "-n", dag, "--failover-type", "ForcedAllowDataLoss", "-y")
    walk.sql.forget()
    walk.insert("mi", 101, 103)
    walk.insert("sql", 18, 18)
    equal((walk.count("sql"), walk.count("mi")), ("18", "13"))
    roles = "SELECT rs.role_desc FROM sys.dm_hadr_availability_replica_states rs JOIN sys.availability_groups g ON g.group_id = rs.group_id " \
            "WHERE g.is_distributed = 1 AND rs.is_local = 1"
    equal((walk.sql.script(roles), walk.sql.script(roles, "mi")), ([["PRIMARY"]], [["PRIMARY"]]))
    lost = [one for one in control(ready, "journal?limit=100000")["events"] if one.get("event") == "failedOver"]
    equal([(one["forced"], one["lost"]) for one in lost], [(True, 1)])
    control(ready, "faults", "DELETE")
    shown = walk.link("show", "-n", dag)
    equal((shown["instanceLinkRole"], shown["databases"][0]["connectedState"]), ("Primary", "DISCONNECTED"))
    walk.sql.script(f"ALTER AVAILABILITY GROUP [{dag}] SET (ROLE = SECONDARY)")
    walk.sql.forget()
    suspended = "SELECT DISTINCT suspend_reason_desc FROM sys.dm_hadr_database_replica_states WHERE is_suspended = 1"
    until("the way back", lambda: walk.sql.script(suspended) == [["SUSPEND_FROM_PARTNER"]])
    until("a healthy link", lambda: resumed(walk, "db1") and walk.healthy())
    until("the winner's rows", lambda: walk.count("sql") == "13")
    equal(walk.sql.script("SELECT COUNT(*) FROM dbo.orders WHERE id BETWEEN 11 AND 18", "sql", "db1"), [["0"]])
    planned(walk, "az")
    equal((role(walk), walk.count("sql")), ("Secondary", "13"))


def log_gone(client, ready, work):
    """The log is gone that seeding needs, and later the log that the copy lacks: each time the copy is made anew."""
    walk = Walk(client, ready, work)
    words = walk.words
    walk.sql.script(TABLE, "sql", "db1")
    walk.insert("sql", 1, 10)
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    control(ready, "faults", "POST", {"point": "log.truncated-while-seeding", "when": {"times": 1}})
    create = ("-n", words["DAGName"], "--databases", "[{database-name:db1}]", "--instance-ag-name", words["AGNameOnSQLMI"],
              "--instance-link-role", "Secondary", "--partner-ag-name", words["AGNameOnSQLServer"],
              "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--failover-mode", "Manual", "--seeding-mode", "Automatic")
    walk.link("create", *create, "--no-wait")
    until("the error", lambda: walk.link("show", "-n", words["DAGName"])["databases"][0]["replicaState"] == "LinkCreationError")
    walk.link("delete", "-n", words["DAGName"], "-y")
    walk.create_link("Secondary")
    until("the rows", lambda: walk.count("mi") == "10")
    # Without its half of the link SQL Server keeps no log for the copy.
    walk.step("drop-distributed-group")
    walk.insert("sql", 11, 20)
    for _ in range(2):
        walk.sql.script("BACKUP LOG [db1] TO DISK = N'NUL'")
    walk.insert("sql", 21, 21)
    walk.step("distributed-group")
    control(ready, "clock/advance", "POST", {"by": "5min"})
    equal(walk.link("show", "-n", words["DAGName"])["databases"][0]["connectedState"], "DISCONNECTED")
    walk.link("delete", "-n", words["DAGName"], "-y")
    walk.az("sql", "midb", "delete", *walk.at, "-n", "db1", "-y")
    walk.sql.forget()
    walk.create_link("Secondary")
    until("the rows", lambda: walk.count("mi") == "21")


SECOND_LOG_FILE = "ALTER DATABASE [db1] ADD LOG FILE (NAME = N'log2', FILENAME = N'/var/opt/mssql/data/log2.ldf')"


def cut_over(client, ready, work):
    """An older version moves one way: the link is deleted, both databases are writable, and SQL Server's groups are orphans."""
    walk = Walk(client, ready, work)
    words, dag = walk.words, walk.words["DAGName"]
    walk.sql.script(TABLE, "sql", "db1")
    walk.step("backup")
    walk.trust()
    words["SQLServerName"] = walk.cells("server-name")[0]
    version = walk.sql.script("SELECT CAST(SERVERPROPERTY('ProductMajorVersion') AS varchar(4))")[0][0]
    group = walk.source("availability-group")
    if version == "13":
        try:
            walk.step("availability-group")
            raise AssertionError("SQL Server 2016 knows no cluster types")
        except Refused:
            walk.sql.script(walk.fill(group.replace("WITH (CLUSTER_TYPE = NONE)", "")))
    else:
        walk.sql.script(walk.fill(group))
    walk.step("distributed-group")
    create = ("-n", dag, "--databases", "[{database-name:db1}]", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Secondary",
              "--partner-ag-name", words["AGNameOnSQLServer"], "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--seeding-mode", "Automatic")
    walk.az.refused(1, "", "sql", "mi", "link", "create", *walk.at, *create, "--failover-mode", "Manual")
    walk.link("delete", "-n", dag, "-y")
    walk.sql.script(SECOND_LOG_FILE)
    walk.az.refused(1, "ManagedInstanceLinkSourceDbHasMultipleLogFiles", "sql", "mi", "link", "create", *walk.at, *create, "--failover-mode", "None")
    walk.link("delete", "-n", dag, "-y")
    walk.sql.script("ALTER DATABASE [db1] REMOVE FILE [log2]")
    walk.link("create", *create, "--failover-mode", "None")
    until("a healthy link", walk.healthy)
    walk.insert("sql", 1, 10)
    until("the rows", lambda: walk.count("mi") == "10")
    if version != "13":
        walk.refused("47508", SECOND_LOG_FILE, "sql")
    walk.refused("47122" if version != "16" else "41988", f"ALTER AVAILABILITY GROUP [{dag}] FAILOVER", "sql")
    walk.az.refused(1, "DistributedAvailabilityGroupForcedFailoverWrongDbVersion", "sql", "mi", "link", "failover", *walk.at, "-n", dag,
                    "--failover-type", "ForcedAllowDataLoss", "-y")
    if version == "13":
        # What newer versions refuse breaks the link.
        walk.sql.script(SECOND_LOG_FILE)
        until("the broken link", lambda: walk.link("show", "-n", dag)["databases"][0]["replicaState"] == "LinkCreationError")
    walk.link("delete", "-n", dag, "-y")
    walk.sql.forget()
    until("the copy's recovery", lambda: walk.count("mi") == "10")
    walk.insert("mi", 11, 12)
    walk.insert("sql", 21, 21)
    equal((walk.count("mi"), walk.count("sql")), ("12", "11"))
    equal(sorted(row[0] for row in walk.sql.script("SELECT name FROM sys.availability_groups")), sorted([words["AGNameOnSQLServer"], dag]))
    equal(walk.sql.script(FAR_SIDE), [["DISCONNECTED"]])
    walk.step("drop-distributed-group")
    walk.step("drop-group")
    equal(walk.sql.script("SELECT name FROM sys.availability_groups"), [])


def from_instance_by_version(client, ready, work):
    """What a version and an update policy let start from the instance, and fail over by T-SQL."""
    walk = Walk(client, ready, work, database="db2")
    words = walk.words
    build = walk.sql.script("SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(20))")[0][0]
    starts, by_sql = {"16.0.1000.6": (False, False), "16.0.4095.4": (True, False), "16.0.4125.3": (True, True)}.get(build, (True, True))
    walk.az("sql", "midb", "create", *walk.at, "-n", "db2")
    walk.trust()
    words["SQLServerName"] = walk.cells("server-name")[0]
    walk.step("empty-availability-group")
    walk.step("grant-create-database")
    walk.step("distributed-group-from-instance")
    if not starts:
        walk.az.refused(1, "", "sql", "mi", "link", "create", *walk.at, "-n", words["DAGName"], "--databases", "[{database-name:db2}]",
                        "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Primary", "--partner-ag-name", words["AGNameOnSQLServer"],
                        "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--failover-mode", "Manual", "--seeding-mode", "Automatic")
        return
    walk.create_link("Primary")
    planned(walk, "az")
    equal(role(walk), "Secondary")
    if by_sql:
        planned(walk, "sql")
        equal(role(walk), "Primary")
    else:
        walk.refused("47122", f"ALTER AVAILABILITY GROUP [{words['DAGName']}] FAILOVER", "sql")


def older_policy(client, ready, work):
    """SQL Server 2025 does not go to an instance whose databases have the format of 2022, and a policy is only raised."""
    walk = Walk(client, ready, work)
    words = walk.words
    walk.sql.script(TABLE, "sql", "db1")
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    create = ("-n", words["DAGName"], "--databases", "[{database-name:db1}]", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Secondary",
              "--partner-ag-name", words["AGNameOnSQLServer"], "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--seeding-mode", "Automatic",
              "--failover-mode", "None")
    walk.az.refused(1, "ManagedInstanceRestoreToInstanceWithOlderVersionEdition", "sql", "mi", "link", "create", *walk.at, *create)
    patch = lambda policy: ("rest", "--method", "patch", "--url", f"{walk.instance_id}?api-version=2024-11-01-preview",  # noqa: E731
                            "--body", json.dumps({"properties": {"databaseFormat": policy}}))
    walk.az(*patch("AlwaysUpToDate"))
    walk.az.refused(1, "InvalidDatabaseFormat", *patch("SQLServer2022"))
    walk.az.run("sql", "mi", "link", "delete", *walk.at, "-n", words["DAGName"], "-y")
    until("the new format", lambda: walk.az("rest", "--url", f"{walk.instance_id}?api-version=2024-11-01-preview")["properties"]["databaseFormat"] == "AlwaysUpToDate")
    walk.link("create", *create)
    until("a healthy link", walk.healthy)


def existing_group(client, ready, work):
    """A group that was there before the link, with a listener and Windows authentication; its readers, and those of the other role."""
    walk = Walk(client, ready, work)
    words, dag = walk.words, walk.words["DAGName"]
    walk.sql.script(TABLE, "sql", "db1")
    walk.step("backup")
    walk.trust()
    name = walk.cells("server-name")[0]
    words["SQLServerName"] = name
    walk.sql.script("DROP ENDPOINT database_mirroring_endpoint")
    walk.sql.script("CREATE ENDPOINT database_mirroring_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) "
                    "FOR DATABASE_MIRRORING (ROLE = ALL, AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES)")
    walk.step("availability-group")
    walk.sql.script("ALTER AVAILABILITY GROUP [AG_db1] ADD LISTENER N'localhost' (WITH IP ((N'10.0.0.40', N'255.255.255.0')), PORT = 1433)")
    words["SQLServerIP"] = "10.0.0.40"
    walk.step("distributed-group")
    create = ("-n", dag, "--databases", "[{database-name:db1}]", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Secondary",
              "--partner-ag-name", words["AGNameOnSQLServer"], "--partner-endpoint", "TCP://10.0.0.40:5022")
    walk.az.refused(1, "ManagedInstanceLinkConnectivityIsNotEstablished", "sql", "mi", "link", "create", *walk.at, *create)
    walk.az.run("sql", "mi", "link", "delete", *walk.at, "-n", dag, "-y")
    walk.step("alter-endpoint")
    assert "NEGOTIATE, CERTIFICATE" in walk.cells("endpoint-view"), walk.cells("endpoint-view")
    walk.create_link("Secondary")
    walk.insert("sql", 1, 5)
    until("the rows", lambda: walk.count("mi") == "5")
    # Clients that say what they want, by the server's name and by the listener's.
    adapter = walk.sql.adapter
    port = ready["sqlServers"][0]["port"]

    def enters(reads: bool, host: str | None = None) -> str:
        adapter.read_only_intent, adapter.host = reads, host
        try:
            connection = adapter.connect("sql", database="db1")
            cursor = connection.cursor()
            cursor.execute("SELECT DB_NAME()")
            found = cursor.fetchone()[0]
            connection.close()
            return found
        except Exception as error:  # noqa: BLE001 - any driver's own class
            return str(error)
        finally:
            adapter.read_only_intent, adapter.host = False, None

    alter = f"ALTER AVAILABILITY GROUP [AG_db1] MODIFY REPLICA ON N'{name}' WITH "
    walk.sql.script(alter + "(SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY))")
    walk.sql.script(alter + f"(SECONDARY_ROLE (READ_ONLY_ROUTING_URL = N'TCP://127.0.0.1:{port}'))")
    walk.sql.script(alter + f"(PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'{name}')))")
    equal([enters(reads, host) for reads in (False, True) for host in (None, "localhost")], ["db1"] * 4)
    planned(walk, "sql")
    for host in (None, "localhost"):
        said = enters(False, host)
        assert "978" in said or "read-only" in said.lower() and "intent" in said.lower(), said
        equal(enters(True, host), "db1")
    planned(walk, "az")
    equal([enters(reads, "localhost") for reads in (False, True)], ["db1"] * 2)
    walk.sql.script(alter + "(PRIMARY_ROLE (ALLOW_CONNECTIONS = READ_WRITE))")
    equal(enters(False, "localhost"), "db1")
    assert enters(True, "localhost") != "db1", "a reader is let in where only writers are"


def certificates_rotated(client, ready, work):
    """SQL Server's certificate in the right order, the instance's by the service, expiry, and the repair of forgotten roots."""
    walk = linked(client, ready, work)
    words, dag = walk.words, walk.words["DAGName"]
    validity = lambda: walk.link("show", "-n", dag)["databases"][0]["partnerAuthCertValidity"]  # noqa: E731
    equal(validity()["certificateName"], words["SQLServerCertName"])

    def new_certificate(name: str, years: int) -> str:
        walk.sql.script(f"DECLARE @create nvarchar(max) = N'CREATE CERTIFICATE [{name}] WITH SUBJECT = ''{name}'', EXPIRY_DATE = ''' "
                        f"+ CONVERT(varchar(10), DATEADD(year, {years}, GETDATE()), 101) + ''''; EXEC sp_executesql @create")
        public = walk.sql.script(f"SELECT CERTENCODED(CERT_ID(N'{name}'))")[0][0]
        return public if public.startswith("0x") else "0x" + public

    def use(name: str) -> None:
        walk.sql.script(f"ALTER ENDPOINT database_mirroring_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [{name}])")

    def reconnect() -> None:
        for statement in RECONNECT:
            walk.sql.script(statement)

    def connected() -> str:
        return walk.link("show", "-n", dag)["databases"][0]["connectedState"]

    def later(by: str) -> None:
        control(ready, "clock/advance", "POST", {"by": by})

    # Too early: the endpoint changes over before the instance knows the certificate.
    public = new_certificate("Cert_new", 3)
    use("Cert_new")
    reconnect()
    later("5min")
    equal(connected(), "DISCONNECTED")
    walk.az("sql", "mi", "partner-cert", "create", *walk.at, "-n", "Cert_new", "--public-blob", public)
    until("the connection", lambda: connected() == "CONNECTED")
    equal(validity()["certificateName"], "Cert_new")
    walk.sql.script(f"DROP CERTIFICATE [{words['SQLServerCertName']}]")
    walk.az("sql", "mi", "partner-cert", "delete", *walk.at, "-n", words["SQLServerCertName"], "-y")
    # The service rotates its own, and SQL Server notices nothing: it trusts the authority.
    before = walk.az("sql", "mi", "endpoint-cert", "show", *walk.at, "-n", "DATABASE_MIRRORING")["publicBlob"]
    control(ready, f"servers/{words['ManagedInstanceName']}/rotate-certificate", "POST", {})
    after = walk.az("sql", "mi", "endpoint-cert", "show", *walk.at, "-n", "DATABASE_MIRRORING")["publicBlob"]
    assert before != after, "nothing was rotated"
    reconnect()
    until("the connection", lambda: connected() == "CONNECTED")
    # Without the authorities it does, and the documented repair is to drop the three and import them again.
    for name in ("MicrosoftPKI", "DigiCertPKI"):
        walk.sql.script(f"DROP CERTIFICATE [{name}]")
    control(ready, f"servers/{words['ManagedInstanceName']}/rotate-certificate", "POST", {})
    reconnect()
    later("5min")
    equal(connected(), "DISCONNECTED")
    walk.sql.script(f"DROP CERTIFICATE [{words['ManagedInstanceFQDN']}]")
    words["PublicKey"] = "0x" + walk.az("sql", "mi", "endpoint-cert", "show", *walk.at, "-n", "DATABASE_MIRRORING")["publicBlob"]
    for each in ("import-instance-certificate", "trust-microsoft-root", "trust-digicert-root"):
        walk.step(each)
    until("the connection", lambda: connected() == "CONNECTED")
    # Expiry: announced, harmless while the connection stands, and in the way of the next one.
    later(f"{365 * 3 + 10}d")
    told = [one for one in control(ready, "journal?limit=100000")["events"] if one.get("event") == "certificateExpiring"]
    assert "Cert_new" in [one["certificate"] for one in told], told
    control(ready, f"servers/{words['ManagedInstanceName']}/rotate-certificate", "POST", {})
    reconnect()
    later("5min")
    equal(connected(), "DISCONNECTED")
    walk.insert("sql", 11, 11)
    public = new_certificate("Cert_newer", 5)
    walk.az("sql", "mi", "partner-cert", "create", *walk.at, "-n", "Cert_newer", "--public-blob", public)
    use("Cert_newer")
    until("the row", lambda: walk.count("mi") == "11")
    walk.refused("28055", "ALTER ENDPOINT database_mirroring_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [Cert_new])", "sql")


def trust_mistaken(client, ready, work):
    """Mistakes with the master key, certificates, issuers and names, each with its error or its warning."""
    walk = Walk(client, ready, work)
    walk.refused("15581", "CREATE CERTIFICATE c WITH SUBJECT = 'c'", "sql")
    walk.sql.script(TABLE, "sql", "db1")
    walk.step("backup")
    walk.trust()
    own, fqdn = walk.words["SQLServerCertName"], walk.words["ManagedInstanceFQDN"]
    walk.sql.script("CREATE CERTIFICATE old WITH SUBJECT = 'old', START_DATE = '2010-01-01', EXPIRY_DATE = '2011-01-01'")
    for number, text in (
        ("15578", "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'An0ther!Passw0rd'"),
        ("15580", "DROP MASTER KEY"),
        ("15232", f"CREATE CERTIFICATE [{own}] WITH SUBJECT = 'Another'"),
        ("15232", f"CREATE CERTIFICATE again FROM BINARY = {walk.words['PublicKey']}"),
        ("15297", "CREATE CERTIFICATE nonsense FROM BINARY = 0x1234"),
        ("15151", "DROP CERTIFICATE nobodys"),
        ("", f"DROP CERTIFICATE [{own}]"),
        ("28055", "ALTER ENDPOINT database_mirroring_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE old)"),
        ("7862", "CREATE ENDPOINT second STATE = STARTED AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL, AUTHENTICATION = WINDOWS)"),
    ):
        walk.refused(number, text, "sql")
    # Without the authorities the instance's certificate is nobody's.
    for name in ("MicrosoftPKI", "DigiCertPKI"):
        walk.sql.script(f"DROP CERTIFICATE [{name}]")
    walk.groups_from_server()
    words = walk.words
    walk.az.refused(1, "ManagedInstanceLinkCertificateNotFoundOnSqlServer", "sql", "mi", "link", "create", *walk.at, "-n", words["DAGName"],
                    "--databases", "[{database-name:db1}]", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", "Secondary",
                    "--partner-ag-name", words["AGNameOnSQLServer"], "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022")
    walk.link("delete", "-n", words["DAGName"], "-y")
    walk.step("trust-microsoft-root")
    walk.step("trust-digicert-root")
    assert fqdn in walk.cells("certificates"), walk.cells("certificates")
    walk.create_link("Secondary")


def around_a_link(client, ready, work):
    """The instance moves, is scaled, and cannot be stopped or deleted; SQL Server restarts. The link comes back by itself."""
    walk = linked(client, ready, work)
    group, name, dag = ready["resourceGroup"], walk.words["ManagedInstanceName"], walk.words["DAGName"]
    mi = ("-g", group, "-n", name)
    rows = 10

    def goes_on(what: str) -> None:
        nonlocal rows
        walk.sql.forget()
        until(f"a healthy link after {what}", walk.healthy, 90)
        equal(role(walk), "Secondary")
        rows += 1
        walk.insert("sql", rows, rows)
        until(f"the row after {what}", lambda: walk.count("mi") == str(rows))

    walk.az("sql", "mi", "failover", *mi)
    goes_on("the instance's failover")
    walk.az("sql", "mi", "update", *mi, "--capacity", "16")
    equal(walk.az("sql", "mi", "show", *mi)["vCores"], 16)
    goes_on("scaling")
    writer = runner(client, ready, work)
    writer.script("BEGIN TRANSACTION; INSERT INTO dbo.orders VALUES (999, N'never committed')", "sql", "db1")
    control(ready, f"servers/{ready['sqlServers'][0]['name']}/restart", "POST", {})
    hears_nothing(writer, "sql", "db1")
    goes_on("the restart")
    walk.az.refused(1, "", "sql", "mi", "stop", "-g", group, "--mi", name)
    walk.az.refused(1, "OperationCanNotStartDueToMiLink", "sql", "mi", "delete", *mi, "-y")
    walk.az.refused(1, "", "group", "delete", "-n", group, "-y")
    goes_on("what was refused")
    walk.link("delete", "-n", dag, "-y")
    walk.az("sql", "mi", "stop", "-g", group, "--mi", name)
    walk.sql.forget()
    walk.refused("", "SELECT 1", "mi")
    walk.az("sql", "mi", "start", "-g", group, "--mi", name)
    until("the database", lambda: walk.count("mi") == str(rows))
    equal(walk.sql.script(FAR_SIDE), [["DISCONNECTED"]])
    walk.az("group", "delete", "-n", group, "-y")
    walk.az.refused(3, "ResourceGroupNotFound", "sql", "mi", "show", *mi)
    walk.insert("sql", 500, 500)


def dropped_in_wrong_order(client, ready, work):
    """What is dropped too early is refused, or leaves an orphan that can be cleared away."""
    walk = linked(client, ready, work)
    words, dag = walk.words, walk.words["DAGName"]
    own = words["SQLServerCertName"]
    for number, text in (
        ("3752", "DROP DATABASE [db1]"),
        ("", f"DROP AVAILABILITY GROUP [{words['AGNameOnSQLServer']}]"),
        ("47520", f"ALTER AVAILABILITY GROUP [{words['AGNameOnSQLServer']}] REMOVE DATABASE [db1]"),
        ("", f"DROP CERTIFICATE [{own}]"),
        ("1468", "ALTER DATABASE [db1] SET RECOVERY SIMPLE"),
    ):
        walk.refused(number, text, "sql")
    walk.az.refused(1, "", "sql", "midb", "delete", *walk.at, "-n", "db1", "-y")
    until("a healthy link", walk.healthy)
    # The distributed group first: the instance's half is left, and is deleted after it.
    walk.step("drop-distributed-group")
    control(ready, "clock/advance", "POST", {"by": "2min"})
    equal(walk.link("show", "-n", dag)["databases"][0]["connectedState"], "DISCONNECTED")
    walk.refused(READ_ONLY, "INSERT INTO dbo.orders VALUES (1000, N'no')", "mi", "db1")
    walk.link("delete", "-n", dag, "-y")
    walk.sql.forget()
    until("the copy's recovery", lambda: walk.count("mi") == "10")
    walk.insert("mi", 11, 11)
    # The database leaves its group before it is dropped.
    walk.refused("3752", "DROP DATABASE [db1]", "sql")
    walk.step("drop-group")
    walk.sql.forget()
    walk.sql.script("DROP DATABASE [db1]")
    # The endpoint, and then what it used.
    for statement in ("DROP ENDPOINT database_mirroring_endpoint", f"DROP CERTIFICATE [{own}]", f"DROP CERTIFICATE [{words['ManagedInstanceFQDN']}]",
                      "DROP CERTIFICATE [MicrosoftPKI]", "DROP CERTIFICATE [DigiCertPKI]", "DROP MASTER KEY"):
        walk.sql.script(statement)
    walk.az("sql", "mi", "partner-cert", "delete", *walk.at, "-n", own, "-y")
    walk.az("sql", "midb", "delete", *walk.at, "-n", "db1", "-y")


def service_backups(client, ready, work):
    """The instance's msdb has the service's backups: full and log of a copy, differential ones as well of a database of its own."""
    walk = linked(client, ready, work)
    # The page "Monitor backup activity", shortened.
    history = """SELECT bs.type, COUNT(*), MAX(bs.has_backup_checksums + 0), MAX(DATEDIFF(day, bs.backup_finish_date, GETDATE()))
        FROM msdb.dbo.backupset AS bs WITH (NOLOCK) INNER JOIN msdb.dbo.backupmediafamily AS bmf WITH (NOLOCK) ON bs.media_set_id = bmf.media_set_id
        WHERE DB_ID(bs.database_name) = DB_ID(N'db1') AND bs.is_copy_only = 0 GROUP BY bs.type ORDER BY bs.type"""
    control(ready, "clock/advance", "POST", {"by": "1h"})
    walk.sql.forget()
    kinds = lambda: {row[0]: row[1:] for row in walk.sql.script(history, "mi")}  # noqa: E731
    seen = kinds()
    equal((sorted(seen), seen["D"][0], seen["D"][1]), (["D", "L"], "1", "1"))
    control(ready, "clock/advance", "POST", {"by": "20d"})
    walk.sql.forget()
    seen = kinds()
    equal((sorted(seen), seen["D"][0]), (["D", "L"], "2"))
    equal(walk.sql.script("SELECT COUNT(*) FROM msdb.dbo.backupset", "sql"), [["1"]])
    walk.link("delete", "-n", walk.words["DAGName"], "-y")
    walk.sql.forget()
    until("the copy's recovery", lambda: walk.count("mi") == "10")
    control(ready, "clock/advance", "POST", {"by": "3d"})
    walk.sql.forget()
    equal(sorted(kinds()), ["D", "I", "L"])
    chain = walk.sql.script("SELECT COUNT(*) FROM (SELECT first_lsn, LAG(last_lsn) OVER (ORDER BY backup_finish_date) AS before FROM msdb.dbo.backupset "
                            "WHERE database_name = N'db1' AND type = 'L') AS logs WHERE before <> first_lsn", "mi")
    equal(chain, [["0"]])


LIFECYCLE = {f.__name__: f for f in (
    instance_first_by_rest, failover_by_hand, synchronous_commit, split_brain, log_gone, older_policy, existing_group, certificates_rotated,
    trust_mistaken, around_a_link, dropped_in_wrong_order, service_backups)}
LIFECYCLE_FLAGS = {"older_policy": ("--topology", str(TOPOLOGIES / "2025-to-2022.toml"))}
for version in ("2016", "2017", "2019", "2022-to-always"):
    LIFECYCLE[f"cut_over_{version.replace('-', '_')}"] = cut_over
    LIFECYCLE_FLAGS[f"cut_over_{version.replace('-', '_')}"] = ("--topology", str(TOPOLOGIES / f"{version}.toml"))
for version in ("2022-rtm", "2022-cu10", "2022-cu13", "2025"):
    LIFECYCLE[f"from_instance_{version.replace('-', '_')}"] = from_instance_by_version
    LIFECYCLE_FLAGS[f"from_instance_{version.replace('-', '_')}"] = ("--topology", str(TOPOLOGIES / f"{version}.toml"))
