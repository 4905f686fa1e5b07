//! CREATE, ALTER and DROP LOGIN.

use std::sync::Arc;

use super::find_login;
use crate::command::Request;
use crate::ids::{InstanceId, PrincipalId};
use crate::names::Name;
use crate::principal::{Login, LoginKind};
use crate::refusal::{Refusal, SecurityRefusal};
use crate::world::World;

/// CREATE LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateLogin {
    pub instance: InstanceId,
    pub name: Name,
    pub kind: LoginKind,
    pub default_database: Option<Name>,
    pub sid: Option<Arc<[u8]>>,
}

/// ALTER LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct AlterLogin {
    pub instance: InstanceId,
    pub name: Name,
    pub password: Option<Arc<str>>,
    pub disabled: Option<bool>,
    pub default_database: Option<Name>,
    pub sysadmin: Option<bool>,
    pub rename: Option<Name>,
}

/// DROP LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropLogin {
    pub instance: InstanceId,
    pub name: Name,
}

impl Request for CreateLogin {
    type Reply = PrincipalId;

    fn apply(self, world: &mut World) -> Result<PrincipalId, Refusal> {
        let now = world.now();
        let sid = match self.sid {
            Some(sid) => sid,
            None => world.ids.next_guid().as_bytes().to_vec().into(),
        };
        let instance = world.instance_mut(self.instance);
        if instance.login(self.name.as_str()).is_some() {
            return Err(SecurityRefusal::LoginExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let last = instance.logins.get_max().map_or(256, |(id, _)| id.0);
        let id = PrincipalId(last.max(256) + 1);
        let login = Login {
            id,
            name: self.name,
            sid,
            kind: self.kind,
            disabled: false,
            default_database: self.default_database.unwrap_or_else(|| Name::new("master")),
            created: now,
            modified: now,
            sysadmin: false,
        };
        instance.logins.insert(id, Arc::new(login));
        Ok(id)
    }
}

impl Request for AlterLogin {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        let id = find_login(instance, &self.name)?.id;
        if let Some(new) = &self.rename
            && instance
                .login(new.as_str())
                .is_some_and(|other| other.id != id)
        {
            return Err(SecurityRefusal::LoginExists {
                name: new.to_string(),
            }
            .into());
        }
        let login = Arc::make_mut(instance.logins.get_mut(&id).expect("found a moment ago"));
        if login.kind == LoginKind::Role {
            return Err(SecurityRefusal::PrincipalFixed {
                name: self.name.to_string(),
            }
            .into());
        }
        if let Some(password) = self.password {
            login.kind = LoginKind::Sql { password };
        }
        login.disabled = self.disabled.unwrap_or(login.disabled);
        login.sysadmin = self.sysadmin.unwrap_or(login.sysadmin);
        if let Some(database) = self.default_database {
            login.default_database = database;
        }
        if let Some(name) = self.rename {
            login.name = name;
        }
        login.modified = now;
        Ok(())
    }
}

impl Request for DropLogin {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let login = find_login(instance, &self.name)?;
        let id = login.id;
        if id.0 <= 256 {
            return Err(SecurityRefusal::PrincipalFixed {
                name: self.name.to_string(),
            }
            .into());
        }
        if instance.live_sessions().any(|session| session.login == id) {
            return Err(SecurityRefusal::LoginInUse {
                name: self.name.to_string(),
            }
            .into());
        }
        instance.logins.remove(&id);
        instance.permissions = instance
            .permissions
            .iter()
            .filter(|permission| permission.grantee != id)
            .cloned()
            .collect();
        Ok(())
    }
}
