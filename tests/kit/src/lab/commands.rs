//! Actions as commands of the core.

use std::sync::Arc;

use milink_core::availability_group::{
    AvailabilityMode, ClusterType, FailoverMode, SecondaryConnections, SeedingMode,
};
use milink_core::azure::{
    DeleteManagedInstance, DeleteResourceGroup, DeleteTrustCertificate, StartManagedInstance,
    StopManagedInstance, WriteTrustCertificate,
};
use milink_core::backup::{BackupDevice, BackupKind as Kind};
use milink_core::certificate::{CertificateFacts, MANAGED_INSTANCE_DNS_PATTERN};
use milink_core::certificate::{PUBLIC_ROOTS, PrivateKey};
use milink_core::command::{
    AddCertificateIssuer, AlterAvailabilityGroup, AlterDatabase, AlterEndpoint, AuthenticationSpec,
    Backup, CreateAvailabilityGroup, CreateCertificate, CreateDatabase,
    CreateDistributedAvailabilityGroup, CreateEndpoint, CreateMasterKey, DEFAULT_SESSION_TIMEOUT,
    DatabaseChange, DropAvailabilityGroup, DropCertificate, DropDatabase, DropEndpoint,
    GroupAction, GroupOptions, MemberChange, MemberSpec, ReplicaSpec, RestartServer, Write,
};
use milink_core::database::RecoveryModel;
use milink_core::endpoint::{EncryptionAlgorithm, EndpointEncryption, EndpointRole, EndpointState};
use milink_core::fault::{Fault, FaultError};
use milink_core::ids::{DatabaseId, InstanceId, PrincipalId, SessionId};
use milink_core::instance::ServiceState;
use milink_core::link::{
    CreateLink, CreateLinkGroup, DeleteLink, FailOverLink, FailoverKind, LinkFailoverMode,
    LinkGroupSpec, LinkRole, LinkSpec, ReplicationMode, SetLinkRole, UpdateLink,
};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, Key, Op, TableDefinition};
use milink_core::time::Span;
use milink_core::value::Value;

use super::observe::uploaded_name;
use super::{Lab, Outcome, Refused, facts};
use crate::action::{
    Action, BackupKind, Certificate, Pair, Place, RESOURCE_GROUP, chosen, database_name, server_of,
};
use crate::reference::can_return;
use crate::topology::{Policy, Version};

const MASTER: DatabaseId = DatabaseId(1);
const ENDPOINT: &str = "database_mirroring_endpoint";
const ROOT: &str = "MicrosoftPKI";

/// Whether an action is several commands.
pub(super) const fn is_several(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateDatabase(..) | Action::CreateCertificate(..) | Action::TrustRoot(_)
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
        }
        Ok(None)
    }

    fn create_database(&mut self, place: Place, n: u8) -> Result<(), Refused> {
        let instance = self.serving(place)?;
        let database = self.apply(CreateDatabase {
            instance,
            name: name(n),
            collation: None,
        })?;
        let found = self.world.instance(instance).expect("it is in the plan");
        let content = &found.databases[&database].content;
        let table = table(content.next_object(0), self.world.now());
        self.write(instance, database, Op::CreateTable(Arc::new(table)))
    }

    fn insert(&mut self, place: Place, n: u8) -> Result<i64, Refused> {
        let instance = self.serving(place)?;
        let found = self.world.instance(instance).expect("it serves");
        let database = found.database(&database_name(n));
        let database = database.ok_or(Refused::Nothing("there is no such database"))?;
        let table = database.content.table(&"dbo".into(), &"t".into());
        // What is being restored has no table yet, and is refused for that.
        let (object, row) = table.map_or((milink_core::ids::ObjectId(0), None), |table| {
            (table.definition.object, Some(table.next_row()))
        });
        let Some(id) = row else {
            found
                .check_writable(database)
                .map_err(milink_core::Refusal::from)?;
            return Err(Refused::Nothing("there is no such table"));
        };
        let (value, database) = (self.next_value, database.id);
        let op = Op::Insert {
            table: object,
            id,
            row: Arc::new([Value::Int(value)]),
        };
        self.write(instance, database, op)?;
        self.next_value += 1;
        Ok(value)
    }

    fn write(&mut self, instance: InstanceId, database: DatabaseId, op: Op) -> Result<(), Refused> {
        self.apply(Write {
            instance,
            database,
            session: SessionId(51),
            transaction: None,
            ops: vec![op],
        })?;
        Ok(())
    }

    fn back_up(&mut self, n: u8, kind: BackupKind) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(Backup {
            instance,
            database: name(n),
            kind: match kind {
                BackupKind::Full | BackupKind::CopyOnly => Kind::Full,
                BackupKind::Log => Kind::Log,
            },
            copy_only: kind == BackupKind::CopyOnly,
            devices: vec![BackupDevice::Disk("/var/opt/mssql/db.bak".into())],
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        })?;
        Ok(())
    }

    fn alter_database(&mut self, n: u8, change: DatabaseChange) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(AlterDatabase {
            instance,
            name: name(n),
            changes: vec![change],
        })
    }

    fn create_certificate(&mut self, n: u8, which: Certificate) -> Result<(), Refused> {
        let (instance, database) = (self.server(n), MASTER);
        let found = self.world.instance(instance).expect("it is in the plan");
        if found.master().content.master_key.is_none() {
            self.apply(CreateMasterKey {
                instance,
                database,
                password: "Str0ng!Passw0rd".into(),
            })?;
        }
        let made = self.made[usize::from(n)] + 1;
        self.apply(CreateCertificate {
            instance,
            database,
            name: which.name().into(),
            owner: None,
            facts: facts(n, made),
            private_key: PrivateKey::MasterKey,
            active_for_begin_dialog: true,
        })?;
        self.made[usize::from(n)] = made;
        self.own[usize::from(n)][which as usize] = made;
        Ok(())
    }

    fn drop_certificate(&mut self, n: u8, name: &str) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(DropCertificate {
            instance,
            database: MASTER,
            name: name.into(),
        })?;
        Ok(())
    }

    fn import(&mut self, n: u8, name: String, facts: CertificateFacts) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(CreateCertificate {
            instance,
            database: MASTER,
            name: name.into(),
            owner: None,
            facts,
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        })?;
        Ok(())
    }

    fn trust_root(&mut self, n: u8) -> Result<(), Refused> {
        let root = CertificateFacts {
            thumbprint: PUBLIC_ROOTS[0],
            ..facts(200, 0)
        };
        self.import(n, ROOT.to_owned(), root)?;
        let instance = self.server(n);
        let found = self.world.instance(instance).expect("it is in the plan");
        let root = found.master().content.certificate(ROOT);
        let certificate = root.expect("imported a moment ago").id;
        self.apply(AddCertificateIssuer {
            instance,
            certificate,
            dns: MANAGED_INSTANCE_DNS_PATTERN.into(),
        })?;
        Ok(())
    }

    fn upload(&mut self, pair: Pair, which: Certificate) -> Result<(), Refused> {
        let server = self.world.instance(self.server(pair.server()));
        let own = server.and_then(|server| server.master().content.certificate(which.name()));
        let own = own.ok_or(Refused::Nothing("there is no certificate to upload"))?;
        let facts = own.facts.clone();
        let number = self.own[usize::from(pair.server())][which as usize];
        let request = WriteTrustCertificate {
            instance: self.existing(pair.instance)?,
            name: uploaded_name(pair.server(), number).into(),
            facts,
        };
        self.apply(request)?;
        Ok(())
    }

    fn create_endpoint(&mut self, n: u8) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(CreateEndpoint {
            instance,
            name: ENDPOINT.into(),
            owner: PrincipalId(1),
            state: EndpointState::Started,
            port: 5022,
            listener_ip: None,
            role: EndpointRole::All,
            authentication: authentication(Certificate::First),
            encryption: EndpointEncryption::Required(EncryptionAlgorithm::Aes),
        })?;
        Ok(())
    }

    fn alter_endpoint(
        &mut self,
        n: u8,
        state: Option<EndpointState>,
        authentication: Option<AuthenticationSpec>,
    ) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(AlterEndpoint {
            instance,
            name: ENDPOINT.into(),
            state,
            port: None,
            listener_ip: None,
            role: None,
            authentication,
            encryption: None,
        })?;
        Ok(())
    }

    fn create_group(&mut self, n: u8, with: bool) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        let found = self.world.instance(instance).expect("it is in the plan");
        let (server_name, old) = (found.name.clone(), found.build().major < 14);
        self.apply(CreateAvailabilityGroup {
            instance,
            name: self.plan.group(n).into(),
            // SQL Server 2016 has no CLUSTER_TYPE.
            cluster: (!old).then_some(ClusterType::None),
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

    fn create_distributed(&mut self, pair: Pair, from_instance: bool) -> Result<(), Refused> {
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
                member(self.plan.group(pair.database), server_url(pair.server())),
                member(self.plan.instance_group(pair), url),
            ],
        };
        self.apply(request)?;
        Ok(())
    }

    fn commit_mode(&mut self, pair: Pair, sync: bool) -> Result<(), Refused> {
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

    fn alter_group(&mut self, n: u8, group: String, action: GroupAction) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(AlterAvailabilityGroup {
            instance,
            name: group.into(),
            action,
        })?;
        Ok(())
    }

    fn drop_group(&mut self, n: u8, group: String) -> Result<(), Refused> {
        let instance = self.server(server_of(n));
        self.apply(DropAvailabilityGroup {
            instance,
            name: group.into(),
        })
    }

    /// A link is asked for with failback where the formats allow it, as the wizard does.
    fn spec(&self, pair: Pair, from_instance: bool) -> LinkSpec {
        let two_way = self
            .words(pair)
            .is_some_and(|(version, policy)| can_return(version, policy));
        LinkSpec {
            instance_group: self.plan.instance_group(pair).into(),
            partner_group: self.plan.group(pair.database).into(),
            partner_endpoint: server_url(pair.server()).to_uppercase().into(),
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

fn authentication(which: Certificate) -> AuthenticationSpec {
    AuthenticationSpec {
        windows: None,
        certificate: Some(which.name().into()),
        windows_first: false,
    }
}

fn server_url(n: u8) -> String {
    format!("tcp://10.0.0.{}:5022", 4 + n)
}

fn name(n: u8) -> Name {
    database_name(n).into()
}

fn table(object: milink_core::ids::ObjectId, now: milink_core::time::Timestamp) -> TableDefinition {
    TableDefinition {
        object,
        schema: "dbo".into(),
        name: "t".into(),
        columns: vec![Column {
            id: 1,
            name: "a".into(),
            sql_type: SqlType::Int,
            nullable: false,
            collation: None,
            identity: None,
            default: None,
            computed: None,
        }],
        max_column_id: 1,
        keys: vec![Key {
            object: None,
            name: "PK_t".into(),
            primary: true,
            constraint: true,
            clustered: true,
            columns: vec![(0, false)],
        }],
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        created: now,
        modified: now,
    }
}
