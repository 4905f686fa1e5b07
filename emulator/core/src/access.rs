//! Who may use a database of an availability group: ALLOW_CONNECTIONS of the replica's role, and the client's intent.

use crate::availability_group::{LocalGroup, Replica, Role, SecondaryConnections};
use crate::database::Database;
use crate::instance::Instance;
use crate::refusal::DatabaseRefusal;

impl Instance {
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

    /// Whether a client that reads, and came by the name of the group's listener, is served: a primary with a routing
    /// list sends it on, and here there is nobody else to go on to.
    ///
    /// # Errors
    ///
    /// No replica of the list can be reached.
    pub fn check_routing(&self, database: &Database, host: &str) -> Result<(), DatabaseRefusal> {
        let routed = |local: &LocalGroup| {
            let listener = local.listener.as_ref();
            listener.is_some_and(|listener| listener.answers_to(host))
        };
        let local = self.local_group_of(database).filter(|local| routed(local));
        let (Some(_), Some(replica)) = (local, self.replica_of(database)) else {
            return Ok(());
        };
        let list = &replica.read_only_routing_list;
        let stays = list.iter().flatten().any(|to| *to == replica.server_name);
        if self.role_of(database) != Some(Role::Primary) || list.is_empty() || stays {
            return Ok(());
        }
        let name = database.name.to_string();
        Err(DatabaseRefusal::NoReadableReplica { name })
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
