//! Who saw a plate: every entry that released or showed a read of it, whatever was typed to find it; and one
//! entry, whole, with what proves its place. Looking is an entry, and stands before what it shows.

use std::collections::BTreeMap;

use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::event::audit::Viewed;
use schemas::plate::Plate;

use super::entries::{beyond, listed, record_view};
use super::proofs::of_entry;
use crate::exchange::judged::Judge;
use crate::permission::{ActError, OwnAgency, Principal};
use audit::view::{Altered, LogEntry};
use store::{EntryFilter, ReadStore};

/// Entries found at a time.
const STEP: u32 = 500;
/// Most entries that are told: the newest.
pub const MOST: usize = 5_000;

/// The entries that released or showed a read of `plate`, or took it out, and those by which such an answer was
/// looked at or sent again, in order; and whether there are earlier ones than are told.
///
/// # Errors
/// When the actor may not, or log or store do not answer.
pub async fn who_saw(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    plate: &Plate,
) -> Result<(Vec<Result<LogEntry, Altered>>, bool), ActError> {
    let end = record_view(agency, by, Viewed::WhoSaw(plate.clone())).await?;
    let (mut found, mut before) = (BTreeMap::new(), end);
    let mut more = false;
    'all: loop {
        let step = store.shown(plate.as_str(), before, STEP).await?;
        for index in &step {
            before = *index;
            if found.len() >= MOST {
                more = true;
                break 'all;
            }
            let Some(stored) = store.entry(*index).await? else { continue };
            let header = Header::from_bytes(stored.header.as_bytes()).ok();
            found.insert(*index, stored);
            if let Some(query) = header.and_then(|header| header.query) {
                more |= again(store, query, end, &mut found).await?;
            }
        }
        if step.len() < STEP as usize {
            break;
        }
    }
    Ok((judged(agency, found).await?, more))
}

/// The entries of an exchange by which its answer was looked at or sent again; whether there are more of them
/// than are told.
async fn again(
    store: &dyn ReadStore,
    query: Digest,
    end: u64,
    found: &mut BTreeMap<u64, StoredEntry>,
) -> Result<bool, ActError> {
    for kind in [EntryKind::AnswerViewed, EntryKind::AnswerRedelivered] {
        let filter = EntryFilter { query: Some(query), kind: Some(kind), ..EntryFilter::default() };
        let mut start = 0;
        loop {
            let step = store.entries(&filter, start, STEP).await?;
            let whole = step.len() < STEP as usize;
            for stored in step {
                let Ok(header) = Header::from_bytes(stored.header.as_bytes()) else { continue };
                start = header.index.saturating_add(1);
                if header.index >= end {
                    continue;
                }
                if found.len() >= MOST {
                    return Ok(true);
                }
                found.insert(header.index, stored);
            }
            if whole {
                break;
            }
        }
    }
    Ok(false)
}

/// Entries as an auditor may believe them, in order.
async fn judged(
    agency: &OwnAgency,
    found: BTreeMap<u64, StoredEntry>,
) -> Result<Vec<Result<LogEntry, Altered>>, ActError> {
    let mut judge = Judge::of(agency, false).await?;
    let (mut rows, mut sound) = (Vec::new(), Vec::new());
    for (_, stored) in found {
        match LogEntry::of(&stored) {
            Ok(_) => {
                rows.push(None);
                sound.push(stored);
            }
            Err(altered) => rows.push(Some(altered)),
        }
    }
    let mut judged = judge.judge(sound).await?.into_iter();
    let rows = rows.into_iter().filter_map(|altered| match altered {
        Some(altered) => Some(Err(altered)),
        None => judged.next().map(|judged| Ok(listed(judged))),
    });
    Ok(rows.collect())
}

/// One entry, whole.
#[derive(Debug)]
pub struct WholeEntry {
    /// The entry, or why it is none that the log wrote.
    pub entry: Result<LogEntry, Altered>,
    /// The envelopes beside it, exactly, one a line.
    pub envelopes: Option<String>,
    /// What proves that it stands in the log, under the present head.
    pub proof: String,
}

/// The entry at `index`, whole.
///
/// # Errors
/// When the actor may not, there is no such entry, or log or store do not answer.
pub async fn entry(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    index: u64,
) -> Result<WholeEntry, ActError> {
    let size = record_view(agency, by, Viewed::Entry(index)).await?;
    if index >= size {
        return Err(beyond(index, size));
    }
    let missing = || ActError::failed(format!("entry {index} is missing; see `accord doctor`"));
    let stored = store.entry(index).await?.ok_or_else(missing)?;
    let proof = of_entry(store, &stored, agency.log.head()?).await?.proof;
    let envelopes = stored.envelope.clone();
    let mut judged = judged(agency, BTreeMap::from([(index, stored)])).await?;
    let entry = judged.pop().ok_or_else(missing)?;
    Ok(WholeEntry { entry, envelopes, proof })
}
