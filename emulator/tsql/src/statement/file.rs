//! Files that statements read and write: the instance's, which exist only in the model.

use std::sync::Arc;

use milink_core::command::WriteFile;

use super::context::StatementContext;
use crate::error::SqlError;

/// The bytes of a file.
///
/// # Errors
///
/// The instance is gone.
pub(super) fn read(
    context: &mut StatementContext<'_>,
    path: &str,
) -> Result<Option<Arc<[u8]>>, SqlError> {
    Ok(context.instance()?.files.get(path).cloned())
}

/// Writes a file that is not there yet.
///
/// # Errors
///
/// 15240: it is there, or the path is none.
pub(super) fn write_new(
    context: &mut StatementContext<'_>,
    path: &str,
    content: Vec<u8>,
) -> Result<(), SqlError> {
    check_new(context, path)?;
    context.apply(WriteFile {
        instance: context.instance,
        path: path.to_owned(),
        content: content.into(),
    })
}

/// Whether a file of this path can be written.
///
/// # Errors
///
/// 15240: it is there, or the path is none.
pub(super) fn check_new(context: &mut StatementContext<'_>, path: &str) -> Result<(), SqlError> {
    if !path.trim().is_empty() && read(context, path)?.is_none() {
        return Ok(());
    }
    Err(SqlError::new(
        15240,
        16,
        format!(
            "Cannot write into file '{path}'. Verify that you have write permissions, that the file path is valid, and that the file does not already exist."
        ),
    ))
}
