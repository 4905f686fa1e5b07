//! How much of a processor's time this thread has had: unlike a clock, it knows nothing of how busy the machine is.

use std::time::Duration;

/// So much; where the system does not say it as Linux does, nothing, and then nothing takes too long.
pub(crate) fn time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
