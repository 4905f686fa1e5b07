//! WAITFOR.

use milink_core::sql_type::SqlType;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

use super::host::Host;
use super::{Failure, Flow, Session, Wait};
use crate::ast::{self, WaitforKind};
use crate::error::SqlError;
use crate::types::calendar::TICKS_PER_DAY;
use crate::types::{ExprType, convert};

impl Session {
    pub(super) fn waitfor(
        &mut self,
        wait: &ast::WaitforStatement,
        host: &mut dyn Host,
    ) -> Result<Flow, Failure> {
        let (value, ty) = self.evaluate(&wait.value, host)?;
        let wrong = || {
            SqlError::new(
                148,
                15,
                format!(
                    "Incorrect time syntax in time string '{}' used with WAITFOR.",
                    crate::types::to_display(&value, &ty)
                ),
            )
        };
        let time = ExprType::new(SqlType::Time(7));
        let converted =
            convert(&value, &ty, &time, None, &self.state.dates).map_err(|_| wrong())?;
        let Value::Time(time) = converted else {
            return Err(wrong().into());
        };
        let ticks = i64::try_from(time.0).unwrap_or(0);
        let now = host.snapshot().now();
        let until = match wait.kind {
            WaitforKind::Delay => now + Span(ticks),
            WaitforKind::Time => next_time_of_day(now, ticks),
        };
        if until <= now {
            return Ok(Flow::Next);
        }
        Ok(Flow::After(Wait::Until(until)))
    }
}

/// The next moment of this time of day, today or tomorrow.
fn next_time_of_day(now: Timestamp, ticks: i64) -> Timestamp {
    let midnight = now.0 - now.0.rem_euclid(TICKS_PER_DAY);
    let today = midnight + ticks;
    Timestamp(if today >= now.0 {
        today
    } else {
        today + TICKS_PER_DAY
    })
}
