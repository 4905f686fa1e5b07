//! What running operations on ARM resources will do when they end.

use std::sync::Arc;

use super::managed_database::NewDatabase;
use super::managed_instance::InstanceChange;
use super::server_trust_group::TrustGroupChange;
use super::{
    ResourceKey, TrustGroupKey, failover_group, managed_database, managed_instance, resource_group,
    server_trust_certificate, server_trust_group, subnet, virtual_network,
};
use crate::certificate::CertificateFacts;
use crate::durations::Transition;
use crate::ids::{InstanceId, OperationId};
use crate::names::Name;
use crate::operation::OperationError;
use crate::refusal::Refusal;
use crate::world::{Timer, World};

/// What an operation will do when it ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pending {
    /// A managed instance becomes ready.
    CreateInstance(Name),
    /// A managed instance is changed.
    UpdateInstance(InstanceId, Arc<InstanceChange>),
    /// A managed instance is gone.
    DeleteInstance(InstanceId),
    /// A managed instance is stopped.
    StopInstance(InstanceId),
    /// A managed instance runs again.
    StartInstance(InstanceId),
    /// A managed instance runs on another node.
    FailOverInstance(InstanceId),
    /// A managed database is there.
    CreateDatabase(Arc<NewDatabase>),
    /// A managed database is gone.
    DropDatabase(InstanceId, Name),
    /// A partner certificate is trusted.
    WriteCertificate(InstanceId, Name, Arc<CertificateFacts>),
    /// A partner certificate is gone.
    DeleteCertificate(InstanceId, Name),
    /// The members of a trust group trust each other.
    WriteTrustGroup(Arc<TrustGroupChange>),
    /// A trust group is gone.
    DeleteTrustGroup(TrustGroupKey),
    /// Something becomes of a failover group.
    FailoverGroup(Name, Arc<failover_group::Change>),
    /// A resource group is gone.
    DeleteGroup(Name),
    /// A virtual network is gone.
    DeleteVirtualNetwork(ResourceKey),
    /// A subnet is gone.
    DeleteSubnet(ResourceKey, Name),
    /// A resource that has been changed already says so, after this transition.
    Settle(Transition),
}

impl Pending {
    /// The instance with an engine that it is about.
    fn instance(&self) -> Option<InstanceId> {
        match self {
            Self::UpdateInstance(id, _)
            | Self::DeleteInstance(id)
            | Self::StopInstance(id)
            | Self::StartInstance(id)
            | Self::FailOverInstance(id)
            | Self::DropDatabase(id, _)
            | Self::WriteCertificate(id, ..)
            | Self::DeleteCertificate(id, _) => Some(*id),
            Self::CreateDatabase(new) => Some(new.instance()),
            Self::CreateInstance(_)
            | Self::WriteTrustGroup(_)
            | Self::DeleteTrustGroup(_)
            | Self::FailoverGroup(..)
            | Self::DeleteGroup(_)
            | Self::DeleteVirtualNetwork(_)
            | Self::DeleteSubnet(..)
            | Self::Settle(_) => None,
        }
    }

    /// What it is the end of.
    pub(crate) fn transition(&self) -> Transition {
        match self {
            Self::CreateInstance(_) => Transition::InstanceCreate,
            Self::UpdateInstance(..) => Transition::InstanceUpdate,
            Self::DeleteInstance(_) => Transition::InstanceDelete,
            Self::StopInstance(_) => Transition::InstanceStop,
            Self::StartInstance(_) => Transition::InstanceStart,
            Self::FailOverInstance(_) => Transition::InstanceFailover,
            Self::CreateDatabase(_) | Self::DropDatabase(..) => Transition::DatabaseCreate,
            Self::WriteCertificate(..) | Self::DeleteCertificate(..) => {
                Transition::CertificateWrite
            }
            Self::WriteTrustGroup(_) | Self::DeleteTrustGroup(_) => Transition::TrustGroupWrite,
            Self::FailoverGroup(_, change) => match **change {
                failover_group::Change::FailOver(..) => Transition::Failover,
                _ => Transition::FailoverGroupWrite,
            },
            Self::DeleteGroup(_) => Transition::GroupDelete,
            Self::DeleteVirtualNetwork(_) | Self::DeleteSubnet(..) => Transition::NetworkWrite,
            Self::Settle(transition) => *transition,
        }
    }

    /// The trust group that it changes.
    pub(super) fn trust_group(&self) -> Option<&TrustGroupKey> {
        match self {
            Self::WriteTrustGroup(change) => Some(change.key()),
            Self::DeleteTrustGroup(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it is about this instance with an engine.
    pub(super) fn is_about(&self, instance: InstanceId) -> bool {
        self.instance() == Some(instance)
    }
}

impl World {
    /// Sees to the end of `operation`: `pending` happens when `transition` has passed.
    pub(crate) fn when_over(
        &mut self,
        operation: OperationId,
        transition: Transition,
        pending: Pending,
    ) {
        let due = self.now() + self.span(transition);
        self.azure.pending.insert(operation, pending);
        self.timers.arm(Timer::Operation(operation), due);
    }
}

/// Operations whose resource has gone with its parent are canceled.
pub(super) fn abandon(world: &mut World, is_gone: impl Fn(&Pending) -> bool) {
    let gone = world
        .azure
        .pending
        .iter()
        .filter(|(_, pending)| is_gone(pending));
    let gone: Vec<OperationId> = gone.map(|(id, _)| *id).collect();
    for id in gone {
        world.azure.pending.remove(&id);
        world.timers.cancel(&Timer::Operation(id));
        world.cancel_operation(id);
    }
}

/// Ends an operation on an ARM resource whose time has come.
pub(crate) fn complete(world: &mut World, id: OperationId) {
    let Some(pending) = world.azure.pending.remove(&id) else {
        return;
    };
    let deletes_failover_group = matches!(&pending, Pending::FailoverGroup(_, change)
        if **change == failover_group::Change::Delete);
    let has_result = !deletes_failover_group
        && !matches!(
            pending,
            Pending::DeleteInstance(_)
                | Pending::DropDatabase(..)
                | Pending::DeleteCertificate(..)
                | Pending::DeleteTrustGroup(_)
                | Pending::DeleteGroup(_)
                | Pending::DeleteVirtualNetwork(_)
                | Pending::DeleteSubnet(..)
        );
    // A draft, as for a command: an end that is refused has changed nothing else.
    let mut draft = world.clone();
    match finish(&mut draft, pending.clone()) {
        Ok(()) => {
            *world = draft;
            world.succeed_operation(id, has_result);
        }
        Err(refusal) => {
            if let Pending::DeleteGroup(name) = &pending {
                resource_group::give_up_deletion(world, name);
            }
            world.fail_operation(id, OperationError::Refused(Box::new(refusal)));
        }
    }
}

fn finish(world: &mut World, pending: Pending) -> Result<(), Refusal> {
    match pending {
        Pending::CreateInstance(name) => managed_instance::finish_creation(world, &name),
        Pending::UpdateInstance(instance, change) => {
            managed_instance::finish_update(world, instance, &change);
            Ok(())
        }
        Pending::DeleteInstance(instance) => managed_instance::finish_deletion(world, instance),
        Pending::StopInstance(instance) => managed_instance::finish_stop(world, instance),
        Pending::StartInstance(instance) => {
            managed_instance::finish_start(world, instance);
            Ok(())
        }
        Pending::FailOverInstance(instance) => {
            managed_instance::finish_failover(world, instance);
            Ok(())
        }
        Pending::CreateDatabase(new) => managed_database::finish_creation(world, &new),
        Pending::DropDatabase(instance, name) => {
            managed_database::finish_deletion(world, instance, &name)
        }
        Pending::WriteCertificate(instance, name, facts) => {
            server_trust_certificate::finish_write(world, instance, name, facts)
        }
        Pending::DeleteCertificate(instance, name) => {
            server_trust_certificate::finish_deletion(world, instance, &name);
            Ok(())
        }
        Pending::WriteTrustGroup(change) => server_trust_group::finish_write(world, &change),
        Pending::DeleteTrustGroup(key) => {
            server_trust_group::finish_deletion(world, &key);
            Ok(())
        }
        Pending::FailoverGroup(name, change) => failover_group::finish(world, &name, &change),
        Pending::DeleteGroup(name) => resource_group::finish_deletion(world, &name),
        Pending::DeleteVirtualNetwork(key) => virtual_network::finish_network_deletion(world, &key),
        Pending::DeleteSubnet(key, name) => subnet::finish_subnet_deletion(world, &key, &name),
        Pending::Settle(_) => Ok(()),
    }
}
