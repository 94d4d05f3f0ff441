//! What a person has asked before: her own queries and searches as her agency's log tells them, so that she
//! finds again what she was answered.

use std::collections::BTreeMap;

use schemas::body::{Access, Outcome};
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::permission::{ActError, OwnAgency, Principal, authorize_seeing};
use audit::view::LogEntry;
use store::{EntryFilter, Mention, ReadStore};

/// Entries read at a time.
const STEP: u32 = 500;
/// Most queries that are told.
pub const MOST: usize = 500;

/// Which queries are wanted.
#[derive(Debug, Clone, Default)]
pub struct PastWanted {
    /// Asked at or after.
    pub from: Option<Timestamp>,
    /// Asked before.
    pub until: Option<Timestamp>,
    /// For this case.
    pub case: Option<Text>,
    /// Naming this plate.
    pub plate: Option<String>,
    /// Of this id alone.
    pub id: Option<QueryId>,
    /// Asked before the query of this entry.
    pub after: Option<u64>,
    /// At most so many, the newest.
    pub most: Option<usize>,
}

/// A query that somebody asked, as it stands.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastQuery {
    /// The entry by which it was asked.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// What was asked of whom, why, and what became of it.
    #[serde(flatten)]
    pub access: Access,
    /// Whether these were the agency's own reads, whose answers are not kept.
    pub own: bool,
}

impl PastQuery {
    /// What the queries of one search have in common; a query by itself is one search.
    #[must_use]
    pub fn search(&self) -> QueryId {
        self.access.search.unwrap_or(self.access.query_id)
    }
}

/// The queries that `by` asked, and those that were asked for her, the newest first.
///
/// # Errors
/// When she may neither ask nor see, or the store does not answer.
pub async fn history(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    wanted: &PastWanted,
) -> Result<Vec<PastQuery>, ActError> {
    authorize_seeing(&agency.registry.state(), by, agency.clock.now())?;
    let found = Looking { agency, store, by, wanted };
    let mut all = found.of(Hers::Asked).await?;
    all.extend(found.of(Hers::AskedForHer).await?);
    Ok(newest_first(all, found.most()))
}

/// The queries that somebody else asked for `by` since then, the newest first.
///
/// # Errors
/// As [`history`].
pub async fn asked_for_her(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    since: Timestamp,
) -> Result<Vec<PastQuery>, ActError> {
    authorize_seeing(&agency.registry.state(), by, agency.clock.now())?;
    let wanted = PastWanted { from: Some(since), ..PastWanted::default() };
    let found = Looking { agency, store, by, wanted: &wanted };
    Ok(newest_first(found.of(Hers::AskedForHer).await?, MOST))
}

/// Queries by the entry that asked each, the newest first.
fn newest_first(all: BTreeMap<u64, PastQuery>, most: usize) -> Vec<PastQuery> {
    all.into_values().rev().take(most).collect()
}

/// Why a query is among hers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hers {
    Asked,
    AskedForHer,
}

/// A search for what somebody asked.
struct Looking<'a> {
    agency: &'a OwnAgency,
    store: &'a dyn ReadStore,
    by: &'a Principal,
    wanted: &'a PastWanted,
}

impl Looking<'_> {
    fn most(&self) -> usize {
        self.wanted.most.unwrap_or(MOST).clamp(1, MOST)
    }

    /// The newest of hers that are wanted, by the entry that asked each. The log is walked through from its
    /// end, by her entries alone, and no further than it takes.
    async fn of(&self, hers: Hers) -> Result<BTreeMap<u64, PastQuery>, ActError> {
        let user = Some(self.by.user.to_string());
        let (hers_by, user, for_user) = match hers {
            Hers::Asked => (Mention::actor(&self.by.user), user, None),
            Hers::AskedForHer => (Mention::for_user(&self.by.user), None, user),
        };
        // Of a case there are fewer entries than of hers.
        let case = self.wanted.case.as_ref();
        let mention = case.map_or(hers_by, |case| Mention::case(case.as_str()));
        let filter = EntryFilter {
            from: self.wanted.from,
            until: self.wanted.until,
            user,
            for_user,
            query: self.wanted.id.map(|id| id.digest()),
            case: case.map(ToString::to_string),
            ..EntryFilter::default()
        };
        let mut found = Found::default();
        if self.wanted.id.is_some() {
            // The entries of one exchange are few.
            self.take(&mut found, hers, &self.store.entries(&filter, 0, STEP).await?)?;
        } else {
            let first = self.first().await?;
            let mut end = self.wanted.after.unwrap_or(u64::MAX);
            while found.by_entry.len() < self.most() {
                let step = self.store.mentioning(&mention, end, STEP).await?;
                let Some(start) = step.last().copied() else { break };
                let fitting = self.store.entries(&filter, start.max(first), STEP).await?;
                self.take(&mut found, hers, &before(fitting, end))?;
                if start <= first {
                    break;
                }
                end = start;
            }
        }
        self.settle(&mut found).await?;
        Ok(found.by_entry)
    }

    /// The first entry of the period.
    async fn first(&self) -> Result<u64, ActError> {
        let Some(from) = self.wanted.from else { return Ok(0) };
        let filter = EntryFilter { from: Some(from), ..EntryFilter::default() };
        let first = self.store.entries(&filter, 0, 1).await?.pop();
        Ok(first.map_or(u64::MAX, |entry| index(&entry)))
    }

    /// Takes in entries, the newest first.
    fn take(&self, found: &mut Found, hers: Hers, entries: &[StoredEntry]) -> Result<(), ActError> {
        for stored in entries.iter().rev() {
            let entry = LogEntry::of(stored)?;
            let body = entry.body.as_ref();
            let Some(access) = body.and_then(|body| body.event.access()) else { continue };
            // A program is shown nothing that was asked for a purpose for which it may not ask.
            let hidden = self.by.may_ask_for(access.why.purpose).is_err();
            let plate = access.elements.plate.as_ref().map(Plate::as_str);
            let wanted = self.wanted.plate.is_none() || self.wanted.plate.as_deref() == plate;
            if access.requester == self.agency.id && !hidden && wanted {
                found.take(hers, &entry, access);
            }
        }
        Ok(())
    }

    /// What became of queries whose end was not among the entries that were walked through.
    async fn settle(&self, found: &mut Found) -> Result<(), ActError> {
        for query in found.by_entry.values_mut() {
            let id = query.access.query_id;
            if query.own || found.settled.contains_key(&id) {
                continue;
            }
            let filter = EntryFilter { query: Some(id.digest()), ..EntryFilter::default() };
            for stored in self.store.entries(&filter, query.entry, STEP).await?.iter().rev() {
                let entry = LogEntry::of(stored)?;
                let body = entry.body.as_ref();
                if let Some(access) = body.and_then(|body| body.event.access())
                    && settles(entry.header.kind, access)
                {
                    query.access = access.clone();
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The index of an entry; that of one without a header is past everything.
fn index(entry: &StoredEntry) -> u64 {
    Header::from_bytes(entry.header.as_bytes()).map_or(u64::MAX, |header| header.index)
}

/// Those of `entries` before `end`.
fn before(mut entries: Vec<StoredEntry>, end: u64) -> Vec<StoredEntry> {
    entries.retain(|entry| index(entry) < end);
    entries
}

/// Whether an entry says what became of a query.
fn settles(kind: EntryKind, access: &Access) -> bool {
    let asks =
        matches!(kind, EntryKind::ReadsSearched | EntryKind::QuerySent | EntryKind::QueryDeclined);
    // An answer that is shown again may be shown to somebody else.
    !asks && kind != EntryKind::AnswerViewed && access.outcome != Outcome::Receipted
}

/// One query of hers by its id, or by what no other of her queries begins with.
///
/// # Errors
/// As [`history`], or when there is none, or several.
pub async fn past_query(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    prefix: &str,
) -> Result<PastQuery, ActError> {
    let fits = |id: QueryId| id.to_string().starts_with(prefix);
    if let Ok(id) = prefix.parse::<QueryId>() {
        // One exchange is found by its index; a search of one's own reads is none.
        let wanted = PastWanted { id: Some(id), ..PastWanted::default() };
        if let Some(one) = history(agency, store, by, &wanted).await?.pop() {
            return Ok(one);
        }
    }
    let mut all = history(agency, store, by, &PastWanted::default()).await?;
    all.retain(|one| fits(one.access.query_id) || one.access.search.is_some_and(fits));
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        _ if prefix.is_empty() => Err(ActError::usage("name a query by its id".into())),
        (Some(one), None) => Ok(one),
        (None, _) => Err(ActError::usage_as(
            "query_unknown",
            format!("no query of yours begins with `{prefix}`; see `accord query list`"),
        )),
        (Some(one), Some(other)) => {
            let several: Vec<String> = [one, other]
                .into_iter()
                .chain(all.take(6))
                .map(|one| format!("{} to {}", one.access.query_id, one.access.owner))
                .collect();
            Err(ActError::usage_as(
                "query_ambiguous",
                format!("`{prefix}` begins several: {}; type more of it", several.join(", ")),
            ))
        }
    }
}

/// What was found, from the newest to the oldest.
#[derive(Default)]
struct Found {
    by_entry: BTreeMap<u64, PastQuery>,
    asked_by: BTreeMap<QueryId, u64>,
    settled: BTreeMap<QueryId, Access>,
}

impl Found {
    fn take(&mut self, hers: Hers, entry: &LogEntry, access: &Access) {
        let (index, id) = (entry.header.index, access.query_id);
        let own = match (entry.header.kind, hers) {
            (EntryKind::ReadsSearched, Hers::Asked) => true,
            (EntryKind::QuerySent, _) | (EntryKind::QueryDeclined, Hers::Asked) => false,
            // Only what left the agency for her has an answer that she may see.
            (EntryKind::ReadsSearched | EntryKind::QueryDeclined, Hers::AskedForHer) => return,
            (kind, _) => {
                if settles(kind, access) {
                    self.settled.entry(id).or_insert_with(|| access.clone());
                }
                return;
            }
        };
        // Sent again under its id, it is the query of before.
        if let Some(again) = self.asked_by.insert(id, index) {
            self.by_entry.remove(&again);
        }
        let access = self.settled.get(&id).unwrap_or(access).clone();
        let at = entry.header.at;
        self.by_entry.insert(index, PastQuery { entry: index, at, access, own });
    }
}
