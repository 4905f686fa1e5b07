//! The history of the backups that the service takes of a managed instance's databases.

mod lab;

use lab::*;
use milink_core::backup::BackupKind::{Differential, Full, Log};
use milink_core::backup::{BackupKind, BackupSet, service_backups};
use milink_core::durations::Profile;
use milink_core::link::DeleteLink;
use milink_core::lsn::Lsn;
use milink_core::time::Span;

/// What the history shows so many minutes after the copy of a link came to its instance; with or without the link.
fn shown(is_linked: bool, minutes: i64) -> Vec<BackupSet> {
    let mut lab = Lab::linked(Profile::Fast);
    if !is_linked {
        lab.apply(DeleteLink {
            instance: lab.mi,
            name: "DAG_db1".into(),
        });
        lab.settle();
    }
    let mi = lab.world.instance(lab.mi).unwrap();
    let created = mi.database("db1").unwrap().created;
    service_backups(mi, created + Span::minutes(minutes))
}

fn count(sets: &[BackupSet], kind: BackupKind) -> usize {
    sets.iter().filter(|set| set.kind == kind).count()
}

#[test]
fn the_service_backs_up_by_a_schedule() {
    const DAY: i64 = 24 * 60;
    for (minutes, linked, [full, differential, log]) in [
        (0, false, [0, 0, 0]),
        (1, false, [0, 0, 0]),
        (2, false, [1, 0, 0]),
        (12, false, [1, 0, 1]),
        (DAY, false, [1, 1, 143]),
        (8 * DAY, false, [2, 13, 143]),
        // A thousand years cost nothing, and show no more.
        (365_000 * DAY, false, [2, 13, 144]),
        (12, true, [1, 0, 1]),
        (8 * DAY, true, [2, 0, 143]),
    ] {
        let sets = shown(linked, minutes);
        let seen = [Full, Differential, Log].map(|kind| count(&sets, kind));
        assert_eq!(
            seen,
            [full, differential, log],
            "{minutes} minutes, linked: {linked}"
        );
    }
}

#[test]
fn the_history_is_a_chain() {
    let sets = shown(false, 3 * 24 * 60);
    let mut ids: Vec<i32> = sets.iter().map(|set| set.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), sets.len());
    assert!(sets.is_sorted_by_key(|set| set.finished));
    let full = sets.iter().find(|set| set.kind == Full).unwrap();
    assert!(!full.copy_only && full.database_backup_lsn == Lsn::ZERO);
    let logs: Vec<&BackupSet> = sets.iter().filter(|set| set.kind == Log).collect();
    for pair in logs.windows(2) {
        assert_eq!(pair[0].last_lsn, pair[1].first_lsn);
        assert_eq!(pair[1].database_backup_lsn, full.checkpoint_lsn);
    }
}

#[test]
fn a_sql_server_is_left_alone() {
    let lab = Lab::linked(Profile::Fast);
    let sql = lab.world.instance(lab.sql).unwrap();
    let later = lab.world.now() + Span::minutes(60);
    assert_eq!(service_backups(sql, later), []);
}
