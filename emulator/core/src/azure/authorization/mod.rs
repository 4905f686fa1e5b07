//! Who may do what: principals, roles, and the assignments that bring them together at a scope; and locks, which say
//! what nobody may do.
//!
//! Whoever owns the subscription is not written down here: the shell knows its own principal and does not ask.

mod built_in;
pub(crate) mod laws;
mod lock;
mod pattern;
mod requests;
mod scope;

use std::sync::Arc;

use imbl::OrdMap;
use uuid::Uuid;

use super::deployment::Secret;
use crate::ids::InstanceId;
use crate::names::Name;
use crate::time::Timestamp;
use crate::world::World;

pub use built_in::BUILT_IN;
pub use lock::{Lock, LockLevel, Locked, RemoveLock, WriteLock};
pub use requests::{
    AddPrincipal, AssignRole, DefineRole, RemoveAssignment, RemoveDefinition, RemovePrincipal,
};
pub use scope::Scope;

/// Principals, roles and assignments of a subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Authorization {
    /// Service principals besides the one that owns everything, by their object ids.
    pub principals: OrdMap<Uuid, Arc<Principal>>,
    /// Roles of the subscription's own.
    pub definitions: OrdMap<Uuid, Arc<RoleDefinition>>,
    /// Assignments, by their names.
    pub assignments: OrdMap<Uuid, Arc<RoleAssignment>>,
    /// Management locks, by what they are on and their names.
    pub locks: OrdMap<(Scope, Name), Arc<Lock>>,
}

/// A service principal.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// Its object id, which assignments name.
    pub object_id: Uuid,
    /// The application's id, which clients log in with.
    pub application: Uuid,
    /// A name for people.
    pub name: String,
    /// What it logs in with.
    pub secret: Secret,
}

/// A role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleDefinition {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it lets one do.
    pub permissions: Vec<Permission>,
    /// Where it may be assigned.
    pub assignable: Vec<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// Patterns of actions: all of the first kind that are not of the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// What is let.
    pub actions: Vec<String>,
    /// What is not let after all.
    pub not_actions: Vec<String>,
    /// Of data: kept, and never asked for here.
    pub data_actions: Vec<String>,
    /// The same.
    pub not_data_actions: Vec<String>,
}

/// A role that Azure brings along.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInRole {
    /// Its id, the same everywhere.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it lets one do.
    pub actions: &'static [&'static str],
    /// And what not after all.
    pub not_actions: &'static [&'static str],
}

/// A role at a scope, for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleAssignment {
    /// Its name.
    pub name: Uuid,
    /// From where on downwards it counts.
    pub scope: Scope,
    /// The object id of whom it is for.
    pub principal: Uuid,
    /// What they are, such as `ServicePrincipal`.
    pub principal_type: String,
    /// The role's id.
    pub role: Uuid,
    /// A remark.
    pub description: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created: Timestamp,
}

impl Authorization {
    /// Whether it keeps everything where the other one does: then nothing differs.
    pub(in crate::azure) fn shares_all(&self, other: &Self) -> bool {
        self.principals.ptr_eq(&other.principals)
            && self.definitions.ptr_eq(&other.definitions)
            && self.assignments.ptr_eq(&other.assignments)
            && self.locks.ptr_eq(&other.locks)
    }

    /// Whether a principal may do something there, by any of its roles. Roles add up; nothing takes away.
    pub fn allows(&self, principal: Uuid, action: &str, scope: &str) -> bool {
        self.of(principal)
            .any(|assignment| assignment.scope.holds(scope) && self.lets(assignment.role, action))
    }

    /// The assignments of a principal.
    pub fn of(&self, principal: Uuid) -> impl Iterator<Item = &RoleAssignment> {
        let all = self.assignments.values().map(|found| &**found);
        all.filter(move |assignment| assignment.principal == principal)
    }

    /// Whether there is a role of this id.
    pub fn has_role(&self, id: Uuid) -> bool {
        self.definitions.contains_key(&id) || built_in::find(id).is_some()
    }

    /// The role of that name, built in or not.
    pub fn role_named(&self, name: &str) -> Option<Uuid> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        let known = BUILT_IN.iter().find(|role| is(role.name));
        let known = known.and_then(|role| Uuid::try_parse(role.id).ok());
        known.or_else(|| {
            let mut own = self.definitions.values();
            own.find(|role| is(&role.name)).map(|role| role.id)
        })
    }

    /// The principal that logs in as this application.
    pub fn application(&self, application: Uuid) -> Option<&Principal> {
        let mut all = self.principals.values();
        all.find(|found| found.application == application)
            .map(|found| &**found)
    }

    fn lets(&self, role: Uuid, action: &str) -> bool {
        if let Some(role) = built_in::find(role) {
            let named = |patterns: &[&str]| patterns.iter().any(|one| pattern::fits(one, action));
            return named(role.actions) && !named(role.not_actions);
        }
        let Some(role) = self.definitions.get(&role) else {
            return false;
        };
        // What one permission takes away another may give.
        let named = |patterns: &[String]| patterns.iter().any(|one| pattern::fits(one, action));
        let mut permissions = role.permissions.iter();
        permissions.any(|one| named(&one.actions) && !named(&one.not_actions))
    }

    /// A scope is gone, and with it what was assigned and locked there.
    pub(in crate::azure) fn forget_scope(&mut self, gone: &Scope) {
        super::retain(&mut self.assignments, |_, assignment| {
            !gone.holds(assignment.scope.as_str())
        });
        super::retain(&mut self.locks, |(scope, _), _| !gone.holds(scope.as_str()));
    }
}

/// A database of a managed instance is gone, or has another name: T-SQL asks no lock, and what was locked or assigned there
/// would be in the way of a later database of that name (guess: Azure keeps none of it).
pub(crate) fn forget_database(world: &mut World, instance: InstanceId, database: &Name) {
    let authorization = &world.azure.authorization;
    if authorization.locks.is_empty() && authorization.assignments.is_empty() {
        return;
    }
    let Some(managed) = world.instance(instance) else {
        return;
    };
    if let Some(properties) = managed.as_managed_instance() {
        let scope = format!(
            "/resourceGroups/{}/providers/Microsoft.Sql/managedInstances/{}/databases/{database}",
            properties.properties.resource_group, managed.name
        );
        let scope = Scope::new(&scope);
        world.azure.authorization.forget_scope(&scope);
    }
}

/// The scope of a resource group.
pub(in crate::azure) fn group_scope(group: &crate::names::Name) -> Scope {
    Scope::new(&format!("/resourceGroups/{group}"))
}
