//! Why nothing was appended, and what has changed between deciding and appending.

use schemas::time::Timestamp;

/// What has changed between deciding and appending: it is to be decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A card, agreement, request, user or policy changed.
    #[error("what the decision rested on has changed")]
    Registry,
    /// A read was corrected.
    #[error("a read was corrected meanwhile")]
    ReadCorrected,
    /// The authority ended.
    #[error("the authority has ended")]
    Lapsed,
    /// The written request has no uses left.
    #[error("the written request has no uses left")]
    UsesExhausted,
    /// The daily limit is reached.
    #[error("the daily limit is reached")]
    Quota,
    /// Too many receipts are outstanding.
    #[error("too many receipts are outstanding")]
    ReceiptsOutstanding,
    /// A receipt of that answer may have been recorded.
    #[error("a receipt of that answer was recorded meanwhile")]
    Receipted,
    /// An audit was opened or closed, under which it would have been looked at.
    #[error(
        "an audit under which this would be looked at was opened, closed or ended meanwhile; try again"
    )]
    Audit,
    /// The peer has left as much behind today as it may.
    #[error("the peer has left as much behind today as it may")]
    DayFull,
}

/// Why nothing was appended. In every case nothing may leave.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The log cannot be written now.
    #[error("the audit log cannot be written ({0}); nothing is asked or released until it can")]
    Unavailable(String),
    /// The clock stands far behind the last entry.
    #[error(
        "the clock says {now} but the last log entry is of {last}; if the clock is wrong, set it, and if it is right now, an administrator goes on with `accord clock accept --reason REASON`"
    )]
    Clock {
        /// What the clock says.
        now: Timestamp,
        /// Time of the last entry.
        last: Timestamp,
    },
    /// The clock is further ahead than the time that has passed.
    #[error(
        "the clock says {now} but by what this node knows it is about {known}; if the clock is wrong, set it, and if it is right, an administrator goes on with `accord clock accept --reason REASON`"
    )]
    ClockAhead {
        /// What the clock says.
        now: Timestamp,
        /// What it should say, or the last instant that is known.
        known: Timestamp,
    },
    /// What was decided no longer holds; decide again.
    #[error("{0}")]
    Conflict(Conflict),
    /// The entry itself cannot be written.
    #[error("this act cannot be logged: {0}")]
    Unwritable(String),
}
