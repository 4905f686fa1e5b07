//! Databases come into a local group and leave it.

use super::alter::primary_of;
use super::create::eligible_database;
use super::over::{is_forwarder, link_over, links_have_several};
use crate::availability_group::AvailabilityGroup;
use crate::database::{Database, DatabaseState};
use crate::ids::{DatabaseId, IdSource};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};

pub(super) fn add_databases(
    instance: &mut Instance,
    group: &mut AvailabilityGroup,
    names: &[Name],
    ids: &mut IdSource,
) -> Result<(), Refusal> {
    let (id, group_name) = (group.id, group.name.clone());
    let several = links_have_several(instance);
    let local = primary_of(group)?;
    // Databases are added on the primary's side of a link (documented).
    if several && is_forwarder(instance, &group_name) {
        let group = group_name.to_string();
        return Err(GroupRefusal::NotPrimary { group }.into());
    }
    for name in names {
        if local.basic && !local.databases.is_empty() {
            return Err(GroupRefusal::BasicSecondDatabase {
                group: group_name.to_string(),
            }
            .into());
        }
        let link = link_over(instance, &group_name);
        if let Some(dag) = link.filter(|_| !several && !local.databases.is_empty()) {
            return Err(GroupRefusal::LinkOneDatabase {
                group: group_name.to_string(),
                dag,
            }
            .into());
        }
        let member = eligible_database(instance, name, &group_name, ids)?;
        instance
            .database_mut(member.database)
            .expect("found a moment ago")
            .group = Some((id, member.id));
        local.databases.push(member);
    }
    Ok(())
}

pub(super) fn remove_databases(
    instance: &mut Instance,
    group: &mut AvailabilityGroup,
    names: &[Name],
) -> Result<(), Refusal> {
    let group_name = group.name.clone();
    let local = primary_of(group)?;
    for name in names {
        let at = local
            .databases
            .iter()
            .position(|member| member.name == *name);
        let (database, group) = (name.to_string(), group_name.to_string());
        let Some(at) = at else {
            return Err(GroupRefusal::DatabaseNotInGroup { database, group }.into());
        };
        let link = link_over(instance, &group_name);
        if let Some(dag) = link.filter(|_| !links_have_several(instance)) {
            return Err(GroupRefusal::LinkedDatabase {
                database,
                group,
                dag,
            }
            .into());
        }
        let member = local.databases.remove(at);
        if let Some(database) = instance.database_mut(member.database) {
            leave(database);
        }
    }
    Ok(())
}

/// A database of an instance is in no group any more, which does not list it by now.
pub(crate) fn leave_group(instance: &mut Instance, database: DatabaseId) {
    if let Some(database) = instance.database_mut(database) {
        leave(database);
    }
}

/// A database is in no group any more.
pub(super) fn leave(database: &mut Database) {
    database.group = None;
    database.suspended = None;
    // A secondary database without its group waits for a restore, as the product leaves it.
    if database.copy.take().is_some() {
        database.state = DatabaseState::Restoring;
    }
}
