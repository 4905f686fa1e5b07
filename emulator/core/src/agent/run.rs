//! Running jobs: starting, taking steps, ending.

use std::sync::Arc;

use super::define::{found, remove};
use super::{
    Agent, Awaits, Entry, Job, OnEnd, Run, RunStatus, Stage, StepOutcome, StepSettings, Subsystem,
    Turn, script,
};
use crate::command::Request;
use crate::durations::Transition;
use crate::ids::{InstanceId, JobId};
use crate::names::Name;
use crate::refusal::{AgentRefusal, Refusal};
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// `sp_start_job`: it runs from now on, and whoever asked does not wait for it.
#[derive(Clone, Debug)]
pub struct StartJob {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// The step to begin with; none is the job's own.
    pub step: Option<String>,
    /// Who asks.
    pub by: Name,
}

/// `sp_stop_job`.
#[derive(Clone, Debug)]
pub struct StopJob {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// Who asks.
    pub by: Name,
}

/// Whoever speaks SQL takes a T-SQL step's command.
#[derive(Clone, Copy, Debug)]
pub struct BeginStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
}

/// Its command waits for something: it is looked at again then, and whenever anything happens.
#[derive(Clone, Copy, Debug)]
pub struct HoldStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// When.
    pub until: Timestamp,
}

/// Its command is over.
#[derive(Clone, Debug)]
pub struct EndStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// Whether it went well.
    pub succeeded: bool,
    /// What it has printed, as the history shows it.
    pub output: String,
    /// The same as the log shows it.
    pub log: String,
    /// The number and severity of its last error.
    pub error: Option<(i32, u8)>,
}

/// How many steps one run takes at most, so that a job that goes in circles without taking time ends (guess: the product has
/// no bound).
const TURNS: u32 = 1_000;
/// Somebody took the step away while the job ran (guess: the product's text is not known).
const STEP_GONE: &str = "The job was stopped: its step is gone.";

/// What a step has come to.
struct Came {
    succeeded: bool,
    output: String,
    /// What the log gets, if it is not the same.
    log: Option<String>,
    /// What the process that it stands for has returned, if it stands for one.
    exit: Option<i32>,
    error: Option<(i32, u8)>,
}

impl Request for StartJob {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let job = found(world, self.instance, self.job)?;
        let name = job.settings.name.to_string();
        if !job.targeted {
            let id = job.id.to_string().to_uppercase();
            return Err(AgentRefusal::NoServer { name, id }.into());
        }
        if let Some(run) = job.run.as_ref().filter(|run| run.turn().is_some()) {
            let (by, running) = (self.by.to_string(), run.by.to_string());
            return Err(AgentRefusal::Running { name, by, running }.into());
        }
        if job.steps.is_empty() {
            let by = self.by.to_string();
            return Err(AgentRefusal::NoSteps { name, by }.into());
        }
        let step = match &self.step {
            None => job.settings.start_step,
            Some(wanted) => {
                let wanted = Name::new(wanted);
                let mut steps = (1..).zip(&job.steps);
                let found = steps.find(|(_, step)| wanted.is(&step.settings.name));
                let missing = AgentRefusal::NotFound {
                    what: "@step_name",
                    name: wanted.to_string(),
                };
                found.map(|(number, _)| number).ok_or(missing)?
            }
        };
        if job.step(step).is_none() {
            let by = self.by.to_string();
            return Err(AgentRefusal::NoSteps { name, by }.into());
        }
        let requested = world.now();
        let life = world.instance(self.instance).map_or(0, |found| found.life);
        let run = Run {
            life,
            by: self.by,
            requested,
            last_step: None,
            stage: Stage::Running(Turn {
                step,
                retries: 0,
                begun: requested,
                turns: 0,
                awaits: Awaits::Time,
            }),
        };
        let due = requested + world.span(Transition::JobStep);
        if let Some(job) = job_mut(world, self.instance, self.job) {
            job.run = Some(run);
        }
        world.timers.arm(Timer::Job(self.instance, self.job), due);
        Ok(())
    }
}

impl Request for StopJob {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let job = found(world, self.instance, self.job)?;
        let (name, by) = (job.settings.name.to_string(), self.by.to_string());
        if !job.targeted {
            let id = job.id.to_string().to_uppercase();
            return Err(AgentRefusal::NoServerToStop { name, id }.into());
        }
        if !job.is_running() {
            return Err(AgentRefusal::NotRunning { name, by }.into());
        }
        let said = format!("The job was stopped prior to completion by User {by}.");
        cancel(world, self.instance, self.job, &said);
        Ok(())
    }
}

impl Request for BeginStep {
    /// Who owns the job, and what is to be run; none if nothing is to be run any more.
    type Reply = Option<(Name, StepSettings)>;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Self::Reply, Refusal> {
        let Some(job) = job_mut(world, self.instance, self.job) else {
            return Ok(None);
        };
        let Some(Run {
            stage: Stage::Running(turn),
            ..
        }) = &mut job.run
        else {
            return Ok(None);
        };
        if turn.awaits != Awaits::Taker {
            return Ok(None);
        }
        turn.awaits = Awaits::Batch;
        let owner = job.settings.owner.clone();
        Ok(job.batch().cloned().map(|settings| (owner, settings)))
    }
}

impl Request for HoldStep {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        if world.jobs_in_hand.contains(&(self.instance, self.job)) {
            world
                .timers
                .arm(Timer::Job(self.instance, self.job), self.until);
        }
        Ok(())
    }
}

impl Request for EndStep {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        if !world.jobs_in_hand.contains(&(self.instance, self.job)) {
            return Ok(());
        }
        world.timers.cancel(&Timer::Job(self.instance, self.job));
        let came = Came {
            succeeded: self.succeeded,
            output: self.output,
            log: Some(self.log),
            exit: None,
            error: self.error,
        };
        end_turn(world, self.instance, self.job, came);
        Ok(())
    }
}

/// A step's time has come.
pub(crate) fn wake(world: &mut World, instance: InstanceId, job: JobId) {
    let Ok(known) = found(world, instance, job) else {
        return;
    };
    // That a batch is looked at again is the matter of whoever runs it.
    let Some(turn) = known.turn().filter(|turn| turn.awaits == Awaits::Time) else {
        return;
    };
    let Some(step) = known.step(turn.step) else {
        return cancel(world, instance, job, STEP_GONE);
    };
    let settings = &step.settings;
    let parsed = match settings.subsystem {
        Subsystem::Tsql => {
            set_turn(world, instance, job, |turn| turn.awaits = Awaits::Taker);
            world.jobs_in_hand.insert((instance, job));
            return;
        }
        Subsystem::PowerShell => script::powershell(&settings.command),
        Subsystem::CmdExec => script::cmd_exec(&settings.command),
    };
    let success_code = settings.success_code;
    let came = match parsed {
        Ok(tests) => Came {
            succeeded: success_code == 0,
            output: tests.iter().map(|test| test.run(world, instance)).collect(),
            log: None,
            exit: Some(0),
            error: None,
        },
        Err(other) => Came {
            succeeded: false,
            output: format!(
                "milink does not run '{other}': of PowerShell it knows Test-NetConnection (tnc) with a host and -Port only."
            ),
            log: None,
            exit: Some(1),
            error: None,
        },
    };
    end_turn(world, instance, job, came);
}

/// The service of an instance stops, and its agent with it.
pub(crate) fn stop_all(world: &mut World, instance: InstanceId) {
    let Some(found) = world.instance(instance) else {
        return;
    };
    let jobs = found.agent.jobs.values();
    let running: Vec<JobId> = jobs
        .filter(|job| job.is_running())
        .map(|job| job.id)
        .collect();
    for job in running {
        let said = "The job was stopped prior to completion by Shutdown Sequence 0.";
        cancel(world, instance, job, said);
    }
}

/// A step has come out: it is told, and what comes next begins.
fn end_turn(world: &mut World, instance: InstanceId, id: JobId, came: Came) {
    let now = world.now();
    world.jobs_in_hand.remove(&(instance, id));
    let span = world.span(Transition::JobStep);
    let agent = world.instance_mut(instance).agent_mut();
    let Some(known) = agent.jobs.get(&id).cloned() else {
        return;
    };
    let (Some(turn), Some(run)) = (known.turn().copied(), &known.run) else {
        return;
    };
    let Some(step) = known.step(turn.step) else {
        return cancel(world, instance, id, STEP_GONE);
    };
    let settings = &step.settings;
    let again = !came.succeeded && turn.retries < settings.retry_attempts;
    let status = match (came.succeeded, again) {
        (true, _) => RunStatus::Succeeded,
        (false, true) => RunStatus::Retry,
        (false, false) => RunStatus::Failed,
    };
    agent.tell(Entry {
        id: 0,
        job: id,
        step: turn.step,
        name: settings.name.as_str().into(),
        message: step_message(&known, &came, status).into(),
        error: came.error,
        status,
        begun: turn.begun,
        took: now.since(turn.begun),
        retries: turn.retries,
    });
    let mut log = step.log.clone();
    if settings.flags.logs() {
        let appends = settings.flags.appends();
        log = Some(agent.log(log, came.log.as_ref().unwrap_or(&came.output), appends, now));
    }
    let next = match (again, came.succeeded) {
        (true, _) => Some(Ok(turn.step)),
        (false, true) => next_step(&known, turn.step, settings.on_success, true),
        (false, false) => next_step(&known, turn.step, settings.on_failure, false),
    };
    let mut job = (*known).clone();
    if let Some(step) = job.step_mut(turn.step) {
        step.log = log;
        step.last = Some(StepOutcome {
            status,
            begun: turn.begun,
            took: now.since(turn.begun),
            retries: turn.retries,
        });
    }
    let mut run = run.clone();
    run.last_step = Some((turn.step, turn.begun));
    let wait = match again {
        true => Span::minutes(settings.retry_minutes.into()),
        false => Span::ZERO,
    };
    let next = match next {
        Some(_) if turn.turns >= TURNS => None,
        next => next,
    };
    let (next, over) = match next {
        Some(Ok(step)) => (Some(step), RunStatus::Failed),
        Some(Err(status)) => (None, status),
        None => (None, RunStatus::Failed),
    };
    let Some(step) = next else {
        job.run = Some(run);
        agent.jobs.insert(id, Arc::new(job));
        return end_run(world, instance, id, over, None);
    };
    let begun = now + wait;
    run.stage = Stage::Running(Turn {
        step,
        retries: if again { turn.retries + 1 } else { 0 },
        begun,
        turns: turn.turns + 1,
        awaits: Awaits::Time,
    });
    job.run = Some(run);
    agent.jobs.insert(id, Arc::new(job));
    world.timers.arm(Timer::Job(instance, id), begun + span);
}

/// The step that comes after one, or how the job ends; none if it goes to a step that is not there.
fn next_step(job: &Job, step: u32, end: OnEnd, succeeded: bool) -> Option<Result<u32, RunStatus>> {
    match end {
        OnEnd::QuitWithSuccess => Some(Err(RunStatus::Succeeded)),
        OnEnd::QuitWithFailure => Some(Err(RunStatus::Failed)),
        // After the last step there is none: the job ends as that did.
        OnEnd::Next if job.step(step + 1).is_none() => Some(Err(match succeeded {
            true => RunStatus::Succeeded,
            false => RunStatus::Failed,
        })),
        OnEnd::Next => Some(Ok(step + 1)),
        OnEnd::GoTo(to) => job.step(to).map(|_| Ok(to)),
    }
}

/// Ends a run from outside: what its step has done stays done.
fn cancel(world: &mut World, instance: InstanceId, id: JobId, said: &str) {
    let now = world.now();
    world.jobs_in_hand.remove(&(instance, id));
    world.timers.cancel(&Timer::Job(instance, id));
    let agent = world.instance_mut(instance).agent_mut();
    let known = agent.jobs.get(&id).cloned();
    if let Some(known) = known
        && let Some(turn) = known.turn()
        && let Some(step) = known.step(turn.step)
    {
        let begun = turn.begun.min(now);
        agent.tell(Entry {
            id: 0,
            job: id,
            step: turn.step,
            name: step.settings.name.as_str().into(),
            message: format!("Executed as user: {}. The step was cancelled (stopped) as the result of a stop job request.", known.settings.owner).into(),
            error: None,
            status: RunStatus::Canceled,
            begun,
            took: now.since(begun),
            retries: turn.retries,
        });
        let at = (turn.step, begun);
        if let Some(run) = job_mut(world, instance, id).and_then(|job| job.run.as_mut()) {
            run.last_step = Some(at);
        }
    }
    end_run(world, instance, id, RunStatus::Canceled, Some(said));
}

/// The run is over: the history says how it came out.
fn end_run(
    world: &mut World,
    instance: InstanceId,
    id: JobId,
    status: RunStatus,
    said: Option<&str>,
) {
    let now = world.now();
    let agent = world.instance_mut(instance).agent_mut();
    let Some(known) = agent.jobs.get(&id).cloned() else {
        return;
    };
    let Some(run) = &known.run else {
        return;
    };
    let said = said.map_or_else(|| format!("The job {}.", status.word()), str::to_owned);
    let last = run.last_step.and_then(|(number, _)| {
        let step = known.step(number)?;
        let name = &step.settings.name;
        Some(format!(
            "  The last step to run was step {number} ({name})."
        ))
    });
    let last = last.unwrap_or_default();
    let message: Arc<str> = format!("{said}  The Job was invoked by User {}.{last}", run.by).into();
    let entry = agent.tell(Entry {
        id: 0,
        job: id,
        step: 0,
        name: "(Job outcome)".into(),
        message: Arc::clone(&message),
        error: None,
        status,
        begun: run.requested,
        took: now.since(run.requested),
        retries: 0,
    });
    let succeeded = status == RunStatus::Succeeded;
    if known.settings.delete.has_come(succeeded) && status != RunStatus::Canceled {
        return remove(world, instance, id);
    }
    if let Some(run) = job_in(agent, id).and_then(|job| job.run.as_mut()) {
        run.stage = Stage::Over {
            ended: now,
            status,
            message,
            entry,
        };
    }
}

fn step_message(job: &Job, came: &Came, status: RunStatus) -> String {
    let exit = came
        .exit
        .map_or_else(String::new, |code| format!("  Process Exit Code {code}."));
    let output = &came.output;
    let gap = if output.is_empty() { "" } else { " " };
    let owner = &job.settings.owner;
    format!(
        "Executed as user: {owner}.{gap}{output}{exit}  The step {}.",
        status.word()
    )
}

fn set_turn(world: &mut World, instance: InstanceId, job: JobId, set: impl FnOnce(&mut Turn)) {
    if let Some(job) = job_mut(world, instance, job)
        && let Some(Run {
            stage: Stage::Running(turn),
            ..
        }) = &mut job.run
    {
        set(turn);
    }
}

fn job_mut(world: &mut World, instance: InstanceId, job: JobId) -> Option<&mut Job> {
    world.instance(instance)?;
    job_in(world.instance_mut(instance).agent_mut(), job)
}

fn job_in(agent: &mut Agent, job: JobId) -> Option<&mut Job> {
    agent.jobs.get_mut(&job).map(Arc::make_mut)
}
