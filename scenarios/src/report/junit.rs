//! The outcome as JUnit's XML: the part that both the schema of Ant's task and that of Jenkins' plug-in take.

use std::fmt::Write as _;
use std::time::Duration;

use crate::performance::{TrialReport, Verdict};
use crate::report::span;

/// The document: a suite for each folder, a case for each trial. `begun` is the moment of the run's beginning.
pub fn junit(reports: &[TrialReport], begun: jiff::Timestamp) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for (number, suite) in suites(reports).iter().enumerate() {
        write_suite(&mut text, number, suite, begun);
    }
    text.push_str("</testsuites>\n");
    text
}

/// The reports by suite, in order.
fn suites(reports: &[TrialReport]) -> Vec<Vec<&TrialReport>> {
    let mut suites: Vec<Vec<&TrialReport>> = Vec::new();
    for report in reports {
        let known = suites
            .iter_mut()
            .find(|suite| suite[0].trial.suite == report.trial.suite);
        match known {
            Some(suite) => suite.push(report),
            None => suites.push(vec![report]),
        }
    }
    suites
}

fn write_suite(text: &mut String, number: usize, suite: &[&TrialReport], begun: jiff::Timestamp) {
    let count =
        |is: fn(&Verdict) -> bool| suite.iter().filter(|report| is(&report.verdict)).count();
    let failures = count(|verdict| matches!(verdict, Verdict::Failed));
    let errors = count(|verdict| matches!(verdict, Verdict::Broken(_)));
    let took: Duration = suite.iter().map(|report| report.took).sum();
    let name = escape(&suite[0].trial.suite);
    // The schema's moment has neither fractions nor a zone.
    let moment = begun.strftime("%Y-%m-%dT%H:%M:%S");
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{}\" timestamp=\"{moment}\" hostname=\"localhost\" id=\"{number}\" package=\"milink\">",
        suite.len(),
        seconds(took),
    );
    text.push_str("    <properties/>\n");
    for report in suite {
        write_case(text, report);
    }
    text.push_str("    <system-out/>\n    <system-err/>\n  </testsuite>\n");
}

fn write_case(text: &mut String, report: &TrialReport) {
    let _ = write!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"",
        escape(&report.trial.title()),
        escape(&report.trial.id()),
        seconds(report.took),
    );
    let (element, kind) = match &report.verdict {
        Verdict::Passed => {
            text.push_str("/>\n");
            return;
        }
        Verdict::Failed => ("failure", "expectation"),
        Verdict::Broken(_) => ("error", "stage"),
    };
    let what = report.failure().unwrap_or_default();
    let first = what.lines().next().unwrap_or_default();
    let _ = writeln!(
        text,
        ">\n      <{element} message=\"{}\" type=\"{kind}\">{}</{element}>\n    </testcase>",
        escape(first),
        escape(&story(report, &what)),
    );
}

/// The steps up to the one that failed, and what was sent there.
fn story(report: &TrialReport, what: &str) -> String {
    let mut lines = vec![what.to_owned()];
    for (number, step) in report.summary.steps.iter().enumerate() {
        let mark = if step.failure.is_some() { "✗" } else { "✓" };
        let (number, title, took) = (number + 1, &step.title, span(step.took));
        lines.push(format!("{mark} {number} {title} ({took})"));
        if step.failure.is_some() {
            lines.push(format!("at {}, on {}:", step.at, step.place));
            lines.push(step.text.clone());
        }
    }
    lines.join("\n")
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// Text as XML writes it, in elements and attributes; characters that XML has not become a sign of that.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            '\t' | '\r' => escaped.push(' '),
            control if control < ' ' || matches!(control, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::tests::some_reports;

    #[test]
    fn the_document_has_a_suite_for_each_folder() {
        let begun = "2026-01-02T03:04:05.6Z".parse().unwrap();
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites>
              <testsuite name="create" tests="2" failures="1" errors="0" time="0.300" timestamp="2026-01-02T03:04:05" hostname="localhost" id="0" package="milink">
                <properties/>
                <testcase name="One &lt;link&gt;" classname="create/one" time="0.100"/>
                <testcase name="Two" classname="create/two" time="0.200">
                  <failure message="step 2 'Ask': count is 3, expected 2" type="expectation">step 2 'Ask': count is 3, expected 2
            ✓ 1 Make (40 ms)
            ✗ 2 Ask (60 ms)
            at two.toml:9, on sqlserver1:
            SELECT 1 &amp; 2</failure>
                </testcase>
                <system-out/>
                <system-err/>
              </testsuite>
              <testsuite name="limits" tests="1" failures="0" errors="1" time="0.050" timestamp="2026-01-02T03:04:05" hostname="localhost" id="1" package="milink">
                <properties/>
                <testcase name="Three: old" classname="limits/three[old]" time="0.050">
                  <error message="no world" type="stage">no world</error>
                </testcase>
                <system-out/>
                <system-err/>
              </testsuite>
            </testsuites>
        "#]]
        .assert_eq(&junit(&some_reports(), begun));
    }

    #[test]
    fn what_xml_has_not_is_not_written() {
        assert_eq!(
            escape("a\u{1b}[0m\"<&>\u{0}\n"),
            "a\u{fffd}[0m&quot;&lt;&amp;&gt;\u{fffd}\n"
        );
    }
}
