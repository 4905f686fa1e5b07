//! CREATE, ALTER and DROP AVAILABILITY GROUP, local and distributed.

mod alter;
mod create;
mod distributed;
mod listener;

pub(crate) use alter::leave_group;
pub use alter::{
    AlterAvailabilityGroup, DropAvailabilityGroup, GroupAction, GroupOptions, MemberChange,
    ReplicaChange,
};
pub use create::{CreateAvailabilityGroup, DEFAULT_SESSION_TIMEOUT, ReplicaSpec};
pub use distributed::{
    CreateDistributedAvailabilityGroup, JoinDistributedAvailabilityGroup, MemberSpec,
};
pub use listener::{
    CreateGroupWithListener, ListenerChange, ListenerSource, ListenerSpec, Routing, SetCluster,
};
