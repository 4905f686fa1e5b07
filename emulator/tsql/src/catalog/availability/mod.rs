//! Availability groups: catalog views and DMVs.

mod availability_databases_cluster;
mod availability_group_listeners;
mod availability_groups;
mod availability_groups_cluster;
mod availability_replicas;
mod codes;
mod database_mirroring;
mod dm_hadr_ag_threads;
mod dm_hadr_automatic_seeding;
mod dm_hadr_availability_group_states;
mod dm_hadr_availability_replica_cluster;
mod dm_hadr_availability_replica_states;
mod dm_hadr_cluster;
mod dm_hadr_database_replica_cluster_states;
mod dm_hadr_database_replica_states;
mod dm_hadr_fabric;
mod dm_hadr_name_id_map;
mod dm_hadr_physical_seeding_stats;

use super::View;

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    availability_groups::VIEW,
    availability_groups::INTERNAL,
    availability_groups_cluster::VIEW,
    availability_replicas::VIEW,
    availability_replicas::INTERNAL,
    availability_databases_cluster::VIEW,
    availability_group_listeners::LISTENERS,
    availability_group_listeners::IP_ADDRESSES,
    availability_group_listeners::READ_ONLY_ROUTING_LISTS,
    dm_hadr_availability_group_states::VIEW,
    dm_hadr_availability_replica_states::VIEW,
    dm_hadr_availability_replica_cluster::STATES,
    dm_hadr_availability_replica_cluster::NODES,
    dm_hadr_database_replica_states::VIEW,
    dm_hadr_database_replica_cluster_states::VIEW,
    dm_hadr_automatic_seeding::VIEW,
    dm_hadr_physical_seeding_stats::VIEW,
    dm_hadr_name_id_map::VIEW,
    dm_hadr_cluster::CLUSTER,
    dm_hadr_cluster::MEMBERS,
    dm_hadr_fabric::CONFIG_PARAMETERS,
    dm_hadr_fabric::REPLICAS,
    dm_hadr_fabric::PARTITIONS,
    dm_hadr_fabric::NODES,
    dm_hadr_ag_threads::VIEW,
    database_mirroring::VIEW,
];
