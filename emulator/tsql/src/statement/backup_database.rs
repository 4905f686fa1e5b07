//! BACKUP DATABASE and BACKUP LOG.

use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::{Backup, BackupReply, BackupTo};
use milink_core::names::Name;

use super::context::StatementContext;
use super::database::refuse_in_transaction;
use crate::ast::{
    self, BackupStatement, Expr, ExprKind, NameOrVariable, OptionEntry, TextOrVariable,
};
use crate::error::SqlError;
use crate::session::event::Event;

pub(super) fn backup(
    statement: &BackupStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let log = statement.kind == ast::BackupKind::Log;
    let verb = if log { "BACKUP LOG" } else { "BACKUP DATABASE" };
    refuse_in_transaction(context, verb)?;
    if !statement.files.is_empty() {
        return Err(SqlError::unsupported("BACKUP of files and filegroups"));
    }
    let options = Options::read(&statement.options, context)?;
    let kind = match (log, options.differential) {
        (true, _) => BackupKind::Log,
        (false, true) => BackupKind::Differential,
        (false, false) => BackupKind::Full,
    };
    let database = match &statement.database {
        NameOrVariable::Name(name) => name.value.clone(),
        NameOrVariable::Variable(variable) => text_of(variable, context)?,
    };
    let mut devices = Vec::new();
    for device in &statement.devices {
        devices.push(resolve(device, context)?);
    }
    if options.norecovery && !log {
        return Err(SqlError::unsupported("BACKUP DATABASE WITH NORECOVERY"));
    }
    let (overwrite, norecovery) = (options.overwrite, options.norecovery);
    let backup = Backup {
        instance: context.instance,
        database: Name::new(&database),
        kind,
        copy_only: options.copy_only,
        devices,
        name: options.name,
        description: options.description,
        compressed: options.compressed,
        checksums: options.checksums,
        user: context.login.to_string(),
    };
    let request = BackupTo {
        backup,
        overwrite,
        norecovery,
        session: context.session,
    };
    match context.apply(request) {
        Ok(reply) => {
            report(&reply, options.stats, log, context);
            Ok(())
        }
        Err(error) => {
            let terminated = SqlError::new(3013, 16, format!("{verb} is terminating abnormally."));
            Err(context.because_of(error, terminated))
        }
    }
}

/// The names of a database's first files.
fn files_of(database: &Name, context: &mut StatementContext<'_>) -> [Name; 2] {
    let world = context.world();
    let instance = world.instance(context.instance);
    let found = instance.and_then(|instance| instance.database(database.as_str()));
    found.map_or_else(
        || [database.clone(), database.clone()],
        |found| found.first_files().map(|file| file.name),
    )
}

/// The messages of a backup: 3211 for the progress, 4035 for the pages, 3014 at the end.
fn report(reply: &BackupReply, stats: Option<i64>, log: bool, context: &mut StatementContext<'_>) {
    let database = reply.set.database.clone();
    let [data_file, log_file] = files_of(&database, context);
    let mut say = |number, text: String| {
        context
            .events
            .push(Event::Info(SqlError::new(number, 0, text)))
    };
    if let Some(step) = stats.filter(|step| (1..=100).contains(step)) {
        let mut percent = step;
        while percent < 100 {
            say(3211, format!("{percent} percent processed."));
            percent += step;
        }
        say(3211, "100 percent processed.".to_owned());
    }
    let mut pages = reply.log_pages;
    if !log {
        pages += reply.data_pages;
        say(
            4035,
            format!(
                "Processed {} pages for database '{database}', file '{data_file}' on file 1.",
                reply.data_pages
            ),
        );
    }
    say(
        4035,
        format!(
            "Processed {} pages for database '{database}', file '{log_file}' on file 1.",
            reply.log_pages
        ),
    );
    let verb = if log { "BACKUP LOG" } else { "BACKUP DATABASE" };
    let seconds = 0.1;
    let megabytes = pages as f64 * 8.0 / 1024.0 / seconds;
    say(
        3014,
        format!(
            "{verb} successfully processed {pages} pages in {seconds:.3} seconds ({megabytes:.3} MB/sec)."
        ),
    );
}

/// The options of WITH that have an effect here; the others are media handling and are taken as they are.
#[derive(Default)]
struct Options {
    copy_only: bool,
    differential: bool,
    compressed: bool,
    checksums: bool,
    name: Option<String>,
    description: Option<String>,
    stats: Option<i64>,
    overwrite: bool,
    norecovery: bool,
}

/// What a bare STATS means.
const DEFAULT_STATS: i64 = 10;

impl Options {
    fn read(entries: &[OptionEntry], context: &mut StatementContext<'_>) -> Result<Self, SqlError> {
        let mut options = Self::default();
        for entry in entries {
            match entry.name.as_str() {
                "COPY_ONLY" => options.copy_only = true,
                "DIFFERENTIAL" => options.differential = true,
                "COMPRESSION" => options.compressed = true,
                "CHECKSUM" => options.checksums = true,
                "NAME" => options.name = text_option(entry, context)?,
                "DESCRIPTION" => options.description = text_option(entry, context)?,
                "STATS" => options.stats = Some(entry.number().unwrap_or(DEFAULT_STATS)),
                "INIT" | "FORMAT" => options.overwrite = true,
                "NORECOVERY" => options.norecovery = true,
                "STANDBY" | "ENCRYPTION" | "MIRROR TO" | "CREDENTIAL" => {
                    return Err(SqlError::unsupported(format!("BACKUP WITH {}", entry.name)));
                }
                // SKIP, NO_COMPRESSION, MAXTRANSFERSIZE, …: the parser knows them all, and there is no
                // medium on which they would show.
                _ => {}
            }
        }
        Ok(options)
    }
}

fn text_option(
    entry: &OptionEntry,
    context: &mut StatementContext<'_>,
) -> Result<Option<String>, SqlError> {
    match &entry.value {
        ast::OptionValue::Variable(variable) => text_of(variable, context).map(Some),
        _ => Ok(entry.text().map(str::to_owned)),
    }
}

pub(super) fn resolve(
    device: &ast::BackupDevice,
    context: &mut StatementContext<'_>,
) -> Result<BackupDevice, SqlError> {
    let mut path = |text: &TextOrVariable| match text {
        TextOrVariable::Text(text) => Ok(text.value.clone()),
        TextOrVariable::Variable(variable) => text_of(variable, context),
    };
    Ok(match device {
        ast::BackupDevice::Disk(text) => {
            let path = path(text)?;
            if path.trim().is_empty() {
                return Err(SqlError::new(
                    3044,
                    16,
                    "Invalid zero-length device name. Reissue the BACKUP statement with a valid device name.",
                ));
            }
            BackupDevice::Disk(path)
        }
        ast::BackupDevice::Url(text) => BackupDevice::Url(path(text)?),
        ast::BackupDevice::Tape(_) => return Err(SqlError::unsupported("BACKUP TO TAPE")),
        ast::BackupDevice::Logical(name) => BackupDevice::Logical(match name {
            NameOrVariable::Name(name) => name.value.clone(),
            NameOrVariable::Variable(variable) => text_of(variable, context)?,
        }),
    })
}

/// The text of a variable.
pub(super) fn text_of(
    variable: &ast::Ident,
    context: &mut StatementContext<'_>,
) -> Result<String, SqlError> {
    let expression = Expr {
        kind: ExprKind::Variable(variable.clone()),
        span: variable.span,
    };
    let (value, ty) = (context.evaluate)(&mut *context.host, &expression)?;
    Ok(crate::types::to_display(&value, &ty))
}
