//! What is refused: number, line and text.

use crate::parser::{ParseOptions, parse_batch};

/// Batch, number, line, message. Texts follow `sys.messages`; which number a mistake raises follows what users of the
/// server report, and for 155 in HA statements is a guess.
const CASES: &[(&str, i32, u32, &str)] = &[
    // 102: near the token that does not fit, or near the last one at the end.
    ("SELECT 1 +", 102, 1, "Incorrect syntax near '+'."),
    ("SELECT * FROM", 102, 1, "Incorrect syntax near 'FROM'."),
    (
        "SELECT\n\n*\nFROM t WHERE",
        102,
        4,
        "Incorrect syntax near 'WHERE'.",
    ),
    ("SELECT 1 = 1", 102, 1, "Incorrect syntax near '='."),
    ("SELECT (1 = 1)", 102, 1, "Incorrect syntax near '='."),
    ("SELECT a, , b FROM t", 102, 1, "Incorrect syntax near ','."),
    ("SELECT (1", 102, 1, "Incorrect syntax near '1'."),
    ("SELECT 1)", 102, 1, "Incorrect syntax near ')'."),
    ("SELECT 1\nGO 2", 102, 2, "Incorrect syntax near '2'."),
    ("SELECT 1; foo bar", 102, 1, "Incorrect syntax near 'foo'."),
    (
        "SELECT 1;\nsp_who",
        102,
        2,
        "Incorrect syntax near 'sp_who'.",
    ),
    ("EXEC p @a + 1", 102, 1, "Incorrect syntax near '+'."),
    ("EXEC p 1, ", 102, 1, "Incorrect syntax near ','."),
    (
        "SELECT * FROM (SELECT 1 AS a)",
        102,
        1,
        "Incorrect syntax near ')'.",
    ),
    (
        "SELECT * FROM a JOIN b",
        102,
        1,
        "Incorrect syntax near 'b'.",
    ),
    ("DECLARE @a", 102, 1, "Incorrect syntax near '@a'."),
    ("DECLARE @a int = ", 102, 1, "Incorrect syntax near '='."),
    ("IF 1 = 1", 102, 1, "Incorrect syntax near '1'."),
    ("BEGIN", 102, 1, "Incorrect syntax near 'BEGIN'."),
    (
        "BEGIN TRY SELECT 1 END TRY",
        102,
        1,
        "Incorrect syntax near 'TRY'.",
    ),
    (
        "INSERT INTO t VALUES (1",
        102,
        1,
        "Incorrect syntax near '1'.",
    ),
    (
        "CREATE TABLE t (a int b int)",
        102,
        1,
        "Incorrect syntax near 'b'.",
    ),
    ("CREATE TABLE t", 102, 1, "Incorrect syntax near 't'."),
    ("UPDATE t SET a == 1", 102, 1, "Incorrect syntax near '='."),
    ("SELECT 1 'a' 'b'", 102, 1, "Incorrect syntax near 'b'."),
    ("SELECT [a] [b] [c]", 102, 1, "Incorrect syntax near 'c'."),
    ("SELECT ?", 102, 1, "Incorrect syntax near '?'."),
    (
        "SELECT a NOT b FROM t",
        156,
        1,
        "Incorrect syntax near the keyword 'NOT'.",
    ),
    (
        "SELECT 1 WHERE a NOT 1",
        102,
        1,
        "Incorrect syntax near '1'.",
    ),
    ("COMMIT x", 102, 1, "Incorrect syntax near 'x'."),
    ("RAISERROR ('x')", 102, 1, "Incorrect syntax near ')'."),
    ("THROW 50000", 102, 1, "Incorrect syntax near '50000'."),
    ("USE", 102, 1, "Incorrect syntax near 'USE'."),
    ("SET @a", 102, 1, "Incorrect syntax near '@a'."),
    ("SET NOCOUNT 1", 102, 1, "Incorrect syntax near '1'."),
    (
        "SELECT TOP FROM t",
        156,
        1,
        "Incorrect syntax near the keyword 'FROM'.",
    ),
    (
        "SELECT a FROM t OPTION (FOO)",
        102,
        1,
        "Incorrect syntax near 'FOO'.",
    ),
    (
        "SELECT a FROM t ORDER BY a FETCH NEXT 1 ROWS ONLY",
        102,
        1,
        "Incorrect syntax near '1'.",
    ),
    (
        "CREATE VIEW v AS SELECT 1 AS a; SELECT 2",
        156,
        1,
        "Incorrect syntax near the keyword 'SELECT'.",
    ),
    (
        "CREATE FUNCTION f () RETURNS int AS BEGIN END",
        102,
        1,
        "Incorrect syntax near 'END'.",
    ),
    (
        "CREATE ENDPOINT e STATE = STARTED",
        102,
        1,
        "Incorrect syntax near 'STARTED'.",
    ),
    (
        "CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022, LISTENER_IP = (10.0.0)) FOR TSQL ()",
        102,
        1,
        "Incorrect syntax near ')'.",
    ),
    (
        "ALTER AVAILABILITY GROUP ag SET (ROLE = PRIMARY)",
        156,
        1,
        "Incorrect syntax near the keyword 'PRIMARY'.",
    ),
    (
        "ALTER AVAILABILITY GROUP ag FAILOVER NOW",
        102,
        1,
        "Incorrect syntax near 'NOW'.",
    ),
    (
        "CREATE AVAILABILITY GROUP ag WITH (CLUSTER_TYPE = FOO) FOR REPLICA ON 'a' WITH (ENDPOINT_URL = 'u')",
        102,
        1,
        "Incorrect syntax near 'FOO'.",
    ),
    (
        "CREATE AVAILABILITY GROUP ag WITH (BASIC, BASIC) FOR REPLICA ON 'a' WITH (ENDPOINT_URL = 'u')",
        102,
        1,
        "Incorrect syntax near 'BASIC'.",
    ),
    (
        "ALTER AVAILABILITY GROUP ag JOIN WITH CLUSTER_TYPE = NONE",
        102,
        1,
        "Incorrect syntax near 'CLUSTER_TYPE'.",
    ),
    (
        "CREATE CERTIFICATE c FROM BINARY = 'x'",
        102,
        1,
        "Incorrect syntax near 'x'.",
    ),
    (
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = @p",
        102,
        1,
        "Incorrect syntax near '@p'.",
    ),
    ("KILL foo", 102, 1, "Incorrect syntax near 'foo'."),
    ("", 0, 0, ""),
    // 156: near a reserved word.
    (
        "SELECT FROM t",
        156,
        1,
        "Incorrect syntax near the keyword 'FROM'.",
    ),
    (
        "select from t",
        156,
        1,
        "Incorrect syntax near the keyword 'from'.",
    ),
    (
        "SELECT a FROM t\nWHERE\nORDER BY a",
        156,
        3,
        "Incorrect syntax near the keyword 'ORDER'.",
    ),
    (
        "SELECT a AS table FROM t",
        156,
        1,
        "Incorrect syntax near the keyword 'table'.",
    ),
    (
        "SELECT a FROM order",
        156,
        1,
        "Incorrect syntax near the keyword 'order'.",
    ),
    (
        "SELECT t.key FROM t",
        156,
        1,
        "Incorrect syntax near the keyword 'key'.",
    ),
    (
        "BEGIN END",
        156,
        1,
        "Incorrect syntax near the keyword 'END'.",
    ),
    (
        "ELSE SELECT 1",
        156,
        1,
        "Incorrect syntax near the keyword 'ELSE'.",
    ),
    (
        "SELECT 1 END",
        156,
        1,
        "Incorrect syntax near the keyword 'END'.",
    ),
    (
        "CREATE TABLE t (a int, key int)",
        156,
        1,
        "Incorrect syntax near the keyword 'key'.",
    ),
    (
        "SELECT a b FROM t x INNER y",
        102,
        1,
        "Incorrect syntax near 'y'.",
    ),
    (
        "SELECT CASE a END",
        156,
        1,
        "Incorrect syntax near the keyword 'END'.",
    ),
    (
        "SELECT CASE WHEN 1 = 1 THEN 2",
        102,
        1,
        "Incorrect syntax near '2'.",
    ),
    // 319: WITH where it cannot be.
    (
        "SELECT 1\nWITH c AS (SELECT 1 AS a) SELECT a FROM c",
        319,
        2,
        "Incorrect syntax near the keyword 'WITH'. If this statement is a common table expression, an xmlnamespaces \
         clause or a change tracking context clause, the previous statement must be terminated with a semicolon.",
    ),
    (
        "DECLARE @a int with c as (select 1 as a) select a from c",
        319,
        1,
        "Incorrect syntax near the keyword 'with'. If this statement is a common table expression, an xmlnamespaces \
         clause or a change tracking context clause, the previous statement must be terminated with a semicolon.",
    ),
    // 105, 113, 103, 1038: the lexer's.
    (
        "SELECT 'abc",
        105,
        1,
        "Unclosed quotation mark after the character string 'abc'.",
    ),
    (
        "SELECT\n[abc",
        105,
        2,
        "Unclosed quotation mark after the character string 'abc'.",
    ),
    ("PRINT 'a'\n/* b", 113, 2, "Missing end comment mark '*/'."),
    (
        "SELECT 1 AS []",
        1038,
        1,
        "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not allowed. Change the alias to a valid name.",
    ),
    // 4145: a value where a condition belongs.
    (
        "IF 1 PRINT 'x'",
        4145,
        1,
        "An expression of non-boolean type specified in a context where a condition is expected, near 'PRINT'.",
    ),
    (
        "SELECT 1 WHERE a",
        4145,
        1,
        "An expression of non-boolean type specified in a context where a condition is expected, near 'a'.",
    ),
    (
        "SELECT 1 WHERE a AND b = 1",
        4145,
        1,
        "An expression of non-boolean type specified in a context where a condition is expected, near 'AND'.",
    ),
    (
        "SELECT 1 WHERE (a = 1) AND (b)\nORDER BY 1",
        4145,
        2,
        "An expression of non-boolean type specified in a context where a condition is expected, near 'ORDER'.",
    ),
    (
        "SELECT 1 WHERE NOT (a)",
        4145,
        1,
        "An expression of non-boolean type specified in a context where a condition is expected, near ')'.",
    ),
    (
        "SELECT 1 WHERE (a = 1) + 2 = 3",
        102,
        1,
        "Incorrect syntax near '+'.",
    ),
    (
        "SELECT 1 FROM a, b WHERE a.x *= b.x",
        102,
        1,
        "Incorrect syntax near '*='.",
    ),
    ("SELECT 1 WHERE a ? b", 102, 1, "Incorrect syntax near '?'."),
    // 111: modules stand alone.
    (
        "SELECT 1\nCREATE VIEW v AS SELECT 1 AS a",
        111,
        2,
        "'CREATE/ALTER VIEW' must be the first statement in a query batch.",
    ),
    (
        "SELECT 1; ALTER PROC p AS SELECT 1",
        111,
        1,
        "'CREATE/ALTER PROCEDURE' must be the first statement in a query batch.",
    ),
    (
        "IF 1 = 1 CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END",
        111,
        1,
        "'CREATE/ALTER FUNCTION' must be the first statement in a query batch.",
    ),
    (
        "BEGIN CREATE TRIGGER t ON x AFTER INSERT AS RETURN END",
        111,
        1,
        "'CREATE/ALTER TRIGGER' must be the first statement in a query batch.",
    ),
    (
        "PRINT 1 CREATE SCHEMA s",
        111,
        1,
        "'CREATE SCHEMA' must be the first statement in a query batch.",
    ),
    // 117, 195, 321, 10713.
    (
        "SELECT * FROM a.b.c.d.e",
        117,
        1,
        "The object name 'a.b.c.d.e' contains more than the maximum number of prefixes. The maximum is 3.",
    ),
    (
        "SET FOO ON",
        195,
        1,
        "'FOO' is not a recognized SET option.",
    ),
    (
        "SET NOCOUNT, BAR ON",
        195,
        1,
        "'BAR' is not a recognized SET option.",
    ),
    (
        "SELECT * FROM t WITH (FOO)",
        321,
        1,
        "\"FOO\" is not a recognized table hints option. If it is intended as a parameter to a table-valued function or to the CHANGETABLE function, ensure that your database compatibility mode is set to 90.",
    ),
    (
        "MERGE t USING u ON t.a = u.a\nWHEN MATCHED THEN DELETE",
        10713,
        2,
        "A MERGE statement must be terminated by a semi-colon (;).",
    ),
    // 155: an option the statement does not have.
    (
        "BACKUP DATABASE d TO DISK = 'x' WITH FOO",
        155,
        1,
        "'FOO' is not a recognized BACKUP option.",
    ),
    (
        "RESTORE DATABASE d FROM DISK = 'x' WITH COPY_ONLY",
        155,
        1,
        "'COPY_ONLY' is not a recognized RESTORE option.",
    ),
    (
        "ALTER DATABASE d SET FOO ON",
        155,
        1,
        "'FOO' is not a recognized ALTER DATABASE option.",
    ),
    (
        "CREATE AVAILABILITY GROUP ag WITH (FOO = 1) FOR REPLICA ON 'a' WITH (ENDPOINT_URL = 'u')",
        155,
        1,
        "'FOO' is not a recognized CREATE AVAILABILITY GROUP option.",
    ),
    (
        "CREATE AVAILABILITY GROUP ag FOR REPLICA ON 'a' WITH (LISTENER_URL = 'u')",
        155,
        1,
        "'LISTENER_URL' is not a recognized CREATE AVAILABILITY GROUP option.",
    ),
    (
        "ALTER AVAILABILITY GROUP dag MODIFY AVAILABILITY GROUP ON 'a' WITH (ENDPOINT_URL = 'u')",
        155,
        1,
        "'ENDPOINT_URL' is not a recognized ALTER AVAILABILITY GROUP option.",
    ),
    (
        "ALTER AVAILABILITY GROUP ag SET (CLUSTER_TYPE = NONE)",
        155,
        1,
        "'CLUSTER_TYPE' is not a recognized ALTER AVAILABILITY GROUP option.",
    ),
    (
        "CREATE AVAILABILITY GROUP ag FOR REPLICA ON 'a' WITH (SECONDARY_ROLE (READ_ONLY_ROUTING_LIST = NONE))",
        155,
        1,
        "'READ_ONLY_ROUTING_LIST' is not a recognized SECONDARY_ROLE option.",
    ),
    (
        "CREATE ENDPOINT e AS TCP (PORT = 1) FOR TSQL ()",
        155,
        1,
        "'PORT' is not a recognized ENDPOINT option.",
    ),
    (
        "ALTER ENDPOINT e FOR SERVICE_BROKER (ROLE = ALL)",
        155,
        1,
        "'ROLE' is not a recognized ENDPOINT option.",
    ),
    (
        "CREATE CERTIFICATE c WITH SUBJECT = 's', FOO = 'x'",
        155,
        1,
        "'FOO' is not a recognized CREATE CERTIFICATE option.",
    ),
    (
        "CREATE LOGIN l WITH PASSWORD = 'p', FOO = ON",
        155,
        1,
        "'FOO' is not a recognized CREATE LOGIN option.",
    ),
    (
        "CREATE USER u WITH PASSWORT = 'x'",
        155,
        1,
        "'PASSWORT' is not a recognized CREATE USER option.",
    ),
    (
        "CREATE INDEX i ON t (a) WITH (FOO = 1)",
        155,
        1,
        "'FOO' is not a recognized CREATE INDEX option.",
    ),
    (
        "RAISERROR ('x', 16, 1) WITH FOO",
        155,
        1,
        "'FOO' is not a recognized RAISERROR option.",
    ),
    (
        "DBCC CHECKDB WITH FOO",
        155,
        1,
        "'FOO' is not a recognized DBCC option.",
    ),
    // What the server has and we do not.
    (
        "BULK INSERT t FROM 'x'",
        50990,
        1,
        "milink does not support BULK INSERT.",
    ),
    (
        "CREATE ASSEMBLY a FROM 'x'",
        50990,
        1,
        "milink does not support CREATE ASSEMBLY.",
    ),
    (
        "CREATE SYMMETRIC KEY k",
        50990,
        1,
        "milink does not support CREATE SYMMETRIC KEY.",
    ),
    (
        "SELECT * FROM OPENROWSET('a', 'b', 'c')",
        50990,
        1,
        "milink does not support OPENROWSET.",
    ),
    (
        "SELECT 1 WHERE CONTAINS(a, 'x')",
        50990,
        1,
        "milink does not support full-text predicates.",
    ),
    (
        "CREATE EXTERNAL TABLE t (a int)",
        50990,
        1,
        "milink does not support CREATE EXTERNAL TABLE.",
    ),
    ("CREATE FOO x", 102, 1, "Incorrect syntax near 'FOO'."),
];

#[test]
fn refusals() {
    let mut wrong = Vec::new();
    for (batch, number, line, message) in CASES {
        let found = match parse_batch(batch, ParseOptions::default()) {
            Ok(_) => (0, 0, 0, String::new()),
            Err(error) => (error.number, error.severity, error.line, error.message),
        };
        let severity = match number {
            0 => 0,
            50990 => 16,
            _ => 15,
        };
        if found != (*number, severity, *line, (*message).to_owned()) {
            wrong.push(format!("{batch:?}\n    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unclosed_quote_is_two_errors() {
    let error = parse_batch("SELECT 'abc", ParseOptions::default()).expect_err("it is unclosed");
    let next = error.next.expect("102 follows 105");
    assert_eq!(
        (next.number, next.message.as_str()),
        (102, "Incorrect syntax near 'abc'.")
    );
}

#[test]
fn a_long_identifier_is_named_by_its_start() {
    let text = format!("SELECT {}", "x".repeat(200));
    let error = parse_batch(&text, ParseOptions::default()).expect_err("it is too long");
    let expected = format!(
        "The identifier that starts with '{}' is too long. Maximum length is 128.",
        "x".repeat(128)
    );
    assert_eq!((error.number, error.message), (103, expected));
}

#[test]
fn double_quotes_are_strings_when_the_session_says_so() {
    let off = ParseOptions {
        quoted_identifier: false,
    };
    assert!(parse_batch("PRINT \"it's\" + 'x'", off).is_ok());
    assert!(parse_batch("SELECT * FROM \"t\"", off).is_err());
    assert!(parse_batch("SELECT * FROM \"t\"", ParseOptions::default()).is_ok());
}
