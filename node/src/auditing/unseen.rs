//! The entries over which no other agency holds a head: they would vanish with a database and an anchor
//! that are put back together.

use audit::wording::counted;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::Header;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use store::{EntryFilter, ReadStore, StoreError};

/// What no other agency holds a head over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Entries of the log.
    pub size: u64,
    /// Those of them, the last ones, that no head which a peer cosigned covers.
    pub entries: u64,
    /// When the first of those was appended.
    pub since: Option<Timestamp>,
}

impl Unseen {
    /// Of a log of `size` entries, by the cosignatures that are kept.
    ///
    /// # Errors
    /// When the store does not answer, or what it keeps cannot be read.
    pub async fn of(store: &dyn ReadStore, size: u64) -> Result<Self, StoreError> {
        let corrupt = |e: String| StoreError::Corrupt(e);
        let head = match store.cosigned(size).await? {
            Some(note) => {
                let head = SignedCheckpoint::parse(note.as_bytes());
                head.map_err(|e| corrupt(e.to_string()))?.unverified().size
            }
            None => 0,
        };
        let first = store.entries(&EntryFilter::default(), head, 1).await?;
        let since = first.first().map(|entry| Header::from_bytes(entry.header.as_bytes()));
        let since = since.transpose().map_err(|e| corrupt(e.to_string()))?.map(|first| first.at);
        Ok(Self { size, entries: size.saturating_sub(head), since })
    }

    /// What there is of it, in a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { size, entries, since } = self;
        let Some(since) = since.filter(|_| *entries > 0) else {
            return format!(
                "{size} of {size} entries; another agency holds a head over all of them"
            );
        };
        let them = counted(*entries, "entry", "entries");
        if entries == size {
            return format!(
                "no other agency holds a head over any of {them}, the first of {since}"
            );
        }
        let seen = size.saturating_sub(*entries);
        format!("{seen} of {size} entries; over {them} since {since} no other agency holds a head")
    }
}
