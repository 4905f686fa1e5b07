"""sqlcmd as a person calls it: `main.py list` names the tests, `main.py TEST` runs one."""

import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path


CASES = Path(__file__).resolve().parents[2] / "cases"


def sqlcmd(ready: dict, *words: str, text: str | None = None, host: str | None = None, which: int = 0) -> tuple[int, str]:
    """Exit status and all output."""
    at = ready["sqlServers"][which]
    command = [os.environ["MILINK_SQLCMD"], "-S", f"tcp:{host or at['host']},{at['port']}", "-U", at["user"], "-C", *words]
    if text is not None:
        file = Path(os.environ["MILINK_WORK"]) / "input.sql"
        file.write_text(text, encoding="utf-8")
        command += ["-i", str(file)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "SQLCMDPASSWORD": at["password"]}, timeout=60, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def query(ready):
    code, out = sqlcmd(ready, "-Q", "SET NOCOUNT ON; SELECT 40 + 2", "-h", "-1")
    assert (code, out.split()) == (0, ["42"]), (code, out)


def script_with_go_and_variables(ready):
    code, out = sqlcmd(ready, "-v", "name=db1", "-h", "-1", text="USE $(name)\nGO\nSET NOCOUNT ON\nSELECT DB_NAME()\nGO 2\n")
    assert code == 0 and out.split().count("db1") >= 2, (code, out)


def errors_show_number_and_line(ready):
    code, out = sqlcmd(ready, "-b", text="SELECT 1\nGO\nSELECT\n  1 / 0\nGO\n")
    assert code != 0 and "Msg 8134, Level 16" in out and "Divide by zero" in out, (code, out)


def strict(ready):
    # -J is the server's own certificate, byte for byte, not an authority's.
    at, file = ready["sqlServers"][0], Path(os.environ["MILINK_WORK"]) / "server.pem"
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["tds/8.0"])
    with socket.create_connection((at["host"], at["port"])) as plain, context.wrap_socket(plain, server_hostname=at["host"]) as secure:
        file.write_text(ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True)))
    code, out = sqlcmd(ready, "-N", "strict", "-J", str(file), "-Q", "SELECT 1")
    assert code == 0, out


def read_only_routing(ready):
    # A reader that comes by the listener follows the primary's word to another server; a writer stays.
    script = (CASES / "routing.sql").read_text(encoding="utf-8").replace("{port}", str(ready["sqlServers"][1]["port"]))
    code, out = sqlcmd(ready, "-b", text=f"{script}\nGO\n")
    assert code == 0, out
    for words, server in (((), "sqlserver1"), (("-K", "ReadOnly"), "sqlserver2")):
        code, out = sqlcmd(ready, "-d", "db1", *words, "-h", "-1", "-Q", "SET NOCOUNT ON; SELECT @@SERVERNAME", host="localhost")
        assert (code, out.split()) == (0, [server]), (words, code, out)


def live_replica(ready):
    # A reader that comes by the listener reads on the second replica what the first one commits; after a failover it is the other way.
    one, two = (f"127.0.0.1:{server['port']}" for server in ready["sqlServers"])

    def play(name):
        text = (CASES / name).read_text(encoding="utf-8").format(one=one, two=two, listener="localhost")
        for batch in text.split("\nGO\n"):
            code, out = sqlcmd(ready, "-b", text=f"{batch}\nGO\n", which=int(batch.startswith("-- sqlserver2")))
            assert code == 0, (batch, out)

    def seen(which, *words):
        question = "SET NOCOUNT ON; SELECT @@SERVERNAME, MAX(id) FROM dbo.served"
        code, out = sqlcmd(ready, "-d", "db1", *words, "-h", "-1", "-Q", question, host="localhost", which=which)
        assert code == 0, out
        return out.split()

    play("replicas.sql")
    assert (seen(0), seen(0, "-K", "ReadOnly")) == (["sqlserver1", "1"], ["sqlserver2", "1"])
    play("replicas-change.sql")
    assert (seen(1), seen(1, "-K", "ReadOnly")) == (["sqlserver2", "2"], ["sqlserver1", "2"])


read_only_routing.flags = ["--topology", str(CASES / "routing.toml")]
live_replica.flags = ["--topology", str(CASES / "replicas.toml")]
TESTS = {f.__name__: f for f in (query, script_with_go_and_variables, errors_show_number_and_line, strict, read_only_routing, live_replica)}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n".join("\t".join([name, *getattr(test, "flags", [])]) for name, test in TESTS.items()))
    else:
        TESTS[sys.argv[1]](json.loads(Path(os.environ["MILINK_READY"]).read_text()))
