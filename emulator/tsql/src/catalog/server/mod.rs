//! The server itself: sessions, connections, configuration, counters and the operating system.

mod configurations;
mod dm_exec_connections;
mod dm_exec_requests;
mod dm_exec_sessions;
mod dm_os_host_info;
mod dm_os_performance_counters;
mod dm_os_ring_buffers;
mod dm_os_sys_info;
mod dm_os_wait_stats;
mod dm_tcp_listener_states;
mod dm_tran;
mod linked_logins;
mod messages;
mod milink_explain;
mod servers;
mod syslanguages;

use super::View;

pub(crate) use configurations::{OPTIONS, ServerOption, values};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    configurations::VIEW,
    dm_exec_connections::VIEW,
    dm_exec_requests::VIEW,
    dm_exec_sessions::VIEW,
    dm_os_host_info::HOST_INFO,
    dm_os_host_info::WINDOWS_INFO,
    dm_os_host_info::SERVER_SERVICES,
    dm_os_performance_counters::VIEW,
    dm_os_ring_buffers::VIEW,
    dm_os_sys_info::VIEW,
    dm_os_wait_stats::VIEW,
    dm_os_wait_stats::WAITING_TASKS,
    dm_tcp_listener_states::VIEW,
    dm_tran::LOCKS,
    dm_tran::SESSION_TRANSACTIONS,
    dm_tran::ACTIVE_TRANSACTIONS,
    dm_tran::DATABASE_TRANSACTIONS,
    linked_logins::VIEW,
    messages::VIEW,
    milink_explain::VIEW,
    servers::VIEW,
    syslanguages::VIEW,
];
