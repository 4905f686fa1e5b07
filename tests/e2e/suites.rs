//! Every suite file of `scenarios/suites` passes against an emulator of its own.

use std::path::{Path, PathBuf};

use milink_scenarios::{Runner, Scenario, Silent};
use milink_tests::Stage;

#[tokio::test]
async fn every_suite_file_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/suites");
    let files = suite_files(&folder);
    assert!(!files.is_empty(), "{} has no suites", folder.display());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let scenario =
            Scenario::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let stage = Stage::start_auto().await;
        let mut runner = Runner::new(stage.ready().clone()).expect("the ready file is good");
        let summary = runner.run(&scenario, &mut Silent).await;
        if let Some(failure) = summary.failure() {
            panic!("{}: {failure}", file.display());
        }
        stage.check_laws();
    }
}

fn suite_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)
        .expect("the folder is there")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            files.extend(suite_files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    files
}
