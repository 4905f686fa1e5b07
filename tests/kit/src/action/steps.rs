//! What leads to a link, step by step.

use super::{Action, BackupKind, Certificate, DATABASES, Local, Pair, Place, Side};
use crate::topology::Plan;

/// What leads to a link, from nothing: the article's steps. With a step left out or done wrong, `draw` finds out what that
/// does.
pub fn preparation(pair: Pair, from_instance: bool) -> Vec<Action> {
    let (n, server) = (pair.database, pair.server());
    let mut steps = Vec::new();
    if from_instance {
        steps.push(Action::CreateDatabase(Place::Instance(pair.instance), n));
    } else {
        steps.push(Action::CreateDatabase(Place::Server(server), n));
        steps.push(Action::Backup(n, BackupKind::Full));
    }
    steps.extend([
        Action::CreateCertificate(server, Certificate::First),
        Action::ImportCertificate(pair),
        Action::TrustRoot(server),
        Action::UploadCertificate(pair, Certificate::First),
        Action::CreateEndpoint(server),
        Action::CreateGroup(n, !from_instance),
    ]);
    if from_instance {
        steps.push(Action::GrantCreate(n));
    }
    steps.push(Action::CreateDistributed(pair, from_instance));
    steps
}

/// The same for a link with all databases of a server.
pub fn preparation_of_several(plan: &Plan, pair: Pair, from_instance: bool) -> Vec<Action> {
    let mut all = plan.databases_of(pair.server());
    let Some(database) = all.next() else {
        return Vec::new();
    };
    let first = Pair { database, ..pair };
    let side = match from_instance {
        true => Side::Instance,
        false => Side::Server,
    };
    let mut steps = Vec::new();
    for n in all.clone() {
        steps.push(Action::CreateDatabase(first.place(side), n));
        if !from_instance {
            steps.push(Action::Backup(n, BackupKind::Full));
        }
    }
    for step in preparation(first, from_instance) {
        steps.push(step);
        if matches!(step, Action::CreateGroup(..)) && !from_instance {
            steps.extend(all.clone().map(Action::AddDatabase));
        }
    }
    steps
}

/// What makes the second server a replica of a group of the first one, and known to an instance.
pub(super) fn preparation_of_replica(plan: &Plan, pair: Pair) -> Vec<Action> {
    let Some(replicas) = plan.replicas else {
        return Vec::new();
    };
    let n = pair.database;
    let mut steps = vec![
        Action::CreateCertificate(1, Certificate::First),
        Action::CreateEndpoint(1),
        Action::Replica(0, n, Local::Trust),
        Action::Replica(1, n, Local::Trust),
    ];
    let mate = pair.of_mate();
    steps.extend([
        Action::TrustRoot(1),
        Action::ImportCertificate(mate),
        Action::UploadCertificate(mate, Certificate::First),
    ]);
    if replicas.listener {
        steps.push(Action::Replica(0, n, Local::Listen));
    }
    steps.extend([
        Action::Replica(0, n, Local::Add),
        Action::Replica(1, n, Local::Join),
    ]);
    steps
}

/// The databases of a server whose bits are set.
pub fn chosen(plan: &Plan, server: u8, bits: u8) -> impl Iterator<Item = u8> + Clone + use<> {
    let all = plan.databases_of(server);
    all.filter(move |n| bits & (1 << (n % DATABASES)) != 0)
}
