//! The Entra administrator of a managed instance.

use std::sync::Arc;

use uuid::Uuid;

use super::managed_instance::start_on;
use super::{ManagedInstanceProperties, Pending};
use crate::command::Request;
use crate::durations::Transition;
use crate::ids::{InstanceId, OperationId};
use crate::refusal::{AzureRefusal, InstanceRefusal, Refusal};
use crate::world::World;

/// An Entra administrator.
#[derive(Clone, Debug, PartialEq)]
pub struct EntraAdministrator {
    /// The name it is shown by.
    pub login: String,
    /// Its object id.
    pub sid: Uuid,
    /// Its tenant.
    pub tenant: Option<Uuid>,
    /// `User`, `Group` or `Application`.
    pub principal_type: Option<String>,
    /// Whether SQL logins are refused.
    pub entra_only: bool,
}

/// PUT of the administrator.
#[derive(Clone, Debug)]
pub struct WriteAdministrator {
    /// The managed instance.
    pub instance: InstanceId,
    /// Who it is to be; whether SQL logins are refused stays as it is.
    pub administrator: EntraAdministrator,
}

/// DELETE of the administrator. Answers no operation if there was none.
#[derive(Clone, Debug)]
pub struct DeleteAdministrator {
    /// The managed instance.
    pub instance: InstanceId,
}

/// Says whether SQL logins are refused.
#[derive(Clone, Debug)]
pub struct SetEntraOnly {
    /// The managed instance.
    pub instance: InstanceId,
    /// Whether they are.
    pub entra_only: bool,
}

impl EntraAdministrator {
    pub(super) fn check(&self) -> Result<(), AzureRefusal> {
        if self.login.trim().is_empty() {
            return Err(InstanceRefusal::InvalidEntraAdministrator.into());
        }
        let known = ["User", "Group", "Application"];
        match &self.principal_type {
            Some(kind) if !known.iter().any(|known| known.eq_ignore_ascii_case(kind)) => {
                Err(AzureRefusal::InvalidParameter {
                    parameter: "principalType".to_owned(),
                    value: kind.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

impl Request for WriteAdministrator {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        self.administrator.check()?;
        change(world, self.instance, |properties| {
            let old = properties.administrator.as_ref();
            let entra_only = old.is_some_and(|old| old.entra_only);
            properties.administrator = Some(EntraAdministrator {
                entra_only,
                ..self.administrator
            });
        });
        Ok(settle(
            world,
            self.instance,
            "/administrators/ActiveDirectory",
        ))
    }
}

impl Request for DeleteAdministrator {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let mut found = None;
        change(world, self.instance, |properties| {
            found = properties.administrator.take()
        });
        Ok(found.map(|_| settle(world, self.instance, "/administrators/ActiveDirectory")))
    }
}

impl Request for SetEntraOnly {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let mut found = false;
        change(world, self.instance, |properties| {
            if let Some(administrator) = &mut properties.administrator {
                administrator.entra_only = self.entra_only;
                found = true;
            }
        });
        if !found && self.entra_only {
            return Err(InstanceRefusal::NoEntraAdministrator.into());
        }
        Ok(settle(
            world,
            self.instance,
            "/azureADOnlyAuthentications/Default",
        ))
    }
}

fn change(
    world: &mut World,
    instance: InstanceId,
    change: impl FnOnce(&mut ManagedInstanceProperties),
) {
    if let Some(managed) = world.instance_mut(instance).as_managed_instance_mut() {
        change(Arc::make_mut(&mut managed.properties));
    }
}

fn settle(world: &mut World, instance: InstanceId, tail: &str) -> OperationId {
    let words = (
        "UpsertManagedServerAdministrator",
        "managedInstanceAdministrator",
    );
    let operation = start_on(world, words, instance, tail);
    let settle = Pending::Settle(Transition::InstanceUpdate);
    world.when_over(operation, Transition::InstanceUpdate, settle);
    operation
}
