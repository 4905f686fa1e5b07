//! `milink up`: start, say how to connect, run until told to stop.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use milink_core::durations::Durations;
use milink_model::ReadyFile;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::print;
use super::signals::Signals;
use crate::clock::ClockMode;
use crate::config::{CheckLaws, Config, DNS_PORT, KeyStore, Ports, SocksFailures};
use crate::durations;
use crate::emulator::Emulator;
use crate::topology::Topology;

/// The flags of `milink up`.
#[derive(Args, Debug)]
pub(super) struct UpArguments {
    /// Port of ARM, Entra and control, over HTTPS and HTTP; 0 picks a free one
    #[arg(long, env = "MILINK_PORT", value_name = "PORT")]
    port: Option<u16>,
    /// Port of the first SQL Server, the next ones follow; 0 picks free ones
    #[arg(long, env = "MILINK_SQL_PORT", value_name = "PORT")]
    sql_port: Option<u16>,
    /// Port of the managed instances' gateway; 0 picks a free one
    #[arg(long, env = "MILINK_MI_PORT", value_name = "PORT")]
    mi_port: Option<u16>,
    /// Port of the first SQL Server's mirroring endpoint, the next ones follow; 0 picks free ones
    #[arg(long, env = "MILINK_MIRRORING_PORT", value_name = "PORT")]
    mirroring_port: Option<u16>,
    /// Port of the SOCKS5 proxy into the model's network; 0 picks a free one
    #[arg(long, env = "MILINK_SOCKS_PORT", value_name = "PORT")]
    socks_port: Option<u16>,
    /// What a client of the proxy is told where the model's packets get no answer
    #[arg(long, env = "MILINK_SOCKS_FAILURES", default_value = "fast")]
    socks_failures: SocksFailures,
    /// Port of the name servers at addresses of the loopback; 53 needs rights
    #[arg(long, env = "MILINK_DNS_PORT", value_name = "PORT", default_value_t = DNS_PORT)]
    dns_port: u16,
    /// `auto` picks free ports for everything that is not given by itself
    #[arg(long, env = "MILINK_PORTS", default_value = "default")]
    ports: PortChoice,
    /// Address to bind
    #[arg(long, env = "MILINK_LISTEN", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    listen: IpAddr,
    /// File to write, as JSON, once everything answers; it is removed at the end
    #[arg(long, env = "MILINK_READY_FILE", value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Password of sa; without it, one is made up and printed
    #[arg(
        long,
        env = "MILINK_SA_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    sa_password: Option<String>,
    /// Password of the managed instances' administrator; without it, that of sa, or one made up if Azure would refuse that
    #[arg(
        long,
        env = "MILINK_MI_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    mi_password: Option<String>,
    /// How the time passes: auto (with the host's clock, and jumps when a client waits), manual, real or scaled=K
    #[arg(long, env = "MILINK_CLOCK", default_value_t = ClockMode::Auto)]
    clock: ClockMode,
    /// How long things take: fast, azure or instant, and single transitions as in fast,link-connect=5s [default: what the
    /// topology says, or fast]
    #[arg(long, env = "MILINK_DURATIONS", value_parser = durations::parse)]
    durations: Option<Durations>,
    /// Seed of all ids
    #[arg(long, env = "MILINK_SEED", default_value_t = 1)]
    seed: u64,
    /// Start with nothing
    #[arg(long, env = "MILINK_EMPTY", conflicts_with = "topology")]
    empty: bool,
    /// Start with what this TOML file says
    #[arg(long, env = "MILINK_TOPOLOGY", value_name = "FILE")]
    topology: Option<PathBuf>,
    /// Where the local authority and the keys are kept [default: the user's cache directory]
    #[arg(long, env = "MILINK_STATE_DIR", value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
    /// Accept api-versions that Azure does not know
    #[arg(long, env = "MILINK_LOOSE")]
    loose: bool,
    /// When the laws of worlds are checked: after every change, a hundred times a second at most, or never. A broken one is
    /// a defect of milink; the log and /_milink/health tell it, and the exit status at the end is 3
    #[arg(
        long,
        env = "MILINK_CHECK_INVARIANTS",
        value_name = "WHEN",
        default_value = "always",
        default_missing_value = "always",
        num_args = 0..=1
    )]
    check_invariants: CheckLaws,
    /// File to write everything into that clients ask, for `milink replay`; it holds all passwords
    #[arg(long, env = "MILINK_RECORD", value_name = "FILE")]
    record: Option<PathBuf>,
    /// A further name that the TLS certificates are good for; may be repeated
    #[arg(
        long = "tls-name",
        env = "MILINK_TLS_NAME",
        value_name = "NAME",
        value_delimiter = ','
    )]
    tls_names: Vec<String>,
    /// How the log is written
    #[arg(long, env = "MILINK_LOG_FORMAT", default_value = "human")]
    log_format: LogFormat,
    /// What is logged, such as info, debug or milink::world=info
    #[arg(
        long,
        env = "MILINK_LOG",
        default_value = "warn",
        value_name = "FILTER"
    )]
    log: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PortChoice {
    Default,
    Auto,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

/// The exit status of an emulator that has broken a law of a world.
const BROKEN_LAW: u8 = 3;

/// Starts, and runs until it is interrupted or terminated.
pub(super) async fn up(arguments: UpArguments) -> anyhow::Result<ExitCode> {
    start_logging(&arguments)?;
    let mut signals = Signals::new()?;
    let ready_file = match &arguments.ready_file {
        Some(path) => Some(PendingFile::prepare(path)?),
        None => None,
    };
    let given = [arguments.sa_password.clone(), arguments.mi_password.clone()];
    let record = arguments.record.clone();
    let mut builder = Emulator::builder().config(config(arguments)?);
    if let Some(file) = &record {
        builder = builder.record(file.clone());
    }
    let emulator = builder.start().await?;
    let ready = emulator.ready();
    print(&greeting(&ready, &given))?;
    let ready_file = match ready_file {
        Some(file) => Some(file.publish(&serde_json::to_string_pretty(&ready)?)?),
        None => None,
    };
    signals.arrived().await;
    drop(ready_file);
    if let Some(file) = record {
        let ended = emulator.end_log();
        ended.with_context(|| format!("cannot write the input log {}", file.display()))?;
    }
    let (lines, status) = verdict(&emulator.hub().watch().broken());
    drop(emulator);
    for line in lines {
        eprintln!("{line}");
    }
    Ok(ExitCode::from(status))
}

/// What is said in the end of the laws that were broken, by world, and with which status.
fn verdict(broken: &BTreeMap<String, String>) -> (Vec<String>, u8) {
    let lines = broken.iter().map(|(world, law)| {
        format!(
            "milink: a law of the world '{world}' was broken, which is a defect of milink: {law}"
        )
    });
    let status = if broken.is_empty() { 0 } else { BROKEN_LAW };
    (lines.collect(), status)
}

fn config(arguments: UpArguments) -> anyhow::Result<Config> {
    let ports = match arguments.ports {
        PortChoice::Default => Ports::DEFAULT,
        PortChoice::Auto => Ports::AUTO,
    };
    let topology = match (&arguments.topology, arguments.empty) {
        (Some(path), _) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read the topology {}", path.display()))?;
            Topology::parse(&text).with_context(|| format!("the topology {}", path.display()))?
        }
        (None, true) => Topology::empty(),
        (None, false) => Topology::default(),
    };
    let keys = match arguments.state_dir {
        Some(directory) => KeyStore::Directory(directory),
        None => KeyStore::Cache,
    };
    Ok(Config {
        listen: arguments.listen,
        ports: Ports {
            http: arguments.port.unwrap_or(ports.http),
            sql: arguments.sql_port.unwrap_or(ports.sql),
            gateway: arguments.mi_port.unwrap_or(ports.gateway),
            mirroring: arguments.mirroring_port.unwrap_or(ports.mirroring),
            socks: arguments.socks_port.unwrap_or(ports.socks),
        },
        topology,
        clock: arguments.clock,
        durations: arguments.durations,
        seed: arguments.seed,
        sa_password: arguments.sa_password,
        administrator_password: arguments.mi_password,
        keys,
        tls_names: arguments.tls_names,
        loose: arguments.loose,
        check_invariants: arguments.check_invariants,
        socks_failures: arguments.socks_failures,
        dns_port: arguments.dns_port,
    })
}

fn start_logging(arguments: &UpArguments) -> anyhow::Result<()> {
    // Not the filter that knows spans and fields: it brings a regex engine along.
    let filter: Targets = arguments
        .log
        .parse()
        .with_context(|| format!("'{}' is no log filter", arguments.log))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match arguments.log_format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
    Ok(())
}

/// A file that will be there whole or not at all.
struct PendingFile {
    path: PathBuf,
    draft: PathBuf,
}

/// A file that is there; dropping this removes it.
struct PublishedFile {
    path: PathBuf,
}

impl PendingFile {
    /// Makes sure that the file can be written, and that nobody takes an old one for it.
    fn prepare(path: &Path) -> anyhow::Result<Self> {
        let Some(name) = path.file_name() else {
            bail!(
                "cannot write the ready file {}: it has no name",
                path.display()
            );
        };
        if path.is_dir() {
            bail!(
                "cannot write the ready file {}: it is a directory",
                path.display()
            );
        }
        let draft = path.with_file_name(format!(
            ".{}.{}",
            name.to_string_lossy(),
            std::process::id()
        ));
        let cannot = || format!("cannot write the ready file {}", path.display());
        fs::write(&draft, "").with_context(cannot)?;
        let pending = Self {
            path: path.to_owned(),
            draft,
        };
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(cannot)
            }
            _ => Ok(pending),
        }
    }

    fn publish(self, text: &str) -> anyhow::Result<PublishedFile> {
        let written = fs::write(&self.draft, format!("{text}\n"))
            .and_then(|()| fs::rename(&self.draft, &self.path));
        written.with_context(|| format!("cannot write the ready file {}", self.path.display()))?;
        Ok(PublishedFile {
            path: self.path.clone(),
        })
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        // After publishing there is no draft any more.
        let _ = fs::remove_file(&self.draft);
    }
}

impl Drop for PublishedFile {
    fn drop(&mut self) {
        // Somebody else may have removed it first.
        let _ = fs::remove_file(&self.path);
    }
}

/// What a person needs to connect, ready to paste. Passwords that were `given` are not repeated by themselves.
fn greeting(ready: &ReadyFile, given: &[Option<String>]) -> String {
    let mut lines = vec![
        format!("milink {} is up.", env!("CARGO_PKG_VERSION")),
        String::new(),
        format!("  ARM, Entra   {}", ready.arm_url),
        format!("  Control      {}", ready.control_url),
        format!("  CA           {}", ready.ca_file),
        format!(
            "  SOCKS5       {}  (user name: from where, such as mi:NAME)",
            ready.socks_url
        ),
        format!("  Subscription {}", ready.subscription_id),
    ];
    for server in &ready.sql_servers {
        lines.push(format!(
            "  SQL Server   {}  {},{}  (version {}, model address {})",
            server.name, server.host, server.port, server.version, server.address
        ));
    }
    for instance in &ready.managed_instances {
        lines.push(format!(
            "  Instance     {}  {},{}  ({})",
            instance.name, instance.host, instance.port, instance.fqdn
        ));
    }
    let servers = ready.sql_servers.first().map(|s| (&s.user, &s.password));
    let instances = ready
        .managed_instances
        .first()
        .map(|i| (&i.user, &i.password));
    for (user, password) in servers.into_iter().chain(instances) {
        if !given.contains(&Some(password.clone())) {
            lines.push(format!("  Password     {password}  (of {user}, made up)"));
        }
    }
    lines.push(String::new());
    lines.push("Connect:".to_owned());
    lines.push("  milink az sql mi list -o table        the real az, pointed here".to_owned());
    lines.push("  eval \"$(milink env)\"                   or your shell".to_owned());
    if let Some(server) = ready.sql_servers.first() {
        lines.push(format!(
            "  sqlcmd -C -S {},{} -U {} -P '{}'",
            server.host, server.port, server.user, server.password
        ));
        lines.push(format!(
            "  Server={},{};User Id={};Password={};TrustServerCertificate=true",
            server.host, server.port, server.user, server.password
        ));
    }
    if let Some(instance) = ready.managed_instances.first() {
        lines.push(format!(
            "  Server={},{};User Id={};Password={};Encrypt=true;TrustServerCertificate=true",
            instance.host, instance.port, instance.user, instance.password
        ));
    }
    lines.push(String::new());
    lines.push("Ctrl-C stops it.".to_owned());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use milink_core::ids::DatabaseId;

    use super::*;

    #[test]
    fn a_ready_file_is_whole_or_absent_and_goes_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ready.json");
        fs::write(&path, "of an earlier run").unwrap();
        let pending = PendingFile::prepare(&path).unwrap();
        assert!(!path.exists(), "an old file would be taken for the new one");
        let published = pending.publish("{}").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
        drop(published);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        drop(PendingFile::prepare(&path).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_ready_file_that_cannot_be_written_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("no/such/ready.json");
        for path in [missing.as_path(), directory.path()] {
            let error = PendingFile::prepare(path).err().unwrap();
            assert!(format!("{error:#}").contains(&path.display().to_string()));
        }
    }

    /// No request and no flag breaks a law, so the world is broken behind the back of every command, as a defect would.
    #[tokio::test]
    async fn a_broken_law_is_the_exit_status_unless_nobody_has_looked() {
        for (check, expected) in [(CheckLaws::Always, BROKEN_LAW), (CheckLaws::Never, 0)] {
            let config = Config {
                clock: ClockMode::Manual,
                check_invariants: check,
                ..Config::default()
            };
            let emulator = Emulator::builder().config(config).start().await.unwrap();
            let watch = || verdict(&emulator.hub().watch().broken());
            assert_eq!(watch(), (Vec::new(), 0));
            emulator.world().change(|world, _| {
                let server = world.sql_server("sqlserver1").unwrap().id;
                let server = Arc::make_mut(world.instances.get_mut(&server).unwrap());
                server.databases.remove(&DatabaseId(2));
            });
            let (lines, status) = watch();
            assert_eq!(status, expected);
            let told = [
                "milink: a law of the world 'default' was broken, which is a defect of milink: \
                 every instance has its system databases: sqlserver1 has no tempdb",
            ];
            let told = if expected == 0 { &[][..] } else { &told[..] };
            assert_eq!(lines, told);
        }
    }
}
