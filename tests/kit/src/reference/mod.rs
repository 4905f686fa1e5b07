//! The reference model: what the documentation says about a link, and nothing about how milink does it.
//!
//! It knows who is primary, what has been committed and where it must be, and which commands must be refused. It is told
//! every action with its outcome, and shown what can be seen afterwards; what it cannot know (when a link connects, whether
//! a planned failover gets through) it learns by looking, and judges whether that was allowed. It shares no code and no
//! state with the emulator: where the two disagree, one of them is wrong.

mod expect;
mod instances;
mod learn;
mod replicas;
mod several;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use crate::action::{Action, BackupKind, Certificate, Pair, Place, Side, Trouble, server_of};
use crate::observation::{Observation, Power, ResourceGroup, Role};
use crate::topology::Plan;

pub use expect::Expected;
pub use versions::{can_return, may_replicate};

/// What must be true of a case, as far as the documentation says.
#[derive(Clone, Debug)]
pub struct Reference {
    plan: Plan,
    servers: Vec<Server>,
    databases: BTreeMap<(Place, u8), Database>,
    halves: BTreeMap<Pair, Role>,
    links: BTreeMap<Pair, Link>,
    /// The availability groups of databases.
    groups: BTreeMap<u8, Group>,
    /// Certificates of servers that were uploaded: server and instance, and which of the server's certificates.
    uploads: BTreeMap<((u8, u8), u32), Upload>,
    /// Managed instances; none for one that is gone.
    instances: Vec<Option<Power>>,
    group: ResourceGroup,
    /// Servers that have the certificate of an instance.
    imports: BTreeSet<(u8, u8)>,
    /// What is wrong between which instance and its partners.
    troubles: BTreeSet<(u8, Trouble)>,
    lineages: u32,
    /// What was committed in databases that were dropped, by lineage: a copy may have hardened more of it than it has redone.
    dropped: BTreeMap<u32, Vec<i64>>,
    last: Observation,
    /// Pairs between which nothing could move when the case was last looked at, and how much was committed on either side
    /// when that began.
    still: BTreeMap<Pair, [usize; 2]>,
    /// How many seconds have passed.
    clock: u64,
    /// Links whose partners do not hear each other, and since when.
    apart: BTreeMap<Pair, u64>,
    /// Links whose partners could shake hands when the case was last looked at.
    may_meet: BTreeSet<Pair>,
    /// What is known of links with several databases.
    several: several::Several,
    /// What is known of groups with replicas.
    sets: replicas::Sets,
}

/// What a SQL Server has, besides databases.
#[derive(Clone, Debug, Default)]
struct Server {
    /// How many certificates it has made.
    made: u32,
    /// Those that it had last, under either name.
    own: [Own; 2],
    /// Whether the endpoint is started, and with which certificate.
    endpoint: Option<(bool, u32)>,
    root: bool,
}

/// A certificate of a SQL Server: which of those it has made, and whether it has it still.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    number: u32,
    there: bool,
}

/// A partner certificate on an instance, as ARM was asked for it.
#[derive(Clone, Copy, Debug, Default)]
struct Upload {
    /// It has been seen.
    there: bool,
    /// It was asked for and has not been seen yet.
    coming: bool,
    /// Its deletion was asked for.
    going: bool,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    has_database: bool,
}

/// A database at one place.
#[derive(Clone, Debug)]
struct Database {
    /// Copies have the lineage of what they were copied from; a database made anew has another one.
    lineage: u32,
    /// Every value that was committed in it, in order.
    history: Vec<i64>,
    simple: bool,
    /// Whether a full backup has started its log chain.
    chain: bool,
    /// The link by which it follows the database of the other side.
    follows: Option<Pair>,
    /// A copy that has never been read is still being made, and may vanish.
    made: bool,
    /// It was a copy and lost its group: it waits for a restore.
    stranded: bool,
    suspended: bool,
    /// It has just been made primary by force: what it had hardened and not yet redone shows up now.
    promoted: bool,
    /// It could be read when its server was up last: a copy on its way back to a common point cannot.
    readable: bool,
}

/// A link as ARM was asked for it.
#[derive(Clone, Debug)]
struct Link {
    role: Role,
    asked_primary: bool,
    /// Whether at some moment since it was asked for everything was there that a link needs.
    may_connect: bool,
    course: Course,
    /// A forced failover is on record.
    forced: bool,
    deleting: bool,
}

/// How far a link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Asked for: there is no copy yet.
    Asked,
    /// One side follows the other.
    Following { source: Side },
    /// A forced failover has split the sides, so many rows after their common beginning.
    Split { fork: usize },
    /// It has failed, or its copy was taken away.
    Over,
}

impl Reference {
    /// A case in which nothing has been done.
    pub fn new(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            servers: vec![Server::default(); plan.servers.len()],
            databases: BTreeMap::new(),
            halves: BTreeMap::new(),
            links: BTreeMap::new(),
            groups: BTreeMap::new(),
            uploads: BTreeMap::new(),
            instances: vec![Some(Power::Ready); plan.instances.len()],
            group: ResourceGroup::There,
            imports: BTreeSet::new(),
            troubles: BTreeSet::new(),
            lineages: 0,
            dropped: BTreeMap::new(),
            last: Observation::default(),
            still: BTreeMap::new(),
            clock: 0,
            apart: BTreeMap::new(),
            may_meet: BTreeSet::new(),
            several: several::Several::default(),
            sets: replicas::Sets::default(),
        }
    }

    /// Notes that an action was accepted, with the value that an insert has written. What was refused changes nothing.
    pub fn accepted(&mut self, action: &Action, value: Option<i64>) {
        if self.plan.is_loose() && self.accepted_of_several(action, value) {
            return;
        }
        match *action {
            Action::Advance(seconds) => self.time_passes(seconds.into()),
            Action::GrantCreate(_) | Action::CommitMode(..) => {}
            Action::UpdateLink(..) | Action::LinkDatabases(..) | Action::Restart(_) => {}
            Action::Replica(..) | Action::Distributed(..) => {}
            Action::Fault(n, trouble) => {
                self.troubles.insert((n, trouble));
            }
            Action::Heal => self.troubles.clear(),
            Action::CreateDatabase(place, n) => self.create_database(place, n),
            Action::DropDatabase(place, n) => {
                if let Some(database) = self.databases.remove(&(place, n)) {
                    self.dropped.insert(database.lineage, database.history);
                }
            }
            Action::Insert(place, n) => {
                if let (Some(database), Some(value)) = (self.databases.get_mut(&(place, n)), value)
                {
                    database.history.push(value);
                }
            }
            Action::Backup(n, kind) => {
                if let Some(database) = self.on_server(n) {
                    database.chain |= kind == BackupKind::Full;
                }
            }
            Action::Recovery(n, simple) => {
                if let Some(database) = self.on_server(n) {
                    database.simple = simple;
                    database.chain &= !simple;
                }
            }
            Action::CreateCertificate(n, which) => {
                let server = self.server(n);
                server.made += 1;
                server.own[which as usize] = Own {
                    number: server.made,
                    there: true,
                };
            }
            Action::DropCertificate(n, which) => {
                self.server(n).own[which as usize].there = false;
            }
            Action::CreateEndpoint(n) => {
                let server = self.server(n);
                server.endpoint = Some((true, server.own[Certificate::First as usize].number));
            }
            Action::AuthenticateBy(n, which) => {
                let server = self.server(n);
                let number = server.own[which as usize].number;
                if let Some(endpoint) = &mut server.endpoint {
                    endpoint.1 = number;
                }
            }
            Action::TurnEndpoint(n, started) => {
                if let Some(endpoint) = &mut self.server(n).endpoint {
                    endpoint.0 = started;
                }
            }
            Action::DropEndpoint(n) => self.server(n).endpoint = None,
            Action::ImportCertificate(pair) => {
                self.imports.insert(met(pair));
            }
            Action::TrustRoot(n) => self.server(n).root = true,
            Action::DropImported(pair) => {
                self.imports.remove(&met(pair));
            }
            Action::UploadCertificate(pair, which) => {
                let upload = self.uploads.entry(self.upload_of(pair, which)).or_default();
                upload.coming = true;
            }
            Action::RevokeCertificate(pair, which) => {
                if let Some(upload) = self.uploads.get_mut(&self.upload_of(pair, which)) {
                    upload.going = upload.there;
                }
            }
            Action::StopInstance(n) => self.instances[usize::from(n)] = Some(Power::Stopping),
            Action::StartInstance(n) => self.instances[usize::from(n)] = Some(Power::Starting),
            Action::DeleteInstance(n) => self.instances[usize::from(n)] = Some(Power::Deleting),
            Action::DeleteResourceGroup => self.group = ResourceGroup::Deleting,
            Action::CreateGroup(n, has_database) => {
                self.groups.insert(n, Group { has_database });
            }
            Action::DropGroup(n) => self.drop_group(n),
            Action::AddDatabase(n) => self.set_member(n, true),
            Action::RemoveDatabase(n) => {
                self.leave(n);
                self.set_member(n, false);
            }
            Action::CreateDistributed(pair, from_instance) => {
                let role = if from_instance {
                    Role::Secondary
                } else {
                    Role::Primary
                };
                self.halves.insert(pair, role);
            }
            Action::DropDistributed(pair) => {
                self.halves.remove(&pair);
            }
            Action::Suspend(n, suspended) => {
                if let Some(database) = self.on_server(n) {
                    database.suspended = suspended;
                }
            }
            Action::HadrOff(n) => {
                self.leave(n);
                self.set_member(n, false);
            }
            Action::Failover(pair) => self.close_source(pair),
            Action::ForceFailover(pair) => self.force(pair, Side::Server),
            Action::GiveUp(pair) => {
                self.halves.insert(pair, Role::Secondary);
            }
            Action::CreateLink(pair, from_instance) => self.ask(pair, from_instance),
            Action::DeleteLink(pair) => {
                if let Some(link) = self.links.get_mut(&pair) {
                    link.deleting = true;
                }
            }
            Action::LinkFailover(pair, false) | Action::SetRole(pair, false, false) => {
                self.close_source(pair);
            }
            Action::LinkFailover(pair, true) | Action::SetRole(pair, true, _) => {
                self.force(pair, Side::Instance);
            }
            Action::SetRole(pair, false, true) => {
                self.set_role(pair, Side::Instance, Role::Secondary)
            }
        }
    }

    /// Notes that so many seconds have passed, or a little more.
    pub fn time_passes(&mut self, seconds: u64) {
        self.clock += seconds;
    }

    /// The role of the instance in every link, as the commands say.
    pub fn believed_roles(&self) -> impl Iterator<Item = (Pair, Role)> + '_ {
        self.links.iter().map(|(pair, link)| (*pair, link.role))
    }

    /// The roles of SQL Servers in their distributed groups, as the commands say.
    pub fn believed_halves(&self) -> impl Iterator<Item = (Pair, Role)> + '_ {
        self.halves.iter().map(|(pair, role)| (*pair, *role))
    }

    /// What was committed in every database that takes writes.
    pub fn believed_rows(&self) -> impl Iterator<Item = (Place, u8, &[i64])> + '_ {
        let writable = self
            .databases
            .iter()
            .filter(|((place, n), _)| self.expect_insert(*place, *n) == Expected::Accepted);
        writable.map(|((place, n), database)| (*place, *n, database.history.as_slice()))
    }

    fn create_database(&mut self, place: Place, n: u8) {
        self.lineages += 1;
        let database = Database {
            lineage: self.lineages,
            history: Vec::new(),
            simple: false,
            // The service takes a first backup by itself.
            chain: matches!(place, Place::Instance(_)),
            follows: None,
            made: true,
            stranded: false,
            suspended: false,
            promoted: false,
            readable: true,
        };
        self.databases.insert((place, n), database);
    }

    fn drop_group(&mut self, n: u8) {
        if self
            .groups
            .remove(&n)
            .is_some_and(|group| group.has_database)
        {
            self.leave(n);
        }
    }

    /// A copy on SQL Server that leaves its group is RESTORING from then on.
    fn leave(&mut self, n: u8) {
        let Some(database) = self.on_server(n) else {
            return;
        };
        database.suspended = false;
        if let Some(pair) = database.follows.take() {
            database.stranded = true;
            // A link that has been asked for since then has nothing to do with it.
            if let Some(link) = self.links.get_mut(&pair)
                && link.course != Course::Asked
            {
                link.course = Course::Over;
            }
        }
    }

    fn ask(&mut self, pair: Pair, from_instance: bool) {
        let asked_again = self.links.get(&pair);
        if asked_again.is_some_and(|link| link.course != Course::Over) {
            return;
        }
        let role = if from_instance {
            Role::Primary
        } else {
            Role::Secondary
        };
        let forced = asked_again.is_some_and(|link| link.forced);
        let deleting = asked_again.is_some_and(|link| link.deleting);
        // Asking again for a link that has not failed changes nothing.
        let stands = self.last.links.get(&pair).is_some_and(|seen| !seen.failed);
        let may_connect = stands && asked_again.is_some_and(|link| link.may_connect);
        let link = Link {
            role,
            asked_primary: from_instance,
            may_connect,
            course: Course::Asked,
            forced,
            deleting,
        };
        self.links.insert(pair, link);
    }

    /// A planned failover begins: the source takes no writes until it is over.
    fn close_source(&mut self, pair: Pair) {
        if let Some(Course::Following { source }) = self.links.get(&pair).map(|link| link.course) {
            self.set_role(pair, source, Role::Resolving);
        }
    }

    /// A side becomes primary with what it has.
    fn force(&mut self, pair: Pair, side: Side) {
        self.set_role(pair, side, Role::Primary);
        if side == Side::Server {
            self.stand_alone(pair.database);
        }
        let key = pair.at(side);
        let Some(link) = self.links.get_mut(&pair) else {
            return;
        };
        let follows = Course::Following {
            source: side.other(),
        };
        if link.course == follows
            && let Some(database) = self.databases.get_mut(&key)
        {
            link.course = Course::Split {
                fork: database.history.len(),
            };
            link.forced = true;
            database.follows = None;
            database.suspended = false;
            database.chain = true;
            database.promoted = true;
        }
    }

    /// What no link feeds any more goes on by itself once every group above it on SQL Server is primary.
    fn stand_alone(&mut self, n: u8) {
        let mut halves = self.halves.iter().filter(|(pair, _)| pair.database == n);
        let is_primary = halves.all(|(_, role)| *role == Role::Primary);
        let fed = Course::Following {
            source: Side::Instance,
        };
        let feeds = |pair: Pair| self.links.get(&pair).is_some_and(|link| link.course == fed);
        let key = on_server(n);
        let follows = self.databases.get(&key).and_then(|found| found.follows);
        if follows.is_none_or(feeds) || !is_primary || !self.groups.contains_key(&n) {
            return;
        }
        // One that is on its way back to a common point cannot be started (35253).
        let there = self.databases.get_mut(&key);
        if let Some(database) = there.filter(|found| found.made && found.readable) {
            database.follows = None;
            database.suspended = false;
            database.chain = true;
            database.promoted = true;
        }
    }

    fn set_role(&mut self, pair: Pair, side: Side, role: Role) {
        match side {
            Side::Server => {
                if let Some(half) = self.halves.get_mut(&pair) {
                    *half = role;
                }
            }
            Side::Instance => {
                if let Some(link) = self.links.get_mut(&pair) {
                    link.role = role;
                }
            }
        }
    }

    /// What was committed in the database that another one was copied from, if it had this lineage; it may have been dropped.
    fn origin(&self, key: (Place, u8), lineage: u32) -> Option<&Vec<i64>> {
        let there = self.databases.get(&key);
        let there = there.filter(|origin| origin.lineage == lineage);
        let there = there.map(|origin| &origin.history);
        there.or_else(|| self.dropped.get(&lineage))
    }

    fn role(&self, pair: Pair, side: Side) -> Option<Role> {
        match side {
            Side::Server => self.halves.get(&pair).copied(),
            Side::Instance => self.links.get(&pair).map(|link| link.role),
        }
    }

    fn set_member(&mut self, n: u8, has_database: bool) {
        if let Some(group) = self.groups.get_mut(&n) {
            group.has_database = has_database;
        }
    }

    fn server(&mut self, n: u8) -> &mut Server {
        &mut self.servers[usize::from(n)]
    }

    fn on_server(&mut self, n: u8) -> Option<&mut Database> {
        self.databases.get_mut(&on_server(n))
    }

    /// Whether nothing can come through between two sides: nobody listens on SQL Server, or the network is cut.
    fn is_cut_off(&self, pair: Pair) -> bool {
        let endpoint = self.servers[usize::from(pair.server())].endpoint;
        let cut = |trouble| self.troubles.contains(&(pair.instance, trouble));
        endpoint.is_none_or(|(started, _)| !started)
            || cut(Trouble::Partition)
            || cut(Trouble::ToInstance)
            || cut(Trouble::ToServer)
    }

    /// Whether anything is wrong between an instance and its partners.
    fn is_troubled(&self, instance: u8) -> bool {
        self.troubles.iter().any(|(found, _)| *found == instance)
    }

    /// Whether something keeps an instance and its partners from connecting.
    fn is_kept_apart(&self, instance: u8) -> bool {
        let apart = |trouble: &Trouble| match trouble {
            Trouble::Partition
            | Trouble::ToInstance
            | Trouble::ToServer
            | Trouble::Only5022
            | Trouble::CertificateExpired
            | Trouble::CertificateUnknown => true,
            Trouble::SendLag | Trouble::RedoLag | Trouble::RedoSuspended => false,
        };
        let mut troubles = self.troubles.iter();
        troubles.any(|(found, trouble)| *found == instance && apart(trouble))
    }

    /// Whether everything is there that a link needs to connect for the first time (`Prepare your environment for a link`,
    /// `Configure link with scripts`).
    fn is_prepared(&self, pair: Pair) -> bool {
        let Some(link) = self.links.get(&pair) else {
            return false;
        };
        let server = &self.servers[usize::from(pair.server())];
        let trusts = server.root;
        let complements = match self.halves.get(&pair) {
            Some(Role::Primary) => link.role == Role::Secondary,
            Some(Role::Secondary) => link.role == Role::Primary,
            Some(Role::Resolving) | None => false,
        };
        let (version, policy) = self.versions(pair);
        let formats = if link.asked_primary {
            can_return(version, policy)
        } else {
            may_replicate(version, policy)
        };
        let group = self.groups.get(&pair.database);
        let grounds = group.is_some_and(|group| link.asked_primary || group.has_database);
        self.can_meet(pair) && trusts && complements && formats && grounds
    }

    /// Whether the sides can shake hands as far as it depends on what they know of each other, and nothing is between them.
    /// A link that was connected before needs no root any more.
    fn can_meet(&self, pair: Pair) -> bool {
        let server = &self.servers[usize::from(pair.server())];
        let knows = |number| {
            let upload = self.uploads.get(&(met(pair), number));
            upload.is_some_and(|upload| upload.there || upload.coming)
        };
        let trusted = server
            .endpoint
            .is_some_and(|(started, number)| started && knows(number));
        trusted && self.imports.contains(&met(pair)) && !self.is_kept_apart(pair.instance)
    }

    /// The partner certificate that a request means.
    fn upload_of(&self, pair: Pair, which: Certificate) -> ((u8, u8), u32) {
        let server = &self.servers[usize::from(pair.server())];
        (met(pair), server.own[which as usize].number)
    }

    fn versions(&self, pair: Pair) -> (crate::topology::Version, crate::topology::Policy) {
        let version = self.plan.servers[usize::from(pair.server())];
        (version, self.plan.instances[usize::from(pair.instance)])
    }

    /// The links that name a database.
    fn links_of(&self, n: u8) -> impl Iterator<Item = (&Pair, &Link)> {
        self.links
            .iter()
            .filter(move |(pair, _)| pair.database == n)
    }
}

/// Who knows whom: a server and an instance, whichever of the server's databases it is about.
const fn met(pair: Pair) -> (u8, u8) {
    (pair.server(), pair.instance)
}

/// A database on its SQL Server.
const fn on_server(n: u8) -> (Place, u8) {
    (Place::Server(server_of(n)), n)
}
