//! Real sockets for the places of the model's network: whoever dials one is treated as a connection from there would be.
//!
//! A local program has no virtual network, so the address that it dials says from where it means to come: a mapped port here,
//! a loopback address or a proxy's credential elsewhere. For all of them [`Network::decide`] asks the core's evaluator at the
//! moment a connection is accepted, and [`Network::carry_decided`] does what it says. There is no other policy.

mod certificates;
mod door;
mod flow;
mod gateway;
mod port;
mod route;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use milink_core::World;
use milink_core::path::{Scenery, Symptom, Vantage, Verdict};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::arm::Arm;
use crate::hub::WorldCell;
use crate::keys::Keys;
use crate::tds::{Room, TlsConfigs};
use crate::topology::NameCheckSpec;

pub(crate) use door::{Door, Mode};
pub(crate) use gateway::{Act, Decision, mode_of};
pub(crate) use port::Port;
pub(crate) use route::Route;

/// How many connections a world's network carries at once.
const CONNECTIONS: usize = 32_767;
/// How many ports a world's network opens.
const PORTS: usize = 20_000;
/// How late a port may notice what only time has changed: probes of load balancers.
const PROBES: Duration = Duration::from_millis(250);

/// Whether a client must name the host that it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NameCheck {
    /// It must, as in Azure.
    Strict,
    /// A loopback address or `localhost` is taken for the host that the listener stands for: a client that dials a mapped port
    /// by its address cannot say more. Any other name is judged as it is.
    Listener,
}

impl From<NameCheckSpec> for NameCheck {
    fn from(spec: NameCheckSpec) -> Self {
        match spec {
            NameCheckSpec::Listener => Self::Listener,
            NameCheckSpec::Strict => Self::Strict,
        }
    }
}

/// What is dialled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    /// A name or an address of the model.
    pub(crate) host: String,
    /// The port there.
    pub(crate) port: u16,
    /// Whether the login must name it.
    pub(crate) name_check: NameCheck,
    /// How often the client says without words that it is still there. The keepalives of TCP end at the port here, so a client
    /// that sends them has to be known for one.
    pub(crate) keepalive_seconds: Option<u32>,
}

impl Target {
    /// A place that a login must name, for a client that is silent when it has nothing to say.
    pub(crate) fn new(host: String, port: u16) -> Self {
        Self {
            host,
            port,
            name_check: NameCheck::Strict,
            keepalive_seconds: None,
        }
    }
}

/// The network of a world, as far as it has sockets.
pub(crate) struct Network {
    cell: Arc<WorldCell>,
    setting: Setting,
    state: Mutex<State>,
    trace: trace::Trace,
    certificates: certificates::Certificates,
    permits: Arc<Semaphore>,
    /// Connections by other ways than ports for which there was more than one.
    flows: AtomicUsize,
    /// The version of the world that ports were last held against.
    seen: AtomicU64,
    /// Whether ports have to be looked at although the world has not changed.
    follows_time: AtomicBool,
}

/// What networks share.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) keys: Arc<Keys>,
    pub(crate) tokens: Arc<Arm>,
    /// For SQL Servers, which have no zone.
    pub(crate) server_tls: TlsConfigs,
    /// For what SQL clients send, of whatever port.
    pub(crate) server_room: Room,
    /// The address that mapped ports are bound to.
    pub(crate) listen: IpAddr,
    /// That address, as clients are told it.
    pub(crate) host: String,
    /// Names by which clients reach the machine that the emulator is on, besides `localhost`.
    pub(crate) own_names: Vec<String>,
}

#[derive(Default)]
struct State {
    ports: BTreeMap<(String, Target), Arc<Port>>,
    scenery: Option<Scenery>,
    /// Connections through private endpoints, which end when one of those does.
    endpoint_users: BTreeMap<u64, gateway::EndpointUser>,
    next_user: u64,
    tasks: JoinSet<()>,
    is_followed: bool,
    is_closed: bool,
}

/// The owner of a network: when it is dropped, the network's sockets close.
pub(crate) struct Owned(Arc<Network>);

impl Owned {
    /// The network of a world, without sockets yet.
    pub(crate) fn new(cell: Arc<WorldCell>, setting: Setting) -> Self {
        Self(Arc::new(Network {
            cell,
            certificates: certificates::Certificates::default(),
            setting,
            state: Mutex::default(),
            trace: trace::Trace::default(),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            flows: AtomicUsize::new(0),
            seen: AtomicU64::new(0),
            follows_time: AtomicBool::new(false),
        }))
    }

    /// It.
    pub(crate) fn network(&self) -> &Arc<Network> {
        &self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        state.tasks.abort_all();
        for port in std::mem::take(&mut state.ports).into_values() {
            port.close();
        }
    }
}

impl Network {
    /// A port that stands for a target as `from` would reach it. It is opened the first time it is asked for, keeps its address,
    /// and follows the world: what would time out does, what would be refused is.
    ///
    /// `from` may name a vantage that is not there yet; nothing is reached from it until it is. Without `at`, any free port of
    /// the configured address is taken.
    ///
    /// # Errors
    ///
    /// The address is taken, or there are too many ports.
    pub(crate) fn dial(
        self: &Arc<Self>,
        from: &str,
        target: Target,
        at: Option<SocketAddr>,
    ) -> io::Result<Arc<Port>> {
        let target = Target {
            host: target.host.trim_end_matches('.').to_ascii_lowercase(),
            ..target
        };
        let key = (from.to_ascii_lowercase(), target);
        let mut state = self.lock();
        if let Some(port) = state.ports.get(&key) {
            return Ok(Arc::clone(port));
        }
        if state.is_closed || state.ports.len() >= PORTS {
            let text = format!("a world's network has {PORTS} ports at most");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, text));
        }
        let at = at.unwrap_or(SocketAddr::new(self.setting.listen, 0));
        let port = Arc::new(Port::bind(from, key.1.clone(), at)?);
        let world = self.cell.snapshot();
        self.see_to_port(&mut state, &world, &port)?;
        state.ports.insert(key, Arc::clone(&port));
        self.follow(&mut state);
        Ok(port)
    }

    /// The address of a port, as clients are told it.
    pub(crate) fn told(&self, port: &Port) -> (String, u16) {
        (self.setting.host.clone(), port.address().port())
    }

    /// The connections that were accepted last, oldest first.
    pub(crate) fn traced(&self) -> Vec<trace::Entry> {
        self.trace.entries()
    }

    /// Holds ports and connections against the world, if it has changed. Cheap if it has not.
    pub(crate) fn see_to(self: &Arc<Self>) {
        let version = self.cell.version();
        let unchanged = self.seen.load(Ordering::Acquire) == version;
        if unchanged && !self.follows_time.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.lock();
        if state.ports.is_empty() && state.endpoint_users.is_empty() {
            self.seen.store(version, Ordering::Release);
            return;
        }
        let world = self.cell.snapshot();
        let scenery = Scenery::of(&world);
        let by_time = scenery.depends_on_time();
        if by_time || state.scenery.as_ref() != Some(&scenery) {
            let ports: Vec<Arc<Port>> = state.ports.values().cloned().collect();
            for port in ports {
                if let Err(error) = self.see_to_port(&mut state, &world, &port) {
                    tracing::warn!(address = %port.address(), %error, "cannot change a port");
                }
            }
            let cut = |(number, user): (&u64, &gateway::EndpointUser)| {
                user.is_cut(&world).then_some(*number)
            };
            let ended: Vec<u64> = state.endpoint_users.iter().filter_map(cut).collect();
            for number in ended {
                if let Some(user) = state.endpoint_users.remove(&number) {
                    user.cut();
                }
            }
            state.scenery = Some(scenery);
        }
        self.follows_time.store(by_time, Ordering::Release);
        self.seen.store(version, Ordering::Release);
    }

    /// Makes a port what a connection to it would meet now.
    fn see_to_port(
        self: &Arc<Self>,
        state: &mut State,
        world: &World,
        port: &Arc<Port>,
    ) -> io::Result<()> {
        let decision = gateway::judge(world, port.from(), port.target(), None);
        let late = port.become_mode(decision.mode(), &mut state.tasks, &Arc::downgrade(self))?;
        for stream in late {
            self.take(state, port, stream);
        }
        Ok(())
    }

    /// Has a connection to a port carried.
    fn take(self: &Arc<Self>, state: &mut State, port: &Arc<Port>, stream: tokio::net::TcpStream) {
        while state.tasks.try_join_next().is_some() {}
        if !state.is_closed {
            let (network, port) = (Arc::clone(self), Arc::clone(port));
            state
                .tasks
                .spawn(async move { network.carry_at(&port, stream).await });
        }
    }

    /// Follows the world from now on.
    fn follow(self: &Arc<Self>, state: &mut State) {
        if !std::mem::replace(&mut state.is_followed, true) {
            state.tasks.spawn(follow(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(network: Weak<Network>) {
    loop {
        let Some(strong) = network.upgrade() else {
            return;
        };
        strong.see_to();
        let seen = strong.seen.load(Ordering::Acquire);
        let by_time = strong.follows_time.load(Ordering::Acquire);
        let cell = Arc::clone(&strong.cell);
        drop(strong);
        let change = cell.wait_change(seen, None);
        match by_time {
            // Either way it is looked at again.
            true => drop(tokio::time::timeout(PROBES, change).await),
            false => change.await,
        }
    }
}

/// Whether what a client notices at a port differs from what it would in Azure: a name without an address is a refusal here,
/// and where sockets cannot be deaf, a silence comes only after the connection.
pub(crate) fn is_approximate(mode: Mode, verdict: &Verdict) -> bool {
    match verdict.symptom {
        Some(Symptom::Dns) => true,
        Some(_) if mode == Mode::Hole => !door::HAS_HOLES,
        _ => !verdict.branches.is_empty(),
    }
}

/// What `from` names, if it is there.
fn vantage(world: &World, from: &str) -> Option<Vantage> {
    Vantage::parse(world, from).ok()
}

/// Tells a connection that it is cut.
type Cut = oneshot::Sender<()>;

/// Names that stand for the machine itself.
fn names_of_the_machine(own: &[String]) -> BTreeSet<String> {
    let always = ["localhost", "127.0.0.1", "::1", "host.docker.internal"];
    let own = own.iter().map(|name| name.to_ascii_lowercase());
    always.map(str::to_owned).into_iter().chain(own).collect()
}
