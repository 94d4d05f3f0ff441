//! Reading entries of the audit log. Reading is an entry too, and stands before what it shows.

use std::sync::Arc;

use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::event::audit::{EntriesViewed, Viewed};

use crate::exchange::judged::Judge;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit::verify::{Judged, Proven};
use audit::view::{Altered, LogEntry};
use audit_log::entries::audit::audit_viewed;
use registry::State;
use store::{EntryFilter, Mention, ReadStore};

/// Entries read at a time.
const STEP: u32 = 500;

/// Records that somebody looks at something of the log; the index of the entry that says so, before
/// which everything stands that they see.
///
/// # Errors
/// When the actor may not, or the log cannot be written.
pub(super) async fn record_view(
    agency: &OwnAgency,
    by: &Principal,
    viewed: Viewed,
) -> Result<u64, ActError> {
    let looked = agency.act(|state, now| {
        let user = authorize(state, by, Permission::Audit, now)?;
        let auditor = agency.looking(state, &user, by, now)?;
        Ok((audit_viewed(auditor, viewed.clone()), ()))
    });
    Ok(looked.await?.0.position().index)
}

/// Entries that are being read, in order.
pub struct Listing {
    store: Arc<dyn ReadStore>,
    filter: EntryFilter,
    judge: Judge,
    start: u64,
    end: u64,
}

/// Begins to read the entries that fit all of `wanted`.
///
/// # Errors
/// When the actor may not, or the log cannot be written.
pub async fn list(
    agency: &OwnAgency,
    store: &Arc<dyn ReadStore>,
    by: &Principal,
    wanted: EntriesViewed,
) -> Result<Listing, ActError> {
    let state = agency.registry.state();
    // First: whether there is such a person or agency is told to nobody else.
    drop(authorize(&state, by, Permission::Audit, agency.clock.now())?);
    known(&state, store.as_ref(), &wanted).await?;
    let filter = EntryFilter {
        peer: wanted.peer.clone(),
        from: wanted.from,
        until: wanted.until,
        kind: wanted.entry_kind,
        user: wanted.user.clone(),
        plate: wanted.plate.as_ref().map(ToString::to_string),
        ..EntryFilter::default()
    };
    let end = record_view(agency, by, Viewed::Entries(wanted)).await?;
    // What an entry repeats may not be among those that are listed, and is then not looked at.
    let judge = Judge::of(agency, false).await?;
    Ok(Listing { store: Arc::clone(store), filter, judge, start: 0, end })
}

/// A name that nobody has would list nothing, and look like innocence.
async fn known(
    state: &State,
    store: &dyn ReadStore,
    wanted: &EntriesViewed,
) -> Result<(), ActError> {
    // One of another agency is known by what she asked here.
    if let Some(user) = &wanted.user
        && !state.users.keys().any(|known| known.as_str() == user)
        && store.mentioning(&Mention::Actor(user.clone()), u64::MAX, 1).await?.is_empty()
    {
        let names = state.users.keys().map(|name| name.as_str());
        let why = format!(
            "nobody here is or was called `{user}`, and nobody of that name asked from elsewhere{}",
            meant(user, names)
        );
        return Err(ActError::usage_as("user_unknown", why));
    }
    if let Some(peer) = &wanted.peer
        && !state.peers.contains_key(peer)
    {
        // One whose card was never taken in may have left entries all the same.
        let filter = EntryFilter { peer: Some(peer.clone()), ..EntryFilter::default() };
        if store.entries(&filter, 0, 1).await?.is_empty() {
            let names = state.peers.keys().map(|id| id.as_str());
            let said = meant(peer.as_str(), names);
            let why = format!(
                "no card of `{peer}` was ever recorded here, and no entry is about it{said}"
            );
            return Err(ActError::usage_as("agency_unknown", why));
        }
    }
    Ok(())
}

/// What somebody who typed `typed` may have meant of what there is.
fn meant<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> String {
    let near = names.map(|name| (strsim::damerau_levenshtein(typed, name), name)).min();
    let near = near.filter(|(far, _)| *far <= (typed.len() / 4).saturating_add(1));
    near.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

impl Listing {
    /// The same, from the entry after this one on.
    #[must_use]
    pub fn after(self, index: u64) -> Self {
        Self { start: index.saturating_add(1), ..self }
    }

    /// The next entries, and in the place of one that the log never wrote why it is none; nothing at
    /// the end.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn next(&mut self) -> Result<Vec<Result<LogEntry, Altered>>, ActError> {
        if self.start >= self.end {
            return Ok(Vec::new());
        }
        let step = self.store.entries(&self.filter, self.start, STEP).await?;
        let full = step.len() == STEP as usize;
        let (mut altered, mut kept) = (Vec::with_capacity(step.len()), Vec::new());
        let begun = self.start;
        for stored in step {
            match LogEntry::of(&stored) {
                Err(error) => {
                    altered.push(Some(error));
                    if let Ok(header) = Header::from_bytes(stored.header.as_bytes()) {
                        self.start = header.index.saturating_add(1);
                    }
                }
                Ok(entry) => {
                    self.start = entry.header.index.saturating_add(1);
                    if entry.header.index >= self.end {
                        break;
                    }
                    altered.push(None);
                    kept.push(stored);
                }
            }
        }
        let mut judged = self.judge.judge(kept).await?.into_iter();
        let rows = altered.into_iter().filter_map(|altered| match altered {
            Some(error) => Some(Err(error)),
            None => judged.next().map(|judged| Ok(listed(judged))),
        });
        let rows = rows.collect();
        // What was appended meanwhile is no more of it than what comes next. Nor is there a place to go on
        // from where not one of so many says where it stands.
        if !full || self.start == begun {
            self.start = self.end;
        }
        Ok(rows)
    }

    /// The newest `most` of them, the newest first, and whether there are more. Of a long log no more is read
    /// than that takes.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn newest(
        mut self,
        most: usize,
    ) -> Result<(Vec<Result<LogEntry, Altered>>, bool), ActError> {
        let (first, mut wide) = (self.start, u64::from(STEP));
        let mut found = Vec::new();
        while self.end > first && found.len() <= most {
            let begin = self.end.saturating_sub(wide).max(first);
            self.start = begin;
            let mut rows = Vec::new();
            loop {
                let step = self.next().await?;
                if step.is_empty() {
                    break;
                }
                rows.extend(step);
            }
            found.extend(rows.into_iter().rev());
            // The more there is in which nothing fits, the larger the steps over it.
            (self.end, wide) = (begin, wide.saturating_mul(4));
        }
        let more = found.len() > most;
        found.truncate(most);
        Ok((found, more))
    }
}

/// An entry as it is listed. What it repeats may not be among the entries that are listed: that is no
/// word about it.
pub(super) fn listed(judged: Judged) -> LogEntry {
    let compared = judged.proven != Proven::NotAtHand;
    let entry = LogEntry::from(judged);
    LogEntry { unproven: entry.unproven.filter(|_| compared), ..entry }
}

/// The signed envelopes that stand beside an entry.
#[derive(Debug, Clone)]
pub struct Beside {
    /// What the entry records.
    pub kind: EntryKind,
    /// The envelopes, exactly, one a line: the bytes that the entry's header commits to.
    pub envelopes: String,
}

/// The envelopes of the entry at `index`.
///
/// # Errors
/// When the actor may not, there is no such entry, or it has no envelope.
pub async fn envelopes(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    index: u64,
) -> Result<Beside, ActError> {
    let size = record_view(agency, by, Viewed::EnvelopesOf(index)).await?;
    if index >= size {
        return Err(beyond(index, size));
    }
    let stored = store.entry(index).await?.ok_or_else(|| missing(index))?;
    let header = LogEntry::of(&stored)?.header;
    let Some(envelopes) = stored.envelope.clone() else {
        return Err(match header.envelope {
            None => ActError::usage(format!(
                "entry {index} ({}) has no envelope: nothing was signed for it",
                header.kind
            )),
            Some(_) => missing(index),
        });
    };
    if header.envelope != Some(Digest::of(envelopes.as_bytes())) {
        return Err(ActError::failed(format!(
            "the envelopes of entry {index} are not those that its header commits to: the database was changed"
        )));
    }
    Ok(Beside { kind: header.kind, envelopes })
}

/// That there is no entry at `index` in a log of `size` entries.
pub(super) fn beyond(index: u64, size: u64) -> ActError {
    ActError::usage(format!(
        "there is no entry {index}; the last one is {}",
        size.saturating_sub(1)
    ))
}

fn missing(index: u64) -> ActError {
    ActError::failed(format!("the envelopes of entry {index} are kept no longer"))
}
