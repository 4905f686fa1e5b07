//! Databases, their files and their logs.

mod database_recovery_status;
mod database_scoped_configurations;
#[expect(clippy::module_inception, reason = "the view has the family's name")]
mod databases;
mod dm_db_file_space_usage;
mod dm_db_log_space_usage;
mod files;

use super::View;

pub(crate) use databases::state_code;
pub(crate) use files::{ShownFile, data_file, database_files, default_directory, log_pages};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    databases::VIEW,
    files::MASTER_FILES,
    files::DATABASE_FILES,
    files::FILEGROUPS,
    files::DATA_SPACES,
    database_recovery_status::VIEW,
    database_scoped_configurations::VIEW,
    dm_db_file_space_usage::VIEW,
    dm_db_log_space_usage::VIEW,
];
