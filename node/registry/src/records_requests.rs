//! Requests of bodies that are no law enforcement or prosecutorial agency, as they are filed.

use schemas::authority::AuthorityId;
use schemas::event::authority::RecordsOutcome;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What sort of request an outside body makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// A subpoena or another court process.
    Subpoena,
    /// A request under the Public Records Act.
    PublicRecords,
    /// Any other.
    Other,
}

impl BodyKind {
    /// Every sort.
    pub const ALL: [Self; 3] = [Self::Subpoena, Self::PublicRecords, Self::Other];

    /// The word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Subpoena => "subpoena",
            Self::PublicRecords => "public_records",
            Self::Other => "other",
        }
    }
}

/// A word that names no sort of request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no sort of request; expected subpoena, public_records or other")]
pub struct UnknownBodyKind(String);

impl std::str::FromStr for BodyKind {
    type Err = UnknownBodyKind;

    fn from_str(text: &str) -> Result<Self, UnknownBodyKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == text);
        found.ok_or_else(|| UnknownBodyKind(text.chars().take(60).collect()))
    }
}

/// A request of an outside body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsRequest {
    /// Its id.
    pub id: AuthorityId,
    /// Who asks.
    pub from_body: Text,
    /// What sort of request it is.
    pub kind: BodyKind,
    /// What for, in words.
    pub about: Text,
    /// Case or docket number.
    #[serde(default)]
    pub case: Text,
    /// Where the policy sends it.
    #[serde(default)]
    pub to: Text,
    /// The section that does.
    #[serde(default)]
    pub section: Text,
    /// When it was filed.
    pub at: Timestamp,
    /// By when it is to be answered.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// The section that says so, where it is no date of the request's own.
    #[serde(default)]
    pub due_under: Text,
    /// The hold that was placed with it.
    #[serde(default)]
    pub hold: Option<u64>,
    /// How it was answered.
    #[serde(default)]
    pub closed: Option<RecordsClosed>,
}

/// How an outside body's request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsClosed {
    /// How.
    pub outcome: RecordsOutcome,
    /// In words.
    pub reason: Text,
    /// By whom.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
}
