//! The head of the database: what it must hold, signed with the log's key for each group of entries and
//! durable in the group's own transaction. A crash cannot part the two, so a database that does not
//! fit its head was edited; one that fits it and falls short of the anchor was put back.
//!
//! What is signed is no checkpoint and can never be taken for one. It is signed before the group is
//! durable, and if that fails another group takes its numbers: a log that signed checkpoints of both
//! would contradict itself, a database of which two things were to be written does not.
//!
//! ```text
//! accord-database
//! accord/monrovia-ca-pd
//! size 12
//! root lQgL…=
//! …
//! ```
//!
//! Beside the tree's size and root stand what the tables next to the log count: uses, answers of the day,
//! missing receipts, the numbers of each peer's entries. So these, too, are what this node wrote.

use std::fmt::Display;

use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::merkle::{self, Frontier};
use schemas::note::{KeyName, Note, NoteError, Signer, Vkey};
use schemas::time::Timestamp;
use store::{EntryFilter, LogState, ReadStore, Store, StoreError};

use crate::places::proven_places;
use crate::proofs::root_at;

/// The first line, which no checkpoint has.
const FORM: &str = "accord-database";
/// Most of the newest entries that are read again at the start: a node whose anchor is a second old has
/// fewer.
const NEWEST: u64 = 8_192;
/// Entries read at a time.
const STEP: u32 = 512;

/// The database holds another thing than this node wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database is not as this node left it, {}: {what}. A crash does not do that, since entries become durable together with a signed head over them: somebody edited it. Keep a copy as evidence, then put the last backup back with `accord restore`",
    .entry.map_or_else(|| "beside the log".into(), |entry| format!("entry {entry}"))
)]
pub struct Edited {
    /// The first entry that differs, if it is one.
    pub entry: Option<u64>,
    /// What differs.
    pub what: String,
}

/// Why a database is not gone on with.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was edited.
    #[error(transparent)]
    Edited(#[from] Edited),
    /// Its head is by none of the keys that sign heads of this log.
    #[error(
        "the signed head in the database is by no log key in `keys/`: either another database stands here, or the keys are of another time than the database. Put back the two that belong together"
    )]
    OtherKey,
}

fn edited(entry: impl Into<Option<u64>>, what: impl Into<String>) -> HeadError {
    Edited { entry: entry.into(), what: what.into() }.into()
}

/// Numbers by name, in one order; what counts nothing is left out.
fn counted<K: Display, N: Display + Default + PartialEq>(
    counts: impl IntoIterator<Item = (K, N)>,
) -> Digest {
    let counts = counts.into_iter().filter(|(_, n)| *n != N::default());
    let mut lines: Vec<String> = counts.map(|(of, n)| format!("{of} {n}\n")).collect();
    lines.sort_unstable();
    Digest::of(lines.concat().as_bytes())
}

/// The lines after the first two, by what they tell.
fn lines(state: &LogState) -> [(&'static str, String); 8] {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".into(), |at| at.to_string());
    let today = state.today.iter().map(|((of, to), n)| (format!("{of} {to}"), *n));
    [
        ("size", state.size.to_string()),
        ("root", state.tree.root().to_string()),
        ("last", time(state.last_at)),
        ("day", time(state.day_start)),
        ("numbers", counted(state.peer_seq.iter().map(|(peer, n)| (peer, *n))).to_string()),
        ("uses", counted(state.uses.iter().map(|(of, n)| (of, *n))).to_string()),
        ("answers", counted(today).to_string()),
        ("unreceipted", counted(state.unreceipted.iter().map(|(to, n)| (to, *n))).to_string()),
    ]
}

fn text(log: &KeyName, state: &LogState) -> String {
    let lines = lines(state).map(|(of, said)| format!("{of} {said}\n"));
    format!("{FORM}\n{log}\n{}", lines.concat())
}

/// What a database must hold once its log is in `state`, signed with each of the log's keys. `None`
/// without a key.
#[must_use]
pub fn sign(state: &LogState, log: &[Signer]) -> Option<String> {
    let (first, further) = log.split_first()?;
    let mut note = Note::sign(text(first.vkey().name(), state), first).ok()?;
    further.iter().try_for_each(|key| note.sign_also(key)).ok()?;
    Some(note.to_string())
}

/// A head whose signature has been checked.
pub(crate) struct DatabaseHead {
    text: String,
}

impl DatabaseHead {
    fn open(signed: &str, log: &KeyName, keys: &[Vkey]) -> Result<Self, HeadError> {
        let unfit = |what: String| edited(None, format!("its signed head {what}"));
        let note = Note::parse(signed.as_bytes()).map_err(|e| unfit(format!("is none: {e}")))?;
        match note.open(keys) {
            Err(NoteError::Untrusted) => return Err(HeadError::OtherKey),
            opened => drop(opened.map_err(|e| unfit(format!("does not hold: {e}")))?),
        }
        let head = Self { text: note.unverified_text().to_owned() };
        let mut lines = head.text.lines();
        if (lines.next(), lines.next()) != (Some(FORM), Some(log.as_str())) {
            return Err(unfit(format!("is not one of the database of `{log}`")));
        }
        Ok(head)
    }

    fn line(&self, of: &str) -> Option<&str> {
        self.text.lines().skip(2).find_map(|line| line.strip_prefix(of)?.strip_prefix(' '))
    }

    fn size(&self) -> u64 {
        self.line("size").and_then(|size| size.parse().ok()).unwrap_or(0)
    }
}

/// Where the log ends, if the database is as its signed head says; that of an empty one if it holds
/// nothing. Today's answers are those of the day that the head speaks of.
///
/// # Errors
/// When it does not answer, or is not as `keys` signed it.
pub(crate) async fn checked_state(
    store: &dyn Store,
    log: &KeyName,
    keys: &[Vkey],
    today: Timestamp,
) -> Result<LogState, HeadError> {
    let Some(signed) = store.signed_head().await? else {
        let state = store.log_state(today).await?;
        return match state.size {
            0 => Ok(state),
            _ => Err(edited(0, "no signed head stands in the database, though entries do")),
        };
    };
    let head = DatabaseHead::open(&signed, log, keys)?;
    let day = head.line("day").and_then(|day| day.parse().ok()).unwrap_or(today);
    let state = match store.log_state(day).await {
        // A part of the tree is missing.
        Err(StoreError::Corrupt(_)) => return Err(first_unfit(store, &head, keys, true).await?),
        state => state?,
    };
    if text(log, &state) == head.text {
        return Ok(state);
    }
    Err(difference(store, &head, &state, keys).await?)
}

fn missing(entry: u64, head: &DatabaseHead) -> HeadError {
    edited(entry, format!("it is missing; {} entries were signed", head.size()))
}

fn added(entry: u64, head: &DatabaseHead) -> HeadError {
    edited(entry, format!("it was added; {} entries were signed", head.size()))
}

/// In what a database that answers is another than the signed one.
async fn difference(
    store: &dyn ReadStore,
    head: &DatabaseHead,
    state: &LogState,
    keys: &[Vkey],
) -> Result<HeadError, HeadError> {
    let (signed, size) = (head.size(), state.size);
    if size < signed {
        return Ok(missing(size, head));
    }
    if size > signed {
        return Ok(added(signed, head));
    }
    if head.line("root") != Some(&state.tree.root().to_string()) {
        return first_unfit(store, head, keys, true).await;
    }
    let differs = |(of, said): &(&str, String)| head.line(of) != Some(said);
    let what = match lines(state).into_iter().find(differs) {
        Some(("last", at)) => {
            let last = size.checked_sub(1);
            return Ok(edited(last, format!("its time was changed to {at}")));
        }
        Some(("numbers", _)) => "the numbers of a peer's entries were changed",
        Some(("uses", _)) => "how often each authority was used was changed",
        Some(("answers", _)) => "how many answers were given on a day was changed",
        Some(("unreceipted", _)) => "which answers have their receipts was changed",
        _ => "its signed head says what this program does not know",
    };
    Ok(edited(None, what))
}

/// Holds every entry from `start` on against the tree, the newest ones that is: an edit of an older one is
/// `audit verify`'s to find, which reads them all.
///
/// # Errors
/// When the database does not answer, or an entry is not the one that was signed.
pub(crate) async fn check_newest(
    store: &dyn ReadStore,
    tree: &Frontier,
    start: u64,
) -> Result<(), HeadError> {
    let mut start = start.max(tree.size().saturating_sub(NEWEST));
    while start < tree.size() {
        let entries = store.entries(&EntryFilter::default(), start, STEP).await?;
        let places = proven_places(store, entries, tree).await?;
        if places.first().is_none_or(|first| first.index != start) {
            return Err(edited(start, "it is missing"));
        }
        for place in places {
            if place.index != start {
                return Err(edited(start, "it is missing"));
            }
            place.holds.map_err(|what| edited(place.index, what))?;
            start = start.saturating_add(1);
        }
    }
    Ok(())
}

/// The first entry that is not in the tree which stands beside the entries; or, where entries and tree
/// were changed alike, between which entries they differ from what was signed.
async fn first_unfit(
    store: &dyn ReadStore,
    head: &DatabaseHead,
    keys: &[Vkey],
    at_rest: bool,
) -> Result<HeadError, HeadError> {
    let mut tree = Frontier::new();
    'walk: loop {
        let entries = store.entries(&EntryFilter::default(), tree.size(), STEP).await?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            let index = tree.size();
            if index >= head.size() {
                // Beside a running node more is appended.
                if at_rest {
                    return Ok(added(index, head));
                }
                break 'walk;
            }
            let header = Header::from_bytes(entry.header.as_bytes());
            if !header.is_ok_and(|header| header.index == index) {
                return Ok(edited(index, "another entry stands in its place, or none"));
            }
            let mut above = tree.push(merkle::leaf(entry.header.as_bytes()));
            above.retain(|(subtree, _)| subtree.level > 0);
            let (subtrees, hashes): (Vec<_>, Vec<_>) = above.into_iter().unzip();
            if !store.subtrees(&subtrees).await.is_ok_and(|stored| stored == hashes) {
                return Ok(edited(
                    index,
                    "it, or one before it, is another than the log's tree was made of",
                ));
            }
        }
    }
    let size = tree.size();
    if size < head.size() {
        return Ok(missing(size, head));
    }
    let from = known_good(store, size, keys).await;
    let last = size.saturating_sub(1);
    Ok(edited(
        from,
        format!(
            "from here to entry {last} entries were exchanged for others; the signed root is another"
        ),
    ))
}

/// Up to which entry the log still starts with a head that peers cosigned.
async fn known_good(store: &dyn ReadStore, size: u64, keys: &[Vkey]) -> u64 {
    let Ok(Some(note)) = store.cosigned(size).await else { return 0 };
    let Ok(head) = SignedCheckpoint::parse(note.as_bytes()) else { return 0 };
    let Some(said) = keys.iter().find_map(|key| head.verified(key).ok()) else { return 0 };
    let fits = root_at(store, said.size).await.is_ok_and(|root| root == said.root);
    if fits { said.size } else { 0 }
}

/// Holds the head of a database that is being written against its entries; the entries that it
/// covers.
///
/// # Errors
/// When it does not answer, or is not as `keys` signed it.
pub(crate) async fn check_running(
    store: &dyn Store,
    log: &KeyName,
    keys: &[Vkey],
    durable: u64,
) -> Result<u64, HeadError> {
    let Some(signed) = store.signed_head().await? else {
        let missing = || edited(0, "no signed head stands in the database, though entries do");
        return if durable == 0 { Ok(0) } else { Err(missing()) };
    };
    let head = DatabaseHead::open(&signed, log, keys)?;
    let size = head.size();
    if size < durable {
        return Err(edited(size, "its signed head was exchanged for an earlier one"));
    }
    let root = root_at(store, size).await?;
    if head.line("root") != Some(&root.to_string()) {
        return Err(first_unfit(store, &head, keys, false).await?);
    }
    Ok(size)
}
