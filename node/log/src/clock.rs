//! The only caller of now().

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use schemas::time::Timestamp;

/// The node's wall clock.
///
/// A clock can be set off by a number of milliseconds, which lets a test live through an expiry
/// or play a node whose clock is wrong.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Moves this clock, and all its clones, by `millis` from where it is.
    pub fn shift(&self, millis: i64) {
        self.offset_ms.fetch_add(millis, Ordering::Relaxed);
    }

    /// The present instant. A machine whose clock stands outside years 1 to 9999 is held at the
    /// bound, where freshness checks refuse it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let now = jiff::Timestamp::now().as_millisecond();
        Timestamp::from_millis(now)
            .unwrap_or(Timestamp::MAX)
            .plus_millis(self.offset_ms.load(Ordering::Relaxed))
    }
}
