//! The `milink` command as a shell sees it: exit statuses, one clear line, the ready file, the end.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The command, with nothing of the surroundings' own settings and with its keys in `home`.
fn milink(home: &Path) -> Command {
    command(home, env!("CARGO_BIN_EXE_milink"))
}

fn command(home: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MILINK_")) {
        command.env_remove(name);
    }
    command
        .env("XDG_CACHE_HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running `milink up`; killed if a test fails before it has ended.
struct Up {
    child: Child,
    ready: Value,
}

impl Up {
    fn start(home: &Path, words: &[&str]) -> Self {
        Self::by(milink(home), home, words)
    }

    /// With so few descriptors for files and sockets.
    fn limited(home: &Path, descriptors: usize) -> Self {
        let mut shell = command(home, "sh");
        let line = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_milink")]);
        Self::by(shell, home, &[])
    }

    fn by(mut command: Command, home: &Path, words: &[&str]) -> Self {
        let file = home.join("ready.json");
        let mut child = command
            .args(["up", "--ports", "auto", "--ready-file"])
            .arg(&file)
            .args(words)
            .spawn()
            .unwrap();
        // The greeting is complete when everything answers; the file is written right after it.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().starts_with("Ctrl-C")),
            "it ended before it was up"
        );
        let ready = loop {
            match fs::read_to_string(&file) {
                Ok(text) => {
                    break serde_json::from_str(&text).expect("it is whole when it is there");
                }
                Err(_) => assert_eq!(child.try_wait().unwrap(), None),
            }
        };
        Self { child, ready }
    }

    fn url(&self) -> &str {
        self.ready["controlUrl"].as_str().unwrap()
    }

    /// Asks it to end, as a service manager does, and waits for that.
    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(home: &Path, words: &[&str]) -> Output {
    milink(home).args(words).output().unwrap()
}

#[test]
fn it_says_where_it_is_and_goes_cleanly() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(home.path(), &["--sa-password", "Long-enough-pass-1"]);
    let file = home.path().join("ready.json");
    assert!(file.exists());
    for member in [
        "armUrl",
        "entraUrl",
        "controlUrl",
        "caFile",
        "tenantId",
        "clientId",
        "clientSecret",
        "subscriptionId",
        "resourceGroup",
        "location",
        "world",
        "socksUrl",
    ] {
        let value = up.ready[member].as_str().unwrap_or_default();
        assert!(!value.is_empty(), "{member}");
    }
    let server = &up.ready["sqlServers"][0];
    assert_eq!(server["name"], "sqlserver1");
    assert_eq!(server["address"], "10.0.0.4");
    assert_eq!(server["password"], "Long-enough-pass-1");
    assert_eq!(up.ready["managedInstances"][0]["name"], "sqlmi1");

    let url = up.url().to_owned();
    assert!(
        run(home.path(), &["health", "--url", &url])
            .status
            .success()
    );
    let exports = run(home.path(), &["env", "--url", &url]);
    let exports = String::from_utf8(exports.stdout).unwrap();
    assert!(exports.contains("export REQUESTS_CA_BUNDLE='"), "{exports}");
    for words in [
        &["world", "fork", "copy"][..],
        &["world", "keep", "here"],
        &["clock", "advance", "1h"],
        &["world", "restore", "here"],
        &["world", "reset"],
        &["world", "delete", "copy"],
        &["journal"],
    ] {
        let done = run(home.path(), &[words, &["--url", &url]].concat());
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {stderr}");
    }
    let refused = run(home.path(), &["world", "delete", "default", "--url", &url]);
    assert_eq!(refused.status.code(), Some(2));

    assert_eq!(up.terminate(), Some(0));
    assert!(!file.exists(), "the ready file goes with it");
    let health = run(home.path(), &["health", "--url", &url]);
    assert_eq!(health.status.code(), Some(1));
}

#[test]
fn the_network_is_asked_and_drawn() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(home.path(), &[]);
    let host = up.ready["managedInstances"][0]["fqdn"].as_str().unwrap();
    let cases: [(&[&str], i32, &str); 12] = [
        (&["vantages"], 0, "mi:sqlmi1\n"),
        (
            &["evaluate", "--from", "mi:sqlmi1", host],
            0,
            "\nreachable\n",
        ),
        (&["evaluate", "--from", "internet", host], 1, "net.no_route"),
        (
            &["evaluate", "--from", "internet", host, "--json"],
            1,
            "\"symptom\": \"tcp_timeout\"",
        ),
        (&["evaluate", "--from", "vm:nobody", host], 2, ""),
        (&["evaluate", "--from", "internet", "x,y"], 2, ""),
        (&["evaluate", "--from", "internet"], 2, ""),
        (&["resolve", "--from", "internet", host], 0, "(public)"),
        (&["resolve", "--from", "internet", "nobody"], 1, "no name"),
        (&["hosts", "--from", "mi:sqlmi1"], 0, host),
        (
            &[
                "draw", "--format", "svg", "--from", "internet", "--host", host,
            ],
            0,
            "net.no_route",
        ),
        (&["draw", "--from", "internet"], 2, ""),
    ];
    for (words, status, said) in cases {
        let words = [&["net"], words, &["--url", up.url()]].concat();
        let done = run(home.path(), &words);
        let stdout = String::from_utf8(done.stdout).unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(status), "{words:?}: {stderr}");
        assert!(stdout.contains(said), "{words:?}: {stdout}");
        assert_eq!(stderr.is_empty(), status < 2, "{words:?}: {stderr}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_runs_in_the_network_or_is_told_why_not() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = tempfile::tempdir().unwrap();
    let up = Up::start(home.path(), &[]);
    let host = up.ready["managedInstances"][0]["fqdn"].as_str().unwrap();
    let run_in = |path: Option<&Path>, vantage: &str, words: &[&str]| {
        let mut command = milink(home.path());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let flags = ["run", "--url", up.url(), "--in", vantage, "--"];
        let done = command.args(flags).args(words).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        (
            done.status.code(),
            String::from_utf8(done.stdout).unwrap(),
            stderr,
        )
    };
    // A machine without the program that makes namespaces, and one that does not allow them.
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let (status, _, told) = run_in(Some(&bin), "mi:sqlmi1", &["true"]);
    assert_eq!(status, Some(2), "{told}");
    assert!(
        told.contains("unshare") && told.contains("milink net dial"),
        "{told}"
    );
    let refusing = bin.join("unshare");
    fs::write(
        &refusing,
        "#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&refusing, fs::Permissions::from_mode(0o755)).unwrap();
    let (status, _, told) = run_in(Some(&bin), "mi:sqlmi1", &["true"]);
    assert_eq!(status, Some(2), "{told}");
    assert!(
        told.contains("not permitted") && told.contains("SOCKS5"),
        "{told}"
    );
    let (status, _, told) = run_in(None, "vm:nobody", &["true"]);
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("nobody"), "{told}");

    let (status, said, told) = run_in(None, "mi:sqlmi1", &["getent", "hosts", host]);
    if status == Some(2) && told.contains("network of its own") {
        let _ = writeln!(std::io::stderr(), "skipped: no namespaces here: {told}");
        return;
    }
    assert_eq!(status, Some(0), "{told}");
    assert!(said.starts_with("10.1.0.254 "), "{said}");
    let (status, ..) = run_in(None, "mi:sqlmi1", &["sh", "-c", "exit 7"]);
    assert_eq!(status, Some(7));
    let (status, ..) = run_in(None, "mi:sqlmi1", &["sh", "-c", "kill -KILL $$"]);
    assert_eq!(status, Some(137));
    let (status, _, told) = run_in(None, "mi:sqlmi1", &["no-such-program"]);
    assert_eq!(status, Some(2));
    assert!(told.contains("cannot start no-such-program"), "{told}");
}

#[test]
fn worlds_beyond_the_descriptors_say_so_and_those_that_share_ports_need_none() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::limited(home.path(), 48);
    let url = up.url().to_owned();
    let fork = |name: &str, flags: &[&str]| {
        let words = [&["world", "fork", name, "--url", &url], flags].concat();
        run(home.path(), &words)
    };
    let refused = (0..48).find_map(|number| {
        let done = fork(&format!("own{number}"), &[]);
        (!done.status.success()).then_some(done)
    });
    let refused = refused.expect("it runs out");
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(
        stderr.contains("no file descriptor left of 48 for") && stderr.contains("ulimit -n"),
        "{stderr}"
    );
    for number in 0..48 {
        let done = fork(&format!("shared{number}"), &["--shared-ports"]);
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{stderr}");
    }
    assert_eq!(up.terminate(), Some(0));
}

#[test]
fn a_made_up_password_is_told_and_good_for_both() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(home.path(), &[]);
    let password = up.ready["sqlServers"][0]["password"].as_str().unwrap();
    assert!(password.len() >= 16, "{password}");
    assert_eq!(up.ready["managedInstances"][0]["password"], password);
    // A password that SQL Server takes and Azure does not is for SQL Server only.
    let up = Up::start(home.path(), &["--sa-password", "short"]);
    assert_eq!(up.ready["sqlServers"][0]["password"], "short");
    let other = up.ready["managedInstances"][0]["password"]
        .as_str()
        .unwrap();
    assert!(other.len() >= 16, "{other}");
}

#[test]
fn what_cannot_start_says_why_in_one_line_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let topology = home.path().join("bad.toml");
    fs::write(&topology, "[[sql_server]]\nname = 'a'\nversion = '2008'\n").unwrap();
    let topology = topology.display().to_string();
    let nowhere = home.path().join("no/such/place");
    let nowhere = nowhere.display().to_string();
    let cases: [(&[&str], &str); 11] = [
        (&["--port", &taken], &taken),
        (&["--sql-port", &taken], &taken),
        (&["--mi-port", &taken], &taken),
        (&["--mirroring-port", &taken], &taken),
        (&["--clock", "sometimes"], "sometimes"),
        (&["--durations", "link-conect=1s"], "link-conect"),
        (&["--topology", &topology], "2008"),
        (&["--topology", &nowhere], &nowhere),
        (&["--state-dir", &topology], &topology),
        (&["--listen", "203.0.113.9"], "203.0.113.9"),
        (&["--nonsense"], "--nonsense"),
    ];
    let file = home.path().join("ready.json").display().to_string();
    for (words, named) in cases {
        let done = run(
            home.path(),
            &[&["up", "--ports", "auto", "--ready-file", &file], words].concat(),
        );
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{words:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{words:?}: {stderr}");
        assert!(stderr.starts_with("milink: "), "{words:?}: {stderr}");
        assert!(stderr.contains(named), "{words:?}: {stderr}");
        assert!(done.stdout.is_empty(), "{words:?}");
        assert!(!Path::new(&file).exists(), "{words:?}");
    }
    let unwritable = run(
        home.path(),
        &["up", "--ports", "auto", "--ready-file", &nowhere],
    );
    assert_eq!(unwritable.status.code(), Some(2));
    assert!(
        String::from_utf8(unwritable.stderr)
            .unwrap()
            .contains(&nowhere)
    );
    let left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "bad.toml" && name != "milink")
        .collect();
    assert_eq!(left, [""; 0], "no drafts are left");
}

#[test]
fn verbs_without_an_emulator_say_that_there_is_none() {
    let home = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    for words in [
        &["env"][..],
        &["world", "list"],
        &["clock", "show"],
        &["journal"],
        &["az", "--version"],
    ] {
        let (verb, rest) = words.split_first().unwrap();
        // The flags of `az` come before az's own words.
        let words: Vec<&str> = match *verb {
            "az" => [&["az", "--url", &url], rest].concat(),
            _ => [words, &["--url", &url]].concat(),
        };
        let done = run(home.path(), &words);
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{words:?}: {stderr}");
        assert!(stderr.contains(&free.to_string()), "{words:?}: {stderr}");
    }
}

#[test]
fn what_was_recorded_is_replayed() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let log = log.to_str().unwrap();
    let up = Up::start(home.path(), &["--record", log, "--clock", "manual"]);
    let url = up.url().to_owned();
    for words in [
        &["clock", "advance", "90min"][..],
        &["fault", "add", "network.partition"],
        &["world", "fork", "copy"],
        &["world", "keep", "here"],
        &["clock", "advance", "1h"],
        &["world", "restore", "here"],
    ] {
        let done = run(home.path(), &[words, &["--url", &url]].concat());
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {stderr}");
    }
    assert_eq!(up.terminate(), Some(0));
    let again = run(home.path(), &["replay", log]);
    let said = String::from_utf8_lossy(&again.stdout);
    let wrong = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}{wrong}");
    assert!(said.ends_with("equal worlds: copy, default\n"), "{said}");

    let text = fs::read_to_string(log).unwrap();
    fs::write(log, text.replace("90min", "91min")).unwrap();
    let parted = run(home.path(), &["replay", log]);
    assert_eq!(parted.status.code(), Some(1));
    let said = String::from_utf8_lossy(&parted.stdout);
    assert!(said.contains("the answer differs"), "{said}");
    fs::write(log, &text[..text.len() / 2]).unwrap();
    let broken = run(home.path(), &["replay", log]);
    assert_eq!(broken.status.code(), Some(2));
    let wrong = String::from_utf8_lossy(&broken.stderr);
    assert!(wrong.contains(": line "), "{wrong}");
}

#[test]
fn every_clock_is_set_by_flag_and_by_verb() {
    const MODES: [&str; 4] = ["real", "scaled=60", "auto", "manual"];
    let home = tempfile::tempdir().unwrap();
    let asked = |url: &str, words: &[&str]| {
        let done = run(home.path(), &[&["clock"], words, &["--url", url]].concat());
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {stderr}");
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    };
    for mode in MODES {
        let up = Up::start(home.path(), &["--clock", mode]);
        assert_eq!(asked(up.url(), &["show"])["mode"], mode);
        assert_eq!(up.terminate(), Some(0));
    }
    let up = Up::start(home.path(), &["--clock", "manual"]);
    for mode in MODES {
        assert_eq!(asked(up.url(), &["set", mode])["mode"], mode);
        assert_eq!(asked(up.url(), &["show"])["mode"], mode);
    }
    // It is manual again: it stands, and is put forward by so much.
    let now = |clock: &Value| clock["now"].as_str().unwrap().to_owned();
    let before = now(&asked(up.url(), &["show"]));
    assert_eq!(now(&asked(up.url(), &["show"])), before);
    let after = now(&asked(up.url(), &["advance", "90min"]));
    assert!(after > before, "{after}");
    for bad in ["fast", "scaled=0"] {
        let refused = run(home.path(), &["clock", "set", bad, "--url", up.url()]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
        let refused = run(home.path(), &["up", "--clock", bad]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("is no clock"), "{said}");
    }
}
