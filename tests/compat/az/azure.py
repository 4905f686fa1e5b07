"""The unmodified Azure CLI, with a configuration of its own that points at the emulator."""

import json
import os
import ssl
import subprocess
import urllib.request
from pathlib import Path


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def names(items) -> list[str]:
    return sorted(item["name"] for item in items)


def control(ready: dict, path: str, body: dict):
    """Asks the emulator's own API."""
    url = ready["controlUrl"].rstrip("/") + path
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    context = ssl.create_default_context(cafile=ready["caFile"]) if url.startswith("https") else None
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)


class Az:
    """One user's CLI: one configuration folder, one login."""

    def __init__(self, ready: dict, work: Path, name: str = "az"):
        self.ready = ready
        self.folder = work / f"config-{name}"
        self.folder.mkdir()
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AZURE_")},
            "AZURE_CONFIG_DIR": str(self.folder),
            "REQUESTS_CA_BUNDLE": ready["caFile"],
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_SURVEY_MESSAGE": "no",
            "AZURE_CORE_LOGIN_EXPERIENCE_V2": "off",
            "AZURE_CORE_NO_COLOR": "true",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        }

    def run(self, *words: str, env: dict | None = None) -> tuple[int, str, str]:
        """Exit status, output and messages of one command."""
        command = [os.environ["MILINK_AZ"], *map(str, words)]
        if "-o" not in words and "--output" not in words:
            command += ["-o", "json"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              encoding="utf-8", env={**self.env, **(env or {})}, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, *words: str, env: dict | None = None):
        """The parsed output of a command that must succeed."""
        code, out, err = self.run(*words, env=env)
        assert code == 0, f"az {' '.join(map(str, words))[:300]}\nexit {code}\n{out}{err}"
        return json.loads(out) if out.strip() else None

    def refused(self, code: int, text: str, *words: str, env: dict | None = None) -> str:
        """The messages of a command that must end with `code` and say `text`."""
        seen, out, err = self.run(*words, env=env)
        assert seen == code and text in err, f"az {' '.join(map(str, words))[:300]}\nexit {seen}, expected {code} with {text!r}\n{out}{err}"
        return err

    def register(self) -> None:
        """Makes the emulator the CLI's cloud."""
        self("cloud", "register", "--name", "milink", "--endpoint-resource-manager", self.ready["armUrl"])
        self("cloud", "set", "--name", "milink")

    def login(self) -> None:
        """Registers and logs in as the ready file's service principal."""
        self.register()
        self("login", "--service-principal", "-u", self.ready["clientId"], "-p", self.ready["clientSecret"],
             "--tenant", self.ready["tenantId"])
