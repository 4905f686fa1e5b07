//! Making jobs and their steps, changing them, and taking them away.

use std::sync::Arc;

use super::{Agent, Job, JobSettings, OnEnd, Step, StepSettings};
use crate::command::Request;
use crate::ids::{InstanceId, JobId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{AgentRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// How many jobs an instance keeps, how many steps a job, and how many categories are added: bounds, not documented limits.
const JOBS: usize = 1_000;
const STEPS: usize = 1_000;
const CATEGORIES: usize = 1_000;
/// Where the numbers of added categories begin.
const FIRST_CATEGORY: i32 = 100;

/// `sp_add_job`.
#[derive(Clone, Debug)]
pub struct AddJob {
    /// The instance.
    pub instance: InstanceId,
    /// What it is.
    pub settings: JobSettings,
}

/// `sp_update_job`: all that can be set, at once.
#[derive(Clone, Debug)]
pub struct ChangeJob {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// What it is from now on.
    pub settings: JobSettings,
}

/// `sp_delete_job`.
#[derive(Clone, Copy, Debug)]
pub struct DeleteJob {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// With its history.
    pub history: bool,
}

/// `sp_add_jobserver` and `sp_delete_jobserver`: whether a job runs here.
#[derive(Clone, Copy, Debug)]
pub struct TargetJob {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// Whether it does.
    pub targeted: bool,
}

/// `sp_add_jobstep`.
#[derive(Clone, Debug)]
pub struct AddStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// The number that it gets; none is the next one.
    pub step: Option<u32>,
    /// What it is.
    pub settings: StepSettings,
}

/// `sp_update_jobstep`: all that can be set, at once.
#[derive(Clone, Debug)]
pub struct ChangeStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// The number of the step.
    pub step: u32,
    /// What it is from now on.
    pub settings: StepSettings,
}

/// `sp_delete_jobstep`.
#[derive(Clone, Copy, Debug)]
pub struct DeleteStep {
    /// The instance.
    pub instance: InstanceId,
    /// The job.
    pub job: JobId,
    /// The number of the step; none is all of them.
    pub step: Option<u32>,
}

/// `sp_purge_jobhistory`.
#[derive(Clone, Copy, Debug)]
pub struct PurgeHistory {
    /// The instance.
    pub instance: InstanceId,
    /// Of one job.
    pub job: Option<JobId>,
    /// What began before.
    pub before: Option<Timestamp>,
}

/// `sp_add_category` for jobs.
#[derive(Clone, Debug)]
pub struct AddCategory {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
}

impl Request for AddJob {
    type Reply = JobId;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<JobId, Refusal> {
        let now = world.now();
        let id = JobId(world.ids.next_guid());
        let instance = world.instance_mut(self.instance);
        check(instance, &self.settings, None)?;
        let agent = instance.agent_mut();
        if agent.jobs.len() >= JOBS {
            return Err(too_many("jobs", JOBS));
        }
        let job = Job {
            id,
            settings: self.settings,
            created: now,
            modified: now,
            version: 1,
            steps: Vec::new(),
            targeted: false,
            run: None,
        };
        agent.jobs.insert(id, Arc::new(job));
        Ok(id)
    }
}

impl Request for ChangeJob {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        check(instance, &self.settings, Some(self.job))?;
        let settings = self.settings;
        change(world, self.instance, self.job, |job| {
            job.settings = settings;
            Ok(())
        })
    }
}

impl Request for DeleteJob {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        found(world, self.instance, self.job)?;
        remove(world, self.instance, self.job);
        if self.history {
            let agent = world.instance_mut(self.instance).agent_mut();
            agent.forget(Some(self.job), None);
        }
        Ok(())
    }
}

impl Request for TargetJob {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let server = world.instance_mut(self.instance).server_name();
        let wanted = self.targeted;
        change(world, self.instance, self.job, |job| {
            let name = job.settings.name.to_string();
            match (job.targeted, wanted) {
                (true, true) => Err(AgentRefusal::Targeted { name, server }),
                (false, false) => Err(AgentRefusal::NotTargeted { name, server }),
                _ => {
                    job.targeted = wanted;
                    Ok(())
                }
            }
        })
    }
}

impl Request for AddStep {
    type Reply = uuid::Uuid;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<uuid::Uuid, Refusal> {
        let uid = world.ids.next_guid();
        let managed = is_managed(world, self.instance);
        supported(&self.settings, managed)?;
        change(world, self.instance, self.job, |job| {
            let next = job.steps.len() as u32 + 1;
            let number = self.step.unwrap_or(next);
            if job.steps.len() >= STEPS {
                let (what, most) = ("steps of a job", STEPS);
                return Err(AgentRefusal::TooMany { what, most });
            }
            if !(1..=next).contains(&number) {
                let most = next.saturating_add(1);
                return Err(AgentRefusal::StepNumber { most });
            }
            unnamed(job, &self.settings.name, None)?;
            // What goes to a step that moves down goes there still (guess: only the steps' own numbers are documented).
            let moved = number < next;
            for step in job.steps.iter_mut().filter(|_| moved) {
                for end in [&mut step.settings.on_success, &mut step.settings.on_failure] {
                    if let OnEnd::GoTo(to) = end
                        && *to >= number
                    {
                        *to += 1;
                    }
                }
            }
            let step = Step {
                uid,
                settings: self.settings.clone(),
                last: None,
                log: None,
            };
            job.steps.insert(number as usize - 1, step);
            Ok(())
        })?;
        Ok(uid)
    }
}

impl Request for ChangeStep {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let managed = is_managed(world, self.instance);
        supported(&self.settings, managed)?;
        change(world, self.instance, self.job, |job| {
            unnamed(job, &self.settings.name, Some(self.step))?;
            let step = job.step_mut(self.step).ok_or(AgentRefusal::NoStep {
                step: self.step.to_string(),
            })?;
            step.settings = self.settings;
            Ok(())
        })
    }
}

impl Request for DeleteStep {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        change(world, self.instance, self.job, |job| {
            let Some(number) = self.step else {
                job.steps.clear();
                job.settings.start_step = 1;
                return Ok(());
            };
            if job.step(number).is_none() {
                return Err(AgentRefusal::NoStep {
                    step: number.to_string(),
                });
            }
            job.steps.remove(number as usize - 1);
            for step in &mut job.steps {
                let settings = &mut step.settings;
                settings.on_success = without(settings.on_success, number, OnEnd::QuitWithSuccess);
                settings.on_failure = without(settings.on_failure, number, OnEnd::QuitWithFailure);
            }
            if job.settings.start_step > number || job.settings.start_step == number && number > 1 {
                job.settings.start_step -= 1;
            }
            Ok(())
        })
    }
}

impl Request for PurgeHistory {
    /// How many rows are gone.
    type Reply = usize;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<usize, Refusal> {
        let agent = world.instance_mut(self.instance).agent_mut();
        Ok(agent.forget(self.job, self.before))
    }
}

impl Request for AddCategory {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let agent = world.instance_mut(self.instance).agent_mut();
        if agent.categories().any(|(_, name)| self.name.is(name)) {
            return Err(AgentRefusal::Exists {
                what: "@name",
                name: self.name.to_string(),
            }
            .into());
        }
        if agent.categories.len() >= CATEGORIES {
            return Err(too_many("categories of jobs", CATEGORIES));
        }
        let last = agent.categories.keys().next_back().copied();
        let id = last.map_or(FIRST_CATEGORY, |last| last + 1);
        agent.categories.insert(id, self.name);
        Ok(())
    }
}

/// What comes after a step when a step is gone, to which it may have gone.
fn without(end: OnEnd, gone: u32, otherwise: OnEnd) -> OnEnd {
    match end {
        OnEnd::GoTo(step) if step == gone => otherwise,
        OnEnd::GoTo(step) if step > gone => OnEnd::GoTo(step - 1),
        end => end,
    }
}

/// Takes a job away, whatever it is doing.
pub(super) fn remove(world: &mut World, instance: InstanceId, job: JobId) {
    world.timers.cancel(&Timer::Job(instance, job));
    world.jobs_in_hand.remove(&(instance, job));
    let agent = world.instance_mut(instance).agent_mut();
    agent.jobs.remove(&job);
}

pub(super) fn found(world: &World, instance: InstanceId, job: JobId) -> Result<&Job, AgentRefusal> {
    let agent = world.instance(instance).map(|found| &found.agent);
    let found = agent.and_then(|agent| agent.jobs.get(&job));
    found.map(|job| &**job).ok_or(AgentRefusal::NotFound {
        what: "@job_id",
        name: job.to_string().to_uppercase(),
    })
}

/// Changes a job as somebody asks, which is counted.
fn change(
    world: &mut World,
    instance: InstanceId,
    job: JobId,
    change: impl FnOnce(&mut Job) -> Result<(), AgentRefusal>,
) -> Result<(), Refusal> {
    let now = world.now();
    found(world, instance, job)?;
    let agent = world.instance_mut(instance).agent_mut();
    if let Some(job) = agent.jobs.get_mut(&job) {
        let job = Arc::make_mut(job);
        change(job)?;
        job.modified = now;
        job.version = job.version.wrapping_add(1);
    }
    Ok(())
}

fn check(
    instance: &Instance,
    settings: &JobSettings,
    itself: Option<JobId>,
) -> Result<(), AgentRefusal> {
    let agent: &Agent = &instance.agent;
    let same = agent.job(settings.name.as_str());
    if same.is_some_and(|same| Some(same.id) != itself) {
        return Err(AgentRefusal::Exists {
            what: "@job_name",
            name: settings.name.to_string(),
        });
    }
    if agent.category(settings.category).is_none() {
        return Err(AgentRefusal::Invalid {
            what: "@category_name",
            procedure: "sp_help_category",
        });
    }
    if !instance.is_job_owner(settings.owner.as_str()) {
        return Err(AgentRefusal::Invalid {
            what: "@owner_login_name",
            procedure: "sp_helplogins [excluding Windows NT groups]",
        });
    }
    Ok(())
}

fn supported(settings: &StepSettings, managed: bool) -> Result<(), AgentRefusal> {
    match managed && !settings.subsystem.is_managed() {
        true => Err(AgentRefusal::Invalid {
            what: "@subsystem",
            procedure: "sp_enum_sqlagent_subsystems",
        }),
        false => Ok(()),
    }
}

fn is_managed(world: &World, instance: InstanceId) -> bool {
    let instance = world.instance(instance);
    instance.is_some_and(|instance| instance.is_managed_instance())
}

/// Names of steps are unique in their job.
fn unnamed(job: &Job, name: &str, itself: Option<u32>) -> Result<(), AgentRefusal> {
    let mut others = (1..).zip(&job.steps);
    let wanted = Name::new(name);
    match others.any(|(number, step)| Some(number) != itself && wanted.is(&step.settings.name)) {
        true => Err(AgentRefusal::Exists {
            what: "@step_name",
            name: name.to_owned(),
        }),
        false => Ok(()),
    }
}

fn too_many(what: &'static str, most: usize) -> Refusal {
    AgentRefusal::TooMany { what, most }.into()
}
