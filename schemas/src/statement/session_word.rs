//! What a requester's queries say of how their people had signed in, and what its log tells of those
//! sessions: both sides' statements hold the one against the other.
//!
//! A person is named by a digest alone: what is stated outlasts the entries of her queries.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::purpose::codes;
use crate::query::UserName;
use crate::session::{SessionId, SignInWay};
use crate::time::Timestamp;

/// Most sessions of one request.
pub const MOST_SESSIONS: usize = 150;

/// A session as queries of the agency that is asked have named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionSaid {
    /// The session.
    pub id: SessionId,
    /// Whose, as [`person`] has it.
    pub person: Digest,
    /// How she had proved who she is.
    pub way: SignInWay,
    /// When she first did, of the times that were said.
    pub proved_at: Timestamp,
    /// When the last query of it was signed, but for those that cite a written request and may have run
    /// again; absent where all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// H(session id ‖ user name): whose session it is, for whoever knows the name.
#[must_use]
pub fn person(session: SessionId, user: &UserName) -> Digest {
    Digest::of_two(session.to_string().as_bytes(), user.as_str().as_bytes())
}

codes! {
    /// What a log tells of a session.
    SessionWord, "word on a session" {
        /// What was said of it.
        BorneOut = "borne_out",
        /// Nothing: no such session of this person.
        Unknown = "unknown",
        /// That she had signed in in another way.
        AnotherWay = "another_way",
        /// That it had ended before.
        HadEnded = "had_ended",
        /// What would tell of it is destroyed at the end of its retention.
        Destroyed = "destroyed",
    }
}

/// What the log of the agency that is asked tells of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionTold {
    /// The session.
    pub id: SessionId,
    /// What it tells.
    pub word: SessionWord,
    /// The entry of its `sign_in.succeeded`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}
