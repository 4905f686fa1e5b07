//! The availability groups and the two halves of the distributed one.

use super::subject::GroupNames;
use super::{Check, NO_INSTANCE, NO_SERVER, Subject, Title, listed};
use crate::availability_group::{AvailabilityMode, Role, SeedingMode};
use crate::instance::MANAGED_INSTANCE_MIRRORING_PORT;
use crate::listener_url::ListenerUrl;

pub(super) fn local(subject: &Subject<'_>) -> Check {
    let title = Title(
        "availability-group",
        "SQL Server has the link's availability group",
    );
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    let locals = || {
        let groups = server.groups.values();
        groups.filter(|group| group.as_local().is_some())
    };
    let database = subject.database_word();
    let create = |name: &str| {
        let members = match subject.begins_at_instance() {
            true => "",
            false => &format!("DATABASE [{database}] "),
        };
        format!(
            "CREATE AVAILABILITY GROUP [{name}] WITH (CLUSTER_TYPE = NONE) FOR {members}REPLICA ON N'{}' WITH (ENDPOINT_URL = '{}', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);",
            server.name,
            subject.partner_endpoint()
        )
    };
    let evidence = format!(
        "SQL Server has {}",
        listed(locals().map(|group| &group.name))
    );
    let Some(names) = subject.group_names() else {
        let holds = locals().find(|group| {
            let members = group.as_local().map(|local| &local.databases);
            members.is_some_and(|members| members.iter().any(|member| member.name.is(&database)))
        });
        return match holds {
            Some(group) => title.ok(format!("'{}' has '{database}'", group.name)),
            None if subject.begins_at_instance() && locals().next().is_some() => title.ok(evidence),
            None => title
                .fail(evidence)
                .and(format!("none of them has '{database}'"))
                .remedy(create(&format!("AG_{database}"))),
        };
    };
    let expected = names.partner.to_string();
    let found = server.group(&expected).and_then(|group| group.as_local());
    let Some(found) = found else {
        return title
            .fail(format!("expected '{expected}'; {evidence}"))
            .remedy(create(&expected));
    };
    let has = found
        .databases
        .iter()
        .any(|member| member.name.is(&database));
    if !has && !subject.begins_at_instance() {
        let members = listed(found.databases.iter().map(|member| &member.name));
        return title
            .fail(format!(
                "'{expected}' has the databases {members}, and not '{database}'"
            ))
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{expected}] ADD DATABASE [{database}];"
            ));
    }
    title.ok(format!("'{expected}' is there"))
}

/// Only a side that receives the copy has to let the group make databases.
pub(super) fn permission(subject: &Subject<'_>) -> Check {
    let title = Title(
        "create-database",
        "The group may create databases where the copy is made",
    );
    if !subject.begins_at_instance() {
        return title.not_applicable("the copy is made on the managed instance");
    }
    let group = subject.server.and_then(|server| {
        let names = subject.group_names()?;
        server.group(names.partner.as_str())
    });
    let Some(group) = group else {
        return title.unknown("SQL Server's availability group is not there");
    };
    let may = group
        .as_local()
        .is_some_and(|local| local.may_create_databases);
    match may {
        true => title.ok(format!("'{}' has CREATE ANY DATABASE", group.name)),
        false => title
            .fail(format!("'{}' has no CREATE ANY DATABASE", group.name))
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{}] GRANT CREATE ANY DATABASE;",
                group.name
            )),
    }
}

pub(super) fn distributed(subject: &Subject<'_>) -> Check {
    let title = Title(
        "distributed-group",
        "SQL Server has its half of the distributed availability group",
    );
    let Some(server) = subject.server else {
        return title.unknown(NO_SERVER);
    };
    let pairs = server
        .groups
        .values()
        .filter(|group| group.as_distributed().is_some());
    let evidence = format!("SQL Server has {}", listed(pairs.map(|group| &group.name)));
    let Some(names) = subject.group_names() else {
        return title
            .fail(evidence)
            .and("none of them leads to this managed instance")
            .remedy(create(subject, None));
    };
    let expected = names.distributed.to_string();
    let Some(pair) = server
        .group(&expected)
        .and_then(|group| group.as_distributed())
    else {
        return title
            .fail(format!(
                "expected '{expected}', as the link is named; {evidence}"
            ))
            .remedy(create(subject, Some(&names)));
    };
    let members = format!(
        "'{expected}' is on '{}' (here) and '{}'",
        pair.local().group,
        pair.remote().group
    );
    if pair.local().group != names.partner || pair.remote().group != names.instance {
        return title
            .fail(members)
            .and(format!(
                "the link expects '{}' here and '{}'",
                names.partner, names.instance
            ))
            .remedy(format!("DROP AVAILABILITY GROUP [{expected}];"))
            .remedy(create(subject, Some(&names)));
    }
    let check = match pair.role {
        Role::Primary => title.ok(members).and("it is PRIMARY here"),
        Role::Secondary => title.ok(members).and("it is SECONDARY here"),
        Role::Resolving => title.warn(members).and("it is RESOLVING here"),
    };
    let remote = pair.remote();
    if remote.seeding_mode == SeedingMode::Manual {
        return Check {
            verdict: super::Verdict::Warn,
            ..check
        }
        .and(format!("SEEDING_MODE of '{}' is MANUAL", remote.group));
    }
    match remote.availability_mode {
        AvailabilityMode::SynchronousCommit => check.and("it commits synchronously"),
        AvailabilityMode::AsynchronousCommit | AvailabilityMode::ConfigurationOnly => check,
    }
}

pub(super) fn listener_url(subject: &Subject<'_>) -> Check {
    let title = Title(
        "listener-url",
        "The distributed group's listener URL leads to the managed instance",
    );
    let Some(instance) = subject.instance else {
        return title.unknown(NO_INSTANCE);
    };
    let remote = subject.server.and_then(|server| {
        let names = subject.group_names()?;
        let pair = server.group(names.distributed.as_str())?.as_distributed()?;
        Some((names, pair.remote()))
    });
    let Some((names, remote)) = remote else {
        return title.unknown("SQL Server's half of the distributed group is not there");
    };
    let expected = url(subject);
    let url = ListenerUrl::parse(&remote.listener_url);
    let evidence = format!(
        "LISTENER_URL of '{}' is '{}'",
        remote.group, remote.listener_url
    );
    let right = url.is_some_and(|url| {
        url.host.eq_ignore_ascii_case(&instance.server_name())
            && url.port == MANAGED_INSTANCE_MIRRORING_PORT
            && url.server.is_some_and(|server| instance.name.is(&server))
    });
    match right {
        true => title.ok(evidence),
        false => title
            .fail(evidence)
            .and(format!("it has to be '{expected}'"))
            .remedy(format!(
                "ALTER AVAILABILITY GROUP [{}] MODIFY AVAILABILITY GROUP ON N'{}' WITH (LISTENER_URL = '{expected}');",
                names.distributed, remote.group
            )),
    }
}

/// A half without the other one is an orphan: nobody will ever answer it, and it holds the log.
pub(super) fn other_half(subject: &Subject<'_>) -> Check {
    let title = Title(
        "link-resource",
        "The managed instance has its half of the link",
    );
    if let Some(link) = subject.link {
        return title.ok(format!("link '{}' of {}", link.id.name, link.created));
    }
    let Some(instance) = subject.instance else {
        return title.unknown(NO_INSTANCE);
    };
    let Some(names) = subject.group_names() else {
        return title.unknown("there is no distributed group to join yet");
    };
    title
        .fail(format!(
            "{} has no link '{}': SQL Server's half is alone, and its log is kept for a partner that is not there",
            instance.name, names.distributed
        ))
        .remedy(subject.az_create_link())
        .remedy(format!(
            "or, if the link is over: DROP AVAILABILITY GROUP [{}]; DROP AVAILABILITY GROUP [{}];",
            names.distributed, names.partner
        ))
}

fn url(subject: &Subject<'_>) -> String {
    let name = subject
        .instance
        .map_or_else(String::new, |instance| instance.name.to_string());
    let database = match subject.begins_at_instance() {
        true => format!(";Database=[{}]", subject.database_word()),
        false => String::new(),
    };
    format!(
        "tcp://{}:{MANAGED_INSTANCE_MIRRORING_PORT};Server=[{name}]{database}",
        subject.fqdn()
    )
}

fn create(subject: &Subject<'_>, names: Option<&GroupNames>) -> String {
    let database = subject.database_word();
    let (distributed, partner, instance) = match names {
        Some(names) => (
            names.distributed.to_string(),
            names.partner.to_string(),
            names.instance.to_string(),
        ),
        None => (
            format!("DAG_{database}"),
            format!("AG_{database}"),
            format!("AG_{database}_MI"),
        ),
    };
    format!(
        "CREATE AVAILABILITY GROUP [{distributed}] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'{partner}' WITH (LISTENER_URL = '{}', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), N'{instance}' WITH (LISTENER_URL = '{}', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);",
        subject.partner_endpoint(),
        url(subject)
    )
}
