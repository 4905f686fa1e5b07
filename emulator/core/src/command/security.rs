//! Master keys, certificates, logins, users and permissions.

mod certificate;
mod login;
mod master_key;
mod permission;
mod user;

use std::sync::Arc;

pub use certificate::*;
pub use login::*;
pub use master_key::*;
pub use permission::*;
pub use user::*;

use crate::certificate::Certificate;
use crate::database::Database;
use crate::ids::{DatabaseId, InstanceId};
use crate::names::Name;
use crate::principal::Login;
use crate::refusal::{Refusal, SecurityRefusal};
use crate::store::{LogKind, Op};
use crate::world::World;

/// The database, if it can be written to.
fn target(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
) -> Result<&Database, Refusal> {
    let instance = world
        .instance(instance)
        .expect("instance ids come from the world");
    let database = instance.databases.get(&database).ok_or_else(|| {
        crate::refusal::DatabaseRefusal::NotFound {
            name: database.to_string(),
        }
    })?;
    instance.check_writable(database)?;
    Ok(database)
}

/// Changes the content of a database through its log, as a transaction of its own.
pub(crate) fn change(world: &mut World, instance: InstanceId, database: DatabaseId, ops: Vec<Op>) {
    let now = world.now();
    let instance_ref = world.instance_mut(instance);
    instance_ref.next_transaction += 1;
    let transaction = crate::ids::TransactionId(instance_ref.next_transaction);
    let Some(target) = instance_ref.database_mut(database) else {
        return;
    };
    for op in &ops {
        target.content.apply(op);
    }
    target.version += 1;
    target
        .log
        .append(now, transaction, LogKind::Commit(ops.into()));
    world.committed(instance, database, now);
}

fn find_certificate<'a>(
    database: &'a Database,
    name: &Name,
) -> Result<&'a Arc<Certificate>, Refusal> {
    let found = database.content.certificate(name.as_str());
    found.ok_or_else(|| {
        SecurityRefusal::CertificateNotFound {
            name: name.to_string(),
        }
        .into()
    })
}

fn find_login<'a>(
    instance: &'a crate::instance::Instance,
    name: &Name,
) -> Result<&'a Arc<Login>, Refusal> {
    let found = instance.login(name.as_str());
    found.ok_or_else(|| {
        SecurityRefusal::LoginNotFound {
            name: name.to_string(),
        }
        .into()
    })
}
