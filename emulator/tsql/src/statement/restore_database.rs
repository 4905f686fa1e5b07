//! RESTORE DATABASE, LOG, HEADERONLY, FILELISTONLY and VERIFYONLY.

use std::sync::Arc;

use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::{Restore, read_image};
use milink_core::media::Image;
use milink_core::names::Name;
use milink_core::store::DatabaseFile;
use milink_core::value::{Decimal, Row, Value};

use super::backup_database::{resolve, text_of};
use super::context::StatementContext;
use super::database::refuse_in_transaction;
use crate::ast::{NameOrVariable, OptionEntry, RestoreKind, RestoreStatement, TextOrVariable};
use crate::catalog::column::{
    BIGINT, BIT, DATETIME, DESC, GUID, INT, LSN, NAME, SMALLINT, TINYINT, ViewColumn, character,
    col, nvarchar, req, varbinary,
};
use crate::catalog::row;
use crate::error::SqlError;
use crate::procedure::result_set;
use crate::session::event::Event;

pub(super) fn restore(
    statement: &RestoreStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let verb = match statement.kind {
        RestoreKind::Database => "RESTORE DATABASE",
        RestoreKind::Log => "RESTORE LOG",
        RestoreKind::HeaderOnly => "RESTORE HEADERONLY",
        RestoreKind::FileListOnly => "RESTORE FILELIST",
        RestoreKind::VerifyOnly => "VERIFY DATABASE",
        RestoreKind::LabelOnly => return Err(SqlError::unsupported("RESTORE LABELONLY")),
    };
    refuse_in_transaction(context, verb)?;
    if !statement.files.is_empty() {
        return Err(SqlError::unsupported(
            "RESTORE of files, filegroups and pages",
        ));
    }
    let options = Options::read(&statement.options)?;
    let mut devices = Vec::new();
    for device in &statement.devices {
        devices.push(resolve(device, context)?);
    }
    let done = match statement.kind {
        RestoreKind::Database | RestoreKind::Log => {
            let database = match &statement.database {
                Some(NameOrVariable::Name(name)) => name.value.clone(),
                Some(NameOrVariable::Variable(variable)) => text_of(variable, context)?,
                None => String::new(),
            };
            let log = statement.kind == RestoreKind::Log;
            let request = Restore {
                instance: context.instance,
                database: Name::new(&database),
                log,
                devices,
                file: options.file,
                recovery: options.recovery,
                replace: options.replace,
                moves: moves(&statement.moves, context)?,
                session: context.session,
            };
            context
                .apply(request)
                .map(|image| report(image.as_deref(), &database, verb, log, context))
        }
        kind => look(kind, &devices, options.file, context),
    };
    done.map_err(|error| {
        let terminated = SqlError::new(3013, 16, format!("{verb} is terminating abnormally."));
        context.because_of(error, terminated)
    })
}

/// MOVE: what is put where.
fn moves(
    said: &[(TextOrVariable, TextOrVariable)],
    context: &mut StatementContext<'_>,
) -> Result<Vec<(Name, Arc<str>)>, SqlError> {
    let mut read = |text: &TextOrVariable| match text {
        TextOrVariable::Text(text) => Ok(text.value.to_string()),
        TextOrVariable::Variable(variable) => text_of(variable, context),
    };
    let pair = |(file, path): &(TextOrVariable, TextOrVariable)| {
        Ok((Name::new(&read(file)?), read(path)?.into()))
    };
    said.iter().map(pair).collect()
}

/// The options of WITH that have an effect here; those that only concern media handling are taken as they are.
struct Options {
    file: usize,
    recovery: bool,
    replace: bool,
}

impl Options {
    fn read(entries: &[OptionEntry]) -> Result<Self, SqlError> {
        let mut options = Self {
            file: 1,
            recovery: true,
            replace: false,
        };
        for entry in entries {
            match entry.name.as_str() {
                "FILE" => {
                    let number = entry.number().and_then(|file| usize::try_from(file).ok());
                    options.file = number.unwrap_or(0);
                }
                "RECOVERY" => options.recovery = true,
                "NORECOVERY" => options.recovery = false,
                "REPLACE" => options.replace = true,
                "BLOCKSIZE"
                | "BUFFERCOUNT"
                | "CHECKSUM"
                | "CONTINUE_AFTER_ERROR"
                | "CREDENTIAL"
                | "MAXTRANSFERSIZE"
                | "NOREWIND"
                | "NOUNLOAD"
                | "NO_CHECKSUM"
                | "RESTART"
                | "REWIND"
                | "STATS"
                | "STOP_ON_ERROR"
                | "UNLOAD" => {}
                other => return Err(SqlError::unsupported(format!("RESTORE WITH {other}"))),
            }
        }
        Ok(options)
    }
}

/// 4035 for the pages, 3014 at the end.
fn report(
    image: Option<&Image>,
    database: &str,
    verb: &str,
    log: bool,
    context: &mut StatementContext<'_>,
) {
    let pages = image.map_or(0, |image| image.set.bytes / 8192);
    let mut say = |number, text| {
        let info = SqlError::new(number, 0, text);
        context.events.push(Event::Info(info));
    };
    if let Some(image) = image {
        let [data, of_log] = image.database.first_files();
        let file = if log { of_log.name } else { data.name };
        say(
            4035,
            format!("Processed {pages} pages for database '{database}', file '{file}' on file 1."),
        );
    }
    let seconds = 0.1;
    let megabytes = pages as f64 * 8.0 / 1024.0 / seconds;
    say(
        3014,
        format!(
            "{verb} successfully processed {pages} pages in {seconds:.3} seconds ({megabytes:.3} MB/sec)."
        ),
    );
}

/// What only looks at the media.
fn look(
    kind: RestoreKind,
    devices: &[BackupDevice],
    file: usize,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (world, instance) = (context.world(), context.instance);
    let first = read_image(&world, instance, devices, file);
    let image = first.map_err(|refusal| super::refusal::sql_error(&refusal))?;
    match kind {
        RestoreKind::HeaderOnly => {
            let images = world.media.read(instance, &devices[0]);
            let rows = images.into_iter().flatten().zip(1..);
            let rows = rows.map(|(image, position)| header_row(image, position));
            result_set::send(context, HEADER, rows.collect());
        }
        RestoreKind::FileListOnly => result_set::send(context, FILES, file_rows(&image)),
        _ => context.events.push(Event::Info(SqlError::new(
            3262,
            0,
            format!("The backup set on file {file} is valid."),
        ))),
    }
    Ok(())
}

/// From the page "RESTORE HEADERONLY (Transact-SQL)".
const HEADER: &[ViewColumn] = &[
    col("BackupName", nvarchar(128)),
    col("BackupDescription", nvarchar(255)),
    col("BackupType", SMALLINT),
    col("ExpirationDate", DATETIME),
    col("Compressed", TINYINT),
    col("Position", SMALLINT),
    col("DeviceType", TINYINT),
    col("UserName", NAME),
    col("ServerName", NAME),
    col("DatabaseName", NAME),
    col("DatabaseVersion", INT),
    col("DatabaseCreationDate", DATETIME),
    col("BackupSize", SIZE),
    col("FirstLSN", LSN),
    col("LastLSN", LSN),
    col("CheckpointLSN", LSN),
    col("DatabaseBackupLSN", LSN),
    col("BackupStartDate", DATETIME),
    col("BackupFinishDate", DATETIME),
    col("CompatibilityLevel", TINYINT),
    col("SoftwareVendorId", INT),
    col("SoftwareVersionMajor", INT),
    col("SoftwareVersionMinor", INT),
    col("SoftwareVersionBuild", INT),
    col("MachineName", NAME),
    col("BindingID", GUID),
    col("RecoveryForkID", GUID),
    col("Collation", NAME),
    col("FamilyGUID", GUID),
    col("IsReadOnly", BIT),
    col("HasBackupChecksums", BIT),
    col("IsCopyOnly", BIT),
    col("RecoveryModel", DESC),
    col("DifferentialBaseLSN", LSN),
    col("BackupTypeDescription", DESC),
    col("BackupSetGUID", GUID),
    col("CompressedBackupSize", BIGINT),
];
const SIZE: milink_core::sql_type::SqlType = milink_core::sql_type::SqlType::numeric(20, 0);

/// The product shows some more columns, whose values mean nothing here.
fn header_row(image: &Image, position: i32) -> Row {
    let (set, taken) = (&image.set, &image.database);
    let (kind, described) = match set.kind {
        BackupKind::Full => (1, "Database"),
        BackupKind::Log => (2, "Transaction Log"),
        BackupKind::Differential => (5, "Database Differential"),
    };
    let device = match set.devices.first() {
        Some(BackupDevice::Url(_)) => 9,
        _ => 2,
    };
    let base = (set.kind == BackupKind::Differential).then_some(set.database_backup_lsn);
    row![
        set.name.as_deref(),
        set.description.as_deref(),
        kind,
        Value::Null,
        set.compressed,
        position,
        device,
        set.user.as_str(),
        image.server.as_str(),
        &set.database,
        Value::Null,
        taken.created,
        size(set.bytes),
        set.first_lsn,
        set.last_lsn,
        set.checkpoint_lsn,
        set.database_backup_lsn,
        set.started,
        set.finished,
        taken.compatibility_level,
        4608,
        image.build.major,
        image.build.minor,
        image.build.build,
        image.server.as_str(),
        taken.guid,
        taken.recovery_fork,
        taken.collation,
        taken.guid,
        taken.read_only,
        set.checksums,
        set.copy_only,
        taken.recovery_model.desc(),
        base,
        described,
        set.guid,
        set.bytes,
    ]
}

/// From the page "RESTORE FILELISTONLY (Transact-SQL)".
const FILES: &[ViewColumn] = &[
    req("LogicalName", NAME),
    req("PhysicalName", nvarchar(260)),
    req("Type", character(1)),
    col("FileGroupName", NAME),
    req("Size", SIZE),
    req("MaxSize", SIZE),
    req("FileId", BIGINT),
    req("CreateLSN", LSN),
    col("DropLSN", LSN),
    req("UniqueId", GUID),
    col("ReadOnlyLSN", LSN),
    col("ReadWriteLSN", LSN),
    req("BackupSizeInBytes", BIGINT),
    req("SourceBlockSize", INT),
    req("FileGroupId", INT),
    col("LogGroupGUID", GUID),
    col("DifferentialBaseLSN", LSN),
    col("DifferentialBaseGUID", GUID),
    req("IsReadOnly", BIT),
    req("IsPresent", BIT),
    col("TDEThumbprint", varbinary(32)),
    col("SnapshotUrl", nvarchar(360)),
];

fn file_rows(image: &Image) -> Vec<Row> {
    const MOST: u64 = 35_184_372_080_640;
    let (set, taken) = (&image.set, &image.database);
    let name = set.database.as_str();
    let file = |file: &DatabaseFile| -> Row {
        let log = file.is_log();
        let in_use = match file.id {
            DatabaseFile::DATA => taken.data_file_bytes(),
            DatabaseFile::LOG => taken.log_file_bytes(),
            _ => 0,
        };
        let bytes = in_use.max(u64::from(file.size.pages) * 8192);
        let unsaid = || {
            let (suffix, extension) = if log { ("_log", "ldf") } else { ("", "mdf") };
            format!("/var/opt/mssql/data/{name}{suffix}.{extension}")
        };
        let path = file.path.as_ref().map_or_else(unsaid, ToString::to_string);
        let id =
            uuid::Uuid::from_u128(taken.guid.as_u128() ^ u128::from(file.id.unsigned_abs() - 1));
        row![
            &file.name,
            path,
            if log { "L" } else { "D" },
            (!log).then_some("PRIMARY"),
            size(bytes),
            size(MOST),
            i64::from(file.id),
            size(0),
            Value::Null,
            id,
            Value::Null,
            Value::Null,
            set.bytes,
            512,
            i32::from(!log),
            Value::Null,
            Value::Null,
            Value::Null,
            false,
            true,
            Value::Null,
            Value::Null,
        ]
    };
    taken.content.files.iter().map(file).collect()
}

fn size(bytes: u64) -> Value {
    Value::Decimal(Decimal {
        units: bytes.into(),
        scale: 0,
    })
}
