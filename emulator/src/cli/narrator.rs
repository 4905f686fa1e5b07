//! Tells a scenario's run as a person would like to read it: titles, what is sent, the answer that matters, the times.

use std::io::{self, Write};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use milink_scenarios::report::{shorten, span};
use milink_scenarios::step::Came;
use milink_scenarios::{Happening, Reporter, Scenario, StepReport, Summary};

/// Tells a run on standard output.
pub(crate) struct Narrator {
    colour: bool,
    quiet: bool,
    bar: Option<ProgressBar>,
}

/// How many rows of a result are shown.
const MOST_ROWS: usize = 12;

impl Narrator {
    pub(crate) const fn new(colour: bool, quiet: bool) -> Self {
        Self {
            colour,
            quiet,
            bar: None,
        }
    }

    pub(crate) fn opening(&self, scenario: &Scenario) {
        say(&format!("{}\n", self.bold(&scenario.name)));
        say(&format!("{}\n", scenario.description.trim()));
    }

    pub(crate) fn closing(&self, summary: &Summary) {
        let times = format!(
            "simulated {}, took {}",
            span(summary.simulated),
            span(summary.took)
        );
        match summary.failure() {
            None => {
                let done = format!("✓ {} steps done and checked", summary.steps.len());
                say(&format!("\n{}: {times}", self.green(&done)));
            }
            Some(failure) => say(&format!("\n{}: {times}", self.red(&format!("✗ {failure}")))),
        }
    }

    fn begins(
        &self,
        number: usize,
        of: usize,
        step: &milink_scenarios::Step,
        place: &str,
        text: &str,
    ) {
        if let Some(chapter) = &step.chapter {
            say(&format!("\n{}\n", self.bold(&format!("── {chapter} "))));
        }
        say(&format!(
            "{} {}  {}",
            self.dim(&format!("{number:>2}/{of}")),
            step.title,
            self.dim(place)
        ));
        if !self.quiet {
            for line in text.lines() {
                say(&self.dim(&format!("      {}", shorten(line))));
            }
        }
    }

    fn ends(&mut self, report: &StepReport) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let Some(table) = report
            .came
            .as_ref()
            .and_then(|came| table(came, &report.show))
        {
            for line in table.to_string().lines() {
                say(&format!("      {line}"));
            }
        }
        let mut times = span(report.took);
        if report.simulated_seconds >= 1.0 {
            times = format!(
                "{times}, {} on the server",
                span(Duration::from_secs_f64(report.simulated_seconds))
            );
        }
        let verdict = match (&report.failure, &report.came) {
            (Some(failure), _) => self.red(&format!("✗ {failure}")),
            (None, Some(Came::Refused(refused))) => self.green(&format!(
                "✓ refused, as it must be: {} {}",
                refused.code, refused.message
            )),
            (None, _) => self.green("✓"),
        };
        say(&format!("      {verdict} {}\n", self.dim(&times)));
    }

    fn progress(&mut self, percent: u8) {
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("      seeding {bar:40} {pos:>3} %");
            ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(u64::from(percent));
    }

    fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn green(&self, text: &str) -> String {
        self.styled("32", text)
    }

    fn red(&self, text: &str) -> String {
        self.styled("31", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

impl Reporter for Narrator {
    fn happened(&mut self, happening: Happening<'_>) {
        match happening {
            Happening::StepBegins {
                number,
                of,
                step,
                place,
                text,
            } => self.begins(number, of, step, place, text),
            Happening::Progress(percent) => self.progress(percent),
            Happening::StepEnds(report) => self.ends(report),
        }
    }
}

/// The columns or members worth showing, as a small table.
fn table(came: &Came, show: &[String]) -> Option<Table> {
    if show.is_empty() {
        return None;
    }
    if let Came::Several(places) = came {
        return places.iter().find_map(|(_, came)| table(came, show));
    }
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled);
    match came {
        Came::Results(results) => {
            let result = results
                .iter()
                .rev()
                .find(|result| show.iter().any(|name| result.position(name).is_some()))?;
            let columns: Vec<usize> = show
                .iter()
                .filter_map(|name| result.position(name))
                .collect();
            table.set_header(columns.iter().map(|at| result.columns[*at].clone()));
            for row in result.rows.iter().take(MOST_ROWS) {
                table.add_row(columns.iter().map(|at| shorten(&row[*at].to_string())));
            }
        }
        Came::Body { .. } => {
            table.set_header(
                show.iter()
                    .map(|pointer| pointer.rsplit('/').next().unwrap_or(pointer)),
            );
            table.add_row(
                show.iter()
                    .map(|pointer| shorten(&came.value(pointer).unwrap_or_default())),
            );
        }
        Came::Several(_) | Came::Refused(_) | Came::Nothing => return None,
    }
    Some(table)
}

/// Prints a line; a reader that has gone away ends nothing.
fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}
