//! How a query to one owner ended: one list of codes for whoever tells it (the server, the store
//! and the command line).

use serde::{Deserialize, Serialize};

use crate::purpose::codes;
use crate::statement::Reached;

codes! {
    /// How a query to one owner ended.
    OutcomeCode, "outcome of a query" {
        /// It was answered, and the answer was verified.
        Answered = "answered",
        /// The owner refused it, or one's own policy kept it from leaving.
        Refused = "refused",
        /// Nothing that could be used came in time. It may be asked again.
        Unanswered = "unanswered",
        /// What came did not verify. A person who asked is told that nothing usable came.
        Rejected = "rejected",
    }
}

codes! {
    /// Who refused a query.
    RefusedBy, "side that refuses" {
        /// The agency that was asked.
        Owner = "owner",
        /// One's own policy: nothing left.
        OwnPolicy = "own policy",
    }
}

impl From<OutcomeCode> for Reached {
    fn from(outcome: OutcomeCode) -> Self {
        match outcome {
            OutcomeCode::Answered => Self::Answered,
            OutcomeCode::Refused => Self::Refused,
            OutcomeCode::Unanswered => Self::Unanswered,
            OutcomeCode::Rejected => Self::Rejected,
        }
    }
}
