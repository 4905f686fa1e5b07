//! The user's program: started with a world's surroundings, watched, and ended with everything it has started.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::stage::World;

/// A program.
#[derive(Debug)]
pub(super) struct Program {
    words: Vec<OsString>,
}

/// How a run has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    /// None if a signal ended it.
    pub(super) exit: Option<i32>,
    /// It was killed because it took longer than that, in milliseconds.
    pub(super) timed_out_after_ms: Option<u64>,
    /// It was killed as the fault wanted it.
    pub(super) killed: bool,
    /// The end of what it has written, to both outputs.
    pub(super) tail: String,
}

/// How much of the output is kept.
const TAIL_BYTES: usize = 4_000;
/// How long the outputs of a program that has ended may stay open, for instance in the hands of a daemon.
const OUTPUT_ENDS: Duration = Duration::from_secs(1);

impl Program {
    /// A command; a script that cannot be executed is given to its interpreter.
    pub(super) fn new(words: &[String]) -> anyhow::Result<Arc<Self>> {
        let Some(first) = words.first() else {
            bail!("there is no command to run");
        };
        let mut all: Vec<OsString> = Vec::new();
        let path = Path::new(first);
        if path.is_file() && !is_executable(path) {
            all.push(interpreter(path).into());
            all.push(path.into());
        } else if path.is_file() {
            // A name without a directory would be looked for in PATH. Links stay: a virtual environment's Python is one.
            let whole = std::path::absolute(path);
            all.push(
                whole
                    .with_context(|| format!("cannot find {first}"))?
                    .into(),
            );
        } else {
            all.push(first.into());
        }
        all.extend(words[1..].iter().map(OsString::from));
        Ok(Arc::new(Self { words: all }))
    }

    /// A line for the shell.
    pub(super) fn shell(line: &str) -> Self {
        Self {
            words: ["sh", "-c", line].map(OsString::from).to_vec(),
        }
    }

    /// Runs to the end: its own, that of its time, or `stop`'s.
    pub(super) async fn run(
        &self,
        world: &World,
        purpose: &str,
        timeout: Duration,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<Ended> {
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .envs(world.variables())
            .env("MILINK_RUN", purpose)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", self.words[0].display()))?;
        let mut running = Running::new(child);
        let (status, too_long, killed) = tokio::select! {
            status = running.child.wait() => (status?, None, false),
            () = tokio::time::sleep(timeout) => (running.kill().await?, Some(timeout), false),
            () = stop => (running.kill().await?, None, true),
        };
        Ok(Ended {
            exit: status.code(),
            timed_out_after_ms: too_long.map(milliseconds),
            killed,
            tail: running.tail().await,
        })
    }
}

impl Ended {
    /// Whether it says that all went well.
    pub(super) fn is_good(&self) -> bool {
        self.exit == Some(0)
    }

    /// In words that follow "the program".
    pub(super) fn how(&self) -> String {
        if let Some(limit) = self.timed_out_after_ms {
            return format!("does not end within {:?}", Duration::from_millis(limit));
        }
        match self.exit {
            _ if self.killed => "is killed".to_owned(),
            Some(0) => "succeeds".to_owned(),
            Some(code) => format!("ends with status {code}"),
            None => "is ended by a signal".to_owned(),
        }
    }
}

/// A process group. It ends when this is dropped.
struct Running {
    child: Child,
    group: Option<Pid>,
    tail: Arc<Mutex<VecDeque<u8>>>,
    readers: JoinSet<()>,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let tail = Arc::default();
        let mut readers = JoinSet::new();
        if let Some(output) = child.stdout.take() {
            readers.spawn(read(output, Arc::clone(&tail)));
        }
        if let Some(errors) = child.stderr.take() {
            readers.spawn(read(errors, Arc::clone(&tail)));
        }
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            child,
            group: id.and_then(Pid::from_raw),
            tail,
            readers,
        }
    }

    async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.end_group();
        self.child.wait().await
    }

    /// What has been written, once all of it has come.
    async fn tail(&mut self) -> String {
        // What the program has left running is no part of the next run.
        self.end_group();
        let ended = async { while self.readers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(OUTPUT_ENDS, ended).await;
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(tail.make_contiguous())
            .trim()
            .to_owned()
    }

    fn end_group(&mut self) {
        if let Some(group) = self.group.take() {
            // It may have ended by itself, to the last process.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end_group();
    }
}

async fn read(mut from: impl AsyncRead + Unpin, tail: Arc<Mutex<VecDeque<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(&buffer[..count]);
        let surplus = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..surplus);
    }
}

fn milliseconds(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap_or(u64::MAX)
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

fn interpreter(script: &Path) -> &'static str {
    match script.extension().and_then(|extension| extension.to_str()) {
        Some("py") => "python3",
        Some("bash") => "bash",
        Some("ps1") => "pwsh",
        _ => "sh",
    }
}
