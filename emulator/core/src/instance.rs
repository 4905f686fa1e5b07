//! An instance: a SQL Server or a managed instance, with everything that lives on it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};

use crate::agent::Agent;
use crate::availability_group::{AvailabilityGroup, Role};
use crate::azure::ManagedInstanceProperties;
use crate::backup::BackupSet;
use crate::certificate::CertificateFacts;
use crate::collation::Collation;
use crate::database::Database;
use crate::distributed::Part;
use crate::encryption::InstanceEncryption;
use crate::endpoint::Endpoint;
use crate::ids::{DatabaseId, GroupId, InstanceId, PrincipalId, SessionId, TransactionId};
use crate::linked_server::LinkedServer;
use crate::listener::Listener;
use crate::names::Name;
use crate::principal::{Login, ServerPermission};
use crate::session::Session;
use crate::time::Timestamp;
use crate::version::{Build, Edition, UpdatePolicy};

/// A SQL Server or a managed instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its id in the world.
    pub id: InstanceId,
    /// Its short name.
    pub name: Name,
    /// What it is.
    pub kind: InstanceKind,
    /// The server collation.
    pub collation: Collation,
    /// When the service last started.
    pub started: Timestamp,
    /// Whether the service runs.
    pub service: ServiceState,
    /// When it was last asked to go to another node.
    pub moved: Option<Timestamp>,
    /// Counts the ends of the service: what belongs to an earlier life is over.
    pub life: u32,
    /// Whether availability groups can be used from the next start on, if that was changed.
    pub hadr_from_next_start: Option<bool>,
    /// Its databases, with master, tempdb, model and msdb.
    pub databases: OrdMap<DatabaseId, Arc<Database>>,
    /// Its logins.
    pub logins: OrdMap<PrincipalId, Arc<Login>>,
    /// Server permissions.
    pub permissions: OrdSet<ServerPermission>,
    /// Its database mirroring endpoint: there can only be one.
    pub endpoint: Option<Endpoint>,
    /// The Windows cluster that a SQL Server is a node of.
    pub cluster: Option<Name>,
    /// Availability groups and distributed ones.
    pub groups: OrdMap<GroupId, Arc<AvailabilityGroup>>,
    /// Sessions of clients.
    pub sessions: OrdMap<SessionId, Session>,
    /// Master keys that sessions have opened (OPEN MASTER KEY).
    pub open_keys: OrdSet<(SessionId, DatabaseId)>,
    /// Which transaction waits for which other one's locks.
    pub waits: OrdMap<TransactionId, TransactionId>,
    /// Backup history.
    pub backups: Vector<Arc<BackupSet>>,
    /// `sp_configure` values that were changed, by `configuration_id`.
    pub configuration: OrdMap<i32, Configured>,
    /// Trace flags that are on.
    pub trace_flags: BTreeSet<i32>,
    /// Files that statements have written on the instance's machine, by path.
    pub files: OrdMap<String, Arc<[u8]>>,
    /// The error log, newest last; bounded.
    pub error_log: Vector<Arc<ErrorLogLine>>,
    /// Transactions that a role change has ended, and the sessions that have not noticed yet.
    pub killed: OrdMap<TransactionId, SessionId>,
    /// The jobs of SQL Server Agent.
    pub agent: Arc<Agent>,
    /// Linked servers, by their names.
    pub linked_servers: OrdMap<Name, Arc<LinkedServer>>,
    /// Sessions that run statements for a session of another instance, which has this one as a linked server.
    pub serves: OrdMap<SessionId, (InstanceId, SessionId)>,
    /// Transactions that are parts of distributed ones.
    pub distributed: OrdMap<TransactionId, Part>,
    pub(crate) next_transaction: u64,
    pub(crate) next_backup: i32,
}

/// Whether an instance's service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It does.
    Running,
    /// It takes clients; its availability groups are RESOLVING.
    Starting,
    /// It does not: nothing answers.
    Stopped,
}

/// What an instance is.
#[derive(Clone, Debug, PartialEq)]
pub enum InstanceKind {
    /// A SQL Server in the user's network.
    SqlServer(SqlServer),
    /// A managed instance in Azure.
    ManagedInstance(ManagedInstance),
}

/// What only a SQL Server has.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlServer {
    /// The build.
    pub build: Build,
    /// The edition.
    pub edition: Edition,
    /// Whether Always On is enabled (effective, after the restart).
    pub hadr_enabled: bool,
    /// Whether its links have several databases each (`sp_multidb_milink`), or one.
    pub multi_database_links: bool,
    /// The address in the model's network.
    pub address: Ipv4Addr,
    /// DNS names that resolve to the address, besides the instance's name.
    pub host_names: Vec<String>,
    /// The loopback address and port at which the mirroring endpoint can really be reached.
    pub loopback: Option<(Ipv4Addr, u16)>,
}

/// What only a managed instance has.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedInstance {
    /// `dnsZone`.
    pub dns_zone: String,
    /// `databaseFormat`.
    pub update_policy: UpdatePolicy,
    /// The certificate of its mirroring endpoint.
    pub endpoint_certificate: CertificateFacts,
    /// Thumbprints of the certificates that it had before, newest last; the oldest are forgotten.
    pub former_certificates: Vec<[u8; 20]>,
    /// Partner certificates uploaded to it (ARM `serverTrustCertificates`).
    pub trust_certificates: OrdMap<Name, Arc<CertificateFacts>>,
    /// What it encrypts databases with.
    pub encryption: Arc<InstanceEncryption>,
    /// The node it runs on, as `MachineName` shows it.
    pub node_name: String,
    /// Whether it is down because its region is.
    pub lost: bool,
    /// Everything else that ARM keeps about it.
    pub properties: Arc<ManagedInstanceProperties>,
}

/// A changed `sp_configure` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configured {
    /// The configured value.
    pub value: i64,
    /// The value in use.
    pub in_use: i64,
}

/// A line of the error log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorLogLine {
    /// When.
    pub time: Timestamp,
    /// What.
    pub text: String,
}

/// How many lines an error log keeps.
const ERROR_LOG_LINES: usize = 2_000;
/// The ports on which nodes take mirroring connections that the gateway sends on (documented: 11000 to 11999).
const NODE_PORTS: std::ops::RangeInclusive<u16> = 11_000..=11_999;
/// The mirroring port of a managed instance; it cannot be changed.
pub const MANAGED_INSTANCE_MIRRORING_PORT: u16 = 5022;

impl ManagedInstance {
    /// The mirroring port of the node it runs on, behind the gateway's 5022: another one on another node.
    pub fn node_port(&self) -> u16 {
        let number = u32::from_str_radix(self.node_name.trim_start_matches("DB"), 16);
        NODE_PORTS.start() + (number.unwrap_or(0) % NODE_PORTS.len() as u32) as u16
    }
}

impl Instance {
    /// The SQL Server, if it is one.
    pub fn as_sql_server(&self) -> Option<&SqlServer> {
        match &self.kind {
            InstanceKind::SqlServer(server) => Some(server),
            InstanceKind::ManagedInstance(_) => None,
        }
    }

    /// The managed instance, if it is one.
    pub fn as_managed_instance(&self) -> Option<&ManagedInstance> {
        match &self.kind {
            InstanceKind::SqlServer(_) => None,
            InstanceKind::ManagedInstance(instance) => Some(instance),
        }
    }

    /// The managed instance, to change it.
    pub fn as_managed_instance_mut(&mut self) -> Option<&mut ManagedInstance> {
        match &mut self.kind {
            InstanceKind::SqlServer(_) => None,
            InstanceKind::ManagedInstance(instance) => Some(instance),
        }
    }

    /// Whether this is a managed instance.
    pub fn is_managed_instance(&self) -> bool {
        self.as_managed_instance().is_some()
    }

    /// `@@SERVERNAME`: the short name of a SQL Server, the FQDN of a managed instance.
    pub fn server_name(&self) -> String {
        match &self.kind {
            InstanceKind::SqlServer(_) => self.name.to_string(),
            InstanceKind::ManagedInstance(mi) => {
                format!("{}.{}.database.windows.net", self.name, mi.dns_zone)
            }
        }
    }

    /// The build it says it is.
    pub fn build(&self) -> Build {
        match &self.kind {
            InstanceKind::SqlServer(server) => server.build,
            InstanceKind::ManagedInstance(_) => Build::MANAGED_INSTANCE,
        }
    }

    /// The version of SQL Server whose database format it has; what is always up to date is newer than all.
    pub fn format_major(&self) -> u8 {
        match &self.kind {
            InstanceKind::SqlServer(server) => server.build.major,
            InstanceKind::ManagedInstance(mi) => mi.update_policy.major().unwrap_or(u8::MAX),
        }
    }

    /// The compatibility level of a new database.
    pub fn default_compatibility_level(&self) -> u8 {
        match &self.kind {
            InstanceKind::SqlServer(server) => server.build.major * 10,
            InstanceKind::ManagedInstance(mi) => mi.update_policy.major().unwrap_or(17) * 10,
        }
    }

    /// The role in a group as the instance shows it: RESOLVING until its groups are online.
    pub fn shown_role(&self, role: Role) -> Role {
        match self.service {
            ServiceState::Starting => Role::Resolving,
            ServiceState::Running | ServiceState::Stopped => role,
        }
    }

    /// The name of a node, from a random number.
    pub(crate) fn node_name(random: u64) -> String {
        format!("DB{:X}", random & 0xFFFF_FFFF)
    }

    /// The listeners that lead to it: of the availability groups that it is the primary replica of.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        let groups = self.groups.values();
        let primary = groups
            .filter_map(|group| group.as_local())
            .filter(|local| local.role == Role::Primary);
        primary.filter_map(|local| local.listener.as_ref())
    }

    /// The DNS names of one of its listeners, in lower case: alone, and in each domain that it has a name in (guess: the
    /// model's DNS knows no other domains).
    pub fn names_of<'a>(&'a self, listener: &'a Listener) -> impl Iterator<Item = String> + 'a {
        let label = listener.dns_name.folded();
        let server = self.as_sql_server().into_iter();
        let hosts = server.flat_map(|server| &server.host_names);
        let domains = hosts.filter_map(|host| host.split_once('.').map(|(_, domain)| domain));
        let full = domains.map(move |domain| format!("{label}.{}", domain.to_ascii_lowercase()));
        std::iter::once(label.to_owned()).chain(full)
    }

    /// Whether availability groups can be used.
    pub fn is_hadr_enabled(&self) -> bool {
        self.as_sql_server()
            .is_none_or(|server| server.hadr_enabled)
    }

    /// The database of this name.
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases
            .values()
            .find(|database| database.name.is(name))
    }

    /// The master database.
    pub fn master(&self) -> &Database {
        self.databases
            .get(&DatabaseId(1))
            .expect("every instance is made with a master database")
    }

    /// The group of this name, local or distributed.
    pub fn group(&self, name: &str) -> Option<&Arc<AvailabilityGroup>> {
        self.groups.values().find(|group| group.name.is(name))
    }

    /// The login of this name.
    pub fn login(&self, name: &str) -> Option<&Arc<Login>> {
        self.logins.values().find(|login| login.name.is(name))
    }

    /// Whether a session can use the master key of a database: the service master key opens it, or the session has.
    pub fn opens_master_key(&self, database: DatabaseId, session: SessionId) -> bool {
        let database_key = self.databases.get(&database);
        let key = database_key.and_then(|database| database.content.master_key.as_ref());
        key.is_some_and(|key| {
            key.encrypted_by_server || self.open_keys.contains(&(session, database))
        })
    }

    /// Forgets who has opened the master key of a database that goes, or whose key goes.
    pub(crate) fn forget_open_keys(&mut self, gone: DatabaseId) {
        if !self.open_keys.is_empty() {
            let open = std::mem::take(&mut self.open_keys).into_iter();
            self.open_keys = open.filter(|(_, database)| *database != gone).collect();
        }
    }

    /// Writes a line to the error log.
    pub(crate) fn log(&mut self, time: Timestamp, text: impl Into<String>) {
        if self.error_log.len() >= ERROR_LOG_LINES {
            self.error_log.pop_front();
        }
        self.error_log.push_back(Arc::new(ErrorLogLine {
            time,
            text: text.into(),
        }));
    }

    pub(crate) fn database_mut(&mut self, id: DatabaseId) -> Option<&mut Database> {
        self.databases.get_mut(&id).map(Arc::make_mut)
    }
}
