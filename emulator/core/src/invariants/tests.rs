//! Every law can be broken: a world that breaks it, made by hand, is found out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{LAWS, STEP_LAWS};
use crate::availability_group::{AvailabilityGroup, Role};
use crate::azure::authorization::{AddPrincipal, AssignRole, DefineRole, Scope};
use crate::azure::data_factory::{
    Factory, Precondition, WriteFactory, WriteManagedEndpoint, WriteManagedNetwork,
};
use crate::azure::deployment::{
    Deployer, Deployment, DeploymentKey, DeploymentState, Secret, StartDeployment, Step, StepState,
};
use crate::azure::fabric::{
    MachineProfile, Place, PoolId, Probe, PublicAddressSettings, Question, Rule, RuleProtocol, Sku,
    Target, WantedFrontend, WriteInterface, WriteLoadBalancer, WriteLocalGateway, WriteMachine,
    WritePrivateEndpoint, WritePublicAddress, WriteZone, WriteZoneLink,
};
use crate::azure::{
    AddressPrefix, DeleteTrustGroup, InstanceSettings, ResourceKey, SubnetId, SubnetSettings, Tags,
    TrustGroupKey, TrustScope, WriteManagedInstance, WriteResourceGroup, WriteTrustGroup,
    WriteVirtualNetwork,
};
use crate::azure::{
    FailoverGroupPlace, FailoverGroupSettings, FailoverPolicy, SecondaryType, WriteFailoverGroup,
};
use crate::command::{CreateManagedInstance, GroupAction, Request};
use crate::database::Database;
use crate::distributed::{IN_DOUBT, Part, PartState};
use crate::durations::Profile;
use crate::encryption::{EncryptionKey, KeyAlgorithm, Protector};
use crate::endpoint::EndpointState;
use crate::ids::{DatabaseId, GroupId, InstanceId, OperationId, SessionId, TransactionId};
use crate::instance::{Instance, ServiceState};
use crate::link::{FailoverKind, Link, LinkId, LostTransaction, Phase, RoleChange};
use crate::lsn::Lsn;
use crate::operation::OperationState;
use crate::refusal::LinkError;
use crate::replica::{FollowPhase, Secondary};
use crate::session::Session;
use crate::store::{DatabaseFile, FileSize, Log, LogKind, Op};
use crate::time::{Span, Timestamp};
use crate::value::Value;
use crate::world::{Timer, World};
use lab::Lab;
use lab::replicas::SECOND;

#[path = "../../tests/lab/mod.rs"]
pub(super) mod lab;

const SQL: InstanceId = InstanceId(1);
const MI: InstanceId = InstanceId(2);

/// A law, the world that a mutant begins as, and what breaks the law in it.
type Mutant = (&'static str, fn() -> World, fn(&mut World));

const MUTANTS: &[Mutant] = &[
    (
        "a managed instance's database has one log file",
        linked,
        |world| {
            let file = DatabaseFile {
                id: 3,
                name: "log2".into(),
                path: None,
                size: FileSize::default(),
            };
            database(world, MI).content.files = [file].into();
        },
    ),
    ("nothing is overdue", linked, |world| {
        let before = world.now - Span::seconds(1);
        world.timers.arm(Timer::Redo(link_id(world)), before);
    }),
    (
        "instance names are unique among their kind",
        linked,
        |world| {
            let twin = world.instances[&SQL].clone();
            world.instances.insert(InstanceId(9), twin);
        },
    ),
    ("every instance has its system databases", linked, |world| {
        instance(world, SQL).databases.remove(&DatabaseId(2));
    }),
    (
        "database names are unique on an instance",
        linked,
        |world| {
            let twin = Arc::new(database(world, SQL).clone());
            instance(world, SQL).databases.insert(DatabaseId(99), twin);
        },
    ),
    (
        "a database and its availability group name each other",
        linked,
        |world| database(world, SQL).group = None,
    ),
    (
        "a distributed group stands on a local group",
        linked,
        |world| {
            let groups = std::mem::take(&mut instance(world, SQL).groups);
            let distributed = groups
                .into_iter()
                .filter(|(_, g)| g.as_distributed().is_some());
            instance(world, SQL).groups = distributed.collect();
        },
    ),
    (
        "an endpoint's certificate exists and has its private key",
        linked,
        |world| master(world).content.certificates.clear(),
    ),
    (
        "what a master key protects has its master key",
        linked,
        |world| master(world).content.master_key = None,
    ),
    (
        "a master key has a password, and a session that opened it is there",
        linked,
        |world| {
            let opened = (SessionId(77), DatabaseId(1));
            instance(world, SQL).open_keys.insert(opened);
        },
    ),
    (
        "an encryption key is where it can be used",
        linked,
        |world| master(world).content.encryption_key = service_key(),
    ),
    (
        "what a link takes from a managed instance is not encrypted by the service's own key",
        || Lab::linked_from_instance(Profile::Azure).world,
        |world| database(world, MI).content.encryption_key = service_key(),
    ),
    (
        "locks are held by open transactions",
        in_transaction,
        |world| database(world, SQL).transactions.clear(),
    ),
    (
        "open transactions belong to sessions",
        in_transaction,
        |world| {
            instance(world, SQL)
                .sessions
                .insert(SessionId(99), session());
        },
    ),
    ("every key finds its row", linked, |world| {
        let content = &mut database(world, SQL).content;
        let table = content
            .table(&"dbo".into(), &"t".into())
            .expect("it is there");
        let (table, id) = (table.definition.object, table.next_row());
        for id in [id, crate::ids::RowId(id.0 + 1)] {
            let row = Arc::new([Value::Int(1)]);
            content.apply(&Op::Insert { table, id, row });
        }
    }),
    (
        "a secondary is never ahead of its primary",
        linked,
        |world| copy(world).hardened.vlf += 1,
    ),
    ("what is redone is hardened", linked, |world| {
        copy(world).redone.vlf += 1;
    }),
    (
        "a secondary has no open transactions",
        in_transaction,
        |world| {
            database(world, MI).transactions = database(world, SQL).transactions.clone();
        },
    ),
    (
        "a replicating link has its secondary database",
        linked,
        |world| database(world, MI).copy = None,
    ),
    ("a connected link has a partner", linked, |world| {
        link(world).partner = None;
    }),
    (
        "a service that is stopped has no sessions and nothing open",
        in_transaction,
        |world| instance(world, SQL).service = ServiceState::Stopped,
    ),
    (
        "a service that is starting will have started",
        linked,
        |world| instance(world, SQL).service = ServiceState::Starting,
    ),
    (
        "a link between instances of which one does not run is not connected",
        linked,
        |world| instance(world, MI).service = ServiceState::Stopped,
    ),
    (
        "a link that has failed is not connected and will not be",
        linked,
        |world| {
            link(world).phase = Phase::Failed {
                error: LinkError::NetworkInterrupted,
                connected_before: true,
            };
        },
    ),
    (
        "a session that was cut has nothing open",
        in_transaction,
        |world| {
            let cut = Session {
                cut: true,
                ..session()
            };
            instance(world, SQL).sessions.insert(SessionId(51), cut);
        },
    ),
    (
        "partners that hear nothing of each other will give each other up",
        linked,
        |world| link(world).connection.silent_since = Some(Timestamp::default()),
    ),
    (
        "a link has not connected with a certificate that had expired",
        linked,
        |world| {
            let certificate = link(world).partner_certificate.as_mut();
            let certificate = certificate.expect("it is connected");
            Arc::make_mut(&mut certificate.facts).not_after = Timestamp::default();
        },
    ),
    (
        "a link's creation is running while the link is being made",
        asked,
        |world| {
            let id = link(world).operation.expect("it is being made");
            end(world, id);
        },
    ),
    (
        "a link that is being made has a timer or waits for a person",
        asked,
        |world| {
            let timer = Timer::Link(link_id(world));
            world.timers.cancel(&timer);
        },
    ),
    (
        "an operation on an ARM resource has a timer while it runs",
        creating,
        |world| {
            let id = *world.azure.pending.keys().next().expect("it is running");
            world.timers.cancel(&Timer::Operation(id));
        },
    ),
    (
        "an instance that is being created has an operation",
        creating,
        |world| world.azure.pending.clear(),
    ),
    ("the subnet of an instance exists", creating, |world| {
        world.azure.virtual_networks.clear();
    }),
    (
        "the resource group of a network exists",
        creating,
        |world| world.azure.resource_groups.clear(),
    ),
    (
        "what is assigned is a role that exists",
        assigned,
        |world| {
            world.azure.authorization.definitions.clear();
        },
    ),
    ("nobody has a role at a scope twice", assigned, |world| {
        let assignments = &mut world.azure.authorization.assignments;
        let twin = assignments.values().next().expect("assigned").clone();
        assignments.insert(uuid::Uuid::from_u128(99), twin);
    }),
    ("no two principals are one application", assigned, |world| {
        let principals = &mut world.azure.authorization.principals;
        let twin = principals.values().next().expect("added").clone();
        principals.insert(uuid::Uuid::from_u128(99), twin);
    }),
    (
        "deployments that run are listed as running",
        deploying,
        |world| world.azure.deployments.running.clear(),
    ),
    (
        "a deployment that is over rests and keeps no secrets",
        deploying,
        |world| deployment(world).state = DeploymentState::Canceled,
    ),
    (
        "a step of a deployment follows those it waits for",
        deploying,
        |world| {
            let last = deployment(world).steps.back_mut().expect("it has two");
            last.state = StepState::Succeeded;
        },
    ),
    (
        "the resource group of a deployment exists",
        deploying,
        |world| world.azure.resource_groups.clear(),
    ),
    (
        "what is in the network has its group and its subnet",
        networked,
        |world| {
            let network = world.azure.virtual_networks.get_mut(&net()).expect("made");
            Arc::make_mut(network).subnets.clear();
        },
    ),
    ("an address has one holder", networked, |world| {
        let endpoint = world.azure.fabric.private_endpoints[&named("pe")].clone();
        let fabric = &mut world.azure.fabric;
        fabric.private_endpoints.insert(named("twin"), endpoint);
    }),
    ("a listed connection leads somewhere", networked, |world| {
        let fabric = &mut world.azure.fabric;
        let endpoint = fabric
            .private_endpoints
            .get_mut(&named("pe"))
            .expect("made");
        Arc::make_mut(endpoint).connection.target = Target::Instance("nobody".into());
    }),
    (
        "machines, link services and pools have what they name",
        networked,
        |world| world.azure.fabric.interfaces.clear(),
    ),
    (
        "a load balancer's rules have their parts, and its members are near",
        balanced,
        |world| {
            let balancers = &mut world.azure.fabric.load_balancers;
            let balancer = balancers.get_mut(&named("lb")).expect("it is there");
            Arc::make_mut(balancer).probes.clear();
        },
    ),
    (
        "gateways and their connections have both ends",
        balanced,
        |world| world.azure.fabric.sites.clear(),
    ),
    ("a public IP address has one user", balanced, |world| {
        world.azure.fabric.public_addresses.clear()
    }),
    (
        "a target can tell its connections apart",
        networked,
        |world| {
            let endpoint = factory(world).endpoints.values().next().cloned();
            let endpoint = endpoint.expect("made");
            let endpoints = &mut factory(world).endpoints;
            endpoints.insert("twin".into(), endpoint);
        },
    ),
    ("a data factory has its group", networked, |world| {
        let factory = Arc::new(factory(world).clone());
        let elsewhere = ResourceKey {
            group: "gone".into(),
            name: "adf".into(),
        };
        world.azure.data_factories.insert(elsewhere, factory);
    }),
    (
        "what is in a data factory has what it names",
        networked,
        |world| factory(world).network = None,
    ),
    (
        "an address of a managed network has one holder",
        networked,
        |world| {
            let endpoint = factory(world).endpoints.values().next().cloned();
            let mut endpoint = endpoint.expect("made");
            endpoint.connection.name = "other".into();
            let endpoints = &mut factory(world).endpoints;
            endpoints.insert("twin".into(), endpoint);
        },
    ),
    ("a network hears one zone of a name", networked, |world| {
        let zone = world.azure.fabric.private_zones[&named("zone.test")].clone();
        world.azure.fabric.private_zones.insert(named("twin"), zone);
    }),
    (
        "only one side of a link is writable unless a forced failover is on record",
        linked,
        |world| {
            database(world, MI).copy = None;
            set_role(world, MI, Role::Primary);
        },
    ),
    ("a planned failover loses nothing", linked, |world| {
        keep(world, false, 5, 6, &[]);
    }),
    (
        "a forced failover loses what was not hardened and nothing else",
        linked,
        |world| keep(world, true, 5, 7, &[4]),
    ),
    (
        "the instance's half of a link has the role that the data's way gives it",
        linked,
        |world| set_role(world, MI, Role::Primary),
    ),
    (
        "a split link remembers where its sides part",
        split,
        |world| link(world).fork = None,
    ),
    (
        "the links of a database copy it from one primary each",
        linked,
        |world| copy(world).source.0 = MI,
    ),
    (
        "no instance has more links than it can have",
        linked,
        |world| {
            for number in 0..1_000 {
                let (mut id, link) = (link_id(world), Arc::new(link(world).clone()));
                id.name = format!("link{number}").into();
                world.links.insert(id, link);
            }
        },
    ),
    (
        "seeding runs from one instance share its bandwidth",
        seeding,
        |world| {
            let run = link(world).seedings.last_mut();
            run.expect("it is seeding").pace.sharers = 2;
        },
    ),
    (
        "links with one database and with several never mix on a SQL Server",
        linked,
        |world| {
            let crate::instance::InstanceKind::SqlServer(server) = &mut instance(world, SQL).kind
            else {
                panic!("not a SQL Server")
            };
            server.multi_database_links = true;
        },
    ),
    (
        "the members of a link with several databases agree",
        with_several,
        |world| link(world).role = crate::link::LinkRole::Primary,
    ),
    (
        "the members of a link with several databases agree",
        with_several,
        |world| world.link_groups.clear(),
    ),
    (
        "a planned failover is one of all databases of a link",
        with_several,
        |world| {
            let target = link(world).phase.target().expect("it is in step");
            link(world).phase = Phase::FailingOver { target };
        },
    ),
    (
        "a forced failover loses exactly what was not hardened",
        split,
        |world| {
            let change = link(world).role_changes.last_mut();
            change.expect("it is split").lost.clear();
        },
    ),
    ("group names are unique on an instance", linked, |world| {
        let groups = &mut instance(world, SQL).groups;
        let twin = groups.values().next().expect("there is one").clone();
        groups.insert(GroupId(uuid::Uuid::nil()), twin);
    }),
    ("the instance has its groups of a link", linked, |world| {
        instance(world, MI).groups.clear()
    }),
    ("an operation that runs will end", linked, |world| {
        let id = *world.operations.keys().next().expect("there was one");
        let operation = world.operations.get_mut(&id).expect("found a moment ago");
        Arc::make_mut(operation).state = OperationState::InProgress;
    }),
    (
        "a transaction that was ended is not open",
        in_transaction,
        |world| {
            let killed = (TransactionId(1), SessionId(51));
            instance(world, SQL).killed.insert(killed.0, killed.1);
        },
    ),
    (
        "the members of a trust group are there",
        trusting,
        |world| {
            let _ = world.instances.remove(&InstanceId(2));
        },
    ),
    (
        "a part of a distributed transaction has a session",
        linked,
        |world| {
            let part = Part {
                session: SessionId(99),
                unit: uuid::Uuid::nil(),
                in_doubt: None,
                recovered: false,
            };
            instance(world, SQL)
                .distributed
                .insert(TransactionId(1), part);
        },
    ),
    (
        "a session that serves one of another instance ends with it",
        linked,
        |world| {
            let owner = (MI, SessionId(99));
            instance(world, SQL).serves.insert(SessionId(99), owner);
        },
    ),
    (
        "a step of a job waits for its time, or is in somebody's hands",
        with_job,
        |world| world.jobs_in_hand.clear(),
    ),
    (
        "a step of a job waits for its time, or is in somebody's hands",
        with_job,
        |world| {
            let gone = crate::ids::JobId(uuid::Uuid::nil());
            world.jobs_in_hand.insert((SQL, gone));
        },
    ),
    (
        "the history of a job agrees with its activity",
        with_job,
        |world| {
            let agent = Arc::make_mut(&mut instance(world, SQL).agent);
            let again = agent.history[0].clone();
            agent.history.push_back(again);
        },
    ),
    (
        "a part in doubt will ask how its transaction has ended",
        linked,
        |world| {
            let part = Part {
                session: IN_DOUBT,
                unit: uuid::Uuid::nil(),
                in_doubt: Some(MI),
                recovered: false,
            };
            instance(world, SQL)
                .distributed
                .insert(TransactionId(1), part);
        },
    ),
    (
        "a distributed transaction ends alike on all instances",
        linked,
        |world| {
            let unit = uuid::Uuid::nil();
            for (instance, state) in [(SQL, PartState::Committed), (MI, PartState::RolledBack)] {
                world.units.note(unit, instance, TransactionId(1), state);
            }
        },
    ),
    (
        "a distributed transaction ends alike on all instances",
        linked,
        |world| {
            let unit = uuid::Uuid::nil();
            for (instance, state) in [(SQL, PartState::Committed), (MI, PartState::InDoubt)] {
                world.units.note(unit, instance, TransactionId(1), state);
            }
        },
    ),
    (
        "a failover group replicates between its two instances",
        paired,
        |world| world.azure.failover_groups = imbl::OrdMap::new(),
    ),
    (
        "a member of a failover group is in one, and has no links",
        paired,
        |world| {
            let groups = &mut world.azure.failover_groups;
            let mut twin = groups.values().next().expect("there is one").clone();
            Arc::make_mut(&mut twin).name = "twin".into();
            groups.insert("twin".into(), twin);
        },
    ),
    ("trust that lingers has no group", trusting, |world| {
        let (key, group) = world
            .azure
            .trust
            .groups
            .iter()
            .next()
            .expect("there is one");
        let (key, group) = (key.clone(), group.clone());
        let now = world.now();
        world
            .apply(now, DeleteTrustGroup { key: key.clone() })
            .expect("it goes");
        world.advance_to(now + Span::minutes(10));
        world.azure.trust.groups.insert(key, group);
    }),
    (
        "every replica of a group has its half, and follows the primary",
        replicated,
        |world| instance(world, SECOND).groups.clear(),
    ),
    ("one replica of a group is primary", replicated, |world| {
        for (id, group) in instance(world, SECOND).groups.clone() {
            let mut group = AvailabilityGroup::clone(&group);
            group.as_local_mut().expect("there is no other").role = Role::Primary;
            instance(world, SECOND).groups.insert(id, Arc::new(group));
        }
    }),
    (
        "a replica's database that follows the primary's is not written",
        replicated,
        |world| {
            let follower = database(world, SECOND);
            (follower.copy, follower.group) = (None, None);
        },
    ),
    (
        "a planned failover between replicas loses nothing",
        parted_replicas,
        |world| local_change(world).forced = false,
    ),
    (
        "a forced failover between replicas loses what was not hardened and nothing else",
        parted_replicas,
        |world| local_change(world).lost[0].lsn = Lsn::ZERO,
    ),
    (
        "a forced failover between replicas loses exactly what was not hardened",
        parted_replicas,
        |world| local_change(world).lost.clear(),
    ),
    (
        "a replica that was parted by force remembers where",
        replicated,
        |world| {
            let member = *secondary(world).databases.keys().next().expect("one");
            let found = secondary(world).databases.get_mut(&member);
            let found = found.expect("found a moment ago");
            let target = found.phase.target().expect("it is in step");
            found.phase = FollowPhase::Split { target };
        },
    ),
    (
        "the log of a secondary replica is a prefix of its primary's",
        replicated,
        |world| {
            let now = world.now;
            for (id, kind) in [(SECOND, LogKind::Abort), (SQL, LogKind::Checkpoint)] {
                let log = &mut database(world, id).log;
                log.append(now, TransactionId(1), kind);
            }
        },
    ),
    (
        "a secondary replica that has caught up has its primary's rows",
        replicated,
        |world| {
            let content = &mut database(world, SECOND).content;
            let table = *content.tables.keys().next().expect("there is a table");
            let (id, row) = (crate::ids::RowId(1), Arc::new([Value::Int(1)]));
            content.apply(&Op::Insert { table, id, row });
        },
    ),
    ("replicas that are connected run", replicated, |world| {
        instance(world, SECOND).service = ServiceState::Stopped;
    }),
    (
        "a replica that hears nothing of its primary will give it up",
        replicated,
        |world| {
            let now = world.now;
            secondary(world).connection.silent_since = Some(now);
        },
    ),
    (
        "a database on its way to a replica has a next step",
        replicated,
        |world| {
            let member = *secondary(world).databases.keys().next().expect("one");
            let found = secondary(world).databases.get_mut(&member);
            let found = found.expect("found a moment ago");
            let target = found.phase.target().expect("it is in step");
            found.phase = FollowPhase::Recovering { target };
        },
    ),
];

/// The same for laws of a step: what became of a world.
const STEP_MUTANTS: &[Mutant] = &[
    ("time does not run backwards", linked, |world| {
        world.now = world.now - Span::seconds(1);
    }),
    ("events are numbered on", linked, |world| {
        let (now, subscription) = (world.now, world.subscription);
        *world = World::new(7, subscription, now);
    }),
    (
        "roles change only with a change on record",
        linked,
        |world| set_role(world, SQL, Role::Resolving),
    ),
    (
        "an operation that is over stays as it is",
        linked,
        |world| {
            let id = *world.operations.keys().next().expect("there was one");
            let operation = world.operations.get_mut(&id).expect("found a moment ago");
            Arc::make_mut(operation).state = OperationState::InProgress;
        },
    ),
    ("a role change stays on record", split, |world| {
        link(world).role_changes.clear();
    }),
    (
        "a log only grows, but for the side that goes back after a split",
        linked,
        |world| database(world, SQL).log = Log::starting_at(Lsn::ZERO),
    ),
    (
        "a copy keeps what it has hardened until it has redone it",
        behind_with_redo,
        |world| {
            let copy = database(world, MI);
            let end = copy.log.end();
            copy.log.truncate(end);
        },
    ),
];

#[test]
fn every_law_can_be_broken() {
    for (name, begin, mutate) in MUTANTS {
        let law = LAWS.iter().find(|(found, _)| found == name);
        let law = law.unwrap_or_else(|| panic!("there is no law '{name}'")).1;
        let before = begin();
        assert_eq!(law(&before), None, "'{name}' is kept at first");
        let mut world = before.clone();
        mutate(&mut world);
        assert!(law(&world).is_some(), "'{name}' is broken and says nothing");
        assert!(super::check(&world).is_err());
        assert!(
            super::check_since(&before, &world).is_err(),
            "'{name}' is broken, and only the whole world says so"
        );
    }
}

#[test]
fn what_is_asked_of_an_excerpt_is_a_law() {
    let whole = super::since::WHOLE.iter().map(|(name, _)| name);
    let listed = super::since::LOCAL
        .iter()
        .chain(super::since::OF_AN_INSTANCE);
    let listed: Vec<&str> = listed.chain(whole).copied().collect();
    let once: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(once.len(), listed.len(), "no law is listed twice");
    let laws: BTreeSet<&str> = LAWS.iter().map(|(name, _)| *name).collect();
    let unknown: Vec<_> = once.difference(&laws).collect();
    assert!(unknown.is_empty(), "there are no laws {unknown:?}");
}

#[test]
fn every_law_of_a_step_can_be_broken() {
    for (name, begin, mutate) in STEP_MUTANTS {
        let law = STEP_LAWS.iter().find(|(found, _)| found == name);
        let law = law.unwrap_or_else(|| panic!("there is no law '{name}'")).1;
        let before = begin();
        let mut after = before.clone();
        assert_eq!(law(&before, &after), None, "'{name}' is kept at first");
        mutate(&mut after);
        assert!(
            law(&before, &after).is_some(),
            "'{name}' is broken and says nothing"
        );
        assert!(super::check_step(&before, &after).is_err());
        assert!(super::check_refusal(&before, &after).is_err());
    }
}

#[test]
fn every_law_has_a_mutant() {
    let mutants = MUTANTS.iter().chain(STEP_MUTANTS);
    let mutants: BTreeSet<&str> = mutants.map(|(name, ..)| *name).collect();
    let laws = LAWS.iter().map(|(name, _)| *name);
    let laws: BTreeSet<&str> = laws
        .chain(STEP_LAWS.iter().map(|(name, _)| *name))
        .collect();
    assert_eq!(
        laws.len(),
        LAWS.len() + STEP_LAWS.len(),
        "laws have names of their own"
    );
    let without: Vec<_> = laws.difference(&mutants).collect();
    assert!(without.is_empty(), "no mutant breaks {without:?}");
    let unknown: Vec<_> = mutants.difference(&laws).collect();
    assert!(unknown.is_empty(), "there are no laws {unknown:?}");
}

/// A link in step.
fn linked() -> World {
    Lab::linked(Profile::Azure).world
}

/// A job whose T-SQL is to be run, for the second time.
fn with_job() -> World {
    use crate::agent::*;
    let mut lab = Lab::new(Profile::Instant);
    let (instance, by) = (SQL, crate::names::Name::new("sa"));
    let settings = JobSettings {
        name: "job".into(),
        enabled: true,
        description: None,
        start_step: 1,
        category: 0,
        owner: by.clone(),
        notify_eventlog: When::Never,
        delete: When::Never,
    };
    let job = lab.apply(AddJob { instance, settings });
    let settings = StepSettings {
        name: "step".to_owned(),
        subsystem: Subsystem::Tsql,
        command: "SELECT 1".to_owned(),
        on_success: OnEnd::QuitWithSuccess,
        on_failure: OnEnd::QuitWithFailure,
        success_code: 0,
        database: None,
        retry_attempts: 0,
        retry_minutes: 0,
        flags: StepFlags::default(),
    };
    let step = None;
    lab.apply(AddStep {
        instance,
        job,
        step,
        settings,
    });
    lab.apply(TargetJob {
        instance,
        job,
        targeted: true,
    });
    for _ in 0..2 {
        lab.apply(EndStep {
            instance,
            job,
            succeeded: true,
            output: String::new(),
            log: String::new(),
            error: None,
        });
        let (step, by) = (None, by.clone());
        lab.apply(StartJob {
            instance,
            job,
            step,
            by,
        });
        let now = lab.world.now();
        lab.world.advance_to(now);
    }
    lab.world
}

/// A group with a second replica in step.
fn replicated() -> World {
    Lab::replicated(Profile::Azure).world
}

/// A group whose second replica has become primary without what the first had committed last.
fn parted_replicas() -> World {
    let mut lab = Lab::replicated(Profile::Azure);
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert(SQL, 1).expect("the primary takes it");
    lab.alter_on(SECOND, GroupAction::ForceFailover)
        .expect("it is forced");
    lab.world
}

fn local_change(world: &mut World) -> &mut RoleChange {
    let group = *world.replica_sets.keys().next().expect("there is a set");
    let set = world.replica_sets.get_mut(&group);
    let set = Arc::make_mut(set.expect("found a moment ago"));
    let failover = set.failovers.last_mut().expect("it has failed over");
    &mut failover.changes[0].1
}

fn secondary(world: &mut World) -> &mut Secondary {
    let group = *world.replica_sets.keys().next().expect("there is a set");
    let set = world.replica_sets.get_mut(&group);
    let set = Arc::make_mut(set.expect("found a moment ago"));
    set.secondaries.get_mut(&SECOND).expect("it has joined")
}

/// A link that has just been asked for.
fn with_several() -> World {
    Lab::with_several(Profile::Azure, &["db1", "db2"]).world
}

fn asked() -> World {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_link();
    lab.world
}

/// A link whose database is being copied.
fn seeding() -> World {
    let mut world = asked();
    while link(&mut world).phase != Phase::Seeding {
        let due = world.next_due().expect("it goes on");
        world.advance_to(due);
    }
    world
}

/// A link of which a forced failover has lost a transaction.
fn split() -> World {
    let mut lab = Lab::linked(Profile::Azure);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(SQL, 1).expect("the primary takes it");
    lab.fail_over(FailoverKind::ForcedAllowDataLoss)
        .expect("it is forced");
    lab.world
}

/// A link in step, and a transaction that the secondary has hardened and not redone.
fn behind_with_redo() -> World {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(SQL, 1).expect("the primary takes it");
    while database(&mut lab.world, MI).unredone().next().is_none() {
        let due = lab.world.next_due().expect("it is on its way");
        lab.world.advance_to(due);
    }
    lab.world
}

/// A link in step, and a transaction that is open on its primary.
fn in_transaction() -> World {
    let mut lab = Lab::linked(Profile::Azure);
    let transaction = Some(TransactionId(1));
    lab.insert_in(SQL, 1, transaction)
        .expect("the primary takes it");
    lab.world
}

/// Two instances in a failover group.
fn paired() -> World {
    let mut world = Lab::new(Profile::Instant).world;
    let mut managed = world.instances[&MI]
        .as_managed_instance()
        .expect("one")
        .clone();
    Arc::make_mut(&mut managed.properties).location = "northeurope".to_owned();
    let partner = CreateManagedInstance {
        name: "partner".into(),
        dns_zone: managed.dns_zone,
        update_policy: managed.update_policy,
        endpoint_certificate: managed.endpoint_certificate,
        collation: crate::collation::Collation::DEFAULT,
        administrator: "admin".into(),
        password: "x".into(),
        properties: managed.properties.as_ref().clone(),
    };
    accept(&mut world, partner);
    let group = managed.properties.resource_group.clone();
    accept(
        &mut world,
        WriteResourceGroup {
            name: group.clone(),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        },
    );
    let member = |name: &str| ResourceKey {
        group: group.clone(),
        name: name.into(),
    };
    let write = WriteFailoverGroup {
        place: FailoverGroupPlace {
            location: "westeurope".to_owned(),
            resource_group: group.clone(),
            name: "fog".into(),
        },
        primary: member("sqlmi1"),
        partner: member("partner"),
        partner_region: "northeurope".to_owned(),
        settings: FailoverGroupSettings {
            policy: FailoverPolicy::Manual,
            readers_follow: false,
            secondary_type: SecondaryType::Geo,
        },
    };
    accept(&mut world, write);
    let now = world.now();
    world.advance_to(now + Span::minutes(1));
    assert_eq!(world.failover_groups().count(), 1);
    world
}

/// Two instances in a trust group.
fn trusting() -> World {
    let mut world = linked();
    accept(
        &mut world,
        WriteResourceGroup {
            name: "rg".into(),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        },
    );
    let id = InstanceId(9);
    let mut twin = world.instances[&MI].clone();
    Arc::make_mut(&mut twin).id = id;
    Arc::make_mut(&mut twin).name = "twin".into();
    world.instances.insert(id, twin);
    let name = |id: InstanceId, world: &World| world.instances[&id].name.clone();
    let group = |id: InstanceId, world: &World| {
        let managed = world.instances[&id].as_managed_instance();
        managed
            .expect("it is one")
            .properties
            .resource_group
            .clone()
    };
    let members = [MI, id].map(|id| ResourceKey {
        group: group(id, &world),
        name: name(id, &world),
    });
    accept(
        &mut world,
        WriteTrustGroup {
            key: TrustGroupKey {
                location: "westeurope".to_owned(),
                resource: named("stg"),
            },
            location: "westeurope".to_owned(),
            members: members.to_vec(),
            scopes: TrustScope::ALL.into_iter().collect(),
        },
    );
    let now = world.now();
    world.advance_to(now + Span::minutes(1));
    world
}

/// An instance that is being created.
fn creating() -> World {
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let mut world = World::new(7, uuid::Uuid::nil(), now);
    world.durations.profile = Profile::Azure;
    let subnet = SubnetId {
        group: "rg".into(),
        network: "vnet".into(),
        subnet: "mi".into(),
    };
    let location = || "westeurope".to_owned();
    accept(
        &mut world,
        WriteResourceGroup {
            name: "rg".into(),
            location: location(),
            tags: Tags::new(),
        },
    );
    let prefix = AddressPrefix::parse("10.0.1.0/24").expect("a prefix");
    let settings = SubnetSettings::new(prefix).delegated_to_managed_instances();
    accept(
        &mut world,
        WriteVirtualNetwork {
            key: ResourceKey {
                group: "rg".into(),
                name: "vnet".into(),
            },
            location: location(),
            tags: Tags::new(),
            prefixes: vec!["10.0.0.0/16".to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(vec![(subnet.subnet.clone(), settings)]),
        },
    );
    world.advance_to(now + Span::minutes(5));
    let subnet_id = subnet.to_arm_id(world.subscription);
    accept(
        &mut world,
        WriteManagedInstance {
            group: "rg".into(),
            name: "mi".into(),
            settings: InstanceSettings {
                location: Some(location()),
                subnet_id: Some(subnet_id),
                administrator_login: Some("dba".to_owned()),
                password: Some("Sup3rSecretPassw0rd!".into()),
                ..InstanceSettings::default()
            },
            endpoint_certificate: Some(lab::facts(9)),
        },
    );
    world
}

/// A principal with a role of the subscription's own.
fn assigned() -> World {
    let mut world = creating();
    let role = uuid::Uuid::from_u128(1);
    let principal = accept(
        &mut world,
        AddPrincipal {
            application: None,
            name: "p".to_owned(),
            secret: None,
        },
    );
    let scope = Scope::new("/subscriptions/s");
    accept(
        &mut world,
        DefineRole {
            id: role,
            name: "r".to_owned(),
            description: String::new(),
            permissions: Vec::new(),
            assignable: vec![scope.clone()],
        },
    );
    accept(
        &mut world,
        AssignRole {
            name: None,
            scope,
            principal: principal.object_id,
            principal_type: "ServicePrincipal".to_owned(),
            role,
            description: None,
            by: String::new(),
        },
    );
    world
}

/// A deployment of two steps, the second after the first.
fn deploying() -> World {
    let mut world = creating();
    let step = |name: &str, after: &[usize]| Step {
        resource: name.into(),
        kind: "a/b".into(),
        name: name.into(),
        api_version: "1".into(),
        deletes: false,
        after: after.into(),
        operation: uuid::Uuid::nil(),
        changed: Timestamp::default(),
        started: Timestamp::default(),
        state: StepState::Waiting,
    };
    accept(
        &mut world,
        StartDeployment {
            key: deployed(),
            complete: false,
            location: None,
            tags: Tags::new(),
            deployer: Deployer::default(),
            endpoint: "https://localhost".into(),
            template: "{}".into(),
            parameters: "{}".into(),
            secrets: Secret("{}".into()),
            steps: vec![step("first", &[]), step("second", &[0])],
        },
    );
    world
}

fn deployed() -> DeploymentKey {
    DeploymentKey {
        group: Some("rg".into()),
        name: "d".into(),
    }
}

fn deployment(world: &mut World) -> &mut Deployment {
    let found = world.azure.deployments.all.get_mut(&deployed());
    Arc::make_mut(found.expect("it was started"))
}

/// A network with a machine, a private endpoint to the instance, and a private zone.
fn factory(world: &mut World) -> &mut Factory {
    let factory = world.azure.data_factories.get_mut(&named("adf"));
    Arc::make_mut(factory.expect("made"))
}

fn networked() -> World {
    let mut world = creating();
    let later = world.now() + Span::minutes(60);
    world.advance_to(later);
    let place = |name: &str| Place {
        key: named(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    };
    let prefix = AddressPrefix::parse("10.7.0.0/24").expect("a prefix");
    let settings = SubnetSettings::new(prefix);
    accept(
        &mut world,
        WriteVirtualNetwork {
            key: net(),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
            prefixes: vec!["10.7.0.0/16".to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(vec![("all".into(), settings)]),
        },
    );
    let subnet = SubnetId {
        group: "rg".into(),
        network: "net".into(),
        subnet: "all".into(),
    };
    accept(
        &mut world,
        WriteInterface {
            place: place("nic"),
            configuration: "c".into(),
            subnet: subnet.clone(),
            address: None,
            forwards: false,
            network_security_group: None,
            pools: Vec::new(),
            public: None,
            nat_rules: Vec::new(),
        },
    );
    accept(
        &mut world,
        WriteMachine {
            place: place("vm"),
            interface: named("nic"),
            size: "Standard_B1s".to_owned(),
            profile: MachineProfile::default(),
        },
    );
    accept(
        &mut world,
        WritePrivateEndpoint {
            place: place("pe"),
            subnet,
            configuration: None,
            interface: None,
            connection: "c".into(),
            target: Target::Instance("mi".into()),
            by_alias: false,
            group_ids: vec!["managedInstance".to_owned()],
            manual: false,
            message: String::new(),
            may_approve: true,
        },
    );
    accept(
        &mut world,
        WriteFactory {
            place: place("adf"),
            public_network_access: true,
            identity: false,
            condition: Precondition::None,
        },
    );
    accept(
        &mut world,
        WriteManagedNetwork {
            factory: named("adf"),
            name: "default".into(),
            prevents_exfiltration: false,
            condition: Precondition::None,
        },
    );
    accept(
        &mut world,
        WriteManagedEndpoint {
            factory: named("adf"),
            network: "default".into(),
            name: "mpe".into(),
            target: Target::Instance("mi".into()),
            group_id: "managedInstance".to_owned(),
            fqdns: Vec::new(),
            condition: Precondition::None,
        },
    );
    accept(
        &mut world,
        WriteZone {
            place: Place {
                location: "global".to_owned(),
                ..place("zone.test")
            },
        },
    );
    accept(
        &mut world,
        WriteZoneLink {
            zone: named("zone.test"),
            name: "link".into(),
            network: net(),
            registers: false,
            redirects: false,
            tags: Tags::new(),
        },
    );
    world
}

/// The same, with a load balancer before the machine, which has a public address.
fn balanced() -> World {
    let mut world = networked();
    let place = |name: &str| Place {
        key: named(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    };
    let subnet = SubnetId {
        group: "rg".into(),
        network: "net".into(),
        subnet: "all".into(),
    };
    let probe = Probe {
        question: Question::Tcp,
        port: 22,
        interval_seconds: 15,
        number: None,
        threshold: None,
    };
    let rule = Rule {
        protocol: RuleProtocol::Tcp,
        frontend: "fe".into(),
        frontend_port: 1433,
        pool: Some("pool".into()),
        backend_port: 1433,
        probe: Some("ssh".into()),
        idle_timeout_minutes: 4,
        tcp_reset: false,
        distribution: "Default".to_owned(),
        no_outbound: false,
    };
    accept(
        &mut world,
        WriteLoadBalancer {
            place: place("lb"),
            sku: Some(Sku::Standard),
            frontends: vec![("fe".into(), WantedFrontend::inside(subnet.clone(), None))],
            pools: vec!["pool".into()],
            probes: vec![("ssh".into(), probe)],
            rules: vec![("sql".into(), rule)],
            nat_rules: Vec::new(),
        },
    );
    accept(
        &mut world,
        WritePublicAddress {
            place: place("pip"),
            settings: PublicAddressSettings {
                sku: Sku::Standard,
                is_static: true,
                idle_timeout_minutes: 4,
                zones: Vec::new(),
            },
        },
    );
    accept(
        &mut world,
        WriteLocalGateway {
            place: place("office"),
            prefixes: vec![AddressPrefix::parse("192.168.0.0/16").expect("a prefix")],
            gateway: "198.51.100.1".to_owned(),
        },
    );
    accept(
        &mut world,
        WriteInterface {
            place: place("nic"),
            configuration: "c".into(),
            subnet,
            address: None,
            forwards: false,
            network_security_group: None,
            pools: vec![PoolId {
                balancer: named("lb"),
                name: "pool".into(),
            }],
            public: Some(named("pip")),
            nat_rules: Vec::new(),
        },
    );
    world
}

fn named(name: &str) -> ResourceKey {
    ResourceKey {
        group: "rg".into(),
        name: name.into(),
    }
}

fn net() -> ResourceKey {
    named("net")
}

fn accept<R: Request>(world: &mut World, request: R) -> R::Reply {
    let now = world.now();
    match world.apply(now, request) {
        Ok(reply) => reply,
        Err(refusal) => panic!("refused: {refusal}"),
    }
}

/// A key that only the service can open, in use.
fn service_key() -> Option<Arc<EncryptionKey>> {
    let at = Timestamp::from_unix_seconds(0);
    let key = EncryptionKey::new(KeyAlgorithm::Aes256, Protector::ServiceManaged, at);
    Some(Arc::new(EncryptionKey { on: true, ..key }))
}

fn instance(world: &mut World, id: InstanceId) -> &mut Instance {
    world.instance_mut(id)
}

fn master(world: &mut World) -> &mut Database {
    let master = instance(world, SQL).database_mut(DatabaseId(1));
    master.expect("every instance has one")
}

fn database(world: &mut World, id: InstanceId) -> &mut Database {
    let instance = instance(world, id);
    let id = instance.database("db1").expect("it is linked").id;
    instance.database_mut(id).expect("found a moment ago")
}

fn copy(world: &mut World) -> &mut crate::database::SecondaryCopy {
    database(world, MI).copy.as_mut().expect("it follows")
}

fn link_id(world: &World) -> LinkId {
    world.links.keys().next().expect("there is a link").clone()
}

fn link(world: &mut World) -> &mut Link {
    let id = link_id(world);
    world.link_mut(&id).expect("found a moment ago")
}

fn set_role(world: &mut World, id: InstanceId, role: Role) {
    let groups = &mut instance(world, id).groups;
    for id in groups.keys().copied().collect::<Vec<_>>() {
        let group = groups.get_mut(&id).expect("listed a moment ago");
        if let Some(pair) = Arc::make_mut(group).as_distributed_mut() {
            pair.role = role;
        }
    }
}

fn end(world: &mut World, id: OperationId) {
    let operation = world.operations.get_mut(&id).expect("it is remembered");
    let ended = Timestamp::default();
    Arc::make_mut(operation).state = OperationState::Canceled { ended };
}

/// Puts a role change on record that nobody made.
fn keep(world: &mut World, forced: bool, common: u32, end: u32, lost: &[u32]) {
    let at = |block| Lsn {
        vlf: 1,
        block,
        slot: 1,
    };
    let lost = lost.iter().map(|block| LostTransaction {
        lsn: at(*block),
        time: Timestamp::default(),
        transaction: TransactionId(1),
    });
    let change = RoleChange {
        at: Timestamp::default(),
        forced,
        primary: MI,
        common: at(common),
        end: at(end),
        history: None,
        lost: lost.collect(),
        discarded: Vec::new(),
    };
    link(world).role_changes.push(change);
}

fn session() -> Session {
    Session {
        id: SessionId(99),
        login: crate::ids::PrincipalId(1),
        login_name: "sa".into(),
        database: DatabaseId(1),
        host_name: String::new(),
        program_name: String::new(),
        client_interface: String::new(),
        client_address: None,
        local_port: 0,
        encrypted: false,
        login_time: Timestamp::default(),
        last_request: Timestamp::default(),
        running: false,
        cut: false,
    }
}
