//! The side of `milink run` that is still in the machine's own network: it starts the program, and leads its connections out.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use milink_client::Control;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::inside::{CONNECTION, DOORS, NAMES, READY};
use super::{RunArguments, otherwise};
use crate::cli::doctor::encoded;

/// How many connections of the program are led out at once.
const CONNECTIONS: usize = 4_096;
/// The longest DNS message.
const LONGEST_MESSAGE: usize = 4_096;

/// How long an emulator is left alone that has not answered.
const AGAIN: Duration = Duration::from_secs(1);

/// What leads out.
struct Way {
    /// The proxy.
    socks: String,
    control: Control,
    /// Where the control API takes DNS messages.
    names: String,
    /// Where it says what answers.
    doors: String,
    /// Whether the helper inside has got as far as the program.
    is_ready: AtomicBool,
}

/// Runs a program in the model's network; its exit status is the program's.
pub(in crate::cli) async fn run(arguments: RunArguments) -> anyhow::Result<ExitCode> {
    let (world, vantage) = (&arguments.world, &arguments.vantage);
    // Says that there is no such vantage, too.
    let doors = format!("net/doors?from={}", encoded(vantage));
    world.get(&doors).await?;
    let ready = world.target().ready(world.world()).await?;
    let Some(socks) = ready.socks_url.split("://").nth(1) else {
        bail!("the emulator has no proxy");
    };
    let directory = tempdir()?;
    let door = directory.path.join("door");
    let listener = UnixListener::bind(&door).context("cannot make the socket that leads out")?;
    let way = Arc::new(Way {
        socks: socks.to_owned(),
        control: world.target().control()?,
        names: format!(
            "net/dns-query?from={}&world={}",
            encoded(vantage),
            encoded(world.world())
        ),
        doors: format!("{doors}&world={}", encoded(world.world())),
        is_ready: AtomicBool::new(false),
    });
    let keep_alive = arguments
        .keep_alive
        .map(|seconds| format!(";keepAlive={seconds}"))
        .unwrap_or_default();
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(program)
        .arg("inside")
        .arg("--door")
        .arg(&door)
        .args([
            "--user",
            &format!("{vantage}{keep_alive}@{}", world.world()),
        ])
        .arg("--")
        .args(&arguments.command)
        .kill_on_drop(true);
    // Ctrl-C goes to the program as well, which decides what becomes of it.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut child = match command.stdin(Stdio::inherit()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "the program unshare (of util-linux) is not here to make a network namespace; {}",
            otherwise(vantage)
        ),
        Err(error) => return Err(error).context("cannot start unshare"),
    };
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, Arc::clone(&way)));
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                if way.is_ready.load(Ordering::Acquire) {
                    return Ok(code(status));
                }
                // Whoever failed has said why.
                bail!(
                    "this machine does not let '{}' run in a network of its own; {}",
                    arguments.command.join(" "),
                    otherwise(vantage)
                );
            }
            _ = interrupts.recv() => (),
            _ = terminations.recv() => {
                let id = child.id().and_then(|id| i32::try_from(id).ok());
                if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
                }
            }
        }
    }
}

/// A shell's way to say how a program ended.
pub(super) fn code(status: ExitStatus) -> ExitCode {
    let number = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 1,
    };
    ExitCode::from(u8::try_from(number).unwrap_or(1))
}

async fn serve(listener: UnixListener, way: Arc<Way>) {
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() || clients.len() >= CONNECTIONS {
            if clients.len() >= CONNECTIONS {
                clients.join_next().await;
            }
        }
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(super::inside::PAUSE).await;
            continue;
        };
        let way = Arc::clone(&way);
        clients.spawn(async move {
            // A connection that breaks is seen by both of its ends.
            let _ = way.lead(client).await;
        });
    }
}

impl Way {
    async fn lead(&self, mut client: UnixStream) -> io::Result<()> {
        match client.read_u8().await? {
            READY => {
                self.is_ready.store(true, Ordering::Release);
                client.write_u8(READY).await
            }
            CONNECTION => {
                let mut proxy = TcpStream::connect(&self.socks).await?;
                proxy.set_nodelay(true)?;
                copy_bidirectional(&mut client, &mut proxy).await.map(drop)
            }
            NAMES => self.answer(client).await,
            DOORS => self.tell(client).await,
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What answers, whenever it has become something else.
    async fn tell(&self, mut client: UnixStream) -> io::Result<()> {
        let mut after = String::new();
        loop {
            let asked = format!("{}{after}", self.doors);
            let Ok(told) = self.control.get(&asked).await else {
                // The vantage may be gone for a while, or the emulator for good.
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let mark = format!("&after={}", told["mark"]);
            if mark != after {
                after = mark;
                client
                    .write_all(format!("{}\n", told["doors"]).as_bytes())
                    .await?;
            }
        }
    }

    /// DNS messages, framed as over TCP.
    async fn answer(&self, mut client: UnixStream) -> io::Result<()> {
        loop {
            let length = usize::from(client.read_u16().await?);
            if length > LONGEST_MESSAGE {
                return Ok(());
            }
            let mut message = vec![0; length];
            client.read_exact(&mut message).await?;
            let answered = self.control.post_bytes(&self.names, message).await;
            let answer = answered.map_err(io::Error::other)?;
            let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
            client.write_all(&length.to_be_bytes()).await?;
            client.write_all(&answer).await?;
        }
    }
}

/// A directory that only this user sees; gone at the end.
struct Directory {
    path: std::path::PathBuf,
}

fn tempdir() -> anyhow::Result<Directory> {
    use std::os::unix::fs::DirBuilderExt as _;
    let name = uuid::Uuid::from_u128(
        u128::from(std::process::id()) << 64
            | std::time::SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(0, |elapsed| elapsed.as_nanos() & u128::from(u64::MAX)),
    );
    let path = std::env::temp_dir().join(format!("milink-run-{}", name.simple()));
    let mut builder = fs::DirBuilder::new();
    builder
        .mode(0o700)
        .create(&path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    Ok(Directory { path })
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = fs::remove_dir_all(&self.path);
    }
}
