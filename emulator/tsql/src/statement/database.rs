//! CREATE DATABASE and ALTER DATABASE.

use milink_core::collation::Collation;
use milink_core::command::{
    AlterDatabase, AlterDatabaseAs, CreateDatabase, CreateDatabaseWithFiles, DatabaseChange, Others,
};
use milink_core::database::{DatabaseOptions, RecoveryModel, UserAccess};
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

use super::context::StatementContext;
use super::file_specification;
use super::replicated::Feature;
use crate::ast::{
    self, AlterDatabaseAction, AlterDatabaseStatement, CreateDatabaseStatement, DatabaseOption,
    HadrOption, Ident, OptionEntry, Termination,
};
use crate::error::SqlError;
use crate::session::Wait;
use crate::session::event::Event;

pub(super) fn create(
    statement: &CreateDatabaseStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    refuse_in_transaction(context, "CREATE DATABASE")?;
    if statement.source.is_some() {
        return Err(SqlError::unsupported(
            "CREATE DATABASE … FOR ATTACH and AS SNAPSHOT OF",
        ));
    }
    let collation = match &statement.collation {
        None => None,
        Some(name) => Some(collation(name)?),
    };
    let containment = statement.containment.as_ref();
    if containment.is_some_and(|kind| !kind.value.eq_ignore_ascii_case("NONE")) {
        return Err(SqlError::unsupported("contained databases"));
    }
    if statement.files.len() > 1 {
        return Err(SqlError::unsupported("several data files of a database"));
    }
    let specified = |file: &Vec<OptionEntry>| file_specification::specified(file);
    let data = statement.files.first().map(specified).transpose()?;
    let log = statement.log_files.iter().map(specified);
    let log: Vec<_> = log.collect::<Result<_, _>>()?;
    // What an option is without being said goes without saying.
    let said = |option: &&OptionEntry| {
        option
            .word()
            .is_none_or(|word| word != "OFF" && word != "DATABASE_DEFAULT")
    };
    if let Some(option) = statement.options.iter().find(said) {
        let what = format!("{} of CREATE DATABASE", option.name);
        return Err(SqlError::unsupported(what));
    }
    let create = CreateDatabase {
        instance: context.instance,
        name: Name::new(&statement.name.value),
        collation,
    };
    let created = match data.is_none() && log.is_empty() {
        true => context.apply(create),
        false => context.apply(CreateDatabaseWithFiles { create, data, log }),
    };
    match created {
        Ok(_) => Ok(()),
        // Messages about files come before that of the statement.
        Err(error) if matches!(error.number, 1828 | 5170) => {
            let text = "CREATE DATABASE failed. Some file names listed could not be created. Check related errors.";
            Err(context.because_of(error, SqlError::new(1802, 16, text)))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn alter(
    statement: &AlterDatabaseStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    refuse_in_transaction(context, "ALTER DATABASE")?;
    let instance = context.instance()?;
    let database = match &statement.database {
        Some(name) => instance.database(&name.value).cloned(),
        None => instance.databases.get(&context.database).cloned(),
    };
    let Some(database) = database else {
        let name = statement.database.as_ref().map_or("", |name| &name.value);
        let cause = SqlError::new(
            5011,
            14,
            format!(
                "User does not have permission to alter database '{name}', the database does not exist, or the database is not in a state that allows access checks."
            ),
        );
        return Err(context.because_of(cause.with_state(5), failed()));
    };
    if let Some(feature) = Feature::of(&statement.action) {
        let checked = feature.check(&context.world(), context.instance, database.id);
        if let Err(error) = checked {
            return Err(context.because_of(error, failed()));
        }
    }
    let changes = match &statement.action {
        AlterDatabaseAction::ModifyName(new) => vec![DatabaseChange::Rename(Name::new(&new.value))],
        AlterDatabaseAction::Collate(name) => vec![DatabaseChange::Collation(collation(name)?)],
        AlterDatabaseAction::Set { options, .. } => changes(options, database.options)?,
        AlterDatabaseAction::AddFiles {
            log: true,
            files,
            filegroup: None,
        } => {
            let change =
                |file: &Vec<_>| file_specification::specified(file).map(DatabaseChange::AddLogFile);
            files.iter().map(change).collect::<Result<_, _>>()?
        }
        AlterDatabaseAction::RemoveFile(name) => {
            vec![DatabaseChange::RemoveFile(Name::new(&name.value))]
        }
        AlterDatabaseAction::AddFiles { .. }
        | AlterDatabaseAction::ModifyFile(_)
        | AlterDatabaseAction::AddFilegroup { .. }
        | AlterDatabaseAction::RemoveFilegroup(_)
        | AlterDatabaseAction::ModifyFilegroup { .. } => {
            return Err(SqlError::unsupported(
                "data files and filegroups of ALTER DATABASE",
            ));
        }
    };
    let patience = Patience::of(&statement.action, context)?;
    let request = AlterDatabaseAs {
        alter: AlterDatabase {
            instance: context.instance,
            name: database.name.clone(),
            changes,
        },
        session: context.session,
        others: patience.others(context.world().now()),
    };
    match context.apply(request) {
        Ok(had_to_go) => {
            if had_to_go {
                tell_rollback(context);
            }
            if let AlterDatabaseAction::ModifyName(new) = &statement.action {
                context.print(format!("The database name '{}' has been set.", new.value));
            }
            if let AlterDatabaseAction::RemoveFile(name) = &statement.action {
                context.print(format!("The file '{}' has been removed.", name.value));
            }
            Ok(())
        }
        Err(error) if error.number == 5070 && patience != Patience::None => {
            patience.wait(context);
            Ok(())
        }
        // Informational: the statement goes on.
        Err(error) if error.is_info() => {
            context.events.push(Event::Info(error));
            Ok(())
        }
        Err(error) if is_unsupported(&error) => Err(error),
        Err(error) => Err(context.because_of(error, failed())),
    }
}

/// How long a statement that needs a database alone waits for those who use it (`ALTER DATABASE SET options`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// WITH NO_WAIT.
    None,
    /// Without a word: as long as it takes, since that moment.
    Unlimited { since: Timestamp },
    /// WITH ROLLBACK: they go then.
    Until { since: Timestamp, end: Timestamp },
}

impl Patience {
    fn of(
        action: &AlterDatabaseAction,
        context: &mut StatementContext<'_>,
    ) -> Result<Self, SqlError> {
        let now = context.world().now();
        let since = context.begun.take().unwrap_or(now);
        let AlterDatabaseAction::Set { termination, .. } = action else {
            return Ok(Self::Unlimited { since });
        };
        Ok(match termination {
            None => Self::Unlimited { since },
            Some(Termination::NoWait) => Self::None,
            Some(Termination::RollbackImmediate) => Self::Until { since, end: since },
            Some(Termination::RollbackAfter(seconds)) => {
                let (value, _) = (context.evaluate)(&mut *context.host, seconds)?;
                let Value::Int(seconds @ 0..) = value else {
                    return Err(SqlError::unsupported(
                        "ROLLBACK AFTER of anything but seconds",
                    ));
                };
                // A number that no clock reaches waits for good.
                let end = since + Span::seconds(seconds.min(i64::from(i32::MAX)));
                Self::Until { since, end }
            }
        })
    }

    fn others(self, now: Timestamp) -> Others {
        match self {
            Self::Until { end, .. } if now >= end => Others::Go,
            Self::None | Self::Unlimited { .. } | Self::Until { .. } => Others::Stay,
        }
    }

    /// Has the statement run again when somebody leaves.
    fn wait(self, context: &mut StatementContext<'_>) {
        let (since, until) = match self {
            Self::None => return,
            Self::Unlimited { since } => (since, None),
            Self::Until { since, end } => (since, Some(end)),
        };
        context.begun = Some(since);
        context.wait = Some(Wait::Change { until });
    }
}

/// Message 5060.
fn tell_rollback(context: &mut StatementContext<'_>) {
    for percent in [0, 100] {
        let text = format!(
            "Nonqualified transactions are being rolled back. Estimated rollback completion: {percent}%."
        );
        context
            .events
            .push(Event::Info(SqlError::new(5060, 10, text)));
    }
}

fn changes(
    options: &[DatabaseOption],
    current: DatabaseOptions,
) -> Result<Vec<DatabaseChange>, SqlError> {
    let mut changes = Vec::new();
    let mut switches = current;
    for option in options {
        changes.push(match option {
            DatabaseOption::Recovery(model) => DatabaseChange::Recovery(match model {
                ast::RecoveryModel::Full => RecoveryModel::Full,
                ast::RecoveryModel::BulkLogged => RecoveryModel::BulkLogged,
                ast::RecoveryModel::Simple => RecoveryModel::Simple,
            }),
            DatabaseOption::State(ast::DatabaseState::Online) => DatabaseChange::Online,
            DatabaseOption::State(ast::DatabaseState::Offline) => DatabaseChange::Offline,
            DatabaseOption::State(ast::DatabaseState::Emergency) => DatabaseChange::Emergency,
            DatabaseOption::UserAccess(access) => DatabaseChange::UserAccess(match access {
                ast::UserAccess::SingleUser => UserAccess::SingleUser,
                ast::UserAccess::RestrictedUser => UserAccess::RestrictedUser,
                ast::UserAccess::MultiUser => UserAccess::MultiUser,
            }),
            DatabaseOption::ReadOnly(true) => DatabaseChange::ReadOnly,
            DatabaseOption::ReadOnly(false) => DatabaseChange::ReadWrite,
            DatabaseOption::Hadr(hadr) => match hadr {
                HadrOption::AvailabilityGroup(name) => DatabaseChange::HadrJoin(Name::new(&name.value)),
                HadrOption::Off => DatabaseChange::HadrOff,
                HadrOption::Suspend => DatabaseChange::HadrSuspend,
                HadrOption::Resume => DatabaseChange::HadrResume,
            },
            DatabaseOption::CompatibilityLevel(level) => {
                let known = u8::try_from(*level).ok().filter(|level| (100..=170).contains(level) && level % 10 == 0);
                DatabaseChange::CompatibilityLevel(known.ok_or_else(|| {
                    SqlError::new(15048, 16, "Valid values of the database compatibility level are 100, 110, 120, 130, 140, 150, 160, or 170.")
                })?)
            }
            DatabaseOption::Switch { name, on } if name == "ENCRYPTION" => {
                DatabaseChange::Encryption(*on)
            }
            DatabaseOption::Switch { name, on } => {
                *switch(&mut switches, name)? = *on;
                DatabaseChange::Options(switches)
            }
            DatabaseOption::Other(option) => {
                return Err(SqlError::unsupported(format!("ALTER DATABASE SET {}", option.name)));
            }
        });
    }
    Ok(changes)
}

fn switch<'a>(options: &'a mut DatabaseOptions, name: &str) -> Result<&'a mut bool, SqlError> {
    Ok(match name {
        "AUTO_CLOSE" => &mut options.auto_close,
        "AUTO_SHRINK" => &mut options.auto_shrink,
        "AUTO_UPDATE_STATISTICS_ASYNC" => &mut options.auto_update_stats_async,
        "ANSI_NULL_DEFAULT" => &mut options.ansi_null_default,
        "ANSI_NULLS" => &mut options.ansi_nulls,
        "ANSI_PADDING" => &mut options.ansi_padding,
        "ANSI_WARNINGS" => &mut options.ansi_warnings,
        "ARITHABORT" => &mut options.arithabort,
        "CONCAT_NULL_YIELDS_NULL" => &mut options.concat_null_yields_null,
        "NUMERIC_ROUNDABORT" => &mut options.numeric_roundabort,
        "QUOTED_IDENTIFIER" => &mut options.quoted_identifier,
        "RECURSIVE_TRIGGERS" => &mut options.recursive_triggers,
        "CURSOR_CLOSE_ON_COMMIT" => &mut options.cursor_close_on_commit,
        "ALLOW_SNAPSHOT_ISOLATION" => &mut options.allow_snapshot_isolation,
        "READ_COMMITTED_SNAPSHOT" => &mut options.read_committed_snapshot,
        "TRUSTWORTHY" => &mut options.trustworthy,
        "DB_CHAINING" => &mut options.db_chaining,
        "QUERY_STORE" => &mut options.query_store,
        other => return Err(SqlError::unsupported(format!("ALTER DATABASE SET {other}"))),
    })
}

fn collation(name: &Ident) -> Result<Collation, SqlError> {
    Collation::named(&name.value)
        .ok_or_else(|| SqlError::new(448, 16, format!("Invalid collation '{}'.", name.value)))
}

/// 226, of statements about whole databases and groups.
pub(super) fn refuse_in_transaction(
    context: &StatementContext<'_>,
    what: &str,
) -> Result<(), SqlError> {
    match context.transaction {
        None => Ok(()),
        Some(_) => Err(SqlError::new(
            226,
            16,
            format!("{what} statement not allowed within multi-statement transaction."),
        )
        .with_state(6)),
    }
}

/// Whether an error says that the emulator does not do something, which is the whole answer.
pub(super) fn is_unsupported(error: &SqlError) -> bool {
    error.number == SqlError::unsupported("").number
}

fn failed() -> SqlError {
    SqlError::new(5069, 16, "ALTER DATABASE statement failed.")
}
