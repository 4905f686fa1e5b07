//! Whatever is asked of a link with several databases, in whatever order: the laws hold, a refusal changes nothing, and
//! in the end all databases can be brought into step.

mod lab;

use lab::Lab;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::time::Span;
use proptest::prelude::*;

const DATABASES: [&str; 3] = ["db1", "db2", "db3"];

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Advance(i64),
    TurnEndpoint(EndpointState),
    Insert {
        on_instance: bool,
        database: usize,
    },
    Suspend {
        on_instance: bool,
        database: usize,
    },
    Resume {
        on_instance: bool,
        database: usize,
    },
    Failover,
    ForceFailover,
    GiveUp,
    LinkFailover(FailoverKind),
    SetRole {
        primary: bool,
        forced: bool,
    },
    AddDatabase(usize),
    RemoveDatabase(usize),
    /// PATCH with the databases whose bits are set.
    SetDatabases(u8),
    SetMode(ReplicationMode),
    Create(u8),
    Delete,
    DropDistributedGroup,
    SwitchMode(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let place = || (any::<bool>(), 0..3_usize);
    let states = [EndpointState::Started, EndpointState::Stopped];
    let modes = [ReplicationMode::Async, ReplicationMode::Sync];
    let kinds = [FailoverKind::Planned, FailoverKind::ForcedAllowDataLoss];
    prop_oneof![
        8 => (0..400_i64).prop_map(Act::Advance),
        2 => prop::sample::select(states.to_vec()).prop_map(Act::TurnEndpoint),
        5 => place().prop_map(|(on_instance, database)| Act::Insert { on_instance, database }),
        1 => place().prop_map(|(on_instance, database)| Act::Suspend { on_instance, database }),
        3 => place().prop_map(|(on_instance, database)| Act::Resume { on_instance, database }),
        3 => Just(Act::Failover),
        2 => Just(Act::ForceFailover),
        2 => Just(Act::GiveUp),
        2 => prop::sample::select(kinds.to_vec()).prop_map(Act::LinkFailover),
        2 => place().prop_map(|(primary, at)| Act::SetRole { primary, forced: at > 0 }),
        2 => (0..3_usize).prop_map(Act::AddDatabase),
        2 => (0..3_usize).prop_map(Act::RemoveDatabase),
        3 => (0..8_u8).prop_map(Act::SetDatabases),
        1 => prop::sample::select(modes.to_vec()).prop_map(Act::SetMode),
        2 => (1..8_u8).prop_map(Act::Create),
        1 => Just(Act::Delete),
        1 => Just(Act::DropDistributedGroup),
        1 => any::<bool>().prop_map(Act::SwitchMode),
    ]
}

fn chosen(bits: u8) -> Vec<&'static str> {
    let chosen = (0..3).filter(|at| bits & (1 << at) != 0);
    chosen.map(|at| DATABASES[at]).collect()
}

fn perform(lab: &mut Lab, act: Act) -> Result<(), Refusal> {
    let now = lab.world.now();
    let place = |lab: &Lab, on_instance| if on_instance { lab.mi } else { lab.sql };
    let alter = |lab: &mut Lab, on_instance, database: usize, change| {
        let alter = AlterDatabase {
            instance: place(lab, on_instance),
            name: DATABASES[database].into(),
            changes: vec![change],
        };
        lab.world.apply(now, alter).map(drop)
    };
    match act {
        Act::Advance(seconds) => {
            lab.world.advance_to(now + Span::seconds(seconds));
            Ok(())
        }
        Act::TurnEndpoint(state) => {
            lab.turn_endpoint(state);
            Ok(())
        }
        Act::Insert {
            on_instance,
            database,
        } => {
            let (instance, database) = (place(lab, on_instance), DATABASES[database]);
            let found = lab.world.instance(instance).unwrap().database(database);
            let there = found.is_some_and(|found| {
                let table = found.content.table(&Name::new("dbo"), &Name::new("t"));
                table.is_some()
            });
            match there {
                true => lab.insert_into(instance, database, 1).map(drop),
                false => Ok(()),
            }
        }
        Act::Suspend {
            on_instance,
            database,
        } => alter(lab, on_instance, database, DatabaseChange::HadrSuspend),
        Act::Resume {
            on_instance,
            database,
        } => alter(lab, on_instance, database, DatabaseChange::HadrResume),
        Act::Failover => lab.alter_dag(GroupAction::Failover).map(drop),
        Act::ForceFailover => lab.alter_dag(GroupAction::ForceFailover).map(drop),
        Act::GiveUp => lab.alter_dag(GroupAction::SetRoleSecondary).map(drop),
        Act::LinkFailover(kind) => lab.fail_over(kind).map(drop),
        Act::SetRole { primary, forced } => {
            let role = match primary {
                true => LinkRole::Primary,
                false => LinkRole::Secondary,
            };
            lab.set_role(role, forced).map(drop)
        }
        Act::AddDatabase(at) => {
            let add = GroupAction::AddDatabases(vec![DATABASES[at].into()]);
            lab.alter_group("AG_db1", add).map(drop)
        }
        Act::RemoveDatabase(at) => {
            let remove = GroupAction::RemoveDatabases(vec![DATABASES[at].into()]);
            lab.alter_group("AG_db1", remove).map(drop)
        }
        Act::SetDatabases(bits) => lab.set_databases(&chosen(bits)).map(drop),
        Act::SetMode(mode) => {
            let update = UpdateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                replication_mode: Some(mode),
                databases: None,
            };
            lab.world.apply(now, update).map(drop)
        }
        Act::Create(bits) => lab.create_several(&chosen(bits)).map(drop),
        Act::Delete => {
            let delete = DeleteLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
            };
            lab.world.apply(now, delete).map(drop)
        }
        Act::DropDistributedGroup => {
            let drop_group = DropAvailabilityGroup {
                instance: lab.sql,
                name: "DAG_db1".into(),
            };
            lab.world.apply(now, drop_group).map(drop)
        }
        Act::SwitchMode(several) => lab.set_mode(several),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold(
        azure in any::<bool>(),
        from_instance in any::<bool>(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let profile = if azure { Profile::Azure } else { Profile::Fast };
        let mut lab = match from_instance {
            true => Lab::several_from_instance(profile, &DATABASES),
            false => Lab::with_several(profile, &DATABASES),
        };
        for act in acts {
            let before = lab.before();
            let done = perform(&mut lab, act);
            if let Err(refusal) = &done {
                invariants::check_refusal(&before, &lab.world)
                    .map_err(|broken| TestCaseError::fail(format!("{act:?} ({refusal}): {broken}")))?;
            }
            for broken in [invariants::check(&lab.world), invariants::check_step(&before, &lab.world)] {
                broken.map_err(|broken| TestCaseError::fail(format!("{act:?}: {broken}")))?;
            }
        }
        // Left alone, everything that can end does.
        for _ in 0..1_000 {
            let Some(due) = lab.world.next_due() else {
                break;
            };
            lab.world.advance_to(due);
            invariants::check(&lab.world).map_err(TestCaseError::fail)?;
        }
    }
}
