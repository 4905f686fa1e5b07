//! The service of an instance.

use milink_core::refusal::ServerRefusal;

use super::refused;
use crate::error::SqlError;

pub(super) fn error(refusal: &ServerRefusal) -> SqlError {
    match refusal {
        ServerRefusal::Stopped { .. } => SqlError::new(6005, 10, "SHUTDOWN is in progress."),
        // The control API's: no statement runs where it could be said.
        ServerRefusal::Running { .. } => SqlError::unsupported(refusal),
        // A guess: the documentation says that SHUTDOWN is SQL Server's only.
        // No statement asks for it.
        ServerRefusal::NotManaged { .. } => SqlError::unsupported(refusal),
        ServerRefusal::Managed { .. } => refused(
            40510,
            "Statement 'SHUTDOWN' is not supported in this version of SQL Server.",
        ),
    }
}
