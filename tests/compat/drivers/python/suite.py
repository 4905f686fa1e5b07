"""Tests over the common ground of Python's database interface (PEP 249)."""

import decimal
import json
import ssl
import threading
import time
import urllib.parse
import urllib.request

from adapters import Odbc, PyodbcFreetds, Skip
from values import CASES, ERRORS, TYPES, native, neutral, same

TESTS = {}


def test(function):
    """Registers a test under its own name."""
    TESTS[function.__name__] = function
    return function


def flags(*words):
    """Emulator flags a test needs."""
    def mark(function):
        function.flags = list(words)
        return function

    return mark


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def rows(cursor) -> list[tuple]:
    return [tuple(row) for row in cursor.fetchall()]


def value(connection, sql, *parameters):
    """The single value of a query."""
    cursor = connection.cursor()
    cursor.execute(sql, tuple(parameters)) if parameters else cursor.execute(sql)
    found = rows(cursor)
    cursor.close()
    assert len(found) == 1 and len(found[0]) == 1, found
    return found[0][0]


def refused(action):
    """The exception of an action that must fail."""
    try:
        action()
    except Skip:
        raise
    except Exception as error:  # noqa: BLE001 - any driver's own class
        # The frames hold cursors, and an open cursor keeps some drivers' connections busy.
        return error.with_traceback(None)
    raise AssertionError("nothing was refused")


def drain(cursor) -> list[list[tuple]]:
    """All result sets of a batch; statements without rows leave none."""
    sets = []
    while True:
        if cursor.description:
            sets.append(rows(cursor))
        if not cursor.nextset():
            return sets


def expect_error(a, error, number, text):
    """The server's number where the driver shows it; the text always."""
    seen = a.number(error)
    assert seen in (None, number), f"number {seen}, expected {number}: {error!r}"
    assert text in a.text(error), f"expected {text!r} in {error!r}"
    if seen is None:
        assert text, "nothing to compare"


# --- connecting ---------------------------------------------------------------------------------

def encrypted(connection) -> str:
    return value(connection, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID")


@test
def connect_clear(a):
    connection = a.connect(encrypt="off")
    equal(value(connection, "SELECT 1"), 1)
    equal(value(connection, "SELECT CAST(@@SERVERNAME AS nvarchar(128))"), a.server("sql")["name"])


@test
def connect_encrypted(a):
    connection = a.connect(encrypt="on")
    equal(value(connection, "SELECT 1"), 1)
    equal(encrypted(connection), "TRUE")


@test
def connect_strict(a):
    if "strict" not in a.encryptions:
        raise Skip("the driver has no strict encryption")
    connection = a.connect(encrypt="strict")
    equal(value(connection, "SELECT 1"), 1)
    equal(encrypted(connection), "TRUE")


@test
def connect_verified(a):
    connection = a.connect(encrypt="on", verify=a.ready["caFile"])
    equal(value(connection, "SELECT 1"), 1)


@test
def wrong_ca_is_refused(a):
    # The same settings with the right one must work, or the refusal proves nothing.
    equal(value(a.connect(encrypt="on", verify=a.ready["caFile"]), "SELECT 1"), 1)
    # A self-signed certificate that nobody has the key of.
    error = refused(lambda: a.connect(encrypt="on", verify=str(CASES / "other-ca.pem")))
    assert "Login failed" not in str(error), error


@test
def reconnects(a):
    for _ in range(10):
        connection = a.connect()
        equal(value(connection, "SELECT 1"), 1)
        connection.close()


@test
def bad_password(a):
    error = refused(lambda: a.connect(password="not this one"))
    expect_error(a, error, 18456, "Login failed for user 'sa'.")


@test
def unknown_user(a):
    error = refused(lambda: a.connect(user="nobody"))
    expect_error(a, error, 18456, "Login failed for user 'nobody'.")


@test
def unknown_database(a):
    error = refused(lambda: a.connect(database="nothing_here"))
    seen = a.number(error)
    assert seen in (None, 4060, 18456), error
    assert "nothing_here" in str(error) or "Login failed" in str(error), error


@test
def session_facts(a):
    connection = a.connect(database="db1")
    equal(value(connection, "SELECT DB_NAME()"), "db1")
    equal(value(connection, "SELECT SUSER_SNAME()"), "sa")
    equal(value(connection, "SELECT CAST(@@SPID AS int)") > 50, True)
    equal(value(connection, "SELECT @@TRANCOUNT"), 0)
    connection.cursor().execute("USE master")
    equal(value(connection, "SELECT DB_NAME()"), "master")
    version = value(connection, "SELECT @@VERSION")
    assert version.startswith("Microsoft SQL Server 2022"), version


@test
def managed_instance(a):
    connection = a.connect("mi")
    equal(value(connection, "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"), 8)
    equal(value(connection, "SELECT CAST(@@SERVERNAME AS nvarchar(200))"), a.server("mi")["fqdn"])


@test
def managed_instance_by_token(a):
    token = database_token(a.ready)
    connection = a.connect("mi", token=token)
    equal(value(connection, "SELECT 1"), 1)


@test
def spoilt_token_is_refused(a):
    token = database_token(a.ready)
    spoilt = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
    error = refused(lambda: a.connect("mi", token=spoilt))
    expect_error(a, error, 18456, "Login failed")


def database_token(ready) -> str:
    """A token for the data plane, asked for as any Entra client does."""
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": ready["clientId"],
        "client_secret": ready["clientSecret"], "scope": "https://database.windows.net/.default",
    }).encode()
    url = f"{ready['entraUrl'].rstrip('/')}/{ready['tenantId']}/oauth2/v2.0/token"
    trust = ssl.create_default_context(cafile=ready["caFile"])
    with urllib.request.urlopen(url, form, context=trust) as answer:
        return json.load(answer)["access_token"]


# --- values -------------------------------------------------------------------------------------

def usable(gaps, case) -> bool:
    return case["type"].split("(")[0] not in gaps and case["name"] not in gaps


def check_value(a, case, got, problems, digits=None):
    try:
        actual = neutral(case["kind"], got)
    except Exception as error:  # noqa: BLE001 - goes into the list of all problems
        problems.append(f"{case['name']}: {got!r} is no {case['kind']} ({error})")
        return
    if not a.keeps_scale and case["kind"] == "decimal":
        actual, wanted = str(decimal.Decimal(actual).normalize()), str(decimal.Decimal(case["text"]).normalize())
        if actual == wanted:
            return
    if not same(case["kind"], actual, case["text"], digits or a.digits):
        problems.append(f"{case['name']}: got {actual}, expected {case['text']}")


def collect(cases, one):
    """Runs `one(case, problems)` for all cases before failing, so that one run shows everything."""
    problems = []
    for case in cases:
        try:
            one(case, problems)
        except Exception as error:  # noqa: BLE001
            problems.append(f"{case['name']}: {type(error).__name__}: {error}")
    assert not problems, "\n".join(["", *problems])


@test
def select_types(a):
    connection = a.connect()

    def one(case, problems):
        cursor = connection.cursor()
        cursor.execute(f"SELECT CAST({case['value']} AS {case['type']}) AS v, CAST(NULL AS {case['type']}) AS n")
        (got, null), = rows(cursor)
        if null is not None:
            problems.append(f"{case['name']}: NULL came as {null!r}")
        check_value(a, case, got, problems)

    collect([c for c in TYPES if usable(a.cannot_select, c)], one)


@test
def column_types(a):
    connection = a.connect()

    def one(case, problems):
        cursor = connection.cursor()
        cursor.execute("IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t")
        cursor.execute(f"CREATE TABLE #t (id int NOT NULL PRIMARY KEY, v {case['type']} NULL)")
        cursor.execute(f"INSERT INTO #t (id, v) VALUES (1, CAST({case['value']} AS {case['type']})), (2, NULL)")
        cursor.execute("SELECT v, id FROM #t ORDER BY id")
        (got, _), (null, last) = rows(cursor)
        if null is not None or last != 2:
            problems.append(f"{case['name']}: NULL row came as {(null, last)!r}")
        check_value(a, case, got, problems)

    collect([c for c in TYPES if usable(a.cannot_select, c)], one)


@test
def parameters(a):
    connection = a.connect()

    def one(case, problems):
        if case["type"] == "sql_variant":
            return
        bound = native(case["kind"], case["text"])
        got = value(connection, f"SELECT CAST({a.mark} AS {case['type']})", a.binary(bound) if case["kind"] == "binary" else bound)
        check_value(a, case, got, problems, a.bind_digits)

    collect([c for c in TYPES if usable({**a.cannot_select, **a.cannot_bind}, c)], one)


@test
def null_parameters(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE #p (id int NOT NULL, a int NULL, b nvarchar(20) NULL, c datetime2 NULL, d varbinary(10) NULL)")
    cursor.execute(f"INSERT INTO #p (id, a, b, c) VALUES ({', '.join([a.mark] * 4)})", (1, None, None, None))
    cursor.execute("SELECT id, a, b, c, d FROM #p")
    equal(rows(cursor), [(1, None, None, None, None)])


@test
def many_parameters(a):
    connection = a.connect()
    marks = ", ".join([f"({a.mark}, {a.mark})"] * 200)
    values = tuple(v for i in range(200) for v in (i, f"name {i}"))
    cursor = connection.cursor()
    cursor.execute(f"SELECT COUNT(*), SUM(i), MAX(s) FROM (VALUES {marks}) AS t(i, s)", values)
    equal(rows(cursor), [(200, 19900, "name 99")])


@test
def unicode(a):
    connection = a.connect()
    text = "Ünïcödé, 中文, עברית, 😀, e\u0301, \u200b."
    equal(value(connection, f"SELECT N'{text}'"), text)
    equal(value(connection, f"SELECT CAST({a.mark} AS nvarchar(100))", text), text)
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS [имя 列], 2 AS [имя 列], 3")
    equal([column[0] for column in cursor.description], ["имя 列", "имя 列", ""])
    equal(rows(cursor), [(1, 2, 3)])


@test
def large_values(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE #big (id int, t nvarchar(max), b varbinary(max))")
    text, blob = "ž-12345678" * 104858, bytes(range(256)) * 4096
    cursor.execute(f"INSERT INTO #big VALUES ({a.mark}, {a.mark}, {a.mark})", (1, text, a.binary(blob)))
    cursor.execute("SELECT t, b, DATALENGTH(t), DATALENGTH(b) FROM #big")
    (got_text, got_blob, text_bytes, blob_bytes), = rows(cursor)
    equal((text_bytes, blob_bytes), (2 * len(text), len(blob)))
    assert got_text == text, f"{len(got_text)} characters came back"
    assert bytes(got_blob) == blob, f"{len(got_blob)} bytes came back"
    made = value(connection, "SELECT REPLICATE(CAST(N'xy' AS nvarchar(max)), 600000)")
    assert made == "xy" * 600000, len(made)


# --- results ------------------------------------------------------------------------------------

@test
def several_results(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS a; SELECT 'x' AS b, 2 AS c WHERE 1 = 0; DECLARE @i int = 5; SELECT @i + 1 AS d UNION ALL SELECT 9")
    equal(drain(cursor), [[(1,)], [], [(6,), (9,)]])
    equal(value(connection, "SELECT 3"), 3)


@test
def many_rows(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute((CASES / "many-rows.sql").read_text())
    found = rows(cursor)
    equal((len(found), len({n for n, _ in found}), max(n for n, _ in found)), (20000, 20000, 19999))


@test
def half_read_result(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute((CASES / "many-rows.sql").read_text())
    equal(len(cursor.fetchmany(3)), 3)
    cursor.close()
    equal(value(connection, "SELECT 7"), 7)


@test
def row_counts(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE #r (id int, v int)")
    cursor.execute("INSERT INTO #r VALUES (1, 1), (2, 2), (3, 3)")
    equal(cursor.rowcount, 3)
    cursor.execute("UPDATE #r SET v = v + 1 WHERE id > 1")
    equal(cursor.rowcount, 2)
    cursor.execute("DELETE FROM #r WHERE id = 99")
    equal(cursor.rowcount, 0)
    cursor.execute("DELETE FROM #r")
    equal(cursor.rowcount, 3)


@test
def description(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT CAST(1 AS int) AS i, CAST('x' AS varchar(7)) AS v, CAST(1.5 AS decimal(10, 3)) AS d WHERE 1 = 0")
    equal([column[0] for column in cursor.description], ["i", "v", "d"])
    equal(rows(cursor), [])


# --- messages and errors ------------------------------------------------------------------------

@test
def print_and_low_raiserror(a):
    connection = a.connect()
    a.prepare_messages(connection)
    cursor = connection.cursor()
    cursor.execute("PRINT N'žluťoučký'; RAISERROR('only a note %s', 10, 1, 'here'); SELECT 1 AS v")
    # Some drivers keep the messages of the latest step only.
    seen, found = list(a.messages(connection, cursor)), []
    while True:
        if cursor.description:
            found += rows(cursor)
        if not cursor.nextset():
            break
        seen += a.messages(connection, cursor)
    equal(found, [(1,)])
    seen = "\n".join(seen)
    assert "žluťoučký" in seen and "only a note here" in seen, seen
    equal(value(connection, "SELECT 2"), 2)


@test
def error_numbers(a):
    connection = a.connect()

    def one(case, problems):
        def act():
            cursor = connection.cursor()
            cursor.execute(case["sql"])
            drain(cursor)

        error = refused(act)
        number = a.number(error)
        if number not in (None, case["number"]):
            problems.append(f"{case['name']}: number {number}, expected {case['number']}: {error}")
        elif case["text"] not in a.text(error):
            problems.append(f"{case['name']}: {error}, expected {case['text']!r}")
        if a.knows_lines and a.line(error) != case["line"]:
            problems.append(f"{case['name']}: line {a.line(error)}, expected {case['line']}")
        if value(connection, "SELECT 1") != 1:
            problems.append(f"{case['name']}: the connection is lost")

    collect(ERRORS, one)


@test
def error_after_rows(a):
    connection = a.connect()
    cursor = connection.cursor()

    def act():
        cursor.execute("SELECT 1 AS v; SELECT 1 / 0; SELECT 2 AS v")
        drain(cursor)

    expect_error(a, refused(act), 8134, "Divide by zero")
    cursor.close()
    equal(value(connection, "SELECT 3"), 3)


@test
def try_catch(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("""BEGIN TRY
    SELECT 1 / 0 AS v
END TRY
BEGIN CATCH
    SELECT ERROR_NUMBER() AS n, ERROR_LINE() AS l, ERROR_SEVERITY() AS s, ERROR_MESSAGE() AS m
END CATCH""")
    equal(drain(cursor)[-1], [(8134, 2, 16, "Divide by zero error encountered.")])


# --- transactions -------------------------------------------------------------------------------

def scratch_table(connection, name):
    cursor = connection.cursor()
    cursor.execute(f"CREATE TABLE dbo.{name} (id int NOT NULL PRIMARY KEY, v nvarchar(20) NULL)")
    cursor.close()


def run(connection, sql):
    """A statement in a cursor of its own: some drivers allow one at a time."""
    cursor = connection.cursor()
    cursor.execute(sql)
    cursor.close()


@test
def commit_and_rollback(a):
    setup = a.connect(database="db1")
    scratch_table(setup, "tran_test")
    connection = a.connect(database="db1", autocommit=False)
    run(connection, "INSERT INTO dbo.tran_test VALUES (1, N'kept')")
    connection.commit()
    run(connection, "INSERT INTO dbo.tran_test VALUES (2, N'lost')")
    equal(value(connection, "SELECT COUNT(*) FROM dbo.tran_test"), 2)
    connection.rollback()
    equal(value(connection, "SELECT COUNT(*) FROM dbo.tran_test"), 1)
    connection.commit()
    run(connection, "INSERT INTO dbo.tran_test VALUES (3, N'lost too')")
    connection.close()
    equal(value(setup, "SELECT COUNT(*) FROM dbo.tran_test"), 1)


@test
def transactions_in_text(a):
    connection = a.connect(database="db1")
    scratch_table(connection, "text_tran")
    run(connection, "BEGIN TRANSACTION")
    equal(value(connection, "SELECT @@TRANCOUNT"), 1)
    run(connection, "INSERT INTO dbo.text_tran VALUES (1, N'a')")
    run(connection, "SAVE TRANSACTION s1")
    run(connection, "INSERT INTO dbo.text_tran VALUES (2, N'b')")
    run(connection, "ROLLBACK TRANSACTION s1")
    run(connection, "COMMIT TRANSACTION")
    equal(value(connection, "SELECT @@TRANCOUNT"), 0)
    equal(value(connection, "SELECT MAX(id) FROM dbo.text_tran"), 1)


@test
def error_keeps_transaction(a):
    connection = a.connect(database="db1", autocommit=False)
    scratch_table(connection, "error_tran")
    connection.commit()
    cursor = connection.cursor()
    cursor.execute("INSERT INTO dbo.error_tran VALUES (1, N'a')")
    expect_error(a, refused(lambda: connection.cursor().execute("INSERT INTO dbo.error_tran VALUES (1, N'b')")), 2627, "Violation of PRIMARY KEY")
    connection.commit()
    equal(value(connection, "SELECT COUNT(*) FROM dbo.error_tran"), 1)


@test
def lock_timeout(a):
    first = a.connect(database="db1", autocommit=False)
    scratch_table(first, "lock_test")
    first.cursor().execute("INSERT INTO dbo.lock_test VALUES (1, N'a')")
    first.commit()
    first.cursor().execute("UPDATE dbo.lock_test SET v = N'b' WHERE id = 1")
    second = a.connect(database="db1")
    second.cursor().execute("SET LOCK_TIMEOUT 50")
    error = refused(lambda: second.cursor().execute("UPDATE dbo.lock_test SET v = N'c' WHERE id = 1"))
    expect_error(a, error, 1222, "Lock request time out period exceeded.")
    first.commit()
    equal(value(second, "SELECT v FROM dbo.lock_test"), "b")


# --- statements made once, run often ------------------------------------------------------------

@test
def same_statement_again(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE #again (id int, s nvarchar(30))")
    for i in range(20):
        cursor.execute(f"INSERT INTO #again VALUES ({a.mark}, {a.mark})", (i, "s" * i))
    for i in range(20):
        cursor.execute(f"SELECT s FROM #again WHERE id = {a.mark}", (i,))
        equal(rows(cursor), [("s" * i,)])


@test
def executemany(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE #many (id int, s nvarchar(30), d decimal(9, 2))")
    cursor.executemany(f"INSERT INTO #many VALUES ({a.mark}, {a.mark}, {a.mark})",
                       [(i, f"name {i}", decimal.Decimal(i) / 4) for i in range(50)])
    cursor.execute("SELECT COUNT(*), SUM(d), MAX(s) FROM #many")
    equal(rows(cursor), [(50, decimal.Decimal("306.25"), "name 9")])


@test
def statement_with_error_in_parameters(a):
    connection = a.connect()
    error = refused(lambda: value(connection, f"SELECT CAST({a.mark} AS int)", "not a number"))
    expect_error(a, error, 245, "Conversion failed when converting the")
    equal(value(connection, f"SELECT CAST({a.mark} AS int)", "12"), 12)


@test
def output_parameters(a):
    connection = a.connect()
    cursor = connection.cursor()
    cursor.execute("""DECLARE @sum int, @text nvarchar(50)
EXEC sp_executesql N'SET @s = @a + @b; SET @t = CONCAT(N''sum '', @s)',
    N'@a int, @b int, @s int OUTPUT, @t nvarchar(50) OUTPUT', 2, 3, @sum OUTPUT, @text OUTPUT
SELECT @sum AS s, @text AS t""")
    equal(drain(cursor)[-1], [(5, "sum 5")])


@test
def stored_procedure(a):
    connection = a.connect(database="db1")
    cursor = connection.cursor()
    cursor.execute("""CREATE PROCEDURE dbo.twice @in int, @out int OUTPUT AS
BEGIN
    SET NOCOUNT ON
    SET @out = 2 * @in
    SELECT @in AS seen
    RETURN 7
END""")
    cursor.execute("""DECLARE @o int, @r int
EXEC @r = dbo.twice 21, @o OUTPUT
SELECT @o AS o, @r AS r""")
    equal(drain(cursor), [[(21,)], [(42, 7)]])


# --- interrupting -------------------------------------------------------------------------------

@test
@flags("--clock", "real")
def query_timeout(a):
    connection = a.connect(timeout=1)
    start = time.monotonic()
    refused(lambda: connection.cursor().execute("WAITFOR DELAY '00:00:20'"))
    assert time.monotonic() - start < 10, "the time-out came late"
    if not a.timeouts_keep_connection:
        connection = a.connect()
    equal(value(connection, "SELECT 8"), 8)


@test
@flags("--clock", "real")
def cancel_from_another_thread(a):
    connection = a.connect()
    cursor = connection.cursor()
    if not hasattr(cursor, "cancel") or a.mark == "%s":
        raise Skip("the driver cannot cancel from another thread")
    threading.Timer(0.5, cursor.cancel).start()
    start = time.monotonic()
    refused(lambda: cursor.execute("WAITFOR DELAY '00:00:20'"))
    assert time.monotonic() - start < 10, "the cancel came late"
    equal(value(connection, "SELECT 9"), 9)


@test
@flags("--clock", "real")
def two_sessions_at_once(a):
    slow, quick = a.connect(), a.connect()
    done = []

    def wait():
        slow.cursor().execute("WAITFOR DELAY '00:00:02'")
        done.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    for _ in range(20):
        equal(value(quick, "SELECT 1"), 1)
    answered = time.monotonic()
    waiting.join()
    assert answered < done[0], "the second session waited for the first"


# --- connections that the server cuts ------------------------------------------------------------

def hears_nothing(a, connection):
    """The connection is broken, and the server has not said why."""
    error = refused(lambda: value(connection, "SELECT 1"))
    said = a.text(error)
    assert a.number(error) not in (596, 6005) and "kill state" not in said and "SHUTDOWN" not in said, said


@test
def killed_session(a):
    victim, other = a.connect(), a.connect()
    spid = value(victim, "SELECT @@SPID")
    run(other, f"KILL {spid}")
    hears_nothing(a, victim)
    expect_error(a, refused(lambda: run(other, f"KILL {spid}")), 6106, "not an active process ID")
    equal(value(a.connect(), "SELECT 1"), 1)


@test
def sent_away_from_a_database(a):
    victim, other = a.connect(database="db1"), a.connect()
    scratch_table(victim, "sent_away")
    run(victim, "BEGIN TRANSACTION")
    run(victim, "INSERT INTO dbo.sent_away VALUES (1, N'never')")
    # Two errors, of which drivers show the first, the last or both.
    busy = refused(lambda: run(other, "ALTER DATABASE db1 SET SINGLE_USER WITH NO_WAIT"))
    assert "other users are using" in a.text(busy) or a.number(busy) == 5069, busy
    run(other, "ALTER DATABASE db1 SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    hears_nothing(a, victim)
    equal(value(other, "SELECT COUNT(*) FROM db1.dbo.sent_away"), 0)
    run(other, "ALTER DATABASE db1 SET MULTI_USER")


# --- availability groups --------------------------------------------------------------------------

GROUP = """
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Str0ng!Passw0rd'
CREATE CERTIFICATE compat_endpoint WITH SUBJECT = 'compat', EXPIRY_DATE = '2049-12-31'
CREATE ENDPOINT compat STATE = STARTED AS TCP (LISTENER_PORT = 5022)
    FOR DATABASE_MIRRORING (ROLE = ALL, AUTHENTICATION = CERTIFICATE compat_endpoint, ENCRYPTION = REQUIRED ALGORITHM AES)
ALTER DATABASE db1 SET RECOVERY FULL
BACKUP DATABASE db1 TO DISK = N'/var/opt/mssql/backup/db1.bak'
DECLARE @create nvarchar(max) = N'CREATE AVAILABILITY GROUP compat WITH (CLUSTER_TYPE = NONE) FOR DATABASE db1
    REPLICA ON N''' + @@SERVERNAME + N''' WITH (ENDPOINT_URL = N''TCP://10.0.0.4:5022'', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT,
    FAILOVER_MODE = MANUAL, PRIMARY_ROLE (ALLOW_CONNECTIONS = READ_WRITE))'
EXEC sp_executesql @create
"""


@test
def read_only_intent(a):
    if a.read_only_intent is None:
        raise Skip("the driver cannot say that it only reads")
    admin = a.connect()
    run(admin, GROUP)
    equal(value(a.connect(database="db1"), "SELECT DB_NAME()"), "db1")
    a.read_only_intent = True
    # The primary takes only those that write as well.
    refused(lambda: value(a.connect(database="db1"), "SELECT 1"))
    equal(value(a.connect(), "SELECT DB_NAME()"), "master")
    reader = a.connect()
    expect_error(a, refused(lambda: run(reader, "USE db1")), 979, "application intent")
    run(admin, "DECLARE @alter nvarchar(max) = N'ALTER AVAILABILITY GROUP compat MODIFY REPLICA ON N''' + @@SERVERNAME + "
               "N''' WITH (PRIMARY_ROLE (ALLOW_CONNECTIONS = ALL))'; EXEC sp_executesql @alter")
    equal(value(a.connect(database="db1"), "SELECT DB_NAME()"), "db1")


@test
@flags("--topology", str(CASES / "routing.toml"))
def read_only_routing(a):
    """A reader that comes by the listener follows the primary's word to another server; a writer stays."""
    if a.read_only_intent is None:
        raise Skip("the driver cannot say that it only reads")
    admin = a.connect()
    script = (CASES / "routing.sql").read_text(encoding="utf-8").replace("{port}", str(a.ready["sqlServers"][1]["port"]))
    for batch in script.split("\nGO\n"):
        run(admin, batch)

    def reader(host, database="db1"):
        with a.dialling(host):
            return value(a.connect(database=database), "SELECT @@SERVERNAME")

    equal(reader("localhost"), "sqlserver1")
    a.read_only_intent = True
    equal(reader("localhost"), "sqlserver2")
    equal(reader("localhost", "master"), "sqlserver1")
    equal(reader("127.0.0.1"), "sqlserver1")
    # None of the list can be read.
    run(admin, "ALTER AVAILABILITY GROUP compat MODIFY REPLICA ON N'sqlserver1' WITH (PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'away')))")
    said = a.text(refused(lambda: reader("localhost")))
    assert "db1" in said or "Login failed" in said, said
    a.read_only_intent = False
    equal(reader("localhost"), "sqlserver1")


@test
@flags("--topology", str(CASES / "replicas.toml"))
def live_replica(a):
    """A reader that comes by the listener reads on the second replica what the first one commits; after a failover it is the other way."""
    if a.read_only_intent is None:
        raise Skip("the driver cannot say that it only reads")
    ports = [server["port"] for server in a.ready["sqlServers"]]

    def play(name):
        text = (CASES / name).read_text(encoding="utf-8").format(
            one=f"127.0.0.1:{ports[0]}", two=f"127.0.0.1:{ports[1]}", listener="localhost")
        for batch in text.split("\nGO\n"):
            with a.dialling(which=int(batch.startswith("-- sqlserver2"))):
                run(a.connect(), batch)

    def seen(reads, which):
        a.read_only_intent = reads
        try:
            with a.dialling("localhost", which):
                connection = a.connect(database="db1")
        finally:
            a.read_only_intent = False
        return value(connection, "SELECT @@SERVERNAME"), value(connection, "SELECT MAX(id) FROM dbo.served")

    play("replicas.sql")
    equal(seen(False, 0), ("sqlserver1", 1))
    equal(seen(True, 0), ("sqlserver2", 1))
    play("replicas-change.sql")
    equal(seen(False, 1), ("sqlserver2", 2))
    equal(seen(True, 1), ("sqlserver1", 2))


# --- one driver's own ---------------------------------------------------------------------------

@test
def catalog_functions(a):
    connection = a.connect(database="db1")
    cursor = connection.cursor()
    if not hasattr(cursor, "columns"):
        raise Skip("the driver has no catalog functions")
    cursor.execute("CREATE TABLE dbo.catalog_test (id int NOT NULL CONSTRAINT pk_catalog PRIMARY KEY, name nvarchar(40) NULL)")
    found = [tuple(row)[2] for row in cursor.tables(table="catalog_test").fetchall()]
    equal(found, ["catalog_test"])
    found = [(tuple(row)[3], tuple(row)[5]) for row in cursor.columns(table="catalog_test").fetchall()]
    equal(found, [("id", "int"), ("name", "nvarchar")])
    keys = [tuple(row)[3] for row in cursor.primaryKeys(table="catalog_test").fetchall()]
    equal(keys, ["id"])


@test
def older_protocols(a):
    if not isinstance(a, PyodbcFreetds):
        raise Skip("the driver speaks one version only")
    for version in ("7.3", "7.2", "7.1"):
        connection = a.connect(encrypt="off", version=version)
        equal(value(connection, "SELECT 1"), 1)
        equal(value(connection, "SELECT CAST(N'ž' AS nvarchar(10))"), "ž")
        equal(value(connection, "SELECT CAST('x' AS varchar(max))"), "x")
        equal(str(value(connection, "SELECT CAST('2024-02-29' AS date)"))[:10], "2024-02-29")
        connection.close()


@test
def scrollable_cursor(a):
    """ODBC's keyset and dynamic cursors with blocks of rows, and SQLSetPos."""
    if not isinstance(a, Odbc):
        raise Skip("the driver has no scrollable cursors")
    import odbc_cursor as odbc
    connection = a.connect(database="db1")
    connection.cursor().execute("CREATE TABLE dbo.scrolled (id int NOT NULL PRIMARY KEY, name varchar(20) NOT NULL);"
                                "INSERT dbo.scrolled VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')")
    a.connect_string = lambda text, **_: text
    text = a.connect(database="db1")
    query = "SELECT id, name FROM dbo.scrolled ORDER BY id"
    keyset = odbc.Cursor(text, odbc.KEYSET, odbc.VALUES, 2)
    keyset.query(query)
    equal(keyset.fetch(odbc.NEXT), [(1, "a"), (2, "b")])
    equal(keyset.fetch(odbc.LAST), [(4, "d"), (5, "e")])
    equal(keyset.fetch(odbc.PRIOR), [(2, "b"), (3, "c")])
    equal(keyset.fetch(odbc.ABSOLUTE, -2), [(4, "d"), (5, "e")])
    equal(keyset.fetch(odbc.RELATIVE, -1), [(3, "c"), (4, "d")])
    keyset.rename(2, "D", whole=isinstance(a, PyodbcFreetds))
    keyset.delete(1)
    equal(keyset.fetch(odbc.FIRST), [(1, "a"), (2, "b")])
    # FreeTDS does not look at the column that says so.
    missing = (0, "") if isinstance(a, PyodbcFreetds) else "deleted"
    equal(keyset.fetch(odbc.NEXT), [missing, (4, "D")])
    equal(keyset.fetch(odbc.ABSOLUTE, 9), [])
    keyset.close()
    dynamic = odbc.Cursor(text, odbc.DYNAMIC, odbc.READ_ONLY, 1)
    dynamic.query(query)
    equal(dynamic.fetch(odbc.NEXT), [(1, "a")])
    connection.cursor().execute("DELETE dbo.scrolled WHERE id = 2; INSERT dbo.scrolled VALUES (3, 'new')")
    equal(dynamic.fetch(odbc.NEXT), [(3, "new")])
    dynamic.close()
    equal(rows(connection.cursor().execute(query)), [(1, "a"), (3, "new"), (4, "D"), (5, "e")])
