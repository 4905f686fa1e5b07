//! Linked servers, and transactions that span instances.

use milink_core::refusal::{DistributedRefusal, LinkedServerRefusal};

use super::refused;
use crate::error::{Abort, SqlError};

pub(super) fn error(refusal: &LinkedServerRefusal) -> SqlError {
    match refusal {
        LinkedServerRefusal::Exists { name } => {
            refused(15028, format!("The server '{name}' already exists."))
        }
        LinkedServerRefusal::NotFound { name } => refused(
            15015,
            format!(
                "The server '{name}' does not exist. Use sp_helpserver to show available servers."
            ),
        ),
        LinkedServerRefusal::TooMany { .. } => SqlError::unsupported(refusal),
        LinkedServerRefusal::HasLogins { name } => refused(
            15190,
            format!("There are still remote logins or linked logins for the server '{name}'."),
        ),
        LinkedServerRefusal::NoLogin { name } => refused(
            15007,
            format!("'{name}' is not a valid login or you do not have permission."),
        ),
        LinkedServerRefusal::NoMapping { login, name } => refused(
            15013,
            format!("There is no login mapping for '{login}' on the server '{name}'."),
        ),
    }
}

pub(super) fn distributed_error(refusal: &DistributedRefusal) -> SqlError {
    match refusal {
        DistributedRefusal::PartLost { .. } => SqlError::new(
            1206,
            18,
            "The Microsoft Distributed Transaction Coordinator (MS DTC) has cancelled the distributed transaction.",
        )
        .aborting(Abort::BatchAndTransaction),
        DistributedRefusal::NoUnit { unit } => refused(
            6110,
            format!("The distributed transaction with UOW {unit} does not exist."),
        ),
        DistributedRefusal::InUse { unit } => refused(
            6117,
            format!("There is a connection associated with the distributed transaction with UOW {unit}. First, kill the connection using KILL SPID syntax."),
        ),
        DistributedRefusal::Prepared { unit } => refused(
            6113,
            format!("The distributed transaction associated with UOW {unit} is in PREPARE state. Use KILL UOW WITH COMMIT/ROLLBACK syntax to kill the transaction instead."),
        ),
        DistributedRefusal::NotPrepared { unit } => refused(
            6118,
            format!("The distributed transaction associated with UOW {unit} is not in PREPARED state. Use KILL UOW to kill the transaction instead."),
        ),
    }
}
