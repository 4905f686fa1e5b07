//! The service of an instance: stopping and starting it, and what comes to effect only then.

use super::{Request, close_served, keep_doubtful, kill_undecided};
use crate::availability_group::Role;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::{Instance, InstanceKind, ServiceState};
use crate::link::plan_log_backup;
use crate::refusal::{Refusal, ServerRefusal};
use crate::store::{Content, Log};
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// Stops the service of a SQL Server: `SHUTDOWN`, or whoever has the machine.
#[derive(Clone, Copy, Debug)]
pub struct StopServer {
    /// The SQL Server.
    pub instance: InstanceId,
}

/// Starts the service of a SQL Server.
#[derive(Clone, Copy, Debug)]
pub struct StartServer {
    /// The SQL Server.
    pub instance: InstanceId,
}

/// Stops the service of a SQL Server, if it runs, and starts it again.
#[derive(Clone, Copy, Debug)]
pub struct RestartServer {
    /// The SQL Server.
    pub instance: InstanceId,
}

/// A managed instance is lost with its region, or is there again. Nobody can ask the service for it: Resource Manager shows what it has
/// shown, nothing answers, and a failover group of the instance may fail over.
#[derive(Clone, Copy, Debug)]
pub struct SetOutage {
    /// The managed instance.
    pub instance: InstanceId,
    /// Whether it is lost.
    pub lost: bool,
}

/// Enables or disables Always On availability groups, as Configuration Manager and `mssql-conf set hadr.hadrenabled` do:
/// from the next start of the service on.
#[derive(Clone, Copy, Debug)]
pub struct SetHadr {
    /// The SQL Server.
    pub instance: InstanceId,
    /// Enabled or not.
    pub enabled: bool,
}

const TEMPDB: DatabaseId = DatabaseId(2);

impl Request for StopServer {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let server = sql_server(world, self.instance)?;
        if server.service == ServiceState::Stopped {
            return Err(ServerRefusal::Stopped {
                name: server.name.to_string(),
            }
            .into());
        }
        stop(world, self.instance);
        Ok(())
    }
}

impl Request for StartServer {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let server = sql_server(world, self.instance)?;
        if server.service != ServiceState::Stopped {
            return Err(ServerRefusal::Running {
                name: server.name.to_string(),
            }
            .into());
        }
        start(world, self.instance);
        Ok(())
    }
}

impl Request for RestartServer {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        if sql_server(world, self.instance)?.service != ServiceState::Stopped {
            stop(world, self.instance);
        }
        start(world, self.instance);
        Ok(())
    }
}

impl Request for SetOutage {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let server = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let name = server.name.to_string();
        let managed = server.as_managed_instance();
        let Some(is_lost) = managed.map(|managed| managed.lost) else {
            return Err(ServerRefusal::NotManaged { name }.into());
        };
        let stopped = server.service == ServiceState::Stopped;
        match self.lost {
            true if stopped => return Err(ServerRefusal::Stopped { name }.into()),
            false if !is_lost => return Err(ServerRefusal::Running { name }.into()),
            true => {
                stop(world, self.instance);
                set_lost(world, self.instance, true);
            }
            false => start(world, self.instance),
        }
        Ok(())
    }
}

fn set_lost(world: &mut World, id: InstanceId, lost: bool) {
    if let Some(managed) = world.instance_mut(id).as_managed_instance_mut() {
        managed.lost = lost;
    }
}

impl Request for SetHadr {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        sql_server(world, self.instance)?;
        let server = world.instance_mut(self.instance);
        server.hadr_from_next_start = Some(self.enabled);
        if server.service == ServiceState::Stopped {
            take_up_settings(server);
        }
        Ok(())
    }
}

fn sql_server(world: &World, id: InstanceId) -> Result<&Instance, ServerRefusal> {
    let server = world
        .instance(id)
        .expect("instance ids come from the world");
    match server.is_managed_instance() {
        false => Ok(server),
        true => Err(ServerRefusal::Managed {
            name: server.name.to_string(),
        }),
    }
}

/// Stops an instance's service: sessions end, what they have open is undone, the partners of its links hear at once.
pub(crate) fn stop(world: &mut World, id: InstanceId) {
    let now = world.now();
    crate::agent::stop_all(world, id);
    world.timers.cancel(&Timer::GroupsOnline(id));
    let instance = world.instance_mut(id);
    let databases: Vec<DatabaseId> = instance.databases.keys().copied().collect();
    for database in databases {
        kill_undecided(instance, database, now);
    }
    instance.killed.clear();
    keep_doubtful(instance);
    instance.waits.clear();
    instance.sessions.clear();
    instance.serves.clear();
    instance.service = ServiceState::Stopped;
    if let Some(managed) = instance.as_managed_instance_mut() {
        managed.lost = false;
    }
    instance.life += 1;
    // Message 17147 of the error log.
    instance.log(
        now,
        "SQL Server is terminating because of a system shutdown. This is an informational message only. No user action is required.",
    );
    let instance = instance.name.to_string();
    world.stops += 1;
    close_served(world, id, None);
    world.record(EventKind::InstanceStopped { instance });
}

/// Starts an instance's service: its databases are recovered, and its groups come online a moment later.
pub(crate) fn start(world: &mut World, id: InstanceId) {
    let now = world.now();
    let tempdb_id = world.ids.next_guid();
    let online = now + world.span(Transition::ServerStart);
    let instance = world.instance_mut(id);
    instance.service = ServiceState::Starting;
    if let Some(managed) = instance.as_managed_instance_mut() {
        managed.lost = false;
    }
    instance.started = now;
    take_up_settings(instance);
    // Those that DBCC TRACEON set; startup parameters are not emulated.
    instance.trace_flags.clear();
    make_tempdb_anew(instance, now);
    if let Some(tempdb) = instance.database_mut(TEMPDB) {
        tempdb.guid = tempdb_id;
    }
    instance.log(now, "Starting up database 'master'.");
    instance.log(now, "SQL Server is now ready for client connections. This is an informational message; no user action is required.");
    let instance = instance.name.to_string();
    world.timers.arm(Timer::GroupsOnline(id), online);
    let used = world.instance(id).map_or_else(Vec::new, |instance| {
        let databases = instance.databases.values();
        let used = databases.filter(|database| database.log.first().is_some());
        used.map(|database| database.id).collect()
    });
    for database in used {
        plan_log_backup(world, id, database);
    }
    world.record(EventKind::InstanceStarted { instance });
    crate::distributed::recover(world, id);
}

/// The groups of an instance that was started leave RESOLVING for the roles that they had: without a cluster, nobody else
/// can have taken them (`link-lifecycle.md` section 4.5, service restart).
pub(crate) fn groups_online(world: &mut World, id: InstanceId) {
    let now = world.now();
    if world.instance(id).is_none() {
        return;
    }
    let instance = world.instance_mut(id);
    instance.service = ServiceState::Running;
    let roles: Vec<(String, Role)> = instance
        .groups
        .values()
        .filter_map(|group| Some((group.name.to_string(), group.as_local()?.role)))
        .collect();
    for (group, role) in roles {
        let to = match role {
            Role::Primary => "PRIMARY_NORMAL",
            Role::Secondary => "SECONDARY_NORMAL",
            Role::Resolving => continue,
        };
        // Message 19406 of the error log.
        instance.log(now, format!("The state of the local availability replica in availability group '{group}' has changed from 'RESOLVING_NORMAL' to '{to}'."));
    }
}

/// Stops a managed instance's service for as long as a failover to another node takes; clients are disconnected, the
/// service is back at once on a node of another name.
pub(crate) fn move_to_another_node(world: &mut World, id: InstanceId) {
    stop(world, id);
    world.azure.trust.fail_over(id);
    let node = world.ids.next_u64();
    if let InstanceKind::ManagedInstance(managed) = &mut world.instance_mut(id).kind {
        managed.node_name = Instance::node_name(node);
    }
    start(world, id);
}

fn take_up_settings(instance: &mut Instance) {
    if let Some(enabled) = instance.hadr_from_next_start.take()
        && let InstanceKind::SqlServer(server) = &mut instance.kind
    {
        server.hadr_enabled = enabled;
    }
    let configured = std::mem::take(&mut instance.configuration).into_iter();
    instance.configuration = configured
        .map(|(option, mut configured)| {
            configured.in_use = configured.value;
            (option, configured)
        })
        .collect();
}

fn make_tempdb_anew(instance: &mut Instance, now: Timestamp) {
    let Some(tempdb) = instance.database_mut(TEMPDB) else {
        return;
    };
    tempdb.created = now;
    tempdb.content = Content::default();
    tempdb.version += 1;
    tempdb.log = Log::default();
}
