//! Text made to hurt: nothing panics, no stack overflows, and what comes back can be walked and dropped safely.

use proptest::prelude::*;

use crate::parser::{ParseOptions, parse_batch, parse_condition, parse_expression};

/// Parses on a small stack and walks the result as visitors do. Gives the error's number, or 0.
fn number_on_small_stack(text: String) -> i32 {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || match parse_batch(&text, ParseOptions::default()) {
            Ok(batch) => {
                let copy = batch.clone();
                assert!(copy == batch);
                assert!(!format!("{copy:?}").is_empty());
                0
            }
            Err(error) => error.number,
        })
        .expect("a thread starts")
        .join()
        .expect("the thread does not overflow its stack")
}

/// `open` × n, `middle`, `close` × n.
fn nested(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn deep_nesting_is_refused_with_191() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("SELECT ", "(", "1", ")"),
        ("SELECT ", "- ", "1", ""),
        ("SELECT ", "~", "1", ""),
        ("SELECT ", "f(", "1", ")"),
        ("SELECT ", "ABS(1 + ", "1", ")"),
        ("SELECT ", "CASE WHEN 1 = 1 THEN ", "1", " END"),
        ("SELECT ", "CAST(", "1", " AS int)"),
        ("SELECT ", "CONVERT(int, ", "1", ")"),
        ("SELECT ", "IIF(1 = 1, ", "1", ", 2)"),
        ("SELECT ", "COALESCE(1, ", "1", ")"),
        ("SELECT ", "(SELECT ", "1", ")"),
        ("SELECT ", "{fn f(", "1", ")}"),
        ("SELECT 1 WHERE ", "NOT ", "1 = 1", ""),
        ("SELECT 1 WHERE ", "(", "1 = 1", ")"),
        ("SELECT 1 WHERE ", "(1 = 1 AND ", "1 = 1", ")"),
        ("SELECT 1 WHERE ", "EXISTS (SELECT 1 WHERE ", "1 = 1", ")"),
        ("SELECT * FROM ", "(", "t", ")"),
        ("SELECT * FROM ", "(SELECT * FROM ", "t", ") AS x"),
        ("SELECT * FROM ", "a JOIN ", "t", ""),
        ("", "(", "SELECT 1", ")"),
        ("", "BEGIN ", "SELECT 1", " END"),
        ("", "IF 1 = 1 ", "SELECT 1", ""),
        ("", "WHILE 1 = 1 ", "SELECT 1", ""),
        ("", "IF 1 = 1 SELECT 1 ELSE ", "SELECT 1", ""),
        (
            "",
            "BEGIN TRY ",
            "SELECT 1",
            " END TRY BEGIN CATCH END CATCH",
        ),
        ("SELECT SUM(1) ", "OVER (ORDER BY SUM(1) ", "", ")"),
        ("SELECT 1 GROUP BY ", "ROLLUP (", "a", ")"),
        ("ALTER DATABASE d SET QUERY_STORE ", "(a ", "", ")"),
    ];
    for (start, open, middle, close) in cases {
        for depth in [20_000, 300] {
            let text = format!("{start}{}", nested(open, middle, close, depth));
            let number = number_on_small_stack(text);
            assert!(matches!(number, 191 | 102), "{start}{open}…: {number}");
        }
        // Nesting that people write passes.
        let text = format!("{start}{}", nested(open, middle, close, 12));
        let number = number_on_small_stack(text.clone());
        assert!(
            number == 0 || open.starts_with("a JOIN") || start.starts_with("SELECT SUM"),
            "{text}: {number}"
        );
    }
}

#[test]
fn long_chains_are_bounded_or_balanced() {
    let refused: &[(&str, &str, &str)] = &[
        ("SELECT 1", " + 1", ""),
        ("SELECT 1", " * 1", ""),
        ("SELECT a", " COLLATE x", ""),
        ("SELECT a", " AT TIME ZONE 'UTC'", ""),
        ("SELECT @x", ".value('a', 'b')", ""),
        ("SELECT * FROM t", " CROSS JOIN t", ""),
        ("SELECT * FROM t", " JOIN t ON 1 = 1", ""),
        ("SELECT * FROM t", " PIVOT (SUM(a) FOR b IN (c)) AS d", ""),
        ("SELECT 1", " EXCEPT SELECT 1", ""),
    ];
    for (start, link, end) in refused {
        let text = format!("{start}{}{end}", link.repeat(20_000));
        assert_eq!(number_on_small_stack(text), 191, "{start}{link}");
        let text = format!("{start}{}{end}", link.repeat(100));
        assert_eq!(number_on_small_stack(text), 0, "{start}{link}");
    }
    let accepted: &[(&str, &str)] = &[
        ("SELECT 1 WHERE 1 = 1", " OR 1 = 1"),
        ("SELECT 1 WHERE 1 = 1", " AND a LIKE 'x'"),
        ("SELECT 1", " UNION ALL SELECT 1"),
        ("SELECT 1", " UNION SELECT 1"),
        ("SELECT 1", " INTERSECT SELECT 1"),
        ("SELECT 1", ", 1"),
        ("SELECT * FROM t", ", t"),
        ("INSERT t VALUES (1)", ", (1)"),
        ("SELECT 1", " SELECT 1"),
        ("SELECT 1", ";"),
        ("SELECT 1 WHERE a IN (SELECT 1)", " SELECT (SELECT 1)"),
    ];
    for (start, link) in accepted {
        let text = format!("{start}{}", link.repeat(5_000));
        assert_eq!(number_on_small_stack(text), 0, "{start}{link}");
    }
}

#[test]
fn huge_literals_pass() {
    let digits = "AB".repeat(1 << 20);
    assert_eq!(
        number_on_small_stack(format!("SELECT 0x{digits}, '{digits}'")),
        0
    );
}

/// Words and signs that make sense side by side more often than letters drawn at random.
fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        "SELECT|FROM|WHERE|a|b.c|@v|@@x|1|2.5|'s'|N'n'|0x1|(|)|,|;|.|*|+|-|=|<|>|AND|OR|NOT|NULL|IN|EXISTS|CASE|WHEN|THEN|\
         ELSE|END|BEGIN|TRY|CATCH|IF|WHILE|EXEC|DECLARE|SET|CREATE|ALTER|DROP|TABLE|INDEX|VIEW|PROC|AS|ON|WITH|GROUP|BY|\
         ORDER|TOP|UNION|ALL|JOIN|LEFT|CROSS|APPLY|INSERT|INTO|VALUES|UPDATE|DELETE|MERGE|USING|MATCHED|OUTPUT|DATABASE|\
         AVAILABILITY|GROUP|REPLICA|FOR|SET|ENDPOINT|STATE|CERTIFICATE|BACKUP|RESTORE|TO|DISK|GRANT|OVER|PARTITION|\
         OFFSET|FETCH|NEXT|ROWS|COMMIT|TRAN|int|DEFAULT|[x]|\"q\"|::|:|{|}|TRIM|CAST|CONVERT|PIVOT|XML|PATH|JSON|OPTION|\
         CURSOR|OPEN|RETURN|GOTO|PRINT|THROW|LIKE|BETWEEN|IS|DISTINCT|COLLATE|AT|TIME|ZONE|/*|*/|--|'|["
            .split('|')
            .collect::<Vec<_>>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>(), quoted_identifier in any::<bool>()) {
        let options = ParseOptions { quoted_identifier };
        if let Err(error) = parse_batch(&text, options) {
            prop_assert!(error.line >= 1 && !error.message.is_empty());
        }
        let _ = parse_expression(&text, options);
        let _ = parse_condition(&text, options);
    }

    #[test]
    fn any_words_are_parsed_or_refused(words in prop::collection::vec(fragment(), 0..40)) {
        let text = words.join(" ");
        match parse_batch(&text, ParseOptions::default()) {
            Ok(batch) => {
                let mut end = 0;
                for statement in &batch.statements {
                    prop_assert!(statement.span.start >= end && statement.span.end > statement.span.start);
                    prop_assert!(!statement.span.text(&text).is_empty());
                    end = statement.span.end;
                }
            }
            Err(error) => prop_assert!(error.line >= 1),
        }
    }
}
