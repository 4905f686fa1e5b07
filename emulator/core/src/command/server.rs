//! Small things of an instance: files its statements write, trace flags, serial numbers, `sp_configure`.

use std::sync::Arc;

use super::Request;
use crate::ids::InstanceId;
use crate::instance::Configured;
use crate::refusal::Refusal;
use crate::world::World;

/// Writes a file on an instance's own machine, which exists only in the model.
#[derive(Clone, Debug)]
pub struct WriteFile {
    /// The instance.
    pub instance: InstanceId,
    /// The path, as the statement gives it.
    pub path: String,
    /// The bytes.
    pub content: Arc<[u8]>,
}

/// Turns trace flags on or off.
#[derive(Clone, Debug)]
pub struct SetTraceFlags {
    /// The instance.
    pub instance: InstanceId,
    /// The flags.
    pub flags: Vec<i32>,
    /// On or off.
    pub on: bool,
}

/// Sets an `sp_configure` option.
#[derive(Clone, Copy, Debug)]
pub struct Configure {
    /// The instance.
    pub instance: InstanceId,
    /// `configuration_id`.
    pub option: i32,
    /// The new value, in use at once.
    pub value: i64,
}

/// Draws a certificate's serial number from the world's seed.
#[derive(Clone, Copy, Debug)]
pub struct DrawSerial;

/// How many files an instance may have.
const MOST_FILES: usize = 1_000;

impl Request for WriteFile {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        if instance.files.len() >= MOST_FILES
            && let Some(first) = instance.files.keys().next().cloned()
        {
            instance.files.remove(&first);
        }
        instance.files.insert(self.path, self.content);
        Ok(())
    }
}

impl Request for SetTraceFlags {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        for flag in self.flags {
            if self.on {
                instance.trace_flags.insert(flag);
            } else {
                instance.trace_flags.remove(&flag);
            }
        }
        Ok(())
    }
}

impl Request for Configure {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let configured = Configured {
            value: self.value,
            in_use: self.value,
        };
        world
            .instance_mut(self.instance)
            .configuration
            .insert(self.option, configured);
        Ok(())
    }
}

impl Request for DrawSerial {
    type Reply = u128;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<u128, Refusal> {
        Ok(u128::from(world.ids.next_u64()) << 64 | u128::from(world.ids.next_u64()))
    }
}

/// Writes a line to an instance's error log.
#[derive(Clone, Debug)]
pub struct LogError {
    /// The instance.
    pub instance: InstanceId,
    /// The line.
    pub text: String,
}

impl Request for LogError {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        world.instance_mut(self.instance).log(now, self.text);
        Ok(())
    }
}
