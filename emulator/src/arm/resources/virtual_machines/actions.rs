//! What a machine can be told: to start, to stop, and to run a script.

use axum::http::StatusCode;
use milink_core::azure::fabric::{
    Os, Power, PowerMachine, RestartMachine, RunOnMachine, StartMachine,
};
use milink_core::ids::OperationId;
use serde_json::json;

use super::script::{self, Unknown};
use super::{find, network};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::operations;
use crate::arm::registry::Handler;
use crate::arm::resources::references::missing;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("start", start),
    ("restart", restart),
    ("powerOff", power_off),
    ("deallocate", deallocate),
    ("runCommand", run_command),
];

/// The one command that takes a script.
const RUN_SCRIPT: &str = "RunShellScript";

fn start(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    accepted(call, || call.submit(StartMachine { key }))
}

fn restart(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    accepted(call, || call.submit(RestartMachine { key }))
}

fn power_off(call: &Call<'_>) -> Result<Answer, ArmError> {
    turn(call, Power::Stopped)
}

fn deallocate(call: &Call<'_>) -> Result<Answer, ArmError> {
    turn(call, Power::Deallocated)
}

fn turn(call: &Call<'_>, power: Power) -> Result<Answer, ArmError> {
    let key = network::key(call);
    accepted(call, || call.submit(PowerMachine { key, power }))
}

fn accepted(
    call: &Call<'_>,
    change: impl FnOnce() -> Result<OperationId, ArmError>,
) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    operations::network(call, Answer::empty(StatusCode::ACCEPTED), change()?)
}

/// Azure accepts a script and answers later; here it is over at once, which clients take as well.
fn run_command(call: &Call<'_>) -> Result<Answer, ArmError> {
    let os = find(call, |_, machine| machine.profile.os)?;
    let lines = call.body(|body| {
        let command = body.string("commandId")?;
        let command = command.ok_or_else(|| missing("commandId"))?;
        if !command.eq_ignore_ascii_case(RUN_SCRIPT) || os != Os::Linux {
            return Err(ArmError::not_emulated(&format!(
                "The run command '{command}' on a {os:?} machine"
            )));
        }
        if body
            .objects("parameters")?
            .is_some_and(|all| !all.is_empty())
        {
            return Err(ArmError::not_emulated("A run command's parameters"));
        }
        body.strings("script")?.ok_or_else(|| missing("script"))
    })?;
    let commands = script::parse(&lines).map_err(|Unknown(line)| {
        ArmError::not_emulated(&format!("The command '{line}' on a virtual machine"))
    })?;
    let printed = call.submit(RunOnMachine {
        key: network::key(call),
        commands,
    })?;
    let message = format!(
        "Enable succeeded: \n[stdout]\n{}\n[stderr]\n{}",
        printed.out, printed.err
    );
    Ok(Answer::ok(&json!({ "value": [{
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "message": message,
    }] })))
}
