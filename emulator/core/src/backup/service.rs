//! The backups that the service takes of a managed instance's databases: full, differential and log, by a schedule.
//!
//! Nothing of them is kept and no timer waits for them: the history is computed when it is read, from when the database came
//! to the instance, so that years cost nothing. What cannot be computed is the log position of an old backup: those from
//! before the last one that has freed log have its position.

use uuid::Uuid;

use super::{BackupDevice, BackupKind, BackupSet};
use crate::database::{Database, DatabaseState};
use crate::instance::Instance;
use crate::lsn::Lsn;
use crate::time::{Span, Timestamp};

/// A full backup every week (page "Automated backups in Azure SQL Managed Instance").
const FULL_EVERY: Span = Span::minutes(7 * 24 * 60);
/// A differential one every 12 to 24 hours (the same page).
const DIFFERENTIAL_EVERY: Span = Span::minutes(12 * 60);
/// A log backup about every ten minutes (the same page).
const LOG_EVERY: Span = Span::minutes(10);
/// The first full backup is scheduled as soon as the database is there (the same page); how soon is a guess.
const FIRST_AFTER: Span = Span::minutes(1);
/// How long a backup takes (guess).
const TAKES: Span = Span::seconds(5);
/// How many of each kind the history shows: what a retention of seven days needs, and a day of log backups (guess).
const MOST_FULL: i64 = 2;
const MOST_DIFFERENTIAL: i64 = 14;
const MOST_LOG: i64 = 144;
/// Ids of the service's backups: a range for each database, far from those of users (guess).
const IDS_PER_DATABASE: i64 = 1_000_000;
const ID_RANGES: i32 = 2_000;
/// Who takes them (guess).
const USER: &str = "NT AUTHORITY\\SYSTEM";
/// In whose storage they are (guess; users cannot reach it).
const STORAGE: &str = "https://milinkbackup.blob.core.windows.net";

/// The service's backups that the history of an instance shows, oldest first for each database. A SQL Server has none; nor
/// has a system database, or one that is not online. A copy is backed up as well, but not differentially (page "Managed
/// Instance link best practices").
pub fn service_backups(instance: &Instance, now: Timestamp) -> Vec<BackupSet> {
    if !instance.is_managed_instance() {
        return Vec::new();
    }
    let databases = instance.databases.values();
    databases
        .filter(|database| !database.is_system() && database.state == DatabaseState::Online)
        .flat_map(|database| of_database(database, now))
        .collect()
}

fn of_database(database: &Database, now: Timestamp) -> Vec<BackupSet> {
    let first = database.created + FIRST_AFTER;
    let log = Positions::of(database);
    let kinds = [
        (BackupKind::Full, FULL_EVERY, MOST_FULL, true),
        (
            BackupKind::Differential,
            DIFFERENTIAL_EVERY,
            MOST_DIFFERENTIAL,
            !database.is_secondary(),
        ),
        (BackupKind::Log, LOG_EVERY, MOST_LOG, true),
    ];
    let mut sets = Vec::new();
    for (kind, every, most, is_taken) in kinds {
        if !is_taken || now < first + TAKES {
            continue;
        }
        let last = (now - TAKES).since(first).0 / every.0;
        // A full backup takes the turn of a differential one, and the log begins with the first full one.
        let turns = (last - most + 1).max(0)..=last;
        let moments = turns.map(|turn| first + Span(every.0 * turn));
        let moments =
            moments.filter(|at| kind == BackupKind::Full || at.since(first).0 % FULL_EVERY.0 != 0);
        sets.extend(moments.map(|at| set(database, &log, kind, first, at)));
    }
    sets.sort_by_key(|set| set.finished);
    sets
}

fn set(
    database: &Database,
    log: &Positions,
    kind: BackupKind,
    first: Timestamp,
    at: Timestamp,
) -> BackupSet {
    let full = first + Span(at.since(first).0 / FULL_EVERY.0 * FULL_EVERY.0);
    let end = log.at(at);
    let start = match kind {
        BackupKind::Log => log.at((at - LOG_EVERY).max(first)),
        BackupKind::Full | BackupKind::Differential => end,
    };
    // One number for each kind in each turn of the log.
    let turn = at.since(first).0 / LOG_EVERY.0 * 3 + kind as i64;
    let range = i64::from(database.id.0 % ID_RANGES) * IDS_PER_DATABASE;
    let id = i32::try_from(range + turn % IDS_PER_DATABASE).unwrap_or(i32::MAX);
    let guid = Uuid::from_u128(database.guid.as_u128() ^ (turn as u128 + 1));
    let bytes = match kind {
        BackupKind::Full => database.data_file_bytes(),
        BackupKind::Differential => database.data_file_bytes() / 16,
        BackupKind::Log => database.log.used_bytes().next_multiple_of(8192).max(8192),
    };
    BackupSet {
        id,
        guid,
        database: database.name.clone(),
        kind,
        copy_only: false,
        name: None,
        description: None,
        compressed: true,
        checksums: true,
        devices: vec![BackupDevice::Url(format!(
            "{STORAGE}/{}/{guid}.bak",
            database.guid
        ))],
        started: at,
        finished: at + TAKES,
        first_lsn: start,
        last_lsn: end,
        checkpoint_lsn: end,
        database_backup_lsn: match (kind, full == first) {
            (BackupKind::Full, true) => Lsn::ZERO,
            (BackupKind::Full, false) => log.at(full - FULL_EVERY),
            _ => log.at(full),
        },
        bytes,
        user: USER.to_owned(),
    }
}

/// Where the log of a database ended when, as far as that is still known.
struct Positions {
    entries: Vec<(Timestamp, Lsn)>,
    before: Lsn,
}

impl Positions {
    fn of(database: &Database) -> Self {
        let entries = database.log.from(Lsn::ZERO);
        let first = database.log.first().map(|entry| entry.first);
        Self {
            entries: entries.map(|entry| (entry.time, entry.end)).collect(),
            before: first.unwrap_or_else(|| database.log.end()),
        }
    }

    fn at(&self, moment: Timestamp) -> Lsn {
        let known = self.entries.partition_point(|(time, _)| *time <= moment);
        match known.checked_sub(1) {
            Some(last) => self.entries[last].1,
            None => self.before,
        }
    }
}
