"""Every URL that the CLI and its libraries know, asked of the emulator: what it lacks it says by name."""

import http.client
import json
import os
import re
import ssl
import urllib.parse
from pathlib import Path

# Whoever misspells a type or a namespace hears these; a type that Azure has must not.
MISSPELT = ("InvalidResourceType", "InvalidResourceNamespace")
# Of so many at least: fewer means that the libraries are not read any more.
LEAST = 900


def templates() -> set[str]:
    """The paths below a subscription in the CLI's own code and in the libraries it uses."""
    packages = next((Path(os.environ["MILINK_AZ"]).parents[1] / "lib").glob("python3*/site-packages"))
    sources = [*packages.glob("azure/mgmt/**/*.py"), *packages.glob("azure/cli/command_modules/*/aaz/**/*.py")]
    found = set()
    for source in sources:
        # A long path is written in pieces.
        text = re.sub(r'"\s*\n\s*"', "", source.read_text(encoding="utf-8"))
        found.update(re.findall(r'"(/subscriptions/\{subscriptionId\}/[^"\s?]+)"', text))
    # Of what extends any resource there is no telling which.
    return {path for path in found if "/providers/" in path and "/providers/{" not in path}


class Caller:
    """The ready file's service principal on one connection, without a library."""

    def __init__(self, ready: dict):
        where = urllib.parse.urlsplit(ready["armUrl"])
        trust = ssl.create_default_context(cafile=ready["caFile"])
        self.connection = http.client.HTTPSConnection(where.hostname, where.port, context=trust)
        asked = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": ready["clientId"], "client_secret": ready["clientSecret"],
            "scope": f"{ready['armUrl']}/.default",
        })
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        _, body = self.answer("POST", f"/{ready['tenantId']}/oauth2/v2.0/token", asked, form)
        self.bearer = {"Authorization": f"Bearer {body['access_token']}"}

    def answer(self, verb: str, path: str, body: str | None, headers: dict) -> tuple[int, dict]:
        self.connection.request(verb, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def get(self, path: str) -> tuple[int, str]:
        """Status, and the code of the error."""
        status, body = self.answer("GET", f"{path}?api-version=2024-01-01", None, self.bearer)
        return status, body["error"]["code"] if status >= 400 and body else ""


def ask_all(ready: dict) -> None:
    """Asks them all; nothing is taken for misspelt, and nothing breaks."""
    caller = Caller(ready)
    given = {"subscriptionId": ready["subscriptionId"], "resourceGroupName": ready["resourceGroup"],
             "locationName": "westeurope", "location": "westeurope", "recordType": "A", "managedInstanceName": ready["managedInstances"][0]["name"]}
    paths = {re.sub(r"\{(\w+)\}", lambda hole: given.get(hole[1], "x"), template) for template in templates()}
    assert len(paths) >= LEAST, f"only {len(paths)} paths are known"
    wrong = []
    for path in sorted(paths):
        status, code = caller.get(path)
        if status >= 500 or code in MISSPELT:
            wrong.append(f"{path}: {status} {code}")
    assert not wrong, "\n".join(wrong)
