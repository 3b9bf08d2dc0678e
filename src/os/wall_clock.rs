//! The system's time of day. It may be set at any moment, so it is shown and never waited for.

use std::time::{Duration, SystemTime};

/// The time since 1970; zero before.
pub fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
