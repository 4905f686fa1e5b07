//! What people do to a link, in the words of its article: T-SQL statements, ARM requests, and letting time pass.
//!
//! An action names servers and instances by number and nothing else, so a case can be shrunk to a smaller topology. Who
//! performs it makes statements and requests of it: [`crate::lab`] for the core, [`crate::scenario`] for a scenario file.

mod draw;
mod steps;

use std::fmt;

use crate::topology::Plan;

pub use draw::{action, beginning, fault, link_command, local, pair, power, setup, time};
pub use steps::{chosen, preparation, preparation_of_several};

/// A database and a managed instance, which may have a link: numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Pair {
    pub database: u8,
    pub instance: u8,
}

/// The most databases of a SQL Server in a case. Those of the first one are numbered from 0, those of the second one from here.
pub const DATABASES: u8 = 3;

/// The SQL Server of a database.
pub const fn server_of(database: u8) -> u8 {
    database / DATABASES
}

/// Where a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants say it")]
pub enum Place {
    Server(u8),
    Instance(u8),
}

/// One of the two sides of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants say it")]
pub enum Side {
    Server,
    Instance,
}

/// The certificates that a SQL Server can have for its endpoint, which shows one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certificate {
    /// The one with which the endpoint is made.
    First,
    /// The one that takes its place.
    Second,
}

/// The resource group of all managed instances.
pub const RESOURCE_GROUP: &str = "milink-rg";

/// The kinds of BACKUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants say it")]
pub enum BackupKind {
    Full,
    CopyOnly,
    Log,
}

/// What can be wrong between a managed instance and the SQL Servers, or with the copies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Nothing comes through.
    Partition,
    /// What SQL Servers send is lost.
    ToInstance,
    /// What the instance sends is lost.
    ToServer,
    /// Port 5022 answers, and the ports behind it do not.
    Only5022,
    /// The instance finds SQL Server's certificate expired; a connection that is there survives.
    CertificateExpired,
    /// The instance does not know SQL Server's certificate; a connection that is there survives.
    CertificateUnknown,
    /// The log is sent late.
    SendLag,
    /// What has arrived is redone late.
    RedoLag,
    /// An error during redo suspends the copies.
    RedoSuspended,
}

/// What is done to a group that has replicas, on one of its servers; "the other" is the other one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Local {
    /// Imports the endpoint's certificate of the other server.
    Trust,
    /// ADD REPLICA ON the other server.
    Add,
    /// REMOVE REPLICA ON the other server.
    Remove,
    /// JOIN, and GRANT CREATE ANY DATABASE.
    Join,
    /// DROP AVAILABILITY GROUP.
    Leave,
    /// ADD LISTENER.
    Listen,
    /// MODIFY REPLICA ON the other server: synchronous commit (true) or not.
    Mode(bool),
    /// SET HADR SUSPEND (true) or RESUME.
    Suspend(bool),
    /// SET HADR OFF.
    HadrOff,
    /// FAILOVER.
    Failover,
    /// FORCE_FAILOVER_ALLOW_DATA_LOSS.
    Force,
    /// SET (ROLE = SECONDARY).
    StepDown,
    /// OFFLINE.
    Offline,
}

/// What is done to the distributed group above a group that has replicas, on one of its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Above {
    /// FAILOVER.
    Failover,
    /// FORCE_FAILOVER_ALLOW_DATA_LOSS.
    Force,
    /// SET (ROLE = SECONDARY).
    GiveUp,
    /// MODIFY AVAILABILITY GROUP ON the own group WITH (LISTENER_URL): that of this server.
    Tell,
    /// DROP AVAILABILITY GROUP.
    Drop,
}

/// Something that somebody does. Databases, their availability groups and certificates have the numbers of [`server_of`]:
/// database `n` is `db{n+1}`, whichever instance it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// So many seconds pass.
    Advance(u32),
    /// CREATE DATABASE, with a table in it.
    CreateDatabase(Place, u8),
    /// DROP DATABASE.
    DropDatabase(Place, u8),
    /// INSERT of one row, which is committed.
    Insert(Place, u8),
    /// BACKUP on SQL Server.
    Backup(u8, BackupKind),
    /// SET RECOVERY SIMPLE (true) or FULL.
    Recovery(u8, bool),
    /// CREATE CERTIFICATE for the endpoint, with a master key if there is none.
    CreateCertificate(u8, Certificate),
    /// DROP CERTIFICATE of the endpoint.
    DropCertificate(u8, Certificate),
    /// CREATE ENDPOINT, started.
    CreateEndpoint(u8),
    /// ALTER ENDPOINT … STATE = STARTED (true) or STOPPED.
    TurnEndpoint(u8, bool),
    /// ALTER ENDPOINT … AUTHENTICATION = CERTIFICATE.
    AuthenticateBy(u8, Certificate),
    /// DROP ENDPOINT.
    DropEndpoint(u8),
    /// Imports the instance's certificate into SQL Server.
    ImportCertificate(Pair),
    /// DROP CERTIFICATE of the instance's certificate.
    DropImported(Pair),
    /// Imports a public root, and trusts it for managed instances.
    TrustRoot(u8),
    /// PUT of a partner certificate: the one that SQL Server has now.
    UploadCertificate(Pair, Certificate),
    /// DELETE of a partner certificate: the last one that SQL Server had under this name.
    RevokeCertificate(Pair, Certificate),
    /// CREATE AVAILABILITY GROUP, with the database (true) or empty.
    CreateGroup(u8, bool),
    /// DROP AVAILABILITY GROUP.
    DropGroup(u8),
    /// GRANT CREATE ANY DATABASE.
    GrantCreate(u8),
    /// ADD DATABASE.
    AddDatabase(u8),
    /// REMOVE DATABASE.
    RemoveDatabase(u8),
    /// CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED); the instance is (true) or is not the initial primary.
    CreateDistributed(Pair, bool),
    /// DROP AVAILABILITY GROUP of the distributed one.
    DropDistributed(Pair),
    /// MODIFY AVAILABILITY GROUP ON both members WITH (AVAILABILITY_MODE): synchronous (true) or not.
    CommitMode(Pair, bool),
    /// SET HADR SUSPEND (true) or RESUME on SQL Server.
    Suspend(u8, bool),
    /// SET HADR OFF on SQL Server.
    HadrOff(u8),
    /// ALTER AVAILABILITY GROUP … FAILOVER on SQL Server.
    Failover(Pair),
    /// FORCE_FAILOVER_ALLOW_DATA_LOSS on SQL Server.
    ForceFailover(Pair),
    /// SET (ROLE = SECONDARY) on SQL Server.
    GiveUp(Pair),
    /// PUT of a link; the instance is (true) or is not the initial primary.
    CreateLink(Pair, bool),
    /// PATCH of the replication mode: Sync (true) or Async.
    UpdateLink(Pair, bool),
    /// PATCH of the databases of a link with several: those of the server whose bits are set.
    LinkDatabases(Pair, u8),
    /// DELETE of a link.
    DeleteLink(Pair),
    /// POST of failover: ForcedAllowDataLoss (true) or Planned.
    LinkFailover(Pair, bool),
    /// Something goes wrong with the network of an instance.
    Fault(u8, Trouble),
    /// All faults are over.
    Heal,
    /// The service of a SQL Server stops, and starts again.
    Restart(u8),
    /// POST of setRole: to Primary (true) or Secondary, then Forced (true) or Planned.
    SetRole(Pair, bool, bool),
    /// POST of an instance's stop.
    StopInstance(u8),
    /// POST of an instance's start.
    StartInstance(u8),
    /// DELETE of an instance.
    DeleteInstance(u8),
    /// DELETE of the resource group that all instances are in.
    DeleteResourceGroup,
    /// Something about the group of a database, on a server that is or may be a replica of it.
    Replica(u8, u8, Local),
    /// Something about the distributed group of a pair, on a server that may have it.
    Distributed(u8, Pair, Above),
}

impl Certificate {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "endpoint_certificate",
            Self::Second => "endpoint_certificate_2",
        }
    }
}

impl Pair {
    /// The first database and the first instance.
    pub const FIRST: Self = Self {
        database: 0,
        instance: 0,
    };

    /// The SQL Server of the database.
    pub const fn server(self) -> u8 {
        server_of(self.database)
    }

    /// The database, at the place of one side.
    pub const fn at(self, side: Side) -> (Place, u8) {
        (self.place(side), self.database)
    }

    /// The place of one side.
    pub const fn place(self, side: Side) -> Place {
        match side {
            Side::Server => Place::Server(self.server()),
            Side::Instance => Place::Instance(self.instance),
        }
    }

    /// The second server and the same instance, for what is about who knows whom.
    const fn of_mate(self) -> Self {
        Self {
            database: DATABASES,
            ..self
        }
    }

    /// The name of the link, and of the distributed group on both sides.
    pub fn link(self) -> String {
        format!("DAG_db{}_mi{}", self.database + 1, self.instance + 1)
    }

    /// The availability group on the instance.
    pub fn instance_group(self) -> String {
        format!("AG_db{}_MI{}", self.database + 1, self.instance + 1)
    }
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Partition,
        Self::ToInstance,
        Self::ToServer,
        Self::Only5022,
        Self::CertificateExpired,
        Self::CertificateUnknown,
        Self::SendLag,
        Self::RedoLag,
        Self::RedoSuspended,
    ];

    /// The fault point.
    pub const fn point(self) -> &'static str {
        match self {
            Self::Partition => "network.partition",
            Self::ToInstance => "network.one-way-to-instance",
            Self::ToServer => "network.one-way-to-sql-server",
            Self::Only5022 => "network.only-5022-open",
            Self::CertificateExpired => "certificate.expired",
            Self::CertificateUnknown => "certificate.unknown",
            Self::SendLag => "replication.send-lag",
            Self::RedoLag => "replication.redo-lag",
            Self::RedoSuspended => "replication.suspended-redo",
        }
    }
}

impl Side {
    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Server => Self::Instance,
            Self::Instance => Self::Server,
        }
    }
}

impl Action {
    /// Whether everything that it names is in a plan.
    pub fn fits(&self, plan: &Plan) -> bool {
        let server = |n: u8| usize::from(n) < plan.servers.len();
        let instance = |n: u8| usize::from(n) < plan.instances.len();
        let owner = |n: u8| usize::from(server_of(n)) < plan.owners();
        let database = |n: u8| owner(n) && n % DATABASES < plan.databases;
        let met = |pair: Pair| server(pair.server()) && instance(pair.instance);
        match *self {
            Self::Advance(_) | Self::Heal | Self::DeleteResourceGroup => true,
            Self::Fault(n, _)
            | Self::StopInstance(n)
            | Self::StartInstance(n)
            | Self::DeleteInstance(n) => instance(n),
            Self::CreateCertificate(n, _)
            | Self::DropCertificate(n, _)
            | Self::AuthenticateBy(n, _)
            | Self::CreateEndpoint(n)
            | Self::TurnEndpoint(n, _)
            | Self::DropEndpoint(n)
            | Self::TrustRoot(n)
            | Self::Restart(n) => server(n),
            Self::Backup(n, _)
            | Self::Recovery(n, _)
            | Self::CreateGroup(n, _)
            | Self::DropGroup(n)
            | Self::GrantCreate(n)
            | Self::AddDatabase(n)
            | Self::RemoveDatabase(n)
            | Self::Suspend(n, _)
            | Self::HadrOff(n) => database(n),
            Self::CreateDatabase(place, n)
            | Self::DropDatabase(place, n)
            | Self::Insert(place, n) => match place {
                Place::Server(at) => server(at) && plan.is_at(at, n) && database(n),
                Place::Instance(at) => instance(at) && database(n),
            },
            Self::ImportCertificate(pair)
            | Self::DropImported(pair)
            | Self::UploadCertificate(pair, _)
            | Self::RevokeCertificate(pair, _) => met(pair),
            Self::CreateDistributed(pair, _)
            | Self::DropDistributed(pair)
            | Self::CommitMode(pair, _)
            | Self::Failover(pair)
            | Self::ForceFailover(pair)
            | Self::GiveUp(pair)
            | Self::CreateLink(pair, _)
            | Self::UpdateLink(pair, _)
            | Self::DeleteLink(pair)
            | Self::LinkFailover(pair, _)
            | Self::SetRole(pair, ..) => database(pair.database) && instance(pair.instance),
            Self::LinkDatabases(pair, _) => {
                plan.several && database(pair.database) && instance(pair.instance)
            }
            Self::Replica(at, n, _) => plan.replicas.is_some() && server(at) && database(n),
            Self::Distributed(at, pair, _) => {
                let pair = database(pair.database) && instance(pair.instance);
                plan.replicas.is_some() && server(at) && pair
            }
        }
    }
}

impl Place {
    /// The name of the server or instance.
    pub fn name(self) -> String {
        match self {
            Self::Server(n) => format!("sqlserver{}", n + 1),
            Self::Instance(n) => format!("sqlmi{}", n + 1),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// The name of a database, wherever it is.
pub fn database_name(database: u8) -> String {
    format!("db{}", database + 1)
}

/// The availability group of a database on its SQL Server.
pub fn group_name(database: u8) -> String {
    format!("AG_db{}", database + 1)
}
