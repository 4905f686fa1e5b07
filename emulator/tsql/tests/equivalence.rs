//! Queries that say the same in two ways give the same rows: joins by hash and by loop, seeks and scans, subqueries
//! and joins, groups and windows.

#[expect(dead_code, reason = "the transcripts use all of it")]
mod support;

use milink_tsql::session::Request;
use proptest::prelude::*;
use support::{Lab, Talk};

/// Pairs of queries over `a` and `b`, both with `id`, `x` and `s`.
const PAIRS: &[(&str, &str)] = &[
    (
        "SELECT a.id, b.id FROM a JOIN b ON a.x = b.x ORDER BY 1, 2",
        "SELECT a.id, b.id FROM a, b WHERE a.x >= b.x AND a.x <= b.x ORDER BY 1, 2",
    ),
    (
        "SELECT a.id, b.id FROM a LEFT JOIN b ON a.x = b.x ORDER BY 1, 2",
        "SELECT a.id, b.id FROM a LEFT JOIN b ON a.x >= b.x AND a.x <= b.x ORDER BY 1, 2",
    ),
    (
        "SELECT a.id, b.id FROM a RIGHT JOIN b ON a.x = b.x AND a.s = b.s ORDER BY 1, 2",
        "SELECT a.id, b.id FROM b LEFT JOIN a ON a.x + 0 = b.x AND a.s LIKE b.s ORDER BY 1, 2",
    ),
    (
        "SELECT a.id, b.id FROM a FULL JOIN b ON a.x = b.x ORDER BY 1, 2",
        "SELECT a.id, b.id FROM a LEFT JOIN b ON a.x = b.x UNION ALL SELECT NULL, b.id FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE a.x = b.x) ORDER BY 1, 2",
    ),
    (
        "SELECT id FROM a WHERE x IN (SELECT x FROM b) ORDER BY 1",
        "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x = a.x) ORDER BY 1",
    ),
    (
        "SELECT id FROM a WHERE x NOT IN (SELECT x FROM b WHERE x IS NOT NULL) ORDER BY 1",
        "SELECT id FROM a WHERE NOT x = ANY (SELECT x FROM b WHERE x IS NOT NULL) ORDER BY 1",
    ),
    (
        "SELECT id, x, s FROM a WHERE id = 3",
        "SELECT id, x, s FROM a WHERE id + 0 = 3",
    ),
    (
        "SELECT id FROM a WHERE id = (SELECT MAX(id) FROM a)",
        "SELECT TOP 1 id FROM a ORDER BY id DESC",
    ),
    (
        "SELECT x, COUNT(*), SUM(id), MIN(s) FROM a GROUP BY x ORDER BY x",
        "SELECT DISTINCT x, COUNT(*) OVER (PARTITION BY x), SUM(id) OVER (PARTITION BY x), MIN(s) OVER (PARTITION BY x) FROM a ORDER BY x",
    ),
    (
        "SELECT x, MAX(id) FROM a GROUP BY x ORDER BY x",
        "SELECT x, id FROM (SELECT x, id, ROW_NUMBER() OVER (PARTITION BY x ORDER BY id DESC) AS n FROM a) q WHERE n = 1 ORDER BY x",
    ),
    (
        "SELECT x FROM a EXCEPT SELECT x FROM b ORDER BY x",
        "SELECT DISTINCT x FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.x IS NOT DISTINCT FROM a.x) ORDER BY x",
    ),
    (
        "SELECT x FROM a INTERSECT SELECT x FROM b ORDER BY x",
        "SELECT DISTINCT x FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x IS NOT DISTINCT FROM a.x) ORDER BY x",
    ),
    (
        "SELECT a.id, q.n FROM a CROSS APPLY (SELECT COUNT(*) AS n FROM b WHERE b.x = a.x) q ORDER BY 1",
        "SELECT a.id, (SELECT COUNT(*) FROM b WHERE b.x = a.x) FROM a ORDER BY 1",
    ),
    (
        "SELECT id, SUM(x) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM a ORDER BY id",
        "SELECT id, (SELECT SUM(x) FROM a AS before WHERE before.id <= a.id) FROM a ORDER BY id",
    ),
    (
        "SELECT id, LAG(x) OVER (ORDER BY id) FROM a ORDER BY id",
        "SELECT id, (SELECT TOP 1 x FROM a AS before WHERE before.id < a.id ORDER BY id DESC) FROM a ORDER BY id",
    ),
    (
        "SELECT s, x, COUNT(*) FROM a GROUP BY GROUPING SETS ((s), (x)) ORDER BY 1, 2, 3",
        "SELECT s, NULL, COUNT(*) FROM a GROUP BY s UNION ALL SELECT NULL, x, COUNT(*) FROM a GROUP BY x ORDER BY 1, 2, 3",
    ),
    (
        "WITH q AS (SELECT x, COUNT(*) AS n FROM a GROUP BY x) SELECT q.x, q.n, b.id FROM q LEFT JOIN b ON b.x = q.x ORDER BY 1, 2, 3",
        "SELECT q.x, q.n, b.id FROM (SELECT x, COUNT(*) AS n FROM a GROUP BY x) AS q LEFT JOIN b ON b.x = q.x AND 1 = 1 ORDER BY 1, 2, 3",
    ),
    (
        "UPDATE a SET x = b.id FROM a JOIN b ON b.id = a.id; SELECT id, x FROM a ORDER BY id",
        "UPDATE a SET x = (SELECT b.id FROM b WHERE b.id = a.id) WHERE id IN (SELECT id FROM b); SELECT id, x FROM a ORDER BY id",
    ),
    (
        "DELETE a FROM a JOIN b ON a.x = b.x; SELECT id FROM a ORDER BY id",
        "DELETE FROM a WHERE x IN (SELECT x FROM b); SELECT id FROM a ORDER BY id",
    ),
];

type Rows = Vec<(Option<i8>, u8)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((prop::option::weighted(0.8, 0..5i8), 0..3u8), 0..9)
}

fn fill(table: &str, rows: &Rows) -> String {
    let mut sql = format!(
        "CREATE TABLE {table} (id int NOT NULL PRIMARY KEY, x int NULL, s varchar(5) NOT NULL);"
    );
    for (at, (x, s)) in rows.iter().enumerate() {
        let x = x.map_or("NULL".to_owned(), |x| x.to_string());
        let s = ["one", "two", "ONE"][usize::from(*s)];
        sql.push_str(&format!("INSERT {table} VALUES ({}, {x}, '{s}');", at + 1));
    }
    sql
}

/// The rows that a batch sends, without names and types.
fn ask(talk: &mut Talk, lab: &mut Lab, sql: &str) -> Vec<String> {
    talk.start(Request::Batch {
        text: format!("SET NOCOUNT ON; SET ANSI_WARNINGS OFF; {sql}"),
    });
    let told = talk.run(lab);
    assert!(!told.contains("error"), "{sql}\n{told}");
    told.lines()
        .filter(|line| !line.starts_with('[') && !line.starts_with("done"))
        .map(str::to_owned)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn two_ways_to_say_it_give_the_same_rows(a in rows(), b in rows()) {
        for (first, second) in PAIRS {
            let mut answers = Vec::new();
            for sql in [first, second] {
                let mut lab = Lab::new();
                let mut talk = Talk::new(&mut lab);
                ask(&mut talk, &mut lab, &fill("a", &a));
                ask(&mut talk, &mut lab, &fill("b", &b));
                answers.push(ask(&mut talk, &mut lab, sql));
            }
            prop_assert_eq!(&answers[0], &answers[1], "{}\n{}", first, second);
        }
    }
}
