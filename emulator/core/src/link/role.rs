//! Roles: which side of a link is primary, and what that means for using its databases.
//!
//! Each instance's half of the distributed group says the role that this instance believes it has. `Link::role` says
//! which way the data flows; the two only part while roles change, or after a forced failover.

use std::sync::Arc;

use super::{Link, LinkId, LinkRole, Phase, several};
use crate::availability_group::Role;
use crate::database::{Database, DatabaseState};
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::Instance;
use crate::refusal::DatabaseRefusal;
use crate::world::World;

impl Instance {
    /// The role that counts for using a database: its own group may call itself primary on a forwarder too, so the
    /// distributed groups above it decide. None if it is in no group.
    pub fn role_of(&self, database: &Database) -> Option<Role> {
        let local = database
            .group
            .and_then(|(group, _)| self.groups.get(&group));
        let mut role = local
            .and_then(|group| group.as_local())
            .map(|group| group.role);
        if let Some(local) = local {
            let above = self
                .groups
                .values()
                .filter_map(|group| group.as_distributed());
            for pair in above.filter(|pair| pair.local().group == local.name) {
                role = match (pair.role, role) {
                    (Role::Resolving, _) | (_, Some(Role::Resolving)) => Some(Role::Resolving),
                    (Role::Secondary, _) => Some(Role::Secondary),
                    (Role::Primary, role) => role,
                };
            }
        }
        match role.map(|role| self.shown_role(role)) {
            Some(Role::Resolving) => Some(Role::Resolving),
            _ if database.is_secondary() => Some(Role::Secondary),
            role => role,
        }
    }

    /// Whether the rows of a database can be read now.
    ///
    /// # Errors
    ///
    /// Its state, or that its role is changing.
    pub fn check_readable(&self, database: &Database) -> Result<(), DatabaseRefusal> {
        let name = database.name.to_string();
        match database.state {
            DatabaseState::Online | DatabaseState::Emergency => {}
            DatabaseState::Restoring => return Err(DatabaseRefusal::Restoring { name }),
            DatabaseState::Recovering | DatabaseState::RecoveryPending | DatabaseState::Suspect => {
                return Err(DatabaseRefusal::Recovering { name });
            }
            DatabaseState::Offline => return Err(DatabaseRefusal::Offline { name }),
        }
        match self.role_of(database) {
            Some(Role::Resolving) => Err(DatabaseRefusal::RoleChanging { name }),
            _ => Ok(()),
        }
    }

    /// Whether statements may write to a database now.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, or that it is read-only or a secondary.
    pub fn check_writable(&self, database: &Database) -> Result<(), DatabaseRefusal> {
        self.check_readable(database)?;
        if database.read_only || self.role_of(database) == Some(Role::Secondary) {
            let name = database.name.to_string();
            return Err(DatabaseRefusal::ReadOnly { name });
        }
        Ok(())
    }
}

impl Phase {
    /// The secondary database, once there is one that can be read.
    pub fn target(&self) -> Option<DatabaseId> {
        match self {
            Self::Recovering { target }
            | Self::CatchUp { target }
            | Self::Synchronizing { target }
            | Self::FailingOver { target }
            | Self::Yielded { target }
            | Self::Reverting { target } => Some(*target),
            Self::Initiating
            | Self::Connected
            | Self::Seeding
            | Self::Diverged
            | Self::Failed { .. } => None,
        }
    }

    /// The same with another secondary database, if there is one.
    pub(super) fn with_target(mut self, other: DatabaseId) -> Self {
        match &mut self {
            Self::Recovering { target }
            | Self::CatchUp { target }
            | Self::Synchronizing { target }
            | Self::FailingOver { target }
            | Self::Yielded { target }
            | Self::Reverting { target } => *target = other,
            Self::Initiating
            | Self::Connected
            | Self::Seeding
            | Self::Diverged
            | Self::Failed { .. } => {}
        }
        self
    }

    /// Whether the log is being sent to the secondary.
    pub fn is_replicating(&self) -> bool {
        matches!(
            self,
            Self::CatchUp { .. }
                | Self::Synchronizing { .. }
                | Self::FailingOver { .. }
                | Self::Yielded { .. }
        )
    }
}

impl Link {
    /// The role that one of the link's two instances believes it has; none if it has no half of the link.
    pub fn role_on(&self, world: &World, instance: InstanceId) -> Option<Role> {
        let group = world.instance(instance)?.group(self.id.name.as_str())?;
        group.as_distributed().map(|pair| pair.role)
    }

    /// The role of the managed instance as ARM tells it: what it was while it changes.
    pub fn instance_role(&self, world: &World) -> LinkRole {
        match self.role_on(world, self.id.instance) {
            Some(Role::Primary) => LinkRole::Primary,
            Some(Role::Secondary) => LinkRole::Secondary,
            Some(Role::Resolving) | None => self.role,
        }
    }

    /// Whether an instance of the link is the one that the data comes from.
    pub(super) fn is_source(&self, instance: InstanceId) -> bool {
        (instance == self.id.instance) == (self.role == LinkRole::Primary)
    }
}

/// Which instance the data comes from, and which it goes to.
pub(crate) fn direction(link: &Link) -> Option<(InstanceId, InstanceId)> {
    let partner = link.partner?;
    Some(match link.role {
        LinkRole::Secondary => (partner, link.id.instance),
        LinkRole::Primary => (link.id.instance, partner),
    })
}

/// The database that is replicated and the one that follows it, as instance and database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) source: (InstanceId, DatabaseId),
    pub(crate) target: (InstanceId, DatabaseId),
}

impl Flow {
    /// Both of them.
    pub(crate) fn sides(&self) -> [(InstanceId, DatabaseId); 2] {
        [self.source, self.target]
    }
}

/// What flows where, once there is a secondary.
pub(crate) fn flow(world: &World, link: &Link) -> Option<Flow> {
    let (_, instance) = direction(link)?;
    let target = link.phase.target()?;
    let copy = world.instance(instance)?.databases.get(&target)?;
    Some(Flow {
        source: copy.copy.as_ref()?.source,
        target: (instance, target),
    })
}

/// Lets the data flow from `instance` from now on.
pub(super) fn turn(world: &mut World, id: &LinkId, source: InstanceId) {
    let role = if source == id.instance {
        LinkRole::Primary
    } else {
        LinkRole::Secondary
    };
    // A database that is only about to be replicated goes the way of the others.
    for other in several::beginning(world, id) {
        if let Some(link) = world.link_mut(&other) {
            link.role = role;
        }
    }
    if let Some(link) = world.link_mut(id) {
        link.role = role;
    }
}

/// Changes the role in an instance's half of a distributed group, and says so in the journal and the error log.
pub(super) fn set(world: &mut World, instance: InstanceId, group: &str, role: Role) {
    let now = world.now();
    if world.instance(instance).is_none() {
        return;
    }
    let server = world.instance_mut(instance);
    let Some(found) = server.group(group).map(|group| group.id) else {
        return;
    };
    let group = Arc::make_mut(server.groups.get_mut(&found).expect("found a moment ago"));
    let name = group.name.to_string();
    let Some(pair) = group.as_distributed_mut() else {
        return;
    };
    if pair.role == role {
        return;
    }
    // Message 19406 of the error log.
    let line = format!(
        "The state of the local availability replica in availability group '{name}' has changed from '{}' to '{}'.",
        word(pair.role),
        word(role)
    );
    pair.role = role;
    group.sequence += 1;
    server.log(now, line);
    let instance = server.name.to_string();
    world.record(EventKind::RoleChanged {
        instance,
        group: name,
        role: word(role),
    });
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::Resolving => "RESOLVING",
        Role::Primary => "PRIMARY",
        Role::Secondary => "SECONDARY",
    }
}
