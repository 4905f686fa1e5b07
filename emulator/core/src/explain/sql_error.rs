//! Why SQL Server or a managed instance answered with an error, by its number.

use std::sync::Arc;

use super::{Explanation, linked_server};
use crate::doctor::{Subject, Wish, subjects};
use crate::ids::InstanceId;
use crate::link::{Link, partner_of};
use crate::world::World;

/// What is known of a number: the checks that tell of it, and what to do besides.
type Known = (&'static [i32], &'static [&'static str], &'static str);

/// Numbers of messages that a link's life meets (`link-lifecycle.md` sections 1.3, 3 and 4).
const KNOWN: &[Known] = &[
    (&[35221, 47105], &["hadr"], ""),
    (&[15581], &["master-key"], ""),
    (&[28055, 28036], &["endpoint-certificate"], ""),
    (
        &[47505, 47506, 35250, 35206, 35201],
        &["endpoint", "endpoint-started", "network", "link-connection"],
        "",
    ),
    (&[1465], &["recovery-model"], ""),
    (
        &[1475],
        &["full-backup"],
        "a COPY_ONLY backup starts no log chain",
    ),
    (&[1466, 1469, 1488, 35249], &["database-eligible"], ""),
    (
        &[35244, 35259, 47503, 47520, 1468, 3752],
        &["database-group"],
        "take the database out of its availability group first",
    ),
    (
        &[35237],
        &["server-name"],
        "name the replica as @@SERVERNAME says",
    ),
    (
        &[47502, 47519],
        &["availability-group", "database-group"],
        "a link has exactly one database",
    ),
    (
        &[47511, 15151, 41044, 35210],
        &["availability-group", "distributed-group"],
        "",
    ),
    (
        &[47500, 47501, 47523],
        &["distributed-group"],
        "a link starts with SEEDING_MODE = AUTOMATIC and ASYNCHRONOUS_COMMIT",
    ),
    (
        &[47517, 41122, 41970],
        &["distributed-group"],
        "start a planned failover on the primary",
    ),
    (
        &[47514, 47515, 47516, 41142],
        &["link-connection", "data-movement", "lag"],
        "stop the workload and wait until the secondary has caught up",
    ),
    (&[41985, 41984, 41988], &["update-policy"], ""),
    (
        &[976, 978, 979, 982, 983, 921, 922, 927, 952],
        &["link-state", "link-connection"],
        "read from the side that the link says is readable",
    ),
    (
        &[3906],
        &["link-state"],
        "the database is the secondary of a link: write on the primary, or fail over",
    ),
    (
        &[9002],
        &["log-held", "link-connection", "faults"],
        "free the log: BACKUP LOG once the secondary has caught up, or drop what holds it",
    ),
    (
        &[3059, 3062],
        &["link-state"],
        "on a secondary only COPY_ONLY full backups and log backups are allowed",
    ),
    (
        &[41904, 41902, 41901, 41906],
        &[],
        "a managed instance backs up by itself; users only make COPY_ONLY backups TO URL",
    ),
    (
        &[15232],
        &["instance-certificate"],
        "the certificate is there already; drop it first, whatever its name",
    ),
    (&[35208], &[], "USE master; first"),
    (&[50990], &[], "COMPAT.md lists what milink does"),
];

/// What a database that a link replicates to a managed instance cannot be given.
const NOT_REPLICABLE: &[i32] = &[47507, 47508, 47509, 47510, 47518, 47526];

/// Explains an error that a statement on `instance` met.
pub fn sql_error(world: &World, instance: InstanceId, number: i32, message: &str) -> Explanation {
    let explained = Explanation::of(message);
    if linked_server::NUMBERS.contains(&number) {
        return linked_server::explain(world, instance, number, explained);
    }
    if NOT_REPLICABLE.contains(&number) {
        return not_replicable(world, instance, explained);
    }
    let Some((_, ids, remedy)) = KNOWN.iter().find(|(numbers, ..)| numbers.contains(&number))
    else {
        return explained;
    };
    let explained = match subject(world, instance).filter(|_| !ids.is_empty()) {
        Some(subject) => explained.checked(&subject, ids),
        None => explained,
    };
    match remedy.is_empty() {
        true => explained,
        false => explained.remedy(*remedy),
    }
}

fn not_replicable(world: &World, instance: InstanceId, explained: Explanation) -> Explanation {
    let links = world.links.values();
    let from_here = links.filter(|link| partner_of(world, link) == Some(instance));
    let told = |explained: Explanation, link: &Arc<Link>| {
        let (link, database) = (&link.id.name, &link.spec.database);
        explained.fact(format!(
            "link '{link}' replicates '{database}' to a managed instance, which cannot have it"
        ))
    };
    from_here
        .fold(explained, told)
        .remedy("leave it out, or delete the link first")
}

/// The first link that the instance is a side of, or could be.
fn subject(world: &World, instance: InstanceId) -> Option<Subject<'_>> {
    let found = world.instance(instance)?;
    let name = Some(found.name.to_string());
    let wish = match found.is_managed_instance() {
        true => Wish {
            instance: name,
            ..Wish::default()
        },
        false => Wish {
            server: name,
            ..Wish::default()
        },
    };
    subjects(world, &wish).ok()?.into_iter().next()
}
