//! Whether each entry is found by whom and by which case its body mentions. The table by which it is found
//! stands beside the log and nothing signed binds it, so it is held against the bodies, from the first to
//! the last.

use std::collections::HashMap;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use schemas::entry::{Header, StoredEntry};
use store::{EntryFilter, Mention, MentionSum, ReadStore, StoreError};

/// Entries, or things mentioned, that are read at a time.
const STEP: u32 = 512;
/// The pause after each: exchanges go on as if nothing were.
const PAUSE: Duration = Duration::from_millis(5);

/// What the last look through the whole log found.
#[derive(Debug, Default)]
pub struct MentionsCheck(ArcSwapOption<Checked>);

/// What a look through the log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Entries that were looked at.
    pub entries: u64,
    /// The first that is not found by something that its body mentions.
    pub hidden: Option<u64>,
}

impl MentionsCheck {
    /// What was found the last time; nothing before the first.
    #[must_use]
    pub fn last(&self) -> Option<Checked> {
        self.0.load().as_deref().copied()
    }

    /// Looks through the whole log and remembers what was found.
    ///
    /// # Errors
    /// When the database does not answer, or a body in it is none.
    pub async fn run(&self, store: &dyn ReadStore) -> Result<(), StoreError> {
        self.0.store(Some(checked(store).await?.into()));
        Ok(())
    }
}

/// Looks through the log.
async fn checked(store: &dyn ReadStore) -> Result<Checked, StoreError> {
    let mut said: HashMap<Mention, MentionSum> = HashMap::new();
    let entries = each(store, |index, mentions| {
        for mention in mentions {
            said.entry(mention).or_default().add(index);
        }
    })
    .await?;
    let mut after: Option<Mention> = None;
    loop {
        let step = store.mentions(after.as_ref(), entries, STEP).await?;
        for (mention, sum) in &step {
            if said.get(mention) == Some(sum) {
                said.remove(mention);
            }
        }
        let Some((last, _)) = step.into_iter().last() else { break };
        after = Some(last);
        tokio::time::sleep(PAUSE).await;
    }
    // What was destroyed meanwhile differs too, and hides nothing.
    let mut hidden = None;
    for mention in said.into_keys() {
        let first = first_hidden(store, &mention, entries).await?;
        hidden = [hidden, first].into_iter().flatten().min();
    }
    Ok(Checked { entries, hidden })
}

/// The first entry whose body mentions something and that is not found by it.
async fn first_hidden(
    store: &dyn ReadStore,
    mention: &Mention,
    end: u64,
) -> Result<Option<u64>, StoreError> {
    let mut saying = Vec::new();
    each(store, |index, mentions| {
        if index < end && mentions.contains(mention) {
            saying.push(index);
        }
    })
    .await?;
    for index in saying {
        let found = store.mentioning(mention, index.saturating_add(1), 1).await?;
        if found == [index] {
            continue;
        }
        let still = store.entry(index).await?;
        if still.is_some_and(|entry| mentions(&entry).is_ok_and(|all| all.contains(mention))) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Tells what each entry mentions; how many entries there are.
async fn each(
    store: &dyn ReadStore,
    mut tell: impl FnMut(u64, Vec<Mention>),
) -> Result<u64, StoreError> {
    let mut start = 0;
    loop {
        let step = store.entries(&EntryFilter::default(), start, STEP).await?;
        let all = step.len() < STEP as usize;
        for entry in &step {
            let header = Header::from_bytes(entry.header.as_bytes())
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            tell(header.index, mentions(entry)?);
            start = header.index.saturating_add(1);
        }
        if all {
            return Ok(start);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What the body of an entry mentions; nothing once it is destroyed.
fn mentions(entry: &StoredEntry) -> Result<Vec<Mention>, StoreError> {
    entry.body.as_deref().map_or_else(|| Ok(Vec::new()), Mention::stored)
}
