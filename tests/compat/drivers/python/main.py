"""The tests every Python driver shares: `main.py CLIENT list` names them, `main.py CLIENT TEST` runs one."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import suite  # noqa: E402
from adapters import ADAPTERS, Skip  # noqa: E402


def main() -> int:
    client, test = sys.argv[1:3]
    if test == "list":
        for name, function in suite.TESTS.items():
            print("\t".join([name, *getattr(function, "flags", [])]))
        return 0
    ready = json.loads(Path(os.environ["MILINK_READY"]).read_text())
    adapter = ADAPTERS[client](ready, Path(os.environ["MILINK_WORK"]))
    try:
        suite.TESTS[test](adapter)
    except Skip as reason:
        print(reason)
        return 77
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = main()
    # Drivers that crash while the interpreter closes down would hide the result.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
