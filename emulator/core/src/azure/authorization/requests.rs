//! What can be asked of principals, roles and assignments.

use std::sync::Arc;

use uuid::Uuid;

use super::{Permission, Principal, RoleAssignment, RoleDefinition, Scope, built_in};
use crate::azure::deployment::Secret;
use crate::command::Request;
use crate::event::EventKind;
use crate::refusal::{AuthorizationRefusal, Refusal};
use crate::world::World;

/// How many of each a subscription keeps (documented for assignments; the same is asked of the others).
const MOST: usize = 4_000;

/// Adds a service principal to the directory, or gives one that is there another secret.
#[derive(Clone, Debug)]
pub struct AddPrincipal {
    /// The application's id; a new one if none is said.
    pub application: Option<Uuid>,
    /// A name for people, by which it is found again.
    pub name: String,
    /// What it logs in with; made up if it is not said.
    pub secret: Option<Secret>,
}

/// Takes a service principal away, and its assignments with it.
#[derive(Clone, Debug)]
pub struct RemovePrincipal {
    /// Its name.
    pub name: String,
}

/// PUT of a role definition.
#[derive(Clone, Debug)]
pub struct DefineRole {
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
}

/// DELETE of a role definition. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct RemoveDefinition {
    /// Its id.
    pub id: Uuid,
}

/// PUT of a role assignment.
#[derive(Clone, Debug)]
pub struct AssignRole {
    /// Its name; a new one if it is not said.
    pub name: Option<Uuid>,
    /// From where on downwards it counts.
    pub scope: Scope,
    /// The object id of whom it is for.
    pub principal: Uuid,
    /// What they are.
    pub principal_type: String,
    /// The role's id.
    pub role: Uuid,
    /// A remark.
    pub description: Option<String>,
    /// Who makes it.
    pub by: String,
}

/// DELETE of a role assignment. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct RemoveAssignment {
    /// Its name.
    pub name: Uuid,
}

impl Request for AddPrincipal {
    type Reply = Arc<Principal>;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Arc<Principal>, Refusal> {
        let principals = &world.azure.authorization.principals;
        let found = principals.values().find(|one| one.name == self.name);
        let found = found.map(|one| Principal::clone(one));
        if found.is_none() && principals.len() >= MOST {
            return Err(AuthorizationRefusal::TooMany { most: MOST }.into());
        }
        let taken = self.application.is_some_and(|application| {
            let known = world.azure.authorization.application(application);
            known.is_some_and(|known| known.name != self.name)
        });
        if taken {
            let name = self.name;
            return Err(AuthorizationRefusal::ApplicationTaken { name }.into());
        }
        let secret = match self.secret {
            Some(secret) => secret,
            None => Secret(format!("{}~{}", self.name, world.ids.next_guid().simple()).into()),
        };
        let principal = match found {
            Some(known) => Principal {
                application: self.application.unwrap_or(known.application),
                secret,
                ..known
            },
            None => Principal {
                object_id: world.ids.next_guid(),
                application: match self.application {
                    Some(application) => application,
                    None => world.ids.next_guid(),
                },
                name: self.name,
                secret,
            },
        };
        let principal = Arc::new(principal);
        let authorization = &mut world.azure.authorization;
        let id = principal.object_id;
        authorization.principals.insert(id, Arc::clone(&principal));
        Ok(principal)
    }
}

impl Request for RemovePrincipal {
    /// Whether it was there.
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let authorization = &mut world.azure.authorization;
        let mut all = authorization.principals.values();
        let Some(id) = all
            .find(|one| one.name == self.name)
            .map(|one| one.object_id)
        else {
            return Ok(false);
        };
        authorization.principals.remove(&id);
        crate::azure::retain(&mut authorization.assignments, |_, one| one.principal != id);
        Ok(true)
    }
}

impl Request for DefineRole {
    /// Whether it is new.
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let name = self.name.clone();
        if built_in::find(self.id).is_some() {
            return Err(AuthorizationRefusal::BuiltIn { name }.into());
        }
        let definitions = &world.azure.authorization.definitions;
        let same = |known: &str| known.eq_ignore_ascii_case(&name);
        let mut others = definitions.values().filter(|other| other.id != self.id);
        if others.any(|other| same(&other.name))
            || super::BUILT_IN.iter().any(|role| same(role.name))
        {
            return Err(AuthorizationRefusal::RoleNameTaken { name }.into());
        }
        let found = definitions.get(&self.id).cloned();
        if found.is_none() && definitions.len() >= MOST {
            return Err(AuthorizationRefusal::TooMany { most: MOST }.into());
        }
        let now = world.now();
        let definition = RoleDefinition {
            id: self.id,
            name: self.name,
            description: self.description,
            permissions: self.permissions,
            assignable: self.assignable,
            created: found.as_ref().map_or(now, |found| found.created),
            changed: now,
        };
        let authorization = &mut world.azure.authorization;
        authorization
            .definitions
            .insert(self.id, Arc::new(definition));
        let resource = format!("Microsoft.Authorization/roleDefinitions/{}", self.id);
        world.record(EventKind::ResourceWritten { resource });
        Ok(found.is_none())
    }
}

impl Request for RemoveDefinition {
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let authorization = &mut world.azure.authorization;
        if let Some(role) = built_in::find(self.id) {
            let name = role.name.to_owned();
            return Err(AuthorizationRefusal::BuiltIn { name }.into());
        }
        let mut assignments = authorization.assignments.values();
        if assignments.any(|assignment| assignment.role == self.id) {
            return Err(AuthorizationRefusal::RoleInUse.into());
        }
        let there = authorization.definitions.remove(&self.id).is_some();
        if there {
            let resource = format!("Microsoft.Authorization/roleDefinitions/{}", self.id);
            world.record(EventKind::ResourceDeleted { resource });
        }
        Ok(there)
    }
}

impl Request for AssignRole {
    /// Whether it is new.
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let authorization = &world.azure.authorization;
        if !authorization.has_role(self.role) {
            let id = self.role.to_string();
            return Err(AuthorizationRefusal::NoSuchRole { id }.into());
        }
        if let Some(role) = authorization.definitions.get(&self.role)
            && !role
                .assignable
                .iter()
                .any(|one| one.holds(self.scope.as_str()))
        {
            let (name, scope) = (role.name.clone(), self.scope.to_string());
            return Err(AuthorizationRefusal::NotAssignableThere { name, scope }.into());
        }
        let same = |one: &RoleAssignment| {
            one.scope == self.scope && one.principal == self.principal && one.role == self.role
        };
        let found = self
            .name
            .and_then(|name| authorization.assignments.get(&name));
        let found = found.cloned();
        if let Some(found) = &found {
            if !same(found) {
                return Err(AuthorizationRefusal::AssignmentFixed.into());
            }
        } else if authorization.assignments.values().any(|one| same(one)) {
            return Err(AuthorizationRefusal::AssignmentExists.into());
        } else if authorization.assignments.len() >= MOST {
            return Err(AuthorizationRefusal::TooMany { most: MOST }.into());
        }
        let name = match self.name {
            Some(name) => name,
            None => world.ids.next_guid(),
        };
        let assignment = RoleAssignment {
            name,
            scope: self.scope,
            principal: self.principal,
            principal_type: self.principal_type,
            role: self.role,
            description: self.description,
            created_by: self.by,
            created: found.as_ref().map_or(world.now(), |found| found.created),
        };
        let authorization = &mut world.azure.authorization;
        authorization.assignments.insert(name, Arc::new(assignment));
        let resource = format!("Microsoft.Authorization/roleAssignments/{name}");
        world.record(EventKind::ResourceWritten { resource });
        Ok(found.is_none())
    }
}

impl Request for RemoveAssignment {
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let assignments = &mut world.azure.authorization.assignments;
        let there = assignments.remove(&self.name).is_some();
        if there {
            let resource = format!("Microsoft.Authorization/roleAssignments/{}", self.name);
            world.record(EventKind::ResourceDeleted { resource });
        }
        Ok(there)
    }
}
