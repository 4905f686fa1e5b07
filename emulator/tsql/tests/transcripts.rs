//! Transcripts of sessions: what a client sends, and everything it is told. `UPDATE_EXPECT=1` rewrites the answers.
//!
//! A transcript is blocks of `=== verb`, input, `---`, answers. Verbs: `sql NAME` runs a batch in the session of that
//! name, `call NAME PROCEDURE` calls a procedure with one argument a line (`name type value`, a `>` in front for
//! output), `rows NAME TYPE…` sends the rows of a bulk load, one a line, with a `|` between values, `tran NAME begin|commit|rollback|save`, also with `+next`, is a transaction request, `resume NAME` lets it go on after a wait, `cancel NAME` and `reset NAME` do what they say, and
//! `advance MILLISECONDS` lets the time pass, and `cluster NAME` makes the server a node of a Windows cluster.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use milink_tsql::jobs::Jobs;
use milink_tsql::session::Request;
use support::{Lab, Talk};

#[test]
fn every_transcript_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/session");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the transcripts are there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable transcript");
        let replayed = replay(&text);
        if replayed == text {
            continue;
        }
        if update {
            fs::write(&file, replayed).expect("a writable transcript");
        } else {
            wrong.push(format!(
                "{}:\n{}",
                file.display(),
                difference(&text, &replayed)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The transcript with the answers as they are now.
fn replay(text: &str) -> String {
    let mut lab = Lab::new();
    let mut sessions: BTreeMap<String, Talk> = BTreeMap::new();
    let mut jobs = Jobs::default();
    let mut blocks = text.split("\n=== ");
    let mut result = blocks.next().unwrap_or("").to_owned();
    for block in blocks {
        let (input, _) = block.split_once("\n---").unwrap_or((block.trim_end(), ""));
        let (verb, body) = input.split_once('\n').unwrap_or((input, ""));
        let mut words = verb.split_whitespace();
        let action = words.next().unwrap_or("");
        let word = words.next().unwrap_or("");
        let mut take = |lab: &mut Lab| {
            let known = sessions.remove(word);
            known.unwrap_or_else(|| Talk::new(lab))
        };
        let answer = match action {
            "sql" | "call" | "rows" | "tran" | "resume" | "cancel" | "reset" => {
                let mut talk = take(&mut lab);
                let answer = match action {
                    "sql" => {
                        talk.start(Request::Batch {
                            text: body.to_owned(),
                        });
                        talk.run(&mut lab)
                    }
                    "call" => {
                        let name = words.next().expect("a procedure").to_owned();
                        let arguments = body.lines().map(support::argument).collect();
                        talk.start(Request::Procedure { name, arguments });
                        talk.run(&mut lab)
                    }
                    "rows" => {
                        let types: Vec<&str> = words.collect();
                        talk.start(support::rows(&types, body));
                        talk.run(&mut lab)
                    }
                    "tran" => {
                        talk.start(support::transaction(words.next().unwrap_or(""), body));
                        talk.run(&mut lab)
                    }
                    "resume" => talk.run(&mut lab),
                    "cancel" => talk.cancel(&mut lab),
                    _ => talk.reset(&mut lab),
                };
                sessions.insert(word.to_owned(), talk);
                answer
            }
            // A session of another login.
            "login" => {
                let login = words.next().expect("a login");
                sessions.insert(word.to_owned(), Talk::of(login, &mut lab));
                String::new()
            }
            // The server becomes a node of a Windows cluster.
            "cluster" => {
                lab.join_cluster(word);
                String::new()
            }
            "advance" => {
                lab.advance(word.parse().expect("milliseconds"));
                String::new()
            }
            other => panic!("no verb {other}"),
        };
        lab.run_jobs(&mut jobs);
        if let Err(broken) = milink_core::invariants::check(&lab.world) {
            panic!("after {input}: {broken}");
        }
        result.push_str(&format!("\n=== {input}\n---\n{answer}"));
    }
    result
}

/// The first lines that differ, with some before them.
fn difference(expected: &str, actual: &str) -> String {
    let same = expected
        .lines()
        .zip(actual.lines())
        .take_while(|(left, right)| left == right)
        .count();
    let from = same.saturating_sub(6);
    let part = |text: &str| -> String {
        text.lines()
            .skip(from)
            .take(14)
            .map(|line| format!("    {line}\n"))
            .collect()
    };
    format!("  expected:\n{}  actual:\n{}", part(expected), part(actual))
}
