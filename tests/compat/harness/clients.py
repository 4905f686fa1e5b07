"""The clients of the suite: how each one's test program is made and called.

A test program answers `list` with one test name a line (emulator flags may follow, after tabs) and runs
the test that its last argument names. It finds the emulator in the file that MILINK_READY names. Exit
status 0 is a pass, 77 a skip whose reason is the last line printed, anything else a failure.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import emulator, installs

HERE = Path(__file__).resolve().parents[1]


@dataclass
class Program:
    """How to call one client's tests."""

    command: list
    env: dict
    limit: int = 120


def python_driver(client: str) -> Callable[[], Program]:
    """One of the Python drivers: they share their tests."""
    def prepare() -> Program:
        python = installs.python_drivers()
        env = {}
        if client == "pyodbc-freetds":
            installs.freetds_library()
        if client == "pyodbc-odbc18":
            installs.microsoft_odbc_library()
        if client.startswith("pyodbc"):
            env = installs.odbc_settings()
        return Program([python, HERE / "drivers/python/main.py", client], env)

    return prepare


def sqlalchemy(client: str) -> Callable[[], Program]:
    """The object mapper of Python, on one of the drivers."""
    def prepare() -> Program:
        program = python_driver(client)()
        return Program([program.command[0], HERE / "drivers/sqlalchemy/main.py", client], program.env)

    return prepare


def network() -> Program:
    """Names, the proxy and namespaces, with clients of each."""
    python = installs.python_drivers()
    return Program([python, HERE / "drivers/network/main.py"], {"MILINK_PROGRAM": str(emulator.binary())})


def tedious() -> Program:
    """The driver of Node."""
    folder = installs.node_modules("tedious")
    # Bare imports are looked up beside the script, so the script is given its modules' folder.
    return Program([installs.runtime("node"), HERE / "drivers/tedious/main.mjs"], {"MILINK_NODE_MODULES": str(folder / "node_modules")})


def drawings() -> Program:
    """Mermaid, Graphviz and a parser of XML, which read what is drawn."""
    folder = installs.node_modules("drawings")
    return Program([installs.runtime("node"), HERE / "drivers/drawings/main.mjs"], {"MILINK_NODE_MODULES": str(folder / "node_modules")})


def go_mssqldb() -> Program:
    """The driver of Go."""
    return Program([installs.go_mssqldb()], {})


def go_sqlcmd() -> Program:
    """sqlcmd as a person calls it."""
    return Program([sys.executable, HERE / "drivers/go-sqlcmd/main.py"], {"MILINK_SQLCMD": str(installs.go_sqlcmd())})


def jdbc() -> Program:
    """Microsoft's driver of Java."""
    folder = installs.jdbc()
    return Program([installs.runtime("java"), "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                    "-cp", f"{folder / 'classes'}:{folder / 'lib'}/*", "Main"], {})


def az() -> Program:
    """The Azure CLI, one walk a test."""
    return Program([sys.executable, HERE / "az/main.py"], {"MILINK_AZ": str(installs.azure_cli())}, limit=900)


def azure_sdk() -> Program:
    """Data Factory's SDK of Python, with the Azure CLI for the network around it."""
    return Program([installs.azure_sdk(), HERE / "sdk/main.py"], {"MILINK_AZ": str(installs.azure_cli())}, limit=900)


def sdk_walk(command: Callable[[], list], **more: Callable[[], str]) -> Callable[[], Program]:
    """The management SDKs of a runtime, in a world that the article's own steps have prepared."""
    def prepare() -> Program:
        env = {"MILINK_AZ": str(installs.azure_cli()), **{name: value() for name, value in more.items()}}
        python = installs.python_drivers()
        return Program([python, HERE / "sdk/runtimes.py", *map(str, command())], env, limit=900)

    return prepare


def java_walk() -> list:
    """How Java's walk is called."""
    folder = installs.java_sdk()
    return [installs.runtime("java"), "-XX:TieredStopAtLevel=1", "-cp", f"{folder / 'classes'}:{folder / 'lib'}/*", "Walk"]


def terraform() -> Program:
    """Terraform with the provider for any resource type."""
    return Program([installs.python_drivers(), HERE / "terraform/main.py"],
                   {"MILINK_AZ": str(installs.azure_cli()), "MILINK_TERRAFORM": installs.runtime("terraform"),
                    "MILINK_AZAPI": str(installs.azapi())}, limit=900)


def article(client: str) -> Callable[[], Program]:
    """The whole article, the SQL of it through `client`."""
    def prepare() -> Program:
        env = {"MILINK_AZ": str(installs.azure_cli())}
        python = sys.executable
        if client in ("pymssql", "mssql-python"):
            python = installs.python_drivers()
        elif client == "sqlcmd":
            env["MILINK_SQLCMD"] = str(installs.go_sqlcmd())
        elif client == "tsql":
            env["MILINK_TSQL"] = installs.freetds_program("tsql")
        return Program([python, HERE / "article/main.py", client], env, limit=900)

    return prepare


CLIENTS: dict[str, Callable[[], Program]] = {
    "pymssql": python_driver("pymssql"),
    "python-tds": python_driver("python-tds"),
    "pyodbc-freetds": python_driver("pyodbc-freetds"),
    "pyodbc-odbc18": python_driver("pyodbc-odbc18"),
    "mssql-python": python_driver("mssql-python"),
    "sqlalchemy-pymssql": sqlalchemy("pymssql"),
    "sqlalchemy-odbc18": sqlalchemy("pyodbc-odbc18"),
    "network": network,
    "drawings": drawings,
    "tedious": tedious,
    "go-mssqldb": go_mssqldb,
    "go-sqlcmd": go_sqlcmd,
    "jdbc": jdbc,
    "az": az,
    "azure-sdk": azure_sdk,
    "azure-sdk-python": sdk_walk(lambda: [installs.python_sdk(), HERE / "sdk/python/walk.py"]),
    "azure-sdk-go": sdk_walk(lambda: [installs.go_sdk()]),
    "azure-sdk-node": sdk_walk(lambda: [installs.runtime("node"), HERE / "sdk/node/walk.mjs"],
                               MILINK_NODE_MODULES=lambda: str(installs.node_sdk() / "node_modules")),
    "azure-sdk-java": sdk_walk(java_walk),
    "terraform": terraform,
    "article-pymssql": article("pymssql"),
    "article-mssql-python": article("mssql-python"),
    "article-sqlcmd": article("sqlcmd"),
    "article-tsql": article("tsql"),
}


def environment(program: Program, **more: str) -> dict:
    """What a test program runs in: nothing of ours but what it is told."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MILINK_", "AZURE_"))}
    env.update(program.env)
    env.update(more)
    env["MILINK_CASES"] = str(HERE / "cases")
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env
