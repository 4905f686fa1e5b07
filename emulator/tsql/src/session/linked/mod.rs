//! Linked servers: statements that another instance of the same world runs for this session.
//!
//! A connection to a linked server is a session of its own there. It stays for as long as the transaction that it takes
//! part in; without one, it is closed with the request. What the other session waits for, this one waits for.

mod connect;
mod distributed;
mod execute;
mod open_query;
pub(crate) mod reach;
mod rowset;
mod write;

use std::collections::BTreeMap;

use milink_core::command::CloseSession;
use milink_core::ids::InstanceId;
use milink_core::instance::Instance;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};

pub(super) use execute::RemoteCall;
pub(super) use write::{Sent, target_server};

use super::event::Event;
use super::host::Host;
use super::state::Variables;
use super::{Request, Session, Step, Wait};
use crate::catalog::server::{OPTIONS, values};
use crate::error::SqlError;

/// What a session has to do with linked servers.
#[derive(Default)]
pub(super) struct Linked {
    /// By the linked server's name.
    connections: BTreeMap<Name, Connection>,
    /// The request that runs on one of them for the current statement.
    running: Option<Running>,
    /// How many sessions stand behind this one, each of which runs something for the next.
    pub(super) depth: u8,
    /// The rows of a remote EXECUTE go to an INSERT.
    pub(super) collects: bool,
    /// What an UPDATE that another instance has sent has made of its variables.
    assigned: Option<Variables>,
}

/// A session on a linked server.
struct Connection {
    session: Box<Session>,
    instance: InstanceId,
    /// The life of that instance's service.
    life: u32,
    /// It takes part in this session's transaction.
    enlisted: bool,
}

/// A request that runs on a linked server.
struct Running {
    server: Name,
    events: Vec<Event>,
    /// When it has taken too long; none is never.
    limit: Option<Timestamp>,
}

/// How a step of such a request comes out.
enum Remote {
    /// It is over, with these events.
    Done(Vec<Event>),
    Waits(Wait),
}

/// Linked servers of linked servers: how deep (guess: the product has other bounds).
const MOST_HOPS: u8 = 8;
/// How long a remote request may take, unless the linked server has a `query timeout`: `remote query timeout (s)`, an
/// option of `sp_configure`; 0 is for ever.
const QUERY_TIMEOUT: i32 = 1520;

impl Session {
    /// Runs a request on a linked server, or goes on with the one that runs there.
    fn ask(
        &mut self,
        server: &Name,
        begin: impl FnOnce(&mut Self),
        host: &mut dyn Host,
    ) -> Result<Remote, SqlError> {
        let now = host.snapshot().now();
        let running = match self.linked.running.take() {
            Some(running) if running.server == *server => running,
            _ => {
                let limit = self.time_limit(server, now, host);
                let connection = self.linked.connections.get_mut(server);
                begin(&mut connection.expect("the caller has connected").session);
                Running {
                    server: server.clone(),
                    events: Vec::new(),
                    limit,
                }
            }
        };
        self.go_on(running, now, host)
    }

    fn go_on(
        &mut self,
        mut running: Running,
        now: Timestamp,
        host: &mut dyn Host,
    ) -> Result<Remote, SqlError> {
        let connection = self.linked.connections.get_mut(&running.server);
        let connection = connection.expect("what runs has a connection");
        let limit = running.limit;
        let is_over = limit.is_some_and(|limit| now >= limit);
        loop {
            match connection.session.step(host, &mut running.events) {
                Step::Finished => return Ok(Remote::Done(running.events)),
                Step::Continue if host.is_cancelled() => {
                    // The local session is told at its own next step.
                    self.linked.running = Some(running);
                    return Ok(Remote::Waits(Wait::Change { until: Some(now) }));
                }
                Step::Continue => {}
                Step::Wait(_) if is_over => {
                    connection.session.cancel(host, &mut Vec::new());
                    return Err(reach::timed_out(&running.server));
                }
                Step::Wait(wait) => {
                    let wait = match wait {
                        Wait::Change { until } => Wait::Change {
                            until: until.into_iter().chain(limit).min(),
                        },
                        other => other,
                    };
                    self.linked.running = Some(running);
                    return Ok(Remote::Waits(wait));
                }
            }
        }
    }

    /// Until when a request may run: `query timeout` of the linked server, or the option of the server.
    fn time_limit(&self, server: &Name, now: Timestamp, host: &mut dyn Host) -> Option<Timestamp> {
        let own = self.own_instance(host).ok()?;
        let linked = own.linked_servers.get(server);
        let seconds = match linked.map_or(0, |linked| linked.options.query_timeout) {
            0 => configured(&own, QUERY_TIMEOUT),
            seconds => seconds,
        };
        (seconds > 0).then(|| now + Span::seconds(seconds))
    }

    /// The same for a request of the wire.
    fn request_of(
        &mut self,
        server: &Name,
        request: Request,
        host: &mut dyn Host,
    ) -> Result<Remote, SqlError> {
        self.ask(server, |session| session.start(request), host)
    }

    /// Ends what runs on linked servers: the client has cancelled it.
    pub(super) fn cancel_remote(&mut self, host: &mut dyn Host) {
        if let Some(running) = self.linked.running.take()
            && let Some(connection) = self.linked.connections.get_mut(&running.server)
        {
            connection.session.cancel(host, &mut Vec::new());
        }
        self.disconnect_idle(host);
    }

    /// Closes the connections that no transaction needs.
    pub(super) fn disconnect_idle(&mut self, host: &mut dyn Host) {
        if self.linked.connections.is_empty() {
            return;
        }
        let all = std::mem::take(&mut self.linked.connections).into_iter();
        let (kept, idle): (Vec<_>, Vec<_>) = all.partition(|(_, connection)| connection.enlisted);
        self.linked.connections = kept.into_iter().collect();
        for (_, connection) in idle {
            connection.close(host);
        }
    }

    /// Closes all of them: the session is over.
    pub(super) fn disconnect_all(&mut self, host: &mut dyn Host) {
        self.linked.running = None;
        for (_, connection) in std::mem::take(&mut self.linked.connections) {
            connection.close(host);
        }
    }
}

/// The value in use of an option of `sp_configure`.
fn configured(instance: &Instance, id: i32) -> i64 {
    let option = OPTIONS.iter().find(|option| option.id == id);
    option.map_or(0, |option| values(instance, option).1)
}

impl Connection {
    /// Whether the session is still there on the other side, and its connection was not cut.
    fn is_alive(&self, host: &mut dyn Host) -> bool {
        self.is_cut(host) == Some(false)
    }

    /// Whether the connection was cut; none if the session is gone.
    fn is_cut(&self, host: &mut dyn Host) -> Option<bool> {
        let world = host.snapshot();
        let instance = world.instance(self.instance)?;
        let session = instance.sessions.get(&self.session.options().session)?;
        (instance.life == self.life).then_some(session.cut)
    }

    fn close(mut self, host: &mut dyn Host) {
        match self.is_cut(host) {
            None => return,
            Some(true) => {}
            Some(false) => self.session.close(host),
        }
        let close = CloseSession {
            instance: self.instance,
            session: self.session.options().session,
        };
        host.update(&mut |world, now| {
            // Its instance was there a moment ago, and closing is never refused.
            if world.instance(close.instance).is_some() {
                let _ = world.apply(now, close);
            }
        });
    }
}
