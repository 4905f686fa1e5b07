//! What ails the links that are there: what has failed or come to a stand by itself, without anybody being refused.

use super::{Explanation, PUT_RIGHT, link_error};
use crate::doctor::{Check, Subject, Verdict, checks};
use crate::instance::ServiceState;
use crate::link::{Link, LinkId, Phase, SeedingOutcome};
use crate::time::Timestamp;
use crate::world::World;

/// A link that is not well.
#[derive(Clone, Debug, PartialEq)]
pub struct Ailing {
    /// The link.
    pub link: LinkId,
    /// Since when, as far as is known.
    pub since: Timestamp,
    /// What is wrong, why, and what would put it right.
    pub explanation: Explanation,
}

/// The checks that tell of an ailment that is nobody's error, the worst first.
const SYMPTOMS: &[&str] = &[
    "link-state",
    "data-movement",
    "lag",
    "log-held",
    "certificate-expiry",
];

/// The links of a world that are not well.
pub fn ailing(world: &World) -> Vec<Ailing> {
    let links = world.links.values();
    links.filter_map(|link| of_link(world, link)).collect()
}

fn of_link(world: &World, link: &Link) -> Option<Ailing> {
    let subject = Subject::of_link(world, link);
    let found = checks(&subject);
    let split = matches!(link.phase, Phase::Diverged | Phase::Yielded { .. });
    // What keeps the sides of a split apart are their roles, whatever their last handshake has come to.
    let (since, mut explanation) = out_of_service(link, &subject)
        .or_else(|| error_of(world, link).filter(|_| !split))
        .or_else(|| symptom(link, &found))?;
    // What somebody has asked for himself is told last, with what ends it.
    if let Some(faults) = wrong(&found, "faults") {
        explanation.facts.retain(|fact| fact != PUT_RIGHT);
        explanation.facts.extend(faults.evidence.iter().cloned());
        explanation.remedy.extend(faults.remedy.iter().cloned());
    }
    Some(Ailing {
        link: link.id.clone(),
        since,
        explanation,
    })
}

/// A side that does not run.
fn out_of_service(link: &Link, subject: &Subject<'_>) -> Option<(Timestamp, Explanation)> {
    let sides = [subject.server, subject.instance].into_iter().flatten();
    let stopped = |side: &&crate::instance::Instance| side.service == ServiceState::Stopped;
    let side = sides.into_iter().find(stopped)?;
    let name = &side.name;
    let (what, remedy) = match side.is_managed_instance() {
        true => (
            "the managed instance",
            format!("az sql mi start {}", subject.az_instance()),
        ),
        false => ("SQL Server", format!("milink server start {name}")),
    };
    let since = match &link.connection.last_error {
        Some((_, at)) => *at,
        None => link.since,
    };
    let explained = Explanation::of(format!("{what} '{name}' is stopped"))
        .fact("the partners connect by themselves when it runs again; its role is kept")
        .remedy(remedy);
    Some((since, explained))
}

/// What has failed, and when.
fn error_of(world: &World, link: &Link) -> Option<(Timestamp, Explanation)> {
    if let Phase::Failed { error, .. } = &link.phase {
        return Some((link.since, link_error(world, Some(link), error)));
    }
    let connection = &link.connection;
    if let (None, Some((error, at))) = (connection.connected_since, &connection.last_error) {
        return Some((*at, link_error(world, Some(link), error)));
    }
    if let Some(since) = connection.silent_since {
        let silent = Explanation::of("nothing is heard from the partner")
            .fact("message 35206: after SESSION_TIMEOUT they give each other up")
            .checked(
                &Subject::of_link(world, link),
                &["network", "endpoint-started"],
            );
        return Some((since, silent));
    }
    // The copy is made by another run than the last one, or by none.
    let SeedingOutcome::Failed(at, reason) = &link.seedings.last()?.outcome else {
        return None;
    };
    let going_on = matches!(
        link.phase,
        Phase::Connected | Phase::Seeding | Phase::Recovering { .. }
    );
    going_on.then(|| {
        let explained = match &link.last_error {
            Some(error) => link_error(world, Some(link), error),
            None => Explanation::of(format!("seeding has failed: {reason}")),
        };
        let attempts = link.seedings.len();
        let told = explained.fact(format!(
            "sys.dm_hadr_automatic_seeding: {attempts} attempts, the last one failed: {reason}; it starts anew by itself"
        ));
        (*at, told)
    })
}

/// What no error tells of: the sides are split or nothing moves, though they are connected.
fn symptom(link: &Link, found: &[Check]) -> Option<(Timestamp, Explanation)> {
    let on_its_way = matches!(
        link.phase,
        Phase::Initiating
            | Phase::Connected
            | Phase::Seeding
            | Phase::Recovering { .. }
            | Phase::CatchUp { .. }
            | Phase::FailingOver { .. }
            | Phase::Reverting { .. }
    );
    let mut symptoms = SYMPTOMS.iter().filter_map(|id| wrong(found, id));
    let first = symptoms.find(|check| check.id != "link-state" || !on_its_way)?;
    let evidence = first.evidence.join("; ");
    let explained = Explanation {
        reason: match first.id {
            "link-state" => first.evidence.last().cloned().unwrap_or_default(),
            "data-movement" => "data movement is suspended (message 35264)".to_owned(),
            "lag" => "the secondary is far behind; synchronous commits wait for it".to_owned(),
            "log-held" => {
                "the log of the primary grows: it is kept for the partner, until writers get 9002"
                    .to_owned()
            }
            _ => "a certificate will expire; the next handshake after that fails".to_owned(),
        },
        facts: vec![format!(
            "{}: {}: {evidence}",
            first.title,
            first.verdict.text()
        )],
        remedy: first.remedy.clone(),
    };
    Some((link.since, explained))
}

/// The check of this name, if it found something.
fn wrong<'a>(found: &'a [Check], id: &str) -> Option<&'a Check> {
    let check = found.iter().find(|check| check.id == id)?;
    matches!(check.verdict, Verdict::Fail | Verdict::Warn).then_some(check)
}
