//! The only caller of now().

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use schemas::time::Timestamp;

/// The node's wall clock.
///
/// Time can be made to pass, which lets a test live through an expiry, and the clock can be set wrong
/// while none passes.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    wrong_ms: Arc<AtomicI64>,
    passed_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// Lets `millis` pass, for this clock and all its clones.
    pub fn shift(&self, millis: i64) {
        self.passed_ms.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets this clock, and all its clones, wrong by `millis` more, while no time passes.
    pub fn set_wrong(&self, millis: i64) {
        self.wrong_ms.fetch_add(millis, Ordering::Relaxed);
    }

    /// How long the machine has been up, whatever the clock says.
    #[must_use]
    pub fn since_boot(&self) -> Duration {
        let passed = self.passed_ms.load(Ordering::Relaxed);
        let by = Duration::from_millis(passed.unsigned_abs());
        let up = host::uptime::since_boot();
        if passed < 0 { up.saturating_sub(by) } else { up.saturating_add(by) }
    }

    /// The present instant. A machine whose clock stands outside years 1 to 9999 is held at the
    /// bound, where freshness checks refuse it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let now = jiff::Timestamp::now().as_millisecond();
        Timestamp::from_millis(now)
            .unwrap_or(Timestamp::MAX)
            .plus_millis(self.passed_ms.load(Ordering::Relaxed))
            .plus_millis(self.wrong_ms.load(Ordering::Relaxed))
    }
}
