//! Who may use a database of an availability group: ALLOW_CONNECTIONS of the replica's role, and the client's intent.

use std::sync::Arc;

use crate::availability_group::{LocalGroup, Replica, Role, SecondaryConnections};
use crate::database::Database;
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::principal::{Login, LoginKind};
use crate::refusal::DatabaseRefusal;
use crate::replica::set_of;
use crate::world::World;

/// Why name and password are not accepted: what the error log shows. Clients are told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum LoginFailure {
    UnknownLogin,
    Disabled,
    WrongPassword,
    TokensOnly,
}

impl LoginFailure {
    /// State and reason, as the error log has them.
    pub const fn told(self) -> (u8, &'static str) {
        match self {
            Self::UnknownLogin => (5, "Could not find a login matching the name provided."),
            Self::Disabled => (
                7,
                "An error occurred while evaluating the password. Account is disabled.",
            ),
            Self::WrongPassword => (8, "Password did not match that for the login provided."),
            Self::TokensOnly => (1, "Azure Active Directory only authentication is enabled."),
        }
    }
}

impl Instance {
    /// The login of a name, if the password is its.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub fn check_password(&self, name: &str, password: &str) -> Result<&Arc<Login>, LoginFailure> {
        let managed = self.as_managed_instance();
        let administrator = managed.and_then(|managed| managed.properties.administrator.as_ref());
        if administrator.is_some_and(|administrator| administrator.entra_only) {
            return Err(LoginFailure::TokensOnly);
        }
        let login = self.login(name).ok_or(LoginFailure::UnknownLogin)?;
        let LoginKind::Sql { password: own } = &login.kind else {
            return Err(LoginFailure::UnknownLogin);
        };
        // The password is judged first: a disabled login tells nothing to who does not know it.
        if **own != *password {
            return Err(LoginFailure::WrongPassword);
        }
        match login.disabled {
            true => Err(LoginFailure::Disabled),
            false => Ok(login),
        }
    }

    /// Whether a client may use a database now, by the settings of its replica (`link-lifecycle.md` section 3.11). On
    /// the forwarder of a distributed group it is the secondary role's.
    ///
    /// # Errors
    ///
    /// What the role does not allow.
    pub fn check_connection(
        &self,
        database: &Database,
        read_only_intent: bool,
    ) -> Result<(), DatabaseRefusal> {
        let Some(replica) = self.replica_of(database) else {
            return Ok(());
        };
        let name = database.name.to_string();
        match (self.role_of(database), replica.secondary_connections) {
            (Some(Role::Secondary), SecondaryConnections::No) => {
                Err(DatabaseRefusal::SecondaryNotReadable { name })
            }
            (Some(Role::Secondary), SecondaryConnections::ReadOnly) if !read_only_intent => {
                Err(DatabaseRefusal::ReadIntentNeeded { name })
            }
            (Some(Role::Primary), _) if replica.primary_read_write_only && read_only_intent => {
                Err(DatabaseRefusal::ReadIntentRefused { name })
            }
            _ => Ok(()),
        }
    }

    /// The replica of this instance in the group of a database.
    fn replica_of(&self, database: &Database) -> Option<&Replica> {
        let local = self.local_group_of(database)?;
        let server = self.server_name();
        let mut replicas = local.replicas.iter();
        replicas.find(|replica| replica.server_name.is(&server))
    }

    fn local_group_of(&self, database: &Database) -> Option<&LocalGroup> {
        let (group, _) = database.group?;
        self.groups.get(&group)?.as_local()
    }
}

impl World {
    /// Where the primary sends a client that only reads and came by the listener of its group: to the first replica of its
    /// routing list that can be read (page "Configure read-only routing"; that equal servers of a list are not taken in turn is
    /// a guess). It stays if there is no list. The primary itself is a target if it is in its own list and its role lets readers
    /// in.
    ///
    /// # Errors
    ///
    /// No replica of the list can be read.
    pub fn route_reader(
        &self,
        instance: &Instance,
        database: &Database,
        host: &str,
    ) -> Result<Option<ListenerUrl>, DatabaseRefusal> {
        let came_by = |local: &&LocalGroup| {
            let listener = local.listener.as_ref();
            listener.is_some_and(|listener| listener.answers_to(host))
        };
        let local = instance.local_group_of(database).filter(came_by);
        let (Some(_), Some(own)) = (local, instance.replica_of(database)) else {
            return Ok(None);
        };
        let list = &own.read_only_routing_list;
        if instance.role_of(database) != Some(Role::Primary) || list.is_empty() {
            return Ok(None);
        }
        let member = database.group;
        let set = member.and_then(|(group, _)| set_of(self, instance.id, group));
        let target = |server: &Name| {
            if *server == own.server_name {
                let url = own.read_only_routing_url.as_ref();
                return url
                    .filter(|_| !own.primary_read_write_only)
                    .and_then(|url| ListenerUrl::parse(url));
            }
            self.reader_at(set?, member?.1, server.as_str())
        };
        let found = list.iter().flatten().find_map(target);
        found
            .map(Some)
            .ok_or_else(|| DatabaseRefusal::NoReadableReplica {
                name: database.name.to_string(),
            })
    }
}
