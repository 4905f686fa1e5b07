//! CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED), and joining one.

use std::sync::Arc;

use super::create::check_can_create;
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, DistributedGroup, FailoverMode, GroupKind, Member, Role,
    SeedingMode,
};
use crate::command::Request;
use crate::event::EventKind;
use crate::ids::{GroupId, InstanceId, ReplicaId};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::time::Span;
use crate::world::World;

/// CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED).
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct CreateDistributedAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
    pub members: [MemberSpec; 2],
}

/// ALTER AVAILABILITY GROUP … JOIN AVAILABILITY GROUP ON: the same, on the other side.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct JoinDistributedAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
    pub members: [MemberSpec; 2],
}

/// A member as the statement describes it; what was not written has its default.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct MemberSpec {
    pub group: Name,
    pub listener_url: Arc<str>,
    pub availability_mode: AvailabilityMode,
    pub failover_mode: FailoverMode,
    pub seeding_mode: SeedingMode,
    pub session_timeout: Span,
}

impl Request for CreateDistributedAvailabilityGroup {
    type Reply = GroupId;

    fn apply(self, world: &mut World) -> Result<GroupId, Refusal> {
        let now = world.now();
        let mut ids = world.ids.clone();
        let instance = world.instance_mut(self.instance);
        check_can_create(instance, &self.name)?;
        let local = self.local_member(instance)?;
        self.check(instance, local)?;
        let id = GroupId(ids.next_guid());
        let remote_url = ListenerUrl::parse(&self.members[1 - local].listener_url);
        // `;Database=[…]` says that the managed instance is the initial primary.
        let role = match remote_url.and_then(|url| url.database) {
            Some(_) => Role::Secondary,
            None => Role::Primary,
        };
        let members = self.members.map(|spec| Member {
            id: ReplicaId(ids.next_guid()),
            group: spec.group,
            listener_url: spec.listener_url,
            availability_mode: spec.availability_mode,
            seeding_mode: spec.seeding_mode,
            session_timeout: spec.session_timeout,
            created: now,
            modified: now,
        });
        let group = AvailabilityGroup {
            id,
            name: self.name.clone(),
            kind: GroupKind::Distributed(DistributedGroup {
                members,
                local,
                role,
            }),
            sequence: 1,
            created: now,
            required_synchronized_secondaries: 0,
        };
        instance.groups.insert(id, Arc::new(group));
        let server = instance.name.to_string();
        world.ids = ids;
        world.record(EventKind::GroupCreated {
            instance: server,
            group: self.name.to_string(),
            distributed: true,
        });
        Ok(id)
    }
}

impl Request for JoinDistributedAvailabilityGroup {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        check_can_create(instance, &self.name)?;
        let what = "joining a distributed availability group between two SQL Servers";
        Err(GroupRefusal::NotEmulated { what }.into())
    }
}

impl CreateDistributedAvailabilityGroup {
    fn local_member(&self, instance: &Instance) -> Result<usize, Refusal> {
        let is_local = |spec: &MemberSpec| {
            instance
                .group(spec.group.as_str())
                .is_some_and(|group| group.as_local().is_some())
        };
        match (is_local(&self.members[0]), is_local(&self.members[1])) {
            (true, false) => Ok(0),
            (false, true) => Ok(1),
            // Neither is here: the first one is what the statement should have found.
            (false, false) => Err(GroupRefusal::NotFound {
                name: self.members[0].group.to_string(),
            }
            .into()),
            (true, true) => Err(GroupRefusal::NoLocalMember {
                group: self.name.to_string(),
            }
            .into()),
        }
    }

    fn check(&self, instance: &Instance, local: usize) -> Result<(), Refusal> {
        for member in &self.members {
            let replica = || member.group.to_string();
            if member.failover_mode != FailoverMode::Manual {
                return Err(GroupRefusal::DistributedAutomatic {
                    group: self.name.to_string(),
                }
                .into());
            }
            if ListenerUrl::parse(&member.listener_url).is_none() {
                return Err(GroupRefusal::BadUrl {
                    replica: replica(),
                    url: member.listener_url.to_string(),
                }
                .into());
            }
            if member.session_timeout < Span::seconds(5) {
                return Err(GroupRefusal::SessionTimeoutTooShort { replica: replica() }.into());
            }
        }
        let group = &self.members[local].group;
        let local_group = instance
            .group(group.as_str())
            .and_then(|group| group.as_local());
        // A distributed group is made on the primary replica of its member.
        if local_group.is_some_and(|group| group.role != Role::Primary) {
            let group = group.to_string();
            return Err(GroupRefusal::NotPrimary { group }.into());
        }
        if local_group.is_some_and(|group| group.contained) {
            let group = group.to_string();
            return Err(GroupRefusal::ContainedMember { group }.into());
        }
        let remote = &self.members[1 - local];
        let url = ListenerUrl::parse(&remote.listener_url).expect("checked a moment ago");
        if url.server.is_none() {
            return Ok(());
        }
        let member = || remote.group.to_string();
        if remote.seeding_mode == SeedingMode::Manual {
            return Err(GroupRefusal::LinkManualSeeding { member: member() }.into());
        }
        if remote.availability_mode == AvailabilityMode::SynchronousCommit {
            return Err(GroupRefusal::LinkSynchronousAtStart { member: member() }.into());
        }
        let databases = local_group.map_or(0, |group| group.databases.len());
        let several = instance
            .as_sql_server()
            .is_some_and(|server| server.multi_database_links);
        match databases {
            0 if url.database.is_none() => Err(GroupRefusal::LinkNoDatabase {
                group: group.to_string(),
            }
            .into()),
            0 | 1 => Ok(()),
            _ if several => Ok(()),
            _ => Err(GroupRefusal::LinkSeveralDatabases {
                group: group.to_string(),
            }
            .into()),
        }
    }
}
