//! What a user can see of a world, as lines of text: two worlds whose lines are the same are the same to whoever uses them.
//!
//! Left out is what differs between two runs of the same program: ids, moments, keys, places in the log, backup history,
//! sessions. What is compared is resources, instances, groups, links and their roles, databases and rows.

mod database;

use std::fmt::{Debug, Display};

use crate::availability_group::{AvailabilityGroup, GroupKind};
use crate::azure::deployment::DeploymentState;
use crate::endpoint::{Endpoint, EndpointAuthentication};
use crate::ids::PrincipalId;
use crate::instance::Instance;
use crate::link::{Link, LinkStatus};
use crate::names::Name;
use crate::operation::OperationState;
use crate::principal::{LoginKind, Securable};
use crate::time::Timestamp;
use crate::world::World;

/// The lines, sorted; one that is there twice stands for two things.
pub fn lines(world: &World) -> Vec<String> {
    let mut lines = Lines(Vec::new());
    azure(world, &mut lines);
    for instance in world.instances.values() {
        of_instance(world, instance, &mut lines);
    }
    for link in world.links.values() {
        of_link(world, link, &mut lines);
    }
    for group in world.link_groups.values() {
        let instance = world.instance(group.id.instance);
        let instance = instance.map_or_else(|| Name::new("?"), |found| found.name.clone());
        let says = (&group.spec, &group.coming, &group.left_out);
        lines.add(format_args!("{instance} link {}", group.id), plain(&says));
    }
    for operation in world.operations.values() {
        if operation.state == OperationState::InProgress {
            lines.add("operation that runs", operation.word);
        }
    }
    lines.0.sort_unstable();
    lines.0
}

struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, what: impl Display, says: impl Display) {
        self.0.push(format!("{what}: {says}"));
    }
}

fn azure(world: &World, lines: &mut Lines) {
    let azure = &world.azure;
    for group in azure.resource_groups.values() {
        let leaving = match group.deletion {
            Some(_) => ", being deleted",
            None => "",
        };
        let says = format!("{} {}{leaving}", group.location, plain(&group.tags));
        lines.add(format_args!("resource group {}", group.name), says);
    }
    for network in azure.virtual_networks.values() {
        let name = format!("virtual network {}/{}", network.group, network.name);
        let settings = (&network.prefixes, &network.dns_servers, &network.tags);
        lines.add(&name, format!("{} {}", network.location, plain(&settings)));
        for subnet in network.subnets.values() {
            let says = plain(&subnet.settings);
            lines.add(format_args!("{name} subnet {}", subnet.name), says);
        }
    }
    for resource in azure.network_resources.values() {
        let kind = resource.kind.arm_type();
        let name = format!("{kind} {}/{}", resource.group, resource.name);
        let says = format!("{} {}", resource.location, plain(&resource.tags));
        lines.add(&name, says);
        for item in resource.items.values() {
            lines.add(format_args!("{name} {}", item.name), &item.properties);
        }
    }
    for (key, group) in &azure.trust.groups {
        let names = group.members.iter().filter_map(|id| world.instance(*id));
        let names: Vec<&str> = names.map(|instance| instance.name.as_str()).collect();
        let name = format!("trust group {}/{}", group.group, group.name);
        let says = format!("{} {names:?} {}", key.location, plain(&group.scopes));
        lines.add(&name, says);
    }
    for deployment in azure.deployments.all.values() {
        let key = &deployment.key;
        let group = key.group.as_ref().map(ToString::to_string);
        let name = format!("deployment {}/{}", group.unwrap_or_default(), key.name);
        let state = match &deployment.state {
            DeploymentState::Running => "running",
            DeploymentState::Succeeded { .. } => "succeeded",
            DeploymentState::Failed { .. } => "failed",
            DeploymentState::Canceled => "canceled",
        };
        lines.add(&name, format!("{state} {}", deployment.parameters));
    }
    for name in azure.creating.keys() {
        lines.add(format_args!("managed instance {name}"), "being created");
    }
    for ((instance, database), tags) in &azure.database_tags {
        let database = world.instance(*instance).and_then(|instance| {
            let found = instance.databases.get(database)?;
            Some(format!("{}.{}", instance.name, found.name))
        });
        if let Some(name) = database {
            lines.add(format_args!("{name} tags"), plain(tags));
        }
    }
}

fn of_instance(world: &World, instance: &Instance, lines: &mut Lines) {
    let name = &instance.name;
    if let Some(server) = instance.as_sql_server() {
        let says = (&server.edition, server.hadr_enabled, &instance.collation);
        lines.add(
            format_args!("SQL Server {name}"),
            format!("{} {}", server.build, plain(&says)),
        );
    }
    if let Some(managed) = instance.as_managed_instance() {
        let mut properties = (*managed.properties).clone();
        properties.created = Timestamp::default();
        let says = (managed.update_policy, &instance.collation, &properties);
        lines.add(format_args!("managed instance {name}"), plain(&says));
        for (certificate, facts) in &managed.trust_certificates {
            lines.add(
                format_args!("{name} trusted certificate {certificate}"),
                &facts.subject,
            );
        }
    }
    lines.add(format_args!("{name} service"), plain(&instance.service));
    for (setting, configured) in &instance.configuration {
        lines.add(format_args!("{name} setting {setting}"), plain(configured));
    }
    for flag in &instance.trace_flags {
        lines.add(format_args!("{name} trace flag {flag}"), "on");
    }
    for path in instance.files.keys() {
        lines.add(format_args!("{name} file"), path);
    }
    for server in instance.linked_servers.values() {
        let logins = server.logins.iter().map(|(local, login)| {
            let remote = login.remote.as_ref().map(|(name, _)| name.to_string());
            (local.as_ref().map(ToString::to_string), remote)
        });
        let logins: Vec<_> = logins.collect();
        let says = (&server.data_source, &server.options, logins);
        lines.add(
            format_args!("{name} linked server {}", server.name),
            plain(&says),
        );
    }
    for job in instance.agent.jobs.values() {
        let steps: Vec<_> = job.steps.iter().map(|step| &step.settings).collect();
        let says = (&job.settings, steps, job.targeted, job.outcome());
        let job = &job.settings.name;
        lines.add(format_args!("{name} job {job}"), plain(&says));
    }
    principals(instance, lines);
    if let Some(endpoint) = &instance.endpoint {
        of_endpoint(instance, endpoint, lines);
    }
    for group in instance.groups.values() {
        of_group(instance, group, lines);
    }
    for database in instance.databases.values() {
        database::lines(world, instance, database, lines);
    }
}

fn principals(instance: &Instance, lines: &mut Lines) {
    let name = &instance.name;
    for login in instance.logins.values() {
        let kind = match login.kind {
            LoginKind::Sql { .. } => "with a password",
            LoginKind::External => "external",
            LoginKind::Certificate => "of a certificate",
            LoginKind::Role => "role",
        };
        let disabled = if login.disabled { ", disabled" } else { "" };
        let rank = if login.sysadmin { ", sysadmin" } else { "" };
        lines.add(
            format_args!("{name} login {}", login.name),
            format_args!("{kind}{disabled}{rank}, in {}", login.default_database),
        );
    }
    let of = |id: &PrincipalId| {
        let login = instance.logins.get(id);
        login.map_or_else(String::new, |login| login.name.to_string())
    };
    for permission in &instance.permissions {
        let securable = match &permission.securable {
            Securable::Login(login) => format!("login {}", of(login)),
            Securable::Endpoint(_) => "the endpoint".to_owned(),
            other => plain(other),
        };
        let says = format!(
            "{} {} on {securable}",
            plain(&permission.state),
            permission.permission
        );
        let grantee = of(&permission.grantee);
        lines.add(format_args!("{name} permission of {grantee}"), says);
    }
}

fn of_endpoint(instance: &Instance, endpoint: &Endpoint, lines: &mut Lines) {
    let certificate = endpoint.authentication.certificate().and_then(|id| {
        let found = instance.master().content.certificates.get(&id)?;
        Some(found.name.to_string())
    });
    let windows = matches!(
        endpoint.authentication,
        EndpointAuthentication::Windows(_)
            | EndpointAuthentication::WindowsThenCertificate(..)
            | EndpointAuthentication::CertificateThenWindows(..)
    );
    let says = (
        endpoint.state,
        endpoint.port,
        endpoint.role,
        endpoint.encryption,
    );
    let certificate = certificate.as_deref().unwrap_or("none");
    lines.add(
        format_args!("{} endpoint {}", instance.name, endpoint.name),
        format_args!(
            "{} certificate {certificate}, Windows {windows}",
            plain(&says)
        ),
    );
}

fn of_group(instance: &Instance, group: &AvailabilityGroup, lines: &mut Lines) {
    let name = format!("{} group {}", instance.name, group.name);
    match &group.kind {
        GroupKind::Local(local) => {
            let says = (
                local.role,
                local.cluster,
                local.backup_preference,
                local.basic,
                local.contained,
                local.may_create_databases,
            );
            lines.add(&name, plain(&says));
            for replica in &local.replicas {
                let says = (
                    &replica.endpoint_url,
                    replica.availability_mode,
                    replica.failover_mode,
                    replica.seeding_mode,
                    replica.secondary_connections,
                );
                lines.add(
                    format_args!("{name} replica {}", replica.server_name),
                    plain(&says),
                );
            }
            for database in &local.databases {
                lines.add(format_args!("{name} database"), &database.name);
            }
        }
        GroupKind::Distributed(distributed) => {
            lines.add(&name, plain(&distributed.role));
            for member in &distributed.members {
                let says = (
                    &member.listener_url,
                    member.availability_mode,
                    member.seeding_mode,
                );
                lines.add(format_args!("{name} member {}", member.group), plain(&says));
            }
        }
    }
}

fn of_link(world: &World, link: &Link, lines: &mut Lines) {
    let instance = world.instance(link.id.instance);
    let instance = instance.map_or_else(|| Name::new("?"), |found| found.name.clone());
    let name = format!("{instance} link {}", link.id);
    let status = LinkStatus::of(world, link);
    let says = (
        link.role,
        link.replication_mode,
        status.replica_state,
        status.synchronization,
        status.connected,
        link.fork.is_some(),
    );
    lines.add(&name, plain(&says));
    lines.add(format_args!("{name} asked for"), plain(&link.spec));
    if let Some(error) = &link.last_error
        && !status.connected
    {
        lines.add(format_args!("{name} error"), plain(error));
    }
}

/// The debug text, with names as people write them.
fn plain(value: &impl Debug) -> String {
    const OPEN: &str = "Name { text: \"";
    let text = format!("{value:?}");
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, name)) = rest.split_once(OPEN) {
        plain.push_str(before);
        let (name, after) = name.split_once("\", folded: ").unwrap_or((name, ""));
        plain.push_str(name);
        rest = after.split_once(" }").map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_in_debug_text() {
        let text = plain(&(Name::new("Db1"), 7, Some(Name::new("x"))));
        assert_eq!(text, "(Db1, 7, Some(x))");
    }
}
