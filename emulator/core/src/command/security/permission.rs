//! GRANT, DENY and REVOKE of server permissions.

use super::find_login;
use crate::command::Request;
use crate::ids::{InstanceId, PrincipalId};
use crate::names::Name;
use crate::principal::{PermissionState, Securable, ServerPermission};
use crate::refusal::Refusal;
use crate::world::World;

/// GRANT, DENY or REVOKE of a server permission.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct SetServerPermission {
    pub instance: InstanceId,
    pub securable: Securable,
    pub permission: String,
    pub grantee: Name,
    pub grantor: PrincipalId,
    /// None revokes.
    pub state: Option<PermissionState>,
}

impl Request for SetServerPermission {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let grantee = find_login(instance, &self.grantee)?.id;
        instance.permissions = instance
            .permissions
            .iter()
            .filter(|held| {
                held.securable != self.securable
                    || held.grantee != grantee
                    || !held.permission.eq_ignore_ascii_case(&self.permission)
            })
            .cloned()
            .collect();
        if let Some(state) = self.state {
            instance.permissions.insert(ServerPermission {
                securable: self.securable,
                grantee,
                grantor: self.grantor,
                permission: self.permission,
                state,
            });
        }
        Ok(())
    }
}
