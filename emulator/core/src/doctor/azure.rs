//! The managed instance, as far as Azure decides.

use super::{Check, NO_DATABASE, NO_INSTANCE, Subject, Title, listed};
use crate::azure::InstanceState;
use crate::fault;
use crate::link::{LinkFailoverMode, most_databases};

pub(super) fn instance_state(subject: &Subject<'_>) -> Check {
    let title = Title("instance-state", "The managed instance is ready");
    let Some(instance) = subject.instance else {
        let making = subject.world.managed_instance_views();
        let making: Vec<String> = making
            .iter()
            .filter(|view| view.engine.is_none())
            .map(|view| view.name.to_string())
            .collect();
        return match making.is_empty() {
            true => title
                .fail(NO_INSTANCE)
                .remedy("az sql mi create -g <group> -n <name> --subnet <id> --admin-user <name> --admin-password <password>"),
            false => title
                .fail(format!("{} is being created", making.join(", ")))
                .remedy("wait for the operation of the creation"),
        };
    };
    let view = subject.world.managed_instance_view(instance.name.as_str());
    let state = view.map(|view| view.state);
    match state {
        Some(state @ (InstanceState::Ready | InstanceState::Updating)) => {
            title.ok(format!("state '{}'", state.text()))
        }
        Some(InstanceState::Stopped) => {
            let check = title.fail(format!("state '{}'", InstanceState::Stopped.text()));
            check.remedy(format!("az sql mi start {}", subject.az_instance()))
        }
        Some(state) => title
            .fail(format!("state '{}'", state.text()))
            .remedy("wait until the instance is ready"),
        None => title.unknown("the instance has no state"),
    }
}

pub(super) fn update_policy(subject: &Subject<'_>) -> Check {
    let title = Title(
        "update-policy",
        "The instance's update policy fits SQL Server's version",
    );
    let Some((instance, mi)) = subject.managed_instance() else {
        return title.unknown(NO_INSTANCE);
    };
    let Some((_, server)) = subject.sql_server() else {
        return title.unknown(super::NO_SERVER);
    };
    let policy = mi.update_policy;
    let evidence = format!(
        "databaseFormat '{}', SQL Server {}",
        policy.text(),
        server.build
    );
    if !policy.accepts(server.build) {
        return title
            .fail(evidence)
            .remedy("raise the update policy, which cannot be lowered again:")
            .remedy(format!(
                "az sql mi update -g {} -n {} --database-format SQLServer2025",
                mi.properties.resource_group, instance.name
            ));
    }
    let two_way = subject
        .link
        .is_some_and(|link| link.spec.failover_mode == LinkFailoverMode::Manual);
    match policy.returns_to(server.build) {
        true => title.ok(evidence).and("databases can come back to SQL Server"),
        false if two_way || subject.begins_at_instance() => title
            .fail(evidence)
            .and("the link is asked to go both ways, and databases cannot come back to this SQL Server")
            .remedy("create the link with failoverMode None, or use an instance whose policy is SQL Server's version"),
        false => title
            .warn(evidence)
            .and("the link goes one way: databases cannot come back to this SQL Server")
            .remedy("for a way back, use an instance whose policy is SQL Server's version (2022 or newer)"),
    }
}

pub(super) fn links(subject: &Subject<'_>) -> Check {
    let title = Title("link-limit", "The managed instance can have one more link");
    let Some(instance) = subject.instance else {
        return title.unknown(NO_INSTANCE);
    };
    let all = subject.world.links.values();
    let count = all.filter(|link| link.id.instance == instance.id).count();
    let most = most_databases(instance);
    let evidence = format!("{count} of {most} links");
    match count < most || subject.link.is_some() {
        true => title.ok(evidence),
        false => title
            .fail(evidence)
            .remedy("delete a link that is not needed:")
            .remedy(format!(
                "az sql mi link delete {} -n <link> -y",
                subject.az_instance()
            )),
    }
}

pub(super) fn failover_group(subject: &Subject<'_>) -> Check {
    let title = Title(
        "failover-group",
        "The managed instance is in no failover group",
    );
    let Some(instance) = subject.instance else {
        return title.unknown(NO_INSTANCE);
    };
    let world = subject.world;
    let is_member = world.is_geo_replicated(instance.id)
        || fault::instance::is_in_failover_group(world, instance.id);
    match is_member {
        false => title.ok("it is in none"),
        true => title
            .fail(format!("'{}' is in one", instance.name))
            .remedy("take the instance out of its failover group, or link another one"),
    }
}

pub(super) fn target(subject: &Subject<'_>) -> Check {
    let title = Title(
        "target-database",
        "The other side has no database of this name",
    );
    let Some(name) = &subject.database else {
        return title.unknown(NO_DATABASE);
    };
    if subject.is_under_way() {
        return title.not_applicable("the link has copied it");
    }
    let target = match subject.begins_at_instance() {
        true => subject.server,
        false => subject.instance,
    };
    let Some(target) = target else {
        return title.unknown("the other side is not there");
    };
    let databases = target.databases.values();
    let names = databases
        .filter(|found| !found.is_system())
        .map(|found| &found.name);
    let evidence = format!("databases of {}: {}", target.name, listed(names));
    match target.database(name.as_str()) {
        None => title.ok(evidence),
        Some(found) if target.is_managed_instance() => title.fail(evidence).remedy(format!(
            "az sql midb delete {} -n {} -y",
            subject.az_instance(),
            found.name
        )),
        Some(found) => title.fail(evidence).remedy(format!(
            "on {}: DROP DATABASE [{}];",
            target.name, found.name
        )),
    }
}
