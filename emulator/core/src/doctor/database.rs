//! The database where it comes from.

use super::{Check, NO_DATABASE, Subject, Title, listed};
use crate::database::{DatabaseState, RecoveryModel, UserAccess};

pub(super) fn exists(subject: &Subject<'_>) -> Check {
    let title = Title("database", "The database is there");
    let Some(name) = &subject.database else {
        return title.unknown(NO_DATABASE);
    };
    let Some(source) = subject.source() else {
        return title.unknown("the side it comes from is not there");
    };
    match source.database(name.as_str()) {
        Some(found) => title.ok(format!(
            "'{}' is database {} of {}",
            found.name, found.id, source.name
        )),
        None => {
            let databases = source.databases.values();
            let user = databases.filter(|database| !database.is_system());
            title
                .fail(format!("{} has no database '{name}'", source.name))
                .and(format!(
                    "it has {}",
                    listed(user.map(|database| &database.name))
                ))
                .remedy(format!("CREATE DATABASE [{name}];"))
        }
    }
}

pub(super) fn eligible(subject: &Subject<'_>) -> Check {
    let title = Title("database-eligible", "The database can be replicated");
    let Some(database) = subject.source_database() else {
        return title.unknown("there is no database");
    };
    let name = &database.name;
    if database.is_system() {
        return title.fail(format!(
            "'{name}' is a system database: only user databases can be linked"
        ));
    }
    if subject.is_under_way() {
        return title.ok("it is being replicated");
    }
    if database.state != DatabaseState::Online {
        return title
            .fail(format!("state {:?}", database.state))
            .remedy(format!("ALTER DATABASE [{name}] SET ONLINE;"));
    }
    if database.read_only {
        return title
            .fail("it is READ_ONLY")
            .remedy(format!("ALTER DATABASE [{name}] SET READ_WRITE;"));
    }
    if database.user_access != UserAccess::MultiUser {
        return title
            .fail(format!("user access {:?}", database.user_access))
            .remedy(format!("ALTER DATABASE [{name}] SET MULTI_USER;"));
    }
    if database.options.auto_close {
        return title
            .fail("AUTO_CLOSE is on")
            .remedy(format!("ALTER DATABASE [{name}] SET AUTO_CLOSE OFF;"));
    }
    title.ok("ONLINE, READ_WRITE, MULTI_USER")
}

pub(super) fn log_files(subject: &Subject<'_>) -> Check {
    let title = Title("log-files", "The database has one log file");
    let Some(database) = subject.source_database() else {
        return title.unknown("there is no database");
    };
    let added = database.content.added_log_files();
    let names: Vec<&str> = added.map(|file| file.name.as_str()).collect();
    if names.is_empty() {
        return title.ok("it has one");
    }
    let mut check = title.fail(format!("besides the first one it has {}", names.join(", ")));
    for name in names {
        check = check.remedy(format!(
            "ALTER DATABASE [{}] REMOVE FILE [{name}];",
            database.name
        ));
    }
    check
}

pub(super) fn recovery_model(subject: &Subject<'_>) -> Check {
    let title = Title("recovery-model", "The database is in full recovery");
    let Some(database) = subject.source_database() else {
        return title.unknown("there is no database");
    };
    let evidence = format!("recovery_model_desc = {}", database.recovery_model.desc());
    match database.recovery_model {
        RecoveryModel::Full => title.ok(evidence),
        RecoveryModel::BulkLogged | RecoveryModel::Simple => title.fail(evidence).remedy(format!(
            "ALTER DATABASE [{}] SET RECOVERY FULL;",
            database.name
        )),
    }
}

pub(super) fn full_backup(subject: &Subject<'_>) -> Check {
    let title = Title("full-backup", "A full backup has started the log chain");
    if subject.begins_at_instance() {
        return title.not_applicable("a managed instance backs up by itself");
    }
    let Some(database) = subject.source_database() else {
        return title.unknown("there is no database");
    };
    let of_it = |copy_only: bool| {
        let backups = subject
            .server
            .into_iter()
            .flat_map(|server| &server.backups);
        let of_it = backups.filter(|set| set.database == database.name);
        of_it.filter(|set| set.copy_only == copy_only).count()
    };
    match database.chain.last_full_time {
        Some(at) => title.ok(format!("the last one was at {at}")),
        None if database.chain.is_started() || database.is_secondary() => {
            title.ok("the chain came with the copy")
        }
        None => title
            .fail(format!(
                "msdb.dbo.backupset has no full backup of '{}' that is not COPY_ONLY, and {} that are",
                database.name,
                of_it(true)
            ))
            .remedy(format!(
                "BACKUP DATABASE [{}] TO DISK = N'/var/opt/mssql/data/{}.bak' WITH INIT;",
                database.name, database.name
            )),
    }
}

pub(super) fn groups(subject: &Subject<'_>) -> Check {
    let title = Title(
        "database-group",
        "The database is in one availability group at most",
    );
    let (Some(source), Some(database)) = (subject.source(), subject.source_database()) else {
        return title.unknown("there is no database");
    };
    let Some((group, _)) = database.group else {
        return title.ok(format!("'{}' is in no availability group", database.name));
    };
    let Some(found) = source.groups.get(&group) else {
        return title.unknown("its group is not there");
    };
    let local = found.as_local();
    let members = || {
        listed(
            local
                .into_iter()
                .flat_map(|local| local.databases.iter().map(|member| &member.name)),
        )
    };
    let evidence = format!(
        "it is in '{}', with the databases {}",
        found.name,
        members()
    );
    if local.is_some_and(|local| local.databases.len() > 1) {
        return title
            .fail(evidence)
            .and("a link has one database, and so has its availability group")
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{}] REMOVE DATABASE [<the others>];",
                found.name
            ));
    }
    let expected = subject
        .group_names()
        .map(|names| match subject.begins_at_instance() {
            true => names.instance,
            false => names.partner,
        });
    match expected {
        Some(expected) if expected != found.name => title
            .fail(evidence)
            .and(format!("the link expects it in '{expected}'"))
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{}] REMOVE DATABASE [{}]; and add it to [{expected}], or create the link with '{}'",
                found.name, database.name, found.name
            )),
        _ => title.ok(evidence),
    }
}
