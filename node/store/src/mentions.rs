//! What entries are looked for by and what only their bodies say: who acted, for whom it was asked, and for
//! which case. A body is packed, so this stands beside the entry for as long as the body is kept.

use schemas::body::Body;
use schemas::query::UserName;

use super::inside::Inside;
use super::{EntryFilter, StoreError};

/// Somebody or something that the body of an entry names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mention {
    /// The user who acted, of whichever agency.
    Actor(String),
    /// The user for whom another one asked.
    For(String),
    /// The case, as cases are compared: see [`Mention::case`].
    Case(String),
}

impl Mention {
    /// Whoever acted.
    #[must_use]
    pub fn actor(user: &UserName) -> Self {
        Self::Actor(user.to_string())
    }

    /// Whomever it was asked for.
    #[must_use]
    pub fn for_user(user: &UserName) -> Self {
        Self::For(user.to_string())
    }

    /// A case. Spaces around it and the size of Latin letters make no other case.
    #[must_use]
    pub fn case(case: &str) -> Self {
        Self::Case(case.trim().to_ascii_lowercase())
    }

    /// A case, where one is named.
    fn of_case(case: &str) -> Option<Self> {
        Some(Self::case(case)).filter(|case| !case.columns().1.is_empty())
    }

    /// What the body of an entry mentions, each once.
    #[must_use]
    pub fn of(body: &Body) -> Vec<Self> {
        let access = body.event.access();
        [
            body.actor.user.as_ref().map(Self::actor),
            access.and_then(|access| access.for_user.as_ref()).map(Self::for_user),
            access.map(|access| access.why.case.as_str()).and_then(Self::of_case),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The same of a body as it is stored, of whatever form the rest of it is.
    ///
    /// # Errors
    /// When it is none.
    pub fn stored(body: &str) -> Result<Vec<Self>, StoreError> {
        let inside = Inside::of(body)?;
        let said = [
            inside.user().map(|user| Self::Actor(user.into())),
            inside.for_user().map(|user| Self::For(user.into())),
            inside.case().and_then(Self::of_case),
        ];
        Ok(said.into_iter().flatten().collect())
    }

    /// As it stands in the database: what is mentioned, and its word.
    pub(super) fn columns(&self) -> (i64, &str) {
        match self {
            Self::Actor(user) => (1, user),
            Self::For(user) => (2, user),
            Self::Case(case) => (3, case),
        }
    }

    /// Out of the database.
    ///
    /// # Errors
    /// When nothing like it is mentioned.
    pub(super) fn from_columns(what: i64, word: String) -> Result<Self, StoreError> {
        match what {
            1 => Ok(Self::Actor(word)),
            2 => Ok(Self::For(word)),
            3 => Ok(Self::Case(word)),
            other => Err(StoreError::Corrupt(format!("a mention of `{other}`"))),
        }
    }
}

/// The entries that mention one thing, in two numbers: whoever adds up the same of the entries themselves
/// sees whether each is found by what its body says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MentionSum {
    /// How many there are.
    pub entries: u64,
    /// Their indexes, added up.
    pub indexes: u64,
}

impl MentionSum {
    /// Adds an entry.
    pub fn add(&mut self, index: u64) {
        self.entries = self.entries.wrapping_add(1);
        self.indexes = self.indexes.wrapping_add(index);
    }
}

impl EntryFilter {
    /// What an entry must mention to fit, the rarest first.
    pub(super) fn mentions(&self) -> Vec<Mention> {
        [
            self.case.as_deref().map(Mention::case),
            self.for_user.clone().map(Mention::For),
            self.user.clone().map(Mention::Actor),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
