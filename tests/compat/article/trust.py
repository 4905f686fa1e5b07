"""The article on server trust groups, told with what a group is for: a transaction that spans two instances."""

import json

from azure import Az, names
from runners import runner
from walk import control, equal

PASSWORD = "Long-Pass-Word-1!"
TABLE = "CREATE DATABASE db1\nGO\nUSE db1\nGO\nCREATE TABLE dbo.accounts (balance int NOT NULL)\nINSERT INTO dbo.accounts VALUES (100)"
MOVE = """UPDATE db1.dbo.accounts SET balance = balance - 10
UPDATE SECOND.db1.dbo.accounts SET balance = balance + 10
COMMIT"""
EXPLICIT = f"SET XACT_ABORT ON\nBEGIN DISTRIBUTED TRANSACTION\n{MOVE}"
PROMOTED = f"SET XACT_ABORT ON\nBEGIN TRANSACTION\n{MOVE}"


class Pair:
    """Two instances of one subnet, the second one a linked server of the first."""

    def __init__(self, client, ready, work):
        self.ready, self.first = ready, ready["managedInstances"][0]
        self.az, self.sql = Az(ready, work), runner(client, ready, work)
        self.az.login()
        self.group = ("-g", ready["resourceGroup"])
        self.subnet = self.az("sql", "mi", "show", *self.group, "-n", self.first["name"])["subnetId"]
        self.sql.script(TABLE, "mi")
        self.second = self.instance("second")
        self.where = (*self.group, "-l", ready["location"])
        self.sql.script(f"""EXEC sp_addlinkedserver @server = N'SECOND', @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'{self.second["fullyQualifiedDomainName"]}'
EXEC sp_addlinkedsrvlogin @rmtsrvname = N'SECOND', @useself = 'false', @locallogin = NULL, @rmtuser = N'cloudadmin', @rmtpassword = N'{PASSWORD}'
EXEC sp_serveroption @server = N'SECOND', @optname = 'rpc out', @optvalue = 'true'
EXEC sp_testlinkedserver N'SECOND'""", "mi")
        for batch in TABLE.split("\nGO\n"):
            self.sql.script(f"EXEC ('{batch}') AT SECOND" if not batch.startswith(("USE", "CREATE TABLE"))
                            else f"EXEC ('USE db1; {batch}') AT SECOND", "mi")
        self.equal("100", "100")

    def instance(self, name):
        return self.az("sql", "mi", "create", *self.group, "-n", name, "-l", self.ready["location"], "-u", "cloudadmin", "-p", PASSWORD,
                       "--subnet", self.subnet)

    def trust(self, *members):
        return self.az("sql", "stg", "create", *self.where, "-n", "stg1", "-m", *members, "--trust-scope", "GlobalTransactions")

    def equal(self, *balances):
        """What both sides have, and that nobody holds it locked."""
        found = self.sql.script("SELECT (SELECT balance FROM db1.dbo.accounts), (SELECT balance FROM SECOND.db1.dbo.accounts)", "mi")[0]
        equal(found, list(balances))

    def refused(self, number, work):
        # Caught there, since an error would end the connection, and with two instances an address no longer names one.
        moved = f"BEGIN TRY\n{work}\nEND TRY BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK\nSELECT ERROR_NUMBER()\nEND CATCH"
        equal(self.sql.script(moved, "mi"), [[number]])

    def listed(self, expected, *instances):
        """By location, and by each instance."""
        equal(names(self.az("sql", "stg", "list", *self.where)), expected)
        for instance in instances:
            equal(names(self.az("sql", "stg", "list", *self.group, "--instance-name", instance)), expected)


def server_trust_group(client, ready, work):
    """A group is made, listed, changed, refused, used, deleted, used some more, and over after a failover."""
    pair = Pair(client, ready, work)
    az, first, second = pair.az, pair.first["resourceId"], pair.second["id"]
    # A linked server is one thing, a transaction with it another.
    pair.refused("7391", EXPLICIT)
    pair.equal("100", "100")
    made = pair.trust(first, second)
    equal((made["name"], made["trustScopes"]), ("stg1", ["GlobalTransactions"]))
    pair.listed(["stg1"], pair.first["name"], "second")
    pair.sql.script(EXPLICIT, "mi")
    pair.equal("90", "110")
    # Members come and go with the whole list of them.
    third = pair.instance("third")["id"]
    equal(len(pair.trust(first, second, third)["groupMembers"]), 3)
    pair.listed(["stg1"], pair.first["name"], "second", "third")
    equal(len(pair.trust(first, second)["groupMembers"]), 2)
    equal(az("sql", "stg", "list", *pair.group, "--instance-name", "third"), [])
    # The refusals with 406: a member that is not there, one that is being changed, a group that is being written.
    create = ("sql", "stg", "create", *pair.where, "-n", "stg2", "--trust-scope", "GlobalTransactions", "-m", first)
    az.refused(1, "ServerTrustGroupMemberNotFound", *create, second + "x")
    control(ready, "transitions", "PUT", {"durations": {"instance-update": "30min", "trust-group-write": "30min"}})
    az("sql", "mi", "update", *pair.group, "-n", "second", "--capacity", "8", "--no-wait")
    az.refused(1, "ServerTrustGroupMemberIsBusy", *create, second)
    az.refused(1, "ServerTrustGroupMemberIsBusy", "sql", "stg", "delete", *pair.where, "-n", "stg1", "-y")
    control(ready, "clock/advance", "POST", {"by": "1h"})
    url = az("sql", "stg", "show", *pair.where, "-n", "stg1")["id"]
    properties = {"groupMembers": [{"serverId": first}, {"serverId": second}], "trustScopes": ["GlobalTransactions"]}
    az("rest", "--method", "put", "--url", f"{ready['armUrl'].rstrip('/')}{url}?api-version=2023-08-01-preview",
       "--resource", ready["armUrl"], "--body", json.dumps({"properties": properties}))
    az.refused(1, "ServerTrustGroupInInvalidState", "sql", "stg", "delete", *pair.where, "-n", "stg1", "-y")
    control(ready, "clock/advance", "POST", {"by": "1h"})
    control(ready, "transitions", "PUT", {"durations": {"instance-update": None, "trust-group-write": None}})
    # What is deleted lingers, which the article's note is about.
    az("sql", "stg", "delete", *pair.where, "-n", "stg1", "-y")
    pair.listed([], pair.first["name"], "second")
    pair.sql.script(EXPLICIT, "mi")
    pair.equal("80", "120")
    az("sql", "mi", "failover", *pair.group, "-n", "second")
    pair.refused("7391", EXPLICIT)
    pair.equal("80", "120")


def distributed_transactions(client, ready, work):
    """The ways into a transaction of two instances, and the ways out of it."""
    pair = Pair(client, ready, work)
    sql = pair.sql
    pair.refused("7391", PROMOTED)
    pair.trust(pair.first["resourceId"], pair.second["id"])
    sql.script(EXPLICIT, "mi")
    pair.equal("90", "110")
    sql.script(PROMOTED, "mi")
    pair.equal("80", "120")
    # Without XACT_ABORT a statement in a transaction cannot be undone by itself there.
    pair.refused("7395", PROMOTED.replace("ON", "OFF", 1))
    sql.script(PROMOTED.replace("COMMIT", "ROLLBACK"), "mi")
    pair.equal("80", "120")
    # A procedure's rows are taken in a transaction, a caller's or its own.
    taken = sql.script("DECLARE @t TABLE (n int)\nINSERT @t EXEC ('SELECT balance FROM db1.dbo.accounts') AT SECOND\nSELECT n FROM @t", "mi")
    equal(taken, [["120"]])
    mixed = """UPDATE OPENQUERY(SECOND, 'SELECT balance FROM db1.dbo.accounts') SET balance = 120 + (SELECT MIN(balance) FROM db1.dbo.accounts) - 80
DECLARE @n int
EXEC ('SELECT ? = balance FROM db1.dbo.accounts', @n OUTPUT) AT SECOND
SELECT @n"""
    equal(sql.script(mixed, "mi"), [["120"]])
    # The other side does not hear how it ended, and asks.
    for point, balances in (("decision-lost", ("70", "130")), ("participant-down", ("60", "140"))):
        control(pair.ready, "faults", "POST", {"point": f"distributed.{point}", "when": {"times": 1}})
        sql.script(PROMOTED, "mi")
        control(pair.ready, "clock/advance", "POST", {"by": "5min"})
        pair.equal(*balances)
