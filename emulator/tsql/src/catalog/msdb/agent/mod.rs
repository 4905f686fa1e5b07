//! The tables of SQL Server Agent in msdb: one file per table.

mod syscategories;
pub(crate) mod sysjobactivity;
pub(crate) mod sysjobhistory;
pub(crate) mod sysjobs;
mod sysjobs_view;
pub(crate) mod sysjobservers;
pub(crate) mod sysjobsteps;
mod sysjobstepslogs;
mod syssessions;

use milink_core::time::{Span, Timestamp};

use crate::catalog::View;

/// The views of this family.
pub(in crate::catalog) const VIEWS: &[View] = &[
    syscategories::VIEW,
    sysjobactivity::VIEW,
    sysjobhistory::VIEW,
    sysjobs::VIEW,
    sysjobs_view::VIEW,
    sysjobservers::VIEW,
    sysjobsteps::VIEW,
    sysjobstepslogs::VIEW,
    syssessions::VIEW,
];

/// Whether a view is one of SQL Server Agent, which only members of sysadmin may read (guess: that none of them is open to all).
pub(crate) fn is_of_agent(view: &View) -> bool {
    let is_same = |own: &View| own.database == view.database && own.name == view.name;
    view.database.is_some() && VIEWS.iter().any(is_same)
}

/// `last_run_outcome` of what has never run.
pub(crate) const UNKNOWN: i32 = 5;

/// A moment's day as a number: 20260301.
pub(crate) fn day(moment: Timestamp) -> i32 {
    digits(moment, "%Y%m%d")
}

/// A moment's time of day as a number: 235959.
pub(crate) fn time(moment: Timestamp) -> i32 {
    digits(moment, "%H%M%S")
}

/// A span as a number: hours, minutes and seconds.
pub(crate) fn duration(span: Span) -> i64 {
    let seconds = span.0 / Span::seconds(1).0;
    seconds / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60
}

fn digits(moment: Timestamp, format: &str) -> i32 {
    let text = moment.to_jiff().strftime(format).to_string();
    text.parse().unwrap_or_default()
}
