//! Why something was refused or failed, and what would put it right: a reading of the world, in words for people.
//!
//! What ails a link is told by the same checks that `doctor` makes beforehand, so that the two cannot disagree.

mod ailing;
mod link_error;
mod linked_server;
mod refusal;
mod server_name;
mod sql_error;

use serde::Serialize;

pub use ailing::{Ailing, ailing};
pub use link_error::link_error;
pub use refusal::refusal;
pub use server_name::server_name;
pub use sql_error::sql_error;

use crate::doctor::{Check, Subject, Verdict, checks};
use crate::ids::OperationId;
use crate::link::{Link, LinkId};
use crate::names::Name;
use crate::operation::{OperationError, OperationState};
use crate::world::World;

/// What is said where the checks find nothing any more.
const PUT_RIGHT: &str = "nothing of this is wrong any more: it has been put right since";

/// Why, and what would put it right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The reason in one sentence.
    pub reason: String,
    /// What led to it: values that were read, from the nearest to the furthest.
    pub facts: Vec<String>,
    /// Statements and commands that put it right, in order.
    pub remedy: Vec<String>,
}

impl Explanation {
    fn of(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            ..Self::default()
        }
    }

    fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    fn remedy(mut self, step: impl Into<String>) -> Self {
        self.remedy.push(step.into());
        self
    }

    /// Takes up what these checks have found. Where they find nothing any more, it has been put right since.
    fn checked(mut self, subject: &Subject<'_>, ids: &[&str]) -> Self {
        let found: Vec<Check> = checks(subject)
            .into_iter()
            .filter(|check| ids.contains(&check.id))
            .collect();
        let wrong = |check: &&Check| matches!(check.verdict, Verdict::Fail | Verdict::Warn);
        let fails = found.iter().any(|check| wrong(&check));
        for check in &found {
            let relevant = !fails || wrong(&check);
            if relevant {
                let evidence = check.evidence.join("; ");
                self.facts.push(format!(
                    "{}: {}: {evidence}",
                    check.title,
                    check.verdict.text()
                ));
            }
            self.remedy.extend(check.remedy.iter().cloned());
        }
        if !fails {
            self.facts.push(PUT_RIGHT.to_owned());
        }
        self
    }
}

/// Why an operation failed; none if it has not.
pub fn operation(world: &World, id: OperationId) -> Option<Explanation> {
    let operation = world.operation(id)?;
    let OperationState::Failed { ended, error } = &operation.state else {
        return None;
    };
    let about = format!(
        "{} of '{}' failed at {ended}",
        operation.word, operation.resource.path
    );
    let explained = match error {
        OperationError::Link(error) => {
            link_error(world, of_path(world, &operation.resource.path), error)
        }
        OperationError::LinkNotFound { name } => {
            let links = world.links.keys().map(|id| format!("'{}'", id.name));
            let links: Vec<String> = links.collect();
            Explanation::of(format!("there is no link '{name}'"))
                .fact(format!("the links are: {}", links.join(", ")))
                .remedy(
                    "name a link that is there; a deletion that has succeeded needs no second one",
                )
        }
        OperationError::Refused(refused) => refusal(world, refused),
        OperationError::Interrupted { code, .. } => Explanation::of(format!(
            "the operation did its work and ended with {code}, because a fault on request says so"
        ))
        .remedy("read the resource: it is as it was asked for"),
    };
    Some(explained.fact(about))
}

/// The link at `…/managedInstances/{instance}/distributedAvailabilityGroups/{link}`.
fn of_path<'a>(world: &'a World, path: &str) -> Option<&'a Link> {
    let mut parts = path.split('/').rev();
    let (link, _, instance) = (parts.next()?, parts.next()?, parts.next()?);
    let id = LinkId::new(world.managed_instance(instance)?.id, Name::new(link));
    let members = || {
        let group = world.link_groups.get(&id)?;
        group.members(world).next()
    };
    world.links.get(&id).or_else(members).map(AsRef::as_ref)
}

/// The link whose distributed group has this name, on whichever instance.
fn named<'a>(world: &'a World, group: &str) -> Option<&'a Link> {
    let mut links = world.links.values();
    let found = links.find(|link| link.id.name.is(group) || link.spec.partner_group.is(group));
    found.map(AsRef::as_ref)
}
