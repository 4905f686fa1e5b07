//! Jobs of SQL Server Agent: what they find of the network, and how runs go on and end.

mod lab;

use lab::*;
use milink_core::agent::{
    AddJob, AddStep, DeleteStep, Job, JobSettings, OnEnd, RunStatus, Stage, StartJob, StepFlags,
    StepSettings, StopJob, Subsystem, TargetJob, When,
};
use milink_core::command::{RestartServer, StopServer};
use milink_core::durations::Profile;
use milink_core::ids::{InstanceId, JobId};
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::{AgentRefusal, Refusal};
use milink_core::time::Span;

fn step(name: &str, command: &str) -> StepSettings {
    StepSettings {
        name: name.to_owned(),
        subsystem: Subsystem::PowerShell,
        command: command.to_owned(),
        on_success: OnEnd::QuitWithSuccess,
        on_failure: OnEnd::QuitWithFailure,
        success_code: 0,
        database: None,
        retry_attempts: 0,
        retry_minutes: 0,
        flags: StepFlags(8),
    }
}

fn settings(name: &str) -> JobSettings {
    JobSettings {
        name: Name::new(name),
        enabled: true,
        description: None,
        start_step: 1,
        category: 0,
        owner: Name::new("sa"),
        notify_eventlog: When::Never,
        delete: When::Never,
    }
}

fn add(
    lab: &mut Lab,
    instance: InstanceId,
    settings: JobSettings,
    steps: &[StepSettings],
) -> JobId {
    let job = lab.apply(AddJob { instance, settings });
    for settings in steps {
        let settings = settings.clone();
        lab.apply(AddStep {
            instance,
            job,
            step: None,
            settings,
        });
    }
    lab.apply(TargetJob {
        instance,
        job,
        targeted: true,
    });
    job
}

fn start(lab: &mut Lab, instance: InstanceId, job: JobId) {
    lab.apply(StartJob {
        instance,
        job,
        step: None,
        by: Name::new("sa"),
    });
}

fn pass(lab: &mut Lab, span: Span) {
    let to = lab.world.now() + span;
    lab.world.advance_to(to);
    invariants::check(&lab.world).unwrap();
}

fn job(lab: &Lab, instance: InstanceId, job: JobId) -> &Job {
    &lab.world.instance(instance).unwrap().agent.jobs[&job]
}

/// What the history says of a job: its steps' numbers and statuses.
fn told(lab: &Lab, instance: InstanceId) -> Vec<(u32, RunStatus)> {
    let history = &lab.world.instance(instance).unwrap().agent.history;
    history.iter().map(|row| (row.step, row.status)).collect()
}

/// Runs a job whose only step tries a port; what it has logged.
fn tried(lab: &mut Lab, from: InstanceId, host: &str, port: u16) -> String {
    let name = format!("{host}:{port}:{}", lab.world.now());
    let command = format!("tnc {host} -port {port} -InformationLevel Quiet");
    let id = add(lab, from, settings(&name), &[step("try", &command)]);
    start(lab, from, id);
    pass(lab, Span::seconds(10));
    let log = job(lab, from, id).steps[0].log.clone();
    log.unwrap().text.trim().to_owned()
}

#[test]
fn jobs_try_the_ports_of_both_sides() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(Step::StartEndpoint));
    let (sql, mi, fqdn) = (lab.sql, lab.mi, lab.fqdn.clone());
    let instance = lab.world.instance(mi).unwrap();
    let managed = instance.as_managed_instance().unwrap();
    let node = format!(
        "{}.{}.database.windows.net",
        managed.node_name, managed.dns_zone
    );
    let port = managed.node_port();
    let find = |lab: &mut Lab| {
        [
            tried(lab, sql, &fqdn, 5022),
            tried(lab, sql, &node, port),
            tried(lab, mi, "10.0.0.4", 5022),
        ]
    };
    // The endpoint does not listen yet.
    assert_eq!(find(&mut lab), ["True", "True", "False"]);
    assert_eq!(tried(&mut lab, sql, "localhost", 5022), "False");
    lab.turn_endpoint(milink_core::endpoint::EndpointState::Started);
    assert_eq!(find(&mut lab), ["True", "True", "True"]);
    assert_eq!(tried(&mut lab, sql, "localhost", 5022), "True");
    assert_eq!(tried(&mut lab, sql, &fqdn, 80), "False");
    assert_eq!(tried(&mut lab, sql, "nowhere", 5022), "False");
    for (from, to, reach, expected) in [
        (sql, mi, Reach::GatewayOnly, ["True", "False", "True"]),
        (sql, mi, Reach::Silent, ["False", "False", "True"]),
        (mi, sql, Reach::Refused, ["True", "True", "False"]),
    ] {
        lab.apply(SetReach { from, to, reach });
        assert_eq!(find(&mut lab), expected, "{reach:?}");
        let reach = Reach::Open;
        lab.apply(SetReach { from, to, reach });
    }
    lab.apply(StopServer { instance: sql });
    assert_eq!(tried(&mut lab, mi, "10.0.0.4", 5022), "False");
}

#[test]
fn a_run_takes_its_steps_in_their_order() {
    let good = "tnc localhost -port 1433";
    let mut lab = Lab::new(Profile::Azure);
    let sql = lab.sql;
    let first = StepSettings {
        on_success: OnEnd::GoTo(3),
        ..step("first", good)
    };
    let never = step("never", good);
    let bad = StepSettings {
        retry_attempts: 1,
        retry_minutes: 5,
        on_failure: OnEnd::Next,
        ..step("bad", "Get-Process")
    };
    let last = StepSettings {
        on_success: OnEnd::Next,
        ..step("last", good)
    };
    let id = add(&mut lab, sql, settings("j"), &[first, never, bad, last]);
    start(&mut lab, sql, id);
    pass(&mut lab, Span::seconds(5));
    let retrying = vec![(1, RunStatus::Succeeded), (3, RunStatus::Retry)];
    assert_eq!(told(&lab, sql), retrying);
    assert!(job(&lab, sql, id).is_running());
    pass(&mut lab, Span::minutes(6));
    let mut all = retrying;
    all.extend([
        (3, RunStatus::Failed),
        (4, RunStatus::Succeeded),
        (0, RunStatus::Succeeded),
    ]);
    assert_eq!(told(&lab, sql), all);
    // What is not run is named.
    let history = &lab.world.instance(sql).unwrap().agent.history;
    assert!(
        history[1].message.contains("'Get-Process'"),
        "{}",
        history[1].message
    );
    assert!(job(&lab, sql, id).steps[1].last.is_none());
}

#[test]
fn a_job_that_goes_in_circles_ends() {
    let mut lab = Lab::new(Profile::Instant);
    let sql = lab.sql;
    let round = StepSettings {
        on_success: OnEnd::GoTo(1),
        ..step("round", "tnc localhost -port 1433")
    };
    let id = add(&mut lab, sql, settings("j"), &[round]);
    start(&mut lab, sql, id);
    pass(&mut lab, Span::seconds(1));
    let run = job(&lab, sql, id).run.as_ref().unwrap();
    assert!(matches!(
        run.stage,
        Stage::Over {
            status: RunStatus::Failed,
            ..
        }
    ));
    let kept = lab.world.instance(sql).unwrap().agent.history.len();
    assert!(kept <= 100, "{kept}");
}

#[test]
fn a_run_ends_with_its_service_or_by_hand_and_can_take_the_job_along() {
    let mut lab = Lab::new(Profile::Azure);
    let sql = lab.sql;
    let steps = [step("s", "tnc localhost -port 1433")];
    let id = add(&mut lab, sql, settings("j"), &steps);
    start(&mut lab, sql, id);
    lab.apply(RestartServer { instance: sql });
    pass(&mut lab, Span::minutes(1));
    let canceled = [(1, RunStatus::Canceled), (0, RunStatus::Canceled)];
    assert_eq!(told(&lab, sql), canceled);
    start(&mut lab, sql, id);
    let by = Name::new("sa");
    let stop = StopJob {
        instance: sql,
        job: id,
        by,
    };
    lab.apply(stop.clone());
    pass(&mut lab, Span::minutes(1));
    assert_eq!(told(&lab, sql), [canceled, canceled].concat());
    let now = lab.world.now();
    let refused = lab.world.apply(now, stop);
    assert!(
        matches!(
            refused,
            Err(Refusal::Agent(AgentRefusal::NotRunning { .. }))
        ),
        "{refused:?}"
    );
    let once = JobSettings {
        delete: When::Success,
        ..settings("once")
    };
    let id = add(&mut lab, sql, once, &steps);
    start(&mut lab, sql, id);
    pass(&mut lab, Span::minutes(1));
    assert!(
        !lab.world
            .instance(sql)
            .unwrap()
            .agent
            .jobs
            .contains_key(&id)
    );
}

#[test]
fn steps_that_come_and_go_keep_what_goes_to_them() {
    let good = "tnc localhost -port 1433";
    let mut lab = Lab::new(Profile::Azure);
    let sql = lab.sql;
    let first = StepSettings {
        on_success: OnEnd::GoTo(2),
        on_failure: OnEnd::GoTo(3),
        ..step("a", good)
    };
    let id = add(
        &mut lab,
        sql,
        settings("j"),
        &[first, step("b", good), step("c", good)],
    );
    lab.apply(AddStep {
        instance: sql,
        job: id,
        step: Some(2),
        settings: step("between", good),
    });
    let ends = |lab: &Lab| {
        let settings = &job(lab, sql, id).steps[0].settings;
        (settings.on_success, settings.on_failure)
    };
    assert_eq!(ends(&lab), (OnEnd::GoTo(3), OnEnd::GoTo(4)));
    lab.apply(DeleteStep {
        instance: sql,
        job: id,
        step: Some(3),
    });
    assert_eq!(ends(&lab), (OnEnd::QuitWithSuccess, OnEnd::GoTo(3)));
    // A step that is taken away under its run.
    start(&mut lab, sql, id);
    lab.apply(DeleteStep {
        instance: sql,
        job: id,
        step: None,
    });
    pass(&mut lab, Span::minutes(1));
    assert!(!job(&lab, sql, id).is_running());
}
