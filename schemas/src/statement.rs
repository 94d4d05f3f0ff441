//! What one side's log says of the exchanges between two agencies, for reconciling both logs.
//!
//! One signed digest stands for all of it: a statement binds the root of a tree over the exchanges
//! by month, by day, and inside a day by the digest of the query's id ([`tree_path`]). Whatever the one
//! who stated it shows below the root must hash up to it, so its signature covers every line that
//! it shows, and every line that it does not. Two logs that tell the same have the same root.
//!
//! Nothing here names a plate, person or reason: query ids, instants, outcomes and digests only.

pub mod session_word;
pub mod tree_path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::query::QueryId;
use crate::time::Timestamp;
use session_word::{SessionSaid, SessionTold};
use tree_path::{TreePath, TreePathError};

/// What a peer asks to be stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatementRequest {
    /// Who asks.
    pub from: AgencyId,
    /// Who is to state.
    pub to: AgencyId,
    /// When it was signed.
    pub at: Timestamp,
    /// Exchanges whose query was signed at or after.
    pub since: Timestamp,
    /// Exchanges whose query was signed before. Both sides cut at this instant.
    pub until: Timestamp,
    /// The sessions that queries of whoever is asked have named in that time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionSaid>,
}

/// A statement: the root of the tree over what the log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Digest of the request's envelope.
    pub request: Digest,
    /// Who states.
    pub from: AgencyId,
    /// To whom.
    pub to: AgencyId,
    /// When it was signed.
    pub at: Timestamp,
    /// How many exchanges.
    pub count: u64,
    /// The root.
    pub digest: Digest,
    /// What the log tells of each session that was asked about, in the order of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionTold>,
}

/// Most places of one request to show what stands there.
pub const MOST_PLACES: usize = 64;
/// Most places of one conversation.
pub const MOST_PLACES_IN_ALL: usize = 20_000;
/// Most exchanges of a bucket: where there are more, they stand below.
pub const BUCKET: usize = 16;
/// Most refusals that an owner makes for one query; asked once more, it sends one of them again.
pub const MOST_REFUSALS: usize = 8;

/// Asks to be shown what stands at some places; none ends the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Narrow {
    /// Places that were shown with a digest before, and not opened yet.
    pub places: Vec<TreePath>,
}

/// What stands at a place: what is below it, or the exchanges themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Where.
    pub place: TreePath,
    /// What is below, in order; empty in a bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Child>,
    /// The exchanges of a bucket, in the order of the digests of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ExchangeRecord>,
}

/// One of the places below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// Where.
    pub place: TreePath,
    /// How many exchanges stand there.
    pub count: u64,
    /// The digest of what stands there.
    pub digest: Digest,
}

/// Why a node is not what its digest promised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// It is of another place.
    #[error("it is of the place `{0}`")]
    Path(TreePath),
    /// It does not hash to what was stated.
    #[error("it hashes to {0}")]
    Digest(Digest),
    /// It holds another number of exchanges than was stated.
    #[error("it holds {0} exchanges")]
    Count(u64),
    /// Something below it does not belong there, or stands out of order.
    #[error("what it holds does not belong there, or stands out of order")]
    Order,
    /// It is a bucket where there must be places below, or the other way round.
    #[error("it is not divided as so many exchanges are")]
    Division,
    /// A line tells of more refusals than an owner makes for one query.
    #[error("a line of it tells of {0} refusals before the last one, more than {max} may be", max = MOST_REFUSALS - 1)]
    Refusals(usize),
    /// A line's time stands in no month.
    #[error(transparent)]
    Time(#[from] TreePathError),
}

/// The digest of a bucket, from the digests of its lines in order.
#[must_use]
pub fn bucket<'a>(lines: impl IntoIterator<Item = &'a Digest>) -> Digest {
    let mut hash = Sha256::new().chain_update([2]);
    lines.into_iter().for_each(|line| hash.update(line.as_bytes()));
    Digest::from_bytes(hash.finalize().into())
}

/// The digest of what is divided, from what is below in order.
#[must_use]
pub fn divided(children: &[Child]) -> Digest {
    let mut hash = Sha256::new().chain_update([1]);
    for child in children {
        let place = child.place.to_string();
        hash.update(u64::try_from(place.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(place);
        hash.update(child.count.to_be_bytes());
        hash.update(child.digest.as_bytes());
    }
    Digest::from_bytes(hash.finalize().into())
}

impl Node {
    /// How many exchanges it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        let lines = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        self.children.iter().fold(lines, |sum, child| sum.saturating_add(child.count))
    }

    /// The digest that stands for it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        if self.lines.is_empty() {
            return divided(&self.children);
        }
        let lines: Vec<Digest> = self.lines.iter().map(ExchangeRecord::digest).collect();
        bucket(&lines)
    }

    /// Checks that it is what was stated of `place`: hashes to `digest`, holds `count` exchanges,
    /// is divided where it must be, and holds only what belongs there, in order.
    ///
    /// # Errors
    /// When it is not.
    pub fn stated(&self, place: &TreePath, count: u64, digest: &Digest) -> Result<(), NodeError> {
        if self.place != *place {
            return Err(NodeError::Path(self.place.clone()));
        }
        if self.count() != count {
            return Err(NodeError::Count(self.count()));
        }
        if self.digest() != *digest {
            return Err(NodeError::Digest(self.digest()));
        }
        let is_bucket = !self.lines.is_empty();
        let few = usize::try_from(count).is_ok_and(|count| count > 0 && count <= BUCKET);
        if (is_bucket && !self.children.is_empty()) || is_bucket != (few && place.is_in_day()) {
            return Err(NodeError::Division);
        }
        let within = self.children.iter().all(|child| child.place.is_child_of(place));
        let sorted = self.children.windows(2).all(|pair| match pair {
            [one, next] => one.place < next.place,
            _ => true,
        });
        let mut last = None;
        for line in &self.lines {
            let key = line.query_id.digest();
            if !place.holds(line.asked_at, &key)? || last.is_some_and(|last| last >= key) {
                return Err(NodeError::Order);
            }
            if !line.is_bounded() {
                return Err(NodeError::Refusals(line.refused_before.len()));
            }
            last = Some(key);
        }
        if within && sorted { Ok(()) } else { Err(NodeError::Order) }
    }
}

/// How far an exchange came, as one side's log says. Later values outweigh earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Requester: sent, nothing known.
    Sent,
    /// Requester: nothing came in time.
    Unanswered,
    /// Requester: what came did not verify.
    Rejected,
    /// Refused (both sides).
    Refused,
    /// Answered (both sides).
    Answered,
}

impl Reached {
    /// What both sides can know of it: nothing, refused, answered.
    const fn known(self) -> u8 {
        match self {
            Self::Sent | Self::Unanswered | Self::Rejected => 0,
            Self::Refused => 1,
            Self::Answered => 2,
        }
    }
}

/// One exchange, as one side's log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExchangeRecord {
    /// The query.
    pub query_id: QueryId,
    /// Who asked; the other one is the owner.
    pub requester: AgencyId,
    /// When the query was signed.
    pub asked_at: Timestamp,
    /// How far it came.
    pub reached: Reached,
    /// Digest of the query's envelope.
    pub query: Digest,
    /// Digest of the answer's or refusal's envelope.
    pub reply: Option<Digest>,
    /// Digest of the receipt's envelope: the requester signed it, the owner recorded it.
    pub receipt: Option<Digest>,
    /// Owner: the query came more than once, and each time something else stood in its way. Digests of
    /// the refusals before `reply`, in order; which of them reached the requester it cannot know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "json-schema", schemars(length(max = 7)))]
    pub refused_before: Vec<Digest>,
}

impl ExchangeRecord {
    /// The digest that stands for the exchange: the same on both sides if both logs tell it alike.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let or_none = |digest: Option<Digest>| digest.map_or([0; 32], |digest| *digest.as_bytes());
        let requester = self.requester.as_str();
        let hash = Sha256::new()
            .chain_update([0])
            .chain_update(self.query_id.digest().as_bytes())
            .chain_update(self.asked_at.millis().to_be_bytes())
            .chain_update(self.query.as_bytes())
            .chain_update([self.reached.known()])
            .chain_update(or_none(self.reply))
            .chain_update(or_none(self.receipt));
        let before = u64::try_from(self.refused_before.len()).unwrap_or(u64::MAX);
        let hash = hash.chain_update(before.to_be_bytes());
        let hash =
            self.refused_before.iter().fold(hash, |hash, one| hash.chain_update(one.as_bytes()));
        Digest::from_bytes(hash.chain_update(requester).finalize().into())
    }

    /// Whether a refusal is one of those that it tells of, as an owner's line.
    #[must_use]
    pub fn refused_by(&self, reply: Option<Digest>) -> bool {
        self.reply == reply || reply.is_some_and(|reply| self.refused_before.contains(&reply))
    }

    /// Whether it tells of no more refusals than an owner makes for one query.
    #[must_use]
    pub const fn is_bounded(&self) -> bool {
        self.refused_before.len() < MOST_REFUSALS
    }
}
