//! Events of exchanges: asking, answering, receipts, and what never became an exchange.

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::answer::Receipt;
use crate::digest::Digest;
use crate::draft::Draft;
use crate::entry_proof::EntryProof;
use crate::key::Fingerprint;
use crate::names::ProgramName;
use crate::purpose::{Role, codes};
use crate::query::{QueryId, UserName};
use crate::session::RequesterSession;
use crate::text::Text;
use crate::time::Timestamp;

/// One's own policy, or a rule about who may ask, kept a query from leaving.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryDeclined {
    /// The query that would have been asked; absent where the draft did not come that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What was typed, where nobody could be asked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// Why nobody could be asked at all: the sentence that the person was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether it was reads for an evidence package that were declined.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evidence: bool,
    /// How it would have left, where another person may release it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub releasable: Option<Releasable>,
}

/// What a declined query that another person may release says beside its access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Releasable {
    /// The roles of the person who asked, as they counted.
    pub roles: Vec<Role>,
    /// How she had signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<RequesterSession>,
    /// The program that asked for her by her bare name, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted_by: Option<ProgramName>,
    /// Most reads wanted.
    pub limit: u32,
    /// Whether photographs are wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub images: bool,
}

/// Another person looked at a declined query and does not release it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseDenied {
    /// The query.
    pub query_id: QueryId,
    /// Who asked.
    pub asked_by: UserName,
    /// Why it is not released.
    pub reason: Text,
}

/// A query was signed and may leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuerySent {
    /// The query.
    pub access: Access,
    /// Whether it had been sent before, under the same id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// Reads were released to a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryAnswered {
    /// The query, its basis and how many reads were released.
    pub access: Access,
    /// Where the requester's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

/// A peer's query was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryRefused {
    /// The query, and the reasons.
    pub access: Access,
    /// Where the requester's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
    /// Whether it is the refusal of before, sent again: then no envelopes stand beside this entry, and
    /// the access repeats what the entry of that refusal says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redelivered: bool,
}

/// Nothing came in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueryUnanswered {
    /// The query.
    pub access: Access,
    /// What stood in the way, in words.
    pub why: String,
}

/// An answer was verified; people may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerReceived {
    /// The query, the basis and how many reads came.
    pub access: Access,
    /// H(envelope of the receipt that was signed for it).
    pub receipt_digest: Digest,
    /// Where the owner's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

/// A kept answer was shown again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerViewed {
    /// The query that was answered, and its answer, as the entry of that answer says.
    pub access: Access,
    /// How many photographs its header names, where they were handed out to be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photographs: Option<u64>,
}

/// An answer or refusal did not verify; nobody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerRejected {
    /// The query.
    pub access: Access,
    /// What does not hold, in words.
    pub why: String,
}

/// An answer was sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerRedelivered {
    /// The query, and what it was answered with, as the entry of that answer says.
    pub access: Access,
    /// Where the requester's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

/// A refusal was verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RefusalReceived {
    /// The query, and the reasons.
    pub access: Access,
    /// Where the owner's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

/// A peer's receipt was verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptRecorded {
    /// H(envelope of the answer that the receipt is for).
    pub answer_digest: Digest,
    /// When the requester logged the answer, by its own clock.
    pub logged_at: Timestamp,
    /// Where the requester's own entry stands in its log, as far as it proved that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<EntryProof>,
}

impl ReceiptRecorded {
    /// What the entry of a receipt says of it.
    #[must_use]
    pub const fn of(receipt: &Receipt, theirs: Option<EntryProof>) -> Self {
        Self { answer_digest: receipt.answer_digest, logged_at: receipt.at, theirs }
    }
}

/// A peer proved entries of its own log that exchanges had left unproven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PeerProved {
    /// Where each of them stands.
    pub proofs: Vec<EntryProof>,
}

codes! {
    /// Why something was rejected before it became a query.
    RejectionCause, "cause of a rejection" {
        /// No card has this key.
        UnknownKey = "unknown_key",
        /// The peer is cut off.
        Blocked = "blocked",
        /// Bytes, signature or content that prove nothing.
        Unverifiable = "unverifiable",
        /// Not addressed to this agency.
        Misdirected = "misdirected",
        /// Beyond what one peer may do in a minute.
        TooMany = "too_many",
    }
}

/// A peer that may not talk to us, or bytes that prove nothing. The first of an hour for a key and
/// cause is an entry at once; the further ones of that hour are one entry more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PeerRejected {
    /// Why.
    pub cause: RejectionCause,
    /// How often.
    pub count: u64,
    /// The first of them in words, at most 300 characters.
    pub why: String,
    /// Fingerprint of the node key; absent where too many keys are counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_key: Option<Fingerprint>,
}
