//! Backups across instances: what a managed instance writes to a URL, SQL Server restores, and the other way round.

mod lab;

use lab::*;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::database::DatabaseState;
use milink_core::durations::Profile;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::invariants;
use milink_core::refusal::{BackupRefusal as B, Refusal};

const URL: &str = "https://account.blob.core.windows.net/backups/db1.bak";

fn url() -> Vec<BackupDevice> {
    vec![BackupDevice::Url(URL.into())]
}

fn backup(instance: InstanceId, copy_only: bool, devices: Vec<BackupDevice>) -> BackupTo {
    BackupTo {
        backup: Backup {
            instance,
            database: "db1".into(),
            kind: BackupKind::Full,
            copy_only,
            devices,
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        },
        overwrite: true,
        norecovery: false,
        session: SessionId(51),
    }
}

fn restore(instance: InstanceId, database: &str) -> Restore {
    Restore {
        instance,
        database: database.into(),
        log: false,
        devices: url(),
        file: 1,
        recovery: true,
        replace: false,
        moves: Vec::new(),
        session: SessionId(51),
    }
}

/// The recipe after a split: the instance's rows are saved before it gives up.
#[test]
fn a_copy_of_the_instance_is_restored_on_sql_server() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    let (sql, mi) = (lab.sql, lab.mi);
    lab.apply(backup(mi, true, url()));
    lab.apply(restore(sql, "db1_of_instance"));
    let restored = lab.world.instance(sql).unwrap();
    let restored = restored.database("db1_of_instance").unwrap();
    assert_eq!(restored.state, DatabaseState::Online);
    assert_eq!(restored.content, lab.db(mi).content);
    assert!(restored.group.is_none() && restored.copy.is_none());
    // And SQL Server's on the instance.
    lab.apply(backup(sql, true, url()));
    lab.apply(restore(mi, "db1_of_server"));
    assert!(
        lab.world
            .instance(mi)
            .unwrap()
            .database("db1_of_server")
            .is_some()
    );
    lab.settle();
    invariants::check(&lab.world).unwrap();
}

#[test]
fn what_cannot_be_restored_is_refused_and_changes_nothing() {
    let mut lab = Lab::linked(Profile::Fast);
    let (sql, mi) = (lab.sql, lab.mi);
    lab.apply(backup(mi, true, url()));
    let database = || "db1".to_owned();
    let mut disk = restore(mi, "x");
    disk.devices = vec![BackupDevice::Disk("C:\\x.bak".into())];
    let mut replace = restore(mi, "x");
    replace.replace = true;
    let mut none = restore(sql, "x");
    none.devices = vec![BackupDevice::Url("https://nowhere".into())];
    let mut second = restore(sql, "x");
    second.file = 2;
    let cases = [
        (
            restore(sql, "db1"),
            B::Joined {
                database: database(),
            },
        ),
        (
            restore(mi, "db1"),
            B::Secondary {
                database: database(),
            },
        ),
        (replace, B::ManagedOptions),
        (
            none,
            B::MediaMissing {
                device: "https://nowhere".into(),
            },
        ),
        (
            second,
            B::NoSuchBackup {
                device: URL.into(),
                file: 2,
            },
        ),
        (disk, B::ManagedDevice),
    ];
    for (request, expected) in cases {
        let (before, now) = (lab.world.clone(), lab.world.now());
        let refused = lab.world.apply(now, request);
        assert_eq!(refused.err(), Some(Refusal::Backup(expected)));
        assert_eq!(lab.world, before);
    }
}
