//! CREATE and DROP USER.

use std::sync::Arc;

use super::{change, find_login, target};
use crate::command::Request;
use crate::ids::{DatabaseId, InstanceId, PrincipalId};
use crate::names::Name;
use crate::principal::User;
use crate::refusal::{Refusal, SecurityRefusal};
use crate::store::Op;
use crate::world::World;

/// CREATE USER.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateUser {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
    /// FOR LOGIN; none is WITHOUT LOGIN.
    pub login: Option<Name>,
}

/// DROP USER.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropUser {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
}

impl Request for CreateUser {
    type Reply = PrincipalId;

    fn apply(self, world: &mut World) -> Result<PrincipalId, Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        if let Some(login) = &self.login {
            find_login(instance, login)?;
        }
        let database = target(world, self.instance, self.database)?;
        if database.content.user(self.name.as_str()).is_some() {
            return Err(SecurityRefusal::UserExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let users = &database.content.users;
        if let Some(login) = &self.login
            && let Some(user) = users
                .values()
                .find(|user| user.login.as_ref() == Some(login))
        {
            let user = user.name.to_string();
            return Err(SecurityRefusal::LoginHasUser {
                login: login.to_string(),
                user,
            }
            .into());
        }
        let id = (5..)
            .map(PrincipalId)
            .find(|id| !users.contains_key(id))
            .expect("ids are plenty");
        let user = User {
            id,
            name: self.name,
            login: self.login,
            is_role: false,
            is_fixed: false,
            created: now,
        };
        change(
            world,
            self.instance,
            self.database,
            vec![Op::CreateUser(Arc::new(user))],
        );
        Ok(id)
    }
}

impl Request for DropUser {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        let name = || self.name.to_string();
        let user = database.content.user(self.name.as_str());
        let user = user.ok_or_else(|| SecurityRefusal::UserNotFound { name: name() })?;
        if user.is_fixed {
            return Err(SecurityRefusal::PrincipalFixed { name: name() }.into());
        }
        let id = user.id;
        change(
            world,
            self.instance,
            self.database,
            vec![Op::DropUser { id }],
        );
        Ok(())
    }
}
