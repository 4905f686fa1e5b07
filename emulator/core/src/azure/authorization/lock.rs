//! Management locks: what nobody may delete, or change at all, whatever their roles (Azure's "Lock your resources").
//!
//! A lock holds its scope and all below it; and what has a locked thing below it is not deleted either, so that nothing
//! is ever deleted by halves. Locks are of Resource Manager alone: what T-SQL does is none of their business.

use std::sync::Arc;

use super::{Authorization, Scope};
use crate::azure::check_name;
use crate::command::Request;
use crate::event::EventKind;
use crate::names::Name;
use crate::refusal::{AuthorizationRefusal, Refusal};
use crate::world::World;

const KIND: &str = "Microsoft.Authorization/locks";
/// How many locks a scope has at most (documented: Azure Resource Manager limits).
const MOST: usize = 20;

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What it is on.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
    /// What it forbids.
    pub level: LockLevel,
    /// A remark.
    pub notes: Option<String>,
    /// The ids of applications that own it: kept and shown.
    pub owners: Vec<String>,
}

/// What a lock forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockLevel {
    /// Deleting.
    CanNotDelete,
    /// Deleting, writing and every action.
    ReadOnly,
}

/// What a lock may forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// DELETE.
    Delete,
    /// PUT, PATCH and POST.
    Write,
}

/// PUT of a lock. Answers whether it is new.
#[derive(Clone, Debug)]
pub struct WriteLock {
    /// The lock.
    pub lock: Lock,
}

/// DELETE of a lock. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct RemoveLock {
    /// What it is on.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
}

impl LockLevel {
    /// The level of this name, as ARM writes it.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::CanNotDelete, Self::ReadOnly]
            .into_iter()
            .find(|level| level.desc().eq_ignore_ascii_case(text))
    }

    /// The word for it.
    pub fn desc(self) -> &'static str {
        match self {
            Self::CanNotDelete => "CanNotDelete",
            Self::ReadOnly => "ReadOnly",
        }
    }
}

impl Authorization {
    /// The scopes whose locks forbid something there, in their order and each once.
    pub fn locked(&self, what: Locked, scope: &str) -> Vec<&Scope> {
        if self.locks.is_empty() {
            return Vec::new();
        }
        let below = Scope::new(scope);
        let forbids = |lock: &Lock| match what {
            Locked::Write => lock.level == LockLevel::ReadOnly && lock.scope.holds(scope),
            Locked::Delete => lock.scope.holds(scope) || below.holds(lock.scope.as_str()),
        };
        let forbidding = self.locks.values().filter(|lock| forbids(lock));
        let mut scopes: Vec<&Scope> = forbidding.map(|lock| &lock.scope).collect();
        scopes.dedup();
        scopes
    }
}

impl Request for WriteLock {
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let lock = self.lock;
        let locks = &mut world.azure.authorization.locks;
        let key = (lock.scope.clone(), lock.name.clone());
        let new = !locks.contains_key(&key);
        if new {
            check_name(KIND, lock.name.as_str())?;
            if locks.keys().filter(|(at, _)| *at == lock.scope).count() >= MOST {
                return Err(AuthorizationRefusal::TooManyLocks { most: MOST }.into());
            }
        }
        let resource = format!("{KIND}/{}", lock.name);
        locks.insert(key, Arc::new(lock));
        world.record(EventKind::ResourceWritten { resource });
        Ok(new)
    }
}

impl Request for RemoveLock {
    type Reply = bool;

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let locks = &mut world.azure.authorization.locks;
        let there = locks.remove(&(self.scope, self.name.clone())).is_some();
        if there {
            let resource = format!("{KIND}/{}", self.name);
            world.record(EventKind::ResourceDeleted { resource });
        }
        Ok(there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/resourceGroups/rg";
    const NETWORK: &str = "/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";
    const SUBNET: &str =
        "/resourceGroups/RG/providers/Microsoft.Network/virtualNetworks/v/subnets/s";

    #[test]
    fn locks_forbid_at_their_scope_and_below_and_deleting_above() {
        use LockLevel::{CanNotDelete, ReadOnly};
        use Locked::{Delete, Write};
        for (at, level, what, scope, forbids) in [
            ("/", CanNotDelete, Delete, SUBNET, true),
            ("/", CanNotDelete, Write, SUBNET, false),
            ("/", ReadOnly, Write, GROUP, true),
            (GROUP, CanNotDelete, Delete, SUBNET, true),
            (GROUP, ReadOnly, Delete, SUBNET, true),
            (GROUP, ReadOnly, Write, "/", false),
            (GROUP, ReadOnly, Write, "/resourceGroups/rg2", false),
            (SUBNET, CanNotDelete, Delete, NETWORK, true),
            (SUBNET, ReadOnly, Delete, GROUP, true),
            (SUBNET, ReadOnly, Write, NETWORK, false),
            (NETWORK, ReadOnly, Write, SUBNET, true),
            (
                NETWORK,
                CanNotDelete,
                Delete,
                "/resourceGroups/other",
                false,
            ),
        ] {
            let mut authorization = Authorization::default();
            let lock = Lock {
                scope: Scope::new(at),
                name: Name::new("l"),
                level,
                notes: None,
                owners: Vec::new(),
            };
            let key = (lock.scope.clone(), lock.name.clone());
            authorization.locks.insert(key, Arc::new(lock));
            let locked = authorization.locked(what, scope);
            assert_eq!(
                !locked.is_empty(),
                forbids,
                "{level:?} at {at}: {what:?} of {scope}"
            );
        }
    }
}
