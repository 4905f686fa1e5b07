"""Encrypted databases on the way to a link, by T-SQL through a driver and everything else by the Azure CLI."""

import base64
import json

from walk import TABLE, Walk, equal, until

KEY = "https://vault.vault.azure.net/keys/tde/0123456789abcdef0123456789abcdef"
STATE = "SELECT encryption_state FROM sys.dm_database_encryption_keys WHERE database_id = DB_ID(N'{}')"
ENCRYPT = """USE master
CREATE CERTIFICATE TDE_Cert WITH SUBJECT = 'TDE'
GO
USE {0}
CREATE DATABASE ENCRYPTION KEY WITH ALGORITHM = AES_256 ENCRYPTION BY SERVER CERTIFICATE TDE_Cert
GO
ALTER DATABASE {0} SET ENCRYPTION ON"""
PASSWORD = "Long-Pass-Word-2!"


def in_state(walk, where, state):
    database = walk.words["DatabaseName"]
    until(f"state {state}", lambda: walk.sql.script(STATE.format(database), where) == [[str(state)]])


def put_link(walk, role):
    """The words of `az sql mi link create`."""
    words = walk.words
    return ("sql", "mi", "link", "create", *walk.at, "-n", words["DAGName"], "--databases", f"[{{database-name:{words['DatabaseName']}}}]",
            "--failover-mode", "Manual", "--instance-ag-name", words["AGNameOnSQLMI"], "--instance-link-role", role, "--partner-ag-name",
            words["AGNameOnSQLServer"], "--partner-endpoint", f"TCP://{words['SQLServerIP']}:5022", "--seeding-mode", "Automatic")


def encrypted_server(client, ready, work):
    """SQL Server's encrypted database: no link without its certificate on the instance, one with it."""
    walk = Walk(client, ready, work)
    database = walk.words["DatabaseName"]
    walk.sql.script(TABLE, "sql", database)
    walk.insert("sql", 1, 50)
    walk.step("backup")
    walk.trust()
    walk.sql.script(ENCRYPT.format(database), "sql")
    in_state(walk, "sql", 3)
    walk.groups_from_server()
    walk.az.refused(1, "ManagedInstanceLinkTdeCertificateMissing", *put_link(walk, "Secondary"))
    parts = walk.sql.script(f"USE master\nSELECT CERTENCODED(CERT_ID('TDE_Cert')), CERTPRIVATEKEY(CERT_ID('TDE_Cert'), '{PASSWORD}')", "sql")[0]
    certificate, key = (bytes.fromhex(part.removeprefix("0x")) for part in parts)
    url = f"{walk.instance_id}/tdeCertificates?api-version=2023-08-01-preview"

    def upload(blob, password):
        body = {"properties": {"privateBlob": base64.b64encode(blob).decode(), "certPassword": password}}
        return "rest", "--method", "post", "--url", url, "--body", json.dumps(body)

    walk.az.refused(1, "PrivateBlobWithoutPrivateKey", *upload(certificate, PASSWORD))
    walk.az.refused(1, "InvalidPrivateBlobOrPassword", *upload(certificate + key, "another"))
    walk.az(*upload(certificate + key, PASSWORD))
    walk.create_link("Secondary")
    until("the seeded rows", lambda: walk.count("mi") == "50")
    in_state(walk, "mi", 3)
    walk.sql.script(f"ALTER DATABASE {database} SET ENCRYPTION OFF", "sql")
    in_state(walk, "mi", 1)


def encrypted_instance(client, ready, work):
    """An instance's encrypted database: the service's key keeps it there, a key of a vault does not."""
    walk = Walk(client, ready, work, database="db2")
    az, tde_key = walk.az, ("sql", "mi", "tde-key")
    az("sql", "midb", "create", *walk.at, "-n", "db2")
    walk.sql.script(TABLE, "mi", "db2")
    walk.insert("mi", 1, 20)
    walk.trust()
    walk.words["SQLServerName"] = walk.cells("server-name")[0]
    walk.step("empty-availability-group")
    walk.step("grant-create-database")
    walk.step("distributed-group-from-instance")
    walk.sql.script("ALTER DATABASE db2 SET ENCRYPTION ON", "mi")
    in_state(walk, "mi", 3)
    equal(az(*tde_key, "show", *walk.at)["serverKeyType"], "ServiceManaged")
    az.refused(1, "DistributedAvailabilityGroupDbEncryptedWithSmk", *put_link(walk, "Primary"))
    az.refused(3, "ServerKeyNotFound", *tde_key, "set", *walk.at, "-t", "AzureKeyVault", "-k", KEY)
    made = az("sql", "mi", "key", "create", *walk.at, "-k", KEY)
    equal((made["name"], made["uri"], made["serverKeyType"]), ("vault_tde_0123456789abcdef0123456789abcdef", KEY, "AzureKeyVault"))
    equal(len(az("sql", "mi", "key", "list", *walk.at)), 2)
    equal(az("sql", "mi", "key", "show", *walk.at, "-k", KEY)["thumbprint"], made["thumbprint"])
    az(*tde_key, "set", *walk.at, "-t", "AzureKeyVault", "-k", KEY)
    shown = az(*tde_key, "show", *walk.at)
    equal((shown["serverKeyType"], shown["serverKeyName"], shown["thumbprint"]), ("AzureKeyVault", made["name"], made["thumbprint"]))
    az.refused(1, "AzureKeyVaultKeyInUse", "sql", "mi", "key", "delete", *walk.at, "-k", KEY)
    walk.create_link("Primary")
    until("the seeded rows", lambda: walk.count("sql") == "20")
    in_state(walk, "sql", 3)
    az.refused(1, "DistributedAvailabilityGroupProtectorCannotBeUpdtedToSmk", *tde_key, "set", *walk.at, "-t", "ServiceManaged")
    walk.sql.script("ALTER DATABASE db2 SET ENCRYPTION OFF", "mi")
    in_state(walk, "sql", 1)
    az(*tde_key, "set", *walk.at, "-t", "ServiceManaged")
    az("sql", "mi", "key", "delete", *walk.at, "-k", KEY)
    equal([one["name"] for one in az("sql", "mi", "key", "list", *walk.at)], ["ServiceManaged"])
