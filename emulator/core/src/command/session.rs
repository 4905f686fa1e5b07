//! Sessions of SQL clients: login, current database, logout.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::transaction::{kill_transactions_where, open_in};
use super::{Request, Rollback};
use crate::database::{Database, UserAccess};
use crate::distributed::IN_DOUBT;
use crate::ids::{DatabaseId, InstanceId, SessionId, TransactionId};
use crate::instance::{Instance, ServiceState};
use crate::refusal::{DatabaseRefusal, Refusal, ServerRefusal};
use crate::session::Session;
use crate::world::World;

/// Enters a session that has proved who it is. The id in it is replaced.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: Session,
}

/// Ends a session; its transactions are rolled back.
#[derive(Clone, Copy, Debug)]
pub struct CloseSession {
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: SessionId,
}

/// Notes that a session runs statements for a session of another instance: it ends with that one.
#[derive(Clone, Copy, Debug)]
pub struct ServeSession {
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: SessionId,
    /// For whom.
    pub owner: (InstanceId, SessionId),
}

/// KILL: undoes what a session has open, and cuts its connection.
#[derive(Clone, Copy, Debug)]
pub struct CutSession {
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: SessionId,
}

/// Notes what a session does.
#[derive(Clone, Copy, Debug)]
pub struct TouchSession {
    /// The instance.
    pub instance: InstanceId,
    /// The session.
    pub session: SessionId,
    /// Its current database.
    pub database: DatabaseId,
    /// Whether a request is running.
    pub running: bool,
}

/// Where the ids of user sessions begin.
const FIRST_USER_SESSION: i16 = 51;

impl Request for OpenSession {
    type Reply = SessionId;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<SessionId, Refusal> {
        let instance = world.instance_mut(self.instance);
        if instance.service == ServiceState::Stopped {
            let name = instance.name.to_string();
            return Err(ServerRefusal::Stopped { name }.into());
        }
        let id = (FIRST_USER_SESSION..=i16::MAX)
            .map(SessionId)
            .find(|id| !instance.sessions.contains_key(id))
            .expect("the listener allows fewer connections than there are session ids");
        instance.sessions.insert(id, Session { id, ..self.session });
        Ok(id)
    }
}

impl Request for CloseSession {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        instance.sessions.remove(&self.session);
        instance.serves.remove(&self.session);
        if !instance.open_keys.is_empty() {
            instance.open_keys = std::mem::take(&mut instance.open_keys)
                .into_iter()
                .filter(|(session, _)| *session != self.session)
                .collect();
        }
        instance.killed = std::mem::take(&mut instance.killed)
            .into_iter()
            .filter(|(_, session)| *session != self.session)
            .collect();
        if !instance.distributed.is_empty() {
            instance.distributed = std::mem::take(&mut instance.distributed)
                .into_iter()
                .filter(|(_, part)| part.session != self.session)
                .collect();
        }
        let open: Vec<TransactionId> = instance
            .databases
            .values()
            .flat_map(|database| database.transactions.values())
            .filter(|transaction| transaction.session == self.session)
            .map(|transaction| transaction.id)
            .collect();
        for transaction in open {
            Rollback {
                instance: self.instance,
                transaction,
                savepoint: None,
            }
            .apply(world)?;
        }
        close_served(world, self.instance, Some(self.session));
        Ok(())
    }
}

impl Request for ServeSession {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        instance.serves.insert(self.session, self.owner);
        Ok(())
    }
}

impl Request for CutSession {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        cut(world, self.instance, &BTreeSet::from([self.session]));
        Ok(())
    }
}

impl Request for TouchSession {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        if let Some(session) = instance.sessions.get_mut(&self.session) {
            session.database = self.database;
            session.running = self.running;
            session.last_request = now;
        }
        Ok(())
    }
}

/// Ends the sessions on other instances that served a session which is over, or any of an instance that is down.
pub(crate) fn close_served(world: &mut World, owner: InstanceId, session: Option<SessionId>) {
    if world
        .instances
        .values()
        .all(|instance| instance.serves.is_empty())
    {
        return;
    }
    let is_meant = |by: &(InstanceId, SessionId)| {
        by.0 == owner && session.is_none_or(|session| by.1 == session)
    };
    let served: Vec<CloseSession> = world
        .instances
        .values()
        .flat_map(|instance| {
            let serves = instance.serves.iter();
            let meant = serves.filter(|(_, by)| is_meant(by));
            meant.map(|(session, _)| CloseSession {
                instance: instance.id,
                session: *session,
            })
        })
        .collect();
    for close in served {
        close.apply(world).expect("closing is never refused");
    }
}

/// Ends every use of a database but that of one session, as a change of role does, and WITH ROLLBACK IMMEDIATE: what is
/// open in it is undone, and whoever has something open in it or has it as the current database loses the connection.
/// Clients hear nothing: their connections break (`link-lifecycle.md` section 3.11). Says whether there was any use.
pub(crate) fn end_use(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    but: Option<SessionId>,
) -> bool {
    let now = world.now();
    let found = world.instance_mut(instance);
    let users = users(found, database, but);
    kill_transactions_where(found, database, now, |open| Some(open.session) != but);
    cut(world, instance, &users);
    !users.is_empty()
}

/// The sessions that use a database, but one.
pub(super) fn users(
    instance: &Instance,
    database: DatabaseId,
    but: Option<SessionId>,
) -> BTreeSet<SessionId> {
    let inside = instance.live_sessions();
    let inside = inside.filter(|session| session.database == database);
    let inside = inside.map(|session| session.id);
    let users = inside.chain(open_in(instance, database).map(|open| open.session));
    // What is in doubt is nobody's.
    let users = users.filter(|user| Some(*user) != but && *user != IN_DOUBT);
    users.collect()
}

fn cut(world: &mut World, instance: InstanceId, sessions: &BTreeSet<SessionId>) {
    let now = world.now();
    let found = world.instance_mut(instance);
    let databases: Vec<DatabaseId> = found.databases.keys().copied().collect();
    for database in databases {
        kill_transactions_where(found, database, now, |open| {
            sessions.contains(&open.session)
        });
    }
    let mut any = false;
    for id in sessions {
        if let Some(session) = found.sessions.get_mut(id).filter(|session| !session.cut) {
            session.cut = true;
            session.running = false;
            any = true;
        }
    }
    world.stops += u64::from(any);
    for session in sessions {
        close_served(world, instance, Some(*session));
    }
}

impl Instance {
    /// The sessions whose clients are there.
    pub fn live_sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(|session| !session.cut)
    }

    /// Whether a session may enter a database: one in single-user mode takes one at a time.
    ///
    /// # Errors
    ///
    /// Somebody else is in it.
    pub fn check_single_user(
        &self,
        database: &Database,
        session: Option<SessionId>,
    ) -> Result<(), DatabaseRefusal> {
        if database.user_access != UserAccess::SingleUser
            || users(self, database.id, session).is_empty()
        {
            return Ok(());
        }
        let name = database.name.to_string();
        Err(DatabaseRefusal::OneUser { name })
    }
}

impl World {
    /// How many sessions an instance has.
    pub fn session_count(&self, instance: InstanceId) -> usize {
        self.instance(instance)
            .map(Arc::as_ref)
            .map_or(0, |instance| instance.sessions.len())
    }
}
