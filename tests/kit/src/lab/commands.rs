//! Actions as commands of the core.

mod database;
mod groups;
mod replicas;
mod trust;

use milink_core::azure::{
    DeleteManagedInstance, DeleteResourceGroup, DeleteTrustCertificate, StartManagedInstance,
    StopManagedInstance,
};
use milink_core::command::{
    DatabaseChange, DropDatabase, DropEndpoint, GroupAction, RestartServer,
};
use milink_core::database::RecoveryModel;
use milink_core::endpoint::EndpointState;
use milink_core::fault::{Fault, FaultError};
use milink_core::ids::InstanceId;
use milink_core::instance::ServiceState;
use milink_core::link::{
    CreateLink, CreateLinkGroup, DeleteLink, FailOverLink, FailoverKind, LinkGroupSpec, LinkRole,
    LinkSpec, ReplicationMode, SetLinkRole, UpdateLink,
};
use milink_core::names::Name;
use milink_core::time::Span;

use super::observe::uploaded_name;
use super::{Lab, Outcome, Refused};
use crate::action::{Action, Local, Place, RESOURCE_GROUP, chosen, database_name};
use trust::authentication;

const ENDPOINT: &str = "database_mirroring_endpoint";

/// Whether an action is several commands.
pub(super) const fn is_several(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateDatabase(..)
            | Action::CreateCertificate(..)
            | Action::TrustRoot(_)
            | Action::Replica(_, _, Local::Join)
    )
}

impl Lab {
    pub(super) fn attempt(&mut self, action: &Action) -> Outcome {
        match *action {
            Action::Advance(seconds) => {
                let until = self.world.now() + Span::seconds(seconds.into());
                self.world.advance_to(until);
            }
            Action::Fault(n, trouble) => {
                let fault = Fault::named(trouble.point()).map_err(too_many)?;
                let fault = fault.on(&Place::Instance(n).name());
                let now = self.world.now();
                self.world.install_fault(now, fault).map_err(too_many)?;
            }
            Action::Heal => self.world.clear_faults(self.world.now()),
            Action::Restart(n) => {
                let instance = self.server(n);
                self.apply(RestartServer { instance })?;
            }
            Action::CreateDatabase(place, n) => self.create_database(place, n)?,
            Action::DropDatabase(place, n) => {
                let instance = self.serving(place)?;
                self.apply(DropDatabase {
                    instance,
                    name: name(n),
                    session: None,
                })?;
            }
            Action::Insert(place, n) => return self.insert(place, n).map(Some),
            Action::Backup(n, kind) => self.back_up(n, kind)?,
            Action::Recovery(n, simple) => {
                let model = match simple {
                    true => RecoveryModel::Simple,
                    false => RecoveryModel::Full,
                };
                self.alter_database(n, DatabaseChange::Recovery(model))?;
            }
            Action::Suspend(n, true) => self.alter_database(n, DatabaseChange::HadrSuspend)?,
            Action::Suspend(n, false) => self.alter_database(n, DatabaseChange::HadrResume)?,
            Action::HadrOff(n) => self.alter_database(n, DatabaseChange::HadrOff)?,
            Action::CreateCertificate(n, which) => self.create_certificate(n, which)?,
            Action::DropCertificate(n, which) => self.drop_certificate(n, which.name())?,
            Action::DropImported(pair) => {
                let name = self.fqdn(pair.instance);
                self.drop_certificate(pair.server(), &name)?;
            }
            Action::CreateEndpoint(n) => self.create_endpoint(n)?,
            Action::TurnEndpoint(n, started) => {
                let state = match started {
                    true => EndpointState::Started,
                    false => EndpointState::Stopped,
                };
                self.alter_endpoint(n, Some(state), None)?;
            }
            Action::AuthenticateBy(n, which) => {
                self.alter_endpoint(n, None, Some(authentication(which)))?;
            }
            Action::DropEndpoint(n) => {
                let instance = self.server(n);
                self.apply(DropEndpoint {
                    instance,
                    name: ENDPOINT.into(),
                })?;
            }
            Action::ImportCertificate(pair) => {
                let instance = self.world.instance(self.instance(pair.instance));
                let mi = instance.and_then(|instance| instance.as_managed_instance());
                let certificate = mi.ok_or(Refused::Nothing("there is no such instance"))?;
                let certificate = certificate.endpoint_certificate.clone();
                self.import(pair.server(), self.fqdn(pair.instance), certificate)?;
            }
            Action::TrustRoot(n) => self.trust_root(n)?,
            Action::UploadCertificate(pair, which) => self.upload(pair, which)?,
            Action::RevokeCertificate(pair, which) => {
                let number = self.own[usize::from(pair.server())][which as usize];
                let request = DeleteTrustCertificate {
                    instance: self.existing(pair.instance)?,
                    name: uploaded_name(pair.server(), number).into(),
                };
                self.apply(request)?;
            }
            Action::StopInstance(n) => {
                let instance = self.existing(n)?;
                self.apply(StopManagedInstance { instance })?;
            }
            Action::StartInstance(n) => {
                let instance = self.existing(n)?;
                self.apply(StartManagedInstance { instance })?;
            }
            Action::DeleteInstance(n) => {
                let instance = self.existing(n)?;
                self.apply(DeleteManagedInstance { instance })?;
            }
            Action::DeleteResourceGroup => {
                let name = RESOURCE_GROUP.into();
                self.apply(DeleteResourceGroup { name })?;
            }
            Action::CreateGroup(n, with) => self.create_group(n, with)?,
            Action::DropGroup(n) => self.drop_group(n, self.plan.group(n))?,
            Action::DropDistributed(pair) => {
                self.drop_group(pair.database, self.plan.link(pair))?
            }
            Action::GrantCreate(n) => {
                self.alter_group(n, self.plan.group(n), GroupAction::CreateAnyDatabase(true))?;
            }
            Action::AddDatabase(n) => {
                self.alter_group(
                    n,
                    self.plan.group(n),
                    GroupAction::AddDatabases(vec![name(n)]),
                )?;
            }
            Action::RemoveDatabase(n) => {
                self.alter_group(
                    n,
                    self.plan.group(n),
                    GroupAction::RemoveDatabases(vec![name(n)]),
                )?;
            }
            Action::CreateDistributed(pair, from) => self.create_distributed(pair, from)?,
            Action::CommitMode(pair, sync) => self.commit_mode(pair, sync)?,
            Action::Failover(pair) => {
                self.alter_group(pair.database, self.plan.link(pair), GroupAction::Failover)?;
            }
            Action::ForceFailover(pair) => {
                self.alter_group(
                    pair.database,
                    self.plan.link(pair),
                    GroupAction::ForceFailover,
                )?;
            }
            Action::GiveUp(pair) => {
                self.alter_group(
                    pair.database,
                    self.plan.link(pair),
                    GroupAction::SetRoleSecondary,
                )?;
            }
            Action::CreateLink(pair, from) if self.plan.several => {
                let instance = self.existing(pair.instance)?;
                let LinkSpec {
                    instance_group,
                    partner_group,
                    partner_endpoint,
                    instance_role,
                    failover_mode,
                    ..
                } = self.spec(pair, from);
                let request = CreateLinkGroup {
                    instance,
                    name: self.plan.link(pair).into(),
                    spec: LinkGroupSpec {
                        instance_group,
                        partner_group,
                        partner_endpoint,
                        instance_role,
                        failover_mode,
                    },
                    databases: self.plan.databases_of(pair.server()).map(name).collect(),
                };
                self.apply(request)?;
            }
            Action::LinkDatabases(pair, bits) => {
                let request = UpdateLink {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                    replication_mode: None,
                    databases: Some(chosen(&self.plan, pair.server(), bits).map(name).collect()),
                };
                self.apply(request)?;
            }
            Action::CreateLink(pair, from) => {
                let request = CreateLink {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                    spec: self.spec(pair, from),
                };
                self.apply(request)?;
            }
            Action::UpdateLink(pair, sync) => {
                let mode = match sync {
                    true => ReplicationMode::Sync,
                    false => ReplicationMode::Async,
                };
                let request = UpdateLink {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                    replication_mode: Some(mode),
                    databases: None,
                };
                self.apply(request)?;
            }
            Action::DeleteLink(pair) => {
                let request = DeleteLink {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                };
                self.apply(request)?;
            }
            Action::LinkFailover(pair, forced) => {
                let request = FailOverLink {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                    kind: match forced {
                        true => FailoverKind::ForcedAllowDataLoss,
                        false => FailoverKind::Planned,
                    },
                };
                self.apply(request)?;
            }
            Action::SetRole(pair, primary, forced) => {
                let request = SetLinkRole {
                    instance: self.existing(pair.instance)?,
                    name: self.plan.link(pair).into(),
                    role: match primary {
                        true => LinkRole::Primary,
                        false => LinkRole::Secondary,
                    },
                    forced,
                };
                self.apply(request)?;
            }
            Action::Replica(server, n, what) => self.of_replica(server, n, what)?,
            Action::Distributed(server, pair, what) => self.above(server, pair, what)?,
        }
        Ok(None)
    }

    /// Where somebody can log in.
    fn serving(&self, place: Place) -> Result<InstanceId, Refused> {
        let id = match place {
            Place::Server(n) => self.server(n),
            Place::Instance(n) => self.existing(n)?,
        };
        let found = self.world.instance(id);
        match found.map(|found| found.service) {
            Some(ServiceState::Running | ServiceState::Starting) => Ok(id),
            Some(ServiceState::Stopped) => Err(Refused::Nothing("its service is stopped")),
            None => Err(Refused::Nothing("there is no such server")),
        }
    }

    /// An instance that has not been deleted.
    fn existing(&self, n: u8) -> Result<InstanceId, Refused> {
        let id = self.instance(n);
        let found = self.world.instance(id);
        found.ok_or(Refused::Nothing("there is no such instance"))?;
        Ok(id)
    }

    fn server(&self, n: u8) -> InstanceId {
        self.servers[usize::from(n)]
    }

    fn instance(&self, n: u8) -> InstanceId {
        self.instances[usize::from(n)]
    }

    fn fqdn(&self, n: u8) -> String {
        self.fqdns[usize::from(n)].clone()
    }
}

fn too_many(_: FaultError) -> Refused {
    Refused::Nothing("there are too many faults")
}

fn name(n: u8) -> Name {
    database_name(n).into()
}
