//! A second log file: what SQL Server keeps of it, and what a managed instance, which has one, makes of it.

mod lab;

use lab::Lab;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::refusal::*;
use milink_core::store::FileSize;
use milink_core::time::Span;
use milink_core::version::Build;
use milink_core::version::UpdatePolicy;

fn file(name: &str, path: &str) -> DatabaseChange {
    DatabaseChange::AddLogFile(NewFile {
        name: name.into(),
        path: path.into(),
        size: FileSize::default(),
    })
}

/// A link of SQL Server 2016, which knows no way back.
fn create_one_way(lab: &mut Lab) {
    lab.apply(CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec: LinkSpec {
            failover_mode: LinkFailoverMode::None,
            ..Lab::spec()
        },
    });
}

fn alter(lab: &mut Lab, instance: InstanceId, change: DatabaseChange) -> Result<(), Refusal> {
    let now = lab.world.now();
    let request = AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![change],
    };
    let done = lab.world.apply(now, request);
    invariants::check(&lab.world).unwrap();
    done
}

fn minutes(lab: &mut Lab, count: i64) {
    let end = lab.world.now() + Span::minutes(count);
    while let Some(due) = lab.world.next_due().filter(|due| *due <= end) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
    }
    lab.world.advance_to(end);
}

fn names(lab: &Lab, instance: InstanceId) -> Vec<(i32, String)> {
    let files = lab.db(instance).content.added_log_files();
    files.map(|file| (file.id, file.name.to_string())).collect()
}

fn failure(lab: &Lab) -> Option<LinkError> {
    match &lab.link().phase {
        Phase::Failed { error, .. } => Some(error.clone()),
        _ => None,
    }
}

fn several() -> LinkError {
    let database = "db1".to_owned();
    LinkError::SeveralLogFiles { database }
}

#[test]
fn a_database_of_sql_server_has_as_many_as_it_is_given() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let sql = lab.sql;
    alter(&mut lab, sql, file("log2", "C:\\log2.ldf")).unwrap();
    alter(&mut lab, sql, file("log3", "C:\\log3.ldf")).unwrap();
    assert_eq!(names(&lab, sql), [(3, "log2".into()), (4, "log3".into())]);
    let refused: [(DatabaseChange, DatabaseRefusal); 6] = [
        (
            file("LOG2", "C:\\log4.ldf"),
            DatabaseRefusal::FileNameTaken {
                file: "LOG2".into(),
            },
        ),
        (
            file("db1_log", "C:\\log4.ldf"),
            DatabaseRefusal::FileNameTaken {
                file: "db1_log".into(),
            },
        ),
        (
            file("log4", "c:\\LOG2.ldf"),
            DatabaseRefusal::FilePathTaken {
                path: "c:\\LOG2.ldf".into(),
            },
        ),
        (
            DatabaseChange::RemoveFile("db1".into()),
            DatabaseRefusal::FirstFile { file: "db1".into() },
        ),
        (
            DatabaseChange::RemoveFile("DB1_LOG".into()),
            DatabaseRefusal::FirstFile {
                file: "DB1_LOG".into(),
            },
        ),
        (
            DatabaseChange::RemoveFile("other".into()),
            DatabaseRefusal::NoSuchFile {
                file: "other".into(),
            },
        ),
    ];
    for (change, refusal) in refused {
        assert_eq!(alter(&mut lab, sql, change), Err(refusal.into()));
    }
    alter(&mut lab, sql, DatabaseChange::RemoveFile("LOG2".into())).unwrap();
    alter(&mut lab, sql, file("log5", "C:\\log2.ldf")).unwrap();
    assert_eq!(names(&lab, sql), [(4, "log3".into()), (3, "log5".into())]);
}

#[test]
fn an_instance_has_one() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    minutes(&mut lab, 5);
    let mi = lab.mi;
    let refused = alter(&mut lab, mi, file("log2", "log2.ldf"));
    assert!(matches!(
        refused,
        Err(Refusal::Database(DatabaseRefusal::OptionNotAllowed { .. }))
    ));
}

#[test]
fn a_link_is_not_made_until_it_is_gone() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let sql = lab.sql;
    alter(&mut lab, sql, file("log2", "C:\\log2.ldf")).unwrap();
    lab.create_link();
    minutes(&mut lab, 10);
    assert_eq!(failure(&lab), Some(several()));
    alter(&mut lab, sql, DatabaseChange::RemoveFile("log2".into())).unwrap();
    lab.create_link();
    minutes(&mut lab, 10);
    assert_eq!(lab.status().replica_state, "LinkSynchronizing");
}

#[test]
fn it_comes_while_the_link_is_made() {
    let mut lab = Lab::new(Profile::Azure);
    lab.set_versions(Build::SQL_2016, UpdatePolicy::SqlServer2022);
    lab.prepare(None);
    create_one_way(&mut lab);
    let sql = lab.sql;
    let mut added = false;
    while let Some(due) = lab.world.next_due().filter(|_| failure(&lab).is_none()) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
        if !added && lab.link().phase == Phase::Seeding {
            alter(&mut lab, sql, file("log2", "C:\\log2.ldf")).unwrap();
            added = true;
        }
    }
    assert_eq!(failure(&lab), Some(several()));
}

#[test]
fn sql_server_2016_breaks_its_link() {
    let mut lab = Lab::new(Profile::Azure);
    lab.set_versions(Build::SQL_2016, UpdatePolicy::SqlServer2022);
    lab.prepare(None);
    lab.create_table();
    create_one_way(&mut lab);
    minutes(&mut lab, 10);
    let (sql, mi) = (lab.sql, lab.mi);
    lab.insert(sql, 1).unwrap();
    minutes(&mut lab, 1);
    assert_eq!(failure(&lab), None);

    alter(&mut lab, sql, file("log2", "C:\\log2.ldf")).unwrap();
    lab.insert(sql, 2).unwrap();
    minutes(&mut lab, 1);
    assert_eq!(failure(&lab), Some(several()));
    assert_eq!((lab.rows(sql), lab.rows(mi)), (2, 1), "nothing after it");
    assert_eq!(names(&lab, mi), []);

    // Taking the file away mends nothing: the log has both.
    alter(&mut lab, sql, DatabaseChange::RemoveFile("log2".into())).unwrap();
    minutes(&mut lab, 5);
    assert_eq!(failure(&lab), Some(several()));

    // The link is made again.
    lab.apply(DeleteLink {
        instance: mi,
        name: "DAG_db1".into(),
    });
    minutes(&mut lab, 5);
    lab.apply(DropAvailabilityGroup {
        instance: sql,
        name: "DAG_db1".into(),
    });
    lab.apply(DropDatabase {
        instance: mi,
        name: "db1".into(),
        session: None,
    });
    let fqdn = lab.world.instance(mi).unwrap().server_name();
    lab.create_dag(&format!("tcp://{fqdn}:5022;Server=[sqlmi1]"));
    create_one_way(&mut lab);
    minutes(&mut lab, 10);
    assert_eq!(failure(&lab), None);
    assert_eq!(lab.rows(mi), 2);
}
