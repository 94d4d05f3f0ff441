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
    let mut entries = 0;
    while let Some(step) = step(store, entries).await? {
        for (index, mention) in step.mentioned {
            said.entry(mention).or_default().add(index);
        }
        entries = step.next;
    }
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
    Ok(Checked { entries, hidden: first_hidden(store, &said, entries).await? })
}

/// The first entry before `end` whose body mentions one of these and that is not found by it. What was destroyed
/// meanwhile differs too, and hides nothing.
async fn first_hidden(
    store: &dyn ReadStore,
    differing: &HashMap<Mention, MentionSum>,
    end: u64,
) -> Result<Option<u64>, StoreError> {
    let mut start = if differing.is_empty() { end } else { 0 };
    while let Some(step) = step(store, start).await?.filter(|_| start < end) {
        for (index, mention) in step.mentioned {
            if index >= end || !differing.contains_key(&mention) {
                continue;
            }
            let found = store.mentioning(&mention, index.saturating_add(1), 1).await?;
            let still = store.entry(index).await?;
            let says = |entry| mentions(entry).is_ok_and(|all| all.contains(&mention));
            if found != [index] && still.as_ref().is_some_and(says) {
                return Ok(Some(index));
            }
        }
        start = step.next;
    }
    Ok(None)
}

/// Some entries of the log.
struct Step {
    /// What their bodies mention, in order.
    mentioned: Vec<(u64, Mention)>,
    /// Where the next ones begin.
    next: u64,
}

/// The entries from `start` on; nothing at the end.
async fn step(store: &dyn ReadStore, start: u64) -> Result<Option<Step>, StoreError> {
    let entries = store.entries(&EntryFilter::default(), start, STEP).await?;
    let (mut mentioned, mut next) = (Vec::new(), start);
    for entry in &entries {
        let header = Header::from_bytes(entry.header.as_bytes())
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        next = header.index.saturating_add(1);
        mentioned.extend(mentions(entry)?.into_iter().map(|mention| (header.index, mention)));
    }
    if entries.is_empty() {
        return Ok(None);
    }
    tokio::time::sleep(PAUSE).await;
    Ok(Some(Step { mentioned, next }))
}

/// What the body of an entry mentions; nothing once it is destroyed.
fn mentions(entry: &StoredEntry) -> Result<Vec<Mention>, StoreError> {
    entry.body.as_deref().map_or_else(|| Ok(Vec::new()), Mention::stored)
}
