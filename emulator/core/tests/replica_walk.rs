//! Whatever is asked of two replicas, in whatever order: the laws hold, and a refusal changes nothing.

mod lab;

use lab::replicas::*;
use lab::*;
use milink_core::availability_group::*;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::invariants;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::Refusal;
use milink_core::time::Span;
use proptest::prelude::*;

/// The databases that the group may have.
const DATABASES: [&str; 2] = ["db1", "db2"];

/// Something that somebody does; `bool` is whether on the second server, and `usize` which database.
#[derive(Clone, Copy, Debug)]
enum Act {
    Advance(i64),
    Insert(bool, usize, i64),
    Join(bool),
    Grant(bool),
    Stop(bool),
    Start(bool),
    TurnEndpoint(bool, EndpointState),
    Reach(bool, Reach),
    AddReplica,
    RemoveReplica,
    AddDatabase(usize),
    RemoveDatabase(usize),
    DropGroup(bool),
    DropDistributed(bool),
    DropDatabase(bool, usize),
    Suspend(bool, usize, bool),
    HadrOff(bool, usize),
    HadrJoin(usize),
    Mode(AvailabilityMode),
    BackupLog,
    Link(OfLink),
    Planned(bool),
    Force(bool),
    StepDown(bool, bool),
}

#[derive(Clone, Copy, Debug)]
enum OfLink {
    Create(bool),
    Tell(bool),
    Delete,
    Force,
    GiveUp,
    Planned,
    /// PATCH with the databases whose bits are set.
    Databases(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let second = any::<bool>;
    let database = || 0..DATABASES.len();
    prop_oneof![
        8 => (0..400_i64).prop_map(Act::Advance),
        6 => (second(), database(), 0..50_i64).prop_map(|(on, at, value)| Act::Insert(on, at, value)),
        2 => second().prop_map(Act::Join),
        2 => second().prop_map(Act::Grant),
        2 => second().prop_map(Act::Stop),
        3 => second().prop_map(Act::Start),
        1 => second().prop_map(|on| Act::TurnEndpoint(on, EndpointState::Stopped)),
        2 => second().prop_map(|on| Act::TurnEndpoint(on, EndpointState::Started)),
        1 => second().prop_map(|on| Act::Reach(on, Reach::Silent)),
        2 => second().prop_map(|on| Act::Reach(on, Reach::Open)),
        2 => Just(Act::AddReplica),
        1 => Just(Act::RemoveReplica),
        1 => database().prop_map(Act::AddDatabase),
        1 => database().prop_map(Act::RemoveDatabase),
        1 => second().prop_map(Act::DropGroup),
        1 => second().prop_map(Act::DropDistributed),
        1 => (second(), database()).prop_map(|(on, at)| Act::DropDatabase(on, at)),
        3 => (second(), database(), any::<bool>()).prop_map(|(on, at, resume)| Act::Suspend(on, at, resume)),
        1 => (second(), database()).prop_map(|(on, at)| Act::HadrOff(on, at)),
        1 => database().prop_map(Act::HadrJoin),
        1 => prop_oneof![
            Just(AvailabilityMode::SynchronousCommit),
            Just(AvailabilityMode::AsynchronousCommit),
        ]
        .prop_map(Act::Mode),
        1 => Just(Act::BackupLog),
        2 => second().prop_map(Act::Planned),
        2 => second().prop_map(Act::Force),
        2 => (second(), any::<bool>()).prop_map(|(on, offline)| Act::StepDown(on, offline)),
        2 => prop_oneof![
            any::<bool>().prop_map(OfLink::Create),
            any::<bool>().prop_map(OfLink::Tell),
            Just(OfLink::Delete),
            Just(OfLink::Force),
            Just(OfLink::GiveUp),
            Just(OfLink::Planned),
            (0..4_usize).prop_map(OfLink::Databases),
        ]
        .prop_map(Act::Link),
    ]
}

fn perform(lab: &mut Lab, act: Act) -> Result<(), Refusal> {
    let now = lab.world.now();
    let first = lab.sql;
    let on = |second: bool| if second { SECOND } else { first };
    let alter = |second: bool, at: usize, change| AlterDatabase {
        instance: on(second),
        name: DATABASES[at].into(),
        changes: vec![change],
    };
    match act {
        Act::Advance(seconds) => {
            lab.world.advance_to(now + Span::seconds(seconds));
            Ok(())
        }
        Act::Insert(second, at, value) if lab.has_table_in(on(second), DATABASES[at]) => {
            let written = lab.insert_into(on(second), DATABASES[at], value);
            written.map(drop)
        }
        Act::Insert(..) => Ok(()),
        Act::Join(second) => lab.join(on(second)).map(|_| ()),
        Act::Grant(second) => lab
            .alter_on(on(second), GroupAction::CreateAnyDatabase(true))
            .map(|_| ()),
        Act::Stop(second) => {
            let instance = on(second);
            lab.world.apply(now, StopServer { instance })
        }
        Act::Start(second) => {
            let instance = on(second);
            lab.world.apply(now, StartServer { instance })
        }
        Act::TurnEndpoint(second, state) => {
            lab.turn_endpoint_of(on(second), state);
            Ok(())
        }
        Act::Reach(second, reach) => {
            let (from, to) = (on(second), on(!second));
            lab.world.apply(now, SetReach { from, to, reach })
        }
        Act::AddReplica => lab
            .alter_on(first, GroupAction::AddReplica(second_replica()))
            .map(|_| ()),
        Act::RemoveReplica => lab
            .alter_on(first, GroupAction::RemoveReplica("sqlserver2".into()))
            .map(|_| ()),
        Act::AddDatabase(at) => {
            let add = GroupAction::AddDatabases(vec![DATABASES[at].into()]);
            lab.alter_on(first, add).map(drop)
        }
        Act::RemoveDatabase(at) => {
            let remove = GroupAction::RemoveDatabases(vec![DATABASES[at].into()]);
            lab.alter_on(first, remove).map(drop)
        }
        Act::DropGroup(second) => {
            let (instance, name) = (on(second), "AG_db1".into());
            lab.world
                .apply(now, DropAvailabilityGroup { instance, name })
        }
        Act::DropDistributed(second) => {
            let (instance, name) = (on(second), "DAG_db1".into());
            lab.world
                .apply(now, DropAvailabilityGroup { instance, name })
        }
        Act::DropDatabase(second, at) => {
            let (instance, name) = (on(second), DATABASES[at].into());
            let session = None;
            let drop = DropDatabase {
                instance,
                name,
                session,
            };
            lab.world.apply(now, drop)
        }
        Act::Suspend(second, at, resume) => {
            let change = match resume {
                true => DatabaseChange::HadrResume,
                false => DatabaseChange::HadrSuspend,
            };
            lab.world.apply(now, alter(second, at, change))
        }
        Act::HadrOff(second, at) => {
            let off = alter(second, at, DatabaseChange::HadrOff);
            lab.world.apply(now, off)
        }
        Act::HadrJoin(at) => {
            let change = DatabaseChange::HadrJoin("AG_db1".into());
            lab.world.apply(now, alter(true, at, change))
        }
        Act::Mode(mode) => {
            let change = ReplicaChange {
                availability_mode: Some(mode),
                ..ReplicaChange::default()
            };
            lab.alter_on(
                first,
                GroupAction::ModifyReplica("sqlserver2".into(), change),
            )
            .map(|_| ())
        }
        Act::BackupLog => {
            let backup = Backup {
                instance: first,
                database: "db1".into(),
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
        Act::Planned(second) => lab.alter_on(on(second), GroupAction::Failover).map(|_| ()),
        Act::Force(second) => lab
            .alter_on(on(second), GroupAction::ForceFailover)
            .map(|_| ()),
        Act::StepDown(second, offline) => {
            let action = match offline {
                true => GroupAction::Offline,
                false => GroupAction::SetRoleSecondary,
            };
            lab.alter_on(on(second), action).map(|_| ())
        }
        Act::Link(what) => of_link(lab, what),
    }
}

fn of_link(lab: &mut Lab, what: OfLink) -> Result<(), Refusal> {
    use milink_core::link::{CreateLink, FailoverKind};
    let now = lab.world.now();
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
        OfLink::Tell(second) => {
            let instance = if second { SECOND } else { lab.sql };
            let host = if second { 5 } else { 4 };
            let change = MemberChange {
                listener_url: Some(format!("TCP://10.0.0.{host}:5022").into()),
                ..MemberChange::default()
            };
            let alter = AlterAvailabilityGroup {
                instance,
                name: "DAG_db1".into(),
                action: GroupAction::ModifyMembers(vec![("AG_db1".into(), change)]),
            };
            lab.world.apply(now, alter).map(|_| ())
        }
        OfLink::Delete => {
            let delete = milink_core::link::DeleteLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
            };
            lab.world.apply(now, delete).map(|_| ())
        }
        OfLink::Force => lab.fail_over(FailoverKind::ForcedAllowDataLoss).map(|_| ()),
        OfLink::GiveUp => lab.alter_dag(GroupAction::SetRoleSecondary).map(|_| ()),
        OfLink::Planned => lab.alter_dag(GroupAction::Failover).map(|_| ()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn laws_hold_whatever_is_asked_of_replicas(
        begin in 0..7_u8,
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
