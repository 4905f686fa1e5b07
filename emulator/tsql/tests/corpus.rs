//! Every batch of the parser's corpus runs to an end: whatever is wrong with it is an error, never a panic.

#[expect(dead_code, reason = "the transcripts use all of it")]
mod support;

use std::fs;
use std::path::Path;

use milink_tsql::lexer::split_batches;
use milink_tsql::parser::{ParseOptions, parse_batch};
use milink_tsql::session::Request;
use support::{Lab, Talk};

#[test]
fn every_batch_comes_to_an_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let mut batches = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is there") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let script = fs::read_to_string(&path).expect("a readable script");
        let mut lab = Lab::new();
        let mut talk = Talk::new(&mut lab);
        // What the corpus takes for granted, so that more of it gets further than to a missing name.
        for table in ["t", "u", "a", "tab", "#t"] {
            let columns = "a int, b int, c nvarchar(50), d datetime, e decimal(10, 2), id int IDENTITY, name sysname NULL, x int, y int, v int, n int, k int";
            let rows = "INSERT TABLE_ (a, b, c, d, e, x, y, v, n, k) VALUES (1, 2, N'x', '2020-01-01', 1.5, 1, 1, 1, 1, 1), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
            run(
                &mut talk,
                &mut lab,
                &format!(
                    "CREATE TABLE {table} ({columns}); {}",
                    rows.replace("TABLE_", table)
                ),
            );
        }
        for batch in split_batches(&script) {
            run(&mut talk, &mut lab, batch.text);
            batches += 1;
            // Each statement also alone: what stands before it has often ended the batch.
            let Ok(parsed) = parse_batch(batch.text, ParseOptions::default()) else {
                continue;
            };
            for statement in &parsed.statements {
                run(&mut talk, &mut lab, statement.span.text(batch.text));
                batches += 1;
            }
        }
    }
    assert!(batches > 300, "only {batches} batches");
}

fn run(talk: &mut Talk, lab: &mut Lab, text: &str) {
    talk.start(Request::Batch {
        text: text.to_owned(),
    });
    let mut told = talk.run(lab);
    for _ in 0..50 {
        if !told.contains("waits") {
            break;
        }
        lab.advance(86_400_000);
        told = talk.run(lab);
    }
    if std::env::var_os("SHOW_CORPUS").is_some() {
        eprintln!("--- {text}\n{told}");
    }
}
