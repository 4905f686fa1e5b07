//! Connecting to a linked server, and finding out that a connection is lost.

use milink_core::command::{OpenSession, ServeSession};
use milink_core::instance::Instance;
use milink_core::linked_server::LinkedServer;
use milink_core::names::Name;
use milink_core::session::Session as SessionRow;
use milink_core::time::Span;

use super::reach::{self, Reached};
use super::{Connection, MOST_HOPS, configured};
use crate::error::{Abort, SqlError};
use crate::session::host::Host;
use crate::session::{Failure, Options, Session, Wait};

/// How long a connection is waited for where nothing answers, unless the linked server has a `connect timeout`:
/// `remote login timeout (s)`, an option of `sp_configure`.
const LOGIN_TIMEOUT: i32 = 1519;
/// As long as the operating system tries, where that is 0 (guess: what Windows does by default).
const CONNECT_TIMEOUT: i64 = 21;

impl Session {
    /// The session's own instance.
    pub(super) fn own_instance(
        &self,
        host: &mut dyn Host,
    ) -> Result<std::sync::Arc<Instance>, SqlError> {
        let world = host.snapshot();
        let instance = world.instance(self.state.instance).cloned();
        instance.ok_or_else(crate::session::instance_gone)
    }

    /// Sees to a connection to a linked server; a wait if that takes its time.
    pub(super) fn connect(
        &mut self,
        server: &LinkedServer,
        host: &mut dyn Host,
    ) -> Result<Option<Wait>, Failure> {
        if let Some(connection) = self.linked.connections.get(&server.name) {
            if connection.is_alive(host) && self.still_reaches(server, host) {
                return Ok(None);
            }
            return Err(self.connection_lost(server, host));
        }
        if self.linked.depth >= MOST_HOPS {
            return Err(SqlError::unsupported(format!(
                "linked servers behind more than {MOST_HOPS} linked servers"
            ))
            .into());
        }
        let world = host.snapshot();
        let own = self.own_instance(host)?;
        let reached = match reach::reach(&world, &own, &self.state.login, server) {
            Ok(reached) => reached,
            Err(missed) => {
                let now = world.now();
                let timeout = match server.options.connect_timeout {
                    0 => configured(&own, LOGIN_TIMEOUT),
                    seconds => seconds,
                };
                let timeout = Span::seconds(match timeout {
                    0 => CONNECT_TIMEOUT,
                    seconds => seconds,
                });
                let begun = self.begun.take().unwrap_or(now);
                if missed.silent && now < begun + timeout {
                    self.begun = Some(begun);
                    return Ok(Some(Wait::Until(begun + timeout)));
                }
                return Err(Failure {
                    error: missed.error.with_state(1),
                    compile: false,
                    preceding: missed.preceding,
                });
            }
        };
        self.begun = None;
        let connection = self.open(&own, server, &reached, host)?;
        self.linked
            .connections
            .insert(server.name.clone(), connection);
        Ok(None)
    }

    fn open(
        &mut self,
        own: &Instance,
        server: &LinkedServer,
        reached: &Reached,
        host: &mut dyn Host,
    ) -> Result<Connection, SqlError> {
        let now = host.snapshot().now();
        let row = SessionRow {
            id: milink_core::ids::SessionId(0),
            login: reached.login.id,
            login_name: reached.login.name.clone(),
            database: reached.database,
            host_name: own.name.to_string(),
            program_name: "Microsoft SQL Server".to_owned(),
            client_interface: "OLEDB".to_owned(),
            client_address: None,
            local_port: server.address().1,
            encrypted: true,
            login_time: now,
            last_request: now,
            running: true,
            cut: false,
        };
        let open = OpenSession {
            instance: reached.instance,
            session: row,
        };
        let mut opened = None;
        let owner = (self.state.instance, self.state.session);
        host.update(&mut |world, now| {
            if world.instance(open.instance).is_none() {
                return;
            }
            opened = world.apply(now, open.clone()).ok();
            if let Some(session) = opened {
                let serve = ServeSession {
                    instance: open.instance,
                    session,
                    owner,
                };
                world.apply(now, serve).expect("noting it is never refused");
            }
        });
        let session = opened.ok_or_else(crate::session::instance_gone)?;
        let options = Options {
            instance: reached.instance,
            session,
            login: reached.login.name.clone(),
            database: reached.database,
            seed: self.state.random.next_seed(),
        };
        let mut session = Box::new(Self::new(options));
        session.linked.depth = self.linked.depth + 1;
        session.state.settings.isolation = self.state.settings.isolation;
        Ok(Connection {
            session,
            instance: reached.instance,
            life: reached.life,
            enlisted: false,
        })
    }

    fn still_reaches(&self, server: &LinkedServer, host: &mut dyn Host) -> bool {
        let world = host.snapshot();
        let (name, port) = server.address();
        milink_core::distributed::dial(&world, self.state.instance, name, port).is_ok()
    }

    /// A connection that breaks takes along what it had of the transaction.
    fn connection_lost(&mut self, server: &LinkedServer, host: &mut dyn Host) -> Failure {
        let lost = self.linked.connections.remove(&server.name);
        self.linked.running = None;
        let enlisted = lost.as_ref().is_some_and(|connection| connection.enlisted);
        if let Some(connection) = lost {
            connection.close(host);
        }
        let error = SqlError::new(
            10054,
            16,
            "TCP Provider: An existing connection was forcibly closed by the remote host.",
        );
        Failure {
            error: match enlisted {
                true => error.aborting(Abort::BatchAndTransaction),
                false => error,
            },
            compile: false,
            preceding: vec![reach::says(server, "Communication link failure")],
        }
    }

    /// The linked server that a name part means; none if it is the instance itself.
    pub(in crate::session) fn linked_server(
        &self,
        name: &str,
        host: &mut dyn Host,
    ) -> Result<Option<std::sync::Arc<LinkedServer>>, SqlError> {
        let own = self.own_instance(host)?;
        if let Some(found) = own.linked_servers.get(&Name::new(name)) {
            return Ok(Some(std::sync::Arc::clone(found)));
        }
        match name.eq_ignore_ascii_case(&own.server_name()) {
            true => Ok(None),
            false => Err(reach::unknown(name)),
        }
    }
}
