//! Refusals about failover groups: codes and texts of the published definition (`InstanceFailoverGroups.json`), but for those that say
//! that they are guesses.

use axum::http::StatusCode;
use milink_core::refusal::FailoverGroupRefusal as R;

use super::ArmError;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const REQUEST: &str = "InstanceFailoverGroupCreateOrUpdateRequest";

/// What ARM says of it.
pub(super) fn of(refusal: &R) -> ArmError {
    let of_body =
        |tail: &str, text: String| ArmError::service(BAD, &format!("{REQUEST}{tail}"), text);
    let bad = |code: &str, text: String| ArmError::service(BAD, code, text);
    let conflict = |code: &str, text: String| ArmError::service(CONFLICT, code, text);
    match refusal {
        R::BadName { group } => conflict(
            "InvalidFailoverGroupName",
            format!("Invalid Instance Failover Group name '{group}' was supplied."),
        ),
        R::NotFound { group } => bad(
            "InstanceFailoverGroupDoesNotExist",
            format!("Failover group '{group}' does not exist on a server in this region and resource group."),
        ),
        R::Busy { group } => conflict(
            "InstanceFailoverGroupBusy",
            format!("Instance failover group '{group}' is busy with another operation."),
        ),
        R::InstanceBusy { name } => conflict(
            "ConflictingServerOperation",
            format!("An operation is currently in progress for the server '{name}'. Please wait a few minutes before trying again."),
        ),
        R::OnSecondary => bad(
            "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary",
            "Modifications to the instance failover group are not allowed on a secondary server. Execute the request on the primary server.".to_owned(),
        ),
        R::OnPrimary => bad(
            "InstanceFailoverGroupFailoverRequestOnPrimary",
            "The failover request should be initiated on the secondary server of instance failover group.".to_owned(),
        ),
        R::SameInstance => of_body(
            "DuplicatePartner",
            "One or more of the provided partner servers are already part of the instance failover group. Please make sure the primary server and all of the given partner servers are unique.".to_owned(),
        ),
        R::PrimaryElsewhere => of_body(
            "InvalidPrimary",
            "The given primary field in create or update instance failover group request body is empty or invalid: the group is created in the region and resource group of its primary.".to_owned(),
        ),
        R::WrongPartnerRegion => of_body(
            "InvalidManagedInstanceRegion",
            "The provided partner managed instance region in the instance failover group request body is empty or invalid.".to_owned(),
        ),
        R::SameRegion => bad(
            "InvalidFailoverGroupRegion",
            "Servers specified in an Instance Failover Group need to reside in different regions to provide isolation.".to_owned(),
        ),
        R::PairFixed => of_body(
            "ReadOnlyPropertyModified",
            "The create or update instance failover group request body should not modify the read-only property 'managedInstancePairs'.".to_owned(),
        ),
        R::ServerNotFound { server } => ArmError::service(
            StatusCode::NOT_FOUND,
            "ServerNotInSubscriptionResourceGroup",
            format!("Specified server '{server}' does not exist in the specified resource group and subscription."),
        ),
        R::Member { instance } => conflict(
            "InstanceFailoverGroupAlreadyExists",
            format!("Failover group already exists on server '{instance}'."),
        ),
        R::NameInUse { group } => conflict(
            "InstanceFailoverGroupDnsRecordInUse",
            format!("A duplicate DNS record exists for the requested endpoint '{group}'."),
        ),
        // The definition has no code for these (guess).
        R::Differs { what } => bad(
            "InstanceFailoverGroupIncompatibleInstances",
            format!("The primary and the partner managed instance of a failover group must have the same {what}."),
        ),
        R::SizesDiffer => bad(
            "GeoDrInstanceSizeMismatch",
            "Primary managed instance and partner managed instance do not have the same storage size.".to_owned(),
        ),
        R::HasLink { instance } => conflict(
            "ManagedInstanceHasHybridLink",
            format!("The operation is not supported when managed instance '{instance}' has a hybrid link configured."),
        ),
        R::SecondaryNotEmpty { database } => bad(
            "GeoDrSecondaryInstanceNotEmpty",
            format!("Secondary managed instance has user databases, '{database}' among them. To create an instance failover group the secondary managed instance needs to be empty."),
        ),
        R::NoWay { reason } => bad(
            "InstanceFailoverGroupIncorrectNetworkingConfiguration",
            format!("Networking configuration is incorrect. Primary server's replication traffic cannot reach secondary server: {reason}."),
        ),
        R::GraceTooShort { least } => of_body(
            "LessThanMinimumGracePeriodValues",
            format!("Grace period value for the instance failover group must be greater than or equal to the '{least}' minutes minimum grace period"),
        ),
        R::GraceTooLong { most } => of_body(
            // A guess, as is the bound.
            "InvalidReadWriteEndpointFields",
            format!("Grace period value for the instance failover group must be at most {most} minutes."),
        ),
        R::NotSeeded { database } => bad(
            "IncorrectReplicationLinkState",
            format!("The operation expects the database '{database}' to be in an expected state on the replication link."),
        ),
        R::NotSynchronized { group } => bad(
            "PlannedFailoverTimedOut",
            format!("The planned failover of '{group}' timed out while trying to contact the partner management service: the secondary cannot get everything that the primary has."),
        ),
        R::SecondaryDown { instance } => conflict(
            "ConflictingServerOperation",
            format!("The server '{instance}' does not run, and cannot become primary."),
        ),
        // The definition of managed instances has no code for it (guess).
        R::InstanceIn { group } => conflict(
            "ManagedInstanceInFailoverGroup",
            format!("The operation cannot be performed because the managed instance is a member of failover group '{group}'. Delete the failover group and try again."),
        ),
    }
}
