//! `milink scenario …` as a shell sees it: exit statuses, the tree, the reports, an emulator that is up elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const GOOD: &str = "name = 'It adds'\ngiven = 'backed-up'\n[[step]]\ntitle = 'Add'\nsql = 'SELECT 1 + 1 AS sum'\nexpect.values.sum = 2\n";
const BAD: &str = "name = 'It does not'\n[[case]]\nname = 'at all'\n[[step]]\ntitle = 'Add'\nsql = 'SELECT 1 + 1 AS sum'\nexpect.values.sum = 3\n";

/// The command, with nothing of the surroundings' own settings and with its keys in `home`.
fn milink(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milink"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MILINK_")) {
        command.env_remove(name);
    }
    command
        .env("XDG_CACHE_HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn scenario(home: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = milink(home).arg("scenario").args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let suite = home.path().join("sums");
    fs::create_dir(&suite).unwrap();
    fs::write(suite.join("good.toml"), GOOD).unwrap();
    fs::write(suite.join("bad.toml"), BAD).unwrap();
    home
}

#[test]
fn what_failed_is_shown_and_reported() {
    let home = home();
    let words = ["run", "sums", "--junit", "x.xml", "--json=y.json"];
    let (code, stdout, _) = scenario(home.path(), &words);
    assert_eq!(code, Some(1), "{stdout}");
    for part in [
        "sums\n",
        "  ✗ It does not: at all",
        "sums/bad.toml:4",
        "sum is 2, expected 3",
        "  ✓ It adds",
        "1 passed, 1 failed in ",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    assert!(!stdout.contains('\u{1b}'), "colour is for terminals");
    let junit = fs::read_to_string(home.path().join("x.xml")).unwrap();
    assert!(
        junit.contains("tests=\"2\" failures=\"1\" errors=\"0\""),
        "{junit}"
    );
    let json: Value =
        serde_json::from_str(&fs::read_to_string(home.path().join("y.json")).unwrap()).unwrap();
    assert_eq!((&json["ok"], &json["passed"]), (&false.into(), &1.into()));

    let words = ["run", "sums", "--filter", "adds", "--json", "-j1"];
    let (code, stdout, stderr) = scenario(home.path(), &words);
    assert_eq!(code, Some(0), "{stderr}");
    let json: Value = serde_json::from_str(&stdout).expect("JSON and nothing else");
    assert_eq!(json["scenarios"][0]["id"], "sums/good");

    let (code, stdout, _) = scenario(home.path(), &["run", "sums", "--list"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        stdout,
        "sums/bad[at all]\tIt does not: at all\nsums/good\tIt adds\n"
    );
}

#[test]
fn what_cannot_be_run_is_told_with_file_and_line() {
    let home = home();
    fs::write(
        home.path().join("wrong.toml"),
        "name = 'x'\n[[step]]\nsqk = 1",
    )
    .unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["run", "wrong.toml", "sums"], "wrong.toml:3: "),
        (&["check", "wrong.toml"], "wrong.toml:3: "),
        (&["run", "gone.toml"], "gone.toml"),
        (
            &["run", "sums", "--filter", "nothing"],
            "none of 2 scenarios",
        ),
        (&["run", "sums", "--ready-file", "gone.json"], "gone.json"),
    ];
    for (words, part) in cases {
        let (code, _, stderr) = scenario(home.path(), words);
        assert_eq!(code, Some(2), "{words:?}: {stderr}");
        assert!(stderr.contains(part), "{words:?}: {stderr}");
    }
}

#[test]
fn a_running_emulator_is_left_as_it_was_but_for_what_is_kept() {
    let home = home();
    let mut up = milink(home.path())
        .args(["up", "--ports", "auto", "--ready-file", "ready.json"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(up.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().starts_with("Ctrl-C")),
        "it ended before it was up"
    );
    while !home.path().join("ready.json").exists() {
        assert_eq!(up.try_wait().unwrap(), None);
    }
    let words = ["run", "sums", "--ready-file", "ready.json", "--keep-failed"];
    let (code, stdout, _) = scenario(home.path(), &words);
    assert_eq!(code, Some(1), "{stdout}");
    let kept = stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("its world is kept: "))
        .expect("it names the world");
    let ready: Value =
        serde_json::from_str(&fs::read_to_string(home.path().join("ready.json")).unwrap()).unwrap();
    let url = ready["controlUrl"]
        .as_str()
        .unwrap()
        .replace("https", "http");
    let worlds = milink(home.path())
        .args(["world", "list", "--url", &url])
        .output()
        .unwrap();
    let worlds = String::from_utf8(worlds.stdout).unwrap();
    up.kill().unwrap();
    up.wait().unwrap();
    let names: Vec<&str> = worlds
        .lines()
        .filter(|line| line.contains("run-"))
        .collect();
    assert_eq!(names.len(), 1, "{worlds}");
    assert!(names[0].contains(kept), "{worlds}");
}
