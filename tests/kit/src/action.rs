//! What people do to a link, in the words of its article: T-SQL statements, ARM requests, and letting time pass.
//!
//! An action names servers and instances by number and nothing else, so a case can be shrunk to a smaller topology. Who
//! performs it makes statements and requests of it: [`crate::lab`] for the core, [`crate::scenario`] for a scenario file.

use std::fmt;

use proptest::prelude::*;

use crate::topology::Plan;

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

/// What leads to a link, from nothing: the article's steps. With a step left out or done wrong, `draw` finds out what that
/// does.
pub fn preparation(pair: Pair, from_instance: bool) -> Vec<Action> {
    let (n, server) = (pair.database, pair.server());
    let mut steps = Vec::new();
    if from_instance {
        steps.push(Action::CreateDatabase(Place::Instance(pair.instance), n));
    } else {
        steps.push(Action::CreateDatabase(Place::Server(server), n));
        steps.push(Action::Backup(n, BackupKind::Full));
    }
    steps.extend([
        Action::CreateCertificate(server, Certificate::First),
        Action::ImportCertificate(pair),
        Action::TrustRoot(server),
        Action::UploadCertificate(pair, Certificate::First),
        Action::CreateEndpoint(server),
        Action::CreateGroup(n, !from_instance),
    ]);
    if from_instance {
        steps.push(Action::GrantCreate(n));
    }
    steps.push(Action::CreateDistributed(pair, from_instance));
    steps
}

/// The same for a link with all databases of a server.
pub fn preparation_of_several(plan: &Plan, pair: Pair, from_instance: bool) -> Vec<Action> {
    let mut all = plan.databases_of(pair.server());
    let Some(database) = all.next() else {
        return Vec::new();
    };
    let first = Pair { database, ..pair };
    let side = match from_instance {
        true => Side::Instance,
        false => Side::Server,
    };
    let mut steps = Vec::new();
    for n in all.clone() {
        steps.push(Action::CreateDatabase(first.place(side), n));
        if !from_instance {
            steps.push(Action::Backup(n, BackupKind::Full));
        }
    }
    for step in preparation(first, from_instance) {
        steps.push(step);
        if matches!(step, Action::CreateGroup(..)) && !from_instance {
            steps.extend(all.clone().map(Action::AddDatabase));
        }
    }
    steps
}

/// What makes the second server a replica of a group of the first one, and known to an instance.
fn preparation_of_replica(plan: &Plan, pair: Pair) -> Vec<Action> {
    let Some(replicas) = plan.replicas else {
        return Vec::new();
    };
    let n = pair.database;
    let mut steps = vec![
        Action::CreateCertificate(1, Certificate::First),
        Action::CreateEndpoint(1),
        Action::Replica(0, n, Local::Trust),
        Action::Replica(1, n, Local::Trust),
    ];
    let mate = pair.of_mate();
    steps.extend([
        Action::TrustRoot(1),
        Action::ImportCertificate(mate),
        Action::UploadCertificate(mate, Certificate::First),
    ]);
    if replicas.listener {
        steps.push(Action::Replica(0, n, Local::Listen));
    }
    steps.extend([
        Action::Replica(0, n, Local::Add),
        Action::Replica(1, n, Local::Join),
    ]);
    steps
}

/// The databases of a server whose bits are set.
pub fn chosen(plan: &Plan, server: u8, bits: u8) -> impl Iterator<Item = u8> + Clone + use<> {
    let all = plan.databases_of(server);
    all.filter(move |n| bits & (1 << (n % DATABASES)) != 0)
}

/// A pair of a plan.
pub fn pair(plan: &Plan) -> impl Strategy<Value = Pair> + Clone + use<> {
    let servers = u8::try_from(plan.owners()).unwrap_or(u8::MAX);
    let instances = u8::try_from(plan.instances.len()).unwrap_or(u8::MAX);
    (0..servers, 0..plan.databases, 0..instances).prop_map(|(server, database, instance)| Pair {
        database: server * DATABASES + database,
        instance,
    })
}

/// What leads to links of several databases: what one of them has of its server and instance, the next one finds there.
fn preparations(pairs: &[(Pair, bool)]) -> Vec<Action> {
    let mut steps: Vec<Action> = Vec::new();
    for (pair, from_instance) in pairs {
        let done = |step: &Action| {
            let same = |other: &Action| match (other, step) {
                (Action::ImportCertificate(one), Action::ImportCertificate(other))
                | (Action::UploadCertificate(one, _), Action::UploadCertificate(other, _)) => {
                    (one.server(), one.instance) == (other.server(), other.instance)
                }
                (one, other) => one == other,
            };
            steps.iter().any(same)
        };
        let mut more = preparation(*pair, *from_instance);
        more.retain(|step| !done(step));
        steps.extend(more);
    }
    steps
}

/// Time: often short, sometimes longer than anything takes.
pub fn time() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => 0..20_u32,
        3 => 0..200_u32,
        1 => 200..900_u32,
    ]
    .prop_map(Action::Advance)
}

/// How a case begins: with nothing, with a preparation that may lack a step, or with a link that is in step.
pub fn beginning(plan: &Plan) -> BoxedStrategy<Vec<Action>> {
    let of = plan.clone();
    let prepared = move |pair, from| {
        let mut steps = match of.several {
            true => preparation_of_several(&of, pair, from),
            false => preparation(pair, from),
        };
        let replica = preparation_of_replica(&of, pair);
        // The listener is there before the distributed group names it.
        let above = steps.pop();
        steps.extend(replica);
        steps.extend(above);
        steps
    };
    let whole = prepared.clone();
    let lacking = (pair(plan), any::<bool>(), 0..30_usize).prop_map(move |(pair, from, at)| {
        let mut steps = prepared(pair, from);
        if at < steps.len() {
            steps.remove(at);
        }
        steps
    });
    let some = proptest::collection::vec((pair(plan), any::<bool>()), 1..=plan.links());
    let linked = some.prop_map(|mut pairs| {
        // A link for each database, whichever comes first.
        let mut taken = Vec::new();
        pairs.retain(|(pair, _)| {
            let free = !taken.contains(&pair.database);
            taken.push(pair.database);
            free
        });
        let mut steps = preparations(&pairs);
        let links = pairs.iter();
        steps.extend(links.map(|(pair, from)| Action::CreateLink(*pair, *from)));
        steps.extend([Action::Advance(400), Action::Advance(400)]);
        steps
    });
    if plan.is_loose() {
        let linked = (pair(plan), any::<bool>(), any::<bool>());
        let linked = linked.prop_map(move |(pair, from, linked)| {
            let mut steps = whole(pair, from);
            if linked {
                steps.push(Action::CreateLink(pair, from));
            }
            steps.extend([Action::Advance(400); 3]);
            steps
        });
        return prop_oneof![2 => lacking, 5 => linked].boxed();
    }
    prop_oneof![1 => Just(Vec::new()), 2 => lacking, 5 => linked].boxed()
}

/// Anything that anybody can do, what a link is about most often.
pub fn action(plan: &Plan) -> BoxedStrategy<Action> {
    let mates = plan.replicas.is_some();
    let place = (pair(plan), any::<bool>(), any::<bool>());
    let place = place.prop_map(move |(pair, server, mate)| {
        let side = if server { Side::Server } else { Side::Instance };
        match pair.at(side) {
            (Place::Server(_), n) if mates && mate => (Place::Server(1), n),
            at => at,
        }
    });
    let all = prop_oneof![
        20 => time(),
        12 => place.clone().prop_map(|(place, n)| Action::Insert(place, n)),
        2 => place.clone().prop_map(|(place, n)| Action::CreateDatabase(place, n)),
        2 => place.prop_map(|(place, n)| Action::DropDatabase(place, n)),
        18 => setup(plan),
        30 => link_command(plan),
        7 => fault(plan),
        3 => power(plan),
    ];
    match mates {
        true => prop_oneof![3 => all, 1 => local(plan)].boxed(),
        false => all.boxed(),
    }
}

/// What is done to a group with replicas, and to the distributed group above it, on either server.
pub fn local(plan: &Plan) -> BoxedStrategy<Action> {
    let server = || prop_oneof![Just(0_u8), Just(1_u8)];
    let flag = any::<bool>();
    (pair(plan), server(), flag, 0..34_u8)
        .prop_map(|(pair, server, flag, which)| {
            let n = pair.database;
            let local = |what| Action::Replica(server, n, what);
            let above = |what| Action::Distributed(server, pair, what);
            match which {
                0..=3 => local(Local::Failover),
                4..=6 => local(Local::Force),
                7..=9 => local(Local::StepDown),
                10 => local(Local::Offline),
                11..=15 => local(Local::Suspend(flag && which < 13)),
                16 => local(Local::HadrOff),
                17 => local(Local::Mode(flag)),
                18 => local(Local::Add),
                19 => local(Local::Remove),
                20 | 21 => local(Local::Join),
                22 => local(Local::Leave),
                23 => local(Local::Trust),
                24 => local(Local::Listen),
                25 => above(Above::Failover),
                26 => above(Above::Force),
                27 => above(Above::GiveUp),
                28 => above(Above::Tell),
                29 => above(Above::Drop),
                30 | 31 => Action::TurnEndpoint(server, flag),
                _ => Action::Restart(server),
            }
        })
        .boxed()
}

/// What is done to managed instances as a whole. What ends one for good is rare: little happens afterwards.
pub fn power(plan: &Plan) -> BoxedStrategy<Action> {
    (pair(plan), 0..40_u8)
        .prop_map(|(pair, which)| match which {
            0..=11 => Action::StopInstance(pair.instance),
            12..=35 => Action::StartInstance(pair.instance),
            36..=38 => Action::DeleteInstance(pair.instance),
            _ => Action::DeleteResourceGroup,
        })
        .boxed()
}

/// Statements and requests that prepare a link or take its ground away.
pub fn setup(plan: &Plan) -> BoxedStrategy<Action> {
    let pair = pair(plan);
    let flag = any::<bool>();
    let kind = prop_oneof![
        Just(BackupKind::Full),
        Just(BackupKind::CopyOnly),
        Just(BackupKind::Log)
    ];
    (pair, flag, kind, 0..22_u8)
        .prop_map(|(pair, flag, kind, which)| {
            let (n, server) = (pair.database, pair.server());
            let certificate = match flag {
                true => Certificate::Second,
                false => Certificate::First,
            };
            match which {
                0 | 1 => Action::Backup(n, kind),
                2 => Action::Recovery(n, flag),
                3 => Action::CreateCertificate(server, certificate),
                4 => Action::DropCertificate(server, certificate),
                5 => Action::CreateEndpoint(server),
                6 => Action::DropEndpoint(server),
                7 => Action::ImportCertificate(pair),
                8 => Action::TrustRoot(server),
                9 | 10 => Action::UploadCertificate(pair, certificate),
                11 => Action::CreateGroup(n, flag),
                12 => Action::DropGroup(n),
                13 => Action::GrantCreate(n),
                14 => Action::AddDatabase(n),
                15 => Action::RemoveDatabase(n),
                16 => Action::CreateDistributed(pair, flag),
                17 => Action::DropDistributed(pair),
                18 => Action::HadrOff(n),
                19 => Action::AuthenticateBy(server, certificate),
                20 => Action::RevokeCertificate(pair, certificate),
                _ => Action::DropImported(pair),
            }
        })
        .boxed()
}

/// Statements and requests about a link, its modes and its roles.
pub fn link_command(plan: &Plan) -> BoxedStrategy<Action> {
    let (flag, several) = (any::<bool>(), plan.several);
    let most = if several { 22_u8 } else { 20 };
    (pair(plan), flag, any::<bool>(), 0..most, 0..8_u8)
        .prop_map(move |(pair, flag, other, which, bits)| match which {
            20.. if several => Action::LinkDatabases(pair, bits),
            0..=3 => Action::CreateLink(pair, flag && other),
            4 => Action::UpdateLink(pair, flag),
            5 => Action::DeleteLink(pair),
            6 | 7 => Action::Failover(pair),
            8 | 9 => Action::ForceFailover(pair),
            10 | 11 => Action::GiveUp(pair),
            12..=14 => Action::LinkFailover(pair, flag),
            15 | 16 => Action::SetRole(pair, other, flag),
            17 => Action::CommitMode(pair, flag),
            _ => Action::Suspend(pair.database, flag),
        })
        .boxed()
}

/// What keeps partners apart, and brings them together again.
pub fn fault(plan: &Plan) -> BoxedStrategy<Action> {
    let trouble = proptest::sample::select(Trouble::ALL.to_vec());
    (pair(plan), any::<bool>(), trouble, 0..8_u8)
        .prop_map(|(pair, started, trouble, which)| match which {
            0 | 1 => Action::TurnEndpoint(pair.server(), started),
            2 => Action::Restart(pair.server()),
            3 | 4 => Action::Fault(pair.instance, trouble),
            _ => Action::Heal,
        })
        .boxed()
}
