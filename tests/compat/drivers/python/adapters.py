"""What differs between the Python drivers: connecting, placeholders, errors, messages, and gaps of their own."""

import contextlib
import os
import re
import struct
from pathlib import Path


class Skip(Exception):
    """The driver itself cannot do what the test asks."""


class Adapter:
    """The common ground; each driver overrides what it does differently."""

    mark = "?"
    encryptions = ("off", "on")
    digits = 6
    # Digits of a second's fraction that survive binding; never more than six, as Python has no more.
    bind_digits = 6
    # False where the driver drops trailing zeros of a decimal.
    keeps_scale = True
    # Names of types (up to the bracket) or of cases the driver itself cannot read or bind, with the reason.
    cannot_select: dict = {}
    cannot_bind: dict = {}
    # False where the driver shows a message's number but not its line.
    knows_lines = False
    knows_rowcount = True
    timeouts_keep_connection = True
    # Whether connections say that they only read; None where the driver has no word for it.
    read_only_intent: bool | None = False

    def __init__(self, ready: dict, work: Path):
        self.ready = ready
        self.work = work

    # What is dialled instead of the host of the ready file, and which of the servers it is.
    host: str | None = None
    which = 0

    def server(self, where: str) -> dict:
        """The ready file's record of the SQL Server or of the managed instance."""
        at = self.ready["sqlServers" if where == "sql" else "managedInstances"][self.which]
        return {**at, "host": self.host} if self.host else at

    @contextlib.contextmanager
    def dialling(self, host: str | None = None, which: int = 0):
        """Connections go to the same port by another name, or to another server's."""
        self.host, self.which = host, which
        try:
            yield
        finally:
            self.host, self.which = None, 0

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None):
        """`verify` names a CA file to check the server's certificate against; None trusts anything."""
        raise NotImplementedError

    def number(self, error: Exception) -> int | None:
        """The server's message number."""
        raise NotImplementedError

    def binary(self, value: bytes):
        """Bytes as this driver binds them."""
        return value

    def text(self, error: Exception) -> str:
        """The server's words."""
        return str(error)

    def line(self, error: Exception) -> int | None:
        """The line the server blames."""
        return None

    def messages(self, connection, cursor) -> list[str]:
        """Texts of informational messages since the statement began."""
        return [str(text) for _, text in cursor.messages]

    def prepare_messages(self, connection) -> None:
        """Anything needed before messages can be seen."""


def freetds_conf(work: Path, ca: str | None, at: dict) -> None:
    """FreeTDS takes its trust from a file; every use of it here gets one of its own."""
    trust = f"\tca file = {ca}\n\tcheck certificate hostname = yes\n" if ca else ""
    text = (f"[global]\n\ttds version = 7.4\n\tclient charset = UTF-8\n\ttext size = 2147483647\n{trust}"
            f"[compat]\n\thost = {at['host']}\n\tport = {at['port']}\n\ttds version = 7.4\n{trust}")
    path = work / "freetds.conf"
    path.write_text(text)
    os.environ["FREETDSCONF"] = str(path)
    os.environ["FREETDS"] = str(path)


class Pymssql(Adapter):
    mark = "%s"
    # Parameters are written into the text, moments as the old datetime.
    bind_digits = 3
    knows_lines = True
    timeouts_keep_connection = False
    cannot_select = {
        "sql_variant": "DB-Library hands out the bytes of a variant",
        "datetimeoffset": "DB-Library drops the offset",
    }
    cannot_bind = {"datetimeoffset": "parameters are written without their offset"}

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None):
        if token:
            raise Skip("pymssql has no access tokens")
        at = self.server(where)
        freetds_conf(self.work, verify, at)
        import pymssql
        return pymssql.connect(
            server=at["host"], port=str(at["port"]), user=user or at["user"], password=password or at["password"],
            database=database or "", autocommit=autocommit, timeout=timeout, login_timeout=20, tds_version="7.4",
            encryption={"off": "off", "on": "require"}[encrypt], appname="compat", read_only=self.read_only_intent,
        )

    def number(self, error):
        found = re.match(r"\((\d+),", str(error.args)) or re.match(r"\(\((\d+),", str(error.args))
        return int(found.group(1)) if found else None

    def text(self, error):
        return " ".join(part.decode() if isinstance(part, bytes) else str(part) for part in error.args)

    def line(self, error):
        cause = error.__context__ or error.__cause__ or error
        return getattr(cause, "line", None)

    def prepare_messages(self, connection):
        self.seen = []
        connection._conn.set_msghandler(lambda state, severity, server, proc, line, text: self.seen.append(text.decode() if isinstance(text, bytes) else text))

    def messages(self, connection, cursor):
        return self.seen


class PythonTds(Adapter):
    mark = "%s"
    knows_lines = True
    keeps_scale = False

    def binary(self, value):
        import pytds
        return pytds.Binary(value)

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None):
        import pytds
        at = self.server(where)
        if encrypt == "on" and verify is None:
            verify = self.ready["caFile"]
        extra = {"access_token_callable": lambda: token} if token else {
            "user": user or at["user"], "password": password or at["password"]}
        return pytds.connect(
            # This driver compares names only, never addresses.
            dsn="localhost" if at["host"] == "127.0.0.1" and not self.host else at["host"], port=at["port"], database=database, autocommit=autocommit, appname="compat",
            timeout=timeout or None, login_timeout=20, cafile=verify if encrypt == "on" else None,
            validate_host=encrypt == "on" and not self.host, disable_connect_retry=True, readonly=self.read_only_intent, **extra,
        )

    def number(self, error):
        return getattr(error, "number", None) or getattr(error, "msg_no", None)

    def line(self, error):
        return getattr(error, "line", None)


class Odbc(Adapter):
    """Shared by the two ODBC drivers under pyodbc."""

    def number(self, error):
        found = re.findall(r"\((\d+)\) \(SQL", str(error.args[-1]))
        return int(found[0]) if found else None

    def connect_string(self, text: str, *, autocommit: bool, timeout: int, attrs: dict | None = None):
        import pyodbc
        pyodbc.pooling = False
        connection = pyodbc.connect(text, autocommit=autocommit, timeout=20, attrs_before=attrs or {})
        connection.timeout = timeout
        connection.add_output_converter(-155, offset_value)
        return connection


def offset_value(raw: bytes):
    """SQL_SS_TIMESTAMPOFFSET_STRUCT: pyodbc leaves it to the program."""
    import datetime
    year, month, day, hour, minute, second, nanos, east, past = struct.unpack("<6hI2h", raw)
    zone = datetime.timezone(datetime.timedelta(hours=east, minutes=past))
    return datetime.datetime(year, month, day, hour, minute, second, nanos // 1000, zone)


class PyodbcFreetds(Odbc):
    cannot_select = {
        "sql_variant": "tdsodbc has no C type for a variant",
        "datetimeoffset": "tdsodbc has no C type for an offset",
    }
    read_only_intent = None
    cannot_bind = {**cannot_select, "date min": "tdsodbc sends a wrong number of days", "time": "pyodbc binds no fraction"}

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None, version="7.4"):
        if token:
            raise Skip("tdsodbc has no access tokens")
        at = self.server(where)
        freetds_conf(self.work, verify, at)
        # Only a name from FreeTDS' own file brings that file's trust along.
        address = "SERVERNAME=compat" if verify else f"SERVER={at['host']};PORT={at['port']}"
        text = (f"DRIVER=FreeTDS;{address};UID={user or at['user']};"
                f"PWD={{{password or at['password']}}};TDS_Version={version};ClientCharset=UTF-8;APP=compat;"
                f"Encryption={'require' if encrypt == 'on' else 'off'};")
        if database:
            text += f"DATABASE={database};"
        return self.connect_string(text, autocommit=autocommit, timeout=timeout)


def microsoft_string(at: dict, encrypt: str, database, user, password, verify, token) -> str:
    """The connection string Microsoft's driver takes, from either binding."""
    # OpenSSL's own variable is how this driver learns of another CA.
    os.environ["SSL_CERT_FILE"] = verify or os.devnull
    os.environ["SSL_CERT_DIR"] = os.devnull
    text = (f"SERVER=tcp:{at['host']},{at['port']};APP=compat;"
            f"Encrypt={ {'off': 'no', 'on': 'yes', 'strict': 'strict'}[encrypt]};"
            f"TrustServerCertificate={'no' if verify or encrypt == 'strict' else 'yes'};")
    # This driver compares names only, never addresses.
    if verify and at["host"] == "127.0.0.1":
        text += "HostNameInCertificate=localhost;"
    if not token:
        text += f"UID={user or at['user']};PWD={{{password or at['password']}}};"
    if database:
        text += f"DATABASE={database};"
    return text


def token_bytes(token: str) -> bytes:
    """The structure behind SQL_COPT_SS_ACCESS_TOKEN."""
    wide = token.encode("utf-16-le")
    return struct.pack("<i", len(wide)) + wide


class PyodbcMicrosoft(Odbc):
    encryptions = ("off", "on", "strict")
    cannot_select = {"sql_variant": "pyodbc knows few types inside a variant, and no NULL"}
    cannot_bind = {"datetimeoffset": "pyodbc drops the offset", "time": "pyodbc binds no fraction"}

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None):
        verify = verify or (self.ready["caFile"] if encrypt == "strict" else None)
        text = microsoft_string(self.server(where), encrypt, database, user, password, verify, token)
        text += "ApplicationIntent=ReadOnly;" if self.read_only_intent else ""
        return self.connect_string(f"DRIVER={{ODBC18}};{text}", autocommit=autocommit, timeout=timeout,
                                   attrs={1256: token_bytes(token)} if token else None)


class MssqlPython(Adapter):
    encryptions = ("off", "on", "strict")
    cannot_bind = {"date min": "the binding takes dates from 1753 on"}

    def connect(self, where="sql", *, encrypt="on", database=None, user=None, password=None,
                autocommit=True, verify=None, timeout=0, token=None):
        verify = verify or (self.ready["caFile"] if encrypt == "strict" else None)
        text = microsoft_string(self.server(where), encrypt, database, user, password, verify, token)
        text += "ApplicationIntent=ReadOnly;" if self.read_only_intent else ""
        import mssql_python
        mssql_python.pooling(enabled=False)
        connection = mssql_python.connect(text.replace("APP=compat;", ""), autocommit=autocommit,
                                          attrs_before={1256: token_bytes(token)} if token else None)
        connection.timeout = timeout
        return connection

    def number(self, error):
        # This binding drops native error numbers; the texts are compared instead.
        return None


ADAPTERS = {
    "pymssql": Pymssql,
    "python-tds": PythonTds,
    "pyodbc-freetds": PyodbcFreetds,
    "pyodbc-odbc18": PyodbcMicrosoft,
    "mssql-python": MssqlPython,
}
