//! Cases that are drawn for the core, over real sockets.

mod agreement;
mod replay;

use std::path::Path;
use std::sync::Arc;

use milink_core::World;
use milink_scenarios::{Emulator, Scenario, Settings, Silent, Trial, Verdict, perform};
use milink_tests::Stage;

/// Performs a scenario in a world of its own, and shows that world to `look` before it goes.
async fn replay(
    text: &str,
    look: impl Fn(&World) -> Result<(), String> + Send + Sync,
) -> Result<(), String> {
    let stage = Stage::start().await;
    let emulator = Emulator::reach(stage.ready(), Settings::default()).await;
    let emulator = emulator.map_err(|error| error.to_string())?;
    let scenario = Scenario::read(text, Path::new("case.toml"));
    let trial = Trial {
        suite: "drawn".to_owned(),
        scenario: Arc::new(scenario.map_err(|error| error.to_string())?),
        case: None,
    };
    let after = |name: &str| {
        let cell = stage.emulator().hub().named(name);
        look(&cell.map_err(|error| error.to_string())?.snapshot())
    };
    let report = perform(&emulator, &trial, false, &mut Silent, &after).await;
    match report.verdict {
        Verdict::Passed => Ok(()),
        _ => Err(report.failure().unwrap_or_default()),
    }
}
