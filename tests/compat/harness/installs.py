"""Installs every client into `.cache`, once for each state of its pinned versions.

Nothing here touches the system except `apt-get install` of FreeTDS and unixODBC, which is
tried only as root and only when they are missing.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
CACHE = HERE / ".cache"
LOGS = CACHE / "logs"


class Unavailable(Exception):
    """The client cannot be had here; `required` when this machine offers its runtime."""

    def __init__(self, why: str, required: bool = False):
        super().__init__(why)
        self.required = required


def runtime(name: str) -> str:
    """The path of a program the machine may offer."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"no {name} on this machine")
    return found


def once(name: str, pins: list[Path], build) -> Path:
    """Runs `build(folder)` unless `.cache/<name>` was built from the same pins."""
    folder = CACHE / name
    stamp = folder / ".stamp"
    digest = hashlib.sha256()
    for pin in pins:
        digest.update(pin.read_bytes())
    digest.update(sys.version.encode())
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build(folder)
    stamp.write_text(digest.hexdigest())
    return folder


def run(name: str, command: list, cwd: Path | None = None, env: dict | None = None, limit: int = 900) -> None:
    """Runs one install step; its output goes to `.cache/logs`, its end into the reason."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("ab") as out:
        try:
            done = subprocess.run(
                [str(c) for c in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, **(env or {})}, timeout=limit, check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{command[0]} took over {limit} s (see {log})", required=True) from None
    if done.returncode != 0:
        last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
        raise Unavailable(f"{Path(str(command[0])).name} failed: {' '.join(last)[:200]} (see {log})", required=True)


def venv(name: str, requirements: Path) -> Path:
    """A Python environment of its own; answers its interpreter."""
    def build(folder: Path) -> None:
        run(name, [sys.executable, "-m", "venv", folder])
        run(name, [folder / "bin/python", "-m", "pip", "install", "-q", "--no-input",
                   "--disable-pip-version-check", "-r", requirements])

    return once(name, [requirements], build) / "bin/python"


def python_drivers() -> Path:
    """The Python of pymssql, python-tds, pyodbc and mssql-python."""
    return venv("python-drivers", HERE / "drivers/python/requirements.txt")


def azure_cli() -> Path:
    """The `az` program."""
    return venv("azure-cli", HERE / "az/requirements.txt").parent / "az"


def azure_sdk() -> Path:
    """The Python of Azure's management SDKs."""
    return venv("azure-sdk", HERE / "sdk/requirements.txt")


def node_sdk() -> Path:
    """The folder whose node_modules holds Azure's management SDKs."""
    runtime("node")
    npm = runtime("npm")
    pin = HERE / "sdk/node/package.json"

    def build(folder: Path) -> None:
        shutil.copy(pin, folder)
        run("node-sdk", [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=folder)

    return once("node-sdk", [pin], build)


def java_sdk() -> Path:
    """The folder with the jars of Java's management SDKs (`lib`) and the compiled walk (`classes`)."""
    javac, mvn = runtime("javac"), runtime("mvn")
    source = HERE / "sdk/java"

    def build(folder: Path) -> None:
        lib, classes = folder / "lib", folder / "classes"
        run("java-sdk", [mvn, "-q", "-B", "-f", source / "pom.xml", "dependency:copy-dependencies",
                         f"-DoutputDirectory={lib}"])
        run("java-sdk", [javac, "-encoding", "UTF-8", "-cp", f"{lib}/*", "-d", classes, source / "Walk.java"])

    return once("java-sdk", [source / "pom.xml", source / "Walk.java"], build)


def python_sdk() -> Path:
    """The Python of the walk with its management SDKs."""
    return venv("python-sdk", HERE / "sdk/python/requirements.txt")


def go_sdk() -> Path:
    """The compiled walk of Go's management SDKs."""
    go = runtime("go")
    source = HERE / "sdk/go"
    files = [source / "main.go", source / "go.mod", source / "go.sum"]

    def build(folder: Path) -> None:
        run("go-sdk", [go, "build", "-o", folder / "program", "."], cwd=source, limit=1800)

    return once("go-sdk", files, build) / "program"


def freetds_library() -> Path:
    """FreeTDS' ODBC driver, from Debian's package."""
    library = next(iter(Path("/usr/lib").glob("*/odbc/libtdsodbc.so")), None)
    if library is None:
        apt("tdsodbc", "freetds-bin", "unixodbc")
        library = next(iter(Path("/usr/lib").glob("*/odbc/libtdsodbc.so")), None)
    if library is None:
        raise Unavailable("no libtdsodbc.so after installing tdsodbc", required=True)
    return library


def freetds_program(name: str) -> str:
    """One of FreeTDS' own programs (`tsql`)."""
    if shutil.which(name) is None:
        apt("tdsodbc", "freetds-bin", "unixodbc")
    return runtime(name)


def apt(*packages: str) -> None:
    """Debian packages, when we may install any."""
    if shutil.which("apt-get") is None:
        raise Unavailable("no apt-get on this machine")
    if os.geteuid() != 0:
        raise Unavailable(f"apt-get install {' '.join(packages)} needs root")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt", ["apt-get", "update", "-qq"], env=env)
    run("apt", ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=env)


def microsoft_odbc_library() -> Path:
    """Microsoft's ODBC driver 18, which mssql-python brings along."""
    python = python_drivers()
    found = sorted(python.parent.parent.glob(
        "lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu/*/lib/libmsodbcsql-18*.so*"))
    machine = os.uname().machine.replace("aarch64", "arm64")
    for library in found:
        if library.parent.parent.name == machine:
            return library
    raise Unavailable("mssql-python brings no ODBC library for this machine", required=True)


def odbc_settings() -> dict:
    """Environment that makes unixODBC see both drivers and nothing of the user's own."""
    folder = CACHE / "odbc"
    folder.mkdir(parents=True, exist_ok=True)
    text = ""
    for name, find in (("FreeTDS", freetds_library), ("ODBC18", microsoft_odbc_library)):
        try:
            text += f"[{name}]\nDescription={name}\nDriver={find()}\nUsageCount=1\n\n"
        except Unavailable:
            continue
    (folder / "odbcinst.ini").write_text(text)
    (folder / "odbc.ini").write_text("")
    return {"ODBCSYSINI": str(folder), "ODBCINSTINI": "odbcinst.ini", "ODBCINI": str(folder / "odbc.ini")}


def node_modules(name: str) -> Path:
    """The folder whose node_modules holds what the driver of this name pins."""
    runtime("node")
    npm = runtime("npm")
    pin = HERE / "drivers" / name / "package.json"

    def build(folder: Path) -> None:
        shutil.copy(pin, folder)
        run(name, [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=folder)

    return once(name, [pin], build)


def go_mssqldb() -> Path:
    """The compiled test program of go-mssqldb."""
    go = runtime("go")
    source = HERE / "drivers/go-mssqldb"
    files = sorted(source.glob("*.go")) + [source / "go.mod", source / "go.sum"]

    def build(folder: Path) -> None:
        run("go-mssqldb", [go, "build", "-o", folder / "program", "."], cwd=source)

    return once("go-mssqldb", files, build) / "program"


def go_sqlcmd() -> Path:
    """sqlcmd, from PATH or built from its module."""
    found = shutil.which("sqlcmd")
    if found:
        return Path(found)
    go = runtime("go")
    pin = HERE / "drivers/go-sqlcmd/version"

    def build(folder: Path) -> None:
        module = f"github.com/microsoft/go-sqlcmd/cmd/modern@{pin.read_text().strip()}"
        try:
            run("go-sqlcmd", [go, "install", module], env={"GOBIN": str(folder), "GOFLAGS": "-mod=mod"})
        except Unavailable as failure:
            # Not every module proxy serves this module; the runtime itself is proven by go-mssqldb.
            raise Unavailable(f"no sqlcmd on PATH, and {failure}") from None

    return once("go-sqlcmd", [pin], build) / "modern"


def azapi() -> Path:
    """Terraform's provider for any type of ARM, built in a copy of its module, which does not install by its path alone."""
    go = runtime("go")
    pin = HERE / "terraform/azapi-version"

    def build(folder: Path) -> None:
        module = f"github.com/Azure/terraform-provider-azapi@{pin.read_text().strip()}"
        done = subprocess.run([go, "mod", "download", "-json", module], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            # Not every module proxy serves every module; the runtime itself is proven by go-mssqldb.
            raise Unavailable(f"{module} cannot be had: {(done.stdout + done.stderr).strip()[-300:]}")
        source = folder / "source"
        # The module cache is read-only, and what is copied from it is not to be.
        shutil.copytree(json.loads(done.stdout)["Dir"], source, copy_function=shutil.copyfile)
        run("azapi", ["chmod", "-R", "u+w", source])
        run("azapi", [go, "build", "-mod=mod", "-o", folder / "terraform-provider-azapi", "."], cwd=source, limit=1800)
        shutil.rmtree(source)

    return once("azapi", [pin], build) / "terraform-provider-azapi"


def jdbc() -> Path:
    """The folder with the driver's jars (`lib`) and the compiled test program (`classes`)."""
    javac, mvn = runtime("javac"), runtime("mvn")
    source = HERE / "drivers/jdbc"
    pins = [source / "pom.xml", *sorted(source.glob("*.java"))]

    def build(folder: Path) -> None:
        lib, classes = folder / "lib", folder / "classes"
        run("jdbc", [mvn, "-q", "-B", "-f", source / "pom.xml", "dependency:copy-dependencies",
                     f"-DoutputDirectory={lib}"])
        run("jdbc", [javac, "-encoding", "UTF-8", "-cp", f"{lib}/*", "-d", classes, *sorted(source.glob("*.java"))])

    return once("jdbc", pins, build)
