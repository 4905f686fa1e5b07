//! Hostile text: statements of the corpus with tokens dropped, doubled and swapped for others. Whatever comes of it is
//! an answer or an error, never a panic.

#[expect(dead_code, reason = "the transcripts use all of it")]
mod support;

use std::fs;
use std::path::Path;

use milink_tsql::lexer::{split_batches, tokenize};
use milink_tsql::parser::{ParseOptions, parse_batch};
use milink_tsql::session::Request;
use proptest::prelude::*;
use support::{Lab, Talk};

/// Every top-level statement of the corpus, as its tokens.
fn statements() -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let script = fs::read_to_string(file).expect("a readable script");
        for batch in split_batches(&script) {
            let Ok(parsed) = parse_batch(batch.text, ParseOptions::default()) else {
                continue;
            };
            for statement in &parsed.statements {
                let text = statement.span.text(batch.text);
                let Ok(tokens) = tokenize(text, true) else {
                    continue;
                };
                all.push(
                    tokens
                        .iter()
                        .map(|token| token.span.text(text).to_owned())
                        .collect(),
                );
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn mutants_are_answered(seeds in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8), 40)) {
        let statements = statements();
        let mut lab = Lab::new();
        let mut talk = Talk::new(&mut lab);
        for table in ["t", "u"] {
            let sql = format!("CREATE TABLE {table} (a int, b int, c nvarchar(50), d datetime, e decimal(10, 2), id int IDENTITY PRIMARY KEY, name sysname NULL); INSERT {table} (a, b, c, d, e) VALUES (1, 2, N'x', '2020-01-01', 1.5), (2, NULL, NULL, NULL, NULL)");
            talk.start(Request::Batch { text: sql });
            talk.run(&mut lab);
        }
        for (which, other, at, from, how) in seeds {
            let mut tokens = which.get(&statements).clone();
            let donor = other.get(&statements);
            let at = at.index(tokens.len());
            match how {
                0 => {
                    tokens.remove(at);
                }
                1 => tokens.insert(at, tokens[at].clone()),
                2 => tokens[at].clone_from(from.get(donor)),
                _ => tokens.splice(at..at, donor.iter().cloned()).for_each(drop),
            }
            talk.start(Request::Batch { text: tokens.join(" ") });
            let mut told = talk.run(&mut lab);
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
        }
    }
}

/// More of them by hand, to look for what the few do not find.
const CASES: u32 = 12;
