//! Groups with replicas, and the distributed groups above them, on either of their servers.

use milink_core::availability_group::{
    AvailabilityMode, ClusterType, FailoverMode, SecondaryConnections, SeedingMode,
};
use milink_core::command::{
    AlterAvailabilityGroup, AlterDatabase, DEFAULT_SESSION_TIMEOUT, DatabaseChange,
    DropAvailabilityGroup, GroupAction, ListenerSource, ListenerSpec, MemberChange, ReplicaChange,
    ReplicaSpec,
};
use milink_core::listener::ListenerAddress;

use super::super::{Lab, Refused};
use super::name;
use crate::action::{Above, Certificate, Local, Pair, Place};
use crate::topology::server_address;

impl Lab {
    pub(super) fn of_replica(&mut self, server: u8, n: u8, what: Local) -> Result<(), Refused> {
        let other = Place::Server(1 - server).name();
        let alter = match what {
            Local::Trust => return self.trust_other(server),
            Local::Leave => return self.drop_on(server, self.plan.group(n)),
            Local::Suspend(true) => return self.alter_on(server, n, DatabaseChange::HadrSuspend),
            Local::Suspend(false) => return self.alter_on(server, n, DatabaseChange::HadrResume),
            Local::HadrOff => return self.alter_on(server, n, DatabaseChange::HadrOff),
            Local::Join => {
                let cluster = self.cluster_type();
                self.alter_group_on(server, self.plan.group(n), GroupAction::Join { cluster })?;
                GroupAction::CreateAnyDatabase(true)
            }
            Local::Add => GroupAction::AddReplica(replica(1 - server)),
            Local::Remove => GroupAction::RemoveReplica(other.as_str().into()),
            Local::Listen => GroupAction::AddListener(ListenerSpec {
                dns_name: self.plan.listener(n).into(),
                addresses: ListenerSource::Static(vec![ListenerAddress {
                    ip: std::net::Ipv4Addr::new(10, 0, 0, 100 + n).into(),
                    mask: Some(std::net::Ipv4Addr::new(255, 255, 255, 0)),
                }]),
                port: None,
            }),
            Local::Mode(synchronous) => {
                let mode = match synchronous {
                    true => AvailabilityMode::SynchronousCommit,
                    false => AvailabilityMode::AsynchronousCommit,
                };
                let change = ReplicaChange {
                    availability_mode: Some(mode),
                    ..ReplicaChange::default()
                };
                GroupAction::ModifyReplica(other.as_str().into(), change)
            }
            Local::Failover => GroupAction::Failover,
            Local::Force => GroupAction::ForceFailover,
            Local::StepDown => GroupAction::SetRoleSecondary,
            Local::Offline => GroupAction::Offline,
        };
        self.alter_group_on(server, self.plan.group(n), alter)
    }

    pub(super) fn above(&mut self, server: u8, pair: Pair, what: Above) -> Result<(), Refused> {
        let action = match what {
            Above::Failover => GroupAction::Failover,
            Above::Force => GroupAction::ForceFailover,
            Above::GiveUp => GroupAction::SetRoleSecondary,
            Above::Tell => {
                let url = format!("TCP://{}:5022", server_address(server));
                let change = MemberChange {
                    listener_url: Some(url.into()),
                    ..MemberChange::default()
                };
                let own = self.plan.group(pair.database).into();
                GroupAction::ModifyMembers(vec![(own, change)])
            }
            Above::Drop => return self.drop_on(server, self.plan.link(pair)),
        };
        self.alter_group_on(server, self.plan.link(pair), action)
    }

    /// How groups with replicas say that they have no cluster; those in one say nothing.
    pub(super) fn cluster_type(&self) -> Option<ClusterType> {
        let cluster = self.plan.replicas.is_some_and(|replicas| replicas.cluster);
        (!cluster).then_some(ClusterType::None)
    }

    fn trust_other(&mut self, server: u8) -> Result<(), Refused> {
        let other = 1 - server;
        let found = self.world.instance(self.server(other));
        let name = Certificate::First.name();
        let theirs = found.and_then(|found| found.master().content.certificate(name));
        let theirs = theirs.ok_or(Refused::Nothing("there is no certificate to import"))?;
        let facts = theirs.facts.clone();
        self.import(server, format!("of_{}", Place::Server(other)), facts)
    }

    fn alter_on(&mut self, server: u8, n: u8, change: DatabaseChange) -> Result<(), Refused> {
        let instance = self.server(server);
        self.apply(AlterDatabase {
            instance,
            name: name(n),
            changes: vec![change],
        })
    }

    fn alter_group_on(
        &mut self,
        server: u8,
        group: String,
        action: GroupAction,
    ) -> Result<(), Refused> {
        let instance = self.server(server);
        self.apply(AlterAvailabilityGroup {
            instance,
            name: group.into(),
            action,
        })?;
        Ok(())
    }

    fn drop_on(&mut self, server: u8, group: String) -> Result<(), Refused> {
        let instance = self.server(server);
        self.apply(DropAvailabilityGroup {
            instance,
            name: group.into(),
        })
    }
}

fn replica(server: u8) -> ReplicaSpec {
    ReplicaSpec {
        server_name: Place::Server(server).name().into(),
        endpoint_url: format!("TCP://{}:5022", server_address(server)).into(),
        availability_mode: AvailabilityMode::SynchronousCommit,
        failover_mode: FailoverMode::Manual,
        seeding_mode: SeedingMode::Automatic,
        session_timeout: DEFAULT_SESSION_TIMEOUT,
        backup_priority: 50,
        primary_read_write_only: false,
        secondary_connections: SecondaryConnections::All,
        read_only_routing_url: None,
    }
}
