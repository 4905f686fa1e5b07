//! CREATE and ALTER AVAILABILITY GROUP, local and distributed.

use std::sync::Arc;

use milink_core::availability_group::{
    AvailabilityMode, BackupPreference, ClusterType, FailoverMode, SecondaryConnections,
    SeedingMode,
};
use milink_core::command::{
    AlterAvailabilityGroup, CreateAvailabilityGroup, CreateDistributedAvailabilityGroup,
    CreateGroupWithListener, DEFAULT_SESSION_TIMEOUT, GroupAction, GroupOptions,
    JoinDistributedAvailabilityGroup, MemberChange, MemberSpec, ReplicaChange, ReplicaSpec,
};
use milink_core::ids::DatabaseId;
use milink_core::link::FailoverOutcome;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};

use super::context::StatementContext;
use super::database::is_unsupported;
use super::listener;
use crate::ast::{
    self, AlterAvailabilityGroupAction as A, AlterAvailabilityGroupStatement,
    AvailabilityGroupKind, AvailabilityGroupOptions, CreateAvailabilityGroupStatement,
    DistributedMember, Ident, Text,
};
use crate::error::SqlError;
use crate::session::Wait;

/// BACKUP_PRIORITY where none is said.
const DEFAULT_BACKUP_PRIORITY: i32 = 50;

pub(super) fn create(
    statement: &CreateAvailabilityGroupStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    check_place(context, "CREATE AVAILABILITY GROUP")?;
    let name = Name::new(&statement.name.value);
    let instance = context.instance;
    let created = match &statement.kind {
        AvailabilityGroupKind::Distributed { members } => {
            let members = members_of(members)?;
            context.apply(CreateDistributedAvailabilityGroup {
                instance,
                name: name.clone(),
                members,
            })
        }
        AvailabilityGroupKind::Local {
            databases,
            replicas,
            listener,
        } => {
            let listener = listener.as_ref().map(listener::new).transpose()?;
            let routing = replicas.iter().filter_map(listener::routing).collect();
            let replicas = replicas.iter().map(replica).collect::<Result<_, _>>()?;
            let group = CreateAvailabilityGroup {
                instance,
                name: name.clone(),
                cluster: statement.options.cluster_type.map(cluster),
                databases: names(databases),
                replicas,
                options: options(&statement.options)?,
                basic: statement.options.basic,
                contained: statement.options.contained,
            };
            context.apply(CreateGroupWithListener {
                group,
                listener,
                routing,
            })
        }
    };
    match created {
        Ok(_) => Ok(()),
        Err(cause) if is_about_a_database(&cause) => {
            let number = cause.number;
            let text = format!(
                "Failed to create availability group '{name}'.  The operation encountered SQL Server error {number} and has been rolled back.  Check the SQL Server error log for more details.  When the cause of the error has been resolved, retry CREATE AVAILABILITY GROUP command."
            );
            Err(context.because_of(cause, SqlError::new(41152, 16, text).with_state(2)))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn alter(
    statement: &AlterAvailabilityGroupStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    check_place(context, "ALTER AVAILABILITY GROUP")?;
    let name = Name::new(&statement.name.value);
    let mut actions = Vec::new();
    match &statement.action {
        A::Set(set) if set.role_secondary => actions.push(GroupAction::SetRoleSecondary),
        A::Set(set) => actions.push(GroupAction::Set(options(set)?)),
        A::AddDatabase(databases) => actions.push(GroupAction::AddDatabases(names(databases))),
        A::RemoveDatabase(databases) => {
            actions.push(GroupAction::RemoveDatabases(names(databases)))
        }
        A::AddReplica(replicas) => {
            for spec in replicas {
                actions.push(GroupAction::AddReplica(replica(spec)?));
                actions.extend(routing_of(spec));
            }
        }
        A::ModifyReplica(replicas) => {
            for spec in replicas {
                let server = Name::new(&spec.server.value);
                actions.push(GroupAction::ModifyReplica(server, replica_change(spec)?));
                actions.extend(routing_of(spec));
            }
        }
        A::RemoveReplica(servers) => {
            actions.extend(
                servers
                    .iter()
                    .map(|server| GroupAction::RemoveReplica(Name::new(&server.value))),
            );
        }
        A::Join(cluster_type) => actions.push(GroupAction::Join {
            cluster: cluster_type.map(cluster),
        }),
        A::JoinDistributed(members) => {
            let members = members_of(members)?;
            return context.apply(JoinDistributedAvailabilityGroup {
                instance: context.instance,
                name,
                members,
            });
        }
        A::ModifyDistributed(members) => {
            let changes = members
                .iter()
                .map(member_change)
                .collect::<Result<_, _>>()?;
            actions.push(GroupAction::ModifyMembers(changes));
        }
        A::GrantCreateAnyDatabase => actions.push(GroupAction::CreateAnyDatabase(true)),
        A::DenyCreateAnyDatabase => actions.push(GroupAction::CreateAnyDatabase(false)),
        A::Failover => actions.push(GroupAction::Failover),
        A::ForceFailoverAllowDataLoss => actions.push(GroupAction::ForceFailover),
        A::Offline => actions.push(GroupAction::Offline),
        A::AddListener(spec) => actions.push(GroupAction::AddListener(listener::new(spec)?)),
        A::ModifyListener(spec) => actions.push(listener::changed(spec)?),
        A::RestartListener(name) => {
            actions.push(GroupAction::RestartListener(Name::new(&name.value)));
        }
        A::RemoveListener(name) => {
            actions.push(GroupAction::RemoveListener(Name::new(&name.value)));
        }
    }
    if let Some(since) = context.begun.take() {
        return await_failover(&name, since, context);
    }
    for action in actions {
        let request = AlterAvailabilityGroup {
            instance: context.instance,
            name: name.clone(),
            action,
        };
        // Before, not after: with a clock that runs, one that takes no time is over by then.
        let since = context.world().now();
        let over = context.apply(request).map_err(|error| match error.number {
            15151 => super::refusal::missing("alter", "availability group", name.as_str()),
            _ => error,
        })?;
        // One that is ended by hand or by polls is not waited for.
        if over.is_some_and(|over| over != Timestamp::NEVER) {
            return await_failover(&name, since, context);
        }
    }
    Ok(())
}

/// A planned failover ends its statement when it is over, well or not.
fn await_failover(
    name: &Name,
    since: Timestamp,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let world = context.world();
    match FailoverOutcome::of(&world, context.instance, name, since) {
        FailoverOutcome::Done => Ok(()),
        FailoverOutcome::Running(due) => {
            context.begun = Some(since);
            context.wait = Some(
                match due.filter(|due| *due > world.now() && *due != Timestamp::NEVER) {
                    Some(due) => Wait::Until(due),
                    None => Wait::Change { until: None },
                },
            );
            Ok(())
        }
        FailoverOutcome::CalledOff(reason) => Err(super::refusal::sql_error(&reason.into())),
    }
}

fn routing_of(spec: &ast::ReplicaSpec) -> Option<GroupAction> {
    let (server, routing) = listener::routing(spec)?;
    Some(GroupAction::SetRouting(server, routing))
}

/// Availability groups are made and changed in master, outside of transactions.
pub(super) fn check_place(context: &StatementContext<'_>, what: &str) -> Result<(), SqlError> {
    if context.transaction.is_some() {
        return Err(SqlError::new(
            574,
            16,
            format!("{what} statement cannot be used inside a user transaction."),
        ));
    }
    if context.database != DatabaseId(1) {
        return Err(SqlError::new(
            35208,
            16,
            "Availability-group DDL operations are permitted only when you are using the master database.  Run the USE MASTER command, and retry your availability-group DDL command.",
        ));
    }
    Ok(())
}

/// Whether an error is about a database, whose cause is told before 41152.
fn is_about_a_database(error: &SqlError) -> bool {
    !is_unsupported(error)
        && matches!(
            error.number,
            911 | 1465 | 1466 | 1468 | 1469 | 1475 | 1488 | 35244 | 35249
        )
}

fn names(idents: &[Ident]) -> Vec<Name> {
    idents.iter().map(|ident| Name::new(&ident.value)).collect()
}

fn options(said: &AvailabilityGroupOptions) -> Result<GroupOptions, SqlError> {
    for (option, said) in [
        ("WRITE_LEASE_VALIDITY", said.write_lease_validity.is_some()),
        (
            "CLUSTER_CONNECTION_OPTIONS",
            said.cluster_connection_options.is_some(),
        ),
        ("REUSE_SYSTEM_DATABASES", said.reuse_system_databases),
    ] {
        if said {
            return Err(SqlError::unsupported(option));
        }
    }
    Ok(GroupOptions {
        backup_preference: said
            .automated_backup_preference
            .map(|preference| match preference {
                ast::AutomatedBackupPreference::Primary => BackupPreference::Primary,
                ast::AutomatedBackupPreference::SecondaryOnly => BackupPreference::SecondaryOnly,
                ast::AutomatedBackupPreference::Secondary => BackupPreference::Secondary,
                ast::AutomatedBackupPreference::None => BackupPreference::None,
            }),
        failure_condition_level: said
            .failure_condition_level
            .map(|n| within("FAILURE_CONDITION_LEVEL", n, 1, 5))
            .transpose()?,
        health_check_timeout_ms: said
            .health_check_timeout
            .map(|n| within("HEALTH_CHECK_TIMEOUT", n, 15_000, i64::from(i32::MAX)))
            .transpose()?,
        db_failover: said.db_failover,
        dtc_support: said.dtc_support,
        required_synchronized_secondaries: said
            .required_synchronized_secondaries_to_commit
            .map(|n| within("REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT", n, 0, 8))
            .transpose()?,
    })
}

fn within(option: &str, number: i64, least: i64, most: i64) -> Result<i32, SqlError> {
    match i32::try_from(number) {
        Ok(small) if (least..=most).contains(&number) => Ok(small),
        _ => Err(SqlError::new(
            35203,
            16,
            format!("The value {number} of {option} is not between {least} and {most}."),
        )),
    }
}

fn replica(spec: &ast::ReplicaSpec) -> Result<ReplicaSpec, SqlError> {
    let server = &spec.server.value;
    let missing = |number, option: &str| {
        SqlError::new(
            number,
            15,
            format!(
                "The {option} option has not been specified for replica '{server}'.  Reenter the command, specifying the {option}."
            ),
        )
    };
    let change = replica_change(spec)?;
    Ok(ReplicaSpec {
        server_name: Name::new(server),
        endpoint_url: change
            .endpoint_url
            .ok_or_else(|| missing(35236, "ENDPOINT_URL"))?,
        availability_mode: change
            .availability_mode
            .ok_or_else(|| missing(41198, "AVAILABILITY_MODE"))?,
        failover_mode: change
            .failover_mode
            .ok_or_else(|| missing(41197, "FAILOVER_MODE"))?,
        seeding_mode: change.seeding_mode.unwrap_or(SeedingMode::Manual),
        session_timeout: change.session_timeout.unwrap_or(DEFAULT_SESSION_TIMEOUT),
        backup_priority: change.backup_priority.unwrap_or(DEFAULT_BACKUP_PRIORITY),
        primary_read_write_only: change.primary_read_write_only.unwrap_or(false),
        secondary_connections: change
            .secondary_connections
            .unwrap_or(SecondaryConnections::No),
        read_only_routing_url: change.read_only_routing_url.flatten(),
    })
}

fn replica_change(spec: &ast::ReplicaSpec) -> Result<ReplicaChange, SqlError> {
    Ok(ReplicaChange {
        endpoint_url: spec.endpoint_url.as_ref().map(shared),
        availability_mode: spec.availability_mode.map(availability_mode),
        failover_mode: spec.failover_mode.map(failover_mode).transpose()?,
        seeding_mode: spec.seeding_mode.map(seeding_mode),
        session_timeout: spec.session_timeout.map(Span::seconds),
        backup_priority: spec
            .backup_priority
            .map(|n| within("BACKUP_PRIORITY", n, 0, 100))
            .transpose()?,
        primary_read_write_only: spec
            .primary_role
            .as_ref()
            .and_then(|role| role.allow_connections)
            .map(|allowed| allowed == ast::AllowConnections::ReadWrite),
        secondary_connections: spec
            .secondary_role
            .as_ref()
            .and_then(|role| role.allow_connections)
            .map(|allowed| match allowed {
                ast::AllowConnections::No => SecondaryConnections::No,
                ast::AllowConnections::ReadOnly => SecondaryConnections::ReadOnly,
                ast::AllowConnections::ReadWrite | ast::AllowConnections::All => {
                    SecondaryConnections::All
                }
            }),
        read_only_routing_url: spec
            .secondary_role
            .as_ref()
            .and_then(|role| role.read_only_routing_url.as_ref())
            .map(|url| Some(shared(url))),
    })
}

fn members_of(members: &[DistributedMember]) -> Result<[MemberSpec; 2], SqlError> {
    let [first, second] = members else {
        return Err(SqlError::new(
            35250,
            16,
            "A distributed availability group has exactly two availability groups.",
        ));
    };
    Ok([member(first)?, member(second)?])
}

fn member(spec: &DistributedMember) -> Result<MemberSpec, SqlError> {
    let group = &spec.group.value;
    let missing = |number, option: &str| {
        SqlError::new(
            number,
            15,
            format!(
                "The {option} option has not been specified for availability group '{group}'.  Reenter the command, specifying the {option}."
            ),
        )
    };
    Ok(MemberSpec {
        group: Name::new(group),
        listener_url: spec
            .listener_url
            .as_ref()
            .map(shared)
            .ok_or_else(|| missing(35236, "LISTENER_URL"))?,
        availability_mode: spec
            .availability_mode
            .map(availability_mode)
            .ok_or_else(|| missing(41198, "AVAILABILITY_MODE"))?,
        failover_mode: spec
            .failover_mode
            .map(failover_mode)
            .transpose()?
            .ok_or_else(|| missing(41197, "FAILOVER_MODE"))?,
        seeding_mode: spec.seeding_mode.map_or(SeedingMode::Manual, seeding_mode),
        session_timeout: spec
            .session_timeout
            .map_or(DEFAULT_SESSION_TIMEOUT, Span::seconds),
    })
}

fn member_change(spec: &DistributedMember) -> Result<(Name, MemberChange), SqlError> {
    if spec
        .failover_mode
        .map(failover_mode)
        .transpose()?
        .is_some_and(|mode| mode != FailoverMode::Manual)
    {
        let group = spec.group.value.clone();
        let refusal = milink_core::refusal::GroupRefusal::DistributedAutomatic { group };
        return Err(super::refusal::sql_error(&refusal.into()));
    }
    let change = MemberChange {
        listener_url: spec.listener_url.as_ref().map(shared),
        availability_mode: spec.availability_mode.map(availability_mode),
        seeding_mode: spec.seeding_mode.map(seeding_mode),
        session_timeout: spec.session_timeout.map(Span::seconds),
    };
    Ok((Name::new(&spec.group.value), change))
}

fn shared(text: &Text) -> Arc<str> {
    text.value.as_str().into()
}

fn cluster(cluster: ast::ClusterType) -> ClusterType {
    match cluster {
        ast::ClusterType::Wsfc => ClusterType::Wsfc,
        ast::ClusterType::External => ClusterType::External,
        ast::ClusterType::None => ClusterType::None,
    }
}

fn availability_mode(mode: ast::AvailabilityMode) -> AvailabilityMode {
    match mode {
        ast::AvailabilityMode::SynchronousCommit => AvailabilityMode::SynchronousCommit,
        ast::AvailabilityMode::AsynchronousCommit => AvailabilityMode::AsynchronousCommit,
        ast::AvailabilityMode::ConfigurationOnly => AvailabilityMode::ConfigurationOnly,
    }
}

fn failover_mode(mode: ast::FailoverMode) -> Result<FailoverMode, SqlError> {
    match mode {
        ast::FailoverMode::Automatic => Ok(FailoverMode::Automatic),
        ast::FailoverMode::Manual => Ok(FailoverMode::Manual),
        ast::FailoverMode::External => Ok(FailoverMode::External),
        ast::FailoverMode::None => Err(SqlError::unsupported("FAILOVER_MODE = NONE")),
    }
}

fn seeding_mode(mode: ast::SeedingMode) -> SeedingMode {
    match mode {
        ast::SeedingMode::Automatic => SeedingMode::Automatic,
        ast::SeedingMode::Manual => SeedingMode::Manual,
    }
}
