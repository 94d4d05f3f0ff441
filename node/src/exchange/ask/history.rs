//! What a person has asked before: her own queries and searches as her agency's log tells them, so that she
//! finds again what she was answered.

use std::collections::{BTreeMap, BTreeSet};

use schemas::body::{Access, Outcome};
use schemas::entry::EntryKind;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::permission::{ActError, OwnAgency, Principal, authorize_seeing};
use audit::view::LogEntry;
use store::{EntryFilter, ReadStore};

/// Entries read at a time.
const STEP: u32 = 500;
/// How many days back it is looked for what somebody else asked for her.
const FOR_HER_DAYS: u32 = 30;
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
    let now = agency.clock.now();
    authorize_seeing(&agency.registry.state(), by, now)?;
    let filter = EntryFilter {
        from: wanted.from,
        until: wanted.until,
        user: Some(by.user.to_string()),
        plate: wanted.plate.clone(),
        query: wanted.id.map(|id| id.digest()),
        case: wanted.case.as_ref().map(ToString::to_string),
        ..EntryFilter::default()
    };
    let most = wanted.most.unwrap_or(MOST).clamp(1, MOST);
    let (mut found, mut start) = (Found::default(), 0);
    loop {
        let step = store.entries(&filter, start, STEP).await?;
        let full = step.len() == STEP as usize;
        for stored in &step {
            let entry = LogEntry::of(stored)?;
            start = entry.header.index.saturating_add(1);
            found.take((agency, by), &entry, (wanted.after, most));
        }
        if !full {
            break;
        }
    }
    let since = now.minus_days(FOR_HER_DAYS);
    let from = Some(wanted.from.map_or(since, |from| from.max(since)));
    let filter = EntryFilter { from, user: None, ..filter };
    take_asked_for(&mut found, (agency, by), store, filter, (wanted.after, most)).await?;
    Ok(found.newest_first())
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
    let filter = EntryFilter { from: Some(since), ..EntryFilter::default() };
    let mut found = Found::default();
    take_asked_for(&mut found, (agency, by), store, filter, (None, MOST)).await?;
    Ok(found.newest_first())
}

/// Takes in what somebody else asked for her, of the queries that fit `filter`.
async fn take_asked_for(
    found: &mut Found,
    (agency, by): (&OwnAgency, &Principal),
    store: &dyn ReadStore,
    filter: EntryFilter,
    page: (Option<u64>, usize),
) -> Result<(), ActError> {
    let filter = EntryFilter { kind: Some(EntryKind::QuerySent), ..filter };
    for id in asked_for(store, by, &filter).await? {
        let of_it = EntryFilter { query: Some(id.digest()), ..EntryFilter::default() };
        for stored in &store.entries(&of_it, 0, STEP).await? {
            found.take((agency, by), &LogEntry::of(stored)?, page);
        }
    }
    Ok(())
}

/// The queries that somebody else asked for her, among these.
async fn asked_for(
    store: &dyn ReadStore,
    by: &Principal,
    filter: &EntryFilter,
) -> Result<BTreeSet<QueryId>, ActError> {
    let (mut found, mut start) = (BTreeSet::new(), 0);
    loop {
        let step = store.entries(filter, start, STEP).await?;
        for stored in &step {
            let entry = LogEntry::of(stored)?;
            start = entry.header.index.saturating_add(1);
            let access = entry.body.as_ref().and_then(|body| body.event.access());
            let hers = |access: &&Access| access.for_user.as_ref() == Some(&by.user);
            found.extend(access.filter(hers).map(|access| access.query_id));
        }
        if step.len() < STEP as usize {
            return Ok(found);
        }
    }
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

/// Queries by the entry that asked them, and which entry that was.
#[derive(Default)]
struct Found {
    by_entry: BTreeMap<u64, PastQuery>,
    asked_by: BTreeMap<QueryId, u64>,
}

impl Found {
    fn take(
        &mut self,
        (agency, by): (&OwnAgency, &Principal),
        entry: &LogEntry,
        page: (Option<u64>, usize),
    ) {
        let (after, most) = page;
        let body = entry.body.as_ref();
        let Some(access) = body.and_then(|body| body.event.access()) else { return };
        // A program is shown nothing that was asked for a purpose for which it may not ask.
        if access.requester != agency.id || by.may_ask_for(access.why.purpose).is_err() {
            return;
        }
        let (index, id) = (entry.header.index, access.query_id);
        let own = match entry.header.kind {
            EntryKind::ReadsSearched => true,
            EntryKind::QuerySent | EntryKind::QueryDeclined => false,
            // Shown again, perhaps to somebody else: no query of hers.
            EntryKind::AnswerViewed => return,
            _ => return self.settle(id, access),
        };
        // Sent again under its id, it is the query of before.
        if self.asked_by.contains_key(&id) || after.is_some_and(|after| index >= after) {
            return;
        }
        let at = entry.header.at;
        self.by_entry.insert(index, PastQuery { entry: index, at, access: access.clone(), own });
        self.asked_by.insert(id, index);
        if self.by_entry.len() > most
            && let Some((_, oldest)) = self.by_entry.pop_first()
        {
            self.asked_by.remove(&oldest.access.query_id);
        }
    }

    fn settle(&mut self, id: QueryId, access: &Access) {
        let known = self.asked_by.get(&id).and_then(|index| self.by_entry.get_mut(index));
        if let Some(known) = known
            && access.outcome != Outcome::Receipted
        {
            known.access = access.clone();
        }
    }

    fn newest_first(self) -> Vec<PastQuery> {
        self.by_entry.into_values().rev().collect()
    }
}
