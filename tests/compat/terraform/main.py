"""Terraform and its azapi provider: `main.py list` names the walks, `main.py TEST` runs one.

What SQL Server needs goes through pymssql.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "article"), str(HERE.parent / "az")]

from azure import Az, equal  # noqa: E402
from walk import Walk, until  # noqa: E402


class Terraform:
    """One configuration, with a state of its own."""

    def __init__(self, name: str, ready: dict, az: Az, work: Path):
        self.folder = work / name
        self.folder.mkdir()
        for file in ("provider.tf", f"{name}.tf"):
            shutil.copy(HERE / file, self.folder)
        provider = Path(os.environ["MILINK_AZAPI"]).parent
        settings = work / "terraform.rc"
        settings.write_text(f'provider_installation {{\n  dev_overrides {{ "azure/azapi" = "{provider}" }}\n  direct {{}}\n}}\n')
        self.env = {
            **az.env,
            "PATH": f"{Path(os.environ['MILINK_AZ']).parent}:{os.environ['PATH']}",
            "SSL_CERT_FILE": ready["caFile"],
            "ARM_RESOURCE_MANAGER_ENDPOINT": ready["armUrl"],
            "ARM_RESOURCE_MANAGER_AUDIENCE": ready["armUrl"],
            "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": ready["entraUrl"],
            "ARM_SUBSCRIPTION_ID": ready["subscriptionId"],
            "ARM_TENANT_ID": ready["tenantId"],
            "TF_CLI_CONFIG_FILE": str(settings),
            "ARM_USE_MSI": "false",
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
        }

    def run(self, *words: str, expect: int = 0, **variables) -> str:
        """One command with its variables; what it printed."""
        values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in variables.items()}
        env = {**self.env, **{f"TF_VAR_{name}": value for name, value in values.items()}}
        done = subprocess.run([os.environ["MILINK_TERRAFORM"], *words, "-no-color"], cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
        assert done.returncode == expect, f"terraform {' '.join(words)}: status {done.returncode}, expected {expect}\n{done.stdout}"
        return done.stdout

    def apply(self, **variables) -> None:
        """Makes it so, and sees that nothing is left to do."""
        self.run("apply", "-auto-approve", **variables)
        self.run("plan", "-detailed-exitcode", **variables)

    def outputs(self) -> dict:
        return {name: it["value"] for name, it in json.loads(self.run("output", "-json")).items()}


def link(ready, work):
    """A link is made, changed in place, read again without differences, and destroyed."""
    walk = Walk("pymssql", ready, work)
    walk.step("backup")
    walk.trust(upload=False)
    walk.groups_from_server()
    terraform = Terraform("link", ready, walk.az, work)
    given = {
        "instance_id": walk.instance_id,
        "partner_endpoint": f"TCP://{walk.words['SQLServerIP']}:5022",
        "certificate": {"name": walk.words["SQLServerCertName"], "public_blob": walk.words["SQLServerPublicKey"].removeprefix("0x")},
    }
    terraform.apply(**given, replication_mode="Async")
    equal(terraform.outputs()["roles"], {"instanceLinkRole": "Secondary", "partnerLinkRole": "Primary"})
    until("a healthy link", walk.healthy)
    terraform.apply(**given, replication_mode="Sync")
    equal(walk.link("show", "-n", "DAG_db1")["replicationMode"], "Sync")
    terraform.run("destroy", "-auto-approve", **given, replication_mode="Sync")
    equal(walk.link("list"), [])
    equal(walk.az("sql", "mi", "partner-cert", "list", "-g", ready["resourceGroup"], "--instance-name", ready["managedInstances"][0]["name"]), [])


def network(ready, work):
    """A private endpoint with its zone is built in parallel, resolves, and is destroyed in the right order."""
    az = Az(ready, work)
    az.login()
    instance = ready["managedInstances"][0]
    terraform = Terraform("network", ready, az, work)
    given = {
        "instance_id": instance["resourceId"],
        "group_id": f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}",
        "zone": instance["fqdn"].split(".")[1],
        "instance_name": instance["name"],
    }
    terraform.apply(**given)
    made = az("network", "private-endpoint", "show", "-g", ready["resourceGroup"], "-n", "pe-mi")
    equal(made["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"], "Approved")
    records = az("network", "private-dns", "record-set", "a", "list", "-g", ready["resourceGroup"],
                 "-z", f"privatelink.{given['zone']}.database.windows.net")
    equal([record["name"] for record in records], [instance["name"]])
    terraform.run("destroy", "-auto-approve", **given)
    equal(az("network", "private-endpoint", "list"), [])
    equal(az("network", "private-dns", "zone", "list"), [])


TESTS = {function.__name__: function for function in (link, network)}


def main() -> int:
    word = sys.argv[1]
    if word == "list":
        print("\n".join(TESTS))
        return 0
    TESTS[word](json.loads(Path(os.environ["MILINK_READY"]).read_text()), Path(os.environ["MILINK_WORK"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
