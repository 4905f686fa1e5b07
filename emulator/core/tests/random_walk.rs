//! Whatever is asked, in whatever order: the laws hold, a refusal changes nothing, and the same calls give the same world.

mod lab;

use lab::{Lab, MASTER, Step, UploadTrustCertificate, facts};
use milink_core::World;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::database::RecoveryModel;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::event::EventKind;
use milink_core::ids::TransactionId;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::time::Span;
use proptest::prelude::*;

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Advance(i64),
    Prepare(Option<Step>),
    CreateDatabase(bool),
    DropDatabase(bool),
    BackupFull { copy_only: bool },
    BackupLog,
    Recovery(RecoveryModel),
    TurnEndpoint(EndpointState),
    DropEndpoint,
    DropCertificate,
    Upload,
    DropGroup,
    DropDistributedGroup,
    AddDatabase,
    RemoveDatabase,
    CreateLink,
    UpdateLink(ReplicationMode),
    DeleteLink,
    Insert { on_instance: bool, value: i64 },
    Suspend(bool),
    PrepareFromInstance,
    CreateLinkFromInstance,
    Failover,
    ForceFailover,
    GiveUp,
    LinkFailover(FailoverKind),
    SetRole { primary: bool, forced: bool },
    Begin(i64),
    Commit,
    HadrOff,
}

fn preparation() -> impl Strategy<Value = Act> {
    let without = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Step::UploadCertificate)),
        1 => Just(Some(Step::ImportCertificate)),
        1 => Just(Some(Step::TrustRoots)),
        1 => Just(Some(Step::StartEndpoint)),
        1 => Just(Some(Step::CreateDag)),
    ];
    without.prop_map(Act::Prepare)
}

/// How a walk begins: with the preparation, or with a link in step either way.
fn beginning() -> impl Strategy<Value = Vec<Act>> {
    let settled = |prepare, create| vec![prepare, create, Act::Advance(390), Act::Advance(390)];
    prop_oneof![
        1 => preparation().prop_map(|act| vec![act]),
        1 => Just(settled(Act::Prepare(None), Act::CreateLink)),
        1 => Just(settled(Act::PrepareFromInstance, Act::CreateLinkFromInstance)),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..400_i64).prop_map(Act::Advance),
        1 => preparation(),
        1 => any::<bool>().prop_map(Act::CreateDatabase),
        1 => any::<bool>().prop_map(Act::DropDatabase),
        1 => any::<bool>().prop_map(|copy_only| Act::BackupFull { copy_only }),
        1 => Just(Act::BackupLog),
        1 => prop_oneof![Just(RecoveryModel::Full), Just(RecoveryModel::Simple)].prop_map(Act::Recovery),
        2 => prop_oneof![Just(EndpointState::Started), Just(EndpointState::Stopped)].prop_map(Act::TurnEndpoint),
        1 => Just(Act::DropEndpoint),
        1 => Just(Act::DropCertificate),
        1 => Just(Act::Upload),
        1 => Just(Act::DropGroup),
        1 => Just(Act::DropDistributedGroup),
        1 => Just(Act::AddDatabase),
        1 => Just(Act::RemoveDatabase),
        4 => Just(Act::CreateLink),
        1 => prop_oneof![Just(ReplicationMode::Async), Just(ReplicationMode::Sync)].prop_map(Act::UpdateLink),
        1 => Just(Act::DeleteLink),
        4 => (any::<bool>(), 0..50_i64).prop_map(|(on_instance, value)| Act::Insert { on_instance, value }),
        2 => any::<bool>().prop_map(Act::Suspend),
        1 => Just(Act::PrepareFromInstance),
        1 => Just(Act::CreateLinkFromInstance),
        3 => Just(Act::Failover),
        2 => Just(Act::ForceFailover),
        2 => Just(Act::GiveUp),
        2 => prop_oneof![Just(FailoverKind::Planned), Just(FailoverKind::ForcedAllowDataLoss)].prop_map(Act::LinkFailover),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(primary, forced)| Act::SetRole { primary, forced }),
        1 => (50..60_i64).prop_map(Act::Begin),
        1 => Just(Act::Commit),
        1 => Just(Act::HadrOff),
    ]
}

/// Does it; says what the world said.
fn perform(lab: &mut Lab, act: Act) -> Result<(), Refusal> {
    let (instance, now) = (lab.sql, lab.world.now());
    let database = || Name::new("db1");
    let backup = |kind, copy_only| Backup {
        instance,
        database: database(),
        kind,
        copy_only,
        devices: vec![BackupDevice::Disk("d".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    };
    let turn = |state| AlterEndpoint {
        instance,
        name: "database_mirroring_endpoint".into(),
        state: Some(state),
        port: None,
        listener_ip: None,
        role: None,
        authentication: None,
        encryption: None,
    };
    let alter_group = |action| AlterAvailabilityGroup {
        instance,
        name: "AG_db1".into(),
        action,
    };
    let alter = |change| AlterDatabase {
        instance,
        name: database(),
        changes: vec![change],
    };
    let drop_group = |name: &str| DropAvailabilityGroup {
        instance,
        name: name.into(),
    };
    let link = || Name::new("DAG_db1");
    let world = &mut lab.world;
    match act {
        Act::Advance(seconds) => {
            world.advance_to(now + Span::seconds(seconds));
            Ok(())
        }
        Act::Prepare(without) => {
            lab.prepare_if_new(without);
            Ok(())
        }
        Act::CreateDatabase(on_instance) => {
            let instance = if on_instance { lab.mi } else { lab.sql };
            world
                .apply(
                    now,
                    CreateDatabase {
                        instance,
                        name: database(),
                        collation: None,
                    },
                )
                .map(drop)
        }
        Act::DropDatabase(on_instance) => {
            let instance = if on_instance { lab.mi } else { lab.sql };
            world.apply(
                now,
                DropDatabase {
                    instance,
                    name: database(),
                    session: None,
                },
            )
        }
        Act::BackupFull { copy_only } => world
            .apply(now, backup(BackupKind::Full, copy_only))
            .map(drop),
        Act::BackupLog => world.apply(now, backup(BackupKind::Log, false)).map(drop),
        Act::Recovery(model) => world.apply(now, alter(DatabaseChange::Recovery(model))),
        Act::TurnEndpoint(state) => world.apply(now, turn(state)),
        Act::DropEndpoint => world.apply(
            now,
            DropEndpoint {
                instance,
                name: "database_mirroring_endpoint".into(),
            },
        ),
        Act::DropCertificate => world.apply(
            now,
            DropCertificate {
                instance,
                database: MASTER,
                name: "Cert_sqlserver1_endpoint".into(),
            },
        ),
        Act::Upload => world.apply(
            now,
            UploadTrustCertificate {
                instance: lab.mi,
                name: "c".into(),
                facts: facts(1),
            },
        ),
        Act::DropGroup => world.apply(now, drop_group("AG_db1")),
        Act::DropDistributedGroup => world.apply(now, drop_group("DAG_db1")),
        Act::AddDatabase => world
            .apply(
                now,
                alter_group(GroupAction::AddDatabases(vec![database()])),
            )
            .map(drop),
        Act::RemoveDatabase => world
            .apply(
                now,
                alter_group(GroupAction::RemoveDatabases(vec![database()])),
            )
            .map(drop),
        Act::CreateLink => world
            .apply(
                now,
                CreateLink {
                    instance: lab.mi,
                    name: link(),
                    spec: Lab::spec(),
                },
            )
            .map(drop),
        Act::UpdateLink(mode) => {
            let request = UpdateLink {
                instance: lab.mi,
                name: link(),
                replication_mode: Some(mode),
                databases: None,
            };
            world.apply(now, request).map(drop)
        }
        Act::DeleteLink => world
            .apply(
                now,
                DeleteLink {
                    instance: lab.mi,
                    name: link(),
                },
            )
            .map(drop),
        Act::Insert { on_instance, value } => {
            let instance = if on_instance { lab.mi } else { lab.sql };
            if lab.has_table(instance) {
                lab.insert(instance, value).map(drop)
            } else {
                Ok(())
            }
        }
        Act::PrepareFromInstance => {
            lab.prepare_from_instance_if_new();
            Ok(())
        }
        Act::CreateLinkFromInstance => {
            let spec = LinkSpec {
                instance_role: LinkRole::Primary,
                ..Lab::spec()
            };
            let request = CreateLink {
                instance: lab.mi,
                name: link(),
                spec,
            };
            world.apply(now, request).map(drop)
        }
        Act::Failover => lab.alter_dag(GroupAction::Failover).map(drop),
        Act::ForceFailover => lab.alter_dag(GroupAction::ForceFailover).map(drop),
        Act::GiveUp => lab.alter_dag(GroupAction::SetRoleSecondary).map(drop),
        Act::LinkFailover(kind) => lab.fail_over(kind).map(drop),
        Act::SetRole { primary, forced } => {
            let role = if primary {
                LinkRole::Primary
            } else {
                LinkRole::Secondary
            };
            lab.set_role(role, forced).map(drop)
        }
        Act::Begin(value) => {
            if lab.has_table(instance) {
                let transaction = Some(TransactionId(1));
                lab.insert_in(instance, value, transaction).map(drop)
            } else {
                Ok(())
            }
        }
        Act::Commit => {
            let transaction = TransactionId(1);
            let commit = Commit {
                instance,
                transaction,
            };
            let answer = world.apply(now, commit).map(drop);
            if answer.is_err() {
                // The session gives up; so the next one can begin.
                let rollback = Rollback {
                    instance,
                    transaction,
                    savepoint: None,
                };
                return world.apply(now, rollback);
            }
            answer
        }
        Act::HadrOff => world.apply(now, alter(DatabaseChange::HadrOff)),
        Act::Suspend(suspend) => {
            let change = if suspend {
                DatabaseChange::HadrSuspend
            } else {
                DatabaseChange::HadrResume
            };
            world.apply(now, alter(change))
        }
    }
}

/// The roles that both sides of the link believe they have.
fn roles(world: &World) -> Vec<(String, milink_core::availability_group::Role)> {
    let groups = world.instances.values().flat_map(|instance| {
        let name = instance.name.to_string();
        instance
            .groups
            .values()
            .filter_map(move |group| Some((name.clone(), group.as_distributed()?.role)))
    });
    groups.collect()
}

/// A role that changes is told of: no other event explains it.
fn check_roles(before: &World, after: &World) -> Result<(), String> {
    let (old, new) = (roles(before), roles(after));
    let same_sides = old.len() == new.len() && old.iter().zip(&new).all(|(a, b)| a.0 == b.0);
    if !same_sides || old == new {
        return Ok(());
    }
    let told = after.events_after(before.event_count()).any(|event| {
        matches!(
            event.kind,
            EventKind::RoleChanged { .. }
                | EventKind::GroupCreated { .. }
                | EventKind::LinkRequested { .. }
        )
    });
    if told {
        Ok(())
    } else {
        Err(format!(
            "the roles changed silently from {old:?} to {new:?}"
        ))
    }
}

/// Walks, and looks at the laws after every step.
fn walk(acts: &[Act]) -> Result<World, TestCaseError> {
    let mut lab = Lab::new(Profile::Azure);
    for act in acts {
        let before = lab.before();
        let changes_when_refused = matches!(act, Act::Commit);
        if perform(&mut lab, *act).is_err() && !changes_when_refused {
            prop_assert!(
                lab.world == before,
                "{act:?} was refused and changed the world"
            );
        }
        if let Err(broken) = invariants::check(&lab.world) {
            return Err(TestCaseError::fail(format!("after {act:?}: {broken}")));
        }
        check_roles(&before, &lab.world).map_err(TestCaseError::fail)?;
    }
    // Everything comes to rest in the end.
    for _ in 0..1_000 {
        let Some(due) = lab.world.next_due() else {
            return Ok(lab.world);
        };
        lab.world.advance_to(due);
        invariants::check(&lab.world).map_err(TestCaseError::fail)?;
    }
    Err(TestCaseError::fail("the world never comes to rest"))
}

/// Redo that goes on again has something due at once: the failover ends before the refusal that follows.
#[test]
fn what_is_due_comes_before_a_refusal() {
    let acts = [
        Act::Prepare(None),
        Act::CreateLink,
        Act::Advance(390),
        Act::Advance(390),
        Act::BackupFull { copy_only: false },
        Act::Failover,
        Act::Suspend(true),
        Act::Advance(30),
        Act::Suspend(false),
        Act::GiveUp,
    ];
    walk(&acts).expect("the laws hold");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_laws_hold_whatever_is_asked(first in beginning(), acts in prop::collection::vec(act(), 1..60)) {
        let acts = [first, acts].concat();
        let first = walk(&acts)?;
        let second = walk(&acts)?;
        prop_assert!(first == second, "the same calls gave another world");
    }
}
