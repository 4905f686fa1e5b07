//! What may not be added to a database that a link replicates to a managed instance, since the instance could not have it.
//!
//! Of these features milink keeps log files. Without a link, or with an instance that could have them, the others are refused by
//! name.

use milink_core::World;
use milink_core::ids::{DatabaseId, InstanceId};
use milink_core::link;
use milink_core::version::Build;

use crate::ast::{AlterDatabaseAction, FilegroupContents};
use crate::error::SqlError;

/// A feature of a database that instances lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// A second log file.
    LogFile,
    /// FILESTREAM and FileTables.
    FileStream,
    /// A place for memory-optimized tables.
    MemoryOptimizedFiles,
    /// A memory-optimized table.
    MemoryOptimizedTable,
}

impl Feature {
    /// What a change of a database's files would add.
    pub(super) fn of(action: &AlterDatabaseAction) -> Option<Self> {
        match action {
            AlterDatabaseAction::AddFiles { log: true, .. } => Some(Self::LogFile),
            AlterDatabaseAction::AddFilegroup { contents, .. } => match contents {
                FilegroupContents::Rows => None,
                FilegroupContents::FileStream => Some(Self::FileStream),
                FilegroupContents::MemoryOptimizedData => Some(Self::MemoryOptimizedFiles),
            },
            _ => None,
        }
    }

    /// Refuses the feature for a database that is replicated to an instance which lacks it (documentation of the errors).
    /// SQL Server 2016 does not: there the statement succeeds, and the link breaks.
    pub(crate) fn check(
        self,
        world: &World,
        instance: InstanceId,
        database: DatabaseId,
    ) -> Result<(), SqlError> {
        let found = world.instance(instance);
        let server = found.and_then(|found| found.as_sql_server());
        if server.is_none_or(|server| server.build < Build::SQL_2017) {
            return Ok(());
        }
        let Some(target) = link::replicated_to(world, instance, database) else {
            return Ok(());
        };
        let has_memory = target.properties.sku.tier == "BusinessCritical";
        let (number, what, why) = match self {
            Self::LogFile => (47508, "multiple log files", "it has one log file"),
            Self::FileStream => (47509, "FileStream or FileTables", "it has neither"),
            Self::MemoryOptimizedFiles if !has_memory => (47507, "memory optimized files", TIER),
            Self::MemoryOptimizedTable if !has_memory => (47518, "a memory optimized table", TIER),
            Self::MemoryOptimizedFiles | Self::MemoryOptimizedTable => return Ok(()),
        };
        let text = format!(
            "Adding {what} to a database that is replicated to Azure SQL Managed Instance is not supported, because {why}."
        );
        Err(SqlError::new(number, 16, text))
    }
}

const TIER: &str =
    "its service tier has no In-memory OLTP; replicate to an instance of a tier that has it";
