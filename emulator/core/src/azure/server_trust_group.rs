//! Server trust groups (`Microsoft.Sql/locations/serverTrustGroups`): instances that trust each other, and for what.
//!
//! Membership is what ARM shows; the trust that instances act on can outlive it. Documented in "Use Server Trust Groups": a
//! group that is deleted might not end the trust at once, a failover of an instance does.

mod delete;
mod laws;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::ResourceKey;
use crate::command::Request;
use crate::ids::InstanceId;
use crate::names::Name;
use crate::refusal::Refusal;
use crate::world::World;

pub use delete::DeleteTrustGroup;
pub(super) use delete::finish_deletion;
pub(crate) use laws::{members_are_there, what_lingers_is_over};
pub use write::WriteTrustGroup;
pub(super) use write::{TrustGroupChange, finish_write};

/// What instances of a group may do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrustScope {
    /// Transactions that span instances.
    GlobalTransactions,
    /// Messages from one instance's broker to another's.
    ServiceBroker,
}

/// Where a trust group is kept: its name is unique in its resource group and region (documented).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustGroupKey {
    /// The region, normalised.
    pub location: String,
    /// The resource group and the name.
    pub resource: ResourceKey,
}

/// A server trust group.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustGroup {
    /// Its resource group.
    pub group: Name,
    /// Its name.
    pub name: Name,
    /// Its region, as whoever created it wrote it.
    pub location: String,
    /// Its members, in the order they were named. Below two they trust nobody.
    pub members: Vec<InstanceId>,
    /// What the members may do together.
    pub scopes: BTreeSet<TrustScope>,
}

/// Two instances, the smaller id first, and what they may do together.
type Pair = (InstanceId, InstanceId, TrustScope);

/// Who trusts whom in the subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// The groups.
    pub groups: OrdMap<TrustGroupKey, Arc<TrustGroup>>,
    /// Pairs that are in no group together any longer, and trust each other until one of them fails over.
    lingering: OrdSet<Pair>,
    /// `stg_lingering`: whether trust outlives membership. The documentation says that it might (guess: it does).
    lingers: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            groups: OrdMap::new(),
            lingering: OrdSet::new(),
            lingers: true,
        }
    }
}

/// Sets `stg_lingering`: whether trust outlives membership until a failover. What lingers goes when it is turned off.
#[derive(Clone, Copy, Debug)]
pub struct SetTrustLingering {
    /// Whether it does.
    pub lingers: bool,
}

impl TrustScope {
    /// Every scope, as ARM lists them.
    pub const ALL: [Self; 2] = [Self::GlobalTransactions, Self::ServiceBroker];

    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::GlobalTransactions => "GlobalTransactions",
            Self::ServiceBroker => "ServiceBroker",
        }
    }

    /// The scope of this word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|scope| scope.text().eq_ignore_ascii_case(text))
    }
}

impl TrustGroup {
    fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        let members = &self.members;
        members.iter().enumerate().flat_map(move |(index, one)| {
            let others = members.iter().skip(index + 1);
            others.flat_map(move |other| self.scopes.iter().map(|scope| pair(*one, *other, *scope)))
        })
    }
}

impl Trust {
    /// Whether it keeps everything where the other one does: then nothing differs.
    pub(in crate::azure) fn shares_all(&self, other: &Self) -> bool {
        self.groups.ptr_eq(&other.groups)
            && self.lingering.ptr_eq(&other.lingering)
            && self.lingers == other.lingers
    }

    /// Whether trust outlives membership until a failover (`stg_lingering`).
    pub fn lingers(&self) -> bool {
        self.lingers
    }

    /// Whether two instances are in a group together that has this scope: the control plane's view.
    pub fn are_members(&self, one: InstanceId, other: InstanceId, scope: TrustScope) -> bool {
        let mut groups = self.groups.values();
        one != other
            && groups.any(|group| {
                group.scopes.contains(&scope)
                    && group.members.contains(&one)
                    && group.members.contains(&other)
            })
    }

    /// Whether two instances act as if they trusted each other: members do, and those who were members until a failover.
    pub fn is_effective(&self, one: InstanceId, other: InstanceId, scope: TrustScope) -> bool {
        self.are_members(one, other, scope) || self.lingering.contains(&pair(one, other, scope))
    }

    /// Changes the groups; what was trusted and is not any longer lingers, if it does.
    fn change(&mut self, change: impl FnOnce(&mut OrdMap<TrustGroupKey, Arc<TrustGroup>>)) {
        let before: Vec<Pair> = self
            .groups
            .values()
            .flat_map(|group| group.pairs())
            .collect();
        change(&mut self.groups);
        if self.lingers {
            self.lingering.extend(before);
        }
        let over: OrdSet<Pair> = std::mem::take(&mut self.lingering);
        let over = over.into_iter();
        self.lingering = over
            .filter(|(one, other, scope)| !self.are_members(*one, *other, *scope))
            .collect();
    }

    /// An instance has failed over: it trusts those only with whom it is in a group.
    pub(crate) fn fail_over(&mut self, instance: InstanceId) {
        self.forget_pairs(instance);
    }

    /// An instance is gone: no group has it any longer.
    pub(super) fn forget(&mut self, instance: InstanceId) {
        let groups = self.groups.iter();
        let its = groups.filter(|(_, group)| group.members.contains(&instance));
        let its: Vec<TrustGroupKey> = its.map(|(key, _)| key.clone()).collect();
        for key in its {
            let group = self.groups.get_mut(&key).expect("found a moment ago");
            Arc::make_mut(group)
                .members
                .retain(|member| *member != instance);
        }
        self.forget_pairs(instance);
    }

    /// A resource group is gone, and its trust groups with it.
    pub(super) fn forget_group(&mut self, name: &Name) {
        if self.groups.keys().any(|key| key.resource.group == *name) {
            self.change(|groups| super::retain(groups, |key, _| key.resource.group != *name));
        }
    }

    fn forget_pairs(&mut self, instance: InstanceId) {
        let is_about = |(one, other, _): &Pair| *one == instance || *other == instance;
        if self.lingering.iter().any(is_about) {
            let kept = std::mem::take(&mut self.lingering).into_iter();
            self.lingering = kept.filter(|pair| !is_about(pair)).collect();
        }
    }
}

impl World {
    /// The trust groups that an instance is in.
    pub fn trust_groups_of(
        &self,
        instance: InstanceId,
    ) -> impl Iterator<Item = (&TrustGroupKey, &Arc<TrustGroup>)> + '_ {
        let groups = self.azure.trust.groups.iter();
        groups.filter(move |(_, group)| group.members.contains(&instance))
    }
}

impl Request for SetTrustLingering {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let trust = &mut world.azure.trust;
        trust.lingers = self.lingers;
        if !self.lingers {
            trust.lingering = OrdSet::new();
        }
        Ok(())
    }
}

fn pair(one: InstanceId, other: InstanceId, scope: TrustScope) -> Pair {
    (one.min(other), one.max(other), scope)
}
