//! CREATE, ALTER and DROP AVAILABILITY GROUP, local and distributed.

mod alter;
mod create;
mod distributed;
mod drop;
mod listener;
mod member;
mod membership;
mod over;

pub use alter::{AlterAvailabilityGroup, GroupAction, GroupOptions, ReplicaChange};
pub use create::{CreateAvailabilityGroup, DEFAULT_SESSION_TIMEOUT, ReplicaSpec};
pub use distributed::{
    CreateDistributedAvailabilityGroup, JoinDistributedAvailabilityGroup, MemberSpec,
};
pub use drop::DropAvailabilityGroup;
pub use listener::{
    CreateGroupWithListener, ListenerChange, ListenerSource, ListenerSpec, Routing, SetCluster,
};
pub use member::MemberChange;
pub(crate) use membership::leave_group;
