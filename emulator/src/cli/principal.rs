//! `milink principal …`: service principals to assign roles to.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::print;
use super::remote::WorldTarget;

/// `milink principal …`.
#[derive(Debug, Subcommand)]
pub(super) enum PrincipalVerb {
    /// List the principals of a world besides its owner
    List(WorldTarget),
    /// Add a principal, or give one another secret; prints what to log in with
    Add {
        /// A name to find it by
        name: String,
        /// A role to begin with, such as "SQL Managed Instance Contributor"
        #[arg(long)]
        role: Option<String>,
        /// Where it has the role [default: the subscription]
        #[arg(long)]
        scope: Option<String>,
        /// Its client id [default: a new one]
        #[arg(long)]
        client_id: Option<String>,
        /// Its secret [default: a new one]
        #[arg(long)]
        secret: Option<String>,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Take a principal away, with its roles
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        world: WorldTarget,
    },
}

/// Does a verb about principals.
pub(super) async fn principal(verb: PrincipalVerb) -> anyhow::Result<ExitCode> {
    let answer = match verb {
        PrincipalVerb::List(world) => world.get("principals").await?,
        PrincipalVerb::Add {
            name,
            role,
            scope,
            client_id,
            secret,
            world,
        } => {
            let mut asked = json!({});
            for (member, value) in [
                ("role", role),
                ("scope", scope),
                ("clientId", client_id),
                ("secret", secret),
            ] {
                if let Some(value) = value {
                    asked[member] = Value::String(value);
                }
            }
            let path = format!("principals/{}", crate::arm::encoded(&name));
            world.send("PUT", &path, &asked).await?
        }
        PrincipalVerb::Remove { name, world } => {
            let path = format!("principals/{}", crate::arm::encoded(&name));
            world.send("DELETE", &path, &Value::Null).await?
        }
    };
    print(&format!("{answer:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}
