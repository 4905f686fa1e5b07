//! SQL Server itself: version and edition, Always On, the master key, the trace flags.

use super::{Check, NO_SERVER, Subject, Title};
use crate::version::{Build, link_supported, multi_database_supported};

/// The trace flags that the documentation recommends: page allocation for availability groups, compressed seeding.
const RECOMMENDED: [i32; 2] = [1800, 9567];

pub(super) fn version(subject: &Subject<'_>) -> Check {
    let title = Title(
        "server-version",
        "SQL Server's version and edition can have a link",
    );
    let Some((_, server)) = subject.sql_server() else {
        return title.unknown(NO_SERVER);
    };
    let evidence = format!("build {}, {}", server.build, server.edition.text());
    if !server.edition.supports_link() {
        return title
            .fail(evidence)
            .remedy("use Enterprise, Developer or Standard edition");
    }
    if !link_supported(server.build) {
        let least = match server.build.major {
            13 => Build::SQL_2016,
            14 => Build::SQL_2017,
            15 => Build::SQL_2019,
            16 => Build::SQL_2022_RTM,
            _ => Build::SQL_2025,
        };
        return title
            .fail(evidence)
            .and(format!("the least build of this version is {least}"))
            .remedy(format!("update SQL Server to {least} or newer"));
    }
    if server.build.major == 16 && server.build < Build::SQL_2022_CU13 {
        let least = match subject.begins_at_instance() {
            true => Build::SQL_2022_CU10,
            false => Build::SQL_2022_CU13,
        };
        let check = match subject.begins_at_instance() && server.build < least {
            true => title.fail(evidence),
            false => title.warn(evidence),
        };
        return check
            .and(format!(
                "links from the instance need {}, planned failover by T-SQL needs {}",
                Build::SQL_2022_CU10,
                Build::SQL_2022_CU13
            ))
            .remedy(format!("update SQL Server to {least} or newer"));
    }
    mode(subject, title, evidence)
}

/// A link with several databases needs a newer build, another edition, and SQL Server in that mode.
fn mode(subject: &Subject<'_>, title: Title, evidence: String) -> Check {
    let several = subject.link.map(|link| link.id.member.is_some());
    let (Some(several), Some((_, server))) = (several, subject.sql_server()) else {
        return title.ok(evidence);
    };
    if several && !multi_database_supported(server.build, server.edition) {
        return title.fail(evidence).remedy(format!(
            "a link with several databases needs {} or {}, Enterprise or Developer edition",
            Build::SQL_2022_CU27,
            Build::SQL_2025_CU9
        ));
    }
    if several != server.multi_database_links {
        let wanted = i32::from(several);
        return title
            .fail(evidence)
            .and("SQL Server is in the other mode: its links have one database each, or several")
            .remedy(format!(
                "remove all its links, EXEC sys.sp_multidb_milink {wanted}; and create them again"
            ));
    }
    title.ok(evidence)
}

pub(super) fn hadr(subject: &Subject<'_>) -> Check {
    let title = Title("hadr", "Availability groups are enabled on SQL Server");
    let Some((_, server)) = subject.sql_server() else {
        return title.unknown(NO_SERVER);
    };
    let evidence = format!(
        "SERVERPROPERTY('IsHadrEnabled') = {}",
        i32::from(server.hadr_enabled)
    );
    match server.hadr_enabled {
        true => title.ok(evidence),
        false => title
            .fail(evidence)
            .remedy("enable Always On in SQL Server Configuration Manager, or: sudo mssql-conf set hadr.hadrenabled 1")
            .remedy("restart the SQL Server service"),
    }
}

pub(super) fn master_key(subject: &Subject<'_>) -> Check {
    let title = Title(
        "master-key",
        "SQL Server's master database has a master key",
    );
    let Some((server, _)) = subject.sql_server() else {
        return title.unknown(NO_SERVER);
    };
    match &server.master().content.master_key {
        Some(key) => title.ok(format!("##MS_DatabaseMasterKey## of {}", key.created)),
        None => title
            .fail("sys.symmetric_keys of master has no row with symmetric_key_id 101")
            .remedy("USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<strong password>';"),
    }
}

pub(super) fn trace_flags(subject: &Subject<'_>) -> Check {
    let title = Title("trace-flags", "The recommended trace flags are on");
    let Some((server, _)) = subject.sql_server() else {
        return title.unknown(NO_SERVER);
    };
    let missing: Vec<String> = RECOMMENDED
        .iter()
        .filter(|flag| !server.trace_flags.contains(*flag))
        .map(ToString::to_string)
        .collect();
    match missing.is_empty() {
        true => title.ok("1800 and 9567 are on"),
        false => title
            .warn(format!(
                "off: {}; a link works without them",
                missing.join(", ")
            ))
            .remedy("add the startup parameters -T1800 and -T9567 and restart SQL Server")
            .remedy(format!(
                "or until the next start: DBCC TRACEON ({}, -1);",
                missing.join(", ")
            )),
    }
}
