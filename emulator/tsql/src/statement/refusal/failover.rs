//! The roles of a link: numbers of the published message list, words after what each is said to mean there.

use milink_core::refusal::FailoverRefusal;

use super::refused;
use crate::error::SqlError;

pub(super) fn error(refusal: &FailoverRefusal) -> SqlError {
    use FailoverRefusal as R;
    match refusal {
        R::NotALink { group } => refused(
            47511,
            format!(
                "Distributed availability group '{group}' is not part of the link with Azure SQL Managed Instance."
            ),
        ),
        R::NotPrimary { group } => refused(
            47517,
            format!(
                "Cannot fail over distributed availability group '{group}': the local replica is not the primary. Run the command on the primary replica of the distributed availability group."
            ),
        ),
        R::PlannedNotInVersion { group } => refused(
            47122,
            format!(
                "Cannot failover an availability replica for availability group '{group}' since it has CLUSTER_TYPE = NONE. Only force failover is supported in this version of SQL Server."
            ),
        ),
        R::InProgress { group } => refused(
            47513,
            format!(
                "A failover of distributed availability group '{group}' is already running. Wait until it is over, then retry the operation."
            ),
        ),
        R::NotSynchronizing { group } => refused(
            47514,
            format!(
                "Cannot fail over distributed availability group '{group}': the secondary replica is not synchronizing and cannot catch up."
            ),
        ),
        R::SendQueueTooLarge { group } => refused(
            47515,
            format!(
                "Cannot fail over distributed availability group '{group}': the log send queue of the secondary replica is too large."
            ),
        ),
        R::RedoQueueTooLarge { group } => refused(
            47516,
            format!(
                "Cannot fail over distributed availability group '{group}': the redo queue of the secondary replica is too large."
            ),
        ),
        R::CannotCatchUp { group } => refused(
            47514,
            format!(
                "Cannot fail over distributed availability group '{group}': the secondary replica did not catch up in time. The roles are unchanged; retry the operation."
            ),
        ),
        R::DatabaseInaccessible { group } => refused(
            41993,
            format!(
                "Cannot fail over link '{group}': its database on Azure SQL Managed Instance is not accessible."
            ),
        ),
        R::OneWay { group } => refused(
            41985,
            format!(
                "Forced failover is not supported on link '{group}'. For migration to Azure SQL Managed Instance, delete the link instead."
            ),
        ),
        R::FormatsDiffer { build } => refused(
            41988,
            format!(
                "A link that supports failover in both directions needs matching database formats of Azure SQL Managed Instance and SQL Server {build}."
            ),
        ),
        R::PlannedToPrimary { group } => refused(
            41970,
            format!(
                "Switching to the Primary role in a planned fashion is not supported for link '{group}'."
            ),
        ),
        R::AlreadyInRole { group } => refused(
            41965,
            format!("The local replica already has the requested role in link '{group}'."),
        ),
        R::NotReadable { group } => refused(
            35253,
            format!(
                "The secondary database of '{group}' is not in a state that allows it to become the primary database."
            ),
        ),
        // The number is a guess: which one the product has for this is not known.
        R::FollowsAnother { group, primary } => refused(
            41190,
            format!(
                "Availability group '{group}' failed to process the command.  The databases of the local availability replica follow '{primary}', and cannot follow another primary."
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that `link-lifecycle.md` sections 1.3 and 3.7 give to each reason.
    #[test]
    fn each_reason_has_its_number() {
        let group = || "DAG".to_owned();
        let cases = [
            (FailoverRefusal::NotALink { group: group() }, 47511),
            (FailoverRefusal::NotPrimary { group: group() }, 47517),
            (
                FailoverRefusal::PlannedNotInVersion { group: group() },
                47122,
            ),
            (FailoverRefusal::InProgress { group: group() }, 47513),
            (FailoverRefusal::NotSynchronizing { group: group() }, 47514),
            (FailoverRefusal::SendQueueTooLarge { group: group() }, 47515),
            (FailoverRefusal::RedoQueueTooLarge { group: group() }, 47516),
            (FailoverRefusal::CannotCatchUp { group: group() }, 47514),
            (
                FailoverRefusal::DatabaseInaccessible { group: group() },
                41993,
            ),
            (FailoverRefusal::OneWay { group: group() }, 41985),
            (FailoverRefusal::FormatsDiffer { build: "16".into() }, 41988),
            (FailoverRefusal::PlannedToPrimary { group: group() }, 41970),
            (FailoverRefusal::AlreadyInRole { group: group() }, 41965),
            (FailoverRefusal::NotReadable { group: group() }, 35253),
            (
                FailoverRefusal::FollowsAnother {
                    group: group(),
                    primary: "mi".into(),
                },
                41190,
            ),
        ];
        for (refusal, number) in cases {
            let error = error(&refusal);
            assert_eq!((error.number, error.severity), (number, 16), "{refusal}");
        }
    }
}
