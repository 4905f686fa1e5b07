//! The table.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Rows as they are measured.
pub(crate) struct Report {
    begun: Instant,
    rows: Vec<[String; 4]>,
}

impl Report {
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            rows: Vec::new(),
        }
    }

    /// A time that should not be exceeded.
    pub(crate) fn time(&mut self, what: &str, measured: Duration, bar: Duration) {
        self.row(what, time(bar), time(measured), measured <= bar);
    }

    /// A number per second that should be reached.
    pub(crate) fn rate(&mut self, what: &str, measured: f64, bar: f64) {
        self.row(
            what,
            format!("{}/s", thousands(bar)),
            format!("{}/s", thousands(measured)),
            measured >= bar,
        );
    }

    /// Bytes that should not be exceeded.
    pub(crate) fn bytes(&mut self, what: &str, measured: u64, bar: u64) {
        self.row(what, bytes(bar), bytes(measured), measured <= bar);
    }

    fn row(&mut self, what: &str, bar: String, measured: String, holds: bool) {
        // The table comes at the end; whoever waits sees how far it is.
        let _ = writeln!(std::io::stderr(), "{what}: {measured}");
        let holds = if holds { "yes" } else { "**no**" };
        self.rows
            .push([what.to_owned(), bar, measured, holds.to_owned()]);
    }

    /// Prints the table.
    pub(crate) fn end(self) {
        let mut out = format!(
            "{}\n\n| what | bar | measured | holds |\n|---|---|---|---|\n",
            machine()
        );
        for [what, bar, measured, holds] in &self.rows {
            out += &format!("| {what} | {bar} | {measured} | {holds} |\n");
        }
        out += &format!(
            "\nMeasured by `just bench` in {:.0} s.\n",
            self.begun.elapsed().as_secs_f64()
        );
        let _ = std::io::stdout().lock().write_all(out.as_bytes());
    }
}

/// The middle one.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

/// The one that so many percent do not exceed.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times
        .get((times.len() * percent).div_ceil(100).saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Times `act` so often, and gives the median.
pub(crate) fn median_of(times: usize, mut act: impl FnMut()) -> Duration {
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect();
    median(&mut taken)
}

/// What a file of `/proc` says under a name.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kilobytes =
        field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    format!(
        "{}, {cores} cores, {:.0} GB, Linux; load average at the end {}",
        field(&processor, "model name").unwrap_or_else(|| "unknown processor".to_owned()),
        kilobytes.unwrap_or_default() / 1e6,
        load.split(' ').next().unwrap_or("unknown"),
    )
}

/// A resident set in bytes.
pub(crate) fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes =
        field(&status, "VmRSS").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

fn time(time: Duration) -> String {
    match time.as_secs_f64() * 1e6 {
        micros if micros < 10.0 => format!("{micros:.1} µs"),
        micros if micros < 1_000.0 => format!("{micros:.0} µs"),
        micros if micros < 1e6 => format!("{:.1} ms", micros / 1e3),
        micros => format!("{:.1} s", micros / 1e6),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        few if few < 1e6 => format!("{:.1} kB", few / 1e3),
        many => format!("{:.1} MB", many / 1e6),
    }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
