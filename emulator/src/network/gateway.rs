//! What becomes of one accepted connection: the evaluator says, and the stream is served, reset, or left alone.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use milink_core::World;
use milink_core::azure::fabric::ConnectionStatus;
use milink_core::path::{
    Ask, End, Reason, Symptom, Vantage, Verdict, evaluate, evaluate_flow, speaks_sql,
};
use milink_core::time::Span;
use socket2::{SockRef, Socket};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::door::Mode;
use super::flow::{self, Passage, hang_up, hold, reset};
use super::{Cut, Network, Port, Route, Target, trace, vantage};
use crate::sql::SqlEndpoint;
use crate::tds::service::SqlService;
use crate::tds::{self, ListenerConfig, TlsConfigs, ends_with_reset};

/// The port at which a SQL Server speaks SQL.
const SQL_PORT: u16 = 1433;

/// What a connection would meet now. Whether the client takes the certificate, and whether its login is taken, comes later.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// What is done.
    pub(crate) act: Act,
    /// Why; none if there is no such vantage.
    pub(crate) verdict: Option<Verdict>,
    /// What the world's time was.
    time: String,
    /// There are several ways, which differ.
    differs: bool,
    /// The private endpoints on the way, each as it is now.
    through: Vec<Uuid>,
}

/// What is done with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It gets there.
    Serve(End),
    /// Nothing answers.
    Hold,
    /// It is refused.
    Refuse,
    /// There is no address for the name: nothing to connect to.
    NoName,
}

/// A connection that leads through private endpoints.
pub(super) struct EndpointUser {
    through: Vec<Uuid>,
    cut: Cut,
}

impl Decision {
    /// What a listener is to be for it. Where ways differ, each connection is judged when it has come.
    pub(super) fn mode(&self) -> Mode {
        match &self.act {
            _ if self.differs => Mode::Open,
            Act::Serve(_) => Mode::Open,
            Act::Hold => Mode::Hole,
            Act::Refuse | Act::NoName => Mode::Closed,
        }
    }
}

impl Decision {
    /// Whether something on the way waits for a header of the PROXY protocol that does not come.
    fn lacks_header(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| {
            verdict.reason == Some(Reason::ProxyProtocolMismatch) && verdict.proxy_header.is_none()
        })
    }
}

impl Act {
    /// As the control API says it.
    pub(crate) const fn text(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Hold => "hold",
            Self::Refuse => "refuse",
            Self::NoName => "noName",
        }
    }
}

impl EndpointUser {
    /// Whether one of its endpoints no longer carries it: rejected, removed by the provider, or deleted and perhaps made anew.
    ///
    /// What becomes of connections that are open then is undocumented (guess: they are reset).
    pub(super) fn is_cut(&self, world: &World) -> bool {
        let carries = |guid: &Uuid| {
            world.consumers().any(|consumer| {
                let connection = consumer.connection();
                connection.guid == *guid && connection.status == ConnectionStatus::Approved
            })
        };
        !self.through.iter().all(carries)
    }

    pub(super) fn cut(self) {
        // A connection that has ended does not hear it.
        let _ = self.cut.send(());
    }
}

/// What a connection from `from` would meet in this world; the `flow`th, if it matters which.
pub(super) fn judge(world: &World, from: &str, target: &Target, flow: Option<usize>) -> Decision {
    match vantage(world, from) {
        Some(from) => judge_from(world, &from, target, flow),
        None => Decision {
            act: Act::Hold,
            verdict: None,
            time: world.now().to_string(),
            differs: false,
            through: Vec::new(),
        },
    }
}

/// What a client that comes from `from` meets at an address and port, before it has said a word.
pub(crate) fn mode_of(world: &World, from: &Vantage, address: Ipv4Addr, port: u16) -> Mode {
    let target = Target::new(address.to_string(), port);
    judge_from(world, from, &target, None).mode()
}

fn judge_from(world: &World, from: &Vantage, target: &Target, flow: Option<usize>) -> Decision {
    let ask = Ask {
        follows: false,
        ..Ask::new(from, &target.host, target.port).trusting()
    };
    let verdict = match flow {
        Some(flow) => evaluate_flow(world, &ask, flow),
        None => evaluate(world, &ask),
    };
    let act = match (verdict.reason, &verdict.end) {
        (Some(reason), Some(end)) if reason.is_met_later() => Act::Serve(end.clone()),
        (None, Some(end)) => Act::Serve(end.clone()),
        (reason, _) => match reason.map(Reason::symptom) {
            Some(Symptom::TcpRefused) => Act::Refuse,
            Some(Symptom::Dns) => Act::NoName,
            _ => Act::Hold,
        },
    };
    Decision {
        act,
        time: world.now().to_string(),
        differs: !verdict.branches.is_empty(),
        through: verdict.through.clone(),
        verdict: Some(verdict),
    }
}

impl Network {
    /// What a connection meets that is made now. Where there are several ways, they take turns.
    pub(crate) fn decide(&self, from: &Vantage, target: &Target) -> Decision {
        let world = self.cell.snapshot();
        let decision = judge_from(&world, from, target, None);
        match decision.differs {
            false => decision,
            true => {
                let flow = self.flows.fetch_add(1, Ordering::Relaxed);
                judge_from(&world, from, target, Some(flow))
            }
        }
    }

    /// Remembers a connection that is not carried, since its client is told why.
    pub(crate) fn note(&self, from: &Vantage, target: &Target, decision: &Decision) {
        let from = from.text(&self.cell.snapshot());
        let entry = self.trace.add(entry(&from, target, decision));
        self.trace.note_end(entry, "told");
    }

    /// Does with a stream what was decided. Returns when the connection is over.
    ///
    /// SQL of managed instances and of SQL Servers is served. Whatever else answers in the model (a machine's program, the
    /// mirroring port) is only there: the stream is closed, as a probe would have it.
    pub(crate) async fn carry_decided(
        self: &Arc<Self>,
        from: Vantage,
        target: Target,
        decision: Decision,
        stream: TcpStream,
    ) {
        let from = from.text(&self.cell.snapshot());
        self.carry_as(&from, target, decision, stream).await;
    }
}

impl Network {
    /// The same at a port.
    pub(super) async fn carry_at(self: &Arc<Self>, port: &Port, stream: TcpStream) {
        let flow = Some(port.next_flow());
        let decision = judge(&self.cell.snapshot(), port.from(), port.target(), flow);
        self.carry_as(port.from(), port.target().clone(), decision, stream)
            .await;
    }

    async fn carry_as(
        self: &Arc<Self>,
        from: &str,
        target: Target,
        decision: Decision,
        stream: TcpStream,
    ) {
        let entry = self.trace.add(entry(from, &target, &decision));
        let ended = match decision.act.clone() {
            Act::Serve(_) if decision.lacks_header() => hang_up(stream).await,
            Act::Serve(end) => {
                let passage = passage(&target, &decision, &stream);
                let route = Route::new(self, from, target, end, entry);
                self.serve(route, (decision.through, passage), stream, entry)
                    .await
            }
            Act::Hold => hold(stream).await,
            Act::Refuse | Act::NoName => reset(&stream),
        };
        self.trace.note_end(entry, ended);
    }

    async fn serve(
        self: &Arc<Self>,
        route: Route,
        (through, passage): (Vec<Uuid>, Passage),
        stream: TcpStream,
        entry: u64,
    ) -> &'static str {
        let Ok(_permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            tracing::warn!("too many clients");
            return reset(&stream);
        };
        let (endpoint, config) = match self.service(route) {
            Ok(Some(service)) => service,
            Ok(None) => return "closed",
            Err(error) => {
                tracing::warn!(%error, "cannot serve a client");
                return reset(&stream);
            }
        };
        let config = Arc::new(config);
        if through.is_empty() && passage.is_plain() {
            tds::serve(stream, endpoint, config).await;
            return "closed";
        }
        // Whoever holds the socket last decides how it ends.
        let lever = match SockRef::from(&stream).try_clone() {
            Ok(lever) => lever,
            Err(error) => {
                tracing::warn!(%error, "cannot serve a client");
                return reset(&stream);
            }
        };
        let (user, cut) = self.enter(through);
        let serve = |stream| tds::serve(stream, endpoint, config);
        let carried = async {
            match passage.is_plain() {
                true => {
                    serve(stream).await;
                    "closed"
                }
                false => {
                    let on_cut = |how| self.trace.note_end(entry, how);
                    flow::carry(&self.cell, stream, passage, serve, on_cut).await
                }
            }
        };
        let ended = tokio::select! {
            biased;
            Ok(()) = cut => abort(&lever),
            ended = carried => ended,
        };
        self.lock().endpoint_users.remove(&user);
        ended
    }

    /// Has a connection cut when one of its endpoints ends, which it may have done already.
    fn enter(self: &Arc<Self>, through: Vec<Uuid>) -> (u64, oneshot::Receiver<()>) {
        let (cut, is_cut) = oneshot::channel();
        let user = EndpointUser { through, cut };
        let mut state = self.lock();
        state.next_user += 1;
        let number = state.next_user;
        match user.is_cut(&self.cell.snapshot()) {
            true => user.cut(),
            false => {
                state.endpoint_users.insert(number, user);
            }
        }
        self.follow(&mut state);
        (number, is_cut)
    }

    /// What answers at the end of a route; none where nobody speaks SQL.
    fn service(&self, route: Route) -> anyhow::Result<Option<Service>> {
        let setting = &self.setting;
        let cell = Arc::clone(&self.cell);
        let keys = Arc::clone(&setting.keys);
        let world = cell.snapshot();
        if let End::SqlServer {
            server,
            port: SQL_PORT,
        } = route.end()
        {
            let found = world.sql_server(server).map(|found| found.id);
            return Ok(found.map(|id| {
                let config = config(setting.server_tls.clone(), setting);
                (SqlEndpoint::server_by_route(cell, id, keys, route), config)
            }));
        }
        if !speaks_sql(route.end()) {
            return Ok(None);
        }
        let instance = route.end().instance();
        let Some(instance) = instance.and_then(|name| world.managed_instance(name)) else {
            return Ok(None);
        };
        let tls = self.certificates.of(setting, instance, route.target())?;
        let endpoint = SqlEndpoint::route(cell, keys, Arc::clone(&setting.tokens), route);
        Ok(Some((endpoint, config(tls, setting))))
    }
}

/// What the way does to a connection that is served.
fn passage(target: &Target, decision: &Decision, stream: &TcpStream) -> Passage {
    let verdict = decision.verdict.as_ref();
    let keepalive = target
        .keepalive_seconds
        .map(|seconds| Span::seconds(i64::from(seconds)));
    let idle = verdict.and_then(|verdict| verdict.idle.clone());
    let header = verdict.and_then(|verdict| verdict.proxy_header);
    let source_port = stream.peer_addr().map_or(0, |peer| peer.port());
    Passage {
        idle: idle.filter(|idle| !keepalive.is_some_and(|span| idle.keeps(span))),
        header: header.map_or_else(Vec::new, |header| header.bytes(source_port)),
    }
}

type Service = (Arc<dyn SqlService>, ListenerConfig);

fn config(tls: TlsConfigs, setting: &super::Setting) -> ListenerConfig {
    ListenerConfig {
        tls: Some(tls),
        room: setting.server_room.clone(),
        ..ListenerConfig::default()
    }
}

fn entry(from: &str, target: &Target, decision: &Decision) -> trace::Entry {
    let verdict = decision.verdict.as_ref();
    let is_late = match decision.act {
        Act::Hold | Act::Refuse | Act::NoName => true,
        Act::Serve(_) => false,
    };
    // What is met only later is not the network's.
    let reason = verdict
        .and_then(|verdict| verdict.reason)
        .filter(|reason| !reason.is_met_later());
    trace::Entry {
        sequence: 0,
        time: decision.time.clone(),
        from: from.to_owned(),
        host: target.host.clone(),
        port: target.port,
        address: verdict
            .and_then(|verdict| verdict.resolved.address())
            .map(|address| address.to_string()),
        act: decision.act.text(),
        reason,
        symptom: reason.map(Reason::symptom),
        approximate: is_late,
        path: verdict.map_or_else(Vec::new, |verdict| verdict.path.clone()),
        login: None,
        ended: None,
    }
}

fn abort(lever: &Socket) -> &'static str {
    ends_with_reset(&SockRef::from(lever));
    "revoked"
}
