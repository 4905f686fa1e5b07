//! The log of linked databases: held for a partner that needs it, freed by backups, and what happens when it is gone.

mod lab;

use lab::*;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::durations::{Length, Profile, Transition};
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::LinkError;
use milink_core::time::Span;

fn advance(lab: &mut Lab, span: Span) {
    let to = lab.world.now() + span;
    while let Some(due) = lab.world.next_due().filter(|due| *due <= to) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
    }
    lab.world.advance_to(to);
    invariants::check(&lab.world).unwrap();
}

fn cut(lab: &mut Lab, reach: Reach) {
    let (from, to) = (lab.sql, lab.mi);
    lab.apply(SetReach { from, to, reach });
}

fn back_up_log(lab: &mut Lab) {
    lab.apply(Backup {
        instance: lab.sql,
        database: "db1".into(),
        kind: BackupKind::Log,
        copy_only: false,
        devices: vec![BackupDevice::Disk("d".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    });
}

fn held(lab: &Lab, instance: InstanceId) -> (bool, &'static str) {
    let database = lab.db(instance);
    (
        database.log.first().is_some(),
        database.log_reuse_wait_desc(),
    )
}

#[test]
fn sql_server_holds_its_log_until_the_partner_has_it() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    advance(&mut lab, Span::seconds(5));
    assert_eq!(held(&lab, lab.sql), (true, "LOG_BACKUP"));
    back_up_log(&mut lab);
    advance(&mut lab, Span::seconds(5));
    cut(&mut lab, Reach::Silent);
    lab.insert(lab.sql, 2).unwrap();
    advance(&mut lab, Span::minutes(60));
    back_up_log(&mut lab);
    assert_eq!(held(&lab, lab.sql), (true, "AVAILABILITY_REPLICA"));
    cut(&mut lab, Reach::Open);
    advance(&mut lab, Span::minutes(1));
    assert_eq!(lab.rows(lab.mi), 2);
    back_up_log(&mut lab);
    advance(&mut lab, Span::minutes(1));
    back_up_log(&mut lab);
    assert_ne!(held(&lab, lab.sql).1, "LOG_BACKUP");
}

#[test]
fn a_backup_of_a_copys_log_leaves_it_what_it_has_to_redo() {
    // SQL Server was primary, and has a chain of backups.
    let mut lab = Lab::linked(Profile::Azure);
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    lab.insert(lab.mi, 1).unwrap();
    while lab.db(lab.sql).unredone().next().is_none() {
        let due = lab.world.next_due().expect("it is on its way");
        lab.world.advance_to(due);
    }
    lab.insert(lab.mi, 2).unwrap();
    back_up_log(&mut lab);
    advance(&mut lab, Span::minutes(1));
    assert_eq!(lab.rows(lab.sql), 2);
}

#[test]
fn the_service_backs_up_the_log_of_an_instance() {
    // A database that nothing replicates.
    let mut lab = Lab::new(Profile::Azure);
    lab.apply(CreateDatabase {
        instance: lab.mi,
        name: "db1".into(),
        collation: None,
    });
    lab.create_table_on(lab.mi);
    lab.insert(lab.mi, 1).unwrap();
    assert_eq!(held(&lab, lab.mi), (true, "LOG_BACKUP"));
    assert_eq!(lab.world.next_due(), None, "nobody waits for a backup");
    advance(&mut lab, Span::minutes(9));
    assert!(held(&lab, lab.mi).0);
    advance(&mut lab, Span::minutes(1));
    assert_eq!(held(&lab, lab.mi), (false, "NOTHING"));
    // One that a partner needs.
    let mut lab = Lab::linked_from_instance(Profile::Azure);
    cut(&mut lab, Reach::Silent);
    lab.insert(lab.mi, 1).unwrap();
    advance(&mut lab, Span::minutes(60));
    assert_eq!(held(&lab, lab.mi), (true, "AVAILABILITY_REPLICA"));
    cut(&mut lab, Reach::Open);
    advance(&mut lab, Span::minutes(20));
    assert_eq!(lab.rows(lab.sql), 1);
    assert_eq!(held(&lab, lab.mi), (false, "NOTHING"));
    // One that a partner needed, until the link was deleted.
    cut(&mut lab, Reach::Silent);
    lab.insert(lab.mi, 2).unwrap();
    advance(&mut lab, Span::minutes(60));
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    advance(&mut lab, Span::minutes(11));
    assert_eq!(held(&lab, lab.mi), (false, "NOTHING"));
}

#[test]
fn a_partner_whose_log_is_gone_has_to_be_seeded_anew() {
    let mut lab = Lab::linked(Profile::Azure);
    let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
    let instance = lab.sql;
    // Without its half of the link, SQL Server holds nothing for it.
    lab.apply(DropAvailabilityGroup {
        instance,
        name: "DAG_db1".into(),
    });
    lab.insert(lab.sql, 1).unwrap();
    back_up_log(&mut lab);
    lab.create_dag(&url);
    lab.settle();
    let database = "db1".to_owned();
    assert!(!lab.status().connected);
    assert_eq!(lab.link().last_error, Some(LinkError::LogGone { database }));
    assert!(lab.insert(lab.mi, 1).is_err(), "readable, and frozen");
    assert_eq!(lab.rows(lab.mi), 0);
    // Dropped and made again, it is seeded anew.
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.settle();
    lab.apply(DropDatabase {
        instance: lab.mi,
        name: "db1".into(),
        session: None,
    });
    lab.create_link();
    lab.settle();
    assert!(lab.status().connected);
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn a_creation_that_takes_six_days_is_canceled() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.world.durations.overrides.insert(
        Transition::SeedingMinimum,
        Length::Fixed(Span::minutes(7 * 24 * 60)),
    );
    lab.create_link();
    advance(&mut lab, Span::minutes(6 * 24 * 60 - 1));
    assert_eq!(lab.link().phase, Phase::Seeding);
    advance(&mut lab, Span::minutes(2));
    let error = LinkError::CreationCanceled { days: 6 };
    assert_eq!(lab.link().last_error, Some(error));
    assert!(matches!(lab.link().phase, Phase::Failed { .. }));
    let instance = lab.world.instance(lab.mi).unwrap();
    assert!(instance.database("db1").is_none(), "what is half made goes");
    // Asked for again, it has six days again.
    lab.world.durations.overrides.clear();
    lab.create_link();
    lab.settle();
    assert!(lab.status().connected);
}
