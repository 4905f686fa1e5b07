//! Every version of SQL Server against every update policy, in every direction: what is refused, by which door.

use expect_test::expect_file;
use milink_core::command::GroupAction;
use milink_core::durations::Profile;
use milink_core::link::*;
use milink_core::operation::{OperationError, OperationState};
use milink_core::refusal::{LinkError, Refusal};
use milink_core::version::{Build, UpdatePolicy};
use milink_tsql::statement::refusal::{link_error_number, sql_error};

use crate::arm;

#[path = "../../core/tests/lab/mod.rs"]
mod lab;
use lab::Lab;

const BUILDS: [(&str, Build); 10] = [
    ("2016 SP3", Build::new(13, 6300, 2)),
    ("2016 SP3 + Azure Connect", Build::SQL_2016),
    ("2017", Build::SQL_2017),
    ("2019", Build::SQL_2019),
    ("2022 RTM", Build::SQL_2022_RTM),
    ("2022 CU10", Build::SQL_2022_CU10),
    ("2022 CU13", Build::SQL_2022_CU13),
    ("2022 CU27", Build::SQL_2022_CU27),
    ("2025", Build::SQL_2025),
    ("2025 CU9", Build::SQL_2025_CU9),
];

const POLICIES: [UpdatePolicy; 3] = [
    UpdatePolicy::SqlServer2022,
    UpdatePolicy::SqlServer2025,
    UpdatePolicy::AlwaysUpToDate,
];

/// What is tried; each begins in a world of its own.
type Attempt = fn(Build, UpdatePolicy) -> String;

const ATTEMPTS: [(&str, Attempt); 9] = [
    ("create from SQL Server, one way", |build, policy| {
        created(build, policy, LinkRole::Secondary, LinkFailoverMode::None).map_or_else(told, fine)
    }),
    ("create from SQL Server, two-way", |build, policy| {
        created(build, policy, LinkRole::Secondary, LinkFailoverMode::Manual)
            .map_or_else(told, fine)
    }),
    ("create from the instance", |build, policy| {
        created(build, policy, LinkRole::Primary, LinkFailoverMode::Manual).map_or_else(told, fine)
    }),
    ("planned by T-SQL", |build, policy| {
        on_any_link(build, policy, |lab| {
            lab.alter_dag(GroupAction::Failover).map(drop)
        })
    }),
    ("planned by ARM from the instance", |build, policy| {
        let lab = created(build, policy, LinkRole::Primary, LinkFailoverMode::Manual);
        lab.map_or_else(
            |_| "-".to_owned(),
            |mut lab| answered(lab.fail_over(FailoverKind::Planned).map(drop)),
        )
    }),
    ("forced by ARM", |build, policy| {
        on_any_link(build, policy, |lab| {
            lab.fail_over(FailoverKind::ForcedAllowDataLoss).map(drop)
        })
    }),
    ("forced on a link of failover mode None", |build, policy| {
        let lab = created(build, policy, LinkRole::Secondary, LinkFailoverMode::None);
        lab.map_or_else(
            |_| "-".to_owned(),
            |mut lab| answered(lab.set_role(LinkRole::Primary, true).map(drop)),
        )
    }),
    ("failback after a forced failover", |build, policy| {
        let lab = created(build, policy, LinkRole::Secondary, LinkFailoverMode::Manual);
        let Ok(mut lab) = lab else {
            return "-".to_owned();
        };
        if lab.fail_over(FailoverKind::ForcedAllowDataLoss).is_err() {
            return "-".to_owned();
        }
        lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
        lab.settle();
        lab.resume();
        lab.settle();
        let answer = lab.fail_over(FailoverKind::Planned).map(drop);
        lab.settle();
        answered(answer)
    }),
    ("cut over: delete the link", |build, policy| {
        on_any_link(build, policy, |lab| {
            lab.apply(DeleteLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
            });
            lab.settle();
            lab.insert(lab.mi, 1).expect("the instance's copy is open");
            lab.insert(lab.sql, 1).expect("SQL Server's database is");
            let sql = lab.world.instance(lab.sql).unwrap();
            assert!(sql.group("DAG_db1").is_some() && sql.group("AG_db1").is_some());
            Ok(())
        })
    }),
];

/// A link in step, or why there is none.
fn created(
    build: Build,
    policy: UpdatePolicy,
    role: LinkRole,
    mode: LinkFailoverMode,
) -> Result<Lab, LinkError> {
    let mut lab = Lab::new(Profile::Fast);
    lab.set_versions(build, policy);
    match role {
        LinkRole::Secondary => {
            lab.prepare(None);
            lab.create_table();
        }
        LinkRole::Primary => lab.prepare_from_instance(),
    }
    let spec = LinkSpec {
        instance_role: role,
        failover_mode: mode,
        ..Lab::spec()
    };
    let operation = lab.apply(CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec,
    });
    lab.settle();
    match lab.outcome(operation) {
        OperationState::Failed {
            error: OperationError::Link(error),
            ..
        } => Err(error.clone()),
        OperationState::Succeeded { .. } => Ok(lab),
        other => panic!("{other:?}"),
    }
}

/// On a link from SQL Server: two-way if there can be one.
fn on_any_link(
    build: Build,
    policy: UpdatePolicy,
    ask: impl FnOnce(&mut Lab) -> Result<(), Refusal>,
) -> String {
    let link = |mode| created(build, policy, LinkRole::Secondary, mode);
    match link(LinkFailoverMode::Manual).or_else(|_| link(LinkFailoverMode::None)) {
        Err(_) => "-".to_owned(),
        Ok(mut lab) => answered(ask(&mut lab)),
    }
}

fn fine(_: Lab) -> String {
    "yes".to_owned()
}

fn told(error: LinkError) -> String {
    let number = link_error_number(&error);
    let (status, code) = arm::code_of_failure(&OperationError::Link(error));
    format!("{number}, {status} {code}")
}

fn answered(answer: Result<(), Refusal>) -> String {
    let Err(refusal) = answer else {
        return "yes".to_owned();
    };
    let (status, code) = arm::code_of_refusal(&refusal);
    format!("{}, {status} {code}", sql_error(&refusal).number)
}

#[test]
fn every_version_with_every_policy_in_every_direction() {
    let mut table = String::new();
    for (what, attempt) in ATTEMPTS {
        table.push_str(&format!("{what}\n"));
        for (name, build) in BUILDS {
            let cells = POLICIES.map(|policy| attempt(build, policy));
            let cells = match &cells {
                [one, two, three] if one == two && two == three => one.clone(),
                cells => cells.join(" | "),
            };
            table.push_str(&format!("  {name}: {cells}\n"));
        }
    }
    expect_file!["versions.txt"].assert_eq(&table);
}
