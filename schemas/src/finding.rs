//! Findings of comparing logs, by class.

use serde::{Deserialize, Serialize};

use crate::purpose::codes;

codes! {
    /// What differs between two logs, or is wrong with one of them.
    FindingClass, "class of findings" {
        /// The requester sent it; the owner's log has nothing.
        SentOwnerSilent = "sent_owner_silent",
        /// The requester holds a signed reply; the owner's log has nothing.
        RepliedOwnerSilent = "replied_owner_silent",
        /// The owner released an answer; the requester's log has none.
        ReleasedNotReceived = "released_not_received",
        /// The owner refused; the requester's log has no refusal.
        RefusedNotReceived = "refused_not_received",
        /// Both have the answer; the owner has no receipt.
        ReceiptMissing = "receipt_missing",
        /// Both have a reply, and not the same.
        Differs = "differs",
        /// The owner holds a query signed by the requester that the requester's log lacks.
        OwnerHoldsUnknownQuery = "owner_holds_unknown_query",
        /// A log lacks an entry that it proved to the other side.
        Omitted = "omitted",
        /// A log has another entry where it proved one to the other side.
        Altered = "altered",
        /// A log does not lead to a head that it signed for the other side.
        Forked = "forked",
        /// A log has destroyed its entries of it before the end of their retention, under hold, or
        /// without an entry that says so.
        RedactedEarly = "redacted_early",
        /// A log says of a reply that it did not verify, and the header of that reply does.
        RejectedAlthoughValid = "rejected_although_valid",
        /// It rests on a signature with a key whose end the log that holds it recorded, and nobody else
        /// proves that it was made before: it accuses nobody.
        SignedWithEndedKey = "signed_with_ended_key",
        /// A bundle ends before a head that the other side holds: what came after it is kept back.
        StaleBundle = "stale_bundle",
        /// A log keeps no proof of the other side's own entry of it: what that side's log says of it may
        /// have been written later.
        Unproven = "unproven",
        /// Queries say of how their person had signed in what the log of her agency does not bear out.
        Session = "session",
        /// A bundle does not hold by itself.
        Unsound = "unsound",
        /// What a peer showed of its log does not hash to what it had signed.
        Contradicts = "contradicts",
    }
}

impl FindingClass {
    /// Whether a finding of this class may be of an exchange of which one's own log holds nothing.
    #[must_use]
    pub const fn own_log_may_lack_it(self) -> bool {
        matches!(
            self,
            Self::SentOwnerSilent | Self::RepliedOwnerSilent | Self::OwnerHoldsUnknownQuery
        )
    }
}
