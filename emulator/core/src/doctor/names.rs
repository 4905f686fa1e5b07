//! Names and collations on both sides.

use super::{Check, NO_INSTANCE, NO_SERVER, Subject, Title};

pub(super) fn server_name(subject: &Subject<'_>) -> Check {
    let title = Title("server-name", "SQL Server's name is known to its groups");
    let Some((server, _)) = subject.sql_server() else {
        return title.unknown(NO_SERVER);
    };
    let name = server.server_name();
    let stranger = server.groups.values().find_map(|group| {
        let local = group.as_local()?;
        let known = local
            .replicas
            .iter()
            .any(|replica| replica.server_name.is(&name));
        (!known).then(|| group.name.clone())
    });
    match stranger {
        None => title.ok(format!("@@SERVERNAME = '{name}'")),
        Some(group) => title
            .fail(format!(
                "availability group '{group}' has no replica '{name}'"
            ))
            .remedy(format!(
                "DROP AVAILABILITY GROUP [{group}]; and create it with REPLICA ON N'{name}'"
            )),
    }
}

pub(super) fn collation(subject: &Subject<'_>) -> Check {
    let title = Title("collation", "Both sides have the same server collation");
    let (Some(server), Some(instance)) = (subject.server, subject.instance) else {
        return title.unknown(match subject.server {
            None => NO_SERVER,
            Some(_) => NO_INSTANCE,
        });
    };
    let evidence = format!(
        "SQL Server {}, managed instance {}",
        server.collation.name(),
        instance.collation.name()
    );
    match server.collation == instance.collation {
        true => title.ok(evidence),
        false => title
            .warn(evidence)
            .remedy("create the managed instance with --collation as SQL Server has it: it cannot be changed later"),
    }
}
