//! The state machine that draws cases: what a case begins with, and what is done in it.
//!
//! Its state is what has been asked for, not what must be true: the [`Reference`](crate::reference::Reference) model is told
//! what came of each action by whoever performs it.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::action::{Action, action, beginning};
use crate::topology::{Plan, plan};

/// Draws cases over all topologies.
#[derive(Debug)]
pub struct LinkMachine;

/// A case: what there is, and what has been done before the actions that are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Servers, instances and pace.
    pub plan: Plan,
    /// What leads to where the case begins.
    pub beginning: Vec<Action>,
}

/// A case: some plan, and some beginning of it.
pub fn story() -> impl Strategy<Value = Story> {
    plan().prop_flat_map(|plan| {
        beginning(&plan).prop_map(move |beginning| Story {
            plan: plan.clone(),
            beginning,
        })
    })
}

impl ReferenceStateMachine for LinkMachine {
    type State = Story;
    type Transition = Action;

    fn init_state() -> BoxedStrategy<Story> {
        story().boxed()
    }

    fn transitions(story: &Story) -> BoxedStrategy<Action> {
        action(&story.plan)
    }

    fn apply(story: Story, _: &Action) -> Story {
        story
    }

    /// A case that has been shrunk to a smaller plan does nothing to what is not in it.
    fn preconditions(story: &Story, action: &Action) -> bool {
        action.fits(&story.plan)
    }
}
