//! How to test a tool of your own: a tiny one that links a database and fails over, driven through real sockets.
//!
//! The tool knows only addresses and credentials. What it did is checked by the reference model, which is told what was asked
//! for, and by what the emulator's world shows.

use milink_client::{Arm, Error, Sql};
use milink_proptest::action::{Action, Pair, Place, Side, preparation};
use milink_proptest::arm::{ArmRequest, link_body, request};
use milink_proptest::case::Case;
use milink_proptest::observation::Role;
use milink_proptest::reference::Reference;
use milink_proptest::topology::{Pace, Plan, Policy, Version};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

const API: &str = "2025-08-01-preview";
const PAIR: Pair = Pair::FIRST;

/// The tool under test: what a user would have written.
struct Tool {
    arm: Arm,
    server: Sql,
    link: String,
}

impl Tool {
    async fn link(&self) -> Result<(), Error> {
        let body = link_body(PAIR, false, true);
        self.arm.send("PUT", &self.link, API, Some(&body)).await?;
        Ok(())
    }

    async fn insert(&mut self, value: i64) -> Result<(), Error> {
        let insert = format!("INSERT INTO db1.dbo.t (a) VALUES ({value})");
        self.server.batch(&insert).await?;
        Ok(())
    }

    /// Makes the instance primary; the tool believes that it may always do that.
    async fn take_over(&self) -> Result<(), Error> {
        let path = format!("{}/failover", self.link);
        let body = json!({ "failoverType": "ForcedAllowDataLoss" });
        self.arm.send("POST", &path, API, Some(&body)).await?;
        Ok(())
    }
}

/// What the tool is made to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    Insert,
    TakeOver,
    Pause(u32),
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        3 => Just(Order::Insert),
        1 => Just(Order::TakeOver),
        3 => (1..60_u32).prop_map(Order::Pause),
    ]
}

/// An emulator per case, and few cases: each starts in milliseconds, and still is a whole one.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &[7; 16]);
    TestRunner::new_with_rng(config, random)
}

#[test]
fn whatever_the_tool_does_is_what_a_link_allows() {
    let plan = Plan::usual(Pace::Fast);
    let orders = proptest::collection::vec(order(), 1..8);
    let outcome = runner(4).run(&orders, |orders| {
        let case = Case::start(&plan);
        let mut reference = Reference::new(&plan);
        // The ground is prepared by the kit; the tool does the rest.
        for action in preparation(PAIR, false) {
            case.perform(&action)
                .expect("the article's steps are accepted");
            reference.accepted(&action, None);
        }
        case.advance(5);
        let mut tool = Tool {
            arm: case.arm(),
            server: case.sql(Place::Server(0)),
            link: format!(
                "{}/distributedAvailabilityGroups/{}",
                case.instance_id(0),
                PAIR.link()
            ),
        };
        case.block_on(tool.link()).expect("a good request");
        reference.accepted(&Action::CreateLink(PAIR, false), None);
        reference
            .look(case.observe())
            .map_err(TestCaseError::fail)?;
        case.advance(30);
        for (value, order) in (1..).zip(orders) {
            let (action, done) = match order {
                Order::Pause(seconds) => {
                    case.advance(seconds);
                    (Action::Advance(seconds), true)
                }
                Order::Insert => {
                    let inserted = case.block_on(tool.insert(value));
                    (Action::Insert(Place::Server(0), 0), inserted.is_ok())
                }
                Order::TakeOver => {
                    let done = case.block_on(tool.take_over());
                    (Action::LinkFailover(PAIR, true), done.is_ok())
                }
            };
            prop_assert!(
                reference.expect(&action).allows(done),
                "{action:?}: {done}, and must be {:?}",
                reference.expect(&action)
            );
            if done {
                reference.accepted(&action, Some(value));
            }
            reference
                .look(case.observe())
                .map_err(TestCaseError::fail)?;
            case.check().map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn wrong_requests_are_refused_and_good_ones_never_break_the_server() {
    let plan = Plan {
        servers: vec![Version::Sql2022Cu13],
        databases: 2,
        instances: vec![Policy::Sql2022, Policy::AlwaysUpToDate],
        pace: Pace::Instant,
        several: false,
        replicas: None,
    };
    let case = Case::start(&plan);
    let arm = case.arm();
    let outcome = runner(100).run(&request(&plan), |request: ArmRequest| {
        let path = format!("{}{}", case.instance_id(request.instance), request.path);
        let answer = case.block_on(arm.send(request.method, &path, API, request.body.as_ref()));
        let status = match &answer {
            Ok(answer) => answer.status,
            Err(Error::Arm { status, .. }) => *status,
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        prop_assert!(status < 500, "{request:?}: {answer:?}");
        prop_assert!(!request.broken || status >= 400, "{request:?}: {answer:?}");
        case.check().map_err(TestCaseError::fail)
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn what_is_observed_is_what_the_servers_say() {
    let case = Case::start(&Plan::usual(Pace::Instant));
    for action in preparation(PAIR, false) {
        case.perform(&action)
            .expect("the article's steps are accepted");
    }
    case.perform(&Action::CreateLink(PAIR, false))
        .expect("a good link");
    case.advance(1);
    let seen = case.observe();
    assert_eq!(seen.halves[&PAIR], Role::Primary);
    assert!(seen.links[&PAIR].in_step);
    let mut instance = case.sql(PAIR.place(Side::Instance));
    let write = instance.batch("INSERT INTO db1.dbo.t (a) VALUES (1)");
    let refused = case.block_on(write).expect_err("it is a copy");
    assert_eq!(refused.sql_number(), Some(3906));
}
