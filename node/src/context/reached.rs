//! The time that counts against a peer: it was reached, was asked for what it owes, and did not show it.

use std::time::Duration;

use tokio::time::Instant;

/// Most time that counts between two times that a peer was asked, in seconds: it was connected at both,
/// and may have been away meanwhile.
const BETWEEN: u64 = 60;

/// What a peer did that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It showed all that it was asked for.
    Showed,
    /// It was there and did not.
    Lacked,
    /// It was away, or this side could not ask.
    Unasked,
}

/// Until when it was counted that a peer was there and showed nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reached {
    counted: Option<Instant>,
}

impl Reached {
    /// The peer was asked: the whole seconds that count against it since it was asked before.
    pub fn asked(&mut self, asked: Asked, now: Instant) -> u64 {
        let Some(since) = self.counted.filter(|_| asked == Asked::Lacked) else {
            self.counted = (asked != Asked::Unasked).then_some(now);
            return 0;
        };
        let seconds = now.duration_since(since).as_secs();
        self.counted = Some(since + Duration::from_secs(seconds));
        seconds.min(BETWEEN)
    }
}
