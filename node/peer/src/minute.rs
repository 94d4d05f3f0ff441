//! Counting by the minute: the one window that bounds how often a peer may do something.

use std::time::{Duration, Instant};

/// How long a window lasts.
pub const MINUTE: Duration = Duration::from_secs(60);

/// Counts in windows of one minute. A window begins with the first count after the one before has
/// ended, so nobody gains by waiting for the clock to strike.
#[derive(Debug, Clone, Copy)]
pub struct MinuteWindow {
    began: Instant,
    count: u32,
}

impl MinuteWindow {
    /// An empty window that begins now.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { began: now, count: 0 }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= MINUTE
    }

    /// Counts one more; how many there are in this window with it.
    pub fn add(&mut self, now: Instant) -> u32 {
        if self.is_over(now) {
            *self = Self::new(now);
        }
        self.count = self.count.saturating_add(1);
        self.count
    }

    /// How many there are in this window.
    #[must_use]
    pub fn count(&self, now: Instant) -> u32 {
        if self.is_over(now) { 0 } else { self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_begin_anew_with_the_first_after_a_minute() {
        let start = Instant::now();
        let mut window = MinuteWindow::new(start);
        assert_eq!((window.add(start), window.add(start + MINUTE / 2)), (1, 2));
        assert_eq!(window.count(start + MINUTE - Duration::from_millis(1)), 2);
        assert_eq!(window.count(start + MINUTE), 0);
        assert_eq!(window.add(start + MINUTE * 3), 1);
        assert_eq!(window.count(start + MINUTE * 4 - Duration::from_millis(1)), 1);
    }
}
