"""The article on server trust groups, told with what a group is for: a transaction that spans two instances."""

from azure import Az
from runners import runner

PASSWORD = "Long-Pass-Word-1!"
MOVE = """SET XACT_ABORT ON
BEGIN DISTRIBUTED TRANSACTION
UPDATE db1.dbo.accounts SET balance = balance - 10
UPDATE SECOND.db1.dbo.accounts SET balance = balance + 10
COMMIT"""
TABLE = "CREATE DATABASE db1\nGO\nUSE db1\nGO\nCREATE TABLE dbo.accounts (balance int NOT NULL)\nINSERT INTO dbo.accounts VALUES (100)"


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def server_trust_group(client, ready, work):
    """A group is made, used, deleted, used some more, and over after a failover."""
    az, sql = Az(ready, work), runner(client, ready, work)
    az.login()
    group, first = ("-g", ready["resourceGroup"]), ready["managedInstances"][0]
    subnet = az("sql", "mi", "show", *group, "-n", first["name"])["subnetId"]
    sql.script(TABLE, "mi")
    second = az("sql", "mi", "create", *group, "-n", "second", "-l", ready["location"], "-u", "cloudadmin", "-p", PASSWORD, "--subnet", subnet)
    stg = (*group, "-l", ready["location"], "-n", "stg1")

    def balances():
        return sql.script("SELECT (SELECT balance FROM db1.dbo.accounts), (SELECT balance FROM SECOND.db1.dbo.accounts)", "mi")[0]

    def refused():
        # Caught there, since an error would end the connection, and with two instances an address no longer names one.
        moved = f"BEGIN TRY\n{MOVE}\nEND TRY BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK\nSELECT ERROR_NUMBER()\nEND CATCH"
        equal(sql.script(moved, "mi"), [["7391"]])

    sql.script(f"""EXEC sp_addlinkedserver @server = N'SECOND', @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'{second["fullyQualifiedDomainName"]}'
EXEC sp_addlinkedsrvlogin @rmtsrvname = N'SECOND', @useself = 'false', @locallogin = NULL, @rmtuser = N'cloudadmin', @rmtpassword = N'{PASSWORD}'
EXEC sp_serveroption @server = N'SECOND', @optname = 'rpc out', @optvalue = 'true'""", "mi")
    for batch in TABLE.split("\nGO\n"):
        sql.script(f"EXEC ('{batch}') AT SECOND" if not batch.startswith(("USE", "CREATE TABLE"))
                   else f"EXEC ('USE db1; {batch}') AT SECOND", "mi")
    equal(balances(), ["100", "100"])
    # A linked server is one thing, a transaction with it another.
    refused()
    equal(balances(), ["100", "100"])
    az("sql", "stg", "create", *stg, "-m", first["resourceId"], second["id"], "--trust-scope", "GlobalTransactions")
    sql.script(MOVE, "mi")
    equal(balances(), ["90", "110"])
    # What is deleted lingers, which the article's note is about.
    az("sql", "stg", "delete", *stg, "-y")
    sql.script(MOVE, "mi")
    equal(balances(), ["80", "120"])
    az("sql", "mi", "failover", *group, "-n", "second")
    refused()
    equal(balances(), ["80", "120"])
