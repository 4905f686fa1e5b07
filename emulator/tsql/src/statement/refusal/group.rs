//! Availability groups and distributed availability groups.

use milink_core::refusal::GroupRefusal;

use super::refused;
use super::security::missing;
use crate::error::SqlError;

/// Dropping a local group that a distributed one uses: the number is a guess.
const USED_BY_DISTRIBUTED: i32 = 41_190;

pub(super) fn error(refusal: &GroupRefusal) -> SqlError {
    use GroupRefusal as R;
    match refusal {
        R::HadrDisabled => refused(35221, "Could not process the operation.  Always On Availability Groups replica manager is disabled on this instance of SQL Server.  Enable Always On Availability Groups, by using the SQL Server Configuration Manager.  Then, restart the SQL Server service, and retry the currently operation.  For information about how to enable and disable Always On Availability Groups, see SQL Server Books Online."),
        R::Exists { name } => refused(41042, format!("The availability group '{name}' already exists.  This error could be caused by a previous failed CREATE AVAILABILITY GROUP or DROP AVAILABILITY GROUP operation.  If the availability group name you specified is correct, try dropping the availability group and then retry CREATE AVAILABILITY GROUP operation.")),
        R::NotFound { name } => missing("find", "availability group", name),
        R::NoEndpoint => refused(7870, "The operation failed because there is no database mirroring endpoint on this server instance. Create one with CREATE ENDPOINT, then retry."),
        R::NoLocalReplica { group, server } => refused(35237, format!("None of the specified replicas for availability group {group} maps to the instance of SQL Server to which you are connected.  Reenter the command, specifying this server instance to host one of the replicas. This replica will be the initial primary replica. (This instance is '{server}'.)")),
        R::DatabaseNotFound { database } => refused(911, format!("Database '{database}' does not exist. Make sure that the name is entered correctly.")),
        R::SystemDatabase { database } => refused(35249, format!("An attempt to add or join a system database, '{database}', to an availability group failed.  Specify only user databases for this operation.")),
        R::NotFullRecovery { database } => refused(1465, format!("Database \"{database}\" database is not in full recovery mode on each of the server instances. The full recovery model is required for a database to participate in database mirroring or in an availability group.")),
        R::NoLogChain { database } => refused(1475, format!("Database \"{database}\" might contain bulk logged changes that have not been backed up. Take a log backup on the principal database or primary database. Then restore this backup either on the mirror database to enable database mirroring or on every secondary database to enable you to join it to the availability group.")).with_state(105),
        R::DatabaseNotOnline { database } => refused(1469, format!("Database \"{database}\" is not online and cannot be added to an availability group.")),
        R::DatabaseReadOnly { database } => refused(1466, format!("Database \"{database}\" is read-only on one of the server instances which is incompatible with participating in database mirroring or in an availability group. Set the database to read-write mode, and retry the operation.")),
        R::NotMultiUser { database } => refused(1488, format!("Database \"{database}\" database is in single user mode which is incompatible with participating in database mirroring or in an availability group. Set database to multi-user mode, and retry the operation.")),
        R::AutoClose { database } => refused(1469, format!("Database \"{database}\" is an auto-close database on one of the server instances which is incompatible with participating in database mirroring or in an availability group. Set the auto-close option to OFF, and retry the operation.")),
        R::DatabaseInGroup { database, group } => refused(35244, format!("Database '{database}' cannot be added to availability group '{group}'.  The database is currently joined to another availability group.  Verify that the database name is correct and that the database is not joined to an availability group, then retry the operation.")),
        R::DatabaseNotInGroup { database, group } => refused(35281, format!("Database '{database}' cannot be removed from availability group '{group}'.  The database is not a member of the specified availability group.  Verify that the database name and the availability group name are correct, then retry the operation.")),
        R::NoneNeedsManualFailover => refused(47101, "Only MANUAL failover mode is supported for availability groups with cluster type NONE."),
        R::ExternalNeedsExternalFailover => refused(47102, "Only EXTERNAL failover mode is supported for availability groups with cluster type EXTERNAL."),
        R::WsfcNeedsAutomaticOrManual => refused(47103, "Only AUTOMATIC and MANUAL failover modes are supported for availability groups with cluster type WSFC."),
        R::AsyncAutomatic { replica } => refused(35211, format!("The automatic failover mode of replica '{replica}' is not compatible with the asynchronous-commit availability mode.  Change the availability mode or the failover mode, then retry the operation.")),
        R::NoCluster { .. } => refused(35220, "Could not process the operation. Always On Availability Groups replica manager is waiting for the host computer to start a Windows Server Failover Clustering (WSFC) cluster and join it. Either the local computer is not a cluster node, or the local cluster node is not online.  If the computer is a cluster node, wait for it to join the cluster. If the computer is not a cluster node, add the computer to a WSFC cluster. Then, retry the operation."),
        R::SessionTimeoutTooShort { replica } => refused(35214, format!("The session timeout specified for replica '{replica}' is shorter than the minimum of 5 seconds.")),
        R::BadUrl { replica, url } => refused(35232, format!("The specified endpoint URL '{url}' for replica '{replica}' is invalid.  Reenter the command specifying the correct URL.  For information about specifying the endpoint URL for an availability replica, see SQL Server Books Online.")),
        R::DuplicateReplica { replica } => refused(35234, format!("Database name or replica '{replica}' was specified more than once.  Reenter the command, specifying each only once.")),
        R::ReplicaNotFound { replica, group } => refused(35210, format!("Failed to modify options for availability replica '{replica}' in availability group '{group}'.  The specified availability group does not contain an availability replica with specified name.  Verify that availability group name and availability replica name are correct, then retry the operation.")),
        R::ReplicaExists { replica, group } => refused(35282, format!("Availability replica '{replica}' cannot be added to availability group '{group}'. The availability group already contains an availability replica with the specified name.  Verify that the availability replica name and the availability group name are correct, then retry the operation.")),
        R::LocalReplica { replica, group } => refused(35284, format!("Availability replica '{replica}' cannot be removed from availability group '{group}', because this replica is on the local instance of SQL Server.  If the local availability replica is a secondary replica, connect to the server instance that is currently hosting the primary replica, and re-run the command.")),
        R::NotPrimary { group } => refused(41190, format!("Availability group '{group}' failed to process the command.  The local availability replica is not a valid primary for the group.")),
        R::AlreadyPrimary { group } => refused(41122, format!("Cannot failover availability group '{group}' to this instance of SQL Server.  The local availability replica is already the primary replica of the availability group.")),
        R::IsDistributed { group } => refused(41044, format!("The operation is not valid for the distributed availability group '{group}'.")),
        R::NotDistributed { group } => refused(41044, format!("The availability group '{group}' is not a distributed availability group.")),
        R::NoLocalMember { group } => refused(35237, format!("None of the specified availability groups for distributed availability group {group} is the only one on the instance of SQL Server to which you are connected.")),
        R::DistributedAutomatic { group } => refused(35277, format!("Failover mode of a member of the distributed availability group '{group}' must be MANUAL.")),
        R::LinkManualSeeding { member } => refused(47500, format!("Manual seeding is not supported for availability group '{member}' of Azure SQL Managed Instance. Specify SEEDING_MODE = AUTOMATIC.")),
        R::LinkSynchronousAtStart { member } => refused(47501, format!("Synchronous commit is not supported as the initial availability mode of availability group '{member}' of Azure SQL Managed Instance. Specify AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT.")),
        R::LinkSeveralDatabases { group } => refused(47502, format!("Cannot create the distributed availability group: availability group '{group}' has more than one database, and one database is supported with Azure SQL Managed Instance.")),
        R::LinkNoDatabase { group } => refused(47519, format!("Cannot create the distributed availability group: availability group '{group}' has no database to replicate to Azure SQL Managed Instance.")),
        R::LinkOneDatabase { group, dag } => refused(47503, format!("Availability group '{group}' already contains one database and adding more is not supported because the availability group participates in distributed availability group '{dag}' with secondary on Azure SQL Managed Instance.")),
        R::LinkedDatabase { database, group, dag } => refused(47520, format!("Database '{database}' cannot be removed from availability group '{group}', which participates in distributed availability group '{dag}' in which the secondary participant is Azure SQL Managed Instance.")),
        R::UsedByDistributed { group, dag } => refused(USED_BY_DISTRIBUTED, format!("Availability group '{group}' cannot be dropped, because it participates in distributed availability group '{dag}'.  Drop the distributed availability group first, then retry the operation.")),
        R::MemberNotFound { member, group } => refused(35210, format!("Failed to modify options for availability replica '{member}' in availability group '{group}'.  The specified availability group does not contain an availability replica with specified name.  Verify that availability group name and availability replica name are correct, then retry the operation.")),
        R::BasicSecondDatabase { group } => refused(35200, format!("Basic availability group '{group}' already contains one database. No more than one database is supported.")),
        R::NoContactWithPrimary { group } => refused(47106, format!("Cannot join availability group '{group}'.  Download configuration timeout.  Please check primary configuration, network connectivity and firewall setup, then retry the operation.")),
        R::TooManyRequiredSecondaries { group, count } => refused(35248, format!("REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = {count} is more than the synchronous-commit secondary replicas that availability group '{group}' has.")),
        // The clause does not exist there: the parser of that version stops at it.
        R::NotInThisVersion { what } => SqlError::new(102, 15, format!("Incorrect syntax near '{what}'.")),
        R::NotEmulated { what } => SqlError::unsupported(what),
        R::NotJoined { database } => refused(35242, format!("Cannot complete this ALTER DATABASE <database-name> SET HADR operation on database '{database}'.  The database is not joined to an availability group.  After the database has joined the availability group, retry the command.")),
        R::AlreadyJoined { database } => SqlError::new(41145, 10, format!("Cannot join database '{database}' to an availability group. The database has already joined the availability group.  This is an informational message.  No user action is required.")),
        R::OnPrimary { database } => refused(35240, format!("Database '{database}' cannot be joined to or unjoined from an availability group.  This operation is not supported on the primary replica of the availability group.")),
        R::Managed => refused(40510, "Statement 'AVAILABILITY GROUP' is not supported in this version of SQL Server."),
    }
}
