//! `MODIFY AVAILABILITY GROUP ON` and `SET` of a distributed group.

use std::sync::Arc;

use super::alter::{GroupAction, GroupOptions};
use super::over::is_link;
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, DistributedGroup, Role, SeedingMode,
};
use crate::instance::Instance;
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::time::{Span, Timestamp};

/// A change of a member of a distributed group; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct MemberChange {
    pub listener_url: Option<Arc<str>>,
    pub availability_mode: Option<AvailabilityMode>,
    pub seeding_mode: Option<SeedingMode>,
    pub session_timeout: Option<Span>,
}

/// Where the instance's own member of a distributed group is from now on, if that is what changes.
pub(super) fn moved_to(
    group: &AvailabilityGroup,
    action: &GroupAction,
) -> Option<(Name, Arc<str>)> {
    let (GroupAction::ModifyMembers(changes), Some(pair)) = (action, group.as_distributed()) else {
        return None;
    };
    let own = &pair.local().group;
    let mut changes = changes.iter().rev();
    let url =
        changes.find_map(|(name, change)| change.listener_url.as_ref().filter(|_| name == own));
    url.map(|url| (own.clone(), Arc::clone(url)))
}

/// `MODIFY AVAILABILITY GROUP ON` of a link: not while it fails over, and never manual seeding of the instance's group.
pub(super) fn check_modification(
    instance: &Instance,
    group: &str,
    pair: &DistributedGroup,
    changes: &[(Name, MemberChange)],
) -> Result<(), Refusal> {
    if !is_link(pair) {
        return Ok(());
    }
    let group = || group.to_owned();
    if pair.role == Role::Resolving {
        return Err(GroupRefusal::FailingOver { group: group() }.into());
    }
    for (member, change) in changes {
        if pair.remote().group == *member && change.seeding_mode == Some(SeedingMode::Manual) {
            let member = member.to_string();
            return Err(GroupRefusal::LinkManualSeeding { member }.into());
        }
        // The message is new with SQL Server 2025; that it is about the address of the instance is a guess.
        let moved = |url: &Arc<str>| *url != pair.remote().listener_url;
        let moved = change.listener_url.as_ref().is_some_and(moved);
        if pair.remote().group == *member && moved && instance.build().major >= 17 {
            let option = "LISTENER_URL";
            return Err(GroupRefusal::LinkOption {
                group: group(),
                option,
            }
            .into());
        }
    }
    Ok(())
}

/// `SET` of a distributed group: it has one option only.
pub(super) fn check_distributed_options(
    instance: &Instance,
    group: &str,
    pair: &DistributedGroup,
    options: &GroupOptions,
) -> Result<(), Refusal> {
    let group = || group.to_owned();
    if is_link(pair) && pair.role == Role::Resolving {
        return Err(GroupRefusal::FailingOver { group: group() }.into());
    }
    let others = GroupOptions {
        required_synchronized_secondaries: None,
        ..options.clone()
    };
    if others != GroupOptions::default() {
        return Err(if is_link(pair) && instance.build().major >= 17 {
            let option = "An option of local availability groups";
            GroupRefusal::LinkOption {
                group: group(),
                option,
            }
            .into()
        } else {
            GroupRefusal::IsDistributed { group: group() }.into()
        });
    }
    // The other member is the only one that can be synchronized.
    match options.required_synchronized_secondaries {
        Some(count) if !(0..=1).contains(&count) => {
            let group = group();
            Err(GroupRefusal::TooManyRequiredSecondaries { group, count }.into())
        }
        _ => Ok(()),
    }
}

pub(super) fn modify_member(
    dag: &mut DistributedGroup,
    group: &str,
    name: &Name,
    change: MemberChange,
    now: Timestamp,
) -> Result<(), Refusal> {
    let found = dag.members.iter_mut().find(|member| member.group == *name);
    let not_found = GroupRefusal::MemberNotFound {
        member: name.to_string(),
        group: group.to_owned(),
    };
    let member = found.ok_or(not_found)?;
    if let Some(url) = change.listener_url {
        if ListenerUrl::parse(&url).is_none() {
            return Err(GroupRefusal::BadUrl {
                replica: name.to_string(),
                url: url.to_string(),
            }
            .into());
        }
        member.listener_url = url;
    }
    if let Some(timeout) = change.session_timeout {
        if timeout < Span::seconds(5) {
            return Err(GroupRefusal::SessionTimeoutTooShort {
                replica: name.to_string(),
            }
            .into());
        }
        member.session_timeout = timeout;
    }
    member.availability_mode = change.availability_mode.unwrap_or(member.availability_mode);
    member.seeding_mode = change.seeding_mode.unwrap_or(member.seeding_mode);
    member.modified = now;
    Ok(())
}
