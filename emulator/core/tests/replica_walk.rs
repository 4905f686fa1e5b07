//! Whatever is asked of two replicas, in whatever order: the laws hold, and a refusal changes nothing.

mod lab;

use lab::replicas::*;
use lab::*;
use milink_core::availability_group::*;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::{InstanceId, TransactionId};
use milink_core::instance::ServiceState;
use milink_core::invariants;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::Refusal;
use milink_core::time::Span;
use proptest::prelude::*;

/// The databases that the group may have.
const DATABASES: [&str; 2] = ["db1", "db2"];

/// The servers that there may be.
const SERVERS: [&str; 3] = ["sqlserver1", "sqlserver2", "sqlserver3"];

/// Which of the servers; the third one may not be there.
type Server = usize;

/// Something that somebody does; the last `usize` is which database.
#[derive(Clone, Copy, Debug)]
enum Act {
    Advance(i64),
    Insert(Server, usize, i64),
    /// A row that waits for its transaction to end, in the only session that has one.
    Open(Server, i64),
    Close(Server, bool),
    Join(Server),
    Grant(Server),
    Stop(Server),
    Start(Server),
    TurnEndpoint(Server, EndpointState),
    Reach(Server, Server, Reach),
    AddReplica(Server, Server),
    RemoveReplica(Server, Server),
    RemoveListener(Server),
    AddDatabase(Server, usize),
    RemoveDatabase(Server, usize),
    DropGroup(Server),
    DropDistributed(Server),
    DropDatabase(Server, usize),
    Suspend(Server, usize, bool),
    HadrOff(Server, usize),
    HadrJoin(Server, usize),
    Mode(Server, Server, AvailabilityMode),
    BackupLog(Server, usize),
    Link(OfLink),
    Planned(Server),
    Force(Server),
    StepDown(Server, bool),
}

#[derive(Clone, Copy, Debug)]
enum OfLink {
    Create(bool),
    Tell(Server),
    Delete,
    /// Through ARM: by force, or as planned.
    FailOver(bool),
    Force(Server),
    GiveUp(Server),
    Planned(Server),
    Write(usize, i64),
    /// PATCH with the databases whose bits are set.
    Databases(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let server = || prop_oneof![3 => Just(0_usize), 3 => Just(1), 1 => Just(2)];
    let database = || 0..DATABASES.len();
    let place = || (server(), database());
    let modes = [
        AvailabilityMode::SynchronousCommit,
        AvailabilityMode::AsynchronousCommit,
    ];
    let reaches = [Reach::Silent, Reach::Open, Reach::Open];
    let states = [
        EndpointState::Stopped,
        EndpointState::Started,
        EndpointState::Started,
    ];
    let of_link = prop_oneof![
        any::<bool>().prop_map(OfLink::Create),
        server().prop_map(OfLink::Tell),
        Just(OfLink::Delete),
        any::<bool>().prop_map(OfLink::FailOver),
        server().prop_map(OfLink::Force),
        server().prop_map(OfLink::GiveUp),
        server().prop_map(OfLink::Planned),
        (database(), 50..90_i64).prop_map(|(at, value)| OfLink::Write(at, value)),
        (0..4_usize).prop_map(OfLink::Databases),
    ];
    let ground = prop_oneof![
        (server(), server()).prop_map(|(on, of)| Act::AddReplica(on, of)),
        (server(), server()).prop_map(|(on, of)| Act::RemoveReplica(on, of)),
        server().prop_map(Act::RemoveListener),
        place().prop_map(|(on, at)| Act::AddDatabase(on, at)),
        place().prop_map(|(on, at)| Act::RemoveDatabase(on, at)),
        server().prop_map(Act::DropGroup),
        server().prop_map(Act::DropDistributed),
        place().prop_map(|(on, at)| Act::DropDatabase(on, at)),
        place().prop_map(|(on, at)| Act::HadrOff(on, at)),
        place().prop_map(|(on, at)| Act::HadrJoin(on, at)),
        (server(), server(), prop::sample::select(modes.to_vec()))
            .prop_map(|(on, of, mode)| Act::Mode(on, of, mode)),
        place().prop_map(|(on, at)| Act::BackupLog(on, at)),
    ];
    prop_oneof![
        8 => (0..400_i64).prop_map(Act::Advance),
        4 => (0..3_i64).prop_map(Act::Advance),
        6 => (server(), database(), 0..50_i64).prop_map(|(on, at, value)| Act::Insert(on, at, value)),
        1 => (server(), 50..60_i64).prop_map(|(on, value)| Act::Open(on, value)),
        1 => (server(), any::<bool>()).prop_map(|(on, commits)| Act::Close(on, commits)),
        2 => server().prop_map(Act::Join),
        1 => server().prop_map(Act::Grant),
        2 => server().prop_map(Act::Stop),
        3 => server().prop_map(Act::Start),
        3 => (server(), prop::sample::select(states.to_vec()))
            .prop_map(|(on, state)| Act::TurnEndpoint(on, state)),
        3 => (server(), server(), prop::sample::select(reaches.to_vec()))
            .prop_map(|(from, to, reach)| Act::Reach(from, to, reach)),
        4 => (server(), database(), any::<bool>())
            .prop_map(|(on, at, resume)| Act::Suspend(on, at, resume)),
        5 => ground,
        3 => server().prop_map(Act::Planned),
        3 => server().prop_map(Act::Force),
        3 => (server(), any::<bool>()).prop_map(|(on, offline)| Act::StepDown(on, offline)),
        5 => of_link.prop_map(Act::Link),
    ]
}

fn perform(lab: &mut Lab, act: Act) -> Result<(), Refusal> {
    let now = lab.world.now();
    let first = lab.sql;
    let third = lab.world.instance(THIRD).is_some();
    let on = |server| server_at(first, third, server);
    let alter = |server, at: usize, change| AlterDatabase {
        instance: on(server),
        name: DATABASES[at].into(),
        changes: vec![change],
    };
    match act {
        Act::Advance(seconds) => {
            lab.world.advance_to(now + Span::seconds(seconds));
            Ok(())
        }
        Act::Insert(server, at, value) if lab.has_table_in(on(server), DATABASES[at]) => {
            let written = lab.insert_into(on(server), DATABASES[at], value);
            written.map(drop)
        }
        Act::Insert(..) => Ok(()),
        Act::Open(server, value) if lab.has_table(on(server)) && serves(lab, on(server)) => {
            let transaction = Some(TransactionId(1));
            lab.insert_in(on(server), value, transaction).map(drop)
        }
        Act::Open(..) => Ok(()),
        Act::Close(server, commits) => {
            let (instance, transaction) = (on(server), TransactionId(1));
            let savepoint = None;
            let undo = Rollback {
                instance,
                transaction,
                savepoint,
            };
            let commit = Commit {
                instance,
                transaction,
            };
            match commits {
                true => lab.world.apply(now, commit).map(drop),
                false => lab.world.apply(now, undo).map(drop),
            }
        }
        Act::Join(server) => lab.join(on(server)).map(|_| ()),
        Act::Grant(server) => lab
            .alter_on(on(server), GroupAction::CreateAnyDatabase(true))
            .map(|_| ()),
        Act::Stop(server) => {
            let instance = on(server);
            lab.world.apply(now, StopServer { instance })
        }
        Act::Start(server) => {
            let instance = on(server);
            lab.world.apply(now, StartServer { instance })
        }
        Act::TurnEndpoint(server, state) => {
            lab.turn_endpoint_of(on(server), state);
            Ok(())
        }
        Act::Reach(from, to, reach) => {
            let (from, to) = (on(from), on(to));
            lab.world.apply(now, SetReach { from, to, reach })
        }
        Act::AddReplica(server, of) => {
            let (name, host) = (SERVERS[of], 4 + of as u8);
            let add = GroupAction::AddReplica(replica(name, host));
            lab.alter_on(on(server), add).map(drop)
        }
        Act::RemoveReplica(server, of) => {
            let remove = GroupAction::RemoveReplica(SERVERS[of].into());
            lab.alter_on(on(server), remove).map(drop)
        }
        Act::RemoveListener(server) => {
            let remove = GroupAction::RemoveListener("aglistener".into());
            lab.alter_on(on(server), remove).map(drop)
        }
        Act::AddDatabase(server, at) => {
            let add = GroupAction::AddDatabases(vec![DATABASES[at].into()]);
            lab.alter_on(on(server), add).map(drop)
        }
        Act::RemoveDatabase(server, at) => {
            let remove = GroupAction::RemoveDatabases(vec![DATABASES[at].into()]);
            lab.alter_on(on(server), remove).map(drop)
        }
        Act::DropGroup(server) => {
            let (instance, name) = (on(server), "AG_db1".into());
            lab.world
                .apply(now, DropAvailabilityGroup { instance, name })
        }
        Act::DropDistributed(server) => {
            let (instance, name) = (on(server), "DAG_db1".into());
            lab.world
                .apply(now, DropAvailabilityGroup { instance, name })
        }
        Act::DropDatabase(server, at) => {
            let (instance, name) = (on(server), DATABASES[at].into());
            let session = None;
            let drop = DropDatabase {
                instance,
                name,
                session,
            };
            lab.world.apply(now, drop)
        }
        Act::Suspend(server, at, resume) => {
            let change = match resume {
                true => DatabaseChange::HadrResume,
                false => DatabaseChange::HadrSuspend,
            };
            lab.world.apply(now, alter(server, at, change))
        }
        Act::HadrOff(server, at) => {
            let off = alter(server, at, DatabaseChange::HadrOff);
            lab.world.apply(now, off)
        }
        Act::HadrJoin(server, at) => {
            let change = DatabaseChange::HadrJoin("AG_db1".into());
            lab.world.apply(now, alter(server, at, change))
        }
        Act::Mode(server, of, mode) => {
            let change = ReplicaChange {
                availability_mode: Some(mode),
                ..ReplicaChange::default()
            };
            let modify = GroupAction::ModifyReplica(SERVERS[of].into(), change);
            lab.alter_on(on(server), modify).map(drop)
        }
        Act::BackupLog(server, at) => {
            let backup = Backup {
                instance: on(server),
                database: DATABASES[at].into(),
                kind: BackupKind::Log,
                copy_only: false,
                devices: vec![BackupDevice::Disk("/var/opt/mssql/db1.trn".into())],
                name: None,
                description: None,
                compressed: false,
                checksums: false,
                user: "sa".into(),
            };
            lab.world.apply(now, backup).map(|_| ())
        }
        Act::Planned(server) => lab.alter_on(on(server), GroupAction::Failover).map(|_| ()),
        Act::Force(server) => lab
            .alter_on(on(server), GroupAction::ForceFailover)
            .map(|_| ()),
        Act::StepDown(server, offline) => {
            let action = match offline {
                true => GroupAction::Offline,
                false => GroupAction::SetRoleSecondary,
            };
            lab.alter_on(on(server), action).map(|_| ())
        }
        Act::Link(what) => of_link(lab, what),
    }
}

fn of_link(lab: &mut Lab, what: OfLink) -> Result<(), Refusal> {
    use milink_core::link::{CreateLink, FailoverKind};
    let (now, first) = (lab.world.now(), lab.sql);
    let third = lab.world.instance(THIRD).is_some();
    let on = |server| server_at(first, third, server);
    let alter = |lab: &mut Lab, server, action| {
        let alter = AlterAvailabilityGroup {
            instance: on(server),
            name: "DAG_db1".into(),
            action,
        };
        lab.world.apply(now, alter).map(drop)
    };
    match what {
        // One link is enough.
        OfLink::Create(_) if !lab.world.link_groups.is_empty() => Ok(()),
        OfLink::Databases(_) if lab.world.link_groups.is_empty() => Ok(()),
        OfLink::Databases(bits) => {
            let wanted = DATABASES.iter().zip(0..);
            let wanted = wanted.filter(|(_, at)| bits & (1 << at) != 0);
            let wanted: Vec<&str> = wanted.map(|(name, _)| *name).collect();
            lab.set_databases(&wanted).map(drop)
        }
        OfLink::Create(by_listener) => {
            // A link that is there already is asked for as it is.
            let asked = lab.world.links.values().next();
            let asked = asked.map(|link| std::sync::Arc::clone(&link.spec.partner_endpoint));
            let own = asked.unwrap_or_else(|| match by_listener {
                true => LISTENER.into(),
                false => "TCP://10.0.0.4:5022".into(),
            });
            let create = CreateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                spec: milink_core::link::LinkSpec {
                    partner_endpoint: std::sync::Arc::clone(&own),
                    ..Lab::spec()
                },
            };
            lab.world.apply(now, create)?;
            let server = lab.world.instance(lab.sql).unwrap();
            let ready = server.group("AG_db1").is_some() && server.group("DAG_db1").is_none();
            if ready {
                let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
                let one = server.group("AG_db1").and_then(|group| group.as_local());
                if one
                    .is_some_and(|local| local.databases.len() == 1 && local.role == Role::Primary)
                {
                    lab.create_dag_at(&own, &url);
                }
            }
            Ok(())
        }
        OfLink::Tell(server) => {
            let host = 4 + server;
            let change = MemberChange {
                listener_url: Some(format!("TCP://10.0.0.{host}:5022").into()),
                ..MemberChange::default()
            };
            let tell = GroupAction::ModifyMembers(vec![("AG_db1".into(), change)]);
            alter(lab, server, tell)
        }
        OfLink::Delete => {
            let delete = milink_core::link::DeleteLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
            };
            lab.world.apply(now, delete).map(|_| ())
        }
        OfLink::FailOver(true) => lab.fail_over(FailoverKind::ForcedAllowDataLoss).map(drop),
        OfLink::FailOver(false) => lab.fail_over(FailoverKind::Planned).map(drop),
        OfLink::Force(server) => alter(lab, server, GroupAction::ForceFailover),
        OfLink::GiveUp(server) => alter(lab, server, GroupAction::SetRoleSecondary),
        OfLink::Planned(server) => alter(lab, server, GroupAction::Failover),
        OfLink::Write(at, value) if lab.has_table_in(lab.mi, DATABASES[at]) => {
            lab.insert_into(lab.mi, DATABASES[at], value).map(drop)
        }
        OfLink::Write(..) => Ok(()),
    }
}

/// Whether somebody can log in.
fn serves(lab: &Lab, instance: InstanceId) -> bool {
    let server = lab.world.instance(instance);
    server.is_some_and(|server| server.service == ServiceState::Running)
}

fn server_at(first: InstanceId, third: bool, server: Server) -> InstanceId {
    match server {
        0 => first,
        2 if third => THIRD,
        _ => SECOND,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn laws_hold_whatever_is_asked_of_replicas(
        begin in 0..7_u8,
        third in prop::bool::weighted(0.3),
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut lab = match begin {
            0 => Lab::with_second(Profile::Fast, None),
            1 => Lab::replicated(Profile::Fast),
            2 => Lab::clustered(Profile::Fast),
            3 | 4 => Lab::linked_replicas(begin == 3, Profile::Fast, LISTENER),
            begin => Lab::several_replicas(begin == 5, Profile::Fast, LISTENER, &DATABASES),
        };
        if begin < 3 {
            lab.prepare_second_for_links();
        }
        // The others have joined a group of a cluster, which a third server is in as well.
        if third && matches!(begin, 1 | 4 | 6) {
            lab.add_third();
        }
        for act in acts {
            let before = lab.before();
            let done = perform(&mut lab, act);
            if let Err(broken) = invariants::check(&lab.world) {
                panic!("{act:?}: {broken}");
            }
            invariants::check_since(&before, &lab.world).unwrap();
            if let Err(broken) = invariants::check_step(&before, &lab.world) {
                panic!("{act:?}: {broken}");
            }
            if done.is_err() {
                invariants::check_refusal(&before, &lab.world).unwrap();
            }
        }
    }
}
