//! A link as each generation shows it: a function of the world, never stored.

use milink_core::World;
use milink_core::link::{Link, LinkGroup, LinkRole, LinkStatus, PartnerCertificate, Phase};
use milink_core::lsn::Lsn;
use milink_core::time::{Span, Timestamp};
use milink_model::{
    LegacyLinkProperties, LinkDatabase, LinkProperties, PartnerAuthCertValidity, ProxyResource,
};
use serde::Serialize;

use super::{Generation, TYPE};
use crate::arm::call::Call;
use crate::arm::error::link_error_text;

/// The properties of a link, in one of the two read shapes.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Shown {
    Legacy(Box<LegacyLinkProperties>),
    Modern(Box<LinkProperties>),
}

pub(super) fn shown(
    call: &Call<'_>,
    world: &World,
    link: &Link,
    parent: &str,
) -> ProxyResource<Shown> {
    let status = LinkStatus::of(world, link);
    let properties = match Generation::of(&call.version) {
        Generation::A => Shown::Legacy(Box::new(legacy(call, link, &status))),
        generation => Shown::Modern(Box::new(modern(call, link, &status, generation))),
    };
    ProxyResource {
        properties,
        id: format!("{parent}/distributedAvailabilityGroups/{}", link.id.name),
        name: link.id.name.to_string(),
        kind: TYPE.full_name(),
    }
}

/// A link with several databases: the whole, and how each database stands.
pub(super) fn shown_group(
    call: &Call<'_>,
    world: &World,
    group: &LinkGroup,
    parent: &str,
) -> ProxyResource<Shown> {
    let members: Vec<_> = group
        .members(world)
        .map(|link| (link, LinkStatus::of(world, link)))
        .collect();
    let properties = match (Generation::of(&call.version), members.first()) {
        // A generation that knows one database only is told of the first (guess).
        (Generation::A, Some((link, status))) => {
            Shown::Legacy(Box::new(legacy(call, link, status)))
        }
        (Generation::A, None) => Shown::Legacy(Box::default()),
        (generation, _) => {
            let role = group.instance_role(world);
            let first = members.first().map(|(link, _)| link);
            let id = group.ids(world).map(|(id, _)| id);
            let spec = &group.spec;
            let databases: Vec<LinkDatabase> = members
                .iter()
                .map(|(link, status)| database(call, link, status))
                .collect();
            // Right after the operation's end there are no databases, no mode and no endpoint yet, and the failover mode
            // is never told (observed).
            Shown::Modern(Box::new(LinkProperties {
                distributed_availability_group_name: Some(group.id.name.to_string()),
                distributed_availability_group_id: id.map(|id| id.to_string()),
                replication_mode: first.and_then(|link| replication_mode(link)),
                partner_link_role: Some(role.opposite().text().to_owned()),
                partner_availability_group_name: Some(spec.partner_group.to_string()),
                partner_endpoint: first.map(|_| spec.partner_endpoint.to_string()),
                instance_link_role: Some(role.text().to_owned()),
                instance_availability_group_name: Some(spec.instance_group.to_string()),
                failover_mode: None,
                seeding_mode: (generation >= Generation::C).then(|| "Automatic".to_owned()),
                link_mode: (generation >= Generation::D).then(|| "MultiDatabase".to_owned()),
                databases: first.map(|_| databases),
            }))
        }
    };
    ProxyResource {
        properties,
        id: format!("{parent}/distributedAvailabilityGroups/{}", group.id.name),
        name: group.id.name.to_string(),
        kind: TYPE.full_name(),
    }
}

fn legacy(call: &Call<'_>, link: &Link, status: &LinkStatus) -> LegacyLinkProperties {
    let spec = &link.spec;
    let role = call.version.is_since("2022-05-01");
    LegacyLinkProperties {
        target_database: Some(spec.database.to_string()),
        source_endpoint: Some(spec.partner_endpoint.to_string()),
        primary_availability_group_name: Some(spec.partner_group.to_string()),
        secondary_availability_group_name: Some(spec.instance_group.to_string()),
        replication_mode: replication_mode(link),
        distributed_availability_group_id: Some(link.group.to_string()),
        source_replica_id: Some(link.replicas.1.to_string()),
        target_replica_id: Some(link.replicas.0.to_string()),
        link_state: Some(status.link_state.to_owned()),
        last_hardened_lsn: status.positions.map(|at| lsn(at.hardened)),
        instance_role: role.then(|| status.instance_role.text().to_owned()),
    }
}

fn modern(
    call: &Call<'_>,
    link: &Link,
    status: &LinkStatus,
    generation: Generation,
) -> LinkProperties {
    let spec = &link.spec;
    let role = status.instance_role;
    let two_way = generation >= Generation::C;
    LinkProperties {
        distributed_availability_group_name: Some(link.id.name.to_string()),
        distributed_availability_group_id: Some(link.group.to_string()),
        replication_mode: replication_mode(link),
        partner_link_role: Some(role.opposite().text().to_owned()),
        partner_availability_group_name: Some(spec.partner_group.to_string()),
        partner_endpoint: Some(spec.partner_endpoint.to_string()),
        instance_link_role: Some(role.text().to_owned()),
        instance_availability_group_name: Some(spec.instance_group.to_string()),
        failover_mode: two_way.then(|| spec.failover_mode.text().to_owned()),
        seeding_mode: two_way.then(|| "Automatic".to_owned()),
        link_mode: (generation >= Generation::D).then(|| "SingleDatabase".to_owned()),
        databases: Some(vec![database(call, link, status)]),
    }
}

fn database(call: &Call<'_>, link: &Link, status: &LinkStatus) -> LinkDatabase {
    let positions = status.positions;
    let time = |time: Timestamp| time.to_arm_text();
    // A secondary says what it has received, a primary what it has sent.
    let receiving = positions.filter(|_| status.instance_role == LinkRole::Secondary);
    let sending = positions.filter(|_| status.instance_role == LinkRole::Primary);
    let committed = positions.and_then(|at| at.committed);
    LinkDatabase {
        database_name: Some(link.spec.database.to_string()),
        instance_replica_id: Some(link.replicas.0.to_string()),
        partner_replica_id: Some(link.replicas.1.to_string()),
        replica_state: Some(status.replica_state.to_owned()),
        seeding_progress: call
            .version
            .is_since("2023-08-01")
            .then_some(status.seeding_percent)
            .flatten()
            .map(|percent| format!("{percent}%")),
        synchronization_health: Some(status.health.desc().to_owned()),
        connected_state: Some(
            if status.connected {
                "CONNECTED"
            } else {
                "DISCONNECTED"
            }
            .to_owned(),
        ),
        last_received_lsn: receiving.map(|at| lsn(at.hardened)),
        last_received_time: receiving.map(|at| time(at.hardened_time)),
        last_sent_lsn: sending.map(|at| lsn(at.sent)),
        last_sent_time: sending.map(|at| time(at.sent_time)),
        last_commit_lsn: committed.map(|(at, _)| lsn(at)),
        last_commit_time: committed.map(|(_, at)| time(at)),
        last_hardened_lsn: positions.map(|at| lsn(at.hardened)),
        last_hardened_time: positions.map(|at| time(at.hardened_time)),
        last_backup_lsn: None,
        last_backup_time: None,
        most_recent_link_error: link.last_error.as_ref().map(link_error_text),
        partner_auth_cert_validity: Some(certificate(link)),
        instance_send_replication_lag_seconds: Some(seconds(status.send_lag)),
        instance_redo_replication_lag_seconds: Some(seconds(status.redo_lag)),
    }
}

/// Left out until the link exists on the engine's side (observed).
fn replication_mode(link: &Link) -> Option<String> {
    let exists = match link.phase {
        Phase::Initiating => false,
        Phase::Failed {
            connected_before, ..
        } => connected_before,
        _ => true,
    };
    exists.then(|| link.replication_mode.text().to_owned())
}

fn certificate(link: &Link) -> PartnerAuthCertValidity {
    let authenticated = link.partner_certificate.as_ref();
    let validity = |certificate: &PartnerCertificate| PartnerAuthCertValidity {
        certificate_name: Some(certificate.name.to_string()),
        expiry_date: Some(certificate.facts.not_after.to_arm_text()),
    };
    authenticated.map(validity).unwrap_or_default()
}

/// As ARM writes it: decimal digits.
fn lsn(lsn: Lsn) -> String {
    lsn.to_numeric().to_string()
}

fn seconds(span: Span) -> i32 {
    i32::try_from(span.as_seconds()).unwrap_or(i32::MAX)
}
