"""Ways to run a T-SQL script with GO in it: a driver's connection, or a program that reads a file."""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "drivers/python"))


class Refused(Exception):
    """The server's error, as text."""


def batches(script: str) -> list[str]:
    """The script cut at its GO lines."""
    parts = re.split(r"(?im)^[ \t]*GO[ \t]*(?:--.*)?$", script)
    return [part for part in parts if part.strip()]


def cell(value) -> str:
    """A value as the text a person would copy."""
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex().upper()
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


class Driver:
    """One connection of a Python driver to each server."""

    def __init__(self, client: str, ready: dict, work: Path):
        from adapters import ADAPTERS
        self.adapter = ADAPTERS[client](ready, work)
        self.connections = {}

    def forget(self) -> None:
        """The next script connects again, as programs have to after a change of roles."""
        for connection in self.connections.values():
            try:
                connection.close()
            except Exception:  # noqa: BLE001 - it may be broken
                pass
        self.connections.clear()

    def script(self, text: str, where: str = "sql", database: str | None = None) -> list[list[str]]:
        """All rows of all result sets of the script."""
        # The gateway's session ends when its database changes role, as a real one does.
        key = (where, database)
        found = []
        try:
            if key not in self.connections:
                self.connections[key] = self.adapter.connect(where, database=database)
            for batch in batches(text):
                cursor = self.connections[key].cursor()
                cursor.execute(batch)
                while True:
                    if cursor.description:
                        found += [[cell(value) for value in row] for row in cursor.fetchall()]
                    if not cursor.nextset():
                        break
                cursor.close()
        except Exception as error:  # noqa: BLE001 - any driver's own class
            try:
                self.connections.pop(key).close()
            except Exception:  # noqa: BLE001 - it is broken already
                pass
            raise Refused(f"{error} in\n{text[:2000]}") from error
        return found


class Program:
    """A program that is given a file and prints columns between bars."""

    def __init__(self, client: str, ready: dict, work: Path):
        self.client = client
        self.ready = ready
        self.work = work

    def forget(self) -> None:
        """Each script has a connection of its own."""

    def script(self, text: str, where: str = "sql", database: str | None = None) -> list[list[str]]:
        at = self.ready["sqlServers" if where == "sql" else "managedInstances"][0]
        file = self.work / "script.sql"
        # Not every program takes an empty batch, so none is written.
        file.write_text("".join(f"{batch.rstrip()}\nGO\n" for batch in batches(text)), encoding="utf-8")
        if self.client == "sqlcmd":
            command = [os.environ["MILINK_SQLCMD"], "-S", f"tcp:{at['host']},{at['port']}", "-U", at["user"], "-C",
                       "-i", str(file), "-b", "-h", "-1", "-W", "-s", "|", "-y", "0"]
            env = {**os.environ, "SQLCMDPASSWORD": at["password"]}
            if database:
                command += ["-d", database]
        else:
            conf = self.work / "freetds.conf"
            # The gateway routes by the name a client asks for, which is the section's here.
            conf.write_text(f"[{at['name']}]\n\thost = {at['host']}\n\tport = {at['port']}\n\ttds version = 7.4\n"
                            "\tencryption = require\n\tclient charset = UTF-8\n\ttext size = 2147483647\n")
            command = [os.environ["MILINK_TSQL"], "-S", at["name"], "-U", at["user"], "-P", at["password"], "-t", "|", "-o", "fhq"]
            env = {**os.environ, "FREETDSCONF": str(conf), "FREETDS": str(conf)}
            if database:
                command += ["-D", database]
        with file.open("rb") as given:
            done = subprocess.run(command, stdin=given, capture_output=True, env=env, timeout=120, check=False)
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if done.returncode != 0 or re.search(r"Msg \d+,? (\(severity|Level) 1[1-9]", out + err):
            raise Refused(f"exit {done.returncode}: {out}{err} in\n{text[:2000]}")
        rows = (line for line in out.splitlines() if line.strip() and not SAID.fullmatch(line.strip()))
        return [[value.strip() for value in line.split("|")] for line in rows]


# What sqlcmd says between rows.
SAID = re.compile(r"Changed database context to '.*'\.|\(\d+ rows? affected\)")


def runner(client: str, ready: dict, work: Path):
    """The runner of that name."""
    return (Driver if client in ("pymssql", "mssql-python") else Program)(client, ready, work)
