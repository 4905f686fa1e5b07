//! Waiting in the world's time: a clock that can be moved is moved to what is due.

use std::time::Duration;

use milink_client::{Error, Operation, Outcome};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::Runner;
use crate::step::Until;

/// How the world's time passes, as far as waiting is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    /// It moves when it is told.
    Manual,
    /// It runs, and jumps when somebody waits.
    Auto,
    /// It runs so many times as fast as the host's.
    Scaled(f64),
}

/// The clock as the control API tells it.
#[derive(Clone, Copy, Debug)]
struct Clock {
    pace: Pace,
    now: jiff::Timestamp,
    next_due: Option<jiff::Timestamp>,
}

/// How often an operation is asked before it is given up.
const MOST_POLLS: usize = 10_000;
/// How often while nothing is due.
const MOST_IN_VAIN: usize = 1_000;
/// The pause between two looks at a clock that cannot be moved.
const LOOK: Duration = Duration::from_millis(20);

impl Runner {
    /// Waits for something that the server does, moving a clock that stands.
    pub(crate) async fn while_time_passes<T>(
        &mut self,
        mut task: JoinHandle<T>,
    ) -> Result<T, Error> {
        loop {
            match tokio::time::timeout(LOOK, &mut task).await {
                Ok(done) => return done.map_err(|error| Error::Unexpected(error.to_string())),
                Err(_) => {
                    let clock = self.clock().await?;
                    match (clock.pace, clock.next_due) {
                        (Pace::Manual, Some(due)) => self.advance_to(due).await?,
                        (Pace::Manual, None) => {
                            return Err(Error::Unexpected(
                                "there is no answer: the clock stands, and nothing is due"
                                    .to_owned(),
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Polls an operation to its end. A clock that can be moved is moved to what is due next between two polls.
    pub(crate) async fn follow(&mut self, operation: &Operation) -> Result<Outcome, Error> {
        let mut in_vain = 0;
        for _ in 0..MOST_POLLS {
            let (outcome, pause) = operation.poll(&self.arm).await?;
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            let clock = self.clock().await?;
            match (clock.pace, clock.next_due) {
                (Pace::Manual | Pace::Auto, Some(due)) => self.advance_to(due).await?,
                // It may be that it ends after so many polls.
                (Pace::Manual, None) if in_vain < MOST_IN_VAIN => in_vain += 1,
                (Pace::Manual, None) => {
                    return Err(Error::Unexpected(
                        "the operation does not end: the clock stands, and nothing is due"
                            .to_owned(),
                    ));
                }
                (Pace::Auto | Pace::Scaled(_), _) => {
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Err(Error::Timeout(MOST_POLLS))
    }

    pub(crate) async fn advance_by(&mut self, by: &str) -> Result<(), Error> {
        self.advance(json!({"by": by})).await
    }

    pub(crate) async fn advance_until_quiet(&mut self) -> Result<(), Error> {
        self.advance(json!({"untilQuiet": true})).await
    }

    /// The moment so far from now; a span is written as `--durations` takes it.
    pub(crate) async fn moment_after(&mut self, span: &str) -> Result<jiff::Timestamp, Error> {
        let span: jiff::Span = self.variables.fill(span).parse().map_err(|_| {
            Error::Unexpected(format!(
                "'{span}' is no span of time: say 90s, 5min or 1h 30min"
            ))
        })?;
        let now = self.clock().await?.now;
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .and_then(|span| now.checked_add(span))
            .map_err(|error| Error::Unexpected(error.to_string()))
    }

    /// Lets time pass to what is due next, or a little; false if `until` has come or nothing will.
    pub(crate) async fn go_on(&mut self, until: jiff::Timestamp) -> Result<bool, Error> {
        let clock = self.clock().await?;
        if clock.now >= until {
            return Ok(false);
        }
        match (clock.pace, clock.next_due) {
            (Pace::Scaled(_), _) => tokio::time::sleep(LOOK).await,
            (_, Some(due)) => self.advance_to(due.min(until)).await?,
            (_, None) => return Ok(false),
        }
        Ok(true)
    }

    /// Waits in the server's time.
    pub(super) async fn pause(&mut self, until: &Until) -> Result<(), Error> {
        let pause = Duration::from_secs(until.every_seconds.into());
        match self.clock().await?.pace {
            Pace::Manual | Pace::Auto => {
                self.advance(json!({"seconds": until.every_seconds})).await
            }
            Pace::Scaled(factor) => {
                tokio::time::sleep(pause.div_f64(factor)).await;
                Ok(())
            }
        }
    }

    /// Seconds of the server's time since some moment; none if it cannot be asked.
    pub(super) async fn server_time(&self) -> Option<f64> {
        let now = self.clock().await.ok()?.now;
        Some(now.as_duration().as_secs_f64())
    }

    async fn advance_to(&mut self, to: jiff::Timestamp) -> Result<(), Error> {
        self.advance(json!({"to": to.to_string()})).await
    }

    async fn advance(&mut self, body: Value) -> Result<(), Error> {
        self.control
            .post(&self.about("clock/advance"), &body)
            .await?;
        Ok(())
    }

    async fn clock(&self) -> Result<Clock, Error> {
        let answer = self.control.get(&self.about("clock")).await?;
        let unexpected = || Error::Unexpected(format!("not a clock: {answer}"));
        let moment = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let pace = match answer["mode"].as_str().ok_or_else(unexpected)? {
            "manual" => Pace::Manual,
            "auto" => Pace::Auto,
            other => {
                let factor = other.strip_prefix("scaled=");
                Pace::Scaled(factor.and_then(|text| text.parse().ok()).unwrap_or(1.0))
            }
        };
        Ok(Clock {
            pace,
            now: moment(&answer["now"]).ok_or_else(unexpected)?,
            next_due: moment(&answer["nextDue"]),
        })
    }
}
