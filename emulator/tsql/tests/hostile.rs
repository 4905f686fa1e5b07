//! Hostile text: batches of the corpus with words dropped, doubled, repeated and swapped for others. Whatever comes of
//! it is an answer or an error, never a panic; what cannot be read changes nothing, and whatever else was said, the laws
//! of the world hold and the next session is answered.

#[expect(dead_code, reason = "the transcripts use all of it")]
mod support;

use std::fs;
use std::path::Path;

use milink_core::invariants;
use milink_tsql::lexer::{split_batches, tokenize};
use milink_tsql::parser::{
    ParseOptions, SyntaxError, parse_batch, parse_condition, parse_expression, parse_parameters,
};
use milink_tsql::session::Request;
use proptest::prelude::*;
use support::{Lab, Talk};

/// Every batch of the corpus, and every statement of them by itself.
fn corpus() -> (Vec<String>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let (mut batches, mut statements) = (Vec::new(), Vec::new());
    for file in files {
        let script = fs::read_to_string(file).expect("a readable script");
        for batch in split_batches(&script) {
            batches.push(batch.text.to_owned());
            let Ok(parsed) = parse_batch(batch.text, ParseOptions::default()) else {
                continue;
            };
            let texts = parsed.statements.iter().map(|it| it.span.text(batch.text));
            statements.extend(texts.map(str::to_owned));
        }
    }
    (batches, statements)
}

/// What comes where it makes no sense.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IN",
    "EXISTS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "BEGIN",
    "TRY",
    "CATCH",
    "IF",
    "WHILE",
    "BREAK",
    "EXEC",
    "DECLARE",
    "SET",
    "CREATE",
    "ALTER",
    "DROP",
    "TABLE",
    "INDEX",
    "VIEW",
    "PROCEDURE",
    "AS",
    "ON",
    "WITH",
    "GROUP BY",
    "ORDER BY",
    "TOP (1)",
    "UNION ALL",
    "LEFT JOIN",
    "CROSS APPLY",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "DELETE",
    "MERGE",
    "OUTPUT",
    "DATABASE",
    "AVAILABILITY GROUP",
    "REPLICA ON",
    "ENDPOINT",
    "CERTIFICATE",
    "BACKUP",
    "RESTORE",
    "GRANT",
    "OVER ()",
    "OFFSET 1 ROWS",
    "FETCH NEXT",
    "COMMIT",
    "ROLLBACK",
    "TRAN",
    "int",
    "nvarchar(max)",
    "decimal(38, 38)",
    "xml",
    "DEFAULT",
    "CAST(",
    "CONVERT(",
    "LIKE",
    "BETWEEN",
    "IS",
    "GO",
    "CURSOR FOR",
    "RETURN",
    "GOTO x",
    "THROW",
    "sys.databases",
    "sys.objects",
    "t",
    "u",
    "db1",
    "master",
    "@a",
    "@@TRANCOUNT",
    "#t",
    "##t",
    "N'x'",
    "'2020-02-30'",
    "0x",
    "0xABC",
    "1.",
    ".5",
    "1e400",
    "2147483648",
    "-9223372036854775808",
    "REPLICATE('x', 100000000)",
    "REPLICATE(CONVERT(varchar(max), 'x'), 2000000000)",
    "SPACE(-1)",
    "1/0",
    "GETDATE()",
    "WAITFOR DELAY '23:59:59'",
    "SELECT 1 WHERE EXISTS (",
    "/*",
    "*/",
    "--",
    "\n",
    "'",
    "\"",
    "[",
    "]",
    "{fn ",
    "$",
];

fn is_told(text: &str, error: &SyntaxError) {
    let lines = 1 + text.matches('\n').count();
    assert!(
        (1..=lines as u32).contains(&error.line),
        "line {} of {lines}",
        error.line
    );
    assert!(
        (1..3_000).contains(&error.message.len()),
        "{}",
        error.message
    );
}

#[test]
fn hostile_text_is_parsed_or_refused() {
    let (batches, _) = corpus();
    milink_hostile::text(
        "tsql-parser",
        1_000,
        prop::sample::select(batches),
        WORDS,
        |text| {
            for quoted_identifier in [true, false] {
                let options = ParseOptions { quoted_identifier };
                match parse_batch(text, options) {
                    Ok(batch) => {
                        let mut end = 0;
                        for statement in &batch.statements {
                            assert!(
                                statement.span.start >= end
                                    && statement.span.end > statement.span.start
                            );
                            assert!(!statement.span.text(text).is_empty());
                            end = statement.span.end;
                        }
                    }
                    Err(error) => is_told(text, &error),
                }
                let _ = tokenize(text, quoted_identifier);
                let _ = parse_expression(text, options);
                let _ = parse_condition(text, options);
                let _ = parse_parameters(text, options);
            }
            let batches = split_batches(text);
            assert!(batches.iter().map(|batch| batch.text.len()).sum::<usize>() <= text.len());
        },
    );
}

#[test]
fn hostile_text_is_answered() {
    let (_, statements) = corpus();
    let mut prepared = Lab::new();
    let mut talk = Talk::new(&mut prepared);
    for table in ["t", "u"] {
        let text = format!(
            "CREATE TABLE {table} (a int, b int, c nvarchar(50), d datetime, e decimal(10, 2), id int IDENTITY PRIMARY KEY, \
             name sysname NULL); INSERT {table} (a, b, c, d, e) VALUES (1, 2, N'x', '2020-01-01', 1.5), (2, NULL, NULL, NULL, NULL)"
        );
        talk.start(Request::Batch { text });
        talk.run(&mut prepared);
    }
    let batch = prop::collection::vec(prop::sample::select(statements), 1..4)
        .prop_map(|statements| statements.join("\n"));
    milink_hostile::text("tsql-session", 400, batch, WORDS, |text| {
        let mut lab = prepared.clone();
        let mut talk = Talk::new(&mut lab);
        let before = lab.world.clone();
        talk.start(Request::Batch {
            text: text.to_owned(),
        });
        let mut told = talk.run(&mut lab);
        if parse_batch(text, ParseOptions::default()).is_err() {
            assert!(told.starts_with("error "), "{told}");
            assert_eq!(
                invariants::check_refusal(&before, &lab.world),
                Ok(()),
                "{told}"
            );
        }
        // Whoever waits is told in the end, or gives up.
        for _ in 0..20 {
            if !told.contains("waits") {
                break;
            }
            lab.advance(86_400_000);
            told = talk.run(&mut lab);
        }
        if told.contains("waits") {
            talk.cancel(&mut lab);
        }
        assert_eq!(invariants::check(&lab.world), Ok(()));
        let mut next = Talk::new(&mut lab);
        next.start(Request::Batch {
            text: "SELECT 40 + 2".to_owned(),
        });
        let told = next.run(&mut lab);
        assert!(told.contains("\n42\n"), "{told}");
    });
}

/// What threads of the emulator have (documentation: `std::thread`, "Stack size").
const STACK: usize = 2 << 20;

/// What a session says to these batches, one after the other, on a stack of that size.
fn told(batches: Vec<String>) -> String {
    let work = move || {
        let mut lab = Lab::new();
        let mut talk = Talk::new(&mut lab);
        let mut told = String::new();
        for text in batches {
            talk.start(Request::Batch { text });
            told = talk.run(&mut lab);
        }
        assert_eq!(invariants::check(&lab.world), Ok(()));
        told
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    let thread = thread.expect("a thread starts");
    thread
        .join()
        .expect("it neither panics nor runs out of stack")
}

fn table() -> String {
    "CREATE TABLE t (a int); INSERT t VALUES (1), (2), (NULL)".to_owned()
}

#[test]
fn long_texts_are_run() {
    let list = (0..150_000)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    assert!(list.len() > 900_000);
    let whens: String = (0..4_000).map(|n| format!(" WHEN {n} THEN {n}")).collect();
    for (text, row) in [
        (format!("SELECT COUNT(*) FROM t WHERE a IN ({list})"), "2"),
        (
            format!("SELECT COUNT(*) FROM t WHERE a NOT IN ({list})"),
            "0",
        ),
        (
            format!(
                "SELECT SUM(a) FROM t WHERE a = 5{}",
                " OR a = 2".repeat(5_000)
            ),
            "2",
        ),
        (
            format!(
                "SELECT SUM(a) FROM t WHERE a = 2{}",
                " AND a > 1".repeat(5_000)
            ),
            "2",
        ),
        (
            format!(
                "SELECT COUNT(*) FROM (SELECT 1 AS a{}) AS x",
                " UNION ALL SELECT 1".repeat(2_000)
            ),
            "2001",
        ),
        (
            format!(
                "SELECT COUNT(*) FROM (SELECT 1 AS a{}) AS x",
                " UNION SELECT 1".repeat(2_000)
            ),
            "1",
        ),
        (format!("SELECT MAX(CASE a{whens} END) FROM t"), "2"),
        (
            format!("SELECT COUNT(*) FROM t WHERE a < (0{})", " + 1".repeat(100)),
            "2",
        ),
    ] {
        let start: String = text.chars().take(60).collect();
        let told = told(vec![table(), text]);
        assert!(
            told.contains(&format!("\n{row}\n")),
            "{start}…: {told:.300}"
        );
    }
}

/// As deep as the parser lets it: what it takes, everything behind it takes as well.
#[test]
fn what_is_as_deep_as_may_be_is_run() {
    for (start, open, middle, close) in [
        ("SELECT ", "(", "1", ")"),
        ("SELECT ", "- ", "1", ""),
        ("SELECT ", "ABS(1 + ", "1", ")"),
        ("SELECT ", "CASE WHEN 1 = 1 THEN ", "1", " END"),
        ("SELECT ", "CAST(", "1", " AS int)"),
        ("SELECT ", "COALESCE(NULL, ", "1", ")"),
        ("SELECT ", "(SELECT ", "1", ")"),
        ("SELECT a FROM t WHERE ", "NOT ", "a = 1", ""),
        (
            "SELECT a FROM t WHERE ",
            "EXISTS (SELECT a FROM t WHERE ",
            "1 = 1",
            ")",
        ),
        ("SELECT * FROM ", "(SELECT * FROM ", "t", ") AS x"),
        ("", "BEGIN ", "SELECT 1", " END"),
        ("", "IF 1 = 1 ", "SELECT 1", ""),
        (
            "",
            "BEGIN TRY ",
            "SELECT 1",
            " END TRY BEGIN CATCH END CATCH",
        ),
    ] {
        let text = |depth: usize| {
            format!(
                "{start}{}{middle}{}",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        let deepest = (1..300).rev().find(|depth| {
            let text = text(*depth);
            std::thread::scope(|scope| {
                scope
                    .spawn(|| parse_batch(&text, ParseOptions::default()).is_ok())
                    .join()
                    .expect("it is parsed or refused")
            })
        });
        let deepest = deepest.expect("something is taken");
        let told = told(vec![table(), text(deepest)]);
        assert!(!told.is_empty(), "{start}{open} {deepest}");
    }
}

#[test]
fn calls_within_calls_are_refused_with_217() {
    for (procedure, call) in [
        ("CREATE PROCEDURE p AS EXEC p", "EXEC p"),
        ("CREATE PROCEDURE p AS EXEC('EXEC p')", "EXEC p"),
        (
            "CREATE PROCEDURE p AS EXEC sp_executesql N'EXEC p'",
            "EXEC p",
        ),
        (
            "CREATE PROCEDURE p AS BEGIN TRY EXEC p END TRY BEGIN CATCH THROW END CATCH",
            "EXEC p",
        ),
    ] {
        let told = told(vec![procedure.to_owned(), call.to_owned()]);
        assert!(told.contains("217"), "{procedure}: {told:.500}");
    }
    let mut text = "SELECT 1".to_owned();
    for _ in 0..12 {
        text = format!("EXEC('{}')", text.replace('\'', "''"));
    }
    let told = told(vec![text]);
    assert!(told.contains("\n1\n"), "{told:.300}");
}
