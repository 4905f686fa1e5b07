//! The laws of jobs.

use super::{Awaits, Stage};
use crate::world::{Timer, World};

/// A step that waits for its time has a timer; one whose T-SQL is to be run is known to whoever runs it; nothing else has or
/// is.
pub(crate) fn running_jobs_go_on(world: &World) -> Option<String> {
    for (instance, found) in &world.instances {
        for (id, job) in &found.agent.jobs {
            let name = || format!("{}.{}", found.name, job.settings.name);
            let has_timer = world.timers.due(&Timer::Job(*instance, *id)).is_some();
            let in_hand = world.jobs_in_hand.contains(&(*instance, *id));
            let awaits = job.turn().map(|turn| turn.awaits);
            let lawful = match awaits {
                None => !has_timer && !in_hand,
                Some(Awaits::Time) => has_timer && !in_hand,
                Some(Awaits::Taker) => !has_timer && in_hand,
                Some(Awaits::Batch) => in_hand,
            };
            if !lawful {
                return Some(format!(
                    "{} awaits {awaits:?}, timer: {has_timer}, in hand: {in_hand}",
                    name()
                ));
            }
            let life = job.run.as_ref().map(|run| run.life);
            if awaits.is_some() && life != Some(found.life) {
                return Some(format!("{} runs in a life that is over", name()));
            }
        }
    }
    let lost = world.jobs_in_hand().find(|(instance, job)| {
        let found = world.instance(*instance);
        found.is_none_or(|found| !found.agent.jobs.contains_key(job))
    });
    lost.map(|(instance, job)| format!("job {job} of {instance} is in hand, and gone"))
}

/// The history says of a job that is over what its activity says, and numbers its rows upwards.
pub(crate) fn history_agrees(world: &World) -> Option<String> {
    for found in world.instances.values() {
        let agent = &found.agent;
        let mut last = 0;
        for row in &agent.history {
            if row.id <= last {
                return Some(format!("{}: row {} after {last}", found.name, row.id));
            }
            last = row.id;
        }
        for job in agent.jobs.values() {
            let Some(Stage::Over { status, entry, .. }) = job.run.as_ref().map(|run| &run.stage)
            else {
                continue;
            };
            let told = agent.history.iter().find(|row| row.id == *entry);
            if told.is_some_and(|row| row.status != *status || row.step != 0 || row.job != job.id) {
                return Some(format!(
                    "{}: job {} is {status:?}, its history says otherwise",
                    found.name, job.settings.name
                ));
            }
        }
    }
    None
}
