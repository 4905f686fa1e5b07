//! Whose connections are cut: by a change of role, by who needs a database alone, and by KILL.

mod lab;

use lab::*;
use milink_core::command::*;
use milink_core::database::UserAccess;
use milink_core::durations::Profile;
use milink_core::ids::*;
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::refusal::{DatabaseRefusal, Refusal};
use milink_core::session::Session;

/// A new session, in a database.
fn log_in(lab: &mut Lab, instance: InstanceId, database: DatabaseId) -> SessionId {
    let now = lab.world.now();
    let session = Session {
        id: SessionId(0),
        login: PrincipalId(1),
        login_name: Name::new("sa"),
        database,
        host_name: String::new(),
        program_name: String::new(),
        client_interface: String::new(),
        client_address: None,
        local_port: 1433,
        encrypted: false,
        login_time: now,
        last_request: now,
        running: false,
        cut: false,
    };
    lab.apply(OpenSession { instance, session })
}

fn is_cut(lab: &Lab, instance: InstanceId, session: SessionId) -> bool {
    lab.world.instance(instance).unwrap().sessions[&session].cut
}

#[test]
fn a_planned_failover_cuts_who_uses_the_database_on_either_side() {
    let mut lab = Lab::linked(Profile::Azure);
    let (sql, mi) = (lab.sql, lab.mi);
    let (on_sql, on_mi) = (lab.db(sql).id, lab.db(mi).id);
    let writer = log_in(&mut lab, sql, on_sql);
    let elsewhere = log_in(&mut lab, sql, MASTER);
    let reader = log_in(&mut lab, mi, on_mi);
    let before = lab.world.stops();
    lab.alter_dag(GroupAction::Failover).unwrap();
    assert!(is_cut(&lab, sql, writer), "the primary is closed at once");
    assert!(!is_cut(&lab, sql, elsewhere) && !is_cut(&lab, mi, reader));
    lab.settle();
    assert!(is_cut(&lab, mi, reader), "the copy became the primary");
    assert!(!is_cut(&lab, sql, elsewhere));
    assert_eq!(
        lab.world.stops(),
        before + 2,
        "who serves clients is told twice"
    );
    let close = |session| CloseSession {
        instance: sql,
        session,
    };
    lab.apply(close(writer));
    assert_eq!(lab.world.session_count(sql), 1);
    invariants::check(&lab.world).unwrap();
}

#[test]
fn what_a_cut_session_has_open_is_undone_wherever_it_is() {
    let mut lab = Lab::linked(Profile::Fast);
    let instance = lab.sql;
    // Its current database is another one, and it has written in the linked one.
    let session = log_in(&mut lab, instance, MASTER);
    assert_eq!(session, SessionId(51), "whose writes the lab makes");
    let transaction = lab.apply(BeginTransaction { instance });
    lab.insert_in(instance, 1, Some(transaction)).unwrap();
    lab.alter_dag(GroupAction::Failover).unwrap();
    assert!(is_cut(&lab, instance, session));
    lab.settle();
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (0, 0));
    invariants::check(&lab.world).unwrap();
}

#[test]
fn who_needs_a_database_alone_waits_or_sends_the_others_away() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    let instance = lab.sql;
    lab.apply(CreateDatabase {
        instance,
        name: "alone".into(),
        collation: None,
    });
    let server = lab.world.instance(instance).unwrap();
    let database = server.database("alone").unwrap().id;
    let (own, other) = (
        log_in(&mut lab, instance, database),
        log_in(&mut lab, instance, database),
    );
    let alter = |session, access, others| AlterDatabaseAs {
        alter: AlterDatabase {
            instance,
            name: "alone".into(),
            changes: vec![DatabaseChange::UserAccess(access)],
        },
        session,
        others,
    };
    let single = UserAccess::SingleUser;
    let now = lab.world.now();
    let name = || "alone".to_owned();
    let refused = lab.world.apply(now, alter(own, single, Others::Stay));
    let stays: Refusal = DatabaseRefusal::OthersConnected { name: name() }.into();
    assert_eq!(refused, Err(stays));
    assert!(!is_cut(&lab, instance, other));
    // Administrators may stay in a restricted database.
    let restricted = alter(own, UserAccess::RestrictedUser, Others::Stay);
    assert!(!lab.apply(restricted));
    assert!(lab.apply(alter(own, single, Others::Go)), "one had to go");
    assert!(is_cut(&lab, instance, other) && !is_cut(&lab, instance, own));
    let server = lab.world.instance(instance).unwrap();
    let found = server.database("alone").unwrap();
    assert_eq!(server.check_single_user(found, Some(own)), Ok(()));
    let one: DatabaseRefusal = DatabaseRefusal::OneUser { name: name() };
    assert_eq!(server.check_single_user(found, Some(other)), Err(one));
    let third = log_in(&mut lab, instance, MASTER);
    let multi = UserAccess::MultiUser;
    let refused = lab.world.apply(now, alter(third, multi, Others::Go));
    let held: Refusal = DatabaseRefusal::SingleUser { name: name() }.into();
    assert_eq!(refused, Err(held), "the one who is in it decides");
    lab.apply(alter(own, multi, Others::Stay));
    lab.apply(CutSession {
        instance,
        session: own,
    });
    assert!(is_cut(&lab, instance, own));
    invariants::check(&lab.world).unwrap();
}

#[test]
fn a_database_of_a_group_is_refused_before_anybody_has_to_go() {
    let mut lab = Lab::linked(Profile::Fast);
    let instance = lab.sql;
    let database = lab.db(instance).id;
    let other = log_in(&mut lab, instance, database);
    let alter = AlterDatabaseAs {
        alter: AlterDatabase {
            instance,
            name: "db1".into(),
            changes: vec![DatabaseChange::UserAccess(UserAccess::SingleUser)],
        },
        session: SessionId(99),
        others: Others::Go,
    };
    let refused = lab.world.apply(lab.world.now(), alter);
    let name = "db1".to_owned();
    assert_eq!(refused, Err(DatabaseRefusal::InGroup { name }.into()));
    assert!(!is_cut(&lab, instance, other));
}
