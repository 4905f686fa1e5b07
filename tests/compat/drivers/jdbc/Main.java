import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.sqlserver.jdbc.SQLServerBulkCopy;
import com.microsoft.sqlserver.jdbc.SQLServerException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.sql.PooledConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;

/** The tests of Microsoft's JDBC driver: {@code Main list} names them, {@code Main TEST} runs one. */
public class Main {
    interface Body {
        void run() throws Exception;
    }

    interface Judge {
        String of(JsonObject each) throws Exception;
    }

    record Test(Body body, String... flags) {}

    static final Map<String, Test> TESTS = new LinkedHashMap<>();
    static JsonObject ready;
    static Path work;

    public static void main(String[] words) throws Exception {
        System.setOut(new PrintStream(new FileOutputStream(java.io.FileDescriptor.out), true, "UTF-8"));
        register();
        if (words[0].equals("list")) {
            TESTS.forEach((name, test) -> {
                StringBuilder line = new StringBuilder(name);
                for (String flag : test.flags()) line.append('\t').append(flag);
                System.out.println(line);
            });
            return;
        }
        ready = JsonParser.parseString(Files.readString(Path.of(System.getenv("MILINK_READY")))).getAsJsonObject();
        work = Path.of(System.getenv("MILINK_WORK"));
        try {
            TESTS.get(words[0]).body().run();
            System.exit(0);
        } catch (Throwable problem) {
            problem.printStackTrace(System.out);
            System.exit(1);
        }
    }

    // --- connecting ---

    static JsonObject server(String where) {
        return ready.getAsJsonArray(where.equals("sql") ? "sqlServers" : "managedInstances").get(0).getAsJsonObject();
    }

    static String text(JsonObject of, String name) {
        return of.get(name).getAsString();
    }

    /** Java trusts key stores, so the CA file becomes one. */
    static Path trustStore(Path pem) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (FileInputStream in = new FileInputStream(pem.toFile())) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path file = work.resolve("trust.p12");
        try (FileOutputStream out = new FileOutputStream(file.toFile())) {
            store.store(out, "changeit".toCharArray());
        }
        return file;
    }

    static Properties settings(String where, String... change) throws Exception {
        JsonObject at = server(where);
        Properties all = new Properties();
        all.put("serverName", text(at, "host"));
        all.put("portNumber", text(at, "port"));
        all.put("user", text(at, "user"));
        all.put("password", text(at, "password"));
        all.put("encrypt", "true");
        all.put("trustServerCertificate", "false");
        all.put("trustStore", trustStore(Path.of(text(ready, "caFile"))).toString());
        all.put("trustStorePassword", "changeit");
        all.put("trustStoreType", "PKCS12");
        all.put("applicationName", "compat");
        all.put("loginTimeout", "20");
        all.put("sendTimeAsDatetime", "false");
        all.put("connectRetryCount", "0");
        for (int i = 0; i < change.length; i += 2) {
            if (change[i + 1] == null) all.remove(change[i]);
            else all.put(change[i], change[i + 1]);
        }
        return all;
    }

    static Connection open(String... change) throws Exception {
        return DriverManager.getConnection("jdbc:sqlserver://", settings("sql", change));
    }

    /** The server that a connection to the first server's port, by this name, ends at. */
    static String servedAt(String host, String... change) throws Exception {
        List<String> all = new ArrayList<>(List.of("serverName", host, "databaseName", "db1"));
        all.addAll(List.of(change));
        try (Connection connection = open(all.toArray(new String[0]))) {
            return (String) one(connection, "SELECT @@SERVERNAME");
        }
    }

    /** Runs a script whose batches say on which server they run. */
    static void play(String name, List<String> ports) throws Exception {
        String script = Files.readString(Path.of(System.getenv("MILINK_CASES"), name)).replace("{listener}", "localhost")
            .replace("{one}", "127.0.0.1:" + ports.get(0)).replace("{two}", "127.0.0.1:" + ports.get(1));
        for (String batch : script.split("\nGO\n")) {
            try (Connection connection = open("portNumber", ports.get(batch.startsWith("-- sqlserver2") ? 1 : 0))) {
                run(connection, batch);
            }
        }
    }

    /** The server that a client of the listener ends at, and the last row that it has. */
    static String served(String port, String... change) throws Exception {
        List<String> all = new ArrayList<>(List.of("serverName", "localhost", "portNumber", port, "databaseName", "db1"));
        all.addAll(List.of(change));
        try (Connection connection = open(all.toArray(new String[0]))) {
            return (String) one(connection, "SELECT CONCAT(@@SERVERNAME, ' ', MAX(id)) FROM dbo.served");
        }
    }

    static String token() throws Exception {
        KeyStore store = KeyStore.getInstance(trustStore(Path.of(text(ready, "caFile"))).toFile(), "changeit".toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        String form = "grant_type=client_credentials&client_id=" + encoded("clientId") + "&client_secret=" + encoded("clientSecret")
            + "&scope=" + URLEncoder.encode("https://database.windows.net/.default", StandardCharsets.UTF_8);
        URI uri = URI.create(text(ready, "entraUrl").replaceAll("/$", "") + "/" + text(ready, "tenantId") + "/oauth2/v2.0/token");
        String answer = HttpClient.newBuilder().sslContext(tls).build().send(
            HttpRequest.newBuilder(uri).header("content-type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(form)).build(),
            HttpResponse.BodyHandlers.ofString()).body();
        return text(JsonParser.parseString(answer).getAsJsonObject(), "access_token");
    }

    static String encoded(String name) {
        return URLEncoder.encode(text(ready, name), StandardCharsets.UTF_8);
    }

    // --- small words ---

    static void equal(Object got, Object want) {
        if (!Objects.deepEquals(got, want)) throw new AssertionError("got " + show(got) + ", expected " + show(want));
    }

    static String show(Object value) {
        return value instanceof Object[] array ? Arrays.deepToString(array) : String.valueOf(value);
    }

    static SQLException refused(Body body) throws Exception {
        try {
            body.run();
        } catch (SQLException error) {
            return error;
        }
        throw new AssertionError("nothing was refused");
    }

    static void expect(SQLException error, int number, String words) {
        equal(error.getErrorCode(), number);
        if (!error.getMessage().contains(words)) throw new AssertionError("expected " + words + " in " + error.getMessage());
    }

    static Object one(Connection connection, String sql, Object... parameters) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) statement.setObject(i + 1, parameters[i]);
            try (ResultSet rows = statement.executeQuery()) {
                equal(rows.next(), true);
                return rows.getObject(1);
            }
        }
    }

    static void run(Connection connection, String sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            while (rows || statement.getUpdateCount() != -1) {
                // Closing a result set swallows its error, so the rows are read.
                if (rows) {
                    ResultSet set = statement.getResultSet();
                    while (set.next()) set.getObject(1);
                }
                rows = statement.getMoreResults();
            }
        }
    }

    static String manyRows() throws Exception {
        return Files.readString(Path.of(System.getenv("MILINK_CASES"), "many-rows.sql"));
    }

    static JsonArray cases(String name) throws Exception {
        return JsonParser.parseString(Files.readString(Path.of(System.getenv("MILINK_CASES"), name))).getAsJsonArray();
    }

    static void collect(String file, Judge judge) throws Exception {
        List<String> problems = new ArrayList<>();
        for (JsonElement element : cases(file)) {
            JsonObject each = element.getAsJsonObject();
            String problem;
            try {
                problem = judge.of(each);
            } catch (Throwable thrown) {
                problem = thrown.toString();
            }
            if (problem != null) problems.add(text(each, "name") + ": " + problem);
        }
        if (!problems.isEmpty()) throw new AssertionError("\n" + String.join("\n", problems));
    }

    // --- values as neutral text ---

    static final DateTimeFormatter CLOCK = new DateTimeFormatterBuilder().appendPattern("HH:mm:ss")
        .appendFraction(ChronoField.NANO_OF_SECOND, 0, 7, true).toFormatter(Locale.ROOT);

    static String neutral(String kind, ResultSet rows, int column) throws Exception {
        switch (kind) {
            case "bool": return String.valueOf(rows.getBoolean(column));
            case "int": return String.valueOf(rows.getLong(column));
            case "float": return String.valueOf(rows.getDouble(column));
            case "decimal": return rows.getBigDecimal(column).toPlainString();
            case "binary": {
                StringBuilder hex = new StringBuilder("0x");
                for (byte b : rows.getBytes(column)) hex.append(String.format("%02X", b));
                return hex.toString();
            }
            case "date": return rows.getDate(column).toLocalDate().toString();
            case "time": return rows.getObject(column, LocalTime.class).format(CLOCK);
            case "datetime": {
                LocalDateTime moment = rows.getObject(column, LocalDateTime.class);
                return moment.toLocalDate() + "T" + moment.toLocalTime().format(CLOCK);
            }
            case "datetimeoffset": {
                OffsetDateTime moment = rows.getObject(column, OffsetDateTime.class);
                return moment.toLocalDate() + "T" + moment.toLocalTime().format(CLOCK) + moment.getOffset();
            }
            default: return rows.getString(column);
        }
    }

    static String wanted(JsonObject each) {
        String words = text(each, "text");
        return text(each, "kind").equals("float") ? String.valueOf(Double.parseDouble(words)) : words;
    }

    static String judged(JsonObject each, ResultSet rows, int value, int none) throws Exception {
        String got = neutral(text(each, "kind"), rows, value);
        if (!got.equals(wanted(each))) return "got " + got + ", expected " + wanted(each);
        if (none > 0 && rows.getObject(none) != null) return "NULL came as " + rows.getObject(none);
        return null;
    }

    static String bare(String type) {
        return type.replaceAll("\\(.*", "");
    }

    static String encryptOption(Connection connection) throws Exception {
        return (String) one(connection, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID");
    }

    // --- the tests ---

    static void test(String name, Body body, String... flags) {
        TESTS.put(name, new Test(body, flags));
    }

    static void register() {
        test("connect_clear", () -> equal(one(open("encrypt", "false"), "SELECT 1"), 1));
        test("connect_encrypted", () -> equal(encryptOption(open()), "TRUE"));
        test("connect_strict", () -> equal(encryptOption(open("encrypt", "strict")), "TRUE"));
        test("wrong_ca_is_refused", () -> {
            Path other = trustStore(Path.of(System.getenv("MILINK_CASES"), "other-ca.pem"));
            Path kept = work.resolve("other.p12");
            Files.copy(other, kept);
            SQLException error = refused(() -> open("trustStore", kept.toString()));
            equal(error.getMessage().contains("PKIX") || error.getMessage().contains("certification path"), true);
        });
        test("wrong_host_is_refused", () -> {
            SQLException error = refused(() -> open("hostNameInCertificate", "elsewhere.example"));
            equal(error.getMessage().contains("elsewhere.example"), true);
        });
        test("bad_password", () -> expect(refused(() -> open("password", "not this one")), 18456, "Login failed for user 'sa'."));
        test("unknown_database", () -> expect(refused(() -> open("databaseName", "nothing_here")), 4060, "nothing_here"));
        test("session_facts", () -> {
            Connection connection = open("databaseName", "db1");
            try (ResultSet rows = connection.createStatement().executeQuery("SELECT DB_NAME(), SUSER_SNAME(), APP_NAME(), @@TRANCOUNT")) {
                rows.next();
                equal(List.of(rows.getString(1), rows.getString(2), rows.getString(3), rows.getInt(4)), List.of("db1", "sa", "compat", 0));
            }
            equal(connection.getCatalog(), "db1");
            connection.setCatalog("master");
            equal(one(connection, "SELECT DB_NAME()"), "master");
            equal(connection.getMetaData().getDatabaseMajorVersion(), 16);
            equal(connection.isValid(5), true);
        });
        test("managed_instance", () -> {
            Connection connection = DriverManager.getConnection("jdbc:sqlserver://", settings("mi"));
            equal(one(connection, "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"), 8);
        });
        test("managed_instance_by_token", () -> {
            Connection connection = DriverManager.getConnection("jdbc:sqlserver://", settings("mi", "user", null, "password", null, "accessToken", token()));
            equal(one(connection, "SELECT 1"), 1);
        });
        test("spoilt_token_is_refused", () -> {
            String good = token();
            Properties settings = settings("mi", "user", null, "password", null, "accessToken", good.substring(0, good.length() - 8) + "AAAAAAAA");
            expect(refused(() -> DriverManager.getConnection("jdbc:sqlserver://", settings)), 18456, "Login failed");
        });
        test("select_types", () -> {
            Connection connection = open();
            collect("types.json", each -> {
                String type = text(each, "type");
                String sql = "SELECT CAST(" + text(each, "value") + " AS " + type + ") AS v, CAST(NULL AS " + type + ") AS n";
                try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
                    rows.next();
                    return judged(each, rows, 1, 2);
                }
            });
        });
        test("column_types", () -> {
            Connection connection = open();
            collect("types.json", each -> {
                String type = text(each, "type");
                run(connection, "IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t");
                run(connection, "CREATE TABLE #t (id int NOT NULL PRIMARY KEY, v " + type + " NULL)");
                run(connection, "INSERT INTO #t (id, v) VALUES (1, CAST(" + text(each, "value") + " AS " + type + ")), (2, NULL)");
                try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT v FROM #t ORDER BY id")) {
                    String said = rows.getMetaData().getColumnTypeName(1);
                    String expected = type.equals("float(24)") ? "real" : bare(type);
                    if (!said.equals(expected)) return "type name " + said + ", expected " + expected;
                    if (rows.getMetaData().isNullable(1) != java.sql.ResultSetMetaData.columnNullable) return "column is said to be NOT NULL";
                    rows.next();
                    String problem = judged(each, rows, 1, 0);
                    rows.next();
                    return problem != null ? problem : rows.getObject(1) == null ? null : "NULL came as " + rows.getObject(1);
                }
            });
        });
        test("parameters", () -> {
            Connection connection = open();
            Object[][] bound = {
                {"bit", true, Types.BIT}, {"tinyint", (short) 255, Types.TINYINT}, {"smallint", (short) -32768, Types.SMALLINT},
                {"int", 2147483647, Types.INTEGER}, {"bigint", Long.MIN_VALUE, Types.BIGINT}, {"real", 1.5f, Types.REAL},
                {"float", 1.25e-100, Types.DOUBLE}, {"decimal(38,10)", new BigDecimal("-1234567890123456789012345678.0123456789"), Types.DECIMAL},
                {"nvarchar(40)", "日本語😀", Types.NVARCHAR}, {"varchar(40)", "Grüße", Types.VARCHAR}, {"nvarchar(max)", "ž".repeat(9000), Types.LONGNVARCHAR},
                {"varbinary(10)", new byte[] {0, -1, 16}, Types.VARBINARY}, {"varbinary(max)", new byte[9000], Types.LONGVARBINARY},
                {"date", Date.valueOf("2024-02-29"), Types.DATE}, {"time(3)", Time.valueOf("13:14:15"), Types.TIME},
                {"datetime2(7)", Timestamp.valueOf("2024-02-29 13:14:15.1234567"), Types.TIMESTAMP},
                {"datetimeoffset(7)", microsoft.sql.DateTimeOffset.valueOf(Timestamp.from(java.time.Instant.parse("2024-02-29T07:44:15.1234567Z")), 330), microsoft.sql.Types.DATETIMEOFFSET},
                {"uniqueidentifier", UUID.fromString("6F9619FF-8B86-D011-B42D-00C04FC964FF"), microsoft.sql.Types.GUID},
                {"money", new BigDecimal("-1234.5678"), microsoft.sql.Types.MONEY},
            };
            for (Object[] each : bound) {
                try (PreparedStatement statement = connection.prepareStatement("SELECT CAST(? AS " + each[0] + ") AS v, CAST(? AS " + each[0] + ") AS n")) {
                    statement.setObject(1, each[1], (int) each[2]);
                    statement.setNull(2, (int) each[2]);
                    ResultSet rows = statement.executeQuery();
                    rows.next();
                    Object got = rows.getObject(1);
                    if (each[1] instanceof UUID) got = UUID.fromString((String) got);
                    boolean equal = each[1] instanceof BigDecimal number ? number.compareTo((BigDecimal) got) == 0
                        : each[1] instanceof Short number ? number == ((Number) got).shortValue() : Objects.deepEquals(got, each[1]);
                    if (!equal) throw new AssertionError(each[0] + ": got " + got + ", expected " + each[1]);
                    equal(rows.getObject(2), null);
                }
            }
        });
        test("several_results", () -> {
            Connection connection = open();
            List<Object> seen = new ArrayList<>();
            try (Statement statement = connection.createStatement()) {
                boolean rows = statement.execute("SELECT 1 AS a; DECLARE @t TABLE (i int); INSERT @t VALUES (1), (2); SELECT 'x' AS b WHERE 1 = 0; SELECT 6 AS d UNION ALL SELECT 9");
                while (rows || statement.getUpdateCount() != -1) {
                    if (rows) {
                        ResultSet set = statement.getResultSet();
                        while (set.next()) seen.add(set.getObject(1));
                        seen.add("end");
                    } else {
                        seen.add("count " + statement.getUpdateCount());
                    }
                    rows = statement.getMoreResults();
                }
            }
            equal(seen, List.of(1, "end", "count 2", "end", 6, 9, "end"));
        });
        test("row_counts", () -> {
            Connection connection = open();
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE #r (id int)");
                equal(statement.executeUpdate("INSERT #r VALUES (1), (2), (3)"), 3);
                equal(statement.executeUpdate("UPDATE #r SET id = id + 1 WHERE id > 1"), 2);
                equal(statement.executeUpdate("DELETE #r WHERE id = 99"), 0);
                equal(statement.executeLargeUpdate("DELETE #r"), 3L);
            }
        });
        test("messages", () -> {
            Connection connection = open();
            try (Statement statement = connection.createStatement()) {
                statement.execute("PRINT N'žluťoučký'; RAISERROR('only a note %s', 10, 1, 'here')");
                List<String> seen = new ArrayList<>();
                for (SQLWarning each = statement.getWarnings(); each != null; each = each.getNextWarning()) seen.add(each.getErrorCode() + " " + each.getMessage());
                equal(seen, List.of("0 žluťoučký", "50000 only a note here"));
            }
        });
        test("error_numbers", () -> {
            Connection connection = open();
            collect("errors.json", each -> {
                SQLServerException error = (SQLServerException) refused(() -> run(connection, text(each, "sql")));
                String got = error.getErrorCode() + " " + error.getSQLServerError().getErrorSeverity() + " " + error.getSQLServerError().getLineNumber();
                String want = text(each, "number") + " " + text(each, "class") + " " + text(each, "line");
                if (!got.equals(want)) return "number, class and line " + got + ", expected " + want + ": " + error.getMessage();
                if (!error.getMessage().contains(text(each, "text"))) return error.getMessage() + ", expected " + text(each, "text");
                equal(one(connection, "SELECT 1"), 1);
                return null;
            });
        });
        test("transactions", () -> {
            Connection connection = open("databaseName", "db1");
            run(connection, "CREATE TABLE dbo.tran_test (id int NOT NULL PRIMARY KEY)");
            connection.setAutoCommit(false);
            for (int level : new int[] {Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE}) {
                connection.setTransactionIsolation(level);
                run(connection, "INSERT INTO dbo.tran_test VALUES (" + level + ")");
                Savepoint point = connection.setSavepoint("here");
                run(connection, "INSERT INTO dbo.tran_test VALUES (100)");
                connection.rollback(point);
                connection.commit();
                run(connection, "INSERT INTO dbo.tran_test VALUES (101)");
                connection.rollback();
            }
            equal(one(connection, "SELECT SUM(id) FROM dbo.tran_test"), 2 + 4 + 8);
            connection.commit();
            connection.setAutoCommit(true);
            equal(one(connection, "SELECT @@TRANCOUNT"), 0);
        });
        test("prepared_statement", () -> {
            Connection connection = open("disableStatementPooling", "false", "statementPoolingCacheSize", "10");
            for (int round = 0; round < 3; round++) {
                try (PreparedStatement statement = connection.prepareStatement("SELECT ? + 1, ?")) {
                    for (int i = 0; i < 5; i++) {
                        statement.setInt(1, i);
                        statement.setString(2, "row " + i);
                        ResultSet rows = statement.executeQuery();
                        rows.next();
                        equal(List.of(rows.getInt(1), rows.getString(2)), List.of(i + 1, "row " + i));
                    }
                }
            }
        });
        test("parameter_metadata", () -> {
            Connection connection = open("databaseName", "db1");
            run(connection, "CREATE TABLE dbo.pm (id int NOT NULL, s nvarchar(20) NULL)");
            try (PreparedStatement statement = connection.prepareStatement("SELECT id, s FROM dbo.pm WHERE id = ?")) {
                equal(statement.getMetaData().getColumnCount(), 2);
                equal(statement.getMetaData().getColumnTypeName(2), "nvarchar");
                equal(statement.getParameterMetaData().getParameterTypeName(1), "int");
            }
        });
        test("batch", () -> {
            Connection connection = open();
            run(connection, "CREATE TABLE #b (id int, s nvarchar(20), d decimal(9,2))");
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO #b VALUES (?, ?, ?)")) {
                for (int i = 0; i < 100; i++) {
                    statement.setInt(1, i);
                    statement.setString(2, "row " + i);
                    statement.setBigDecimal(3, new BigDecimal("1.25"));
                    statement.addBatch();
                }
                equal(statement.executeBatch().length, 100);
            }
            equal(one(connection, "SELECT CONCAT(COUNT(*), ' ', SUM(d)) FROM #b"), "100 125.00");
        });
        test("stored_procedure", () -> {
            Connection connection = open("databaseName", "db1");
            run(connection, "CREATE PROCEDURE dbo.twice @in int, @out int OUTPUT, @text nvarchar(40) OUTPUT AS BEGIN SET @out = 2 * @in; SET @text = CONCAT(@text, N'!'); SELECT @in AS seen; RETURN 7 END");
            try (var call = connection.prepareCall("{? = call dbo.twice(?, ?, ?)}")) {
                call.registerOutParameter(1, Types.INTEGER);
                call.setInt(2, 21);
                call.registerOutParameter(3, Types.INTEGER);
                call.setNString(4, "žlutý");
                call.registerOutParameter(4, Types.NVARCHAR);
                equal(call.execute(), true);
                ResultSet rows = call.getResultSet();
                rows.next();
                equal(rows.getInt(1), 21);
                call.getMoreResults();
                equal(List.of(call.getInt(1), call.getInt(3), call.getNString(4)), List.of(7, 42, "žlutý!"));
            }
        });
        test("generated_keys", () -> {
            Connection connection = open();
            run(connection, "CREATE TABLE #g (id int IDENTITY(5, 5), s nvarchar(20))");
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO #g (s) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
                statement.setString(1, "a");
                equal(statement.executeUpdate(), 1);
                ResultSet keys = statement.getGeneratedKeys();
                keys.next();
                equal(keys.getInt(1), 5);
            }
        });
        test("large_values", () -> {
            Connection connection = open();
            String big = "ž-12345678".repeat(104858);
            byte[] blob = new byte[1 << 20];
            for (int i = 0; i < blob.length; i++) blob[i] = (byte) i;
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?, ?")) {
                statement.setNString(1, big);
                statement.setBytes(2, blob);
                ResultSet rows = statement.executeQuery();
                rows.next();
                equal(rows.getNString(1).equals(big), true);
                equal(Arrays.equals(rows.getBytes(2), blob), true);
            }
        });
        test("many_rows", () -> {
            for (String buffering : new String[] {"adaptive", "full"}) {
                Connection connection = open("responseBuffering", buffering);
                try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(manyRows())) {
                    long count = 0;
                    long sum = 0;
                    while (rows.next()) {
                        count++;
                        sum += rows.getLong(1);
                    }
                    equal(List.of(count, sum), List.of(20000L, 20000L * 19999 / 2));
                }
                connection.close();
            }
        });
        test("half_read_result", () -> {
            Connection connection = open();
            Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery(manyRows());
            rows.next();
            statement.close();
            equal(one(connection, "SELECT 2"), 2);
        });
        test("query_timeout", () -> {
            Connection connection = open();
            try (Statement statement = connection.createStatement()) {
                statement.setQueryTimeout(1);
                equal(refused(() -> statement.execute("WAITFOR DELAY '00:00:20'")) instanceof SQLTimeoutException, true);
            }
            equal(one(connection, "SELECT 3"), 3);
        }, "--clock", "real");
        test("cancel_waiting", () -> {
            Connection connection = open();
            Statement statement = connection.createStatement();
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    statement.cancel();
                } catch (Exception problem) {
                    problem.printStackTrace();
                }
            });
            canceller.start();
            long start = System.nanoTime();
            refused(() -> statement.execute("WAITFOR DELAY '00:00:20'"));
            equal(System.nanoTime() - start < 10_000_000_000L, true);
            equal(one(connection, "SELECT 4"), 4);
        }, "--clock", "real");
        test("pool_resets_sessions", () -> {
            var source = new com.microsoft.sqlserver.jdbc.SQLServerConnectionPoolDataSource();
            JsonObject at = server("sql");
            source.setServerName(text(at, "host"));
            source.setPortNumber(at.get("port").getAsInt());
            source.setUser(text(at, "user"));
            source.setPassword(text(at, "password"));
            source.setDatabaseName("db1");
            source.setTrustServerCertificate(true);
            PooledConnection pooled = source.getPooledConnection();
            Connection first = pooled.getConnection();
            Object spid = one(first, "SELECT @@SPID");
            run(first, "CREATE TABLE #left (id int)");
            run(first, "USE master");
            first.close();
            Connection second = pooled.getConnection();
            equal(one(second, "SELECT @@SPID"), spid);
            equal(one(second, "SELECT CONCAT(DB_NAME(), ' ', @@TRANCOUNT, ' ', ISNULL(OBJECT_ID('tempdb..#left'), 0))"), "db1 0 0");
        });
        test("xa_refused", () -> {
            // As where the extended procedures of XA are not installed.
            var source = new com.microsoft.sqlserver.jdbc.SQLServerXADataSource();
            JsonObject at = server("sql");
            source.setServerName(text(at, "host"));
            source.setPortNumber(at.get("port").getAsInt());
            source.setUser(text(at, "user"));
            source.setPassword(text(at, "password"));
            source.setDatabaseName("db1");
            source.setTrustServerCertificate(true);
            var connection = source.getXAConnection();
            Xid branch = new Xid() {
                public int getFormatId() { return 1; }
                public byte[] getGlobalTransactionId() { return new byte[] {1, 2, 3}; }
                public byte[] getBranchQualifier() { return new byte[] {4}; }
            };
            try {
                connection.getXAResource().start(branch, XAResource.TMNOFLAGS);
            } catch (XAException refused) {
                equal(String.valueOf(refused.getMessage()).contains("xp_sqljdbc_xa_init"), true);
                equal(one(connection.getConnection(), "SELECT @@TRANCOUNT"), 0);
                return;
            }
            throw new AssertionError("there is no coordinator to start it with");
        });
        test("bulk_copy", () -> {
            Connection connection = open("databaseName", "db1");
            run(connection, "CREATE TABLE dbo.bulk_from (id int NOT NULL, s nvarchar(20) NULL, d decimal(9,2) NULL)");
            run(connection, "CREATE TABLE dbo.bulk_to (id int NOT NULL, s nvarchar(20) NULL, d decimal(9,2) NULL)");
            run(connection, "INSERT INTO dbo.bulk_from VALUES (1, N'ž', 1.25), (2, NULL, NULL)");
            Connection source = open("databaseName", "db1");
            try (SQLServerBulkCopy copy = new SQLServerBulkCopy(connection)) {
                copy.setDestinationTableName("dbo.bulk_to");
                copy.writeToServer(source.createStatement().executeQuery("SELECT id, s, d FROM dbo.bulk_from"));
            }
            equal(one(connection, "SELECT CONCAT(COUNT(*), ' ', COUNT(s), ' ', SUM(d)) FROM dbo.bulk_to"), "2 1 1.25");
        });
        test("catalog", () -> {
            Connection connection = open("databaseName", "db1");
            run(connection, "CREATE TABLE dbo.catalog_test (id int NOT NULL CONSTRAINT pk_catalog PRIMARY KEY, name nvarchar(40) NULL)");
            List<String> seen = new ArrayList<>();
            try (ResultSet rows = connection.getMetaData().getColumns(null, "dbo", "catalog_test", "%")) {
                while (rows.next()) seen.add(rows.getString("COLUMN_NAME") + " " + rows.getString("TYPE_NAME"));
            }
            equal(seen, List.of("id int", "name nvarchar"));
            try (ResultSet rows = connection.getMetaData().getTables(null, "dbo", "catalog%", new String[] {"TABLE"})) {
                rows.next();
                equal(rows.getString("TABLE_NAME"), "catalog_test");
            }
            try (ResultSet rows = connection.getMetaData().getPrimaryKeys(null, "dbo", "catalog_test")) {
                rows.next();
                equal(rows.getString("PK_NAME"), "pk_catalog");
            }
        });
        // A reader that comes by the listener follows the primary's word to another server; a writer stays.
        test("read_only_routing", () -> {
            Connection admin = open();
            String port = text(ready.getAsJsonArray("sqlServers").get(1).getAsJsonObject(), "port");
            String script = Files.readString(Path.of(System.getenv("MILINK_CASES"), "routing.sql")).replace("{port}", port);
            for (String batch : script.split("\nGO\n")) run(admin, batch);
            equal(servedAt("localhost"), "sqlserver1");
            for (String several : List.of("false", "true")) {
                equal(servedAt("localhost", "applicationIntent", "ReadOnly", "multiSubnetFailover", several), "sqlserver2");
            }
            equal(servedAt("127.0.0.1", "applicationIntent", "ReadOnly"), "sqlserver1");
            equal(servedAt("localhost", "applicationIntent", "ReadOnly", "databaseName", "master"), "sqlserver1");
        }, "--topology", Path.of(System.getenv("MILINK_CASES"), "routing.toml").toString());
        // Readers that come by the listener read on the second replica what the first one commits; after a failover it is the other way.
        test("live_replica", () -> {
            List<String> ports = new ArrayList<>();
            for (int which : new int[] {0, 1}) ports.add(text(ready.getAsJsonArray("sqlServers").get(which).getAsJsonObject(), "port"));
            play("replicas.sql", ports);
            equal(served(ports.get(0)), "sqlserver1 1");
            equal(served(ports.get(0), "applicationIntent", "ReadOnly"), "sqlserver2 1");
            play("replicas-change.sql", ports);
            equal(served(ports.get(1)), "sqlserver2 2");
            equal(served(ports.get(1), "applicationIntent", "ReadOnly"), "sqlserver1 2");
        }, "--topology", Path.of(System.getenv("MILINK_CASES"), "replicas.toml").toString());
        test("scrollable_cursor", () -> {
            Connection connection = open();
            run(connection, "CREATE TABLE #c (id int NOT NULL PRIMARY KEY)");
            run(connection, "INSERT #c VALUES (1), (2), (3)");
            try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                    ResultSet rows = statement.executeQuery("SELECT id FROM #c ORDER BY id")) {
                rows.last();
                equal(rows.getInt(1), 3);
                rows.first();
                equal(rows.getInt(1), 1);
            }
        });
        test("scrollable_moves", () -> {
            Connection connection = open();
            numbers(connection, 10);
            for (int type : new int[] {ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.TYPE_SCROLL_SENSITIVE}) {
                try (Statement statement = connection.createStatement(type, ResultSet.CONCUR_READ_ONLY)) {
                    statement.setFetchSize(3);
                    ResultSet rows = statement.executeQuery("SELECT id, name FROM #n ORDER BY id");
                    equal(rows.isBeforeFirst(), true);
                    List<Integer> seen = new ArrayList<>();
                    while (rows.next()) seen.add(rows.getInt(1));
                    equal(seen, List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
                    equal(rows.isAfterLast(), true);
                    seen.clear();
                    while (rows.previous()) seen.add(rows.getInt(1));
                    equal(seen, List.of(10, 9, 8, 7, 6, 5, 4, 3, 2, 1));
                    equal(rows.isBeforeFirst(), true);
                    equal(rows.absolute(7), true);
                    equal(rows.getInt(1), 7);
                    equal(rows.getRow(), 7);
                    equal(rows.absolute(-2), true);
                    equal(rows.getInt(1), 9);
                    equal(rows.relative(-5), true);
                    equal(rows.getString(2), "n4");
                    equal(rows.relative(-9), false);
                    equal(rows.isBeforeFirst(), true);
                    equal(rows.absolute(11), false);
                    equal(rows.last(), true);
                    equal(rows.isLast(), true);
                    equal(rows.first(), true);
                    equal(rows.isFirst(), true);
                    equal(rows.getMetaData().getColumnCount(), 2);
                }
            }
        });
        test("updatable_rows", () -> {
            Connection connection = open();
            numbers(connection, 5);
            try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                statement.setFetchSize(2);
                ResultSet rows = statement.executeQuery("SELECT id, name AS called FROM #n ORDER BY id");
                equal(rows.absolute(3), true);
                rows.updateString("called", "three");
                rows.updateRow();
                equal(rows.getString(2), "three");
                equal(rows.absolute(4), true);
                rows.deleteRow();
                equal(rows.rowDeleted(), true);
                rows.moveToInsertRow();
                rows.updateInt(1, 6);
                rows.updateString(2, "six");
                rows.insertRow();
                rows.moveToCurrentRow();
                equal(rows.last(), true);
                equal(rows.getString(2), "six");
                equal(rows.absolute(4), true);
                equal(rows.rowDeleted(), true);
                equal(rows.absolute(1), true);
                run(connection, "UPDATE #n SET name = 'outside' WHERE id = 1");
                rows.updateString(2, "inside");
                expect(refused(rows::updateRow), 16947, "No rows were updated");
                rows.refreshRow();
                equal(rows.getString(2), "outside");
            }
            equal(one(connection, "SELECT STRING_AGG(CONCAT(id, name), ' ') WITHIN GROUP (ORDER BY id) FROM #n"), "1outside 2n2 3three 5n5 6six");
        });
        test("dynamic_and_forward_rows", () -> {
            Connection connection = open();
            numbers(connection, 4);
            int dynamic = com.microsoft.sqlserver.jdbc.SQLServerResultSet.TYPE_SS_SCROLL_DYNAMIC;
            try (Statement statement = connection.createStatement(dynamic, ResultSet.CONCUR_UPDATABLE)) {
                statement.setFetchSize(1);
                ResultSet rows = statement.executeQuery("SELECT id, name FROM #n");
                equal(rows.next(), true);
                run(connection, "DELETE #n WHERE id = 2; INSERT #n VALUES (9, 'n9')");
                List<Integer> seen = new ArrayList<>();
                while (rows.next()) seen.add(rows.getInt(1));
                equal(seen, List.of(3, 4, 9));
            }
            try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
                    ResultSet rows = statement.executeQuery("SELECT id, name FROM #n")) {
                while (rows.next()) {
                    if (rows.getInt(1) == 3) rows.deleteRow();
                    else {
                        rows.updateString(2, "m" + rows.getInt(1));
                        rows.updateRow();
                    }
                }
            }
            equal(one(connection, "SELECT STRING_AGG(name, ' ') WITHIN GROUP (ORDER BY id) FROM #n"), "m1 m4 m9");
        });
        test("select_method_cursor", () -> {
            Connection connection = open("selectMethod", "cursor", "responseBuffering", "adaptive");
            numbers(connection, 1000);
            try (PreparedStatement statement = connection.prepareStatement("SELECT id, name FROM #n WHERE id > ? ORDER BY id")) {
                for (int from : new int[] {0, 990, 2000}) {
                    statement.setInt(1, from);
                    statement.setFetchSize(100);
                    int count = 0;
                    try (ResultSet rows = statement.executeQuery()) {
                        while (rows.next()) {
                            count++;
                            equal(rows.getInt(1), from + count);
                        }
                    }
                    equal(count, Math.max(0, 1000 - from));
                }
            }
            try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT COUNT(*), MAX(name) FROM #n")) {
                equal(rows.next(), true);
                equal(rows.getInt(1), 1000);
                equal(rows.next(), false);
            }
            try (Statement statement = connection.createStatement()) {
                equal(statement.executeUpdate("UPDATE #n SET name = 'x' WHERE id < 3"), 2);
                equal(statement.execute("SELECT 1; SELECT 2"), true);
                equal(statement.getMoreResults(), true);
                expect(refused(() -> statement.executeQuery("SELECT missing FROM #n")), 207, "missing");
            }
        });
    }

    static void numbers(Connection connection, int count) throws Exception {
        run(connection, "CREATE TABLE #n (id int NOT NULL PRIMARY KEY, name varchar(20))");
        run(connection, "INSERT #n SELECT value, CONCAT('n', value) FROM GENERATE_SERIES(1, " + count + ")");
    }
}
