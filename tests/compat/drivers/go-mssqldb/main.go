// The tests of go-mssqldb: `program list` names them, `program TEST` runs one.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/golang-sql/civil"
	"github.com/golang-sql/sqlexp"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/shopspring/decimal"
)

type server struct {
	Name, Host, User, Password, Fqdn string
	Port                             int
}

type readyFile struct {
	EntraURL         string `json:"entraUrl"`
	CaFile           string
	TenantID         string `json:"tenantId"`
	ClientID         string `json:"clientId"`
	ClientSecret     string
	SQLServers       []server `json:"sqlServers"`
	ManagedInstances []server `json:"managedInstances"`
}

type typeCase struct{ Name, Type, Value, Kind, Text string }

type errorCase struct {
	Name, SQL, Text     string
	Number, Line, Class int32
}

var (
	ready readyFile
	ctx   = context.Background()
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(got, want any) {
	if !reflect.DeepEqual(got, want) {
		panic(fmt.Sprintf("got %#v, expected %#v", got, want))
	}
}

func cases(name string, into any) {
	raw, err := os.ReadFile(os.Getenv("MILINK_CASES") + "/" + name)
	must(err)
	must(json.Unmarshal(raw, into))
}

func manyRows() string {
	raw, err := os.ReadFile(os.Getenv("MILINK_CASES") + "/many-rows.sql")
	must(err)
	return string(raw)
}

func dsn(at server, change map[string]string) string {
	query := url.Values{"encrypt": {"true"}, "certificate": {ready.CaFile}, "app name": {"compat"}, "dial timeout": {"20"}}
	user, password := at.User, at.Password
	for key, value := range change {
		switch key {
		case "user":
			user = value
		case "password":
			password = value
		case "":
		default:
			query.Set(key, value)
		}
	}
	if query.Get("encrypt") == "disable" || query.Get("encrypt") == "false" {
		query.Del("certificate")
		query.Set("TrustServerCertificate", "true")
	}
	at2 := url.URL{Scheme: "sqlserver", User: url.UserPassword(user, password), Host: fmt.Sprintf("%s:%d", at.Host, at.Port), RawQuery: query.Encode()}
	return at2.String()
}

func open(change ...string) *sql.DB {
	return openAt(ready.SQLServers[0], change...)
}

func openAt(at server, change ...string) *sql.DB {
	words := map[string]string{}
	for i := 0; i+1 < len(change); i += 2 {
		words[change[i]] = change[i+1]
	}
	db, err := sql.Open("sqlserver", dsn(at, words))
	must(err)
	db.SetMaxOpenConns(1)
	return db
}

func one[T any](q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, text string, args ...any) T {
	var value T
	must(q.QueryRowContext(ctx, text, args...).Scan(&value))
	return value
}

func refused(err error) error {
	if err == nil {
		panic("nothing was refused")
	}
	return err
}

func expect(err error, number int32, text string) mssql.Error {
	var seen mssql.Error
	if !errors.As(refused(err), &seen) {
		panic(fmt.Sprintf("no error of the server: %v", err))
	}
	equal(seen.Number, number)
	if !strings.Contains(seen.Message, text) {
		panic(fmt.Sprintf("expected %q in %q", text, seen.Message))
	}
	return seen
}

func fraction(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// The driver's value as text of that kind.
func neutral(kind, sqlType string, value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	case string:
		return v
	case []byte:
		switch kind {
		case "decimal":
			return string(v)
		case "guid":
			var id mssql.UniqueIdentifier
			must(id.Scan(v))
			return id.String()
		case "string", "xml":
			return string(v)
		}
		return "0x" + strings.ToUpper(hex.EncodeToString(v))
	case time.Time:
		switch kind {
		case "date":
			return v.Format("2006-01-02")
		case "time":
			return fraction(v.Format("15:04:05.0000000"))
		case "datetime":
			return fraction(v.Format("2006-01-02T15:04:05.0000000"))
		}
		return fraction(v.Format("2006-01-02T15:04:05.0000000")) + v.Format("-07:00")
	}
	return fmt.Sprintf("%T %v", value, value)
}

func wantedText(c typeCase) string {
	switch c.Kind {
	case "float":
		f, err := strconv.ParseFloat(c.Text, 64)
		must(err)
		return strconv.FormatFloat(f, 'g', -1, 64)
	case "datetime", "time":
		return fraction(c.Text)
	}
	return c.Text
}

func collect[T any](list []T, name func(T) string, body func(T) string) {
	var problems []string
	for _, each := range list {
		func() {
			defer func() {
				if problem := recover(); problem != nil {
					problems = append(problems, fmt.Sprintf("%s: %v", name(each), problem))
				}
			}()
			if problem := body(each); problem != "" {
				problems = append(problems, name(each)+": "+problem)
			}
		}()
	}
	if problems != nil {
		panic("\n" + strings.Join(problems, "\n"))
	}
}

func caseName(c typeCase) string { return c.Name }

func databaseToken() string {
	pem, err := os.ReadFile(ready.CaFile)
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	answer, err := client.PostForm(strings.TrimRight(ready.EntraURL, "/")+"/"+ready.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {ready.ClientID}, "client_secret": {ready.ClientSecret},
		"scope": {"https://database.windows.net/.default"},
	})
	must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(err)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	must(json.Unmarshal(body, &token))
	return token.AccessToken
}

func encrypted(db *sql.DB) string {
	return one[string](db, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID")
}

type test struct {
	body  func()
	flags []string
}

var real = []string{"--clock", "real"}

var tests = map[string]test{
	"connect_without_tls": {body: func() {
		db := open("encrypt", "disable")
		equal(one[int64](db, "SELECT 1"), int64(1))
		equal(encrypted(db), "FALSE")
	}},
	"connect_login_only": {body: func() {
		db := open("encrypt", "false")
		equal(one[int64](db, "SELECT 1"), int64(1))
	}},
	"connect_encrypted": {body: func() { equal(encrypted(open()), "TRUE") }},
	"connect_strict": {body: func() {
		equal(encrypted(open("encrypt", "strict")), "TRUE")
	}},
	"wrong_ca_is_refused": {body: func() {
		err := refused(open("certificate", os.Getenv("MILINK_CASES")+"/other-ca.pem").Ping())
		if !strings.Contains(err.Error(), "certificate") {
			panic(err)
		}
	}},
	"bad_password":     {body: func() { expect(open("password", "not this one").Ping(), 18456, "Login failed for user 'sa'.") }},
	"unknown_database": {body: func() { refused(open("database", "nothing_here").Ping()) }},
	"session_facts": {body: func() {
		var database, login, app, version string
		var depth int
		must(open("database", "db1").QueryRow("SELECT DB_NAME(), SUSER_SNAME(), APP_NAME(), @@TRANCOUNT, @@VERSION").Scan(&database, &login, &app, &depth, &version))
		equal([]any{database, login, app, depth}, []any{"db1", "sa", "compat", 0})
		equal(strings.HasPrefix(version, "Microsoft SQL Server 2022"), true)
	}},
	"managed_instance": {body: func() {
		equal(one[int64](openAt(ready.ManagedInstances[0]), "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"), int64(8))
	}},
	"managed_instance_by_token": {body: func() {
		equal(one[int64](byToken(databaseToken()), "SELECT 1"), int64(1))
	}},
	"spoilt_token_is_refused": {body: func() {
		token := databaseToken()
		expect(byToken(token[:len(token)-8]+"AAAAAAAA").Ping(), 18456, "Login failed")
	}},
	"select_types": {body: func() {
		var list []typeCase
		cases("types.json", &list)
		db := open()
		collect(list, caseName, func(c typeCase) string {
			var value, null any
			must(db.QueryRow(fmt.Sprintf("SELECT CAST(%s AS %s) AS v, CAST(NULL AS %s) AS n", c.Value, c.Type, c.Type)).Scan(&value, &null))
			return judge(c, value, null)
		})
	}},
	"column_types": {body: func() {
		var list []typeCase
		cases("types.json", &list)
		db := open()
		conn, err := db.Conn(ctx)
		must(err)
		collect(list, caseName, func(c typeCase) string {
			_, err := conn.ExecContext(ctx, fmt.Sprintf(`IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t;
CREATE TABLE #t (id int NOT NULL PRIMARY KEY, v %s NULL);
INSERT INTO #t (id, v) VALUES (1, CAST(%s AS %s)), (2, NULL)`, c.Type, c.Value, c.Type))
			must(err)
			rows, err := conn.QueryContext(ctx, "SELECT v FROM #t ORDER BY id")
			must(err)
			defer rows.Close()
			types, err := rows.ColumnTypes()
			must(err)
			want := strings.ToUpper(strings.SplitN(c.Type, "(", 2)[0])
			want = map[string]string{"NUMERIC": "DECIMAL"}[want] + map[bool]string{true: want}[want != "NUMERIC"]
			if c.Type == "float(24)" {
				want = "REAL"
			}
			if got := types[0].DatabaseTypeName(); got != want {
				return "type name " + got + ", expected " + want
			}
			if nullable, ok := types[0].Nullable(); ok && !nullable {
				return "column is said to be NOT NULL"
			}
			var values []any
			for rows.Next() {
				var value any
				must(rows.Scan(&value))
				values = append(values, value)
			}
			must(rows.Err())
			equal(len(values), 2)
			return judge(c, values[0], values[1])
		})
	}},
	"parameters": {body: func() {
		db := open()
		moment := time.Date(2024, 2, 29, 13, 14, 15, 123456700, time.FixedZone("", 5*3600+1800))
		id := mssql.UniqueIdentifier{}
		must(id.Scan("6F9619FF-8B86-D011-B42D-00C04FC964FF"))
		list := []struct {
			name      string
			bind      any
			want      string
			kind, typ string
		}{
			{"bit", true, "true", "bool", "bit"},
			{"bigint", int64(-9223372036854775808), "-9223372036854775808", "int", "bigint"},
			{"int from int32", int32(-5), "-5", "int", "int"},
			{"float", 1.25e-100, "1.25e-100", "float", "float"},
			{"nvarchar", "日本語😀", "日本語😀", "string", "nvarchar(40)"},
			{"varchar", mssql.VarChar("plain"), "plain", "string", "varchar(40)"},
			{"nvarchar max", mssql.NVarCharMax(strings.Repeat("ž", 9000)), strings.Repeat("ž", 9000), "string", "nvarchar(max)"},
			{"varbinary", []byte{0, 255, 16}, "0x00FF10", "binary", "varbinary(10)"},
			{"decimal", decimal.RequireFromString("-1234567890.1234567891"), "-1234567890.1234567891", "decimal", "decimal(28,10)"},
			{"uniqueidentifier", id, "6F9619FF-8B86-D011-B42D-00C04FC964FF", "guid", "uniqueidentifier"},
			{"datetimeoffset", mssql.DateTimeOffset(moment), "2024-02-29T13:14:15.1234567+05:30", "datetimeoffset", "datetimeoffset"},
			{"time.Time", moment, "2024-02-29T13:14:15.1234567+05:30", "datetimeoffset", "datetimeoffset"},
			{"datetime", mssql.DateTime1(moment), "2024-02-29T13:14:15.123", "datetime", "datetime"},
			{"date", civil.DateOf(moment), "2024-02-29", "date", "date"},
			{"datetime2", civil.DateTimeOf(moment), "2024-02-29T13:14:15.1234567", "datetime", "datetime2"},
			{"time", civil.TimeOf(moment), "13:14:15.1234567", "time", "time"},
		}
		for _, each := range list {
			var value any
			must(db.QueryRow("SELECT CAST(@p1 AS "+each.typ+")", each.bind).Scan(&value))
			if got := neutral(each.kind, each.typ, value); got != each.want {
				panic(fmt.Sprintf("%s: got %.60s, expected %.60s", each.name, got, each.want))
			}
		}
		var null any = 1
		must(db.QueryRow("SELECT CAST(@p1 AS int)", sql.NullInt64{}).Scan(&null))
		equal(null, nil)
		equal(one[string](db, "SELECT CONCAT(@a, @b)", sql.Named("b", "2"), sql.Named("a", "1")), "12")
	}},
	"several_results": {body: func() {
		rows, err := open().Query("SELECT 1 AS a; SELECT 'x' AS b WHERE 1 = 0; SELECT 6 AS d UNION ALL SELECT 9")
		must(err)
		var sets [][]int
		for {
			var set []int
			for rows.Next() {
				var value int
				must(rows.Scan(&value))
				set = append(set, value)
			}
			sets = append(sets, set)
			if !rows.NextResultSet() {
				break
			}
		}
		must(rows.Err())
		equal(sets, [][]int{{1}, nil, {6, 9}})
	}},
	"row_counts": {body: func() {
		conn, err := open().Conn(ctx)
		must(err)
		count := func(text string) int64 {
			result, err := conn.ExecContext(ctx, text)
			must(err)
			n, err := result.RowsAffected()
			must(err)
			return n
		}
		count("CREATE TABLE #r (id int)")
		equal(count("INSERT #r VALUES (1), (2), (3)"), int64(3))
		equal(count("UPDATE #r SET id = id + 1 WHERE id > 1"), int64(2))
		equal(count("DELETE #r WHERE id = 99"), int64(0))
		equal(count("DELETE #r"), int64(3))
	}},
	"error_numbers": {body: func() {
		var list []errorCase
		cases("errors.json", &list)
		db := open()
		collect(list, func(c errorCase) string { return c.Name }, func(c errorCase) string {
			_, err := db.Exec(c.SQL)
			var seen mssql.Error
			if !errors.As(refused(err), &seen) {
				return err.Error()
			}
			first := seen
			if len(seen.All) > 0 {
				first = seen.All[0]
			}
			got, want := fmt.Sprint(first.Number, first.Class, first.LineNo), fmt.Sprint(c.Number, c.Class, c.Line)
			if got != want {
				return fmt.Sprintf("number, class and line %s, expected %s: %s", got, want, first.Message)
			}
			if !strings.Contains(first.Message, c.Text) {
				return fmt.Sprintf("%q, expected %q", first.Message, c.Text)
			}
			equal(one[int64](db, "SELECT 1"), int64(1))
			return ""
		})
	}},
	"transactions": {body: func() {
		db := open("database", "db1")
		db.SetMaxOpenConns(4)
		_, err := db.Exec("CREATE TABLE dbo.tran_test (id int NOT NULL PRIMARY KEY)")
		must(err)
		for i, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted, sql.LevelSerializable, sql.LevelRepeatableRead} {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
			must(err)
			_, err = tx.Exec("INSERT INTO dbo.tran_test VALUES (@p1)", 2*i)
			must(err)
			must(tx.Commit())
			tx, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
			must(err)
			_, err = tx.Exec("INSERT INTO dbo.tran_test VALUES (@p1)", 2*i+1)
			must(err)
			must(tx.Rollback())
		}
		equal(one[int64](db, "SELECT SUM(id) FROM dbo.tran_test"), int64(12))
	}},
	"prepared_statement": {body: func() {
		db := open()
		statement, err := db.Prepare("SELECT @p1 + 1")
		must(err)
		for i := range 5 {
			var value int
			must(statement.QueryRow(i).Scan(&value))
			equal(value, i+1)
		}
		must(statement.Close())
		equal(one[int64](db, "SELECT 1"), int64(1))
	}},
	"output_parameters": {body: func() {
		db := open("database", "db1")
		_, err := db.Exec("CREATE PROCEDURE dbo.twice @in int, @out int OUTPUT, @text nvarchar(40) OUTPUT AS BEGIN SET @out = 2 * @in; SET @text = CONCAT(@text, N'!'); RETURN 7 END")
		must(err)
		var out int
		text := "žlutý"
		var status mssql.ReturnStatus
		_, err = db.Exec("dbo.twice", sql.Named("in", 21), sql.Named("out", sql.Out{Dest: &out}), sql.Named("text", sql.Out{Dest: &text, In: true}), &status)
		must(err)
		equal([]any{out, text, int(status)}, []any{42, "žlutý!", 7})
	}},
	"large_values": {body: func() {
		db := open()
		text, blob := strings.Repeat("ž-12345678", 104858), []byte(strings.Repeat("0123456789abcdef", 65536))
		var gotText string
		var gotBlob []byte
		must(db.QueryRow("SELECT @p1, @p2", text, blob).Scan(&gotText, &gotBlob))
		equal(gotText == text, true)
		equal(string(gotBlob) == string(blob), true)
	}},
	"many_rows": {body: func() {
		rows, err := open().Query(manyRows())
		must(err)
		var count, sum int64
		for rows.Next() {
			var n int64
			var filler string
			must(rows.Scan(&n, &filler))
			count++
			sum += n
		}
		must(rows.Err())
		equal([]int64{count, sum}, []int64{20000, 20000 * 19999 / 2})
	}},
	"half_read_result": {body: func() {
		db := open()
		rows, err := db.Query(manyRows())
		must(err)
		equal(rows.Next(), true)
		must(rows.Close())
		equal(one[int64](db, "SELECT 2"), int64(2))
	}},
	"live_replica":      {flags: []string{"--topology", os.Getenv("MILINK_CASES") + "/replicas.toml"}, body: liveReplica},
	"read_only_routing": {flags: []string{"--topology", os.Getenv("MILINK_CASES") + "/routing.toml"}, body: readOnlyRouting},
	"cancel_waiting": {flags: real, body: func() {
		db := open()
		short, stop := context.WithTimeout(ctx, 500*time.Millisecond)
		defer stop()
		start := time.Now()
		_, err := db.ExecContext(short, "WAITFOR DELAY '00:00:20'")
		refused(err)
		equal(time.Since(start) < 10*time.Second, true)
		equal(one[int64](db, "SELECT 3"), int64(3))
	}},
	"pool_resets_sessions": {body: func() {
		db := open("database", "db1")
		conn, err := db.Conn(ctx)
		must(err)
		spid := one[int64](conn, "SELECT @@SPID")
		_, err = conn.ExecContext(ctx, "CREATE TABLE #left (id int); USE master; BEGIN TRAN")
		must(err)
		must(conn.Close())
		var again, depth int64
		var database string
		var left sql.NullInt64
		must(db.QueryRow("SELECT @@SPID, DB_NAME(), @@TRANCOUNT, OBJECT_ID('tempdb..#left')").Scan(&again, &database, &depth, &left))
		equal([]any{again, database, depth, left.Valid}, []any{spid, "db1", int64(0), false})
	}},
	"bulk_copy": {body: func() {
		db := open("database", "db1")
		_, err := db.Exec("CREATE TABLE dbo.bulk_test (id int NOT NULL, s nvarchar(20) NULL, d decimal(9,2) NULL)")
		must(err)
		tx, err := db.Begin()
		must(err)
		statement, err := tx.Prepare(mssql.CopyIn("dbo.bulk_test", mssql.BulkOptions{}, "id", "s", "d"))
		must(err)
		for i := range 1000 {
			_, err = statement.Exec(i, fmt.Sprint("row ", i), "1.25")
			must(err)
		}
		_, err = statement.Exec()
		must(err)
		must(statement.Close())
		must(tx.Commit())
		equal(one[string](db, "SELECT CONCAT(COUNT(*), ' ', SUM(d)) FROM dbo.bulk_test"), "1000 1250.00")
	}},
	"messages": {body: func() {
		inbox := &sqlexp.ReturnMessage{}
		rows, err := open().QueryContext(ctx, "PRINT N'žluťoučký'; SELECT 1; RAISERROR('only a note %s', 10, 1, 'here')", inbox)
		must(err)
		var seen []string
		for active := true; active; {
			switch message := inbox.Message(ctx).(type) {
			case sqlexp.MsgNotice:
				seen = append(seen, message.Message.String())
			case sqlexp.MsgNext:
				for rows.Next() {
				}
			case sqlexp.MsgNextResultSet:
				active = rows.NextResultSet()
			case sqlexp.MsgError:
				panic(message.Error)
			}
		}
		equal(seen, []string{"žluťoučký", "only a note here"})
	}},
}

func byToken(token string) *sql.DB {
	connector, err := mssql.NewAccessTokenConnector(func() string {
		at := ready.ManagedInstances[0]
		query := url.Values{"encrypt": {"true"}, "certificate": {ready.CaFile}}
		where := url.URL{Scheme: "sqlserver", Host: fmt.Sprintf("%s:%d", at.Host, at.Port), RawQuery: query.Encode()}
		return where.String()
	}(), func() (string, error) { return token, nil })
	must(err)
	return sql.OpenDB(connector)
}

func judge(c typeCase, value, null any) string {
	if null != nil {
		return fmt.Sprintf("NULL came as %v", null)
	}
	if got := neutral(c.Kind, c.Type, value); got != wantedText(c) {
		return fmt.Sprintf("got %s, expected %s", got, wantedText(c))
	}
	return ""
}

// A reader that comes by the listener follows the primary's word to another server; a writer stays.
func readOnlyRouting() {
	raw, err := os.ReadFile(os.Getenv("MILINK_CASES") + "/routing.sql")
	must(err)
	script := strings.ReplaceAll(string(raw), "{port}", strconv.Itoa(ready.SQLServers[1].Port))
	admin := open()
	for _, batch := range strings.Split(script, "\nGO\n") {
		_, err := admin.ExecContext(ctx, batch)
		must(err)
	}
	seen := func(host string, change ...string) string {
		at := ready.SQLServers[0]
		at.Host = host
		db := openAt(at, append([]string{"database", "db1"}, change...)...)
		defer db.Close()
		return one[string](db, "SELECT @@SERVERNAME")
	}
	reads := []string{"ApplicationIntent", "ReadOnly"}
	equal(seen("localhost"), "sqlserver1")
	equal(seen("localhost", reads...), "sqlserver2")
	equal(seen("localhost", append(reads, "multisubnetfailover", "false")...), "sqlserver2")
	equal(seen("127.0.0.1", reads...), "sqlserver1")
	_, err = admin.ExecContext(ctx, "ALTER AVAILABILITY GROUP compat MODIFY REPLICA ON N'sqlserver1' WITH (PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'away')))")
	must(err)
	at := ready.SQLServers[0]
	at.Host = "localhost"
	err = openAt(at, append([]string{"database", "db1"}, reads...)...).PingContext(ctx)
	var seenError mssql.Error
	if !errors.As(refused(err), &seenError) {
		panic(fmt.Sprintf("no error of the server: %v", err))
	}
	numbers := []int32{}
	for _, each := range seenError.All {
		numbers = append(numbers, each.Number)
	}
	equal(numbers, []int32{982, 4060, 18456})
}

// Readers that come by the listener read on the second replica what the first one commits; after a failover it is the other way.
func liveReplica() {
	at := func(which int, host string) server {
		found := ready.SQLServers[which]
		if host != "" {
			found.Host = host
		}
		return found
	}
	words := strings.NewReplacer("{listener}", "localhost",
		"{one}", fmt.Sprintf("127.0.0.1:%d", ready.SQLServers[0].Port), "{two}", fmt.Sprintf("127.0.0.1:%d", ready.SQLServers[1].Port))
	play := func(name string) {
		raw, err := os.ReadFile(os.Getenv("MILINK_CASES") + "/" + name)
		must(err)
		for _, batch := range strings.Split(words.Replace(string(raw)), "\nGO\n") {
			which := 0
			if strings.HasPrefix(batch, "-- sqlserver2") {
				which = 1
			}
			db := openAt(at(which, ""))
			_, err := db.ExecContext(ctx, batch)
			must(err)
			db.Close()
		}
	}
	seen := func(which int, change ...string) string {
		db := openAt(at(which, "localhost"), append([]string{"database", "db1"}, change...)...)
		defer db.Close()
		return one[string](db, "SELECT CONCAT(@@SERVERNAME, ' ', MAX(id)) FROM dbo.served")
	}
	play("replicas.sql")
	equal(seen(0), "sqlserver1 1")
	equal(seen(0, "ApplicationIntent", "ReadOnly"), "sqlserver2 1")
	play("replicas-change.sql")
	equal(seen(1), "sqlserver2 2")
	equal(seen(1, "ApplicationIntent", "ReadOnly"), "sqlserver1 2")
}

func main() {
	word := os.Args[1]
	if word == "list" {
		var names []string
		for name := range tests {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(strings.Join(append([]string{name}, tests[name].flags...), "\t"))
		}
		return
	}
	raw, err := os.ReadFile(os.Getenv("MILINK_READY"))
	must(err)
	must(json.Unmarshal(raw, &ready))
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Println(problem)
			os.Exit(1)
		}
	}()
	tests[word].body()
}
