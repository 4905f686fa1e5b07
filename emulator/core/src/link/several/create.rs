//! Asking for a link with several databases, and the mode of a SQL Server in which it can have one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Coming, LinkGroup, LinkGroupSpec, expected, members};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{GroupId, InstanceId, OperationId, ReplicaId};
use crate::link::create::{
    accepts_links, add_groups, check_database, check_encryption, check_not_in_failover_group, start,
};
use crate::link::{LinkId, Phase, limits};
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{GroupRefusal, LinkRefusal, Refusal, ServerRefusal};
use crate::version::multi_database_supported;
use crate::world::{Timer, World};

/// PUT of a link with `linkMode` MultiDatabase.
#[derive(Clone, Debug)]
pub struct CreateLinkGroup {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
    /// What is wanted.
    pub spec: LinkGroupSpec,
    /// The databases.
    pub databases: Vec<Name>,
}

/// `sp_multidb_milink`: whether links of a SQL Server have several databases each, or one.
#[derive(Clone, Copy, Debug)]
pub struct SetMultiDatabaseLinks {
    /// The SQL Server.
    pub instance: InstanceId,
    /// Several, or one.
    pub several: bool,
}

/// The word of the accepting response (observed).
const CREATE: &str = "CreateManagedFailoverGroup";

impl Request for CreateLinkGroup {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name.clone());
        if self.spec.instance_group == self.spec.partner_group {
            return Err(LinkRefusal::SameGroupNames.into());
        }
        match ListenerUrl::parse(&self.spec.partner_endpoint) {
            Some(url) if url.server.is_none() => {}
            _ => return Err(LinkRefusal::BadPartnerEndpoint.into()),
        }
        let names: BTreeSet<&Name> = self.databases.iter().collect();
        if names.is_empty() || names.len() != self.databases.len() {
            return Err(LinkRefusal::BadDatabases.into());
        }
        if let Some(group) = world.link_groups.get(&id) {
            let same = group.spec == self.spec && names == named(world, group);
            if !same {
                return Err(LinkRefusal::OtherLinkExists {
                    name: self.name.to_string(),
                }
                .into());
            }
            accepts_links(world, self.instance)?;
            super::membership::check_not_failing_over(world, &id)?;
            for database in &self.databases {
                check_encryption(world, self.instance, database, self.spec.instance_role)?;
            }
            // Asking again for a link that is there changes nothing but what could not be made.
            let operation = start(world, &id, CREATE);
            super::membership::try_again(world, &id);
            world.succeed_operation(operation, true);
            return Ok(operation);
        }
        self.check_new(world, &id)?;
        check_not_in_failover_group(world, self.instance)?;
        accepts_links(world, self.instance)?;
        let operation = start(world, &id, CREATE);
        self.enter(world, id, operation);
        Ok(operation)
    }
}

/// The databases that a link has or is about to have.
fn named<'a>(world: &'a World, group: &'a LinkGroup) -> BTreeSet<&'a Name> {
    let coming = group.coming.as_ref().map_or(&[][..], Coming::databases);
    let there = members(world, &group.id).map(|link| &link.spec.database);
    coming.iter().chain(there).collect()
}

impl CreateLinkGroup {
    fn check_new(&self, world: &World, id: &LinkId) -> Result<(), Refusal> {
        if world.links.contains_key(id) {
            // The mode of a link cannot be changed in place (documented).
            return Err(LinkRefusal::OtherLinkExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let spec = self.spec.of(&self.databases[0]);
        limits::check(world, id, &spec, self.databases.len())?;
        for database in &self.databases {
            check_database(world, self.instance, database, self.spec.instance_role)?;
        }
        Ok(limits::check_room(
            world,
            self.instance,
            self.spec.instance_role,
            self.databases.len() + expected(world, self.instance),
        )?)
    }

    fn enter(self, world: &mut World, id: LinkId, operation: OperationId) {
        let now = world.now();
        let mut ids = world.ids.clone();
        let group = GroupId(ids.next_guid());
        let replicas = (ReplicaId(ids.next_guid()), ReplicaId(ids.next_guid()));
        let instance = world.instance_mut(self.instance);
        let spec = self.spec.of(&self.databases[0]);
        add_groups(instance, &id.name, &spec, group, replicas, &mut ids, now);
        let server = instance.name.to_string();
        world.ids = ids;
        let group = LinkGroup {
            id: id.clone(),
            spec: self.spec,
            created: now,
            operation: Some(operation),
            coming: Some(Coming::Accepted(self.databases)),
            left_out: BTreeSet::new(),
        };
        world.link_groups.insert(id.clone(), Arc::new(group));
        world.record(EventKind::LinkRequested {
            instance: server,
            link: id.name.to_string(),
        });
        let due = now + world.span(Transition::LinkConnect);
        world.timers.arm(Timer::LinkMembers(id), due);
    }
}

impl Request for SetMultiDatabaseLinks {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let name = instance.name.to_string();
        let Some(server) = instance.as_sql_server() else {
            return Err(ServerRefusal::Managed { name }.into());
        };
        if !multi_database_supported(server.build, server.edition) {
            let what = "Multiple-database link mode";
            return Err(GroupRefusal::NotInThisVersion { what }.into());
        }
        if server.multi_database_links == self.several {
            return Ok(());
        }
        // Documented: remove all links first, or SQL Server behaves unpredictably. Here it is refused (guess).
        let mut groups = instance.groups.values();
        let link = groups.find(|group| {
            let pair = group.as_distributed();
            let url = pair.and_then(|pair| ListenerUrl::parse(&pair.remote().listener_url));
            url.is_some_and(|url| url.server.is_some())
        });
        if let Some(link) = link {
            let dag = link.name.to_string();
            return Err(GroupRefusal::LinkModeInUse { dag }.into());
        }
        let crate::instance::InstanceKind::SqlServer(server) = &mut instance.kind else {
            return Ok(());
        };
        server.multi_database_links = self.several;
        let word = if self.several { "enabled" } else { "disabled" };
        let now = world.now();
        let line = format!("Multiple-database link mode was {word}.");
        world.instance_mut(self.instance).log(now, line);
        Ok(())
    }
}

/// Whether a member has failed and can be asked for again.
pub(super) fn has_failed(phase: &Phase) -> bool {
    matches!(phase, Phase::Failed { .. })
}
