//! What peers say of letters that they do not take in: whoever signed one has to know.
//!
//! Kept in memory alone: the letter stays in the outbox and is tried again, so after a start the peer
//! says it again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::text::one_line;
use schemas::time::Timestamp;
use serde::Deserialize;

use super::Name;

/// Most letters of which it is kept.
const MOST: usize = 1_024;

/// A letter that its peer has not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLetter {
    /// Whom it is for.
    pub by: AgencyId,
    /// Digest of the envelope.
    pub letter: Digest,
    /// Whether the peer has said that it will not take these bytes in at any time.
    pub for_good: bool,
    /// What the peer says, in its words.
    pub why: String,
    /// When it last said so.
    pub at: Timestamp,
}

/// An unsigned word of a peer.
#[derive(Deserialize)]
struct Failed {
    code: String,
    message: String,
}

/// What peers said.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<Name, RefusedLetter>>);

impl Refusals {
    fn all(&self) -> MutexGuard<'_, HashMap<Name, RefusedLetter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A letter was not taken in; `word` is the body of the frame that says so.
    pub(super) fn note(&self, name: &Name, word: &[u8], at: Timestamp) {
        // The word may be cut off; then what there is of it is shown.
        let Failed { code, message } = serde_json::from_slice(word).unwrap_or_else(|_| Failed {
            code: String::new(),
            message: String::from_utf8_lossy(word).into_owned(),
        });
        let for_good = matches!(code.as_str(), "refused" | "unverifiable" | "misdirected");
        let mut all = self.all();
        if all.len() >= MOST && !all.contains_key(name) {
            return;
        }
        let (by, letter) = name.clone();
        let why = one_line(&message);
        all.insert(name.clone(), RefusedLetter { by, letter, for_good, why, at });
    }

    /// A letter was taken in.
    pub(super) fn taken_in(&self, name: &Name) {
        drop(self.all().remove(name));
    }

    /// Those that are not, by peer and age.
    pub(super) fn list(&self) -> Vec<RefusedLetter> {
        let mut all: Vec<_> = self.all().values().cloned().collect();
        all.sort_by(|one, other| {
            (&one.by, one.at, one.letter.as_bytes()).cmp(&(
                &other.by,
                other.at,
                other.letter.as_bytes(),
            ))
        });
        all
    }
}
