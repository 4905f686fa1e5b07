//! `milink explore` against programs with a planted fault, and against the same programs once it is repaired.
//!
//! The program that is explored is this very test binary, asked for one of the ignored tests below.

use std::fs;
use std::process::{Command, Output, Stdio};

use milink_client::{Arm, Credentials, Login, Sql, SqlAddress};
use milink_model::ReadyFile;
use serde_json::{Value, json};

/// What every run begins with.
const TABLES: &str = "IF OBJECT_ID(N'master.dbo.work') IS NULL
    BEGIN CREATE TABLE master.dbo.work (state varchar(10) NOT NULL); CREATE TABLE master.dbo.log (done int NOT NULL) END";
const OPEN: &str =
    "INSERT master.dbo.work SELECT 'open' WHERE NOT EXISTS (SELECT * FROM master.dbo.work)";
const DO: &str = "IF EXISTS (SELECT * FROM master.dbo.work WHERE state = 'open') INSERT master.dbo.log VALUES (1)";
const CLOSE: &str = "UPDATE master.dbo.work SET state = 'closed' WHERE state = 'open'";

/// Does its work and notes that in two steps: what comes between them does the work twice.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_forgets() {
    let mut sql = sql().await;
    for text in [TABLES, OPEN, DO, CLOSE] {
        sql.batch(text).await.expect(text);
    }
}

/// Does both in one.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_is_sure() {
    let mut sql = sql().await;
    let both = format!("BEGIN TRANSACTION; {DO}; {CLOSE}; COMMIT");
    for text in [TABLES, OPEN, both.as_str()] {
        sql.batch(text).await.expect(text);
    }
}

/// Takes a group that is there for a sign that everything is done.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_trusts() {
    let arm = arm();
    if arm.get::<Value>(&group("first"), GROUPS).await.is_err() {
        make(&arm, "first").await;
        make(&arm, "second").await;
    }
}

/// Makes what is not there.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_looks() {
    let arm = arm();
    make(&arm, "first").await;
    make(&arm, "second").await;
}

/// Cannot be run twice at all.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_adds() {
    let mut sql = sql().await;
    sql.batch(TABLES).await.expect("the tables");
    sql.batch("INSERT master.dbo.log VALUES (1)")
        .await
        .expect("a row");
}

/// Fails.
#[tokio::test]
#[ignore = "a program for milink explore"]
async fn program_that_fails() {
    panic!("it cannot be");
}

#[test]
fn a_step_that_is_done_twice_is_found() {
    let report = explored("program_that_forgets", 1);
    assert_eq!(report["counts"]["notReached"], 0, "{report:#}");
    // Only the answer to DO, the death after it, and what keeps CLOSE from being done leave the work open and done.
    assert_eq!(
        unrepaired(&report),
        [
            "3 connection lost after it is handled",
            "3 program killed after it is handled",
            "4 connection lost before it is handled",
            "4 SQL error 701 before it is handled",
        ]
    );
    let bad = report["reruns"].as_array().expect("reruns");
    let bad = bad.iter().find(|it| it["verdict"] == "unrepairable");
    assert_eq!(
        bad.expect("there are some")["difference"],
        json!({"missing": [], "extra": ["sqlserver1.master.dbo.log row: done=1"]})
    );
}

#[test]
fn a_program_that_is_sure_is_found_sure() {
    let report = explored("program_that_is_sure", 0);
    assert_eq!(unrepaired(&report), [""; 0]);
    assert_eq!(report["reruns"].as_array().map(Vec::len), Some(1 + 3 * 4));
    assert_eq!(report["counts"]["notReached"], 0, "{report:#}");
}

#[test]
fn a_resource_that_is_missing_is_found() {
    let report = explored("program_that_trusts", 1);
    assert_eq!(
        unrepaired(&report),
        [
            "2 connection lost after it is handled",
            "2 HTTP 500 after it is handled",
            "2 program killed after it is handled",
            "3 connection lost before it is handled",
            "3 HTTP 429 before it is handled",
            "3 HTTP 500 before it is handled",
            "3 HTTP 503 before it is handled",
        ]
    );
    let report = explored("program_that_looks", 0);
    assert_eq!(unrepaired(&report), [""; 0]);
}

#[test]
fn a_program_that_cannot_run_twice_or_once_is_told_so() {
    let report = explored("program_that_adds", 1);
    assert_eq!(report["reruns"][0]["fault"], "none");
    assert_eq!(report["reruns"][0]["verdict"], "unrepairable");

    let done = explore("program_that_fails", &[]);
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("it cannot be"), "{stderr}");
}

#[test]
fn what_cannot_be_explored_says_why() {
    let home = tempfile::tempdir().expect("a directory");
    let milink = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_milink"));
        command
            .env("XDG_CACHE_HOME", home.path())
            .env_remove("MILINK_READY_FILE");
        command
            .arg("explore")
            .args(words)
            .output()
            .expect("it runs")
    };
    for (words, named) in [
        (&["--", "true"][..], "asks nothing of its world"),
        (
            &["--timeout", "100ms", "--", "sleep", "60"],
            "does not end within 100ms",
        ),
        (&["--", "no-such-program"], "cannot run no-such-program"),
        (&["--prepare", "exit 7", "--", "true"], "status 7"),
        (&["--from", "nowhere.toml", "--", "true"], "nowhere.toml"),
        (
            &["--ready-file", "nowhere.json", "--", "true"],
            "nowhere.json",
        ),
        (&["--timeout", "0s", "--", "true"], "longer than nothing"),
    ] {
        let done = milink(words);
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{words:?}: {stderr}");
        assert!(stderr.contains(named), "{words:?}: {stderr}");
    }
}

#[test]
fn people_are_shown_the_call_and_the_difference() {
    let done = explore("program_that_trusts", &["--only", "killed", "--jobs", "2"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{text}");
    for part in [
        "✗ call 2 (ARM: PUT /resourceGroups/first): program killed after it is handled\n",
        "  first run   is killed\n",
        "  second run  succeeds\n",
        "    - resource group second: westeurope {}\n",
        "3 calls, 3 reruns of 15 possible ones: 1 unharmed, 1 repaired by a second run, 1 not repaired\n",
    ] {
        assert!(text.contains(part), "{part}\nnot in\n{text}");
    }
    let done = explore("program_that_trusts", &["--list", "--limit", "2"]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

/// `CALL FAULT` of every rerun that is not repaired.
fn unrepaired(report: &Value) -> Vec<String> {
    let reruns = report["reruns"].as_array().expect("reruns");
    let bad = reruns.iter().filter(|it| it["verdict"] == "unrepairable");
    bad.map(|it| {
        format!(
            "{} {}",
            it["call"]["number"],
            it["fault"].as_str().unwrap_or("?")
        )
    })
    .collect()
}

fn explored(program: &str, status: i32) -> Value {
    let done = explore(program, &["--json"]);
    let stderr = String::from_utf8_lossy(&done.stderr);
    let stdout = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(status), "{stderr}\n{stdout}");
    serde_json::from_str(&stdout).expect("it is JSON")
}

fn explore(program: &str, flags: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_milink"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MILINK_")) {
        command.env_remove(name);
    }
    command
        .env("XDG_CACHE_HOME", home.path())
        // A long trace would push what it says out of the tail that is kept.
        .env("RUST_BACKTRACE", "0")
        .arg("explore")
        .args(flags)
        .arg("--")
        .arg(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", program])
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

const GROUPS: &str = "2021-04-01";

fn ready() -> ReadyFile {
    let file = std::env::var("MILINK_READY_FILE").expect("it runs under milink explore");
    let text = fs::read_to_string(file).expect("the ready file");
    serde_json::from_str(&text).expect("it is JSON")
}

async fn sql() -> Sql {
    let ready = ready();
    let server = &ready.sql_servers[0];
    let address = SqlAddress {
        host: server.host.clone(),
        port: server.port,
        server_name: "localhost".to_owned(),
        ca_file: Some(ready.ca_file.clone()),
    };
    let login = Login::Password {
        user: server.user.clone(),
        password: server.password.clone(),
    };
    let connected = Sql::connect(&address, login, None).await;
    connected.expect("a session")
}

fn arm() -> Arm {
    let ready = ready();
    let ca = fs::read(&ready.ca_file).expect("the authority");
    let credentials = Credentials {
        authority: ready.entra_url,
        tenant: ready.tenant_id,
        client_id: ready.client_id,
        client_secret: ready.client_secret,
    };
    Arm::new(&ready.arm_url, Some(&ca), credentials).expect("a client")
}

fn group(name: &str) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{name}",
        ready().subscription_id
    )
}

async fn make(arm: &Arm, name: &str) {
    let body = json!({"location": "westeurope"});
    let made = arm.send("PUT", &group(name), GROUPS, Some(&body)).await;
    made.expect("a resource group");
}
