//! What both sides write to their error logs when partners connect and part.

use uuid::Uuid;

use super::{Link, LinkId, LinkRole, Phase};
use crate::ids::InstanceId;
use crate::world::World;

/// Messages 35202 and, once there is a database on both sides, 35266.
pub(super) fn connected(world: &mut World, id: &LinkId) {
    tell(world, id, |link, local, remote| {
        let mut lines = vec![format!(
            "A connection for availability group '{}' from availability replica '{}' with id  [{}] to '{}' with id [{}] has been successfully established.  This is an informational message. No user action is required.",
            link.id.name,
            local.name,
            local.text(),
            remote.name,
            remote.text()
        )];
        lines.extend(of_database(link, local, remote, "established"));
        lines
    });
}

/// Messages 35206 and 35267.
pub(super) fn disconnected(world: &mut World, id: &LinkId) {
    tell(world, id, |link, local, remote| {
        let mut lines = vec![format!(
            "A connection timeout has occurred on a previously established connection to availability replica '{}' with id [{}].  Either a networking or a firewall issue exists or the availability replica has transitioned to the resolving role.",
            remote.name,
            remote.text()
        )];
        lines.extend(of_database(link, local, remote, "terminated"));
        lines
    });
}

/// One of the two members of the distributed group.
struct Side {
    at: InstanceId,
    name: String,
    id: Uuid,
    is_primary: bool,
}

impl Side {
    /// The id as the messages have it.
    fn text(&self) -> String {
        self.id.to_string().to_uppercase()
    }
}

fn of_database(link: &Link, local: &Side, remote: &Side, what: &str) -> Option<String> {
    let is_copied = !matches!(
        link.phase,
        Phase::Initiating
            | Phase::Connected
            | Phase::Seeding
            | Phase::Recovering { .. }
            | Phase::Failed { .. }
    );
    let role = |side: &Side| {
        if side.is_primary {
            "primary"
        } else {
            "secondary"
        }
    };
    is_copied.then(|| {
        format!(
            "Always On Availability Groups connection with {} database {what} for {} database '{}' on the availability replica '{}' with Replica ID: {{{}}}. This is an informational message only. No user action is required.",
            role(remote), role(local), link.spec.database, remote.name, remote.id
        )
    })
}

fn tell(world: &mut World, id: &LinkId, lines: impl Fn(&Link, &Side, &Side) -> Vec<String>) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let Some(partner) = link.partner else {
        return;
    };
    // SQL Server's group was there first, and the instance takes its ids over.
    let dag = world
        .instance(partner)
        .and_then(|found| found.group(id.name.as_str()))
        .and_then(|group| group.as_distributed());
    let replicas = dag.map_or(link.replicas, |dag| (dag.remote().id, dag.local().id));
    let leads = link.role == LinkRole::Primary;
    let ours = Side {
        at: id.instance,
        name: link.spec.instance_group.to_string(),
        id: replicas.0.0,
        is_primary: leads,
    };
    let theirs = Side {
        at: partner,
        name: link.spec.partner_group.to_string(),
        id: replicas.1.0,
        is_primary: !leads,
    };
    let now = world.now();
    for (local, remote) in [(&theirs, &ours), (&ours, &theirs)] {
        // A partner may be gone for good.
        if world.instance(local.at).is_some() {
            for line in lines(&link, local, remote) {
                world.instance_mut(local.at).log(now, line);
            }
        }
    }
}
