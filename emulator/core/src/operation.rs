//! Long-running operations: what ARM clients poll.

use crate::ids::OperationId;
use crate::refusal::{LinkError, Refusal};
use crate::time::Timestamp;

/// A long-running operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// The word of the accepting response's body, such as `DistributedAvailabilityGroupsLinkCreate`.
    pub word: &'static str,
    /// The stem of its poll URLs, such as `distributedAvailabilityGroups`.
    pub stem: &'static str,
    /// The resource it is about.
    pub resource: ResourceRef,
    /// When it was accepted.
    pub started: Timestamp,
    /// How it stands.
    pub state: OperationState,
}

/// Where an operation's resource is, in the words of its ARM id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRef {
    /// The resource group.
    pub resource_group: String,
    /// The region.
    pub location: String,
    /// The path after `/providers/`, such as `Microsoft.Sql/managedInstances/mi`.
    pub path: String,
}

/// How an operation stands.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationState {
    /// Still running.
    InProgress,
    /// Done at that moment; a deletion leaves nothing to read.
    Succeeded {
        /// When it ended.
        ended: Timestamp,
        /// Whether the resource is there to be read afterwards.
        has_result: bool,
    },
    /// Failed at that moment.
    Failed {
        /// When it ended.
        ended: Timestamp,
        /// Why.
        error: OperationError,
    },
    /// Canceled at that moment.
    Canceled {
        /// When it ended.
        ended: Timestamp,
    },
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationError {
    /// The link could not be made or changed.
    Link(LinkError),
    /// The link to drop is not there.
    LinkNotFound {
        /// The name that was asked for.
        name: String,
    },
    /// Its work was done, and its end was not.
    Interrupted {
        /// ARM's error code.
        code: String,
        /// The text.
        message: String,
    },
    /// What was accepted turned out to be impossible when it was due.
    Refused(Box<Refusal>),
}
