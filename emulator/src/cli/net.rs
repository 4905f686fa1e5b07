//! `milink net …`: who gets where in the model's network, by which way, and why not.

mod told;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::doctor::encoded;
use super::print;
use super::remote::WorldTarget;

/// `milink net …`.
#[derive(Debug, Subcommand)]
pub(super) enum NetVerb {
    /// Say whether a connection would come about, hop by hop; fails if not
    Evaluate {
        #[command(flatten)]
        way: Way,
        /// The client does not check the certificate's name
        #[arg(long)]
        trusting: bool,
        /// The client cannot follow a redirect
        #[arg(long)]
        no_redirect: bool,
        /// The name in the login, if it is another than the host
        #[arg(long, value_name = "NAME")]
        login_name: Option<String>,
        /// For how many seconds the client sends nothing at most, keepalives included
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        silent: u32,
        #[command(flatten)]
        answer: Answer,
    },
    /// Say what a name is for a vantage's resolver; fails if it has no address
    Resolve {
        /// From where
        #[arg(long)]
        from: String,
        /// The name
        host: String,
        #[command(flatten)]
        answer: Answer,
    },
    /// Open a port of this machine that leads where a vantage's connection would
    Dial {
        #[command(flatten)]
        way: Way,
        /// The client sends TCP keepalives, every so many seconds
        #[arg(long, value_name = "SECONDS")]
        keep_alive: Option<u32>,
        #[command(flatten)]
        answer: Answer,
    },
    /// List the last connections that were made, and what became of them
    Trace {
        #[command(flatten)]
        answer: Answer,
    },
    /// List from where one can look
    Vantages {
        #[command(flatten)]
        answer: Answer,
    },
    /// Print the names that a vantage hears, as lines of a hosts file
    Hosts {
        /// From where
        #[arg(long)]
        from: String,
        /// The model's own addresses, at which nothing on this machine answers
        #[arg(long)]
        model: bool,
        /// Who connects to the addresses sends TCP keepalives, every so many seconds
        #[arg(long, value_name = "SECONDS")]
        keep_alive: Option<u32>,
        #[command(flatten)]
        answer: Answer,
    },
    /// Draw the network, and the way of a connection in it
    Draw {
        /// In which language
        #[arg(long, default_value = "mermaid")]
        format: Format,
        /// From where a connection is made
        #[arg(long, requires = "host")]
        from: Option<String>,
        /// Where to
        #[arg(long, requires = "from")]
        host: Option<String>,
        /// To which port
        #[arg(long, requires = "host")]
        port: Option<u16>,
        #[command(flatten)]
        world: WorldTarget,
    },
}

/// Both ends of a connection.
#[derive(Args, Debug)]
pub(super) struct Way {
    /// From where: vm:NAME, nic:NAME, subnet:NETWORK/SUBNET, mi:NAME, onprem:SITE or internet; vm:GROUP/NAME and the like where
    /// a name is in several resource groups
    #[arg(long)]
    from: String,
    /// Where to, as in a connection string: HOST, or HOST,PORT
    host: String,
    /// To which port [default: 1433]
    #[arg(long)]
    port: Option<u16>,
}

/// From which world, and how to say it.
#[derive(Args, Debug)]
pub(super) struct Answer {
    /// As the control API has it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    world: WorldTarget,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    Mermaid,
    Dot,
    Svg,
}

const SQL_PORT: u16 = 1433;

/// Does a verb about the network. What is not reachable fails, as what cannot be asked does, with another status.
pub(super) async fn net(verb: NetVerb) -> anyhow::Result<ExitCode> {
    match verb {
        NetVerb::Evaluate {
            way,
            trusting,
            no_redirect,
            login_name,
            silent,
            answer,
        } => {
            let (host, port) = way.to()?;
            let asked = json!({
                "from": way.from,
                "host": host,
                "port": port,
                "validates": !trusting,
                "follows": !no_redirect,
                "loginName": login_name,
                "silentSeconds": silent,
            });
            let verdict = answer.world.send("POST", "net/evaluate", &asked).await?;
            let heading = format!("{} -> {host}:{port}", way.from);
            answer.print(&verdict, |verdict| told::verdict(&heading, verdict))?;
            Ok(status(verdict["reachable"] == true))
        }
        NetVerb::Resolve { from, host, answer } => {
            let asked = json!({"from": from, "host": host});
            let resolved = answer.world.send("POST", "net/resolve", &asked).await?;
            answer.print(&resolved, told::resolved)?;
            Ok(status(resolved["addresses"].is_array()))
        }
        NetVerb::Dial {
            way,
            keep_alive,
            answer,
        } => {
            let (host, port) = way.to()?;
            let keep_alive = keep_alive.map(|seconds| format!("&keepAlive={seconds}"));
            let path = format!(
                "net/dial?from={}&host={}&port={port}{}",
                encoded(&way.from),
                encoded(&host),
                keep_alive.unwrap_or_default()
            );
            let dialled = answer.world.get(&path).await?;
            answer.print(&dialled, told::dialled)?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Trace { answer } => {
            let trace = answer.world.get("net/trace").await?;
            answer.print(&trace, told::trace)?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Vantages { answer } => {
            let vantages = answer.world.get("net/vantages").await?;
            answer.print(&vantages, |all| told::lines(&all["vantages"]))?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Hosts {
            from,
            model,
            keep_alive,
            answer,
        } => {
            let wish = if model { "&addresses=model" } else { "" };
            let keep_alive = keep_alive.map(|seconds| format!("&keepAlive={seconds}"));
            let path = format!(
                "net/hosts?from={}{wish}{}",
                encoded(&from),
                keep_alive.unwrap_or_default()
            );
            let hosts = answer.world.get(&path).await?;
            answer.print(&hosts, told::hosts)?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Draw {
            format,
            from,
            host,
            port,
            world,
        } => {
            let port = port.map(|port| port.to_string());
            let wishes = [("from", &from), ("host", &host), ("port", &port)];
            let wishes = wishes.iter().filter_map(|(name, value)| {
                let value = value.as_deref()?;
                Some(format!("&{name}={}", encoded(value)))
            });
            let path = format!(
                "net/drawing?format={}{}",
                format.word(),
                wishes.collect::<String>()
            );
            print(&world.text(&path).await?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Way {
    /// Host and port.
    fn to(&self) -> anyhow::Result<(String, u16)> {
        // A connection string parts them with a comma, everything else with a colon.
        let whole = self.host.strip_prefix("tcp:").unwrap_or(&self.host);
        let (host, written) = match whole.split_once([',', ':']) {
            None => (whole, None),
            Some((host, port)) => {
                let port = port.trim().parse::<u16>();
                let port = port.map_err(|_| anyhow::anyhow!("'{}' is not HOST,PORT", self.host))?;
                (host, Some(port))
            }
        };
        Ok((host.to_owned(), self.port.or(written).unwrap_or(SQL_PORT)))
    }
}

impl Answer {
    fn print(&self, answer: &Value, told: impl FnOnce(&Value) -> String) -> anyhow::Result<()> {
        match self.json {
            true => print(&format!("{answer:#}\n")),
            false => print(&told(answer)),
        }
    }
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
        }
    }
}

fn status(is_good: bool) -> ExitCode {
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
