//! What must come of an action: accepted, refused, or whichever the documentation leaves open.

use super::versions::{can_return, fails_over_by_statement};
use super::{Course, Reference, met, on_server};
use crate::action::{Action, BackupKind, Certificate, Pair, Place, Side, server_of};
use crate::observation::{Power, ResourceGroup, Role};

/// What must come of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing stands in its way.
    Accepted,
    /// It must be refused, for this reason.
    Refused(&'static str),
    /// The documentation does not say, or it depends on what cannot be seen.
    Either,
}

impl Expected {
    /// Whether an action may have been accepted, or refused.
    pub const fn allows(self, accepted: bool) -> bool {
        match self {
            Self::Accepted => accepted,
            Self::Refused(_) => !accepted,
            Self::Either => true,
        }
    }
}

use Expected::{Accepted, Either, Refused};

impl Reference {
    /// What must come of an action that is about to be done.
    pub fn expect(&self, action: &Action) -> Expected {
        let expected = match self.plan.is_loose() {
            true => self.expect_of_several(action),
            false => self.expect_at_work(action),
        };
        let expected = match self.expect_of_instance(action) {
            Accepted => expected,
            refused @ Refused(_) => refused,
            Either if expected == Accepted => Either,
            Either => expected,
        };
        match expected {
            // Until the groups of a server are online, what stands on them waits.
            Accepted if !self.last.starting.is_empty() => Either,
            expected => expected,
        }
    }

    pub(super) fn expect_at_work(&self, action: &Action) -> Expected {
        match *action {
            Action::Advance(_) | Action::Heal | Action::Restart(_) => Accepted,
            // There may be too many.
            Action::Fault(..) => Either,
            Action::Insert(place, n) => self.expect_insert(place, n),
            Action::CreateDatabase(place, n) => self.expect_create_database(place, n),
            Action::DropDatabase(place, n) => self.expect_drop_database(place, n),
            Action::Backup(n, kind) => self.expect_backup(n, kind),
            Action::Recovery(n, simple) => self.expect_recovery(n, simple),
            Action::CreateCertificate(n, which) if self.own(n, which).there => {
                Refused("the certificate is there (15232)")
            }
            Action::DropCertificate(n, which) => self.expect_drop_certificate(n, which),
            Action::CreateEndpoint(n) => match &self.of(n).endpoint {
                Some(_) => Refused("there is a mirroring endpoint already (7862)"),
                None if !self.own(n, Certificate::First).there => {
                    Refused("the certificate is missing (15151)")
                }
                None => Accepted,
            },
            Action::AuthenticateBy(n, which) => match &self.of(n).endpoint {
                None => Refused("there is no endpoint"),
                Some(_) if !self.own(n, which).there => {
                    Refused("the certificate is missing (15151)")
                }
                Some(_) => Accepted,
            },
            Action::TurnEndpoint(n, _) | Action::DropEndpoint(n) => match &self.of(n).endpoint {
                None => Refused("there is no endpoint"),
                Some(_) => Accepted,
            },
            Action::ImportCertificate(pair) if self.imports.contains(&met(pair)) => {
                Refused("the certificate is imported already (15232)")
            }
            Action::DropImported(pair) if !self.imports.contains(&met(pair)) => {
                Refused("there is no such certificate (15151)")
            }
            Action::TrustRoot(n) if self.of(n).root => Refused("the root is there already (15232)"),
            Action::CreateCertificate(..)
            | Action::ImportCertificate(_)
            | Action::DropImported(_)
            | Action::TrustRoot(_) => Accepted,
            Action::UploadCertificate(pair, which) => self.expect_upload(pair, which),
            // What is not there is deleted already.
            Action::RevokeCertificate(..) => Accepted,
            Action::StopInstance(n) => self.expect_stop(n),
            Action::StartInstance(n) => self.expect_start(n),
            Action::DeleteInstance(n) => self.expect_delete(n),
            Action::DeleteResourceGroup => match self.group {
                ResourceGroup::Gone => Refused("there is no such group"),
                ResourceGroup::There | ResourceGroup::Deleting => Accepted,
            },
            Action::CreateGroup(n, with) => self.expect_create_group(n, with),
            Action::DropGroup(n) => match self.groups.get(&n) {
                None => Refused("there is no such group"),
                Some(_) if self.is_under_distributed(n) => Refused("a distributed group uses it"),
                Some(_) => Accepted,
            },
            Action::GrantCreate(n) => match self.groups.get(&n) {
                None => Refused("there is no such group (15151)"),
                Some(_) => Accepted,
            },
            Action::AddDatabase(n) => self.expect_add_database(n),
            Action::RemoveDatabase(n) => match self.groups.get(&n) {
                None => Refused("there is no such group"),
                Some(group) if !group.has_database => Refused("it is not in the group"),
                Some(_) if self.is_under_distributed(n) => Refused("a link replicates it (47520)"),
                Some(_) => Accepted,
            },
            Action::CreateDistributed(pair, from) => self.expect_create_distributed(pair, from),
            Action::DropDistributed(pair) | Action::CommitMode(pair, _) => {
                match self.halves.get(&pair) {
                    None => Refused("there is no such distributed group"),
                    Some(_) => match action {
                        Action::DropDistributed(_) => Accepted,
                        _ => Either,
                    },
                }
            }
            Action::Suspend(n, _) if !self.is_joined(n) => Refused("it is not joined (35242)"),
            Action::Suspend(..) => Accepted,
            Action::HadrOff(n) => match self.databases.get(&on_server(n)) {
                Some(database) if database.follows.is_some() => Accepted,
                _ => Refused("it is no secondary database"),
            },
            Action::Failover(pair) => self.expect_failover(pair),
            Action::ForceFailover(pair) => match self.halves.get(&pair) {
                None => Refused("there is no such distributed group"),
                Some(Role::Primary) => Refused("it is primary already (41122)"),
                Some(_) => self.expect_forced(pair, Side::Server),
            },
            Action::GiveUp(pair) => match self.halves.get(&pair) {
                None => Refused("there is no such distributed group"),
                Some(Role::Secondary) => Refused("it is secondary already"),
                Some(Role::Resolving) => Refused("its role is changing"),
                Some(Role::Primary) => Either,
            },
            Action::CreateLink(pair, from) => self.expect_create_link(pair, from),
            Action::UpdateLink(pair, _) => match self.links.get(&pair) {
                None => Refused("there is no such link"),
                Some(_) => Either,
            },
            Action::DeleteLink(_) => Either,
            Action::LinkDatabases(..) => Refused("it has one database"),
            Action::Replica(..) | Action::Distributed(..) => Refused("there are no replicas"),
            Action::LinkFailover(pair, forced) => match self.links.get(&pair).map(|link| link.role)
            {
                None => Refused("there is no such link"),
                Some(Role::Primary) if forced => Refused("the instance is primary (41965)"),
                Some(_) if forced => self.expect_forced(pair, Side::Instance),
                Some(Role::Secondary) => Refused("planned changes start at the primary (41970)"),
                Some(_) => self.expect_planned(pair, Side::Instance),
            },
            Action::SetRole(pair, primary, forced) => {
                match (self.links.get(&pair).map(|link| link.role), primary) {
                    (None, _) => Refused("there is no such link"),
                    (Some(Role::Primary), true) | (Some(Role::Secondary), false) => {
                        Refused("it has the role (41965)")
                    }
                    (_, true) if !forced => Refused("planned changes start at the primary (41970)"),
                    (_, true) => self.expect_forced(pair, Side::Instance),
                    (_, false) if forced => Either,
                    (_, false) => self.expect_planned(pair, Side::Instance),
                }
            }
        }
    }

    /// Whether a write to a database is taken, as the roles say.
    pub(super) fn expect_insert(&self, place: Place, n: u8) -> Expected {
        let Some(database) = self.databases.get(&(place, n)) else {
            return Refused("there is no such database");
        };
        if database.stranded || !database.made {
            return Refused("the database is being restored (927)");
        }
        if self.last.starting.contains(&place) {
            return Either;
        }
        if let Place::Instance(instance) = place {
            match self.instances[usize::from(instance)] {
                Some(Power::Ready) => {}
                Some(Power::Stopped) => return Refused("its service is stopped"),
                _ => return Either,
            }
        }
        let role = match place {
            Place::Server(_) if self.has_group(n) => {
                let halves = self.halves.iter().filter(|(pair, _)| pair.database == n);
                worst(halves.map(|(_, role)| *role))
            }
            Place::Server(_) => Role::Primary,
            Place::Instance(instance) => {
                let link = self.links.get(&Pair {
                    database: n,
                    instance,
                });
                // The link that was asked for has not come to this database; whether it may be written is nobody's word.
                if link.is_some_and(|link| matches!(link.course, Course::Asked | Course::Over)) {
                    return Either;
                }
                link.map_or(Role::Primary, |link| link.role)
            }
        };
        match role {
            Role::Resolving => Refused("its role is changing (983)"),
            Role::Secondary => Refused("it is a secondary (3906)"),
            Role::Primary if database.follows.is_some() => Refused("it is a secondary (3906)"),
            Role::Primary => Accepted,
        }
    }

    fn expect_create_database(&self, place: Place, n: u8) -> Expected {
        if self.databases.contains_key(&(place, n)) {
            return Refused("the database exists (1801)");
        }
        match place {
            Place::Server(_) => Accepted,
            // A link that is being made may have something to say.
            Place::Instance(instance) => match self.links.get(&Pair {
                database: n,
                instance,
            }) {
                None => Accepted,
                Some(_) => Either,
            },
        }
    }

    fn expect_drop_database(&self, place: Place, n: u8) -> Expected {
        let Some(database) = self.databases.get(&(place, n)) else {
            return Refused("there is no such database (3701)");
        };
        if database.follows.is_some() {
            return Refused("it is a secondary database (3752)");
        }
        match place {
            Place::Server(_) if self.is_joined(n) => Refused("it is in a group (3752)"),
            Place::Server(_) => Accepted,
            Place::Instance(instance) => {
                let link = self.links.get(&Pair {
                    database: n,
                    instance,
                });
                match link.map(|link| link.course) {
                    None => Accepted,
                    Some(Course::Following { .. } | Course::Split { .. }) => {
                        Refused("it is in a link (3752)")
                    }
                    Some(Course::Asked | Course::Over) => Either,
                }
            }
        }
    }

    fn expect_backup(&self, n: u8, kind: BackupKind) -> Expected {
        let Some(database) = self.databases.get(&on_server(n)) else {
            return Refused("there is no such database (911)");
        };
        let joined = self.is_joined(n);
        let halves = self.halves.iter().filter(|(pair, _)| pair.database == n);
        let role = worst(halves.map(|(_, role)| *role));
        let secondary = database.follows.is_some() || joined && role == Role::Secondary;
        match kind {
            BackupKind::Full if secondary && !database.stranded => {
                Refused("a secondary is backed up copy-only (3059)")
            }
            _ if database.stranded || !database.made => Refused("it is being restored (927)"),
            _ if secondary || joined && role == Role::Resolving => Either,
            BackupKind::Log if database.simple => Refused("it is in simple recovery (4208)"),
            BackupKind::Log if !database.chain => Refused("there is no full backup (4214)"),
            _ => Accepted,
        }
    }

    fn expect_recovery(&self, n: u8, simple: bool) -> Expected {
        match self.databases.get(&on_server(n)) {
            None => Refused("there is no such database"),
            Some(database) if simple && (self.is_joined(n) || database.follows.is_some()) => {
                Refused("it is in a group (1468)")
            }
            Some(database) if database.stranded || !database.made => Either,
            Some(database) if database.follows.is_some() => Either,
            Some(_) => Accepted,
        }
    }

    fn expect_drop_certificate(&self, n: u8, which: Certificate) -> Expected {
        let own = self.own(n, which);
        match self.of(n).endpoint {
            _ if !own.there => Refused("there is no such certificate (15151)"),
            Some((_, number)) if number == own.number => Refused("the endpoint uses it (15352)"),
            _ => Accepted,
        }
    }

    fn expect_upload(&self, pair: Pair, which: Certificate) -> Expected {
        if !self.own(pair.server(), which).there {
            return Refused("there is no certificate to upload");
        }
        match self.uploads.contains_key(&self.upload_of(pair, which)) {
            true => Either,
            false => Accepted,
        }
    }

    fn expect_create_group(&self, n: u8, with: bool) -> Expected {
        if self.groups.contains_key(&n) {
            return Refused("the name is taken (41042)");
        }
        if self.of(server_of(n)).endpoint.is_none() {
            return Refused("there is no endpoint");
        }
        match with {
            true => self.expect_eligible(n),
            false => Accepted,
        }
    }

    fn expect_add_database(&self, n: u8) -> Expected {
        match self.groups.get(&n) {
            None => Refused("there is no such group"),
            Some(group) if group.has_database => Refused("the group has its database (35280)"),
            // Whether a group may get its database while a distributed one stands on it is nobody's word.
            Some(_) => match self.expect_eligible(n) {
                Accepted if self.is_under_distributed(n) => Either,
                expected => expected,
            },
        }
    }

    /// Whether a database may enter a group.
    fn expect_eligible(&self, n: u8) -> Expected {
        match self.databases.get(&on_server(n)) {
            None => Refused("there is no such database (35238)"),
            Some(database) if database.simple => Refused("it is not in full recovery (1465)"),
            Some(database) if database.follows.is_some() => Refused("it is a secondary database"),
            Some(database) if database.stranded || !database.made => {
                Refused("it is being restored (927)")
            }
            Some(database) if !database.chain => Refused("it has no full backup (1475)"),
            Some(_) => Accepted,
        }
    }

    fn expect_create_distributed(&self, pair: Pair, from_instance: bool) -> Expected {
        match self.groups.get(&pair.database) {
            _ if self.halves.contains_key(&pair) => Refused("the name is taken (41042)"),
            None => Refused("the local group is missing (15151)"),
            Some(group) if !group.has_database && !from_instance => {
                Refused("the group has no database (47519)")
            }
            Some(group) if from_instance == group.has_database => Either,
            Some(_) => Accepted,
        }
    }

    fn expect_create_link(&self, pair: Pair, from_instance: bool) -> Expected {
        if self.links.contains_key(&pair) {
            return Either;
        }
        let there = self.databases.contains_key(&pair.at(Side::Instance));
        let (version, policy) = self.versions(pair);
        let shared = self.links_of(pair.database).next().is_some();
        match (from_instance, there) {
            (false, true) => Refused("the database exists on the instance (RemoteDatabaseExists)"),
            (true, false) => Refused("there is no such database on the instance"),
            _ if !shared && can_return(version, policy) => Accepted,
            _ => Either,
        }
    }

    fn expect_failover(&self, pair: Pair) -> Expected {
        let (version, _) = self.versions(pair);
        match self.halves.get(&pair) {
            None => Refused("there is no such distributed group"),
            Some(_) if !fails_over_by_statement(version) => {
                Refused("this version fails links over by force only")
            }
            Some(Role::Secondary) => Refused("it runs on the primary (47517)"),
            Some(Role::Resolving) => Refused("a failover is running (47513)"),
            Some(Role::Primary) => self.expect_planned(pair, Side::Server),
        }
    }

    /// A planned failover away from `source`.
    fn expect_planned(&self, pair: Pair, source: Side) -> Expected {
        let (version, policy) = self.versions(pair);
        let link = self.links.get(&pair);
        match link.map(|link| link.course) {
            Some(Course::Following { source: found }) if found == source => {}
            _ => return Refused("nothing follows it"),
        }
        if self.role(pair, source) != Some(Role::Primary) {
            return Refused("it is not primary");
        }
        if !can_return(version, policy) {
            return Refused("the formats differ (41988)");
        }
        let seen = self.last.links.get(&pair);
        let in_step = seen.is_some_and(|seen| seen.in_step);
        let suspended = self.is_suspended(pair);
        let halves = self
            .halves
            .keys()
            .filter(|half| half.database == pair.database);
        let alone = self.links_of(pair.database).count() == 1 && halves.count() == 1;
        let deleting = link.is_some_and(|link| link.deleting);
        let still = self.is_still(pair) || self.is_troubled(pair.instance);
        match in_step && !suspended && alone && !deleting && !still {
            true => Accepted,
            false => Either,
        }
    }

    /// A forced failover to `target`.
    fn expect_forced(&self, pair: Pair, target: Side) -> Expected {
        let (version, policy) = self.versions(pair);
        let Some(link) = self.links.get(&pair) else {
            return Either;
        };
        if self.role(pair, target) == Some(Role::Resolving) {
            return Refused("its role is changing");
        }
        let source = target.other();
        let copy = self.databases.get(&pair.at(target));
        match link.course {
            Course::Following { source: found } if found == source => {
                if !can_return(version, policy) {
                    return Refused("the link goes one way (41985)");
                }
                match copy {
                    Some(copy) if !copy.made => Refused("the copy is not there yet"),
                    _ => Either,
                }
            }
            Course::Asked if target == Side::Instance => Refused("there is no copy yet"),
            _ => Either,
        }
    }

    fn own(&self, n: u8, which: Certificate) -> super::Own {
        self.of(n).own[which as usize]
    }

    fn of(&self, n: u8) -> &super::Server {
        &self.servers[usize::from(n)]
    }

    fn is_joined(&self, n: u8) -> bool {
        let there = self.databases.contains_key(&on_server(n));
        there && self.has_group(n)
    }

    /// Whether a database's group has it.
    fn has_group(&self, n: u8) -> bool {
        self.groups.get(&n).is_some_and(|group| group.has_database)
    }

    fn is_under_distributed(&self, n: u8) -> bool {
        self.halves.keys().any(|pair| pair.database == n)
    }

    pub(super) fn is_suspended(&self, pair: Pair) -> bool {
        [Side::Server, Side::Instance].into_iter().any(|side| {
            let database = self.databases.get(&pair.at(side));
            database.is_some_and(|database| database.suspended)
        })
    }
}

/// The role that counts where several groups stand above a database.
fn worst(roles: impl Iterator<Item = Role>) -> Role {
    roles.fold(Role::Primary, |worst, role| match (worst, role) {
        (Role::Resolving, _) | (_, Role::Resolving) => Role::Resolving,
        (Role::Secondary, _) | (_, Role::Secondary) => Role::Secondary,
        (Role::Primary, Role::Primary) => Role::Primary,
    })
}
