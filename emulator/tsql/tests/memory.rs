//! The rows of all sessions' statements have one memory: who finds none left is refused, the others go on, and what is given
//! back is there again.

#[allow(dead_code, reason = "transcripts need more of it")]
mod support;

use milink_tsql::memory::Memory;
use milink_tsql::session::event::Event;
use milink_tsql::session::{Request, Step};
use support::{Lab, Talk};

const MIB: usize = 1 << 20;

/// A statement of so many rows of about so many bytes, made in one of the ways in which rows are made.
const LARGE: [(&str, &str); 9] = [
    (
        "a join",
        "SELECT a.name, b.name FROM (SELECT TOP 2000 name FROM sys.all_columns) a CROSS JOIN (SELECT TOP 20 name FROM sys.all_columns) b",
    ),
    (
        "APPLY",
        "SELECT a.name, b.name FROM (SELECT TOP 2000 name FROM sys.all_columns) a CROSS APPLY (SELECT TOP 20 name FROM sys.all_columns) b",
    ),
    (
        "texts",
        "SELECT REPLICATE(CAST('x' AS varchar(max)), 100000) FROM GENERATE_SERIES(1, 100)",
    ),
    (
        "a round of recursion after the other",
        "WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT i FROM n OPTION (MAXRECURSION 0)",
    ),
    ("a function", "SELECT value FROM GENERATE_SERIES(1, 40000)"),
    (
        "groups",
        "SELECT value, COUNT(*) FROM GENERATE_SERIES(1, 20000) GROUP BY value",
    ),
    (
        "window functions",
        "SELECT value, ROW_NUMBER() OVER (ORDER BY value DESC) FROM GENERATE_SERIES(1, 20000)",
    ),
    (
        "what an aggregate counts",
        "SELECT COUNT(*) FROM (SELECT TOP 2000 name FROM sys.all_columns) a CROSS JOIN (SELECT TOP 20 name FROM sys.all_columns) b",
    ),
    (
        "a value",
        "DECLARE @n int = (SELECT COUNT(*) FROM (SELECT TOP 2000 name FROM sys.all_columns) a CROSS JOIN (SELECT TOP 20 name FROM sys.all_columns) b); PRINT @n",
    ),
];

/// Statements that are served however little memory is left.
const SMALL: &str = "SELECT 1 AS one; SELECT name FROM sys.databases; \
    DECLARE @i int = 0; WHILE @i < 3000 SET @i = @i + (SELECT COUNT(*) FROM sys.databases d WHERE d.name = 'master')";

#[test]
fn a_statement_that_finds_no_memory_is_refused_and_others_are_served() {
    for (what, text) in LARGE {
        let mut lab = Lab::new();
        lab.memory = Memory::of(0);
        let mut talk = Talk::new(&mut lab);
        let said = ask(&mut talk, &mut lab, text);
        assert!(said.contains("error 701/17"), "{what}: {said}");
        assert!(said.contains("of all sessions"), "{what}: {said}");
        let said = ask(&mut talk, &mut lab, SMALL);
        assert!(!said.contains("error 701"), "{what}: {said}");

        lab.memory = Memory::of(64 * MIB);
        let mut talk = Talk::new(&mut lab);
        let said = ask(&mut talk, &mut lab, text);
        assert!(
            !said.contains("error 701"),
            "{what}: {}",
            &said[..said.len().min(300)]
        );
        // What it was told last is kept until it goes on.
        ask(&mut talk, &mut lab, "SELECT 1 AS one");
        assert_eq!(lab.memory.left(), 64 * MIB, "{what} is given back");
    }
}

#[test]
fn fifty_sessions_have_no_more_than_there_is() {
    const ALL: usize = 20 * MIB;
    let mut lab = Lab::new();
    lab.memory = Memory::of(ALL);
    let mut talks: Vec<Talk> = (0..50).map(|_| Talk::new(&mut lab)).collect();
    let (mut served, mut refused) = (0, 0);
    // Their clients are slow: nobody has what was said.
    for talk in &mut talks {
        talk.start(Request::Batch {
            text: LARGE[2].1.to_owned(),
        });
        let mut events = Vec::new();
        while talk.session().step(&mut lab, &mut events) == Step::Continue && events.is_empty() {}
        let is_error = |event: &Event| matches!(event, Event::Error(error) if error.number == 701);
        match events.iter().any(is_error) {
            true => refused += 1,
            false => served += 1,
        }
    }
    assert_eq!((served, refused), (2, 48), "9.5 MB each, beyond the first");
    assert!(lab.memory.left() < 10 * MIB);
    let mut other = Talk::new(&mut lab);
    let said = ask(&mut other, &mut lab, SMALL);
    assert!(!said.contains("error 701"), "{said}");
    // One has heard it, one leaves, and one is asked for something else.
    talks[0].session().heard();
    talks.remove(1);
    ask(&mut talks[1], &mut lab, "SELECT 1 AS one");
    assert_eq!(lab.memory.left(), ALL);
    let said = ask(&mut other, &mut lab, LARGE[2].1);
    assert!(
        !said.contains("error 701"),
        "{}",
        &said[..said.len().min(300)]
    );
}

fn ask(talk: &mut Talk, lab: &mut Lab, text: &str) -> String {
    talk.start(Request::Batch {
        text: text.to_owned(),
    });
    talk.run(lab)
}
