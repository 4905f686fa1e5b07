//! Scenario files: steps, runner, report.
