//! Availability groups, the distributed ones above them, and what a link of them is asked for with.

use milink_core::availability_group::{
    AvailabilityMode, FailoverMode, SecondaryConnections, SeedingMode,
};
use milink_core::command::{
    AlterAvailabilityGroup, CreateAvailabilityGroup, CreateDistributedAvailabilityGroup,
    DEFAULT_SESSION_TIMEOUT, DropAvailabilityGroup, GroupAction, GroupOptions, MemberChange,
    MemberSpec, ReplicaSpec,
};
use milink_core::link::{LinkFailoverMode, LinkRole, LinkSpec};
use milink_core::time::Span;

use super::super::{Lab, Refused};
use super::name;
use crate::action::{Pair, Place, database_name, server_of};
use crate::reference::can_return;
use crate::topology::{Policy, Version, server_address};

impl Lab {
    pub(super) fn create_group(&mut self, n: u8, with: bool) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        let found = self.world.instance(instance).expect("it is in the plan");
        let (server_name, old) = (found.name.clone(), found.build().major < 14);
        self.apply(CreateAvailabilityGroup {
            instance,
            name: self.plan.group(n).into(),
            // SQL Server 2016 has no CLUSTER_TYPE.
            cluster: self.cluster_type().filter(|_| !old),
            databases: if with { vec![name(n)] } else { Vec::new() },
            replicas: vec![ReplicaSpec {
                server_name,
                endpoint_url: server_url(server_of(n)).into(),
                availability_mode: AvailabilityMode::SynchronousCommit,
                failover_mode: FailoverMode::Manual,
                seeding_mode: SeedingMode::Automatic,
                session_timeout: DEFAULT_SESSION_TIMEOUT,
                backup_priority: 50,
                primary_read_write_only: false,
                secondary_connections: SecondaryConnections::All,
                read_only_routing_url: None,
            }],
            options: GroupOptions::default(),
            basic: false,
            contained: false,
        })?;
        Ok(())
    }

    pub(super) fn create_distributed(
        &mut self,
        pair: Pair,
        from_instance: bool,
    ) -> Result<(), Refused> {
        let member = |group: String, listener_url: String| MemberSpec {
            group: group.into(),
            listener_url: listener_url.into(),
            availability_mode: AvailabilityMode::AsynchronousCommit,
            failover_mode: FailoverMode::Manual,
            seeding_mode: SeedingMode::Automatic,
            session_timeout: Span::seconds(20),
        };
        let mut url = format!(
            "tcp://{}:5022;Server=[{}]",
            self.fqdn(pair.instance),
            Place::Instance(pair.instance)
        );
        if from_instance {
            url += &format!(";Database=[{}]", database_name(pair.database));
        }
        let request = CreateDistributedAvailabilityGroup {
            instance: self.server(pair.server()),
            name: self.plan.link(pair).into(),
            members: [
                member(self.plan.group(pair.database), self.partner_url(pair)),
                member(self.plan.instance_group(pair), url),
            ],
        };
        self.apply(request)?;
        Ok(())
    }

    pub(super) fn commit_mode(&mut self, pair: Pair, sync: bool) -> Result<(), Refused> {
        let mode = match sync {
            true => AvailabilityMode::SynchronousCommit,
            false => AvailabilityMode::AsynchronousCommit,
        };
        let change = || MemberChange {
            availability_mode: Some(mode),
            ..MemberChange::default()
        };
        let members = vec![
            (self.plan.group(pair.database).into(), change()),
            (self.plan.instance_group(pair).into(), change()),
        ];
        self.alter_group(
            pair.database,
            self.plan.link(pair),
            GroupAction::ModifyMembers(members),
        )
    }

    pub(super) fn alter_group(
        &mut self,
        n: u8,
        group: String,
        action: GroupAction,
    ) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(AlterAvailabilityGroup {
            instance,
            name: group.into(),
            action,
        })?;
        Ok(())
    }

    pub(super) fn drop_group(&mut self, n: u8, group: String) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(DropAvailabilityGroup {
            instance,
            name: group.into(),
        })
    }

    /// A link is asked for with failback where the formats allow it, as the wizard does.
    pub(super) fn spec(&self, pair: Pair, from_instance: bool) -> LinkSpec {
        let two_way = self
            .words(pair)
            .is_some_and(|(version, policy)| can_return(version, policy));
        LinkSpec {
            instance_group: self.plan.instance_group(pair).into(),
            partner_group: self.plan.group(pair.database).into(),
            partner_endpoint: self.partner_url(pair).into(),
            database: name(pair.database),
            instance_role: match from_instance {
                true => LinkRole::Primary,
                false => LinkRole::Secondary,
            },
            failover_mode: match two_way {
                true => LinkFailoverMode::Manual,
                false => LinkFailoverMode::None,
            },
        }
    }

    /// Where links find SQL Server.
    fn partner_url(&self, pair: Pair) -> String {
        format!("TCP://{}:5022", self.plan.address(pair.database))
    }

    /// The version and the policy of a pair.
    fn words(&self, pair: Pair) -> Option<(Version, Policy)> {
        let build = self.world.instance(self.server(pair.server()))?.build();
        let instance = self.world.instance(self.instance(pair.instance))?;
        let policy = instance.as_managed_instance()?.update_policy.text();
        let version = Version::ALL
            .into_iter()
            .find(|version| milink_core::version::Build::named(version.text()) == Some(build))?;
        let policy = Policy::ALL
            .into_iter()
            .find(|found| found.text() == policy)?;
        Some((version, policy))
    }
}

fn server_url(n: u8) -> String {
    format!("tcp://{}:5022", server_address(n))
}
