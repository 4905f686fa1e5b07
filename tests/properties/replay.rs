//! A violation that was found becomes a file that replays it.

use std::path::Path;

use milink_core::World;
use milink_proptest::hunt::{Hunt, hunt};

/// A law that is not one: it breaks when a link has failed over by force.
fn nobody_is_forced(world: &World) -> Option<String> {
    let mut changes = world.links.values().flat_map(|link| &link.role_changes);
    let forced = changes.any(|change| change.forced);
    forced.then(|| "somebody was forced".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_violation_replays_from_its_file() {
    let bounds = Hunt {
        seed: 3,
        steps: 200_000,
        length: 30,
        shrinks: 250,
        failures: Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted"),
    };
    let failure = hunt(&bounds, &[&nobody_is_forced]).expect_err("somebody is forced");
    let file = failure.file.as_ref().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    let broken = |world: &World| match nobody_is_forced(world) {
        Some(_) => Ok(()),
        None => Err("the replay has not come to the violation".to_owned()),
    };
    super::replay(&text, broken)
        .await
        .unwrap_or_else(|what| panic!("{what}\n{text}"));
}
