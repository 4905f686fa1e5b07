//! What to start: addresses, ports, time, and the first world.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use milink_core::durations::Durations;
use uuid::Uuid;

use crate::clock::ClockMode;
use crate::topology::Topology;

/// The configuration of an emulator.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to bind.
    pub listen: IpAddr,
    /// The ports to bind.
    pub ports: Ports,
    /// What the first world starts with.
    pub topology: Topology,
    /// The first world's clock, and that of worlds made later unless they say otherwise.
    pub clock: ClockMode,
    /// How long things take; none is what the topology says, or else the default.
    pub durations: Option<Durations>,
    /// The seed of ids, the subscription, the tenant and the client.
    pub seed: u64,
    /// The password of `sa`; none makes one up.
    pub sa_password: Option<String>,
    /// The password of the managed instances' administrator; none is that of `sa`.
    pub administrator_password: Option<String>,
    /// Where keys are kept.
    pub keys: KeyStore,
    /// Names that the TLS certificates are good for, besides those they always are.
    pub tls_names: Vec<String>,
    /// Accepts api-versions that Azure does not know.
    pub loose: bool,
    /// When the laws of worlds are checked; a broken one is a defect of milink.
    pub check_invariants: CheckLaws,
    /// What a client of the proxy is told where packets of the model get no answer.
    pub socks_failures: SocksFailures,
    /// The port of the name servers at addresses of the loopback.
    pub dns_port: u16,
}

/// When the laws of worlds are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckLaws {
    /// After every change: so cheap that it is left on.
    #[default]
    #[value(aliases = ["true", "yes", "1"])]
    Always,
    /// A hundred times a second at most.
    Seldom,
    /// Not at all.
    #[value(aliases = ["false", "no", "0"])]
    Never,
}

impl CheckLaws {
    /// As the command line has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Seldom => "seldom",
            Self::Never => "never",
        }
    }
}

/// What a client of the proxy is told where packets of the model get no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SocksFailures {
    /// That it is so, at once.
    #[default]
    Fast,
    /// Nothing, as long as it waits: what it would meet in Azure.
    Faithful,
}

/// Where name servers at addresses of the loopback are unless it is said; 53 would need rights.
pub const DNS_PORT: u16 = 10_053;

/// Where the local authority and the keys are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyStore {
    /// They are gone with the process.
    #[default]
    Memory,
    /// In this directory.
    Directory(PathBuf),
    /// In the user's cache directory, or in memory if there is none or it cannot be written.
    Cache,
}

/// Ports; 0 picks a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// ARM, Entra and control.
    pub http: u16,
    /// The first SQL Server; the next ones follow.
    pub sql: u16,
    /// The managed instances' gateway.
    pub gateway: u16,
    /// The first SQL Server's mirroring endpoint; the next ones follow.
    pub mirroring: u16,
    /// The proxy into the model's network.
    pub socks: u16,
}

impl Ports {
    /// Those of the documentation.
    pub const DEFAULT: Self = Self {
        http: 4588,
        sql: 14330,
        gateway: 14340,
        mirroring: 15022,
        socks: 14380,
    };
    /// All free ones.
    pub const AUTO: Self = Self {
        http: 0,
        sql: 0,
        gateway: 0,
        mirroring: 0,
        socks: 0,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            ports: Ports::AUTO,
            topology: Topology::default(),
            clock: ClockMode::default(),
            durations: None,
            seed: 1,
            sa_password: None,
            administrator_password: None,
            keys: KeyStore::Memory,
            tls_names: Vec::new(),
            loose: false,
            check_invariants: CheckLaws::default(),
            socks_failures: SocksFailures::Fast,
            dns_port: DNS_PORT,
        }
    }
}

impl Config {
    /// How long things take.
    pub fn durations(&self) -> Durations {
        let said = self.durations.as_ref();
        said.or(self.topology.transitions.as_ref())
            .cloned()
            .unwrap_or_default()
    }
}

/// Where the user's programs keep what they can make anew.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let given = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    given("XDG_CACHE_HOME")
        .or_else(|| Some(given("HOME")?.join(".cache")))
        .map(|directory| directory.join("milink"))
}

/// Who and where in Azure: made from the seed, so that clients' caches survive a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tenant.
    pub tenant: Uuid,
    /// The service principal.
    pub client_id: Uuid,
    /// Its secret. It opens nothing but this emulator.
    pub client_secret: String,
    /// The subscription of the first world.
    pub subscription: Uuid,
}

impl Identity {
    /// The identity of this seed.
    pub fn of(seed: u64) -> Self {
        let mut source = milink_core::ids::IdSource::new(seed ^ 0x6d69_6c69_6e6b);
        Self {
            tenant: source.next_guid(),
            client_id: source.next_guid(),
            client_secret: format!("milink~{}", source.next_guid().simple()),
            subscription: source.next_guid(),
        }
    }
}
