"""Starts one emulator for one test, on free ports, and ends it by its process id."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "Compat-Pa55!wörd"
# Keys are made once for all tests, and the user's own are left alone.
STATE = ROOT / "tests/compat/.cache/state"


class StartFailure(Exception):
    """The emulator ended, or never said that it is ready."""


def binary() -> Path:
    """The emulator under test: MILINK_BIN, or the debug build of this tree."""
    named = os.environ.get("MILINK_BIN")
    if named:
        return Path(named)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug" / "milink"


class Emulator:
    """A running `milink up`; use as a context manager."""

    def __init__(self, *flags: str, password: str = PASSWORD):
        self.dir = Path(tempfile.mkdtemp(prefix="milink-compat-"))
        self.ready_file = self.dir / "ready.json"
        self.log = self.dir / "emulator.log"
        self.flags = list(flags)
        self.password = password
        self.ready = {}
        self.process = None

    def __enter__(self) -> "Emulator":
        command = [
            str(binary()), "up", "--ports", "auto",
            "--ready-file", str(self.ready_file),
            "--sa-password", self.password, "--state-dir", str(STATE), *self.flags,
        ]
        env = {k: v for k, v in os.environ.items() if not k.startswith("MILINK_")}
        env["RUST_BACKTRACE"] = "1"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartFailure(f"`milink up` ended with {self.process.returncode}\n{self.tail()}")
            try:
                self.ready = json.loads(self.ready_file.read_text())
                return self
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.01)
        self.stop()
        raise StartFailure(f"no ready file after 60 s\n{self.tail()}")

    def __exit__(self, *_) -> None:
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self) -> None:
        """Ask, wait, then insist."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self, lines: int = 40) -> str:
        """The end of what the emulator printed."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def complaint(self) -> str | None:
        """Why a test fails although its client was content: the emulator died or panicked."""
        if self.process.poll() is not None:
            return f"the emulator ended with {self.process.returncode} during the test"
        if "panicked at" in self.log.read_text(errors="replace"):
            return "the emulator panicked during the test"
        return None
