//! Service principals of a topology: `[[principal]]`.

use anyhow::{Context as _, anyhow};
use milink_core::World;
use milink_core::azure::authorization::{AddPrincipal, AssignRole, Scope};
use milink_core::azure::deployment::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::apply;

/// A service principal besides the one that owns everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalSpec {
    /// A name for people.
    pub name: String,
    /// What it logs in with.
    pub secret: String,
    /// The application's id; a new one if it is not said.
    pub client_id: Option<Uuid>,
    /// A role, by its name.
    pub role: Option<String>,
    /// Where it has the role, such as `/resourceGroups/rg`; the subscription if it is not said.
    pub scope: Option<String>,
}

/// Adds them all.
pub(super) fn provision(specs: &[PrincipalSpec], world: &mut World) -> anyhow::Result<()> {
    for spec in specs {
        add(spec, world).with_context(|| format!("principal '{}'", spec.name))?;
    }
    Ok(())
}

fn add(spec: &PrincipalSpec, world: &mut World) -> anyhow::Result<()> {
    let request = AddPrincipal {
        application: spec.client_id,
        name: spec.name.clone(),
        secret: Some(Secret(spec.secret.as_str().into())),
    };
    let principal = apply(world, request)?;
    let Some(role) = &spec.role else {
        return Ok(());
    };
    let found = world.azure.authorization.role_named(role);
    let request = AssignRole {
        name: None,
        scope: Scope::new(spec.scope.as_deref().unwrap_or("/")),
        principal: principal.object_id,
        principal_type: "ServicePrincipal".to_owned(),
        role: found.ok_or_else(|| anyhow!("there is no role '{role}'"))?,
        description: None,
        by: String::new(),
    };
    apply(world, request)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Topology;

    #[test]
    fn principals_have_roles_that_exist() {
        let text = |role: &str| {
            format!(
                "[[principal]]\nname = \"ci\"\nsecret = \"hush\"\nrole = \"{role}\"\nscope = \"/resourceGroups/rg\"\n"
            )
        };
        let read = Topology::parse(&text("Reader")).expect("a role");
        assert_eq!(read.principals[0].name, "ci");
        let error = Topology::parse(&text("King")).expect_err("no role");
        assert!(format!("{error:#}").contains("no role 'King'"), "{error:#}");
    }
}
