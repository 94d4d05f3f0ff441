//! Why a decision was not made again.

/// Why a decision was not made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotDecidedAgain {
    /// The registry of that instant is not known: only a whole log holds it.
    Registry,
    /// It was made by other rules than those of this program.
    Rules,
    /// It rests on a number of uses that the sums of what is destroyed leave open.
    Counts,
    /// The query or its reply is destroyed.
    Destroyed,
    /// An answer was delivered again so late, or after so many others, that its query is not at hand.
    NotAtHand,
    /// It was refused as too late, by a bound that is a setting of the node.
    Stale,
    /// It was refused because answers were without a receipt, by a bound that is a setting of the node.
    ReceiptsOutstanding,
    /// It was refused because the requester's log was not proven, by a bound that is a setting of the
    /// node.
    LogUnproven,
    /// It was refused because the log could not be written.
    LogUnavailable,
}

impl NotDecidedAgain {
    /// In words, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Registry => "only a whole log tells the policy and the authority of that instant",
            Self::Rules => "made by another version of the rules",
            Self::Counts => "answers that count towards a limit are destroyed",
            Self::Destroyed => "the query or its reply is destroyed",
            Self::NotAtHand => "delivered again after the query itself was put aside",
            Self::Stale => "refused as too late, by a setting that the log does not hold",
            Self::ReceiptsOutstanding => {
                "refused for want of receipts, by a setting that the log does not hold"
            }
            Self::LogUnproven => {
                "refused because the requester's log was not proven, by a setting that the log does not hold"
            }
            Self::LogUnavailable => "refused because the log could not be written",
        }
    }
}
