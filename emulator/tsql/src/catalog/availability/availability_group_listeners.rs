//! Listeners and routing lists: milink has none, so these views are empty.

use crate::catalog::View;
use crate::catalog::column::{BIT, DESC, GUID, INT, NVARCHAR_MAX, TINYINT, col, nvarchar, req};

pub(super) const LISTENERS: View = View::sys(
    "availability_group_listeners",
    &[
        req("group_id", GUID),
        col("listener_id", nvarchar(36)),
        col("dns_name", nvarchar(63)),
        col("port", INT),
        req("is_conformant", BIT),
        col("ip_configuration_string_from_cluster", NVARCHAR_MAX),
        col("is_distributed_network_name", BIT),
    ],
    |_| Vec::new(),
);

pub(super) const IP_ADDRESSES: View = View::sys(
    "availability_group_listener_ip_addresses",
    &[
        col("listener_id", nvarchar(36)),
        col("ip_address", nvarchar(48)),
        col("ip_subnet_mask", nvarchar(15)),
        req("is_dhcp", BIT),
        col("network_subnet_ip", nvarchar(48)),
        col("network_subnet_prefix_length", INT),
        col("network_subnet_ipv4_mask", nvarchar(45)),
        col("state", TINYINT),
        col("state_desc", DESC),
    ],
    |_| Vec::new(),
);

pub(super) const READ_ONLY_ROUTING_LISTS: View = View::sys(
    "availability_read_only_routing_lists",
    &[
        req("replica_id", GUID),
        req("routing_priority", INT),
        req("read_only_replica_id", GUID),
    ],
    |_| Vec::new(),
);
