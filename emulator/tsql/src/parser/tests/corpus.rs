//! Every snippet of `testdata/corpus` parses, and the statements found in it are those of the golden file beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

use crate::ast::Statement;
use crate::lexer::split_batches;
use crate::parser::{ParseOptions, parse_batch};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus")
}

/// The variant's name: what Debug prints before its contents.
fn name(statement: &Statement) -> String {
    let debug = format!("{:?}", statement.kind);
    debug
        .split(['(', ' '])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A statement's own text is a batch with that one statement.
fn check_alone(statement: &Statement, source: &str) {
    let text = format!("{};", statement.span.text(source));
    let alone = parse_batch(&text, ParseOptions::default()).expect(&text);
    let names: Vec<_> = alone.statements.iter().map(name).collect();
    assert_eq!(names, [name(statement)], "{text}");
}

fn check(category: &str) {
    let path = directory().join(format!("{category}.sql"));
    let script = std::fs::read_to_string(&path).expect("the corpus file is there");
    let mut found = String::new();
    for batch in split_batches(&script) {
        match parse_batch(batch.text, ParseOptions::default()) {
            Ok(parsed) => {
                let names: Vec<_> = parsed.statements.iter().map(name).collect();
                for statement in &parsed.statements {
                    check_alone(statement, batch.text);
                }
                writeln!(found, "{}: {}", batch.line, names.join(" "))
                    .expect("a string takes any text");
            }
            Err(error) => panic!(
                "{category}.sql:{}: {error}\n{}",
                batch.line + error.line - 1,
                batch.text
            ),
        }
    }
    expect_file![directory().join(format!("{category}.txt"))].assert_eq(&found);
}

#[test]
fn link_article() {
    check("link_article");
}

#[test]
fn session() {
    check("session");
}

#[test]
fn control_flow() {
    check("control_flow");
}

#[test]
fn ha() {
    check("ha");
}

#[test]
fn dmv() {
    check("dmv");
}

#[test]
fn queries() {
    check("queries");
}

#[test]
fn ddl() {
    check("ddl");
}

#[test]
fn dml() {
    check("dml");
}

#[test]
fn transactions() {
    check("transactions");
}

#[test]
fn cursors() {
    check("cursors");
}

#[test]
fn tools() {
    check("tools");
}

/// A category without a test would rot, and a small corpus proves little.
#[test]
fn every_category_is_checked() {
    let mut snippets = 0;
    let mut categories = Vec::new();
    for entry in std::fs::read_dir(directory()).expect("the corpus is there") {
        let path = entry.expect("the corpus can be read").path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let script = std::fs::read_to_string(&path).expect("the corpus file is text");
            snippets += split_batches(&script).len();
            categories.push(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    assert_eq!(categories.len(), 11, "{categories:?}");
    assert!(snippets >= 200, "{snippets}");
}
