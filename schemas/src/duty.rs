//! Duties of a policy that people do and the node keeps track of.

use serde::{Deserialize, Serialize};

use crate::purpose::codes;

codes! {
    /// A duty that people do: its doing is recorded, and it falls due.
    DutyCode, "duty" {
        /// The policy is posted where the public sees it.
        PolicyPosted = "policy_posted",
        /// What is stored is encrypted where it stands.
        StorageEncrypted = "storage_encrypted",
        /// Evidence packages are booked, and have the number of the booking.
        EvidenceBooked = "evidence_booked",
        /// A summary of how the system was used is given to somebody.
        SummaryGiven = "summary_given",
    }
}

impl DutyCode {
    /// What is to be done, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PolicyPosted => "The policy in force is posted",
            Self::StorageEncrypted => "What is stored is encrypted where it stands",
            Self::EvidenceBooked => "Each evidence package is booked",
            Self::SummaryGiven => "A summary of how the system was used is given",
        }
    }
}
