//! Every suite file of `scenarios/suites`, and every case of it, is a test by itself: in a world of its own, which obeys
//! the laws when it is over.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial as Test};
use milink_scenarios::{Settings, Silent, Trial, Verdict, load, perform};
use milink_tests::Stage;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/suites");
    let trials = match load(&[folder]) {
        Ok(trials) => trials,
        Err(error) => panic!("{error}"),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (stage, emulator) = runtime.block_on(async {
        let stage = Stage::start_auto().await;
        let emulator = milink_scenarios::Emulator::reach(stage.ready(), Settings::default()).await;
        (stage, emulator.expect("the emulator answers"))
    });
    let (stage, emulator) = (Arc::new(stage), Arc::new(emulator));
    let tests = trials.into_iter().map(|trial| {
        let (stage, emulator) = (Arc::clone(&stage), Arc::clone(&emulator));
        let runtime = runtime.handle().clone();
        Test::test(trial.id(), move || {
            runtime.block_on(test(&stage, &emulator, &trial))
        })
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}

async fn test(
    stage: &Stage,
    emulator: &milink_scenarios::Emulator,
    trial: &Trial,
) -> Result<(), Failed> {
    let laws = |world: &str| stage.check_laws_of(world);
    let report = perform(emulator, trial, false, &mut Silent, &laws).await;
    match (&report.verdict, report.summary.steps.last()) {
        (Verdict::Passed, _) => Ok(()),
        (Verdict::Failed, Some(step)) => {
            let failure = report.failure().unwrap_or_default();
            Err(format!(
                "{failure}\nat {}, on {}:\n{}",
                step.at, step.place, step.text
            )
            .into())
        }
        _ => Err(report.failure().unwrap_or_default().into()),
    }
}
