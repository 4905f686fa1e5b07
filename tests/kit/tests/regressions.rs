//! Cases that once failed, by name, as small as they could be made.

use milink_proptest::action::{Action, Certificate, Pair, Place, Side, Trouble, preparation};
use milink_proptest::lab::observe;
use milink_proptest::machine::Story;
use milink_proptest::observation::{Observation, Power, ResourceGroup};
use milink_proptest::run::{Lab, run};
use milink_proptest::topology::{Pace, Plan};

const PAIR: Pair = Pair::FIRST;

/// A link in step, and then these actions: nothing may be wrong on the way.
fn check(from_instance: bool, actions: &[Action]) -> Lab {
    let mut beginning = preparation(PAIR, from_instance);
    beginning.push(Action::CreateLink(PAIR, from_instance));
    beginning.extend([Action::Advance(400), Action::Advance(400)]);
    check_from(beginning, actions)
}

/// After a beginning, these actions.
fn check_from(beginning: Vec<Action>, actions: &[Action]) -> Lab {
    let story = Story {
        plan: Plan::usual(Pace::Azure),
        beginning,
    };
    match run(&story, actions, &[]) {
        Ok((lab, _)) => lab,
        Err(violation) => panic!("{violation}"),
    }
}

#[test]
fn a_link_that_was_deleted_twice_leaves_the_next_one_alone() {
    let lab = check(
        true,
        &[
            Action::DeleteLink(PAIR),
            Action::Advance(3),
            Action::DeleteLink(PAIR),
            Action::Advance(17),
            Action::CreateLink(PAIR, true),
            Action::Advance(3),
        ],
    );
    assert_eq!(lab.world.links.len(), 1);
}

#[test]
fn a_change_of_mode_ends_with_its_link() {
    check(
        false,
        &[
            Action::DeleteLink(PAIR),
            Action::Advance(10),
            Action::UpdateLink(PAIR, true),
            Action::Advance(60),
        ],
    );
}

#[test]
fn a_copy_that_leaves_its_group_is_no_copy_any_more() {
    check(
        true,
        &[
            Action::DropDistributed(PAIR),
            Action::RemoveDatabase(0),
            Action::Suspend(0, false),
        ],
    );
}

#[test]
fn a_failover_may_end_in_the_moment_in_which_its_link_goes() {
    check(
        true,
        &[
            Action::LinkFailover(PAIR, false),
            Action::Advance(10),
            Action::DeleteLink(PAIR),
            Action::Advance(20),
            Action::Insert(PAIR.place(Side::Server), 0),
        ],
    );
}

#[test]
fn a_side_that_gave_up_may_lose_its_link_while_it_goes_back() {
    check(
        false,
        &[
            Action::DeleteLink(PAIR),
            Action::LinkFailover(PAIR, true),
            Action::Insert(Place::Instance(0), 0),
            Action::GiveUp(PAIR),
            Action::Advance(20),
            Action::ForceFailover(PAIR),
        ],
    );
}

#[test]
fn a_database_that_left_its_group_does_not_go_back_to_follow() {
    check(
        false,
        &[
            Action::LinkFailover(PAIR, true),
            Action::DropDistributed(PAIR),
            Action::RemoveDatabase(0),
            Action::CreateDistributed(PAIR, true),
            Action::Advance(60),
            Action::Suspend(0, false),
            Action::Insert(PAIR.place(Side::Server), 0),
        ],
    );
}

#[test]
fn a_link_that_has_failed_does_not_connect_again() {
    check(
        true,
        &[
            Action::TurnEndpoint(0, false),
            Action::TurnEndpoint(0, true),
            Action::HadrOff(0),
            Action::Advance(60),
            Action::Restart(0),
        ],
    );
}

#[test]
fn a_group_made_anew_turns_no_link_around_whose_data_comes_from_the_other_side() {
    check(
        true,
        &[
            Action::Fault(0, Trouble::Partition),
            Action::DropDistributed(PAIR),
            Action::CreateDistributed(PAIR, false),
            Action::Failover(PAIR),
        ],
    );
}

#[test]
fn a_half_made_anew_as_primary_is_no_sign_of_a_failover_that_went_through() {
    check(
        true,
        &[
            Action::DeleteLink(PAIR),
            Action::Fault(0, Trouble::Partition),
            Action::DropDistributed(PAIR),
            Action::CreateDistributed(PAIR, false),
            Action::LinkFailover(PAIR, false),
            Action::Advance(20),
        ],
    );
}

#[test]
fn a_failover_that_is_called_off_gives_no_role_to_a_half_made_anew() {
    for then in [Action::Restart(0), Action::Heal, Action::Advance(20)] {
        check(
            false,
            &[
                Action::Failover(PAIR),
                Action::Fault(0, Trouble::Partition),
                Action::DropDistributed(PAIR),
                Action::CreateDistributed(PAIR, true),
                then,
                Action::Advance(60),
            ],
        );
    }
}

#[test]
fn a_half_made_anew_as_primary_has_no_part_in_the_failover_of_the_old_one() {
    check(
        false,
        &[
            Action::Failover(PAIR),
            Action::Fault(0, Trouble::Partition),
            Action::DropDistributed(PAIR),
            Action::CreateDistributed(PAIR, false),
            Action::Heal,
            Action::Advance(60),
        ],
    );
}

#[test]
fn what_was_hardened_is_redone_though_its_database_was_dropped() {
    for then in [
        Action::LinkFailover(PAIR, true),
        Action::SetRole(PAIR, true, true),
        Action::Advance(60),
    ] {
        let lab = check(
            false,
            &[
                Action::Fault(0, Trouble::RedoLag),
                Action::Insert(PAIR.place(Side::Server), 0),
                Action::Advance(5),
                Action::DropDistributed(PAIR),
                Action::DropGroup(0),
                Action::DropDatabase(PAIR.place(Side::Server), 0),
                then,
            ],
        );
        assert_eq!(lab.world.links.len(), 1);
    }
}

#[test]
fn asking_again_for_a_link_whose_copy_was_taken_away_while_it_was_made_changes_nothing() {
    let mut beginning = preparation(PAIR, true);
    beginning.extend([Action::CreateLink(PAIR, true), Action::Advance(60)]);
    let lab = check_from(beginning.clone(), &[]);
    let copy = lab.world.sql_server("sqlserver1").unwrap().database("db1");
    assert!(copy.is_some(), "it is being made");
    let lab = check_from(
        beginning,
        &[
            Action::HadrOff(0),
            Action::Fault(0, Trouble::Partition),
            Action::CreateLink(PAIR, true),
            Action::Advance(60),
        ],
    );
    assert_eq!(lab.world.links.len(), 1);
}

#[test]
fn what_had_arrived_is_redone_in_silence_though_its_database_was_dropped() {
    for again in [
        vec![],
        vec![Action::CreateDatabase(PAIR.place(Side::Server), 0)],
    ] {
        let mut steps = vec![
            Action::Fault(0, Trouble::RedoLag),
            Action::Insert(PAIR.place(Side::Server), 0),
            Action::Advance(5),
            Action::DropDistributed(PAIR),
            Action::DropGroup(0),
            Action::DropDatabase(PAIR.place(Side::Server), 0),
        ];
        steps.extend(again);
        steps.extend([Action::Fault(0, Trouble::Partition), Action::Advance(60)]);
        check(false, &steps);
    }
}

#[test]
fn a_copy_whose_link_is_gone_is_made_primary_by_force() {
    for lag in [vec![], vec![Action::Fault(0, Trouble::RedoLag)]] {
        let mut steps = lag;
        steps.extend([
            Action::Insert(Place::Instance(0), 0),
            Action::Advance(5),
            Action::DeleteLink(PAIR),
            Action::Advance(60),
            Action::ForceFailover(PAIR),
            Action::Insert(PAIR.place(Side::Server), 0),
            Action::HadrOff(0),
        ]);
        let lab = check(true, &steps);
        assert!(lab.world.links.is_empty());
        let server = lab.world.sql_server("sqlserver1").unwrap();
        let database = server.database("db1").unwrap();
        assert_eq!(server.check_writable(database), Ok(()));
        assert!(!database.is_secondary());
    }
}

/// What is seen in the end.
fn seen(from_instance: bool, actions: &[Action]) -> Observation {
    let lab = check(from_instance, actions);
    observe(&lab.world, &Plan::usual(Pace::Azure))
}

/// The partners must shake hands again, and have time for it.
const BOUNCE: [Action; 3] = [
    Action::TurnEndpoint(0, false),
    Action::TurnEndpoint(0, true),
    Action::Advance(120),
];

#[test]
fn a_certificate_that_is_taken_away_matters_at_the_next_handshake() {
    let first = Certificate::First;
    for (taken, given) in [
        (
            Action::RevokeCertificate(PAIR, first),
            Action::UploadCertificate(PAIR, first),
        ),
        (Action::DropImported(PAIR), Action::ImportCertificate(PAIR)),
    ] {
        let mut steps = vec![taken, Action::Advance(60)];
        let connected = |steps: &[Action]| seen(false, steps).links[&PAIR].connected;
        assert!(connected(&steps), "{taken:?}");
        steps.extend(BOUNCE);
        assert!(!connected(&steps), "{taken:?}");
        steps.extend([given, Action::Advance(300)]);
        assert!(connected(&steps), "{given:?}");
    }
}

#[test]
fn another_certificate_of_the_endpoint_has_to_be_known_first() {
    let second = Certificate::Second;
    let connected = |uploaded: bool| {
        let mut steps = vec![Action::CreateCertificate(0, second)];
        if uploaded {
            steps.extend([Action::UploadCertificate(PAIR, second), Action::Advance(60)]);
        }
        steps.push(Action::AuthenticateBy(0, second));
        steps.extend(BOUNCE);
        // The endpoint does not need the first one any more.
        steps.push(Action::DropCertificate(0, Certificate::First));
        let lab = check(false, &steps);
        let server = lab.world.sql_server("sqlserver1").unwrap();
        let first = server.master().content.certificate("endpoint_certificate");
        assert!(first.is_none());
        observe(&lab.world, &Plan::usual(Pace::Azure)).links[&PAIR].connected
    };
    assert!(connected(true));
    assert!(!connected(false));
}

#[test]
fn an_instance_without_link_stops_starts_and_goes() {
    let hour = Action::Advance(3_600);
    let mut steps = vec![
        // Not while it has a link.
        Action::StopInstance(0),
        Action::DeleteInstance(0),
        Action::DeleteLink(PAIR),
        Action::Advance(60),
        Action::StopInstance(0),
    ];
    let power = |steps: &[Action]| seen(false, steps).instances.get(&0).copied();
    assert_eq!(power(&steps), Some(Power::Stopping));
    steps.extend([hour, Action::CreateLink(PAIR, true)]);
    let stopped = seen(false, &steps);
    assert_eq!(stopped.instances[&0], Power::Stopped);
    assert!(stopped.links.is_empty());
    assert_eq!(stopped.databases[&(Place::Instance(0), 0)].rows, None);
    steps.extend([Action::StartInstance(0), hour]);
    let ready = seen(false, &steps);
    assert_eq!(ready.instances[&0], Power::Ready);
    assert!(ready.databases[&(Place::Instance(0), 0)].writable);
    steps.extend([Action::DeleteInstance(0), hour, hour, hour, hour]);
    assert_eq!(power(&steps), None);
}

#[test]
fn a_resource_group_goes_with_its_instances_unless_one_has_a_link() {
    let day = [Action::Advance(43_200); 2];
    let end = |unlinked: bool| {
        let mut steps = Vec::new();
        if unlinked {
            steps.extend([Action::DeleteLink(PAIR), Action::Advance(60)]);
        }
        steps.push(Action::DeleteResourceGroup);
        steps.extend(day);
        seen(false, &steps)
    };
    let gone = end(true);
    assert_eq!((gone.group, gone.instances.len()), (ResourceGroup::Gone, 0));
    let stays = end(false);
    assert_eq!(stays.group, ResourceGroup::There);
    assert!(stays.links[&PAIR].in_step);
}

#[test]
fn what_was_left_behind_is_made_primary_while_its_server_comes_up() {
    check(
        true,
        &[
            Action::DeleteLink(PAIR),
            Action::Advance(30),
            Action::Restart(0),
            Action::ForceFailover(PAIR),
            Action::Advance(60),
            Action::Insert(PAIR.place(Side::Server), 0),
        ],
    );
}
