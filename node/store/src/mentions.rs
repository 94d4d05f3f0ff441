//! What entries are looked for by and what only their bodies say: who acted, for whom it was asked, and for
//! which case. A body is packed, so this stands beside the entry for as long as the body is kept.

use schemas::body::Body;
use schemas::query::UserName;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::decode::{self, column, ending, number};
use super::inside::Inside;
use super::{EntryFilter, StoreError};

/// Entries whose mentions are forgotten at a time.
const REDACTED: u32 = 512;

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
        Inside::of(body).map(|inside| Self::inside(&inside))
    }

    /// The same of what a stored body says.
    pub(super) fn inside(inside: &Inside) -> Vec<Self> {
        let said = [
            inside.user().map(|user| Self::Actor(user.into())),
            inside.for_user().map(|user| Self::For(user.into())),
            inside.case().and_then(Self::of_case),
        ];
        said.into_iter().flatten().collect()
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
    fn from_columns(what: i64, word: String) -> Result<Self, StoreError> {
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

/// What is mentioned, its word, how many entries mention it, and their indexes added up.
pub(super) type SumRow = (i64, String, i64, i64);

/// A row of [`sums`].
///
/// # Errors
/// When it is none.
pub(super) fn sum(row: SumRow) -> Result<(Mention, MentionSum), StoreError> {
    let (what, word, entries, indexes) = row;
    let sum = MentionSum { entries: number(entries)?, indexes: number(indexes)? };
    Ok((Mention::from_columns(what, word)?, sum))
}

/// The indexes of entries whose kept bodies mention something, of those before `end` the newest first.
pub(super) fn mentioning<D>(mention: &Mention, end: u64, limit: u32) -> QueryBuilder<D>
where
    D: Database,
    i64: for<'q> Encode<'q, D> + Type<D>,
    String: for<'q> Encode<'q, D> + Type<D>,
{
    let (what, word) = mention.columns();
    let mut query = QueryBuilder::new("select entry from mentions where what = ");
    query.push_bind(what).push(" and word = ").push_bind(word.to_owned());
    query.push(" and entry < ").push_bind(column(end));
    query.push(" order by entry desc limit ").push_bind(i64::from(limit));
    query
}

/// What entries before `end` mention, in order, after `after`: a [`SumRow`] each.
pub(super) fn sums<D>(after: Option<&Mention>, end: u64, limit: u32) -> QueryBuilder<D>
where
    D: Database,
    i64: for<'q> Encode<'q, D> + Type<D>,
    String: for<'q> Encode<'q, D> + Type<D>,
{
    let (what, word) = after.map_or((0, ""), Mention::columns);
    let mut query = QueryBuilder::new(
        "select what, word, count(*), cast(sum(entry) as bigint) from mentions where (what, word) > (",
    );
    query.push_bind(what).push(", ").push_bind(word.to_owned());
    query.push(") and entry < ").push_bind(column(end));
    query.push(" group by what, word order by what, word limit ").push_bind(i64::from(limit));
    query
}

/// Entries that are about to be redacted, some at a time: the index and the record of each.
pub(super) fn redacted<D>(first: i64, last: i64) -> QueryBuilder<D>
where
    D: Database,
    i64: for<'q> Encode<'q, D> + Type<D>,
{
    let mut query = QueryBuilder::new("select idx, record from entries where idx between ");
    query.push_bind(first).push(" and ").push_bind(last);
    query.push(" and record is not null and kind in ").push(ending());
    query.push(" order by idx limit ").push_bind(i64::from(REDACTED));
    query
}

/// The statements that forget what an entry with this record mentions. No index leads from an entry to its
/// mentions: where nobody can read the record any more, all are looked through.
pub(super) fn forgetting<D>(entry: i64, record: &[u8]) -> Vec<QueryBuilder<D>>
where
    D: Database,
    i64: for<'q> Encode<'q, D> + Type<D>,
    String: for<'q> Encode<'q, D> + Type<D>,
{
    let of_entry = || {
        let mut query = QueryBuilder::new("delete from mentions where entry = ");
        query.push_bind(entry);
        query
    };
    let Ok(mentions) = decode::mentions(record) else { return vec![of_entry()] };
    let forget = |mention: &Mention| {
        let (what, word) = mention.columns();
        let mut query = of_entry();
        query.push(" and what = ").push_bind(what).push(" and word = ").push_bind(word.to_owned());
        query
    };
    mentions.iter().map(forget).collect()
}

/// Where the next of [`redacted`] begin, after these.
pub(super) fn next_redacted<R>(rows: &[(i64, R)], last: i64) -> Option<i64> {
    rows.last().filter(|(entry, _)| *entry < last).map(|(entry, _)| entry.saturating_add(1))
}
