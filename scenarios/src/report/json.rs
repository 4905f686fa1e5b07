//! The outcome as one JSON object.

use std::time::Duration;

use serde_json::{Value, json};

use crate::performance::{TrialReport, Verdict};

/// Everything that is known of a run that took so long.
pub fn json(reports: &[TrialReport], took: Duration) -> Value {
    let passed = reports
        .iter()
        .filter(|report| report.verdict == Verdict::Passed)
        .count();
    let trials: Vec<Value> = reports.iter().map(trial).collect();
    json!({
        "ok": passed == reports.len(),
        "passed": passed,
        "failed": reports.len() - passed,
        "tookMs": milliseconds(took),
        "scenarios": trials,
    })
}

fn trial(report: &TrialReport) -> Value {
    let steps: Vec<Value> = report
        .summary
        .steps
        .iter()
        .map(|step| {
            json!({
                "title": step.title,
                "at": step.at,
                "ok": step.failure.is_none(),
                "failure": step.failure,
                "tookMs": milliseconds(step.took),
                "simulatedSeconds": step.simulated_seconds,
            })
        })
        .collect();
    json!({
        "suite": report.trial.suite,
        "id": report.trial.id(),
        "name": report.trial.scenario.name,
        "case": report.trial.case.as_ref().map(|case| &case.name),
        "file": report.trial.scenario.path.display().to_string(),
        "ok": report.verdict == Verdict::Passed,
        "failure": report.failure(),
        "world": report.kept,
        "tookMs": milliseconds(report.took),
        "simulatedMs": milliseconds(report.summary.simulated),
        "steps": steps,
    })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::some_reports;

    #[test]
    fn every_trial_and_step_is_there() {
        let value = json(&some_reports(), Duration::from_millis(400));
        assert_eq!(
            (&value["ok"], &value["passed"], &value["failed"]),
            (&json!(false), &json!(1), &json!(2))
        );
        let scenarios = value["scenarios"].as_array().unwrap();
        assert_eq!(
            scenarios[1]["steps"][1]["failure"],
            "count is 3, expected 2"
        );
        assert_eq!(scenarios[1]["steps"][1]["at"], "two.toml:9");
        assert_eq!(scenarios[2]["case"], "old");
        assert_eq!(scenarios[2]["failure"], "no world");
    }
}
