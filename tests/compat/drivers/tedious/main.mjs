// The tests of tedious: `main.mjs list` names them, `main.mjs TEST` runs one.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request as httpsRequest } from "node:https";
import { strict as assert } from "node:assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(join(process.env.MILINK_NODE_MODULES ?? ".", "x.js"));
const CASES = join(dirname(fileURLToPath(import.meta.url)), "../../cases");
const cases = (name) => JSON.parse(readFileSync(join(CASES, name), "utf8"));

let tedious;
let ready;

// --- the driver's callbacks as promises ---

function connect(where = "sql", options = {}) {
  const { user, password, token, ca, trust, host, which = 0, encrypt = true, ...rest } = options;
  const at = ready[where === "sql" ? "sqlServers" : "managedInstances"][which];
  const connection = new tedious.Connection({
    // Names go into TLS, addresses may not.
    server: host ?? (at.host === "127.0.0.1" ? "localhost" : at.host),
    authentication: token
      ? { type: "azure-active-directory-access-token", options: { token } }
      : { type: "default", options: { userName: user ?? at.user, password: password ?? at.password } },
    options: {
      port: at.port,
      encrypt,
      trustServerCertificate: trust ?? false,
      cryptoCredentialsDetails: { ca: readFileSync(ca ?? ready.caFile) },
      connectTimeout: 20000,
      requestTimeout: 60000,
      rowCollectionOnRequestCompletion: false,
      appName: "compat",
      ...rest,
    },
  });
  connection.messages = [];
  connection.errors = [];
  connection.on("infoMessage", (message) => connection.messages.push(message));
  connection.on("errorMessage", (message) => connection.errors.push(message));
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

// Answers {sets, counts, outputs, status}; each set is a list of rows with `columns` beside it.
function run(connection, sql, { parameters = [], outputs = [], how = "execSql", onRequest } = {}) {
  return new Promise((resolve, reject) => {
    const result = { sets: [], counts: [], outputs: {}, status: undefined };
    const request = new tedious.Request(sql, (error, count) => {
      result.count = count;
      error ? reject(error) : resolve(result);
    });
    for (const [name, type, value, options] of parameters) request.addParameter(name, type, value, options);
    for (const [name, type, value, options] of outputs) request.addOutputParameter(name, type, value, options);
    request.on("columnMetadata", (columns) => {
      const set = [];
      set.columns = columns;
      result.sets.push(set);
    });
    request.on("row", (columns) => result.sets.at(-1).push(columns.map((c) => c.value)));
    request.on("returnValue", (name, value) => (result.outputs[name] = value));
    for (const event of ["done", "doneInProc"]) {
      request.on(event, (count) => count !== undefined && result.counts.push(count));
    }
    request.on("doneProc", (_count, _more, status) => (result.status = status));
    connection[how](request);
    onRequest?.(request);
  });
}

const batch = (connection, sql) => run(connection, sql, { how: "execSqlBatch" });
const value = async (connection, sql, parameters = []) => (await run(connection, sql, { parameters })).sets[0][0][0];

async function refused(action) {
  try {
    await action();
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return error;
  }
  assert.fail("nothing was refused");
}

const pad = (number, size = 2) => String(number).padStart(size, "0");

// Dates come as UTC with the fraction past milliseconds beside them.
function timeText(date, delta) {
  const ticks = date.getUTCMilliseconds() * 10000 + Math.round((delta ?? 0) * 1e7);
  const fraction = pad(ticks, 7).replace(/0+$/, "");
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}${fraction ? "." + fraction : ""}`;
}
const dateText = (date) => `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;

function neutral(kind, got) {
  switch (kind) {
    case "bool":
    case "int":
    case "guid":
    case "string":
    case "xml":
      return String(got);
    case "float":
    case "decimal":
      return String(Number(got));
    case "binary":
      return "0x" + got.toString("hex").toUpperCase();
    case "date":
      return dateText(got);
    case "time":
      return timeText(got, got.nanosecondsDelta);
    case "datetime":
      return `${dateText(got)}T${timeText(got, got.nanosecondsDelta)}`;
    case "datetimeoffset":
      return got.toISOString() + (got.nanosecondsDelta ? ` +${got.nanosecondsDelta.toFixed(7)}` : "");
    default:
      throw new Error(`no kind ${kind}`);
  }
}

// JavaScript's numbers have some 16 digits, and the driver computes with them.
function same(kind, seen, want) {
  if (kind === "float" || kind === "decimal") return Math.abs(seen - want) <= Math.abs(want) * 1e-15;
  return seen === want;
}

function expected({ kind, text }) {
  if (kind === "float" || kind === "decimal") return String(Number(text));
  if (kind === "datetime" || kind === "time") return text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  if (kind === "datetimeoffset") {
    const digits = (/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(7, "0");
    const delta = Number(digits.slice(3)) / 1e7;
    return new Date(text.replace(/\.\d+/, `.${digits.slice(0, 3)}`)).toISOString() + (delta ? ` +${delta.toFixed(7)}` : "");
  }
  return text;
}

async function collect(list, one) {
  const problems = [];
  for (const each of list) {
    try {
      await one(each, problems);
    } catch (error) {
      problems.push(`${each.name}: ${error.message}`);
    }
  }
  assert.equal(problems.join("\n"), "");
}

function databaseToken() {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: ready.clientId,
    client_secret: ready.clientSecret,
    scope: "https://database.windows.net/.default",
  }).toString();
  const url = `${ready.entraUrl.replace(/\/$/, "")}/${ready.tenantId}/oauth2/v2.0/token`;
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, {
      method: "POST",
      ca: readFileSync(ready.caFile),
      headers: { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(form) },
    }, (answer) => {
      let body = "";
      answer.on("data", (chunk) => (body += chunk));
      answer.on("end", () => resolve(JSON.parse(body).access_token));
    });
    sent.on("error", reject);
    sent.end(form);
  });
}

// --- the tests ---

const tests = {
  async connect_clear() {
    const connection = await connect("sql", { encrypt: false });
    assert.equal(await value(connection, "SELECT 1"), 1);
  },
  async connect_encrypted() {
    const connection = await connect();
    assert.equal(await value(connection, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"), "TRUE");
  },
  async connect_strict() {
    const connection = await connect("sql", { encrypt: "strict" });
    assert.equal(await value(connection, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"), "TRUE");
  },
  async wrong_ca_is_refused() {
    const error = await refused(() => connect("sql", { ca: join(CASES, "other-ca.pem") }));
    assert.match(String(error.message), /certificate|signed|verify/i);
  },
  async bad_password() {
    const error = await refused(() => connect("sql", { password: "not this one" }));
    assert.equal(error.code, "ELOGIN");
    assert.match(error.message, /Login failed for user 'sa'\./);
  },
  async unknown_database() {
    const error = await refused(() => connect("sql", { database: "nothing_here" }));
    assert.match(error.message, /nothing_here|Login failed/);
  },
  async session_facts() {
    const connection = await connect("sql", { database: "db1" });
    const { sets } = await run(connection, "SELECT DB_NAME(), SUSER_SNAME(), APP_NAME(), @@TRANCOUNT, @@VERSION");
    assert.deepEqual(sets[0][0].slice(0, 4), ["db1", "sa", "compat", 0]);
    assert.match(sets[0][0][4], /^Microsoft SQL Server 2022/);
  },
  async managed_instance() {
    const connection = await connect("mi");
    assert.equal(await value(connection, "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"), 8);
  },
  async managed_instance_by_token() {
    const connection = await connect("mi", { token: await databaseToken() });
    assert.equal(await value(connection, "SELECT 1"), 1);
  },
  async spoilt_token_is_refused() {
    const token = await databaseToken();
    const error = await refused(() => connect("mi", { token: token.slice(0, -8) + "AAAAAAAA" }));
    assert.match(error.message, /Login failed/);
  },
  async select_types() {
    const connection = await connect();
    await collect(cases("types.json"), async (each, problems) => {
      const { sets } = await run(connection, `SELECT CAST(${each.value} AS ${each.type}) AS v, CAST(NULL AS ${each.type}) AS n`);
      const [got, none] = sets[0][0];
      if (none !== null) problems.push(`${each.name}: NULL came as ${none}`);
      const seen = neutral(each.kind, got);
      if (!same(each.kind, seen, expected(each))) problems.push(`${each.name}: got ${seen}, expected ${expected(each)}`);
    });
  },
  async column_types() {
    const connection = await connect();
    await collect(cases("types.json"), async (each, problems) => {
      await batch(connection, `IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t;
CREATE TABLE #t (id int NOT NULL PRIMARY KEY, v ${each.type} NULL);
INSERT INTO #t (id, v) VALUES (1, CAST(${each.value} AS ${each.type})), (2, NULL)`);
      const { sets } = await batch(connection, "SELECT v FROM #t ORDER BY id");
      const [[got], [none]] = sets[0];
      if (none !== null) problems.push(`${each.name}: NULL came as ${none}`);
      const seen = neutral(each.kind, got);
      if (!same(each.kind, seen, expected(each))) problems.push(`${each.name}: got ${seen}, expected ${expected(each)}`);
    });
  },
  async parameters() {
    const { TYPES } = tedious;
    const connection = await connect();
    const bound = [
      ["bit", TYPES.Bit, true], ["tinyint", TYPES.TinyInt, 255], ["smallint", TYPES.SmallInt, -32768],
      ["int", TYPES.Int, 2147483647], ["bigint", TYPES.BigInt, "9223372036854775807"],
      ["real", TYPES.Real, 1.5], ["float", TYPES.Float, 1.25e-100], ["money", TYPES.Money, 1234.5678],
      ["smallmoney", TYPES.SmallMoney, -12.34], ["decimal(18,4)", TYPES.Decimal, 1234.5678, { precision: 18, scale: 4 }],
      ["numeric(9,2)", TYPES.Numeric, -77.25, { precision: 9, scale: 2 }],
      ["varchar(30)", TYPES.VarChar, "Grüße"], ["char(4)", TYPES.Char, "abcd"], ["nvarchar(30)", TYPES.NVarChar, "日本語😀"],
      ["nchar(4)", TYPES.NChar, "žžžž"], ["nvarchar(max)", TYPES.NVarChar, "x".repeat(9000)],
      ["varchar(max)", TYPES.VarChar, "y".repeat(9000)], ["text", TYPES.Text, "old"],
      ["uniqueidentifier", TYPES.UniqueIdentifier, "6F9619FF-8B86-D011-B42D-00C04FC964FF"],
      ["varbinary(10)", TYPES.VarBinary, Buffer.from("00ff10", "hex")], ["binary(3)", TYPES.Binary, Buffer.from("00ff10", "hex")],
      ["varbinary(max)", TYPES.VarBinary, Buffer.alloc(9000, 7)], ["image", TYPES.Image, Buffer.from("cafe", "hex")],
      ["date", TYPES.Date, new Date(Date.UTC(2024, 1, 29))], ["datetime", TYPES.DateTime, new Date(Date.UTC(2024, 1, 29, 13, 14, 15, 997))],
      ["smalldatetime", TYPES.SmallDateTime, new Date(Date.UTC(2024, 1, 29, 13, 14))],
      ["datetime2(3)", TYPES.DateTime2, new Date(Date.UTC(2024, 1, 29, 13, 14, 15, 123)), { scale: 3 }],
      ["datetimeoffset(3)", TYPES.DateTimeOffset, new Date(Date.UTC(2024, 1, 29, 13, 14, 15, 123)), { scale: 3 }],
      ["time(3)", TYPES.Time, new Date(Date.UTC(1970, 0, 1, 13, 14, 15, 123)), { scale: 3 }],
    ].map(([name, type, bind, options]) => ({ name, type, bind, options }));
    await collect(bound, async ({ name, type, bind, options }, problems) => {
      const got = await value(connection, `SELECT CAST(@p AS ${name})`, [["p", type, bind, options]]);
      const plain = (v) => (v instanceof Date ? v.toISOString() : Buffer.isBuffer(v) ? v.toString("hex") : String(v));
      if (plain(got) !== plain(bind)) problems.push(`${name}: got ${plain(got).slice(0, 60)}, expected ${plain(bind).slice(0, 60)}`);
      const none = await value(connection, `SELECT CAST(@p AS ${name})`, [["p", type, null, options]]);
      if (none !== null) problems.push(`${name}: NULL came back as ${none}`);
    });
  },
  async several_results() {
    const connection = await connect();
    const { sets } = await batch(connection, "SELECT 1 AS a; SELECT 'x' AS b, 2 AS c WHERE 1 = 0; SELECT 6 AS d UNION ALL SELECT 9");
    assert.deepEqual(sets.map((s) => [...s]), [[[1]], [], [[6], [9]]]);
    assert.deepEqual(sets[1].columns.map((c) => c.colName), ["b", "c"]);
  },
  async row_counts() {
    const connection = await connect();
    const { counts } = await batch(connection, "CREATE TABLE #r (id int); INSERT #r VALUES (1), (2), (3); UPDATE #r SET id = id + 1 WHERE id > 1; DELETE #r WHERE id = 99; SET NOCOUNT ON; DELETE #r");
    assert.deepEqual(counts, [3, 2, 0]);
  },
  async print_and_low_raiserror() {
    const connection = await connect();
    connection.messages.length = 0;
    await batch(connection, "PRINT N'žluťoučký'\nRAISERROR('only a note %s', 10, 1, 'here')");
    assert.deepEqual(connection.messages.map((m) => [m.number, m.class, m.lineNumber, m.message]),
      [[0, 0, 1, "žluťoučký"], [50000, 0, 2, "only a note here"]]);
  },
  async error_numbers() {
    const connection = await connect();
    await collect(cases("errors.json"), async (each, problems) => {
      connection.errors.length = 0;
      await refused(() => batch(connection, each.sql));
      const error = connection.errors[0];
      const seen = [error.number, error.class, error.lineNumber].join(" ");
      const want = [each.number, each.class, each.line].join(" ");
      if (seen !== want) problems.push(`${each.name}: number, class and line ${seen}, expected ${want}: ${error.message}`);
      if (!error.message.includes(each.text)) problems.push(`${each.name}: ${error.message}, expected ${each.text}`);
      assert.equal(await value(connection, "SELECT 1"), 1);
    });
  },
  async prepared_statement() {
    const { TYPES } = tedious;
    const connection = await connect();
    const seen = [];
    let finish;
    const request = new tedious.Request("SELECT @a + @b AS s, @t AS t", (error) => finish(error));
    request.addParameter("a", TYPES.Int);
    request.addParameter("b", TYPES.Int);
    request.addParameter("t", TYPES.NVarChar);
    request.on("row", (columns) => seen.push(columns.map((c) => c.value)));
    const step = (begin) => new Promise((resolve, reject) => {
      finish = (error) => (error ? reject(error) : resolve());
      begin();
    });
    request.on("prepared", () => finish());
    await step(() => connection.prepare(request));
    for (let i = 0; i < 3; i++) await step(() => connection.execute(request, { a: i, b: 10, t: `row ${i}` }));
    await step(() => connection.unprepare(request));
    assert.deepEqual(seen, [[10, "row 0"], [11, "row 1"], [12, "row 2"]]);
    assert.equal(await value(connection, "SELECT 5"), 5);
  },
  async output_parameters() {
    const { TYPES } = tedious;
    const connection = await connect();
    const { outputs } = await run(connection, "SET @sum = @a + 1; SET @text = CONCAT(N'is ', @sum)", {
      parameters: [["a", TYPES.Int, 41]],
      outputs: [["sum", TYPES.Int], ["text", TYPES.NVarChar, null, { length: 40 }]],
    });
    assert.deepEqual(outputs, { sum: 42, text: "is 42" });
  },
  async stored_procedure() {
    const { TYPES } = tedious;
    const connection = await connect("sql", { database: "db1" });
    await batch(connection, "CREATE PROCEDURE dbo.twice @in int, @out int OUTPUT AS BEGIN SET @out = 2 * @in; SELECT @in AS seen; RETURN 7 END");
    const { sets, outputs, status } = await run(connection, "dbo.twice", {
      how: "callProcedure", parameters: [["in", TYPES.Int, 21]], outputs: [["out", TYPES.Int]],
    });
    assert.deepEqual([[...sets[0]], outputs, status], [[[21]], { out: 42 }, 7]);
  },
  async transactions() {
    const connection = await connect("sql", { database: "db1" });
    await batch(connection, "CREATE TABLE dbo.tran_test (id int NOT NULL PRIMARY KEY)");
    const step = (name, ...words) => new Promise((resolve, reject) => connection[name]((error) => (error ? reject(error) : resolve()), ...words));
    const count = () => value(connection, "SELECT COUNT(*) FROM dbo.tran_test");
    await step("beginTransaction", "first");
    await run(connection, "INSERT INTO dbo.tran_test VALUES (1)");
    await step("saveTransaction", "here");
    await run(connection, "INSERT INTO dbo.tran_test VALUES (2)");
    await step("rollbackTransaction", "here");
    assert.equal(await value(connection, "SELECT @@TRANCOUNT"), 1);
    await step("commitTransaction");
    assert.equal(await count(), 1);
    await step("beginTransaction", "second", tedious.ISOLATION_LEVEL.SERIALIZABLE);
    await run(connection, "INSERT INTO dbo.tran_test VALUES (3)");
    await step("rollbackTransaction");
    assert.equal(await count(), 1);
    await batch(connection, "BEGIN TRAN; INSERT INTO dbo.tran_test VALUES (4); COMMIT");
    assert.equal(await count(), 2);
  },
  async large_values() {
    const { TYPES } = tedious;
    const connection = await connect();
    const text = "ž-12345678".repeat(104858);
    const blob = Buffer.alloc(1 << 20, "0123456789abcdef!");
    const { sets } = await run(connection, "SELECT @t AS t, @b AS b, DATALENGTH(@t) AS tl, DATALENGTH(@b) AS bl", {
      parameters: [["t", TYPES.NVarChar, text], ["b", TYPES.VarBinary, blob]],
    });
    const [gotText, gotBlob, textBytes, blobBytes] = sets[0][0];
    assert.equal(gotText === text, true);
    assert.equal(gotBlob.equals(blob), true);
    assert.deepEqual([Number(textBytes), Number(blobBytes)], [2 * text.length, blob.length]);
  },
  async many_rows() {
    const connection = await connect();
    const { sets } = await batch(connection, readFileSync(join(CASES, "many-rows.sql"), "utf8"));
    assert.deepEqual([sets[0].length, new Set(sets[0].map((row) => row[0])).size], [20000, 20000]);
  },
  async small_packets() {
    const connection = await connect("sql", { packetSize: 512 });
    assert.equal((await value(connection, "SELECT REPLICATE(CAST(N'xy' AS nvarchar(max)), 10000)")).length, 20000);
  },
  async cancel_waiting() {
    const connection = await connect();
    const start = Date.now();
    const error = await refused(() => run(connection, "WAITFOR DELAY '00:00:20'", {
      how: "execSqlBatch", onRequest: () => setTimeout(() => connection.cancel(), 500),
    }));
    assert.equal(error.code, "ECANCEL");
    assert.equal(Date.now() - start < 10000, true);
    assert.equal(await value(connection, "SELECT 8"), 8);
  },
  async cancel_rows() {
    const connection = await connect();
    const error = await refused(() => run(connection, readFileSync(join(CASES, "many-rows.sql"), "utf8"), {
      how: "execSqlBatch", onRequest: (request) => request.once("row", () => request.cancel()),
    }));
    assert.equal(error.code, "ECANCEL");
    assert.equal(await value(connection, "SELECT 9"), 9);
  },
  async request_timeout() {
    const connection = await connect("sql", { requestTimeout: 500 });
    const error = await refused(() => batch(connection, "WAITFOR DELAY '00:00:20'"));
    assert.equal(error.code, "ETIMEOUT");
    assert.equal(await value(connection, "SELECT 10"), 10);
  },
  async reset_connection() {
    const connection = await connect("sql", { database: "db1" });
    await batch(connection, "CREATE TABLE #left (id int); USE master; SET NOCOUNT ON; BEGIN TRAN");
    await new Promise((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
    const { sets } = await batch(connection, "SELECT DB_NAME(), @@TRANCOUNT, OBJECT_ID('tempdb..#left')");
    assert.deepEqual(sets[0][0], ["db1", 0, null]);
  },
  async killed_session() {
    const [victim, other] = [await connect(), await connect()];
    victim.on("error", () => {});
    const spid = await value(victim, "SELECT @@SPID");
    await batch(other, `KILL ${spid}`);
    const error = await refused(() => batch(victim, "SELECT 1"));
    assert.equal(error.number, undefined, String(error));
    assert.deepEqual(victim.errors, []);
    assert.equal(await value(await connect(), "SELECT 1"), 1);
  },
  async sent_away_from_a_database() {
    const [victim, other] = [await connect("sql", { database: "db1" }), await connect()];
    victim.on("error", () => {});
    const waiting = refused(() => batch(victim, "WAITFOR DELAY '00:10:00'"));
    await batch(other, "ALTER DATABASE db1 SET SINGLE_USER WITH ROLLBACK IMMEDIATE");
    const error = await waiting;
    assert.equal(error.number, undefined, String(error));
    assert.deepEqual(victim.errors, []);
    await batch(other, "ALTER DATABASE db1 SET MULTI_USER");
  },
  async bulk_load() {
    const { TYPES } = tedious;
    const connection = await connect("sql", { database: "db1" });
    await batch(connection, "CREATE TABLE dbo.bulk_test (id int NOT NULL, s nvarchar(20) NULL)");
    const count = await new Promise((resolve, reject) => {
      const load = connection.newBulkLoad("dbo.bulk_test", (error, rows) => (error ? reject(error) : resolve(rows)));
      load.addColumn("id", TYPES.Int, { nullable: false });
      load.addColumn("s", TYPES.NVarChar, { length: 20, nullable: true });
      connection.execBulkLoad(load, Array.from({ length: 1000 }, (_, i) => [i, i % 2 ? `row ${i}` : null]));
    });
    assert.equal(count, 1000);
    const { sets } = await batch(connection, "SELECT COUNT(*), COUNT(s), MAX(id) FROM dbo.bulk_test");
    assert.deepEqual(sets[0][0], [1000, 500, 999]);
  },
};

// A reader that comes by the listener follows the primary's word to another server; a writer stays.
tests.read_only_routing = async () => {
  const admin = await connect();
  const script = readFileSync(join(CASES, "routing.sql"), "utf8").replaceAll("{port}", ready.sqlServers[1].port);
  for (const each of script.split("\nGO\n")) await batch(admin, each);
  const seen = async (options) => {
    const connection = await connect("sql", { trust: true, database: "db1", ...options });
    const name = await value(connection, "SELECT @@SERVERNAME");
    connection.close();
    return name;
  };
  assert.equal(await seen({ host: "localhost" }), "sqlserver1");
  for (const multiSubnetFailover of [false, true]) {
    assert.equal(await seen({ host: "localhost", readOnlyIntent: true, multiSubnetFailover }), "sqlserver2");
  }
  assert.equal(await seen({ host: "127.0.0.1", readOnlyIntent: true }), "sqlserver1");
  assert.equal(await seen({ host: "localhost", readOnlyIntent: true, database: "master" }), "sqlserver1");
};
tests.read_only_routing.flags = ["--topology", join(CASES, "routing.toml")];

// A reader that comes by the listener reads on the second replica what the first one commits; after a failover it is the other way.
tests.live_replica = async () => {
  const [one, two] = ready.sqlServers.map((server) => `127.0.0.1:${server.port}`);
  const play = async (name) => {
    const words = { one, two, listener: "localhost" };
    const text = readFileSync(join(CASES, name), "utf8").replace(/\{(\w+)\}/g, (_, word) => words[word]);
    for (const each of text.split("\nGO\n")) {
      const connection = await connect("sql", { which: each.startsWith("-- sqlserver2") ? 1 : 0 });
      await batch(connection, each);
      connection.close();
    }
  };
  const seen = async (which, options = {}) => {
    const connection = await connect("sql", { trust: true, host: "localhost", which, database: "db1", ...options });
    const answer = await value(connection, "SELECT CONCAT(@@SERVERNAME, ' ', MAX(id)) FROM dbo.served");
    connection.close();
    return answer;
  };
  await play("replicas.sql");
  assert.equal(await seen(0), "sqlserver1 1");
  assert.equal(await seen(0, { readOnlyIntent: true }), "sqlserver2 1");
  await play("replicas-change.sql");
  assert.equal(await seen(1), "sqlserver2 2");
  for (const multiSubnetFailover of [false, true]) {
    assert.equal(await seen(1, { readOnlyIntent: true, multiSubnetFailover }), "sqlserver1 2");
  }
};
tests.live_replica.flags = ["--topology", join(CASES, "replicas.toml")];

for (const name of ["cancel_waiting", "request_timeout", "sent_away_from_a_database"]) tests[name].flags = ["--clock", "real"];

const word = process.argv[2];
if (word === "list") {
  for (const [name, body] of Object.entries(tests)) console.log([name, ...(body.flags ?? [])].join("\t"));
} else {
  ready = JSON.parse(readFileSync(process.env.MILINK_READY, "utf8"));
  tedious = require("tedious");
  tests[word]().then(
    () => process.exit(0),
    (error) => {
      console.log(error.stack ?? error);
      if (error.errors) for (const each of error.errors) console.log(each);
      process.exit(1);
    },
  );
}
