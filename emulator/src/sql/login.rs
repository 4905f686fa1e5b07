//! Logins: which instance is meant, who it is, and which database the session starts in.

use std::sync::Arc;

use milink_core::World;
use milink_core::access::LoginFailure;
use milink_core::command::{AlterLogin, CreateLogin, LogError, OpenSession};
use milink_core::database::{Database, DatabaseState};
use milink_core::fault::Point;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::instance::{Instance, ServiceState};
use milink_core::names::Name;
use milink_core::principal::{Login, LoginKind};
use milink_core::session::Session as SessionRow;
use milink_tds::prelogin::EncryptionPolicy;
use milink_tds::token::ServerMessage;
use milink_tsql::error::SqlError;
use milink_tsql::session::{Options, Session};
use milink_tsql::statement::refusal;

use super::host::Life;
use super::logged::{self, Heard};
use super::session::EngineSession;
use super::{SqlEndpoint, Target};
use crate::hub::WorldCell;
use crate::tape::Entry;
use crate::tds::service::{
    BoxFuture, Greeting, LoginAccepted, LoginRefusal, LoginRequest, SqlService,
};
use crate::tds::wire;

/// What a managed instance says it is: the engine's version as drivers read it.
const MANAGED_INSTANCE_VERSION: (u8, u8, u16, u16) = (12, 0, 2000, 8);
/// How many sessions an instance has at most.
const MOST_SESSIONS: usize = 32_000;

/// Why a login fails. Clients are always told state 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Password(LoginFailure),
    BadToken,
}

/// Who is meant by a login.
pub(super) struct Found<'a> {
    pub(super) cell: Arc<WorldCell>,
    pub(super) instance: Arc<Instance>,
    /// The login's name, without the instance's.
    pub(super) user: &'a str,
}

impl SqlService for SqlEndpoint {
    fn greeting(&self) -> Greeting {
        match &self.target {
            // Azure insists on encryption.
            Target::Gateway { .. } | Target::Route { .. } => Greeting {
                version: MANAGED_INSTANCE_VERSION,
                encryption: EncryptionPolicy::Force,
                federated: true,
            },
            Target::SqlServer(id, _) => {
                let build = self
                    .cell
                    .read(|world| world.instance(*id).map(|found| found.build()));
                let version = build.map_or(MANAGED_INSTANCE_VERSION, |b| {
                    (b.major, b.minor, b.build, b.revision)
                });
                Greeting {
                    version,
                    encryption: EncryptionPolicy::LoginOnly,
                    federated: false,
                }
            }
        }
    }

    fn is_struck(&self, point: &'static Point) -> bool {
        Self::is_struck(self, point)
    }

    fn login<'a>(
        &'a self,
        login: LoginRequest<'a>,
    ) -> BoxFuture<'a, Result<LoginAccepted, LoginRefusal>> {
        Box::pin(async move {
            let judged = self
                .find(&login)
                .and_then(|found| self.admit(found, &login));
            self.note(&login, &judged);
            judged
        })
    }
}

impl SqlEndpoint {
    /// Judges a login to an instance, in a turn of its own.
    pub(super) fn admit(
        &self,
        found: Found<'_>,
        login: &LoginRequest<'_>,
    ) -> Result<LoginAccepted, LoginRefusal> {
        let tape = Arc::clone(found.cell.tape());
        let _turn = tape.turn(|| Some(Entry::Login(self.recorded(&found, login))));
        let judged = self.judge(found, login);
        tape.answer(|| logged::answered(&judged));
        judged
    }

    fn judge(
        &self,
        found: Found<'_>,
        login: &LoginRequest<'_>,
    ) -> Result<LoginAccepted, LoginRefusal> {
        let Found {
            cell,
            instance,
            user,
        } = found;
        let epoch = cell.epoch();
        let server = instance.server_name();
        if instance.service == ServiceState::Stopped {
            return Err(not_available(&instance));
        }
        super::faults::of_login(&cell, &instance, login)?;
        let user = match self.authenticate(&cell, &instance, user, login) {
            Ok(user) => user,
            Err((user, failure)) => {
                log_failure(&cell, instance.id, &user, failure, login);
                return Err(LoginRefusal::login_failed(&user, &server));
            }
        };
        let wanted = if login.login7.database.is_empty() {
            user.default_database.to_string()
        } else {
            login.login7.database.clone()
        };
        let database = instance
            .database(&wanted)
            .filter(|database| can_be_opened(database));
        let Some(database) = database else {
            return Err(cannot_open(&wanted, user.name.as_str(), &server, None));
        };
        let read_only = login.login7.read_only_intent;
        let routed = match read_only {
            true => cell.read(|world| world.route_reader(&instance, database, self.came_to(login))),
            false => Ok(None),
        };
        // Who goes on is not let in here, and need not be.
        let access = routed.and_then(|routed| match routed {
            Some(url) => Ok(Some(url)),
            None => instance
                .check_connection(database, read_only)
                .and_then(|()| instance.check_single_user(database, None))
                .map(|()| None),
        });
        let routed = match access {
            Ok(routed) => routed,
            Err(refusal) => {
                let cause = Some(refusal::sql_error(&refusal.into()));
                return Err(cannot_open(&wanted, user.name.as_str(), &server, cause));
            }
        };
        let row = row(&cell, &user, database, login);
        if instance.sessions.len() >= MOST_SESSIONS {
            return Err(LoginRefusal::denied(17809, "Could not connect because the maximum number of user connections has already been reached.".to_owned(), &server));
        }
        let open = OpenSession {
            instance: instance.id,
            session: row,
        };
        let opened = cell.change_in(epoch, |world, now| {
            let service = world.instance(open.instance)?.life;
            Some((world.apply(now, open).ok()?, service))
        });
        let Some((id, service)) = opened.flatten() else {
            return Err(LoginRefusal::denied(
                6005,
                "SHUTDOWN is in progress.".to_owned(),
                &server,
            ));
        };
        let options = Options {
            instance: instance.id,
            session: id,
            login: user.name.clone(),
            database: database.id,
            seed: u64::from_le_bytes(self.keys.random_for_world()),
        };
        let build = instance.build();
        let session = EngineSession {
            number: cell.tape().next_session(),
            heard: Heard::default(),
            message: None,
            cell,
            keys: Arc::clone(&self.keys),
            life: Life {
                instance: instance.id,
                epoch,
                service,
                session: id,
            },
            server: server.clone(),
            engine: Session::new(options).with_read_only_intent(read_only),
            is_over: false,
        };
        Ok(LoginAccepted {
            session: Box::new(session),
            spid: id.0.unsigned_abs(),
            server_name: server,
            database: database.name.to_string(),
            collation: wire::wire_collation(database.collation),
            version: (build.major, build.minor, build.build),
            routing: self.redirect(&instance, login, routed),
        })
    }

    /// The instance that is meant, and its world: one that the login names, the address's own, or the one whose name the
    /// client gives the gateway.
    fn find<'a>(&self, login: &LoginRequest<'a>) -> Result<Found<'a>, LoginRefusal> {
        if let Target::Route { route, .. } = &self.target {
            return self.by_route(route, login);
        }
        if let Some(found) = self.named_with_world(login) {
            return Ok(found);
        }
        let user = login.login7.user_name.as_str();
        let found = |cell, instance| Found {
            cell,
            instance,
            user,
        };
        if let Target::SqlServer(id, _) = &self.target {
            let own = self.cell.read(|world| world.instance(*id).cloned());
            let paused = "SQL Server service has been paused. No new connections will be allowed.";
            return own
                .map(|instance| found(Arc::clone(&self.cell), instance))
                .ok_or_else(|| LoginRefusal::denied(17142, paused.to_owned(), ""));
        }
        let name = host_of(&login.login7.server_name);
        let worlds = match &self.hub {
            Some(hub) => hub.worlds(),
            None => vec![Arc::clone(&self.cell)],
        };
        let named = worlds.iter().find_map(|cell| {
            let named = cell.read(|world| {
                managed_instance(world, name)
                    .or_else(|| login.sni.and_then(|sni| managed_instance(world, sni)))
            });
            Some(found(Arc::clone(cell), named?))
        });
        let only = || {
            let only = self.cell.read(|world| only_instance(world, name))?;
            Some(found(Arc::clone(&self.cell), only))
        };
        named.or_else(only).ok_or_else(|| {
            let short = name.split('.').next().unwrap_or_default();
            self.cannot_open_server(name, short, None)
        })
    }

    /// The instance in a login `USER@INSTANCE.WORLD`, as Azure takes `USER@SERVER` from clients that do not say the server's
    /// name, or in a server name `INSTANCE.WORLD` or `INSTANCE.WORLD.localhost`.
    fn named_with_world<'a>(&self, login: &LoginRequest<'a>) -> Option<Found<'a>> {
        let hub = self.hub.as_ref()?;
        let whole = login.login7.user_name.as_str();
        let find = |name: &str| {
            let (instance, world) = name.split_once('.')?;
            let cell = hub.named(world).ok()?;
            let instance = cell.read(|world| {
                let found = world.sql_server(instance);
                found.or_else(|| world.managed_instance(instance)).cloned()
            })?;
            Some((cell, instance))
        };
        let by_user = || {
            let (user, name) = whole.rsplit_once('@')?;
            Some((find(name)?, user))
        };
        let by_server = || {
            let name = host_of(&login.login7.server_name);
            Some((
                find(name.strip_suffix(".localhost").unwrap_or(name))?,
                whole,
            ))
        };
        let ((cell, instance), user) = by_user().or_else(by_server)?;
        Some(Found {
            cell,
            instance,
            user,
        })
    }

    fn authenticate(
        &self,
        cell: &Arc<WorldCell>,
        instance: &Instance,
        name: &str,
        request: &LoginRequest<'_>,
    ) -> Result<Arc<Login>, (String, Failure)> {
        if let Some(token) = request.token {
            return self.by_token(cell, instance, token);
        }
        let login = instance.check_password(name, request.login7.password.reveal());
        let login = login.map_err(|failure| (name.to_owned(), Failure::Password(failure)))?;
        Ok(Arc::clone(login))
    }

    /// A token of the tenant is taken for an administrator of the instance (guess: the emulator's one service principal
    /// stands for the Entra administrator).
    fn by_token(
        &self,
        cell: &Arc<WorldCell>,
        instance: &Instance,
        token: &str,
    ) -> Result<Arc<Login>, (String, Failure)> {
        let (Target::Gateway { tokens } | Target::Route { tokens, .. }) = &self.target else {
            return Err(("<token-identified principal>".to_owned(), Failure::BadToken));
        };
        let principal = tokens.validate_sql_token(token).map_err(|error| {
            tracing::info!(%error, "a token is not accepted");
            ("<token-identified principal>".to_owned(), Failure::BadToken)
        })?;
        if let Some(login) = instance.login(&principal.name) {
            return Ok(Arc::clone(login));
        }
        let name = Name::new(&principal.name);
        let created = cell.change(|world, now| {
            world.instance(instance.id)?;
            let sid: Arc<[u8]> = principal.object_id.as_bytes().to_vec().into();
            let create = CreateLogin {
                instance: instance.id,
                name: name.clone(),
                kind: LoginKind::External,
                default_database: None,
                sid: Some(sid),
            };
            let grant = AlterLogin {
                instance: instance.id,
                name: name.clone(),
                password: None,
                disabled: None,
                default_database: None,
                sysadmin: Some(true),
                rename: None,
            };
            world.apply(now, create).ok()?;
            world.apply(now, grant).ok()?;
            world.instance(instance.id)?.login(name.as_str()).cloned()
        });
        created.ok_or((principal.name, Failure::BadToken))
    }
}

impl Failure {
    fn told(self) -> (u8, &'static str) {
        match self {
            Self::Password(failure) => failure.told(),
            Self::BadToken => (122, "The token is not valid."),
        }
    }
}

fn row(
    cell: &Arc<WorldCell>,
    user: &Login,
    database: &Database,
    login: &LoginRequest<'_>,
) -> SessionRow {
    let login7 = login.login7;
    let now = cell.clock().now;
    SessionRow {
        id: SessionId(0),
        login: user.id,
        login_name: user.name.clone(),
        database: database.id,
        host_name: login7.host_name.clone(),
        program_name: login7.app_name.clone(),
        client_interface: login7.library_name.clone(),
        client_address: Some((login.peer.ip(), login.peer.port())),
        local_port: login.local.port(),
        encrypted: login.is_encrypted,
        login_time: now,
        last_request: now,
        running: false,
        cut: false,
    }
}

fn log_failure(
    cell: &Arc<WorldCell>,
    instance: InstanceId,
    user: &str,
    failure: Failure,
    login: &LoginRequest<'_>,
) {
    let client = login.peer.ip();
    let (state, reason) = failure.told();
    let lines = [
        format!("Error: 18456, Severity: 14, State: {state}."),
        format!("Login failed for user '{user}'. Reason: {reason} [CLIENT: {client}]"),
    ];
    cell.change(|world, now| {
        if world.instance(instance).is_none() {
            return;
        }
        for text in lines {
            let _ = world.apply(now, LogError { instance, text });
        }
    });
}

/// Whether a session can start in a database.
fn can_be_opened(database: &Database) -> bool {
    matches!(
        database.state,
        DatabaseState::Online | DatabaseState::Emergency
    )
}

/// A stopped managed instance's gateway answers still (40613, a guess); of a SQL Server nothing does, but for a client
/// that was on its way.
fn not_available(instance: &Instance) -> LoginRefusal {
    let server = instance.server_name();
    if !instance.is_managed_instance() {
        return LoginRefusal::denied(6005, "SHUTDOWN is in progress.".to_owned(), &server);
    }
    let text = format!(
        "Database 'master' on server '{server}' is not currently available.  Please retry the connection later.  If the problem persists, contact customer support."
    );
    LoginRefusal::denied(40613, text, &server)
}

/// 4060, and 18456 after it; before both, what an availability group does not allow.
fn cannot_open(database: &str, user: &str, server: &str, cause: Option<SqlError>) -> LoginRefusal {
    let message = |number, class, text: String| ServerMessage {
        number,
        state: 1,
        class,
        text,
        server: server.to_owned(),
        procedure: String::new(),
        line: 1,
    };
    let cause = cause.map(|cause| message(cause.number, cause.severity, cause.message));
    let denied = [
        message(
            4060,
            11,
            format!(
                "Cannot open database \"{database}\" requested by the login. The login failed."
            ),
        ),
        message(18456, 14, format!("Login failed for user '{user}'.")),
    ];
    LoginRefusal::Denied(cause.into_iter().chain(denied).collect())
}

/// The host in a server name as clients write it: `tcp:host\instance,port`.
pub(super) fn host_of(server: &str) -> &str {
    let host = server.strip_prefix("tcp:").unwrap_or(server);
    host.split([',', '\\']).next().unwrap_or(host).trim()
}

fn managed_instance(world: &World, host: &str) -> Option<Arc<Instance>> {
    let host = host.to_lowercase();
    let mut labels = host.split('.');
    let found = world.managed_instance(labels.next()?)?;
    let fqdn = found.server_name();
    let zone = fqdn.split_once('.').map_or("", |(_, zone)| zone);
    let public = format!("{}.public.{zone}", found.name.folded());
    let known = host == fqdn || host == found.name.folded() || host == public;
    known.then(|| Arc::clone(found))
}

/// Clients that connect by address give no name that tells anything: with one instance, that one is meant.
fn only_instance(world: &World, name: &str) -> Option<Arc<Instance>> {
    let says_nothing = name.is_empty()
        || name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    let mut instances = world
        .instances
        .values()
        .filter(|instance| instance.is_managed_instance());
    match (says_nothing, instances.next(), instances.next()) {
        (true, Some(only), None) => Some(Arc::clone(only)),
        _ => None,
    }
}
